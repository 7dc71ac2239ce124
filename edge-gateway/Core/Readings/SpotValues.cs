using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using EdgeGateway.Core.Json;
using Firmware.Core;
using Firmware.Protocol;

namespace EdgeGateway.Core.Readings;

/// <summary>
/// What is measured now and then in the open session and stays true as measured: the last blood pressure, and the last result of each device's
/// self test. No I/O.
/// </summary>
internal sealed class SpotValues
{
    /// <summary>Most streams and devices remembered of each kind; further ones are left out here, not out of the readings.</summary>
    public const int MaxEntries = 64;

    private readonly SortedDictionary<(int Order, ulong Device, int Stream), (long Index, byte[] Json)> _vitals = [];
    private readonly SortedDictionary<ulong, (long Index, byte[] Json)> _tests = [];

    /// <summary>How many there are.</summary>
    public int Count => _vitals.Count + _tests.Count;

    /// <summary>The vital signs with their clinical order, ascending.</summary>
    public IEnumerable<(int Order, byte[] Json)> Vitals
    {
        get
        {
            foreach (((int order, ulong _, int _), (long _, byte[] json)) in _vitals)
            {
                yield return (order, json);
            }
        }
    }

    /// <summary>True for a reading that is kept here.</summary>
    public static bool IsOne(FrameHead head, ReadOnlySpan<byte> frame) => OrderOf(head, frame) != 0 || IsTest(head, frame);

    /// <summary>Another session, or none.</summary>
    public void Clear()
    {
        _vitals.Clear();
        _tests.Clear();
    }

    /// <summary>Takes in a reading.</summary>
    /// <param name="index">Its journal index: the newest counts.</param>
    /// <param name="head">Its head.</param>
    /// <param name="frame">The whole frame.</param>
    /// <param name="json">The reading as it is published.</param>
    /// <returns>True when it is now the last one of its kind.</returns>
    public bool Take(long index, FrameHead head, ReadOnlySpan<byte> frame, byte[] json)
    {
        int order = OrderOf(head, frame);
        return order != 0 ? Put(_vitals, (order, head.DeviceId, head.Stream), index, json)
            : IsTest(head, frame) && Put(_tests, head.DeviceId, index, json);
    }

    /// <summary>Writes the members <c>vitals</c> and <c>events</c>.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="open">False: both are empty.</param>
    public void Write(JsonText json, bool open)
    {
        json.Raw(",\"vitals\":[");
        string separator = "";
        if (open)
        {
            foreach ((int _, byte[] vital) in Vitals)
            {
                json.Raw(separator).Raw(System.Text.Encoding.UTF8.GetString(vital));
                separator = ",";
            }
        }

        json.Raw("],\"events\":[");
        separator = "";
        if (open)
        {
            foreach ((long _, byte[] test) in _tests.Values)
            {
                json.Raw(separator).Raw(System.Text.Encoding.UTF8.GetString(test));
                separator = ",";
            }
        }

        json.Raw("]");
    }

    private static bool Put<TKey>(SortedDictionary<TKey, (long Index, byte[] Json)> entries, TKey key, long index, byte[] json)
        where TKey : notnull
    {
        bool known = entries.TryGetValue(key, out (long Index, byte[] Json) last);
        if ((known && last.Index >= index) || (!known && entries.Count >= MaxEntries))
        {
            return false;
        }

        entries[key] = (index, json);
        return true;
    }

    private static int OrderOf(FrameHead head, ReadOnlySpan<byte> frame)
    {
        if (head.Version != Frame.Version || head.Kind != FrameKind.Numeric || head.BodyLength < NumericBody.Length)
        {
            return 0;
        }

        uint mdc = BinaryPrimitives.ReadUInt32LittleEndian(frame[Frame.HeaderLength..]);
        return mdc is MdcCodes.NoninvasiveSystolic or MdcCodes.NoninvasiveDiastolic or MdcCodes.NoninvasiveMean or MdcCodes.NoninvasivePulseRate
            ? MdcTable.Find(mdc)?.ClinicalOrder ?? 0
            : 0;
    }

    private static bool IsTest(FrameHead head, ReadOnlySpan<byte> frame) =>
        head.Version == Frame.Version && head.Kind == FrameKind.Event && head.BodyLength >= EventBody.Length
        && (FaultCode)BinaryPrimitives.ReadUInt16LittleEndian(frame[Frame.HeaderLength..])
            is FaultCode.CuffSelfTestPassed or FaultCode.CuffSelfTestFailed or FaultCode.CuffLinkPassed;
}
