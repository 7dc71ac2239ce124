using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace EndToEnd.Tests.Processes;

/// <summary>A real process: what it printed, signals to it, and its end.</summary>
internal sealed partial class RunningProcess : IDisposable
{
    public const int Terminate = 15;
    public const int Kill = 9;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RunningProcess(Process process, string name)
    {
        _process = process;
        Name = name;
        process.OutputDataReceived += (_, e) => Take(e.Data);
        process.ErrorDataReceived += (_, e) => Take(e.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => Take(string.Empty);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Name { get; }

    public bool HasExited => _process.HasExited;

    public string Printed
    {
        get
        {
            lock (_gate)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    public static RunningProcess Start(string name, string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return new RunningProcess(new Process { StartInfo = start }, name);
    }

    /// <summary>Starts one of this repository's programs.</summary>
    public static RunningProcess StartDotnet(string name, string dll, params string[] arguments) =>
        Start(name, Programs.Find("dotnet") ?? "dotnet", [dll, .. arguments]);

    public void Signal(int number)
    {
        if (!_process.HasExited && SendSignal(_process.Id, number) != 0)
        {
            throw new InvalidOperationException($"{Name}: signal {number} was refused, errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>The exit code, when the process has ended.</summary>
    public async Task<int> EndAsync()
    {
        using CancellationTokenSource patience = new(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"{Name} did not end. It printed:\n{Printed}", e);
        }

        return _process.ExitCode;
    }

    /// <summary>Waits until a line with a text was printed; returns the line.</summary>
    public async Task<string> PrintsAsync(string text)
    {
        using CancellationTokenSource patience = new(Patience);
        while (true)
        {
            Task news;
            lock (_gate)
            {
                string? found = _lines.FirstOrDefault(l => l.Contains(text, StringComparison.Ordinal));
                if (found is not null)
                {
                    return found;
                }

                news = _news.Task;
            }

            if (_process.HasExited)
            {
                throw new InvalidOperationException($"{Name} ended with {_process.ExitCode} before it printed '{text}'. It printed:\n{Printed}");
            }

            try
            {
                await news.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException e)
            {
                throw new TimeoutException($"{Name} did not print '{text}'. It printed:\n{Printed}", e);
            }
        }
    }

    public void Dispose()
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
        _process.Dispose();
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
