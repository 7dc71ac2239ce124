using System;
using System.Collections.Generic;
using System.Text;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;

namespace Mqtt.Tests;

/// <summary>
/// The promises of the whole way, against a model, over seeded random histories of publishing, partial delivery, late
/// acknowledgements and cut links: the window is never exceeded, order per topic is kept, nothing acknowledged is lost.
/// </summary>
[TestClass]
public class PromisePropertyTests
{
    private const int Histories = 100;

    [TestMethod]
    [DataRow(MqttQos.AtLeastOnce, false, false)]
    [DataRow(MqttQos.AtLeastOnce, true, false)]
    [DataRow(MqttQos.AtLeastOnce, false, true)]
    [DataRow(MqttQos.ExactlyOnce, false, false)]
    public void Nothing_acknowledged_is_lost_and_order_is_kept_over_random_disconnections(MqttQos qos, bool deferred, bool forgetful)
    {
        long messages = 0, duplicates = 0, cuts = 0;
        for (int seed = 1; seed <= Histories; seed++)
        {
            var history = new History(seed, qos, deferred, forgetful);
            history.Run();
            messages += history.Messages;
            duplicates += history.Duplicates;
            cuts += history.Cuts;
        }

        Assert.IsGreaterThan(Histories * 20L, messages, "the histories are about something");
        Assert.IsGreaterThan(Histories * 2L, cuts);
        if (qos == MqttQos.ExactlyOnce)
        {
            Assert.IsGreaterThan(0, duplicates, "what the application had not taken yet does come again");
        }
        else
        {
            Assert.IsGreaterThan(10, duplicates, "repetitions do happen, so the order was tried");
        }
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_history()
    {
        string[] trace = new string[2];
        for (int i = 0; i < 2; i++)
        {
            var history = new History(12, MqttQos.AtLeastOnce, deferred: true, forgetful: false);
            history.Run();
            trace[i] = history.Trace();
        }

        Assert.IsGreaterThan(500, trace[0].Length);
        Assert.AreEqual(trace[0], trace[1]);
    }

    private sealed class History
    {
        private const int Window = 5;
        private const int Topics = 3;

        private readonly int _seed;
        private readonly Random _random;
        private readonly MqttQos _qos;
        private readonly bool _deferred;
        private readonly RecordingServerHandler _handler = new();
        private readonly MqttServer _server;
        private readonly MqttMemoryLink[] _links = new MqttMemoryLink[2];
        private readonly MqttClient _publisher;
        private readonly RecordingClientHandler _publisherHandler = new();
        private readonly MqttClient _subscriber;
        private readonly RecordingClientHandler _subscriberHandler = new();
        private readonly Queue<long> _owedBySubscriber = new();
        private readonly Queue<(long Token, MqttMessage Message)> _owedByHost = new();
        private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
        private readonly int[] _lastSent = new int[Topics];
        private long _nowUs = 1;
        private long _ticket;
        private int _voidTokens;

        public History(int seed, MqttQos qos, bool deferred, bool forgetful)
        {
            _seed = seed;
            _random = new Random(seed);
            _qos = qos;
            _deferred = deferred;
            var version = _random.Next(2) == 0 ? MqttVersion.V311 : MqttVersion.V5;
            _server = new MqttServer(new MqttServerOptions { ReceiveMaximum = 4, MaxInFlight = 6 }, _handler);
            _handler.OnPublished = OnPublished;
            _publisher = new MqttClient(
                new MqttClientOptions
                {
                    ClientId = "pub",
                    Version = version,
                    KeepInFlight = true,
                    Window = Window,
                    CleanStart = forgetful,
                    SessionExpirySeconds = forgetful ? 0u : 1_000_000u,
                },
                _publisherHandler);
            _subscriber = new MqttClient(
                new MqttClientOptions { ClientId = "sub", Version = MqttVersion.V5, ReceiveMaximum = 3, SessionExpirySeconds = 1_000_000 }, _subscriberHandler);
            _subscriberHandler.OnReceived = OnReceived;
            _links[0] = new MqttMemoryLink(_server, _publisher, "pub");
            _links[1] = new MqttMemoryLink(_server, _subscriber, "sub");
        }

        public int Messages => (int)_ticket;

        public int Cuts { get; private set; }

        public int Duplicates { get; private set; }

        public void Run()
        {
            _subscriber.Subscribe("t/+", MqttQos.ExactlyOnce, _nowUs);
            _links[1].Open(_nowUs);
            while (_links[1].Pump(_nowUs))
            {
            }

            for (int i = 0; i < 600; i++)
            {
                Act();
                Check();
            }

            // Calm: links up, everything owed is paid, until nothing moves.
            for (int calm = 0, rounds = 0; calm < 5; rounds++)
            {
                Assert.IsLessThan(10_000, rounds, Say("the end never comes"));
                bool moved = Reopen(0) | Reopen(1) | PayHost() | PaySubscriber();
                moved |= _links[0].Pump(_nowUs) | _links[1].Pump(_nowUs);
                _nowUs += 1_000;
                _server.Step(_nowUs);
                _publisher.Step(_nowUs);
                calm = moved ? 0 : calm + 1;
                Check();
            }

            Conclude();
        }

        public string Trace() => string.Join('\n', _handler.Events) + string.Join(' ', _publisherHandler.Acknowledgements) + string.Join('\n', _publisherHandler.Events) +
            string.Join(' ', _subscriberHandler.Messages.ConvertAll(m => $"{m.Topic} {Encoding.UTF8.GetString(m.Payload.Span)} {m.Duplicate}"));

        private bool OnReceived(MqttMessage message)
        {
            string key = $"{message.Topic} {Encoding.ASCII.GetString(message.Payload.Span)}";
            Assert.IsFalse(_qos == MqttQos.ExactlyOnce && _taken.Contains(key), Say($"{key} was taken and came again at QoS 2"));
            bool taken = _random.Next(2) == 0;
            if (taken)
            {
                _taken.Add(key);
            }

            return taken;
        }

        private MqttPublishDisposition OnPublished(string clientId, MqttMessage message, long token)
        {
            if (!_deferred || _random.Next(4) == 0)
            {
                // Order: what is routed at once must not pass what the host still holds.
                while (PayHost())
                {
                }

                return MqttPublishDisposition.Accept;
            }

            _owedByHost.Enqueue((token, message));
            return MqttPublishDisposition.Deferred;
        }

        private void Act()
        {
            _nowUs += _random.Next(1, 20_000);
            switch (_random.Next(12))
            {
                case 0 or 1 or 2:
                    Publish();
                    break;
                case 3 or 4 or 5:
                    _links[0].Pump(_nowUs, _random.Next(1, 200));
                    break;
                case 6 or 7:
                    _links[1].Pump(_nowUs, _random.Next(1, 200));
                    break;
                case 8:
                    PaySubscriber();
                    break;
                case 9:
                    PayHost();
                    break;
                case 10:
                    Reopen(_random.Next(2));
                    break;
                default:
                    if (_random.Next(4) == 0)
                    {
                        MqttMemoryLink link = _links[_random.Next(2)];
                        Cuts += link.IsUp ? 1 : 0;
                        link.Cut(_nowUs);
                    }

                    break;
            }

            _server.Step(_nowUs);
            _publisher.Step(_nowUs);
            _subscriber.Step(_nowUs);
        }

        private void Publish()
        {
            int topic = _random.Next(Topics);
            var message = new MqttMessage
            {
                Topic = $"t/{topic}",
                Payload = Encoding.ASCII.GetBytes($"{_lastSent[topic] + 1}"),
                Qos = _qos,
            };
            if (_publisher.TryPublish(message, _ticket + 1, _nowUs))
            {
                _ticket++;
                _lastSent[topic]++;
            }
        }

        private bool Reopen(int which)
        {
            if (_links[which].IsUp)
            {
                return false;
            }

            _links[which].Cut(_nowUs);
            _links[which].Open(_nowUs);
            return true;
        }

        private bool PayHost()
        {
            if (!_owedByHost.TryDequeue(out (long Token, MqttMessage Message) owed))
            {
                return false;
            }

            _server.Publish(owed.Message with { Duplicate = false }, 0, _nowUs);
            _server.Acknowledge(owed.Token, 0, _nowUs);
            return true;
        }

        private bool PaySubscriber()
        {
            while (_owedBySubscriber.Count + _voidTokens < _subscriberHandler.Tokens.Count)
            {
                _owedBySubscriber.Enqueue(_subscriberHandler.Tokens[_owedBySubscriber.Count + _voidTokens]);
            }

            if (!_owedBySubscriber.TryDequeue(out long token))
            {
                return false;
            }

            _voidTokens++;
            _subscriber.Acknowledge(token, _nowUs);
            return true;
        }

        private void Check()
        {
            Assert.IsLessThanOrEqualTo(Window, _publisher.InFlight, Say("the client's window"));
            _server.TryGetBacklog("sub", out _, out _, out int inFlight);
            Assert.IsLessThanOrEqualTo(6, inFlight, Say("the server's window"));
            foreach (RecordingClientHandler handler in new[] { _publisherHandler, _subscriberHandler })
            {
                // 0x93: either side saw its Receive Maximum exceeded; 0x82: saw the protocol broken.
                Assert.AreEqual((byte)0, handler.LostReason, Say(string.Join("; ", handler.Events)));
            }
        }

        private void Conclude()
        {
            Assert.AreEqual(_ticket, _publisherHandler.Acknowledgements.Count, Say("every message is acknowledged once"));
            var seen = new int[Topics];
            foreach (MqttMessage message in _subscriberHandler.Messages)
            {
                int topic = message.Topic[^1] - '0';
                int number = int.Parse(Encoding.ASCII.GetString(message.Payload.Span), System.Globalization.CultureInfo.InvariantCulture);
                if (number <= seen[topic])
                {
                    Duplicates++;
                    continue;
                }

                Assert.AreEqual(seen[topic] + 1, number, Say($"order or loss on {message.Topic}"));
                seen[topic] = number;
            }

            CollectionAssert.AreEqual(_lastSent, seen, Say("everything published has arrived"));
            Assert.AreEqual(0, _server.Counters.DroppedTotal, Say("no drops"));
        }

        private string Say(string what) => $"seed {_seed}, {_qos}, deferred {_deferred}: {what}";
    }
}
