using System;
using System.Collections.Generic;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Kernel;
using Simulators.Network;

namespace Simulators.Tests.Network;

[TestClass]
public sealed class NetworkTests
{
    private readonly SimulationKernel _kernel = new();

    [TestMethod]
    public void Bytes_arrive_whole_in_order_after_latency_and_at_the_bandwidth()
    {
        (End near, End far, _) = Connect(new PathQuality { LatencyUs = 1000, JitterUs = 700, BytesPerSecond = 10_000 });
        long startUs = _kernel.NowUs;
        List<byte> sent = [];
        for (int i = 0; i < 50; i++)
        {
            byte[] chunk = [(byte)i, (byte)(i * 3), 1, 2, 3, 4, 5, 6, 7, 8];
            sent.AddRange(chunk);
            near.Stream!.Write(chunk);
        }

        Assert.AreEqual(500, near.Stream!.PendingBytes);
        _kernel.Run(startUs + 10_000_000);
        CollectionAssert.AreEqual(sent, far.Bytes);
        Assert.AreEqual(0, near.Stream.PendingBytes);
        Assert.IsTrue(far.LastUs >= startUs + 51_000, $"500 bytes at 10,000 B/s took {far.LastUs - startUs} µs");
        Assert.IsTrue(far.LastUs <= startUs + 52_700, $"500 bytes at 10,000 B/s took {far.LastUs - startUs} µs");
    }

    [TestMethod]
    public void A_silent_cut_holds_bytes_back_and_delivers_them_once_when_it_is_over()
    {
        (End near, End far, NetworkPath path) = Connect(new PathQuality { LatencyUs = 1000 });
        path.SetState(PathState.Silent);
        near.Stream!.Write([1, 2]);
        far.Stream!.Write([9]);
        _kernel.Run(_kernel.NowUs + 5_000_000);
        Assert.IsEmpty(far.Bytes);
        Assert.IsFalse(far.IsClosed, "both ends still believe in it");
        near.Stream.Write([3]);
        path.SetState(PathState.Up);
        _kernel.Run(_kernel.NowUs + 1_000_000);
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, far.Bytes);
        CollectionAssert.AreEqual(new byte[] { 9 }, near.Bytes);
    }

    [TestMethod]
    public void A_reset_closes_both_ends_and_a_close_delivers_what_was_written_before_it()
    {
        (End near, End far, NetworkPath path) = Connect(new PathQuality());
        near.Stream!.Write([5]);
        near.Stream.Close();
        near.Stream.Write([6]);
        _kernel.Run(_kernel.NowUs + 10_000);
        CollectionAssert.AreEqual(new byte[] { 5 }, far.Bytes);
        Assert.IsTrue(far.IsClosed && near.IsClosed);

        (End near2, End far2, NetworkPath path2) = Connect(new PathQuality());
        Assert.AreEqual(PathState.Up, path.State);
        path2.ResetConnections();
        _kernel.Run(_kernel.NowUs + 10_000);
        Assert.IsTrue(far2.IsClosed && near2.IsClosed);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_vanished_end_is_noticed_when_the_other_sends_and_the_machine_answers(bool answers)
    {
        (End near, End far, _) = Connect(new PathQuality());
        near.Stream!.Vanish(answers);
        _kernel.Run(_kernel.NowUs + 60_000_000);
        Assert.IsFalse(far.IsClosed, "nobody told it");
        far.Stream!.Write([1]);
        _kernel.Run(_kernel.NowUs + 60_000_000);
        Assert.AreEqual(answers, far.IsClosed);
    }

    [TestMethod]
    public void A_dial_is_refused_where_nobody_listens_and_times_out_on_a_silent_path()
    {
        SimulatedNetwork network = new(_kernel, new SeededRandom(1), null);
        NetworkPath path = network.AddPath("p", new PathQuality());
        End dialler = new(_kernel);
        network.Dial(path, "nowhere", dialler);
        _kernel.Run(10_000);
        Assert.AreEqual("refused", dialler.Failure);
        path.SetState(PathState.Silent);
        End second = new(_kernel);
        network.Dial(path, "nowhere", second);
        _kernel.Run(10_000 + SimulatedNetwork.DialTimeoutUs);
        Assert.AreEqual("timed out", second.Failure);
    }

    private (End Near, End Far, NetworkPath Path) Connect(PathQuality quality)
    {
        SimulatedNetwork network = new(_kernel, new SeededRandom(3), null);
        NetworkPath path = network.AddPath("p", quality);
        End near = new(_kernel);
        End far = new(_kernel);
        network.Listen("there", far.Take);
        network.Dial(path, "there", near);
        _kernel.Run(_kernel.NowUs + 100_000);
        Assert.IsNotNull(near.Stream);
        return (near, far, path);
    }

    private sealed class End(SimulationKernel kernel) : INetworkDialler, INetworkPeer
    {
        public SimulatedConnectionEnd? Stream { get; private set; }

        public List<byte> Bytes { get; } = [];

        public bool IsClosed { get; private set; }

        public string? Failure { get; private set; }

        public long LastUs { get; private set; }

        public void Take(SimulatedConnectionEnd stream)
        {
            Stream = stream;
            stream.SetPeer(this);
        }

        public void Connected(SimulatedConnectionEnd stream) => Take(stream);

        public void Failed(string reason) => Failure = reason;

        public void Received(ReadOnlySpan<byte> bytes)
        {
            Assert.IsFalse(IsClosed);
            Bytes.AddRange(bytes);
            LastUs = kernel.NowUs;
        }

        public void Closed()
        {
            Assert.IsFalse(IsClosed, "told twice");
            IsClosed = true;
        }
    }
}
