using System;
using System.Device.I2s;
using Firmware.Core;
using Firmware.Peripherals;

namespace Firmware.Esp32;

/// <summary>
/// Sound from one I2S controller, master and receiver, both slots of 16 bits. The runtime always clocks 32 bits per slot and keeps the upper 16, so the bus has the 64 bit
/// clocks per frame that the PCM1808 wants. Its system clock is the bit clock of the second controller, which sends nothing at four times the rate: both are
/// divided from one crystal and stay in step. A native read stops every managed thread until its bytes are there; so only whole DMA buffers are read of which the
/// time says that they are full, and it never waits. hardware/wiring/stethoscope.md draws it.
/// </summary>
public sealed class EspAudioPort : IAudioPort
{
    /// <summary>Samples per second.</summary>
    public const int RateHz = 8000;

    /// <summary>Frames in one buffer of the DMA: 32 ms. Source: nf-interpreter, ESP32 I2sDevice, DMA_BUF_LEN_IN_I2S_FRAMES.</summary>
    public const int BufferFrames = 256;

    /// <summary>Buffers of the DMA: 256 ms.</summary>
    public const int Buffers = 8;

    /// <summary>Frames after a restart of the bit clock that are not sound. Source: TI SLES177B, "Synchronization with digital audio system" and "Fade-in": 32, then at most 8,192 + 48.</summary>
    public const int ResyncFrames = 32 + 8192 + 48;

    private const int DmaBytesPerFrame = 8;

    // A buffer counts as full only this long after its time, µs: the controller starts a little later than Start returns, and reading must not wait.
    private const int MarginUs = 1000;

    private readonly IMonotonicClock _clock;
    private readonly int _busId;
    private readonly int _systemClockBusId;
    private readonly int _wiredByte;
    private readonly byte[] _bytes = new byte[BufferFrames * Pcm1808Decoder.BytesPerFrame];
    private I2sDevice? _device;
    private I2sDevice? _systemClock;
    private long _startedUs;
    private long _taken;
    private int _resync;

    /// <summary>Stores; opens nothing. The pins are set before the first start.</summary>
    /// <param name="clock">Says which buffers are full.</param>
    /// <param name="busId">The controller that reads, 1 or 2.</param>
    /// <param name="systemClockBusId">The controller that makes the system clock; the other one. 0: the master clock of the first makes it.</param>
    /// <param name="isLeft">True when the microphone is wired to the left input.</param>
    public EspAudioPort(IMonotonicClock clock, int busId, int systemClockBusId, bool isLeft)
    {
        _clock = clock;
        _busId = busId;
        _systemClockBusId = systemClockBusId;
        _wiredByte = isLeft ? Pcm1808Decoder.LeftByte : Pcm1808Decoder.RightByte;
    }

    /// <inheritdoc/>
    public int SampleRateHz => RateHz;

    /// <inheritdoc/>
    public long LostSamples { get; private set; }

    /// <inheritdoc/>
    public AudioStatus Start()
    {
        Stop();
        LostSamples = 0;
        _resync = 0;
        try
        {
            _systemClock = _systemClockBusId == 0 ? null : Open(_systemClockBusId, I2sMode.Master | I2sMode.Tx, RateHz * 4, I2sBitsPerSample.Bit32);
            return Listen() ? AudioStatus.Ok : AudioStatus.Failed;
        }
        catch (Exception)
        {
            Stop();
            return AudioStatus.Failed;
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        Close(_device);
        Close(_systemClock);
        _device = null;
        _systemClock = null;
    }

    /// <inheritdoc/>
    public AudioStatus Read(short[] wired, short[] other, int offset, int count, out int read)
    {
        read = 0;
        I2sDevice? device = _device;
        if (device == null)
        {
            return AudioStatus.NotOpen;
        }

        long made = FramesUntil(_clock.NowUs - MarginUs);
        long waiting = made - (made % BufferFrames) - _taken;
        if (waiting >= (Buffers - 1) * BufferFrames)
        {
            return Overrun();
        }

        int take = waiting < count ? (int)waiting : count;
        take = take < BufferFrames ? take : BufferFrames;
        if (take <= 0)
        {
            return AudioStatus.Empty;
        }

        try
        {
            device.Read(new SpanByte(_bytes, 0, take * Pcm1808Decoder.BytesPerFrame));
        }
        catch (Exception)
        {
            return AudioStatus.Failed;
        }

        _taken += take;
        if (_resync > 0)
        {
            _resync -= take;
            LostSamples += take;
            return AudioStatus.Overrun;
        }

        Pcm1808Decoder.TakeAll(_bytes, _wiredByte, wired, offset, take);
        Pcm1808Decoder.TakeSome(_bytes, Pcm1808Decoder.RightByte - _wiredByte, other, offset, take);
        read = take;
        return AudioStatus.Ok;
    }

    // The DMA has written over buffers that nobody read, and does not say how many. The bit clock is started anew, so that the count is known again; what the
    // converter gives until it is back in step is counted as lost too.
    private AudioStatus Overrun()
    {
        long beganUs = _startedUs;
        long takenBefore = _taken;
        Close(_device);
        _device = null;
        try
        {
            if (!Listen())
            {
                return AudioStatus.Failed;
            }
        }
        catch (Exception)
        {
            return AudioStatus.Failed;
        }

        LostSamples += ((_startedUs - beganUs) * RateHz / 1_000_000) - takenBefore;
        _resync = ResyncFrames;
        return AudioStatus.Overrun;
    }

    private bool Listen()
    {
        _device = Open(_busId, I2sMode.Master | I2sMode.Rx, RateHz, I2sBitsPerSample.Bit16);
        _startedUs = _clock.NowUs;
        _taken = 0;
        return _device != null;
    }

    private long FramesUntil(long nowUs) => nowUs <= _startedUs ? 0 : (nowUs - _startedUs) * RateHz / 1_000_000;

    private static I2sDevice Open(int busId, I2sMode mode, int rateHz, I2sBitsPerSample bits) => I2sDevice.Create(new I2sConnectionSettings(busId)
    {
        Mode = mode,
        SampleRate = rateHz,
        BitsPerSample = bits,
        ChannelFormat = I2sChannelFormat.RightLeft,
        CommunicationFormat = I2sCommunicationFormat.I2S,
        BufferSize = Buffers * BufferFrames * DmaBytesPerFrame,
    });

    private static void Close(I2sDevice? device)
    {
        try
        {
            device?.Dispose();
        }
        catch (Exception)
        {
            // It is closed already.
        }
    }
}
