using Firmware.Core;

namespace Firmware.Tests.Pod;

/// <summary>A drive in memory that keeps what littlefs keeps: bytes count only when the file was closed. Any call can be made to fail.</summary>
public sealed class FakeDrive : IFileDrive
{
    private const int MaxFiles = 80;

    private readonly string[] _names = new string[MaxFiles];
    private readonly byte[][] _data = new byte[MaxFiles][];
    private readonly int[] _length = new int[MaxFiles];
    private readonly byte[] _pending = new byte[65536];
    private int _files;
    private int _pendingCount;

    /// <summary>The file that is open; empty for none.</summary>
    public string OpenName { get; private set; } = string.Empty;

    /// <summary>Files that were opened and never closed.</summary>
    public int Leaked { get; private set; }

    /// <summary>Times a file was closed.</summary>
    public int Closes { get; private set; }

    /// <summary>Writes fail, after half of the bytes.</summary>
    public bool FailsWrites { get; set; }

    /// <summary>Closing fails, and commits nothing.</summary>
    public bool FailsClose { get; set; }

    /// <summary>Deleting fails.</summary>
    public bool FailsDelete { get; set; }

    /// <inheritdoc/>
    public bool IsMounted { get; set; } = true;

    /// <summary>Files there are.</summary>
    public int Files => _files;

    /// <inheritdoc/>
    public bool Open(string name)
    {
        if (OpenName.Length > 0)
        {
            Leaked++;
        }

        OpenName = name;
        _pendingCount = 0;
        return IsMounted;
    }

    /// <inheritdoc/>
    public bool Write(byte[] buffer, int offset, int count)
    {
        int taken = FailsWrites ? count / 2 : count;
        for (int i = 0; i < taken; i++)
        {
            _pending[_pendingCount + i] = buffer[offset + i];
        }

        _pendingCount += taken;
        return OpenName.Length > 0 && !FailsWrites;
    }

    /// <inheritdoc/>
    public bool Close()
    {
        string name = OpenName;
        OpenName = string.Empty;
        Closes++;
        if (FailsClose || name.Length == 0)
        {
            return name.Length == 0;
        }

        Put(name, _pending, _pendingCount);
        return true;
    }

    /// <summary>Puts a file there, or appends to it.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="count">How many.</param>
    public void Put(string name, byte[] bytes, int count)
    {
        int at = IndexOf(name);
        if (at < 0)
        {
            at = _files;
            _names[at] = name;
            _data[at] = new byte[65536];
            _length[at] = 0;
            _files++;
        }

        for (int i = 0; i < count; i++)
        {
            _data[at][_length[at] + i] = bytes[i];
        }

        _length[at] += count;
    }

    /// <inheritdoc/>
    public int Read(string name, int position, byte[] buffer, int offset, int count)
    {
        int at = IndexOf(name);
        if (at < 0)
        {
            return -1;
        }

        // Three bytes at a time, as a drive may give fewer than asked for.
        int there = _length[at] - position;
        int take = count < there ? count : there;
        take = take < 3 ? take : 3;
        for (int i = 0; i < take; i++)
        {
            buffer[offset + i] = _data[at][position + i];
        }

        return take < 0 ? -1 : take;
    }

    /// <inheritdoc/>
    public int Length(string name)
    {
        int at = IndexOf(name);
        return at < 0 ? -1 : _length[at];
    }

    /// <inheritdoc/>
    public bool Delete(string name)
    {
        int at = IndexOf(name);
        if (FailsDelete || at < 0)
        {
            return false;
        }

        _files--;
        _names[at] = _names[_files];
        _data[at] = _data[_files];
        _length[at] = _length[_files];
        return true;
    }

    /// <inheritdoc/>
    public string[] List()
    {
        string[] names = new string[_files];
        for (int i = 0; i < _files; i++)
        {
            names[i] = _names[i];
        }

        return names;
    }

    private int IndexOf(string name)
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
}
