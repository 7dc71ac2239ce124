using Firmware.Peripherals;

namespace Firmware.Tests.Peripherals;

[TestClass]
public sealed class Max30102ClockTests
{
    [TestMethod]
    public void Stamps_are_even_however_late_the_reader_is()
    {
        Max30102Clock clock = new Max30102Clock(20000);
        clock.Start(0);
        int read = 0;
        for (int i = 1; i < 400; i++)
        {
            long nowUs = (i * 97000L) + (i * 7919 % 13000);
            int made = (int)(nowUs / 20000);
            clock.Observe(made - read, nowUs);
            Assert.AreEqual((read + 1) * 20000L, clock.NextUs);
            clock.Advance(made - read);
            read = made;
        }

        Assert.AreEqual(20000, clock.PeriodUs);
    }

    [TestMethod]
    [DataRow(19000)]
    [DataRow(19900)]
    [DataRow(20100)]
    [DataRow(21000)]
    public void The_period_is_found_and_no_stamp_is_off_by_more_than_it(int periodUs)
    {
        Max30102Clock clock = new Max30102Clock(20000);
        clock.Start(0);
        int read = 0;
        long lastUs = 0;
        for (int i = 1; i < 3000; i++)
        {
            long nowUs = (i * 80000L) + (i * 104729 % 9000);
            int made = (int)(nowUs / periodUs);
            clock.Observe(made - read, nowUs);
            long error = clock.NextUs - ((read + 1) * (long)periodUs);
            Assert.IsTrue(clock.NextUs > lastUs);
            Assert.IsTrue(error > -24000 && error < 24000);
            lastUs = clock.NextUs;
            clock.Advance(made - read);
            read = made;
        }

        int difference = clock.PeriodUs - periodUs;
        Assert.IsTrue(difference > -80 && difference < 80);
    }

    [TestMethod]
    public void What_cannot_be_counted_is_told_by_the_time()
    {
        Max30102Clock clock = new Max30102Clock(20000);
        clock.Start(0);
        clock.Observe(5, 105000);
        clock.Advance(5);
        Assert.AreEqual(100, clock.Skip(0, 2110000)); // samples 6 to 105: at 2,110 ms the 105th is 10 ms old
        Assert.AreEqual(2120000L, clock.NextUs);
    }
}
