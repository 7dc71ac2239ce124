using System.Collections.Generic;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Retained;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// Gives a consumer that joins late what it does not have, in the order of the journal, on topics of its own
/// (<c>session/{id}/replay/{consumer}/…</c>): the live topics carry on undisturbed. A replay ends where the live readings were when it was asked for.
/// </summary>
internal sealed class Replays : IGatewayPart
{
    /// <summary>Replays at once; a further request is refused.</summary>
    private const int MaxJobs = 4;

    /// <summary>Readings of one replay in flight.</summary>
    private const int MaxInFlight = 4;

    private const int AllClasses = (1 << (int)RecordClass.Vital) | (1 << (int)RecordClass.Event) | (1 << (int)RecordClass.Sound) | (1 << (int)RecordClass.Wave);

    private readonly ISessionLink _link;
    private readonly DeliveryProjection _delivery;
    private readonly DeliveryProgress _progress;
    private readonly StreamDescriptions _descriptions;
    private readonly ReadingMessages _messages;
    private readonly ReadingTopics _topics;
    private readonly JournalReader _journal;
    private readonly SessionReplies _replies;
    private readonly List<Job> _jobs = [];

    /// <summary>Makes it.</summary>
    /// <param name="link">Where replays go.</param>
    /// <param name="delivery">Which streams a session has.</param>
    /// <param name="progress">How far its live readings are.</param>
    /// <param name="descriptions">Describes a stream before its first frame.</param>
    /// <param name="messages">Makes the readings' messages.</param>
    /// <param name="topics">Makes their topics.</param>
    /// <param name="journal">Where the readings stand.</param>
    /// <param name="replies">Where the end of a replay is sent.</param>
    public Replays(
        ISessionLink link,
        DeliveryProjection delivery,
        DeliveryProgress progress,
        StreamDescriptions descriptions,
        ReadingMessages messages,
        ReadingTopics topics,
        JournalReader journal,
        SessionReplies replies)
    {
        _link = link;
        _delivery = delivery;
        _progress = progress;
        _descriptions = descriptions;
        _messages = messages;
        _topics = topics;
        _journal = journal;
        _replies = replies;
    }

    /// <summary>Readings published again since the start.</summary>
    public long Replayed { get; private set; }

    public int Count => _jobs.Count;

    /// <summary>When the oldest unanswered reading ends its replay.</summary>
    public long NextUs
    {
        get
        {
            long next = long.MaxValue;
            foreach (Job job in _jobs)
            {
                next = System.Math.Min(next, job.OldestUs == long.MaxValue ? long.MaxValue : job.OldestUs + AnswerTimeouts.UnansweredUs);
            }

            return next;
        }
    }

    /// <summary>Begins.</summary>
    /// <returns>False when too many are running; the caller refuses.</returns>
    public bool TryBegin(in ReplyAddress answerTo, Session session, string consumer, SortedDictionary<StreamKey, ReceiptStream> has)
    {
        int at = _jobs.FindIndex(j => j.Session.Number == session.Number && string.Equals(j.Consumer, consumer, System.StringComparison.Ordinal));
        if (at >= 0)
        {
            // The same consumer asks again: the newer request counts.
            _jobs.RemoveAt(at);
        }
        else if (_jobs.Count >= MaxJobs)
        {
            return false;
        }

        Job job = new(answerTo, session, consumer, _topics.RootOf(session) + "replay/" + consumer + "/", has);
        long first = long.MaxValue;
        foreach ((DeliveryKey key, DeliveryMarks marks) in _delivery.Marks)
        {
            if (key.Session == session.Number)
            {
                long published = _progress.PublishedIndex(key);
                job.Limits[key.Stream] = published;
                job.Through = System.Math.Max(job.Through, published);
                first = System.Math.Min(first, marks.FirstIndex);
            }
        }

        job.Position = first;
        _jobs.Add(job);
        return true;
    }

    public bool Settled(long ticket, byte reasonCode)
    {
        foreach (Job job in _jobs)
        {
            if (job.InFlight.Remove(ticket, out (StreamKey Key, long SentUs) sent))
            {
                job.Answered(sent.Key, reasonCode);
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    long IGatewayPart.Step(long nowUs)
    {
        Step(nowUs);
        return NextUs;
    }

    /// <summary>The connection is gone: whoever asked asks again.</summary>
    public void LinkDown() => _jobs.Clear();

    public void Step(long nowUs)
    {
        for (int i = 0; i < _jobs.Count; i++)
        {
            Job job = _jobs[i];
            if (job.HasLeft || (job.OldestUs != long.MaxValue && nowUs - job.OldestUs >= AnswerTimeouts.UnansweredUs))
            {
                _jobs.RemoveAt(i--);
                string why = job.HasLeft ? "nobody takes the replay of " : "nobody acknowledges the replay of ";
                _replies.Send(job.AnswerTo, job.Session.Id, "replay", FaultCodes.ReplayRefused, why + job.Consumer, job.Accepted);
                continue;
            }

            Send(job, nowUs);
            if (job.Items.Count == 0 && job.InFlight.Count == 0 && job.Position > job.Through && !job.IsReading)
            {
                _jobs.RemoveAt(i--);
                bool isNobody = job.Accepted == 0 && job.Skipped.Count > 0;
                string text = isNobody ? "nobody takes the replay of " + job.Consumer
                    : job.Refused > 0 ? Invariant.Text(job.Refused) + " readings were refused" : string.Empty;
                _replies.Send(job.AnswerTo, job.Session.Id, "replay", text.Length > 0 ? FaultCodes.ReplayRefused : null, text, job.Accepted);
            }
        }
    }

    private void Send(Job job, long nowUs)
    {
        while (job.Items.Count > 0 && job.InFlight.Count < MaxInFlight)
        {
            Reading reading = job.Items.Peek();
            if (job.Skipped.Contains(reading.Key))
            {
                job.Items.Dequeue();
                continue;
            }

            if (!_descriptions.TryDescribeOnce(job.Session, reading, nowUs))
            {
                return;
            }

            MqttMessage message = _messages.Make(job.Session, reading, null).Message(_topics.Of(job.Root, reading.Head));
            long ticket = _journal.NextTicket();
            job.InFlight.Add(ticket, (reading.Key, nowUs));
            if (!_link.TryPublish(message, ticket, nowUs))
            {
                job.InFlight.Remove(ticket);
                return;
            }

            job.Items.Dequeue();
            Replayed++;
        }

        if (job.Items.Count == 0 && !job.IsReading && job.Position <= job.Through)
        {
            job.IsReading = true;
            _journal.Read(job.Position, AllClasses, 16 * 1024, (records, next) =>
            {
                job.IsReading = false;
                job.Position = records.Count == 0 ? job.Through + 1 : next;
                foreach (JournalRecord record in records)
                {
                    if (Reading.TryRead(record, out Reading reading) && job.Wants(reading, record.Index))
                    {
                        job.Items.Enqueue(reading.Kept());
                    }
                }
            });
        }
    }

    private sealed class Job
    {
        private readonly SortedDictionary<StreamKey, ReceiptStream> _has;

        public Job(in ReplyAddress answerTo, Session session, string consumer, string root, SortedDictionary<StreamKey, ReceiptStream> has)
        {
            Root = root;
            AnswerTo = answerTo;
            Session = session;
            Consumer = consumer;
            _has = has;
        }

        /// <summary>Where its end is sent.</summary>
        public ReplyAddress AnswerTo { get; }

        public Session Session { get; }

        public string Consumer { get; }

        /// <summary>What its topics begin with.</summary>
        public string Root { get; }

        public SortedDictionary<StreamKey, long> Limits { get; } = [];

        public Queue<Reading> Items { get; } = new();

        public SortedDictionary<long, (StreamKey Key, long SentUs)> InFlight { get; } = [];

        /// <summary>When the oldest unanswered reading was sent, monotonic µs; <see cref="long.MaxValue"/> for none.</summary>
        public long OldestUs
        {
            get
            {
                foreach ((StreamKey _, long sentUs) in InFlight.Values)
                {
                    return sentUs;
                }

                return long.MaxValue;
            }
        }

        /// <summary>Streams that nobody takes: an answer about one says nothing of the others.</summary>
        public SortedSet<StreamKey> Skipped { get; } = [];

        /// <summary>Streams of which a reading was acknowledged.</summary>
        public SortedSet<StreamKey> Taken { get; } = [];

        /// <summary>Readings refused for good.</summary>
        public long Refused { get; private set; }

        /// <summary>Readings acknowledged.</summary>
        public long Accepted { get; private set; }

        /// <summary>True when a stream that was taken is taken no longer: whoever asked is gone.</summary>
        public bool HasLeft { get; private set; }

        public long Position { get; set; }

        public long Through { get; set; }

        public bool IsReading { get; set; }

        public void Answered(StreamKey key, byte reasonCode)
        {
            if (reasonCode == DeliveryRefusal.NoSubscribers)
            {
                HasLeft |= Taken.Contains(key);
                Skipped.Add(key);
            }
            else if (reasonCode >= 0x80)
            {
                Refused++;
            }
            else
            {
                Accepted++;
                Taken.Add(key);
            }
        }

        public bool Wants(in Reading reading, long index)
        {
            FrameHead head = reading.Head;
            if (reading.Session != Session.Number || !Limits.TryGetValue(head.Key, out long limit) || index > limit)
            {
                return false;
            }

            if (!_has.TryGetValue(head.Key, out ReceiptStream? stream) || head.Sequence > stream.Through)
            {
                return true;
            }

            foreach (SequenceRange gap in stream.SequenceGaps)
            {
                if (gap.First <= head.Sequence && head.Sequence <= gap.Last)
                {
                    return true;
                }
            }

            return false;
        }
    }
}
