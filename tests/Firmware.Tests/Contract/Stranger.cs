using System;
using Simulators.Buses;

namespace Firmware.Tests.Contract;

/// <summary>A part that is not the one expected: acknowledges everything, and answers from a memory that it may or may not let be written.</summary>
internal sealed class Stranger : II2cTarget
{
    private readonly byte _fill;
    private readonly bool _isMemory;
    private readonly byte[] _cells = new byte[256];
    private int _address;
    private byte _pointer;
    private bool _pointerWritten;

    public Stranger(byte fill, bool isMemory)
    {
        _fill = fill;
        _isMemory = isMemory;
        Array.Fill(_cells, fill);
    }

    public bool IsFrozen { get; set; }

    public Stranger For(int address)
    {
        _address = address;
        return this;
    }

    public bool Start(int address, BusDirection direction)
    {
        _pointerWritten = false;
        return address == _address;
    }

    public bool Write(byte value)
    {
        if (!_pointerWritten)
        {
            _pointerWritten = true;
            _pointer = value;
        }
        else if (_isMemory)
        {
            _cells[_pointer++] = value;
        }

        return true;
    }

    public byte Read() => _isMemory ? _cells[_pointer++] : _fill;

    public void Stop() => _pointerWritten = false;

    public void PowerOn()
    {
    }

    public void PowerOff()
    {
    }

    public override string ToString() => _isMemory ? $"a memory full of 0x{_fill:X2}" : $"a part that gives 0x{_fill:X2} for ever";
}
