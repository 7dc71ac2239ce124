using Firmware.Core;
using Firmware.Pod.Store;
using Firmware.Protocol;

namespace Firmware.Pod.Start;

/// <summary>
/// Why the last boots ended: the newest <see cref="Capacity"/> of them, in one file that is written anew at each start under the next number, before the older one goes. A cut of power leaves one of both whole.
/// Per boot <c>u32 number | u16 code | u16 check</c>.
/// </summary>
public sealed class RebootLog
{
    /// <summary>Most entries.</summary>
    public const int Capacity = 16;

    private const int EntryLength = 8;
    private const string Prefix = "reboots-";

    private readonly IByteStore _store;
    private readonly byte[] _buffer = new byte[Capacity * EntryLength];

    /// <summary>No I/O.</summary>
    /// <param name="store">The store.</param>
    public RebootLog(IByteStore store) => _store = store;

    /// <summary>How many are known.</summary>
    public int Count { get; private set; }

    /// <summary>Starts so far, as far as this log knows.</summary>
    public uint Starts { get; private set; }

    /// <summary>Why a boot ended.</summary>
    /// <param name="index">0 is the oldest known.</param>
    /// <returns>The code; None for a cut of power or a reset from outside.</returns>
    public FaultCode Reason(int index) => (FaultCode)LittleEndian.ReadUInt16(_buffer, (index * EntryLength) + 4);

    /// <summary>Which start it ended before.</summary>
    /// <param name="index">0 is the oldest known.</param>
    /// <returns>The start's number, from 1.</returns>
    public uint Number(int index) => LittleEndian.ReadUInt32(_buffer, index * EntryLength);

    /// <summary>Whether a boot ended as somebody wanted it to. A cut of power is how a pod is switched off.</summary>
    /// <param name="reason">Why it ended.</param>
    /// <returns>True for expected.</returns>
    public static bool IsExpected(FaultCode reason) =>
        reason == FaultCode.None || reason == FaultCode.RebootCommanded || reason == FaultCode.ConfigurationUndone || reason == FaultCode.StoreErased;

    /// <summary>Reads what is known, and adds why the boot before this one ended. Once, at the start.</summary>
    /// <param name="reason">The code.</param>
    /// <returns>How it ended in the store; the entry is known in any case.</returns>
    public StoreStatus Begin(FaultCode reason)
    {
        string[] names = _store.List();
        uint newest = 0;
        for (int i = 0; i < names.Length; i++)
        {
            long number = SegmentLog.NumberOf(Prefix, names[i]);
            if (number > newest && TryRead(names[i], (uint)number))
            {
                newest = (uint)number;
            }
        }

        Starts = newest + 1;
        if (Count == Capacity)
        {
            for (int i = EntryLength; i < _buffer.Length; i++)
            {
                _buffer[i - EntryLength] = _buffer[i];
            }

            Count--;
        }

        int at = Count * EntryLength;
        LittleEndian.WriteUInt32(_buffer, at, Starts);
        LittleEndian.WriteUInt16(_buffer, at + 4, (int)reason);
        LittleEndian.WriteUInt16(_buffer, at + 6, Check(_buffer, at));
        Count++;
        string name = SegmentLog.NameOf(Prefix, Starts);
        StoreStatus status = _store.Delete(name); // of a start that was cut
        status = status == StoreStatus.Ok ? _store.Append(name, _buffer, 0, Count * EntryLength) : status;
        status = status == StoreStatus.Ok ? _store.Flush(name) : status;
        for (int i = 0; status == StoreStatus.Ok && i < names.Length; i++)
        {
            if (SegmentLog.NumberOf(Prefix, names[i]) >= 0 && !string.Equals(names[i], name))
            {
                _store.Delete(names[i]);
            }
        }

        return status;
    }

    // Keeps what was read before unless the whole file is right.
    private bool TryRead(string name, uint number)
    {
        int length = _store.Length(name);
        byte[] read = new byte[_buffer.Length];
        if (length <= 0 || length > _buffer.Length || length % EntryLength != 0 || _store.Read(name, 0, read, 0, length) != StoreStatus.Ok)
        {
            return false;
        }

        for (int at = 0; at < length; at += EntryLength)
        {
            if (LittleEndian.ReadUInt16(read, at + 6) != Check(read, at))
            {
                return false;
            }
        }

        if (LittleEndian.ReadUInt32(read, length - EntryLength) != number)
        {
            return false;
        }

        for (int i = 0; i < length; i++)
        {
            _buffer[i] = read[i];
        }

        Count = length / EntryLength;
        return true;
    }

    private static int Check(byte[] buffer, int at)
    {
        int sum = 0x5A5A;
        for (int i = at; i < at + 6; i++)
        {
            sum = ((sum << 3) | (sum >> 13)) & 0xFFFF;
            sum ^= buffer[i];
        }

        return sum;
    }
}
