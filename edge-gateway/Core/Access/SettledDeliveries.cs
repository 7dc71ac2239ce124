namespace EdgeGateway.Core.Access;

/// <summary>Tells the parts what became of deliveries, at its place in the order: before anything new is taken in or sent.</summary>
internal sealed class SettledDeliveries(EndpointHandler endpoint) : IGatewayPart
{
    /// <inheritdoc/>
    public bool StepsWhileStopping => true;

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        endpoint.SettleDelivered();
        return long.MaxValue;
    }
}
