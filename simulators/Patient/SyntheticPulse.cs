using System;
using Simulators.Kernel;

namespace Simulators.Patient;

/// <summary>How a synthetic pulse looks.</summary>
public sealed record SyntheticPulseOptions
{
    /// <summary>Pulse rate, beats per minute, 20 to 300.</summary>
    public double RateBpm { get; init; } = 72;

    /// <summary>Breaths per minute, 0 to 60; they move pulse volume and, a little, its rate.</summary>
    public double BreathsPerMinute { get; init; } = 14;

    /// <summary>Mean infrared light, counts, 0 to 262,143.</summary>
    public double InfraredDcCounts { get; init; } = 120_000;

    /// <summary>Mean red light, counts, 0 to 262,143.</summary>
    public double RedDcCounts { get; init; } = 110_000;

    /// <summary>
    /// How much the pulse rate varies besides breathing, per cent of it, 0 to 20: the standard deviation, about. Slow waves of the seed's own phases.
    /// </summary>
    public double VariabilityPercent { get; init; }

    /// <summary>Perfusion index: pulsation of the infrared light peak to peak, per cent of its mean, 0 to 20; 0.02 is the least that makers declare.</summary>
    public double PerfusionPercent { get; init; } = 1.5;

    /// <summary>
    /// How irregular the rhythm is, per cent of the interval by which single beats come early or late, 0 to 40: 25 looks like atrial fibrillation to a cuff. Assumption.
    /// </summary>
    public double IrregularPercent { get; init; }

    /// <summary>Ratio R of the relative pulsations, red over infrared, 0.2 to 3. <see cref="PatientSaturation"/> gives it for a saturation.</summary>
    public double Ratio { get; init; } = 0.5;

    /// <summary>Noise, counts, evenly distributed within ± this; 0 to 1,000.</summary>
    public double NoiseCounts { get; init; } = 8;

    /// <summary>Light that reaches the detector with no finger there, counts.</summary>
    public double NoFingerCounts { get; init; } = 900;
}

/// <summary>
/// A made-up pulse: one volume curve per beat (fast systolic rise, dicrotic notch, diastolic decay), modulated by breathing, turned into
/// light that falls as volume rises. Every value is a pure function of time and seed.
/// </summary>
public sealed class SyntheticPulse : IPatientLight, IHeartClock
{
    // Assumption: the usual picture of a finger's volume pulse in a healthy adult, 32 points over one beat, 0 = diastole, 1 = systolic peak.
    private static readonly double[] Volume =
    [
        0.00, 0.06, 0.25, 0.52, 0.78, 0.94, 1.00, 0.98,
        0.92, 0.83, 0.74, 0.66, 0.59, 0.54, 0.51, 0.50,
        0.51, 0.525, 0.53, 0.52, 0.49, 0.45, 0.40, 0.35,
        0.30, 0.25, 0.205, 0.165, 0.125, 0.09, 0.055, 0.025,
    ];

    private readonly SyntheticPulseOptions _options;
    // Assumption: periods of about 10 s (Mayer waves) and slower, no simple ratio between them.
    private static readonly double[] VariationHz = [0.097, 0.059, 0.031];

    private readonly ulong _seed;
    private readonly double[] _variationPhase = new double[VariationHz.Length];
    private double _perfusionBefore = 1;
    private double _perfusion = 1;
    private long _perfusionUs;
    private long _fingerOnUs;
    private long _fingerOffUs = long.MaxValue;

    /// <summary>Makes a patient whose finger is on the sensor from the start.</summary>
    /// <param name="options">How the pulse looks.</param>
    /// <param name="random">For the noise.</param>
    public SyntheticPulse(SyntheticPulseOptions options, SeededRandom random)
    {
        _options = options;
        _seed = random.NextUInt64();
        SeededRandom phases = new(_seed);
        for (int i = 0; i < _variationPhase.Length; i++)
        {
            _variationPhase[i] = phases.NextDouble();
        }
    }

    /// <summary>The finger is laid on the sensor.</summary>
    /// <param name="worldUs">When, µs.</param>
    public void FingerOn(long worldUs)
    {
        _fingerOnUs = worldUs;
        _fingerOffUs = long.MaxValue;
    }

    /// <summary>The finger is taken away.</summary>
    /// <param name="worldUs">When, µs.</param>
    public void FingerOff(long worldUs) => _fingerOffUs = worldUs;

    /// <summary>Time in which the skin's vessels close or open to 63 %, µs. Assumption.</summary>
    public const long ColdTimeConstantUs = 1_500_000;

    /// <summary>What a cold finger keeps of its pulsation. Assumption: far below what can be measured.</summary>
    public const double ColdShare = 0.003;

    /// <summary>The finger gets cold and its vessels close, or warm again.</summary>
    /// <param name="worldUs">When, µs, not before an earlier change.</param>
    /// <param name="cold">True for cold.</param>
    public void SetCold(long worldUs, bool cold)
    {
        _perfusionBefore = PerfusionAt(worldUs);
        _perfusion = cold ? ColdShare : 1;
        _perfusionUs = worldUs;
    }

    /// <inheritdoc/>
    public OpticalSample At(long worldUs)
    {
        SeededRandom noise = new(_seed ^ (ulong)worldUs);
        double redNoise = _options.NoiseCounts * ((2 * noise.NextDouble()) - 1);
        double infraredNoise = _options.NoiseCounts * ((2 * noise.NextDouble()) - 1);
        if (worldUs < _fingerOnUs || worldUs >= _fingerOffUs)
        {
            return new OpticalSample(
                Math.Max(0, _options.NoFingerCounts + redNoise), Math.Max(0, _options.NoFingerCounts + infraredNoise));
        }

        double seconds = worldUs / 1e6;
        double breath = Shape.Wave(seconds * _options.BreathsPerMinute / 60);
        double beats = BeatsAt(worldUs);
        double perfusion = _options.PerfusionPercent / 100 * PerfusionAt(worldUs);
        double volume = VolumeAt(beats) * (1 + (0.08 * breath));
        double infrared = _options.InfraredDcCounts * (1 - (perfusion * (volume - 0.45)) + (0.001 * breath));
        double red = _options.RedDcCounts * (1 - (perfusion * _options.Ratio * (volume - 0.45)) + (0.001 * breath));
        return new OpticalSample(Math.Max(0, red + redNoise), Math.Max(0, infrared + infraredNoise));
    }

    /// <inheritdoc/>
    public double BeatsAt(long worldUs)
    {
        double seconds = worldUs / 1e6;
        double breath = Shape.Wave(seconds * _options.BreathsPerMinute / 60);
        double beats = (seconds * _options.RateBpm / 60) + (0.04 * breath) + Variation(seconds);
        if (_options.IrregularPercent <= 0)
        {
            return beats;
        }

        // Each beat's foot is moved by its own part of an interval; between two feet time runs evenly.
        double whole = Math.Floor(beats);
        double here = whole + Moved(whole);
        if (beats < here)
        {
            double before = whole - 1 + Moved(whole - 1);
            return whole - 1 + ((beats - before) / (here - before));
        }

        double next = whole + 1 + Moved(whole + 1);
        return whole + ((beats - here) / (next - here));
    }

    private double Moved(double beat) => _options.IrregularPercent / 100 * ((2 * new SeededRandom(_seed ^ ((ulong)(long)beat * 0x9E3779B97F4A7C15)).NextDouble()) - 1);

    // Beats ahead of the even rhythm. A wave of amplitude a at f Hz has slopes of 8 a f at most, 4.6 a f by RMS (two parabolas per period).
    private double Variation(double seconds)
    {
        double ahead = 0;
        for (int i = 0; i < VariationHz.Length && _options.VariabilityPercent > 0; i++)
        {
            double slope = _options.VariabilityPercent / 100 * _options.RateBpm / 60 * 0.577;
            ahead += slope / (4.6 * VariationHz[i]) * Shape.Wave((seconds * VariationHz[i]) + _variationPhase[i]);
        }

        return ahead;
    }

    private double PerfusionAt(long worldUs) =>
        _perfusion + ((_perfusionBefore - _perfusion) * Shape.Decay(Math.Max(0, worldUs - _perfusionUs) / (double)ColdTimeConstantUs));

    private static double VolumeAt(double beats)
    {
        double place = (beats - Math.Floor(beats)) * Volume.Length;
        int index = Math.Min((int)place, Volume.Length - 1);
        double part = place - index;
        double here = Volume[index];
        double next = Volume[index + 1 == Volume.Length ? 0 : index + 1];
        return here + ((next - here) * part);
    }
}
