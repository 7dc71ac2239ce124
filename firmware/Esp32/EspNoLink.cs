using Firmware.Core;

namespace Firmware.Esp32;

/// <summary>The link of a board that knows no gateway: it never comes up.</summary>
public sealed class EspNoLink : IPodLink
{
    /// <inheritdoc/>
    public event LinkAcknowledgedHandler Acknowledged
    {
        add { }
        remove { }
    }

    /// <inheritdoc/>
    public event LinkStateHandler Connected
    {
        add { }
        remove { }
    }

    /// <inheritdoc/>
    public event LinkStateHandler Lost
    {
        add { }
        remove { }
    }

    /// <inheritdoc/>
    public event LinkMessageHandler Message
    {
        add { }
        remove { }
    }

    /// <inheritdoc/>
    public bool IsConnected => false;

    /// <inheritdoc/>
    public bool TryPublish(string topic, byte[] buffer, int count, int ticket, bool retain) => false;

    /// <inheritdoc/>
    public long Step(long nowUs) => long.MaxValue;
}
