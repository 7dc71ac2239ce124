using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using EdgeGateway.Core.Sound;
using EdgeGateway.Faults;
using Firmware.Protocol;
using Simulators.Cart.Ledger;
using Simulators.Cart.Scenario;
using Simulators.Cart.Subscribers;
using Simulators.Cart.World;

namespace Simulators.Cart.Report;

/// <summary>How a run came out.</summary>
public sealed class RunReport
{
    internal RunReport(SimulatedWorld world, LedgerBalance balance)
    {
        Scenario = world.Scenario;
        Seed = world.Seed;
        EndUs = world.Kernel.NowUs;
        Balance = balance;
        Ledger = world.Ledger;
        TraceSha256 = world.Trace?.Finish();
        TraceLines = world.Trace?.Lines ?? 0;
        TraceLayers = world.Trace is { } trace && world.Layers is { } layers ? layers.Lines(trace) : [];
        Sound = [.. world.Carts.SelectMany(Hear)];
        Missed = Compare(world);
    }

    /// <summary>What listeners heard, in the order of carts and subscribers.</summary>
    public IReadOnlyList<SoundReport> Sound { get; }

    /// <summary>The scenario.</summary>
    public ScenarioDefinition Scenario { get; }

    /// <summary>The seed.</summary>
    public ulong Seed { get; }

    /// <summary>Virtual time at the end, µs.</summary>
    public long EndUs { get; }

    /// <summary>What became of every reading.</summary>
    public LedgerBalance Balance { get; }

    /// <summary>The ledger behind it.</summary>
    public DeliveryLedger Ledger { get; }

    /// <summary>SHA-256 of the trace, or null without one.</summary>
    public string? TraceSha256 { get; }

    /// <summary>Lines of the trace.</summary>
    public long TraceLines { get; }

    /// <summary>The trace by layer, as <see cref="Report.TraceLayers"/> says; empty without one.</summary>
    public IReadOnlyList<string> TraceLayers { get; }

    /// <summary>Expectations that were not met; empty when all were.</summary>
    public IReadOnlyList<CodedError> Missed { get; }

    private static IEnumerable<SoundReport> Hear(SimulatedCart cart)
    {
        foreach (SimulatedSubscriber subscriber in cart.Subscribers)
        {
            if (subscriber.Consumer?.Listener is not { } ears)
            {
                continue;
            }

            (long delay, long variation) = SoundListener.Measure(
                [.. ears.Chunks.Where(p => p.Step == ListeningStep.Full)],
                chunk => (cart.Pods.First(p => p.Definition.DeviceId == chunk.Device).WorldUs(chunk.DeviceUs)) - subscriber.WorldUs(0));
            yield return new SoundReport
            {
                Place = cart.Definition.Id + "/" + subscriber.Definition.Id,
                Chunks = ears.Chunks.Count,
                Missing = ears.Missing,
                DelayP95Us = delay,
                VariationUs = variation,
                Steps = [.. ears.Steps],
            };
        }
    }

    private void CompareSound(SimulatedWorld world, Action<bool, string, string> expect)
    {
        foreach (ExpectedSound sound in Scenario.Expect.Sound)
        {
            SoundReport? heard = Sound.FirstOrDefault(s => s.Place.StartsWith(Scenario.Carts[sound.Cart].Id + "/", StringComparison.Ordinal));
            ListeningStep lowest = heard is { Steps.Count: > 0 } ? heard.Steps.Max() : ListeningStep.Full;
            ListeningStep last = heard is { Steps.Count: > 0 } ? heard.Steps[^1] : ListeningStep.ClipsOnly;
            expect(heard is not null && heard.Chunks >= sound.MinChunks, "sound", string.Create(CultureInfo.InvariantCulture, $"live chunks heard: {heard?.Chunks ?? 0}, not at least {sound.MinChunks}"));
            expect(lowest == sound.Lowest, "sound", $"the most reduced step: {lowest}, not {sound.Lowest}");
            expect(last == sound.AtEnd, "sound", $"the step at the end: {last}, not {sound.AtEnd}");
            expect(heard is null || heard.DelayP95Us <= sound.MaxDelayP95Us, "sound", string.Create(
                CultureInfo.InvariantCulture, $"from a chunk's first sample to its arrival, 95th percentile: {heard?.DelayP95Us} µs, not at most {sound.MaxDelayP95Us}"));
        }

        foreach (ExpectedClip clip in Scenario.Expect.Clips)
        {
            ClipAnnouncement told = new("none", false, 0, null, null);
            foreach (SimulatedSubscriber subscriber in world.Carts[clip.Cart].Subscribers)
            {
                if (subscriber.Consumer?.Listener is { } ears && ears.Clips.TryGetValue(clip.Clip, out ClipAnnouncement there))
                {
                    told = there;
                }
            }

            expect(string.Equals(told.State, clip.State, StringComparison.Ordinal), "clips", $"clip {clip.Clip}: {told.State}, not {clip.State}");
            expect(clip.Verdict.Length == 0 || string.Equals(told.Verdict, clip.Verdict, StringComparison.Ordinal), "clips", $"clip {clip.Clip}: {told.Verdict ?? "no verdict"}, not {clip.Verdict}");
            expect(!clip.IsDelivered || told.Delivered, "clips", $"clip {clip.Clip} was not delivered whole");
        }
    }

    private List<CodedError> Compare(SimulatedWorld world)
    {
        Expectations expect = Scenario.Expect;
        List<CodedError> missed = [];
        void Expect(bool met, string key, string detail)
        {
            if (!met)
            {
                missed.Add(new CodedError(FaultCodes.ExpectationMissed, new ErrorPlace(Scenario.Name, 0, "expect." + key), detail));
            }
        }

        void AtLeast(long value, long bound, string key, string what) =>
            Expect(value >= bound, key, string.Create(CultureInfo.InvariantCulture, $"{what}: {value}, not at least {bound}"));

        void AtMost(long value, long bound, string key, string what) =>
            Expect(value <= bound, key, string.Create(CultureInfo.InvariantCulture, $"{what}: {value}, not at most {bound}"));

        Expect(
            Balance.Holds,
            "balance",
            string.Create(
                CultureInfo.InvariantCulture,
                $"produced {Balance.Produced} is not delivered {Balance.Delivered} + pending {Balance.Pending} + gaps {Balance.Gaps} + kept {Balance.Unbound}; nobody knows of {Balance.Lost}"));
        AtMost(Balance.OrderViolations, 0, "order", "readings that came after a later one of their stream");
        foreach (string finding in Ledger.Findings)
        {
            Expect(false, "findings", finding);
        }

        AtLeast(Balance.Delivered, expect.MinDelivered, "minDelivered", "readings delivered");
        AtMost(Balance.Duplicates, expect.MaxDuplicates, "maxDuplicates", "duplicates at one subscriber");
        AtLeast(Balance.Pending, expect.MinPending, "minPending", "readings pending");
        AtMost(Balance.Pending, expect.MaxPending, "maxPending", "readings pending");
        AtLeast(Balance.Gaps, expect.MinGapReadings, "minGapReadings", "readings declared lost");
        AtMost(Balance.Gaps, expect.MaxGapReadings, "maxGapReadings", "readings declared lost");
        AtMost(Balance.GapsKept, expect.MaxGapsKept, "maxGapsKept", "readings declared lost to the gateway alone");
        AtMost(Balance.LatencyP99Us, expect.MaxLatencyP99Us, "maxLatencyP99Ms", "latency, 99th percentile, µs");
        AtLeast(Balance.Unsynchronised, expect.MinUnsynchronised, "minUnsynchronised", "readings without UTC");
        AtLeast(Balance.Corrections, expect.MinCorrections, "minCorrections", "readings with a corrected time");
        foreach (ExpectedAbsence absence in expect.Absences)
        {
            PodDefinition pod = Scenario.Carts[absence.Cart].Pods[absence.Pod];
            Ledger.Absences.TryGetValue((pod.DeviceId, absence.Stream, absence.Reason), out int times);
            AtLeast(times, absence.AtLeast, "absences", $"absences of {Topics.DeviceText(pod.DeviceId)} stream {absence.Stream} as {absence.Reason}");
        }

        foreach (ExpectedValue value in expect.Values)
        {
            PodDefinition pod = Scenario.Carts[value.Cart].Pods[value.Pod];
            bool there = Ledger.Values.TryGetValue((pod.DeviceId, value.Stream), out double last);
            Expect(there && last >= value.Low && last <= value.High, "values", string.Create(
                CultureInfo.InvariantCulture,
                $"last value of {Topics.DeviceText(pod.DeviceId)} stream {value.Stream}: {(there ? last.ToString(CultureInfo.InvariantCulture) : "none")}, not {value.Low} to {value.High}"));
            Ledger.Statuses.TryGetValue((pod.DeviceId, value.Stream), out int status);
            Expect((status & value.Status) == value.Status, "values", string.Create(
                CultureInfo.InvariantCulture, $"status of the last value of {Topics.DeviceText(pod.DeviceId)} stream {value.Stream}: {status}, not with {value.Status}"));
        }

        foreach (ExpectedEvent e in expect.Events)
        {
            PodDefinition pod = Scenario.Carts[e.Cart].Pods[e.Pod];
            Ledger.Events.TryGetValue((pod.DeviceId, e.Code), out int times);
            Expect(e.AtLeast == 0 ? times == 0 : times >= e.AtLeast, "events", string.Create(
                CultureInfo.InvariantCulture, $"events P{e.Code} of {Topics.DeviceText(pod.DeviceId)}: {times}, not {(e.AtLeast == 0 ? "none" : "at least " + e.AtLeast.ToString(CultureInfo.InvariantCulture))}"));
        }

        CompareSound(world, Expect);
        return missed;
    }
}

/// <summary>What one listener heard.</summary>
public sealed record SoundReport
{
    /// <summary>Cart and subscriber.</summary>
    public required string Place { get; init; }

    /// <summary>Live chunks received.</summary>
    public required int Chunks { get; init; }

    /// <summary>Live chunks missing by their numbers.</summary>
    public required long Missing { get; init; }

    /// <summary>From a chunk's first sample to its arrival, unreduced chunks, 95th percentile, µs.</summary>
    public required long DelayP95Us { get; init; }

    /// <summary>Spread of the delay behind a buffer of <see cref="SoundListener.BufferUs"/>, unreduced chunks, 95th less 5th percentile, µs.</summary>
    public required long VariationUs { get; init; }

    /// <summary>Steps in the order in which they were told.</summary>
    public required IReadOnlyList<ListeningStep> Steps { get; init; }
}
