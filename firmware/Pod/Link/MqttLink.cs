using System;
using Firmware.Core;
using Firmware.Pod.Supervision;
using Firmware.Protocol;

namespace Firmware.Pod.Link;

/// <summary>
/// The way to the gateway over a library of MQTT. All events are raised in <see cref="Step"/>. When the library's events overflow, the connection is given up: everything not acknowledged is sent
/// again. A message that the library gives up is sent again under its ticket, and a link that does not move is given up by <see cref="MqttFlights"/>, since the library does not notice. One connection
/// at a time. No attempt begins while a cuff holds pressure but after a loss: connecting may stand the loop still, and what empties the cuff after a loss has happened by then.
/// </summary>
public sealed class MqttLink : IPodLink
{
    /// <summary>Most events that wait for the loop.</summary>
    public const int MaxEvents = 64;

    /// <summary>An attempt that has come to nothing after this time is given up, µs; above the library's own 30 s for a connection.</summary>
    public const long AttemptTimeoutUs = 60_000_000;

    /// <summary>How soon an attempt that waits for the cuff is looked at again, µs.</summary>
    public const long CuffWaitUs = 500_000;

    private readonly IMqttLibrary _library;
    private readonly MqttFlights _flights = new MqttFlights();
    private readonly LinkPauses _pauses = new LinkPauses();
    private readonly MqttEvent _event = new MqttEvent();
    private readonly string _commandTopic;
    private int _attempt;
    private bool _attempting;
    private bool _afterLoss;
    private long _nextAttemptUs;
    private long _attemptDeadlineUs;
    private long _nowUs;

    /// <summary>No I/O; the first <see cref="Step"/> begins.</summary>
    /// <param name="library">The library.</param>
    /// <param name="commandTopic">The topic of commands to this pod.</param>
    public MqttLink(IMqttLibrary library, string commandTopic)
    {
        _library = library;
        _commandTopic = commandTopic;
    }

    /// <inheritdoc/>
    public event LinkAcknowledgedHandler? Acknowledged;

    /// <inheritdoc/>
    public event LinkStateHandler? Connected;

    /// <inheritdoc/>
    public event LinkStateHandler? Lost;

    /// <inheritdoc/>
    public event LinkMessageHandler? Message;

    /// <inheritdoc/>
    public bool IsConnected { get; private set; }

    /// <summary>Whether a cuff holds pressure; null while there is none.</summary>
    public PodSituation? Situation { get; set; }

    /// <summary>Attempts to connect so far.</summary>
    public int Attempts => _attempt;

    /// <summary>How often the library's events overflowed.</summary>
    public int Overflows { get; private set; }

    /// <summary>Bytes with the library that are not proven to have left.</summary>
    public long UnprovenBytes => _flights.UnprovenBytes;

    /// <inheritdoc/>
    public bool TryPublish(string topic, byte[] buffer, int count, int ticket, bool retain)
    {
        if (!IsConnected || !_flights.HasRoomFor(ticket != 0, count, _nowUs))
        {
            return false;
        }

        byte[] copy;
        try
        {
            copy = new byte[count];
        }
        catch (Exception)
        {
            // No memory now. The message stays where it is, and the watch gives the link up if that goes on.
            _flights.OnFull(_nowUs);
            return false;
        }

        Array.Copy(buffer, 0, copy, 0, count);
        int identifier = Publish(topic, copy, ticket != 0, retain);
        if (identifier <= 0)
        {
            return false;
        }

        if (ticket != 0)
        {
            // The acknowledgement may be in the queue already; it is looked up in Step, on this same thread.
            _flights.Add(identifier, ticket, topic, copy, retain, _nowUs);
        }

        return true;
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        _nowUs = nowUs;
        long next = _library.Step(nowUs);
        for (int i = 0; i < MaxEvents && _library.TryTake(_event); i++)
        {
            Raise(nowUs);
        }

        if (_library.TakeOverflow())
        {
            Overflows++;
            Drop(nowUs);
        }

        if (IsConnected)
        {
            if (SendAgain(nowUs))
            {
                next = nowUs;
            }

            if (!_flights.IsStuck(nowUs))
            {
                return Earlier(next, _flights.StuckUs());
            }

            Drop(nowUs);
        }

        return Earlier(next, Attempt(nowUs));
    }

    // The library's number of the message; 0 or below when it was not taken.
    private int Publish(string topic, byte[] payload, bool isAcknowledged, bool retain)
    {
        int identifier = _library.Publish(topic, payload, isAcknowledged, retain);
        if (identifier > 0)
        {
            _flights.OnTaken(isAcknowledged, payload.Length, _nowUs);
        }
        else
        {
            // A connection that has failed says so by an event; one that does not is given up by the watch.
            _flights.OnFull(_nowUs);
        }

        return identifier;
    }

    private bool SendAgain(long nowUs)
    {
        bool isSent = false;
        for (int place = _flights.NextAgain(); place >= 0; place = _flights.NextAgain())
        {
            int identifier = Publish(_flights.Topic(place), _flights.Payload(place), true, _flights.IsRetained(place));
            if (identifier <= 0)
            {
                break;
            }

            _flights.SentAgain(place, identifier, nowUs);
            isSent = true;
        }

        return isSent;
    }

    private long Attempt(long nowUs)
    {
        if (_attempting)
        {
            if (nowUs < _attemptDeadlineUs)
            {
                return _attemptDeadlineUs;
            }

            Drop(nowUs);
        }

        if (nowUs < _nextAttemptUs)
        {
            return _nextAttemptUs;
        }

        if (!_afterLoss && Situation != null && Situation.IsCuffInflated)
        {
            return nowUs + CuffWaitUs;
        }

        _attempting = true;
        _attempt++;
        _attemptDeadlineUs = nowUs + AttemptTimeoutUs;
        _library.Connect(_attempt);

        // A library without threads is to be stepped before it can begin.
        return nowUs;
    }

    private void Raise(long nowUs)
    {
        if (_event.Attempt != _attempt)
        {
            return; // of a connection that was given up before: says nothing new
        }

        switch (_event.Kind)
        {
            case MqttEventKind.Connected:
                Come();
                break;
            case MqttEventKind.Lost:
                if (IsConnected || _attempting)
                {
                    Drop(nowUs);
                }

                break;
            case MqttEventKind.GivenUp:
                if (IsConnected)
                {
                    _flights.GiveUp(_event.Identifier);
                }

                break;
            case MqttEventKind.Acknowledged:
                if (IsConnected)
                {
                    _flights.OnReceived();
                    Settle(_flights.Acknowledge(_event.Identifier, nowUs));
                }

                break;
            case MqttEventKind.Message:
                // What comes on a topic proves that it is subscribed; the library drops a confirmation that comes after its 3 s.
                Come();
                if (IsConnected && _event.Payload != null)
                {
                    _flights.OnReceived();
                    Take(_event.Topic, _event.Payload, nowUs);
                }

                break;
            default:
                break;
        }

        _event.Payload = null;
    }

    private void Come()
    {
        if (_attempting)
        {
            _attempting = false;
            _afterLoss = false;
            IsConnected = true;
            _pauses.OnConnected();
            Connected?.Invoke();
        }
    }

    private void Take(string topic, byte[] payload, long nowUs)
    {
        if (string.Equals(topic, _commandTopic) && payload.Length >= PodCommand.HeaderLength && payload[0] == 1 && payload[1] == PodCommand.Stored)
        {
            Settle(_flights.AcknowledgeStored(payload, PodCommand.HeaderLength, payload.Length - PodCommand.HeaderLength, nowUs));
            return;
        }

        Message?.Invoke(topic, payload, payload.Length);
    }

    private void Settle(int ticket)
    {
        if (ticket > 0)
        {
            Acknowledged?.Invoke(ticket);
        }
    }

    private void Drop(long nowUs)
    {
        bool was = IsConnected;
        IsConnected = false;
        _attempting = false;
        _flights.Clear();
        _nextAttemptUs = nowUs + _pauses.Next();
        if (was)
        {
            _afterLoss = true;
            Lost?.Invoke();
        }
    }

    private static long Earlier(long a, long b) => a < b ? a : b;
}
