using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Sessions;
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

    /// <summary>The file that the password was read from, as the configuration names it; null when there is none.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>True to send the password in clear to a broker on another machine (G2176).</summary>
    public bool IsPasswordInClear { get; init; }

    /// <summary>By what it is reached.</summary>
    public UplinkTransport Transport { get; init; }

    /// <summary>Whose client speaks with it.</summary>
    public BrokerClientKind Client { get; init; }

    /// <summary>Further addresses of the same broker, asked in turn when the one before does not answer.</summary>
    public IReadOnlyList<BrokerAddress> Alternatives { get; init; } = [];

    /// <summary>The name that its certificate must have; null for the host.</summary>
    public string? ServerName { get; init; }

    /// <summary>The path of its WebSocket.</summary>
    public string WebSocketPath { get; init; } = "/mqtt";

    /// <summary>The file of the authority that is trusted for it, as the configuration names it; null for the system's authorities.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>What that file holds, PEM; empty for the system's authorities.</summary>
    public ReadOnlyMemory<byte> Authority { get; init; }

    /// <summary>The file of the gateway's own certificate and key for it; null for none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>What that file holds, PEM; empty for none. It is a secret.</summary>
    public ReadOnlyMemory<byte> Certificate { get; init; }

    /// <summary>Keep-alive, s, 5 to 300.</summary>
    public ushort KeepAliveSeconds { get; init; } = 15;

    /// <summary>First pause before a new connection attempt, µs, 10 ms to 10 s. It doubles with each failure, with a seeded jitter of a quarter.</summary>
    public long FirstBackoffUs { get; init; } = 250_000;

    /// <summary>Longest pause before a new connection attempt, µs, up to 5 minutes.</summary>
    public long LongestBackoffUs { get; init; } = 5_000_000;

    /// <summary>Most addresses beside the first.</summary>
    public const int MaxAlternatives = 8;

    internal static ExternalBroker Standard { get; } = new() { Host = string.Empty };

    /// <summary>The rows of the section sessionBroker.</summary>
    internal static IReadOnlyList<SettingEntry> Settings { get; } =
    [
        Setting.Text<ExternalBroker>(
            "host", new TextSetting("a host name or address alone", WrittenValues.IsHost, "broker.example") { IsRequired = true, Meant = WrittenValues.MeantHost },
            static (o, v) => o with { Host = v }, "Name or address: no mqtt://, no port, no user."),
        Setting.Whole<ExternalBroker>("port", string.Empty, 1, 65_535, Standard.Port, static (o, v) => o with { Port = (int)v }, "TCP port; with TLS mostly 8883, with wss 443."),
        Setting.Word<ExternalBroker, UplinkTransport>(
            "transport", [("tcp", UplinkTransport.Tcp), ("tls", UplinkTransport.Tls), ("ws", UplinkTransport.WebSocket), ("wss", UplinkTransport.SecureWebSocket)], static (o, v) => o with { Transport = v },
            "By what it is reached. tcp and ws are plain: whoever is on the way reads the password and the readings.", "tls"),
        Setting.Word<ExternalBroker, BrokerClientKind>(
            "client", [("builtin", BrokerClientKind.Builtin), ("mqttnet", BrokerClientKind.MqttNet)], static (o, v) => o with { Client = v },
            "Whose MQTT client speaks with it: the gateway's own, or MQTTnet's. The README says what differs."),
        Setting.Text<ExternalBroker>(
            "serverName", new TextSetting("a host name or address alone", WrittenValues.IsHost, "broker.example") { Default = "<host>" },
            static (o, v) => o with { ServerName = v }, "The name that its certificate must have, when it is not host."),
        Setting.Text<ExternalBroker>(
            "authorityFile", new TextSetting("the path of a file", WrittenValues.IsPath, "hospital-ca.pem") { Meant = WrittenValues.MeantPath },
            static (o, v) => o with { AuthorityFile = v }, "Certificates of the authority that is trusted for it, PEM. Without it, those of the system."),
        Setting.Text<ExternalBroker>(
            "certificateFile", new TextSetting("the path of a file", WrittenValues.IsPath, "broker-client.pem") { Meant = WrittenValues.MeantPath },
            static (o, v) => o with { CertificateFile = v }, "The gateway's own certificate for it, what stands between it and the root, and its key, PEM, in a file that only the gateway may read."),
        Setting.Text<ExternalBroker>(
            "webSocketPath", new TextSetting("a path that begins with /", static t => t.Length is > 1 and <= 256 && t[0] == '/' && t.All(static c => c is > ' ' and < '\x7F' and not ('#' or '"')), "/mqtt") { Default = "/mqtt" },
            static (o, v) => o with { WebSocketPath = v }, "The path of its WebSocket, for ws and wss."),
        new SettingList<ExternalBroker, BrokerAddress>(
            "alternatives", "Further addresses of the same broker, asked in turn when the one before does not answer.", [.. BrokerAddress.Settings], new BrokerAddress(string.Empty, 1883), static (o, v) => o with { Alternatives = v })
        { MaxItems = MaxAlternatives },
        Setting.Word<ExternalBroker, MqttVersion>(
            "version", [("5", MqttVersion.V5), ("3.1.1", MqttVersion.V311)], static (o, v) => o with { Version = v },
            "Version of MQTT. 3.1.1 cannot say that nobody listens, so sent then means handed to the broker."),
        Setting.Text<ExternalBroker>(
            "clientId", new TextSetting("1 to 64 characters, none of them a control character", static t => WrittenValues.IsMqttText(t, 64), "cart-cart-1") { MaxLength = 64, Default = "cart-<id>" },
            static (o, v) => o with { ClientId = v }, "MQTT client identifier."),
        Setting.Text<ExternalBroker>(
            "userName", new TextSetting("a user name of 1 to 1024 characters, none of them a control character", static t => WrittenValues.IsMqttText(t, 1024), "cart-1") { MaxLength = 1024 },
            static (o, v) => o with { UserName = v }, "User name."),
        Setting.Text<ExternalBroker>(
            "passwordFile", new TextSetting("the path of a file", WrittenValues.IsPath, "broker.secret") { Meant = WrittenValues.MeantPath },
            static (o, v) => o with { PasswordFile = v }, "The password alone, in a file that only the gateway may read. A relative path counts from this file's folder."),
        Setting.Flag<ExternalBroker>(
            "passwordInClear", false, static (o, v) => o with { IsPasswordInClear = v }, "true: send the password although the transport is plain and the broker on another machine, for a closed network of your own."),
        Setting.Whole<ExternalBroker>("keepAliveSeconds", "s", 5, 300, Standard.KeepAliveSeconds, static (o, v) => o with { KeepAliveSeconds = (ushort)v }, "Keep-alive."),
        Setting.Whole<ExternalBroker>(
            "firstBackoffMs", "ms", 10, 10_000, Standard.FirstBackoffUs / 1000, static (o, v) => o with { FirstBackoffUs = v * 1000 },
            "First pause before a new attempt to connect; it doubles with each failure."),
        Setting.Whole<ExternalBroker>(
            "longestBackoffMs", "ms", 10, 300_000, Standard.LongestBackoffUs / 1000, static (o, v) => o with { LongestBackoffUs = v * 1000 },
            "Longest pause before a new attempt to connect, not below the first."),
    ];
}

/// <summary>By what the session's broker is reached.</summary>
public enum UplinkTransport
{
    /// <summary>MQTT on TCP, in plain.</summary>
    Tcp,

    /// <summary>MQTT on TLS.</summary>
    Tls,

    /// <summary>MQTT over WebSocket, in plain.</summary>
    WebSocket,

    /// <summary>MQTT over WebSocket on TLS.</summary>
    SecureWebSocket,
}

/// <summary>Whose MQTT client speaks with the session's broker.</summary>
public enum BrokerClientKind
{
    /// <summary>The gateway's own, which is also the simulated one.</summary>
    Builtin,

    /// <summary>MQTTnet's, behind the same port.</summary>
    MqttNet,
}

/// <summary>An address of a broker.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">TCP port, 1 to 65,535.</param>
public sealed record BrokerAddress(string Host, int Port)
{
    /// <summary>The rows of one entry of alternatives.</summary>
    internal static IReadOnlyList<Setting<BrokerAddress>> Settings { get; } =
    [
        Setting.Text<BrokerAddress>(
            "host", new TextSetting("a host name or address alone", WrittenValues.IsHost, "broker-2.example") { IsRequired = true, Meant = WrittenValues.MeantHost }, static (o, v) => o with { Host = v }, "Name or address."),
        Setting.Whole<BrokerAddress>("port", string.Empty, 1, 65_535, 1883, static (o, v) => o with { Port = (int)v }, "TCP port."),
    ];
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

    internal static DeviceDescription Standard { get; } = new() { DeviceId = 0 };

    /// <summary>The rows of one entry of devices.</summary>
    internal static IReadOnlyList<Setting<DeviceDescription>> Settings { get; } =
    [
        Setting.Text<DeviceDescription>("id", WrittenValues.Eui("\"0200000000000010\""), static (o, v) => o with { DeviceId = WrittenValues.EuiOf(v) }, "The pod's EUI-64."),
        Remark("maker", "made up", static (o, v) => o with { Maker = v }, "Who made it."),
        Remark("model", "two-sensor pod", static (o, v) => o with { Model = v }, "Model."),
        Remark("serial", "\"0001\"", static (o, v) => o with { Serial = v }, "Serial number."),
        Remark("udi", "made up", static (o, v) => o with { Udi = v }, "Unique device identification."),
        Remark("firmware", "made up", static (o, v) => o with { Firmware = v }, "Firmware version, where the pod does not say it."),
        Remark("calibration", "none", static (o, v) => o with { Calibration = v }, "Calibration with its date."),
        Remark("sensorClass", "hobby", static (o, v) => o with { SensorClass = v }, "Sensor class. hobby: not CE-marked, not for patients."),
    ];

    private static Setting<DeviceDescription> Remark(string key, string example, Func<DeviceDescription, string, DeviceDescription> set, string comment) =>
        Setting.Text(key, new TextSetting("1 to 128 characters", static t => t.Length is > 0 and <= 128, example) { MaxLength = 128 }, set, comment);
}

/// <summary>Where on the body a stream measures; becomes a vital's <c>site</c>.</summary>
/// <param name="DeviceId">The EUI-64.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Site">Site, 1 to 32 characters, for example "finger".</param>
public sealed record StreamSite(ulong DeviceId, int Stream, string Site)
{
    /// <summary>The rows of one entry of devices[].sites.</summary>
    internal static IReadOnlyList<Setting<StreamSite>> Settings { get; } =
    [
        Setting.Whole<StreamSite>("stream", string.Empty, 1, 65_535, 1, static (o, v) => o with { Stream = (int)v }, "The stream's number."),
        Setting.Text<StreamSite>(
            "site", new TextSetting("1 to 32 characters", static t => t.Length is > 0 and <= 32, "finger") { IsRequired = true, MaxLength = 32 },
            static (o, v) => o with { Site = v }, "Where it measures."),
    ];
}

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

    /// <summary>Age at which a sequence gap in a stream that nobody declared becomes a gap "unexplained", µs, while the pod is in the same boot; 1 s to 1 h.</summary>
    public long UnexplainedUs { get; init; } = 120_000_000;

    /// <summary>The same when the pod has begun another boot, µs; 1 s to 1 h.</summary>
    public long UnexplainedOtherBootUs { get; init; } = 30_000_000;

    /// <summary>How long the retained state keeps showing a last value, µs. At most 30 s: the rule "absence has a reason" in ARCHITECTURE.md.</summary>
    public long StateStalenessUs { get; init; } = 30_000_000;

    /// <summary>Shortest time between two publications of a session's retained state, µs, 100 ms to 10 s.</summary>
    public long StatePeriodUs { get; init; } = 1_000_000;

    /// <summary>Largest relative error of a pod's clock against the gateway's, parts per million, 1 to 1,000. 100 covers two crystals of 50 ppm at the extremes of temperature.</summary>
    public int ClockDriftPpm { get; init; } = 100;

    /// <summary>Above this uncertainty a time is not called known: the reading is "unsynchronised", µs, 1 ms to 60 s.</summary>
    public long MaxUncertaintyUs { get; init; } = 2_000_000;

    /// <summary>Sessions remembered, 16 to 4,096. The oldest closed one is forgotten at the bound.</summary>
    public int MaxSessions { get; init; } = 256;

    /// <summary>Days after a session's close at which its delivered readings are erased, and unbound ones after theirs, 1 to 365.</summary>
    public int DeliveredDays { get; init; } = 7;

    /// <summary>Hours after its receipt at which a closed session's sound is erased, 1 to 8,760.</summary>
    public int SoundHours { get; init; } = 24;

    /// <summary>Days after a session's close at which readings that nobody fetched are given up, declared as gaps and erased, 1 to 365, not below <see cref="DeliveredDays"/>.</summary>
    public int UndeliveredDays { get; init; } = 30;

    /// <summary>Seed of the jitter of reconnections.</summary>
    public ulong Seed { get; init; }

    /// <summary>What is known of devices beyond their frames.</summary>
    public IReadOnlyList<DeviceDescription> Devices { get; init; } = [];

    /// <summary>Where streams measure.</summary>
    public IReadOnlyList<StreamSite> Sites { get; init; } = [];

    internal static GatewayOptions Standard { get; } = new() { CartId = string.Empty, GatewayId = 0 };

    /// <summary>Rows of the section cart.</summary>
    internal static IReadOnlyList<Setting<GatewayOptions>> CartSettings { get; } =
    [
        Setting.Text<GatewayOptions>(
            "id", new TextSetting("1 to 64 of A-Z a-z 0-9 _ -", WrittenValues.IsName, "cart-1") { IsRequired = true, Pattern = "^[A-Za-z0-9_-]{1,64}$" },
            static (o, v) => o with { CartId = v }, "The cart's name in topics."),
        Setting.Text<GatewayOptions>(
            "gatewayId", WrittenValues.Eui("\"0200000000000001\""), static (o, v) => o with { GatewayId = WrittenValues.EuiOf(v), Seed = WrittenValues.EuiOf(v) },
            "The gateway's own EUI-64. This one is made up: use the address of the machine, or a locally administered one."),
        Setting.Flag<GatewayOptions>(
            "production", Standard.Production, static (o, v) => o with { Production = v }, "true: readings flagged simulated, injected or test never enter a session."),
    ];

    /// <summary>Rows of the section uplink.</summary>
    internal static IReadOnlyList<Setting<GatewayOptions>> UplinkSettings { get; } =
    [
        Setting.Flag<GatewayOptions>(
            "receiptsExpected", Standard.ReceiptsExpected, static (o, v) => o with { ReceiptsExpected = v },
            "false when the consumer sends no receipts: page and report then say \"handed to the broker\", never \"received\"."),
        Setting.Whole<GatewayOptions>(
            "windowMessages", "messages", 1, 1024, Standard.Window, static (o, v) => o with { Window = (int)v },
            "Messages published and not yet marked as sent. It bounds the duplicates after the gateway was killed.", static o => o.Window),
        Setting.Whole<GatewayOptions>(
            "readAheadBytes", "bytes", MinReadAheadBytes, 1_048_576, Standard.ReadAheadBytes, static (o, v) => o with { ReadAheadBytes = (int)v }, "Memory per reading position.", static o => o.ReadAheadBytes),
        Setting.Whole<GatewayOptions>(
            "liveDistanceRecords", "records", 1, 1_000_000, Standard.LiveDistanceRecords, static (o, v) => o with { LiveDistanceRecords = (int)v },
            "A backlog longer than this lets live readings overtake it.", static o => o.LiveDistanceRecords),
        Setting.Whole<GatewayOptions>(
            "probeMs", "ms", 100, 60_000, Standard.ProbeUs, static (o, v) => o with { ProbeUs = v }, "Pause before a session that nobody listens to is tried again.", static o => o.ProbeUs, 1000),
        Setting.Whole<GatewayOptions>(
            "statePeriodMs", "ms", 100, 10_000, Standard.StatePeriodUs, static (o, v) => o with { StatePeriodUs = v }, "Shortest time between two retained states of a session.", static o => o.StatePeriodUs, 1000),
        Setting.Whole<GatewayOptions>(
            "stateStalenessMs", "ms", 1000, 30_000, Standard.StateStalenessUs, static (o, v) => o with { StateStalenessUs = v },
            "How long the retained state shows a last value.", static o => o.StateStalenessUs, 1000),
    ];

    /// <summary>Rows of the section ingest.</summary>
    internal static IReadOnlyList<Setting<GatewayOptions>> IngestSettings { get; } =
    [
        Setting.Whole<GatewayOptions>(
            "maxHeldMessages", "messages", 1, 4096, Standard.MaxHeldMessages, static (o, v) => o with { MaxHeldMessages = (int)v },
            "Messages of pods that wait for room in the journal. Beyond it the pod is disconnected and sends again.", static o => o.MaxHeldMessages),
        Setting.Whole<GatewayOptions>(
            "unexplainedMs", "ms", 1000, 3_600_000, Standard.UnexplainedUs, static (o, v) => o with { UnexplainedUs = v },
            "Age at which a sequence gap becomes a gap record \"unexplained\", in the same boot of the pod.", static o => o.UnexplainedUs, 1000),
        Setting.Whole<GatewayOptions>(
            "unexplainedOtherBootMs", "ms", 1000, 3_600_000, Standard.UnexplainedOtherBootUs, static (o, v) => o with { UnexplainedOtherBootUs = v },
            "The same, after another boot of the pod.", static o => o.UnexplainedOtherBootUs, 1000),
    ];

    /// <summary>Rows of the section time.</summary>
    internal static IReadOnlyList<Setting<GatewayOptions>> TimeSettings { get; } =
    [
        Setting.Whole<GatewayOptions>(
            "clockDriftPpm", "ppm", 1, 1000, Standard.ClockDriftPpm, static (o, v) => o with { ClockDriftPpm = (int)v }, "Largest error of a pod's clock against the gateway's.", static o => o.ClockDriftPpm),
        Setting.Whole<GatewayOptions>(
            "maxUncertaintyMs", "ms", 1, 60_000, Standard.MaxUncertaintyUs, static (o, v) => o with { MaxUncertaintyUs = v },
            "Above this uncertainty a reading's time is called unsynchronised.", static o => o.MaxUncertaintyUs, 1000),
    ];

    /// <summary>Rows of the section sessions.</summary>
    internal static IReadOnlyList<Setting<GatewayOptions>> SessionSettings { get; } =
    [
        Setting.Whole<GatewayOptions>(
            "maxSessions", "sessions", 16, 4096, Standard.MaxSessions, static (o, v) => o with { MaxSessions = (int)v },
            "Sessions remembered; the oldest closed one is forgotten at the bound.", static o => o.MaxSessions),
    ];

    /// <summary>Rows of the section journal.</summary>
    internal static IReadOnlyList<Setting<GatewayOptions>> RetentionSettings { get; } =
    [
        Setting.Whole<GatewayOptions>(
            "deliveredDays", "days", 1, 365, Standard.DeliveredDays, static (o, v) => o with { DeliveredDays = (int)v },
            "After a session's close its delivered readings are kept so long, then their key is destroyed. Unbound readings likewise.", static o => o.DeliveredDays),
        Setting.Whole<GatewayOptions>(
            "soundHours", "hours", 1, 8760, Standard.SoundHours, static (o, v) => o with { SoundHours = (int)v }, "The same for sound, after its receipt.", static o => o.SoundHours),
        Setting.Whole<GatewayOptions>(
            "undeliveredDays", "days", 1, 365, Standard.UndeliveredDays, static (o, v) => o with { UndeliveredDays = (int)v },
            "Readings that nobody fetched are kept so long, then declared as gaps and erased. Not below deliveredDays.", static o => o.UndeliveredDays),
    ];

    /// <summary>Refuses what lies outside its range: the one that its row above gives for gateway.yaml.</summary>
    /// <param name="options">What to look at.</param>
    /// <exception cref="ArgumentException">An option is outside the range that its documentation gives; the message names each.</exception>
    internal static void Check(GatewayOptions options)
    {
        List<string> problems = [];
        if (!Names.IsValid(options.CartId))
        {
            problems.Add("id is not 1 to 64 of A-Z a-z 0-9 _ -");
        }

        if (options.GatewayId == 0)
        {
            problems.Add("gatewayId is 0");
        }

        foreach (Setting<GatewayOptions> row in (Setting<GatewayOptions>[])[.. UplinkSettings, .. IngestSettings, .. TimeSettings, .. SessionSettings, .. RetentionSettings])
        {
            if (row.Problem(options) is { } problem)
            {
                problems.Add(problem);
            }
        }

        if (options.UndeliveredDays < options.DeliveredDays)
        {
            problems.Add("undeliveredDays is below deliveredDays");
        }

        if (problems.Count > 0)
        {
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
        }
    }
}
