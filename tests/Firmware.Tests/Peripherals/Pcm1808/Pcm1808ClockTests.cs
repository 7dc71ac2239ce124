using Firmware.Core;

namespace Firmware.Tests.Peripherals;

[TestClass]
public sealed class Pcm1808ClockTests
{
    private const long Second = 1_000_000;

    [TestMethod]
    [DataRow(0L, 1, 0L)]
    [DataRow(100L, 1, 0L)]
    [DataRow(-100L, 1, 0L)]
    [DataRow(100L, 1, 3_000L)]
    [DataRow(-100L, 1, 3_000L)]
    [DataRow(200L, 1, 0L)]
    [DataRow(-200L, 1, 0L)]
    [DataRow(0L, 256, 0L)]
    [DataRow(100L, 256, 0L)]
    [DataRow(-100L, 256, 0L)]
    [DataRow(100L, 256, 3_000L)]
    public void Stamps_follow_the_converters_clock(long ppm, int buffer, long delayUs)
    {
        AudioScript script = new AudioScript { PeriodNs = 125_000 + (125 * ppm / 1000), Buffer = buffer };
        AudioBench bench = new AudioBench(script) { DelayUs = delayUs };
        Assert.AreEqual((int)DriverResult.Ready, (int)bench.Probe());
        bench.Run(60 * Second);
        bench.ForgetTimes();
        bench.Run(60 * Second);
        Assert.AreEqual(0, bench.Faults);
        Assert.AreEqual(0L, bench.Lost);

        // Two periods; a port that gives whole buffers hides when within them it was asked.
        long boundUs = buffer == 1 ? 250 : 2_000 + delayUs;
        Assert.IsTrue(bench.LargestLeadUs <= boundUs, "lead " + bench.LargestLeadUs.ToString());
        Assert.IsTrue(bench.LargestLagUs <= boundUs, "lag " + bench.LargestLagUs.ToString());
    }
}
