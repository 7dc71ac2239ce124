namespace Firmware.Core;

/// <summary>How one I2C transaction ended. The names follow NXP UM10204 (I2C-bus specification).</summary>
public enum I2cStatus : byte
{
    /// <summary>Every byte was transferred and acknowledged.</summary>
    Ok = 0,

    /// <summary>No target acknowledged the address byte: the part is absent, unpowered or at another address.</summary>
    AddressNack = 1,

    /// <summary>The target refused a data byte.</summary>
    DataNack = 2,

    /// <summary>Fewer bytes than asked for were transferred; none of them may be used.</summary>
    Partial = 3,

    /// <summary>Another controller won the bus.</summary>
    ArbitrationLost = 4,

    /// <summary>The target stretched the clock beyond the bus timeout.</summary>
    Timeout = 5,

    /// <summary>SDA or SCL is held low and the bus cannot start a transaction.</summary>
    BusStuck = 6,

    /// <summary>The bus was never opened.</summary>
    NotOpen = 7,
}
