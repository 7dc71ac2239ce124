using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading;
using EndToEnd.Tests.Processes;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Microsoft.Win32.SafeHandles;

namespace EndToEnd.Tests.Network;

/// <summary>Skips, by name and with its reason, where network namespaces cannot be made: not root, not Linux, or a container that may not.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RequiresNamespacesAttribute : ConditionBaseAttribute
{
    public RequiresNamespacesAttribute()
        : base(ConditionMode.Include) => IgnoreMessage = "network namespaces need root, ip, socat and mosquitto with its clients";

    public override string GroupName => nameof(RequiresNamespacesAttribute);

    public override bool IsConditionMet =>
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess
        && Array.TrueForAll(["ip", "socat", "mosquitto", "mosquitto_sub", "mosquitto_passwd", "dotnet"], static p => Programs.Find(p) is not null) && CartNetwork.CanBeMade();
}

/// <summary>Machines of a cart as network namespaces on one switch: 10.77.0.1, 10.77.0.2 and so on.</summary>
internal sealed partial class CartNetwork : IDisposable
{
    private const int NetworkNamespace = 0x40000000; // CLONE_NEWNET, sched.h

    private readonly List<string> _namespaces = [];
    private readonly string _prefix;

    public CartNetwork(params string[] machines)
    {
        _prefix = "cart" + Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture);
        try
        {
            string hub = Add("switch");
            Do("netns", "exec", hub, "ip", "link", "add", "br0", "type", "bridge");
            Do("netns", "exec", hub, "ip", "link", "set", "br0", "up");
            for (int i = 0; i < machines.Length; i++)
            {
                string machine = Add(machines[i]);
                string inside = $"c{i}m{Environment.ProcessId % 100_000}";
                string outside = $"c{i}s{Environment.ProcessId % 100_000}";
                Do("link", "add", inside, "netns", machine, "type", "veth", "peer", "name", outside, "netns", hub);
                Do("netns", "exec", hub, "ip", "link", "set", outside, "master", "br0", "up");
                Do("netns", "exec", machine, "ip", "address", "add", AddressOf(i) + "/24", "dev", inside);
                Do("netns", "exec", machine, "ip", "link", "set", inside, "up");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public static string AddressOf(int machine) => $"10.77.0.{machine + 1}";

    public static bool CanBeMade()
    {
        string name = "cart-probe" + Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture);
        bool can = Try(out _, "netns", "add", name) && Try(out _, "netns", "exec", name, "ip", "link", "add", "br0", "type", "bridge");
        Try(out _, "netns", "del", name);
        return can;
    }

    /// <summary>Starts a program on a machine.</summary>
    public RunningProcess Start(string machine, string name, string program, params string[] arguments) =>
        RunningProcess.Start(name, Programs.Find("ip")!, ["netns", "exec", _prefix + machine, program, .. arguments]);

    /// <summary>Starts one of this repository's programs on a machine.</summary>
    public RunningProcess StartDotnet(string machine, string name, string dll, params string[] arguments) => Start(machine, name, Programs.Find("dotnet")!, [dll, .. arguments]);

    /// <summary>A socket of a machine, for this process: a socket stays where it was made.</summary>
    public Socket SocketOf(string machine)
    {
        Socket? socket = null;
        Exception? failed = null;
        Thread there = new(() =>
        {
            try
            {
                using SafeFileHandle place = File.OpenHandle("/run/netns/" + _prefix + machine);
                if (EnterNamespace(place, NetworkNamespace) != 0)
                {
                    throw new InvalidOperationException("setns: errno " + Marshal.GetLastPInvokeError());
                }

                socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            }
            catch (Exception e)
            {
                failed = e;
            }
        });
        there.Start();
        there.Join();
        return socket ?? throw new InvalidOperationException(machine, failed);
    }

    public void Dispose()
    {
        foreach (string name in _namespaces)
        {
            Try(out _, "netns", "del", name);
        }
    }

    private string Add(string machine)
    {
        string name = _prefix + machine;
        Do("netns", "add", name);
        _namespaces.Add(name);
        Do("netns", "exec", name, "ip", "link", "set", "lo", "up");
        return name;
    }

    private static void Do(params string[] words) => Assert.IsTrue(Try(out string said, words), "ip " + string.Join(' ', words) + ": " + said);

    private static bool Try(out string said, params string[] words)
    {
        ProcessStartInfo start = new(Programs.Find("ip")!) { RedirectStandardError = true, UseShellExecute = false };
        foreach (string word in words)
        {
            start.ArgumentList.Add(word);
        }

        using Process ip = Process.Start(start)!;
        said = ip.StandardError.ReadToEnd();
        ip.WaitForExit();
        return ip.ExitCode == 0;
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int EnterNamespace(SafeFileHandle place, int kind);
}
