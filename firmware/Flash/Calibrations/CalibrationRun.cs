using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using EdgeGateway.Faults;
using Firmware.Flash.BringUp;
using Firmware.Flash.Provisioning;
using Firmware.Flash.Wire;

namespace Firmware.Flash.Calibrations;

/// <summary>What a calibration is to do.</summary>
/// <param name="IsCuff">True for the cuff's sensor, false for the oximeter.</param>
/// <param name="Serial">Serial number of the sensor's board.</param>
/// <param name="Date">Today, YYYY-MM-DD.</param>
/// <param name="Due">When it is due again, YYYY-MM-DD.</param>
/// <param name="Points">The reference's values where a rig sets them, in its unit; null to ask for each.</param>
/// <param name="Records">Folder of records.</param>
/// <param name="CartName">The cart's name, for the label.</param>
public sealed record CalibrationOptions(bool IsCuff, string Serial, string Date, string Due, IReadOnlyList<decimal>? Points, string Records, string CartName);

/// <summary>
/// One sensor against a reference, over the pod's console. The cuff: six pressures up and the same down, on a rigid volume with a reference manometer, never on an arm; the pump does
/// not run, a hand pump makes the pressure, and the pod keeps its valves closed while the person presses the space bar. The oximeter: a tester sets the saturation. The pod refuses by the same rules as this program.
/// The words CUFF OFF ARM are the person's: they are passed on as they were typed, and never typed for anybody.
/// </summary>
/// <param name="machine">The machine.</param>
/// <param name="options">What to do.</param>
/// <param name="say">Takes lines for the person.</param>
public sealed class CalibrationRun(FlashMachine machine, CalibrationOptions options, Action<string> say)
{
    /// <summary>The pressures, mmHg, up; and the same down. Assumption: steps of 50 mmHg over the range that a measurement uses.</summary>
    public static IReadOnlyList<int> CuffPointsMmHg { get; } = [0, 50, 100, 150, 200, 250];

    /// <summary>The tester's saturations, percent. Assumption: six steps over the 70 to 100 % for which ISO 80601-2-61 has accuracy stated.</summary>
    public static IReadOnlyList<int> OximeterPointsPercent { get; } = [100, 94, 88, 82, 76, 70];

    /// <summary>Most times that the pressure is held for one calibration. Assumption: each of the twelve points once more.</summary>
    public const int MaxHolds = 24;

    // From the first key on all that is typed comes by it: a line and a key must not wait for the same keyboard.
    private TypedKeys? _keys;

    private const string OffArm = "CUFF OFF ARM";
    private const int PauseMs = 50;
    private const int LightSamples = 150;

    /// <summary>Largest spread of the samples of one point, thousandths of mmHg. Assumption: more is a leak, or a hand that still moves.</summary>
    public const int MaxSpreadMilliMmHg = 1000;

    /// <summary>Largest difference between up and down at one point, thousandths of mmHg. Assumption: no more than the ±3 mmHg that CuffCalibration allows a point.</summary>
    public const int MaxHysteresisMilliMmHg = 3000;

    /// <summary>Calibrates, commits and confirms.</summary>
    /// <param name="port">The console's port.</param>
    /// <param name="technicianKey">The technician's key, hexadecimal; a secret.</param>
    /// <param name="isRigidConfirmed">True when the person has typed that the cuff is off every arm.</param>
    /// <exception cref="CodedErrorException">It came to nothing; the pod keeps what it has.</exception>
    public void Run(string port, string technicianKey, bool isRigidConfirmed)
    {
        if (!isRigidConfirmed)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.FlashNotConfirmed, ErrorPlace.None, options.IsCuff ? "RIGID VOLUME was not typed" : "ON TESTER was not typed"));
        }

        string values;
        long before;
        PodAnswer identity;
        using (PodConsole console = ConsoleFinder.Open(machine.Ports, machine.Clock, port, _ => { }))
        {
            identity = console.Require("id");
            before = Boot(identity);
            if (console.Require("status").Text("session") is "true")
            {
                throw new CodedErrorException(new CodedError(FaultCodes.PodRefused, new ErrorPlace(port, 0, null), "a consultation is open on this pod", "Close the consultation first."));
            }

            Provisioner.Unlock(console, technicianKey);
            values = options.IsCuff ? Cuff(console) : Oximeter(console);
            Provisioner.Unlock(console, technicianKey);
            PassOffArm(console, "to store the calibration");
            console.Require($"calibration set {(options.IsCuff ? "cuff" : "oximeter")} {AnswerLine.Quote(options.Serial)} {options.Date} {options.Due} {values}", isRepeatable: false);
            console.Require("config commit", isRepeatable: false);
        }

        using PodConsole after = WaitForRestart(port, before);
        Provisioner.Unlock(after, technicianKey);
        after.Require("config confirm", isRepeatable: false);
        string deviceId = ProvisioningBundle.Digits(identity.Text("deviceId"));
        if (deviceId.Length != 16)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.ConsoleAnswerDamaged, new ErrorPlace(port, 0, null), "its id is not 16 hexadecimal digits"));
        }

        Record(identity, values);
        string due = BoardJob.CalibrationDue(after);
        PodLabel label = new(options.CartName, deviceId, identity.Text("board"), identity.Text("version"), due.Length > 0 ? due : options.Due);
        RecordFiles.Write(Path.Combine(options.Records, deviceId + ".label.svg"), System.Text.Encoding.UTF8.GetBytes(label.ToSvg()));
        say($"pod {deviceId}: calibrated, due {options.Due}; {deviceId}.calibration.json, {deviceId}.label.svg");
    }

    private string Cuff(PodConsole console)
    {
        int[] order = [.. CuffPointsMmHg, .. CuffPointsMmHg.Reverse()];
        HeldPoints points = new(order, options.Points, say, machine.Diagnostics.Write);
        _keys = machine.Operator.IsThere ? new TypedKeys(machine.Operator.Keys()) : null;
        for (int hold = 0; !points.IsDone; hold++)
        {
            if (hold == MaxHolds)
            {
                throw Unusable(string.Create(CultureInfo.InvariantCulture, $"the valves opened {MaxHolds} times before all points were there"));
            }

            PassOffArm(console, hold == 0 ? "when the hose is on the rigid volume and no cuff is on an arm" : "to go on where it stopped");
            points.Begin();
            PodAnswer answer = console.Converse("cuff hold", row => points.Turn(row, _keys!.Take()), PauseMs);
            if (points.Unusable is { } unusable)
            {
                throw Unusable(unusable);
            }

            if (!answer.IsOk && answer.Code is not (FaultCodes.CuffKeyMissing or FaultCodes.CuffHoldTooLong or FaultCodes.CuffHoldTooHigh))
            {
                throw new CodedErrorException(new CodedError(FaultCodes.PodRefused, new ErrorPlace(console.Port, 0, null), $"{answer.Code} on 'cuff hold': {answer.Text("means").TrimEnd('.')}", answer.Text("next")));
            }

            if (!points.IsDone)
            {
                say(answer.IsOk ? "the valves are open: a key ended it" : $"the valves are open: {answer.Text("means")}");
            }
        }

        return CuffValues(points.ReferenceCentiMmHg, points.ReadingMilliMmHg);
    }

    // What the person typed, and only when it is these words: whatever else is no word for a pod.
    private void PassOffArm(PodConsole console, string why)
    {
        string question = $"Type {OffArm} {why}:";
        string? typed = !machine.Operator.IsThere ? null : _keys is null ? machine.Operator.Ask(question) : _keys.ReadLine(question + " ", machine.Diagnostics.Write, machine.Pause);
        if (!string.Equals(typed, OffArm, StringComparison.Ordinal))
        {
            throw new CodedErrorException(new CodedError(FaultCodes.FlashNotConfirmed, ErrorPlace.None, OffArm + " was not typed"));
        }

        console.Require(typed!, isRepeatable: false);
    }

    /// <summary>Checks the points as the pod will, and that up and down agree.</summary>
    /// <param name="referenceCentiMmHg">The manometer's values, hundredths of mmHg; first up, then down.</param>
    /// <param name="readingMilliMmHg">The sensor's, thousandths of mmHg, as many.</param>
    /// <returns>The pairs as the console takes them.</returns>
    /// <exception cref="CodedErrorException">They make no calibration.</exception>
    public static string CuffValues(IReadOnlyList<int> referenceCentiMmHg, IReadOnlyList<int> readingMilliMmHg)
    {
        Firmware.Signals.Cuff.CuffCalibration calibration = new();
        Firmware.Signals.Cuff.CalibrationRefusal refusal = calibration.TrySet([.. referenceCentiMmHg], [.. readingMilliMmHg], referenceCentiMmHg.Count);
        if (refusal != Firmware.Signals.Cuff.CalibrationRefusal.None)
        {
            throw Unusable($"refused for its {refusal}");
        }

        for (int i = 0; i < referenceCentiMmHg.Count / 2; i++)
        {
            int down = referenceCentiMmHg.Count - 1 - i;
            int hysteresis = readingMilliMmHg[i] - (referenceCentiMmHg[i] * 10) - (readingMilliMmHg[down] - (referenceCentiMmHg[down] * 10));
            if (Math.Abs(hysteresis) > MaxHysteresisMilliMmHg)
            {
                throw Unusable(string.Create(CultureInfo.InvariantCulture, $"at {referenceCentiMmHg[i] / 100m} mmHg up and down differ by {Math.Abs(hysteresis) / 1000m} mmHg"));
            }
        }

        return string.Join(',', referenceCentiMmHg.Zip(readingMilliMmHg, (r, m) => string.Create(CultureInfo.InvariantCulture, $"{r}:{m}")));
    }

    private string Oximeter(PodConsole console)
    {
        List<(int SaturationTenths, int RatioTenThousandths)> points = [];
        for (int i = 0; i < OximeterPointsPercent.Count; i++)
        {
            decimal set = options.Points is null
                ? AskNumber(string.Create(CultureInfo.InvariantCulture, $"{i + 1}/{OximeterPointsPercent.Count}: set the tester to {OximeterPointsPercent[i]} %, wait 30 s; it is set to (%):"), 65, 100)
                : options.Points[i];
            IReadOnlyList<int[]> samples = Stream(console, "Max30102", LightSamples, "red", "infrared");
            int ratio = OximeterCurve.SteadyRatio([.. samples.Select(s => s[0])], [.. samples.Select(s => s[1])]) ?? throw Unusable(string.Create(CultureInfo.InvariantCulture, $"at {set} % no steady pulse is in the light"));
            points.Add(((int)(set * 10), ratio));
            say(string.Create(CultureInfo.InvariantCulture, $"{set} %: R is {ratio / 10_000m:0.0000}"));
        }

        OximeterCurve curve = OximeterCurve.Fit(points, out string? wrong) ?? throw Unusable(wrong!);
        return string.Create(CultureInfo.InvariantCulture, $"{curve.ATenMillionths},{curve.BTenMillionths},{curve.CTenMillionths}");
    }

    private static List<int[]> Stream(PodConsole console, string part, int count, params string[] members)
    {
        PodAnswer answer = console.Require(string.Create(CultureInfo.InvariantCulture, $"sensor stream {part} {count}"), isRepeatable: false);
        List<int[]> samples = [];
        foreach (JsonElement sample in answer.Parts)
        {
            int[] values = [.. members.Select(m => int.TryParse(PodAnswer.Text(sample, m), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : int.MinValue)];
            if (values.All(v => v != int.MinValue))
            {
                samples.Add(values);
            }
        }

        // Samples with a reason in the place of a reading do not count; too few of them are no measurement.
        return samples.Count * 10 >= count * 9 ? samples : throw Unusable(string.Create(CultureInfo.InvariantCulture, $"{part} gave {samples.Count} readings of {count}"));
    }

    private decimal AskNumber(string question, decimal low, decimal high)
    {
        for (int attempt = 0; attempt < 3; attempt++)
        {
            string? text = machine.Operator.Ask(question);
            if (text is null)
            {
                break;
            }

            if (decimal.TryParse(text.Replace(',', '.'), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out decimal value) && value >= low && value <= high)
            {
                return value;
            }

            question = string.Create(CultureInfo.InvariantCulture, $"a number from {low} to {high}:");
        }

        throw new CodedErrorException(new CodedError(FaultCodes.FlashNotConfirmed, ErrorPlace.None, "a value of the reference was not given"));
    }

    private PodConsole WaitForRestart(string port, long before)
    {
        long start = machine.Clock.GetTimestamp();
        do
        {
            PlugFinding finding = PlugProbe.Probe(machine.Ports, port, machine.Clock);
            if (finding.Kind == PlugKind.Console && Boot(finding.Identity!) != before)
            {
                return ConsoleFinder.Open(machine.Ports, machine.Clock, port, _ => { });
            }

            machine.Pause(machine.LookAgainMs);
        }
        while (machine.Clock.GetElapsedTime(start).TotalMilliseconds < machine.StartMs);
        throw new CodedErrorException(new CodedError(FaultCodes.ConsoleSilent, new ErrorPlace(port, 0, null), "the pod did not come back after the commit; it undoes the calibration by itself"));
    }

    private void Record(PodAnswer identity, string values) => RecordFiles.Write(Path.Combine(options.Records, ProvisioningBundle.Digits(identity.Text("deviceId")) + ".calibration.json"), writer =>
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", 1);
        writer.WriteString("tool", FlashTool.NameAndVersion);
        writer.WriteString("utc", machine.Clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
        writer.WriteString("deviceId", identity.Text("deviceId"));
        writer.WriteString("sensor", options.IsCuff ? "cuff" : "oximeter");
        writer.WriteString("serial", options.Serial);
        writer.WriteString("date", options.Date);
        writer.WriteString("due", options.Due);
        writer.WriteString("values", values);
        writer.WriteEndObject();
    });

    private static long Boot(PodAnswer identity) => long.TryParse(identity.Text("bootId"), NumberStyles.None, CultureInfo.InvariantCulture, out long boot) ? boot : -1;

    private static CodedErrorException Unusable(string detail) => new(new CodedError(FaultCodes.CalibrationNotMade, ErrorPlace.None, detail));
}
