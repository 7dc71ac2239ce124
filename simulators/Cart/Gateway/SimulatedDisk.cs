using System;
using System.Collections.Generic;
using EdgeGateway.Journal;
using Simulators.Kernel;

namespace Simulators.Cart.Gateway;

/// <summary>The kinds of operation of a disk, for faults.</summary>
[Flags]
public enum DiskOperations
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><see cref="IDisk.Create"/>.</summary>
    Create = 1,

    /// <summary><see cref="IDisk.Append"/>.</summary>
    Append = 2,

    /// <summary><see cref="IDisk.Sync"/>.</summary>
    Sync = 4,

    /// <summary><see cref="IDisk.Read"/>.</summary>
    Read = 8,

    /// <summary><see cref="IDisk.Delete"/>.</summary>
    Delete = 16,

    /// <summary><see cref="IDisk.List"/>.</summary>
    List = 32,

    /// <summary><see cref="IDisk.SyncDirectory"/>.</summary>
    SyncDirectory = 64,

    /// <summary>All of them.</summary>
    All = 127,
}

/// <summary>What a cut of power leaves of what was not synced.</summary>
public enum CutKeeps
{
    /// <summary>Nothing.</summary>
    Nothing,

    /// <summary>Everything that had been written.</summary>
    Everything,

    /// <summary>Any part: each block of each file or not, the last one torn, each creation and deletion or not.</summary>
    AnyPart,
}

/// <summary>How a simulated disk behaves.</summary>
public sealed record SimulatedDiskOptions
{
    /// <summary>Shortest time of an operation, µs. Default 50.</summary>
    public long MinLatencyUs { get; init; } = 50;

    /// <summary>Longest time of an operation other than a sync, µs. Default 400.</summary>
    public long MaxLatencyUs { get; init; } = 400;

    /// <summary>Longest time of a sync, µs. Default 8,000 (a slow SD card).</summary>
    public long MaxSyncUs { get; init; } = 8_000;

    /// <summary>Size of the blocks that are kept or lost one by one, bytes. Default 512.</summary>
    public int BlockBytes { get; init; } = 512;

    /// <summary>Room for all files together, bytes. Default without end.</summary>
    public long CapacityBytes { get; init; } = long.MaxValue;
}

/// <summary>
/// A disk in memory, under the time of its <see cref="Step"/>. It keeps apart what is durable and what only the system's memory has, so that a cut
/// of power can lose any part of the latter. Operations end one after the other, in order. After a sync that failed the bytes are
/// still read back but will never be durable, and later syncs say Ok: what Linux does.
/// </summary>
public sealed class SimulatedDisk : IDisk
{
    private readonly SimulatedDiskOptions _options;
    private readonly SeededRandom _random;
    private readonly SortedDictionary<string, SimulatedFile> _files = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SimulatedFile> _durableNames = new(StringComparer.Ordinal);
    private readonly Queue<Operation> _waiting = new();
    private readonly List<(DiskOperations Kinds, string Prefix, DiskStatus Status, int Skip)> _faults = [];
    private long _now;
    private long _busyUntil;

    /// <summary>An empty disk.</summary>
    /// <param name="seed">Seed of its latencies and cuts.</param>
    /// <param name="options">Its behaviour; the defaults when null.</param>
    public SimulatedDisk(ulong seed, SimulatedDiskOptions? options = null)
    {
        _random = new SeededRandom(seed);
        _options = options ?? new SimulatedDiskOptions();
        CapacityBytes = _options.CapacityBytes;
        MaxSyncUs = _options.MaxSyncUs;
    }

    /// <inheritdoc/>
    public DiskCompleted? Completed { get; set; }

    /// <summary>Room for all files together, bytes; may be changed at any time.</summary>
    public long CapacityBytes { get; set; }

    /// <summary>False for a system that does not say how much is free.</summary>
    public bool SaysFreeBytes { get; set; } = true;

    /// <inheritdoc/>
    public long FreeBytes => CapacityBytes == long.MaxValue || !SaysFreeBytes ? long.MaxValue : Math.Max(0, CapacityBytes - UsedBytes);

    /// <summary>Longest time of a sync, µs; may be changed at any time, for those begun from then on.</summary>
    public long MaxSyncUs { get; set; }

    /// <summary>Bytes of all files.</summary>
    public long UsedBytes
    {
        get
        {
            long used = 0;
            foreach (SimulatedFile file in _files.Values)
            {
                used += file.Length;
            }

            return used;
        }
    }

    /// <summary>True since the power was cut, until <see cref="PowerOn"/>. Nothing ends any more.</summary>
    public bool IsOff { get; private set; }

    /// <summary>Bytes appended since the beginning, whether durable or not.</summary>
    public long BytesAppended { get; private set; }

    /// <summary>Operations ended since the beginning.</summary>
    public long OperationsEnded { get; private set; }

    /// <summary>Syncs of files ended Ok since the beginning.</summary>
    public long Syncs { get; private set; }

    /// <summary>Bytes read since the beginning.</summary>
    public long BytesRead { get; private set; }

    /// <summary>The power goes when this many bytes have been appended, in the middle of an append if need be.</summary>
    public long CutAfterBytes { get; set; } = long.MaxValue;

    /// <summary>The power goes before this operation ends.</summary>
    public long CutAfterOperations { get; set; } = long.MaxValue;

    /// <summary>Chance that an operation that writes fails, per 10,000.</summary>
    public int FailureRate { get; set; }

    /// <summary>Chance that an append writes a part and says so with Ok, per 10,000.</summary>
    public int ShortWriteRate { get; set; }

    /// <summary>Sent each operation as it ends; null for nobody.</summary>
    public Action<string>? Trace { get; set; }

    /// <summary>Names of the files in order.</summary>
    public IReadOnlyList<string> Files => [.. _files.Keys];

    /// <inheritdoc/>
    public void Create(string file, long ticket) => Begin(new Operation(DiskOperations.Create, file, 0, default, default, ticket));

    /// <inheritdoc/>
    public void Append(string file, ReadOnlyMemory<byte> data, long ticket) => Begin(new Operation(DiskOperations.Append, file, 0, data, default, ticket));

    /// <inheritdoc/>
    public void Sync(string file, long ticket) => Begin(new Operation(DiskOperations.Sync, file, 0, default, default, ticket));

    /// <inheritdoc/>
    public void Read(string file, long position, Memory<byte> buffer, long ticket) => Begin(new Operation(DiskOperations.Read, file, position, default, buffer, ticket));

    /// <inheritdoc/>
    public void Delete(string file, long ticket) => Begin(new Operation(DiskOperations.Delete, file, 0, default, default, ticket));

    /// <inheritdoc/>
    public void List(long ticket) => Begin(new Operation(DiskOperations.List, "", 0, default, default, ticket));

    /// <inheritdoc/>
    public void SyncDirectory(long ticket) => Begin(new Operation(DiskOperations.SyncDirectory, "", 0, default, default, ticket));

    /// <summary>Ends what is due.</summary>
    /// <param name="nowUs">Simulated time, µs.</param>
    /// <returns>When the next operation ends, µs; <see cref="long.MaxValue"/> when none is under way.</returns>
    public long Step(long nowUs)
    {
        _now = Math.Max(_now, nowUs);
        while (!IsOff && _waiting.Count > 0 && _waiting.Peek().EndsAtUs <= _now)
        {
            if (OperationsEnded >= CutAfterOperations)
            {
                IsOff = true;
                break;
            }

            Operation operation = _waiting.Dequeue();
            DiskResult result = Run(operation);
            Trace?.Invoke(operation.Kind + " " + operation.File + " " + operation.Data.Length + " -> " + result.Status + " " + result.Count);
            if (IsOff)
            {
                break;
            }

            OperationsEnded++;
            Completed?.Invoke(in result);
        }

        return IsOff || _waiting.Count == 0 ? long.MaxValue : _waiting.Peek().EndsAtUs;
    }

    /// <summary>The next operation of a kind on a file fails.</summary>
    /// <param name="kinds">Kinds.</param>
    /// <param name="prefix">Beginning of the file's name; empty for all.</param>
    /// <param name="status">How it ends. A failed append has written any part.</param>
    /// <param name="skip">How many such operations pass first.</param>
    public void FailNext(DiskOperations kinds, string prefix, DiskStatus status, int skip = 0) => _faults.Add((kinds, prefix, status, skip));

    /// <summary>Turns one bit over, durably.</summary>
    /// <param name="file">The file.</param>
    /// <param name="bit">The bit, from 0.</param>
    public void FlipBit(string file, long bit)
    {
        SimulatedFile found = _files[file];
        found.Data[(int)(bit / 8)] ^= (byte)(1 << (int)(bit % 8));
    }

    /// <summary>The bytes of a file as they are read now.</summary>
    /// <param name="file">The file.</param>
    /// <returns>A copy.</returns>
    public byte[] Contents(string file) => _files[file].Data.AsSpan(0, _files[file].Length).ToArray();

    /// <summary>Puts a file there, durable.</summary>
    /// <param name="file">Its name.</param>
    /// <param name="data">Its bytes.</param>
    public void Put(string file, ReadOnlySpan<byte> data)
    {
        var made = new SimulatedFile { Data = data.ToArray(), Length = data.Length, Durable = data.Length };
        _files[file] = made;
        _durableNames[file] = made;
    }

    /// <summary>Takes a file away, durably.</summary>
    /// <param name="file">Its name.</param>
    public void Remove(string file)
    {
        _files.Remove(file);
        _durableNames.Remove(file);
    }

    /// <summary>The power goes now.</summary>
    public void CutPower() => IsOff = true;

    /// <summary>The process ends, the system lives on: nothing that was written is lost, what was under way never ends.</summary>
    public void KillProcess()
    {
        _waiting.Clear();
        _busyUntil = _now;
        Completed = null;
    }

    /// <summary>The power returns: what was not durable is gone, in whole or in part. Faults set before are gone too.</summary>
    /// <param name="keeps">How much is left.</param>
    public void PowerOn(CutKeeps keeps)
    {
        KillProcess();
        _faults.Clear();
        IsOff = false;
        CutAfterBytes = long.MaxValue;
        CutAfterOperations = long.MaxValue;
        var names = new SortedDictionary<string, SimulatedFile>(StringComparer.Ordinal);
        foreach ((string name, SimulatedFile file) in _durableNames)
        {
            // Deleted and not synced: may be back. Made anew under its name: one of the two.
            bool same = _files.TryGetValue(name, out SimulatedFile? now) && ReferenceEquals(now, file);
            if (same || keeps == CutKeeps.Nothing || (keeps == CutKeeps.AnyPart && _random.NextInt32(2) == 0))
            {
                names[name] = file;
            }
        }

        foreach ((string name, SimulatedFile file) in _files)
        {
            bool durable = _durableNames.TryGetValue(name, out SimulatedFile? known) && ReferenceEquals(known, file);
            if (!durable && !names.ContainsKey(name) && (keeps == CutKeeps.Everything || (keeps == CutKeeps.AnyPart && _random.NextInt32(2) == 0)))
            {
                names[name] = file;
            }
        }

        _files.Clear();
        _durableNames.Clear();
        foreach ((string name, SimulatedFile file) in names)
        {
            DropUnsynced(file, keeps);
            _files[name] = file;
            _durableNames[name] = file;
        }
    }

    private void DropUnsynced(SimulatedFile file, CutKeeps keeps)
    {
        if (keeps == CutKeeps.Nothing || (keeps == CutKeeps.AnyPart && _random.NextInt32(3) == 0))
        {
            file.Length = file.Durable;
        }
        else if (keeps == CutKeeps.AnyPart)
        {
            // The length may be anything that the file had; of the blocks each may be lost (zeros), the last one may be torn.
            int length = file.Durable + _random.NextInt32(file.Length - file.Durable + 1);
            for (int start = file.Durable; start < length;)
            {
                int end = Math.Min(length, ((start / _options.BlockBytes) + 1) * _options.BlockBytes);
                if (_random.NextInt32(4) == 0)
                {
                    Array.Clear(file.Data, start, end - start);
                }

                start = end;
            }

            file.Length = length;
        }
        else if (file.LostFrom < file.Length)
        {
            // The system dropped these pages when their sync failed.
            Array.Clear(file.Data, file.LostFrom, file.Length - file.LostFrom);
        }

        file.Durable = file.Length;
        file.LostFrom = int.MaxValue;
    }

    private void Begin(Operation operation)
    {
        long longest = operation.Kind is DiskOperations.Sync or DiskOperations.SyncDirectory ? MaxSyncUs : _options.MaxLatencyUs;
        long span = Math.Max(1, longest - _options.MinLatencyUs + 1);
        _busyUntil = Math.Max(_busyUntil, _now) + _options.MinLatencyUs + (long)(_random.NextUInt32() % (ulong)span);
        _waiting.Enqueue(operation with { EndsAtUs = _busyUntil });
    }

    private DiskResult Run(Operation operation)
    {
        DiskStatus fault = FaultOf(operation);
        SimulatedFile? file = null;
        bool needsFile = operation.Kind is DiskOperations.Append or DiskOperations.Sync or DiskOperations.Delete || (operation.Kind == DiskOperations.Read && !operation.Target.IsEmpty);
        if (needsFile && !_files.TryGetValue(operation.File, out file))
        {
            return End(operation, DiskStatus.NotFound, 0);
        }

        switch (operation.Kind)
        {
            case DiskOperations.Append:
                return Append(operation, file!, fault);
            case DiskOperations.Sync:
                if (fault != DiskStatus.Ok)
                {
                    file!.LostFrom = Math.Min(file.LostFrom, file.Durable);
                    return End(operation, fault, 0);
                }

                Syncs++;
                file!.Durable = Math.Max(file.Durable, Math.Min(file.Length, file.LostFrom));
                return End(operation, DiskStatus.Ok, 0);
            default:
                return fault != DiskStatus.Ok ? End(operation, fault, 0) : RunOther(operation, file);
        }
    }

    private DiskResult RunOther(Operation operation, SimulatedFile? file)
    {
        switch (operation.Kind)
        {
            case DiskOperations.Create:
                return End(operation, _files.TryAdd(operation.File, new SimulatedFile()) ? DiskStatus.Ok : DiskStatus.Exists, 0);
            case DiskOperations.Delete:
                _files.Remove(operation.File);
                return End(operation, DiskStatus.Ok, 0);
            case DiskOperations.Read:
                int count = file is null ? 0 : (int)Math.Clamp(file.Length - operation.Position, 0, operation.Target.Length);
                if (count > 0)
                {
                    file!.Data.AsSpan((int)operation.Position, count).CopyTo(operation.Target.Span);
                }

                BytesRead += count;
                return End(operation, DiskStatus.Ok, count);
            case DiskOperations.List:
                var files = new List<DiskFile>();
                foreach ((string name, SimulatedFile one) in _files)
                {
                    files.Add(new DiskFile(name, one.Length));
                }

                return new DiskResult(operation.Ticket, DiskStatus.Ok, files.Count, files);
            default:
                _durableNames.Clear();
                foreach ((string name, SimulatedFile one) in _files)
                {
                    _durableNames[name] = one;
                }

                return End(operation, DiskStatus.Ok, 0);
        }
    }

    private DiskResult Append(Operation operation, SimulatedFile file, DiskStatus fault)
    {
        int count = operation.Data.Length;
        DiskStatus status = DiskStatus.Ok;
        long room = CapacityBytes == long.MaxValue ? long.MaxValue : Math.Max(0, CapacityBytes - UsedBytes);
        if (fault != DiskStatus.Ok)
        {
            count = _random.NextInt32(count + 1);
            status = fault;
        }
        else if (count > room)
        {
            count = (int)room;
            status = DiskStatus.Full;
        }
        else if (ShortWriteRate > 0 && _random.NextInt32(10_000) < ShortWriteRate)
        {
            count = _random.NextInt32(count + 1);
        }

        if (BytesAppended + count >= CutAfterBytes)
        {
            count = (int)(CutAfterBytes - BytesAppended);
            IsOff = true;
        }

        file.Append(operation.Data.Span[..count]);
        BytesAppended += count;
        return End(operation, status, count);
    }

    private DiskStatus FaultOf(Operation operation)
    {
        for (int i = 0; i < _faults.Count; i++)
        {
            (DiskOperations kinds, string prefix, DiskStatus status, int skip) = _faults[i];
            if ((kinds & operation.Kind) == DiskOperations.None || !operation.File.StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }

            if (skip > 0)
            {
                _faults[i] = (kinds, prefix, status, skip - 1);
                continue;
            }

            _faults.RemoveAt(i);
            return status;
        }

        const DiskOperations Writing = DiskOperations.Create | DiskOperations.Append | DiskOperations.Sync | DiskOperations.Delete | DiskOperations.SyncDirectory;
        bool fails = FailureRate > 0 && (operation.Kind & Writing) != DiskOperations.None && _random.NextInt32(10_000) < FailureRate;
        return fails ? DiskStatus.Failed : DiskStatus.Ok;
    }

    private static DiskResult End(Operation operation, DiskStatus status, int count) => new(operation.Ticket, status, count, []);

    private sealed record Operation(DiskOperations Kind, string File, long Position, ReadOnlyMemory<byte> Data, Memory<byte> Target, long Ticket)
    {
        public long EndsAtUs { get; init; }
    }

    private sealed class SimulatedFile
    {
        public byte[] Data { get; set; } = [];

        public int Length { get; set; }

        /// <summary>Bytes that a cut of power keeps.</summary>
        public int Durable { get; set; }

        /// <summary>From here on a failed sync has left bytes that will never be durable.</summary>
        public int LostFrom { get; set; } = int.MaxValue;

        public void Append(ReadOnlySpan<byte> data)
        {
            if (Length + data.Length > Data.Length)
            {
                byte[] larger = new byte[Math.Max(Length + data.Length, Data.Length * 2)];
                Data.AsSpan(0, Length).CopyTo(larger);
                Data = larger;
            }

            data.CopyTo(Data.AsSpan(Length));
            Length += data.Length;
        }
    }
}
