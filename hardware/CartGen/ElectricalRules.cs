using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CartGen;

/// <summary>
/// What a board must hold to work and to be safe. Each rule names the part or net that breaks it. Sources: NXP UM10204 (I2C-bus, rev. 7), table 10: rise time 1,000 and 300 ns, 3 mA at 0.4 V, rise from
/// 30 to 70 % in 0.8473 RC; the levels of the parts stand with their source in hardware/bom.json.
/// </summary>
internal static class ElectricalRules
{
    private const double RiseFactor = 0.8473;
    private const double SinkAmperes = 0.003;

    // Assumption: twenty times the 50 nA that the controller's datasheet allows, for dirt and humidity.
    private const double LeakAmperes = 1e-6;

    // Assumption: far below what moves a pump or holds a valve, far above a leak.
    private const double OffAmperes = 0.005;

    // Assumption: a solenoid of 5 V is held by 85 % of its current.
    private const double HeldShare = 0.85;

    // Assumption: the one-shot's 0.7 within 10 %, as onsemi guarantees for the MC74HC4538A.
    private const double WidthTolerance = 0.10;
    private const double WidthFactor = 0.7;
    private const int MinOneShotMs = 200;
    private const int MaxOneShotMs = 500;

    // 9 V less 5 % of the adapter and half a volt of the diode D2.
    private const double InputShare = 0.89;

    // The adapter's tolerance, as the bill asks for it.
    private const double SupplyTolerance = 0.05;

    private const double DecouplingPicofarads = 47_000;
    private const double InputPicofarads = 1_000_000;

    // What a function of the controller leads to, over resistors and cables.
    private static readonly (string Function, string Ref, string Pin)[] Leads =
    [
        ("soundBitClock", "U6", "8"), ("soundSlotClock", "U6", "7"), ("soundData", "U6", "9"), ("soundSystemClock", "U6", "6"), ("cuffTrigger", "U20", "4"), ("cuffClear", "U20", "3"), ("cuffPump", "Q22", "G"),
        ("cuffBleed", "Q23", "G"), ("cuffValveSense", "U22", "1"), ("cuffSwitchSense", "Q24", "C"), ("stopSense", "S1", "1"), ("statusLed", "D3", "A"), ("oemTransmit", "J5", "1"), ("oemReceive", "J5", "2"),
        ("consoleTransmit", "J7", "1"), ("consoleReceive", "J7", "2"),
    ];

    private static readonly string[] Loads = ["coil", "motor"];

    /// <summary>Checks a wiring for one board of the controller and adds what is wrong.</summary>
    public static void Run(Wiring wiring, IReadOnlyList<CartPod> pods, List<Problem> problems)
    {
        Rules rules = new(wiring, problems);
        rules.Levels();
        rules.States();
        rules.Decoupling();
        rules.Bus();
        rules.Currents();
        rules.Safety();
        rules.OneShot();
        rules.ValveSense();
        rules.Flyback();
        rules.Surge();
        rules.TestPoints();
        rules.Cart(pods);
    }

    /// <summary>Whether pump and valves are without current.</summary>
    /// <param name="wiring">The wiring.</param>
    /// <param name="state">The state.</param>
    /// <returns>Reference designators of loads with current.</returns>
    public static IReadOnlyList<string> Powered(Wiring wiring, CircuitState state)
    {
        Circuit circuit = Circuit.Solve(wiring, state);
        return [.. wiring.Parts.Where(p => Loads.Contains(wiring.ItemOf(p).Kind) && p.Ref != state.Broken && Math.Abs(circuit.Amperes(p.Ref)) > OffAmperes).Select(p => p.Ref)];
    }

    /// <summary>Peak current that a net gives to the parts of some boards, A: what pins draw, what converters take, and what goes on through fuses, diodes, contacts and transistors.</summary>
    public static double Demand(Wiring wiring, string net, IReadOnlyList<string> boards)
    {
        double sum = 0;
        foreach (NetPart part in wiring.Parts.Where(p => boards.Contains(p.Board)))
        {
            BillItem item = wiring.ItemOf(part);
            sum += item.Draws.Where(d => part.Net(d.Pin) == net).Sum(d => d.PeakMilliamperes) / 1000.0;
            if (item.Converter is { } converter && part.Net(converter.From) == net && part.Net(converter.To) is { } to && to != net)
            {
                double current = Delivered(wiring, part, converter, to);
                double input = InputVolts(wiring, net);
                sum += converter.IsSwitching ? current * wiring.Rail(to).GetValueOrDefault((int)(OutputVolts(wiring, to) * 1000)) / 1000.0 * 1000 / converter.EfficiencyPermille / input : current;
            }
            else if (Passes(item) is { } pins && part.Net(pins.From) == net)
            {
                sum += Demand(wiring, part.Net(pins.To)!, Everywhere(wiring));
            }
        }

        return sum;
    }

    /// <summary>What a converter gives at most, A: what hangs on its output, or its own limit where another part gives that net too (a charger at its cell).</summary>
    private static double Delivered(Wiring wiring, NetPart part, Converter converter, string net) =>
        wiring.Rails.Any(r => r.Net == net && r.From != part.Ref) ? converter.LimitMilliamperes / 1000.0 : Demand(wiring, net, Everywhere(wiring));

    /// <summary>The voltage that a converter's output has, V: that of a rail, or of the rail behind a diode.</summary>
    private static double OutputVolts(Wiring wiring, string net) => wiring.Parts.Where(p => Passes(wiring.ItemOf(p)) is { } pins && p.Net(pins.From) == net)
        .Select(p => wiring.Rail(p.Net(Passes(wiring.ItemOf(p))!.Value.To)!)).OfType<int>().DefaultIfEmpty(0).Max() / 1000.0;

    private static double InputVolts(Wiring wiring, string net) => wiring.Rail(net) is { } rail ? rail / 1000.0 : InputShare * 9;

    private static string[] Everywhere(Wiring wiring) => [.. wiring.Boards.Select(b => b.Name)];

    /// <summary>What each converter, fuse, diode and contact of the supply carries at peak, mA, rounded up, and its limit.</summary>
    public static IEnumerable<(NetPart Part, string Net, int Milliamperes, int LimitMilliamperes)> Budget(Wiring wiring)
    {
        foreach (NetPart part in wiring.Parts)
        {
            BillItem item = wiring.ItemOf(part);
            if (item.Converter is { } converter && part.Net(converter.To) is { } output)
            {
                yield return (part, output, (int)Math.Ceiling(1000 * Delivered(wiring, part, converter, output)), converter.LimitMilliamperes);
            }
            else if (Passes(item) is { } pins)
            {
                yield return (part, part.Net(pins.To)!, (int)Math.Ceiling(1000 * Demand(wiring, part.Net(pins.To)!, Everywhere(wiring))), (int)item.Value("ratedMilliamperes"));
            }
        }
    }

    private static (string From, string To)? Passes(BillItem item) => item.Kind switch
    {
        "fuse" or "contact" => ("1", "2"),
        "schottky" when item.Id == "d-supply" => ("A", "K"),
        "pFet" => ("S", "D"),
        _ => null,
    };

    private sealed class Rules(Wiring wiring, List<Problem> problems)
    {
        private readonly Dictionary<(string State, double Leak), Circuit> _solved = [];
        private string[]? _rails;

        private string[] Rails => _rails ??= [.. wiring.Rails.Where(r => r.Net != Wiring.Ground).Select(r => r.Net)];

        /// <summary>Each output, high and low, at each input that hangs on it over resistors; and gates as inputs of what they switch.</summary>
        public void Levels()
        {
            foreach ((NetPart part, ItemPin pin, string net) in wiring.Pins().Where(p => p.Pin.Role is PinRole.Output or PinRole.Bus && wiring.ItemOf(p.Part).Logic is not null && wiring.ItemOf(p.Part).Kind is "chip" or "module"))
            {
                HashSet<string> reached = Reached(net);
                foreach (bool isHigh in new[] { true, false })
                {
                    string driver = part.Ref + "." + pin.Number;
                    Circuit circuit = Circuit.Solve(wiring, new CircuitState { Drives = new Dictionary<string, bool>(StringComparer.Ordinal) { [driver] = isHigh } });
                    foreach ((NetPart other, ItemPin input, string at) in wiring.Pins().Where(p => reached.Contains(p.Net) && p.Part.Ref != part.Ref && p.Pin.Role is PinRole.Input or PinRole.Bus))
                    {
                        Receive(circuit, driver, other, input, at, isHigh);
                    }

                    foreach (NetPart gate in wiring.Parts.Where(p => wiring.ItemOf(p).Kind == "nFet" && reached.Contains(p.Net("G")!)))
                    {
                        Gate(circuit, driver, gate, isHigh);
                    }
                }
            }
        }

        /// <summary>What buttons, contacts, comparator and one-shot give.</summary>
        public void States()
        {
            Expect("reset", "U1.cuffSwitchSense", isHigh: false);
            Expect("switchOpen", "U1.cuffSwitchSense", isHigh: true);
            Expect("reset", "U1.stopSense", isHigh: false);
            Expect("stop", "U1.stopSense", isHigh: true);
            Expect("reset", "U1.cuffValveSense", isHigh: false);
            Expect("held", "U1.cuffValveSense", isHigh: true);
            Expect("reset", "U20.3", isHigh: false);
            Expect("held", "U20.3", isHigh: true);
            Expect("stop", "U20.3", isHigh: false);
            Expect("reset", "U20.4", isHigh: false);
            Expect("reset", "U20.5", isHigh: true);
            Expect("reset", "U1.EN", isHigh: true);
            Expect("reset", "U1.IO0", isHigh: true);
            Expect("reset", "U1.oemReceive", isHigh: true);
            Expect("reset", "U1.consoleReceive", isHigh: true);
            Expect("reset", "U1.soundData", isHigh: false);

            // A cable that is not plugged in must not leave an input to chance: its controller sees what ends a measurement.
            Wiring alone = wiring with { Boards = [.. wiring.Boards.Where(b => b.Name == "pod")] };
            Circuit pod = Circuit.Solve(alone, new CircuitState { LeakAmperes = LeakAmperes });
            Unplugged(pod, "cuffSwitchSense", isHigh: true);
            Unplugged(pod, "cuffValveSense", isHigh: false);
            Unplugged(pod, "soundData", isHigh: false);

            foreach (NetPart gate in wiring.Parts.Where(p => wiring.ItemOf(p).Kind == "pFet"))
            {
                Circuit held = Solved("held");
                double drive = held.Volts(gate.Net("S")!) - held.Volts(gate.Net("G")!);
                double wanted = wiring.ItemOf(gate).Value("gateOnMillivolts") / 1000;
                if (drive < wanted)
                {
                    Wrong(gate, $"its gate has {V(drive)} when it is to conduct, and needs {V(wanted)}");
                }
            }

            Circuit running = Solved("running");
            Circuit stopped = Solved("stop");
            Circuit[] floating = [Solved("reset", LeakAmperes), Solved("reset", -LeakAmperes)];
            HashSet<string> stop = wiring.Part(Wiring.Controller)?.Net("stopSense") is { } sense ? Reached(sense) : [];
            foreach (NetPart gate in wiring.Parts.Where(p => wiring.ItemOf(p).Kind == "nFet"))
            {
                // The transistor of STOP conducts while the others must not.
                bool isStop = stop.Contains(gate.Net("G")!);
                Gate(running, "state running", gate, isHigh: !isStop);
                if (isStop)
                {
                    Gate(stopped, "state stop", gate, isHigh: true);
                }

                foreach (Circuit circuit in floating)
                {
                    Gate(circuit, "a floating controller", gate, isHigh: false);
                }
            }
        }

        /// <summary>A capacitor of its own beside each supply pin.</summary>
        public void Decoupling()
        {
            foreach ((NetPart part, ItemPin pin, string net) in wiring.Pins().Where(p => p.Pin.Role is PinRole.Power or PinRole.Supply && (p.Pin.Role == PinRole.Supply || wiring.ItemOf(p.Part).Kind != "module")))
            {
                double least = pin.Role == PinRole.Power ? DecouplingPicofarads : InputPicofarads;
                if (!wiring.Parts.Any(c => c.Near == $"{part.Ref}.{pin.Number}" && c.Board == part.Board && c.Net("1") == net && c.Net("2") == Wiring.Ground && wiring.ItemOf(c).Value("picofarads") >= least))
                {
                    Wrong(part, string.Create(CultureInfo.InvariantCulture, $"pin {pin.Number} ({pin.Name}) has no capacitor of {least / 1000:0} nF or more beside it, from {net} to ground"));
                }
            }

            foreach (NetPart capacitor in wiring.Parts.Where(c => c.Near is not null && !wiring.Pins().Any(p => $"{p.Part.Ref}.{p.Pin.Number}" == c.Near)))
            {
                Wrong(capacitor, $"there is no pin {capacitor.Near}");
            }
        }

        /// <summary>One pull-up for each line, as the cart says; a rise fast enough; no more current than a part may sink.</summary>
        public void Bus()
        {
            foreach (string net in wiring.Pins().Where(p => p.Pin.Role == PinRole.Bus).Select(p => p.Net).Distinct(StringComparer.Ordinal))
            {
                (NetPart Part, ItemPin Pin, string Net)[] pins = [.. wiring.Pins().Where(p => p.Pin.Role == PinRole.Bus && p.Net == net)];
                NetPart[] pullUps = [.. wiring.Parts.Where(p => wiring.ItemOf(p).Kind == "resistor" && Other(p, net) is { } other && Rails.Contains(other))];
                if (pullUps.Length != 1)
                {
                    Wrong(pins[0].Part, string.Create(CultureInfo.InvariantCulture, $"{net} has {pullUps.Length} pull-ups ({string.Join(", ", pullUps.Select(p => p.Ref))}); one is right"));
                    continue;
                }

                double ohms = wiring.ItemOf(pullUps[0]).Value("ohms");
                double supply = wiring.Rail(Other(pullUps[0], net)!)!.Value / 1000.0;
                if (ohms != wiring.Limits.PullUpOhms)
                {
                    Wrong(pullUps[0], string.Create(CultureInfo.InvariantCulture, $"is {ohms:0} Ω; hardware/cart.json says {wiring.Limits.PullUpOhms}"));
                }

                double picofarads = BusPicofarads(net);
                double nanoseconds = RiseFactor * ohms * picofarads / 1000;
                double limit = wiring.Limits.BusHz > 100_000 ? 300 : 1000;
                if (nanoseconds > limit)
                {
                    Wrong(pullUps[0], string.Create(CultureInfo.InvariantCulture, $"{net} has {picofarads:0} pF and rises in {nanoseconds:0} ns; at {wiring.Limits.BusHz / 1000} kHz at most {limit:0}"));
                }

                if ((supply - 0.4) / ohms > SinkAmperes)
                {
                    Wrong(pullUps[0], string.Create(CultureInfo.InvariantCulture, $"{net} asks for {(supply - 0.4) / ohms * 1000:0.0} mA at 0.4 V; a part sinks 3"));
                }
            }
        }

        /// <summary>Peak currents within converters, fuses, contacts, transistors and connectors; converters with enough input.</summary>
        public void Currents()
        {
            foreach (NetPart part in wiring.Parts)
            {
                BillItem item = wiring.ItemOf(part);
                if (item.Converter is { } converter && part.Net(converter.To) is { } output)
                {
                    Within(part, Delivered(wiring, part, converter, output), converter.LimitMilliamperes, $"gives {output}");
                    double input = wiring.Rail(part.Net(converter.From)!) is { } rail ? 0.98 * rail / 1000 : InputShare * 9;
                    double needed = converter.IsSwitching ? converter.MinInputMillivolts / 1000.0 : (wiring.Rail(output).GetValueOrDefault() + converter.DropoutMillivolts) / 1000.0;
                    if (input < needed)
                    {
                        Wrong(part, $"has {V(input)} at its input and needs {V(needed)}");
                    }
                }
                else if (Passes(item) is { } pins)
                {
                    Within(part, Demand(wiring, part.Net(pins.To)!, Everywhere(wiring)), item.Value("ratedMilliamperes"), $"carries {part.Net(pins.To)}");
                }
                else if (item.Kind == "nFet")
                {
                    double load = wiring.Parts.Where(p => Loads.Contains(wiring.ItemOf(p).Kind) && p.Net("2") == part.Net("D")).Sum(p => wiring.ItemOf(p).Draws.Sum(d => d.PeakMilliamperes)) / 1000.0;
                    Within(part, load, item.Value("ratedMilliamperes"), "switches its load");
                }
            }

            foreach (NetCable cable in wiring.Cables)
            {
                if (wiring.Part(cable.From) is not { } from || wiring.Part(cable.To) is not { } to)
                {
                    continue;
                }

                foreach (string net in from.Nets.Select(n => n.Value).Distinct(StringComparer.Ordinal).Where(n => n != Wiring.Ground))
                {
                    // On one board a cable leads to one load; between two boards the current flows away from the rail's own board.
                    double demand = from.Board == to.Board
                        ? Load(to, net)
                        : Demand(wiring, net, [IsFed(net, to.Board) ? from.Board : to.Board]);
                    foreach (NetPart end in new[] { from, to }.Where(e => wiring.ItemOf(e).Kind == "connector"))
                    {
                        Within(end, demand, wiring.ItemOf(end).Value("ratedMilliamperes") * end.Nets.Count(n => n.Value == net), $"carries {net} to {(end == from ? to.Ref : from.Ref)}");
                    }
                }
            }
        }

        /// <summary>Valves open and pump off whenever the controller floats; STOP and the pressure switch stronger than any output.</summary>
        public void Safety()
        {
            foreach (string[] dead in Rails.Select(r => new[] { r }).Prepend([]))
            {
                foreach (double leak in new[] { LeakAmperes, -LeakAmperes })
                {
                    Off(new CircuitState { DeadRails = dead, LeakAmperes = leak }, "the controller floats" + (dead.Length == 0 ? string.Empty : $" and {dead[0]} is dead"));
                }
            }

            Wiring alone = wiring with { Boards = [.. wiring.Boards.Where(b => b.Name == "cuff")] };
            foreach (string load in Powered(alone, new CircuitState { LeakAmperes = LeakAmperes }))
            {
                Wrong(wiring.Part(load)!, "has current when the cuff's board has no cable to the pod's");
            }

            foreach (string load in Powered(wiring, Circuit.Named("stop")).Where(l => wiring.ItemOf(wiring.Part(l)!).Kind == "motor" || wiring.Part(l)!.Item == "dump-valve"))
            {
                Wrong(wiring.Part(load)!, "has current while STOP is pressed");
            }

            StopWires();
            Off(Circuit.Named("switchOpen"), "the pressure switch is open");
            CircuitState untriggered = Circuit.Named("running") with { IsTriggered = false };
            foreach (string load in Powered(wiring, untriggered).Where(l => wiring.Part(l)!.Item != "bleed-valve"))
            {
                Wrong(wiring.Part(load)!, "has current when the one-shot has run out");
            }

            Circuit held = Solved("running");
            foreach (NetPart load in wiring.Parts.Where(p => Loads.Contains(wiring.ItemOf(p).Kind)))
            {
                double wanted = HeldShare * 5 / wiring.ItemOf(load).Value("ohms");
                if (held.Amperes(load.Ref) < wanted)
                {
                    Wrong(load, string.Create(CultureInfo.InvariantCulture, $"has {held.Amperes(load.Ref) * 1000:0} mA when it is driven; it needs {wanted * 1000:0}"));
                }
            }
        }

        /// <summary>A STOP button whose wire is broken, at the button or between the boards, stops like one that is pressed; and the controller sees the one at the button.</summary>
        private void StopWires()
        {
            foreach (NetPart button in wiring.Parts.Where(p => wiring.ItemOf(p).Kind == "button"))
            {
                CircuitState broken = Circuit.Named("running") with { Broken = button.Ref };
                Stopped(wiring, broken, $"the wire of {button.Ref} is broken");
                if (wiring.Part(Wiring.Controller) is { } controller && controller.Net("stopSense") is { } net)
                {
                    // With the cuff's board, and without it: with an OEM module the program alone stops.
                    foreach (Wiring boards in new[] { wiring, wiring with { Boards = [.. wiring.Boards.Where(b => b.Name == button.Board)] } })
                    {
                        Receive(Circuit.Solve(boards, broken), $"the broken wire of {button.Ref}", controller, wiring.ItemOf(controller).Pins.First(p => p.Number == "stopSense"), net, isHigh: true);
                    }
                }

                foreach (string line in button.Nets.Select(n => n.Value).Where(n => n != Wiring.Ground))
                {
                    Wiring cut = wiring with { Boards = [.. wiring.Boards.Select(b => b.Name == button.Board ? b : b with { Sheets = [.. b.Sheets.Select(s => Renamed(s, line))] })] };
                    Stopped(cut, Circuit.Named("running"), $"{line} is broken between the boards");
                }
            }
        }

        private static NetSheet Renamed(NetSheet sheet, string net) => sheet with { Rows = [.. sheet.Rows.Select(r => (IReadOnlyList<NetPart>)[.. r.Select(p => Renamed(p, net))])] };

        private static NetPart Renamed(NetPart part, string net) => part with { Nets = [.. part.Nets.Select(n => n.Value == net ? new KeyValuePair<string, string>(n.Key, net + " cut") : n)] };

        private void Stopped(Wiring boards, CircuitState state, string when)
        {
            foreach (string load in Powered(boards, state).Where(l => boards.ItemOf(boards.Part(l)!).Kind == "motor" || boards.Part(l)!.Item == "dump-valve"))
            {
                Wrong(boards.Part(load)!, $"has current when {when}");
            }
        }

        /// <summary>The one-shot's width from its resistor and capacitor.</summary>
        public void OneShot()
        {
            foreach (NetPart chip in wiring.Parts.Where(p => wiring.ItemOf(p).Kind == "monostable"))
            {
                NetPart[] resistors = [.. wiring.Parts.Where(p => wiring.ItemOf(p).Kind == "resistor" && Other(p, chip.Net("2")!) == chip.Net("16"))];
                NetPart[] capacitors = [.. wiring.Parts.Where(p => wiring.ItemOf(p).Kind == "capacitor" && Other(p, chip.Net("2")!) == Wiring.Ground)];
                if (resistors.Length != 1 || capacitors.Length != 1)
                {
                    Wrong(chip, "needs one resistor to its supply and one capacitor to ground at RXCX");
                    continue;
                }

                BillItem r = wiring.ItemOf(resistors[0]), c = wiring.ItemOf(capacitors[0]);
                double width = WidthFactor * r.Value("ohms") * c.Value("picofarads") * 1e-9;
                double low = width * (1 - WidthTolerance) * (1 - (r.Value("tolerancePermille") / 1000)) * (1 - (c.Value("tolerancePermille") / 1000));
                double high = width * (1 + WidthTolerance) * (1 + (r.Value("tolerancePermille") / 1000)) * (1 + (c.Value("tolerancePermille") / 1000));
                if (low < MinOneShotMs || high > MaxOneShotMs || Math.Abs(width - wiring.Limits.OneShotMilliseconds) > 0.02 * width)
                {
                    Wrong(chip, string.Create(CultureInfo.InvariantCulture, $"holds for {width:0} ms ({low:0} to {high:0}); hardware/cart.json says {wiring.Limits.OneShotMilliseconds}, and {MinOneShotMs} to {MaxOneShotMs} are allowed"));
                }

                if (!wiring.Parts.Any(p => wiring.ItemOf(p).Kind == "schottky" && p.Net("A") == chip.Net("2") && p.Net("K") == chip.Net("16")))
                {
                    Wrong(chip, "has no diode from RXCX to its supply: at power-off the capacitor would discharge through the chip");
                }
            }
        }

        /// <summary>The comparator tells a held valve from an open one for every coil that the bill allows.</summary>
        public void ValveSense()
        {
            Circuit circuit = Solved("reset");
            foreach (NetPart comparator in wiring.Parts.Where(p => wiring.ItemOf(p).Kind == "comparator"))
            {
                foreach (NetPart coil in wiring.Parts.Where(p => wiring.ItemOf(p).Value("maxOhms") > 0))
                {
                    NetPart? shunt = wiring.Parts.FirstOrDefault(p => wiring.ItemOf(p).Kind == "resistor" && Other(p, coil.Net("2")!) == Wiring.Ground);
                    double ohms = shunt is null ? 0 : wiring.ItemOf(shunt).Value("ohms");
                    double margin = 2 * wiring.ItemOf(comparator).Value("offsetMillivolts") / 1000;
                    double threshold = circuit.Volts(comparator.Net("2")!);

                    // The lowest voltage at the valve: 5 V less 10 % for regulator, fuse, contacts and cable.
                    double weakest = 4.5 * ohms / (wiring.ItemOf(coil).Value("maxOhms") + ohms);
                    if (threshold < margin || weakest < threshold + margin)
                    {
                        Wrong(comparator, $"its threshold of {V(threshold)} is not apart from 0 V and from the {V(weakest)} of the weakest valve by {V(margin)} each");
                    }
                }
            }
        }

        /// <summary>A diode across each coil and motor.</summary>
        public void Flyback()
        {
            foreach (NetPart load in wiring.Parts.Where(p => Loads.Contains(wiring.ItemOf(p).Kind)))
            {
                NetPart? diode = wiring.Parts.FirstOrDefault(p => wiring.ItemOf(p).Kind == "schottky" && p.Net("A") == load.Net("2") && p.Net("K") == load.Net("1"));
                if (diode is null || wiring.ItemOf(diode).Value("ratedMilliamperes") < wiring.ItemOf(load).Draws.Sum(d => d.PeakMilliamperes))
                {
                    Wrong(load, "has no diode across it that takes its current, cathode at the supply");
                }
            }
        }

        /// <summary>A transient suppressor carries nothing at the supply's highest voltage, and what it lets through is borne by every capacitor and converter behind it.</summary>
        public void Surge()
        {
            foreach (NetPart suppressor in wiring.Parts.Where(p => wiring.ItemOf(p).Kind == "tvs"))
            {
                double clamp = wiring.ItemOf(suppressor).Value("clampMillivolts") / 1000, breakdown = wiring.ItemOf(suppressor).Value("breakdownMillivolts") / 1000;
                double supply = wiring.Rails.Where(r => r.From == "J1").Select(r => r.Millivolts).DefaultIfEmpty(0).Max() / 1000.0 * (1 + SupplyTolerance);
                if (breakdown < supply || clamp < breakdown)
                {
                    Wrong(suppressor, $"conducts from {V(breakdown)} and clamps at {V(clamp)}; the supply has up to {V(supply)}");
                }

                HashSet<string> behind = [suppressor.Net("K")!];
                for (bool isMore = true; isMore;)
                {
                    string[] next = [.. wiring.Parts.Select(p => (Part: p, Pins: Passes(wiring.ItemOf(p)))).Where(p => p.Pins is { } pins && behind.Contains(p.Part.Net(pins.From)!)).Select(p => p.Part.Net(p.Pins!.Value.To)!).Where(n => !behind.Contains(n))];
                    behind.UnionWith(next);
                    isMore = next.Length > 0;
                }

                foreach (NetPart part in wiring.Parts.Where(p => wiring.ItemOf(p) is { } item && ((item.Kind == "capacitor" && p.Nets.Any(n => behind.Contains(n.Value))) || (item.Converter is { } c && behind.Contains(p.Net(c.From)!)))))
                {
                    double bears = wiring.ItemOf(part).Value("maxMillivolts") / 1000;
                    if (bears < clamp)
                    {
                        Wrong(part, $"bears {V(bears)}, and {suppressor.Ref} lets {V(clamp)} through");
                    }
                }
            }
        }

        /// <summary>Computed voltages within the limits of bring-up.md.</summary>
        public void TestPoints()
        {
            foreach (Netlist board in wiring.Boards)
            {
                foreach (NetTestPoint point in board.TestPoints)
                {
                    double millivolts = 1000 * Solved(point.State).Volts(point.Net);
                    if (millivolts < point.LowMillivolts - 0.5 || millivolts > point.HighMillivolts + 0.5)
                    {
                        WiringChecks.Wrong(problems, board.File, point.Point, string.Create(CultureInfo.InvariantCulture, $"{point.Net} has {millivolts:0} mV in state {point.State}, outside {point.LowMillivolts} to {point.HighMillivolts}"));
                    }
                }
            }
        }

        /// <summary>The sample cart's parts are on the boards, on the bus that it says; its pressure switch is the bill's.</summary>
        public void Cart(IReadOnlyList<CartPod> pods)
        {
            BillItem[] switches = [.. wiring.Parts.Select(p => wiring.ItemOf(p)).Where(i => i.Kind == "contact")];
            foreach (BillItem item in switches.Where(i => i.Value("nominalMmHg") != wiring.Limits.SwitchMmHg || i.Value("lowestMmHg") != wiring.Limits.SwitchLowestMmHg || i.Value("highestMmHg") != wiring.Limits.SwitchHighestMmHg))
            {
                WiringChecks.Wrong(problems, WiringReader.BillFile, item.Id, "does not open where hardware/cart.json says");
            }

            foreach (CartPeripheral peripheral in pods.SelectMany(p => p.Peripherals))
            {
                if (wiring.Part(peripheral.Designator) is not { } part || !wiring.ItemOf(part).Name.Contains(peripheral.Part, StringComparison.OrdinalIgnoreCase))
                {
                    WiringChecks.Wrong(problems, ModelReader.CartFile, peripheral.Designator, $"no board has it as {peripheral.Part}");
                }
                else if (peripheral.Address is not null && wiring.ItemOf(part).Pins.Where(p => p.Role == PinRole.Bus).Any(p => part.Net(p.Number) is not ("SDA" or "SCL") || part.Net(p.Number) != p.Name))
                {
                    Wrong(part, "is not on the bus: SDA at SDA, SCL at SCL");
                }
            }

            foreach ((string function, string reference, string pin) in Leads)
            {
                if (wiring.Part(reference) is { } end && wiring.Part(Wiring.Controller)?.Net(function) is { } net && (end.Net(pin) is not { } at || !Reached(net).Contains(at)))
                {
                    Wrong(end, $"{function} of the controller does not lead to its pin {pin}");
                }
            }

            if (wiring.Part(Wiring.Controller) is { } controller && (controller.Net("i2cData") != "SDA" || controller.Net("i2cClock") != "SCL"))
            {
                Wrong(controller, "is not on the bus: i2cData at SDA, i2cClock at SCL");
            }
        }

        private static string V(double volts) => string.Create(CultureInfo.InvariantCulture, $"{volts:0.00} V");

        private Circuit Solved(string state, double leak = 0)
        {
            if (!_solved.TryGetValue((state, leak), out Circuit? circuit))
            {
                _solved.Add((state, leak), circuit = Circuit.Solve(wiring, Circuit.Named(state) with { LeakAmperes = leak }));
            }

            return circuit;
        }

        private void Unplugged(Circuit pod, string function, bool isHigh)
        {
            if (wiring.Part(Wiring.Controller) is not { } controller || controller.Net(function) is not { } net)
            {
                return;
            }

            LogicLevels levels = wiring.ItemOf(controller).Logic!;
            double volts = pod.Volts(net);
            if (isHigh ? volts < levels.InputHigh!.At(3.3) || volts > 3.6 : volts > levels.InputLow!.At(3.3))
            {
                Wrong(controller, $"{function} has {V(volts)} when its board is not plugged in; it must be {(isHigh ? "high" : "low")}");
            }
        }

        private void Off(CircuitState state, string when)
        {
            foreach (string load in Powered(wiring, state))
            {
                Wrong(wiring.Part(load)!, $"has current when {when}");
            }
        }

        private void Expect(string state, string place, bool isHigh)
        {
            string[] words = place.Split('.', 2);
            if (wiring.Part(words[0]) is not { } part || wiring.ItemOf(part).Pins.FirstOrDefault(p => p.Number == words[1]) is not { } pin || part.Net(pin.Number) is not { } net)
            {
                return;
            }

            foreach (double leak in new[] { LeakAmperes, -LeakAmperes })
            {
                Receive(Solved(state, leak), "state " + state, part, pin, net, isHigh);
            }
        }

        private void Receive(Circuit circuit, string driver, NetPart part, ItemPin pin, string net, bool isHigh)
        {
            if (wiring.ItemOf(part).Logic is not { InputHigh: not null, InputLow: not null } logic)
            {
                return;
            }

            double supply = wiring.SupplyOf(part), volts = circuit.Volts(net);
            if (isHigh && volts < logic.InputHigh.At(supply) - 1e-6)
            {
                Wrong(part, $"{pin.Name} has {V(volts)} from {driver}; high is {V(logic.InputHigh.At(supply))} at its supply of {V(supply)}");
            }
            else if (!isHigh && volts > logic.InputLow.At(supply) + 1e-6)
            {
                Wrong(part, $"{pin.Name} has {V(volts)} from {driver}; low is {V(logic.InputLow.At(supply))} at its supply of {V(supply)}");
            }
            else if (part.Ref == Wiring.Controller && volts > supply + 0.3)
            {
                Wrong(part, $"{pin.Name} has {V(volts)} from {driver}; its supply is {V(supply)}");
            }
        }

        private void Gate(Circuit circuit, string driver, NetPart gate, bool isHigh)
        {
            double volts = circuit.Volts(gate.Net("G")!) - circuit.Volts(gate.Net("S")!);
            BillItem item = wiring.ItemOf(gate);
            if (isHigh && volts < item.Value("gateOnMillivolts") / 1000)
            {
                Wrong(gate, $"its gate has {V(volts)} from {driver}; it needs {V(item.Value("gateOnMillivolts") / 1000)}");
            }
            else if (!isHigh && volts > item.Value("gateOffMillivolts") / 1000)
            {
                Wrong(gate, $"its gate has {V(volts)} from {driver}; it must be below {V(item.Value("gateOffMillivolts") / 1000)}");
            }
        }

        private void Within(NetPart part, double amperes, double limitMilliamperes, string what)
        {
            if (amperes * 1000 > limitMilliamperes)
            {
                Wrong(part, string.Create(CultureInfo.InvariantCulture, $"{what} at up to {amperes * 1000:0} mA; its limit is {limitMilliamperes:0}"));
            }
        }

        private double Load(NetPart part, string net) => (wiring.ItemOf(part).Draws.Where(d => part.Net(d.Pin) == net).Sum(d => d.PeakMilliamperes) / 1000.0)
            + (Passes(wiring.ItemOf(part)) is { } pins ? Demand(wiring, part.Net(pins.To)!, Everywhere(wiring)) : 0);

        private bool IsFed(string net, string board) => wiring.Parts.Any(p => p.Board == board
            && ((wiring.ItemOf(p).Converter is { } c && p.Net(c.To) == net) || (Passes(wiring.ItemOf(p)) is { } pins && p.Net(pins.To) == net)));

        private double BusPicofarads(string net) =>
            wiring.Pins().Where(p => p.Net == net && p.Pin.Role == PinRole.Bus).Sum(p => wiring.ItemOf(p.Part).Value("pinPicofarads"))
            + wiring.Boards.Where(b => b.Parts.Any(p => p.Nets.Any(n => n.Value == net))).Sum(b => b.TracePicofarads)
            + wiring.Cables.Where(c => wiring.Part(c.From)?.Nets.Any(n => n.Value == net) == true).Sum(c => c.Millimetres * c.PicofaradsPerMetre / 1000.0);

        private HashSet<string> Reached(string net)
        {
            HashSet<string> reached = new(StringComparer.Ordinal) { net };
            Queue<string> open = new([net]);
            while (open.TryDequeue(out string? at))
            {
                foreach (string next in wiring.Parts.Where(p => wiring.ItemOf(p).Kind == "resistor").Select(p => Other(p, at)).OfType<string>().Where(n => n != Wiring.Ground && wiring.Rail(n) is null && reached.Add(n)))
                {
                    open.Enqueue(next);
                }
            }

            return reached;
        }

        /// <summary>The other end of a part with two pins that has one end on a net; null when it has none there.</summary>
        private static string? Other(NetPart part, string net) => part.Nets.Count != 2 ? null : part.Nets[0].Value == net ? part.Nets[1].Value : part.Nets[1].Value == net ? part.Nets[0].Value : null;

        private void Wrong(NetPart part, string detail) => WiringChecks.Wrong(problems, WiringReader.NetlistFolder + part.Board + ".json", part.Ref, detail);
    }
}
