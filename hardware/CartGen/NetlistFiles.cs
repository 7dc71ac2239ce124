using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace CartGen;

/// <summary>KiCad netlists and bills of materials as CSV. The pod's board is written once for each board of hardware/boards.</summary>
internal static class NetlistFiles
{
    /// <summary>Marks where a part has no order number.</summary>
    public const string ToBeChosen = "to be chosen";

    public static IEnumerable<(string Path, string Text)> Write(Model model)
    {
        yield return ("hardware/bom.csv", Bill(model.Wiring, model.Wiring.Items, i => Count(model.Wiring, i)));
        foreach (Netlist board in model.Wiring.Boards)
        {
            foreach (Board? controller in Controllers(model, board))
            {
                string name = WiringReader.NetlistFolder + board.Name + (controller is null ? string.Empty : "-" + controller.Name);
                yield return (name + ".net", Netlist(model.Wiring, board, controller));
                BillItem[] items = [.. board.Parts.Select(p => model.Wiring.ItemOf(p, controller?.Name)).Distinct()];
                yield return (name + ".csv", Bill(model.Wiring, items, i => board.Parts.Count(p => model.Wiring.ItemOf(p, controller?.Name) == i), board, controller?.Name));
            }
        }
    }

    /// <summary>How many of an item are needed: on all boards, or as the bill says.</summary>
    public static int Count(Wiring wiring, BillItem item) => item.Quantity ?? wiring.Parts.Count(p => wiring.ItemOf(p, item.Board) == item);

    /// <summary>Reference designators of an item.</summary>
    public static string Designators(Wiring wiring, BillItem item, Netlist? board = null) =>
        string.Join(' ', wiring.Parts.Where(p => wiring.ItemOf(p, item.Board) == item && (board is null || p.Board == board.Name)).Select(p => p.Ref));

    /// <summary>Order number and its source, or that it is to be chosen.</summary>
    public static string Order(BillItem item) => item.OrderNumber is null || item.Source is not { } s ? ToBeChosen : $"{item.OrderNumber} ({s.Maker}, {s.Document}, {s.Title}, {s.Date})";

    /// <summary>The value that a schematic shows.</summary>
    public static string Value(BillItem item) => item.Kind switch
    {
        "resistor" => item.Parameters.Split(" ±")[0],
        "capacitor" => item.Parameters.Split(" ±")[0],
        "connector" => string.Create(CultureInfo.InvariantCulture, $"{item.Pins.Count}-pole"),
        _ => item.OrderNumber ?? item.Id,
    };

    private static Board?[] Controllers(Model model, Netlist board) => board.Parts.Any(p => p.Item == "controller") ? [.. model.Boards] : [null];

    private static string Bill(Wiring wiring, IEnumerable<BillItem> items, Func<BillItem, int> count, Netlist? board = null, string? controller = null)
    {
        StringBuilder text = new();
        Line(text, "quantity", "for", "designators", "item", "parameters", "order number", "maker", "document", "title", "date", "second source", "price class");
        foreach (BillItem item in items)
        {
            Line(
                text, count(item).ToString(CultureInfo.InvariantCulture), item.Per ?? "board", controller is null || item.Board is null ? Designators(wiring, item, board) : Wiring.Controller, item.Name, item.Parameters,
                item.OrderNumber ?? ToBeChosen, item.Source?.Maker ?? string.Empty, item.Source?.Document ?? string.Empty, item.Source?.Title ?? string.Empty, item.Source?.Date ?? string.Empty, item.SecondSource,
                item.PriceClass);
        }

        Line(text, string.Empty, string.Empty, string.Empty, "Written by hardware/CartGen from hardware/bom.json and hardware/netlists; nothing was built or measured");
        return text.ToString();
    }

    private static void Line(StringBuilder text, params string[] cells) =>
        text.Append(string.Join(',', cells.Select(c => c.AsSpan().ContainsAny(",\"\n") ? "\"" + c.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"" : c))).Append('\n');

    private static string Netlist(Wiring wiring, Netlist board, Board? controller)
    {
        StringBuilder text = new();
        text.Append("(export (version \"E\")\n  (design\n    (source ").Append(Quote(board.File)).Append(")\n    (tool \"hardware/CartGen\"))\n  (components\n");
        NetPart[] parts = [.. board.Parts.OrderBy(p => p.Ref, StringComparer.Ordinal)];
        foreach (NetPart part in parts)
        {
            BillItem item = wiring.ItemOf(part, controller?.Name);
            text.Append("    (comp (ref ").Append(Quote(part.Ref)).Append(") (value ").Append(Quote(Value(item))).Append(")\n      (fields (field (name \"Item\") ").Append(Quote(item.Id))
                .Append(") (field (name \"Description\") ").Append(Quote(item.Name)).Append(") (field (name \"OrderNumber\") ").Append(Quote(item.OrderNumber ?? ToBeChosen)).Append(")))\n");
        }

        text.Append("  )\n  (nets\n");
        int code = 0;
        foreach (string net in parts.SelectMany(p => p.Nets).Select(n => n.Value).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"    (net (code \"{++code}\") (name {Quote(net)})");
            foreach (NetPart part in parts)
            {
                foreach ((string pin, string _) in part.Nets.Where(n => n.Value == net))
                {
                    text.Append("\n      (node (ref ").Append(Quote(part.Ref)).Append(") (pin ").Append(Quote(Pad(part, pin, controller))).Append(") (pinfunction ")
                        .Append(Quote(wiring.ItemOf(part, controller?.Name).Pins.First(p => p.Number == pin).Name)).Append("))");
                }
            }

            text.Append(")\n");
        }

        return text.Append("  )\n)\n").ToString();
    }

    /// <summary>A module's pads have the names of its data sheet: IO25 for GPIO 25.</summary>
    private static string Pad(NetPart part, string pin, Board? controller) =>
        part.Ref == Wiring.Controller && controller?.Pins.FirstOrDefault(p => p.Function == pin) is { } gpio ? string.Create(CultureInfo.InvariantCulture, $"IO{gpio.Pin}") : pin;

    private static string Quote(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
