using System;
using System.Buffers.Binary;
using System.Collections.Generic;
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
internal sealed class SoundDesk : IGatewayPart
{
    /// <summary>Most listeners whose check is kept; a further one takes the place of the oldest.</summary>
    public const int MaxChecks = 16;

    private readonly GatewayContext _context;
    private readonly ISessionLink _link;
    private readonly Pods _pods;
    private readonly PodCommands _commands;
    private readonly List<(string Consumer, IReadOnlyList<ListenerBand> Bands)> _checks = [];
    private (SoundPlace Place, string By)? _requested;
    private bool _dirty;

    public SoundDesk(GatewayContext context, ISessionLink link, PodCommands commands, Pods pods)
    {
        _context = context;
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
        if (_context.Sessions.Open is not { } open || !string.Equals(open.Id, sessionId, StringComparison.Ordinal))
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

    /// <summary>A pod takes commands again: it is told how things stand.</summary>
    public void Tell(Pod pod)
    {
        if (!pod.Provides(Capabilities.Stethoscope) || _context.Sessions.Open is not { } open)
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
        if (!_dirty || !_link.IsUp || _context.Sessions.Open is not { } session)
        {
            return long.MaxValue;
        }

        MqttMessage message = new()
        {
            Topic = _context.TopicRoot + "session/" + session.Id + "/auscultation",
            Payload = Json(session).ToBytes(),
            Qos = MqttQos.AtLeastOnce,
            Retain = true,
            Properties = new MqttPublishProperties { ContentType = ReadingMessage.JsonContentType, PayloadIsUtf8 = true },
        };
        _dirty = !_link.TryPublish(message, 0, nowUs);
        return long.MaxValue;
    }

    /// <summary>The state as JSON.</summary>
    public JsonText Json(Session session)
    {
        JsonText json = new();
        json.Raw("{\"v\":1,\"session\":").String(session.Id).Raw(",\"listening\":").Boolean(IsListening).Raw(",\"requested\":");
        if (_requested is { } requested)
        {
            Place(json, requested.Place, requested.By);
        }
        else
        {
            json.Raw("null");
        }

        json.Raw(",\"confirmed\":");
        if (Confirmed.Site != AuscultationSite.Unknown || IsListening)
        {
            Place(json, Confirmed, ConfirmedBy);
        }
        else
        {
            json.Raw("null");
        }

        json.Raw(",\"checks\":[");
        for (int i = 0; i < _checks.Count; i++)
        {
            json.Raw(i == 0 ? "{\"consumer\":" : ",{\"consumer\":").String(_checks[i].Consumer).Raw(",\"bands\":[");
            for (int b = 0; b < _checks[i].Bands.Count; b++)
            {
                ListenerBand band = _checks[i].Bands[b];
                json.Raw(b == 0 ? "{\"hz\":" : ",{\"hz\":").Number(band.Hz).Raw(",\"sent\":").Number(band.Sent).Raw(",\"heard\":").Number(band.Heard)
                    .Raw(",\"heardAll\":").Boolean(band.Sent == band.Heard).Raw("}");
            }

            json.Raw("]}");
        }

        return json.Raw("]}");
    }

    private static void Place(JsonText json, SoundPlace place, string by) =>
        json.Raw("{\"site\":").String(SoundWords.Of(place.Site)).Raw(",\"posture\":").String(SoundWords.Of(place.Posture))
            .Raw(",\"filter\":").String(SoundWords.Of(place.Mode)).Raw(",\"by\":").String(by.Length == 0 ? null : by).Raw("}");
}
