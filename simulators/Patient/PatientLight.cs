namespace Simulators.Patient;

/// <summary>
/// Light at the oximeter's stimulus input: photocurrent in counts of an 18-bit converter at the start-up LED current and range, so that
/// the simulated chip scales it with its own gain.
/// </summary>
/// <param name="RedCounts">Red (660 nm), counts, 0 and above.</param>
/// <param name="InfraredCounts">Infrared (880 nm), counts, 0 and above.</param>
/// <param name="AmbientCounts">Light from outside, counts, 0 and above.</param>
public readonly record struct OpticalSample(double RedCounts, double InfraredCounts, double AmbientCounts = 0);

/// <summary>A patient as the oximeter sees one.</summary>
public interface IPatientLight
{
    /// <summary>The light at a moment; the same for the same moment.</summary>
    /// <param name="worldUs">True time, µs.</param>
    /// <returns>The light.</returns>
    OpticalSample At(long worldUs);
}

/// <summary>A patient as a contact thermometer sees one.</summary>
public interface IPatientTemperature
{
    /// <summary>The temperature of the sensor's body at a moment.</summary>
    /// <param name="worldUs">True time, µs, not before an earlier change.</param>
    /// <returns>Millidegrees Celsius.</returns>
    int MilliCelsiusAt(long worldUs);
}
