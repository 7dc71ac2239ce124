using System;
using System.Buffers.Binary;
using System.Text;

namespace EdgeGateway.Mqtt.Codec;

/// <summary>MQTT control packet types (MQTT 5.0, 2.1.2).</summary>
internal enum PacketType : byte
{
    Connect = 1,
    Connack = 2,
    Publish = 3,
    Puback = 4,
    Pubrec = 5,
    Pubrel = 6,
    Pubcomp = 7,
    Subscribe = 8,
    Suback = 9,
    Unsubscribe = 10,
    Unsuback = 11,
    Pingreq = 12,
    Pingresp = 13,
    Disconnect = 14,
    Auth = 15,
}

/// <summary>Names of the protocol's own bounds.</summary>
internal static class Wire
{
    /// <summary>Largest variable byte integer (MQTT 5.0, 1.5.5).</summary>
    public const int MaxVarint = 268_435_455;

    /// <summary>Longest string or binary field, bytes (1.5.4, 1.5.6).</summary>
    public const int MaxField = 65_535;

    /// <summary>Bytes of a fixed header at most: type and flags, four bytes of length (2.1).</summary>
    public const int MaxHeader = 5;

    /// <summary>UTF-8 that throws on overlong forms, surrogates and values above U+10FFFF instead of replacing them.</summary>
    public static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static MqttProtocolException Malformed(string what) => new(MqttReason.MalformedPacket, what);

    public static MqttProtocolException Violation(string what) => new(MqttReason.ProtocolError, what);

    public static int VarintLength(int value) => value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
}

/// <summary>Reads the fields of one packet's body. Every read beyond the end is a malformed packet.</summary>
internal ref struct WireReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;

    public WireReader(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        _at = 0;
    }

    public readonly int Position => _at;

    public readonly int Remaining => _bytes.Length - _at;

    public byte Byte()
    {
        Need(1);
        return _bytes[_at++];
    }

    public ushort UInt16()
    {
        Need(2);
        ushort value = BinaryPrimitives.ReadUInt16BigEndian(_bytes[_at..]);
        _at += 2;
        return value;
    }

    public uint UInt32()
    {
        Need(4);
        uint value = BinaryPrimitives.ReadUInt32BigEndian(_bytes[_at..]);
        _at += 4;
        return value;
    }

    /// <summary>A variable byte integer in its shortest form (MQTT 5.0, 1.5.5: the encoded value MUST use the minimum number of bytes).</summary>
    public int Varint()
    {
        int value = 0;
        for (int i = 0; i < 4; i++)
        {
            byte b = Byte();
            value |= (b & 0x7F) << (7 * i);
            if ((b & 0x80) == 0)
            {
                if (b == 0 && i > 0)
                {
                    throw Wire.Malformed("a variable byte integer is longer than it needs to be (1.5.5)");
                }

                return value;
            }
        }

        throw Wire.Malformed("a variable byte integer has more than four bytes (1.5.5)");
    }

    public ReadOnlySpan<byte> Binary() => Take(UInt16());

    /// <summary>The checked bytes of a UTF-8 string (MQTT 5.0, 1.5.4).</summary>
    public ReadOnlySpan<byte> Utf8()
    {
        ReadOnlySpan<byte> bytes = Binary();
        if (bytes.Contains((byte)0))
        {
            throw Wire.Malformed("a string contains U+0000 (1.5.4)");
        }

        if (!System.Text.Unicode.Utf8.IsValid(bytes))
        {
            throw Wire.Malformed("a string is not well-formed UTF-8 (1.5.4)");
        }

        return bytes;
    }

    public string String() => Wire.Utf8.GetString(Utf8());

    public ReadOnlySpan<byte> Rest() => Take(Remaining);

    public ReadOnlySpan<byte> Take(int count)
    {
        Need(count);
        ReadOnlySpan<byte> taken = _bytes.Slice(_at, count);
        _at += count;
        return taken;
    }

    /// <summary>The identifier of a packet that must have one (2.2.1: non-zero).</summary>
    public ushort PacketId()
    {
        ushort id = UInt16();
        return id != 0 ? id : throw Wire.Malformed("packet identifier 0 (2.2.1)");
    }

    public readonly void End()
    {
        if (Remaining != 0)
        {
            throw Wire.Malformed("bytes are left after the end of the packet");
        }
    }

    private readonly void Need(int count)
    {
        if (Remaining < count)
        {
            throw Wire.Malformed("the packet ends inside a field");
        }
    }
}

/// <summary>
/// A reusable buffer in which packets are put together. The remaining length is known only at the end, so five bytes are
/// kept free in front of the body and the header is written backwards into them.
/// </summary>
internal sealed class WireWriter
{
    private byte[] _buffer = new byte[1024];
    private int _at;
    private int _start;

    /// <summary>The finished packet. Valid until the next <see cref="Begin"/>.</summary>
    public ReadOnlySpan<byte> Packet => _buffer.AsSpan(_start, _at - _start);

    public int Position => _at;

    public void Begin()
    {
        _at = Wire.MaxHeader;
        _start = Wire.MaxHeader;
    }

    /// <summary>Writes the fixed header in front of the body.</summary>
    /// <param name="type">Packet type.</param>
    /// <param name="flags">The low four bits.</param>
    /// <returns>Length of the whole packet, bytes.</returns>
    public int Finish(PacketType type, int flags)
    {
        int length = _at - Wire.MaxHeader;
        if (length > Wire.MaxVarint)
        {
            throw new InvalidOperationException("the packet is longer than MQTT can say (2.1.4)");
        }

        int start = Wire.MaxHeader - Wire.VarintLength(length) - 1;
        _start = start;
        _buffer[start++] = (byte)(((int)type << 4) | flags);
        do
        {
            int more = length >> 7;
            _buffer[start++] = (byte)((length & 0x7F) | (more > 0 ? 0x80 : 0));
            length = more;
        }
        while (length > 0);

        return _at - _start;
    }

    public void Byte(int value)
    {
        Room(1);
        _buffer[_at++] = (byte)value;
    }

    public void UInt16(int value)
    {
        Room(2);
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(_at), (ushort)value);
        _at += 2;
    }

    public void UInt32(uint value)
    {
        Room(4);
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(_at), value);
        _at += 4;
    }

    public void Varint(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, Wire.MaxVarint);
        do
        {
            int more = value >> 7;
            Byte((value & 0x7F) | (more > 0 ? 0x80 : 0));
            value = more;
        }
        while (value > 0);
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        Room(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_at));
        _at += bytes.Length;
    }

    public void Binary(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Wire.MaxField)
        {
            throw new ArgumentException("the binary field is longer than 65,535 bytes (1.5.6)", nameof(bytes));
        }

        UInt16(bytes.Length);
        Raw(bytes);
    }

    public void String(string text)
    {
        int count = Wire.Utf8.GetByteCount(text);
        if (count > Wire.MaxField)
        {
            throw new ArgumentException("the string is longer than 65,535 bytes of UTF-8 (1.5.4)", nameof(text));
        }

        UInt16(count);
        Room(count);
        _at += Wire.Utf8.GetBytes(text, _buffer.AsSpan(_at));
    }

    /// <summary>Starts a length-prefixed group of properties; <see cref="EndGroup"/> inserts the length.</summary>
    public int BeginGroup() => _at;

    public void EndGroup(int start)
    {
        int length = _at - start;
        int prefix = Wire.VarintLength(length);
        Room(prefix);
        _buffer.AsSpan(start, length).CopyTo(_buffer.AsSpan(start + prefix));
        int end = _at + prefix;
        _at = start;
        Varint(length);
        _at = end;
    }

    /// <summary>Gives back the memory of one unusually long packet.</summary>
    public void Trim()
    {
        if (_buffer.Length > 128 * 1024)
        {
            _buffer = new byte[1024];
            _at = _start = 0;
        }
    }

    private void Room(int count)
    {
        if (_buffer.Length - _at < count)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _at + count));
        }
    }
}
