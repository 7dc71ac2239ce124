using System;
using Firmware.Core;
using Simulators.Chips;

namespace Simulators.Cart.Pod;

/// <summary>The simulated module behind the pod's serial port.</summary>
public sealed class SimulatedSerialPort : ISerialPort
{
    private readonly SimulatedSunTechNibp _simulated;

    /// <summary>Makes an open port.</summary>
    /// <param name="simulated">The module.</param>
    public SimulatedSerialPort(SimulatedSunTechNibp simulated)
    {
        ArgumentNullException.ThrowIfNull(simulated);
        _simulated = simulated;
    }

    /// <summary>False to have every call answered as by a line that is not open.</summary>
    public bool IsOpen { get; set; } = true;

    /// <inheritdoc/>
    public bool TryWrite(byte[] buffer, int offset, int count)
    {
        if (IsOpen)
        {
            _simulated.Hear(buffer.AsSpan(offset, count));
        }

        return IsOpen;
    }

    /// <inheritdoc/>
    public int Read(byte[] buffer, int offset, int count)
    {
        int read = IsOpen ? 0 : -1;
        while (IsOpen && read < count && _simulated.TrySay(out byte value))
        {
            buffer[offset + read++] = value;
        }

        return read;
    }
}
