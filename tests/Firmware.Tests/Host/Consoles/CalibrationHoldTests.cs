using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Firmware.Core;
using Simulators.Chips;

namespace Firmware.Tests.Host.Consoles;

/// <summary>Holding a hand pump's pressure for a calibration, from the console to the valves: only off the arm, off session, under a key that is pressed again and again.</summary>
[TestClass]
public sealed class CalibrationHoldTests
{
    [TestMethod]
    public void It_needs_the_unlock_the_words_and_no_session_and_nobody_can_ask_for_it_from_afar()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        bench.Refuses(FaultCode.ConsoleNeedsUnlock, "cuff hold");
        bench.Unlock();
        bench.Refuses(FaultCode.CuffOffArmUnsaid, "cuff hold");
        bench.Ok("CUFF OFF ARM");
        bench.SetEpoch(7);
        bench.Refuses(FaultCode.ConsoleSessionOpen, "cuff hold");
        Assert.IsFalse(bench.Host.TryHoldCuff(bench.NowUs), "the pod itself refuses it too");
        bench.SetEpoch(0);
        Assert.IsFalse(bench.Cuff.IsDumpValveCoilPowered);

        // No command of the gateway's closes a valve that is not its own.
        for (int command = 0; command < 256; command++)
        {
            bench.Link.Send(Firmware.Protocol.Topics.Command(bench.Host.Options.DeviceId), [1, (byte)command, 0, 0, 0xA6]);
        }

        bench.Run(1);
        Assert.IsFalse(bench.Host.IsCuffHeld);
    }

    [TestMethod]
    public void A_pressure_that_a_hand_makes_is_held_and_read_until_a_key_ends_it()
    {
        ConsoleBench bench = Held(120, out _);
        string text = string.Empty;
        for (int i = 0; i < 6; i++)
        {
            bench.Port.Send(" ");
            bench.Run(5);
            text += bench.Take();
        }

        List<(string Status, JsonElement Json)> lines = ConsoleBench.Lines(text, "77");
        int[] values = [.. lines.Where(l => l.Json.TryGetProperty("value", out _)).Select(l => l.Json.GetProperty("value").GetInt32())];
        Assert.IsTrue(values.Length is > 140 and < 160, $"five a second: {values.Length}");
        Assert.IsTrue(values.All(v => Math.Abs(v - (bench.Cuff.BladderMmHg * 1000)) < 4_000), $"{values.Min()} to {values.Max()}, {bench.Cuff.BladderMmHg}");
        bench.Port.Send("q");
        bench.Run(0.3);
        Assert.IsFalse(bench.Cuff.IsDumpValveCoilPowered);
        StringAssert.Contains(bench.Take(), "@77 OK");
        bench.Until(() => bench.Cuff.BladderMmHg < 15, 10);
        bench.Run(1);
        Assert.DoesNotContain(FaultCode.CuffKeyMissing, bench.Codes, "it was its person who ended it");
        Assert.Contains(FaultCode.CuffHoldBegan, bench.Codes);
    }

    [TestMethod]
    [DataRow("silence", "P1719")]
    [DataRow("attach", "")]
    [DataRow("session", "P1717")]
    [DataRow("stop", "P1540")]
    [DataRow("gateway's stop", "P1540")]
    [DataRow("link", "P1733")]
    [DataRow("link silent", "P1733")]
    [DataRow("too high", "P1731")]
    [DataRow("two minutes", "P1735")]
    [DataRow("unplugged", "P1732")]
    [DataRow("request", "OK")]
    [DataRow("Ctrl-C", "OK")]
    public void Whatever_else_happens_opens_the_valves(string what, string answer)
    {
        ConsoleBench bench = Held(100, out double held);
        switch (what)
        {
            case "silence":
                bench.Run(10.1);
                break;
            case "attach":
                bench.Port.Attach();
                break;
            case "session":
                bench.SetEpoch(7);
                break;
            case "stop":
                bench.Board.IsStopPressed = true;
                break;
            case "gateway's stop":
                bench.Link.Send(Firmware.Protocol.Topics.Command(bench.Host.Options.DeviceId), [1, Firmware.Protocol.PodCommand.StopCuff, 0, 0]);
                break;
            case "link":
                bench.Link.Drop();
                break;
            case "link silent":
                bench.Link.AutoAcknowledge = false;
                bench.Link.AnswersProbes = false;
                bench.Run(6);
                break;
            case "too high":
                bench.Cuff.Faults = CuffChainFaults.OffTheArm | CuffChainFaults.PumpStuckOn;
                for (int i = 0; i < 12 && bench.Cuff.IsDumpValveCoilPowered; i++)
                {
                    bench.Port.Send(" ");
                    bench.Pump(() => !bench.Cuff.IsDumpValveCoilPowered, 5);
                }

                Assert.IsLessThan(290.0, bench.Cuff.HighestMmHg);
                bench.Cuff.Faults = CuffChainFaults.OffTheArm;
                break;
            case "two minutes":
                for (double s = held; s < 121; s += 5)
                {
                    bench.Port.Send(" ");
                    bench.Run(5);
                }

                break;
            case "unplugged":
                bench.Program.Services.Bus!.Inject(0x18, I2cStatus.AddressNack);
                break;
            case "request":
                bench.Port.Send("@78 id\r\n");
                break;
            default:
                bench.Port.Send("\u0003");
                break;
        }

        bench.Run(0.4);
        Assert.IsFalse(bench.Cuff.IsDumpValveCoilPowered, what);
        bench.Until(() => bench.Cuff.BladderMmHg < 15, 10);
        bench.Run(1);
        string all = bench.Everything + bench.Take();
        StringAssert.Contains(all, answer == "OK" ? "@77 OK" : "@77 " + (answer.Length > 0 ? "ERR " + answer : "OK"));
        bench.Board.IsStopPressed = false;
        bench.Run(12);
        Assert.IsFalse(bench.Host.Situation.IsCuffInflated, "and is free again");
        Assert.AreEqual(0, bench.Codes.Count(c => c == FaultCode.CuffHoldNotEmpty && what != "unplugged"));
    }

    [TestMethod]
    public void A_volume_that_is_not_empty_or_a_valve_that_does_not_close_is_said()
    {
        ConsoleBench bench = Ready();
        bench.Cuff.Faults = CuffChainFaults.OffTheArm | CuffChainFaults.OneShotStuckLow;
        bench.Port.Send("@77 cuff hold\r\n");
        bench.Run(2);
        StringAssert.Contains(bench.Take(), "@77 ERR P1734");

        bench = Held(100, out _);
        bench.Cuff.Faults = CuffChainFaults.OffTheArm | CuffChainFaults.DumpLumenBlocked | CuffChainFaults.BleedStuckClosed | CuffChainFaults.DumpStuckClosed;
        bench.Port.Send("q");
        bench.Run(12);
        Assert.Contains(FaultCode.CuffHoldNotEmpty, bench.Codes);
    }

    [TestMethod]
    [DataRow("cuff hold")]
    [DataRow("cuff test")]
    public void The_second_half_of_a_lines_end_is_no_key(string command)
    {
        ConsoleBench bench = Ready();
        bench.Port.Send($"@77 {command}\r");
        bench.Until(() => bench.Cuff.IsDumpValveCoilPowered, 3);
        bench.Port.Send("\n");
        bench.Run(0.5);
        Assert.IsTrue(bench.Cuff.IsDumpValveCoilPowered, "a line that was cut between its two signs");
        bench.Port.Send("\n");
        bench.Run(0.3);
        Assert.IsFalse(bench.Cuff.IsDumpValveCoilPowered, "a key of its own");
    }

    [TestMethod]
    public void While_it_goes_on_no_test_begins_and_without_a_gateway_it_goes_on()
    {
        ConsoleBench bench = Held(60, out _);
        Assert.IsTrue(bench.Host.TestCuff(bench.NowUs), "taken, and refused");
        bench.Run(0.3);
        Assert.Contains(FaultCode.CuffBusy, bench.Codes);
        Assert.IsTrue(bench.Cuff.IsDumpValveCoilPowered);
        Assert.IsFalse(bench.Host.TryHoldCuff(bench.NowUs), "nor another hold");
        bench.Port.Send("q");

        bench = Ready();
        bench.Link.Drop();
        bench.Run(1);
        bench.Port.Send("@77 cuff hold\r\n");
        bench.Run(2);
        Assert.IsTrue(bench.Cuff.IsDumpValveCoilPowered, "a bench may have no gateway: the person's key stands in its place");
    }

    private static ConsoleBench Ready()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        bench.Unlock();
        bench.Ok("CUFF OFF ARM");
        bench.Take();
        return bench;
    }

    // A pump beyond the pod's reach is the hand on the rubber ball.
    private static ConsoleBench Held(double mmHg, out double seconds)
    {
        ConsoleBench bench = Ready();
        long beganUs = bench.NowUs;
        bench.Port.Send("@77 cuff hold\r\n");
        bench.Until(() => bench.Cuff.IsDumpValveCoilPowered, 2);
        bench.Port.Send(" ");
        bench.Cuff.Faults = CuffChainFaults.OffTheArm | CuffChainFaults.PumpStuckOn;
        for (int i = 0; i < 12 && bench.Cuff.BladderMmHg < mmHg; i++)
        {
            bench.Port.Send(" ");
            bench.Pump(() => bench.Cuff.BladderMmHg >= mmHg, 5);
        }

        bench.Cuff.Faults = CuffChainFaults.OffTheArm;
        bench.Port.Send(" ");
        bench.Run(0.5);
        bench.Take();
        Assert.IsTrue(bench.Cuff.IsDumpValveCoilPowered);
        seconds = (bench.NowUs - beganUs) / 1e6;
        return bench;
    }
}
