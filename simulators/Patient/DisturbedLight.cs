using Simulators.Kernel;

namespace Simulators.Patient;

/// <summary>What can come between a patient, made up or recorded, and the stimulus input.</summary>
public enum Disturbance
{
    /// <summary>The finger is away: only stray light comes back.</summary>
    FingerOff = 0,

    /// <summary>The finger moves on the sensor.</summary>
    Motion = 1,

    /// <summary>Light from outside, more than the part can cancel.</summary>
    AmbientLight = 2,

    /// <summary>Something shiny lies on the sensor and sends the LEDs' light straight back.</summary>
    Glare = 3,
}

/// <summary>
/// A patient's light with disturbances. Every value is a pure function of time, seed, and the disturbances that have begun and not ended.
/// </summary>
public sealed class DisturbedLight : IPatientLight
{
    /// <summary>Peak of the light's change by motion, as a share of the light. Assumption: a finger that taps and slides; several times a usual pulsation.</summary>
    public const double MotionShare = 0.06;

    /// <summary>How much of the motion each light has for itself. Assumption: red and infrared see different depths.</summary>
    public const double OwnMotionShare = 0.25;

    /// <summary>Ambient light, counts at 4,096 nA: beyond the 200 µA that the MAX30102 can cancel. Source: Maxim 19-7740, Electrical Characteristics.</summary>
    public const double AmbientCounts = 14_000_000;

    /// <summary>Light of something shiny, counts at 6.4 mA: saturates at the lowest current, 0.4 mA, too. Assumption.</summary>
    public const double GlareCounts = 8_000_000;

    /// <summary>Light that reaches the detector with no finger there, counts. Assumption: crosstalk within the part.</summary>
    public const double StrayCounts = 900;

    private readonly IPatientLight _inner;
    private readonly MotionNoise _motion;
    private readonly bool[] _active = new bool[4];

    /// <summary>Puts disturbances before a patient; none is active.</summary>
    /// <param name="inner">The patient.</param>
    /// <param name="random">For motion.</param>
    public DisturbedLight(IPatientLight inner, SeededRandom random)
    {
        _inner = inner;
        _motion = new MotionNoise(random.NextUInt64());
    }

    /// <summary>True when red and infrared are exchanged on the board.</summary>
    public bool ChannelsSwapped { get; set; }

    /// <summary>A disturbance begins, or ends.</summary>
    /// <param name="disturbance">Which.</param>
    /// <param name="active">True for begins.</param>
    public void Set(Disturbance disturbance, bool active) => _active[(int)disturbance] = active;

    /// <inheritdoc/>
    public OpticalSample At(long worldUs)
    {
        OpticalSample light = _active[(int)Disturbance.FingerOff] ? new OpticalSample(StrayCounts, StrayCounts) : _inner.At(worldUs);
        if (_active[(int)Disturbance.Glare])
        {
            light = new OpticalSample(light.RedCounts + GlareCounts, light.InfraredCounts + GlareCounts, light.AmbientCounts);
        }

        if (_active[(int)Disturbance.Motion])
        {
            double shared = _motion.At(worldUs, 0) * (1 - OwnMotionShare);
            light = light with
            {
                RedCounts = light.RedCounts * (1 + (MotionShare * (shared + (OwnMotionShare * _motion.At(worldUs, 1))))),
                InfraredCounts = light.InfraredCounts * (1 + (MotionShare * (shared + (OwnMotionShare * _motion.At(worldUs, 2))))),
            };
        }

        if (ChannelsSwapped)
        {
            light = light with { RedCounts = light.InfraredCounts, InfraredCounts = light.RedCounts };
        }

        return _active[(int)Disturbance.AmbientLight] ? light with { AmbientCounts = light.AmbientCounts + AmbientCounts } : light;
    }
}
