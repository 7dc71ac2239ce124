using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Threading;
using EdgeGateway.Faults;
using Firmware.Flash.BringUp;
using Firmware.Flash.Calibrations;
using Firmware.Flash.Desk;
using Firmware.Flash.Hardware;
using Firmware.Flash.Images;
using Firmware.Flash.Nanoff;
using Firmware.Flash.Provisioning;
using Firmware.Flash.Serial;
using Firmware.Flash.Wire;

namespace Firmware.Flash;

/// <summary>cart-flash: brings up pods' boards. Exit codes: <see cref="FlashExit"/>.</summary>
public static class FlashTool
{
    private const string DefaultRecords = "flash-records";
    private const string DefaultImage = "firmware/Esp32/bin/Release/netnano1.0/Pod.bin";

    /// <summary>"cart-flash 0.7.0".</summary>
    public static string NameAndVersion { get; } = "cart-flash " + (typeof(FlashTool).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0");

    /// <summary>Runs one command.</summary>
    /// <param name="arguments">The command line, as PowerShell or a shell gives it.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="cancellation">Stops a bring-up.</param>
    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments, FlashMachine machine, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(machine);
        if (arguments.Count == 0)
        {
            machine.Output.WriteLine(Explanation.Text);
            return FlashExit.Done;
        }

        FlashCommandLine line = new();
        try
        {
            return line.Run(arguments, machine.Output, machine.Diagnostics, () => Execute(line, machine, cancellation));
        }
        catch (CodedErrorException e)
        {
            machine.Diagnostics.WriteLine(CodedError.RenderAll(e.Errors));
            return FlashExit.Of(e.Errors[0].Code);
        }
    }

    private static int Execute(FlashCommandLine given, FlashMachine machine, CancellationToken cancellation)
    {
        switch (given.Command)
        {
            case "help":
                machine.Output.WriteLine(Explanation.Text);
                return FlashExit.Done;
            case "check":
                return Check(given, machine);
            case "ports":
                return Ports(given, machine);
            case "up":
                return Up(given, machine, cancellation);
            case "console":
                return JoinConsole(given, machine);
            case "calibrate":
                return Calibrate(given, machine);
            case "archive":
                return FetchArchive(given, machine, cancellation);
            default:
                return SingleStep.Run(given, machine, cancellation);
        }
    }

    private static int Check(FlashCommandLine given, FlashMachine machine)
    {
        DeskCheck check = new(machine);
        bool isOffline = given.Value(given.Offline);
        IReadOnlyList<DeskCheckItem> items = check.Run(given.Value(given.Archive), given.Value(given.Image), given.Value(given.Records) ?? DefaultRecords, isOffline);
        bool isReady = items.All(i => i.Result is not "FAIL");
        if (given.Value(given.Json))
        {
            machine.Output.WriteLine(DeskCheck.Json(items));
        }
        else
        {
            foreach (DeskCheckItem item in items)
            {
                machine.Output.WriteLine($"{item.Result}  {item.Name,-14} {item.Found}");
                if (item.Next.Length > 0)
                {
                    machine.Output.WriteLine($"      next: {item.Next}");
                }
            }

            if (isOffline)
            {
                machine.Output.WriteLine("to fetch elsewhere:");
                foreach (string text in check.ToFetch())
                {
                    machine.Output.WriteLine("  " + text);
                }
            }

            machine.Output.WriteLine("Isolated USB adapter only, at both plugs.");
        }

        if (!isReady)
        {
            machine.Diagnostics.WriteLine(new CodedError(FaultCodes.DeskNotReady, ErrorPlace.None, string.Join(", ", items.Where(i => i.Result is "FAIL").Select(i => i.Name))).Render());
        }

        return isReady ? FlashExit.Done : FlashExit.Of(FaultCodes.DeskNotReady);
    }

    private static int Ports(FlashCommandLine given, FlashMachine machine)
    {
        IReadOnlyList<SerialPortDescription> ports = machine.Ports.List();
        (SerialPortDescription Port, PlugFinding Finding)[] found = [.. ports.Select(p => (p, PlugProbe.Probe(machine.Ports, p.Name, machine.Clock)))];
        if (given.Value(given.Json))
        {
            machine.Output.WriteLine(JsonText(writer =>
            {
                writer.WriteStartArray("ports");
                foreach ((SerialPortDescription port, PlugFinding finding) in found)
                {
                    writer.WriteStartObject();
                    writer.WriteString("port", port.Name);
                    writer.WriteString("adapter", port.Adapter);
                    writer.WriteString("kind", finding.Kind.ToString());
                    writer.WriteString("deviceId", finding.Identity?.Text("deviceId") ?? string.Empty);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            }));
            return FlashExit.Done;
        }

        foreach ((SerialPortDescription port, PlugFinding finding) in found)
        {
            machine.Output.WriteLine($"{port.Name}  {(port.Adapter.Length > 0 ? port.Adapter + ": " : string.Empty)}{finding.Says}{(port.IsNativeUsb && finding.Kind == PlugKind.Silent ? "; or the boot loader of a chip without a runtime, which this plug can flash" : string.Empty)}");
        }

        if (found.Length == 0)
        {
            machine.Output.WriteLine("no serial port");
        }

        return FlashExit.Done;
    }

    private static int Up(FlashCommandLine given, FlashMachine machine, CancellationToken cancellation)
    {
        string image = given.Value(given.Image) ?? (File.Exists(DefaultImage) ? DefaultImage : throw Fail(FaultCodes.FlashCommandLineIncomplete, "--image is missing", "It is the Pod.bin that building firmware/Esp32 leaves."));
        string? board = given.Value(given.Board);
        BoardTable table = BoardTable.Load();
        if (board is not null && table.Boards.All(b => !string.Equals(b.Name, board, StringComparison.Ordinal)))
        {
            throw Fail(FaultCodes.FlashCommandLineIncomplete, $"'{board}' is no board", NearestWord.Suggest(board, table.Boards.Select(b => b.Name)));
        }

        // A wrong file is said before any port is opened.
        BringUpRun.ReadProgram(image, table);
        bool isWhatIf = given.Value(given.WhatIf);
        string[] consoles = List(given.Value(given.ConsolePorts));
        string[] ports = List(given.Value(given.Ports));
        if (ports.Distinct(StringComparer.Ordinal).Count() != ports.Length || ports.Length > BringUpRun.MaxBoards)
        {
            throw Fail(FaultCodes.FlashCommandLineIncomplete, ports.Length > BringUpRun.MaxBoards ? "at most 16 ports at once" : "a port is given twice", null);
        }

        RequireAscii("--cart-name", given.Value(given.CartName));
        RequireAscii("--role", given.Value(given.Role));
        RequireAscii("--parts", given.Value(given.Parts));
        BringUpOptions options = new()
        {
            Ports = ports.Length > 0 ? ports : isWhatIf ? ["PORT"] : [FindPort(machine, consoles)],
            ConsolePorts = consoles,
            Board = board,
            Target = given.Value(given.Target),
            ProgramFile = image,
            Archive = given.Value(given.Archive),
            ImageVersion = given.Value(given.Version) ?? table.ImageVersion,
            Records = given.Value(given.Records) ?? DefaultRecords,
            IsFactory = given.Value(given.Factory),
            IsReprovisioned = given.Value(given.Reprovision),
            IsWithoutGateway = given.Value(given.NoGateway),
            IsPsramConfirmed = given.Value(given.PsramConfirmed),
            CartName = given.Value(given.CartName) ?? string.Empty,
            Role = given.Value(given.Role),
            Parts = given.Value(given.Parts),
        };
        if (isWhatIf)
        {
            // Nothing is asked for what is not done: secrets that a bundle leaves out stay out.
            BundleSource planned = BundleSource.Read(given.Value(given.Bundle), given.Value(given.Secrets), new NobodyToAsk(machine.Operator), machine.Clock.GetUtcNow());
            foreach (string text in BringUpRun.WhatIf(options, planned))
            {
                machine.Output.WriteLine(text);
            }

            return FlashExit.Done;
        }

        BundleSource bundles = BundleSource.Read(given.Value(given.Bundle), given.Value(given.Secrets), machine.Operator, machine.Clock.GetUtcNow());
        if (options.IsFactory)
        {
            ConfirmFactory(given, machine, options.Ports.Count);
        }

        BringUpView view = new(given.Value(given.Json) ? machine.Diagnostics : machine.Output, machine.IsTerminal, options.Ports);
        IReadOnlyList<BringUpRecord> records = BringUpRun.Run(machine, options, bundles, view, cancellation);
        int exit = FlashExit.Of(records.Select(r => r.Code));
        Report(given, machine, records, exit);
        return exit;
    }

    private static void Report(FlashCommandLine given, FlashMachine machine, IReadOnlyList<BringUpRecord> records, int exit)
    {
        if (given.Value(given.Json))
        {
            machine.Output.WriteLine(JsonText(writer =>
            {
                writer.WriteNumber("exit", exit);
                writer.WriteStartArray("boards");
                foreach (BringUpRecord record in records)
                {
                    writer.WriteStartObject();
                    writer.WriteString("port", record.Port);
                    writer.WriteString("mac", record.Chip?.MacText() ?? string.Empty);
                    writer.WriteString("deviceId", record.DeviceId);
                    writer.WriteString("result", record.Result);
                    writer.WriteString("code", record.Code);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            }));
        }
        else
        {
            machine.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{records.Count(r => r.Code.Length == 0)} of {records.Count} boards done; exit code {exit}"));
        }

        if (exit == FlashExit.Several)
        {
            machine.Diagnostics.WriteLine(new CodedError(FaultCodes.BoardsFailedApart, ErrorPlace.None, string.Join(", ", records.Where(r => r.Code.Length > 0).Select(r => r.Port + " " + r.Code))).Render());
        }
    }

    private static void ConfirmFactory(FlashCommandLine given, FlashMachine machine, int boards)
    {
        machine.Diagnostics.WriteLine(string.Create(CultureInfo.InvariantCulture, $"-Factory erases the whole flash of {boards} board(s)."));
        machine.Diagnostics.WriteLine("  lost: identity and configuration, Wi-Fi, certificates and key, calibrations, unsent readings");
        machine.Diagnostics.WriteLine("  kept: nothing on the board; the records in this folder");
        string? typed = given.Value(given.Confirm) ?? (machine.Operator.IsThere ? machine.Operator.Ask("Type FACTORY to erase:") : null);
        if (typed is not "FACTORY")
        {
            throw Fail(FaultCodes.FlashNotConfirmed, "FACTORY was not typed", null);
        }
    }

    private static string FindPort(FlashMachine machine, string[] consoles)
    {
        PlugFinding[] findings = [.. machine.Ports.List().Where(p => !consoles.Contains(p.Name, StringComparer.Ordinal)).Select(p => PlugProbe.Probe(machine.Ports, p.Name, machine.Clock))];
        PlugFinding[] candidates = [.. findings.Where(f => f.Kind is PlugKind.Debugger or PlugKind.Loader)];
        candidates = candidates.Length > 0 ? candidates : [.. findings.Where(f => f.Kind == PlugKind.Silent)];
        return candidates.Length == 1 ? candidates[0].Port : throw Fail(
            FaultCodes.SerialPortUnusable, findings.Length == 0 ? "there is no serial port" : string.Join("; ", findings.Select(f => f.Port + " is " + f.Says)), candidates.Length > 1 ? "Name the boards' ports with -Port." : null);
    }

    private static int JoinConsole(FlashCommandLine given, FlashMachine machine)
    {
        PlugFinding console = ConsoleSession.Find(machine, given.Value(given.Port));
        if (given.Value(given.Send) is string command)
        {
            ConsoleSession.Send(machine, console.Port, command);
            return FlashExit.Done;
        }

        SerialPortDescription plug = SerialPortDescription.Of(machine.Ports, console.Port);
        machine.Diagnostics.WriteLine($"{plug.Called} is {console.Says}");
        if (plug.IsNativeUsb)
        {
            machine.Diagnostics.WriteLine("It is the chip's own USB: it goes away while the board restarts; the banner comes when it is there again.");
        }

        machine.Diagnostics.WriteLine("Isolated USB adapter only. Ctrl-] leaves; help lists the pod's commands.");
        using Stream keys = machine.Operator.Keys();
        ConsoleSession.Join(machine, console.Port, keys);
        return FlashExit.Done;
    }

    private static int Calibrate(FlashCommandLine given, FlashMachine machine)
    {
        string sensor = given.Value(given.Sensor);
        if (sensor is not ("cuff" or "oximeter"))
        {
            throw Fail(FaultCodes.FlashWordUnknown, $"'{sensor}' is no sensor to calibrate", NearestWord.Suggest(sensor, ["cuff", "oximeter"]) ?? "cuff or oximeter");
        }

        bool isCuff = sensor is "cuff";
        string today = machine.Clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        string due = given.Value(given.Due) ?? machine.Clock.GetUtcNow().UtcDateTime.AddYears(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        if (!DateOnly.TryParseExact(due, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly _) || string.CompareOrdinal(due, today) <= 0)
        {
            throw Fail(FaultCodes.FlashCommandLineIncomplete, "--due must be a day to come, YYYY-MM-DD", null);
        }

        RequireAscii("--cart-name", given.Value(given.CartName));
        RequireAscii("--serial", given.Value(given.Serial));
        string serial = given.Value(given.Serial) ?? throw Fail(FaultCodes.FlashCommandLineIncomplete, "--serial is missing", "It stands on the sensor's board; the pod refuses the calibration of another.");
        int[] order = isCuff ? [.. CalibrationRun.CuffPointsMmHg, .. CalibrationRun.CuffPointsMmHg.Reverse()] : [.. CalibrationRun.OximeterPointsPercent];
        if (given.Value(given.WhatIf))
        {
            machine.Output.WriteLine(isCuff
                ? $"{order.Length} points, up and down: {string.Join(", ", CalibrationRun.CuffPointsMmHg)} mmHg, on a rigid volume of 500 ml with hand pump and manometer; never on an arm"
                : $"{order.Length} points on a tester: {string.Join(", ", CalibrationRun.OximeterPointsPercent)} %; never on a finger");
            machine.Output.WriteLine($"console: unlock, {(isCuff ? "CUFF OFF ARM typed by you, cuff hold" : "sensor stream")}, CUFF OFF ARM typed by you, calibration set {sensor} {serial} {today} {due}, config commit, restart, config confirm");
            return FlashExit.Done;
        }

        IReadOnlyList<decimal>? points = given.Value(given.Points) is string file ? ReadPoints(file, order) : null;
        PlugFinding console = ConsoleSession.Find(machine, given.Value(given.Port));
        machine.Diagnostics.WriteLine(isCuff
            ? "Rigid volume of 500 ml, reference manometer, hand pump, hose of the cuff; no cuff and no arm on it. The pump of the pod does not run."
            : "Oximeter tester in the clip, no finger.");
        string word = isCuff ? "RIGID VOLUME" : "ON TESTER";
        bool isConfirmed = string.Equals(machine.Operator.Ask($"Type {word} to begin:"), word, StringComparison.Ordinal);
        string key = isConfirmed ? BundleSource.TechnicianKey(given.Value(given.Secrets), machine.Operator, console.Identity!.Text("deviceId")) : string.Empty;
        CalibrationOptions options = new(isCuff, serial, today, due, points, given.Value(given.Records) ?? DefaultRecords, given.Value(given.CartName) ?? console.Identity!.Text("cartName"));
        new CalibrationRun(machine, options, machine.Output.WriteLine).Run(console.Port, key, isConfirmed);
        return FlashExit.Done;
    }

    private static List<decimal> ReadPoints(string file, int[] order)
    {
        int count = order.Length;
        try
        {
            List<decimal> points = [.. File.ReadLines(file).Where(l => l.Trim().Length > 0).Take(100).Select(l => decimal.Parse(l.Trim(), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))];
            string missing = points.Count < count ? string.Create(CultureInfo.InvariantCulture, $"; it has {points.Count}, and point {points.Count + 1} is missing: about {order[points.Count]}") : string.Empty;
            return points.Count == count && points.TrueForAll(p => p is >= -5 and <= 299) ? points
                : throw new CodedErrorException(new CodedError(FaultCodes.FlashFileUnusable, new ErrorPlace(file, 0, null), string.Create(CultureInfo.InvariantCulture, $"it must hold {count} numbers, -5 to 299{missing}")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or OverflowException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.FlashFileUnusable, new ErrorPlace(file, 0, null), e.Message.TrimEnd('.')));
        }
    }

    private static int FetchArchive(FlashCommandLine given, FlashMachine machine, CancellationToken cancellation)
    {
        string folder = given.Value(given.Archive) ?? throw Fail(FaultCodes.FlashCommandLineIncomplete, "--archive is missing", "It is the folder to fetch into.");
        BoardTable table = BoardTable.Load();
        string version = given.Value(given.Version) ?? table.ImageVersion;
        string[] targets = [.. table.Boards.SelectMany(b => b.Targets).Distinct(StringComparer.Ordinal)];
        foreach (string target in targets)
        {
            IReadOnlyList<string> arguments = FlashPlan.UpdateArchive(target, version, folder);
            machine.Output.WriteLine(FlashPlan.Render("nanoff", arguments));
            if (!given.Value(given.WhatIf))
            {
                NanoffResult result = machine.Nanoff.Run(arguments, _ => { }, cancellation);
                if (!result.IsOk)
                {
                    throw Fail(FaultCodes.ArchiveUnusable, $"{target}: {result.Lines.LastOrDefault(l => result.Error is not null && l.Contains(result.Error, StringComparison.Ordinal)) ?? "nanoff failed"}", null);
                }
            }
        }

        if (!given.Value(given.WhatIf))
        {
            foreach ((string name, string hash) in RuntimeArchive.Seal(folder, targets, version))
            {
                machine.Output.WriteLine($"{hash}  {name}");
            }
        }

        return FlashExit.Done;
    }

    // The pod's console takes nothing else.
    private static void RequireAscii(string option, string? value)
    {
        if (value is not null && !PlainText.IsPrintableAscii(value))
        {
            throw Fail(FaultCodes.FlashCommandLineIncomplete, option + " takes printable ASCII alone", "Write it without accents.");
        }
    }

    private static string[] List(string[]? words) => [.. (words ?? []).SelectMany(w => w.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];

    private static string JsonText(Action<Utf8JsonWriter> write)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static CodedErrorException Fail(string code, string detail, string? suggestion) => new(new CodedError(code, ErrorPlace.None, detail, suggestion));

    // For -WhatIf: a secret that is missing is not asked for, and its place is taken by one that is never sent.
    private sealed class NobodyToAsk(IOperator user) : IOperator
    {
        private int _asked;

        public bool IsThere => true;

        public string? Ask(string question) => null;

        public string? AskSecret(string question) => (++_asked).ToString("x32", CultureInfo.InvariantCulture);

        public Stream StandardInput() => user.StandardInput();

        public Stream Keys() => user.Keys();
    }
}
