using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Numerics;
using System.Text.Json;
using EdgeGateway.Tool;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Tool.Tests;

[TestClass]
public sealed class CartCtlTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Verify_of_a_whole_directory_is_clean_and_of_a_damaged_one_is_not()
    {
        string directory = Golden();
        (int exit, string results, string diagnostics) = Run("journal", "verify", directory, "--json");
        Assert.AreEqual(0, exit, results + diagnostics);
        using (JsonDocument json = JsonDocument.Parse(results))
        {
            Assert.IsFalse(json.RootElement.GetProperty("damaged").GetBoolean());
        }

        string[] files = Directory.GetFiles(directory, "segment-*");
        Array.Sort(files, StringComparer.Ordinal);
        string file = files[0];
        byte[] data = File.ReadAllBytes(file);
        data[50] ^= 1;
        File.WriteAllBytes(file, data);
        (exit, results, _) = Run("journal", "verify", directory);
        Assert.AreEqual(1, exit);
        StringAssert.Contains(results, "DAMAGE " + Path.GetFileName(file) + " at byte 28");
        StringAssert.Contains(results, "Start the gateway");
    }

    [TestMethod]
    public void A_pods_challenge_is_answered_from_a_key_a_bundle_or_the_input_and_the_key_is_never_shown()
    {
        // Source: computed apart, with openssl dgst -sha256 -mac HMAC.
        const string Key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        const string Challenge = "00112233445566778899aabbccddeeff";
        const string Answer = "5375b32096586fcb";
        string file = Path.Combine(TestContext.TestRunDirectory ?? Path.GetTempPath(), "bundle-" + Path.GetRandomFileName() + ".json");
        File.WriteAllText(file, "{\"v\":1,\"technicianKey\":\"" + Key + "\"}");
        try
        {
            (int exit, string results, string diagnostics) = Run("pod", "unlock", Challenge, "--key-file", file);
            Assert.AreEqual(0, exit, diagnostics);
            Assert.AreEqual(Answer, results.Trim());
            using StringWriter output = new();
            using StringReader input = new(Key + "\n");
            Assert.AreEqual(0, CartCtl.Run(["pod", "unlock", Challenge], input, output, TextWriter.Null));
            Assert.AreEqual(Answer, output.ToString().Trim());
            (exit, results, diagnostics) = Run("pod", "unlock", Challenge[1..], "--key-file", file);
            Assert.AreEqual(3, exit);
            StringAssert.Contains(diagnostics, "C2703");
            Assert.IsFalse((results + diagnostics).Contains(Key[..8], StringComparison.Ordinal));
            Assert.AreEqual(3, Run("pod", "unlock", Challenge, "--key-file", file + ".none").Exit);
            Assert.AreEqual(3, Run("pod", "unlock", Challenge).Exit);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void Records_of_types_that_this_version_does_not_know_are_counted_and_are_no_damage()
    {
        string directory = Golden();
        (int exit, string results, string diagnostics) = Run("journal", "inspect", directory, "--json", "--limit", "100000");
        Assert.AreEqual(0, exit, diagnostics);
        using JsonDocument json = JsonDocument.Parse(results);
        var expected = new SortedDictionary<int, int>();
        foreach (JsonElement record in json.RootElement.GetProperty("records").EnumerateArray())
        {
            int type = record.GetProperty("type").GetInt32();
            if (!Enum.IsDefined((EdgeGateway.Core.Records.JournalRecordType)type))
            {
                expected[type] = expected.GetValueOrDefault(type) + 1;
            }
        }

        Assert.AreNotEqual(0, expected.Count, "there are such types in this journal");
        var told = new SortedDictionary<int, int>();
        foreach (JsonElement type in json.RootElement.GetProperty("unknownTypes").EnumerateArray())
        {
            told.Add(type.GetProperty("type").GetInt32(), type.GetProperty("records").GetInt32());
        }

        Assert.AreEqual(string.Join(' ', expected), string.Join(' ', told));
        (exit, results, _) = Run("journal", "verify", directory);
        Assert.AreEqual(0, exit, results);
        foreach ((int type, int records) in expected)
        {
            StringAssert.Contains(results, $"type {type}  {records} records of a type");
        }
    }

    [TestMethod]
    public void Records_with_marks_that_this_version_does_not_know_are_counted_and_are_no_damage()
    {
        string directory = Golden();
        string file = Directory.GetFiles(directory, "segment-*").Max(StringComparer.Ordinal)!;
        byte[] data = File.ReadAllBytes(file);
        Remark(data, 28, 0x05);
        File.WriteAllBytes(file, data);
        (int exit, string results, string diagnostics) = Run("journal", "verify", directory);
        Assert.AreEqual(0, exit, results + diagnostics);
        StringAssert.Contains(results, "mark 0x05  1 records with a mark that this version does not know: kept as vital signs and skipped");
        StringAssert.Contains(results, "No damage.");
        (exit, results, diagnostics) = Run("journal", "verify", directory, "--json");
        Assert.AreEqual(0, exit, diagnostics);
        using (JsonDocument json = JsonDocument.Parse(results))
        {
            Assert.AreEqual("""[{"mark":5,"records":1}]""", json.RootElement.GetProperty("unknownMarks").GetRawText());
        }

        (exit, results, diagnostics) = Run("journal", "inspect", directory, "--json", "--from", "28", "--limit", "2");
        Assert.AreEqual(0, exit, diagnostics);
        using (JsonDocument json = JsonDocument.Parse(results))
        {
            JsonElement records = json.RootElement.GetProperty("records");
            Assert.AreEqual(28, records[0].GetProperty("index").GetInt64());
            Assert.AreEqual("vital", records[0].GetProperty("class").GetString());
            Assert.AreEqual(5, records[0].GetProperty("unknownMark").GetInt32());
            Assert.IsFalse(records[1].TryGetProperty("unknownMark", out _), "of a known class");
        }

        (_, results, _) = Run("journal", "inspect", directory, "--from", "28", "--limit", "1");
        StringAssert.Contains(results, "28  vital (mark 0x05, unknown)  type 0  9 bytes");
        Assert.AreEqual("""[]""", UnknownMarksOf(Golden()));
    }

    [TestMethod]
    public void Inspect_shows_the_records_asked_for_as_one_object()
    {
        (int exit, string results, string diagnostics) = Run("journal", "inspect", Golden(), "--json", "--from", "5", "--limit", "3", "--class", "vital");
        Assert.AreEqual(0, exit, diagnostics);
        Assert.AreEqual(string.Empty, diagnostics);
        using JsonDocument json = JsonDocument.Parse(results);
        JsonElement records = json.RootElement.GetProperty("records");
        Assert.AreEqual(3, records.GetArrayLength());
        Assert.AreEqual(7, records[0].GetProperty("index").GetInt64());
        Assert.AreEqual("vital", records[0].GetProperty("class").GetString());
    }

    [TestMethod]
    [DataRow(2, "C2700", "journal", "inspect")]
    [DataRow(2, "C2700", "journal", "inspect", "x", "--limit", "-1")]
    [DataRow(2, "C2700", "journal", "inspect", "x", "--class", "purple")]
    [DataRow(2, "C2700", "journal", "polish", "x")]
    [DataRow(2, "C2700", "check")]
    [DataRow(3, "G2001", "check", "/nowhere/at-all.yaml")]
    [DataRow(3, "C2701", "journal", "verify", "/nowhere/at/all")]
    public void Wrong_words_and_places_are_told_apart(int wanted, string code, params string[] arguments)
    {
        (int exit, string results, string diagnostics) = Run(arguments);
        Assert.AreEqual(wanted, exit, diagnostics);
        Assert.AreEqual(string.Empty, results);
        StringAssert.Contains(diagnostics, code);
    }

    [TestMethod]
    public void Check_says_what_the_gateway_would_say()
    {
        string folder = Directory.CreateTempSubdirectory("cartctl-check-").FullName;
        string file = Path.Combine(folder, "gateway.yaml");
        (int exit, string example, string diagnostics) = Run("settings", "example");
        Assert.AreEqual(0, exit, diagnostics);
        File.WriteAllText(file, example);
        (exit, string results, diagnostics) = Run("check", file);
        Assert.AreEqual(0, exit, diagnostics);
        StringAssert.Contains(results, "the configuration is right");

        File.WriteAllText(file, example.Replace("windowMessages: 32", "windowMesages: 32", StringComparison.Ordinal));
        (exit, results, diagnostics) = Run("check", file);
        Assert.AreEqual(3, exit);
        Assert.AreEqual(string.Empty, results);
        StringAssert.Contains(diagnostics, "error G2003");
        StringAssert.Contains(diagnostics, "Did you mean 'windowMessages'?");

        // What this machine lacks is said too.
        File.WriteAllText(file, example.Replace("directory: ./journal", "directory: gateway.yaml/journal", StringComparison.Ordinal));
        (exit, results, diagnostics) = Run("check", file, "--json");
        Assert.AreEqual(3, exit, diagnostics);
        using JsonDocument json = JsonDocument.Parse(results);
        Assert.IsFalse(json.RootElement.GetProperty("right").GetBoolean());
        Assert.AreEqual("G2011", json.RootElement.GetProperty("errors")[0].GetProperty("code").GetString());
        Assert.AreEqual("journal.directory", json.RootElement.GetProperty("errors")[0].GetProperty("path").GetString());
        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    public void The_schema_is_one_object_of_every_section()
    {
        (int exit, string results, string diagnostics) = Run("settings", "schema");
        Assert.AreEqual(0, exit, diagnostics);
        using JsonDocument json = JsonDocument.Parse(results);
        Assert.IsTrue(json.RootElement.GetProperty("properties").TryGetProperty("uplink", out _));
    }

    private static (int Exit, string Results, string Diagnostics) Run(params string[] arguments)
    {
        using var results = new StringWriter();
        using var diagnostics = new StringWriter();
        int exit = CartCtl.Run(arguments, results, diagnostics);
        return (exit, results.ToString(), diagnostics.ToString());
    }

    private static string UnknownMarksOf(string directory)
    {
        using JsonDocument json = JsonDocument.Parse(Run("journal", "verify", directory, "--json").Results);
        return json.RootElement.GetProperty("unknownMarks").GetRawText();
    }

    // Another mark with a right checksum, as Journal/README.md has it: CRC-32C, begun with the header's checksum, over all but its own four bytes.
    private static void Remark(byte[] data, int at, byte mark)
    {
        data[at + 11] = mark;
        int end = at + 22 + BitConverter.ToInt32(data, at);
        uint crc = uint.MaxValue;
        foreach (byte one in (byte[])[.. data[24..28], .. data[at..(at + 4)], .. data[(at + 8)..end]])
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        BitConverter.TryWriteBytes(data.AsSpan(at + 4), ~crc);
    }

    private string Golden()
    {
        string directory = Path.Combine(TestContext.TestRunDirectory!, "golden-" + TestContext.TestName);
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }

        Directory.CreateDirectory(directory);
        foreach (string line in File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "journal-v1.txt")))
        {
            string[] parts = line.Split(' ');
            File.WriteAllBytes(Path.Combine(directory, parts[0]), Convert.FromHexString(parts[1]));
        }

        return directory;
    }
}
