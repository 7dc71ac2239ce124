using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using EdgeGateway.Faults;
using Firmware.Protocol;
using Simulators.Cart.Evaluation;
using Simulators.Cart.Ledger;
using Simulators.Cart.Pod;
using Simulators.Cart.Report;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;
using Simulators.Chips;

namespace Scenario.Tests.Golden;

/// <summary>What came of a scenario with its own seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Missed">Expectations that were not met.</param>
/// <param name="BalanceHolds">Whether every reading is accounted for.</param>
/// <param name="Trace">The trace by layer.</param>
/// <param name="Values">Lines of values.csv.</param>
internal sealed record ScenarioRun(ulong Seed, IReadOnlyList<CodedError> Missed, bool BalanceHolds, IReadOnlyList<string> Trace, IReadOnlyList<string> Values);

/// <summary>What came of a recording of light, played through a whole cart.</summary>
/// <param name="Definition">The scenario that played it.</param>
/// <param name="Missed">Expectations that were not met.</param>
/// <param name="Fifo">What went into the chip's FIFO, or was refused by it.</param>
/// <param name="Red">True time and count of each sample of red light that the subscriber received.</param>
/// <param name="Infrared">The same of infrared light.</param>
/// <param name="Gaps">How much was declared lost.</param>
/// <param name="Values">Lines of values.csv.</param>
internal sealed record PlayedRun(
    ScenarioDefinition Definition,
    IReadOnlyList<CodedError> Missed,
    IReadOnlyList<FifoEvent> Fifo,
    IReadOnlyList<(long TimeUs, int Count)> Red,
    IReadOnlyList<(long TimeUs, int Count)> Infrared,
    long Gaps,
    IReadOnlyList<string> Values);

/// <summary>What came of a set of recordings.</summary>
/// <typeparam name="T">Its result.</typeparam>
/// <param name="Result">The result.</param>
/// <param name="Values">Lines of values.csv by the recording's name.</param>
internal sealed record SetRun<T>(T Result, IReadOnlyDictionary<string, IReadOnlyList<string>> Values);

/// <summary>Runs that several tests look at: each is made once, when the first of them asks.</summary>
internal static class SharedRuns
{
    private static readonly ConcurrentDictionary<string, Lazy<ScenarioRun>> Scenarios = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, Lazy<PlayedRun>> Lights = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, Lazy<SetRun<CuffEvaluationResult>>> CuffSets = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, Lazy<SetRun<SoundEvaluationResult>>> SoundSets = new(StringComparer.Ordinal);

    /// <summary>A built-in scenario with its own seed.</summary>
    /// <param name="name">Which.</param>
    /// <returns>What came of it.</returns>
    public static ScenarioRun Scenario(string name) => Once(Scenarios, name, RunScenario);

    /// <summary>A recording of light.</summary>
    /// <param name="file">The file, from the folder of recordings.</param>
    /// <returns>What came of it.</returns>
    public static PlayedRun Light(string file) => Once(Lights, file, Play);

    /// <summary>A set of cuffs' deflations.</summary>
    /// <param name="set">Its name.</param>
    /// <returns>What came of it.</returns>
    public static SetRun<CuffEvaluationResult> Cuffs(string set) => Once(CuffSets, set, static name =>
    {
        ConcurrentDictionary<string, ValueTap> taps = new(StringComparer.Ordinal);
        CuffEvaluationResult result = CuffEvaluation.Run(name, Recordings.Folder!, 1, 2, null, CancellationToken.None, (record, world) => taps[record] = new ValueTap(world));
        return new SetRun<CuffEvaluationResult>(result, Lines(name, taps));
    });

    /// <summary>A set of heart sounds.</summary>
    /// <param name="set">Its name.</param>
    /// <returns>What came of it.</returns>
    public static SetRun<SoundEvaluationResult> Sounds(string set) => Once(SoundSets, set, static name =>
    {
        ConcurrentDictionary<string, ValueTap> taps = new(StringComparer.Ordinal);
        SoundEvaluationResult result = SoundEvaluation.Run(name, Recordings.Folder!, 2, null, CancellationToken.None, (record, world) => taps[record] = new ValueTap(world));
        Dictionary<string, IReadOnlyList<string>> lines = Lines(name, taps);
        foreach (SoundRecordResult record in result.Records.Where(r => lines.ContainsKey(r.Record)))
        {
            lines[record.Record] = [.. lines[record.Record], Analysis(name + "/" + record.Record, record)];
        }

        return new SetRun<SoundEvaluationResult>(result, lines);
    });

    private static T Once<T>(ConcurrentDictionary<string, Lazy<T>> runs, string name, Func<string, T> run) => runs.GetOrAdd(name, n => new Lazy<T>(() => run(n))).Value;

    private static Dictionary<string, IReadOnlyList<string>> Lines(string set, IReadOnlyDictionary<string, ValueTap> taps) =>
        taps.ToDictionary(t => t.Key, IReadOnlyList<string> (t) => t.Value.Lines(set + "/" + t.Key), StringComparer.Ordinal);

    /// <summary>What the gateway's analysis says of a recorded sound.</summary>
    private static string Analysis(string source, SoundRecordResult record)
    {
        ValueTap.Sum sum = new();
        sum.Add(
            Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"{(int?)record.Verdict} {record.Quality} {record.HeartRate:R} {record.AnySound?.Matched}/{record.AnySound?.Found} {record.S1?.Matched}/{record.S1?.Found} {record.S2?.Matched}/{record.S2?.Found}")),
            record.HeartRate is null);
        return sum.Line(source, "analysis");
    }

    private static ScenarioRun RunScenario(string name)
    {
        ScenarioDefinition scenario = ScenarioLibrary.Load(name).Scenario;
        using SimulatedWorld world = new(scenario, scenario.Seed, traced: true);
        ValueTap tap = new(world);
        world.Run();
        RunReport report = world.Report();
        return new ScenarioRun(scenario.Seed, report.Missed, report.Balance.Holds, report.TraceLayers, tap.Lines(name));
    }

    private static PlayedRun Play(string recording)
    {
        ScenarioDefinition definition = PlayedRecording.Definition(Path.Combine(Recordings.Folder!, recording));
        using SimulatedWorld world = new(definition, 1, traced: false);
        ValueTap tap = new(world);
        SimulatedPod pod = world.Carts[0].Pods[0];
        List<FifoEvent> fifo = [];
        pod.Oximeter!.FifoChanged += e =>
        {
            if (e.Fate is FifoFate.Stored or FifoFate.Refused)
            {
                fifo.Add(e);
            }
        };
        List<(long TimeUs, int Count)> red = [];
        List<(long TimeUs, int Count)> infrared = [];
        long gaps = 0;
        world.Carts[0].Subscribers[0].Received += (in Delivery delivery) =>
        {
            gaps += delivery.Gap?.Count ?? 0;
            byte[] frame = delivery.Payload.ToArray();
            if (delivery.IsFrame)
            {
                List<(long, int)> to = delivery.Id.Stream == Streams.RedLight ? red : infrared;
                for (int i = 0; i < WaveformBody.Count(frame, Frame.HeaderLength); i++)
                {
                    long localUs = Frame.MonotonicUs(frame, 0) + ((long)i * WaveformBody.PeriodUs(frame, Frame.HeaderLength));
                    to.Add((pod.WorldUs(localUs), WaveformBody.Sample(frame, Frame.HeaderLength, i)));
                }
            }
        };
        world.Run();
        return new PlayedRun(definition, world.Report().Missed, fifo, red, infrared, gaps, tap.Lines(Path.ChangeExtension(recording, null)));
    }
}
