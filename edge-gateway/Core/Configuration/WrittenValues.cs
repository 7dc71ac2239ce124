using System;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Sockets;

namespace EdgeGateway.Core.Configuration;

/// <summary>What people write into a configuration file that a program cannot use, and what they meant. No I/O.</summary>
internal static class WrittenValues
{
    /// <summary>A host name or address, alone.</summary>
    /// <param name="text">What is written.</param>
    /// <returns>True for a DNS name of ASCII letters, digits, '-' and '_', an IPv4 address of four parts, or an IPv6 address without brackets.</returns>
    public static bool IsHost(string text)
    {
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return !text.StartsWith('[') && IPAddress.TryParse(text, out IPAddress? six) && six.AddressFamily == AddressFamily.InterNetworkV6;
        }

        string name = text.EndsWith('.') ? text[..^1] : text;
        string[] labels = name.Split('.');
        if (name.Length is 0 or > 253 || !labels.All(l => l.Length is > 0 and <= 63 && l.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && l[0] != '-' && l[^1] != '-'))
        {
            return false;
        }

        // A last part of digits alone is no name: it is an address, and then it is a whole one.
        return !labels[^1].All(char.IsAsciiDigit)
            || (labels.Length == 4 && labels.All(l => l.Length <= 3 && byte.TryParse(l, NumberStyles.None, CultureInfo.InvariantCulture, out _)) && !text.EndsWith('.'));
    }

    /// <summary>What a host was meant to be.</summary>
    /// <param name="text">What is written.</param>
    /// <returns>A sentence with the lines that would be right, or null when that is not clear.</returns>
    public static string? MeantHost(string text)
    {
        string rest = text.Trim();
        int scheme = rest.IndexOf("://", StringComparison.Ordinal);
        rest = scheme >= 0 ? rest[(scheme + 3)..] : rest;
        rest = rest[(rest.LastIndexOf('@') + 1)..];
        int path = rest.IndexOfAny(['/', '?', '#']);
        rest = path >= 0 ? rest[..path] : rest;
        string port = string.Empty;
        int colon = rest.LastIndexOf(':');
        if (rest.StartsWith('[') && rest.Contains(']', StringComparison.Ordinal))
        {
            int end = rest.IndexOf(']', StringComparison.Ordinal);
            port = rest[(end + 1)..].TrimStart(':');
            rest = rest[1..end];
        }
        else if (colon >= 0 && rest.IndexOf(':', StringComparison.Ordinal) == colon)
        {
            port = rest[(colon + 1)..];
            rest = rest[..colon];
        }

        return !IsHost(rest) ? null
            : port.Length > 0 && port.All(char.IsAsciiDigit) ? $"Write host: {rest} and, on a line of its own, port: {port}."
            : $"Write host: {rest}.";
    }

    /// <summary>A path as the file system takes it: what only a shell understands would become a folder of that name.</summary>
    /// <param name="text">What is written.</param>
    /// <returns>True when it can be used.</returns>
    public static bool IsPath(string text) =>
        text.Length is > 0 and <= 4096 && !text.Any(char.IsControl) && text.Trim().Length == text.Length && text[0] is not ('~' or '$' or '%')
        && !text.Contains("${", StringComparison.Ordinal) && !text.Contains("$(", StringComparison.Ordinal) && !text.Contains("://", StringComparison.Ordinal)
        && !text.Split('/', '\\').Contains("~", StringComparer.Ordinal);

    /// <summary>What a path was meant to be.</summary>
    /// <param name="text">What is written.</param>
    /// <returns>A sentence, or null.</returns>
    public static string? MeantPath(string text) =>
        text.StartsWith('~') || text.Contains('$', StringComparison.Ordinal) || text.StartsWith('%')
            ? "Write the whole path, for example /var/lib/cart-gateway/journal: ~ and variables are a shell's and mean nothing here."
            : text.Contains("://", StringComparison.Ordinal) ? "Write a path, not a URL."
            : text.Trim().Length != text.Length ? "Remove the blanks around it." : null;

    /// <summary>A text that travels in an MQTT packet.</summary>
    /// <param name="text">What is written.</param>
    /// <param name="most">Most characters.</param>
    /// <returns>True when it has 1 to so many characters, none of them a control character or half of one.</returns>
    public static bool IsMqttText(string text, int most) => text.Length > 0 && text.Length <= most && !text.Any(c => char.IsControl(c) || char.IsSurrogate(c));

    /// <summary>An origin: scheme, host and port, nothing behind.</summary>
    /// <param name="text">What is written.</param>
    /// <returns>True for http or https.</returns>
    public static bool IsOrigin(string text) =>
        !text.Any(char.IsWhiteSpace) && Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && (uri.Scheme is "http" or "https") && uri.UserInfo.Length == 0
        && uri.Host.Length > 0 && string.Equals(uri.GetLeftPart(UriPartial.Authority), text, StringComparison.OrdinalIgnoreCase);

    /// <summary>An address of one machine.</summary>
    /// <param name="text">What is written.</param>
    /// <returns>True for an IPv4 address of four parts or an IPv6 address.</returns>
    public static bool IsAddress(string text) => IPAddress.TryParse(text, out IPAddress? address) && !text.StartsWith('[')
        && (address.AddressFamily == AddressFamily.InterNetworkV6 || text.Count(c => c == '.') == 3) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);

    /// <summary>A name in topics.</summary>
    /// <param name="text">What is written.</param>
    /// <returns>True for 1 to 64 of A-Z a-z 0-9 _ -.</returns>
    public static bool IsName(string text) => text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    /// <summary>The rule of an EUI-64 that must be there.</summary>
    /// <param name="example">One, as it is written.</param>
    /// <returns>The rule.</returns>
    public static TextSetting Eui(string example) => new("16 hexadecimal digits, not all 0", IsEui, example) { IsRequired = true, Pattern = "^(?!0{16}$)[0-9A-Fa-f]{16}$" };

    /// <summary>The number of an EUI-64.</summary>
    /// <param name="text">16 hexadecimal digits.</param>
    /// <returns>The number; 0 for anything else.</returns>
    public static ulong EuiOf(string text) => ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id) ? id : 0;

    /// <summary>An address to listen on, before it is asked whether it is a loopback one.</summary>
    /// <param name="text">What is written.</param>
    /// <returns>True for an IP address or "localhost".</returns>
    public static bool IsListener(string text) => IPAddress.TryParse(text, out _) || string.Equals(text, "localhost", StringComparison.Ordinal);

    /// <summary>The address of a text for which <see cref="IsListener"/> is true.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The address.</returns>
    public static IPAddress ListenerOf(string text) => string.Equals(text, "localhost", StringComparison.Ordinal) ? IPAddress.Loopback : IPAddress.Parse(text);

    private static bool IsEui(string text) => text.Length == 16 && text.All(char.IsAsciiHexDigit) && text.Any(c => c != '0');
}
