using System;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Processes;

/// <summary>Skips, by name and with its reason, where a program is not installed or the system is not Linux.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RequiresProgramAttribute : ConditionBaseAttribute
{
    public RequiresProgramAttribute(string program)
        : base(ConditionMode.Include)
    {
        Program = program;
        IgnoreMessage = OperatingSystem.IsLinux() ? program + " is not installed" : "processes are signalled as on Linux";
    }

    public string Program { get; }

    public override string GroupName => nameof(RequiresProgramAttribute);

    public override bool IsConditionMet => OperatingSystem.IsLinux() && Programs.Find(Program) is not null;
}
