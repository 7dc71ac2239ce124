using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sound;
using Firmware.Core;
using Firmware.Protocol;
using Simulators.Cart.Ledger;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;
using Simulators.Chips;

namespace Simulators.Cart.Evaluation;

/// <summary>
/// The whole way of a recorded sound: resampled to the converter's rate, played at the converter's stimulus input as a voltage, through driver, pod, MQTT, gateway and journal to the session's
/// subscriber; what it received is laid out by the gateway's own layout and analysed by the gateway's analysis.
/// </summary>
public static class SoundPath
{
    /// <summary>Rate of the converter's port, samples per second.</summary>
    public const int PortRateHz = 8000;

    /// <summary>Samples of one frame: 100 ms.</summary>
    public const int FrameSamples = 800;

    private const ulong DeviceId = 0x02a1b2fffe0000f3;
    private const long FirstUs = 1_000_000;
    private const long ListenUs = 4_000_000;
    private const long BeginsUs = 8_000_000;
    private const long AfterUs = 1_000_000;

    // Recordings are brought to full scale by who made them; a cart's gain leaves room for a knock. So they are played at half of the converter's range.
    private const long FullScale = 2 * 32_768;

    // Taps on each side of the interpolation: 32 samples of the recording in all.
    private const int HalfTaps = 16;

    // sin(k pi / 8), k 0 to 7, by square roots: the same on every machine.
    private static readonly double[] SineOfEighths =
    [
        0, Math.Sqrt(2 - Math.Sqrt(2)) / 2, Math.Sqrt(2) / 2, Math.Sqrt(2 + Math.Sqrt(2)) / 2,
        1, Math.Sqrt(2 + Math.Sqrt(2)) / 2, Math.Sqrt(2) / 2, Math.Sqrt(2 - Math.Sqrt(2)) / 2,
    ];

    private static readonly ICrc32 Crc = new SoftwareCrc32();

    /// <summary>Plays a recording through a whole cart and gives what the gateway's analysis says of what the session's subscriber received.</summary>
    /// <param name="record">The recording.</param>
    /// <param name="seed">Everything random comes from it.</param>
    /// <param name="watch">Sent the recording's name and its world before it runs, or null.</param>
    /// <returns>The result.</returns>
    public static AuscultationResult Play(SoundRecord record, ulong seed = 1, Action<string, SimulatedWorld>? watch = null)
    {
        ArgumentNullException.ThrowIfNull(record);
        short[] played = Resample(record.Samples, record.RateHz);
        return HeartSoundAnalysis.Analyse(Carried(played, seed, world => watch?.Invoke(record.Name, world)), PortRateHz);
    }

    /// <summary>What the session's subscriber receives of a sound at the converter's input.</summary>
    /// <param name="played">Samples at the port's rate; their full scale is half of the converter's.</param>
    /// <param name="seed">Everything random comes from it.</param>
    /// <param name="watch">Sent the world before it runs, or null.</param>
    /// <returns>As many samples, half as large; silence stands for what did not arrive.</returns>
    public static short[] Carried(short[] played, ulong seed, Action<SimulatedWorld>? watch = null)
    {
        ArgumentNullException.ThrowIfNull(played);
        long endUs = BeginsUs + (played.Length * 1_000_000L / PortRateHz);
        const long PeriodNs = 1_000_000_000L / PortRateHz;
        long NanoVolt(long ns)
        {
            long since = ns - (BeginsUs * 1000);
            long index = since / PeriodNs;
            if (since < 0 || index + 1 >= played.Length)
            {
                return 0;
            }

            long here = played[index];
            long next = played[index + 1];
            return ((here * PeriodNs) + ((next - here) * (since - (index * PeriodNs)))) * (SimulatedPcm1808.FullScaleNanoVolt / FullScale) / PeriodNs;
        }

        ScenarioDefinition definition = new()
        {
            Name = "evaluate",
            Summary = "a recorded sound",
            DurationUs = endUs + AfterUs + EvaluationRun.DrainUs,
            Carts =
            [
                new CartDefinition
                {
                    Id = "cart-a",
                    Pods = [new PodDefinition { Id = "bedside", DeviceId = DeviceId, Chips = [PodPart.Pcm1808], PluggedAtStart = [], SoundNanoVolt = NanoVolt }],
                    Sessions = [new SessionDefinition("S1", 1_000_000, endUs + AfterUs)],
                    Subscribers = [new SubscriberDefinition { Id = "doctor", Session = "S1" }],
                },
            ],
            Timeline = [new TimelineEvent(ListenUs, ScenarioFaults.Named("listen"), 0, 0, PodPart.Pcm1808, long.MaxValue, 0)],
            Expect = new Expectations { MinDelivered = 0 },
        };
        using SimulatedWorld world = new(definition, seed, traced: false);
        watch?.Invoke(world);
        SortedDictionary<uint, byte[]> frames = [];
        world.Carts[0].Subscribers[0].Received += (in Delivery delivery) =>
        {
            if (delivery.Class is "sound")
            {
                frames[delivery.Id.Sequence] = delivery.Payload.ToArray();
            }
        };
        world.Run();

        // The pod's clock began with the world and runs true.
        return Assemble([.. frames.Values], BeginsUs, endUs);
    }

    /// <summary>
    /// Brings samples to the port's rate. A divisor of it: windowed sinc, window (1 - (x / 17)^2)^2, which keeps every sample as it is; any other rate: <see cref="SoundResampler"/>.
    /// </summary>
    /// <param name="samples">Samples.</param>
    /// <param name="rateHz">Their rate, samples per second, 1 or more.</param>
    /// <returns>Samples at 8,000 Hz.</returns>
    public static short[] Resample(ReadOnlySpan<short> samples, int rateHz)
    {
        if (PortRateHz % rateHz != 0)
        {
            return OtherRate(samples, rateHz);
        }

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

    private static short[] OtherRate(ReadOnlySpan<short> samples, int rateHz)
    {
        double[] wide = new double[samples.Length];
        for (int i = 0; i < wide.Length; i++)
        {
            wide[i] = samples[i];
        }

        double[] resampled = SoundResampler.Resample(wide, rateHz, PortRateHz);
        short[] made = new short[resampled.Length];
        for (int i = 0; i < made.Length; i++)
        {
            made[i] = (short)Math.Clamp(Math.Round(resampled[i]), short.MinValue, short.MaxValue);
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
    public static short[] Assemble(IReadOnlyList<byte[]> frames) => Assemble(frames, FirstUs, null);

    private static short[] Assemble(IReadOnlyList<byte[]> frames, long firstUs, long? untilUs)
    {
        ArgumentNullException.ThrowIfNull(frames);
        List<ClipFrame> found = [];
        SortedDictionary<uint, byte[]> bytes = [];
        long endUs = firstUs;
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

        ClipSpan span = ClipSpan.Lay(firstUs, untilUs ?? endUs, PortRateHz, found);
        short[] samples = new short[span.Length];
        foreach ((ClipFrame frame, int at, int skip, int take) in span.Chunks)
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
