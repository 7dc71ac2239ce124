namespace Firmware.Core;

/// <summary>
/// Every coded fault a pod can raise; the number is its code in hardware/faults.json ("P" and four digits), where it is explained
/// in English and French with what to do next.
/// </summary>
public enum FaultCode : ushort
{
    /// <summary>No fault.</summary>
    None = 0,
}
