using System;
using System.Collections.Generic;
using System.Linq;

namespace CartGen;

/// <summary>Where an order number comes from.</summary>
internal sealed record OrderSource(string Maker, string Document, string Title, string Date);

/// <summary>What a pin of a part is for.</summary>
internal enum PinRole
{
    /// <summary>Either end of a part that has no direction.</summary>
    Passive,

    /// <summary>Supply of a chip; needs a decoupling capacitor of its own.</summary>
    Power,

    /// <summary>Input of a converter; needs a larger capacitor of its own.</summary>
    Supply,

    /// <summary>Ground.</summary>
    Ground,

    /// <summary>Logic input.</summary>
    Input,

    /// <summary>Logic output.</summary>
    Output,

    /// <summary>Output that only pulls low.</summary>
    OpenDrain,

    /// <summary>Line of a bus that all pull low and one resistor pulls high.</summary>
    Bus,

    /// <summary>A voltage that is no logic level.</summary>
    Analog,
}

/// <summary>A pin: number on the package, or name where the package is not chosen, its name and what it is for.</summary>
internal sealed record ItemPin(string Number, string Name, PinRole Role);

/// <summary>Logic levels: each a share of the supply in thousandths, or a voltage in mV; null where the part has no such level.</summary>
internal sealed record LogicLevels(Level? InputHigh, Level? InputLow, Level? OutputHigh, Level? OutputLow, string Source);

/// <summary>One level.</summary>
/// <param name="Permille">Share of the supply; null when fixed.</param>
/// <param name="Millivolts">Fixed voltage; null when a share.</param>
internal sealed record Level(int? Permille, int? Millivolts)
{
    /// <summary>The level in volts at a supply in volts.</summary>
    public double At(double supply) => Permille is { } share ? share * supply / 1000 : (Millivolts ?? 0) / 1000.0;
}

/// <summary>What a pin draws at most, and who says so.</summary>
internal sealed record PinDraw(string Pin, int PeakMilliamperes, string Source);

/// <summary>A converter from one pin to another.</summary>
internal sealed record Converter(string From, string To, bool IsSwitching, int EfficiencyPermille, int LimitMilliamperes, int DropoutMillivolts, int MinInputMillivolts, string Source);

/// <summary>One item of the bill of materials.</summary>
internal sealed record BillItem(
    string Id, string Kind, string Name, string Parameters, string? OrderNumber, OrderSource? Source, string SecondSource, string PriceClass, string? Board, bool IsForPatients, int? Quantity, string? Per,
    IReadOnlyList<ItemPin> Pins, IReadOnlyList<string> Open, LogicLevels? Logic, IReadOnlyList<PinDraw> Draws, Converter? Converter)
{
    /// <summary>Numbers of the item by key, in the unit that ends the key.</summary>
    public required IReadOnlyDictionary<string, double> Values { get; init; }

    /// <summary>A number, or 0 when the item has none of that key.</summary>
    public double Value(string key) => Values.GetValueOrDefault(key);
}

/// <summary>A class of prices.</summary>
internal sealed record PriceClass(string Name, string Euros);

/// <summary>A part on a board.</summary>
/// <param name="Ref">Reference designator, once over all boards.</param>
/// <param name="Item">Its item; "controller" is the module of the board that the netlist is written for.</param>
/// <param name="Board">Name of its netlist.</param>
/// <param name="Path">Where it stands in its file.</param>
/// <param name="Nets">Net of each connected pin.</param>
/// <param name="Near">Pin that a capacitor sits beside, as "U20.16".</param>
internal sealed record NetPart(string Ref, string Item, string Board, string Path, IReadOnlyList<KeyValuePair<string, string>> Nets, string? Near)
{
    /// <summary>The net of a pin, or null.</summary>
    public string? Net(string pin) => Nets.FirstOrDefault(n => n.Key == pin).Value;
}

/// <summary>A sheet of a schematic: parts in rows.</summary>
internal sealed record NetSheet(string Name, string Title, IReadOnlyList<IReadOnlyList<NetPart>> Rows)
{
    /// <summary>Its parts.</summary>
    public IEnumerable<NetPart> Parts => Rows.SelectMany(r => r);
}

/// <summary>A net of fixed voltage and the part that gives it.</summary>
internal sealed record NetRail(string Net, int Millivolts, string From);

/// <summary>A cable from a connector to a connector or part; its wires join equal nets.</summary>
internal sealed record NetCable(string Name, string From, string To, string Item, int Millimetres, int PicofaradsPerMetre);

/// <summary>Where to measure, in which state, and what is allowed.</summary>
internal sealed record NetTestPoint(string Point, string Net, string State, int LowMillivolts, int HighMillivolts);

/// <summary>The netlist of one board.</summary>
internal sealed record Netlist(
    string File, string Name, string About, int TracePicofarads, IReadOnlyList<NetRail> Rails, IReadOnlyList<NetSheet> Sheets, IReadOnlyList<NetCable> Cables, IReadOnlyList<NetTestPoint> TestPoints)
{
    /// <summary>Its parts.</summary>
    public IEnumerable<NetPart> Parts => Sheets.SelectMany(s => s.Parts);
}

/// <summary>What of the sample cart the boards are held to.</summary>
internal sealed record WiringLimits(int BusHz, int PullUpOhms, int OneShotMilliseconds, int SwitchMmHg, int SwitchLowestMmHg, int SwitchHighestMmHg);

/// <summary>Bill of materials and netlists together.</summary>
internal sealed record Wiring(IReadOnlyList<PriceClass> PriceClasses, IReadOnlyList<BillItem> Items, IReadOnlyList<Netlist> Boards, WiringLimits Limits)
{
    /// <summary>The ground's net.</summary>
    public const string Ground = "GND";

    /// <summary>The reference designator of the controller.</summary>
    public const string Controller = "U1";

    private Dictionary<string, BillItem>? _byId;

    /// <summary>Parts of all boards.</summary>
    public IEnumerable<NetPart> Parts => Boards.SelectMany(b => b.Parts);

    /// <summary>Rails of all boards.</summary>
    public IEnumerable<NetRail> Rails => Boards.SelectMany(b => b.Rails);

    /// <summary>Cables of all boards.</summary>
    public IEnumerable<NetCable> Cables => Boards.SelectMany(b => b.Cables);

    /// <summary>An item by its name; the controller is that of a board of hardware/boards, the first when none is named.</summary>
    public BillItem? Item(string id, string? board = null)
    {
        if (id == "controller")
        {
            return Items.FirstOrDefault(i => i.Board is not null && (board is null || i.Board == board));
        }

        // Built once: every step of the circuit asks for every part's item. An item that is given twice is refused by the checks.
        _byId ??= Items.GroupBy(i => i.Id, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
        return _byId.GetValueOrDefault(id);
    }

    /// <summary>The item of a part that <see cref="WiringChecks"/> has accepted.</summary>
    public BillItem ItemOf(NetPart part, string? board = null) => Item(part.Item, board)!;

    /// <summary>The part with a reference designator.</summary>
    public NetPart? Part(string reference) => Parts.FirstOrDefault(p => p.Ref == reference);

    /// <summary>Voltage of a rail, mV; null of any other net.</summary>
    public int? Rail(string net) => Rails.FirstOrDefault(r => r.Net == net)?.Millivolts;

    /// <summary>Each connected pin: part, its item's pin, net.</summary>
    public IEnumerable<(NetPart Part, ItemPin Pin, string Net)> Pins() =>
        from part in Parts
        from pin in ItemOf(part).Pins
        let net = part.Net(pin.Number)
        where net is not null
        select (part, pin, net);

    /// <summary>The supply of a chip: the rail of its power pin, V; for a chip with several, that of the lowest, which its logic has.</summary>
    public double SupplyOf(NetPart part)
    {
        double[] rails = [.. ItemOf(part).Pins.Where(p => p.Role == PinRole.Power).Select(p => part.Net(p.Number)).OfType<string>().Select(Rail).OfType<int>().Select(mv => mv / 1000.0)];
        return rails.Length == 0 ? 0 : rails.Min();
    }
}
