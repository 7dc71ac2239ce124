using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Processes;

/// <summary>The programs as their users start them: exit codes, streams, a clean stop, and what is said when something is wrong.</summary>
[TestClass]
public sealed class ProgramTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [RequiresProgram("dotnet")]
    public async Task The_gateway_takes_in_a_pod_stops_on_SIGTERM_and_leaves_a_journal_that_verifies()
    {
        string folder = Directory.CreateTempSubdirectory("cart-program-").FullName;
        int httpPort = Programs.FreePort();
        int mqttPort = Programs.FreePort();
        string file = await GatewayFile.WriteAsync(folder, mqttPort, httpPort);
        using RunningProcess gateway = RunningProcess.StartDotnet("gateway", Programs.CartGateway, file);
        await gateway.PrintsAsync("running");
        using HttpClient http = new() { BaseAddress = new Uri($"http://127.0.0.1:{httpPort}") };
        Assert.AreEqual(HttpStatusCode.OK, (await http.GetAsync(new Uri("/ready", UriKind.Relative))).StatusCode);
        using StringContent nothing = new(string.Empty);
        Assert.AreEqual(HttpStatusCode.OK, (await http.PutAsync(new Uri("/api/session/S1", UriKind.Relative), nothing)).StatusCode);
        HttpResponseMessage second = await http.PutAsync(new Uri("/api/session/S2", UriKind.Relative), nothing);
        Assert.AreEqual(HttpStatusCode.Conflict, second.StatusCode);
        using (JsonDocument refusal = JsonDocument.Parse(await second.Content.ReadAsStringAsync()))
        {
            Assert.AreEqual("G2302", refusal.RootElement.GetProperty("code").GetString());
            Assert.AreNotEqual(string.Empty, refusal.RootElement.GetProperty("do").GetString());
        }

        // The embedded endpoint serves the session's subscriber; the pod is a process of its own.
        string log = Path.Combine(folder, "subscriber.log");
        using RunningProcess subscriber = RunningProcess.StartDotnet(
            "subscriber", Programs.CartSim, "subscribe", "--broker", $"127.0.0.1:{mqttPort}", "--cart", "cart-1", "--session", "S1", "--log", log);
        using RunningProcess pod = RunningProcess.StartDotnet(
            "pod", Programs.CartSim, "pod", "--gateway", $"127.0.0.1:{mqttPort}", "--device", "0200000000000010");
        await new LogFile(log).UntilAsync(l => l.Count(x => x.StartsWith("received ", StringComparison.Ordinal)), n => n >= 20, TimeSpan.FromSeconds(60), () => gateway.Printed);
        using (JsonDocument health = JsonDocument.Parse(await http.GetStringAsync(new Uri("/health", UriKind.Relative))))
        {
            Assert.IsTrue(health.RootElement.GetProperty("ready").GetBoolean());
            Assert.AreEqual(1, health.RootElement.GetProperty("pods").GetArrayLength());
            Assert.IsGreaterThan(0, health.RootElement.GetProperty("counters").GetProperty("frames").GetInt64());
        }

        // A live directory may be inspected.
        using RunningProcess inspect = RunningProcess.StartDotnet("cartctl", Programs.CartCtl, "journal", "inspect", Path.Combine(folder, "journal"), "--json", "--limit", "2000");
        Assert.AreEqual(0, await inspect.EndAsync(), inspect.Printed);
        StringAssert.Contains(inspect.Printed, "0200000000000010", "frames are decoded");

        gateway.Signal(RunningProcess.Terminate);
        Assert.AreEqual(0, await gateway.EndAsync(), gateway.Printed);
        StringAssert.Contains(gateway.Printed, "stopped");
        Assert.DoesNotContain("G2082", gateway.Printed, "the stop was clean within its bound of 4 s");
        using RunningProcess verify = RunningProcess.StartDotnet("cartctl", Programs.CartCtl, "journal", "verify", Path.Combine(folder, "journal"));
        Assert.AreEqual(0, await verify.EndAsync(), verify.Printed);
        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    [RequiresProgram("dotnet")]
    public async Task The_gateway_refuses_a_taken_port_and_a_wrong_file_with_codes()
    {
        string folder = Directory.CreateTempSubdirectory("cart-program-").FullName;
        using Socket taken = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        string file = await GatewayFile.WriteAsync(folder, Programs.FreePort(), ((IPEndPoint)taken.LocalEndPoint!).Port);
        using RunningProcess refused = RunningProcess.StartDotnet("gateway", Programs.CartGateway, file);
        Assert.AreEqual(3, await refused.EndAsync(), refused.Printed);
        StringAssert.Contains(refused.Printed, "G2080");

        string wrong = Path.Combine(folder, "wrong.yaml");
        await File.WriteAllTextAsync(wrong, "cart:\n  id: cart-1\n  gatewayId: \"0200000000000001\"\nlisten:\n  mqttAddress: 0.0.0.0\n  mqtPort: 1883\njournal:\n  directory: j\n");
        using RunningProcess check = RunningProcess.StartDotnet("gateway", Programs.CartGateway, wrong, "--check");
        Assert.AreEqual(3, await check.EndAsync(), check.Printed);
        StringAssert.Contains(check.Printed, "wrong.yaml:5:listen.mqttAddress", "all errors come in one reply");
        StringAssert.Contains(check.Printed, "G2010");
        StringAssert.Contains(check.Printed, "Did you mean 'mqttPort'?");

        // What this machine cannot give is known before the start too.
        await File.WriteAllTextAsync(wrong, "cart:\n  id: cart-1\n  gatewayId: \"0200000000000001\"\njournal:\n  directory: gateway.yaml/journal\n");
        using RunningProcess machine = RunningProcess.StartDotnet("gateway", Programs.CartGateway, wrong, "--check");
        Assert.AreEqual(3, await machine.EndAsync(), machine.Printed);
        StringAssert.Contains(machine.Printed, "G2011");
        StringAssert.Contains(machine.Printed, "gateway.yaml is a file");

        using RunningProcess usage = RunningProcess.StartDotnet("gateway", Programs.CartGateway);
        Assert.AreEqual(2, await usage.EndAsync());
        StringAssert.Contains(usage.Printed, "Try:");
        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    [RequiresProgram("dotnet")]
    public async Task A_scenario_gives_one_JSON_object_and_a_wrong_name_a_code()
    {
        using RunningProcess run = RunningProcess.StartDotnet("cart-sim", Programs.CartSim, "run", "first-consultation", "--speed", "max", "--json");
        Assert.AreEqual(0, await run.EndAsync(), run.Printed);
        string json = run.Printed[run.Printed.IndexOf('{', StringComparison.Ordinal)..(run.Printed.LastIndexOf('}') + 1)];
        using JsonDocument report = JsonDocument.Parse(json);
        Assert.AreEqual(0, report.RootElement.GetProperty("unaccounted").GetInt64());
        TestContext.WriteLine(json.Length > 600 ? json[..600] : json);

        using RunningProcess unknown = RunningProcess.StartDotnet("cart-sim", Programs.CartSim, "run", "first-consultatoin");
        Assert.AreEqual(3, await unknown.EndAsync(), unknown.Printed);
        StringAssert.Contains(unknown.Printed, "first-consultation", "the nearest name is suggested");
    }
}
