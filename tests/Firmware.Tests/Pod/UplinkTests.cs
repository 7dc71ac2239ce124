using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Link;
using Firmware.Protocol;

namespace Firmware.Tests.Pod;

[TestClass]
public sealed class UplinkTests
{
    private const long Second = 1_000_000;

    private static PodBench Connected()
    {
        PodBench bench = new PodBench(null).Start();
        bench.Run(100_000);
        bench.SetEpoch(1);
        bench.Link.Connect();
        bench.Run(100_000);
        return bench;
    }

    [TestMethod]
    public void The_window_is_kept_and_messages_are_bounded_and_nothing_is_left()
    {
        PodBench bench = Connected();
        bench.Link.Drop();
        bench.Run(60 * Second);
        bench.Link.AutoAcknowledge = false;
        bench.Link.Connect();
        int before = bench.Link.Messages;
        bench.Run(5 * Second);
        Assert.AreEqual(bench.Options.WindowMessages, bench.Link.Messages - before);
        bench.Link.AutoAcknowledge = true;
        bench.Link.Drop();
        bench.Link.Connect();
        bench.Run(30 * Second);
        Assert.IsTrue(bench.Link.Longest > 3800 && bench.Link.Longest <= Frame.MaxMessageLength);
        Assert.IsTrue(bench.Host.Pending < 10);
    }

    [TestMethod]
    public void A_temperature_goes_at_once_and_light_within_a_quarter_second()
    {
        PodBench bench = Connected();
        long producedUs = 0;
        long worstVital = 0;
        bench.Host.FrameProduced += (buffer, offset, length) =>
        {
            if (Frame.Stream(buffer, offset) == Streams.Temperature)
            {
                producedUs = bench.NowUs;
            }
        };
        string up = Topics.Up(PodBench.DeviceId);
        bench.Link.Published += (topic, buffer, count) =>
        {
            if (topic == up && Frame.Stream(buffer, 0) == Streams.Temperature)
            {
                worstVital = bench.NowUs - producedUs > worstVital ? bench.NowUs - producedUs : worstVital;
            }
        };
        int before = bench.Link.Messages;
        bench.Run(10 * Second);
        Assert.AreEqual(0L, worstVital);
        Assert.IsTrue(bench.Link.Messages - before >= 25);
    }

    [TestMethod]
    public void A_lost_acknowledgement_is_overdue_and_everything_is_sent_again()
    {
        PodBench bench = Connected();
        bench.Link.AutoAcknowledge = false;
        bench.Run(19 * Second);
        Assert.AreEqual(0L, bench.Host.Counters.AcknowledgementsOverdue);
        int stale = bench.Link.LastTicket;
        bench.Link.AutoAcknowledge = true;
        bench.Run(10 * Second);
        Assert.AreEqual(1L, bench.Host.Counters.AcknowledgementsOverdue);
        Assert.IsTrue(bench.Host.Pending < 10);
        bench.Link.Acknowledge(stale);
        Assert.AreEqual(1L, bench.Host.Counters.AcknowledgementsIgnored);
    }

    [TestMethod]
    public void A_refused_publication_is_tried_again_and_nothing_is_lost()
    {
        PodBench bench = Connected();
        bench.Link.Accepts = false;
        bench.Run(3 * Second);
        Assert.IsTrue(bench.Host.Pending > 20);
        bench.Link.Accepts = true;
        bench.Run(3 * Second);
        Assert.IsTrue(bench.Host.Pending < 10);
        PodCounters c = bench.Host.Counters;
        Assert.AreEqual(c.Recovered + c.Produced, c.Acknowledged + c.Pending + c.Evicted);
    }

    [TestMethod]
    public void The_state_is_retained_and_says_what_is()
    {
        PodBench bench = new PodBench(null);
        bench.Options.Model = "P\"1";
        bench.Start();
        string state = string.Empty;
        bool retained = false;
        bench.Link.Published += (topic, buffer, count) =>
        {
            if (topic == Topics.State(PodBench.DeviceId))
            {
                retained = bench.Link.LastRetained;
                state = System.Text.Encoding.UTF8.GetString(buffer, 0, count);
            }
        };
        bench.Temperature.FailWith = AbsenceReason.NotPresent;
        bench.Run(Second);
        bench.Link.Connect();
        bench.SetEpoch(12);
        bench.Run(Second);
        Assert.IsTrue(retained);
        string streams = string.Empty;
        int[] numbers = Parts.StreamsOf(PodPart.Max30102);
        for (int i = 0; i < numbers.Length; i++)
        {
            streams += (i == 0 ? string.Empty : ",") + numbers[i].ToString();
        }

        Assert.AreEqual(
            "{\"v\":1,\"state\":\"online\",\"boot\":" + bench.Host.BootId.ToString()
            + ",\"epoch\":12,\"peripherals\":[{\"name\":\"TMP117\",\"state\":\"absent\",\"part\":\"Tmp117\",\"streams\":[16],\"provides\":[\"thermometer\"]},"
            + "{\"name\":\"MAX30102\",\"state\":\"measuring\",\"part\":\"Max30102\",\"streams\":[" + streams + "],\"provides\":[\"oximeter\"]}],\"device\":{\"model\":\"P?1\"}}",
            state);
        byte[] will = StateMessage.Will();
        Assert.AreEqual("{\"v\":1,\"state\":\"offline\"}", System.Text.Encoding.UTF8.GetString(will, 0, will.Length));
    }

    [TestMethod]
    public void A_frame_acknowledged_within_the_flush_period_is_never_written()
    {
        PodBench bench = Connected();
        bench.Run(60 * Second);
        PodCounters c = bench.Host.Counters;
        Assert.IsTrue(c.Produced > 500);
        Assert.IsTrue(c.Stored <= 8); // a mark of one stream takes what waits in the others with it
        Assert.IsTrue(c.StoreFlushes < 20);
    }
}
