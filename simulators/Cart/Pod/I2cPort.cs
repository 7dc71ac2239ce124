using System;
using Firmware.Core;
using Simulators.Buses;

namespace Simulators.Cart.Pod;

/// <summary>
/// The simulated bus as a driver's port, with the habits of the ESP32's driver: a NACK of whatever byte is one of the address, and a transaction on a held bus stands for up to
/// <see cref="HeldUs"/>. After a failure the read buffer holds <see cref="Poison"/>, so that a driver that uses what it must not use is found out.
/// </summary>
public sealed class SimulatedI2cPort : II2cPort, II2cRecovery
{
    /// <summary>How long a transaction waits for a held bus, µs. Source: the ESP32's native driver, which waits for 1,000 ms.</summary>
    public const long HeldUs = 1_000_000;

    /// <summary>What fills the read buffer after a failure.</summary>
    public const byte Poison = 0x5A;

    private readonly SimulatedI2cBus _bus;
    private readonly Action<long>? _stand;

    /// <summary>Makes a port.</summary>
    /// <param name="bus">The bus behind it.</param>
    /// <param name="stand">Told how long the caller stands, µs, before the transaction goes on; null for a caller for whom no time passes.</param>
    public SimulatedI2cPort(SimulatedI2cBus bus, Action<long>? stand = null)
    {
        ArgumentNullException.ThrowIfNull(bus);
        _bus = bus;
        _stand = stand;
    }

    /// <summary>False to have every call answered with <see cref="I2cStatus.NotOpen"/>.</summary>
    public bool IsOpen { get; set; } = true;

    /// <inheritdoc/>
    public I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount)
    {
        Span<byte> answer = readCount == 0 ? [] : read.AsSpan(readOffset, readCount);
        ReadOnlySpan<byte> request = writeCount == 0 ? [] : write.AsSpan(writeOffset, writeCount);
        if (address is < 0x08 or > 0x77)
        {
            throw new ArgumentOutOfRangeException(nameof(address), address, "A target's address is 0x08 to 0x77.");
        }

        if (IsOpen && _bus.IsHeldLow)
        {
            _stand?.Invoke(Math.Min(HeldUs, _bus.HeldForUs));
        }

        I2cStatus status = IsOpen ? Status(_bus.Transfer(address, request, answer)) : I2cStatus.NotOpen;
        if (status != I2cStatus.Ok)
        {
            answer.Fill(Poison);
        }

        return status;
    }

    /// <inheritdoc/>
    public bool TryFree() => _bus.TryFree();

    // As the adapter of the board translates: it cannot tell the NACK of a data byte from that of the address, and of lost arbitration it hears that too little was transferred.
    private static I2cStatus Status(BusOutcome outcome) => outcome switch
    {
        BusOutcome.Ok => I2cStatus.Ok,
        BusOutcome.AddressNack or BusOutcome.DataNack => I2cStatus.AddressNack,
        BusOutcome.Partial or BusOutcome.ArbitrationLost => I2cStatus.Partial,
        BusOutcome.Timeout => I2cStatus.Timeout,
        BusOutcome.BusStuck => I2cStatus.BusStuck,
        BusOutcome.NotOpen => I2cStatus.NotOpen,
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "Not a status of UM10204."),
    };
}
