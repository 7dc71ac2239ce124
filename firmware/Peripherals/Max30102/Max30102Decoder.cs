namespace Firmware.Peripherals;

/// <summary>The MAX30102's numbers, without a bus: FIFO bytes to counts, registers to physical units.</summary>
public static class Max30102Decoder
{
    /// <summary>Bytes per sample in SpO2 mode: 3 red, then 3 infrared. Source: Maxim 19-7740, FIFO Data Register, Figure 2.</summary>
    public const int SampleBytes = 6;

    /// <summary>The largest count: 18 bits.</summary>
    public const int FullScale = 0x3FFFF;

    /// <summary>Whether the bits above the 18 are all 0, as in every word that the part makes. Source: Maxim 19-7740, Table 2: FIFO_DATA[18] to [23] are not used.</summary>
    /// <param name="buffer">FIFO bytes.</param>
    /// <param name="offset">First of the 3 bytes of a word.</param>
    /// <returns>False when the word cannot be a sample.</returns>
    public static bool IsPlausible(byte[] buffer, int offset)
    {
        return (buffer[offset] & 0xFC) == 0;
    }

    /// <summary>One channel's count, most significant byte first. Source: Maxim 19-7740, Table 2 and Figure 2.</summary>
    /// <param name="buffer">FIFO bytes.</param>
    /// <param name="offset">First of the 3 bytes of a plausible word.</param>
    /// <returns>0 to 262,143; 15.625 pA each in the 4,096 nA range.</returns>
    public static int Count(byte[] buffer, int offset)
    {
        return ((buffer[offset] & 0x03) << 16) | (buffer[offset + 1] << 8) | buffer[offset + 2];
    }

    /// <summary>The red count of a sample.</summary>
    /// <param name="buffer">FIFO bytes.</param>
    /// <param name="offset">First of the sample's 6 bytes.</param>
    /// <returns>0 to 262,143.</returns>
    public static int Red(byte[] buffer, int offset)
    {
        return Count(buffer, offset);
    }

    /// <summary>The infrared count of a sample.</summary>
    /// <param name="buffer">FIFO bytes.</param>
    /// <param name="offset">First of the sample's 6 bytes.</param>
    /// <returns>0 to 262,143.</returns>
    public static int Infrared(byte[] buffer, int offset)
    {
        return Count(buffer, offset + 3);
    }

    /// <summary>The die temperature, halves rounded away from zero. Source: Maxim 19-7740, Temperature Data: TINT two's complement in °C, TFRAC bits 3:0 in 0.0625 °C, added.</summary>
    /// <param name="integer">Register 0x1F.</param>
    /// <param name="fraction">Register 0x20.</param>
    /// <returns>-128,000 to 127,938 m°C.</returns>
    public static int DieTemperatureMilliCelsius(byte integer, byte fraction)
    {
        int half = (((sbyte)integer * 16) + (fraction & 0x0F)) * 125; // 62.5 m°C = 125 half m°C
        return half < 0 ? (half - 1) / 2 : (half + 1) / 2;
    }

    /// <summary>The typical LED current of a code. Source: Maxim 19-7740, LED Pulse Amplitude: 0.2 mA per count, 0xFF = 51.0 mA.</summary>
    /// <param name="code">0 to 255.</param>
    /// <returns>0 to 51,000 µA.</returns>
    public static int LedMicroAmperes(int code)
    {
        return code * 200;
    }
}
