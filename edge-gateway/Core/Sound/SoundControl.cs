using System;
using System.Collections.Generic;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Sound;

/// <summary>How a request for a clip ended.</summary>
/// <param name="Code">Null when the clip is in the journal, else a code of hardware/faults.json.</param>
/// <param name="Text">What happened, English; empty when it was done.</param>
/// <param name="ClipId">The clip's name, "c" and a number; empty when it was refused.</param>
public readonly record struct ClipResult(string? Code, string Text, string ClipId);

/// <summary>How the reading of a clip ended.</summary>
/// <param name="Code">Null when there is sound, else G2305 or G2336.</param>
/// <param name="Text">What happened, English; empty when there is sound.</param>
/// <param name="Sound">The sound; null with a code.</param>
public readonly record struct ClipReading(string? Code, string Text, ClipSound? Sound);

/// <summary>The stethoscope at the bedside: listening, sites, and clips.</summary>
public sealed class SoundControl
{
    private readonly GatewayLife _life;
    private readonly SessionProjection _sessions;
    private readonly ClipProjection _known;
    private readonly StethoscopeSession _stethoscope;
    private readonly LiveSound _live;
    private readonly Clips _clips;
    private readonly SyncWaiters _waiters;

    /// <summary>Makes it.</summary>
    /// <param name="life">Whether the gateway runs.</param>
    /// <param name="sessions">The sessions.</param>
    /// <param name="known">The clips of all sessions.</param>
    /// <param name="stethoscope">What is listened to.</param>
    /// <param name="live">Live sound.</param>
    /// <param name="clips">Makes and reads clips.</param>
    /// <param name="waiters">What waits for the disk.</param>
    internal SoundControl(GatewayLife life, SessionProjection sessions, ClipProjection known, StethoscopeSession stethoscope, LiveSound live, Clips clips, SyncWaiters waiters)
    {
        _life = life;
        _sessions = sessions;
        _known = known;
        _stethoscope = stethoscope;
        _live = live;
        _clips = clips;
        _waiters = waiters;
    }

    /// <summary>Turns listening on or off for the open session, and says where the stethoscope sits. Done by whoever stands beside the patient.</summary>
    /// <param name="sessionId">The session's name.</param>
    /// <param name="listening">True for on.</param>
    /// <param name="place">Site, posture and filter.</param>
    /// <param name="by">Who says so: an opaque token, or empty.</param>
    /// <returns>Done, or G2331 no such open session, G2332 no stethoscope, G2333 its pod is not connected, G2305 the gateway is starting or stopping.</returns>
    public SessionResult Set(string sessionId, bool listening, SoundPlace place, string by)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        ArgumentNullException.ThrowIfNull(by);
        if (!_life.IsRunning)
        {
            return new SessionResult(FaultCodes.SessionCommandNotNow, SessionControl.NotRunningText, sessionId);
        }

        (string Code, string Text)? refused = _stethoscope.Set(sessionId, listening, place, by);
        if (refused is null && listening)
        {
            _live.Target = ListeningTarget.Of(place.Site, place.Mode);
        }

        return new SessionResult(refused?.Code, refused?.Text ?? string.Empty, sessionId);
    }

    /// <summary>Keeps a clip of 15 s, 5 s of which lie before this call as far as there was sound.</summary>
    /// <param name="sessionId">The session's name.</param>
    /// <param name="place">Where the stethoscope sits; null for what was confirmed last.</param>
    /// <param name="by">Who asks: an opaque token, or empty.</param>
    /// <param name="completed">Called on the loop, once, when the clip is on the disk or was refused (G2331, G2334 no sound comes, G2335 too many clips, G2305 the gateway is starting or stopping, G2306 too many requests wait for the disk).</param>
    public void BeginClip(string sessionId, SoundPlace? place, string by, Action<ClipResult> completed)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        ArgumentNullException.ThrowIfNull(by);
        ArgumentNullException.ThrowIfNull(completed);
        if (!_life.IsRunning)
        {
            completed(new ClipResult(FaultCodes.SessionCommandNotNow, SessionControl.NotRunningText, string.Empty));
            return;
        }

        if (_waiters.IsFull)
        {
            completed(new ClipResult(FaultCodes.TooManyRequestsWaiting, SyncWaiters.FullText, string.Empty));
            return;
        }

        if (_clips.TryBegin(sessionId, place, by, out ClipRecord? clip) is { } refused)
        {
            completed(new ClipResult(refused.Code, refused.Text, string.Empty));
            return;
        }

        _waiters.AfterSync(() => completed(new ClipResult(null, string.Empty, clip!.Id)));
    }

    /// <summary>Reads a clip's sound out of the journal.</summary>
    /// <param name="sessionId">The session's name.</param>
    /// <param name="clipId">The clip's name.</param>
    /// <param name="then">Called on the loop, once: with the sound, or with G2305 while the gateway does not run and G2336 when there is no such clip.</param>
    public void ReadClip(string sessionId, string clipId, Action<ClipReading> then)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        ArgumentNullException.ThrowIfNull(clipId);
        ArgumentNullException.ThrowIfNull(then);
        if (!_life.IsRunning)
        {
            then(new ClipReading(FaultCodes.SessionCommandNotNow, SessionControl.NotRunningText, null));
            return;
        }

        if (_clips.Find(sessionId, clipId) is not { } clip)
        {
            then(new ClipReading(FaultCodes.ClipUnknown, "session " + LogText.Shown(sessionId) + ", clip " + LogText.Shown(clipId), null));
            return;
        }

        _clips.Read(clip, sound => then(new ClipReading(null, string.Empty, sound)));
    }

    /// <summary>The names of a session's clips, in order.</summary>
    /// <param name="sessionId">The session's name.</param>
    /// <returns>The names; empty when there is no such session.</returns>
    public string[] ClipsOf(string sessionId)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        if (_sessions.FindById(sessionId) is not { } session)
        {
            return [];
        }

        List<string> names = [];
        foreach (ClipRecord clip in _known.Of(session.Number))
        {
            names.Add(clip.Id);
        }

        return [.. names];
    }
}
