using System;
using EdgeGateway.Core;
using EdgeGateway.Mqtt;
using Simulators.Network;

namespace Simulators.Cart.Gateway;

/// <summary>Connections over the simulated network, in the shape in which gateway, pods and subscribers want them.</summary>
public sealed class SimulatedConnector : IUplinkConnector
{
    private readonly SimulatedNetwork _network;
    private readonly NetworkPath _path;
    private readonly string _address;
    private readonly Func<long> _localNowUs;
    private readonly Action _wake;
    private Attempt? _current;

    /// <summary>Makes a connector.</summary>
    /// <param name="network">The network.</param>
    /// <param name="path">The way.</param>
    /// <param name="address">Where to.</param>
    /// <param name="localNowUs">The owner's own clock.</param>
    /// <param name="wake">Called after each event, so that the owner steps.</param>
    public SimulatedConnector(SimulatedNetwork network, NetworkPath path, string address, Func<long> localNowUs, Action wake)
    {
        _network = network;
        _path = path;
        _address = address;
        _localNowUs = localNowUs;
        _wake = wake;
    }

    /// <inheritdoc/>
    public void Connect(IUplinkEvents events)
    {
        _current?.Abandon();
        _current = new Attempt(this, events);
        _network.Dial(_path, _address, _current);
    }

    /// <summary>The owner's power is gone: its connection says nothing any more and hears nothing.</summary>
    /// <param name="machineAnswers">True when the machine itself still runs and answers for the address.</param>
    public void Vanish(bool machineAnswers)
    {
        _current?.Vanish(machineAnswers);
        _current = null;
    }

    /// <summary>The owner's process was killed: its system resets the connection.</summary>
    public void Abort()
    {
        _current?.Abort();
        _current = null;
    }

    private sealed class Attempt(SimulatedConnector owner, IUplinkEvents events) : INetworkDialler, INetworkPeer
    {
        private IUplinkEvents? _events = events;
        private SimulatedConnectionEnd? _stream;

        public void Connected(SimulatedConnectionEnd stream)
        {
            if (_events is null)
            {
                stream.Abort();
                return;
            }

            _stream = stream;
            stream.SetPeer(this);
            _events.Opened(stream, owner._localNowUs());
            owner._wake();
        }

        public void Failed(string reason) => End(reason);

        public void Received(ReadOnlySpan<byte> bytes)
        {
            _events?.Received(bytes, owner._localNowUs());
            owner._wake();
        }

        public void Closed() => End("closed");

        public void Abandon()
        {
            _events = null;
            _stream?.Close();
        }

        public void Vanish(bool machineAnswers)
        {
            _events = null;
            _stream?.Vanish(machineAnswers);
        }

        public void Abort()
        {
            _events = null;
            _stream?.Abort();
        }

        private void End(string reason)
        {
            IUplinkEvents? told = _events;
            _events = null;
            if (told is not null)
            {
                told.Closed(reason, owner._localNowUs());
                owner._wake();
            }
        }
    }
}

/// <summary>Hands accepted connections of the simulated network to an MQTT server.</summary>
public sealed class SimulatedListener
{
    private readonly Func<long> _localNowUs;
    private readonly Action _wake;
    private readonly System.Collections.Generic.List<Accepted> _accepted = [];
    private IMqttServer? _server;

    /// <summary>Makes a listener that is not listening.</summary>
    /// <param name="localNowUs">The server's own clock.</param>
    /// <param name="wake">Called after each event, so that the server steps.</param>
    public SimulatedListener(Func<long> localNowUs, Action wake)
    {
        _localNowUs = localNowUs;
        _wake = wake;
    }

    /// <summary>Begins to listen.</summary>
    /// <param name="network">The network.</param>
    /// <param name="address">The address.</param>
    /// <param name="server">Who is behind it.</param>
    public void Start(SimulatedNetwork network, string address, IMqttServer server)
    {
        _server = server;
        network.Listen(address, stream =>
        {
            Accepted peer = new(this);
            stream.SetPeer(peer);
            peer.Begin(server, stream);
            _accepted.Add(peer);
            _wake();
        });
    }

    /// <summary>Listens no more.</summary>
    /// <param name="network">The network.</param>
    /// <param name="address">The address.</param>
    /// <param name="powerIsGone">True: the connections say nothing any more. False: the process is gone and its system resets what is open.</param>
    /// <param name="serverLives">True when the server keeps its sessions and is told that the connections are gone.</param>
    public void Kill(SimulatedNetwork network, string address, bool powerIsGone, bool serverLives)
    {
        network.StopListening(address);
        foreach (Accepted peer in _accepted.ToArray())
        {
            peer.Abort(powerIsGone, serverLives);
        }

        _accepted.Clear();
        _server = null;
    }

    private sealed class Accepted(SimulatedListener owner) : INetworkPeer
    {
        private IMqttServerConnection? _connection;
        private SimulatedConnectionEnd? _stream;

        public void Begin(IMqttServer server, SimulatedConnectionEnd stream)
        {
            _stream = stream;
            _connection = server.Accept(stream, stream.Path.Name, null, owner._localNowUs());
        }

        public void Received(ReadOnlySpan<byte> bytes)
        {
            if (owner._server is not null)
            {
                _connection?.Received(bytes, owner._localNowUs());
                owner._wake();
            }
        }

        public void Closed()
        {
            owner._accepted.Remove(this);
            if (owner._server is not null)
            {
                _connection?.Closed(owner._localNowUs());
                owner._wake();
            }
        }

        public void Abort(bool powerIsGone, bool serverLives)
        {
            IMqttServerConnection? connection = _connection;
            _connection = null;
            if (powerIsGone)
            {
                _stream?.Vanish(someoneAnswers: true); // The machine is back before long, and answers what arrives then.
            }
            else
            {
                _stream?.Abort();
            }

            if (serverLives)
            {
                connection?.Closed(owner._localNowUs());
            }
        }
    }
}
