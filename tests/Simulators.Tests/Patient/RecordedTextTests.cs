using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Patient;

namespace Simulators.Tests.Patient;

/// <summary>Recordings as other programs write them: read, or refused with the line, the column and the mend.</summary>
[TestClass]
public sealed class RecordedTextTests
{
    private const string Oxiwear = "t_ms,ir,red,ambient";
    private const string Bidmc = "ppg_adu,ecg_mv1000";

    [TestMethod]
    public void Numbers_with_an_exponent_and_spaces_are_read()
    {
        List<string> lines = Light(i => FormattableString.Invariant($"{i * 15.6:0.0E+0},  4.46e+02, {9.9e4 + i:E8} ,1.2E1"));
        RecordedLight light = RecordedLight.Parse("r.csv", lines);
        Assert.AreEqual(446, light.At(0).InfraredCounts);
        Assert.AreEqual(99_032, light.At(0).RedCounts, 1e-3);
        Assert.AreEqual(1000, RecordedLight.Parse("b.csv", Pulse(i => (i % 125 < 60 ? "4.46e+02" : "6.1E2") + ",0", 1000)).Count);
    }

    [TestMethod]
    public void A_file_with_a_byte_order_mark_other_line_ends_spaces_in_its_heading_and_empty_lines_behind_it_is_read()
    {
        string text = "t_ms, ir, red, ambient\r\n" + string.Join("\r\n", Rows(i => FormattableString.Invariant($"{i * 10},{78_000 + i},{99_000 + i},12"))) + "\r\n\r\n  \r\n";
        foreach (Encoding encoding in new Encoding[] { new UTF8Encoding(true), new UTF8Encoding(false), Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            (IReadOnlyList<string>? lines, RecordingFault? fault) = RecordedText.ReadLines("r.csv", new MemoryStream([.. encoding.GetPreamble(), .. encoding.GetBytes(text)]));
            Assert.IsNull(fault);
            Assert.AreEqual(28, RecordedLight.Parse("r.csv", lines!).Count, encoding.EncodingName);
        }

        Assert.AreEqual(28, RecordedLight.Parse("r.csv", ["\uFEFF" + Oxiwear, .. Rows(i => FormattableString.Invariant($"{i * 10},1,1,1"))]).Count);
    }

    [TestMethod]
    public void Time_in_seconds_is_asked_for_and_never_played_a_thousand_times_too_fast()
    {
        List<string> named = ["time,ir,red,ambient", .. Rows(Seconds)];
        Refused(named, "S3105", 1, "'time', not 't_ms'", "--time-unit s");
        List<string> wrong = [Oxiwear, .. Rows(Seconds)];
        Refused(wrong, "S3105", 2, "0.016 ms in the median", "--time-unit s");
        foreach (List<string> lines in new[] { named, wrong })
        {
            RecordedLight light = RecordedLight.Parse("r.csv", lines, RecordedTimeUnit.Seconds);
            Assert.AreEqual(27 * 15_600, light.DurationUs, "28 samples 15.6 ms apart");
        }

        List<string> milliseconds = ["time,ir,red,ambient", .. Rows(i => FormattableString.Invariant($"{i * 15.6:0.0},1,1,1"))];
        Assert.AreEqual(27 * 15_600, RecordedLight.Parse("r.csv", milliseconds, RecordedTimeUnit.Milliseconds).DurationUs);
        RecordingException e = Assert.ThrowsExactly<RecordingException>(() => RecordedLight.Parse("r.csv", milliseconds, RecordedTimeUnit.Seconds));
        Assert.AreEqual("S3105", e.Faults[0].Code, "milliseconds taken for seconds: 15.6 s a step");
        List<string> micro = [Oxiwear, .. Rows(i => FormattableString.Invariant($"{i * 15_600},1,1,1"))];
        Refused(micro, "S3105", 2, "15600 ms in the median");

        static string Seconds(int i) => FormattableString.Invariant($"{i * 0.0156:0.0000},1,1,1");
    }

    [TestMethod]
    public void A_spike_is_refused_with_its_line_and_does_not_flatten_the_pulse()
    {
        foreach (string spike in new[] { "1e8", "-100000000", "99999" })
        {
            List<string> lines = Pulse(i => i == 300 ? spike + ",0" : (i % 125 < 60 ? "400" : "600") + ",0", 1000);
            Refused(lines, "S3106", 302, "ppg_adu", "cut it out");
        }

        Refused(Pulse(i => i == 300 ? "1e8,0" : "400,0", 1000), "S3206", 0, "no pulsation");
        Assert.AreEqual(1000, RecordedLight.Parse("b.csv", Pulse(i => i == 300 ? "1600,0" : (i % 125 < 60 ? "400" : "600") + ",0", 1000)).Count, "motion is no spike");
        Refused([Oxiwear, .. Rows(i => FormattableString.Invariant($"{i * 10},{(i == 50 ? "1e8" : "1")},1,1"))], "S3204", 52, "column 2, ir, is 100000000");
    }

    [TestMethod]
    [DataRow("S3107", 1, "separated by ';'", "t_ms;ir;red;ambient", "0;1;1;1")]
    [DataRow("S3107", 1, "separated by tabs", "t_ms\tir\tred\tambient", "0\t1\t1\t1")]
    [DataRow("S3107", 2, "numbers with a point", Oxiwear, "0;1;1;1")]
    [DataRow("S3107", 2, "numbers with a point", Oxiwear, "0,0,1,5,1,5,1,5")]
    [DataRow("S3107", 3, "numbers with a point", Bidmc, "4,1", "4,5,1,0")]
    [DataRow("S3203", 3, "the heading stands here again", Oxiwear, "0,1,1,1", Oxiwear)]
    [DataRow("S3203", 2, "column 3, red, is empty", Oxiwear, "0,1,,1")]
    [DataRow("S3203", 2, "column 3, red, is empty", Oxiwear, "0,1, ,1")]
    [DataRow("S3203", 2, "column 2, ir, is 'NaN'", Oxiwear, "0,NaN,1,1")]
    [DataRow("S3203", 2, "column 2, ir, is '1e400'", Oxiwear, "0,1e400,1,1")]
    [DataRow("S3203", 2, "column 1, t_ms, is '0x10'", Oxiwear, "0x10,1,1,1")]
    [DataRow("S3203", 3, "1 fields, not 4", Oxiwear, "0,1,1,1", "", "2,1,1,1")]
    [DataRow("S3205", 3, "column 1, t_ms, is '5'", Oxiwear, "5,1,1,1", "5,1,1,1")]
    [DataRow("S3205", 3, "column 1, t_ms, is '4'", Oxiwear, "5,1,1,1", "4,1,1,1")]
    [DataRow("S3204", 2, "column 1, t_ms, is '-1'", Oxiwear, "-1,1,1,1")]
    [DataRow("S3202", 1, "the heading is", "1,2,3,4")]
    public void What_is_wrong_is_named_with_line_column_and_value(string code, int line, string said, params string[] lines) => Refused([.. lines], code, line, said);

    [TestMethod]
    public void A_file_beyond_its_bounds_is_refused_before_it_fills_the_memory()
    {
        (IReadOnlyList<string>? lines, RecordingFault? fault) = RecordedText.ReadLines("r.csv", new Endless());
        Assert.IsNull(lines);
        Assert.AreEqual("S3108", fault!.Code);
        string folder = Directory.CreateTempSubdirectory("recorded").FullName;
        RecordingException e = Assert.ThrowsExactly<RecordingException>(() => RecordedLight.Load(folder));
        Assert.AreEqual("S3201", e.Faults[0].Code);
        Directory.Delete(folder);
    }

    [TestMethod]
    public void Mutated_recordings_are_played_or_refused_by_a_code_and_nothing_else_is_thrown()
    {
        // CART_LONG=1: twenty times as many.
        int count = string.Equals(Environment.GetEnvironmentVariable("CART_LONG"), "1", StringComparison.Ordinal) ? 800_000 : 40_000;
        byte[][] corpus =
        [
            Encoding.UTF8.GetBytes(string.Join('\n', Light(i => FormattableString.Invariant($"{i * 15.6:0.0},{78_000 + i},{99_000 + i},12")).Take(40))),
            Encoding.UTF8.GetBytes(string.Join("\r\n", Pulse(i => (i % 125 < 60 ? "400" : "600") + ",0", 260))),
            Encoding.UTF8.GetBytes("\uFEFFt_ms;ir;red;ambient\n0;1;1;1\n"),
        ];
        string[] words = ["NaN", "1e400", "-1", "1e8", ";", ",", "\n", "\r", "\0", "\"", "t_ms", "\uD83D\uDE00", "0.0001", " ", "-0", "inf"];
        Random random = new(9_2026);
        int played = 0;
        for (int i = 0; i < count; i++)
        {
            int which = random.Next(16);
            byte[] file = [.. corpus[which == 0 ? 1 : which == 1 ? 2 : 0]];
            for (int edits = random.Next(1, 4); edits > 0; edits--)
            {
                int at = random.Next(file.Length + 1);
                file = random.Next(4) switch
                {
                    0 => [.. file[..at], .. Encoding.UTF8.GetBytes(words[random.Next(words.Length)]), .. file[at..]],
                    1 => [.. file[..at], .. file[Math.Min(file.Length, at + random.Next(9))..]],
                    2 => [.. file[..at], (byte)random.Next(256), .. file[at..]],
                    _ => [.. file[..at], .. file[random.Next(file.Length + 1)..].Take(600)],
                };
            }

            (IReadOnlyList<string>? lines, RecordingFault? fault) = RecordedText.ReadLines("r.csv", new MemoryStream(file));
            Assert.IsNull(fault);
            try
            {
                RecordedLight light = RecordedLight.Parse("r.csv", lines!, (RecordedTimeUnit)random.Next(3));
                Assert.IsTrue(light.DurationUs > 0 && double.IsFinite(light.At(light.DurationUs / 2).RedCounts));
                played++;
            }
            catch (RecordingException e)
            {
                Assert.IsTrue(e.Faults.Count is > 0 and <= RecordedLight.MaxFaults && e.Faults.All(f => f.Code.Length == 5 && f.Code[0] == 'S'), e.Message);
            }
        }

        Assert.IsGreaterThan(count / 100, played);
        Assert.IsLessThan(count, played);
    }

    private static List<string> Light(Func<int, string> row) => [Oxiwear, .. Rows(row)];

    private static IEnumerable<string> Rows(Func<int, string> row) => Enumerable.Range(0, 60).Select(row);

    private static List<string> Pulse(Func<int, string> row, int count) => [Bidmc, .. Enumerable.Range(0, count).Select(row)];

    private static void Refused(IReadOnlyList<string> lines, string code, int line, params string[] said)
    {
        RecordingException e = Assert.ThrowsExactly<RecordingException>(() => RecordedLight.Parse("r.csv", lines));
        Assert.AreEqual(code, e.Faults[0].Code, e.Message);
        Assert.AreEqual(line, e.Faults[0].Line, e.Message);
        foreach (string word in said)
        {
            StringAssert.Contains(e.Faults[0].Detail, word);
        }
    }

    private sealed class Endless : MemoryStream
    {
        public override int Read(Span<byte> buffer)
        {
            buffer.Fill((byte)'1');
            return buffer.Length;
        }
    }
}
