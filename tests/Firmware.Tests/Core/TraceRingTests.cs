using Firmware.Core;

namespace Firmware.Tests.Core;

[TestClass]
public sealed class TraceRingTests
{
    [TestMethod]
    public void The_newest_stay_in_order_and_the_oldest_give_way()
    {
        TraceRing ring = new(3);
        Assert.AreEqual(0, ring.Count);
        for (int i = 1; i <= 5; i++)
        {
            ring.Add(i * 10, i, -i);
        }

        Assert.AreEqual(3, ring.Count);
        Assert.AreEqual(5L, ring.Total);
        for (int i = 0; i < 3; i++)
        {
            Assert.AreEqual((i + 3) * 10L, ring.TimeUs(i));
            Assert.AreEqual(i + 3, ring.Code(i));
            Assert.AreEqual(-(i + 3), ring.Argument(i));
        }
    }
}
