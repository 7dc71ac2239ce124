using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Faults;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Scenario.Tests.Golden;
using Simulators.Cart.Evaluation;
using Simulators.Cli;

namespace Scenario.Tests.Evaluation;

/// <summary>Recorded heart sounds: the targets, scoring by examples, the way, wrong sets.</summary>
[TestClass]
public sealed class SoundEvaluationTests
{
    [TestMethod]
    [Recordings]
    [DataRow("circor", 6)]
    [DataRow("springer", 3)]
    [DataRow("pn2016", 30)]
    [DataRow("filters", 4)]
    public void Every_target_is_met_and_says_the_same_again(string set, int records)
    {
        SoundEvaluationResult result = SharedRuns.Sounds(set).Result;
        Assert.HasCount(records, result.Records);
        foreach (PulseTarget target in result.Targets)
        {
            double? value = result.Named.First(n => n.Name == target.Metric).Value;
            Assert.IsTrue(target.IsMet(value), $"{target.Metric} {value}");
        }

        Assert.IsTrue(result.IsMet);
        if (set != SoundSet.Pn2016)
        {
            CollectionAssert.AreEqual(result.Records.ToList(), SoundEvaluation.Run(set, Recordings.Folder!, 1, null, CancellationToken.None).Records.ToList());
        }
    }

    [TestMethod]
    [Recordings]
    public void The_first_15_s_of_pn2016_as_long_as_a_clip_meet_the_targets_of_rates_and_good_ones_and_flag_nine_of_fourteen_poor_ones()
    {
        List<SoundRecordResult> results = [];
        foreach (SoundRecord record in SoundSet.Load(SoundSet.Pn2016, Recordings.Folder!))
        {
            SoundRecord clip = record with { Samples = record.Samples[..Math.Min(record.Samples.Length, 15 * record.RateHz)] };
            results.Add(SoundEvaluation.Score(clip, SoundPath.Play(clip), SoundEvaluation.EcgToleranceSeconds));
        }

        SoundEvaluationResult result = new(SoundSet.Pn2016, results);
        double Value(string name) => result.Named.First(n => n.Name == name).Value!.Value;
        Assert.IsTrue(Value("heart_rate_within_5bpm") >= 0.9, string.Join(", ", result.Named));
        Assert.IsTrue(Value("good_flagged") <= 0.1, string.Join(", ", result.Named));
        Assert.IsTrue(Value("low_quality_flagged") >= 9 / 14.0, string.Join(", ", result.Named));
    }

    [TestMethod]
    public void Marks_are_matched_once_each_within_the_tolerance()
    {
        Assert.AreEqual(new MarkScore(2, 3, 2), MarkScore.Of([1.05, 1.06, 2.0], [1.0, 2.06], 0.0601));
        Assert.AreEqual(new MarkScore(0, 1, 1), MarkScore.Of([1.07], [1.0], 0.06));
        Assert.AreEqual(0.8, new MarkScore(2, 3, 2).F1!.Value, 1e-12);
        Assert.IsNull(MarkScore.Of([], [], 0.06).F1);
    }

    [TestMethod]
    public void Only_marks_within_labelled_stretches_count()
    {
        SoundRecord record = new()
        {
            Name = "one",
            Samples = [],
            RateHz = 4000,
            Sounds = [new(1.0, HeartSoundKind.S1), new(1.3, HeartSoundKind.S2)],
            Labelled = [(0.9, 1.5)],
        };
        AuscultationResult said = new(RecordingVerdict.Good, 50, 60, [new(0.3, HeartSoundKind.S2), new(1.02, HeartSoundKind.S1), new(1.29, HeartSoundKind.S1), new(2, HeartSoundKind.S1)], 0);
        SoundRecordResult result = SoundEvaluation.Score(record, said, 0.06);
        Assert.AreEqual(new MarkScore(2, 2, 2), result.AnySound);
        Assert.AreEqual(new MarkScore(1, 2, 1), result.S1);
        Assert.AreEqual(new MarkScore(0, 0, 1), result.S2);
    }

    [TestMethod]
    public void A_rate_is_shared_out_among_fair_references_and_a_flag_among_the_others()
    {
        SoundEvaluationResult result = new("pn2016",
        [
            new() { Record = "a", Verdict = RecordingVerdict.Good, HeartRate = 70, HeartRateReference = 75, IsConsistent = true },
            new() { Record = "b", Verdict = RecordingVerdict.Good, HeartRate = 70, HeartRateReference = 75.1, IsConsistent = true },
            new() { Record = "c", Verdict = RecordingVerdict.Rub, HeartRateReference = 75, IsConsistent = true },
            new() { Record = "d", Verdict = RecordingVerdict.NoRhythm, HeartRateReference = 75, IsConsistent = false },
        ]);
        SortedDictionary<string, double?> named = new(result.Named.ToDictionary(n => n.Name, n => n.Value), StringComparer.Ordinal);
        Assert.AreEqual(1 / 3.0, named["heart_rate_within_5bpm"]!.Value, 1e-12);
        Assert.AreEqual(1, named["low_quality_flagged"]!.Value, 1e-12);
        Assert.AreEqual(1 / 3.0, named["good_flagged"]!.Value, 1e-12);
        Assert.IsNull(named["any_sound_f1"]);
        Assert.IsFalse(result.IsMet);
    }

    [TestMethod]
    [DataRow(1000)]
    [DataRow(2000)]
    [DataRow(4000)]
    [DataRow(8000)]
    public void The_way_changes_no_sample_of_the_recording(int rateHz)
    {
        short[] samples = [.. Enumerable.Range(0, 3 * rateHz).Select(i => (short)((i * 31 % 2001) - 1000))];
        short[] at8000 = SoundPath.Resample(samples, rateHz);
        Assert.HasCount(3 * SoundPath.PortRateHz, at8000);
        for (int i = 0; i < samples.Length; i++)
        {
            Assert.AreEqual(samples[i], at8000[i * (SoundPath.PortRateHz / rateHz)]);
        }

        CollectionAssert.AreEqual(at8000, SoundPath.Assemble(SoundPath.Frames(at8000)));
    }

    [TestMethod]
    public void A_frame_that_fails_its_proof_becomes_silence_in_its_place()
    {
        short[] samples = [.. Enumerable.Repeat((short)500, 3 * SoundPath.FrameSamples)];
        IReadOnlyList<byte[]> frames = SoundPath.Frames(samples);
        frames[1][60] ^= 1;
        short[] made = SoundPath.Assemble(frames);
        Assert.HasCount(samples.Length, made);
        Assert.IsTrue(made[SoundPath.FrameSamples..(2 * SoundPath.FrameSamples)].All(s => s == 0));
        Assert.AreEqual(2 * SoundPath.FrameSamples, made.Count(s => s == 500));
    }

    [TestMethod]
    [DataRow("circor", "", "S3250")]
    [DataRow("pn2016", "pn2016/", "S3250")]
    [DataRow("filters", "filters/", "S3250")]
    [DataRow("filters", "filters/response_db_fs4000.csv=name,20|bell,high", "S3251")]
    [DataRow("filters", "filters/response_db_fs4000.csv=name,20|pcg_segment,1", "S3251")]
    [DataRow("pn2016", "pn2016/REFERENCE_pn2016.csv=rec|pn2016/a.wav", "S3250")]
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
    }

    [TestMethod]
    [DataRow(44_100)]
    [DataRow(22_050)]
    [DataRow(16_000)]
    [DataRow(11_025)]
    [DataRow(48_000)]
    [DataRow(1000)]
    public void Sound_of_any_usual_rate_is_played_at_the_port_s(int rateHz)
    {
        SoundRecord record = Loaded(WavFile.Write([.. Enumerable.Range(0, 2 * rateHz).Select(i => (short)Math.Round(9000 * Math.Sin(2 * Math.PI * 60 * i / rateHz)))], rateHz, new WavMetadata()));
        Assert.AreEqual(rateHz, record.RateHz);
        short[] played = SoundPath.Resample(record.Samples, record.RateHz);
        Assert.AreEqual(2 * SoundPath.PortRateHz, played.Length, 1);
        for (int i = 1000; i < 15_000; i++)
        {
            Assert.AreEqual(9000 * Math.Sin(2 * Math.PI * 60 * i / SoundPath.PortRateHz), played[i], 10, $"{i}");
        }
    }

    [TestMethod]
    [DataRow(500, 4000, "heart sounds need 1000 Hz or more")]
    [DataRow(4000, 0, "it holds no samples")]
    [DataRow(0, 0, "it is no RIFF/WAVE: convert it")]
    public void Sound_that_cannot_be_played_is_refused_as_sound_with_what_to_do(int rateHz, int count, string said)
    {
        CodedErrorException error = Assert.ThrowsExactly<CodedErrorException>(() => Loaded(rateHz == 0 ? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] : WavFile.Write(new short[count], rateHz, new WavMetadata())));
        StringAssert.Contains(error.ToString(), "S3207");
        StringAssert.Contains(error.ToString(), said);
    }

    private static SoundRecord Loaded(byte[] file)
    {
        string folder = Directory.CreateTempSubdirectory("evaluate").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "circor"));
            File.WriteAllBytes(Path.Combine(folder, "circor", "a.wav"), file);
            File.WriteAllText(Path.Combine(folder, "circor", "a.tsv"), "0.1\t0.2\t1");
            return SoundSet.Load("circor", folder).Single();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    [DataRow("1.0\t0.5\t1", "S3251")]
    [DataRow("0.1\t0.2\t5", "S3251")]
    [DataRow("0.1\t0.2", "S3251")]
    public void A_wrong_label_is_refused(string line, string code)
    {
        string folder = Directory.CreateTempSubdirectory("evaluate").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "circor"));
        File.WriteAllBytes(Path.Combine(folder, "circor", "a.wav"), WavFile.Write(new short[4000], 4000, new WavMetadata()));
        File.WriteAllText(Path.Combine(folder, "circor", "a.tsv"), line);
        CodedErrorException error = Assert.ThrowsExactly<CodedErrorException>(() => SoundSet.Load("circor", folder));
        Directory.Delete(folder, recursive: true);
        StringAssert.Contains(error.ToString(), code);
    }

    [TestMethod]
    public async Task Made_up_sounds_in_the_same_layout_give_one_json_object_with_every_metric()
    {
        string folder = Directory.CreateTempSubdirectory("evaluate").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "pn2016"));
        short[] samples = new short[2000 * 10];
        for (int i = 0; i < samples.Length; i++)
        {
            // A square of 50 Hz for 100 ms each second, and a weaker one 0.3 s later.
            int inBeat = i % 2000;
            int level = inBeat < 200 ? 6000 : inBeat is >= 600 and < 760 ? 4000 : 0;
            samples[i] = (short)(i / 20 % 2 == 0 ? level : -level);
        }

        await File.WriteAllBytesAsync(Path.Combine(folder, "pn2016", "x.wav"), WavFile.Write(samples, 2000, new WavMetadata()));
        await File.WriteAllTextAsync(
            Path.Combine(folder, "pn2016", "REFERENCE_pn2016.csv"),
            "rec,label,fs,dur_s,base_hr,base_q,base_systole_s,hr_first_half,hr_second_half,consistent\nx,normal,2000,10,60,1,0.3,60,60,1\n");
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        int exit = await CartSim.RunAsync(["evaluate", "pn2016", "--data", folder, "--json"], output, diagnostics, TimeProvider.System);
        Directory.Delete(folder, recursive: true);
        Assert.AreEqual(1, exit, "there is no low quality to flag, so that target is not met");
        using JsonDocument document = JsonDocument.Parse(output.ToString());
        JsonElement metrics = document.RootElement.GetProperty("metrics");
        Assert.AreEqual(1, metrics.GetProperty("heart_rate_within_5bpm").GetDouble());
        Assert.AreEqual(0, metrics.GetProperty("good_flagged").GetDouble());
        foreach (string name in new[] { "any_sound_f1", "s1_f1", "s2_f1", "low_quality_flagged", "filter_max_error_db" })
        {
            Assert.AreEqual(JsonValueKind.Null, metrics.GetProperty(name).ValueKind, name);
        }

        Assert.AreEqual("Good", document.RootElement.GetProperty("records")[0].GetProperty("verdict").GetString());
    }
}
