using System;
using Firmware.Core;
using Simulators.Chips;
using Simulators.Kernel;
using Simulators.Patient;

namespace Simulators.Cart.Pod;

/// <summary>Random bits for a device, from the run's seed.</summary>
public sealed class SeededEntropy : IEntropy
{
    private readonly SeededRandom _random;

    /// <summary>Makes a source.</summary>
    /// <param name="random">Where the bits come from.</param>
    public SeededEntropy(SeededRandom random) => _random = random;

    /// <inheritdoc/>
    public uint NextUInt32() => _random.NextUInt32();
}

/// <summary>Light of the patient in the units of the simulated oximeter's stimulus input.</summary>
public sealed class FingerStimulus : ILightStimulus
{
    private readonly IPatientLight _patient;

    /// <summary>Makes a door.</summary>
    /// <param name="patient">Whose light.</param>
    public FingerStimulus(IPatientLight patient) => _patient = patient;

    /// <inheritdoc/>
    public LightSample At(long us)
    {
        OpticalSample sample = _patient.At(us);
        return new LightSample(MilliCounts(sample.RedCounts), MilliCounts(sample.InfraredCounts), MilliCounts(sample.AmbientCounts));
    }

    private static long MilliCounts(double counts) => (long)Math.Floor((counts * 1000) + 0.5);
}

/// <summary>The patient's arm as the cuff feels it.</summary>
public sealed class ArmStimulus : IArmUnderCuff
{
    private readonly CuffedArm _arm;

    /// <summary>Makes a door.</summary>
    /// <param name="arm">Whose arm.</param>
    public ArmStimulus(CuffedArm arm) => _arm = arm;

    /// <inheritdoc/>
    public double ArteryMicroLitres(long us, double cuffMmHg) => _arm.MicroLitresAt(us, cuffMmHg);
}
