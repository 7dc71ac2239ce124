using System;

namespace Simulators.Patient;

/// <summary>
/// What a contact thermometer's body feels: it nears the temperature of what it touches with one time constant on the skin and another,
/// slower one, in air.
/// </summary>
public sealed class ContactTemperature : IPatientTemperature
{
    private readonly int _ambientMilliCelsius;
    private readonly long _contactTimeConstantUs;
    private readonly long _airTimeConstantUs;
    private int _patientMilliCelsius;
    private int _startMilliCelsius;
    private long _startUs;
    private bool _touching;

    /// <summary>Makes a sensor that lies in the room and has its temperature.</summary>
    /// <param name="ambientMilliCelsius">Room, m°C, -40,000 to 125,000.</param>
    /// <param name="patientMilliCelsius">Patient at the place of measuring, m°C, -40,000 to 125,000.</param>
    /// <param name="contactTimeConstantUs">Time constant in contact, µs, above 0. Assumption: 6 s for a small board on the skin.</param>
    /// <param name="airTimeConstantUs">Time constant in air, µs, above 0. Assumption: 45 s.</param>
    public ContactTemperature(
        int ambientMilliCelsius, int patientMilliCelsius, long contactTimeConstantUs = 6_000_000, long airTimeConstantUs = 45_000_000)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(contactTimeConstantUs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(airTimeConstantUs);
        _ambientMilliCelsius = ambientMilliCelsius;
        _patientMilliCelsius = patientMilliCelsius;
        _contactTimeConstantUs = contactTimeConstantUs;
        _airTimeConstantUs = airTimeConstantUs;
        _startMilliCelsius = ambientMilliCelsius;
    }

    /// <summary>The sensor is laid on the patient.</summary>
    /// <param name="worldUs">When, µs, not before an earlier change.</param>
    public void Touch(long worldUs) => Change(worldUs, true, _patientMilliCelsius);

    /// <summary>The sensor is taken off the patient.</summary>
    /// <param name="worldUs">When, µs, not before an earlier change.</param>
    public void Release(long worldUs) => Change(worldUs, false, _patientMilliCelsius);

    /// <summary>The patient's temperature changes.</summary>
    /// <param name="worldUs">When, µs, not before an earlier change.</param>
    /// <param name="milliCelsius">The new one, m°C.</param>
    public void SetPatient(long worldUs, int milliCelsius) => Change(worldUs, _touching, milliCelsius);

    /// <inheritdoc/>
    public int MilliCelsiusAt(long worldUs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(worldUs, _startUs);
        int target = _touching ? _patientMilliCelsius : _ambientMilliCelsius;
        double constant = _touching ? _contactTimeConstantUs : _airTimeConstantUs;
        double rest = (_startMilliCelsius - target) * Shape.Decay((worldUs - _startUs) / constant);
        return (int)Math.Floor(target + rest + 0.5);
    }

    private void Change(long worldUs, bool touching, int patientMilliCelsius)
    {
        _startMilliCelsius = MilliCelsiusAt(worldUs);
        _startUs = worldUs;
        _touching = touching;
        _patientMilliCelsius = patientMilliCelsius;
    }
}
