using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Sound;

namespace EdgeGateway.Core.Records;

/// <summary>
/// What a journal record's payload is. The byte is part of the journal's format: values are only ever added. All fields are little endian;
/// a reader ignores bytes beyond those it knows, so that later versions may add fields at the end.
/// </summary>
public enum JournalRecordType : byte
{
    /// <summary>A frame with the gateway's stamp, see <see cref="FrameStamp"/>.</summary>
    Frame = 1,

    /// <summary>A binding epoch was taken out of use for ever, see <see cref="EpochIssuedRecord"/>. Precedes the session that gets it.</summary>
    EpochIssued = 2,

    /// <summary>A session was opened, see <see cref="SessionOpenedRecord"/>.</summary>
    SessionOpened = 3,

    /// <summary>A session was closed, see <see cref="SessionClosedRecord"/>.</summary>
    SessionClosed = 4,

    /// <summary>Readings were acknowledged by the session's broker or subscriber, see <see cref="SentMarkRecord"/>.</summary>
    SentMark = 5,

    /// <summary>A consumer's receipt, see <see cref="ReceiptRecord"/>.</summary>
    Receipt = 6,

    /// <summary>What the gateway's monotonic clock is in UTC, see <see cref="TimeMappingRecord"/>.</summary>
    TimeMapping = 7,

    /// <summary>The gateway started, see <see cref="GatewayBootRecord"/>.</summary>
    GatewayBoot = 8,

    /// <summary>Corrections of time went out for all marks up to an index, see <see cref="CorrectionMarkRecord"/>.</summary>
    CorrectionMark = 9,

    /// <summary>Stored readings were lost before they were sent, see <see cref="StoreLossRecord"/>; the gap frame that says so to the session follows.</summary>
    StoreLoss = 10,

    /// <summary>A clip of sound was asked for, see <see cref="ClipRecord"/>.</summary>
    Clip = 12,

    /// <summary>A doctor's word on a clip, see <see cref="ClipMarkRecord"/>.</summary>
    ClipMark = 13,

    /// <summary>A command was answered, see <see cref="CommandAnsweredRecord"/>.</summary>
    CommandAnswered = 24,

    /// <summary>How far the retention of one key's records is, see <see cref="RetentionRecord"/>.</summary>
    Retention = 25,
}

/// <summary>The record types of this version.</summary>
public static class JournalRecordTypes
{
    /// <summary>All of them; records of others are kept and skipped.</summary>
    public static IReadOnlySet<byte> Known { get; } = new SortedSet<byte>(Enum.GetValues<JournalRecordType>().Select(t => (byte)t));
}
