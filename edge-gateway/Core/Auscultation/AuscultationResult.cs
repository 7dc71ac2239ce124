using System.Collections.Generic;

namespace EdgeGateway.Core.Auscultation;

/// <summary>An instruction on the recording that a nurse can act on; none on the patient.</summary>
public enum RecordingVerdict
{
    /// <summary>It can be listened to.</summary>
    Good,

    /// <summary>Nothing is heard, as when nothing touches the skin: press.</summary>
    NoContact,

    /// <summary>Too loud for the converter, as by knocks: hold still and lightly.</summary>
    Clipping,

    /// <summary>The heart hardly stands out of noise: hush.</summary>
    AmbientNoise,

    /// <summary>No rhythm is found: move.</summary>
    NoRhythm,

    /// <summary>Something rubs: hold still.</summary>
    Rub,

    /// <summary>Not enough was heard yet.</summary>
    TooShort,

    /// <summary>The rhythm that was found changes within the recording, so that no one rate describes it: hold still and take it again.</summary>
    Unsteady,
}

/// <summary>What whoever holds the stethoscope can do about a recording.</summary>
public enum RecordingAdvice
{
    /// <summary>Nothing: it can be listened to.</summary>
    Good,

    /// <summary>Press on the skin.</summary>
    Press,

    /// <summary>Move to where it is heard.</summary>
    Move,

    /// <summary>Make the room quiet.</summary>
    Hush,

    /// <summary>Hold still, and go on.</summary>
    Hold,
}

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
/// <param name="Sounds">Beginnings of heart sounds, in order; empty unless the verdict is Good or Unsteady.</param>
/// <param name="FirstUs">Device time of the beginning, µs; 0 when not known.</param>
public sealed record AuscultationResult(RecordingVerdict Verdict, int Quality, double? HeartRatePerMinute, IReadOnlyList<HeartSound> Sounds, long FirstUs)
{
    /// <summary>What can be done about the recording.</summary>
    public RecordingAdvice Advice => Verdict switch
    {
        RecordingVerdict.Good => RecordingAdvice.Good,
        RecordingVerdict.NoContact => RecordingAdvice.Press,
        RecordingVerdict.AmbientNoise => RecordingAdvice.Hush,
        RecordingVerdict.NoRhythm => RecordingAdvice.Move,
        _ => RecordingAdvice.Hold,
    };
}
