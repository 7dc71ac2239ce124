using System.Net;

namespace EdgeGateway.Core.Configuration;

/// <summary>Everything the gateway's process is configured with; gateway.yaml is mapped onto it.</summary>
public sealed record GatewayHostOptions
{
    /// <summary>How the logic behaves.</summary>
    public required GatewayOptions Core { get; init; }

    /// <summary>Address of the MQTT listener for pods and, with the embedded endpoint, for the session's subscribers. Loopback only until mutual TLS is configured (G2010).</summary>
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

    /// <summary>True when the operating system's clock is to be trusted although the kernel does not call it disciplined (a machine without NTP whose clock is kept by other means). Its uncertainty is then <see cref="TrustedClockUncertaintyMs"/>.</summary>
    public bool TrustSystemClock { get; init; }

    /// <summary>The uncertainty of a clock trusted by configuration, ms, 1 to 60,000.</summary>
    public int TrustedClockUncertaintyMs { get; init; } = 1000;

    /// <summary>Who may use the pages and the WebSocket.</summary>
    public GatewayWebOptions Web { get; init; } = new();

    /// <summary>Language of messages, "en" or "fr".</summary>
    public string Language { get; init; } = "en";
}
