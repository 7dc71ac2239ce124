using System;
using Simulators.Kernel;

namespace Simulators.Patient;

/// <summary>Where the chestpiece sits: the words of the gateway's sites.</summary>
public enum ChestSite
{
    /// <summary>Second intercostal space, right.</summary>
    Aortic,

    /// <summary>Second intercostal space, left.</summary>
    Pulmonic,

    /// <summary>Fourth intercostal space, left.</summary>
    Tricuspid,

    /// <summary>Apex.</summary>
    Mitral,

    /// <summary>Upper lung, right.</summary>
    RightUpperLung,

    /// <summary>Upper lung, left.</summary>
    LeftUpperLung,

    /// <summary>Lower lung, right.</summary>
    RightLowerLung,

    /// <summary>Lower lung, left.</summary>
    LeftLowerLung,
}

/// <summary>A murmur: noise between heart sounds. It names nothing.</summary>
public enum ChestMurmur
{
    /// <summary>None.</summary>
    None,

    /// <summary>Between the first and the second heart sound, loudest over the aortic site.</summary>
    Systolic,

    /// <summary>Behind the second heart sound, loudest over the mitral site.</summary>
    Diastolic,
}

/// <summary>How a chest sounds.</summary>
public sealed record ChestSoundOptions
{
    /// <summary>Where the chestpiece sits.</summary>
    public ChestSite Site { get; init; } = ChestSite.Mitral;

    /// <summary>Peak of the first heart sound over the apex at the converter's input, mV, 0 to 1,500. Assumption.</summary>
    public double HeartMilliVolt { get; init; } = 150;

    /// <summary>True for a third heart sound.</summary>
    public bool HasThird { get; init; }

    /// <summary>True for a fourth heart sound.</summary>
    public bool HasFourth { get; init; }

    /// <summary>A murmur, or none.</summary>
    public ChestMurmur Murmur { get; init; }

    /// <summary>Breath sound over a lung at the height of inspiration, mV. Assumption.</summary>
    public double BreathMilliVolt { get; init; } = 12;

    /// <summary>Breaths per minute.</summary>
    public double BreathsPerMinute { get; init; } = 14;

    /// <summary>What the room adds, mV. Assumption: a quiet room.</summary>
    public double RoomMilliVolt { get; init; } = 0.5;
}

/// <summary>
/// What a contact microphone hears of a patient: heart sounds on the same heart clock as the pulse at the finger, murmurs, breath, and what the room, a moving hand and a lifted chestpiece do.
/// A pure function of time and seed, of + - * / alone. Frequencies and lengths: textbook ranges (first sound 30 to 60 Hz, 0.14 s; second 40 to 80 Hz, 0.11 s; third and fourth 25 to 40 Hz); the
/// strengths over the sites are guesses.
/// </summary>
public sealed class ChestSound
{
    /// <summary>From the first heart sound to the foot of the pulse at the finger, µs. Assumption: pre-ejection and transit, 60 and 180 ms.</summary>
    public const long PulseDelayUs = 240_000;

    // Aortic, pulmonic, tricuspid, mitral, and the four lungs: the first sound, the second, murmur of systole, murmur of diastole, breath.
    private static readonly double[] First = [0.6, 0.55, 0.85, 1, 0.06, 0.06, 0.03, 0.05];
    private static readonly double[] Second = [0.9, 0.85, 0.55, 0.6, 0.05, 0.05, 0.02, 0.03];
    private static readonly double[] Systole = [1, 0.6, 0.5, 0.4, 0.05, 0.05, 0, 0];
    private static readonly double[] Diastole = [0.3, 0.3, 0.5, 1, 0, 0, 0, 0];
    private static readonly double[] Breath = [0.15, 0.15, 0.1, 0.1, 1, 1, 0.9, 0.85];

    private readonly ChestSoundOptions _options;
    private readonly IHeartClock _heart;
    private readonly ulong _seed;

    /// <summary>Makes a chest.</summary>
    /// <param name="options">How it sounds.</param>
    /// <param name="heart">The patient's heart.</param>
    /// <param name="random">For noise.</param>
    public ChestSound(ChestSoundOptions options, IHeartClock heart, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(heart);
        ArgumentNullException.ThrowIfNull(random);
        _options = options;
        _heart = heart;
        _seed = random.NextUInt64();
        Site = options.Site;
    }

    /// <summary>Where the chestpiece sits now.</summary>
    public ChestSite Site { get; set; }

    /// <summary>True while the chestpiece does not touch the skin.</summary>
    public bool IsLifted { get; set; }

    /// <summary>What the room adds beyond the quiet one, mV.</summary>
    public double AmbientMilliVolt { get; set; }

    /// <summary>True while a hand or cloth rubs on the chestpiece.</summary>
    public bool IsRubbed { get; set; }

    /// <summary>The voltage behind the microphone's amplifier.</summary>
    /// <param name="ns">True time, ns.</param>
    /// <returns>nV.</returns>
    public long NanoVoltAt(long ns)
    {
        double seconds = ns / 1e9;
        double milliVolt = (_options.RoomMilliVolt * Noise(ns, 1, 2_000_000)) + (AmbientMilliVolt * Noise(ns, 7, 600_000));
        if (!IsLifted)
        {
            milliVolt += Heart(ns) + Lungs(ns, seconds);
            if (IsRubbed)
            {
                // Bursts of 20 ms, two a second, each somewhere in its half second.
                double half = Math.Floor(seconds * 2);
                double since = (seconds * 2) - half - (0.45 * (Value((ulong)half, 6) + 1));
                milliVolt += since is >= 0 and < 0.04 ? 1300 * Noise(ns, 2, 300_000) * (1 - (since / 0.04)) : 0;
            }
        }

        return (long)Math.Floor((milliVolt * 1e6) + 0.5);
    }

    private double Heart(long ns)
    {
        // The beat whose pulse comes to the finger later: its place in time is that of the heart's own clock.
        long us = (ns / 1000) + PulseDelayUs;
        double beats = _heart.BeatsAt(us);
        double rate = (_heart.BeatsAt(us + 50_000) - _heart.BeatsAt(us - 50_000)) / 0.1;
        double interval = 1 / Math.Max(0.3, rate);
        double since = (beats - Math.Floor(beats)) * interval;
        int site = (int)Site;

        // Systole shortens with the rate. Source: Weissler et al. 1968, electromechanical systole 546 - 2.1 x rate ms; less the 60 ms before the first sound.
        double systole = Math.Max(0.18, 0.486 - (2.1e-3 * 60 * rate));
        double sound = (First[site] * Burst(since, 0.14, 45)) + (Second[site] * 0.75 * Burst(since - systole, 0.11, 60));
        if (_options.HasThird)
        {
            sound += First[site] * 0.3 * Burst(since - systole - 0.14, 0.09, 32);
        }

        if (_options.HasFourth)
        {
            sound += First[site] * 0.3 * Burst(since - interval + 0.11, 0.08, 30);
        }

        if (_options.Murmur == ChestMurmur.Systolic && since > 0.06 && since < systole - 0.02)
        {
            // Rises and falls between the sounds.
            double place = (since - 0.06) / (systole - 0.08);
            sound += Systole[site] * 0.35 * 4 * place * (1 - place) * Noise(ns, 3, 2_500_000);
        }
        else if (_options.Murmur == ChestMurmur.Diastolic && since > systole + 0.1 && since < interval - 0.05)
        {
            double place = (since - systole - 0.1) / Math.Max(0.05, interval - 0.15 - systole);
            sound += Diastole[site] * 0.3 * (1 - place) * Noise(ns, 4, 3_500_000);
        }

        return _options.HeartMilliVolt * sound;
    }

    private double Lungs(long ns, double seconds)
    {
        double breath = seconds * _options.BreathsPerMinute / 60;
        double place = breath - Math.Floor(breath);

        // Inspiration is louder and longer to hear than expiration.
        double strength = place < 0.4 ? 4 * (place / 0.4) * (1 - (place / 0.4)) : place < 0.75 ? 1.4 * ((place - 0.4) / 0.35) * (1 - ((place - 0.4) / 0.35)) : 0;
        return _options.BreathMilliVolt * Breath[(int)Site] * strength * Noise(ns, 5, 700_000);
    }

    // A short wave of one frequency under a hill: 0 outside, 1 at most.
    private static double Burst(double since, double length, double hz)
    {
        if (since < 0 || since >= length)
        {
            return 0;
        }

        double place = since / length;
        double hill = 16 * place * place * (1 - place) * (1 - place);
        return hill * Shape.Wave(since * hz);
    }

    // Noise between -1 and 1 that changes every so many ns and runs evenly between.
    private double Noise(long ns, ulong kind, long everyNs)
    {
        long index = ns / everyNs;
        double part = (ns - (index * everyNs)) / (double)everyNs;
        double here = Value((ulong)index, kind);
        return here + ((Value((ulong)index + 1, kind) - here) * part);
    }

    private double Value(ulong index, ulong kind)
    {
        ulong x = _seed ^ (index * 0x9E3779B97F4A7C15) ^ (kind << 56);
        x ^= x >> 30;
        x *= 0xBF58476D1CE4E5B9;
        x ^= x >> 27;
        x *= 0x94D049BB133111EB;
        x ^= x >> 31;
        return ((x >> 11) * (2.0 / (1UL << 53))) - 1;
    }
}
