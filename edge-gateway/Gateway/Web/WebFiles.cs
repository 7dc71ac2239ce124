using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Security.Cryptography;
using EdgeGateway.Faults;

namespace EdgeGateway.Gateway.Web;

/// <summary>One file of the pages.</summary>
/// <param name="Bytes">Its content.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Tag">Its entity tag: changes with the content.</param>
public sealed record WebFile(ReadOnlyMemory<byte> Bytes, string ContentType, string Tag);

/// <summary>The pages' files, as they are embedded in this assembly, by the path under which they are served.</summary>
public static class WebFiles
{
    private const string Prefix = "web/";

    /// <summary>All files: "/index.html", "/js/core/mqtt.js", …, and "/faults.json", the catalogue of codes.</summary>
    public static FrozenDictionary<string, WebFile> All { get; } = Load();

    private static FrozenDictionary<string, WebFile> Load()
    {
        Assembly assembly = typeof(WebFiles).Assembly;
        Dictionary<string, WebFile> files = new(StringComparer.Ordinal);
        foreach (string name in assembly.GetManifestResourceNames())
        {
            // On some systems the name carries the build machine's separators.
            string path = name.Replace('\\', '/');
            if (path.StartsWith(Prefix, StringComparison.Ordinal))
            {
                files["/" + path[Prefix.Length..]] = Read(assembly, name);
            }
        }

        // The pages explain codes by the same catalogue as the gateway.
        files["/faults.json"] = Read(typeof(FaultCatalogue).Assembly, "faults.json");
        return files.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static WebFile Read(Assembly assembly, string name)
    {
        using Stream stream = assembly.GetManifestResourceStream(name)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        string type = Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".json" => "application/json; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "application/octet-stream",
        };
        return new WebFile(bytes, type, "\"" + Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12)) + "\"");
    }
}
