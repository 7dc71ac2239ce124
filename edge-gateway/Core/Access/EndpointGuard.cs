using System;
using System.Collections.Generic;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Codec;

namespace EdgeGateway.Core.Access;

/// <summary>
/// What the gateway decides about clients of its MQTT endpoint beside their rights: which places they may take, who keeps a pod's identifier
/// when two ask for it, and what is told of connections that end for cause.
/// </summary>
internal sealed class EndpointGuard : IGatewayPart
{
    /// <summary>Client identifiers of pods begin so; the device id follows.</summary>
    public const string PodPrefix = "pod-";

    /// <summary>Client identifiers of connections that only stop the cuff begin so.</summary>
    public const string StopPrefix = "stop-";

    /// <summary>After so long without a byte from a pod's connection another one may take its place, µs: it was lost without a word.</summary>
    public const long QuietUs = 5_000_000;

    /// <summary>The same while two pods are known to ask for one identifier, µs. A living pod says something at least every 15 s.</summary>
    public const long ContestedQuietUs = 20_000_000;

    /// <summary>How long a contest, or an issue of this class, stands after its last sign, µs.</summary>
    public const long StandsUs = 60_000_000;

    /// <summary>A sign of life this much later than a refusal comes from a pod that lives, µs; earlier it may have been under way.</summary>
    private const long UnderWayUs = 1_000_000;

    /// <summary>Takeovers within <see cref="StandsUs"/> that make a contest where addresses say nothing.</summary>
    private const int TakeoversOfContest = 3;

    /// <summary>Most identifiers of which claims are kept; the one without a sign for longest is forgotten first.</summary>
    private const int MaxClaims = 128;

    /// <summary>Most subscribers whose issues stand at once.</summary>
    private const int MaxMute = 64;

    private readonly Pods _pods;
    private readonly DeduplicationProjection _deduplication;
    private readonly HealthIssues _issues;
    private readonly GatewayClock _clock;
    private readonly CodedLog _log;
    private readonly SortedDictionary<ulong, Claim> _claims = [];
    private readonly SortedDictionary<string, long> _mute = new(StringComparer.Ordinal);
    private long _noPlaceUs = long.MinValue;

    /// <summary>Makes it.</summary>
    /// <param name="pods">The pods of this start.</param>
    /// <param name="deduplication">The pods that were ever here.</param>
    /// <param name="issues">Sent what goes wrong.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="log">The log.</param>
    public EndpointGuard(Pods pods, DeduplicationProjection deduplication, HealthIssues issues, GatewayClock clock, CodedLog log)
    {
        _pods = pods;
        _deduplication = deduplication;
        _issues = issues;
        _clock = clock;
        _log = log;
    }

    /// <summary>Claims refused since the start.</summary>
    public long Refused { get; private set; }

    /// <summary>Exceptions caught in the handling of one connection.</summary>
    public long Faults { get; private set; }

    /// <summary>What a line about a peer is about: a pod that was accepted, another client or a remote, or the gateway when no peer is named.</summary>
    /// <param name="peer">Client identifier of an accepted client, a remote, or empty.</param>
    /// <returns>The subject.</returns>
    public static HealthSubject SubjectOf(string peer) =>
        peer.Length == 0 ? HealthSubject.Gateway : TryPodId(peer, out ulong device) ? HealthSubject.Pod(device) : HealthSubject.Listener(LogText.Shown(peer));

    /// <summary>Reads a pod's client identifier.</summary>
    /// <param name="clientId">The identifier.</param>
    /// <param name="device">The pod's EUI-64.</param>
    /// <returns>False when it is none of a pod.</returns>
    public static bool TryPodId(string clientId, out ulong device)
    {
        device = 0;
        return clientId.StartsWith(PodPrefix, StringComparison.Ordinal) && Names.TryDevice(clientId.AsSpan(PodPrefix.Length), out device);
    }

    /// <summary>True for a client identifier of a connection that only stops the cuff.</summary>
    public static bool IsStopId(string clientId) => clientId.StartsWith(StopPrefix, StringComparison.Ordinal);

    /// <summary>True when such a connection may publish a message: to stop, and nothing else.</summary>
    public static bool IsStop(string topicRoot, in MqttMessage message) =>
        !message.Retain && string.Equals(message.Topic, topicRoot + "command/cuff", StringComparison.Ordinal)
        && SessionRequest.Read(message.Payload).Command is "stop";

    /// <summary>The places of an accepted client.</summary>
    /// <param name="request">Who was accepted.</param>
    /// <param name="device">The device id of a pod; 0 for others.</param>
    public MqttAdmission Admit(in MqttConnectRequest request, ulong device)
    {
        if (device != 0)
        {
            return IsKnown(device)
                ? new MqttAdmission
                {
                    Group = "pods",
                    MaxSessionsInGroup = EndpointLimits.MaxPods,
                    ReservedPlaces = EndpointLimits.PlacesOfKnownPods,
                    MaxSilenceSeconds = 0,
                }
                : new MqttAdmission { Group = "new pods", MaxSessionsInGroup = EndpointLimits.MaxNewPods, OldestGivesWay = true };
        }

        if (IsStopId(request.ClientId))
        {
            return new MqttAdmission
            {
                Group = "stop",
                MaxSessionsInGroup = EndpointLimits.PlacesOfStop,
                ReservedPlaces = EndpointLimits.PlacesOfStop,
                OldestGivesWay = true,
                MaxSessionExpirySeconds = 0,
                MaxSilenceSeconds = EndpointLimits.StopSilenceSeconds,
            };
        }

        if (request.Transport == MqttTransport.WebSocket)
        {
            return new MqttAdmission
            {
                Group = "listeners of " + request.UserName,
                MaxSessionsInGroup = EndpointLimits.MaxListenersPerToken,
                MaxSessionExpirySeconds = 0,
            };
        }

        return new MqttAdmission { Group = request.Certificate is null ? "session clients" : "listeners by certificate", MaxSessionsInGroup = EndpointLimits.MaxSessionClients };
    }

    /// <summary>Decides whether a connection may have a pod's identifier that another one has now.</summary>
    /// <returns>0, or an MQTT 5 reason code: 0x89 for a little later, 0x85 while two pods ask for it.</returns>
    public byte Claimed(in MqttConnectRequest request, ulong device)
    {
        if (request.Living is not { } living)
        {
            return MqttReason.Success;
        }

        long nowUs = _clock.NowUs;
        Claim claim = ClaimOf(device);
        claim.LastUs = nowUs;
        bool sameCertificate = Equals(living.Certificate, request.Certificate);
        if (!sameCertificate)
        {
            // Another key under the same name, which the cart has issued too: a renewal, or a second board with this device id. It waits until the first is silent.
            claim.IsContested |= living.LastReceivedUs > nowUs - QuietUs;
        }

        bool sameAddress = sameCertificate && living.Address is not null && string.Equals(living.Address, request.Address, StringComparison.Ordinal);
        bool isQuiet = nowUs - living.LastReceivedUs >= QuietUs;
        if (claim.RefusedUs != long.MinValue && living.LastReceivedUs > claim.RefusedUs + UnderWayUs)
        {
            claim.IsContested = true; // the first one has spoken since: it lives, and this is another
        }

        if (!claim.IsContested && (isQuiet || sameAddress))
        {
            claim.IsContested = claim.Takeover(living.Address, request.Address, isQuiet, nowUs);
        }

        if (claim.IsContested)
        {
            _issues.Raise(
                FaultCodes.DuplicateDeviceId, HealthSubject.Pod(device), "at " + LogText.Shown(living.Remote) + " and at " + LogText.Shown(request.Remote));
        }

        if (claim.IsContested ? nowUs - living.LastReceivedUs >= ContestedQuietUs : isQuiet || sameAddress)
        {
            claim.RefusedUs = long.MinValue;
            return MqttReason.Success;
        }

        claim.RefusedUs = claim.RefusedUs == long.MinValue ? nowUs : claim.RefusedUs;
        Refused++;
        return claim.IsContested ? MqttReason.ClientIdentifierNotValid : MqttReason.ServerBusy;
    }

    /// <summary>
    /// True when a pod finds room in the list. One that is away and never sent a reading is forgotten for it; for a pod of which readings have come, else the one that
    /// is away and silent for longest.
    /// </summary>
    public bool HasRoomFor(ulong device)
    {
        if (_pods.Find(device) is not null || !_pods.IsFull)
        {
            return true;
        }

        foreach (Pod pod in _pods.All)
        {
            if (!pod.IsConnected && !IsKnown(pod.DeviceId))
            {
                _pods.Remove(pod.DeviceId);
                return true;
            }
        }

        Pod? silent = null;
        foreach (Pod pod in IsKnown(device) ? _pods.All : [])
        {
            silent = !pod.IsConnected && (silent is null || pod.LastReceivedUs < silent.LastReceivedUs) ? pod : silent;
        }

        if (silent is not null)
        {
            _pods.Remove(silent.DeviceId);
        }

        return silent is not null;
    }

    /// <summary>The server closed or refused a connection for cause.</summary>
    /// <param name="peer">Client identifier, or the remote of a connection that was not accepted.</param>
    /// <param name="cause">Which cause.</param>
    /// <param name="text">What happened.</param>
    public void ClosedForCause(string peer, MqttCloseCause cause, string text)
    {
        string shown = LogText.Shown(peer);
        string what = shown + ": " + LogText.Shown(text);
        switch (cause)
        {
            case MqttCloseCause.NotAcknowledged when _mute.Count < MaxMute || _mute.ContainsKey(shown):
                _mute[shown] = _clock.NowUs;
                _issues.Raise(FaultCodes.SubscriberNotAcknowledging, HealthSubject.Listener(shown), what);
                break;
            case MqttCloseCause.NotAcknowledged:
                _log.Write(FaultCodes.SubscriberNotAcknowledging, what, SubjectOf(peer));
                break;
            case MqttCloseCause.NoPlace:
                _noPlaceUs = _clock.NowUs;
                _issues.Raise(FaultCodes.NoPlaceForConnection, HealthSubject.Gateway, what);
                break;
            case MqttCloseCause.PlaceTaken:
                _log.Write(FaultCodes.NoPlaceForConnection, what, SubjectOf(peer));
                break;
            default:
                _log.Write(FaultCodes.MqttProtocolBroken, what, SubjectOf(peer));
                break;
        }
    }

    /// <summary>An exception was caught in the handling of one connection.</summary>
    public void Faulted(string peer, Exception exception)
    {
        Faults++;
        string what = (peer.Length == 0 ? "no one connection" : LogText.Shown(peer)) + ": " + Described(exception);
        _log.Write(FaultCodes.ConnectionHandlingFailed, what, SubjectOf(peer));
    }

    /// <summary>Ends what had no sign for <see cref="StandsUs"/>.</summary>
    /// <returns>When it wants to be called next, µs.</returns>
    public long Step(long nowUs)
    {
        if (_claims.Count == 0 && _mute.Count == 0 && _noPlaceUs == long.MinValue)
        {
            return long.MaxValue;
        }

        long next = long.MaxValue;
        foreach ((ulong device, Claim claim) in new List<KeyValuePair<ulong, Claim>>(_claims))
        {
            if (nowUs - claim.LastUs >= StandsUs)
            {
                _claims.Remove(device);
                _issues.Clear(FaultCodes.DuplicateDeviceId, HealthSubject.Pod(device));
            }
            else
            {
                next = Math.Min(next, claim.LastUs + StandsUs);
            }
        }

        foreach ((string shown, long sinceUs) in new List<KeyValuePair<string, long>>(_mute))
        {
            if (nowUs - sinceUs >= StandsUs)
            {
                _mute.Remove(shown);
                _issues.Clear(FaultCodes.SubscriberNotAcknowledging, HealthSubject.Listener(shown));
            }
            else
            {
                next = Math.Min(next, sinceUs + StandsUs);
            }
        }

        if (_noPlaceUs != long.MinValue)
        {
            if (nowUs - _noPlaceUs >= StandsUs)
            {
                _noPlaceUs = long.MinValue;
                _issues.Clear(FaultCodes.NoPlaceForConnection, HealthSubject.Gateway);
            }
            else
            {
                next = Math.Min(next, _noPlaceUs + StandsUs);
            }
        }

        return next;
    }

    /// <summary>Type, message and the first place of a stack, in one line.</summary>
    private static string Described(Exception exception)
    {
        string stack = exception.StackTrace ?? string.Empty;
        int end = stack.IndexOf('\n', StringComparison.Ordinal);
        return LogText.Shown(exception.GetType().Name + ": " + exception.Message) + " " + LogText.Shown((end < 0 ? stack : stack[..end]).Trim());
    }

    /// <summary>True when a reading of the pod has come, in this start or an earlier one. A message alone proves nothing: its frames may be none.</summary>
    private bool IsKnown(ulong device)
    {
        foreach (StreamMarks marks in _deduplication.Streams)
        {
            if (marks.Key.DeviceId == device)
            {
                return true;
            }
        }

        return false;
    }

    private Claim ClaimOf(ulong device)
    {
        if (_claims.TryGetValue(device, out Claim? claim))
        {
            return claim;
        }

        if (_claims.Count >= MaxClaims)
        {
            ulong oldest = 0;
            long oldestUs = long.MaxValue;
            foreach ((ulong other, Claim known) in _claims)
            {
                (oldest, oldestUs) = known.LastUs < oldestUs ? (other, known.LastUs) : (oldest, oldestUs);
            }

            _claims.Remove(oldest);
            _issues.Clear(FaultCodes.DuplicateDeviceId, HealthSubject.Pod(oldest));
        }

        claim = new Claim();
        _claims.Add(device, claim);
        return claim;
    }

    /// <summary>What is known of the connections that asked for one identifier.</summary>
    private sealed class Claim
    {
        private readonly Queue<(long AtUs, string? Displaced)> _takeovers = new();

        public long LastUs { get; set; }

        /// <summary>When a connection was refused first since the last takeover, µs.</summary>
        public long RefusedUs { get; set; } = long.MinValue;

        public bool IsContested { get; set; }

        /// <summary>One connection takes the identifier from another.</summary>
        /// <returns>True when that shows two pods: one comes back from an address that was displaced before, or, where addresses say nothing, it is one takeover too many.</returns>
        public bool Takeover(string? from, string? to, bool wasQuiet, long nowUs)
        {
            while (_takeovers.TryPeek(out (long AtUs, string? Displaced) old) && nowUs - old.AtUs > StandsUs)
            {
                _takeovers.Dequeue();
            }

            bool saysNothing = from is null || to is null || string.Equals(from, to, StringComparison.Ordinal);
            int alike = 1;
            foreach ((_, string? displaced) in _takeovers)
            {
                if (!saysNothing && string.Equals(displaced, to, StringComparison.Ordinal))
                {
                    return true;
                }

                alike++;
            }

            if (_takeovers.Count >= TakeoversOfContest)
            {
                _takeovers.Dequeue();
            }

            _takeovers.Enqueue((nowUs, from));

            // A pod alone on a bad link leaves quiet connections behind, from one address; two that live displace each other while both talk.
            return saysNothing && alike >= TakeoversOfContest && (from is null || !wasQuiet);
        }
    }
}
