using Firmware.Core;
using Firmware.Pod.Supervision;
using Firmware.Signals.Cuff;

namespace Firmware.Pod.Cuff;

/// <summary>
/// Keeps the valves closed on a rigid volume while a person makes the pressure with a hand pump and reads a manometer: what a calibration asks for. The pod's pump never runs. Its limits are its own, and nothing else
/// reaches them. The dump valve is held by the one-shot, which is triggered for each sample that was judged good, and by nothing else; whatever ends it, the dump valve opens first, then the bleed valve.
/// No patient is there: it begins with no session, no measurement needs the gateway, and a key of the person who stands beside it is asked for in its place. A gateway that was there and goes ends it all the same.
/// </summary>
public sealed class CalibrationHold
{
    /// <summary>Above it the valves open, hundredths of mmHg. Assumption: 250 mmHg, the highest point, and 20 that a hand may pump too far; below every trip of a measurement.</summary>
    public const int MaxCentiMmHg = 27_000;

    /// <summary>Longest hold, µs. Source: rule of the console, safety of the cuff: 120 s.</summary>
    public const long MaxUs = 120_000_000;

    /// <summary>Longest time without a key, µs. Source: the same rule: 10 s.</summary>
    public const long KeyUs = 10_000_000;

    /// <summary>The open sensor reads zero within this much before anything is closed, hundredths of mmHg. Source: Honeywell 32332628, total error band 2.5 % of 300 mmHg.</summary>
    public const int ZeroCentiMmHg = CuffCalibration.UncalibratedErrorCentiMmHg;

    /// <summary>From the first trigger to a valve that is sensed as held, µs. Assumption: three times what a valve's current needs.</summary>
    public const long ClosesUs = 50_000;

    /// <summary>The valves must empty the volume within this time, µs. Source: IEC 80601-2-30, 201.12.1.107.</summary>
    public const long EmptyUs = 10_000_000;

    /// <summary>So many samples in a row must be zero before anything is closed. Assumption: a tenth of a second.</summary>
    public const int ZeroSamples = 10;

    /// <summary>They must come within this time, µs: as the zero check of a measurement.</summary>
    public const long ZeroUs = 3_000_000;

    private readonly ICuffActuators _chain;
    private readonly CuffLimits _limits;
    private readonly CuffCalibration _calibration;
    private readonly LinkWatch _link;
    private readonly SampleWatch _samples = new SampleWatch();
    private int _stage;
    private long _sinceUs;
    private long _keyUs;
    private int _losses;
    private bool _hadLink;
    private int _centiMmHg;
    private int _zeros;
    private bool _isOff;
    private long _sampledUs;

    /// <summary>Stores.</summary>
    /// <param name="chain">Pump and valves.</param>
    /// <param name="limits">For how long a sensor may be silent; nothing else of them.</param>
    /// <param name="calibration">The sensor's.</param>
    /// <param name="link">What is known of the gateway.</param>
    public CalibrationHold(ICuffActuators chain, CuffLimits limits, CuffCalibration calibration, LinkWatch link)
    {
        _chain = chain;
        _limits = limits;
        _calibration = calibration;
        _link = link;
    }

    // Stages: 1 a sample is awaited, with open valves; 2 held; 3 emptying.

    /// <summary>True from its begin until the volume is empty behind it.</summary>
    public bool IsActive => _stage != 0;

    /// <summary>True while the valves are, or are about to be, closed.</summary>
    public bool IsHolding => _stage == 1 || _stage == 2;

    /// <summary>Why the last one ended; None for one that goes on, or was ended by its person.</summary>
    public FaultCode End { get; private set; }

    /// <summary>Changes with each code that people must know.</summary>
    public int Reports { get; private set; }

    /// <summary>The newest of them.</summary>
    public FaultCode Report { get; private set; }

    /// <summary>Begins, with open valves: they close on the first sample that is zero.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False while one goes on or empties.</returns>
    public bool TryStart(long nowUs)
    {
        if (IsActive)
        {
            return false;
        }

        Open();
        End = FaultCode.None;
        _losses = _link.Losses;
        _hadLink = !_link.IsLost(_losses, nowUs);
        _keyUs = nowUs;
        _zeros = 0;
        _isOff = false;
        Enter(1, nowUs);
        return true;
    }

    /// <summary>The person beside it pressed the key.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Key(long nowUs)
    {
        if (IsHolding && nowUs - _keyUs < KeyUs)
        {
            _keyUs = nowUs;
        }
    }

    /// <summary>Opens the valves, as a person asked. Harmless at rest.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Stop(long nowUs)
    {
        if (IsHolding)
        {
            Finish(FaultCode.None, nowUs);
        }
    }

    /// <summary>A sample that the driver stands for.</summary>
    /// <param name="readingMilliMmHg">Thousandths of mmHg.</param>
    /// <param name="atUs">When its conversion ended.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Sample(int readingMilliMmHg, long atUs, long nowUs)
    {
        // The larger of both: a calibration that is wrong must not hide a pressure.
        int raw = readingMilliMmHg / 10;
        int calibrated = _calibration.ToCentiMmHg(readingMilliMmHg, _calibration.ZeroMilliMmHg);
        _centiMmHg = raw > calibrated ? raw : calibrated;
        if (nowUs - atUs > SampleWatch.LateLimitUs)
        {
            return; // nothing is closed or held on what a late sample says
        }

        if (_stage == 1)
        {
            Zero(raw, atUs, nowUs);
        }

        if (_stage == 2)
        {
            _samples.OnSample(atUs);
            if (_centiMmHg > MaxCentiMmHg)
            {
                Finish(FaultCode.CuffHoldTooHigh, nowUs);
                return;
            }

            _chain.TriggerDumpHold();
        }
        else if (_stage == 3 && atUs - _sinceUs > ClosesUs && _centiMmHg < PodSituation.InflatedCentiMmHg)
        {
            _stage = 0; // by a sample of behind the opening: an older one knows nothing of it
        }
    }

    /// <summary>The driver has no sample, and the part itself says why; or it is gone.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void SensorFailed(AbsenceReason reason, long nowUs)
    {
        if (IsHolding)
        {
            Finish(reason == AbsenceReason.Saturated ? FaultCode.CuffHoldTooHigh : FaultCode.CuffHoldSensorLost, nowUs);
        }
    }

    /// <summary>What time asks for.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(long nowUs)
    {
        switch (_stage)
        {
            case 1:
                StepOpen(nowUs);
                break;
            case 2:
                StepHeld(nowUs);
                break;
            case 3:
                StepEmpty(nowUs);
                break;
            default:
                return long.MaxValue;
        }

        long next = nowUs + CuffRun.PeriodUs;
        long lostUs = _samples.NextUs(_limits.SensorLostUs);
        return _stage == 2 && lostUs < next && lostUs > nowUs ? lostUs : next;
    }

    private void StepOpen(long nowUs)
    {
        if (nowUs - _keyUs >= KeyUs)
        {
            Finish(FaultCode.CuffKeyMissing, nowUs);
        }
        else if (nowUs - _sinceUs > ZeroUs)
        {
            Finish(_isOff ? FaultCode.CuffNotAtZero : FaultCode.CuffHoldSensorLost, nowUs);
        }
    }

    private void StepHeld(long nowUs)
    {
        if (_samples.IsLost(_limits.SensorLostUs, nowUs))
        {
            Finish(_samples.IsLate ? FaultCode.CuffLoopLate : FaultCode.CuffHoldSensorLost, nowUs);
        }
        else if (nowUs - _keyUs >= KeyUs)
        {
            Finish(FaultCode.CuffKeyMissing, nowUs);
        }
        else if (nowUs - _sinceUs >= MaxUs)
        {
            Finish(FaultCode.CuffHoldTooLong, nowUs);
        }
        else if (_hadLink && _link.IsLost(_losses, nowUs))
        {
            Finish(FaultCode.CuffHoldLinkLost, nowUs);
        }
        else if (_chain.IsPressureSwitchOpen || (nowUs - _sinceUs > ClosesUs && !_chain.IsDumpValveHeld))
        {
            Finish(FaultCode.CuffHoldNotHeld, nowUs);
        }
    }

    // Without samples, too, people are told to pull the hose.
    private void StepEmpty(long nowUs)
    {
        if (nowUs - _sinceUs > EmptyUs)
        {
            _stage = 0;
            Say(FaultCode.CuffHoldNotEmpty);
        }
    }

    // A sensor that has just been at rest gives its next sample late: the valves close when samples come as they do in use.
    private void Zero(int raw, long atUs, long nowUs)
    {
        if (atUs < _sinceUs)
        {
            return; // of before the command
        }

        _isOff = false;
        if (_centiMmHg > ZeroCentiMmHg || raw < -ZeroCentiMmHg)
        {
            _isOff = true;
            _zeros = 0;
            return; // it may still empty
        }

        _zeros = atUs - _sampledUs > 2 * CuffRun.PeriodUs ? 1 : _zeros + 1;
        _sampledUs = atUs;
        if (_zeros < ZeroSamples)
        {
            return;
        }

        _samples.Begin(nowUs);
        Enter(2, nowUs);
        _chain.SetPump(0);
        _chain.SetBleedValve(0);
        Say(FaultCode.CuffHoldBegan);
    }

    private void Enter(int stage, long nowUs)
    {
        _stage = stage;
        _sinceUs = nowUs;
    }

    private void Finish(FaultCode code, long nowUs)
    {
        Open();
        Enter(3, nowUs);
        End = code;
        if (code != FaultCode.None)
        {
            Say(code);
        }
    }

    private void Say(FaultCode code)
    {
        Report = code;
        Reports++;
    }

    private void Open()
    {
        _chain.OpenDumpValve();
        _chain.SetBleedValve(1000);
        _chain.SetPump(0);
    }
}
