using System;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Json;

namespace EdgeGateway.Core.Sound;

/// <summary>Members of JSON that several messages about sound have in common.</summary>
internal static class SoundJson
{
    /// <summary>
    /// <c>"verdict":"…","advice":"good|press|move|hush|hold","quality":n,"heartRate":n|null,"heartRateUncertainty":n|null,"marksFromUs":n,"marks":[[ms,"S1"],…],"s1Ms":[ms,…],"s2Ms":[ms,…]</c>:
    /// a word on the recording, none on the patient. Marks are in ms from the beginning of what was analysed, each where its sound begins.
    /// </summary>
    public static void Verdict(Utf8JsonWriter json, AuscultationResult? result)
    {
        IReadOnlyList<HeartSound> sounds = result?.Sounds ?? [];
        if (result is null)
        {
            json.WriteNull("verdict"u8);
            json.WriteNull("advice"u8);
            json.WriteNull("quality"u8);
            json.WriteNull("heartRate"u8);
            json.WriteNull("heartRateUncertainty"u8);
            json.WriteNull("marksFromUs"u8);
        }
        else
        {
            json.WriteString("verdict"u8, RecordingWords.Of(result.Verdict));
            json.WriteString("advice"u8, RecordingWords.Of(result.Advice));
            json.WriteNumber("quality"u8, result.Quality);
            Tenths(json, "heartRate"u8, result.HeartRatePerMinute);
            Tenths(json, "heartRateUncertainty"u8, result.RateUncertaintyPerMinute);
            json.WriteNumber("marksFromUs"u8, result.FirstUs);
        }

        json.WriteStartArray("marks"u8);
        foreach (HeartSound sound in sounds)
        {
            json.WriteStartArray();
            json.WriteNumberValue(Milliseconds(sound));
            json.WriteStringValue(sound.Kind == HeartSoundKind.S1 ? "S1"u8 : "S2"u8);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        Marks(json, "s1Ms"u8, sounds, HeartSoundKind.S1);
        Marks(json, "s2Ms"u8, sounds, HeartSoundKind.S2);
    }

    private static void Tenths(Utf8JsonWriter json, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } number)
        {
            json.WriteScaled(name, (long)Math.Round(number * 10), -1);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static void Marks(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<HeartSound> sounds, HeartSoundKind kind)
    {
        json.WriteStartArray(name);
        foreach (HeartSound sound in sounds)
        {
            if (sound.Kind == kind)
            {
                json.WriteNumberValue(Milliseconds(sound));
            }
        }

        json.WriteEndArray();
    }

    private static long Milliseconds(HeartSound sound) => (long)Math.Round(sound.Seconds * 1000);
}
