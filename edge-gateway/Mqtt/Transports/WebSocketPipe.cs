using System;
using System.Net.WebSockets;
using System.Threading;
using System.Threading.Tasks;

namespace EdgeGateway.Mqtt.Transports;

/// <summary>
/// A WebSocket as a duplex pipe of bytes: inward, binary messages are joined to one stream in any fragmentation; outward, what is flushed goes out as
/// binary messages. Sources: RFC 6455; MQTT 5.0, 6 (control packets may span messages, and one message may hold several).
/// </summary>
internal sealed class WebSocketPipe : TransportPipe
{
    private readonly WebSocket _socket;
    private WebSocketCloseStatus _status = WebSocketCloseStatus.NormalClosure;
    private string _reason = string.Empty;

    public WebSocketPipe(WebSocket socket) => _socket = socket;

    /// <summary>True when the peer sent a text message, which MQTT forbids.</summary>
    public bool SawText { get; private set; }

    protected override async ValueTask<int?> ReceiveAsync(Memory<byte> room, CancellationToken cancellation)
    {
        ValueWebSocketReceiveResult received = await _socket.ReceiveAsync(room, cancellation).ConfigureAwait(false);
        if (received.MessageType == WebSocketMessageType.Binary)
        {
            return received.Count;
        }

        if (received.MessageType != WebSocketMessageType.Close)
        {
            // MQTT 5.0, 6.0-1: anything but binary closes the connection.
            SawText = true;
            _status = WebSocketCloseStatus.InvalidMessageType;
            _reason = "MQTT is binary";
        }

        return null;
    }

    protected override ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation) =>
        _socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage: true, cancellation);

    protected override async ValueTask EndSendAsync(CancellationToken cancellation)
    {
        if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            await _socket.CloseOutputAsync(_status, _reason, cancellation).ConfigureAwait(false);
        }
    }
}
