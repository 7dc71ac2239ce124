using System;
using EdgeGateway.Core.Auscultation;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Auscultation;

/// <summary>8 to 4 kHz: what passes, what must not come back as an alias, delay, chunks.</summary>
[TestClass]
public sealed class DecimatorTests
{
    private const double Amplitude = 16_000;

    [TestMethod]
    public void What_the_listener_hears_passes_within_a_twentieth_of_a_dB()
    {
        for (int hz = 20; hz <= 1500; hz += 37)
        {
            Assert.AreEqual(0, GainDb(hz), 0.05, $"{hz} Hz");
        }
    }

    [TestMethod]
    public void What_would_fold_into_the_band_is_60_dB_down()
    {
        for (int hz = 2100; hz < 4000; hz += 37)
        {
            Assert.IsLessThan(-60, GainDb(hz), $"{hz} Hz");
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(7)]
    [DataRow(800)]
    public void Where_sound_is_cut_makes_no_difference(int chunk)
    {
        short[] samples = new Synthetic(8000, 1, 5).Noise(9000).Samples();
        short[] whole = new short[samples.Length / 2];
        Assert.AreEqual(whole.Length, new Decimator().Process(samples, whole));
        short[] cut = new short[whole.Length];
        Decimator decimator = new();
        int made = 0;
        for (int at = 0; at < samples.Length; at += chunk)
        {
            made += decimator.Process(samples.AsSpan(at, Math.Min(chunk, samples.Length - at)), cut.AsSpan(made));
        }

        Assert.AreEqual(whole.Length, made);
        CollectionAssert.AreEqual(whole, cut);
    }

    [TestMethod]
    public void An_impulse_comes_out_symmetric_about_its_delay()
    {
        short[] samples = new short[400];

        // Outputs stand on every second input, so that the middle of the filter meets one.
        const int At = 100;
        samples[At] = 32_000;
        short[] made = new short[200];
        new Decimator().Process(samples, made);
        int middle = (At + Decimator.DelaySamples) / 2;
        for (int i = 1; i < 15; i++)
        {
            Assert.AreEqual(made[middle - i], made[middle + i], $"{i}");
        }

        Assert.AreEqual(made[middle], Max(made));
    }

    private static short Max(short[] values)
    {
        short most = short.MinValue;
        foreach (short value in values)
        {
            most = Math.Max(most, value);
        }

        return most;
    }

    private static double GainDb(double hz)
    {
        short[] samples = new short[16_000];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = (short)Math.Round(Amplitude * Math.Sin((2 * Math.PI * hz * i / 8000) + 0.3));
        }

        short[] made = new short[8000];
        new Decimator().Process(samples, made);
        double input = 0;
        double output = 0;
        for (int i = 1000; i < 7800; i++)
        {
            input += (((double)samples[2 * i] * samples[2 * i]) + ((double)samples[(2 * i) + 1] * samples[(2 * i) + 1])) / 2;
            output += (double)made[i] * made[i];
        }

        return 10 * Math.Log10((output + 1e-9) / input);
    }
}
