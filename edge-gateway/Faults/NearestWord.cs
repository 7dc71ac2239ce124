using System;
using System.Collections.Generic;

namespace EdgeGateway.Faults;

/// <summary>Finds the word that a user probably meant.</summary>
public static class NearestWord
{
    /// <summary>Longest word that is compared; a longer one has no suggestion.</summary>
    public const int MaxLength = 64;

    /// <summary>
    /// The nearest candidate by the number of inserted, removed, changed or exchanged neighbouring characters, case not counted. At most a third
    /// of the word's characters may differ; of equals the first wins.
    /// </summary>
    /// <param name="word">What was written.</param>
    /// <param name="candidates">What could have been written, in order of preference.</param>
    /// <returns>The candidate, or null when none is near.</returns>
    public static string? Find(string word, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(word);
        ArgumentNullException.ThrowIfNull(candidates);
        string? best = null;
        int bestDistance = int.MaxValue;
        foreach (string candidate in candidates)
        {
            if (word.Length > MaxLength || candidate.Length > MaxLength)
            {
                continue;
            }

            int distance = Distance(word.ToUpperInvariant(), candidate.ToUpperInvariant());
            int allowed = Math.Max(1, Math.Max(word.Length, candidate.Length) / 3);
            if (distance <= allowed && distance < bestDistance)
            {
                (best, bestDistance) = (candidate, distance);
            }
        }

        return best;
    }

    /// <summary>"Did you mean 'x'?", or null when nothing is near.</summary>
    /// <param name="word">What was written.</param>
    /// <param name="candidates">What could have been written.</param>
    /// <returns>The sentence, or null.</returns>
    public static string? Suggest(string word, IEnumerable<string> candidates) =>
        Find(word, candidates) is string near ? $"Did you mean '{near}'?" : null;

    // Optimal string alignment distance (Damerau 1964, without edits of an exchanged pair).
    private static int Distance(string a, string b)
    {
        int[] twoBack = new int[b.Length + 1];
        int[] back = new int[b.Length + 1];
        int[] row = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
        {
            back[j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = a[i - 1] == b[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(back[j] + 1, row[j - 1] + 1), back[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    row[j] = Math.Min(row[j], twoBack[j - 2] + 1);
                }
            }

            (twoBack, back, row) = (back, row, twoBack);
        }

        return back[b.Length];
    }
}
