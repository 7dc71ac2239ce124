using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Firmware.Protocol;
using Firmware.Signals.Optical;

namespace Simulators.Cart.Evaluation;

/// <summary>What came out of a set. A member is null where the set cannot say it, or where too little was received to say it.</summary>
public sealed record PulseMetrics
{
    /// <summary>Mean absolute error of the pulse rate with the publishing threshold at 0, beats per minute; null below 0.97 coverage.</summary>
    public double? PulseMaeBpm { get; init; }

    /// <summary>Median of the same.</summary>
    public double? PulseMedianBpm { get; init; }

    /// <summary>Share of windows with a pulse rate, threshold 0.</summary>
    public double? PulseCoverage { get; init; }

    /// <summary>Mean absolute error of the pulse rate as shipped, beats per minute.</summary>
    public double? PulseGatedMaeBpm { get; init; }

    /// <summary>Share of windows with a pulse rate, as shipped.</summary>
    public double? PulseGatedCoverage { get; init; }

    /// <summary>F1 of beats over all recordings together.</summary>
    public double? BeatF1 { get; init; }

    /// <summary>Root mean square error of SpO2 with the default curve, percentage points.</summary>
    public double? SaturationArmsDefault { get; init; }

    /// <summary>The same with the curve fitted to the other recordings.</summary>
    public double? SaturationArmsFitted { get; init; }

    /// <summary>Share of recordings with an SpO2.</summary>
    public double? SaturationCoverage { get; init; }
}

/// <summary>What came out of one recording.</summary>
public sealed record PulseRecordResult
{
    /// <summary>Its name.</summary>
    public required string Record { get; init; }

    /// <summary>Windows with a reference; null where the set has none.</summary>
    public int? Windows { get; init; }

    /// <summary>Share of them with a pulse rate, threshold 0.</summary>
    public double? Coverage { get; init; }

    /// <summary>Mean absolute error, threshold 0, beats per minute.</summary>
    public double? PulseMaeBpm { get; init; }

    /// <summary>F1 of its beats.</summary>
    public double? BeatF1 { get; init; }

    /// <summary>SpO2 with the default curve, %.</summary>
    public double? Saturation { get; init; }

    /// <summary>SpO2 of the reference, %.</summary>
    public double? SaturationReference { get; init; }

    /// <summary>R.</summary>
    public double? Ratio { get; init; }

    /// <summary>The reason stated most often, as shipped, for a pulse rate or SpO2 that was absent; null when none was.</summary>
    public string? Reason { get; init; }
}

/// <summary>A metric's bound.</summary>
/// <param name="Metric">Its name in JSON.</param>
/// <param name="Bound">The bound.</param>
/// <param name="AtMost">True when the metric must not be above it, false when it must not be below it.</param>
public readonly record struct PulseTarget(string Metric, double Bound, bool AtMost)
{
    /// <summary>True when a value meets it; an unknown value does not.</summary>
    /// <param name="value">The value.</param>
    /// <returns>Whether it does.</returns>
    public bool IsMet(double? value) => value is double known && (AtMost ? known <= Bound : known >= Bound);
}

/// <summary>A whole evaluation.</summary>
/// <param name="Set">The set's name.</param>
/// <param name="Metrics">Over all recordings.</param>
/// <param name="Records">Per recording, in order of name.</param>
public sealed record PulseEvaluationResult(string Set, PulseMetrics Metrics, IReadOnlyList<PulseRecordResult> Records)
{
    /// <summary>Every published value that has a reference, as shipped.</summary>
    public IReadOnlyList<Judgement> Judgements { get; init; } = [];

    /// <summary>How many of them are wrong, by kind.</summary>
    public IReadOnlyList<WrongCount> Wrong { get; init; } = [];

    /// <summary>The metrics by their names in JSON, in order.</summary>
    public IReadOnlyList<(string Name, double? Value)> Named =>
    [
        ("pulse_mae_bpm", Metrics.PulseMaeBpm),
        ("pulse_median_bpm", Metrics.PulseMedianBpm),
        ("pulse_coverage", Metrics.PulseCoverage),
        ("pulse_gated_mae_bpm", Metrics.PulseGatedMaeBpm),
        ("pulse_gated_coverage", Metrics.PulseGatedCoverage),
        ("beat_f1", Metrics.BeatF1),
        ("spo2_arms_default", Metrics.SaturationArmsDefault),
        ("spo2_arms_fitted", Metrics.SaturationArmsFitted),
        ("spo2_coverage", Metrics.SaturationCoverage),
    ];

    /// <summary>The set's targets.</summary>
    public IReadOnlyList<PulseTarget> Targets => Set is RecordingSet.Bidmc
        ?
        [
            new("pulse_mae_bpm", 1.2, true), new("pulse_coverage", PulseEvaluation.MinCoverage, false), new("pulse_gated_mae_bpm", 1.0, true),
            new("pulse_gated_coverage", 0.85, false), new("beat_f1", 0.98, false),
        ]
        : [new("spo2_arms_default", 4.0, true), new("spo2_arms_fitted", 3.8, true), new("spo2_coverage", 0.85, false)];

    /// <summary>True when every target is met.</summary>
    public bool IsMet => Targets.All(t => t.IsMet(Named.First(n => string.Equals(n.Name, t.Metric, StringComparison.Ordinal)).Value));
}

/// <summary>Plays a set and scores what the session's subscriber received.</summary>
public static class PulseEvaluation
{
    /// <summary>Below this share of windows an error at threshold 0 is not stated: it would be of the easy windows alone.</summary>
    public const double MinCoverage = 0.97;

    /// <summary>Evaluates a set. Recordings are played beside each other, each in a world of its own, so the result does not depend on how many.</summary>
    /// <param name="set">The set.</param>
    /// <param name="seed">Everything random comes from it.</param>
    /// <param name="parallel">How many at a time, at least 1.</param>
    /// <param name="progress">Sent how many of how many plays are done; may be called from several threads.</param>
    /// <param name="stop">Ends it early.</param>
    /// <param name="calibrated">The same set as it was recorded, to which SpO2's curves are fitted when <paramref name="set"/> is perturbed: a part is calibrated at rest. Null for the set itself.</param>
    /// <returns>The result.</returns>
    public static PulseEvaluationResult Run(RecordingSet set, ulong seed, int parallel, Action<int, int>? progress, CancellationToken stop, RecordingSet? calibrated = null)
    {
        int plays = set.Records.Count * (calibrated is null || set.Name is RecordingSet.Bidmc ? 2 : 3);
        int done = 0;
        ReceivedRecord[] first = new ReceivedRecord[set.Records.Count];
        ReceivedRecord[] second = new ReceivedRecord[set.Records.Count];
        void Each(Action<int> play)
        {
            ParallelOptions options = new() { MaxDegreeOfParallelism = parallel, CancellationToken = stop };
            Parallel.For(0, set.Records.Count, options, i =>
            {
                play(i);
                progress?.Invoke(Interlocked.Increment(ref done), plays);
            });
        }

        if (set.Name is RecordingSet.Bidmc)
        {
            Each(i => first[i] = EvaluationRun.Play(set.Records[i], seed, minQuality: 0));
            Each(i => second[i] = EvaluationRun.Play(set.Records[i], seed));
            return ScoreBidmc(set, first, second);
        }

        Each(i => first[i] = EvaluationRun.Play(set.Records[i], seed));
        ReceivedRecord[] calm = first;
        if (calibrated is not null)
        {
            calm = new ReceivedRecord[set.Records.Count];
            Each(i => calm[i] = EvaluationRun.Play(calibrated.Records[i], seed));
        }

        IReadOnlyList<SaturationCurve?> fits = Fits(calibrated ?? set, calm);
        Each(i => second[i] = fits[i] is { } curve ? EvaluationRun.Play(set.Records[i], seed, curve: curve) : first[i]);
        return ScoreOxiwear(set, first, second);
    }

    /// <summary>Scores a set with pulse and beats.</summary>
    /// <param name="set">The references.</param>
    /// <param name="open">Received with the publishing threshold at 0.</param>
    /// <param name="shipped">Received as shipped.</param>
    /// <returns>The result.</returns>
    public static PulseEvaluationResult ScoreBidmc(RecordingSet set, IReadOnlyList<ReceivedRecord> open, IReadOnlyList<ReceivedRecord> shipped)
    {
        List<PulseRecordResult> records = [];
        List<double> errors = [];
        List<double> gated = [];
        int windows = 0;
        double matched = 0;
        long beats = 0;
        (IReadOnlyList<Judgement> judgements, IReadOnlyList<WrongCount> counts) = PulseWrong(set, shipped);
        for (int i = 0; i < set.Records.Count; i++)
        {
            ReferenceRecord record = set.Records[i];
            List<double> own = PulseScore.PulseErrors(record, open[i]);
            errors.AddRange(own);
            gated.AddRange(PulseScore.PulseErrors(record, shipped[i]));
            windows += record.Windows.Count;
            double f1 = PulseScore.BeatF1(record.BeatSeconds, open[i].BeatSeconds);
            int both = record.BeatSeconds.Count + open[i].BeatSeconds.Count;
            matched += f1 * both;
            beats += both;
            records.Add(new PulseRecordResult
            {
                Record = record.Name,
                Windows = record.Windows.Count,
                Coverage = Share(own.Count, record.Windows.Count),
                PulseMaeBpm = own.Count == 0 ? null : own.Average(),
                BeatF1 = f1,
                Reason = PulseScore.CommonReason(shipped[i], MdcCodes.PulseRate),
            });
        }

        double? coverage = Share(errors.Count, windows);
        return new PulseEvaluationResult(set.Name, new PulseMetrics
        {
            PulseMaeBpm = coverage >= MinCoverage ? errors.Average() : null,
            PulseMedianBpm = coverage >= MinCoverage ? PulseScore.Median(errors) : null,
            PulseCoverage = coverage,
            PulseGatedMaeBpm = gated.Count == 0 ? null : gated.Average(),
            PulseGatedCoverage = Share(gated.Count, windows),
            BeatF1 = beats == 0 ? null : matched / beats,
        }, records)
        {
            Judgements = judgements,
            Wrong = counts,
        };
    }

    /// <summary>Scores a set with saturations.</summary>
    /// <param name="set">The references.</param>
    /// <param name="standard">Received with the default curve.</param>
    /// <param name="fitted">Received with the curve fitted to the other recordings.</param>
    /// <returns>The result.</returns>
    public static PulseEvaluationResult ScoreOxiwear(RecordingSet set, IReadOnlyList<ReceivedRecord> standard, IReadOnlyList<ReceivedRecord> fitted)
    {
        List<PulseRecordResult> records = [];
        List<double> errors = [];
        List<double> fittedErrors = [];
        (IReadOnlyList<Judgement> judgements, IReadOnlyList<WrongCount> counts) = SaturationWrong(set, standard, fitted);
        for (int i = 0; i < set.Records.Count; i++)
        {
            ReferenceRecord record = set.Records[i];
            (double Saturation, double Ratio)? value = PulseScore.SaturationOf(record, standard[i]);
            if (value is not null)
            {
                errors.Add(value.Value.Saturation - record.Saturation!.Value);
            }

            if (PulseScore.SaturationOf(record, fitted[i]) is (double Saturation, double Ratio) own)
            {
                fittedErrors.Add(own.Saturation - record.Saturation!.Value);
            }

            records.Add(new PulseRecordResult
            {
                Record = record.Name,
                Saturation = value?.Saturation,
                SaturationReference = record.Saturation,
                Ratio = value?.Ratio,
                Reason = PulseScore.CommonReason(standard[i], MdcCodes.OxygenSaturation),
            });
        }

        return new PulseEvaluationResult(set.Name, new PulseMetrics
        {
            SaturationArmsDefault = errors.Count == 0 ? null : PulseScore.Arms(errors),
            SaturationArmsFitted = fittedErrors.Count == 0 ? null : PulseScore.Arms(fittedErrors),
            SaturationCoverage = Share(errors.Count, set.Records.Count),
        }, records)
        {
            Judgements = judgements,
            Wrong = counts,
        };
    }

    /// <summary>Judges the pulse rates of a set.</summary>
    /// <param name="set">The references.</param>
    /// <param name="shipped">Received as shipped.</param>
    /// <returns>Every published value, and how many are wrong.</returns>
    public static (IReadOnlyList<Judgement> Judgements, IReadOnlyList<WrongCount> Counts) PulseWrong(RecordingSet set, IReadOnlyList<ReceivedRecord> shipped)
    {
        List<Judgement> judgements = [.. set.Records.SelectMany((record, i) => ConfidentlyWrong.OfPulse(record, shipped[i]))];
        return (judgements, [ConfidentlyWrong.Count(ConfidentlyWrong.Pulse, judgements, set.Records.Sum(r => r.Windows.Count))]);
    }

    /// <summary>Judges the saturations of a set.</summary>
    /// <param name="set">The references.</param>
    /// <param name="standard">Received with the default curve.</param>
    /// <param name="fitted">Received with the curve fitted to the other recordings.</param>
    /// <returns>Every published value, and how many are wrong.</returns>
    public static (IReadOnlyList<Judgement> Judgements, IReadOnlyList<WrongCount> Counts) SaturationWrong(
        RecordingSet set, IReadOnlyList<ReceivedRecord> standard, IReadOnlyList<ReceivedRecord> fitted)
    {
        List<Judgement> judgements =
        [
            .. set.Records.SelectMany((record, i) => ConfidentlyWrong.OfSaturation(ConfidentlyWrong.SaturationDefault, record, standard[i])),
            .. set.Records.SelectMany((record, i) => ConfidentlyWrong.OfSaturation(ConfidentlyWrong.SaturationFitted, record, fitted[i])),
        ];
        int references = set.Records.Count(r => r.Saturation is not null);
        return (
            judgements,
            [
                ConfidentlyWrong.Count(ConfidentlyWrong.SaturationDefault, judgements, references),
                ConfidentlyWrong.Count(ConfidentlyWrong.SaturationFitted, judgements, references),
            ]);
    }

    /// <summary>The curves of a set's recordings, each fitted to all others.</summary>
    /// <param name="set">The references.</param>
    /// <param name="received">Received of it.</param>
    /// <returns>One for each recording; null where fewer than three others have an R.</returns>
    public static IReadOnlyList<SaturationCurve?> Fits(RecordingSet set, IReadOnlyList<ReceivedRecord> received)
    {
        List<SaturationCurve?> fits = [];
        for (int leftOut = 0; leftOut < received.Count; leftOut++)
        {
            List<(double Ratio, double Saturation)> others = [];
            for (int i = 0; i < received.Count; i++)
            {
                if (i != leftOut && PulseScore.SaturationOf(set.Records[i], received[i]) is (double Saturation, double Ratio) value)
                {
                    others.Add((value.Ratio, set.Records[i].Saturation!.Value));
                }
            }

            fits.Add(others.Count < 3 ? null : PulseScore.Fit(others));
        }

        return fits;
    }

    private static double? Share(int part, int whole) => whole == 0 ? null : (double)part / whole;
}
