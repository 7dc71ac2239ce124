using System;

namespace Simulators.Patient;

/// <summary>
/// How a made-up patient's saturation becomes the ratio R of its light: a table of its own, so that no error of the product's curve can hide in it.
/// Source: the usual empirical calibration SpO2 = 110 - 25 R of Webster (ed.) 1997, "Design of Pulse Oximeters", tabulated in steps of 5 %. What the
/// product makes of R is another curve's matter: nothing here says that its SpO2 is right.
/// </summary>
public static class PatientSaturation
{
    /// <summary>Lowest saturation in the table, %.</summary>
    public const double LowestPercent = 60;

    /// <summary>Highest saturation in the table, %.</summary>
    public const double HighestPercent = 100;

    private const double StepPercent = 5;

    private static readonly double[] Ratios = [2.0, 1.8, 1.6, 1.4, 1.2, 1.0, 0.8, 0.6, 0.4];

    /// <summary>R at a saturation, linear between the rows.</summary>
    /// <param name="percent">60 to 100.</param>
    /// <returns>0.4 to 2.0.</returns>
    public static double RatioAt(double percent)
    {
        if (!(percent >= LowestPercent && percent <= HighestPercent))
        {
            throw new ArgumentOutOfRangeException(nameof(percent), percent, "A saturation of the table is 60 to 100 %.");
        }

        double place = (percent - LowestPercent) / StepPercent;
        int row = Math.Min((int)place, Ratios.Length - 2);
        return Ratios[row] + ((Ratios[row + 1] - Ratios[row]) * (place - row));
    }
}
