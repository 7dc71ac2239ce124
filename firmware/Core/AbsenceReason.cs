namespace Firmware.Core;

/// <summary>
/// Why there is no value. A reading carries exactly one of a value and one of these; numbers that stand for
/// "nothing" (NaN, -1, 2047, -999) never travel. The byte is part of frame v1: values are only ever added.
/// </summary>
public enum AbsenceReason : byte
{
    /// <summary>Not absent: the reading carries a value.</summary>
    None = 0,

    /// <summary>No part answers at the address.</summary>
    NotPresent = 1,

    /// <summary>The bus failed in mid-transaction.</summary>
    BusFault = 2,

    /// <summary>A checksum or a second reading did not agree.</summary>
    ChecksumMismatch = 3,

    /// <summary>The part reports an error of its own, or lost its configuration.</summary>
    SensorFault = 4,

    /// <summary>A value outside what the part, or a living person, can have.</summary>
    OutOfRange = 5,

    /// <summary>Measuring, but not yet settled.</summary>
    NotSettled = 6,

    /// <summary>The newest value is older than the stream's staleness bound.</summary>
    Stale = 7,

    /// <summary>Another part answered where this one was expected.</summary>
    WrongPart = 8,

    /// <summary>A jump beyond what the quantity can do, not yet confirmed by a second reading.</summary>
    Unconfirmed = 9,

    /// <summary>The sensor is not on the patient.</summary>
    NotOnPatient = 10,

    /// <summary>Motion hides the signal.</summary>
    Motion = 11,

    /// <summary>Light from outside hides the signal.</summary>
    AmbientLight = 12,

    /// <summary>The signal is at the end of the converter's range.</summary>
    Saturated = 13,

    /// <summary>The signal is too weak to be trusted.</summary>
    WeakSignal = 14,

    /// <summary>Red and infrared are exchanged on this board.</summary>
    ChannelsSwapped = 15,

    /// <summary>The part is switched off or held back on purpose.</summary>
    Suspended = 16,

    /// <summary>The part has failed too often and is left alone until it is reset by a person.</summary>
    Quarantined = 17,

    /// <summary>A cuff is inflated on the same arm, and blood does not reach the sensor.</summary>
    CuffOnSameArm = 18,

    /// <summary>The cuff deflated too fast for its oscillations to be read.</summary>
    DeflationTooFast = 19,

    /// <summary>The cuff did not deflate.</summary>
    NoDeflation = 20,

    /// <summary>Too few beats were seen in the cuff.</summary>
    TooFewBeats = 21,

    /// <summary>The cuff's oscillations were largest at an edge of what was measured.</summary>
    EnvelopeAtEdge = 22,

    /// <summary>Values that cannot belong together.</summary>
    Implausible = 23,

    /// <summary>A person ended it.</summary>
    Stopped = 24,

    /// <summary>The cuff, its hose, its pump or its valves failed, or a limit of safety ended the measurement; the event beside it says which.</summary>
    CuffFault = 25,

    /// <summary>The pod lost its gateway while the cuff was in use, or cannot tell that the command is new: the cuff was emptied, or not inflated.</summary>
    LinkLost = 26,
}
