using System;
using System.Collections.Generic;

namespace EdgeGateway.Journal;

/// <summary>The bounds of a journal.</summary>
public sealed record JournalOptions
{
    /// <summary>Smallest allowed segment, bytes.</summary>
    public const int MinSegmentBytes = 512;

    /// <summary>Largest allowed segment, bytes; a whole segment is read into memory at once.</summary>
    public const int MaxSegmentBytes = 16 * 1024 * 1024;

    /// <summary>What a cart keeps for vital signs of the open session on a full disk, bytes.</summary>
    public const int DefaultVitalReserveBytes = 16 * 1024 * 1024;

    /// <summary>The quota holds at least this many segments.</summary>
    public const int MinQuotaSegments = 12;

    /// <summary>
    /// What the segments may take on the disk, bytes. Default 2 GiB. Held to within four segments: those in the making come on top. Below it nothing that still has to be
    /// delivered is ever removed: a disk that is full before that refuses readings instead.
    /// </summary>
    public long QuotaBytes { get; init; } = 2L * 1024 * 1024 * 1024;

    /// <summary>A segment is sealed at this size, bytes. Default 1 MiB, <see cref="MinSegmentBytes"/> to <see cref="MaxSegmentBytes"/>.</summary>
    public int SegmentBytes { get; init; } = 1024 * 1024;

    /// <summary>Longest payload of a record, bytes. Default 64 KiB, at most a quarter of a segment.</summary>
    public int MaxPayloadBytes { get; init; } = 64 * 1024;

    /// <summary>Payload and record heads that may wait for their sync, bytes; above it appends are refused. Default 2 MiB: on a full disk all of it must fit into the reserve.</summary>
    public int MaxUnsyncedBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>Most bytes in one write, so that a sync never waits for a very long one. Default 256 KiB.</summary>
    public int MaxBatchBytes { get; init; } = 256 * 1024;

    /// <summary>A checkpoint is due after this many bytes of records. Default 4 MiB.</summary>
    public long CheckpointBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>A checkpoint is due after this many records. Default 20,000.</summary>
    public int CheckpointRecords { get; init; } = 20_000;

    /// <summary>Largest checkpoint file that is read, bytes. Default 64 MiB. A larger one is not written.</summary>
    public int MaxCheckpointBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How long to wait before a refused disk is tried again, µs. Default 1 s.</summary>
    public long RetryUs { get; init; } = 1_000_000;

    /// <summary>What set-aside damage may take, bytes. Default 8 MiB; beyond it the bytes of new damage are counted and not kept.</summary>
    public long QuarantineBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>How often an unreadable segment is read again before it is declared lost. Default 3.</summary>
    public int ReadAttempts { get; init; } = 3;

    /// <summary>
    /// Space kept in files of its own, bytes, for a full disk: what was taken and not yet synced, bookkeeping, gap records, checkpoints and removal go on with it;
    /// readings are refused while any of it is missing. Its last two segments are for removal and for a start alone. At least four segments, or 0 to keep none. Default 8 MiB.
    /// </summary>
    public int ReserveBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Space kept beside it for vital signs of the open session on a full disk, bytes; 0 keeps none. <see cref="DefaultVitalReserveBytes"/> on a cart.</summary>
    public int VitalReserveBytes { get; init; }

    /// <summary>
    /// The record types that the owner knows; null when it knows all. Records of others (of a newer version, before it was taken back) are kept, copied by rewrites, handed
    /// to the owner, who skips them, and counted in <see cref="JournalStatus.UnknownRecords"/>.
    /// </summary>
    public IReadOnlySet<byte>? KnownTypes { get; init; }

    /// <summary>Checks the bounds against each other.</summary>
    /// <exception cref="InvalidOperationException">They do not fit together; the message says which.</exception>
    public void Validate()
    {
        Require(SegmentBytes is >= MinSegmentBytes and <= MaxSegmentBytes, "SegmentBytes must be 512 B to 16 MiB");
        Require(MaxPayloadBytes > 0 && MaxPayloadBytes <= SegmentBytes / 4, "MaxPayloadBytes must be 1 to a quarter of SegmentBytes");
        Require(QuotaBytes >= (long)MinQuotaSegments * SegmentBytes, "QuotaBytes must hold at least 12 segments");
        Require(MaxUnsyncedBytes >= 2 * (MaxPayloadBytes + JournalFormat.RecordHeadBytes), "MaxUnsyncedBytes must hold two records");
        Require(MaxBatchBytes > 0, "MaxBatchBytes must be above 0");
        Require(CheckpointBytes >= SegmentBytes && CheckpointBytes <= QuotaBytes / 3, "CheckpointBytes must be one segment to a third of the quota");
        Require(CheckpointRecords > 0, "CheckpointRecords must be above 0");
        Require(MaxCheckpointBytes >= 4096, "MaxCheckpointBytes must be at least 4096");
        Require(RetryUs > 0, "RetryUs must be above 0");
        Require(QuarantineBytes >= 0, "QuarantineBytes must not be below 0");
        Require(ReadAttempts is > 0 and <= 100, "ReadAttempts must be 1 to 100");
        Require(ReserveBytes == 0 || ReserveBytes >= 4 * SegmentBytes, "ReserveBytes must be 0 or at least four segments");
        Require(VitalReserveBytes >= 0 && (VitalReserveBytes == 0 || ReserveBytes > 0), "VitalReserveBytes must not be below 0, and needs ReserveBytes");
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new InvalidOperationException("The journal options do not fit: " + message + ".");
        }
    }
}
