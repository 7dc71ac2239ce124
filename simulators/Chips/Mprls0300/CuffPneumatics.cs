using System;

namespace Simulators.Chips;

/// <summary>
/// A blood pressure cuff with pump, valves, and the two parts that are beyond software's reach. README.md draws the chain. The bladder has two lumina: one leads
/// to pump, bleed valve and sensor, the other to dump valve and pressure switch, so that no single blocked hose holds the air in.
/// Everything is gauge pressure in mmHg and air in mL at the room's pressure (isothermal). Steps of 1 ms, worked out at the next access.
/// </summary>
public sealed class CuffPneumatics
{
    /// <summary>Length of one step, µs.</summary>
    public const long StepUs = 1_000;

    /// <summary>The room's pressure, mmHg.</summary>
    public const double RoomMmHg = 760;

    /// <summary>The pressure switch closes again below this pressure, mmHg, when it has opened. Assumption: a latching switch with a wide hysteresis.</summary>
    public const double SwitchClosesMmHg = 20;

    /// <summary>Air in the measuring lumen and what is joined to it, mL. Assumption.</summary>
    private const double ManifoldMilliLitres = 12;

    /// <summary>Air in the dump lumen, mL. Assumption.</summary>
    private const double DumpMilliLitres = 8;

    /// <summary>Flow of an open end at 100 mmHg, mL/s. Assumption.</summary>
    private const double OpenEndMilliLitresPerSecond = 400;

    /// <summary>A large leak at 100 mmHg, mL/s. Assumption: a torn tube.</summary>
    private const double LargeLeakMilliLitresPerSecond = 12;

    /// <summary>How much more a cuff takes that lies off the arm. Assumption.</summary>
    private const double OffTheArmGrowth = 3.5;

    /// <summary>How far a sticking bleed valve opens.</summary>
    private const double StickingOpening = 1.0 / 6;

    /// <summary>What a worn pump still gives.</summary>
    private const double WornShare = 1.0 / 6;

    private const double InflatedMmHg = 15;

    private const double StepSeconds = StepUs / 1e6;

    private readonly CuffPneumaticsOptions _options;
    private readonly double _growthMilliLitres;
    private double _bladder;
    private double _manifold;
    private double _dump;
    private double _artery;
    private double _pumpDuty;
    private double _bleedOpen = 1;
    private double _pumpSpeed;
    private long _nowUs;
    private long _heldUntilUs;
    private bool _dumpHeld;
    private long _dumpReleasedUs;
    private bool _switchOpen;
    private bool _powered;
    private long _inflatedUs;

    /// <summary>Makes a cuff without pressure and without supply.</summary>
    /// <param name="options">Which.</param>
    public CuffPneumatics(CuffPneumaticsOptions? options = null)
    {
        _options = options ?? new CuffPneumaticsOptions();
        _growthMilliLitres = _options.GrowthMilliLitres;
    }

    /// <summary>The arm in it, or null for a stiff one.</summary>
    public IArmUnderCuff? Arm { get; set; }

    /// <summary>What is wrong.</summary>
    public CuffChainFaults Faults { get; set; }

    /// <summary>Pressure in the bladder: what the arm feels, µmmHg.</summary>
    public long BladderMicroMmHg => (long)Math.Floor((_bladder * 1e6) + 0.5);

    /// <summary>Pressure where the sensor sits, µmmHg.</summary>
    public long ManifoldMicroMmHg => (long)Math.Floor((_manifold * 1e6) + 0.5);

    /// <summary>Pressure in the bladder, mmHg.</summary>
    public double BladderMmHg => _bladder;

    /// <summary>Highest pressure that was in the bladder, mmHg.</summary>
    public double HighestMmHg { get; private set; }

    /// <summary>Longest time that the bladder was above 15 mmHg without a break, µs. Source of the 15: IEC 80601-2-30, 201.12.1.107.</summary>
    public long LongestInflatedUs { get; private set; }

    /// <summary>True while current flows through the dump valve's coil.</summary>
    public bool IsDumpValveCoilPowered => HasSupply && IsOneShotHigh;

    /// <summary>True while the pressure switch has cut the current of pump and valves.</summary>
    public bool IsPressureSwitchOpen => Has(CuffChainFaults.SwitchStuckOpen) || (_switchOpen && !Has(CuffChainFaults.SwitchStuckClosed));

    /// <summary>True while the one-shot's output is high.</summary>
    public bool IsOneShotHigh => _powered && !Has(CuffChainFaults.OneShotStuckLow) && (Has(CuffChainFaults.OneShotStuckHigh) || _nowUs < _heldUntilUs);

    private bool HasSupply => _powered && !IsPressureSwitchOpen;

    /// <summary>The supply comes; every input is off.</summary>
    public void PowerOn()
    {
        _powered = true;
        Reset();
    }

    /// <summary>The supply goes: no current anywhere.</summary>
    public void PowerOff()
    {
        _powered = false;
        Reset();
    }

    /// <summary>The pod is reset: its pins float, and the pull resistors switch everything off.</summary>
    public void Reset()
    {
        _pumpDuty = 0;
        _bleedOpen = 1;
        _heldUntilUs = 0;
    }

    /// <summary>The pump's input.</summary>
    /// <param name="dutyPermille">0 to 1000.</param>
    public void SetPump(int dutyPermille) => _pumpDuty = Math.Clamp(dutyPermille, 0, 1000) / 1000.0;

    /// <summary>The bleed valve's input.</summary>
    /// <param name="openPermille">0 (full current) to 1000 (none).</param>
    public void SetBleedValve(int openPermille) => _bleedOpen = Math.Clamp(openPermille, 0, 1000) / 1000.0;

    /// <summary>The one-shot's trigger input.</summary>
    public void TriggerOneShot() => _heldUntilUs = _powered ? _nowUs + _options.OneShotUs : 0;

    /// <summary>The one-shot's clear input.</summary>
    public void ClearOneShot() => _heldUntilUs = 0;

    /// <summary>Brings the physical world to a time.</summary>
    /// <param name="us">True time, µs; one before the present does nothing.</param>
    public void AdvanceTo(long us)
    {
        while (_nowUs + StepUs <= us)
        {
            if (IsAtRest)
            {
                // Nothing moves while all is empty and off.
                _nowUs = us - (us % StepUs);
                return;
            }

            Step();
        }
    }

    private bool IsAtRest => _bladder < 0.001 && _manifold < 0.001 && _dump < 0.001 && _pumpSpeed == 0 && !(PumpRuns && _powered) && !_dumpHeld && !IsDumpValveCoilPowered;

    private bool PumpRuns => !Has(CuffChainFaults.PumpStuckOff) && (_pumpDuty > 0 || Has(CuffChainFaults.PumpStuckOn));

    private bool Has(CuffChainFaults fault) => (Faults & fault) != CuffChainFaults.None;

    private void Step()
    {
        _nowUs += StepUs;
        FollowSwitch();
        bool current = IsDumpValveCoilPowered;
        FollowDumpValve(current);

        // The one-shot also gates the pump's supply: a shorted transistor cannot pump for long.
        double drive = current && PumpRuns ? Has(CuffChainFaults.PumpStuckOn) ? 1 : _pumpDuty : 0;
        _pumpSpeed += (drive - _pumpSpeed) * 0.02; // Assumption: a time constant of 50 ms
        if (_pumpSpeed < 0.0005 && drive == 0)
        {
            _pumpSpeed = 0;
        }

        double bleedOpen = Has(CuffChainFaults.BleedStuckClosed) ? 0 : Has(CuffChainFaults.BleedStuckOpen) || !HasSupply ? 1 : _bleedOpen;
        bleedOpen = Has(CuffChainFaults.BleedSticking) ? Math.Min(bleedOpen, StickingOpening) : bleedOpen;
        bool dumpOpen = !Has(CuffChainFaults.DumpStuckClosed) && (Has(CuffChainFaults.DumpStuckOpen) || !_dumpHeld);
        double pump = (Has(CuffChainFaults.PumpWeak) ? WornShare : 1) * _options.PumpMilliLitresPerSecond * _pumpSpeed * Math.Max(0, 1 - (_manifold / _options.PumpStallMmHg));

        // An orifice passes the root of the pressure; a needle valve's opening acts with its square.
        double bleed = _options.BleedMilliLitresPerSecond * bleedOpen * bleedOpen * Slope(_manifold);
        double dump = dumpOpen ? _options.DumpMilliLitresPerSecond * Slope(_dump) : 0;
        double leakRate = _options.LeakMilliLitresPerSecond + (Has(CuffChainFaults.Leak) ? LargeLeakMilliLitresPerSecond : 0);
        double leak = leakRate * Slope(_bladder);
        double measuring = Has(CuffChainFaults.MeasuringLumenBlocked) ? 0 : _options.LumenConductance;
        double dumping = Has(CuffChainFaults.DumpLumenBlocked) ? 0 : _options.LumenConductance;
        if (Has(CuffChainFaults.Disconnected))
        {
            measuring = 0;
            dumping = 0;
            bleed += OpenEndMilliLitresPerSecond * Slope(_manifold);
            dump += OpenEndMilliLitresPerSecond * Slope(_dump);
            leak += OpenEndMilliLitresPerSecond * Slope(_bladder);
        }

        // Backward Euler for the two small volumes, whose time constants are shorter than a step; the bladder follows with what flowed.
        double manifoldStore = ManifoldMilliLitres / RoomMmHg / StepSeconds;
        double dumpStore = DumpMilliLitres / RoomMmHg / StepSeconds;
        double manifold = ((manifoldStore * _manifold) + pump + (measuring * _bladder)) / (manifoldStore + measuring + bleed);
        double dumped = ((dumpStore * _dump) + (dumping * _bladder)) / (dumpStore + dumping + dump);
        double inflow = (measuring * (manifold - _bladder)) + (dumping * (dumped - _bladder)) - (leak * _bladder);
        double artery = Arm is null ? 0 : Arm.ArteryMicroLitres(_nowUs, _bladder) / 1000;
        double squeezed = (artery - _artery) * (RoomMmHg + _bladder) / RoomMmHg; // the artery takes room from the bladder
        _artery = artery;
        _manifold = manifold;
        _dump = dumped;
        _bladder = Math.Max(0, _bladder + (((inflow * StepSeconds) + squeezed) / AirPerMmHg(_bladder)));
        HighestMmHg = Math.Max(HighestMmHg, _bladder);
        _inflatedUs = _bladder > InflatedMmHg ? _inflatedUs + StepUs : 0;
        LongestInflatedUs = Math.Max(LongestInflatedUs, _inflatedUs);
    }

    /// <summary>mL of the room's air that raise the bladder by 1 mmHg: what is pressed together, and what it grows by.</summary>
    private double AirPerMmHg(double mmHg)
    {
        double growth = Has(CuffChainFaults.OffTheArm) ? _growthMilliLitres * OffTheArmGrowth : _growthMilliLitres;
        double half = _options.HalfGrowthMmHg;
        double volume = _options.EmptyMilliLitres + (growth * mmHg / (mmHg + half));
        double compliance = growth * half / ((mmHg + half) * (mmHg + half));
        return (volume / RoomMmHg) + ((RoomMmHg + mmHg) / RoomMmHg * compliance);
    }

    /// <summary>Flow per mmHg of an orifice that passes 1 mL/s at 100 mmHg; bounded near zero, where flow becomes laminar.</summary>
    private static double Slope(double mmHg) => 10 / (100 * Math.Sqrt(Math.Max(mmHg, 1)));

    private void FollowSwitch()
    {
        if (_dump >= _options.SwitchMmHg)
        {
            _switchOpen = true;
        }
        else if (_dump < SwitchClosesMmHg)
        {
            _switchOpen = false;
        }
    }

    private void FollowDumpValve(bool current)
    {
        if (current)
        {
            _dumpReleasedUs = _nowUs;
            _dumpHeld = true;
        }
        else if (_dumpHeld && _nowUs - _dumpReleasedUs >= _options.ValveDelayUs)
        {
            _dumpHeld = false;
        }
    }
}
