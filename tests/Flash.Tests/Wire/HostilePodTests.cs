using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Xml.Linq;
using EdgeGateway.Faults;
using Firmware.Flash;
using Firmware.Flash.BringUp;
using Firmware.Flash.Serial;
using Firmware.Flash.Wire;
using Flash.Tests.StandIns;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests.Wire;

/// <summary>A pod that is broken, or wants to be: what it says reaches no terminal, record, table or label as anything but text, and nothing waits for it without end.</summary>
[TestClass]
public sealed class HostilePodTests : IDisposable
{
    private const string First = "246f28aa0001";
    private const string Second = "246f28aa0002";

    private readonly TestFolder _folder = new();
    private readonly StandInBench _bench = new();

    public HostilePodTests()
    {
        _folder.Write("Pod.bin", SyntheticProgram.Whole());
        _folder.Write("one.json", TestBundle.Json("246f28fffeaa0001"));
    }

    public void Dispose()
    {
        _bench.Dispose();
        _folder.Dispose();
    }

    [TestMethod]
    [DataRow("id", "version", @"0.5.0\u001b[2J", 16)]
    [DataRow("id", "version", @"0.5.0\u0007", 16)]
    [DataRow("id", "role", @"vitals\ud800", 16)]
    [DataRow("id", "state", @"running\u202e", 16)]
    [DataRow("id", "board", @"a\r\n=1+1", 16)]
    [DataRow("id", "version", "=HYPERLINK(1)", 16)]
    [DataRow("id", "image", "<script>", 16)]
    [DataRow("id", "deviceId", "../../../etc/pod", 16)]
    [DataRow("id", "deviceId", "246f28fffeaa000g", 16)]
    [DataRow("id", "mac", "=1+1", 16)]
    [DataRow("id", "bootId", "{}", 16)]
    [DataRow("selftest", "item", @"store\u001b]0;owned\u0007", 16)]
    [DataRow("selftest", "result", "PASS ", 19)]
    [DataRow("selftest", "unit", @"ms\u0085", 16)]
    [DataRow("config get parts", "parts", @"\udc00Tmp117", 16)]
    [DataRow("config get calibration.cuff", "calibration.cuff", "a;b;<x>=1+1;d", 0)]
    [DataRow("status", "pending", "99999999999999999999", 0)]
    public void A_member_that_is_none_ends_the_board_and_is_text_everywhere(string command, string member, string value, int expected)
    {
        StandInBoard board = new("COM1", "COM11", First);
        board.Pod.Spoils = (c, json) => c == command ? Replaced(json, member, value) : json;
        _bench.Boards.Add(board);
        (int exit, string all) = Run("-Port", "COM1", "-Image", _folder.At("Pod.bin"));
        Assert.AreEqual(expected, exit, all);
        NothingButText(all);
    }

    [TestMethod]
    public void A_refusal_with_hostile_words_is_damaged_and_one_with_a_formula_is_text()
    {
        StandInBoard board = new("COM1", "COM11", First);
        _bench.Boards.Add(board);
        board.Pod.IsStoreFull = true;
        board.Pod.Spoils = (c, json) => json.Contains("\"means\"", StringComparison.Ordinal) ? @"{""means"":""\u001b[31mred"",""next"":""x""}" : json;
        (int exit, string all) = Run("-Port", "COM1", "-Image", _folder.At("Pod.bin"), "-Bundle", _folder.At("one.json"));
        Assert.AreNotEqual(0, exit, all);
        NothingButText(all);
        board.Pod.Spoils = (c, json) => json.Contains("\"means\"", StringComparison.Ordinal) ? @"{""means"":""x;=1+1\t-2,@SUM(1)"",""next"":""<b>&amp;""}" : json;
        (exit, all) = Run("-Port", "COM1", "-Image", _folder.At("Pod.bin"), "-Bundle", _folder.At("one.json"));
        Assert.AreNotEqual(0, exit, all);
        NothingButText(all);
    }

    [TestMethod]
    public void What_nanoff_and_a_command_line_say_is_text_too()
    {
        StandInBoard board = new("COM1", "COM11", First) { NextError = "E4003: \u001b[2Jgone\u0007" };
        _bench.Boards.Add(board);
        (int exit, string all) = Run("-Port", "COM1", "-Image", _folder.At("Pod.bin"));
        Assert.AreEqual(13, exit, all);
        NothingButText(all);
        (exit, all) = Run("-Port", "COM1", "-Image", _folder.At("Pod.bin"), "-CartName", "cart \u202e7");
        Assert.AreEqual(2, exit, all);
        XElement.Parse(new PodLabel("a\u0001b\ud800", "246f28fffeaa0001", "\u001b<b>", "&", "x\u0000, y").ToSvg());
    }

    [TestMethod]
    public void An_answer_to_another_request_is_none_and_a_pod_without_checksums_is_damaged()
    {
        StandInBoard board = new("COM1", "COM11", First) { IsRunning = true };
        board.Pod.AnswersOthers = true;
        _bench.Boards.Add(board);
        Assert.AreEqual(16, Run("-Port", "COM1", "-Image", _folder.At("Pod.bin")).Exit);
        board.Pod.AnswersOthers = false;
        board.Pod.DamagedAnswers = int.MaxValue;
        Assert.AreEqual(16, Run("-Port", "COM1", "-Image", _folder.At("Pod.bin")).Exit);
    }

    [TestMethod]
    public void Two_consoles_that_are_one_pod_and_a_console_of_another_board_are_refused()
    {
        StandInBoard board = Written("COM1", "COM11", First);
        StandInBoard other = new("COM2", "COM12", Second) { Pod = Written("P", "Q", First).Pod, IsRunning = true };
        _bench.Boards.AddRange([board, other]);
        (int exit, string all) = Run("-Port", "COM1", "-Image", _folder.At("Pod.bin"));
        Assert.AreEqual(23, exit, all);
        StringAssert.Contains(all, "the consoles on COM11 and COM12 both say that they are 246f28fffeaa0001");

        // The board's own console is not there; another one says that it is this pod, and its pod runs on while the board is written.
        board.Pod.Build = SyntheticProgram.OtherBuild;
        (exit, all) = Run("-Port", "COM1", "-ConsolePort", "COM12", "-Image", _folder.At("Pod.bin"));
        Assert.AreEqual(15, exit, all);
        StringAssert.Contains(all, "did not restart while the board was written");
    }

    [TestMethod]
    public void A_pod_in_safe_mode_that_counts_no_boots_is_written_again()
    {
        StandInBoard board = Written("COM1", "COM11", First);
        board.Pod.Build = SyntheticProgram.OtherBuild;
        board.Pod.Spoils = (c, json) => c == "id" ? Replaced(json, "bootId", "0") : json;
        _bench.Boards.Add(board);
        (int exit, string all) = Run("-Port", "COM1", "-Image", _folder.At("Pod.bin"));
        Assert.AreEqual(0, exit, all);
    }

    [TestMethod]
    public void Lines_and_answers_without_end_are_left_after_their_time()
    {
        using StandInClock clock = new();
        using PodConsole endless = new(new EndlessLine(clock, 5, _ => "x"), clock, "P", _ => { });
        Assert.AreEqual(FaultCodes.ConsoleSilent, Assert.ThrowsExactly<CodedErrorException>(() => endless.Ask("id")).Errors[0].Code);
        Assert.IsLessThanOrEqualTo(2L * (PodConsole.DefaultTimeoutMs + 5), clock.GetTimestamp());

        // Each part comes in time, and the last one never.
        long start = clock.GetTimestamp();
        using PodConsole parts = new(new EndlessLine(clock, 1500, n => AnswerLine.Answer(1, string.Create(CultureInfo.InvariantCulture, $"PART {n}"), "{}")), clock, "P", _ => { });
        Assert.AreEqual(FaultCodes.ConsoleSilent, Assert.ThrowsExactly<CodedErrorException>(() => parts.Ask("id", isRepeatable: false)).Errors[0].Code);
        Assert.IsLessThanOrEqualTo(PodConsole.MaxAnswerMs + 2000L, clock.GetTimestamp() - start);
    }

    [TestMethod]
    [DataRow("plain text\r\n", "plain text\r\n")]
    [DataRow("pod> ab\b \b", "pod> ab\b \b")]
    [DataRow("\u001b[31mFAIL\u001b[0m", "\u001b[31mFAIL\u001b[0m")]
    [DataRow("\u001b[2J", "?[2J")]
    [DataRow("\u001b[8mhidden", "?[8mhidden")]
    [DataRow("\u001b[38;5;1m", "?[38;5;1m")]
    [DataRow("\u001b]0;title\u0007", "?]0;title")]
    [DataRow("\u001b\u001b[31m", "?\u001b[31m")]
    [DataRow("\u001bc", "?c")]
    [DataRow("\u001b[6n", "?[6n")]
    [DataRow("\u001b[31\u001b[0m", "?[31\u001b[0m")]
    [DataRow("\u001b[111111111m", "?[111111111m")]
    [DataRow("\u009b31m\u00ff\0\t", "?31m???")]
    public void A_terminal_gets_text_and_the_consoles_colours(string sent, string expected)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(sent);
        Assert.AreEqual(expected, new TerminalFilter().Take(bytes));

        // Cut anywhere it is the same.
        for (int i = 0; i <= bytes.Length; i++)
        {
            TerminalFilter filter = new();
            Assert.AreEqual(expected, filter.Take(bytes.AsSpan(0, i)) + filter.Take(bytes.AsSpan(i)), $"cut at {i}");
        }
    }

    [TestMethod]
    public void Text_of_others_is_one_line_of_signs_that_are_seen()
    {
        Assert.AreEqual("caf\u00e9 ?[2J? a?b ?x ?y", PlainText.Clean("caf\u00e9 \u001b[2J\u0007 a\nb \u202ex \ud800y"));
        Assert.AreEqual(PlainText.MaxSigns, PlainText.Clean(new string('a', 5000)).Length);
        Assert.AreEqual("'=1+1", BringUpRecord.Field("=1+1"));
        Assert.AreEqual("' =1+1", BringUpRecord.Field(" =1+1"));
        Assert.AreEqual("\"a,=1+1\"", BringUpRecord.Field("a;=1+1"), "a spreadsheet that parts at semicolons finds none");
        Assert.AreEqual("a?b", BringUpRecord.Field("a\tb"));
    }

    [TestMethod]
    public void The_chips_own_usb_is_said_and_comes_back_after_a_restart()
    {
        StandInBoard board = new("COM1", "COM11", First) { IsRunning = true, ConsoleUsbId = "303a:1001" };
        board.Pod.Target = "ESP32_S3_QUAD";
        _bench.Boards.Add(board);
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        using SlowKeys keys = new("@1 id\r", () => board.PlugsAway = 4, () => board.PlugsAway == 0, "@2 status\r\u001d");
        Assert.AreEqual(0, FlashTool.Run(["console"], _bench.Machine(output, diagnostics, new KeyOperator(keys)), CancellationToken.None), diagnostics.ToString());
        StringAssert.Contains(diagnostics.ToString(), "COM11 (Espressif native USB) is the pod's console");
        StringAssert.Contains(diagnostics.ToString(), "the chip's own USB");
        StringAssert.Contains(diagnostics.ToString(), "COM11 is there again.");
        CollectionAssert.Contains(board.Pod.Requests, "status");

        // An adapter that goes away is gone.
        _bench.Boards[0] = new StandInBoard("COM1", "COM11", First) { IsRunning = true };
        _bench.Boards[0].Pod.Target = "ESP32_BLE_REV3";
        using SlowKeys pulled = new("@1 id\r", () => _bench.Boards[0].PlugsAway = 4, () => _bench.Boards[0].ReadsWhileAway > 0, "@2 status\r\u001d");
        Assert.AreEqual(14, FlashTool.Run(["console"], _bench.Machine(output, diagnostics, new KeyOperator(pulled)), CancellationToken.None), diagnostics.ToString());
    }

    private static string Replaced(string json, string member, string value)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return "{" + string.Join(',', document.RootElement.EnumerateObject().Select(m => $"\"{m.Name}\":" + (m.Name == member ? $"\"{value}\"" : m.Value.GetRawText()))) + "}";
    }

    private StandInBoard Written(string port, string console, string mac)
    {
        StandInBoard board = new(port, console, mac) { IsRunning = true };
        board.Pod.Build = SyntheticProgram.Build;
        board.Pod.Target = "ESP32_BLE_REV3";
        board.Pod.ImageVersion = "1.17.0.60";
        return board;
    }

    private (int Exit, string All) Run(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        int exit = FlashTool.Run(["up", .. arguments, "-Records", _folder.At("records")], _bench.Machine(output, diagnostics), CancellationToken.None);
        return (exit, output.ToString() + diagnostics);
    }

    // Terminal, log and records: printable signs and line ends alone; every field of the table quoted or harmless; every label XML.
    private void NothingButText(string printed)
    {
        string records = _folder.At("records");
        foreach (string file in Directory.EnumerateFiles(records))
        {
            string text = File.ReadAllText(file);
            Assert.IsTrue(text.All(c => c is '\n' or (>= ' ' and not '\u007f' and not (>= '\u0080' and < '\u00a0'))), file + "\n" + text);
            foreach (string hidden in new[] { "\u202e", "\\u001b", "\\u0007", "\\ud800" })
            {
                Assert.IsFalse(text.Contains(hidden, StringComparison.OrdinalIgnoreCase), file + "\n" + text);
            }

            if (file.EndsWith(".csv", StringComparison.Ordinal))
            {
                Assert.IsFalse(text.Contains(';', StringComparison.Ordinal) || text.Split(',', '\n').Any(f => f.TrimStart('"', ' ') is { Length: > 0 } first && first[0] is '=' or '+' or '@' && f[0] != '\''), text);
            }
            else if (file.EndsWith(".svg", StringComparison.Ordinal))
            {
                XElement.Parse(text);
            }
        }

        Assert.IsTrue(printed.All(c => c is '\r' or '\n' or (>= ' ' and not '\u007f' and not (>= '\u0080' and < '\u00a0') and not '\u202e')), printed);
    }

    private sealed class EndlessLine(StandInClock clock, int stepMs, Func<int, string> next) : ISerialLine
    {
        private int _count;

        public void Write(byte[] bytes)
        {
        }

        public int Read(byte[] buffer, int timeoutMs)
        {
            clock.Advance(stepMs);
            byte[] text = Encoding.ASCII.GetBytes(next(++_count));
            text.CopyTo(buffer, 0);
            return text.Length;
        }

        public void Dispose()
        {
        }
    }

    private sealed class KeyOperator(Stream keys) : IOperator
    {
        public bool IsThere => true;

        public string? Ask(string question) => null;

        public string? AskSecret(string question) => null;

        public Stream StandardInput() => keys;

        public Stream Keys() => keys;
    }

    // Types, pulls the plug, waits for a fact, and types again.
    private sealed class SlowKeys(string first, Action pull, Func<bool> fact, string second) : MemoryStream
    {
        private int _reads;

        public override int Read(byte[] buffer, int offset, int count)
        {
            _reads++;
            if (_reads == 2)
            {
                pull();
                SpinWait.SpinUntil(fact, TimeSpan.FromSeconds(20));
            }

            byte[] text = Encoding.ASCII.GetBytes(_reads == 1 ? first : _reads == 2 ? second : string.Empty);
            text.CopyTo(buffer, offset);
            return text.Length;
        }
    }
}
