using System.Collections.Generic;
using System.Globalization;
using EdgeGateway.Gateway.Faults;
using Firmware.Protocol;
using Simulators.Kernel;

namespace Simulators.Cart;

/// <summary>How a run came out.</summary>
public sealed class RunReport
{
    internal RunReport(Scenario scenario, ulong seed, long endUs, LedgerBalance balance, DeliveryLedger ledger, TraceWriter? trace)
    {
        Scenario = scenario;
        Seed = seed;
        EndUs = endUs;
        Balance = balance;
        Ledger = ledger;
        TraceSha256 = trace?.Finish();
        TraceLines = trace?.Lines ?? 0;
        Missed = Compare();
    }

    /// <summary>The story.</summary>
    public Scenario Scenario { get; }

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

    /// <summary>Expectations that were not met; empty when all were.</summary>
    public IReadOnlyList<CodedError> Missed { get; }

    private List<CodedError> Compare()
    {
        Expectations expect = Scenario.Expect;
        List<CodedError> missed = [];
        void Expect(bool met, string key, string detail)
        {
            if (!met)
            {
                missed.Add(new CodedError("S3020", new ErrorPlace(Scenario.Name, 0, "expect." + key), detail));
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
                $"produced {Balance.Produced} is not delivered {Balance.Delivered} + pending {Balance.Pending} + gaps {Balance.Gaps} + kept {Balance.Kept}; nobody knows of {Balance.Lost}"));
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
            PodStory pod = Scenario.Carts[absence.Cart].Pods[absence.Pod];
            Ledger.Absences.TryGetValue((pod.DeviceId, absence.Stream, absence.Reason), out int times);
            AtLeast(times, absence.AtLeast, "absences", $"absences of {Topics.DeviceText(pod.DeviceId)} stream {absence.Stream} as {absence.Reason}");
        }

        foreach (ExpectedValue value in expect.Values)
        {
            PodStory pod = Scenario.Carts[value.Cart].Pods[value.Pod];
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
            PodStory pod = Scenario.Carts[e.Cart].Pods[e.Pod];
            Ledger.Events.TryGetValue((pod.DeviceId, e.Code), out int times);
            Expect(e.AtLeast == 0 ? times == 0 : times >= e.AtLeast, "events", string.Create(
                CultureInfo.InvariantCulture, $"events P{e.Code} of {Topics.DeviceText(pod.DeviceId)}: {times}, not {(e.AtLeast == 0 ? "none" : "at least " + e.AtLeast.ToString(CultureInfo.InvariantCulture))}"));
        }

        return missed;
    }
}
