using System;
using Firmware.Core;
using Simulators.Buses;

namespace Simulators.Cart.Pod;

/// <summary>
/// The simulated bus as a driver's port. After a failure the read buffer holds <see cref="Poison"/>, so that a driver that uses
/// what it must not use is found out.
/// </summary>
public sealed class SimulatedI2cPort : II2cPort
{
    /// <summary>What fills the read buffer after a failure.</summary>
    public const byte Poison = 0x5A;

    private readonly SimulatedI2cBus _bus;

    /// <summary>Makes a port.</summary>
    /// <param name="bus">The bus behind it.</param>
    public SimulatedI2cPort(SimulatedI2cBus bus)
    {
        ArgumentNullException.ThrowIfNull(bus);
        _bus = bus;
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

        I2cStatus status = IsOpen ? Status(_bus.Transfer(address, request, answer)) : I2cStatus.NotOpen;
        if (status != I2cStatus.Ok)
        {
            answer.Fill(Poison);
        }

        return status;
    }

    private static I2cStatus Status(BusOutcome outcome) => outcome switch
    {
        BusOutcome.Ok => I2cStatus.Ok,
        BusOutcome.AddressNack => I2cStatus.AddressNack,
        BusOutcome.DataNack => I2cStatus.DataNack,
        BusOutcome.Partial => I2cStatus.Partial,
        BusOutcome.ArbitrationLost => I2cStatus.ArbitrationLost,
        BusOutcome.Timeout => I2cStatus.Timeout,
        BusOutcome.BusStuck => I2cStatus.BusStuck,
        BusOutcome.NotOpen => I2cStatus.NotOpen,
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "Not a status of UM10204."),
    };
}
