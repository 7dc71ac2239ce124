using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace EndToEnd.Tests.Outage;

/// <summary>What the checker found.</summary>
/// <param name="Acknowledged">Readings of the session that the pod saw acknowledged.</param>
/// <param name="Received">Different readings that the subscriber received.</param>
/// <param name="Declared">Acknowledged readings that are not received but stand in a gap record.</param>
/// <param name="Missing">Acknowledged readings neither received nor declared: must be none.</param>
/// <param name="Duplicates">Readings received again.</param>
/// <param name="Disordered">Readings first received after a later one of their stream: must be none.</param>
internal sealed record OutageVerdict(
    int Acknowledged, int Received, int Declared, IReadOnlyList<string> Missing, int Duplicates, IReadOnlyList<string> Disordered);

/// <summary>
/// Compares what the pod logged as acknowledged with what the subscriber logged as received, from their logs alone: it shares no code with either.
/// Identities are <c>device.boot.stream.sequence</c>.
/// </summary>
internal static class OutageChecker
{
    /// <summary>A clock sample is for the gateway alone (frame kind 7).</summary>
    private const string ClockKind = "7";

    public static OutageVerdict Check(IEnumerable<string> podLog, IEnumerable<string> subscriberLog)
    {
        HashSet<string> ofSession = new(StringComparer.Ordinal);
        HashSet<string> acknowledged = new(StringComparer.Ordinal);
        foreach (string[] words in podLog.Select(l => l.Split(' ')))
        {
            if (words is ["produced", string produced, string epoch, string kind] && epoch != "0" && kind != ClockKind)
            {
                ofSession.Add(produced);
            }
            else if (words is ["acknowledged", string done])
            {
                acknowledged.Add(done);
            }
        }

        acknowledged.IntersectWith(ofSession);

        HashSet<string> received = new(StringComparer.Ordinal);
        Dictionary<string, long> newest = new(StringComparer.Ordinal);
        List<(string Stream, long First, long Last)> lost = [];
        List<string> disordered = [];
        int duplicates = 0;
        foreach (string[] words in subscriberLog.Select(l => l.Split(' ')))
        {
            if (words is ["lost", string first, string last, ..])
            {
                (string gapStream, long firstSequence) = Split(first);
                lost.Add((gapStream, firstSequence, long.Parse(last, CultureInfo.InvariantCulture)));
                continue;
            }

            if (words is not ["received", _, string id, _, string how, ..])
            {
                continue;
            }

            if (how == "corrected")
            {
                // The same reading with a better time: not a second delivery.
                continue;
            }

            if (!received.Add(id))
            {
                duplicates++;
                continue;
            }

            (string stream, long sequence) = Split(id);
            if (newest.TryGetValue(stream, out long before) && sequence <= before)
            {
                disordered.Add(id);
            }

            newest[stream] = sequence;
        }

        List<string> absent = acknowledged.Where(id => !received.Contains(id)).Order(StringComparer.Ordinal).ToList();
        List<string> missing = absent.Where(id => !IsDeclared(id, lost)).ToList();
        return new OutageVerdict(acknowledged.Count, received.Count, absent.Count - missing.Count, missing, duplicates, disordered);
    }

    private static bool IsDeclared(string id, List<(string Stream, long First, long Last)> lost)
    {
        (string stream, long sequence) = Split(id);
        return lost.Exists(g => g.Stream == stream && g.First <= sequence && sequence <= g.Last);
    }

    private static (string Stream, long Sequence) Split(string id)
    {
        int dot = id.LastIndexOf('.');
        return (id[..dot], long.Parse(id[(dot + 1)..], CultureInfo.InvariantCulture));
    }
}
