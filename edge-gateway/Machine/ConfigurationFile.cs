using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;

namespace EdgeGateway.Machine;

/// <summary>gateway.yaml on this machine: reads its bytes, and those of the files that it names, for <see cref="GatewayConfiguration"/>.</summary>
public static class ConfigurationFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path; relative paths inside it count from its own folder.</param>
    /// <returns>Options, or every error of the file.</returns>
    public static ConfigurationResult Load(string path)
    {
        if (File.Exists(path + CartFiles.NoteSuffix))
        {
            return new ConfigurationResult(null, [new CodedError(FaultCodes.RestoreUnfinished, new ErrorPlace(path, 0, null), string.Empty)]);
        }

        byte[]? bytes = YamlDocument.ReadFile(path, GatewayConfiguration.Rules, out CodedError? error);
        if (bytes is null)
        {
            return new ConfigurationResult(null, [error!]);
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".";
        ConfigurationResult result = GatewayConfiguration.Parse(bytes, path, folder, named => ReadNamed(Path.Combine(folder, named)));
        return result.Options is { } options ? result with { Options = options with { FileSha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)) } } : result;
    }

    /// <summary>The one check of a configuration file, for <c>cart-gateway --check</c> and <c>cartctl check</c>: reads it and asks this machine whether the gateway could start with it. Changes nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="deep">The clocks, to try it too (<see cref="DeepCheck"/>); null to look only.</param>
    /// <returns>Options, or every error of the file, or else every error of the machine.</returns>
    public static ConfigurationResult Check(string path, TimeProvider? deep = null)
    {
        ConfigurationResult result = Load(path);
        if (result.Options is not { } options)
        {
            return result;
        }

        IReadOnlyList<CodedError> problems = MachineCheck.Run(options, path);
        problems = problems.Count == 0 && deep is not null ? DeepCheck.Run(options, path, deep) : problems;
        return problems.Count == 0 ? result : new ConfigurationResult(null, problems);
    }

    private static byte[]? ReadNamed(string path)
    {
        try
        {
            // Not to its end, which a device does not have: one byte beyond the bound is enough to see that it is too long.
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            byte[] bytes = new byte[GatewayConfiguration.MaxNamedFileBytes + 1];
            return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }
}
