using System.Collections.Generic;

namespace EdgeGateway.Gateway.Web;

/// <summary>Who may use the pages and the WebSocket.</summary>
public sealed record GatewayWebOptions
{
    /// <summary>Most entries of either list.</summary>
    public const int MaxEntries = 16;

    /// <summary>Origins of pages beside this gateway's own that may open a WebSocket, as browsers write them: "https://clinic.example", or "null" for a page opened from a file. Empty: only pages of this gateway.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>Names under which this gateway may be addressed beside loopback ("localhost", "127.0.0.1", "[::1]"), lower case, without port: for a proxy before it. A request to another name is refused, so that no foreign name that is made to point here can act as this gateway's own page.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];
}
