using System;
using System.Collections.Generic;

namespace EdgeGateway.Journal;

/// <summary>The kinds of step of a sequence of disk operations.</summary>
internal enum OpKind
{
    Create,
    Append,
    Sync,
    Read,
    Delete,
    List,
    SyncDirectory,
    Call,
    Wait,
}

/// <summary>One step of a sequence of disk operations.</summary>
internal readonly record struct Op(OpKind Kind, string File, long Position, ReadOnlyMemory<byte> Data, Memory<byte> Target, IEnumerator<Op>? Steps)
{
    /// <summary>Waits for quiet instead of an index.</summary>
    public const long Quiet = long.MaxValue;

    /// <summary>On the directory of the keys instead of the journal's own.</summary>
    public bool OnKeys { get; init; }

    public static Op Create(string file) => new(OpKind.Create, file, 0, default, default, null);

    public static Op Append(string file, ReadOnlyMemory<byte> data) => new(OpKind.Append, file, 0, data, default, null);

    public static Op Sync(string file) => new(OpKind.Sync, file, 0, default, default, null);

    public static Op Read(string file, long position, Memory<byte> target) => new(OpKind.Read, file, position, default, target, null);

    public static Op Delete(string file) => new(OpKind.Delete, file, 0, default, default, null);

    public static Op List() => new(OpKind.List, "", 0, default, default, null);

    public static Op SyncDirectory() => new(OpKind.SyncDirectory, "", 0, default, default, null);

    /// <summary>Runs another sequence to its end first.</summary>
    public static Op Call(IEnumerator<Op> steps) => new(OpKind.Call, "", 0, default, default, steps);

    /// <summary>Waits until this index is synced, or the disk fails.</summary>
    public static Op WaitSynced(long index) => new(OpKind.Wait, "", index, default, default, null);

    /// <summary>Waits until nothing is being appended, or the disk fails.</summary>
    public static Op WaitQuiet() => new(OpKind.Wait, "", Quiet, default, default, null);
}

/// <summary>A sequence that is under way.</summary>
internal sealed class DiskActivity
{
    public Stack<IEnumerator<Op>> Steps { get; } = new();

    public DiskResult Result { get; set; }

    public long WaitsFor { get; set; }
}
