using Firmware.Pod.Store;
using Firmware.Protocol;

namespace Firmware.Tests.Pod;

/// <summary>Which frames outlive which.</summary>
[TestClass]
public sealed class FrameClassTests
{
    [TestMethod]
    public void Vital_signs_and_gap_records_are_stored_and_sent_first()
    {
        Assert.AreEqual(FrameClass.Vital, FrameClasses.Of(FrameKind.Numeric, Streams.OxygenSaturation));
        Assert.AreEqual(FrameClass.Vital, FrameClasses.Of(FrameKind.Numeric, 200), "an unknown number is a vital sign");
        Assert.AreEqual(SignalClass.Vital, SignalTable.ClassOf(FrameKind.Gap, Streams.Gaps));
        FrameClass gap = FrameClasses.Of(FrameKind.Gap, Streams.Gaps);
        Assert.IsTrue(FrameClasses.IsDurable(gap));
        Assert.AreEqual(FrameClass.Vital, FrameClasses.InOrderOfSending(0));
        Assert.AreEqual(gap, FrameClasses.InOrderOfSending(1));
    }

    [TestMethod]
    public void Die_temperature_and_cuff_phase_are_events()
    {
        Assert.AreEqual(FrameClass.Event, FrameClasses.Of(FrameKind.Numeric, Streams.OximeterDieTemperature));
        Assert.AreEqual(FrameClass.Event, FrameClasses.Of(FrameKind.Numeric, Streams.CuffPhase));
        Assert.AreEqual(FrameClass.Event, FrameClasses.Of(FrameKind.Event, Streams.Events));
        Assert.AreEqual(FrameClass.Event, FrameClasses.Of(FrameKind.Beat, Streams.PulseBeats));
        Assert.AreEqual(FrameClass.Event, FrameClasses.Of(FrameKind.Clock, Streams.Clock));
    }

    [TestMethod]
    public void An_unknown_kind_is_an_event_on_whatever_stream()
    {
        for (int kind = 0; kind < 256; kind++)
        {
            bool isKnown = kind >= (int)FrameKind.Numeric && kind <= (int)FrameKind.Clock;
            if (!isKnown)
            {
                Assert.AreEqual(FrameClass.Event, FrameClasses.Of((FrameKind)kind, Streams.OxygenSaturation));
                Assert.AreEqual(FrameClass.Event, FrameClasses.Of((FrameKind)kind, Streams.Sound));
            }
        }

        Assert.AreEqual(FrameClass.Wave, FrameClasses.Of(FrameKind.Waveform, Streams.RedLight));
        Assert.AreEqual(FrameClass.Sound, FrameClasses.Of(FrameKind.Sound, Streams.Sound));
    }
}
