using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Firmware.Core;
using Firmware.Tests.Contract;
using Firmware.Tests.Peripherals;

namespace Firmware.Tests.Host.Misreadings;

/// <summary>The PCM1808's driver with planted mistakes: the audio contract and a few questions about time must find each of them.</summary>
[TestClass]
public sealed class Pcm1808MisreadingTests
{
    private const long Second = 1_000_000;

    private static readonly (string Name, Func<Func<IAudioPort, IDriver>, string?> Ask)[] Questions =
    [
        ("what the microphone made", Truth),
        ("clean", make => First(new AudioContract(new Pcm1808ScriptContractTests.Script(), make).CheckClean())),
        ("held", Held),
        ("rate", Rate),
        ("times of a slow converter", make => Times(make, 125_012)),
        ("times of a fast converter", make => Times(make, 124_987)),
        ("a slow swing", make => Offsets(make, script => script.SlowSwing = 22_000, 0, 4)),
        ("an offset that stays", make => Offsets(make, script => (script.OffsetFrom, script.Offset) = (script.NextIndex + 1000, 12_000), 20, 100)),
        ("faults", make => new Pcm1808ScriptContractTests.Script().Faults.Select(f => First(new AudioContract(new Pcm1808ScriptContractTests.Script(), make, boundaries: 1).Check(f))).FirstOrDefault(f => f is not null)),
    ];

    private static readonly Mutation[] Mutations =
    [
        new("settling published", "Pcm1808.cs", "SettlingSamples = 4 + 8960 + 8192 + 48", "SettlingSamples = 48"),
        new("fade-in published", "Pcm1808.cs", "SettlingSamples = 4 + 8960 + 8192 + 48", "SettlingSamples = 4 + 8960 + 48"),
        new("held and not stopped", "Pcm1808.cs", "        if (held)\n        {\n            _port.Stop();", "        if (false)\n        {\n            _port.Stop();"),
        new("not started anew", "Pcm1808.cs", "        _isHeld = held;\n        _stage = Stage.Start;", "        _isHeld = held;"),
        new("lost samples not counted", "Pcm1808.Chunks.cs", "lost = total - _lostSeen;", "lost = 0;"),
        new("what was lost is counted again", "Pcm1808.Chunks.cs", "        _lostSeen = total;\n", "        _lostSeen = 0;\n"),
        new("held samples lost in silence at an overrun", "Pcm1808.Chunks.cs", "Declare(_count + lost, SampleLoss.Overrun);", "Declare(lost, SampleLoss.Overrun);"),
        new("old samples in place of new ones", "Pcm1808.Chunks.cs", "Samples[i] = Samples[_count + i];", "Samples[i] = Samples[i];"),
        new("held samples forgotten", "Pcm1808.Chunks.cs", "int held = _count - _delivered;", "int held = 0;"),
        new("a run given on before it has ended", "Pcm1808.Chunks.cs", "int count = _count - _run;", "int count = _count;"),
        new("a run over two pieces not seen", "Pcm1808.Chunks.cs", "first > 0 && Samples[0] == value ? _count : read;", "read;"),
        new("a dead slot not seen", "Pcm1808.Chunks.cs", "if (_run >= DeadSamples)", "if (_run >= DeadSamples && _run < 0)"),
        new("stuck taken for dead", "Pcm1808.Chunks.cs", "isRail ? FaultCode.Pcm1808StuckAtRail :", "false ? FaultCode.Pcm1808StuckAtRail :"),
        new("a bad window not looked at", "Pcm1808.Chunks.cs", "            if (fault != FaultCode.None)\n", "            if (false)\n"),
        new("withheld and not declared", "Pcm1808.Chunks.cs", "Declare(_count, SampleLoss.Implausible);", "Declare(0, SampleLoss.Implausible);"),
        new("withheld for ever", "Pcm1808.Chunks.cs", "            _cleanWindows++;\n", ""),
        new("a standstill not noticed", "Pcm1808.Chunks.cs", "if (nowUs - _lastUs > StallUs)", "if (false)"),
        new("an interruption not declared", "Pcm1808.Chunks.cs", "        if (_isInterrupted)\n        {\n            long", "        if (false)\n        {\n            long"),
        new("a lower bound taken for exact", "Pcm1808.Chunks.cs", "        LostIsLowerBound = _pendingIsLowerBound;", "        LostIsLowerBound = false;"),
        new("the rate not proven", "Pcm1808.Chunks.cs", "return error <= ", "return true || error <= "),
        new("swapped slots not seen", "Pcm1808Window.cs", ": _swapped >= SwappedWindows ?", ": false ?"),
        new("swinging not seen", "Pcm1808Window.cs", "return isRail ?", "return false ?"),
        new("a slow swing taken for a cable", "Pcm1808Window.cs", "isOffset && !isSwing &&", "isOffset &&"),
        new("a cable taken for a slow swing", "Pcm1808Window.cs", "_up != 0 && _down != 0", "_up != 0 || _down != 0"),
        new("stamps ahead of the time", "Pcm1808Clock.cs", "Correct(Clamp(age, _period));", "_min = 0;"),
        new("stamps that lag", "Pcm1808Clock.cs", "LargestStepPeriods = 4", "LargestStepPeriods = 0"),
        new("the time of the batch's end", "Pcm1808.Chunks.cs", "FirstSampleUs = _clock.BackUs(_count);", "FirstSampleUs = _clock.NextUs;"),
    ];

    [TestMethod]
    public void The_driver_as_it_is_answers_every_question() => Assert.IsNull(FirstFailure(MutantCompiler.CompileSound("Pcm1808", null)));

    [TestMethod]
    public void Every_planted_mistake_is_found()
    {
        string?[] failures = new string?[Mutations.Length];
        Parallel.For(0, Mutations.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i => failures[i] = FirstFailure(MutantCompiler.CompileSound("Pcm1808", Mutations[i])));
        List<string> unseen = [];
        for (int i = 0; i < Mutations.Length; i++)
        {
            Console.WriteLine($"{Mutations[i].Name}: {failures[i] ?? "UNSEEN"}");
            if (failures[i] is null)
            {
                unseen.Add(Mutations[i].Name);
            }
        }

        Assert.IsEmpty(unseen, "unseen: " + string.Join("; ", unseen));
    }

    private static string? FirstFailure(Func<IAudioPort, IDriver> make)
    {
        foreach ((string name, Func<Func<IAudioPort, IDriver>, string?> ask) in Questions)
        {
            try
            {
                if (ask(make) is string found)
                {
                    return $"{name}: {found}";
                }
            }
            catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException or DivideByZeroException)
            {
                return $"{name}: {e.Message}";
            }
        }

        return null;
    }

    private static string? Offsets(Func<IAudioPort, IDriver> make, Action<AudioScript> disturb, int least, int most)
    {
        AudioScript script = new();
        IDriver driver = make(script);
        Ready(script, driver);
        disturb(script);
        int failures = 0;
        long endUs = script.NowUs + (8 * Second);
        while (script.NowUs < endUs)
        {
            script.NowUs = Math.Max(script.NowUs, driver.NextStepUs);
            failures += driver.Measure(script.NowUs) == DriverResult.Failed ? 1 : 0;
        }

        return failures >= least && failures <= most ? null : $"{failures} windows failed, not {least} to {most}";
    }

    private static string? First(IReadOnlyList<string> findings) => findings.Count > 0 ? findings[0] : null;

    private static object Member(IDriver driver, string name) => driver.GetType().GetProperty(name)!.GetValue(driver)!;

    private static void Ready(AudioScript script, IDriver driver)
    {
        while (driver.Probe(script.NowUs) == DriverResult.Working)
        {
            script.NowUs = driver.NextStepUs;
        }
    }

    private static string? Truth(Func<IAudioPort, IDriver> make)
    {
        AudioScript script = new();
        IDriver driver = make(script);
        Ready(script, driver);
        long at = -1;
        for (int i = 0; i < 80; i++)
        {
            script.NowUs = Math.Max(script.NowUs, driver.NextStepUs);
            if (driver.Measure(script.NowUs) != DriverResult.Ready)
            {
                continue;
            }

            var samples = (short[])Member(driver, "Samples");
            int count = (int)Member(driver, "SampleCount");
            at = at >= 0 ? at : Enumerable.Range(0, 30_000).Select(n => script.Base + n).FirstOrDefault(n => Enumerable.Range(0, count).All(k => AudioScript.Truth(n + k) == samples[k]), -1);
            if (at < 0 || Enumerable.Range(0, count).Any(k => AudioScript.Truth(at + k) != samples[k]))
            {
                return "a sample that the microphone did not make";
            }

            at += count;
        }

        return null;
    }

    private static string? Held(Func<IAudioPort, IDriver> make)
    {
        AudioScript script = new();
        IDriver driver = make(script);
        Ready(script, driver);
        driver.Measure(script.NowUs = driver.NextStepUs);
        driver.GetType().GetMethod("Hold")!.Invoke(driver, [true]);
        if (script.IsOpen)
        {
            return "the converter runs";
        }

        driver.Measure(script.NowUs += Second);
        driver.GetType().GetMethod("Hold")!.Invoke(driver, [false]);
        int batches = 0;
        for (int i = 0; i < 200; i++)
        {
            script.NowUs = Math.Max(script.NowUs, driver.NextStepUs);
            DriverResult result = driver.Measure(script.NowUs);
            if (result == DriverResult.Failed)
            {
                return "it failed after the hold: " + driver.FaultCode;
            }

            batches += result == DriverResult.Ready ? 1 : 0;
        }

        return batches > 50 ? null : "no sound after the hold";
    }

    private static string? Rate(Func<IAudioPort, IDriver> make)
    {
        AudioScript script = new() { PeriodNs = 62_500 };
        IDriver driver = make(script);
        Ready(script, driver);
        for (int i = 0; i < 2000; i++)
        {
            script.NowUs = Math.Max(script.NowUs, driver.NextStepUs);
            if (driver.Measure(script.NowUs) == DriverResult.Failed)
            {
                return driver.FaultCode == FaultCode.Pcm1808RateWrong ? null : "called " + driver.FaultCode;
            }
        }

        return "twice the rate was not seen";
    }

    private static string? Times(Func<IAudioPort, IDriver> make, long periodNs)
    {
        AudioScript script = new() { PeriodNs = periodNs };
        IDriver driver = make(script);
        Ready(script, driver);
        long taken = -1;
        while (script.NowUs < 100 * Second)
        {
            script.NowUs = Math.Max(script.NowUs, driver.NextStepUs);
            long before = script.NextIndex;
            DriverResult result = driver.Measure(script.NowUs);
            if (result == DriverResult.Failed)
            {
                return "it failed: " + driver.FaultCode;
            }

            if (result != DriverResult.Ready)
            {
                continue;
            }

            taken = taken < 0 ? before : taken;
            long error = (long)Member(driver, "FirstSampleUs") - script.TakenUs(taken);
            taken += (int)Member(driver, "SampleCount");
            if (script.NowUs > 30 * Second && Math.Abs(error) > 400)
            {
                return $"a time is off by {error} µs";
            }
        }

        return null;
    }
}
