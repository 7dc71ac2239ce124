using System;
using System.Collections.Generic;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Kernel;

namespace Core.Tests.Ingest;

/// <summary>Frames that somebody has changed: the check never throws nor reads beyond its bytes, and what passes it never ends the gateway. CART_LONG=1 runs 25 times as many.</summary>
[TestClass]
public sealed class FrameFuzzTests
{
    private static readonly int Factor = Environment.GetEnvironmentVariable("CART_LONG") == "1" ? 25 : 1;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Mutated_messages_never_throw_and_a_frame_that_passes_lies_inside_of_them()
    {
        SeededRandom random = new(91);
        byte[][] corpus = Corpus(7, 1_000_000);
        int passed = 0;
        for (int i = 0; i < 40_000 * Factor; i++)
        {
            byte[] bytes = Mutate(Frames.Join(corpus[random.NextInt32(corpus.Length)], corpus[random.NextInt32(corpus.Length)]), random);
            for (int at = 0; at < bytes.Length; at++)
            {
                if (Frame.Check(bytes, at, bytes.Length - at, Frames.Crc, out int length) == FrameFault.None)
                {
                    Assert.IsTrue(length >= Frame.Overhead && at + length <= bytes.Length, $"input {i} at {at}: {length} of {bytes.Length}");
                    passed++;
                }

                at += i % 16 == 0 ? 0 : 36; // every place of some, few places of all
            }
        }

        TestContext.WriteLine($"{40_000 * Factor} messages, {passed} frames passed");
    }

    [TestMethod]
    public void Hostile_bodies_under_a_right_checksum_end_nothing()
    {
        SeededRandom random = new(92);
        Rig rig = new(92);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        byte[][] corpus = Corpus(epoch, rig.PodUs);
        for (int i = 0; i < 1_000 * Factor; i++)
        {
            byte[] frame = (byte[])corpus[random.NextInt32(corpus.Length)].Clone();
            for (int n = 1 + random.NextInt32(4); n > 0; n--)
            {
                int at = Frame.HeaderLength + random.NextInt32(Math.Max(1, frame.Length - Frame.Overhead));
                frame[at] = random.NextInt32(2) == 0 ? (byte)0xFF : (byte)random.NextInt32(256);
            }

            frame[1] = random.NextInt32(4) == 0 ? (byte)random.NextInt32(256) : frame[1];
            BitConverter.TryWriteBytes(frame.AsSpan(20), (uint)i + 1);
            Frame.Seal(frame, 0, Frames.Crc);
            pod.Publish(Topics.Up(Rig.PodA), frame);
            if (i % 50 == 0)
            {
                rig.Require(() => pod.Waiting == 0, "input " + i);
            }
        }

        rig.Require(() => pod.Waiting == 0 && rig.Session("S1").Pending == 0, "all taken and sent", 600_000_000);
        Assert.AreEqual(0, pod.Losses, "an honest connection stays");
        Assert.IsNotEmpty(doctor.Received);
    }

    private static byte[][] Corpus(uint epoch, long us) =>
    [
        Frames.Numeric(Rig.PodA, 1, 16, 1, us, epoch),
        Frames.Wave(Rig.PodA, 1, 32, 1, us, epoch),
        Frames.Gap(Rig.PodA, 1, 1, us, epoch, Streams.RedLight, 2, 9, GapCause.PowerLost),
        Frames.Clock(Rig.PodA, 1, 1, us, us, us, us, 1),
    ];

    private static byte[] Mutate(byte[] data, SeededRandom random)
    {
        List<byte> made = [.. data];
        for (int n = 1 + random.NextInt32(3); n > 0 && made.Count > 8; n--)
        {
            int at = random.NextInt32(made.Count);
            int length = Math.Min(1 + random.NextInt32(16), made.Count - at);
            switch (random.NextInt32(5))
            {
                case 0:
                    made.RemoveRange(at, length);
                    break;
                case 1:
                    made.InsertRange(at, made.GetRange(at, length));
                    break;
                case 2:
                    made[at] = 0xFF;
                    break;
                case 3:
                    made.RemoveRange(at, made.Count - at);
                    break;
                default:
                    made[at] ^= (byte)(1 << random.NextInt32(8));
                    break;
            }
        }

        return [.. made];
    }
}
