using System;
using System.Linq;

namespace CartGen;

/// <summary>What a function does with its pin.</summary>
internal enum PinKind
{
    /// <summary>Drives it.</summary>
    Output,

    /// <summary>Lights an LED to ground, and nothing from outside drives it.</summary>
    Indicator,

    /// <summary>Is driven from outside, also while the chip starts.</summary>
    Input,

    /// <summary>Pulls it low; a resistor and others pull it too.</summary>
    OpenDrain,

    /// <summary>Measures its voltage.</summary>
    Analog,

    /// <summary>Gives the master clock of the I2S controller.</summary>
    MasterClock,
}

/// <summary>A function of a board's pin.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Kind">What it does with the pin.</param>
/// <param name="IsRequired">False: a board may have none.</param>
/// <param name="About">What stands there, for tables.</param>
internal sealed record PinFunction(string Name, PinKind Kind, bool IsRequired, string About);

/// <summary>
/// What a chip's pins cannot be, whoever writes the board's file. Sources: Espressif, ESP32 datasheet v4.7 and ESP32-S3 datasheet v2.0 (pin lists, strapping pins, ADC channels); ESP-IDF's I2S
/// driver (pins of the master clock on an ESP32); nanoFramework's nf-interpreter 1.17, ESP32 PwmChannel (timers). Read, not tried on a board.
/// </summary>
internal sealed class ChipRules
{
    private static readonly int[] Pairs = [.. Enumerable.Range(0, 8)];

    private static readonly ChipRules[] All =
    [
        new("esp32")
        {
            LastPin = 39, Absent = [20, 24, 28, 29, 30, 31], Flash = [6, 7, 8, 9, 10, 11], Psram = [16, 17], InputOnly = [34, 35, 36, 37, 38, 39], Strapping = [0, 2, 5, 12, 15], DebugUart = [1, 3],
            Adc1 = [32, 33, 34, 35, 36, 37, 38, 39], Adc2 = [0, 2, 4, 12, 13, 14, 15, 25, 26, 27], MasterClock = [0, 1, 3], TimerOfPair = Pairs, BrokenPairs = [4],
        },
        new("esp32-s3")
        {
            LastPin = 48, Absent = [22, 23, 24, 25], Flash = [26, 27, 28, 29, 30, 31, 32], Octal = [33, 34, 35, 36, 37], Usb = [19, 20], Strapping = [0, 3, 45, 46], DebugUart = [43, 44],
            Adc1 = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], Adc2 = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20], TimerOfPair = [.. Pairs.Select(p => p % 4)],
        },
    ];

    private ChipRules(string name) => Name = name;

    /// <summary>Names of the chips.</summary>
    public static string[] Names => [.. All.Select(c => c.Name)];

    /// <summary>Its name.</summary>
    public string Name { get; }

    private int LastPin { get; init; }

    private int[] Absent { get; init; } = [];

    private int[] Flash { get; init; } = [];

    /// <summary>Of any PSRAM.</summary>
    private int[] Psram { get; init; } = [];

    /// <summary>Of an octal PSRAM beside <see cref="Flash"/>.</summary>
    private int[] Octal { get; init; } = [];

    private int[] Usb { get; init; } = [];

    private int[] InputOnly { get; init; } = [];

    private int[] Strapping { get; init; } = [];

    private int[] DebugUart { get; init; } = [];

    private int[] Adc1 { get; init; } = [];

    private int[] Adc2 { get; init; } = [];

    /// <summary>Where the master clock can come out; null: anywhere.</summary>
    private int[]? MasterClock { get; init; }

    /// <summary>The hardware's timer of PWM1 and 2, of PWM3 and 4, and so on.</summary>
    private int[] TimerOfPair { get; init; } = [];

    /// <summary>Pairs whose frequency the runtime sets on another pair's timer.</summary>
    private int[] BrokenPairs { get; init; } = [];

    /// <summary>The rules of a chip.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The rules, or null.</returns>
    public static ChipRules? Of(string name) => Array.Find(All, c => c.Name == name);

    /// <summary>Why a pin cannot have a function.</summary>
    /// <param name="pin">GPIO number.</param>
    /// <param name="kind">What the function does with it.</param>
    /// <param name="psram">none, quad or octal.</param>
    /// <returns>A clause after the pin's number, or null.</returns>
    public string? WhyNot(int pin, PinKind kind, string psram)
    {
        bool isPulled = kind is PinKind.Input or PinKind.OpenDrain or PinKind.Analog;
        return pin switch
        {
            _ when pin > LastPin => $"does not exist; the last is {LastPin}",
            _ when Absent.Contains(pin) => "does not exist",
            _ when Flash.Contains(pin) => "serves the flash",
            _ when psram != "none" && Psram.Contains(pin) => "serves the PSRAM",
            _ when psram == "octal" && Octal.Contains(pin) => "serves an octal PSRAM",
            _ when Usb.Contains(pin) => "is the native USB",
            _ when kind == PinKind.MasterClock && MasterClock is not null && !MasterClock.Contains(pin) => $"gives no master clock; only {string.Join(", ", MasterClock)} do",
            _ when DebugUart.Contains(pin) => "is UART0, which belongs to the debugger",
            _ when Strapping.Contains(pin) && isPulled => "chooses the boot mode: what drives it from outside would choose it",
            _ when Strapping.Contains(pin) && kind != PinKind.Indicator => "chooses the boot mode",
            _ when InputOnly.Contains(pin) && kind is not (PinKind.Input or PinKind.Analog) => "is an input only",
            _ when kind == PinKind.Analog && Adc2.Contains(pin) => "belongs to ADC2, which fails while Wi-Fi runs",
            _ when kind == PinKind.Analog && !Adc1.Contains(pin) => "has no ADC",
            _ => null,
        };
    }

    /// <summary>Why a PWM channel cannot be used.</summary>
    /// <param name="channel">1 to 16.</param>
    /// <returns>A clause after its name, or null.</returns>
    public string? WhyNotPwm(int channel) => channel is < 1 or > 16
        ? "does not exist; there are PWM1 to PWM16"
        : BrokenPairs.Contains((channel - 1) / 2) ? "has its frequency set on the timer of PWM1 and PWM2" : null;

    /// <summary>Whether two PWM channels have one timer, and so one frequency and one resolution.</summary>
    /// <param name="a">1 to 16.</param>
    /// <param name="b">1 to 16.</param>
    /// <returns>True when they have.</returns>
    public bool ShareTimer(int a, int b) => TimerOfPair[(a - 1) / 2] == TimerOfPair[(b - 1) / 2];
}
