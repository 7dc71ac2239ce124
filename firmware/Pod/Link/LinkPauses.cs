namespace Firmware.Pod.Link;

/// <summary>
/// Pauses between a link's attempts to connect: the first, then twice the one before up to the longest, and the first again after a connection.
/// Used by the board's link and by the simulated one.
/// </summary>
public sealed class LinkPauses
{
    /// <summary>First pause, µs.</summary>
    public const long FirstUs = 500_000;

    /// <summary>Longest pause, µs.</summary>
    public const long LongestUs = 16_000_000;

    private long _nextUs = FirstUs;

    /// <summary>The pause after an attempt or connection that ended; the one after it is longer.</summary>
    /// <returns>The pause, µs, <see cref="FirstUs"/> to <see cref="LongestUs"/>.</returns>
    public long Next()
    {
        long pauseUs = _nextUs;
        _nextUs = pauseUs * 2 > LongestUs ? LongestUs : pauseUs * 2;
        return pauseUs;
    }

    /// <summary>A connection stands: the next pause is the first one.</summary>
    public void OnConnected() => _nextUs = FirstUs;
}
