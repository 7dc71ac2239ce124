using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Scenario.Tests.Golden;
using Simulators.Cart.World;
using Simulators.Chips;

namespace Scenario.Tests;

/// <summary>Where the published recordings are: CART_RECORDINGS, or shared/data beside the repository.</summary>
internal static class Recordings
{
    public static string? Folder { get; } = Find();

    public static IEnumerable<object[]> All => Folder is null
        ? [["(no recordings)"]]
        : Directory.GetFiles(Path.Combine(Folder, "bidmc"), "bidmc_??.csv")
            .Concat(Directory.GetFiles(Path.Combine(Folder, "oxiwear"), "oxi_*.csv"))
            .Order(StringComparer.Ordinal)
            .Select(f => new object[] { Path.GetRelativePath(Folder, f) });

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("CART_RECORDINGS") is { Length: > 0 } named)
        {
            return named;
        }

        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Firmware.sln")) && at.Parent is not null)
            {
                string folder = Path.Combine(at.Parent.FullName, "shared", "data");
                return Directory.Exists(Path.Combine(folder, "bidmc")) ? folder : null;
            }
        }

        return null;
    }
}

/// <summary>Skips, with the reason, where the recordings are absent.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class RecordingsAttribute : ConditionBaseAttribute
{
    public RecordingsAttribute()
        : base(ConditionMode.Include)
    {
        IgnoreMessage = "The published recordings are not here: set CART_RECORDINGS, or put them at ../shared/data beside the repository.";
    }

    public override bool IsConditionMet => Recordings.Folder is not null;

    public override string GroupName => "Recordings";
}

[TestClass]
public sealed class PlayTests
{
    /// <summary>Largest error of a sample's time, µs: three periods of the FIFO at 50 Hz, since the pod only sees when it reads the FIFO.</summary>
    private const long MaxTimeErrorUs = 60_000;

    public static IEnumerable<object[]> All => Recordings.All;

    // Two changes of the LED current when the light comes, six samples of either light each.
    private const int MaxChangeSamples = 24;

    // Two of the longest periods from one sample to the next.
    private const long MaxStepUs = 80_000;

    [TestMethod]
    [Recordings]
    [DynamicData(nameof(All))]
    public void Each_count_of_the_fifo_arrives_bit_for_bit_in_order_with_its_time(string recording)
    {
        PlayedRun run = SharedRuns.Light(recording);
        IReadOnlyList<FifoEvent> fifo = run.Fifo;
        Assert.IsEmpty(run.Missed, string.Join('\n', run.Missed.Select(m => m.Render())));
        Assert.IsLessThanOrEqualTo(MaxChangeSamples, run.Gaps, "nothing goes wrong here, so nothing but the samples of the changes of the LED current, before the first one compared, may be declared lost");
        Assert.HasCount(run.Red.Count, run.Infrared);

        // While the LED currents change nothing is measured: what is compared begins behind the last change.
        int changed = Enumerable.Range(1, run.Red.Count - 1).Last(i => run.Red[i].TimeUs - run.Red[i - 1].TimeUs > MaxStepUs);
        (long TimeUs, int Count)[] red = [.. run.Red.Skip(changed)];
        (long TimeUs, int Count)[] infrared = [.. run.Infrared.Skip(changed)];

        // Before the session the pod measures nothing of the patient; from its first sample to its last none may be missing.
        // The light is constant until the recording begins, so a count alone does not tell which sample it is: of the samples whose time fits the
        // first one received, the one is meant from which the longest run of counts is equal.
        int first = -1;
        int longest = -1;
        for (int candidate = 0; candidate + red.Length <= fifo.Count; candidate++)
        {
            if (Math.Abs(fifo[candidate].TimeUs - red[0].TimeUs) <= MaxTimeErrorUs)
            {
                int equal = 0;
                while (equal < red.Length && fifo[candidate + equal].First == red[equal].Count && fifo[candidate + equal].Second == infrared[equal].Count)
                {
                    equal++;
                }

                (first, longest) = equal > longest ? (candidate, equal) : (first, longest);
            }
        }

        Assert.IsGreaterThanOrEqualTo(0, first, "the time of the first sample received is none of the FIFO's");
        for (int i = 0; i < red.Length; i++)
        {
            FifoEvent made = fifo[first + i];
            Assert.AreEqual(made.First, red[i].Count, $"red, sample {i}");
            Assert.AreEqual(made.Second, infrared[i].Count, $"infrared, sample {i}");
            Assert.IsLessThanOrEqualTo(MaxTimeErrorUs, Math.Abs(made.TimeUs - red[i].TimeUs), $"time of sample {i}");
        }

        long recordedUs = run.Definition.DurationUs - PlayedRecording.BeginsUs - PlayedRecording.DrainUs;
        long heldUs = fifo[first + red.Length - 1].TimeUs - PlayedRecording.BeginsUs;
        Assert.IsLessThan(PlayedRecording.BeginsUs, red[0].TimeUs, "it began before the recording did");
        Assert.IsGreaterThan(recordedUs - 500_000, heldUs, "it went on until the session closed, but for one chunk and the withdrawal of its epoch");
    }
}
