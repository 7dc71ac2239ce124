using System.Collections.Generic;
using EdgeGateway.Mqtt;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Ledger;

namespace Scenario.Tests;

/// <summary>The ledger must find what it is there to find.</summary>
[TestClass]
public sealed class LedgerTests
{
    private const ulong Device = 0x02a1b2fffe0000aa;
    private static readonly SoftwareCrc32 Crc = new();
    private readonly DeliveryLedger _ledger = new();
    private readonly SubscriberLedger _subscriber;

    public LedgerTests() => _subscriber = _ledger.AddSubscriber("doctor");

    [TestMethod]
    public void A_reading_that_was_acknowledged_and_is_nowhere_is_found()
    {
        byte[] frame = Wave(1, 7);
        _ledger.Produced(frame, 0, frame.Length, 0);
        Assert.AreEqual(1, Balance().Pending, "the pod holds it");
        _ledger.AtPod(frame, 0, ReadingFate.Acknowledged);
        LedgerBalance lost = Balance();
        Assert.AreEqual(1, lost.Lost);
        Assert.IsFalse(lost.Holds);
        Assert.AreEqual(1, Balance(pending: 1).Pending, "the gateway says that it holds it");
    }

    [TestMethod]
    public void A_reading_in_ram_is_lost_with_the_power_unless_it_is_declared()
    {
        byte[] frame = Wave(1, 7);
        _ledger.Produced(frame, 0, frame.Length, 0);
        _ledger.PowerCut(Device);
        Assert.AreEqual(1, Balance().Lost);
        byte[] gap = new byte[Frame.Overhead + GapBody.Length];
        Frame.WriteHeader(gap, 0, FrameKind.Gap, GapBody.Length, Device, 2, Streams.Gaps, 0, 1, 0, 9);
        GapBody.Write(gap, Frame.HeaderLength, Device, 1, Streams.RedLight, GapCause.PowerLost, GapBody.Readings, 1, 1, 1, 0, 0);
        Frame.Seal(gap, 0, Crc);
        _ledger.Produced(gap, 0, gap.Length, 0);
        LedgerBalance declared = Balance();
        Assert.AreEqual(0, declared.Lost);
        Assert.AreEqual(2, declared.Pending, "the record is under way");
    }

    [TestMethod]
    public void Changed_bytes_repeats_and_disorder_are_found()
    {
        byte[] one = Wave(1, 7);
        byte[] two = Wave(2, 8);
        _ledger.Produced(one, 0, one.Length, 100);
        _ledger.Produced(two, 0, two.Length, 200);
        Deliver(two, 1000);
        Deliver(two, 1100);
        Deliver(one, 1200);
        LedgerBalance balance = Balance();
        Assert.AreEqual(2, balance.Delivered);
        Assert.AreEqual(1, balance.Duplicates);
        Assert.AreEqual(1, balance.OrderViolations);
        Assert.AreEqual(800, balance.LatencyP50Us);
        Assert.AreEqual(1100, balance.LatencyMaxUs);
        byte[] changed = Wave(3, 1);
        byte[] made = Wave(3, 2);
        _ledger.Produced(made, 0, made.Length, 0);
        Deliver(changed, 1300);
        Assert.Contains("was changed on its way", string.Join('\n', _ledger.Findings));
        Deliver(Wave(4, 1), 1400);
        Assert.Contains("nobody made it", string.Join('\n', _ledger.Findings));
    }

    private static byte[] Wave(uint sequence, int sample)
    {
        int body = WaveformBody.Length(1, 18);
        byte[] frame = new byte[Frame.Overhead + body];
        Frame.WriteHeader(frame, 0, FrameKind.Waveform, body, Device, 1, Streams.RedLight, 0, sequence, 0, 9);
        WaveformBody.WriteHead(frame, Frame.HeaderLength, MdcCodes.RedLightCounts, 10_000, 1, 18);
        WaveformBody.WriteSample(frame, Frame.HeaderLength, 0, 18, sample);
        Frame.Seal(frame, 0, Crc);
        return frame;
    }

    private void Deliver(byte[] frame, long nowUs)
    {
        MqttMessage message = new() { Topic = $"cart/c/session/s/wave/{Topics.DeviceText(Device)}/{Streams.RedLight}", Payload = frame };
        Assert.IsTrue(Delivery.TryRead(message, out Delivery delivery, out string fault), fault);
        _ledger.Received(_subscriber, delivery, nowUs);
    }

    private LedgerBalance Balance(long pending = 0) => _ledger.Balance(new Dictionary<ReadingId, (long, long)>
    {
        [new ReadingId(Device, 1, Streams.RedLight, 0)] = (pending, 0),
    });
}
