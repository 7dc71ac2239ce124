using System.Collections.Generic;
using System.Net;

namespace EdgeGateway.Core.Configuration;

/// <summary>Everything the gateway's process is configured with; gateway.yaml is mapped onto it.</summary>
public sealed record GatewayHostOptions
{
    /// <summary>How the logic behaves.</summary>
    public required GatewayOptions Core { get; init; }

    /// <summary>Address of the MQTT listener for pods and, with the embedded endpoint, for the session's subscribers. Plain, and therefore loopback only (G2010); other machines use <see cref="Tls"/>.</summary>
    public IPAddress MqttAddress { get; init; } = IPAddress.Loopback;

    /// <summary>Its TCP port, 0 (any free one) to 65,535.</summary>
    public int MqttPort { get; init; } = 1883;

    /// <summary>Address of the HTTP listener. Loopback only until mutual TLS is configured (G2010).</summary>
    public IPAddress HttpAddress { get; init; } = IPAddress.Loopback;

    /// <summary>Its TCP port, 0 (any free one) to 65,535.</summary>
    public int HttpPort { get; init; } = 8080;

    /// <summary>Directory of the journal; created when absent. One process at a time.</summary>
    public required string JournalDirectory { get; init; }

    /// <summary>Most bytes the journal may take on the disk, 16 MiB or more.</summary>
    public long JournalQuotaBytes { get; init; } = 2L * 1024 * 1024 * 1024;

    /// <summary>A file with the cart's key, which wraps the keys of stored readings; the unit's credential cart.key goes before it. Null for keys/cart.key in the journal's directory.</summary>
    public string? CartKeyFile { get; init; }

    /// <summary>True when the operating system's clock is to be trusted although the kernel does not call it disciplined (a machine without NTP whose clock is kept by other means). Its uncertainty is then <see cref="TrustedClockUncertaintyMs"/>.</summary>
    public bool TrustSystemClock { get; init; }

    /// <summary>The uncertainty of a clock trusted by configuration, ms, 1 to 60,000.</summary>
    public int TrustedClockUncertaintyMs { get; init; } = 1000;

    /// <summary>Mutual TLS for other machines; null for none.</summary>
    public GatewayTlsOptions? Tls { get; init; }

    /// <summary>Who may use the pages and the WebSocket.</summary>
    public GatewayWebOptions Web { get; init; } = new();

    /// <summary>SHA-256 of the configuration file in hexadecimal digits, for the trail; empty without a file.</summary>
    public string FileSha256 { get; init; } = string.Empty;

    /// <summary>Who has to say who they are.</summary>
    public GatewayAccessOptions Access { get; init; } = GatewayAccessOptions.Standard;

    /// <summary>Language of messages, "en" or "fr".</summary>
    public string Language { get; init; } = "en";

    internal static GatewayHostOptions Standard { get; } = new() { Core = GatewayOptions.Standard, JournalDirectory = string.Empty };

    /// <summary>Rows of the section cart.</summary>
    internal static IReadOnlyList<Setting<GatewayHostOptions>> CartSettings { get; } =
    [
        Setting.Word<GatewayHostOptions, string>("language", [("en", "en"), ("fr", "fr")], static (o, v) => o with { Language = v }, "Language of messages."),
    ];

    /// <summary>Rows of the section listen.</summary>
    internal static IReadOnlyList<Setting<GatewayHostOptions>> ListenSettings { get; } =
    [
        Setting.Text<GatewayHostOptions>("mqttAddress", ListenerAddress, static (o, v) => o with { MqttAddress = WrittenValues.ListenerOf(v) }, "Address for MQTT: pods and, with the embedded endpoint, the session's subscribers."),
        Setting.Whole<GatewayHostOptions>("mqttPort", string.Empty, 0, 65_535, Standard.MqttPort, static (o, v) => o with { MqttPort = (int)v }, "Its TCP port; 0 takes any free one."),
        Setting.Text<GatewayHostOptions>("httpAddress", ListenerAddress, static (o, v) => o with { HttpAddress = WrittenValues.ListenerOf(v) }, "Address for HTTP: the pages, health, readiness, sessions, and MQTT over WebSocket at /mqtt."),
        Setting.Whole<GatewayHostOptions>("httpPort", string.Empty, 0, 65_535, Standard.HttpPort, static (o, v) => o with { HttpPort = (int)v }, "Its TCP port; 0 takes any free one."),
    ];

    /// <summary>Rows of the section journal.</summary>
    internal static IReadOnlyList<Setting<GatewayHostOptions>> JournalSettings { get; } =
    [
        Setting.Text<GatewayHostOptions>(
            "directory",
            new TextSetting("a directory", WrittenValues.IsPath, "./journal") { IsRequired = true, Proposal = "/var/lib/cart-gateway/journal", Meant = WrittenValues.MeantPath },
            static (o, v) => o with { JournalDirectory = v },
            "Created when absent. A relative path counts from this file's folder. One gateway at a time."),
        Setting.Whole<GatewayHostOptions>(
            "quotaMebibytes", "MiB", 16, 1_048_576, Standard.JournalQuotaBytes / MebiByte, static (o, v) => o with { JournalQuotaBytes = v * MebiByte },
            "At the bound, what was delivered gives way first, then sound and waveforms before vital signs."),
        Setting.Text<GatewayHostOptions>(
            "keyFile", new TextSetting("a file", WrittenValues.IsPath, "./journal/keys/cart.key") { Meant = WrittenValues.MeantPath }, static (o, v) => o with { CartKeyFile = v },
            "The cart's key, for its owner alone; made when absent. A unit's credential cart.key goes before it. Without either: keys/cart.key in the directory. Losing it loses undelivered readings."),
    ];

    /// <summary>Rows of the section time.</summary>
    internal static IReadOnlyList<Setting<GatewayHostOptions>> TimeSettings { get; } =
    [
        Setting.Flag<GatewayHostOptions>(
            "trustSystemClock", Standard.TrustSystemClock, static (o, v) => o with { TrustSystemClock = v }, "true: believe the machine's clock although the kernel does not call it disciplined."),
        Setting.Whole<GatewayHostOptions>(
            "trustedClockUncertaintyMs", "ms", 1, 60_000, Standard.TrustedClockUncertaintyMs, static (o, v) => o with { TrustedClockUncertaintyMs = (int)v },
            "The uncertainty of a clock that is believed so."),
    ];

    private const long MebiByte = 1024 * 1024;

    private static TextSetting ListenerAddress => new("an IP address", WrittenValues.IsListener, "127.0.0.1") { Default = IPAddress.Loopback.ToString() };
}
