using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;
using Simulators.Network;
using static Simulators.Cart.Scenario.ScenarioSections;

namespace Simulators.Cart.Scenario;

/// <summary>Reads carts: the gateway, its networks, its pods, the sessions and who listens.</summary>
/// <param name="durationUs">How long the scenario runs, µs.</param>
internal sealed class CartReader(long durationUs)
{
    private static readonly (string Word, bool Value)[] Brokers = [("embedded", false), ("external", true)];

    private readonly PodReader _pods = new(durationUs);

    public CartDefinition Read(YamlSection map)
    {
        CartDefinition standard = new() { Id = string.Empty, Pods = [] };
        List<YamlSection> podMaps = map.Maps("pods", ScenarioDefinition.MaxPods, required: true);
        List<YamlSection> sessionMaps = map.Maps("sessions", 64);
        List<YamlSection> subscriberMaps = map.Maps("subscribers", ScenarioDefinition.MaxSubscribers);
        YamlSection network = map.Section("network");
        CartDefinition cart = new()
        {
            Id = map.Name("id", upperCase: true),
            Gateway = map.Read("gateway", standard.Gateway, Gateway),
            ExternalBroker = map.Word("broker", false, Brokers),
            Broker = map.Read<BrokerDefinition?>("brokerHabits", null, BrokerReader.Read),
            PodNetwork = network.Read("pods", standard.PodNetwork, n => Quality(n, standard.PodNetwork)),
            UplinkNetwork = network.Read("uplink", standard.UplinkNetwork, n => Quality(n, standard.UplinkNetwork)),
            SessionNetwork = network.Read("session", standard.SessionNetwork, n => Quality(n, standard.SessionNetwork)),
            Pods = podMaps.ReadAll(_pods.Read),
            Sessions = sessionMaps.ReadAll(Session),
            Subscribers = subscriberMaps.ReadAll(Subscriber),
        };
        if (cart is { Broker: not null, ExternalBroker: false })
        {
            map.Error(FaultCodes.ScenarioReferenceUnknown, "brokerHabits", "the cart has no external broker", "Set 'broker: external' for the cart.");
        }

        NoneTwice(podMaps, cart.Pods.Select(p => p.Id).ToList());
        NoneTwice(sessionMaps, cart.Sessions.Select(s => s.Id).ToList());
        NoneTwice(subscriberMaps, cart.Subscribers.Select(s => s.Id).ToList());
        for (int i = 0; i < cart.Subscribers.Count; i++)
        {
            IEnumerable<string> sessions = cart.Sessions.Select(s => s.Id);
            if (cart.Subscribers[i].Session.Length > 0 && !sessions.Contains(cart.Subscribers[i].Session, StringComparer.Ordinal))
            {
                subscriberMaps[i].Error(
                    FaultCodes.ScenarioReferenceUnknown,
                    "session",
                    $"there is no session '{cart.Subscribers[i].Session}' in this cart",
                    NearestWord.Suggest(cart.Subscribers[i].Session, sessions));
            }
        }

        network.End();
        map.End();
        return cart;
    }

    private static GatewayDefinition Gateway(YamlSection map)
    {
        GatewayDefinition standard = new();
        GatewayDefinition gateway = new()
        {
            DriftPpb = (int)map.Scaled("driftPpm", 0, 1000, -500, 500),
            Synchronised = map.Flag("synchronised", true),
            UtcUncertaintyUs = map.Scaled("utcUncertaintyMs", standard.UtcUncertaintyUs, Millisecond, 0, 60_000),
            DiskSyncUs = map.Scaled("diskSyncMs", standard.DiskSyncUs, Millisecond, 0, 10_000),
            DiskBytes = map.Scaled("diskMegabytes", standard.DiskBytes, 1_000_000, 1, 100_000),
            Window = (int)map.Count("window", standard.Window, 1, 1024),
        };
        map.End();
        return gateway;
    }

    private static PathQuality Quality(YamlSection map, PathQuality standard)
    {
        PathQuality quality = new()
        {
            LatencyUs = map.Scaled("latencyMs", standard.LatencyUs, Millisecond, 0, 60_000),
            JitterUs = map.Scaled("jitterMs", standard.JitterUs, Millisecond, 0, 60_000),
            BytesPerSecond = map.Scaled("kilobytesPerSecond", standard.BytesPerSecond, 1000, 0, 1_000_000),
        };
        map.End();
        return quality;
    }

    private SessionDefinition Session(YamlSection map)
    {
        decimal end = durationUs / (decimal)Second;
        string id = map.Name("id", upperCase: true);
        long openUs = map.Scaled("openS", 0, Second, 0, end, required: true);
        long closeUs = map.Scaled("closeS", long.MaxValue, Second, 0, end);
        if (closeUs <= openUs)
        {
            map.Error(FaultCodes.ScenarioTimesContradict, "closeS", "the session closes before it opens");
        }

        map.End();
        return new SessionDefinition(id, openUs, closeUs);
    }

    private SubscriberDefinition Subscriber(YamlSection map)
    {
        SubscriberDefinition subscriber = new()
        {
            Id = map.Name("id", upperCase: false),
            Session = map.Text("session", required: true) ?? string.Empty,
            ConnectUs = map.Scaled("connectS", 0, Second, 0, durationUs / (decimal)Second),
            Receipts = map.Flag("receipts", true),
            Listens = map.Flag("listens", false),
        };
        map.End();
        return subscriber;
    }
}
