using Firmware.Core;
using Firmware.Pod;
using Firmware.Protocol;

namespace Firmware.Tests.Pod;

/// <summary>One pod with fake parts, a simulated store and a link in the test's hand.</summary>
public sealed class PodBench
{
    /// <summary>The device of all tests.</summary>
    public const ulong DeviceId = 0x0011_22FF_FE33_4455;

    private const int SameTimeBound = 2000;

    /// <summary>Builds a pod.</summary>
    /// <param name="store">Its store, or null for an empty one.</param>
    public PodBench(SimulatedByteStore? store)
    {
        Store = store ?? new SimulatedByteStore();
        Options = new PodOptions(
            DeviceId,
            [
                new PeripheralOptions(PodPart.Tmp117, 0x48) { Driver = Temperature },
                new PeripheralOptions(PodPart.Max30102, 0x57) { Driver = Light },
            ]);
        Options.FrameFlags = FrameFlags.Simulated;
    }

    /// <summary>The options, to be changed before <see cref="Start"/>.</summary>
    public PodOptions Options { get; }

    /// <summary>The store.</summary>
    public SimulatedByteStore Store { get; }

    /// <summary>The thermometer.</summary>
    public FakeTemperature Temperature { get; } = new();

    /// <summary>The oximeter.</summary>
    public FakeLight Light { get; } = new();

    /// <summary>The bus.</summary>
    public FakeBus Bus { get; } = new();

    /// <summary>The link.</summary>
    public FakeLink Link { get; } = new();

    /// <summary>The pod, after <see cref="Start"/>.</summary>
    public PodHost Host { get; private set; } = null!;

    /// <summary>Steps taken.</summary>
    public long Steps { get; private set; }

    /// <summary>Now, µs since the pod's boot.</summary>
    public long NowUs { get; private set; }

    /// <summary>Makes the rings and segments small, so that tests reach their bounds.</summary>
    /// <returns>This bench.</returns>
    public PodBench Small()
    {
        Options.VitalRingBytes = 4096;
        Options.GapRingBytes = 4096;
        Options.EventRingBytes = 4096;
        Options.WaveRingBytes = 4096;
        Options.SegmentBytes = 1024;
        Options.MaxSegments = 20;
        return this;
    }

    /// <summary>Makes the pod.</summary>
    /// <returns>This bench.</returns>
    public PodBench Start()
    {
        Host = new PodHost(Options, Bus, Store, new SoftwareCrc32(), new FakeEntropy(), Link);
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
            long next = Host.Step(NowUs);
            Steps++;
            if (next > NowUs)
            {
                same = 0;
            }
            else
            {
                same++;
                Assert.IsTrue(same <= SameTimeBound, "The pod does not let time pass.");
            }

            if (next > end || NowUs >= end)
            {
                NowUs = end;
                return;
            }

            NowUs = next > NowUs ? next : NowUs + (same > 1 ? 1 : 0);
        }
    }

    /// <summary>Sets the epoch by command.</summary>
    /// <param name="epoch">The epoch.</param>
    public void SetEpoch(uint epoch)
    {
        byte[] command = new byte[PodCommand.HeaderLength + 4];
        command[0] = 1;
        command[1] = PodCommand.SetEpoch;
        LittleEndian.WriteUInt32(command, PodCommand.HeaderLength, epoch);
        Link.Send(Topics.Command(DeviceId), command);
    }
}
