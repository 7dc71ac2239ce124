namespace Firmware.Core;

/// <summary>How a read of sound ended.</summary>
public enum AudioStatus : byte
{
    /// <summary>Samples were read.</summary>
    Ok = 0,

    /// <summary>None is there yet.</summary>
    Empty = 1,

    /// <summary>Samples were lost before those read now; how many is in <see cref="IAudioPort.LostSamples"/>.</summary>
    Overrun = 2,

    /// <summary>The converter's clock stands still.</summary>
    ClockLost = 3,

    /// <summary>The driver of the bus failed.</summary>
    Failed = 4,

    /// <summary>The port was never started.</summary>
    NotOpen = 5,
}

/// <summary>What an adapter owes of the slot that is not wired.</summary>
public static class OtherSlot
{
    /// <summary>Only every so many samples of the other slot are looked at, from the offset of each read on; an adapter for which each sample is dear need not write those between.</summary>
    public const int Stride = 8;
}

/// <summary>
/// One channel of sound from an I2S converter: 16-bit samples at <see cref="SampleRateHz"/>. The adapter reads both slots of the bus (RightLeft) in pieces
/// of 20 to 30 ms and gives the slot that is wired. It never waits longer than one chunk and throws nothing for an expected fault.
/// </summary>
public interface IAudioPort
{
    /// <summary>Samples per second, 8,000 for this project's converters.</summary>
    int SampleRateHz { get; }

    /// <summary>Starts the clocks. Samples of before are dropped.</summary>
    /// <returns>Ok, or Failed.</returns>
    AudioStatus Start();

    /// <summary>Stops the clocks.</summary>
    void Stop();

    /// <summary>
    /// Takes what is due, at most <paramref name="count"/> samples. Both slots are given, so that a dead or swapped slot can be told from silence.
    /// </summary>
    /// <param name="wired">Where the samples of the wired slot are put.</param>
    /// <param name="other">Where the samples of the other slot are put; as many, at least each <see cref="OtherSlot.Stride"/>th from <paramref name="offset"/> on.</param>
    /// <param name="offset">First place in both.</param>
    /// <param name="count">Most samples.</param>
    /// <param name="read">How many were put there; 0 unless Ok or Overrun.</param>
    /// <returns>How it ended.</returns>
    AudioStatus Read(short[] wired, short[] other, int offset, int count, out int read);

    /// <summary>Samples lost since <see cref="Start"/>, known to the adapter.</summary>
    long LostSamples { get; }
}
