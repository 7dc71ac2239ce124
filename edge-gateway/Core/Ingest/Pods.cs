using System;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using Firmware.Protocol;

namespace EdgeGateway.Core.Ingest;

/// <summary>What is known of a connected or known pod.</summary>
internal sealed class Pod
{
    /// <summary>Most parts of one pod; further ones are not known by name.</summary>
    private const int MaxParts = 16;

    private string? _root;

    public required ulong DeviceId { get; init; }

    /// <summary>What its topics begin with: <c>pod/{id}/</c>.</summary>
    public string Root => _root ??= RootFor(DeviceId);

    public bool IsConnected { get; set; }

    public bool HasCommands { get; set; }

    public uint BootId { get; set; }

    public long Messages { get; set; }

    public long LastReceivedUs { get; set; }

    public uint Epoch { get; set; }

    /// <summary>True when it was last told of no epoch because it is on a bench.</summary>
    public bool IsEpochWithheld { get; set; }

    /// <summary>True while commands reach it.</summary>
    public bool TakesCommands => IsConnected && HasCommands;

    /// <summary>The parts that the pod's last state names, each with what it provides.</summary>
    public IReadOnlyList<AnnouncedPart> Parts { get; private set; } = [];

    /// <summary>The parts that the pod's last state calls absent, quarantined or in backoff, with that word; empty when there are none.</summary>
    public string FaultyParts { get; private set; } = string.Empty;

    /// <summary>The code that a pod in safe mode gives for it, as it says it; null for a pod that measures.</summary>
    public string? SafeMode { get; private set; }

    /// <summary>True for a pod that says that it simulates readings or carries an injected fault: it is given no epoch.</summary>
    public bool IsOnBench { get; private set; }

    /// <summary>The newest health of its running boot, or of the one before until that comes; null before the first.</summary>
    public PodHeartbeat? Heartbeat { get; private set; }

    /// <summary>Takes a frame of its health; one that is not understood, or older than what is known, changes nothing.</summary>
    /// <param name="head">Its head.</param>
    /// <param name="frame">The whole frame.</param>
    public void TakeHealth(in FrameHead head, ReadOnlySpan<byte> frame)
    {
        if (head is { Kind: FrameKind.Health, Version: Frame.Version, BodyLength: >= HealthBody.Length }
            && (Heartbeat is not { } known || head.BootId != known.BootId || head.MonotonicUs > known.DeviceUs))
        {
            Heartbeat = PodHeartbeat.Read(head, frame[Frame.HeaderLength..]);
        }
    }

    /// <summary>What the topics of a pod begin with.</summary>
    /// <param name="deviceId">Its id.</param>
    public static string RootFor(ulong deviceId) => "pod/" + Topics.DeviceText(deviceId) + "/";

    /// <summary>True when a part of it provides something.</summary>
    /// <param name="what">A word of <see cref="Capabilities"/>.</param>
    public bool Provides(string what)
    {
        foreach (AnnouncedPart part in Parts)
        {
            if (part.Does(what))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Reads the pod's state message; one that is not understood, or says offline, changes nothing. A pod in safe mode names no parts: it provides nothing, and what it named before is not taken for
    /// there.
    /// </summary>
    /// <returns>True when the parts, or what they provide, are others than before, or when it came on a bench or off it.</returns>
    public bool TakeState(ReadOnlyMemory<byte> json)
    {
        List<AnnouncedPart> parts = [];
        List<string> faulty = [];
        bool isOnBench;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
            if (IsSafeMode(document.RootElement, out string code))
            {
                bool named = Parts.Count > 0 || IsOnBench;
                SafeMode = code;
                IsOnBench = false;
                Parts = [];
                FaultyParts = string.Empty;
                return named;
            }

            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("peripherals", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            {
                return false;
            }

            isOnBench = document.RootElement.TryGetProperty("bench", out JsonElement bench) && bench.ValueKind == JsonValueKind.True;
            foreach (JsonElement part in list.EnumerateArray())
            {
                if (part.ValueKind == JsonValueKind.Object && part.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String
                    && parts.Count < MaxParts)
                {
                    parts.Add(AnnouncedPart.Read(part, name.GetString()!));
                    if (part.TryGetProperty("state", out JsonElement word) && word.ValueKind == JsonValueKind.String && (word.GetString() is "absent" or "backoff" or "quarantined"))
                    {
                        faulty.Add(LogText.Shown(name.GetString()!) + ": " + word.GetString());
                    }
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }

        bool changed = parts.Count != Parts.Count || isOnBench != IsOnBench;
        for (int i = 0; !changed && i < parts.Count; i++)
        {
            changed = !parts[i].IsSameAs(Parts[i]);
        }

        SafeMode = null;
        IsOnBench = isOnBench;
        Parts = parts;
        FaultyParts = string.Join(", ", faulty);
        return changed;
    }

    private static bool IsSafeMode(JsonElement state, out string code)
    {
        code = string.Empty;
        if (state.ValueKind != JsonValueKind.Object || !state.TryGetProperty("state", out JsonElement word) || word.ValueKind != JsonValueKind.String || !word.ValueEquals("safeMode"u8))
        {
            return false;
        }

        code = state.TryGetProperty("code", out JsonElement named) && named.ValueKind == JsonValueKind.String ? LogText.Shown(named.GetString()!) : string.Empty;
        return true;
    }
}

/// <summary>One part of a pod, as the pod's state announces it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id in hardware/vocabulary.json; empty when the pod does not say it.</param>
/// <param name="What">What it provides, words of <see cref="Capabilities"/>; words of later pods are kept.</param>
/// <param name="Streams">Numbers of its streams; empty when the pod does not say them.</param>
internal sealed record AnnouncedPart(string Name, string Id, IReadOnlyList<string> What, IReadOnlyList<int> Streams)
{
    /// <summary>Most words or streams of one part that are read.</summary>
    private const int MaxItems = 16;

    /// <summary>Reads one entry of <c>peripherals</c>. A pod of before the members <c>part</c>, <c>provides</c> and <c>streams</c> is looked up by its part's name.</summary>
    /// <param name="entry">The entry, an object.</param>
    /// <param name="name">Its name.</param>
    public static AnnouncedPart Read(JsonElement entry, string name)
    {
        bool says = TryList(entry, "provides", out JsonElement words);
        List<string> what = [];
        for (int i = 0; says && i < Math.Min(MaxItems, words.GetArrayLength()); i++)
        {
            what.Add(words[i].ValueKind == JsonValueKind.String ? words[i].GetString()! : string.Empty);
        }

        List<int> streams = [];
        for (int i = 0; TryList(entry, "streams", out JsonElement numbers) && i < Math.Min(MaxItems, numbers.GetArrayLength()); i++)
        {
            if (numbers[i].ValueKind == JsonValueKind.Number && numbers[i].TryGetUInt16(out ushort stream))
            {
                streams.Add(stream);
            }
        }

        string id = entry.TryGetProperty("part", out JsonElement part) && part.ValueKind == JsonValueKind.String ? part.GetString()! : string.Empty;
        return new AnnouncedPart(name, id, says ? what : ByName(name), streams);
    }

    private static string[] ByName(string name) => Parts.TryFindName(name, out PodPart part) ? Parts.Provides(part) : [];

    private static bool TryList(JsonElement entry, string name, out JsonElement list) => entry.TryGetProperty(name, out list) && list.ValueKind == JsonValueKind.Array;

    /// <summary>True when it provides something.</summary>
    /// <param name="what">A word of <see cref="Capabilities"/>.</param>
    public bool Does(string what)
    {
        foreach (string word in What)
        {
            if (string.Equals(word, what, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when it is the same part and provides the same.</summary>
    /// <param name="other">Another.</param>
    public bool IsSameAs(AnnouncedPart other)
    {
        bool same = string.Equals(Name, other.Name, StringComparison.Ordinal) && string.Equals(Id, other.Id, StringComparison.Ordinal) && What.Count == other.What.Count;
        for (int i = 0; same && i < What.Count; i++)
        {
            same = string.Equals(What[i], other.What[i], StringComparison.Ordinal);
        }

        return same;
    }
}

/// <summary>Pods by device id.</summary>
internal sealed class Pods
{
    /// <summary>Most pods known at once; further ones are refused at their connection.</summary>
    public const int MaxPods = EndpointLimits.MaxPods + EndpointLimits.MaxNewPods;

    private readonly SortedDictionary<ulong, Pod> _pods = [];

    public IReadOnlyCollection<Pod> All => _pods.Values;

    /// <summary>What the topics of a pod begin with: <c>pod/{id}/</c>.</summary>
    public string RootOf(ulong deviceId) => Find(deviceId)?.Root ?? Pod.RootFor(deviceId);

    /// <summary>True when a known pod, connected or not, provides something.</summary>
    /// <param name="what">A word of <see cref="Capabilities"/>.</param>
    public bool AnyProvides(string what)
    {
        foreach (Pod pod in All)
        {
            if (pod.Provides(what))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when a pod that provides something takes commands now.</summary>
    /// <param name="what">A word of <see cref="Capabilities"/>.</param>
    public bool AnyReady(string what)
    {
        foreach (Pod pod in All)
        {
            if (pod.TakesCommands && pod.Provides(what))
            {
                return true;
            }
        }

        return false;
    }

    public bool IsFull => _pods.Count >= MaxPods;

    public Pod? Find(ulong deviceId) => _pods.GetValueOrDefault(deviceId);

    /// <summary>Forgets a pod of which nothing is kept.</summary>
    public void Remove(ulong deviceId) => _pods.Remove(deviceId);

    public Pod Of(ulong deviceId)
    {
        if (!_pods.TryGetValue(deviceId, out Pod? pod))
        {
            pod = new Pod { DeviceId = deviceId };
            _pods.Add(deviceId, pod);
        }

        return pod;
    }
}
