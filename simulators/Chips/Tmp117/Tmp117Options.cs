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

    /// <summary>Bits 15:12 of the device id. Default 0.</summary>
    public int Revision { get; init; }
}
