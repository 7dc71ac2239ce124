using System;
using System.Collections.Generic;
using System.Numerics;
using Firmware.Core;
using Simulators.Kernel;

namespace Simulators.Cart.Pod;

/// <summary>
/// A pod's drive: files on littlefs on serial NOR flash, with what they cost. A close writes the block that an append began in anew, and each further one, after erasing it, and then one record of the
/// directory; the program stands meanwhile. A file takes whole blocks; where none is left the call fails. What was not closed survives a cut of power as a prefix of any length, drawn from the seed,
/// which is less than littlefs promises. A cut that comes while the program stands comes behind the close.
/// All costs are assumptions: no board was measured.
/// </summary>
public sealed class SimulatedFlash : IFileDrive
{
    /// <summary>Size unless another is given: the 256 KiB of the pod's drive.</summary>
    public const int DefaultBytes = 256 * 1024;

    /// <summary>Bytes of one block, the unit of erasing. Source: littlefs on ESP32, the flash's sector.</summary>
    public const int BlockBytes = 4096;

    /// <summary>An erase, µs. Assumption: 45 ms, the typical figure of data sheets of serial NOR flash of 4 MiB.</summary>
    public const int TypicalEraseUs = 45_000;

    /// <summary>Now and then an erase takes this long, µs. Assumption: a third of what such data sheets allow at most.</summary>
    public const int SlowEraseUs = 150_000;

    /// <summary>One erase in so many does. Assumption.</summary>
    public const int SlowOneIn = 40;

    /// <summary>Bytes that are programmed at once. Source: serial NOR flash, the page.</summary>
    public const int PageBytes = 256;

    /// <summary>Programming a page, µs. Assumption: 0.7 ms, as such data sheets have it.</summary>
    public const int PageProgramUs = 700;

    /// <summary>Bytes of one record in the directory: littlefs fills up to what is programmed at once. Assumption: 128. A full block of them is written anew: one erase in 32 records.</summary>
    public const int RecordBytes = 128;

    // A directory is a pair of blocks, and one is erased for what is written anew before the old is given up.
    private const int DirectoryBlocks = 2;

    // Up to this length a file lies in the directory. Source: littlefs, an eighth of a block at most; assumption: 64.
    private const int InlineBytes = 64;

    private readonly SortedDictionary<string, File> _files = new(StringComparer.Ordinal);
    private readonly SeededRandom _cuts;
    private readonly SeededRandom _times;
    private readonly ProcessorClock _processor;
    private readonly int _blocks;
    private File? _open;
    private int _recordBytes;

    /// <summary>Makes an empty drive.</summary>
    /// <param name="random">Decides what survives of what was not closed, and how long each erase takes.</param>
    /// <param name="processor">What stands while the flash works.</param>
    /// <param name="bytes">Size, bytes.</param>
    public SimulatedFlash(SeededRandom random, ProcessorClock processor, int bytes = DefaultBytes)
    {
        ArgumentNullException.ThrowIfNull(random);
        ArgumentNullException.ThrowIfNull(processor);
        _cuts = random.Fork("cuts");
        _times = random.Fork("times");
        _processor = processor;
        _blocks = bytes / BlockBytes;
        Bytes = bytes;
    }

    /// <summary>Its size, bytes.</summary>
    public int Bytes { get; }

    /// <summary>What most erases take, µs; default <see cref="TypicalEraseUs"/>.</summary>
    public long EraseUs { get; set; } = TypicalEraseUs;

    /// <summary>True to fail every call.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Closes that wrote something.</summary>
    public long Commits { get; private set; }

    /// <summary>Blocks that were erased.</summary>
    public long Erases { get; private set; }

    /// <summary>The longest that the program stood in one call, µs.</summary>
    public long LongestUs { get; private set; }

    /// <summary>Writes that failed since no block was left.</summary>
    public long TimesFull { get; private set; }

    /// <summary>Called after each commit with what the program stood for it, µs.</summary>
    public event Action<long>? Committed;

    /// <inheritdoc/>
    public bool IsMounted => !IsBroken;

    /// <summary>The power is cut: of each file's bytes that were not closed a prefix stays.</summary>
    public void CutPower()
    {
        _open = null;
        List<string> gone = [];
        foreach ((string name, File file) in _files)
        {
            int kept = file.Closed + _cuts.NextInt32(file.Length - file.Closed + 1);
            file.Length = kept;
            file.Closed = kept;
            if (kept == 0 && !file.WasClosed)
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
    public bool Open(string name)
    {
        if (IsBroken || _open is not null)
        {
            return false;
        }

        if (!_files.TryGetValue(name, out File? file))
        {
            _files.Add(name, file = new File());
        }

        _open = file;
        return true;
    }

    /// <inheritdoc/>
    public bool Write(byte[] buffer, int offset, int count)
    {
        if (IsBroken || _open is null)
        {
            return false;
        }

        int used = DirectoryBlocks;
        foreach (File file in _files.Values)
        {
            used += BlocksOf(file == _open ? file.Length + count : file.Length);
        }

        // The block that the file ended in is given up only when its copy stands.
        if (used + 1 > _blocks)
        {
            TimesFull++;
            return false;
        }

        _open.Append(buffer.AsSpan(offset, count));
        return true;
    }

    /// <inheritdoc/>
    public bool Close()
    {
        File? file = _open;
        _open = null;
        if (IsBroken || file is null)
        {
            return false;
        }

        if (file.WasClosed && file.Closed == file.Length)
        {
            return true;
        }

        long us = 0;
        if (file.Length > InlineBytes)
        {
            int first = file.Closed > InlineBytes ? WholeBlocks(file.Closed) : 0;
            for (int i = first; i < BlocksOf(file.Length); i++)
            {
                us += Erase();
            }

            us += Program(file.Length - StartOf(first));
        }

        us += Record(file.WasClosed ? 1 : 2);
        file.Closed = file.Length;
        file.WasClosed = true;
        Commits++;
        Stand(us);
        Committed?.Invoke(us);
        return true;
    }

    /// <inheritdoc/>
    public int Read(string name, int position, byte[] buffer, int offset, int count)
    {
        if (IsBroken || !_files.TryGetValue(name, out File? file) || file == _open || position < 0 || position > file.Length)
        {
            return -1;
        }

        int some = Math.Min(count, file.Length - position);
        file.Bytes.AsSpan(position, some).CopyTo(buffer.AsSpan(offset));
        return some;
    }

    /// <inheritdoc/>
    public int Length(string name) => !IsBroken && _files.TryGetValue(name, out File? file) && file != _open ? file.Length : -1;

    /// <inheritdoc/>
    public bool Delete(string name)
    {
        if (IsBroken || (_files.TryGetValue(name, out File? file) && file == _open))
        {
            return false;
        }

        if (_files.Remove(name))
        {
            Stand(Record(1));
        }

        return true;
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

    // Every block but the first begins with pointers to earlier ones: block n with one more than n has factors of two. Source: littlefs, DESIGN.md, CTZ skip lists.
    private static int RoomOf(int block) => block == 0 ? BlockBytes : BlockBytes - (4 * (BitOperations.TrailingZeroCount(block) + 1));

    private static int StartOf(int block)
    {
        int start = 0;
        for (int i = 0; i < block; i++)
        {
            start += RoomOf(i);
        }

        return start;
    }

    private static int WholeBlocks(int length)
    {
        int blocks = 0;
        for (int left = length - RoomOf(0); left >= 0; left -= RoomOf(blocks))
        {
            blocks++;
        }

        return blocks;
    }

    private static int BlocksOf(int length)
    {
        int whole = length <= InlineBytes ? 0 : WholeBlocks(length);
        return length <= InlineBytes ? 0 : StartOf(whole) < length ? whole + 1 : whole;
    }

    private static long Program(int bytes) => (bytes + PageBytes - 1) / PageBytes * (long)PageProgramUs;

    private long Erase()
    {
        Erases++;
        return _times.NextInt32(SlowOneIn) == 0 ? Math.Max(SlowEraseUs, EraseUs) : EraseUs;
    }

    private long Record(int records)
    {
        long us = records * (long)PageProgramUs;
        _recordBytes += records * RecordBytes;
        if (_recordBytes > BlockBytes)
        {
            _recordBytes = (1 + _files.Count) * RecordBytes; // what still counts is written anew
            us += Erase() + Program(_recordBytes);
        }

        return us;
    }

    private void Stand(long us)
    {
        _processor.Stand(us);
        LongestUs = Math.Max(LongestUs, us);
    }

    private sealed class File
    {
        public byte[] Bytes { get; private set; } = new byte[256];

        public int Length { get; set; }

        public int Closed { get; set; }

        public bool WasClosed { get; set; }

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
