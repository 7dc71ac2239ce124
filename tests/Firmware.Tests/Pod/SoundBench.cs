using Firmware.Core;
using Firmware.Pod;
using Firmware.Protocol;
using Firmware.Tests.Peripherals;

namespace Firmware.Tests.Pod;

/// <summary>A pod with the real driver on a scripted converter, and a thermometer beside it; every sample of every frame is compared with what the microphone made.</summary>
public sealed class SoundBench
{
    /// <summary>The device of all tests.</summary>
    public const ulong DeviceId = 0x0011_22FF_FE33_4455;

    private readonly int[] _codes = new int[256];
    private readonly int[] _occurrences = new int[256];
    private readonly uint[] _gapBoots = new uint[64];
    private int _codeCount;
    private long _expected = -1;

    /// <summary>Builds a pod.</summary>
    public SoundBench()
        : this(new SimulatedByteStore())
    {
    }

    /// <summary>Builds a pod.</summary>
    /// <param name="store">Its store.</param>
    public SoundBench(SimulatedByteStore store)
    {
        Store = store;
        Options = new PodOptions(
            DeviceId,
            [
                new PeripheralOptions(PodPart.Pcm1808, 0) { Audio = Audio },
                new PeripheralOptions(PodPart.Tmp117, 0x48) { Driver = Temperature },
            ]);
    }

    /// <summary>The options, to be changed before <see cref="Start"/>.</summary>
    public PodOptions Options { get; }

    /// <summary>The store.</summary>
    public SimulatedByteStore Store { get; }

    /// <summary>The converter.</summary>
    public AudioScript Audio { get; } = new();

    /// <summary>The thermometer.</summary>
    public FakeTemperature Temperature { get; } = new();

    /// <summary>The link.</summary>
    public FakeLink Link { get; } = new();

    /// <summary>The pod, after <see cref="Start"/>.</summary>
    public PodHost Host { get; private set; } = null!;

    /// <summary>Now, µs.</summary>
    public long NowUs { get; private set; }

    /// <summary>Sound frames.</summary>
    public int Frames { get; private set; }

    /// <summary>Values and absences of the thermometer.</summary>
    public int Temperatures { get; private set; }

    /// <summary>Gap records about sound.</summary>
    public int Gaps { get; private set; }

    /// <summary>Epochs of sound, one bit each.</summary>
    public uint Epochs { get; private set; }

    /// <summary>Cause of the last gap record about sound.</summary>
    public GapCause LastGapCause { get; private set; }

    /// <summary>Count of the last gap record about sound.</summary>
    public uint LastGapCount { get; private set; }

    /// <summary>First number of the last gap record about sound.</summary>
    public uint LastGapFirst { get; private set; }

    /// <summary>Last number of the last gap record about sound.</summary>
    public uint LastGapLast { get; private set; }

    /// <summary>False once a sample came that the microphone did not make, or in the wrong place.</summary>
    public bool IsExact { get; private set; } = true;

    /// <summary>The last state message.</summary>
    public string State { get; private set; } = string.Empty;

    /// <summary>Makes the pod.</summary>
    /// <returns>This bench.</returns>
    public SoundBench Start()
    {
        Host = new PodHost(Options, new FakeBus(), Store, new SoftwareCrc32(), new FakeEntropy(), Link);
        Host.FrameProduced += OnFrame;
        string state = Topics.State(DeviceId);
        Link.Published += (topic, buffer, count) =>
        {
            if (topic == state)
            {
                State = System.Text.Encoding.UTF8.GetString(buffer, 0, count);
            }
        };
        return this;
    }

    /// <summary>Runs the pod's loop.</summary>
    /// <param name="us">For how long.</param>
    public void Run(long us)
    {
        long end = NowUs + us;
        int same = 0;
        while (true)
        {
            Audio.NowUs = NowUs;
            long next = Host.Step(NowUs);
            same = next > NowUs ? 0 : same + 1;
            Assert.IsTrue(same <= 2000, "The pod does not let time pass.");
            if (next > end || NowUs >= end)
            {
                NowUs = end;
                Audio.NowUs = end;
                return;
            }

            NowUs = next > NowUs ? next : NowUs + (same > 1 ? 1 : 0);
        }
    }

    /// <summary>The loop stands still.</summary>
    /// <param name="us">For how long.</param>
    public void Stall(long us)
    {
        NowUs += us;
        Audio.NowUs = NowUs;
    }

    /// <summary>Opens epoch 1 and listens, and lets the converter settle.</summary>
    public void ListenNow()
    {
        Run(3_000_000);
        SetEpoch(1);
        Listen(1, 1);
    }

    /// <summary>Sets the epoch by command.</summary>
    /// <param name="epoch">The epoch.</param>
    public void SetEpoch(uint epoch)
    {
        byte[] command = new byte[PodCommand.HeaderLength + 4];
        command[0] = 1;
        command[1] = PodCommand.SetEpoch;
        LittleEndian.WriteUInt32(command, PodCommand.HeaderLength, epoch);
        Send(command);
    }

    /// <summary>Turns listening on or off by command.</summary>
    /// <param name="epoch">The epoch named.</param>
    /// <param name="on">1 on, 0 off, or something else.</param>
    public void Listen(uint epoch, byte on)
    {
        byte[] command = new byte[PodCommand.HeaderLength + 5];
        command[0] = 1;
        command[1] = PodCommand.SetListening;
        LittleEndian.WriteUInt32(command, PodCommand.HeaderLength, epoch);
        command[PodCommand.HeaderLength + 4] = on;
        Send(command);
    }

    /// <summary>Occurrences of a code in events so far.</summary>
    /// <param name="code">The code.</param>
    /// <returns>How many.</returns>
    public int Events(FaultCode code)
    {
        for (int i = 0; i < _codeCount; i++)
        {
            if (_codes[i] == (int)code)
            {
                return _occurrences[i];
            }
        }

        return 0;
    }

    /// <summary>Gap records about the sound of one boot.</summary>
    /// <param name="bootId">The boot.</param>
    /// <returns>How many.</returns>
    public int GapsOf(uint bootId)
    {
        int count = 0;
        for (int i = 0; i < Gaps; i++)
        {
            count += _gapBoots[i] == bootId ? 1 : 0;
        }

        return count;
    }

    private void Send(byte[] command)
    {
        // A command comes from inside a step, whose time the pod knows.
        Audio.NowUs = NowUs;
        Host.Step(NowUs);
        Link.Send(Topics.Command(DeviceId), command);
        Host.Step(NowUs);
    }

    private void OnFrame(byte[] buffer, int offset, int length)
    {
        int body = offset + Frame.HeaderLength;
        switch (Frame.Kind(buffer, offset))
        {
            case FrameKind.Sound:
                Frames++;
                Epochs |= 1u << (int)Frame.BindingEpoch(buffer, offset);
                Compare(buffer, body);
                break;
            case FrameKind.Numeric:
                Temperatures++;
                break;
            case FrameKind.Event:
                Count((int)EventBody.Code(buffer, body), EventBody.Argument(buffer, body));
                break;
            case FrameKind.Gap:
                if (GapBody.Stream(buffer, body) == Streams.Sound)
                {
                    _gapBoots[Gaps] = GapBody.BootId(buffer, body);
                    Gaps++;
                    LastGapCause = GapBody.Cause(buffer, body);
                    LastGapCount = GapBody.Count(buffer, body);
                    LastGapFirst = GapBody.First(buffer, body);
                    LastGapLast = GapBody.Last(buffer, body);
                    bool exact = GapBody.Unit(buffer, body) == GapBody.Samples;
                    _expected = exact && _expected >= 0 ? _expected + GapBody.Count(buffer, body) : -1;
                }

                break;
            default:
                break;
        }
    }

    private void Compare(byte[] buffer, int body)
    {
        int count = SoundBody.Count(buffer, body);
        long first = _expected;
        if (first < 0 || !IsAt(buffer, body, count, first))
        {
            // After a pause, or after a loss whose size is a lower bound: it must be found further on.
            long from = first > Audio.Base ? first : Audio.Base;
            first = -1;
            for (long at = from; at < Audio.NextIndex && first < 0; at++)
            {
                first = IsAt(buffer, body, count, at) ? at : -1;
            }

            IsExact &= first >= 0 && _expected < 0;
        }

        _expected = first + count;
    }

    private static bool IsAt(byte[] buffer, int body, int count, long first)
    {
        for (int i = 0; i < count; i++)
        {
            if ((short)LittleEndian.ReadUInt16(buffer, body + SoundBody.SamplesOffset + (2 * i)) != AudioScript.Truth(first + i))
            {
                return false;
            }
        }

        return true;
    }

    private void Count(int code, int occurrences)
    {
        for (int i = 0; i < _codeCount; i++)
        {
            if (_codes[i] == code)
            {
                _occurrences[i] += occurrences;
                return;
            }
        }

        _codes[_codeCount] = code;
        _occurrences[_codeCount] = occurrences;
        _codeCount++;
    }
}
