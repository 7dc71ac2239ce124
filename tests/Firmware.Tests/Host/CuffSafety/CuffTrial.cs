using System;
using System.Collections.Generic;
using System.Globalization;
using Firmware.Core;
using Firmware.Peripherals;
using Firmware.Pod.Channels;
using Firmware.Pod.Cuff;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Supervision;
using Firmware.Protocol;
using Firmware.Signals.Cuff;
using Firmware.Signals.Oscillometry;
using Simulators.Buses;
using Simulators.Cart.Pod;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Host.CuffSafety;

/// <summary>What goes wrong in a trial.</summary>
internal enum TrialFault
{
    None,
    SensorFrozen,
    SensorOffset,
    SensorSlow,
    SensorSaturated,
    SensorUnplugged,
    PumpStuckOn,
    PumpStuckOff,
    PumpWeak,
    BleedStuckClosed,
    BleedStuckOpen,
    BleedSticking,
    DumpStuckClosed,
    DumpStuckOpen,
    OneShotStuckHigh,
    OneShotStuckLow,
    SwitchStuckClosed,
    SwitchStuckOpen,
    MeasuringLumenBlocked,
    DumpLumenBlocked,
    Leak,
    Disconnected,
    LoopLost,
    PodFrozen,
    BrownOut,
    LinkLost,
    LinkSilent,
    BusHeld,
    BusHung,
    LoopStands,
}

/// <summary>An arm without a patient model: oscillations with an envelope around 95 mmHg, or none.</summary>
internal sealed class TestArm(double microLitres, double ratePerMinute) : IArmUnderCuff
{
    public double ArteryMicroLitres(long us, double cuffMmHg)
    {
        double beat = us * ratePerMinute / 60e6;
        double phase = beat - Math.Floor(beat);
        double pulse = phase < 0.15 ? phase / 0.15 : (1 - phase) / 0.85;
        double pressure = 78 + (42 * pulse);
        double x = (pressure - cuffMmHg - 2.5) / 15;
        return microLitres * 0.5 * (1 + (x / Math.Sqrt(1 + (x * x))));
    }
}

/// <summary>What a board costs a measurement, with nothing broken. All of it made up, but for what names its source.</summary>
internal sealed record TrialCosts
{
    /// <summary>Transactions that are not acknowledged, of a million.</summary>
    public int NacksPerMillion { get; init; }

    /// <summary>Each step of the loop comes late by up to this, µs.</summary>
    public int LateUs { get; init; }

    /// <summary>Steps that come 10 to 60 ms late, of a million.</summary>
    public int LongPerMillion { get; init; }

    /// <summary>Transactions behind which the program stands for 5 to 12 ms, as while native code or another thread has the processor, of a million: between a conversion's command and the look at it, too.</summary>
    public int PausesPerMillion { get; init; }

    /// <summary>A transaction takes this long, µs: at 400 kHz some 100 on the wires, and the native call.</summary>
    public int TransactionUs { get; init; }

    /// <summary>Flushes of the store a minute while no pressure is held; each stands for 50 to 150 ms. Source: 11 to 14 a minute with a link and 50 without, counted on the pod's store.</summary>
    public int FlushesPerMinute { get; init; }

    /// <summary>Times a minute that nothing arrives from a living gateway for 0.5 to 4.5 s.</summary>
    public int StallsPerMinute { get; init; }

    /// <summary>A board on a bus that is a little disturbed.</summary>
    public static TrialCosts Typical { get; } = new() { NacksPerMillion = 3_000, LateUs = 3_000, LongPerMillion = 100, TransactionUs = 250, FlushesPerMinute = 30, PausesPerMillion = 2_000 };

    public static TrialCosts Draw(SeededRandom random) => new()
    {
        NacksPerMillion = random.NextInt32(20_001),
        LateUs = random.NextInt32(4_001),
        LongPerMillion = random.NextInt32(201),
        TransactionUs = 100 + random.NextInt32(301),
        FlushesPerMinute = 11 + random.NextInt32(40),
        StallsPerMinute = random.NextInt32(3),
        PausesPerMillion = random.NextInt32(5_001),
    };
}

/// <summary>
/// One measurement with the unchanged driver, supervisor and state machine on the physics of a cuff, judged on the bladder's true pressure.
/// Compiled a second time, with one passage of the pod's sources changed, for the planted mutants.
/// </summary>
internal sealed class CuffTrial : II2cPort, II2cRecovery, IMonotonicClock
{
    public const long TickUs = 10_000;
    private const long HeldUs = 1_000_000; // of a transaction on a held bus; see SimulatedI2cPort
    private const long LongestUs = 800_000_000;
    private readonly ManualClock _clock = new();
    private readonly CuffPneumatics _cuff;
    private readonly SimulatedMprls0300 _simulated;
    private readonly Recorder _chain;
    private readonly CuffRun _run;
    private readonly CuffSelfTest _test;
    private readonly CalibrationHold _hold;
    private readonly Supervisor _supervisor;
    private readonly LinkWatch _link = new();
    private readonly BusMonitor _monitor;
    private readonly TrialCosts? _costs;
    private readonly SeededRandom _costly;
    private long _linkGoneUs = long.MaxValue / 2;
    private bool _linkSilent;
    private bool _unplugged;
    private bool _hung;
    private bool _isBusHeld;
    private bool _isBusHung;
    private long _busFreeUs;
    private long _standUs;
    private long _dueUs;
    private long _stalledUntilUs;
    private bool _isStanding;

    public CuffTrial(CuffPneumaticsOptions cuff, Mprls0300Options part, SeededRandom random, CuffLimits? limits = null, CuffCalibration? calibration = null, IArmUnderCuff? arm = null, TrialCosts? costs = null)
    {
        _costs = costs;
        _costly = random.Fork("costs");
        _cuff = new CuffPneumatics(cuff) { Arm = arm ?? new TestArm(1400, 72) };
        _cuff.PowerOn();
        _simulated = new SimulatedMprls0300(_clock, random.Fork("sensor"), part);
        _simulated.SetPressure(us =>
        {
            _cuff.AdvanceTo(us);
            return _cuff.ManifoldMicroMmHg;
        });
        _simulated.PowerOn();
        _chain = new Recorder(new SimulatedCuffActuators(_cuff, _clock), _clock);
        _run = new CuffRun(_chain, limits ?? new CuffLimits(), calibration ?? new CuffCalibration(), new OscillometricAnalysis(), _link);
        _test = new CuffSelfTest(_chain, limits ?? new CuffLimits(), calibration ?? new CuffCalibration(), _link);
        _hold = new CalibrationHold(_chain, limits ?? new CuffLimits(), calibration ?? new CuffCalibration(), _link);
        _link.Connect(0);
        TrialSensor sensor = new(this);
        PodCounters counters = new();
        EventReporter events = new(counters);
        _monitor = new BusMonitor(this, counters, events, this);
        _monitor.Held += nowUs => Failed(AbsenceReason.SensorFault, nowUs);
        Source = new Mprls0300(_monitor, SimulatedMprls0300.Address);
        _supervisor = new Supervisor(Source, sensor, _monitor, SimulatedMprls0300.Address, events);
    }

    public Mprls0300 Source { get; }

    public CuffRun Run => _run;

    public CuffSelfTest Test => _test;

    public CalibrationHold Hold => _hold;

    public CuffPneumatics Cuff => _cuff;

    public Recorder Chain => _chain;

    public LinkWatch Link => _link;

    public long NowUs => _clock.NowUs;

    /// <summary>Rules that were broken, each once.</summary>
    public List<string> Broken { get; } = [];

    public double WorstAboveSeconds { get; private set; }

    public long WorstDetectionUs { get; private set; }

    public int Inflations { get; private set; }

    public double HighestMmHg => _cuff.HighestMmHg;

    /// <summary>Transactions that were tried on the bus itself.</summary>
    public int Transactions { get; private set; }

    /// <summary>Takes the sensor off the bus, or puts it back.</summary>
    public bool IsUnplugged
    {
        get => _unplugged;
        set => _unplugged = value;
    }

    /// <summary>Nine clocks.</summary>
    public bool TryFree()
    {
        _isBusHung = false;
        _isBusHeld &= _clock.NowUs < _busFreeUs;
        return !_isBusHeld;
    }

    public I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount)
    {
        Transactions++;
        if (_isBusHeld || _isBusHung)
        {
            StandStill(HeldUs);
            return I2cStatus.BusStuck;
        }

        if (_costs is not null)
        {
            _clock.Advance(_costs.TransactionUs);
        }

        if (_unplugged || (_costs is not null && _costly.NextInt32(1_000_000) < _costs.NacksPerMillion))
        {
            return I2cStatus.AddressNack;
        }

        if (writeCount > 0)
        {
            if (!_simulated.Start(address, BusDirection.Write))
            {
                return I2cStatus.AddressNack;
            }

            for (int i = 0; i < writeCount; i++)
            {
                _simulated.Write(write[writeOffset + i]);
            }
        }

        if (readCount > 0)
        {
            if (!_simulated.Start(address, BusDirection.Read))
            {
                return I2cStatus.AddressNack;
            }

            for (int i = 0; i < readCount; i++)
            {
                read[readOffset + i] = _simulated.Read();
            }
        }

        _simulated.Stop();
        if (_costs is { PausesPerMillion: > 0 } && _costly.NextInt32(1_000_000) < _costs.PausesPerMillion)
        {
            _clock.Advance(5_000 + _costly.NextInt32(7_001));
        }

        return I2cStatus.Ok;
    }

    /// <summary>One trial of a seed: what is drawn, and what was broken; null when nothing was.</summary>
    public static string? Validate(ulong seed, TrialFault? only, CuffTrialFigures? figures, bool withCosts = false)
    {
        SeededRandom random = new(seed);
        SeededRandom knobs = random.Fork("knobs");
        CuffPneumaticsOptions cuff = CuffPneumaticsOptions.Draw(knobs);
        Mprls0300Options part = new() { HasPartError = true, ConversionUs = 4_500 + knobs.NextInt32(1_001) };
        TrialFault fault = only ?? (TrialFault)knobs.NextInt32((int)TrialFault.LoopStands + 1);
        long atUs = knobs.NextInt32(4) == 0 ? 0 : knobs.NextInt32(50_000_000);
        int lastSystolic = knobs.NextInt32(3) == 0 ? 0 : 9_000 + knobs.NextInt32(18_000);
        int degree = knobs.NextInt32(1_000_001);
        double arm = knobs.NextInt32(5) == 0 ? 20 : 700 + knobs.NextInt32(1_200);
        double rate = 45 + knobs.NextInt32(90);
        TrialCosts? costs = withCosts ? TrialCosts.Draw(random.Fork("board")) : null;
        CuffTrial trial = new(cuff, part, random, arm: new TestArm(arm, rate), costs: costs);
        trial.Go(fault, atUs, degree, lastSystolic);
        if (costs is not null && !trial._begun && trial.Broken.Count == 0)
        {
            // Nothing was wrong: what ends it, and would not have ended it without the board's costs, is a nuisance.
            CuffTrial ideal = new(cuff, part, new SeededRandom(seed), arm: new TestArm(arm, rate));
            bool isIdeal = trial.Run.FaultCode == FaultCode.None;
            if (!isIdeal)
            {
                ideal.Go(TrialFault.None, atUs, degree, lastSystolic);
            }

            figures?.Compare(seed, trial.Run, isIdeal ? trial.Run : ideal.Run);
        }

        figures?.Add(fault, trial);
        if (trial.Broken.Count == 0)
        {
            return null;
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"seed {seed}: {string.Join("; ", trial.Broken)} (fault {fault} at {atUs / 1e6:F2} s, degree {degree}, last systolic {lastSystolic}, {cuff}, {part}, {costs})");
    }

    /// <summary>One self test of a seed, off the arm and with nothing wrong.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="withCosts">With a board's costs.</param>
    /// <param name="broken">Rules that were broken; null for none.</param>
    /// <param name="ended">How it ended, in words.</param>
    /// <returns>True when it passed.</returns>
    public static bool PassesSelfTest(ulong seed, bool withCosts, out string? broken, out string ended)
    {
        SeededRandom random = new(seed);
        SeededRandom knobs = random.Fork("knobs");
        CuffPneumaticsOptions cuff = CuffPneumaticsOptions.Draw(knobs);
        Mprls0300Options part = new() { HasPartError = true, ConversionUs = 4_500 + knobs.NextInt32(1_001) };
        CuffTrial trial = new(cuff, part, random, costs: withCosts ? TrialCosts.Draw(random.Fork("board")) : null);
        trial._cuff.Faults = CuffChainFaults.OffTheArm;
        trial._chain.IsSelfTest = true;
        trial.Settle();
        long startUs = trial.NowUs;
        trial._test.TryStart(startUs);
        while ((trial._test.IsActive || trial._cuff.BladderMmHg > 1) && trial.NowUs - startUs < LongestUs)
        {
            trial.Tick(true);
        }

        trial.Rule(trial.HighestMmHg <= 330, "the bladder had " + trial.HighestMmHg.ToString("F1", CultureInfo.InvariantCulture) + " mmHg");
        trial.Rule(trial._cuff.BladderMmHg < 15, "the cuff never emptied");
        broken = trial.Broken.Count == 0 ? null : $"seed {seed}: " + string.Join("; ", trial.Broken);
        ended = trial._test.LateLoops > 0 ? "late loop" : trial._test.LinkLosses > 0 ? "link" : trial._test.Link + " " + trial._test.Measured;
        return trial._test.IsValid(trial.NowUs);
    }

    /// <summary>The part answers, and the loop has begun.</summary>
    public void Settle()
    {
        while (_supervisor.State != SupervisorState.Measuring && _clock.NowUs < 10_000_000)
        {
            Tick(true);
        }
    }

    /// <summary>One turn of the pod's loop and of the physical world.</summary>
    /// <param name="loopLives">False when nothing calls the pod's code any more.</param>
    public void Tick(bool loopLives)
    {
        long end = _clock.NowUs + TickUs;
        while (loopLives && Math.Max(_dueUs, _clock.NowUs) < end)
        {
            _clock.AdvanceTo(Math.Max(_dueUs, _clock.NowUs));
            if (_standUs > 0)
            {
                StandStill(_standUs);
                _standUs = 0;
            }

            if (!_linkSilent && _clock.NowUs >= _stalledUntilUs)
            {
                _link.Hear(_clock.NowUs);
            }

            // The loop is called when the driver wants it, at the latest each 10 ms, and late where a board is.
            long nowUs = _clock.NowUs;
            _chain.State = _run.State;
            _monitor.NowUs = nowUs;
            long next = _supervisor.Step(nowUs);
            nowUs = _monitor.NowUs;
            Follow();
            _chain.State = _run.State;
            next = Math.Min(next, Math.Max(Math.Min(_run.Step(nowUs), Math.Min(_test.Step(nowUs), _hold.Step(nowUs))), nowUs));
            Rule(!_hold.IsHolding || !_cuff.IsDumpValveCoilPowered || nowUs - Source.SampledAtUs <= 100_000, "no sample for more than 100 ms, and a calibration's pressure was held");
            bool isLive = _run.State is CuffState.Inflate or CuffState.Hold or CuffState.Bleed;
            Rule(!isLive || nowUs - Math.Max(Source.SampledAtUs, _run.InflatedSinceUs) <= 100_000, "no sample for more than 100 ms, and the loop kept the cuff inflated");
            Follow();
            _dueUs = Math.Max(Math.Min(next, Math.Max(end, nowUs)), nowUs + 1_000) + Late(nowUs);
        }

        _clock.AdvanceTo(Math.Max(end, _clock.NowUs));
        Advance();
        Watch(loopLives);
    }

    // A conversion that ended meanwhile is of the pressure at its end.
    private void Advance()
    {
        _simulated.CatchUp();
        _cuff.AdvanceTo(_clock.NowUs);
    }

    // What the board costs before the next step of the loop, µs.
    private long Late(long nowUs)
    {
        if (_costs is null)
        {
            return 0;
        }

        // About three steps in 10 ms.
        if (nowUs > _stalledUntilUs + 1_000_000 && _costly.NextInt32(60_000_000) < _costs.StallsPerMinute * TickUs / 3)
        {
            _stalledUntilUs = nowUs + 500_000 + _costly.NextInt32(4_000_001);
        }

        long lateUs = _costs.LateUs == 0 ? 0 : _costly.NextInt32(_costs.LateUs);
        if (_costly.NextInt32(1_000_000) < _costs.LongPerMillion)
        {
            lateUs += 10_000 + _costly.NextInt32(50_001);
        }

        bool isHeld = _run.State is CuffState.Inflate or CuffState.Hold or CuffState.Bleed || _test.NeedsSteadyLoop || _hold.IsHolding;
        if (!isHeld && _costly.NextInt32(60_000_000) < _costs.FlushesPerMinute * TickUs / 3)
        {
            lateUs += 50_000 + _costly.NextInt32(100_001);
        }

        return lateUs;
    }

    // The program stands in a call that waits; the physical world goes on.
    private void StandStill(long us)
    {
        _isStanding = true;
        for (long end = _clock.NowUs + us; _clock.NowUs < end;)
        {
            _clock.Advance(Math.Min(TickUs, end - _clock.NowUs));
            Advance();
            Watch(false);
        }

        _isStanding = false;
    }

    /// <summary>The loop's next step comes late.</summary>
    public void Stand(int us) => _standUs = us;

    public void Begin(TrialFault fault, int degree)
    {
        switch (fault)
        {
            case TrialFault.SensorFrozen:
                _simulated.IsFrozen = true;
                break;
            case TrialFault.SensorOffset:
                _simulated.OffsetMicroMmHg = (degree % 2 == 0 ? 1 : -1) * (5_000_000L + (degree * 200L));
                break;
            case TrialFault.SensorSlow:
                _simulated.SlowUs = 6_000 + (degree / 10);
                break;
            case TrialFault.SensorSaturated:
                _simulated.IsSaturated = true;
                break;
            case TrialFault.SensorUnplugged:
                _unplugged = true;
                break;
            case TrialFault.BusHeld:
                _isBusHeld = true;
                _busFreeUs = _clock.NowUs + 5_000_000 + (degree * 20L);
                break;
            case TrialFault.BusHung:
                _isBusHung = true;
                break;
            case TrialFault.LoopStands:
                _standUs = 30_000 + (degree / 2);
                break;
            case TrialFault.LinkLost:
                _link.OnLinkLost();
                _linkGoneUs = _clock.NowUs;
                break;
            case TrialFault.LinkSilent:
                _linkSilent = true;
                _linkGoneUs = _clock.NowUs + LinkWatch.MaxSilenceUs;
                break;
            case TrialFault.PodFrozen:
            case TrialFault.LoopLost:
                _hung = true;
                break;
            case TrialFault.BrownOut:
                _cuff.PowerOff();
                _hung = true;
                break;
            default:
                _cuff.Faults = ChainFault(fault);
                break;
        }
    }

    private static CuffChainFaults ChainFault(TrialFault fault) => fault switch
    {
        TrialFault.PumpStuckOn => CuffChainFaults.PumpStuckOn,
        TrialFault.PumpStuckOff => CuffChainFaults.PumpStuckOff,
        TrialFault.PumpWeak => CuffChainFaults.PumpWeak,
        TrialFault.BleedStuckClosed => CuffChainFaults.BleedStuckClosed,
        TrialFault.BleedStuckOpen => CuffChainFaults.BleedStuckOpen,
        TrialFault.BleedSticking => CuffChainFaults.BleedSticking,
        TrialFault.DumpStuckClosed => CuffChainFaults.DumpStuckClosed,
        TrialFault.DumpStuckOpen => CuffChainFaults.DumpStuckOpen,
        TrialFault.OneShotStuckHigh => CuffChainFaults.OneShotStuckHigh,
        TrialFault.OneShotStuckLow => CuffChainFaults.OneShotStuckLow,
        TrialFault.SwitchStuckClosed => CuffChainFaults.SwitchStuckClosed,
        TrialFault.SwitchStuckOpen => CuffChainFaults.SwitchStuckOpen,
        TrialFault.MeasuringLumenBlocked => CuffChainFaults.MeasuringLumenBlocked,
        TrialFault.DumpLumenBlocked => CuffChainFaults.DumpLumenBlocked,
        TrialFault.Leak => CuffChainFaults.Leak,
        TrialFault.Disconnected => CuffChainFaults.Disconnected,
        _ => CuffChainFaults.None,
    };

    private void Go(TrialFault fault, long atUs, int degree, int lastSystolic)
    {
        Settle();
        long startUs = _clock.NowUs;
        bool begun = false;
        _begun = false;
        long inflatedAtFault = 0;
        _run.TryStart(lastSystolic, startUs);
        while (_clock.NowUs - startUs < LongestUs)
        {
            if (!begun && fault != TrialFault.None && _clock.NowUs - startUs >= atUs)
            {
                begun = true;
                _begun = true;
                inflatedAtFault = _run.MayBeInflated && _run.State < CuffState.Dump ? _clock.NowUs : 0;
                Begin(fault, degree);
            }

            bool wasLive = _run.MayBeInflated && _run.State < CuffState.Dump;
            Tick(!_hung);
            bool isLive = _run.MayBeInflated && _run.State < CuffState.Dump;
            if (begun && inflatedAtFault != 0 && wasLive && !isLive && !_hung)
            {
                long tookUs = _clock.NowUs - inflatedAtFault;
                inflatedAtFault = 0;
                if (fault is TrialFault.SensorFrozen or TrialFault.SensorSlow or TrialFault.SensorUnplugged or TrialFault.SensorSaturated)
                {
                    WorstDetectionUs = Math.Max(WorstDetectionUs, tookUs);
                    Rule(tookUs <= 120_000 + (_costs is null ? 0 : 64_000), "the sensor was lost for " + tookUs + " us before the valves were opened");
                }
                else if (fault is TrialFault.BusHeld or TrialFault.BusHung)
                {
                    WorstDetectionUs = Math.Max(WorstDetectionUs, tookUs);
                    Rule(tookUs <= HeldUs + 80_000 + TickUs, "the bus was held for " + tookUs + " us before the valves were opened");
                }
                else if (fault is TrialFault.LoopStands)
                {
                    WorstDetectionUs = Math.Max(WorstDetectionUs, tookUs);
                    Rule(_run.FaultCode == FaultCode.None || _run.FaultCode == FaultCode.CuffLoopLate || tookUs > 2_000_000, "a loop that stood was called " + _run.FaultCode);
                }
                else if (fault is TrialFault.LinkLost or TrialFault.LinkSilent)
                {
                    WorstDetectionUs = Math.Max(WorstDetectionUs, tookUs);
                }
            }

            bool over = _hung || !_run.IsActive;
            if (over && _cuff.BladderMmHg < 15 && (!begun || _clock.NowUs - startUs > atUs))
            {
                break;
            }

            if (over && !begun && _cuff.BladderMmHg < 15)
            {
                break; // it ended before its fault
            }
        }

        double highest = _cuff.HighestMmHg;
        Rule(highest <= (fault == TrialFault.None ? 300 : 330), "the bladder had " + highest.ToString("F1", CultureInfo.InvariantCulture) + " mmHg");
        bool seesTruth = fault is TrialFault.None or TrialFault.PumpStuckOn or TrialFault.PumpWeak or TrialFault.BleedStuckClosed or TrialFault.BleedSticking
            or TrialFault.SwitchStuckClosed or TrialFault.DumpLumenBlocked or TrialFault.OneShotStuckHigh or TrialFault.Leak or TrialFault.BusHeld or TrialFault.BusHung or TrialFault.LoopStands;
        Rule(!seesTruth || highest <= 300, "software that saw the truth let " + highest.ToString("F1", CultureInfo.InvariantCulture) + " mmHg be");
        Rule(_cuff.BladderMmHg < 15, "the cuff never emptied");
        if (fault == TrialFault.SensorOffset && atUs == 0)
        {
            Rule(Math.Abs(_simulated.OffsetMicroMmHg) < 12_000_000 || highest < 5, "a sensor that is off by " + (_simulated.OffsetMicroMmHg / 1_000_000) + " mmHg inflated a cuff");
        }
    }

    private void Failed(AbsenceReason reason, long nowUs)
    {
        _run.SensorFailed(reason, nowUs);
        _test.SensorFailed(reason, nowUs);
        _hold.SensorFailed(reason, nowUs);
    }

    private void Follow()
    {
        if (_chain.Opened(_chain.State, _run.State) is { } wrong)
        {
            Rule(false, wrong);
        }
    }

    private long _aboveSinceUs = -1;
    private long _emptySinceUs = long.MinValue;
    private bool _wasPumping;
    private bool _begun;

    private void Watch(bool loopLives)
    {
        bool above = _cuff.BladderMmHg > 15;
        _aboveSinceUs = !above ? -1 : _aboveSinceUs < 0 ? _clock.NowUs : _aboveSinceUs;
        if (above)
        {
            double seconds = (_clock.NowUs - _aboveSinceUs) / 1e6;
            WorstAboveSeconds = Math.Max(WorstAboveSeconds, seconds);
            Rule(seconds <= 180, "above 15 mmHg for more than 180 s");
        }

        bool pumping = _run.State == CuffState.Inflate && loopLives;
        if (pumping && !_wasPumping)
        {
            Inflations++;
            Rule(_clock.NowUs <= _linkGoneUs + TickUs, "inflated without a gateway");
            Rule(_emptySinceUs == long.MinValue || _clock.NowUs - _emptySinceUs >= 29_900_000, "inflated again without 30 s of rest");
            Rule(Inflations <= 3, "inflated more than three times");
        }

        if (_run.State == CuffState.Dump && _wasMeasuring)
        {
            _emptySinceUs = _clock.NowUs;
        }

        _wasMeasuring = _run.MayBeInflated && _run.State < CuffState.Dump;
        _wasPumping = pumping;
        if (_isStanding && _wasMeasuring)
        {
            // The hardware alone can act, and it does: 500 ms behind the newest trigger, which came at most 100 ms behind its sample.
            Rule(_clock.NowUs - Source.SampledAtUs <= 600_000 + TickUs || !_chain.IsDumpValveHeld || _cuff.Faults != CuffChainFaults.None, "the dump valve was held while the program stood");
        }
        else if (loopLives && _wasMeasuring)
        {
            Rule(_clock.NowUs - (2 * TickUs) <= _linkGoneUs, "the gateway was gone, and the cuff was kept inflated");
            Rule(_costs is not null || _clock.NowUs - Source.SampledAtUs <= 100_000 + TickUs, "no sample for more than 100 ms, and the cuff was kept inflated");
        }
    }

    private bool _wasMeasuring;

    private void Rule(bool holds, string otherwise)
    {
        if (!holds && Broken.Count < 8 && !Broken.Contains(otherwise))
        {
            Broken.Add(otherwise);
        }
    }

    /// <summary>The pod's sensor, without ring and session.</summary>
    private sealed class TrialSensor(CuffTrial trial) : Sensor(1)
    {
        public override void OnSample(long nowUs)
        {
            trial._chain.InSample = true;
            trial._test.Sample(trial.Source.PressureMilliMmHg, trial.Source.SampledAtUs, nowUs);
            trial._hold.Sample(trial.Source.PressureMilliMmHg, trial.Source.SampledAtUs, nowUs);
            trial._run.Sample(trial.Source.PressureMilliMmHg, trial.Source.SampledAtUs, nowUs);
            trial._chain.InSample = false;
        }

        public override void Suppress(AbsenceReason reason, long nowUs)
        {
            if (reason == AbsenceReason.Saturated)
            {
                trial.Failed(reason, nowUs);
            }
        }

        public override void OnDeviceLost(long nowUs) => trial.Failed(AbsenceReason.SensorFault, nowUs);

        public override void ChangeEpoch(uint epoch, long nowUs)
        {
        }

        public override long Step(AbsenceReason reason, long nowUs) => long.MaxValue;
    }

    /// <summary>The chain with a record of what was commanded, in order.</summary>
    internal sealed class Recorder(ICuffActuators chain, ManualClock clock) : ICuffActuators
    {
        private readonly List<(long AtUs, char What, int Value)> _recent = [];

        public bool InSample { get; set; }

        public CuffState State { get; set; }

        public bool TriggeredOutside { get; private set; }

        /// <summary>True while a self test runs: beyond the sensor's range it goes on without samples, bounded by time.</summary>
        public bool IsSelfTest { get; set; }

        /// <summary>True when the pump was driven.</summary>
        public bool HasPumped { get; private set; }

        /// <summary>True when the bleed valve was opened wide while the dump valve was held.</summary>
        public bool BleedFirst { get; private set; }

        public bool IsDumpValveHeld => chain.IsDumpValveHeld;

        public bool IsPressureSwitchOpen => chain.IsPressureSwitchOpen;

        public void SetPump(int dutyPermille)
        {
            HasPumped |= dutyPermille > 0;
            _recent.Add((clock.NowUs, 'p', dutyPermille));
            chain.SetPump(dutyPermille);
        }

        public void SetBleedValve(int openPermille)
        {
            BleedFirst |= openPermille == 1000 && chain.IsDumpValveHeld;
            _recent.Add((clock.NowUs, 'b', openPermille));
            chain.SetBleedValve(openPermille);
        }

        public void TriggerDumpHold()
        {
            TriggeredOutside |= !InSample && !IsSelfTest;
            chain.TriggerDumpHold();
        }

        public void OpenDumpValve()
        {
            _recent.Add((clock.NowUs, 'd', 0));
            chain.OpenDumpValve();
        }

        /// <summary>Looks at what was commanded since the last look: when the cuff is vented, the dump valve comes first, then bleed, then pump.</summary>
        public string? Opened(CuffState before, CuffState now)
        {
            string? wrong = TriggeredOutside ? "the one-shot was triggered without a sample" : null;
            if (before is CuffState.Inflate or CuffState.Hold or CuffState.Bleed && now is CuffState.Dump && wrong is null)
            {
                int from = _recent.FindIndex(c => c.What == 'd');
                bool order = from >= 0 && from + 2 < _recent.Count && _recent[from + 1] is { What: 'b', Value: 1000 } && _recent[from + 2] is { What: 'p', Value: 0 }
                    && !_recent.GetRange(0, from).Exists(c => c is { What: 'p', Value: 0 });
                wrong = order ? null : "the dump valve was not opened first, then the bleed valve, then the pump";
            }

            _recent.Clear();
            return wrong;
        }
    }
}

/// <summary>What a run of trials measured.</summary>
internal sealed class CuffTrialFigures
{
    private readonly object _gate = new();
    private readonly SortedDictionary<TrialFault, (int Count, double Highest, double Above, long DetectionUs)> _rows = [];

    /// <summary>Measurements with a board's costs in which nothing was wrong.</summary>
    public int Judged { get; private set; }

    /// <summary>Those that a fault ended which would not have ended them without the costs.</summary>
    public List<string> Nuisances { get; } = [];

    /// <summary>Those that gave no blood pressure, where they would have without the costs.</summary>
    public int Unread { get; private set; }

    public void Compare(ulong seed, CuffRun run, CuffRun ideal)
    {
        lock (_gate)
        {
            Judged++;
            if (run.FaultCode == ideal.FaultCode)
            {
                return;
            }

            if (run.FaultCode == FaultCode.CuffNoReading)
            {
                Unread++;
            }
            else
            {
                Nuisances.Add($"seed {seed}: {run.FaultCode} in place of {ideal.FaultCode}");
            }
        }
    }

    public void Add(TrialFault fault, CuffTrial trial)
    {
        lock (_gate)
        {
            _rows.TryGetValue(fault, out (int Count, double Highest, double Above, long DetectionUs) row);
            _rows[fault] = (row.Count + 1, Math.Max(row.Highest, trial.HighestMmHg), Math.Max(row.Above, trial.WorstAboveSeconds), Math.Max(row.DetectionUs, trial.WorstDetectionUs));
        }
    }

    public override string ToString()
    {
        System.Text.StringBuilder text = new();
        text.Append("fault                   trials  highest mmHg  longest above 15 mmHg, s  worst detection, ms\n");
        foreach ((TrialFault fault, (int count, double highest, double above, long us)) in _rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"{fault,-24}{count,6}{highest,14:F1}{above,26:F1}{(us == 0 ? "-" : (us / 1000).ToString(CultureInfo.InvariantCulture)),21}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"with a board's costs and nothing wrong: {Judged} measurements, {Nuisances.Count} ended by them, {Unread} without a reading by them\n");
        Nuisances.Sort(StringComparer.Ordinal);
        text.AppendJoin('\n', Nuisances);
        return text.ToString();
    }
}
