using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core.Sound;
using Firmware.Protocol;

namespace Simulators.Cart.Subscribers;

/// <summary>One live chunk as it arrived.</summary>
/// <param name="Device">Whose.</param>
/// <param name="Number">Its number.</param>
/// <param name="Step">How far it is reduced.</param>
/// <param name="DeviceUs">Time of its first sample on the device's clock, µs.</param>
/// <param name="LengthUs">How long it sounds, µs.</param>
/// <param name="ArrivedUs">When it arrived, µs of the listener's clock.</param>
public readonly record struct ReceivedChunk(ulong Device, uint Number, ListeningStep Step, long DeviceUs, long LengthUs, long ArrivedUs);

/// <summary>A clip as it was told last.</summary>
/// <param name="State">The word of its state.</param>
/// <param name="Delivered">True when every frame of it has been delivered.</param>
/// <param name="MissingSamples">Samples that it lacks.</param>
/// <param name="Verdict">The word on the recording; null while there is none.</param>
/// <param name="HeartRate">1/min, or null.</param>
public readonly record struct ClipAnnouncement(string State, bool Delivered, int MissingSamples, string? Verdict, double? HeartRate);

/// <summary>A listener's ears: takes live chunks, plays them through a buffer, counts what is missing, and reports once a second how the way is.</summary>
public sealed class SoundListener
{
    /// <summary>From one report to the next, µs.</summary>
    public const long ReportPeriodUs = 1_000_000;

    /// <summary>What the first chunk waits before it is played, µs.</summary>
    public const long BufferUs = 150_000;

    private readonly string _prefix;
    private readonly string _name;
    private readonly List<ReceivedChunk> _chunks = [];
    private readonly SortedDictionary<string, ClipAnnouncement> _clips = new(StringComparer.Ordinal);
    private readonly List<ListeningStep> _steps = [];
    private uint _number;
    private long _lost;
    private int _stream;
    private ulong _device;

    /// <summary>Makes a listener.</summary>
    /// <param name="prefix">The session's topics, with the slash.</param>
    /// <param name="name">Its own name.</param>
    public SoundListener(string prefix, string name)
    {
        _prefix = prefix;
        _name = name;
    }

    /// <summary>When the next report is due, µs.</summary>
    public long DueUs { get; private set; } = ReportPeriodUs;

    /// <summary>Every chunk that arrived, in order.</summary>
    public IReadOnlyList<ReceivedChunk> Chunks => _chunks;

    /// <summary>Steps in the order in which they were told, each change once.</summary>
    public IReadOnlyList<ListeningStep> Steps => _steps;

    /// <summary>Clips as they were told last, by name.</summary>
    public IReadOnlyDictionary<string, ClipAnnouncement> Clips => _clips;

    /// <summary>Chunks missing by their numbers.</summary>
    public long Missing { get; private set; }

    /// <summary>Takes a message when it is one of sound.</summary>
    /// <param name="topic">Its topic.</param>
    /// <param name="payload">Its bytes.</param>
    /// <param name="nowUs">Now.</param>
    /// <returns>True when it was.</returns>
    public bool Take(string topic, ReadOnlySpan<byte> payload, long nowUs)
    {
        if (topic.StartsWith(_prefix + "live/", StringComparison.Ordinal))
        {
            if (topic.EndsWith("/status", StringComparison.Ordinal))
            {
                TakeStatus(payload);
            }
            else
            {
                TakeChunk(topic, payload, nowUs);
            }

            return true;
        }

        if (topic.StartsWith(_prefix + "clip/", StringComparison.Ordinal))
        {
            using JsonDocument json = JsonDocument.Parse(payload.ToArray());
            JsonElement root = json.RootElement;
            if (root.TryGetProperty("state", out JsonElement state))
            {
                JsonElement rate = root.GetProperty("heartRate");
                _clips[root.GetProperty("clip").GetString()!] = new ClipAnnouncement(
                    state.GetString()!,
                    root.GetProperty("delivered").GetBoolean(),
                    root.GetProperty("missingSamples").GetInt32(),
                    root.GetProperty("verdict").GetString(),
                    rate.ValueKind == JsonValueKind.Number ? rate.GetDouble() : null);
            }

            return true;
        }

        return topic.StartsWith(_prefix + "auscultation", StringComparison.Ordinal);
    }

    /// <summary>The report that is due.</summary>
    /// <param name="nowUs">Now.</param>
    /// <returns>JSON, or null while nothing was heard.</returns>
    public byte[]? Report(long nowUs)
    {
        DueUs = nowUs + ReportPeriodUs;
        if (_number == 0)
        {
            return null;
        }

        string json = string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"v\":1,\"consumer\":\"{_name}\",\"device\":\"{Topics.DeviceText(_device)}\",\"stream\":{_stream},\"number\":{_number},\"lost\":{_lost}}}");
        _lost = 0;
        return Encoding.UTF8.GetBytes(json);
    }

    /// <summary>How long chunks were on their way, and how evenly they can be played.</summary>
    /// <param name="chunks">Which.</param>
    /// <param name="capturedUs">True time of a chunk's first sample on the listener's clock, µs.</param>
    /// <returns>95th percentile of the delay, and the spread of the delay behind the buffer (95th less 5th percentile), µs; 0 without chunks.</returns>
    public static (long DelayP95Us, long VariationUs) Measure(IReadOnlyList<ReceivedChunk> chunks, Func<ReceivedChunk, long> capturedUs)
    {
        ArgumentNullException.ThrowIfNull(chunks);
        ArgumentNullException.ThrowIfNull(capturedUs);
        List<long> delays = [];
        List<long> played = [];
        long endUs = long.MinValue;
        foreach (ReceivedChunk chunk in chunks)
        {
            long captured = capturedUs(chunk);
            delays.Add(chunk.ArrivedUs - captured);

            // A chunk begins where the one before ends; one that is not there yet makes a pause, and the delay stays longer.
            long beginsUs = endUs == long.MinValue ? chunk.ArrivedUs + BufferUs : Math.Max(endUs, chunk.ArrivedUs);
            played.Add(beginsUs - captured);
            endUs = beginsUs + chunk.LengthUs;
        }

        delays.Sort();
        played.Sort();
        return delays.Count == 0 ? (0, 0) : (Percentile(delays, 95), Percentile(played, 95) - Percentile(played, 5));
    }

    private static long Percentile(List<long> sorted, int percent) => sorted[Math.Min(sorted.Count - 1, sorted.Count * percent / 100)];

    private void TakeChunk(string topic, ReadOnlySpan<byte> payload, long nowUs)
    {
        string[] below = topic[(_prefix.Length + 5)..].Split('/');
        byte[] bytes = payload.ToArray();
        uint number = LiveChunk.Number(bytes);
        int count = SoundBody.Count(bytes, LiveChunk.HeadLength);
        int rate = SoundBody.SampleRateHz(bytes, LiveChunk.HeadLength);
        _device = ulong.Parse(below[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        _stream = int.Parse(below[1], CultureInfo.InvariantCulture);
        long missing = _number == 0 || number <= _number ? 0 : number - _number - 1;
        _lost += missing;
        Missing += missing;
        _number = Math.Max(_number, number);
        Sent(LiveChunk.Step(bytes));
        _chunks.Add(new ReceivedChunk(_device, number, LiveChunk.Step(bytes), LiveChunk.DeviceUs(bytes), count * 1_000_000L / rate, nowUs));
    }

    private void TakeStatus(ReadOnlySpan<byte> payload)
    {
        using JsonDocument json = JsonDocument.Parse(payload.ToArray());
        if (json.RootElement.TryGetProperty("step", out JsonElement step) && TryStep(step.GetString(), out ListeningStep told))
        {
            Sent(told);
        }
    }

    private void Sent(ListeningStep step)
    {
        if (_steps.Count == 0 || _steps[^1] != step)
        {
            _steps.Add(step);
        }
    }

    private static bool TryStep(string? word, out ListeningStep step)
    {
        foreach (ListeningStep candidate in Enum.GetValues<ListeningStep>())
        {
            if (string.Equals(candidate.ToString(), word, StringComparison.OrdinalIgnoreCase))
            {
                step = candidate;
                return true;
            }
        }

        step = ListeningStep.Full;
        return false;
    }
}
