namespace Firmware.Peripherals;

/// <summary>
/// The TMP117's registers and bits, named as in the datasheet.
/// Source: TI SNOSD82D (TMP117, June 2018, revised September 2022), 7.6 Register Map, Table 7-3 and the field tables after it.
/// </summary>
internal static class Tmp117Registers
{
    /// <summary>Temperature result; read only; two's complement, 7.8125 m°C per count.</summary>
    public const byte TempResult = 0x00;

    /// <summary>Configuration; reset value 0x0220 unless the EEPROM says otherwise.</summary>
    public const byte Configuration = 0x01;

    /// <summary>Temperature offset, added to every result; reset value from the EEPROM, 0 as delivered.</summary>
    public const byte TempOffset = 0x07;

    /// <summary>Device id: revision in 15:12, 0x117 in 11:0.</summary>
    public const byte DeviceId = 0x0F;

    /// <summary>Device id without the revision. Source: Device_ID register, DID[11:0].</summary>
    public const int DeviceIdValue = 0x0117;

    /// <summary>DID[11:0].</summary>
    public const int DeviceIdMask = 0x0FFF;

    /// <summary>Result register after a reset, until the first conversion has ended (-256 °C). Source: 7.3.1 and Temp_Result register.</summary>
    public const int TempResultAtReset = 0x8000;

    /// <summary>Configuration bit 13, Data_Ready: a conversion has ended since the result or this register was last read.</summary>
    public const int DataReady = 1 << 13;

    /// <summary>Configuration bit 12, EEPROM_Busy: programming, or loading after power-up or reset.</summary>
    public const int EepromBusy = 1 << 12;

    /// <summary>Configuration bits 9:7 = 100: with 8 averages, one result per second. Source: Table 7-7.</summary>
    public const int ConversionCycleOneSecond = 4 << 7;

    /// <summary>Configuration bits 6:5 = 01: 8 conversions averaged, as the datasheet advises for ASTM E1112. MOD 11:10 = 00 is continuous.</summary>
    public const int Average8 = 1 << 5;

    /// <summary>Configuration bit 2, DR/Alert: the ALERT pin shows Data_Ready instead of the alerts.</summary>
    public const int DataReadyOnAlertPin = 1 << 2;

    /// <summary>Configuration bit 1, Soft_Reset: reloads every register from the EEPROM; clears itself.</summary>
    public const int SoftReset = 1 << 1;

    /// <summary>The bits that must read back as written: all but HIGH_Alert 15, LOW_Alert 14 and Data_Ready 13.</summary>
    public const int ConfigurationMask = 0x1FFF;
}
