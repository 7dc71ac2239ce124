using System;
using System.Collections.Generic;

namespace Firmware.Tests.Host.Cuffs;

/// <summary>
/// A cuff on an arm whose oscillations are known by construction: half of their height at the systolic pressure, three quarters at the diastolic one. The pressure falls as a test
/// wants it: evenly, with kinks, or towards an end that it never reaches.
/// </summary>
internal sealed record SimulatedDeflation
{
    /// <summary>Samples per second.</summary>
    public const int SamplesPerSecond = 100;

    // One beat in 40 parts: steep rise, slow fall.
    private static readonly int[] Beat =
    [
        0, 120, 420, 760, 960, 1000, 960, 900, 830, 760, 690, 630, 580, 545, 525, 520, 525, 525, 510, 485,
        455, 420, 385, 350, 315, 280, 250, 220, 190, 165, 140, 120, 100, 80, 65, 50, 35, 25, 15, 5,
    ];

    public double Systolic { get; init; } = 120;

    public double Diastolic { get; init; } = 80;

    public double Mean { get; init; } = 93;

    public double PulseRate { get; init; } = 72;

    public double HeightMmHg { get; init; } = 1.5;

    public double FromMmHg { get; init; } = 165;

    public double ToMmHg { get; init; } = 25;

    public double MmHgPerSecond { get; init; } = 3;

    /// <summary>The pressure stands for this long first.</summary>
    public double LeadSeconds { get; init; }

    /// <summary>At each of these pressures, in falling order, the rate becomes the one beside it.</summary>
    public IReadOnlyList<(double MmHg, double MmHgPerSecond)> Kinks { get; init; } = [];

    /// <summary>Not 0: the pressure tends towards <see cref="ToMmHg"/> with this time constant, for <see cref="Seconds"/>.</summary>
    public double TimeConstantSeconds { get; init; }

    public double Seconds { get; init; } = 100;

    public double NoiseMmHg { get; init; } = 0.02;

    public int Seed { get; init; }

    /// <summary>The pressure at a time, drawn sample by sample.</summary>
    /// <returns>mmHg, 100 a second.</returns>
    public double[] Samples() => Samples(1.0 / SamplesPerSecond, (int)(Seconds * SamplesPerSecond));

    /// <summary>The same at another rate.</summary>
    /// <param name="period">From one sample to the next, s.</param>
    /// <param name="count">Most samples.</param>
    /// <returns>mmHg.</returns>
    public double[] Samples(double period, int count)
    {
        Random random = new(Seed);
        List<double> samples = [];
        double pressure = FromMmHg;
        double phase = random.NextDouble();
        for (int i = 0; i < count && (TimeConstantSeconds > 0 || pressure > ToMmHg); i++)
        {
            double seconds = i * period;
            if (seconds >= LeadSeconds)
            {
                pressure -= Rate(pressure) * period;
            }

            double place = (((seconds * PulseRate / 60) + phase) % 1) * 40;
            int left = (int)place;
            double shape = (Beat[left] + ((place - left) * (Beat[(left + 1) % 40] - Beat[left]))) / 1000;
            samples.Add(pressure + (shape * Envelope(pressure)) + ((random.NextDouble() - 0.5) * 2 * NoiseMmHg));
        }

        return [.. samples];
    }

    private double Rate(double pressure)
    {
        if (TimeConstantSeconds > 0)
        {
            return (pressure - ToMmHg) / TimeConstantSeconds;
        }

        double rate = MmHgPerSecond;
        foreach ((double mmHg, double then) in Kinks)
        {
            rate = pressure < mmHg ? then : rate;
        }

        return rate;
    }

    private double Envelope(double pressure)
    {
        double side = pressure > Mean ? (pressure - Mean) / (Systolic - Mean) : (Mean - pressure) / (Mean - Diastolic);
        double share = pressure > Mean ? 0.5 : 0.75;
        return HeightMmHg * Math.Exp(Math.Log(share) * side * side);
    }
}
