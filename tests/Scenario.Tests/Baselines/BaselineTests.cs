using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Evaluation;

namespace Scenario.Tests.Baselines;

/// <summary>
/// Public methods beside ours on the same recordings: Elgendi's beats, autocorrelation, the two where they agree; the ratio by root mean squares; fixed ratios of a cuff's oscillations;
/// autocorrelation of the sound's envelope. Two recordings of a set; with CART_LONG=1 all. The table is written to the test's output.
/// </summary>
[TestClass]
public sealed class BaselineTests
{
    private static readonly string[] Part =
        ["bidmc_05", "bidmc_19", "oxi_1525_94_78", "oxi_1601_74_70_", "cuff_05_120_70", "cuff_14_117_80", "g07_03", "g0804", "85343_AV", "85345_PV", "springer_1", "springer_3", "a0139", "e00001"];

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("CART_LONG") == "1";

    public required TestContext TestContext { get; set; }

    [TestMethod]
    [Recordings]
    public void Baselines_stand_beside_ours()
    {
        List<Line> lines = [.. Pulses(), .. Saturations(), .. Cuffs(), .. Sounds()];
        StringBuilder text = new("| set | method | wrong | of | coverage | high | low | mean error |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        foreach (Line line in lines)
        {
            string error = line.MeanError is { } known ? known.ToString("0.00", CultureInfo.InvariantCulture) : "-";
            text.Append(CultureInfo.InvariantCulture, $"| {line.Set} | {line.Method} | {line.Count.Wrong} | {line.Count.Of} | {line.Count.Coverage:0.000} | {line.Count.High} | {line.Count.Low} | {error} |\n");
        }

        TestContext.WriteLine(text.ToString());
        foreach (Line line in lines)
        {
            Assert.IsTrue(line.Count.Of > 0, $"{line.Set}: {line.Method} says nothing");
        }

        // What two methods agree on is seldom wrong: a bound on the baseline, which else would be no fair one.
        Line pair = lines.Single(l => l.Method == "Elgendi where autocorrelation agrees");
        Assert.IsTrue(pair.Count.Wrong <= 0.01 * pair.Count.Of && pair.Count.Coverage >= 0.75, pair.ToString());
    }

    [TestMethod]
    [DataRow(45.0, 0.5)]
    [DataRow(72.0, 0.62)]
    [DataRow(130.0, 1.1)]
    public void A_made_up_pulse_has_its_rate_and_ratio(double perMinute, double ratio)
    {
        double[] infrared = new double[60 * PulseBaselines.RateHz];
        double[] red = new double[infrared.Length];
        for (int i = 0; i < infrared.Length; i++)
        {
            double phase = i / (double)PulseBaselines.RateHz * perMinute / 60 % 1;
            double systole = Math.Exp(-Math.Pow((phase - 0.3) / 0.1, 2) / 2);
            infrared[i] = 100_000 * (1 - (0.01 * systole));
            red[i] = 70_000 * (1 - (0.01 * ratio * systole));
        }

        double[] volume = PulseBaselines.Volume(infrared);
        ReferenceWindow window = new(20, perMinute);
        Assert.AreEqual(perMinute, PulseBaselines.BeatRate(PulseBaselines.ElgendiBeats(volume), window)!.Value, 0.02 * perMinute);
        Assert.AreEqual(perMinute, PulseBaselines.AutocorrelationRate(volume, window)!.Value, 0.01 * perMinute);
        Assert.AreEqual(ratio, PulseBaselines.RmsRatio(red, infrared), 0.01);
        Assert.IsNull(PulseBaselines.Agreed(70, 76));
        Assert.AreEqual(70, PulseBaselines.Agreed(70, 74));
    }

    [TestMethod]
    public void A_made_up_deflation_has_the_pressures_at_its_ratios()
    {
        // 170 to 40 mmHg at 3 mmHg/s, beats of 75 per minute, 2 mmHg high at 95 mmHg, lower by a bell of 16 mmHg on both sides.
        long[] samples = new long[9000];
        for (int i = 0; i < samples.Length; i++)
        {
            double cuff = 170 - (i * 0.015);
            double height = 2 * Math.Exp(-Math.Pow((cuff - 95) / 16, 2) / 2);
            samples[i] = (long)(1e6 * (cuff + (height / 2 * Math.Sin(2 * Math.PI * 1.25 * i / 200))));
        }

        CuffRecord record = new() { Name = "made-up", MicroMmHg = samples, PeriodNs = 5_000_000, BeginIndex = 100 };
        (double systolic, double diastolic) = CuffBaseline.Pressures(record)!.Value;
        Assert.AreEqual(95 + (16 * Math.Sqrt(2 * Math.Log(1 / CuffBaseline.SystolicRatio))), systolic, 4);
        Assert.AreEqual(95 - (16 * Math.Sqrt(2 * Math.Log(1 / CuffBaseline.DiastolicRatio))), diastolic, 4);
    }

    [TestMethod]
    [DataRow(60.0)]
    [DataRow(95.0)]
    public void A_made_up_heart_has_its_rate(double perMinute)
    {
        const int RateHz = 2000;
        short[] samples = new short[15 * RateHz];
        for (int i = 0; i < samples.Length; i++)
        {
            double since = i / (double)RateHz % (60 / perMinute);
            double sound = Math.Exp(-Math.Pow((since - 0.05) / 0.02, 2)) + (0.5 * Math.Exp(-Math.Pow((since - 0.35) / 0.02, 2)));
            samples[i] = (short)(8000 * sound * Math.Sin(2 * Math.PI * 60 * i / RateHz));
        }

        Assert.AreEqual(perMinute, SoundBaseline.Rate(new SoundRecord { Name = "made-up", Samples = samples, RateHz = RateHz })!.Value, 1);
    }

    private static List<Line> Pulses()
    {
        RecordingSet set = RecordingSet.Load(RecordingSet.Bidmc, Recordings.Folder!, Wanted);
        ReceivedRecord[] received = Play(set);
        List<Judgement> beats = [];
        List<Judgement> periods = [];
        List<Judgement> agreed = [];
        foreach (ReferenceRecord record in set.Records)
        {
            double[] volume = PulseBaselines.Volume(PulseBaselines.Light(record).Infrared);
            List<double> found = PulseBaselines.ElgendiBeats(volume);
            foreach (ReferenceWindow window in record.Windows)
            {
                double? byBeats = PulseBaselines.BeatRate(found, window);
                double? byPeriod = PulseBaselines.AutocorrelationRate(volume, window);
                Add(beats, record, window, byBeats);
                Add(periods, record, window, byPeriod);
                Add(agreed, record, window, PulseBaselines.Agreed(byBeats, byPeriod));
            }
        }

        int windows = set.Records.Sum(r => r.Windows.Count);
        return
        [
            Line.Of(set.Name, "ours", PulseEvaluation.PulseWrong(set, received).Judgements, windows),
            Line.Of(set.Name, "Elgendi", beats, windows),
            Line.Of(set.Name, "autocorrelation", periods, windows),
            Line.Of(set.Name, "Elgendi where autocorrelation agrees", agreed, windows),
        ];
    }

    private static void Add(List<Judgement> to, ReferenceRecord record, ReferenceWindow window, double? rate)
    {
        if (rate is { } value)
        {
            to.Add(new Judgement(
                ConfidentlyWrong.Pulse, record.Name, window.StartSeconds, value, window.HeartRateBpm, Math.Abs(value - window.HeartRateBpm) > ConfidentlyWrong.MaxPulseError, null));
        }
    }

    private static List<Line> Saturations()
    {
        RecordingSet set = RecordingSet.Load(RecordingSet.Oxiwear, Recordings.Folder!, Wanted);
        ReceivedRecord[] received = Play(set);
        List<(double Ratio, double Saturation)> pairs = [.. set.Records.Select(r =>
        {
            (double[] red, double[] infrared) = PulseBaselines.Light(r);
            return (PulseBaselines.RmsRatio(red, infrared), r.Saturation!.Value);
        })];
        Judgement Score(int i, double value) => new(
            ConfidentlyWrong.SaturationDefault, set.Records[i].Name, null, value, pairs[i].Saturation, Math.Abs(value - pairs[i].Saturation) > ConfidentlyWrong.MaxSaturationError, null);
        List<Line> lines =
        [
            Line.Of(set.Name, "ours, default curve", PulseEvaluation.SaturationWrong(set, received, received).Judgements.Where(j => j.Kind == ConfidentlyWrong.SaturationDefault), set.Records.Count),
            Line.Of(set.Name, "RMS ratio, default curve", pairs.Select((p, i) => Score(i, PulseBaselines.DefaultSaturation(p.Ratio))), set.Records.Count),
        ];

        // Fitted to all others: three ratios at least.
        if (set.Records.Count > 3)
        {
            IReadOnlyList<Firmware.Signals.Optical.SaturationCurve?> fits = PulseEvaluation.Fits(set, received);
            ReceivedRecord[] fitted = Play(set, i => fits[i]);
            lines.Add(Line.Of(
                set.Name, "ours, fitted to the others", PulseEvaluation.SaturationWrong(set, received, fitted).Judgements.Where(j => j.Kind == ConfidentlyWrong.SaturationFitted), set.Records.Count));
            lines.Add(Line.Of(
                set.Name,
                "RMS ratio, fitted to the others",
                pairs.Select((p, i) => Score(i, PulseScore.Fit([.. pairs.Where((_, k) => k != i)]).SaturationTenths((int)Math.Round(p.Ratio * 10_000)) / 10.0)),
                set.Records.Count));
        }

        return lines;
    }

    private static List<Line> Cuffs()
    {
        List<Line> lines = [];
        foreach (string name in CuffEvaluation.Names)
        {
            List<CuffRecord> records = [.. CuffEvaluation.Load(name, Recordings.Folder!).Where(r => Wanted(r.Name))];
            CuffEvaluationResult ours = CuffEvaluation.Run(name, records, 1, 2, null, CancellationToken.None);
            CuffEvaluationResult ratios = new(name, [.. records.Select(r =>
            {
                (double Systolic, double Diastolic)? found = CuffBaseline.Pressures(r);
                return new CuffRecordResult
                {
                    Record = r.Name,
                    Systolic = found?.Systolic,
                    Diastolic = found?.Diastolic,
                    SystolicReference = r.SystolicReference,
                    DiastolicReference = r.DiastolicReference,
                };
            })]);
            lines.Add(new Line(name, "ours", ours.Wrong.Single(), Line.Error(ours.Judgements)));
            lines.Add(new Line(name, "fixed ratios 0.55, 0.82", ratios.Wrong.Single(), Line.Error(ratios.Judgements)));
        }

        return lines;
    }

    private static List<Line> Sounds()
    {
        List<Line> lines = [];
        foreach (string name in SoundSet.Names)
        {
            List<SoundRecord> records = [.. SoundSet.Load(name, Recordings.Folder!).Where(r => Wanted(r.Name))];
            SoundEvaluationResult ours = SoundEvaluation.Run(name, records, 2, null, CancellationToken.None);
            SoundEvaluationResult periods = new(name, [.. records.Select(r => new SoundRecordResult { Record = r.Name, HeartRate = SoundBaseline.Rate(r), TrueRate = r.TrueRate })]);
            lines.Add(new Line(name, "ours", ours.Wrong.Single(), Line.Error(ours.Judgements)));
            lines.Add(new Line(name, "autocorrelation of the envelope", periods.Wrong.Single(), Line.Error(periods.Judgements)));
        }

        return lines;
    }

    private static ReceivedRecord[] Play(RecordingSet set, Func<int, Firmware.Signals.Optical.SaturationCurve?>? curve = null)
    {
        ReceivedRecord[] received = new ReceivedRecord[set.Records.Count];
        Parallel.For(0, received.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i => received[i] = EvaluationRun.Play(set.Records[i], 1, curve: curve?.Invoke(i)));
        return received;
    }

    private static bool Wanted(string name) => IsLong || Part.Contains(name, StringComparer.Ordinal);

    private sealed record Line(string Set, string Method, WrongCount Count, double? MeanError)
    {
        public static Line Of(string set, string method, IEnumerable<Judgement> judgements, int references)
        {
            List<Judgement> own = [.. judgements];
            return new Line(set, method, ConfidentlyWrong.Count(own.Count == 0 ? string.Empty : own[0].Kind, own, references), Error(own));
        }

        public static double? Error(IReadOnlyList<Judgement> judgements) =>
            judgements.All(j => j.Reference is null) ? null : judgements.Where(j => j.Reference is not null).Average(j => Math.Abs(j.Value - j.Reference!.Value));
    }
}
