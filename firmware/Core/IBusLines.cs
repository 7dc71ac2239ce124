namespace Firmware.Core;

/// <summary>The two lines of an I2C bus as pins, while no controller drives them.</summary>
public interface IBusLines
{
    /// <summary>Whether SDA is high.</summary>
    bool IsDataHigh { get; }

    /// <summary>Whether SCL is high.</summary>
    bool IsClockHigh { get; }

    /// <summary>Pulls SDA low, or releases it.</summary>
    /// <param name="isHigh">True: releases it.</param>
    void SetData(bool isHigh);

    /// <summary>Pulls SCL low, or releases it.</summary>
    /// <param name="isHigh">True: releases it.</param>
    void SetClock(bool isHigh);
}
