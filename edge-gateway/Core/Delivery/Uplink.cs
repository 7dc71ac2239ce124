using System;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Time;
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

    private readonly GatewayLife _life;
    private readonly GatewayClock _clock;
    private readonly ISessionLink _link;
    private readonly JournalReader _journal;
    private readonly DeliveryCursors _cursors;
    private readonly DeliveryWindow _window;
    private readonly AnswerTimeouts _timeouts;
    private readonly SentMarks _marks;
    private readonly StreamAnswers _answers;
    private readonly ReadingPublisher _publisher;
    private readonly DeliveryScheduler _scheduler;
    private readonly DeliverySessions _sessions;
    private bool _hasMore;
    private long _nextReleaseUs;

    /// <summary>Makes it. It decides nothing itself: it gives the parts of delivery their turns.</summary>
    /// <param name="life">Whether the gateway runs.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="link">Where readings go.</param>
    /// <param name="journal">Sent what it need not keep.</param>
    /// <param name="cursors">Where each stream stands.</param>
    /// <param name="window">What is under way.</param>
    /// <param name="timeouts">What becomes of it without an answer.</param>
    /// <param name="marks">Journals what was sent.</param>
    /// <param name="answers">What answers mean.</param>
    /// <param name="publisher">Hands readings over.</param>
    /// <param name="scheduler">Decides what goes next.</param>
    /// <param name="sessions">Begins and ends the delivery of sessions.</param>
    public Uplink(
        GatewayLife life,
        GatewayClock clock,
        ISessionLink link,
        JournalReader journal,
        DeliveryCursors cursors,
        DeliveryWindow window,
        AnswerTimeouts timeouts,
        SentMarks marks,
        StreamAnswers answers,
        ReadingPublisher publisher,
        DeliveryScheduler scheduler,
        DeliverySessions sessions)
    {
        _life = life;
        _clock = clock;
        _link = link;
        _journal = journal;
        _cursors = cursors;
        _window = window;
        _timeouts = timeouts;
        _marks = marks;
        _answers = answers;
        _publisher = publisher;
        _scheduler = scheduler;
        _sessions = sessions;
    }

    /// <inheritdoc/>
    bool IGatewayPart.StepsWhileStopping => true;

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
        long nowUs = _clock.NowUs;
        _answers.Drain(nowUs);
        StreamDelivery? suspect = _answers.Suspect(out DeliveryItem item);
        _sessions.Restart();
        if (suspect is not null)
        {
            _answers.Accuse(suspect, item, nowUs);
        }
    }

    /// <summary>Somebody subscribed: streams without a subscriber are probed at once, and what nobody acknowledges is sent again.</summary>
    public void SubscriberAppeared() => _timeouts.SubscriberAppeared(_clock.NowUs);

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
        if (!mayPublish || !_link.IsUp)
        {
            _publisher.ShowViews(nowUs);
            return;
        }

        _scheduler.Send(nowUs);
        _publisher.ShowViews(nowUs);

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
        : Math.Min(_timeouts.NextUs(nowUs), _marks.NextUs(nowUs));

    /// <inheritdoc/>
    void IGatewayPart.Begin(long nowUs) => _cursors.Begin();

    /// <inheritdoc/>
    long IGatewayPart.Step(long nowUs)
    {
        Step(nowUs, _life.IsRunning);
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

    private void Release()
    {
        foreach (RecordClass recordClass in DeliveryScheduler.Order)
        {
            _journal.Release(1 << (int)recordClass, Math.Min(_journal.LastIndex + 1, _cursors.FirstPending(recordClass)));
        }

        _sessions.ForgetDone();
    }
}
