using System;
using Firmware.Core;
using Firmware.Peripherals;
using Simulators.Chips;

namespace Simulators.Cart.Pod;

/// <summary>The simulated converter behind the pod's port: whole buffers as they are full, both slots of 16 bits, and losses that the DMA counts.</summary>
public sealed class SimulatedAudioPort : IAudioPort
{
    private readonly SimulatedPcm1808 _simulated;
    private readonly bool _isLeft;
    private readonly byte[] _bytes = new byte[SimulatedPcm1808.BufferFrames * Pcm1808Decoder.BytesPerFrame];
    private long _overwrittenReported;

    /// <summary>Makes a port that is not open.</summary>
    /// <param name="simulated">The converter, with slots of 16 bits.</param>
    /// <param name="isLeft">True when the microphone is wired to the left input, as the simulated chip's is.</param>
    public SimulatedAudioPort(SimulatedPcm1808 simulated, bool isLeft = true)
    {
        ArgumentNullException.ThrowIfNull(simulated);
        _simulated = simulated;
        _isLeft = isLeft;
    }

    /// <summary>What every reading ends with; Ok for what the converter gives.</summary>
    public AudioStatus Answer { get; set; } = AudioStatus.Ok;

    /// <summary>True between Start and Stop.</summary>
    public bool IsOpen { get; private set; }

    /// <inheritdoc/>
    public int SampleRateHz => _simulated.RateHz;

    /// <inheritdoc/>
    public long LostSamples => _simulated.Overwritten;

    /// <inheritdoc/>
    public AudioStatus Start()
    {
        _simulated.StartClocks();
        _overwrittenReported = 0;
        IsOpen = true;
        return AudioStatus.Ok;
    }

    /// <inheritdoc/>
    public void Stop()
    {
        _simulated.StopClocks();
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

        int waiting = Math.Min(_simulated.Waiting(), count);
        while (read < waiting)
        {
            int some = Math.Min(waiting - read, SimulatedPcm1808.BufferFrames);
            _simulated.Take(_bytes, some);
            Pcm1808Decoder.TakeAll(_bytes, _isLeft ? Pcm1808Decoder.LeftByte : Pcm1808Decoder.RightByte, wired, offset + read, some);
            Pcm1808Decoder.TakeAll(_bytes, _isLeft ? Pcm1808Decoder.RightByte : Pcm1808Decoder.LeftByte, other, offset + read, some);
            read += some;
        }

        if (_simulated.Overwritten > _overwrittenReported)
        {
            _overwrittenReported = _simulated.Overwritten;
            return AudioStatus.Overrun;
        }

        return read == 0 ? AudioStatus.Empty : AudioStatus.Ok;
    }
}
