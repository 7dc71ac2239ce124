using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Mqtt.Transports;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>What systemd is told: ready, alive as long as the gateway's loop turns, stopping.</summary>
[TestClass]
public sealed class ServiceManagerTests : IDisposable
{
    private const int Process = 4711;
    private readonly string _folder = Directory.CreateTempSubdirectory("manager-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Ready_then_signs_of_life_by_the_loop_then_stopping(bool isAbstract)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("systemd is Linux's");
        }

        string name = isAbstract ? "@" + Path.GetFileName(_folder) : Path.Combine(_folder, "notify");
        using Socket socket = Bound(name);
        using MqttLoop loop = new(TimeProvider.System, "test");
        loop.AddStep(static _ => long.MaxValue);
        loop.Start();
        using ServiceManager manager = Of(name, "60000", null);
        manager.Ready(loop);
        Assert.AreEqual("READY=1", Receive(socket));
        Assert.AreEqual("WATCHDOG=1", Receive(socket));
        Assert.AreEqual("WATCHDOG=1", Receive(socket));

        // A loop that stands still gives no sign, and after it only one waits.
        using ManualResetEventSlim held = new();
        using ManualResetEventSlim go = new();
        loop.TryPost(() =>
        {
            held.Set();
            go.Wait();
        });
        Assert.IsTrue(held.Wait(TimeSpan.FromSeconds(60)));
        while (socket.Available > 0)
        {
            Receive(socket);
        }

        Assert.IsFalse(socket.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectRead), "ten periods without a sign");
        go.Set();
        Assert.AreEqual("WATCHDOG=1", Receive(socket));
        manager.Dispose();
        manager.Stopping();
        string last = Receive(socket);
        for (int i = 0; i < 100 && last != "STOPPING=1"; i++)
        {
            last = Receive(socket);
        }

        Assert.AreEqual("STOPPING=1", last);
    }

    [TestMethod]
    [DataRow(null, null, DisplayName = "no watchdog")]
    [DataRow("60000", "1", DisplayName = "another process's")]
    [DataRow("0", null)]
    [DataRow("-5", null)]
    [DataRow("soon", null)]
    [DataRow("99999999999999999999", null)]
    public void Without_a_watchdog_of_its_own_it_says_ready_alone(string? span, string? pid)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("systemd is Linux's");
        }

        string name = Path.Combine(_folder, "notify");
        using Socket socket = Bound(name);
        using MqttLoop loop = new(TimeProvider.System, "test");
        loop.AddStep(static _ => long.MaxValue);
        loop.Start();
        using ServiceManager manager = Of(name, span, pid);
        manager.Ready(loop);
        manager.Stopping();
        Assert.AreEqual("READY=1", Receive(socket));
        Assert.AreEqual("STOPPING=1", Receive(socket), "nothing between");
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow("")]
    [DataRow("/")]
    [DataRow("relative")]
    [DataRow("/nonexistent/notify")]
    [DataRow("/a-path-that-is-longer-than-an-address-of-a-socket-may-be/a-path-that-is-longer-than-an-address-of-a-socket-may-be/x")]
    public void A_manager_that_cannot_be_reached_ends_nothing(string? name)
    {
        using MqttLoop loop = new(TimeProvider.System, "test");
        loop.AddStep(static _ => long.MaxValue);
        loop.Start();
        using ServiceManager manager = Of(name, "60000", null);
        manager.Ready(loop);
        using ManualResetEventSlim turned = new();
        Assert.IsTrue(loop.TryPost(turned.Set));
        Assert.IsTrue(turned.Wait(TimeSpan.FromSeconds(60)));
        manager.Stopping();
    }

    private static ServiceManager Of(string? name, string? span, string? pid)
    {
        Dictionary<string, string?> environment = new(StringComparer.Ordinal) { ["NOTIFY_SOCKET"] = name, ["WATCHDOG_USEC"] = span, ["WATCHDOG_PID"] = pid ?? Process.ToString(CultureInfo.InvariantCulture) };
        return ServiceManager.Of(environment.GetValueOrDefault, Process, TimeProvider.System);
    }

    private static Socket Bound(string name)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };
        socket.Bind(new UnixDomainSocketEndPoint(name[0] == '@' ? "\0" + name[1..] : name));
        return socket;
    }

    private static string Receive(Socket socket)
    {
        byte[] bytes = new byte[64];
        return Encoding.UTF8.GetString(bytes, 0, socket.Receive(bytes));
    }
}
