using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CartGen;

/// <summary>Tables in Markdown between the marks <c>&lt;!-- generated: NAME --&gt;</c> and <c>&lt;!-- end --&gt;</c>; the rest of a page is written by hand.</summary>
internal static class Pages
{
    private const string End = "<!-- end -->";

    private static readonly (string Page, string Mark, Func<Model, IEnumerable<string>> Table)[] Tables =
    [
        ("README.md", "misreadings", Misreadings),
        ("hardware/vocabulary.md", "signals", Signals),
        ("hardware/vocabulary.md", "quantities", Quantities),
        ("hardware/vocabulary.md", "parts", Parts),
        ("hardware/vocabulary.md", "absence", m => Values(m, "AbsenceReason")),
        ("hardware/vocabulary.md", "gap-causes", m => Values(m, "GapCause")),
        ("hardware/vocabulary.md", "flags", Flags),
        ("hardware/boards/README.md", "boards", Boards),
        ("hardware/faults.md", "faults", Faults),
        ("hardware/bom.md", "for-patients", m => Bill(m, i => i.IsForPatients)),
        ("hardware/bom.md", "on-boards", m => Bill(m, i => i.Quantity is null)),
        ("hardware/bom.md", "beside-boards", m => Bill(m, i => i.Quantity is not null && !i.IsForPatients)),
        ("hardware/bom.md", "connectors", Connectors),
        ("hardware/bom.md", "cables", Cables),
        ("hardware/power.md", "power", Power),
        ("hardware/bring-up.md", "test-points", TestPoints),
        ("hardware/schematics/README.md", "sheets", Sheets),
    ];

    /// <summary>The pages that hold generated tables.</summary>
    public static IReadOnlyList<string> All { get; } = Tables.Select(t => t.Page).Distinct(StringComparer.Ordinal).ToArray();

    public static IEnumerable<(string Path, string Text)> Write(Model model, IReadOnlyDictionary<string, string> inputs)
    {
        List<Problem> problems = [];
        List<(string, string)> pages = [];
        foreach (string page in All)
        {
            if (!inputs.TryGetValue(page, out string? text))
            {
                problems.Add(new Problem(Problem.MarkMissing, page, string.Empty, "the page is not there"));
                continue;
            }

            foreach ((string _, string mark, Func<Model, IEnumerable<string>> table) in Tables.Where(t => t.Page == page))
            {
                text = Replace(page, text, mark, string.Join('\n', table(model)), problems);
            }

            pages.Add((page, text));
        }

        return problems.Count == 0 ? pages : throw new ProblemException(problems);
    }

    private static string Replace(string page, string text, string mark, string table, List<Problem> problems)
    {
        string begin = $"<!-- generated: {mark} -->\n";
        int from = text.IndexOf(begin, StringComparison.Ordinal);
        int to = from < 0 ? -1 : text.IndexOf(End, from, StringComparison.Ordinal);
        int next = from < 0 ? -1 : text.IndexOf("<!-- generated:", from + begin.Length, StringComparison.Ordinal);
        if (to < 0 || (next >= 0 && next < to) || text.LastIndexOf(begin, StringComparison.Ordinal) != from)
        {
            problems.Add(new Problem(Problem.MarkMissing, page, mark, "the marks are not there exactly once, in order"));
            return text;
        }

        return text[..(from + begin.Length)] + table + "\n" + text[to..];
    }

    private static IEnumerable<string> Signals(Model model) => Rows(
        ["stream", "name", "kind", "class", "quantity", "unit, exponent", "what"],
        model.Signals.Select(s => new[]
        {
            Number(s.Stream), Code(s.Name), s.Kind, s.Class, s.Quantity is null ? string.Empty : Number(model.Quantity(s.Quantity).Mdc),
            s.Quantity is null || s.Exponent is null ? string.Empty : $"{model.Quantity(s.Quantity).Unit}, {Number(s.Exponent.Value)}", s.About,
        }));

    private static IEnumerable<string> Quantities(Model model) => Rows(
        ["MDC", "reference id", "LOINC", "unit", "row in the set", "tile", "English", "French"],
        model.Quantities.Select(q => new[]
        {
            Number(q.Mdc), Code(q.ReferenceId), q.Loinc ?? string.Empty, q.Unit, q.Order is { } order ? Number(order) : string.Empty, q.Tile, q.Texts.English, q.Texts.French,
        }));

    private static IEnumerable<string> Parts(Model model) => Rows(
        ["part", "chip", "bus", "address", "provides", "streams", "fault codes"],
        model.Parts.Select(p => new[]
        {
            Code(p.Id), p.Chip, p.Bus, string.Join(", ", p.Addresses.Select(a => $"0x{a:X2}")), string.Join(", ", p.Provides.Select(Code)),
            string.Join(", ", p.Signals.Select(s => Number(model.Signal(s).Stream))), $"P{p.FirstFault} to P{p.LastFault}",
        }));

    private static IEnumerable<string> Misreadings(Model model) => Rows(
        ["driver", "chip", "planted misreadings"],
        model.Parts.Select(p => new[] { $"[{p.Id}](firmware/Peripherals/{p.Id}/README.md)", p.Chip, Number(p.Misreadings) }));

    private static IEnumerable<string> Values(Model model, string name) => Rows(
        ["value", "word", "meaning", "on the pages"],
        model.Enum(name).Values.Select(v => new[] { Number(v.Value), v.Name == "None" ? "`null`" : Code(v.Word), v.About, v.Texts?.English ?? string.Empty }));

    private static IEnumerable<string> Flags(Model model) => Rows(
        ["bit", "word", "meaning", "may enter a patient's session"],
        model.Enum("FrameFlags").Values.Select(v => new[] { string.Create(CultureInfo.InvariantCulture, $"0x{v.Value:X4}"), Code(v.Word), v.About, v.MayEnterPatientSession == true ? "yes" : "no" }));

    private static IEnumerable<string> Boards(Model model) => Rows(
        ["function", .. model.Boards.Select(b => Code(b.Name))],
        ModelChecks.PinFunctions.Where(f => model.Boards.Any(b => b.Pins.Any(p => p.Function == f.Name))).Select(f => new[] { f.About }.Concat(model.Boards.Select(b => PinText(b, f.Name))).ToArray())
            .Append(["images of the runtime", .. model.Boards.Select(b => string.Join(", ", b.Targets.Select(Code)))]));

    private static string PinText(Board board, string function)
    {
        string gpio = board.Pins.FirstOrDefault(p => p.Function == function) is { } pin ? "GPIO " + Number(pin.Pin) : "none";
        return board.Pwm.FirstOrDefault(p => p.Function == function) is { } channel ? gpio + ", PWM" + Number(channel.Pin) : gpio;
    }

    private static IEnumerable<string> Faults(Model model) => Rows(
        ["code", "name", "HTTP", "what happened", "what to do"],
        model.Faults.Select(f => new[] { f.Code, Code(f.Name), f.Http is { } status ? Number(status) : string.Empty, f.Happened, f.Do }));

    private static IEnumerable<string> Bill(Model model, Func<BillItem, bool> isShown) => Rows(
        ["quantity", "designators", "part", "parameters", "order number and its source", "second source", "price"],
        model.Wiring.Items.Where(isShown).Select(i => new[]
        {
            Number(NetlistFiles.Count(model.Wiring, i)) + (i.Per is null ? string.Empty : " per " + i.Per), NetlistFiles.Designators(model.Wiring, i), i.Name, i.Parameters, NetlistFiles.Order(i), i.SecondSource, i.PriceClass,
        }));

    private static IEnumerable<string> Connectors(Model model) => Rows(
        ["connector", "board", "kind", "pins 1, 2, 3 and so on"],
        model.Wiring.Parts.Where(p => model.Wiring.ItemOf(p).Kind == "connector").Select(p => new[] { p.Ref, p.Board, model.Wiring.ItemOf(p).Name, string.Join(", ", p.Nets.Select(n => n.Value)) }));

    private static IEnumerable<string> Cables(Model model) => Rows(
        ["cable", "from", "to", "mm", "kind"],
        model.Wiring.Cables.Select(c => new[] { c.Name, c.From, model.Wiring.Item(c.To)?.Name ?? c.To, Number(c.Millimetres), model.Wiring.Item(c.Item)!.Name }));

    /// <summary>Each converter, fuse and diode of the supply: what it carries at most, and what it may.</summary>
    private static IEnumerable<string> Power(Model model) => Rows(
        ["part", "gives or carries", "peak, all at once", "limit"],
        ElectricalRules.Budget(model.Wiring).Select(b => new[] { b.Part.Ref + " " + model.Wiring.ItemOf(b.Part).Name, b.Net, Number(b.Milliamperes) + " mA", Number(b.LimitMilliamperes) + " mA" }));

    private static IEnumerable<string> TestPoints(Model model)
    {
        Dictionary<string, Circuit> solved = Circuit.States.ToDictionary(s => s, s => Circuit.Solve(model.Wiring, Circuit.Named(s)), StringComparer.Ordinal);
        return Rows(
            ["point", "board", "net", "state", "computed", "allowed", "measured"],
            model.Wiring.Boards.SelectMany(b => b.TestPoints.Select(t => new[]
            {
                t.Point, b.Name, t.Net, t.State, Volts(1000 * solved[t.State].Volts(t.Net)), $"{Volts(t.LowMillivolts)} to {Volts(t.HighMillivolts)}", "…",
            })));
    }

    private static IEnumerable<string> Sheets(Model model) => Rows(
        ["board", "sheet", "parts"],
        model.Wiring.Boards.SelectMany(b => b.Sheets.Select(s => new[] { b.Name, $"[{s.Title}]({b.Name}-{s.Name}.svg)", string.Join(' ', s.Parts.Select(p => p.Ref)) })));

    private static string Volts(double millivolts) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(millivolts / 10) / 100 + 0.0:0.00} V");

    private static IEnumerable<string> Rows(IReadOnlyList<string> head, IEnumerable<string[]> rows) =>
        new[] { Row(head), Row(head.Select(_ => "---")) }.Concat(rows.Select(Row));

    private static string Row(IEnumerable<string> cells) => string.Join(' ', cells.Select(c => c.Length == 0 ? "|" : "| " + c.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal))) + " |";

    private static string Code(string text) => "`" + text + "`";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
