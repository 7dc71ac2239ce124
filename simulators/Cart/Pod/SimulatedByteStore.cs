using System;
using System.Collections.Generic;
using Firmware.Core;
using Simulators.Kernel;

namespace Simulators.Cart.Pod;

/// <summary>
/// A pod's flash with the promises of <see cref="IByteStore"/> and no more: what was not flushed survives a cut of power as a prefix of any
/// length, drawn from the seed.
/// </summary>
public sealed class SimulatedByteStore : IByteStore
{
    /// <summary>Size unless another is given: the 256 KiB of the pod's drive.</summary>
    public const int DefaultCapacity = 256 * 1024;

    private readonly SortedDictionary<string, File> _files = new(StringComparer.Ordinal);
    private readonly SeededRandom _random;
    private readonly int _capacity;
    private int _used;

    /// <summary>Makes an empty store.</summary>
    /// <param name="random">Decides what survives of what was not flushed.</param>
    /// <param name="capacity">Size, bytes.</param>
    public SimulatedByteStore(SeededRandom random, int capacity = DefaultCapacity)
    {
        _random = random;
        _capacity = capacity;
    }

    /// <summary>True to answer every call with <see cref="StoreStatus.Failed"/>.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Calls that changed something.</summary>
    public long Changes { get; private set; }

    /// <summary>Bytes in all files.</summary>
    public int UsedBytes => _used;

    /// <summary>The power is cut: of each file's bytes that were not flushed a prefix stays.</summary>
    public void CutPower()
    {
        List<string> gone = [];
        foreach ((string name, File file) in _files)
        {
            int kept = file.Flushed + _random.NextInt32(file.Length - file.Flushed + 1);
            _used -= file.Length - kept;
            file.Length = kept;
            file.Flushed = kept;
            if (kept == 0 && !file.WasFlushed)
            {
                gone.Add(name);
            }
        }

        foreach (string name in gone)
        {
            _files.Remove(name);
        }
    }

    /// <inheritdoc/>
    public StoreStatus Append(string name, byte[] buffer, int offset, int count)
    {
        if (IsBroken)
        {
            return StoreStatus.Failed;
        }

        CheckName(name);
        if (_used + count > _capacity)
        {
            return StoreStatus.Full;
        }

        if (!_files.TryGetValue(name, out File? file))
        {
            _files.Add(name, file = new File());
        }

        file.Append(buffer.AsSpan(offset, count));
        _used += count;
        Changes++;
        return StoreStatus.Ok;
    }

    /// <inheritdoc/>
    public StoreStatus Flush(string name)
    {
        if (IsBroken)
        {
            return StoreStatus.Failed;
        }

        if (!_files.TryGetValue(name, out File? file))
        {
            return StoreStatus.NotFound;
        }

        file.Flushed = file.Length;
        file.WasFlushed = true;
        Changes++;
        return StoreStatus.Ok;
    }

    /// <inheritdoc/>
    public StoreStatus Read(string name, int position, byte[] buffer, int offset, int count)
    {
        if (IsBroken)
        {
            return StoreStatus.Failed;
        }

        if (!_files.TryGetValue(name, out File? file))
        {
            return StoreStatus.NotFound;
        }

        if (position < 0 || position + count > file.Length)
        {
            return StoreStatus.Failed;
        }

        file.Bytes.AsSpan(position, count).CopyTo(buffer.AsSpan(offset));
        return StoreStatus.Ok;
    }

    /// <inheritdoc/>
    public int Length(string name) => !IsBroken && _files.TryGetValue(name, out File? file) ? file.Length : -1;

    /// <inheritdoc/>
    public StoreStatus Delete(string name)
    {
        if (IsBroken)
        {
            return StoreStatus.Failed;
        }

        if (_files.Remove(name, out File? file))
        {
            _used -= file.Length;
            Changes++;
        }

        return StoreStatus.Ok;
    }

    /// <inheritdoc/>
    public string[] List()
    {
        if (IsBroken)
        {
            return [];
        }

        string[] names = new string[_files.Count];
        _files.Keys.CopyTo(names, 0);
        return names;
    }

    internal static void CheckName(string name)
    {
        bool good = name.Length is >= 1 and <= 31;
        foreach (char c in name)
        {
            good &= char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '-';
        }

        if (!good)
        {
            throw new ArgumentException($"'{name}' is not 1 to 31 of a-z, 0-9, '.' and '-'.", nameof(name));
        }
    }

    private sealed class File
    {
        public byte[] Bytes { get; private set; } = new byte[256];

        public int Length { get; set; }

        public int Flushed { get; set; }

        public bool WasFlushed { get; set; }

        public void Append(ReadOnlySpan<byte> bytes)
        {
            if (Length + bytes.Length > Bytes.Length)
            {
                byte[] larger = new byte[Math.Max(Bytes.Length * 2, Length + bytes.Length)];
                Bytes.AsSpan(0, Length).CopyTo(larger);
                Bytes = larger;
            }

            bytes.CopyTo(Bytes.AsSpan(Length));
            Length += bytes.Length;
        }
    }
}
