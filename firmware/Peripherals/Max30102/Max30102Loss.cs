namespace Firmware.Peripherals;

/// <summary>Why samples are missing before a batch; several may hold.</summary>
[System.Flags]
public enum Max30102Loss : byte
{
    /// <summary>None is missing.</summary>
    None = 0,

    /// <summary>Dropped on purpose: the first samples after a start or a change of LED current.</summary>
    Settling = 1,

    /// <summary>The FIFO was full and the part dropped samples, or the room that reading twice needs had to be made.</summary>
    Overrun = 2,

    /// <summary>Popped, but no two readings of them agreed.</summary>
    Disagreement = 4,

    /// <summary>Popped, but with bits that no sample has.</summary>
    Implausible = 8,

    /// <summary>In the FIFO when the part was given up or started again.</summary>
    Interrupted = 16,
}
