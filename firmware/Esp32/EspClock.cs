using Firmware.Core;
using nanoFramework.Hardware.Esp32;

namespace Firmware.Esp32;

/// <summary>The ESP32's 64-bit timer: µs since boot.</summary>
public sealed class EspClock : IMonotonicClock
{
    /// <inheritdoc/>
    public long NowUs => (long)HighResTimer.GetCurrent();
}
