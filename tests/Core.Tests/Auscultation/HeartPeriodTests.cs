using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core.Auscultation;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Auscultation;

/// <summary>No heart at half or double its rate, whatever its second sound; short clips; against an autocorrelation alone.</summary>
[TestClass]
public sealed class HeartPeriodTests
{
    private const int RateHz = MadeUpHeart.RateHz;

    [TestMethod]
    [DataRow(6.0)]
    [DataRow(15.0)]
    public void Hearts_of_50_to_200_have_no_wrong_rate_and_with_an_audible_second_sound_a_rate_in_four_fifths(double seconds)
    {
        int audible = 0;
        int rated = 0;
        SortedDictionary<int, (int Rated, int Of)> bands = [];
        for (int seed = 1; seed <= 240; seed++)
        {
            MadeUpHeart heart = new(seed);
            AuscultationResult result = HeartSoundAnalysis.Analyse(heart.Samples(seconds), RateHz);
            Assert.IsFalse(IsWrong(result.HeartRatePerMinute, heart.PerMinute), $"seed {seed}: {result.HeartRatePerMinute} for {heart}");
            if (heart.Ratio >= 0.3)
            {
                bool isRated = result.HeartRatePerMinute is not null;
                audible++;
                rated += isRated ? 1 : 0;
                (int Rated, int Of) band = bands.GetValueOrDefault((int)heart.PerMinute / 50);
                bands[(int)heart.PerMinute / 50] = (band.Rated + (isRated ? 1 : 0), band.Of + 1);
            }
        }

        Assert.IsGreaterThanOrEqualTo(0.8, rated / (double)audible);
        foreach ((int band, (int isRated, int of)) in bands)
        {
            Assert.IsGreaterThanOrEqualTo(0.8, isRated / (double)of, $"from {band * 50} /min: {isRated} of {of}");
        }
    }

    [TestMethod]
    [DataRow(140, 0.35)]
    [DataRow(180, 0.1)]
    [DataRow(180, 0.35)]
    [DataRow(180, 0.5)]
    [DataRow(180, 0.75)]
    [DataRow(120, 0.0)]
    [DataRow(200, 0.6)]
    public void A_fast_heart_with_a_faint_second_sound_is_not_at_half_rate(int perMinute, double ratio)
    {
        int rated = 0;
        for (int seed = 1; seed <= 12; seed++)
        {
            AuscultationResult result = HeartSoundAnalysis.Analyse(new MadeUpHeart(seed, perMinute, ratio).Samples(8), RateHz);
            Assert.IsFalse(IsWrong(result.HeartRatePerMinute, perMinute), $"seed {seed}: {result.HeartRatePerMinute}");
            rated += result.HeartRatePerMinute is null ? 0 : 1;
        }

        Assert.IsGreaterThanOrEqualTo(ratio >= 0.3 ? 10 : 1, rated);
    }

    [TestMethod]
    public void An_autocorrelation_alone_is_wrong_where_this_is_not()
    {
        int alone = 0;
        for (int seed = 1; seed <= 240; seed++)
        {
            MadeUpHeart heart = new(seed);
            alone += IsWrong(AutocorrelationAlone.PerMinute(heart.Samples(6), RateHz), heart.PerMinute) ? 1 : 0;
        }

        Console.WriteLine($"autocorrelation alone: {alone} of 240 wrong");
        Assert.IsGreaterThan(10, alone);
    }

    [TestMethod]
    public void Two_rates_that_fit_are_said_to_be_two()
    {
        // First sounds of 180 /min and nothing else are also first and second sounds, of one height, pitch and distance, of 90 /min.
        short[] samples = new Synthetic(RateHz, 8).Heart(_ => 180, 6000, 5).Noise(20).Samples();
        AuscultationResult result = HeartSoundAnalysis.Analyse(samples, RateHz);
        Assert.AreEqual(RecordingVerdict.Ambiguous, result.Verdict);
        Assert.AreEqual(RecordingAdvice.Move, result.Advice);
        Assert.IsNull(result.HeartRatePerMinute);
        Assert.IsNull(result.RateUncertaintyPerMinute);
        Assert.IsEmpty(result.Sounds);
        Assert.IsLessThanOrEqualTo(25, result.Quality);
    }

    [TestMethod]
    public void Clips_of_2_to_4_s_give_a_rate_with_its_uncertainty_when_three_cycles_agree()
    {
        int rated = 0;
        int covered = 0;
        for (int seed = 1; seed <= 200; seed++)
        {
            MadeUpHeart heart = new(seed, perMinute: 60 + (seed * 0.6), ratio: 0.3 + (seed % 7 * 0.1));
            AuscultationResult result = HeartSoundAnalysis.Analyse(heart.Samples(2 + (seed % 10 * 0.19)), RateHz);
            Assert.IsFalse(IsWrong(result.HeartRatePerMinute, heart.PerMinute), $"seed {seed}: {result.HeartRatePerMinute} for {heart}");
            if (result.HeartRatePerMinute is { } rate)
            {
                double uncertainty = result.RateUncertaintyPerMinute!.Value;
                Assert.IsLessThanOrEqualTo(10, uncertainty);
                rated++;
                covered += Math.Abs(rate - heart.PerMinute) <= uncertainty + 0.5 ? 1 : 0;
            }
            else
            {
                Assert.AreEqual(RecordingVerdict.TooShort, result.Verdict);
            }
        }

        Assert.IsGreaterThan(100, rated);
        Assert.IsGreaterThanOrEqualTo(0.9, covered / (double)rated, "the interval holds the truth as often as it says");
    }

    [TestMethod]
    public void Short_clips_without_three_cycles_or_below_2_s_give_nothing()
    {
        Assert.AreEqual(RecordingVerdict.TooShort, HeartSoundAnalysis.Analyse(new MadeUpHeart(3, 100, 0.7).Samples(1.9), RateHz).Verdict);
        Assert.AreEqual(RecordingVerdict.TooShort, HeartSoundAnalysis.Analyse(new MadeUpHeart(3, 55, 0.7).Samples(2.5), RateHz).Verdict, "two cycles");
        Assert.AreEqual(RecordingVerdict.TooShort, HeartSoundAnalysis.Analyse(new MadeUpHeart(3, 100, 0.7).Samples(3), RateHz, AuscultationTarget.Lung).Verdict);
        for (int seed = 1; seed <= 60; seed++)
        {
            double[] noise = Disturbed.Noise(3 * RateHz, 30, 200, RateHz, new Drawn(seed));
            Assert.IsNull(HeartSoundAnalysis.Analyse(Disturbed.Whole([.. noise.Select(n => 3000 * n)]), RateHz).HeartRatePerMinute, $"noise, seed {seed}");
        }
    }

    /// <summary>More than 10 /min or 20 % off.</summary>
    internal static bool IsWrong(double? rate, double truth) => rate is { } value && (Math.Abs(value - truth) > 10 || Math.Abs(value - truth) > 0.2 * truth);
}

/// <summary>The simplest estimator: the highest peak of the autocorrelation of the envelope, 40 to 200 /min, published when it is 0.3 or higher.</summary>
internal static class AutocorrelationAlone
{
    public static double? PerMinute(short[] samples, int rateHz)
    {
        SoundFilter band = new(25, 150, rateHz);
        int step = rateHz / 100;
        double[] envelope = new double[samples.Length / step];
        for (int i = 0; i < envelope.Length * step; i++)
        {
            envelope[i / step] += Math.Abs(band.Next(samples[i])) / step;
        }

        double mean = envelope.Average();
        double[] centred = [.. envelope.Select(e => e - mean)];
        double zero = centred.Sum(c => c * c) / centred.Length;
        (int Lag, double Height) best = (0, 0.3);
        for (int lag = 30; lag <= 150 && lag < centred.Length; lag++)
        {
            double sum = 0;
            for (int i = 0; i + lag < centred.Length; i++)
            {
                sum += centred[i] * centred[i + lag];
            }

            double height = sum / (centred.Length - lag) / zero;
            best = height > best.Height ? (lag, height) : best;
        }

        return best.Lag == 0 ? null : 6000.0 / best.Lag;
    }
}
