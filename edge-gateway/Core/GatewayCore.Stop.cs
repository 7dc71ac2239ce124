using System;
using System.Collections.Generic;
using EdgeGateway.Core.Ingest;
using Firmware.Protocol;

namespace EdgeGateway.Core;

/// <summary>What became of a STOP.</summary>
/// <param name="Told">Pods that it was sent to.</param>
/// <param name="Taken">Pods of these that acknowledged it in time.</param>
/// <param name="IsConfirmed">True when every pod with a cuff has taken it, and there is one: while none is known to have one, nobody can say that the air is out.</param>
public readonly record struct StopResult(int Told, int Taken, bool IsConfirmed);

/// <content>STOP with the pods' answers: whoever pressed it must know within a second whether it was taken.</content>
public sealed partial class GatewayCore
{
    /// <summary>How long a STOP waits for the pods' acknowledgements, µs; the page says "not confirmed" at 1 s.</summary>
    public const long StopAnswerUs = 800_000;

    /// <summary>STOPs that wait for an answer at once. A further one is sent like any other and answered as not confirmed.</summary>
    public const int MaxWaitingStops = 64;

    /// <summary>A start or self test that was overtaken by a STOP, or that nobody waits for any more.</summary>
    public const string Overtaken = "G2324";

    private readonly List<WaitingStop> _stops = [];
    private long _stoppedUs = long.MinValue;

    /// <summary>Opens every cuff's valves. Needs no session, and goes to every pod that takes commands, whatever it says of itself.</summary>
    /// <returns>How many pods were told.</returns>
    public int StopCuffs()
    {
        _stoppedUs = _context.NowUs;
        return Command(PodCommand.StopCuff, [], onlyCuffs: false);
    }

    /// <summary>Starts one measurement unless a STOP came at or after the moment when it was asked for: a STOP does not wait in the queue in which a start does.</summary>
    /// <param name="sessionId">The open session's name.</param>
    /// <param name="askedUs">When it was asked for, µs of the gateway's clock.</param>
    /// <returns>As <see cref="StartCuff(string)"/>, and G2324.</returns>
    public SessionResult StartCuff(string sessionId, long askedUs) => OvertakenSince(askedUs, sessionId) ?? StartCuff(sessionId);

    /// <summary>Begins the self test of the cuff's chain unless a STOP came at or after the moment when it was asked for.</summary>
    /// <param name="askedUs">When it was asked for, µs of the gateway's clock.</param>
    /// <returns>As <see cref="TestCuff()"/>, and G2324.</returns>
    public SessionResult TestCuff(long askedUs) => OvertakenSince(askedUs, string.Empty) ?? TestCuff();

    /// <summary>Opens every cuff's valves, as <see cref="StopCuffs()"/> does, and tells who has taken it.</summary>
    /// <param name="completed">Called on the loop, once, when all have taken it or <see cref="StopAnswerUs"/> is over.</param>
    public void StopCuffs(Action<StopResult> completed)
    {
        ArgumentNullException.ThrowIfNull(completed);
        _stoppedUs = _context.NowUs;
        bool anyCuff = false;
        foreach (Pod pod in _pods.All)
        {
            anyCuff |= pod.Has(OwnCuff) || pod.Has(OemCuff);
        }

        WaitingStop stop = new(completed, _context.NowUs + StopAnswerUs) { IsLacking = !anyCuff };
        foreach (Pod pod in _pods.All)
        {
            long ticket = _context.NextTicket();
            bool told = Command(pod, PodCommand.StopCuff, [], ticket);
            bool counts = pod.Has(OwnCuff) || pod.Has(OemCuff);
            stop.Told += told ? 1 : 0;
            if (told)
            {
                // Where none is known to have a cuff, each may have one that it has not named yet.
                stop.Open[ticket] = counts || !anyCuff;
            }

            // A pod with a cuff that is not there cannot say that its valves are open.
            stop.IsLacking |= counts && !told;
        }

        if (stop.Told == 0 || _stops.Count >= MaxWaitingStops)
        {
            completed(new StopResult(stop.Told, 0, false));
            return;
        }

        _stops.Add(stop);
    }

    private SessionResult? OvertakenSince(long askedUs, string sessionId) =>
        _stoppedUs >= askedUs ? new SessionResult(Overtaken, "STOP was pressed meanwhile", sessionId) : null;

    private bool StopSettled(long ticket, byte reasonCode)
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

    private long StepStops(long nowUs)
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
            stop.Completed(new StopResult(stop.Told, stop.Taken, !waits && !stop.IsLacking));
        }

        return next;
    }

    private sealed class WaitingStop(Action<StopResult> completed, long untilUs)
    {
        public Action<StopResult> Completed { get; } = completed;

        public long UntilUs { get; } = untilUs;

        /// <summary>Tickets that are not answered yet, with whether the stop waits for them.</summary>
        public SortedDictionary<long, bool> Open { get; } = [];

        public int Told { get; set; }

        public int Taken { get; set; }

        public bool IsLacking { get; set; }
    }
}
