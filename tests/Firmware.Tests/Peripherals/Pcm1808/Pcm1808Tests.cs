using Firmware.Core;
using Firmware.Peripherals;

namespace Firmware.Tests.Peripherals;

[TestClass]
public sealed class Pcm1808Tests
{
    private const long Second = 1_000_000;

    private static AudioBench Running()
    {
        AudioBench bench = new AudioBench(new AudioScript());
        Assert.AreEqual((int)DriverResult.Ready, (int)bench.Probe());
        bench.Run(Second);
        Assert.AreEqual(0, bench.Faults);
        return bench;
    }

    [TestMethod]
    public void It_settles_and_then_gives_every_sample_once()
    {
        AudioBench bench = new AudioBench(new AudioScript());
        Assert.AreEqual((int)DriverResult.Ready, (int)bench.Probe());
        Assert.IsTrue(bench.Script.NextIndex - bench.Script.Base >= Pcm1808.SettlingSamples);
        Assert.IsTrue(bench.Script.NowUs < 2_200_000);
        long first = bench.Script.NextIndex;
        bench.Run(10 * Second);
        Assert.AreEqual(0, bench.Faults);
        Assert.AreEqual(0L, bench.Lost);
        long held = bench.Script.NextIndex - first - bench.Delivered;
        Assert.IsTrue(held >= 1 && held <= 3);
        Assert.IsTrue(bench.Batches >= 399 && bench.Batches <= 401);
    }

    [TestMethod]
    public void A_constructor_talks_to_nobody_and_stop_comes_with_a_fault()
    {
        AudioScript script = new AudioScript();
        AudioBench bench = new AudioBench(script);
        Assert.AreEqual(0, script.Starts + script.Reads);
        bench.Probe();
        bench.Run(Second);
        script.Freeze(true);
        bench.Step();
        while (bench.Faults == 0)
        {
            bench.Step();
        }

        Assert.IsFalse(script.IsOpen);
    }

    [TestMethod]
    public void A_lost_clock_is_named_after_three_chunks()
    {
        AudioBench bench = Running();
        bench.Script.Freeze(true);
        long since = bench.Script.NowUs;
        while (bench.Faults == 0)
        {
            bench.Step();
        }

        Assert.AreEqual((int)FaultCode.Pcm1808ClockLost, (int)bench.Fault);
        Assert.AreEqual((int)AbsenceReason.SensorFault, (int)bench.Reason);
        long afterUs = bench.Script.NowUs - since;
        Assert.IsTrue(afterUs > 3 * Pcm1808.ChunkUs - Pcm1808.ChunkUs && afterUs <= 5 * Pcm1808.ChunkUs);
    }

    [TestMethod]
    [DataRow(AudioStatus.ClockLost, FaultCode.Pcm1808ClockLost)]
    [DataRow(AudioStatus.NotOpen, FaultCode.Pcm1808PortNotOpen)]
    [DataRow(AudioStatus.Failed, FaultCode.Pcm1808PortFailed)]
    public void What_the_port_says_is_named(AudioStatus status, FaultCode code)
    {
        AudioBench bench = Running();
        bench.Script.Next = status;
        bench.Run(50_000);
        Assert.AreEqual((int)code, (int)bench.Fault);
        Assert.AreEqual(1, bench.Faults);
        long before = bench.Delivered;
        bench.Run(4 * Second);
        Assert.AreEqual(1, bench.Faults);
        Assert.IsTrue(bench.Delivered > before);
        Assert.AreEqual(status != AudioStatus.Failed, bench.WasRestarted);
        Assert.AreEqual(status != AudioStatus.Failed, bench.Lost > 0);
    }

    [TestMethod]
    public void A_port_that_does_not_start_is_named()
    {
        AudioScript script = new AudioScript { StartStatus = AudioStatus.Failed };
        AudioBench bench = new AudioBench(script);
        Assert.AreEqual((int)DriverResult.Failed, (int)bench.Probe());
        Assert.AreEqual((int)FaultCode.Pcm1808PortFailed, (int)bench.Driver.FaultCode);
        Assert.AreEqual((int)DriverResult.Failed, (int)bench.Driver.Measure(script.NowUs));
        script.StartStatus = AudioStatus.Ok;
        bench.Driver.Restart();
        Assert.AreEqual((int)DriverResult.Ready, (int)bench.Probe());
    }

    [TestMethod]
    [DataRow((short)0)]
    [DataRow((short)-1)]
    [DataRow((short)7)]
    public void A_dead_slot_is_named_and_gives_not_one_sample(short value)
    {
        AudioBench bench = Running();
        bench.Script.DeadValue = value;
        bench.Script.DeadFrom = bench.Script.NextIndex + 77;
        bench.Script.DeadUntil = bench.Script.DeadFrom + 40_000;
        bench.Run(400_000);
        Assert.AreEqual((int)FaultCode.Pcm1808SlotDead, (int)bench.Fault);
        bench.Script.DeadUntil = 0;
        bench.Run(4 * Second);
        Assert.AreEqual(SampleLoss.Interrupted, bench.Causes);
        Assert.IsTrue(bench.Lost > 8000);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(199)]
    [DataRow(200)]
    [DataRow(201)]
    [DataRow(1300)]
    public void A_calm_that_ends_in_time_is_given_on_whole(int samples)
    {
        AudioBench bench = Running();

        // A run of equal values that the microphone really made: nothing may be lost of it.
        long from = bench.Script.NextIndex + 150;
        bench.Script.DeadValue = AudioScript.Truth(from);
        bench.Script.DeadFrom = from;
        bench.Script.DeadUntil = from + samples;
        long next = bench.Script.NextIndex;
        long given = 0;
        while (given < samples + 2000)
        {
            if (bench.Driver.NextStepUs > bench.Script.NowUs)
            {
                bench.Script.NowUs = bench.Driver.NextStepUs;
            }

            DriverResult result = bench.Driver.Measure(bench.Script.NowUs);
            Assert.AreNotEqual((int)DriverResult.Failed, (int)result);
            given += bench.Driver.SampleCount;
            Assert.AreEqual(0, bench.Driver.LostSamples);
        }

        long held = bench.Script.NextIndex - next - given;
        Assert.IsTrue(held >= -3 && held <= 3);
    }

    [TestMethod]
    public void The_signal_in_the_other_slot_is_named()
    {
        AudioBench bench = Running();
        bench.Script.Swapped = true;
        int calls = 0;
        while (bench.Driver.FaultCode == FaultCode.None)
        {
            bench.Script.NowUs = bench.Driver.NextStepUs > bench.Script.NowUs ? bench.Driver.NextStepUs : bench.Script.NowUs;
            bench.Driver.Measure(bench.Script.NowUs);
            calls++;
            Assert.IsTrue(calls < 80);
        }

        Assert.AreEqual((int)FaultCode.Pcm1808SlotsSwapped, (int)bench.Driver.FaultCode);
    }

    [TestMethod]
    public void Stuck_at_one_end_and_swinging_between_both_are_told_apart_and_withheld()
    {
        AudioBench bench = Running();
        bench.Script.OffsetFrom = bench.Script.NextIndex + 1000;
        bench.Script.OffsetUntil = bench.Script.OffsetFrom + 8000;
        bench.Script.Offset = 33_500;
        Assert.AreEqual((int)FaultCode.Pcm1808StuckAtRail, (int)FirstFault(bench));
        bench = Running();
        bench.Script.SwingFrom = bench.Script.NextIndex + 1000;
        bench.Script.SwingUntil = bench.Script.SwingFrom + 8000;
        Assert.AreEqual((int)FaultCode.Pcm1808CableLoose, (int)FirstFault(bench));
        bench = Running();
        bench.Script.OffsetFrom = bench.Script.NextIndex + 1000;
        bench.Script.OffsetUntil = bench.Script.OffsetFrom + 8000;
        bench.Script.Offset = 12_000;
        Assert.AreEqual((int)FaultCode.Pcm1808CableLoose, (int)FirstFault(bench));
    }

    [TestMethod]
    [DataRow(14_000, 2000)]
    [DataRow(22_000, 2400)]
    [DataRow(18_000, 3600)]
    [DataRow(28_000, 1300)]
    public void A_slow_swing_is_no_loose_cable_once_it_has_been_on_both_sides(int counts, int periodMs)
    {
        // The first half of a swing cannot be told from a cable: the second on, nothing is withheld.
        AudioBench bench = Running();
        bench.Script.SlowSwing = counts;
        bench.Script.SlowSwingSamples = periodMs * 8;
        long beganUs = bench.Script.NowUs;
        long lastFaultUs = 0;
        int failures = 0;
        while (bench.Script.NowUs < beganUs + (12 * Second))
        {
            bench.Script.NowUs = bench.Driver.NextStepUs > bench.Script.NowUs ? bench.Driver.NextStepUs : bench.Script.NowUs;
            if (bench.Driver.Measure(bench.Script.NowUs) == DriverResult.Failed)
            {
                failures++;
                lastFaultUs = bench.Script.NowUs - beganUs;
            }
        }

        Assert.IsTrue(failures <= 4 && lastFaultUs <= periodMs * 1000L, $"{failures} windows withheld, the last {lastFaultUs / 1000} ms after the beginning");
    }

    [TestMethod]
    public void After_a_loose_cable_sound_comes_again_by_itself_and_what_was_withheld_is_counted()
    {
        AudioBench bench = Running();
        long from = bench.Script.NextIndex;
        long delivered = 0;
        long lost = 0;
        bench.Script.SwingFrom = from + 1000;
        bench.Script.SwingUntil = from + 9000;
        bench.Driver.Measure(bench.Script.NowUs);
        delivered += bench.Driver.SampleCount;
        long endUs = bench.Script.NowUs + (4 * Second);
        while (bench.Driver.NextStepUs < endUs)
        {
            bench.Script.NowUs = bench.Driver.NextStepUs > bench.Script.NowUs ? bench.Driver.NextStepUs : bench.Script.NowUs;
            DriverResult result = bench.Driver.Measure(bench.Script.NowUs);
            Assert.IsTrue(result != DriverResult.Failed || bench.Driver.Reason == AbsenceReason.Saturated);
            if (result == DriverResult.Ready)
            {
                delivered += bench.Driver.SampleCount;
                lost += bench.Driver.LostSamples;
                Assert.IsTrue(bench.Driver.LostSamples == 0 || bench.Driver.LossCause == SampleLoss.Implausible);
            }
        }

        Assert.IsTrue(lost > 8000);
        long held = bench.Script.NextIndex - from - delivered - lost;
        Assert.IsTrue(held >= 0 && held <= 3);
        Assert.AreEqual(1, bench.Script.Starts);
    }

    [TestMethod]
    public void A_short_overload_is_no_fault()
    {
        AudioBench bench = Running();
        bench.Script.SwingFrom = bench.Script.NextIndex + 300;
        bench.Script.SwingUntil = bench.Script.SwingFrom + 240;
        for (int i = 0; i < 100; i++)
        {
            bench.Script.NowUs = bench.Driver.NextStepUs > bench.Script.NowUs ? bench.Driver.NextStepUs : bench.Script.NowUs;
            Assert.AreNotEqual((int)DriverResult.Failed, (int)bench.Driver.Measure(bench.Script.NowUs));
        }
    }

    [TestMethod]
    public void An_overrun_is_declared_with_its_number()
    {
        AudioBench bench = Running();
        bench.Script.NowUs += 100_000;
        long lost = bench.Script.Overrun();
        Assert.AreEqual(800L, lost);
        bench.Run(Second);
        Assert.IsTrue(bench.Lost >= 800 && bench.Lost <= 803);
        Assert.AreEqual(SampleLoss.Overrun, bench.Causes);
        Assert.AreEqual(0, bench.Faults);
    }

    [TestMethod]
    public void A_loop_that_stood_still_costs_what_the_buffer_could_not_hold()
    {
        AudioBench bench = Running();
        bench.Script.NowUs += Second;
        bench.Run(2 * Second);
        Assert.IsTrue(bench.Lost >= 8000 - AudioScript.Capacity && bench.Lost <= 8003 - AudioScript.Capacity);
        Assert.AreEqual(0, bench.Faults);
    }

    [TestMethod]
    public void An_overrun_without_its_number_is_a_lower_bound()
    {
        AudioBench bench = Running();
        bench.Script.HidesNumber = true;
        bench.Script.NowUs += 500_000;
        long lost = bench.Script.Overrun();
        bench.Run(Second);
        Assert.IsTrue(bench.Lost > lost * 9 / 10 && bench.Lost <= lost + 3);
        Assert.AreEqual(0, bench.Faults);
    }

    [TestMethod]
    [DataRow(62_500L)]
    [DataRow(120_000L)]
    [DataRow(250_000L)]
    public void Another_rate_than_was_set_is_named(long periodNs)
    {
        AudioScript script = new AudioScript { PeriodNs = periodNs };
        AudioBench bench = new AudioBench(script);
        bench.Probe();
        for (int i = 0; i < 2000 && bench.Driver.FaultCode == FaultCode.None; i++)
        {
            script.NowUs = bench.Driver.NextStepUs > script.NowUs ? bench.Driver.NextStepUs : script.NowUs;
            bench.Driver.Measure(script.NowUs);
        }

        Assert.AreEqual((int)FaultCode.Pcm1808RateWrong, (int)bench.Driver.FaultCode);
    }

    [TestMethod]
    public void Held_it_is_stopped_and_nothing_is_declared_for_the_time()
    {
        AudioBench bench = Running();
        bench.Driver.Hold(true);
        Assert.IsFalse(bench.Script.IsOpen);
        int reads = bench.Script.Reads;
        bench.Run(30 * Second);
        Assert.AreEqual(reads, bench.Script.Reads);
        bench.Driver.Restart();
        bench.Driver.Hold(false);
        Assert.AreEqual((int)DriverResult.Ready, (int)bench.Probe());
        long lost = bench.Lost;
        long batches = bench.Batches;
        int count = 0;
        for (int i = 0; i < 40; i++)
        {
            bench.Script.NowUs = bench.Driver.NextStepUs;
            count += bench.Driver.Measure(bench.Script.NowUs) == DriverResult.Ready ? 1 : 0;
            Assert.AreEqual(0, bench.Driver.LostSamples);
        }

        Assert.AreEqual(40, count);
        Assert.AreEqual(0L, lost);
        Assert.IsTrue(batches > 30);
    }

    private static FaultCode FirstFault(AudioBench bench)
    {
        for (int i = 0; i < 200; i++)
        {
            bench.Script.NowUs = bench.Driver.NextStepUs > bench.Script.NowUs ? bench.Driver.NextStepUs : bench.Script.NowUs;
            if (bench.Driver.Measure(bench.Script.NowUs) == DriverResult.Failed)
            {
                Assert.AreEqual((int)AbsenceReason.Saturated, (int)bench.Driver.Reason);
                return bench.Driver.FaultCode;
            }
        }

        return FaultCode.None;
    }
}
