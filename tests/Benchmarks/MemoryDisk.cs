using System;
using System.Collections.Generic;
using EdgeGateway.Journal;

namespace Benchmarks;

/// <summary>
/// A disk in memory without faults and without latency: what was begun ends at the next <see cref="Run"/>. It reuses the memory of deleted files and counts what it has
/// to allocate, so that a benchmark can leave the disk out of its figures.
/// </summary>
internal sealed class MemoryDisk : IDisk
{
    private const int FirstBytes = (1024 * 1024) + (256 * 1024); // a segment and what may stand beyond its bound

    private readonly SortedDictionary<string, File> _files = new(StringComparer.Ordinal);
    private readonly Stack<byte[]> _free = new();
    private readonly Queue<Operation> _begun = new();

    private enum Kind
    {
        Create,
        Append,
        Sync,
        Read,
        Delete,
        List,
    }

    /// <inheritdoc/>
    public DiskCompleted? Completed { get; set; }

    /// <inheritdoc/>
    public long FreeBytes => long.MaxValue;

    /// <summary>Bytes that the disk itself has allocated for its files.</summary>
    public long AllocatedBytes { get; private set; }

    /// <inheritdoc/>
    public void Create(string file, long ticket) => _begun.Enqueue(new Operation(Kind.Create, file, ticket));

    /// <inheritdoc/>
    public void Append(string file, ReadOnlyMemory<byte> data, long ticket) => _begun.Enqueue(new Operation(Kind.Append, file, ticket) { Data = data });

    /// <inheritdoc/>
    public void Sync(string file, long ticket) => _begun.Enqueue(new Operation(Kind.Sync, file, ticket));

    /// <inheritdoc/>
    public void Read(string file, long position, Memory<byte> buffer, long ticket) => _begun.Enqueue(new Operation(Kind.Read, file, ticket) { Buffer = buffer, Position = position });

    /// <inheritdoc/>
    public void Delete(string file, long ticket) => _begun.Enqueue(new Operation(Kind.Delete, file, ticket));

    /// <inheritdoc/>
    public void List(long ticket) => _begun.Enqueue(new Operation(Kind.List, string.Empty, ticket));

    /// <inheritdoc/>
    public void SyncDirectory(long ticket) => _begun.Enqueue(new Operation(Kind.Sync, string.Empty, ticket));

    /// <summary>Ends what was begun before the call.</summary>
    /// <returns>True when there was any.</returns>
    public bool Run()
    {
        int count = _begun.Count;
        for (int i = 0; i < count; i++)
        {
            Operation operation = _begun.Dequeue();
            IReadOnlyList<DiskFile> files = [];
            DiskStatus status = DiskStatus.Ok;
            int moved = 0;
            if (operation.Kind == Kind.List)
            {
                List<DiskFile> all = [];
                foreach ((string name, File each) in _files)
                {
                    all.Add(new DiskFile(name, each.Length));
                }

                files = all;
            }
            else if (operation.Kind == Kind.Create)
            {
                status = _files.TryAdd(operation.File, new File(NewBuffer(FirstBytes))) ? DiskStatus.Ok : DiskStatus.Exists;
            }
            else if (operation.File.Length > 0)
            {
                status = Work(operation, out moved);
            }

            Completed?.Invoke(new DiskResult(operation.Ticket, status, moved, files));
        }

        return count > 0;
    }

    private DiskStatus Work(in Operation operation, out int moved)
    {
        moved = 0;
        if (!_files.TryGetValue(operation.File, out File? file))
        {
            return DiskStatus.NotFound;
        }

        switch (operation.Kind)
        {
            case Kind.Append:
                moved = operation.Data.Length;
                if (file.Bytes.Length < file.Length + moved)
                {
                    byte[] larger = NewBuffer((file.Length + moved) * 2);
                    file.Bytes.AsSpan(0, file.Length).CopyTo(larger);
                    file.Bytes = larger;
                }

                operation.Data.Span.CopyTo(file.Bytes.AsSpan(file.Length));
                file.Length += moved;
                break;
            case Kind.Read:
                moved = (int)Math.Clamp(file.Length - operation.Position, 0, operation.Buffer.Length);
                file.Bytes.AsSpan((int)operation.Position, moved).CopyTo(operation.Buffer.Span);
                break;
            case Kind.Delete:
                _files.Remove(operation.File);
                if (file.Bytes.Length == FirstBytes)
                {
                    _free.Push(file.Bytes);
                }

                break;
            default:
                break;
        }

        return DiskStatus.Ok;
    }

    private byte[] NewBuffer(int bytes)
    {
        if (bytes == FirstBytes && _free.TryPop(out byte[]? old))
        {
            return old;
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        byte[] made = GC.AllocateUninitializedArray<byte>(bytes);
        AllocatedBytes += GC.GetAllocatedBytesForCurrentThread() - before;
        return made;
    }

    private readonly record struct Operation(Kind Kind, string File, long Ticket)
    {
        public ReadOnlyMemory<byte> Data { get; init; }

        public Memory<byte> Buffer { get; init; }

        public long Position { get; init; }
    }

    private sealed class File(byte[] bytes)
    {
        public byte[] Bytes { get; set; } = bytes;

        public int Length { get; set; }
    }
}
