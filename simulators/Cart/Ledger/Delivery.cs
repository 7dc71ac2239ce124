using System;
using System.Text.Json;
using EdgeGateway.Mqtt;
using Firmware.Core;
using Firmware.Protocol;

namespace Simulators.Cart.Ledger;

/// <summary>What a gap record says.</summary>
/// <param name="First">The first lost reading.</param>
/// <param name="LastSequence">The last one's sequence.</param>
/// <param name="Count">How many were lost, in the unit.</param>
/// <param name="InSamples">True when samples were lost before they became a reading.</param>
/// <param name="AtLeast">True when the count is a lower bound.</param>
/// <param name="Cause">Why, as the record says.</param>
public readonly record struct LedgerGap(ReadingId First, uint LastSequence, long Count, bool InSamples, bool AtLeast, string Cause);

/// <summary>One reading as a subscriber received it.</summary>
/// <param name="Id">Which.</param>
/// <param name="Class">The topic's word: vital, wave, sound, event or gap.</param>
/// <param name="Repeated">True when the MQTT DUP flag was set.</param>
/// <param name="Corrected">True when it is published again with a better time.</param>
/// <param name="HasUtc">True when it carries a UTC.</param>
/// <param name="Gap">What a gap record says, or null.</param>
/// <param name="Payload">The payload, valid during the call only.</param>
public readonly record struct Delivery(
    ReadingId Id, string Class, bool Repeated, bool Corrected, bool HasUtc, LedgerGap? Gap, ReadOnlyMemory<byte> Payload)
{
    private static readonly SoftwareCrc32 Crc = new();

    /// <summary>True when the payload is a whole binary frame.</summary>
    public bool IsFrame => Class is "wave" or "sound";

    /// <summary>Reads a message of a session.</summary>
    /// <param name="message">The message.</param>
    /// <param name="delivery">What it delivers.</param>
    /// <param name="fault">What is wrong when the answer is false; empty for a topic that carries no reading.</param>
    /// <returns>True when it delivers a reading.</returns>
    public static bool TryRead(in MqttMessage message, out Delivery delivery, out string fault)
    {
        delivery = default;
        fault = string.Empty;

        // cart/{cartId}/session/{sessionId}/{class}/{deviceId}/{stream}
        string[] levels = message.Topic.Split('/');
        if (levels.Length != 7 || levels[4] is not ("vital" or "wave" or "sound" or "event" or "gap"))
        {
            return false;
        }

        byte[] payload = message.Payload.ToArray();
        if (levels[4] is "wave" or "sound")
        {
            if (payload.Length > 0 && payload[0] == (byte)'{')
            {
                return false; // The stream's retained description.
            }

            if (Frame.Check(payload, 0, payload.Length, Crc, out int length) != FrameFault.None || length != payload.Length)
            {
                fault = $"{message.Topic}: the payload is not one whole frame";
                return false;
            }

            delivery = new Delivery(ReadingId.Of(payload, 0), levels[4], message.Duplicate, HasProperty(message, "correctedFrom"), HasProperty(message, "utc"), null, payload);
        }
        else if (!TryJson(levels[4], message, payload, ref delivery, ref fault))
        {
            return false;
        }

        if (!string.Equals(Topics.DeviceText(delivery.Id.Device), levels[5], StringComparison.Ordinal)
            || !string.Equals(delivery.Id.Stream.ToString(System.Globalization.CultureInfo.InvariantCulture), levels[6], StringComparison.Ordinal))
        {
            fault = $"{message.Topic}: the payload is of {delivery.Id}";
            return false;
        }

        return true;
    }

    private static bool TryJson(string kind, in MqttMessage message, byte[] payload, ref Delivery delivery, ref string fault)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(payload);
            JsonElement root = document.RootElement;
            if (!ReadingId.TryParse(root.GetProperty("id").GetString(), out ReadingId id))
            {
                fault = $"{message.Topic}: no identity";
                return false;
            }

            JsonElement time = root.GetProperty("time");
            bool corrected = time.TryGetProperty("correctedFrom", out JsonElement from) && from.ValueKind != JsonValueKind.Null;
            bool hasUtc = time.TryGetProperty("utc", out JsonElement utc) && utc.ValueKind == JsonValueKind.String;
            LedgerGap? gap = kind is "gap" ? ReadGap(root) : null;
            delivery = new Delivery(id, kind, message.Duplicate, corrected, hasUtc, gap, payload);
            return true;
        }
        catch (Exception e) when (e is JsonException or System.Collections.Generic.KeyNotFoundException or InvalidOperationException or FormatException)
        {
            fault = $"{message.Topic}: {e.Message}";
            return false;
        }
    }

    private static LedgerGap ReadGap(JsonElement root)
    {
        JsonElement gap = root.GetProperty("lost");
        string device = gap.GetProperty("device").GetString() ?? string.Empty;
        ReadingId first = new(
            ulong.Parse(device, System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture),
            gap.GetProperty("boot").GetUInt32(),
            gap.GetProperty("stream").GetInt32(),
            gap.GetProperty("first").GetUInt32());
        return new LedgerGap(
            first,
            gap.GetProperty("last").GetUInt32(),
            gap.GetProperty("count").GetInt64(),
            gap.GetProperty("unit").GetString() is "samples",
            gap.GetProperty("atLeast").GetBoolean(),
            root.GetProperty("cause").GetString() ?? string.Empty);
    }

    private static bool HasProperty(in MqttMessage message, string name)
    {
        if (message.Properties is not null)
        {
            foreach ((string key, _) in message.Properties.UserProperties)
            {
                if (string.Equals(key, name, StringComparison.Ordinal))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
