using System;
using System.Collections.Generic;
using System.Net.WebSockets;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Mqtt.Transports;
using Microsoft.AspNetCore.Http;

namespace EdgeGateway.Mqtt.AspNetCore;

/// <summary>How a WebSocket connection ended, for logs and counters.</summary>
public enum MqttWebSocketEnd
{
    /// <summary>Either side closed.</summary>
    Closed,

    /// <summary>The peer sent a text message; it was closed with status 1003.</summary>
    Text,
}

/// <summary>
/// MQTT over WebSocket (MQTT 5.0, 6) on any ASP.NET Core listener with <c>UseWebSockets</c>: subprotocol "mqtt", binary messages
/// only, no compression. Pings are answered and sent by the WebSocket itself; MQTT's own keep-alive stays on top of it.
/// </summary>
public static class MqttWebSocket
{
    /// <summary>The subprotocol. Source: MQTT 5.0, 6.0-3.</summary>
    public const string SubProtocol = "mqtt";

    /// <summary>Time without traffic after which a ping is sent.</summary>
    public static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(15);

    /// <summary>Time a peer has for its pong; then the connection is aborted.</summary>
    public static readonly TimeSpan PongWithin = TimeSpan.FromSeconds(15);

    /// <summary>Time a peer has for its close frame after ours.</summary>
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(2);

    /// <summary>True when the request is a WebSocket request that offers the subprotocol.</summary>
    /// <param name="context">The request.</param>
    /// <returns>False: it is no WebSocket request, or offers another protocol.</returns>
    public static bool IsOffered(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!context.WebSockets.IsWebSocketRequest)
        {
            return false;
        }

        IList<string> offered = context.WebSockets.WebSocketRequestedProtocols;
        for (int i = 0; i < offered.Count; i++)
        {
            if (string.Equals(offered[i], SubProtocol, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Accepts and serves one peer until either side has closed. To be called only when <see cref="IsOffered"/>.</summary>
    /// <param name="context">The request; who may connect was decided before.</param>
    /// <param name="loop">The loop that owns the server.</param>
    /// <param name="server">The server.</param>
    /// <param name="time">The clock for closing times.</param>
    /// <param name="countAddress">False for a peer whose connections are not bounded by address, such as a trusted proxy. Loopback never is.</param>
    /// <returns>How it ended.</returns>
    public static async Task<MqttWebSocketEnd> ServeAsync(HttpContext context, IMqttLoop loop, IMqttServer server, TimeProvider time, bool countAddress = true)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(time);
        string remote = "ws " + context.Connection.RemoteIpAddress + ":" + context.Connection.RemotePort.ToString(System.Globalization.CultureInfo.InvariantCulture);
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext
        {
            SubProtocol = SubProtocol,
            DangerousEnableCompression = false,
            KeepAliveInterval = PingAfter,
            KeepAliveTimeout = PongWithin,
        }).ConfigureAwait(false);
        string? address = countAddress ? MqttConnectionHandler.CountedAddress(context.Connection.RemoteIpAddress) : null;
        return await ServeAsync(socket, remote, loop, server, time, context.RequestAborted, address).ConfigureAwait(false);
    }

    /// <summary>Serves one peer over an open WebSocket.</summary>
    /// <param name="socket">The WebSocket, open; not disposed here.</param>
    /// <param name="remote">The peer, for logs.</param>
    /// <param name="loop">The loop that owns the server.</param>
    /// <param name="server">The server.</param>
    /// <param name="time">The clock for closing times.</param>
    /// <param name="cancellation">Ends the connection at once.</param>
    /// <param name="address">What the peer's connections are bounded by; null for a peer that is not.</param>
    /// <returns>How it ended.</returns>
    public static async Task<MqttWebSocketEnd> ServeAsync(
        WebSocket socket, string remote, IMqttLoop loop, IMqttServer server, TimeProvider time, CancellationToken cancellation, string? address = null)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(time);
        WebSocketPipe pipe = new(socket);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task carried = pipe.RunAsync(stop.Token);
        await new MqttConnectionHandler(loop, server, time)
            .ServeAsync(pipe, remote, null, () => stop.Cancel(), MqttTransport.WebSocket, address).ConfigureAwait(false);
        try
        {
            await carried.WaitAsync(CloseGrace, time, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // A peer that neither reads nor closes is cut.
            await stop.CancelAsync().ConfigureAwait(false);
            socket.Abort();
            await carried.ConfigureAwait(false);
        }

        return pipe.SawText ? MqttWebSocketEnd.Text : MqttWebSocketEnd.Closed;
    }
}
