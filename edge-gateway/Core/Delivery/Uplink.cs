using System;
using System.Collections.Generic;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Retained;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// Sends bound readings to their sessions. Ties together what decides: the scheduler what goes next, the cursors where each queue stands in the journal, the window what is under way,
/// answers and time-outs what becomes of it, the marks what is journaled of that. A kill repeats at most a window of readings.
/// </summary>
internal sealed class Uplink : IGatewayPart
{
    /// <summary>How often the journal is told what it need not keep, µs.</summary>
    private const long ReleasePeriodUs = 1_000_000;

    private readonly GatewayContext _context;
    private readonly ISessionLink _link;
    private readonly DeliveryCursors _cursors;
    private readonly DeliveryWindow _window;
    private readonly StreamIssues _issues;
    private readonly StreamHolds _holds;
    private readonly AnswerTimeouts _timeouts;
    private readonly LossDeclarations _losses;
    private readonly SentMarks _marks;
    private readonly StreamAnswers _answers;
    private readonly ReadingPublisher _publisher;
    private readonly DeliveryScheduler _scheduler;
    private long _beginIndex;
    private bool _hasMore;
    private long _nextReleaseUs;

    /// <summary>Makes it.</summary>
    /// <param name="context">The gateway.</param>
    /// <param name="link">Where readings go.</param>
    /// <param name="retained">Told of each reading that is sent; describes its stream first.</param>
    /// <param name="mostBulk">From the size of the window for sound and waves: how many of them may be in flight now.</param>
    /// <param name="bulkSent">Called for each of them that was handed over.</param>
    public Uplink(GatewayContext context, ISessionLink link, RetainedTopics retained, Func<int, int> mostBulk, Action bulkSent)
    {
        _context = context;
        _link = link;
        _cursors = new DeliveryCursors(context);
        _window = new DeliveryWindow(context, _cursors);
        _issues = new StreamIssues(context);
        _holds = new StreamHolds(context, _cursors);
        _timeouts = new AnswerTimeouts(context, _cursors, _window, _holds, _issues);
        _losses = new LossDeclarations(context, _timeouts.AsksToDeclare);
        _marks = new SentMarks(context, _window, _losses);
        _answers = new StreamAnswers(context, _cursors, _window, _marks, _holds, _issues);
        _publisher = new ReadingPublisher(context, link, retained, _window, bulkSent);
        _scheduler = new DeliveryScheduler(context, _cursors, _window, _holds, _issues, _publisher, _losses, mostBulk);
    }

    /// <summary>Readings that were handed over and whose mark is not on the disk.</summary>
    public int InFlight => _window.Count;

    /// <inheritdoc/>
    bool IGatewayPart.StepsWhileStopping => true;

    /// <summary>False when the newest answers say that nobody takes anything of a session.</summary>
    public bool HasSubscriber(uint session) => !_cursors.Sessions.TryGetValue(session, out SessionDelivery? state) || !state.HasNoSubscriber;

    /// <summary>The journal is open: what is pending there is to be sent.</summary>
    public void Begin()
    {
        _beginIndex = _context.Journal.LastIndex;
        foreach (uint session in _context.Delivery.PendingBySession.Keys)
        {
            _cursors.StateOf(session);
        }
    }

    /// <summary>A frame entered the journal.</summary>
    public void Appended(long index, in Reading reading)
    {
        if (reading.Session != 0)
        {
            SessionDelivery state = _cursors.StateOf(reading.Session);
            _cursors.Offer(state, index, reading);
            if (!_link.IsUp || !state.Streams.TryGetValue(reading.Key, out StreamDelivery? stream) || !stream.IsConfirmed)
            {
                _publisher.View(index, reading);
            }
        }
    }

    /// <summary>The link has an answer. From inside its own calls it is only noted down; the step works on it.</summary>
    /// <param name="ticket">The message's ticket.</param>
    /// <param name="reasonCode">An MQTT 5 reason code.</param>
    /// <returns>False when the message is none of this part's.</returns>
    public bool Settled(long ticket, byte reasonCode) => _window.Settle(ticket, reasonCode);

    /// <summary>The link is up after having been down: nothing is known of subscribers.</summary>
    public void LinkUp() => _answers.LinkUp();

    /// <summary>The link is down: what was not acknowledged will be sent again.</summary>
    public void LinkDown()
    {
        long nowUs = _context.NowUs;
        _answers.Drain(nowUs);
        StreamDelivery? suspect = _answers.Suspect(out DeliveryItem item);
        foreach (SessionDelivery state in _cursors.Sessions.Values)
        {
            Reset(state);
        }

        if (suspect is not null)
        {
            _answers.Accuse(suspect, item, nowUs);
        }
    }

    /// <summary>Somebody subscribed: streams without a subscriber are probed at once, and what nobody acknowledges is sent again.</summary>
    public void SubscriberAppeared() => _timeouts.SubscriberAppeared(_context.NowUs);

    /// <summary>Readings of a session that are never going to be sent, because it is about to be forgotten.</summary>
    public void Abandon(uint session)
    {
        _losses.Abandon(session);
        Forget(session);
    }

    /// <summary>Records the journal gives up.</summary>
    public bool Lost(in JournalLoss loss, IReadOnlyList<JournalRecord> records) => _losses.Lost(loss, records);

    /// <summary>Sends what may be sent.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="mayPublish">False while the gateway stops: then only marks are made.</param>
    public void Step(long nowUs, bool mayPublish)
    {
        _hasMore = false;
        _answers.Drain(nowUs);
        _timeouts.CheckUnanswered(nowUs);
        _timeouts.CheckYielding(nowUs);
        _marks.Write(nowUs);
        _marks.DeclareAside(nowUs, all: !mayPublish);
        _window.Free();
        _publisher.ShowViews(nowUs);
        if (!mayPublish || !_link.IsUp)
        {
            return;
        }

        _scheduler.Send(nowUs);

        // A message may be settled inside the call that published it.
        _hasMore = _window.SettledCount > 0;
        _answers.Drain(nowUs);
        if (nowUs >= _nextReleaseUs)
        {
            _nextReleaseUs = nowUs + ReleasePeriodUs;
            Release();
        }
    }

    /// <summary>When there is something to do next, monotonic µs.</summary>
    public long NextUs(long nowUs) => _window.SettledCount > 0 || _hasMore
        ? nowUs
        : Math.Min(Math.Min(_timeouts.NextUs(nowUs), _holds.NextUs(nowUs)), _marks.NextUs(nowUs));

    /// <summary>Highest journal index of a key that was handed to the link or settled.</summary>
    public long PublishedIndex(DeliveryKey key) =>
        Math.Max(_context.Delivery.Find(key)?.SettledIndex ?? 0, _cursors.Find(key)?.Published ?? 0);

    /// <summary>Highest number of a stream that a consumer of its session can have.</summary>
    /// <returns>The number; 0 when nothing was sent.</returns>
    public uint SentThrough(DeliveryKey key)
    {
        if (_context.Delivery.Find(key) is not { } marks)
        {
            return 0;
        }

        StreamDelivery? stream = _cursors.Find(key);
        uint sent = Math.Max(marks.SentThrough, stream?.HighestSequence ?? 0);

        // What was on its way when an earlier start of the gateway ended may have arrived; that much is not known here.
        long before = marks.FirstIndex <= _beginIndex ? (stream?.BeganAfter ?? marks.SentThrough) + (long)_context.Options.Window : 0;
        long stored = _context.Deduplication.Find(key.Stream)?.High ?? 0;
        return (uint)Math.Max(sent, Math.Min(before, stored));
    }

    /// <inheritdoc/>
    void IGatewayPart.Begin(long nowUs) => Begin();

    /// <inheritdoc/>
    long IGatewayPart.Step(long nowUs)
    {
        Step(nowUs, _context.Life.IsRunning);
        return NextUs(nowUs);
    }

    /// <inheritdoc/>
    void IGatewayPart.Stop(long nowUs) => Step(nowUs, mayPublish: false);

    /// <inheritdoc/>
    void IGatewayPart.ClientCame(string clientId, bool hasSubscriptions)
    {
        if (hasSubscriptions)
        {
            SubscriberAppeared();
        }
    }

    /// <inheritdoc/>
    void IGatewayPart.ClientSubscribed(string clientId, string filter) => SubscriberAppeared();

    /// <summary>The connection is gone: nothing is in flight, and nothing is known of subscribers.</summary>
    private void Reset(SessionDelivery state)
    {
        foreach (StreamDelivery stream in state.Streams.Values)
        {
            _holds.Unhold(stream);
            _window.ForgetUnanswered(stream);
            stream.Confirm(false);
            stream.Probes = 0;
            stream.HighWaterMark = 0;
            stream.IsBehind = false;
        }

        _cursors.Restart(state);
        _issues.ReportSubscribers(state);
    }

    private void Release()
    {
        foreach (RecordClass recordClass in DeliveryScheduler.Order)
        {
            long first = _context.Journal.LastIndex + 1;
            foreach (uint session in _context.Delivery.PendingBySession.Keys)
            {
                first = Math.Min(first, _context.Delivery.FirstPending(session, recordClass));
            }

            _context.Journal.Release(1 << (int)recordClass, first);
        }

        // A session that is closed and sent needs no state.
        uint done = 0;
        foreach (SessionDelivery state in _cursors.Sessions.Values)
        {
            if (!_context.Delivery.PendingBySession.ContainsKey(state.Number) && _context.Sessions.Find(state.Number) is not { IsOpen: true } && state.Slots == 0)
            {
                done = state.Number;
                break;
            }
        }

        if (done != 0)
        {
            Forget(done);
        }
    }

    /// <summary>Takes a session's state away. Late answers find no place.</summary>
    private void Forget(uint number)
    {
        if (_cursors.Sessions.TryGetValue(number, out SessionDelivery? state))
        {
            foreach (StreamDelivery stream in state.Streams.Values)
            {
                _holds.Unhold(stream);
                _window.ForgetUnanswered(stream);
                _issues.Clear(stream);
                stream.Confirm(false);
                _marks.ForgetAside(stream);
                _timeouts.EndYield(stream);
            }

            _issues.ReportSubscribers(state);
            _cursors.Sessions.Remove(number);
        }
    }
}
