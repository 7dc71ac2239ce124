using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace Benchmarks;

/// <summary>What the kernel has counted for one process.</summary>
/// <param name="CpuUs">User and system time, µs, in steps of a clock tick (10 ms).</param>
/// <param name="WriteBytes">Bytes that the process made the storage layer write (write_bytes of /proc/pid/io).</param>
/// <param name="RssBytes">Resident memory.</param>
internal readonly record struct ProcessSample(long CpuUs, long WriteBytes, long RssBytes);

/// <summary>A real process: what it printed, what the kernel counts for it, signals to it.</summary>
internal sealed partial class ChildProcess : IDisposable
{
    private const int Terminate = 15;
    private const long TickUs = 10_000; // Source: USER_HZ is 100 on every Linux that .NET runs on (proc(5), sysconf(_SC_CLK_TCK)).
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, e) => Take(e.Data);
        process.ErrorDataReceived += (_, e) => Take(e.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => Take(null);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public static ChildProcess Start(IReadOnlyList<string> command)
    {
        ProcessStartInfo start = new(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (string argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        return new ChildProcess(new Process { StartInfo = start });
    }

    /// <summary>A program of the machine, or null when it is not installed.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator)
        .Concat(["/usr/sbin", "/usr/bin"])
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    /// <summary>A port of loopback that is free at this moment.</summary>
    public static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Reads the kernel's counts now.</summary>
    public ProcessSample Sample()
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{_process.Id}");

        // Fields 14 and 15 of stat, counted after the name, which may hold spaces (proc(5)).
        string stat = File.ReadAllText(folder + "/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return new ProcessSample(ticks * TickUs, Number(folder + "/io", "write_bytes:"), 1024 * Number(folder + "/status", "VmRSS:"));
    }

    /// <summary>Waits until a line with a text was printed.</summary>
    public async Task PrintsAsync(string text)
    {
        using CancellationTokenSource patience = new(Patience);
        while (true)
        {
            Task news;
            lock (_gate)
            {
                if (_lines.Exists(l => l.Contains(text, StringComparison.Ordinal)))
                {
                    return;
                }

                news = _news.Task;
            }

            if (_process.HasExited)
            {
                throw new InvalidOperationException($"{_process.StartInfo.FileName} ended before it printed '{text}':\n{Printed()}");
            }

            await news.WaitAsync(patience.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until it takes connections on a port of loopback.</summary>
    public async Task ListensAsync(int port)
    {
        using CancellationTokenSource patience = new(Patience);
        while (true)
        {
            try
            {
                using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, port, patience.Token).ConfigureAwait(false);
                return;
            }
            catch (SocketException) when (!_process.HasExited)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, patience.Token).ConfigureAwait(false);
            }
            catch (SocketException e)
            {
                throw new InvalidOperationException($"{_process.StartInfo.FileName} ended:\n{Printed()}", e);
            }
        }
    }

    /// <summary>SIGTERM, and its end.</summary>
    public async Task StopAsync()
    {
        if (!_process.HasExited && SendSignal(_process.Id, Terminate) != 0)
        {
            throw new InvalidOperationException($"SIGTERM was refused, errno {Marshal.GetLastPInvokeError()}");
        }

        using CancellationTokenSource patience = new(Patience);
        await _process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
    }

    /// <summary>SIGKILL, and its end.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }

        _process.WaitForExit();
    }

    public string Printed()
    {
        lock (_gate)
        {
            return string.Join('\n', _lines.TakeLast(20));
        }
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private static long Number(string file, string name)
    {
        string line = File.ReadLines(file).First(l => l.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private void Take(string? line)
    {
        TaskCompletionSource news;
        lock (_gate)
        {
            if (!string.IsNullOrEmpty(line))
            {
                _lines.Add(line);
            }

            news = _news;
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        news.TrySetResult();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SendSignal(int process, int signal);
}
