using System;
using System.Collections.Generic;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;
using Firmware.Protocol;

namespace EdgeGateway.Core.Access;

/// <summary>
/// Who may do what by its certificate, which the transport has verified: a pod its own topics, when the cart's list admits it; a listener the sessions' readings, receipts and requests under its own name; nobody
/// else anything but STOP. What was refused before, in the handshake, is told here too, so that health names it.
/// </summary>
internal sealed class CertificateAccess : IGatewayPart
{
    /// <summary>How long an issue stands after its last sign, µs: a pod tries again within seconds.</summary>
    public const long StandsUs = 60_000_000;

    /// <summary>Most refused peers of which issues stand at once; further ones are logged.</summary>
    public const int MaxRefused = 64;

    private const byte ClientIdNotValid = MqttReason.ClientIdentifierNotValid;
    private const byte NotAuthorised = 0x87;
    private const byte AdministrativeAction = 0x98;

    private readonly ICartMembers? _members;
    private readonly string _cartId;
    private readonly string _topicRoot;
    private readonly HealthIssues _issues;
    private readonly ActRecorder _acts;
    private readonly GatewayClock _clock;
    private readonly CodedLog _log;
    private readonly Action<string, byte> _end;
    private readonly SortedDictionary<string, MqttPeerCertificate> _connected = new(StringComparer.Ordinal);
    private readonly SortedDictionary<HealthSubject, (string Code, long LastUs)> _refused = [];
    private (string ClientId, MqttPeerCertificate? Certificate) _admitted = (string.Empty, null);

    /// <summary>Makes it.</summary>
    /// <param name="members">Who belongs to this cart; null without certificates.</param>
    /// <param name="cartId">The cart's name.</param>
    /// <param name="topicRoot"><c>cart/{cartId}/</c>.</param>
    /// <param name="issues">Sent what goes wrong.</param>
    /// <param name="acts">Who was let in or refused, for the trail.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="log">The log.</param>
    /// <param name="end">Ends a client's connection, with an MQTT 5 reason code.</param>
    public CertificateAccess(ICartMembers? members, string cartId, string topicRoot, HealthIssues issues, ActRecorder acts, GatewayClock clock, CodedLog log, Action<string, byte> end)
    {
        _members = members;
        _cartId = cartId;
        _topicRoot = topicRoot;
        _issues = issues;
        _acts = acts;
        _clock = clock;
        _log = log;
        _end = end;
    }

    /// <summary>Handshakes, connections, subscriptions and publications refused since the start.</summary>
    public long RefusedCount { get; private set; }

    /// <summary>Decides about a connection by its certificate, or by the lack of one.</summary>
    /// <param name="request">Who asks; not over WebSocket.</param>
    /// <returns>0, or an MQTT 5 reason code.</returns>
    public byte Connecting(in MqttConnectRequest request)
    {
        _admitted = (string.Empty, null);
        bool isPod = EndpointGuard.TryPodId(request.ClientId, out ulong device);
        if (request.Certificate is not { } certificate)
        {
            // Plain, which is loopback alone. A pod that has a certificate here comes with it.
            return isPod && _members is not null && _members.StandingOf(device) != PeerStanding.Unknown
                ? Refuse(FaultCodes.PodWithoutTls, HealthSubject.Pod(device), request.Remote + " calls itself " + LogText.Shown(request.ClientId) + " and shows no certificate", NotAuthorised)
                : MqttReason.Success;
        }

        HealthSubject subject = isPod ? HealthSubject.Pod(device) : HealthSubject.Listener(LogText.Shown(request.ClientId));
        if (!isPod && request.Living is { Certificate: null })
        {
            return Refuse(FaultCodes.PeerOfOtherRole, subject, request.Remote + " calls itself like a program on this machine", ClientIdNotValid);
        }

        if (_members is null || _members.IsRevoked(certificate.Serial))
        {
            return Refuse(FaultCodes.PeerCertificateRevoked, subject, request.Remote + ": " + certificate.Subject + ", serial " + certificate.Serial, NotAuthorised);
        }

        if (!isPod && !EndpointGuard.IsStopId(request.ClientId) && request.Living is { Certificate: { } other } living && !Equals(other, certificate) && !_members.IsRevoked(other.Serial)
            && _clock.NowUs - living.LastReceivedUs < EndpointGuard.ContestedQuietUs)
        {
            return Refuse(
                FaultCodes.ListenerNameTwice, subject, LogText.Shown(living.Remote) + " has it with serial " + other.Serial + ", " + request.Remote + " asks for it with serial " + certificate.Serial, MqttReason.ServerBusy);
        }

        byte reason = isPod ? Pod(request, device, certificate) : Other(request, certificate, subject);
        if (reason == MqttReason.Success)
        {
            _admitted = (request.ClientId, certificate);
            _acts.Record(new Act(ActNames.PeerAdmitted, new ActAuthor(isPod ? AuthorKind.Pod : AuthorKind.Listener, request.ClientId)) { From = HostOf(request.Remote), Subject = certificate.Serial });
            Settle(subject);
        }

        return reason;
    }

    /// <summary>True when a client is no listener by certificate, or may subscribe to a filter.</summary>
    public bool MaySubscribe(string clientId, string filter)
    {
        if (NameOf(clientId) is null || filter.StartsWith(_topicRoot + "session/", StringComparison.Ordinal) || filter.StartsWith(_topicRoot + "reply/", StringComparison.Ordinal))
        {
            return true;
        }

        RefusedCount++;
        _log.Write(FaultCodes.ListenerTopicRefused, LogText.Shown(clientId) + " may not subscribe to " + LogText.Shown(filter), HealthSubject.Listener(LogText.Shown(clientId)));
        return false;
    }

    /// <summary>True when a client is no listener by certificate, or may publish a message: inside a session, what listeners send, in its own name.</summary>
    public bool MayPublish(string clientId, in MqttMessage message)
    {
        if (NameOf(clientId) is not { } name)
        {
            return true;
        }

        string root = _topicRoot + "session/";
        string below = message.Topic.StartsWith(root, StringComparison.Ordinal) ? message.Topic[root.Length..] : string.Empty;
        int slash = below.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && !message.Retain && SessionTopics.IsOfListener(below[(slash + 1)..]) && string.Equals(SessionRequest.Read(message.Payload).Consumer, name, StringComparison.Ordinal))
        {
            return true;
        }

        RefusedCount++;
        _log.Write(FaultCodes.ListenerTopicRefused, LogText.Shown(clientId) + " may not publish this to " + LogText.Shown(message.Topic), HealthSubject.Listener(LogText.Shown(clientId)));
        return false;
    }

    /// <summary>A handshake was refused.</summary>
    /// <param name="code">Why.</param>
    /// <param name="device">The pod that a proven certificate named; 0 for another peer.</param>
    /// <param name="address">The peer's address without port.</param>
    /// <param name="text">What happened, English.</param>
    public void HandshakeRefused(string code, ulong device, string address, string text) =>
        Refuse(code, device == 0 ? HealthSubject.Listener(LogText.Shown(address)) : HealthSubject.Pod(device), text, NotAuthorised);

    /// <summary>The list or the revoked certificates have changed: connections of those who do not belong here any more end at once.</summary>
    public void MembersChanged()
    {
        foreach ((string clientId, MqttPeerCertificate certificate) in new List<KeyValuePair<string, MqttPeerCertificate>>(_connected))
        {
            bool isPod = EndpointGuard.TryPodId(clientId, out ulong device);
            HealthSubject subject = isPod ? HealthSubject.Pod(device) : HealthSubject.Listener(LogText.Shown(clientId));
            if (_members is null || _members.IsRevoked(certificate.Serial))
            {
                Refuse(FaultCodes.PeerCertificateRevoked, subject, LogText.Shown(clientId) + " was connected; serial " + certificate.Serial, AdministrativeAction);
                _end(clientId, AdministrativeAction);
            }
            else if (isPod && _members.StandingOf(device) != PeerStanding.Admitted)
            {
                Refuse(FaultCodes.PodRevoked, subject, LogText.Shown(clientId) + " was connected", AdministrativeAction);
                _end(clientId, AdministrativeAction);
            }
        }
    }

    /// <summary>Whether the files of certificates can be read.</summary>
    /// <param name="problem">Why not; null when they can.</param>
    public void Files(string? problem) => _issues.Set(problem is not null, FaultCodes.CertificateFilesUnreadable, HealthSubject.Gateway, problem ?? string.Empty);

    /// <summary>How much is left of the cart's own certificates.</summary>
    /// <param name="ended">Which have run out, English; null for none.</param>
    /// <param name="due">Which are to be renewed, and how many days are left; null for none.</param>
    /// <param name="holders">Which pods and programs have one that is to be renewed; null for none.</param>
    public void Lives(string? ended, string? due, string? holders)
    {
        _issues.Set(holders is not null, FaultCodes.HolderCertificateEndsSoon, HealthSubject.Gateway, holders ?? string.Empty);
        _issues.Set(ended is not null, FaultCodes.CertificateEnded, HealthSubject.Gateway, ended ?? string.Empty);
        _issues.Set(due is not null, FaultCodes.CertificateEndsSoon, HealthSubject.Gateway, due ?? string.Empty);
    }

    /// <summary>Whether the machine's clock is behind what was recorded.</summary>
    /// <param name="problem">By how much, English; null when it is not.</param>
    public void Clock(string? problem) => _issues.Set(problem is not null, FaultCodes.ClockBehindRecord, HealthSubject.Gateway, problem ?? string.Empty);

    /// <summary>Whether the certificate of the pages can be used, and names this gateway.</summary>
    /// <param name="unusable">Why it cannot be used, English; null when it can.</param>
    /// <param name="missing">The name that it does not have; null for none.</param>
    public void WebCertificate(string? unusable, string? missing)
    {
        _issues.Set(unusable is not null, FaultCodes.WebCertificateUnusable, HealthSubject.Gateway, unusable ?? string.Empty);
        _issues.Set(missing is not null, FaultCodes.WebCertificateNameMissing, HealthSubject.Gateway, missing ?? string.Empty);
    }

    /// <inheritdoc/>
    public void ClientCame(string clientId, bool hasSubscriptions) => Came(clientId);

    /// <inheritdoc/>
    public void PodCame(Ingest.Pod pod) => Came(EndpointGuard.PodPrefix + Topics.DeviceText(pod.DeviceId));

    /// <inheritdoc/>
    public void ClientWent(string clientId) => _connected.Remove(clientId);

    /// <inheritdoc/>
    public void PodWent(Ingest.Pod pod) => _connected.Remove(EndpointGuard.PodPrefix + Topics.DeviceText(pod.DeviceId));

    /// <summary>Ends issues that had no sign for <see cref="StandsUs"/>.</summary>
    /// <returns>When it wants to be called next, µs.</returns>
    public long Step(long nowUs)
    {
        if (_refused.Count == 0)
        {
            return long.MaxValue;
        }

        long next = long.MaxValue;
        foreach ((HealthSubject subject, (string Code, long LastUs) refused) in new List<KeyValuePair<HealthSubject, (string Code, long LastUs)>>(_refused))
        {
            if (nowUs - refused.LastUs >= StandsUs)
            {
                Settle(subject);
            }
            else
            {
                next = Math.Min(next, refused.LastUs + StandsUs);
            }
        }

        return next;
    }

    private byte Pod(in MqttConnectRequest request, ulong device, MqttPeerCertificate certificate)
    {
        string expected = Subject(Topics.DeviceText(device), "pod");
        if (!string.Equals(certificate.Subject, expected, StringComparison.Ordinal))
        {
            return Refuse(FaultCodes.PeerOfOtherRole, HealthSubject.Pod(device), request.Remote + " calls itself " + LogText.Shown(request.ClientId) + ", its certificate says " + LogText.Shown(certificate.Subject), ClientIdNotValid);
        }

        return _members!.StandingOf(device) switch
        {
            PeerStanding.Admitted => MqttReason.Success,
            PeerStanding.Revoked => Refuse(FaultCodes.PodRevoked, HealthSubject.Pod(device), "it asks from " + request.Remote, NotAuthorised),
            _ => Refuse(FaultCodes.NewPodAsks, HealthSubject.Pod(device), "it asks from " + request.Remote + "; cartctl pods admit " + Topics.DeviceText(device), NotAuthorised),
        };
    }

    private byte Other(in MqttConnectRequest request, MqttPeerCertificate certificate, HealthSubject subject)
    {
        if (EndpointGuard.IsStopId(request.ClientId))
        {
            return MqttReason.Success; // whatever the role: STOP is refused to nobody, and such a connection does nothing else
        }

        return NameOf(certificate) is { } name && (string.Equals(request.ClientId, name, StringComparison.Ordinal) || request.ClientId.StartsWith(name + ".", StringComparison.Ordinal))
            ? MqttReason.Success
            : Refuse(
                FaultCodes.PeerOfOtherRole, subject,
                request.Remote + " calls itself " + LogText.Shown(request.ClientId) + ", its certificate says " + LogText.Shown(certificate.Subject) + "; a listener's identifier is its name, or begins with it and a dot", ClientIdNotValid);
    }

    private string Subject(string name, string role) => "CN=" + name + ", OU=" + role + ", O=" + _cartId;

    // The name of a listener, null for another role.
    private string? NameOf(MqttPeerCertificate certificate)
    {
        const string Before = "CN=";
        string after = ", OU=listener, O=" + _cartId;
        return certificate.Subject.StartsWith(Before, StringComparison.Ordinal) && certificate.Subject.EndsWith(after, StringComparison.Ordinal) && certificate.Subject.Length > Before.Length + after.Length
            ? certificate.Subject[Before.Length..^after.Length]
            : null;
    }

    private string? NameOf(string clientId) => _connected.TryGetValue(clientId, out MqttPeerCertificate? certificate) && !EndpointGuard.IsStopId(clientId) ? NameOf(certificate) : null;

    private void Came(string clientId)
    {
        if (string.Equals(_admitted.ClientId, clientId, StringComparison.Ordinal) && _admitted.Certificate is { } certificate)
        {
            _connected[clientId] = certificate;
        }
        else
        {
            _connected.Remove(clientId);
        }

        _admitted = (string.Empty, null);
    }

    // An address without its port: the port says nothing of who it is.
    private static string HostOf(string remote)
    {
        int colon = remote.LastIndexOf(':');
        return colon > 0 ? remote[..colon].Trim('[', ']') : remote;
    }

    private byte Refuse(string code, HealthSubject subject, string text, byte reason)
    {
        RefusedCount++;
        _acts.Record(new Act(ActNames.PeerRefused, new ActAuthor(subject.Kind == HealthSubjectKind.Pod ? AuthorKind.Pod : AuthorKind.Unknown, subject.Name)) { From = ActNames.FromMqtt, Code = code });
        if (_refused.TryGetValue(subject, out (string Code, long LastUs) known) && !string.Equals(known.Code, code, StringComparison.Ordinal))
        {
            Settle(subject);
        }

        if (_refused.Count >= MaxRefused && !_refused.ContainsKey(subject) && subject.Kind == HealthSubjectKind.Pod)
        {
            GiveWay();
        }

        if (_refused.Count >= MaxRefused && !_refused.ContainsKey(subject))
        {
            _log.Write(code, text, subject);
            return reason;
        }

        _refused[subject] = (code, _clock.NowUs);
        _issues.Raise(code, subject, text);
        return reason;
    }

    // A pod that has proven itself is named, however many strangers are: the one without a sign for longest gives way.
    private void GiveWay()
    {
        HealthSubject? oldest = null;
        long oldestUs = long.MaxValue;
        foreach ((HealthSubject subject, (string Code, long LastUs) refused) in _refused)
        {
            if (subject.Kind != HealthSubjectKind.Pod && refused.LastUs < oldestUs)
            {
                (oldest, oldestUs) = (subject, refused.LastUs);
            }
        }

        if (oldest is { } stranger)
        {
            Settle(stranger);
        }
    }

    private void Settle(HealthSubject subject)
    {
        if (_refused.Remove(subject, out (string Code, long LastUs) known))
        {
            _issues.Clear(known.Code, subject);
        }
    }
}
