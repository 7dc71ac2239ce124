using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using EdgeGateway.Faults;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Faults.Tests;

[TestClass]
public sealed class FaultCatalogueTests
{
    private const string Text = """{"en":"one","fr":"un"}""";

    [TestMethod]
    public void The_embedded_catalogue_gives_severity_and_both_languages()
    {
        FaultEntry entry = FaultCatalogue.Default["G2010"];
        Assert.AreEqual(FaultSeverity.Error, entry.Severity);
        Assert.AreEqual(FaultAudience.Integrator, entry.Who);
        StringAssert.Contains(entry.Do.English, "mutual TLS");
        StringAssert.Contains(entry.Do.French, "TLS mutuel");
        Assert.AreEqual(entry.Do.French, entry.Do.In("fr"));
        Assert.AreEqual(entry.Do.English, entry.Do.In("de"));
    }

    [TestMethod]
    public void A_pod_has_one_name_in_French()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
        {
            folder = folder.Parent!;
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.FullName, "hardware", "faults.json")));
        int pods = 0;
        foreach (JsonElement fault in document.RootElement.GetProperty("faults").EnumerateArray())
        {
            foreach (string field in new[] { "happened", "means", "do", "consultation" })
            {
                string english = fault.GetProperty(field).GetProperty("en").GetString()!;
                string french = fault.GetProperty(field).GetProperty("fr").GetString()!;
                if (Regex.IsMatch(english, @"\bpods?\b", RegexOptions.IgnoreCase, TimeSpan.FromSeconds(1)))
                {
                    pods++;
                    Assert.IsFalse(french.Contains("module", StringComparison.OrdinalIgnoreCase), french + ": a pod is a boîtier");
                }
            }
        }

        Assert.IsGreaterThan(10, pods);
    }

    [TestMethod]
    public void An_unknown_code_says_where_to_add_it()
    {
        KeyNotFoundException e = Assert.ThrowsExactly<KeyNotFoundException>(() => _ = FaultCatalogue.Default["G9999"]);
        StringAssert.Contains(e.Message, "hardware/faults.json");
        Assert.IsNull(FaultCatalogue.Default.Find("G9999"));
        Assert.IsNull(FaultCatalogue.Default.FindPod(9999));
    }

    [TestMethod]
    public void An_entry_has_its_name_and_the_status_of_an_HTTP_answer_or_none()
    {
        FaultEntry unknown = FaultCatalogue.Default["G2304"];
        Assert.AreEqual("SessionUnknown", unknown.Name);
        Assert.AreEqual(404, unknown.Http);
        Assert.IsNull(FaultCatalogue.Default["G2200"].Http);
    }

    [TestMethod]
    [DataRow("""{"faults":[{"code":"G2001","name":"TestedFault"}]}""", DisplayName = "field missing")]
    [DataRow("""{"faults":[{"code":"G2001","name":"TestedFault","severity":"bad","happened":T,"means":T,"do":T,"who":"nurse","consultation":T}]}""", DisplayName = "unknown severity")]
    [DataRow("""{"faults":[{"code":"G2001","name":"TestedFault","severity":"info","happened":T,"means":T,"do":{"en":"one"},"who":"nurse","consultation":T}]}""", DisplayName = "no French")]
    [DataRow("""{"faults":[X,X]}""", DisplayName = "twice")]
    [DataRow("{", DisplayName = "not JSON")]
    public void A_wrong_catalogue_is_refused(string json)
    {
        string entry = """{"code":"G2001","name":"TestedFault","severity":"info","happened":T,"means":T,"do":T,"who":"nurse","consultation":T}""";
        string whole = json.Replace("X", entry, System.StringComparison.Ordinal).Replace(":T", ":" + Text, System.StringComparison.Ordinal);
        Assert.ThrowsExactly<InvalidDataException>(() => FaultCatalogue.Parse(Encoding.UTF8.GetBytes(whole)));
    }

    [TestMethod]
    public void An_error_renders_place_fact_and_next_step()
    {
        CodedError error = new("G2003", new ErrorPlace("gateway.yaml", 7, "uplink.windowMesages"), "'windowMesages'", "Did you mean 'windowMessages'?");
        Assert.AreEqual(
            "gateway.yaml:7:uplink.windowMesages: error G2003: The configuration has an unknown key: 'windowMesages'\n" +
            "  next: Did you mean 'windowMessages'? Correct or remove the key; gateway.example.yaml lists all keys.",
            error.Render());
        StringAssert.StartsWith(new CodedError("G2003", ErrorPlace.None, string.Empty).Render("fr"), "error G2003: La configuration contient une clé inconnue.\n");
    }

    [TestMethod]
    [DataRow("windowMesages", "windowMessages")]
    [DataRow("WINDOWMESSAGES", "windowMessages")]
    [DataRow("hots", "host")]
    [DataRow("prot", "port")]
    [DataRow("zebra", null)]
    [DataRow("", null)]
    public void The_nearest_word_is_suggested_or_none(string word, string? expected)
    {
        Assert.AreEqual(expected, NearestWord.Find(word, ["windowMessages", "host", "port"]));
    }

    [TestMethod]
    public void An_error_without_place_fact_or_hint_leaves_them_out()
    {
        Assert.AreEqual(string.Empty, ErrorPlace.None.ToString());
        Assert.AreEqual("f.yaml", new ErrorPlace("f.yaml", 0, null).ToString());
        Assert.AreEqual("1:a.b", new ErrorPlace(null, 1, "a.b").ToString());
        Assert.AreEqual("a", new ErrorPlace(string.Empty, 0, "a").ToString());
        CodedError bare = new("G2003", ErrorPlace.None, string.Empty);
        Assert.AreEqual(
            "error G2003: The configuration has an unknown key.\n  next: Correct or remove the key; gateway.example.yaml lists all keys.", bare.ToString());
        Assert.IsNull(bare.Suggestion);
        CodedError placed = new("G2003", new ErrorPlace("f.yaml", 3, null), "x");
        Assert.AreEqual(bare.Render() + "\n" + placed.Render(), CodedError.RenderAll([bare, placed]));
        Assert.AreEqual(bare.Render("fr") + "\n" + placed.Render("fr"), CodedError.RenderAll([bare, placed], "fr"));
        Assert.ThrowsExactly<ArgumentNullException>(() => CodedError.RenderAll(null!));
        Assert.AreEqual("detail", Assert.ThrowsExactly<ArgumentNullException>(() => new CodedError("G2003", ErrorPlace.None, null!)).ParamName);
        CodedErrorException thrown = new(bare, placed);
        Assert.AreEqual(CodedError.RenderAll([bare, placed]), thrown.Message);
        Assert.HasCount(2, thrown.Errors);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new CodedErrorException([]));
    }

    [TestMethod]
    public void Each_severity_has_its_word()
    {
        foreach (FaultEntry entry in FaultCatalogue.Default.Entries)
        {
            string word = entry.Severity switch { FaultSeverity.Info => "info", FaultSeverity.Warning => "warning", FaultSeverity.Error => "error", _ => "fault" };
            StringAssert.StartsWith(new CodedError(entry.Code, ErrorPlace.None, "x").Render(), $"{word} {entry.Code}: {entry.Happened.English.TrimEnd('.')}: x\n");
        }

        CollectionAssert.AreEquivalent(
            Enum.GetValues<FaultSeverity>(), FaultCatalogue.Default.Entries.Select(e => e.Severity).Distinct().ToArray());
    }

    [TestMethod]
    [DataRow(1101, "P1101")]
    [DataRow(0, "P0000")]
    [DataRow(1999, "P1999")]
    [DataRow(2000, "G2000")]
    [DataRow(2599, "G2599")]
    [DataRow(2600, "J2600")]
    [DataRow(2699, "J2699")]
    [DataRow(2700, "C2700")]
    [DataRow(2999, "C2999")]
    [DataRow(3000, "S3000")]
    [DataRow(3999, "S3999")]
    [DataRow(4000, "F4000")]
    [DataRow(65_535, "F5535")]
    public void A_number_on_the_wire_has_its_code(int number, string code) => Assert.AreEqual(code, FaultCodes.OfNumber(number));

    [TestMethod]
    public void A_pods_entry_is_found_by_its_number()
    {
        FaultEntry entry = FaultCatalogue.Default.Entries.First(e => e.Code[0] == 'P');
        Assert.AreSame(entry, FaultCatalogue.Default.FindPod(int.Parse(entry.Code[1..], CultureInfo.InvariantCulture)));
        Assert.AreSame(entry, FaultCatalogue.Default.Find(entry.Code));
        Assert.AreSame(entry, FaultCatalogue.Default[entry.Code]);
    }

    [TestMethod]
    public void A_name_that_stands_twice_is_refused_by_its_name()
    {
        string one = $$"""{"code":"G2001","name":"Tested","severity":"Info","http":404,"happened":{{Text}},"means":{{Text}},"do":{{Text}},"who":"doctor","consultation":{{Text}}}""";
        string two = one.Replace("G2001", "G2002", StringComparison.Ordinal);
        InvalidDataException e = Assert.ThrowsExactly<InvalidDataException>(() => FaultCatalogue.Parse(Encoding.UTF8.GetBytes($$"""{"faults":[{{one}},{{two}}]}""")));
        StringAssert.Contains(e.Message, "Tested");
        FaultCatalogue right = FaultCatalogue.Parse(Encoding.UTF8.GetBytes($$"""{"faults":[{{one}}]}"""));
        Assert.HasCount(1, right.Entries);
        Assert.AreEqual(404, right.Entries[0].Http);
        Assert.AreEqual(FaultAudience.Doctor, right.Entries[0].Who);
        Assert.AreEqual("un", right.Entries[0].Means.French);
        string empty = one.Replace("\"Tested\"", "null", StringComparison.Ordinal);
        Assert.ThrowsExactly<InvalidDataException>(() => FaultCatalogue.Parse(Encoding.UTF8.GetBytes($$"""{"faults":[{{empty}}]}""")));
        string text = one.Replace("404", "\"404\"", StringComparison.Ordinal);
        Assert.ThrowsExactly<InvalidDataException>(() => FaultCatalogue.Parse(Encoding.UTF8.GetBytes($$"""{"faults":[{{text}}]}""")));
        string broken = one.Replace("404", "404.5", StringComparison.Ordinal);
        Assert.ThrowsExactly<InvalidDataException>(() => FaultCatalogue.Parse(Encoding.UTF8.GetBytes($$"""{"faults":[{{broken}}]}""")));
    }

    [TestMethod]
    [DataRow("a", "b", "b", DisplayName = "of a short word one character may differ")]
    [DataRow("ab", "cd", null, DisplayName = "not two")]
    [DataRow("abc", "abcd", "abcd", DisplayName = "one is inserted")]
    [DataRow("abcd", "abc", "abc", DisplayName = "one is missing")]
    [DataRow("abcde", "bcdex", null, DisplayName = "two of five")]
    [DataRow("abcdef", "abxdyf", "abxdyf", DisplayName = "two of six")]
    [DataRow("abcdef", "axcyez", null, DisplayName = "three of six")]
    [DataRow("abcdefg", "xbcdyfz", null, DisplayName = "three of seven")]
    [DataRow("abcdefghi", "badcfeghi", "badcfeghi", DisplayName = "three neighbours exchanged")]
    [DataRow("ba", "ab", "ab", DisplayName = "exchanged at the beginning")]
    [DataRow("acb", "abc", "abc", DisplayName = "exchanged at the end")]
    [DataRow("xabc", "abc", "abc", DisplayName = "one too many in front")]
    [DataRow("bca", "abc", null, DisplayName = "moved by two")]
    [DataRow("", "x", "x", DisplayName = "nothing is one from a letter")]
    [DataRow("", "xy", null, DisplayName = "and two from two")]
    public void A_word_is_near_when_a_third_of_it_differs(string word, string candidate, string? expected)
    {
        Assert.AreEqual(expected, NearestWord.Find(word, [candidate]));
        Assert.AreEqual(expected is null ? null : $"Did you mean '{expected}'?", NearestWord.Suggest(word, [candidate]));
    }

    [TestMethod]
    public void Of_near_words_the_nearest_wins_of_equals_the_first_and_long_ones_are_not_compared()
    {
        Assert.AreEqual("abcdef", NearestWord.Find("abcdex", ["abxyex", "abcdef", "abcdeg"]));
        Assert.AreEqual("abcdef", NearestWord.Find("abcdef", ["abcdeg", "abcdef"]));
        string longest = new('a', NearestWord.MaxLength);
        Assert.AreEqual(longest, NearestWord.Find(longest, [longest + "a", longest]));
        Assert.AreEqual("b" + longest[1..], NearestWord.Find(longest, ["b" + longest[1..]]));
        Assert.IsNull(NearestWord.Find(longest + "a", [longest]));
        Assert.AreEqual("word", Assert.ThrowsExactly<ArgumentNullException>(() => NearestWord.Find(null!, [])).ParamName);
        Assert.AreEqual("candidates", Assert.ThrowsExactly<ArgumentNullException>(() => NearestWord.Find("a", null!)).ParamName);
    }
}
