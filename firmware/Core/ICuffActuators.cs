namespace Firmware.Core;

/// <summary>
/// The outputs of the cuff's chain, and what of it can be sensed. Without current everything is open: pump off, bleed valve open, dump valve open.
/// hardware/wiring/cuff.md draws the chain; two of its parts are beyond software's reach: the one-shot that releases the dump valve, and the
/// pressure switch that cuts the current of pump and valves. Calls are immediate and never fail.
/// </summary>
public interface ICuffActuators
{
    /// <summary>Drives the pump.</summary>
    /// <param name="dutyPermille">0 (off) to 1000.</param>
    void SetPump(int dutyPermille);

    /// <summary>Drives the proportional bleed valve, which is open without current.</summary>
    /// <param name="openPermille">0 (closed, full current) to 1000 (open, no current).</param>
    void SetBleedValve(int openPermille);

    /// <summary>
    /// Triggers the retriggerable hardware one-shot: the dump valve is held closed for its pulse width (200 to 500 ms by its resistor and
    /// capacitor) from this call, unless the pressure switch has cut its current. The measuring loop calls it; when the loop stops, the valve opens.
    /// </summary>
    void TriggerDumpHold();

    /// <summary>Clears the one-shot: the dump valve opens at once.</summary>
    void OpenDumpValve();

    /// <summary>True while current flows through the dump valve's coil: it is held closed. Sensed, not remembered.</summary>
    bool IsDumpValveHeld { get; }

    /// <summary>True while the pressure switch has cut the current of pump and valves. Sensed, not remembered.</summary>
    bool IsPressureSwitchOpen { get; }
}
