using System;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// How much sound and waveforms may be in flight, so that a vital sign never waits behind more than a tenth of a second of them: the time of an acknowledgement beyond the least seen is
/// what they queue on the way, and the window gives way to it. Source: the idea of RFC 6817 (LEDBAT), with halves and ones for its gains.
/// </summary>
internal sealed class BackgroundCongestionWindow
{
    /// <summary>Most readings in flight; the whole window of the uplink.</summary>
    public const int Max = 32;

    /// <summary>Readings in flight to begin with: enough for all that is live, on a way of 300 ms.</summary>
    public const int First = 4;

    /// <summary>Queueing that is accepted, µs.</summary>
    public const long QueueUs = 100_000;

    /// <summary>After it gave way the window does not grow for so long, µs: each attempt costs live sound an unevenness.</summary>
    public const long CalmUs = 30_000_000;

    private long _minUs = long.MaxValue;
    private long _cutUs;

    /// <summary>Readings that may be in flight.</summary>
    public int Size { get; private set; } = First;

    /// <summary>The way is another.</summary>
    public void Reset()
    {
        Size = First;
        _minUs = long.MaxValue;
        _cutUs = 0;
    }

    /// <summary>One reading was acknowledged.</summary>
    /// <param name="tookUs">How long after its publication, µs.</param>
    /// <param name="wasFull">True when the window was in use whole.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Acknowledged(long tookUs, bool wasFull, long nowUs)
    {
        _minUs = Math.Min(_minUs, tookUs);
        if (tookUs - _minUs <= QueueUs)
        {
            Size = wasFull && (_cutUs == 0 || nowUs - _cutUs > CalmUs) ? Math.Min(Max, Size + 1) : Size;
        }
        else if (nowUs - _cutUs > tookUs)
        {
            // Once per way there and back: what is in flight was sent under the old window.
            Size = Math.Max(1, Size / 2);
            _cutUs = nowUs;
        }
    }
}
