using System;
using System.Collections.Generic;
using Firmware.Core;
using Firmware.Protocol;
using Firmware.Tests.Pod;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Host;

/// <summary>
/// Keeps account of a pod over all its boots: what it made, what it said is stored, what the gateway got, what was declared lost; and checks
/// the rule of firmware/Pod/README.md.
/// </summary>
internal sealed class Account
{
    private readonly Dictionary<(uint Boot, int Stream, uint Sequence), byte[]> _produced = [];
    private readonly HashSet<(uint Boot, int Stream, uint Sequence)> _stored = [];
    private readonly HashSet<(uint Boot, int Stream, uint Sequence)> _evicted = [];
    private readonly Dictionary<(uint Boot, int Stream, uint Sequence), byte[]> _delivered = [];
    private readonly Dictionary<(uint Boot, int Stream), uint> _highest = [];
    private readonly List<(uint Boot, int Stream, uint First, uint Last, GapCause Cause)> _gaps = [];
    private readonly SoftwareCrc32 _crc = new();
    private readonly string _upTopic = Topics.Up(PodBench.DeviceId);

    public int Produced => _produced.Count;

    public int Delivered => _delivered.Count;

    public int Lost { get; private set; }

    public int Repeated { get; private set; }

    public IReadOnlyList<(uint Boot, int Stream, uint First, uint Last, GapCause Cause)> Gaps => _gaps;

    /// <summary>The gateway takes what it gets, except while this is false: then it is lost on the way.</summary>
    public bool Receiving { get; set; } = true;

    /// <summary>True when the store was damaged on purpose: then what was stored may be lost, if it is declared.</summary>
    public bool IgnoreStored { get; set; }

    public void Watch(PodBench bench)
    {
        bench.Host.FrameProduced += (buffer, offset, length) =>
        {
            (uint, int, uint) key = Key(buffer, offset);
            if (!_produced.TryAdd(key, Copy(buffer, offset, length)))
            {
                Assert.Fail($"{key} was given out twice");
            }
        };
        bench.Host.FrameStored += (buffer, offset, _) => _stored.Add(Key(buffer, offset));
        bench.Host.FrameEvicted += (buffer, offset, _) => _evicted.Add(Key(buffer, offset));
        bench.Host.FrameRecovered += (buffer, offset, _) =>
        {
            Assert.IsTrue(_produced.ContainsKey(Key(buffer, offset)), "a frame was recovered that never was made");
            Assert.AreNotEqual(0, Frame.Flags(buffer, offset) & FrameFlags.FromStorage);
        };
        bench.Link.Published += (topic, buffer, count) =>
        {
            if (topic == _upTopic && Receiving)
            {
                Receive(buffer, count);
            }
        };
    }

    public void Receive(byte[] buffer, int count)
    {
        Assert.IsTrue(count <= Frame.MaxMessageLength);
        int at = 0;
        while (at < count)
        {
            Assert.AreEqual(FrameFault.None, Frame.Check(buffer, at, count - at, _crc, out int length));
            (uint Boot, int Stream, uint Sequence) key = Key(buffer, at);
            if (!_produced.TryGetValue(key, out byte[]? made))
            {
                Assert.Fail($"{key} arrived and never was made");
            }

            AssertSame(made, buffer, at, length);
            if (!_delivered.TryAdd(key, Copy(buffer, at, length)))
            {
                Repeated++;
            }
            else
            {
                uint highest = _highest.GetValueOrDefault((key.Boot, key.Stream));
                if (key.Sequence <= highest)
                {
                    Assert.Fail($"{key} arrived first after {highest} of its stream");
                }

                _highest[(key.Boot, key.Stream)] = key.Sequence;
                if (Frame.Kind(buffer, at) == FrameKind.Gap)
                {
                    int body = at + Frame.HeaderLength;
                    _gaps.Add((GapBody.BootId(buffer, body), GapBody.Stream(buffer, body), GapBody.First(buffer, body), GapBody.Last(buffer, body), GapBody.Cause(buffer, body)));
                }
            }

            at += length;
        }
    }

    /// <summary>Every frame made is delivered or declared; every frame said to be stored is delivered unless it gave way.</summary>
    public void Check(string what)
    {
        Lost = 0;
        foreach ((uint Boot, int Stream, uint Sequence) key in _produced.Keys)
        {
            if (_delivered.ContainsKey(key))
            {
                continue;
            }

            Lost++;
            if (!IsDeclared(key))
            {
                Assert.Fail($"{what}: {key} is neither delivered nor declared; gaps: {string.Join("; ", _gaps)}");
            }

            if (!IgnoreStored && _stored.Contains(key) && !_evicted.Contains(key))
            {
                Assert.Fail($"{what}: {key} was said to be stored and did not come");
            }
        }
    }

    private bool IsDeclared((uint Boot, int Stream, uint Sequence) key)
    {
        foreach ((uint boot, int stream, uint first, uint last, GapCause _) in _gaps)
        {
            if (boot == key.Boot && stream == key.Stream && first <= key.Sequence && key.Sequence <= last)
            {
                return true;
            }
        }

        return false;
    }

    private static (uint Boot, int Stream, uint Sequence) Key(byte[] buffer, int offset) =>
        (Frame.BootId(buffer, offset), Frame.Stream(buffer, offset), Frame.Sequence(buffer, offset));

    private static byte[] Copy(byte[] buffer, int offset, int length) => buffer.AsSpan(offset, length).ToArray();

    // Alike but for the flag FromStorage and the CRC that covers it.
    private static void AssertSame(byte[] made, byte[] buffer, int offset, int length)
    {
        Assert.AreEqual(made.Length, length);
        for (int i = 0; i < length - Frame.TrailerLength; i++)
        {
            int got = i == 18 ? buffer[offset + i] & ~FrameFlags.FromStorage : buffer[offset + i];
            if (made[i] != got)
            {
                Assert.Fail($"byte {i}: made {made[i]}, got {got}");
            }
        }
    }
}
