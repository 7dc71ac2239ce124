using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Evaluation;

namespace Scenario.Tests.Evaluation;

/// <summary>
/// The default curve beside others that were published, on either half of oxiwear (every second recording), by the R that was published: high and low errors apart. And what each
/// saturation by the default curve says of itself.
/// </summary>
[TestClass]
public sealed class PublishedCurveTests
{
    private const double Wrong = 5;

    // Each with its source. Extinctions of haemoglobin and oxyhaemoglobin: Prahl, "Optical absorption of hemoglobin" (omlc.org), 660 nm: 3226.56, 319.6; 880 nm: 726.44, 1154 cm-1/M.
    private static readonly (string Name, Func<double, double> Curve)[] Published =
    [
        ("Maxim AN6845, the default", r => (1.5958422 * r * r) - (34.6596622 * r) + 112.6898759),
        ("Beer and Lambert, 660 and 880 nm", r => 100 * (3226.56 - (726.44 * r)) / (3226.56 - 319.6 + ((1154 - 726.44) * r))),
        ("Webster (ed.) 1997", r => 100 * (0.81 - (0.18 * r)) / (0.73 + (0.11 * r))),
        ("Maxim RD117", r => (-45.06 * r * r) + (30.354 * r) + 94.845),
        ("110 - 25 R", r => 110 - (25 * r)),
        ("104 - 17 R", r => 104 - (17 * r)),
    ];

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [Recordings]
    public void No_published_curve_serves_both_halves_better_than_the_default_which_says_that_it_is_uncalibrated()
    {
        RecordingSet set = RecordingSet.Load(RecordingSet.Oxiwear, Recordings.Folder!);
        List<(double Ratio, double Reference)> pairs = [];
        foreach (ReferenceRecord record in set.Records)
        {
            ReceivedRecord received = EvaluationRun.Play(record, seed: 1);
            foreach (ReceivedVital vital in received.Vitals.Where(v => v.Mdc == MdcCodes.OxygenSaturation))
            {
                string? flags = vital.Value is null ? null : vital.Value < 90 ? "uncalibrated questionable" : "uncalibrated";
                Assert.AreEqual(flags, vital.Flags, $"{record.Name}: {vital}");
            }

            if (PulseScore.SaturationOf(record, received) is (double _, double ratio))
            {
                pairs.Add((ratio, record.Saturation!.Value));
            }
        }

        Half[][] halves = [.. Published.Select(p => new[] { Of(p.Curve, pairs, 0), Of(p.Curve, pairs, 1) })];
        for (int i = 0; i < Published.Length; i++)
        {
            string line = $"{Published[i].Name}: {halves[i][0]}; {halves[i][1]}";
            TestContext.WriteLine(line);
            Console.WriteLine(line);
            Assert.IsTrue(
                i == 0 || halves[i].Zip(halves[0]).Any(h => h.First.Misses > h.Second.Misses || h.First.Arms > h.Second.Arms),
                Published[i].Name + " is better on both halves: " + line);
        }
    }

    // What a curve makes of R outside 70 to 102 % would not be published: a record without a value counts against it too.
    private static Half Of(Func<double, double> curve, List<(double Ratio, double Reference)> pairs, int half)
    {
        List<(double Ratio, double Reference)> own = [.. pairs.Where((_, i) => i % 2 == half)];
        double[] errors = [.. own.Where(p => curve(p.Ratio) is >= 70 and <= 102).Select(p => curve(p.Ratio) - p.Reference)];
        return new Half(PulseScore.Arms(errors), errors.Count(e => e > Wrong), errors.Count(e => e < -Wrong), errors.Length, own.Count);
    }

    private readonly record struct Half(double Arms, int High, int Low, int Values, int Records)
    {
        public int Misses => High + Low + Records - Values;

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"Arms {Arms:0.0}, {High} high, {Low} low of {Values}");
    }
}
