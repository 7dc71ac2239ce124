using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Sound;

/// <summary>A gateway with a pod that has a stethoscope, and whoever listens.</summary>
internal sealed class SoundRig
{
    public const int FrameSamples = 800;
    public const long FrameUs = 100_000;
    public const string PodState = """{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"TMP117","state":"measuring"},{"name":"PCM1808","state":"measuring"}]}""";

    private readonly long _firstUs;
    private uint _sequence;

    public SoundRig(ulong seed = 1, bool external = false)
    {
        Rig = new Rig(seed, external: external);
        Pod = Rig.Pod(Rig.PodA);
        Commands = [];
        Pod.OnReceived = (topic, payload) => Commands.Add(payload);
        Pod.Subscribe(Topics.Command(Rig.PodA), Rig.NowUs);
        TellState();
        Doctor = Rig.Doctor();
        Epoch = Rig.OpenSession("S1");
        Rig.Require(() => Pod.Client.IsConnected && Pod.Waiting == 0 && Commands.Count > 0, "the pod is connected");
        Pod.Publish(Topics.Up(Rig.PodA), Rig.ClockFrame(Rig.PodA, 1, 1));
        Rig.Require(() => Pod.Waiting == 0, "clock");

        // What was measured before the session opened would not be its own.
        Rig.Run(3 * FrameUs);
        _firstUs = Rig.PodUs - FrameUs;
    }

    public Rig Rig { get; }

    public TestClient Pod { get; }

    public TestClient Doctor { get; }

    public List<byte[]> Commands { get; }

    public uint Epoch { get; private set; }

    public uint Sequence => _sequence;

    /// <summary>Sample <paramref name="index"/> of a test sound: different at every place, so that a wrong order or place is found.</summary>
    public static short Sample(long index) => (short)((index * 31) % 20_011);

    public static byte[] Frame(uint sequence, long us, uint epoch, long firstSample, int flags = 0, int count = FrameSamples)
    {
        byte[] body = new byte[SoundBody.SamplesOffset + (2 * count)];
        SoundBody.WriteHead(body, 0, 8000, SoundCodec.Pcm16, count, 1000, 20_010, 0);
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(body.AsSpan(SoundBody.SamplesOffset + (2 * i)), Sample(firstSample + i));
        }

        return Frames.Make(FrameKind.Sound, body, Rig.PodA, 1, Streams.Sound, sequence, us, epoch, flags);
    }

    public void NewSession(string id) => Epoch = Rig.OpenSession(id);

    /// <summary>The pod says what it has, as it does at each connection.</summary>
    public void TellState() => Pod.Publish(Topics.State(Rig.PodA), Encoding.UTF8.GetBytes(PodState));

    /// <summary>The pod sends its next frame both ways.</summary>
    public byte[] Send(bool live = true, bool durable = true, uint? epoch = null)
    {
        byte[] frame = Frame(++_sequence, _firstUs + ((_sequence - 1) * FrameUs), epoch ?? Epoch, (_sequence - 1) * (long)FrameSamples);
        if (live)
        {
            SendLive(frame);
        }

        if (durable)
        {
            Pod.Publish(Topics.Up(Rig.PodA), frame);
        }

        return frame;
    }

    public void SendLive(byte[] frame) => Assert.IsTrue(Pod.Client.TryPublish(
        new MqttMessage { Topic = Topics.LiveSound(Rig.PodA), Payload = frame, Qos = MqttQos.AtMostOnce }, 0, Rig.NowUs));

    /// <summary>Sound for a time, both ways.</summary>
    public void Play(int frames)
    {
        for (int i = 0; i < frames; i++)
        {
            Send();
            Rig.Run(FrameUs);
        }
    }

    public IEnumerable<Arrived> Live() => Doctor.Received.Where(a => a.Topic == "cart/C1/session/S1/live/02aabbfffe0000a1/64");

    public Arrived? Newest(string topic) => Doctor.Received.LastOrDefault(a => a.Topic == topic);

    public void Tell(string below, string json) => Doctor.Publish("cart/C1/session/S1/" + below, Encoding.UTF8.GetBytes(json));
}
