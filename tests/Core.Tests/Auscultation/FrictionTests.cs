using System;
using System.Linq;
using EdgeGateway.Core.Auscultation;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Auscultation;

/// <summary>Breathing and crackles are no friction; friction is, and takes no marks away that are right.</summary>
[TestClass]
public sealed class FrictionTests
{
    private const int RateHz = MadeUpHeart.RateHz;

    [TestMethod]
    public void Audible_breathing_is_no_friction_and_the_rate_stays()
    {
        int rated = 0;
        for (int seed = 1; seed <= 40; seed++)
        {
            Drawn drawn = new(seed);
            MadeUpHeart heart = new(seed, perMinute: drawn.Between(50, 110), ratio: drawn.Between(0.4, 0.9));
            double[] sound = [.. heart.Samples(12).Select(s => (double)s)];
            double period = drawn.Between(1.8, 5);
            short[] heard = Disturbed.Whole(Disturbed.Breathing(sound, RateHz, drawn.Between(2, 8), drawn, period, drawn.Between(0.35, 0.45) * period));
            AuscultationResult result = HeartSoundAnalysis.Analyse(heard, RateHz);
            Assert.AreNotEqual(RecordingVerdict.Rub, result.Verdict, $"seed {seed}");
            Assert.IsFalse(HeartPeriodTests.IsWrong(result.HeartRatePerMinute, heart.PerMinute), $"seed {seed}: {result.HeartRatePerMinute} for {heart}");
            rated += result.HeartRatePerMinute is null ? 0 : 1;
        }

        Assert.IsGreaterThanOrEqualTo(24, rated);
    }

    [TestMethod]
    public void Strokes_on_a_heart_are_friction_and_the_marks_stay_beside_it()
    {
        for (int seed = 1; seed <= 12; seed++)
        {
            short[] samples = new Synthetic(RateHz, 10, (uint)seed).Heart(_ => 55 + (4 * seed), 3000).Noise(20).Rubbing(12_000, 1.5 + (0.2 * seed)).Samples();
            AuscultationResult result = HeartSoundAnalysis.Analyse(samples, RateHz);
            Assert.AreEqual(RecordingVerdict.Rub, result.Verdict, $"seed {seed}");
            Assert.AreEqual(RecordingAdvice.Hold, result.Advice);
            Assert.IsNull(result.HeartRatePerMinute);
        }

        AuscultationResult marked = HeartSoundAnalysis.Analyse(new Synthetic(RateHz, 10).Heart(_ => 70, 3000).Noise(20).Rubbing(9000, 2).Samples(), RateHz);
        Assert.AreEqual(RecordingVerdict.Rub, marked.Verdict);
        Assert.IsGreaterThan(16, marked.Sounds.Count, "the heart is found between");
    }

    [TestMethod]
    public void Crackles_at_one_part_of_each_breath_are_no_friction_and_at_any_time_they_are()
    {
        for (int seed = 1; seed <= 30; seed++)
        {
            Drawn drawn = new(seed);
            double breath = drawn.Between(2, 5);
            double part = drawn.Between(0.15, 0.4);
            int each = 8;
            AuscultationResult crackles = HeartSoundAnalysis.Analyse(Disturbed.Crackles(15, RateHz, drawn, breath, each, part, areOfBreath: true), RateHz, AuscultationTarget.Lung);
            Assert.AreEqual(RecordingVerdict.Good, crackles.Verdict, $"seed {seed}: breath {breath:0.0} s, part {part:0.00}");
        }

        for (int seed = 1; seed <= 30; seed++)
        {
            short[] any = Disturbed.Crackles(12, RateHz, new Drawn(seed), breathSeconds: 2, perBreath: 8, partOfBreath: 0, areOfBreath: false);
            Assert.AreEqual(RecordingVerdict.Rub, HeartSoundAnalysis.Analyse(any, RateHz, AuscultationTarget.Lung).Verdict, $"seed {seed}");
            short[] rubbed = new Synthetic(RateHz, 12, (uint)seed).Noise(100).Rubbing(20_000, 2 + (seed % 5)).Samples();
            Assert.AreEqual(RecordingVerdict.Rub, HeartSoundAnalysis.Analyse(rubbed, RateHz, AuscultationTarget.Lung).Verdict, $"rubbed, seed {seed}");
        }
    }
}
