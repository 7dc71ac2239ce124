using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Protocol;
using Firmware.Tests.Pod;

namespace Firmware.Tests.Host.Endurance;

/// <summary>
/// Keeps account of a pod for any time in bounded memory: numbers that have not come are kept as ranges until a gap record declares them; and samples of which neither a frame nor a number that declares
/// them tells are found by the frames' times.
/// </summary>
internal sealed class StreamAccount
{
    private const int MaxFindings = 20;

    // The converter's DMA has buffers of 28 ms, and the loop looks each 25 ms at most.
    private const long BufferUs = 33_000;
    private const int FramesToSettle = 20;
    private const int MaxRanges = 4000;

    // With all the room that they ever need, so that they do not grow beside the pod.
    private readonly Dictionary<(uint Boot, int Stream), uint> _highest = new(1024);
    private readonly List<(uint Boot, int Stream, uint First, uint Last)> _open = new(2 * MaxRanges);
    private readonly List<(uint Boot, int Stream, uint First, uint Last)> _declared = new(2 * MaxRanges);
    private readonly Dictionary<int, Run> _runs = [];
    private readonly string _topic = Topics.Up(PodBench.DeviceId);

    public bool IsReceiving { get; set; } = true;

    public List<string> Findings { get; } = [];

    public long Received { get; private set; }

    public long Samples { get; private set; }

    public SortedDictionary<string, long> Gaps { get; } = new(StringComparer.Ordinal);

    public void Watch(PodHost host, FakeLink link)
    {
        _runs.Clear();
        host.FrameProduced += (buffer, offset, _) => Follow(host, buffer, offset);
        link.Published += (topic, buffer, count) =>
        {
            for (int at = 0; topic == _topic && IsReceiving && at < count; at += Frame.Overhead + Frame.BodyLength(buffer, at))
            {
                Receive(buffer, at);
            }
        };
    }

    /// <summary>Numbers below those that came which neither came nor were declared.</summary>
    public IReadOnlyList<string> Undeclared()
    {
        Match();
        return [.. _open.Select(o => $"boot {o.Boot}, stream {o.Stream}: {o.First} to {o.Last}")];
    }

    private void Receive(byte[] buffer, int at)
    {
        Received++;
        uint boot = Frame.BootId(buffer, at);
        int stream = Frame.Stream(buffer, at);
        uint sequence = Frame.Sequence(buffer, at);
        uint highest = _highest.GetValueOrDefault((boot, stream));
        if (sequence > highest)
        {
            if (sequence > highest + 1)
            {
                _open.Add((boot, stream, highest + 1, sequence - 1));
            }

            _highest[(boot, stream)] = sequence;
        }

        if (Frame.Kind(buffer, at) == FrameKind.Gap)
        {
            int body = at + Frame.HeaderLength;
            _declared.Add((GapBody.BootId(buffer, body), GapBody.Stream(buffer, body), GapBody.First(buffer, body), GapBody.Last(buffer, body)));
            string cause = GapBody.Cause(buffer, body).ToString();
            Gaps[cause] = Gaps.GetValueOrDefault(cause) + 1;
        }

        if (_open.Count + _declared.Count > MaxRanges)
        {
            Match();
        }
    }

    // A range that is open shrinks by what is declared of it. A declaration is kept only as long as numbers around it may still come: those of an older boot or below the highest are used up.
    private void Match()
    {
        foreach ((uint boot, int stream, uint first, uint last) in _declared)
        {
            for (int i = _open.Count - 1; i >= 0; i--)
            {
                (uint Boot, int Stream, uint First, uint Last) open = _open[i];
                if (open.Boot != boot || open.Stream != stream || open.First > last || open.Last < first)
                {
                    continue;
                }

                _open.RemoveAt(i);
                if (open.First < first)
                {
                    _open.Add((boot, stream, open.First, first - 1));
                }

                if (open.Last > last)
                {
                    _open.Add((boot, stream, last + 1, open.Last));
                }
            }
        }

        uint newest = _highest.Count == 0 ? 0 : _highest.Keys.Max(k => k.Boot);
        _declared.RemoveAll(d => d.Boot + 3 < newest || d.Last < _highest.GetValueOrDefault((d.Boot, d.Stream)));
        foreach ((uint Boot, int Stream) old in _highest.Keys.Where(k => k.Boot + 3 < newest).ToArray())
        {
            _highest.Remove(old);
        }
    }

    private void Follow(PodHost host, byte[] buffer, int offset)
    {
        // While a cuff is inflated the stethoscope pauses: nothing is to be heard, and nothing is missed.
        if (host.Situation.IsCuffInflated && _runs.TryGetValue(Streams.Sound, out Run sound))
        {
            _runs[Streams.Sound] = sound with { IsPaused = true };
        }

        int stream = Frame.Stream(buffer, offset);
        int body = offset + Frame.HeaderLength;
        (long periodUs, int count) = Frame.Kind(buffer, offset) switch
        {
            FrameKind.Waveform => ((long)WaveformBody.PeriodUs(buffer, body), WaveformBody.Count(buffer, body)),
            FrameKind.Sound => (1_000_000L / SoundBody.SampleRateHz(buffer, body), SoundBody.Count(buffer, body)),
            _ => (0, 0),
        };
        if (count == 0)
        {
            return;
        }

        Samples += count;
        long firstUs = Frame.MonotonicUs(buffer, offset);
        uint sequence = Frame.Sequence(buffer, offset);
        uint epoch = Frame.BindingEpoch(buffer, offset);
        bool isPaused = host.Situation.IsCuffInflated && stream == Streams.Sound;
        if (_runs.TryGetValue(stream, out Run last) && last.Sequence + 1 == sequence && last.Epoch == epoch && !isPaused && !last.IsPaused && stream != Streams.CuffPressure)
        {
            // The clock of a part is known within a period. Sound is stamped by the converter's own count; after a loss the stamps are set anew, to within a buffer of the port.
            long allowedUs = stream == Streams.Sound && last.SinceGap < FramesToSettle ? BufferUs : Math.Max(periodUs * 3 / 2, 2_000);
            long off = firstUs - last.EndUs;
            if (Math.Abs(off) > allowedUs && Findings.Count < MaxFindings)
            {
                Findings.Add($"stream {stream}: {off} µs between {last.Sequence} and {sequence} at {firstUs / 1000} ms, {last.SinceGap} frames after a gap, and no number declares it");
            }
        }

        bool follows = last.Sequence + 1 == sequence && last.Epoch == epoch && !isPaused && !last.IsPaused;
        _runs[stream] = new Run(sequence, epoch, firstUs + (periodUs * count), isPaused, follows ? last.SinceGap + 1 : 0);
    }

    private readonly record struct Run(uint Sequence, uint Epoch, long EndUs, bool IsPaused, int SinceGap);
}
