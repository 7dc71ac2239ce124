using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sound;
using EdgeGateway.Gateway.Web;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Web;

/// <summary>The pages' words and files, read as text.</summary>
[TestClass]
public sealed partial class PageTextTests
{
    private const string VocabularyFile = "/js/core/vocabulary.g.js";

    private static readonly string[] Tables = [File("/js/core/text.js").Split("const words = ")[1], File(VocabularyFile).Split("const words = ")[1]];

    private static readonly Match[] Lines = [.. Tables.SelectMany(t => Line().Matches(t))];

    private static readonly Dictionary<string, (string En, string Fr)> Words = Lines.DistinctBy(m => m.Groups["key"].Value)
        .ToDictionary(m => m.Groups["key"].Value, m => (m.Groups["en"].Value, m.Groups["fr"].Value), StringComparer.Ordinal);

    [TestMethod]
    public void Every_line_of_words_has_both_languages_with_the_same_places()
    {
        Assert.IsGreaterThan(300, Words.Count);
        int lines = Tables.Sum(t => t.Split('\n').Count(l => l.StartsWith("  \"", StringComparison.Ordinal)));
        Assert.HasCount(lines, Lines, "a line of words is not in the form that can be read");
        foreach ((string key, (string en, string fr)) in Words)
        {
            Assert.AreNotEqual(string.Empty, en.Trim(), key);
            Assert.AreNotEqual(string.Empty, fr.Trim(), key);
            CollectionAssert.AreEquivalent(Place().Matches(en).Select(m => m.Value).ToArray(), Place().Matches(fr).Select(m => m.Value).ToArray(), key);
        }
    }

    [TestMethod]
    public void A_key_stands_once_in_the_vocabulary_or_in_the_pages_own_words()
    {
        string[] twice = [.. Lines.GroupBy(m => m.Groups["key"].Value, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key)];
        Assert.IsEmpty(twice, string.Join(' ', twice));
    }

    [TestMethod]
    public void A_pod_has_one_name_in_French_and_a_time_that_is_not_known_leaves_no_empty_place()
    {
        string[] others = [.. Words.Where(w => w.Value.Fr.Contains("module", StringComparison.OrdinalIgnoreCase)).Select(w => w.Key)];
        Assert.IsEmpty(others, string.Join(' ', others));
        StringAssert.Contains(Words["request.asked"].En, "{0}");
        foreach (string action in Words.Keys.Where(k => k.StartsWith("request.", StringComparison.Ordinal) && k != "request.asked"))
        {
            Assert.IsFalse(Words[action].En.Contains('(', StringComparison.Ordinal) || Words[action].Fr.Contains('(', StringComparison.Ordinal), action);
        }
    }

    [TestMethod]
    public void Every_key_that_pages_and_scripts_use_has_words()
    {
        List<string> missing = [];
        foreach ((string path, WebFile file) in WebFiles.All)
        {
            string content = Encoding.UTF8.GetString(file.Bytes.Span);
            IEnumerable<Match> uses = path.EndsWith(".html", StringComparison.Ordinal) ? Attribute().Matches(content)
                : path.EndsWith(".js", StringComparison.Ordinal) ? Call().Matches(content) : [];
            missing.AddRange(uses.Select(m => m.Groups["key"].Value).Where(k => !Words.ContainsKey(k)).Select(k => path + ": " + k));
        }

        Assert.IsEmpty(missing, string.Join('\n', missing));
    }

    [TestMethod]
    public void Every_reason_and_cause_of_the_wire_has_words_and_no_words_are_for_none()
    {
        string[] reasons = Enum.GetValues<AbsenceReason>().Where(r => r != AbsenceReason.None).Select(r => "absence." + Camel(r.ToString())).Append("absence.unknown").ToArray();
        string[] causes = Enum.GetValues<GapCause>().Select(c => "gap." + Camel(c.ToString())).ToArray();
        CollectionAssert.AreEquivalent(reasons, Words.Keys.Where(k => k.StartsWith("absence.", StringComparison.Ordinal)).ToArray());
        CollectionAssert.AreEquivalent(causes, Words.Keys.Where(k => k.StartsWith("gap.", StringComparison.Ordinal)).ToArray());
        string[] marks = [.. typeof(BloodPressureStatus).GetFields().Where(f => f.IsLiteral).Select(f => "cuffStatus." + Camel(f.Name))];
        CollectionAssert.AreEquivalent(marks, Words.Keys.Where(k => k.StartsWith("cuffStatus.", StringComparison.Ordinal)).ToArray());
        string[] oximeter = [.. typeof(OximetryStatus).GetFields().Where(f => f.IsLiteral).Select(f => "oximetryStatus." + Camel(f.Name))];
        CollectionAssert.AreEquivalent(oximeter, Words.Keys.Where(k => k.StartsWith("oximetryStatus.", StringComparison.Ordinal)).ToArray());
        Assert.AreEqual(Words["cuffStatus.irregularPulse"], Words["oximetryStatus.irregularPulse"], "one word for one thing");
        string[] steps = [.. Words.Keys.Where(k => k.StartsWith("cuffNext.", StringComparison.Ordinal) && k != "cuffNext.other")];
        Assert.IsNotEmpty(steps);
        Assert.IsEmpty(steps.Where(k => !reasons.Contains("absence." + k.Split('.')[1])).ToArray());
    }

    [TestMethod]
    [DataRow("category", typeof(PatientCategory))]
    [DataRow("cuffSize", typeof(CuffSize))]
    [DataRow("cuffPhase", typeof(CuffPhase))]
    [DataRow("site", typeof(AuscultationSite))]
    [DataRow("posture", typeof(PatientPosture))]
    [DataRow("filter", typeof(ListeningMode))]
    [DataRow("step", typeof(ListeningStep))]
    [DataRow("verdict", typeof(RecordingVerdict))]
    [DataRow("clipVerdict", typeof(RecordingVerdict))]
    [DataRow("clipState", typeof(ClipState))]
    [DataRow("request", typeof(BedsideAction))]
    public void Every_value_that_a_page_shows_has_words_and_no_words_are_for_none(string prefix, Type values)
    {
        string[] expected = [.. Enum.GetNames(values).Where(n => n is not ("None" or "Unknown")).Select(n => prefix + "." + Camel(n))];
        string[] own = ["site.none", "filter.none", "request.asked"];
        CollectionAssert.AreEquivalent(expected, Words.Keys.Where(k => k.StartsWith(prefix + ".", StringComparison.Ordinal)).Except(own).ToArray());
    }

    [TestMethod]
    public void Every_site_of_the_stethoscope_has_its_place_on_the_body()
    {
        string map = File("/js/bodymap.js");
        string[] drawn = [.. Drawn().Matches(map[map.IndexOf("const SITES", StringComparison.Ordinal)..map.IndexOf("const OUTLINE", StringComparison.Ordinal)]).Select(m => m.Groups["site"].Value)];
        CollectionAssert.AreEqual(Enum.GetValues<AuscultationSite>().Where(s => s != AuscultationSite.Unknown).Select(s => Camel(s.ToString())).ToArray(), drawn);
    }

    [TestMethod]
    public void No_script_types_a_code_or_the_number_of_a_quantity_that_the_vocabulary_names()
    {
        List<string> typed = [];
        foreach ((string path, WebFile file) in WebFiles.All.Where(f => f.Key.EndsWith(".js", StringComparison.Ordinal) && f.Key != VocabularyFile))
        {
            string content = Encoding.UTF8.GetString(file.Bytes.Span);
            typed.AddRange(Code().Matches(content).Select(m => path + ": " + m.Value));
            typed.AddRange(MdcTable.All.Select(q => q.Mdc.ToString(CultureInfo.InvariantCulture)).Where(content.Contains).Select(q => path + ": " + q));
        }

        Assert.IsEmpty(typed, string.Join('\n', typed));
    }

    [TestMethod]
    public void Every_quantity_with_a_place_in_the_set_has_a_name()
    {
        string[] known = MdcTable.All.Where(q => q.ClinicalOrder is > 0 and < 8).Select(q => "mdc." + q.Mdc).ToArray();
        Assert.IsEmpty(known.Where(k => !Words.ContainsKey(k)).ToArray());
    }

    [TestMethod]
    public void The_intended_use_stands_on_both_pages_in_both_languages()
    {
        (string en, string fr) = Words["intendedUse"];
        foreach (string part in new[] { "Attended spot checks and live viewing in a teleconsultation", "No physiological alarms", "no unattended monitoring", "no newborns", "never the only basis of an urgent decision", "not CE-marked" })
        {
            StringAssert.Contains(en, part);
        }

        foreach (string part in new[] { "Pas d'alarmes physiologiques", "pas de nouveau-nés", "jamais la seule base d'une décision urgente", "marquage CE" })
        {
            StringAssert.Contains(fr, part);
        }

        StringAssert.Contains(File("/index.html"), "data-text=\"intendedUse\"");
        StringAssert.Contains(File("/clinician.html"), "data-text=\"intendedUse\"");
    }

    [TestMethod]
    public void No_file_names_another_host_or_has_script_or_style_in_line()
    {
        foreach ((string path, WebFile file) in WebFiles.All.Where(f => f.Key != "/faults.json"))
        {
            string content = Encoding.UTF8.GetString(file.Bytes.Span).Replace("http://www.w3.org/2000/svg", string.Empty, StringComparison.Ordinal);
            Assert.IsFalse(Host().IsMatch(content), path + " names a host");
            if (path.EndsWith(".html", StringComparison.Ordinal))
            {
                Assert.IsFalse(Inline().IsMatch(content), path + " has script or style in line");
            }

            Assert.IsFalse(content.Contains("innerHTML", StringComparison.Ordinal), path + " builds markup from text");
            Assert.IsFalse(content.Contains("eval(", StringComparison.Ordinal), path);
        }
    }

    [TestMethod]
    public void The_style_has_no_alarm_colour()
    {
        foreach ((string path, WebFile file) in WebFiles.All)
        {
            if (path.EndsWith(".css", StringComparison.Ordinal) || path.EndsWith(".svg", StringComparison.Ordinal))
            {
                Assert.IsEmpty(ColourProblems(Encoding.UTF8.GetString(file.Bytes.Span)).ToArray(), path);
            }
        }
    }

    [TestMethod]
    [DataRow("color: #c00;")]
    [DataRow("color: #c00f;")]
    [DataRow("color: #CC0000;")]
    [DataRow("color: #cc0000ff;")]
    [DataRow("color: rgb(200, 0, 0);")]
    [DataRow("color: rgba(200 0 0 / 50%);")]
    [DataRow("color: hsl(0 100% 50%);")]
    [DataRow("color: hwb(60 0% 0%);")]
    [DataRow("color: oklch(0.6 0.2 30);")]
    [DataRow("color: lab(50 80 60);")]
    [DataRow("color: color(display-p3 1 0 0);")]
    [DataRow("color: color-mix(in srgb, red, blue);")]
    [DataRow("color: red;")]
    [DataRow("background: url(x.png) Orange;")]
    [DataRow("border: 1px solid darkgreen")]
    [DataRow("fill=\"yellow\"")]
    public void An_alarm_colour_is_seen_in_every_notation(string style) => Assert.IsNotEmpty(ColourProblems(style).ToArray());

    [TestMethod]
    [DataRow("color: #1f4e79;")]
    [DataRow("color: #fff;")]
    [DataRow("color: transparent; border-color: currentColor;")]
    [DataRow("#fab { display: none }")]
    [DataRow(".reduced { color: #10161d; }")]
    public void A_calm_colour_is_not(string style) => Assert.IsEmpty(ColourProblems(style).ToArray());

    /// <summary>What is red, yellow, orange or green, and what could be: only hexadecimal colours are read, so that no other notation hides one.</summary>
    private static IEnumerable<string> ColourProblems(string style)
    {
        style = StyleComment().Replace(style, " ");
        foreach (Match colour in Colour().Matches(style))
        {
            string digits = colour.Groups["rgb"].Value;
            if (digits.Length is 3 or 4)
            {
                digits = string.Concat(digits.SelectMany(static c => new[] { c, c }));
            }

            int value = Convert.ToInt32(digits[..6], 16);
            int r = value >> 16, g = (value >> 8) & 255, b = value & 255;
            if (r > b + 24 || (g > r + 40 && g > b + 24))
            {
                yield return colour.Value + " is red, yellow or green";
            }
        }

        foreach (Match other in OtherColour().Matches(style))
        {
            yield return other.Value + ": write the colour in hexadecimal digits";
        }
    }

    private static string File(string path) => Encoding.UTF8.GetString(WebFiles.All[path].Bytes.Span);

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    [GeneratedRegex("^  \"(?<key>[A-Za-z0-9.]+)\": \\[\"(?<en>[^\"]*)\", \"(?<fr>[^\"]*)\"\\],$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Line();

    [GeneratedRegex(@"\{\d\}", RegexOptions.None, 1000)]
    private static partial Regex Place();

    [GeneratedRegex(@"(?<site>[A-Za-z]+): \[\d+, \d+\]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Drawn();

    [GeneratedRegex("\"[A-Z][0-9]{4}\"", RegexOptions.None, 1000)]
    private static partial Regex Code();

    [GeneratedRegex("data-text(-label|-placeholder)?=\"(?<key>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Attribute();

    [GeneratedRegex("\\b(text\\(|titleKey: )\"(?<key>[a-z][A-Za-z0-9.]+)\"\\s*[,)}]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Call();

    [GeneratedRegex(@"(https?|wss?)://[a-z0-9]", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Host();

    [GeneratedRegex(@"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Inline();

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline, 1000)]
    private static partial Regex StyleComment();

    // In a declaration or an attribute, so that the selector "#fab" is none.
    [GeneratedRegex("(?<=[:=][^;{}]*)#(?<rgb>[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Colour();

    [GeneratedRegex("\\b(rgb|hsl|hwb|lab|lch|oklab|oklch|color|color-mix|light-dark)a?\\(|(?<=[:=][^;{}]*)(?<![-.\\w])(dark|light|medium|pale|deep|hot|indian|orange|yellow|green|lime|sea|spring|forest|lawn|olive|golden|lemon|rosy|sandy|saddle|fire)*(red|crimson|tomato|coral|salmon|maroon|brown|orange|yellow|gold|goldenrod|khaki|green|lime|olive|drab|chartreuse|pink|magenta|fuchsia|sienna|chocolate|peru|tan|brick)(?![-\\w(])", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OtherColour();
}
