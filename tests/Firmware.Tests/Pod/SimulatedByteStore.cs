using System;
using Firmware.Core;

namespace Firmware.Tests.Pod;

/// <summary>The power went away in the middle of a call on the store.</summary>
public sealed class PowerCutException : Exception
{
}

/// <summary>
/// A byte store that keeps exactly the promises of <see cref="IByteStore"/> and no more. The power can be cut after any byte or call; then every file
/// keeps what was flushed and any prefix of what was not.
/// </summary>
public sealed class SimulatedByteStore : IByteStore
{
    private const int MaxFiles = 64;

    private readonly string[] _names = new string[MaxFiles];
    private readonly byte[][] _data = new byte[MaxFiles][];
    private readonly int[] _length = new int[MaxFiles];
    private readonly int[] _durable = new int[MaxFiles];
    private int _files;

    /// <summary>Bytes the medium holds.</summary>
    public int Capacity { get; set; } = 1 << 20;

    /// <summary>Work done: one per byte appended, one per flush, one per delete.</summary>
    public long Work { get; private set; }

    /// <summary>The power is cut when this much work is done.</summary>
    public long CutAtWork { get; set; } = long.MaxValue;

    /// <summary>Calls that can fail, so far.</summary>
    public int Calls { get; private set; }

    /// <summary>The call with this number, from 1, fails.</summary>
    public int FailAtCall { get; set; } = -1;

    /// <summary>From this call on every call fails, until <see cref="FailUntilCall"/>.</summary>
    public int FailFromCall { get; set; } = int.MaxValue;

    /// <summary>End of failing.</summary>
    public int FailUntilCall { get; set; } = int.MaxValue;

    /// <summary>How many files there are.</summary>
    public int Files => _files;

    /// <summary>Ends the cut: the store as it is found at the next start.</summary>
    /// <param name="keepPercent">How much of what was not flushed each file keeps, 0 to 100.</param>
    public void PowerUp(int keepPercent)
    {
        CutAtWork = long.MaxValue;
        for (int i = 0; i < _files; i++)
        {
            _length[i] = _durable[i] + ((_length[i] - _durable[i]) * keepPercent / 100);
            _durable[i] = _length[i];
        }
    }

    /// <summary>Flips one bit of a file.</summary>
    /// <param name="name">The file.</param>
    /// <param name="position">Which byte.</param>
    public void Damage(string name, int position)
    {
        int file = Find(name);
        _data[file][position] ^= 0x10;
    }

    /// <inheritdoc/>
    public StoreStatus Append(string name, byte[] buffer, int offset, int count)
    {
        if (Fails())
        {
            return StoreStatus.Failed;
        }

        int used = 0;
        for (int i = 0; i < _files; i++)
        {
            used += _length[i];
        }

        if (used + count > Capacity)
        {
            return StoreStatus.Full;
        }

        int file = Find(name);
        if (file < 0)
        {
            file = Insert(name);
        }

        while (_length[file] + count > _data[file].Length)
        {
            byte[] larger = new byte[_data[file].Length * 2];
            Array.Copy(_data[file], 0, larger, 0, _length[file]);
            _data[file] = larger;
        }

        for (int i = 0; i < count; i++)
        {
            Cut();
            _data[file][_length[file]] = buffer[offset + i];
            _length[file]++;
        }

        return StoreStatus.Ok;
    }

    /// <inheritdoc/>
    public StoreStatus Flush(string name)
    {
        if (Fails())
        {
            return StoreStatus.Failed;
        }

        Cut();
        int file = Find(name);
        if (file < 0)
        {
            return StoreStatus.NotFound;
        }

        _durable[file] = _length[file];
        return StoreStatus.Ok;
    }

    /// <inheritdoc/>
    public StoreStatus Read(string name, int position, byte[] buffer, int offset, int count)
    {
        if (Fails())
        {
            return StoreStatus.Failed;
        }

        int file = Find(name);
        if (file < 0)
        {
            return StoreStatus.NotFound;
        }

        if (position + count > _length[file])
        {
            return StoreStatus.Failed;
        }

        Array.Copy(_data[file], position, buffer, offset, count);
        return StoreStatus.Ok;
    }

    /// <inheritdoc/>
    public int Length(string name)
    {
        int file = Find(name);
        return file < 0 ? -1 : _length[file];
    }

    /// <inheritdoc/>
    public StoreStatus Delete(string name)
    {
        if (Fails())
        {
            return StoreStatus.Failed;
        }

        Cut();
        int file = Find(name);
        if (file < 0)
        {
            return StoreStatus.Ok;
        }

        _files--;
        for (int i = file; i < _files; i++)
        {
            _names[i] = _names[i + 1];
            _data[i] = _data[i + 1];
            _length[i] = _length[i + 1];
            _durable[i] = _durable[i + 1];
        }

        return StoreStatus.Ok;
    }

    /// <inheritdoc/>
    public string[] List()
    {
        string[] names = new string[_files];
        Array.Copy(_names, 0, names, 0, _files);
        return names;
    }

    private static int Compare(string a, string b)
    {
        int i = 0;
        while (i < a.Length && i < b.Length && a[i] == b[i])
        {
            i++;
        }

        int left = i < a.Length ? a[i] : -1;
        int right = i < b.Length ? b[i] : -1;
        return left - right;
    }

    private int Find(string name)
    {
        for (int i = 0; i < _files; i++)
        {
            if (_names[i] == name)
            {
                return i;
            }
        }

        return -1;
    }

    private int Insert(string name)
    {
        int place = 0;
        while (place < _files && Compare(_names[place], name) < 0)
        {
            place++;
        }

        for (int i = _files; i > place; i--)
        {
            _names[i] = _names[i - 1];
            _data[i] = _data[i - 1];
            _length[i] = _length[i - 1];
            _durable[i] = _durable[i - 1];
        }

        _files++;
        _names[place] = name;
        _data[place] = new byte[2048];
        _length[place] = 0;
        _durable[place] = 0;
        return place;
    }

    private void Cut()
    {
        if (Work >= CutAtWork)
        {
            throw new PowerCutException();
        }

        Work++;
    }

    private bool Fails()
    {
        Calls++;
        return Calls == FailAtCall || (Calls >= FailFromCall && Calls < FailUntilCall);
    }
}
