namespace Simulators.Chips;

/// <summary>What may differ from one TMP117 to the next.</summary>
public sealed record Tmp117Options
{
    /// <summary>0x48 to 0x4B, by the ADD0 pin (datasheet table "Address pin and target addresses"). Default 0x48.</summary>
    public int Address { get; init; } = 0x48;

    /// <summary>True for a part with an error of its own, constant, drawn from the seed within the datasheet's limits. Default false.</summary>
    public bool HasPartError { get; init; }

    /// <summary>True for conversion noise of at most 3 LSB each (datasheet 7.3.2: repeatability without averaging). Default false.</summary>
    public bool HasNoise { get; init; }

    /// <summary>
    /// How fast its conversion clock runs, parts per million above the typical one. Default 0. The datasheet (6.5, conversion time 13 to 17.5 ms,
    /// typically 15.5 ms) allows about -114,000 to +192,000.
    /// </summary>
    public int ClockErrorPpm { get; init; }

    /// <summary>Bits 15:12 of the device id. Default 0.</summary>
    public int Revision { get; init; }
}
