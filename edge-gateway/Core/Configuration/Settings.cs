using System.Collections.Generic;
using System.Linq;

namespace EdgeGateway.Core.Configuration;

/// <summary>A row with its place in the file.</summary>
/// <param name="Path">The keys down to it; a list's key ends in "[]": "devices[].sites[].stream".</param>
/// <param name="Row">The row.</param>
internal sealed record PlacedSetting(string Path, Setting Row);

/// <summary>
/// Every key of gateway.yaml, one row each. The rows stand beside the options that they set; this composes them. The parser, --check,
/// gateway.example.yaml, gateway.schema.json and the tests of every row read this table.
/// </summary>
internal static class Settings
{
    /// <summary>The whole file.</summary>
    public static SettingSection<GatewayHostOptions, GatewayHostOptions> Root { get; } = Own(
        string.Empty, string.Empty,
        Own("cart", string.Empty, [.. Core(GatewayOptions.CartSettings), .. GatewayHostOptions.CartSettings]),
        Own("listen", "Plain, and therefore loopback only: the gateway refuses every other address (G2010). Other machines come by the section tls.", [.. GatewayHostOptions.ListenSettings]),
        new SettingSection<GatewayHostOptions, GatewayTlsOptions>(
            "tls", "Mutual TLS for pods and listeners on other machines. Without this section only this machine reaches the gateway.",
            GatewayTlsOptions.Settings, static _ => GatewayTlsOptions.Standard, static (o, tls) => o with { Tls = tls })
        { IsOptional = true },
        new SettingSection<GatewayHostOptions, GatewayWebOptions>(
            "web", "Who may use the pages and the WebSocket beside this machine.", GatewayWebOptions.Settings, static o => o.Web, static (o, web) => o with { Web = web })
        { IsOptional = true },
        new SettingSection<GatewayHostOptions, GatewayAccessOptions>(
            "access", "Who has to say who they are. Accounts are made by cartctl accounts, tokens of platforms by cartctl tokens.", GatewayAccessOptions.Settings, static o => o.Access, static (o, access) => o with { Access = access })
        { IsOptional = true },
        Own("journal", string.Empty, [.. GatewayHostOptions.JournalSettings, .. Core(GatewayOptions.RetentionSettings)]),
        new SettingSection<GatewayHostOptions, ExternalBroker>(
            "sessionBroker", "A broker of your own for the session's readings. Without this section the gateway's embedded endpoint serves them.",
            ExternalBroker.Settings, static _ => ExternalBroker.Standard, static (o, broker) => o with { Core = o.Core with { External = broker } })
        { IsOptional = true },
        Own("uplink", string.Empty, [.. Core(GatewayOptions.UplinkSettings)]),
        Own("ingest", string.Empty, [.. Core(GatewayOptions.IngestSettings)]),
        Own("time", string.Empty, [.. GatewayHostOptions.TimeSettings, .. Core(GatewayOptions.TimeSettings)]),
        Own("sessions", string.Empty, [.. Core(GatewayOptions.SessionSettings)]),
        Devices());

    /// <summary>Every row with its place, in the order of the example.</summary>
    public static IReadOnlyList<PlacedSetting> All { get; } = Flatten(Root, string.Empty).ToArray();

    private static SettingSection<GatewayHostOptions, GatewayHostOptions> Own(string key, string comment, params IReadOnlyList<SettingEntry> entries) =>
        new(key, comment, entries, static o => o, static (_, o) => o);

    private static IEnumerable<SettingEntry> Core(IEnumerable<Setting<GatewayOptions>> rows) => rows.Select(static row => row.In<GatewayHostOptions>(static o => o.Core, static (o, core) => o with { Core = core }));

    private static SettingList<GatewayHostOptions, DescribedDevice> Devices()
    {
        SettingList<DescribedDevice, StreamSite> sites = new(
            "sites", "Where on the body its streams measure.", StreamSite.Settings, new StreamSite(0, 1, string.Empty), static (device, sites) => device with { Sites = sites })
        {
            MaxItems = GatewayConfiguration.MaxSitesOfDevice,
            Examples = [["16", "axilla"], ["32", "finger"]],
        };
        return new SettingList<GatewayHostOptions, DescribedDevice>(
            "devices", "What is known of pods beyond their frames. Leave out what is not known.",
            [.. DeviceDescription.Settings.Select(static row => row.In<DescribedDevice>(static d => d.Description, static (d, v) => d with { Description = v })), sites],
            new DescribedDevice(DeviceDescription.Standard, []),
            static (o, devices) => o with
            {
                Core = o.Core with
                {
                    Devices = [.. devices.Select(static d => d.Description)],
                    Sites = [.. devices.SelectMany(static d => d.Sites.Select(s => s with { DeviceId = d.Description.DeviceId }))],
                },
            })
        {
            MaxItems = GatewayConfiguration.MaxDevices,
        };
    }

    private static IEnumerable<PlacedSetting> Flatten(SettingGroup group, string path)
    {
        foreach (SettingEntry entry in group.Entries)
        {
            string own = (path.Length == 0 ? string.Empty : path + ".") + entry.Key;
            if (entry is Setting row)
            {
                yield return new PlacedSetting(own, row);
            }
            else if (entry is SettingGroup inner)
            {
                foreach (PlacedSetting below in Flatten(inner, inner.IsList ? own + "[]" : own))
                {
                    yield return below;
                }
            }
        }
    }

    private sealed record DescribedDevice(DeviceDescription Description, IReadOnlyList<StreamSite> Sites);
}
