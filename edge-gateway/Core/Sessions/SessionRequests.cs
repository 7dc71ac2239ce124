using System;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Sessions;

/// <summary>Names in topics and requests.</summary>
internal static class Names
{
    /// <summary>Longest name of a session, consumer or request.</summary>
    public const int MaxLength = 64;

    /// <summary>True for 1 to 64 of A-Z a-z 0-9 '_' '-'.</summary>
    public static bool IsValid(string? name)
    {
        if (name is null || name.Length is 0 or > MaxLength)
        {
            return false;
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_' && c != '-')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A word of somebody else's as it may be repeated in an answer.</summary>
    /// <param name="text">The word, or null.</param>
    /// <returns>The word; empty when there is none, or one that is too long.</returns>
    public static string Word(string? text) => text is null || text.Length > MaxLength ? string.Empty : text;

    /// <summary>Reads 16 lower-case hexadecimal digits.</summary>
    public static bool TryDevice(ReadOnlySpan<char> text, out ulong device)
    {
        device = 0;
        if (text.Length != 16)
        {
            return false;
        }

        foreach (char c in text)
        {
            int digit = c is >= '0' and <= '9' ? c - '0' : c is >= 'a' and <= 'f' ? c - 'a' + 10 : -1;
            if (digit < 0)
            {
                return false;
            }

            device = (device << 4) | (uint)digit;
        }

        return device != 0;
    }
}

/// <summary>A request of the session's side, read from JSON. Unknown members are ignored, so that later versions may add some.</summary>
internal sealed class SessionRequest
{
    /// <summary>Longest request, bytes; its record, which is at most a third longer, then fits the journal's 64 KiB.</summary>
    public const int MaxLength = 32 * 1024;

    private string? _responseTopic;
    private ReadOnlyMemory<byte> _correlationData;

    public string? Id { get; private set; }

    public string? Command { get; private set; }

    public string? Session { get; private set; }

    public string? Consumer { get; private set; }

    /// <summary>True when there was a member <c>streams</c>.</summary>
    public bool HasStreams { get; private set; }

    public List<ReceiptStream> Streams { get; } = [];

    /// <summary>Where the answer goes; meaningful with a valid <see cref="Id"/>.</summary>
    public ReplyAddress AnswerTo => new(Id ?? string.Empty, _responseTopic, _correlationData);

    /// <summary>What is wrong, English; null when it could be read.</summary>
    public string? Problem { get; private set; }

    /// <summary>Reads a request.</summary>
    /// <param name="payload">The JSON.</param>
    /// <returns>The request; with a <see cref="Problem"/> when it is not understood, and then with what could be read.</returns>
    public static SessionRequest Read(ReadOnlyMemory<byte> payload)
    {
        SessionRequest request = new();
        using StrictJson json = StrictJson.Read(payload, MaxLength);
        request.Id = json.Text("id");
        request.Command = json.Text("command");
        request.Session = json.Text("session");
        request.Consumer = json.Text("consumer");
        request.HasStreams = json.Has("streams");
        if (json.TryList("streams", ReceiptRecord.MaxStreams, out JsonElement streams))
        {
            request.ReadStreams(streams);
        }

        request.Problem = json.Problem ?? request.Problem;
        request.Id ??= StrictJson.OnlyText(payload, MaxLength, "id");
        return request;
    }

    /// <summary>Takes in the request/response properties of the message. A response topic elsewhere than below the cart's own replies is not followed.</summary>
    /// <param name="properties">The message's properties, or null.</param>
    /// <param name="root">Where answers may go, with its final slash.</param>
    public void Take(MqttPublishProperties? properties, string root)
    {
        _correlationData = properties?.CorrelationData.ToArray() ?? [];
        _responseTopic = properties?.ResponseTopic is { } topic && topic.Length > root.Length && topic.StartsWith(root, StringComparison.Ordinal) ? topic : null;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool TryNumber(JsonElement element, string name, bool required, out uint value)
    {
        value = 0;
        return element.TryGetProperty(name, out JsonElement number)
            ? number.ValueKind == JsonValueKind.Number && number.TryGetUInt32(out value)
            : !required;
    }

    private void ReadStreams(JsonElement streams)
    {
        int index = 0;
        foreach (JsonElement stream in streams.EnumerateArray())
        {
            string place = "streams[" + Invariant.Text(index++) + "]";
            if (stream.ValueKind != JsonValueKind.Object || !Names.TryDevice(Text(stream, "device"), out ulong device)
                || !TryNumber(stream, "boot", true, out uint boot) || !TryNumber(stream, "stream", true, out uint number) || number > ushort.MaxValue
                || !TryNumber(stream, "through", true, out uint through) || !TryNumber(stream, "seen", false, out uint seen))
            {
                Problem = place + " needs device (16 hexadecimal digits), boot, stream and through";
                return;
            }

            List<SequenceRange> gaps = [];
            if (stream.TryGetProperty("holes", out JsonElement list) && !TryGaps(list, through, gaps))
            {
                Problem = place + ".holes is no array of at most " + Invariant.Text(ReceiptRecord.MaxSequenceGaps) + " pairs [first,last] below through, ascending";
                return;
            }

            Streams.Add(new ReceiptStream(new StreamKey(device, boot, (int)number), through, seen, gaps));
        }
    }

    private static bool TryGaps(JsonElement list, uint through, List<SequenceRange> gaps)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > ReceiptRecord.MaxSequenceGaps)
        {
            return false;
        }

        uint after = 0;
        foreach (JsonElement pair in list.EnumerateArray())
        {
            if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2
                || pair[0].ValueKind != JsonValueKind.Number || !pair[0].TryGetUInt32(out uint first)
                || pair[1].ValueKind != JsonValueKind.Number || !pair[1].TryGetUInt32(out uint last)
                || first <= after || last < first || last > through)
            {
                return false;
            }

            gaps.Add(new SequenceRange(first, last));
            after = last;
        }

        return true;
    }
}
