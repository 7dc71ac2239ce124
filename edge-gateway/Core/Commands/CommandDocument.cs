using System;
using System.ComponentModel;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sound;

namespace EdgeGateway.Core.Commands;

/// <summary>What a command looks like to a program: its request, its answer and its refusals. Requests are read strictly (StrictJson) and answers written member by member; a test holds them to this.</summary>
/// <param name="Id">The operation's id.</param>
/// <param name="Summary">What it does, a sentence.</param>
/// <param name="Tag">What it is about: session, cuff, sound or bedside.</param>
/// <param name="Body">What its JSON body looks like; null when none is read.</param>
/// <param name="Answer">What the answer looks like.</param>
/// <param name="Refusals">The codes of its refusals, beside "not understood".</param>
internal sealed record CommandDocument(string Id, string Summary, string Tag, Type? Body, Type Answer, params string[] Refusals);

/// <summary>No members.</summary>
[Description("No members.")]
internal sealed record NothingBody;

/// <summary>Who is measured, with which cuff.</summary>
[Description("Who is measured, with which cuff.")]
internal sealed record PatientBody(
    [property: Description("One of: " + WireWords.PatientCategoryChoices + ".")] string Category,
    [property: Description("One of: " + WireWords.CuffSizeChoices + ".")] string CuffSize,
    [property: Description("True when cuff and oximeter are on the same arm; false when left out.")] bool CuffOnOximeterArm = false);

/// <summary>A self test of the cuff.</summary>
[Description("A self test of the cuff.")]
internal sealed record CuffTestBody([property: Description("Must be true: the self test inflates beyond what an arm may feel.")] bool CuffOffTheArm);

/// <summary>Where, how and with which filter it is listened.</summary>
[Description("Where, how and with which filter it is listened.")]
internal sealed record ListenBody(
    [property: Description("True to listen, false to stop it.")] bool Listening,
    [property: Description("One of: " + SoundWords.AuscultationSiteChoices + ".")] string? Site = null,
    [property: Description("One of: " + SoundWords.PatientPostureChoices + ".")] string? Posture = null,
    [property: Description("One of: " + SoundWords.ListeningModeChoices + ".")] string? Filter = null,
    [property: Description("Who confirms it: an opaque token of 1 to 64 of A-Z a-z 0-9 _ -.")] string? By = null);

/// <summary>A clip of the last seconds and the next; where it was recorded, when that is other than confirmed.</summary>
[Description("A clip of the last seconds and the next; where it was recorded, when that is other than confirmed.")]
internal sealed record ClipBody(
    [property: Description("One of: " + SoundWords.AuscultationSiteChoices + ".")] string? Site = null,
    [property: Description("One of: " + SoundWords.PatientPostureChoices + ".")] string? Posture = null,
    [property: Description("One of: " + SoundWords.ListeningModeChoices + ".")] string? Filter = null,
    [property: Description("Who records it: an opaque token of 1 to 64 of A-Z a-z 0-9 _ -.")] string? By = null);

/// <summary>What became of a request to the bedside.</summary>
[Description("What became of a request to the bedside.")]
internal sealed record RequestBody([property: Description("done or notPossible.")] string Answer);

/// <summary>A session and its state.</summary>
[Description("A session and its state.")]
internal sealed record SessionAnswer(string Session, [property: Description("open or closed.")] string State);

/// <summary>What became of a command.</summary>
[Description("What became of a command.")]
internal sealed record StateAnswer([property: Description("kept, or sent to the pod.")] string State);

/// <summary>What became of a STOP.</summary>
[Description("What became of a STOP.")]
internal sealed record StopAnswer(
    [property: Description("sent.")] string State,
    [property: Description("Pods with a cuff that were sent it.")] int Sent,
    [property: Description("Pods that have acknowledged it.")] int Taken,
    [property: Description("True when every pod with a cuff has acknowledged it.")] bool Confirmed);

/// <summary>Whether and where it is listened.</summary>
[Description("Whether and where it is listened.")]
internal sealed record ListenAnswer(string Session, bool Listening, string Site);

/// <summary>A clip that was begun.</summary>
[Description("A clip that was begun.")]
internal sealed record ClipAnswer(string Session, string Clip);

/// <summary>A request that was answered.</summary>
[Description("A request that was answered.")]
internal sealed record RequestAnswer(string Id, [property: Description("done or notPossible.")] string State);
