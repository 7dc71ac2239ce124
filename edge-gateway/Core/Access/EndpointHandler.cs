using System;
using System.Collections.Generic;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Sound;
using EdgeGateway.Core.Time;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Core.Access;

/// <summary>
/// The application behind the gateway's own MQTT server: who may connect, subscribe and publish, and whom a message concerns. Acknowledgements and settled deliveries are
/// kept for the next step, never handled from inside the server's own call.
/// </summary>
internal sealed class EndpointHandler : IMqttServerHandler, IGatewayPart
{
    private const byte NotAuthorised = 0x87;
    private const byte ServerUnavailable = 0x88;
    private const byte ClientIdNotValid = 0x85;
    private const byte ShuttingDown = 0x8B;
    private const byte QuotaExceeded = 0x97;
    private const byte AdministrativeAction = 0x98;

    private readonly GatewayLife _life;
    private readonly Pods _pods;
    private readonly ListenerAccess _listeners;
    private readonly CertificateAccess _certificates;
    private readonly EndpointGuard _guard;
    private readonly ActRecorder _acts;
    private readonly AccountAccess _accounts;
    private readonly GatewayParts _parts;
    private readonly CodedLog _log;
    private readonly GatewayOptions _options;
    private readonly string _topicRoot;
    private readonly SortedSet<string> _clients = new(StringComparer.Ordinal);
    private readonly List<(long Ticket, byte Reason)> _delivered = [];
    private readonly Queue<long> _tokens = new();
    private IMqttServer _server = null!;
    private SessionMessages _session = null!;
    private PodIngest _ingest = null!;
    private ClockAnswers _time = null!;
    private LiveSound _sound = null!;
    private bool _podsChanged;

    /// <summary>Makes it; <see cref="Attach"/> follows before the first client.</summary>
    /// <param name="life">Whether the gateway runs.</param>
    /// <param name="pods">The pods.</param>
    /// <param name="listeners">Who may listen over WebSocket.</param>
    /// <param name="certificates">Who may do what by a certificate.</param>
    /// <param name="guard">Which places clients may take.</param>
    /// <param name="acts">Who looks, and who was refused, for the trail.</param>
    /// <param name="accounts">Who the session's side is.</param>
    /// <param name="parts">Sent of clients, pods and deliveries.</param>
    /// <param name="log">The log.</param>
    /// <param name="options">The gateway's own id, and whether the session's side is at an external broker.</param>
    /// <param name="topicRoot"><c>cart/{cartId}/</c>.</param>
    public EndpointHandler(
        GatewayLife life, Pods pods, ListenerAccess listeners, CertificateAccess certificates, EndpointGuard guard, ActRecorder acts, AccountAccess accounts, GatewayParts parts, CodedLog log, GatewayOptions options, string topicRoot)
    {
        _life = life;
        _pods = pods;
        _listeners = listeners;
        _certificates = certificates;
        _guard = guard;
        _acts = acts;
        _accounts = accounts;
        _parts = parts;
        _log = log;
        _options = options;
        _topicRoot = topicRoot;
    }

    /// <summary>Connections, subscriptions and publications refused since the start.</summary>
    public long RefusedCount { get; private set; }

    /// <summary>True when something waits for the next step.</summary>
    public bool HasMore => _delivered.Count > 0 || _tokens.Count > 0 || _podsChanged;

    /// <summary>Says whom messages concern: the server wants its handler before there can be any of them.</summary>
    /// <param name="server">The server.</param>
    /// <param name="session">The session's side.</param>
    /// <param name="ingest">Pods' readings.</param>
    /// <param name="time">Pods' clock exchanges.</param>
    /// <param name="sound">Pods' live sound.</param>
    public void Attach(IMqttServer server, SessionMessages session, PodIngest ingest, ClockAnswers time, LiveSound sound)
    {
        _server = server;
        _session = session;
        _ingest = ingest;
        _time = time;
        _sound = sound;
    }

    /// <summary>Tells the parts which deliveries were settled since the step before.</summary>
    public void SettleDelivered()
    {
        _podsChanged = false;
        for (int i = 0; i < _delivered.Count; i++)
        {
            _parts.Settled(_delivered[i].Ticket, _delivered[i].Reason);
        }

        _delivered.Clear();
    }

    /// <inheritdoc/>
    bool IGatewayPart.StepsWhileStopping => true;

    /// <summary>Gives the acknowledgements that need not wait for the disk.</summary>
    long IGatewayPart.Step(long nowUs)
    {
        while (_tokens.TryDequeue(out long token))
        {
            _server.Acknowledge(token, 0, nowUs);
        }

        return _accounts.Step(nowUs, client => _server.Disconnect(client, AdministrativeAction, nowUs));
    }

    /// <summary>Ends all connections: the gateway is shutting down.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void DisconnectAll(long nowUs)
    {
        foreach (string client in new List<string>(_clients))
        {
            _server.Disconnect(client, ShuttingDown, nowUs);
        }
    }

    /// <inheritdoc/>
    public byte Connecting(in MqttConnectRequest request)
    {
        if (!_life.IsRunning)
        {
            return ServerUnavailable;
        }

        if (request.Transport == MqttTransport.WebSocket)
        {
            byte ofListener = _listeners.Connecting(request);
            _acts.Record(new Act(ofListener == 0 ? ActNames.PeerAdmitted : ActNames.PeerRefused, new ActAuthor(AuthorKind.Listener, request.ClientId))
            {
                From = "websocket",
                Code = ofListener switch { 0 => string.Empty, QuotaExceeded => FaultCodes.TooManyListeners, _ => FaultCodes.ListenerTokenRefused },
            });
            return ofListener;
        }

        if (_certificates.Connecting(request) is not 0 and var refusal)
        {
            return refusal;
        }

        if (ListenerAccess.IsListenerId(request.ClientId))
        {
            return Refused(request.ClientId, ClientIdNotValid, "client identifiers that begin with web. are for listeners over WebSocket");
        }

        if (EndpointGuard.IsStopId(request.ClientId))
        {
            return 0; // STOP is refused to nobody; Published lets it do nothing else
        }

        if (!request.ClientId.StartsWith(EndpointGuard.PodPrefix, StringComparison.Ordinal))
        {
            // With an external broker the session's side is there, and this server is for pods alone.
            return _options.External is null ? Counted(_accounts.Connecting(request)) : Refused(request.ClientId, NotAuthorised, LogText.Shown(request.ClientId) + " is no pod, and the session's broker is elsewhere");
        }

        if (!EndpointGuard.TryPodId(request.ClientId, out ulong device) || device == _options.GatewayId)
        {
            return Refused(request.ClientId, ClientIdNotValid, LogText.Shown(request.ClientId) + " is not pod- and 16 lower-case hexadecimal digits");
        }

        return _guard.HasRoomFor(device)
            ? _guard.Claimed(request, device)
            : Refused(request.ClientId, QuotaExceeded, "more pods than the gateway knows how to keep");
    }

    /// <inheritdoc/>
    public MqttAdmission Admit(in MqttConnectRequest request) => _guard.Admit(request, EndpointGuard.TryPodId(request.ClientId, out ulong device) ? device : 0);

    /// <inheritdoc/>
    public void ClosedForCause(string peer, byte reasonCode, MqttCloseCause cause, string text) => _guard.ClosedForCause(peer, cause, text);

    /// <inheritdoc/>
    public void Faulted(string peer, Exception exception) => _guard.Faulted(peer, exception);

    /// <inheritdoc/>
    public void Connected(string clientId)
    {
        _clients.Add(clientId);
        _accounts.Came(clientId);
        if (EndpointGuard.TryPodId(clientId, out ulong device))
        {
            Pod pod = Note(device, isConnected: true);
            _parts.Tell(part => part.PodCame(pod));
        }
        else
        {
            bool hasSubscriptions = _server.HasSubscriptions(clientId); // with a kept session no SUBSCRIBE comes
            _parts.Tell(part => part.ClientCame(clientId, hasSubscriptions));
        }
    }

    /// <inheritdoc/>
    public void Disconnected(string clientId)
    {
        _clients.Remove(clientId);
        _accounts.Went(clientId);
        if (EndpointGuard.TryPodId(clientId, out ulong device))
        {
            Pod pod = Note(device, isConnected: false);
            _parts.Tell(part => part.PodWent(pod));
        }
        else
        {
            _parts.Tell(part => part.ClientWent(clientId));
        }
    }

    /// <inheritdoc/>
    public MqttPublishDisposition Published(string clientId, in MqttMessage message, long token)
    {
        _session.Client = clientId;
        try
        {
            return Decide(clientId, message, token);
        }
        finally
        {
            _session.Client = string.Empty;
        }
    }

    private MqttPublishDisposition Decide(string clientId, in MqttMessage message, long token)
    {
        // Before any question of who asks: no role is refused a stop.
        if (_session.TryStop(message))
        {
            AcknowledgeLater(message.Qos, token);
            return MqttPublishDisposition.Deferred;
        }

        if (!_clients.Contains(clientId) && !EndpointGuard.TryPodId(clientId, out _))
        {
            return Refuse(clientId, message.Topic); // the will of one who is gone: nobody's rights stand for it any more
        }

        if (ListenerAccess.IsListenerId(clientId) && !_listeners.MayPublish(clientId, message))
        {
            return MqttPublishDisposition.Refuse;
        }

        if (!_certificates.MayPublish(clientId, message))
        {
            return MqttPublishDisposition.Refuse;
        }

        if (EndpointGuard.IsStopId(clientId) && !EndpointGuard.IsStop(_topicRoot, message))
        {
            return Refuse(clientId, message.Topic);
        }

        if (!_life.IsRunning)
        {
            // Not acknowledged: whoever sent it keeps it and sends it again.
            return message.Qos == MqttQos.AtMostOnce ? MqttPublishDisposition.Accept : MqttPublishDisposition.Deferred;
        }

        return EndpointGuard.TryPodId(clientId, out ulong device) ? FromPod(clientId, device, message, token) : FromSession(clientId, message, token);
    }

    /// <inheritdoc/>
    public bool MaySubscribe(string clientId, string filter)
    {
        if (ListenerAccess.IsListenerId(clientId))
        {
            return _listeners.MaySubscribe(clientId, filter);
        }

        if (!_certificates.MaySubscribe(clientId, filter))
        {
            return false;
        }

        bool allowed = EndpointGuard.TryPodId(clientId, out ulong device)
            ? filter.StartsWith("pod/" + Topics.DeviceText(device) + "/", StringComparison.Ordinal)
            : _accounts.MaySubscribe(clientId) && filter.StartsWith(_topicRoot + (EndpointGuard.IsStopId(clientId) ? "reply/" : string.Empty), StringComparison.Ordinal);
        if (!allowed)
        {
            RefusedCount++;
            _log.Write(FaultCodes.TopicNotAllowed, LogText.Shown(clientId) + " may not subscribe to " + LogText.Shown(filter), EndpointGuard.SubjectOf(clientId));
        }

        return allowed;
    }

    /// <inheritdoc/>
    public void Subscribed(string clientId, string filter)
    {
        if (!EndpointGuard.TryPodId(clientId, out ulong device))
        {
            _acts.Record(new Act(ActNames.SessionView, new ActAuthor(AuthorKind.Listener, clientId)) { From = ActNames.FromMqtt, Session = SessionOf(filter) });
            _parts.Tell(part => part.ClientSubscribed(clientId, filter));
            return;
        }

        if (string.Equals(filter, Topics.Command(device), StringComparison.Ordinal) || filter.EndsWith("/#", StringComparison.Ordinal) || filter.EndsWith("/+", StringComparison.Ordinal))
        {
            Pod pod = _pods.Of(device);
            pod.HasCommands = true;
            _parts.Tell(part => part.PodReady(pod));
        }
    }

    /// <inheritdoc/>
    public void Delivered(long ticket, byte reasonCode) => _delivered.Add((ticket, reasonCode));

    // The session in a filter below the cart's; empty for all of them.
    private string SessionOf(string filter)
    {
        string root = _topicRoot + "session/";
        string name = filter.StartsWith(root, StringComparison.Ordinal) ? filter[root.Length..].Split('/')[0] : string.Empty;
        return name is "+" or "#" ? string.Empty : name;
    }

    private Pod Note(ulong device, bool isConnected)
    {
        Pod pod = _pods.Of(device);
        pod.IsConnected = isConnected;
        pod.HasCommands = false;
        _podsChanged = true;
        return pod;
    }

    private byte Counted(byte reason)
    {
        RefusedCount += reason == 0 ? 0 : 1;
        return reason;
    }

    private byte Refused(string clientId, byte reason, string text)
    {
        RefusedCount++;
        _acts.Record(new Act(ActNames.PeerRefused, new ActAuthor(AuthorKind.Unknown, clientId)) { From = ActNames.FromMqtt, Code = FaultCodes.ClientRefused });
        _log.Write(FaultCodes.ClientRefused, text, HealthSubject.Listener(LogText.Shown(clientId))); // whatever it calls itself, it is nobody yet
        return reason;
    }

    private MqttPublishDisposition Refuse(string clientId, string topic)
    {
        RefusedCount++;
        _log.Write(FaultCodes.TopicNotAllowed, LogText.Shown(clientId) + " may not publish to " + LogText.Shown(topic), EndpointGuard.SubjectOf(clientId));
        return MqttPublishDisposition.Refuse;
    }

    private MqttPublishDisposition FromPod(string clientId, ulong device, in MqttMessage message, long token)
    {
        string root = _pods.RootOf(device);
        if (!message.Topic.StartsWith(root, StringComparison.Ordinal))
        {
            return Refuse(clientId, message.Topic);
        }

        MqttPublishDisposition consumed = message.Qos == MqttQos.AtMostOnce ? MqttPublishDisposition.Deferred : MqttPublishDisposition.Accept;
        switch (message.Topic.AsSpan(root.Length))
        {
            case "up":
                _ingest.Message(clientId, device, message.Payload, message.Qos == MqttQos.AtMostOnce ? 0 : token);
                return MqttPublishDisposition.Deferred;
            case "time":
                _time.Answer(device, message.Payload.Span);
                return consumed;
            case "sound":
                _sound.FromPod(device, message.Payload.ToArray());
                return consumed;
            case "state":
                Pod pod = _pods.Of(device);
                if (pod.TakeState(message.Payload))
                {
                    _parts.Tell(part => part.PodPartsChanged(pod));
                }

                return MqttPublishDisposition.Accept;
            default:
                return Refuse(clientId, message.Topic);
        }
    }

    private MqttPublishDisposition FromSession(string clientId, in MqttMessage message, long token)
    {
        if (!_session.Takes(message.Topic))
        {
            return Refuse(clientId, message.Topic);
        }

        MqttQos qos = message.Qos;
        _session.On(message, () => AcknowledgeLater(qos, token), _accounts.ActorOf(clientId));
        return MqttPublishDisposition.Deferred;
    }

    // Never from inside the server's own call: the token is not yet its.
    private void AcknowledgeLater(MqttQos qos, long token)
    {
        if (qos != MqttQos.AtMostOnce)
        {
            _tokens.Enqueue(token);
        }
    }
}
