using System;

namespace Firmware.Pod.Store;

/// <summary>
/// Whole frames of one class, first in first out, in one block of RAM that is allocated once. Each frame lies in one piece. A frame can be
/// acknowledged in the middle; its place is free again when it has reached the head.
/// </summary>
public sealed class FrameQueue
{
    /// <summary>Ticket of a frame that was not sent since the link came up.</summary>
    public const int Unsent = 0;

    /// <summary>Ticket of a frame that the gateway has.</summary>
    public const int Done = -1;

    /// <summary>Segment of a frame that is not in the store.</summary>
    public const int NotStored = 0;

    /// <summary>Bytes of a frame besides its body: with room for so many entries the bytes are the only bound.</summary>
    public const int SmallestFrame = 40;

    private readonly int[] _start;
    private readonly int[] _length;
    private readonly int[] _ticket;
    private readonly int[] _segment;
    private int _head;
    private int _write;
    private bool _wrapped;

    /// <summary>Allocates.</summary>
    /// <param name="bytes">Room for frames, bytes.</param>
    /// <param name="typicalFrame">Frames are seldom shorter than this, bytes, at least <see cref="SmallestFrame"/>: it decides how many entries there are. Many shorter ones make it full sooner.</param>
    public FrameQueue(int bytes, int typicalFrame)
    {
        Data = new byte[bytes];
        int entries = (bytes / typicalFrame) + 1;
        _start = new int[entries];
        _length = new int[entries];
        _ticket = new int[entries];
        _segment = new int[entries];
    }

    /// <summary>The block that holds the frames.</summary>
    public byte[] Data { get; }

    /// <summary>Entries, acknowledged ones in the middle included.</summary>
    public int Count { get; private set; }

    /// <summary>Entries not acknowledged.</summary>
    public int Pending { get; private set; }

    /// <summary>Entries from the head that were handed to the link, or are acknowledged.</summary>
    public int Sent { get; private set; }

    /// <summary>Bytes of frames not yet handed to the link.</summary>
    public int UnsentBytes { get; private set; }

    /// <summary>Entries from the head that are in the store, or need not be.</summary>
    public int Stored { get; private set; }

    /// <summary>Where entry <paramref name="index"/> begins in <see cref="Data"/>.</summary>
    /// <param name="index">0 is the head.</param>
    /// <returns>The offset.</returns>
    public int Start(int index) => _start[Slot(index)];

    /// <summary>Its length in bytes.</summary>
    /// <param name="index">0 is the head.</param>
    /// <returns>The length.</returns>
    public int Length(int index) => _length[Slot(index)];

    /// <summary><see cref="Unsent"/>, <see cref="Done"/>, or the ticket it is in flight under.</summary>
    /// <param name="index">0 is the head.</param>
    /// <returns>The ticket.</returns>
    public int Ticket(int index) => _ticket[Slot(index)];

    /// <summary>The segment that holds its newest copy, or <see cref="NotStored"/>.</summary>
    /// <param name="index">0 is the head.</param>
    /// <returns>The segment's number.</returns>
    public int Segment(int index) => _segment[Slot(index)];

    /// <summary>Says which segment holds an entry.</summary>
    /// <param name="index">0 is the head.</param>
    /// <param name="segment">The segment's number.</param>
    public void SetSegment(int index, int segment) => _segment[Slot(index)] = segment;

    /// <summary>Moves the mark behind which all is in the store.</summary>
    /// <param name="count">Entries from the head.</param>
    public void SetStored(int count) => Stored = count;

    /// <summary>Copies a frame to the tail.</summary>
    /// <param name="buffer">Holds the frame.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="length">Its length.</param>
    /// <param name="segment">The segment that holds it already, or <see cref="NotStored"/>.</param>
    /// <returns>False when there is no room: the owner lets the head give way and tries again.</returns>
    public bool TryAppend(byte[] buffer, int offset, int length, int segment)
    {
        if (Count == _start.Length || !TryPlace(length))
        {
            return false;
        }

        Array.Copy(buffer, offset, Data, _write, length);
        int slot = Slot(Count);
        _start[slot] = _write;
        _length[slot] = length;
        _ticket[slot] = Unsent;
        _segment[slot] = segment;
        _write += length;
        if (segment != NotStored && Stored == Count)
        {
            Stored++;
        }

        Count++;
        Pending++;
        UnsentBytes += length;
        return true;
    }

    /// <summary>Hands the next entry to the link.</summary>
    /// <param name="ticket">The message's ticket, above 0.</param>
    public void SendNext(int ticket)
    {
        int slot = Slot(Sent);
        if (_ticket[slot] != Done)
        {
            _ticket[slot] = ticket;
            UnsentBytes -= _length[slot];
        }

        Sent++;
    }

    /// <summary>Passes over acknowledged entries.</summary>
    /// <returns>False when nothing is left to send.</returns>
    public bool MoveToUnsent()
    {
        while (Sent < Count && _ticket[Slot(Sent)] == Done)
        {
            Sent++;
        }

        return Sent < Count;
    }

    /// <summary>Marks an entry acknowledged.</summary>
    /// <param name="index">0 is the head.</param>
    public void Acknowledge(int index)
    {
        _ticket[Slot(index)] = Done;
        Pending--;
    }

    /// <summary>Takes back the entries of one ticket, the last that was handed out.</summary>
    /// <param name="ticket">The ticket.</param>
    public void Unsend(int ticket)
    {
        while (Sent > 0 && _ticket[Slot(Sent - 1)] == ticket)
        {
            Sent--;
            _ticket[Slot(Sent)] = Unsent;
            UnsentBytes += _length[Slot(Sent)];
        }
    }

    /// <summary>Makes everything that is not acknowledged unsent again, in order.</summary>
    public void VoidTickets()
    {
        for (int i = 0; i < Sent; i++)
        {
            int slot = Slot(i);
            if (_ticket[slot] > Unsent)
            {
                _ticket[slot] = Unsent;
                UnsentBytes += _length[slot];
            }
        }

        Sent = 0;
    }

    /// <summary>Removes the head.</summary>
    public void RemoveHead()
    {
        int slot = _head;
        if (_ticket[slot] != Done)
        {
            Pending--;
            if (_ticket[slot] == Unsent)
            {
                UnsentBytes -= _length[slot];
            }
        }

        int start = _start[slot];
        _head = _head + 1 == _start.Length ? 0 : _head + 1;
        Count--;
        if (Sent > 0)
        {
            Sent--;
        }

        if (Stored > 0)
        {
            Stored--;
        }

        if (Count == 0)
        {
            _write = 0;
            _wrapped = false;
        }
        else if (_start[_head] < start)
        {
            _wrapped = false;
        }
    }

    private int Slot(int index)
    {
        int slot = _head + index;
        return slot >= _start.Length ? slot - _start.Length : slot;
    }

    private bool TryPlace(int length)
    {
        if (Count == 0)
        {
            return length <= Data.Length;
        }

        int head = _start[_head];
        if (_wrapped)
        {
            return head - _write >= length;
        }

        if (Data.Length - _write >= length)
        {
            return true;
        }

        if (head < length)
        {
            return false;
        }

        _write = 0;
        _wrapped = true;
        return true;
    }
}
