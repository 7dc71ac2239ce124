using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Firmware.Signals.Oscillometry;
using Firmware.Tests.Host.Cuffs;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Kernel;

namespace Firmware.Tests.Host;

/// <summary>
/// A moving arm in the cuff, on recorded and on made-up deflations, with drawn place, length, kind and height of the motion. Wrong with confidence is a published systolic or diastolic
/// pressure that is more than 15 mmHg off. CART_LONG=1: ten times as many draws.
/// </summary>
[TestClass]
public sealed class OscillometryMotionTests
{
    /// <summary>Most of the published values that may be wrong with confidence.</summary>
    private const double MaxWrongShare = 0.01;

    private static readonly int Times = string.Equals(Environment.GetEnvironmentVariable("CART_LONG"), "1", StringComparison.Ordinal) ? 10 : 1;

    public TestContext TestContext { get; set; } = null!;

    /// <summary>The recipe by which it was found: 3 s of motion where the pressure passes 15 to 40 mmHg above the systolic pressure.</summary>
    [TestMethod]
    [CuffRecordings]
    [DataRow(0.5)]
    [DataRow(1.0)]
    [DataRow(2.0)]
    [DataRow(3.0)]
    [DataRow(6.0)]
    public void A_jerk_above_the_systolic_pressure_is_measured_around_or_refused(double mmHg)
    {
        List<CuffRecording> cuffs = [.. CuffRecording.Load("cuff20").Where(c => c.Name != CuffRecording.Doubtful)];
        HashSet<string> published = [];
        Count count = new();
        SeededRandom random = new((ulong)(mmHg * 1000));
        for (int i = 0; i < 280 * Times; i++)
        {
            CuffRecording cuff = cuffs[i % cuffs.Count];
            double[] pressure = [.. cuff.MmHg];
            int at = ArmMotion.WherePasses(pressure, cuff.Systolic!.Value + 15 + (25 * random.NextDouble()));
            ArmMotionKind kind = ArmMotion.Kinds[i / cuffs.Count % ArmMotion.Kinds.Length];
            ArmMotion.Add(pressure, at, 3, kind, mmHg, random);
            CuffBench.Outcome outcome = CuffBench.Play(pressure);
            count.Add(outcome, cuff.Systolic.Value, cuff.Diastolic!.Value, $"{cuff.Name} {kind}");
            _ = outcome.IsValue && published.Add(cuff.Name);
        }

        AssertBounds(count, 0.35);
        Assert.IsGreaterThanOrEqualTo(5, published.Count, "cuffs of ten with a value");
    }

    /// <summary>Its neighbours: motion anywhere, several, short and long ones.</summary>
    [TestMethod]
    [CuffRecordings]
    public void Motion_anywhere_in_a_recorded_deflation_gives_hardly_ever_a_wrong_value()
    {
        CuffRecording[] cuffs =
        [
            .. CuffRecording.Load("cuff20").Where(c => c.Name != CuffRecording.Doubtful),
            .. CuffRecording.Load("cuff_glasgow").Where(c => CuffRecording.Usable.Contains(c.Name)),
        ];
        Count count = new();
        SeededRandom random = new(2);
        for (int i = 0; i < 1000 * Times; i++)
        {
            CuffRecording cuff = cuffs[random.NextInt32(cuffs.Length)];
            double[] pressure = [.. cuff.MmHg];
            count.Add(CuffBench.Play(pressure, Disturb(pressure, cuff.Systolic!.Value, cuff.Diastolic!.Value, random)), cuff.Systolic.Value, cuff.Diastolic.Value, cuff.Name);
        }

        AssertBounds(count, 0.40);
    }

    [TestMethod]
    public void Motion_anywhere_in_a_made_up_deflation_gives_hardly_ever_a_wrong_value()
    {
        Count count = new();
        SeededRandom random = new(3);
        for (int i = 0; i < 1000 * Times; i++)
        {
            SimulatedDeflation arm = CuffBench.Draw(random);
            double[] pressure = arm.Samples();
            count.Add(CuffBench.Play(pressure, Disturb(pressure, arm.Systolic, arm.Diastolic, random)), arm.Systolic, arm.Diastolic, $"{arm.Systolic}/{arm.Diastolic}");
        }

        AssertBounds(count, 0.40);
    }

    /// <summary>A tremor of 4 to 8 s within the hill itself: one at the pulse's own rate cannot be told from it by the cuff alone, so more of what remains may be wrong, and little remains.</summary>
    [TestMethod]
    [CuffRecordings]
    public void A_long_tremor_inside_the_hill_is_refused_but_for_a_few_at_the_rate_of_the_pulse()
    {
        CuffRecording[] cuffs =
        [
            .. CuffRecording.Load("cuff20").Where(c => c.Name != CuffRecording.Doubtful),
            .. CuffRecording.Load("cuff_glasgow").Where(c => CuffRecording.Usable.Contains(c.Name)),
        ];
        Count recorded = new();
        Count madeUp = new();
        SeededRandom random = new(8);
        for (int i = 0; i < 400 * Times; i++)
        {
            CuffRecording cuff = cuffs[i % cuffs.Length];
            double[] pressure = [.. cuff.MmHg];
            AddTremor(pressure, cuff.Systolic!.Value, cuff.Diastolic!.Value, random);
            recorded.Add(CuffBench.Play(pressure), cuff.Systolic.Value, cuff.Diastolic.Value, cuff.Name);
            SimulatedDeflation arm = CuffBench.Draw(random);
            pressure = arm.Samples();
            AddTremor(pressure, arm.Systolic, arm.Diastolic, random);
            madeUp.Add(CuffBench.Play(pressure), arm.Systolic, arm.Diastolic, $"{arm.Systolic}/{arm.Diastolic}");
        }

        TestContext.WriteLine($"recorded: {recorded}");
        TestContext.WriteLine($"made up: {madeUp}");
        foreach (Count count in new[] { recorded, madeUp })
        {
            Assert.IsLessThanOrEqualTo(0.01, (double)count.Wrong / count.All, count.ToString());
            Assert.IsLessThanOrEqualTo(0.06, (double)count.Wrong / count.Published, count.ToString());
            Assert.IsGreaterThan(0.08, (double)count.Published / count.All, count.ToString());
        }
    }

    /// <summary>A narrow pulse is one sign of movement and none by itself: a weak heart has one as well.</summary>
    [TestMethod]
    public void A_narrow_pulse_of_an_arm_at_rest_is_measured()
    {
        SeededRandom random = new(9);
        for (int i = 0; i < 60 * Times; i++)
        {
            SimulatedDeflation drawn = CuffBench.Draw(random);
            double diastolic = 60 + random.NextInt32(25);
            double pulse = diastolic * (0.25 + (0.1 * random.NextDouble()));
            SimulatedDeflation arm = drawn with
            {
                Systolic = diastolic + pulse,
                Diastolic = diastolic,
                Mean = diastolic + (0.37 * pulse),
                FromMmHg = diastolic + pulse + 45,
            };
            CuffBench.Outcome outcome = CuffBench.Play(arm.Samples());
            Assert.AreEqual(OscillometryRefusal.None, outcome.Refusal, arm.ToString());
            Assert.AreEqual(arm.Systolic, outcome.Systolic, 5, arm.ToString());
            Assert.AreEqual(arm.Diastolic, outcome.Diastolic, 5, arm.ToString());
        }
    }

    [TestMethod]
    public void An_arm_at_rest_is_measured_whoever_it_is()
    {
        SeededRandom random = new(4);
        for (int i = 0; i < 300 * Times; i++)
        {
            SimulatedDeflation arm = CuffBench.Draw(random);
            CuffBench.Outcome outcome = CuffBench.Play(arm.Samples());
            Assert.AreEqual(OscillometryRefusal.None, outcome.Refusal, arm.ToString());
            Assert.AreEqual(arm.Systolic, outcome.Systolic, 5, arm.ToString());
            Assert.AreEqual(arm.Diastolic, outcome.Diastolic, 5, arm.ToString());
            Assert.AreEqual(arm.PulseRate, outcome.Pulse, 0.02 * arm.PulseRate, arm.ToString());
        }
    }

    /// <summary>What the recorded deflations give must not hang on how long the pressure stood before, which moves every window.</summary>
    [TestMethod]
    [CuffRecordings]
    public void A_recorded_deflation_gives_the_same_whatever_stood_before_it()
    {
        Dictionary<string, List<CuffBench.Outcome>> outcomes = [];
        for (int k = 0; k < 12; k++)
        {
            foreach (CuffRecording cuff in CuffRecording.Load("cuff20", 0.1 * k).Concat(CuffRecording.Load("cuff_glasgow", 0.1 * k)))
            {
                outcomes.TryAdd(cuff.Name, []);
                outcomes[cuff.Name].Add(CuffBench.Play(cuff.MmHg));
            }
        }

        foreach ((string name, List<CuffBench.Outcome> all) in outcomes)
        {
            if (name.StartsWith("g0", StringComparison.Ordinal) && !CuffRecording.Usable.Contains(name))
            {
                Assert.IsFalse(all.Exists(o => o.IsValue), name);
                continue;
            }

            string said = name + ": " + string.Join("; ", all);
            Assert.IsTrue(all.TrueForAll(o => o.IsValue), said);
            Assert.IsLessThan(12, all.Max(o => o.Systolic) - all.Min(o => o.Systolic), said);
            Assert.IsLessThan(12, all.Max(o => o.Diastolic) - all.Min(o => o.Diastolic), said);
        }
    }

    /// <summary>The recorded cuffs against what anybody would write first: the highest beat, and where single beats pass the same shares of it.</summary>
    [TestMethod]
    [CuffRecordings]
    public void Recorded_cuffs_are_measured_as_well_as_by_fixed_ratios_and_a_moving_arm_is_told_better()
    {
        List<CuffRecording> cuffs = [.. CuffRecording.Load("cuff20").Where(c => c.Name != CuffRecording.Doubtful)];
        Count ours = new();
        Count fixedRatio = new();
        Count oursMoving = new();
        Count fixedMoving = new();
        SeededRandom random = new(6);
        foreach (CuffRecording cuff in cuffs)
        {
            ours.Add(CuffBench.Play(cuff.MmHg), cuff.Systolic!.Value, cuff.Diastolic!.Value, cuff.Name);
            fixedRatio.Add(FixedRatio.Measure(cuff.MmHg), cuff.Systolic.Value, cuff.Diastolic.Value, cuff.Name);
            for (int k = 0; k < 14; k++)
            {
                double[] pressure = [.. cuff.MmHg];
                ArmMotion.Add(pressure, ArmMotion.WherePasses(pressure, cuff.Systolic.Value + 15 + (25 * random.NextDouble())), 3, ArmMotion.Kinds[k % ArmMotion.Kinds.Length], 3, random);
                oursMoving.Add(CuffBench.Play(pressure), cuff.Systolic.Value, cuff.Diastolic.Value, cuff.Name);
                fixedMoving.Add(FixedRatio.Measure(pressure), cuff.Systolic.Value, cuff.Diastolic.Value, cuff.Name);
            }
        }

        TestContext.WriteLine($"at rest: {ours}; fixed ratios {fixedRatio}");
        TestContext.WriteLine($"with 3 s of 3 mmHg above the systolic pressure: {oursMoving}; fixed ratios {fixedMoving}");
        Assert.AreEqual(0, ours.Wrong, ours.ToString());
        Assert.IsLessThanOrEqualTo(fixedRatio.MeanError, ours.MeanError, "mean error at rest, mmHg");
        Assert.IsLessThanOrEqualTo(1, oursMoving.Wrong, oursMoving.ToString());
        Assert.IsGreaterThan(30, fixedMoving.Wrong, "the motion is one that matters: " + fixedMoving);
    }

    /// <summary>Each bound that was chosen on recordings, chosen on one half of the cuffs, is within its plateau on the other: no half has a wrong value, and both have values.</summary>
    [TestMethod]
    [CuffRecordings]
    public void Each_half_of_the_recorded_cuffs_stands_alone()
    {
        List<CuffRecording> cuffs = [.. CuffRecording.Load("cuff20").Where(c => c.Name != CuffRecording.Doubtful)];
        for (int half = 0; half < 2; half++)
        {
            Count count = new();
            SeededRandom random = new(7);
            for (int i = 0; i < 350; i++)
            {
                CuffRecording cuff = cuffs[i % cuffs.Count];
                double[] pressure = [.. cuff.MmHg];
                Func<int, long> at = Disturb(pressure, cuff.Systolic!.Value, cuff.Diastolic!.Value, random);
                if (i % cuffs.Count % 2 == half)
                {
                    count.Add(CuffBench.Play(pressure, at), cuff.Systolic.Value, cuff.Diastolic.Value, cuff.Name);
                }
            }

            TestContext.WriteLine($"half {half}: {count}");
            Assert.IsLessThanOrEqualTo(3, count.Wrong, count.ToString());
            Assert.IsGreaterThan(0.35 * count.All, count.Published, count.ToString());
        }
    }

    private static void AddTremor(double[] pressure, double systolic, double diastolic, SeededRandom random)
    {
        int at = ArmMotion.WherePasses(pressure, diastolic - 5 + ((systolic + 20 - diastolic) * random.NextDouble()));
        ArmMotionKind kind = random.NextInt32(2) == 0 ? ArmMotionKind.Tremor : ArmMotionKind.Even;
        ArmMotion.Add(pressure, at, 4 + (4 * random.NextDouble()), kind, 0.5 * Math.Pow(8, random.NextDouble()), random);
    }

    // Motion above, within, below, long, short or several; gives even times.
    private static Func<int, long> Disturb(double[] pressure, double systolic, double diastolic, SeededRandom random)
    {
        int times = 1;
        double seconds = 1 + (5 * random.NextDouble());
        (double from, double to) = (systolic + 15, systolic + 40);
        switch (random.NextInt32(5))
        {
            case 0:
                break;
            case 1:
                (from, to) = (diastolic, systolic + 15);
                break;
            case 2:
                (from, to) = (diastolic - 25, diastolic);
                break;
            case 3:
                (from, to) = (diastolic - 10, systolic + 50);
                seconds = 0.2 + (0.8 * random.NextDouble());
                times = 1 + random.NextInt32(3);
                break;
            default:
                (from, to) = (diastolic - 10, systolic + 50);
                seconds = 0.5 + (1.5 * random.NextDouble());
                times = 2 + random.NextInt32(4);
                break;
        }

        double height = 0.5 * Math.Pow(12, random.NextDouble());
        ArmMotionKind kind = ArmMotion.Kinds[random.NextInt32(ArmMotion.Kinds.Length)];
        for (int k = 0; k < times; k++)
        {
            int at = ArmMotion.WherePasses(pressure, from + ((to - from) * random.NextDouble()));
            if (at >= 0)
            {
                ArmMotion.Add(pressure, at, seconds, kind, height, random);
            }
        }

        return i => i * 10_000L;
    }

    private void AssertBounds(Count count, double leastPublished)
    {
        TestContext.WriteLine(count.ToString());
        Assert.IsLessThanOrEqualTo(MaxWrongShare, (double)count.Wrong / count.Published, count.ToString());
        Assert.IsGreaterThan(leastPublished, (double)count.Published / count.All, count.ToString());
    }

    private sealed class Count
    {
        private readonly List<string> _wrong = [];
        private double _error;

        public int All { get; private set; }

        public int Published { get; private set; }

        public int Wrong => _wrong.Count;

        /// <summary>Mean of the errors of systolic and diastolic pressure, mmHg.</summary>
        public double MeanError => _error / (2 * Published);

        public void Add(CuffBench.Outcome outcome, double systolic, double diastolic, string what)
        {
            All++;
            if (!outcome.IsValue)
            {
                return;
            }

            Published++;
            _error += Math.Abs(outcome.Systolic - systolic) + Math.Abs(outcome.Diastolic - diastolic);
            if (outcome.IsWrong(systolic, diastolic))
            {
                _wrong.Add(string.Create(CultureInfo.InvariantCulture, $"{what}: {outcome.Systolic:F1}/{outcome.Diastolic:F1}"));
            }
        }

        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"{Published} of {All} have a value, {Wrong} wrong, mean error {MeanError:F1} mmHg; {string.Join("; ", _wrong.Take(8))}");
    }
}
