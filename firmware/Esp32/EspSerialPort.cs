using System;
using System.IO.Ports;
using Firmware.Core;

namespace Firmware.Esp32;

/// <summary>A UART of the board, 8N1. Only what has come is read. What is written are a few bytes at a time, far below the buffer; whether the runtime waits when it is full has not been seen.</summary>
public sealed class EspSerialPort : ISerialPort
{
    private const int BufferBytes = 256;

    private readonly SerialPort _port;

    /// <summary>Opens the line; when that fails the port says so at each call.</summary>
    /// <param name="name">"COM2" or "COM3"; COM1 belongs to the debugger.</param>
    /// <param name="baudRate">Bits per second.</param>
    public EspSerialPort(string name, int baudRate)
    {
        _port = new SerialPort(name, baudRate, Parity.None, 8, StopBits.One);
        _port.ReadBufferSize = BufferBytes;
        _port.WriteBufferSize = BufferBytes;
        try
        {
            _port.Open();
        }
        catch (Exception)
        {
            // IsOpen stays false.
        }
    }

    /// <inheritdoc/>
    public bool TryWrite(byte[] buffer, int offset, int count)
    {
        if (!_port.IsOpen)
        {
            return false;
        }

        try
        {
            _port.Write(buffer, offset, count);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public int Read(byte[] buffer, int offset, int count)
    {
        if (!_port.IsOpen)
        {
            return -1;
        }

        try
        {
            int there = _port.BytesToRead;
            return there == 0 ? 0 : _port.Read(buffer, offset, there < count ? there : count);
        }
        catch (Exception)
        {
            return -1;
        }
    }
}
