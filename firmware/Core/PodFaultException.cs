using System;

namespace Firmware.Core;

/// <summary>What the pod is asked to be cannot be; the code says why, and hardware/faults.json what to do next.</summary>
public sealed class PodFaultException : Exception
{
    /// <summary>Stores.</summary>
    /// <param name="faultCode">The code.</param>
    /// <param name="message">What is wrong, for a person.</param>
    public PodFaultException(FaultCode faultCode, string message)
        : base("P" + ((int)faultCode).ToString() + ": " + message) => FaultCode = faultCode;

    /// <summary>The code.</summary>
    public FaultCode FaultCode { get; }
}
