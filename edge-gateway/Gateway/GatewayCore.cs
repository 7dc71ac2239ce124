using System;
using EdgeGateway.Mqtt;
using Firmware.Core;

namespace EdgeGateway.Gateway;

/// <summary>How a session command ended.</summary>
/// <param name="Code">Null when it was done, else a code "G23xx" of hardware/faults.json.</param>
/// <param name="Text">What happened, English; empty when it was done.</param>
/// <param name="Session">The session's name.</param>
public readonly record struct SessionResult(string? Code, string Text, string Session)
{
    /// <summary>True when it was done and is on the disk.</summary>
    public bool IsDone => Code is null;
}

/// <summary>
/// The gateway's logic in one synchronous, single-threaded part without I/O: bytes, completions and time come in by calls, bytes, writes and
/// deadlines go out through ports. One loop owns it and everything it makes.
/// </summary>
#pragma warning disable CA1822 // the members get their bodies with the next delivery
public sealed class GatewayCore : IStepped
{
    /// <summary>Makes the gateway; nothing happens before <see cref="Start"/>.</summary>
    /// <param name="options">How it behaves.</param>
    /// <param name="ports">What it needs from outside.</param>
    public GatewayCore(GatewayOptions options, GatewayPorts ports)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(ports);
        throw new NotSupportedException("Not built yet.");
    }

    /// <summary>The MQTT server: transports hand accepted peers to it. Peers are refused (0x88, server unavailable) until the journal is open.</summary>
    public IMqttServer Server => null!;

    /// <summary>True once the journal is open and until the gateway stops.</summary>
    public bool IsReady => false;

    /// <summary>Opens the journal.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Start(long nowUs)
    {
    }

    /// <summary>Does what is due, for at most 2 ms. To be called after every event that reached the gateway, the server or the journal, and at the returned time.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next, µs.</returns>
    public long Step(long nowUs) => long.MaxValue;

    /// <summary>Opens a session; the same name while it is open is done at once (idempotent).</summary>
    /// <param name="sessionId">1 to 64 of A-Z a-z 0-9 '_' '-'.</param>
    /// <param name="completed">Called on the loop, once, when the opening is on the disk or was refused.</param>
    public void OpenSession(string sessionId, Action<SessionResult> completed)
    {
    }

    /// <summary>Closes a session; closing it again is done at once (idempotent).</summary>
    /// <param name="sessionId">Its name.</param>
    /// <param name="completed">Called on the loop, once, when the close is on the disk or was refused.</param>
    public void CloseSession(string sessionId, Action<SessionResult> completed)
    {
    }

    /// <summary>The gateway's health.</summary>
    /// <returns>A copy; it does not change later.</returns>
    public GatewaySnapshot Snapshot() => null!;

    /// <summary>Stops: no new work, a checkpoint, and the journal closed.</summary>
    /// <param name="completed">Called on the loop, once, when all is on the disk.</param>
    public void BeginStop(Action completed)
    {
    }
}
