using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>hardware/faults.json and the code agree.</summary>
[TestClass]
public sealed partial class CatalogueTests
{
    private const int MaxWordsOfDo = 25;

    [TestMethod]
    public void The_catalogue_follows_its_schema_and_its_rules()
    {
        IReadOnlyList<string> errors = Problems(File.ReadAllText(Repository.At("hardware/faults.json")));
        Assert.IsEmpty(errors, "\nhardware/faults.json:\n" + string.Join('\n', errors) + "\n");
    }

    [TestMethod]
    public void Every_code_that_source_uses_is_in_the_catalogue()
    {
        HashSet<string> known = new(Codes(File.ReadAllText(Repository.At("hardware/faults.json"))), StringComparer.Ordinal);
        string[] missing = UsedCodes().Where(u => !known.Contains(u.Code)).Select(u => $"{u.Place}: {u.Code} has no entry in hardware/faults.json; add it").ToArray();
        Assert.IsEmpty(missing, "\n" + string.Join('\n', missing) + "\n");
    }

    [TestMethod]
    public void Every_code_of_the_catalogue_is_used_in_source()
    {
        HashSet<string> used = new(UsedCodes().Select(u => u.Code), StringComparer.Ordinal);
        string[] idle = Codes(File.ReadAllText(Repository.At("hardware/faults.json"))).Where(c => !used.Contains(c)).ToArray();
        Assert.IsEmpty(idle, "\nNo source raises these codes; raise them or remove their entries from hardware/faults.json:\n" + string.Join(' ', idle) + "\n");
    }

    [TestMethod]
    [DataRow("\"severity\":\"info\"", "\"severity\":\"grave\"", "enum", DisplayName = "unknown severity")]
    [DataRow("\"fr\":\"le faire\"", "\"de\":\"es tun\"", "fr", DisplayName = "a language is missing")]
    [DataRow("\"who\":\"nurse\",", "", "who", DisplayName = "a field is missing")]
    [DataRow("\"code\":\"G2001\"", "\"code\":\"X2001\"", "match", DisplayName = "wrong letter")]
    [DataRow("\"name\":\"FaultOne\",", "", "name", DisplayName = "a name is missing")]
    [DataRow("\"severity\":\"info\"", "\"http\":418,\"severity\":\"info\"", "enum", DisplayName = "unknown status")]
    [DataRow("\"en\":\"do it\"", "\"en\":\"a a a a a a a a a a a a a a a a a a a a a a a a a a\"", "26 words", DisplayName = "26 words")]
    [DataRow("\"code\":\"G2001\"", "\"code\":\"G2003\"", "order", DisplayName = "not sorted")]
    [DataRow("\"code\":\"G2001\"", "\"code\":\"G2002\"", "order", DisplayName = "twice")]
    public void A_wrong_catalogue_is_refused(string right, string wrong, string expected)
    {
        const string Entry = """{"code":"G2001","name":"FaultOne","severity":"info","happened":{"en":"one","fr":"une"},"means":{"en":"one","fr":"une"},"do":{"en":"do it","fr":"le faire"},"who":"nurse","consultation":{"en":"one","fr":"une"}}""";
        string catalogue = """{"$schema":"./faults.schema.json","ranges":[{"letter":"G","program":"gateway","first":2000,"last":2599}],"blocks":[],"faults":["""
            + Entry + "," + Entry.Replace("G2001", "G2002", StringComparison.Ordinal).Replace("FaultOne", "FaultTwo", StringComparison.Ordinal) + "]}";
        Assert.IsEmpty(Problems(catalogue));
        int at = catalogue.IndexOf(right, StringComparison.Ordinal);
        string planted = catalogue[..at] + wrong + catalogue[(at + right.Length)..];
        IReadOnlyList<string> problems = Problems(planted);
        Assert.IsTrue(problems.Any(p => p.Contains(expected, StringComparison.Ordinal)), string.Join('\n', problems));
    }

    private static List<string> Problems(string json)
    {
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(Repository.At("hardware/faults.schema.json")));
        using JsonDocument catalogue = JsonDocument.Parse(json);
        List<string> problems = [.. Schemas.Problems(schema.RootElement, catalogue.RootElement)];
        string previous = string.Empty;
        foreach (JsonElement fault in catalogue.RootElement.GetProperty("faults").EnumerateArray())
        {
            string code = fault.GetProperty("code").GetString()!;
            if (string.CompareOrdinal(previous, code) >= 0)
            {
                problems.Add($"{code} stands after {previous}: keep the order, each code once");
            }

            previous = code;
            foreach (JsonProperty text in fault.GetProperty("do").EnumerateObject())
            {
                // French sets a space before ; : ! ?, which makes no word.
                int words = text.Value.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries).Count(w => w.Any(char.IsLetterOrDigit));
                if (words > MaxWordsOfDo)
                {
                    problems.Add($"{code}.do.{text.Name} has {words} words; at most {MaxWordsOfDo}");
                }
            }
        }

        return problems;
    }

    private static string[] Codes(string json)
    {
        using JsonDocument catalogue = JsonDocument.Parse(json);
        return catalogue.RootElement.GetProperty("faults").EnumerateArray().Select(f => f.GetProperty("code").GetString()!).ToArray();
    }

    // By name (FaultCode.X of the pod, FaultCodes.X elsewhere), or as a literal where a program has no names for them.
    private static IEnumerable<(string Code, string Place)> UsedCodes()
    {
        using JsonDocument catalogue = JsonDocument.Parse(File.ReadAllText(Repository.At("hardware/faults.json")));
        Dictionary<string, string> codes = catalogue.RootElement.GetProperty("faults").EnumerateArray()
            .ToDictionary(f => f.GetProperty("name").GetString()!, f => f.GetProperty("code").GetString()!, StringComparer.Ordinal);
        foreach (string file in new[] { "edge-gateway", "simulators", "firmware", "hardware/CartGen" }.SelectMany(f => Repository.Files(f, "*.cs")).Where(f => !f.EndsWith(".g.cs", StringComparison.Ordinal)))
        {
            int line = 0;
            foreach (string text in File.ReadLines(file))
            {
                line++;
                string code = Comment().Replace(text, string.Empty);
                foreach (Match match in Literal().Matches(code))
                {
                    yield return (match.Groups["code"].Value, $"{Repository.Name(file)}:{line}");
                }

                foreach (Match match in Named().Matches(code))
                {
                    if (codes.TryGetValue(match.Groups["name"].Value, out string? known))
                    {
                        yield return (known, $"{Repository.Name(file)}:{line}");
                    }
                }
            }
        }
    }

    [GeneratedRegex(@"\bFaultCodes?\.(?<name>[A-Z][A-Za-z0-9]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Named();

    [GeneratedRegex("\"(?<code>[PGJCFS][0-9]{4})[\":]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Literal();

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.None, 1000)]
    private static partial Regex Comment();
}
