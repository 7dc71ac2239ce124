using System;
using System.Collections.Generic;

namespace EdgeGateway.Journal;

/// <content>Reading: sealed segments from the disk, whole, with a small cache; the rest from memory.</content>
public sealed partial class JournalLog
{
    private const int CachedSegments = 4;

    private readonly Queue<ReadRequest> _reads = new();
    private readonly List<SegmentContent> _cache = []; // newest use last
    private bool _reading;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">More than 256 reads wait: the owner must bound its reads.</exception>
    public void BeginRead(long fromIndex, int classes, int maxBytes, long ticket)
    {
        if (_reads.Count >= MaxWaitingReads)
        {
            throw new InvalidOperationException("More than 256 reads of the journal wait. The owner must wait for the end of one before it begins the next.");
        }

        _reads.Enqueue(new ReadRequest(Math.Max(1, fromIndex), classes, Math.Max(1, maxBytes), ticket));
        StartReading();
    }

    private void StartReading()
    {
        if (_open && !_reading && _reads.Count > 0)
        {
            _reading = true;
            Start(Reading());
        }
    }

    private IEnumerator<Op> Reading()
    {
        while (_reads.Count > 0)
        {
            ReadRequest request = _reads.Dequeue();
            var records = new List<JournalRecord>();
            var next = new Box<long> { Value = request.From };
            var touched = new Box<bool>();
            var room = new Box<int> { Value = request.MaxBytes };
            yield return Op.Call(ReadStored(request, next, room, records, touched));
            if (!touched.Value)
            {
                // The end never comes from inside the call: a read of nothing brings it by way of the disk.
                yield return Op.Read(_segments.Count > 0 ? _segments[^1].Name.File : JournalFormat.LockFile, 0, Memory<byte>.Empty);
            }

            if (room.Value > 0)
            {
                ReadMemory(request, next, room, records);
            }

            _handler.Read(request.Ticket, records, next.Value);
        }

        _reading = false;
    }

    private IEnumerator<Op> ReadStored(ReadRequest request, Box<long> next, Box<int> room, List<JournalRecord> records, Box<bool> touched)
    {
        while (room.Value > 0 && NextStored(next.Value, request.Classes) is { } info)
        {
            touched.Value = true;
            var content = new Box<SegmentContent?>();
            yield return Op.Call(Content(info, content));
            if (content.Value is null)
            {
                // Written anew or given up meanwhile: the list is asked again; what cannot be read for now is tried again.
                continue;
            }

            Collect(content.Value, long.MaxValue, request, next, room, records);
            next.Value = room.Value > 0 ? Math.Max(next.Value, info.Last + 1) : next.Value;
        }
    }

    // The first stored segment that has records of these classes at or above an index.
    private SegmentInfo? NextStored(long from, int classes)
    {
        int low = 0;
        int high = _segments.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_segments[middle].Last < from)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        for (int i = low; i < _segments.Count; i++)
        {
            SegmentInfo info = _segments[i];
            for (int c = 0; c < JournalFormat.ClassCount && !info.Unreadable; c++)
            {
                if ((classes & (1 << c)) != 0 && info.Counts[c] > 0)
                {
                    return info;
                }
            }
        }

        return null;
    }

    private static void Collect(SegmentContent content, long through, ReadRequest request, Box<long> next, Box<int> room, List<JournalRecord> records)
    {
        for (int i = content.Find(next.Value); i < content.Entries.Count && content.Entries[i].Index <= through && room.Value > 0; i++)
        {
            Entry entry = content.Entries[i];
            next.Value = entry.Index + 1;
            if ((request.Classes & (1 << (int)entry.Class)) != 0 && !entry.IsHidden)
            {
                records.Add(content.Record(i));
                room.Value -= Math.Max(1, entry.Length);
            }
        }
    }

    private void ReadMemory(ReadRequest request, Box<long> next, Box<int> room, List<JournalRecord> records)
    {
        if (NextStored(next.Value, request.Classes) is not null)
        {
            return; // sealed meanwhile: the next read finds it there, in order
        }

        if (_active is not null)
        {
            Collect(_active, SyncedIndex, request, next, room, records);
        }

        foreach (JournalRecord record in _unsynced)
        {
            if (room.Value <= 0)
            {
                return;
            }

            if (record.Index >= next.Value)
            {
                next.Value = record.Index + 1;
                if ((request.Classes & (1 << (int)record.Class)) != 0)
                {
                    records.Add(record);
                    room.Value -= Math.Max(1, record.Payload.Length);
                }
            }
        }

        if (room.Value > 0)
        {
            next.Value = Math.Max(next.Value, LastIndex + 1);
        }
    }

    private void Remember(SegmentContent content)
    {
        for (int i = 0; i < _cache.Count; i++)
        {
            if (_cache[i].Name.First == content.Name.First)
            {
                _cache.RemoveAt(i);
                break;
            }
        }

        if (_cache.Count == CachedSegments)
        {
            _cache.RemoveAt(0);
        }

        _cache.Add(content);
    }

    // A stored segment's content; null when it cannot be had (now). Damage found here is declared and left to be set aside.
    private IEnumerator<Op> Content(SegmentInfo info, Box<SegmentContent?> result)
    {
        result.Value = null;
        foreach (SegmentContent known in _cache)
        {
            if (known.Name == info.Name)
            {
                result.Value = known;
            }
        }

        if (result.Value is not null)
        {
            Remember(result.Value);
            yield break;
        }

        byte[] data = new byte[info.Length];
        yield return Op.Read(info.Name.File, 0, data);
        if (!_segments.Contains(info))
        {
            yield break; // written anew meanwhile
        }

        if (Last.Status != DiskStatus.Ok)
        {
            info.ReadFailures++;
            if ((info.ReadFailures >= _options.ReadAttempts || Last.Status == DiskStatus.NotFound) && CanDeclare)
            {
                info.Unreadable = true;
                Declare(info, [new JournalLoss(info.Name.First, info.Last, null, true, info.Name.File)]);
            }

            yield break;
        }

        SegmentContent content = SegmentContent.Scan(info.Name, data, Last.Count, info.Last, 0, _ring?.Keys);
        if (content.Newer)
        {
            info.Unreadable = true; // the start refuses such a file, so it was put there since
            Declare(info, [new JournalLoss(info.Name.First, info.Last, null, true, info.Name.File)]);
            yield break;
        }

        info.UnknownMarks = content.UnknownMarks;
        List<JournalLoss> losses = content.Losses(info.Last);
        if (losses.Count > 0 || content.Damage.Count > 0 || (content.Seal is null && !info.Unfinished))
        {
            info.Unfinished = true;
            if (CanDeclare)
            {
                Declare(info, losses);
            }

            StartMaintaining();
        }

        Remember(content);
        result.Value = content;
    }

    // The owner declares a loss by appending: it must be able to.
    private bool CanDeclare => IsWritable && _unsyncedBytes <= _options.MaxUnsyncedBytes / 2;

    private void Declare(SegmentInfo info, List<JournalLoss> losses)
    {
        if (info.DamageDeclared)
        {
            return;
        }

        info.DamageDeclared = true;
        foreach (JournalLoss loss in losses)
        {
            _handler.Lost(in loss, []);
        }

        info.DeclaredThrough = LastIndex;
    }

    private readonly record struct ReadRequest(long From, int Classes, int MaxBytes, long Ticket);
}
