using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core;

/// <summary>A broker of the customer's, used as the session's broker instead of the embedded endpoint.</summary>
public sealed record ExternalBroker
{
    /// <summary>Host name or address, for the connector and for logs; not empty.</summary>
    public required string Host { get; init; }

    /// <summary>TCP port, 1 to 65,535.</summary>
    public int Port { get; init; } = 1883;

    /// <summary>Client identifier, 1 to 64 characters; null for <c>cart-{cartId}</c>.</summary>
    public string? ClientId { get; init; }

    /// <summary>Protocol level. Under 3.1.1 there is no reason code, so a message nobody takes counts as sent.</summary>
    public MqttVersion Version { get; init; } = MqttVersion.V5;

    /// <summary>User name, or null.</summary>
    public string? UserName { get; init; }

    /// <summary>Password; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Password { get; init; }

    /// <summary>Keep-alive, s, 5 to 300.</summary>
    public ushort KeepAliveSeconds { get; init; } = 15;

    /// <summary>First pause before a new connection attempt, µs, 10 ms to 10 s. It doubles with each failure, with a seeded jitter of a quarter.</summary>
    public long FirstBackoffUs { get; init; } = 250_000;

    /// <summary>Longest pause before a new connection attempt, µs, up to 5 minutes.</summary>
    public long LongestBackoffUs { get; init; } = 5_000_000;
}

/// <summary>What the retained device topic says of a device beyond what its frames say. Null members are published as null: not known.</summary>
public sealed record DeviceDescription
{
    /// <summary>The EUI-64.</summary>
    public required ulong DeviceId { get; init; }

    /// <summary>Who made it.</summary>
    public string? Maker { get; init; }

    /// <summary>Model.</summary>
    public string? Model { get; init; }

    /// <summary>Serial number.</summary>
    public string? Serial { get; init; }

    /// <summary>Unique device identification, where there is one.</summary>
    public string? Udi { get; init; }

    /// <summary>Firmware version.</summary>
    public string? Firmware { get; init; }

    /// <summary>Calibration with its date, as text.</summary>
    public string? Calibration { get; init; }

    /// <summary>Sensor class, for example "hobby" or "oem".</summary>
    public string? SensorClass { get; init; }
}

/// <summary>Where on the body a stream measures; becomes a vital's <c>site</c>.</summary>
/// <param name="DeviceId">The EUI-64.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Site">Site, 1 to 32 characters, for example "finger".</param>
public sealed record StreamSite(ulong DeviceId, int Stream, string Site);

/// <summary>How the gateway's logic behaves. Every member has a default that works with nothing installed.</summary>
public sealed record GatewayOptions
{
    /// <summary>The cart's name in topics, 1 to 64 of A-Z a-z 0-9 '_' '-'.</summary>
    public required string CartId { get; init; }

    /// <summary>The gateway's own EUI-64, the device id of the frames it makes itself (gaps and events); not 0.</summary>
    public required ulong GatewayId { get; init; }

    /// <summary>The session's broker; null for the embedded endpoint.</summary>
    public ExternalBroker? External { get; init; }

    /// <summary>True when consumers send receipts. False: page and report say "handed to the broker" and never "received".</summary>
    public bool ReceiptsExpected { get; init; } = true;

    /// <summary>True for patients: frames flagged simulated, injected or test are never bound to a session.</summary>
    public bool Production { get; init; } = true;

    /// <summary>Most messages published and not yet durably marked as sent, 1 to 1,024. It bounds the duplicates after a kill.</summary>
    public int Window { get; init; } = 32;

    /// <summary>Least of <see cref="ReadAheadBytes"/>.</summary>
    public const int MinReadAheadBytes = 8192;

    /// <summary>Bytes of records held in memory per reading position of the uplink, <see cref="MinReadAheadBytes"/> to 1 MiB; memory does not grow with the backlog.</summary>
    public int ReadAheadBytes { get; init; } = 64 * 1024;

    /// <summary>A session's backlog above this many records is overtaken by the live readings of streams without backlog, 1 to 1,000,000.</summary>
    public int LiveDistanceRecords { get; init; } = 256;

    /// <summary>Pause before a session nobody listens to is probed again with one message, µs, 100 ms to 60 s.</summary>
    public long ProbeUs { get; init; } = 2_000_000;

    /// <summary>Messages of pods waiting for room in the journal, 1 to 4,096. At the bound the pod is disconnected and sends again.</summary>
    public int MaxHeldMessages { get; init; } = 256;

    /// <summary>Age at which a hole in a stream that nobody declared becomes a gap "unexplained", µs, while the pod is in the same boot; 1 s to 1 h.</summary>
    public long UnexplainedUs { get; init; } = 120_000_000;

    /// <summary>The same when the pod has begun another boot, µs; 1 s to 1 h.</summary>
    public long UnexplainedOtherBootUs { get; init; } = 30_000_000;

    /// <summary>How long the retained state keeps showing a last value, µs. Fixed by the house's law 8 to at most 30 s.</summary>
    public long StateStalenessUs { get; init; } = 30_000_000;

    /// <summary>Shortest time between two publications of a session's retained state, µs, 100 ms to 10 s.</summary>
    public long StatePeriodUs { get; init; } = 1_000_000;

    /// <summary>Largest relative error of a pod's clock against the gateway's, parts per million, 1 to 1,000. 100 covers two crystals of 50 ppm at the extremes of temperature.</summary>
    public int ClockDriftPpm { get; init; } = 100;

    /// <summary>Above this uncertainty a time is not called known: the reading is "unsynchronised", µs, 1 ms to 60 s.</summary>
    public long MaxUncertaintyUs { get; init; } = 2_000_000;

    /// <summary>Sessions remembered, 16 to 4,096. The oldest closed one is forgotten at the bound.</summary>
    public int MaxSessions { get; init; } = 256;

    /// <summary>Seed of the jitter of reconnections.</summary>
    public ulong Seed { get; init; }

    /// <summary>What is known of devices beyond their frames.</summary>
    public IReadOnlyList<DeviceDescription> Devices { get; init; } = [];

    /// <summary>Where streams measure.</summary>
    public IReadOnlyList<StreamSite> Sites { get; init; } = [];
}
