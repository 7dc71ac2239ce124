namespace Firmware.Core;

/// <summary>Why samples are missing before a batch; several may hold.</summary>
[System.Flags]
public enum SampleLoss : byte
{
    /// <summary>None is missing.</summary>
    None = 0,

    /// <summary>Dropped on purpose: the first samples after a start, or after a change of what the part is set to.</summary>
    Settling = 1,

    /// <summary>The part's or the bus's buffer was full before it was read, or room had to be made in it.</summary>
    Overrun = 2,

    /// <summary>Read, but no two readings of them agreed.</summary>
    Disagreement = 4,

    /// <summary>Read, and suppressed as impossible: bits that no sample has, the end of the range, a loose cable.</summary>
    Implausible = 8,

    /// <summary>The part was away, or was started again.</summary>
    Interrupted = 16,
}
