namespace Firmware.Core;

/// <summary>CRC-32/ISO-HDLC by table, for the desk and for boards without the native one. Source: ITU-T V.42, 8.1.1.6.2.</summary>
public sealed class SoftwareCrc32 : ICrc32
{
    private const uint ReflectedPolynomial = 0xEDB88320;
    private static readonly uint[] Table = MakeTable();

    /// <inheritdoc/>
    public uint Compute(byte[] buffer, int offset, int count)
    {
        uint crc = 0xFFFFFFFF;
        int end = offset + count;
        for (int i = offset; i < end; i++)
        {
            crc = Table[(int)((crc ^ buffer[i]) & 0xFF)] ^ (crc >> 8);
        }

        return crc ^ 0xFFFFFFFF;
    }

    private static uint[] MakeTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? (value >> 1) ^ ReflectedPolynomial : value >> 1;
            }

            table[(int)i] = value;
        }

        return table;
    }
}
