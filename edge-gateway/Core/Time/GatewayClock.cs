using EdgeGateway.Core.Records;

namespace EdgeGateway.Core.Time;

/// <summary>The gateway's clocks, and which start of the gateway they belong to.</summary>
internal sealed class GatewayClock(IGatewayTime time)
{
    /// <summary>Which start this is, from 1; 0 before the journal is open.</summary>
    public uint BootId { get; set; }

    /// <summary>Monotonic µs.</summary>
    public long NowUs => time.NowUs;

    /// <summary>UTC at this moment.</summary>
    public UtcEstimate Utc => time.Utc;

    /// <summary>This moment as it is journaled.</summary>
    public GatewayMoment Now
    {
        get
        {
            UtcEstimate utc = time.Utc;
            return utc.Synchronised && utc.UncertaintyUs <= uint.MaxValue
                ? new GatewayMoment(BootId, NowUs, utc.UtcUs, (uint)utc.UncertaintyUs)
                : new GatewayMoment(BootId, NowUs, GatewayMoment.NoUtc, 0);
        }
    }
}
