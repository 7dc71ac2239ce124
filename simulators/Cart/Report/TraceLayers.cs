using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.Json;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Simulators.Cart.Ledger;
using Simulators.Cart.Pod;
using Simulators.Cart.World;
using Simulators.Kernel;

namespace Simulators.Cart.Report;

/// <summary>
/// A run's trace summed up by layer, so that what is added changes its own line alone: <c>pod</c>, per device and stream the frames that pods made, without epoch and CRC, exchanges of clocks left out;
/// <c>gateway</c>, per topic what gateways published, of readings each once by identity and without what the network has a say in (the UTC and its uncertainty); <c>trace</c>, per place and
/// event the lines of the trace with their times; and <c>all</c>, the SHA-256 over the whole trace. The first two say whether the values are the same, the others whether time and network are.
/// </summary>
public sealed class TraceLayers
{
    /// <summary>The first line of a file of layers.</summary>
    public const string Heading = "layer,subject,count,digest";

    private const int EpochOffset = 32;
    private const int EpochLength = 4;
    private const int CrcLength = 4;

    private readonly SortedDictionary<(ulong Device, int Stream), TraceTally> _pods = [];
    private readonly SortedDictionary<string, TraceTally> _topics = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SortedDictionary<ReadingId, byte[]>> _readings = new(StringComparer.Ordinal);

    /// <summary>Begins to watch.</summary>
    /// <param name="carts">Carts that have not run yet.</param>
    internal TraceLayers(IReadOnlyList<SimulatedCart> carts)
    {
        foreach (SimulatedCart cart in carts)
        {
            cart.Gateway.Published += Published;
            foreach (SimulatedPod pod in cart.Pods)
            {
                pod.FrameProduced += (buffer, offset, length) =>
                {
                    // An exchange of clocks says how the network was, and a pod's health how its loop was.
                    if (Frame.Kind(buffer, offset) is not (FrameKind.Clock or FrameKind.Health))
                    {
                        Made(ReadingId.Of(buffer, offset), Content(buffer.AsSpan(offset, length)));
                    }
                };
            }
        }
    }

    /// <summary>The lines of a file of layers, without the heading.</summary>
    /// <param name="trace">The trace, finished by this.</param>
    /// <returns><c>layer,subject,count,digest</c>, in order of layer and subject.</returns>
    internal IReadOnlyList<string> Lines(TraceWriter trace)
    {
        List<string> lines = [];
        void Add(string layer, string subject, TraceTally tally) =>
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{layer},{subject},{tally.Count},{tally.Digest:x16}"));

        foreach (((ulong device, int stream), TraceTally tally) in _pods)
        {
            Add("pod", string.Create(CultureInfo.InvariantCulture, $"{device:x16}/{stream}"), tally);
        }

        SortedDictionary<string, TraceTally> topics = new(_topics, StringComparer.Ordinal);
        foreach ((string topic, SortedDictionary<ReadingId, byte[]> readings) in _readings)
        {
            TraceTally tally = new();
            foreach (byte[] content in readings.Values)
            {
                tally.Add(content);
            }

            topics.Add(topic, tally);
        }

        foreach ((string topic, TraceTally tally) in topics)
        {
            Add("gateway", topic, tally);
        }

        foreach ((string subject, TraceTally tally) in trace.Subjects)
        {
            Add("trace", subject, tally);
        }

        string sha256 = trace.Finish();
        lines.Add(string.Create(CultureInfo.InvariantCulture, $"all,,{trace.Lines},{sha256}"));
        return lines;
    }

    private void Made(ReadingId id, ReadOnlySpan<byte> content)
    {
        if (!_pods.TryGetValue((id.Device, id.Stream), out TraceTally? tally))
        {
            _pods.Add((id.Device, id.Stream), tally = new TraceTally());
        }

        tally.Add(content);
    }

    private void Published(MqttMessage message)
    {
        // Commands and time replies to a pod are no output; they are in the lines of its network.
        if (!message.Topic.StartsWith("cart/", StringComparison.Ordinal))
        {
            return;
        }

        if (Delivery.TryRead(message, out Delivery delivery, out _))
        {
            if (!_readings.TryGetValue(message.Topic, out SortedDictionary<ReadingId, byte[]>? readings))
            {
                _readings.Add(message.Topic, readings = []);
            }

            readings[delivery.Id] = delivery.IsFrame ? Content(message.Payload.Span) : WithoutUtc(message.Payload);
            return;
        }

        // The description of a stream shares the topic of its readings.
        string topic = message.Topic + (message.Retain ? " retained" : string.Empty);
        if (!_topics.TryGetValue(topic, out TraceTally? tally))
        {
            _topics.Add(topic, tally = new TraceTally());
        }

        tally.Add(message.Payload.Span);
    }

    private static byte[] Content(ReadOnlySpan<byte> frame) => [.. frame[..EpochOffset], .. frame[(EpochOffset + EpochLength)..^CrcLength]];

    private static byte[] WithoutUtc(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        StringBuilder text = new();
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            JsonElement said = member.Name is "time" ? member.Value.GetProperty("deviceUs") : member.Value;
            text.Append(member.Name).Append('=').Append(said.GetRawText()).Append('\n');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
