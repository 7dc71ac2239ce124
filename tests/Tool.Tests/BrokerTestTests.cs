using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using EdgeGateway.Core;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Sound;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Transports;
using EdgeGateway.Tool.Broker;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Peers;

namespace Tool.Tests;

/// <summary><c>cartctl broker test</c> on a clock that the test moves, at a broker in memory over a link with a rate, a delay and loss.</summary>
[TestClass]
public sealed class BrokerTestTests
{
    private const long SecondUs = 1_000_000;

    [TestMethod]
    public void A_broker_that_gives_everything_passes_and_gets_no_payload_outside_the_tests_own_topic()
    {
        Bench bench = new();
        ProbeReport report = bench.Probe();
        Assert.IsTrue(report.IsConnected);
        Assert.IsEmpty(report.Failures);
        CollectionAssert.AreEqual(BrokerRights.Of("c1").ToArray(), report.Rights.Select(r => r.Right).ToArray());
        foreach (RightResult result in report.Rights)
        {
            Assert.AreEqual(result.Right.Filter.EndsWith("/test/+", StringComparison.Ordinal) ? RightState.Proven : RightState.Granted, result.State, result.ToString());
        }

        Assert.AreEqual(30, report.RoundTripMs!.Value, 6); // two ways of 10 ms and a tick of 5 ms
        Assert.IsTrue(bench.Broker.Received.All(r => r.Payload.Length == 0 && !r.Retain), "nothing that could be a value, nothing that stays");
        Assert.IsTrue(bench.Broker.Received.All(r => !r.Topic.Contains("/session/", StringComparison.Ordinal) || r.Topic.Contains("/session/cartctl-test/", StringComparison.Ordinal)));
        Assert.IsFalse(bench.Broker.Received.Any(r => r.Topic.Contains("/command/", StringComparison.Ordinal)), "no command");
        Assert.IsTrue(bench.Broker.Connects.All(c => c.ClientId == "cart-c1-test"), "a running gateway keeps its connection");
    }

    [TestMethod]
    public void Each_missing_right_is_named_in_the_brokers_words()
    {
        foreach (BrokerRight right in BrokerRights.Of("c1").Where(r => !r.Filter.EndsWith("/test/+", StringComparison.Ordinal)))
        {
            foreach (bool closes in right.IsWrite ? new[] { false, true } : [false])
            {
                Bench bench = new(right.IsWrite
                    ? new BrokerHabits { PublishRefusals = [new PublishRefusal(right.Filter, 0x87) { Closes = closes }] }
                    : new BrokerHabits { SubscriptionRefusals = [new SubscriptionRefusal(right.Filter, 0x87)] });
                ProbeReport report = bench.Probe();
                RightResult[] refused = [.. report.Rights.Where(r => r.State is not (RightState.Granted or RightState.Proven))];
                Assert.HasCount(1, refused, right + " " + closes + ": " + string.Join("; ", refused.Select(r => r.ToString())));
                Assert.AreEqual(right, refused[0].Right);
                string text = BrokerCommands.Text(bench.External, report, "mosquitto");
                StringAssert.Contains(text, "user cart\n    topic " + (right.IsWrite ? "write " : "read ") + right.Filter);
                foreach (string dialect in AclDialect.Names)
                {
                    Assert.IsNotEmpty(AclDialect.Lines(dialect, "cart", [right]), dialect);
                }
            }
        }
    }

    [TestMethod]
    public void A_message_that_does_not_come_back_shows_what_mosquitto_grants_and_does_not_deliver()
    {
        Bench bench = new(new BrokerHabits { Lost = [new LostPackets(BrokerPacket.Publish) { Count = 10 }] });
        ProbeReport report = bench.Probe();
        RightResult test = report.Rights.Single(r => r.Right.IsWrite && r.Right.Filter == "cart/c1/test/+");
        Assert.AreEqual(RightState.Refused, test.State);
        StringAssert.Contains(test.Detail, "did not come back");
        Assert.IsNull(report.RoundTripMs);
        Assert.AreEqual(1, report.Rights.Count(r => r.State == RightState.Refused), "the rest was tried all the same");
    }

    [TestMethod]
    public void A_broker_that_ends_the_connection_for_each_message_is_not_asked_for_ever()
    {
        Bench bench = new(new BrokerHabits { PublishRefusals = [new PublishRefusal("cart/c1/session/#", 0x87) { Closes = true }] });
        ProbeReport report = bench.Probe();
        Assert.AreEqual(BrokerProbe.MaxConnections, bench.Broker.Connects.Count);
        Assert.AreEqual(BrokerProbe.MaxConnections / 2, report.Rights.Count(r => r.State == RightState.Refused), "each is tried twice");
        Assert.IsTrue(report.Rights.Any(r => r.State == RightState.NotTried));
    }

    [TestMethod]
    [DataRow((byte)0x86, "G2412")]
    [DataRow((byte)0x87, "G2413")]
    [DataRow((byte)0x84, "G2418")]
    public void Without_a_connection_each_address_is_tried_once_and_the_cause_is_named(byte reason, string code)
    {
        Bench bench = new(new BrokerHabits { ConnackReason = reason }, new ExternalBroker { Host = "b", UserName = "cart", Alternatives = [new BrokerAddress("c", 1883)] });
        ProbeReport report = bench.Probe();
        Assert.IsFalse(report.IsConnected);
        Assert.AreEqual(code + " " + code, string.Join(' ', report.Failures.Select(f => f.Code)));
        StringAssert.Contains(BrokerCommands.Text(bench.External, report, "mosquitto"), FaultCatalogue.Default[code].Do.English);
    }

    [TestMethod]
    [DataRow(20_000_000, 20, 0, ListeningStep.Full, true)]
    [DataRow(500_000, 20, 0, ListeningStep.Full, false)]
    [DataRow(100_000, 20, 0, ListeningStep.HeartMode, false)]
    [DataRow(30_000, 20, 0, ListeningStep.RhythmOnly, false)]
    [DataRow(20_000_000, 200, 0, ListeningStep.Full, false)]
    [DataRow(20_000_000, 900, 0, ListeningStep.ClipsOnly, false)]
    [DataRow(20_000_000, 20, 10, ListeningStep.ClipsOnly, false)]
    public void A_day_says_hour_by_hour_what_the_room_carries(int bitsPerSecond, int delayMs, int lossPercent, ListeningStep sound, bool call)
    {
        Bench bench = new() { BitsPerSecond = bitsPerSecond, DelayUs = delayMs * 1000L, LossPercent = lossPercent };
        int span = bitsPerSecond == 20_000_000 && delayMs == 20 && lossPercent == 0 ? 24 : 1;
        List<RoomHour> hours = bench.Room(span * RoomTest.HourUs, () => false);
        Assert.HasCount(span, hours);
        foreach (RoomHour hour in hours)
        {
            Assert.AreEqual(sound, hour.Sound, hour.ToString());
            Assert.AreEqual(call, hour.Call, hour.ToString());
            Assert.AreEqual(6, hour.Probes, "every 10 minutes");
            Assert.IsTrue(hour.Sent is > 300 and <= 361, hour.ToString());
            Assert.AreEqual(2 * delayMs, hour.RoundTripMs!.Value, 15 + (2_000_000.0 / bitsPerSecond), hour.ToString());
        }

        Assert.IsTrue(bench.Broker.Received.All(r => r.Topic.StartsWith("cart/c1/test/", StringComparison.Ordinal)), "its own topic");
        Assert.IsLessThanOrEqualTo(span * 6L * (RoomTest.ProbeBytes + 20) + (span * 361L * RoomTest.PingBytes), bench.Broker.Received.Sum(r => (long)r.Payload.Length), "bounded");
    }

    [TestMethod]
    public void Nothing_is_sent_while_a_session_is_open_and_never_two_probes_within_ten_minutes()
    {
        Bench bench = new();
        List<RoomHour> hours = bench.Room(3 * RoomTest.HourUs, () => bench.NowUs is >= 1_800 * SecondUs and < 9_000 * SecondUs);
        Assert.HasCount(3, hours);
        Assert.IsTrue(hours[1] is { Sound: null, Call: null, Sent: 0, Probes: 0, Skipped: 6 }, hours[1].ToString());
        Assert.IsTrue(hours[0].IsMeasured && hours[2].IsMeasured, "what is left of the hours around it");
        Assert.IsTrue(bench.Broker.Received.All(r => r.AtUs is < 1_801 * SecondUs or >= 9_000 * SecondUs));
        long last = -RoomTest.ProbePeriodUs;
        foreach (long at in bench.Broker.Received.Where(r => r.Payload.Length > 1_000).Select(r => r.AtUs))
        {
            Assert.IsTrue(at - last < 60 * SecondUs || at - last > RoomTest.ProbePeriodUs - (60 * SecondUs), "probes of one, or ten minutes apart");
            last = at - last < 60 * SecondUs ? last : at;
        }
    }

    [TestMethod]
    public void An_hour_without_a_broker_is_an_hour_without_sound_and_the_next_one_with_it_is_measured()
    {
        Bench bench = new() { IsReachable = now => now is < 3_600 * SecondUs or >= 7_200 * SecondUs };
        List<RoomHour> hours = bench.Room(3 * RoomTest.HourUs, () => false);
        Assert.AreEqual((ListeningStep?)ListeningStep.ClipsOnly, hours[1].Sound, hours[1].ToString());
        Assert.AreEqual(false, hours[1].Call);
        Assert.AreEqual(hours[1].Sent, hours[1].Lost);
        Assert.AreEqual((ListeningStep?)ListeningStep.Full, hours[0].Sound, hours[0].ToString());
        Assert.AreEqual((ListeningStep?)ListeningStep.Full, hours[2].Sound, hours[2].ToString());
        Assert.AreEqual(true, hours[2].Call, hours[2].ToString());
    }

    [TestMethod]
    [DataRow("24h", 1440)]
    [DataRow("10m", 10)]
    [DataRow("168h", 10_080)]
    [DataRow("9m", 0)]
    [DataRow("169h", 0)]
    [DataRow("1d", 0)]
    [DataRow("-5h", 0)]
    [DataRow("h", 0)]
    [DataRow("", 0)]
    [DataRow("99999999999h", 0)]
    public void A_span_is_hours_or_minutes(string text, int minutes) => Assert.AreEqual(minutes == 0 ? null : TimeSpan.FromMinutes(minutes), BrokerCommands.Span(text));

    [TestMethod]
    public void The_filters_cover_every_topic_of_MQTT_md()
    {
        IReadOnlyList<BrokerRight> rights = BrokerRights.Of("{cartId}");
        int checkedTopics = 0;
        foreach (string line in System.IO.File.ReadLines(System.IO.Path.Combine(AppContext.BaseDirectory, "MQTT.md")).Where(l => l.StartsWith("### `cart/", StringComparison.Ordinal)))
        {
            string topic = line.Split('`')[1];
            Assert.IsTrue(rights.Any(r => Matches(r.Filter, topic)), topic + " is in no right");
            checkedTopics++;
        }

        Assert.IsGreaterThan(20, checkedTopics);
    }

    private static bool Matches(string filter, string topic)
    {
        string[] a = filter.Split('/');
        string[] b = topic.Split('/');
        return a.Length == b.Length && a.Zip(b).All(p => p.First == "+" || p.First == p.Second);
    }

    /// <summary>A broker in memory, reached over a link of the test's own.</summary>
    private sealed class Bench(BrokerHabits? habits = null, ExternalBroker? external = null) : IUplinkConnector
    {
        private const long TickUs = 5_000;
        private readonly Random _random = new(5);
        private readonly List<(long AtUs, Action Work)> _due = [];
        private Half? _half;
        private IUplinkEvents? _waiting;

        public long NowUs { get; private set; }

        public int BitsPerSecond { get; init; } = 20_000_000;

        public long DelayUs { get; init; } = 10_000;

        public int LossPercent { get; init; }

        public Func<long, bool> IsReachable { get; init; } = static _ => true;

        public PeerBroker Broker { get; } = new(habits ?? new BrokerHabits());

        public ExternalBroker External { get; } = external ?? new ExternalBroker { Host = "broker.test", UserName = "cart" };

        public void Connect(IUplinkEvents events) => _waiting = events;

        public ProbeReport Probe()
        {
            BrokerProbe probe = new(External, "c1", "abc", static (options, handler) => new MqttClient(options, handler), this);
            Run(probe, 600 * SecondUs);
            return probe.Report;
        }

        public List<RoomHour> Room(long spanUs, Func<bool> isSessionOpen)
        {
            List<RoomHour> hours = [];
            RoomTest room = new(External, "c1", "abc", static (options, handler) => new MqttClient(options, handler), this, spanUs, NowUs, isSessionOpen, hours.Add);
            Run(room, spanUs + SecondUs);
            return hours;
        }

        // In ticks while something moves, else from deadline to deadline.
        private void Run(BrokerLink link, long boundUs)
        {
            long endUs = NowUs + boundUs;
            while (!link.IsDone)
            {
                Assert.IsLessThan(endUs, NowUs, "the test does not come to its end");
                if (_waiting is { } events)
                {
                    _waiting = null;
                    if (IsReachable(NowUs))
                    {
                        _half = new Half(this, events);
                        events.Opened(_half, NowUs);
                    }
                    else
                    {
                        events.Closed("no route", NowUs);
                    }
                }

                if (_half is not null && !IsReachable(NowUs))
                {
                    _half.Cut();
                }

                long next = Math.Min(link.Step(NowUs), Broker.Step(NowUs));
                _half?.Move();
                foreach ((long AtUs, Action Work) due in _due.Where(d => d.AtUs <= NowUs).ToArray())
                {
                    _due.Remove(due);
                    due.Work();
                }

                next = _due.Count > 0 ? Math.Min(next, _due.Min(d => d.AtUs)) : next;
                NowUs = _half is { IsMoving: true } || _waiting is not null ? NowUs + TickUs : Math.Max(NowUs + 1, Math.Min(next, NowUs + (60 * SecondUs)));
            }
        }

        private sealed class Half : IMqttConnection
        {
            private readonly Bench _bench;
            private readonly IUplinkEvents _events;
            private readonly IMqttServerConnection _inward;
            private readonly Way _up = new();
            private readonly Way _down = new();
            private bool _isClosed;

            public Half(Bench bench, IUplinkEvents events)
            {
                _bench = bench;
                _events = events;
                _inward = bench.Broker.Accept(new Back(this), "test", null, bench.NowUs);
            }

            public int PendingBytes => _up.Bytes.Count;

            public bool IsMoving => _up.Bytes.Count > 0 || _down.Bytes.Count > 0 || _isClosed;

            public void Write(ReadOnlySpan<byte> bytes) => _up.Add(bytes, _bench.NowUs);

            public void Close() => _isClosed = true;

            public void Cut()
            {
                _isClosed = true;
                _up.Bytes.Clear();
                _down.Bytes.Clear();
                Move();
            }

            public void Move()
            {
                Move(_up, static (half, bytes) => half._inward.Received(bytes, half._bench.NowUs));
                Move(_down, static (half, bytes) => half._events.Received(bytes, half._bench.NowUs));
                if (_isClosed && _up.Bytes.Count == 0 && _down.Bytes.Count == 0 && _bench._half == this)
                {
                    _bench._half = null;
                    _bench._due.Add((_bench.NowUs + _bench.DelayUs, End));
                }
            }

            private void End()
            {
                _inward.Closed(_bench.NowUs);
                _events.Closed("the connection was closed", _bench.NowUs);
            }

            // What the network loses TCP sends again: it comes late, and what is behind it too.
            private void Move(Way way, Action<Half, byte[]> arrive)
            {
                if (way.Bytes.Count == 0)
                {
                    return;
                }

                way.Credit += (_bench.NowUs - way.LastUs) * (long)_bench.BitsPerSecond / 8;
                way.LastUs = _bench.NowUs;
                int count = (int)Math.Min(way.Bytes.Count, Math.Max(0, way.Credit / 1_000_000));
                if (count == 0)
                {
                    return;
                }

                way.Credit = count == way.Bytes.Count ? 0 : way.Credit - (count * 1_000_000L);
                byte[] bytes = [.. way.Bytes.Take(count)];
                way.Bytes.RemoveRange(0, count);
                long lateUs = _bench.LossPercent > 0 && count < 200 && _bench._random.Next(100) < _bench.LossPercent ? 7 * SecondUs : 0;
                way.LatestUs = Math.Max(way.LatestUs, _bench.NowUs + _bench.DelayUs + lateUs);
                _bench._due.Add((way.LatestUs, () => arrive(this, bytes)));
            }

            private sealed class Way
            {
                public List<byte> Bytes { get; } = [];

                public long Credit { get; set; }

                public long LastUs { get; set; }

                public long LatestUs { get; set; }

                public void Add(ReadOnlySpan<byte> bytes, long nowUs)
                {
                    LastUs = Bytes.Count == 0 ? nowUs : LastUs;
                    Credit = Bytes.Count == 0 ? 0 : Credit;

                    Bytes.AddRange(bytes);
                }
            }

            private sealed class Back(Half half) : IMqttConnection
            {
                public int PendingBytes => half._down.Bytes.Count;

                public void Write(ReadOnlySpan<byte> bytes) => half._down.Add(bytes, half._bench.NowUs);

                public void Close() => half._isClosed = true;
            }
        }
    }
}
