using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Firmware.Core;
using Firmware.Pod.Console;
using Firmware.Pod.Link;
using Firmware.Pod.Start;
using Firmware.Protocol;

namespace Firmware.Tests.Host.Consoles;

/// <summary>How the pod itself does: what it tells its gateway each minute, that it is on a bench, that STOP does not end, that its gateway is not there yet.</summary>
[TestClass]
public sealed class HealthTests
{
    [TestMethod]
    public void Once_a_minute_the_gateway_is_told_how_the_pod_does_and_nothing_of_a_patient()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        bench.SetEpoch(7);
        bench.Run(70);
        bench.Clock.Advance(340_000); // the loop stands
        bench.Run(60);
        byte[][] beats = Beats(bench);
        Assert.HasCount(3, beats, "after 10 s, and each minute");
        foreach (byte[] beat in beats)
        {
            Assert.AreEqual(72, beat.Length);
            Assert.AreEqual(0u, Frame.BindingEpoch(beat, 0), "under no session, whatever is open");
            Assert.AreEqual(Streams.Health, Frame.Stream(beat, 0));
        }

        byte[] body = beats[^1][Frame.HeaderLength..];
        Assert.AreEqual((uint)(Frame.MonotonicUs(beats[^1], 0) / 1_000_000), HealthBody.UptimeSeconds(body, 0));
        Assert.AreEqual(2u, HealthBody.Starts(body, 0));
        Assert.AreEqual((int)FaultCode.RebootCommanded, HealthBody.LastEnd(body, 0));
        Assert.AreEqual(600_000u, HealthBody.FreeMemoryBytes(body, 0));
        Assert.AreEqual(-55, HealthBody.SignalDecibelMilliwatt(body, 0));
        Assert.AreEqual((2, 0), (HealthBody.PartsFitted(body, 0), HealthBody.PartsFailing(body, 0)));
        Assert.AreEqual(0, HealthBody.Flags(body, 0));
        Assert.AreEqual(0, HealthBody.LoopLateMs(beats[1], Frame.HeaderLength), "the loop came as it asked");
        Assert.IsTrue(HealthBody.LoopLateMs(body, 0) is >= 330 and <= 341, $"{HealthBody.LoopLateMs(body, 0)} ms");
        Assert.AreEqual(0L, bench.Program.Console.Commands.Watch.Frames - CountOfValues(bench), "no value of a patient");
    }

    [TestMethod]
    public void Without_a_gateway_none_is_made_and_what_a_board_does_not_tell_is_absent()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        bench.Run(20);
        Assert.HasCount(1, Beats(bench));
        bench.Link.Drop();
        bench.Run(200);
        Assert.HasCount(1, Beats(bench), "nobody hears it, and the flash is spared");
        bench.Board.SignalDecibelMilliwatt = 0;
        bench.Board.FreeManagedBytes = -1;
        bench.Link.Connect();
        bench.Run(1);
        byte[] beat = Beats(bench)[^1];
        Assert.HasCount(2, Beats(bench));
        Assert.AreEqual(HealthBody.SignalNotOffered, HealthBody.Flags(beat, Frame.HeaderLength));
        Assert.AreEqual(HealthBody.MemoryUnknown, HealthBody.FreeMemoryBytes(beat, Frame.HeaderLength));
        Assert.AreEqual(1, HealthBody.LinksLost(beat, Frame.HeaderLength));
        bench.Board.SignalDecibelMilliwatt = -500;
        bench.Run(Heartbeat.PeriodUs / 1e6);
        Assert.AreEqual(-128, HealthBody.SignalDecibelMilliwatt(Beats(bench)[^1], Frame.HeaderLength), "held within its byte");
        JsonElement said = bench.Ok("health");
        Assert.AreEqual(-128, said.GetProperty("signalDbm").GetInt32());
        Assert.AreEqual(1, said.GetProperty("linksLost").GetInt32());
        bench.Board.SignalDecibelMilliwatt = 0;
        Assert.AreEqual("the board does not tell it", bench.Ok("health").GetProperty("signal").GetString());
    }

    [TestMethod]
    public void While_the_cuff_holds_pressure_no_memory_is_counted_and_the_reading_waits()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        bench.Run(20);
        bench.Unlock();
        bench.Ok("CUFF OFF ARM");
        bench.Run(20);
        bench.Port.Send("@77 cuff hold\r\n");
        for (int i = 0; i < 8; i++)
        {
            bench.Port.Send(" ");
            bench.Run(5);
        }

        Assert.HasCount(1, Beats(bench), "a board counts its memory by collecting it, and the loop would stand");
        Assert.AreEqual(HealthBody.MemoryUnknown, HealthBody.FreeMemoryBytes(bench.Host.Health(bench.NowUs), 0));
        bench.Port.Send("q");
        bench.Run(1);
        Assert.HasCount(2, Beats(bench));
        Assert.AreEqual(600_000u, HealthBody.FreeMemoryBytes(Beats(bench)[^1], Frame.HeaderLength));
    }

    [TestMethod]
    public void A_bench_pod_says_so_in_its_state_until_it_ends_or_the_pod_restarts()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        Assert.IsFalse(bench.States[^1].Contains("bench", StringComparison.Ordinal));
        bench.Unlock();
        foreach ((string on, string off) in new[] { ("sim on", "sim off"), ("fault inject Tmp117 nack", "fault inject off") })
        {
            bench.Ok(on);
            bench.Run(1);
            Assert.IsTrue(IsBench(bench), on);
            bench.SetEpoch(9);
            bench.Run(1);
            Assert.AreEqual(0u, bench.Host.Epoch, "a bench takes no epoch");
            bench.Ok(off);
            bench.Run(1);
            Assert.IsFalse(IsBench(bench), off);
        }

        bench.Ok("sim on");
        bench.Ok("fault inject Tmp117 nack");
        bench.Ok("sim off");
        bench.Run(1);
        Assert.IsTrue(IsBench(bench), "the fault is still there");
        int states = bench.States.Count;
        bench.Ok("reboot");
        bench.Run(4);
        Assert.AreEqual(3, bench.Boots);
        bench.Link.Connect();
        bench.Run(2);
        Assert.IsGreaterThan(states, bench.States.Count);
        Assert.IsFalse(IsBench(bench), "nothing of a bench outlives a restart");
        bench.SetEpoch(9);
        bench.Run(1);
        Assert.AreEqual(9u, bench.Host.Epoch);
    }

    [TestMethod]
    public void A_pod_that_is_about_to_restart_takes_no_epoch_and_is_no_bench()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        bench.Unlock();
        bench.Ok("reboot");
        bench.SetEpoch(9);
        bench.Run(0.2);
        Assert.AreEqual(2, bench.Boots, "it is still the old boot");
        Assert.AreEqual(0u, bench.Host.Epoch);
        Assert.IsFalse(bench.States.Exists(s => s.Contains("bench", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Stop_that_does_not_end_is_said_once_with_what_to_do_and_fails_the_self_test()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        bench.Board.IsStopPressed = true;
        bench.Run(1);
        Assert.Contains(FaultCode.StopPressed, bench.Codes);
        bench.Board.IsStopPressed = false;
        bench.Run(60);
        Assert.DoesNotContain(FaultCode.StopDoesNotEnd, bench.Codes, "a press is no broken wire");
        bench.Board.IsStopPressed = true;
        bench.Run((StopButton.StandsUs / 1e6) - 1);
        Assert.DoesNotContain(FaultCode.StopDoesNotEnd, bench.Codes);
        bench.Run(60);
        Assert.AreEqual(1, bench.Codes.Count(c => c == FaultCode.StopDoesNotEnd));
        StringAssert.Contains(bench.Type("faults"), "check J9");
        Assert.AreEqual("P1057", bench.Send("selftest").Select(l => l.Json).First(j => j.TryGetProperty("item", out JsonElement item) && item.GetString() == "stopButton").GetProperty("code").GetString());

        // A wire that is broken when the power comes is the same.
        bench.Codes.Clear();
        bench.Reboot();
        bench.Run(40);
        Assert.AreEqual(1, bench.Codes.Count(c => c == FaultCode.StopDoesNotEnd));
    }

    [TestMethod]
    public void Self_test_right_after_a_start_waits_for_the_gateway_and_then_does_not_know()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        Assert.AreEqual("PASS", Gateway(bench));
        bench.Reboot();
        bench.Run(2);
        long sinceUs = bench.NowUs;
        Assert.AreEqual("SKIP", Gateway(bench));
        long tookUs = bench.NowUs - sinceUs;
        Assert.IsTrue(tookUs is > SelfTestCommand.LinkWaitUs and < 10_000_000, $"{tookUs} µs");

        bench.Port.Send("@900 selftest\r\n");
        bench.Run(2);
        bench.Link.Connect();
        bench.Run(2);
        List<(string Status, JsonElement Json)> lines = ConsoleBench.Lines(bench.Take(), "900");
        Assert.AreEqual("PASS", Item(lines), "it came while it was waited for");

        bench.Link.Drop();
        bench.Run(1);
        Assert.AreEqual("FAIL", Gateway(bench), "a gateway that was there and is gone");
        bench.Reboot();
        bench.Run(SelfTestCommand.LinkGraceUs / 1e6);
        sinceUs = bench.NowUs;
        Assert.AreEqual("FAIL", Gateway(bench), "it had time enough");
        Assert.IsLessThan(2_000_000L, bench.NowUs - sinceUs);
    }

    private static bool IsBench(ConsoleBench bench) => JsonDocument.Parse(bench.States[^1]).RootElement.TryGetProperty("bench", out JsonElement said) && said.GetBoolean();

    private static string Gateway(ConsoleBench bench) => Item(bench.Send("selftest"));

    private static string Item(List<(string Status, JsonElement Json)> lines) =>
        lines.Select(l => l.Json).First(j => j.TryGetProperty("item", out JsonElement item) && item.GetString() == "gateway").GetProperty("result").GetString()!;

    private static byte[][] Beats(ConsoleBench bench) => [.. bench.Frames.Where(f => Frame.Kind(f, 0) == FrameKind.Health)];

    private static long CountOfValues(ConsoleBench bench)
    {
        int boot = bench.Frames.FindLastIndex(f => Frame.BootId(f, 0) != Frame.BootId(bench.Frames[^1], 0)) + 1;
        return bench.Frames.Skip(boot).Count(f => Frame.Kind(f, 0) is not (FrameKind.Clock or FrameKind.Event or FrameKind.Health));
    }
}
