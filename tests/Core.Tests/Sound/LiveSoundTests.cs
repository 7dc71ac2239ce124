using System;
using System.Buffers.Binary;
using System.Linq;
using System.Text;
using EdgeGateway.Core.Sound;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Sound;

/// <summary>The live way of sound through the gateway.</summary>
[TestClass]
public sealed class LiveSoundTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void What_a_pod_sends_reaches_the_listener_at_once_numbered_and_whole(bool external)
    {
        SoundRig sound = new(external: external);
        sound.Rig.Require(() => sound.Doctor.Client.IsConnected, "doctor");
        sound.Rig.Run(50_000);
        for (int i = 0; i < 5; i++)
        {
            sound.Send(durable: false);
            long sentUs = sound.Rig.NowUs;
            sound.Rig.Require(() => sound.Live().Count() == i + 1, "chunk");
            Assert.AreEqual(sentUs, sound.Rig.NowUs, "the live copy waited for something");
            sound.Rig.Run(SoundRig.FrameUs);
        }

        Arrived[] live = sound.Live().ToArray();
        for (int i = 0; i < live.Length; i++)
        {
            byte[] chunk = live[i].Payload;
            Assert.AreEqual(LiveChunk.ContentType, live[i].ContentType);
            Assert.AreEqual(LiveChunk.Version, chunk[0]);
            Assert.AreEqual(ListeningStep.Full, LiveChunk.Step(chunk));
            Assert.AreEqual((uint)i + 1, LiveChunk.Number(chunk));
            Assert.AreEqual(SoundRig.FrameSamples, SoundBody.Count(chunk, LiveChunk.HeadLength));
            for (int s = 0; s < SoundRig.FrameSamples; s++)
            {
                Assert.AreEqual(
                    SoundRig.Sample((i * 800) + s),
                    BinaryPrimitives.ReadInt16LittleEndian(chunk.AsSpan(LiveChunk.HeadLength + SoundBody.SamplesOffset + (2 * s))));
            }
        }
    }

    [TestMethod]
    public void Nothing_of_another_epoch_of_no_epoch_or_damaged_is_heard()
    {
        SoundRig sound = new();
        sound.Send(durable: false, epoch: sound.Epoch + 1);
        sound.Send(durable: false, epoch: 0);
        byte[] damaged = SoundRig.Frame(9, sound.Rig.PodUs, sound.Epoch, 0);
        damaged[60] ^= 1;
        sound.SendLive(damaged);
        sound.SendLive(Frames.Wave(Rig.PodA, 1, 32, 1, sound.Rig.PodUs, sound.Epoch));
        sound.SendLive([]);
        sound.Rig.Run(500_000);
        Assert.AreEqual(0, sound.Live().Count());
        Assert.AreEqual(5, sound.Rig.Core.Snapshot().LiveSound.Refused);
    }

    [TestMethod]
    public void Sound_of_a_closed_session_reaches_nobody_and_the_next_session_hears_its_own_only()
    {
        SoundRig sound = new();
        sound.Play(3);
        uint before = sound.Epoch;
        sound.Rig.CloseSession("S1");
        sound.Send(durable: false, epoch: before);
        sound.Rig.Run(200_000);
        sound.NewSession("S2");
        sound.Send(durable: false, epoch: before);
        sound.Send(durable: false);
        sound.Rig.Run(200_000);
        Assert.AreEqual(3, sound.Live().Count());
        Arrived other = sound.Doctor.Received.Single(a => a.Topic == "cart/C1/session/S2/live/02aabbfffe0000a1/64");
        Assert.AreEqual(1u, LiveChunk.Number(other.Payload));
    }

    [TestMethod]
    public void A_simulated_pod_is_not_heard_where_patients_are_served()
    {
        SoundRig sound = new();
        Rig production = new(7, o => o with { Production = true });
        TestClient pod = production.Pod(Rig.PodA);
        uint epoch = production.OpenSession("S1");
        production.Require(() => pod.Client.IsConnected, "pod");
        byte[] frame = SoundRig.Frame(1, production.PodUs, epoch, 0, FrameFlags.Simulated);
        pod.Client.TryPublish(new EdgeGateway.Mqtt.MqttMessage { Topic = Topics.LiveSound(Rig.PodA), Payload = frame }, 0, production.NowUs);
        production.Run(100_000);
        Assert.AreEqual(1, production.Core.Snapshot().LiveSound.Refused);
        Assert.AreEqual(0, sound.Rig.Core.Snapshot().LiveSound.Refused);
    }

    [TestMethod]
    public void Late_and_repeated_frames_are_dropped_and_counted_and_a_hole_begins_a_new_chunk()
    {
        SoundRig sound = new();
        byte[] first = sound.Send(durable: false);
        sound.SendLive(first);
        byte[] third = SoundRig.Frame(3, sound.Rig.PodUs, sound.Epoch, 1600);
        byte[] second = SoundRig.Frame(2, sound.Rig.PodUs - SoundRig.FrameUs, sound.Epoch, 800);
        sound.SendLive(third);
        sound.SendLive(second);
        sound.Rig.Run(50_000);
        LiveSoundCounts counts = sound.Rig.Core.Snapshot().LiveSound;
        Assert.AreEqual(2, counts.Late);
        Assert.AreEqual(1, counts.SequenceGaps);
        CollectionAssert.AreEqual(new uint[] { 1, 2 }, sound.Live().Select(a => LiveChunk.Number(a.Payload)).ToArray());
    }

    [TestMethod]
    public void A_listener_who_falls_behind_is_given_less_and_more_again_when_it_keeps_up()
    {
        SoundRig sound = new();
        sound.Play(5);
        uint behind = sound.Live().Select(a => LiveChunk.Number(a.Payload)).Max();
        ListeningStep[] seen = Run(sound, 200, () => behind);
        CollectionAssert.AreEqual(
            new[] { ListeningStep.Full, ListeningStep.LongChunks, ListeningStep.HeartMode, ListeningStep.RhythmOnly }, seen.Distinct().ToArray());

        // It catches up: every step comes back by itself.
        Run(sound, 800, () => sound.Live().Select(a => LiveChunk.Number(a.Payload)).Max());
        Assert.AreEqual(ListeningStep.Full, LiveChunk.Step(sound.Live().Last().Payload));
        StringAssert.Contains(sound.Rig.LogText(), "G2340");
        StringAssert.Contains(sound.Rig.LogText(), "G2341");
        StringAssert.Contains(sound.Newest("cart/C1/session/S1/live/02aabbfffe0000a1/64/status")!.Text, "\"step\":\"full\"");
    }

    [TestMethod]
    public void The_reduced_chunks_have_the_rate_and_codec_that_they_say()
    {
        SoundRig sound = new();
        sound.Play(5);
        Run(sound, 200, () => 1);
        foreach (Arrived chunk in sound.Live())
        {
            ListeningStep step = LiveChunk.Step(chunk.Payload);
            int rate = SoundBody.SampleRateHz(chunk.Payload, LiveChunk.HeadLength);
            int count = SoundBody.Count(chunk.Payload, LiveChunk.HeadLength);
            SoundCodec codec = SoundBody.Codec(chunk.Payload, LiveChunk.HeadLength);
            int bytes = chunk.Payload.Length - LiveChunk.HeadLength - SoundBody.SamplesOffset;
            Assert.AreEqual(step >= ListeningStep.HeartMode ? 4000 : 8000, rate);
            Assert.AreEqual(step == ListeningStep.RhythmOnly ? SoundCodec.ImaAdpcm : SoundCodec.Pcm16, codec);
            Assert.AreEqual(step == ListeningStep.RhythmOnly ? 4 + ((count + 1) / 2) : 2 * count, bytes);
        }
    }

    [TestMethod]
    public void A_report_of_chunks_that_were_never_made_or_from_another_session_is_not_heard()
    {
        SoundRig sound = new();
        sound.Play(5);
        for (int i = 0; i < 60; i++)
        {
            sound.Tell("listening", """{"v":1,"consumer":"dr","device":"02aabbfffe0000a1","stream":64,"number":4000000,"lost":0}""");
            sound.Doctor.Publish(
                "cart/C1/session/S9/listening", Encoding.UTF8.GetBytes("""{"v":1,"consumer":"dr","device":"02aabbfffe0000a1","stream":64,"number":1,"lost":900}"""));
            sound.Play(1);
        }

        Assert.AreEqual(ListeningStep.Full, LiveChunk.Step(sound.Live().Last().Payload));
    }

    // Sound goes on, and once a second the listener says how far it is.
    private static ListeningStep[] Run(SoundRig sound, int frames, Func<uint> number)
    {
        int from = sound.Live().Count();
        for (int i = 0; i < frames; i++)
        {
            if (i % 10 == 0)
            {
                sound.Tell("listening", "{\"v\":1,\"consumer\":\"dr\",\"device\":\"02aabbfffe0000a1\",\"stream\":64,\"number\":" + number() + ",\"lost\":0}");
            }

            sound.Send(durable: false);
            sound.Rig.Run(SoundRig.FrameUs);
        }

        return sound.Live().Skip(from).Select(a => LiveChunk.Step(a.Payload)).ToArray();
    }
}
