using System;
using System.Numerics;
using EdgeGateway.Core.Sound;

namespace EdgeGateway.Core.Auscultation;

/// <summary>
/// One second-order section, <c>H(z) = (b0 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2)</c>, transposed direct form II.
/// Source: Oppenheim and Schafer, Discrete-Time Signal Processing, 6.3.
/// </summary>
/// <param name="b0">Coefficient of the input.</param>
/// <param name="b1">Coefficient of the last input.</param>
/// <param name="b2">Coefficient of the input before that.</param>
/// <param name="a1">Coefficient of the last output.</param>
/// <param name="a2">Coefficient of the output before that.</param>
public struct SecondOrderSection(double b0, double b1, double b2, double a1, double a2)
{
    private double _first;
    private double _second;

    /// <summary>Coefficients b0, b1, b2, a1, a2.</summary>
    public readonly double[] Coefficients => [b0, b1, b2, a1, a2];

    /// <summary>Takes one sample.</summary>
    /// <param name="input">The sample.</param>
    /// <returns>The sample that comes out.</returns>
    public double Next(double input)
    {
        double output = (b0 * input) + _first;
        _first = (b1 * input) - (a1 * output) + _second;
        _second = (b2 * input) - (a2 * output);
        return output;
    }

    /// <summary>The response at one frequency.</summary>
    /// <param name="hz">Frequency, Hz.</param>
    /// <param name="rateHz">Samples per second.</param>
    /// <returns>Gain and phase as a complex number.</returns>
    public readonly Complex Response(double hz, double rateHz)
    {
        Complex delay = Complex.FromPolarCoordinates(1, -2 * Math.PI * hz / rateHz);
        return (b0 + (delay * (b1 + (delay * b2)))) / (1 + (delay * (a1 + (delay * a2))));
    }
}

/// <summary>
/// Butterworth band pass of second order at each edge, two second-order sections. The listener's filters are made of it; what is stored stays raw.
/// Designed by band transformation of the analog prototype and the bilinear transformation with both edges prewarped, so that each edge lies at -3.01 dB.
/// Source: Oppenheim and Schafer, Discrete-Time Signal Processing, 7.1 and appendix B.
/// </summary>
public sealed class SoundFilter
{
    private SecondOrderSection _low;
    private SecondOrderSection _high;

    /// <summary>Designs one.</summary>
    /// <param name="lowHz">Lower edge at -3 dB, Hz, above 0.</param>
    /// <param name="highHz">Upper edge at -3 dB, Hz, below half the rate.</param>
    /// <param name="rateHz">Samples per second.</param>
    public SoundFilter(double lowHz, double highHz, double rateHz)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lowHz);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(highHz, lowHz);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(highHz, rateHz / 2);
        double low = 2 * Math.Tan(Math.PI * lowHz / rateHz);
        double high = 2 * Math.Tan(Math.PI * highHz / rateHz);
        double width = high - low;
        double centre = low * high;

        // The prototype's pole pair at 135 degrees becomes two pairs: (p w / 2) +- sqrt((p w / 2)^2 - c).
        Complex half = Complex.FromPolarCoordinates(width / 2, 3 * Math.PI / 4);
        Complex root = Complex.Sqrt((half * half) - centre);
        Complex first = Bilinear(half + root);
        Complex second = Bilinear(half - root);
        if (first.Magnitude > second.Magnitude)
        {
            (first, second) = (second, first);
        }

        // Unit gain where the analog centre lies.
        SecondOrderSection unscaled = new(1, 2, 1, -2 * first.Real, Square(first));
        _high = new SecondOrderSection(1, -2, 1, -2 * second.Real, Square(second));
        double centreHz = Math.Atan(Math.Sqrt(centre) / 2) * rateHz / Math.PI;
        double gain = 1 / (unscaled.Response(centreHz, rateHz) * _high.Response(centreHz, rateHz)).Magnitude;
        _low = new SecondOrderSection(gain, 2 * gain, gain, -2 * first.Real, Square(first));
        RateHz = rateHz;
    }

    /// <summary>Samples per second.</summary>
    public double RateHz { get; }

    /// <summary>The sections in the order in which sound passes them.</summary>
    public SecondOrderSection[] Sections => [_low, _high];

    /// <summary>The filter of a listening mode. Source: chest pieces emphasise 20 to 200 Hz as a bell and 100 to 500 Hz as a diaphragm; lung sounds lie in 100 to 1000 Hz.</summary>
    /// <param name="mode">The mode.</param>
    /// <param name="rateHz">Samples per second, above 2,000.</param>
    /// <returns>The filter; null for raw.</returns>
    public static SoundFilter? For(ListeningMode mode, double rateHz) =>
        ListeningBands.EdgesHz(mode) is { } edges ? new SoundFilter(edges.LowHz, edges.HighHz, rateHz) : null;

    /// <summary>Takes one sample; the state goes on.</summary>
    /// <param name="sample">The sample.</param>
    /// <returns>The sample that comes out.</returns>
    public double Next(double sample) => _high.Next(_low.Next(sample));

    /// <summary>Filters samples; the state goes on.</summary>
    /// <param name="input">Samples.</param>
    /// <param name="output">Room for as many; may be the same memory. Rounded, and held within 16 bits.</param>
    public void Process(ReadOnlySpan<short> input, Span<short> output)
    {
        for (int i = 0; i < input.Length; i++)
        {
            output[i] = (short)Math.Clamp(Math.Round(Next(input[i])), short.MinValue, short.MaxValue);
        }
    }

    /// <summary>The gain at one frequency.</summary>
    /// <param name="hz">Frequency, Hz, above 0 and below half the rate.</param>
    /// <returns>Gain, dB.</returns>
    public double GainDb(double hz) => 20 * Math.Log10((_low.Response(hz, RateHz) * _high.Response(hz, RateHz)).Magnitude);

    private static Complex Bilinear(Complex s) => (2 + s) / (2 - s);

    private static double Square(Complex value) => (value.Real * value.Real) + (value.Imaginary * value.Imaginary);
}
