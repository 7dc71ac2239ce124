namespace EdgeGateway.Core;

/// <summary>How far a gateway is between its start and its end.</summary>
internal enum GatewayState
{
    /// <summary>Nothing has happened.</summary>
    Created,

    /// <summary>The journal is being opened.</summary>
    Opening,

    /// <summary>The journal is open; this start is not on the disk yet.</summary>
    Booting,

    /// <summary>Readings, commands and clients are taken in.</summary>
    Running,

    /// <summary>No new work; the journal is being closed.</summary>
    Stopping,

    /// <summary>All is on the disk.</summary>
    Stopped,
}

/// <summary>The state of one gateway. <see cref="GatewayCore"/> changes it; parts ask.</summary>
internal sealed class GatewayLife
{
    /// <summary>How far it is.</summary>
    public GatewayState State { get; set; }

    /// <summary>True while readings, commands and clients are taken in.</summary>
    public bool IsRunning => State == GatewayState.Running;
}
