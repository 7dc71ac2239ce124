using Firmware.Core;

namespace Firmware.Peripherals;

/// <summary>
/// Looks at every eighth sample of both slots, a fifth of a second at a time, and says what is wrong with the wiring. The limits are far from what
/// a chest, a rub or a knock on the capsule makes for so long.
/// </summary>
internal sealed class Pcm1808Window
{
    /// <summary>Looks in a window: 200 ms of 8 kHz.</summary>
    public const int Looks = 200;

    /// <summary>Magnitude from which a sample is at the end of the range. Source: 0.99 x 32,768.</summary>
    public const int RailCounts = 32440;

    /// <summary>Looks at the end of the range that make a window bad. Assumption: half; a clipped heart sound is there for a few milliseconds.</summary>
    public const int RailLooks = Looks / 2;

    /// <summary>Looks at each of both ends that make of it a loose cable. Assumption: a tenth; an open input picks up the mains and swings.</summary>
    public const int EachRailLooks = Looks / 10;

    /// <summary>Mean of a window that no sound has. Assumption: a quarter of the range; the part's own high-pass filter (0.15 Hz at 8 kHz) takes every lasting offset away. Source: TI SLES177B, HPF -3 dB at 0.019 fS/1000.</summary>
    public const int OffsetCounts = 8192;

    /// <summary>Windows with an offset, of the last <see cref="OffsetHistory"/>, that make a loose cable. Assumption.</summary>
    public const int OffsetWindows = 3;

    /// <summary>Windows that are remembered: 2 s.</summary>
    public const int OffsetHistory = 10;

    /// <summary>
    /// Mean of a window that, seen on both sides of zero within <see cref="SwingHistory"/>, makes of an offset a slow swing, as of breathing or a hand: a loose cable's offset stays on its side,
    /// and the part's high-pass filter only lets it sink. Assumption: half of <see cref="OffsetCounts"/>, since a swing need not reach as far on both sides.
    /// </summary>
    public const int SwingCounts = OffsetCounts / 2;

    /// <summary>Windows in which a swing comes back: 4 s, the time of a breath at 15 a minute. Assumption.</summary>
    public const int SwingHistory = 20;

    /// <summary>Swing below which a slot carries nothing, counts. Assumption: well above the part's own noise, 0.3 counts by its 99 dB.</summary>
    public const int QuietSpan = 16;

    /// <summary>Swing from which a slot carries a signal, counts. Assumption: -42 dB of the range; channel separation of 90 dB brings none of it into the other slot.</summary>
    public const int SignalSpan = 512;

    /// <summary>Windows in a row with the signal in the other slot only that make swapped slots: 1 s. Assumption.</summary>
    public const int SwappedWindows = 5;

    private int _looks;
    private int _high;
    private int _low;
    private int _sum;
    private int _min;
    private int _largest;
    private int _otherMin;
    private int _otherLargest;
    private int _offsets;
    private int _up;
    private int _down;
    private int _swapped;
    private bool _wasOtherAlive;

    /// <summary>Forgets everything.</summary>
    public void Restart()
    {
        _offsets = 0;
        _up = 0;
        _down = 0;
        _swapped = 0;
        _wasOtherAlive = false;
        Begin();
    }

    /// <summary>True when the other slot carries a signal, in the window so far or in the one before.</summary>
    public bool IsOtherAlive => _wasOtherAlive || _otherLargest - _otherMin >= SignalSpan;

    /// <summary>Looks at new samples.</summary>
    /// <param name="wired">The wired slot.</param>
    /// <param name="other">The other slot.</param>
    /// <param name="offset">The first new sample.</param>
    /// <param name="count">How many.</param>
    /// <returns>True when the window is complete: <see cref="Validate"/> it.</returns>
    public bool Look(short[] wired, short[] other, int offset, int count)
    {
        int end = offset + count;
        for (int i = offset; i < end; i += OtherSlot.Stride)
        {
            int value = wired[i];
            int otherValue = other[i];
            _sum += value;
            if (value > _largest)
            {
                _largest = value;
            }

            if (value < _min)
            {
                _min = value;
            }

            if (value >= RailCounts)
            {
                _high++;
            }
            else if (value <= -RailCounts)
            {
                _low++;
            }

            if (otherValue > _otherLargest)
            {
                _otherLargest = otherValue;
            }

            if (otherValue < _otherMin)
            {
                _otherMin = otherValue;
            }

            _looks++;
        }

        return _looks >= Looks;
    }

    /// <summary>Ends the window.</summary>
    /// <returns>What is wrong; None when nothing is.</returns>
    public FaultCode Validate()
    {
        int mean = _sum / _looks;
        bool isRail = _high + _low >= RailLooks;
        bool isOffset = !isRail && (mean >= OffsetCounts || mean <= -OffsetCounts);
        _offsets = ((_offsets << 1) | (isOffset ? 1 : 0)) & ((1 << OffsetHistory) - 1);
        _up = ((_up << 1) | (mean >= SwingCounts ? 1 : 0)) & ((1 << SwingHistory) - 1);
        _down = ((_down << 1) | (mean <= -SwingCounts ? 1 : 0)) & ((1 << SwingHistory) - 1);
        bool isSwing = _up != 0 && _down != 0;
        _wasOtherAlive = _otherLargest - _otherMin >= SignalSpan;
        bool isSwapped = _largest - _min <= QuietSpan && _wasOtherAlive;
        _swapped = isSwapped ? _swapped + 1 : 0;
        bool isBoth = _high >= EachRailLooks && _low >= EachRailLooks;
        Begin();
        return isRail ? (isBoth ? FaultCode.Pcm1808CableLoose : FaultCode.Pcm1808StuckAtRail)
            : isOffset && !isSwing && Ones(_offsets) >= OffsetWindows ? FaultCode.Pcm1808CableLoose
            : _swapped >= SwappedWindows ? FaultCode.Pcm1808SlotsSwapped
            : FaultCode.None;
    }

    private static int Ones(int bits)
    {
        int ones = 0;
        while (bits != 0)
        {
            ones += bits & 1;
            bits >>= 1;
        }

        return ones;
    }

    private void Begin()
    {
        _looks = 0;
        _high = 0;
        _low = 0;
        _sum = 0;
        _min = short.MaxValue;
        _largest = short.MinValue;
        _otherMin = short.MaxValue;
        _otherLargest = short.MinValue;
    }
}
