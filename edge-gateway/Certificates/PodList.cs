using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EdgeGateway.Certificates;

/// <summary>What a cart has decided about a pod.</summary>
public enum PodStanding
{
    /// <summary>Nothing: it does not stand in the list.</summary>
    Unknown,

    /// <summary>It belongs to this cart.</summary>
    Admitted,

    /// <summary>It did, and does no longer.</summary>
    Revoked,
}

/// <summary>One pod of the list.</summary>
/// <param name="DeviceId">Its device id, 16 lower-case hexadecimal digits.</param>
/// <param name="Standing">Admitted or revoked.</param>
/// <param name="Since">Since when, UTC.</param>
/// <param name="Label">What people call it: 0 to 64 printable characters.</param>
public sealed record ListedPod(string DeviceId, PodStanding Standing, DateTimeOffset Since, string Label);

/// <summary>The pods of a cart, as the file pods.json in the gateway's state directory holds them. A certificate proves who a pod is; this list says whether the cart wants it.</summary>
public sealed class PodList
{
    /// <summary>Most pods.</summary>
    public const int MaxPods = 256;

    /// <summary>Longest label, characters.</summary>
    public const int MaxLabelLength = 64;

    /// <summary>Longest file, bytes.</summary>
    public const int MaxFileBytes = 256 * 1024;

    private const string Format = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private readonly SortedDictionary<string, ListedPod> _pods;

    private PodList(SortedDictionary<string, ListedPod> pods) => _pods = pods;

    /// <summary>No pod.</summary>
    public static PodList Empty { get; } = new(new SortedDictionary<string, ListedPod>(StringComparer.Ordinal));

    /// <summary>All pods, by device id.</summary>
    public IReadOnlyCollection<ListedPod> Pods => _pods.Values;

    /// <summary>Reads the file.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="problem">What is wrong, or null.</param>
    /// <returns>The list, or null when the file is not whole.</returns>
    public static PodList? Read(ReadOnlyMemory<byte> bytes, out string? problem)
    {
        if (bytes.Length > MaxFileBytes)
        {
            problem = "longer than " + MaxFileBytes.ToString(CultureInfo.InvariantCulture) + " bytes";
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            if (document.RootElement.GetProperty("v").GetInt32() != 1)
            {
                problem = "a version other than 1";
                return null;
            }

            SortedDictionary<string, ListedPod> pods = new(StringComparer.Ordinal);
            foreach (JsonElement item in document.RootElement.GetProperty("pods").EnumerateArray())
            {
                ListedPod pod = One(item);
                if (!pods.TryAdd(pod.DeviceId, pod))
                {
                    throw new FormatException("pod " + pod.DeviceId + " stands twice");
                }
            }

            problem = null;
            return pods.Count <= MaxPods ? new PodList(pods) : throw new FormatException("more than " + MaxPods.ToString(CultureInfo.InvariantCulture) + " pods");
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            problem = e.Message;
            return null;
        }
    }

    /// <summary>True for a label that the list takes: at most 64 characters, none of them a control.</summary>
    /// <param name="label">The label.</param>
    /// <returns>False for one that is too long or has a line end, say.</returns>
    public static bool IsLabel(string label)
    {
        ArgumentNullException.ThrowIfNull(label);
        foreach (char sign in label)
        {
            if (char.IsControl(sign) || char.IsSurrogate(sign))
            {
                return false;
            }
        }

        return label.Length <= MaxLabelLength;
    }

    /// <summary>What the list says of a pod.</summary>
    /// <param name="deviceId">Its device id.</param>
    /// <returns>Unknown when it does not stand in it.</returns>
    public PodStanding StandingOf(string deviceId) => _pods.TryGetValue(deviceId, out ListedPod? pod) ? pod.Standing : PodStanding.Unknown;

    /// <summary>The list with a pod admitted or revoked.</summary>
    /// <param name="pod">The pod.</param>
    /// <returns>The new list.</returns>
    /// <exception cref="InvalidOperationException">It is full.</exception>
    /// <exception cref="ArgumentException">The device id or label is none.</exception>
    public PodList With(ListedPod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        if (!CertificateIdentity.IsNameOf(CertificateRole.Pod, pod.DeviceId) || !IsLabel(pod.Label) || pod.Standing == PodStanding.Unknown)
        {
            throw new ArgumentException("A pod has 16 lower-case hexadecimal digits, a label of at most 64 characters, and a standing.", nameof(pod));
        }

        SortedDictionary<string, ListedPod> pods = new(_pods, StringComparer.Ordinal) { [pod.DeviceId] = pod };
        return pods.Count <= MaxPods ? new PodList(pods) : throw new InvalidOperationException("The list has " + MaxPods.ToString(CultureInfo.InvariantCulture) + " pods.");
    }

    /// <summary>The file.</summary>
    /// <returns>Its bytes, UTF-8, one pod a line.</returns>
    public byte[] Write()
    {
        StringBuilder text = new("{\"v\":1,\"pods\":[");
        string before = "\n";
        foreach (ListedPod pod in _pods.Values)
        {
            text.Append(before).Append("{\"deviceId\":\"").Append(pod.DeviceId).Append("\",\"standing\":\"").Append(pod.Standing == PodStanding.Admitted ? "admitted" : "revoked")
                .Append("\",\"since\":\"").Append(pod.Since.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture)).Append("\",\"label\":").Append(JsonSerializer.Serialize(pod.Label)).Append('}');
            before = ",\n";
        }

        return Encoding.UTF8.GetBytes(text.Append("\n]}\n").ToString());
    }

    private static ListedPod One(JsonElement item)
    {
        string deviceId = item.GetProperty("deviceId").GetString() ?? string.Empty;
        string label = item.TryGetProperty("label", out JsonElement named) ? named.GetString() ?? string.Empty : string.Empty;
        PodStanding standing = item.GetProperty("standing").GetString() switch
        {
            "admitted" => PodStanding.Admitted,
            "revoked" => PodStanding.Revoked,
            string other => throw new FormatException("'" + other + "' is neither admitted nor revoked"),
            null => throw new FormatException("a standing is absent"),
        };
        if (!CertificateIdentity.IsNameOf(CertificateRole.Pod, deviceId) || !IsLabel(label))
        {
            throw new FormatException("'" + deviceId + "' is no device id, or its label has more than 64 characters");
        }

        DateTimeOffset since = DateTimeOffset.ParseExact(
            item.GetProperty("since").GetString() ?? string.Empty, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
        return new ListedPod(deviceId, standing, since, label);
    }
}
