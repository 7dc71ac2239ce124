using System;
using System.Diagnostics;
using System.IO;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Mqtt.Tests.Transports;

/// <summary>Skips a test, by name and with its reason, where a program is absent.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class, AllowMultiple = true)]
internal sealed class NeedsProgramAttribute : ConditionBaseAttribute
{
    private readonly string _program;

    public NeedsProgramAttribute(string program)
        : base(ConditionMode.Include)
    {
        _program = program;
        IgnoreMessage = $"needs the program {program}, which is not installed here";
    }

    public override bool IsConditionMet => Find(_program) is not null;

    public override string GroupName => $"NeedsProgram:{_program}";

    public static string? Find(string program)
    {
        string path = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty) + Path.PathSeparator + "/usr/sbin";
        foreach (string folder in path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            string full = Path.Combine(folder, program);
            if (File.Exists(full))
            {
                return full;
            }
        }

        return null;
    }
}

/// <summary>A program that a test has started; killed at the end if it still runs.</summary>
internal sealed class RunningProgram : IDisposable
{
    private readonly Process _process;

    public RunningProgram(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(NeedsProgramAttribute.Find(program)!) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
    }

    public StreamReader Output => _process.StandardOutput;

    public StreamReader Errors => _process.StandardError;

    public StreamWriter Input => _process.StandardInput;

    public int WaitForExit()
    {
        Assert.IsTrue(_process.WaitForExit(20_000), "the program did not end");
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
