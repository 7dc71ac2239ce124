using System;
using System.Collections.Generic;
using System.Threading;

namespace EdgeGateway.Gateway.Security;

/// <summary>
/// How often something may be tried wrongly: some tries are free, then each further one waits twice as long as the one before. A right one forgets the wrong ones. Nothing here knows of STOP, which asks nobody. Any thread.
/// </summary>
/// <param name="free">Wrong tries before the first wait.</param>
/// <param name="time">The clock.</param>
internal sealed class AttemptLimits(int free, TimeProvider time)
{
    /// <summary>Wrong tries of one account at one place before the first wait. Assumption: two slips more than a person makes who knows the PIN.</summary>
    public const int FreePerAccount = 5;

    /// <summary>Wrong tries of one address before the first wait.</summary>
    public const int FreePerAddress = 20;

    /// <summary>Names remembered; at the bound the one whose last wrong try is longest ago is forgotten.</summary>
    public const int MaxNames = 1024;

    /// <summary>The first wait.</summary>
    public static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(30);

    /// <summary>The longest wait. Source: NIST SP 800-63B, 5.2.2: at most 100 wrong tries of one account; 5 and one each quarter of an hour stay below in a day.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (int Wrong, long LastTicks)> _names = new(StringComparer.Ordinal);

    /// <summary>How long a name has to wait.</summary>
    /// <param name="name">Who tries.</param>
    /// <returns>Zero when it may try now.</returns>
    public TimeSpan WaitOf(string name)
    {
        lock (_gate)
        {
            if (!_names.TryGetValue(name, out (int Wrong, long LastTicks) tried) || tried.Wrong < free)
            {
                return TimeSpan.Zero;
            }

            TimeSpan wait = FirstWait;
            for (int i = free; i < tried.Wrong && wait < LongestWait; i++)
            {
                wait += wait;
            }

            TimeSpan left = (wait < LongestWait ? wait : LongestWait) - time.GetElapsedTime(tried.LastTicks);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>A try begins: it counts as a wrong one until <see cref="Right"/> is called, so that many at once are not one.</summary>
    /// <param name="name">Who tries.</param>
    public void Begin(string name)
    {
        lock (_gate)
        {
            if (_names.Count >= MaxNames && !_names.ContainsKey(name))
            {
                (string Name, long LastTicks) oldest = (string.Empty, long.MaxValue);
                foreach ((string known, (int _, long lastTicks)) in _names)
                {
                    oldest = lastTicks < oldest.LastTicks ? (known, lastTicks) : oldest;
                }

                _names.Remove(oldest.Name);
            }

            (int Wrong, long LastTicks) before = _names.GetValueOrDefault(name);
            _names[name] = (Math.Min(before.Wrong + 1, 1000), time.GetTimestamp());
        }
    }

    /// <summary>It was right: what was wrong before is forgotten.</summary>
    /// <param name="name">Who tried.</param>
    public void Right(string name)
    {
        lock (_gate)
        {
            _names.Remove(name);
        }
    }
}
