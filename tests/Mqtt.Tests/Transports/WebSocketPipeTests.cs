using System;
using System.IO;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Mqtt.Transports;

namespace Mqtt.Tests.Transports;

/// <summary>The WebSocket's pipe between two ends over a network that holds 16 KiB each way.</summary>
[TestClass]
public sealed class WebSocketPipeTests
{
    private const int NetworkBytes = 16 * 1024;

    /// <summary>What may be under way beyond the named bound: the network, one buffer of each end, one message.</summary>
    private const int Slack = NetworkBytes + (32 * 1024);

    [TestMethod]
    public async Task A_peer_that_does_not_read_holds_the_flush_back_and_then_gets_every_byte()
    {
        await using Ends ends = new();
        byte[] chunk = new byte[8 * 1024];
        int written = 0;
        ValueTask<FlushResult> flush;
        do
        {
            for (int i = 0; i < chunk.Length; i++)
            {
                chunk[i] = (byte)((written + i) * 7);
            }

            await Task.Yield();
            flush = ends.Pipe.Output.WriteAsync(chunk);
            written += chunk.Length;
            Assert.IsLessThan(WebSocketPipe.OutboundPauseBytes + Slack + chunk.Length, written, "nothing holds the writer back");
        }
        while (flush.IsCompleted);

        byte[] buffer = new byte[4096];
        int read = 0;
        while (read < written)
        {
            ValueWebSocketReceiveResult received = await ends.Peer.ReceiveAsync(buffer.AsMemory(), ends.Patience);
            Assert.AreEqual(WebSocketMessageType.Binary, received.MessageType);
            for (int i = 0; i < received.Count; i++, read++)
            {
                Assert.AreEqual((byte)(read * 7), buffer[i], $"byte {read}");
            }
        }

        Assert.IsFalse((await flush).IsCanceled);
    }

    [TestMethod]
    public async Task What_is_not_read_here_holds_the_peer_back_and_then_arrives_whole()
    {
        await using Ends ends = new();
        const int Total = 1024 * 1024;
        int sent = 0;
        Task sending = Task.Run(async () =>
        {
            byte[] chunk = new byte[4096];
            while (sent < Total)
            {
                for (int i = 0; i < chunk.Length; i++)
                {
                    chunk[i] = (byte)((sent + i) * 11);
                }

                await ends.Peer.SendAsync(chunk, WebSocketMessageType.Binary, sent % 3 == 0, ends.Patience);
                Volatile.Write(ref sent, sent + chunk.Length);
            }
        });

        // It comes to rest far below the total.
        int seen;
        using PeriodicTimer again = new(TimeSpan.FromMilliseconds(50));
        do
        {
            seen = Volatile.Read(ref sent);
            await again.WaitForNextTickAsync(ends.Patience);
        }
        while (seen == 0 || seen != Volatile.Read(ref sent));
        Assert.IsLessThan(WebSocketPipe.InboundPauseBytes + Slack, seen);

        int read = 0;
        while (read < Total)
        {
            ReadResult result = await ends.Pipe.Input.ReadAsync(ends.Patience);
            foreach (ReadOnlyMemory<byte> segment in result.Buffer)
            {
                foreach (byte one in segment.Span)
                {
                    Assert.AreEqual((byte)(read++ * 11), one);
                }
            }

            ends.Pipe.Input.AdvanceTo(result.Buffer.End);
        }

        await sending;
    }

    private sealed class Ends : IAsyncDisposable
    {
        private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(30));
        private readonly Task _running;

        public Ends()
        {
            PipeOptions options = new(pauseWriterThreshold: NetworkBytes, resumeWriterThreshold: NetworkBytes / 2, useSynchronizationContext: false);
            Pipe there = new(options), back = new(options);
            WebSocket server = WebSocket.CreateFromStream(new Both(there.Reader.AsStream(), back.Writer.AsStream()), new WebSocketCreationOptions { IsServer = true });
            Peer = WebSocket.CreateFromStream(new Both(back.Reader.AsStream(), there.Writer.AsStream()), new WebSocketCreationOptions());
            Pipe = new WebSocketPipe(server);
            _running = Pipe.RunAsync(_patience.Token);
        }

        public WebSocket Peer { get; }

        public WebSocketPipe Pipe { get; }

        public CancellationToken Patience => _patience.Token;

        public async ValueTask DisposeAsync()
        {
            await _patience.CancelAsync();
            await _running;
            _patience.Dispose();
        }
    }

    private sealed class Both(Stream read, Stream write) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => write.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => write.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => read.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => read.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => write.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => write.WriteAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
