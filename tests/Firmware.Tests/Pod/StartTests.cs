using Firmware.Core;
using Firmware.Pod.Start;

namespace Firmware.Tests.Pod;

[TestClass]
public sealed class StartTests
{
    private const long Second = 1_000_000;

    private static StartGuard Boot(IByteStore store)
    {
        StartGuard guard = new(store);
        guard.Begin();
        return guard;
    }

    [TestMethod]
    public void After_three_boots_without_two_healthy_minutes_comes_safe_mode_and_then_an_ordinary_start()
    {
        SimulatedByteStore store = new();
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < StartGuard.MaxFailures; i++)
            {
                StartGuard guard = Boot(store);
                Assert.AreEqual(i, guard.Failures);
                Assert.IsFalse(guard.IsSafeMode);
                Assert.IsTrue(guard.IsCounted);
                guard.OnLoop(5 * Second, true);
                guard.OnLoop((5 * Second) + StartGuard.HealthyUs - 1, true);
            }

            Assert.IsTrue(Boot(store).IsSafeMode);
        }
    }

    [TestMethod]
    public void Two_healthy_minutes_begin_the_count_anew_but_nothing_is_written_while_the_cuff_holds()
    {
        SimulatedByteStore store = new();
        Boot(store);
        StartGuard guard = Boot(store);
        Assert.AreEqual(1, guard.Failures);
        guard.OnLoop(0, true);
        long work = store.Work;
        guard.OnLoop(StartGuard.HealthyUs, false);
        Assert.AreEqual(work, store.Work);
        guard.OnLoop(StartGuard.HealthyUs + Second, true);
        Assert.AreNotEqual(work, store.Work);
        work = store.Work;
        guard.OnLoop(StartGuard.HealthyUs + (2 * Second), true);
        Assert.AreEqual(work, store.Work);
        Assert.AreEqual(0, Boot(store).Failures);
    }

    [TestMethod]
    public void A_power_cut_at_any_moment_of_a_boot_leaves_the_count_or_one_more()
    {
        for (int cut = 1; cut < 12; cut++)
        {
            SimulatedByteStore store = new();
            Boot(store);
            Boot(store);
            store.CutAtWork = store.Work + cut;
            bool isCut = false;
            try
            {
                Boot(store);
            }
            catch (PowerCutException)
            {
                isCut = true;
            }

            store.CutAtWork = long.MaxValue;
            store.PowerUp(100);
            int failures = Boot(store).Failures;
            Assert.IsTrue(failures == 3 || (isCut && failures == 2));
        }
    }

    [TestMethod]
    public void A_boot_that_cannot_be_counted_says_so()
    {
        SimulatedByteStore store = new() { FailAtCall = 1 };
        Assert.IsFalse(Boot(store).IsCounted);
    }

    [TestMethod]
    public void The_exception_that_ended_a_boot_is_kept_bounded_and_printable()
    {
        SimulatedByteStore store = new();
        StartGuard guard = Boot(store);
        Assert.AreEqual(string.Empty, guard.LastRecord());
        string text = guard.Record(FaultCode.StartFailed, "System.OutOfMemoryException", "no room\tfor é", "at Firmware.Pod.PodHost::.ctor");
        Assert.AreEqual("P1050 System.OutOfMemoryException\nno room\tfor é\nat Firmware.Pod.PodHost::.ctor\n", text);
        guard = Boot(store);
        Assert.AreEqual("P1050 System.OutOfMemoryException\nno room?for ?\nat Firmware.Pod.PodHost::.ctor\n", guard.LastRecord());
        Assert.AreEqual((int)FaultCode.StartFailed, (int)guard.LastReason);
        string stack = string.Empty;
        for (int i = 0; i < 100; i++)
        {
            stack += "at Somewhere::Deep\n";
        }

        Assert.AreEqual(StartGuard.MaxRecordBytes, guard.Record(FaultCode.ProgramFailed, "E", "m", stack).Length);
        guard = Boot(store);
        Assert.AreEqual(StartGuard.MaxRecordBytes, guard.LastRecord().Length);
        Assert.AreEqual((int)FaultCode.ProgramFailed, (int)guard.LastReason);
    }

    [TestMethod]
    public void The_reason_of_a_reboot_is_read_once_and_a_power_cut_has_none()
    {
        SimulatedByteStore store = new();
        Assert.AreEqual((int)FaultCode.None, (int)Boot(store).LastReason);
        Assert.IsTrue(Boot(store).OnReboot(FaultCode.LoopStood));
        Assert.AreEqual((int)FaultCode.LoopStood, (int)Boot(store).LastReason);
        Assert.AreEqual((int)FaultCode.None, (int)Boot(store).LastReason);
    }

    [TestMethod]
    public void A_loop_that_was_not_seen_for_30_s_stands()
    {
        LoopWatch watch = new(5 * Second);
        Assert.IsFalse(watch.Stands(35 * Second));
        Assert.IsTrue(watch.Stands((35 * Second) + 1));
        watch.Seen(36 * Second);
        Assert.IsFalse(watch.Stands(60 * Second));
    }

    [TestMethod]
    public void The_light_flashes_as_often_as_its_pattern_says_and_steps_follow_it()
    {
        StatusPattern[] patterns = [StatusPattern.Connected, StatusPattern.NoLink, StatusPattern.SafeMode, StatusPattern.Stopped];
        for (int p = 0; p < patterns.Length; p++)
        {
            int flashes = 0;
            bool before = false;
            long nowUs = 7 * StatusLight.PeriodUs;
            long end = nowUs + StatusLight.PeriodUs;
            while (nowUs < end)
            {
                bool isLit = StatusLight.IsLit(patterns[p], nowUs);
                flashes += isLit && !before ? 1 : 0;
                before = isLit;
                long next = StatusLight.NextUs(nowUs);
                Assert.IsTrue(next > nowUs && next - nowUs <= StatusLight.FlashUs);
                nowUs = next;
            }

            Assert.IsFalse(before);
            Assert.AreEqual((int)patterns[p], flashes);
        }

        Assert.IsTrue(StatusLight.IsLit(StatusPattern.Starting, 123_456));
    }

    [TestMethod]
    public void A_bouncing_button_is_one_press_and_obeyed_at_once()
    {
        StopButton button = new();
        Assert.IsFalse(button.Sample(false, 0));
        Assert.IsTrue(button.Sample(true, 1000));
        Assert.IsFalse(button.Sample(false, 3000));
        Assert.IsFalse(button.Sample(true, 5000));
        Assert.IsTrue(button.IsPressed);
        Assert.IsFalse(button.Sample(false, 5000 + StopButton.ReleaseUs - 1));
        Assert.IsTrue(button.IsPressed);
        Assert.IsFalse(button.Sample(false, 5000 + StopButton.ReleaseUs));
        Assert.IsFalse(button.IsPressed);
        Assert.IsTrue(button.Sample(true, Second));
    }
}
