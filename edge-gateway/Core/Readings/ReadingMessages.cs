using System;
using System.Collections.Generic;
using System.Text;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core.Readings;

/// <summary>Makes readings ready for the session's broker.</summary>
/// <param name="time">When they were measured.</param>
/// <param name="topics">Their topics.</param>
/// <param name="json">For one JSON text at a time.</param>
/// <param name="gatewayId">The gateway's own EUI-64.</param>
/// <param name="sites">Where on the body streams are measured.</param>
internal sealed class ReadingMessages(TimeProjection time, ReadingTopics topics, JsonOutput json, ulong gatewayId, IReadOnlyList<StreamSite> sites)
{
    private static readonly MqttPublishProperties OfJson = new() { ContentType = ReadingMessage.JsonContentType, PayloadIsUtf8 = true };

    /// <summary>True for a reading that the gateway made itself.</summary>
    /// <param name="head">Its head.</param>
    public bool IsOwn(in FrameHead head) => head.DeviceId == gatewayId;

    /// <summary>The topic of a reading in its session.</summary>
    /// <param name="session">The session.</param>
    /// <param name="head">The reading's head.</param>
    public string TopicOf(Session session, in FrameHead head) => topics.Of(topics.RootOf(session), head);

    /// <summary>Makes a reading's message.</summary>
    /// <param name="session">Its session.</param>
    /// <param name="reading">The reading.</param>
    /// <param name="correctedFrom">Null; for a correction the first UTC it was sent with.</param>
    /// <returns>The message; of a binary reading it holds the reading's own bytes.</returns>
    public ReadingMessage Make(Session session, in Reading reading, long? correctedFrom)
    {
        FrameHead head = reading.Head;
        bool own = IsOwn(head);
        ReadingTime at = own
            ? time.UtcOf(head.BootId, new TimeInterval(head.MonotonicUs, head.MonotonicUs))
            : time.Map(head.DeviceId, head.BootId, head.MonotonicUs);
        string method = own ? "gateway" : "exchange";
        if (ReadingJson.Handles(head))
        {
            ReadingContext about = new(session.Id, at, method, SiteOf(sites, head))
            {
                IsCorrection = correctedFrom is not null,
                FirstUtcUs = correctedFrom ?? 0,
            };
            return new ReadingMessage(ReadingJson.Write(json, head, reading.Bytes, reading.BodyOffset, about), at, true, OfJson);
        }

        // The frame goes out bit for bit; its time, which only the gateway knows, goes beside it and in the stream's description.
        KeyValuePair<string, string>[] beside = at.IsKnown
            ? [new("utc", Rfc3339.Text(at.UtcUs)), new("uncertaintyMs", Milliseconds(at.UncertaintyUs)), new("method", method)]
            : [new("method", "unsynchronised")];
        return new ReadingMessage(reading.FrameBytes, at, false, new MqttPublishProperties { ContentType = ReadingMessage.FrameContentType, UserProperties = beside });
    }

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
