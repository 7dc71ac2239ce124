using System;
using System.Collections.Concurrent;
using System.Text;
using System.Threading;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.MqttNet;
using EdgeGateway.Mqtt.Transports;

namespace Mqtt.Tests.Transports;

/// <summary>A client on a real socket and a loop of its own; a test waits for the facts that it reports.</summary>
internal sealed class LiveClient : IMqttClientHandler, IDisposable
{
    /// <summary>No fact takes longer than this; a test that waits so long has failed.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly BlockingCollection<string> _facts = [];
    private readonly MqttTcpConnector _connector;
    private readonly MqttLoop _loop;

    /// <summary>Makes it; it connects when it is told to.</summary>
    /// <param name="options">How to be a client.</param>
    /// <param name="isMqttNet">True for MQTTnet's client behind our port, false for the built-in one.</param>
    public LiveClient(MqttClientOptions options, bool isMqttNet = false)
    {
        _loop = new MqttLoop(TimeProvider.System, options.ClientId);
        Client = isMqttNet ? new MqttNetClient(options, this, _loop) : new MqttClient(options, this);
        _loop.AddStep(Client.Step);
        _loop.Start();
        _connector = new MqttTcpConnector(_loop, Client, TimeProvider.System);
    }

    public IMqttClient Client { get; }

    public void Open(int port) => _connector.Connect("127.0.0.1", port, why => _facts.Add($"failed {why}"));

    /// <summary>The same over TLS, over WebSocket, or both.</summary>
    public void Open(MqttEndpoint endpoint) => _connector.Connect(endpoint, why => _facts.Add($"failed {why.Kind} {why.Text}"));

    /// <summary>Does something on the loop and waits until it is done.</summary>
    public void Do(Action<long> action)
    {
        using var done = new ManualResetEventSlim();
        Assert.IsTrue(_loop.TryPost(() =>
        {
            action(_loop.NowUs);
            done.Set();
        }));
        Assert.IsTrue(done.Wait(Patience));
    }

    /// <summary>The next fact, whatever it is.</summary>
    public string Next()
    {
        Assert.IsTrue(_facts.TryTake(out string? got, Patience), "nothing came");
        return got;
    }

    /// <summary>The next fact; null when none comes within a while.</summary>
    public string? TryNext(TimeSpan within) => _facts.TryTake(out string? got, within) ? got : null;

    public void Expect(string fact)
    {
        Assert.IsTrue(_facts.TryTake(out string? got, Patience), $"{fact} was expected, nothing came");
        Assert.AreEqual(fact, got);
    }

    public void ExpectBeginning(string fact)
    {
        Assert.IsTrue(_facts.TryTake(out string? got, Patience), $"{fact} was expected, nothing came");
        Assert.StartsWith(fact, got);
    }

    /// <summary>Two facts, in either order.</summary>
    public void ExpectBoth(string one, string other)
    {
        Assert.IsTrue(_facts.TryTake(out string? first, Patience), $"{one} was expected, nothing came");
        Assert.IsTrue(string.Equals(first, one, StringComparison.Ordinal) || string.Equals(first, other, StringComparison.Ordinal), first);
        Expect(string.Equals(first, one, StringComparison.Ordinal) ? other : one);
    }

    public void Publish(string topic, string payload, MqttQos qos, long ticket) => Do(nowUs =>
        Assert.IsTrue(Client.TryPublish(new MqttMessage { Topic = topic, Payload = Encoding.UTF8.GetBytes(payload), Qos = qos }, ticket, nowUs)));

    public void Connected(bool sessionPresent) => _facts.Add(sessionPresent ? "connected again" : "connected anew");

    public void Lost(byte reasonCode, string text) => _facts.Add($"lost 0x{reasonCode:X2}");

    void IMqttClientHandler.Acknowledged(long ticket, byte reasonCode) => _facts.Add($"acknowledged {ticket} 0x{reasonCode:X2}");

    bool IMqttClientHandler.Received(in MqttMessage message, long token)
    {
        _facts.Add($"received {message.Topic} {Encoding.UTF8.GetString(message.Payload.Span)}");
        return true;
    }

    public void Subscribed(string filter, byte reasonCode) => _facts.Add($"subscribed {filter} 0x{reasonCode:X2}");

    public void Dispose()
    {
        _connector.Dispose();
        _loop.Dispose();
        _facts.Dispose();
    }
}
