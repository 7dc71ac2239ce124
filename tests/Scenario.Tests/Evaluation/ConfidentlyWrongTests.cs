using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using EdgeGateway.Core.Auscultation;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Evaluation;
using Simulators.Cli;
using Simulators.Patient;

namespace Scenario.Tests.Evaluation;

/// <summary>Planted wrong values are counted, by direction and with their flags; right ones, absent ones and ones without a reference are not.</summary>
[TestClass]
public sealed class ConfidentlyWrongTests
{
    [TestMethod]
    public void Pulse_windows_more_than_ten_off_are_wrong_whatever_flags_they_have()
    {
        ReferenceRecord record = Record() with { Windows = [new(0, 70), new(10, 70), new(20, 70), new(30, 70), new(40, 70), new(50, 70)] };
        RecordingSet set = new() { Name = RecordingSet.Bidmc, Records = [record] };
        ReceivedRecord received = new(
            [
                Pulse(10, 80), // ten off is not more than ten off
                Pulse(20, 80.1),
                Pulse(30, 59.9),
                Pulse(40, 95, "irregular"),
                Pulse(50, null),
                Pulse(60, 70, "irregular"),
            ],
            []);
        (IReadOnlyList<Judgement> judgements, IReadOnlyList<WrongCount> counts) = PulseEvaluation.PulseWrong(set, [received]);
        Assert.AreEqual(new WrongCount("pulse", 3, 5, 5 / 6.0, 2, 1, 1), counts.Single());
        CollectionAssert.AreEqual(new double?[] { 10, 20, 30 }, judgements.Where(j => j.IsWrong).Select(j => j.Seconds).ToArray());
        Assert.AreEqual("irregular", judgements.Single(j => j.Value == 95).Flags);
    }

    [TestMethod]
    public void A_saturation_is_judged_by_its_median_and_flagged_by_what_each_of_its_values_says()
    {
        ReferenceRecord high = Record() with { Name = "high", Saturation = 80 };
        ReferenceRecord low = Record() with { Name = "low", Saturation = 96 };
        ReferenceRecord right = Record() with { Name = "right", Saturation = 90 };
        ReferenceRecord none = Record() with { Name = "none", Saturation = 70 };
        RecordingSet set = new() { Name = RecordingSet.Oxiwear, Records = [high, low, right, none] };
        ReceivedRecord[] standard =
        [
            new([Saturation(10, 86, "uncalibrated"), Saturation(11, 85.2, "uncalibrated questionable"), Saturation(12, 60, "uncalibrated")], []),
            new([Saturation(10, 90.9, "uncalibrated"), Saturation(11, 90.9)], []),
            new([Saturation(10, 95, "uncalibrated")], []),
            new([], []),
        ];
        ReceivedRecord[] fitted = [standard[2], standard[2], standard[2], standard[2]];
        (IReadOnlyList<Judgement> judgements, IReadOnlyList<WrongCount> counts) = PulseEvaluation.SaturationWrong(set, standard, fitted);
        Assert.AreEqual(new WrongCount("spo2_default", 2, 3, 0.75, 1, 1, 1), counts[0]);
        Assert.AreEqual(new WrongCount("spo2_fitted", 2, 4, 1, 2, 0, 2), counts[1]);
        Assert.AreEqual("uncalibrated", judgements.Single(j => j is { Record: "high", Kind: "spo2_default" }).Flags);
        Assert.IsNull(judgements.Single(j => j is { Record: "low", Kind: "spo2_default" }).Flags, "one of its values says nothing");
        Assert.IsFalse(judgements.Single(j => j is { Record: "right", Kind: "spo2_default" }).IsWrong, "five off is not more than five off");
    }

    [TestMethod]
    public void A_pair_of_pressures_is_wrong_by_either_and_a_value_where_there_must_be_none_is_wrong()
    {
        CuffEvaluationResult result = new(
            CuffEvaluation.Glasgow,
            [
                Cuff("right", 120, 80, 135, 65),
                Cuff("systolic", 120, 80, 136, 80),
                Cuff("diastolic", 120, 80, 120, 64, "uncalibrated"),
                Cuff("absent", 120, 80, null, null),
                Cuff("unknown", null, null, 170, 90),
                Cuff("g07_01", null, null, 150, 150),
                Cuff("g07_09", 108, 66, 109, 67),
            ]);
        Assert.AreEqual(new WrongCount("blood_pressure", 3, 5, 0.75, 2, 1, 1), result.Wrong.Single());
        Judgement diastolic = result.Judgements.Single(j => j.Record == "diastolic");
        Assert.AreEqual((64.0, 80.0, "uncalibrated"), (diastolic.Value, diastolic.Reference!.Value, diastolic.Flags));
    }

    [TestMethod]
    public void A_heart_rate_is_wrong_by_ten_or_by_a_fifth_and_one_without_a_fair_reference_is_not_judged()
    {
        SoundEvaluationResult result = new(
            SoundSet.Pn2016,
            [
                Sound("right", 60, 70),
                Sound("far", 100, 89),
                Sound("fifth", 40, 48.5),
                Sound("flagged", 60, 120, RecordingVerdict.Unsteady),
                Sound("absent", 60, null),
                Sound("unfair", null, 150),
            ]);
        Assert.AreEqual(new WrongCount("heart_rate", 3, 4, 0.8, 2, 1, 1), result.Wrong.Single());
    }

    [TestMethod]
    public void The_true_rate_is_that_of_first_sounds_within_one_labelled_stretch()
    {
        SoundRecord record = new()
        {
            Name = "one",
            Samples = [],
            RateHz = 1000,
            Sounds = [S1(1), S2(1.3), S1(1.8), S1(2.6), S1(9), S1(9.8)],
            Labelled = [(1, 1.3), (1.3, 1.801), (1.8, 2.6), (2.6, 2.7), (9, 9.8), (9.8, 9.9)],
        };
        Assert.AreEqual(75, record.TrueRate!.Value, 1e-9, "the 6.4 s between the stretches are no beat");
        Assert.AreEqual(60 / 0.8, (record with { Labelled = null, Sounds = [S1(1), S1(1.8), S1(2.6)] }).TrueRate!.Value, 1e-9);
        Assert.IsNull((record with { Sounds = [] }).TrueRate);
        Assert.AreEqual(93, (record with { RatePerMinute = 93, IsConsistent = true }).TrueRate);
        Assert.IsNull((record with { RatePerMinute = 93, IsConsistent = false }).TrueRate, "no fair reference");
    }

    [TestMethod]
    [DataRow("""{"flags":["simulated"]}""", null)]
    [DataRow("""{"status":["repeated"],"flags":["test","injected","predicted","manual","fromStorage"]}""", null)]
    [DataRow("""{"status":["irregularPulse","uncalibrated"],"flags":["simulated"]}""", "irregularPulse uncalibrated")]
    [DataRow("""{"flags":["simulated","questionable"]}""", "questionable")]
    [DataRow("{}", null)]
    public void Words_of_doubt_are_told_from_words_of_origin(string message, string? flags)
    {
        using JsonDocument document = JsonDocument.Parse(message);
        Assert.AreEqual(flags, ConfidentlyWrong.Flags(document.RootElement));
    }

    [TestMethod]
    public void Draws_are_summed_and_their_coverage_averaged()
    {
        WrongCount sum = EvaluationMatrix.Sum([new("pulse", 1, 10, 0.5, 1, 0, 0), new("pulse", 3, 20, 1, 1, 2, 1)]);
        Assert.AreEqual(new WrongCount("pulse", 4, 30, 0.75, 2, 2, 1), sum);
        Assert.AreEqual(
            "| bidmc | none | pulse | 4 | 30 | 13.3 | 0.750 | 2 | 2 | 1 |\n| a | jerk=3 | b | 0 | 0 | - | - | 0 | 0 | 0 |",
            EvaluationMatrix.Table([new("bidmc", null, sum), new("a", "jerk=3", new WrongCount("b", 0, 0, null, 0, 0, 0))]));
    }

    [TestMethod]
    public async Task The_command_prints_planted_wrong_ones_per_record_and_counts_them_in_json()
    {
        string folder = Directory.CreateTempSubdirectory("evaluate").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "oxiwear"));
        foreach ((string name, double depth) in new[] { ("oxi_1200_80_75", 0.6), ("oxi_1201_97_75", 0.6), ("oxi_1202_99_75", 0.96) })
        {
            // R 0.5 is 95.8 % by the default curve, R 0.8 is 86.0 %: one too high, one right, one too low.
            IEnumerable<string> rows = Enumerable.Range(0, 400).Select(k => string.Create(
                CultureInfo.InvariantCulture, $"{k * 15.625},{120_000 - (1200 * Triangle(k))},{140_000 - (1400 * depth / 1.2 * Triangle(k))},0"));
            await File.WriteAllLinesAsync(Path.Combine(folder, "oxiwear", name + ".csv"), rows.Prepend("t_ms,ir,red,ambient"));
        }

        async Task<(int Exit, string Output)> Run(params string[] more)
        {
            using StringWriter output = new();
            using StringWriter diagnostics = new();
            return (await CartSim.RunAsync(["evaluate", "oxiwear", "--data", folder, "--confidently-wrong", .. more], output, diagnostics, TimeProvider.System), output.ToString());
        }

        (int exit, string text) = await Run();
        (_, string json) = await Run("--json");
        (_, string dark) = await Run("--json", "--perturb", "light=0.9", "--seed", "3");
        Directory.Delete(folder, recursive: true);
        Assert.AreEqual(1, exit);
        string[] lines = text.Split('\n');
        Assert.IsTrue(lines.Any(l => l.Contains("oxi_1200_80_75", StringComparison.Ordinal) && l.Contains("for 80.0", StringComparison.Ordinal)), text);
        Assert.IsTrue(lines.Any(l => l.Contains("oxi_1202_99_75", StringComparison.Ordinal) && l.Contains("for 99.0", StringComparison.Ordinal)), text);
        Assert.IsFalse(lines.Any(l => l.Contains("for 97.0", StringComparison.Ordinal)), text);
        foreach (string answer in new[] { json, dark })
        {
            using JsonDocument document = JsonDocument.Parse(answer);
            JsonElement first = document.RootElement.GetProperty("confidently_wrong")[0];
            CollectionAssert.AreEqual("kind,wrong,of,coverage,high,low,flagged".Split(','), first.EnumerateObject().Select(p => p.Name).ToArray());
            Assert.AreEqual("spo2_default", first.GetProperty("kind").GetString());
            Assert.AreEqual((2, 3, 1, 1), (first.GetProperty("wrong").GetInt32(), first.GetProperty("of").GetInt32(), first.GetProperty("high").GetInt32(), first.GetProperty("low").GetInt32()));
            Assert.AreEqual(1, first.GetProperty("coverage").GetDouble());
        }
    }

    private static double Triangle(int k)
    {
        double phase = (k / 51.2) - Math.Floor(k / 51.2);
        return phase < 0.25 ? phase * 4 : (1 - phase) / 0.75;
    }

    private static ReferenceRecord Record() => new()
    {
        Name = "one",
        Light = RecordedLight.Parse("one", ["t_ms,ir,red,ambient", .. Enumerable.Range(0, 40).Select(i => $"{i},1,1,0")]),
        PlayUs = 100_000_000,
    };

    private static ReceivedVital Pulse(double seconds, double? value, string? flags = null) => new(seconds, MdcCodes.PulseRate, value, value is null ? "motion" : null, null, 10, flags);

    private static ReceivedVital Saturation(double seconds, double value, string? flags = null) => new(seconds, MdcCodes.OxygenSaturation, value, null, 0.5, 8, flags);

    private static CuffRecordResult Cuff(string name, double? systolicReference, double? diastolicReference, double? systolic, double? diastolic, string? flags = null) => new()
    {
        Record = name,
        SystolicReference = systolicReference,
        DiastolicReference = diastolicReference,
        Systolic = systolic,
        Diastolic = diastolic,
        Flags = flags,
    };

    private static SoundRecordResult Sound(string name, double? reference, double? rate, RecordingVerdict verdict = RecordingVerdict.Good) =>
        new() { Record = name, TrueRate = reference, HeartRate = rate, Verdict = verdict };

    private static HeartSound S1(double seconds) => new(seconds, HeartSoundKind.S1);

    private static HeartSound S2(double seconds) => new(seconds, HeartSoundKind.S2);
}
