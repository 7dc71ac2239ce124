using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace EdgeGateway.Journal;

/// <summary>
/// The directory on a real file system. Writes, deletions and syncs run on one thread in their order, reads on another, so that a read does
/// not wait for a sync. On Linux the directory is synced with fsync(2) on its descriptor; elsewhere <see cref="IDisk.SyncDirectory"/>
/// does nothing, since NTFS journals its names and .NET has no call for the others: a cut of power may then undo the newest creation or deletion,
/// which opening recognises. A lock file refuses a second writer; it is released by the system when the process ends, however it ends.
/// </summary>
public sealed class FileDisk : IDisk, IDisposable
{
    /// <summary>Operations that may wait; the journal has a handful at a time.</summary>
    public const int MaxWaiting = 1024;

    private const int MaxHandles = 8;
    private const int LinuxNoSpace = 28; // ENOSPC, errno-base.h
    private const int LinuxQuota = 122; // EDQUOT, asm-generic/errno.h
    private const int WindowsNoSpace = unchecked((int)0x80070070); // ERROR_DISK_FULL
    private const int WindowsHandleFull = unchecked((int)0x80070027); // ERROR_HANDLE_DISK_FULL

    private readonly string _directory;
    private readonly Func<Action, bool> _post;
    private readonly FileStream _lock;
    private readonly BlockingCollection<Action> _writes = new(MaxWaiting);
    private readonly BlockingCollection<Action> _reads = new(MaxWaiting);
    private readonly Thread _writer;
    private readonly Thread _reader;
    private readonly List<(string File, SafeFileHandle Handle)> _handles = []; // of the writer; newest use last
    private readonly DriveInfo? _drive;
    private long _freeBytes = long.MaxValue;
    private volatile bool _disposed;

    /// <summary>Takes the directory; creates it when there is none.</summary>
    /// <param name="directory">Its path.</param>
    /// <param name="post">Hands an action to the journal's loop; false when the loop does not take it now (it is offered again until this disk is disposed).</param>
    /// <exception cref="IOException">Another process has the directory (J2601), or it cannot be created.</exception>
    public FileDisk(string directory, Func<Action, bool> post)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(post);
        _directory = Path.GetFullPath(directory);
        _post = post;
        Directory.CreateDirectory(_directory);
        try
        {
            _lock = new FileStream(Path.Combine(_directory, JournalFormat.LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException("J2601: the journal directory " + _directory + " is in use by another process. Two writers would destroy it. Stop the other gateway, or give this one a directory of its own.", e);
        }

        _drive = DriveOf(_directory);
        _writer = new Thread(() => Work(_writes)) { IsBackground = true, Name = "journal-write" };
        _reader = new Thread(() => Work(_reads)) { IsBackground = true, Name = "journal-read" };
        _writer.Start();
        _reader.Start();
    }

    /// <inheritdoc/>
    public DiskCompleted? Completed { get; set; }

    /// <inheritdoc/>
    public long FreeBytes => Volatile.Read(ref _freeBytes);

    /// <inheritdoc/>
    public void Create(string file, long ticket) => Enqueue(_writes, ticket, () =>
    {
        try
        {
            Keep(file, File.OpenHandle(PathOf(file), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && Path.Exists(PathOf(file)))
        {
            throw new ExistsException();
        }
    });

    /// <inheritdoc/>
    public void Append(string file, ReadOnlyMemory<byte> data, long ticket) => Enqueue(_writes, ticket, () =>
    {
        SafeFileHandle handle = HandleOf(file);
        RandomAccess.Write(handle, data.Span, RandomAccess.GetLength(handle));
        return data.Length;
    });

    /// <inheritdoc/>
    public void Sync(string file, long ticket) => Enqueue(_writes, ticket, () =>
    {
        RandomAccess.FlushToDisk(HandleOf(file));
        return 0;
    });

    /// <inheritdoc/>
    public void Read(string file, long position, Memory<byte> buffer, long ticket) => Enqueue(_reads, ticket, () =>
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        using SafeFileHandle handle = File.OpenHandle(PathOf(file), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        int count = 0;
        while (count < buffer.Length)
        {
            int got = RandomAccess.Read(handle, buffer.Span[count..], position + count);
            if (got == 0)
            {
                break;
            }

            count += got;
        }

        return count;
    });

    /// <inheritdoc/>
    public void Delete(string file, long ticket) => Enqueue(_writes, ticket, () =>
    {
        Drop(file);
        if (!File.Exists(PathOf(file)))
        {
            throw new FileNotFoundException();
        }

        File.Delete(PathOf(file));
        return 0;
    });

    /// <inheritdoc/>
    public void List(long ticket)
    {
        List<DiskFile> files = [];
        Enqueue(_writes, ticket, () =>
        {
            files.AddRange(JournalRules.List(_directory));
            return files.Count;
        }, files);
    }

    /// <inheritdoc/>
    public void SyncDirectory(long ticket) => Enqueue(_writes, ticket, () =>
    {
        DirectorySync.Sync(_directory);
        return 0;
    });

    /// <summary>Ends what was begun, releases the directory. Ends that the loop has not taken by then are dropped.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _writes.CompleteAdding();
        _reads.CompleteAdding();
        _writer.Join();
        _reader.Join();
        foreach ((_, SafeFileHandle handle) in _handles)
        {
            handle.Dispose();
        }

        _lock.Dispose();
        _writes.Dispose();
        _reads.Dispose();
    }

    private static void Work(BlockingCollection<Action> queue)
    {
        foreach (Action action in queue.GetConsumingEnumerable())
        {
            action();
        }
    }

    private static DiskStatus StatusOf(Exception e) => e switch
    {
        FileNotFoundException => DiskStatus.NotFound,
        ExistsException => DiskStatus.Exists,
        IOException io when io.HResult is LinuxNoSpace or LinuxQuota or WindowsNoSpace or WindowsHandleFull => DiskStatus.Full,
        _ => DiskStatus.Failed,
    };

    private void Enqueue(BlockingCollection<Action> queue, long ticket, Func<int> operation, IReadOnlyList<DiskFile>? files = null)
    {
        if (_disposed || !queue.TryAdd(() => Run(ticket, operation, files)))
        {
            throw new InvalidOperationException("More than " + MaxWaiting + " operations wait for the disk, or it was disposed: a defect of the caller.");
        }
    }

    private void Run(long ticket, Func<int> operation, IReadOnlyList<DiskFile>? files)
    {
        DiskStatus status = DiskStatus.Ok;
        int count = 0;
        try
        {
            count = operation();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            status = StatusOf(e);
        }

        LookHowMuchIsFree();
        var result = new DiskResult(ticket, status, count, files ?? []);
        var spin = default(SpinWait);
        while (!_post(() => Completed?.Invoke(in result)) && !_disposed)
        {
            spin.SpinOnce();
        }
    }

    private static DriveInfo? DriveOf(string directory)
    {
        try
        {
            // On Linux the path itself names the file system; elsewhere its root does.
            return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(directory)! : directory);
        }
        catch (ArgumentException)
        {
            return null; // a share of the network: nothing is known of it
        }
    }

    private void LookHowMuchIsFree()
    {
        long free = long.MaxValue;
        try
        {
            free = _drive?.AvailableFreeSpace ?? long.MaxValue;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not known now; only an append tells.
        }

        Volatile.Write(ref _freeBytes, free);
    }

    private string PathOf(string file) => Path.Combine(_directory, file);

    private SafeFileHandle HandleOf(string file)
    {
        for (int i = 0; i < _handles.Count; i++)
        {
            if (string.Equals(_handles[i].File, file, StringComparison.Ordinal))
            {
                (string File, SafeFileHandle Handle) known = _handles[i];
                _handles.RemoveAt(i);
                _handles.Add(known);
                return known.Handle;
            }
        }

        SafeFileHandle opened = File.OpenHandle(PathOf(file), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        Keep(file, opened);
        return opened;
    }

    private void Keep(string file, SafeFileHandle handle)
    {
        if (_handles.Count == MaxHandles)
        {
            _handles[0].Handle.Dispose();
            _handles.RemoveAt(0);
        }

        _handles.Add((file, handle));
    }

    private void Drop(string file)
    {
        for (int i = 0; i < _handles.Count; i++)
        {
            if (string.Equals(_handles[i].File, file, StringComparison.Ordinal))
            {
                _handles[i].Handle.Dispose();
                _handles.RemoveAt(i);
                return;
            }
        }
    }

    private sealed class ExistsException : IOException;
}
