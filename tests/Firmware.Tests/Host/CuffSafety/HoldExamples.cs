using System;
using Firmware.Core;
using Firmware.Pod.Cuff;
using Firmware.Signals.Cuff;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Host.CuffSafety;

/// <summary>One named question to the hold of a calibration by hand: what must come of it. Answers null, or what was wrong. Also asked of every planted mutant.</summary>
internal static class HoldExamples
{
    public static readonly (string Name, Func<string?> Ask)[] All =
    [
        ("a pressure that a hand makes is held, and emptied when its person says so", () => Holds(null)),
        ("the same on a board", () => Holds(TrialCosts.Typical)),
        ("a hand that pumps on is stopped", () => TooHigh(null, 290)),
        ("a calibration that reads too low does not hide the pressure", () => TooHigh(Calibrated(960), 276)),
        ("a calibration that reads too high opens earlier", () => TooHigh(Calibrated(1040), 265)),
        ("no key for ten seconds opens", Silence),
        ("two minutes are the longest", TwoMinutes),
        ("a sensor that is pulled is known", () => Lost(trial => trial.IsUnplugged = true)),
        ("a sensor that gives nothing usable is known within 100 ms", () => Lost(trial => trial.Begin(TrialFault.SensorOffset, 500_001), 30)),
        ("a held bus opens", () => Ends(trial => trial.Begin(TrialFault.BusHeld, 0), FaultCode.CuffHoldSensorLost, 1.2)),
        ("a loop that stood opens", () => Ends(trial => trial.Stand(300_000), FaultCode.CuffLoopLate, 0.5)),
        ("a sensor that is not at zero closes nothing", NotAtZero),
        ("nothing is closed before a tenth of a second of zeros", ZeroFirst),
        ("a gateway that goes opens", () => Ends(trial => trial.Begin(TrialFault.LinkLost, 0), FaultCode.CuffHoldLinkLost, 0.1)),
        ("a gateway that was never there is not asked for", NoGateway),
        ("a valve that does not stay closed is said", () => Ends(trial => trial.Cuff.Faults = CuffChainFaults.OneShotStuckLow, FaultCode.CuffHoldNotHeld, 0.1)),
        ("a pressure switch that opens is said", () => Ends(trial => trial.Cuff.Faults = CuffChainFaults.SwitchStuckOpen, FaultCode.CuffHoldNotHeld, 0.1)),
        ("a volume that does not empty is said", NotEmptied),
        ("it begins again behind itself and not beside itself", Again),
    ];

    // 500 ml that hardly grow, and a hand's stroke of some ml a second.
    private static readonly CuffPneumaticsOptions Rigid = new() { EmptyMilliLitres = 500, GrowthMilliLitres = 1, PumpMilliLitresPerSecond = 40 };

    private static CuffTrial Begun(TrialCosts? costs = null, CuffCalibration? calibration = null)
    {
        CuffTrial trial = new(Rigid, new Mprls0300Options(), new SeededRandom(7), calibration: calibration, arm: new TestArm(0, 60), costs: costs);
        trial.Settle();
        trial.Hold.TryStart(trial.NowUs);
        return trial;
    }

    private static CuffCalibration Calibrated(int permille)
    {
        // What the part reads for a reference; an ideal part reads the truth, so this calibration is wrong.
        CuffCalibration calibration = new();
        int[] reference = [0, 5_000, 10_000, 15_000, 20_000, 25_000];
        int[] reading = Array.ConvertAll(reference, r => r * 10 * 1000 / permille);
        return calibration.TrySet(reference, reading, reference.Length) == CalibrationRefusal.None ? calibration : throw new InvalidOperationException("no calibration");
    }

    // Ticks with a key each three seconds and a hand that pumps up to a pressure.
    private static string? Until(CuffTrial trial, Func<bool> fact, double seconds, double pumpTo = 0, bool hasKeys = true)
    {
        long endUs = trial.NowUs + (long)(seconds * 1e6);
        long keyUs = 0;
        while (!fact())
        {
            if (trial.NowUs >= endUs)
            {
                return "it did not happen within " + seconds + " s; " + trial.Hold.End + ", " + trial.Cuff.BladderMmHg + " mmHg";
            }

            if (hasKeys && trial.NowUs >= keyUs)
            {
                keyUs = trial.NowUs + 3_000_000;
                trial.Hold.Key(trial.NowUs);
            }

            if (pumpTo > 0)
            {
                trial.Cuff.Faults = trial.Cuff.BladderMmHg < pumpTo ? CuffChainFaults.PumpStuckOn : CuffChainFaults.None;
            }

            trial.Tick(true);
            if (trial.Broken.Count > 0)
            {
                return string.Join("; ", trial.Broken);
            }

            if (trial.Chain.TriggeredOutside || trial.Chain.HasPumped || trial.Chain.BleedFirst)
            {
                return trial.Chain.HasPumped ? "the pump ran" : trial.Chain.BleedFirst ? "the bleed valve was opened before the dump valve" : "the one-shot was triggered without a sample";
            }
        }

        return null;
    }

    private static string? Pumped(CuffTrial trial, double mmHg)
    {
        string? wrong = Until(trial, () => trial.Cuff.BladderMmHg >= mmHg, 30, mmHg);
        trial.Cuff.Faults = CuffChainFaults.None;
        return wrong;
    }

    private static string? Holds(TrialCosts? costs)
    {
        CuffTrial trial = Begun(costs);
        string? wrong = Pumped(trial, 200) ?? Pumped(trial, 250);
        double held = trial.Cuff.BladderMmHg;
        long endUs = trial.NowUs + 40_000_000;
        wrong ??= Until(trial, () => trial.NowUs >= endUs || !trial.Hold.IsHolding, 50);
        wrong ??= trial.Hold.IsHolding && trial.Cuff.BladderMmHg > held - 4 ? null : "not held: " + trial.Hold.End + ", " + trial.Cuff.BladderMmHg + " of " + held;
        trial.Hold.Stop(trial.NowUs);
        wrong ??= Until(trial, () => trial.Cuff.BladderMmHg < 15, 10) ?? Until(trial, () => !trial.Hold.IsActive, 1);
        return wrong ?? (trial.Hold.End == FaultCode.None && trial.Hold.Reports == 1 ? null : "said " + trial.Hold.Report);
    }

    private static string? TooHigh(CuffCalibration? calibration, double highest)
    {
        CuffTrial trial = Begun(null, calibration);
        string? wrong = Until(trial, () => !trial.Hold.IsHolding, 60, 400);
        trial.Cuff.Faults = CuffChainFaults.None;
        return wrong ?? (trial.Hold.End == FaultCode.CuffHoldTooHigh && trial.HighestMmHg < highest && trial.HighestMmHg > 240 ? null : trial.Hold.End + " at " + trial.HighestMmHg);
    }

    private static string? Silence()
    {
        CuffTrial trial = Begun();
        string? wrong = Pumped(trial, 100);
        trial.Hold.Key(trial.NowUs);
        long keyUs = trial.NowUs;
        wrong ??= Until(trial, () => !trial.Hold.IsHolding, 11, hasKeys: false);
        return wrong ?? (trial.Hold.End == FaultCode.CuffKeyMissing && trial.NowUs - keyUs is > 9_900_000 and < 10_100_000 ? null : trial.Hold.End + " after " + (trial.NowUs - keyUs));
    }

    private static string? TwoMinutes()
    {
        CuffTrial trial = Begun();
        long beganUs = trial.NowUs;
        string? wrong = Until(trial, () => !trial.Hold.IsHolding, 130);
        return wrong ?? (trial.Hold.End == FaultCode.CuffHoldTooLong && trial.NowUs - beganUs is > 119_900_000 and < 121_500_000 ? null : trial.Hold.End + " after " + (trial.NowUs - beganUs));
    }

    private static string? Ends(Action<CuffTrial> what, FaultCode code, double seconds)
    {
        CuffTrial trial = Begun();
        string? wrong = Pumped(trial, 150);
        what(trial);
        wrong ??= Until(trial, () => !trial.Hold.IsHolding, seconds);
        wrong ??= trial.Hold.End == code && !trial.Cuff.IsDumpValveCoilPowered ? null : "ended with " + trial.Hold.End + " in place of " + code;
        return wrong ?? Until(trial, () => trial.Cuff.BladderMmHg < 15, 10);
    }

    private static string? Lost(Action<CuffTrial> what, double mmHg = 150)
    {
        CuffTrial trial = Begun();
        string? wrong = Pumped(trial, mmHg);
        what(trial);
        long fromUs = trial.NowUs;
        wrong ??= Until(trial, () => !trial.Cuff.IsDumpValveCoilPowered, 1);
        return wrong ?? (trial.Hold.End == FaultCode.CuffHoldSensorLost && trial.NowUs - fromUs <= 120_000 ? null : trial.Hold.End + " after " + (trial.NowUs - fromUs) + " us");
    }

    private static string? NotAtZero()
    {
        CuffTrial trial = Begun();
        trial.Begin(TrialFault.SensorOffset, 30_000); // +11 mmHg
        bool wasClosed = false;
        string? wrong = Until(trial, () => !trial.Hold.IsHolding || (wasClosed |= trial.Cuff.IsDumpValveCoilPowered), 5);
        return wrong ?? (!wasClosed && trial.Hold.End == FaultCode.CuffNotAtZero ? null : trial.Hold.End + (wasClosed ? ", and it was closed" : string.Empty));
    }

    private static string? ZeroFirst()
    {
        CuffTrial trial = Begun();
        long beganUs = trial.NowUs;
        string? wrong = Until(trial, () => trial.Cuff.IsDumpValveCoilPowered, 3);
        return wrong ?? (trial.NowUs - beganUs >= 90_000 ? null : "closed after " + (trial.NowUs - beganUs) + " us");
    }

    private static string? NoGateway()
    {
        CuffTrial trial = new(Rigid, new Mprls0300Options(), new SeededRandom(7), arm: new TestArm(0, 60));
        trial.Settle();
        trial.Link.OnLinkLost();
        trial.Hold.TryStart(trial.NowUs);
        long endUs = trial.NowUs + 20_000_000;
        string? wrong = Until(trial, () => trial.NowUs >= endUs || !trial.Hold.IsHolding, 30);
        return wrong ?? (trial.Hold.IsHolding && trial.Cuff.IsDumpValveCoilPowered ? null : "ended with " + trial.Hold.End);
    }

    private static string? NotEmptied()
    {
        CuffTrial trial = Begun();
        string? wrong = Pumped(trial, 150);
        trial.Cuff.Faults = CuffChainFaults.DumpStuckClosed | CuffChainFaults.BleedStuckClosed;
        trial.Hold.Stop(trial.NowUs);
        return wrong ?? Until(trial, () => trial.Hold.Report == FaultCode.CuffHoldNotEmpty, 11);
    }

    private static string? Again()
    {
        CuffTrial trial = Begun();
        string? wrong = Pumped(trial, 150);
        bool beside = trial.Hold.TryStart(trial.NowUs);
        trial.Hold.Stop(trial.NowUs);
        beside |= trial.Hold.TryStart(trial.NowUs);
        wrong ??= Until(trial, () => !trial.Hold.IsActive, 11);
        bool behind = trial.Hold.TryStart(trial.NowUs);
        wrong ??= Pumped(trial, 100);
        return wrong ?? (!beside && behind ? null : "beside " + beside + ", behind " + behind);
    }
}
