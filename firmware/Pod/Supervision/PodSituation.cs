namespace Firmware.Pod.Supervision;

/// <summary>What one peripheral of a pod must know of another. Written by the cuff, read by oximeter and stethoscope; the finger's pulse the other way.</summary>
public sealed class PodSituation
{
    /// <summary>Pressure from which a cuff counts as inflated, hundredths of mmHg. Source: IEC 80601-2-30, 201.12.1.107 (15 mmHg).</summary>
    public const int InflatedCentiMmHg = 1500;

    /// <summary>A finger's pulse rate that is older than this says nothing about now, µs. Assumption: five of its periods.</summary>
    public const long FingerPulseFreshUs = 5_000_000;

    private int _fingerPulseTenths;
    private long _fingerPulseUs;

    /// <summary>True while a cuff is above <see cref="InflatedCentiMmHg"/>, is being inflated, or may be either.</summary>
    public bool IsCuffInflated { get; set; }

    /// <summary>True while a loop that stands would end or spoil what the cuff does: nothing is written to the store, unless it must be before a reading may be made.</summary>
    public bool NeedsSteadyLoop { get; set; }

    /// <summary>True when the cuff sits on the arm that wears the oximeter.</summary>
    public bool IsCuffOnOximeterArm { get; set; }

    /// <summary>The oximeter published a pulse rate.</summary>
    /// <param name="tenthsPerMinute">Tenths of 1/min.</param>
    /// <param name="atUs">Its time, monotonic µs.</param>
    public void OnFingerPulse(int tenthsPerMinute, long atUs)
    {
        _fingerPulseTenths = tenthsPerMinute;
        _fingerPulseUs = atUs;
    }

    /// <summary>The finger's pulse rate now.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>Tenths of 1/min; 0 when none is known, or none of the last <see cref="FingerPulseFreshUs"/>, or the cuff sits on the same arm and keeps the blood away.</returns>
    public int FingerPulseTenths(long nowUs) => IsCuffOnOximeterArm || nowUs - _fingerPulseUs > FingerPulseFreshUs ? 0 : _fingerPulseTenths;
}
