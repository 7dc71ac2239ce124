using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Firmware.Protocol;
using Firmware.Signals.Optical;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Evaluation;
using Simulators.Cli;

namespace Scenario.Tests.Evaluation;

/// <summary>Scoring by examples, wrong sets, and the targets on the recordings.</summary>
[TestClass]
public sealed class PulseEvaluationTests
{
    /// <summary>A fixed part of bidmc, chosen by number, not by result; <c>cart-sim evaluate bidmc</c> plays all.</summary>
    private static readonly string[] Part = ["bidmc_01", "bidmc_05", "bidmc_13", "bidmc_19", "bidmc_23"];

    [TestMethod]
    [Recordings]
    public void A_fixed_part_of_bidmc_meets_every_target_and_has_no_rate_that_is_wrong()
    {
        RecordingSet set = RecordingSet.Load(RecordingSet.Bidmc, Recordings.Folder!, name => Part.Contains(name, StringComparer.Ordinal));
        PulseEvaluationResult result = PulseEvaluation.Run(set, 1, 2, null, CancellationToken.None);
        AssertMet(result);
        Assert.AreEqual(0, result.Wrong.Single().Wrong, string.Join("; ", result.Judgements.Where(j => j.IsWrong)));
    }

    [TestMethod]
    [Recordings]
    public void Oxiwear_meets_every_target_and_says_the_same_again()
    {
        RecordingSet set = RecordingSet.Load(RecordingSet.Oxiwear, Recordings.Folder!);
        PulseEvaluationResult result = PulseEvaluation.Run(set, 1, 2, null, CancellationToken.None);
        AssertMet(result);
        PulseEvaluationResult again = PulseEvaluation.Run(RecordingSet.Load(RecordingSet.Oxiwear, Recordings.Folder!), 1, 1, null, CancellationToken.None);
        CollectionAssert.AreEqual(result.Records.ToList(), again.Records.ToList());
    }

    [TestMethod]
    public void A_window_takes_the_first_value_that_ends_at_most_two_seconds_after_it()
    {
        ReferenceWindow window = new(20, 70);
        Assert.AreEqual(61, PulseScore.PulseOf(Received((29.9, 60), (30.0, 61), (30.5, 62)), window));
        Assert.AreEqual(63, PulseScore.PulseOf(Received((32.0, 63)), window));
        Assert.IsNull(PulseScore.PulseOf(Received((29.9, 60), (32.1, 63)), window));
        Assert.AreEqual(64, PulseScore.PulseOf(Received((30.2, null), (31.2, 64)), window), "an absence is no value");
    }

    [TestMethod]
    public void Beats_are_matched_once_each_at_the_best_lag()
    {
        double[] reference = [1, 2, 3, 4];
        Assert.AreEqual(1, PulseScore.BeatF1(reference, [1.4, 2.4, 3.4, 4.4]), 1e-12);
        Assert.AreEqual(2.0 * 4 / 9, PulseScore.BeatF1(reference, [1, 1.05, 2, 3, 4]), 1e-12);
        Assert.AreEqual(2.0 * 3 / 7, PulseScore.BeatF1(reference, [1, 3, 4]), 1e-12);
        Assert.AreEqual(0, PulseScore.BeatF1(reference, []), 1e-12);
        Assert.AreEqual(2.0 * 3 / 8, PulseScore.BeatF1(reference, [0, 1, 2, 3]), 1e-12, "a lag is never negative, so a beat early is three matches at lag 0");
    }

    [TestMethod]
    public void A_fit_gives_back_the_curve_that_made_the_pairs()
    {
        SaturationCurve curve = PulseScore.Fit([.. Enumerable.Range(0, 20).Select(i => 0.3 + (0.05 * i)).Select(r => (r, (2.5 * r * r) - (30 * r) + 110))]);
        for (int ratio = 3000; ratio <= 12000; ratio += 500)
        {
            double r = ratio / 10000.0;
            Assert.AreEqual(((2.5 * r * r) - (30 * r) + 110) * 10, curve.SaturationTenths(ratio), 0.51);
        }

        Assert.ThrowsExactly<ArgumentException>(() => PulseScore.Fit([(0.5, 97), (0.5, 96), (0.5, 95)]));
    }

    [TestMethod]
    public void A_coverage_below_the_least_states_no_error()
    {
        ReferenceRecord record = new()
        {
            Name = "one",
            Light = Simulators.Patient.RecordedLight.Parse("one", ["t_ms,ir,red,ambient", .. Enumerable.Range(0, 40).Select(i => $"{i},1,1,0")]),
            PlayUs = 1,
            Windows = [new(0, 70), new(10, 70)],
        };
        RecordingSet set = new() { Name = RecordingSet.Bidmc, Records = [record] };
        PulseEvaluationResult result = PulseEvaluation.ScoreBidmc(set, [Received((10, 71))], [Received((10, 71))]);
        Assert.IsNull(result.Metrics.PulseMaeBpm);
        Assert.AreEqual(0.5, result.Metrics.PulseCoverage);
        Assert.AreEqual(1, result.Metrics.PulseGatedMaeBpm);
        Assert.IsFalse(result.IsMet);
    }

    [TestMethod]
    [DataRow("bidmc", "", "S3250")]
    [DataRow("oxiwear", "oxiwear/", "S3250")]
    [DataRow("cuff21", "", "S3252")]
    [DataRow("oxiwear", "oxiwear/oxi_1200_high_70.csv=t_ms,ir,red,ambient", "S3251")]
    [DataRow("oxiwear", "oxiwear/oxi_1200_97_70.csv=t_ms,ir,red,ambient|0,262144,1,0", "S3204")]
    [DataRow("bidmc", "bidmc/REFERENCE_windows10s.csv=rec,t0", "S3251")]
    [DataRow("bidmc", "bidmc/REFERENCE_windows10s.csv=rec,t0_s,hr_ecg_rpeaks,hr_ecg_monitor|01,zero,70,70", "S3251")]
    [DataRow("bidmc", "bidmc/REFERENCE_windows10s.csv=rec,t0_s,hr_ecg_rpeaks,hr_ecg_monitor|01,0,70,70", "S3201")]
    public async Task A_wrong_set_is_refused_with_its_code(string set, string file, string code)
    {
        string folder = Directory.CreateTempSubdirectory("evaluate").FullName;
        string[] parts = file.Split('=');
        if (file.Length > 0)
        {
            string path = Path.Combine(folder, parts[0]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (parts.Length > 1)
            {
                await File.WriteAllLinesAsync(path, parts[1].Split('|'));
            }
        }

        using StringWriter output = new();
        using StringWriter diagnostics = new();
        int exit = await CartSim.RunAsync(["evaluate", set, "--data", folder], output, diagnostics, TimeProvider.System);
        Directory.Delete(folder, recursive: true);
        Assert.AreEqual(3, exit, diagnostics.ToString());
        StringAssert.Contains(diagnostics.ToString(), code);
        Assert.AreEqual(string.Empty, output.ToString());
    }

    [TestMethod]
    public async Task Another_folder_of_the_same_layout_gives_one_json_object_and_a_missed_target_ends_with_one()
    {
        string folder = Directory.CreateTempSubdirectory("evaluate").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "oxiwear"));
        for (int i = 0; i < 2; i++)
        {
            // A made-up pulse of R 0.5 whose reference says 80 %: the target is missed by far.
            IEnumerable<string> rows = Enumerable.Range(0, 400).Select(k => string.Create(
                CultureInfo.InvariantCulture,
                $"{k * 15.625},{100000 - (1000 * Triangle(k))},{120000 - (600 * Triangle(k))},0"));
            await File.WriteAllLinesAsync(Path.Combine(folder, "oxiwear", $"oxi_120{i}_80_75.csv"), rows.Prepend("t_ms,ir,red,ambient"));
        }

        using StringWriter output = new();
        using StringWriter diagnostics = new();
        int exit = await CartSim.RunAsync(["evaluate", "oxiwear", "--data", folder, "--json"], output, diagnostics, TimeProvider.System);
        Directory.Delete(folder, recursive: true);
        Assert.AreEqual(1, exit, diagnostics.ToString());
        using JsonDocument json = JsonDocument.Parse(output.ToString());
        CollectionAssert.AreEqual(
            "set,metrics,records".Split(','), json.RootElement.EnumerateObject().Select(p => p.Name).ToArray());
        CollectionAssert.AreEqual(
            "pulse_mae_bpm,pulse_median_bpm,pulse_coverage,pulse_gated_mae_bpm,pulse_gated_coverage,beat_f1,spo2_arms_default,spo2_arms_fitted,spo2_coverage".Split(','),
            json.RootElement.GetProperty("metrics").EnumerateObject().Select(p => p.Name).ToArray());
        JsonElement first = json.RootElement.GetProperty("records")[0];
        CollectionAssert.AreEqual(
            "record,windows,coverage,pulse_mae_bpm,beat_f1,spo2,spo2_reference,ratio,reason".Split(','), first.EnumerateObject().Select(p => p.Name).ToArray());
        Assert.AreEqual(JsonValueKind.Null, first.GetProperty("windows").ValueKind);
        Assert.AreEqual(0.5, first.GetProperty("ratio").GetDouble(), 0.01);
        Assert.AreEqual(JsonValueKind.Null, json.RootElement.GetProperty("metrics").GetProperty("pulse_mae_bpm").ValueKind);
    }

    private static double Triangle(int k)
    {
        // A beat of 0.8 s, 51.2 samples of 64 Hz: up in a quarter of it, down in the rest.
        double phase = (k / 51.2) - Math.Floor(k / 51.2);
        return phase < 0.25 ? phase * 4 : (1 - phase) / 0.75;
    }

    private static ReceivedRecord Received(params (double Seconds, double? Value)[] pulses) => new(
        pulses.Select(p => new ReceivedVital(p.Seconds, MdcCodes.PulseRate, p.Value, p.Value is null ? "motion" : null, null, 10)).ToList(), []);

    private static void AssertMet(PulseEvaluationResult result)
    {
        foreach (PulseTarget target in result.Targets)
        {
            double? value = result.Named.First(n => string.Equals(n.Name, target.Metric, StringComparison.Ordinal)).Value;
            Assert.IsTrue(target.IsMet(value), $"{target.Metric} is {value}, target {(target.AtMost ? "at most" : "at least")} {target.Bound}, seed 1");
        }
    }
}
