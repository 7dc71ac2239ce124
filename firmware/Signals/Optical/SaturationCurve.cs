namespace Firmware.Signals.Optical;

/// <summary>
/// R to SpO2 as a quadratic, SpO2 % = a R^2 + b R + c. The default is the curve of Maxim's application note 6845 for the bare
/// MAX30101/MAX30102: 1.5958422 R^2 - 34.6596622 R + 112.6898759. A board with optics of its own has a curve of its own, fitted with a reference oximeter.
/// </summary>
public sealed class SaturationCurve
{
    /// <summary>Below this, in tenths of a percent, no number is given. Source: ISO 80601-2-61, accuracy is stated from 70 %.</summary>
    public const int LowestTenths = 700;

    /// <summary>Above this, in tenths of a percent, no number is given: the curve is wrong for this light, not the patient well.</summary>
    public const int HighestTenths = 1020;

    /// <summary>
    /// Below this, in tenths of a percent, a value by the default curve is questionable. Assumption: where a value is treated; the default curve
    /// reads high below 85 % (README).
    /// </summary>
    public const int QuestionableBelowTenths = 900;

    private readonly long _a;
    private readonly long _b;
    private readonly long _c;

    /// <summary>Makes a curve that was fitted to the board.</summary>
    /// <param name="aTenMillionths">a x 10,000,000.</param>
    /// <param name="bTenMillionths">b x 10,000,000.</param>
    /// <param name="cTenMillionths">c x 10,000,000.</param>
    public SaturationCurve(long aTenMillionths, long bTenMillionths, long cTenMillionths)
    {
        _a = aTenMillionths;
        _b = bTenMillionths;
        _c = cTenMillionths;
    }

    /// <summary>The default curve.</summary>
    /// <returns>A new curve.</returns>
    public static SaturationCurve Default() => new SaturationCurve(15958422, -346596622, 1126898759) { IsCalibrated = false };

    /// <summary>True when the curve was fitted to the board; false of the default, with which each value is uncalibrated.</summary>
    public bool IsCalibrated { get; private set; } = true;

    /// <summary>True when a value must not be taken for what it says: the true saturation may be lower.</summary>
    /// <param name="saturationTenths">The value, tenths of a percent.</param>
    /// <returns>True below <see cref="QuestionableBelowTenths"/> by the default curve.</returns>
    public bool IsQuestionable(int saturationTenths) => !IsCalibrated && saturationTenths < QuestionableBelowTenths;

    /// <summary>SpO2 for a ratio, never clipped.</summary>
    /// <param name="ratioTenThousandths">R x 10,000, 0 to 65,535.</param>
    /// <returns>Tenths of a percent, rounded to the nearest.</returns>
    public int SaturationTenths(int ratioTenThousandths)
    {
        long ratio = ratioTenThousandths;
        long tenMillionths = (_a * ratio / 10000 * ratio / 10000) + (_b * ratio / 10000) + _c;
        return (int)((tenMillionths + (tenMillionths < 0 ? -500000 : 500000)) / 1000000);
    }
}
