using System.Device.Gpio;
using Firmware.Pod.Start;

namespace Firmware.Esp32;

/// <summary>The status LED, and the STOP button's line.</summary>
public sealed class EspPanel
{
    private readonly GpioPin _led;
    private readonly GpioPin _stop;
    private bool _isLit;

    /// <summary>Takes the pins; the LED is on.</summary>
    /// <param name="ledPin">An LED to ground.</param>
    /// <param name="stopPin">High while STOP is pressed, and when its wire is broken: a resistor beside the contact pulls it up.</param>
    public EspPanel(int ledPin, int stopPin)
    {
        GpioController gpio = new GpioController();
        _led = gpio.OpenPin(ledPin, PinMode.Output);
        _led.Write(PinValue.High);
        _isLit = true;
        _stop = gpio.OpenPin(stopPin, PinMode.Input);
    }

    /// <summary>True while the STOP button is pressed, or its wire is broken.</summary>
    public bool IsStopped => _stop.Read() == PinValue.High;

    /// <summary>Shows a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Show(StatusPattern pattern, long nowUs)
    {
        bool isLit = StatusLight.IsLit(pattern, nowUs);
        if (isLit != _isLit)
        {
            _isLit = isLit;
            _led.Write(isLit ? PinValue.High : PinValue.Low);
        }
    }
}
