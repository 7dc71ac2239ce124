using System;
using Firmware.Core;
using Firmware.Pod.Channels;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Supervision;
using Firmware.Protocol;
using Firmware.Tests.Peripherals;

namespace Firmware.Tests.Pod;

[TestClass]
public sealed class SoundTests
{
    private const long Second = 1_000_000;

    [TestMethod]
    public void Sound_needs_an_epoch_and_somebody_who_listens()
    {
        SoundBench bench = new SoundBench().Start();
        bench.Run(5 * Second);
        Assert.AreEqual(0, bench.Frames);
        bench.Listen(1, 1);
        Assert.AreEqual(1, bench.Events(FaultCode.ListeningRefused));
        bench.SetEpoch(1);
        bench.Run(2 * Second);
        Assert.AreEqual(0, bench.Frames);
        bench.Listen(2, 1);
        bench.Run(2 * Second);
        Assert.AreEqual(0, bench.Frames);
        bench.Listen(1, 1);
        bench.Run(10 * Second);
        Assert.IsTrue(bench.Frames >= 98 && bench.Frames <= 100);
        Assert.AreEqual(0, bench.Gaps);
        Assert.AreEqual(0L, bench.Host.Counters.CommandsIgnored);
        bench.Listen(9, 0);
        bench.Run(Second);
        Assert.IsTrue(bench.Frames >= 108);
        bench.Listen(1, 0);
        int frames = bench.Frames;
        bench.Run(2 * Second);
        Assert.AreEqual(frames, bench.Frames);
        Assert.AreEqual(0, bench.Gaps);
        bench.Listen(1, 1);
        bench.SetEpoch(2);
        frames = bench.Frames;
        bench.Run(2 * Second);
        Assert.AreEqual(frames, bench.Frames);
    }

    [TestMethod]
    public void A_command_of_the_wrong_shape_is_ignored_and_counted()
    {
        SoundBench bench = new SoundBench().Start();
        bench.Run(Second);
        bench.SetEpoch(1);
        bench.Listen(1, 2);
        Assert.AreEqual(1L, bench.Host.Counters.CommandsIgnored);
        byte[] tooShort = new byte[PodCommand.HeaderLength + 4];
        tooShort[0] = 1;
        tooShort[1] = PodCommand.SetListening;
        bench.Link.Send(Topics.Command(SoundBench.DeviceId), tooShort);
        Assert.AreEqual(2L, bench.Host.Counters.CommandsIgnored);
    }

    [TestMethod]
    public void A_chunk_is_a_tenth_of_a_second_bit_for_bit_with_its_level_and_peak()
    {
        SoundBench bench = new SoundBench().Start();
        bench.ListenNow();
        byte[] last = new byte[Frame.MaxMessageLength];
        int length = 0;
        bench.Host.FrameProduced += (buffer, offset, count) =>
        {
            if (Frame.Kind(buffer, offset) == FrameKind.Sound)
            {
                Array.Copy(buffer, offset, last, 0, count);
                length = count;
            }
        };
        bench.Run(2 * Second);
        Assert.AreEqual(Frame.Overhead + SoundBody.SamplesOffset + 1600, length);
        int body = Frame.HeaderLength;
        Assert.AreEqual(8000, SoundBody.SampleRateHz(last, body));
        Assert.AreEqual((int)SoundCodec.Pcm16, (int)SoundBody.Codec(last, body));
        Assert.AreEqual(800, SoundBody.Count(last, body));
        Assert.AreEqual(Streams.Sound, Frame.Stream(last, 0));
        long squares = 0;
        int peak = 0;
        for (int i = 0; i < 800; i++)
        {
            int value = (short)LittleEndian.ReadUInt16(last, body + SoundBody.SamplesOffset + (2 * i));
            squares += value * value;
            int magnitude = value < 0 ? -value : value;
            peak = magnitude > peak ? magnitude : peak;
        }

        int level = SoundBody.Level(last, body);
        Assert.IsTrue((long)level * level <= squares / 800 && (long)(level + 1) * (level + 1) > squares / 800);
        Assert.AreEqual(peak, SoundBody.Peak(last, body));
        Assert.AreEqual(0, SoundBody.Clipped(last, body));
        Assert.IsTrue(bench.IsExact);
    }

    [TestMethod]
    public void Clipping_is_counted_in_runs_of_three_also_over_the_edge_of_a_chunk()
    {
        SoundChunk chunk = new SoundChunk(8);
        byte[] body = new byte[64];
        Assert.AreEqual(0, Clipped(chunk, body, [0, 32767, 32767, 0, -32768, -32768, 0, 1]));
        Assert.AreEqual(3, Clipped(chunk, body, [0, 32767, 32440, -32440, 0, 32439, 32767, 32767]));
        Assert.AreEqual(32768, SoundBody.Peak(body, 0) + 1);

        // Two of the chunk before and one of this one: all three count here. Then a run that goes on and on.
        Assert.AreEqual(3, Clipped(chunk, body, [32767, 0, 0, 0, 0, 0, -32768, -32768]));
        Assert.AreEqual(32768, SoundBody.Peak(body, 0));
        Assert.AreEqual(10, Clipped(chunk, body, [32767, 32767, 32767, 32767, 32767, 32767, 32767, 32767]));
        Assert.AreEqual(1, Clipped(chunk, body, [32767, 0, 0, 0, 0, 0, 32767, 32767]));
        chunk.Break();
        Assert.AreEqual(0, Clipped(chunk, body, [32767, 0, 0, 0, 0, 0, 0, 0]));
        Assert.AreEqual(0, Clipped(chunk, body, [0, 0, 0, 0, 0, 0, 32767, 32767]));
        Assert.AreEqual(0, Clipped(chunk, body, [0, 0, 0, 0, 0, 0, 0, 0]));
    }

    [TestMethod]
    public void While_a_cuff_is_inflated_the_converter_is_stopped_and_people_are_told()
    {
        SoundBench bench = new SoundBench().Start();
        bench.Link.Connect();
        bench.ListenNow();
        bench.Run(3 * Second);
        Assert.IsTrue(bench.State.Contains("{\"name\":\"PCM1808\",\"state\":\"measuring\",\"activity\":\"listening\",\"part\":\"Pcm1808\""), bench.State);
        bench.Host.Situation.IsCuffInflated = true;
        bench.Host.Step(bench.NowUs);
        Assert.IsFalse(bench.Audio.IsOpen);
        int frames = bench.Frames;
        int reads = bench.Audio.Reads;
        bench.Run(40 * Second);
        Assert.AreEqual(frames, bench.Frames);
        Assert.AreEqual(reads, bench.Audio.Reads);
        Assert.AreEqual(1, bench.Events(FaultCode.ListeningSuspended));
        Assert.IsTrue(bench.State.Contains("\"activity\":\"suspended\""), bench.State);
        bench.Host.Situation.IsCuffInflated = false;
        bench.Run(5 * Second);
        Assert.AreEqual(1, bench.Events(FaultCode.ListeningResumed));
        Assert.IsTrue(bench.Frames > frames + 20);
        Assert.IsTrue(bench.State.Contains("\"activity\":\"listening\""), bench.State);
        Assert.AreEqual(0, bench.Gaps);
        Assert.AreEqual(2, bench.Audio.Starts);
        Assert.AreEqual(0, bench.Host.Peripheral(0).Failures);
        bench.Listen(1, 0);
        bench.Run(Second);
        Assert.IsTrue(bench.State.Contains("\"activity\":\"off\""), bench.State);
    }

    [TestMethod]
    public void Nobody_who_does_not_listen_is_told_of_a_suspension_and_who_begins_then_is()
    {
        SoundBench bench = new SoundBench().Start();
        bench.SetEpoch(1);
        bench.Run(3 * Second);
        bench.Host.Situation.IsCuffInflated = true;
        bench.Run(2 * Second);
        Assert.AreEqual(0, bench.Events(FaultCode.ListeningSuspended));
        bench.Listen(1, 1);
        Assert.AreEqual(1, bench.Events(FaultCode.ListeningSuspended));
        bench.Run(2 * Second);
        Assert.AreEqual(0, bench.Frames);
        bench.Host.Situation.IsCuffInflated = false;
        bench.Run(4 * Second);
        Assert.IsTrue(bench.Frames > 10);
    }

    [TestMethod]
    public void A_batch_that_straddles_a_change_is_never_bound_to_the_new_epoch()
    {
        for (int phase = 0; phase < 25_000; phase += 2_300)
        {
            SoundBench bench = new SoundBench().Start();
            bench.ListenNow();
            bench.Run((3 * Second) + phase);
            long changedUs = bench.NowUs;
            bool broken = false;
            bench.Host.FrameProduced += (buffer, offset, count) =>
            {
                if (Frame.Kind(buffer, offset) == FrameKind.Sound)
                {
                    long first = Frame.MonotonicUs(buffer, offset);
                    long last = first + ((SoundBody.Count(buffer, offset + Frame.HeaderLength) - 1) * 125L);
                    broken |= Frame.BindingEpoch(buffer, offset) == 2 ? first < changedUs : last >= changedUs;
                }
            };
            bench.SetEpoch(2);
            bench.Listen(2, 1);
            bench.Run(2 * Second);
            Assert.IsFalse(broken);
            Assert.AreEqual(0, bench.Gaps);
            Assert.IsTrue(bench.Epochs == 6);
        }
    }

    [TestMethod]
    public void An_overrun_is_a_gap_in_its_place()
    {
        SoundBench bench = new SoundBench().Start();
        bench.ListenNow();
        bench.Run(2 * Second);
        bench.Stall(Second);
        bench.Run(2 * Second);
        Assert.AreEqual(1, bench.Gaps);
        Assert.AreEqual((int)GapCause.SensorOverrun, (int)bench.LastGapCause);
        Assert.IsTrue(bench.IsExact);
        Assert.IsTrue(bench.Host.Counters.SamplesLost >= 8000 - AudioScript.Capacity && bench.Host.Counters.SamplesLost < 8250 - AudioScript.Capacity);
    }

    [TestMethod]
    public void A_lost_clock_is_told_and_what_was_missed_is_a_gap()
    {
        SoundBench bench = new SoundBench().Start();
        bench.ListenNow();
        bench.Run(3 * Second);
        bench.Audio.Freeze(true);
        bench.Run(150_000);
        Assert.AreEqual(1, bench.Events(FaultCode.Pcm1808ClockLost));
        bench.Run(4 * Second);
        Assert.AreEqual(1, bench.Gaps);
        Assert.AreEqual((int)GapCause.SensorInterrupted, (int)bench.LastGapCause);
        Assert.IsTrue(bench.IsExact);
        bench.Audio.Next = AudioStatus.ClockLost;
        bench.Run(100_000);
        bench.SetEpoch(2);
        Assert.AreEqual(2, bench.Gaps);
    }

    [TestMethod]
    public void A_loose_cable_is_withheld_and_declared()
    {
        SoundBench bench = new SoundBench().Start();
        bench.ListenNow();
        bench.Run(3 * Second);
        bench.Audio.SwingFrom = bench.Audio.NextIndex + 500;
        bench.Audio.SwingUntil = bench.Audio.SwingFrom + 8000;
        bench.Run(5 * Second);
        Assert.AreEqual(1, bench.Gaps);
        Assert.AreEqual((int)GapCause.SensorImplausible, (int)bench.LastGapCause);
        Assert.IsTrue(bench.Events(FaultCode.Pcm1808CableLoose) >= 1);
        Assert.AreEqual((int)SupervisorState.Measuring, (int)bench.Host.Peripheral(0).State);
    }

    [TestMethod]
    public void The_live_copy_goes_at_once_before_the_durable_one_and_behind_vital_signs()
    {
        SoundBench bench = new SoundBench().Start();
        bench.Link.Connect();
        bench.ListenNow();
        string live = Topics.LiveSound(SoundBench.DeviceId);
        string up = Topics.Up(SoundBench.DeviceId);
        uint lastLive = 0;
        uint lastDurable = 0;
        long madeUs = 0;
        bool vitalWaits = false;
        bool wrong = false;
        int copies = 0;
        bench.Host.FrameProduced += (buffer, offset, count) =>
        {
            madeUs = Frame.Kind(buffer, offset) == FrameKind.Sound ? bench.NowUs : madeUs;
            vitalWaits |= Frame.Stream(buffer, offset) == Streams.Temperature;
        };
        bench.Link.Published += (topic, buffer, count) =>
        {
            if (topic == live)
            {
                copies++;
                wrong |= bench.NowUs != madeUs || vitalWaits || Frame.Sequence(buffer, 0) != lastLive + 1 || count != Frame.TotalLength(buffer, 0);
                wrong |= Frame.Check(buffer, 0, count, new SoftwareCrc32(), out int whole) != FrameFault.None;
                lastLive = Frame.Sequence(buffer, 0);
            }
            else if (topic == up)
            {
                vitalWaits = false;
                int at = 0;
                while (at < count)
                {
                    if (Frame.Kind(buffer, at) == FrameKind.Sound)
                    {
                        lastDurable = Frame.Sequence(buffer, at);
                        wrong |= lastDurable > lastLive;
                    }

                    at += Frame.TotalLength(buffer, at);
                }
            }
        };
        bench.Run(20 * Second);
        Assert.IsFalse(wrong);
        Assert.IsTrue(copies > 190);
        Assert.IsTrue(lastDurable + 3 > lastLive);
        Assert.AreEqual((long)copies, bench.Host.Counters.LiveSoundSent);
        Assert.AreEqual(0L, bench.Host.Counters.LiveSoundDropped);
    }

    [TestMethod]
    public void With_the_link_down_the_live_copy_is_dropped_and_the_durable_one_kept()
    {
        SoundBench bench = new SoundBench().Start();
        bench.ListenNow();
        bench.Run(10 * Second);
        Assert.AreEqual(0L, bench.Host.Counters.LiveSoundSent);
        Assert.AreEqual((long)bench.Frames, bench.Host.Counters.LiveSoundDropped);
        Assert.IsTrue(bench.Host.Pending >= bench.Frames);
        bench.Link.Connect();
        bench.Link.Accepts = false;
        bench.Run(Second);
        Assert.AreEqual((long)bench.Frames, bench.Host.Counters.LiveSoundDropped);
        bench.Link.Accepts = true;
        bench.Run(5 * Second);
        Assert.IsTrue(bench.Host.Pending < 10);
        Assert.AreEqual(0L, bench.Host.Counters.Evicted);
        Assert.AreEqual(0, bench.Gaps);
        AssertBalance(bench);
    }

    [TestMethod]
    public void A_late_live_copy_is_dropped()
    {
        SoundBench bench = new SoundBench().Start();
        bench.Link.Connect();
        bench.ListenNow();
        bench.Run(2 * Second);
        Assert.AreEqual(0L, bench.Host.Counters.LiveSoundDropped);

        // The loop stood still for 1.2 s: the chunk begun before goes out late, what the buffer still holds is fresh enough.
        bench.Stall(1_200_000);
        bench.Run(2 * Second);
        Assert.AreEqual(1L, bench.Host.Counters.LiveSoundDropped);
    }

    [TestMethod]
    public void A_full_ring_of_sound_is_a_gap_and_touches_no_other_class()
    {
        SoundBench bench = new SoundBench();
        bench.Options.SoundRingBytes = 16 * 1024;
        bench.Start();
        bench.ListenNow();
        bench.Run(30 * Second);
        Assert.IsTrue(bench.Host.Counters.Evicted > 280);
        Assert.AreEqual(0, bench.Gaps);
        int temperatures = bench.Temperatures;
        Assert.IsTrue(temperatures > 25);
        bench.Listen(1, 0);
        bench.Link.Connect();
        bench.Run(10 * Second);
        Assert.AreEqual(1, bench.Gaps);
        Assert.AreEqual((int)GapCause.RingFull, (int)bench.LastGapCause);
        Assert.AreEqual(bench.Host.Counters.Evicted, (long)bench.LastGapCount);
        AssertBalance(bench);
    }

    [TestMethod]
    [DataRow(20_000L)]
    [DataRow(100_000L)]
    [DataRow(400_000L)]
    [DataRow(700_000L)]
    public void The_durable_copy_keeps_up_at_usual_round_trips(long roundTripUs)
    {
        SoundBench bench = new SoundBench().Start();
        bench.Link.DelayUs = roundTripUs;
        bench.Link.Connect();
        bench.ListenNow();
        bench.Run(60 * Second);
        Assert.IsTrue(bench.Frames > 570);
        Assert.AreEqual(0L, bench.Host.Counters.Evicted);
        Assert.IsTrue(bench.Host.Pending < 30, "pending " + bench.Host.Pending.ToString());
    }

    [TestMethod]
    public void A_vital_sign_overtakes_a_backlog_of_sound()
    {
        SoundBench bench = new SoundBench().Start();
        bench.ListenNow();
        bench.Run(25 * Second);
        bench.Link.DelayUs = 200_000;
        long madeUs = 0;
        long worstUs = 0;
        int seen = 0;
        bench.Host.FrameProduced += (buffer, offset, count) => madeUs = Frame.Stream(buffer, offset) == Streams.Temperature ? bench.NowUs : madeUs;
        string up = Topics.Up(SoundBench.DeviceId);
        bench.Link.Connect();
        bench.Run(500_000);
        madeUs = 0;
        bench.Link.Published += (topic, buffer, count) =>
        {
            if (topic == up && Frame.Stream(buffer, 0) == Streams.Temperature && madeUs > 0)
            {
                seen++;
                worstUs = bench.NowUs - madeUs > worstUs ? bench.NowUs - madeUs : worstUs;
            }
        };
        Assert.IsTrue(bench.Host.Pending > 200);
        bench.Run(5 * Second);
        Assert.IsTrue(seen >= 4);
        Assert.IsTrue(worstUs <= bench.Link.DelayUs, "worst " + worstUs.ToString());
    }

    [TestMethod]
    public void A_pod_that_lost_power_declares_its_sound()
    {
        SoundBench bench = new SoundBench().Start();
        bench.ListenNow();
        bench.Run(5 * Second);
        uint boot = bench.Host.BootId;
        SoundBench after = new SoundBench(bench.Store).Start();
        after.Link.Connect();
        after.Run(5 * Second);
        Assert.AreEqual(1, after.GapsOf(boot));
        Assert.AreEqual((int)GapCause.PowerLost, (int)after.LastGapCause);
        Assert.AreEqual(1u, after.LastGapFirst);
        Assert.IsTrue(after.LastGapLast >= (uint)bench.Frames && after.LastGapLast <= 512u);
    }

    private static int Clipped(SoundChunk chunk, byte[] body, short[] samples)
    {
        chunk.Add(samples, 0, 3);
        chunk.Add(samples, 3, samples.Length - 3);
        chunk.Write(body, 0, 8000);
        return SoundBody.Clipped(body, 0);
    }

    private static void AssertBalance(SoundBench bench)
    {
        PodCounters c = bench.Host.Counters;
        Assert.AreEqual(c.Recovered + c.Produced, c.Acknowledged + c.Pending + c.Evicted);
    }
}
