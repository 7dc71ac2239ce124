using System;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Sound;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Auscultation;

/// <summary>The listener's filters: edges, slopes, and what samples do in them.</summary>
[TestClass]
public sealed class SoundFilterTests
{
    [TestMethod]
    [DataRow(ListeningMode.Bell, 4000, 20, 200)]
    [DataRow(ListeningMode.Diaphragm, 4000, 100, 500)]
    [DataRow(ListeningMode.Extended, 4000, 20, 1000)]
    [DataRow(ListeningMode.Lung, 4000, 100, 1000)]
    [DataRow(ListeningMode.Bell, 8000, 20, 200)]
    [DataRow(ListeningMode.Diaphragm, 8000, 100, 500)]
    [DataRow(ListeningMode.Extended, 8000, 20, 1000)]
    [DataRow(ListeningMode.Lung, 8000, 100, 1000)]
    public void Both_edges_lie_at_3_dB_and_the_middle_passes_whole(ListeningMode mode, int rateHz, int lowHz, int highHz)
    {
        SoundFilter filter = SoundFilter.For(mode, rateHz)!;
        Assert.AreEqual(-3.0103, filter.GainDb(lowHz), 1e-3);
        Assert.AreEqual(-3.0103, filter.GainDb(highHz), 1e-3);
        double top = double.NegativeInfinity;
        for (int hz = lowHz; hz <= highHz; hz++)
        {
            double gain = filter.GainDb(hz);
            top = Math.Max(top, gain);
            Assert.IsTrue(gain is > -3.02 and < 1e-9, $"{hz} Hz: {gain} dB");
        }

        Assert.AreEqual(0, top, 0.01);

        // Second order at each edge: 12 dB an octave well below the lower one.
        Assert.AreEqual(12.04, filter.GainDb(lowHz / 4.0) - filter.GainDb(lowHz / 8.0), 0.4);
    }

    [TestMethod]
    public void Raw_has_no_filter()
    {
        Assert.IsNull(SoundFilter.For(ListeningMode.Raw, 4000));
        Assert.IsNull(ListeningBands.EdgesHz(ListeningMode.Raw));
    }

    [TestMethod]
    [DataRow(0.0, 200.0)]
    [DataRow(200.0, 200.0)]
    [DataRow(100.0, 2000.0)]
    public void Edges_that_cannot_be_are_refused(double lowHz, double highHz) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new SoundFilter(lowHz, highHz, 4000));

    [TestMethod]
    [DataRow(ListeningMode.Bell, 40)]
    [DataRow(ListeningMode.Diaphragm, 50)]
    [DataRow(ListeningMode.Lung, 1500)]
    public void A_tone_comes_out_with_the_gain_that_the_response_says(ListeningMode mode, int hz)
    {
        const int RateHz = 8000;
        SoundFilter filter = SoundFilter.For(mode, RateHz)!;
        double sum = 0;
        for (int i = 0; i < 4 * RateHz; i++)
        {
            double output = filter.Next(10_000 * Math.Sin(2 * Math.PI * hz * i / RateHz));
            sum += i >= 2 * RateHz ? output * output : 0;
        }

        double gainDb = 20 * Math.Log10(Math.Sqrt(2 * sum / (2 * RateHz)) / 10_000);
        Assert.AreEqual(filter.GainDb(hz), gainDb, 0.01);
    }

    [TestMethod]
    public void Where_sound_is_cut_makes_no_difference_and_loud_sound_is_held_within_16_bits()
    {
        short[] samples = new Synthetic(4000, 2).Noise(60_000).Samples();
        short[] whole = new short[samples.Length];
        SoundFilter.For(ListeningMode.Extended, 4000)!.Process(samples, whole);
        short[] cut = new short[samples.Length];
        SoundFilter filter = SoundFilter.For(ListeningMode.Extended, 4000)!;
        for (int at = 0; at < samples.Length; at += 37)
        {
            int count = Math.Min(37, samples.Length - at);
            filter.Process(samples.AsSpan(at, count), cut.AsSpan(at, count));
        }

        CollectionAssert.AreEqual(whole, cut);
        CollectionAssert.Contains(whole, short.MaxValue);
    }
}
