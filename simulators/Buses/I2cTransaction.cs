using System;

namespace Simulators.Buses;

/// <summary>One transaction as the controller saw it.</summary>
public sealed class I2cTransaction
{
    private readonly byte[] _written;
    private readonly byte[] _read;

    internal I2cTransaction(long number, long timeUs, int address, byte[] written, byte[] read, int transferred, BusOutcome outcome, bool faulted, long durationNs)
    {
        Number = number;
        TimeUs = timeUs;
        Address = address;
        _written = written;
        _read = read;
        TransferredBytes = transferred;
        Outcome = outcome;
        IsFaulted = faulted;
        DurationNs = durationNs;
    }

    /// <summary>From 0, counted by the bus over all addresses.</summary>
    public long Number { get; }

    /// <summary>When it began, µs of the simulated world.</summary>
    public long TimeUs { get; }

    /// <summary>The 7-bit address.</summary>
    public int Address { get; }

    /// <summary>The bytes that the controller sent or meant to send.</summary>
    public ReadOnlySpan<byte> Written => _written;

    /// <summary>The bytes that the controller received; its length is what was asked for, bytes not transferred are 0xFF.</summary>
    public ReadOnlySpan<byte> Read => _read;

    /// <summary>How many data bytes were transferred, written and read together.</summary>
    public int TransferredBytes { get; }

    /// <summary>How it ended.</summary>
    public BusOutcome Outcome { get; }

    /// <summary>True when a rule of the fault plan acted on it.</summary>
    public bool IsFaulted { get; }

    /// <summary>How long the wires were busy, ns.</summary>
    public long DurationNs { get; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"#{Number} {TimeUs} us 0x{Address:X2} W[{Convert.ToHexString(_written)}] R[{Convert.ToHexString(_read)}] {Outcome}{(IsFaulted ? " (fault)" : "")}";
}
