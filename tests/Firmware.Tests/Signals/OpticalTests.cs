using Firmware.Core;
using Firmware.Signals.Optical;

namespace Firmware.Tests.Signals;

/// <summary>The oximeter's signals by examples: arithmetic, curve, filter, light, channel order, and whole pulses made of a table.</summary>
[TestClass]
public sealed class OpticalTests
{
    // sin(2 pi i / 20) x 10,000, written by hand from a table.
    private static readonly int[] Sine =
    [
        0, 3090, 5878, 8090, 9511, 10000, 9511, 8090, 5878, 3090, 0, -3090, -5878, -8090, -9511, -10000, -9511, -8090, -5878, -3090,
    ];

    // One beat of 40 samples: steep rise, slow fall with a small second wave.
    private static readonly int[] Volume =
    [
        0, 120, 420, 760, 960, 1000, 960, 900, 830, 760, 690, 630, 580, 545, 525, 520, 525, 525, 510, 485,
        455, 420, 385, 350, 315, 280, 250, 220, 190, 165, 140, 120, 100, 80, 65, 50, 35, 25, 15, 5,
    ];

    [TestMethod]
    [DataRow(0L, 0L)]
    [DataRow(1L, 1L)]
    [DataRow(3L, 1L)]
    [DataRow(4L, 2L)]
    [DataRow(999_999L, 999L)]
    [DataRow(1_000_000L, 1000L)]
    [DataRow(9_223_372_036_854_775_807L, 3_037_000_499L)]
    [DataRow(-5L, 0L)]
    public void The_square_root_is_exact(long value, long root) => Assert.AreEqual(root, IntegerMath.SquareRoot(value));

    [TestMethod]
    public void The_median_is_the_middle_of_the_first_values_only()
    {
        int[] values = [9, 1, 5, -100];
        Assert.AreEqual(5, IntegerMath.Median(values, 3));
        Assert.AreEqual(7, IntegerMath.Median([7], 1));
        Assert.AreEqual(3, IntegerMath.Median([3, 1], 2));
    }

    [TestMethod]
    public void Only_the_default_curve_is_uncalibrated_and_questions_what_is_below_90_percent()
    {
        SaturationCurve standard = SaturationCurve.Default();
        SaturationCurve fitted = new(15_958_422, -346_596_622, 1_126_898_759);
        Assert.IsFalse(standard.IsCalibrated);
        Assert.IsTrue(fitted.IsCalibrated);
        Assert.IsTrue(standard.IsQuestionable(899));
        Assert.IsFalse(standard.IsQuestionable(900));
        Assert.IsFalse(fitted.IsQuestionable(750));
    }

    // By Maxim AN6845: 1.5958422 R^2 - 34.6596622 R + 112.6898759, worked out by hand to tenths.
    [TestMethod]
    [DataRow(5000, 958)]
    [DataRow(10000, 796)]
    [DataRow(3000, 1024)]
    [DataRow(13500, 688)]
    [DataRow(0, 1127)]
    [DataRow(65535, -459)]
    public void The_default_curve_is_as_published_and_never_clipped(int ratio, int tenths) =>
        Assert.AreEqual(tenths, SaturationCurve.Default().SaturationTenths(ratio));

    // |H| of the three poles, from the formula: at 2.5 Hz nearly all, at 0 nothing, far below and far above little.
    [TestMethod]
    [DataRow(20_000)]
    [DataRow(40_000)]
    public void The_band_pass_lets_a_pulse_through_and_a_level_not(int periodUs)
    {
        PulseBandPass filter = new(periodUs);
        filter.Reset(1000);
        for (int i = 0; i < 50; i++)
        {
            Assert.AreEqual(0, filter.Next(1000));
        }

        // 20 samples a period are 2.5 Hz at 50 Hz and 1.25 Hz at 25 Hz.
        int highest = 0;
        for (int i = 0; i < 400; i++)
        {
            int value = filter.Next(1000 + (Sine[i % 20] / 10));
            highest = i > 300 && value > highest ? value : highest;
        }

        int gainPercent = highest / (10 * PulseBandPass.OutputScale);
        Assert.IsTrue(gainPercent >= (periodUs == 20_000 ? 84 : 72) && gainPercent <= 96);

        // A step dies away.
        int last = 1;
        for (int i = 0; i < 400; i++)
        {
            last = filter.Next(200_000);
        }

        Assert.IsTrue(last > -PulseBandPass.OutputScale && last < PulseBandPass.OutputScale);
    }

    [TestMethod]
    public void A_pulsation_of_two_counts_is_not_lost_in_rounding()
    {
        PulseBandPass filter = new(20_000);
        filter.Reset(120_000);
        int highest = 0;
        int lowest = 0;
        for (int i = 0; i < 400; i++)
        {
            int value = filter.Next(120_000 + (Sine[i % 20] > 0 ? 1 : -1));
            highest = i > 200 && value > highest ? value : highest;
            lowest = i > 200 && value < lowest ? value : lowest;
        }

        Assert.IsTrue(highest > PulseBandPass.OutputScale / 2);
        Assert.IsTrue(highest + lowest >= -1 && highest + lowest <= 1);
    }

    [TestMethod]
    public void A_finger_is_found_measured_and_lost_within_half_a_second()
    {
        OpticalFrontEnd light = new(new OpticalCalibration());
        Give(light, 900, 50);
        Assert.AreEqual(OpticalState.FingerOff, light.State);
        Give(light, 100_000, 150);
        Assert.AreEqual(OpticalState.Measuring, light.State);
        Give(light, 900, OpticalFrontEnd.DecisionSamples);
        Assert.AreEqual(OpticalState.FingerOff, light.State);
    }

    [TestMethod]
    public void Before_a_finger_is_believed_the_leds_are_dark_and_what_is_counted_then_is_the_rooms()
    {
        OpticalFrontEnd light = new(new OpticalCalibration());
        Give(light, 20_000, 2 * OpticalFrontEnd.DecisionSamples);
        Assert.AreEqual(OpticalState.FingerOff, light.State);
        Assert.AreEqual(OpticalFrontEnd.DarkCode, light.RedCode);
        Assert.AreEqual(OpticalFrontEnd.DarkCode, light.InfraredCode);
        Assert.AreEqual(0, light.RedShareThousandths);

        // The room alone makes the 20,000: no finger, and the next look only after its pause.
        for (int i = 0; i < OpticalFrontEnd.LookSamples; i++)
        {
            light.Add(19_500, 19_500 + (i / 10 * 10));
        }

        Assert.AreEqual(OpticalState.FingerOff, light.State);
        Assert.AreEqual(OpticalFrontEnd.StartCode, light.InfraredCode);
        Assert.AreEqual(19_520, light.StrayInfrared);
        Assert.AreEqual(40, light.FlickerCounts);
        int before = 0;
        while (light.InfraredCode == OpticalFrontEnd.StartCode)
        {
            light.Add(20_000, 20_000);
            before++;
        }

        Assert.AreEqual((OpticalFrontEnd.LookPauseDecisions + 2) * OpticalFrontEnd.DecisionSamples, before);
    }

    [TestMethod]
    [DataRow(1_000, OpticalState.Measuring)]
    [DataRow(30_000, OpticalState.StrayLight)]
    public void Light_of_which_more_than_a_tenth_is_the_rooms_is_not_measured_with(int room, OpticalState state)
    {
        OpticalFrontEnd light = new(new OpticalCalibration());
        for (int i = 0; i < 300; i++)
        {
            light.Add((100_000 * light.RedCode / OpticalFrontEnd.StartCode) + room, (100_000 * light.InfraredCode / OpticalFrontEnd.StartCode) + room);
        }

        Assert.AreEqual(state, light.State);
        Assert.AreEqual(room, light.StrayRed);
        Assert.AreEqual(0, light.FlickerCounts);
        Assert.AreEqual(1000, light.RedShareThousandths);
    }

    [TestMethod]
    [DataRow(52_000, 131_072)] // too dark: up to half scale
    [DataRow(18_000, 131_072)]
    [DataRow(4_000, 31_875)] // the highest current, 51 mA, is not enough, and is kept
    [DataRow(250_000, 131_072)] // too bright: down to half scale
    [DataRow(120_000, 120_000)] // within the band: left alone
    public void The_current_aims_at_half_of_full_scale(int atStart, int aim)
    {
        OpticalFrontEnd light = new(new OpticalCalibration());
        for (int i = 0; i < 300; i++)
        {
            int red = (int)((long)atStart * light.RedCode / OpticalFrontEnd.StartCode);
            int infrared = (int)((long)atStart * light.InfraredCode / OpticalFrontEnd.StartCode);
            light.Add(red, infrared);
        }

        Assert.AreEqual(OpticalState.Measuring, light.State);
        int tolerance = aim / 12; // one step of the lowest currents in use
        Assert.IsTrue(light.MeanRed > aim - tolerance && light.MeanRed < aim + tolerance);
    }

    [TestMethod]
    public void Light_beyond_the_lowest_current_is_saturated_and_one_sample_is_enough()
    {
        OpticalFrontEnd light = new(new OpticalCalibration());
        for (int i = 0; i < 300; i++)
        {
            int counts = light.InfraredCode == OpticalFrontEnd.DarkCode ? 0 : OpticalFrontEnd.FullScaleCounts;
            light.Add(counts, counts);
        }

        Assert.AreEqual(OpticalState.Saturated, light.State);
        Assert.AreEqual(OpticalFrontEnd.LowestCode, light.RedCode);

        light = new OpticalFrontEnd(new OpticalCalibration());
        Give(light, 120_000, 5 * OpticalFrontEnd.DecisionSamples);
        Assert.AreEqual(OpticalState.Measuring, light.State);
        Give(light, 120_000, OpticalFrontEnd.DecisionSamples - 1);
        light.Add(OpticalFrontEnd.SaturatedCounts, 120_000);
        Assert.AreEqual(OpticalState.Saturated, light.State);
        Assert.AreEqual(OpticalFrontEnd.StartCode, light.RedCode);
    }

    [TestMethod]
    public void Channels_are_called_exchanged_by_ratio_and_light_together_and_never_after_proof()
    {
        ChannelOrder order = new();
        order.Take(12_000, 780, 900, isSure: true);
        Assert.IsTrue(order.IsExchanged);
        order.Take(12_000, 950, 900, isSure: true); // hypoxic, light as it should be
        Assert.IsFalse(order.IsExchanged);
        order.Take(5_000, 780, 900, isSure: true); // dark skin, healthy
        Assert.IsFalse(order.IsExchanged);
        order.Take(5_000, 780, 900, isSure: true);
        order.Take(5_000, 780, 900, isSure: false); // not sure: starts again
        Assert.IsFalse(order.IsProven);
        for (int i = 0; i < ChannelOrder.ProofResults; i++)
        {
            order.Take(5_000, 780, 900, isSure: true);
        }

        Assert.IsTrue(order.IsProven);
        order.Take(12_000, 780, 900, isSure: true); // the same dark finger, now hypoxic
        Assert.IsFalse(order.IsExchanged);
        order.Reset();
        order.Take(12_000, 780, 900, isSure: true);
        Assert.IsTrue(order.IsExchanged);
    }

    [TestMethod]
    [DataRow(50, 5000)]
    [DataRow(50, 10000)]
    [DataRow(25, 7000)]
    public void A_pulse_of_a_table_comes_out_with_its_rate_ratio_and_beats(int perSecond, int ratio)
    {
        PulseOximetry analysis = new(SaturationCurve.Default(), perSecond);
        int beats = 0;
        long lastBeatUs = 0;
        bool even = true;
        int period = 40;
        int usPerSample = 1_000_000 / perSecond;
        for (int i = 0; i < 20 * perSecond; i++)
        {
            // 40 samples a beat at 50 Hz, every second of them at 25 Hz: 75 per minute.
            int volume = Volume[i * (50 / perSecond) % period];
            int infrared = 120_000 - volume;
            int red = 100_000 - (int)((long)volume * ratio * 100 / 10_000 / 120);
            if (analysis.Add(red, infrared))
            {
                long atUs = ((long)i * usPerSample) - analysis.BeatAgeUs;
                long gap = atUs - lastBeatUs;
                even &= beats < 3 || (gap > 795_000 && gap < 805_000);
                lastBeatUs = atUs;
                beats++;
            }
        }

        Assert.AreEqual(AbsenceReason.None, analysis.PulseAbsence);
        Assert.AreEqual(750, analysis.PulseRateTenths);
        Assert.AreEqual(800, analysis.BeatIntervalMs);
        Assert.IsTrue(even);
        Assert.IsTrue(beats >= 23 && beats <= 25);
        Assert.AreEqual(AbsenceReason.None, analysis.SaturationAbsence);
        Assert.IsTrue(analysis.RatioTenThousandths > ratio - (ratio / 50) && analysis.RatioTenThousandths < ratio + (ratio / 50));
        Assert.IsTrue(analysis.PulseQuality >= 90 && analysis.SaturationQuality >= 90);
        Assert.IsTrue(analysis.PerfusionIndexMilliPercent > 400 && analysis.PerfusionIndexMilliPercent < 900);
    }

    [TestMethod]
    public void The_rate_follows_the_chips_real_clock()
    {
        PulseOximetry analysis = new(SaturationCurve.Default(), 50) { SamplePeriodUs = 19_400 };
        for (int i = 0; i < 1000; i++)
        {
            analysis.Add(100_000 - (Volume[i % 40] / 3), 120_000 - Volume[i % 40]);
        }

        Assert.AreEqual(773, analysis.PulseRateTenths); // 75 / 0.97
        Assert.AreEqual(776, analysis.BeatIntervalMs);
    }

    [TestMethod]
    public void No_pulsation_is_a_weak_signal_and_nothing_is_said_before_the_window_is_full()
    {
        PulseOximetry analysis = new(SaturationCurve.Default(), 50);
        for (int i = 0; i < 499; i++)
        {
            analysis.Add(100_000, 120_000 + (i % 3));
            Assert.AreEqual(AbsenceReason.NotSettled, analysis.SaturationAbsence);
        }

        analysis.Add(100_000, 120_000);
        Assert.AreEqual(AbsenceReason.WeakSignal, analysis.SaturationAbsence);
        Assert.AreEqual(AbsenceReason.WeakSignal, analysis.PulseAbsence);
        Assert.AreEqual(AbsenceReason.WeakSignal, analysis.PerfusionAbsence);
    }

    [TestMethod]
    public void Before_the_window_is_full_a_good_pulse_is_not_settled_and_nothing_else()
    {
        PulseOximetry analysis = new(SaturationCurve.Default(), 50);
        for (int i = 0; i < 499; i++)
        {
            analysis.Add(100_000 - (Volume[i % 40] / 3), 120_000 - Volume[i % 40]);
            Assert.AreEqual(AbsenceReason.NotSettled, analysis.PulseAbsence);
            Assert.AreEqual(0, analysis.PulseRateTenths);
        }

        analysis.Add(100_000, 120_000);
        Assert.AreEqual(AbsenceReason.None, analysis.PulseAbsence);
        Assert.IsTrue(analysis.PulseQuality >= 50);
    }

    [TestMethod]
    [DataRow(20_000)]
    [DataRow(3_000)]
    public void A_saturation_beyond_the_range_is_named_and_not_clipped(int ratio)
    {
        PulseOximetry analysis = new(SaturationCurve.Default(), 50);
        for (int i = 0; i < 1000; i++)
        {
            int volume = Volume[i % 40] * 3;
            analysis.Add(120_000 - (int)((long)volume * ratio / 10_000), 120_000 - volume);
        }

        Assert.AreEqual(AbsenceReason.OutOfRange, analysis.SaturationAbsence);
        Assert.IsTrue(analysis.SaturationTenths < 700 || analysis.SaturationTenths > 1020);
        Assert.AreEqual(AbsenceReason.None, analysis.PulseAbsence);
    }

    private static void Give(OpticalFrontEnd light, int counts, int samples)
    {
        for (int i = 0; i < samples; i++)
        {
            light.Add(counts * light.RedCode / OpticalFrontEnd.StartCode, counts * light.InfraredCode / OpticalFrontEnd.StartCode);
        }
    }
}
