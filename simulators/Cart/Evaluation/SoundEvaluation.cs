using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Sound;
using EdgeGateway.Faults;
using Simulators.Cart.World;
using Simulators.Patient;

namespace Simulators.Cart.Evaluation;

/// <summary>How many marks agree with the reference.</summary>
/// <param name="Matched">Marks with a reference within the tolerance, each used once.</param>
/// <param name="Found">Marks.</param>
/// <param name="Expected">References.</param>
public readonly record struct MarkScore(int Matched, int Found, int Expected)
{
    /// <summary>2 x matched / (found + expected), 0 to 1; null when there is neither.</summary>
    public double? F1 => Found + Expected == 0 ? null : 2.0 * Matched / (Found + Expected);

    /// <summary>Adds two.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>The sum.</returns>
    public static MarkScore operator +(MarkScore left, MarkScore right) =>
        new(left.Matched + right.Matched, left.Found + right.Found, left.Expected + right.Expected);

    /// <summary>Adds two.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>The sum.</returns>
    public static MarkScore Add(MarkScore left, MarkScore right) => left + right;

    /// <summary>Matches marks with references in order of time, each once.</summary>
    /// <param name="found">Marks, s, ascending.</param>
    /// <param name="expected">References, s, ascending.</param>
    /// <param name="toleranceSeconds">Largest distance, s.</param>
    /// <returns>The score.</returns>
    public static MarkScore Of(IReadOnlyList<double> found, IReadOnlyList<double> expected, double toleranceSeconds)
    {
        int matched = 0;
        for (int i = 0, k = 0; i < found.Count && k < expected.Count;)
        {
            if (Math.Abs(found[i] - expected[k]) <= toleranceSeconds)
            {
                matched++;
                i++;
                k++;
            }
            else if (found[i] < expected[k])
            {
                i++;
            }
            else
            {
                k++;
            }
        }

        return new MarkScore(matched, found.Count, expected.Count);
    }
}

/// <summary>What came of one recording of sound, or of one filter.</summary>
public sealed record SoundRecordResult
{
    /// <summary>Its name.</summary>
    public required string Record { get; init; }

    /// <summary>The verdict about the recording; null for a filter.</summary>
    public RecordingVerdict? Verdict { get; init; }

    /// <summary>Quality, 0 to 100; null for a filter.</summary>
    public int? Quality { get; init; }

    /// <summary>Rate, 1/min; null when none was given.</summary>
    public double? HeartRate { get; init; }

    /// <summary>The other estimator's rate, 1/min; null where there is none.</summary>
    public double? HeartRateReference { get; init; }

    /// <summary>Whether that is a fair reference; null where the set says nothing.</summary>
    public bool? IsConsistent { get; init; }

    /// <summary>The rate that is right, 1/min; null where nobody knows.</summary>
    public double? TrueRate { get; init; }

    /// <summary>First and second sounds alike; null where the set has no marks.</summary>
    public MarkScore? AnySound { get; init; }

    /// <summary>First sounds; null where the set has no marks.</summary>
    public MarkScore? S1 { get; init; }

    /// <summary>Second sounds; null where the set has no marks.</summary>
    public MarkScore? S2 { get; init; }

    /// <summary>Largest error of a filter, dB; null for a recording.</summary>
    public double? FilterErrorDb { get; init; }

    /// <summary>False when it is printed and not scored.</summary>
    public bool IsScored { get; init; } = true;
}

/// <summary>A whole evaluation of sound.</summary>
/// <param name="Set">The set's name.</param>
/// <param name="Records">Per recording, in order of name.</param>
public sealed record SoundEvaluationResult(string Set, IReadOnlyList<SoundRecordResult> Records)
{
    /// <summary>Largest difference of rates that agree, 1/min.</summary>
    public const double AgreementPerMinute = 5;

    /// <summary>The metrics by their names in JSON, in order; null where the set has none.</summary>
    public IReadOnlyList<(string Name, double? Value)> Named
    {
        get
        {
            List<SoundRecordResult> fair = [.. Records.Where(r => r.IsConsistent == true)];
            List<SoundRecordResult> low = [.. Records.Where(r => r.IsConsistent == false)];
            return
            [
                ("any_sound_f1", Sum(r => r.AnySound)), ("s1_f1", Sum(r => r.S1)), ("s2_f1", Sum(r => r.S2)),
                ("heart_rate_within_5bpm", Share(fair, r => r is { HeartRate: { } rate, HeartRateReference: { } reference } && Math.Abs(rate - reference) <= AgreementPerMinute)),
                ("low_quality_flagged", Share(low, r => r.Verdict != RecordingVerdict.Good)),
                ("good_flagged", Share(fair, r => r.Verdict != RecordingVerdict.Good)),
                ("filter_max_error_db", Records.Max(r => r.FilterErrorDb)),
            ];
        }
    }

    /// <summary>Every published rate that has a fair reference.</summary>
    public IReadOnlyList<Judgement> Judgements => [.. Records.SelectMany(ConfidentlyWrong.OfHeartRate)];

    /// <summary>How many of them are wrong.</summary>
    public IReadOnlyList<WrongCount> Wrong => [ConfidentlyWrong.Count(ConfidentlyWrong.HeartRate, Judgements, Records.Count(r => r.TrueRate is not null))];

    /// <summary>The set's targets.</summary>
    public IReadOnlyList<PulseTarget> Targets => Set switch
    {
        SoundSet.Circor => [new("any_sound_f1", 0.95, false)],
        SoundSet.Springer => [new("s1_f1", 0.95, false), new("s2_f1", 0.95, false)],
        SoundSet.Pn2016 => [new("heart_rate_within_5bpm", 0.9, false), new("low_quality_flagged", 0.7, false), new("good_flagged", 0.1, true)],
        _ => [new("filter_max_error_db", 0.05, true)],
    };

    /// <summary>True when every target is met.</summary>
    public bool IsMet => Targets.All(t => t.IsMet(Named.First(n => string.Equals(n.Name, t.Metric, StringComparison.Ordinal)).Value));

    private static double? Share(List<SoundRecordResult> records, Func<SoundRecordResult, bool> isOne) =>
        records.Count == 0 ? null : records.Count(isOne) / (double)records.Count;

    private double? Sum(Func<SoundRecordResult, MarkScore?> of)
    {
        MarkScore sum = default;
        foreach (SoundRecordResult record in Records)
        {
            sum += record.IsScored && of(record) is { } score ? score : default;
        }

        return sum.F1;
    }
}

/// <summary>Plays recorded heart sounds through <see cref="SoundPath"/> and scores what the gateway says of them, and compares the listener's filters with a reference response.</summary>
public static class SoundEvaluation
{
    /// <summary>The listener's filters.</summary>
    public const string Filters = "filters";

    /// <summary>How far a mark may be from an expert's label, s.</summary>
    public const double LabelToleranceSeconds = 0.06;

    /// <summary>How far a mark may be from what the ECG lets expect, s.</summary>
    public const double EcgToleranceSeconds = 0.1;

    /// <summary>Where the reference is below this, nothing is compared, dB.</summary>
    public const double MinReferenceDb = -40;

    /// <summary>Rate of the reference response, samples per second.</summary>
    public const int FilterRateHz = 4000;

    /// <summary>The sets that are known.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. SoundSet.Names, Filters];

    /// <summary>Reads a set, plays and scores it.</summary>
    /// <param name="name">The set.</param>
    /// <param name="data">The folder that holds the sets' folders.</param>
    /// <param name="parallel">Recordings at a time.</param>
    /// <param name="progress">Sent how many of how many are done, or null.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="watch">Sent each recording's name and its world before it runs, or null; may be called from several threads.</param>
    /// <returns>The result.</returns>
    /// <exception cref="CodedErrorException">Files are missing or malformed.</exception>
    public static SoundEvaluationResult Run(
        string name, string data, int parallel, Action<int, int>? progress, CancellationToken stop, Action<string, SimulatedWorld>? watch = null) => name is Filters
        ? new SoundEvaluationResult(name, FilterErrors(Path.Combine(data, name, "response_db_fs4000.csv")))
        : Run(name, SoundSet.Load(name, data), parallel, progress, stop, watch);

    /// <summary>Plays and scores.</summary>
    /// <param name="name">The set's name.</param>
    /// <param name="records">The recordings.</param>
    /// <param name="parallel">Recordings at a time.</param>
    /// <param name="progress">Sent how many of how many are done, or null.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="watch">Sent each recording's name and its world before it runs, or null; may be called from several threads.</param>
    /// <returns>The result.</returns>
    public static SoundEvaluationResult Run(
        string name, IReadOnlyList<SoundRecord> records, int parallel, Action<int, int>? progress, CancellationToken stop, Action<string, SimulatedWorld>? watch = null)
    {
        ArgumentNullException.ThrowIfNull(records);
        SoundRecordResult[] results = new SoundRecordResult[records.Count];
        int done = 0;
        Parallel.For(0, records.Count, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = stop }, i =>
        {
            results[i] = Score(records[i], SoundPath.Play(records[i], watch: watch), name is SoundSet.Circor ? LabelToleranceSeconds : EcgToleranceSeconds);
            progress?.Invoke(Interlocked.Increment(ref done), records.Count);
        });
        return new SoundEvaluationResult(name, results);
    }

    /// <summary>Scores what was said of one recording.</summary>
    /// <param name="record">The recording.</param>
    /// <param name="result">What was said.</param>
    /// <param name="toleranceSeconds">How far a mark may be from its reference.</param>
    /// <returns>The scores.</returns>
    public static SoundRecordResult Score(SoundRecord record, AuscultationResult result, double toleranceSeconds)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(result);
        MarkScore? Marks(HeartSoundKind? kind) => record.Sounds.Count == 0 ? null : MarkScore.Of(
            [.. result.Sounds.Where(s => (kind is null || s.Kind == kind) && IsLabelled(record, s.Seconds)).Select(s => s.Seconds)],
            [.. record.Sounds.Where(s => kind is null || s.Kind == kind).Select(s => s.Seconds)],
            toleranceSeconds);
        return new SoundRecordResult
        {
            Record = record.Name,
            Verdict = result.Verdict,
            Quality = result.Quality,
            HeartRate = result.HeartRatePerMinute,
            HeartRateReference = record.RatePerMinute,
            IsConsistent = record.IsConsistent,
            TrueRate = record.TrueRate,
            AnySound = Marks(null),
            S1 = Marks(HeartSoundKind.S1),
            S2 = Marks(HeartSoundKind.S2),
            IsScored = record.IsScored,
        };
    }

    private static bool IsLabelled(SoundRecord record, double seconds)
    {
        foreach ((double from, double to) in record.Labelled ?? [(0, double.PositiveInfinity)])
        {
            if (seconds >= from && seconds < to)
            {
                return true;
            }
        }

        return false;
    }

    private static List<SoundRecordResult> FilterErrors(string path)
    {
        string[] lines = SoundSet.Lines(path);
        string[] heading = lines.Length > 0 ? lines[0].Split(',') : [];
        List<SoundRecordResult> results = [];
        for (int i = 1; i < lines.Length; i++)
        {
            string[] fields = lines[i].Split(',', StringSplitOptions.TrimEntries);
            if (fields.Length != heading.Length || !SoundWords.TryFind(fields[0], out ListeningMode mode) || mode == ListeningMode.Raw)
            {
                // The file also holds a filter that is not the listener's.
                if (fields.Length != heading.Length)
                {
                    throw SoundSet.Malformed(path, i + 1, "'" + RecordedText.Short(lines[i]) + "' has not as many fields as the heading");
                }

                continue;
            }

            SoundFilter filter = SoundFilter.For(mode, FilterRateHz)!;
            double worst = 0;
            for (int k = 1; k < fields.Length; k++)
            {
                if (!SoundSet.Number(heading[k], out double hz) || !SoundSet.Number(fields[k], out double reference))
                {
                    throw SoundSet.Malformed(path, i + 1, "'" + fields[k] + "' at '" + heading[k] + "' Hz is no number");
                }

                worst = reference > MinReferenceDb ? Math.Max(worst, Math.Abs(filter.GainDb(hz) - reference)) : worst;
            }

            results.Add(new SoundRecordResult { Record = fields[0], FilterErrorDb = worst });
        }

        return results.Count > 0 ? results : throw SoundSet.Malformed(path, 1, "it holds none of the listener's filters");
    }
}
