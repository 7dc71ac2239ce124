using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Security.Cryptography;

namespace EdgeGateway.Journal;

/// <summary>Bytes of a segment that are no record.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">How many; 0 when records are missing with no bytes left of them.</param>
/// <param name="Before">Index of the record before it.</param>
/// <param name="After">Index of the record after it; Before + 1 when nothing is missing.</param>
internal readonly record struct DamagedBytes(int Offset, int Length, long Before, long After);

/// <summary>A segment's bytes, searched: its records, its sequence gaps declared earlier, its damage.</summary>
internal sealed class SegmentContent
{
    private int _lastPlace; // of the newest record in its write
    private byte[]? _plain; // decrypted payloads, where their ciphertext stands in Data
    private KeySet? _keys;

    private SegmentContent(SegmentName name, byte[] data, int length)
    {
        Name = name;
        File = name.File;
        Data = data;
        Length = length;
    }

    public SegmentName Name { get; }

    /// <summary>The file's name.</summary>
    public string File { get; }

    public byte[] Data { get; }

    public int Length { get; private set; }

    public List<Entry> Entries { get; } = [];

    /// <summary>Records of the journal's own that this version does not know, in order: kept by rewrites at their places among the entries.</summary>
    public List<Entry> UnknownOwn { get; } = [];

    /// <summary>Records with an unknown mark, of both kinds; <see cref="Counts"/> has them as vital signs.</summary>
    public int UnknownMarks { get; private set; }

    /// <summary>Up to this index all records are known to have been synced.</summary>
    public long SyncedThrough { get; private set; }

    public List<(long First, long Last)> SequenceGaps { get; } = [];

    public List<DamagedBytes> Damage { get; } = [];

    public int[] Counts { get; } = new int[JournalFormat.ClassCount];

    public Seal? Seal { get; private set; }

    public bool HeaderWhole { get; private set; }

    /// <summary>Bytes after the last record that are none: an unfinished write, or damage at the end.</summary>
    public int TailBytes { get; private set; }

    /// <summary>Written by a newer version (of the format, or with a cipher): not touched.</summary>
    public bool Newer { get; private set; }

    public long LastIndex => Entries.Count == 0 ? Name.First - 1 : Entries[^1].Index;

    /// <summary>The last index that was ever acknowledged from here or is there: damage before the newest mark may have taken the last records.</summary>
    public long StandsFor => Math.Max(LastIndex, SyncedThrough);

    /// <summary>An empty segment to be appended to.</summary>
    public static SegmentContent Begin(SegmentName name, int capacity)
    {
        var content = new SegmentContent(name, new byte[capacity], JournalFormat.HeaderBytes) { HeaderWhole = true };
        JournalFormat.WriteHeader(content.Data, name);
        return content;
    }

    /// <summary>Appends a record in memory.</summary>
    public void Add(uint salt, long index, byte type, RecordClass recordClass, int place, ReadOnlySpan<byte> payload)
    {
        int size = JournalFormat.RecordHeadBytes + payload.Length;
        JournalFormat.WriteRecord(Data.AsSpan(Length, size), salt, index, type, (byte)recordClass, place, payload);
        Entries.Add(new Entry(Length + JournalFormat.RecordHeadBytes, payload.Length, index, type, recordClass, (byte)recordClass));
        Counts[(int)recordClass]++;
        Length += size;
    }

    /// <summary>Appends an encrypted record in memory.</summary>
    public void AddEncrypted(uint salt, in JournalRecord record, int place, JournalKeyOwner owner, KeyRing keys)
    {
        ReadOnlySpan<byte> payload = record.Payload.Span;
        int size = JournalFormat.RecordHeadBytes + payload.Length + RecordCipher.Overhead;
        (AesGcm key, uint boot, ulong counter) = keys.Next(owner);
        RecordCipher.Write(Data.AsSpan(Length, size), salt, record.Index, record.Type, (byte)record.Class, place, payload, owner, key, boot, counter);
        Entry entry = new(Length + JournalFormat.RecordHeadBytes, size - JournalFormat.RecordHeadBytes, record.Index, record.Type, record.Class, (byte)record.Class) { IsOpened = true };
        payload.CopyTo(PlainOf(in entry));
        Entries.Add(entry);
        Counts[(int)record.Class]++;
        Length += size;
    }

    /// <summary>Forgets the decrypted payloads of one key owner.</summary>
    public void Lock(JournalKeyOwner owner)
    {
        for (int i = 0; i < Entries.Count; i++)
        {
            Entry entry = Entries[i];
            if (entry.IsOpened && RecordCipher.OwnerOf(Data.AsSpan(entry.Offset - JournalFormat.RecordHeadBytes)) == owner)
            {
                PlainOf(in entry).Clear();
                Entries[i] = entry with { IsOpened = false, IsLocked = true };
            }
        }
    }

    /// <summary>Appends a record of an older generation, whatever its mark is.</summary>
    public void Adopt(uint salt, SegmentContent from, in Entry entry)
    {
        int size = JournalFormat.RecordHeadBytes + entry.Length;
        Span<byte> record = Data.AsSpan(Length, size);
        from.Data.AsSpan(entry.Offset - JournalFormat.RecordHeadBytes, size).CopyTo(record);
        JournalFormat.Adopt(record, salt);
        Entry adopted = entry with { Offset = Length + JournalFormat.RecordHeadBytes };
        if (entry.IsOpened)
        {
            from.PlainOf(in entry).CopyTo(PlainOf(in adopted));
        }

        Take(in adopted);
        Length += size;
    }

    /// <summary>Appends the mark that everything up to here is synced.</summary>
    public void AddSynced(uint salt, long index)
    {
        JournalFormat.WriteSynced(Data.AsSpan(Length, JournalFormat.SyncedBytes), salt, index, Length);
        SyncedThrough = index;
        Length += JournalFormat.SyncedBytes;
    }

    public void AddGap(uint salt, long first, long last)
    {
        JournalFormat.WriteGap(Data.AsSpan(Length, JournalFormat.GapBytes), salt, first, last);
        SequenceGaps.Add((first, last));
        Length += JournalFormat.GapBytes;
    }

    public void AddSeal(uint salt, long last)
    {
        Seal = new Seal(Name.First, last, (int[])Counts.Clone());
        JournalFormat.WriteSeal(Data.AsSpan(Length, JournalFormat.SealBytes), salt, Seal);
        Length += JournalFormat.SealBytes;
    }

    /// <summary>The record at a place of the list.</summary>
    public JournalRecord Record(int at)
    {
        Entry entry = Entries[at];
        ReadOnlyMemory<byte> payload = entry.IsOpened ? _plain.AsMemory(entry.Offset + RecordCipher.PrefixBytes, entry.Length - RecordCipher.Overhead) : Data.AsMemory(entry.Offset, entry.Length);
        return new JournalRecord(entry.Index, entry.Type, entry.Class, payload) { UnknownMark = entry.IsUnknown ? entry.Mark : null, IsLocked = entry.IsLocked };
    }

    private Span<byte> PlainOf(in Entry entry) => (_plain ??= new byte[Data.Length]).AsSpan(entry.Offset + RecordCipher.PrefixBytes, entry.Length - RecordCipher.Overhead);

    /// <summary>Records with an unknown mark behind the record of this index.</summary>
    public int UnknownMarksBehind(long index) => Entries.FindAll(e => e.IsUnknown && e.Index > index).Count + UnknownOwn.FindAll(own => own.Index >= index).Count;

    /// <summary>Place of the first record with at least this index.</summary>
    public int Find(long index)
    {
        int low = 0;
        int high = Entries.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Entries[middle].Index < index)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Searches the bytes of a segment. Never throws, whatever the bytes are.</summary>
    /// <param name="name">The segment.</param>
    /// <param name="data">Its bytes; kept.</param>
    /// <param name="length">How many of them.</param>
    /// <param name="limit">Records above this index were written again in the next segment and do not count.</param>
    /// <param name="durableThrough">An index known to be synced; a write that holds it is not cut as unfinished.</param>
    /// <param name="keys">For encrypted records; without any of them they count and are locked.</param>
    public static SegmentContent Scan(SegmentName name, byte[] data, int length, long limit, long durableThrough = 0, KeySet? keys = null)
    {
        var content = new SegmentContent(name, data, length) { _keys = keys };
        ReadOnlySpan<byte> all = data.AsSpan(0, length);
        if (JournalFormat.IsNewer(all))
        {
            content.Newer = true;
            return content;
        }

        content.HeaderWhole = JournalFormat.HeaderMatches(all, name);
        uint salt = JournalFormat.SaltOf(name);
        int at = Math.Min(JournalFormat.HeaderBytes, length);
        int good = at; // end of the last whole record
        long last = name.First - 1;
        bool open = false; // the newest damage lies before an unknown mark, so that it is not yet known what it took
        while (at < length)
        {
            int size = content.TakeAt(all, at, salt, last, limit, out long index, out bool ends);
            if (ends)
            {
                content.Length = at;
                return content;
            }

            if (size == 0)
            {
                at++;
                continue;
            }

            byte mark = all[at + 11];
            bool synced = mark == (byte)RecordClass.Control && IsSynced(all[at..], at);
            bool record = mark < JournalFormat.FirstOwnMark && !synced;

            // A seal and a synced mark name the last index, so what is missing before it is known; sequence gaps stand at the front, before every record, and of an
            // unknown mark only what comes next tells.
            bool tells = record || synced || mark == JournalFormat.SealMark;
            long after = Math.Max(record ? index : tells ? index + 1 : last + 1, last + 1);
            if (at > good)
            {
                content.Damage.Add(new DamagedBytes(good, at - good, last, after));
                open = !tells && mark != JournalFormat.GapMark;
            }
            else if (tells && open)
            {
                content.Damage[^1] = content.Damage[^1] with { After = after };
                open = false;
            }
            else if (record && !name.Copy && index != last + 1)
            {
                content.Damage.Add(new DamagedBytes(at, 0, last, index));
            }

            last = record ? index : synced ? Math.Max(last, index) : last;
            at += size;
            good = at;
        }

        content.TailBytes = length - good;
        if (limit == long.MaxValue && !name.Copy && content.Seal is null)
        {
            if (open)
            {
                content.CutFrom(content.Damage.Count - 1); // nothing behind it says that it was ever synced
            }

            content.CutUnfinishedWrite(durableThrough);
        }

        return content;
    }

    // One write is under way at a time, and the next begins after its sync. So in the newest segment only the last write can be unfinished, and a cut of
    // power may have kept its later records without its earlier ones. Nobody was told of any of them, and their order must hold: all from the first
    // missing one on are taken back, as those of a torn end are.
    private void CutUnfinishedWrite(long durableThrough)
    {
        long first = LastIndex - _lastPlace;
        if (Entries.Count == 0 || first <= Math.Max(durableThrough, SyncedThrough))
        {
            return;
        }

        for (int i = 0; i < Damage.Count; i++)
        {
            DamagedBytes part = Damage[i];
            if (part.After <= first || part.After - part.Before <= 1)
            {
                continue;
            }

            long cut = Math.Max(part.Before + 1, first);
            int keep = Find(cut);
            Drop(Entries, keep);
            CutFrom(i);
            if (part.Before + 1 < first)
            {
                Damage.Add(part with { After = first });
            }

            return;
        }
    }

    // From this damage on all bytes are an unfinished write.
    private void CutFrom(int damage)
    {
        int offset = Damage[damage].Offset;
        Drop(UnknownOwn, UnknownOwn.FindIndex(own => own.Offset >= offset));
        Damage.RemoveRange(damage, Damage.Count - damage);
        TailBytes = Length - offset;
    }

    private void Drop(List<Entry> entries, int from)
    {
        for (int k = entries.Count - 1; k >= from && from >= 0; k--)
        {
            Counts[(int)entries[k].Class]--;
            UnknownMarks -= entries[k].IsUnknown ? 1 : 0;
            entries.RemoveAt(k);
        }
    }

    private void Take(in Entry entry)
    {
        (entry.Mark < JournalFormat.FirstOwnMark ? Entries : UnknownOwn).Add(entry);
        Counts[(int)entry.Class]++;
        UnknownMarks += entry.IsUnknown ? 1 : 0;
    }

    // A mark says its own place: one that stands elsewhere (bytes before it are gone or were added) is no mark, and no record either.
    private static bool IsSynced(ReadOnlySpan<byte> record, int at) =>
        IsLikeSynced(record) && BinaryPrimitives.ReadInt64LittleEndian(record[(JournalFormat.RecordHeadBytes + 8)..]) == at;

    private static bool IsLikeSynced(ReadOnlySpan<byte> record) =>
        record.Length >= JournalFormat.SyncedBytes && record[10] == JournalFormat.SyncedType
        && BinaryPrimitives.ReadInt32LittleEndian(record) == JournalFormat.SyncedPayloadBytes
        && BinaryPrimitives.ReadInt64LittleEndian(record[JournalFormat.RecordHeadBytes..]) == BinaryPrimitives.ReadInt64LittleEndian(record[12..]);

    /// <summary>Size of the whole record at a place, 0 when there is none.</summary>
    private int TakeAt(ReadOnlySpan<byte> all, int at, uint salt, long last, long limit, out long index, out bool ends)
    {
        index = 0;
        ends = false;
        ReadOnlySpan<byte> rest = all[at..];
        if (rest.Length < JournalFormat.RecordHeadBytes)
        {
            return 0;
        }

        byte mark = rest[11];
        int length = BinaryPrimitives.ReadInt32LittleEndian(rest);
        index = BinaryPrimitives.ReadInt64LittleEndian(rest[12..]);
        bool own = mark >= JournalFormat.FirstOwnMark;
        bool unknown = mark >= JournalFormat.ClassCount && mark != JournalFormat.SealMark && mark != JournalFormat.GapMark;
        if (length < 0 || length > rest.Length - JournalFormat.RecordHeadBytes || index < Name.First - 1 || Seal is not null)
        {
            return 0;
        }

        // Any byte may be an unknown mark. Without this bound nearly every place inside of damaged samples would have a checksum computed over the length that it seems to say.
        if (unknown && index - Name.First > JournalFormat.MaxSegmentRecords)
        {
            return 0;
        }

        int size = JournalFormat.RecordHeadBytes + length;
        bool synced = !own && IsSynced(rest[..size], at);
        if (!own && !synced && (index <= last || (mark == (byte)RecordClass.Control && IsLikeSynced(rest[..size]))))
        {
            return 0;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]) != JournalFormat.RecordCrc(rest[..size], salt))
        {
            return 0;
        }

        if (rest[9] > RecordCipher.AesGcm256 || (rest[9] == RecordCipher.AesGcm256 && length < RecordCipher.Overhead))
        {
            Newer = true;
        }

        if (synced)
        {
            if (index > limit)
            {
                return 0;
            }

            SyncedThrough = Math.Max(SyncedThrough, index);
            return size;
        }

        if (!own)
        {
            if (index > limit)
            {
                ends = true;
                return 0;
            }

            Entry entry = new(at + JournalFormat.RecordHeadBytes, length, index, rest[10], unknown ? JournalFormat.UnknownClass : (RecordClass)mark, mark);
            if (RecordCipher.IsEncrypted(rest[..size]) && !unknown)
            {
                KeyOutcome outcome = _keys?.TryOpen(rest[..size], PlainOf(in entry)) ?? KeyOutcome.NoKey;
                if (outcome == KeyOutcome.Damaged)
                {
                    return 0; // never a wrong value, whatever the checksum says
                }

                entry = entry with { IsOpened = outcome == KeyOutcome.Opened, IsLocked = outcome == KeyOutcome.NoKey };
            }

            _lastPlace = BinaryPrimitives.ReadUInt16LittleEndian(rest[20..]);
            Take(in entry);
            return size;
        }

        ReadOnlySpan<byte> payload = rest.Slice(JournalFormat.RecordHeadBytes, length);
        if (mark == JournalFormat.SealMark && length == JournalFormat.SealPayloadBytes)
        {
            Seal = JournalFormat.ReadSeal(payload);
        }
        else if (mark == JournalFormat.GapMark && length == JournalFormat.GapPayloadBytes)
        {
            SequenceGaps.Add((BinaryPrimitives.ReadInt64LittleEndian(payload), BinaryPrimitives.ReadInt64LittleEndian(payload[8..])));
        }
        else if (unknown)
        {
            // It stands where it stands: behind the record before it, whatever its own index says.
            Take(new Entry(at + JournalFormat.RecordHeadBytes, length, last, rest[10], JournalFormat.UnknownClass, mark));
        }

        return size;
    }

    /// <summary>What is missing, given the last index that the segment stands for.</summary>
    /// <param name="expectedLast">That index.</param>
    public List<JournalLoss> Losses(long expectedLast)
    {
        var losses = new List<JournalLoss>();
        RecordClass? only = OnlyClassMissing();
        foreach (DamagedBytes part in Damage)
        {
            if (part.After - part.Before > 1)
            {
                losses.Add(new JournalLoss(part.Before + 1, part.After - 1, only, true, Name.File));
            }
        }

        long end = Math.Max(LastIndex, SequenceGaps.Count == 0 ? 0 : SequenceGaps[^1].Last);
        foreach (DamagedBytes part in Damage)
        {
            end = Math.Max(end, part.After - 1);
        }

        if (Seal is null && expectedLast > end)
        {
            losses.Add(new JournalLoss(end + 1, expectedLast, null, true, Name.File));
        }

        return losses;
    }

    /// <summary>What goes with some of the known records: by class, the lowest in rank first, with the records.</summary>
    /// <param name="remove">Which go.</param>
    public IEnumerable<(JournalLoss Loss, List<JournalRecord> Records)> Removals(Predicate<Entry> remove)
    {
        for (int c = JournalFormat.ClassCount - 1; c > 0; c--)
        {
            var records = new List<JournalRecord>();
            for (int i = 0; i < Entries.Count; i++)
            {
                if ((int)Entries[i].Class == c && !Entries[i].IsHidden && remove(Entries[i]))
                {
                    records.Add(Record(i));
                }
            }

            if (records.Count > 0)
            {
                yield return (new JournalLoss(records[0].Index, records[^1].Index, (RecordClass)c, false, Name.File), records);
            }
        }
    }

    /// <summary>What goes with some of the records of an unknown class: one for each run of neighbouring indices, so that every index in it is one that goes.</summary>
    /// <param name="remove">Which go.</param>
    public IEnumerable<JournalLoss> UnknownRemovals(Predicate<Entry> remove)
    {
        List<Entry> unknown = Entries.FindAll(entry => entry.IsUnknown && remove(entry));
        int begin = 0;
        for (int i = 1; i <= unknown.Count; i++)
        {
            if (i == unknown.Count || unknown[i].Index != unknown[i - 1].Index + 1)
            {
                yield return new JournalLoss(unknown[begin].Index, unknown[i - 1].Index, JournalFormat.UnknownClass, false, Name.File);
                begin = i;
            }
        }
    }

    // A seal counts the records by class, so when all that is missing is of one class, that class is known.
    private RecordClass? OnlyClassMissing()
    {
        RecordClass? only = null;
        for (int i = 0; i < JournalFormat.ClassCount && Seal is not null; i++)
        {
            if (Seal.Counts[i] > Counts[i])
            {
                if (only is not null)
                {
                    return null;
                }

                only = (RecordClass)i;
            }
        }

        return only;
    }
}
