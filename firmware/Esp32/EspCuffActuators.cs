using System.Device.Gpio;
using System.Device.Pwm;
using Firmware.Core;
using nanoFramework.Hardware.Esp32;

namespace Firmware.Esp32;

/// <summary>
/// The cuff's chain on the board's pins, see hardware/wiring/cuff.md. Until the constructor has run, and whenever the board is in reset, the pull-downs keep everything
/// off: no pump, both valves open.
/// </summary>
public sealed class EspCuffActuators : ICuffActuators
{
    // Assumption: above what is heard of the pump's transistor, slow enough for the valve's coil.
    private const int PumpHz = 20000;
    private const int BleedHz = 1000;

    private readonly PwmChannel _pump;
    private readonly PwmChannel _bleed;
    private readonly GpioPin _trigger;
    private readonly GpioPin _clear;
    private readonly GpioPin _valveSense;
    private readonly GpioPin _switchSense;

    /// <summary>Takes the pins, with everything off.</summary>
    /// <param name="pumpPin">The pump's transistor, as a PWM function.</param>
    /// <param name="bleedPin">The bleed valve's transistor, as a PWM function.</param>
    /// <param name="triggerPin">Rising edge: triggers the one-shot.</param>
    /// <param name="clearPin">Low: clears the one-shot.</param>
    /// <param name="valveSensePin">High: current flows through the dump valve.</param>
    /// <param name="switchSensePin">High: the pressure switch has cut the supply.</param>
    public EspCuffActuators(int pumpPin, int bleedPin, int triggerPin, int clearPin, int valveSensePin, int switchSensePin)
    {
        GpioController gpio = new GpioController();
        _clear = gpio.OpenPin(clearPin, PinMode.Output);
        _clear.Write(PinValue.Low);
        _trigger = gpio.OpenPin(triggerPin, PinMode.Output);
        _trigger.Write(PinValue.Low);
        _valveSense = gpio.OpenPin(valveSensePin, PinMode.Input);
        _switchSense = gpio.OpenPin(switchSensePin, PinMode.Input);

        // Both are made before either is started: the runtime sets the duty of a channel that it does not know yet once any channel runs, and throws.
        _pump = PwmChannel.CreateFromPin(pumpPin, PumpHz, 0);
        _bleed = PwmChannel.CreateFromPin(bleedPin, BleedHz, 0);
        _pump.Start();
        _bleed.Start();
    }

    /// <summary>The function of a PWM channel. Pump and valve have channels of different timers: on one timer the valve's 1 kHz would hold for the pump too, and its full duty would become 3 %.</summary>
    /// <param name="channel">1 to 16.</param>
    /// <returns>PWM1 to PWM16, whose numbers stand 256 apart.</returns>
    public static DeviceFunction Pwm(int channel) => (DeviceFunction)((int)DeviceFunction.PWM1 + ((channel - 1) * ((int)DeviceFunction.PWM2 - (int)DeviceFunction.PWM1)));

    /// <inheritdoc/>
    public bool IsDumpValveHeld => _valveSense.Read() == PinValue.High;

    /// <inheritdoc/>
    public bool IsPressureSwitchOpen => _switchSense.Read() == PinValue.High;

    /// <inheritdoc/>
    public void SetPump(int dutyPermille)
    {
        _pump.DutyCycle = dutyPermille / 1000.0;
    }

    /// <inheritdoc/>
    public void SetBleedValve(int openPermille)
    {
        _bleed.DutyCycle = (1000 - openPermille) / 1000.0;
    }

    /// <inheritdoc/>
    public void TriggerDumpHold()
    {
        _clear.Write(PinValue.High);
        _trigger.Write(PinValue.High);
        _trigger.Write(PinValue.Low);
    }

    /// <inheritdoc/>
    public void OpenDumpValve()
    {
        _clear.Write(PinValue.Low);
    }
}
