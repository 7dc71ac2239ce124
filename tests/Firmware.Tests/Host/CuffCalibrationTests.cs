using System;
using Firmware.Signals.Cuff;

namespace Firmware.Tests.Host;

[TestClass]
public sealed class CuffCalibrationTests
{
    [TestMethod]
    public void Without_points_the_trip_is_at_290_and_the_part_is_taken_as_it_is()
    {
        CuffCalibration calibration = new();
        Assert.IsFalse(calibration.IsCalibrated);
        Assert.AreEqual(29_000, calibration.Trip);
        Assert.AreEqual(12_000, calibration.ToCentiMmHg(121_000, 1_000));
        Assert.AreEqual(750, calibration.ErrorCentiMmHg);
    }

    [TestMethod]
    public void A_part_with_offset_and_gain_reads_as_the_manometer()
    {
        // Reads 1.5 mmHg when open and 2 % too much.
        int[] reference = [0, 5_000, 10_000, 15_000, 20_000, 25_000];
        int[] reading = new int[reference.Length];
        for (int i = 0; i < reference.Length; i++)
        {
            reading[i] = 1_500 + (reference[i] * 102 / 10);
        }

        CuffCalibration calibration = new();
        Assert.AreEqual(CalibrationRefusal.None, calibration.TrySet(reference, reading, reference.Length));
        Assert.AreEqual(1_500, calibration.ZeroMilliMmHg, 2);
        for (int i = 0; i < reference.Length; i++)
        {
            Assert.AreEqual(reference[i], calibration.ToCentiMmHg(reading[i], calibration.ZeroMilliMmHg), 2);
        }

        Assert.IsTrue(calibration.ErrorCentiMmHg <= 2);
        Assert.AreEqual(29_500 - calibration.ErrorCentiMmHg, calibration.Trip);
    }

    [TestMethod]
    public void The_trip_falls_by_the_error_that_the_points_leave()
    {
        CuffCalibration calibration = new();
        Assert.AreEqual(CalibrationRefusal.None, calibration.TrySet([0, 10_000, 20_000], [0, 102_000, 200_000], 3));
        Assert.IsTrue(calibration.ErrorCentiMmHg is > 100 and < 150, $"{calibration.ErrorCentiMmHg}");
        Assert.AreEqual(29_500 - calibration.ErrorCentiMmHg, calibration.Trip);
    }

    [TestMethod]
    [DataRow(CalibrationRefusal.Points, new[] { 0 }, new[] { 0 })]
    [DataRow(CalibrationRefusal.Points, new int[0], new int[0])]
    [DataRow(CalibrationRefusal.Span, new[] { 0, 14_900 }, new[] { 0, 149_000 })]
    [DataRow(CalibrationRefusal.Gain, new[] { 0, 20_000 }, new[] { 0, 230_000 })]
    [DataRow(CalibrationRefusal.Gain, new[] { 0, 20_000 }, new[] { 0, 170_000 })]
    [DataRow(CalibrationRefusal.Gain, new[] { 0, 20_000 }, new[] { 200_000, 0 })]
    [DataRow(CalibrationRefusal.Gain, new[] { 0, 20_000 }, new[] { 5_000, 5_000 })]
    [DataRow(CalibrationRefusal.Zero, new[] { 0, 20_000 }, new[] { 8_000, 208_000 })]
    [DataRow(CalibrationRefusal.Zero, new[] { 0, 20_000 }, new[] { -8_000, 192_000 })]
    [DataRow(CalibrationRefusal.Error, new[] { 0, 10_000, 20_000 }, new[] { 0, 107_000, 200_000 })]
    public void Points_that_no_sound_part_gives_are_refused_and_change_nothing(CalibrationRefusal reason, int[] reference, int[] reading)
    {
        CuffCalibration calibration = new();
        Assert.AreEqual(reason, calibration.TrySet(reference, reading, reference.Length));
        Assert.IsFalse(calibration.IsCalibrated);
        Assert.AreEqual(29_000, calibration.Trip);
        Assert.AreEqual(CalibrationRefusal.None, calibration.TrySet([0, 20_000], [500, 200_500], 2));
        int trip = calibration.Trip;
        Assert.AreEqual(reason, calibration.TrySet(reference, reading, reference.Length));
        Assert.AreEqual(trip, calibration.Trip);
        Assert.AreEqual(500, calibration.ZeroMilliMmHg);
    }

    [TestMethod]
    public void Any_part_within_its_error_band_is_brought_within_a_tenth()
    {
        Random random = new(3);
        for (int trial = 0; trial < 500; trial++)
        {
            int zero = random.Next(-4_500, 4_501);
            int gain = random.Next(985_000, 1_015_001);
            int[] reference = [0, 5_000, 10_000, 15_000, 20_000, 25_000];
            int[] reading = new int[reference.Length];
            for (int i = 0; i < reference.Length; i++)
            {
                reading[i] = Reads(reference[i] * 10, zero, gain) + random.Next(-3, 4);
            }

            CuffCalibration calibration = new();
            Assert.AreEqual(CalibrationRefusal.None, calibration.TrySet(reference, reading, reference.Length));
            for (int truth = 0; truth <= 30_000; truth += 1_000)
            {
                Assert.AreEqual(truth, calibration.ToCentiMmHg(Reads(truth * 10, zero, gain), zero), 10);
            }
        }
    }

    private static int Reads(int milliMmHg, int zero, int gainPerMillion) => zero + (int)((long)milliMmHg * gainPerMillion / 1_000_000);
}
