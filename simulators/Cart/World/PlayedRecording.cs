using Firmware.Protocol;
using Simulators.Cart.Scenario;
using Simulators.Patient;

namespace Simulators.Cart.World;

/// <summary>The scenario of playing one recording: one cart, one oximeter, one consultation that holds the whole recording.</summary>
public static class PlayedRecording
{
    /// <summary>Readings declared lost when a finger comes: two changes of the LED current, two lights.</summary>
    public const int FingerGapReadings = 4;

    /// <summary>When the recording begins, µs: the consultation is open by then.</summary>
    public const long BeginsUs = 4_000_000;

    /// <summary>Time after the recording for what is under way to arrive, µs.</summary>
    public const long DrainUs = 4_000_000;

    /// <summary>Makes the scenario.</summary>
    /// <param name="path">The recording.</param>
    /// <param name="timeUnit">How its time column is to be read.</param>
    /// <returns>The scenario.</returns>
    /// <exception cref="RecordingException">It cannot be played.</exception>
    public static ScenarioDefinition Definition(string path, RecordedTimeUnit timeUnit = RecordedTimeUnit.Unstated)
    {
        RecordedLight light = RecordedLight.Load(path, timeUnit);
        light.StartUs = BeginsUs;
        long endUs = BeginsUs + light.DurationUs;
        return new ScenarioDefinition
        {
            Name = "play",
            Summary = $"the recording {light.Name}, {light.Count} samples, through the oximeter's optical door",
            DurationUs = endUs + DrainUs,
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
                            FingerOnUs = BeginsUs,
                        },
                    ],
                    Sessions = [new SessionDefinition("S1", 1_000_000, endUs)],
                    Subscribers = [new SubscriberDefinition { Id = "doctor", Session = "S1" }],
                },
            ],

            // Two chunks a second is less than any setting of the chip makes; none of the recording may be late by more than the drain.
            // The light first comes on like a finger: two changes of the LED current, each with a gap in either light.
            Expect = new Expectations { MinDelivered = light.DurationUs / 1_000_000, MaxGapReadings = FingerGapReadings },
        };
    }
}
