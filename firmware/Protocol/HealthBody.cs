namespace Firmware.Protocol;

/// <summary>
/// Body of <see cref="FrameKind.Health"/>, little endian, 32 bytes: how a device itself does, and nothing of a patient.
/// <c>0 u32 uptime s | 4 u32 starts | 8 u32 free memory bytes | 12 u32 reports | 16 u16 why the boot before ended | 18 u16 store used, thousandths | 20 u16 loop late ms | 22 u16 links lost
/// | 24 i8 signal dBm | 25 u8 parts that do not measure | 26 u8 parts | 27 u8 flags | 28 u32 frames pending</c>.
/// A count that is larger than its field stands as the field's largest value.
/// </summary>
public static class HealthBody
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 32;

    /// <summary>Free memory that the board does not tell.</summary>
    public const uint MemoryUnknown = 0xFFFFFFFF;

    /// <summary>Flag: the store does not take what is written.</summary>
    public const int StoreFails = 1;

    /// <summary>Flag: the pod is on a bench.</summary>
    public const int OnBench = 2;

    /// <summary>Flag: the board does not tell the strength of its signal; the signal's byte says nothing.</summary>
    public const int SignalNotOffered = 4;

    /// <summary>Flag: nobody counts the starts; starts and the reason of the last end say nothing.</summary>
    public const int StartsUnknown = 8;

    /// <summary>Since the start, s.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>Seconds.</returns>
    public static uint UptimeSeconds(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset);

    /// <summary>Starts of this board so far.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The count, this start included.</returns>
    public static uint Starts(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 4);

    /// <summary>Free bytes of the managed heap, or <see cref="MemoryUnknown"/>.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>Bytes.</returns>
    public static uint FreeMemoryBytes(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 8);

    /// <summary>Coded reports since the start, repeated ones each.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The count.</returns>
    public static uint Reports(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 12);

    /// <summary>Number of the code for which the boot before ended; 0 for a cut of power or a reset from outside.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The number behind the P.</returns>
    public static int LastEnd(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 16);

    /// <summary>Segments of the store in use, thousandths of those that it may have.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>0 to 1000.</returns>
    public static int StorePermille(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 18);

    /// <summary>The latest step of the loop since the reading before, behind the moment it asked for, ms.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>Milliseconds.</returns>
    public static int LoopLateMs(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 20);

    /// <summary>Times the link was lost since the start.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The count.</returns>
    public static int LinksLost(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 22);

    /// <summary>Received signal of the access point, dBm; see <see cref="SignalNotOffered"/>.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>-128 to -1.</returns>
    public static int SignalDecibelMilliwatt(byte[] buffer, int offset) => (sbyte)buffer[offset + 24];

    /// <summary>Fitted parts that do not measure.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The count.</returns>
    public static int PartsFailing(byte[] buffer, int offset) => buffer[offset + 25];

    /// <summary>Fitted parts.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The count.</returns>
    public static int PartsFitted(byte[] buffer, int offset) => buffer[offset + 26];

    /// <summary>The flags of this body.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>Bits.</returns>
    public static int Flags(byte[] buffer, int offset) => buffer[offset + 27];

    /// <summary>Frames that are not acknowledged.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The count.</returns>
    public static uint Pending(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 28);
}
