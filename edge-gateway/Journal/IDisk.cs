using System;
using System.Collections.Generic;

namespace EdgeGateway.Journal;

/// <summary>How a disk operation ended.</summary>
public enum DiskStatus
{
    /// <summary>Done.</summary>
    Ok,

    /// <summary>No file of that name.</summary>
    NotFound,

    /// <summary>A file of that name exists already.</summary>
    Exists,

    /// <summary>No space left. A prefix may have been written.</summary>
    Full,

    /// <summary>The medium failed. What was written is unknown until it is read again.</summary>
    Failed,
}

/// <summary>A file in the listing.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Length">Its length, bytes.</param>
/// <param name="IsRegular">False for a directory, a symbolic link, a pipe or a device: nothing of it is ever read or written.</param>
public readonly record struct DiskFile(string Name, long Length, bool IsRegular = true);

/// <summary>How one operation ended.</summary>
/// <param name="Ticket">The ticket it was begun with.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Count">Bytes read or written.</param>
/// <param name="Files">The listing, in ordinal order of names; empty for other operations.</param>
public readonly record struct DiskResult(long Ticket, DiskStatus Status, int Count, IReadOnlyList<DiskFile> Files);

/// <summary>Receives the ends of operations, on the journal's loop.</summary>
/// <param name="result">How the operation ended.</param>
public delegate void DiskCompleted(in DiskResult result);

/// <summary>
/// One flat directory of append-only files. Every call only begins an operation; its end comes as an event, on the owner's loop, never from
/// inside the call. Operations on one file end in the order in which they were begun. Appended bytes are durable after the file's
/// sync has ended Ok, a file's existence or absence after the directory's sync; a cut of power may keep any part of the rest, in any order
/// of blocks, and may leave a torn block.
/// </summary>
public interface IDisk
{
    /// <summary>Where the ends go; set once, before the first operation.</summary>
    DiskCompleted? Completed { get; set; }

    /// <summary>Room for further bytes as it was when the newest operation ended; <see cref="long.MaxValue"/> when it is not known. A hint: only an append tells the truth.</summary>
    long FreeBytes { get; }

    /// <summary>Creates an empty file; Exists when there is one.</summary>
    /// <param name="file">1 to 64 of a-z, 0-9, '.' and '-'.</param>
    /// <param name="ticket">Names the operation in its end.</param>
    void Create(string file, long ticket);

    /// <summary>Appends.</summary>
    /// <param name="file">The file.</param>
    /// <param name="data">The bytes; not changed by the caller until the end.</param>
    /// <param name="ticket">Names the operation in its end.</param>
    void Append(string file, ReadOnlyMemory<byte> data, long ticket);

    /// <summary>Makes what was appended before durable.</summary>
    /// <param name="file">The file.</param>
    /// <param name="ticket">Names the operation in its end.</param>
    void Sync(string file, long ticket);

    /// <summary>Reads up to the buffer's length; Count says how much there was.</summary>
    /// <param name="file">The file.</param>
    /// <param name="position">First byte.</param>
    /// <param name="buffer">Where to put them; not touched by the caller until the end.</param>
    /// <param name="ticket">Names the operation in its end.</param>
    void Read(string file, long position, Memory<byte> buffer, long ticket);

    /// <summary>Deletes; NotFound when there is none.</summary>
    /// <param name="file">The file.</param>
    /// <param name="ticket">Names the operation in its end.</param>
    void Delete(string file, long ticket);

    /// <summary>Lists all files.</summary>
    /// <param name="ticket">Names the operation in its end.</param>
    void List(long ticket);

    /// <summary>Makes creations and deletions durable.</summary>
    /// <param name="ticket">Names the operation in its end.</param>
    void SyncDirectory(long ticket);
}
