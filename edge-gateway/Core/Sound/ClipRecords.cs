using System;
using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Sound;

/// <summary>
/// A clip was asked for: <c>0 u32 session | 4 u16 number | 6 stream key (14 bytes) | 20 i64 first device µs | 28 i64 end device µs | 36 i64 from index |
/// 44 moment (24 bytes) | 68 u8 site | 69 u8 posture | 70 u8 mode | 71 u8 length | 72 by (ASCII)</c>. Its sound is the frames of the stream from journal index
/// "from index" on whose samples lie in the span.
/// </summary>
/// <param name="Session">The session's number.</param>
/// <param name="Number">The clip's number in the session, from 1.</param>
/// <param name="Key">The stream.</param>
/// <param name="FirstUs">Its first sample, µs since the device's boot.</param>
/// <param name="EndUs">Where it ends, µs since the device's boot, not included.</param>
/// <param name="FromIndex">Journal index of its first frame, or one before it.</param>
/// <param name="At">When the button was pressed.</param>
/// <param name="Site">Where the stethoscope sat.</param>
/// <param name="Posture">How the patient was placed.</param>
/// <param name="Mode">With which filter it was listened to.</param>
/// <param name="By">Who confirmed the site: an opaque token, or empty.</param>
public sealed record ClipRecord(
    uint Session,
    int Number,
    StreamKey Key,
    long FirstUs,
    long EndUs,
    long FromIndex,
    GatewayMoment At,
    AuscultationSite Site,
    PatientPosture Posture,
    ListeningMode Mode,
    string By)
{
    /// <summary>The clip's name in topics and addresses: "c" and its number.</summary>
    public string Id => "c" + Invariant.Text(Number);

    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode()
    {
        ByteWriter writer = new(96);
        writer.U32(Session).U16(Number).Key(Key).I64(FirstUs).I64(EndUs).I64(FromIndex);
        At.Write(writer);
        return writer.U8((int)Site).U8((int)Posture).U8((int)Mode).Text(By).ToArray();
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <returns>What it says, or null when it is not understood.</returns>
    public static ClipRecord? Decode(ReadOnlySpan<byte> payload)
    {
        ByteReader reader = new(payload);
        uint session = reader.U32();
        int number = reader.U16();
        StreamKey key = reader.Key();
        long first = reader.I64();
        long end = reader.I64();
        long from = reader.I64();
        GatewayMoment at = GatewayMoment.Read(ref reader);
        AuscultationSite site = (AuscultationSite)reader.U8();
        PatientPosture posture = (PatientPosture)reader.U8();
        ListeningMode mode = (ListeningMode)reader.U8();
        string by = reader.Text();
        return reader.Failed ? null : new ClipRecord(session, number, key, first, end, from, at, site, posture, mode, by);
    }
}

/// <summary>A doctor's word on a clip: <c>0 u32 session | 4 u16 number | 6 u8 usable | 7 moment (24 bytes) | 31 u8 length | 32 by (ASCII)</c>. The newest counts.</summary>
/// <param name="Session">The session's number.</param>
/// <param name="Number">The clip's number.</param>
/// <param name="IsUsable">True for usable.</param>
/// <param name="At">When it was taken in.</param>
/// <param name="By">Who said it: an opaque token, or empty.</param>
public sealed record ClipMarkRecord(uint Session, int Number, bool IsUsable, GatewayMoment At, string By)
{
    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode()
    {
        ByteWriter writer = new(64);
        writer.U32(Session).U16(Number).U8(IsUsable ? 1 : 0);
        At.Write(writer);
        return writer.Text(By).ToArray();
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <returns>What it says, or null when it is not understood.</returns>
    public static ClipMarkRecord? Decode(ReadOnlySpan<byte> payload)
    {
        ByteReader reader = new(payload);
        uint session = reader.U32();
        int number = reader.U16();
        bool usable = reader.U8() != 0;
        GatewayMoment at = GatewayMoment.Read(ref reader);
        string by = reader.Text();
        return reader.Failed ? null : new ClipMarkRecord(session, number, usable, at, by);
    }
}

/// <summary>The clips of all sessions that are remembered, made of the journal's records alone.</summary>
public sealed class ClipProjection : IJournalProjection
{
    /// <summary>Most clips of one session; a further one is refused.</summary>
    public const int MaxPerSession = 99;

    /// <summary>Most clips remembered; the oldest session's go first.</summary>
    public const int MaxClips = 2048;

    private readonly SortedDictionary<(uint Session, int Number), ClipRecord> _clips = [];
    private readonly SortedDictionary<(uint Session, int Number), ClipMarkRecord> _marks = [];

    /// <inheritdoc/>
    public string Name => "clips";

    /// <summary>All clips, by session and number.</summary>
    public IReadOnlyCollection<ClipRecord> All => _clips.Values;

    /// <summary>One clip.</summary>
    /// <param name="session">The session's number.</param>
    /// <param name="number">The clip's number.</param>
    /// <returns>The clip, or null.</returns>
    public ClipRecord? Find(uint session, int number) => _clips.GetValueOrDefault((session, number));

    /// <summary>The newest word on a clip.</summary>
    /// <param name="session">The session's number.</param>
    /// <param name="number">The clip's number.</param>
    /// <returns>The mark, or null for none.</returns>
    public ClipMarkRecord? Mark(uint session, int number) => _marks.GetValueOrDefault((session, number));

    /// <summary>The clips of one session, in order.</summary>
    /// <param name="session">The session's number.</param>
    /// <returns>A new list.</returns>
    public IReadOnlyList<ClipRecord> Of(uint session)
    {
        List<ClipRecord> clips = [];
        foreach (ClipRecord clip in _clips.Values)
        {
            if (clip.Session == session)
            {
                clips.Add(clip);
            }
        }

        return clips;
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _clips.Clear();
        _marks.Clear();
    }

    /// <inheritdoc/>
    public void Apply(in JournalRecord record)
    {
        switch ((JournalRecordType)record.Type)
        {
            case JournalRecordType.Clip when ClipRecord.Decode(record.Payload.Span) is { } clip:
                Add(clip);
                break;
            case JournalRecordType.ClipMark when ClipMarkRecord.Decode(record.Payload.Span) is { } mark && _clips.ContainsKey((mark.Session, mark.Number)):
                _marks[(mark.Session, mark.Number)] = mark;
                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        ByteWriter writer = new(1024);
        writer.U8(1).U32((uint)_clips.Count);
        foreach (ClipRecord clip in _clips.Values)
        {
            byte[] payload = clip.Encode();
            writer.U16(payload.Length).Bytes(payload);
        }

        writer.U32((uint)_marks.Count);
        foreach (ClipMarkRecord mark in _marks.Values)
        {
            byte[] payload = mark.Encode();
            writer.U16(payload.Length).Bytes(payload);
        }

        return writer.ToArray();
    }

    /// <inheritdoc/>
    public bool TryLoad(ReadOnlySpan<byte> state)
    {
        Reset();
        ByteReader reader = new(state);
        if (reader.U8() != 1)
        {
            return false;
        }

        uint clips = reader.U32();
        for (uint i = 0; i < clips && !reader.Failed; i++)
        {
            if (ClipRecord.Decode(reader.Take(reader.U16())) is not { } clip)
            {
                return false;
            }

            Add(clip);
        }

        uint marks = reader.U32();
        for (uint i = 0; i < marks && !reader.Failed; i++)
        {
            if (ClipMarkRecord.Decode(reader.Take(reader.U16())) is not { } mark)
            {
                return false;
            }

            _marks[(mark.Session, mark.Number)] = mark;
        }

        return reader.AtEnd;
    }

    private void Add(ClipRecord clip)
    {
        if (_clips.Count >= MaxClips)
        {
            (uint Session, int Number) oldest = default;
            foreach ((uint Session, int Number) key in _clips.Keys)
            {
                oldest = key;
                break;
            }

            _clips.Remove(oldest);
            _marks.Remove(oldest);
        }

        _clips[(clip.Session, clip.Number)] = clip;
    }
}
