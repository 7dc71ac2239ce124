namespace EdgeGateway.Core.Delivery;

/// <summary>The way to the session's broker as a part: stepped before all that publishes.</summary>
internal sealed class LinkPart(ISessionLink link, FittedLink? fitted) : IGatewayPart
{
    /// <inheritdoc/>
    public long Step(long nowUs) => link.Step(nowUs);

    /// <inheritdoc/>
    public void Stop(long nowUs) => link.Stop(nowUs);

    /// <inheritdoc/>
    public void LinkUp() => fitted?.LinkUp();
}
