using System;
using Firmware.Core;

namespace Firmware.Tests.Peripherals;

/// <summary>
/// A converter on its bus as a test needs it: every sample has a number and a value of its own, and faults are set by the test. It settles as the datasheet says: zeros,
/// then a rising copy.
/// </summary>
public sealed class AudioScript : IAudioPort
{
    /// <summary>Zeros after the start. Source: TI SLES177B, power-on reset: 1,024 periods of 256 fS and 8,960 samples.</summary>
    public const int Zeros = 8964;

    /// <summary>Samples of the fade-in that this converter takes.</summary>
    public const int FadeIn = 4000;

    /// <summary>Samples that the bus's buffer holds.</summary>
    public const int Capacity = 2048;

    private readonly int _rateHz;
    private long _startedUs;
    private long _taken;
    private bool _open;
    private long _frozenAt = -1;
    private bool _tellOverrun;

    /// <summary>A converter of 8 kHz.</summary>
    public AudioScript()
        : this(8000)
    {
    }

    /// <summary>A converter.</summary>
    /// <param name="rateHz">Samples per second, as the port says.</param>
    public AudioScript(int rateHz)
    {
        _rateHz = rateHz;
    }

    /// <summary>Now, set by the test.</summary>
    public long NowUs { get; set; }

    /// <summary>How many ns a sample takes by the converter's own clock.</summary>
    public long PeriodNs { get; set; } = 125_000;

    /// <summary>Samples come in buffers of so many, as from a DMA.</summary>
    public int Buffer { get; set; } = 1;

    /// <summary>First sample from which the wired slot gives <see cref="DeadValue"/>; -1 for none.</summary>
    public long DeadFrom { get; set; } = -1;

    /// <summary>First sample that is alive again.</summary>
    public long DeadUntil { get; set; } = long.MaxValue;

    /// <summary>What a dead slot gives.</summary>
    public short DeadValue { get; set; }

    /// <summary>First sample from which an open cable swings between the ends of the range; -1 for none.</summary>
    public long SwingFrom { get; set; } = -1;

    /// <summary>First sample that does not swing.</summary>
    public long SwingUntil { get; set; } = long.MaxValue;

    /// <summary>Added to every sample from <see cref="OffsetFrom"/> on.</summary>
    public int Offset { get; set; }

    /// <summary>First sample with the offset; -1 for none.</summary>
    public long OffsetFrom { get; set; } = -1;

    /// <summary>First sample without the offset.</summary>
    public long OffsetUntil { get; set; } = long.MaxValue;

    /// <summary>Height of a slow swing added to every sample; 0 for none.</summary>
    public int SlowSwing { get; set; }

    /// <summary>Samples of a period of <see cref="SlowSwing"/>.</summary>
    public int SlowSwingSamples { get; set; } = 16_000;

    /// <summary>True: the signal is in the other slot, and the wired one has noise.</summary>
    public bool Swapped { get; set; }

    /// <summary>The next reading ends with this instead; Ok for none.</summary>
    public AudioStatus Next { get; set; }

    /// <summary>How many readings end so.</summary>
    public int NextTimes { get; set; } = 1;

    /// <summary>What Start ends with.</summary>
    public AudioStatus StartStatus { get; set; }

    /// <summary>True: an overrun is said without its number.</summary>
    public bool HidesNumber { get; set; }

    /// <summary>Readings so far.</summary>
    public int Reads { get; private set; }

    /// <summary>Starts so far.</summary>
    public int Starts { get; private set; }

    /// <summary>Stops so far while running.</summary>
    public int Stops { get; private set; }

    /// <summary>True between Start and Stop.</summary>
    public bool IsOpen => _open;

    /// <summary>Samples before the first of the present start, so that numbers never repeat.</summary>
    public long Base { get; private set; }

    /// <summary>The number of the next sample to be read.</summary>
    public long NextIndex => Base + _taken;

    /// <inheritdoc/>
    public int SampleRateHz => _rateHz;

    /// <inheritdoc/>
    public long LostSamples { get; private set; }

    /// <summary>The value that the microphone made for a sample: noise of 1,200 counts, of which no two runs are alike.</summary>
    /// <param name="index">Its number.</param>
    /// <returns>The value.</returns>
    public static short Truth(long index)
    {
        uint x = (uint)index * 2654435761u;
        x ^= x >> 15;
        x *= 2246822519u;
        x ^= x >> 13;
        return (short)((int)(x % 2401) - 1200);
    }

    /// <summary>When a sample was taken, µs.</summary>
    /// <param name="index">Its number, of the present start.</param>
    /// <returns>Monotonic µs.</returns>
    public long TakenUs(long index) => _startedUs + ((index - Base + 1) * PeriodNs / 1000);

    /// <summary>Stops or starts the clock.</summary>
    /// <param name="frozen">True: no new sample comes.</param>
    public void Freeze(bool frozen)
    {
        if (frozen)
        {
            _frozenAt = Made();
        }
        else if (_frozenAt >= 0)
        {
            // The time of the standstill made no samples.
            _startedUs = NowUs - (_frozenAt * PeriodNs / 1000);
            _frozenAt = -1;
        }
    }

    /// <summary>Loses the samples that wait, as a full buffer does.</summary>
    /// <returns>How many.</returns>
    public long Overrun()
    {
        long lost = Made() - _taken;
        _taken += lost;
        LostSamples += HidesNumber ? 0 : lost;
        _tellOverrun = true;
        return lost;
    }

    /// <inheritdoc/>
    public AudioStatus Start()
    {
        Starts++;
        if (StartStatus != AudioStatus.Ok)
        {
            return StartStatus;
        }

        Base += 1_000_000;
        _taken = 0;
        _startedUs = NowUs;
        _frozenAt = -1;
        LostSamples = 0;
        _tellOverrun = false;
        _open = true;
        return AudioStatus.Ok;
    }

    /// <inheritdoc/>
    public void Stop()
    {
        Stops += _open ? 1 : 0;
        _open = false;
    }

    /// <inheritdoc/>
    public AudioStatus Read(short[] wired, short[] other, int offset, int count, out int read)
    {
        Reads++;
        read = 0;
        if (!_open)
        {
            return AudioStatus.NotOpen;
        }

        if (Next != AudioStatus.Ok)
        {
            AudioStatus next = Next;
            NextTimes--;
            if (NextTimes <= 0)
            {
                Next = AudioStatus.Ok;
                NextTimes = 1;
            }

            return next;
        }

        long waiting = Made() - _taken;
        if (waiting > Capacity)
        {
            long lost = waiting - Capacity;
            _taken += lost;
            LostSamples += HidesNumber ? 0 : lost;
            _tellOverrun = true;
            waiting = Capacity;
        }

        read = waiting < count ? (int)waiting : count;
        for (int i = 0; i < read; i++)
        {
            long index = Base + _taken + i;
            int value = Swapped ? (int)(index & 1) : Given(index);
            wired[offset + i] = (short)value;
            if (i % OtherSlot.Stride == 0)
            {
                other[offset + i] = Swapped ? Truth(index) : (short)(index & 1);
            }
        }

        _taken += read;
        if (_tellOverrun)
        {
            _tellOverrun = false;
            return AudioStatus.Overrun;
        }

        return read == 0 ? AudioStatus.Empty : AudioStatus.Ok;
    }

    private static int Limit(int value) => value > 32767 ? 32767 : value < -32768 ? -32768 : value;

    private long Made()
    {
        if (_frozenAt >= 0)
        {
            return _frozenAt;
        }

        long made = (NowUs - _startedUs) * 1000 / PeriodNs;
        return made - (made % Buffer);
    }

    private int Given(long index)
    {
        long since = index - Base;
        if (since < Zeros)
        {
            return 0;
        }

        int value = Truth(index);
        if (since < Zeros + FadeIn)
        {
            return (int)(value * (since - Zeros) / FadeIn);
        }

        if (DeadFrom >= 0 && index >= DeadFrom && index < DeadUntil)
        {
            return DeadValue;
        }

        if (SwingFrom >= 0 && index >= SwingFrom && index < SwingUntil)
        {
            return index / 80 % 2 == 0 ? 32767 - (int)(index % 5) : -32768 + (int)(index % 5);
        }

        if (SlowSwing != 0)
        {
            return Limit(value + (int)(SlowSwing * Math.Sin(2 * Math.PI * index / SlowSwingSamples)));
        }

        return OffsetFrom >= 0 && index >= OffsetFrom && index < OffsetUntil ? Limit(value + Offset) : value;
    }
}
