using System;
using System.Collections.Generic;

namespace Simulators.Patient;

/// <summary>
/// What a contact thermometer's body feels: it nears the temperature of what it touches with one time constant on the skin and another,
/// slower one, in air.
/// </summary>
public sealed class ContactTemperature : IPatientTemperature
{
    /// <summary>Changes that are remembered; what was before them cannot be asked for any more.</summary>
    private const int MaxStretches = 16;

    private readonly int _ambientMilliCelsius;
    private readonly long _contactTimeConstantUs;
    private readonly long _airTimeConstantUs;
    private readonly List<Stretch> _stretches = [];

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
        _contactTimeConstantUs = contactTimeConstantUs;
        _airTimeConstantUs = airTimeConstantUs;
        _stretches.Add(new Stretch(0, ambientMilliCelsius, false, patientMilliCelsius));
    }

    /// <summary>The sensor is laid on the patient.</summary>
    /// <param name="worldUs">When, µs, not before an earlier change.</param>
    public void Touch(long worldUs) => Change(worldUs, true, _stretches[^1].PatientMilliCelsius);

    /// <summary>The sensor is taken off the patient.</summary>
    /// <param name="worldUs">When, µs, not before an earlier change.</param>
    public void Release(long worldUs) => Change(worldUs, false, _stretches[^1].PatientMilliCelsius);

    /// <summary>The patient's temperature changes.</summary>
    /// <param name="worldUs">When, µs, not before an earlier change.</param>
    /// <param name="milliCelsius">The new one, m°C.</param>
    public void SetPatient(long worldUs, int milliCelsius) => Change(worldUs, _stretches[^1].IsTouching, milliCelsius);

    /// <inheritdoc/>
    public int MilliCelsiusAt(long worldUs)
    {
        // A chip may be asked late for what it measured before the last changes.
        ArgumentOutOfRangeException.ThrowIfLessThan(worldUs, _stretches[0].StartUs);
        int place = _stretches.Count - 1;
        while (_stretches[place].StartUs > worldUs)
        {
            place--;
        }

        Stretch stretch = _stretches[place];
        int target = stretch.IsTouching ? stretch.PatientMilliCelsius : _ambientMilliCelsius;
        double constant = stretch.IsTouching ? _contactTimeConstantUs : _airTimeConstantUs;
        double rest = (stretch.StartMilliCelsius - target) * Shape.Decay((worldUs - stretch.StartUs) / constant);
        return (int)Math.Floor(target + rest + 0.5);
    }

    private void Change(long worldUs, bool touching, int patientMilliCelsius)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(worldUs, _stretches[^1].StartUs);
        if (_stretches.Count == MaxStretches)
        {
            _stretches.RemoveAt(0);
        }

        _stretches.Add(new Stretch(worldUs, MilliCelsiusAt(worldUs), touching, patientMilliCelsius));
    }

    private readonly record struct Stretch(long StartUs, int StartMilliCelsius, bool IsTouching, int PatientMilliCelsius);
}
