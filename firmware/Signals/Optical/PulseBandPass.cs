namespace Firmware.Signals.Optical;

/// <summary>
/// Band-pass for light counts: a Butterworth band-pass 0.8 to 5 Hz (one pole pair) and a further high-pass of 0.8 Hz (one pole) against breathing
/// and drift, in fixed point with the rounding error fed back, so that even a pulsation of a few counts passes without bias. Source: bilinear
/// transform of the first-order prototypes, coefficients in Q16; tests hold the response against the formula.
/// </summary>
public sealed class PulseBandPass
{
    /// <summary>The output is this many times the input's scale.</summary>
    public const int OutputScale = 16;

    private const int CoefficientShift = 16;
    private const long FractionMask = (1L << CoefficientShift) - 1;

    private readonly int _gain;
    private readonly int _feedback1;
    private readonly int _feedback2;
    private readonly int _highGain;
    private readonly int _highFeedback;
    private int _input1;
    private int _input2;
    private long _output1;
    private long _output2;
    private long _remainder;
    private long _high1;
    private long _highRemainder;

    /// <summary>Makes a filter at rest.</summary>
    /// <param name="samplePeriodUs">20,000 (50 Hz) or 40,000 (25 Hz); any other period is taken as 20,000.</param>
    public PulseBandPass(int samplePeriodUs)
    {
        if (samplePeriodUs == 40000)
        {
            _gain = 24135;
            _feedback1 = 71494;
            _feedback2 = -17266;
            _highGain = 59513;
            _highFeedback = 53490;
        }
        else
        {
            _gain = 13941;
            _feedback1 = 99871;
            _feedback2 = -37654;
            _highGain = 62378;
            _highFeedback = 59219;
        }
    }

    /// <summary>Puts the filter to rest at a level, so that the level itself makes no step.</summary>
    /// <param name="level">The level, counts.</param>
    public void Reset(int level)
    {
        _input1 = level;
        _input2 = level;
        _output1 = 0;
        _output2 = 0;
        _remainder = 0;
        _high1 = 0;
        _highRemainder = 0;
    }

    /// <summary>Takes one sample.</summary>
    /// <param name="input">Counts, -262,143 to 262,143.</param>
    /// <returns>The filtered sample, counts x <see cref="OutputScale"/>.</returns>
    public int Next(int input)
    {
        long sum = ((long)(input - _input2) * OutputScale * _gain) + (_output1 * _feedback1) + (_output2 * _feedback2) + _remainder;
        long output = sum >> CoefficientShift;
        _remainder = sum & FractionMask;
        long high = ((output - _output1) * _highGain) + (_high1 * _highFeedback) + _highRemainder;
        _high1 = high >> CoefficientShift;
        _highRemainder = high & FractionMask;
        _input2 = _input1;
        _input1 = input;
        _output2 = _output1;
        _output1 = output;
        return (int)_high1;
    }
}
