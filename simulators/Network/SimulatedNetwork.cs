using System;
using System.Collections.Generic;
using Simulators.Kernel;

namespace Simulators.Network;

/// <summary>What one end of a connection is told.</summary>
public interface INetworkPeer
{
    /// <summary>Bytes arrived.</summary>
    /// <param name="bytes">The bytes, valid during the call only, cut anywhere.</param>
    void Received(ReadOnlySpan<byte> bytes);

    /// <summary>The connection is gone: the other end closed it, or it was reset. Nothing comes after this.</summary>
    void Closed();
}

/// <summary>Someone who dials.</summary>
public interface INetworkDialler
{
    /// <summary>The connection is up.</summary>
    /// <param name="stream">Our end; its peer is to be set during the call.</param>
    void Connected(SimulatedConnectionEnd stream);

    /// <summary>There is no connection.</summary>
    /// <param name="reason">Why: "refused" or "timed out".</param>
    void Failed(string reason);
}

/// <summary>
/// Byte streams between simulated places: ordered and reliable as TCP is, with latency, jitter, bandwidth and cuts, all from the kernel's
/// time and the path's own random numbers.
/// </summary>
public sealed class SimulatedNetwork
{
    /// <summary>How long a dial waits on a silent path, µs.</summary>
    public const long DialTimeoutUs = 5_000_000;

    /// <summary>Most connections at once. More is a part that dials without end: the run stops.</summary>
    public const int MaxConnections = 4096;

    private readonly Dictionary<string, Action<SimulatedConnectionEnd>> _listeners = new(StringComparer.Ordinal);
    private readonly List<Connection> _connections = [];
    private readonly SeededRandom _random;
    private long _nextId = 1;

    /// <summary>Makes a network without paths.</summary>
    /// <param name="kernel">Time.</param>
    /// <param name="random">Forked for each path by its name.</param>
    /// <param name="trace">Where deliveries are written, or null.</param>
    public SimulatedNetwork(SimulationKernel kernel, SeededRandom random, TraceWriter? trace)
    {
        Kernel = kernel;
        _random = random;
        Trace = trace;
    }

    /// <summary>Connections that are open at one end at least.</summary>
    public int OpenConnections => _connections.Count;

    internal SimulationKernel Kernel { get; }

    internal TraceWriter? Trace { get; }

    /// <summary>Makes a path.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="quality">How it carries bytes.</param>
    /// <returns>The path.</returns>
    public NetworkPath AddPath(string name, PathQuality quality) => new(this, name, quality, _random.Fork("path:" + name));

    /// <summary>Listens at an address.</summary>
    /// <param name="address">Any text that both sides use.</param>
    /// <param name="accepted">Called with our end of each new connection; its peer is to be set during the call.</param>
    public void Listen(string address, Action<SimulatedConnectionEnd> accepted) => _listeners.Add(address, accepted);

    /// <summary>Listens no more; open connections stay.</summary>
    /// <param name="address">The address.</param>
    public void StopListening(string address) => _listeners.Remove(address);

    /// <summary>Dials; the answer comes as an event after a round trip, or after <see cref="DialTimeoutUs"/>.</summary>
    /// <param name="path">The way.</param>
    /// <param name="address">Where to.</param>
    /// <param name="dialler">Who is told.</param>
    public void Dial(NetworkPath path, string address, INetworkDialler dialler)
    {
        long dialledUs = Kernel.NowUs;
        if (path.State == PathState.Silent)
        {
            Kernel.After(DialTimeoutUs, () => dialler.Failed("timed out"));
            return;
        }

        Kernel.After(path.DelayUs() + path.DelayUs(), () =>
        {
            if (path.State == PathState.Silent)
            {
                Kernel.At(dialledUs + DialTimeoutUs, () => dialler.Failed("timed out"));
            }
            else if (path.State == PathState.Refusing || !_listeners.TryGetValue(address, out Action<SimulatedConnectionEnd>? accepted))
            {
                Trace?.Begin(path.Name, "refused").End();
                dialler.Failed("refused");
            }
            else
            {
                if (_connections.Count == MaxConnections)
                {
                    throw new InvalidOperationException($"More than {MaxConnections} connections are open: a part dials without end.");
                }

                Connection connection = new(this, path, _nextId++);
                _connections.Add(connection);
                Trace?.Begin(path.Name, "open").Add("c", connection.Id).End();
                accepted(connection.Far);
                dialler.Connected(connection.Near);
            }
        });
    }

    internal void PathChanged(NetworkPath path)
    {
        Trace?.Begin(path.Name, "path").Add("state", path.State.ToString()).End();
        if (path.State == PathState.Refusing)
        {
            ResetConnections(path);
        }
        else if (path.State == PathState.Up)
        {
            foreach (Connection connection in _connections.ToArray())
            {
                if (connection.Path == path)
                {
                    connection.Near.PathCameBack();
                    connection.Far.PathCameBack();
                }
            }
        }
    }

    internal void ResetConnections(NetworkPath path)
    {
        foreach (Connection connection in _connections.ToArray())
        {
            if (connection.Path == path)
            {
                connection.Near.Reset();
                connection.Far.Reset();
            }
        }
    }

    internal void Ended(Connection connection)
    {
        if (connection.Near.IsOver && connection.Far.IsOver)
        {
            _connections.Remove(connection);
        }
    }
}

/// <summary>Both ends of one connection.</summary>
internal sealed class Connection
{
    public Connection(SimulatedNetwork network, NetworkPath path, long id)
    {
        Network = network;
        Path = path;
        Id = id;
        Near = new SimulatedConnectionEnd(this, 0);
        Far = new SimulatedConnectionEnd(this, 1);
    }

    public SimulatedNetwork Network { get; }

    public NetworkPath Path { get; }

    public long Id { get; }

    public SimulatedConnectionEnd Near { get; }

    public SimulatedConnectionEnd Far { get; }
}
