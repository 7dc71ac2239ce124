using System;

namespace Simulators.Patient;

/// <summary>The patient's heart, as everything that beats with it sees it.</summary>
public interface IHeartClock
{
    /// <summary>Beats since the beginning, with the part of the present one behind the point: 0 is the foot of a pulsation.</summary>
    /// <param name="worldUs">True time, µs.</param>
    /// <returns>Rising with time.</returns>
    double BeatsAt(long worldUs);
}

/// <summary>What an arm is like under a cuff.</summary>
public sealed record CuffedArmOptions
{
    /// <summary>Systolic pressure, mmHg, 60 to 250.</summary>
    public double SystolicMmHg { get; init; } = 120;

    /// <summary>Diastolic pressure, mmHg, 30 to 150.</summary>
    public double DiastolicMmHg { get; init; } = 80;

    /// <summary>Volume of the open artery under the cuff, µL. Assumption: 1,400 makes oscillations of about 2 mmHg in an adult cuff.</summary>
    public double ArteryMicroLitres { get; init; } = 1400;
}

/// <summary>
/// The artery under a cuff. Its volume follows the transmural pressure by a curve that opens steeply around zero, so that the cuff oscillates most where it is
/// about half open. Which share of the greatest oscillation there is at the systolic and at the diastolic pressure is set by the curve's
/// place and width: by construction near the shares that the literature gives, not a proof of any method. Only + - * / and square root.
/// </summary>
public sealed class CuffedArm
{
    /// <summary>The pulsation reaches the upper arm this much earlier than the finger, in beats. Assumption: 50 ms at 72 /min.</summary>
    private const double AheadBeats = 0.06;

    /// <summary>Transmural pressure at which half of the volume is open, mmHg, for a pulse pressure of 40. Chosen so that systolic and diastolic shares are near 0.5 and 0.75.</summary>
    private const double HalfOpenMmHg = 6;

    /// <summary>Width of the opening, mmHg, for a pulse pressure of 40; wider pulses open a wider curve. Assumption.</summary>
    private const double WidthMmHg = 15;

    // The pressure of one beat, from foot to foot, in shares of the pulse pressure: steep rise, shoulder, notch, slow fall. Assumption, by eye.
    private static readonly double[] Wave =
    [
        0.00, 0.22, 0.62, 0.90, 1.00, 0.98, 0.93, 0.86, 0.78, 0.70, 0.62, 0.55, 0.50, 0.53, 0.51, 0.46,
        0.41, 0.36, 0.32, 0.28, 0.25, 0.22, 0.19, 0.16, 0.14, 0.12, 0.10, 0.08, 0.06, 0.04, 0.03, 0.01,
    ];

    private readonly IHeartClock _heart;
    private readonly CuffedArmOptions _options;
    private readonly double _width;

    /// <summary>Makes an arm.</summary>
    /// <param name="heart">Whose.</param>
    /// <param name="options">What it is like.</param>
    public CuffedArm(IHeartClock heart, CuffedArmOptions options)
    {
        ArgumentNullException.ThrowIfNull(heart);
        ArgumentNullException.ThrowIfNull(options);
        if (options.SystolicMmHg - options.DiastolicMmHg < 10 || options.DiastolicMmHg < 20 || options.SystolicMmHg > 260)
        {
            throw new ArgumentOutOfRangeException(nameof(options), "Systolic is at most 260, diastolic at least 20, and 10 mmHg lie between them.");
        }

        _heart = heart;
        _options = options;
        _width = WidthMmHg * (options.SystolicMmHg - options.DiastolicMmHg) / 40;
    }

    /// <summary>Pressure in the artery.</summary>
    /// <param name="worldUs">True time, µs.</param>
    /// <returns>mmHg.</returns>
    public double ArterialMmHg(long worldUs)
    {
        double beats = _heart.BeatsAt(worldUs) + AheadBeats;
        double place = (beats - Math.Floor(beats)) * Wave.Length;
        int index = Math.Min((int)place, Wave.Length - 1);
        double next = Wave[index + 1 == Wave.Length ? 0 : index + 1];
        double share = Wave[index] + ((next - Wave[index]) * (place - index));
        return _options.DiastolicMmHg + ((_options.SystolicMmHg - _options.DiastolicMmHg) * share);
    }

    /// <summary>Volume of the artery under the cuff.</summary>
    /// <param name="worldUs">True time, µs.</param>
    /// <param name="cuffMmHg">Pressure in the cuff, mmHg.</param>
    /// <returns>µL.</returns>
    public double MicroLitresAt(long worldUs, double cuffMmHg)
    {
        double x = ((ArterialMmHg(worldUs) - cuffMmHg) / _width) - (HalfOpenMmHg / WidthMmHg);
        return _options.ArteryMicroLitres * 0.5 * (1 + (x / Math.Sqrt(1 + (x * x))));
    }

    /// <summary>How much of the pulse passes the cuff: 1 below the diastolic pressure, 0 above the systolic one.</summary>
    /// <param name="cuffMmHg">Pressure in the cuff, mmHg.</param>
    /// <returns>0 to 1.</returns>
    public double Passes(double cuffMmHg) =>
        Math.Clamp((_options.SystolicMmHg - cuffMmHg) / (_options.SystolicMmHg - _options.DiastolicMmHg), 0, 1);
}
