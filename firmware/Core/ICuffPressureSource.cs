namespace Firmware.Core;

/// <summary>A driver whose counts are the pressure in a cuff.</summary>
public interface ICuffPressureSource : IDriver
{
    /// <summary>The newest pressure by the part's nominal transfer function, thousandths of mmHg, neither zeroed nor calibrated. New after Ready only.</summary>
    int PressureMilliMmHg { get; }

    /// <summary>When its conversion ended, monotonic µs.</summary>
    long SampledAtUs { get; }

    /// <summary>True while nothing is done with a pressure but to see that the sensor is there: it is asked more seldom. False at first. A change counts from the next sample on.</summary>
    bool IsResting { get; set; }
}
