using System.Collections.Generic;
using System.Text;
using System.Text.Json;

namespace EdgeGateway.Tool;

/// <summary>How pods reach a cart.</summary>
internal enum PodNetwork
{
    /// <summary>Only programs of the cart's own machine.</summary>
    None,

    /// <summary>An access point of the cart's own.</summary>
    AccessPoint,

    /// <summary>The site's network.</summary>
    Site,
}

/// <summary>The answers of <c>cartctl init</c>, and the gateway.yaml that they make. No I/O.</summary>
internal sealed record InitialConfiguration
{
    /// <summary>The longest file, lines.</summary>
    public const int MaxLines = 39;

    /// <summary>The file with the broker's password, beside gateway.yaml.</summary>
    public const string PasswordFile = "broker.secret";

    /// <summary>The cart's name in topics.</summary>
    public required string CartId { get; init; }

    /// <summary>The gateway's EUI-64, 16 hexadecimal digits.</summary>
    public required string GatewayId { get; init; }

    /// <summary>The journal's directory, as it is written.</summary>
    public required string JournalDirectory { get; init; }

    /// <summary>The directory of certificates, as it is written.</summary>
    public required string CertificateDirectory { get; init; }

    /// <summary>"en" or "fr".</summary>
    public string Language { get; init; } = "en";

    /// <summary>How pods reach the cart.</summary>
    public PodNetwork Network { get; init; }

    /// <summary>The gateway's address for them.</summary>
    public string Address { get; init; } = "0.0.0.0";

    /// <summary>True when certificates of this cart are there: without them a gateway with the section tls does not start.</summary>
    public bool HasCertificates { get; init; }

    /// <summary>The session's broker; empty for the gateway's own endpoint.</summary>
    public string BrokerHost { get; init; } = string.Empty;

    /// <summary>The user there; empty for none.</summary>
    public string BrokerUser { get; init; } = string.Empty;

    /// <summary>True when whoever uses the pages logs in.</summary>
    public bool HasAccounts { get; init; } = true;

    /// <summary>The file.</summary>
    /// <returns>YAML.</returns>
    public string Text()
    {
        List<string> lines =
        [
            "# The gateway's configuration, made by cartctl init. gateway.example.yaml explains every key.",
            "# After a change: cartctl check, then start the gateway again.",
            "cart:",
            "  # The cart's name in topics and certificates.",
            "  id: " + Quoted(CartId),
            "  # Made at random for this cart alone: a copy of this file for another cart needs another one.",
            "  gatewayId: " + Quoted(GatewayId),
            "  language: " + Language,
            "journal:",
            "  # Readings wait here until they are delivered, and their keys beside them.",
            "  directory: " + Quoted(JournalDirectory),
        ];
        AddPods(lines);
        AddBroker(lines);
        lines.AddRange(
        [
            "access:",
            HasAccounts ? "  # Whoever uses the pages logs in; the first account is made with the code of cartctl claim." : "  # Every program of this machine may do what a nurse may.",
            "  accounts: " + (HasAccounts ? "true" : "false"),
        ]);
        return string.Join('\n', lines) + "\n";
    }

    // A text of JSON is one of YAML.
    private static string Quoted(string text) => Encoding.UTF8.GetString(JsonSerializer.SerializeToUtf8Bytes(text));

    private void AddPods(List<string> lines)
    {
        if (Network == PodNetwork.None)
        {
            lines.Add("# Pods of other machines: the section tls. Without it this machine alone reaches the gateway.");
            return;
        }

        string mark = HasCertificates ? string.Empty : "# ";
        lines.Add(Network == PodNetwork.AccessPoint ? "# Pods come by the cart's own access point, by mutual TLS alone." : "# Pods come by the site's network, by mutual TLS alone.");
        if (!HasCertificates)
        {
            lines.Add("# The cart has no certificates yet: take the marks away, then cartctl certs request, sign, install.");
        }

        lines.Add(mark + "tls:");
        lines.Add(mark + "  directory: " + Quoted(CertificateDirectory));
        lines.Add(mark + "  mqttAddress: " + Quoted(Address));
        lines.Add(mark + "  mqttPort: 8883");
    }

    private void AddBroker(List<string> lines)
    {
        if (BrokerHost.Length == 0)
        {
            lines.Add("# No broker of the site's: the session's subscribers come to the gateway's own endpoint.");
            return;
        }

        lines.AddRange(["# Where the session's readings go. cartctl broker test tries it.", "sessionBroker:", "  host: " + Quoted(BrokerHost), "  port: 8883", "  transport: tls"]);
        if (BrokerUser.Length > 0)
        {
            lines.AddRange(["  userName: " + Quoted(BrokerUser), "  # The password alone.", "  passwordFile: " + PasswordFile]);
        }
    }
}
