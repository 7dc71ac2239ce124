using System;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Server;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;
using Simulators.Kernel;
using Simulators.Peers;

namespace Simulators.Cart.Gateway;

/// <summary>
/// An MQTT broker elsewhere on the simulated network. It keeps its sessions and retained messages while it is stopped. With habits it behaves as real ones were seen to,
/// and what a client does that MQTT or its limits forbid is a finding.
/// </summary>
public sealed class SimulatedBroker : IMqttServerHandler
{
    private readonly WorldServices _world;
    private readonly string _place;
    private readonly IMqttServer _server;
    private readonly PeerBroker? _peer;
    private int _violationsFound;
    private readonly SimulatedListener _listener;
    private readonly KernelTimer _timer;

    internal SimulatedBroker(WorldServices world, string place, string address, BrokerDefinition? definition = null)
    {
        _world = world;
        _place = place;
        Address = address;
        if (definition is null)
        {
            _server = new MqttServer(new MqttServerOptions { MaxQueuedMessages = 1_000_000, MaxQueuedBytes = 1L << 30 }, this);
        }
        else
        {
            _peer = new PeerBroker(definition.Habits);
            _server = _peer;
            foreach (BrokerMessage retained in definition.Retained)
            {
                _peer.Publish(new MqttMessage { Topic = retained.Topic, Payload = retained.Payload, Qos = retained.Qos, Retain = true }, 0, 0);
            }
        }

        _listener = new SimulatedListener(() => world.Kernel.NowUs, Wake);
        _timer = new KernelTimer(world.Kernel, Step);
    }

    /// <summary>Where it listens.</summary>
    public string Address { get; }

    /// <summary>True while it runs.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>Starts it.</summary>
    public void Start()
    {
        if (!IsRunning)
        {
            _world.Trace?.Begin(_place, "broker-start").End();
            IsRunning = true;
            _listener.Start(_world.Network, Address, _server);
            Wake();
        }
    }

    /// <summary>Stops it: connections are reset, sessions stay.</summary>
    public void Stop()
    {
        if (IsRunning)
        {
            _world.Trace?.Begin(_place, "broker-stop").End();
            IsRunning = false;
            _listener.Kill(_world.Network, Address, powerIsGone: false, serverLives: true);
            _timer.Stop();
        }
    }

    byte IMqttServerHandler.Connecting(in MqttConnectRequest request) => 0;

    void IMqttServerHandler.Connected(string clientId)
    {
    }

    void IMqttServerHandler.Disconnected(string clientId)
    {
    }

    MqttPublishDisposition IMqttServerHandler.Published(string clientId, in MqttMessage message, long token) => MqttPublishDisposition.Accept;

    bool IMqttServerHandler.MaySubscribe(string clientId, string filter) => true;

    void IMqttServerHandler.Subscribed(string clientId, string filter)
    {
    }

    void IMqttServerHandler.Delivered(long ticket, byte reasonCode)
    {
    }

    private void Wake() => _timer.SetAtLatest(_world.Kernel.NowUs);

    private void Step()
    {
        long nextUs = _server.Step(_world.Kernel.NowUs);
        for (; _violationsFound < (_peer?.Violations.Count ?? 0); _violationsFound++)
        {
            _world.Ledger.Find(_place + ": " + _peer!.Violations[_violationsFound]);
        }

        if (IsRunning && nextUs != long.MaxValue)
        {
            _timer.SetAtLatest(Math.Max(nextUs, _world.Kernel.NowUs + 1));
        }
    }
}
