using System;
using System.Collections.Generic;
using System.Linq;

namespace CartGen;

/// <summary>Reads hardware/bom.json and hardware/netlists/. No I/O.</summary>
internal static class WiringReader
{
    /// <summary>The bill of materials.</summary>
    public const string BillFile = "hardware/bom.json";

    /// <summary>The folder of the netlists.</summary>
    public const string NetlistFolder = "hardware/netlists/";

    private const string DefaultPins = "1 2";

    private static readonly string[] Kinds =
    [
        "resistor", "capacitor", "schottky", "tvs", "led", "nFet", "pFet", "npn", "chip", "module", "monostable", "comparator", "motor", "coil", "contact", "button", "fuse", "connector", "battery",
        "microphone", "spare", "other",
    ];

    private static readonly string[] Numbers =
    [
        "ohms", "picofarads", "tolerancePermille", "forwardMillivolts", "ratedMilliamperes", "gateOnMillivolts", "gateOffMillivolts", "onMilliohms", "pinPicofarads", "offsetMillivolts", "minOhms", "maxOhms",
        "maxMillivolts", "breakdownMillivolts", "clampMillivolts", "nominalMmHg", "lowestMmHg", "highestMmHg",
    ];

    /// <summary>Reads everything.</summary>
    /// <param name="files">The texts, by path from the repository's root.</param>
    /// <param name="limits">What the sample cart says.</param>
    /// <param name="problems">Where problems are added.</param>
    /// <returns>The wiring, or null when the bill cannot be read.</returns>
    public static Wiring? Read(IReadOnlyDictionary<string, string> files, WiringLimits limits, List<Problem> problems)
    {
        if (JsonRow.Root(files, BillFile, problems) is not { } bill)
        {
            return null;
        }

        List<PriceClass> classes = ModelReader.All(bill.Rows("priceClasses"), r => new PriceClass(r.Text("name"), r.Text("euros")));
        List<BillItem> items = ModelReader.All(bill.Rows("items"), r => Item(r, [.. classes.Select(c => c.Name)]));
        bill.End();
        List<Netlist> boards = [];
        foreach (string file in files.Keys.Where(f => f.StartsWith(NetlistFolder, StringComparison.Ordinal) && f.EndsWith(".json", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            if (JsonRow.Root(files, file, problems) is { } row)
            {
                boards.Add(Board(file, row));
            }
        }

        return new Wiring(classes, items, boards, limits);
    }

    private static BillItem Item(JsonRow row, string[] classes)
    {
        string kind = row.OneOf("kind", Kinds);
        OrderSource? source = row.Optional("source") is { } s ? Read(s, r => new OrderSource(r.Text("maker"), r.Text("document"), r.Text("title"), r.Text("date"))) : null;
        Dictionary<string, double> values = new(StringComparer.Ordinal);
        foreach (string key in Numbers)
        {
            if (row.OptionalNumber(key) is { } number)
            {
                values.Add(key, number);
            }
        }

        IReadOnlyList<string> pins = row.OptionalList("pins");
        return new BillItem(
            row.Text("id"), kind, row.Text("name"), row.Text("parameters"), row.OptionalText("orderNumber"), source, row.Text("secondSource"), row.OneOf("priceClass", classes), row.OptionalText("board"),
            row.Flag("forPatients") ?? false, (int?)row.OptionalWhole("quantity", 0, 99), row.OptionalOneOf("per", "pod", "cart", "bench", "portable"),
            [.. (pins.Count > 0 ? pins : Standard(kind)).Select(p => Pin(row, p))], row.OptionalList("open"),
            row.Optional("logic") is { } logic ? Read(logic, Logic) : null,
            ModelReader.All(row.Rows("draws", optional: true), d => new PinDraw(d.Text("pin"), (int)d.Whole("peakMilliamperes", 1, 10_000), d.Text("source"))),
            row.Optional("converts") is { } converts ? Read(converts, Converts) : null)
        {
            Values = values,
        };
    }

    private static T Read<T>(JsonRow row, Func<JsonRow, T> read)
    {
        T result = read(row);
        row.End();
        return result;
    }

    private static string[] Standard(string kind) => kind switch
    {
        "schottky" or "tvs" or "led" => ["A A passive", "K K passive"],
        "nFet" or "pFet" => ["G G passive", "D D passive", "S S passive"],
        "npn" => ["B B passive", "C C passive", "E E passive"],
        "spare" or "other" => [],
        _ => [.. DefaultPins.Split(' ').Select(n => $"{n} {n} passive")],
    };

    private static ItemPin Pin(JsonRow row, string text)
    {
        string[] words = text.Split(' ');
        if (words.Length == 3 && Enum.TryParse(words[2], ignoreCase: true, out PinRole role))
        {
            return new ItemPin(words[0], words[1], role);
        }

        row.Wrong(Problem.KeyWrong, "pins", $"'{text}' is not number, name and role");
        return new ItemPin(words[0], words[0], PinRole.Passive);
    }

    private static LogicLevels Logic(JsonRow row) => new(Level(row, "inputHigh"), Level(row, "inputLow"), Level(row, "outputHigh"), Level(row, "outputLow"), row.Text("source"));

    private static Level? Level(JsonRow row, string key)
    {
        int? share = (int?)row.OptionalWhole(key + "Permille", 0, 1000), fixedLevel = (int?)row.OptionalWhole(key + "Millivolts", 0, 12_000);
        return share is null && fixedLevel is null ? null : new Level(share, fixedLevel);
    }

    private static Converter Converts(JsonRow row) => new(
        row.Text("from"), row.Text("to"), row.OneOf("kind", "linear", "switching") == "switching", (int)(row.OptionalWhole("efficiencyPermille", 100, 1000) ?? 1000), (int)row.Whole("limitMilliamperes", 1, 20_000),
        (int)(row.OptionalWhole("dropoutMillivolts", 0, 5000) ?? 0), (int)(row.OptionalWhole("minInputMillivolts", 0, 60_000) ?? 0), row.Text("source"));

    private static Netlist Board(string file, JsonRow row)
    {
        string name = row.Text("name");
        string about = row.Text("about");
        Netlist board = new(
            file, name, about, (int)row.Whole("tracePicofarads", 0, 1000),
            ModelReader.All(row.Rows("rails"), r => new NetRail(r.Text("net"), (int)r.Whole("millivolts", 0, 48_000), r.Text("from"))),
            ModelReader.All(row.Rows("sheets"), s => new NetSheet(s.Text("name"), s.Text("title"), [.. s.Lists("rows").Select(parts => ModelReader.All(parts, p => Part(name, p)))])),
            ModelReader.All(row.Rows("cables"), c => new NetCable(
                c.Text("name"), c.Text("from"), c.Text("to"), c.Text("item"), (int)c.Whole("millimetres", 1, 10_000), (int)c.Whole("picofaradsPerMetre", 1, 1000))),
            ModelReader.All(row.Rows("testPoints"), t => new NetTestPoint(
                t.Text("point"), t.Text("net"), t.OneOf("state", Circuit.States), (int)t.Whole("lowMillivolts", 0, 48_000), (int)t.Whole("highMillivolts", 0, 48_000))));
        row.End();
        return board;
    }

    private static NetPart Part(string board, JsonRow row) => new(row.Text("ref"), row.Text("item"), board, row.Path, row.Object("nets").Pairs(), row.OptionalText("near"));
}
