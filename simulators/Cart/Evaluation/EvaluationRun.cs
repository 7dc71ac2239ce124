using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using Firmware.Protocol;
using Firmware.Signals.Optical;
using Simulators.Cart.Gateway;
using Simulators.Cart.Ledger;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;
using Simulators.Patient;

namespace Simulators.Cart.Evaluation;

/// <summary>One number or absence as the session's subscriber received it.</summary>
/// <param name="Seconds">End of its window, s from the recording's start.</param>
/// <param name="Mdc">What it is, ISO/IEEE 11073-10101.</param>
/// <param name="Value">The number, or null.</param>
/// <param name="Absent">Why there is none, or null.</param>
/// <param name="Ratio">R of a saturation, or null.</param>
/// <param name="WindowSeconds">What it was made from, s.</param>
/// <param name="Flags">Words of doubt that came with it, with spaces between; null for none.</param>
public readonly record struct ReceivedVital(double Seconds, uint Mdc, double? Value, string? Absent, double? Ratio, double WindowSeconds, string? Flags = null);

/// <summary>All that the session's subscriber received of one recording.</summary>
/// <param name="Vitals">By time.</param>
/// <param name="BeatSeconds">Times of beats, s from the recording's start, ascending.</param>
public sealed record ReceivedRecord(IReadOnlyList<ReceivedVital> Vitals, IReadOnlyList<double> BeatSeconds);

/// <summary>Plays one recording through the whole way: simulated chip, driver, signal, pod, MQTT, gateway, the session's subscriber.</summary>
public static class EvaluationRun
{
    /// <summary>The session stays open this long after the recording, µs: a window's value may come 2 s after its end.</summary>
    public const long AfterUs = 2_500_000;

    /// <summary>Time after the session for what is under way to arrive, µs.</summary>
    public const long DrainUs = 4_000_000;

    /// <summary>Plays.</summary>
    /// <param name="record">What.</param>
    /// <param name="seed">Everything random comes from it.</param>
    /// <param name="minQuality">The pod's publishing threshold, 0 to 100; null as shipped.</param>
    /// <param name="curve">The calibration hook's curve; null as shipped.</param>
    /// <param name="light">Put between the recording and the sensor, or null.</param>
    /// <returns>What was received.</returns>
    public static ReceivedRecord Play(
        ReferenceRecord record, ulong seed, int? minQuality = null, SaturationCurve? curve = null, Func<IPatientLight, IPatientLight>? light = null)
    {
        record.Light.StartUs = PlayedRecording.BeginsUs;
        IPatientLight played = record.IsBackAndForth ? new BackAndForth(record.Light) : record.Light;
        played = record.Overlays.Aggregate(played, (under, overlay) => overlay(under));
        using SimulatedWorld world = new(Definition(record, light is null ? played : light(played), minQuality, curve), seed, traced: false);
        SortedDictionary<ReadingId, ReceivedVital> vitals = [];
        SortedDictionary<ReadingId, double> beats = [];
        world.Carts[0].Subscribers[0].Received += (in Delivery delivery) =>
        {
            if (delivery.Class is not ("vital" or "event"))
            {
                return;
            }

            // A reading that came again with a better time takes the place of the first.
            using JsonDocument document = JsonDocument.Parse(delivery.Payload);
            JsonElement root = document.RootElement;
            if (!TryTime(root, out double seconds))
            {
                return;
            }

            if (delivery.Class is "vital")
            {
                vitals[delivery.Id] = Vital(root, seconds);
            }
            else if (root.GetProperty("kind").ValueEquals("beat"))
            {
                beats[delivery.Id] = seconds;
            }
        };
        world.Run();
        List<ReceivedVital> ordered = [.. vitals.Values];
        ordered.Sort((a, b) => a.Seconds != b.Seconds ? a.Seconds.CompareTo(b.Seconds) : a.Mdc.CompareTo(b.Mdc));
        List<double> times = [.. beats.Values];
        times.Sort();
        return new ReceivedRecord(ordered, times);
    }

    private static ScenarioDefinition Definition(ReferenceRecord record, IPatientLight light, int? minQuality, SaturationCurve? curve)
    {
        long closeUs = PlayedRecording.BeginsUs + record.PlayUs + AfterUs;
        return new ScenarioDefinition
        {
            Name = "evaluate",
            Summary = record.Name,
            DurationUs = closeUs + DrainUs,
            Carts =
            [
                new CartDefinition
                {
                    Id = "cart-a",
                    Pods =
                    [
                        new PodDefinition
                        {
                            Id = "bedside",
                            DeviceId = 0x02a1b2fffe0000f1,
                            DriftPpb = 8000,
                            Chips = [PodPart.Max30102],
                            PluggedAtStart = [PodPart.Max30102],
                            Light = light,
                            MinPulseQuality = minQuality,
                            Curve = curve,
                        },
                    ],
                    Sessions = [new SessionDefinition("S1", 1_000_000, closeUs)],
                    Subscribers = [new SubscriberDefinition { Id = "doctor", Session = "S1" }],
                },
            ],
            Expect = new Expectations { MinDelivered = 0 },
        };
    }

    private static ReceivedVital Vital(JsonElement root, double seconds)
    {
        JsonElement value = root.GetProperty("value");
        return new ReceivedVital(
            seconds,
            root.GetProperty("code").GetProperty("mdc").GetUInt32(),
            value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null,
            root.GetProperty("absent").GetString(),
            root.TryGetProperty("ratio", out JsonElement ratio) ? ratio.GetDouble() : null,
            root.GetProperty("window").GetProperty("ms").GetDouble() / 1000,
            ConfidentlyWrong.Flags(root));
    }

    private static bool TryTime(JsonElement root, out double seconds)
    {
        seconds = 0;
        if (!root.TryGetProperty("time", out JsonElement time) || time.GetProperty("utc").GetString() is not string text)
        {
            return false;
        }

        DateTimeOffset utc = DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind);
        long us = (utc.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / 10;
        seconds = (us - SimulatedGateway.WorldBeginsUtcUs - PlayedRecording.BeginsUs) / 1e6;
        return true;
    }
}
