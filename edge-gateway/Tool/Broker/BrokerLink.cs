using System;
using System.Globalization;
using EdgeGateway.Core;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Tool.Broker;

/// <summary>Makes the client that a test speaks with.</summary>
internal delegate IMqttClient TestClientFactory(MqttClientOptions options, IMqttClientHandler handler);

/// <summary>Why a test has no connection.</summary>
/// <param name="Code">A code of hardware/faults.json.</param>
/// <param name="Text">What happened, English.</param>
internal sealed record BrokerFailure(string Code, string Text);

/// <summary>
/// A test's connection to the session's broker: with the gateway's configuration, under a client identifier of its own, so that a running gateway is not thrown out. No I/O, no clock.
/// </summary>
internal abstract class BrokerLink : IUplinkEvents, IMqttClientHandler
{
    /// <summary>What stands behind the gateway's client identifier.</summary>
    public const string IdSuffix = "-test";

    /// <summary>How long the broker may take for one answer, s.</summary>
    private const int AnswerSeconds = 10;

    private readonly IUplinkConnector _connector;
    private readonly Func<IMqttClient> _makeClient;
    private bool _hasTransport;
    private bool _hasClient;
    private BrokerFailure? _late;

    protected BrokerLink(ExternalBroker broker, string cartId, TestClientFactory client, IUplinkConnector connector)
    {
        Broker = broker;
        _connector = connector;
        MqttClientOptions options = new()
        {
            ClientId = (broker.ClientId ?? "cart-" + cartId) + IdSuffix,
            Version = broker.Version,
            CleanStart = true,
            KeepAliveSeconds = broker.KeepAliveSeconds,
            UserName = broker.UserName,
            Password = broker.Password,
            AnswerTimeoutSeconds = AnswerSeconds,
        };
        _makeClient = () => client(options, this);
        Client = _makeClient();
    }

    /// <summary>True when the test has come to its end.</summary>
    public bool IsDone { get; protected set; }

    protected ExternalBroker Broker { get; }

    /// <summary>The client of the present connection. Each has its own: one that was ended for a subscription would else ask for it again.</summary>
    protected IMqttClient Client { get; private set; }

    protected long NowUs { get; private set; }

    /// <summary>Does what is due.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next, µs.</returns>
    public long Step(long nowUs)
    {
        NowUs = nowUs;
        long next = Client.Step(nowUs);
        return IsDone ? next : Math.Min(next, Turn(nowUs));
    }

    void IUplinkEvents.Opened(IMqttConnection connection, long nowUs)
    {
        NowUs = nowUs;
        _hasTransport = _hasClient = true;
        _late = null;
        Client.Open(connection, nowUs);
    }

    void IUplinkEvents.Received(ReadOnlySpan<byte> bytes, long nowUs)
    {
        NowUs = nowUs;
        Client.Received(bytes, nowUs);
    }

    void IUplinkEvents.Closed(string text, long nowUs) => Ended(new BrokerFailure(FaultCodes.BrokerUnreachable, text), isCause: false, nowUs);

    void IUplinkEvents.Refused(string code, string text, long nowUs) => Ended(new BrokerFailure(code, text), isCause: true, nowUs);

    void IMqttClientHandler.Connected(bool sessionPresent) => Up();

    void IMqttClientHandler.Lost(byte reasonCode, string text)
    {
        _hasClient = false;
        string reason = reasonCode >= 0x80 ? string.Create(CultureInfo.InvariantCulture, $" (reason 0x{reasonCode:X2})") : string.Empty;
        BrokerFailure failure = _late ?? new BrokerFailure(BrokerCauses.CodeOf(Client.LastLoss, reasonCode) ?? FaultCodes.BrokerUnreachable, text + reason);
        _late = null;
        if (Client.LastLoss != MqttLossKind.OwnWish)
        {
            Down(failure);
        }
    }

    void IMqttClientHandler.Acknowledged(long ticket, byte reasonCode) => Settled(ticket, reasonCode);

    bool IMqttClientHandler.Received(in MqttMessage message, long token)
    {
        Message(message);
        return true;
    }

    void IMqttClientHandler.Subscribed(string filter, byte reasonCode) => Subscribed(filter, reasonCode);

    /// <summary>True when the next attempt may begin.</summary>
    protected bool MayConnect => !_hasTransport && !_hasClient;

    protected void Connect()
    {
        Client = _makeClient();
        _connector.Connect(this);
    }

    protected abstract long Turn(long nowUs);

    protected abstract void Up();

    protected abstract void Down(BrokerFailure failure);

    protected abstract void Settled(long ticket, byte reasonCode);

    protected abstract void Message(in MqttMessage message);

    protected abstract void Subscribed(string filter, byte reasonCode);

    private void Ended(BrokerFailure failure, bool isCause, long nowUs)
    {
        NowUs = nowUs;
        bool had = _hasTransport;
        _hasTransport = false;
        if (had)
        {
            // The transport knows more of its end than MQTT does, when it knows a cause.
            _late = _hasClient && isCause ? failure : null;
            Client.Closed(nowUs);
        }
        else
        {
            Down(failure);
        }
    }
}
