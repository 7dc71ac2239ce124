using System.Collections.Generic;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using Firmware.Protocol;

namespace EdgeGateway.Core.Health;

/// <summary>Finds what is not well with the pods: those that are away or in safe mode, whose clock is not known, or of which a part does not work.</summary>
internal sealed class PodChecks(
    Pods pods, SessionProjection sessions, DeliveryProjection delivery, TimeProjection time, HealthIssues issues, GatewayClock clock, CodedLog log, GatewayOptions options)
{
    /// <summary>A pod that is away this long in an open session is an issue, µs: longer than a quick reconnection.</summary>
    public const long PodGoneUs = 3_000_000;

    /// <summary>The same without an open session, µs.</summary>
    public const long PodGoneIdleUs = 60_000_000;

    /// <summary>A pod of the list that has not come this long after the start is an issue, µs.</summary>
    public const long PodNeverCameUs = 60_000_000;

    /// <summary>A connected pod without a clock exchange for this long is an issue, µs.</summary>
    public const long NoExchangeUs = 30_000_000;

    /// <summary>A part that does not work for this long is an issue, µs: longer than a quick new plug.</summary>
    public const long PartFaultUs = 5_000_000;

    /// <summary>Pods watched at once; further ones are not.</summary>
    public const int MaxWatched = 256;

    private readonly long _startUs = clock.NowUs;
    private readonly SortedDictionary<ulong, PodWatch> _watches = [];
    private uint _session;

    /// <summary>A pod's connection came up.</summary>
    /// <param name="pod">The pod.</param>
    public void Came(Pod pod)
    {
        ulong device = pod.DeviceId;
        PodWatch watch = WatchOf(device);
        watch.CameUs = clock.NowUs;
        watch.Came = true;
        log.Write(FaultCodes.PodConnected, "pod " + Topics.DeviceText(device), HealthSubject.Pod(device));
    }

    /// <summary>A pod's connection is gone.</summary>
    /// <param name="pod">The pod.</param>
    public void Went(Pod pod)
    {
        ulong device = pod.DeviceId;
        WatchOf(device).GoneUs = clock.NowUs;
        log.Write(FaultCodes.PodDisconnected, "pod " + Topics.DeviceText(device), HealthSubject.Pod(device));
    }

    /// <summary>Looks at all pods.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Look(long nowUs)
    {
        Session? open = sessions.Open;
        foreach (DeviceDescription listed in options.Devices)
        {
            if (listed.DeviceId != options.GatewayId)
            {
                WatchOf(listed.DeviceId).IsListed = true;
            }
        }

        if (open is not null && open.Number != _session)
        {
            // A pod that measured in this session before a start of the gateway belongs to it too.
            foreach ((DeliveryKey key, _) in delivery.Marks)
            {
                if (key.Session == open.Number && key.Stream.DeviceId != options.GatewayId)
                {
                    WatchOf(key.Stream.DeviceId).Came = true;
                }
            }
        }

        foreach ((ulong device, PodWatch watch) in _watches)
        {
            HealthSubject subject = HealthSubject.Pod(device);
            Pod? pod = pods.Find(device);
            bool connected = pod is { IsConnected: true };
            long goneUs = nowUs - watch.GoneUs;
            bool gone = watch.Came && !connected && goneUs >= (open is null ? PodGoneIdleUs : PodGoneUs);

            issues.Set(gone, FaultCodes.PodAway, subject, string.Empty, watch.GoneUs);
            issues.Set(!watch.Came && watch.IsListed && !connected && nowUs - _startUs >= PodNeverCameUs, FaultCodes.PodNeverSeen, subject, string.Empty, _startUs);
            if (!connected || pod is null)
            {
                issues.Clear(FaultCodes.PodClockUnknown, subject);
                issues.Clear(FaultCodes.PodPartNotWorking, subject);
                issues.Clear(FaultCodes.PodInSafeMode, subject);
                issues.Clear(FaultCodes.PodOnBench, subject);
                watch.FaultSinceUs = -1;
                continue;
            }

            issues.Set(pod.IsOnBench, FaultCodes.PodOnBench, subject, string.Empty, watch.CameUs);
            issues.Set(pod.SafeMode is not null, FaultCodes.PodInSafeMode, subject, pod.SafeMode ?? string.Empty, watch.CameUs);

            bool knowsTime = time.NewestExchange(device, pod.BootId) is { } exchange && exchange.GatewayBootId == clock.BootId;
            issues.Set(!knowsTime && pod.SafeMode is null && nowUs - watch.CameUs >= NoExchangeUs, FaultCodes.PodClockUnknown, subject, string.Empty, watch.CameUs);
            string faulty = pod.FaultyParts;
            watch.FaultSinceUs = faulty.Length == 0 ? -1 : watch.FaultSinceUs < 0 ? nowUs : watch.FaultSinceUs;
            issues.Set(faulty.Length > 0 && nowUs - watch.FaultSinceUs >= PartFaultUs, FaultCodes.PodPartNotWorking, subject, faulty, watch.FaultSinceUs);
        }

        _session = open?.Number ?? 0;
    }

    private PodWatch WatchOf(ulong device)
    {
        if (!_watches.TryGetValue(device, out PodWatch? watch))
        {
            watch = new PodWatch { GoneUs = clock.NowUs };
            if (_watches.Count < MaxWatched)
            {
                _watches.Add(device, watch);
            }
        }

        return watch;
    }

    private sealed class PodWatch
    {
        public bool IsListed { get; set; }

        public bool Came { get; set; }

        public long CameUs { get; set; }

        public long GoneUs { get; set; }

        public long FaultSinceUs { get; set; } = -1;
    }
}
