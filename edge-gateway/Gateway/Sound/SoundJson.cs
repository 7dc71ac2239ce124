using EdgeGateway.Gateway.Auscultation;

namespace EdgeGateway.Gateway.Sound;

/// <summary>Members of JSON that several messages about sound have in common.</summary>
internal static class SoundJson
{
    /// <summary>
    /// <c>"verdict":"…","quality":n,"heartRate":n|null,"marks":[[ms,"S1"],…]</c>: a word on the recording, none on the patient. Marks are in ms from the
    /// beginning of what was analysed.
    /// </summary>
    public static void Verdict(JsonText json, AuscultationResult? result)
    {
        if (result is null)
        {
            json.Raw("\"verdict\":null,\"quality\":null,\"heartRate\":null,\"marksFromUs\":null,\"marks\":[]");
            return;
        }

        json.Raw("\"verdict\":").String(Word(result.Verdict)).Raw(",\"quality\":").Number(result.Quality).Raw(",\"heartRate\":");
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

        json.Raw("]");
    }

    /// <summary>The word for a verdict.</summary>
    public static string Word(RecordingVerdict verdict) => verdict switch
    {
        RecordingVerdict.Good => "good",
        RecordingVerdict.NoContact => "noContact",
        RecordingVerdict.Clipping => "clipping",
        RecordingVerdict.AmbientNoise => "ambientNoise",
        RecordingVerdict.NoRhythm => "noRhythm",
        RecordingVerdict.Rub => "rub",
        _ => "tooShort",
    };
}
