using System;

namespace EdgeGateway.Mqtt.Codec;

/// <summary>Reason codes of MQTT 5.0 (2.4, table 2-6) that this implementation sends or decides on.</summary>
public static class MqttReason
{
    /// <summary>Success, normal disconnection, or granted QoS 0.</summary>
    public const byte Success = 0x00;

    /// <summary>DISCONNECT that asks for the will to be published.</summary>
    public const byte DisconnectWithWill = 0x04;

    /// <summary>The message was accepted, and there is no subscriber.</summary>
    public const byte NoMatchingSubscribers = 0x10;

    /// <summary>UNSUBACK: there was no such subscription.</summary>
    public const byte NoSubscriptionExisted = 0x11;

    /// <summary>AUTH: continue.</summary>
    public const byte ContinueAuthentication = 0x18;

    /// <summary>AUTH: authenticate again.</summary>
    public const byte ReAuthenticate = 0x19;

    /// <summary>Error without a name.</summary>
    public const byte UnspecifiedError = 0x80;

    /// <summary>The bytes are no MQTT packet.</summary>
    public const byte MalformedPacket = 0x81;

    /// <summary>A well formed packet that is not allowed here.</summary>
    public const byte ProtocolError = 0x82;

    /// <summary>Valid, not accepted by this implementation.</summary>
    public const byte ImplementationSpecificError = 0x83;

    /// <summary>Protocol level not spoken here.</summary>
    public const byte UnsupportedProtocolVersion = 0x84;

    /// <summary>Client identifier not allowed.</summary>
    public const byte ClientIdentifierNotValid = 0x85;

    /// <summary>Bad user name or password.</summary>
    public const byte BadUserNameOrPassword = 0x86;

    /// <summary>Not authorised.</summary>
    public const byte NotAuthorized = 0x87;

    /// <summary>The server is not available.</summary>
    public const byte ServerUnavailable = 0x88;

    /// <summary>The server is busy.</summary>
    public const byte ServerBusy = 0x89;

    /// <summary>Banned.</summary>
    public const byte Banned = 0x8A;

    /// <summary>The server is stopping.</summary>
    public const byte ServerShuttingDown = 0x8B;

    /// <summary>Authentication method not supported.</summary>
    public const byte BadAuthenticationMethod = 0x8C;

    /// <summary>Nothing was heard for one and a half times the keep-alive.</summary>
    public const byte KeepAliveTimeout = 0x8D;

    /// <summary>Another connection uses the same client identifier.</summary>
    public const byte SessionTakenOver = 0x8E;

    /// <summary>Topic filter not accepted.</summary>
    public const byte TopicFilterInvalid = 0x8F;

    /// <summary>Topic name not accepted.</summary>
    public const byte TopicNameInvalid = 0x90;

    /// <summary>Packet identifier in use.</summary>
    public const byte PacketIdentifierInUse = 0x91;

    /// <summary>Packet identifier not known.</summary>
    public const byte PacketIdentifierNotFound = 0x92;

    /// <summary>More messages unacknowledged than the Receive Maximum.</summary>
    public const byte ReceiveMaximumExceeded = 0x93;

    /// <summary>Topic alias 0 or above the maximum.</summary>
    public const byte TopicAliasInvalid = 0x94;

    /// <summary>The packet is longer than the receiver accepts.</summary>
    public const byte PacketTooLarge = 0x95;

    /// <summary>A named bound of the implementation is reached.</summary>
    public const byte QuotaExceeded = 0x97;

    /// <summary>Closed by an operator.</summary>
    public const byte AdministrativeAction = 0x98;

    /// <summary>The payload is not what its format indicator says.</summary>
    public const byte PayloadFormatInvalid = 0x99;

    /// <summary>Retained messages are not supported.</summary>
    public const byte RetainNotSupported = 0x9A;

    /// <summary>The quality of service is above the Maximum QoS.</summary>
    public const byte QosNotSupported = 0x9B;

    /// <summary>Use another server, for now.</summary>
    public const byte UseAnotherServer = 0x9C;

    /// <summary>The server has moved for good.</summary>
    public const byte ServerMoved = 0x9D;

    /// <summary>Shared subscriptions are not supported.</summary>
    public const byte SharedSubscriptionsNotSupported = 0x9E;

    /// <summary>Too many connections in a short time.</summary>
    public const byte ConnectionRateExceeded = 0x9F;

    /// <summary>Filters with wildcards are not supported.</summary>
    public const byte WildcardSubscriptionsNotSupported = 0xA2;
}

/// <summary>
/// The peer broke the protocol. The connection is closed; under MQTT 5 the reason code goes into the DISCONNECT or CONNACK.
/// </summary>
public sealed class MqttProtocolException : Exception
{
    /// <summary>Makes the error.</summary>
    /// <param name="reasonCode">MQTT 5 reason code, 0x80 or above.</param>
    /// <param name="message">What was wrong, with the place in the standard where that helps.</param>
    public MqttProtocolException(byte reasonCode, string message)
        : base(message) => ReasonCode = reasonCode;

    /// <summary>MQTT 5 reason code, 0x80 or above.</summary>
    public byte ReasonCode { get; }
}
