using System;
using System.Collections.Frozen;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Security.Cryptography;
using EdgeGateway.Faults;

namespace EdgeGateway.Gateway.Web;

/// <summary>One file of the pages. Its content is read when it is first asked for. Any thread.</summary>
public sealed class WebFile
{
    private readonly Lazy<Content> _content;

    /// <summary>Names an embedded file.</summary>
    /// <param name="assembly">Contains it.</param>
    /// <param name="resource">Its name there.</param>
    internal WebFile(Assembly assembly, string resource)
    {
        ContentType = Path.GetExtension(resource) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".json" => "application/json; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "application/octet-stream",
        };
        _content = new Lazy<Content>(() => Read(assembly, resource));
    }

    /// <summary>Its content.</summary>
    public ReadOnlyMemory<byte> Bytes => _content.Value.Bytes;

    /// <summary>Its media type.</summary>
    public string ContentType { get; }

    /// <summary>Its entity tag: changes with the content.</summary>
    public string Tag => _content.Value.Tag;

    private static Content Read(Assembly assembly, string resource)
    {
        using Stream stream = assembly.GetManifestResourceStream(resource)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new Content(bytes, "\"" + Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12)) + "\"");
    }

    private sealed record Content(byte[] Bytes, string Tag);
}

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
                files["/" + path[Prefix.Length..]] = new WebFile(assembly, name);
            }
        }

        // The pages explain codes by the same catalogue as the gateway.
        files["/faults.json"] = new WebFile(typeof(FaultCatalogue).Assembly, "faults.json");
        return files.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
