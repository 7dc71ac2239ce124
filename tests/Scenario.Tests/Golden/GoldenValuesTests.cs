using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Evaluation;
using Simulators.Cart.Scenario;

namespace Scenario.Tests.Golden;

/// <summary>
/// "The same values" means values.csv: of every scenario with its own seed and of every recording, per device and stream, how many values there were, how many of them absences, and the CRC-32
/// of all in order. With GOLDEN_WRITE=1 the file is written anew; of what is filtered out the lines stay.
/// </summary>
[TestClass]
public sealed class GoldenValuesTests
{
    private static readonly bool IsWriting = Environment.GetEnvironmentVariable("GOLDEN_WRITE") == "1";
    private static readonly GoldenFile File = GoldenFile.Beside("values.csv", "source,stream,count,absences,crc32");

    public static IEnumerable<object[]> ScenarioNames => ScenarioLibrary.Names.Select(n => new object[] { n });

    public static IEnumerable<object[]> Lights => Recordings.All;

    public static IEnumerable<object[]> Cuffs => OfSets(CuffEvaluation.Names, "*.csv");

    public static IEnumerable<object[]> Sounds => OfSets(SoundSet.Names, "*.wav");

    [TestMethod]
    [DynamicData(nameof(ScenarioNames))]
    public void A_scenario_gives_the_same_values(string name) => AssertSame(name, SharedRuns.Scenario(name).Values);

    [TestMethod]
    [Recordings]
    [DynamicData(nameof(Lights))]
    public void A_recorded_pulse_gives_the_same_values(string file) => AssertSame(Path.ChangeExtension(file, null), SharedRuns.Light(file).Values);

    [TestMethod]
    [Recordings]
    [DynamicData(nameof(Cuffs))]
    public void A_recorded_cuff_gives_the_same_values(string set, string record) => AssertSame(set + "/" + record, SharedRuns.Cuffs(set).Values[record]);

    [TestMethod]
    [Recordings]
    [DynamicData(nameof(Sounds))]
    public void A_recorded_sound_gives_the_same_values(string set, string record) => AssertSame(set + "/" + record, SharedRuns.Sounds(set).Values[record]);

    [TestMethod]
    [Recordings]
    public void Each_source_of_the_file_is_there_and_each_that_is_there_stands_in_the_file()
    {
        string[] there =
        [
            .. ScenarioLibrary.Names, .. Lights.Select(l => Path.ChangeExtension((string)l[0], null)), .. Cuffs.Concat(Sounds).Select(r => r[0] + "/" + r[1]),
        ];
        if (IsWriting)
        {
            File.Keep(there);
        }
        else
        {
            CollectionAssert.AreEquivalent(there, File.Sources().ToArray());
        }
    }

    [TestMethod]
    public void The_first_difference_is_told_by_stream()
    {
        string[] expected = ["a,pod/1/16,5,0,00000001", "a,pod/1/36,5,1,00000002"];
        Assert.IsNull(GoldenFile.Difference(expected, expected, 4));
        string added = GoldenFile.Difference(expected, [expected[0], "a,pod/1/20,1,0,00000009", expected[1]], 4)!;
        StringAssert.Contains(added, "1 of 3");
        StringAssert.Contains(added, "got:      a,pod/1/20,1,0,00000009");
        string changed = GoldenFile.Difference(expected, [expected[0], "a,pod/1/36,5,1,00000003"], 4)!;
        StringAssert.Contains(changed, "expected: a,pod/1/36,5,1,00000002");
        StringAssert.Contains(changed, "got:      a,pod/1/36,5,1,00000003");
        StringAssert.Contains(GoldenFile.Difference(expected, expected[1..], 4)!, "expected: " + expected[0]);
    }

    [TestMethod]
    public void A_value_an_absence_and_a_sample_change_the_line_and_a_time_does_not()
    {
        byte[] numeric = new byte[36 + 16 + 4];
        numeric[1] = 1;
        numeric[4] = 7;
        numeric[16] = 36;
        const string Before = "x,pod/0000000000000007/36,1,0,";
        string line = Line(numeric);
        StringAssert.StartsWith(line, Before);
        numeric[24] = 9; // time
        Assert.AreEqual(line, Line(numeric));
        numeric[36 + 4] ^= 1; // value
        StringAssert.StartsWith(Line(numeric), Before);
        Assert.AreNotEqual(line, Line(numeric));
        numeric[36 + 9] = 4; // absence
        StringAssert.StartsWith(Line(numeric), "x,pod/0000000000000007/36,1,1,");

        byte[] wave = new byte[36 + 12 + 6 + 4];
        wave[1] = 2;
        line = Line(wave);
        wave[^5] = 1;
        Assert.AreNotEqual(line, Line(wave));
    }

    // Source: the CRC's check value, "123456789".
    [TestMethod]
    public void The_crc_is_that_of_ieee_802_3()
    {
        ValueTap.Sum sum = new();
        sum.Add("1234"u8, false);
        sum.Add("56789"u8, true);
        Assert.AreEqual("x,y,2,1,cbf43926", sum.Line("x", "y"));
    }

    private static string Line(byte[] frame)
    {
        ValueTap tap = new();
        tap.Made(frame);
        return tap.Lines("x").Single();
    }

    private static IEnumerable<object[]> OfSets(IEnumerable<string> sets, string pattern) => Recordings.Folder is not { } folder
        ? [["(no recordings)", string.Empty]]
        : sets.SelectMany(set => Directory.GetFiles(Path.Combine(folder, set), pattern)
            .Select(f => Path.GetFileNameWithoutExtension(f))
            .Where(n => !n.StartsWith("REFERENCE", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(n => new object[] { set, n }));

    private static void AssertSame(string source, IReadOnlyList<string> lines)
    {
        Assert.IsNotEmpty(lines, source);
        if (IsWriting)
        {
            File.Write(source, lines);
        }
        else
        {
            File.AssertSame(source, lines);
        }
    }
}
