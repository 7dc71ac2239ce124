using System;

namespace EdgeGateway.Core.Health;

/// <summary>What kind of thing a health issue is about; the key of <c>subject</c> in <c>/health</c>.</summary>
public enum HealthSubjectKind
{
    /// <summary>The gateway as a whole: <c>subject</c> is empty.</summary>
    Gateway,

    /// <summary>A pod, by its device id.</summary>
    Pod,

    /// <summary>A stream, as deviceId.bootId.stream, or a topic.</summary>
    Stream,

    /// <summary>A session, by its name.</summary>
    Session,

    /// <summary>The session's broker, as host:port.</summary>
    Broker,

    /// <summary>A subscriber or a listening page, by its client identifier.</summary>
    Listener,

    /// <summary>The journal's disk, by its directory, or a file of it.</summary>
    Disk,
}

/// <summary>What a health issue is about.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Name">Which one; empty for the gateway.</param>
public readonly record struct HealthSubject(HealthSubjectKind Kind, string Name) : IComparable<HealthSubject>
{
    /// <summary>The gateway as a whole.</summary>
    public static readonly HealthSubject Gateway = new(HealthSubjectKind.Gateway, string.Empty);

    /// <summary>A pod.</summary>
    /// <param name="deviceId">Its EUI-64.</param>
    /// <returns>The subject.</returns>
    public static HealthSubject Pod(ulong deviceId) => new(HealthSubjectKind.Pod, Firmware.Protocol.Topics.DeviceText(deviceId));

    /// <summary>A session.</summary>
    /// <param name="id">Its name.</param>
    /// <returns>The subject.</returns>
    public static HealthSubject Session(string id) => new(HealthSubjectKind.Session, id);

    /// <summary>A client, by the identifier that it chose.</summary>
    /// <param name="id">The identifier, as it is shown in the log.</param>
    /// <returns>The subject.</returns>
    public static HealthSubject Listener(string id) => new(HealthSubjectKind.Listener, id);

    /// <summary>An external broker, by host and port.</summary>
    /// <param name="broker">The broker.</param>
    /// <returns>The subject.</returns>
    public static HealthSubject Broker(ExternalBroker broker)
    {
        ArgumentNullException.ThrowIfNull(broker);
        return new HealthSubject(HealthSubjectKind.Broker, broker.Host + ":" + Invariant.Text(broker.Port));
    }

    /// <inheritdoc/>
    public int CompareTo(HealthSubject other)
    {
        int byKind = Kind.CompareTo(other.Kind);
        return byKind != 0 ? byKind : string.CompareOrdinal(Name, other.Name);
    }

    /// <summary>Orders subjects by kind, then by name.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when <paramref name="left"/> comes first.</returns>
    public static bool operator <(HealthSubject left, HealthSubject right) => left.CompareTo(right) < 0;

    /// <summary>Orders subjects by kind, then by name.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when <paramref name="left"/> comes first or both are the same.</returns>
    public static bool operator <=(HealthSubject left, HealthSubject right) => left.CompareTo(right) <= 0;

    /// <summary>Orders subjects by kind, then by name.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when <paramref name="left"/> comes last.</returns>
    public static bool operator >(HealthSubject left, HealthSubject right) => left.CompareTo(right) > 0;

    /// <summary>Orders subjects by kind, then by name.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when <paramref name="left"/> comes last or both are the same.</returns>
    public static bool operator >=(HealthSubject left, HealthSubject right) => left.CompareTo(right) >= 0;
}
