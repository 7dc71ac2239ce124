using EdgeGateway.Core.Sound;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Sound;

/// <summary>The steps for a low-bandwidth network.</summary>
[TestClass]
public sealed class ListeningStepsTests
{
    private static readonly ListeningReport Good = new(100, 0);
    private static readonly ListeningReport Between = new(ListeningSteps.GoodLagMs, 0);
    private static readonly ListeningReport Late = new(ListeningSteps.BadLagMs + 1, 0);
    private static readonly ListeningReport Lossy = new(0, ListeningSteps.BadLossPermille + 1);

    [TestMethod]
    public void One_bad_report_changes_nothing_two_seconds_of_them_do()
    {
        ListeningSteps steps = new();
        Assert.IsFalse(steps.Take(Late, 0));
        Assert.IsFalse(steps.Take(Late, ListeningSteps.DownAfterUs - 1));
        Assert.IsTrue(steps.Take(Late, ListeningSteps.DownAfterUs));
        Assert.AreEqual(ListeningStep.LongChunks, steps.Step);
    }

    [TestMethod]
    public void A_report_that_is_not_bad_begins_the_wait_anew()
    {
        ListeningSteps steps = new();
        steps.Take(Late, 0);
        steps.Take(Between, 1_900_000);
        Assert.IsFalse(steps.Take(Late, 2_000_000));
        Assert.IsFalse(steps.Take(Late, 3_900_000));
        Assert.IsTrue(steps.Take(Late, 4_000_000));
    }

    [TestMethod]
    public void Loss_alone_steps_down_to_the_last_step_and_no_further()
    {
        ListeningSteps steps = new();
        long us = 0;
        for (int i = 0; i < 40; i++)
        {
            steps.Take(Lossy, us);
            us += 1_000_000;
        }

        Assert.AreEqual(ListeningStep.ClipsOnly, steps.Step);
        Assert.AreEqual(4, steps.Changes);
    }

    [TestMethod]
    public void Ten_good_seconds_step_up_and_reports_between_good_and_bad_do_not()
    {
        ListeningSteps steps = Down(ListeningStep.HeartMode, out long us);
        for (int i = 0; i < 30; i++)
        {
            Assert.IsFalse(steps.Take(Between, us += 1_000_000));
        }

        steps.Take(Good, us += 1_000_000);
        Assert.IsFalse(steps.Take(Good, us + ListeningSteps.UpAfterUs - 1));
        Assert.IsTrue(steps.Take(Good, us + ListeningSteps.UpAfterUs));
        Assert.AreEqual(ListeningStep.LongChunks, steps.Step);
    }

    [TestMethod]
    public void A_step_up_that_fails_waits_longer_each_time_up_to_a_bound_and_a_lasting_one_forgives()
    {
        ListeningSteps steps = Down(ListeningStep.LongChunks, out long us);
        long expected = ListeningSteps.UpAfterUs;
        for (int i = 0; i < 7; i++)
        {
            Assert.AreEqual(expected, steps.UpDelayUs);
            steps.Take(Good, us += 1_000_000);
            Assert.IsTrue(steps.Take(Good, us += steps.UpDelayUs));
            steps.Take(Late, us += 1_000_000);
            Assert.IsTrue(steps.Take(Late, us += ListeningSteps.DownAfterUs));
            expected = System.Math.Min(2 * expected, ListeningSteps.LongestUpAfterUs);
        }

        Assert.AreEqual(ListeningSteps.LongestUpAfterUs, steps.UpDelayUs);
        steps.Take(Good, us += 1_000_000);
        Assert.IsTrue(steps.Take(Good, us += steps.UpDelayUs));
        steps.Take(Good, us + ListeningSteps.TrialUs);
        Assert.AreEqual(ListeningSteps.UpAfterUs, steps.UpDelayUs);
    }

    [TestMethod]
    public void Where_nothing_is_sent_nobody_reports_and_time_alone_tries_again()
    {
        ListeningSteps steps = Down(ListeningStep.ClipsOnly, out long us);
        Assert.IsFalse(steps.Tick(us + ListeningSteps.UpAfterUs - 1));
        Assert.IsTrue(steps.Tick(us + ListeningSteps.UpAfterUs));
        Assert.AreEqual(ListeningStep.RhythmOnly, steps.Step);
        Assert.IsFalse(steps.Tick(us + (10 * ListeningSteps.UpAfterUs)), "only the last step is left by time alone");
    }

    private static ListeningSteps Down(ListeningStep to, out long us)
    {
        ListeningSteps steps = new();
        us = 0;
        while (steps.Step != to)
        {
            steps.Take(Late, us);
            us += 1_000_000;
        }

        us -= 1_000_000;
        return steps;
    }
}
