using System;
using System.Collections.Generic;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using Firmware.Core;

namespace EdgeGateway.Core;

/// <summary>What the gateway's machine knows of UTC at one moment.</summary>
/// <param name="Synchronised">True when the clock is disciplined by a source of time; false makes the two others meaningless.</param>
/// <param name="UtcUs">µs since 1970-01-01T00:00:00Z, leap seconds not counted.</param>
/// <param name="UncertaintyUs">Half the width of the interval that holds the true UTC, µs, not below 0.</param>
/// <param name="Implausible">Why a clock that is said to be right is not believed, English; null when nothing speaks against it.</param>
public readonly record struct UtcEstimate(bool Synchronised, long UtcUs, long UncertaintyUs, string? Implausible = null);

/// <summary>The gateway's clocks: the machine's in the host, the kernel's in simulation.</summary>
public interface IGatewayTime
{
    /// <summary>Monotonic µs; the same clock as the <c>nowUs</c> of every call.</summary>
    long NowUs { get; }

    /// <summary>UTC at this moment.</summary>
    UtcEstimate Utc { get; }
}

/// <summary>What happens to a connection to the session's broker. Every call comes on the gateway's loop.</summary>
public interface IUplinkEvents
{
    /// <summary>The transport is up.</summary>
    /// <param name="connection">Its outward half.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Opened(IMqttConnection connection, long nowUs);

    /// <summary>Bytes arrived.</summary>
    /// <param name="bytes">The bytes, in any chunks.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Received(ReadOnlySpan<byte> bytes, long nowUs);

    /// <summary>The transport is gone, or did not come up.</summary>
    /// <param name="text">Why, for the log.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Closed(string text, long nowUs);

    /// <summary>Instead of <see cref="Closed"/>, when the cause is known: something that will not go away by itself.</summary>
    /// <param name="code">The cause, a code of hardware/faults.json.</param>
    /// <param name="text">What happened, for the log.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Refused(string code, string text, long nowUs) => Closed(text, nowUs);
}

/// <summary>Makes connections to the session's broker: TCP in the host, the simulated network in simulation.</summary>
public interface IUplinkConnector
{
    /// <summary>Begins one attempt. It ends with exactly one <see cref="IUplinkEvents.Closed"/>, at once or after an Opened; never from inside this call.</summary>
    /// <param name="events">Where to report.</param>
    void Connect(IUplinkEvents events);
}

/// <summary>One line of the gateway's log.</summary>
/// <param name="Code">Code in hardware/faults.json, "G" and four digits.</param>
/// <param name="What">What happened here: place and numbers, English. What it means and what to do stand in the catalogue.</param>
/// <param name="NowUs">Monotonic µs.</param>
/// <param name="Subject">What it is about; a repeated line is held back per code and subject.</param>
/// <param name="Ended">The code of the issue that has ended, for <see cref="FaultCodes.HealthIssueEnded"/>; else empty.</param>
public readonly record struct GatewayLogEntry(string Code, string What, long NowUs, HealthSubject Subject = default, string Ended = "");

/// <summary>Where log lines go. Never blocks.</summary>
public interface IGatewayLog
{
    /// <summary>Takes one line.</summary>
    /// <param name="entry">The line.</param>
    void Write(in GatewayLogEntry entry);
}

/// <summary>Makes the journal.</summary>
/// <param name="handler">Its owner.</param>
/// <param name="projections">The projections that it feeds and saves, in this order.</param>
/// <returns>The journal, not yet open.</returns>
public delegate IJournal JournalFactory(IJournalHandler handler, IReadOnlyList<IJournalProjection> projections);

/// <summary>Makes the MQTT server that pods, and with the embedded endpoint the session's subscribers, connect to.</summary>
/// <param name="handler">The application behind it.</param>
/// <returns>The server.</returns>
public delegate IMqttServer MqttServerFactory(IMqttServerHandler handler);

/// <summary>Makes the MQTT client towards an external broker.</summary>
/// <param name="options">How to be a client.</param>
/// <param name="handler">The application behind it.</param>
/// <returns>The client.</returns>
public delegate IMqttClient MqttClientFactory(MqttClientOptions options, IMqttClientHandler handler);

/// <summary>All that the gateway's logic needs from outside.</summary>
public sealed record GatewayPorts
{
    /// <summary>Makes the journal.</summary>
    public required JournalFactory Journal { get; init; }

    /// <summary>Makes the server.</summary>
    public required MqttServerFactory Server { get; init; }

    /// <summary>Makes the client; needed with an external broker only.</summary>
    public MqttClientFactory? Client { get; init; }

    /// <summary>Connects to the external broker; needed with an external broker only.</summary>
    public IUplinkConnector? Uplink { get; init; }

    /// <summary>The clocks.</summary>
    public required IGatewayTime Time { get; init; }

    /// <summary>Random bits, used once in the life of a journal: for where its binding epochs begin.</summary>
    public required IEntropy Entropy { get; init; }

    /// <summary>The log, or null for none.</summary>
    public IGatewayLog? Log { get; init; }

    /// <summary>What the host met while it made these ports and a person should know; stands in health until the next start.</summary>
    public IReadOnlyList<CodedError> Sent { get; init; } = [];

    /// <summary>Who belongs to this cart by certificate; null while no certificates are configured.</summary>
    public ICartMembers? Members { get; init; }

    /// <summary>Where acts are written; null for nowhere.</summary>
    public ITrail? Trail { get; init; }

    /// <summary>Tokens of platforms; null where no accounts are set up, and whoever reaches loopback is let in.</summary>
    public IApiTokens? Tokens { get; init; }

    /// <summary>Makes and verifies the tokens of listeners over WebSocket; null admits none.</summary>
    public ListenerTokens? Listeners { get; init; }
}
