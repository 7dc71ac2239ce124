using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;

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
/// gateway.yaml: YAML 1.2, one document, an unknown key is an error, all errors come in one reply. <see cref="Settings"/> has a row
/// for each key, and gateway.example.yaml explains them.
/// </summary>
public static class GatewayConfiguration
{
    /// <summary>Longest configuration file, bytes.</summary>
    public const int MaxFileBytes = 1024 * 1024;

    /// <summary>Most devices described.</summary>
    public const int MaxDevices = 256;

    /// <summary>Most sites described of one device: one for each number that a stream may have.</summary>
    public const int MaxSitesOfDevice = 65_535;

    /// <summary>Longest file that the configuration names, bytes.</summary>
    public const int MaxNamedFileBytes = 256 * 1024;

    /// <summary>Longest password, bytes.</summary>
    public const int MaxPasswordBytes = 4096;

    /// <summary>Bounds, codes and words of the file, for whoever reads its bytes.</summary>
    public static YamlRules Rules { get; } = new GatewayYaml();

    /// <summary>Reads the bytes of a file. No I/O but what <paramref name="readNamed"/> does.</summary>
    /// <param name="bytes">The file, at most <see cref="MaxFileBytes"/>: UTF-8, or what its byte-order mark says.</param>
    /// <param name="file">The file as the user named it, for errors.</param>
    /// <param name="folder">Where relative paths count from.</param>
    /// <param name="readNamed">Reads files that the configuration names.</param>
    /// <returns>Options or errors.</returns>
    public static ConfigurationResult Parse(ReadOnlySpan<byte> bytes, string file, string folder, NamedFileReader readNamed) =>
        Parse(YamlDocument.Text(bytes), file, folder, readNamed);

    /// <summary>Reads a text. No I/O but what <paramref name="readNamed"/> does.</summary>
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
        YamlReport report = new(file, Rules);
        if (YamlDocument.Read(text, report) is not { } root)
        {
            return new ConfigurationResult(null, report.Finish());
        }

        Dictionary<string, YamlSection> sections = new(StringComparer.Ordinal);
        GatewayHostOptions options = SettingReading.Entries(Settings.Root, root, GatewayHostOptions.Standard, sections);
        options = CheckListeners(options, sections["listen"], sections.GetValueOrDefault("tls", root));
        CheckWebListener(options, sections.GetValueOrDefault("web", root));
        CheckDevices(options.Core.Devices, sections);
        if (options.Core.UndeliveredDays < options.Core.DeliveredDays)
        {
            sections["journal"].Error(
                FaultCodes.ConfigurationContradiction, "undeliveredDays",
                string.Create(CultureInfo.InvariantCulture, $"undeliveredDays ({options.Core.UndeliveredDays}) is below deliveredDays ({options.Core.DeliveredDays})"));
        }

        if (options.Core.External is { } broker)
        {
            YamlSection section = sections["sessionBroker"];
            CheckBroker(broker, options, section);
            options = options with { Core = options.Core with { External = Named(broker, section, readNamed) } };
        }

        IReadOnlyList<CodedError> errors = report.Finish();
        return errors.Count > 0
            ? new ConfigurationResult(null, errors)
            : new ConfigurationResult(
                options with
                {
                    JournalDirectory = Path.GetFullPath(options.JournalDirectory, Path.GetFullPath(folder)),
                    CartKeyFile = options.CartKeyFile is { } keyFile ? Path.GetFullPath(keyFile, Path.GetFullPath(folder)) : null,
                    Tls = options.Tls is { } tls ? tls with { Directory = Path.GetFullPath(tls.Directory, Path.GetFullPath(folder)) } : null,
                    Web = options.Web.CertificateFile is { } web ? options.Web with { CertificateFile = Path.GetFullPath(web, Path.GetFullPath(folder)) } : options.Web,
                },
                []);
    }

    // Loopback before mutual TLS (ARCHITECTURE.md): what is plain binds to loopback.
    private static GatewayHostOptions CheckListeners(GatewayHostOptions options, YamlSection listen, YamlSection tlsSection)
    {
        GatewayHostOptions safe = options with
        {
            MqttAddress = Loopback(options.MqttAddress, listen, "mqttAddress"),
            HttpAddress = HttpExposure.Missing(hasTls: false, options.Access) is null ? options.HttpAddress : Loopback(options.HttpAddress, listen, "httpAddress"),
        };
        if (safe.MqttPort == safe.HttpPort && safe.MqttPort != 0 && safe.MqttAddress.Equals(safe.HttpAddress))
        {
            string later = listen.LineOf("mqttPort") > listen.LineOf("httpPort") ? "mqttPort" : "httpPort";
            listen.ErrorAt(later, FaultCodes.ConfigurationContradiction, "httpPort", string.Create(CultureInfo.InvariantCulture, $"mqttPort and httpPort are both {safe.MqttPort}"), "The defaults are 1883 and 8080.");
        }

        if (safe.Tls is { MqttPort: not 0 } tls && (tls.MqttPort == safe.MqttPort || tls.MqttPort == safe.HttpPort))
        {
            tlsSection.Error(FaultCodes.ConfigurationContradiction, "mqttPort", string.Create(CultureInfo.InvariantCulture, $"{tls.MqttPort} is the port of a plain listener too"), "The default is 8883.");
        }

        return safe;
    }

    private static void CheckWebListener(GatewayHostOptions options, YamlSection web)
    {
        if (options.Web.Listen is not { } listen)
        {
            if (options.Web.CertificateFile is not null && !web.Has("listen"))
            {
                web.Error(FaultCodes.ConfigurationContradiction, "certificate", "there is web.certificate, but no web.listen", "Add listen, or remove certificate.");
            }

            return;
        }

        if (!(IPAddress.IsLoopback(listen.Address) && !listen.Address.IsIPv4MappedToIPv6) && HttpExposure.Missing(hasTls: true, options.Access) is { } missing)
        {
            web.Error(FaultCodes.WebListenerNotAllowed, "listen", $"{listen} is not a loopback address", missing);
        }

        if (options.Web.CertificateFile is null && options.Tls is null && !web.Has("certificate"))
        {
            web.Error(FaultCodes.ConfigurationContradiction, "listen", "the pages have no certificate for it", "Add web.certificate, or the section tls.");
        }

        if (listen.Port != 0 && (listen.Port == options.HttpPort || listen.Port == options.MqttPort || listen.Port == options.Tls?.MqttPort))
        {
            web.Error(FaultCodes.ConfigurationContradiction, "listen", string.Create(CultureInfo.InvariantCulture, $"{listen.Port} is the port of another listener too"), "8443 is free by default.");
        }
    }

    private static IPAddress Loopback(IPAddress address, YamlSection listen, string key)
    {
        if (IPAddress.IsLoopback(address) && !address.IsIPv4MappedToIPv6)
        {
            return address;
        }

        listen.Error(FaultCodes.ListenerBeyondLoopback, key, $"{listen.Text(key)} is not a loopback address", "Write 127.0.0.1.");
        return IPAddress.Loopback;
    }

    private static void CheckDevices(IReadOnlyList<DeviceDescription> devices, Dictionary<string, YamlSection> sections)
    {
        HashSet<ulong> ids = [];
        for (int i = 0; i < devices.Count; i++)
        {
            if (devices[i].DeviceId != 0 && !ids.Add(devices[i].DeviceId))
            {
                sections[string.Create(CultureInfo.InvariantCulture, $"devices[{i}]")].Error(FaultCodes.ConfigurationContradiction, "id", "this device is described twice", "Merge the two entries.");
            }
        }
    }

    private static void CheckBroker(ExternalBroker broker, GatewayHostOptions options, YamlSection section)
    {
        if (broker.Port == options.MqttPort && IsOwnAddress(broker.Host, options.MqttAddress))
        {
            section.Error(
                FaultCodes.ConfigurationContradiction, "port", "this is the gateway's own MQTT listener (listen.mqttPort)",
                "Leave the section out to use the embedded endpoint, or name the broker's own port.");
        }

        if (broker is { PasswordFile: not null, IsPasswordInClear: false, Transport: UplinkTransport.Tcp or UplinkTransport.WebSocket }
            && FirstElsewhere([broker.Host, .. broker.Alternatives.Select(static a => a.Host)]) is { } elsewhere)
        {
            section.Error(FaultCodes.BrokerPasswordInClear, "passwordFile", $"to {elsewhere}, transport is plain", "Write transport: tls.");
        }

        if (broker.LongestBackoffUs < broker.FirstBackoffUs)
        {
            section.Error(
                FaultCodes.ConfigurationContradiction, "longestBackoffMs",
                string.Create(CultureInfo.InvariantCulture, $"longestBackoffMs ({broker.LongestBackoffUs / 1000}) is below firstBackoffMs ({broker.FirstBackoffUs / 1000})"));
        }
    }

    // What the section's files hold.
    private static ExternalBroker Named(ExternalBroker broker, YamlSection section, NamedFileReader readNamed)
    {
        bool isSecure = broker.Transport is UplinkTransport.Tls or UplinkTransport.SecureWebSocket;
        foreach ((string key, string? file) in (IReadOnlyList<(string, string?)>)[("authorityFile", broker.AuthorityFile), ("certificateFile", broker.CertificateFile), ("serverName", broker.ServerName)])
        {
            if (file is not null && !isSecure)
            {
                section.Error(FaultCodes.ConfigurationContradiction, key, $"there is {key}, but transport is plain", "Write transport: tls or transport: wss, or remove it.");
            }
        }

        return broker with
        {
            Password = Password(broker, section, readNamed),
            Authority = Pem("authorityFile", broker.AuthorityFile, needsKey: false, section, readNamed),
            Certificate = Pem("certificateFile", broker.CertificateFile, needsKey: true, section, readNamed),
        };
    }

    private static ReadOnlyMemory<byte> Pem(string key, string? file, bool needsKey, YamlSection section, NamedFileReader readNamed)
    {
        if (file is null)
        {
            return default;
        }

        if (readNamed(file) is not { } bytes)
        {
            section.Error(FaultCodes.SecretFileUnreadable, key, $"'{file}'");
            return default;
        }

        string text = Encoding.UTF8.GetString(bytes);
        string? problem = null;
        try
        {
            X509Certificate2Collection certificates = [];
            certificates.ImportFromPem(text);
            problem = certificates.Count == 0 ? "has no certificate" : null;
            foreach (X509Certificate2 certificate in certificates)
            {
                certificate.Dispose();
            }

            if (needsKey && problem is null)
            {
                using X509Certificate2 pair = X509Certificate2.CreateFromPem(text, text);
            }
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            problem = needsKey ? "has no certificate with its key" : "has no certificate that can be read";
        }

        if (problem is not null)
        {
            section.Error(FaultCodes.ConfigurationTypeWrong, key, $"'{file}' {problem}", needsKey ? "Write certificate and key into it, PEM." : "Write the authority's certificate into it, PEM.");
            return default;
        }

        return bytes;
    }

    private static ReadOnlyMemory<byte> Password(ExternalBroker broker, YamlSection section, NamedFileReader readNamed)
    {
        const string Key = "passwordFile";
        if (broker.PasswordFile is not { } file)
        {
            return default;
        }

        if (broker.UserName is null)
        {
            section.Error(FaultCodes.ConfigurationContradiction, Key, "there is a passwordFile but no userName", "Add userName, or remove passwordFile.");
        }

        if (readNamed(file) is not { } bytes)
        {
            section.Error(FaultCodes.SecretFileUnreadable, Key, $"'{file}'");
            return default;
        }

        // A final line end is the editor's, not the password's.
        ReadOnlyMemory<byte> password = bytes.AsMemory().TrimEnd("\r\n"u8);
        if (password.Length is 0 or > MaxPasswordBytes)
        {
            string why = password.IsEmpty ? "is empty" : string.Create(CultureInfo.InvariantCulture, $"is longer than {MaxPasswordBytes} bytes");
            section.Error(FaultCodes.ConfigurationTypeWrong, Key, $"'{file}' {why}", "Write the password alone into the file.");
        }

        return password;
    }

    private static string? FirstElsewhere(IEnumerable<string> hosts)
    {
        foreach (string host in hosts)
        {
            bool isHere = IPAddress.TryParse(host, out IPAddress? address) ? IPAddress.IsLoopback(address) : string.Equals(host.TrimEnd('.'), "localhost", StringComparison.OrdinalIgnoreCase);
            if (!isHere)
            {
                return host;
            }
        }

        return null;
    }

    private static bool IsOwnAddress(string host, IPAddress own) =>
        IPAddress.TryParse(host, out IPAddress? address) ? address.Equals(own) : string.Equals(host.TrimEnd('.'), "localhost", StringComparison.OrdinalIgnoreCase);
}
