using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Time;

/// <summary>An interval that holds a true time, µs.</summary>
/// <param name="LowUs">Its low end.</param>
/// <param name="HighUs">Its high end.</param>
public readonly record struct TimeInterval(long LowUs, long HighUs)
{
    /// <summary>Its middle.</summary>
    public long MiddleUs => LowUs + ((HighUs - LowUs) / 2);

    /// <summary>Half its width, rounded up so that the middle with it covers the interval.</summary>
    public long UncertaintyUs => HighUs - MiddleUs;
}

/// <summary>One exchange of clocks between a device and one start of the gateway.</summary>
/// <param name="GatewayBootId">Which start of the gateway.</param>
/// <param name="DeviceUs">The middle of the exchange on the device's clock.</param>
/// <param name="OffsetUs">Gateway minus device, the middle of what is possible.</param>
/// <param name="UncertaintyUs">Half of what is possible, the drift during the exchange included.</param>
public readonly record struct ClockExchange(uint GatewayBootId, long DeviceUs, long OffsetUs, long UncertaintyUs)
{
    /// <summary>Judges an exchange from its four times, never from what the device computed from them.</summary>
    /// <param name="t1">Request sent, device µs.</param>
    /// <param name="t2">Request received, gateway µs.</param>
    /// <param name="t3">Reply sent, gateway µs.</param>
    /// <param name="t4">Reply received, device µs.</param>
    /// <param name="gatewayBootId">Which start of the gateway.</param>
    /// <param name="driftPpm">Largest relative error of the clocks.</param>
    /// <param name="exchange">The exchange.</param>
    /// <returns>False when the times cannot be.</returns>
    public static bool TryMake(long t1, long t2, long t3, long t4, uint gatewayBootId, int driftPpm, out ClockExchange exchange)
    {
        // A request is received after it is sent and a reply likewise (RFC 5905, 8), so t3 - t4 <= offset <= t2 - t1, each at its own moment.
        long tripUs = t4 - t1;
        exchange = default;
        if (t1 < 0 || t2 < 0 || tripUs < 0 || t3 < t2 || gatewayBootId == 0)
        {
            return false;
        }

        long driftUs = TimeProjection.DriftUs(tripUs, driftPpm);
        long low = t3 - t4 - driftUs;
        long high = t2 - t1 + driftUs;
        if (high < low)
        {
            return false;
        }

        TimeInterval offset = new(low, high);
        exchange = new ClockExchange(gatewayBootId, t1 + (tripUs / 2), offset.MiddleUs, offset.UncertaintyUs);
        return true;
    }
}

/// <summary>When a reading was measured, in UTC.</summary>
/// <param name="IsKnown">False: unsynchronised, the others mean nothing.</param>
/// <param name="UtcUs">µs since 1970.</param>
/// <param name="UncertaintyUs">Half the width of the interval that holds the true time.</param>
public readonly record struct ReadingTime(bool IsKnown, long UtcUs, long UncertaintyUs)
{
    /// <summary>True when both are known and cannot both be right.</summary>
    /// <param name="utcUs">The other UTC.</param>
    /// <param name="uncertaintyUs">Its uncertainty.</param>
    /// <returns>True when the intervals do not meet.</returns>
    public bool Disagrees(long utcUs, long uncertaintyUs) => IsKnown && Math.Abs(UtcUs - utcUs) > UncertaintyUs + uncertaintyUs;
}

/// <summary>
/// Clocks: each device's against the gateway's (from its clock samples), the gateway's against UTC (from its own records), and which sent
/// readings deserve a correction.
/// </summary>
public sealed class TimeProjection : IJournalProjection
{
    /// <summary>Exchanges kept per boot of a device. At the bound the one closest to its neighbours goes, so that what is left covers the boot evenly.</summary>
    public const int MaxExchanges = 16;

    /// <summary>Boots of devices kept; the one longest without an exchange goes.</summary>
    public const int MaxDeviceBoots = 256;

    /// <summary>UTC points kept per start of the gateway, thinned like the exchanges.</summary>
    public const int MaxBases = 16;

    /// <summary>Starts of the gateway whose UTC points are kept.</summary>
    public const int MaxBoots = 64;

    private readonly int _driftPpm;
    private readonly long _maxUncertaintyUs;
    private readonly SortedDictionary<(ulong Device, uint Boot), DeviceClock> _devices = [];
    private readonly SortedDictionary<uint, List<Basis>> _bases = [];
    private long _unsynchronisedFrom;
    private long _unsynchronisedLast;

    /// <summary>Makes an empty projection.</summary>
    /// <param name="driftPpm">Largest relative error of a device's clock against the gateway's, and of the gateway's against UTC.</param>
    /// <param name="maxUncertaintyUs">Above it a time is not called known.</param>
    public TimeProjection(int driftPpm, long maxUncertaintyUs)
    {
        _driftPpm = driftPpm;
        _maxUncertaintyUs = maxUncertaintyUs;
    }

    /// <inheritdoc/>
    public string Name => "time";

    /// <summary>Parses records, for all projections of one journal together.</summary>
    internal ReadingParser Parser { get; init; } = new();

    /// <summary>Index of the first sent mark to be looked at for corrections, 0 when none is due.</summary>
    public long CorrectFrom { get; private set; }

    /// <summary>Index of the last record to be looked at for corrections.</summary>
    public long CorrectThrough { get; private set; }

    /// <summary>Largest error that a span of time measured with one clock has on another, µs, rounded up.</summary>
    /// <param name="spanUs">The span, any sign.</param>
    /// <param name="driftPpm">Largest relative error.</param>
    /// <returns>The error, not below 0.</returns>
    public static long DriftUs(long spanUs, int driftPpm) => (long)(((Int128)Math.Abs(spanUs) * driftPpm + 999_999) / 1_000_000);

    /// <summary>The interval of a device's time on the clock of one start of the gateway.</summary>
    /// <param name="deviceId">The device.</param>
    /// <param name="bootId">Its boot.</param>
    /// <param name="deviceUs">Its time, µs.</param>
    /// <param name="gatewayBootId">Which start of the gateway.</param>
    /// <param name="interval">The interval.</param>
    /// <returns>False when there was no exchange between the two.</returns>
    public bool TryMapToGateway(ulong deviceId, uint bootId, long deviceUs, uint gatewayBootId, out TimeInterval interval)
    {
        interval = default;
        if (!_devices.TryGetValue((deviceId, bootId), out DeviceClock? clock))
        {
            return false;
        }

        bool found = false;
        long low = long.MinValue;
        long high = long.MaxValue;
        long hullLow = long.MaxValue;
        long hullHigh = long.MinValue;
        foreach (ClockExchange exchange in clock.Exchanges)
        {
            if (exchange.GatewayBootId != gatewayBootId)
            {
                continue;
            }

            found = true;
            long middle = deviceUs + exchange.OffsetUs;
            long uncertainty = exchange.UncertaintyUs + DriftUs(deviceUs - exchange.DeviceUs, _driftPpm);
            low = Math.Max(low, middle - uncertainty);
            high = Math.Min(high, middle + uncertainty);
            hullLow = Math.Min(hullLow, middle - uncertainty);
            hullHigh = Math.Max(hullHigh, middle + uncertainty);
        }

        // Each exchange bounds the truth alone, so their intersection does. An empty one says that a clock drifts more than it may: then only the whole width is honest.
        interval = low <= high ? new TimeInterval(low, high) : new TimeInterval(hullLow, hullHigh);
        return found;
    }

    /// <summary>The UTC of a time of the gateway's clock.</summary>
    /// <param name="gatewayBootId">Which start of the gateway.</param>
    /// <param name="interval">The interval on its clock.</param>
    /// <returns>The UTC, or unknown.</returns>
    public ReadingTime UtcOf(uint gatewayBootId, TimeInterval interval)
    {
        if (!_bases.TryGetValue(gatewayBootId, out List<Basis>? bases))
        {
            return default;
        }

        ReadingTime best = default;
        foreach (Basis basis in bases)
        {
            long uncertainty = interval.UncertaintyUs + basis.UncertaintyUs + DriftUs(interval.MiddleUs - basis.Us, _driftPpm);
            if (uncertainty <= _maxUncertaintyUs && (!best.IsKnown || uncertainty <= best.UncertaintyUs))
            {
                best = new ReadingTime(true, basis.UtcUs + (interval.MiddleUs - basis.Us), uncertainty);
            }
        }

        return best;
    }

    /// <summary>The UTC of a device's time: the best over all starts of the gateway it exchanged clocks with.</summary>
    /// <param name="deviceId">The device.</param>
    /// <param name="bootId">Its boot.</param>
    /// <param name="deviceUs">Its time, µs.</param>
    /// <returns>The UTC, or unknown.</returns>
    public ReadingTime Map(ulong deviceId, uint bootId, long deviceUs)
    {
        ReadingTime best = default;
        if (_devices.TryGetValue((deviceId, bootId), out DeviceClock? clock))
        {
            uint last = 0;
            foreach (ClockExchange exchange in clock.Exchanges)
            {
                if (exchange.GatewayBootId != last && TryMapToGateway(deviceId, bootId, deviceUs, exchange.GatewayBootId, out TimeInterval interval))
                {
                    last = exchange.GatewayBootId;
                    ReadingTime candidate = UtcOf(last, interval);
                    if (candidate.IsKnown && (!best.IsKnown || candidate.UncertaintyUs <= best.UncertaintyUs))
                    {
                        best = candidate;
                    }
                }
            }
        }

        return best;
    }

    /// <summary>The latest UTC that a start of the gateway has recorded, what lies in a stretch apart; the true time is not before it by more than its uncertainty.</summary>
    /// <param name="afterUs">Times after this one,</param>
    /// <param name="untilUs">and up to this one do not count: they were found wrong. Equal for none.</param>
    /// <returns>µs; 0 when none has.</returns>
    public long LatestUtcUs(long afterUs, long untilUs)
    {
        long latest = 0;
        foreach (List<Basis> bases in _bases.Values)
        {
            foreach (Basis basis in bases)
            {
                long utcUs = basis.UtcUs - basis.UncertaintyUs;
                latest = utcUs > afterUs && utcUs <= untilUs ? latest : Math.Max(latest, utcUs);
            }
        }

        return latest;
    }

    /// <summary>Starts of the gateway that a device exchanged clocks with, ascending.</summary>
    /// <param name="deviceId">The device.</param>
    /// <param name="bootId">Its boot.</param>
    /// <returns>The starts.</returns>
    public IReadOnlyList<uint> GatewayBootsOf(ulong deviceId, uint bootId) =>
        _devices.TryGetValue((deviceId, bootId), out DeviceClock? clock) ? clock.GatewayBoots : [];

    /// <summary>The device's newest exchange, or null.</summary>
    /// <param name="deviceId">The device.</param>
    /// <param name="bootId">Its boot.</param>
    /// <returns>The exchange, or null.</returns>
    public ClockExchange? NewestExchange(ulong deviceId, uint bootId) =>
        _devices.TryGetValue((deviceId, bootId), out DeviceClock? clock) && clock.Exchanges.Count > 0 ? clock.Exchanges[^1] : null;

    /// <summary>
    /// Whether UTC now is worth a record: there is none in this start of the gateway, the newest does not agree with it, it is less than half
    /// as uncertain as the newest has become with its age and that is above 5 ms, or the newest is older than ten minutes.
    /// </summary>
    /// <param name="now">Now, with UTC.</param>
    /// <returns>True when it is.</returns>
    public bool IsWorthRecording(GatewayMoment now)
    {
        const long MaxAgeUs = 600_000_000;
        const long WorthwhileUs = 5_000;
        if (!now.HasUtc)
        {
            return false;
        }

        if (!_bases.TryGetValue(now.BootId, out List<Basis>? bases))
        {
            return true;
        }

        Basis newest = bases[^1];
        long aged = newest.UncertaintyUs + DriftUs(now.Us - newest.Us, _driftPpm);
        ReadingTime expected = new(true, newest.UtcUs + (now.Us - newest.Us), aged);
        return now.Us - newest.Us > MaxAgeUs || (aged > WorthwhileUs && now.UncertaintyUs * 2L < aged) || expected.Disagrees(now.UtcUs, now.UncertaintyUs);
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _devices.Clear();
        _bases.Clear();
        _unsynchronisedFrom = 0;
        _unsynchronisedLast = 0;
        CorrectFrom = 0;
        CorrectThrough = 0;
    }

    /// <inheritdoc/>
    public void Apply(in JournalRecord record)
    {
        ReadOnlySpan<byte> payload = record.Payload.Span;
        switch ((JournalRecordType)record.Type)
        {
            case JournalRecordType.Frame when Parser.TryRead(record, out Reading reading):
                if (reading.Head is { Kind: FrameKind.Clock, Version: Frame.Version, BodyLength: >= ClockBody.Length })
                {
                    ApplyExchange(reading.Head, reading.Body, record.Index);
                }

                break;
            case JournalRecordType.TimeMapping when TimeMappingRecord.TryDecode(payload, out TimeMappingRecord mapping):
                ApplyBasis(mapping.At, record.Index);
                break;
            case JournalRecordType.SentMark:
                ApplyMark(payload, record.Index);
                break;
            case JournalRecordType.CorrectionMark when CorrectionMarkRecord.TryDecode(payload, out CorrectionMarkRecord mark):
                ApplyCorrection(mark);
                break;
            default:
                break;
        }
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        ByteWriter writer = new(1024);
        writer.U8(1).I64(_unsynchronisedFrom).I64(_unsynchronisedLast).I64(CorrectFrom).I64(CorrectThrough).U16(_devices.Count);
        foreach (((ulong device, uint boot), DeviceClock clock) in _devices)
        {
            writer.U64(device).U32(boot).I64(clock.LastIndex).U8(clock.Exchanges.Count);
            foreach (ClockExchange exchange in clock.Exchanges)
            {
                writer.U32(exchange.GatewayBootId).I64(exchange.DeviceUs).I64(exchange.OffsetUs).I64(exchange.UncertaintyUs);
            }
        }

        writer.U16(_bases.Count);
        foreach ((uint boot, List<Basis> bases) in _bases)
        {
            writer.U32(boot).U8(bases.Count);
            foreach (Basis basis in bases)
            {
                writer.I64(basis.Us).I64(basis.UtcUs).I64(basis.UncertaintyUs).I64(basis.Index);
            }
        }

        return writer.ToArray();
    }

    /// <inheritdoc/>
    public bool TryLoad(ReadOnlySpan<byte> state)
    {
        Reset();
        ByteReader reader = new(state);
        if (reader.U8() != 1)
        {
            return false;
        }

        _unsynchronisedFrom = reader.I64();
        _unsynchronisedLast = reader.I64();
        CorrectFrom = reader.I64();
        CorrectThrough = reader.I64();
        int devices = reader.U16();
        for (int i = 0; i < devices && !reader.Failed; i++)
        {
            ulong device = reader.U64();
            uint boot = reader.U32();
            DeviceClock clock = new() { LastIndex = reader.I64() };
            int exchanges = reader.U8();
            for (int e = 0; e < exchanges && !reader.Failed; e++)
            {
                uint gatewayBoot = reader.U32();
                long deviceUs = reader.I64();
                long offset = reader.I64();
                clock.Exchanges.Add(new ClockExchange(gatewayBoot, deviceUs, offset, reader.I64()));
            }

            clock.ListBoots();
            _devices[(device, boot)] = clock;
        }

        int boots = reader.U16();
        for (int i = 0; i < boots && !reader.Failed; i++)
        {
            uint boot = reader.U32();
            List<Basis> bases = [];
            int count = reader.U8();
            for (int b = 0; b < count && !reader.Failed; b++)
            {
                long us = reader.I64();
                long utc = reader.I64();
                long uncertainty = reader.I64();
                bases.Add(new Basis(us, utc, uncertainty, reader.I64()));
            }

            _bases[boot] = bases;
        }

        return reader.AtEnd;
    }

    private void ApplyExchange(in FrameHead head, ReadOnlySpan<byte> body, long index)
    {
        if (!ClockExchange.TryMake(
            BinaryPrimitives.ReadInt64LittleEndian(body),
            BinaryPrimitives.ReadInt64LittleEndian(body[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(body[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(body[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(body[48..]),
            _driftPpm,
            out ClockExchange exchange))
        {
            return;
        }

        if (!_devices.TryGetValue((head.DeviceId, head.BootId), out DeviceClock? clock))
        {
            if (_devices.Count >= MaxDeviceBoots)
            {
                ForgetOldestDevice();
            }

            clock = new DeviceClock();
            _devices.Add((head.DeviceId, head.BootId), clock);
        }

        clock.LastIndex = index;
        bool first = true;
        foreach (ClockExchange known in clock.Exchanges)
        {
            first &= known.GatewayBootId != exchange.GatewayBootId;
        }

        clock.Exchanges.Add(exchange);
        Thin(clock.Exchanges, MaxExchanges, static e => e.DeviceUs);
        clock.ListBoots();
        if (first)
        {
            WantCorrection(_unsynchronisedFrom, index);
        }
    }

    private void ApplyBasis(GatewayMoment at, long index)
    {
        if (!at.HasUtc)
        {
            return;
        }

        if (!_bases.TryGetValue(at.BootId, out List<Basis>? bases))
        {
            bases = [];
            _bases.Add(at.BootId, bases);
            if (_bases.Count > MaxBoots)
            {
                uint oldest = at.BootId;
                foreach (uint boot in _bases.Keys)
                {
                    oldest = boot;
                    break;
                }

                _bases.Remove(oldest);
            }

            WantCorrection(_unsynchronisedFrom, index);
        }

        // A later point that cannot be true together with earlier ones means that the clock was set: the later is believed.
        long superseded = 0;
        for (int i = bases.Count - 1; i >= 0; i--)
        {
            Basis old = bases[i];
            long uncertainty = old.UncertaintyUs + DriftUs(at.Us - old.Us, _driftPpm);
            if (new ReadingTime(true, old.UtcUs + (at.Us - old.Us), uncertainty).Disagrees(at.UtcUs, at.UncertaintyUs))
            {
                superseded = old.Index;
                bases.RemoveAt(i);
            }
        }

        bases.Add(new Basis(at.Us, at.UtcUs, at.UncertaintyUs, index));
        Thin(bases, MaxBases, static b => b.Us);
        WantCorrection(superseded, index);
    }

    private void ApplyMark(ReadOnlySpan<byte> payload, long index)
    {
        int count = SentMarkRecord.Count(payload);
        for (int i = 0; i < count; i++)
        {
            SentEntry entry = SentMarkRecord.Entry(payload, i);
            if (entry.Correctable && entry.SentUtcUs == GatewayMoment.NoUtc)
            {
                _unsynchronisedLast = index;
                _unsynchronisedFrom = _unsynchronisedFrom == 0 ? index : _unsynchronisedFrom;
                return;
            }
        }
    }

    private void ApplyCorrection(CorrectionMarkRecord mark)
    {
        CorrectFrom = mark.ThroughIndex >= CorrectThrough ? 0 : mark.ThroughIndex + 1;
        if (_unsynchronisedFrom != 0 && _unsynchronisedFrom <= mark.ThroughIndex)
        {
            _unsynchronisedFrom = mark.FirstUnsynchronised != 0 ? mark.FirstUnsynchronised
                : _unsynchronisedLast > mark.ThroughIndex ? mark.ThroughIndex + 1
                : 0;
        }
    }

    private void WantCorrection(long from, long through)
    {
        if (from != 0)
        {
            CorrectFrom = CorrectFrom == 0 ? from : Math.Min(CorrectFrom, from);
            CorrectThrough = through;
        }
    }

    private void ForgetOldestDevice()
    {
        (ulong, uint) oldest = default;
        long index = long.MaxValue;
        foreach (((ulong, uint) key, DeviceClock clock) in _devices)
        {
            if (clock.LastIndex < index)
            {
                index = clock.LastIndex;
                oldest = key;
            }
        }

        _devices.Remove(oldest);
    }

    private static void Thin<T>(List<T> list, int max, Func<T, long> at)
    {
        if (list.Count <= max)
        {
            return;
        }

        int victim = 1;
        long closest = long.MaxValue;
        for (int i = 1; i < list.Count - 1; i++)
        {
            long span = Math.Abs(at(list[i + 1]) - at(list[i - 1]));
            if (span < closest)
            {
                closest = span;
                victim = i;
            }
        }

        list.RemoveAt(victim);
    }

    private readonly record struct Basis(long Us, long UtcUs, long UncertaintyUs, long Index);

    private sealed class DeviceClock
    {
        public List<ClockExchange> Exchanges { get; } = [];

        /// <summary>Starts of the gateway in the exchanges, each once, in their order.</summary>
        public IReadOnlyList<uint> GatewayBoots { get; private set; } = [];

        public void ListBoots()
        {
            List<uint> boots = [];
            foreach (ClockExchange exchange in Exchanges)
            {
                if (!boots.Contains(exchange.GatewayBootId))
                {
                    boots.Add(exchange.GatewayBootId);
                }
            }

            GatewayBoots = boots;
        }

        public long LastIndex { get; set; }
    }
}
