using System;
using EdgeGateway.Mqtt;
using Simulators.Kernel;

namespace Simulators.Cart;

/// <summary>An MQTT broker elsewhere on the simulated network. It keeps its sessions and retained messages while it is stopped.</summary>
public sealed class SimulatedBroker : IMqttServerHandler
{
    private readonly WorldServices _world;
    private readonly string _place;
    private readonly MqttServer _server;
    private readonly SimulatedListener _listener;
    private readonly KernelTimer _timer;

    internal SimulatedBroker(WorldServices world, string place, string address)
    {
        _world = world;
        _place = place;
        Address = address;
        _server = new MqttServer(new MqttServerOptions { MaxQueuedMessages = 1_000_000, MaxQueuedBytes = 1L << 30 }, this);
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
        if (IsRunning && nextUs != long.MaxValue)
        {
            _timer.SetAtLatest(Math.Max(nextUs, _world.Kernel.NowUs + 1));
        }
    }
}
