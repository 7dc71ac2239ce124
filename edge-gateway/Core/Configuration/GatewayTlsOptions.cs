using System.Collections.Generic;
using System.Net;

namespace EdgeGateway.Core.Configuration;

/// <summary>How pods and listeners of other machines reach the gateway: over mutual TLS alone.</summary>
public sealed record GatewayTlsOptions
{
    /// <summary>Folder of the cart's certificates and of its pod list, as cartctl keeps it.</summary>
    public required string Directory { get; init; }

    /// <summary>Address of the MQTT listener with TLS; any address of this machine.</summary>
    public IPAddress MqttAddress { get; init; } = IPAddress.Any;

    /// <summary>Its TCP port, 0 (any free one) to 65,535.</summary>
    public int MqttPort { get; init; } = 8883;

    internal static GatewayTlsOptions Standard { get; } = new() { Directory = string.Empty };

    /// <summary>Rows of the section tls.</summary>
    internal static IReadOnlyList<Setting<GatewayTlsOptions>> Settings { get; } =
    [
        Setting.Text<GatewayTlsOptions>(
            "directory",
            new TextSetting("a directory", WrittenValues.IsPath, "./certificates") { IsRequired = true, Proposal = "/var/lib/cart-gateway/certificates", Meant = WrittenValues.MeantPath },
            static (o, v) => o with { Directory = v },
            "Certificates, keys and the pod list, made by cartctl certs and cartctl pods. A relative path counts from this file's folder."),
        Setting.Text<GatewayTlsOptions>(
            "mqttAddress", new TextSetting("an IP address", WrittenValues.IsListener, "0.0.0.0") { Default = IPAddress.Any.ToString() }, static (o, v) => o with { MqttAddress = WrittenValues.ListenerOf(v) },
            "Address for MQTT over mutual TLS: pods and listeners with a certificate of this cart. The plain listener stays on loopback."),
        Setting.Whole<GatewayTlsOptions>("mqttPort", string.Empty, 0, 65_535, Standard.MqttPort, static (o, v) => o with { MqttPort = (int)v }, "Its TCP port; 0 takes any free one."),
    ];
}
