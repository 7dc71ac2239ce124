using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;
using Simulators.Peers;

namespace Mqtt.Tests.Server;

/// <summary>Places, queues and waits have bounds; at each the stated one gives way, and who behaves is not touched.</summary>
[TestClass]
public class BoundsTests
{
    private const long Second = 1_000_000;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Who_does_not_acknowledge_for_30_s_is_closed_and_its_ticket_is_free()
    {
        var world = new World();
        RawPeer mute = RawPeer.Connected(world, "mute", MqttVersion.V5);
        mute.SendSubscribe(world, "a", MqttQos.AtLeastOnce);
        mute.Next(PacketType.Suback);
        world.Server.Publish(Message("a", "1"), 7, world.NowUs);
        mute.NextPublish();
        world.Advance(29 * Second);
        Assert.IsFalse(mute.IsClosed);
        Assert.IsEmpty(world.Handler.Deliveries);
        world.Advance(Second);
        mute.ExpectDisconnect(MqttReason.QuotaExceeded);
        Assert.AreEqual("(7, 16)", string.Join(" ", world.Handler.Deliveries));
        Assert.AreEqual(1, world.Server.Counters.Unacknowledged);
        Assert.AreEqual(("mute", MqttCloseCause.NotAcknowledged), world.Handler.Causes.Single());
        Assert.AreEqual(long.MaxValue, world.Server.Step(world.NowUs), "nothing is left to wait for");
    }

    /// <summary>A slow but steady reader is no mute one: the clock of a message runs from the moment when it is the oldest.</summary>
    [TestMethod]
    public void Who_acknowledges_slowly_in_order_stays_and_who_leaves_one_out_does_not()
    {
        var world = new World();
        RawPeer slow = RawPeer.Connected(world, "slow", MqttVersion.V5);
        slow.SendSubscribe(world, "a", MqttQos.AtLeastOnce);
        slow.Next(PacketType.Suback);
        for (int i = 1; i <= 4; i++)
        {
            world.Server.Publish(Message("a", $"{i}"), i, world.NowUs);
        }

        for (ushort i = 1; i <= 4; i++)
        {
            world.Advance(25 * Second);
            Assert.IsFalse(slow.IsClosed, $"after {i * 25} s");
            slow.SendAck(world, PacketType.Puback, i);
        }

        Assert.HasCount(4, world.Handler.Deliveries);
        for (int i = 5; i <= 60; i++)
        {
            world.Server.Publish(Message("a", $"{i}"), i, world.NowUs);
            if (i > 5)
            {
                slow.SendAck(world, PacketType.Puback, (ushort)i);
            }

            world.Advance(Second);
            if (slow.IsClosed)
            {
                Assert.AreEqual(34, i, "the one that was left out was sent 30 s ago");
                return;
            }
        }

        Assert.Fail("one message may wait for ever behind others");
    }

    /// <summary>Acknowledging one message each 25 s does not hold the rest for ever.</summary>
    [TestMethod]
    public void However_steadily_others_go_no_message_waits_longer_than_four_times_the_bound()
    {
        var world = new World();
        RawPeer peer = RawPeer.Connected(world, "trickle", MqttVersion.V5);
        peer.SendSubscribe(world, "a", MqttQos.AtLeastOnce);
        for (int i = 1; i <= 50; i++)
        {
            world.Server.Publish(Message("a", $"{i}"), i, world.NowUs);
        }

        ushort acknowledged = 0;
        while (!peer.IsClosed)
        {
            Assert.IsLessThan(10, acknowledged);
            world.Advance(25 * Second);
            peer.SendAck(world, PacketType.Puback, ++acknowledged);
        }

        Assert.AreEqual(4, acknowledged - 1, "closed between 100 and 125 s");
        Assert.HasCount(50, world.Handler.Deliveries);
    }

    [TestMethod]
    public void A_quality_of_2_exchange_that_stops_after_its_pubrec_is_bounded_too()
    {
        var world = new World();
        RawPeer peer = RawPeer.Connected(world, "two", MqttVersion.V5);
        peer.SendSubscribe(world, "a", MqttQos.ExactlyOnce);
        world.Server.Publish(Message("a", "1", MqttQos.ExactlyOnce), 0, world.NowUs);
        peer.SendAck(world, PacketType.Pubrec, 1);
        world.Advance(30 * Second);
        Assert.IsTrue(peer.IsClosed);
    }

    [TestMethod]
    public void The_first_acknowledgement_settles_and_absent_sessions_hold_nothing_open()
    {
        var world = new World();
        RawPeer mute = RawPeer.Connected(world, "mute", MqttVersion.V5);
        RawPeer doctor = RawPeer.Connected(world, "doctor", MqttVersion.V5);
        World.Peer absent = world.AddClient(new MqttClientOptions { ClientId = "absent", SessionExpirySeconds = 1_000 });
        absent.Open();
        absent.Subscribe("a");
        absent.Cut();
        world.Server.Publish(Message("a", "nobody is there"), 1, world.NowUs);
        Assert.AreEqual("(1, 16)", string.Join(" ", world.Handler.Deliveries), "at once");
        mute.SendSubscribe(world, "a", MqttQos.AtLeastOnce);
        doctor.SendSubscribe(world, "a", MqttQos.AtLeastOnce);
        world.Server.Publish(Message("a", "two are there"), 2, world.NowUs);
        Assert.HasCount(1, world.Handler.Deliveries);
        doctor.SendAck(world, PacketType.Puback, 1);
        Assert.AreEqual("(1, 16) (2, 0)", string.Join(" ", world.Handler.Deliveries));

        // The absent one has the second message when it comes back, not the first: the host is told to send that again.
        absent.Open();
        Assert.AreEqual("two are there", string.Join(",", absent.Texts()));
        Assert.HasCount(2, world.Handler.Deliveries);
    }

    [TestMethod]
    public void A_session_that_leaves_with_open_tickets_gives_them_back_and_gets_no_second_copy_from_its_queue()
    {
        var world = new World(new MqttServerOptions { MaxInFlight = 2 });
        RawPeer doctor = RawPeer.Connected(world, "doctor", MqttVersion.V5, p => { p.CleanStart = false; p.Properties.SessionExpiryInterval = 100; });
        doctor.SendSubscribe(world, "a", MqttQos.AtLeastOnce);
        for (int i = 1; i <= 5; i++)
        {
            world.Server.Publish(Message("a", $"{i}"), i, world.NowUs);
        }

        world.Server.Publish(Message("a", "no ticket"), 0, world.NowUs);
        doctor.Inward.Closed(world.NowUs);
        Assert.AreEqual("(1, 16) (2, 16) (3, 16) (4, 16) (5, 16)", string.Join(" ", world.Handler.Deliveries));
        world.Server.TryGetBacklog("doctor", out int queued, out _, out int inFlight);
        Assert.AreEqual("1 queued, 2 in flight", $"{queued} queued, {inFlight} in flight", "what was sent may have arrived and comes again with DUP");
        Assert.AreEqual(0, world.Server.Counters.DroppedTotal);
    }

    /// <summary>One mute and one late subscriber of a host that sends again what was not taken, in order, with a window of 32: row 9 of the cases.</summary>
    [TestMethod]
    [DataRow(HostileHabit.Mute)]
    [DataRow(HostileHabit.SlowReader)]
    [DataRow(HostileHabit.Refusing)]
    [DataRow(HostileHabit.Ghost)]
    public void A_late_doctor_beside_a_bad_listener_gets_everything_in_order(HostileHabit habit)
    {
        var host = new ResendingHost(window: 32);
        var bad = new HostilePeer(habit, "bad", "s/#", 1);
        bad.Open(host.Server, host.NowUs);
        host.Run(1 * Second, bad);
        host.Add(200);
        host.Run(2 * Second, bad);
        var doctor = new Honest("doctor", "s/#");
        doctor.Open(host);
        host.Run(60 * Second, bad, doctor);
        Assert.AreEqual(200, doctor.InOrder(), "stored");
        for (int i = 0; i < 50; i++)
        {
            host.Add(1);
            host.Run(Second / 2, bad, doctor);
        }

        Assert.AreEqual(250, doctor.InOrder(), "live");
        Assert.AreEqual(0, doctor.Losses);
    }

    [TestMethod]
    public void Many_ghosts_give_way_oldest_first_and_the_newest_keep_theirs()
    {
        var world = new World(new MqttServerOptions { MaxAbsentSessions = 10 });
        World.Peer honest = world.Connect("honest");
        for (int i = 0; i < 500; i++)
        {
            World.Peer ghost = world.AddClient(new MqttClientOptions { ClientId = $"ghost{i}", SessionExpirySeconds = uint.MaxValue });
            ghost.Open();
            ghost.Subscribe("#");
            ghost.Cut();
        }

        Assert.AreEqual(11, world.Server.SessionCount);
        Assert.AreEqual(490, world.Server.Counters.SessionsGivenUp);
        Assert.IsFalse(world.Server.TryGetBacklog("ghost489", out _, out _, out _));
        Assert.IsTrue(world.Server.TryGetBacklog("ghost490", out _, out _, out _));
        Assert.AreEqual(0, honest.Handler.LostCount);
    }

    /// <summary>Prints what ghosts cost without bounds and with the gateway's; only the second is a promise.</summary>
    [TestMethod]
    public void Ghosts_cost_what_the_bounds_allow()
    {
        (long unboundedBytes, MqttServer unbounded) = Ghosts(new MqttServerOptions { MaxQueuedBytesInAll = long.MaxValue / 2 });
        Assert.AreEqual(1_500, unbounded.AbsentSessionCount);
        (long boundedBytes, MqttServer bounded) = Ghosts(new MqttServerOptions { MaxAbsentSessions = 64, MaxQueuedBytesInAll = 32 * 1024 * 1024 });
        Assert.AreEqual(64, bounded.AbsentSessionCount);
        Assert.IsLessThanOrEqualTo(32L * 1024 * 1024, bounded.QueuedBytes);
        TestContext.WriteLine($"1,500 ghosts: {unboundedBytes >> 10} KiB without bounds, {boundedBytes >> 10} KiB with");
    }

    private static (long Bytes, MqttServer Server) Ghosts(MqttServerOptions options)
    {
        long before = GC.GetTotalMemory(true);
        var server = new MqttServer(options, new RecordingServerHandler());
        for (int i = 0; i < 1_500; i++)
        {
            var ghost = new HostilePeer(HostileHabit.Ghost, $"ghost{i}", "s/#", 1);
            ghost.Open(server, 0);
            ghost.Step(0);
            ghost.Step(0);
            ghost.Vanish(0);
        }

        for (int i = 0; i < LongRun.Choose(100, 1_000); i++)
        {
            server.Publish(Message("s/vital", new string('x', 300)), 0, 0);
        }

        return (GC.GetTotalMemory(true) - before, server);
    }

    [TestMethod]
    public void All_queues_together_are_bounded_and_who_is_away_longest_gives_way()
    {
        var world = new World(new MqttServerOptions { MaxQueuedBytesInAll = 100_000 });
        for (int i = 0; i < 5; i++)
        {
            World.Peer ghost = world.AddClient(new MqttClientOptions { ClientId = $"ghost{i}", SessionExpirySeconds = 1_000 });
            ghost.Open();
            ghost.Subscribe($"g/{i}");
            ghost.Cut();
            for (int k = 0; k < 9; k++)
            {
                world.Server.Publish(Message($"g/{i}", new string('x', 4_000)), 0, world.NowUs);
                Assert.IsLessThanOrEqualTo(100_000L, world.Server.QueuedBytes);
            }
        }

        Assert.IsFalse(world.Server.TryGetBacklog("ghost0", out _, out _, out _), "the oldest gave way");
        Assert.IsTrue(world.Server.TryGetBacklog("ghost4", out int queued, out _, out _));
        Assert.AreEqual(9, queued);

        // With nobody away there is nobody to give way: the new message is dropped and told.
        var full = new World(new MqttServerOptions { MaxQueuedBytesInAll = 10_000 });
        RawPeer mute = RawPeer.Connected(full, "mute", MqttVersion.V5, p => p.Properties.ReceiveMaximum = 1);
        mute.SendSubscribe(full, "a", MqttQos.AtLeastOnce);
        for (int i = 1; i <= 5; i++)
        {
            full.Server.Publish(Message("a", new string('x', 4_000)), i, full.NowUs);
        }

        Assert.AreEqual("(4, 151) (5, 151)", string.Join(" ", full.Handler.Deliveries));
        Assert.AreEqual(2, full.Server.Counters.Dropped(MqttDropReason.QueueFull));
    }

    [TestMethod]
    public void Connections_without_connect_give_way_oldest_first()
    {
        var world = new World(new MqttServerOptions { MaxUnidentified = 64 });
        World.Peer honest = world.Connect("honest");
        List<RawPeer> silent = [.. Enumerable.Range(0, 1_000).Select(_ => RawPeer.To(world, MqttVersion.V5))];
        Assert.AreEqual(64, world.Server.UnidentifiedCount);
        Assert.AreEqual(936, silent.Count(p => p.IsClosed));
        Assert.IsTrue(silent.Take(936).All(p => p.IsClosed));
        World.Peer late = world.Connect("late");
        Assert.IsTrue(late.Client.IsConnected, "who says CONNECT at once finds a place");
        world.Advance(10 * Second);
        Assert.AreEqual(0, world.Server.UnidentifiedCount, "10 s to CONNECT");
        Assert.AreEqual(2, world.Server.ConnectionCount);
        Assert.AreEqual(0, honest.Handler.LostCount);
    }

    [TestMethod]
    public void One_address_has_a_bound_and_loopback_has_none()
    {
        var world = new World(new MqttServerOptions { MaxConnectionsPerAddress = 3 });
        HostilePeer[] far = [.. Enumerable.Range(0, 5).Select(i => new HostilePeer(HostileHabit.Silent, $"far{i}", "#", 1) { Address = "192.0.2.1" })];
        HostilePeer other = new(HostileHabit.Silent, "other", "#", 1) { Address = "192.0.2.2" };
        HostilePeer[] here = [.. Enumerable.Range(0, 5).Select(i => new HostilePeer(HostileHabit.Silent, $"here{i}", "#", 1))];
        foreach (HostilePeer peer in far.Append(other).Concat(here))
        {
            peer.Open(world.Server, world.NowUs);
        }

        Assert.AreEqual(3, world.Server.ConnectionCount - 6);
        far[0].Vanish(world.NowUs);
        far[4].Open(world.Server, world.NowUs);
        Assert.AreEqual(9, world.Server.ConnectionCount, "one that left makes room");
    }

    /// <summary>256 connections with keep-alive 0 leave the kept places to those whom they are kept for.</summary>
    [TestMethod]
    public void Kept_places_are_there_whoever_else_is()
    {
        var handler = new GroupedHandler();
        var server = new MqttServer(new MqttServerOptions { MaxConnections = 256, MaxSessions = 256, MaxSilence311Seconds = 450 }, handler);
        var squatters = new List<Honest>();
        for (int i = 0; i < 300; i++)
        {
            squatters.Add(new Honest($"squatter{i}", "x", keepAliveSeconds: 0));
            squatters[^1].Open(server, 0);
        }

        Assert.AreEqual(256, server.ConnectionCount);
        var pods = Enumerable.Range(0, 3).Select(i => new Honest($"pod{i}", "x")).ToList();
        pods.ForEach(p => p.Open(server, 0));
        Assert.AreEqual("True True False", string.Join(" ", pods.Select(p => p.IsOpen)), "two places are kept for this group");
        Assert.AreEqual(MqttCloseCause.NoPlace, handler.Causes[^1].Cause);
        var stops = Enumerable.Range(0, 4).Select(i => new Honest($"stop{i}", "x")).ToList();
        stops.ForEach(p => p.Open(server, 0));
        Assert.AreEqual("False False True True", string.Join(" ", stops.Select(p => p.IsOpen)), "the older ones gave way");
        CollectionAssert.AreEqual(new[] { ("stop0", MqttCloseCause.PlaceTaken), ("stop1", MqttCloseCause.PlaceTaken) }, handler.Causes.TakeLast(2).ToArray());
        server.Step(450 * Second);
        Assert.AreEqual(0, squatters.Count(s => s.IsOpen), "silent for the bound of 3.1.1");
    }

    [TestMethod]
    public void A_group_has_its_own_bound_of_sessions_and_what_its_admission_says()
    {
        var handler = new GroupedHandler();
        var server = new MqttServer(new MqttServerOptions(), handler);
        for (int i = 0; i < LongRun.Choose(1_500, 9_999); i++)
        {
            var listener = new Honest($"listener{i}", "x", sessionExpirySeconds: uint.MaxValue);
            listener.Open(server, 0);
            listener.Vanish(0);
            Assert.IsLessThanOrEqualTo(1, server.SessionCount, "the session ends with the connection");
        }

        var present = Enumerable.Range(0, 10).Select(i => new Honest($"listener{i}", "x")).ToList();
        present.ForEach(p => p.Open(server, 0));
        Assert.AreEqual(4, present.Count(p => p.IsOpen));
        var other = new Honest("someone", "x");
        other.Open(server, 0);
        Assert.IsTrue(other.IsOpen, "another kind is not touched");
    }

    [TestMethod]
    public void A_closed_connection_is_not_kept_alive_by_its_deadlines()
    {
        var world = new World();
        WeakReference[] gone = Churn(world);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.AreEqual(0, gone.Count(g => g.IsAlive), "with keep-alives of 18 hours");
        Assert.AreEqual(0, world.Server.ConnectionCount + world.Server.SessionCount);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference[] Churn(World world)
    {
        var gone = new List<WeakReference>();
        for (int i = 0; i < 200; i++)
        {
            RawPeer peer = RawPeer.To(world, MqttVersion.V5);
            if (i % 2 == 0)
            {
                peer.Send(world, RawPeer.RawConnect($"c{i}", MqttVersion.V5, p => p.KeepAliveSeconds = 65_535));
                peer.SendSubscribe(world, "#", MqttQos.AtLeastOnce);
                world.Server.Publish(Message("a", "x"), 0, world.NowUs);
            }

            peer.Inward.Closed(world.NowUs);
            gone.Add(new WeakReference(peer));
            gone.Add(new WeakReference(peer.Inward));
        }

        return [.. gone];
    }

    [TestMethod]
    public void Deadlines_come_in_order_however_they_are_moved_and_given_up()
    {
        var random = new Random(5);
        var heap = new EdgeGateway.Mqtt.Session.DeadlineHeap();
        var deadlines = Enumerable.Range(0, 300).Select(_ => new EdgeGateway.Mqtt.Session.Deadline(heap, EdgeGateway.Mqtt.Session.DeadlineKind.Connection)).ToList();
        long nowUs = 0;
        for (int round = 0; round < 3_000; round++)
        {
            EdgeGateway.Mqtt.Session.Deadline one = deadlines[random.Next(deadlines.Count)];
            heap.Set(one, random.Next(4) == 0 ? long.MaxValue : nowUs + random.Next(1_000));
            if (random.Next(8) == 0)
            {
                nowUs += random.Next(100);
                long lastUs = long.MinValue;
                while (true)
                {
                    long dueUs = deadlines.Where(d => d.DueUs <= nowUs).Select(d => d.DueUs).DefaultIfEmpty(long.MaxValue).Min();
                    EdgeGateway.Mqtt.Session.Deadline? due = heap.TakeDue(nowUs);
                    Assert.AreEqual(dueUs == long.MaxValue, due is null);
                    if (due is null)
                    {
                        break;
                    }

                    Assert.IsGreaterThanOrEqualTo(lastUs, dueUs);
                }
            }

            Assert.AreEqual(deadlines.Count(d => d.DueUs != long.MaxValue), heap.Count);
        }
    }

    internal static MqttMessage Message(string topic, string payload, MqttQos qos = MqttQos.AtLeastOnce) =>
        new() { Topic = topic, Payload = Encoding.UTF8.GetBytes(payload), Qos = qos };

    /// <summary>Names decide: pods have two kept places, stop connections two with the oldest giving way, listeners four and no session of their own.</summary>
    private sealed class GroupedHandler : IMqttServerHandler
    {
        public List<(string Peer, MqttCloseCause Cause)> Causes { get; } = [];

        public void ClosedForCause(string peer, byte reasonCode, MqttCloseCause cause, string text) => Causes.Add((peer, cause));

        public byte Connecting(in MqttConnectRequest request) => 0;

        public MqttAdmission Admit(in MqttConnectRequest request) =>
            request.ClientId.StartsWith("pod", StringComparison.Ordinal) ? new MqttAdmission { Group = "pods", ReservedPlaces = 2 }
            : request.ClientId.StartsWith("stop", StringComparison.Ordinal) ? new MqttAdmission { Group = "stop", ReservedPlaces = 2, MaxSessionsInGroup = 2, OldestGivesWay = true }
            : request.ClientId.StartsWith("listener", StringComparison.Ordinal) ? new MqttAdmission { Group = "listeners", MaxSessionsInGroup = 4, MaxSessionExpirySeconds = 0 }
            : MqttAdmission.Ordinary;

        public void Connected(string clientId)
        {
        }

        public void Disconnected(string clientId)
        {
        }

        public MqttPublishDisposition Published(string clientId, in MqttMessage message, long token) => MqttPublishDisposition.Accept;

        public bool MaySubscribe(string clientId, string filter) => true;

        public void Subscribed(string clientId, string filter)
        {
        }

        public void Delivered(long ticket, byte reasonCode)
        {
        }
    }
}

/// <summary>A host that publishes numbered messages with tickets, in order and within a window, and begins again with the first that nobody took.</summary>
internal sealed class ResendingHost : IMqttServerHandler
{
    private readonly int _window;
    private readonly Dictionary<long, int> _inFlight = [];
    private long _ticket;
    private int _taken;
    private int _next;
    private int _last;
    private long _pauseUntilUs;
    private bool _again;

    public ResendingHost(int window, MqttServerOptions? options = null)
    {
        _window = window;
        Server = new MqttServer(options ?? new MqttServerOptions(), this);
    }

    public MqttServer Server { get; }

    public long NowUs { get; private set; } = 1_000_000;

    public void Add(int count) => _last += count;

    /// <summary>Runs everybody for some time in steps of 10 ms.</summary>
    public void Run(long us, params object[] peers)
    {
        for (long untilUs = NowUs + us; NowUs < untilUs;)
        {
            NowUs += 10_000;
            Server.Step(NowUs);
            foreach (object peer in peers)
            {
                switch (peer)
                {
                    case HostilePeer hostile:
                        if (!hostile.IsOpen)
                        {
                            hostile.Open(Server, NowUs);
                        }

                        hostile.Step(NowUs);
                        break;
                    case Honest honest:
                        honest.Step(NowUs);
                        break;
                }
            }

            Send();
        }
    }

    public byte Connecting(in MqttConnectRequest request) => 0;

    public void Connected(string clientId)
    {
    }

    public void Disconnected(string clientId)
    {
    }

    public MqttPublishDisposition Published(string clientId, in MqttMessage message, long token) =>
        clientId.StartsWith("pod", StringComparison.Ordinal) ? MqttPublishDisposition.Accept : MqttPublishDisposition.Refuse;

    public bool MaySubscribe(string clientId, string filter) => true;

    public void Subscribed(string clientId, string filter) => _pauseUntilUs = 0;

    public void Delivered(long ticket, byte reasonCode)
    {
        int number = _inFlight[ticket];
        _inFlight.Remove(ticket);
        if (reasonCode == 0)
        {
            _taken = Math.Max(_taken, number);
        }
        else
        {
            _again = true;
        }
    }

    private void Send()
    {
        if (_again && _inFlight.Count == 0)
        {
            _again = false;
            _next = _taken;
            _pauseUntilUs = NowUs + 2_000_000;
        }

        while (!_again && NowUs >= _pauseUntilUs && _inFlight.Count < _window && _next < _last)
        {
            _next++;
            _inFlight.Add(++_ticket, _next);
            Server.Publish(BoundsTests.Message("s/vital", $"{_next}"), _ticket, NowUs);
        }
    }
}

/// <summary>A client that does what it should: over memory, with the product's own state machine.</summary>
internal sealed class Honest : IMqttClientHandler
{
    private readonly string _filter;
    private readonly MqttClient _client;
    private MqttMemoryLink? _link;

    public Honest(string clientId, string filter, ushort keepAliveSeconds = 30, uint sessionExpirySeconds = 0)
    {
        _filter = filter;
        ClientId = clientId;
        _client = new MqttClient(
            new MqttClientOptions
            {
                ClientId = clientId,
                KeepAliveSeconds = keepAliveSeconds,
                SessionExpirySeconds = sessionExpirySeconds,
                Version = keepAliveSeconds == 0 ? MqttVersion.V311 : MqttVersion.V5,
                CleanStart = true,
            },
            this);
    }

    public string ClientId { get; }

    public List<int> Received { get; } = [];

    public int Losses { get; private set; }

    public bool IsOpen => _client.IsConnected && _link is { IsUp: true };

    public long Acknowledged { get; private set; }

    public void Open(ResendingHost host) => Open(host.Server, host.NowUs);

    public void Open(MqttServer server, long nowUs)
    {
        _link = new MqttMemoryLink(server, _client, ClientId);
        _link.Open(nowUs);
        while (_link.Pump(nowUs))
        {
        }
    }

    public void Vanish(long nowUs) => _link!.Cut(nowUs);

    public bool Publish(string topic, long ticket, long nowUs) =>
        _client.TryPublish(new MqttMessage { Topic = topic, Payload = new byte[300], Qos = MqttQos.AtLeastOnce }, ticket, nowUs);

    public void Step(long nowUs)
    {
        _client.Step(nowUs);
        while (_link!.Pump(nowUs))
        {
        }
    }

    /// <summary>How many numbers came, each at first in its order from 1 without a sequence gap; repetitions of what is known are left out.</summary>
    public int InOrder()
    {
        int last = 0;
        foreach (int number in Received)
        {
            Assert.IsLessThanOrEqualTo(last + 1, number, "a hole");
            last = Math.Max(last, number);
        }

        return last;
    }

    public void Connected(bool sessionPresent) => _client.Subscribe(_filter, MqttQos.AtLeastOnce, 0);

    public void Lost(byte reasonCode, string text) => Losses++;

    void IMqttClientHandler.Acknowledged(long ticket, byte reasonCode) => Acknowledged++;

    bool IMqttClientHandler.Received(in MqttMessage message, long token)
    {
        if (int.TryParse(Encoding.UTF8.GetString(message.Payload.Span), System.Globalization.CultureInfo.InvariantCulture, out int number))
        {
            Received.Add(number);
        }

        return true;
    }

    public void Subscribed(string filter, byte reasonCode)
    {
    }
}
