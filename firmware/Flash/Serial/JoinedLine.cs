using System;
using System.IO;
using System.Linq;
using System.Threading;
using EdgeGateway.Faults;

namespace Firmware.Flash.Serial;

/// <summary>A line that a person's terminal is joined to. A chip's own USB goes away while the board restarts and comes back by itself; the line of an adapter that goes away is gone.</summary>
public sealed class JoinedLine : IDisposable
{
    private readonly FlashMachine _machine;
    private readonly string _port;
    private readonly bool _comesBack;
    private ISerialLine _line;

    /// <summary>Opens a port.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="port">The port.</param>
    /// <exception cref="CodedErrorException">It cannot be opened.</exception>
    public JoinedLine(FlashMachine machine, string port)
    {
        ArgumentNullException.ThrowIfNull(machine);
        _machine = machine;
        _port = port;
        _comesBack = machine.Ports.List().FirstOrDefault(p => string.Equals(p.Name, port, StringComparison.Ordinal)) is { IsNativeUsb: true };
        try
        {
            _line = machine.Ports.Open(port);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.SerialPortUnusable, new ErrorPlace(port, 0, null), e.Message.TrimEnd('.')));
        }
    }

    /// <summary>Writes what was typed; keys that meet a board that restarts are lost.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="CodedErrorException">The line is gone.</exception>
    public void Write(byte[] bytes)
    {
        try
        {
            Volatile.Read(ref _line).Write(bytes);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            if (!_comesBack)
            {
                throw Gone(e);
            }
        }
    }

    /// <summary>Reads what is there; waits for a board that restarts.</summary>
    /// <param name="buffer">Takes the bytes.</param>
    /// <param name="timeoutMs">Longest wait for a byte, ms.</param>
    /// <param name="end">Ends the wait for a restart.</param>
    /// <returns>How many; 0 when the time is over, or the board has come back.</returns>
    /// <exception cref="CodedErrorException">The line is gone.</exception>
    public int Read(byte[] buffer, int timeoutMs, CancellationToken end)
    {
        try
        {
            return _line.Read(buffer, timeoutMs);
        }
        catch (IOException e)
        {
            if (!_comesBack)
            {
                throw Gone(e);
            }

            Reopen(e, end);
            return 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _line.Dispose();

    private void Reopen(IOException gone, CancellationToken end)
    {
        _line.Dispose();
        _machine.Diagnostics.WriteLine($"{_port} is gone while the board restarts; waiting for it.");
        long start = _machine.Clock.GetTimestamp();
        while (_machine.Clock.GetElapsedTime(start).TotalMilliseconds < _machine.StartMs && !end.IsCancellationRequested)
        {
            try
            {
                Volatile.Write(ref _line, _machine.Ports.Open(_port));
                _machine.Diagnostics.WriteLine($"{_port} is there again.");
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _machine.Pause(_machine.LookAgainMs);
            }
        }

        throw Gone(gone);
    }

    private CodedErrorException Gone(Exception e) => new(new CodedError(FaultCodes.BoardUnplugged, new ErrorPlace(_port, 0, null), Wire.PlainText.Clean(e.Message.TrimEnd('.'))));
}
