using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using EdgeGateway.Core.Auscultation;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Auscultation;

/// <summary>Rates of published recordings (pn2016, where its reference is fair), whole and in clips, alone and with audible breathing, beside an autocorrelation alone.</summary>
[TestClass]
public sealed class RecordingRatesTests
{
    [TestMethod]
    [Recordings]
    [DataRow(15.0, 15.0, 0.95)]
    [DataRow(6.0, 3.0, 0.8)]
    [DataRow(3.0, 3.0, 0.2)]
    public void No_clip_has_a_wrong_rate(double seconds, double step, double coverage)
    {
        int clips = 0;
        int rated = 0;
        int aloneRated = 0;
        int aloneWrong = 0;
        foreach ((string name, short[] samples, int rateHz, double perMinute) in Fair())
        {
            foreach (short[] clip in Clips(samples, (int)(seconds * rateHz), (int)(step * rateHz)))
            {
                double? rate = HeartSoundAnalysis.Analyse(clip, rateHz).HeartRatePerMinute;
                Assert.IsFalse(HeartPeriodTests.IsWrong(rate, perMinute), $"{name}: {rate} for {perMinute}");
                clips++;
                rated += rate is null ? 0 : 1;
                double? alone = AutocorrelationAlone.PerMinute(clip, rateHz);
                aloneRated += alone is null ? 0 : 1;
                aloneWrong += HeartPeriodTests.IsWrong(alone, perMinute) ? 1 : 0;
            }
        }

        Console.WriteLine($"{seconds} s: {rated} of {clips} rated, none wrong; an autocorrelation alone: {aloneRated} rated, {aloneWrong} wrong");
        Assert.IsGreaterThanOrEqualTo(coverage, rated / (double)clips);
    }

    [TestMethod]
    [Recordings]
    public void Audible_breathing_is_no_friction()
    {
        int rubbed = 0;
        int rated = 0;
        int recordings = 0;
        foreach ((string name, short[] samples, int rateHz, double perMinute) in Fair())
        {
            double[] heard = Disturbed.Breathing([.. samples.Select(s => s / 8.0)], rateHz, 8, new Drawn(recordings));
            AuscultationResult result = HeartSoundAnalysis.Analyse(Disturbed.Whole(heard), rateHz);
            recordings++;
            rubbed += result.Verdict == RecordingVerdict.Rub ? 1 : 0;
            rated += result.HeartRatePerMinute is null ? 0 : 1;
            Assert.IsFalse(HeartPeriodTests.IsWrong(result.HeartRatePerMinute, perMinute), $"{name}: {result.HeartRatePerMinute} for {perMinute}");
        }

        Assert.IsLessThanOrEqualTo(1, rubbed);
        Assert.IsGreaterThanOrEqualTo(0.5, rated / (double)recordings);
    }

    private static IEnumerable<short[]> Clips(short[] samples, int length, int step)
    {
        for (int at = 0; at + length <= samples.Length; at += step)
        {
            yield return samples[at..(at + length)];
        }
    }

    // Where the other estimator agrees with itself in both halves. Half of full scale, as a cart's gain leaves room.
    private static IEnumerable<(string Name, short[] Samples, int RateHz, double PerMinute)> Fair()
    {
        string folder = Path.Combine(Recordings.Folder!, "pn2016");
        foreach (string line in File.ReadLines(Path.Combine(folder, "REFERENCE_pn2016.csv")).Skip(1))
        {
            string[] fields = line.Split(',');
            if (fields[9] is "1")
            {
                short[] samples = WavFile.Read(File.ReadAllBytes(Path.Combine(folder, fields[0] + ".wav")), out int rateHz, out string? problem);
                Assert.IsNull(problem);
                yield return (fields[0], [.. samples.Select(s => (short)(s / 2))], rateHz, double.Parse(fields[4], CultureInfo.InvariantCulture));
            }
        }
    }
}
