namespace Firmware.Core;

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

    /// <summary>Why they are missing; several may hold.</summary>
    SampleLoss LossCause { get; }

    /// <summary>True while the source is stopped on purpose.</summary>
    bool IsHeld { get; }

    /// <summary>Stops the source's clocks, or lets it be started again. What was not delivered by then is forgotten.</summary>
    /// <param name="held">True to stop.</param>
    void Hold(bool held);
}
