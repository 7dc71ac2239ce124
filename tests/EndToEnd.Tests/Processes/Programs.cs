using System;
using System.Collections.Concurrent;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using Microsoft.VisualStudio.TestTools.UnitTesting;

// The programs mostly wait for one another, so two classes at a time halve the run; each test has its own folder, ports and browser profile.
[assembly: Parallelize(Workers = 2, Scope = ExecutionScope.ClassLevel)]

namespace EndToEnd.Tests.Processes;

/// <summary>Where the programs under test are: this repository's own, as they were built beside this test, and those of the machine.</summary>
internal static class Programs
{
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    public static string CartSim => Built("Cli", "cart-sim.dll");

    public static string CartGateway => Built("Gateway", "cart-gateway.dll");

    public static string CartCtl => Built("Tool", "cartctl.dll");

    /// <summary>A program of the machine, or null when it is not installed.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator)
        .Concat(["/usr/sbin", "/usr/bin"])
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    /// <summary>A port of loopback that is free at this moment, and that no other test of this run was given.</summary>
    public static int FreePort()
    {
        while (true)
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            int port = ((IPEndPoint)socket.LocalEndPoint!).Port;
            if (Given.TryAdd(port, true))
            {
                return port;
            }
        }
    }

    // artifacts/bin/<project>/<configuration>/ beside this test's own folder.
    private static string Built(string project, string file)
    {
        DirectoryInfo own = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, file);
    }
}
