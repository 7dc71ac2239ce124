using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Firmware.Core;
using Firmware.Pod.Console;

namespace Firmware.Tests.Host.Consoles;

/// <summary>Rule 9 of the cuff's safety: the console moves air only off the arm, off session, under a key that is held.</summary>
[TestClass]
public sealed class CuffHoldTests
{
    [TestMethod]
    public void The_cuff_moves_only_behind_the_unlock_the_words_and_without_a_session()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        bench.Refuses(FaultCode.ConsoleNeedsUnlock, "cuff test");
        bench.Unlock();
        bench.Refuses(FaultCode.CuffOffArmUnsaid, "cuff test");
        bench.Refuses(FaultCode.ConsoleCommandUnknown, "cuff off arm");
        bench.Ok("CUFF OFF ARM");
        bench.Run(121);
        bench.Refuses(FaultCode.CuffOffArmUnsaid, "cuff test");
        bench.Ok("CUFF OFF ARM");
        bench.SetEpoch(7);
        bench.Refuses(FaultCode.ConsoleSessionOpen, "cuff test");
        bench.Refuses(FaultCode.ConsoleSessionOpen, "calibration set cuff A 2026-11-29 2027-11-29 0:0,15000:150000");
        Assert.IsLessThan(1.0, bench.Cuff.BladderMmHg);
        bench.SetEpoch(0);
        bench.Ok("cuff stop");
    }

    [TestMethod]
    public void A_held_key_lets_the_whole_self_test_pass()
    {
        ConsoleBench bench = Ready();
        bench.Port.Send("@77 cuff test\r\n");
        string text = string.Empty;
        for (int i = 0; i < 30 && !text.Contains("@77 OK", StringComparison.Ordinal); i++)
        {
            bench.Port.Send(" ");
            bench.Run(5);
            text += bench.Take();
        }

        List<(string Status, JsonElement Json)> lines = ConsoleBench.Lines(text, "77");
        Assert.AreEqual("PASS", lines[^1].Json.GetProperty("result").GetString(), text);
        CollectionAssert.IsSubsetOf(new[] { "zero", "pump", "tightness", "oneShot", "dumpValve", "clear", "bleedValve", "pressureSwitch" }, lines[1..^1].Select(l => l.Json.GetProperty("link").GetString()).ToArray());
        bench.Run(12);
        Assert.IsLessThan(15.0, bench.Cuff.BladderMmHg);
    }

    [TestMethod]
    [DataRow("", 11.0, DisplayName = "no key, or a lost line")]
    [DataRow("x", 0.2, DisplayName = "another key")]
    [DataRow("\u0003", 0.2, DisplayName = "Ctrl-C")]
    [DataRow("\r", 0.2, DisplayName = "Enter")]
    [DataRow("@78 id\r\n", 0.2, DisplayName = "another request")]
    public void Anything_but_the_held_key_opens_the_valves(string bytes, double seconds)
    {
        ConsoleBench bench = Ready();
        bench.Port.Send("@77 cuff test\r\n");
        bench.Run(0.3);
        bench.Port.Send(" ");
        bench.Until(() => bench.Cuff.BladderMmHg > 40, 9.5);
        bench.Port.Send(bytes);
        bench.Run(seconds);
        Assert.IsFalse(bench.Cuff.IsDumpValveCoilPowered);
        bench.Until(() => bench.Cuff.BladderMmHg < 15, 12);
        bench.Run(11);
        CollectionAssert.Contains(bench.Codes, FaultCode.CuffKeyMissing);
        StringAssert.Contains(bench.Everything.ToString() + bench.Take(), "@77 ERR P1719");
    }

    [TestMethod]
    public void Two_minutes_are_the_longest_and_a_session_that_opens_ends_it()
    {
        CuffHold hold = new();
        hold.Begin(0);
        long nowUs = 0;
        for (; nowUs < CuffHold.LongestUs; nowUs += 5_000_000)
        {
            Assert.AreEqual(HoldEnd.None, hold.Key((byte)' ', nowUs));
        }

        Assert.AreEqual(HoldEnd.TooLong, hold.Key((byte)' ', nowUs));
        Assert.IsFalse(hold.IsActive);

        ConsoleBench bench = Ready();
        bench.Port.Send("@77 cuff test\r\n");
        bench.Until(() => bench.Cuff.BladderMmHg > 20, 9);
        bench.SetEpoch(7);
        bench.Run(0.3);
        Assert.IsFalse(bench.Cuff.IsDumpValveCoilPowered);
        StringAssert.Contains(bench.Take(), "ERR P1717");
    }

    private static ConsoleBench Ready()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        bench.Unlock();
        bench.Ok("CUFF OFF ARM");
        bench.Take();
        return bench;
    }
}
