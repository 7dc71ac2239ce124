using System;
using System.Collections.Concurrent;
using System.Text;
using System.Threading;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.MqttNet;
using EdgeGateway.Mqtt.Transports;
using Simulators.Peers;

namespace Mqtt.Tests.Client;

/// <summary>One client of either kind on a clock that the test moves, with a broker in memory or bytes of the test's own. MQTTnet works on other threads, so a test waits for facts.</summary>
internal sealed class ContractBench : IMqttLoop
{
    public const string Builtin = "builtin";
    public const string MqttNet = "mqttnet";

    /// <summary>No fact takes longer than this; a test that waits so long has failed.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ConcurrentQueue<Action> _posted = [];
    private readonly object _news = new();

    public ContractBench(string kind, MqttClientOptions options, BrokerHabits? habits = null)
    {
        Broker = new PeerBroker(habits);
        Client = kind == MqttNet ? new MqttNetClient(options, Handler, this) : new MqttClient(options, Handler);
        Link = new MqttMemoryLink(Broker, Client, options.ClientId);
    }

    public long NowUs { get; set; } = 1_000_000;

    public RecordingClientHandler Handler { get; } = new();

    public IMqttClient Client { get; }

    public PeerBroker Broker { get; }

    public MqttMemoryLink Link { get; }

    public bool TryPost(Action work)
    {
        lock (_news)
        {
            _posted.Enqueue(work);
            Monitor.Pulse(_news);
        }

        return true;
    }

    /// <summary>Does what is due and moves what is on its way, until a fact is there.</summary>
    public void Until(Func<bool> fact, string what)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            Turn();
            if (fact())
            {
                return;
            }

            Assert.IsLessThan(Patience, TimeProvider.System.GetElapsedTime(began), $"{what} did not come; {string.Join(", ", Handler.Events)}; violations: {string.Join(", ", Broker.Violations)}");
            lock (_news)
            {
                // MQTTnet may also write without a post that is news to this bench.
                _ = _posted.IsEmpty && Monitor.Wait(_news, 2);
            }
        }
    }

    /// <summary>Moves the clock by seconds, with a turn after each.</summary>
    public void Advance(int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            NowUs += 1_000_000;
            Turn();
        }
    }

    /// <summary>Connects to the broker.</summary>
    public void Connect()
    {
        Begin();
        Until(() => Client.IsConnected, "CONNACK");
    }

    /// <summary>Begins to connect.</summary>
    public void Begin()
    {
        if (!Link.IsUp)
        {
            Link.Cut(NowUs);
        }

        Link.Open(NowUs);
    }

    public bool Publish(string topic, string payload, MqttQos qos = MqttQos.AtLeastOnce, bool retain = false, long ticket = 1) =>
        Client.TryPublish(new MqttMessage { Topic = topic, Payload = Encoding.UTF8.GetBytes(payload), Qos = qos, Retain = retain }, ticket, NowUs);

    private void Turn()
    {
        while (_posted.TryDequeue(out Action? work))
        {
            work();
        }

        Client.Step(NowUs);
        Broker.Step(NowUs);
        while (Link.Pump(NowUs))
        {
        }
    }
}
