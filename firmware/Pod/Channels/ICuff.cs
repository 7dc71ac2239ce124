using Firmware.Core;
using Firmware.Protocol;

namespace Firmware.Pod.Channels;

/// <summary>
/// A cuff that measures, whoever judges its air: what the clinical rules of <see cref="BloodPressure"/> may ask of it. They say whether a measurement may begin; that it ends, and
/// that the valves open, is the cuff's own affair, and nothing here can keep it from it. It answers through <see cref="ICuffClient"/>.
/// </summary>
public interface ICuff
{
    /// <summary>True when it may measure children.</summary>
    bool MeasuresChildren { get; }

    /// <summary>True when its chain is tested by a command.</summary>
    bool HasSelfTest { get; }

    /// <summary>True while its part measures.</summary>
    bool IsAvailable { get; }

    /// <summary>True from the start of a measurement to its end, rests included.</summary>
    bool IsMeasuring { get; }

    /// <summary>True while it keeps a pressure for a calibration by hand, and until it is empty behind it.</summary>
    bool IsHolding { get; }

    /// <summary>True while its valves are, or are about to be, closed for such a calibration.</summary>
    bool KeepsPressure { get; }

    /// <summary>Why the last such hold ended; None for one that goes on, or was ended by its person.</summary>
    FaultCode HoldEnd { get; }

    /// <summary>True while another measurement cannot begin.</summary>
    bool IsBusy { get; }

    /// <summary>True while the gateway must be known to live.</summary>
    bool NeedsLink { get; }

    /// <summary>True while there may be pressure in the cuff.</summary>
    bool MayBeInflated { get; }

    /// <summary>True while a loop that stands would end or spoil what it does: from the zero check until its valves are open.</summary>
    bool NeedsSteadyLoop { get; }

    /// <summary>Bits of <see cref="BloodPressureStatus"/> of the present measurement.</summary>
    int Status { get; }

    /// <summary>What it does now.</summary>
    CuffPhase Phase { get; }

    /// <summary>Says whom to tell. Called once, before everything else.</summary>
    /// <param name="client">The clinical rules.</param>
    void Attach(ICuffClient client);

    /// <summary>Whether the self test must be done first.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False for a cuff without a self test.</returns>
    bool IsSelfTestDue(long nowUs);

    /// <summary>Begins one measurement, behind a rest where one is due.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Start(long nowUs);

    /// <summary>Begins the self test.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Test(long nowUs);

    /// <summary>Begins to keep a pressure for a calibration by hand.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False for a cuff that cannot, or is in use.</returns>
    bool TryHold(long nowUs);

    /// <summary>The person beside such a hold pressed the key.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void HoldKey(long nowUs);

    /// <summary>Opens the valves and ends whatever it does. Always obeyed, at once, and harmless at rest.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Stop(long nowUs);

    /// <summary>Ends a measurement, and nothing else: its session is over.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void Abandon(long nowUs);

    /// <summary>The driver has new counts.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void OnSample(long nowUs);

    /// <summary>True while a failure of this kind is what the cuff is after.</summary>
    /// <param name="reason">Why there is no value.</param>
    /// <returns>True to keep quiet.</returns>
    bool Expects(AbsenceReason reason);

    /// <summary>The part works, but its reading may not be used.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void Suppress(AbsenceReason reason, long nowUs);

    /// <summary>The part is gone or is restarted.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void OnDeviceLost(long nowUs);

    /// <summary>The I2C bus is held or stood still, and is left alone: what needs it to know the pressure opens the valves now.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void OnBusHeld(long nowUs);

    /// <summary>Does what is due.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    long Step(long nowUs);
}

/// <summary>What a cuff may ask of the clinical rules, and what it tells them of its work.</summary>
public interface ICuffClient
{
    /// <summary>Who is measured, by the newest word of a person.</summary>
    NibpPatient Patient { get; }

    /// <summary>The session's last systolic pressure, hundredths of mmHg; 0 when none is known.</summary>
    int LastSystolicCentiMmHg { get; }

    /// <summary>The pulse rate of a finger of the other arm.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>Tenths of 1/min; 0 when none is known of now.</returns>
    int FingerPulseTenths(long nowUs);

    /// <summary>One pressure in the cuff.</summary>
    /// <param name="centiMmHg">Hundredths of mmHg.</param>
    /// <param name="atUs">When, monotonic µs.</param>
    /// <param name="periodUs">From one to the next, µs.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void OnPressure(int centiMmHg, long atUs, int periodUs, long nowUs);

    /// <summary>No more pressures follow for now.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    void OnPressureEnd(long nowUs);

    /// <summary>The phase, as often as one likes.</summary>
    /// <param name="phase">Which.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void OnPhase(CuffPhase phase, long nowUs);

    /// <summary>Something people must know.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void OnFault(FaultCode code, long nowUs);

    /// <summary>A link of the chain was tested.</summary>
    /// <param name="code">Passed or failed.</param>
    /// <param name="argument">Which link, and what was measured.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void OnLinkTested(FaultCode code, int argument, long nowUs);

    /// <summary>The cuff begins to inflate, or will without another word.</summary>
    void OnInflating();

    /// <summary>The measurement ended without a result.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void OnAbsent(AbsenceReason reason, long nowUs);

    /// <summary>The measurement ended with a result.</summary>
    /// <param name="systolicCentiMmHg">Hundredths of mmHg.</param>
    /// <param name="diastolicCentiMmHg">Hundredths of mmHg.</param>
    /// <param name="meanCentiMmHg">Hundredths of mmHg.</param>
    /// <param name="pulseTenthsPerMinute">Tenths of 1/min; 0 for none.</param>
    /// <param name="status">Bits of <see cref="BloodPressureStatus"/>.</param>
    /// <param name="quality">0 to 100.</param>
    /// <param name="windowMs">What it was made from, ms.</param>
    /// <param name="atUs">End of the window, monotonic µs.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    void OnResult(int systolicCentiMmHg, int diastolicCentiMmHg, int meanCentiMmHg, int pulseTenthsPerMinute, int status, int quality, int windowMs, long atUs, long nowUs);
}
