using Firmware.Core;

namespace Firmware.Peripherals;

/// <content>Identity, reset, configuration, configuration read back; registers and faults.</content>
public sealed partial class Max30102
{
    private DriverResult ProbeIdentity(long nowUs)
    {
        if (!ReadRegisters(Max30102Registers.PartId, _read, 1, nowUs))
        {
            return DriverResult.Failed;
        }

        if (_read[0] != Max30102Registers.PartIdValue)
        {
            return FailUntilReset(AbsenceReason.WrongPart, FaultCode.Max30102WrongPart, nowUs);
        }

        return EndProbeStep(nowUs);
    }

    private DriverResult ProbeReset(long nowUs)
    {
        if (!WriteRegister(Max30102Registers.ModeConfiguration, Max30102Registers.Reset, nowUs))
        {
            return DriverResult.Failed;
        }

        _since = nowUs;
        return EndProbeStep(nowUs + ResetLookIntervalUs);
    }

    private DriverResult ProbeAwaitReset(int step, long nowUs)
    {
        bool answered = ReadRegisters(Max30102Registers.ModeConfiguration, _read, 1, nowUs);
        if (answered && (_read[0] & Max30102Registers.Reset) == 0)
        {
            return EndProbeStep(nowUs);
        }

        return AwaitReset(step, answered, nowUs - _since > ResetTimeoutUs, FaultCode.Max30102ResetTimeout, nowUs + ResetLookIntervalUs, nowUs);
    }

    // Everything but the mode: nothing is sampled yet. The status is read to clear the power-up flag, so that it means a new one later.
    private DriverResult ProbeConfigure(long nowUs)
    {
        bool done = ReadRegisters(Max30102Registers.InterruptStatus1, _read, 2, nowUs)
            && WriteRegister(Max30102Registers.InterruptEnable1, WantedEnable1, nowUs)
            && WriteRegister(Max30102Registers.InterruptEnable2, WantedEnable2, nowUs)
            && ClearFifo(nowUs)
            && WriteRegister(Max30102Registers.FifoConfiguration, Max30102Registers.FifoAverage2NoRollover, nowUs)
            && WriteRegister(Max30102Registers.Spo2Configuration, Max30102Registers.Spo2Range4096Rate100Width411, nowUs)
            && WriteRegister(Max30102Registers.Led1PulseAmplitude, (byte)_askedRedCode, nowUs)
            && WriteRegister(Max30102Registers.Led2PulseAmplitude, (byte)_askedInfraredCode, nowUs);
        if (!done)
        {
            return DriverResult.Failed;
        }

        _redCode = _askedRedCode;
        _infraredCode = _askedInfraredCode;
        _isLedChanging = false;
        return EndProbeStep(nowUs);
    }

    private DriverResult ProbeStart(long nowUs)
    {
        if (!ReadRegisters(Max30102Registers.FifoWritePointer, _read, 3, nowUs))
        {
            return DriverResult.Failed;
        }

        bool kept = _read[0] == 0 && _read[1] == 0 && _read[2] == 0;
        if (!ReadRegisters(Max30102Registers.InterruptEnable1, _read, 2, nowUs))
        {
            return DriverResult.Failed;
        }

        kept &= _read[0] == WantedEnable1 && _read[1] == WantedEnable2;
        if (!WriteRegister(Max30102Registers.ModeConfiguration, Max30102Registers.ModeSpo2, nowUs) || !ReadBackConfiguration(nowUs, ref kept))
        {
            return DriverResult.Failed;
        }

        if (!kept)
        {
            return FailUntilReset(AbsenceReason.SensorFault, FaultCode.Max30102ConfigurationRefused, nowUs);
        }

        _isChecked = false;
        ExpectEmptyFifo(nowUs);
        _dieTemperatureAsked = false;
        _dieTemperatureFlag = false;
        _dieTemperatureNew = false;
        _dieTemperatureAtUs = nowUs;
        return EndProbe(nowUs + ReadIntervalUs);
    }

    private bool ReadBackConfiguration(long nowUs, ref bool kept)
    {
        if (!ReadRegisters(Max30102Registers.FifoConfiguration, _read, 3, nowUs))
        {
            return false;
        }

        kept &= _read[0] == Max30102Registers.FifoAverage2NoRollover
            && _read[1] == Max30102Registers.ModeSpo2
            && _read[2] == Max30102Registers.Spo2Range4096Rate100Width411;
        if (!ReadRegisters(Max30102Registers.Led1PulseAmplitude, _read, 2, nowUs))
        {
            return false;
        }

        kept &= _read[0] == _redCode && _read[1] == _infraredCode;
        return true;
    }

    // The flag stays up until both are written, so that a change that failed half-way is made whole before anything is measured.
    private bool SetLedCurrents(long nowUs)
    {
        _isLedChanging |= _askedRedCode != _redCode || _askedInfraredCode != _infraredCode;
        if (!_isLedChanging)
        {
            return true;
        }

        _dropFifo = true;
        if (!WriteRegister(Max30102Registers.Led1PulseAmplitude, (byte)_askedRedCode, nowUs)
            || !WriteRegister(Max30102Registers.Led2PulseAmplitude, (byte)_askedInfraredCode, nowUs))
        {
            return false;
        }

        _redCode = _askedRedCode;
        _infraredCode = _askedInfraredCode;
        _isLedChanging = false;
        return true;
    }

    // Beside the samples: its failure is told in its own members and does not stop them.
    private bool StepDieTemperature(long nowUs)
    {
        if (!_dieTemperatureAsked)
        {
            if (nowUs < _dieTemperatureAtUs)
            {
                return true;
            }

            _dieTemperatureAsked = true;
            _dieTemperatureFlag = false;
            _dieTemperatureAtUs = nowUs;
            return WriteRegister(Max30102Registers.DieTemperatureConfig, Max30102Registers.TemperatureEnable, nowUs);
        }

        if (!_dieTemperatureFlag)
        {
            if (nowUs - _dieTemperatureAtUs > DieTemperatureTimeoutUs)
            {
                EndDieTemperature(AbsenceReason.SensorFault, FaultCode.Max30102DieTemperatureMissing);
            }

            return true;
        }

        if (!ReadRegisters(Max30102Registers.DieTemperatureInteger, _read, 3, nowUs)
            || !ReadRegisters(Max30102Registers.DieTemperatureInteger, _again, 3, nowUs))
        {
            return false;
        }

        if (!IsSame(_read, _again, 3) || (_read[2] & Max30102Registers.TemperatureEnable) != 0)
        {
            EndDieTemperature(AbsenceReason.ChecksumMismatch, FaultCode.Max30102ReadingsDisagree);
            return true;
        }

        int milliCelsius = Max30102Decoder.DieTemperatureMilliCelsius(_read[0], _read[1]);
        if (milliCelsius < RatedMinimumMilliCelsius || milliCelsius > RatedMaximumMilliCelsius)
        {
            EndDieTemperature(AbsenceReason.OutOfRange, FaultCode.Max30102DieTemperatureOutsideRating);
            return true;
        }

        DieTemperatureMilliCelsius = milliCelsius;
        _dieTemperatureNew = true;
        EndDieTemperature(AbsenceReason.None, FaultCode.None);
        return true;
    }

    private void EndDieTemperature(AbsenceReason reason, FaultCode code)
    {
        DieTemperatureReason = reason;
        DieTemperatureFaultCode = code;
        _dieTemperatureAsked = false;
        _dieTemperatureFlag = false;
        _dieTemperatureAtUs += DieTemperatureIntervalUs;
    }
}
