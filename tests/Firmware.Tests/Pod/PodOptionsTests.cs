using System;
using Firmware.Core;
using Firmware.Pod;

namespace Firmware.Tests.Pod;

[TestClass]
public sealed class PodOptionsTests
{
    [TestMethod]
    public void A_ring_larger_than_an_array_of_the_board_is_refused()
    {
        Assert.IsFalse(Refuses(RuntimeBounds.MaxArrayBytes));
        Assert.IsTrue(Refuses(RuntimeBounds.MaxArrayBytes + 1));
    }

    private static bool Refuses(int soundRingBytes)
    {
        PodBench bench = new(null);
        bench.Options.SoundRingBytes = soundRingBytes;
        try
        {
            bench.Start();
            return false;
        }
        catch (ArgumentOutOfRangeException)
        {
            return true;
        }
    }
}
