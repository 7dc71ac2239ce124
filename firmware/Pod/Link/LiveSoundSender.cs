using System;
using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Protocol;

namespace Firmware.Pod.Link;

/// <summary>
/// The live copy of sound: every sound frame, whole, at QoS 0 on its own topic, in the step in which it was made and before its durable copy. It is
/// numbered by that frame's own sequence. What the link does not take now, and what is old already, is dropped and counted: the durable copy has it.
/// </summary>
public sealed class LiveSoundSender
{
    /// <summary>Most frames made in one step. At the bound the newest is dropped and counted.</summary>
    public const int MaxFrames = 4;

    /// <summary>A frame whose first sample is older than this is of no use to somebody who listens, µs.</summary>
    public const long LatestUs = 1_000_000;

    private readonly IPodLink _link;
    private readonly PodCounters _counters;
    private readonly string _topic;
    private readonly byte[][] _frames = new byte[MaxFrames][];
    private readonly int[] _length = new int[MaxFrames];
    private int _count;

    /// <summary>Allocates only where there is a stethoscope.</summary>
    /// <param name="options">The device and its peripherals.</param>
    /// <param name="ring">Where frames are made.</param>
    /// <param name="link">The link.</param>
    /// <param name="counters">The counters.</param>
    public LiveSoundSender(PodOptions options, PodRing ring, IPodLink link, PodCounters counters)
    {
        _link = link;
        _counters = counters;
        _topic = Topics.LiveSound(options.DeviceId);
        if (options.HasSound)
        {
            for (int i = 0; i < MaxFrames; i++)
            {
                _frames[i] = new byte[Frame.MaxMessageLength];
            }

            ring.FrameProduced += OnFrameProduced;
        }
    }

    /// <summary>True when a copy waits for this step's end.</summary>
    public bool IsWaiting => _count > 0;

    /// <summary>Sends or drops what waits.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Step(long nowUs)
    {
        int count = _count;
        _count = 0;
        for (int i = 0; i < count; i++)
        {
            bool inTime = nowUs - Frame.MonotonicUs(_frames[i], 0) <= LatestUs;
            if (inTime && _link.TryPublish(_topic, _frames[i], _length[i], 0, false))
            {
                _counters.LiveSoundSent++;
            }
            else
            {
                _counters.LiveSoundDropped++;
            }
        }
    }

    private void OnFrameProduced(byte[] buffer, int offset, int length)
    {
        if (Frame.Kind(buffer, offset) != FrameKind.Sound)
        {
            return;
        }

        if (_count == MaxFrames)
        {
            _counters.LiveSoundDropped++;
            return;
        }

        Array.Copy(buffer, offset, _frames[_count], 0, length);
        _length[_count] = length;
        _count++;
    }
}
