namespace Firmware.Core;

/// <summary>A driver whose counts are red and infrared light.</summary>
public interface ILightSource : IDriver
{
    /// <summary>Samples of the newest batch; above 0 after Ready.</summary>
    int SampleCount { get; }

    /// <summary>Red counts, 18 bits, oldest first.</summary>
    int[] Red { get; }

    /// <summary>Infrared counts, 18 bits, oldest first.</summary>
    int[] Infrared { get; }

    /// <summary>When the first sample was taken, monotonic µs.</summary>
    long FirstSampleUs { get; }

    /// <summary>From one sample to the next, µs.</summary>
    int SamplePeriodUs { get; }

    /// <summary>Samples missing before the first of this batch.</summary>
    int LostSamples { get; }

    /// <summary>True when more may be missing.</summary>
    bool LostIsLowerBound { get; }

    /// <summary>Why they are missing; several may hold.</summary>
    SampleLoss LossCause { get; }

    /// <summary>True when ambient light was beyond what the part can cancel since the batch before.</summary>
    bool AmbientLightOverflow { get; }

    /// <summary>Red LED current of this batch, 0.2 mA each.</summary>
    int RedCurrentCode { get; }

    /// <summary>Infrared LED current of this batch, 0.2 mA each.</summary>
    int InfraredCurrentCode { get; }

    /// <summary>Asks for other LED currents; what is measured with them says so itself. <see cref="IDriver.Restart"/> goes back to the start-up currents.</summary>
    /// <param name="redCode">0 to 255, 0.2 mA each.</param>
    /// <param name="infraredCode">0 to 255, 0.2 mA each.</param>
    void SetLedCurrent(int redCode, int infraredCode);

    /// <summary>True when a new die temperature came with this batch.</summary>
    bool DieTemperatureReady { get; }

    /// <summary>The die temperature, m°C.</summary>
    int DieTemperatureMilliCelsius { get; }
}
