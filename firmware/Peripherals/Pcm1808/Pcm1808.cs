using Firmware.Core;

namespace Firmware.Peripherals;

/// <summary>
/// Texas Instruments PCM1808, the stethoscope's converter: 16-bit samples at 8 kHz out of an I2S port. The part has no registers and no checksum; it is
/// clocked, and its bits come. So what can be proven is proven of the samples themselves: that they come, in time, that they move, that they are in the slot
/// that is wired, and that they are not at the end of the range. What is lost or withheld is declared with the next batch, exactly where that is known.
/// Source for the part: TI SLES177B; see README.md.
/// </summary>
public sealed partial class Pcm1808 : Driver, ISoundSource
{
    /// <summary>Samples per second of this project's converters.</summary>
    public const int NominalRateHz = 8000;

    /// <summary>From one chunk to the next, µs: 200 samples of 8 kHz.</summary>
    public const int ChunkUs = 25_000;

    /// <summary>Most samples in one reading: 32 ms of 8 kHz.</summary>
    public const int ChunkBound = 256;

    /// <summary>
    /// Samples dropped after the clocks have started. Source: TI SLES177B, "Power-on" and "Fade-in and fade-out": the output is zero for 1,024 periods of the
    /// system clock (4 samples at 256 fS) and 8,960 samples, then fades in, at the latest after 8,192 samples without a zero crossing, within 48.
    /// </summary>
    public const int SettlingSamples = 4 + 8960 + 8192 + 48;

    /// <summary>
    /// So many equal samples in a row are a dead slot: 200 ms of 8 kHz. Assumption: the part's own noise is 0.3 counts of 16 bits around zero (99 dB), and the
    /// microphone's more, so that a value seldom lasts for 10 samples; sound at the end of the range lasts for a few milliseconds.
    /// </summary>
    public const int DeadSamples = 1600;

    /// <summary>No sample in this time, µs: the clock is lost. Three chunks.</summary>
    public const int StallUs = 3 * ChunkUs;

    /// <summary>Good windows of 200 ms in a row that end a withholding: 1 s.</summary>
    public const int CleanWindows = 5;

    /// <summary>The time over which the rate is proven, µs.</summary>
    public const int RateWindowUs = 10_000_000;

    /// <summary>How far the rate may be off, in 1/256 of it. Assumption: ten times what crystals and their dividers are off.</summary>
    public const int RateTolerancePer256 = 1;

    /// <summary>Samples that a port may hold back or give late at the ends of that time. Assumption: two buffers of 256.</summary>
    public const int RateSlackSamples = 512;

    private const int HoldLookUs = 100_000;

    private enum Stage : byte
    {
        Start,
        Settle,
        Run,
        Lost,
    }

    private readonly IAudioPort _port;
    private readonly Pcm1808Clock _clock;
    private readonly Pcm1808Window _window = new Pcm1808Window();
    private readonly short[] _other;
    private Stage _stage;
    private bool _isHeld;

    // Samples in the buffer, the first of them those that were delivered with the last batch.
    private int _count;
    private int _delivered;
    private int _run;
    private int _settled;
    private long _lastUs;
    private long _lostSeen;
    private long _rateSinceUs;
    private long _rateSamples;

    private long _pendingLost;
    private bool _pendingIsLowerBound;
    private SampleLoss _pendingLoss;
    private bool _isInterrupted;
    private long _interruptedUs;
    private FaultCode _withheld;
    private int _cleanWindows;

    /// <summary>Stores and allocates. No I/O.</summary>
    /// <param name="port">The port. Its adapter knows which slot is wired; the left one, unless it is told otherwise.</param>
    public Pcm1808(IAudioPort port)
    {
        _port = port;
        _clock = new Pcm1808Clock(port.SampleRateHz);
        Samples = new short[DeadSamples + ChunkBound];
        _other = new short[DeadSamples + ChunkBound];
    }

    /// <inheritdoc/>
    public override string PartName => PartNames.Pcm1808;

    /// <summary>Samples per second that the port is set to.</summary>
    public int SampleRateHz => _port.SampleRateHz;

    /// <summary>Samples of this batch; above 0 after Ready, else 0. Mostly 200, at most <see cref="DeadSamples"/> + <see cref="ChunkBound"/> - 1.</summary>
    public int SampleCount { get; private set; }

    /// <summary>The samples, oldest first, as the converter made them: -32,768 to 32,767. Valid up to <see cref="SampleCount"/>, until the next call.</summary>
    public short[] Samples { get; }

    /// <summary>When the first sample of this batch was taken, monotonic µs, from the count of samples (see <see cref="Pcm1808Clock"/>).</summary>
    public long FirstSampleUs { get; private set; }

    /// <summary>From one sample to the next, ns, as found so far: 125,000 nominal.</summary>
    public int SamplePeriodNs => _clock.PeriodNs;

    /// <summary>Samples that are missing between the batch before and the first sample of this one.</summary>
    public int LostSamples { get; private set; }

    /// <summary>True when more may be missing.</summary>
    public bool LostIsLowerBound { get; private set; }

    /// <summary>Why they are missing.</summary>
    public SampleLoss LossCause { get; private set; }

    /// <summary>True while the converter is stopped on purpose.</summary>
    public bool IsHeld => _isHeld;

    /// <summary>
    /// Stops the converter's clocks, or lets it be started again at the next call. What was not delivered by then is forgotten, and nothing is declared for the
    /// time in between: nobody wanted to hear.
    /// </summary>
    /// <param name="held">True to stop.</param>
    public void Hold(bool held)
    {
        if (held == _isHeld)
        {
            return;
        }

        _isHeld = held;
        _stage = Stage.Start;
        _isInterrupted = false;
        Forget();
        NextStepUs = 0;
        if (held)
        {
            _port.Stop();
        }
    }

    /// <inheritdoc/>
    public override void Restart()
    {
        OnDeviceLost();
        _stage = Stage.Start;
        Continue(0);
    }

    /// <inheritdoc/>
    public override DriverResult Probe(long nowUs)
    {
        if (_stage == Stage.Run || _stage == Stage.Lost)
        {
            Restart();
        }

        return _isHeld ? Continue(nowUs + HoldLookUs) : Begin(nowUs);
    }

    /// <inheritdoc/>
    public override DriverResult Measure(long nowUs)
    {
        DropDelivered();
        if (_isHeld)
        {
            return Continue(nowUs + HoldLookUs);
        }

        switch (_stage)
        {
            case Stage.Run:
                return Collect(nowUs);
            case Stage.Lost:
                return FailUntilReset(FaultCode == FaultCode.None ? FaultCode.Pcm1808PortFailed : FaultCode, nowUs);
            default:
                DriverResult result = Begin(nowUs);
                return result == DriverResult.Ready ? Continue(NextStepUs) : result;
        }
    }

    private DriverResult Begin(long nowUs)
    {
        if (_stage == Stage.Settle)
        {
            return Settle(nowUs);
        }

        Forget();
        _port.Stop();
        AudioStatus status = _port.Start();
        if (status != AudioStatus.Ok)
        {
            return FailUntilReset(status == AudioStatus.NotOpen ? FaultCode.Pcm1808PortNotOpen : FaultCode.Pcm1808PortFailed, nowUs);
        }

        _stage = Stage.Settle;
        _settled = 0;
        _lastUs = nowUs;
        _lostSeen = _port.LostSamples;
        _withheld = FaultCode.None;
        _cleanWindows = 0;
        _window.Restart();
        _clock.Start(nowUs);
        return Continue(nowUs + ChunkUs);
    }

    // Zeros, then a rising copy of the sound: neither is what the patient sounds like.
    private DriverResult Settle(long nowUs)
    {
        DriverResult result = Read(nowUs, out int read, out long lost);
        if (result != DriverResult.Ready)
        {
            return result;
        }

        _settled += read + (int)lost;
        _count = 0;
        _clock.Advance(read + lost);
        if (read < ChunkBound)
        {
            _clock.Observe(nowUs);
        }

        if (_settled < SettlingSamples)
        {
            return Continue(read == ChunkBound ? nowUs : nowUs + ChunkUs);
        }

        _stage = Stage.Run;
        _run = 0;
        _rateSinceUs = nowUs;
        _rateSamples = read == ChunkBound ? -1 : 0;
        Continue(read == ChunkBound ? nowUs : nowUs + ChunkUs);
        return DriverResult.Ready;
    }

    private void Forget()
    {
        _count = 0;
        _delivered = 0;
        _run = 0;
        SampleCount = 0;
    }

    private void OnDeviceLost()
    {
        if (_stage == Stage.Run && !_isInterrupted)
        {
            _isInterrupted = true;
            _interruptedUs = _clock.BackUs(_count - _delivered);
        }

        Forget();
    }

    private DriverResult FailUntilReset(FaultCode code, long nowUs)
    {
        OnDeviceLost();
        if (_stage != Stage.Lost)
        {
            _stage = Stage.Lost;
            _port.Stop();
        }

        return Fail(AbsenceReason.SensorFault, code, nowUs + ChunkUs);
    }
}
