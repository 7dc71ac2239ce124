using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core.Sound;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Ledger;
using Simulators.Cart.Report;
using Simulators.Cart.Scenario;
using Simulators.Cart.Subscribers;
using Simulators.Cart.World;

namespace Scenario.Tests;

/// <summary>Sound through whole carts: live over a low-bandwidth link, and how a listener's figures are made.</summary>
[TestClass]
public sealed class SoundTests
{
    [TestMethod]
    [DataRow(305UL)]
    [DataRow(1UL)]
    [DataRow(2UL)]
    public void Over_256_kbit_and_60_ms_live_sound_stays_live_and_vital_signs_do_not_wait_for_it(ulong seed)
    {
        ScenarioDefinition heard = ScenarioLibrary.Load("auscultation-256k").Scenario;
        RunReport with = Run(heard, seed);
        RunReport without = Run(heard with { Timeline = [], Expect = heard.Expect with { Sound = [], Clips = [], MinDelivered = 0 } }, seed);
        SoundReport sound = with.Sound[0];
        Assert.IsEmpty(with.Missed, string.Join('\n', with.Missed.Select(m => m.Render())));
        Assert.IsTrue(sound.Chunks > 580, $"{sound.Chunks} pieces of 60 s");
        Assert.IsTrue(sound.DelayP95Us <= 400_000, $"{sound.DelayP95Us} µs one way");
        Assert.IsTrue(sound.VariationUs <= 50_000, $"{sound.VariationUs} µs of variation");
        Assert.IsTrue(with.Balance.VitalLatencyP95Us - without.Balance.VitalLatencyP95Us <= 200_000, $"{with.Balance.VitalLatencyP95Us} µs with sound, {without.Balance.VitalLatencyP95Us} without");
    }

    [TestMethod]
    public void A_low_bandwidth_link_reduces_live_sound_and_it_comes_back_by_itself()
    {
        ScenarioDefinition definition = ScenarioLibrary.Load("auscultation-thin-network").Scenario;
        RunReport report = Run(definition, 7);
        List<ListeningStep> steps = [.. report.Sound[0].Steps];
        Assert.AreEqual(ListeningStep.Full, steps[0]);
        Assert.AreEqual(ListeningStep.Full, steps[^1]);
        Assert.IsTrue(steps.Max() >= ListeningStep.HeartMode, string.Join(' ', steps));
    }

    [TestMethod]
    public void The_delay_is_taken_from_the_first_sample_and_a_late_chunk_makes_the_rest_later()
    {
        List<ReceivedChunk> chunks = [.. Enumerable.Range(0, 100).Select(i => new ReceivedChunk(1, (uint)i + 1, ListeningStep.Full, i * 100_000L, 100_000, (i * 100_000L) + 200_000))];
        (long delay, long variation) = SoundListener.Measure(chunks, chunk => chunk.DeviceUs);
        Assert.AreEqual(200_000, delay);
        Assert.AreEqual(0, variation);
        chunks[50] = chunks[50] with { ArrivedUs = chunks[50].ArrivedUs + 400_000 };
        (_, variation) = SoundListener.Measure(chunks, chunk => chunk.DeviceUs);
        Assert.AreEqual(400_000 - SoundListener.BufferUs, variation);
    }

    [TestMethod]
    public void Every_sample_of_the_chest_reaches_the_session_and_the_clip_holds_fifteen_seconds()
    {
        ScenarioDefinition definition = ScenarioLibrary.Load("auscultation-normal").Scenario;
        using SimulatedWorld world = new(definition, 9, traced: false);
        long samples = 0;
        world.Carts[0].Subscribers[0].Received += (in Delivery delivery) =>
        {
            if (delivery.Class == "sound")
            {
                byte[] frame = delivery.Payload.ToArray();
                samples += SoundBody.Count(frame, Frame.HeaderLength);
            }
        };
        world.Run();
        RunReport report = world.Report();
        Assert.IsEmpty(report.Missed, string.Join('\n', report.Missed.Select(m => m.Render())));
        Assert.AreEqual(40 * 8000, samples, 2 * 8000.0, "40 s of listening");
        ClipAnnouncement clip = world.Carts[0].Subscribers[0].Consumer!.Listener!.Clips["c1"];
        Assert.AreEqual("complete", clip.State);
        Assert.IsTrue(clip.Delivered);
        Assert.AreEqual(0, clip.MissingSamples);
        Assert.AreEqual("good", clip.Verdict);
        Assert.AreEqual(72, clip.HeartRate!.Value, 3, "the same heart as at the finger");
    }

    private static RunReport Run(ScenarioDefinition definition, ulong seed)
    {
        using SimulatedWorld world = new(definition, seed, traced: false);
        world.Run();
        return world.Report();
    }
}
