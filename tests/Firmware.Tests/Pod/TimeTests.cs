using Firmware.Pod.Link;
using Firmware.Protocol;

namespace Firmware.Tests.Pod;

[TestClass]
public sealed class TimeTests
{
    // True offset, way there, time at the gateway, way back: the estimate misses by exactly half the difference of the ways.
    [TestMethod]
    [DataRow(1_000_000, 5_000, 200, 5_000)]
    [DataRow(1_000_000, 9_000, 200, 1_000)]
    [DataRow(-400_000, 1_000, 0, 90_001)]
    [DataRow(77, 0, 0, 1)]
    public void The_offset_misses_by_half_the_difference_of_the_ways_and_never_beyond_the_uncertainty(int offset, int there, int stay, int back)
    {
        long t1 = 500_000;
        long t2 = t1 + there + offset;
        long t3 = t2 + stay;
        long t4 = t3 - offset + back;
        Assert.IsTrue(ClockMath.IsPossible(t1, t2, t3, t4));
        Assert.AreEqual((2L * offset + there - back) / 2, ClockMath.OffsetUs(t1, t2, t3, t4));
        Assert.AreEqual((uint)((there + back + 1) / 2), ClockMath.UncertaintyUs(t1, t2, t3, t4));
        long error = ClockMath.OffsetUs(t1, t2, t3, t4) - offset;
        Assert.IsTrue((error < 0 ? -error : error) <= ClockMath.UncertaintyUs(t1, t2, t3, t4));
    }

    [TestMethod]
    [DataRow(100, 50, 40, 200)]
    [DataRow(100, 50, 60, 90)]
    [DataRow(100, 50, 300, 200)]
    [DataRow(-1, 50, 60, 90)]
    public void Impossible_times_are_refused(int t1, int t2, int t3, int t4) => Assert.IsFalse(ClockMath.IsPossible(t1, t2, t3, t4));

    [TestMethod]
    public void The_drift_comes_from_the_exchanges_with_the_least_uncertainty()
    {
        DriftEstimator drift = new();
        int last = 0;
        for (int i = 0; i < 32; i++)
        {
            long at = i * 10_000_000L;
            bool bad = i % 3 == 0;
            last = drift.Add(at, (at / 50_000) + (bad ? 3_000 : 0), bad ? 4_000u : 100u); // 20 ppm
        }

        Assert.IsTrue(last > 19_000 && last < 21_000);
        drift.Clear();
        Assert.AreEqual(0, drift.Add(0, 0, 1));
        Assert.AreEqual(0, drift.Add(1_000_000, 50, 1));
    }

    [TestMethod]
    public void An_answer_becomes_a_clock_frame_without_a_session_and_an_old_one_does_not()
    {
        PodBench bench = new PodBench(null).Start();
        byte[] request = new byte[ClockMessage.RequestLength];
        int requests = 0;
        bench.Link.Published += (topic, buffer, count) =>
        {
            if (topic == Topics.Time(PodBench.DeviceId))
            {
                Assert.AreEqual(ClockMessage.RequestLength, count);
                System.Array.Copy(buffer, 0, request, 0, count);
                requests++;
            }
        };
        byte[] body = new byte[ClockBody.Length];
        int samples = 0;
        bench.Host.FrameProduced += (buffer, offset, length) =>
        {
            if (Frame.Kind(buffer, offset) == FrameKind.Clock)
            {
                samples++;
                Assert.AreEqual(0u, Frame.BindingEpoch(buffer, offset));
                System.Array.Copy(buffer, offset + Frame.HeaderLength, body, 0, body.Length);
            }
        };
        bench.Run(100_000);
        bench.Link.Connect();
        bench.Run(10_000);
        Assert.AreEqual(1, requests);
        byte[] reply = new byte[ClockMessage.ReplyLength];
        System.Array.Copy(request, 0, reply, 0, request.Length);
        LittleEndian.WriteUInt64(reply, 12, 7_000_000);
        LittleEndian.WriteUInt64(reply, 20, 7_000_100);
        LittleEndian.WriteUInt32(reply, 28, 9);
        reply[0] ^= 1;
        bench.Link.Send(Topics.TimeReply(PodBench.DeviceId), reply);
        Assert.AreEqual(0, samples);
        reply[0] ^= 1;
        bench.Link.Send(Topics.TimeReply(PodBench.DeviceId), reply);
        bench.Link.Send(Topics.TimeReply(PodBench.DeviceId), reply);
        Assert.AreEqual(1, samples);
        Assert.AreEqual(2L, bench.Host.Counters.ClockRepliesRefused);
        long t1 = ClockBody.T1(body, 0);
        long t4 = ClockBody.T4(body, 0);
        Assert.AreEqual((7_000_000 - t1 + 7_000_100 - t4) / 2, ClockBody.OffsetUs(body, 0));
        Assert.AreEqual((uint)((t4 - t1 - 100 + 1) / 2), ClockBody.UncertaintyUs(body, 0));
        Assert.AreEqual(9u, ClockBody.GatewayBootId(body, 0));
        bench.Run(1_500_000);
        Assert.AreEqual(2, requests);
        bench.Run(2_000_000);
        Assert.AreEqual(1L, bench.Host.Counters.ClockTimeouts);
    }
}
