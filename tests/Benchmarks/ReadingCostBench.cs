using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Server;
using Firmware.Core;
using Firmware.Protocol;

namespace Benchmarks;

/// <summary>
/// What one reading costs the gateway, in bytes allocated and CPU: the real core, journal and MQTT server in one thread, on a disk and connections in memory. Ingest is from a pod's
/// message to its PUBACK, while the subscriber's window is full; drain is from the journal to the settled answer of the subscriber, while no pod sends.
/// </summary>
internal sealed class ReadingCostBench : IGatewayTime, IEntropy
{
    /// <summary>Readings of one measurement, by default.</summary>
    public const int DefaultCount = 4_000;

    /// <summary>Rounds, by default.</summary>
    public const int DefaultRounds = 21;

    private const ulong Device = 0x0200000000000010;
    private const uint Boot = 1;
    private const string SessionName = "S1";
    private const int WarmUps = 3; // the runtime compiles what is hot a second time, with what it has seen
    private const int MessagesPerTurn = 4; // as many as a pod has in flight
    private const int FramesPerMessage = 8;
    private const long TurnUs = 200;
    private const int FillReadings = 64; // more than the gateway's window
    private const int SettleTurns = 8;
    private const int MaxTurns = 1_000_000;

    // Its boot was 1 s after the gateway's clock began.
    private const long PodBehindUs = 1_000_000;
    private const long UtcStartUs = 1_767_323_045_000_000;

    private static readonly (string Name, FrameKind Kind, int Stream, string Segment)[] Kinds =
    [
        ("numeric vital", FrameKind.Numeric, Streams.Temperature, "vital"),
        ("waveform chunk, 64 samples of 18 bits", FrameKind.Waveform, Streams.RedLight, "wave"),
        ("sound chunk, 800 samples", FrameKind.Sound, Streams.Sound, "sound"),
        ("event", FrameKind.Event, Streams.Events, "event"),
    ];

    // Measured with this benchmark on commit 8d0e595, when each part parsed and copied a reading for itself: 21 rounds of 4,000, one frame per message and as many as a message takes.
    private static readonly Cost[][] Before =
    [
        [new(2_000, 11.8, 6_703, 12.6), new(781, 1.9, 6_703, 6.6)],
        [new(2_954, 7.0, 5_419, 6.7), new(1_585, 2.8, 5_163, 5.6)],
        [new(8_854, 20.7, 11_494, 9.6), new(8_088, 16.9, 11_493, 10.1)],
        [new(1_799, 5.0, 7_677, 6.3), new(757, 1.8, 7_677, 6.4)],
    ];

    private readonly SoftwareCrc32 _crc = new();
    private readonly MemoryDisk _disk = new();
    private readonly MemoryDisk _keys = new();
    private readonly GatewayCore _core;
    private readonly RawPeer _pod;
    private readonly RawPeer _subscriber;
    private readonly uint _epoch;
    private readonly int _kind;
    private uint _sequence;
    private int _packetId;

    private ReadingCostBench(int kind, bool isEncrypted)
    {
        _kind = kind;
        JournalProtection? protection = isEncrypted
            ? new JournalProtection { Disk = _keys, CartKey = new byte[JournalProtection.KeyBytes], KeyOf = EdgeGateway.Core.Records.RecordKeys.OwnerOf, Random = System.Security.Cryptography.RandomNumberGenerator.Fill }
            : null;
        GatewayOptions options = new() { CartId = "C1", GatewayId = 0x0200000000000001, Production = false };
        _core = new GatewayCore(options, new GatewayPorts
        {
            Journal = (handler, projections) => new JournalLog(_disk, new JournalOptions(), projections, handler, protection),
            Server = static handler => new MqttServer(EndpointLimits.Server, handler),
            Time = this,
            Entropy = this,
        });
        _core.Start(NowUs);
        Until(() => _core.IsReady);
        _subscriber = new RawPeer(_core.Server, "doctor", isVersion5: true, NowUs);
        _subscriber.SubscribeTo("cart/C1/session/" + SessionName + "/" + Kinds[kind].Segment + "/+/+", NowUs);
        bool opened = false;
        _core.Sessions.Open(SessionName, result => opened = result.IsDone);
        Until(() => opened);
        _epoch = _core.Snapshot().Sessions[0].Epoch;
        _pod = new RawPeer(_core.Server, "pod-" + Topics.DeviceText(Device), isVersion5: false, NowUs);
        for (int i = 0; i < 1000; i++)
        {
            Turn();
        }

        byte[] clock = new byte[ClockBody.Length];
        ClockBody.Write(clock, 0, NowUs - PodBehindUs - 300, NowUs - 200, NowUs - 200, NowUs - PodBehindUs - 100, PodBehindUs, 100, 0, _core.BootId);
        byte[] frame = new byte[Frame.Overhead + clock.Length];
        Write(frame, 0, FrameKind.Clock, Streams.Clock, 1, clock);
        _pod.Send(RawPeer.Message(Topics.Up(Device), frame, NextPacket()), NowUs);
        Until(() => _pod.Acknowledged == 1);
    }

    /// <inheritdoc/>
    public long NowUs { get; private set; } = 2 * PodBehindUs;

    /// <inheritdoc/>
    public UtcEstimate Utc => new(true, UtcStartUs + NowUs, 500);

    /// <summary>Measures and prints.</summary>
    /// <param name="rounds">How often.</param>
    /// <param name="count">Readings in each.</param>
    public static async Task RunAsync(int rounds, int count)
    {
        const string Head = " | frames per message | ingest, bytes allocated | drain, bytes allocated | ingest, µs CPU | drain, µs CPU |\n| --- | --- | --- | --- | --- | --- |\n";
        string median = ", median of " + rounds.ToString(CultureInfo.InvariantCulture);
        StringBuilder table = new("| before → now" + median + Head);
        StringBuilder encrypted = new("\n| plain → encrypted" + median + Head);
        for (int kind = 0; kind < Kinds.Length; kind++)
        {
            for (int filled = 0; filled < 2; filled++)
            {
                Cost plain = Measure(kind, filled, rounds, count, isEncrypted: false, out int together);
                Row(table, kind, together, Before[kind][filled], plain);
                Row(encrypted, kind, together, plain, Measure(kind, filled, rounds, count, isEncrypted: true, out _));
            }
        }

        table.Append(encrypted);
        await Console.Out.WriteAsync(table).ConfigureAwait(false);
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{rounds} rounds of {count:#,0} readings after {WarmUps} to warm up; {Environment.ProcessorCount} processors. Before: commit 8d0e595.")).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public uint NextUInt32() => 0x5EED;

    private static Cost Measure(int kind, int filled, int rounds, int count, bool isEncrypted, out int together)
    {
        ReadingCostBench bench = new(kind, isEncrypted);
        together = filled == 0 ? 1 : Math.Min(FramesPerMessage, Frame.MaxMessageLength / (Frame.Overhead + bench.Body().Length)); // two chunks of sound fill a message
        List<Cost> costs = [];
        for (int round = -WarmUps; round < rounds; round++)
        {
            Cost cost = bench.Round(count, together);
            if (round >= 0)
            {
                costs.Add(cost);
            }
        }

        return new Cost(Median(costs, static c => c.IngestBytes), Median(costs, static c => c.IngestUs), Median(costs, static c => c.DrainBytes), Median(costs, static c => c.DrainUs));
    }

    private static void Row(StringBuilder table, int kind, int together, Cost before, Cost now)
    {
        table.Append(CultureInfo.InvariantCulture, $"| {Kinds[kind].Name} | {together} | {before.IngestBytes:#,0} → {now.IngestBytes:#,0} ");
        table.Append(CultureInfo.InvariantCulture, $"| {before.DrainBytes:#,0} → {now.DrainBytes:#,0} ");
        table.Append(CultureInfo.InvariantCulture, $"| {before.IngestUs:0.0} → {now.IngestUs:0.0} ");
        table.Append(CultureInfo.InvariantCulture, $"| {before.DrainUs:0.0} → {now.DrainUs:0.0} |\n");
    }

    private static double Median(List<Cost> costs, Func<Cost, double> figure)
    {
        double[] ordered = [.. costs.Select(figure).Order()];
        return (ordered[ordered.Length / 2] + ordered[(ordered.Length - 1) / 2]) / 2;
    }

    private Cost Round(int count, int framesPerMessage)
    {
        byte[][] fill = Messages(FillReadings, 1);
        byte[][] messages = Messages(count, framesPerMessage);
        int readings = count / framesPerMessage * framesPerMessage;
        _subscriber.IsSilent = true;
        Feed(fill);
        int waiting = FillReadings + readings;
        int receivedBefore = _subscriber.Received;
        GC.Collect();

        Mark ingest = Now();
        Feed(messages);
        (double ingestBytes, double ingestUs) = Since(ingest, readings);

        int inWindow = _subscriber.Received - receivedBefore;
        if (inWindow > 0)
        {
            throw new InvalidOperationException("the subscriber's window was not full: " + inWindow.ToString(CultureInfo.InvariantCulture) + " readings went out during the ingest");
        }

        int published = (int)_core.Snapshot().Counters.Published;
        int settled = (int)_core.Snapshot().Counters.Acknowledged;
        int last = published + waiting - (published - settled);
        int toReceive = receivedBefore + last - published;
        GC.Collect();
        Mark drain = Now();
        _subscriber.IsSilent = false;
        UntilReceived(toReceive);
        (double drainBytes, double drainUs) = Since(drain, waiting);
        GatewaySnapshot after = _core.Snapshot();
        if (after.InFlight != 0 || after.Sessions[0].Pending != 0 || after.Counters.Acknowledged != last)
        {
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"not drained: {after.InFlight} in flight, {after.Sessions[0].Pending} pending, {after.Counters.Acknowledged} of {last} acknowledged"));
        }

        return new Cost(ingestBytes, ingestUs, drainBytes, drainUs);
    }

    private void Feed(byte[][] messages)
    {
        int before = _pod.Acknowledged;
        for (int sent = 0; sent < messages.Length;)
        {
            int end = Math.Min(messages.Length, sent + MessagesPerTurn);
            while (sent < end)
            {
                _pod.Send(messages[sent++], NowUs);
            }

            for (int turn = 0; _pod.Acknowledged - before < sent; turn++)
            {
                Turn();
                Require(turn < MaxTurns && !_pod.IsClosed, "the pod's messages are not acknowledged");
            }
        }
    }

    private void UntilReceived(int count)
    {
        for (int turn = 0; _subscriber.Received < count; turn++)
        {
            Turn();
            Require(turn < MaxTurns && !_subscriber.IsClosed, "the subscriber does not get everything");
        }

        for (int turn = 0; turn < SettleTurns; turn++)
        {
            Turn();
        }
    }

    private void Until(Func<bool> fact)
    {
        for (int turn = 0; !fact(); turn++)
        {
            Turn();
            Require(turn < MaxTurns, "it did not come about");
        }
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException(otherwise);
        }
    }

    private void Turn()
    {
        NowUs += TurnUs;
        do
        {
            _core.Step(NowUs);
        }
        while (_disk.Run() | _keys.Run() | (_subscriber?.Answer(NowUs) ?? false));
    }

    private Mark Now() => new(GC.GetAllocatedBytesForCurrentThread(), _disk.AllocatedBytes + _keys.AllocatedBytes, Environment.CpuUsage.TotalTime);

    private (double Bytes, double Us) Since(Mark mark, int readings)
    {
        double us = (Environment.CpuUsage.TotalTime - mark.Cpu).TotalMicroseconds;
        long bytes = GC.GetAllocatedBytesForCurrentThread() - mark.Allocated - (_disk.AllocatedBytes + _keys.AllocatedBytes - mark.OfDisk);
        return ((double)bytes / readings, us / readings);
    }

    private byte[][] Messages(int readings, int framesPerMessage)
    {
        byte[][] messages = new byte[readings / framesPerMessage][];
        for (int m = 0; m < messages.Length; m++)
        {
            List<byte> payload = [];
            for (int f = 0; f < framesPerMessage; f++)
            {
                byte[] body = Body();
                byte[] frame = new byte[Frame.Overhead + body.Length];
                Write(frame, _epoch, Kinds[_kind].Kind, Kinds[_kind].Stream, ++_sequence, body);
                payload.AddRange(frame);
            }

            messages[m] = RawPeer.Message(Topics.Up(Device), payload.ToArray(), NextPacket());
        }

        return messages;
    }

    private void Write(byte[] frame, uint epoch, FrameKind kind, int stream, uint sequence, byte[] body)
    {
        Frame.WriteHeader(frame, 0, kind, body.Length, Device, Boot, stream, 0, sequence, NowUs - PodBehindUs, epoch);
        body.CopyTo(frame, Frame.HeaderLength);
        Frame.Seal(frame, 0, _crc);
    }

    private byte[] Body()
    {
        byte[] body;
        switch (Kinds[_kind].Kind)
        {
            case FrameKind.Numeric:
                body = new byte[NumericBody.Length];
                NumericBody.Write(body, 0, MdcCodes.SkinTemperature, 3600 + (int)(_sequence % 100), -2, AbsenceReason.None, 90, 0);
                return body;
            case FrameKind.Waveform:
                const int Samples = 64, Bits = 18;
                body = new byte[WaveformBody.Length(Samples, Bits)];
                WaveformBody.WriteHead(body, 0, MdcCodes.RedLightCounts, 10_000, Samples, Bits);
                for (int i = 0; i < Samples; i++)
                {
                    WaveformBody.WriteSample(body, 0, i, Bits, (int)((_sequence * 97) + (uint)i) & 0x3FFFF);
                }

                return body;
            case FrameKind.Sound:
                const int SoundSamples = 800;
                body = new byte[SoundBody.SamplesOffset + (2 * SoundSamples)];
                SoundBody.WriteHead(body, 0, 8000, SoundCodec.Pcm16, SoundSamples, 100, 400, 0);
                for (int i = SoundBody.SamplesOffset; i < body.Length; i++)
                {
                    body[i] = (byte)((_sequence * 31) + (uint)i);
                }

                return body;
            default:
                body = new byte[EventBody.Length];
                EventBody.Write(body, 0, FaultCode.Tmp117BusFault, Streams.Temperature, (int)_sequence);
                return body;
        }
    }

    private int NextPacket() => _packetId = (_packetId % 65_535) + 1;

    private readonly record struct Mark(long Allocated, long OfDisk, TimeSpan Cpu);

    private readonly record struct Cost(double IngestBytes, double IngestUs, double DrainBytes, double DrainUs);
}
