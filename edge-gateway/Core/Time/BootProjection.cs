using System;
using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Time;

/// <summary>One start of the gateway, as the journal shows it.</summary>
/// <param name="BootId">Its number, from 1.</param>
/// <param name="StartUs">Monotonic µs at its start.</param>
/// <param name="LastUs">Newest monotonic µs that a record of it carries: until then it certainly ran.</param>
public readonly record struct GatewayBoot(uint BootId, long StartUs, long LastUs);

/// <summary>The gateway's starts. A moment of an earlier one is before every moment of a later one.</summary>
public sealed class BootProjection : IJournalProjection
{
    /// <summary>Starts remembered; times of earlier ones cannot be compared any more, and then count as unknown.</summary>
    public const int MaxBoots = 64;

    private readonly SortedDictionary<uint, GatewayBoot> _boots = [];

    /// <inheritdoc/>
    public string Name => "boots";

    /// <summary>Parses records, for all projections of one journal together.</summary>
    internal ReadingParser Parser { get; init; } = new();

    /// <summary>The newest start, 0 for none.</summary>
    public uint LastBootId { get; private set; }

    /// <summary>One start.</summary>
    /// <param name="bootId">Which.</param>
    /// <param name="boot">What is known.</param>
    /// <returns>False when it is not remembered.</returns>
    public bool TryFind(uint bootId, out GatewayBoot boot) => _boots.TryGetValue(bootId, out boot);

    /// <summary>Starts remembered, oldest first.</summary>
    public IReadOnlyCollection<GatewayBoot> Boots => _boots.Values;

    /// <inheritdoc/>
    public void Reset()
    {
        _boots.Clear();
        LastBootId = 0;
    }

    /// <inheritdoc/>
    public void Apply(in JournalRecord record)
    {
        ReadOnlySpan<byte> payload = record.Payload.Span;
        switch ((JournalRecordType)record.Type)
        {
            case JournalRecordType.GatewayBoot when GatewayBootRecord.TryDecode(payload, out GatewayBootRecord boot):
                _boots[boot.At.BootId] = new GatewayBoot(boot.At.BootId, boot.At.Us, boot.At.Us);
                LastBootId = Math.Max(LastBootId, boot.At.BootId);
                if (_boots.Count > MaxBoots)
                {
                    uint oldest = 0;
                    foreach (uint id in _boots.Keys)
                    {
                        oldest = id;
                        break;
                    }

                    _boots.Remove(oldest);
                }

                break;
            case JournalRecordType.Frame when Parser.TryRead(record, out Reading reading):
                Seen(reading.Stamp.Received);
                break;
            case JournalRecordType.SessionOpened when SessionOpenedRecord.TryDecode(payload, out SessionOpenedRecord opened):
                Seen(opened.At);
                break;
            case JournalRecordType.SessionClosed when SessionClosedRecord.TryDecode(payload, out SessionClosedRecord closed):
                Seen(closed.At);
                break;
            case JournalRecordType.TimeMapping when TimeMappingRecord.TryDecode(payload, out TimeMappingRecord mapping):
                Seen(mapping.At);
                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        ByteWriter writer = new();
        writer.U8(1).U32(LastBootId).U16(_boots.Count);
        foreach (GatewayBoot boot in _boots.Values)
        {
            writer.U32(boot.BootId).I64(boot.StartUs).I64(boot.LastUs);
        }

        return writer.ToArray();
    }

    /// <inheritdoc/>
    public bool TryLoad(ReadOnlySpan<byte> state)
    {
        Reset();
        ByteReader reader = new(state);
        if (reader.U8() != 1)
        {
            return false;
        }

        LastBootId = reader.U32();
        int count = reader.U16();
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            uint id = reader.U32();
            long start = reader.I64();
            _boots[id] = new GatewayBoot(id, start, reader.I64());
        }

        return reader.AtEnd;
    }

    private void Seen(GatewayMoment moment)
    {
        if (_boots.TryGetValue(moment.BootId, out GatewayBoot boot) && moment.Us > boot.LastUs)
        {
            _boots[moment.BootId] = boot with { LastUs = moment.Us };
        }
    }
}
