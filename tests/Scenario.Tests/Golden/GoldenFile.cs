using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Scenario.Tests.Golden;

/// <summary>A committed file of what was once seen: a heading, then one line per source and stream, comma-separated, source and stream first; sources in ordinal order.</summary>
internal sealed class GoldenFile
{
    private readonly string _path;
    private readonly string _heading;
    private readonly Lock _gate = new();

    private GoldenFile(string path, string heading)
    {
        _path = path;
        _heading = heading;
    }

    /// <summary>The file in this folder of the sources.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="heading">Its first line.</param>
    /// <returns>The file.</returns>
    public static GoldenFile Beside(string name, string heading)
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "tests", "Scenario.Tests", "Golden");
            if (Directory.Exists(folder))
            {
                return new GoldenFile(Path.Combine(folder, name), heading);
            }
        }

        throw new DirectoryNotFoundException("tests/Scenario.Tests/Golden is not above " + AppContext.BaseDirectory);
    }

    /// <summary>The sources that have lines.</summary>
    /// <returns>Their names, in order.</returns>
    public IEnumerable<string> Sources() => Lines().Select(SourceOf).Distinct(StringComparer.Ordinal);

    /// <summary>Fails with the first line that differs.</summary>
    /// <param name="source">The source.</param>
    /// <param name="lines">What was seen of it.</param>
    public void AssertSame(string source, IReadOnlyList<string> lines)
    {
        string[] all = Lines();
        string[] expected = [.. all.Where(l => SourceOf(l) == source)];
        int first = Array.FindIndex(all, l => SourceOf(l) == source) + 2;
        if (Difference(expected, lines, first) is string difference)
        {
            Assert.Fail($"{Path.GetFileName(_path)}: {difference}\nWhen that is meant, GOLDEN_WRITE=1 writes it anew.");
        }
    }

    /// <summary>The first line that differs; lines belong together when their first two fields are alike.</summary>
    /// <param name="expected">Lines in the file.</param>
    /// <param name="got">Lines seen.</param>
    /// <param name="firstLine">Number of the first one in the file, from 1.</param>
    /// <returns>Both, or null when nothing differs.</returns>
    public static string? Difference(IReadOnlyList<string> expected, IReadOnlyList<string> got, int firstLine)
    {
        Dictionary<string, string> gotByStream = got.ToDictionary(StreamOf, StringComparer.Ordinal);
        Dictionary<string, string> expectedByStream = expected.ToDictionary(StreamOf, StringComparer.Ordinal);
        List<string> differences = [];
        for (int i = 0; i < expected.Count; i++)
        {
            string? seen = gotByStream.GetValueOrDefault(StreamOf(expected[i]));
            if (seen != expected[i])
            {
                differences.Add($"line {firstLine + i}\nexpected: {expected[i]}\ngot:      {seen ?? "no such line"}");
            }
        }

        differences.AddRange(got.Where(l => !expectedByStream.ContainsKey(StreamOf(l))).Select(l => $"a new one\nexpected: no such line\ngot:      {l}"));
        int lines = expectedByStream.Keys.Union(gotByStream.Keys, StringComparer.Ordinal).Count();
        return differences.Count == 0 ? null : $"{differences.Count} of {lines} lines differ, first {differences[0]}";
    }

    /// <summary>Puts lines in the place of a source's.</summary>
    /// <param name="source">The source.</param>
    /// <param name="lines">Its lines.</param>
    public void Write(string source, IReadOnlyList<string> lines) => Change(all => [.. all.Where(l => SourceOf(l) != source), .. lines]);

    /// <summary>Takes out what is of none of these sources.</summary>
    /// <param name="sources">The sources.</param>
    public void Keep(IReadOnlyCollection<string> sources) => Change(all => all.Where(l => sources.Contains(SourceOf(l), StringComparer.Ordinal)));

    private static string SourceOf(string line) => line[..line.IndexOf(',', StringComparison.Ordinal)];

    private static string StreamOf(string line) => line[..line.IndexOf(',', line.IndexOf(',', StringComparison.Ordinal) + 1)];

    private string[] Lines() => File.Exists(_path) ? File.ReadAllLines(_path)[1..] : [];

    private void Change(Func<string[], IEnumerable<string>> change)
    {
        lock (_gate)
        {
            string[] lines = [_heading, .. change(Lines()).OrderBy(SourceOf, StringComparer.Ordinal)];
            File.WriteAllText(_path, string.Join('\n', lines) + "\n");
        }
    }
}
