using System;
using Simulators.Kernel;

namespace Simulators.Cart.Evaluation;

/// <summary>
/// What disturbs a stethoscope, added to a recorded sound. Pure functions of samples, rate, level and random numbers. Samples are in units of full scale, 1; a level is the RMS of all that is
/// added, its pauses included, in dB against the RMS of the sound as it comes in. What would go beyond full scale is made quieter as a whole, so that the disturbance does not clip. A band ends below half
/// of the rate.
/// </summary>
public static class SoundDisturbance
{
    /// <summary>How long one breath is to be heard, s.</summary>
    public const double BreathSeconds = 0.9;

    /// <summary>From one breath to the next, s.</summary>
    public const double BreathPeriodSeconds = 2;

    /// <summary>Lower edge of audible breathing, Hz.</summary>
    public const double BreathLowHz = 300;

    /// <summary>Upper edge of audible breathing, Hz.</summary>
    public const double BreathHighHz = 1500;

    /// <summary>Mains frequency, Hz.</summary>
    public const double MainsHz = 50;

    /// <summary>Harmonics of the mains that are heard; the k-th has 1/k of the first's amplitude. Assumption.</summary>
    public const int MainsHarmonics = 8;

    /// <summary>Power of a fan's blade tone as a share of all that is heard of it. Assumption.</summary>
    public const double BladeShare = 0.2;

    // A band's upper edge is at most this share of the rate: the filters bend close to one half.
    private const double MaxBandShare = 0.45;

    /// <summary>Audible breathing: noise of 300 to 1,500 Hz under sin² of 0.9 s each 2 s, the first one drawn within the period.</summary>
    /// <param name="sound">The sound; it is not changed.</param>
    /// <param name="rateHz">Samples per second, 1,000 or more.</param>
    /// <param name="levelDb">RMS of the breathing with its pauses, dB against the sound's RMS; the height of a breath is 7.7 dB above it.</param>
    /// <param name="random">Where noise and phase come from.</param>
    /// <returns>The disturbed sound.</returns>
    public static double[] AddBreathing(double[] sound, int rateHz, double levelDb, SeededRandom random)
    {
        Check(sound, rateHz, random);
        double[] noise = Band(sound.Length, rateHz, BreathLowHz, BreathHighHz, random);
        double begins = random.NextDouble() * BreathPeriodSeconds;
        for (int i = 0; i < noise.Length; i++)
        {
            double since = ((i / (double)rateHz) + begins) % BreathPeriodSeconds;
            double sine = since < BreathSeconds ? Math.Sin(Math.PI * since / BreathSeconds) : 0;
            noise[i] *= sine * sine;
        }

        ScaleTo(noise, Level(sound, levelDb));
        return Sum(sound, noise);
    }

    /// <summary>
    /// Somebody speaks: a voice of 90 to 230 Hz through two moving formants and a third, three to five syllables a second, each with a consonant's noise in front, phrases of 1.5 to 3 s with pauses of
    /// 0.3 to 0.7 s. Source of the ranges: Peterson and Barney, J. Acoust. Soc. Am. 24 (1952) 175 (formants of vowels); the rest is an assumption.
    /// </summary>
    /// <param name="sound">The sound; it is not changed.</param>
    /// <param name="rateHz">Samples per second, 1,000 or more.</param>
    /// <param name="levelDb">RMS of the speech with its pauses, dB against the sound's RMS.</param>
    /// <param name="random">Where the voice comes from.</param>
    /// <returns>The disturbed sound.</returns>
    public static double[] AddSpeech(double[] sound, int rateHz, double levelDb, SeededRandom random)
    {
        Check(sound, rateHz, random);
        double[] speech = new double[sound.Length];
        double voiceHz = Between(random, 90, 230);
        double phase = 0;
        int at = 0;
        int phraseEnds = (int)(Between(random, 1.5, 3) * rateHz);
        while (at < speech.Length)
        {
            if (at >= phraseEnds)
            {
                at += (int)(Between(random, 0.3, 0.7) * rateHz);
                phraseEnds = at + (int)(Between(random, 1.5, 3) * rateHz);
                continue;
            }

            int length = (int)(rateHz / Between(random, 3, 5));
            Resonator first = new(Between(random, 270, 730), 80, rateHz);
            Resonator second = new(Between(random, 840, 2290), 110, rateHz);
            Resonator third = new(Between(random, 2240, 3010), 160, rateHz);
            double pitch = voiceHz * Between(random, 0.9, 1.1);
            double loudness = Between(random, 0.5, 1);
            for (int i = 0; i < length && at + i < speech.Length; i++)
            {
                // The last sixth of a syllable is nearly silent; the first fifth is a consonant.
                double place = i / (double)length;
                double hill = place < 0.85 ? Math.Sin(Math.PI * place / 0.85) : 0;
                phase += pitch / rateHz;
                double source = place < 0.2 ? 0.15 * Gaussian(random) : 0.01 * Gaussian(random);
                if (phase >= 1)
                {
                    phase -= 1;
                    source += 1;
                }

                speech[at + i] = loudness * hill * (first.Next(source) + (0.6 * second.Next(source)) + (0.3 * third.Next(source)));
            }

            at += length;
        }

        ScaleTo(speech, Level(sound, levelDb));
        return Sum(sound, speech);
    }

    /// <summary>A fan: pink noise from 20 Hz and the tone of its blades, 45 to 250 Hz, a fifth of the power. Source of the tone's range: 3 to 5 blades at 900 to 3,000 turns a minute.</summary>
    /// <param name="sound">The sound; it is not changed.</param>
    /// <param name="rateHz">Samples per second, 1,000 or more.</param>
    /// <param name="levelDb">RMS of the fan, dB against the sound's RMS.</param>
    /// <param name="random">Where noise and tone come from.</param>
    /// <returns>The disturbed sound.</returns>
    public static double[] AddFan(double[] sound, int rateHz, double levelDb, SeededRandom random)
    {
        Check(sound, rateHz, random);
        double[] fan = Pink(sound.Length, rateHz, random);
        double level = Level(sound, levelDb);
        ScaleTo(fan, level * Math.Sqrt(1 - BladeShare));
        double bladeHz = Between(random, 45, 250);
        double phase = random.NextDouble();
        double amplitude = level * Math.Sqrt(2 * BladeShare);
        for (int i = 0; i < fan.Length; i++)
        {
            fan[i] += amplitude * Math.Sin(2 * Math.PI * ((bladeHz * i / rateHz) + phase));
        }

        return Sum(sound, fan);
    }

    /// <summary>Mains hum: 50 Hz and its harmonics up to the eighth, those below half of the rate, each in a drawn phase.</summary>
    /// <param name="sound">The sound; it is not changed.</param>
    /// <param name="rateHz">Samples per second, 1,000 or more.</param>
    /// <param name="levelDb">RMS of the hum, dB against the sound's RMS.</param>
    /// <param name="random">Where the phases come from.</param>
    /// <returns>The disturbed sound.</returns>
    public static double[] AddHum(double[] sound, int rateHz, double levelDb, SeededRandom random)
    {
        Check(sound, rateHz, random);
        double[] hum = new double[sound.Length];
        for (int k = 1; k <= MainsHarmonics; k++)
        {
            double phase = random.NextDouble();
            if (k * MainsHz >= MaxBandShare * rateHz)
            {
                break;
            }

            for (int i = 0; i < hum.Length; i++)
            {
                hum[i] += Math.Sin(2 * Math.PI * ((k * MainsHz * i / rateHz) + phase)) / k;
            }
        }

        ScaleTo(hum, Level(sound, levelDb));
        return Sum(sound, hum);
    }

    /// <summary>A hand or cloth rubs on the chestpiece: bursts of broad-band noise, 40 to 200 ms long, on average two a second, at drawn times, each up to 10 dB below the loudest. Assumption, as all of its figures.</summary>
    /// <param name="sound">The sound; it is not changed.</param>
    /// <param name="rateHz">Samples per second, 1,000 or more.</param>
    /// <param name="levelDb">RMS of the friction with its pauses, dB against the sound's RMS.</param>
    /// <param name="random">Where noise and times come from.</param>
    /// <returns>The disturbed sound.</returns>
    public static double[] AddRub(double[] sound, int rateHz, double levelDb, SeededRandom random)
    {
        Check(sound, rateHz, random);
        double[] noise = Band(sound.Length, rateHz, 30, 3000, random);
        double[] rub = new double[sound.Length];
        for (int at = (int)(Between(random, 0, 0.8) * rateHz); at < rub.Length;)
        {
            int length = (int)(Between(random, 0.04, 0.2) * rateHz);
            double loudness = Math.Pow(10, -Between(random, 0, 10) / 20);
            for (int i = 0; i < length && at + i < rub.Length; i++)
            {
                // It begins at once and dies away, as a hair or a fold that slips free.
                double place = i / (double)length;
                rub[at + i] = loudness * noise[at + i] * Math.Min(1, place / 0.05) * (1 - place);
            }

            at += length + (int)(Between(random, 0.06, 0.7) * rateHz);
        }

        ScaleTo(rub, Level(sound, levelDb));
        return Sum(sound, rub);
    }

    /// <summary>Louder or quieter, clipped at full scale as a file of 16 bits would.</summary>
    /// <param name="sound">The sound; it is not changed.</param>
    /// <param name="gainDb">Gain, dB.</param>
    /// <returns>The sound.</returns>
    public static double[] Amplify(double[] sound, double gainDb)
    {
        ArgumentNullException.ThrowIfNull(sound);
        double gain = Math.Pow(10, gainDb / 20);
        double[] made = new double[sound.Length];
        for (int i = 0; i < made.Length; i++)
        {
            made[i] = Math.Clamp(sound[i] * gain, -1, 1);
        }

        return made;
    }

    /// <summary>Root of the mean square.</summary>
    /// <param name="sound">Samples.</param>
    /// <returns>In their unit; 0 of none.</returns>
    public static double Rms(ReadOnlySpan<double> sound)
    {
        double squares = 0;
        foreach (double sample in sound)
        {
            squares += sample * sample;
        }

        return sound.IsEmpty ? 0 : Math.Sqrt(squares / sound.Length);
    }

    private static void Check(double[] sound, int rateHz, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(sound);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfLessThan(rateHz, 1000);
    }

    private static double Level(double[] sound, double levelDb) => Rms(sound) * Math.Pow(10, levelDb / 20);

    private static double Between(SeededRandom random, double low, double high) => low + ((high - low) * random.NextDouble());

    // Normal by the sum of twelve: mean 0, variance 1.
    private static double Gaussian(SeededRandom random)
    {
        double sum = -6;
        for (int i = 0; i < 12; i++)
        {
            sum += random.NextDouble();
        }

        return sum;
    }

    private static void ScaleTo(double[] noise, double rms)
    {
        double now = Rms(noise);
        double scale = now > 0 ? rms / now : 0;
        for (int i = 0; i < noise.Length; i++)
        {
            noise[i] *= scale;
        }
    }

    private static double[] Sum(double[] sound, double[] noise)
    {
        double[] made = new double[sound.Length];
        double peak = 1;
        for (int i = 0; i < made.Length; i++)
        {
            made[i] = sound[i] + noise[i];
            peak = Math.Max(peak, Math.Abs(made[i]));
        }

        for (int i = 0; i < made.Length; i++)
        {
            made[i] /= peak;
        }

        return made;
    }

    // White noise through second-order Butterworth high and low passes, each twice: 24 dB an octave on both sides.
    private static double[] Band(int count, int rateHz, double lowHz, double highHz, SeededRandom random)
    {
        double[] noise = new double[count];
        for (int i = 0; i < count; i++)
        {
            noise[i] = Gaussian(random);
        }

        highHz = Math.Min(highHz, MaxBandShare * rateHz);
        foreach ((double hz, bool isHigh) in new[] { (lowHz, true), (lowHz, true), (highHz, false), (highHz, false) })
        {
            Section(noise, hz, isHigh, rateHz);
        }

        return noise;
    }

    // Source: bilinear transform of the Butterworth prototype with pre-warped corner.
    private static void Section(double[] samples, double cornerHz, bool isHighPass, int rateHz)
    {
        double k = Math.Tan(Math.PI * cornerHz / rateHz);
        double norm = 1 / (1 + (Math.Sqrt(2) * k) + (k * k));
        double b0 = isHighPass ? norm : k * k * norm;
        double b1 = isHighPass ? -2 * b0 : 2 * b0;
        double a1 = 2 * ((k * k) - 1) * norm;
        double a2 = (1 - (Math.Sqrt(2) * k) + (k * k)) * norm;
        double s1 = 0;
        double s2 = 0;
        for (int i = 0; i < samples.Length; i++)
        {
            double x = samples[i];
            double y = (b0 * x) + s1;
            s1 = (b1 * x) - (a1 * y) + s2;
            s2 = (b0 * x) - (a2 * y);
            samples[i] = y;
        }
    }

    // 1/f in power from 20 Hz up: one-pole low passes an octave apart, each with the same power.
    private static double[] Pink(int count, int rateHz, SeededRandom random)
    {
        double[] pink = new double[count];
        for (double hz = 20; hz < MaxBandShare * rateHz; hz *= 2)
        {
            double share = 1 - Math.Exp(-2 * Math.PI * hz / rateHz);

            // Its variance from white noise of variance 1 is share / (2 - share).
            double scale = Math.Sqrt((2 - share) / share);
            double state = 0;
            for (int i = 0; i < count; i++)
            {
                state += share * (Gaussian(random) - state);
                pink[i] += scale * state;
            }
        }

        Section(pink, 20, isHighPass: true, rateHz);
        return pink;
    }

    // Two poles at a formant; one whose place is beyond half of the rate is silent.
    private struct Resonator
    {
        private readonly double _gain;
        private readonly double _a1;
        private readonly double _a2;
        private double _y1;
        private double _y2;

        public Resonator(double hz, double widthHz, int rateHz)
        {
            double radius = Math.Exp(-Math.PI * widthHz / rateHz);
            _a1 = 2 * radius * Math.Cos(2 * Math.PI * hz / rateHz);
            _a2 = -radius * radius;
            _gain = hz < MaxBandShare * rateHz ? 1 - radius : 0;
            _y1 = 0;
            _y2 = 0;
        }

        public double Next(double x)
        {
            double y = (_gain * x) + (_a1 * _y1) + (_a2 * _y2);
            _y2 = _y1;
            _y1 = y;
            return y;
        }
    }
}
