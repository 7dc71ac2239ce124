namespace Firmware.Peripherals;

/// <summary>Why samples are missing before a batch; several may hold.</summary>
[System.Flags]
public enum Pcm1808Loss : byte
{
    /// <summary>None is missing.</summary>
    None = 0,

    /// <summary>The bus's buffer was full before it was read.</summary>
    Overrun = 1,

    /// <summary>The converter was away or was started again.</summary>
    Interrupted = 2,

    /// <summary>Read, and withheld: stuck at the end of the range, or a loose cable.</summary>
    Withheld = 4,
}
