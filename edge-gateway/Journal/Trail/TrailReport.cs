using System.Collections.Generic;

namespace EdgeGateway.Journal.Trail;

/// <summary>What is wrong with a trail.</summary>
public enum TrailFault
{
    /// <summary>Entries were changed, or bytes were written among them.</summary>
    Changed,

    /// <summary>Entries were cut out.</summary>
    Cut,

    /// <summary>An entry stands where another one belongs, or twice.</summary>
    Reordered,

    /// <summary>The trail begins later than any signed word says.</summary>
    BeginningCut,

    /// <summary>A head that was published is not in it: it was cut at its end, or another trail was put in its place.</summary>
    HeadNotFound,

    /// <summary>It was restarted, or goes on under another key.</summary>
    Restarted,
}

/// <summary>One thing that is wrong.</summary>
/// <param name="Fault">What.</param>
/// <param name="First">The first entry that it is about.</param>
/// <param name="Last">The last one.</param>
/// <param name="File">In which file; empty when in none.</param>
/// <param name="Text">A sentence, English.</param>
public sealed record TrailFinding(TrailFault Fault, long First, long Last, string File, string Text);

/// <summary>What reading a whole trail found.</summary>
/// <param name="First">The oldest entry; 0 for an empty trail.</param>
/// <param name="Head">The newest entry.</param>
/// <param name="GivenUp">Entries that were given up to the quota, as the trail itself says, signed.</param>
/// <param name="TornBytes">Bytes of an unfinished write at the end: the power was cut, or a program is writing just now. No entry that was acknowledged is in them, unless somebody changed the last one: a published head tells.</param>
/// <param name="Key">SHA-256 of the key that signs it, in hexadecimal digits; empty for an empty trail.</param>
/// <param name="Findings">What is wrong, in order; empty when nothing is.</param>
/// <param name="Strange">Names in the folder that do not belong there.</param>
public sealed record TrailReport(long First, TrailHead Head, long GivenUp, long TornBytes, string Key, IReadOnlyList<TrailFinding> Findings, IReadOnlyList<string> Strange)
{
    /// <summary>True when nothing is wrong. A torn tail alone is not.</summary>
    public bool IsWhole => Findings.Count == 0;
}
