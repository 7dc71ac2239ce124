using System.Collections.Generic;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Gateway;

/// <summary>
/// Gives a consumer that joins late what it does not have, in the order of the journal, on topics of its own
/// (<c>session/{id}/replay/{consumer}/…</c>): the live topics carry on undisturbed. A replay ends where the live readings were when it was asked for.
/// </summary>
internal sealed class Replays
{
    /// <summary>Replays at once; a further request is refused.</summary>
    private const int MaxJobs = 4;

    /// <summary>Readings of one replay in flight.</summary>
    private const int MaxInFlight = 4;

    private const int AllClasses = (1 << (int)RecordClass.Vital) | (1 << (int)RecordClass.Event) | (1 << (int)RecordClass.Sound) | (1 << (int)RecordClass.Wave);

    private readonly GatewayContext _context;
    private readonly ISessionLink _link;
    private readonly Uplink _uplink;
    private readonly ReplyToSession _reply;
    private readonly List<Job> _jobs = [];

    public Replays(GatewayContext context, ISessionLink link, Uplink uplink, ReplyToSession reply)
    {
        _context = context;
        _link = link;
        _uplink = uplink;
        _reply = reply;
    }

    public int Count => _jobs.Count;

    /// <summary>Begins.</summary>
    /// <returns>False when too many are running; the caller refuses.</returns>
    public bool TryBegin(string id, Session session, string consumer, SortedDictionary<StreamKey, ReceiptStream> has)
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

        Job job = new(id, session, consumer, has);
        long first = long.MaxValue;
        foreach ((DeliveryKey key, DeliveryMarks marks) in _context.Delivery.Marks)
        {
            if (key.Session == session.Number)
            {
                long published = _uplink.PublishedIndex(key);
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
            if (job.InFlight.Remove(ticket))
            {
                job.IsRefused |= reasonCode is >= 0x80 or 0x10;
                return true;
            }
        }

        return false;
    }

    /// <summary>The connection is gone: whoever asked asks again.</summary>
    public void LinkDown() => _jobs.Clear();

    public void Step(long nowUs)
    {
        for (int i = 0; i < _jobs.Count; i++)
        {
            Job job = _jobs[i];
            if (job.IsRefused)
            {
                _jobs.RemoveAt(i--);
                _reply(job.Id, job.Session.Id, "replay", "G2407", "nobody takes the replay of " + job.Consumer, job.Sent);
                continue;
            }

            Send(job, nowUs);
            if (job.Items.Count == 0 && job.InFlight.Count == 0 && job.Position > job.Through && !job.IsReading)
            {
                _jobs.RemoveAt(i--);
                _reply(job.Id, job.Session.Id, "replay", null, string.Empty, job.Sent);
            }
        }
    }

    private void Send(Job job, long nowUs)
    {
        while (job.Items.Count > 0 && job.InFlight.Count < MaxInFlight)
        {
            byte[] record = job.Items.Peek();
            System.ReadOnlySpan<byte> frame = System.MemoryExtensions.AsSpan(record, FrameStamp.Length);
            FrameHead head = FrameHead.Read(frame);
            ReadingMessage reading = ReadingMessage.Make(_context, job.Session, head, frame, null);
            MqttMessage message = reading.Message(_context.TopicRoot + "session/" + job.Session.Id + "/replay/" + job.Consumer + "/");
            long ticket = _context.NextTicket();
            job.InFlight.Add(ticket);
            if (!_link.TryPublish(message, ticket, nowUs))
            {
                job.InFlight.Remove(ticket);
                return;
            }

            job.Items.Dequeue();
            job.Sent++;
            _context.Counts.Replayed++;
        }

        if (job.Items.Count == 0 && !job.IsReading && job.Position <= job.Through)
        {
            job.IsReading = true;
            _context.Read(job.Position, AllClasses, 16 * 1024, (records, next) =>
            {
                job.IsReading = false;
                job.Position = records.Count == 0 ? job.Through + 1 : next;
                foreach (JournalRecord record in records)
                {
                    if (job.Wants(record))
                    {
                        job.Items.Enqueue(record.Payload.ToArray());
                    }
                }
            });
        }
    }

    private sealed class Job
    {
        private readonly SortedDictionary<StreamKey, ReceiptStream> _has;

        public Job(string id, Session session, string consumer, SortedDictionary<StreamKey, ReceiptStream> has)
        {
            Id = id;
            Session = session;
            Consumer = consumer;
            _has = has;
        }

        public string Id { get; }

        public Session Session { get; }

        public string Consumer { get; }

        public SortedDictionary<StreamKey, long> Limits { get; } = [];

        public Queue<byte[]> Items { get; } = new();

        public List<long> InFlight { get; } = [];

        public long Position { get; set; }

        public long Through { get; set; }

        public long Sent { get; set; }

        public bool IsReading { get; set; }

        public bool IsRefused { get; set; }

        public bool Wants(in JournalRecord record)
        {
            if (record.Type != (byte)JournalRecordType.Frame || !FrameStamp.TryRead(record.Payload.Span, out FrameStamp stamp) || stamp.Session != Session.Number)
            {
                return false;
            }

            FrameHead head = FrameHead.Read(record.Payload.Span[FrameStamp.Length..]);
            if (!Limits.TryGetValue(head.Key, out long limit) || record.Index > limit)
            {
                return false;
            }

            if (!_has.TryGetValue(head.Key, out ReceiptStream? stream) || head.Sequence > stream.Through)
            {
                return true;
            }

            foreach (SequenceRange hole in stream.Holes)
            {
                if (hole.First <= head.Sequence && head.Sequence <= hole.Last)
                {
                    return true;
                }
            }

            return false;
        }
    }
}

/// <summary>Answers a request on <c>reply/{id}</c>.</summary>
internal delegate void ReplyToSession(string id, string session, string command, string? code, string text, long? count);
