namespace Firmware.Signals.Cuff;

/// <summary>Why points make no calibration.</summary>
public enum CalibrationRefusal : byte
{
    /// <summary>They do.</summary>
    None = 0,

    /// <summary>Fewer than two points, or more than <see cref="CuffCalibration.MaxPoints"/>.</summary>
    Points = 1,

    /// <summary>They span less than <see cref="CuffCalibration.SpanCentiMmHg"/>.</summary>
    Span = 2,

    /// <summary>The gain is further from 1 than any sound part's.</summary>
    Gain = 3,

    /// <summary>The zero is further away than any sound part's.</summary>
    Zero = 4,

    /// <summary>A point lies further from the line than <see cref="CuffCalibration.MaxErrorCentiMmHg"/>.</summary>
    Error = 5,
}

/// <summary>
/// The cuff's sensor against a reference manometer: a line through two points or more, and from it how far a reading may be wrong. Without one the part's nominal
/// gain is used, with the part's total error band. The zero of each measurement is taken anew; the calibrated one only says what to expect of it.
/// </summary>
public sealed class CuffCalibration
{
    /// <summary>Most points.</summary>
    public const int MaxPoints = 16;

    /// <summary>Least span of the points, hundredths of mmHg. Assumption: half the range, so that the gain is worth something at 300 mmHg.</summary>
    public const int SpanCentiMmHg = 15_000;

    /// <summary>Largest distance of a point from the line, hundredths of mmHg. Source: IEC 80601-2-30, 201.12.1.102, ±3 mmHg.</summary>
    public const int MaxErrorCentiMmHg = 300;

    /// <summary>Error of a part that was not calibrated, hundredths of mmHg. Source: Honeywell 32332628, Table 3, total error band ±2.5 % of 300 mmHg.</summary>
    public const int UncalibratedErrorCentiMmHg = 750;

    /// <summary>The trip of a sensor without error, hundredths of mmHg.</summary>
    public const int TripCentiMmHg = 29_500;

    /// <summary>The trip without a valid calibration, hundredths of mmHg.</summary>
    public const int UncalibratedTripCentiMmHg = 29_000;

    private const int MaxGainErrorPerMillion = 50_000;
    private const int MaxZeroMilliMmHg = 7_500;

    private int _gainPerMillion = 1_000_000;

    /// <summary>True after <see cref="TrySet"/> succeeded.</summary>
    public bool IsCalibrated { get; private set; }

    /// <summary>What the part reads when open, thousandths of mmHg.</summary>
    public int ZeroMilliMmHg { get; private set; }

    /// <summary>How far a calibrated reading may be wrong, hundredths of mmHg.</summary>
    public int ErrorCentiMmHg { get; private set; } = UncalibratedErrorCentiMmHg;

    /// <summary>Where the software vents the cuff, hundredths of mmHg: 295 mmHg less the calibrated error, 290 without a calibration.</summary>
    public int Trip => IsCalibrated ? TripCentiMmHg - ErrorCentiMmHg : UncalibratedTripCentiMmHg;

    /// <summary>Takes points. Refused ones change nothing.</summary>
    /// <param name="referenceCentiMmHg">What the manometer showed, hundredths of mmHg.</param>
    /// <param name="readingMilliMmHg">What the part read, thousandths of mmHg, as many.</param>
    /// <param name="count">How many.</param>
    /// <returns>Why not, or None.</returns>
    public CalibrationRefusal TrySet(int[] referenceCentiMmHg, int[] readingMilliMmHg, int count)
    {
        if (count < 2 || count > MaxPoints || referenceCentiMmHg.Length < count || readingMilliMmHg.Length < count)
        {
            return CalibrationRefusal.Points;
        }

        long sumX = 0;
        long sumY = 0;
        int low = referenceCentiMmHg[0];
        int high = low;
        for (int i = 0; i < count; i++)
        {
            int x = referenceCentiMmHg[i];
            sumX += x;
            sumY += readingMilliMmHg[i];
            low = x < low ? x : low;
            high = x > high ? x : high;
        }

        if (high - low < SpanCentiMmHg)
        {
            return CalibrationRefusal.Span;
        }

        // Least squares about the means; 10 thousandths are one hundredth.
        long xx = 0;
        long xy = 0;
        for (int i = 0; i < count; i++)
        {
            long dx = ((long)referenceCentiMmHg[i] * count) - sumX;
            long dy = ((long)readingMilliMmHg[i] * count) - sumY;
            xx += dx * dx / count;
            xy += dx * dy / count;
        }

        if (xy <= 0)
        {
            return CalibrationRefusal.Gain;
        }

        int gain = (int)(xx * 1000 / (xy / 10_000));
        if (gain < 1_000_000 - MaxGainErrorPerMillion || gain > 1_000_000 + MaxGainErrorPerMillion)
        {
            return CalibrationRefusal.Gain;
        }

        int zero = (int)((sumY - (sumX * 10 * 1_000_000 / gain)) / count);
        if (zero > MaxZeroMilliMmHg || zero < -MaxZeroMilliMmHg)
        {
            return CalibrationRefusal.Zero;
        }

        int worst = 0;
        for (int i = 0; i < count; i++)
        {
            int error = Scale(readingMilliMmHg[i] - zero, gain) - referenceCentiMmHg[i];
            error = error < 0 ? -error : error;
            worst = error > worst ? error : worst;
        }

        if (worst > MaxErrorCentiMmHg)
        {
            return CalibrationRefusal.Error;
        }

        _gainPerMillion = gain;
        ZeroMilliMmHg = zero;
        ErrorCentiMmHg = worst;
        IsCalibrated = true;
        return CalibrationRefusal.None;
    }

    /// <summary>A reading as pressure.</summary>
    /// <param name="readingMilliMmHg">What the part reads, thousandths of mmHg.</param>
    /// <param name="zeroMilliMmHg">What it reads when open, thousandths of mmHg.</param>
    /// <returns>Hundredths of mmHg.</returns>
    public int ToCentiMmHg(int readingMilliMmHg, int zeroMilliMmHg) => Scale(readingMilliMmHg - zeroMilliMmHg, _gainPerMillion);

    private static int Scale(int milliMmHg, int gainPerMillion)
    {
        long scaled = (long)milliMmHg * gainPerMillion;
        return (int)((scaled < 0 ? scaled - 5_000_000 : scaled + 5_000_000) / 10_000_000);
    }
}
