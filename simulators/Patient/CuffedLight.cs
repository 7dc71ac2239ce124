using System;

namespace Simulators.Patient;

/// <summary>
/// The finger of an arm with a cuff on it: the pulsation is as much as passes the cuff, and comes back slowly when the cuff is empty, as the vessels
/// that were without blood open first.
/// </summary>
public sealed class CuffedLight : IPatientLight
{
    /// <summary>Time in which the pulsation comes back to 63 %, µs. Assumption.</summary>
    public const long ReperfusionUs = 3_000_000;

    private const long StepUs = 20_000;

    private readonly IPatientLight _light;
    private readonly Func<long, double> _passes;
    private readonly OpticalSample _mean;
    private double _share = 1;
    private long _us;

    /// <summary>Makes a finger.</summary>
    /// <param name="light">The finger without a cuff.</param>
    /// <param name="mean">Its light without pulsation.</param>
    /// <param name="passes">How much of the pulse passes the cuff at a moment, 0 to 1. Asked in order of time.</param>
    public CuffedLight(IPatientLight light, OpticalSample mean, Func<long, double> passes)
    {
        ArgumentNullException.ThrowIfNull(light);
        ArgumentNullException.ThrowIfNull(passes);
        _light = light;
        _mean = mean;
        _passes = passes;
    }

    /// <inheritdoc/>
    public OpticalSample At(long worldUs)
    {
        while (_us + StepUs <= worldUs)
        {
            _us += StepUs;
            double passes = _passes(_us);
            _share = passes < _share ? passes : _share + ((passes - _share) * StepUs / ReperfusionUs);
        }

        OpticalSample sample = _light.At(worldUs);
        return _share > 0.999
            ? sample
            : sample with
            {
                RedCounts = _mean.RedCounts + ((sample.RedCounts - _mean.RedCounts) * _share),
                InfraredCounts = _mean.InfraredCounts + ((sample.InfraredCounts - _mean.InfraredCounts) * _share),
            };
    }
}
