using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using EdgeGateway.Core.Records;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// The window: the readings that were handed to the link and are not yet done with, each in a slot with its ticket. A slot is free again when the mark "sent" is on the disk: a kill
/// repeats at most a window of readings. What is unanswered for long stalls: it keeps its slot and gives its place in the window to others. Says nothing of why; no I/O.
/// </summary>
/// <param name="cursors">Where each stream stands.</param>
/// <param name="journal">Gives tickets, and says what is on the disk.</param>
/// <param name="size">Most readings in it.</param>
internal sealed class DeliveryWindow(DeliveryCursors cursors, JournalReader journal, int size)
{
    /// <summary>Places in the window that stalled streams may take beyond it.</summary>
    public const int MaxStalled = 1024;

    private readonly Dictionary<long, DeliverySlot> _byTicket = [];
    private readonly LinkedList<DeliverySlot> _unanswered = new();
    private readonly LinkedList<DeliverySlot> _stalled = new();
    private readonly Queue<DeliverySlot> _marked = new();
    private readonly List<(long Ticket, byte Reason)> _settled = [];
    private readonly Stack<DeliverySlot> _freeSlots = new();

    /// <summary>Slots in use.</summary>
    public int Count { get; private set; }

    /// <summary>Slots of sound and waves that wait for their answer and have not stalled.</summary>
    public int BackgroundInFlight { get; private set; }

    /// <summary>How much sound and waveforms may be in flight.</summary>
    public BackgroundCongestionWindow Background { get; } = new();

    /// <summary>True when one more reading may be handed over.</summary>
    public bool HasRoom => Count - _stalled.Count < size && Count < size + MaxStalled;

    /// <summary>Answers that were noted down and not worked on.</summary>
    public int SettledCount => _settled.Count;

    /// <summary>The reading that waits for its answer longest and has not stalled; null for none.</summary>
    public DeliverySlot? OldestUnanswered => _unanswered.First?.Value;

    /// <summary>The reading that stalled first; null for none.</summary>
    public DeliverySlot? OldestStalled => _stalled.First?.Value;

    /// <summary>Notes an answer down: it may come from inside the link's own calls, so the step works on it.</summary>
    /// <returns>False when the ticket is none of the window's.</returns>
    public bool Settle(long ticket, byte reasonCode)
    {
        if (!_byTicket.ContainsKey(ticket))
        {
            return false;
        }

        _settled.Add((ticket, reasonCode));
        return true;
    }

    /// <summary>Takes the slot that an answer is for. It waits for no answer any more.</summary>
    /// <param name="i">Which answer, from 0.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="reason">The answer: an MQTT 5 reason code.</param>
    /// <returns>False when the slot was forgotten in the meantime.</returns>
    public bool TryTakeSettled(int i, [NotNullWhen(true)] out DeliverySlot? slot, out byte reason)
    {
        (long ticket, reason) = _settled[i];
        if (!_byTicket.Remove(ticket, out slot))
        {
            return false;
        }

        Answered(slot);
        return true;
    }

    /// <summary>All answers are worked on.</summary>
    public void ClearSettled() => _settled.Clear();

    /// <summary>A slot for a reading that is about to be handed over. It counts once it is entered.</summary>
    public DeliverySlot NewSlot(StreamDelivery stream, in DeliveryItem item, long nowUs)
    {
        if (!_freeSlots.TryPop(out DeliverySlot? slot))
        {
            slot = new DeliverySlot();
        }

        slot.Ticket = journal.NextTicket();
        slot.Stream = stream;
        slot.Item = item;
        slot.SentUtcUs = GatewayMoment.NoUtc;
        slot.SentUncertaintyUs = 0;
        slot.IsCorrectable = false;
        slot.PublishedUs = nowUs;
        slot.WasFull = false;
        slot.State = SlotState.Published;
        slot.MarkIndex = 0;
        slot.IsStalled = false;
        return slot;
    }

    /// <summary>Expects an answer for a slot. Before the link is called: the embedded server may settle the ticket inside the call.</summary>
    public void Expect(DeliverySlot slot) => _byTicket.Add(slot.Ticket, slot);

    /// <summary>The link did not take a slot's reading.</summary>
    public void Cancel(DeliverySlot slot)
    {
        _byTicket.Remove(slot.Ticket);
        ForgetSettled(slot.Ticket);
        _freeSlots.Push(slot);
    }

    /// <summary>A slot's reading was handed over.</summary>
    public void Enter(DeliverySlot slot)
    {
        StreamDelivery stream = slot.Stream;
        _unanswered.AddLast(slot.Waiting);
        stream.Unmarked.AddLast(slot.InStream);
        stream.InFlight++;
        stream.Session.Slots++;
        Count++;
        BackgroundInFlight += slot.IsBackground ? 1 : 0;
        stream.Published = slot.Item.Index;
        stream.HighestSequence = Math.Max(stream.HighestSequence, slot.Sequence);
        stream.Through = Math.Max(stream.Through, slot.Item.Index);
    }

    /// <summary>A slot waits for no answer any more.</summary>
    public void Answered(DeliverySlot slot)
    {
        (slot.IsStalled ? _stalled : _unanswered).Remove(slot.Waiting);
        LeaveBackground(slot);
        slot.IsStalled = false;
    }

    /// <summary>A slot gives its place in the window to others and waits on.</summary>
    public void Stall(DeliverySlot slot)
    {
        _unanswered.Remove(slot.Waiting);
        _stalled.AddLast(slot.Waiting);
        LeaveBackground(slot);
        slot.IsStalled = true;
    }

    /// <summary>A slot's mark was appended to the journal; the slot is free when the mark is on the disk.</summary>
    public void Marked(DeliverySlot slot, long index)
    {
        slot.MarkIndex = index;
        slot.Stream.Unmarked.RemoveFirst();
        _marked.Enqueue(slot);
    }

    /// <summary>Frees the slots whose marks are on the disk.</summary>
    public void Free()
    {
        long synced = journal.SyncedIndex;
        while (_marked.TryPeek(out DeliverySlot? slot) && slot.MarkIndex <= synced)
        {
            _marked.Dequeue();
            Vacate(slot);

            // Answered, marked and out of every list: nobody refers to it.
            slot.Item = default;
            _freeSlots.Push(slot);
        }
    }

    /// <summary>A slot counts no more.</summary>
    public void Vacate(DeliverySlot slot)
    {
        Count--;
        slot.Stream.Session.Slots--;
    }

    /// <summary>Takes a reading out of the window, with all that was sent after it in its stream: nothing may overtake it.</summary>
    public void Withdraw(StreamDelivery stream, DeliverySlot first)
    {
        LinkedListNode<DeliverySlot>? node = first.InStream.List is null ? null : first.InStream;
        if (node is { Next: null })
        {
            // What waits for its answer waits on.
            stream.Unmarked.Remove(node);
            Vacate(first);
            stream.Published = cursors.LastTaken(stream);
            return;
        }

        while (node is not null)
        {
            LinkedListNode<DeliverySlot>? next = node.Next;
            DeliverySlot slot = node.Value;
            stream.Unmarked.Remove(node);
            if (slot != first && slot.State == SlotState.Published)
            {
                stream.InFlight--;
                stream.Superseded++;
                LeaveBackground(slot);
                slot.State = SlotState.Superseded;
            }
            else
            {
                Vacate(slot);
            }

            node = next;
        }

        cursors.GoBack(stream);
    }

    /// <summary>Whatever is unanswered of a stream is forgotten; late answers find no place.</summary>
    public void ForgetUnanswered(StreamDelivery stream)
    {
        ForgetWaiting(_unanswered, stream);
        ForgetWaiting(_stalled, stream);

        // What was answered up to the first unanswered one stays; the rest is sent again.
        bool keep = true;
        for (LinkedListNode<DeliverySlot>? node = stream.Unmarked.First; node is not null;)
        {
            LinkedListNode<DeliverySlot>? next = node.Next;
            keep &= node.Value.State is SlotState.Acknowledged or SlotState.Refused;
            if (!keep)
            {
                Vacate(node.Value);
                stream.Unmarked.Remove(node);
            }

            node = next;
        }

        cursors.GoBack(stream);
    }

    /// <summary>The reading that waits for its answer longest, superseded and stalled ones apart; null for none.</summary>
    public DeliverySlot? OldestPublished()
    {
        foreach (DeliverySlot slot in _unanswered)
        {
            if (slot.State == SlotState.Published)
            {
                return slot;
            }
        }

        return null;
    }

    /// <summary>True when a reading of a stream has stalled.</summary>
    public bool HasStalled(StreamDelivery stream)
    {
        foreach (DeliverySlot slot in _stalled)
        {
            if (slot.Stream == stream)
            {
                return true;
            }
        }

        return false;
    }

    private void ForgetWaiting(LinkedList<DeliverySlot> list, StreamDelivery stream)
    {
        for (LinkedListNode<DeliverySlot>? node = list.First; node is not null;)
        {
            LinkedListNode<DeliverySlot>? next = node.Next;
            DeliverySlot slot = node.Value;
            if (slot.Stream == stream)
            {
                _byTicket.Remove(slot.Ticket);
                if (slot.State == SlotState.Superseded)
                {
                    stream.Superseded--;
                    Vacate(slot);
                }
                else
                {
                    stream.InFlight--;
                    LeaveBackground(slot);
                }

                list.Remove(node);
            }

            node = next;
        }
    }

    /// <summary>Gives back a place of bulk data; a stalled or superseded reading has given it back before.</summary>
    private void LeaveBackground(DeliverySlot slot) => BackgroundInFlight -= slot.IsBackground && !slot.IsStalled && slot.State == SlotState.Published ? 1 : 0;

    private void ForgetSettled(long ticket)
    {
        for (int i = _settled.Count - 1; i >= 0; i--)
        {
            if (_settled[i].Ticket == ticket)
            {
                _settled.RemoveAt(i);
            }
        }
    }
}
