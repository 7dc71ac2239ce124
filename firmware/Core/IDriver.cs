namespace Firmware.Core;

/// <summary>
/// A chip's driver: registers to counts, with a reason for every absence. The constructor stores and does no I/O.
/// A driver never waits: each call is one bounded piece of work, after which <see cref="NextStepUs"/> says when to call again.
/// </summary>
public interface IDriver
{
    /// <summary>The part's name, as in its datasheet.</summary>
    string PartName { get; }

    /// <summary>Forgets everything known of the chip; the next <see cref="Probe"/> starts again. No bus traffic.</summary>
    void Restart();

    /// <summary>One piece of: identity, reset, configuration, configuration read back.</summary>
    /// <param name="nowUs">Monotonic time in µs.</param>
    /// <returns>Ready when the part may be measured with.</returns>
    DriverResult Probe(long nowUs);

    /// <summary>One piece of measuring. After Ready the driver's own members hold the new counts until the next call.</summary>
    /// <param name="nowUs">Monotonic time in µs.</param>
    /// <returns>Ready when there are new counts, Failed when an expected reading is absent.</returns>
    DriverResult Measure(long nowUs);

    /// <summary>When the driver wants its next call, monotonic µs.</summary>
    long NextStepUs { get; }

    /// <summary>Why the last call failed; <see cref="AbsenceReason.None"/> otherwise.</summary>
    AbsenceReason Reason { get; }

    /// <summary>The code of the failure in hardware/faults.json; <see cref="FaultCode.None"/> otherwise.</summary>
    FaultCode FaultCode { get; }
}
