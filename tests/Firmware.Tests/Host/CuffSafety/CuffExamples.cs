using System;
using System.Collections.Generic;
using Firmware.Core;
using Firmware.Pod.Cuff;
using Firmware.Signals.Cuff;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Host.CuffSafety;

/// <summary>One named question to the measurement: what must come of it. Answers null, or what was wrong. Also asked of every planted mutant.</summary>
internal static class CuffExamples
{
    [ThreadStatic]
    private static TrialCosts? _costs;

    /// <summary>On an ideal board: nothing takes time, and nothing is disturbed.</summary>
    public static readonly (string Name, Func<string?> Ask)[] All =
    [
        ("a normal measurement gives the arm's pressures", Normal),
        ("a sensor that is off at the start never inflates", OffAtStart),
        ("a pump that cannot be stopped is vented at the trip", PumpStuckOn),
        ("a pump that cannot be stopped is vented at the trip of a calibrated sensor", PumpStuckOnCalibrated),
        ("a pump that cannot be stopped is vented by what the part reads where a calibration says less", PumpStuckOnReadingHigh),
        ("nothing readable is repeated twice at most, with rests between", Repeats),
        ("a deflation that is too slow ends in time, counted from the pump's start", SlowBleed),
        ("a pump that never reaches its target is given up", NeverReaches),
        ("a cuff that is not plugged in is given up after five seconds", NotPluggedIn),
        ("a stop opens the valves at any moment", Stops),
        ("a cuff that does not empty is said not to be empty", NotEmptied),
        ("a jump is not believed", Jump),
        ("a kinked hose is known by its rise", Kinked),
        ("a bleed valve that flies open, as a cuff that comes off, is known by the fall", ComesOff),
        ("a leak is known while the cuff is held", Leaks),
        ("a bleed valve that sticks later is known", SticksLater),
        ("a part that gives nothing usable is lost within 100 ms", Unusable),
        ("the pump is never asked beyond its highest target", HighestTarget),
        ("a second measurement rests first", SecondRests),
        ("a lost link empties the cuff at any moment, and one that comes back does not go on", LinkLost),
        ("a link that says nothing empties the cuff after five seconds", LinkSilent),
        ("a link that is lost while the cuff rests or empties is not followed by another inflation", LinkLostBetween),
        ("every limit holds on drawn measurements", Drawn),
        ("transactions that are not acknowledged now and then end nothing", Nacks),
        ("what is not acknowledged for 60 ms is a disturbance, and for longer a lost sensor within 100 ms", Burst),
        ("a loop that stood for 80 ms goes on, and one that stood for longer is told apart from a lost sensor", LoopStood),
        ("a held bus opens the valves before anything else, and is left alone", BusHeld),
    ];

    /// <summary>The same on a board that costs what boards do.</summary>
    public static readonly (string Name, Func<string?> Ask)[] OnBoard = Array.ConvertAll(All, e => (e.Name + ", on a board", (Func<string?>)(() =>
    {
        _costs = TrialCosts.Typical;
        try
        {
            return e.Ask();
        }
        finally
        {
            _costs = null;
        }
    })));

    private static CuffTrial Make(
        CuffPneumaticsOptions? cuff = null, double arm = 1400, CuffLimits? limits = null, CuffCalibration? calibration = null, ulong seed = 5, double rate = 72) =>
        new(cuff ?? new CuffPneumaticsOptions(), new Mprls0300Options(), new SeededRandom(seed), limits, calibration, new TestArm(arm, rate), _costs);

    private static string? Until(CuffTrial trial, Func<bool> fact, double seconds, Action? eachTick = null)
    {
        long endUs = trial.NowUs + (long)(seconds * 1e6);
        while (!fact())
        {
            if (trial.NowUs >= endUs)
            {
                return "it did not happen within " + seconds + " s; state " + trial.Run.State + ", " + trial.Cuff.BladderMmHg + " mmHg";
            }

            trial.Tick(true);
            eachTick?.Invoke();
            if (trial.Broken.Count > 0)
            {
                return string.Join("; ", trial.Broken);
            }
        }

        return null;
    }

    private static string? Ends(CuffTrial trial, FaultCode code, double seconds = 400)
    {
        string? wrong = Until(trial, () => trial.Run.State == CuffState.Done, seconds);
        return wrong ?? (trial.Run.FaultCode == code ? null : "ended with " + trial.Run.FaultCode + " in place of " + code);
    }

    private static CuffTrial Begun(CuffTrial trial, int lastSystolic = 0)
    {
        trial.Settle();
        trial.Run.TryStart(lastSystolic, trial.NowUs);
        return trial;
    }

    private static string? Normal()
    {
        CuffTrial trial = Begun(Make());
        return Ends(trial, FaultCode.None) ?? (trial.Run.Reason == AbsenceReason.None && trial.Run.Repeats == 0 ? null : "no result: " + trial.Run.Reason);
    }

    private static string? Nacks()
    {
        // One in a hundred: about one sample in twenty fails, and one in four hundred twice.
        TrialCosts costs = new() { NacksPerMillion = 10_000 };
        CuffTrial trial = Begun(new CuffTrial(new CuffPneumaticsOptions(), new Mprls0300Options(), new SeededRandom(5), costs: costs));
        return Ends(trial, FaultCode.None) ?? (trial.Run.Reason == AbsenceReason.None ? null : "no result: " + trial.Run.Reason);
    }

    private static string? Burst()
    {
        CuffTrial trial = Begun(Make());
        string? wrong = Until(trial, () => trial.Run.State == CuffState.Bleed && trial.Cuff.BladderMmHg < 140, 60);
        for (int i = 0; i < 3; i++)
        {
            trial.IsUnplugged = true;
            long fromUs = trial.NowUs;
            wrong ??= Until(trial, () => trial.NowUs - fromUs >= 50_000, 1);
            trial.IsUnplugged = false;
            wrong ??= Until(trial, () => trial.NowUs - fromUs >= 400_000, 1);
            wrong ??= trial.Run.State == CuffState.Bleed ? null : "50 ms ended it with " + trial.Run.FaultCode;
        }

        trial.IsUnplugged = true;
        long lastUs = trial.Source.SampledAtUs;
        wrong ??= Until(trial, () => trial.Run.State >= CuffState.Dump, 1);
        return wrong ?? (trial.Run.FaultCode != FaultCode.CuffSensorLost ? "said " + trial.Run.FaultCode
            : trial.NowUs - lastUs > 100_000 + CuffTrial.TickUs ? "after " + (trial.NowUs - lastUs) + " us" : null);
    }

    private static string? LoopStood()
    {
        foreach ((int ms, bool ends) in new[] { (40, false), (70, false), (80, false), (105, true), (130, true), (300, true), (1000, true) })
        {
            CuffTrial trial = new(new CuffPneumaticsOptions(), new Mprls0300Options(), new SeededRandom(5));
            trial.Settle();
            trial.Run.TryStart(0, trial.NowUs);
            string? wrong = Until(trial, () => trial.Run.State == CuffState.Bleed && trial.Cuff.BladderMmHg < 140, 60);
            trial.Stand(ms * 1000);
            wrong ??= Until(trial, () => !ends || trial.Run.State >= CuffState.Dump, 0.05);
            wrong ??= Ends(trial, ends ? FaultCode.CuffLoopLate : FaultCode.None);
            if (wrong is not null)
            {
                return ms + " ms: " + wrong;
            }
        }

        return null;
    }

    private static string? BusHeld()
    {
        CuffTrial trial = Begun(Make());
        string? wrong = Until(trial, () => trial.Run.State == CuffState.Bleed, 60);
        trial.Begin(TrialFault.BusHeld, 0);
        int before = trial.Transactions;
        long heldUs = trial.NowUs;
        wrong ??= Until(trial, () => trial.Run.State >= CuffState.Dump, 2);
        wrong ??= trial.Run.FaultCode != FaultCode.CuffSensorLost ? "said " + trial.Run.FaultCode
            : trial.NowUs - heldUs > 1_100_000 ? "the valves opened after " + (trial.NowUs - heldUs) + " us" : null;
        wrong ??= Until(trial, () => trial.NowUs - heldUs > 4_000_000, 5);
        wrong ??= trial.Transactions - before > 1 ? (trial.Transactions - before) + " transactions on a held bus" : null;
        wrong ??= Until(trial, () => trial.Cuff.BladderMmHg < 15, 8);
        return wrong ?? Until(trial, () => trial.Run.State == CuffState.Done, 15);
    }

    private static string? Drawn()
    {
        for (ulong seed = 1; seed <= 60; seed++)
        {
            if (CuffTrial.Validate(seed, null, null, _costs is not null) is { } broken)
            {
                return broken;
            }
        }

        return null;
    }

    private static string? OffAtStart()
    {
        CuffTrial trial = Make();
        trial.Settle();
        trial.Begin(TrialFault.SensorOffset, 100_000); // +25 mmHg
        trial.Run.TryStart(0, trial.NowUs);
        return Ends(trial, FaultCode.CuffNotAtZero) ?? (trial.HighestMmHg < 1 ? null : "it inflated");
    }

    private static string? PumpStuckOn() => StuckOn(null, 29_000);

    private static string? PumpStuckOnCalibrated()
    {
        CuffCalibration calibration = new();
        CalibrationRefusal refusal = calibration.TrySet([0, 10_000, 20_000, 25_000], [1_000, 100_000, 201_000, 251_000], 4);
        return refusal == CalibrationRefusal.None ? StuckOn(calibration, CuffCalibration.TripCentiMmHg - calibration.ErrorCentiMmHg) : "the calibration was refused: " + refusal;
    }

    // A calibration that takes 4 % off: the trip judges what the part reads.
    private static string? PumpStuckOnReadingHigh()
    {
        CuffCalibration calibration = new();
        CalibrationRefusal refusal = calibration.TrySet([0, 10_000, 20_000, 25_000], [0, 104_000, 208_000, 260_000], 4);
        return refusal == CalibrationRefusal.None ? StuckOn(calibration, ((CuffCalibration.TripCentiMmHg - calibration.ErrorCentiMmHg) * 100 / 104) + 10) : "the calibration was refused: " + refusal;
    }

    private static string? StuckOn(CuffCalibration? calibration, int tripCentiMmHg)
    {
        CuffTrial trial = Make(new CuffPneumaticsOptions { SwitchMmHg = 325 }, calibration: calibration);
        trial.Settle();
        trial.Begin(TrialFault.PumpStuckOn, 0);
        trial.Run.TryStart(25_000, trial.NowUs);
        int highest = 0;
        string? wrong = Until(trial, () => trial.Run.State == CuffState.Done, 60, () => highest = trial.Run.State < CuffState.Dump ? Math.Max(highest, trial.Run.CuffCentiMmHg) : highest);
        return wrong ?? (trial.Run.FaultCode != FaultCode.CuffOverPressure ? "ended with " + trial.Run.FaultCode
            : highest >= tripCentiMmHg ? "kept at " + highest
            : trial.HighestMmHg > 300 ? "reached " + trial.HighestMmHg : null);
    }

    private static string? Repeats()
    {
        CuffTrial trial = Begun(Make(arm: 20));
        return Ends(trial, FaultCode.CuffNoReading, 600) ?? (trial.Inflations == 3 ? null : trial.Inflations + " inflations");
    }

    private static string? LinkLost()
    {
        for (int tenths = 2; tenths < 600; tenths += 47)
        {
            CuffTrial trial = Begun(Make(), 12_000);
            long startUs = trial.NowUs;
            string? wrong = Until(trial, () => trial.NowUs - startUs >= 100_000L * tenths, 80);
            bool active = trial.Run.State is CuffState.ZeroCheck or CuffState.Inflate or CuffState.Hold or CuffState.Bleed;
            trial.Begin(TrialFault.LinkLost, 0);
            trial.Link.Connect(trial.NowUs); // back before anybody looked
            long lostUs = trial.NowUs;
            wrong ??= active ? Ends(trial, FaultCode.CuffLinkLost, 15) : null;
            if (wrong is not null || (active && trial.Run.Reason != AbsenceReason.LinkLost))
            {
                return "at " + tenths + ": " + (wrong ?? "the reason is " + trial.Run.Reason);
            }

            // The bladder's true pressure is a little behind what the sensor at the hose's end sees.
            if (active && (Until(trial, () => trial.Cuff.BladderMmHg < 15, 2) is not null || trial.NowUs - lostUs > 15_000_000))
            {
                return "at " + tenths + ": " + trial.Cuff.BladderMmHg + " mmHg after " + ((trial.NowUs - lostUs) / 1e6) + " s";
            }
        }

        return null;
    }

    private static string? LinkSilent()
    {
        CuffTrial trial = Begun(Make(), 12_000);
        string? wrong = Until(trial, () => trial.Run.State == CuffState.Bleed, 60);
        trial.Begin(TrialFault.LinkSilent, 0);
        long silentUs = trial.NowUs;
        wrong ??= Until(trial, () => trial.Run.State == CuffState.Dump, 6);
        long tookUs = trial.NowUs - silentUs;
        wrong ??= Ends(trial, FaultCode.CuffLinkLost, 15);
        return wrong ?? (tookUs is >= 4_950_000 and <= 5_050_000 ? null : "opened after " + (tookUs / 1e6) + " s");
    }

    private static string? LinkLostBetween()
    {
        foreach (CuffState when in new[] { CuffState.Dump, CuffState.Rest })
        {
            CuffTrial trial = Begun(Make(arm: 20));
            string? wrong = Until(trial, () => trial.Run.State == when, 200);
            trial.Begin(TrialFault.LinkLost, 0);
            trial.Tick(true);
            trial.Link.Connect(trial.NowUs);
            wrong ??= Until(trial, () => trial.Run.State == CuffState.Done, 200);
            if (wrong is not null || trial.Inflations != 1)
            {
                return when + ": " + (wrong ?? trial.Inflations + " inflations");
            }
        }

        return null;
    }

    private static string? SlowBleed()
    {
        CuffTrial trial = Begun(Make(new CuffPneumaticsOptions { PumpMilliLitresPerSecond = 35, BleedMilliLitresPerSecond = 26, GrowthMilliLitres = 400 }, limits: new CuffLimits { BleedFallCentiMmHg = 50 }), 25_000);
        trial.Begin(TrialFault.BleedSticking, 0);
        return Ends(trial, FaultCode.CuffTooLong, 250) ?? (trial.WorstAboveSeconds <= 175 ? null : "above 15 mmHg for " + trial.WorstAboveSeconds + " s");
    }

    private static string? NeverReaches()
    {
        CuffTrial trial = Begun(Make(new CuffPneumaticsOptions { PumpStallMmHg = 150 }), 20_000);
        long startUs = trial.NowUs;
        return Ends(trial, FaultCode.CuffInflationTimeout, 60) ?? (trial.NowUs - startUs < 45_000_000 ? null : "after " + ((trial.NowUs - startUs) / 1e6) + " s");
    }

    private static string? NotPluggedIn()
    {
        CuffTrial trial = Make();
        trial.Settle();
        trial.Begin(TrialFault.Disconnected, 0);
        trial.Run.TryStart(0, trial.NowUs);
        return Ends(trial, FaultCode.CuffNoPressure, 12);
    }

    private static string? Stops()
    {
        for (int tenths = 0; tenths < 620; tenths += 13)
        {
            CuffTrial trial = Begun(Make(), 12_000);
            string? wrong = Until(trial, () => trial.NowUs >= 100_000 * (tenths + 3), 80);
            trial.Run.Stop(AbsenceReason.Stopped, trial.NowUs);
            bool held = trial.Chain.IsDumpValveHeld;
            double before = trial.Cuff.BladderMmHg;
            for (int i = 0; i < 60; i++)
            {
                trial.Tick(true);
                held |= trial.Chain.IsDumpValveHeld;
            }

            wrong ??= held ? "the valve was held after a stop at " + tenths + " tenths"
                : before > 20 && trial.Cuff.BladderMmHg > before - 5 ? "the pressure did not fall after a stop at " + tenths + " tenths" : null;
            wrong ??= Until(trial, () => !trial.Run.IsActive, 15);
            if (wrong is not null)
            {
                return wrong;
            }
        }

        return null;
    }

    private static string? NotEmptied()
    {
        CuffTrial trial = Begun(Make());
        string? wrong = Until(trial, () => trial.Run.State == CuffState.Bleed, 40);
        trial.Cuff.Faults = CuffChainFaults.DumpStuckClosed | CuffChainFaults.BleedStuckClosed;
        trial.Run.Stop(AbsenceReason.Stopped, trial.NowUs);
        wrong ??= Until(trial, () => trial.Run.State == CuffState.Unconfirmed, 11);
        wrong ??= trial.Run.FaultCode == FaultCode.CuffDeflationNotConfirmed ? null : "said " + trial.Run.FaultCode;
        trial.Cuff.Faults = CuffChainFaults.Disconnected; // it was taken off
        return wrong ?? Until(trial, () => trial.Run.State == CuffState.Done, 11);
    }

    private static string? Jump()
    {
        CuffTrial trial = Begun(Make());
        string? wrong = Until(trial, () => trial.Run.State == CuffState.Bleed, 40);
        trial.Begin(TrialFault.SensorOffset, 300_000); // +65 mmHg at once
        wrong ??= Until(trial, () => trial.Run.State >= CuffState.Dump, 1);
        return wrong ?? (trial.Run.FaultCode == FaultCode.CuffImplausibleJump ? null : "said " + trial.Run.FaultCode);
    }

    private static string? Kinked()
    {
        CuffTrial trial = Begun(Make());
        string? wrong = Until(trial, () => trial.Run.State == CuffState.Inflate && trial.Cuff.BladderMmHg > 40, 40);
        trial.Begin(TrialFault.MeasuringLumenBlocked, 0);
        return wrong ?? Ends(trial, FaultCode.CuffHoseKinked, 30);
    }

    private static string? ComesOff()
    {
        CuffTrial trial = Begun(Make());
        string? wrong = Until(trial, () => trial.Run.State == CuffState.Bleed, 40);
        trial.Begin(TrialFault.BleedStuckOpen, 0);
        return wrong ?? Ends(trial, FaultCode.CuffCameOff, 30);
    }

    private static string? Leaks()
    {
        CuffTrial trial = Begun(Make(new CuffPneumaticsOptions { LeakMilliLitresPerSecond = 2.5 }));
        return Ends(trial, FaultCode.CuffLeaks, 60);
    }

    private static string? SticksLater()
    {
        CuffTrial trial = Begun(Make());
        string? wrong = Until(trial, () => trial.Run.State == CuffState.Bleed && trial.Cuff.BladderMmHg < 110, 60);
        trial.Begin(TrialFault.BleedStuckClosed, 0);
        return wrong ?? Ends(trial, FaultCode.CuffNoDeflation, 30);
    }

    private static string? Unusable()
    {
        CuffTrial trial = Begun(Make());
        string? wrong = Until(trial, () => trial.Run.State == CuffState.Inflate && trial.Cuff.BladderMmHg > 20, 40);
        trial.Begin(TrialFault.SensorOffset, 225_001); // -50 mmHg: below the range, withheld sample after sample
        long fromUs = trial.NowUs;
        wrong ??= Until(trial, () => trial.Run.State >= CuffState.Dump, 1);
        return wrong ?? (trial.NowUs - fromUs <= 120_000 ? null : "after " + (trial.NowUs - fromUs) + " us");
    }

    private static string? HighestTarget()
    {
        CuffTrial trial = Begun(Make(), 27_900);
        string? wrong = Until(trial, () => trial.Run.State == CuffState.Bleed, 60);
        return wrong ?? (trial.Run.TargetCentiMmHg <= 28_000 && trial.HighestMmHg < 290 ? null : "target " + trial.Run.TargetCentiMmHg + ", " + trial.HighestMmHg + " mmHg");
    }

    private static string? SecondRests()
    {
        CuffTrial trial = Begun(Make());
        string? wrong = Ends(trial, FaultCode.None);
        long doneUs = trial.NowUs;
        bool started = trial.Run.TryStart(0, trial.NowUs);
        wrong ??= Until(trial, () => trial.Run.State == CuffState.Inflate, 60);
        return wrong ?? (started && trial.NowUs - doneUs >= 30_000_000 ? null : "inflated after " + ((trial.NowUs - doneUs) / 1e6) + " s");
    }
}
