using System;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Evaluation;

namespace Simulators.Tests.Cart.Evaluation;

/// <summary>Rates are changed without ripple, alias, image or delay: measured with tones.</summary>
[TestClass]
public sealed class SoundResamplerTests
{
    private const double Seconds = 0.25;

    // Away from both ends, where the filter sees silence.
    private const double Edge = 0.05;

    [TestMethod]
    [DataRow(44_100, 8000)]
    [DataRow(48_000, 8000)]
    [DataRow(32_000, 8000)]
    [DataRow(22_050, 8000)]
    [DataRow(16_000, 8000)]
    [DataRow(11_025, 8000)]
    [DataRow(8000, 16_000)]
    [DataRow(4000, 16_000)]
    [DataRow(2000, 16_000)]
    [DataRow(1000, 16_000)]
    [DataRow(3000, 8000)]
    [DataRow(44_101, 8000)]
    [DataRow(96_000, 8000)]
    public void The_pass_band_is_flat_and_in_phase_and_nothing_else_comes_through(int fromHz, int toHz)
    {
        int low = Math.Min(fromHz, toHz);
        double ripple = 0;
        double stray = 0;
        double stop = 0;
        foreach (double share in new[] { 0.01, 0.1, 0.213, 0.3, 0.41, SoundResampler.PassShare })
        {
            // What is left beside the tone itself is ripple, delay or an image.
            double hz = share * low;
            double[] made = SoundResampler.Resample(Tone(hz, fromHz), fromHz, toHz);
            double[] wanted = Tone(hz, toHz);
            int edge = (int)(Edge * toHz);
            double dot = 0;
            double squares = 0;
            for (int i = edge; i < wanted.Length - edge; i++)
            {
                dot += made[i] * wanted[i];
                squares += wanted[i] * wanted[i];
            }

            double gain = dot / squares;
            double left = 0;
            for (int i = edge; i < wanted.Length - edge; i++)
            {
                left += (made[i] - (gain * wanted[i])) * (made[i] - (gain * wanted[i]));
            }

            ripple = Math.Max(ripple, Math.Abs(20 * Math.Log10(gain)));
            stray = Math.Max(stray, Math.Sqrt(left / squares));
        }

        for (double hz = 0.5 * low; fromHz > toHz && hz < 0.5 * fromHz; hz *= hz < low ? 1.06 : 1.3)
        {
            double[] made = SoundResampler.Resample(Tone(hz, fromHz), fromHz, toHz);
            int edge = (int)(Edge * toHz);
            stop = Math.Max(stop, Math.Sqrt(2) * SoundDisturbance.Rms(made.AsSpan(edge, made.Length - (2 * edge))));
        }

        Console.WriteLine(FormattableString.Invariant($"{fromHz} to {toHz}: ripple {ripple:0.00000} dB, beside the tone {20 * Math.Log10(stray):0.0} dB, stop band {20 * Math.Log10(stop + 1e-12):0.0} dB"));
        Assert.IsLessThan(0.002, ripple, "dB in the pass band");
        Assert.IsLessThan(Math.Pow(10, -SoundResampler.StopDb / 20), stray, "beside the tone");
        Assert.IsLessThan(Math.Pow(10, -SoundResampler.StopDb / 20), stop, "above half of the lower rate");
    }

    [TestMethod]
    public void Length_place_and_rest_are_kept()
    {
        double[] click = new double[44_100];
        click[22_050] = 1;
        double[] made = SoundResampler.Resample(click, 44_100, 8000);
        Assert.HasCount(8000, made);
        Assert.AreEqual(4000, Array.IndexOf(made, made.Max()));
        Assert.AreEqual(made[3990], made[4010], 1e-12, "linear phase");
        CollectionAssert.AreEqual(click, SoundResampler.Resample(click, 8000, 8000));
        Assert.IsEmpty(SoundResampler.Resample([], 44_100, 8000));
        Assert.HasCount(2, SoundResampler.Resample([0.5], 4000, 8000));
        Assert.HasCount(0, SoundResampler.Resample([0.5], 44_100, 8000));
        double[] level = SoundResampler.Resample([.. Enumerable.Repeat(0.25, 8000)], 11_025, 8000);
        Assert.AreEqual(0.25, level[level.Length / 2], 1e-4);
    }

    [TestMethod]
    [DataRow(44_100)]
    [DataRow(22_050)]
    [DataRow(11_025)]
    [DataRow(48_000)]
    [DataRow(6000)]
    public void The_port_gets_the_tone_that_was_recorded(int rateHz)
    {
        short[] recorded = [.. Tone(440, rateHz).Select(s => (short)Math.Round(s * 20_000))];
        short[] played = SoundPath.Resample(recorded, rateHz);
        double[] wanted = Tone(440, SoundPath.PortRateHz);
        Assert.AreEqual(wanted.Length, played.Length, 1, "a last sample that is not whole is left out");
        for (int i = 400; i < wanted.Length - 400; i++)
        {
            Assert.AreEqual(wanted[i] * 20_000, played[i], 8, $"{i}");
        }

        short[] full = SoundPath.Resample([.. Enumerable.Range(0, rateHz).Select(i => i % 40 < 20 ? short.MaxValue : short.MinValue)], rateHz);
        Assert.AreEqual(short.MaxValue, full.Max(), "what swings beyond full scale stops there");
        Assert.AreEqual(short.MinValue, full.Min());
    }

    private static double[] Tone(double hz, int rateHz) => [.. Enumerable.Range(0, (int)(Seconds * rateHz)).Select(i => Math.Sin(2 * Math.PI * hz * i / rateHz))];
}
