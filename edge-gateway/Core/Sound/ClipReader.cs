using System;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Sound;

/// <summary>Reads the frames of clips out of the journal.</summary>
/// <param name="journal">The journal.</param>
/// <param name="maxBytes">Most bytes of one read.</param>
internal sealed class ClipReader(JournalReader journal, int maxBytes)
{
    private const int SoundClass = 1 << (int)RecordClass.Sound;

    /// <summary>A reading as a frame of a clip.</summary>
    /// <returns>False when it is no sound that a clip is made of.</returns>
    public static bool TryFrame(in Reading reading, out ClipFrame frame, long index)
    {
        FrameHead head = reading.Head;
        frame = default;
        if (head is not { Version: Frame.Version, Kind: FrameKind.Sound, BodyLength: >= SoundBody.SamplesOffset })
        {
            return false;
        }

        int count = SoundBody.Count(reading.Bytes, reading.BodyOffset);
        if (SoundBody.Codec(reading.Bytes, reading.BodyOffset) != SoundCodec.Pcm16 || count == 0 || head.BodyLength != SoundBody.SamplesOffset + (2 * count)
            || SoundBody.SampleRateHz(reading.Bytes, reading.BodyOffset) == 0)
        {
            return false;
        }

        frame = new ClipFrame(head.Sequence, index, head.MonotonicUs, count);
        return true;
    }

    /// <summary>Reads the frames of a clip.</summary>
    /// <param name="clip">The clip.</param>
    /// <param name="fromIndex">Where to begin in the journal.</param>
    /// <param name="found">Sent each frame, with its body.</param>
    /// <param name="then">Called once at the end, with the sample rate, Hz; 0 when no frame was found.</param>
    /// <param name="rateHz">The rate as known before.</param>
    public void Scan(ClipRecord clip, long fromIndex, Action<ClipFrame, byte[]> found, Action<int> then, int rateHz = 0)
    {
        journal.Read(Math.Max(1, fromIndex), SoundClass, maxBytes, (records, next) =>
        {
            bool over = records.Count == 0 || next > journal.LastIndex;
            int rate = rateHz;
            foreach (JournalRecord record in records)
            {
                if (!Reading.TryRead(record, out Reading reading) || reading.Session != clip.Session || reading.Key != clip.Key
                    || !TryFrame(reading, out ClipFrame frame, record.Index))
                {
                    continue;
                }

                rate = SoundBody.SampleRateHz(reading.Bytes, reading.BodyOffset);
                if (frame.FirstUs >= clip.EndUs + Clips.LengthUs)
                {
                    // Frames that were late in coming stand behind: a whole clip's length of newer ones is enough to look through.
                    over = true;
                    break;
                }

                if (frame.FirstUs < clip.EndUs + Clips.SlackUs && frame.FirstUs > clip.FirstUs - Clips.SlackUs)
                {
                    found(frame, reading.Body.ToArray());
                }
            }

            if (over)
            {
                then(rate);
            }
            else
            {
                Scan(clip, next, found, then, rate);
            }
        });
    }
}
