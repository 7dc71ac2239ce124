using System;
using System.Linq;
using EdgeGateway.Core.Auscultation;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Auscultation;

/// <summary>The envelope against its own definition, computed here the slow and plain way.</summary>
[TestClass]
public sealed class HeartEnvelopeTests
{
    [TestMethod]
    [DataRow(4000, 7.3)]
    [DataRow(1500, 6.0)]
    public void Each_frame_holds_the_mean_square_of_each_band(int rateHz, double seconds)
    {
        short[] samples = Sound(rateHz, seconds);
        HeartEnvelope envelope = HeartEnvelope.Of(samples, rateHz);
        SoundFilter heart = new(25, 150, rateHz);
        SoundFilter noise = new(300, Math.Min(1500, 0.45 * rateHz), rateHz);
        double[] inBand = [.. samples.Select(s => heart.Next(s))];
        double[] outOfBand = [.. samples.Select(s => noise.Next(s))];
        int frames = samples.Length * 100 / rateHz;
        Assert.HasCount(frames, envelope.Heart);
        Assert.HasCount(frames, envelope.Noise);
        Assert.HasCount(frames, envelope.Strength);
        Assert.HasCount(frames, envelope.Gain);
        for (int frame = 0; frame < frames; frame++)
        {
            int from = frame * rateHz / 100;
            int to = (frame + 1) * rateHz / 100;
            Near(inBand[from..to].Average(v => v * v), envelope.Heart[frame]);
            Near(outOfBand[from..to].Average(v => v * v), envelope.Noise[frame]);
        }
    }

    [TestMethod]
    public void The_strength_is_the_root_of_the_energy_under_a_window_of_seven_frames()
    {
        HeartEnvelope envelope = HeartEnvelope.Of(Sound(4000, 7.3), 4000);
        double[] weights = [.. Enumerable.Range(-3, 7).Select(k => 0.5 * (1 + Math.Cos(Math.PI * k / 4)))];
        for (int i = 0; i < envelope.Strength.Length; i++)
        {
            // Beyond the ends the outermost frame stands.
            double[] around = [.. Enumerable.Range(i - 3, 7).Select(k => envelope.Heart[Math.Clamp(k, 0, envelope.Heart.Length - 1)])];
            Near(Math.Sqrt(weights.Zip(around, (w, e) => w * e).Sum() / weights.Sum()), envelope.Strength[i]);
        }
    }

    [TestMethod]
    public void The_gain_is_the_height_between_the_middle_and_the_top_of_the_three_seconds_around()
    {
        HeartEnvelope envelope = HeartEnvelope.Of(Sound(4000, 7.3), 4000);
        double[] strength = envelope.Strength;
        int clippedAbove = 0;
        for (int i = 0; i < strength.Length; i++)
        {
            // The bounds are taken anew every tenth frame.
            int middle = i / 10 * 10;
            double[] around = [.. strength[Math.Max(0, middle - 150)..Math.Min(strength.Length, middle + 151)].Order()];
            double floor = around[around.Length / 2];
            double top = around[(int)(around.Length * 0.95)];
            double height = (strength[i] - floor) / (top - floor);
            clippedAbove += height > 1.2 ? 1 : 0;
            Near(Math.Clamp(height, -0.2, 1.2), envelope.Gain[i]);
        }

        Assert.IsGreaterThan(5, clippedAbove, "the upper bound is reached");
    }

    [TestMethod]
    public void The_gain_of_a_pause_in_a_loud_sound_is_bounded_below()
    {
        short[] loud = new Synthetic(4000, 4).Noise(4000).Samples();
        loud.AsSpan(8000, 400).Clear();
        HeartEnvelope envelope = HeartEnvelope.Of(loud, 4000);
        Assert.AreEqual(-0.2, envelope.Gain.Min(), 1e-12);
        Assert.AreEqual(-0.2, envelope.Gain[205], 1e-12);
    }

    [TestMethod]
    public void Silence_has_no_height()
    {
        HeartEnvelope envelope = HeartEnvelope.Of(new short[8000], 4000);
        Assert.HasCount(200, envelope.Gain);
        Assert.IsTrue(envelope.Gain.All(g => g == 0));
        Assert.IsTrue(envelope.Strength.All(s => s == 0));
        Assert.IsEmpty(HeartEnvelope.Of(new short[39], 4000).Heart, "less than a frame");
        Assert.HasCount(1, HeartEnvelope.Of(new short[40], 4000).Heart);
    }

    private static void Near(double expected, double actual) => Assert.AreEqual(expected, actual, 1e-9 * Math.Max(1, Math.Abs(expected)));

    // Beats over noise that comes and goes, so that floor and top differ from place to place.
    private static short[] Sound(int rateHz, double seconds)
    {
        short[] beats = new Synthetic(rateHz, seconds).Heart(_ => 80).Noise(40).Samples();
        for (int i = 0; i < beats.Length; i++)
        {
            double fade = 0.05 + Math.Abs(Math.Sin(2 * Math.PI * i / (rateHz * 2.5)));
            beats[i] = (short)(beats[i] * fade);
        }

        return beats;
    }
}
