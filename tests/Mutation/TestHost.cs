using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Channels;
using System.Threading.Tasks;

namespace Mutation;

/// <summary>How a test ended.</summary>
internal enum TestEnd
{
    Passed,
    Failed,

    /// <summary>It took more than five times its own time and two seconds.</summary>
    TimedOut,

    /// <summary>The process ended.</summary>
    Died,
}

/// <summary>How a test ended, in how much processor time, and why it failed.</summary>
internal sealed record TestOutcome(TestEnd End, double CpuMs, string Why);

/// <summary>One process that runs tests, seen from outside: killed when a test does not end, started again when it is asked next.</summary>
internal sealed class TestHost : IDisposable
{
    // A wait without work is not seen in processor time. Real waits of tests are below 20 s; on a busy machine everything takes longer.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(90);

    private readonly Workspace _workspace;
    private readonly string _folder;
    private Process? _process;
    private Channel<string>? _lines;
    private int _fixed = -1;
    private List<string> _tests = [];

    public TestHost(Workspace workspace, int number)
    {
        _workspace = workspace;
        _folder = Path.Combine(workspace.Folder, "files-" + number.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Processes that were started.</summary>
    public int Starts { get; private set; }

    /// <summary>The names of the tests, by number.</summary>
    public async Task<IReadOnlyList<string>> Tests()
    {
        await Begin(-1);
        return _tests;
    }

    /// <summary>Ends the process; the next test begins in a new one.</summary>
    public void Stop()
    {
        if (_process is null)
        {
            return;
        }

        try
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }
        catch (InvalidOperationException)
        {
            // It had ended.
        }

        _process.Dispose();
        _process = null;
    }

    /// <summary>Runs one test.</summary>
    /// <param name="mutant">The mutant that runs, or -1.</param>
    /// <param name="test">The test's number.</param>
    /// <param name="limitMs">The processor time after which it is killed, ms.</param>
    /// <param name="fromTheStart">The mutant must run from the start of the process, since it acts while static fields are filled.</param>
    /// <returns>How it ended.</returns>
    public async Task<TestOutcome> Run(int mutant, int test, double limitMs, bool fromTheStart = false)
    {
        if (!await Begin(fromTheStart ? mutant : -1))
        {
            return new TestOutcome(TestEnd.Died, 0, "the process did not start");
        }

        TimeSpan before = _process!.TotalProcessorTime;
        long began = TimeProvider.System.GetTimestamp();
        try
        {
            await _process.StandardInput.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"run {mutant} {test}"));
            await _process.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            Stop();
            return new TestOutcome(TestEnd.Died, 0, "the process ended");
        }

        while (true)
        {
            string? line = await Next(TimeSpan.FromMilliseconds(500));
            if (line is not null)
            {
                string[] words = line.Split(' ', 3);
                return new TestOutcome(words[0] == "passed" ? TestEnd.Passed : TestEnd.Failed, double.Parse(words[1], CultureInfo.InvariantCulture), words.Length > 2 ? words[2] : string.Empty);
            }

            if (_lines!.Reader.Completion.IsCompleted || _process.HasExited)
            {
                Stop();
                return new TestOutcome(TestEnd.Died, 0, "the process ended");
            }

            _process.Refresh();
            double spent = (_process.TotalProcessorTime - before).TotalMilliseconds;
            if (spent > limitMs || TimeProvider.System.GetElapsedTime(began) > s_longestWait + TimeSpan.FromMilliseconds(10 * limitMs))
            {
                Stop();
                return new TestOutcome(TestEnd.TimedOut, spent, "it did not end");
            }
        }
    }

    /// <summary>What the last test reached: mutants, static constructors whose fields it used, and the mutants that were reached in a static constructor since the start.</summary>
    public async Task<(int[] Mutants, int[] Initializers, (int Mutant, int Initializer)[] Initialized)> Reached()
    {
        await _process!.StandardInput.WriteLineAsync("reached");
        await _process.StandardInput.FlushAsync();
        string line = await Next(TimeSpan.FromSeconds(60)) ?? throw new InvalidOperationException("The process with the tests did not answer.");
        string[] words = line.Split(' ');
        return (Numbers(words[1]), Numbers(words[2]), [.. words[3].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('/')).Select(p => (Number(p[0]), Number(p[1])))]);
    }

    public void Dispose() => Stop();

    private static int[] Numbers(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Number)];

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private async Task<string?> Next(TimeSpan longest)
    {
        try
        {
            return await _lines!.Reader.WaitToReadAsync().AsTask().WaitAsync(longest, TimeProvider.System) && _lines.Reader.TryRead(out string? line) ? line : null;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private async Task<bool> Begin(int mutant)
    {
        if (_process is { HasExited: false } && _fixed == mutant)
        {
            return true;
        }

        Stop();
        Starts++;
        _fixed = mutant;
        _process = Process.Start(_workspace.StartOf(mutant, _folder))!;
        Channel<string> lines = Channel.CreateUnbounded<string>();
        _lines = lines;
        StreamReader output = _process.StandardOutput;
        Task<string> errors = _process.StandardError.ReadToEndAsync();
        _ = Task.Run(async () =>
        {
            while (await output.ReadLineAsync() is { } line)
            {
                lines.Writer.TryWrite(line);
            }

            lines.Writer.Complete();
        });
        List<string> tests = [];
        while (await Next(TimeSpan.FromSeconds(120)) is { } line)
        {
            if (line == "ready")
            {
                _tests = tests;
                return true;
            }

            tests.Add(line["test ".Length..]);
        }

        Stop();
        return mutant >= 0 ? false : throw new InvalidOperationException("The process with the tests does not start: " + await errors);
    }
}
