using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using EdgeGateway.Faults;
using Firmware.Flash;
using Firmware.Flash.Images;
using Firmware.Flash.Serial;
using Firmware.Flash.Wire;
using Flash.Tests.StandIns;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests.Wire;

[TestClass]
public sealed class PodConsoleTests : IDisposable
{
    private readonly StandInClock _clock = new();

    public void Dispose() => _clock.Dispose();

    [TestMethod]
    public void A_line_is_what_the_protocol_says()
    {
        // CRC-32 (ISO-HDLC) of "@7 OK - {}", by zlib.
        AnswerLine line = AnswerLine.Parse("@7 OK - {} *" + Zlib("@7 OK - {}"));
        Assert.AreEqual(AnswerKind.Ok, line.Kind);
        Assert.AreEqual(7, line.Id);
        Assert.AreEqual("@7 OK - {} *" + Zlib("@7 OK - {}") + "\n", AnswerLine.Answer(7, "OK -", "{}"));
        Assert.AreEqual(AnswerKind.Ok, AnswerLine.Parse("pod> @7 OK - {} *" + Zlib("@7 OK - {}").ToUpperInvariant()).Kind);
        Assert.AreEqual(AnswerKind.Error, AnswerLine.Parse(AnswerLine.Answer(1, "ERR P1234", "{\"means\":\"a *star\"}").TrimEnd()).Kind);
        Assert.AreEqual("P1234", AnswerLine.Parse(AnswerLine.Answer(1, "ERR P1234", "{}").TrimEnd()).Code);
        Assert.AreEqual(3, AnswerLine.Parse(AnswerLine.Answer(1, "PART 3", "{}").TrimEnd()).Number);
        foreach (string other in new[] { string.Empty, "# @1 OK - {}", "@", "@x OK -", "@1 NO -", "hello", "@123456789 OK - {}" })
        {
            Assert.AreEqual(AnswerKind.Other, AnswerLine.Parse(other).Kind, other);
        }

        foreach (string damaged in new[] { "@1 OK - {} *00000000", "@1 OK - {}", AnswerLine.Answer(1, "PART 0", "{}").TrimEnd(), AnswerLine.Answer(1, "OK -", "{").TrimEnd(), AnswerLine.Answer(1, "OK -", new string('1', 1100)).TrimEnd() })
        {
            Assert.AreEqual(AnswerKind.Damaged, AnswerLine.Parse(damaged).Kind, damaged);
        }
    }

    [TestMethod]
    public void No_flipped_bit_of_an_answer_is_taken()
    {
        byte[] right = Encoding.ASCII.GetBytes(AnswerLine.Answer(42, "OK -", "{\"build\":\"0123456789abcdef\"}").TrimEnd());
        for (int bit = 0; bit < right.Length * 8; bit++)
        {
            right[bit / 8] ^= (byte)(1 << (bit % 8));
            AnswerLine line = AnswerLine.Parse(Encoding.ASCII.GetString(right));
            right[bit / 8] ^= (byte)(1 << (bit % 8));

            // The digits of the CRC itself may be written large.
            bool isCaseOfCrc = bit / 8 >= right.Length - 8 && bit % 8 == 5 && char.IsAsciiLetter((char)right[bit / 8]);
            Assert.AreEqual(isCaseOfCrc, line.Kind is AnswerKind.Ok or AnswerKind.Error or AnswerKind.Part, $"bit {bit}");
        }
    }

    [TestMethod]
    [DataRow("plain", "plain")]
    [DataRow("two words", "\"two words\"")]
    [DataRow("", "\"\"")]
    [DataRow("say \"x\\\"", "\"say \\\"x\\\\\\\"\"")]
    public void A_value_is_quoted_where_it_must_be(string value, string expected) => Assert.AreEqual(expected, AnswerLine.Quote(value));

    [TestMethod]
    public void A_request_is_bounded_and_ascii()
    {
        Assert.HasCount(AnswerLine.MaxRequestBytes, AnswerLine.Request(1, new string('a', AnswerLine.MaxRequestBytes - 5)));
        Assert.ThrowsExactly<ArgumentException>(() => AnswerLine.Request(1, new string('a', AnswerLine.MaxRequestBytes - 4)));
        Assert.ThrowsExactly<ArgumentException>(() => AnswerLine.Request(1, "caf\u00e9"));
        Assert.ThrowsExactly<ArgumentException>(() => AnswerLine.Request(1, "a\r\n@2 factory"));
    }

    [TestMethod]
    public void An_answer_is_whole_or_it_is_said_what_is_wrong()
    {
        Assert.AreEqual("2", Ask(["# log\nnoise@\r\n" + AnswerLine.Answer(9, "OK -", "{\"a\":1}") + AnswerLine.Answer(1, "OK -", "{\"a\":2}")]).Text("a"), "an older answer is passed over");
        Assert.HasCount(2, Ask([AnswerLine.Answer(1, "PART 1", "{}"), AnswerLine.Answer(1, "PART 2", "{}"), AnswerLine.Answer(1, "OK -", "{}")]).Parts);
        Assert.AreEqual("3", Ask(["@1 OK - {} *00000000\n", AnswerLine.Answer(2, "OK -", "{\"a\":3}")]).Text("a"), "asked once more");
        Assert.AreEqual(FaultCodes.ConsoleAnswerDamaged, Fault([AnswerLine.Answer(1, "PART 2", "{}"), AnswerLine.Answer(2, "PART 2", "{}")]));
        Assert.AreEqual(FaultCodes.ConsoleAnswerDamaged, Fault(["@1 OK - {} *00000000\n", "@2 OK - {} *00000000\n"]));
        Assert.AreEqual(FaultCodes.ConsoleAnswerDamaged, Fault(["@1 OK - {} *00000000\n", AnswerLine.Answer(2, "OK -", "{}")], isRepeatable: false), "a commit is not asked twice");
        Assert.AreEqual(FaultCodes.ConsoleSilent, Fault([]));
        Assert.AreEqual(FaultCodes.ConsoleSilent, Fault([new string('x', 9000)]));
        Assert.AreEqual(FaultCodes.BoardUnplugged, Fault(["!gone"]));
    }

    [TestMethod]
    public void The_debuggers_ping_is_one_that_its_other_end_takes()
    {
        byte[] ping = PlugProbe.Ping();
        byte[] head = ping[..32];
        uint crc = BitConverter.ToUInt32(head, 8);
        Array.Clear(head, 8, 4);
        Assert.AreEqual(ProgramImage.Crc(head), crc);
        Assert.AreEqual(ProgramImage.Crc(ping.AsSpan(32)), BitConverter.ToUInt32(ping, 12));
        Assert.AreEqual(8u, BitConverter.ToUInt32(ping, 28));
        CollectionAssert.AreEqual("NFPKTV1\0"u8.ToArray(), ping[..8]);
    }

    [TestMethod]
    public void A_plug_with_two_names_is_one() => CollectionAssert.AreEqual(
        new[] { "/dev/cu.usbserial-1", "/dev/tty.alone", "/dev/ttyUSB0", "COM3" },
        MachinePorts.Once(["COM3", "/dev/tty.usbserial-1", "/dev/cu.usbserial-1", "/dev/ttyS4", "/dev/ttyUSB0", "/dev/ttyUSB0", "/dev/tty.alone"]).ToArray());

    [TestMethod]
    public void Each_plug_is_said_for_what_it_is()
    {
        using StandInBench bench = new();
        StandInBoard board = new("COM1", "COM2", "246f28aa0001") { IsRunning = true };
        board.Pod.Target = "ESP32_BLE_REV3";
        bench.Boards.Add(board);
        bench.Boards.Add(new StandInBoard("COM3", "COM4", "246f28aa0002"));
        bench.ForbiddenPort = "COM4";
        (int exit, string output, _) = Run(bench, "ports");
        Assert.AreEqual(0, exit);
        string[] lines = output.ReplaceLineEndings("\n").Split('\n');
        StringAssert.Contains(lines[0], "COM1  Silicon Labs CP210x: UART0, the debugger's plug");
        StringAssert.Contains(lines[1], "COM2  FTDI single UART: the pod's console: 246f28fffeaa0001");
        StringAssert.Contains(lines[2], "COM3  Silicon Labs CP210x: nothing answers");
        StringAssert.Contains(lines[3], "cannot be opened: Access to the port is denied");
        Assert.IsEmpty(bench.Open, "a port stayed open");

        // One console among four ports is found; its one command is answered; a refusal is the pod's own.
        (exit, output, _) = Run(bench, "console", "--send", "id");
        Assert.AreEqual(0, exit);
        StringAssert.Contains(output, "\"deviceId\":\"246f28fffeaa0001\"");
        (exit, _, string diagnostics) = Run(bench, "console", "--send", "dance");
        Assert.AreEqual(17, exit);
        StringAssert.Contains(diagnostics, "P1713 on 'dance': There is no such command");
        StringAssert.Contains(diagnostics, "next: Ask for help.");
        (exit, _, diagnostics) = Run(bench, "console", "-Port", "COM1");
        Assert.AreEqual(16, exit);
        StringAssert.Contains(diagnostics, "COM1 (Silicon Labs CP210x) is UART0, the debugger's plug: for flashing, not the console");

        StandInOperator typed = new() { Input = [.. "@1 status\r"u8, 0x1D, .. "@2 factory\r"u8] };
        (exit, _, diagnostics) = Run(bench, typed, "console");
        Assert.AreEqual(0, exit);
        StringAssert.Contains(diagnostics, "Isolated USB adapter only");
        CollectionAssert.Contains(board.Pod.Requests, "status");
        CollectionAssert.DoesNotContain(board.Pod.Requests, "factory");
    }

    private static (int Exit, string Output, string Diagnostics) Run(StandInBench bench, params string[] arguments) => Run(bench, new StandInOperator(), arguments);

    private static (int Exit, string Output, string Diagnostics) Run(StandInBench bench, IOperator user, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        int exit = FlashTool.Run(arguments, bench.Machine(output, diagnostics, user), CancellationToken.None);
        return (exit, output.ToString(), diagnostics.ToString());
    }

    private static string Zlib(string text) => Convert.ToHexStringLower(BitConverter.GetBytes(Reverse(Encoding.ASCII.GetBytes(text))).Reverse().ToArray());

    // CRC-32 bit by bit, apart from the library that the tool uses. Source: ISO 3309, reflected.
    private static uint Reverse(byte[] bytes)
    {
        uint crc = 0xFFFF_FFFF;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1;
            }
        }

        return ~crc;
    }

    private PodAnswer Ask(string[] answers, bool isRepeatable = true)
    {
        using PodConsole console = new(new ScriptedLine(answers, _clock), _clock, "P", _ => { });
        return console.Ask("id", isRepeatable: isRepeatable);
    }

    private string Fault(string[] answers, bool isRepeatable = true) => Assert.ThrowsExactly<CodedErrorException>(() => Ask(answers, isRepeatable)).Errors[0].Code;

    // Gives one text per read; then silence.
    private sealed class ScriptedLine(string[] answers, StandInClock clock) : ISerialLine
    {
        private readonly Queue<byte> _bytes = new(answers.SelectMany(Encoding.ASCII.GetBytes));

        public void Write(byte[] bytes)
        {
        }

        public int Read(byte[] buffer, int timeoutMs)
        {
            if (_bytes.TryPeek(out byte first) && first == (byte)'!')
            {
                throw new IOException("The port is gone");
            }

            int count = 0;
            while (count < Math.Min(buffer.Length, 7) && _bytes.TryDequeue(out byte next))
            {
                buffer[count++] = next;
            }

            if (count == 0)
            {
                clock.Advance(timeoutMs);
            }

            return count;
        }

        public void Dispose()
        {
        }
    }
}
