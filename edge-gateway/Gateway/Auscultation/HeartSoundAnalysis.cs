using System;
using System.Collections.Generic;

namespace EdgeGateway.Gateway.Auscultation;

/// <summary>An instruction on the recording that a nurse can act on; none on the patient.</summary>
public enum RecordingVerdict
{
    /// <summary>It can be listened to.</summary>
    Good,

    /// <summary>Nothing touches the skin: press.</summary>
    NoContact,

    /// <summary>Too loud for the converter: press less.</summary>
    Clipping,

    /// <summary>Noise of the room: hush.</summary>
    AmbientNoise,

    /// <summary>No rhythm is found: move.</summary>
    NoRhythm,

    /// <summary>Something rubs: hold still.</summary>
    Rub,

    /// <summary>Not enough was heard yet.</summary>
    TooShort,
}

/// <summary>First or second heart sound.</summary>
public enum HeartSoundKind
{
    /// <summary>First.</summary>
    S1,

    /// <summary>Second.</summary>
    S2,
}

/// <summary>One heart sound.</summary>
/// <param name="Seconds">When, from the beginning of what was analysed.</param>
/// <param name="Kind">Which.</param>
public readonly record struct HeartSound(double Seconds, HeartSoundKind Kind);

/// <summary>What the analysis says of a stretch of sound.</summary>
/// <param name="Verdict">The instruction.</param>
/// <param name="Quality">0 to 100.</param>
/// <param name="HeartRatePerMinute">The rate; null unless the verdict is Good.</param>
/// <param name="Sounds">Heart sounds that were found, in order.</param>
/// <param name="FirstUs">Device time of the beginning, µs; 0 when not known.</param>
public sealed record AuscultationResult(RecordingVerdict Verdict, int Quality, double? HeartRatePerMinute, IReadOnlyList<HeartSound> Sounds, long FirstUs);

/// <summary>
/// Rate and quality of heart sounds. Energy of 25 to 150 Hz as an envelope at 100 Hz; its autocorrelation gives the rate (40 to 200 /min, the first peak that has 85 % of the highest);
/// level, clipping, the share of the low band and the height of that peak give the verdict. Heart sounds are not marked yet.
/// Source: Schmidt et al., Physiol. Meas. 31 (2010) 513 (rate by the envelope's autocorrelation).
/// </summary>
public static class HeartSoundAnalysis
{
    /// <summary>Shortest stretch, s.</summary>
    public const double LeastSeconds = 4;

    private const int EnvelopeHz = 100;
    private const double ContactRms = 30;
    private const double ClippedShare = 0.001;
    private const double LeastRhythm = 0.25;
    private const double LeastLowShare = 0.15;

    /// <summary>Analyses.</summary>
    /// <param name="samples">16-bit samples.</param>
    /// <param name="rateHz">Samples per second, 1,000 to 48,000.</param>
    /// <returns>The result.</returns>
    public static AuscultationResult Analyse(ReadOnlySpan<short> samples, int rateHz)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rateHz, 1000);
        if (samples.Length < LeastSeconds * rateHz)
        {
            return new AuscultationResult(RecordingVerdict.TooShort, 0, null, [], 0);
        }

        double squares = 0;
        int clipped = 0;
        int run = 0;
        foreach (short sample in samples)
        {
            squares += (double)sample * sample;
            run = Math.Abs((int)sample) >= Firmware.Protocol.SoundBody.FullScaleCounts ? run + 1 : 0;
            clipped += run >= Firmware.Protocol.SoundBody.ClippedRun ? 1 : 0;
        }

        if (Math.Sqrt(squares / samples.Length) < ContactRms)
        {
            return new AuscultationResult(RecordingVerdict.NoContact, 0, null, [], 0);
        }

        if (clipped > samples.Length * ClippedShare)
        {
            return new AuscultationResult(RecordingVerdict.Clipping, 10, null, [], 0);
        }

        double[] envelope = Envelope(samples, rateHz, out double lowShare);
        (double bpm, double height) = Rhythm(envelope);
        int quality = (int)Math.Clamp(height * 100, 0, 100);
        if (lowShare < LeastLowShare)
        {
            return new AuscultationResult(RecordingVerdict.AmbientNoise, Math.Min(quality, 30), null, [], 0);
        }

        return height < LeastRhythm
            ? new AuscultationResult(RecordingVerdict.NoRhythm, Math.Min(quality, 40), null, [], 0)
            : new AuscultationResult(RecordingVerdict.Good, quality, bpm, [], 0);
    }

    private static double[] Envelope(ReadOnlySpan<short> samples, int rateHz, out double lowShare)
    {
        OnePole highPass = new(25, rateHz);
        OnePole lowPass1 = new(150, rateHz);
        OnePole lowPass2 = new(150, rateHz);
        int block = rateHz / EnvelopeHz;
        double[] envelope = new double[samples.Length / block];
        double low = 0;
        double all = 0;
        double sum = 0;
        for (int i = 0; i < envelope.Length * block; i++)
        {
            double high = samples[i] - highPass.Next(samples[i]);
            double band = lowPass2.Next(lowPass1.Next(high));
            low += band * band;
            all += high * high;
            sum += Math.Abs(band);
            if ((i + 1) % block == 0)
            {
                envelope[i / block] = Math.Sqrt(sum / block);
                sum = 0;
            }
        }

        lowShare = all == 0 ? 0 : low / all;
        return envelope;
    }

    private static (double Bpm, double Height) Rhythm(double[] envelope)
    {
        double mean = 0;
        foreach (double value in envelope)
        {
            mean += value / envelope.Length;
        }

        double zero = 0;
        foreach (double value in envelope)
        {
            zero += (value - mean) * (value - mean);
        }

        int first = EnvelopeHz * 60 / 200;
        int last = Math.Min(EnvelopeHz * 60 / 40, (envelope.Length * 2 / 3) - 1);
        double[] heights = new double[last + 2];
        for (int lag = first - 1; lag <= last + 1; lag++)
        {
            double sum = 0;
            for (int i = 0; i + lag < envelope.Length; i++)
            {
                sum += (envelope[i] - mean) * (envelope[i + lag] - mean);
            }

            heights[lag] = zero == 0 ? 0 : sum / zero * envelope.Length / (envelope.Length - lag);
        }

        double highest = 0;
        for (int lag = first; lag <= last; lag++)
        {
            highest = Math.Max(highest, heights[lag]);
        }

        for (int lag = first; lag <= last; lag++)
        {
            if (heights[lag] >= heights[lag - 1] && heights[lag] >= heights[lag + 1] && heights[lag] >= 0.85 * highest && highest > 0)
            {
                return (60.0 * EnvelopeHz / lag, heights[lag]);
            }
        }

        return (0, 0);
    }

    private struct OnePole(double cornerHz, double rateHz)
    {
        private readonly double _share = 1 - Math.Exp(-2 * Math.PI * cornerHz / rateHz);
        private double _state;

        public double Next(double value) => _state += (value - _state) * _share;
    }
}

/// <summary>The last seconds of a stream, analysed once a second.</summary>
public sealed class LiveAuscultation
{
    /// <summary>How much is analysed at a time, s.</summary>
    public const int WindowSeconds = 6;

    private readonly int _rateHz;
    private readonly short[] _window;
    private int _count;
    private int _since;

    /// <summary>Makes an empty one.</summary>
    /// <param name="rateHz">Samples per second.</param>
    public LiveAuscultation(int rateHz)
    {
        _rateHz = rateHz;
        _window = new short[rateHz * WindowSeconds];
    }

    /// <summary>The newest result; null until enough was heard.</summary>
    public AuscultationResult? Result { get; private set; }

    /// <summary>Takes samples.</summary>
    /// <param name="samples">The samples, at most a second of them.</param>
    /// <param name="firstUs">Device time of the first, µs.</param>
    /// <returns>True when there is a new result.</returns>
    public bool Add(ReadOnlySpan<short> samples, long firstUs)
    {
        int over = Math.Max(0, _count + samples.Length - _window.Length);
        if (over > 0)
        {
            _window.AsSpan(over, _count - over).CopyTo(_window);
            _count -= over;
        }

        samples.CopyTo(_window.AsSpan(_count));
        _count += samples.Length;
        _since += samples.Length;
        if (_since < _rateHz || _count < HeartSoundAnalysis.LeastSeconds * _rateHz)
        {
            return false;
        }

        _since = 0;
        long beginsUs = firstUs + (samples.Length * 1_000_000L / _rateHz) - (_count * 1_000_000L / _rateHz);
        Result = HeartSoundAnalysis.Analyse(_window.AsSpan(0, _count), _rateHz) with { FirstUs = beginsUs };
        return true;
    }
}
