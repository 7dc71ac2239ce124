using System;
using System.Collections.Generic;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Records;
using Firmware.Protocol;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// Journals what became of readings, in the order of each stream: the mark "sent" for acknowledged ones, a declared gap for those that were refused for good and set aside.
/// </summary>
internal sealed class SentMarks(DeliveryWindow window, LossDeclarations losses, JournalWriter journal, OwnFrames own)
{
    /// <summary>Refused readings next to each other are declared in one gap record when they come within this time, µs.</summary>
    public const long AsideUs = 1_000_000;

    /// <summary>Most readings in one mark: its record stays below the journal's longest.</summary>
    private const int MaxMarked = 1024;

    private readonly SortedSet<StreamDelivery> _toMark = new(StreamDelivery.ByKey);
    private readonly SortedSet<StreamDelivery> _aside = new(StreamDelivery.ByKey);
    private readonly List<StreamDelivery> _streams = [];
    private readonly List<SentEntry> _entries = [];
    private readonly List<DeliverySlot> _marking = [];

    /// <summary>A reading of a stream was acknowledged, or refused for good.</summary>
    public void Add(StreamDelivery stream) => _toMark.Add(stream);

    /// <summary>What is set aside of a stream is not declared any more.</summary>
    public void ForgetAside(StreamDelivery stream)
    {
        stream.AsideCount = 0;
        _aside.Remove(stream);
    }

    /// <summary>When the next readings that were set aside are declared, monotonic µs; after <paramref name="nowUs"/>.</summary>
    public long NextUs(long nowUs)
    {
        long next = long.MaxValue;
        if (_aside.Count > 0)
        {
            foreach (StreamDelivery stream in _aside)
            {
                next = Math.Min(next, Math.Max(nowUs + 1, stream.AsideSinceUs + AsideUs));
            }
        }

        return next;
    }

    /// <summary>Journals what was acknowledged and declares what was refused, in the order of each stream.</summary>
    public void Write(long nowUs)
    {
        while (_toMark.Count > 0)
        {
            _entries.Clear();
            _marking.Clear();
            _streams.Clear();
            foreach (StreamDelivery stream in _toMark)
            {
                if (!TakeRefused(stream, nowUs))
                {
                    continue;
                }

                for (LinkedListNode<DeliverySlot>? node = stream.Unmarked.First; node?.Value is { State: SlotState.Acknowledged } slot && _entries.Count < MaxMarked; node = node.Next)
                {
                    _marking.Add(slot);
                    _entries.Add(new SentEntry(
                        stream.Key.Session, stream.Key.Stream, slot.Sequence, slot.Item.Index, slot.SentUtcUs, slot.SentUncertaintyUs, slot.IsCorrectable));
                }

                _streams.Add(stream);
            }

            if (_entries.Count > 0)
            {
                if (!journal.TryAppend(JournalRecordType.SentMark, SentMarkRecord.Encode(_entries), out long index))
                {
                    return;
                }

                foreach (DeliverySlot slot in _marking)
                {
                    window.Marked(slot, index);
                }
            }

            bool more = false;
            foreach (StreamDelivery stream in _streams)
            {
                if (stream.Unmarked.First?.Value.State is SlotState.Refused or SlotState.Acknowledged)
                {
                    more = true;
                }
                else
                {
                    _toMark.Remove(stream);
                }
            }

            if (!more)
            {
                return;
            }
        }
    }

    /// <summary>Declares what was set aside for long enough.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="all">True to declare all of it now.</param>
    public void DeclareAside(long nowUs, bool all)
    {
        if (_aside.Count == 0)
        {
            return;
        }

        foreach (StreamDelivery stream in new List<StreamDelivery>(_aside))
        {
            if ((all || nowUs - stream.AsideSinceUs >= AsideUs) && !TryDeclareAside(stream))
            {
                // No room in the journal: they stay where they are, and are sent again after a start.
                stream.AsideSinceUs = nowUs;
            }
        }
    }

    /// <summary>Moves refused readings at the head of a stream out of the window, to be declared together.</summary>
    /// <returns>False when the journal has no room for a declaration that has to come first.</returns>
    private bool TakeRefused(StreamDelivery stream, long nowUs)
    {
        while (stream.Unmarked.First?.Value is { State: SlotState.Refused } slot)
        {
            if (stream.AsideCount > 0 && slot.Sequence != stream.Aside.Last + 1 && !TryDeclareAside(stream))
            {
                return false;
            }

            if (stream.AsideCount == 0)
            {
                stream.AsideSinceUs = nowUs;
                stream.Aside = new SequenceRange(slot.Sequence, slot.Sequence);
                _aside.Add(stream);
            }

            stream.Aside = stream.Aside with { Last = slot.Sequence };
            stream.AsideThrough = slot.Item.Index;
            stream.AsideCount++;
            stream.Unmarked.RemoveFirst();
            window.Vacate(slot);
        }

        // What comes after them is marked after them.
        return stream.AsideCount == 0 || stream.Unmarked.First?.Value.State != SlotState.Acknowledged || TryDeclareAside(stream);
    }

    private bool TryDeclareAside(StreamDelivery stream)
    {
        // The gap record first, as for every loss: were the power to go between the two, the readings would be declared once more, never not at all.
        StoreLossRecord record = new(
            stream.Key.Session, stream.Key.Stream, stream.Aside.First, stream.Aside.Last, stream.AsideCount, stream.AsideThrough, GapCause.DeliveryRefused);
        if (!losses.HasRoom(1)
            || !own.TryGap(stream.Key.Stream, GapCause.DeliveryRefused, GapBody.Readings, stream.Aside, stream.AsideCount, 0, 0, stream.Key.Session)
            || !journal.TryAppend(JournalRecordType.StoreLoss, record.Encode(), out _))
        {
            return false;
        }

        ForgetAside(stream);
        return true;
    }
}
