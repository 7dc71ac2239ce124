namespace Firmware.Peripherals;

/// <summary>
/// Frames of SunTech's Advantage-family OEM modules: 9,600 baud, 8N1. Host <c>3A command data checksum</c>, module <c>3E length data checksum</c>, length of the whole frame; the checksum
/// makes the sum of all bytes 0 modulo 256. Source: SunTech Medical, Advantage OEM BP module, serial interface; checked against published host programs.
/// </summary>
public static class SunTechNibpProtocol
{
    /// <summary>First byte of a host's frame.</summary>
    public const byte HostStart = 0x3A;

    /// <summary>First byte of a module's frame.</summary>
    public const byte ModuleStart = 0x3E;

    /// <summary>Command: start an adult's measurement.</summary>
    public const byte StartAdult = 0x20;

    /// <summary>Command: start a child's measurement.</summary>
    public const byte StartPediatric = 0x87;

    /// <summary>Command: first inflation, mmHg, <c>u16</c>.</summary>
    public const byte SetInflation = 0x17;

    /// <summary>Command: abort, or a question; the selector follows.</summary>
    public const byte Query = 0x79;

    /// <summary>Command: module information.</summary>
    public const byte ModuleInformation = 0x00;

    /// <summary>Selector of <see cref="Query"/>: abort.</summary>
    public const byte Abort = 0x01;

    /// <summary>Selector: cuff pressure.</summary>
    public const byte CuffPressure = 0x05;

    /// <summary>Selector: result.</summary>
    public const byte Result = 0x03;

    /// <summary>Length of a short reply.</summary>
    public const int ReplyLength = 0x04;

    /// <summary>Length of a cuff pressure.</summary>
    public const int PressureLength = 0x05;

    /// <summary>Length of a result.</summary>
    public const int ResultLength = 0x18;

    /// <summary>Length of the module information.</summary>
    public const int InformationLength = 0x43;

    /// <summary>Longest frame.</summary>
    public const int MaxLength = InformationLength;

    /// <summary>Short reply: accepted.</summary>
    public const byte Accepted = 0x4F;

    /// <summary>Short reply: done.</summary>
    public const byte Done = 0x4B;

    /// <summary>Short reply: busy.</summary>
    public const byte Busy = 0x42;

    /// <summary>Short reply: aborted.</summary>
    public const byte Aborted = 0x41;

    /// <summary>Short reply: sleeping.</summary>
    public const byte Sleeping = 0x53;

    /// <summary>Completes a frame: the checksum behind its bytes.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="count">Bytes without the checksum.</param>
    /// <returns>Bytes with it.</returns>
    public static int Seal(byte[] frame, int count)
    {
        frame[count] = (byte)(0x100 - Sum(frame, 0, count));
        return count + 1;
    }

    /// <summary>The sum of bytes, modulo 256.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="offset">First.</param>
    /// <param name="count">How many.</param>
    /// <returns>0 to 255.</returns>
    public static int Sum(byte[] bytes, int offset, int count)
    {
        int sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += bytes[offset + i];
        }

        return sum & 0xFF;
    }
}
