using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using EdgeGateway.Gateway;
using EdgeGateway.Gateway.Auscultation;
using EdgeGateway.Gateway.Sound;
using Firmware.Core;
using Firmware.Protocol;

namespace Simulators.Cart.Evaluation;

/// <summary>
/// The way of a recorded sound from the converter's port on: resampled to the port's rate and 16 bits, cut into sealed sound frames as a pod makes them, laid out as one clip
/// by the gateway's own layout, analysed by the gateway's analysis. The converter, the pod's loop and MQTT are not in it.
/// </summary>
public static class SoundWay
{
    /// <summary>Rate of the converter's port, samples per second.</summary>
    public const int PortRateHz = 8000;

    /// <summary>Samples of one frame: 100 ms.</summary>
    public const int FrameSamples = 800;

    private const ulong DeviceId = 0x02a1b2fffe0000f3;
    private const long FirstUs = 1_000_000;

    // Taps on each side of the interpolation: 32 samples of the recording in all.
    private const int HalfTaps = 16;

    // sin(k pi / 8), k 0 to 7, by square roots: the same on every machine.
    private static readonly double[] SineOfEighths =
    [
        0, Math.Sqrt(2 - Math.Sqrt(2)) / 2, Math.Sqrt(2) / 2, Math.Sqrt(2 + Math.Sqrt(2)) / 2,
        1, Math.Sqrt(2 + Math.Sqrt(2)) / 2, Math.Sqrt(2) / 2, Math.Sqrt(2 - Math.Sqrt(2)) / 2,
    ];

    private static readonly ICrc32 Crc = new SoftwareCrc32();

    /// <summary>Plays a recording and gives what the gateway says of the clip.</summary>
    /// <param name="record">The recording.</param>
    /// <returns>The result.</returns>
    public static AuscultationResult Play(SoundRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        short[] samples = Assemble(Frames(Resample(record.Samples, record.RateHz)));
        return HeartSoundAnalysis.Analyse(samples, PortRateHz);
    }

    /// <summary>Brings samples to the port's rate: windowed sinc, window (1 - (x / 17)^2)^2.</summary>
    /// <param name="samples">Samples.</param>
    /// <param name="rateHz">Their rate, a divisor of 8,000.</param>
    /// <returns>Samples at 8,000 Hz.</returns>
    public static short[] Resample(ReadOnlySpan<short> samples, int rateHz)
    {
        int ratio = PortRateHz / rateHz;
        if (ratio == 1)
        {
            return samples.ToArray();
        }

        double[,] taps = new double[ratio, 2 * HalfTaps];
        for (int phase = 0; phase < ratio; phase++)
        {
            double sum = 0;
            for (int k = 0; k < 2 * HalfTaps; k++)
            {
                double x = (phase / (double)ratio) - (k - HalfTaps + 1);
                double edge = x / (HalfTaps + 1);
                double window = (1 - (edge * edge)) * (1 - (edge * edge));
                int eighths = phase * 8 / ratio;
                double sine = SineOfEighths[eighths] * (((k - HalfTaps + 1) & 1) == 0 ? 1 : -1);
                taps[phase, k] = window * (x == 0 ? 1 : sine / (Math.PI * x));
                sum += taps[phase, k];
            }

            for (int k = 0; k < 2 * HalfTaps; k++)
            {
                taps[phase, k] /= sum;
            }
        }

        short[] made = new short[samples.Length * ratio];
        for (int i = 0; i < made.Length; i++)
        {
            double sum = 0;
            for (int k = 0; k < 2 * HalfTaps; k++)
            {
                sum += taps[i % ratio, k] * samples[Math.Clamp((i / ratio) + k - HalfTaps + 1, 0, samples.Length - 1)];
            }

            made[i] = (short)Math.Clamp(Math.Round(sum), short.MinValue, short.MaxValue);
        }

        return made;
    }

    /// <summary>Cuts samples into sealed frames.</summary>
    /// <param name="samples">Samples at the port's rate.</param>
    /// <returns>The frames, in order.</returns>
    public static IReadOnlyList<byte[]> Frames(ReadOnlySpan<short> samples)
    {
        List<byte[]> frames = [];
        for (int at = 0; at < samples.Length; at += FrameSamples)
        {
            ReadOnlySpan<short> part = samples.Slice(at, Math.Min(FrameSamples, samples.Length - at));
            int length = SoundBody.SamplesOffset + (2 * part.Length);
            byte[] frame = new byte[Frame.Overhead + length];
            double squares = 0;
            int peak = 0;
            int clipped = 0;
            int run = 0;
            for (int i = 0; i < part.Length; i++)
            {
                int magnitude = Math.Abs((int)part[i]);
                squares += (double)magnitude * magnitude;
                peak = Math.Max(peak, magnitude);
                run = magnitude >= SoundBody.FullScaleCounts ? run + 1 : 0;
                clipped += run == SoundBody.ClippedRun ? run : run > SoundBody.ClippedRun ? 1 : 0;
                BinaryPrimitives.WriteInt16LittleEndian(frame.AsSpan(Frame.HeaderLength + SoundBody.SamplesOffset + (2 * i)), part[i]);
            }

            Frame.WriteHeader(
                frame, 0, FrameKind.Sound, length, DeviceId, 1, Streams.Sound, FrameFlags.Simulated, (uint)frames.Count + 1, FirstUs + (at * 1_000_000L / PortRateHz), 1);
            SoundBody.WriteHead(frame, Frame.HeaderLength, PortRateHz, SoundCodec.Pcm16, part.Length, (int)Math.Sqrt(squares / part.Length), peak, clipped);
            Frame.Seal(frame, 0, Crc);
            frames.Add(frame);
        }

        return frames;
    }

    /// <summary>Proves frames and lays their samples out as the gateway does for a clip.</summary>
    /// <param name="frames">Frames, in order; ones that fail their proof are left out, and silence stands for them.</param>
    /// <returns>The clip's samples.</returns>
    public static short[] Assemble(IReadOnlyList<byte[]> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        List<ClipFrame> found = [];
        SortedDictionary<uint, byte[]> bytes = [];
        long endUs = FirstUs;
        foreach (byte[] frame in frames)
        {
            if (Frame.Check(frame, 0, frame.Length, Crc, out _) != FrameFault.None)
            {
                continue;
            }

            FrameHead head = FrameHead.Read(frame);
            int count = SoundBody.Count(frame, Frame.HeaderLength);
            found.Add(new ClipFrame(head.Sequence, found.Count + 1, head.MonotonicUs, count));
            bytes[head.Sequence] = frame;
            endUs = head.MonotonicUs + (count * 1_000_000L / PortRateHz);
        }

        ClipSpan span = ClipSpan.Lay(FirstUs, endUs, PortRateHz, found);
        short[] samples = new short[span.Length];
        foreach ((ClipFrame frame, int at, int skip, int take) in span.Pieces)
        {
            ReadOnlySpan<byte> from = bytes[frame.Sequence].AsSpan(Frame.HeaderLength + SoundBody.SamplesOffset + (2 * skip));
            for (int i = 0; i < take; i++)
            {
                samples[at + i] = BinaryPrimitives.ReadInt16LittleEndian(from[(2 * i)..]);
            }
        }

        return samples;
    }
}
