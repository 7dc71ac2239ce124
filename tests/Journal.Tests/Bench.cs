using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using EdgeGateway.Journal;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;
using Simulators.Kernel;

namespace Journal.Tests;

/// <summary>Projections every record into two checksums: order and content both count.</summary>
internal sealed class SumProjection(string name) : IJournalProjection
{
    public string Name { get; } = name;

    public ulong Sum { get; private set; } = 1;

    public long Count { get; private set; }

    public bool Refuse { get; set; }

    public static ulong Mix(ulong sum, in JournalRecord record)
    {
        ulong mixed = (sum ^ (ulong)record.Index) * 0x100000001B3;
        mixed = (mixed ^ record.Type ^ ((ulong)record.Class << 8)) * 0x100000001B3;
        foreach (byte one in record.Payload.Span)
        {
            mixed = (mixed ^ one) * 0x100000001B3;
        }

        return mixed;
    }

    public void Reset()
    {
        Sum = 1;
        Count = 0;
    }

    public void Apply(in JournalRecord record)
    {
        Sum = Mix(Sum, in record);
        Count++;
    }

    public byte[] Save()
    {
        byte[] state = new byte[16];
        BitConverter.TryWriteBytes(state, Sum);
        BitConverter.TryWriteBytes(state.AsSpan(8), Count);
        return state;
    }

    public bool TryLoad(ReadOnlySpan<byte> state)
    {
        if (Refuse || state.Length != 16)
        {
            return false;
        }

        Sum = BitConverter.ToUInt64(state);
        Count = BitConverter.ToInt64(state[8..]);
        return true;
    }
}

/// <summary>A record as the model remembers it.</summary>
internal sealed record Sent(long Index, byte Type, RecordClass Class, string Hex);

/// <summary>A journal on a simulated disk with a handler that remembers everything.</summary>
internal sealed class Bench : IJournalHandler
{
    public const byte GapType = 9;

    public Bench(ulong seed, JournalOptions? options = null, SimulatedDisk? disk = null, SimulatedDiskOptions? diskOptions = null)
    {
        Seed = seed;
        Options = options ?? Small;
        Disk = disk ?? new SimulatedDisk(seed, diskOptions);
    }

    public static JournalOptions Small { get; } = new()
    {
        SegmentBytes = 512,
        MaxPayloadBytes = 128,
        QuotaBytes = 6 * 1024,
        MaxUnsyncedBytes = 4096,
        MaxBatchBytes = 400,
        CheckpointBytes = 1024,
        CheckpointRecords = 40,
        ReserveBytes = 0,
        RetryUs = 20_000,
        QuarantineBytes = 4096,
    };

    public ulong Seed { get; }

    public JournalOptions Options { get; set; }

    public SimulatedDisk Disk { get; }

    /// <summary>Where the keys are; null for a journal without.</summary>
    public SimulatedDisk? KeyDisk { get; private set; }

    /// <summary>The key that wraps all others.</summary>
    public byte[] CartKey { get; set; } = Enumerable.Range(1, 32).Select(static i => (byte)i).ToArray();

    public JournalLog Log { get; private set; } = null!;

    public SumProjection Projection { get; private set; } = new("sum");

    public JournalOpened? OpenedWith { get; set; }

    public long Now { get; private set; }

    public List<JournalLoss> Losses { get; } = [];

    /// <summary>Records that retention declared, each with the index of its declaration: it counts only while the declaration itself is in the log.</summary>
    public SortedDictionary<long, (Sent Record, long DeclaredAt)> Removed { get; } = [];

    /// <summary>Index of each declared damage's declaration, with what it covers.</summary>
    public List<(long First, long Last, long DeclaredAt)> Damaged { get; } = [];

    public List<string> Failures { get; } = [];

    public List<DiskStatus> FailureStatuses { get; } = [];

    public int Recoveries { get; private set; }

    public long Acknowledged { get; set; }

    /// <summary>Everything ever appended, by index, of the line of history that stands now.</summary>
    public SortedDictionary<long, Sent> Model { get; } = [];

    /// <summary>Declarations: first to last and class of what a gap record says is lost, by the index of the gap record.</summary>
    public bool Declares { get; set; } = true;

    public Action? OnSynced { get; set; }

    public List<Sent> LastRead { get; } = [];

    public long LastReadNext { get; private set; }

    public HashSet<long> EndedTickets { get; } = [];

    public static Sent Tell(in JournalRecord record) => new(record.Index, record.Type, record.Class, Convert.ToHexString(record.Payload.Span));

    // Never the same again, whatever life it is: what the system's randomness is on a cart.
    private SeededRandom? _keyRandom;

    /// <summary>Encrypts: the key owner of a record follows from its first byte.</summary>
    public Bench Protect()
    {
        KeyDisk = new SimulatedDisk(Seed + 7777);
        _keyRandom = new SeededRandom(Seed).Fork("keys");
        return this;
    }

    /// <summary>Whose key encrypts a record here: nobody's for an even length, else the number in its first byte, or one of a few that follow from its length.</summary>
    public static JournalKeyOwner OwnerOf(byte type, RecordClass recordClass, ReadOnlySpan<byte> payload) =>
        payload.Length % 2 == 0 ? default : payload[0] != 0 ? new JournalKeyOwner(1, payload[0]) : new JournalKeyOwner(2, (uint)payload.Length % 5);

    private JournalProtection? Protection() => KeyDisk is null ? null : new JournalProtection
    {
        Disk = KeyDisk,
        CartKey = CartKey,
        KeyOf = OwnerOf,
        Random = bytes =>
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)_keyRandom!.NextUInt32();
            }
        },
    };

    /// <summary>The power returns.</summary>
    public void PowerOn(CutKeeps keeps)
    {
        Disk.PowerOn(keeps);
        KeyDisk?.PowerOn(keeps);
    }

    /// <summary>The process ends.</summary>
    public void Kill()
    {
        Disk.KillProcess();
        KeyDisk?.KillProcess();
    }

    // The power of both goes at once.
    private long StepDisks()
    {
        long next = Disk.Step(Now);
        if (KeyDisk is not null)
        {
            long ofKeys = KeyDisk.Step(Now);
            if (KeyDisk.IsOff || Disk.IsOff)
            {
                KeyDisk.CutPower();
                Disk.CutPower();
                return long.MaxValue;
            }

            next = Math.Min(Disk.Step(Now), ofKeys);
        }

        return next;
    }

    /// <summary>Another bench in the state of this one, which is at rest and stopped.</summary>
    public Bench Copy()
    {
        var copy = new Bench(Seed, Options) { Now = Now, Acknowledged = Acknowledged };
        foreach (string file in Disk.Files)
        {
            copy.Disk.Put(file, Disk.Contents(file));
        }

        if (KeyDisk is not null)
        {
            copy.Protect()._keyRandom = _keyRandom!.Fork("copy");
            copy.CartKey = CartKey;
            foreach (string file in KeyDisk.Files)
            {
                copy.KeyDisk!.Put(file, KeyDisk.Contents(file));
            }
        }

        foreach ((long index, Sent record) in Model)
        {
            copy.Model[index] = record;
        }

        foreach ((long index, (Sent, long) removed) in Removed)
        {
            copy.Removed[index] = removed;
        }

        return copy;
    }

    public void Start()
    {
        Projection = new SumProjection("sum");
        OpenedWith = null;
        Log = new JournalLog(Disk, Options, [Projection], this, Protection());
        Log.Open();
    }

    /// <summary>Opens and lets it come to rest.</summary>
    public Bench StartAndSettle()
    {
        Start();
        Settle();
        Assert.IsNotNull(OpenedWith, "seed " + Seed + ": not opened, " + string.Join("; ", Failures));
        return this;
    }

    /// <summary>Runs until nothing is under way on the disk and the journal wants nothing before the horizon.</summary>
    public void Settle(long horizonUs = 0)
    {
        long end = Now + horizonUs;
        for (int i = 0; i < 200_000; i++)
        {
            long log = Log.Step(Now);
            long disk = StepDisks();
            if (Disk.IsOff)
            {
                return;
            }

            long next = Math.Min(disk, log);
            if (disk == long.MaxValue && (log == long.MaxValue || log > end))
            {
                Now = Math.Max(Now, horizonUs == 0 ? Now : end);
                return;
            }

            Now = Math.Max(Now, next);
        }

        var recent = new List<string>();
        Disk.Trace = recent.Add;
        for (int i = 0; i < 60; i++)
        {
            StepOne();
        }

        Assert.Fail("seed " + Seed + ": it never comes to rest; " + Log.Status + "; it does\n" + string.Join("\n", recent));
    }

    /// <summary>Lets one operation of the disk end.</summary>
    public void StepOne()
    {
        long log = Log.Step(Now);
        long disk = StepDisks();
        long next = Math.Min(disk, log);
        if (next != long.MaxValue)
        {
            Now = Math.Max(Now, next);
        }
    }

    public long Append(RecordClass recordClass, string text, byte type = 1) => Append(recordClass, System.Text.Encoding.ASCII.GetBytes(text), type);

    public long Append(RecordClass recordClass, byte[] payload, byte type = 1, JournalPurpose purpose = JournalPurpose.Reading)
    {
        if (!Log.TryAppend(type, recordClass, payload, out long index, purpose))
        {
            Assert.AreEqual(0, index);
            return 0;
        }

        Model[index] = new Sent(index, type, recordClass, Convert.ToHexString(payload));
        return index;
    }

    public List<Sent> ReadAll(int classes = 31, long from = 1, int maxBytes = 200)
    {
        var all = new List<Sent>();
        long next = from;
        long ticket = 1000;
        while (next <= Log.LastIndex)
        {
            ticket++;
            LastRead.Clear();
            LastReadNext = -1;
            Log.BeginRead(next, classes, maxBytes, ticket);
            Settle(Options.RetryUs * 2);
            if (!EndedTickets.Contains(ticket) || LastReadNext <= next)
            {
                Assert.Fail("seed " + Seed + ": the read from " + next + " never ended or does not go on: " + LastReadNext);
            }

            all.AddRange(LastRead);
            next = LastReadNext;
        }

        return all;
    }

    public void Opened(JournalOpened opened)
    {
        OpenedWith = opened;
        Rewind(opened);
        foreach (JournalLoss loss in opened.Losses)
        {
            Declare(in loss, []);
        }
    }

    public void Synced(long throughIndex)
    {
        Assert.IsTrue(throughIndex > Acknowledged || Acknowledged == 0, "seed " + Seed + ": acknowledged twice");
        Acknowledged = throughIndex;
        OnSynced?.Invoke();
    }

    public void Failing(DiskStatus status, string text)
    {
        Failures.Add(text);
        FailureStatuses.Add(status);
    }

    public void Recovered() => Recoveries++;

    public List<(JournalIntake Intake, string Reason)> Intakes { get; } = [];

    public void IntakeChanged(JournalIntake intake, string reason) => Intakes.Add((intake, reason));

    public bool Lost(in JournalLoss loss, IReadOnlyList<JournalRecord> records)
    {
        long at = Declare(in loss, records);
        if (at == long.MaxValue && Declares && !loss.Damaged)
        {
            return false;
        }

        foreach (JournalRecord record in records)
        {
            if (!Removed.TryGetValue(record.Index, out (Sent Record, long DeclaredAt) known) || known.DeclaredAt > at)
            {
                Removed[record.Index] = (Tell(in record), at);
            }
        }

        return true;
    }

    public void Read(long ticket, IReadOnlyList<JournalRecord> records, long nextIndex)
    {
        EndedTickets.Add(ticket);
        LastReadNext = nextIndex;
        foreach (JournalRecord record in records)
        {
            LastRead.Add(Tell(in record));
        }
    }

    /// <summary>Compares everything with the model; the log is at rest.</summary>
    public void Verify(string when)
    {
        string where = string.Create(CultureInfo.InvariantCulture, $"seed {Seed}, {when}: ");
        List<Sent> read = ReadAll();
        var there = new HashSet<long>();
        long before = 0;
        foreach (Sent record in read)
        {
            if (record.Index <= before || !Model.TryGetValue(record.Index, out Sent? wanted) || wanted != record)
            {
                Assert.Fail(where + "record " + record.Index + " is out of order or not what was appended");
            }

            there.Add(record.Index);
            before = record.Index;
        }

        foreach ((long index, Sent record) in Model)
        {
            bool kept = there.Contains(index)
                || (Removed.TryGetValue(index, out (Sent Record, long DeclaredAt) removed) && removed.Record == record)
                || (record.Class == RecordClass.Control && index <= Log.ReplayFrom)
                || IsDamaged(index);
            if (!kept)
            {
                Assert.Fail(where + "record " + record + " is gone and not declared; acknowledged " + Acknowledged + "; last " + Log.LastIndex + "; losses " + string.Join(", ", Losses));
            }
        }

        ulong sum = 1;
        foreach ((long index, Sent record) in Model)
        {
            if (!NotProjected.Contains(index))
            {
                var shown = new JournalRecord(index, record.Type, record.Class, Convert.FromHexString(record.Hex));
                sum = SumProjection.Mix(sum, in shown);
            }
        }

        Assert.AreEqual(sum, Projection.Sum, where + "the projection is not what the records make");
    }

    /// <summary>Records that were lost above a checkpoint, so that no projection has them.</summary>
    public HashSet<long> NotProjected { get; } = [];

    public bool BitRot { get; set; }

    private bool IsDamaged(long index)
    {
        foreach ((long first, long last, _) in Damaged)
        {
            if (index >= first && index <= last)
            {
                return true;
            }
        }

        return false;
    }

    // What the start did not find never happened, if it was not acknowledged.
    private void Rewind(JournalOpened opened)
    {
        Assert.IsTrue(opened.LastIndex >= Acknowledged, $"seed {Seed}: acknowledged {Acknowledged}, recovered {opened.LastIndex}");
        foreach (JournalLoss loss in opened.Losses)
        {
            for (long i = loss.First; i <= loss.Last; i++)
            {
                if (i > Acknowledged)
                {
                    Model.Remove(i);
                }
                else if (!BitRot && Model.ContainsKey(i))
                {
                    // A sequence gap found before, of what was never acknowledged, may be declared once more; anything else is a loss.
                    Assert.Fail($"seed {Seed}: acknowledged {Acknowledged}, but lost {loss}");
                }
            }
        }

        List<long> gone = [];
        foreach (long index in Model.Keys)
        {
            if (index > opened.LastIndex)
            {
                gone.Add(index);
            }
        }

        gone.ForEach(index => Model.Remove(index));
        List<long> undeclared = [];
        foreach ((long index, (Sent _, long declaredAt)) in Removed)
        {
            if (declaredAt > opened.LastIndex)
            {
                undeclared.Add(index);
            }
        }

        undeclared.ForEach(index => Removed.Remove(index));
        Damaged.RemoveAll(d => d.DeclaredAt > opened.LastIndex);
        Acknowledged = opened.LastIndex;
    }

    private long Declare(in JournalLoss loss, IReadOnlyList<JournalRecord> records)
    {
        Losses.Add(loss);
        if (!Declares)
        {
            return long.MaxValue;
        }

        // What is declared is written into the log, as the gateway does: it must survive what was removed.
        string text = string.Create(CultureInfo.InvariantCulture, $"{loss.First}-{loss.Last}:{(loss.Class is { } c ? (int)c : -1)}:{records.Count}");
        long at = Append(RecordClass.Control, System.Text.Encoding.ASCII.GetBytes(text), GapType, JournalPurpose.Bookkeeping);
        at = at == 0 ? long.MaxValue : at;
        if (loss.Damaged)
        {
            Damaged.Add((loss.First, loss.Last, at));
        }

        return at;
    }
}
