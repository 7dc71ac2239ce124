using System;
using Firmware.Core;
using Simulators.Chips;
using Simulators.Kernel;

namespace Simulators.Cart.Pod;

/// <summary>The cuff's chain as the pod's port sees it. Each call brings the physical world to the present first.</summary>
public sealed class SimulatedCuffActuators : ICuffActuators
{
    private readonly CuffPneumatics _cuff;
    private readonly ISimulationClock _clock;

    /// <summary>Makes a port.</summary>
    /// <param name="cuff">The chain.</param>
    /// <param name="clock">The world's time.</param>
    public SimulatedCuffActuators(CuffPneumatics cuff, ISimulationClock clock)
    {
        ArgumentNullException.ThrowIfNull(cuff);
        ArgumentNullException.ThrowIfNull(clock);
        _cuff = cuff;
        _clock = clock;
    }

    /// <inheritdoc/>
    public bool IsDumpValveHeld => Now().IsDumpValveCoilPowered;

    /// <inheritdoc/>
    public bool IsPressureSwitchOpen => Now().IsPressureSwitchOpen;

    /// <inheritdoc/>
    public void SetPump(int dutyPermille) => Now().SetPump(dutyPermille);

    /// <inheritdoc/>
    public void SetBleedValve(int openPermille) => Now().SetBleedValve(openPermille);

    /// <inheritdoc/>
    public void TriggerDumpHold() => Now().TriggerOneShot();

    /// <inheritdoc/>
    public void OpenDumpValve() => Now().ClearOneShot();

    private CuffPneumatics Now()
    {
        _cuff.AdvanceTo(_clock.NowUs);
        return _cuff;
    }
}
