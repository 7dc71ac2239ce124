namespace Simulators.Chips;

/// <summary>What may differ from one MAX30102 to the next.</summary>
public sealed record Max30102Options
{
    /// <summary>How fast its sample clock runs, parts per million. Default 0; the real part's tolerance is a few per cent.</summary>
    public int ClockErrorPpm { get; init; }

    /// <summary>Standard deviation of the noise of one conversion, counts at 18 bit. Default 0: none.</summary>
    public int NoiseCounts { get; init; }

    /// <summary>What stands in bits 7:2 of the first byte of each FIFO word, which the datasheet leaves open. Default 0.</summary>
    public int UnusedFifoBits { get; init; }

    /// <summary>REV_ID. The datasheet says "0xXX". Default 3.</summary>
    public byte RevisionId { get; init; } = 0x03;
}
