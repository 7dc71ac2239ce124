using Firmware.Core;
using Firmware.Protocol;

namespace Firmware.Pod.Channels;

/// <summary>Makes readings of a driver's counts, and keeps to the rule that no patient value exists without a session.</summary>
public abstract class Sensor
{
    /// <summary>Stores.</summary>
    /// <param name="stream">Its main stream.</param>
    protected Sensor(int stream) => Stream = stream;

    /// <summary>Its main stream.</summary>
    public int Stream { get; }

    /// <summary>What it does now, one plain word for the state message; empty for a sensor that does but one thing.</summary>
    public virtual string Activity => string.Empty;

    /// <summary>Changes whenever <see cref="Activity"/> does.</summary>
    public virtual int Changes => 0;

    /// <summary>How often the gateway must be known to live, µs; 0 for a sensor that does not ask.</summary>
    public virtual int LinkProbePeriodUs => 0;

    /// <summary>True while it knows itself on a patient; one that cannot know says no.</summary>
    public virtual bool IsApplied => false;

    /// <summary>The driver has new counts.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public abstract void OnSample(long nowUs);

    /// <summary>True while a failure of this kind is what the sensor is after, and no fault to be told of.</summary>
    /// <param name="reason">Why there is no value.</param>
    /// <returns>True to keep quiet.</returns>
    public virtual bool Expects(AbsenceReason reason) => false;

    /// <summary>The part works, but its reading may not be used.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public abstract void Suppress(AbsenceReason reason, long nowUs);

    /// <summary>The part is gone or is restarted.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public abstract void OnDeviceLost(long nowUs);

    /// <summary>The I2C bus is held or stood still, and is left alone for some seconds. Called before anything else is done about it; no sensor but a cuff has anything to do at once.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public virtual void OnBusHeld(long nowUs)
    {
    }

    /// <summary>Begins to keep a pressure for a calibration by hand; only a cuff can.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when it does not.</returns>
    public virtual bool TryHold(long nowUs) => false;

    /// <summary>The person beside such a hold pressed the key.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public virtual void HoldKey(long nowUs)
    {
    }

    /// <summary>True while such a hold goes on.</summary>
    public virtual bool KeepsPressure => false;

    /// <summary>Why the last one ended; None for one that goes on, or was ended by its person.</summary>
    public virtual FaultCode HoldEnd => FaultCode.None;

    /// <summary>The binding epoch changed.</summary>
    /// <param name="epoch">The new one, 0 for none.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public abstract void ChangeEpoch(uint epoch, long nowUs);

    /// <summary>A command that is not for the pod as a whole.</summary>
    /// <param name="command">One of <see cref="PodCommand"/>.</param>
    /// <param name="buffer">Holds the command's body; valid during the call only.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="count">Bytes of the body.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when it was for this sensor and was well formed; it may still have refused it, by an event that says why.</returns>
    public virtual bool TryCommand(byte command, byte[] buffer, int offset, int count, long nowUs) => false;

    /// <summary>Does what is due.</summary>
    /// <param name="reason">Why there is no value now; None while measuring.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    public abstract long Step(AbsenceReason reason, long nowUs);

    /// <summary>The cause that a gap record names: of several, the one that says most.</summary>
    /// <param name="loss">Why samples are missing.</param>
    /// <returns>The cause.</returns>
    protected static GapCause CauseOf(SampleLoss loss)
    {
        if ((loss & SampleLoss.Overrun) != SampleLoss.None)
        {
            return GapCause.SensorOverrun;
        }

        return loss == SampleLoss.None || (loss & (SampleLoss.Interrupted | SampleLoss.Settling)) != SampleLoss.None
            ? GapCause.SensorInterrupted
            : GapCause.SensorImplausible;
    }
}
