using System;
using System.Collections.Generic;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Records;

/// <summary>How far the retention of one key's records is.</summary>
/// <param name="SinceUtcUs">From when its time runs, µs since 1970; null when other records tell it.</param>
/// <param name="DueUtcUs">When its unfetched readings reached their age, µs since 1970; null when they have not.</param>
public readonly record struct RetentionState(long? SinceUtcUs, long? DueUtcUs);

/// <summary>How far the retention of each key is, as far as no other record tells it.</summary>
public sealed class RetentionProjection : IJournalProjection
{
    /// <summary>Keys remembered; at the bound the lowest goes, and its time begins anew.</summary>
    public const int MaxKeys = 4096;

    private readonly SortedDictionary<JournalKeyOwner, RetentionState> _states = [];

    /// <inheritdoc/>
    public string Name => "retention";

    /// <inheritdoc/>
    public bool MayBeMissing => true;

    /// <summary>One key.</summary>
    /// <param name="owner">Whose.</param>
    /// <returns>How far it is.</returns>
    public RetentionState Find(JournalKeyOwner owner) => _states.GetValueOrDefault(owner);

    /// <inheritdoc/>
    public void Reset() => _states.Clear();

    /// <inheritdoc/>
    public void Apply(in JournalRecord record)
    {
        if (record.Type != (byte)JournalRecordType.Retention || !RetentionRecord.TryDecode(record.Payload.Span, out RetentionRecord step))
        {
            return;
        }

        RetentionState state = Find(step.Owner);
        switch (step.Step)
        {
            case RetentionStep.Since:
                Set(step.Owner, state with { SinceUtcUs = step.UtcUs });
                break;
            case RetentionStep.Due:
                Set(step.Owner, state with { DueUtcUs = step.UtcUs });
                break;
            case RetentionStep.NotDue:
                Set(step.Owner, state with { DueUtcUs = null });
                break;
            case RetentionStep.Erased:
                _states.Remove(step.Owner);
                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        if (_states.Count == 0)
        {
            return [];
        }

        ByteWriter writer = new();
        writer.U8(1).U16(_states.Count);
        foreach ((JournalKeyOwner owner, RetentionState state) in _states)
        {
            writer.U8(owner.Kind).U32(owner.Number).I64(state.SinceUtcUs ?? GatewayMoment.NoUtc).I64(state.DueUtcUs ?? GatewayMoment.NoUtc);
        }

        return writer.ToArray();
    }

    /// <inheritdoc/>
    public bool TryLoad(ReadOnlySpan<byte> state)
    {
        Reset();
        if (state.IsEmpty)
        {
            return true;
        }

        ByteReader reader = new(state);
        if (reader.U8() != 1)
        {
            return false;
        }

        int count = reader.U16();
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            byte kind = (byte)reader.U8();
            JournalKeyOwner owner = new(kind, reader.U32());
            long? since = Moment(reader.I64());
            _states[owner] = new RetentionState(since, Moment(reader.I64()));
        }

        return reader.AtEnd;
    }

    private static long? Moment(long utcUs) => utcUs == GatewayMoment.NoUtc ? null : utcUs;

    private void Set(JournalKeyOwner owner, RetentionState state)
    {
        _states[owner] = state;
        if (_states.Count > MaxKeys)
        {
            using SortedDictionary<JournalKeyOwner, RetentionState>.KeyCollection.Enumerator first = _states.Keys.GetEnumerator();
            if (first.MoveNext())
            {
                _states.Remove(first.Current);
            }
        }
    }
}
