using System;

namespace EdgeGateway.Core.Records;

/// <summary><c>0 u32 counter | 4 u32 epoch</c>: epochs are a counter times an odd number, so that none comes twice in 2^32.</summary>
/// <param name="Counter">The counter.</param>
/// <param name="Epoch">The epoch made from it, never 0.</param>
public readonly record struct EpochIssuedRecord(uint Counter, uint Epoch)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode() => new ByteWriter(8).U32(Counter).U32(Epoch).ToArray();

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out EpochIssuedRecord record)
    {
        ByteReader reader = new(payload);
        uint counter = reader.U32();
        record = new EpochIssuedRecord(counter, reader.U32());
        return !reader.Failed;
    }
}

/// <summary><c>0 u32 number | 4 u32 epoch | 8 moment (24 bytes) | 32 u8 production | 33 u8 length | 34 name (ASCII)</c>.</summary>
/// <param name="Number">The session's number, from 1.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="At">When.</param>
/// <param name="Production">True when it is for patients.</param>
/// <param name="Id">Its name.</param>
public readonly record struct SessionOpenedRecord(uint Number, uint Epoch, GatewayMoment At, bool Production, string Id)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode()
    {
        ByteWriter writer = new();
        writer.U32(Number).U32(Epoch);
        At.Write(writer);
        return writer.U8(Production ? 1 : 0).Text(Id).ToArray();
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out SessionOpenedRecord record)
    {
        ByteReader reader = new(payload);
        uint number = reader.U32();
        uint epoch = reader.U32();
        GatewayMoment at = GatewayMoment.Read(ref reader);
        bool production = reader.U8() != 0;
        record = new SessionOpenedRecord(number, epoch, at, production, reader.Text());
        return !reader.Failed;
    }
}

/// <summary><c>0 u32 number | 4 moment (24 bytes)</c>.</summary>
/// <param name="Number">The session's number.</param>
/// <param name="At">When.</param>
public readonly record struct SessionClosedRecord(uint Number, GatewayMoment At)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode()
    {
        ByteWriter writer = new();
        writer.U32(Number);
        At.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out SessionClosedRecord record)
    {
        ByteReader reader = new(payload);
        uint number = reader.U32();
        record = new SessionClosedRecord(number, GatewayMoment.Read(ref reader));
        return !reader.Failed;
    }
}
