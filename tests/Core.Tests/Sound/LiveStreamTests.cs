using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sound;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Sound;

/// <summary>One stethoscope that is listened to: chunks, their heads, what is summed up over them, and who reports.</summary>
[TestClass]
public sealed class LiveStreamTests
{
    private const int RateHz = 8000;
    private const uint Boot = 7;

    private readonly LiveStream _stream = new(new StreamKey(Rig.PodA, Boot, Streams.Sound));
    private uint _sequence;
    private long _nextUs = 5_000_000;

    [TestMethod]
    public void A_chunk_is_whole_when_its_steps_time_is_there()
    {
        Assert.IsFalse(_stream.HasChunk);
        Add(799);
        Assert.IsFalse(_stream.HasChunk);
        Add(1);
        Assert.IsTrue(_stream.HasChunk);
        Assert.AreEqual(100, LiveStream.ChunkMs(ListeningStep.Full));
        Assert.AreEqual(300, LiveStream.ChunkMs(ListeningStep.LongChunks));
        Assert.AreEqual(200, LiveStream.ChunkMs(ListeningStep.HeartMode));
        Assert.AreEqual(200, LiveStream.ChunkMs(ListeningStep.RhythmOnly));
        Assert.AreEqual(0, _stream.Take(ListeningStep.ClipsOnly, 1).Length);
        Assert.IsFalse(_stream.HasChunk);
    }

    [TestMethod]
    public void What_the_newest_frame_said_is_known_beside_the_chunk()
    {
        Add(800, level: 300, peak: 900, clipped: 4, nowUs: 77);
        Assert.AreEqual(RateHz, _stream.RateHz);
        Assert.AreEqual(1u, _stream.LastSequence);
        Assert.AreEqual(5_100_000, _stream.EndUs);
        Assert.AreEqual(77, _stream.LastReceivedUs);
        Assert.AreEqual((300, 900, 4), (_stream.Level, _stream.Peak, _stream.Clipped));
        Assert.AreEqual(0u, _stream.Number);
        Add(400, level: 100, peak: 200, clipped: 1, nowUs: 99);
        Assert.AreEqual(5_150_000, _stream.EndUs);
        Assert.AreEqual((100, 200, 1), (_stream.Level, _stream.Peak, _stream.Clipped));
        Assert.AreEqual((2u, 99), (_stream.LastSequence, (int)_stream.LastReceivedUs));
    }

    [TestMethod]
    public void A_full_chunk_has_every_sample_its_own_number_and_time_and_the_sums_of_its_frames()
    {
        Add(400, level: 300, peak: 900, clipped: 4);
        Add(400, level: 400, peak: 500, clipped: 2);
        byte[] chunk = _stream.Take(ListeningStep.Full, 1).ToArray();
        Assert.AreEqual((1u, 5_000_000L), Head(chunk));
        Assert.AreEqual(1u, _stream.Number);
        Assert.AreEqual(ListeningStep.Full, LiveChunk.Step(chunk));
        Assert.AreEqual(Boot, BinaryPrimitives.ReadUInt32LittleEndian(chunk.AsSpan(16)));
        int body = LiveChunk.HeadLength;
        Assert.HasCount(body + SoundBody.SamplesOffset + 1600, chunk);
        Assert.AreEqual(RateHz, SoundBody.SampleRateHz(chunk, body));
        Assert.AreEqual(SoundCodec.Pcm16, SoundBody.Codec(chunk, body));
        Assert.AreEqual(800, SoundBody.Count(chunk, body));
        Assert.AreEqual(353, SoundBody.Level(chunk, body)); // the root of the mean square of 300 and 400
        Assert.AreEqual(900, SoundBody.Peak(chunk, body));
        Assert.AreEqual(6, SoundBody.Clipped(chunk, body));
        CollectionAssert.AreEqual(Enumerable.Range(0, 800).Select(i => SoundRig.Sample(i)).ToArray(), Samples(chunk));

        // Nothing of it is in the next one.
        Assert.AreEqual(0, _stream.Take(ListeningStep.Full, 2).Length);
        Add(800, level: 10, peak: 20, clipped: 0);
        byte[] second = _stream.Take(ListeningStep.Full, 3).ToArray();
        Assert.AreEqual((2u, 5_100_000L), Head(second));
        Assert.AreEqual((10, 20, 0), (SoundBody.Level(second, body), SoundBody.Peak(second, body), SoundBody.Clipped(second, body)));
        CollectionAssert.AreEqual(Enumerable.Range(800, 800).Select(i => SoundRig.Sample(i)).ToArray(), Samples(second));
    }

    [TestMethod]
    public void What_a_step_sends_nothing_of_is_gone_and_takes_no_number()
    {
        Add(800, level: 30_000, peak: 32_000, clipped: 9);
        Assert.AreEqual(0, _stream.Take(ListeningStep.ClipsOnly, 1).Length);
        Assert.AreEqual(0u, _stream.Number);
        Add(800, level: 5, peak: 6, clipped: 1);
        byte[] chunk = _stream.Take(ListeningStep.Full, 1).ToArray();
        Assert.AreEqual((1u, 5_100_000L), Head(chunk));
        Assert.AreEqual((5, 6, 1), (SoundBody.Level(chunk, LiveChunk.HeadLength), SoundBody.Peak(chunk, LiveChunk.HeadLength), SoundBody.Clipped(chunk, LiveChunk.HeadLength)));
    }

    [TestMethod]
    public void Sums_stay_within_their_fields()
    {
        Add(800, level: 65_535, peak: 65_535, clipped: 65_000);
        Add(800, level: 65_535, peak: 65_535, clipped: 65_000);
        byte[] chunk = _stream.Take(ListeningStep.Full, 1).ToArray();
        Assert.AreEqual((32_768, 65_535, 65_535), (SoundBody.Level(chunk, LiveChunk.HeadLength), SoundBody.Peak(chunk, LiveChunk.HeadLength), SoundBody.Clipped(chunk, LiveChunk.HeadLength)));
    }

    [TestMethod]
    public void From_the_heart_mode_on_the_rate_is_halved_and_the_filters_delay_is_taken_off()
    {
        Add(1600);
        byte[] chunk = _stream.Take(ListeningStep.HeartMode, 1).ToArray();
        int body = LiveChunk.HeadLength;
        short[] halved = new short[801];
        int made = new Decimator().Process([.. Enumerable.Range(0, 1600).Select(i => SoundRig.Sample(i))], halved);
        Assert.AreEqual(800, made);
        Assert.AreEqual((1u, 5_000_000L - (Decimator.DelaySamples * 1_000_000L / RateHz)), Head(chunk));
        Assert.AreEqual(4000, SoundBody.SampleRateHz(chunk, body));
        Assert.AreEqual(SoundCodec.Pcm16, SoundBody.Codec(chunk, body));
        Assert.AreEqual(800, SoundBody.Count(chunk, body));
        CollectionAssert.AreEqual(halved[..800], Samples(chunk));
    }

    [TestMethod]
    public void For_the_rhythm_alone_it_is_packed_too()
    {
        Add(1601);
        byte[] chunk = _stream.Take(ListeningStep.RhythmOnly, 1).ToArray();
        int body = LiveChunk.HeadLength;
        Assert.AreEqual(SoundCodec.ImaAdpcm, SoundBody.Codec(chunk, body));
        Assert.AreEqual(4000, SoundBody.SampleRateHz(chunk, body));
        short[] halved = new short[801];
        int made = new Decimator().Process([.. Enumerable.Range(0, 1601).Select(i => SoundRig.Sample(i))], halved);
        Assert.AreEqual(made, SoundBody.Count(chunk, body));
        byte[] packed = new byte[ImaAdpcm.ChunkLength(made)];
        ImaAdpcm.EncodeChunk(halved.AsSpan(0, made), packed);
        CollectionAssert.AreEqual(packed, chunk[(body + SoundBody.SamplesOffset)..]);
    }

    [TestMethod]
    public void Another_rate_is_not_halved()
    {
        Add(800, rateHz: 4000);
        byte[] chunk = _stream.Take(ListeningStep.HeartMode, 1).ToArray();
        Assert.AreEqual(4000, SoundBody.SampleRateHz(chunk, LiveChunk.HeadLength));
        Assert.AreEqual(800, SoundBody.Count(chunk, LiveChunk.HeadLength));
        Assert.AreEqual((1u, 5_000_000L), Head(chunk));
        Assert.AreEqual(5_200_000, _stream.EndUs);
    }

    [TestMethod]
    public void The_filter_goes_on_over_chunks_and_begins_anew_behind_a_break()
    {
        short[] samples = [.. Enumerable.Range(0, 3200).Select(i => SoundRig.Sample(i))];
        short[] whole = new short[1600];
        new Decimator().Process(samples, whole);
        Add(1600);
        CollectionAssert.AreEqual(whole[..800], Samples(_stream.Take(ListeningStep.HeartMode, 1).ToArray()));
        Add(1600);
        CollectionAssert.AreEqual(whole[800..], Samples(_stream.Take(ListeningStep.HeartMode, 2).ToArray()));
        _stream.Break();
        short[] anew = new short[800];
        new Decimator().Process([.. Enumerable.Range(3200, 1600).Select(i => SoundRig.Sample(i))], anew);
        Add(1600);
        CollectionAssert.AreEqual(anew, Samples(_stream.Take(ListeningStep.HeartMode, 3).ToArray()));
    }

    [TestMethod]
    public void The_analysis_says_what_it_has_heard_until_a_break_or_another_rate()
    {
        short[] sound = new Auscultation.Synthetic(4000, 12).Heart(_ => 72).Samples();
        int frames = (int)(LiveAuscultation.FirstSeconds * 10);
        Assert.AreEqual(frames, FramesToVerdict(sound), "as soon as there is enough");
        AuscultationResult verdict = _stream.Verdict!;
        Assert.AreEqual(72, verdict.HeartRatePerMinute!.Value, 3);
        Assert.AreEqual(5_000_000, verdict.FirstUs);
        _stream.Break();
        Assert.IsNull(_stream.Verdict);
        long againUs = _nextUs;
        Assert.AreEqual(frames, FramesToVerdict(sound), "nothing from before the break");
        Assert.AreEqual(againUs, _stream.Verdict!.FirstUs);
    }

    [TestMethod]
    public void What_is_listened_to_decides_how_it_is_judged()
    {
        short[] noise = new Auscultation.Synthetic(4000, 12).Noise(3000).Samples();
        FramesToVerdict(noise, AuscultationTarget.Heart);
        RecordingVerdict heart = _stream.Verdict!.Verdict;
        _stream.Break();
        FramesToVerdict(noise, AuscultationTarget.Lung);
        Assert.AreNotEqual(heart, _stream.Verdict!.Verdict);
    }

    [TestMethod]
    public void Chunks_may_grow_and_silence_has_no_peak()
    {
        Add(1600);
        _stream.Take(ListeningStep.HeartMode, 1);
        Add(1604, level: 0, peak: 0);
        byte[] chunk = _stream.Take(ListeningStep.HeartMode, 2).ToArray();
        Assert.AreEqual(802, SoundBody.Count(chunk, LiveChunk.HeadLength));
        Assert.AreEqual((0, 0, 0), (SoundBody.Level(chunk, LiveChunk.HeadLength), SoundBody.Peak(chunk, LiveChunk.HeadLength), SoundBody.Clipped(chunk, LiveChunk.HeadLength)));
    }

    private int FramesToVerdict(short[] sound, AuscultationTarget target = AuscultationTarget.Heart)
    {
        int frames = 0;
        while (_stream.Verdict is null)
        {
            Add(sound.AsSpan(frames++ * 400, 400), 4000, target);
        }

        return frames;
    }

    [TestMethod]
    public void Of_a_first_report_the_delay_counts_and_the_loss_does_not()
    {
        Chunks(10, everyUs: 100_000);
        Assert.IsTrue(_stream.TryReport("a", 10, 5, 1_200_000, out ListeningReport worst));
        Assert.AreEqual(new ListeningReport(0, 0), worst);
        Assert.IsTrue(_stream.TryReport("b", 7, 0, 1_200_000, out worst));

        // Chunk 8 was made at 800 ms; the newest that this listener has is 7.
        Assert.AreEqual(new ListeningReport(400, 0), worst);
    }

    [TestMethod]
    public void The_loss_is_counted_between_reports_and_the_worst_of_all_listeners_is_told()
    {
        Chunks(10, everyUs: 100_000);
        Assert.IsTrue(_stream.TryReport("a", 2, 1, 1_000_000, out _));
        Assert.IsTrue(_stream.TryReport("a", 10, 3, 1_000_000, out ListeningReport worst));
        Assert.AreEqual(new ListeningReport(0, 250), worst);
        Assert.IsTrue(_stream.TryReport("b", 9, 0, 1_000_000, out worst));
        Assert.AreEqual(new ListeningReport(0, 250), worst);
        Assert.IsTrue(_stream.TryReport("b", 8, 0, 1_050_000, out worst));
        Assert.AreEqual(new ListeningReport(150, 250), worst);

        // Nothing new was made for it, and a loss that shrinks is none.
        Assert.IsTrue(_stream.TryReport("a", 10, 9, 1_000_000, out worst));
        Assert.AreEqual(new ListeningReport(150, 0), worst);
        Assert.IsTrue(_stream.TryReport("b", 10, 0, 1_000_000, out worst));
        Chunks(1, everyUs: 100_000);
        Assert.IsTrue(_stream.TryReport("a", 11, 2, 1_100_000, out worst));
        Assert.AreEqual(new ListeningReport(0, 0), worst);
        Chunks(1, everyUs: 100_000);
        Assert.IsTrue(_stream.TryReport("a", 12, 5, 1_200_000, out worst));
        Assert.AreEqual(1000, worst.LossPermille);
    }

    [TestMethod]
    public void A_report_of_what_was_never_made_or_of_less_than_nothing_is_not_taken()
    {
        Chunks(3, everyUs: 100_000);
        Assert.IsFalse(_stream.TryReport("a", 4, 0, 1_000_000, out ListeningReport worst));
        Assert.AreEqual(default, worst);
        Assert.IsFalse(_stream.TryReport("a", 3, -1, 1_000_000, out _));
        Assert.IsTrue(_stream.TryReport("a", 3, 0, 1_000_000, out _));
    }

    [TestMethod]
    public void Listeners_have_a_bound_and_one_that_is_silent_too_long_gives_its_place()
    {
        Chunks(1, everyUs: 1_000);
        for (int i = 0; i < LiveSound.MaxReporters; i++)
        {
            Assert.IsTrue(_stream.TryReport("l" + i, 0, 0, 1_000_000 + i, out _));
        }

        Assert.IsFalse(_stream.TryReport("further", 1, 0, 1_000_000 + LiveSound.ReportForgottenUs, out _));
        Assert.IsTrue(_stream.TryReport("l3", 1, 0, 1_000_000 + LiveSound.ReportForgottenUs, out _), "one of them goes on");
        Assert.IsTrue(_stream.TryReport("further", 1, 0, 1_000_001 + LiveSound.ReportForgottenUs, out ListeningReport worst), "the oldest is forgotten");
        Assert.AreEqual(999, worst.LagMs, "what the others said that hear nothing");
        Assert.IsFalse(_stream.TryReport("another", 1, 0, 1_000_001 + LiveSound.ReportForgottenUs, out _));

        // All of the silent ones at once; what they last said counts no longer.
        Assert.IsTrue(_stream.TryReport("another", 1, 0, 1_000_016 + LiveSound.ReportForgottenUs, out worst));
        Assert.AreEqual(0, worst.LagMs);
    }

    [TestMethod]
    public void A_listener_so_far_behind_that_nobody_remembers_when_is_behind_without_end()
    {
        Chunks(300, everyUs: 1_000);
        Assert.IsTrue(_stream.TryReport("a", 1, 0, 301_000, out ListeningReport worst));
        Assert.AreEqual(299, worst.LagMs); // chunk 2 was made at 2 ms
        Assert.IsTrue(_stream.TryReport("a", 0, 0, 301_000, out worst));
        Assert.AreEqual(int.MaxValue, worst.LagMs);
        Assert.IsTrue(_stream.TryReport("a", 299, 0, 302_000, out worst));
        Assert.AreEqual(2, worst.LagMs);
    }

    private static (uint Number, long DeviceUs) Head(byte[] chunk) => (LiveChunk.Number(chunk), LiveChunk.DeviceUs(chunk));

    private static short[] Samples(byte[] chunk)
    {
        List<short> samples = [];
        for (int at = LiveChunk.HeadLength + SoundBody.SamplesOffset; at < chunk.Length; at += 2)
        {
            samples.Add(BinaryPrimitives.ReadInt16LittleEndian(chunk.AsSpan(at)));
        }

        return [.. samples];
    }

    /// <summary>Makes chunks, number n of them at n times the period.</summary>
    private void Chunks(int count, long everyUs)
    {
        for (int i = 0; i < count; i++)
        {
            Add(8);
            Assert.AreNotEqual(0, _stream.Take(ListeningStep.Full, (_stream.Number + 1) * everyUs).Length);
        }
    }

    private void Add(int count, int rateHz = RateHz, int level = 100, int peak = 200, int clipped = 0, long nowUs = 1)
    {
        long first = (_nextUs - 5_000_000) * rateHz / 1_000_000;
        Add([.. Enumerable.Range(0, count).Select(i => SoundRig.Sample(first + i))], rateHz, AuscultationTarget.Heart, level, peak, clipped, nowUs);
    }

    private void Add(ReadOnlySpan<short> samples, int rateHz, AuscultationTarget target, int level = 100, int peak = 200, int clipped = 0, long nowUs = 1)
    {
        byte[] body = new byte[SoundBody.SamplesOffset + (2 * samples.Length)];
        SoundBody.WriteHead(body, 0, rateHz, SoundCodec.Pcm16, samples.Length, level, peak, clipped);
        for (int i = 0; i < samples.Length; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(body.AsSpan(SoundBody.SamplesOffset + (2 * i)), samples[i]);
        }

        byte[] frame = Frames.Make(FrameKind.Sound, body, Rig.PodA, Boot, Streams.Sound, ++_sequence, _nextUs, 1);
        _stream.Add(frame, Frame.HeaderLength, FrameHead.Read(frame), rateHz, samples.Length, nowUs, target);
        _nextUs += samples.Length * 1_000_000L / rateHz;
    }
}
