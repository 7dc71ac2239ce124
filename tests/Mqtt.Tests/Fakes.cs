using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;

namespace Mqtt.Tests;

/// <summary>A server application that accepts what its delegates allow and writes down what it is told.</summary>
internal sealed class RecordingServerHandler : IMqttServerHandler
{
    public List<string> Events { get; } = [];

    public List<(string ClientId, MqttMessage Message, long Token)> Messages { get; } = [];

    public List<(long Ticket, byte Reason)> Deliveries { get; } = [];

    public List<string> Faults { get; } = [];

    public List<(string Peer, MqttCloseCause Cause)> Causes { get; } = [];

    public Func<MqttConnectRequest, byte> OnConnecting { get; set; } = _ => 0;

    public Func<string, MqttMessage, long, MqttPublishDisposition> OnPublished { get; set; } = (_, _, _) => MqttPublishDisposition.Accept;

    public Func<string, bool> OnMaySubscribe { get; set; } = _ => true;

    public byte Connecting(in MqttConnectRequest request) => OnConnecting(request);

    public void Connected(string clientId) => Events.Add($"connected {clientId}");

    public void Disconnected(string clientId) => Events.Add($"disconnected {clientId}");

    public MqttPublishDisposition Published(string clientId, in MqttMessage message, long token)
    {
        MqttMessage copy = message with { Payload = message.Payload.ToArray() };
        Messages.Add((clientId, copy, token));
        return OnPublished(clientId, copy, token);
    }

    public bool MaySubscribe(string clientId, string filter) => OnMaySubscribe(filter);

    public void Subscribed(string clientId, string filter) => Events.Add($"subscribed {clientId} {filter}");

    public void Delivered(long ticket, byte reasonCode) => Deliveries.Add((ticket, reasonCode));

    public void ClosedForCause(string peer, byte reasonCode, MqttCloseCause cause, string text) => Causes.Add((peer, cause));

    public void Faulted(string peer, Exception exception) => Faults.Add($"{peer} {exception}");
}

/// <summary>A client application that writes down what it is told.</summary>
internal sealed class RecordingClientHandler : IMqttClientHandler
{
    public List<string> Events { get; } = [];

    public List<MqttMessage> Messages { get; } = [];

    public List<long> Tokens { get; } = [];

    public List<(long Ticket, byte Reason)> Acknowledgements { get; } = [];

    public List<(string Filter, byte Reason)> Subscriptions { get; } = [];

    public Func<MqttMessage, bool> OnReceived { get; set; } = _ => true;

    public Action<bool>? OnConnected { get; set; }

    public Action? OnLost { get; set; }

    public int LostCount { get; private set; }

    public byte LostReason { get; private set; }

    public void Connected(bool sessionPresent)
    {
        Events.Add($"connected {(sessionPresent ? "again" : "anew")}");
        OnConnected?.Invoke(sessionPresent);
    }

    public void Lost(byte reasonCode, string text)
    {
        LostCount++;
        LostReason = reasonCode;
        Events.Add($"lost 0x{reasonCode:X2} {text}");
        OnLost?.Invoke();
    }

    public void Acknowledged(long ticket, byte reasonCode) => Acknowledgements.Add((ticket, reasonCode));

    public bool Received(in MqttMessage message, long token)
    {
        MqttMessage copy = message with { Payload = message.Payload.ToArray() };
        Messages.Add(copy);
        Tokens.Add(token);
        return OnReceived(copy);
    }

    public void Subscribed(string filter, byte reasonCode) => Subscriptions.Add((filter, reasonCode));
}

/// <summary>A server, and clients over links in memory, with a clock that a test moves.</summary>
internal sealed class World
{
    private readonly List<MqttMemoryLink> _links = [];

    public World(MqttServerOptions? options = null)
    {
        Drops = [];
        Server = new MqttServer((options ?? new MqttServerOptions()) with { Dropped = Drops.Add, Closing = (who, reason, why) => Closings.Add($"{who} 0x{reason:X2} {why}") }, Handler);
    }

    public long NowUs { get; private set; } = 1_000_000;

    public MqttServer Server { get; }

    public RecordingServerHandler Handler { get; } = new();

    public List<MqttDrop> Drops { get; }

    public List<string> Closings { get; } = [];

    public Peer AddClient(MqttClientOptions options)
    {
        var handler = new RecordingClientHandler();
        var client = new MqttClient(options, handler);
        var link = new MqttMemoryLink(Server, client, options.ClientId);
        _links.Add(link);
        return new Peer(this, client, handler, link);
    }

    /// <summary>A client that is connected.</summary>
    public Peer Connect(string clientId, MqttVersion version = MqttVersion.V5)
    {
        Peer peer = AddClient(new MqttClientOptions { ClientId = clientId, Version = version });
        peer.Open();
        return peer;
    }

    /// <summary>Moves bytes until nothing moves any more.</summary>
    public void Settle()
    {
        bool moved = true;
        for (int round = 0; moved; round++)
        {
            Assert.IsLessThan(100_000, round, "the links never come to rest");
            moved = false;
            foreach (MqttMemoryLink link in _links.ToArray())
            {
                moved |= link.Pump(NowUs);
            }
        }
    }

    public void Advance(long us)
    {
        NowUs += us;
        Server.Step(NowUs);
        Settle();
    }

    internal sealed record Peer(World World, MqttClient Client, RecordingClientHandler Handler, MqttMemoryLink Link)
    {
        public void Open()
        {
            Link.Open(World.NowUs);
            World.Settle();
        }

        public void Cut()
        {
            Link.Cut(World.NowUs);
            World.Settle();
        }

        public void Subscribe(string filter, MqttQos qos = MqttQos.AtLeastOnce)
        {
            Client.Subscribe(filter, qos, World.NowUs);
            World.Settle();
        }

        public bool Publish(string topic, string payload, MqttQos qos = MqttQos.AtLeastOnce, bool retain = false, long ticket = 1, MqttPublishProperties? properties = null)
        {
            bool sent = Client.TryPublish(new MqttMessage { Topic = topic, Payload = System.Text.Encoding.UTF8.GetBytes(payload), Qos = qos, Retain = retain, Properties = properties }, ticket, World.NowUs);
            World.Settle();
            return sent;
        }

        public string[] Texts() => Handler.Messages.ConvertAll(m => System.Text.Encoding.UTF8.GetString(m.Payload.Span)).ToArray();
    }
}
