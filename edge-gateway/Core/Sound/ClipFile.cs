using System;
using System.Buffers;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Json;
using Firmware.Protocol;

namespace EdgeGateway.Core.Sound;

/// <summary>A clip as a WAV file: the raw samples, and what must be known of them. What is missing is silence, and listed.</summary>
public static class ClipFile
{
    /// <summary>Makes the file.</summary>
    /// <param name="sound">The clip.</param>
    /// <param name="session">The session's name.</param>
    /// <returns>RIFF/WAVE, PCM, 16 bits, one channel.</returns>
    public static byte[] Wav(ClipSound sound, string session)
    {
        ArgumentNullException.ThrowIfNull(sound);
        ArgumentNullException.ThrowIfNull(session);
        ClipRecord clip = sound.Clip;
        ArrayBufferWriter<byte> about = new(512);
        using (Utf8JsonWriter json = new(about))
        {
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteString("session", session);
            json.WriteString("clip", clip.Id);
            json.WriteString("state", sound.State is ClipState.Complete ? "complete" : "incomplete");
            json.WriteString("device", Topics.DeviceText(clip.Key.DeviceId));
            json.WriteNumber("boot", clip.Key.BootId);
            json.WriteNumber("stream", clip.Key.Stream);
            json.WriteNumber("deviceUs", clip.FirstUs);
            json.WriteString("site", SoundWords.Of(clip.Site));
            json.WriteString("posture", SoundWords.Of(clip.Posture));
            json.WriteString("filter", SoundWords.Of(clip.Mode));
            json.WriteString("stored", "raw");
            json.WriteStartArray("missing");
            foreach (ClipGap gap in sound.Span.SequenceGaps)
            {
                json.WriteStartObject();
                json.WriteNumber("firstSample", gap.FirstSample);
                json.WriteNumber("count", gap.Count);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return WavFile.Write(sound.Samples, sound.Span.RateHz, new WavMetadata
        {
            Name = session + " " + clip.Id + " " + SoundWords.Of(clip.Site),
            Created = clip.At.HasUtc ? Rfc3339.Text(clip.At.UtcUs) : null,
            Software = "cart gateway",
            Comment = Encoding.UTF8.GetString(about.WrittenSpan),
        });
    }
}
