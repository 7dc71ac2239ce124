using System;
using System.Collections.Generic;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Pod;
using Simulators.Kernel;

namespace Simulators.Tests.Cart;

[TestClass]
public sealed class SimulatedFlashTests
{
    private static readonly byte[] Bytes = new byte[8192];

    [TestMethod]
    public void A_close_costs_the_blocks_that_it_touches_and_the_program_stands_for_it()
    {
        ManualClock world = new();
        ProcessorClock processor = new(world);
        SimulatedFlash flash = new(new SeededRandom(1), processor);

        // What lies in the directory costs no erase; the first block one; an append to it the same block anew; one over the edge two.
        foreach ((string name, int bytes, int erases) in new[] { ("boot-1", 1, 0), ("ring-1", 500, 1), ("ring-1", 500, 1), ("ring-1", 4000, 2), ("ring-2", 8192, 3) })
        {
            long before = flash.Erases;
            long stood = processor.StoodUs;
            Assert.IsTrue(flash.Open(name) && flash.Write(Bytes, 0, bytes) && flash.Close());
            Assert.AreEqual(erases, flash.Erases - before, $"{name}, {bytes} bytes");
            long us = processor.StoodUs - stood;
            Assert.IsTrue(us >= erases * SimulatedFlash.TypicalEraseUs && us <= (erases * SimulatedFlash.SlowEraseUs) + 30_000, $"{name}, {bytes} bytes: {us} µs");
        }

        Assert.AreEqual(processor.StoodUs, processor.NowUs);
        Assert.AreEqual(0, world.NowUs);
        world.AdvanceTo(processor.NowUs + 5);
        Assert.AreEqual(world.NowUs, processor.NowUs);
        Assert.AreEqual(5000, flash.Length("ring-1"));
        Assert.IsTrue(flash.Delete("ring-1"));
        Assert.AreEqual(-1, flash.Length("ring-1"));
    }

    [TestMethod]
    public void Flushes_of_a_pods_size_need_between_one_and_one_and_a_half_erases_each()
    {
        ProcessorClock processor = new(new ManualClock());
        SimulatedFlash flash = new(new SeededRandom(2), processor);
        int segment = 0;
        for (int i = 0; i < 2000; i++)
        {
            segment = flash.Length("ring-" + segment) > 16_384 ? segment + 1 : segment;
            flash.Delete("ring-" + (segment - 2));
            Assert.IsTrue(flash.Open("ring-" + segment) && flash.Write(Bytes, 0, 60 + (i % 7 * 90)) && flash.Close());
        }

        double each = flash.Erases / (double)flash.Commits;
        double ms = processor.StoodUs / 1000.0 / flash.Commits;
        Console.WriteLine($"{each:F2} erases and {ms:F0} ms a flush, at most {flash.LongestUs / 1000} ms");
        Assert.IsTrue(each is > 1.02 and < 1.5, $"{each:F2}");
        Assert.IsTrue(ms is > 50 and < 75, $"{ms:F0} ms");
    }

    [TestMethod]
    public void A_full_drive_refuses_and_a_cut_of_power_leaves_a_prefix_of_what_was_not_closed()
    {
        SimulatedFlash flash = new(new SeededRandom(3), new ProcessorClock(new ManualClock()), 16 * SimulatedFlash.BlockBytes);
        Assert.IsTrue(flash.Open("a") && flash.Write(Bytes, 0, 100) && flash.Close());
        Assert.IsTrue(flash.Open("a") && flash.Write(Bytes, 0, 4000));
        flash.CutPower();
        int left = flash.Length("a");
        Assert.IsTrue(left is >= 100 and <= 4100, $"{left}");
        int files = 0;
        while (flash.Open("f" + files) && flash.Write(Bytes, 0, 4000))
        {
            Assert.IsTrue(flash.Close());
            files++;
        }

        // 16 blocks less the directory's pair, the copy of a block that is written anew, and the first file.
        Assert.AreEqual(16 - 2 - 1 - (left > 4096 ? 2 : 1), files);
        Assert.AreEqual(1, flash.TimesFull);
    }

    [TestMethod]
    public void A_process_that_stands_is_not_stepped_before_it_goes_on_whoever_wakes_it()
    {
        SimulationKernel kernel = new();
        ProcessorClock processor = new(kernel);
        List<long> steps = [];
        SteppedProcess process = new(kernel, new Oscillator(0, 0), nowUs =>
        {
            steps.Add(nowUs);
            if (nowUs == 10)
            {
                processor.Stand(500);
            }

            return nowUs + 10;
        }, processor);
        process.Wake();
        kernel.At(200, process.Wake);
        kernel.Run(530);
        CollectionAssert.AreEqual(new long[] { 0, 10, 510, 520, 530 }, steps);
    }
}
