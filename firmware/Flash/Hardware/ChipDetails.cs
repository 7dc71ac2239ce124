using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;

namespace Firmware.Flash.Hardware;

/// <summary>What nanoff says about a connected chip.</summary>
/// <param name="Chip">The family, "ESP32" or "ESP32-S3".</param>
/// <param name="Name">The die's name with its revision, "ESP32-D0WD-V3 (revision v3.1)".</param>
/// <param name="Revision">The major revision, or null when it is not said.</param>
/// <param name="Features">"Wi-Fi, BT, Dual Core, 240MHz".</param>
/// <param name="FlashMebibytes">Flash, MiB, rounded down; 0 below one.</param>
/// <param name="PsramMebibytes">PSRAM, MiB; 0 for none; null when nanoff could not find out.</param>
/// <param name="Mac">The chip's address, twelve hexadecimal digits, small.</param>
public sealed partial record ChipDetails(string Chip, string Name, int? Revision, string Features, int FlashMebibytes, int? PsramMebibytes, string Mac)
{
    /// <summary>Reads nanoff's answer to --devicedetails. Source: nanoFirmwareFlasher 2.5, Esp32DeviceInfo.ToString.</summary>
    /// <param name="lines">The lines of its output.</param>
    /// <returns>The details, or null when one of chip, flash, PSRAM and address is not there.</returns>
    public static ChipDetails? Parse(IEnumerable<string> lines)
    {
        string[] all = [.. lines.Select(l => l.Trim())];
        int start = Array.FindIndex(all, l => l.StartsWith("Connected to:", StringComparison.Ordinal));
        if (start < 0 || start + 1 >= all.Length)
        {
            return null;
        }

        string first = all[start + 1];
        int bracket = first.IndexOf(" (", StringComparison.Ordinal);
        string chip = bracket < 0 ? first : first[..bracket];
        string name = bracket < 0 ? first : first[(bracket + 2)..^1];
        Match revision = RevisionPattern().Match(name);
        string features = After(all, "Features ") ?? string.Empty;
        string? flash = After(all, "Flash size ");
        string? psram = After(all, "PSRAM: ");
        string? mac = After(all, "MAC ");
        if (!chip.StartsWith("ESP32", StringComparison.Ordinal) || flash is null || psram is null || mac is null || !MacPattern().IsMatch(mac))
        {
            return null;
        }

        Match size = SizePattern().Match(flash);
        Match memory = SizePattern().Match(psram);
        return size.Success
            ? new ChipDetails(
                chip, name, revision.Success ? Number(revision) : null, features, size.Groups["unit"].Value is "MB" ? Number(size) : 0,
                memory.Success ? Number(memory) : psram.StartsWith("not available", StringComparison.Ordinal) ? 0 : null,
                mac.Replace(":", string.Empty, StringComparison.Ordinal).ToLowerInvariant())
            : null;
    }

    /// <summary>"24:6f:28:aa:bb:cc".</summary>
    /// <returns>The address with colons.</returns>
    public string MacText() => string.Join(':', Enumerable.Range(0, 6).Select(i => Mac.Substring(2 * i, 2)));

    /// <summary>True when a pod's device id was made from a chip's address: the six bytes themselves, or as EUI-64 with FF FE between, with or without the local bit turned.</summary>
    /// <param name="deviceId">The id as the pod says it; separators do not matter.</param>
    /// <param name="mac">Twelve hexadecimal digits.</param>
    /// <returns>True when it fits.</returns>
    public static bool IsFrom(string deviceId, string mac)
    {
        string digits = new([.. deviceId.Where(char.IsAsciiHexDigit).Select(char.ToLowerInvariant)]);
        string local = (byte.Parse(mac.AsSpan(0, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) ^ 2).ToString("x2", CultureInfo.InvariantCulture);
        string[] possible = [mac, "0000" + mac, mac[..6] + "fffe" + mac[6..], local + mac[2..6] + "fffe" + mac[6..]];
        return possible.Contains(digits, StringComparer.Ordinal);
    }

    private static string? After(string[] lines, string prefix) => lines.FirstOrDefault(l => l.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];

    private static int Number(Match match) => int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"revision v(?<number>\d{1,2})\.", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex RevisionPattern();

    [GeneratedRegex(@"^(?<number>\d{1,5})(?<unit>MB|kB)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SizePattern();

    [GeneratedRegex("^(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex MacPattern();
}
