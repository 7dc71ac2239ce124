namespace Firmware.Signals.Optical;

/// <summary>
/// What depends on a board's optics: its curve, how much light comes back from the empty clip, and how its two lights compare. Set it from a calibration
/// of the board; the defaults are for the bare part behind thin glass.
/// </summary>
public sealed class OpticalCalibration
{
    /// <summary>How R becomes SpO2. Default: <see cref="SaturationCurve.Default"/>, with which every saturation says that it is uncalibrated.</summary>
    public SaturationCurve Curve { get; set; } = SaturationCurve.Default();

    /// <summary>
    /// The LED's own infrared light that comes back with no finger in the clip, counts at 6.4 mA, 1 to 50,000. A finger is told by
    /// <see cref="OpticalFrontEnd.FingerOnTimes"/> of it. Default 900. Assumption: glass and walls that are dark; measure it on the board.
    /// </summary>
    public int EmptyClipCounts { get; set; } = 900;

    /// <summary>
    /// Least share of red to infrared light at equal LED currents that this board gives with its channels in order, thousandths; 0 switches the
    /// test for exchanged channels off. Default 900, chosen on recordings of one board and one subject (README): measure it on the board, on
    /// fingers of dark skin too, which return less red.
    /// </summary>
    public int MinRedShareThousandths { get; set; } = 900;
}
