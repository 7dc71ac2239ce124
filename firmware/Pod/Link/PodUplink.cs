using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Protocol;

namespace Firmware.Pod.Link;

/// <summary>
/// Sends the ring's frames in messages of whole frames and keeps a window of them in flight. Order per stream is kept because every class is
/// sent from its head, and because after a loss of the link everything that is not acknowledged is sent again from there.
/// </summary>
public sealed class PodUplink
{
    /// <summary>Largest window.</summary>
    public const int MaxWindow = 32;

    /// <summary>Pause after the link refused a message, µs.</summary>
    public const long RefusedPauseUs = 20_000;

    /// <summary>How often the time for an acknowledgement is doubled.</summary>
    public const int MaxDoublings = 3;

    private readonly PodRing _ring;
    private readonly IPodLink _link;
    private readonly PodCounters _counters;
    private readonly EventReporter _events;
    private readonly string _topic;
    private readonly byte[] _message = new byte[Frame.MaxMessageLength];
    private readonly int[] _tickets;
    private readonly long[] _sentUs;
    private readonly long _timeoutUs;
    private int _outstanding;
    private int _nextTicket = 1;
    private int _doublings;
    private long _pauseUntilUs;
    private long _progressUs;

    /// <summary>No I/O.</summary>
    /// <param name="options">Window and timeout.</param>
    /// <param name="ring">The ring.</param>
    /// <param name="link">The link.</param>
    /// <param name="counters">The counters.</param>
    /// <param name="events">Where faults are reported.</param>
    public PodUplink(PodOptions options, PodRing ring, IPodLink link, PodCounters counters, EventReporter events)
    {
        _ring = ring;
        _link = link;
        _counters = counters;
        _events = events;
        _topic = Topics.Up(options.DeviceId);
        _tickets = new int[options.WindowMessages];
        _sentUs = new long[options.WindowMessages];
        _timeoutUs = options.AcknowledgeTimeoutMs * 1000L;
    }

    /// <summary>Messages in flight.</summary>
    public int Outstanding => _outstanding;

    /// <summary>The link went away: every ticket is void.</summary>
    public void Void()
    {
        _outstanding = 0;
        _pauseUntilUs = 0;
        _ring.VoidTickets();
    }

    /// <summary>The gateway took a message.</summary>
    /// <param name="ticket">Its ticket.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When the message left, monotonic µs; -1 for a ticket that is void or not known.</returns>
    public long Acknowledge(int ticket, long nowUs)
    {
        for (int i = 0; i < _outstanding; i++)
        {
            if (_tickets[i] != ticket)
            {
                continue;
            }

            long sentUs = _sentUs[i];
            if (i == 0)
            {
                _progressUs = nowUs;
            }

            _outstanding--;
            for (int j = i; j < _outstanding; j++)
            {
                _tickets[j] = _tickets[j + 1];
                _sentUs[j] = _sentUs[j + 1];
            }

            _doublings = 0;
            _ring.Acknowledge(ticket, nowUs);
            return sentUs;
        }

        _counters.AcknowledgementsIgnored++;
        return -1;
    }

    /// <summary>Sends vital signs, gap records and events that wait, and nothing with them: what else goes in this step goes after them.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void SendUrgent(long nowUs)
    {
        if (!_link.IsConnected || nowUs < _pauseUntilUs)
        {
            return;
        }

        while (_outstanding < _tickets.Length && _ring.HasUrgent() && TrySend(true, nowUs))
        {
        }
    }

    /// <summary>Sends what is due.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(long nowUs)
    {
        if (!_link.IsConnected)
        {
            return long.MaxValue;
        }

        long overdueUs = long.MaxValue;
        if (_outstanding > 0)
        {
            overdueUs = OverdueUs;
            if (nowUs >= overdueUs)
            {
                // The link says that it is up and no acknowledgement comes. Sending again is safe: the gateway knows every frame by its identity.
                _counters.AcknowledgementsOverdue++;
                _events.Report(FaultCode.AcknowledgementOverdue, 0, nowUs);
                if (_doublings < MaxDoublings)
                {
                    _doublings++;
                }

                Void();
                overdueUs = long.MaxValue;
            }
        }

        if (nowUs < _pauseUntilUs)
        {
            return _pauseUntilUs;
        }

        long dueUs = long.MaxValue;
        while (_outstanding < _tickets.Length && _ring.WantsToSend(nowUs, out dueUs))
        {
            if (!TrySend(false, nowUs))
            {
                // What is too much for the link may hold back waveforms and sound, not vital signs, gaps and events.
                if (_ring.HasUrgent())
                {
                    TrySend(true, nowUs);
                }

                return _pauseUntilUs;
            }
        }

        if (_outstanding == _tickets.Length)
        {
            dueUs = long.MaxValue;
        }

        if (_outstanding > 0 && overdueUs == long.MaxValue)
        {
            overdueUs = OverdueUs;
        }

        return overdueUs < dueUs ? overdueUs : dueUs;
    }

    // A thin link that answers the oldest message again and again is no silent one, however long the next has waited by then.
    private long OverdueUs => (_sentUs[0] > _progressUs ? _sentUs[0] : _progressUs) + (_timeoutUs << _doublings);

    private bool TrySend(bool urgentOnly, long nowUs)
    {
        int ticket = _nextTicket;
        int count = _ring.Fill(_message, ticket, urgentOnly);
        _tickets[_outstanding] = ticket;
        _sentUs[_outstanding] = nowUs;
        _outstanding++;
        if (!_link.TryPublish(_topic, _message, count, ticket, false))
        {
            _outstanding--;
            _ring.Unfill(ticket);
            _pauseUntilUs = nowUs + RefusedPauseUs;
            return false;
        }

        _nextTicket = _nextTicket == int.MaxValue ? 1 : _nextTicket + 1;
        _counters.MessagesSent++;
        return true;
    }
}
