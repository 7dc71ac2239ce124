using Firmware.Core;

namespace Firmware.Pod.Store;

/// <summary>
/// A byte store on a littlefs drive. A flush closes the file, since closing is what commits there. A file takes whole blocks of the drive, so the store counts blocks: an append that would
/// need more of them than there are is <see cref="StoreStatus.Full"/>, and the drive itself never runs out. Files of others (certificates) count too, and are not listed.
/// </summary>
public sealed class LittlefsStore : IByteStore
{
    /// <summary>Most files on the drive that are counted.</summary>
    public const int MaxFiles = 64;

    /// <summary>Bytes of one block. Source: esp_littlefs, the flash's sector.</summary>
    public const int BlockBytes = 4096;

    /// <summary>
    /// Blocks that no file may take: the root directory's pair, and what is written anew before the old is given up. Source: littlefs, DESIGN.md; the second pair is an assumption.
    /// </summary>
    public const int ReservedBlocks = 4;

    /// <summary>Files up to this length lie in the directory and take no block. Source: littlefs, inline files, at most an eighth of a block. Assumption: 64 bytes always do.</summary>
    public const int InlineBytes = 64;

    private const int MaxNameLength = 31;

    private readonly IFileDrive _drive;
    private readonly int _budgetBlocks;
    private readonly string[] _names = new string[MaxFiles];
    private readonly int[] _lengths = new int[MaxFiles];
    private int _count;
    private int _usedBlocks;
    private bool _measured;
    private string _openName = string.Empty;

    /// <summary>No I/O.</summary>
    /// <param name="drive">The drive.</param>
    /// <param name="driveBytes">Its size.</param>
    public LittlefsStore(IFileDrive drive, int driveBytes)
    {
        _drive = drive;
        _budgetBlocks = (driveBytes / BlockBytes) - ReservedBlocks;
    }

    /// <summary>Blocks that all files take; 0 before the first append.</summary>
    public int UsedBlocks => _usedBlocks;

    /// <summary>Blocks that a file takes. Every block but the first begins with pointers to earlier ones: block n with one more than n has factors of two.</summary>
    /// <param name="length">Its length, bytes.</param>
    /// <returns>Blocks.</returns>
    public static int Blocks(int length)
    {
        if (length <= InlineBytes)
        {
            return 0;
        }

        int blocks = 1;
        int room = BlockBytes;
        while (room < length)
        {
            int pointers = 1;
            for (int n = blocks; (n & 1) == 0; n >>= 1)
            {
                pointers++;
            }

            room += BlockBytes - (4 * pointers);
            blocks++;
        }

        return blocks;
    }

    /// <inheritdoc/>
    public StoreStatus Append(string name, byte[] buffer, int offset, int count)
    {
        if (!_measured && !Measure())
        {
            return StoreStatus.NotOpen;
        }

        int at = IndexOf(name);
        int length = at < 0 ? 0 : _lengths[at];
        int more = Blocks(length + count) - Blocks(length);
        if (_usedBlocks + more > _budgetBlocks || (at < 0 && _count == MaxFiles))
        {
            return StoreStatus.Full;
        }

        if (!string.Equals(_openName, name))
        {
            if (!CloseOpen() || !_drive.Open(name))
            {
                Forget();
                return StoreStatus.Failed;
            }

            _openName = name;
        }

        if (!_drive.Write(buffer, offset, count))
        {
            Forget();
            return StoreStatus.Failed;
        }

        if (at < 0)
        {
            at = _count;
            _names[at] = name;
            _count++;
        }

        _lengths[at] = length + count;
        _usedBlocks += more;
        return StoreStatus.Ok;
    }

    /// <inheritdoc/>
    public StoreStatus Flush(string name)
    {
        if (_openName.Length == 0 || !string.Equals(_openName, name))
        {
            return _drive.Length(name) >= 0 ? StoreStatus.Ok : StoreStatus.NotFound;
        }

        if (CloseOpen())
        {
            return StoreStatus.Ok;
        }

        Forget();
        return StoreStatus.Failed;
    }

    /// <inheritdoc/>
    public StoreStatus Read(string name, int position, byte[] buffer, int offset, int count)
    {
        if (string.Equals(_openName, name) && !CloseOpen())
        {
            Forget();
            return StoreStatus.Failed;
        }

        if (_drive.Length(name) < 0)
        {
            return StoreStatus.NotFound;
        }

        int done = 0;
        while (done < count)
        {
            int got = _drive.Read(name, position + done, buffer, offset + done, count - done);
            if (got <= 0)
            {
                return StoreStatus.Failed;
            }

            done += got;
        }

        return StoreStatus.Ok;
    }

    /// <inheritdoc/>
    public int Length(string name)
    {
        if (string.Equals(_openName, name) && !CloseOpen())
        {
            Forget();
        }

        return _drive.Length(name);
    }

    /// <inheritdoc/>
    public StoreStatus Delete(string name)
    {
        if (string.Equals(_openName, name) && !CloseOpen())
        {
            Forget();
        }

        if (_drive.Length(name) >= 0 && !_drive.Delete(name))
        {
            Forget();
            return StoreStatus.Failed;
        }

        int at = IndexOf(name);
        if (at >= 0)
        {
            _usedBlocks -= Blocks(_lengths[at]);
            _count--;
            for (int i = at; i < _count; i++)
            {
                _names[i] = _names[i + 1];
                _lengths[i] = _lengths[i + 1];
            }
        }

        return StoreStatus.Ok;
    }

    /// <inheritdoc/>
    public string[] List()
    {
        string[] all = _drive.List();
        string[] sorted = new string[all.Length];
        int count = 0;
        for (int i = 0; i < all.Length; i++)
        {
            if (!IsOurs(all[i]))
            {
                continue;
            }

            int at = count;
            while (at > 0 && IsAfter(sorted[at - 1], all[i]))
            {
                sorted[at] = sorted[at - 1];
                at--;
            }

            sorted[at] = all[i];
            count++;
        }

        string[] names = new string[count < MaxFiles ? count : MaxFiles];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = sorted[i];
        }

        return names;
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

    private int IndexOf(string name)
    {
        for (int i = 0; i < _count; i++)
        {
            if (string.Equals(_names[i], name))
            {
                return i;
            }
        }

        return -1;
    }

    private bool Measure()
    {
        if (!_drive.IsMounted)
        {
            return false;
        }

        string[] all = _drive.List();
        _count = 0;
        _usedBlocks = 0;
        for (int i = 0; i < all.Length; i++)
        {
            int length = _drive.Length(all[i]);
            _usedBlocks += Blocks(length);
            if (_count < MaxFiles)
            {
                _names[_count] = all[i];
                _lengths[_count] = length < 0 ? 0 : length;
                _count++;
            }
        }

        _measured = true;
        return true;
    }

    private bool CloseOpen()
    {
        if (_openName.Length == 0)
        {
            return true;
        }

        _openName = string.Empty;
        return _drive.Close();
    }

    // How much was written is not known. An open file is closed all the same: dropped, it would refuse later appends, and commit stale bytes when it is collected.
    private void Forget()
    {
        CloseOpen();
        _measured = false;
    }
}
