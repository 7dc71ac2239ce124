using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;

namespace EdgeGateway.Core.Configuration;

/// <summary>Who may use the pages and the WebSocket.</summary>
public sealed record GatewayWebOptions
{
    /// <summary>Most entries of any list.</summary>
    public const int MaxEntries = 16;

    /// <summary>Origins of pages beside this gateway's own that may open a WebSocket, as browsers write them: "https://clinic.example", or "null" for a page opened from a file. Empty: only pages of this gateway. Where a page changes something, "null" is never accepted: any site can make a page that sends it.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>Names under which this gateway may be addressed beside loopback ("localhost", "127.0.0.1", "[::1]"), lower case, without port: for a proxy before it. A request to another name is refused, so that no foreign name that is made to point here can act as this gateway's own page.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];

    /// <summary>Scheme, host and port under which browsers elsewhere reach this gateway through a proxy, without a final slash: "https://cart.clinic.example". Links for the remote side begin with it, and its pages are this gateway's own. Null: none.</summary>
    public string? PublicUrl { get; init; }

    /// <summary>Origins of platforms' pages that may show the clinician view inside of theirs, as browsers write them: "https://visits.example". No other page of the gateway is shown inside another one. Empty: none.</summary>
    public IReadOnlyList<string> EmbedIn { get; init; } = [];

    /// <summary>Addresses of proxies whose X-Forwarded-For, -Proto and -Host are believed; from anybody else they are ignored. Empty: none.</summary>
    public IReadOnlyList<IPAddress> TrustedProxies { get; init; } = [];

    /// <summary>Address and port of the listener for the pages over TLS; null for none. Off loopback it needs accounts too, see <see cref="HttpExposure"/>.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>File of the pages' certificate, what stands between it and the root, and its key, PEM; null for the cart's own, from the section tls.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>True for a trusted proxy.</summary>
    /// <param name="address">Who sends.</param>
    /// <returns>True when what it forwards is believed.</returns>
    public bool Trusts(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        for (int i = 0; i < TrustedProxies.Count; i++)
        {
            if (TrustedProxies[i].Equals(plain))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The entries of the section web.</summary>
    internal static IReadOnlyList<SettingEntry> Settings { get; } =
    [
        Entries(
            "origins", "origin",
            new TextSetting("https://name or http://name with an optional port, or null", static o => string.Equals(o, "null", StringComparison.Ordinal) || WrittenValues.IsOrigin(o), "https://clinic.example"),
            static (o, v) => o with { Origins = v }, "Pages served from elsewhere that may open a WebSocket here.", "The origin as browsers name it."),
        Entries(
            "hostNames", "name", new TextSetting("a host name or address without port", WrittenValues.IsHost, "cart.clinic.example"),
            static (o, v) => o with { HostNames = v }, "Names of this gateway beside localhost, for a proxy before it.", "The name."),
        Setting.Text<GatewayWebOptions>(
            "publicUrl",
            new TextSetting("https://name with an optional port and nothing behind it", static u => WrittenValues.IsOrigin(u.TrimEnd('/')), "https://cart.clinic.example")
            {
                Meant = static u => WrittenValues.IsHost(u) ? $"Write publicUrl: https://{u}." : null,
            },
            static (o, v) => o with { PublicUrl = v.TrimEnd('/') }, "How browsers elsewhere reach this gateway through a TLS proxy; links begin with it."),
        Entries(
            "embedIn", "origin", new TextSetting("https://name or http://name with an optional port", static o => WrittenValues.IsOrigin(o) && !o.AsSpan().ContainsAny(";,'\""), "https://visits.example"),
            static (o, v) => o with { EmbedIn = v }, "Pages of platforms that may show the clinician view inside of theirs.", "The origin as browsers name it."),
        Entries(
            "trustedProxies", "address", new TextSetting("an IP address", WrittenValues.IsAddress, "127.0.0.1"),
            static (o, v) => o with { TrustedProxies = [.. v.Select(IPAddress.Parse).Select(static a => a.IsIPv4MappedToIPv6 ? a.MapToIPv4() : a)] },
            "Proxies whose X-Forwarded-For, -Proto and -Host are believed.", "The address."),
        Setting.Text<GatewayWebOptions>(
            "listen", new TextSetting("an IP address and a port", static t => EndPointOf(t) is not null, "127.0.0.1:8443"), static (o, v) => o with { Listen = EndPointOf(v) },
            "Address and port for the pages over TLS. Off loopback it wants access.accounts: true too (G2177)."),
        Setting.Text<GatewayWebOptions>(
            "certificate", new TextSetting("the path of a file", WrittenValues.IsPath, "web.pem") { Meant = WrittenValues.MeantPath }, static (o, v) => o with { CertificateFile = v },
            "The pages' certificate, what stands between it and the root, and its key, PEM, in a file that only the gateway may read. Without it, the gateway's own of the section tls."),
    ];

    // "10.0.0.2" alone would parse with port 0.
    private static IPEndPoint? EndPointOf(string text) => text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out IPEndPoint? point) && text.EndsWith(":" + Invariant.Text(point.Port), StringComparison.Ordinal) ? point : null;

    private static SettingList<GatewayWebOptions, string> Entries(
        string key, string member, TextSetting text, Func<GatewayWebOptions, IReadOnlyList<string>, GatewayWebOptions> set, string comment, string about) =>
        new(key, comment, [Setting.Text<string>(member, text with { IsRequired = true }, static (_, v) => v, about)], string.Empty, (o, v) => set(o, [.. v.Where(static t => t.Length > 0)]))
        {
            MaxItems = MaxEntries,
        };
}
