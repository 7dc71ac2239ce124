namespace Firmware.Protocol;

/// <summary>The topics between a pod and its gateway. A device id is 16 lower-case hexadecimal digits.</summary>
public static class Topics
{
    private const string HexDigits = "0123456789abcdef";

    /// <summary>A device id as it stands in topics and identities.</summary>
    /// <param name="deviceId">The EUI-64.</param>
    /// <returns>16 lower-case hexadecimal digits.</returns>
    public static string DeviceText(ulong deviceId)
    {
        char[] digits = new char[16];
        for (int i = 0; i < 16; i++)
        {
            digits[i] = HexDigits[(int)((deviceId >> (60 - (4 * i))) & 0xF)];
        }

        return new string(digits);
    }

    /// <summary>Whole frames from the pod, QoS 1.</summary>
    /// <param name="deviceId">The EUI-64.</param>
    /// <returns>The topic.</returns>
    public static string Up(ulong deviceId) => "pod/" + DeviceText(deviceId) + "/up";

    /// <summary>Clock requests from the pod, QoS 0, see <see cref="ClockMessage"/>.</summary>
    /// <param name="deviceId">The EUI-64.</param>
    /// <returns>The topic.</returns>
    public static string Time(ulong deviceId) => "pod/" + DeviceText(deviceId) + "/time";

    /// <summary>Clock replies to the pod, QoS 0.</summary>
    /// <param name="deviceId">The EUI-64.</param>
    /// <returns>The topic.</returns>
    public static string TimeReply(ulong deviceId) => "pod/" + DeviceText(deviceId) + "/time/reply";

    /// <summary>Commands to the pod, QoS 1, see <see cref="PodCommand"/>.</summary>
    /// <param name="deviceId">The EUI-64.</param>
    /// <returns>The topic.</returns>
    public static string Command(ulong deviceId) => "pod/" + DeviceText(deviceId) + "/cmd";

    /// <summary>The live copy of sound from the pod: one whole frame, QoS 0. The same frame also goes the durable way.</summary>
    /// <param name="deviceId">The EUI-64.</param>
    /// <returns>The topic.</returns>
    public static string LiveSound(ulong deviceId) => "pod/" + DeviceText(deviceId) + "/sound";

    /// <summary>The pod's state, retained; also its will.</summary>
    /// <param name="deviceId">The EUI-64.</param>
    /// <returns>The topic.</returns>
    public static string State(ulong deviceId) => "pod/" + DeviceText(deviceId) + "/state";
}

/// <summary>Clock request, 12 bytes: <c>0 u32 exchange | 4 u64 t1</c>. Reply, 32 bytes: <c>0 u32 exchange | 4 u64 t1 | 12 u64 t2 | 20 u64 t3 | 28 u32 gatewayBootId</c>.</summary>
public static class ClockMessage
{
    /// <summary>Bytes of a request.</summary>
    public const int RequestLength = 12;

    /// <summary>Bytes of a reply.</summary>
    public const int ReplyLength = 32;
}

/// <summary>
/// Commands to a pod: <c>0 u8 version 1 | 1 u8 command | 2 u16 correlation | 4 body</c>. A pod that does not know a command ignores it
/// and counts it.
/// </summary>
public static class PodCommand
{
    /// <summary>Bytes before the body.</summary>
    public const int HeaderLength = 4;

    /// <summary>Sets the binding epoch; body <c>4 u32 epoch</c>, 0 withdraws it. Sent at each connection and each change; idempotent.</summary>
    public const byte SetEpoch = 1;

    /// <summary>Tries every peripheral again at once, quarantined ones too; no body.</summary>
    public const byte RetryPeripherals = 2;

    /// <summary>
    /// Says once per session who is measured; body <c>4 u32 bindingEpoch | 8 u8 PatientCategory | 9 u8 CuffSize | 10 u8 1 when cuff and oximeter are on the
    /// same arm</c>. Refused unless the epoch is in force; forgotten when the epoch changes.
    /// </summary>
    public const byte SetPatient = 3;

    /// <summary>Starts one measurement with the cuff; body <c>4 u32 bindingEpoch</c>.</summary>
    public const byte StartCuff = 4;

    /// <summary>Opens the cuff's valves at once and ends whatever it does; no body. Always obeyed.</summary>
    public const byte StopCuff = 5;

    /// <summary>Starts the cuff chain's self test; body <c>4 u8 0xA5</c>, the person's word that the cuff is off the arm.</summary>
    public const byte TestCuff = 6;

    /// <summary>Turns listening on or off; body <c>4 u32 bindingEpoch | 8 u8 1 on, 0 off</c>.</summary>
    public const byte SetListening = 7;
}

/// <summary>Who is measured; the value is the one of ISO/IEEE 11073-10101 patient types where it has one. A newborn does not exist here: the own cuff refuses all but adults.</summary>
public enum PatientCategory : byte
{
    /// <summary>Nobody said.</summary>
    Unknown = 0,

    /// <summary>Adult.</summary>
    Adult = 1,

    /// <summary>Child, 3 to 12 years; only with an OEM module made for it.</summary>
    Pediatric = 2,
}

/// <summary>The cuff's bladder, by arm circumference. Source: AHA 2019 (Muntner et al., Hypertension 73:e35), Table 4.</summary>
public enum CuffSize : byte
{
    /// <summary>Nobody said.</summary>
    Unknown = 0,

    /// <summary>Small adult, 22 to 26 cm.</summary>
    SmallAdult = 1,

    /// <summary>Adult, 27 to 34 cm.</summary>
    Adult = 2,

    /// <summary>Large adult, 35 to 44 cm.</summary>
    LargeAdult = 3,

    /// <summary>Child, below 22 cm; only with an OEM module made for it.</summary>
    Child = 4,
}

/// <summary>The phases of the cuff's measurement, as told on <see cref="Streams.CuffPhase"/>.</summary>
public enum CuffPhase : byte
{
    /// <summary>At rest, valves open.</summary>
    Idle = 0,

    /// <summary>The open cuff must read zero.</summary>
    ZeroCheck = 1,

    /// <summary>The pump runs.</summary>
    Inflate = 2,

    /// <summary>The cuff deflates slowly and is measured.</summary>
    Bleed = 3,

    /// <summary>The valves are open and the cuff must empty.</summary>
    Dump = 4,

    /// <summary>Ended with a result or a stated absence.</summary>
    Done = 5,

    /// <summary>Ended by a fault; the event says which.</summary>
    Fault = 6,

    /// <summary>The 30 s of rest before another inflation.</summary>
    Rest = 7,

    /// <summary>The self test of the chain.</summary>
    SelfTest = 8,
}
