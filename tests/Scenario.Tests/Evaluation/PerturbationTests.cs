using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Evaluation;
using Simulators.Cart.World;
using Simulators.Cli;
using Simulators.Patient;

namespace Scenario.Tests.Evaluation;

/// <summary>How perturbations are asked for, and what each does to a made-up recording, measured.</summary>
[TestClass]
public sealed class PerturbationTests
{
    private const ulong Seed = 5;
    private const long BeginsUs = PlayedRecording.BeginsUs;
    private const int Seconds = 120;
    private const int RateHz = 200;
    private const double Infrared = 120_000;
    private const double Red = 80_000;

    [TestMethod]
    [DataRow("tremor", 1.0, "tremor=1")]
    [DataRow("tremor=0.3", 0.3, "tremor=0.3")]
    [DataRow("clock=+2", 2.0, "clock=+2")]
    [DataRow("clock=-2", -2.0, "clock=-2")]
    [DataRow("clock", 2.0, "clock=+2")]
    [DataRow("bits=1.2e1", 12.0, "bits=12")]
    [DataRow("invert", 0.0, "invert")]
    [DataRow("gain=-20", -20.0, "gain=-20")]
    public void A_name_with_or_without_a_value_is_read(string text, double value, string written)
    {
        Assert.IsNull(Perturbations.Read(text, out Perturbation? perturbation));
        Assert.AreEqual(value, perturbation!.Value);
        Assert.AreEqual(written, perturbation.ToString());
    }

    [TestMethod]
    [DataRow("tremo", "there is no perturbation 'tremo'; there are mains=0.5, bits=12")]
    [DataRow("", "there is no perturbation ''")]
    [DataRow("Tremor", "there is no perturbation 'Tremor'")]
    [DataRow("tremor=", "'' for tremor is not 0 to 20 % of DC")]
    [DataRow("tremor=a", "'a' for tremor")]
    [DataRow("tremor=21", "'21' for tremor is not 0 to 20 % of DC")]
    [DataRow("tremor=NaN", "'NaN' for tremor")]
    [DataRow("bits=11.5", "is not a whole number 4 to 18 bits")]
    [DataRow("clock=-11", "'-11' for clock is not -10 to 10 %")]
    [DataRow("invert=1", "'invert=1' has a value, and invert takes none")]
    public void What_is_no_perturbation_is_refused_with_the_list(string text, string problem)
    {
        string? said = Perturbations.Read(text, out Perturbation? perturbation);
        Assert.IsNull(perturbation);
        StringAssert.Contains(said, problem);
    }

    [TestMethod]
    public void Each_kind_has_a_name_of_its_own_a_default_within_its_range_and_a_set_and_stands_in_the_matrix()
    {
        CollectionAssert.AllItemsAreUnique(Perturbations.All.Select(k => k.Name).ToList());
        string[] known = "mains bits clock wander burst tremor compressions light invert drop hold jerk breathing speech fan hum rub gain rate".Split(' ');
        CollectionAssert.AreEquivalent(known, Perturbations.All.Select(k => k.Name).ToList());
        foreach (PerturbationKind kind in Perturbations.All)
        {
            Assert.IsTrue(EvaluationMatrix.Sets.Any(kind.IsFor), kind.Name);
            Assert.IsTrue(kind.Draws >= 1, kind.Name);
            if (kind.Unit is not null)
            {
                Assert.IsTrue(kind.Default >= kind.Min && kind.Default <= kind.Max, kind.Name);
                Assert.IsTrue(!kind.IsBothWays || -kind.Default >= kind.Min, kind.Name);
            }

            // What is printed is read again as the same.
            string text = new Perturbation(kind, kind.Unit is null ? 0 : kind.Default).ToString();
            Assert.IsNull(Perturbations.Read(text, out Perturbation? again), text);
            Assert.AreEqual(text, again!.ToString());
            foreach (string set in EvaluationMatrix.Sets.Where(kind.IsFor))
            {
                Assert.AreEqual(kind.IsBothWays ? 2 : 1, Perturbations.Matrix(set).Count(p => p.Kind == kind), $"{kind.Name} on {set}");
            }
        }
    }

    [TestMethod]
    [DataRow("bidmc", "tremo", "there is no perturbation 'tremo'")]
    [DataRow("bidmc", "tremor=99", "'99' for tremor")]
    [DataRow("cuff20", "tremor=1", "the perturbation tremor does nothing to the set cuff20; there are bits=12, clock=+2, drop=1, hold=1, jerk=3")]
    [DataRow("bidmc", "jerk=3", "jerk does nothing to the set bidmc")]
    [DataRow("circor", "light=0.2", "light does nothing to the set circor")]
    [DataRow("bidmc", "hold=1 hold=2", "the perturbation hold stands twice")]
    [DataRow("filters", "gain=20", "the set filters takes no perturbation")]
    public async Task A_wrong_perturbation_ends_with_two_and_the_list(string set, string asked, string problem)
    {
        List<string> args = ["evaluate", set, "--data", Path.GetTempPath()];
        args.AddRange(asked.Split(' ').SelectMany(a => new[] { "--perturb", a }));
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        Assert.AreEqual(2, await CartSim.RunAsync([.. args], output, diagnostics, TimeProvider.System), diagnostics.ToString());
        StringAssert.Contains(diagnostics.ToString(), problem);
        Assert.AreEqual(string.Empty, output.ToString());
    }

    [TestMethod]
    public async Task Sets_of_the_matrix_are_for_the_matrix_alone()
    {
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        Assert.AreEqual(2, await CartSim.RunAsync(["evaluate", "bidmc", "--data", ".", "--set", "bidmc"], output, diagnostics, TimeProvider.System));
        StringAssert.Contains(diagnostics.ToString(), "--set belongs to 'evaluate matrix'");
        Assert.AreEqual(2, await CartSim.RunAsync(["evaluate", "matrix", "--data", ".", "--set", "filters"], output, diagnostics, TimeProvider.System), "filters have nothing to perturb");
    }

    [TestMethod]
    public async Task The_readme_has_the_table_that_the_command_prints()
    {
        using StringWriter output = new();
        Assert.AreEqual(0, await CartSim.RunAsync(["perturbations"], output, TextWriter.Null, TimeProvider.System));
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Firmware.sln")))
        {
            at = at.Parent;
        }

        string readme = (await File.ReadAllTextAsync(Path.Combine(at!.FullName, "simulators", "README.md"))).ReplaceLineEndings("\n");
        const string Begin = "`cart-sim perturbations` -->\n";
        int begin = readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = readme.IndexOf("<!-- end -->", begin, StringComparison.Ordinal);
        Assert.AreEqual(output.ToString(), readme[begin..end], "Put there: dotnet run --project simulators/Cli -- perturbations");
    }

    [TestMethod]
    [DataRow("mains", 50.0, 0.5)]
    [DataRow("wander", 0.25, 2.0)]
    public void A_sine_has_its_frequency_and_amplitude_on_both_lights(string name, double hz, double percent)
    {
        foreach (double asked in new[] { percent, 2 * percent })
        {
            (double[] red, double[] infrared) = Changes(Steady(), $"{name}={asked.ToString(CultureInfo.InvariantCulture)}", stepUs: 1000);
            Assert.AreEqual(asked / 100, Amplitude(infrared, hz, 1000), asked / 100 * 0.01);
            Assert.AreEqual(asked / 100, infrared.Max(), asked / 100 * 0.01, "nothing else");
            Assert.IsTrue(red.Zip(infrared, (a, b) => Math.Abs(a - b)).Max() < 1e-9, "common to both lights");
        }
    }

    [TestMethod]
    public void A_tremor_is_common_waxes_to_its_amplitude_and_wanes_to_nothing_every_ten_seconds()
    {
        foreach (double percent in new[] { 0.3, 1 })
        {
            (double[] red, double[] infrared) = Changes(Steady(), FormattableString.Invariant($"tremor={percent}"));
            Assert.AreEqual(percent / 200, Amplitude(infrared, 2.2, 100), percent / 200 * 0.02, "the mean of what waxes and wanes");
            Assert.AreEqual(percent / 400, Amplitude(infrared, 2.1, 100), percent / 400 * 0.02);
            Assert.IsTrue(red.Zip(infrared, (a, b) => Math.Abs(a - b)).Max() < 1e-9, "common to both lights");
            double[] heights = [.. Enumerable.Range(0, Seconds).Select(s => infrared[(s * 100)..((s + 1) * 100)].Max(Math.Abs))];
            Assert.AreEqual(percent / 100, heights.Max(), percent / 100 * 0.03);
            Assert.IsTrue(Enumerable.Range(0, Seconds / 10).All(k => heights[(k * 10)..((k + 1) * 10)].Min() < percent / 100 * 0.15));
        }
    }

    [TestMethod]
    public void Bits_quantise_to_so_many_steps_of_full_scale()
    {
        foreach ((int bits, int step) in new[] { (12, 64), (10, 256), (18, 1) })
        {
            ReferenceRecord pulse = Pulse();
            ReferenceRecord made = Apply(pulse, $"bits={bits}");
            for (int i = 0; i < made.Light.Count; i++)
            {
                Assert.AreEqual(0, made.Light.Sample(i).InfraredCounts % step);
                Assert.AreEqual(pulse.Light.Sample(i).InfraredCounts, made.Light.Sample(i).InfraredCounts, step / 2.0);
                Assert.AreEqual(pulse.Light.Sample(i).RedCounts, made.Light.Sample(i).RedCounts, step / 2.0);
            }
        }
    }

    [TestMethod]
    [DataRow("clock=+2", 1.02)]
    [DataRow("clock=-2", 0.98)]
    public void A_stretched_time_base_stretches_the_reference(string text, double factor)
    {
        ReferenceRecord record = Pulse() with { Windows = [new(0, 72), new(50, 90)], BeatSeconds = [1, 100] };
        ReferenceRecord made = Apply(record, text);
        Assert.AreEqual(record.Light.DurationUs * factor, made.Light.DurationUs, 1);
        Assert.AreEqual(record.PlayUs + (record.Light.DurationUs * (factor - 1)), made.PlayUs, 1);
        Assert.AreEqual(72 / factor, made.Windows[0].HeartRateBpm, 1e-9);
        Assert.AreEqual(90 / factor, made.Windows[1].HeartRateBpm, 1e-9);
        Assert.AreEqual((60 * factor) - 10, made.Windows[1].StartSeconds, 1e-9, "its end is where its end came to be");
        CollectionAssert.AreEqual(new[] { factor, 100 * factor }, made.BeatSeconds.ToArray());

        CuffRecord cuff = Apply(Deflation(), text);
        Assert.AreEqual(5_000_000 * factor, cuff.PeriodNs, 1e-3);
        CollectionAssert.AreEqual(Deflation().MicroMmHg.ToArray(), cuff.MicroMmHg.ToArray());
    }

    [TestMethod]
    public void A_burst_lies_in_each_30_s_several_times_the_pulsation_and_mostly_common()
    {
        foreach (ulong seed in Enumerable.Range(1, 4).Select(i => (ulong)i))
        {
            foreach (double length in new[] { 3.0, 6.0 })
            {
                (double[] red, double[] infrared) = Changes(Pulse(), FormattableString.Invariant($"burst={length}"), seed);
                for (int block = 0; block < Seconds / 30; block++)
                {
                    double[] own = infrared[(block * 3000)..((block + 1) * 3000)];
                    int first = Array.FindIndex(own, v => v != 0);
                    int last = Array.FindLastIndex(own, v => v != 0);
                    Assert.AreEqual(length, (last - first) / 100.0, 0.05, $"seed {seed}, block {block}");
                }

                // The pulse is 1 % of the light from top to bottom.
                double peak = infrared.Max(Math.Abs);
                Assert.IsTrue(peak is > 0.015 and <= 0.0501, $"{peak}, seed {seed}");
                Assert.IsGreaterThan(0.85, Correlation(red, infrared));
                Assert.IsLessThan(0.999, Correlation(red, infrared), "each light has some of its own");
            }
        }
    }

    [TestMethod]
    public void A_recording_below_30_s_has_one_burst()
    {
        foreach (ulong seed in Enumerable.Range(1, 20).Select(i => (ulong)i))
        {
            (_, double[] infrared) = Changes(Pulse() with { PlayUs = 20_000_000 }, "burst=3", seed);
            int first = Array.FindIndex(infrared, v => v != 0);
            Assert.IsTrue(first is >= 0 and <= 1700, $"seed {seed}");
            Assert.AreEqual(3, (Array.FindLastIndex(infrared, first + 500, v => v != 0) - first) / 100.0, 0.05, $"seed {seed}");
        }
    }

    [TestMethod]
    public void Compressions_have_a_constant_rate_and_four_times_the_pulsation()
    {
        (double[] red, double[] infrared) = Changes(Pulse(), "compressions=1.8");
        Assert.AreEqual(0.04, infrared.Max() - infrared.Min(), 0.002);
        Assert.AreEqual(0.02, Amplitude(infrared, 1.8, 100), 0.001);
        double share = Amplitude(red, 1.8, 100) / Amplitude(infrared, 1.8, 100);
        Assert.IsTrue(share is >= 0.75 and <= 1, $"{share}");
        (_, double[] slower) = Changes(Pulse(), "compressions=1.5");
        Assert.AreEqual(0.02, Amplitude(slower, 1.5, 100), 0.001);
    }

    [TestMethod]
    public void Less_light_is_less_of_both_and_a_mirrored_one_keeps_its_mean()
    {
        ReferenceRecord pulse = Pulse();
        ReferenceRecord dark = Apply(pulse, "light=0.2");
        ReferenceRecord mirrored = Apply(pulse, "invert");
        double mean = Enumerable.Range(0, pulse.Light.Count).Average(i => pulse.Light.Sample(i).InfraredCounts);
        for (int i = 0; i < pulse.Light.Count; i++)
        {
            Assert.AreEqual(pulse.Light.Sample(i).InfraredCounts * 0.2, dark.Light.Sample(i).InfraredCounts, 1e-6);
            Assert.AreEqual(pulse.Light.Sample(i).RedCounts * 0.2, dark.Light.Sample(i).RedCounts, 1e-6);
            Assert.AreEqual(2 * mean, pulse.Light.Sample(i).InfraredCounts + mirrored.Light.Sample(i).InfraredCounts, 1e-6);
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(5)]
    public void Lost_samples_are_as_many_as_asked_and_what_follows_closes_up_with_its_reference(int percent)
    {
        ReferenceRecord record = Rising() with { Windows = [new(0, 60), new(100, 60)], BeatSeconds = [110] };
        ReferenceRecord made = Apply(record, FormattableString.Invariant($"drop={percent}"));
        int lost = record.Light.Count - made.Light.Count;
        Near(percent / 100.0, lost, record.Light.Count);
        Assert.AreEqual(lost * 5000L, record.Light.DurationUs - made.Light.DurationUs);
        Assert.AreEqual(made.PlayUs, record.PlayUs - (lost * 5000L));

        // The light says of each sample where it was.
        double was = made.Light.Sample(made.Light.Count / 2).InfraredCounts;
        Assert.IsTrue(was > made.Light.TimeUs(made.Light.Count / 2) / 5000, "later ones moved forward");
        int at = Enumerable.Range(0, made.Light.Count).First(i => made.Light.Sample(i).InfraredCounts >= 22_000);
        Assert.AreEqual(made.Light.TimeUs(at) / 1e6, made.BeatSeconds[0], 0.011);
        Assert.AreEqual(60 / (1 - (percent / 100.0)), made.Windows[1].HeartRateBpm, percent * 0.6);
        Assert.AreEqual(made.BeatSeconds[0], made.Windows[1].StartSeconds + 10, 1e-9);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(10)]
    public void Held_samples_are_as_many_as_asked_and_are_what_the_one_before_is(int percent)
    {
        ReferenceRecord record = Rising();
        ReferenceRecord made = Apply(record, FormattableString.Invariant($"hold={percent}"));
        Assert.AreEqual(record.Light.Count, made.Light.Count);
        int held = 0;
        for (int i = 1; i < made.Light.Count; i++)
        {
            bool same = made.Light.Sample(i) == made.Light.Sample(i - 1);
            held += same ? 1 : 0;
            Assert.IsTrue(same || made.Light.Sample(i) == record.Light.Sample(i));
        }

        Near(percent / 100.0, held, made.Light.Count);
    }

    [TestMethod]
    [DataRow(1.0)]
    [DataRow(3.0)]
    public void A_jerk_lasts_3_s_from_where_the_pressure_passes_15_to_40_above_systole(double mmHg)
    {
        List<double> above = [];
        CuffRecord record = Deflation();
        for (ulong seed = 1; seed <= 40; seed++)
        {
            CuffRecord made = Apply(record, FormattableString.Invariant($"jerk={mmHg}"), seed);
            double[] added = [.. made.MicroMmHg.Zip(record.MicroMmHg, (a, b) => (a - b) / 1e6)];
            int first = Array.FindIndex(added, v => v != 0);
            int last = Array.FindLastIndex(added, v => v != 0);
            Assert.AreEqual(3, (last - first) * 0.005, 0.05, $"seed {seed}");
            above.Add((record.MicroMmHg[first] / 1e6) - record.SystolicReference!.Value);
            double peak = added.Max(Math.Abs);
            Assert.IsTrue(peak > 0.4 * mmHg && peak <= mmHg, $"{peak}, seed {seed}");
        }

        Assert.IsTrue(above.Min() is >= 14.9 and < 20, $"{above.Min()}");
        Assert.IsTrue(above.Max() is > 35 and <= 40, $"{above.Max()}");
    }

    [TestMethod]
    public void A_jerk_of_a_deflation_that_begins_lower_begins_with_it()
    {
        CuffRecord record = Deflation() with { SystolicReference = 190 };
        CuffRecord made = Apply(record, "jerk=3");
        int first = Enumerable.Range(0, record.MicroMmHg.Count).First(i => made.MicroMmHg[i] != record.MicroMmHg[i]);
        Assert.AreEqual(record.BeginIndex, first, 2);
    }

    [TestMethod]
    public void A_cuffs_samples_are_lost_held_and_quantised_as_lights_are()
    {
        CuffRecord record = Deflation();
        CuffRecord lost = Apply(record, "drop=2");
        Near(0.02, record.MicroMmHg.Count - lost.MicroMmHg.Count, record.MicroMmHg.Count);
        Assert.AreEqual(record.MicroMmHg[record.BeginIndex], lost.MicroMmHg[lost.BeginIndex]);
        CuffRecord held = Apply(record, "hold=2");
        Near(0.02, Enumerable.Range(record.BeginIndex + 1, 10_000).Count(i => held.MicroMmHg[i] == held.MicroMmHg[i - 1]), 10_000);
        CuffRecord coarse = Apply(record, "bits=12");
        for (int i = 0; i < record.MicroMmHg.Count; i++)
        {
            Assert.AreEqual(record.MicroMmHg[i] / 1e6, coarse.MicroMmHg[i] / 1e6, 300 / 4096.0 / 2 * 1.001);
            double steps = coarse.MicroMmHg[i] / 1e6 / (300 / 4096.0);
            Assert.AreEqual(Math.Round(steps), steps, 1e-4);
        }
    }

    [TestMethod]
    public void Draws_come_from_the_seed_and_the_recordings_name()
    {
        string Said(ReferenceRecord record, ulong seed) => string.Join(',', Changes(record, "burst=3", seed).Infrared.Select(v => v.ToString("R", CultureInfo.InvariantCulture)));
        Assert.AreEqual(Said(Pulse(), 1), Said(Pulse(), 1));
        Assert.AreNotEqual(Said(Pulse(), 1), Said(Pulse(), 2));
        Assert.AreNotEqual(Said(Pulse(), 1), Said(Pulse() with { Name = "other" }, 1));

        // One perturbation's draws do not move another's.
        double[] alone = Changes(Pulse(), "burst=3").Infrared;
        ReferenceRecord both = Perturbations.Apply(Pulse(), [Read("hold=1"), Read("burst=3")], Seed);
        ReferenceRecord held = Apply(Pulse(), "hold=1");
        double[] after = Changes(held, both).Infrared;
        for (int i = 0; i < alone.Length; i++)
        {
            Assert.AreEqual(alone[i], after[i], 2e-3, "the pulsation differs a little by what is held");
        }
    }

    private static Perturbation Read(string text)
    {
        Assert.IsNull(Perturbations.Read(text, out Perturbation? perturbation), text);
        return perturbation!;
    }

    private static ReferenceRecord Apply(ReferenceRecord record, string text, ulong seed = Seed) => Perturbations.Apply(record, [Read(text)], seed);

    private static CuffRecord Apply(CuffRecord record, string text, ulong seed = Seed) => Perturbations.Apply(record, [Read(text)], seed);

    // Four standard deviations of a binomial count.
    private static void Near(double share, int count, int of) => Assert.AreEqual(share * of, count, 4 * Math.Sqrt(of * share * (1 - share)));

    private static ReferenceRecord Steady() => Record(_ => (Red, Infrared));

    // 72 beats per minute; 1 % of the light from top to bottom.
    private static ReferenceRecord Pulse() => Record(i =>
    {
        double beat = 0.005 * Math.Sin(2 * Math.PI * 1.2 * i / RateHz);
        return (Red * (1 + (0.6 * beat)), Infrared * (1 + beat));
    });

    private static ReferenceRecord Rising() => Record(i => (i, i));

    private static ReferenceRecord Record(Func<int, (double Red, double Infrared)> at)
    {
        List<string> lines = ["t_ms,ir,red,ambient"];
        for (int i = -RecordedLight.OxiwearDropped; i < Seconds * RateHz; i++)
        {
            (double red, double infrared) = at(Math.Max(0, i));
            lines.Add(FormattableString.Invariant($"{(i + RecordedLight.OxiwearDropped) * 1000.0 / RateHz},{infrared},{red},0"));
        }

        RecordedLight light = RecordedLight.Parse("made-up.csv", lines);
        return new ReferenceRecord { Name = "made-up", Light = light, PlayUs = light.DurationUs + (1_000_000 / RateHz) };
    }

    // 200 to 20 mmHg at 3 mmHg/s.
    private static CuffRecord Deflation()
    {
        long[] samples = [.. Enumerable.Range(0, 12_000).Select(i => 200_000_000L - (i * 15_000L))];
        return new CuffRecord { Name = "made-up", MicroMmHg = samples, PeriodNs = 5_000_000, BeginIndex = CuffRecord.Begin(samples), SystolicReference = 120, DiastolicReference = 80 };
    }

    private static (double[] Red, double[] Infrared) Changes(ReferenceRecord record, string text, ulong seed = Seed, long stepUs = 10_000) =>
        Changes(record, Apply(record, text, seed), stepUs);

    // What was done to the light as a share of it, from the recording's begin.
    private static (double[] Red, double[] Infrared) Changes(ReferenceRecord record, ReferenceRecord made, long stepUs = 10_000)
    {
        made.Light.StartUs = BeginsUs;
        record.Light.StartUs = BeginsUs;
        IPatientLight light = made.Overlays.Aggregate((IPatientLight)made.Light, (under, overlay) => overlay(under));
        int count = (int)(Seconds * 1_000_000L / stepUs);
        double[] red = new double[count];
        double[] infrared = new double[count];
        for (int i = 0; i < count; i++)
        {
            long us = BeginsUs + (i * stepUs);
            red[i] = (light.At(us).RedCounts / record.Light.At(us).RedCounts) - 1;
            infrared[i] = (light.At(us).InfraredCounts / record.Light.At(us).InfraredCounts) - 1;
            red[i] = Math.Abs(red[i]) < 1e-12 ? 0 : red[i];
            infrared[i] = Math.Abs(infrared[i]) < 1e-12 ? 0 : infrared[i];
        }

        return (red, infrared);
    }

    private static double Amplitude(double[] values, double hz, double rateHz)
    {
        double sine = 0;
        double cosine = 0;
        for (int i = 0; i < values.Length; i++)
        {
            sine += values[i] * Math.Sin(2 * Math.PI * hz * i / rateHz);
            cosine += values[i] * Math.Cos(2 * Math.PI * hz * i / rateHz);
        }

        return 2 * Math.Sqrt((sine * sine) + (cosine * cosine)) / values.Length;
    }

    private static double Correlation(double[] a, double[] b) =>
        a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(x => x * x));
}
