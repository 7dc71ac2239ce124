using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Faults;
using Firmware.Protocol;
using Simulators.Cart.Ledger;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;
using Simulators.Patient;

namespace Simulators.Cart.Evaluation;

/// <summary>What came of one cuff's recording at the session's subscriber.</summary>
public sealed record CuffRecordResult
{
    /// <summary>Its name.</summary>
    public required string Record { get; init; }

    /// <summary>Systolic pressure received, mmHg; null when it was absent.</summary>
    public double? Systolic { get; init; }

    /// <summary>Diastolic pressure received, mmHg; null when it was absent.</summary>
    public double? Diastolic { get; init; }

    /// <summary>Pulse rate received, 1/min; null when it was absent.</summary>
    public double? Pulse { get; init; }

    /// <summary>The reference's systolic pressure, mmHg; null where there is none.</summary>
    public double? SystolicReference { get; init; }

    /// <summary>The reference's diastolic pressure, mmHg; null where there is none.</summary>
    public double? DiastolicReference { get; init; }

    /// <summary>Why there is no pressure; null when there is one.</summary>
    public string? Reason { get; init; }

    /// <summary>Words of doubt that came with the pressure, with spaces between; null for none.</summary>
    public string? Flags { get; init; }
}

/// <summary>One recorded deflation with what is known about it.</summary>
public sealed record CuffRecord
{
    /// <summary>Samples from the highest pressure to where the deflation is taken to begin: what the stop of that cuff's pump left behind is not its deflation.</summary>
    public const int SettleSamples = 100;

    /// <summary>The file's name without ending.</summary>
    public required string Name { get; init; }

    /// <summary>The pressure, µmmHg.</summary>
    public required IReadOnlyList<long> MicroMmHg { get; init; }

    /// <summary>Time from one sample to the next, ns.</summary>
    public required long PeriodNs { get; init; }

    /// <summary>The reference's systolic pressure, mmHg; null where there is none.</summary>
    public double? SystolicReference { get; init; }

    /// <summary>The reference's diastolic pressure, mmHg; null where there is none.</summary>
    public double? DiastolicReference { get; init; }

    /// <summary>The sample at which the deflation begins.</summary>
    public required int BeginIndex { get; init; }

    /// <summary>Where a deflation begins.</summary>
    /// <param name="microMmHg">The whole recording, at least two samples.</param>
    /// <returns>The index.</returns>
    public static int Begin(IReadOnlyList<long> microMmHg)
    {
        ArgumentNullException.ThrowIfNull(microMmHg);
        int highest = 0;
        for (int i = 1; i < microMmHg.Count; i++)
        {
            highest = microMmHg[i] > microMmHg[highest] ? i : highest;
        }

        return Math.Min(highest + SettleSamples, microMmHg.Count - 2);
    }
}

/// <summary>A whole evaluation of cuffs.</summary>
/// <param name="Set">The set's name.</param>
/// <param name="Records">Per recording, in order of name.</param>
public sealed record CuffEvaluationResult(string Set, IReadOnlyList<CuffRecordResult> Records)
{
    /// <summary>Recordings that a hold or a fast deflation must keep without a value. Source: the set's description.</summary>
    public static readonly IReadOnlyList<string> MustBeFlagged = ["g07_01", "g07_09", "g07_11", "g07_13"];

    /// <summary>The metrics by their names in JSON, in order.</summary>
    public IReadOnlyList<(string Name, double? Value)> Named
    {
        get
        {
            List<double> systolic = [];
            List<double> diastolic = [];
            double worst = 0;
            foreach (CuffRecordResult record in Records)
            {
                if (record is { Systolic: { } s, Diastolic: { } d, SystolicReference: { } rs, DiastolicReference: { } rd })
                {
                    systolic.Add(s - rs);
                    diastolic.Add(d - rd);
                    worst = Math.Max(worst, Math.Max(Math.Abs(s - rs), Math.Abs(d - rd)));
                }
            }

            int flagged = Records.Count(r => r.Systolic is null && MustBeFlagged.Contains(r.Record, StringComparer.Ordinal));
            int rejected = Records.Count(r => r.Systolic is null && !MustBeFlagged.Contains(r.Record, StringComparer.Ordinal));
            return
            [
                ("sbp_bias", Mean(systolic)), ("sbp_sd", Deviation(systolic)), ("dbp_bias", Mean(diastolic)), ("dbp_sd", Deviation(diastolic)),
                ("worst_difference", systolic.Count == 0 ? null : worst), ("rejected", rejected), ("flagged", flagged),
            ];
        }
    }

    /// <summary>Every published pressure that has a reference, or must not be there.</summary>
    public IReadOnlyList<Judgement> Judgements => [.. Records.SelectMany(ConfidentlyWrong.OfPressure)];

    /// <summary>How many of them are wrong; coverage is of the recordings that can have a value.</summary>
    public IReadOnlyList<WrongCount> Wrong
    {
        get
        {
            List<CuffRecordResult> usable = [.. Records.Where(r => r.SystolicReference is not null && !MustBeFlagged.Contains(r.Record, StringComparer.Ordinal))];
            return [ConfidentlyWrong.Count(ConfidentlyWrong.BloodPressure, Judgements, usable.Count, usable.Count(r => r.Systolic is not null))];
        }
    }

    /// <summary>The set's targets.</summary>
    public IReadOnlyList<PulseTarget> Targets => Set is CuffEvaluation.Cuff20
        ? [new("sbp_bias", 5, true), new("sbp_sd", 8, true), new("dbp_bias", 5, true), new("dbp_sd", 8, true), new("rejected", 1, true)]
        : [new("worst_difference", 10, true), new("rejected", 0, true), new("flagged", MustBeFlagged.Count, false)];

    /// <summary>True when every target is met; of a bias the magnitude counts.</summary>
    public bool IsMet => Targets.All(t => t.IsMet(Named.First(n => string.Equals(n.Name, t.Metric, StringComparison.Ordinal)).Value is { } v ? Math.Abs(v) : null));

    private static double? Mean(List<double> values) => values.Count == 0 ? null : values.Average();

    private static double? Deviation(List<double> values) =>
        values.Count < 2 ? null : Math.Sqrt(values.Sum(v => (v - values.Average()) * (v - values.Average())) / (values.Count - 1));
}

/// <summary>
/// Plays recorded deflations at the simulated pressure sensor's stimulus input, through the unchanged measurement: the simulated cuff passes its self test, then the sensor sees an open cuff,
/// a rise to where the recording begins, a hold, and the recording. When the pod lets the dump valve go, the pressure is gone.
/// </summary>
public static class CuffEvaluation
{
    /// <summary>Deflations with the pressures that a person heard.</summary>
    public const string Cuff20 = "cuff20";

    /// <summary>Deflations with another program's pressures; some are refused on purpose.</summary>
    public const string Glasgow = "cuff_glasgow";

    private const long SamplePeriodNs = 5_000_000; // 200 Hz
    private const int MinLines = 1000; // 5 s and the heading
    private const long OpenUs = 100_000_000;
    private const long StartUs = 102_000_000;
    private const long RiseUs = 104_000_000;
    private const long RisePerSecond = 25_000_000; // µmmHg
    private const long HoldUs = 1_600_000;
    private const long AfterUs = 20_000_000;
    private const int BelowPeakCentiMmHg = 100;

    /// <summary>The sets that are known.</summary>
    public static IReadOnlyList<string> Names { get; } = [Cuff20, Glasgow];

    /// <summary>Reads a set.</summary>
    /// <param name="name">Which.</param>
    /// <param name="data">The folder that holds the sets' folders.</param>
    /// <returns>The recordings, by name.</returns>
    /// <exception cref="CodedErrorException">Files are missing or malformed.</exception>
    public static IReadOnlyList<CuffRecord> Load(string name, string data)
    {
        string folder = Path.Combine(data, name);
        if (!Directory.Exists(folder))
        {
            throw new CodedErrorException(new CodedError(FaultCodes.RecordingSetMissing, new ErrorPlace(folder, 0, null), "there is no such folder"));
        }

        string[] paths = Directory.GetFiles(folder, "*.csv").Where(p => !Path.GetFileName(p).StartsWith("REFERENCE", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
        SortedDictionary<string, (double Systolic, double Diastolic)> references = References(name, folder, paths);
        return [.. paths.Select(path =>
        {
            string record = Path.GetFileNameWithoutExtension(path);
            bool known = references.TryGetValue(record, out (double Systolic, double Diastolic) reference);
            long[] samples = Samples(path);
            return new CuffRecord
            {
                Name = record,
                MicroMmHg = samples,
                BeginIndex = CuffRecord.Begin(samples),
                PeriodNs = SamplePeriodNs,
                SystolicReference = known ? reference.Systolic : null,
                DiastolicReference = known ? reference.Diastolic : null,
            };
        })];
    }

    /// <summary>Reads a set, plays and scores it.</summary>
    /// <param name="name">The set.</param>
    /// <param name="data">The folder that holds the sets' folders.</param>
    /// <param name="seed">Everything random comes from it.</param>
    /// <param name="parallel">Recordings at a time.</param>
    /// <param name="progress">Sent how many of how many are done, or null.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="watch">Sent each recording's name and its world before it runs, or null; may be called from several threads.</param>
    /// <returns>The result.</returns>
    /// <exception cref="CodedErrorException">Files are missing or malformed.</exception>
    public static CuffEvaluationResult Run(
        string name, string data, ulong seed, int parallel, Action<int, int>? progress, CancellationToken stop, Action<string, SimulatedWorld>? watch = null) =>
        Run(name, Load(name, data), seed, parallel, progress, stop, watch);

    /// <summary>Plays and scores.</summary>
    /// <param name="name">The set's name.</param>
    /// <param name="records">The recordings.</param>
    /// <param name="seed">Everything random comes from it.</param>
    /// <param name="parallel">Recordings at a time.</param>
    /// <param name="progress">Sent how many of how many are done, or null.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="watch">Sent each recording's name and its world before it runs, or null; may be called from several threads.</param>
    /// <returns>The result.</returns>
    public static CuffEvaluationResult Run(
        string name, IReadOnlyList<CuffRecord> records, ulong seed, int parallel, Action<int, int>? progress, CancellationToken stop, Action<string, SimulatedWorld>? watch = null)
    {
        ArgumentNullException.ThrowIfNull(records);
        CuffRecordResult[] results = new CuffRecordResult[records.Count];
        int done = 0;
        Parallel.For(0, records.Count, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = stop }, i =>
        {
            results[i] = Play(records[i], seed, watch);
            progress?.Invoke(Interlocked.Increment(ref done), records.Count);
        });
        return new CuffEvaluationResult(name, results);
    }

    private static SortedDictionary<string, (double Systolic, double Diastolic)> References(string name, string folder, string[] paths)
    {
        SortedDictionary<string, (double, double)> references = new(StringComparer.Ordinal);
        if (name is Cuff20)
        {
            foreach (string path in paths)
            {
                // cuff_<nn>_<systolic>_<diastolic>
                string[] words = Path.GetFileNameWithoutExtension(path).Split('_');
                if (words.Length != 4 || !Number(words[2], out double systolic) || !Number(words[3], out double diastolic))
                {
                    throw new CodedErrorException(new CodedError(FaultCodes.RecordingReferenceMalformed, new ErrorPlace(path, 0, null), "the name is not cuff_<nn>_<systolic>_<diastolic>"));
                }

                references.Add(Path.GetFileNameWithoutExtension(path), (systolic, diastolic));
            }

            return references;
        }

        string file = Path.Combine(folder, "REFERENCE_glasgow.csv");
        IReadOnlyList<string> lines = RecordingSet.Lines(file);
        for (int i = 1; i < lines.Count; i++)
        {
            string[] fields = lines[i].Split(',');
            bool hasSystolic = Number(fields.Length < 5 ? string.Empty : fields[3], out double systolic);
            bool hasDiastolic = Number(fields.Length < 5 ? string.Empty : fields[4], out double diastolic);

            // What a method could not find is "nan" or empty; anything else is a mistake that would leave a record unscored without a word.
            if (fields.Length < 5 || (!hasSystolic && !IsAbsent(fields[3])) || (!hasDiastolic && !IsAbsent(fields[4])))
            {
                throw new CodedErrorException(new CodedError(FaultCodes.RecordingReferenceMalformed, new ErrorPlace(file, i + 1, null), "'" + RecordedText.Short(lines[i]) + "' has no base_sbp and base_dbp in columns 4 and 5"));
            }

            if (hasSystolic && hasDiastolic)
            {
                references[Path.GetFileNameWithoutExtension(fields[0])] = (systolic, diastolic);
            }
        }

        return references;
    }

    private static CuffRecordResult Play(CuffRecord record, ulong seed, Action<string, SimulatedWorld>? watch)
    {
        IReadOnlyList<long> micro = record.MicroMmHg;
        int peak = record.BeginIndex;
        long recordUs = RiseUs + (micro[peak] * 1_000_000 / RisePerSecond) + HoldUs;
        long endUs = recordUs + ((micro.Count - peak) * record.PeriodNs / 1000);
        long closeUs = endUs + AfterUs;
        bool let = false;
        long? Pressure(long us, bool held)
        {
            if (us < OpenUs)
            {
                return null; // the simulated cuff, for its self test
            }

            let |= us > RiseUs + 1_000_000 && !held;
            if (us < RiseUs || let)
            {
                return 0;
            }

            if (us < recordUs)
            {
                return Math.Min(micro[peak], (us - RiseUs) * RisePerSecond / 1_000_000);
            }

            long at = (us - recordUs) * 1000;
            int index = peak + (int)(at / record.PeriodNs);
            if (index + 1 < micro.Count)
            {
                return micro[index] + ((micro[index + 1] - micro[index]) * (at % record.PeriodNs / 1000) / (record.PeriodNs / 1000));
            }

            // A recording that ends above the pod's own end of a deflation goes on falling at the wanted rate.
            return Math.Max(0, micro[^1] - ((us - endUs) * 3));
        }

        ScenarioDefinition definition = new()
        {
            Name = "evaluate",
            Summary = record.Name,
            DurationUs = closeUs + EvaluationRun.DrainUs,
            Carts =
            [
                new CartDefinition
                {
                    Id = "cart-a",
                    Pods =
                    [
                        new PodDefinition
                        {
                            Id = "bedside",
                            DeviceId = 0x02a1b2fffe0000f2,
                            DriftPpb = 8000,
                            SendsHealth = false,
                            Chips = [PodPart.Mprls0300],
                            PluggedAtStart = [PodPart.Mprls0300],
                            CuffPressure = Pressure,
                            CuffTargetCentiMmHg = (int)(micro[peak] / 10_000) - BelowPeakCentiMmHg,
                            CuffRepeats = 0,
                        },
                    ],
                    Sessions = [new SessionDefinition("S1", 1_000_000, closeUs)],
                    Subscribers = [new SubscriberDefinition { Id = "doctor", Session = "S1" }],
                },
            ],
            Timeline =
            [
                new TimelineEvent(2_000_000, ScenarioFaults.Named("test-cuff"), 0, 0, PodPart.Mprls0300, long.MaxValue, 0),
                new TimelineEvent(OpenUs, ScenarioFaults.Named("cuff-off"), 0, 0, PodPart.Mprls0300, long.MaxValue, 0), // the recording takes the simulated cuff's place
                new TimelineEvent(OpenUs, ScenarioFaults.Named("set-patient"), 0, 0, PodPart.Mprls0300, long.MaxValue, 0),
                new TimelineEvent(StartUs, ScenarioFaults.Named("start-cuff"), 0, 0, PodPart.Mprls0300, long.MaxValue, 0),
            ],
            Expect = new Expectations { MinDelivered = 0 },
        };
        using SimulatedWorld world = new(definition, seed, traced: false);
        watch?.Invoke(record.Name, world);
        SortedDictionary<uint, (double? Value, string? Absent, string? Flags)> last = [];
        world.Carts[0].Subscribers[0].Received += (in Delivery delivery) =>
        {
            if (delivery.Class is not "vital")
            {
                return;
            }

            using JsonDocument document = JsonDocument.Parse(delivery.Payload);
            JsonElement value = document.RootElement.GetProperty("value");
            last[document.RootElement.GetProperty("code").GetProperty("mdc").GetUInt32()] =
                (value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null, document.RootElement.GetProperty("absent").GetString(), ConfidentlyWrong.Flags(document.RootElement));
        };
        world.Run();
        last.TryGetValue(MdcCodes.NoninvasiveSystolic, out (double? Value, string? Absent, string? Flags) systolic);
        last.TryGetValue(MdcCodes.NoninvasiveDiastolic, out (double? Value, string? Absent, string? Flags) diastolic);
        last.TryGetValue(MdcCodes.NoninvasivePulseRate, out (double? Value, string? Absent, string? Flags) pulse);
        return new CuffRecordResult
        {
            Record = record.Name,
            Systolic = systolic.Value,
            Diastolic = diastolic.Value,
            Pulse = pulse.Value,
            SystolicReference = record.SystolicReference,
            DiastolicReference = record.DiastolicReference,
            Reason = systolic.Absent ?? (systolic.Value is null ? "nothing received" : null),
            Flags = systolic.Value is null ? null : systolic.Flags,
        };
    }

    private static bool IsAbsent(string text) => string.IsNullOrWhiteSpace(text) || string.Equals(text.Trim(), "nan", StringComparison.OrdinalIgnoreCase);

    private static long[] Samples(string path)
    {
        IReadOnlyList<string> lines = RecordingSet.Lines(path);
        if (lines.Count == 0 || !lines[0].StartsWith("mmhg_x100", StringComparison.Ordinal))
        {
            throw new CodedErrorException(new CodedError(
                FaultCodes.RecordingFormatUnknown, new ErrorPlace(path, 1, null), $"the heading is '{RecordedText.Short(lines.Count == 0 ? string.Empty : lines[0])}', not 'mmhg_x100'"));
        }

        if (lines.Count < MinLines)
        {
            throw new CodedErrorException(new CodedError(
                FaultCodes.RecordingUnusable, new ErrorPlace(path, 0, null), $"it has {lines.Count - 1} pressures, and 5 s at 200 Hz are {MinLines - 1} or more"));
        }

        long[] micro = new long[lines.Count - 1];
        for (int i = 1; i < lines.Count; i++)
        {
            if (!Number(lines[i], out double centi) || centi is < -2000 or > 30_000)
            {
                throw new CodedErrorException(new CodedError(
                    FaultCodes.RecordingRowMalformed, new ErrorPlace(path, i + 1, null), "'" + RecordedText.Short(lines[i]) + "' is no pressure of -20 to 300 mmHg in hundredths, -2000 to 30000: cut the line out or put in what its neighbours are"));
            }

            micro[i - 1] = (long)Math.Floor(centi * 10_000);
        }

        return micro;
    }

    private static bool Number(string text, out double value) => RecordedText.TryNumber(text, out value);
}
