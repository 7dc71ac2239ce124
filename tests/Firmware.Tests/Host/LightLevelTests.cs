using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Protocol;
using Firmware.Signals.Optical;
using Firmware.Tests.Pod;

namespace Firmware.Tests.Host;

/// <summary>
/// How much light comes, through a whole pod: dark, cold and thick fingers are measured as others are; an empty clip gives no value, in daylight, on a desk and under a
/// flickering lamp; a finger that is gone is known in time; and the currents come to rest. Parameters are drawn; the seed of each draw stands in its message.
/// </summary>
[TestClass]
public sealed class LightLevelTests
{
    private const int Draws = 60;

    // One beat in 40 parts: steep rise, slow fall.
    private static readonly int[] Beat =
    [
        0, 120, 420, 760, 960, 1000, 960, 900, 830, 760, 690, 630, 580, 545, 525, 520, 525, 525, 510, 485,
        455, 420, 385, 350, 315, 280, 250, 220, 190, 165, 140, 120, 100, 80, 65, 50, 35, 25, 15, 5,
    ];

    [TestMethod]
    public void A_finger_of_any_light_gives_its_rate_and_ratio()
    {
        for (int seed = 0; seed < Draws; seed++)
        {
            Random random = new(seed);
            Finger finger = Finger.Draw(random, lowest: 4_000, highest: 240_000);
            double room = random.Next(4) == 0 ? random.NextDouble() * finger.Infrared / 40 : 0;
            Heard heard = Play(new LitFinger(finger.At, _ => room, seed), 25);
            string what = $"seed {seed}: {finger}, room {room:0}";
            Vital pulse = heard.Last(Streams.PulseRate, what);
            Vital saturation = heard.Last(Streams.OxygenSaturation, what);
            Assert.AreEqual(AbsenceReason.None, pulse.Absence, what);
            Assert.AreEqual(finger.Rate, pulse.Value / 10.0, 2, what);
            Assert.AreEqual(AbsenceReason.None, saturation.Absence, what);
            Assert.AreEqual(finger.Ratio, saturation.Ratio / 10_000.0, 0.05 * finger.Ratio, what);
            Assert.IsTrue(heard.Changes <= 6, $"{what}: the current changed {heard.Changes} times");
        }
    }

    // The patient of the simulators and of the recordings, at a twentieth to a half of its light: between 4 and 20 times the empty clip's.
    [TestMethod]
    [DataRow(0.5)]
    [DataRow(0.25)]
    [DataRow(0.2)]
    [DataRow(0.1)]
    [DataRow(0.05)]
    public void Less_light_raises_the_current_and_never_is_no_finger(double share)
    {
        Finger finger = new(120_000 * share, 110_000 * share, 72, 1.5, 0.5, 0);
        LitFinger light = new(finger.At, _ => 0, 1);
        Heard heard = Play(light, 25);
        Assert.AreEqual(AbsenceReason.None, heard.Last(Streams.PulseRate, "pulse").Absence);
        Assert.AreEqual(720, heard.Last(Streams.PulseRate, "pulse").Value, 10);
        Assert.IsFalse(heard.Vitals.Any(v => v.Absence == AbsenceReason.NotOnPatient && v.Seconds > 3), "no finger, with a finger there");
        Assert.IsTrue(share >= 0.5 ? light.HighestCode == 0x20 || light.HighestCode > 0x20 : light.HighestCode > 0x20, $"current {light.HighestCode}");
        Assert.IsTrue(heard.Changes <= 4, $"the current changed {heard.Changes} times");
    }

    [TestMethod]
    public void A_finger_taken_away_is_known_within_4_seconds_whatever_the_room_does()
    {
        for (int seed = 0; seed < Draws; seed++)
        {
            Random random = new(1000 + seed);
            Finger finger = Finger.Draw(random, lowest: 6_000, highest: 200_000);
            double away = 20 + random.NextDouble();
            double empty = 900 * (0.4 + (0.6 * random.NextDouble()));

            // What the finger kept out comes in with its going: as much that the sum is not what it was. How bright it is then depends on the current.
            double part = random.Next(3) switch { 0 => 0, 1 => 0.6 * random.NextDouble(), _ => 1.5 + random.NextDouble() };
            double flicker = random.Next(2) * 0.3 * random.NextDouble();
            double hertz = 0.7 + (3 * random.NextDouble());
            double room = -1;
            LitFinger light = null!;
            light = new LitFinger(
                seconds => seconds < away ? finger.At(seconds) : (empty, empty),
                seconds =>
                {
                    if (seconds >= away && room < 0)
                    {
                        room = part * finger.Infrared * light.InfraredCurrentCode / 32;
                    }

                    return seconds < away ? 0 : room * (1 + (flicker / 2 * Math.Sin(2 * Math.PI * hertz * seconds)));
                },
                seed);
            Heard heard = Play(light, 45);
            string what = $"seed {seed}: {finger}, away {away:0.0} s, room {room:0}, flicker {flicker:0.00} of it at {hertz:0.00} Hz";
            Assert.AreEqual(AbsenceReason.None, heard.Vitals.Last(v => v.Stream == Streams.PulseRate && v.Seconds < away).Absence, what + ": before");
            foreach (int stream in new[] { Streams.OxygenSaturation, Streams.PulseRate, Streams.PerfusionIndex })
            {
                Vital[] after = [.. heard.Vitals.Where(v => v.Stream == stream && v.Seconds > away)];
                Assert.IsFalse(after.Any(v => v.Absence == AbsenceReason.None && v.Seconds > away + 4), $"{what}: a value 4 s after the finger: {string.Join(' ', after.Take(20))}");
                Assert.IsTrue(
                    part > 1 || after.Any(v => v.Absence == AbsenceReason.NotOnPatient && v.Seconds <= away + 4),
                    $"{what}: {stream} not named in time: {string.Join(' ', after.Take(8))}");
            }
        }
    }

    [TestMethod]
    [DataRow("dark clip")]
    [DataRow("daylight")]
    [DataRow("daylight that comes and goes")]
    [DataRow("lamp in the clip")]
    [DataRow("lamp whose mean is cancelled")]
    [DataRow("desk")]
    [DataRow("desk under a lamp")]
    [DataRow("desk, and a lamp is lit")]
    [DataRow("desk, and a lamp is lit whose mean is cancelled")]
    public void An_empty_clip_gives_no_value(string place)
    {
        for (int seed = 0; seed < Draws; seed++)
        {
            Random random = new(2000 + seed);
            double empty = 900 * (0.4 + (0.6 * random.NextDouble()));
            double desk = Math.Exp(random.NextDouble() * Math.Log(40)) * 5_000;
            double own = place.StartsWith("desk", StringComparison.Ordinal) ? desk : empty;
            double day = random.NextDouble() * 200_000;
            double size = Math.Exp(random.NextDouble() * Math.Log(400)) * 20;
            double hertz = 0.7 + (3 * random.NextDouble());
            double phase = random.NextDouble();
            double lit = 20 + (20 * random.NextDouble());
            double Lamp(double seconds) => size * Math.Sin(2 * Math.PI * ((hertz * seconds) + phase));
            Func<double, double> room = place switch
            {
                "dark clip" or "desk" => _ => 0,
                "daylight" => _ => day,
                "daylight that comes and goes" => seconds => day * (0.5 + (0.5 * Math.Sin((seconds / 7) + phase))),
                "lamp in the clip" => seconds => size + Lamp(seconds),
                "lamp whose mean is cancelled" or "desk under a lamp" => Lamp,
                "desk, and a lamp is lit" => seconds => seconds < lit ? 0 : size + Lamp(seconds),
                _ => seconds => seconds < lit ? 0 : Lamp(seconds),
            };
            double share = 0.9 + (0.5 * random.NextDouble());
            Heard heard = Play(new LitFinger(_ => (own * share, own), room, seed), 90);
            string what = $"{place}, seed {seed}: own {own:0}, day {day:0}, lamp {size:0} at {hertz:0.00} Hz from {lit:0} s";
            Vital[] values = [.. heard.Vitals.Where(v => v.Absence == AbsenceReason.None)];
            Assert.IsEmpty(values, $"{what}: {string.Join(' ', values.Take(4))}");
            Assert.IsTrue(heard.Vitals.Length >= 3, what + ": nothing was said");
            Assert.IsTrue(heard.Changes <= 2 * 90 / 2.5, $"{what}: the current changed {heard.Changes} times");
        }
    }

    [TestMethod]
    public void The_currents_come_to_rest_on_light_that_drifts_and_breathes()
    {
        for (int seed = 0; seed < Draws; seed++)
        {
            Random random = new(3000 + seed);
            Finger finger = Finger.Draw(random, lowest: 4_000, highest: 240_000);
            double drift = 0.05 * random.NextDouble();
            double hertz = 0.02 + (0.3 * random.NextDouble());
            LitFinger light = new(
                seconds =>
                {
                    (double red, double infrared) = finger.At(seconds);
                    double breath = 1 + (drift * Math.Sin(2 * Math.PI * hertz * seconds));
                    return (red * breath, infrared * breath);
                },
                _ => 0,
                seed);
            Heard heard = Play(light, 90);
            Assert.IsTrue(heard.Changes <= 8, $"seed {seed}: {finger}, drift {drift:0.00} at {hertz:0.00} Hz: the current changed {heard.Changes} times");
        }
    }

    [TestMethod]
    public void Light_beyond_the_lowest_current_is_saturated_within_4_seconds_from_any_current_and_ends_with_its_cause()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            Random random = new(4000 + seed);
            Finger finger = Finger.Draw(random, lowest: 4_000, highest: 240_000);
            LitFinger light = new(seconds => seconds is < 20 or > 30 ? finger.At(seconds) : (8_000_000, 8_000_000), _ => 0, seed);
            Heard heard = Play(light, 55);
            string what = $"seed {seed}: {finger}";
            Assert.IsTrue(heard.Vitals.Any(v => v.Stream == Streams.PulseRate && v.Absence == AbsenceReason.Saturated && v.Seconds is > 20 and < 24), what + ": not named");
            Assert.IsFalse(heard.Vitals.Any(v => v.Absence == AbsenceReason.None && v.Seconds is > 24 and < 30), what + ": a value");
            Assert.AreEqual(AbsenceReason.None, heard.Last(Streams.PulseRate, what).Absence, what + ": after");
        }
    }

    [TestMethod]
    [DataRow(0.5, true, OximetryStatus.Uncalibrated)]
    [DataRow(0.9, true, OximetryStatus.Uncalibrated | OximetryStatus.Questionable)]
    [DataRow(0.5, false, 0)]
    [DataRow(0.9, false, 0)]
    public void A_saturation_says_whether_its_curve_is_the_boards_and_below_90_that_it_may_be_lower(double ratio, bool isDefault, int status)
    {
        OpticalCalibration optics = new();
        if (!isDefault)
        {
            optics.Curve = new SaturationCurve(15_958_422, -346_596_622, 1_126_898_759);
        }

        Finger finger = new(120_000, 110_000, 72, 1.5, ratio, 0);
        Heard heard = Play(new LitFinger(finger.At, _ => 0, 3), 25, optics);
        Vital saturation = heard.Last(Streams.OxygenSaturation, "saturation");
        Assert.AreEqual(AbsenceReason.None, saturation.Absence);
        Assert.AreEqual(ratio > 0.6, saturation.Value < 900);
        Assert.AreEqual(status, saturation.Status);
        Assert.AreEqual(0, heard.Last(Streams.PulseRate, "pulse").Status, "a regular pulse");
        Assert.IsTrue(heard.Vitals.Where(v => v.Absence != AbsenceReason.None).All(v => v.Status == 0), "an absence has no status");
    }

    [TestMethod]
    public void A_bit_that_a_blood_pressure_has_too_stands_at_the_same_place()
    {
        FieldInfo[] shared = [.. typeof(OximetryStatus).GetFields().Where(f => f.IsLiteral && typeof(BloodPressureStatus).GetField(f.Name) is not null)];
        CollectionAssert.AreEquivalent(new[] { nameof(OximetryStatus.IrregularPulse), nameof(OximetryStatus.Uncalibrated) }, shared.Select(f => f.Name).ToArray());
        foreach (FieldInfo bit in shared)
        {
            Assert.AreEqual(typeof(BloodPressureStatus).GetField(bit.Name)!.GetRawConstantValue(), bit.GetRawConstantValue(), bit.Name);
        }
    }

    [TestMethod]
    public void An_irregular_pulse_is_published_and_says_so()
    {
        // Each beat's foot is moved by up to a quarter of an interval, as in SyntheticPulse.
        Random random = new(7);
        double[] moved = [.. Enumerable.Range(0, 100).Select(_ => 0.25 * ((2 * random.NextDouble()) - 1))];
        double Moved(double beat) => moved[(int)beat];
        Finger finger = new(120_000, 110_000, 72, 1.5, 0.5, 0);
        Heard heard = Play(
            new LitFinger(
                seconds =>
                {
                    double beats = (seconds * 72 / 60) + 1;
                    double whole = Math.Floor(beats);
                    double first = beats < whole + Moved(whole) ? whole - 1 : whole;
                    double from = first + Moved(first);
                    return finger.At((first + ((beats - from) / (first + 1 + Moved(first + 1) - from))) * 60 / 72);
                },
                _ => 0,
                1),
            60);
        Vital[] rates = [.. heard.Vitals.Where(v => v.Stream == Streams.PulseRate && v.Absence == AbsenceReason.None)];
        Assert.IsTrue(rates.Length > 10 && rates.Count(v => v.Status == OximetryStatus.IrregularPulse) > rates.Length / 2, string.Join(' ', rates.Select(v => v + "/" + v.Status)));
        Assert.AreEqual(rates[^1].Value, heard.FingerPulseTenths, "what the cuff compares with");
    }

    private static Heard Play(LitFinger light, double seconds, OpticalCalibration? optics = null)
    {
        PodOptions options = new(
            PodBench.DeviceId,
            [new PeripheralOptions(PodPart.Max30102, 0x57) { Driver = light, Optics = optics ?? new OpticalCalibration() }]);
        FakeLink link = new();
        PodHost pod = new(options, new FakeBus(), new SimulatedByteStore(), new SoftwareCrc32(), new FakeEntropy(), link);
        List<Vital> vitals = [];
        pod.FrameProduced += (buffer, offset, _) =>
        {
            int stream = Frame.Stream(buffer, offset);
            if (stream is Streams.OxygenSaturation or Streams.PulseRate or Streams.PerfusionIndex)
            {
                int body = offset + Frame.HeaderLength;
                vitals.Add(new Vital(
                    Frame.MonotonicUs(buffer, offset) / 1e6,
                    stream,
                    NumericBody.Absence(buffer, body),
                    NumericBody.Value(buffer, body),
                    stream == Streams.OxygenSaturation ? NumericBody.RatioTenThousandths(buffer, body) : 0,
                    stream == Streams.OxygenSaturation ? OximetryStatus.ReadBesideRatio(buffer, body) : stream == Streams.PulseRate ? OximetryStatus.Read(buffer, body) : 0));
            }
        };
        byte[] command = new byte[PodCommand.HeaderLength + 4];
        command[0] = 1;
        command[1] = PodCommand.SetEpoch;
        LittleEndian.WriteUInt32(command, PodCommand.HeaderLength, 7);
        bool isSent = false;
        long nowUs = 0;
        while (nowUs < seconds * 1e6)
        {
            long next = pod.Step(nowUs);
            if (!isSent && nowUs > 500_000)
            {
                link.Connect();
                link.Send(Topics.Command(PodBench.DeviceId), command);
                isSent = true;
            }

            nowUs = Math.Clamp(next, nowUs + 1_000, nowUs + 100_000);
        }

        return new Heard([.. vitals], light.Changes, pod.Situation.FingerPulseTenths((long)(vitals.Count == 0 ? 0 : vitals[^1].Seconds * 1e6)));
    }

    private sealed record Heard(Vital[] Vitals, int Changes, int FingerPulseTenths)
    {
        public Vital Last(int stream, string what)
        {
            Assert.IsTrue(Vitals.Any(v => v.Stream == stream), what + ": nothing was said");
            return Vitals.Last(v => v.Stream == stream);
        }
    }

    private readonly record struct Vital(double Seconds, int Stream, AbsenceReason Absence, int Value, int Ratio, int Status)
    {
        public override string ToString() => $"{Seconds:0.0}s/{Stream}:{(Absence == AbsenceReason.None ? Value.ToString(System.Globalization.CultureInfo.InvariantCulture) : Absence.ToString())}";
    }

    private sealed record Finger(double Infrared, double Red, double Rate, double PerfusionPercent, double Ratio, double Phase)
    {
        public static Finger Draw(Random random, double lowest, double highest)
        {
            double infrared = lowest * Math.Exp(random.NextDouble() * Math.Log(highest / lowest));
            return new Finger(
                infrared, infrared * (0.5 + random.NextDouble()), 50 + (70 * random.NextDouble()), 0.5 + (2.5 * random.NextDouble()), 0.4 + (0.3 * random.NextDouble()), random.NextDouble());
        }

        public (double Red, double Infrared) At(double seconds)
        {
            double beats = (seconds * Rate / 60) + Phase;
            double place = (beats - Math.Floor(beats)) * Beat.Length;
            int index = (int)place;
            double part = place - index;
            double volume = ((Beat[index] * (1 - part)) + (Beat[(index + 1) % Beat.Length] * part)) / 1000;
            double pulsation = PerfusionPercent / 100 * (volume - 0.4);
            return (Red * (1 - (pulsation * Ratio)), Infrared * (1 - pulsation));
        }
    }
}
