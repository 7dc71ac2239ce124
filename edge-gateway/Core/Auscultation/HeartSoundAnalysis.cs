using System;
using System.Collections.Generic;

namespace EdgeGateway.Core.Auscultation;

/// <summary>
/// Rate, marks and quality of heart sounds, and quality of lung sounds. The envelope of 25 to 150 Hz (<see cref="HeartEnvelope"/>) gives periods that come into question
/// (<see cref="HeartRhythm"/>); the one whose marks collect the most of it is taken (<see cref="HeartSoundMarks"/>). <see cref="RecordingQuality"/> then judges the recording.
/// Deterministic: the same samples give the same result.
/// </summary>
public static class HeartSoundAnalysis
{
    /// <summary>Shortest stretch, s: three cycles at 90 /min.</summary>
    public const double MinSeconds = 2;

    /// <summary>Below this a rate is given only when three cycles agree, s: fewer beats than 3 at 45 /min.</summary>
    public const double MinSecondsAlone = 4;

    /// <summary>Slowest sound that is analysed, samples per second.</summary>
    public const int MinRateHz = 1000;

    /// <summary>Analyses.</summary>
    /// <param name="samples">16-bit samples.</param>
    /// <param name="rateHz">Samples per second, 1,000 to 48,000.</param>
    /// <param name="target">What is listened to.</param>
    /// <returns>The result.</returns>
    public static AuscultationResult Analyse(ReadOnlySpan<short> samples, int rateHz, AuscultationTarget target = AuscultationTarget.Heart)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rateHz, MinRateHz);
        if (samples.Length < MinSeconds * rateHz)
        {
            return new AuscultationResult(RecordingVerdict.TooShort, 0, null, [], 0);
        }

        if (RecordingQuality.OfLevel(samples) is { } level)
        {
            return new AuscultationResult(level, level == RecordingVerdict.Clipping ? RecordingQuality.ClippedQuality : 0, null, [], 0);
        }

        HeartEnvelope envelope = HeartEnvelope.Of(samples, rateHz);
        if (target == AuscultationTarget.Lung)
        {
            if (samples.Length < MinSecondsAlone * rateHz)
            {
                return new AuscultationResult(RecordingVerdict.TooShort, 0, null, [], 0);
            }

            RecordingVerdict lung = RecordingQuality.OfLung(envelope);
            return new AuscultationResult(lung, lung == RecordingVerdict.Good ? 100 : RecordingQuality.DisturbedQuality, null, [], 0);
        }

        (HeartRhythm rhythm, List<HeartSound> sounds) = HeartPeriod.Of(envelope, out bool isDoubtful);
        RecordingVerdict verdict = RecordingQuality.OfHeart(envelope, rhythm, isDoubtful, out bool isHeartFound);
        double? uncertainty = HeartCycles.RateUncertaintyPerMinute(sounds, rhythm.PerMinute);
        if (samples.Length < MinSecondsAlone * rateHz && !(verdict == RecordingVerdict.Good && HeartCycles.Agree(envelope.Gain, sounds) && uncertainty <= HeartCycles.MaxUncertaintyPerMinute))
        {
            return new AuscultationResult(RecordingVerdict.TooShort, 0, null, [], 0);
        }

        bool isGood = verdict == RecordingVerdict.Good;
        int quality = (int)Math.Clamp(rhythm.Height * 100, 0, isGood ? 100 : RecordingQuality.DisturbedQuality);
        return new AuscultationResult(verdict, quality, isGood ? rhythm.PerMinute : null, isHeartFound ? sounds : [], 0, isGood ? uncertainty : null);
    }
}
