using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Core.Sound;

/// <summary>
/// Who asked for which site, what the nurse confirmed, whether the pod is to listen, and what listeners say of their own ears: for the open session alone, in
/// memory. After a restart of the gateway the nurse confirms again.
/// </summary>
internal sealed class StethoscopeSession : IGatewayPart
{
    /// <summary>Most listeners whose check is kept; a further one takes the place of the oldest.</summary>
    public const int MaxChecks = 16;

    private readonly SessionProjection _sessions;
    private readonly ISessionLink _link;
    private readonly string _topicRoot;
    private readonly Pods _pods;
    private readonly PodCommands _commands;
    private readonly List<(string Consumer, IReadOnlyList<ListenerBand> Bands)> _checks = [];
    private (SoundPlace Place, string By)? _requested;
    private readonly JsonOutput _json = new();
    private bool _dirty;

    /// <summary>Makes it.</summary>
    /// <param name="sessions">Which session is open.</param>
    /// <param name="link">Where its state is published.</param>
    /// <param name="commands">Tells the pod to listen.</param>
    /// <param name="pods">The pods.</param>
    /// <param name="topicRoot"><c>cart/{cartId}/</c>.</param>
    public StethoscopeSession(SessionProjection sessions, ISessionLink link, PodCommands commands, Pods pods, string topicRoot)
    {
        _sessions = sessions;
        _topicRoot = topicRoot;
        _link = link;
        _commands = commands;
        _pods = pods;
    }

    /// <summary>True while the nurse lets the stethoscope be heard.</summary>
    public bool IsListening { get; private set; }

    /// <summary>What the nurse confirmed.</summary>
    public SoundPlace Confirmed { get; private set; }

    /// <summary>Who confirmed it.</summary>
    public string ConfirmedBy { get; private set; } = string.Empty;

    /// <summary>Another session is open, or none.</summary>
    public void SessionChanged()
    {
        IsListening = false;
        Confirmed = default;
        ConfirmedBy = string.Empty;
        _requested = null;
        _checks.Clear();
        _dirty = false;
    }

    /// <summary>The broker may have forgotten what it retained.</summary>
    public void LinkUp() => _dirty = IsListening || _requested is not null || _checks.Count > 0 || Confirmed.Site != AuscultationSite.Unknown;

    /// <summary>The nurse turns listening on or off, and says where the stethoscope sits.</summary>
    /// <returns>Null when done, else a code and what happened.</returns>
    public (string Code, string Text)? Set(string sessionId, bool listening, SoundPlace place, string by)
    {
        if (_sessions.Open is not { } open || !string.Equals(open.Id, sessionId, StringComparison.Ordinal))
        {
            return (FaultCodes.SessionNotOpen, "session " + sessionId + " is not open on this cart");
        }

        if (listening && !_pods.AnyReady(Capabilities.Stethoscope))
        {
            return _pods.AnyProvides(Capabilities.Stethoscope) ? (FaultCodes.StethoscopePodNotConnected, "the pod with the stethoscope is not connected") : (FaultCodes.NoStethoscopeFitted, "no pod of this cart has a stethoscope");
        }

        IsListening = listening;
        if (listening)
        {
            Confirmed = place;
            ConfirmedBy = by;
            _requested = null;
        }

        _dirty = true;
        foreach (Pod pod in _pods.All)
        {
            Tell(pod);
        }

        return null;
    }

    /// <summary>A pod takes commands again: it is sent the present state.</summary>
    public void Tell(Pod pod)
    {
        if (!pod.Provides(Capabilities.Stethoscope) || _sessions.Open is not { } open)
        {
            return;
        }

        byte[] body = new byte[5];
        BinaryPrimitives.WriteUInt32LittleEndian(body, open.Epoch);
        body[4] = IsListening ? (byte)1 : (byte)0;
        _commands.TrySend(pod, PodCommand.SetListening, body);
    }

    /// <inheritdoc/>
    void IGatewayPart.PodReady(Pod pod) => Tell(pod);

    /// <inheritdoc/>
    void IGatewayPart.PodPartsChanged(Pod pod) => Tell(pod);

    /// <summary>Somebody far away asks for a site.</summary>
    public void Request(SoundPlace place, string by)
    {
        _requested = (place, by);
        _dirty = true;
    }

    /// <summary>A person far away counted what came out of the loudspeaker.</summary>
    public void Check(string consumer, IReadOnlyList<ListenerBand> bands)
    {
        _checks.RemoveAll(c => string.Equals(c.Consumer, consumer, StringComparison.Ordinal));
        if (_checks.Count >= MaxChecks)
        {
            _checks.RemoveAt(0);
        }

        _checks.Add((consumer, bands));
        _dirty = true;
    }

    /// <summary>Publishes the state when it has changed.</summary>
    public long Step(long nowUs)
    {
        if (!_dirty || !_link.IsUp || _sessions.Open is not { } session)
        {
            return long.MaxValue;
        }

        MqttMessage message = new()
        {
            Topic = _topicRoot + "session/" + session.Id + "/auscultation",
            Payload = Json(session),
            Qos = MqttQos.AtLeastOnce,
            Retain = true,
            Properties = new MqttPublishProperties { ContentType = ReadingMessage.JsonContentType, PayloadIsUtf8 = true },
        };
        _dirty = !_link.TryPublish(message, 0, nowUs);
        return long.MaxValue;
    }

    private byte[] Json(Session session)
    {
        Utf8JsonWriter json = _json.Begin();
        json.WriteStartObject();
        json.WriteNumber("v"u8, 1);
        json.WriteText("session"u8, session.Id);
        json.WriteBoolean("listening"u8, IsListening);
        if (_requested is { } requested)
        {
            Place(json, "requested"u8, requested.Place, requested.By);
        }
        else
        {
            json.WriteNull("requested"u8);
        }

        if (Confirmed.Site != AuscultationSite.Unknown || IsListening)
        {
            Place(json, "confirmed"u8, Confirmed, ConfirmedBy);
        }
        else
        {
            json.WriteNull("confirmed"u8);
        }

        json.WriteStartArray("checks"u8);
        foreach ((string consumer, IReadOnlyList<ListenerBand> bands) in _checks)
        {
            json.WriteStartObject();
            json.WriteText("consumer"u8, consumer);
            json.WriteStartArray("bands"u8);
            foreach (ListenerBand band in bands)
            {
                json.WriteStartObject();
                json.WriteNumber("hz"u8, band.Hz);
                json.WriteNumber("sent"u8, band.Sent);
                json.WriteNumber("heard"u8, band.Heard);
                json.WriteBoolean("heardAll"u8, band.Sent == band.Heard);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        return _json.ToBytes();
    }

    private static void Place(Utf8JsonWriter json, ReadOnlySpan<byte> name, SoundPlace place, string by)
    {
        json.WriteStartObject(name);
        json.WriteString("site"u8, SoundWords.Of(place.Site));
        json.WriteString("posture"u8, SoundWords.Of(place.Posture));
        json.WriteString("filter"u8, SoundWords.Of(place.Mode));
        json.WriteText("by"u8, by.Length == 0 ? null : by);
        json.WriteEndObject();
    }
}
