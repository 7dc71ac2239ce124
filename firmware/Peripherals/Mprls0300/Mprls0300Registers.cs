namespace Firmware.Peripherals;

/// <summary>Command and status of the MPR series. It has no registers. Source: Honeywell 32332628 (MPR Series), I2C communications.</summary>
public static class Mprls0300Registers
{
    /// <summary>Output measurement command, followed by two bytes 0x00.</summary>
    public const byte Measure = 0xAA;

    /// <summary>Status bit 6: the part is powered.</summary>
    public const int Powered = 1 << 6;

    /// <summary>Status bit 5: a conversion is under way.</summary>
    public const int Busy = 1 << 5;

    /// <summary>Status bit 2: the checksum of the part's memory is wrong.</summary>
    public const int MemoryIntegrityFailed = 1 << 2;

    /// <summary>Status bit 0: the part's mathematics saturated.</summary>
    public const int MathSaturation = 1 << 0;

    /// <summary>The bits that are 0 whatever happens: 7, 4, 3 and 1.</summary>
    public const int AlwaysZero = 0x9A;
}
