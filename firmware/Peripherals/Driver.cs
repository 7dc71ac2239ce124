using Firmware.Core;

namespace Firmware.Peripherals;

/// <summary>What every driver has: when it wants its next call, and why its last one failed.</summary>
public abstract class Driver : IDriver
{
    /// <inheritdoc/>
    public abstract string PartName { get; }

    /// <inheritdoc/>
    public long NextStepUs { get; protected set; }

    /// <inheritdoc/>
    public AbsenceReason Reason { get; private set; }

    /// <inheritdoc/>
    public FaultCode FaultCode { get; private set; }

    /// <inheritdoc/>
    public abstract void Restart();

    /// <inheritdoc/>
    public abstract DriverResult Probe(long nowUs);

    /// <inheritdoc/>
    public abstract DriverResult Measure(long nowUs);

    /// <summary>Not finished, and nothing is wrong.</summary>
    /// <param name="nextStepUs">When to be called next, monotonic µs.</param>
    /// <returns>Working.</returns>
    protected DriverResult Continue(long nextStepUs)
    {
        Reason = AbsenceReason.None;
        FaultCode = FaultCode.None;
        NextStepUs = nextStepUs;
        return DriverResult.Working;
    }

    /// <summary>Finished: the probe passed, or there are new counts.</summary>
    /// <param name="nextStepUs">When to be called next, monotonic µs.</param>
    /// <returns>Ready.</returns>
    protected DriverResult Succeed(long nextStepUs)
    {
        Continue(nextStepUs);
        return DriverResult.Ready;
    }

    /// <summary>Finished without a result; the next call may have one.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="code">Its code.</param>
    /// <param name="nextStepUs">When to be called next, monotonic µs.</param>
    /// <returns>Failed.</returns>
    protected DriverResult Fail(AbsenceReason reason, FaultCode code, long nextStepUs)
    {
        Reason = reason;
        FaultCode = code;
        NextStepUs = nextStepUs;
        return DriverResult.Failed;
    }
}
