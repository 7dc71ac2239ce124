namespace Firmware.Core;

/// <summary>
/// Every coded fault a pod can raise; the number is its code in hardware/faults.json ("P" and four digits), where it is explained
/// in English and French with what to do next.
/// </summary>
public enum FaultCode : ushort
{
    /// <summary>No fault.</summary>
    None = 0,

    // P1100 to P1149: TMP117.

    /// <summary>Nothing answers at the thermometer's address.</summary>
    Tmp117NotPresent = 1100,

    /// <summary>Another part answers at the thermometer's address.</summary>
    Tmp117WrongPart = 1101,

    /// <summary>A bus transaction with the thermometer failed.</summary>
    Tmp117BusFault = 1102,

    /// <summary>The thermometer does not come out of its reset.</summary>
    Tmp117ResetTimeout = 1103,

    /// <summary>The thermometer does not keep the configuration written to it.</summary>
    Tmp117ConfigurationRefused = 1104,

    /// <summary>The thermometer adds an offset that is not the one expected.</summary>
    Tmp117OffsetUnexpected = 1105,

    /// <summary>The thermometer lost its configuration while measuring.</summary>
    Tmp117ConfigurationLost = 1106,

    /// <summary>The thermometer finished no conversion in the time that two of them take.</summary>
    Tmp117NoConversion = 1107,

    /// <summary>The result register still holds its reset value.</summary>
    Tmp117ResultAtReset = 1108,

    /// <summary>Readings of one and the same result do not agree.</summary>
    Tmp117ReadingsDisagree = 1109,

    /// <summary>A temperature outside the range of the medical accuracy.</summary>
    Tmp117OutsideMedicalRange = 1110,

    /// <summary>A temperature outside the part's rating.</summary>
    Tmp117OutsideRating = 1111,

    /// <summary>A jump that has not been confirmed yet.</summary>
    Tmp117JumpUnconfirmed = 1112,

    // P1200 to P1249: MAX30102.

    /// <summary>Nothing answers at the oximeter's address.</summary>
    Max30102NotPresent = 1200,

    /// <summary>Another part answers at the oximeter's address.</summary>
    Max30102WrongPart = 1201,

    /// <summary>A bus transaction with the oximeter failed.</summary>
    Max30102BusFault = 1202,

    /// <summary>The oximeter does not come out of its reset.</summary>
    Max30102ResetTimeout = 1203,

    /// <summary>The oximeter does not keep the configuration written to it.</summary>
    Max30102ConfigurationRefused = 1204,

    /// <summary>The oximeter lost its configuration while measuring.</summary>
    Max30102ConfigurationLost = 1205,

    /// <summary>The oximeter's supply failed while measuring.</summary>
    Max30102BrownOut = 1206,

    /// <summary>The oximeter puts no samples into its FIFO.</summary>
    Max30102NoSamples = 1207,

    /// <summary>Samples read again differ from the first reading.</summary>
    Max30102ReadingsDisagree = 1208,

    /// <summary>Sample words with bits that no sample has.</summary>
    Max30102ImplausibleWord = 1209,

    /// <summary>The FIFO's pointers contradict each other, or the time.</summary>
    Max30102PointersImplausible = 1210,

    /// <summary>The die temperature was asked for and did not come.</summary>
    Max30102DieTemperatureMissing = 1211,

    /// <summary>The die temperature is outside the part's rating.</summary>
    Max30102DieTemperatureOutsideRating = 1212,
}
