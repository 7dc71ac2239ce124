using System;

namespace EdgeGateway.Core.Readings;

/// <summary>A stream's readings of one session.</summary>
/// <param name="Session">The session's number.</param>
/// <param name="Stream">The stream.</param>
public readonly record struct DeliveryKey(uint Session, StreamKey Stream) : IComparable<DeliveryKey>
{
    /// <inheritdoc/>
    public int CompareTo(DeliveryKey other)
    {
        int order = Session.CompareTo(other.Session);
        return order == 0 ? Stream.CompareTo(other.Stream) : order;
    }

    /// <summary>Smaller in the order session, stream.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when it is.</returns>
    public static bool operator <(DeliveryKey left, DeliveryKey right) => left.CompareTo(right) < 0;

    /// <summary>Greater in the order session, stream.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when it is.</returns>
    public static bool operator >(DeliveryKey left, DeliveryKey right) => left.CompareTo(right) > 0;

    /// <summary>Not greater in the order session, stream.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when it is.</returns>
    public static bool operator <=(DeliveryKey left, DeliveryKey right) => left.CompareTo(right) <= 0;

    /// <summary>Not smaller in the order session, stream.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when it is.</returns>
    public static bool operator >=(DeliveryKey left, DeliveryKey right) => left.CompareTo(right) >= 0;
}
