using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Sound;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Auscultation;

/// <summary>Rate, marks and verdicts on made-up sounds whose truth is known.</summary>
[TestClass]
public sealed class HeartSoundAnalysisTests
{
    private const int RateHz = 8000;

    [TestMethod]
    public void Rates_are_found_at_any_speed_and_level() => Prop.ForAll(
        Gen.Choose(45, 140).Select(r => (Rate: r, Level: 300)).Zip(Gen.Choose(700, 20_000), (a, level) => (a.Rate, Level: level)).ToArbitrary(),
        drawn =>
        {
            double systole = 0.443 - (0.0017 * drawn.Rate);
            short[] samples = new Synthetic(RateHz, 10, (uint)drawn.Level).Heart(_ => drawn.Rate, drawn.Level, systole).Noise(drawn.Level * 0.01).Samples();
            AuscultationResult result = HeartSoundAnalysis.Analyse(samples, RateHz);
            Assert.AreEqual(RecordingVerdict.Good, result.Verdict, $"{drawn}");
            Assert.AreEqual(drawn.Rate, result.HeartRatePerMinute!.Value, 2, $"{drawn}");
        }).QuickCheckThrowOnFailure();

    [TestMethod]
    [DataRow(1000)]
    [DataRow(4000)]
    [DataRow(8000)]
    public void First_and_second_sounds_are_marked_where_they_begin(int rateHz)
    {
        short[] samples = new Synthetic(rateHz, 10).Heart(_ => 60).Noise(30).Samples();
        AuscultationResult result = HeartSoundAnalysis.Analyse(samples, rateHz);
        double[] first = result.Sounds.Where(s => s.Kind == HeartSoundKind.S1).Select(s => s.Seconds).ToArray();
        double[] second = result.Sounds.Where(s => s.Kind == HeartSoundKind.S2).Select(s => s.Seconds).ToArray();
        Assert.HasCount(10, first);
        Assert.HasCount(10, second);
        for (int i = 0; i < 10; i++)
        {
            Assert.AreEqual(0.2 + i, first[i], 0.04);
            Assert.AreEqual(0.5 + i, second[i], 0.04);
        }
    }

    [TestMethod]
    public void Sounds_alternate_and_rise_in_time_whatever_is_heard() => Prop.ForAll<byte, byte>((seed, rate) =>
    {
        short[] samples = new Synthetic(RateHz, 7, seed).Heart(t => 50 + (rate % 90) + (5 * t), 2000).Noise(seed * 4).Samples();
        IReadOnlyList<HeartSound> sounds = HeartSoundAnalysis.Analyse(samples, RateHz).Sounds;
        for (int i = 1; i < sounds.Count; i++)
        {
            Assert.AreNotEqual(sounds[i - 1].Kind, sounds[i].Kind);
            Assert.IsGreaterThan(sounds[i - 1].Seconds, sounds[i].Seconds);
        }
    }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void Only_a_good_recording_has_a_rate()
    {
        Check(RecordingVerdict.NoContact, RecordingAdvice.Press, new Synthetic(RateHz, 10).Noise(20));
        Check(RecordingVerdict.Clipping, RecordingAdvice.Hold, new Synthetic(RateHz, 10).Heart(_ => 70, 120_000));
        Check(RecordingVerdict.AmbientNoise, RecordingAdvice.Hush, new Synthetic(RateHz, 10).Heart(_ => 70, 4000).Noise(9000));
        Check(RecordingVerdict.Rub, RecordingAdvice.Hold, new Synthetic(RateHz, 10).Heart(_ => 70, 3000).Noise(20).Rubbing(25_000, 4));
        Check(RecordingVerdict.Unsteady, RecordingAdvice.Hold, new Synthetic(RateHz, 12).Heart(t => t < 6 ? 70 : 80, 5000).Noise(20));
        Check(RecordingVerdict.TooShort, RecordingAdvice.Hold, new Synthetic(RateHz, 1.9).Heart(_ => 70, 5000));
    }

    [TestMethod]
    public void Knocks_without_a_rhythm_ask_to_move()
    {
        // Low tones at times that do not repeat.
        double[] gaps = [0.31, 0.93, 0.47, 1.21, 0.36, 0.77, 1.4, 0.55, 0.42, 1.1, 0.68, 0.33, 0.99];
        int at = 0;
        Check(RecordingVerdict.NoRhythm, RecordingAdvice.Move, new Synthetic(RateHz, 12).Heart(_ => 60 / gaps[at++ % gaps.Length], 5000, 20).Noise(20));
    }

    [TestMethod]
    public void Lungs_need_no_rhythm_and_get_no_rate()
    {
        short[] breath = new Synthetic(RateHz, 8).Noise(600).Samples();
        AuscultationResult result = HeartSoundAnalysis.Analyse(breath, RateHz, AuscultationTarget.Lung);
        Assert.AreEqual(RecordingVerdict.Good, result.Verdict);
        Assert.IsNull(result.HeartRatePerMinute);
        Assert.IsEmpty(result.Sounds);
        short[] rubbed = new Synthetic(RateHz, 8).Noise(100).Rubbing(20_000, 4).Samples();
        Assert.AreEqual(RecordingVerdict.Rub, HeartSoundAnalysis.Analyse(rubbed, RateHz, AuscultationTarget.Lung).Verdict);
        Assert.AreEqual(RecordingVerdict.NoContact, HeartSoundAnalysis.Analyse(new short[RateHz * 5], RateHz, AuscultationTarget.Lung).Verdict);
    }

    [TestMethod]
    [DataRow(AuscultationSite.Mitral, ListeningMode.Lung, AuscultationTarget.Heart)]
    [DataRow(AuscultationSite.LeftLowerLung, ListeningMode.Raw, AuscultationTarget.Lung)]
    [DataRow(AuscultationSite.RightUpperLung, ListeningMode.Bell, AuscultationTarget.Lung)]
    [DataRow(AuscultationSite.Unknown, ListeningMode.Lung, AuscultationTarget.Lung)]
    [DataRow(AuscultationSite.Unknown, ListeningMode.Raw, AuscultationTarget.Heart)]
    public void The_site_says_what_is_listened_to(AuscultationSite site, ListeningMode mode, AuscultationTarget target) =>
        Assert.AreEqual(target, ListeningTarget.Of(site, mode));

    [TestMethod]
    public void The_same_samples_say_the_same_and_a_rate_below_1_kHz_is_refused()
    {
        short[] samples = new Synthetic(RateHz, 8).Heart(_ => 66).Noise(100).Samples();
        AuscultationResult first = HeartSoundAnalysis.Analyse(samples, RateHz);
        AuscultationResult again = HeartSoundAnalysis.Analyse(samples, RateHz);
        Assert.AreEqual(first.HeartRatePerMinute, again.HeartRatePerMinute);
        CollectionAssert.AreEqual(first.Sounds.ToList(), again.Sounds.ToList());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => HeartSoundAnalysis.Analyse(samples, 999));
    }

    [TestMethod]
    public void The_live_window_speaks_once_a_second_of_the_last_six()
    {
        short[] samples = new Synthetic(RateHz, 12).Heart(_ => 72).Noise(30).Samples();
        LiveAuscultation live = new(RateHz);
        List<int> spoke = [];
        for (int chunk = 0; chunk < 120; chunk++)
        {
            if (live.Add(samples.AsSpan(chunk * 800, 800), chunk * 100_000L))
            {
                spoke.Add(chunk);
            }
        }

        Assert.AreEqual(39, spoke[0], "after 4 s");
        Assert.IsTrue(spoke.Zip(spoke.Skip(1), (a, b) => b - a).All(d => d == 10));
        Assert.AreEqual(RecordingVerdict.Good, live.Result!.Verdict);
        Assert.AreEqual(72, live.Result.HeartRatePerMinute!.Value, 2);
        Assert.AreEqual(((spoke[^1] + 1) * 100_000L) - 6_000_000, live.Result.FirstUs);
    }

    [TestMethod]
    public void Json_has_verdict_advice_and_marks_in_both_forms()
    {
        Assert.AreEqual(
            "{\"verdict\":\"good\",\"advice\":\"good\",\"quality\":61,\"heartRate\":70.6,\"heartRateUncertainty\":1.3,\"marksFromUs\":5,\"marks\":[[180,\"S1\"],[470,\"S2\"],[1030,\"S1\"]],\"s1Ms\":[180,1030],\"s2Ms\":[470]}",
            Text(new AuscultationResult(RecordingVerdict.Good, 61, 70.64, [new(0.18, HeartSoundKind.S1), new(0.4704, HeartSoundKind.S2), new(1.03, HeartSoundKind.S1)], 5, 1.26)));
        Assert.AreEqual("{\"verdict\":null,\"advice\":null,\"quality\":null,\"heartRate\":null,\"heartRateUncertainty\":null,\"marksFromUs\":null,\"marks\":[],\"s1Ms\":[],\"s2Ms\":[]}", Text(null));
    }

    private static string Text(AuscultationResult? result)
    {
        JsonOutput output = new();
        Utf8JsonWriter json = output.Begin();
        json.WriteStartObject();
        SoundJson.Verdict(json, result);
        json.WriteEndObject();
        return Encoding.UTF8.GetString(output.ToBytes());
    }

    private static void Check(RecordingVerdict verdict, RecordingAdvice advice, Synthetic sound)
    {
        AuscultationResult result = HeartSoundAnalysis.Analyse(sound.Samples(), RateHz);
        Assert.AreEqual(verdict, result.Verdict);
        Assert.AreEqual(advice, result.Advice);
        Assert.IsNull(result.HeartRatePerMinute);
        Assert.IsLessThanOrEqualTo(25, result.Quality);
    }
}
