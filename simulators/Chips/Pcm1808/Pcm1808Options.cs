namespace Simulators.Chips;

/// <summary>What differs from the typical converter and its bus.</summary>
public sealed record Pcm1808Options
{
    /// <summary>True for the converter's own noise.</summary>
    public bool HasNoise { get; init; } = true;

    /// <summary>How much faster than nominal the clocks run, parts per million. A crystal: -50 to 50.</summary>
    public int DriftPpm { get; init; }

    /// <summary>Sample rate, Hz. Source: TI SLES177A, page 2: 8 to 96 kHz.</summary>
    public int RateHz { get; init; } = 8000;

    /// <summary>Bits of a slot as the bus's controller keeps them, 16 or 32; the word's upper bits are kept.</summary>
    public int SlotBits { get; init; } = 16;
}

/// <summary>What can be wrong with converter, cable and clocks.</summary>
public enum Pcm1808Fault
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The clocks stand still: no frames.</summary>
    ClockHalted,

    /// <summary>The data wire lies at ground: every bit 0.</summary>
    DataStuckLow,

    /// <summary>The data wire lies at the supply: every bit 1.</summary>
    DataStuckHigh,

    /// <summary>Left and right are exchanged, as with an inverted slot clock.</summary>
    SlotsSwapped,

    /// <summary>The capsule's cable is open: mains hum and knocks drive the input from end to end.</summary>
    CableLoose,

    /// <summary>The amplifier lies at its upper supply.</summary>
    AmplifierAtRail,
}
