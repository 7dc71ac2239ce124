namespace Firmware.Core;

/// <summary>A driver whose counts are a temperature.</summary>
public interface ITemperatureSource : IDriver
{
    /// <summary>The newest temperature, m°C. New after Ready only.</summary>
    int TemperatureMilliCelsius { get; }

    /// <summary>When it was found, monotonic µs.</summary>
    long SampledAtUs { get; }
}
