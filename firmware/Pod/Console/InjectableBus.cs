using Firmware.Core;

namespace Firmware.Pod.Console;

/// <summary>The pod's bus with a fault that a technician put there: between the board's adapter and the pod, so that everything behind it meets the fault as it would a real one.</summary>
public sealed class InjectableBus : II2cPort, II2cRecovery
{
    private readonly II2cPort _bus;
    private readonly II2cRecovery? _recovery;

    /// <summary>Stores.</summary>
    /// <param name="bus">The board's adapter.</param>
    public InjectableBus(II2cPort bus)
    {
        _bus = bus;
        _recovery = bus as II2cRecovery;
    }

    /// <summary>What an address answers while a fault is there.</summary>
    public I2cStatus Status { get; private set; }

    /// <summary>The address; 0 for none.</summary>
    public int Address { get; private set; }

    /// <summary>Puts a fault there, in the place of the one before.</summary>
    /// <param name="address">7-bit address; 0 for none.</param>
    /// <param name="status">What it answers.</param>
    public void Inject(int address, I2cStatus status)
    {
        Address = address;
        Status = status;
    }

    /// <inheritdoc/>
    public I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount) =>
        address == Address ? Status : _bus.WriteRead(address, write, writeOffset, writeCount, read, readOffset, readCount);

    /// <inheritdoc/>
    public bool TryFree() => _recovery != null && _recovery.TryFree();
}
