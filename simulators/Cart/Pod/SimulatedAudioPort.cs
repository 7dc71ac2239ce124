using System;
using Firmware.Core;
using Firmware.Peripherals;
using Simulators.Chips;

namespace Simulators.Cart.Pod;

/// <summary>The simulated converter behind the pod's port: whole buffers as they are full, both slots of 16 bits, and losses that the DMA counts.</summary>
public sealed class SimulatedAudioPort : IAudioPort
{
    private readonly Pcm1808Twin _twin;
    private readonly bool _isLeft;
    private readonly byte[] _bytes = new byte[Pcm1808Twin.BufferFrames * Pcm1808Decoder.BytesPerFrame];
    private long _overwrittenTold;

    /// <summary>Makes a port that is not open.</summary>
    /// <param name="twin">The converter, with slots of 16 bits.</param>
    /// <param name="isLeft">True when the microphone is wired to the left input, as the twin's is.</param>
    public SimulatedAudioPort(Pcm1808Twin twin, bool isLeft = true)
    {
        ArgumentNullException.ThrowIfNull(twin);
        _twin = twin;
        _isLeft = isLeft;
    }

    /// <summary>What every reading ends with; Ok for what the converter gives.</summary>
    public AudioStatus Answer { get; set; } = AudioStatus.Ok;

    /// <summary>True between Start and Stop.</summary>
    public bool IsOpen { get; private set; }

    /// <inheritdoc/>
    public int SampleRateHz => _twin.RateHz;

    /// <inheritdoc/>
    public long LostSamples => _twin.Overwritten;

    /// <inheritdoc/>
    public AudioStatus Start()
    {
        _twin.StartClocks();
        _overwrittenTold = 0;
        IsOpen = true;
        return AudioStatus.Ok;
    }

    /// <inheritdoc/>
    public void Stop()
    {
        _twin.StopClocks();
        IsOpen = false;
    }

    /// <inheritdoc/>
    public AudioStatus Read(short[] wired, short[] other, int offset, int count, out int read)
    {
        read = 0;
        if (!IsOpen)
        {
            return AudioStatus.NotOpen;
        }

        if (Answer != AudioStatus.Ok)
        {
            return Answer;
        }

        int waiting = Math.Min(_twin.Waiting(), count);
        while (read < waiting)
        {
            int some = Math.Min(waiting - read, Pcm1808Twin.BufferFrames);
            _twin.Take(_bytes, some);
            Pcm1808Decoder.TakeAll(_bytes, _isLeft ? Pcm1808Decoder.LeftByte : Pcm1808Decoder.RightByte, wired, offset + read, some);
            Pcm1808Decoder.TakeAll(_bytes, _isLeft ? Pcm1808Decoder.RightByte : Pcm1808Decoder.LeftByte, other, offset + read, some);
            read += some;
        }

        if (_twin.Overwritten > _overwrittenTold)
        {
            _overwrittenTold = _twin.Overwritten;
            return AudioStatus.Overrun;
        }

        return read == 0 ? AudioStatus.Empty : AudioStatus.Ok;
    }
}
