using System;
using System.Collections.Generic;
using Simulators.Kernel;

namespace Firmware.Tests.Host;

/// <summary>
/// Made-up light of a finger for the pulse's tests: a beat is a Gaussian systole (SD 8.5 % of the period) and a second wave (SD 7 %), which oximeters
/// are known to count as a beat; tremor, wander and bursts are shares of the light that both lights have in common. Every value is a function of time and seed.
/// </summary>
internal sealed class MadeUpLight
{
    private const double SystoleShare = 0.085;
    private const double SecondShare = 0.07;
    private readonly List<(double At, double Second, double Height)> _beats = [];
    private readonly ulong _seed;

    /// <summary>Draws the beats.</summary>
    /// <param name="rate">Beats per minute.</param>
    /// <param name="seed">Everything random comes from it.</param>
    /// <param name="irregular">Each beat comes early or late by up to this share of a period.</param>
    /// <param name="secondHeight">Height of the second wave, shares of the systole's; each beat's is up to a quarter higher or lower.</param>
    public MadeUpLight(double rate, ulong seed, double irregular = 0.01, double secondHeight = 0.25)
    {
        Period = 60 / rate;
        _seed = seed;
        SeededRandom random = new(seed);
        for (double at = -2 * random.NextDouble(); at < 80; at += Period)
        {
            _beats.Add((at + (Period * irregular * ((2 * random.NextDouble()) - 1)), secondHeight * (0.75 + (0.5 * random.NextDouble())), 1));
        }
    }

    /// <summary>Draws the beats of a heart that does not beat evenly.</summary>
    /// <param name="rate">Beats per minute, as long as the intervals' mean is 1.</param>
    /// <param name="seed">Everything random comes from it.</param>
    /// <param name="rhythm">The interval before each beat, periods, and the beat's height, usually 1; by the number of the beat.</param>
    /// <param name="secondHeight">Height of the second wave, shares of its own systole's.</param>
    public MadeUpLight(double rate, ulong seed, Func<int, SeededRandom, (double Interval, double Height)> rhythm, double secondHeight = 0.25)
    {
        Period = 60 / rate;
        _seed = seed;
        SeededRandom random = new(seed);
        double at = -2 * random.NextDouble();
        for (int i = 0; at < 80; i++)
        {
            (double interval, double height) = rhythm(i, random);
            at += interval * Period;
            _beats.Add((at, secondHeight * height, height));
        }
    }

    /// <summary>From beat to beat, s.</summary>
    public double Period { get; }

    /// <summary>From systole to the second wave, s.</summary>
    public double SecondAt { get; init; } = 0.3;

    /// <summary>Pulsation of infrared light, share of its mean; 0 for a finger without blood.</summary>
    public double Perfusion { get; init; } = 0.01;

    /// <summary>Ratio R.</summary>
    public double Ratio { get; init; } = 0.6;

    /// <summary>Noise of each light, counts, evenly within ±.</summary>
    public double NoiseCounts { get; init; } = 8;

    /// <summary>Share of the light by which something moves both lights, of the time in s.</summary>
    public Func<double, double> Common { get; init; } = static _ => 0;

    /// <summary>How much of <see cref="Common"/> red has, 1 for as much as infrared.</summary>
    public double RedGain { get; init; } = 1;

    /// <summary>The light at a time.</summary>
    /// <param name="seconds">s.</param>
    /// <returns>Counts.</returns>
    public (int Red, int Infrared) At(double seconds)
    {
        double volume = 0;
        foreach ((double at, double second, double height) in _beats)
        {
            if (at > seconds - 5 && at < seconds + 2)
            {
                volume += (height * Bell((seconds - at) / (SystoleShare * Period))) + (second * Bell((seconds - at - SecondAt) / (SecondShare * Period)));
            }
        }

        volume *= 1 + (0.08 * Math.Sin(2 * Math.PI * 0.24 * seconds));
        double common = Common(seconds);
        long sample = (long)Math.Round(seconds * 1000);
        return ((int)Math.Round((110_000 * (1 - (Perfusion * Ratio * volume)) * (1 + (RedGain * common))) + (NoiseCounts * Even(_seed, sample))),
            (int)Math.Round((120_000 * (1 - (Perfusion * volume)) * (1 + common)) + (NoiseCounts * Even(_seed + 3, sample))));
    }

    /// <summary>Beats between two times.</summary>
    /// <param name="from">s.</param>
    /// <param name="to">s.</param>
    /// <returns>How many per minute.</returns>
    public double RateBetween(double from, double to)
    {
        double first = double.NaN;
        double last = 0;
        int count = -1;
        foreach ((double at, _, _) in _beats)
        {
            if (at >= from && at < to)
            {
                first = double.IsNaN(first) ? at : first;
                last = at;
                count++;
            }
        }

        return 60 * count / (last - first);
    }

    /// <summary>A finger that taps and slides: random values on two grids of time, joined by straight lines; -1 to 1.</summary>
    /// <param name="seed">Its own.</param>
    /// <param name="seconds">s.</param>
    /// <returns>The motion.</returns>
    public static double Motion(ulong seed, double seconds) => (0.5 * Joined(seed, seconds, 0.13)) + (0.5 * Joined(seed ^ 77, seconds, 0.45));

    private static double Joined(ulong seed, double seconds, double grid)
    {
        double place = seconds / grid;
        long index = (long)Math.Floor(place);
        return (Even(seed, index) * (1 - (place - index))) + (Even(seed, index + 1) * (place - index));
    }

    private static double Even(ulong seed, long index) => (2 * new SeededRandom(seed ^ ((ulong)index * 0x9E3779B97F4A7C15)).NextDouble()) - 1;

    private static double Bell(double deviations) => Math.Exp(-deviations * deviations / 2);
}
