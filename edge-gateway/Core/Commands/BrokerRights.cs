using System;
using System.Collections.Generic;
using System.Linq;

namespace EdgeGateway.Core.Commands;

/// <summary>A right that the gateway needs at the session's broker.</summary>
/// <param name="IsWrite">True to publish, false to subscribe.</param>
/// <param name="Filter">Topics, as a filter.</param>
/// <param name="About">What goes there, English.</param>
public sealed record BrokerRight(bool IsWrite, string Filter, string About)
{
    /// <summary>A topic of the filter that belongs to no session, pod or consumer.</summary>
    /// <param name="level">What stands for each wildcard.</param>
    /// <returns>A topic name.</returns>
    public string TopicOf(string level) => string.Join('/', Filter.Split('/').Select(l => l is "+" or "#" ? level : l));
}

/// <summary>All rights that the gateway needs at the session's broker: what <c>cartctl broker test</c> tries, and what the example configurations give.</summary>
public static class BrokerRights
{
    private static readonly (string Filter, string About)[] Written =
    [
        ("session/+/vital/+/+", "vital signs"),
        ("session/+/wave/+/+", "waveforms"),
        ("session/+/wave/+/+/description", "what a waveform is, retained"),
        ("session/+/event/+/+", "events"),
        ("session/+/event/+/+/description", "what an event stream is, retained"),
        ("session/+/sound/+/+", "sound as it is stored"),
        ("session/+/sound/+/+/description", "what a sound is, retained"),
        ("session/+/gap/+/+", "gap records"),
        ("session/+/live/+/+", "live sound"),
        ("session/+/live/+/+/status", "the state of live sound"),
        ("session/+/auscultation", "what the stethoscope is asked for"),
        ("session/+/clip/+", "clips of sound"),
        ("session/+/state", "the last vital signs, retained"),
        ("session/+/set", "the vital-sign set, retained"),
        ("session/+/spot", "spot values, retained"),
        ("session/+/device/+", "devices, retained"),
        ("session/+/request/+", "what waits at the bedside"),
        ("session/+/replay/+/+/+/+", "what a consumer has asked for again"),
        ("reply/+", "answers to commands"),
        ("test/+", "cartctl broker test"),
    ];

    /// <summary>The rights for one cart.</summary>
    /// <param name="cartId">The cart's name.</param>
    /// <returns>Subscriptions, then publications, each with <c>cart/{cartId}/</c> before its filter.</returns>
    public static IReadOnlyList<BrokerRight> Of(string cartId)
    {
        string root = "cart/" + cartId + "/";
        return
        [
            .. SessionTopics.All.Select(topic => new BrokerRight(false, root + topic.Filter, AboutOf(topic.Kind))),
            new BrokerRight(false, root + "test/+", "cartctl broker test"),
            .. Written.Select(row => new BrokerRight(true, root + row.Filter, row.About)),
        ];
    }

    private static string AboutOf(SessionTopicKind kind) => kind switch
    {
        SessionTopicKind.Command => "commands",
        SessionTopicKind.Receipt => "receipts",
        SessionTopicKind.Replay => "requests to send again",
        SessionTopicKind.Listener => "what listeners say",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
