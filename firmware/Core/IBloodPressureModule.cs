namespace Firmware.Core;

/// <summary>Where a measurement of the module stands.</summary>
public enum NibpPhase : byte
{
    /// <summary>None is under way, and the cuff is empty.</summary>
    Idle = 0,

    /// <summary>The old result is read and the first inflation set.</summary>
    Prepare = 1,

    /// <summary>The module inflates, deflates and measures.</summary>
    Run = 2,

    /// <summary>Over or aborted; the cuff must be seen empty.</summary>
    Empty = 3,

    /// <summary>Over, and nothing says that the cuff is empty: a person must take it off.</summary>
    Unconfirmed = 4,
}

/// <summary>Who the module is to measure. There is no third: the command for newborns does not exist here.</summary>
public enum NibpPatient : byte
{
    /// <summary>Adult.</summary>
    Adult = 1,

    /// <summary>Child, 3 to 12 years.</summary>
    Pediatric = 2,
}

/// <summary>A driver of a module that measures blood pressure by itself.</summary>
public interface IBloodPressureModule : IDriver
{
    /// <summary>The newest cuff pressure, mmHg. New after Ready only.</summary>
    int PressureMmHg { get; }

    /// <summary>When it came, monotonic µs.</summary>
    long SampledAtUs { get; }

    /// <summary>From one cuff pressure to the next, µs.</summary>
    int PressurePeriodUs { get; }

    /// <summary>From one request to deflate to the next while the cuff is not seen empty, µs.</summary>
    int StopPeriodUs { get; }

    /// <summary>Where a measurement stands.</summary>
    NibpPhase Phase { get; }

    /// <summary>Measurements that have ended.</summary>
    int Outcomes { get; }

    /// <summary>Why the last has no value; None for a value.</summary>
    AbsenceReason OutcomeReason { get; }

    /// <summary>The code of what happened to it.</summary>
    FaultCode OutcomeFault { get; }

    /// <summary>Systolic pressure, mmHg.</summary>
    int SystolicMmHg { get; }

    /// <summary>Diastolic pressure, mmHg.</summary>
    int DiastolicMmHg { get; }

    /// <summary>Mean pressure, mmHg.</summary>
    int MeanMmHg { get; }

    /// <summary>Pulse, 1/min; 0 for none.</summary>
    int PulsePerMinute { get; }

    /// <summary>How long the measurement took, µs.</summary>
    long DurationUs { get; }

    /// <summary>Asks for one measurement.</summary>
    /// <param name="patient">Adult or child.</param>
    /// <param name="inflationMmHg">First inflation, mmHg.</param>
    /// <returns>False when it cannot be begun now.</returns>
    bool TryStart(NibpPatient patient, int inflationMmHg);

    /// <summary>Lets the air out, whatever is the case.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Stop(long nowUs);
}
