using System;
using System.Collections.Generic;
using System.Text.Json;
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

    private readonly SortedDictionary<(int Order, ulong Device, int Stream), (long Index, ReadOnlyMemory<byte> Json)> _vitals = [];
    private readonly SortedDictionary<ulong, (long Index, ReadOnlyMemory<byte> Json)> _tests = [];

    /// <summary>How many there are.</summary>
    public int Count => _vitals.Count + _tests.Count;

    /// <summary>The vital signs with their clinical order, ascending.</summary>
    public IEnumerable<(int Order, ReadOnlyMemory<byte> Json)> Vitals
    {
        get
        {
            foreach (((int order, ulong _, int _), (long _, ReadOnlyMemory<byte> json)) in _vitals)
            {
                yield return (order, json);
            }
        }
    }

    /// <summary>True for a reading that is kept here.</summary>
    public static bool IsOne(in Reading reading) => OrderOf(reading) != 0 || IsTest(reading);

    /// <summary>Another session, or none.</summary>
    public void Clear()
    {
        _vitals.Clear();
        _tests.Clear();
    }

    /// <summary>Takes in a reading.</summary>
    /// <param name="index">Its journal index: the newest counts.</param>
    /// <param name="reading">The reading.</param>
    /// <param name="json">The reading as it is published.</param>
    /// <returns>True when it is now the last one of its kind.</returns>
    public bool Take(long index, in Reading reading, ReadOnlyMemory<byte> json)
    {
        int order = OrderOf(reading);
        return order != 0 ? Put(_vitals, (order, reading.Head.DeviceId, reading.Head.Stream), index, json)
            : IsTest(reading) && Put(_tests, reading.Head.DeviceId, index, json);
    }

    /// <summary>Writes the members <c>vitals</c> and <c>events</c>.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="open">False: both are empty.</param>
    public void Write(Utf8JsonWriter json, bool open)
    {
        json.WriteStartArray("vitals"u8);
        if (open)
        {
            foreach ((int _, ReadOnlyMemory<byte> vital) in Vitals)
            {
                json.WriteRawValue(vital.Span, skipInputValidation: true);
            }
        }

        json.WriteEndArray();
        json.WriteStartArray("events"u8);
        if (open)
        {
            foreach ((long _, ReadOnlyMemory<byte> test) in _tests.Values)
            {
                json.WriteRawValue(test.Span, skipInputValidation: true);
            }
        }

        json.WriteEndArray();
    }

    private static bool Put<TKey>(SortedDictionary<TKey, (long Index, ReadOnlyMemory<byte> Json)> entries, TKey key, long index, ReadOnlyMemory<byte> json)
        where TKey : notnull
    {
        bool known = entries.TryGetValue(key, out (long Index, ReadOnlyMemory<byte> Json) last);
        if ((known && last.Index >= index) || (!known && entries.Count >= MaxEntries))
        {
            return false;
        }

        entries[key] = (index, json);
        return true;
    }

    private static int OrderOf(in Reading reading)
    {
        if (reading.Head is not { Version: Frame.Version, Kind: FrameKind.Numeric, BodyLength: >= NumericBody.Length })
        {
            return 0;
        }

        return MdcTable.Find(NumericBody.MdcCode(reading.Bytes, reading.BodyOffset)) is { IsSpot: true } quantity ? quantity.ClinicalOrder : 0;
    }

    private static bool IsTest(in Reading reading) =>
        reading.Head is { Version: Frame.Version, Kind: FrameKind.Event, BodyLength: >= EventBody.Length }
        && EventBody.Code(reading.Bytes, reading.BodyOffset)
            is FaultCode.CuffSelfTestPassed or FaultCode.CuffSelfTestFailed or FaultCode.CuffLinkPassed;
}
