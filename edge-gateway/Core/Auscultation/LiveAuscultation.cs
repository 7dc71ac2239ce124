using System;

namespace EdgeGateway.Core.Auscultation;

/// <summary>The last seconds of a stream, analysed once a second.</summary>
public sealed class LiveAuscultation
{
    /// <summary>How much is analysed at a time, s.</summary>
    public const int WindowSeconds = 6;

    /// <summary>How much must have been heard for the first result, s.</summary>
    public const double FirstSeconds = HeartSoundAnalysis.MinSecondsAlone;

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

    /// <summary>What is listened to; from the next result on.</summary>
    public AuscultationTarget Target { get; set; }

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
        if (_since < _rateHz || _count < FirstSeconds * _rateHz)
        {
            return false;
        }

        _since = 0;
        long beginsUs = firstUs + (samples.Length * 1_000_000L / _rateHz) - (_count * 1_000_000L / _rateHz);
        Result = HeartSoundAnalysis.Analyse(_window.AsSpan(0, _count), _rateHz, Target) with { FirstUs = beginsUs };
        return true;
    }
}
