using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text.Json;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>hardware/vocabulary.json and hardware/boards follow their schemas, and the code has their names and numbers.</summary>
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
    [DataRow("\"tile\": \"always\"", "\"tile\": \"sometimes\"", "none of")]
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
    public void Streams_and_codes_are_those_of_the_code()
    {
        using JsonDocument vocabulary = JsonDocument.Parse(Text);
        Same(Rows(vocabulary, "signals", "name", "stream"), Constants(typeof(Streams)));
        Same(Rows(vocabulary, "quantities", "name", "mdc").Where(q => Constants(typeof(MdcCodes)).ContainsKey(q.Key)), Constants(typeof(MdcCodes)));
        Same(Rows(vocabulary, "parts", "id", "number"), Values(typeof(Firmware.Pod.PodPart)));
    }

    [TestMethod]
    public void Enumerations_are_those_of_the_code()
    {
        using JsonDocument vocabulary = JsonDocument.Parse(Text);
        int compared = 0;
        foreach (JsonElement row in vocabulary.RootElement.GetProperty("enums").EnumerateArray())
        {
            string name = row.GetProperty("name").GetString()!;
            Type? type = typeof(AbsenceReason).Assembly.GetTypes().SingleOrDefault(t => t.IsPublic && t.Name == name);
            if (type is not null)
            {
                string[] others = ["HeaderLength", "NotForPatients"];
                Same(row.GetProperty("values").EnumerateArray().Select(v => KeyValuePair.Create(v.GetProperty("name").GetString()!, v.GetProperty("value").GetInt64())),
                    (type.IsEnum ? Values(type) : Constants(type)).Where(c => !others.Contains(c.Key)).ToDictionary());
                compared++;
            }
        }

        Assert.IsGreaterThan(9, compared);
    }

    [TestMethod]
    public void Faults_of_the_pod_have_the_names_of_the_code()
    {
        using JsonDocument catalogue = JsonDocument.Parse(File.ReadAllText(Repository.At("hardware/faults.json")));
        Same(
            catalogue.RootElement.GetProperty("faults").EnumerateArray().Where(f => f.GetProperty("code").GetString()![0] == 'P')
                .Select(f => KeyValuePair.Create(f.GetProperty("name").GetString()!, long.Parse(f.GetProperty("code").GetString().AsSpan(1), CultureInfo.InvariantCulture))),
            Values(typeof(FaultCode)).Where(c => c.Value != 0).ToDictionary());
    }

    private static IReadOnlyList<string> SchemaProblems(string schemaFile, string json)
    {
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(Repository.At(schemaFile)));
        using JsonDocument document = JsonDocument.Parse(json);
        return SchemaCheck.Run(schema.RootElement, document.RootElement);
    }

    private static IEnumerable<KeyValuePair<string, long>> Rows(JsonDocument vocabulary, string list, string name, string number) =>
        vocabulary.RootElement.GetProperty(list).EnumerateArray().Select(r => KeyValuePair.Create(r.GetProperty(name).GetString()!, r.GetProperty(number).GetInt64()));

    private static void Same(IEnumerable<KeyValuePair<string, long>> rows, Dictionary<string, long> code) =>
        Assert.AreEqual(Sorted(code), Sorted(rows));

    private static string Sorted(IEnumerable<KeyValuePair<string, long>> rows) => string.Join('\n', rows.OrderBy(r => r.Value).ThenBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key} = {r.Value}"));

    private static Dictionary<string, long> Values(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Static).ToDictionary(f => f.Name, f => Convert.ToInt64(f.GetRawConstantValue(), CultureInfo.InvariantCulture), StringComparer.Ordinal);

    private static Dictionary<string, long> Constants(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral)
        .ToDictionary(f => f.Name, f => Convert.ToInt64(f.GetRawConstantValue(), CultureInfo.InvariantCulture), StringComparer.Ordinal);
}
