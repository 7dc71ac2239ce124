namespace Firmware.Core;

/// <summary>What the board's runtime cannot do, and a PC can.</summary>
public static class RuntimeBounds
{
    /// <summary>
    /// Most bytes of one array. Source: nf-interpreter 1.17: an object takes at most 65,535 blocks of 12 bytes, less its head; an array of 786,400 bytes failed on that runtime.
    /// </summary>
    public const int MaxArrayBytes = 786_399;
}
