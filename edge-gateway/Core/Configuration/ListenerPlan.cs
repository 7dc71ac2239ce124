using System;
using System.Collections.Generic;
using System.Net;

namespace EdgeGateway.Core.Configuration;

/// <summary>What protects a listener.</summary>
public enum ListenerProtection
{
    /// <summary>Nothing on the wire: it binds to loopback, and programs of this machine alone reach it.</summary>
    Loopback,

    /// <summary>TLS in which both sides prove themselves by certificates of the cart.</summary>
    MutualTls,

    /// <summary>TLS in which the gateway alone proves itself.</summary>
    Tls,
}

/// <summary>One listener of the gateway: on which address, with what.</summary>
/// <param name="Protocol">"mqtt", "http", "mqtts" or "https".</param>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its TCP port; 0 for any free one.</param>
/// <param name="Protection">What protects it.</param>
public sealed record PlannedListener(string Protocol, IPAddress Address, int Port, ListenerProtection Protection)
{
    /// <summary>The word for programs.</summary>
    public string ProtectionWord => Protection switch
    {
        ListenerProtection.MutualTls => "mutualTls",
        ListenerProtection.Tls => "tls",
        _ => "loopback",
    };

    /// <summary>One line for people.</summary>
    /// <returns>"mqtts 0.0.0.0:8883, mutual TLS: pods and listeners with a certificate of this cart".</returns>
    public override string ToString() => Protocol + " " + new IPEndPoint(Address, Port) + Protection switch
    {
        ListenerProtection.MutualTls => ", mutual TLS 1.2 or 1.3: pods and listeners with a certificate of this cart",
        ListenerProtection.Tls => ", TLS 1.2 or 1.3",
        _ => ", plain: this machine alone",
    };
}

/// <summary>The listeners that a configuration asks for.</summary>
public static class ListenerPlan
{
    /// <summary>The listeners, in the order in which they are opened.</summary>
    /// <param name="options">The configuration.</param>
    /// <returns>Each with its configured port.</returns>
    public static IReadOnlyList<PlannedListener> Of(GatewayHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<PlannedListener> listeners =
        [
            new("mqtt", options.MqttAddress, options.MqttPort, ListenerProtection.Loopback),
            new("http", options.HttpAddress, options.HttpPort, ListenerProtection.Loopback),
        ];
        if (options.Tls is { } tls)
        {
            listeners.Add(new PlannedListener("mqtts", tls.MqttAddress, tls.MqttPort, ListenerProtection.MutualTls));
        }

        if (options.Web.Listen is { } web)
        {
            listeners.Add(new PlannedListener("https", web.Address, web.Port, ListenerProtection.Tls));
        }

        return listeners;
    }
}
