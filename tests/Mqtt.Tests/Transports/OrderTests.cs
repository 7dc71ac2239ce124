using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.AspNetCore;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;
using Simulators.Kernel;

namespace Mqtt.Tests.Transports;

/// <summary>Bytes never overtake, however slow the other end is and however much has gathered.</summary>
[TestClass]
public class OrderTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>
    /// Writes, flushes, reads and turns of the loop in any order behind a pipe that holds little: with the write that went to the pipe while older
    /// bytes still waited for the next flush this fails at the first seeds.
    /// </summary>
    [TestMethod]
    public void Behind_a_slow_pipe_bytes_keep_their_order_at_any_timing()
    {
        for (ulong seed = 1; seed <= (ulong)LongRun.Choose(120, 20_000); seed++)
        {
            OneHistory(seed);
        }
    }

    private static void OneHistory(ulong seed)
    {
        var random = new SeededRandom(seed);
        int pause = 1 + random.NextInt32(4_000);
        var inline = new PipeOptions(
            readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: pause, resumeWriterThreshold: Math.Max(1, pause / 2), useSynchronizationContext: false);
        var outward = new Pipe(inline);
        var loop = new HandLoop();
        var peer = new PlainPeer(new TwoPipes(new Pipe(inline).Reader, outward.Writer), loop);
        _ = peer.RunAsync(() => { });
        byte next = 0;
        byte expected = 0;
        int written = 0;
        int read = 0;
        for (int i = 0; i < 400; i++)
        {
            switch (random.NextInt32(4))
            {
                case 0:
                    byte[] bytes = new byte[1 + random.NextInt32(random.NextInt32(8) == 0 ? 3_000 : 60)];
                    for (int k = 0; k < bytes.Length; k++)
                    {
                        bytes[k] = next++;
                    }

                    peer.Write(bytes);
                    written += bytes.Length;
                    break;
                case 1:
                    loop.RunOne();
                    break;
                case 2:
                    Read(random.NextInt32(2_000));
                    break;
                default:
                    loop.RunAll();
                    break;
            }
        }

        for (int i = 0; read < written; i++)
        {
            Assert.IsLessThan(100_000, i, $"seed {seed}: {written - read} bytes never come");
            loop.RunAll();
            Read(1_000);
        }

        void Read(int most)
        {
            if (!outward.Reader.TryRead(out ReadResult result))
            {
                return;
            }

            ReadOnlySequence<byte> chunk = result.Buffer.Slice(0, Math.Min(most, result.Buffer.Length));
            foreach (byte b in chunk.ToArray())
            {
                Assert.AreEqual(expected++, b, $"seed {seed}, byte {read}");
                read++;
            }

            outward.Reader.AdvanceTo(chunk.End);
        }
    }

    /// <summary>The server's side over real TCP: a subscriber that reads in fits and starts, at every window that a configuration may choose.</summary>
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(16)]
    [DataRow(64)]
    [DataRow(256)]
    [DataRow(1024)]
    public async Task A_slow_reader_over_tcp_gets_every_message_in_order_from_the_server(int window)
    {
        int count = LongRun.Choose(window <= 2 ? 1_500 : 12_000, window <= 2 ? 20_000 : 250_000);
        await using MqttBroker broker = new(
            new MqttServerOptions { MaxInFlight = window, MaxQueuedMessages = 200_000, MaxQueuedBytes = 1L << 30, MaxQueuedBytesInAll = 1L << 30 }, TimeProvider.System);
        await broker.StartAsync(0);
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 8_192 };
        await socket.ConnectAsync(IPAddress.Loopback, broker.Port);
        await socket.SendAsync(Simulators.Peers.MqttBytes.Connect5("slow", true, 0, 0));
        await socket.SendAsync(Simulators.Peers.MqttBytes.Subscribe5(1, "s"));
        var subscribed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<int> reading = ReadInOrderAsync(socket, count, window, subscribed);
        await subscribed.Task.WaitAsync(Patience);
        int next = 0;
        var random = new SeededRandom((ulong)window);
        while (next < count && !reading.IsFaulted)
        {
            using var done = new ManualResetEventSlim();
            Assert.IsTrue(broker.Loop.TryPost(() =>
            {
                for (int i = 0; i < 500 && next < count && broker.Server.QueuedBytes < 16 * 1024 * 1024; i++)
                {
                    byte[] payload = new byte[8 + random.NextInt32(1_200)];
                    BinaryPrimitives.WriteInt32BigEndian(payload, ++next);
                    broker.Server.Publish(new MqttMessage { Topic = "s", Payload = payload, Qos = MqttQos.AtLeastOnce }, 0, broker.Loop.NowUs);
                }

                done.Set();
            }));
            Assert.IsTrue(done.Wait(Patience));
            if (!reading.IsCompleted)
            {
                await Task.Yield();
            }
        }

        Assert.AreEqual(count, await reading.WaitAsync(Patience));
    }

    private static async Task<int> ReadInOrderAsync(Socket socket, int count, int window, TaskCompletionSource? subscribed = null)
    {
        var framer = new EdgeGateway.Mqtt.Codec.Framer(1 << 20);
        byte[] buffer = new byte[16_384];
        int last = 0;
        var acknowledgements = new ArrayBufferWriter<byte>();
        while (last < count)
        {
            int got = await socket.ReceiveAsync(buffer.AsMemory(0, 1 + (last % buffer.Length)));
            Assert.AreNotEqual(0, got, $"window {window}: closed after {last}");
            last = Take(buffer.AsSpan(0, got), framer, last, acknowledgements, subscribed);
            if (acknowledgements.WrittenCount > 0)
            {
                await socket.SendAsync(acknowledgements.WrittenMemory);
                acknowledgements.ResetWrittenCount();
            }
        }

        return last;
    }

    private static int Take(ReadOnlySpan<byte> bytes, EdgeGateway.Mqtt.Codec.Framer framer, int last, ArrayBufferWriter<byte> acknowledgements, TaskCompletionSource? subscribed)
    {
        while (framer.TryRead(ref bytes))
        {
            if (framer.Type == EdgeGateway.Mqtt.Codec.PacketType.Suback)
            {
                subscribed?.TrySetResult();
            }

            if (framer.Type == EdgeGateway.Mqtt.Codec.PacketType.Publish)
            {
                ReadOnlySpan<byte> body = framer.Body.Span; // "s" with its length, packet identifier, no properties, the number
                ushort id = BinaryPrimitives.ReadUInt16BigEndian(body[3..]);
                int number = BinaryPrimitives.ReadInt32BigEndian(body[6..]);
                Assert.AreEqual(last + 1, number, "out of order");
                last = number;
                acknowledgements.Write(Simulators.Peers.MqttBytes.Puback5(id, 0));
            }
        }

        return last;
    }

    /// <summary>The client's side over real TCP, towards a server that reads slowly and acknowledges late.</summary>
    [TestMethod]
    [DataRow(1)]
    [DataRow(64)]
    [DataRow(1024)]
    public async Task A_slow_server_over_tcp_gets_every_message_in_order_from_the_client(int window)
    {
        int count = LongRun.Choose(window == 1 ? 1_000 : 6_000, window == 1 ? 10_000 : 100_000);
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Server.ReceiveBufferSize = 8_192;
        listener.Start();
        using LiveClient client = new(new MqttClientOptions { ClientId = "c", KeepAliveSeconds = 0, Window = window, MaxPendingBytes = 4 * 1024 * 1024 });
        Task<Socket> accepting = listener.AcceptSocketAsync();
        client.Open(((IPEndPoint)listener.LocalEndpoint).Port);
        using Socket socket = await accepting.WaitAsync(Patience);
        await socket.SendAsync(new byte[] { 0x20, 0x03, 0x00, 0x00, 0x00 });
        client.Expect("connected anew");
        Task<int> reading = ReadInOrderAsync(socket, count, window);
        int next = 0;
        var random = new SeededRandom((ulong)window);
        while (next < count && !reading.IsFaulted)
        {
            client.Do(nowUs =>
            {
                while (next < count)
                {
                    byte[] payload = new byte[8 + random.NextInt32(1_200)];
                    BinaryPrimitives.WriteInt32BigEndian(payload, next + 1);
                    if (!client.Client.TryPublish(new MqttMessage { Topic = "s", Payload = payload, Qos = MqttQos.AtLeastOnce }, next + 1, nowUs))
                    {
                        return;
                    }

                    next++;
                }
            });
            await Task.Yield();
        }

        Assert.AreEqual(count, await reading.WaitAsync(Patience));
    }

    internal sealed record TwoPipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>A loop that a test turns by hand.</summary>
    internal sealed class HandLoop : IMqttLoop
    {
        private readonly Queue<Action> _work = new();

        public long NowUs { get; set; }

        public bool TryPost(Action work)
        {
            _work.Enqueue(work);
            return true;
        }

        public void RunOne()
        {
            if (_work.TryDequeue(out Action? work))
            {
                work();
            }
        }

        public void RunAll()
        {
            for (int i = _work.Count; i > 0; i--)
            {
                RunOne();
            }
        }
    }

    private sealed class PlainPeer(IDuplexPipe pipe, IMqttLoop loop) : PipePeer(pipe, loop, TimeProvider.System)
    {
        protected override void Opened()
        {
        }

        protected override void Received(ReadOnlySpan<byte> bytes, long nowUs)
        {
        }

        protected override void Drained(long nowUs)
        {
        }

        protected override void TransportClosed(long nowUs)
        {
        }

        protected override void Faulted(Exception exception, long nowUs) => throw new InvalidOperationException("faulted", exception);
    }
}
