using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Configuration;

/// <summary>What a configuration file came to: options, or every error that it has.</summary>
/// <param name="Options">The options; null when there is any error: a file is applied whole or not at all.</param>
/// <param name="Errors">All errors, by line; empty when there are options.</param>
public sealed record ConfigurationResult(GatewayHostOptions? Options, IReadOnlyList<CodedError> Errors);

/// <summary>Reads a file that the configuration names, such as one with a password.</summary>
/// <param name="path">The path as it is written.</param>
/// <returns>The bytes, or null when the file cannot be read.</returns>
public delegate byte[]? NamedFileReader(string path);

/// <summary>
/// gateway.yaml: YAML 1.2, one document, an unknown key is an error, all errors come in one reply. gateway.example.yaml explains every key.
/// </summary>
public static class GatewayConfiguration
{
    /// <summary>Longest configuration file, bytes.</summary>
    public const int MaxFileBytes = 1024 * 1024;

    /// <summary>Most devices described.</summary>
    public const int MaxDevices = 256;

    /// <summary>Longest password, bytes.</summary>
    public const int MaxPasswordBytes = 4096;

    private const long MebiByte = 1024 * 1024;
    private const long UsPerMs = 1000;
    private const string EuiRule = "16 hexadecimal digits";

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path; relative paths inside it count from its own folder.</param>
    /// <returns>Options or errors.</returns>
    public static ConfigurationResult Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            FileInfo file = new(path);
            if (file.Exists && file.Length > MaxFileBytes)
            {
                return Refused(new CodedError("G2001", new ErrorPlace(path, 0, null), $"it is longer than {MaxFileBytes.ToString(CultureInfo.InvariantCulture)} bytes"));
            }

            string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".";
            return Parse(File.ReadAllText(path), path, folder, p => ReadNamed(Path.Combine(folder, p)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string why = e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message.TrimEnd('.');
            return Refused(new CodedError("G2001", new ErrorPlace(path, 0, null), why));
        }
    }

    /// <summary>Reads a text.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="file">The file as the user named it, for errors.</param>
    /// <param name="folder">Where relative paths count from.</param>
    /// <param name="readNamed">Reads files that the configuration names.</param>
    /// <returns>Options or errors.</returns>
    public static ConfigurationResult Parse(string text, string file, string folder, NamedFileReader readNamed)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(readNamed);
        ConfigurationReport report = new(file);
        ConfigurationNode? root = ConfigurationNode.Read(text, file, report.Errors);
        if (root is null)
        {
            return new ConfigurationResult(null, report.Finish());
        }

        GatewayHostOptions options = ReadRoot(new ConfigurationSection(report, root, string.Empty, 1), report, folder, readNamed);
        IReadOnlyList<CodedError> errors = report.Finish();
        return errors.Count == 0 ? new ConfigurationResult(options, []) : new ConfigurationResult(null, errors);
    }

    private static ConfigurationResult Refused(CodedError error) => new(null, [error]);

    private static byte[]? ReadNamed(string path)
    {
        try
        {
            // Not to its end, which a device does not have: one byte beyond the bound and a line end are enough to see that it is too long.
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            byte[] bytes = new byte[MaxPasswordBytes + 3];
            return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    private static GatewayHostOptions ReadRoot(ConfigurationSection root, ConfigurationReport report, string folder, NamedFileReader readNamed)
    {
        ConfigurationSection cart = root.Section("cart");
        string cartId = cart.Required("id", IsName, "1 to 64 of A-Z a-z 0-9 _ -", "id: cart-1");
        string gatewayText = cart.Required("gatewayId", IsEui, EuiRule + ", not all 0", "gatewayId: \"0200000000000001\"");
        bool production = cart.Flag("production", true);
        string language = cart.Choice("language", "en", "en", "fr");
        cart.End();

        ConfigurationSection listen = root.Section("listen");
        IPAddress mqttAddress = Listener(listen, report, "mqttAddress");
        int mqttPort = (int)listen.Whole("mqttPort", 0, 65_535, 1883);
        IPAddress httpAddress = Listener(listen, report, "httpAddress");
        int httpPort = (int)listen.Whole("httpPort", 0, 65_535, 8080);
        listen.End();
        if (mqttPort == httpPort && mqttPort != 0 && mqttAddress.Equals(httpAddress))
        {
            int line = Math.Max(listen.LineOf("mqttPort"), listen.LineOf("httpPort"));
            report.Add("G2009", line, listen.Full("httpPort"), $"mqttPort and httpPort are both {mqttPort.ToString(CultureInfo.InvariantCulture)}", "The defaults are 1883 and 8080.");
        }

        GatewayWebOptions web = WebOf(root.Section("web"), report);
        ConfigurationSection journal = root.Section("journal");
        string directory = journal.Required("directory", WrittenValues.IsPath, "a directory", "directory: /var/lib/cart-gateway/journal", WrittenValues.MeantPath);
        long quotaMebibytes = journal.Whole("quotaMebibytes", 16, 1_048_576, 2048);
        journal.End();

        ConfigurationSection brokerSection = root.Section("sessionBroker");
        ExternalBroker? broker = Broker(brokerSection, report, readNamed);
        if (broker is not null && broker.Port == mqttPort && IsOwnAddress(broker.Host, mqttAddress))
        {
            report.Add(
                "G2009", brokerSection.LineOf("port"), brokerSection.Full("port"), "this is the gateway's own MQTT listener (listen.mqttPort)",
                "Leave the section out to use the embedded endpoint, or name the broker's own port.");
        }

        ConfigurationSection time = root.Section("time");
        bool trust = time.Flag("trustSystemClock", false);
        int trustedMs = (int)time.Whole("trustedClockUncertaintyMs", 1, 60_000, 1000);
        int driftPpm = (int)time.Whole("clockDriftPpm", 1, 1000, 100);
        long maxUncertaintyMs = time.Whole("maxUncertaintyMs", 1, 60_000, 2000);
        time.End();

        (List<DeviceDescription> devices, List<StreamSite> sites) = Devices(root, report);
        ulong gatewayId = Eui(gatewayText);
        GatewayOptions core = new()
        {
            CartId = cartId,
            GatewayId = gatewayId,
            Production = production,
            External = broker,
            ClockDriftPpm = driftPpm,
            MaxUncertaintyUs = maxUncertaintyMs * UsPerMs,
            Seed = gatewayId,
            Devices = devices,
            Sites = sites,
        };
        core = Delivery(root, core);
        root.End();
        return new GatewayHostOptions
        {
            Core = core,
            MqttAddress = mqttAddress,
            MqttPort = mqttPort,
            HttpAddress = httpAddress,
            HttpPort = httpPort,
            JournalDirectory = Path.GetFullPath(directory.Length == 0 ? "." : directory, Path.GetFullPath(folder)),
            JournalQuotaBytes = quotaMebibytes * MebiByte,
            TrustSystemClock = trust,
            TrustedClockUncertaintyMs = trustedMs,
            Language = language,
            Web = web,
        };
    }

    private static GatewayOptions Delivery(ConfigurationSection root, GatewayOptions core)
    {
        ConfigurationSection uplink = root.Section("uplink");
        ConfigurationSection ingest = root.Section("ingest");
        ConfigurationSection sessions = root.Section("sessions");
        GatewayOptions options = core with
        {
            ReceiptsExpected = uplink.Flag("receiptsExpected", core.ReceiptsExpected),
            Window = (int)uplink.Whole("windowMessages", 1, 1024, core.Window),
            ReadAheadBytes = (int)uplink.Whole("readAheadBytes", GatewayOptions.MinReadAheadBytes, 1_048_576, core.ReadAheadBytes),
            LiveDistanceRecords = (int)uplink.Whole("liveDistanceRecords", 1, 1_000_000, core.LiveDistanceRecords),
            ProbeUs = uplink.Whole("probeMs", 100, 60_000, core.ProbeUs / UsPerMs) * UsPerMs,
            StatePeriodUs = uplink.Whole("statePeriodMs", 100, 10_000, core.StatePeriodUs / UsPerMs) * UsPerMs,
            StateStalenessUs = uplink.Whole("stateStalenessMs", 1000, 30_000, core.StateStalenessUs / UsPerMs) * UsPerMs,
            MaxHeldMessages = (int)ingest.Whole("maxHeldMessages", 1, 4096, core.MaxHeldMessages),
            UnexplainedUs = ingest.Whole("unexplainedMs", 1000, 3_600_000, core.UnexplainedUs / UsPerMs) * UsPerMs,
            UnexplainedOtherBootUs = ingest.Whole("unexplainedOtherBootMs", 1000, 3_600_000, core.UnexplainedOtherBootUs / UsPerMs) * UsPerMs,
            MaxSessions = (int)sessions.Whole("maxSessions", 16, 4096, core.MaxSessions),
        };
        uplink.End();
        ingest.End();
        sessions.End();
        return options;
    }

    private static GatewayWebOptions WebOf(ConfigurationSection section, ConfigurationReport report)
    {
        string[] origins = Entries(
            section, report, "origins", "origin", o => string.Equals(o, "null", StringComparison.Ordinal) || WrittenValues.IsOrigin(o), "https://name or http://name with an optional port, or null");
        string[] names = Entries(section, report, "hostNames", "name", WrittenValues.IsHost, "a host name or address without port");
        string[] proxies = Entries(section, report, "trustedProxies", "address", WrittenValues.IsAddress, "an IP address");
        string? publicUrl = section.Text(
            "publicUrl", u => WrittenValues.IsOrigin(u.TrimEnd('/')), "https://name with an optional port and nothing behind it", null,
            u => WrittenValues.IsHost(u) ? $"Write publicUrl: https://{u}." : null);
        section.End();
        return new GatewayWebOptions
        {
            Origins = origins,
            HostNames = names,
            PublicUrl = publicUrl?.TrimEnd('/'),
            TrustedProxies = proxies.Length == 0 ? [] : [.. proxies.Where(WrittenValues.IsAddress).Select(IPAddress.Parse).Select(static a => a.IsIPv4MappedToIPv6 ? a.MapToIPv4() : a)],
        };
    }

    private static string[] Entries(ConfigurationSection section, ConfigurationReport report, string key, string member, Func<string, bool> rule, string expected)
    {
        List<ConfigurationSection> items = section.Sections(key);
        if (items.Count == 0)
        {
            return [];
        }

        List<string> entries = [];
        foreach (ConfigurationSection item in items)
        {
            entries.Add(item.Required(member, rule, expected, member + ": " + (member is "origin" ? "https://clinic.example" : member is "address" ? "127.0.0.1" : "cart.clinic.example")));
            item.End();
        }

        if (items.Count > GatewayWebOptions.MaxEntries)
        {
            report.Add(
                "G2005", items[GatewayWebOptions.MaxEntries].Line, section.Full(key),
                string.Create(CultureInfo.InvariantCulture, $"{items.Count} entries; at most {GatewayWebOptions.MaxEntries} are taken"));
        }

        return [.. entries];
    }

    private static bool IsOwnAddress(string host, IPAddress own) =>
        IPAddress.TryParse(host, out IPAddress? address) ? address.Equals(own) : string.Equals(host.TrimEnd('.'), "localhost", StringComparison.OrdinalIgnoreCase);

    // Law: until mutual TLS is configured every listener binds to loopback.
    private static IPAddress Listener(ConfigurationSection listen, ConfigurationReport report, string key)
    {
        string text = listen.Text(key, t => IPAddress.TryParse(t, out _) || string.Equals(t, "localhost", StringComparison.Ordinal), "an IP address", "127.0.0.1")!;
        IPAddress address = string.Equals(text, "localhost", StringComparison.Ordinal) ? IPAddress.Loopback : IPAddress.Parse(text);
        if (IPAddress.IsLoopback(address) && !address.IsIPv4MappedToIPv6)
        {
            return address;
        }

        report.Add("G2010", listen.LineOf(key), listen.Full(key), $"{text} is not a loopback address", "Write 127.0.0.1.");
        return IPAddress.Loopback;
    }

    private static ExternalBroker? Broker(ConfigurationSection section, ConfigurationReport report, NamedFileReader readNamed)
    {
        string host = section.IsPresent ? section.Required("host", WrittenValues.IsHost, "a host name or address alone", "host: broker.example", WrittenValues.MeantHost) : string.Empty;
        int port = (int)section.Whole("port", 1, 65_535, 1883);
        string version = section.Choice("version", "5", "5", "3.1.1");
        string? clientId = section.Text("clientId", t => WrittenValues.IsMqttText(t, 64), "1 to 64 characters, none of them a control character");
        string? userName = section.Text("userName", t => WrittenValues.IsMqttText(t, 1024), "a user name of 1 to 1024 characters, none of them a control character");
        string? passwordFile = section.Text("passwordFile", WrittenValues.IsPath, "the path of a file", null, WrittenValues.MeantPath);
        ushort keepAlive = (ushort)section.Whole("keepAliveSeconds", 5, 300, 15);
        long firstMs = section.Whole("firstBackoffMs", 10, 10_000, 250);
        long longestMs = section.Whole("longestBackoffMs", 10, 300_000, 5000);
        section.End();
        if (!section.IsPresent)
        {
            return null;
        }

        if (longestMs < firstMs)
        {
            report.Add(
                "G2009", section.LineOf("longestBackoffMs"), section.Full("longestBackoffMs"),
                string.Create(CultureInfo.InvariantCulture, $"longestBackoffMs ({longestMs}) is below firstBackoffMs ({firstMs})"));
        }

        ReadOnlyMemory<byte> password = default;
        if (passwordFile is not null)
        {
            byte[]? bytes = readNamed(passwordFile);
            if (userName is null)
            {
                report.Add("G2009", section.LineOf("passwordFile"), section.Full("passwordFile"), "there is a passwordFile but no userName", "Add userName, or remove passwordFile.");
            }

            if (bytes is null)
            {
                report.Add("G2008", section.LineOf("passwordFile"), section.Full("passwordFile"), $"'{passwordFile}'");
            }
            else
            {
                // A final line end is the editor's, not the password's.
                password = bytes.AsMemory().TrimEnd("\r\n"u8);
                if (password.Length is 0 or > MaxPasswordBytes)
                {
                    report.Add(
                        "G2004", section.LineOf("passwordFile"), section.Full("passwordFile"),
                        $"'{passwordFile}' " + (password.IsEmpty ? "is empty" : $"is longer than {MaxPasswordBytes.ToString(CultureInfo.InvariantCulture)} bytes"), "Write the password alone into the file.");
                }
            }
        }

        return new ExternalBroker
        {
            Host = host,
            Port = port,
            ClientId = clientId,
            Version = string.Equals(version, "5", StringComparison.Ordinal) ? MqttVersion.V5 : MqttVersion.V311,
            UserName = userName,
            Password = password,
            KeepAliveSeconds = keepAlive,
            FirstBackoffUs = firstMs * UsPerMs,
            LongestBackoffUs = longestMs * UsPerMs,
        };
    }

    private static (List<DeviceDescription> Devices, List<StreamSite> Sites) Devices(ConfigurationSection root, ConfigurationReport report)
    {
        List<DeviceDescription> devices = [];
        List<StreamSite> sites = [];
        List<ConfigurationSection> sections = root.Sections("devices");
        if (sections.Count > MaxDevices)
        {
            report.Add(
                "G2005", sections[MaxDevices].Line, root.Full("devices"),
                string.Create(CultureInfo.InvariantCulture, $"{sections.Count} devices; at most {MaxDevices} can be described"));
        }

        foreach (ConfigurationSection section in sections.Take(MaxDevices))
        {
            ulong id = Eui(section.Required("id", IsEui, EuiRule + ", not all 0", "id: \"0200000000000010\""));
            if (id != 0 && devices.Any(d => d.DeviceId == id))
            {
                report.Add("G2009", section.LineOf("id"), section.Full("id"), "this device is described twice", "Merge the two entries.");
            }

            devices.Add(new DeviceDescription
            {
                DeviceId = id,
                Maker = Remark(section, "maker"),
                Model = Remark(section, "model"),
                Serial = Remark(section, "serial"),
                Udi = Remark(section, "udi"),
                Firmware = Remark(section, "firmware"),
                Calibration = Remark(section, "calibration"),
                SensorClass = Remark(section, "sensorClass"),
            });
            foreach (ConfigurationSection site in section.Sections("sites"))
            {
                int stream = (int)site.Whole("stream", 1, 65_535, 1);
                string name = site.Required("site", s => s.Length is > 0 and <= 32, "1 to 32 characters", "site: finger");
                site.End();
                sites.Add(new StreamSite(id, stream, name));
            }

            section.End();
        }

        return (devices, sites);
    }

    private static string? Remark(ConfigurationSection section, string key) => section.Text(key, t => t.Length is > 0 and <= 128, "1 to 128 characters");

    private static bool IsName(string text) => text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    private static bool IsEui(string text) => text.Length == 16 && text.All(char.IsAsciiHexDigit) && text.Any(c => c != '0');

    private static ulong Eui(string text) => ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id) ? id : 0;
}
