using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using EdgeGateway.Faults;
using Firmware.Flash.Hardware;
using Firmware.Flash.Nanoff;
using Firmware.Flash.Provisioning;
using Firmware.Flash.Wire;

namespace Firmware.Flash.BringUp;

/// <summary>
/// One board, step by step. Each step proves itself before the next begins: the chip by nanoff, what was written by the pod's own words over its console, since nanoff's OK is no
/// proof. What fails ends this board alone.
/// </summary>
/// <param name="port">The port by which it is flashed.</param>
/// <param name="plan">What all boards of the run have in common.</param>
/// <param name="view">What a person sees.</param>
internal sealed class BoardJob(string port, BringUpPlan plan, IBringUpView view)
{
    private const int SelfTestMs = 12_000;

    // Assumption: the slowest part settles within 10 s of a start; half as much again.
    private const int SettleMs = 15_000;

    private static readonly (string Sensor, string Part)[] Calibrated = [("cuff", "Mprls0300"), ("oximeter", "Max30102")];

    private readonly BringUpRecord _record = new() { Port = port };
    private readonly List<string> _log = [];
    private string _knownId = string.Empty;
    private ChipDetails? _chip;
    private BoardChoice? _choice;
    private BoardState? _state;
    private PlugFinding? _console;
    private bool _isWritten;

    private string Mac => _chip!.Mac;

    private string PlannedText => string.Create(CultureInfo.InvariantCulture, $"{plan.Program.Sha256} {_choice!.Target} {plan.Options.ImageVersion} {(plan.Options.IsFactory ? "factory" : "keep")}");

    /// <summary>Runs all steps.</summary>
    /// <param name="cancellation">Ends the run between steps, and nanoff at once.</param>
    /// <returns>The record, with the fault's code when one ended it.</returns>
    public BringUpRecord Run(CancellationToken cancellation)
    {
        try
        {
            (string Name, Action Do)[] steps =
            [
                ("chip", () => FindChip(cancellation)), ("before", LookBefore), ("runtime", () => WriteRuntime(cancellation)), ("program", () => WriteProgram(cancellation)),
                ("read back", ReadBack), ("provision", Provision), ("self test", TestItself),
            ];
            foreach ((string _, Action step) in steps)
            {
                cancellation.ThrowIfCancellationRequested();
                step();
            }

            _record.Result = "done";
        }
        catch (OperationCanceledException)
        {
            Fail(new CodedError(FaultCodes.FlashNotConfirmed, new ErrorPlace(port, 0, null), "stopped by hand"));
        }
        catch (CodedErrorException e)
        {
            Fail(e.Errors[0]);
        }
#pragma warning disable CA1031 // One board's defect ends that board; the others go on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(new CodedError(FaultCodes.FlashProgramFailed, new ErrorPlace(port, 0, null), $"{e.GetType().Name}: {e.Message}"));
        }

        Finish();
        return _record;
    }

    private void FindChip(CancellationToken cancellation)
    {
        NanoffResult result = Nanoff("chip", FlashPlan.Details(port), cancellation);
        _chip = ChipDetails.Parse(result.Lines) ?? throw Error(FaultCodes.NanoffFailed, "its answer does not say chip, flash, PSRAM and address");
        _record.Chip = _chip;
        _choice = BoardMatch.Find(plan.Boards, plan.Options.Board, plan.Options.Target, _chip, plan.Options.IsPsramConfirmed, out IReadOnlyList<string> reasons)
            ?? throw Error(FaultCodes.WrongBoard, string.Join("; ", reasons));
        _record.Board = _choice.Board.Name;
        _record.Target = _choice.Target;
        _record.ProgramSha256 = plan.Program.Sha256;
        string psram = _chip.PsramMebibytes is int size ? string.Create(CultureInfo.InvariantCulture, $"{size} MB of PSRAM") : "PSRAM confirmed by hand";
        Say("chip", string.Create(CultureInfo.InvariantCulture, $"{_chip.Name}, {_chip.FlashMebibytes} MB of flash, {psram}, {_chip.MacText()}: {_choice.Board.Name}, {_choice.Target}"));
        lock (plan.Macs)
        {
            if (!plan.Macs.TryAdd(Mac, port))
            {
                throw Error(FaultCodes.WrongBoard, $"the same chip answers on {plan.Macs[Mac]}");
            }
        }

        _state = BoardState.Load(plan.Options.Records, Mac, PlannedText);
        _knownId = _state.GivenId.Length > 0 ? _state.GivenId : BringUpRecord.DeviceIdOf(plan.Options.Records, Mac);
    }

    private void LookBefore()
    {
        _console = plan.Consoles.Find(Mac, port, _knownId);
        if (_console is null)
        {
            Say("before", _state!.Before is null ? "no console answers: taken for a board without a program" : "no console answers; what the pod was stands in its state file");
            return;
        }

        ClaimId(_console.Identity!.Text("deviceId"));
        PodSnapshot now = Snapshot(_console);

        // After an unplugged write the board may have started half new: what it was before the first write is what it must be again.
        _state!.Before ??= now;
        _state.Save();
        Say("before", string.Create(CultureInfo.InvariantCulture, $"pod {now.DeviceId}, {(now.IsProvisioned ? "provisioned" : "not provisioned")}, unsent readings {(now.Unsent is long n ? n : "not said")}")
            + (plan.Options.IsFactory ? ": all of it is erased" : ": all of it is kept"));
        if (Status(_console).Text("session") is "true")
        {
            throw Error(FaultCodes.PodRefused, "a consultation is open on this pod", "Close the consultation first; then run the same command again.");
        }
    }

    private void WriteRuntime(CancellationToken cancellation)
    {
        bool isThere = !plan.Options.IsFactory && _console is PlugFinding before
            && IsSame(before.Identity!.Text("target"), _choice!.Target) && IsSame(before.Identity.Text("image"), plan.Options.ImageVersion);
        bool isUsedSince = plan.Options.IsFactory && _console is PlugFinding pod && IsSame(pod.Identity!.Text("provisioned"), "true");
        if (isThere || (_state!.IsDone(BringUpStep.Runtime) && !isUsedSince))
        {
            Say("runtime", isThere ? $"{_choice!.Target} {plan.Options.ImageVersion} is there, by the pod's own word" : "written before; goes on behind it");
            _state!.Mark(BringUpStep.Runtime);
            return;
        }

        _state.Mark(BringUpStep.Program, isDone: false);

        // nanoff unpacks an image into one folder per image: two at once would write over each other's files.
        lock (plan.RuntimeTurn)
        {
            cancellation.ThrowIfCancellationRequested();
            _isWritten = true;
            Nanoff("runtime", FlashPlan.Runtime(_choice!.Target, plan.Options.ImageVersion, port, plan.Options.IsFactory, plan.Options.Archive), cancellation);
        }

        _state.Mark(BringUpStep.Runtime);
        Say("runtime", $"nanoff says {_choice.Target} {plan.Options.ImageVersion} is written");
    }

    private void WriteProgram(CancellationToken cancellation)
    {
        string build = _console?.Identity!.Text("build") ?? string.Empty;
        if (!plan.Options.IsFactory && _state!.IsDone(BringUpStep.Program) && (_console is null || IsOurs(build)))
        {
            Say("program", "written before; goes on behind it");
            return;
        }

        _state!.Mark(BringUpStep.Program, isDone: false);
        _isWritten = true;
        Nanoff("program", FlashPlan.Deploy(_choice!.Target, _choice.Board.ApplicationAddress, port, plan.Options.ProgramFile), cancellation);
        _state.Mark(BringUpStep.Program);
        Say("program", string.Create(CultureInfo.InvariantCulture, $"nanoff says {plan.Program.Length} bytes are written"));
    }

    private void ReadBack()
    {
        PlugFinding? answered = WaitForConsole(_ => true);
        if (answered is not PlugFinding found)
        {
            // What may be half written is written again next time.
            Unmark();
            throw Error(FaultCodes.ConsoleSilent, "no console of this chip answers after the write");
        }

        string build = found.Identity!.Text("build");
        string target = found.Identity.Text("target");
        string image = found.Identity.Text("image");
        List<string> differences = [];
        if (!IsOurs(build))
        {
            differences.Add($"build '{build}' does not stand in the program's file");
        }

        if (!IsSame(target, _choice!.Target))
        {
            differences.Add($"target {target}, written {_choice.Target}");
        }

        if (!IsSame(image, plan.Options.ImageVersion))
        {
            differences.Add($"image {image}, written {plan.Options.ImageVersion}");
        }

        if (differences.Count > 0)
        {
            Unmark();
            throw Error(FaultCodes.ReadBackDiffers, string.Join("; ", differences));
        }

        // Writing restarts a board. A console whose pod runs on is that of another one, or of a board that was not written. An erased one counts its boots anew, and one in safe mode says 0.
        if (_isWritten && !plan.Options.IsFactory && _console is PlugFinding seen && BootId(seen) > 0 && BootId(seen) == BootId(found))
        {
            found = WaitForConsole(f => BootId(f) != BootId(seen)) ?? throw Error(FaultCodes.ReadBackDiffers, "the pod behind the console did not restart while the board was written", "Press EN, then run the same command again; name the board's own console with -ConsolePort.");
        }

        ClaimId(found.Identity!.Text("deviceId"));
        Remember(found);
        CompareWithBefore(found);
        _state!.Mark(BringUpStep.ReadBack);
        Say("read back", $"pod {_record.DeviceId} runs {_record.Version}, build {build}, {target} {image}: as written");
    }

    private void Unmark()
    {
        _state!.Mark(BringUpStep.Program, isDone: false);
        _state.Mark(BringUpStep.Runtime, isDone: false);
    }

    private void CompareWithBefore(PlugFinding found)
    {
        if (plan.Options.IsFactory || _state!.Before is not PodSnapshot before || _state.IsDone(BringUpStep.Provision))
        {
            return;
        }

        PodSnapshot now = Snapshot(found);
        List<string> lost = [];
        if (!IsSame(now.DeviceId, before.DeviceId) && !IsSame(now.DeviceId, _state.GivenId))
        {
            lost.Add($"it was {before.DeviceId} and is {now.DeviceId}");
        }

        if (before.IsProvisioned && !now.IsProvisioned)
        {
            lost.Add("its configuration");
        }

        if (!IsSame(now.Calibrations, before.Calibrations))
        {
            lost.Add("its calibrations");
        }

        // With a gateway the pod has sent them meanwhile.
        if (before.Unsent is long was && now.Unsent is long left && left < was && Status(found).Text("link") is not "true")
        {
            lost.Add(string.Create(CultureInfo.InvariantCulture, $"{was - left} of {was} unsent readings"));
        }

        if (lost.Count > 0)
        {
            throw Error(FaultCodes.PodIdentityLost, string.Join("; ", lost));
        }
    }

    private void Provision()
    {
        bool isOnTrial = _console!.Identity!.Text("state") is "trial";
        if (plan.Bundles.Count == 0)
        {
            if (isOnTrial)
            {
                throw Error(FaultCodes.PodRefused, "its configuration is on trial, and the pod will undo it", "Run it again with -Bundle, which confirms it.");
            }

            Say("provision", _record.IsProvisioned ? "kept" : "no bundle given: not provisioned");
            return;
        }

        string id = ProvisioningBundle.Digits(_record.DeviceId);
        ProvisioningBundle bundle = plan.Bundles.For(d => string.Equals(d, id, StringComparison.Ordinal) || ChipDetails.IsFrom(d, Mac), plan.Options.Ports.Count == 1)
            ?? throw Error(FaultCodes.BundleForAnotherPod, $"none of {plan.Bundles.Count} is for {_record.DeviceId}");
        if (_record.IsProvisioned && !plan.Options.IsReprovisioned)
        {
            if (!IsSame(bundle.DeviceId, id))
            {
                throw Error(FaultCodes.BundleForAnotherPod, $"the bundle is for {bundle.DeviceId}, this pod is {_record.DeviceId}");
            }

            // A bring-up that ended between commit and confirm.
            if (isOnTrial)
            {
                Confirm(bundle);
            }

            Say("provision", isOnTrial ? "was on trial; confirmed" : "kept; -Reprovision gives it the bundle anew");
            return;
        }

        bool isOwnId = ChipDetails.IsFrom(bundle.DeviceId, Mac);
        ClaimId(bundle.DeviceId);
        string cleared = string.Empty;
        using (PodConsole console = plan.Consoles.Open(_console!.Port, Log))
        {
            Provisioner.Begin(console, bundle.TechnicianKey!, _record.IsProvisioned, isOnTrial, _choice!.Board.Name);
            string[] surplus = [.. Provisioner.Surplus(bundle, isOwnId).Where(k => Value(console, k).Length > 0)];
            foreach (string key in surplus)
            {
                console.Require("config clear " + key);
            }

            // What a technician has set is kept where nothing else is said.
            string? role = plan.Options.Role ?? (Value(console, "role").Length > 0 ? null : "vitals");
            string? parts = plan.Options.Parts ?? (Value(console, "parts").Length > 0 ? null : string.Join(',', plan.SampleParts));
            Provisioner.Send(console, Provisioner.Requests(bundle, isOwnId, _choice.Board.Name, role, parts, plan.Options.CartName));
            if (console.Require("config diff").Parts.Count == 0)
            {
                if (isOnTrial)
                {
                    Provisioner.Confirm(console);
                }

                _state!.Mark(BringUpStep.Provision);
                Say("provision", isOnTrial ? "the pod has all of the bundle already; was on trial, confirmed" : "the pod has all of the bundle already");
                return;
            }

            cleared = surplus.Length > 0 ? $"; taken away: {string.Join(", ", surplus)}" : string.Empty;
            _state!.Give(bundle.DeviceId);
            Provisioner.Commit(console);
        }

        long before = BootId(_console);
        PlugFinding found = WaitForConsole(f => BootId(f) != before && f.Identity!.Text("provisioned") is "true", isAnyId: !isOwnId)
            ?? throw Error(FaultCodes.ConsoleSilent, "the pod did not come back provisioned after the commit");
        Remember(found);
        if (!IsSame(ProvisioningBundle.Digits(_record.DeviceId), bundle.DeviceId))
        {
            throw Error(FaultCodes.PodIdentityLost, $"the bundle is for {bundle.DeviceId}, the pod calls itself {_record.DeviceId}");
        }

        Confirm(bundle);
        _record.Gateway = string.Create(CultureInfo.InvariantCulture, $"{bundle.GatewayHost}:{bundle.GatewayPort}");
        _record.CertificateFingerprint = bundle.CertificateFingerprint;
        _record.CertificateEnds = bundle.CertificateEnds?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? string.Empty;
        _state!.Mark(BringUpStep.Provision);
        Say("provision", $"pod {_record.DeviceId}, gateway {_record.Gateway}, {(bundle.CertificatePem is null ? "no TLS" : "certificate until " + _record.CertificateEnds)}: confirmed after its restart{cleared}");
    }

    private void Confirm(ProvisioningBundle bundle)
    {
        using PodConsole console = plan.Consoles.Open(_console!.Port, Log);
        Provisioner.Unlock(console, bundle.TechnicianKey!);
        Provisioner.Confirm(console);
    }

    // One id, one chip: among the boards of this run, and against the records of others.
    private void ClaimId(string deviceId)
    {
        string id = ProvisioningBundle.Digits(deviceId);
        lock (plan.MacOfId)
        {
            string? other = plan.MacOfId.GetValueOrDefault(id) is string mac && !IsSame(mac, Mac) ? mac : BringUpRecord.OtherMacOf(plan.Options.Records, id, Mac);
            if (other is not null)
            {
                throw Error(FaultCodes.PodIdentityShared, $"{id} is the id of the board {other} too");
            }

            plan.MacOfId[id] = Mac;
        }
    }

    private void TestItself()
    {
        using PodConsole console = plan.Consoles.Open(_console!.Port, Log);
        PodAnswer answer = console.Ask("selftest", timeoutMs: SelfTestMs);
        IReadOnlyList<SelfTestItem> items = SelfTestItem.Read(answer);

        // Behind a restart a part is looked for, and settles: that is no verdict yet.
        long start = plan.Clock.GetTimestamp();
        while (items.Any(i => i.Result is "FAIL" && i.Unit is ("state probing" or "state settling")) && plan.Clock.GetElapsedTime(start).TotalMilliseconds < SettleMs)
        {
            plan.Pause();
            answer = console.Ask("selftest", timeoutMs: SelfTestMs);
            items = SelfTestItem.Read(answer);
        }

        _record.SelfTest = items;
        _record.CalibrationDue = CalibrationDue(console);
        if (!answer.IsOk || items.Count == 0)
        {
            throw Error(FaultCodes.PodSelfTestFailed, answer.IsOk ? "it has no item" : $"{answer.Code} {answer.Text("means")}".TrimEnd('.', ' '));
        }

        SelfTestItem[] wrong = [.. items.Where(i => i.Result is "FAIL")];
        SelfTestItem[] elsewhere = [.. wrong.Where(i => plan.Options.IsWithoutGateway && i.Item is "gateway" && i.Code is FaultCodes.LinkLost)];
        string[] failed = [.. wrong.Except(elsewhere).Select(i => i.Row())];
        Say("self test", string.Create(CultureInfo.InvariantCulture, $"{items.Count(i => i.Result is "PASS")} PASS, {failed.Length} FAIL, {items.Count(i => i.Result is "SKIP")} SKIP")
            + (elsewhere.Length > 0 ? "; not judged without a gateway here: " + string.Join(", ", elsewhere.Select(i => i.Item)) : string.Empty));
        if (failed.Length > 0)
        {
            throw Error(FaultCodes.PodSelfTestFailed, string.Join("; ", failed), wrong.All(i => i.Item is "gateway") ? "Where no gateway is: -NoGateway." : null);
        }

        _state!.Mark(BringUpStep.SelfTest);
    }

    private void Finish()
    {
        try
        {
            _record.Utc = plan.Clock.GetUtcNow();
            if (_record.Code.Length == 0)
            {
                PodLabel label = new(plan.Options.CartName, _record.DeviceId, _record.Board, _record.Version, _record.CalibrationDue);
                RecordFiles.Write(Path.Combine(plan.Options.Records, Mac + ".label.svg"), System.Text.Encoding.UTF8.GetBytes(label.ToSvg()));
                _state!.Finish();
            }

            RecordFiles.Write(Path.Combine(plan.Options.Records, _record.FileName + ".log"), System.Text.Encoding.UTF8.GetBytes(string.Join('\n', _log) + "\n"));
            lock (plan.RecordTurn)
            {
                _record.Write(plan.Options.Records, plan.Tool);
            }

            if (_record.Code.Length == 0)
            {
                Say("record", $"{Mac}.record.json, {Mac}.label.svg, {BringUpRecord.TableName}");
            }
        }
        catch (CodedErrorException e)
        {
            Fail(e.Errors[0]);
        }
    }

    private NanoffResult Nanoff(string step, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        Log("$ " + FlashPlan.Render("nanoff", arguments));
        NanoffResult result = plan.Nanoff.Run(arguments, text =>
        {
            if (NanoffResult.Percent(text) is int percent)
            {
                view.Progress(port, step, percent);
            }
            else
            {
                Log("  " + text);
            }
        }, cancellation);
        cancellation.ThrowIfCancellationRequested();
        if (result.IsOk)
        {
            return result;
        }

        bool isThere = plan.Ports.List().Any(p => IsSame(p.Name, port));
        string error = result.Error is string code ? code : string.Create(CultureInfo.InvariantCulture, $"exit code {result.ExitCode}");
        string last = result.Lines.LastOrDefault(l => l.Contains(error, StringComparison.Ordinal)) ?? error;
        throw Error(!isThere ? FaultCodes.BoardUnplugged : NanoffFault(result.Error), isThere ? last.TrimEnd('.') : $"{step}: the port is gone ({error})");
    }

    // Source: nanoFirmwareFlasher 2.5, ExitCodes.
    private static string NanoffFault(string? error) => error switch
    {
        "E4001" => FaultCodes.BoardFlashFull,
        "E4005" or "E6000" or "E6001" or "E6002" => FaultCodes.SerialPortUnusable,
        "E9005" or "E9007" or "E9015" => FaultCodes.ArchiveUnusable,
        _ => FaultCodes.NanoffFailed,
    };

    private PlugFinding? WaitForConsole(Func<PlugFinding, bool> isRight, bool isAnyId = false)
    {
        long start = plan.Clock.GetTimestamp();
        do
        {
            PlugFinding? found = plan.Consoles.Find(Mac, port, _knownId);
            if (found is null && isAnyId && _console is PlugFinding before)
            {
                // Its id is no longer the chip's: the plug is still the same.
                found = plan.Consoles.ProbeKnown(before.Port);
            }

            if (found is not null && isRight(found))
            {
                return found;
            }

            plan.Pause();
        }
        while (plan.Clock.GetElapsedTime(start).TotalMilliseconds < plan.StartMs);
        return null;
    }

    private void Remember(PlugFinding found)
    {
        _console = found;
        _record.DeviceId = found.Identity!.Text("deviceId");
        _record.Version = found.Identity.Text("version");
        _record.Build = found.Identity.Text("build");
        _record.ImageVersion = found.Identity.Text("image");
        _record.IsProvisioned = found.Identity.Text("provisioned") is "true";
    }

    private PodSnapshot Snapshot(PlugFinding found)
    {
        using PodConsole console = plan.Consoles.Open(found.Port, Log);
        string calibrations = string.Join(' ', Calibrated.Select(c => Value(console, "calibration." + c.Sensor)));
        return new PodSnapshot(
            found.Identity!.Text("deviceId"), found.Identity.Text("provisioned") is "true", calibrations.Trim(),
            long.TryParse(console.Ask("status").Text("pending"), NumberStyles.None, CultureInfo.InvariantCulture, out long unsent) ? unsent : null, BootId(found));
    }

    /// <summary>When the pod's calibrations are due: the earliest day, or each sensor by its name when one that is fitted has none; empty where none is fitted or calibrated.</summary>
    internal static string CalibrationDue(PodConsole console)
    {
        string[] fitted = [.. Value(console, "parts").Split(',').Select(p => p.Split('@')[0])];
        List<string> sensors = [];
        List<string> days = [];
        foreach ((string sensor, string part) in Calibrated)
        {
            // "serial;date;due;values"
            string[] words = Value(console, "calibration." + sensor).Split(';');
            bool isDay = words.Length == 4 && DateOnly.TryParseExact(words[2], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
            if (isDay)
            {
                days.Add(words[2]);
                sensors.Add(sensor + " due " + words[2]);
            }
            else if (fitted.Contains(part, StringComparer.Ordinal))
            {
                sensors.Add(sensor + " not calibrated");
            }
        }

        return sensors.Count == days.Count ? days.Order(StringComparer.Ordinal).FirstOrDefault() ?? string.Empty : string.Join(", ", sensors);
    }

    private static string Value(PodConsole console, string key)
    {
        PodAnswer answer = console.Ask("config get " + key);
        return answer.IsOk && answer.Text(key) is not "(not set)" ? answer.Text(key) : string.Empty;
    }

    private PodAnswer Status(PlugFinding found)
    {
        using PodConsole console = plan.Consoles.Open(found.Port, Log);
        return console.Ask("status");
    }

    private static bool IsSame(string a, string b) => string.Equals(a, b, StringComparison.Ordinal);

    private static long BootId(PlugFinding found) => long.TryParse(found.Identity!.Text("bootId"), NumberStyles.None, CultureInfo.InvariantCulture, out long boot) ? boot : -1;

    // Sixteen digits that stand in the file as a whole string: no other build has them.
    private bool IsOurs(string build) => build.Length == 16 && build.All(char.IsAsciiHexDigit) && plan.Program.HoldsString(build);

    private void Say(string step, string said)
    {
        string text = PlainText.Clean(said);
        _record.Steps.Add(step + ": " + text);
        Log($"[{step}] {text}");
        view.Line(port, step, text);
    }

    private void Log(string text)
    {
        lock (_log)
        {
            if (_log.Count < 5000)
            {
                _log.Add(PlainText.Clean(text));
            }
        }
    }

    private void Fail(CodedError error)
    {
        _record.Result = PlainText.Clean(error.Entry.Happened.English.TrimEnd('.') + (error.Detail.Length > 0 ? ": " + error.Detail : string.Empty));
        _record.Code = error.Code;
        foreach (string text in new CodedError(error.Code, ErrorPlace.None, error.Detail, error.Suggestion).Render().Split('\n'))
        {
            Say("failed", text.Trim());
        }
    }

    private CodedErrorException Error(string code, string detail, string? suggestion = null) => new(new CodedError(code, new ErrorPlace(port, 0, null), PlainText.Clean(detail), suggestion));
}
