using Firmware.Core;

namespace Firmware.Peripherals;

/// <content>Chunks of sound: what came, what is missing, and what may be given on.</content>
public sealed partial class Pcm1808
{
    private DriverResult Collect(long nowUs)
    {
        DriverResult result = Read(nowUs, out int read, out long lost);
        if (result != DriverResult.Ready)
        {
            return result;
        }

        if (lost != 0)
        {
            TakeLoss(lost, read);
        }

        _clock.Advance(read);
        _count += read;
        _run = TrailingRun(read);
        bool isEmptied = read < ChunkBound;
        if (isEmptied)
        {
            _clock.Observe(nowUs);
        }

        if (!IsRateRight(read + lost, isEmptied, nowUs))
        {
            return FailUntilReset(FaultCode.Pcm1808RateWrong, nowUs);
        }

        bool isComplete = _window.Look(Samples, _other, _count - read, read);
        if (_run >= DeadSamples)
        {
            int value = Samples[_count - 1];
            bool isRail = value >= Pcm1808Window.RailCounts || value <= -Pcm1808Window.RailCounts;
            return FailUntilReset(isRail ? FaultCode.Pcm1808StuckAtRail : _window.IsOtherAlive ? FaultCode.Pcm1808SlotsSwapped : FaultCode.Pcm1808SlotDead, nowUs);
        }

        long nextUs = isEmptied ? nowUs + ChunkUs : nowUs;
        if (isComplete)
        {
            FaultCode fault = _window.Validate();
            if (fault == FaultCode.Pcm1808SlotsSwapped)
            {
                return FailUntilReset(fault, nowUs);
            }

            if (fault != FaultCode.None)
            {
                _withheld = fault;
                _cleanWindows = 0;
                Suppress();
                return Fail(AbsenceReason.Saturated, fault, nextUs);
            }

            _cleanWindows++;
            if (_cleanWindows >= CleanWindows)
            {
                _withheld = FaultCode.None;
            }
        }

        Continue(nextUs);
        if (_withheld != FaultCode.None)
        {
            Suppress();
            return DriverResult.Working;
        }

        return Deliver();
    }

    // One reading. Ready: the samples lie behind those of the buffer, and so many are missing before them. Else the result is the driver's.
    private DriverResult Read(long nowUs, out int read, out long lost)
    {
        AudioStatus status = _port.Read(Samples, _other, _count, ChunkBound, out read);
        lost = 0;
        switch (status)
        {
            case AudioStatus.Ok:
            case AudioStatus.Empty:
            case AudioStatus.Overrun:
                break;
            case AudioStatus.ClockLost:
                return FailUntilReset(FaultCode.Pcm1808ClockLost, nowUs);
            case AudioStatus.NotOpen:
                return FailUntilReset(FaultCode.Pcm1808PortNotOpen, nowUs);
            default:
                // The samples stay where they are, or the port will say how many it lost: the next chunk tells.
                return Fail(AbsenceReason.BusFault, FaultCode.Pcm1808PortFailed, nowUs + ChunkUs);
        }

        long total = _port.LostSamples;
        lost = total - _lostSeen;
        _lostSeen = total;
        if (read < 0 || read > ChunkBound || lost < 0 || lost > int.MaxValue || (status == AudioStatus.Empty && read != 0))
        {
            return FailUntilReset(FaultCode.Pcm1808PortFailed, nowUs);
        }

        if (lost == 0 && status == AudioStatus.Overrun)
        {
            // The port knows that some are missing and not how many: the time tells, less what two clocks can differ.
            lost = _clock.SamplesBetween(_clock.NextUs, nowUs) - read;
            lost = lost < 1 ? 1 : lost - (lost / 256);
            _pendingIsLowerBound = true;
        }

        if (read > 0 || lost > 0)
        {
            _lastUs = nowUs;
            return DriverResult.Ready;
        }

        if (nowUs - _lastUs > StallUs)
        {
            return FailUntilReset(FaultCode.Pcm1808ClockLost, nowUs);
        }

        if (_stage == Stage.Run)
        {
            // The reading before may have taken all there was without knowing it.
            _clock.Observe(nowUs);
            if (!IsRateRight(0, true, nowUs))
            {
                return FailUntilReset(FaultCode.Pcm1808RateWrong, nowUs);
            }
        }

        return Continue(nowUs + ChunkUs);
    }

    // What is missing lies between the buffer's samples and those that came now. The held ones are a run of equal values that nothing proves any more.
    private void TakeLoss(long lost, int read)
    {
        Declare(_count + lost, SampleLoss.Overrun);
        for (int i = 0; i < read; i++)
        {
            Samples[i] = Samples[_count + i];
            _other[i] = _other[_count + i];
        }

        _count = 0;
        _run = 0;
        _clock.Advance(lost);
        _clock.Loosen();
    }

    // How many equal samples end the buffer. All that was in it before the new ones is such a run itself.
    private int TrailingRun(int read)
    {
        if (read == 0)
        {
            return _run;
        }

        int first = _count - read;
        short value = Samples[_count - 1];
        int at = _count - 2;
        while (at >= first && Samples[at] == value)
        {
            at--;
        }

        return at >= first ? _count - 1 - at : first > 0 && Samples[0] == value ? _count : read;
    }

    // A run of equal values is given on when it has ended: until then it may be the beginning of a dead slot.
    private DriverResult Deliver()
    {
        int count = _count - _run;
        if (count == 0)
        {
            return DriverResult.Working;
        }

        SampleCount = count;
        _delivered = count;
        FirstSampleUs = _clock.BackUs(_count);
        if (_isInterrupted)
        {
            long missing = _clock.SamplesBetween(_interruptedUs, FirstSampleUs);
            missing -= missing / 256;
            _isInterrupted = false;
            Declare(missing < 1 ? 1 : missing, SampleLoss.Interrupted);
            _pendingIsLowerBound = true;
        }

        LostSamples = _pendingLost > int.MaxValue ? int.MaxValue : (int)_pendingLost;
        LostIsLowerBound = _pendingIsLowerBound;
        LossCause = _pendingLoss;
        _pendingLost = 0;
        _pendingIsLowerBound = false;
        _pendingLoss = SampleLoss.None;
        return DriverResult.Ready;
    }

    private void Suppress()
    {
        Declare(_count, SampleLoss.Implausible);
        _count = 0;
        _run = 0;
    }

    private void Declare(long count, SampleLoss cause)
    {
        if (count > 0)
        {
            // Since an interruption the time counts, see Deliver.
            _pendingLost += _isInterrupted ? 0 : count;
            _pendingLoss |= cause;
        }
    }

    // The held run moves to the front. It is mostly a single sample.
    private void DropDelivered()
    {
        SampleCount = 0;
        if (_delivered == 0)
        {
            return;
        }

        int held = _count - _delivered;
        for (int i = 0; i < held; i++)
        {
            Samples[i] = Samples[_delivered + i];
        }

        _count = held;
        _delivered = 0;
    }

    // The port was emptied at both ends of the time, so all samples of it are counted but for what the port holds back.
    private bool IsRateRight(long samples, bool isEmptied, long nowUs)
    {
        if (_rateSamples < 0)
        {
            if (isEmptied)
            {
                _rateSamples = 0;
                _rateSinceUs = nowUs;
            }

            return true;
        }

        _rateSamples += samples;
        long elapsedUs = nowUs - _rateSinceUs;
        if (!isEmptied || elapsedUs < RateWindowUs)
        {
            return true;
        }

        long expected = elapsedUs * _port.SampleRateHz / 1_000_000;
        long error = _rateSamples > expected ? _rateSamples - expected : expected - _rateSamples;
        _rateSamples = 0;
        _rateSinceUs = nowUs;
        return error <= (expected * RateTolerancePer256 / 256) + RateSlackSamples;
    }
}
