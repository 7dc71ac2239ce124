using System;
using System.Collections.Generic;
using System.IO;
using Firmware.Core;

namespace Simulators.Cart.Pod;

/// <summary>
/// A pod's store in a real folder, for a simulated pod that is a process of its own. Flushed bytes survive the death of the process and,
/// through fsync, of the machine; creations and deletions survive the process only.
/// </summary>
public sealed class DirectoryByteStore : IByteStore, IDisposable
{
    private readonly string _folder;
    private readonly SortedDictionary<string, FileStream> _open = new(StringComparer.Ordinal);

    /// <summary>Opens a folder, making it when it is not there.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public DirectoryByteStore(string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
    }

    /// <inheritdoc/>
    public StoreStatus Append(string name, byte[] buffer, int offset, int count) => Guard(() =>
    {
        FileStream file = Open(name);
        file.Seek(0, SeekOrigin.End);
        file.Write(buffer, offset, count);
        return StoreStatus.Ok;
    });

    /// <inheritdoc/>
    public StoreStatus Flush(string name) => Guard(() =>
    {
        if (Length(name) < 0)
        {
            return StoreStatus.NotFound;
        }

        Open(name).Flush(flushToDisk: true);
        return StoreStatus.Ok;
    });

    /// <inheritdoc/>
    public StoreStatus Read(string name, int position, byte[] buffer, int offset, int count) => Guard(() =>
    {
        int length = Length(name);
        if (length < 0)
        {
            return StoreStatus.NotFound;
        }

        if (position < 0 || position + count > length)
        {
            return StoreStatus.Failed;
        }

        FileStream file = Open(name);
        file.Seek(position, SeekOrigin.Begin);
        file.ReadExactly(buffer, offset, count);
        return StoreStatus.Ok;
    });

    /// <inheritdoc/>
    public int Length(string name)
    {
        CheckName(name);
        if (_open.TryGetValue(name, out FileStream? file))
        {
            return (int)file.Length;
        }

        FileInfo info = new(Path.Combine(_folder, name));
        return info.Exists ? (int)info.Length : -1;
    }

    /// <inheritdoc/>
    public StoreStatus Delete(string name) => Guard(() =>
    {
        CheckName(name);
        if (_open.Remove(name, out FileStream? file))
        {
            file.Dispose();
        }

        File.Delete(Path.Combine(_folder, name));
        return StoreStatus.Ok;
    });

    /// <inheritdoc/>
    public string[] List()
    {
        string[] names = Directory.GetFiles(_folder);
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = Path.GetFileName(names[i]);
        }

        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (FileStream file in _open.Values)
        {
            file.Dispose();
        }

        _open.Clear();
    }

    private static StoreStatus Guard(Func<StoreStatus> work)
    {
        try
        {
            return work();
        }
        catch (IOException)
        {
            return StoreStatus.Failed;
        }
        catch (UnauthorizedAccessException)
        {
            return StoreStatus.Failed;
        }
    }

    private FileStream Open(string name)
    {
        CheckName(name);
        if (!_open.TryGetValue(name, out FileStream? file))
        {
            // No buffer of our own: what was appended is with the system when the call returns, and a killed process loses none of it.
            file = new FileStream(Path.Combine(_folder, name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 0);
            _open.Add(name, file);
        }

        return file;
    }

    private static void CheckName(string name)
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
}
