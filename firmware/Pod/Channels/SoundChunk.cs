using System;
using Firmware.Protocol;
using Firmware.Signals.Optical;

namespace Firmware.Pod.Channels;

/// <summary>
/// The chunk of sound that is being filled: the samples as they go over the wire, and their level, peak and clipping, all in one pass over every sample. This is
/// the pod's dearest loop (8,000 turns a second): keep it lean.
/// </summary>
public sealed class SoundChunk
{
    private readonly byte[] _bytes;
    private long _squares;
    private int _min;
    private int _largest;
    private int _clipped;
    private int _run;

    /// <summary>Allocates.</summary>
    /// <param name="capacity">Most samples.</param>
    public SoundChunk(int capacity)
    {
        Capacity = capacity;
        _bytes = new byte[capacity * 2];
    }

    /// <summary>Most samples.</summary>
    public int Capacity { get; }

    /// <summary>Samples in it.</summary>
    public int Count { get; private set; }

    /// <summary>The next sample does not follow the one before: a run at full scale ends here.</summary>
    public void Break() => _run = 0;

    /// <summary>Adds samples.</summary>
    /// <param name="samples">Holds them.</param>
    /// <param name="offset">The first.</param>
    /// <param name="count">How many; there must be room.</param>
    public void Add(short[] samples, int offset, int count)
    {
        byte[] bytes = _bytes;
        int at = Count * 2;
        int end = offset + count;
        int least = 0;
        int largest = 0;
        long squares = 0;
        for (int i = offset; i < end; i++)
        {
            int value = samples[i];
            bytes[at] = (byte)value;
            bytes[at + 1] = (byte)(value >> 8);
            at += 2;
            squares += value * value;
            if (value > largest)
            {
                largest = value;
            }
            else if (value < least)
            {
                least = value;
            }
        }

        Count += count;
        _squares += squares;
        _min = least < _min ? least : _min;
        _largest = largest > _largest ? largest : _largest;
        if (largest >= SoundBody.FullScaleCounts || least <= -SoundBody.FullScaleCounts)
        {
            CountClipped(samples, offset, end);
        }
        else
        {
            _run = 0;
        }
    }

    /// <summary>Writes the body and empties the chunk. A run at full scale that goes on into the next chunk is remembered.</summary>
    /// <param name="buffer">Where the body is written.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="sampleRateHz">Samples per second.</param>
    /// <returns>Length of the body.</returns>
    public int Write(byte[] buffer, int offset, int sampleRateHz)
    {
        int count = Count;
        int level = (int)IntegerMath.SquareRoot(_squares / count);
        int peak = _largest > -_min ? _largest : -_min;
        SoundBody.WriteHead(buffer, offset, sampleRateHz, SoundCodec.Pcm16, count, level, peak, _clipped);
        Array.Copy(_bytes, 0, buffer, offset + SoundBody.SamplesOffset, count * 2);
        Count = 0;
        _squares = 0;
        _min = 0;
        _largest = 0;
        _clipped = 0;
        return SoundBody.SamplesOffset + (count * 2);
    }

    // A run counts where it becomes long enough, with its samples of the chunk before.
    private void CountClipped(short[] samples, int offset, int end)
    {
        for (int i = offset; i < end; i++)
        {
            int value = samples[i];
            if (value < SoundBody.FullScaleCounts && value > -SoundBody.FullScaleCounts)
            {
                _run = 0;
                continue;
            }

            _run++;
            _clipped += _run == SoundBody.ClippedRun ? SoundBody.ClippedRun : _run > SoundBody.ClippedRun ? 1 : 0;
        }
    }
}
