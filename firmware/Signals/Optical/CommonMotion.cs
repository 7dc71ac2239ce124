namespace Firmware.Signals.Optical;

/// <summary>
/// Tells motion that changes both lights by the same share from blood, which changes them by different shares. Motion of the finger changes how much light is coupled in, and
/// cancels in the difference of the two relative lights; of blood the difference keeps 1 - R. What red and infrared do not have in common and yet is in the difference as a
/// clean pulse is no noise: it is the pulse, and what it was hidden in is motion. Pure arithmetic on sums and on what the two autocorrelations found.
/// Source of the two sources' model: Hayes and Smith 2001, "A new method for pulse oximetry possessing inherent insensitivity to artifact", IEEE Trans. Biomed. Eng. 48(4) 452.
/// </summary>
public sealed class CommonMotion
{
    /// <summary>Below this share, thousandths, the lights differ as blood makes them differ. Assumption.</summary>
    public const int MinShareThousandths = 200;

    /// <summary>Below this strength of its autocorrelation, thousandths, the difference is noise and says nothing. Chosen on recordings with added tremor (README).</summary>
    public const int MinKnownThousandths = 350;

    /// <summary>From this strength on, thousandths, the difference is a pulse, and the infrared light must have the same period. Chosen likewise.</summary>
    public const int SureThousandths = 650;

    /// <summary>From this strength on, thousandths, the difference alone gives a pulse rate. Chosen likewise.</summary>
    public const int AloneThousandths = 700;

    /// <summary>Correlation at half its period, per cent of that at the period, at which the difference's period may be two beats. Chosen likewise.</summary>
    public const int MaxHalfPercent = 40;

    /// <summary>A correlation of the difference at infrared's period of this share of its own highest, per cent, supports that period. Chosen likewise.</summary>
    public const int SupportPercent = 70;

    /// <summary>So much more of red that infrared does not explain than the noise of the difference, thousandths: motion, when R is not near 1. Chosen likewise.</summary>
    public const int ExcessThousandths = 200;

    /// <summary>The same near R = 1, where the difference keeps little of the blood; the periods must differ too. Chosen likewise.</summary>
    public const int HighExcessThousandths = 350;

    /// <summary>R x 10,000 from which the difference is too small to judge by the excess alone. Chosen likewise.</summary>
    public const int NearOneRatio = 9000;

    /// <summary>The difference of two lights that move as one holds less than this share of infrared's pulsation energy, millionths. Assumption: R within 14 % of 1.</summary>
    public const int AsOneMillionths = 20000;

    /// <summary>Of lights that move as one, this share that is common, thousandths, is no noise, of which each light has its own. Assumption: noise gives a half.</summary>
    public const int AsOneShareThousandths = 750;

    /// <summary>At most this share of infrared's energy in the difference, millionths, is rounding and says nothing. Assumption: R within 3 % of 1.</summary>
    public const int NoDifferenceMillionths = 1000;

    private const long LargestSquares = 1L << 42;
    private const int Million = 1000000;

    private int _differenceMillionths;

    /// <summary>What the lights have in common beyond blood, as a share of infrared's pulsation energy, thousandths; noise of red counts as common near R = 1.</summary>
    public int ShareThousandths { get; private set; }

    /// <summary>True when the difference of the lights holds noise, or motion, and hardly any blood: what there is in it is not rounding, and is common to both.</summary>
    public bool IsBloodHidden => ShareThousandths > AsOneShareThousandths && _differenceMillionths > NoDifferenceMillionths;

    /// <summary>True when there is motion common to both lights that is not small beside the pulse.</summary>
    public bool IsPresent { get; private set; }

    /// <summary>True when the infrared light has not the pulse's period.</summary>
    public bool HidesPulse { get; private set; }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        _differenceMillionths = Million;
        ShareThousandths = 0;
        IsPresent = false;
        HidesPulse = false;
    }

    /// <summary>Takes the sums of a window.</summary>
    /// <param name="redSquares">Of the red pulsation.</param>
    /// <param name="infraredSquares">Of the infrared pulsation, above 0.</param>
    /// <param name="products">Of both.</param>
    /// <param name="meanRed">Mean red light, above 0.</param>
    /// <param name="meanInfrared">Mean infrared light, above 0.</param>
    public void Measure(long redSquares, long infraredSquares, long products, int meanRed, int meanInfrared)
    {
        while (infraredSquares > LargestSquares || redSquares > LargestSquares)
        {
            infraredSquares >>= 1;
            redSquares >>= 1;
            products >>= 1;
        }

        // Of relative lights, infrared's energy 1: the products, red's energy, and the energy of the difference 1 - 2 u + w. Two sources, blood of ratio R and
        // motion of ratio 1, give u = R P + T and w = R² P + T with P + T = 1, and T = (w - u²) / (1 - 2 u + w).
        long product = products * Million / (infraredSquares + 1) * meanInfrared / meanRed;
        long red = redSquares * Million / (infraredSquares + 1) * meanInfrared / meanRed * meanInfrared / meanRed;
        long difference = Million - (2 * product) + red;
        long unexplained = red - (product * product / Million);
        long share = difference <= 0 || unexplained <= 0 ? 0 : unexplained * 1000 / difference;
        _differenceMillionths = difference > Million ? Million : (int)difference;
        ShareThousandths = share > 1000 ? 1000 : (int)share;
    }

    /// <summary>Judges.</summary>
    /// <param name="infrared">Autocorrelation of the infrared light.</param>
    /// <param name="difference">Autocorrelation of the difference.</param>
    /// <param name="infraredRateTenths">Pulse rate by the first, tenths per minute, 0 for none.</param>
    /// <param name="differenceRateTenths">Pulse rate by the second.</param>
    /// <param name="ratioTenThousandths">R x 10,000.</param>
    public void Evaluate(PulseAutocorrelation infrared, PulseAutocorrelation difference, int infraredRateTenths, int differenceRateTenths, int ratioTenThousandths)
    {
        int strength = difference.StrengthThousandths;
        bool isKnown = strength >= MinKnownThousandths;
        int excess = ShareThousandths - (1000 - strength);
        HidesPulse = false;
        if (ShareThousandths > MinShareThousandths)
        {
            bool agree = PulseRhythm.Agree(infraredRateTenths, differenceRateTenths);
            bool asOne = ShareThousandths > AsOneShareThousandths && _differenceMillionths < AsOneMillionths && !(isKnown && agree);
            bool unsupported = difference.Near(infrared.PeriodSixteenths) * 100 < strength * SupportPercent;
            bool apart = excess > HighExcessThousandths && !PulseRhythm.IsWithin(infraredRateTenths, differenceRateTenths, 7)
                && !PulseRhythm.IsWithin(infraredRateTenths, 2 * differenceRateTenths, 5);
            HidesPulse = asOne || (isKnown && (strength >= SureThousandths ? !agree : unsupported || apart));
        }

        IsPresent = HidesPulse || (isKnown && excess > ExcessThousandths && ratioTenThousandths < NearOneRatio)
            || (strength >= SureThousandths && excess > HighExcessThousandths && _differenceMillionths > NoDifferenceMillionths);
    }

    /// <summary>Whether the difference alone gives the pulse rate: its pulse is strong, and its period is not that of two beats.</summary>
    /// <param name="difference">Its autocorrelation.</param>
    /// <returns>True when it does.</returns>
    public static bool IsEnough(PulseAutocorrelation difference) => difference.StrengthThousandths >= AloneThousandths
        && difference.Near(difference.PeriodSixteenths / 2) * 100 < difference.StrengthThousandths * MaxHalfPercent;
}
