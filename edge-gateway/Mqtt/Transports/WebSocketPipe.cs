using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Threading;
using System.Threading.Tasks;

namespace EdgeGateway.Mqtt.Transports;

/// <summary>
/// A WebSocket as a duplex pipe of bytes. Inward, binary messages are joined to one stream in any fragmentation, and nothing more is
/// received while <see cref="InboundPauseBytes"/> wait to be read: the peer is then held back by its own TCP window. Outward, what is
/// flushed goes out as binary messages, and a flush waits while <see cref="OutboundPauseBytes"/> are not yet with the network.
/// Sources: RFC 6455; MQTT 5.0, 6 (control packets may span messages, and one message may hold several).
/// </summary>
internal sealed class WebSocketPipe : IDuplexPipe
{
    /// <summary>Received bytes that wait to be read, at most.</summary>
    public const int InboundPauseBytes = 64 * 1024;

    /// <summary>Bytes to be sent that wait for the network, before a flush waits.</summary>
    public const int OutboundPauseBytes = 64 * 1024;

    /// <summary>Room asked for at each receive, bytes.</summary>
    private const int ReceiveBytes = 4 * 1024;

    private readonly WebSocket _socket;
    private readonly Pipe _inbound = new(new PipeOptions(
        pauseWriterThreshold: InboundPauseBytes, resumeWriterThreshold: InboundPauseBytes / 2, useSynchronizationContext: false));

    private readonly Pipe _outbound = new(new PipeOptions(
        pauseWriterThreshold: OutboundPauseBytes, resumeWriterThreshold: OutboundPauseBytes / 2, useSynchronizationContext: false));

    private WebSocketCloseStatus _status = WebSocketCloseStatus.NormalClosure;
    private string _reason = string.Empty;

    public WebSocketPipe(WebSocket socket) => _socket = socket;

    /// <summary>What arrives; the MQTT side reads it.</summary>
    public PipeReader Input => _inbound.Reader;

    /// <summary>What is to be sent; the MQTT side writes it.</summary>
    public PipeWriter Output => _outbound.Writer;

    /// <summary>True when the peer sent a text message, which MQTT forbids.</summary>
    public bool SawText { get; private set; }

    /// <summary>Carries bytes both ways until the MQTT side has completed its output or either end is gone, then closes.</summary>
    /// <param name="cancellation">Ends it at once.</param>
    /// <returns>When both ways have ended. Nothing is thrown for a peer that goes away.</returns>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Task receive = ReceiveAsync(cancellation);
        await SendAsync(cancellation).ConfigureAwait(false);
        await receive.ConfigureAwait(false);
    }

    private async Task ReceiveAsync(CancellationToken cancellation)
    {
        PipeWriter writer = _inbound.Writer;
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult received = await _socket.ReceiveAsync(writer.GetMemory(ReceiveBytes), cancellation).ConfigureAwait(false);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                if (received.MessageType != WebSocketMessageType.Binary)
                {
                    // MQTT 5.0, 6.0-1: anything but binary closes the connection.
                    SawText = true;
                    _status = WebSocketCloseStatus.InvalidMessageType;
                    _reason = "MQTT is binary";
                    break;
                }

                if (received.Count > 0)
                {
                    writer.Advance(received.Count);
                    FlushResult flushed = await writer.FlushAsync(cancellation).ConfigureAwait(false);
                    if (flushed.IsCompleted)
                    {
                        break; // the MQTT side reads no more
                    }
                }
            }
        }
        catch (Exception)
        {
            // A peer that is gone without a close is the same as one that closed, and so is anything else that one socket can throw.
        }

        await writer.CompleteAsync().ConfigureAwait(false);
    }

    private async Task SendAsync(CancellationToken cancellation)
    {
        PipeReader reader = _outbound.Reader;
        try
        {
            while (true)
            {
                ReadResult read = await reader.ReadAsync(cancellation).ConfigureAwait(false);
                ReadOnlySequence<byte> rest = read.Buffer;
                while (!rest.IsEmpty)
                {
                    ReadOnlyMemory<byte> segment = rest.First;
                    rest = rest.Slice(segment.Length);
                    if (!segment.IsEmpty)
                    {
                        await _socket.SendAsync(segment, WebSocketMessageType.Binary, endOfMessage: true, cancellation).ConfigureAwait(false);
                    }
                }

                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }

            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await _socket.CloseOutputAsync(_status, _reason, cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception)
        {
            // What could not be sent is lost with the connection; the session's QoS sends it again.
        }

        await reader.CompleteAsync().ConfigureAwait(false);
    }
}
