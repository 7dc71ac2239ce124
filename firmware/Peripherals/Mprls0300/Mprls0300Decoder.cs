namespace Firmware.Peripherals;

/// <summary>The part's numbers, without a bus: answer bytes to counts, counts to pressure.</summary>
public static class Mprls0300Decoder
{
    /// <summary>Counts at 0 mmHg: 2.5 % of 2^24. Source: Honeywell 32332628, transfer function B.</summary>
    public const int ZeroCounts = 0x66666;

    /// <summary>Counts at 300 mmHg: 22.5 % of 2^24. Source: as for zero.</summary>
    public const int FullScaleCounts = 0x399999;

    /// <summary>Full scale, thousandths of mmHg.</summary>
    public const int FullScaleMilliMmHg = 300_000;

    /// <summary>The 24 bits of an answer, most significant byte first, behind the status. Source: Honeywell 32332628, I2C, reading sensor data.</summary>
    /// <param name="answer">The four bytes as read.</param>
    /// <returns>0 to 16,777,215.</returns>
    public static int Counts(byte[] answer) => (answer[1] << 16) | (answer[2] << 8) | answer[3];

    /// <summary>A count as pressure, rounded to the nearest, halves away from zero.</summary>
    /// <param name="counts">0 to 16,777,215.</param>
    /// <returns>Thousandths of mmHg, -37,500 to 1,462,500.</returns>
    public static int MilliMmHg(int counts)
    {
        const long Span = FullScaleCounts - ZeroCounts;
        long scaled = (long)(counts - ZeroCounts) * FullScaleMilliMmHg;
        return (int)(scaled < 0 ? (scaled - (Span / 2)) / Span : (scaled + (Span / 2)) / Span);
    }
}
