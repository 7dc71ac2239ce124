using System;
using System.Linq;
using System.Text.Json;
using EdgeGateway.Core;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Sound;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Sound;

/// <summary>Clips: complete, or saying what is missing.</summary>
[TestClass]
public sealed class ClipTests
{
    private const string Manifest = "cart/C1/session/S1/clip/c1";

    [TestMethod]
    public void A_clip_holds_five_seconds_before_the_button_and_ten_after_sample_for_sample()
    {
        SoundRig sound = Listening(80);
        string id = Button(sound);
        Assert.AreEqual("c1", id);
        Assert.AreEqual("recording", Member(sound, "state").GetString());
        sound.Play(120);
        sound.Rig.Require(() => State(sound) == "complete", "complete");
        JsonElement manifest = Root(sound);
        Assert.AreEqual(120_000, manifest.GetProperty("samples").GetInt32());
        Assert.AreEqual(0, manifest.GetProperty("missingSamples").GetInt32());
        Assert.AreEqual("mitral", manifest.GetProperty("site").GetString());
        Assert.AreEqual("sitting", manifest.GetProperty("posture").GetString());
        Assert.AreEqual("bell", manifest.GetProperty("filter").GetString());
        sound.Rig.Require(() => Member(sound, "delivered").GetBoolean(), "delivered");

        ClipSound clip = Read(sound);
        long from = (clip.Clip.FirstUs - Us(sound, 1)) * 8 / 1000;
        for (int i = 0; i < clip.Samples.Length; i++)
        {
            Assert.AreEqual(SoundRig.Sample(from + i), clip.Samples[i], "sample " + i);
        }

        // Five seconds before the button: frames 31 to 80 of 100 ms.
        Assert.AreEqual(31u, manifest.GetProperty("firstSequence").GetUInt32());
        Assert.AreEqual(180u, manifest.GetProperty("lastSequence").GetUInt32());
    }

    [TestMethod]
    public void The_consumer_can_put_the_clip_together_from_its_frames_by_the_manifest()
    {
        SoundRig sound = Listening(60);
        Button(sound);
        sound.Play(120);
        sound.Rig.Require(() => State(sound) == "complete" && Member(sound, "delivered").GetBoolean(), "complete and delivered");
        JsonElement manifest = Root(sound);
        uint first = manifest.GetProperty("firstSequence").GetUInt32();
        uint last = manifest.GetProperty("lastSequence").GetUInt32();
        byte[][] frames = sound.Doctor.Received.Where(a => a.Topic == "cart/C1/session/S1/sound/02aabbfffe0000a1/64")
            .Select(a => a.Payload).Where(f => Frame.Sequence(f, 0) >= first && Frame.Sequence(f, 0) <= last).ToArray();
        Assert.HasCount((int)(last - first + 1), frames);
        ClipSound clip = Read(sound);
        int skip = manifest.GetProperty("skipSamples").GetInt32();
        short[] joined = frames.SelectMany(f => Enumerable.Range(0, SoundBody.Count(f, Frame.HeaderLength))
            .Select(i => BitConverter.ToInt16(f, Frame.HeaderLength + SoundBody.SamplesOffset + (2 * i)))).Skip(skip).Take(120_000).ToArray();
        CollectionAssert.AreEqual(clip.Samples, joined);
    }

    [TestMethod]
    public void Sound_that_began_two_seconds_ago_gives_a_clip_of_fifteen_seconds_from_there()
    {
        SoundRig sound = Listening(20);
        Button(sound);
        sound.Play(140);
        sound.Rig.Require(() => State(sound) == "complete", "complete");
        Assert.AreEqual(1u, Root(sound).GetProperty("firstSequence").GetUInt32());
    }

    [TestMethod]
    public void A_frame_that_comes_late_is_waited_for_and_completes_the_clip()
    {
        SoundRig sound = Listening(60);
        Button(sound);
        byte[] late = sound.Send(durable: false);
        sound.Rig.Run(SoundRig.FrameUs);
        sound.Play(130);
        sound.Rig.Require(() => State(sound) == "waiting", "waiting");
        JsonElement gap = Root(sound).GetProperty("missing")[0];
        Assert.AreEqual(800, gap.GetProperty("count").GetInt32());
        sound.Pod.Publish(Topics.Up(Rig.PodA), late);
        sound.Rig.Require(() => State(sound) == "complete", "complete");
    }

    [TestMethod]
    public void A_declared_loss_ends_the_waiting_and_is_said()
    {
        SoundRig sound = Listening(60);
        Button(sound);
        sound.Send(durable: false);
        uint lost = sound.Sequence;
        sound.Rig.Run(SoundRig.FrameUs);
        sound.Play(130);
        sound.Rig.Require(() => State(sound) == "waiting", "waiting");
        sound.Pod.Publish(Topics.Up(Rig.PodA), Frames.Gap(Rig.PodA, 1, 1, sound.Rig.PodUs, sound.Epoch, Streams.Sound, lost, lost, GapCause.RingFull));
        sound.Rig.Require(() => State(sound) == "incomplete", "incomplete");
        JsonElement manifest = Root(sound);
        Assert.AreEqual(800, manifest.GetProperty("missingSamples").GetInt32());
        ClipSound clip = Read(sound);
        ClipGap gap = clip.Span.SequenceGaps.Single();
        Assert.IsTrue(clip.Samples.AsSpan(gap.FirstSample, gap.Count).ToArray().All(s => s == 0), "what is missing is silence");
    }

    [TestMethod]
    public void Listening_that_ends_too_soon_leaves_a_clip_that_says_so()
    {
        SoundRig sound = Listening(60);
        Button(sound);
        sound.Play(30);
        Assert.IsTrue(sound.Rig.Core.Sound.Set("S1", false, default, string.Empty).IsDone);
        sound.Rig.Require(() => State(sound) == "incomplete", "incomplete");
        Assert.AreEqual(70 * 800, Root(sound).GetProperty("missingSamples").GetInt32());
    }

    [TestMethod]
    public void A_kill_of_the_gateway_loses_neither_the_clip_nor_the_doctors_mark()
    {
        SoundRig sound = Listening(60);
        Button(sound);
        sound.Play(50);
        sound.Tell("clip/c1/mark", """{"v":1,"consumer":"dr","usable":true}""");
        sound.Rig.Require(() => sound.Doctor.Waiting == 0, "the mark is on the disk");
        sound.Rig.Kill(Simulators.Cart.Gateway.CutKeeps.Nothing);
        sound.Rig.Connect(sound.Pod);
        sound.Rig.Connect(sound.Doctor);
        sound.Rig.Require(() => sound.Pod.Client.IsConnected && sound.Doctor.Client.IsConnected, "back");
        sound.Doctor.Received.Clear();
        sound.TellState();
        Assert.IsTrue(sound.Rig.RunUntil(() => sound.Rig.Core.Sound.Set("S1", true, Place, string.Empty).IsDone, 1_000_000));
        sound.Play(70);
        sound.Rig.Require(() => State(sound) == "complete", "complete");
        Assert.IsTrue(Member(sound, "usable").GetBoolean());
        Assert.AreEqual(0, Root(sound).GetProperty("missingSamples").GetInt32());
    }

    [TestMethod]
    public void A_session_that_closes_before_the_sound_was_taken_says_what_is_lacking_and_then_that_it_followed()
    {
        SoundRig sound = Listening(60);
        Button(sound);
        sound.Play(60);
        sound.Doctor.AcknowledgesReceived = false;
        sound.Play(60);
        sound.Rig.Run(1_000_000);
        sound.Rig.CloseSession("S1");
        sound.Rig.Run(1_000_000);
        string lacking = sound.Newest(Manifest)!.Text;
        using (JsonDocument said = JsonDocument.Parse(lacking))
        {
            Assert.IsFalse(said.RootElement.GetProperty("delivered").GetBoolean(), lacking);
            Assert.IsGreaterThan(0, said.RootElement.GetProperty("lacking").GetInt32(), lacking);
        }

        sound.Doctor.AcknowledgesReceived = true;
        sound.Rig.Disconnect(sound.Doctor);
        sound.Rig.Run(10_000);
        sound.Rig.Connect(sound.Doctor);
        sound.Rig.Require(() => sound.Newest(Manifest)!.Text.Contains("\"delivered\":true", StringComparison.Ordinal), "followed: " + sound.Newest(Manifest)!.Text);
    }

    [TestMethod]
    public void Each_refusal_has_its_code_and_leaves_nothing_behind()
    {
        SoundRig sound = new();
        Assert.AreEqual("G2331", sound.Rig.Core.Sound.Set("S9", true, Place, string.Empty).Code);
        Assert.AreEqual("G2334", Refused(sound, "S1"), "no sound has come");
        Assert.AreEqual("G2331", Refused(sound, "S9"));
        Assert.AreEqual(0, sound.Rig.Core.Sound.ClipsOf("S1").Length);
        sound.Rig.Disconnect(sound.Pod);
        sound.Rig.Run(10_000);
        Assert.AreEqual("G2333", sound.Rig.Core.Sound.Set("S1", true, Place, string.Empty).Code);
        Rig bare = new(3);
        bare.OpenSession("S1");
        Assert.AreEqual("G2332", bare.Core.Sound.Set("S1", true, Place, string.Empty).Code);
        ClipSound? none = null;
        bool asked = false;
        bare.Core.Sound.ReadClip("S1", "c1", c => (none, asked) = (c.Sound, true));
        Assert.IsTrue(asked && none is null);
    }

    [TestMethod]
    public void Listening_is_told_to_the_pod_again_when_it_comes_back_and_never_to_another_session()
    {
        SoundRig sound = Listening(1);
        byte[] on = sound.Commands.Last();
        Assert.AreEqual(PodCommand.SetListening, on[1]);
        Assert.AreEqual(sound.Epoch, BitConverter.ToUInt32(on, PodCommand.HeaderLength));
        Assert.AreEqual(1, on[PodCommand.HeaderLength + 4]);
        sound.Commands.Clear();
        sound.Rig.Disconnect(sound.Pod);
        sound.Rig.Run(10_000);
        sound.Rig.Connect(sound.Pod);
        sound.Rig.Require(() => sound.Commands.Any(c => c[1] == PodCommand.SetListening && c[8] == 1), "told again");
        sound.Rig.CloseSession("S1");
        sound.Commands.Clear();
        sound.NewSession("S2");
        sound.Rig.Run(100_000);
        Assert.IsFalse(sound.Commands.Any(c => c[1] == PodCommand.SetListening && c[8] == 1), "a new session begins without listening");
    }

    [TestMethod]
    public void A_request_a_check_and_what_was_confirmed_are_told_to_both_sides()
    {
        SoundRig sound = new();
        sound.Tell("request", """{"v":1,"consumer":"dr","site":"aortic","posture":"supine","filter":"diaphragm","by":"op-7"}""");
        sound.Tell("listener-check", """{"v":1,"consumer":"dr","bands":[{"hz":60,"sent":3,"heard":3},{"hz":250,"sent":2,"heard":1}]}""");
        sound.Rig.Require(() => sound.Newest("cart/C1/session/S1/auscultation")?.Text.Contains("250", StringComparison.Ordinal) == true, "state");
        string state = sound.Newest("cart/C1/session/S1/auscultation")!.Text;
        StringAssert.Contains(state, "\"requested\":{\"site\":\"aortic\",\"posture\":\"supine\",\"filter\":\"diaphragm\",\"by\":\"op-7\"}");
        StringAssert.Contains(state, "{\"hz\":60,\"sent\":3,\"heard\":3,\"heardAll\":true},{\"hz\":250,\"sent\":2,\"heard\":1,\"heardAll\":false}");
        Assert.IsTrue(sound.Rig.Core.Sound.Set("S1", true, new SoundPlace(AuscultationSite.Aortic, PatientPosture.Supine, ListeningMode.Diaphragm), "nurse-1").IsDone);
        sound.Rig.Require(() => sound.Newest("cart/C1/session/S1/auscultation")!.Text.Contains("\"listening\":true", StringComparison.Ordinal), "confirmed");
        state = sound.Newest("cart/C1/session/S1/auscultation")!.Text;
        StringAssert.Contains(state, "\"requested\":null");
        StringAssert.Contains(state, "\"confirmed\":{\"site\":\"aortic\",\"posture\":\"supine\",\"filter\":\"diaphragm\",\"by\":\"nurse-1\"}");
    }

    [TestMethod]
    [DataRow("clip/c1/mark", """{"v":1,"consumer":"dr"}""")]
    [DataRow("clip/c9/mark", """{"v":1,"consumer":"dr","usable":true}""")]
    [DataRow("listener-check", """{"v":1,"consumer":"dr","bands":[{"hz":60,"sent":9,"heard":3}]}""")]
    [DataRow("request", """{"v":1,"consumer":"dr","site":"elbow"}""")]
    [DataRow("listening", """{"v":1}""")]
    [DataRow("listening", "nonsense")]
    public void What_a_listener_says_wrong_is_logged_with_its_code_and_changes_nothing(string topic, string json)
    {
        SoundRig sound = new();
        sound.Tell(topic, json);
        sound.Rig.Require(() => sound.Doctor.Waiting == 0, "acknowledged");
        StringAssert.Contains(sound.Rig.LogText(), "G2337");
        Assert.IsNull(sound.Newest("cart/C1/session/S1/auscultation"));
    }

    private static SoundPlace Place => new(AuscultationSite.Mitral, PatientPosture.Sitting, ListeningMode.Bell);

    private static SoundRig Listening(int frames)
    {
        SoundRig sound = new();
        SessionResult set = sound.Rig.Core.Sound.Set("S1", true, Place, "nurse-1");
        Assert.IsNull(set.Code, set.Text);
        sound.Play(frames);
        return sound;
    }

    private static string Button(SoundRig sound)
    {
        ClipResult? done = null;
        sound.Rig.Core.Sound.BeginClip("S1", null, "nurse-1", r => done = r);
        sound.Rig.Require(() => done is not null && sound.Newest(Manifest) is not null, "clip");
        Assert.IsNull(done!.Value.Code, done.Value.Text);
        return done.Value.ClipId;
    }

    private static string? Refused(SoundRig sound, string session)
    {
        ClipResult? done = null;
        sound.Rig.Core.Sound.BeginClip(session, null, string.Empty, r => done = r);
        return done!.Value.Code;
    }

    private static ClipSound Read(SoundRig sound)
    {
        ClipSound? clip = null;
        sound.Rig.Core.Sound.ReadClip("S1", "c1", c => clip = c.Sound);
        sound.Rig.Require(() => clip is not null, "read");
        return clip!;
    }

    private static long Us(SoundRig sound, uint sequence) => Frame.MonotonicUs(
        sound.Doctor.Received.First(a => a.Topic == "cart/C1/session/S1/sound/02aabbfffe0000a1/64" && Frame.Sequence(a.Payload, 0) == sequence).Payload, 0);

    private static JsonElement Root(SoundRig sound)
    {
        using JsonDocument document = JsonDocument.Parse(sound.Newest(Manifest)!.Payload);
        return document.RootElement.Clone();
    }

    private static JsonElement Member(SoundRig sound, string name) => Root(sound).GetProperty(name);

    private static string? State(SoundRig sound) => sound.Newest(Manifest) is null ? null : Member(sound, "state").GetString();
}
