namespace Firmware.Core;

/// <summary>What one bounded step of a driver came to.</summary>
public enum DriverResult : byte
{
    /// <summary>Not finished; call again at the driver's <c>NextStepUs</c>.</summary>
    Working = 0,

    /// <summary>Finished: the probe passed, or new counts are there to be taken.</summary>
    Ready = 1,

    /// <summary>Finished without a result; the driver's <c>Reason</c> and <c>FaultCode</c> say why.</summary>
    Failed = 2,
}
