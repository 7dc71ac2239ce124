using EdgeGateway.Mqtt.Client;
using Simulators.Cart.Gateway;
using Simulators.Cart.Ledger;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;
using Simulators.Kernel;
using Simulators.Network;

namespace Simulators.Cart.Subscribers;

/// <summary>A session's consumer somewhere on the simulated network.</summary>
public sealed class SimulatedSubscriber
{
    private readonly WorldServices _world;
    private readonly SubscriberDefinition _definition;
    private readonly string _cart;
    private readonly string _address;
    private readonly NetworkPath _path;
    private readonly string _place;
    private SimulatedConnector? _connector;
    private SteppedProcess? _process;
    private long _startedUs;

    internal SimulatedSubscriber(WorldServices world, string cart, SubscriberDefinition definition, NetworkPath path, string address)
    {
        _world = world;
        _definition = definition;
        _cart = cart;
        _path = path;
        _address = address;
        _place = cart + "/" + definition.Id;
        Ledger = world.Ledger.AddSubscriber(_place);
    }

    /// <summary>Each reading as it arrives, true time with it, when it is new.</summary>
    public event DeliveryHandler? Received;

    /// <summary>Its scenario.</summary>
    public SubscriberDefinition Definition => _definition;

    /// <summary>What it received.</summary>
    public SubscriberLedger Ledger { get; }

    /// <summary>True time of a moment of its own clock.</summary>
    /// <param name="localUs">µs since it was started.</param>
    /// <returns>True time, µs.</returns>
    public long WorldUs(long localUs) => _startedUs + localUs;

    /// <summary>Its consumer; null while it does not run.</summary>
    public SessionSubscriber? Consumer { get; private set; }

    /// <summary>Starts it. Nothing happens when it runs.</summary>
    public void Start()
    {
        if (Consumer is not null)
        {
            return;
        }

        _world.Trace?.Begin(_place, "subscriber-start").End();
        Oscillator oscillator = new(_world.Kernel.NowUs, 0);
        SteppedProcess? process = null;
        _connector = new SimulatedConnector(_world.Network, _path, _address, () => oscillator.LocalUs(_world.Kernel.NowUs), () => process?.Wake());
        Consumer = new SessionSubscriber(
            _cart,
            _definition.Session,
            _definition.Id,
            _definition.Receipts,
            _connector,
            static (options, handler) => new MqttClient(options, handler),
            OnReceived,
            text =>
            {
                Ledger.Malformed++;
                _world.Ledger.Find(_place + ": " + text);
            },
            _definition.Listens);
        _startedUs = _world.Kernel.NowUs;
        process = new SteppedProcess(_world.Kernel, oscillator, Consumer.Step);
        _process = process;
        process.Wake();
    }

    /// <summary>It goes away without a word; its machine answers for it.</summary>
    public void Stop()
    {
        if (Consumer is not null)
        {
            _world.Trace?.Begin(_place, "subscriber-stop").End();
            _process!.Stop();
            _connector!.Abort();
            Consumer = null;
        }
    }

    private void OnReceived(in Delivery delivery)
    {
        bool isNew = _world.Ledger.Received(Ledger, delivery, _world.Kernel.NowUs);
        _world.Trace?.Begin(_place, isNew ? "delivered" : "again").Add("class", delivery.Class).Add("id", delivery.Id.ToString()).End();
        Received?.Invoke(delivery);
    }
}
