using System;
using System.Collections.Generic;

namespace EdgeGateway.Mqtt.Session;

/// <summary>
/// Acknowledgements owed for received messages of one connection. They leave in the order of their PUBLISHes (4.6), however
/// late the application decides on each.
/// </summary>
internal sealed class InboundAcks
{
    private readonly HashSet<ushort> _ids = [];
    private Entry[] _ring = new Entry[16];
    private long _head;
    private long _tail;

    public int Count => (int)(_tail - _head);

    public bool Contains(ushort packetId) => _ids.Contains(packetId);

    /// <returns>The entry's number, for <see cref="Complete"/>.</returns>
    public long Add(ushort packetId, MqttQos qos, long token)
    {
        if (Count == _ring.Length)
        {
            var larger = new Entry[_ring.Length * 2];
            for (long i = _head; i < _tail; i++)
            {
                larger[i % larger.Length] = _ring[i % _ring.Length];
            }

            _ring = larger;
        }

        _ring[_tail % _ring.Length] = new Entry { PacketId = packetId, Qos = qos, Token = token };
        _ids.Add(packetId);
        return _tail++;
    }

    public void Complete(long number, byte reason)
    {
        ref Entry entry = ref _ring[number % _ring.Length];
        entry.Done = true;
        entry.Reason = reason;
    }

    /// <summary>Takes the oldest entry when it is decided.</summary>
    public bool TryTake(out Entry entry)
    {
        entry = default;
        if (_head == _tail || !_ring[_head % _ring.Length].Done)
        {
            return false;
        }

        entry = _ring[_head % _ring.Length];
        _ids.Remove(entry.PacketId);
        _head++;
        return true;
    }

    /// <summary>
    /// Empties the queue at the end of a connection. Tokens are void. A QoS 2 message that the application has taken, and whose PUBREC
    /// only waited for its turn, must not be told again when the peer repeats it: it counts as received and not released.
    /// </summary>
    public void Clear(Action<long> voidToken, HashSet<ushort>? unreleased)
    {
        for (; _head < _tail; _head++)
        {
            ref Entry entry = ref _ring[_head % _ring.Length];
            voidToken(entry.Token);
            if (entry.Done && entry.Qos == MqttQos.ExactlyOnce && entry.Reason < 0x80)
            {
                unreleased?.Add(entry.PacketId);
            }
        }

        _ids.Clear();
    }

    internal struct Entry
    {
        public ushort PacketId;
        public MqttQos Qos;
        public long Token;
        public bool Done;
        public byte Reason;
    }
}
