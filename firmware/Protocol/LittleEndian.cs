namespace Firmware.Protocol;

/// <summary>Little-endian integers in a byte buffer.</summary>
public static class LittleEndian
{
    /// <summary>Writes the low 16 bits.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="value">The value.</param>
    public static void WriteUInt16(byte[] buffer, int offset, int value)
    {
        buffer[offset] = (byte)value;
        buffer[offset + 1] = (byte)(value >> 8);
    }

    /// <summary>Writes the low 24 bits.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="value">The value.</param>
    public static void WriteUInt24(byte[] buffer, int offset, int value)
    {
        buffer[offset] = (byte)value;
        buffer[offset + 1] = (byte)(value >> 8);
        buffer[offset + 2] = (byte)(value >> 16);
    }

    /// <summary>Writes 32 bits.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="value">The value.</param>
    public static void WriteUInt32(byte[] buffer, int offset, uint value)
    {
        buffer[offset] = (byte)value;
        buffer[offset + 1] = (byte)(value >> 8);
        buffer[offset + 2] = (byte)(value >> 16);
        buffer[offset + 3] = (byte)(value >> 24);
    }

    /// <summary>Writes 64 bits.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="value">The value.</param>
    public static void WriteUInt64(byte[] buffer, int offset, ulong value)
    {
        WriteUInt32(buffer, offset, (uint)value);
        WriteUInt32(buffer, offset + 4, (uint)(value >> 32));
    }

    /// <summary>Reads 16 bits.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">First byte.</param>
    /// <returns>The value, 0 to 65,535.</returns>
    public static int ReadUInt16(byte[] buffer, int offset) => buffer[offset] | (buffer[offset + 1] << 8);

    /// <summary>Reads 24 bits.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">First byte.</param>
    /// <returns>The value, 0 to 16,777,215.</returns>
    public static int ReadUInt24(byte[] buffer, int offset) =>
        buffer[offset] | (buffer[offset + 1] << 8) | (buffer[offset + 2] << 16);

    /// <summary>Reads 32 bits.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">First byte.</param>
    /// <returns>The value.</returns>
    public static uint ReadUInt32(byte[] buffer, int offset) =>
        (uint)(buffer[offset] | (buffer[offset + 1] << 8) | (buffer[offset + 2] << 16) | (buffer[offset + 3] << 24));

    /// <summary>Reads 64 bits.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">First byte.</param>
    /// <returns>The value.</returns>
    public static ulong ReadUInt64(byte[] buffer, int offset) =>
        ReadUInt32(buffer, offset) | ((ulong)ReadUInt32(buffer, offset + 4) << 32);
}
