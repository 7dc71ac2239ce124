using System;
using System.Collections.Generic;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using Firmware.Protocol;

namespace EdgeGateway.Core.Cuff;

/// <summary>What became of a STOP.</summary>
/// <param name="Sent">Pods that it was sent to.</param>
/// <param name="Taken">Pods of these that acknowledged it in time.</param>
/// <param name="IsConfirmed">True when every pod with a cuff has taken it, and there is one: while none is known to have one, nobody can say that the air is out.</param>
public readonly record struct StopResult(int Sent, int Taken, bool IsConfirmed);

/// <summary>STOP with the pods' answers: whoever pressed it must know within a second whether it was taken.</summary>
public sealed class CuffStop : IGatewayPart
{
    /// <summary>How long a STOP waits for the pods' acknowledgements, µs; the page says "not confirmed" at 1 s.</summary>
    public const long AnswerUs = 800_000;

    /// <summary>STOPs that wait for an answer at once. A further one is sent like any other and answered as not confirmed.</summary>
    public const int MaxWaiting = 64;

    private readonly Pods _pods;
    private readonly PodCommands _commands;
    private readonly JournalReader _tickets;
    private readonly GatewayClock _clock;
    private readonly List<WaitingStop> _stops = [];
    private long _stoppedUs = long.MinValue;

    /// <summary>Makes it.</summary>
    /// <param name="pods">The pods.</param>
    /// <param name="commands">Sends commands to them.</param>
    /// <param name="tickets">Gives tickets.</param>
    /// <param name="clock">The clocks.</param>
    internal CuffStop(Pods pods, PodCommands commands, JournalReader tickets, GatewayClock clock)
    {
        _pods = pods;
        _commands = commands;
        _tickets = tickets;
        _clock = clock;
    }

    /// <summary>Opens every cuff's valves. Needs no session, and goes to every pod that takes commands, whatever it says of itself.</summary>
    /// <returns>How many pods were told.</returns>
    public int Now()
    {
        _stoppedUs = _clock.NowUs;
        int told = 0;
        foreach (Pod pod in _pods.All)
        {
            told += _commands.TrySend(pod, PodCommand.StopCuff, []) ? 1 : 0;
        }

        return told;
    }

    /// <summary>Opens every cuff's valves, as <see cref="Now()"/> does, and tells who has taken it.</summary>
    /// <param name="completed">Called on the loop, once, when all have taken it or <see cref="AnswerUs"/> is over.</param>
    public void Now(Action<StopResult> completed)
    {
        ArgumentNullException.ThrowIfNull(completed);
        _stoppedUs = _clock.NowUs;
        bool anyCuff = _pods.AnyProvides(Capabilities.BloodPressure);
        WaitingStop stop = new(completed, _clock.NowUs + AnswerUs) { IsLacking = !anyCuff };
        foreach (Pod pod in _pods.All)
        {
            long ticket = _tickets.NextTicket();
            bool told = _commands.TrySend(pod, PodCommand.StopCuff, [], ticket);
            bool counts = pod.Provides(Capabilities.BloodPressure);
            stop.Sent += told ? 1 : 0;
            if (told)
            {
                // Where none is known to have a cuff, each may have one that it has not named yet.
                stop.Open[ticket] = counts || !anyCuff;
            }

            // A pod with a cuff that is not there cannot say that its valves are open.
            stop.IsLacking |= counts && !told;
        }

        if (stop.Sent == 0 || _stops.Count >= MaxWaiting)
        {
            completed(new StopResult(stop.Sent, 0, false));
            return;
        }

        _stops.Add(stop);
    }

    /// <summary>Whether a STOP came at or after a moment.</summary>
    /// <param name="askedUs">The moment, µs of the gateway's clock.</param>
    /// <param name="sessionId">The session's name; may be empty.</param>
    /// <returns>Null when none did; else G2324.</returns>
    internal SessionResult? Overtook(long askedUs, string sessionId) =>
        _stoppedUs >= askedUs ? new SessionResult(FaultCodes.OvertakenByStop, "STOP was pressed meanwhile", sessionId) : null;

    /// <inheritdoc/>
    bool IGatewayPart.Settled(long ticket, byte reasonCode)
    {
        foreach (WaitingStop stop in _stops)
        {
            if (!stop.Open.Remove(ticket, out bool counts))
            {
                continue;
            }

            bool taken = reasonCode < 0x80 && reasonCode != 0x10;
            stop.Taken += taken ? 1 : 0;
            stop.IsLacking |= counts && !taken;
            return true;
        }

        return false;
    }

    /// <inheritdoc/>
    long IGatewayPart.Step(long nowUs)
    {
        long next = long.MaxValue;
        for (int i = 0; i < _stops.Count;)
        {
            WaitingStop stop = _stops[i];
            bool waits = stop.Open.ContainsValue(true);
            if (waits && nowUs < stop.UntilUs)
            {
                next = Math.Min(next, stop.UntilUs);
                i++;
                continue;
            }

            _stops.RemoveAt(i);
            stop.Completed(new StopResult(stop.Sent, stop.Taken, !waits && !stop.IsLacking));
        }

        return next;
    }

    /// <summary>The gateway stops: nobody could stop a cuff through one that is gone.</summary>
    void IGatewayPart.Stop(long nowUs)
    {
        foreach (Pod pod in _pods.All)
        {
            if (pod.Provides(Capabilities.BloodPressure))
            {
                _commands.TrySend(pod, PodCommand.StopCuff, []);
            }
        }
    }

    private sealed class WaitingStop(Action<StopResult> completed, long untilUs)
    {
        public Action<StopResult> Completed { get; } = completed;

        public long UntilUs { get; } = untilUs;

        /// <summary>Tickets that are not answered yet, with whether the stop waits for them.</summary>
        public SortedDictionary<long, bool> Open { get; } = [];

        public int Sent { get; set; }

        public int Taken { get; set; }

        public bool IsLacking { get; set; }
    }
}
