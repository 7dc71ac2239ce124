using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Simulators.Peers;

/// <summary>The bytes are no MQTT, or MQTT that is not allowed here.</summary>
internal sealed class PeerWireException(byte reason, string text) : Exception(text)
{
    public byte Reason { get; } = reason;
}

/// <summary>Reads the fields of one packet, typed from MQTT 5.0, 1.5 and 2.2.2, apart from the gateway's own codec.</summary>
internal ref struct PeerReader
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly ReadOnlySpan<byte> _bytes;

    public PeerReader(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        At = 0;
    }

    public int At { get; private set; }

    public readonly int Left => _bytes.Length - At;

    public byte U8() => Take(1)[0];

    public ushort U16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint U32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public int Varint()
    {
        int value = 0;
        for (int shift = 0; shift < 28; shift += 7)
        {
            byte b = U8();
            value |= (b & 0x7F) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new PeerWireException(0x81, "a length of more than four bytes");
    }

    public ReadOnlySpan<byte> Binary() => Take(U16());

    public string Text()
    {
        try
        {
            return Strict.GetString(Binary());
        }
        catch (DecoderFallbackException)
        {
            throw new PeerWireException(0x81, "a string that is not UTF-8");
        }
    }

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > Left)
        {
            throw new PeerWireException(0x81, "the packet ends inside a field");
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(At, count);
        At += count;
        return taken;
    }

    public ReadOnlySpan<byte> Rest() => Take(Left);

    /// <summary>Reads a group of properties: numbers by their identifier; the bytes of all but the topic alias are kept as they are.</summary>
    public PeerProperties Properties()
    {
        PeerReader group = new(Take(Varint()));
        PeerProperties properties = new();
        while (group.Left > 0)
        {
            int from = group.At;
            int id = group.Varint();
            long number = -1;
            switch (id)
            {
                case 0x01 or 0x17 or 0x19 or 0x24 or 0x25 or 0x28 or 0x29 or 0x2A:
                    number = group.U8();
                    break;
                case 0x13 or 0x21 or 0x22 or 0x23:
                    number = group.U16();
                    break;
                case 0x02 or 0x11 or 0x18 or 0x27:
                    number = group.U32();
                    break;
                case 0x0B:
                    number = group.Varint();
                    break;
                case 0x03 or 0x08 or 0x12 or 0x15 or 0x1A or 0x1C or 0x1F:
                    group.Text();
                    break;
                case 0x09 or 0x16:
                    group.Binary();
                    break;
                case 0x26:
                    group.Text();
                    group.Text();
                    break;
                default:
                    throw new PeerWireException(0x81, "an unknown property");
            }

            if (number >= 0)
            {
                properties.Numbers[id] = number;
            }

            if (id is not (0x23 or 0x0B))
            {
                properties.Kept.AddRange(group._bytes[from..group.At]);
            }
        }

        return properties;
    }
}

/// <summary>Properties of a packet that was received.</summary>
internal sealed class PeerProperties
{
    public SortedDictionary<int, long> Numbers { get; } = [];

    public List<byte> Kept { get; } = [];

    public long Number(int id, long absent) => Numbers.TryGetValue(id, out long value) ? value : absent;
}

/// <summary>Puts one packet together.</summary>
internal sealed class PeerWriter
{
    private readonly List<byte> _body = [];

    public PeerWriter U8(int value)
    {
        _body.Add((byte)value);
        return this;
    }

    public PeerWriter U16(int value) => U8(value >> 8).U8(value);

    public PeerWriter U32(long value) => U16((int)(value >> 16)).U16((int)value);

    public PeerWriter Varint(int value)
    {
        while (value > 0x7F)
        {
            U8((value & 0x7F) | 0x80);
            value >>= 7;
        }

        return U8(value);
    }

    public PeerWriter Bytes(ReadOnlySpan<byte> bytes)
    {
        _body.AddRange(bytes);
        return this;
    }

    public PeerWriter Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return U16(bytes.Length).Bytes(bytes);
    }

    public PeerWriter Group(PeerWriter group) => Varint(group._body.Count).Bytes(group._body.ToArray());

    public bool IsEmpty => _body.Count == 0;

    public byte[] Body => [.. _body];

    public byte[] Packet(int header)
    {
        PeerWriter whole = new PeerWriter().U8(header).Varint(_body.Count);
        whole._body.AddRange(_body);
        return [.. whole._body];
    }
}
