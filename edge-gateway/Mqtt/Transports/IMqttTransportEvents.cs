using System;

namespace EdgeGateway.Mqtt.Transports;

/// <summary>The owner of one outgoing transport at a time. Every call comes on its loop.</summary>
public interface IMqttTransportEvents
{
    /// <summary>The transport is up.</summary>
    /// <param name="connection">Its outward half.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Opened(IMqttConnection connection, long nowUs);

    /// <summary>Bytes arrived.</summary>
    /// <param name="bytes">The bytes, in any chunks.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Received(ReadOnlySpan<byte> bytes, long nowUs);

    /// <summary>The network has taken what was pending.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Drained(long nowUs);

    /// <summary>The transport is gone, whoever closed it. Once for each Opened.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Closed(long nowUs);

    /// <summary>An exception was caught in the handling of this connection, in the transport or in the owner; the transport is gone. In place of <see cref="Closed"/>.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Faulted(Exception exception, long nowUs) => Closed(nowUs);
}
