using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace CartGen;

/// <summary>
/// Schematics as SVG, one for each sheet: parts in the rows that the netlist gives, nets named at each pin. Neighbours in a row that share a net are joined by a line; every other connection is by
/// the net's name, so that a sheet needs no crossing lines.
/// </summary>
internal static class SchematicFiles
{
    private const int Margin = 24;
    private const int Stub = 22;
    private const int PinPitch = 20;
    private const int BoxWidth = 132;
    private const int RowGap = 26;
    private const int Title = 54;
    private const int SymbolWidth = 64;
    private const int TransistorWidth = 96;
    private const int CharWidth = 7;

    public static IEnumerable<(string Path, string Text)> Write(Model model)
    {
        foreach (Netlist board in model.Wiring.Boards)
        {
            foreach (NetSheet sheet in board.Sheets)
            {
                yield return ($"hardware/schematics/{board.Name}-{sheet.Name}.svg", new Sheet(model, board, sheet).Draw());
            }
        }
    }

    /// <summary>A part as it stands in its row.</summary>
    private sealed record Cell(NetPart Part, BillItem Item, ItemPin[] Left, ItemPin[] Right, bool IsJoinedToNext)
    {
        public bool IsBox => Item.Pins.Count > 2 || Item.Kind == "connector";

        public bool IsTransistor => Item.Kind is "nFet" or "pFet" or "npn";

        public int Height => IsBox ? (Math.Max(Left.Length, Right.Length) * PinPitch) + 30 : 62;

        public int BodyWidth => IsTransistor ? TransistorWidth : Item.Kind == "connector" ? SymbolWidth : IsBox ? BoxWidth : SymbolWidth;
    }

    private sealed class Sheet(Model model, Netlist board, NetSheet sheet)
    {
        private readonly StringBuilder _text = new();

        public string Draw()
        {
            Cell[][] rows = [.. sheet.Rows.Select(Cells)];
            int width = Math.Max(640, rows.Max(RowWidth) + (2 * Margin));
            int height = Title + rows.Sum(r => r.Max(c => c.Height) + RowGap) + 30;
            int y = Title;
            foreach (Cell[] row in rows)
            {
                int tall = row.Max(c => c.Height);
                DrawRow(row, y, tall);
                y += tall + RowGap;
            }

            string body = _text.ToString();
            string note = sheet.Parts.Any(p => p.Ref == Wiring.Controller) ? "GPIO: " + string.Join(" / ", model.Boards.Select(b => b.Name)) + ". " : string.Empty;
            return string.Create(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"DejaVu Sans, Arial, sans-serif\" font-size=\"11\">\n")
                + "<!-- Written by hardware/CartGen from " + board.File + "; change that file and run the generator again. -->\n"
                + "<title>" + Escape(board.Name + ": " + sheet.Title) + "</title>\n"
                + string.Create(CultureInfo.InvariantCulture, $"<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n")
                + string.Create(CultureInfo.InvariantCulture, $"<text x=\"{Margin}\" y=\"28\" font-size=\"16\" font-weight=\"bold\">{Escape(board.Name + ": " + sheet.Title)}</text>\n")
                + body
                + string.Create(CultureInfo.InvariantCulture, $"<text x=\"{Margin}\" y=\"{height - 10}\" fill=\"#555555\">{Escape(note + "Equal names are one net, on all sheets of all boards. Not built, not measured.")}</text>\n</svg>\n");
        }

        private Cell[] Cells(IReadOnlyList<NetPart> row)
        {
            List<Cell> cells = [];
            for (int i = 0; i < row.Count; i++)
            {
                NetPart part = row[i];
                BillItem item = model.Wiring.ItemOf(part);
                ItemPin[] pins = [.. item.Pins.Where(p => part.Net(p.Number) is not null)];
                ItemPin[] left = pins, right = [];
                if (pins.Length == 2 && item.Pins.Count == 2)
                {
                    // The end that meets the neighbour on the left stands left.
                    bool isTurned = i > 0 && item.Kind != "connector" && cells[^1].Item.Kind != "connector" && cells[^1].Right.Select(p => row[i - 1].Net(p.Number)).Contains(part.Net(pins[1].Number)) && !IsPower(part.Net(pins[1].Number)!);
                    left = [isTurned ? pins[1] : pins[0]];
                    right = [isTurned ? pins[0] : pins[1]];
                }
                else if (pins.Length > 2)
                {
                    int half = (pins.Length + 1) / 2;
                    (left, right) = item.Kind switch
                    {
                        "nFet" or "pFet" or "npn" => (pins[..1], pins[1..]),
                        "connector" => ([.. pins.Where((_, n) => n % 2 == 0)], [.. pins.Where((_, n) => n % 2 == 1)]),
                        _ => (pins[..half], pins[half..]),
                    };
                }

                cells.Add(new Cell(part, item, left, right, false));
            }

            for (int i = 0; i + 1 < cells.Count; i++)
            {
                bool isJoined = cells[i].Item.Kind != "connector" && cells[i + 1].Item.Kind != "connector" && cells[i].Right.Length == 1 && cells[i + 1].Left.Length == 1 && NetOf(cells[i], cells[i].Right[0]) == NetOf(cells[i + 1], cells[i + 1].Left[0])
                    && !IsPower(NetOf(cells[i], cells[i].Right[0]));
                cells[i] = cells[i] with { IsJoinedToNext = isJoined };
            }

            return [.. cells];
        }

        private static int RowWidth(Cell[] row) => row.Select((c, i) => LeftWidth(c, i > 0 && row[i - 1].IsJoinedToNext) + c.BodyWidth + RightWidth(c)).Sum();

        private static int LeftWidth(Cell cell, bool isJoined) => Stub + (isJoined ? 0 : LabelWidth(cell, cell.Left));

        private static int RightWidth(Cell cell) => Stub + LabelWidth(cell, cell.Right) + (cell.IsJoinedToNext ? 0 : 10);

        private static int LabelWidth(Cell cell, ItemPin[] pins) => pins.Select(p => (NetOf(cell, p).Length * CharWidth) + 8).DefaultIfEmpty(0).Max();

        private void DrawRow(Cell[] row, int top, int tall)
        {
            int x = Margin;
            for (int i = 0; i < row.Length; i++)
            {
                Cell cell = row[i];
                bool isJoined = i > 0 && row[i - 1].IsJoinedToNext;
                int body = x + LeftWidth(cell, isJoined);
                int middle = top + (tall / 2);
                int first = cell.IsBox ? middle - (cell.Height / 2) + 34 : middle;
                if (cell.IsBox)
                {
                    Box(cell, body, middle - (cell.Height / 2));
                }
                else
                {
                    Symbol(cell, body, middle);
                }

                for (int k = 0; k < cell.Left.Length; k++)
                {
                    int y = cell.IsBox && cell.Left.Length == 1 ? middle + 6 : first + (k * PinPitch);
                    Line(isJoined ? x : body - Stub, y, body, y);
                    if (!isJoined)
                    {
                        Label(NetOf(cell, cell.Left[k]), body - Stub, y, isLeft: true);
                    }
                }

                for (int k = 0; k < cell.Right.Length; k++)
                {
                    int y = cell.IsBox && cell.Right.Length == 1 ? middle + 6 : first + (k * PinPitch);
                    int end = body + cell.BodyWidth;
                    if (cell.IsJoinedToNext)
                    {
                        int next = end + RightWidth(cell);
                        int to = middle + (row[i + 1].IsBox ? 6 : 0);
                        Line(end, y, next, y);
                        Line(next, y, next, to);
                        Text(NetOf(cell, cell.Right[k]), end + 6, y - 4, "start", "#1f3f8f");
                    }
                    else
                    {
                        Line(end, y, end + Stub, y);
                        Label(NetOf(cell, cell.Right[k]), end + Stub, y, isLeft: false);
                    }
                }

                x = body + cell.BodyWidth + RightWidth(cell);
            }
        }

        private void Box(Cell cell, int x, int y)
        {
            Add($"<rect x=\"{x}\" y=\"{y + 18}\" width=\"{cell.BodyWidth}\" height=\"{cell.Height - 22}\" fill=\"#fbf7e8\" stroke=\"#222222\"/>");
            Text(cell.Part.Ref, x, y + 12, "start", "#000000", isBold: true);
            Text(Short(NetlistFiles.Value(cell.Item), cell.Part), x + (cell.Part.Ref.Length * 8) + 8, y + 12, "start", "#444444");
            int middle = y + (cell.Height / 2);
            if (cell.IsTransistor)
            {
                Text(cell.Item.Kind switch { "nFet" => "N-FET", "pFet" => "P-FET", _ => "NPN" }, x + 24, middle + 10, "start", "#777777");
            }

            for (int k = 0; k < cell.Left.Length; k++)
            {
                Text(PinText(cell, cell.Left[k]), x + 5, (cell.Left.Length == 1 ? middle + 6 : y + 34 + (k * PinPitch)) + 4, "start", "#222222");
            }

            for (int k = 0; k < cell.Right.Length; k++)
            {
                Text(PinText(cell, cell.Right[k]), x + cell.BodyWidth - 5, (cell.Right.Length == 1 ? middle + 6 : y + 34 + (k * PinPitch)) + 4, "end", "#222222");
            }
        }

        private string PinText(Cell cell, ItemPin pin)
        {
            if (cell.Part.Ref == Wiring.Controller)
            {
                string gpio = string.Join("/", model.Boards.Select(b => b.Pins.FirstOrDefault(p => p.Function == pin.Number)).OfType<BoardPin>().Select(p => p.Pin.ToString(CultureInfo.InvariantCulture)));
                return gpio.Length == 0 ? pin.Name : gpio;
            }

            return pin.Number == pin.Name ? pin.Name : pin.Number + " " + pin.Name;
        }

        private void Symbol(Cell cell, int x, int y)
        {
            int end = x + SymbolWidth, a = x + 16, b = end - 16, mid = x + (SymbolWidth / 2);
            Text(cell.Part.Ref, mid, y - 16, "middle", "#000000", isBold: true);
            Text(Short(NetlistFiles.Value(cell.Item), cell.Part) + (cell.Part.Near is { } near ? " at " + near : string.Empty), mid, y + 26, "middle", "#444444");
            switch (cell.Item.Kind)
            {
                case "resistor":
                    Line(x, y, a, y);
                    Line(b, y, end, y);
                    Add($"<rect x=\"{a}\" y=\"{y - 6}\" width=\"{b - a}\" height=\"12\" fill=\"#ffffff\" stroke=\"#222222\"/>");
                    break;
                case "capacitor":
                    Line(x, y, mid - 3, y);
                    Line(mid + 3, y, end, y);
                    Line(mid - 3, y - 11, mid - 3, y + 11);
                    Line(mid + 3, y - 11, mid + 3, y + 11);
                    break;
                case "schottky" or "tvs" or "led":
                    // The arrow points to the cathode, which may stand left.
                    bool isCathodeLeft = cell.Left[0].Number == "K";
                    int tip = isCathodeLeft ? mid - 9 : mid + 9, back = isCathodeLeft ? mid + 9 : mid - 9;
                    Line(x, y, end, y);
                    Add($"<path d=\"M{back} {y - 9} L{back} {y + 9} L{tip} {y} Z\" fill=\"#ffffff\" stroke=\"#222222\"/>");
                    Line(tip, y - 9, tip, y + 9);
                    break;
                case "coil" or "motor":
                    Line(x, y, a, y);
                    Line(b, y, end, y);
                    Add($"<circle cx=\"{mid}\" cy=\"{y}\" r=\"14\" fill=\"#ffffff\" stroke=\"#222222\"/>");
                    Text(cell.Item.Kind == "motor" ? "M" : "Y", mid, y + 4, "middle", "#222222");
                    Line(a, y, mid - 14, y);
                    Line(mid + 14, y, b, y);
                    break;
                case "contact" or "button":
                    Line(x, y, a, y);
                    Line(b, y, end, y);
                    Add($"<circle cx=\"{a}\" cy=\"{y}\" r=\"2.5\" fill=\"#222222\"/>");
                    Add($"<circle cx=\"{b}\" cy=\"{y}\" r=\"2.5\" fill=\"#222222\"/>");
                    Line(a, y, b, y);
                    if (cell.Item.Kind == "button")
                    {
                        Line(mid, y - 11, mid, y);
                        Line(mid - 6, y - 11, mid + 6, y - 11);
                    }

                    break;
                case "fuse":
                    Add($"<rect x=\"{a}\" y=\"{y - 6}\" width=\"{b - a}\" height=\"12\" fill=\"#ffffff\" stroke=\"#222222\"/>");
                    Line(x, y, end, y);
                    break;
                default:
                    Add($"<rect x=\"{a}\" y=\"{y - 12}\" width=\"{b - a}\" height=\"24\" fill=\"#fbf7e8\" stroke=\"#222222\"/>");
                    Line(x, y, a, y);
                    Line(b, y, end, y);
                    Text(cell.Left[0].Name + " " + cell.Right[0].Name, mid, y + 4, "middle", "#222222");
                    break;
            }
        }

        private string Short(string value, NetPart part) => part.Item == "controller" ? string.Join(" / ", model.Boards.Select(b => b.Module.Replace("ESP32-", string.Empty, StringComparison.Ordinal))) : value;

        /// <summary>A net's name at the end of a stub; ground as its symbol, rails over a bar.</summary>
        private void Label(string net, int x, int y, bool isLeft)
        {
            if (net == Wiring.Ground)
            {
                Line(x, y, x, y + 5);
                Line(x - 8, y + 5, x + 8, y + 5);
                Line(x - 5, y + 8, x + 5, y + 8);
                Line(x - 2, y + 11, x + 2, y + 11);
                return;
            }

            Text(net, isLeft ? x - 4 : x + 4, y + 4, isLeft ? "end" : "start", IsPower(net) ? "#a02020" : "#1f3f8f", isBold: IsPower(net));
        }

        private bool IsPower(string net) => net == Wiring.Ground || model.Wiring.Rail(net) is not null || net.StartsWith('+');

        private static string NetOf(Cell cell, ItemPin pin) => cell.Part.Net(pin.Number)!;

        private void Line(int x1, int y1, int x2, int y2) => Add($"<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"#222222\"/>");

        private void Text(string text, int x, int y, string anchor, string colour, bool isBold = false) =>
            Add($"<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{colour}\"{(isBold ? " font-weight=\"bold\"" : string.Empty)}>{Escape(text)}</text>");

        private void Add(FormattableString element) => _text.Append(element.ToString(CultureInfo.InvariantCulture)).Append('\n');

        private static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
    }
}
