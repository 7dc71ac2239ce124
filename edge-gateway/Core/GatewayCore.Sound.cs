using System;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Sound;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Core;

/// <summary>How a request for a clip ended.</summary>
/// <param name="Code">Null when the clip is in the journal, else a code of hardware/faults.json.</param>
/// <param name="Text">What happened, English; empty when it was done.</param>
/// <param name="ClipId">The clip's name, "c" and a number; empty when it was refused.</param>
public readonly record struct ClipResult(string? Code, string Text, string ClipId);

/// <content>The stethoscope: listening, sites, clips, and what listeners say.</content>
public sealed partial class GatewayCore
{
    /// <summary>Turns listening on or off for the open session, and says where the stethoscope sits. Done by whoever stands beside the patient.</summary>
    /// <param name="sessionId">The session's name.</param>
    /// <param name="listening">True for on.</param>
    /// <param name="place">Site, posture and filter.</param>
    /// <param name="by">Who says so: an opaque token, or empty.</param>
    /// <returns>Done, or G2331 no such open session, G2332 no stethoscope, G2333 its pod is not connected.</returns>
    public SessionResult SetSound(string sessionId, bool listening, SoundPlace place, string by)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        ArgumentNullException.ThrowIfNull(by);
        if (_state != State.Running)
        {
            return new SessionResult("G2305", "the gateway is starting or stopping", sessionId);
        }

        (string Code, string Text)? refused = _desk.Set(sessionId, listening, place, by);
        if (refused is null && listening)
        {
            _sound.Target = AuscultationWords.TargetOf(place.Site, place.Mode);
        }

        return new SessionResult(refused?.Code, refused?.Text ?? string.Empty, sessionId);
    }

    /// <summary>Keeps a clip of 15 s, 5 s of which lie before this call as far as there was sound.</summary>
    /// <param name="sessionId">The session's name.</param>
    /// <param name="place">Where the stethoscope sits; null for what was confirmed last.</param>
    /// <param name="by">Who asks: an opaque token, or empty.</param>
    /// <param name="completed">Called on the loop, once, when the clip is on the disk or was refused (G2331, G2334 no sound comes, G2335 too many clips).</param>
    public void BeginClip(string sessionId, SoundPlace? place, string by, Action<ClipResult> completed)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        ArgumentNullException.ThrowIfNull(by);
        ArgumentNullException.ThrowIfNull(completed);
        if (_state != State.Running || _afterSync.Count >= MaxWaiting)
        {
            completed(new ClipResult("G2305", "the gateway is starting, stopping or busy", string.Empty));
            return;
        }

        if (_clips.TryBegin(sessionId, place, by, out ClipRecord? clip) is { } refused)
        {
            completed(new ClipResult(refused.Code, refused.Text, string.Empty));
            return;
        }

        AfterSync(() => completed(new ClipResult(null, string.Empty, clip!.Id)));
    }

    /// <summary>Reads a clip's sound out of the journal.</summary>
    /// <param name="sessionId">The session's name.</param>
    /// <param name="clipId">The clip's name.</param>
    /// <param name="then">Called on the loop, once: with the sound, or null when there is no such clip.</param>
    public void ReadClip(string sessionId, string clipId, Action<ClipSound?> then)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        ArgumentNullException.ThrowIfNull(clipId);
        ArgumentNullException.ThrowIfNull(then);
        if (_state != State.Running || _clips.Find(sessionId, clipId) is not { } clip)
        {
            then(null);
            return;
        }

        _clips.Read(clip, then);
    }

    /// <summary>The names of a session's clips, in order.</summary>
    /// <param name="sessionId">The session's name.</param>
    /// <returns>The names; empty when there is no such session.</returns>
    public string[] ClipsOf(string sessionId)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        if (_context.Sessions.FindById(sessionId) is not { } session)
        {
            return [];
        }

        System.Collections.Generic.List<string> names = [];
        foreach (ClipRecord clip in _context.Clips.Of(session.Number))
        {
            names.Add(clip.Id);
        }

        return names.ToArray();
    }

    private void SessionChanged()
    {
        _patient = null;
        _retained.SessionChanged();
        _sound.SessionChanged();
        _sound.Target = default;
        _desk.SessionChanged();
        _requests.SessionChanged();
    }

    private void OnSoundCommand(in MqttMessage message, SessionRequest asked)
    {
        SoundRequest request = SoundRequest.Read(message.Payload);
        if (!Names.IsValid(asked.Id))
        {
            _context.Log("G2330", "a sound command without a valid id: " + (request.Problem ?? "id is 1 to 64 of A-Z a-z 0-9 '_' '-'"));
            return;
        }

        string id = asked.Id!;
        string session = Word(asked.Session);
        string command = Word(asked.Command);
        if (request.Problem is not null || command is not ("listen" or "clip") || (command is "listen" && request.Listening is null))
        {
            Reply(id, session, command, "G2330", request.Problem ?? "command is \"listen\" with listening true or false, or \"clip\"", null, asked);
            return;
        }

        if (WasAnswered(CommandTopic.Sound, asked))
        {
            return;
        }

        BeginAnswer(CommandTopic.Sound, id);

        if (command is "listen")
        {
            SessionResult result = SetSound(session, request.Listening == true, request.Place, request.By);
            EndAnswer(CommandTopic.Sound, asked, session, command, result.Code, result.Text);
            return;
        }

        BeginClip(
            session,
            request.HasPlace ? request.Place : null,
            request.By,
            result => EndAnswer(CommandTopic.Sound, asked, session, command, result.Code, result.Code is null ? result.ClipId : result.Text));
    }

    private void OnListener(string sessionId, string[] below, ReadOnlyMemory<byte> payload, Action acknowledge)
    {
        SoundRequest request = SoundRequest.Read(payload);
        string? problem = request.Problem
            ?? (_context.Sessions.FindById(sessionId) is null ? "no such session" : Names.IsValid(request.Consumer) ? null : "consumer is 1 to 64 of A-Z a-z 0-9 '_' '-'");
        if (problem is null)
        {
            ConsumerSeen(request.Consumer!, asksForAll: false);
        }

        bool isOpen = _context.Sessions.Open is { } open && string.Equals(open.Id, sessionId, StringComparison.Ordinal);
        if (problem is null && below is ["clip", { } clipId, "mark"])
        {
            if (request.Usable is not { } usable)
            {
                problem = "usable is true or false";
            }
            else if (_afterSync.Count >= MaxWaiting)
            {
                problem = "too many requests wait for the disk";
            }
            else if (_clips.TryMark(sessionId, clipId, usable, request.By) is { } refused)
            {
                problem = refused.Text;
            }
            else
            {
                AfterSync(acknowledge);
                return;
            }
        }
        else if (problem is null && isOpen && below is ["request"])
        {
            // Another request than for a site is somebody else's.
            if (request.HasPlace)
            {
                _desk.Request(request.Place, request.By);
            }
        }
        else if (problem is null && isOpen && below is ["listening"])
        {
            _sound.Report(request.Consumer!, new StreamKey(request.Device, 0, request.Stream), request.Number, request.Lost, _context.NowUs);
        }
        else if (problem is null && isOpen && below is ["listener-check"])
        {
            _desk.Check(request.Consumer!, request.Bands);
        }

        if (problem is not null)
        {
            _context.Log("G2337", "from a listener of session " + ListenerAccess.Shown(sessionId) + " on " + ListenerAccess.Shown(string.Join('/', below)) + ": " + problem);
        }

        acknowledge();
    }
}
