using System;

namespace EdgeGateway.Mqtt.Codec;

/// <summary>
/// Cuts a stream of bytes into packets. The bytes may come in any chunks. Memory grows with the bytes that have arrived,
/// not with the length that a peer announces, and never beyond the maximum packet length.
/// </summary>
internal sealed class Framer
{
    /// <summary>A buffer above this many bytes is given back after its packet.</summary>
    private const int KeptBytes = 64 * 1024;

    private byte[] _buffer = new byte[256];
    private int _held;
    private byte _header;
    private int _length;
    private int _lengthBytes;
    private State _state;

    /// <param name="maxPacketLength">Longest packet accepted, bytes with its fixed header.</param>
    public Framer(int maxPacketLength) => MaxPacketLength = maxPacketLength;

    /// <summary>Longest packet accepted, bytes with its fixed header.</summary>
    public int MaxPacketLength { get; set; }

    private enum State
    {
        Header,
        Length,
        Body,
    }

    /// <summary>First byte of the packet that <see cref="TryRead"/> found.</summary>
    public byte Header => _header;

    public PacketType Type => (PacketType)(_header >> 4);

    public int Flags => _header & 0x0F;

    /// <summary>
    /// Body of the packet that <see cref="TryRead"/> found; valid until the next call. After a refusal by the header alone it is empty: what was
    /// announced has not come, and is never used as a length.
    /// </summary>
    public ReadOnlyMemory<byte> Body => _buffer.AsMemory(0, Math.Min(_length, _held));

    /// <summary>True while bytes of an unfinished packet are held.</summary>
    public bool InPacket => _state != State.Header;

    /// <summary>Takes bytes from the input until one packet is whole.</summary>
    /// <param name="input">The bytes; what was taken is cut off.</param>
    /// <returns>True when a packet is ready; false when all input is used up.</returns>
    /// <exception cref="MqttProtocolException">The header is malformed, or the packet is longer than accepted.</exception>
    public bool TryRead(ref ReadOnlySpan<byte> input)
    {
        while (_state != State.Body)
        {
            if (input.IsEmpty)
            {
                return false;
            }

            byte b = input[0];
            input = input[1..];
            if (_state == State.Header)
            {
                CheckHeader(b);
                _header = b;
                _length = 0;
                _lengthBytes = 0;
                _held = 0;
                if (_buffer.Length > KeptBytes)
                {
                    _buffer = new byte[256];
                }

                _state = State.Length;
                continue;
            }

            _length |= (b & 0x7F) << (7 * _lengthBytes);
            _lengthBytes++;
            if ((b & 0x80) != 0)
            {
                if (_lengthBytes == 4)
                {
                    throw Wire.Malformed("the remaining length has more than four bytes (2.1.4)");
                }

                continue;
            }

            if (b == 0 && _lengthBytes > 1)
            {
                throw Wire.Malformed("the remaining length is longer than it needs to be (1.5.5)");
            }

            if (_length + 1 + _lengthBytes > MaxPacketLength)
            {
                throw new MqttProtocolException(MqttReason.PacketTooLarge, $"a packet of {_length + 1 + _lengthBytes} bytes is above the maximum of {MaxPacketLength}");
            }

            _state = State.Body;
        }

        int take = Math.Min(input.Length, _length - _held);
        if (_buffer.Length < _held + take)
        {
            Array.Resize(ref _buffer, Math.Min(Math.Max(_length, 256), Math.Max(_buffer.Length * 2, _held + take)));
        }

        input[..take].CopyTo(_buffer.AsSpan(_held));
        _held += take;
        input = input[take..];
        if (_held < _length)
        {
            return false;
        }

        _state = State.Header;
        return true;
    }

    /// <summary>Reserved flag bits are refused with the first byte (2.1.3).</summary>
    private static void CheckHeader(byte header)
    {
        int flags = header & 0x0F;
        switch ((PacketType)(header >> 4))
        {
            case (PacketType)0:
                throw Wire.Malformed("packet type 0 is reserved (2.1.2)");
            case PacketType.Publish:
                if ((flags & 0x06) == 0x06)
                {
                    throw Wire.Malformed("quality of service 3 (3.3.1.2)");
                }

                if ((flags & 0x0E) == 0x08)
                {
                    throw Wire.Malformed("DUP is set on a QoS 0 message (3.3.1.1)");
                }

                break;
            case PacketType.Pubrel or PacketType.Subscribe or PacketType.Unsubscribe:
                if (flags != 2)
                {
                    throw Wire.Malformed("reserved flag bits of the fixed header are wrong (2.1.3)");
                }

                break;
            default:
                if (flags != 0)
                {
                    throw Wire.Malformed("reserved flag bits of the fixed header are wrong (2.1.3)");
                }

                break;
        }
    }
}
