using System;
using System.Collections.Generic;
using System.Text;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Readings;

/// <summary>A reading made ready for the session's broker.</summary>
/// <param name="Payload">Its JSON, or its frame bit for bit; nobody changes these bytes.</param>
/// <param name="Time">When it was measured.</param>
/// <param name="IsJson">True for JSON.</param>
/// <param name="Properties">The message's properties.</param>
internal readonly record struct ReadingMessage(ReadOnlyMemory<byte> Payload, ReadingTime Time, bool IsJson, MqttPublishProperties Properties)
{
    /// <summary>Content type of a frame as it is.</summary>
    public const string FrameContentType = "application/vnd.cart.frame";

    /// <summary>Content type of JSON.</summary>
    public const string JsonContentType = "application/json";

    private static readonly MqttPublishProperties OfJson = new() { ContentType = JsonContentType, PayloadIsUtf8 = true };

    /// <summary>Makes a reading's message.</summary>
    /// <param name="context">The folds.</param>
    /// <param name="session">Its session.</param>
    /// <param name="reading">The reading.</param>
    /// <param name="correctedFrom">Null; for a correction the first UTC it was sent with.</param>
    /// <returns>The message; of a binary reading it holds the reading's own bytes.</returns>
    public static ReadingMessage Make(GatewayContext context, Session session, in Reading reading, long? correctedFrom)
    {
        FrameHead head = reading.Head;
        bool own = head.DeviceId == context.Options.GatewayId;
        ReadingTime time = own
            ? context.Time.UtcOf(head.BootId, new TimeInterval(head.MonotonicUs, head.MonotonicUs))
            : context.Time.Map(head.DeviceId, head.BootId, head.MonotonicUs);
        string method = own ? "gateway" : "exchange";
        if (ReadingJson.Handles(head))
        {
            ReadingContext about = new(session.Id, time, method, SiteOf(context.Options.Sites, head))
            {
                IsCorrection = correctedFrom is not null,
                FirstUtcUs = correctedFrom ?? 0,
            };
            return new ReadingMessage(ReadingJson.Write(context.Json, head, reading.Bytes, reading.BodyOffset, about), time, true, OfJson);
        }

        // The frame goes out bit for bit; its time, which only the gateway knows, goes beside it and in the stream's description.
        KeyValuePair<string, string>[] beside = time.IsKnown
            ? [new("utc", JsonText.UtcText(time.UtcUs)), new("uncertaintyMs", Milliseconds(time.UncertaintyUs)), new("method", method)]
            : [new("method", "unsynchronised")];
        return new ReadingMessage(reading.FrameBytes, time, false, new MqttPublishProperties { ContentType = FrameContentType, UserProperties = beside });
    }

    /// <summary>The message itself.</summary>
    /// <param name="topic">Its topic.</param>
    /// <returns>The message.</returns>
    public MqttMessage Message(string topic) => new()
    {
        Topic = topic,
        Payload = Payload,
        IsPayloadImmutable = true,
        Qos = MqttQos.AtLeastOnce,
        Properties = Properties,
    };

    private static string? SiteOf(IReadOnlyList<StreamSite> sites, in FrameHead head)
    {
        string? site = null;
        for (int i = 0; i < sites.Count; i++)
        {
            site = sites[i].DeviceId == head.DeviceId && sites[i].Stream == head.Stream ? sites[i].Site : site;
        }

        return site;
    }

    private static string Milliseconds(long us)
    {
        Span<byte> text = stackalloc byte[32];
        return Encoding.ASCII.GetString(text[..JsonOutputExtensions.Milliseconds(text, us)]);
    }
}
