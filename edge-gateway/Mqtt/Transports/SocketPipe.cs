using System;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace EdgeGateway.Mqtt.Transports;

/// <summary>A connected stream socket as a duplex pipe of bytes.</summary>
internal sealed class SocketPipe : TransportPipe
{
    private readonly Socket _socket;

    public SocketPipe(Socket socket) => _socket = socket;

    protected override async ValueTask<int?> ReceiveAsync(Memory<byte> room, CancellationToken cancellation)
    {
        int count = await _socket.ReceiveAsync(room, SocketFlags.None, cancellation).ConfigureAwait(false);
        return count > 0 ? count : null;
    }

    protected override async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, cancellation).ConfigureAwait(false)..];
        }
    }

    protected override ValueTask EndSendAsync(CancellationToken cancellation)
    {
        _socket.Shutdown(SocketShutdown.Send);
        return ValueTask.CompletedTask;
    }
}
