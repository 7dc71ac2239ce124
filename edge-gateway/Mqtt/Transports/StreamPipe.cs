using System;
using System.IO;
using System.Net.Security;
using System.Threading;
using System.Threading.Tasks;

namespace EdgeGateway.Mqtt.Transports;

/// <summary>A TLS stream as a duplex pipe of bytes.</summary>
internal sealed class StreamPipe : TransportPipe
{
    private readonly SslStream _stream;

    public StreamPipe(SslStream stream) => _stream = stream;

    /// <summary>Why reading ended, when it was no close; null else. In TLS 1.3 a server refuses a client's certificate only after the handshake.</summary>
    public string? Failure { get; private set; }

    protected override async ValueTask<int?> ReceiveAsync(Memory<byte> room, CancellationToken cancellation)
    {
        try
        {
            int count = await _stream.ReadAsync(room, cancellation).ConfigureAwait(false);
            return count > 0 ? count : null;
        }
        catch (IOException e) when (e.InnerException is not System.Net.Sockets.SocketException)
        {
            Failure = e.Message;
            for (Exception? inner = e.InnerException; inner is not null; inner = inner.InnerException)
            {
                Failure += " " + inner.Message;
            }

            throw;
        }
    }

    protected override async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        await _stream.WriteAsync(bytes, cancellation).ConfigureAwait(false);
        await _stream.FlushAsync(cancellation).ConfigureAwait(false);
    }

    protected override async ValueTask EndSendAsync(CancellationToken cancellation) => await _stream.ShutdownAsync().ConfigureAwait(false);
}
