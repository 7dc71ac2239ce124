using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;

namespace Simulators.Cart.Evaluation;

/// <summary>One published value beside its reference.</summary>
/// <param name="Kind">What it is: one of the names of <see cref="ConfidentlyWrong"/>.</param>
/// <param name="Record">The recording.</param>
/// <param name="Seconds">Where in the recording its window began, s; null for a value of the whole recording.</param>
/// <param name="Value">What was published.</param>
/// <param name="Reference">What is right; null where no value may be published at all.</param>
/// <param name="IsWrong">True when it is further off than the kind allows.</param>
/// <param name="Flags">Words of doubt that were published with it, with spaces between; null for none.</param>
public sealed record Judgement(string Kind, string Record, double? Seconds, double Value, double? Reference, bool IsWrong, string? Flags)
{
    /// <summary>True when the value is above its reference, or when there is none.</summary>
    public bool IsHigh => Reference is not { } reference || Value > reference;
}

/// <summary>How many published values of a kind are wrong.</summary>
/// <param name="Kind">What they are.</param>
/// <param name="Wrong">Wrong ones, whatever flags they have.</param>
/// <param name="Of">Published ones that have a reference.</param>
/// <param name="Coverage">Share of the references (windows, recordings) that have a published value; null when there is no reference.</param>
/// <param name="High">Wrong ones above their reference.</param>
/// <param name="Low">Wrong ones below their reference.</param>
/// <param name="Flagged">Wrong ones that say so themselves by a flag.</param>
public sealed record WrongCount(string Kind, int Wrong, int Of, double? Coverage, int High, int Low, int Flagged);

/// <summary>
/// Published values that are wrong with confidence: a pulse rate more than 10 /min off its window's; the median SpO2 of a recording more than 5 points off; a systolic
/// or diastolic pressure more than 15 mmHg off; a heart rate more than 10 /min or 20 % off. Pure functions.
/// </summary>
public static class ConfidentlyWrong
{
    /// <summary>Pulse rates by light.</summary>
    public const string Pulse = "pulse";

    /// <summary>SpO2 with the default curve.</summary>
    public const string SaturationDefault = "spo2_default";

    /// <summary>SpO2 with the curve fitted to the other recordings.</summary>
    public const string SaturationFitted = "spo2_fitted";

    /// <summary>Blood pressures: a pair is wrong when either pressure is.</summary>
    public const string BloodPressure = "blood_pressure";

    /// <summary>Heart rates by sound.</summary>
    public const string HeartRate = "heart_rate";

    /// <summary>Largest error of a pulse rate that is not wrong, 1/min.</summary>
    public const double MaxPulseError = 10;

    /// <summary>Largest error of an SpO2 that is not wrong, percentage points.</summary>
    public const double MaxSaturationError = 5;

    /// <summary>Largest error of a pressure that is not wrong, mmHg.</summary>
    public const double MaxPressureError = 15;

    /// <summary>Largest error of a heart rate that is not wrong, 1/min.</summary>
    public const double MaxHeartRateError = 10;

    /// <summary>The same as a share of the reference.</summary>
    public const double MaxHeartRateShare = 0.2;

    // Where a value comes from, and that it was measured again, is no doubt about it.
    private static readonly string[] NoDoubt = ["test", "simulated", "injected", "predicted", "manual", "fromStorage", "repeated"];

    /// <summary>The words of doubt in a published message: those of <c>status</c> and of <c>flags</c>, less those that only say where it comes from.</summary>
    /// <param name="message">A vital as the subscriber received it.</param>
    /// <returns>The words in their order with spaces between, or null for none.</returns>
    public static string? Flags(JsonElement message)
    {
        List<string> words = [];
        foreach (string member in (ReadOnlySpan<string>)["status", "flags"])
        {
            if (message.TryGetProperty(member, out JsonElement list) && list.ValueKind == JsonValueKind.Array)
            {
                words.AddRange(list.EnumerateArray().Select(e => e.GetString() ?? string.Empty).Where(w => w.Length > 0 && !NoDoubt.Contains(w, StringComparer.Ordinal)));
            }
        }

        return words.Count == 0 ? null : string.Join(' ', words);
    }

    /// <summary>Judges the pulse rates of a recording, window by window.</summary>
    /// <param name="record">The references.</param>
    /// <param name="received">What was received as shipped.</param>
    /// <returns>One for each window with a published value.</returns>
    public static IEnumerable<Judgement> OfPulse(ReferenceRecord record, ReceivedRecord received)
    {
        foreach (ReferenceWindow window in record.Windows)
        {
            if (PulseScore.VitalOf(received, window) is { Value: double value } vital)
            {
                yield return new Judgement(
                    Pulse, record.Name, window.StartSeconds, value, window.HeartRateBpm, Math.Abs(value - window.HeartRateBpm) > MaxPulseError, vital.Flags);
            }
        }
    }

    /// <summary>Judges the SpO2 of a recording by its median. Its flags are those that each of its values has.</summary>
    /// <param name="kind"><see cref="SaturationDefault"/> or <see cref="SaturationFitted"/>.</param>
    /// <param name="record">The references.</param>
    /// <param name="received">What was received.</param>
    /// <returns>One, or none where there is no value or no reference.</returns>
    public static IEnumerable<Judgement> OfSaturation(string kind, ReferenceRecord record, ReceivedRecord received)
    {
        if (record.Saturation is not { } reference || PulseScore.SaturationOf(record, received) is not (double Saturation, double Ratio) value)
        {
            yield break;
        }

        string[] common = PulseScore.SaturationsOf(record, received)
            .Select(v => v.Flags?.Split(' ') ?? [])
            .Aggregate((all, own) => [.. all.Intersect(own, StringComparer.Ordinal)]);
        yield return new Judgement(
            kind, record.Name, null, value.Saturation, reference, Math.Abs(value.Saturation - reference) > MaxSaturationError, common.Length == 0 ? null : string.Join(' ', common));
    }

    /// <summary>Judges the blood pressure of a recording. It stands by the pressure that is further off.</summary>
    /// <param name="record">What came of it.</param>
    /// <returns>One, or none where there is no value, or no reference and no rule that there must be none.</returns>
    public static IEnumerable<Judgement> OfPressure(CuffRecordResult record)
    {
        if (record is not { Systolic: { } systolic, Diastolic: { } diastolic })
        {
            yield break;
        }

        if (record is { SystolicReference: { } systolicReference, DiastolicReference: { } diastolicReference })
        {
            bool bySystolic = Math.Abs(systolic - systolicReference) >= Math.Abs(diastolic - diastolicReference);
            (double value, double reference) = bySystolic ? (systolic, systolicReference) : (diastolic, diastolicReference);
            yield return new Judgement(BloodPressure, record.Record, null, value, reference, Math.Abs(value - reference) > MaxPressureError, record.Flags);
        }
        else if (CuffEvaluationResult.MustBeFlagged.Contains(record.Record, StringComparer.Ordinal))
        {
            yield return new Judgement(BloodPressure, record.Record, null, systolic, null, true, record.Flags);
        }
    }

    /// <summary>Judges the heart rate of a recording of sound.</summary>
    /// <param name="record">What came of it.</param>
    /// <returns>One, or none where there is no rate or no fair reference.</returns>
    public static IEnumerable<Judgement> OfHeartRate(SoundRecordResult record)
    {
        if (record is { HeartRate: { } rate, TrueRate: { } reference })
        {
            double error = Math.Abs(rate - reference);
            yield return new Judgement(
                HeartRate,
                record.Record,
                null,
                rate,
                reference,
                error > MaxHeartRateError || error > MaxHeartRateShare * reference,
                record.Verdict is null or EdgeGateway.Core.Auscultation.RecordingVerdict.Good ? null : record.Verdict.ToString());
        }
    }

    /// <summary>Counts a kind's judgements.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="judgements">Judgements of any kind.</param>
    /// <param name="references">How many windows or recordings have a reference for it and may have a value.</param>
    /// <param name="covered">How many of those have a value; as many as were judged when null.</param>
    /// <returns>The count.</returns>
    public static WrongCount Count(string kind, IEnumerable<Judgement> judgements, int references, int? covered = null)
    {
        List<Judgement> own = [.. judgements.Where(j => string.Equals(j.Kind, kind, StringComparison.Ordinal))];
        List<Judgement> wrong = [.. own.Where(j => j.IsWrong)];
        return new WrongCount(
            kind, wrong.Count, own.Count, references == 0 ? null : (covered ?? own.Count) / (double)references, wrong.Count(j => j.IsHigh), wrong.Count(j => !j.IsHigh), wrong.Count(j => j.Flags is not null));
    }
}
