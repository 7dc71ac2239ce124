using Firmware.Core;
using Simulators.Cart.Pod;

namespace Firmware.Tests.Contract;

/// <summary>What is wrong with a <see cref="MiniThermometer"/>.</summary>
public enum Defect
{
    None,
    SwapsBytes,
    DropsSign,
    WrongScale,
    ReadsOnce,
    IgnoresStatus,
    ReadsTheLimit,
    IgnoresDataReady,
    TrustsConfiguration,
    TrustsIdentity,
    KeepsTheLastValue,
    HangsAfterFault,
    NeverProbesAgain,
    NamesNoReason,
    TalksInConstructor,
    TalksInRestart,
    IgnoresFreezing,
    IgnoresTheRange,
    HoldsTheBus,
    SpinsInSilence,
    AssumesTheTypicalClock,
}

/// <summary>A small TMP117 driver, right or wrong on purpose, to prove that the contract suite sees the difference.</summary>
internal sealed class MiniThermometer : IDriver
{
    private const int Wanted = 0x0224;
    private const int SettableBits = 0x0FFC;
    private const int DataReady = 0x2000;
    private const long StallUs = 2_500_000;

    private readonly SimulatedI2cPort _port;
    private readonly Defect _defect;
    private readonly byte[] _write = new byte[3];
    private readonly byte[] _read = new byte[2];
    private int _step;
    private long _lastUs;
    private bool _failed;
    private bool _published;

    public MiniThermometer(SimulatedI2cPort port, Defect defect)
    {
        _port = port;
        _defect = defect;
        if (defect == Defect.TalksInConstructor)
        {
            Word(0x0F);
        }
    }

    public string PartName => "TMP117";

    public long NextStepUs { get; private set; }

    public AbsenceReason Reason { get; private set; }

    public FaultCode FaultCode { get; private set; }

    public int MilliCelsius { get; private set; }

    public void Restart()
    {
        _step = 0;
        Reason = AbsenceReason.None;
        FaultCode = FaultCode.None;
        if (_defect == Defect.TalksInRestart)
        {
            Word(0x0F);
        }
    }

    public DriverResult Probe(long nowUs)
    {
        if (_failed && (_defect == Defect.NeverProbesAgain || _defect == Defect.HangsAfterFault))
        {
            return _defect == Defect.NeverProbesAgain ? Fail(AbsenceReason.NotPresent, nowUs) : Wait(nowUs, 100_000);
        }

        int word;
        switch (_step++)
        {
            case 0:
                word = Word(0x0F);
                if (word < 0)
                {
                    return BusFailed(nowUs);
                }

                return word != 0x0117 && _defect != Defect.TrustsIdentity ? Fail(AbsenceReason.WrongPart, nowUs) : Wait(nowUs, 0);
            case 1:
                _write[0] = 0x01;
                _write[1] = Wanted >> 8;
                _write[2] = Wanted & 0xFF;
                return Failed(_port.WriteRead(0x48, _write, 0, 3, _read, 0, 0)) ? BusFailed(nowUs) : Wait(nowUs, 0);
            default:
                word = Word(0x01);
                if (word < 0)
                {
                    return BusFailed(nowUs);
                }

                if ((word & SettableBits) != Wanted && _defect != Defect.TrustsConfiguration)
                {
                    return Fail(AbsenceReason.SensorFault, nowUs);
                }

                _lastUs = nowUs;
                Wait(nowUs, 130_000);
                return DriverResult.Ready;
        }
    }

    public DriverResult Measure(long nowUs)
    {
        if (_defect == Defect.SpinsInSilence && _published)
        {
            return Wait(nowUs, 100_000);
        }

        for (int i = 0; _defect == Defect.HoldsTheBus && i < 20; i++)
        {
            Word(0x0F);
        }

        int configuration = Word(0x01);
        if (configuration < 0)
        {
            return BusFailed(nowUs);
        }

        if ((configuration & SettableBits) != Wanted && _defect != Defect.TrustsConfiguration)
        {
            return Fail(AbsenceReason.SensorFault, nowUs);
        }

        if ((configuration & DataReady) == 0 && _defect != Defect.IgnoresDataReady)
        {
            return nowUs - _lastUs > StallUs && _defect != Defect.IgnoresFreezing ? Fail(AbsenceReason.SensorFault, nowUs) : Wait(nowUs, 20_000);
        }

        return Publish(nowUs);
    }

    private DriverResult Publish(long nowUs)
    {
        byte register = (byte)(_defect == Defect.ReadsTheLimit ? 0x02 : 0x00);
        int first = Word(register);
        int second = _defect == Defect.ReadsOnce ? first : Word(register);
        int configuration = _defect == Defect.ReadsOnce ? 0 : Word(0x01);
        if (first < 0 || second < 0 || configuration < 0)
        {
            return BusFailed(nowUs);
        }

        if (first != second)
        {
            return Fail(AbsenceReason.ChecksumMismatch, nowUs);
        }

        if ((configuration & DataReady) != 0 && _defect != Defect.IgnoresFreezing)
        {
            return Fail(AbsenceReason.SensorFault, nowUs);
        }

        int raw = _defect == Defect.DropsSign ? first & 0x7FFF : (short)first;
        if (first == 0x8000)
        {
            return _defect == Defect.IgnoresDataReady ? Take(-20_000, nowUs) : Fail(AbsenceReason.NotSettled, nowUs);
        }

        int milli = _defect == Defect.WrongScale ? raw * 78 / 10 : raw * 125 / 16;
        if ((milli < -20_000 || milli > 50_000) && _defect != Defect.IgnoresTheRange)
        {
            return Fail(AbsenceReason.OutOfRange, nowUs);
        }

        return Take(milli, nowUs);
    }

    private DriverResult Take(int milliCelsius, long nowUs)
    {
        MilliCelsius = milliCelsius;
        Reason = AbsenceReason.None;
        FaultCode = FaultCode.None;
        _published = true;
        _lastUs = nowUs;
        NextStepUs = nowUs + (_defect == Defect.AssumesTheTypicalClock ? 995_000 : 800_000);
        return DriverResult.Ready;
    }

    /// <summary>A register, or -1 when the bus failed.</summary>
    private int Word(byte register)
    {
        _write[0] = register;
        if (Failed(_port.WriteRead(0x48, _write, 0, 1, _read, 0, 2)))
        {
            return -1;
        }

        return _defect == Defect.SwapsBytes ? (_read[1] << 8) | _read[0] : (_read[0] << 8) | _read[1];
    }

    private bool Failed(I2cStatus status)
    {
        if (status == I2cStatus.Ok || _defect == Defect.IgnoresStatus)
        {
            return false;
        }

        Reason = status == I2cStatus.AddressNack ? AbsenceReason.NotPresent : AbsenceReason.BusFault;
        return true;
    }

    private DriverResult BusFailed(long nowUs)
    {
        if (_defect == Defect.KeepsTheLastValue && _published)
        {
            return Take(MilliCelsius, nowUs);
        }

        return Fail(Reason, nowUs);
    }

    private DriverResult Fail(AbsenceReason reason, long nowUs)
    {
        _failed = true;
        _step = 0;
        Reason = _defect == Defect.NamesNoReason ? AbsenceReason.None : reason;
        FaultCode = (FaultCode)1100;
        NextStepUs = nowUs + 100_000;
        return _defect == Defect.HangsAfterFault ? DriverResult.Working : DriverResult.Failed;
    }

    private DriverResult Wait(long nowUs, long us)
    {
        NextStepUs = nowUs + us;
        return DriverResult.Working;
    }
}
