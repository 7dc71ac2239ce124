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
    /// <summary>Shortest stretch, s.</summary>
    public const double MinSeconds = 4;

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
            RecordingVerdict lung = RecordingQuality.OfLung(envelope);
            return new AuscultationResult(lung, lung == RecordingVerdict.Good ? 100 : RecordingQuality.DisturbedQuality, null, [], 0);
        }

        (HeartRhythm rhythm, List<HeartSound> sounds) = Rhythm(envelope.Gain);
        RecordingVerdict verdict = RecordingQuality.OfHeart(envelope, rhythm);
        int quality = (int)Math.Clamp(rhythm.Height * 100, 0, verdict == RecordingVerdict.Good ? 100 : RecordingQuality.DisturbedQuality);
        return new AuscultationResult(
            verdict,
            quality,
            verdict == RecordingVerdict.Good ? rhythm.PerMinute : null,
            verdict is RecordingVerdict.Good or RecordingVerdict.Unsteady ? sounds : [],
            0);
    }

    // Height of the autocorrelation and what the marks collect are two kinds of evidence: only both together tell a period from its half, its double or the systole.
    private static (HeartRhythm Rhythm, List<HeartSound> Sounds) Rhythm(ReadOnlySpan<double> gain)
    {
        HeartRhythm best = default;
        List<HeartSound> marks = [];
        double most = double.NegativeInfinity;
        foreach (HeartRhythm candidate in HeartRhythm.Candidates(gain))
        {
            List<HeartSound> sounds = HeartSoundMarks.Find(gain, candidate.PeriodSeconds, out double collected);
            double evidence = collected * candidate.Height;
            if (evidence > most)
            {
                (most, best, marks) = (evidence, candidate, sounds);
            }
        }

        return (best, marks);
    }
}
