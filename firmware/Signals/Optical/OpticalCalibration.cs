namespace Firmware.Signals.Optical;

/// <summary>
/// What depends on a board's optics: its curve, how much light a finger gives, and how its two lights compare. Set it from a calibration of the
/// board; the defaults are for the bare part behind thin glass.
/// </summary>
public sealed class OpticalCalibration
{
    /// <summary>How R becomes SpO2. Default: <see cref="SaturationCurve.Default"/>.</summary>
    public SaturationCurve Curve { get; set; } = SaturationCurve.Default();

    /// <summary>A finger that was off is on from this infrared light, counts at 6.4 mA. Default 50,000. Assumption: calibrate on the board.</summary>
    public int FingerOnCounts { get; set; } = 50000;

    /// <summary>A finger that was on is off below this infrared light, counts at 6.4 mA. Default 40,000. Assumption, with a fifth of hysteresis.</summary>
    public int FingerOffCounts { get; set; } = 40000;

    /// <summary>
    /// Least share of red to infrared light at equal LED currents that this board gives with its channels in order, thousandths; 0 switches the
    /// test for exchanged channels off. Default 900, chosen on recordings of one board and one subject (README): measure it on the board, on
    /// fingers of dark skin too, which return less red.
    /// </summary>
    public int MinRedShareThousandths { get; set; } = 900;
}
