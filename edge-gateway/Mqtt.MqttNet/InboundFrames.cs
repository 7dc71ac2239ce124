using System;

namespace EdgeGateway.Mqtt.MqttNet;

/// <summary>Follows the fixed headers of what a server sends (MQTT 5.0, 2.1), so that a length that nobody could hold is refused before anything is allocated for it. No I/O.</summary>
internal sealed class InboundFrames(int maxPacketLength)
{
    private const int Publish = 3;
    private const int PingResponse = 13;
    private const int Disconnect = 14;

    /// <summary>Most bytes of a remaining length. Source: MQTT 5.0, 1.5.5.</summary>
    private const int MaxLengthBytes = 4;

    private int _type = -1;
    private int _lengthBytes;
    private long _length;
    private long _bodyLeft;

    /// <summary>PUBLISH packets that have begun.</summary>
    public long Publishes { get; private set; }

    /// <summary>PINGRESP packets.</summary>
    public long Pongs { get; private set; }

    /// <summary>True when a DISCONNECT has begun.</summary>
    public bool HasDisconnect { get; private set; }

    /// <summary>Takes what arrived.</summary>
    /// <param name="bytes">The bytes, in any chunks.</param>
    /// <returns>Null when they may be passed on; else what is wrong with them, English.</returns>
    public string? Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_bodyLeft > 0)
            {
                int taken = (int)Math.Min(_bodyLeft, bytes.Length);
                _bodyLeft -= taken;
                bytes = bytes[taken..];
                continue;
            }

            byte next = bytes[0];
            bytes = bytes[1..];
            if (_type < 0)
            {
                if (!IsHeader(next))
                {
                    return "a fixed header that no server sends (2.1)";
                }

                _type = next >> 4;
                _length = _lengthBytes = 0;
                continue;
            }

            _length |= (long)(next & 0x7F) << (7 * _lengthBytes++);
            if ((next & 0x80) != 0)
            {
                if (_lengthBytes == MaxLengthBytes)
                {
                    return "a remaining length of more than 4 bytes (1.5.5)";
                }

                continue;
            }

            if (1 + _lengthBytes + _length > maxPacketLength)
            {
                return "a packet longer than " + maxPacketLength.ToString(System.Globalization.CultureInfo.InvariantCulture) + " bytes";
            }

            Publishes += _type == Publish ? 1 : 0;
            Pongs += _type == PingResponse ? 1 : 0;
            HasDisconnect |= _type == Disconnect;
            _bodyLeft = _length;
            _type = -1;
        }

        return null;
    }

    // Types and flags of what servers send (MQTT 5.0, tables 2-1 and 2-2); AUTH comes to clients only that have asked for it.
    private static bool IsHeader(byte first) => (first >> 4, first & 0x0F) is (Publish, _) or (2 or 4 or 5 or 7 or 9 or 11 or PingResponse or Disconnect, 0) or (6, 2);
}
