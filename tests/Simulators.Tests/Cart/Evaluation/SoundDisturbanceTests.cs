using System;
using System.Linq;
using System.Numerics;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Evaluation;
using Simulators.Kernel;

namespace Simulators.Tests.Cart.Evaluation;

/// <summary>Each disturbance of sound by level, spectrum and course in time, measured on what it adds to a quiet tone.</summary>
[TestClass]
public sealed class SoundDisturbanceTests
{
    private const int Seconds = 20;
    private const double ToneRms = 0.001;

    [TestMethod]
    [DataRow(8000, 8.0)]
    [DataRow(4000, 0.0)]
    [DataRow(2000, -6.0)]
    public void Breathing_is_band_noise_under_sin_squared_of_900_ms_each_2_s(int rateHz, double levelDb)
    {
        for (ulong seed = 1; seed <= 3; seed++)
        {
            double[] added = Added((sound, random) => SoundDisturbance.AddBreathing(sound, rateHz, levelDb, random), rateHz, seed);

            Assert.AreEqual(levelDb, Db(SoundDisturbance.Rms(added) / ToneRms), 0.01, "dB");
            Assert.IsGreaterThan(0.9, Share(added, rateHz, 250, 1700));
            Assert.IsLessThan(0.02, Share(added, rateHz, 0, 200));

            // The mean of sin⁴ is 3/8, and 0.45 of the time is a breath. In each period of 2 s one stretch of 1.1 s is silent; the loudest quarter second is the breath's middle.
            double[] course = Course(added, rateHz, 0.05);
            for (int period = 0; period + 80 < course.Length; period += 40)
            {
                Assert.AreEqual(22, course[period..(period + 40)].Count(c => c < 1e-9), 1, "silent twentieths of a second");
            }

            Assert.AreEqual(10 * Math.Log10(1 / (3.0 / 8 * 0.45)), Db(course.OrderDescending().Skip(4).First() / SoundDisturbance.Rms(added)), 1.5, "height of a breath, dB");
            int top = Array.IndexOf(course[..40], course[..40].Max());
            int next = 40 + Array.IndexOf(course[40..80], course[40..80].Max());
            Assert.AreEqual(40, next - top, 8, "the next breath is 2 s later");
        }
    }

    [TestMethod]
    [DataRow(8000, 0.0)]
    [DataRow(4000, 6.0)]
    [DataRow(2000, 0.0)]
    public void Speech_has_formants_a_voice_syllables_and_pauses(int rateHz, double levelDb)
    {
        for (ulong seed = 1; seed <= 3; seed++)
        {
            double[] added = Added((sound, random) => SoundDisturbance.AddSpeech(sound, rateHz, levelDb, random), rateHz, seed);
            Assert.AreEqual(levelDb, Db(SoundDisturbance.Rms(added) / ToneRms), 0.1, "dB");
            Assert.IsGreaterThan(0.75, Share(added, rateHz, 150, Math.Min(3200, 0.5 * rateHz)));

            // The envelope's strongest rhythm between 1.5 and 10 Hz is that of the syllables.
            double[] course = Course(added, rateHz, 0.02);
            double mean = course.Average();
            double Power(double hz)
            {
                double sine = 0;
                double cosine = 0;
                for (int i = 0; i < course.Length; i++)
                {
                    sine += (course[i] - mean) * Math.Sin(2 * Math.PI * hz * i * 0.02);
                    cosine += (course[i] - mean) * Math.Cos(2 * Math.PI * hz * i * 0.02);
                }

                return (sine * sine) + (cosine * cosine);
            }

            double Band(double low, double high) => Enumerable.Range(0, (int)((high - low) / 0.05)).Average(k => Power(low + (0.05 * k)));
            Assert.IsGreaterThan(2 * Band(6.5, 10), Band(2.5, 5.5), "syllables");
            Assert.IsGreaterThan(0.05, course.Count(c => c < mean * 0.05) / (double)course.Length, "pauses");
        }
    }

    [TestMethod]
    [DataRow(8000, 0.0)]
    [DataRow(4000, -10.0)]
    [DataRow(1000, 0.0)]
    public void A_fan_is_pink_noise_and_one_tone(int rateHz, double levelDb)
    {
        for (ulong seed = 1; seed <= 3; seed++)
        {
            double[] added = Added((sound, random) => SoundDisturbance.AddFan(sound, rateHz, levelDb, random), rateHz, seed);
            double level = SoundDisturbance.Rms(added);
            Assert.AreEqual(levelDb, Db(level / ToneRms), 0.5, "dB");
            (double hz, double amplitude) = Strongest(added, rateHz, 40, 260);
            Assert.IsTrue(hz is > 44 and < 251, $"{hz}");
            Assert.AreEqual(SoundDisturbance.BladeShare, amplitude * amplitude / 2 / (level * level), 0.05);

            // Without the tone each octave has the same power, within 2.5 dB of their mean.
            Remove(added, rateHz, hz);
            double[] octaves = [.. Enumerable.Range(0, 8).Select(k => 40.0 * (1 << k)).Where(low => 2 * low <= 0.45 * rateHz).Select(low => Share(added, rateHz, low, 2 * low))];
            foreach (double octave in octaves)
            {
                Assert.AreEqual(0, 10 * Math.Log10(octave / octaves.Average()), 2.5, $"dB of {string.Join(", ", octaves.Select(o => o.ToString("0.000")))}");
            }
        }
    }

    [TestMethod]
    [DataRow(8000, 0.0)]
    [DataRow(2000, 10.0)]
    [DataRow(1000, 0.0)]
    public void Hum_is_50_hz_and_its_harmonics_and_nothing_else(int rateHz, double levelDb)
    {
        double[] added = Added((sound, random) => SoundDisturbance.AddHum(sound, rateHz, levelDb, random), rateHz, 5);
        Assert.AreEqual(levelDb, Db(SoundDisturbance.Rms(added) / ToneRms), 0.01, "dB");
        double first = Amplitude(added, rateHz, 50);
        for (int k = 1; k <= 8; k++)
        {
            Assert.AreEqual(1.0 / k, Amplitude(added, rateHz, 50 * k) / first, 1e-3, $"{50 * k} Hz");
            Remove(added, rateHz, 50 * k);
        }

        Assert.IsLessThan(1e-6, SoundDisturbance.Rms(added) / ToneRms);
    }

    [TestMethod]
    [DataRow(8000, 12.0)]
    [DataRow(4000, 20.0)]
    [DataRow(2000, 0.0)]
    public void Friction_is_broad_bursts_with_silence_between(int rateHz, double levelDb)
    {
        for (ulong seed = 1; seed <= 3; seed++)
        {
            double[] added = Added((sound, random) => SoundDisturbance.AddRub(sound, rateHz, levelDb, random), rateHz, seed);
            double[] course = Course(added, rateHz, 0.01);
            int bursts = Enumerable.Range(1, course.Length - 1).Count(i => course[i] > 1e-9 && course[i - 1] <= 1e-9);
            Assert.AreEqual(2.0, bursts / (double)Seconds, 0.5, "bursts a second");
            Assert.IsGreaterThan(0.5, course.Count(c => c <= 1e-9) / (double)course.Length, "silent");
            Assert.AreEqual(levelDb, Db(SoundDisturbance.Rms(added) / ToneRms), 0.01, "dB");
            Assert.IsGreaterThan(8, Db(course.Max() / SoundDisturbance.Rms(added)), "dB of the loudest hundredth of a second above all");
            Assert.IsGreaterThan(0.1, Share(added, rateHz, 0, 0.125 * rateHz), "below an eighth of the rate");
            Assert.IsGreaterThan(0.3, Share(added, rateHz, 0.125 * rateHz, 0.5 * rateHz), "above it");
        }
    }

    [TestMethod]
    public void Gain_is_in_db_and_clips_at_full_scale()
    {
        double[] sound = [0.01, -0.02, 0.2, -0.5];
        CollectionAssert.AreEqual(new[] { 0.1, -0.2, 1, -1 }, SoundDisturbance.Amplify(sound, 20));
        Assert.AreEqual(-0.05, SoundDisturbance.Amplify(sound, -20)[3], 1e-12);
        Assert.AreEqual(0.01, sound[0], "it is not changed");
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_another_seed_another_and_silence_stays_silent()
    {
        Func<double[], int, double, SeededRandom, double[]>[] all = [SoundDisturbance.AddBreathing, SoundDisturbance.AddSpeech, SoundDisturbance.AddFan, SoundDisturbance.AddHum, SoundDisturbance.AddRub];
        foreach (Func<double[], int, double, SeededRandom, double[]> add in all)
        {
            double[] sound = Tone(8000)[..16_000];
            double[] before = [.. sound];
            double[] once = add(sound, 8000, 0, new SeededRandom(7));
            CollectionAssert.AreEqual(before, sound);
            CollectionAssert.AreEqual(once, add(sound, 8000, 0, new SeededRandom(7)));
            CollectionAssert.AreNotEqual(once, add(sound, 8000, 0, new SeededRandom(8)));
            Assert.IsTrue(add(new double[4000], 8000, 40, new SeededRandom(7)).All(s => s == 0), "dB against nothing");
            Assert.IsEmpty(add([], 8000, 0, new SeededRandom(7)));

            // What would clip is made quieter as a whole.
            double[] loud = add([.. sound.Select(s => s * 50)], 8000, 20, new SeededRandom(7));
            double[] quiet = add([.. sound.Select(s => s * 0.05)], 8000, 20, new SeededRandom(7));
            Assert.AreEqual(1, loud.Max(Math.Abs), 1e-9);
            double scale = 1 / quiet.Max(Math.Abs);
            Assert.IsLessThan(1e-9, loud.Select((s, i) => Math.Abs(s - (quiet[i] * scale))).Max());
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => add(sound, 999, 0, new SeededRandom(7)));
        }
    }

    // What is added to a quiet tone.
    private static double[] Added(Func<double[], SeededRandom, double[]> add, int rateHz, ulong seed)
    {
        double[] sound = Tone(rateHz);
        double[] made = add(sound, new SeededRandom(seed));
        Assert.HasCount(sound.Length, made);
        return [.. made.Select((s, i) => s - sound[i])];
    }

    private static double[] Tone(int rateHz) => [.. Enumerable.Range(0, Seconds * rateHz).Select(i => ToneRms * Math.Sqrt(2) * Math.Sin(2 * Math.PI * 37 * i / rateHz))];

    private static double Db(double ratio) => 20 * Math.Log10(ratio);

    private static double[] Course(double[] sound, int rateHz, double step)
    {
        int count = (int)(step * rateHz);
        return [.. Enumerable.Range(0, sound.Length / count).Select(i => SoundDisturbance.Rms(sound.AsSpan(i * count, count)))];
    }

    private static double Amplitude(double[] sound, int rateHz, double hz)
    {
        (double sine, double cosine) = Parts(sound, rateHz, hz);
        return Math.Sqrt((sine * sine) + (cosine * cosine));
    }

    private static (double Sine, double Cosine) Parts(double[] sound, int rateHz, double hz)
    {
        double sine = 0;
        double cosine = 0;
        for (int i = 0; i < sound.Length; i++)
        {
            double angle = 2 * Math.PI * hz * i / rateHz;
            sine += sound[i] * Math.Sin(angle);
            cosine += sound[i] * Math.Cos(angle);
        }

        return (2 * sine / sound.Length, 2 * cosine / sound.Length);
    }

    private static void Remove(double[] sound, int rateHz, double hz)
    {
        (double sine, double cosine) = Parts(sound, rateHz, hz);
        for (int i = 0; i < sound.Length; i++)
        {
            double angle = 2 * Math.PI * hz * i / rateHz;
            sound[i] -= (sine * Math.Sin(angle)) + (cosine * Math.Cos(angle));
        }
    }

    // The strongest tone of the whole: by turns finer around the strongest of 1 s.
    private static (double Hz, double Amplitude) Strongest(double[] sound, int rateHz, double low, double high)
    {
        double[] part = sound[..rateHz];
        double best = Enumerable.Range(0, (int)(high - low)).Select(i => low + i).MaxBy(hz => Amplitude(part, rateHz, hz));
        for (double step = 0.125; step > 0.004; step /= 3)
        {
            double centre = best;
            part = step > 0.1 ? sound[..(4 * rateHz)] : sound;
            best = Enumerable.Range(-5, 11).Select(i => centre + (i * step)).MaxBy(hz => Amplitude(part, rateHz, hz));
        }

        return (best, Amplitude(sound, rateHz, best));
    }

    // Share of the power between two frequencies: Hann windows of 2,048 samples, one after the other.
    private static double Share(double[] sound, int rateHz, double low, double high)
    {
        const int Count = 2048;
        double within = 0;
        double all = 0;
        for (int from = 0; from + Count <= sound.Length; from += Count)
        {
            double[] power = Spectrum(sound.AsSpan(from, Count));
            for (int bin = 0; bin < power.Length; bin++)
            {
                double hz = bin * rateHz / (double)Count;
                all += power[bin];
                within += hz >= low && hz < high ? power[bin] : 0;
            }
        }

        return all > 0 ? within / all : 0;
    }

    // Power of a Hann window's bins: a transform of radix 2.
    private static double[] Spectrum(ReadOnlySpan<double> samples)
    {
        int count = samples.Length;
        Complex[] at = new Complex[count];
        for (int i = 0, turned = 0; i < count; i++)
        {
            at[turned] = samples[i] * (0.5 - (0.5 * Math.Cos(2 * Math.PI * i / count)));
            for (int bit = count >> 1; bit > 0 && ((turned ^= bit) & bit) == 0; bit >>= 1)
            {
            }
        }

        for (int size = 2; size <= count; size *= 2)
        {
            for (int k = 0; k < size / 2; k++)
            {
                Complex turn = Complex.FromPolarCoordinates(1, -2 * Math.PI * k / size);
                for (int from = k; from < count; from += size)
                {
                    Complex other = turn * at[from + (size / 2)];
                    (at[from], at[from + (size / 2)]) = (at[from] + other, at[from] - other);
                }
            }
        }

        return [.. at.Take((count / 2) + 1).Select(c => (c.Real * c.Real) + (c.Imaginary * c.Imaginary))];
    }
}
