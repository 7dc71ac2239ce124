using Firmware.Core;

namespace Firmware.Peripherals;

/// <content>The FIFO: what is in it, what is missing from it, and its samples read twice.</content>
public sealed partial class Max30102
{
    private const int NoGap = -1;
    private const int AlmostFullSamples = 17;
    private const int DisagreementBound = 3;

    // What the FIFO must hold: where its next sample lies, how many were unread at a time, and where samples are missing.
    private int _readPointer;
    private int _unread;
    private int _accounted;
    private long _unreadAtUs;
    private long _lastNewUs;
    private int _beforeGap = NoGap;
    private int _gapSamples;
    private int _settling;
    private int _disagreements;
    private bool _isSampling;
    private bool _isInterrupted;
    private bool _wasAlmostFull;
    private bool _hadAmbientOverflow;
    private byte[] _first = new byte[BatchBound * Max30102Decoder.SampleBytes];
    private byte[] _second = new byte[BatchBound * Max30102Decoder.SampleBytes];
    private byte[] _third = new byte[BatchBound * Max30102Decoder.SampleBytes];

    private int _pendingLost;
    private bool _pendingIsLowerBound;
    private SampleLoss _pendingLoss;

    // Second half of a cycle: which samples are there, and what are they?
    private DriverResult Collect(long nowUs)
    {
        if (_isInterrupted && !Rewind(nowUs))
        {
            return DriverResult.Failed;
        }

        if (!ReadRegisters(Max30102Registers.FifoWritePointer, _read, 3, nowUs)
            || !ReadRegisters(Max30102Registers.FifoWritePointer, _again, 3, nowUs))
        {
            return DriverResult.Failed;
        }

        if (!DoPointersAgree())
        {
            _disagreements++;
            return _disagreements < DisagreementBound
                ? Fail(AbsenceReason.ChecksumMismatch, FaultCode.Max30102ReadingsDisagree, nowUs + FaultPauseUs)
                : FailUntilReset(AbsenceReason.SensorFault, FaultCode.Max30102PointersImplausible, nowUs);
        }

        _disagreements = 0;
        int overflow = _again[1];
        int elapsed = _clock.PeriodsBetween(_unreadAtUs, nowUs);
        int available = Available(overflow, elapsed);
        if (_read[2] != _readPointer || !IsTimely(available, overflow, elapsed))
        {
            return FailUntilReset(AbsenceReason.SensorFault, FaultCode.Max30102PointersImplausible, nowUs);
        }

        if (available + overflow > _accounted)
        {
            _lastNewUs = nowUs;
        }
        else if (overflow < Max30102Registers.PointerMask && nowUs - _lastNewUs > StallUs)
        {
            return FailUntilReset(AbsenceReason.SensorFault, FaultCode.Max30102NoSamples, nowUs);
        }

        _isInterrupted = false;
        _unread = available;
        _accounted = available + overflow;
        _unreadAtUs = nowUs;
        return CollectFrom(overflow, nowUs);
    }

    private DriverResult CollectFrom(int overflow, long nowUs)
    {
        if (overflow > 0)
        {
            if (_beforeGap != NoGap && _beforeGap != FifoDepth)
            {
                return DropAll(nowUs);
            }

            _beforeGap = FifoDepth;
            _gapSamples = overflow;
        }

        if (_dropFifo)
        {
            _dropFifo = false;
            _settling = _unread + SettlingSamples;
        }

        if (_unread == 0)
        {
            return Continue(nowUs + ReadIntervalUs);
        }

        if (_beforeGap == NoGap || _gapSamples < Max30102Registers.PointerMask)
        {
            _clock.Observe(_unread + (_beforeGap == NoGap ? 0 : _gapSamples), nowUs);
        }

        return _unread == FifoDepth && !MakeRoom(nowUs) ? DriverResult.Failed : ReadBatch(nowUs);
    }

    // The first reading is used, which the second confirms: between them one sample may have come, or have been dropped by a full FIFO.
    private bool DoPointersAgree()
    {
        int bits = _read[0] | _read[1] | _read[2] | _again[0] | _again[1] | _again[2];
        int written = (_again[0] - _read[0]) & Max30102Registers.PointerMask;
        int dropped = _again[1] - _read[1];
        bool isFull = _read[0] == _read[2] && _again[0] == _again[2];
        return (bits & ~Max30102Registers.PointerMask) == 0
            && _read[2] == _again[2]
            && written <= 1
            && dropped >= 0 && dropped <= 1
            && (_again[1] == 0 || isFull);
    }

    // Equal pointers mean empty or full. Full is what the overflow counter says, or the almost-full flag where there was time to fill.
    private int Available(int overflow, int elapsed)
    {
        int difference = (_read[0] - _readPointer) & Max30102Registers.PointerMask;
        if (difference != 0)
        {
            return difference;
        }

        bool isFull = overflow > 0 || (_wasAlmostFull && _unread + elapsed >= FifoDepth - (FifoDepth / 4) && _again[0] == _read[0]);
        return isFull ? FifoDepth : 0;
    }

    // Samples neither vanish nor come faster than the oscillator can make them; if any came, about as many came as the time allows.
    private bool IsTimely(int available, int overflow, int elapsed)
    {
        int total = available + overflow;
        if (available < _unread || total > _accounted + elapsed + (elapsed / Max30102Clock.TolerancePer256) + 2)
        {
            return false;
        }

        int least = _accounted + elapsed - (elapsed / 8) - 3;
        return total == _accounted || available == FifoDepth || total >= least;
    }

    private bool MakeRoom(long nowUs)
    {
        _isInterrupted = true;
        if (!ReadFifo(_first, FullFifoMargin * Max30102Decoder.SampleBytes, nowUs))
        {
            return false;
        }

        int settled = _settling < FullFifoMargin ? _settling : FullFifoMargin;
        _settling -= settled;
        Consume(FullFifoMargin);
        Declare(FullFifoMargin, SampleLoss.Overrun);
        return true;
    }

    private DriverResult ReadBatch(long nowUs)
    {
        int count = _unread < BatchBound ? _unread : BatchBound;
        if (_beforeGap != NoGap && count > _beforeGap)
        {
            count = _beforeGap;
        }

        int bytes = count * Max30102Decoder.SampleBytes;
        bool wasMoved = _isInterrupted; // room was made: the pointer is where it was left, unless that reading was disturbed
        _isInterrupted = true;
        if ((wasMoved && !Rewind(nowUs)) || !ReadFifo(_first, bytes, nowUs) || !Rewind(nowUs) || !ReadFifo(_second, bytes, nowUs))
        {
            return DriverResult.Failed;
        }

        bool agree = IsSame(_first, _second, bytes);
        if (!agree)
        {
            if (!Rewind(nowUs) || !ReadFifo(_third, bytes, nowUs))
            {
                return DriverResult.Failed;
            }

            agree = IsSame(_third, _second, bytes) || IsSame(_third, _first, bytes);
            byte[] confirmed = _third;
            _third = _second;
            _second = confirmed;
        }

        // The pointer must have come to where so many samples end: else what was read is not what was counted, or the part is hung.
        int end = (_readPointer + count) & Max30102Registers.PointerMask;
        if (!ReadRegisters(Max30102Registers.FifoReadPointer, _read, 1, nowUs)
            || (_read[0] != end && !ReadRegisters(Max30102Registers.FifoReadPointer, _read, 1, nowUs)))
        {
            return DriverResult.Failed;
        }

        if (_read[0] != end)
        {
            return FailUntilReset(AbsenceReason.SensorFault, FaultCode.Max30102PointersImplausible, nowUs);
        }

        _isInterrupted = false;
        return Validate(count, agree, nowUs);
    }

    private DriverResult Validate(int count, bool agree, long nowUs)
    {
        long firstUs = _clock.NextUs;
        Consume(count);
        FaultCode fault = !agree ? FaultCode.Max30102ReadingsDisagree : ArePlausible(count) ? FaultCode.None : FaultCode.Max30102ImplausibleWord;
        int settled = _settling < count ? _settling : count;
        _settling -= settled;
        if (fault != FaultCode.None)
        {
            Declare(count, agree ? SampleLoss.Implausible : SampleLoss.Disagreement);
        }
        else
        {
            if (settled > 0)
            {
                Declare(settled, SampleLoss.Settling);
            }

            if (settled < count)
            {
                Deliver(settled, count - settled, firstUs + (settled * _clock.PeriodUs));
            }
        }

        PassGap(nowUs);
        long nextUs = _unread > 0 ? nowUs : nowUs + ReadIntervalUs;
        if (fault != FaultCode.None)
        {
            return Fail(AbsenceReason.ChecksumMismatch, fault, nextUs);
        }

        Continue(nextUs);
        return SampleCount > 0 ? DriverResult.Ready : DriverResult.Working;
    }

    private void Deliver(int skipped, int count, long firstUs)
    {
        for (int i = 0; i < count; i++)
        {
            int at = (skipped + i) * Max30102Decoder.SampleBytes;
            Red[i] = Max30102Decoder.Red(_second, at);
            Infrared[i] = Max30102Decoder.Infrared(_second, at);
        }

        SampleCount = count;
        FirstSampleUs = firstUs;
        SamplePeriodUs = _clock.PeriodUs;
        RedCurrentCode = _redCode;
        InfraredCurrentCode = _infraredCode;
        LostSamples = _pendingLost;
        LostIsLowerBound = _pendingIsLowerBound;
        LossCause = _pendingLoss;
        _pendingLost = 0;
        _pendingIsLowerBound = false;
        _pendingLoss = SampleLoss.None;
        AmbientLightOverflow = _hadAmbientOverflow;
        _hadAmbientOverflow = false;
        DieTemperatureReady = _dieTemperatureNew;
        _dieTemperatureNew = false;
    }

    // Without rollover a full FIFO keeps its samples and drops new ones: what is missing lies after the 32, not before.
    private void PassGap(long nowUs)
    {
        if (_beforeGap != 0)
        {
            return;
        }

        _beforeGap = NoGap;
        if (_gapSamples < Max30102Registers.PointerMask)
        {
            _clock.Advance(_gapSamples);
            _clock.Loosen();
            Declare(_gapSamples, SampleLoss.Overrun);
            return;
        }

        int byTime = _clock.Skip(_unread, nowUs);
        byTime -= (byTime / Max30102Clock.TolerancePer256) + 1;
        Declare(byTime > _gapSamples ? byTime : _gapSamples, SampleLoss.Overrun);
        _pendingIsLowerBound = true;
    }

    // A second overrun before the first was read out: where samples are missing can no longer be told, so all that is there goes.
    private DriverResult DropAll(long nowUs)
    {
        if (!ClearFifo(nowUs))
        {
            return FailUntilReset(Reason, FaultCode, nowUs); // half cleared: only a new start makes the pointers known again
        }

        Declare(_accounted + _gapSamples, SampleLoss.Overrun);
        _pendingIsLowerBound = true;
        _readPointer = 0;
        _unread = 0;
        _accounted = 0;
        _beforeGap = NoGap;
        _wasAlmostFull = false;
        _clock.Skip(0, nowUs);
        return Continue(nowUs + ReadIntervalUs);
    }

    private void ExpectEmptyFifo(long nowUs)
    {
        _readPointer = 0;
        _unread = 0;
        _accounted = 0;
        _unreadAtUs = nowUs;
        _lastNewUs = nowUs;
        _beforeGap = NoGap;
        _settling = SettlingSamples;
        _disagreements = 0;
        _isSampling = true;
        _isInterrupted = false;
        _wasAlmostFull = false;
        _hadAmbientOverflow = false;
        _dropFifo = false;
        _clock.Start(nowUs);
    }

    private void GiveUpFifo()
    {
        if (_isSampling)
        {
            _isSampling = false;
            Declare(_accounted + (_beforeGap == NoGap || _accounted > _unread ? 0 : _gapSamples), SampleLoss.Interrupted);
            _pendingIsLowerBound = true;
        }
    }

    private void Declare(int count, SampleLoss cause)
    {
        _pendingLost += count;
        _pendingLoss |= cause;
    }

    private void Consume(int count)
    {
        _readPointer = (_readPointer + count) & Max30102Registers.PointerMask;
        _unread -= count;
        _accounted = _unread; // popping sets the overflow counter back
        _clock.Advance(count);
        if (_beforeGap != NoGap)
        {
            _beforeGap -= count;
        }

        if (_unread < AlmostFullSamples)
        {
            _wasAlmostFull = false;
        }
    }

    private bool ArePlausible(int count)
    {
        for (int word = 0; word < count * 2; word++)
        {
            if (!Max30102Decoder.IsPlausible(_second, word * 3))
            {
                return false;
            }
        }

        return true;
    }

    private bool ClearFifo(long nowUs)
    {
        return WriteRegister(Max30102Registers.FifoWritePointer, 0, nowUs)
            && WriteRegister(Max30102Registers.OverflowCounter, 0, nowUs)
            && WriteRegister(Max30102Registers.FifoReadPointer, 0, nowUs);
    }

    private bool Rewind(long nowUs) => WriteRegister(Max30102Registers.FifoReadPointer, (byte)_readPointer, nowUs);

    private bool ReadFifo(byte[] buffer, int bytes, long nowUs) => ReadRegisters(Max30102Registers.FifoData, buffer, bytes, nowUs);

    private static bool IsSame(byte[] left, byte[] right, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (left[i] != right[i])
            {
                return false;
            }
        }

        return true;
    }
}
