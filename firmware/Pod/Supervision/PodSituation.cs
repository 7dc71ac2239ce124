namespace Firmware.Pod.Supervision;

/// <summary>What one peripheral of a pod must know of another. Written by the cuff, read by oximeter and stethoscope.</summary>
public sealed class PodSituation
{
    /// <summary>Pressure from which a cuff counts as inflated, hundredths of mmHg. Source: IEC 80601-2-30, 201.12.1.107 (15 mmHg).</summary>
    public const int InflatedCentiMmHg = 1500;

    /// <summary>True while a cuff is above <see cref="InflatedCentiMmHg"/>, is being inflated, or may be either.</summary>
    public bool IsCuffInflated { get; set; }

    /// <summary>True when the cuff sits on the arm that wears the oximeter.</summary>
    public bool IsCuffOnOximeterArm { get; set; }
}
