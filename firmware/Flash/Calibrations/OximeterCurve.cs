using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Firmware.Flash.Calibrations;

/// <summary>A board's own curve, SpO2 % = a R^2 + b R + c, fitted to a tester's points.</summary>
/// <param name="ATenMillionths">a x 10,000,000.</param>
/// <param name="BTenMillionths">b x 10,000,000.</param>
/// <param name="CTenMillionths">c x 10,000,000.</param>
public sealed record OximeterCurve(long ATenMillionths, long BTenMillionths, long CTenMillionths)
{
    /// <summary>Fewest points.</summary>
    public const int MinPoints = 5;

    /// <summary>Least span of the points, tenths of a percent.</summary>
    public const int MinSpanTenths = 200;

    /// <summary>Largest distance of a point from the curve, tenths of a percent. Assumption: half of the 4 % (A_rms) that ISO 80601-2-61 allows the whole.</summary>
    public const int MaxErrorTenths = 20;

    /// <summary>Largest difference of R between the thirds of a stretch, percent. Assumption: of SpO2 that is about 1 %.</summary>
    public const int MaxUnsteadyPercent = 5;

    /// <summary>R of a stretch of light: the pulse's share of red over that of infrared. The pulse is the standard deviation about the straight line through the stretch; no pulse, no R.</summary>
    /// <param name="red">Counts of red.</param>
    /// <param name="infrared">Counts of infrared, as many.</param>
    /// <returns>R x 10,000; null when a light is dark or has no pulse.</returns>
    public static int? Ratio(IReadOnlyList<int> red, IReadOnlyList<int> infrared)
    {
        if (Share(red) is not double r || Share(infrared) is not double i)
        {
            return null;
        }

        double ratio = r / i * 10_000;
        return ratio is > 1000 and < 40_000 ? (int)Math.Round(ratio) : null;
    }

    /// <summary>R of three thirds of a stretch, which must agree: a finger that moved, or a light that was set anew meanwhile, gives none.</summary>
    /// <param name="red">Counts of red.</param>
    /// <param name="infrared">Counts of infrared, as many.</param>
    /// <returns>The middle one, x 10,000; null when one is missing or they differ by more than <see cref="MaxUnsteadyPercent"/>.</returns>
    public static int? SteadyRatio(IReadOnlyList<int> red, IReadOnlyList<int> infrared)
    {
        ArgumentNullException.ThrowIfNull(red);
        int third = red.Count / 3;
        int?[] thirds = [.. Enumerable.Range(0, 3).Select(i => Ratio([.. red.Skip(i * third).Take(third)], [.. infrared.Skip(i * third).Take(third)]))];
        int[] sorted = [.. thirds.OfType<int>().Order()];
        return sorted.Length == 3 && (sorted[2] - sorted[0]) * 100 <= sorted[1] * MaxUnsteadyPercent ? sorted[1] : null;
    }

    /// <summary>SpO2 by this curve.</summary>
    /// <param name="ratioTenThousandths">R x 10,000.</param>
    /// <returns>Tenths of a percent.</returns>
    public int SaturationTenths(int ratioTenThousandths)
    {
        double ratio = ratioTenThousandths / 10_000.0;
        return (int)Math.Round(((ATenMillionths * ratio * ratio) + (BTenMillionths * ratio) + CTenMillionths) / 1_000_000);
    }

    /// <summary>Fits a curve by least squares.</summary>
    /// <param name="points">Tenths of a percent, R x 10,000.</param>
    /// <param name="wrong">Why there is none, or null.</param>
    /// <returns>The curve, or null.</returns>
    public static OximeterCurve? Fit(IReadOnlyList<(int SaturationTenths, int RatioTenThousandths)> points, out string? wrong)
    {
        ArgumentNullException.ThrowIfNull(points);
        wrong = points.Count < MinPoints ? string.Create(CultureInfo.InvariantCulture, $"{points.Count} points; {MinPoints} are needed")
            : points.Max(p => p.SaturationTenths) - points.Min(p => p.SaturationTenths) < MinSpanTenths ? "the points span less than 20 %" : null;
        if (wrong is not null)
        {
            return null;
        }

        // Normal equations of the quadratic; powers of R from 0 to 4.
        double[] power = new double[5];
        double[] product = new double[3];
        foreach ((int saturation, int ratio) in points)
        {
            double x = 1;
            for (int i = 0; i < 5; i++, x *= ratio / 10_000.0)
            {
                power[i] += x;
                if (i < 3)
                {
                    product[i] += x * saturation / 10.0;
                }
            }
        }

        double Determinant(Func<int, int, double> at) =>
            (at(0, 0) * ((at(1, 1) * at(2, 2)) - (at(1, 2) * at(2, 1)))) - (at(0, 1) * ((at(1, 0) * at(2, 2)) - (at(1, 2) * at(2, 0)))) + (at(0, 2) * ((at(1, 0) * at(2, 1)) - (at(1, 1) * at(2, 0))));
        double whole = Determinant((i, j) => power[i + j]);
        if (Math.Abs(whole) < 1e-9)
        {
            wrong = "the points do not lie apart in R";
            return null;
        }

        double Coefficient(int column) => Determinant((i, j) => j == column ? product[i] : power[i + j]) / whole;
        OximeterCurve curve = new((long)Math.Round(Coefficient(2) * 1e7), (long)Math.Round(Coefficient(1) * 1e7), (long)Math.Round(Coefficient(0) * 1e7));
        (int SaturationTenths, int RatioTenThousandths) worst = points.MaxBy(p => Math.Abs(curve.SaturationTenths(p.RatioTenThousandths) - p.SaturationTenths));
        int error = Math.Abs(curve.SaturationTenths(worst.RatioTenThousandths) - worst.SaturationTenths);
        int[] byRatio = [.. points.Select(p => p.RatioTenThousandths).Order()];
        bool isFalling = byRatio.Zip(byRatio.Skip(1)).All(p => p.First == p.Second || curve.SaturationTenths(p.First) > curve.SaturationTenths(p.Second));
        wrong = error > MaxErrorTenths ? string.Create(CultureInfo.InvariantCulture, $"at {worst.SaturationTenths / 10m} % the curve is {error / 10m} % off") : isFalling ? null : "saturation does not fall with R";
        return wrong is null ? curve : null;
    }

    private static double? Share(IReadOnlyList<int> light)
    {
        int count = light.Count;
        if (count < 50)
        {
            return null;
        }

        double mean = light.Average();
        double middle = (count - 1) / 2.0;
        double slope = light.Select((v, i) => (v - mean) * (i - middle)).Sum() / (count * ((count * (double)count) - 1) / 12);
        double variance = light.Select((v, i) => v - mean - (slope * (i - middle))).Sum(d => d * d) / count;
        double share = Math.Sqrt(variance) / mean;

        // Assumption: a pulse is at least 0.02 % of the light, the least that testers give.
        return mean > 1000 && share > 0.0002 ? share : null;
    }
}
