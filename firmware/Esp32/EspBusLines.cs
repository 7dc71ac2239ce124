using System;
using System.Device.Gpio;
using Firmware.Core;

namespace Firmware.Esp32;

/// <summary>The two lines of the I2C bus as open-drain pins, while its controller is closed. They are closed again before the controller is opened, which refuses pins that are in use.</summary>
public sealed class EspBusLines : IBusLines, IDisposable
{
    private readonly GpioController _gpio;
    private readonly GpioPin _data;
    private readonly GpioPin _clock;

    /// <summary>Takes the pins; both are released.</summary>
    /// <param name="dataPin">GPIO of SDA.</param>
    /// <param name="clockPin">GPIO of SCL.</param>
    public EspBusLines(int dataPin, int clockPin)
    {
        _gpio = new GpioController();
        _data = _gpio.OpenPin(dataPin, PinMode.OutputOpenDrain);
        _data.Write(PinValue.High);
        _clock = _gpio.OpenPin(clockPin, PinMode.OutputOpenDrain);
        _clock.Write(PinValue.High);
    }

    /// <inheritdoc/>
    public bool IsDataHigh => _data.Read() == PinValue.High;

    /// <inheritdoc/>
    public bool IsClockHigh => _clock.Read() == PinValue.High;

    /// <inheritdoc/>
    public void SetData(bool isHigh) => _data.Write(isHigh ? PinValue.High : PinValue.Low);

    /// <inheritdoc/>
    public void SetClock(bool isHigh) => _clock.Write(isHigh ? PinValue.High : PinValue.Low);

    /// <summary>Gives the pins back.</summary>
    public void Dispose()
    {
        _gpio.ClosePin(_data.PinNumber);
        _gpio.ClosePin(_clock.PinNumber);
        _gpio.Dispose();
    }
}
