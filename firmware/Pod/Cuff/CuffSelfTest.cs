using Firmware.Core;
using Firmware.Pod.Supervision;
using Firmware.Signals.Cuff;

namespace Firmware.Pod.Cuff;

/// <summary>The links of the cuff's chain, in the order of their test.</summary>
public enum CuffLink : byte
{
    /// <summary>The open cuff reads zero; measured: hundredths of mmHg.</summary>
    Zero = 1,

    /// <summary>The pump raises the pressure; measured: ms to the test pressure.</summary>
    Pump = 2,

    /// <summary>The closed cuff holds; measured: hundredths of mmHg lost in a second.</summary>
    Tightness = 3,

    /// <summary>The one-shot drops out by itself when it is no longer triggered; measured: ms.</summary>
    OneShot = 4,

    /// <summary>The open dump valve empties the cuff; measured: ms.</summary>
    DumpValve = 5,

    /// <summary>The one-shot's clear input releases it at once; measured: ms.</summary>
    Clear = 6,

    /// <summary>The bleed valve lets the pressure fall while the dump valve is held; measured: ms.</summary>
    BleedValve = 7,

    /// <summary>The pressure switch cuts the current, at the latest where the sensor's range ends and a little beyond; measured: mmHg.</summary>
    PressureSwitch = 8,
}

/// <summary>
/// Trips each link of the cuff's chain, with the cuff off the arm. It is the only thing that goes above the trip, and it does so bounded by time, with the one-shot
/// triggered for each sample as ever. A link that fails ends it with the valves open.
/// </summary>
public sealed class CuffSelfTest
{
    /// <summary>Pressure for the valves' tests, hundredths of mmHg.</summary>
    public const int TestCentiMmHg = 6_000;

    /// <summary>The pump must reach it within this time, µs. A cuff off the arm takes three times the air.</summary>
    public const int PumpUs = 30_000_000;

    /// <summary>After the pump the pressure needs this long to be the same in hose and bladder, µs.</summary>
    public const int SettleUs = 500_000;

    /// <summary>How long tightness is watched, µs.</summary>
    public const int TightUs = 1_000_000;

    /// <summary>Largest loss in that time, hundredths of mmHg.</summary>
    public const int TightCentiMmHg = 150;

    /// <summary>Shortest and longest pulse of the one-shot that is accepted, ms. Its parts give 200 to 500; the loop looks each 10 ms.</summary>
    public const int OneShotMinMs = 180;

    /// <summary>See <see cref="OneShotMinMs"/>.</summary>
    public const int OneShotMaxMs = 530;

    /// <summary>The valve must empty the cuff within this time, µs.</summary>
    public const int EmptyUs = 10_000_000;

    /// <summary>The clear input must act within this time, µs.</summary>
    public const int ClearUs = 40_000;

    /// <summary>The bleed valve must halve the pressure within this time, µs.</summary>
    public const int BleedUs = 8_000_000;

    /// <summary>The switch must open within this time of pumping, µs.</summary>
    public const int SwitchUs = 90_000_000;

    /// <summary>Below this pressure the switch must not open, hundredths of mmHg: it would end a measurement that is allowed. Source: hardware/cart.json, 300 mmHg, less 10 for the sensor's own error of up to 7.5.</summary>
    public const int SwitchMinCentiMmHg = 29_000;

    /// <summary>After the sensor's range has ended the switch must open within this time, µs: at 25 mmHg/s the 25 mmHg to its limit of 325, and as much again.</summary>
    public const int SwitchBeyondUs = 2_000_000;

    /// <summary>Without a sample for this long the sensor is lost while the valves are open, µs. Assumption: longer than any standstill of the loop.</summary>
    public const int OpenLostUs = 1_500_000;

    private readonly ICuffActuators _chain;
    private readonly CuffLimits _limits;
    private readonly CuffCalibration _calibration;
    private readonly LinkWatch _link;
    private readonly SampleWatch _samples = new SampleWatch();
    private int _losses;
    private int _stage;
    private long _sinceUs;
    private int _centiMmHg;
    private int _startCentiMmHg;
    private int _zeroMilliMmHg;
    private int _zeroCount;
    private long _zeroSum;
    private int _windowStart;
    private long _windowUs;
    private int _duty;
    private bool _beyond;
    private long _beyondUs;
    private long _passedUs = long.MinValue;

    /// <summary>Stores.</summary>
    /// <param name="chain">Pump and valves.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="calibration">The sensor's.</param>
    /// <param name="link">What is known of the gateway: no cuff holds pressure without it.</param>
    public CuffSelfTest(ICuffActuators chain, CuffLimits limits, CuffCalibration calibration, LinkWatch link)
    {
        _chain = chain;
        _limits = limits;
        _calibration = calibration;
        _link = link;
    }

    /// <summary>True while it runs, and until the cuff is empty behind it.</summary>
    public bool IsActive => _stage != 0;

    /// <summary>True from the zero check until the valves are opened at its end.</summary>
    public bool NeedsSteadyLoop => _stage != 0 && _stage != 10 && _stage != 11;

    /// <summary>The link that was tested last, and with what result; changes with <see cref="Results"/>.</summary>
    public CuffLink Link { get; private set; }

    /// <summary>What was measured of it.</summary>
    public int Measured { get; private set; }

    /// <summary>True when it passed.</summary>
    public bool LinkPassed { get; private set; }

    /// <summary>Results since the start of the pod.</summary>
    public int Results { get; private set; }

    /// <summary>Tests that were given up since the gateway was lost, since the start of the pod.</summary>
    public int LinkLosses { get; private set; }

    /// <summary>Tests that were given up since the pod's loop stood still while the cuff held pressure, since the start of the pod.</summary>
    public int LateLoops { get; private set; }

    /// <summary>True when the whole chain passed, in this boot and not longer ago than <see cref="CuffLimits.SelfTestUs"/>.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True to measure.</returns>
    public bool IsValid(long nowUs) => _passedUs != long.MinValue && nowUs - _passedUs <= _limits.SelfTestUs;

    /// <summary>Begins. What passed before counts no longer.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False while one runs.</returns>
    public bool TryStart(long nowUs)
    {
        if (IsActive)
        {
            return false;
        }

        _passedUs = long.MinValue;
        _losses = _link.Losses;
        OpenAll();
        _zeroCount = 0;
        _zeroSum = 0;
        _beyond = false;
        _samples.Begin(nowUs);
        Enter(1, nowUs);
        return true;
    }

    /// <summary>Ends it with the valves open; what was reached counts for nothing.</summary>
    public void Stop()
    {
        OpenAll();
        if (IsActive)
        {
            _stage = 0;
            _passedUs = long.MinValue;
        }
    }

    /// <summary>A sample that the driver stands for.</summary>
    /// <param name="readingMilliMmHg">Thousandths of mmHg.</param>
    /// <param name="atUs">When its conversion ended.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Sample(int readingMilliMmHg, long atUs, long nowUs)
    {
        _samples.OnSample(atUs);
        _centiMmHg = _calibration.ToCentiMmHg(readingMilliMmHg, _stage == 1 ? _calibration.ZeroMilliMmHg : _zeroMilliMmHg);
        if (nowUs - atUs > (IsOpen ? _limits.SensorLostUs : SampleWatch.LateLimitUs))
        {
            return; // nothing is closed or held on what a late sample says; while pressure is held, Step ends the test
        }

        Work(readingMilliMmHg, nowUs);
        if (IsHeld)
        {
            _chain.TriggerDumpHold();
        }
    }

    /// <summary>The driver has no sample and says why. Above the sensor's range, while the switch is awaited, that is expected for a short while.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void SensorFailed(AbsenceReason reason, long nowUs)
    {
        if (!IsActive)
        {
            return;
        }

        if (_stage == 9 && reason == AbsenceReason.Saturated)
        {
            if (nowUs - _samples.SampledUs > SampleWatch.LateLimitUs)
            {
                // Of what age it is, nobody knows: nothing is held on it.
                LateLoops++;
                Enter(11, nowUs);
                return;
            }

            _samples.OnSample(nowUs);
            if (!_beyond)
            {
                _beyond = true;
                _beyondUs = nowUs;
            }

            if (AwaitSwitch(nowUs) && nowUs - _beyondUs <= SwitchBeyondUs)
            {
                _chain.TriggerDumpHold();
            }

            return;
        }

        if (IsWatched && reason != AbsenceReason.BusFault && reason != AbsenceReason.ChecksumMismatch)
        {
            Fail(LinkOfStage(), 0, nowUs);
        }
    }

    /// <summary>What time asks for.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(long nowUs)
    {
        if (!IsActive)
        {
            return long.MaxValue;
        }

        if (_stage != 10 && _stage != 11 && _link.IsLost(_losses, nowUs))
        {
            LinkLosses++;
            Enter(11, nowUs);
        }

        if (_samples.IsLost(IsOpen ? OpenLostUs : _limits.SensorLostUs, nowUs) && IsWatched)
        {
            if (_samples.IsLate)
            {
                // No link of the chain is to blame.
                LateLoops++;
                Enter(11, nowUs);
            }
            else
            {
                Fail(LinkOfStage(), 0, nowUs);
            }
        }

        if (_stage == 4 && !_chain.IsDumpValveHeld)
        {
            int ms = (int)((nowUs - _sinceUs) / 1000);
            if (ms < OneShotMinMs)
            {
                Fail(CuffLink.OneShot, ms, nowUs);
            }
            else
            {
                Pass(CuffLink.OneShot, ms);
                Enter(5, nowUs);
            }
        }
        else if (_stage == 4 && nowUs - _sinceUs > OneShotMaxMs * 1000L)
        {
            Fail(CuffLink.OneShot, OneShotMaxMs, nowUs);
        }
        else if (_stage == 7 && !_chain.IsDumpValveHeld)
        {
            Pass(CuffLink.Clear, (int)((nowUs - _sinceUs) / 1000));
            Enter(12, nowUs);
        }
        else if (_stage == 7 && nowUs - _sinceUs > ClearUs)
        {
            Fail(CuffLink.Clear, ClearUs / 1000, nowUs);
        }
        else if (_stage == 9)
        {
            AwaitSwitch(nowUs);
        }
        else if (_stage == 1 && nowUs - _sinceUs > 2L * _limits.ZeroTimeoutUs)
        {
            // Samples that all come late are none.
            Fail(CuffLink.Zero, 0, nowUs);
        }
        else if (_stage == 5 && nowUs - _sinceUs > EmptyUs)
        {
            Fail(CuffLink.DumpValve, EmptyUs / 1000, nowUs);
        }
        else if (_stage >= 10 && nowUs - _sinceUs > EmptyUs)
        {
            Fail(CuffLink.DumpValve, EmptyUs / 1000, nowUs);
            _stage = 0;
        }

        long next = nowUs + CuffRun.PeriodUs;
        long lostUs = _samples.NextUs(_limits.SensorLostUs);
        return IsWatched && !IsOpen && lostUs < next && lostUs > nowUs ? lostUs : next;
    }

    // Stages: 1 zero, 2 pump, 3 tight, 4 one-shot, 5 empty, 6 pump again, 7 clear, 12 empty, 8 pump again and bleed (13), 14 empty, 9 pressure switch, 10 empty and passed, 11 empty and failed.
    private bool IsHeld => _stage == 2 || _stage == 3 || _stage == 6 || _stage == 8 || _stage == 13 || (_stage == 9 && !_beyond);

    // With nothing held a late sample costs nothing.
    private bool IsOpen => _stage == 1 || _stage == 5 || _stage == 12 || _stage == 14;

    // Elsewhere the cuff empties, and nothing more is asked of the sensor.
    private bool IsWatched => _stage < 10 || _stage == 13;

    private CuffLink LinkOfStage()
    {
        switch (_stage)
        {
            case 1:
                return CuffLink.Zero;
            case 2:
            case 6:
            case 8:
                return CuffLink.Pump;
            case 3:
                return CuffLink.Tightness;
            case 4:
                return CuffLink.OneShot;
            case 7:
                return CuffLink.Clear;
            case 13:
                return CuffLink.BleedValve;
            case 9:
                return CuffLink.PressureSwitch;
            default:
                return CuffLink.DumpValve;
        }
    }

    private void Work(int readingMilliMmHg, long nowUs)
    {
        switch (_stage)
        {
            case 1:
                WorkZero(readingMilliMmHg, nowUs);
                break;
            case 2:
            case 6:
            case 8:
                WorkPump(nowUs);
                break;
            case 3:
                if (nowUs - _sinceUs < SettleUs)
                {
                    _startCentiMmHg = _centiMmHg; // what the pump's flow added at the sensor goes first
                }
                else if (nowUs - _sinceUs >= SettleUs + TightUs)
                {
                    int lost = _startCentiMmHg - _centiMmHg;
                    if (lost > TightCentiMmHg)
                    {
                        Fail(CuffLink.Tightness, lost, nowUs);
                        break;
                    }

                    Pass(CuffLink.Tightness, lost);
                    Enter(4, nowUs);
                }

                break;
            case 5:
            case 12:
            case 14:
                if (_centiMmHg < PodSituation.InflatedCentiMmHg / 3)
                {
                    if (_stage == 5)
                    {
                        Pass(CuffLink.DumpValve, (int)((nowUs - _sinceUs) / 1000));
                    }

                    Enter(_stage == 5 ? 6 : _stage == 12 ? 8 : 9, nowUs);
                }
                else if (nowUs - _sinceUs > EmptyUs)
                {
                    Fail(CuffLink.DumpValve, EmptyUs / 1000, nowUs);
                }

                break;
            case 13:
                if (_centiMmHg * 2 < _startCentiMmHg)
                {
                    Pass(CuffLink.BleedValve, (int)((nowUs - _sinceUs) / 1000));
                    Enter(14, nowUs);
                }
                else if (nowUs - _sinceUs > BleedUs)
                {
                    Fail(CuffLink.BleedValve, BleedUs / 1000, nowUs);
                }

                break;
            case 9:
                DrivePump(nowUs);
                break;
            case 10:
            case 11:
                if (_centiMmHg < PodSituation.InflatedCentiMmHg)
                {
                    _passedUs = _stage == 10 ? nowUs : long.MinValue;
                    _stage = 0;
                    Results++;
                }

                break;
            default:
                break;
        }
    }

    private void WorkZero(int readingMilliMmHg, long nowUs)
    {
        int allowed = _calibration.IsCalibrated ? _limits.ZeroCentiMmHg : _limits.UncalibratedZeroCentiMmHg;
        if (_centiMmHg > allowed || _centiMmHg < -allowed)
        {
            _zeroCount = 0;
            _zeroSum = 0;
            if (nowUs - _sinceUs > _limits.ZeroTimeoutUs)
            {
                Fail(CuffLink.Zero, _centiMmHg, nowUs);
            }

            return;
        }

        _zeroCount++;
        _zeroSum += readingMilliMmHg;
        if (_zeroCount * CuffRun.PeriodUs >= _limits.ZeroUs)
        {
            _zeroMilliMmHg = (int)(_zeroSum / _zeroCount);
            Pass(CuffLink.Zero, _centiMmHg);
            Enter(2, nowUs);
        }
    }

    private void WorkPump(long nowUs)
    {
        if (_centiMmHg < TestCentiMmHg)
        {
            if (nowUs - _sinceUs > PumpUs || _chain.IsPressureSwitchOpen)
            {
                Fail(CuffLink.Pump, PumpUs / 1000, nowUs);
                return;
            }

            DrivePump(nowUs);
            return;
        }

        _chain.SetPump(0);
        if (_stage == 2)
        {
            Pass(CuffLink.Pump, (int)((nowUs - _sinceUs) / 1000));
        }

        Enter(_stage == 2 ? 3 : _stage == 6 ? 7 : 13, nowUs);
    }

    // The same rise as in a measurement, looked at each 200 ms.
    private void DrivePump(long nowUs)
    {
        if (nowUs - _windowUs < 200_000)
        {
            return;
        }

        int rise = (_centiMmHg - _windowStart) * 5;
        _windowUs = nowUs;
        _windowStart = _centiMmHg;
        _duty += (_limits.PumpCentiMmHgPerSecond - rise) / 10;
        _duty = _duty < 150 ? 150 : _duty > 1000 ? 1000 : _duty;
        _chain.SetPump(_duty);
    }

    private bool AwaitSwitch(long nowUs)
    {
        if (_chain.IsPressureSwitchOpen)
        {
            if (!_beyond && _centiMmHg < SwitchMinCentiMmHg)
            {
                Fail(CuffLink.PressureSwitch, _centiMmHg / 100, nowUs);
                return false;
            }

            Pass(CuffLink.PressureSwitch, _centiMmHg / 100);
            Enter(10, nowUs);
            return false;
        }

        if (nowUs - _sinceUs > SwitchUs || (_beyond && nowUs - _beyondUs > SwitchBeyondUs))
        {
            Fail(CuffLink.PressureSwitch, _centiMmHg / 100, nowUs);
            return false;
        }

        return true;
    }

    private void Enter(int stage, long nowUs)
    {
        _stage = stage;
        _sinceUs = nowUs;
        _startCentiMmHg = _centiMmHg;
        switch (stage)
        {
            case 2:
            case 6:
            case 8:
            case 9:
                _duty = 500;
                _windowStart = _centiMmHg;
                _windowUs = nowUs;
                _chain.TriggerDumpHold();
                _chain.SetBleedValve(0);
                _chain.SetPump(_duty);
                break;
            case 4:
                _chain.TriggerDumpHold(); // the last one: from here its time is measured
                break;
            case 7:
                _chain.OpenDumpValve();
                break;
            case 13:
                _chain.SetBleedValve(1000);
                break;
            case 5:
            case 10:
            case 11:
            case 12:
            case 14:
                OpenAll();
                break;
            default:
                break;
        }
    }

    private void Pass(CuffLink link, int measured)
    {
        Link = link;
        Measured = measured;
        LinkPassed = true;
        Results++;
    }

    private void Fail(CuffLink link, int measured, long nowUs)
    {
        if (_stage == 11)
        {
            return;
        }

        Link = link;
        Measured = measured;
        LinkPassed = false;
        Results++;
        Enter(11, nowUs);
    }

    private void OpenAll()
    {
        _chain.OpenDumpValve();
        _chain.SetBleedValve(1000);
        _chain.SetPump(0);
    }
}
