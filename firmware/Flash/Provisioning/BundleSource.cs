using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using EdgeGateway.Faults;

namespace Firmware.Flash.Provisioning;

/// <summary>Where bundles and the secrets that they leave out come from: a file, a folder of files, standard input, the keyboard. Never an argument.</summary>
public sealed class BundleSource
{
    private readonly List<(string Place, ProvisioningBundle Bundle)> _bundles = [];

    /// <summary>How many bundles there are.</summary>
    public int Count => _bundles.Count;

    /// <summary>Reads the bundles.</summary>
    /// <param name="path">A file, a folder of .json files, "-" for standard input; null for none.</param>
    /// <param name="secretsPath">A file or "-" with one JSON object <c>{"wifiPassword":…,"technicianKey":…,"technicianKeys":{id:…}}</c> for what the bundles leave out; null for none. A single technicianKey is for a single pod: no two pods have one key.</param>
    /// <param name="user">Asked for what is still missing.</param>
    /// <param name="now">The time now.</param>
    /// <returns>The bundles.</returns>
    /// <exception cref="CodedErrorException">A bundle is wrong, or a secret is missing and nobody is there to ask.</exception>
    public static BundleSource Read(string? path, string? secretsPath, IOperator user, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(user);
        BundleSource source = new();
        List<CodedError> errors = [];
        string[] files = path is null ? [] : path is "-" ? ["-"] : Directory.Exists(path) ? [.. Directory.EnumerateFiles(path, "*.json").Order(StringComparer.Ordinal)] : [path];
        if (path is not null && files.Length == 0)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.BundleUnusable, new ErrorPlace(path, 0, null), "the folder holds no .json file"));
        }

        foreach (string file in files)
        {
            try
            {
                source._bundles.Add((file, ProvisioningBundle.Parse(ReadAll(file, user), file, now)));
            }
            catch (CodedErrorException e)
            {
                errors.AddRange(e.Errors);
            }
        }

        foreach (IGrouping<string, (string Place, ProvisioningBundle Bundle)> twice in source._bundles.GroupBy(b => b.Bundle.DeviceId, StringComparer.Ordinal).Where(g => g.Skip(1).Any()))
        {
            errors.Add(new CodedError(FaultCodes.BundleUnusable, new ErrorPlace(twice.Last().Place, 0, "deviceId"), $"{twice.Key} stands in {twice.First().Place} too"));
        }

        if (errors.Count > 0)
        {
            throw new CodedErrorException(errors);
        }

        (string? password, string? key, IReadOnlyDictionary<string, string> keys) = secretsPath is null ? (null, null, new Dictionary<string, string>(StringComparer.Ordinal)) : ReadSecrets(secretsPath, user);
        string[] keyless = [.. source._bundles.Where(b => b.Bundle.TechnicianKey is null && !keys.ContainsKey(b.Bundle.DeviceId)).Select(b => b.Bundle.DeviceId)];
        if (key is not null && keyless.Length > 1)
        {
            throw new CodedErrorException(new CodedError(
                FaultCodes.BundleUnusable, new ErrorPlace(secretsPath, 0, "technicianKey"), $"one key is given for {string.Join(", ", keyless)}: each pod has its own", "Write technicianKeys with one key for each id, or make the bundles with cartctl certs enrol, which gives each its own."));
        }

        Dictionary<string, string> asked = new(StringComparer.Ordinal);
        foreach ((string _, ProvisioningBundle bundle) in source._bundles)
        {
            if (bundle.WifiSsid is not null)
            {
                bundle.WifiPassword ??= password ?? asked.GetValueOrDefault(bundle.WifiSsid) ?? Ask(user, $"Password of the network '{bundle.WifiSsid}':", "the network's password", ProvisioningBundle.IsWifiPassword, ProvisioningBundle.WifiPasswordRule);
                asked[bundle.WifiSsid] = bundle.WifiPassword;
            }

            bundle.TechnicianKey ??= (keys.GetValueOrDefault(bundle.DeviceId) ?? key ?? Ask(user, $"Technician's key of {bundle.DeviceId}, hexadecimal:", "the technician's key", ProvisioningBundle.IsTechnicianKey, ProvisioningBundle.TechnicianKeyRule)).ToLowerInvariant();
        }

        foreach (IGrouping<string, (string Place, ProvisioningBundle Bundle)> same in source._bundles.GroupBy(b => b.Bundle.TechnicianKey!, StringComparer.Ordinal).Where(g => g.Skip(1).Any()))
        {
            throw new CodedErrorException(new CodedError(
                FaultCodes.BundleUnusable, new ErrorPlace(same.Last().Place, 0, "technicianKey"), $"{string.Join(" and ", same.Select(b => b.Bundle.DeviceId))} have the same key: each pod has its own"));
        }

        return source;
    }

    /// <summary>The bundle of a pod.</summary>
    /// <param name="isForPod">True for the ids that are this pod's.</param>
    /// <param name="isOnlyBoard">True when one board is brought up: then a single bundle is meant for it, and gives it its id.</param>
    /// <returns>The bundle, or null.</returns>
    public ProvisioningBundle? For(Func<string, bool> isForPod, bool isOnlyBoard)
    {
        ProvisioningBundle? found = _bundles.Select(b => b.Bundle).FirstOrDefault(b => isForPod(b.DeviceId));
        // An id with FF FE in its middle was made from a chip, and not from this one: it is another board's.
        return found ?? (isOnlyBoard && _bundles.Count == 1 && !string.Equals(_bundles[0].Bundle.DeviceId.Substring(6, 4), "fffe", StringComparison.Ordinal) ? _bundles[0].Bundle : null);
    }

    /// <summary>Reads a technician's key from a file, standard input or the keyboard.</summary>
    /// <param name="secretsPath">As for <see cref="Read"/>.</param>
    /// <param name="user">Asked when there is no file.</param>
    /// <param name="pod">Whose key.</param>
    /// <returns>The key.</returns>
    /// <exception cref="CodedErrorException">There is none.</exception>
    public static string TechnicianKey(string? secretsPath, IOperator user, string pod)
    {
        (string? _, string? key, IReadOnlyDictionary<string, string> keys) = secretsPath is null ? (null, null, new Dictionary<string, string>(StringComparer.Ordinal)) : ReadSecrets(secretsPath, user);
        string? given = keys.GetValueOrDefault(ProvisioningBundle.Digits(pod)) ?? key;
        return (given ?? Ask(user, $"Technician's key of {pod}, hexadecimal:", "the technician's key", ProvisioningBundle.IsTechnicianKey, ProvisioningBundle.TechnicianKeyRule)).ToLowerInvariant();
    }

    private static (string? Password, string? Key, IReadOnlyDictionary<string, string> Keys) ReadSecrets(string path, IOperator user)
    {
        CodedErrorException Wrong(string detail) => new(new CodedError(FaultCodes.BundleUnusable, new ErrorPlace(path, 0, null), detail));
        try
        {
            JsonElement root = JsonElement.Parse(ReadAll(path, user));
            if (root.ValueKind != JsonValueKind.Object || root.EnumerateObject().Any(m => !(m.Name is "wifiPassword" or "technicianKey" ? m.Value.ValueKind == JsonValueKind.String : m.Name is "technicianKeys" && m.Value.ValueKind == JsonValueKind.Object)))
            {
                throw Wrong("it must be an object with wifiPassword and technicianKey, both texts, or technicianKeys, an object");
            }

            Dictionary<string, string> keys = new(StringComparer.Ordinal);
            foreach (JsonProperty one in root.TryGetProperty("technicianKeys", out JsonElement all) ? all.EnumerateObject().ToArray() : [])
            {
                string id = ProvisioningBundle.Digits(one.Name);
                string? given = one.Value.ValueKind == JsonValueKind.String ? one.Value.GetString() : null;
                if (id.Length != 16 || given is null || !ProvisioningBundle.IsTechnicianKey(given) || !keys.TryAdd(id, given))
                {
                    throw Wrong("technicianKeys: each id of 16 hexadecimal digits stands there once; the key: " + ProvisioningBundle.TechnicianKeyRule);
                }
            }

            string? password = root.TryGetProperty("wifiPassword", out JsonElement p) ? p.GetString() : null;
            string? key = root.TryGetProperty("technicianKey", out JsonElement k) ? k.GetString() : null;
            return password is not null && !ProvisioningBundle.IsWifiPassword(password) ? throw Wrong("wifiPassword: " + ProvisioningBundle.WifiPasswordRule)
                : key is not null && !ProvisioningBundle.IsTechnicianKey(key) ? throw Wrong("technicianKey: " + ProvisioningBundle.TechnicianKeyRule) : (password, key, keys);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Wrong("it is not JSON");
        }
    }

    private static byte[] ReadAll(string path, IOperator user)
    {
        try
        {
            using Stream stream = path is "-" ? user.StandardInput() : File.OpenRead(path);
            using MemoryStream bytes = new();
            byte[] buffer = new byte[4096];
            for (int count = stream.Read(buffer); count > 0 && bytes.Length <= ProvisioningBundle.MaxBytes; count = stream.Read(buffer))
            {
                bytes.Write(buffer, 0, count);
            }

            return bytes.ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.BundleUnusable, new ErrorPlace(path, 0, null), e.Message.TrimEnd('.')));
        }
    }

    private static string Ask(IOperator user, string question, string what, Func<string, bool> isRight, string rule)
    {
        for (int attempt = 0; user.IsThere && attempt < 3; attempt++)
        {
            string? secret = user.AskSecret(question);
            if (secret is null)
            {
                break;
            }

            if (isRight(secret))
            {
                return secret;
            }

            question = rule + "; again:";
        }

        throw new CodedErrorException(new CodedError(FaultCodes.SecretMissing, ErrorPlace.None, what));
    }
}
