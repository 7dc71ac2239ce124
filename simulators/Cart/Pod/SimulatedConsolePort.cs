using System;
using System.Collections.Generic;
using System.Text;
using Firmware.Core;

namespace Simulators.Cart.Pod;

/// <summary>The console's line as bytes in memory: what a terminal sends goes in, what the pod writes comes out.</summary>
public sealed class SimulatedConsolePort : IConsolePort
{
    private readonly Queue<byte> _toPod = new();
    private readonly List<byte> _fromPod = [];

    /// <summary>False to have every call answered as by a line that is not open.</summary>
    public bool IsOpen { get; set; } = true;

    /// <summary>The most bytes that the pod handed over in one call.</summary>
    public int LargestWrite { get; private set; }

    /// <summary>Bytes that the pod wrote since the start.</summary>
    public long Written { get; private set; }

    /// <inheritdoc/>
    public int Attachments { get; private set; }

    /// <summary>A terminal is attached.</summary>
    public void Attach() => Attachments++;

    /// <summary>The terminal sends text, as ASCII.</summary>
    /// <param name="text">The text.</param>
    public void Send(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (char sign in text)
        {
            _toPod.Enqueue((byte)sign);
        }
    }

    /// <summary>The terminal sends one byte.</summary>
    /// <param name="value">The byte.</param>
    public void Send(byte value) => _toPod.Enqueue(value);

    /// <summary>Whether the pod wrote something that was not taken yet.</summary>
    /// <param name="text">The text.</param>
    /// <returns>True when it did.</returns>
    public bool IsWritten(string text) => Encoding.Latin1.GetString(_fromPod.ToArray()).Contains(text, StringComparison.Ordinal);

    /// <summary>Takes what the pod wrote since the last call.</summary>
    /// <returns>The text.</returns>
    public string Take()
    {
        string text = Encoding.Latin1.GetString(_fromPod.ToArray());
        _fromPod.Clear();
        return text;
    }

    /// <inheritdoc/>
    public bool TryWrite(byte[] buffer, int offset, int count)
    {
        if (!IsOpen)
        {
            return false;
        }

        _fromPod.AddRange(buffer.AsSpan(offset, count));
        LargestWrite = Math.Max(LargestWrite, count);
        Written += count;
        return true;
    }

    /// <inheritdoc/>
    public int Read(byte[] buffer, int offset, int count)
    {
        int read = IsOpen ? 0 : -1;
        while (IsOpen && read < count && _toPod.TryDequeue(out byte value))
        {
            buffer[offset + read++] = value;
        }

        return read;
    }
}
