namespace Firmware.Protocol;

/// <summary>The numbered streams of a pod; hardware/cart.json says which pod has which, and a test keeps the two alike.</summary>
public static class Streams
{
    /// <summary>Gap records of this device.</summary>
    public const int Gaps = 1;

    /// <summary>Coded events of this device.</summary>
    public const int Events = 2;

    /// <summary>Clock samples of this device.</summary>
    public const int Clock = 3;

    /// <summary>Contact temperature (TMP117), numeric.</summary>
    public const int Temperature = 16;

    /// <summary>Red light (MAX30102), waveform.</summary>
    public const int RedLight = 32;

    /// <summary>Infrared light (MAX30102), waveform.</summary>
    public const int InfraredLight = 33;

    /// <summary>Die temperature of the oximeter's chip (MAX30102), numeric.</summary>
    public const int OximeterDieTemperature = 34;

    /// <summary>Oxygen saturation of the pulse (MAX30102), numeric with the ratio R, once a second.</summary>
    public const int OxygenSaturation = 35;

    /// <summary>Pulse rate (MAX30102), numeric, once a second.</summary>
    public const int PulseRate = 36;

    /// <summary>Perfusion index (MAX30102), numeric, once a second.</summary>
    public const int PerfusionIndex = 37;

    /// <summary>Heart beats (MAX30102), one frame each.</summary>
    public const int PulseBeats = 38;

    /// <summary>Cuff pressure while a cuff is used (MPRLS0300), waveform in hundredths of mmHg, never below 0.</summary>
    public const int CuffPressure = 48;

    /// <summary>Systolic pressure (cuff), numeric with <see cref="BloodPressureStatus"/>.</summary>
    public const int Systolic = 49;

    /// <summary>Diastolic pressure (cuff), numeric with <see cref="BloodPressureStatus"/>.</summary>
    public const int Diastolic = 50;

    /// <summary>Mean arterial pressure (cuff), numeric with <see cref="BloodPressureStatus"/>.</summary>
    public const int MeanPressure = 51;

    /// <summary>Pulse rate of the cuff's oscillations, numeric with <see cref="BloodPressureStatus"/>.</summary>
    public const int CuffPulseRate = 52;

    /// <summary>Phase of the cuff's measurement, numeric without unit, at each change: see <see cref="MdcCodes.CuffPhase"/>. For the page; no patient value.</summary>
    public const int CuffPhase = 53;

    /// <summary>Sound of the stethoscope (PCM1808), sound chunks of 100 ms.</summary>
    public const int Sound = 64;
}

/// <summary>ISO/IEEE 11073-10101 codes in use (partition x 65,536 + term), and private ones (partition 1024) where the nomenclature has none.</summary>
public static class MdcCodes
{
    /// <summary>MDC_TEMP_BODY, Cel.</summary>
    public const uint BodyTemperature = 150364;

    /// <summary>MDC_TEMP_SKIN, Cel.</summary>
    public const uint SkinTemperature = 150388;

    /// <summary>MDC_TEMP_AXILLA, Cel.</summary>
    public const uint AxillaTemperature = 188452;

    /// <summary>MDC_PULS_OXIM_SAT_O2, %.</summary>
    public const uint OxygenSaturation = 150456;

    /// <summary>MDC_PULS_OXIM_PULS_RATE, /min.</summary>
    public const uint PulseRate = 149530;

    /// <summary>MDC_PULS_OXIM_PERF_REL, %.</summary>
    public const uint PerfusionIndex = 150448;

    /// <summary>MDC_PRESS_CUFF, mm[Hg].</summary>
    public const uint CuffPressure = 150300;

    /// <summary>MDC_PRESS_BLD_NONINV_SYS, mm[Hg].</summary>
    public const uint NoninvasiveSystolic = 150021;

    /// <summary>MDC_PRESS_BLD_NONINV_DIA, mm[Hg].</summary>
    public const uint NoninvasiveDiastolic = 150022;

    /// <summary>MDC_PRESS_BLD_NONINV_MEAN, mm[Hg].</summary>
    public const uint NoninvasiveMean = 150023;

    /// <summary>MDC_PULS_RATE_NON_INV, /min.</summary>
    public const uint NoninvasivePulseRate = 149546;

    /// <summary>MDC_PULS_OXIM_PLETH, dimensionless.</summary>
    public const uint Pleth = 150452;

    /// <summary>Private: counts of the red light (660 nm), dimensionless.</summary>
    public const uint RedLightCounts = (1024u << 16) | 1;

    /// <summary>Private: counts of the infrared light (880 nm), dimensionless.</summary>
    public const uint InfraredLightCounts = (1024u << 16) | 2;

    /// <summary>Private: temperature of a sensor's die, Cel.</summary>
    public const uint DieTemperature = (1024u << 16) | 3;

    /// <summary>Private: the pulse's beats, each with the interval before it, ms.</summary>
    public const uint PulseBeat = (1024u << 16) | 4;

    /// <summary>Private: phase of the cuff's measurement, a <c>CuffPhase</c> as a number.</summary>
    public const uint CuffPhase = (1024u << 16) | 5;
}
