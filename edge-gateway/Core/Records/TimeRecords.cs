using System;

namespace EdgeGateway.Core.Records;

/// <summary>A moment on the gateway's clock.</summary>
/// <param name="BootId">Which start of the gateway, from 1.</param>
/// <param name="Us">Its monotonic µs.</param>
/// <param name="UtcUs">UTC, µs since 1970; <see cref="NoUtc"/> when not known.</param>
/// <param name="UncertaintyUs">Uncertainty of UTC, µs; meaningless when not known.</param>
public readonly record struct GatewayMoment(uint BootId, long Us, long UtcUs, uint UncertaintyUs)
{
    /// <summary>Stands in <see cref="UtcUs"/> when UTC is not known.</summary>
    public const long NoUtc = long.MinValue;

    /// <summary>Bytes: <c>u32 boot | u64 µs | i64 utc | u32 uncertainty</c>.</summary>
    public const int Length = 24;

    /// <summary>True when UTC is known.</summary>
    public bool HasUtc => UtcUs != NoUtc;

    internal void Write(ByteWriter writer) => writer.U32(BootId).I64(Us).I64(UtcUs).U32(UncertaintyUs);

    internal static GatewayMoment Read(ref ByteReader reader)
    {
        uint boot = reader.U32();
        long us = reader.I64();
        long utc = reader.I64();
        return new GatewayMoment(boot, us, utc, reader.U32());
    }
}

/// <summary><c>0 moment (24 bytes)</c>: at this time of the gateway's clock, UTC was this.</summary>
/// <param name="At">The moment, with UTC.</param>
public readonly record struct TimeMappingRecord(GatewayMoment At)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode()
    {
        ByteWriter writer = new(GatewayMoment.Length);
        At.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out TimeMappingRecord record)
    {
        ByteReader reader = new(payload);
        record = new TimeMappingRecord(GatewayMoment.Read(ref reader));
        return !reader.Failed;
    }
}

/// <summary><c>0 moment (24 bytes)</c>: the gateway started then; the moment's boot is the new boot's number.</summary>
/// <param name="At">When.</param>
public readonly record struct GatewayBootRecord(GatewayMoment At)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode()
    {
        ByteWriter writer = new(GatewayMoment.Length);
        At.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out GatewayBootRecord record)
    {
        ByteReader reader = new(payload);
        record = new GatewayBootRecord(GatewayMoment.Read(ref reader));
        return !reader.Failed;
    }
}

/// <summary><c>0 u64 through | 8 u64 first unsynchronised (0 = none)</c>.</summary>
/// <param name="ThroughIndex">Marks up to this index were looked at for corrections.</param>
/// <param name="FirstUnsynchronised">Index of the first mark among them that still holds a reading without UTC, 0 for none.</param>
public readonly record struct CorrectionMarkRecord(long ThroughIndex, long FirstUnsynchronised)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode() => new ByteWriter(16).I64(ThroughIndex).I64(FirstUnsynchronised).ToArray();

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out CorrectionMarkRecord record)
    {
        ByteReader reader = new(payload);
        long through = reader.I64();
        record = new CorrectionMarkRecord(through, reader.I64());
        return !reader.Failed;
    }
}
