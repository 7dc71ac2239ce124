using EdgeGateway.Faults;

namespace EdgeGateway.Core.Delivery;

/// <summary>
/// What the session's broker or a subscriber says against one reading: under which code it is reported, and how often the reading is tried. An answer
/// about one reading says nothing of another. Source: MQTT 5.0, 3.4.2.1 (reason codes of PUBACK).
/// </summary>
internal static class DeliveryRefusal
{
    /// <summary>No matching subscribers: no refusal; the reading stays pending.</summary>
    public const byte NoSubscribers = 0x10;

    /// <summary>Stands for a connection that ended each time the reading was sent.</summary>
    public const byte ConnectionEnded = 0xFF;

    /// <summary>Tries when the reason may pass by itself (0x80 unspecified, 0x83 implementation specific, and every reason without a rule of its own).</summary>
    public const int TransientTries = 3;

    /// <summary>Tries when an access rule refuses the topic (0x87).</summary>
    public const int AccessTries = 5;

    /// <summary>Tries when a quota is used up (0x97): it is given back with time.</summary>
    public const int QuotaTries = 8;

    /// <summary>Connections that have to end at the same reading, while others were acknowledged, before it counts as refused.</summary>
    public const int MaxConnectionLosses = 3;

    /// <summary>How often a reading is sent before it is set aside.</summary>
    /// <param name="reason">The reason code.</param>
    /// <returns>The bound, from 1.</returns>
    public static int TriesOf(byte reason) => reason switch
    {
        0x90 or 0x95 or 0x99 or 0x9A or 0x9B or ConnectionEnded => 1,
        0x87 => AccessTries,
        0x97 => QuotaTries,
        _ => TransientTries,
    };

    /// <summary>The code whose advice fits the reason.</summary>
    /// <param name="reason">The reason code.</param>
    /// <returns>A code of hardware/faults.json.</returns>
    public static string CodeOf(byte reason) => reason switch
    {
        0x87 => FaultCodes.DeliveryTopicNotAuthorized,
        0x95 => FaultCodes.DeliveryMessageTooLarge,
        0x9B => FaultCodes.BrokerQosOneUnsupported,
        0x99 => FaultCodes.DeliveryPayloadFormatRefused,
        0x97 => FaultCodes.DeliveryQuotaExceeded,
        0x90 => FaultCodes.DeliveryTopicNameInvalid,
        ConnectionEnded => FaultCodes.DeliveryEndsConnection,
        _ => FaultCodes.DeliveryRefused,
    };

    /// <summary>A reason in words, for logs.</summary>
    /// <param name="reason">The reason code.</param>
    /// <returns>Its number and its name in MQTT 5.</returns>
    public static string Text(byte reason)
    {
        const string Digits = "0123456789ABCDEF";
        string number = "0x" + Digits[reason >> 4] + Digits[reason & 15];
        string? name = reason switch
        {
            0x10 => "no matching subscribers",
            0x80 => "unspecified error",
            0x83 => "implementation specific error",
            0x87 => "not authorized",
            0x90 => "topic name invalid",
            0x91 => "packet identifier in use",
            0x95 => "packet too large",
            0x97 => "quota exceeded",
            0x99 => "payload format invalid",
            0x9A => "retain not supported",
            0x9B => "QoS not supported",
            _ => null,
        };
        return reason == ConnectionEnded ? "the connection ended" : name is null ? "reason " + number : "reason " + number + ", " + name;
    }
}
