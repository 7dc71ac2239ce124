using System;
using System.Collections.Generic;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Core.Readings;

/// <summary>A reading made ready for the session's broker.</summary>
internal sealed class ReadingMessage
{
    /// <summary>Content type of a frame as it is.</summary>
    public const string FrameContentType = "application/vnd.cart.frame";

    /// <summary>Content type of JSON.</summary>
    public const string JsonContentType = "application/json";

    private readonly string _place;
    private readonly MqttPublishProperties _properties;

    private ReadingMessage(string place, byte[] payload, ReadingTime time, bool isJson, MqttPublishProperties properties)
    {
        _place = place;
        Payload = payload;
        Time = time;
        IsJson = isJson;
        _properties = properties;
    }

    public byte[] Payload { get; }

    public ReadingTime Time { get; }

    public bool IsJson { get; }

    /// <summary>Makes a reading's message.</summary>
    /// <param name="context">The folds.</param>
    /// <param name="session">Its session.</param>
    /// <param name="head">Its head.</param>
    /// <param name="frame">The whole frame.</param>
    /// <param name="correctedFrom">Null; for a correction the first UTC it was sent with.</param>
    /// <returns>The message.</returns>
    public static ReadingMessage Make(GatewayContext context, Session session, FrameHead head, ReadOnlySpan<byte> frame, long? correctedFrom)
    {
        bool own = head.DeviceId == context.Options.GatewayId;
        ReadingTime time = own
            ? context.Time.UtcOf(head.BootId, new TimeInterval(head.MonotonicUs, head.MonotonicUs))
            : context.Time.Map(head.DeviceId, head.BootId, head.MonotonicUs);
        string method = own ? "gateway" : "exchange";
        string place = "/" + Topics.DeviceText(head.DeviceId) + "/" + GatewayContext.Text(head.Stream);
        if (ReadingJson.Handles(head))
        {
            string? site = null;
            foreach (StreamSite known in context.Options.Sites)
            {
                site = known.DeviceId == head.DeviceId && known.Stream == head.Stream ? known.Site : site;
            }

            ReadingContext reading = new(session.Id, time, method, site)
            {
                IsCorrection = correctedFrom is not null,
                FirstUtcUs = correctedFrom ?? 0,
            };
            MqttPublishProperties json = new() { ContentType = JsonContentType, PayloadIsUtf8 = true };
            return new ReadingMessage(FrameHead.SegmentOf(head.Kind) + place, ReadingJson.Write(head, frame, reading), time, true, json);
        }

        // The frame goes out bit for bit; its time, which only the gateway knows, goes beside it and in the stream's description.
        List<KeyValuePair<string, string>> beside = [];
        if (time.IsKnown)
        {
            beside.Add(new KeyValuePair<string, string>("utc", JsonText.UtcText(time.UtcUs)));
            beside.Add(new KeyValuePair<string, string>("uncertaintyMs", System.Text.Encoding.ASCII.GetString(new JsonText().Milliseconds(time.UncertaintyUs).ToBytes())));
        }

        beside.Add(new KeyValuePair<string, string>("method", time.IsKnown ? method : "unsynchronised"));
        MqttPublishProperties binary = new() { ContentType = FrameContentType, UserProperties = beside };
        return new ReadingMessage(FrameHead.SegmentOf(head.Kind) + place, frame.ToArray(), time, false, binary);
    }

    /// <summary>The message itself.</summary>
    /// <param name="root">What stands before "vital", "wave", …, with its '/'.</param>
    /// <returns>The message.</returns>
    public MqttMessage Message(string root) => new()
    {
        Topic = root + _place,
        Payload = Payload,
        Qos = MqttQos.AtLeastOnce,
        Properties = _properties,
    };
}
