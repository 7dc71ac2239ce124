using System;
using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Protocol;

namespace Firmware.Pod.Store;

/// <summary>
/// Append-only segment files on an <see cref="IByteStore"/>, named <c>ring-</c> and eight hexadecimal digits. A file is a row of records:
/// <c>0 u8 type | 1 u8 check = type ^ length low ^ length high ^ 0xA5 | 2 u16 length | 4 payload</c>, and for all but frames
/// <c>u32 CRC-32 over 0..4+length</c> (a frame carries its own). Every file begins with a header record and one mark for each stream in use,
/// so that any older file can be deleted when none of its frames is needed. Records are collected in one batch, which is one append and one flush.
/// </summary>
public sealed class SegmentLog
{
    /// <summary>Record: payload <c>0 u8 format = 1 | 1 three bytes 0 | 4 u32 bootId</c>.</summary>
    public const byte HeaderRecord = (byte)'H';

    /// <summary>Record: payload one whole frame.</summary>
    public const byte FrameRecord = (byte)'F';

    /// <summary>
    /// Record: payload <c>0 u32 bootId | 4 u16 stream | 6 u8 class | 7 u8 closed | 8 u32 ceiling | 12 u32 released</c>: of this stream no number
    /// above ceiling was given out, those up to released need nothing more, and, when closed, the losses of that boot are declared.
    /// </summary>
    public const byte MarkRecord = (byte)'M';

    /// <summary>Bytes of a record before its payload.</summary>
    public const int RecordHeadLength = 4;

    /// <summary>Bytes of a record's own CRC.</summary>
    public const int RecordCrcLength = 4;

    /// <summary>Payload of a header record.</summary>
    public const int HeaderPayloadLength = 8;

    /// <summary>Payload of a mark.</summary>
    public const int MarkPayloadLength = 16;

    /// <summary>The one format there is.</summary>
    public const byte Format = 1;

    /// <summary>Room for one batch: the longest frame, a mark for every stream, and 2 KiB of short frames.</summary>
    public const int BatchBytes = Frame.MaxMessageLength + 4096;

    private const string Prefix = "ring-";
    private const string HexDigits = "0123456789abcdef";

    private readonly IByteStore _store;
    private readonly ICrc32 _crc32;
    private readonly PodCounters _counters;
    private readonly byte[] _batch = new byte[BatchBytes];
    private int[] _number = null!;
    private int[] _live = null!;
    private string[] _name = null!;
    private int _batchCount;
    private int _currentBytes;
    private int _safe;

    /// <summary>No I/O.</summary>
    /// <param name="store">The store.</param>
    /// <param name="crc32">The CRC.</param>
    /// <param name="counters">Where bytes, flushes and errors are counted.</param>
    public SegmentLog(IByteStore store, ICrc32 crc32, PodCounters counters)
    {
        _store = store;
        _crc32 = crc32;
        _counters = counters;
    }

    /// <summary>How many segments there are.</summary>
    public int Count { get; private set; }

    /// <summary>The segment that is written to; 0 for none.</summary>
    public int Current { get; private set; }

    /// <summary>Bytes appended to the current segment.</summary>
    public int CurrentBytes => _currentBytes;

    /// <summary>Bytes waiting in the batch.</summary>
    public int BatchCount => _batchCount;

    /// <summary>Finds the segments there are.</summary>
    /// <param name="names">All names in the store, in ordinal order.</param>
    /// <param name="spare">Room for this many more.</param>
    public void Open(string[] names, int spare)
    {
        int found = 0;
        for (int i = 0; i < names.Length; i++)
        {
            if (NumberOf(Prefix, names[i]) > 0)
            {
                found++;
            }
        }

        _number = new int[found + spare];
        _live = new int[found + spare];
        _name = new string[found + spare];
        Count = 0;
        Current = 0;
        _safe = 0;
        for (int i = 0; i < names.Length; i++)
        {
            long number = NumberOf(Prefix, names[i]);
            if (number > 0 && number < int.MaxValue)
            {
                _number[Count] = (int)number;
                _name[Count] = names[i];
                Count++;
            }
        }
    }

    /// <summary>The name of a segment.</summary>
    /// <param name="index">0 is the oldest.</param>
    /// <returns>The file's name.</returns>
    public string Name(int index) => _name[index];

    /// <summary>The number of a segment.</summary>
    /// <param name="index">0 is the oldest.</param>
    /// <returns>The number, from 1.</returns>
    public int Number(int index) => _number[index];

    /// <summary>The oldest segment that is not the current one, or 0.</summary>
    /// <returns>Its number.</returns>
    public int Oldest() => Count > 0 && _number[0] != Current ? _number[0] : 0;

    /// <summary>Counts frames that a segment must be kept for.</summary>
    /// <param name="number">The segment's number; 0 is ignored.</param>
    /// <param name="change">By how many.</param>
    public void AddLive(int number, int change)
    {
        for (int i = Count - 1; number != 0 && i >= 0; i--)
        {
            if (_number[i] == number)
            {
                _live[i] += change;
                return;
            }
        }
    }

    /// <summary>Begins a new current segment with a header record in the batch.</summary>
    /// <param name="bootId">This boot.</param>
    /// <param name="maxSegments">The bound.</param>
    /// <returns>False at the bound.</returns>
    public bool TryBegin(uint bootId, int maxSegments)
    {
        // One more is allowed when there is no current one: otherwise a store full of segments that nothing needs could not be tidied.
        if ((Count >= maxSegments && Current != 0) || Count == _number.Length)
        {
            return false;
        }

        int number = Count == 0 ? 1 : _number[Count - 1] + 1;
        _number[Count] = number;
        _live[Count] = 0;
        _name[Count] = NameOf(Prefix, (uint)number);
        Count++;
        Current = number;
        _currentBytes = 0;
        _batchCount = 0;
        int at = BeginRecord(HeaderRecord, HeaderPayloadLength);
        LittleEndian.WriteUInt32(_batch, at, Format);
        LittleEndian.WriteUInt32(_batch, at + 4, bootId);
        EndRecord(at, HeaderPayloadLength);
        return true;
    }

    /// <summary>Whether a frame of this length fits the batch, with a mark for each stream behind it.</summary>
    /// <param name="length">Length of the frame.</param>
    /// <param name="marks">How many marks may follow.</param>
    /// <returns>True when it fits.</returns>
    public bool Fits(int length, int marks) =>
        _batchCount + RecordHeadLength + length + (marks * (RecordHeadLength + MarkPayloadLength + RecordCrcLength)) <= BatchBytes;

    /// <summary>Puts a frame into the batch.</summary>
    /// <param name="buffer">Holds the frame.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="length">Its length.</param>
    public void AddFrame(byte[] buffer, int offset, int length)
    {
        int at = BeginRecord(FrameRecord, length);
        Array.Copy(buffer, offset, _batch, at, length);
        _batchCount = at + length;
    }

    /// <summary>Puts a mark into the batch.</summary>
    /// <param name="ledger">The stream.</param>
    /// <param name="ceiling">Its ceiling.</param>
    /// <param name="released">What is released of it.</param>
    /// <param name="closed">True when its losses are declared.</param>
    public void AddMark(StreamLedger ledger, uint ceiling, uint released, bool closed)
    {
        int at = BeginRecord(MarkRecord, MarkPayloadLength);
        LittleEndian.WriteUInt32(_batch, at, ledger.BootId);
        LittleEndian.WriteUInt16(_batch, at + 4, ledger.Stream);
        _batch[at + 6] = (byte)ledger.Class;
        _batch[at + 7] = closed ? (byte)1 : (byte)0;
        LittleEndian.WriteUInt32(_batch, at + 8, ceiling);
        LittleEndian.WriteUInt32(_batch, at + 12, released);
        EndRecord(at, MarkPayloadLength);
    }

    /// <summary>Appends the batch to the current segment and flushes it. Whatever the end, the batch is empty afterwards.</summary>
    /// <returns>How it ended; unless Ok the current segment is given up, since what it holds is not known.</returns>
    public StoreStatus Commit()
    {
        int count = _batchCount;
        _batchCount = 0;
        string name = _name[Count - 1];
        StoreStatus status = _store.Append(name, _batch, 0, count);
        if (status == StoreStatus.Ok)
        {
            _counters.StoreBytes += count;
            _counters.StoreFlushes++;
            status = _store.Flush(name);
        }

        if (status != StoreStatus.Ok)
        {
            _counters.StoreErrors++;
            Abandon();
            return status;
        }

        _currentBytes += count;
        _safe = Current;
        return StoreStatus.Ok;
    }

    /// <summary>Stops writing to the current segment.</summary>
    public void Abandon()
    {
        Current = 0;
        _batchCount = 0;
    }

    /// <summary>Deletes one segment that nothing needs. The current one, and the newest that was flushed and so holds all marks, stay.</summary>
    /// <param name="deleted">True when one was deleted.</param>
    /// <returns>Ok, or why it could not be deleted.</returns>
    public StoreStatus DeleteOneDead(out bool deleted)
    {
        deleted = false;
        for (int i = 0; i < Count && _safe != 0; i++)
        {
            if (_live[i] != 0 || _number[i] == Current || _number[i] == _safe)
            {
                continue;
            }

            StoreStatus status = _store.Delete(_name[i]);
            if (status != StoreStatus.Ok)
            {
                _counters.StoreErrors++;
                return status;
            }

            Count--;
            Array.Copy(_number, i + 1, _number, i, Count - i);
            Array.Copy(_live, i + 1, _live, i, Count - i);
            Array.Copy(_name, i + 1, _name, i, Count - i);
            deleted = true;
            return StoreStatus.Ok;
        }

        return StoreStatus.Ok;
    }

    /// <summary>Reads a part of a segment.</summary>
    /// <param name="index">0 is the oldest.</param>
    /// <param name="position">First byte.</param>
    /// <param name="buffer">Where to put them.</param>
    /// <param name="count">How many.</param>
    /// <returns>How it ended.</returns>
    public StoreStatus Read(int index, int position, byte[] buffer, int count)
    {
        StoreStatus status = _store.Read(_name[index], position, buffer, 0, count);
        if (status != StoreStatus.Ok)
        {
            _counters.StoreErrors++;
        }

        return status;
    }

    /// <summary>The length of a segment.</summary>
    /// <param name="index">0 is the oldest.</param>
    /// <returns>Bytes; 0 when there is none.</returns>
    public int LengthOf(int index)
    {
        int length = _store.Length(_name[index]);
        return length < 0 ? 0 : length;
    }

    /// <summary>Proves one record.</summary>
    /// <param name="buffer">Holds it.</param>
    /// <param name="offset">Where it would begin.</param>
    /// <param name="count">Bytes available from there.</param>
    /// <param name="crc32">The CRC.</param>
    /// <returns>The record's whole length; 0 when there is none; -1 when more bytes are needed to know.</returns>
    public static int Check(byte[] buffer, int offset, int count, ICrc32 crc32)
    {
        if (count < RecordHeadLength)
        {
            return -1;
        }

        byte type = buffer[offset];
        if ((type ^ buffer[offset + 2] ^ buffer[offset + 3] ^ 0xA5) != buffer[offset + 1])
        {
            return 0;
        }

        int length = LittleEndian.ReadUInt16(buffer, offset + 2);
        if (type == FrameRecord)
        {
            if (length < Frame.Overhead || length > Frame.MaxMessageLength)
            {
                return 0;
            }

            if (count < RecordHeadLength + length)
            {
                return -1;
            }

            return Frame.Check(buffer, offset + RecordHeadLength, length, crc32, out int frameLength) == FrameFault.None && frameLength == length
                ? RecordHeadLength + length
                : 0;
        }

        if (!(type == HeaderRecord && length == HeaderPayloadLength) && !(type == MarkRecord && length == MarkPayloadLength))
        {
            return 0;
        }

        int whole = RecordHeadLength + length + RecordCrcLength;
        if (count < whole)
        {
            return -1;
        }

        return LittleEndian.ReadUInt32(buffer, offset + RecordHeadLength + length) == crc32.Compute(buffer, offset, RecordHeadLength + length) ? whole : 0;
    }

    /// <summary>A file name: a prefix and eight hexadecimal digits.</summary>
    /// <param name="prefix">The prefix.</param>
    /// <param name="number">The number.</param>
    /// <returns>The name.</returns>
    public static string NameOf(string prefix, uint number)
    {
        char[] digits = new char[8];
        for (int i = 0; i < 8; i++)
        {
            digits[i] = HexDigits[(int)((number >> (28 - (4 * i))) & 0xF)];
        }

        return prefix + new string(digits);
    }

    /// <summary>The number in a file name.</summary>
    /// <param name="prefix">The prefix.</param>
    /// <param name="name">The name.</param>
    /// <returns>The number, or -1 when the name is another's.</returns>
    public static long NumberOf(string prefix, string name)
    {
        if (name.Length != prefix.Length + 8 || !string.Equals(name.Substring(0, prefix.Length), prefix))
        {
            return -1;
        }

        long number = 0;
        for (int i = prefix.Length; i < name.Length; i++)
        {
            int digit = HexDigits.IndexOf(name[i]);
            if (digit < 0)
            {
                return -1;
            }

            number = (number << 4) | (long)digit;
        }

        return number;
    }

    private int BeginRecord(byte type, int length)
    {
        int at = _batchCount;
        _batch[at] = type;
        LittleEndian.WriteUInt16(_batch, at + 2, length);
        _batch[at + 1] = (byte)(type ^ _batch[at + 2] ^ _batch[at + 3] ^ 0xA5);
        return at + RecordHeadLength;
    }

    private void EndRecord(int at, int length)
    {
        LittleEndian.WriteUInt32(_batch, at + length, _crc32.Compute(_batch, at - RecordHeadLength, RecordHeadLength + length));
        _batchCount = at + length + RecordCrcLength;
    }
}
