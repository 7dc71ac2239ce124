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

    /// <summary>The live copy of sound from the pod: one whole frame, QoS 0. The same frame also is stored and forwarded.</summary>
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

public static partial class PodCommand
{
    /// <summary>Bytes before the body.</summary>
    public const int HeaderLength = 4;
}
