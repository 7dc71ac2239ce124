using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Session;

namespace EdgeGateway.Mqtt.Server;

/// <summary>One accepted connection: what is known of it, and how its bytes enter the server.</summary>
internal sealed class ServerConnection : IMqttServerConnection
{
    private readonly MqttServer _server;

    public ServerConnection(MqttServer server, IMqttConnection transport, string remote, MqttPeerCertificate? certificate, int maxPacketLength)
    {
        _server = server;
        Transport = transport;
        Address = transport.Address;
        Remote = remote;
        Certificate = certificate;
        Framer = new Framer(maxPacketLength);
        Timer = new Deadline(this, DeadlineKind.Connection);
    }

    public IMqttConnection Transport { get; }

    public string Remote { get; }

    public string? Address { get; }

    public MqttPeerCertificate? Certificate { get; }

    public Framer Framer { get; }

    public PacketReader Reader { get; } = new();

    public MqttVersion Version { get; set; } = MqttVersion.V311;

    public ServerSession? Session { get; set; }

    /// <summary>Out of the server's books.</summary>
    public bool IsDetached { get; set; }

    /// <summary>An exception was caught in its handling; it is closed as soon as the server's state is whole.</summary>
    public bool IsFaulted { get; set; }

    /// <summary>Nothing more is to be done for it.</summary>
    public bool IsClosed => IsDetached || IsFaulted;

    /// <summary>Its place among all connections; null when it has none.</summary>
    public LinkedListNode<ServerConnection>? Node { get; set; }

    /// <summary>Its place among those without session; null when it has none.</summary>
    public LinkedListNode<ServerConnection>? UnidentifiedNode { get; set; }

    /// <summary>It stands in one of its group's kept places.</summary>
    public bool InReservedPlace { get; set; }

    /// <summary>Bytes that wait in the transport; a transport that throws is full for ever.</summary>
    public int PendingBytes
    {
        get
        {
            if (IsFaulted)
            {
                return int.MaxValue;
            }

            try
            {
                return Transport.PendingBytes;
            }
            catch (Exception e)
            {
                _server.Fault(this, e, endSession: false);
                return int.MaxValue;
            }
        }
    }

    /// <summary>Guards against a transport that delivers from inside a write.</summary>
    public bool IsReceiving { get; set; }

    public MqttMessage? Will { get; set; }

    public uint WillDelaySeconds { get; set; }

    /// <summary>CONNECT timeout, then keep-alive, or the look at a blocked transport when that is earlier.</summary>
    public Deadline Timer { get; }

    /// <summary>Longest silence allowed, µs; 0 for any.</summary>
    public long SilenceUs { get; set; }

    /// <summary>The keep-alive in force, seconds; 0 for none.</summary>
    public int KeepAliveSeconds { get; set; }

    /// <summary>Longest session expiry that this client may have, seconds.</summary>
    public uint SessionExpiryBound { get; set; }

    public long LastReceivedUs { get; set; }

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

    /// <summary>Hands bytes to the transport. Its exception is this connection's end and nobody else's.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (IsFaulted)
        {
            return;
        }

        try
        {
            Transport.Write(bytes);
        }
        catch (Exception e)
        {
            _server.Fault(this, e, endSession: false);
        }
    }

    public void Received(ReadOnlySpan<byte> bytes, long nowUs) => _server.OnReceived(this, bytes, nowUs);

    public void Drained(long nowUs) => _server.OnDrained(this, nowUs);

    public void Closed(long nowUs) => _server.OnClosed(this, nowUs);

    public void Faulted(Exception exception, long nowUs) => _server.OnTransportFault(this, exception, nowUs);
}
