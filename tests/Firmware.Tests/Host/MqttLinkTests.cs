using System.Collections.Generic;
using Firmware.Core;
using Firmware.Pod.Link;
using Firmware.Pod.Supervision;
using Firmware.Protocol;
using Firmware.Tests.Pod;

namespace Firmware.Tests.Host;

/// <summary>The link on a library that the test speaks for.</summary>
[TestClass]
public sealed class MqttLinkTests
{
    private const long Second = 1_000_000;

    private static readonly string Command = Topics.Command(0x02a1b2fffe000001);

    [TestMethod]
    public void No_attempt_begins_while_the_cuff_holds_pressure_but_after_a_loss()
    {
        FakeLibrary library = new();
        MqttLink link = new(library, Command) { Situation = new PodSituation { IsCuffInflated = true } };
        long nowUs = 0;
        for (; nowUs < 40 * Second; nowUs += MqttLink.CuffWaitUs)
        {
            link.Step(nowUs);
        }

        Assert.AreEqual(0, library.Attempt);
        link.Situation.IsCuffInflated = false;
        link.Step(nowUs);
        Assert.AreEqual(1, library.Attempt);

        // An attempt that came to nothing is no loss of a link.
        link.Situation.IsCuffInflated = true;
        library.Say(MqttEventKind.Lost);
        link.Step(nowUs);
        link.Step(nowUs + (20 * Second));
        Assert.AreEqual(1, library.Attempt);
        link.Situation.IsCuffInflated = false;
        link.Step(nowUs + (21 * Second));
        library.Say(MqttEventKind.Connected);
        link.Step(nowUs + (22 * Second));
        Assert.IsTrue(link.IsConnected);

        // After a loss the cuff is being emptied, and who looks at it wants to know.
        link.Situation.IsCuffInflated = true;
        library.Say(MqttEventKind.Lost);
        link.Step(nowUs + (23 * Second));
        Assert.IsFalse(link.IsConnected);
        link.Step(nowUs + (24 * Second));
        Assert.AreEqual(3, library.Attempt);
    }

    [TestMethod]
    public void What_an_earlier_connection_says_is_void()
    {
        FakeLibrary library = new();
        MqttLink link = Connected(library);
        int acknowledged = 0;
        link.Acknowledged += _ => acknowledged++;
        Assert.IsTrue(link.TryPublish("t", new byte[100], 100, 7, false));
        int identifier = library.Identifier;
        library.Say(MqttEventKind.Lost);
        link.Step(2 * Second);
        link.Step(3 * Second);
        Assert.AreEqual(2, library.Attempt);
        library.Say(MqttEventKind.Connected);
        library.Say(MqttEventKind.Acknowledged, identifier, attempt: 1);
        library.Say(MqttEventKind.Lost, attempt: 1);
        link.Step(4 * Second);
        Assert.AreEqual(0, acknowledged);
        Assert.IsTrue(link.IsConnected);
    }

    [TestMethod]
    public void A_message_given_up_goes_again_and_is_acknowledged_by_the_gateways_own_word()
    {
        FakeLibrary library = new();
        MqttLink link = Connected(library);
        List<int> acknowledged = [];
        List<string> messages = [];
        link.Acknowledged += acknowledged.Add;
        link.Message += (topic, _, _) => messages.Add(topic);
        byte[] first = Message(1);
        byte[] second = Message(2);
        Assert.IsTrue(link.TryPublish("up", first, first.Length, 11, false));
        library.Say(MqttEventKind.GivenUp, library.Identifier);
        Assert.IsTrue(link.TryPublish("up", second, second.Length, 12, false));
        link.Step(4 * Second);
        Assert.AreEqual(3, library.Published.Count);
        CollectionAssert.AreEqual(first, library.Published[2]);

        // Another message, a shorter body, another version: none is meant.
        byte[] word = Stored(second);
        library.Message(Command, Stored(Message(3)));
        library.Message(Command, word[..^1]);
        link.Step(5 * Second);
        Assert.IsEmpty(acknowledged);
        library.Message(Command, word);
        library.Message(Command, word);
        link.Step(6 * Second);
        CollectionAssert.AreEqual(new[] { 12 }, acknowledged);
        library.Message(Command, Stored(first));
        link.Step(7 * Second);
        CollectionAssert.AreEqual(new[] { 12, 11 }, acknowledged);
        Assert.IsEmpty(messages, "they are the link's own");
        Assert.AreEqual(0, link.UnprovenBytes);
    }

    [TestMethod]
    public void A_thin_link_that_answers_the_oldest_again_and_again_is_kept_and_one_that_passes_the_oldest_over_is_not()
    {
        foreach (bool passesOver in new[] { false, true })
        {
            FakeLibrary library = new();
            MqttLink link = Connected(library);
            Queue<int> waiting = new();
            int ticket = 0;
            long nowUs = Second;
            if (passesOver)
            {
                link.TryPublish("t", new byte[10], 10, 1000, false);
            }

            // Each answer takes 10 s, and four messages wait: each is 40 s old when it is answered.
            for (int s = 0; s < 200 && link.IsConnected; s++, nowUs += Second)
            {
                while (waiting.Count < 4 && link.TryPublish("t", new byte[500], 500, ++ticket, false))
                {
                    waiting.Enqueue(library.Identifier);
                }

                if (s % 10 == 9)
                {
                    library.Say(MqttEventKind.Acknowledged, waiting.Dequeue());
                }

                link.Step(nowUs);
            }

            Assert.AreEqual(!passesOver, link.IsConnected);
            Assert.IsTrue(!passesOver || nowUs - Second <= 20 * Second);
        }
    }

    [TestMethod]
    public void What_the_library_holds_is_bounded_in_bytes_and_follows_the_delay_of_the_queue()
    {
        FakeLibrary library = new();
        MqttLink link = Connected(library);
        int taken = 0;
        for (int ticket = 1; ticket <= 20; ticket++)
        {
            taken += link.TryPublish("up", new byte[4000], 4000, ticket, false) ? 1 : 0;
        }

        Assert.AreEqual(4, taken);
        Assert.IsTrue(link.TryPublish("time", new byte[32], 32, 0, false), "a probe of the link always goes");
        for (int i = 0; i < 100; i++)
        {
            link.TryPublish("time", new byte[32], 32, 0, false);
        }

        Assert.IsLessThanOrEqualTo(MqttFlights.QueueSize - MqttFlights.InboundRoom, library.Published.Count);

        // Answers that come later and later: a queue. Then fast ones again.
        MqttFlights flights = new();
        long nowUs = 0;
        Answer(flights, ref nowUs, 20_000, 3);
        Assert.AreEqual(MqttFlights.MaxRoomBytes, flights.RoomBytes);
        Answer(flights, ref nowUs, MqttFlights.QueueDelayUs, 10);
        Assert.AreEqual(MqttFlights.MaxRoomBytes, flights.RoomBytes);
        Answer(flights, ref nowUs, 400_000, 2);
        Assert.AreEqual(MqttFlights.MinRoomBytes, flights.RoomBytes);
        Answer(flights, ref nowUs, 30_000, 30);
        Assert.AreEqual(MqttFlights.MaxRoomBytes, flights.RoomBytes);

        // A link that is late from the beginning is no full one.
        flights.Clear();
        Answer(flights, ref nowUs, 1_500_000, 10);
        Assert.AreEqual(MqttFlights.MaxRoomBytes, flights.RoomBytes);
    }

    [TestMethod]
    public void Sound_that_waits_for_nobody_does_not_stop_what_only_its_answer_would_prove()
    {
        MqttFlights flights = new();
        int chunks = 0;
        while (flights.HasRoomFor(false, 1700, 0))
        {
            flights.OnTaken(false, 1700, 0);
            chunks++;
        }

        Assert.AreEqual(MqttFlights.QosZeroRoom, chunks);
        Assert.IsTrue(flights.HasRoomFor(true, 4000, 0), "its answer proves that the sound has left");
        flights.OnTaken(true, 4000, 0);
        flights.Add(1, 1, "up", new byte[4000], false, 0);
        Assert.IsFalse(flights.HasRoomFor(true, 4000, 0));
        Assert.AreEqual(1, flights.Acknowledge(1, Second));
        Assert.IsTrue(flights.HasRoomFor(false, 1700, Second));
        Assert.AreEqual(0, flights.UnprovenBytes);
    }

    [TestMethod]
    public void Events_that_overflow_end_the_connection_and_a_late_confirmation_is_proven_by_a_message()
    {
        FakeLibrary library = new();
        MqttLink link = Connected(library);
        int lost = 0;
        link.Lost += () => lost++;
        library.Overflows = true;
        link.Step(2 * Second);
        Assert.AreEqual((1, 1), (lost, link.Overflows));
        link.Step(3 * Second);
        List<string> messages = [];
        link.Message += (topic, _, _) => messages.Add(topic);
        library.Message(Command, [1, PodCommand.SetEpoch, 0, 0, 5, 0, 0, 0]);
        link.Step(4 * Second);
        Assert.IsTrue(link.IsConnected, "what comes on a topic proves that it is subscribed");
        Assert.HasCount(1, messages);
    }

    private static void Answer(MqttFlights flights, ref long nowUs, long afterUs, int times)
    {
        for (int i = 1; i <= times; i++)
        {
            flights.OnTaken(true, 3000, nowUs);
            flights.Add(i, i, "up", new byte[3000], false, nowUs);
            nowUs += afterUs;
            flights.Acknowledge(i, nowUs);
        }
    }

    private static MqttLink Connected(FakeLibrary library)
    {
        MqttLink link = new(library, Command);
        link.Step(0);
        library.Say(MqttEventKind.Connected);
        link.Step(Second / 2);
        Assert.IsTrue(link.IsConnected);
        return link;
    }

    private static byte[] Message(uint sequence)
    {
        byte[] frame = new byte[Frame.Overhead + 4];
        LittleEndian.WriteUInt64(frame, 4, 0x02a1b2fffe000001);
        LittleEndian.WriteUInt32(frame, 20, sequence);
        return frame;
    }

    private static byte[] Stored(byte[] message)
    {
        byte[] command = new byte[PodCommand.HeaderLength + MessageIdentity.Length];
        command[0] = 1;
        command[1] = PodCommand.Stored;
        MessageIdentity.Write(command, PodCommand.HeaderLength, message);
        return command;
    }

    private sealed class FakeLibrary : IMqttLibrary
    {
        private readonly Queue<MqttEvent> _events = new();

        public int Attempt { get; private set; }

        public int Identifier { get; private set; }

        public bool Overflows { get; set; }

        public List<byte[]> Published { get; } = [];

        public void Connect(int attempt) => Attempt = attempt;

        public int Publish(string topic, byte[] payload, bool isAcknowledged, bool retain)
        {
            Published.Add(payload);
            return ++Identifier;
        }

        public void Say(MqttEventKind kind, int identifier = 0, int attempt = 0) =>
            _events.Enqueue(new MqttEvent { Kind = kind, Attempt = attempt == 0 ? Attempt : attempt, Identifier = identifier });

        public void Message(string topic, byte[] payload) => _events.Enqueue(new MqttEvent { Kind = MqttEventKind.Message, Attempt = Attempt, Topic = topic, Payload = payload });

        public bool TryTake(MqttEvent into)
        {
            if (!_events.TryDequeue(out MqttEvent? next))
            {
                return false;
            }

            (into.Kind, into.Attempt, into.Identifier, into.Topic, into.Payload) = (next.Kind, next.Attempt, next.Identifier, next.Topic, next.Payload);
            return true;
        }

        public bool TakeOverflow()
        {
            bool overflows = Overflows;
            Overflows = false;
            return overflows;
        }

        public long Step(long nowUs) => long.MaxValue;
    }
}
