using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// Publishes readings again whose time turned out to be knowable, or wrong. A pass goes over the sent marks, which say what each reading was
/// sent with. A correction is worthwhile when the reading went out unsynchronised and its time is known now, or when the two intervals cannot
/// both hold the truth; a mere improvement is none. One mark is worked on at a time; what is done is journaled.
/// </summary>
internal sealed class Corrections : IGatewayPart
{
    /// <summary>Corrections in flight at once.</summary>
    private const int MaxInFlight = 8;

    private const int AllClasses = (1 << (int)RecordClass.Vital) | (1 << (int)RecordClass.Event) | (1 << (int)RecordClass.Sound) | (1 << (int)RecordClass.Wave);

    private readonly ISessionLink _link;
    private readonly DeliveryProgress _progress;
    private readonly ReadingMessages _messages;
    private readonly SessionProjection _sessions;
    private readonly TimeProjection _time;
    private readonly JournalReader _reader;
    private readonly JournalWriter _journal;
    private readonly GatewayClock _clock;
    private readonly long _probeUs;
    private readonly Queue<(SentEntry Entry, int Tries)> _entries = new();
    private readonly SortedDictionary<long, (SentEntry Entry, int Tries, long SentUs)> _inFlight = [];
    private long _position;
    private long _through;
    private long _mark;
    private long _firstUnsynchronised;
    private bool _reading;
    private bool _isActive;
    private bool _isBeyond;
    private long _retryUs;
    private int _generation;

    /// <summary>Makes it.</summary>
    /// <param name="link">Where corrections go.</param>
    /// <param name="progress">Whether anybody takes a session.</param>
    /// <param name="messages">Makes them.</param>
    /// <param name="sessions">The sessions.</param>
    /// <param name="time">Which times may have become better.</param>
    /// <param name="reader">Reads sent marks and frames.</param>
    /// <param name="journal">Where passes are noted.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="probeUs">The pause after a refusal, µs.</param>
    public Corrections(
        ISessionLink link,
        DeliveryProgress progress,
        ReadingMessages messages,
        SessionProjection sessions,
        TimeProjection time,
        JournalReader reader,
        JournalWriter journal,
        GatewayClock clock,
        long probeUs)
    {
        _link = link;
        _progress = progress;
        _messages = messages;
        _sessions = sessions;
        _time = time;
        _reader = reader;
        _journal = journal;
        _clock = clock;
        _probeUs = probeUs;
    }

    /// <summary>Corrections published since the start.</summary>
    public long Published { get; private set; }

    /// <summary>Acknowledgements of them.</summary>
    public long Acknowledged { get; private set; }

    /// <inheritdoc/>
    long IGatewayPart.Step(long nowUs)
    {
        Step(nowUs);
        return NextUs(nowUs);
    }

    public long NextUs(long nowUs)
    {
        long next = _retryUs > nowUs ? _retryUs : long.MaxValue;
        foreach ((SentEntry _, int _, long sentUs) in _inFlight.Values)
        {
            return System.Math.Min(next, sentUs + AnswerTimeouts.UnansweredUs);
        }

        return next;
    }

    public bool Settled(long ticket, byte reasonCode)
    {
        if (!_inFlight.Remove(ticket, out (SentEntry Entry, int Tries, long SentUs) sent))
        {
            return false;
        }

        if (reasonCode < 0x80 && reasonCode != DeliveryRefusal.NoSubscribers)
        {
            Acknowledged++;
        }
        else if (reasonCode == DeliveryRefusal.NoSubscribers && !_progress.HasSubscriber(sent.Entry.Session))
        {
            // Nobody listens to the session: the pass begins again at this mark, later.
            Restart(_clock.NowUs + _probeUs);
        }
        else if (reasonCode >= 0x80 && sent.Tries + 1 < DeliveryRefusal.TriesOf(reasonCode))
        {
            _entries.Enqueue((sent.Entry, sent.Tries + 1));
            _retryUs = _clock.NowUs + _probeUs;
        }

        // Else it is given up: nobody takes this stream now, or it is refused for good; a replay has the right time.
        return true;
    }

    public void LinkDown() => Restart(0);

    public void Step(long nowUs)
    {
        foreach ((SentEntry _, int _, long sentUs) in _inFlight.Values)
        {
            if (nowUs - sentUs >= AnswerTimeouts.UnansweredUs)
            {
                Restart(nowUs + _probeUs);
            }

            break;
        }

        if (!_link.IsUp || nowUs < _retryUs || _reading)
        {
            return;
        }

        if (!_isActive)
        {
            if (_time.CorrectFrom == 0)
            {
                return;
            }

            _isActive = true;
            _isBeyond = false;
            _position = _time.CorrectFrom;
            _through = _time.CorrectThrough;
            _mark = 0;
            _firstUnsynchronised = 0;
        }

        if (_entries.Count > 0)
        {
            if (_inFlight.Count < MaxInFlight)
            {
                (SentEntry entry, int tries) = _entries.Peek();
                Correct(entry, tries, nowUs);
            }
        }
        else if (_inFlight.Count == 0)
        {
            if (_isBeyond || _position > _through)
            {
                if (_journal.TryAppend(JournalRecordType.CorrectionMark, new CorrectionMarkRecord(_through, _firstUnsynchronised).Encode(), out _))
                {
                    _isActive = false;
                }

                return;
            }

            // What went out is journaled before the next mark is begun, so that a kill repeats one mark's corrections at most.
            if (_mark != 0 && !_journal.TryAppend(JournalRecordType.CorrectionMark, new CorrectionMarkRecord(_mark, _firstUnsynchronised).Encode(), out _))
            {
                return;
            }

            _mark = 0;
            ReadMarks();
        }
    }

    private void Restart(long retryUs)
    {
        _generation++;
        _entries.Clear();
        _inFlight.Clear();
        _isActive = false;
        _reading = false;
        _retryUs = retryUs;
    }

    private void ReadMarks()
    {
        int generation = _generation;
        _reading = true;
        _reader.Read(_position, 1 << (int)RecordClass.Control, 1, (records, next) =>
        {
            if (generation != _generation)
            {
                return;
            }

            _reading = false;
            _position = next;
            _isBeyond = records.Count == 0;
            foreach (JournalRecord record in records)
            {
                if (record.Index > _through)
                {
                    _isBeyond = true;
                    break;
                }

                if (record.Type == (byte)JournalRecordType.SentMark)
                {
                    Recheck(record);
                }
            }
        });
    }

    private void Recheck(in JournalRecord record)
    {
        int count = SentMarkRecord.Count(record.Payload.Span);
        for (int i = 0; i < count; i++)
        {
            // The time is in the reading's frame; the mark alone does not have it. Only what may need a correction is read.
            SentEntry entry = SentMarkRecord.Entry(record.Payload.Span, i);
            if (entry.Correctable && _sessions.Find(entry.Session) is not null)
            {
                _entries.Enqueue((entry, 0));
                _mark = record.Index;
            }
        }
    }

    private void Correct(SentEntry entry, int tries, long nowUs)
    {
        int generation = _generation;
        _reading = true;
        _reader.Read(entry.Index, AllClasses, 1, (records, _) =>
        {
            if (generation != _generation)
            {
                return;
            }

            _reading = false;
            if (records.Count == 0 || records[0].Index != entry.Index || _sessions.Find(entry.Session) is not { } session
                || !Reading.TryRead(records[0], out Reading reading))
            {
                // Retention took it: what cannot be read cannot be corrected.
                _entries.Dequeue();
                return;
            }

            bool unsynchronised = entry.SentUtcUs == GatewayMoment.NoUtc;
            ReadingMessage message = _messages.Make(session, reading, entry.SentUtcUs);
            bool worthwhile = message.IsJson
                && (unsynchronised ? message.Time.IsKnown : message.Time.Disagrees(entry.SentUtcUs, entry.SentUncertaintyUs));
            if (worthwhile)
            {
                long ticket = _reader.NextTicket();
                _inFlight.Add(ticket, (entry, tries, nowUs));
                if (!_link.TryPublish(message.Message(_messages.TopicOf(session, reading.Head)), ticket, nowUs))
                {
                    _inFlight.Remove(ticket);
                    return;
                }

                Published++;
            }
            else if (unsynchronised && _firstUnsynchronised == 0)
            {
                _firstUnsynchronised = _mark;
            }

            if (generation == _generation)
            {
                _entries.Dequeue();
            }
        });
    }
}
