using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CartGen;

/// <summary>What must hold before a netlist means anything: items, pins, nets and sheets that are there, each once.</summary>
internal static class WiringChecks
{
    /// <summary>Parts of one sheet at most, so that it can be read.</summary>
    public const int MaxPartsOfSheet = 15;

    /// <summary>Checks a wiring and adds what is wrong.</summary>
    public static void Run(Wiring wiring, IReadOnlyList<Board> boards, List<Problem> problems)
    {
        Bill(wiring, boards, problems);
        Twice(wiring.Parts.Select(p => p.Ref), "reference designator", problems);
        Twice(wiring.Rails.Select(r => r.Net), "rail", problems);
        Twice(wiring.Cables.Select(c => c.Name), "cable", problems);
        foreach (Netlist board in wiring.Boards)
        {
            Board(wiring, board, problems);
        }

        if (problems.Count > 0)
        {
            return;
        }

        Nets(wiring, problems);
        Cables(wiring, problems);
        string[] used = [.. wiring.Parts.Select(p => p.Item), .. wiring.Cables.SelectMany(c => new[] { c.Item, c.To })];
        foreach (BillItem item in wiring.Items.Where(i => i.Quantity is null && i.Board is null && !used.Contains(i.Id)))
        {
            Wrong(problems, WiringReader.BillFile, item.Id, "no board uses it, and it has no quantity");
        }
    }

    /// <summary>Notes a problem of a netlist.</summary>
    public static void Wrong(List<Problem> problems, string file, string path, string detail) => problems.Add(new Problem(Problem.NetlistWrong, file, path, detail));

    private static void Bill(Wiring wiring, IReadOnlyList<Board> boards, List<Problem> problems)
    {
        Twice(wiring.Items.Select(i => i.Id), "item", problems);
        foreach (BillItem item in wiring.Items)
        {
            if (item.OrderNumber is null != item.Source is null)
            {
                Wrong(problems, WiringReader.BillFile, item.Id, "an order number and its source stand together, or the part is to be chosen");
            }

            if (item.Quantity is null != item.Per is null)
            {
                Wrong(problems, WiringReader.BillFile, item.Id, "a quantity and what it is for stand together");
            }

            foreach (string pin in item.Open.Concat(item.Draws.Select(d => d.Pin)).Concat(item.Converter is { } c ? [c.From, c.To] : []).Where(p => !item.Pins.Any(i => i.Number == p)))
            {
                Wrong(problems, WiringReader.BillFile, item.Id, $"there is no pin {pin}");
            }
        }

        foreach (Board board in boards)
        {
            if (wiring.Item("controller", board.Name) is not { } controller)
            {
                Wrong(problems, WiringReader.BillFile, board.Name, "no item is the controller of this board");
                continue;
            }

            foreach (PinFunction function in ModelChecks.PinFunctions.Where(f => f.IsRequired))
            {
                if (controller.Pins.FirstOrDefault(p => p.Number == function.Name) is not { } pin)
                {
                    Wrong(problems, WiringReader.BillFile, controller.Id, $"has no pin {function.Name}");
                }
                else if (pin.Role != RoleOf(function.Kind))
                {
                    Wrong(problems, WiringReader.BillFile, controller.Id, $"{function.Name} is {pin.Role}, and {function.Kind} in the boards");
                }
            }
        }

        if (!wiring.Items.Any(i => i.IsForPatients))
        {
            Wrong(problems, WiringReader.BillFile, string.Empty, "no item is for patients");
        }
    }

    private static PinRole RoleOf(PinKind kind) => kind switch
    {
        PinKind.OpenDrain => PinRole.Bus,
        PinKind.Input => PinRole.Input,
        PinKind.Analog => PinRole.Analog,
        _ => PinRole.Output,
    };

    private static void Board(Wiring wiring, Netlist board, List<Problem> problems)
    {
        if (board.File != WiringReader.NetlistFolder + board.Name + ".json")
        {
            Wrong(problems, board.File, "name", $"is '{board.Name}', and the file has another");
        }

        foreach (NetSheet sheet in board.Sheets.Where(s => s.Parts.Count() > MaxPartsOfSheet))
        {
            Wrong(problems, board.File, sheet.Name, string.Create(CultureInfo.InvariantCulture, $"has {sheet.Parts.Count()} parts; a sheet has at most {MaxPartsOfSheet}"));
        }

        Twice(board.Sheets.Select(s => s.Name), "sheet of " + board.Name, problems);
        foreach (NetPart part in board.Parts)
        {
            if (wiring.Item(part.Item) is not { } item)
            {
                Wrong(problems, board.File, part.Ref, $"there is no item {part.Item}");
                continue;
            }

            foreach (string pin in part.Nets.Select(n => n.Key).Where(k => !item.Pins.Any(p => p.Number == k)))
            {
                Wrong(problems, board.File, part.Ref, $"{item.Id} has no pin {pin}");
            }

            foreach (ItemPin pin in item.Pins.Where(p => part.Net(p.Number) is null && !item.Open.Contains(p.Number)))
            {
                Wrong(problems, board.File, part.Ref, $"pin {pin.Number} ({pin.Name}) is open");
            }
        }

        foreach (NetRail rail in board.Rails.Where(r => board.Parts.All(p => p.Ref != r.From || p.Nets.All(n => n.Value != r.Net))))
        {
            Wrong(problems, board.File, rail.Net, $"{rail.From} does not give it");
        }

        foreach (NetTestPoint point in board.TestPoints.Where(t => board.Parts.All(p => p.Nets.All(n => n.Value != t.Net))))
        {
            Wrong(problems, board.File, point.Point, $"there is no net {point.Net}");
        }
    }

    private static void Nets(Wiring wiring, List<Problem> problems)
    {
        foreach (IGrouping<string, NetPart> net in wiring.Parts.SelectMany(p => p.Nets.Select(n => (n.Value, Part: p))).GroupBy(n => n.Value, n => n.Part).Where(g => g.Count() == 1))
        {
            Wrong(problems, FileOf(wiring, net.First()), net.First().Ref, $"the net {net.Key} has one pin alone");
        }

        // A net on two boards needs a cable that carries it.
        foreach (IGrouping<string, NetPart> net in wiring.Parts.SelectMany(p => p.Nets.Select(n => (n.Value, Part: p))).GroupBy(n => n.Value, n => n.Part))
        {
            foreach (string board in net.Select(p => p.Board).Distinct().Where(_ => net.Select(p => p.Board).Distinct().Count() > 1))
            {
                if (!wiring.Cables.Any(c => Ends(wiring, c).Any(e => e.Board == board && e.Nets.Any(n => n.Value == net.Key)) && Ends(wiring, c).Count(e => e.Nets.Any(n => n.Value == net.Key)) == 2))
                {
                    Wrong(problems, FileOf(wiring, net.First(p => p.Board == board)), net.Key, $"no cable carries it from {board} to another board");
                }
            }
        }
    }

    private static void Cables(Wiring wiring, List<Problem> problems)
    {
        foreach (Netlist board in wiring.Boards)
        {
            foreach (NetCable cable in board.Cables)
            {
                if (wiring.Item(cable.Item) is null)
                {
                    Wrong(problems, board.File, cable.Name, $"there is no item {cable.Item}");
                }

                if (wiring.Part(cable.From) is not { } from || (wiring.Part(cable.To) is null && wiring.Item(cable.To) is null))
                {
                    Wrong(problems, board.File, cable.Name, $"there is no {cable.From} or {cable.To}");
                    continue;
                }

                if (wiring.Part(cable.To) is not { } to)
                {
                    continue;
                }

                bool isConnector = wiring.ItemOf(to).Kind == "connector";
                foreach ((string pin, string net) in from.Nets)
                {
                    if (isConnector && to.Net(pin) != net)
                    {
                        Wrong(problems, board.File, cable.Name, $"pin {pin} is {net} at {from.Ref} and {to.Net(pin) ?? "open"} at {to.Ref}");
                    }
                }

                foreach (string net in to.Nets.Select(n => n.Value).Where(n => from.Nets.All(f => f.Value != n)))
                {
                    Wrong(problems, board.File, cable.Name, $"{to.Ref} has {net}, which {from.Ref} does not carry");
                }
            }
        }

        foreach (BillItem item in wiring.Items)
        {
            int used = wiring.Cables.Count(c => c.Item == item.Id);
            if (used > 0 && item.Quantity != used)
            {
                Wrong(problems, WiringReader.BillFile, item.Id, string.Create(CultureInfo.InvariantCulture, $"has the quantity {item.Quantity}, and the boards have {used} of it"));
            }
        }

        foreach (NetPart connector in wiring.Parts.Where(p => wiring.ItemOf(p).Kind == "connector" && p.Item is not ("j-supply" or "j-6" or "dock") && !wiring.Cables.Any(c => c.From == p.Ref || c.To == p.Ref)))
        {
            Wrong(problems, FileOf(wiring, connector), connector.Ref, "no cable is plugged into it");
        }
    }

    private static IEnumerable<NetPart> Ends(Wiring wiring, NetCable cable) => new[] { wiring.Part(cable.From), wiring.Part(cable.To) }.OfType<NetPart>();

    private static string FileOf(Wiring wiring, NetPart part) => wiring.Boards.First(b => b.Name == part.Board).File;

    private static void Twice(IEnumerable<string> names, string what, List<Problem> problems)
    {
        foreach (IGrouping<string, string> name in names.GroupBy(n => n, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            Wrong(problems, WiringReader.NetlistFolder, name.Key, $"the {what} {name.Key} is given {name.Count()} times");
        }
    }
}
