using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CartGen;

/// <summary>What the schemas cannot say: names and numbers given once, names that lead somewhere, blocks and pins that do not collide.</summary>
internal static class ModelChecks
{
    /// <summary>The functions of a board's pins.</summary>
    public static readonly IReadOnlyList<PinFunction> PinFunctions =
    [
        new("i2cData", PinKind.OpenDrain, true, "SDA of the I2C bus"),
        new("i2cClock", PinKind.OpenDrain, true, "SCL of the I2C bus"),
        new("soundBitClock", PinKind.Output, true, "BCK of the converter"),
        new("soundSlotClock", PinKind.Output, true, "LRCK of the converter"),
        new("soundData", PinKind.Input, true, "DOUT of the converter"),
        new("soundSystemClock", PinKind.Output, true, "SCKI of the converter"),
        new("soundMasterClock", PinKind.MasterClock, false, "SCKI of the converter, when the I2S controller's master clock is used"),
        new("cuffPump", PinKind.Output, true, "the pump's transistor"),
        new("cuffBleed", PinKind.Output, true, "the bleed valve's transistor"),
        new("cuffTrigger", PinKind.Output, true, "the one-shot's trigger"),
        new("cuffClear", PinKind.Output, true, "the one-shot's clear input"),
        new("cuffValveSense", PinKind.Input, true, "the sense of the dump valve's current"),
        new("cuffSwitchSense", PinKind.Input, true, "the sense of the pressure switch"),
        new("stopSense", PinKind.Input, true, "the sense of the STOP button"),
        new("oemTransmit", PinKind.Output, true, "the transmitter to an OEM module"),
        new("oemReceive", PinKind.Input, true, "the receiver from an OEM module"),
        new("consoleTransmit", PinKind.Output, true, "the transmitter to a service console"),
        new("consoleReceive", PinKind.Input, true, "the receiver from a service console"),
        new("statusLed", PinKind.Indicator, true, "the status LED"),
        new("supplySense", PinKind.Analog, false, "the sense of the supply's voltage"),
    ];

    /// <summary>The functions that are a PWM channel, which has a timer of its own.</summary>
    public static readonly IReadOnlyList<string> PwmFunctions = ["cuffPump", "cuffBleed"];

    /// <summary>Checks a model and adds what is wrong.</summary>
    /// <param name="model">The model.</param>
    /// <param name="problems">Where problems are added.</param>
    public static void Run(Model model, List<Problem> problems)
    {
        Quantities(model, problems);
        Signals(model, problems);
        Parts(model, problems);
        Enums(model, problems);
        Faults(model, problems);
        foreach (Board board in model.Boards)
        {
            Pins(board, problems);
        }

        Once(model.Boards, b => b.Name, "name", ModelReader.BoardFolder, string.Empty, problems);
        foreach (CartPod pod in model.Pods)
        {
            Cart(model, pod, problems);
        }

        // The rules need what they name to be there.
        if (problems.Count == 0)
        {
            WiringChecks.Run(model.Wiring, model.Boards, problems);
        }

        if (problems.Count == 0)
        {
            ElectricalRules.Run(model.Wiring, model.Pods, problems);
        }
    }

    private static void Quantities(Model model, List<Problem> problems)
    {
        const string Rows = "quantities";
        Once(model.Units, u => u.Ucum, "ucum", ModelReader.VocabularyFile, "units", problems);
        Once(model.Quantities, q => q.Name, "name", ModelReader.VocabularyFile, Rows, problems);
        Once(model.Quantities, q => q.ReferenceId, "referenceId", ModelReader.VocabularyFile, Rows, problems);
        Once(model.Quantities.Where(q => q.Loinc is not null), q => q.Loinc!, "loinc", ModelReader.VocabularyFile, Rows, problems);
        uint before = 0;
        for (int i = 0; i < model.Quantities.Count; i++)
        {
            Quantity quantity = model.Quantities[i];
            if (quantity.Mdc <= before)
            {
                Vocabulary(problems, Problem.Twice, Rows, i, "mdc", $"{quantity.Mdc} stands after {before}: keep the order, each code once");
            }

            before = quantity.Mdc;
            Known(model.Units.Select(u => u.Ucum), quantity.Unit, "a unit", Rows, i, "unit", problems);
            if (quantity.Tile == "always" && quantity.Order is null)
            {
                Vocabulary(problems, Problem.KeyWrong, Rows, i, "order", "is missing: a tile that is always there needs its place");
            }
        }
    }

    private static void Signals(Model model, List<Problem> problems)
    {
        const string Rows = "signals";
        Once(model.Signals, s => s.Name, "name", ModelReader.VocabularyFile, Rows, problems);
        string[] kinds = model.Enums.FirstOrDefault(e => e.Name == "FrameKind")?.Values.Select(v => v.Word).ToArray() ?? [];
        int before = 0;
        for (int i = 0; i < model.Signals.Count; i++)
        {
            Signal signal = model.Signals[i];
            if (signal.Stream <= before)
            {
                Vocabulary(problems, Problem.Twice, Rows, i, "stream", $"{signal.Stream} stands after {before}: keep the order, each stream once");
            }

            before = signal.Stream;
            Known(kinds, signal.Kind, "a word of FrameKind", Rows, i, "kind", problems);
            if (signal.Quantity is not null)
            {
                Known(model.Quantities.Select(q => q.Name), signal.Quantity, "a quantity", Rows, i, "quantity", problems);
            }

            bool isMeasured = signal.Kind is "numeric" or "waveform";
            if (isMeasured != signal.Exponent is not null || (isMeasured && signal.Quantity is null))
            {
                Vocabulary(problems, Problem.KeyWrong, Rows, i, signal.Exponent is null ? "exponent" : "quantity", "numeric and waveform signals, and no others, have an exponent, and they have a quantity");
            }

            string? rightClass = signal.Kind == "numeric" ? null : model.Enums.First(e => e.Name == "FrameKind").Values.FirstOrDefault(v => v.Word == signal.Kind)?.Class;
            if (rightClass is not null && rightClass != signal.Class)
            {
                Vocabulary(problems, Problem.OutOfRange, Rows, i, "class", $"is {signal.Class}; frames of kind {signal.Kind} are {rightClass}");
            }
        }
    }

    private static void Parts(Model model, List<Problem> problems)
    {
        const string Rows = "parts";
        Once(model.Capabilities, c => c.Name, "name", ModelReader.VocabularyFile, "capabilities", problems);
        Once(model.Parts, p => p.Id, "id", ModelReader.VocabularyFile, Rows, problems);
        Once(model.Parts, p => p.Name, "name", ModelReader.VocabularyFile, Rows, problems);
        Once(model.Parts, p => p.Scenario, "scenario", ModelReader.VocabularyFile, Rows, problems);
        Once(model.Parts, p => p.Number.ToString(CultureInfo.InvariantCulture), "number", ModelReader.VocabularyFile, Rows, problems);
        for (int i = 0; i < model.Parts.Count; i++)
        {
            Part part = model.Parts[i];
            foreach (string signal in part.Signals)
            {
                Known(model.Signals.Where(s => s.Stream > 15).Select(s => s.Name), signal, "a signal", Rows, i, "signals", problems);
            }

            foreach (string provided in part.Provides)
            {
                Known(model.Capabilities.Select(c => c.Name), provided, "a capability", Rows, i, "provides", problems);
            }

            if (part.Bus == "i2c" != part.Addresses.Count > 0)
            {
                Vocabulary(problems, Problem.KeyWrong, Rows, i, "addresses", "parts on an I2C bus, and no others, have addresses");
            }
        }

        foreach (string signal in model.Signals.Where(s => s.Stream > 15 && !model.Parts.Any(p => p.Signals.Contains(s.Name))).Select(s => s.Name))
        {
            Vocabulary(problems, Problem.NameUnknown, Rows, -1, string.Empty, $"no part gives the signal {signal}");
        }
    }

    private static void Enums(Model model, List<Problem> problems)
    {
        const string Rows = "enums";
        Once(model.Enums, e => e.Name, "name", ModelReader.VocabularyFile, Rows, problems);
        foreach (string needed in new[] { "FrameKind", "FrameFlags", "AbsenceReason", "GapCause", "BloodPressureStatus", "OximetryStatus", "AuscultationSite" }.Union(PageScript.Enums, StringComparer.Ordinal))
        {
            Known(model.Enums.Select(e => e.Name), needed, "an enumeration", Rows, -1, string.Empty, problems);
        }

        for (int i = 0; i < model.Enums.Count; i++)
        {
            EnumRow row = model.Enums[i];
            string path = string.Create(CultureInfo.InvariantCulture, $"enums[{i}].values");
            Once(row.Values, v => v.Name, "name", ModelReader.VocabularyFile, path, problems);
            int before = -1;
            for (int j = 0; j < row.Values.Count; j++)
            {
                EnumValue value = row.Values[j];
                if (value.Value <= before)
                {
                    Vocabulary(problems, Problem.Twice, path, j, "value", $"{value.Value} stands after {before}: keep the order, each value once");
                }

                before = value.Value;
                if (row.Kind == "flags" && !int.IsPow2(value.Value))
                {
                    Vocabulary(problems, Problem.OutOfRange, path, j, "value", $"{value.Value} is not one bit");
                }

                if (row.Name == "FrameKind" && (value.Class is null || value.Topic is null))
                {
                    Vocabulary(problems, Problem.KeyWrong, path, j, value.Class is null ? "class" : "topic", "is missing");
                }

                if (row.Name == "FrameFlags" && value.MayEnterPatientSession is null)
                {
                    Vocabulary(problems, Problem.KeyWrong, path, j, "mayEnterPatientSession", "is missing");
                }

                if (value.Band is { } band && (band.LowHz < 1 || band.HighHz <= band.LowHz))
                {
                    Vocabulary(problems, Problem.OutOfRange, path, j, "highHz", $"{band.LowHz} to {band.HighHz} Hz is no band");
                }
                else if (value.Band is { } said && value.Texts?.English.Contains(string.Create(CultureInfo.InvariantCulture, $"{said.LowHz} to {said.HighHz} Hz"), StringComparison.Ordinal) == false)
                {
                    Vocabulary(problems, Problem.OutOfRange, path, j, "en", $"does not say {said.LowHz} to {said.HighHz} Hz");
                }

                if ((value.Texts is not null && row.Texts is null) || (value.Brief is not null && row.BriefTexts is null))
                {
                    Vocabulary(problems, Problem.KeyWrong, path, j, "en", $"{row.Name} says no key for its texts");
                }
            }

            // Words are looked up in arrays, so an enumeration's values have no gaps.
            if (row.Kind == "enum" && row.Values.Count > 0 && (row.Values[0].Value > 1 || row.Values[^1].Value != row.Values[0].Value + row.Values.Count - 1))
            {
                Vocabulary(problems, Problem.OutOfRange, path, -1, string.Empty, "have a gap, or do not begin at 0 or 1");
            }
        }
    }

    private static void Faults(Model model, List<Problem> problems)
    {
        Once(model.Faults, f => f.Code, "code", ModelReader.FaultsFile, "faults", problems);
        Once(model.Faults, f => f.Name, "name", ModelReader.FaultsFile, "faults", problems);
        Once(model.Faults, f => f.Code[1..], "code", ModelReader.FaultsFile, "faults", problems);
        Once(model.Ranges, r => r.Letter, "letter", ModelReader.FaultsFile, "ranges", problems);
        Apart(model.Ranges.Select(r => (r.First, r.Last, "the range of " + r.Letter)), ModelReader.FaultsFile, problems);
        List<(int First, int Last, string Whose)> blocks =
        [
            .. model.Blocks.Select(b => (b.First, b.Last, "the block of " + b.About)),
            .. model.Parts.Select(p => (p.FirstFault, p.LastFault, "the block of " + p.Id)),
        ];
        Apart(blocks, ModelReader.VocabularyFile, problems);
        for (int i = 0; i < model.Faults.Count; i++)
        {
            Fault fault = model.Faults[i];
            CodeRange? range = model.Ranges.FirstOrDefault(r => fault.Code.StartsWith(r.Letter, StringComparison.Ordinal));
            string path = string.Create(CultureInfo.InvariantCulture, $"faults[{i}].code");
            if (range is null || fault.Number < range.First || fault.Number > range.Last)
            {
                problems.Add(new Problem(Problem.BlockWrong, ModelReader.FaultsFile, path, range is null ? $"{fault.Code}: no range has its letter" : $"{fault.Code} is outside {range.First} to {range.Last}"));
            }
            else if (range.Letter == "P" && !blocks.Any(b => fault.Number >= b.First && fault.Number <= b.Last))
            {
                problems.Add(new Problem(Problem.BlockWrong, ModelReader.FaultsFile, path, $"{fault.Code} lies in no block of a part or of the pod"));
            }
        }
    }

    private static void Pins(Board board, List<Problem> problems)
    {
        void Wrong(string key, string detail) => problems.Add(new Problem(Problem.PinWrong, board.File, "pins." + key, detail));

        ChipRules? chip = ChipRules.Of(board.Chip);
        foreach (PinFunction function in PinFunctions)
        {
            if (board.Pins.FirstOrDefault(p => p.Function == function.Name) is not { } pin)
            {
                if (function.IsRequired)
                {
                    problems.Add(new Problem(Problem.KeyWrong, board.File, "pins." + function.Name, "is missing"));
                }
            }
            else if (chip?.WhyNot(pin.Pin, function.Kind, board.Psram) is string why)
            {
                Wrong(function.Name, $"GPIO {pin.Pin} {why}");
            }
            else if (board.Excluded.FirstOrDefault(e => e.Pins.Contains(pin.Pin)) is { } excluded)
            {
                Wrong(function.Name, $"GPIO {pin.Pin} {excluded.Why}");
            }
        }

        foreach (BoardPin pin in board.Pins.Where(p => !PinFunctions.Any(f => f.Name == p.Function)))
        {
            problems.Add(new Problem(Problem.KeyWrong, board.File, "pins." + pin.Function, "is not a function of a pod's pin"));
        }

        if (board.Psram != "octal" && board.Targets.FirstOrDefault(t => t.EndsWith("_OCTAL", StringComparison.Ordinal)) is string octal)
        {
            Wrong("psram", $"the image {octal} is for an octal PSRAM, and psram says {board.Psram}");
        }

        if (chip is not null)
        {
            Pwm(board, chip, problems);
        }

        foreach (IGrouping<int, BoardPin> twice in board.Pins.GroupBy(p => p.Pin).Where(g => g.Count() > 1))
        {
            Wrong(twice.Last().Function, $"GPIO {twice.Key} is given to {string.Join(" and ", twice.Select(p => p.Function))}");
        }

        string name = ModelReader.BoardFolder + board.Name + ".json";
        if (name != board.File)
        {
            problems.Add(new Problem(Problem.NameUnknown, board.File, "name", $"is '{board.Name}', and the file is not {name}"));
        }
    }

    // Two channels of one timer have one frequency and one resolution: the second that is set up takes the first one's duty with it.
    private static void Pwm(Board board, ChipRules chip, List<Problem> problems)
    {
        void Wrong(string key, string detail) => problems.Add(new Problem(Problem.PinWrong, board.File, "pwm." + key, detail));

        List<BoardPin> given = [];
        foreach (string function in PwmFunctions)
        {
            if (board.Pwm.FirstOrDefault(p => p.Function == function) is not { } channel)
            {
                problems.Add(new Problem(Problem.KeyWrong, board.File, "pwm." + function, "is missing"));
            }
            else if (chip.WhyNotPwm(channel.Pin) is string why)
            {
                Wrong(function, $"PWM{channel.Pin} {why}");
            }
            else if (given.Find(g => chip.ShareTimer(g.Pin, channel.Pin)) is { } other)
            {
                Wrong(function, other.Pin == channel.Pin ? $"PWM{channel.Pin} is given to {other.Function} too" : $"PWM{channel.Pin} shares a timer with PWM{other.Pin} of {other.Function}");
            }
            else
            {
                given.Add(channel);
            }
        }

        foreach (BoardPin channel in board.Pwm.Where(p => !PwmFunctions.Contains(p.Function, StringComparer.Ordinal)))
        {
            problems.Add(new Problem(Problem.KeyWrong, board.File, "pwm." + channel.Function, "is not driven by PWM"));
        }
    }

    private static void Cart(Model model, CartPod pod, List<Problem> problems)
    {
        void Wrong(string path, string detail) => problems.Add(new Problem(Problem.CartContradicts, ModelReader.CartFile, $"pods.{pod.Name}.{path}", detail));

        if (model.Boards.FirstOrDefault(b => b.Name == pod.Board) is not { } board)
        {
            Wrong("board.name", $"there is no board {pod.Board}; there are {string.Join(", ", model.Boards.Select(b => b.Name))}");
        }
        else if (!board.Targets.Contains(pod.Image) || board.FlashMebibytes != pod.FlashMebibytes || board.StoreKibibytes != pod.StoreKibibytes || board.Module != pod.Module
            || (board.ApplicationAddress is not null && board.ApplicationAddress != pod.ApplicationAddress))
        {
            Wrong("board", $"part, image, flash, application address or store are not those of {board.File}");
        }

        foreach (CartAlternative alternative in pod.Alternatives)
        {
            Part? part = model.Parts.FirstOrDefault(p => p.Id == alternative.Part);
            CartPeripheral? replaced = pod.Peripherals.FirstOrDefault(p => p.Designator == alternative.InsteadOf);
            if (part is null || replaced is null || pod.Buses.FirstOrDefault(b => b.Name == alternative.Bus)?.Kind != part.Bus || !part.Signals.Order(StringComparer.Ordinal).SequenceEqual(replaced.Streams.Order(StringComparer.Ordinal), StringComparer.Ordinal))
            {
                Wrong("alternatives." + alternative.Designator, $"{alternative.Part} on {alternative.Bus} cannot take the place of {alternative.InsteadOf}: part, bus or streams do not fit");
            }
        }

        if (pod.Cuff is { } cuff && !(cuff.SwitchLowestMmHg <= cuff.SwitchMmHg && cuff.SwitchMmHg <= cuff.SwitchHighestMmHg))
        {
            Wrong("cuff.switchMillimetresOfMercury", "is not between its lowest and its highest");
        }

        foreach (CartPeripheral peripheral in pod.Peripherals)
        {
            string path = "peripherals." + peripheral.Designator;
            if (model.Parts.FirstOrDefault(p => p.Id == peripheral.Part) is not { } part)
            {
                Wrong(path + ".part", $"there is no part {peripheral.Part}");
                continue;
            }

            if (pod.Buses.FirstOrDefault(b => b.Name == peripheral.Bus) is not { } bus)
            {
                Wrong(path + ".bus", $"there is no bus {peripheral.Bus}");
            }
            else if (bus.Kind != part.Bus)
            {
                Wrong(path + ".bus", $"{bus.Name} is of kind {bus.Kind}; {part.Id} needs {part.Bus}");
            }

            if (peripheral.Address is null != (part.Addresses.Count == 0) || (peripheral.Address is { } address && !part.Addresses.Contains(address)))
            {
                Wrong(path + ".address", part.Addresses.Count == 0 ? $"{part.Id} has no address" : $"{part.Id} answers at {string.Join(", ", part.Addresses.Select(a => $"0x{a:X2}"))}");
            }

            if (!peripheral.Streams.Order(StringComparer.Ordinal).SequenceEqual(part.Signals.Order(StringComparer.Ordinal), StringComparer.Ordinal))
            {
                Wrong(path + ".streams", $"{part.Id} gives {string.Join(", ", part.Signals)}");
            }
        }
    }

    private static void Known(IEnumerable<string> known, string name, string what, string rows, int index, string key, List<Problem> problems)
    {
        if (!known.Contains(name, StringComparer.Ordinal))
        {
            Vocabulary(problems, Problem.NameUnknown, rows, index, key, $"'{name}' is not {what}");
        }
    }

    private static void Vocabulary(List<Problem> problems, string code, string rows, int index, string key, string detail) =>
        problems.Add(new Problem(code, ModelReader.VocabularyFile, index < 0 ? rows : string.Create(CultureInfo.InvariantCulture, $"{rows}[{index}].{key}"), detail));

    private static void Once<T>(IEnumerable<T> rows, Func<T, string> key, string name, string file, string path, List<Problem> problems) =>
        problems.AddRange(rows.GroupBy(key, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => new Problem(Problem.Twice, file, path, $"{name} {g.Key} is given {g.Count()} times")));

    private static void Apart(IEnumerable<(int First, int Last, string Whose)> ranges, string file, List<Problem> problems)
    {
        (int First, int Last, string Whose) before = (0, 0, string.Empty);
        foreach ((int First, int Last, string Whose) range in ranges.OrderBy(r => r.First))
        {
            if (range.First > range.Last)
            {
                problems.Add(new Problem(Problem.BlockWrong, file, string.Empty, $"{range.Whose} ends before it begins"));
            }

            if (range.First <= before.Last)
            {
                problems.Add(new Problem(Problem.BlockWrong, file, string.Empty, $"{range.Whose} ({range.First} to {range.Last}) overlaps {before.Whose} ({before.First} to {before.Last})"));
            }

            before = range;
        }
    }
}
