using Firmware.Core;
using Firmware.Pod.Start;

namespace Firmware.Pod.Console;

/// <summary>What the board's program does with the STOP button in each turn of its loop.</summary>
public sealed class StopPanel
{
    private readonly StopButton _button = new StopButton();

    /// <summary>True while it is pressed.</summary>
    public bool IsPressed => _button.IsPressed;

    /// <summary>Takes one sample of the line, and does what it asks for.</summary>
    /// <param name="isStopped">The line says stop.</param>
    /// <param name="pod">The pod.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Step(bool isStopped, IPodService pod, long nowUs)
    {
        if (_button.Sample(isStopped, nowUs))
        {
            pod.Report(FaultCode.StopPressed, nowUs);
            pod.StopCuff(nowUs);
        }
        else if (_button.IsPressed && pod.Situation.IsCuffInflated)
        {
            pod.StopCuff(nowUs);
        }

        if (_button.TakeStanding(nowUs))
        {
            pod.Report(FaultCode.StopDoesNotEnd, nowUs);
        }
    }
}
