using System.Collections.Generic;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Json;

namespace EdgeGateway.Core.Sound;

/// <summary>Members of JSON that several messages about sound have in common.</summary>
internal static class SoundJson
{
    /// <summary>
    /// <c>"verdict":"…","advice":"good|press|move|hush|hold","quality":n,"heartRate":n|null,"marksFromUs":n,"marks":[[ms,"S1"],…],"s1Ms":[ms,…],"s2Ms":[ms,…]</c>:
    /// a word on the recording, none on the patient. Marks are in ms from the beginning of what was analysed, each where its sound begins.
    /// </summary>
    public static void Verdict(JsonText json, AuscultationResult? result)
    {
        if (result is null)
        {
            json.Raw("\"verdict\":null,\"advice\":null,\"quality\":null,\"heartRate\":null,\"marksFromUs\":null,\"marks\":[],\"s1Ms\":[],\"s2Ms\":[]");
            return;
        }

        json.Raw("\"verdict\":").String(RecordingWords.Of(result.Verdict)).Raw(",\"advice\":").String(RecordingWords.Of(result.Advice)).Raw(",\"quality\":").Number(result.Quality).Raw(",\"heartRate\":");
        if (result.HeartRatePerMinute is { } rate)
        {
            json.Scaled((long)System.Math.Round(rate * 10), -1);
        }
        else
        {
            json.Raw("null");
        }

        json.Raw(",\"marksFromUs\":").Number(result.FirstUs).Raw(",\"marks\":[");
        for (int i = 0; i < result.Sounds.Count; i++)
        {
            HeartSound sound = result.Sounds[i];
            json.Raw(i == 0 ? "[" : ",[").Number((long)System.Math.Round(sound.Seconds * 1000)).Raw(sound.Kind == HeartSoundKind.S1 ? ",\"S1\"]" : ",\"S2\"]");
        }

        json.Raw("],\"s1Ms\":");
        Marks(json, result.Sounds, HeartSoundKind.S1);
        json.Raw(",\"s2Ms\":");
        Marks(json, result.Sounds, HeartSoundKind.S2);
    }

    private static void Marks(JsonText json, IReadOnlyList<HeartSound> sounds, HeartSoundKind kind)
    {
        json.Raw("[");
        bool any = false;
        foreach (HeartSound sound in sounds)
        {
            if (sound.Kind == kind)
            {
                json.Raw(any ? "," : string.Empty).Number((long)System.Math.Round(sound.Seconds * 1000));
                any = true;
            }
        }

        json.Raw("]");
    }
}
