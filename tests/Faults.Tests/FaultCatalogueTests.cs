using System;
using System.Collections.Generic;
using System.IO;
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
}
