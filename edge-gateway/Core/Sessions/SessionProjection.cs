using System;
using System.Collections.Generic;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Sessions;

/// <summary>One consultation.</summary>
/// <param name="Number">Its number in this journal, from 1, never used twice.</param>
/// <param name="Id">Its name.</param>
/// <param name="Epoch">Its binding epoch.</param>
/// <param name="Production">True when it is for patients.</param>
/// <param name="OpenedAt">When it was opened.</param>
/// <param name="ClosedAt">When it was closed; null while it is open.</param>
public sealed record Session(uint Number, string Id, uint Epoch, bool Production, GatewayMoment OpenedAt, GatewayMoment? ClosedAt)
{
    /// <summary>True until it is closed.</summary>
    public bool IsOpen => ClosedAt is null;
}

/// <summary>Sessions and epochs.</summary>
public sealed class SessionProjection : IJournalProjection
{
    // Odd, so that counter -> epoch is one to one modulo 2^32 and only 0 gives 0 (the golden ratio x 2^32; Knuth, TAOCP 3, 6.4).
    private const uint EpochFactor = 0x9E3779B1;

    private readonly int _maxSessions;
    private readonly SortedDictionary<uint, Session> _sessions = [];
    private Session[]? _ordered; // of _sessions; null when it has changed
    private uint _lastCounter;
    private uint _lastNumber;

    /// <summary>Makes an empty projection.</summary>
    /// <param name="maxSessions">Sessions remembered; the oldest closed one gives way.</param>
    public SessionProjection(int maxSessions) => _maxSessions = maxSessions;

    /// <inheritdoc/>
    public string Name => "sessions";

    /// <summary>Sessions remembered, oldest first.</summary>
    public IReadOnlyCollection<Session> Sessions => _sessions.Values;

    /// <summary>The open session, or null.</summary>
    public Session? Open { get; private set; }

    /// <summary>Number of the next session.</summary>
    public uint NextNumber => _lastNumber + 1;

    /// <summary>True when no epoch was ever issued from this journal.</summary>
    public bool HasNoEpochs => _lastCounter == 0;

    /// <summary>The session that the next opening will push out, or null.</summary>
    public Session? NextForgotten
    {
        get
        {
            if (_sessions.Count < _maxSessions)
            {
                return null;
            }

            foreach (Session session in _sessions.Values)
            {
                if (!session.IsOpen)
                {
                    return session;
                }
            }

            return null;
        }
    }

    /// <summary>One session.</summary>
    /// <param name="number">Its number.</param>
    /// <returns>The session, or null.</returns>
    public Session? Find(uint number) => _sessions.GetValueOrDefault(number);

    /// <summary>The session that was given an epoch.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <returns>The session, or null.</returns>
    public Session? FindByEpoch(uint epoch)
    {
        // The enumerator of a sorted dictionary is an object, and this is asked for every frame.
        foreach (Session session in _ordered ??= [.. _sessions.Values])
        {
            if (session.Epoch == epoch)
            {
                return session;
            }
        }

        return null;
    }

    /// <summary>What a line about a named session is about: the session, or the gateway when there is none of that name, which anybody may choose.</summary>
    /// <param name="id">The name.</param>
    /// <returns>The subject.</returns>
    public HealthSubject SubjectOf(string id) => FindById(id) is null ? HealthSubject.Gateway : HealthSubject.Session(id);

    /// <summary>The newest session of a name.</summary>
    /// <param name="id">The name.</param>
    /// <returns>The session, or null.</returns>
    public Session? FindById(string id)
    {
        Session? found = null;
        foreach (Session session in _sessions.Values)
        {
            if (string.Equals(session.Id, id, StringComparison.Ordinal))
            {
                found = session;
            }
        }

        return found;
    }

    /// <summary>The epoch to be issued next.</summary>
    /// <param name="start">Where to begin in an empty journal, so that epochs of an earlier journal that a pod still holds are not met again.</param>
    /// <returns>The record.</returns>
    public EpochIssuedRecord NextEpoch(uint start)
    {
        uint counter = (_lastCounter == 0 ? start : _lastCounter) + 1;
        counter = counter == 0 ? 1 : counter;
        return new EpochIssuedRecord(counter, counter * EpochFactor);
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _sessions.Clear();
        _ordered = null;
        Open = null;
        _lastCounter = 0;
        _lastNumber = 0;
    }

    /// <inheritdoc/>
    public void Apply(in JournalRecord record)
    {
        ReadOnlySpan<byte> payload = record.Payload.Span;
        switch ((JournalRecordType)record.Type)
        {
            case JournalRecordType.EpochIssued when EpochIssuedRecord.TryDecode(payload, out EpochIssuedRecord issued):
                _lastCounter = issued.Counter;
                break;
            case JournalRecordType.SessionOpened when SessionOpenedRecord.TryDecode(payload, out SessionOpenedRecord opened):
                if (NextForgotten is { } forgotten)
                {
                    _sessions.Remove(forgotten.Number);
                }

                Open = new Session(opened.Number, opened.Id, opened.Epoch, opened.Production, opened.At, null);
                _sessions[opened.Number] = Open;
                _ordered = null;
                _lastNumber = opened.Number;
                break;
            case JournalRecordType.SessionClosed when SessionClosedRecord.TryDecode(payload, out SessionClosedRecord closed):
                if (_sessions.TryGetValue(closed.Number, out Session? session) && session.IsOpen)
                {
                    _sessions[closed.Number] = session with { ClosedAt = closed.At };
                    _ordered = null;
                    Open = null;
                }

                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        ByteWriter writer = new(1024);
        writer.U8(1).U32(_lastCounter).U32(_lastNumber).U32((uint)_sessions.Count);
        foreach (Session session in _sessions.Values)
        {
            writer.U32(session.Number).Text(session.Id).U32(session.Epoch).U8(session.Production ? 1 : 0);
            session.OpenedAt.Write(writer);
            writer.U8(session.IsOpen ? 0 : 1);
            session.ClosedAt?.Write(writer);
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

        _lastCounter = reader.U32();
        _lastNumber = reader.U32();
        uint count = reader.U32();
        for (uint i = 0; i < count && !reader.Failed; i++)
        {
            uint number = reader.U32();
            string id = reader.Text();
            uint epoch = reader.U32();
            bool production = reader.U8() != 0;
            GatewayMoment opened = GatewayMoment.Read(ref reader);
            GatewayMoment? closed = reader.U8() == 0 ? null : GatewayMoment.Read(ref reader);
            Session session = new(number, id, epoch, production, opened, closed);
            _sessions[number] = session;
            Open = session.IsOpen ? session : Open;
        }

        return reader.AtEnd;
    }
}
