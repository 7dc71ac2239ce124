using System;
using System.Collections.Generic;
using System.Linq;

namespace CartGen;

/// <summary>What a circuit is solved for.</summary>
internal sealed record CircuitState
{
    /// <summary>Outputs that drive, by "U1.cuffPump": true high, false low. Outputs that are not named float.</summary>
    public IReadOnlyDictionary<string, bool> Drives { get; init; } = new Dictionary<string, bool>(StringComparer.Ordinal);

    /// <summary>True: the one-shot was triggered and runs, unless its reset input is low.</summary>
    public bool IsTriggered { get; init; }

    /// <summary>True: the pressure switch has opened.</summary>
    public bool IsSwitchOpen { get; init; }

    /// <summary>True: the STOP button is pressed, and its contact, normally closed, is open.</summary>
    public bool IsStopPressed { get; init; }

    /// <summary>Rails that have no voltage.</summary>
    public IReadOnlyList<string> DeadRails { get; init; } = [];

    /// <summary>Current into each floating output and each gate, A; its sign is the worse of both.</summary>
    public double LeakAmperes { get; init; }

    /// <summary>Part that is broken, or null.</summary>
    public string? Broken { get; init; }

    /// <summary>True: its terminals are joined. False: they are apart.</summary>
    public bool IsShorted { get; init; }
}

/// <summary>
/// Direct voltages and currents of all boards together: nodal analysis with rails as fixed voltages, diodes with a fixed drop, transistors and contacts as switches, repeated until no switch changes.
/// Capacitors are open, coils and motors are their resistance. It knows no time.
/// </summary>
internal sealed class Circuit
{
    /// <summary>Names of the states of test points; see <see cref="Named"/>.</summary>
    public static readonly string[] States = ["reset", "held", "running", "stop", "switchOpen"];

    private const double MinSiemens = 1e-12;
    private const double DriverSiemens = 1; // A level of a data sheet holds at the current of a data sheet: next to no resistance is added to it.
    private const double ContactSiemens = 10; // Assumption: 0.1 Ω
    private const double BodyDiodeVolts = 0.7;
    private const double BaseVolts = 0.65;
    private const double NpnSiemens = 1 / 20.0; // 0.2 V at 10 mA
    private const int MaxRounds = 40;

    private readonly Wiring _wiring;
    private readonly (NetPart Part, BillItem Item)[] _parts;
    private readonly Dictionary<string, int> _nodes = new(StringComparer.Ordinal);
    private readonly CircuitState _state;
    private readonly Dictionary<string, bool> _on = new(StringComparer.Ordinal);
    private double[] _volts = [];
    private double[][] _siemens = [];
    private double[] _amperes = [];

    private Circuit(Wiring wiring, CircuitState state)
    {
        _wiring = wiring;
        _state = state;
        _parts = [.. wiring.Parts.Select(p => (p, wiring.ItemOf(p)))];
        foreach (string net in _parts.SelectMany(p => p.Part.Nets).Select(n => n.Value).Distinct(StringComparer.Ordinal))
        {
            _nodes.Add(net, _nodes.Count);
        }
    }

    /// <summary>A state by its name, with the controller's outputs as it has them.</summary>
    public static CircuitState Named(string name)
    {
        Dictionary<string, bool> held = new(StringComparer.Ordinal) { ["U1.cuffClear"] = true, ["U1.cuffTrigger"] = false, ["U1.cuffPump"] = false, ["U1.cuffBleed"] = false };
        Dictionary<string, bool> running = new(StringComparer.Ordinal) { ["U1.cuffClear"] = true, ["U1.cuffTrigger"] = false, ["U1.cuffPump"] = true, ["U1.cuffBleed"] = true };
        return name switch
        {
            "held" => new CircuitState { Drives = held, IsTriggered = true },
            "running" => new CircuitState { Drives = running, IsTriggered = true },
            "stop" => new CircuitState { Drives = running, IsTriggered = true, IsStopPressed = true },
            "switchOpen" => new CircuitState { Drives = running, IsTriggered = true, IsSwitchOpen = true },
            _ => new CircuitState(),
        };
    }

    /// <summary>Solves a wiring for a state.</summary>
    public static Circuit Solve(Wiring wiring, CircuitState state)
    {
        Circuit circuit = new(wiring, state);
        circuit._volts = new double[circuit._nodes.Count];
        for (int round = 0; round < MaxRounds; round++)
        {
            circuit.Step();
            if (!circuit.Switches())
            {
                break;
            }
        }

        return circuit;
    }

    /// <summary>Voltage of a net against ground, V.</summary>
    public double Volts(string net) => _volts[_nodes[net]];

    /// <summary>Current through a coil, a motor or a resistor from its first to its second pin, A.</summary>
    public double Amperes(string reference)
    {
        NetPart part = _wiring.Part(reference)!;
        return (Volts(part.Net("1")!) - Volts(part.Net("2")!)) / _wiring.ItemOf(part).Value("ohms");
    }

    private double Supply(NetPart part) => _wiring.ItemOf(part).Pins.Where(p => p.Role == PinRole.Power).Select(p => part.Net(p.Number)).OfType<string>().Select(Volts).DefaultIfEmpty(0).Min();

    private void Step()
    {
        int n = _nodes.Count;
        _siemens = [.. Enumerable.Range(0, n).Select(_ => new double[n])];
        _amperes = new double[n];
        for (int i = 0; i < n; i++)
        {
            _siemens[i][i] = MinSiemens;
        }

        foreach ((NetPart part, BillItem item) in _parts)
        {
            Stamp(part, item);
        }

        foreach (NetRail rail in _wiring.Rails)
        {
            Fix(rail.Net, _state.DeadRails.Contains(rail.Net) ? 0 : rail.Millivolts / 1000.0);
        }

        if (_nodes.ContainsKey(Wiring.Ground))
        {
            Fix(Wiring.Ground, 0);
        }

        Eliminate();
    }

    private void Stamp(NetPart part, BillItem item)
    {
        if (part.Ref == _state.Broken)
        {
            if (_state.IsShorted)
            {
                for (int i = 1; i < part.Nets.Count; i++)
                {
                    Join(part.Nets[0].Value, part.Nets[i].Value, ContactSiemens);
                }
            }

            return;
        }

        switch (item.Kind)
        {
            case "resistor" or "coil" or "motor":
                Join(part.Net("1")!, part.Net("2")!, 1 / item.Value("ohms"));
                break;
            case "fuse":
                Join(part.Net("1")!, part.Net("2")!, 1 / item.Value("ohms"));
                break;
            case "contact" when !_state.IsSwitchOpen:
            case "button" when !_state.IsStopPressed:
                Join(part.Net("1")!, part.Net("2")!, ContactSiemens);
                break;
            case "schottky" or "led" when IsOn(part.Ref):
                Diode(part.Net("A")!, part.Net("K")!, item.Value("forwardMillivolts") / 1000);
                break;
            case "nFet" or "pFet":
                Leak(part.Net("G")!);
                if (IsOn(part.Ref))
                {
                    Join(part.Net("D")!, part.Net("S")!, 1000 / item.Value("onMilliohms"));
                }

                if (IsOn(part.Ref + ".body"))
                {
                    bool isN = item.Kind == "nFet";
                    Diode(part.Net(isN ? "S" : "D")!, part.Net(isN ? "D" : "S")!, BodyDiodeVolts);
                }

                break;
            case "npn" when IsOn(part.Ref):
                Diode(part.Net("B")!, part.Net("E")!, BaseVolts);
                Join(part.Net("C")!, part.Net("E")!, NpnSiemens);
                break;
            case "comparator" when IsOn(part.Ref):
                Join(part.Net("1")!, part.Net("4")!, DriverSiemens);
                break;
            case "monostable" when IsOn(part.Ref + ".alive"):
                Drive(part.Net("6")!, Level(part, item, IsOn(part.Ref)));
                break;
            case "chip" or "module":
                foreach (ItemPin pin in item.Pins.Where(p => p.Role is PinRole.Output or PinRole.Bus or PinRole.OpenDrain && part.Net(p.Number) is not null))
                {
                    Output(part, item, pin);
                }

                break;
        }
    }

    private void Output(NetPart part, BillItem item, ItemPin pin)
    {
        string net = part.Net(pin.Number)!;
        if (!_state.Drives.TryGetValue(part.Ref + "." + pin.Number, out bool isHigh))
        {
            if (part.Ref == Wiring.Controller && pin.Role == PinRole.Output)
            {
                Leak(net);
            }
        }
        else if (!isHigh || pin.Role == PinRole.Output)
        {
            Drive(net, Level(part, item, isHigh));
        }
    }

    private double Level(NetPart part, BillItem item, bool isHigh) => (isHigh ? item.Logic?.OutputHigh : item.Logic?.OutputLow)?.At(Supply(part)) ?? 0;

    private bool IsOn(string name) => _on.GetValueOrDefault(name);

    /// <summary>Brings every switch to what the voltages ask for; true when one has changed.</summary>
    private bool Switches()
    {
        bool isChanged = false;
        foreach ((NetPart part, BillItem item) in _parts.Where(p => p.Part.Ref != _state.Broken))
        {
            switch (item.Kind)
            {
                case "schottky" or "led":
                    isChanged |= SetDiode(part.Ref, part.Net("A")!, part.Net("K")!, item.Value("forwardMillivolts") / 1000);
                    break;
                case "nFet":
                    isChanged |= Set(part.Ref, Volts(part.Net("G")!) - Volts(part.Net("S")!) > item.Value("gateOffMillivolts") / 1000);
                    isChanged |= SetDiode(part.Ref + ".body", part.Net("S")!, part.Net("D")!, BodyDiodeVolts);
                    break;
                case "pFet":
                    isChanged |= Set(part.Ref, Volts(part.Net("S")!) - Volts(part.Net("G")!) > item.Value("gateOffMillivolts") / 1000);
                    isChanged |= SetDiode(part.Ref + ".body", part.Net("D")!, part.Net("S")!, BodyDiodeVolts);
                    break;
                case "npn":
                    isChanged |= SetDiode(part.Ref, part.Net("B")!, part.Net("E")!, BaseVolts);
                    break;
                case "comparator":
                    isChanged |= Set(part.Ref, Supply(part) > 2 && Volts(part.Net("3")!) < Volts(part.Net("2")!));
                    break;
                case "monostable":
                    isChanged |= Set(part.Ref + ".alive", Supply(part) > 2);
                    isChanged |= Set(part.Ref, _state.IsTriggered && Volts(part.Net("3")!) >= item.Logic!.InputHigh!.At(Supply(part)));
                    break;
            }
        }

        return isChanged;
    }

    private bool SetDiode(string name, string anode, string cathode, double drop)
    {
        double over = Volts(anode) - Volts(cathode) - drop;
        return Set(name, IsOn(name) ? over > -1e-9 : over > 1e-6);
    }

    private bool Set(string name, bool isOn)
    {
        bool isChanged = IsOn(name) != isOn;
        _on[name] = isOn;
        return isChanged;
    }

    private void Join(string a, string b, double siemens)
    {
        int i = _nodes[a], j = _nodes[b];
        _siemens[i][i] += siemens;
        _siemens[j][j] += siemens;
        _siemens[i][j] -= siemens;
        _siemens[j][i] -= siemens;
    }

    private void Diode(string anode, string cathode, double drop)
    {
        Join(anode, cathode, ContactSiemens);
        _amperes[_nodes[anode]] += ContactSiemens * drop;
        _amperes[_nodes[cathode]] -= ContactSiemens * drop;
    }

    private void Drive(string net, double volts)
    {
        _siemens[_nodes[net]][_nodes[net]] += DriverSiemens;
        _amperes[_nodes[net]] += DriverSiemens * volts;
    }

    private void Leak(string net) => _amperes[_nodes[net]] += _state.LeakAmperes;

    private void Fix(string net, double volts)
    {
        int i = _nodes[net];
        Array.Clear(_siemens[i]);
        _siemens[i][i] = 1;
        _amperes[i] = volts;
    }

    private void Eliminate()
    {
        int n = _amperes.Length;
        for (int k = 0; k < n; k++)
        {
            int pivot = k;
            for (int i = k + 1; i < n; i++)
            {
                if (Math.Abs(_siemens[i][k]) > Math.Abs(_siemens[pivot][k]))
                {
                    pivot = i;
                }
            }

            (_siemens[k], _siemens[pivot]) = (_siemens[pivot], _siemens[k]);
            (_amperes[k], _amperes[pivot]) = (_amperes[pivot], _amperes[k]);
            double[] row = _siemens[k];
            for (int i = k + 1; i < n; i++)
            {
                double factor = _siemens[i][k] / row[k];
                if (factor == 0)
                {
                    continue;
                }

                double[] other = _siemens[i];
                for (int j = k; j < n; j++)
                {
                    other[j] -= factor * row[j];
                }

                _amperes[i] -= factor * _amperes[k];
            }
        }

        for (int k = n - 1; k >= 0; k--)
        {
            double sum = _amperes[k];
            for (int j = k + 1; j < n; j++)
            {
                sum -= _siemens[k][j] * _volts[j];
            }

            _volts[k] = sum / _siemens[k][k];
        }
    }
}
