using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core.Sound;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Sound;

/// <summary>How the frames of a clip are laid out.</summary>
[TestClass]
public sealed class ClipSpanTests
{
    private const int Rate = 8000;

    [TestMethod]
    public void Frames_that_follow_each_other_are_joined_although_the_clocks_differ()
    {
        // The converter is 80 ppm fast: each frame of 800 samples begins 8 µs earlier than 100 ms after the one before.
        List<ClipFrame> frames = [.. Enumerable.Range(0, 152).Select(i => new ClipFrame((uint)(i + 5), i, 1_000_000 - 50_000 + (i * 99_992L), 800))];
        ClipSpan span = ClipSpan.Lay(1_000_000, 16_000_000, Rate, frames);
        Assert.IsTrue(span.IsWhole);
        Assert.IsEmpty(span.SequenceGaps);
        Assert.AreEqual(120_000, span.Filled);
        Assert.AreEqual(400, span.Chunks[0].Skip);
        int next = 0;
        foreach ((ClipFrame _, int at, int _, int take) in span.Chunks)
        {
            Assert.AreEqual(next, at);
            next += take;
        }
    }

    [TestMethod]
    public void A_missing_number_leaves_a_hole_of_its_length_in_its_place()
    {
        List<ClipFrame> frames = [.. Enumerable.Range(0, 10).Where(i => i != 4).Select(i => new ClipFrame((uint)(i + 1), i, i * 100_000L, 800))];
        ClipSpan span = ClipSpan.Lay(0, 1_000_000, Rate, frames);
        CollectionAssert.AreEqual(new[] { new ClipGap(3200, 800) }, span.SequenceGaps.ToArray());
        Assert.AreEqual(7200, span.Filled);
    }

    [TestMethod]
    public void Samples_lost_between_two_numbers_leave_a_hole_too()
    {
        ClipSpan span = ClipSpan.Lay(0, 300_000, Rate, [new ClipFrame(1, 1, 0, 800), new ClipFrame(2, 2, 150_000, 800), new ClipFrame(3, 3, 250_000, 800)]);
        CollectionAssert.AreEqual(new[] { new ClipGap(800, 400) }, span.SequenceGaps.ToArray());
        Assert.AreEqual(2000, span.Filled);
    }

    [TestMethod]
    public void Nothing_at_all_is_one_hole()
    {
        ClipSpan span = ClipSpan.Lay(0, 1_000_000, Rate, []);
        Assert.AreEqual(new ClipGap(0, 8000), span.SequenceGaps.Single());
        Assert.IsFalse(span.IsWhole);
    }

    [TestMethod]
    public void Frames_that_overlap_give_each_sample_once()
    {
        ClipSpan span = ClipSpan.Lay(0, 200_000, Rate, [new ClipFrame(1, 1, 0, 800), new ClipFrame(7, 2, 50_000, 800), new ClipFrame(9, 3, 150_000, 800)]);
        Assert.IsTrue(span.IsWhole);
        Assert.AreEqual(1600, span.Chunks.Sum(p => p.Take));
    }
}
