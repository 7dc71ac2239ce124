namespace Firmware.Core;

/// <summary>
/// Every coded fault a pod can raise; the number is its code in hardware/faults.json ("P" and four digits), where it is explained
/// in English and French with what to do next.
/// </summary>
public enum FaultCode : ushort
{
    /// <summary>No fault.</summary>
    None = 0,

    // P1000 to P1049: bus and supervisor.

    /// <summary>A peripheral was found and gives its first measurement.</summary>
    PartPresent = 1000,

    /// <summary>A peripheral does not answer.</summary>
    PartAbsent = 1001,

    /// <summary>A peripheral failed and is begun anew.</summary>
    PartFailing = 1002,

    /// <summary>A peripheral failed too often and is left alone.</summary>
    PartQuarantined = 1003,

    /// <summary>The bus is held low and cannot start a transaction.</summary>
    BusStuck = 1004,

    /// <summary>A stuck bus was freed by clocking.</summary>
    BusFreed = 1005,

    /// <summary>The bus was never opened.</summary>
    BusNotOpen = 1006,

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

    // P1300 to P1349: store and ring.

    /// <summary>The store could not be written at the start; the boot id is random.</summary>
    StoreUnavailable = 1300,

    /// <summary>The store is full.</summary>
    StoreFull = 1301,

    /// <summary>The store failed.</summary>
    StoreFailed = 1302,

    /// <summary>Part of the store was damaged and set aside.</summary>
    StoreDamaged = 1303,

    /// <summary>A ring in memory is full and its oldest readings give way.</summary>
    RingFull = 1304,

    /// <summary>A record of what was lost could not be kept.</summary>
    GapRecordLost = 1305,

    /// <summary>The pod started again without having been stopped.</summary>
    PowerLost = 1306,

    /// <summary>The store takes data again.</summary>
    StoreRecovered = 1307,

    // P1400 to P1449: link and time.

    /// <summary>The link to the gateway went away.</summary>
    LinkLost = 1400,

    /// <summary>The gateway does not acknowledge.</summary>
    AcknowledgementOverdue = 1401,

    /// <summary>The gateway does not answer the clock exchange.</summary>
    ClockUnsynchronised = 1402,

    /// <summary>The gateway's clock began anew.</summary>
    GatewayClockChanged = 1403,

    // P1450 to P1479: MPRLS0300.

    /// <summary>Nothing answers at the cuff sensor's address.</summary>
    Mprls0300NotPresent = 1450,

    /// <summary>Another part answers at the cuff sensor's address.</summary>
    Mprls0300WrongPart = 1451,

    /// <summary>A bus transaction with the cuff sensor failed.</summary>
    Mprls0300BusFault = 1452,

    /// <summary>The cuff sensor does not end its conversion.</summary>
    Mprls0300NoConversion = 1453,

    /// <summary>The cuff sensor's memory is damaged.</summary>
    Mprls0300MemoryFailed = 1454,

    /// <summary>The cuff sensor's status has bits that no status has.</summary>
    Mprls0300StatusImplausible = 1455,

    /// <summary>Two readings of one conversion do not agree.</summary>
    Mprls0300ReadingsDisagree = 1456,

    /// <summary>The pressure is beyond the cuff sensor's range.</summary>
    Mprls0300Saturated = 1457,

    /// <summary>The cuff sensor gives the same word again and again.</summary>
    Mprls0300Frozen = 1458,

    /// <summary>A pressure far below zero.</summary>
    Mprls0300BelowRange = 1459,

    /// <summary>A value exactly at an end of the range that has not been confirmed yet.</summary>
    Mprls0300EndUnconfirmed = 1460,

    // P1480 to P1499: SunTech OEM module.

    /// <summary>The blood pressure module does not answer.</summary>
    SunTechNotPresent = 1480,

    /// <summary>The serial line to the blood pressure module failed.</summary>
    SunTechLineFailed = 1481,

    /// <summary>One question to the blood pressure module had no answer.</summary>
    SunTechNoAnswer = 1482,

    /// <summary>A damaged answer came from the blood pressure module.</summary>
    SunTechBadFrame = 1483,

    /// <summary>The module gave values that cannot be.</summary>
    SunTechImplausible = 1484,

    /// <summary>The module did not accept a measurement.</summary>
    SunTechNotAccepted = 1485,

    /// <summary>The module did not inflate the cuff.</summary>
    SunTechNotStarted = 1486,

    /// <summary>The cuff's pressure was lost during a measurement.</summary>
    SunTechPressureLost = 1487,

    /// <summary>The module's cuff passed 300 mmHg.</summary>
    SunTechOverPressure = 1488,

    /// <summary>The result may be that of the measurement before.</summary>
    SunTechStaleResult = 1489,

    /// <summary>The module has pressure in the cuff that nobody asked for.</summary>
    SunTechUnasked = 1490,

    /// <summary>The module found a weak signal or none.</summary>
    SunTechWeakSignal = 1491,

    /// <summary>The module found an erratic signal.</summary>
    SunTechArtifact = 1492,

    /// <summary>The module gave up after its own repetitions.</summary>
    SunTechRetriesExceeded = 1493,

    /// <summary>The measurement of the module took too long.</summary>
    SunTechTimeLimit = 1494,

    /// <summary>The module found a blocked hose.</summary>
    SunTechBlocked = 1495,

    /// <summary>The module did not reach its pressure in time.</summary>
    SunTechInflationTimeout = 1496,

    /// <summary>The module's own protection tripped.</summary>
    SunTechSafetyTripped = 1497,

    /// <summary>The module's supply is out of its range.</summary>
    SunTechSupply = 1498,

    /// <summary>The module reported an error that is not known.</summary>
    SunTechUnknownError = 1499,

    // P1500 to P1549: the own cuff's measurement.

    /// <summary>A measurement with the cuff was refused: nobody said who is measured, or not an adult.</summary>
    CuffNoCategory = 1500,

    /// <summary>A measurement was refused: the self test has not passed in this boot, or not lately.</summary>
    CuffSelfTestDue = 1501,

    /// <summary>A measurement was refused: one is under way.</summary>
    CuffBusy = 1502,

    /// <summary>A measurement was refused: the sensor gives nothing.</summary>
    CuffSensorAbsent = 1503,

    /// <summary>A command named another session than the one in force.</summary>
    CuffWrongSession = 1504,

    /// <summary>The open cuff does not read zero.</summary>
    CuffNotAtZero = 1510,

    /// <summary>No sample for as long as is allowed.</summary>
    CuffSensorLost = 1511,

    /// <summary>The pressure passed the trip.</summary>
    CuffOverPressure = 1512,

    /// <summary>The pressure jumped as no cuff can.</summary>
    CuffImplausibleJump = 1513,

    /// <summary>The pressure rose too fast.</summary>
    CuffHoseKinked = 1514,

    /// <summary>The pressure fell too fast.</summary>
    CuffCameOff = 1515,

    /// <summary>The cuff loses air.</summary>
    CuffLeaks = 1516,

    /// <summary>The pump runs and there is no pressure.</summary>
    CuffNoPressure = 1517,

    /// <summary>The target was not reached in time.</summary>
    CuffInflationTimeout = 1518,

    /// <summary>The cuff did not deflate through the bleed valve.</summary>
    CuffNoDeflation = 1519,

    /// <summary>The cuff was inflated for as long as is allowed.</summary>
    CuffTooLong = 1520,

    /// <summary>The pressure switch cut the current.</summary>
    CuffSwitchOpened = 1521,

    /// <summary>Nothing says that the cuff is empty: it must be taken off by hand.</summary>
    CuffDeflationNotConfirmed = 1522,

    /// <summary>The deflation gave no blood pressure.</summary>
    CuffNoReading = 1523,

    /// <summary>The gateway was lost or silent while the cuff was in use; the valves were opened.</summary>
    CuffLinkLost = 1524,

    /// <summary>A start or self test came over a link that was silent, so that it may be an old one; nothing was inflated.</summary>
    CuffCommandLate = 1525,

    /// <summary>The same command to inflate came twice; the second was ignored.</summary>
    CuffCommandRepeated = 1526,

    /// <summary>The self test of the cuff's chain passed.</summary>
    CuffSelfTestPassed = 1530,

    /// <summary>A link of the cuff's chain failed its test; the argument says which.</summary>
    CuffSelfTestFailed = 1531,

    /// <summary>A link of the cuff's chain passed its test; the argument is link x 100,000 + what was measured.</summary>
    CuffLinkPassed = 1532,

    // P1600 to P1649: PCM1808 and stethoscope.

    /// <summary>No samples of sound came in the time of three pieces, or the bus says that its clock stands still.</summary>
    Pcm1808ClockLost = 1600,

    /// <summary>The wired slot gives one and the same value.</summary>
    Pcm1808SlotDead = 1601,

    /// <summary>The signal is in the slot that should be empty, and only there.</summary>
    Pcm1808SlotsSwapped = 1602,

    /// <summary>The sound is stuck at one end of the converter's range.</summary>
    Pcm1808StuckAtRail = 1603,

    /// <summary>The sound swings between both ends of the range, or its middle jumps: a loose cable.</summary>
    Pcm1808CableLoose = 1604,

    /// <summary>Reading sound failed, or gave what cannot be.</summary>
    Pcm1808PortFailed = 1605,

    /// <summary>The sound bus was never opened.</summary>
    Pcm1808PortNotOpen = 1606,

    /// <summary>Samples of sound come faster or slower than the rate that was set.</summary>
    Pcm1808RateWrong = 1607,

    /// <summary>A cuff inflates: the stethoscope is stopped until it is empty.</summary>
    ListeningSuspended = 1620,

    /// <summary>The cuff is empty: the stethoscope is started again.</summary>
    ListeningResumed = 1621,

    /// <summary>Listening was asked for outside the session in force.</summary>
    ListeningRefused = 1622,
}
