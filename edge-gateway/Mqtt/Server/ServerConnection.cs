using System;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Session;

namespace EdgeGateway.Mqtt.Server;

/// <summary>One accepted connection: what is known of it, and the way of its bytes into the server.</summary>
internal sealed class ServerConnection : IMqttServerConnection
{
    private readonly MqttServer _server;

    public ServerConnection(MqttServer server, IMqttConnection transport, string remote, string? certificateSubject, int maxPacketLength)
    {
        _server = server;
        Transport = transport;
        Remote = remote;
        CertificateSubject = certificateSubject;
        Framer = new Framer(maxPacketLength);
        Timer = new Deadline(this, DeadlineKind.Connection);
    }

    public IMqttConnection Transport { get; }

    public string Remote { get; }

    public string? CertificateSubject { get; }

    public Framer Framer { get; }

    public PacketReader Reader { get; } = new();

    public MqttVersion Version { get; set; } = MqttVersion.V311;

    public ServerSession? Session { get; set; }

    public bool IsClosed { get; set; }

    /// <summary>Guards against a transport that delivers from inside a write.</summary>
    public bool IsReceiving { get; set; }

    public MqttMessage? Will { get; set; }

    public uint WillDelaySeconds { get; set; }

    /// <summary>CONNECT timeout, then keep-alive, or the look at a blocked transport when that is earlier.</summary>
    public Deadline Timer { get; }

    /// <summary>Longest silence allowed, µs; 0 for any.</summary>
    public long SilenceUs { get; set; }

    public long HeardUs { get; set; }

    public bool IsBlocked { get; set; }

    /// <summary>The client's Receive Maximum, or our own bound when that is lower.</summary>
    public int SendMaximum { get; set; } = 1;

    public long MaxPacketLength { get; set; } = long.MaxValue;

    public OutboundAliases Aliases { get; set; } = new(0);

    public string?[] InboundAliases { get; set; } = [];

    public InboundAcks Acks { get; } = new();

    /// <summary>QoS 2 exchanges of this connection between PUBREC and PUBREL; they count against our Receive Maximum.</summary>
    public int OpenReleases { get; set; }

    public string Name => Session?.ClientId ?? Remote;

    public void Received(ReadOnlySpan<byte> bytes, long nowUs) => _server.OnReceived(this, bytes, nowUs);

    public void Drained(long nowUs) => _server.OnDrained(this, nowUs);

    public void Closed(long nowUs) => _server.OnClosed(this, nowUs);
}
