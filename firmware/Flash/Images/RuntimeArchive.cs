using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Security.Cryptography;
using System.Text.Json;
using EdgeGateway.Faults;
using Firmware.Flash.BringUp;

namespace Firmware.Flash.Images;

/// <summary>
/// A folder of runtime images as nanoff --updatearchive leaves it, <c>TARGET-VERSION.zip</c> and <c>TARGET-VERSION.zip.json</c>, and beside them <c>cart-archive.json</c> with the SHA-256 of each,
/// written on the machine that fetched them. Source of the names: nanoFirmwareFlasher 2.5, FirmwarePackage and FirmwareArchiveManager.
/// </summary>
public static class RuntimeArchive
{
    /// <summary>Name of the list of hashes.</summary>
    public const string ListName = "cart-archive.json";

    // What nanoff takes out of an ESP32 image. Source: nanoFirmwareFlasher 2.5, Esp32Firmware.
    private static readonly string[] Needed = ["nanoCLR.bin", "bootloader.bin", "partitions_"];

    /// <summary>The files that an archive must hold for some images.</summary>
    /// <param name="targets">The images.</param>
    /// <param name="version">Their version.</param>
    /// <returns>The names.</returns>
    public static IReadOnlyList<string> Names(IEnumerable<string> targets, string version) => [.. targets.SelectMany(t => new[] { $"{t}-{version}.zip", $"{t}-{version}.zip.json" })];

    /// <summary>Looks at an archive.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="targets">The images that are needed.</param>
    /// <param name="version">Their version.</param>
    /// <returns>What is wrong, one line each; empty when it can be used.</returns>
    public static IReadOnlyList<string> Problems(string folder, IEnumerable<string> targets, string version)
    {
        List<string> problems = [];
        Dictionary<string, string> hashes = new(StringComparer.Ordinal);
        try
        {
            if (!Directory.Exists(folder))
            {
                return ["there is no such folder"];
            }

            string list = Path.Combine(folder, ListName);
            if (File.Exists(list))
            {
                using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(list));
                foreach (JsonProperty file in document.RootElement.GetProperty("sha256").EnumerateObject())
                {
                    hashes[file.Name] = file.Value.GetString() ?? string.Empty;
                }
            }
            else
            {
                problems.Add($"{ListName} is missing: nobody can tell whether files were changed on the way");
            }

            foreach (string name in Names(targets, version))
            {
                problems.AddRange(FileProblems(Path.Combine(folder, name), name, hashes));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            problems.Add(e.Message.TrimEnd('.'));
        }

        return problems;
    }

    /// <summary>Refuses an archive that cannot be used.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="targets">The images that are needed.</param>
    /// <param name="version">Their version.</param>
    /// <exception cref="CodedErrorException">Something is missing or was changed.</exception>
    public static void Require(string folder, IEnumerable<string> targets, string version)
    {
        IReadOnlyList<string> problems = Problems(folder, targets, version);
        if (problems.Count > 0)
        {
            throw new CodedErrorException([.. problems.Select(p => new CodedError(FaultCodes.ArchiveUnusable, new ErrorPlace(folder, 0, null), p))]);
        }
    }

    /// <summary>Writes the list of hashes; for the machine that fetched the files itself.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="targets">The images that it must hold.</param>
    /// <param name="version">Their version.</param>
    /// <returns>Name and hash of each file.</returns>
    /// <exception cref="CodedErrorException">A file is missing, or is not what it must be.</exception>
    public static IReadOnlyDictionary<string, string> Seal(string folder, IEnumerable<string> targets, string version)
    {
        SortedDictionary<string, string> hashes = new(StringComparer.Ordinal);
        List<string> problems = [];
        foreach (string name in Names(targets, version))
        {
            string file = Path.Combine(folder, name);
            problems.AddRange(FileProblems(file, name, null));
            if (File.Exists(file))
            {
                hashes[name] = Hash(file);
            }
        }

        if (problems.Count > 0)
        {
            throw new CodedErrorException([.. problems.Select(p => new CodedError(FaultCodes.ArchiveUnusable, new ErrorPlace(folder, 0, null), p))]);
        }

        RecordFiles.Write(Path.Combine(folder, ListName), writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("v", 1);
            writer.WriteString("image", version);
            writer.WriteStartObject("sha256");
            foreach ((string name, string hash) in hashes)
            {
                writer.WriteString(name, hash);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        });
        return hashes;
    }

    private static IEnumerable<string> FileProblems(string file, string name, Dictionary<string, string>? hashes)
    {
        if (!File.Exists(file))
        {
            yield return $"{name} is missing";
            yield break;
        }

        if (hashes is not null && (!hashes.TryGetValue(name, out string? expected) || !string.Equals(expected, Hash(file), StringComparison.OrdinalIgnoreCase)))
        {
            yield return hashes.ContainsKey(name) ? $"{name} was changed: its SHA-256 is {Hash(file)}" : $"{name} has no hash in {ListName}";
        }

        if (name.EndsWith(".zip", StringComparison.Ordinal) && ZipProblem(file) is string problem)
        {
            yield return $"{name} {problem}";
        }
    }

    private static string? ZipProblem(string file)
    {
        try
        {
            using ZipArchive zip = ZipFile.OpenRead(file);
            string[] missing = [.. Needed.Where(n => zip.Entries.All(e => !e.Name.StartsWith(n, StringComparison.Ordinal)))];
            if (missing.Length > 0)
            {
                return "does not hold " + string.Join(", ", missing);
            }

            // Source: Espressif, ESP-IDF, esp_image_header_t: the first byte of loader and program is 0xE9.
            using Stream runtime = zip.Entries.First(e => e.Name is "nanoCLR.bin").Open();
            int first = runtime.ReadByte();
            return first == 0xE9 ? null : string.Create(CultureInfo.InvariantCulture, $"holds a nanoCLR.bin that is no ESP32 image: it begins with 0x{first:X2}");
        }
        catch (InvalidDataException)
        {
            return "is no whole zip file";
        }
    }

    private static string Hash(string file)
    {
        using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
