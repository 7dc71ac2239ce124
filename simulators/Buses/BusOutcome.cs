namespace Simulators.Buses;

/// <summary>How a transaction ended on the wires. The names follow NXP UM10204 (I2C-bus specification and user manual, Rev. 7).</summary>
public enum BusOutcome : byte
{
    /// <summary>Every byte was transferred and acknowledged.</summary>
    Ok = 0,

    /// <summary>The ninth clock of the address byte found SDA high (UM10204 3.1.6, reason 1).</summary>
    AddressNack = 1,

    /// <summary>A target refused a data byte (UM10204 3.1.6, reasons 2 to 4).</summary>
    DataNack = 2,

    /// <summary>The transaction ended before the last byte.</summary>
    Partial = 3,

    /// <summary>Another controller held SDA low while this one let it go (UM10204 3.1.8).</summary>
    ArbitrationLost = 4,

    /// <summary>SCL was stretched beyond the controller's limit (UM10204 3.1.9; SMBus 3.1 tTIMEOUT).</summary>
    Timeout = 5,

    /// <summary>SDA was held low, so that no START was possible (UM10204 3.1.16).</summary>
    BusStuck = 6,

    /// <summary>The controller was not set up.</summary>
    NotOpen = 7,
}

/// <summary>Who drives the data bits of a byte.</summary>
public enum BusDirection : byte
{
    /// <summary>Controller to target.</summary>
    Write = 0,

    /// <summary>Target to controller.</summary>
    Read = 1,
}
