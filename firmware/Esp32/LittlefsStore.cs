using System;
using System.IO;
using Firmware.Core;

namespace Firmware.Esp32;

/// <summary>
/// The files of the littlefs drive. One file is open for appending at a time; a flush closes it, since closing is what commits on littlefs.
/// </summary>
public sealed class LittlefsStore : IByteStore
{
    /// <summary>Most files that are listed.</summary>
    public const int MaxFiles = 64;

    private const int MaxNameLength = 31;
    private readonly string _root;
    private readonly int _budgetBytes;
    private string _openName = string.Empty;
    private FileStream? _open;
    private int _usedBytes = -1;

    /// <summary>Stores; opens nothing.</summary>
    /// <param name="root">The drive's root with its separator.</param>
    /// <param name="budgetBytes">Most bytes of all files together; an append beyond it is Full.</param>
    public LittlefsStore(string root, int budgetBytes)
    {
        _root = root;
        _budgetBytes = budgetBytes;
    }

    /// <inheritdoc/>
    public StoreStatus Append(string name, byte[] buffer, int offset, int count)
    {
        if (_usedBytes < 0 && !Measure())
        {
            return StoreStatus.NotOpen;
        }

        if (_usedBytes + count > _budgetBytes)
        {
            return StoreStatus.Full;
        }

        try
        {
            if (_open == null || _openName != name)
            {
                CloseOpen();
                _open = new FileStream(_root + name, FileMode.Append, FileAccess.Write);
                _openName = name;
            }

            _open.Write(buffer, offset, count);
            _usedBytes += count;
            return StoreStatus.Ok;
        }
        catch (Exception)
        {
            // How much was written is unknown: count anew before the next append.
            Forget();
            return StoreStatus.Failed;
        }
    }

    /// <inheritdoc/>
    public StoreStatus Flush(string name)
    {
        if (_open == null || _openName != name)
        {
            return File.Exists(_root + name) ? StoreStatus.Ok : StoreStatus.NotFound;
        }

        try
        {
            CloseOpen();
            return StoreStatus.Ok;
        }
        catch (Exception)
        {
            Forget();
            return StoreStatus.Failed;
        }
    }

    /// <inheritdoc/>
    public StoreStatus Read(string name, int position, byte[] buffer, int offset, int count)
    {
        try
        {
            if (_openName == name)
            {
                CloseOpen();
            }

            if (!File.Exists(_root + name))
            {
                return StoreStatus.NotFound;
            }

            FileStream file = new FileStream(_root + name, FileMode.Open, FileAccess.Read);
            try
            {
                file.Seek(position, SeekOrigin.Begin);
                int done = 0;
                while (done < count)
                {
                    int got = file.Read(buffer, offset + done, count - done);
                    if (got <= 0)
                    {
                        return StoreStatus.Failed;
                    }

                    done += got;
                }

                return StoreStatus.Ok;
            }
            finally
            {
                file.Close();
            }
        }
        catch (Exception)
        {
            return StoreStatus.Failed;
        }
    }

    /// <inheritdoc/>
    public int Length(string name)
    {
        try
        {
            if (_openName == name)
            {
                CloseOpen();
            }

            return File.Exists(_root + name) ? (int)new FileInfo(_root + name).Length : -1;
        }
        catch (Exception)
        {
            return -1;
        }
    }

    /// <inheritdoc/>
    public StoreStatus Delete(string name)
    {
        try
        {
            int length = Length(name);
            if (length >= 0)
            {
                File.Delete(_root + name);
                _usedBytes = _usedBytes < 0 ? -1 : _usedBytes - length;
            }

            return StoreStatus.Ok;
        }
        catch (Exception)
        {
            Forget();
            return StoreStatus.Failed;
        }
    }

    /// <inheritdoc/>
    public string[] List()
    {
        string[] names = new string[MaxFiles];
        int count = 0;
        try
        {
            foreach (string path in Directory.GetFiles(_root))
            {
                string name = Path.GetFileName(path);
                if (IsOurs(name) && count < MaxFiles)
                {
                    names[count] = name;
                    count++;
                }
            }
        }
        catch (Exception)
        {
            count = 0;
        }

        string[] sorted = new string[count];
        for (int i = 0; i < count; i++)
        {
            int at = i;
            while (at > 0 && IsAfter(sorted[at - 1], names[i]))
            {
                sorted[at] = sorted[at - 1];
                at--;
            }

            sorted[at] = names[i];
        }

        return sorted;
    }

    private static bool IsOurs(string name)
    {
        if (name.Length == 0 || name.Length > MaxNameLength)
        {
            return false;
        }

        for (int i = 0; i < name.Length; i++)
        {
            char c = name[i];
            bool known = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
            if (!known)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsAfter(string a, string b)
    {
        int shorter = a.Length < b.Length ? a.Length : b.Length;
        for (int i = 0; i < shorter; i++)
        {
            if (a[i] != b[i])
            {
                return a[i] > b[i];
            }
        }

        return a.Length > b.Length;
    }

    private bool Measure()
    {
        if (!Directory.Exists(_root))
        {
            return false;
        }

        int used = 0;
        string[] names = List();
        for (int i = 0; i < names.Length; i++)
        {
            int length = Length(names[i]);
            used += length > 0 ? length : 0;
        }

        _usedBytes = used;
        return true;
    }

    private void CloseOpen()
    {
        FileStream? file = _open;
        _open = null;
        _openName = string.Empty;
        if (file != null)
        {
            file.Flush();
            file.Close();
        }
    }

    private void Forget()
    {
        _open = null;
        _openName = string.Empty;
        _usedBytes = -1;
    }
}
