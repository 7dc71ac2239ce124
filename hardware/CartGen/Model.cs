using System;
using System.Collections.Generic;
using System.Linq;

namespace CartGen;

/// <summary>A text in both languages of the pages.</summary>
/// <param name="English">English.</param>
/// <param name="French">French.</param>
internal sealed record Words(string English, string French);

/// <summary>A unit.</summary>
/// <param name="Ucum">Its UCUM code.</param>
/// <param name="Shown">As a person reads it.</param>
internal sealed record Unit(string Ucum, string Shown);

/// <summary>A quantity of the nomenclature.</summary>
internal sealed record Quantity(
    string Name, uint Mdc, string ReferenceId, string? Loinc, string Unit, int? Decimals, int? Order, string Tile, bool IsSpot, string? Carries, Words Texts)
{
    /// <summary>True when the nomenclature has none and the project made the code up.</summary>
    public bool IsPrivate => Mdc >> 16 == 1024;
}

/// <summary>A numbered stream.</summary>
internal sealed record Signal(int Stream, string Name, string Kind, string Class, string? Quantity, int? Exponent, string Short, string About);

/// <summary>What a part provides.</summary>
internal sealed record Capability(string Name, string About, Words? Texts);

/// <summary>A part that a pod drives.</summary>
internal sealed record Part(
    int Number, string Id, string Chip, string Name, string Scenario, string Bus, IReadOnlyList<int> Addresses, IReadOnlyList<string> Provides, IReadOnlyList<string> Signals,
    int FirstFault, int LastFault, int Misreadings, string About);

/// <summary>What a filter lets pass, Hz.</summary>
internal sealed record Band(int LowHz, int HighHz);

/// <summary>One value of an enumeration.</summary>
internal sealed record EnumValue(int Value, string Name, string? Class, string? Topic, bool? MayEnterPatientSession, string About, Words? Texts, Words? Brief, Band? Band)
{
    /// <summary>Its word in JSON.</summary>
    public string Word => char.ToLowerInvariant(Name[0]) + Name[1..];
}

/// <summary>An enumeration of the wire, of files or of pages.</summary>
internal sealed record EnumRow(string Name, string Home, string Kind, string Type, string? Words, string? Texts, string? BriefTexts, string About, IReadOnlyList<EnumValue> Values);

/// <summary>Which numbers belong to a letter.</summary>
internal sealed record CodeRange(string Letter, string Program, int First, int Last);

/// <summary>Which numbers of the pod belong to what is no part.</summary>
internal sealed record CodeBlock(int First, int Last, string About);

/// <summary>A coded fault, as far as generated files need it.</summary>
internal sealed record Fault(string Code, string Name, string Severity, int? Http, string Happened, string Means, string Do)
{
    /// <summary>The four digits; what travels on the wire.</summary>
    public int Number => int.Parse(Code.AsSpan(1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>GPIO of one function of a board.</summary>
internal sealed record BoardPin(string Function, int Pin);

/// <summary>GPIO that no function may take.</summary>
internal sealed record ExcludedPins(IReadOnlyList<int> Pins, string Why);

/// <summary>A board that a pod's program runs on; <paramref name="Pwm"/> holds PWM channels in the place of pins.</summary>
internal sealed record Board(
    string File, string Name, string Module, string Chip, string Psram, IReadOnlyList<string> Targets, int FlashMebibytes, string? ApplicationAddress, string StoreDrive, int StoreKibibytes,
    IReadOnlyList<BoardPin> Pins, IReadOnlyList<BoardPin> Pwm, IReadOnlyList<ExcludedPins> Excluded);

/// <summary>A peripheral of the sample cart.</summary>
internal sealed record CartPeripheral(string Designator, string Part, string Bus, int? Address, IReadOnlyList<string> Streams);

/// <summary>
/// A bus of the sample cart; <paramref name="SystemClockBusId"/> and <paramref name="IsLeft"/> are those of a sound bus, <paramref name="SpeedHz"/> and <paramref name="PullUpOhms"/> those of an I2C bus,
/// <paramref name="BaudRate"/> that of a serial line.
/// </summary>
internal sealed record CartBus(string Name, string Kind, int BusId, int SystemClockBusId, bool IsLeft, int SpeedHz, int PullUpOhms, int BaudRate);

/// <summary>A part that can be fitted in the place of a peripheral.</summary>
internal sealed record CartAlternative(string Designator, string Part, string Bus, string InsteadOf);

/// <summary>What of the cuff's chain its builder chooses.</summary>
internal sealed record CartCuff(int OneShotMilliseconds, int SwitchMmHg, int SwitchLowestMmHg, int SwitchHighestMmHg);

/// <summary>A pod of the sample cart.</summary>
internal sealed record CartPod(
    string Name, string DeviceId, string Board, string Module, string Image, int FlashMebibytes, string ApplicationAddress, int StoreKibibytes, IReadOnlyList<CartBus> Buses,
    IReadOnlyList<CartPeripheral> Peripherals, IReadOnlyList<CartAlternative> Alternatives, CartCuff? Cuff);

/// <summary>Everything that files are generated from.</summary>
internal sealed record Model(
    IReadOnlyList<Unit> Units, IReadOnlyList<Quantity> Quantities, IReadOnlyList<Signal> Signals, IReadOnlyList<Capability> Capabilities, IReadOnlyList<Part> Parts,
    IReadOnlyList<EnumRow> Enums, IReadOnlyList<CodeRange> Ranges, IReadOnlyList<CodeBlock> Blocks, IReadOnlyList<Fault> Faults, IReadOnlyList<Board> Boards,
    IReadOnlyList<CartPod> Pods, Wiring Wiring)
{
    /// <summary>An enumeration by its name.</summary>
    public EnumRow Enum(string name) => Enums.First(e => e.Name == name);

    /// <summary>A signal by its name.</summary>
    public Signal Signal(string name) => Signals.First(s => s.Name == name);

    /// <summary>A quantity by its name.</summary>
    public Quantity Quantity(string name) => Quantities.First(q => q.Name == name);
}
