using System;
using System.Buffers.Text;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Text;

namespace Simulators.Kernel;

/// <summary>
/// The record of a run, as README.md defines it: one line of UTF-8 per event that crosses a boundary, the same bytes for the same seed.
/// The SHA-256 over all bytes is the run's fingerprint.
/// </summary>
public sealed class TraceWriter : IDisposable
{
    /// <summary>The first line of every trace.</summary>
    public const string Header = "cart-trace 1";

    /// <summary>Longest line, bytes; a longer field is a broken invariant.</summary>
    public const int MaxLineLength = 16 * 1024;

    private const int BufferLength = 256 * 1024;
    private readonly ISimulationClock _clock;
    private readonly Stream? _output;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer = new byte[BufferLength];
    private readonly SortedDictionary<string, TraceTally> _subjects = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Place, string What), TraceTally> _tallies = [];
    private int _used;
    private int _lineBegins;
    private TraceTally? _tally;
    private string? _sha256;

    /// <summary>Begins a trace.</summary>
    /// <param name="clock">True time.</param>
    /// <param name="output">Where the bytes go, or null for the hash alone. Not closed.</param>
    public TraceWriter(ISimulationClock clock, Stream? output)
    {
        _clock = clock;
        _output = output;
        Put(Header);
        _buffer[_used++] = (byte)'\n';
    }

    /// <summary>Lines written, the header left out.</summary>
    public long Lines { get; private set; }

    /// <summary>Per <c>place what</c> the lines written, in ordinal order.</summary>
    public IReadOnlyDictionary<string, TraceTally> Subjects => _subjects;

    /// <summary>Begins a line.</summary>
    /// <param name="place">Where in the world, as the scenario names it: letters, digits, '.', '-', '/'.</param>
    /// <param name="what">What happened: one word.</param>
    /// <returns>This.</returns>
    public TraceWriter Begin(string place, string what)
    {
        if (_used > BufferLength - MaxLineLength)
        {
            Drain();
        }

        _lineBegins = _used;
        if (!_tallies.TryGetValue((place, what), out _tally))
        {
            _tally = new TraceTally();
            _tallies.Add((place, what), _tally);
            _subjects.Add(place + " " + what, _tally);
        }

        PutNumber(_clock.NowUs);
        _buffer[_used++] = (byte)' ';
        Put(place);
        _buffer[_used++] = (byte)' ';
        Put(what);
        return this;
    }

    /// <summary>Adds a number.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="value">Its value.</param>
    /// <returns>This.</returns>
    public TraceWriter Add(string name, long value)
    {
        PutName(name);
        PutNumber(value);
        return this;
    }

    /// <summary>Adds a text; a space in it becomes an underscore, a control character a dot.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="value">Its value.</param>
    /// <returns>This.</returns>
    public TraceWriter Add(string name, string value)
    {
        PutName(name);
        int begin = _used;
        Put(value);
        for (int i = begin; i < _used; i++)
        {
            _buffer[i] = _buffer[i] == (byte)' ' ? (byte)'_' : _buffer[i] < 0x20 ? (byte)'.' : _buffer[i];
        }

        return this;
    }

    /// <summary>Adds bytes as lower-case hexadecimal digits.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="bytes">At most 4,096 bytes.</param>
    /// <returns>This.</returns>
    public TraceWriter AddBytes(string name, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, 4096, nameof(bytes));
        PutName(name);
        foreach (byte value in bytes)
        {
            PutHexDigit(value >> 4);
            PutHexDigit(value & 0xF);
        }

        return this;
    }

    /// <summary>Adds the length of some bytes and their FNV-1a 64 digest, where the bytes themselves would be too many.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>This.</returns>
    public TraceWriter AddDigest(ReadOnlySpan<byte> bytes)
    {
        ulong hash = TraceTally.Of(bytes);
        Add("n", bytes.Length);
        PutName("fnv");
        for (int shift = 60; shift >= 0; shift -= 4)
        {
            PutHexDigit((int)(hash >> shift) & 0xF);
        }

        return this;
    }

    /// <summary>Ends the line.</summary>
    public void End()
    {
        _buffer[_used++] = (byte)'\n';
        Lines++;
        _tally!.Add(_buffer.AsSpan(_lineBegins, _used - _lineBegins));
    }

    /// <summary>Ends the trace; nothing may be added after it.</summary>
    /// <returns>The SHA-256 over all bytes, 64 lower-case hexadecimal digits.</returns>
    public string Finish()
    {
        if (_sha256 is null)
        {
            Drain();
            _output?.Flush();
            _sha256 = Convert.ToHexStringLower(_hash.GetHashAndReset());
        }

        return _sha256;
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    private void PutName(string name)
    {
        _buffer[_used++] = (byte)' ';
        Put(name);
        _buffer[_used++] = (byte)'=';
    }

    private void Put(string text) => _used += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_used));

    private void PutNumber(long value)
    {
        if (!Utf8Formatter.TryFormat(value, _buffer.AsSpan(_used), out int written))
        {
            throw new InvalidOperationException($"A trace line is longer than {MaxLineLength} bytes.");
        }

        _used += written;
    }

    private void PutHexDigit(int value) => _buffer[_used++] = (byte)(value < 10 ? '0' + value : 'a' + value - 10);

    private void Drain()
    {
        if (_sha256 is not null)
        {
            throw new InvalidOperationException("The trace is finished.");
        }

        _hash.AppendData(_buffer, 0, _used);
        _output?.Write(_buffer, 0, _used);
        _used = 0;
    }
}
