using System.Collections.Generic;

namespace EdgeGateway.Core.Auscultation;

/// <summary>What is listened to.</summary>
public enum AuscultationTarget
{
    /// <summary>The heart: a rhythm is expected.</summary>
    Heart,

    /// <summary>The lungs: no rhythm is expected, no rate and no marks are given.</summary>
    Lung,
}

/// <summary>First or second heart sound.</summary>
public enum HeartSoundKind
{
    /// <summary>First.</summary>
    S1,

    /// <summary>Second.</summary>
    S2,
}

/// <summary>One heart sound.</summary>
/// <param name="Seconds">When it begins, from the beginning of what was analysed.</param>
/// <param name="Kind">Which.</param>
public readonly record struct HeartSound(double Seconds, HeartSoundKind Kind);

/// <summary>What the analysis says of a stretch of sound.</summary>
/// <param name="Verdict">The instruction.</param>
/// <param name="Quality">0 to 100.</param>
/// <param name="HeartRatePerMinute">The rate; null unless the verdict is Good.</param>
/// <param name="Sounds">Beginnings of heart sounds, in order; empty unless the verdict is Good or Unsteady, or Rub or AmbientNoise with the heart found all the same.</param>
/// <param name="FirstUs">Device time of the beginning, µs; 0 when not known.</param>
/// <param name="RateUncertaintyPerMinute">Half of the rate's 95 % confidence interval, 1/min; null without a rate or with fewer than two cycles.</param>
public sealed record AuscultationResult(
    RecordingVerdict Verdict, int Quality, double? HeartRatePerMinute, IReadOnlyList<HeartSound> Sounds, long FirstUs, double? RateUncertaintyPerMinute = null)
{
    /// <summary>What can be done about the recording.</summary>
    public RecordingAdvice Advice => Verdict switch
    {
        RecordingVerdict.Good => RecordingAdvice.Good,
        RecordingVerdict.NoContact => RecordingAdvice.Press,
        RecordingVerdict.AmbientNoise => RecordingAdvice.Hush,
        RecordingVerdict.NoRhythm or RecordingVerdict.Ambiguous => RecordingAdvice.Move,
        _ => RecordingAdvice.Hold,
    };
}
