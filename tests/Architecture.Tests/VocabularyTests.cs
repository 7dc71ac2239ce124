using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>hardware/vocabulary.json and hardware/boards follow their schemas; the code that repeats them is generated.</summary>
[TestClass]
public sealed partial class VocabularyTests
{
    private static readonly string Text = File.ReadAllText(Repository.At("hardware/vocabulary.json"));

    [TestMethod]
    public void The_vocabulary_follows_its_schema() => Assert.IsEmpty(SchemaProblems("hardware/vocabulary.schema.json", Text));

    [TestMethod]
    public void Each_board_follows_the_schema()
    {
        IReadOnlyList<string> boards = Repository.Files("hardware/boards", "*.json");
        Assert.IsNotEmpty(boards);
        foreach (string board in boards)
        {
            Assert.IsEmpty(SchemaProblems("hardware/board.schema.json", File.ReadAllText(board)), board);
        }
    }

    [TestMethod]
    [DataRow("\"tile\": \"always\"", "\"tile\": \"sometimes\"", "enum")]
    [DataRow("\"scenario\": \"tmp117\"", "\"scenario\": \"TMP117\"", "match")]
    [DataRow("\"about\": \"Red light.\"", "\"abuot\": \"Red light.\"", "abuot")]
    public void A_wrong_vocabulary_is_refused(string right, string wrong, string expected)
    {
        int at = Text.IndexOf(right, StringComparison.Ordinal);
        Assert.IsGreaterThanOrEqualTo(0, at);
        IReadOnlyList<string> problems = SchemaProblems("hardware/vocabulary.schema.json", Text[..at] + wrong + Text[(at + right.Length)..]);
        Assert.IsTrue(problems.Any(p => p.Contains(expected, StringComparison.Ordinal)), string.Join('\n', problems));
    }

    [TestMethod]
    public void Drivers_take_their_parts_name_from_the_vocabulary()
    {
        string[] drivers = Repository.Files("firmware/Peripherals", "*.cs").Where(f => NameLine().IsMatch(File.ReadAllText(f))).ToArray();
        using JsonDocument vocabulary = JsonDocument.Parse(Text);
        string[] parts = vocabulary.RootElement.GetProperty("parts").EnumerateArray().Select(p => p.GetProperty("id").GetString()!).ToArray();
        CollectionAssert.AreEquivalent(parts, drivers.Select(f => Path.GetFileName(Path.GetDirectoryName(f)!)).ToArray());
        Assert.IsEmpty(drivers.Select(f => NameProblem(Repository.Name(f), File.ReadAllText(f))).OfType<string>().ToArray());
    }

    [TestMethod]
    [DataRow("\"TMP117\"")]
    [DataRow("PartNames.Max30102")]
    public void A_driver_that_names_itself_otherwise_is_found(string name) =>
        Assert.IsNotNull(NameProblem("firmware/Peripherals/Tmp117/Tmp117.cs", $"    public override string PartName => {name};\n"));

    [GeneratedRegex("override string PartName => (?<name>[^;\n]*);", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NameLine();

    private static string? NameProblem(string file, string text)
    {
        string right = "PartNames." + file.Split('/')[2];
        string name = NameLine().Match(text).Groups["name"].Value;
        return name == right ? null : $"{file}: PartName is {name}, and should be {right}";
    }

    private static IReadOnlyList<string> SchemaProblems(string schemaFile, string json)
    {
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(Repository.At(schemaFile)));
        using JsonDocument document = JsonDocument.Parse(json);
        return Schemas.Problems(schema.RootElement, document.RootElement);
    }
}
