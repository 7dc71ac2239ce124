using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Faults.Tests;

/// <summary>The YAML reader: values, defaults, places, bounds, and every error that it gives.</summary>
[TestClass]
public sealed class YamlTests
{
    [TestMethod]
    public void A_whole_number_comes_within_its_bounds_or_is_the_standard_with_its_error()
    {
        Reading reading = new("least: 3\nmost: 9\nbelow: 2\nabove: 10\nminus: -4\nlong: 1_000\nquoted: '5'\nword: five\nhalf: 1.5\nempty:\nlist: [1]");
        YamlSection top = reading.Top!;
        Assert.AreEqual(3, top.Whole("least", 3, 9, 7));
        Assert.AreEqual(9, top.Whole("most", 3, 9, 7));
        Assert.AreEqual(7, top.Whole("below", 3, 9, 7));
        Assert.AreEqual(7, top.Whole("above", 3, 9, 7));
        Assert.AreEqual(-4, top.Whole("minus", -9, 9, 7));
        Assert.AreEqual(1000, top.Whole("long", 0, 2000, 7));
        Assert.AreEqual(7, top.Whole("quoted", 3, 9, 7));
        Assert.AreEqual(7, top.Whole("word", 3, 9, 7));
        Assert.AreEqual(7, top.Whole("half", 3, 9, 7));
        Assert.AreEqual(7, top.Whole("empty", 3, 9, 7));
        Assert.AreEqual(7, top.Whole("absent", 3, 9, 7));
        Assert.AreEqual(7, top.Whole("list", 3, 9, 7));
        top.End();
        CollectionAssert.AreEqual(
            new[]
            {
                "3:below G2005 2 is 2 not 3 to 9 standard 7",
                "4:above G2005 10 is 10 not 3 to 9 standard 7",
                "7:quoted G2004 Scalar '5' for Whole [3 to 9]",
                "8:word G2004 Scalar 'five' for Whole [3 to 9]",
                "9:half G2004 Scalar '1.5' for Whole [3 to 9]",
                "11:list G2004 List '' for Whole [3 to 9]",
            },
            reading.Errors);
    }

    [TestMethod]
    public void A_decimal_number_is_scaled_exactly_or_refused()
    {
        Reading reading = new("two: 2.5\nleast: 0.1\nmost: 9\nbelow: 0.09\nabove: 9.01\nfine: 0.1234567\nquoted: '1'\nword: x\nexponent: 1e1");
        YamlSection top = reading.Top!;
        Assert.AreEqual(2_500_000, top.Scaled("two", 7, 1_000_000, 0.1m, 9));
        Assert.AreEqual(100_000, top.Scaled("least", 7, 1_000_000, 0.1m, 9));
        Assert.AreEqual(9_000_000, top.Scaled("most", 7, 1_000_000, 0.1m, 9));
        Assert.AreEqual(7, top.Scaled("below", 7, 1_000_000, 0.1m, 9));
        Assert.AreEqual(7, top.Scaled("above", 7, 1_000_000, 0.1m, 9));
        Assert.AreEqual(7, top.Scaled("fine", 7, 1_000_000, 0.1m, 9));
        Assert.AreEqual(7, top.Scaled("quoted", 7, 1_000_000, 0.1m, 9));
        Assert.AreEqual(2.5, top.Number("two", 7.5, 0, 9));
        Assert.AreEqual(7.5, top.Number("word", 7.5, 0, 9));
        Assert.AreEqual(7.5, top.Number("exponent", 7.5, 0, 9));
        Assert.AreEqual(7.5, top.Number("absent", 7.5, 0, 9));
        Assert.AreEqual(7, top.Scaled("needed", 7, 10, 0, 9, required: true));
        CollectionAssert.AreEqual(
            new[]
            {
                "1:needed G2007 needed needed like none",
                "4:below G2005 0.09 is 0.09 not 0.1 to 9 standard none",
                "5:above G2005 9.01 is 9.01 not 0.1 to 9 standard none",
                "6:fine G2004 0.1234567 by 0.000001",
                "7:quoted G2004 Scalar '1' for Number [0.1 to 9]",
                "8:word G2004 Scalar 'x' for Number [0 to 9]",
                "9:exponent G2004 Scalar '1e1' for Number [0 to 9]",
            },
            reading.Errors);
    }

    [TestMethod]
    public void A_flag_is_true_or_false_without_quotes()
    {
        Reading reading = new("yes: true\nno: false\nquoted: 'true'\nquotedNo: 'false'\nword: on\nempty: ~");
        YamlSection top = reading.Top!;
        Assert.IsTrue(top.Flag("yes", false));
        Assert.IsFalse(top.Flag("no", true));
        Assert.IsTrue(top.Flag("quoted", true));
        Assert.IsFalse(top.Flag("quoted", false));
        Assert.IsTrue(top.Flag("quotedNo", true));
        Assert.IsTrue(top.Flag("word", true));
        Assert.IsFalse(top.Flag("word", false));
        Assert.IsTrue(top.Flag("empty", true));
        Assert.IsFalse(top.Flag("absent", false));
        CollectionAssert.AreEqual(
            new[]
            {
                "3:quoted G2004 Scalar 'true' for Flag []", "3:quoted G2004 Scalar 'true' for Flag []", "4:quotedNo G2004 Scalar 'false' for Flag []",
                "5:word G2004 Scalar 'on' for Flag []", "5:word G2004 Scalar 'on' for Flag []",
            },
            reading.Errors);
    }

    [TestMethod]
    public void A_text_keeps_its_rule_and_a_required_one_is_asked_for_with_an_example()
    {
        Reading reading = new("name: abc\nwrong: ABC\nempty: null\nquoted: ''\nmap: {a: 1}");
        YamlSection top = reading.Top!;
        Assert.AreEqual("abc", top.Text("name"));
        Assert.AreEqual("abc", top.Text("name", t => t == "abc", "abc"));
        Assert.IsNull(top.Text("wrong", t => t == "abc", "abc", meant: t => "Did you mean " + t.ToLowerInvariant() + "?"));
        Assert.IsNull(top.Text("wrong", t => t == "abc", "abc"));
        Assert.IsNull(top.Text("empty"));
        Assert.AreEqual(string.Empty, top.Text("quoted"));
        Assert.IsNull(top.Text("map"));
        Assert.IsNull(top.Text("absent", t => true, "any"));
        Assert.IsNull(top.Text("needed", required: true, example: "abc"));
        Assert.IsNull(top.Text("empty", t => true, "any", required: true, example: "def"));
        Assert.ThrowsExactly<ArgumentNullException>(() => top.Text("absent", null!, "rule"));
        CollectionAssert.AreEqual(
            new[]
            {
                "1:empty G2007 empty empty like def",
                "1:needed G2007 needed needed like abc",
                "2:wrong G2004 ABC against abc meant Did you mean abc?",
                "2:wrong G2004 ABC against abc meant none",
                "5:map G2004 Mapping '' for Text []",
            },
            reading.Errors);
    }

    [TestMethod]
    public void One_of_some_words_and_a_list_of_them()
    {
        (string, int)[] words = [("one", 1), ("two", 2)];
        Reading reading = new("word: two\nwrong: three\nlist:\n- one\n- two\n- four\n- [one]\n- ''\nnone: []\nscalar: one");
        YamlSection top = reading.Top!;
        Assert.AreEqual(2, top.Word("word", 9, words));
        Assert.AreEqual(9, top.Word("wrong", 9, words));
        Assert.AreEqual(9, top.Word("absent", 9, words));
        Assert.AreEqual(9, top.Word("needed", 9, words, required: true));
        CollectionAssert.AreEqual(new[] { 1, 2, 9 }, top.Words("list", 9, words)!.ToArray());
        Assert.IsEmpty(top.Words("none", 9, words)!);
        Assert.IsNull(top.Words("absent", 9, words));
        Assert.IsNull(top.Words("scalar", 9, words));
        CollectionAssert.AreEqual(
            new[]
            {
                "1:needed G2007 needed needed like none",
                "2:wrong G2004 three none of one,two",
                "6:list[2] G2004 four none of one,two",
                "7:list[3] G2004 List '' for WordItem []",
                "8:list[4] G2004 Scalar '' for WordItem []",
                "10:scalar G2004 Scalar 'one' for List []",
            },
            reading.Errors);
    }

    [TestMethod]
    public void A_section_knows_its_place_and_names_what_nobody_asked_for()
    {
        Reading reading = new("a:\n  b: 1\n  typo: 2\nc: 3\nextra: 4\nscalar: 5\nempty:");
        YamlSection top = reading.Top!;
        YamlSection a = top.Section("a");
        Assert.IsTrue(a.IsPresent);
        Assert.AreEqual("a", a.Path);
        Assert.AreEqual(1, a.Line);
        Assert.AreEqual("a.b", a.PathOf("b"));
        Assert.AreEqual(2, a.LineOf("b"));
        Assert.AreEqual(1, a.LineOf("absent"));
        Assert.AreEqual(1, a.Whole("b", 0, 9, 0));
        Assert.IsTrue(top.Has("c"));
        Assert.IsFalse(top.Has("d"));
        Assert.HasCount(2, a.Node!.Pairs);
        YamlSection scalar = top.Section("scalar");
        Assert.IsFalse(scalar.IsPresent);
        Assert.IsNull(scalar.Node);
        Assert.AreEqual(6, scalar.Line);
        Assert.IsFalse(top.Section("empty").IsPresent);
        YamlSection absent = top.Section("absent");
        Assert.IsFalse(absent.IsPresent);
        Assert.AreEqual(1, absent.Line);
        Assert.AreEqual(8, absent.Whole("x", 0, 9, 8));
        absent.Know("typo");
        Assert.IsFalse(top.Section("needed", required: true).IsPresent);
        a.Error("G2009", "b", "too small", "Write 2.");
        top.ErrorAt("c", "G2009", "d", "against c");
        a.Missing("z", "1");
        a.End();
        absent.End();
        top.End();
        Assert.IsTrue(reading.Report.HasErrors);
        CodedError said = reading.Report.Finish().Single(e => e.Detail == "too small");
        Assert.AreEqual("Write 2.", said.Suggestion);
        CollectionAssert.AreEqual(
            new[]
            {
                "1:a.z G2007 a.z z like 1",
                "1:needed G2007 needed needed like none",
                "2:a.b G2009 too small",
                "3:a.typo G2003 a/typo here b,z elsewhere absent",
                "4:d G2009 against c",
                "5:extra G2003 /extra here a,c,d,scalar,empty,absent,needed elsewhere none",
                "6:scalar G2004 Scalar '5' for Mapping []",
            },
            reading.Errors);
    }

    [TestMethod]
    public void An_unknown_key_alone_is_an_error_too_and_one_known_at_the_top_is_said_to_belong_there()
    {
        Reading reading = new("a: {x: 1}\nlist: [{y: 1}]");
        Assert.IsFalse(reading.Report.HasErrors);
        YamlSection a = reading.Top!.Section("a");
        reading.Top.Know("x");
        foreach (YamlSection item in reading.Top.Sections("list"))
        {
            item.End();
        }

        new YamlSectionProbe(reading).Know("list[7].inner", "y");
        a.End();
        Assert.IsTrue(reading.Report.HasErrors);
        CollectionAssert.AreEqual(new[] { "1:a.x G2003 a/x here  elsewhere ", "2:list[0].y G2003 list[0]/y here  elsewhere list.inner" }, reading.Errors);
    }

    [TestMethod]
    public void A_list_of_sections_has_a_bound_and_each_item_its_place()
    {
        Reading reading = new("list:\n- a: 1\n- 7\n-\n- a: 4\n- a: 5\nempty: []\nfull: [{a: 1}]");
        YamlSection top = reading.Top!;
        IReadOnlyList<YamlSection> items = top.Sections("list", max: 4);
        Assert.HasCount(4, items);
        CollectionAssert.AreEqual(new[] { "list[0]", "list[1]", "list[2]", "list[3]" }, items.Select(i => i.Path).ToArray());
        CollectionAssert.AreEqual(new[] { true, false, false, true }, items.Select(i => i.IsPresent).ToArray());
        Assert.AreEqual(3, items[1].Line);
        Assert.AreEqual(4, items[3].Whole("a", 0, 9, 0));
        Assert.IsEmpty(top.Sections("empty", required: true));
        Assert.IsEmpty(top.Sections("empty"));
        Assert.HasCount(1, top.Sections("full", max: 1, required: true));
        Assert.IsEmpty(top.Sections("absent"));
        Assert.IsEmpty(top.Sections("needed", required: true));
        CollectionAssert.AreEqual(
            new[]
            {
                "1:needed G2007 needed needed like none",
                "3:list[1] G2004 Scalar '7' for MappingItem []",
                "6:list G2005 5 of 0 to 4",
                "7:empty G2005 0 of 1 to 2147483647",
            },
            reading.Errors);
    }

    [TestMethod]
    public void Where_nothing_is_not_absent_it_is_of_no_kind()
    {
        Reading reading = new("value:\nsection: ~\nlist:\nitems: [~]\nneeded:", new TestRules { EmptyIsAbsent = false });
        YamlSection top = reading.Top!;
        Assert.IsNull(top.Text("value"));
        Assert.IsFalse(top.Section("section").IsPresent);
        Assert.IsEmpty(top.Sections("list"));
        Assert.IsFalse(top.Sections("items").Single().IsPresent);
        Assert.IsNull(top.Text("needed", required: true));
        CollectionAssert.AreEqual(
            new[]
            {
                "1:value G2004 Scalar '' for Text []",
                "2:section G2004 Scalar '~' for Mapping []",
                "3:list G2004 Scalar '' for List []",
                "4:items[0] G2004 Scalar '~' for MappingItem []",
                "5:needed G2004 Scalar '' for Text []",
            },
            reading.Errors);
    }

    [TestMethod]
    [DataRow("", true, null, DisplayName = "an empty file where nothing is absence")]
    [DataRow("", false, "1: G2002 no mapping", DisplayName = "an empty file elsewhere")]
    [DataRow("# remark", true, null, DisplayName = "a remark alone")]
    [DataRow("7", true, "1: G2002 no mapping", DisplayName = "one value")]
    [DataRow("\n- a\n- b", true, "2: G2002 no mapping", DisplayName = "a list")]
    [DataRow("a: 1\n---\nb: 2", true, "2: G2002 second", DisplayName = "two documents")]
    [DataRow("'null'", true, "1: G2002 no mapping", DisplayName = "a quoted nothing is something")]
    public void A_file_is_one_mapping(string text, bool emptyIsAbsent, string? error)
    {
        Reading reading = new(text, new TestRules { EmptyIsAbsent = emptyIsAbsent });
        CollectionAssert.AreEqual(error is null ? [] : new[] { error }, reading.Errors);
        Assert.AreEqual(error is null, reading.Top is not null);
        if (reading.Top is { } top)
        {
            Assert.IsFalse(top.IsPresent);
            Assert.AreEqual(1, top.Line);
            Assert.AreEqual(string.Empty, top.Path);
        }
    }

    [TestMethod]
    public void Rules_may_let_the_top_section_say_that_it_is_no_mapping()
    {
        Reading reading = new("- a", new TestRules { MustBeMapping = false });
        Assert.IsFalse(reading.Top!.IsPresent);
        CollectionAssert.AreEqual(new[] { "1: G2004 List '' for Mapping []" }, reading.Errors);
    }

    [TestMethod]
    public void Depth_values_and_aliases_have_bounds_that_are_reached_and_not_passed()
    {
        Assert.IsEmpty(new Reading("a: {b: {c: 1}}").Errors);
        StringAssert.StartsWith(new Reading("a: {b: {c: {d: 1}}}").Errors.Single(), "1: G2002 nested deeper than 3");
        StringAssert.StartsWith(new Reading("a: [[[1]]]").Errors.Single(), "1: G2002 nested deeper than 3");

        // One value for the mapping itself, and one for each key.
        Assert.IsEmpty(new Reading(string.Join('\n', Enumerable.Range(0, 19).Select(i => $"k{i}: 1"))).Errors);
        StringAssert.EndsWith(new Reading(string.Join('\n', Enumerable.Range(0, 20).Select(i => $"k{i}: 1"))).Errors.Single(), "G2002 more than 20 values");

        TestRules two = new() { Aliases = 2 };
        Reading shared = new("a: &x {p: 1}\nb: *x\nc: *x", two);
        Assert.IsEmpty(shared.Errors);
        Assert.AreEqual(1, shared.Top!.Section("c").Whole("p", 0, 9, 0));
        Assert.AreEqual("2: G2002 more than 2 aliases", new Reading("a: &x 1\nb: [*x, *x, *x]\nc: 1", two).Errors.Single());
        Assert.AreEqual("4: G2002 more than 2 aliases", new Reading("a: &x 1\nb: *x\nc: *x\nd: *x\ne: 1", two).Errors.Single(), "the line of the alias, not of what follows");
        Assert.AreEqual("1: G2002 there is no anchor 'y' before this alias", new Reading("a: [*y]", two).Errors.Single());
        Assert.AreEqual("2: G2002 there is no anchor 'y' before this alias", new Reading("a: 1\nb: *y\nc: 1", two).Errors.Single());
        Assert.AreEqual("21: G2002 more than 20 values", new Reading(string.Join('\n', Enumerable.Range(0, 25).Select(i => $"k{i}: 1"))).Errors.Single());
        StringAssert.Contains(new Reading("a: &x 1\nb: *x").Errors.Single(), "anchors and aliases are not used here");

        // What an alias repeats counts each time: 1 + 1 + 7 and twice 7 again are 23.
        StringAssert.EndsWith(new Reading("a: &x [1, 2, 3, 4, 5, 6]\nb: *x\nc: *x", two).Errors.Single(), "more than 20 values");
        Assert.IsEmpty(new Reading("a: &x [1, 2, 3, 4, 5]\nb: *x\nc: *x", two).Errors);
        StringAssert.EndsWith(new Reading("a: &x {f: 1, g: 2, h: 3, i: 4, j: 5, k: 6}\nb: *x\nc: *x", two).Errors.Single(), "more than 20 values");
    }

    [TestMethod]
    public void A_key_twice_is_one_error_among_all_or_ends_the_reading()
    {
        Reading among = new("a: 1\nb: x\na: 2\na: 3");
        Assert.AreEqual(1, among.Top!.Whole("a", 0, 9, 0));
        among.Top.Whole("b", 0, 9, 0);
        CollectionAssert.AreEqual(new[] { "2:b G2004 Scalar 'x' for Whole [0 to 9]", "3:a G2006 a first in 1", "4:a G2006 a first in 1" }, among.Errors);
        Reading ended = new("a: 1\nb: 2\na: 3", new TestRules { KeyTwiceEnds = true });
        Assert.IsNull(ended.Top);
        Assert.AreEqual("3: G2002 Duplicate key a", ended.Errors.Single());
        Assert.IsEmpty(new Reading("a: 1\nb: {a: 1}", new TestRules { KeyTwiceEnds = true }).Errors);
    }

    [TestMethod]
    public void What_is_not_YAML_is_said_at_its_line()
    {
        StringAssert.StartsWith(new Reading("a: 1\nb: [").Errors.Single(), "3: G2002 ");
        StringAssert.StartsWith(new Reading("a: 1\n? [x]\n: 2").Errors.Single(), "2: G2002 a key is a single word");
        Assert.IsFalse(new Reading("a: 1\nb: \"x").Errors.Single().EndsWith('.'));
    }

    [TestMethod]
    public void Errors_have_a_bound_and_the_last_says_how_many_more_there_are()
    {
        TestRules three = new() { Errors = 3 };
        Reading many = new("a: x\nb: x\nc: x\nd: x\ne: x", three);
        foreach (string key in new[] { "e", "d", "c", "b", "a" })
        {
            many.Top!.Whole(key, 0, 9, 0);
        }

        CollectionAssert.AreEqual(
            new[] { "3:c G2004 Scalar 'x' for Whole [0 to 9]; and 2 more errors", "4:d G2004 Scalar 'x' for Whole [0 to 9]", "5:e G2004 Scalar 'x' for Whole [0 to 9]" }, many.Errors);
        Assert.HasCount(3, many.Errors);
        Assert.AreEqual(1, many.Errors.Count(e => e.Contains("more errors", StringComparison.Ordinal)));

        Reading unknown = new("a: 1\nb: 1\nc: 1\nd: 1", three);
        unknown.Top!.End();
        CollectionAssert.AreEqual(
            new[] { "1:a G2003 /a here  elsewhere none", "2:b G2003 /b here  elsewhere none", "3:c G2003 /c here  elsewhere none; and 1 more errors" }, unknown.Errors);
        Reading exact = new("a: 1\nb: 1\nc: 1", three);
        exact.Top!.End();
        Assert.HasCount(3, exact.Errors);
        Assert.IsFalse(exact.Errors[2].Contains("more errors", StringComparison.Ordinal));
    }

    [TestMethod]
    public void Errors_of_one_line_come_by_code_and_then_by_path()
    {
        Reading reading = new("{b: x, a: x, c: 12, d: 1}");
        YamlSection top = reading.Top!;
        top.Whole("c", 0, 9, 0);
        top.Whole("b", 0, 9, 0);
        top.Whole("a", 0, 9, 0);
        top.End();
        CollectionAssert.AreEqual(new[] { "d", "a", "b", "c" }, reading.Report.Finish().Select(e => e.Place.Path).ToArray());
        Assert.AreEqual("f.yaml", reading.Report.Finish()[0].Place.File);
    }

    [TestMethod]
    public void A_file_is_read_up_to_its_bound_and_what_cannot_be_read_is_said()
    {
        TestRules rules = new();
        string folder = Directory.CreateTempSubdirectory("yaml-").FullName;
        try
        {
            string path = Path.Combine(folder, "f.yaml");
            File.WriteAllText(path, new string('#', 100));
            Assert.HasCount(100, YamlDocument.ReadFile(path, rules, out CodedError? error)!);
            Assert.IsNull(error);

            File.WriteAllText(path, new string('#', 101));
            Assert.IsNull(YamlDocument.ReadFile(path, rules, out error));
            Assert.AreEqual("101 bytes", error!.Detail);
            Assert.AreEqual("shorten it", error.Suggestion);
            Assert.AreEqual(new ErrorPlace(path, 0, null), error.Place);

            foreach (string absent in new[] { Path.Combine(folder, "absent.yaml"), Path.Combine(folder, "absent", "f.yaml") })
            {
                Assert.IsNull(YamlDocument.ReadFile(absent, rules, out error));
                Assert.AreEqual("absent", error!.Detail);
            }

            Assert.IsNull(YamlDocument.ReadFile(folder, rules, out error));
            StringAssert.StartsWith(error!.Detail, "unreadable: ");
            Assert.IsFalse(error.Detail.EndsWith('.'));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void Nothing_where_something_must_be_given_is_refused_at_once()
    {
        YamlReport report = new("f.yaml", new TestRules());
        Assert.ThrowsExactly<ArgumentNullException>(() => YamlDocument.Read(null!, report));
        Assert.AreEqual("report", Assert.ThrowsExactly<ArgumentNullException>(() => YamlDocument.Read("a: 1", null!)).ParamName);
        Assert.AreEqual("path", Assert.ThrowsExactly<ArgumentException>(() => YamlDocument.ReadFile(string.Empty, new TestRules(), out _)).ParamName);
        Assert.AreEqual("rules", Assert.ThrowsExactly<ArgumentNullException>(() => YamlDocument.ReadFile("f.yaml", null!, out _)).ParamName);
    }

    [TestMethod]
    public void A_value_of_a_file_is_empty_only_when_nothing_stands_there()
    {
        Reading reading = new("a:\nb: ~\nc: null\nd: ''\ne: x\nf: []\ng: 'null'");
        CollectionAssert.AreEqual(
            new[] { true, true, true, false, false, false, false }, reading.Top!.Node!.Pairs.Select(p => p.Value.IsEmpty).ToArray());
        Assert.AreEqual("x", reading.Top.Node.Find("e")!.Value.Text);
        Assert.AreEqual(5, reading.Top.Node.Find("e")!.Line);
        Assert.IsNull(reading.Top.Node.Find("E"));
        Assert.AreEqual(YamlNodeKind.List, reading.Top.Node.Find("f")!.Value.Kind);
        Assert.AreEqual(6, reading.Top.Node.Find("f")!.Value.Line);
    }

    /// <summary>Makes a key of another mapping known, as the reader of that mapping does.</summary>
    private sealed class YamlSectionProbe(Reading reading)
    {
        public void Know(string path, string key)
        {
            YamlSection section = reading.Top!;
            foreach (string part in path.Split('.'))
            {
                section = section.Section(part);
            }

            section.Know(key);
        }
    }
}
