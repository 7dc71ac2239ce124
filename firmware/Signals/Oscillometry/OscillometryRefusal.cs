namespace Firmware.Signals.Oscillometry;

/// <summary>Why a deflation gives no blood pressure.</summary>
public enum OscillometryRefusal : byte
{
    /// <summary>It gives one.</summary>
    None = 0,

    /// <summary>The cuff deflated too fast: too few beats for the envelope's shape.</summary>
    TooFast = 1,

    /// <summary>The cuff did not deflate.</summary>
    NoDeflation = 2,

    /// <summary>Fewer than <see cref="OscillometricAnalysis.MinBeats"/> beats.</summary>
    TooFewBeats = 3,

    /// <summary>The oscillations are largest at the beginning or at the end.</summary>
    EdgeMaximum = 4,

    /// <summary>The oscillations are too small to be told from noise.</summary>
    Weak = 5,

    /// <summary>Pressures that cannot belong together.</summary>
    Implausible = 6,

    /// <summary>The beats' amplitudes scatter too much around any envelope.</summary>
    TooMuchMotion = 7,

    /// <summary>The deflation lasted longer than there is room for.</summary>
    TooLong = 8,

    /// <summary>The deflation began inside the envelope: the cuff must be inflated higher.</summary>
    SystolicNotBracketed = 9,

    /// <summary>The deflation ended inside the envelope.</summary>
    DiastolicNotBracketed = 10,

    /// <summary>Too many samples are missing, or their time stamps are out of order.</summary>
    SamplesMissing = 11,
}
