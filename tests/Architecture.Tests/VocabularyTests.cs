using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>hardware/vocabulary.json and hardware/boards follow their schemas; the code that repeats them is generated.</summary>
[TestClass]
public sealed class VocabularyTests
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

    private static IReadOnlyList<string> SchemaProblems(string schemaFile, string json)
    {
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(Repository.At(schemaFile)));
        using JsonDocument document = JsonDocument.Parse(json);
        return Schemas.Problems(schema.RootElement, document.RootElement);
    }
}
