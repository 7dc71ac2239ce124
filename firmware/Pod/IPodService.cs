using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Pod.Supervision;

namespace Firmware.Pod;

/// <summary>What a technician's console may look at in a running pod, and ask of it. Called between two steps of the pod's loop, never during one.</summary>
public interface IPodService
{
    /// <summary>A frame was made.</summary>
    event FrameHandler? FrameProduced;

    /// <summary>True when the store has been read and measuring has begun.</summary>
    bool IsReady { get; }

    /// <summary>This boot's number; 0 until <see cref="IsReady"/>.</summary>
    uint BootId { get; }

    /// <summary>The session's epoch, 0 for none.</summary>
    uint Epoch { get; }

    /// <summary>True while the gateway is connected.</summary>
    bool IsConnected { get; }

    /// <summary>True while the store takes what is written.</summary>
    bool IsStoreOk { get; }

    /// <summary>What the pod has counted.</summary>
    PodCounters Counters { get; }

    /// <summary>The newest faults: code and stream.</summary>
    TraceRing Trace { get; }

    /// <summary>What one part must know of another.</summary>
    PodSituation Situation { get; }

    /// <summary>What the pod is.</summary>
    PodOptions Options { get; }

    /// <summary>The pod's bus. A transaction between two steps disturbs nothing but by its duration.</summary>
    II2cPort Bus { get; }

    /// <summary>
    /// True while somebody works on the pod with simulated readings or an injected fault: it takes no epoch then, and says so when it is asked. May be set without a session only.
    /// </summary>
    bool IsOnBench { get; set; }

    /// <summary>True when the pod is about to restart: it takes no epoch any more.</summary>
    bool IsRestarting { get; set; }

    /// <summary>One part's supervisor.</summary>
    /// <param name="index">Its place in the options.</param>
    /// <returns>The supervisor.</returns>
    Supervisor Peripheral(int index);

    /// <summary>One part's driver: to be read, never to be stepped.</summary>
    /// <param name="index">Its place in the options.</param>
    /// <returns>The driver.</returns>
    IDriver Driver(int index);

    /// <summary>Frames of one class that are not acknowledged.</summary>
    /// <param name="frameClass">The class.</param>
    /// <returns>How many.</returns>
    int PendingOf(FrameClass frameClass);

    /// <summary>How the pod itself does now.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>A body as <c>HealthBody</c> reads it; valid until the next call.</returns>
    byte[] Health(long nowUs);

    /// <summary>Reports a code as an event.</summary>
    /// <param name="code">The code; None is ignored.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Report(FaultCode code, long nowUs);

    /// <summary>Makes a numeric reading of the bench: flagged simulated, bound to no session.</summary>
    /// <param name="stream">Its stream.</param>
    /// <param name="mdcCode">What it is.</param>
    /// <param name="value">Its value.</param>
    /// <param name="exponent">Power of ten.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void ProduceSimulated(int stream, uint mdcCode, int value, int exponent, long nowUs);

    /// <summary>Looks for every part again at once.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void RetryPeripherals(long nowUs);

    /// <summary>Asks the cuff for its self test; whether it began is told by its events.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when no fitted cuff has one.</returns>
    bool TestCuff(long nowUs);

    /// <summary>Has the cuff keep a pressure that a hand pump makes, for a calibration on a rigid volume.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when no fitted cuff can, one is in use, or a session is open.</returns>
    bool TryHoldCuff(long nowUs);

    /// <summary>The person beside such a hold pressed the key.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void HoldKey(long nowUs);

    /// <summary>True while such a hold goes on.</summary>
    bool IsCuffHeld { get; }

    /// <summary>Why the last one ended; None for one that goes on, or was ended by its person.</summary>
    FaultCode CuffHoldEnd { get; }

    /// <summary>Empties the cuff and ends what it does.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void StopCuff(long nowUs);

    /// <summary>Puts all vital signs, events and gaps into the store at once.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when all of them are there.</returns>
    bool Flush(long nowUs);
}
