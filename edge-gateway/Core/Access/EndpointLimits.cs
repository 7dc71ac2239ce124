using EdgeGateway.Mqtt.Server;

namespace EdgeGateway.Core.Access;

/// <summary>
/// The bounds of the gateway's own MQTT endpoint. Each kind of client has places of its own, so that none can take another's: their sum is below
/// the bounds for all.
/// </summary>
public static class EndpointLimits
{
    /// <summary>Pods that have sent readings: sessions at once.</summary>
    public const int MaxPods = 64;

    /// <summary>Connections of pods that have sent readings before, which are let in however many others are there.</summary>
    public const int PlacesOfKnownPods = 16;

    /// <summary>Pods of which no reading has come yet; at the bound the one that has waited longest gives way.</summary>
    public const int MaxNewPods = 32;

    /// <summary>Connections that can do nothing but stop the cuff; at the bound the older one gives way, so that STOP always finds a place.</summary>
    public const int PlacesOfStop = 2;

    /// <summary>Longest silence of such a connection, seconds.</summary>
    public const int StopSilenceSeconds = 10;

    /// <summary>Sessions of programs on the cart's side (embedded endpoint), connected or not.</summary>
    public const int MaxSessionClients = 128;

    /// <summary>Listeners with the token of one session; a further one is refused. Their MQTT sessions end with their connections.</summary>
    public const int MaxListenersPerToken = 32;

    /// <summary>Longest keep-alive, seconds; MQTT 5 clients are told, and a silent 3.1.1 client that is no known pod is closed after one and a half of it.</summary>
    public const int MaxKeepAliveSeconds = 300;

    /// <summary>How the gateway's server is set up.</summary>
    public static MqttServerOptions Server { get; } = new()
    {
        MaxConnections = MaxPods + MaxNewPods + PlacesOfStop + MaxSessionClients + ListenerAccess.MaxListeners,
        MaxSessions = MaxPods + MaxNewPods + PlacesOfStop + MaxSessionClients + ListenerAccess.MaxListeners,
        MaxUnidentified = 64,
        MaxConnectionsPerAddress = 32,
        MaxAbsentSessions = 64,
        MaxSubscriptionsPerSession = 128,
        MaxFiltersPerPacket = 128,
        MaxTopicLength = 512,
        MaxPacketLength = 256 * 1024,
        MaxConnectLength = 16 * 1024,
        MaxQueuedBytesInAll = 32 * 1024 * 1024,
        MaxKeepAliveSeconds = MaxKeepAliveSeconds,
        MaxSilence311Seconds = MaxKeepAliveSeconds * 3 / 2,
        MaxUnacknowledgedSeconds = 30,
    };
}
