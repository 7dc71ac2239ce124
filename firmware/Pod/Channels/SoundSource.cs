using Firmware.Core;
using Firmware.Peripherals;

namespace Firmware.Pod.Channels;

/// <summary>Why samples of sound are missing.</summary>
public enum SoundLoss : byte
{
    /// <summary>None is missing.</summary>
    None = 0,

    /// <summary>The bus's buffer was full before it was read.</summary>
    Overrun = 1,

    /// <summary>The converter was away or was started again.</summary>
    Interrupted = 2,

    /// <summary>Read, and withheld as impossible.</summary>
    Implausible = 3,
}

/// <summary>A driver whose counts are sound.</summary>
public interface ISoundSource : IDriver
{
    /// <summary>Samples per second.</summary>
    int SampleRateHz { get; }

    /// <summary>Samples of the newest batch; above 0 after Ready.</summary>
    int SampleCount { get; }

    /// <summary>The samples, oldest first; valid during the step only.</summary>
    short[] Samples { get; }

    /// <summary>When the first sample was taken, monotonic µs.</summary>
    long FirstSampleUs { get; }

    /// <summary>From one sample to the next, ns.</summary>
    int SamplePeriodNs { get; }

    /// <summary>Samples missing before the first of this batch.</summary>
    int LostSamples { get; }

    /// <summary>True when more may be missing.</summary>
    bool LostIsLowerBound { get; }

    /// <summary>Why they are missing.</summary>
    SoundLoss LossCause { get; }

    /// <summary>True while the source is stopped on purpose.</summary>
    bool IsHeld { get; }

    /// <summary>Stops the source's clocks, or lets it begin anew. What was not delivered by then is forgotten.</summary>
    /// <param name="held">True to stop.</param>
    void Hold(bool held);
}

/// <summary>The PCM1808 as a source of sound.</summary>
public sealed class Pcm1808Source : ISoundSource
{
    private readonly Pcm1808 _driver;

    /// <summary>Stores; talks to nobody.</summary>
    /// <param name="port">The port.</param>
    public Pcm1808Source(IAudioPort port)
    {
        _driver = new Pcm1808(port);
        SampleRateHz = port.SampleRateHz;
    }

    /// <inheritdoc/>
    public string PartName => _driver.PartName;

    /// <inheritdoc/>
    public long NextStepUs => _driver.NextStepUs;

    /// <inheritdoc/>
    public AbsenceReason Reason => _driver.Reason;

    /// <inheritdoc/>
    public FaultCode FaultCode => _driver.FaultCode;

    /// <inheritdoc/>
    public int SampleRateHz { get; }

    /// <inheritdoc/>
    public int SampleCount => _driver.SampleCount;

    /// <inheritdoc/>
    public short[] Samples => _driver.Samples;

    /// <inheritdoc/>
    public long FirstSampleUs => _driver.FirstSampleUs;

    /// <inheritdoc/>
    public int SamplePeriodNs => _driver.SamplePeriodNs;

    /// <inheritdoc/>
    public int LostSamples => _driver.LostSamples;

    /// <inheritdoc/>
    public bool LostIsLowerBound => _driver.LostIsLowerBound;

    /// <inheritdoc/>
    public SoundLoss LossCause
    {
        get
        {
            // Several causes may have met in one loss; the one that says most is named.
            Pcm1808Loss cause = _driver.LossCause;
            return cause == Pcm1808Loss.None ? SoundLoss.None
                : (cause & Pcm1808Loss.Overrun) != Pcm1808Loss.None ? SoundLoss.Overrun
                : (cause & Pcm1808Loss.Interrupted) != Pcm1808Loss.None ? SoundLoss.Interrupted
                : SoundLoss.Implausible;
        }
    }

    /// <inheritdoc/>
    public bool IsHeld => _driver.IsHeld;

    /// <inheritdoc/>
    public void Hold(bool held) => _driver.Hold(held);

    /// <inheritdoc/>
    public void Restart() => _driver.Restart();

    /// <inheritdoc/>
    public DriverResult Probe(long nowUs) => _driver.Probe(nowUs);

    /// <inheritdoc/>
    public DriverResult Measure(long nowUs) => _driver.Measure(nowUs);
}
