using System;
using System.Collections.Generic;
using System.Threading;
using EdgeGateway.Core;
using EdgeGateway.Core.Health;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// Decides which log lines are written. The same code about the same subject within <see cref="QuietUs"/> is counted and written once more with its number, not
/// repeated. A second pod, stream or session is never hidden behind the first: each has its own quiet time. Clients choose their names themselves, so of one code about
/// clients, whatever they are called, at most <see cref="MaxPerCode"/> lines are written within that time. Nobody who comes and goes, under one name or many, floods
/// the log. Any thread.
/// </summary>
internal sealed class RepeatedLines
{
    /// <summary>How long a repeated code is only counted, µs.</summary>
    public const long QuietUs = 10_000_000;

    /// <summary>Lines of one code about clients within <see cref="QuietUs"/>; further ones are counted, and their number is in the next line of the code.</summary>
    public const int MaxPerCode = 20;

    /// <summary>
    /// Codes with subjects remembered, for clients and for all others each. When the quiet time of none of them is over, a line about a further subject is counted, and
    /// the number is in the next line of its code.
    /// </summary>
    public const int MaxRemembered = 1024;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<(string Code, string Ended, HealthSubject Subject), (long FirstUs, long Repeats)> _clients = [];
    private readonly SortedDictionary<(string Code, string Ended, HealthSubject Subject), (long FirstUs, long Repeats)> _others = [];
    private readonly SortedDictionary<string, (long FirstUs, int Lines)> _budgets = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _held = new(StringComparer.Ordinal);

    /// <summary>Codes with subjects that are remembered now.</summary>
    public int Remembered
    {
        get
        {
            lock (_gate)
            {
                return _clients.Count + _others.Count;
            }
        }
    }

    /// <summary>Takes one line.</summary>
    /// <param name="entry">The line.</param>
    /// <param name="repeats">Lines of the same code and subject that were held back since the last one.</param>
    /// <param name="heldBack">Lines of the same code about other subjects that were held back and have no line of their own.</param>
    /// <returns>True to write it with the two numbers; false when it is held back and counted.</returns>
    public bool TryPass(in GatewayLogEntry entry, out long repeats, out long heldBack)
    {
        repeats = 0;
        heldBack = 0;
        (string, string, HealthSubject) key = (entry.Code, entry.Ended ?? string.Empty, entry.Subject);
        bool isClient = entry.Subject.Kind == HealthSubjectKind.Listener;
        SortedDictionary<(string Code, string Ended, HealthSubject Subject), (long FirstUs, long Repeats)> recent = isClient ? _clients : _others;
        lock (_gate)
        {
            bool isKnown = recent.TryGetValue(key, out (long FirstUs, long Repeats) seen);
            if (isKnown && entry.NowUs - seen.FirstUs < QuietUs)
            {
                recent[key] = (seen.FirstUs, seen.Repeats + 1);
                return false;
            }

            if ((isClient && !TrySpend(entry.Code, entry.NowUs)) || (!isKnown && !HasRoom(recent, entry.NowUs)))
            {
                Hold(entry.Code, 1);
                return false;
            }

            recent[key] = (entry.NowUs, 0);
            repeats = seen.Repeats;
            Forget(_clients, entry.Code, entry.NowUs);
            Forget(_others, entry.Code, entry.NowUs);
            if (_held.Remove(entry.Code, out long held))
            {
                heldBack = held;
            }

            return true;
        }
    }

    /// <summary>Takes what was held back and has waited long enough, for lines of its own: a number is not kept back until the same happens again.</summary>
    /// <param name="nowUs">Now, µs; <see cref="long.MaxValue"/> for all of it, at a stop.</param>
    /// <returns>Code and subject with the lines of the two since the last one; and codes, about the gateway, with lines that have no line of their own.</returns>
    public IReadOnlyList<(string Code, HealthSubject Subject, long Repeats, long HeldBack)> TakeHeldBack(long nowUs)
    {
        List<(string Code, HealthSubject Subject, long Repeats, long HeldBack)> taken = [];
        lock (_gate)
        {
            foreach (((string Code, string Ended, HealthSubject Subject) known, (long firstUs, long repeats)) in new List<KeyValuePair<(string Code, string Ended, HealthSubject Subject), (long FirstUs, long Repeats)>>(_others))
            {
                if (repeats > 0 && nowUs - firstUs >= QuietUs)
                {
                    taken.Add((known.Code, known.Subject, repeats, 0));
                    _others[known] = (nowUs, 0); // that line is the one of its quiet time
                }
            }

            Forget(_clients, null, nowUs);
            foreach ((string code, long lines) in new List<KeyValuePair<string, long>>(_held))
            {
                if (!_budgets.TryGetValue(code, out (long FirstUs, int Lines) budget) || nowUs - budget.FirstUs >= QuietUs)
                {
                    taken.Add((code, HealthSubject.Gateway, 0, lines));
                    _held.Remove(code);
                }
            }
        }

        return taken;
    }

    /// <summary>True when <see cref="TakeHeldBack"/> has or will have something.</summary>
    public bool HoldsBack
    {
        get
        {
            lock (_gate)
            {
                return _held.Count > 0 || HasRepeats(_clients) || HasRepeats(_others);
            }
        }
    }

    private static bool HasRepeats(SortedDictionary<(string Code, string Ended, HealthSubject Subject), (long FirstUs, long Repeats)> recent)
    {
        foreach ((long _, long repeats) in recent.Values)
        {
            if (repeats > 0)
            {
                return true;
            }
        }

        return false;
    }

    private bool TrySpend(string code, long nowUs)
    {
        (long FirstUs, int Lines) budget = _budgets.GetValueOrDefault(code, (nowUs, 0));
        if (nowUs - budget.FirstUs >= QuietUs)
        {
            budget = (nowUs, 0);
        }

        if (budget.Lines >= MaxPerCode)
        {
            return false;
        }

        _budgets[code] = (budget.FirstUs, budget.Lines + 1);
        return true;
    }

    private bool HasRoom(SortedDictionary<(string Code, string Ended, HealthSubject Subject), (long FirstUs, long Repeats)> recent, long nowUs)
    {
        if (recent.Count >= MaxRemembered)
        {
            Forget(recent, null, nowUs);
        }

        return recent.Count < MaxRemembered;
    }

    // What was held back of a burst that has ended is in the next line of its code, about whatever that is.
    private void Forget(SortedDictionary<(string Code, string Ended, HealthSubject Subject), (long FirstUs, long Repeats)> recent, string? code, long nowUs)
    {
        List<(string, string, HealthSubject)> over = [];
        foreach (((string Code, string Ended, HealthSubject Subject) known, (long firstUs, long repeats)) in recent)
        {
            if (nowUs - firstUs >= QuietUs && (code is null || string.Equals(known.Code, code, StringComparison.Ordinal)))
            {
                over.Add(known);
                Hold(known.Code, repeats);
            }
        }

        foreach ((string, string, HealthSubject) known in over)
        {
            recent.Remove(known);
        }
    }

    private void Hold(string code, long lines)
    {
        if (lines > 0)
        {
            _held[code] = _held.GetValueOrDefault(code) + lines;
        }
    }
}
