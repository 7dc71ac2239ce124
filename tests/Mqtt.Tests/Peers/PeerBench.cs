using System;
using System.Collections.Generic;
using System.Text;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Transports;
using Simulators.Peers;

namespace Mqtt.Tests.Peers;

/// <summary>Clients over links in memory with a broker that has habits, and a clock that a test moves.</summary>
internal sealed class PeerBench
{
    private readonly List<Peer> _peers = [];

    public PeerBench(BrokerHabits? habits = null) => Broker = new PeerBroker(habits);

    public long NowUs { get; private set; } = 1_000_000;

    public PeerBroker Broker { get; }

    public Peer Add(MqttClientOptions options)
    {
        var handler = new RecordingClientHandler();
        var client = new MqttClient(options, handler);
        var peer = new Peer(this, client, handler, new MqttMemoryLink(Broker, client, options.ClientId));
        _peers.Add(peer);
        return peer;
    }

    public Peer Connect(string clientId, MqttVersion version = MqttVersion.V5)
    {
        Peer peer = Add(new MqttClientOptions { ClientId = clientId, Version = version });
        peer.Open();
        return peer;
    }

    /// <summary>Moves bytes until nothing moves any more.</summary>
    public void Settle()
    {
        bool moved = true;
        for (int round = 0; moved; round++)
        {
            Assert.IsLessThan(1_000_000, round, "the links never come to rest");
            moved = false;
            foreach (Peer peer in _peers.ToArray())
            {
                moved |= peer.Link.Pump(NowUs);
            }
        }
    }

    /// <summary>Moves the clock, at most a second at a time, and lets all sides do what is due.</summary>
    public void Advance(long us)
    {
        long endUs = NowUs + us;
        do
        {
            NowUs = Math.Min(endUs, NowUs + 1_000_000);
            Broker.Step(NowUs);
            foreach (Peer peer in _peers.ToArray())
            {
                peer.Client.Step(NowUs);
            }

            Settle();
        }
        while (NowUs < endUs);
    }

    internal sealed record Peer(PeerBench Bench, MqttClient Client, RecordingClientHandler Handler, MqttMemoryLink Link)
    {
        public void Open()
        {
            if (!Link.IsUp)
            {
                Link.Cut(Bench.NowUs);
            }

            Link.Open(Bench.NowUs);
            Bench.Settle();
        }

        public void Cut()
        {
            Link.Cut(Bench.NowUs);
            Bench.Settle();
        }

        public void Subscribe(string filter, MqttQos qos = MqttQos.AtLeastOnce)
        {
            Client.Subscribe(filter, qos, Bench.NowUs);
            Bench.Settle();
        }

        public bool Publish(string topic, string payload, MqttQos qos = MqttQos.AtLeastOnce, bool retain = false, long ticket = 1)
        {
            bool sent = Client.TryPublish(new MqttMessage { Topic = topic, Payload = Encoding.UTF8.GetBytes(payload), Qos = qos, Retain = retain }, ticket, Bench.NowUs);
            Bench.Settle();
            return sent;
        }

        public string[] Texts() => Handler.Messages.ConvertAll(m => Encoding.UTF8.GetString(m.Payload.Span)).ToArray();
    }
}
