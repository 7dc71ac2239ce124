namespace Firmware.Peripherals;

/// <summary>The TMP117's numbers, without a bus: register bytes to counts, counts to temperature.</summary>
public static class Tmp117Decoder
{
    /// <summary>The result register as a signed count. Source: TI SNOSD82D, Table 7-1 (two's complement).</summary>
    /// <param name="word">0 to 65,535.</param>
    /// <returns>-32,768 to 32,767; 7.8125 m°C each.</returns>
    public static short Count(int word)
    {
        return (short)word;
    }

    /// <summary>A count in m°C, rounded to the nearest, halves away from zero.</summary>
    /// <param name="count">A count of 7.8125 m°C. Source: TI SNOSD82D, Temp_Result register.</param>
    /// <returns>-256,000 to 255,992 m°C.</returns>
    public static int MilliCelsius(short count)
    {
        int sixteenths = count * 125; // 7.8125 = 125/16, exactly
        return sixteenths < 0 ? (sixteenths - 8) / 16 : (sixteenths + 8) / 16;
    }
}
