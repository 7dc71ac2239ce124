using System;
using System.Diagnostics;
using System.IO;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Processes;

/// <summary>A file system of a fixed size, in memory.</summary>
internal sealed class FixedDisk : IDisposable
{
    private FixedDisk(string path) => Path = path;

    public string Path { get; }

    public long FreeBytes => new DriveInfo(Path).AvailableFreeSpace;

    public static FixedDisk Mount(int mebibytes)
    {
        string path = Directory.CreateTempSubdirectory("cart-disk-").FullName;
        return Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", path) == 0 ? new FixedDisk(path) : throw new IOException("mount of a tmpfs was refused");
    }

    public void Dispose()
    {
        Run("umount", "-l", Path);
        Directory.Delete(Path);
    }

    internal static int Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}

/// <summary>Skips, by name and with its reason, where a tmpfs may not be mounted or mosquitto is not installed. The same is then covered on a simulated disk by Gateway.Tests.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RequiresFixedDiskAttribute : ConditionBaseAttribute
{
    private static readonly Lazy<bool> May = new(() =>
    {
        try
        {
            using FixedDisk disk = FixedDisk.Mount(1);
            return true;
        }
        catch (Exception e) when (e is IOException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    });

    public RequiresFixedDiskAttribute()
        : base(ConditionMode.Include) => IgnoreMessage = "a tmpfs may not be mounted here, or mosquitto is not installed";

    public override string GroupName => nameof(RequiresFixedDiskAttribute);

    public override bool IsConditionMet => OperatingSystem.IsLinux() && Programs.Find("mosquitto") is not null && May.Value;
}
