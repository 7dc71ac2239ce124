using System;
using System.Buffers.Binary;
using System.Text;
using EdgeGateway.Core.Readings;

namespace EdgeGateway.Core.Records;

/// <summary>Appends little-endian fields to a growing buffer.</summary>
internal sealed class ByteWriter
{
    private byte[] _buffer;
    private int _count;

    public ByteWriter(int capacity = 64) => _buffer = new byte[capacity];

    public int Count => _count;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _count);

    public void Clear() => _count = 0;

    public ByteWriter U8(int value)
    {
        Room(1)[0] = checked((byte)value);
        return this;
    }

    public ByteWriter U16(int value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Room(2), checked((ushort)value));
        return this;
    }

    public ByteWriter U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Room(4), value);
        return this;
    }

    public ByteWriter I64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Room(8), value);
        return this;
    }

    public ByteWriter U64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);
        return this;
    }

    public ByteWriter Key(StreamKey key) => U64(key.DeviceId).U32(key.BootId).U16(key.Stream);

    public ByteWriter Text(string ascii)
    {
        U8(ascii.Length);
        Encoding.ASCII.GetBytes(ascii, Room(ascii.Length));
        return this;
    }

    public ByteWriter Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        return this;
    }

    public byte[] ToArray() => Written.ToArray();

    private Span<byte> Room(int bytes)
    {
        if (_count + bytes > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _count + bytes));
        }

        Span<byte> room = _buffer.AsSpan(_count, bytes);
        _count += bytes;
        return room;
    }
}

/// <summary>Reads little-endian fields; after the first read beyond the end <see cref="Failed"/> stays true and zeros come.</summary>
internal ref struct ByteReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;

    public ByteReader(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        _position = 0;
        Failed = false;
    }

    public bool Failed { get; private set; }

    public readonly bool AtEnd => !Failed && _position == _bytes.Length;

    public readonly int Remaining => _bytes.Length - _position;

    public int U8()
    {
        ReadOnlySpan<byte> field = Take(1);
        return field.IsEmpty ? 0 : field[0];
    }

    public int U16()
    {
        ReadOnlySpan<byte> field = Take(2);
        return field.IsEmpty ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(field);
    }

    public uint U32()
    {
        ReadOnlySpan<byte> field = Take(4);
        return field.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(field);
    }

    public long I64()
    {
        ReadOnlySpan<byte> field = Take(8);
        return field.IsEmpty ? 0 : BinaryPrimitives.ReadInt64LittleEndian(field);
    }

    public ulong U64() => (ulong)I64();

    public StreamKey Key()
    {
        ulong device = U64();
        uint boot = U32();
        return new StreamKey(device, boot, U16());
    }

    public string Text() => Encoding.ASCII.GetString(Take(U8()));

    public ReadOnlySpan<byte> Take(int count)
    {
        if (Failed || count > _bytes.Length - _position)
        {
            Failed = true;
            return default;
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(_position, count);
        _position += count;
        return taken;
    }
}
