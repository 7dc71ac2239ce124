using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using Firmware.Pod.Start;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>Each fault text names only what there is: commands of the pod's console and of the tools, files, pages, patterns of the status LED.</summary>
[TestClass]
public sealed partial class FaultTextTests
{
    private static readonly string[] Flashes = ["zero", "one", "two", "three", "four", "five", "six"];

    // Words that go on with the sentence behind a tool's name, in both languages.
    private static readonly string[] Prose = ["does", "answer", "and", "for", "names", "ne", "et", "le", "pour"];

    private static readonly string[] Determiners = ["own", "the", "or", "its", "hostile", "sa", "une", "cette", "aucune", "la"];

    private static readonly Dictionary<string, string> Pages = new(StringComparer.Ordinal) { ["health"] = "edge-gateway/Core/Health", ["wiring"] = "hardware/wiring" };

    private static readonly Lazy<IReadOnlyList<string>> Commands = new(() =>
        [.. File.ReadLines(Repository.At("firmware/Pod/Console/README.md")).Select(l => Row().Match(l)).Where(m => m.Success).Select(m => m.Groups["name"].Value)]);

    private static readonly Lazy<IReadOnlyDictionary<string, string>> Tools = new(() => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["cartctl"] = Source("edge-gateway/Tool"),
        ["cart-sim"] = Source("simulators/Cli"),
        ["cart-flash"] = Source("firmware/Flash"),
        ["cart-gateway"] = Source("edge-gateway/Gateway"),
    });

    [TestMethod]
    public void Each_text_names_only_commands_files_pages_and_lights_that_there_are()
    {
        using JsonDocument catalogue = JsonDocument.Parse(File.ReadAllText(Repository.At("hardware/faults.json")));
        List<string> problems = [];
        foreach (JsonElement fault in catalogue.RootElement.GetProperty("faults").EnumerateArray())
        {
            foreach (string part in new[] { "happened", "means", "do" })
            {
                foreach (string language in new[] { "en", "fr" })
                {
                    string text = fault.GetProperty(part).GetProperty(language).GetString()!;
                    problems.AddRange(Problems(text, language).Select(p => $"{fault.GetProperty("code").GetString()} {part} {language}: {p}"));
                }
            }
        }

        Assert.IsGreaterThan(40, Commands.Value.Count);
        Assert.IsEmpty(problems, "\n" + string.Join('\n', problems) + "\n");
    }

    [TestMethod]
    [DataRow("Type selftset on the console.", "selftset")]
    [DataRow("Check status, then type config bless.", "config bless")]
    [DataRow("Tapez confgi get sur la console.", "confgi")]
    [DataRow("Have cartctl pod open answer it.", "open")]
    [DataRow("Provision it with flash.sh now.", "flash.sh")]
    [DataRow("As hardware/bords names it.", "hardware/bords")]
    [DataRow("The LED shows five flashes.", "five")]
    [DataRow("Look at the gateway's moon page.", "moon page")]
    public void A_text_that_names_what_there_is_not_is_refused(string text, string expected) => StringAssert.Contains(string.Join('\n', Problems(text)), expected);

    // "type" is a noun in French.
    private static IEnumerable<string> Problems(string text, string language = "en")
    {
        foreach (Match match in Typed().Matches(text).Where(m => language == "en" || m.Value.StartsWith("tapez", StringComparison.OrdinalIgnoreCase)))
        {
            string words = match.Groups["words"].Value;
            if (!Commands.Value.Any(c => words == c || words.StartsWith(c + " ", StringComparison.Ordinal)))
            {
                yield return $"the console has no command '{words}'";
            }
        }

        foreach (Match match in Tool().Matches(text))
        {
            string source = Tools.Value[match.Groups["tool"].Value];
            foreach (string word in match.Groups["words"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).TakeWhile(w => Verb().IsMatch(w) && !Prose.Contains(w, StringComparer.Ordinal)))
            {
                if (!source.Contains($"(\"{word}\"", StringComparison.Ordinal) && !source.Contains($"case \"{word}\"", StringComparison.Ordinal))
                {
                    yield return $"{match.Groups["tool"].Value} has no '{word}'";
                }
            }
        }

        // A route of the gateway is not a file.
        foreach (Match match in FileName().Matches(text.Replace("/openapi/v1.json", string.Empty, StringComparison.Ordinal)))
        {
            string name = match.Value.TrimEnd('/', '.');
            bool isThere = match.Value.Contains('/', StringComparison.Ordinal)
                ? File.Exists(Repository.At(name)) || Directory.Exists(Repository.At(name))
                : name is "gateway.yaml" || Repository.Files(string.Empty, name).Any();
            if (!isThere)
            {
                yield return $"there is no file {name}";
            }
        }

        foreach (Match match in Page().Matches(text))
        {
            string name = match.Groups["page"].Value;
            bool isThere = Pages.TryGetValue(name, out string? where) ? File.Exists(Repository.At(where)) || Directory.Exists(Repository.At(where)) : Determiners.Contains(name, StringComparer.Ordinal);
            if (!isThere)
            {
                yield return $"there is no {match.Value}";
            }
        }

        foreach (Match match in Light().Matches(text))
        {
            int number = Array.IndexOf(Flashes, match.Groups["number"].Value.ToLowerInvariant());
            if (!Enum.IsDefined((StatusPattern)number) || number == (int)StatusPattern.Starting)
            {
                yield return $"the LED has no pattern of {match.Groups["number"].Value} flashes";
            }
        }
    }

    private static string Source(string folder) => string.Concat(Repository.Files(folder, "*.cs").Select(File.ReadAllText));

    [GeneratedRegex(@"^\| `(?<name>[A-Za-z0-9-]+(?: [A-Za-z]+)*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();

    [GeneratedRegex(@"\b(?:[Tt]ype|[Tt]apez) (?<words>[A-Za-z0-9][A-Za-z0-9 -]*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Typed();

    [GeneratedRegex(@"\b(?<tool>cartctl|cart-sim|cart-flash|cart-gateway) (?<words>[a-z][a-z -]*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Tool();

    [GeneratedRegex("^[a-z]+$", RegexOptions.None, 1000)]
    private static partial Regex Verb();

    [GeneratedRegex(@"\bhardware/[A-Za-z0-9./-]*|\b[A-Za-z0-9-]+(?:\.[a-z]+)?\.(?:ps1|sh|md|json|yaml)\b", RegexOptions.None, 1000)]
    private static partial Regex FileName();

    [GeneratedRegex(@"\b(?<page>[a-z']+) page\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Page();

    [GeneratedRegex(@"\b(?<number>[Oo]ne|[Tt]wo|[Tt]hree|[Ff]our|[Ff]ive|[Ss]ix) flash(?:es)?\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Light();
}
