using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using EdgeGateway.Journal.Trail;

namespace Journal.Tests.Trail;

/// <summary>The power went.</summary>
internal sealed class PowerCutException : Exception;

/// <summary>A folder in memory whose power can be cut before any call: what was not synced then survives or not, as a seed decides.</summary>
internal sealed class MemoryTrailFiles : ITrailFiles
{
    private readonly SortedDictionary<string, Content> _files = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Content> _onDisk = new(StringComparer.Ordinal); // names as last synced
    private bool _isLocked;

    /// <summary>Calls that change something, so far.</summary>
    public int Steps { get; private set; }

    /// <summary>At which of them the power goes; -1 for never.</summary>
    public int CutAt { get; set; } = -1;

    /// <summary>At which of them the disk refuses, once; -1 for never.</summary>
    public int RefuseAt { get; set; } = -1;

    /// <summary>From which of them on appends are refused, as by a full disk; names are still taken.</summary>
    public int FullFrom { get; set; } = int.MaxValue;

    public IReadOnlyList<string> Names => [.. _files.Keys];

    public byte[] this[string file]
    {
        get => [.. _files[file].Bytes];
        set => _files[file] = new Content { Bytes = [.. value], Synced = value.Length };
    }

    public static MemoryTrailFiles Copy(MemoryTrailFiles from)
    {
        MemoryTrailFiles copy = new();
        foreach (string name in from.Names)
        {
            copy[name] = from[name];
            copy._onDisk[name] = copy._files[name];
        }

        return copy;
    }

    public void Remove(string file) => _files.Remove(file);

    public void Rename(string from, string to)
    {
        _files[to] = _files[from];
        _files.Remove(from);
    }

    /// <summary>What the disk holds after the cut.</summary>
    public MemoryTrailFiles Survivor(Random chance)
    {
        MemoryTrailFiles left = new();
        foreach (string name in _files.Keys.Union(_onDisk.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList())
        {
            bool isNow = _files.TryGetValue(name, out Content? now);
            bool was = _onDisk.TryGetValue(name, out Content? before);
            if ((isNow && was) || chance.Next(2) == 0)
            {
                Content content = now ?? before!;
                int more = chance.Next(content.Bytes.Count - content.Synced + 1);
                byte[] bytes = [.. content.Bytes.Take(content.Synced + more)];
                if (more > 0 && chance.Next(3) == 0)
                {
                    bytes[content.Synced + chance.Next(more)] ^= (byte)(1 << chance.Next(8)); // a block that did not get its data
                }

                left[name] = bytes;
                left._onDisk[name] = left._files[name];
            }
        }

        return left;
    }

    public IDisposable Lock()
    {
        if (_isLocked)
        {
            throw new IOException("locked");
        }

        _isLocked = true;
        return new Taken(this);
    }

    public IReadOnlyList<TrailFile> List() => [.. _files.Select(static f => new TrailFile(f.Key, f.Value.Bytes.Count))];

    public byte[] Read(string file) => _files.TryGetValue(file, out Content? content) ? [.. content.Bytes] : throw new FileNotFoundException(file);

    public void Create(string file)
    {
        Step();
        if (!_files.TryAdd(file, new Content()))
        {
            throw new IOException("exists");
        }
    }

    public void Append(string file, ReadOnlySpan<byte> bytes)
    {
        List<byte> target = _files[file].Bytes;
        target.AddRange(bytes[..(bytes.Length / 2)]);
        Step();
        if (Steps > FullFrom)
        {
            throw new IOException("no space left");
        }

        target.AddRange(bytes[(bytes.Length / 2)..]);
    }

    public void Sync(string file)
    {
        Step();
        _files[file].Synced = _files[file].Bytes.Count;
    }

    public void Delete(string file)
    {
        Step();
        _files.Remove(file);
    }

    public void SyncFolder()
    {
        Step();
        _onDisk.Clear();
        foreach ((string name, Content content) in _files)
        {
            _onDisk[name] = content;
        }
    }

    private void Step()
    {
        int step = Steps++;
        if (step == CutAt)
        {
            throw new PowerCutException();
        }

        if (step == RefuseAt)
        {
            throw new IOException("no space left");
        }
    }

    private sealed class Content
    {
        public List<byte> Bytes { get; init; } = [];

        public int Synced { get; set; }
    }

    private sealed class Taken(MemoryTrailFiles files) : IDisposable
    {
        public void Dispose() => files._isLocked = false;
    }
}
