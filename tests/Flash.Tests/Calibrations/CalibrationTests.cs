using System;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using EdgeGateway.Faults;
using Firmware.Flash;
using Firmware.Flash.Calibrations;
using Flash.Tests.StandIns;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests.Calibrations;

[TestClass]
public sealed class CalibrationTests : IDisposable
{
    private static readonly int[] Order = [0, 50, 100, 150, 200, 250, 250, 200, 150, 100, 50, 0];

    private readonly TestFolder _folder = new();
    private readonly StandInBench _bench = new();
    private readonly HoldingPorts _hold;
    private readonly StandInBoard _board = new("COM1", "COM2", "246f28aa0001") { IsRunning = true };

    public CalibrationTests()
    {
        _board.Pod.Target = "ESP32_BLE_REV3";
        _board.Pod.Set("technicianKey", TestBundle.TechnicianKey);
        _bench.Boards.Add(_board);
        _hold = new HoldingPorts(_bench, _bench.Clock);
    }

    private const string Words = "CUFF OFF ARM\r";

    private static StandInOperator Typing(string keys) => new("RIGID VOLUME", TestBundle.TechnicianKey) { Input = Encoding.ASCII.GetBytes(keys) };

    public void Dispose()
    {
        _bench.Dispose();
        _folder.Dispose();
    }

    [TestMethod]
    public void A_cuff_is_calibrated_at_six_points_up_and_down_and_the_pod_keeps_it()
    {
        // Gain 1.01, zero 1.2 mmHg, hysteresis 0.4 mmHg on the way down.
        _hold.Cuff = i => (int)(Order[i] * 1010m) + 1200 + (i > 5 ? 400 : 0);
        StandInOperator user = Typing(Words + string.Concat(Order.Select(p => $" {p}x\u007f,0\r".Replace("x\u007f", "7\u007f", StringComparison.Ordinal))) + Words);
        (int exit, string output, string diagnostics) = Run(user, "calibrate", "cuff", "-Serial", "MP 42", "-Records", _folder.Path, "-CartName", "cart 7");
        Assert.AreEqual(0, exit, output + diagnostics);
        string[] kept = _board.Pod.Active["calibration.cuff"].Split(';');
        CollectionAssert.AreEqual(new[] { "MP 42", "2026-11-29", "2027-11-29" }, kept[..3]);
        Assert.AreEqual("0:1200,5000:51700,10000:102200,15000:152700,20000:203200,25000:253700,25000:254100,20000:203600,15000:153100,10000:102600,5000:52100,0:1600", kept[3]);
        Assert.IsFalse(_board.Pod.IsOnTrial, "confirmed");
        StringAssert.Contains(File.ReadAllText(_folder.At("246f28fffeaa0001.label.svg")), "calibration due: 2027-11-29");
        string written = output + diagnostics + string.Join('\n', Directory.EnumerateFiles(_folder.Path).Select(File.ReadAllText));
        Assert.IsFalse(written.Contains(TestBundle.TechnicianKey, StringComparison.Ordinal));
        Assert.AreEqual(2, _board.Pod.Requests.Count(r => r == "CUFF OFF ARM"), "as often as it was typed");
        Assert.AreEqual(1, _hold.Holds);
    }

    [TestMethod]
    [DataRow("leak", "moved by")]
    [DataRow("hysteresis", "up and down differ by")]
    [DataRow("gain", "refused for its Gain")]
    [DataRow("zero", "refused for its Zero")]
    [DataRow("one point", "refused for its Error")]
    public void What_is_no_calibration_is_refused_and_the_pod_keeps_what_it_has(string fault, string expected)
    {
        _board.Pod.Set("calibration.cuff", "old");
        _hold.Cuff = i => fault switch
        {
            "hysteresis" => (Order[i] * 1000) + (i is > 5 and < 11 ? 3500 * Order[i] / 250 : 0) - (i <= 5 ? 1700 * Order[i] / 250 : 0),
            "gain" => Order[i] * 1080,
            "zero" => (Order[i] * 1000) + 9000,
            "one point" => (Order[i] * 1000) + (i == 2 ? 4500 : 0),
            _ => Order[i] * 1000,
        };
        _hold.SpreadMilliMmHg = fault == "leak" ? 600 : 1;
        string points = _folder.Write("points.txt", string.Join('\n', Order));
        (int exit, _, string diagnostics) = Run(Typing(Words + string.Concat(Enumerable.Repeat(" \r", 12)) + Words), "calibrate", "cuff", "-Serial", "MP-42", "-Points", points, "-Records", _folder.Path);
        Assert.AreEqual(18, exit, diagnostics);
        Assert.IsFalse(_hold.IsHolding, "the valves are open");
        StringAssert.Contains(diagnostics, expected);
        Assert.AreEqual("old", _board.Pod.Active["calibration.cuff"]);
    }

    [TestMethod]
    public void Without_its_words_its_key_or_with_a_consultation_nothing_is_done()
    {
        _hold.Cuff = i => Order[i] * 1000;
        string points = _folder.Write("points.txt", string.Join('\n', Order));
        string[] arguments = ["calibrate", "cuff", "-Serial", "MP-42", "-Points", points, "-Records", _folder.Path];
        Assert.AreEqual(22, Run(new StandInOperator("rigid volume"), arguments).Exit);
        Assert.AreEqual(22, Run(new StandInOperator(), arguments).Exit);
        Assert.AreEqual(17, Run(new StandInOperator("RIGID VOLUME", new string('1', 64)), arguments).Exit, "another pod's key");
        _board.Pod.IsInSession = true;
        Assert.AreEqual(17, Run(Typing(Words), arguments).Exit);
        Assert.AreEqual(0, Run(new StandInOperator(), [.. arguments, "-WhatIf"]).Exit);
        Assert.AreEqual(0, _board.Pod.Streams);
        Assert.AreEqual(0, _hold.Holds);
        Assert.IsFalse(_board.Pod.Requests.Exists(r => r.StartsWith("calibration", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DataRow("", DisplayName = "nobody typed it")]
    [DataRow("cuff off arm\r", DisplayName = "other letters")]
    [DataRow("factory\r", DisplayName = "another command")]
    [DataRow("\u0003", DisplayName = "Ctrl-C")]
    public void The_words_are_the_persons_and_nothing_else_reaches_the_pod(string typed)
    {
        _hold.Cuff = i => Order[i] * 1000;
        (int exit, _, string diagnostics) = Run(Typing(typed), "calibrate", "cuff", "-Serial", "MP-42", "-Records", _folder.Path);
        Assert.AreEqual(22, exit, diagnostics);
        StringAssert.Contains(diagnostics, "CUFF OFF ARM was not typed");
        Assert.IsFalse(_board.Pod.Requests.Exists(r => r.Contains("ARM", StringComparison.OrdinalIgnoreCase) || r.Contains("factory", StringComparison.Ordinal)));
        Assert.AreEqual(0, _hold.Holds);
    }

    [TestMethod]
    public void The_space_bar_is_the_persons_and_a_hold_that_ended_goes_on_where_it_stopped_after_the_words()
    {
        _hold.Cuff = i => Order[Math.Min(i, 11)] * 1000;
        string half = string.Concat(Order.Take(5).Select(p => $" {p}\r"));
        string rest = string.Concat(Order.Skip(5).Select(p => $" {p}\r"));
        (int exit, string output, string diagnostics) = Run(Typing(Words + half + "x" + Words + rest + Words), "calibrate", "cuff", "-Serial", "MP-42", "-Records", _folder.Path);
        Assert.AreEqual(0, exit, output + diagnostics);
        Assert.AreEqual(2, _hold.Holds);
        Assert.AreEqual(12, _hold.Spaces, "none that was not pressed");
        Assert.HasCount(12, _board.Pod.Active["calibration.cuff"].Split(';')[3].Split(','));

        // Who walks away: no key goes to the pod, which opens its valves, and the words are not said again.
        int spaces = _hold.Spaces;
        (exit, output, diagnostics) = Run(Typing(Words + half), "calibrate", "cuff", "-Serial", "MP-42", "-Records", _folder.Path);
        Assert.AreEqual(22, exit, output + diagnostics);
        Assert.AreEqual(spaces + 5, _hold.Spaces);
        Assert.IsFalse(_hold.IsHolding);
        StringAssert.Contains(output, "the key was not pressed");
    }

    [TestMethod]
    public void An_oximeters_curve_is_found_again_from_its_light()
    {
        // R per point from the default curve's coefficients turned round; the pulse of red is R times that of infrared.
        double[] ratio = [.. CalibrationRun.OximeterPointsPercent.Select(p => RatioOf(p))];
        _board.Pod.Light = i => [.. Enumerable.Range(0, 150).Select(n => (
            (int)Math.Round(90_000 + (n * 3) + (90_000 * 0.01 * ratio[i] * Math.Sin(2 * Math.PI * n / 4.7))), (int)Math.Round(110_000 - (n * 2) + (110_000 * 0.01 * Math.Sin(2 * Math.PI * n / 4.7)))))];
        string points = _folder.Write("points.txt", string.Join('\n', CalibrationRun.OximeterPointsPercent));
        (int exit, string output, string diagnostics) = Run(new StandInOperator("ON TESTER", TestBundle.TechnicianKey, "CUFF OFF ARM"), "calibrate", "oximeter", "-Serial", "OX-1", "-Points", points, "-Records", _folder.Path);
        Assert.AreEqual(0, exit, output + diagnostics);
        long[] found = [.. _board.Pod.Active["calibration.oximeter"].Split(';')[3].Split(',').Select(long.Parse)];
        OximeterCurve curve = new(found[0], found[1], found[2]);
        for (int i = 0; i < ratio.Length; i++)
        {
            Assert.AreEqual(CalibrationRun.OximeterPointsPercent[i] * 10, curve.SaturationTenths((int)(ratio[i] * 10_000)), 8, $"{CalibrationRun.OximeterPointsPercent[i]} %");
        }
    }

    [TestMethod]
    public void A_curve_that_is_none_is_refused()
    {
        (int, int)[] right = [(1000, 4000), (940, 5600), (880, 7200), (820, 8800), (760, 10400), (700, 12000)];
        Assert.IsNotNull(OximeterCurve.Fit(right, out string? wrong), wrong);
        Refused(right[..4], "5 are needed");
        Refused([.. right.Select(p => (p.Item1 > 900 ? p.Item1 : 900, p.Item2))], "less than 20 %");
        Refused([.. right.Select(p => (p.Item1, 5000))], "do not lie apart");
        Refused([.. right.Select(p => (p.Item1, 16000 - p.Item2))], "does not fall");
        Refused([.. right.Select((p, i) => (i == 2 ? p.Item1 - 60 : p.Item1, p.Item2))], "% off");
        Assert.IsNull(OximeterCurve.Ratio([.. Enumerable.Repeat(50_000, 500)], [.. Enumerable.Repeat(50_000, 500)]), "no pulse");
        Assert.IsNull(OximeterCurve.Ratio(new int[500], new int[500]), "dark");
        int[] light = [.. Enumerable.Range(0, 300).Select(i => 80_000 + (int)(800 * Math.Sin(i / 2.3)))];
        Assert.AreEqual(10_000, OximeterCurve.SteadyRatio(light, light));
        Assert.IsNull(OximeterCurve.SteadyRatio([.. light.Select((v, i) => i < 150 ? v : v + 9000)], light), "set anew meanwhile");
        static void Refused((int, int)[] points, string expected)
        {
            Assert.IsNull(OximeterCurve.Fit(points, out string? wrong));
            StringAssert.Contains(wrong, expected);
        }
    }

    [TestMethod]
    public void The_refusals_are_those_of_the_pod_for_any_number_of_points()
    {
        CodedErrorException e = Assert.ThrowsExactly<CodedErrorException>(() => CalibrationRun.CuffValues([0, 5000], [0, 50_000]));
        Assert.AreEqual(FaultCodes.CalibrationNotMade, e.Errors[0].Code);
        StringAssert.Contains(e.Message, "Span");
    }

    // Source: Analog Devices, application note 6845: SpO2 = 1.5958422 R^2 - 34.6596622 R + 112.6898759.
    private static double RatioOf(double percent)
    {
        const double A = 1.5958422;
        const double B = -34.6596622;
        double c = 112.6898759 - percent;
        return (-B - Math.Sqrt((B * B) - (4 * A * c))) / (2 * A);
    }

    private (int Exit, string Output, string Diagnostics) Run(IOperator user, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        FlashMachine machine = _bench.Machine(output, diagnostics, user);
        machine = new FlashMachine { Output = output, Diagnostics = diagnostics, Operator = user, Ports = _hold, Nanoff = machine.Nanoff, Clock = machine.Clock, Path = machine.Path, StartMs = machine.StartMs, Pause = machine.Pause };
        int exit = FlashTool.Run(arguments, machine, CancellationToken.None);
        return (exit, output.ToString(), diagnostics.ToString());
    }
}
