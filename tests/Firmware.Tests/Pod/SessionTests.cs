using Firmware.Core;
using Firmware.Protocol;

namespace Firmware.Tests.Pod;

[TestClass]
public sealed class SessionTests
{
    private const long Second = 1_000_000;

    private int _values;
    private int _absences;
    private int _chunks;
    private int _gaps;
    private AbsenceReason _lastAbsence;
    private uint _epochs;
    private int _expectedRed = -1;
    private bool _broken;

    private PodBench Watch(PodBench bench)
    {
        bench.Host.FrameProduced += (buffer, offset, length) =>
        {
            int body = offset + Frame.HeaderLength;
            Assert.AreEqual(FrameFlags.Simulated, Frame.Flags(buffer, offset) & FrameFlags.Simulated);
            switch (Frame.Stream(buffer, offset))
            {
                case Streams.Temperature:
                    _epochs |= 1u << (int)Frame.BindingEpoch(buffer, offset);
                    Assert.AreEqual(MdcCodes.SkinTemperature, NumericBody.MdcCode(buffer, body));
                    if (NumericBody.Absence(buffer, body) == AbsenceReason.None)
                    {
                        _values++;
                    }
                    else
                    {
                        _absences++;
                        _lastAbsence = NumericBody.Absence(buffer, body);
                    }

                    break;
                case Streams.RedLight:
                    _epochs |= 1u << (int)Frame.BindingEpoch(buffer, offset);
                    _chunks++;
                    for (int i = 0; i < WaveformBody.Count(buffer, body); i++)
                    {
                        int red = WaveformBody.Sample(buffer, body, i);
                        _broken |= _expectedRed >= 0 && red != _expectedRed;
                        _expectedRed = red + 1;
                    }

                    break;
                case Streams.Gaps:
                    _gaps++;
                    Assert.AreEqual(GapBody.First(buffer, body), GapBody.Last(buffer, body));
                    if (GapBody.Stream(buffer, body) == Streams.RedLight)
                    {
                        Assert.AreEqual(GapBody.Samples, GapBody.Unit(buffer, body));
                        _expectedRed += (int)GapBody.Count(buffer, body);
                    }

                    break;
                default:
                    break;
            }
        };
        return bench;
    }

    [TestMethod]
    public void Without_a_session_no_patient_value_exists_and_health_does()
    {
        PodBench bench = Watch(new PodBench(null).Start());
        bool die = false;
        int events = 0;
        bench.Host.FrameProduced += (buffer, offset, length) =>
        {
            die |= Frame.Stream(buffer, offset) == Streams.OximeterDieTemperature;
            events += Frame.Kind(buffer, offset) == FrameKind.Event ? 1 : 0;
        };
        bench.Light.Die = true;
        bench.Light.SamplesToDrop = 4;
        bench.Run(20 * Second);
        Assert.AreEqual(0, _values + _absences + _chunks + _gaps);
        Assert.IsTrue(die);
        Assert.AreEqual(2, events);
        Assert.IsTrue(bench.Host.Counters.OutsideSession > 0);
    }

    [TestMethod]
    public void In_a_session_each_sample_and_each_conversion_comes_once()
    {
        PodBench bench = Watch(new PodBench(null).Start());
        bench.Run(2 * Second);
        bench.SetEpoch(3);
        bench.Run(20 * Second);
        Assert.IsTrue(_values >= 19 && _values <= 20);
        Assert.AreEqual(0, _absences);
        Assert.IsTrue(_chunks >= 79 && _chunks <= 84);
        Assert.IsFalse(_broken);
        Assert.AreEqual(1u << 3, _epochs);
        bench.Light.SamplesToDrop = 5;
        bench.Run(5 * Second);
        Assert.AreEqual(2, _gaps);
        Assert.IsFalse(_broken);
        Assert.AreEqual(5L, bench.Host.Counters.SamplesLost);
    }

    [TestMethod]
    public void A_batch_that_straddles_a_change_is_never_bound_to_the_new_epoch()
    {
        for (int phase = 0; phase < 100_000; phase += 7_000)
        {
            PodBench bench = new PodBench(null).Start();
            long changedUs = long.MaxValue;
            bench.Host.FrameProduced += (buffer, offset, length) =>
            {
                if (Frame.Kind(buffer, offset) != FrameKind.Waveform && Frame.Stream(buffer, offset) != Streams.Temperature)
                {
                    return;
                }

                long lastUs = Frame.MonotonicUs(buffer, offset);
                if (Frame.Kind(buffer, offset) == FrameKind.Waveform)
                {
                    lastUs += (WaveformBody.Count(buffer, offset + Frame.HeaderLength) - 1) * 20_000L;
                }

                bool isNew = Frame.BindingEpoch(buffer, offset) == 2;
                Assert.IsTrue(isNew ? Frame.MonotonicUs(buffer, offset) >= changedUs : lastUs < changedUs);
            };
            bench.Run(Second);
            bench.SetEpoch(1);
            bench.Run(3 * Second + phase);
            changedUs = bench.NowUs;
            bench.Host.Step(changedUs);
            bench.SetEpoch(2);
            bench.Run(3 * Second);
            Assert.AreEqual(2u, bench.Host.Epoch);
        }
    }

    [TestMethod]
    public void The_same_conversion_is_never_published_twice_and_goes_stale()
    {
        PodBench bench = Watch(new PodBench(null).Start());
        bench.Run(Second);
        bench.SetEpoch(1);
        bench.Run(5 * Second);
        int values = _values;
        bench.Temperature.Frozen = true;
        bench.Run(10 * Second);
        Assert.AreEqual(values, _values);
        Assert.IsTrue(_absences >= 1);
        Assert.AreEqual((int)AbsenceReason.Stale, (int)_lastAbsence);
    }

    [TestMethod]
    [DataRow(AbsenceReason.NotPresent, AbsenceReason.NotPresent)]
    [DataRow(AbsenceReason.Unconfirmed, AbsenceReason.Unconfirmed)]
    [DataRow(AbsenceReason.SensorFault, AbsenceReason.Quarantined)]
    public void An_absence_carries_its_reason(AbsenceReason reason, AbsenceReason expected)
    {
        PodBench bench = Watch(new PodBench(null).Start());
        bench.Bus.Status = I2cStatus.Ok;
        bench.Run(Second);
        bench.SetEpoch(1);
        bench.Run(5 * Second);
        bench.Temperature.FailWith = reason;
        bench.Run(15 * Second);
        Assert.AreEqual((int)expected, (int)_lastAbsence);
        Assert.IsTrue(_absences >= 2 && _absences <= 8);
    }

    [TestMethod]
    public void Repeated_faults_are_counted_and_not_repeated()
    {
        PodBench bench = new PodBench(null).Start();
        int events = 0;
        int occurrences = 0;
        bench.Host.FrameProduced += (buffer, offset, length) =>
        {
            if (Frame.Kind(buffer, offset) == FrameKind.Event && EventBody.Code(buffer, offset + Frame.HeaderLength) == FaultCode.Tmp117BusFault)
            {
                events++;
                occurrences += EventBody.Argument(buffer, offset + Frame.HeaderLength);
            }
        };
        bench.Temperature.FailWith = AbsenceReason.Unconfirmed;
        bench.Temperature.PeriodUs = 100_000;
        bench.Run(Second);
        bench.Temperature.FailWith = AbsenceReason.None;
        bench.Run(8 * Second);
        bench.Temperature.FailWith = AbsenceReason.Unconfirmed;
        bench.Run(20 * Second);
        Assert.IsTrue(events >= 2 && events <= 5);
        Assert.IsTrue(occurrences > 90);
    }

    [TestMethod]
    public void A_lost_link_keeps_the_epoch_and_a_reboot_forgets_it()
    {
        PodBench bench = new PodBench(null).Start();
        bench.Run(Second);
        bench.Link.Connect();
        bench.SetEpoch(5);
        bench.Link.Drop();
        bench.Run(Second);
        Assert.AreEqual(5u, bench.Host.Epoch);
        PodBench after = new PodBench(bench.Store).Start();
        after.Run(Second);
        Assert.AreEqual(0u, after.Host.Epoch);
        Assert.AreEqual(bench.Host.BootId + 1, after.Host.BootId);
    }
}
