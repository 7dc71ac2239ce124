using System;
using Simulators.Kernel;

namespace Simulators.Network;

/// <summary>What becomes of bytes on a path.</summary>
public enum PathState
{
    /// <summary>Bytes go through.</summary>
    Up,

    /// <summary>
    /// Bytes vanish without a word, as behind a pulled cable: both ends believe in the connection until they give up by themselves. What was
    /// sent is sent again by TCP when the path comes back before that.
    /// </summary>
    Silent,

    /// <summary>Connections are reset at once, new ones are refused, as behind a firewall that answers.</summary>
    Refusing,
}

/// <summary>How a path carries bytes.</summary>
public sealed record PathQuality
{
    /// <summary>Time from one end to the other, µs, 0 to 60,000,000. A good local network: 500.</summary>
    public long LatencyUs { get; init; } = 500;

    /// <summary>Largest further delay, drawn evenly from 0 to this for each chunk, µs. Order is kept, as TCP keeps it.</summary>
    public long JitterUs { get; init; }

    /// <summary>Bytes per second each way; 0 for no bound.</summary>
    public long BytesPerSecond { get; init; }
}

/// <summary>
/// One way through the network between two places, with its quality and its faults; many connections may run over it at once and
/// share its bandwidth. Changes take effect for what is sent from then on.
/// </summary>
public sealed class NetworkPath
{
    private readonly SimulatedNetwork _network;

    internal NetworkPath(SimulatedNetwork network, string name, PathQuality quality, SeededRandom random)
    {
        _network = network;
        Name = name;
        Quality = quality;
        Random = random;
    }

    /// <summary>Its name in scenario and trace.</summary>
    public string Name { get; }

    /// <summary>How it carries bytes now.</summary>
    public PathQuality Quality { get; set; }

    /// <summary>What becomes of bytes now.</summary>
    public PathState State { get; private set; }

    internal SeededRandom Random { get; }

    /// <summary>When the last byte sent so far has left, µs, by direction (0 from the dialler, 1 to it): the bandwidth is shared.</summary>
    internal long[] BusyUntilUs { get; } = new long[2];

    /// <summary>Changes the state; <see cref="PathState.Refusing"/> resets what runs over the path.</summary>
    /// <param name="state">The new state.</param>
    public void SetState(PathState state)
    {
        if (state == State)
        {
            return;
        }

        State = state;
        _network.PathChanged(this);
    }

    /// <summary>Resets every connection over the path once (TCP RST both ways); the path itself stays as it is.</summary>
    public void ResetConnections() => _network.ResetConnections(this);

    internal long DelayUs() => Quality.LatencyUs + (Quality.JitterUs == 0 ? 0 : (long)(Random.NextDouble() * (Quality.JitterUs + 1)));

    internal long TransmitUs(int bytes) => Quality.BytesPerSecond == 0 ? 0 : Math.Max(1, bytes * 1_000_000L / Quality.BytesPerSecond);
}
