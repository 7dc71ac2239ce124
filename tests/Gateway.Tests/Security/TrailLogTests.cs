using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Security;
using EdgeGateway.Journal.Trail;
using EdgeGateway.Machine;
using Gateway.Tests.Hosting;
using Gateway.Tests.Web;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Security;

/// <summary>What people do with a running gateway stands in its trail; and a trail that cannot be written stops nothing.</summary>
[TestClass]
public sealed class TrailLogTests
{
    private string _journal = null!;

    public TestContext TestContext { get; set; } = null!;

    [TestInitialize]
    public void Begin() => _journal = Directory.CreateTempSubdirectory("gateway-trail-").FullName;

    [TestCleanup]
    public void End() => Directory.Delete(_journal, recursive: true);

    [TestMethod]
    public async Task Acts_of_a_visit_stand_in_the_trail_and_the_head_published_with_its_close_is_found()
    {
        TrailHead published;
        await using (LiveGateway gateway = await StartAsync())
        {
            using HttpClient http = LiveGateway.Client();
            using TcpClient platform = new();
            await platform.ConnectAsync(IPAddress.Loopback, gateway.MqttPort);
            await platform.GetStream().WriteAsync(MqttBytes.Connect("platform 1 of Mrs Planted", "u", "p"));
            await platform.GetStream().WriteAsync(MqttBytes.Subscribe(1, "cart/cart-1/session/#"));
            (await http.GetAsync(gateway.Origin + "/")).EnsureSuccessStatusCode();
            (await SendAsync(http, HttpMethod.Put, gateway.Origin + "/api/session/S1")).EnsureSuccessStatusCode();
            Assert.AreEqual(HttpStatusCode.Conflict, (await SendAsync(http, HttpMethod.Put, gateway.Origin + "/api/session/S2")).StatusCode);
            for (int i = 0; i < 40; i++)
            {
                (await SendAsync(http, HttpMethod.Post, gateway.Origin + "/api/cuff/stop")).EnsureSuccessStatusCode();
            }

            Assert.IsFalse((await SendAsync(http, HttpMethod.Post, gateway.Origin + "/api/cuff/test", "https://evil.example")).IsSuccessStatusCode);
            await platform.GetStream().WriteAsync(Publish("cart/cart-1/command/session", """{"command":"open","session":"S3","id":"1"}""", 2));
            await platform.GetStream().WriteAsync(Publish("cart/cart-1/command/sound", """{"command":"dance","session":"S1","id":"2"}""", 3));
            (await SendAsync(http, HttpMethod.Delete, gateway.Origin + "/api/session/S1")).EnsureSuccessStatusCode();
            published = await HeadAsync(platform.GetStream());
            TestContext.WriteLine("published " + published);
        }

        CartTrail trail = new(_journal);
        TrailReport report = trail.Verify(published);
        Assert.IsTrue(report.IsWhole, CartTrail.Summary(report));
        Assert.AreEqual(report.Head, trail.NotedHead, "a clean stop notes the head");
        string[] acts = Acts(trail);
        string all = string.Join('\n', acts);
        foreach (string[] wanted in (string[][])
        [
            ["gateway.start", "\"who\":\"gateway\""], ["configuration.used"], ["view.session", "\"token\":\"sha256:"], ["view.page", "\"who\":\"local\"", "\"from\":\"127.0.0.1\"", "\"subject\":\"/\""],
            ["session.open", "\"session\":\"S1\"", "\"who\":\"local\""], ["session.open", "\"session\":\"S2\"", FaultCodes.OtherSessionOpen], ["cuff.stop"], ["cuff.stop", "\"count\":39"],
            ["cuff.test", FaultCodes.ForeignPageRefused], ["session.open", "\"session\":\"S3\"", "\"who\":\"platform\"", FaultCodes.OtherSessionOpen], ["message.refused", FaultCodes.SoundRequestNotUnderstood],
            ["session.close", "\"session\":\"S1\""], ["gateway.stop"],
        ])
        {
            Assert.IsTrue(acts.Any(a => wanted.All(w => a.Contains(w, StringComparison.Ordinal))), string.Join(' ', wanted) + " is not in\n" + all);
        }

        Assert.IsFalse(all.Contains("Planted", StringComparison.Ordinal), "no free text");
        Assert.IsTrue(acts.Where(static a => !a.Contains("trail.", StringComparison.Ordinal)).All(static a => a.Contains("\"boot\":1,\"us\":", StringComparison.Ordinal)), all);

        // A second start goes on in the same chain; a trail that was put in its place is told, in health and in the new one.
        await using (LiveGateway again = await StartAsync())
        {
            Assert.AreEqual(2, await CountAsync(trail, "gateway.start", 2));
        }

        Assert.IsTrue(trail.Verify(published).IsWhole);
        Directory.Delete(trail.Folder.Path, recursive: true);
        await using (LiveGateway replaced = await StartAsync())
        {
            await IssueAsync(replaced, FaultCodes.TrailNotWhole, stands: true);
            Assert.AreEqual(1, await CountAsync(trail, "trail.fault", 1));
        }
    }

    [TestMethod]
    public async Task Trail_that_cannot_be_written_stops_nothing_and_is_an_issue_until_it_can()
    {
        string place = Path.Combine(_journal, CartTrail.FolderName);
        await File.WriteAllTextAsync(place, "a file in its place");
        await using LiveGateway gateway = await StartAsync();
        using HttpClient http = LiveGateway.Client();
        await IssueAsync(gateway, FaultCodes.TrailNotWritten, stands: true);
        (await SendAsync(http, HttpMethod.Put, gateway.Origin + "/api/session/S1")).EnsureSuccessStatusCode();
        (await SendAsync(http, HttpMethod.Post, gateway.Origin + "/api/cuff/stop")).EnsureSuccessStatusCode();
        File.Delete(place);
        await IssueAsync(gateway, FaultCodes.TrailNotWritten, stands: false);
        CartTrail trail = new(_journal);
        Assert.AreEqual(1, await CountAsync(trail, "session.open", 1));
        Assert.AreEqual(1, await CountAsync(trail, "gateway.start", 1));
        Assert.IsTrue(trail.Verify().IsWhole);
    }

    [TestMethod]
    public async Task Entries_beyond_the_bound_are_counted_in_the_trail_itself_and_two_programs_write_one_chain()
    {
        string place = Path.Combine(_journal, CartTrail.FolderName);
        await File.WriteAllTextAsync(place, "a file in its place");
        CartTrail trail = new(_journal);
        using (TrailLog log = new(trail, TimeProvider.System))
        {
            byte[] entry = ActJson.Write(new Act(ActNames.Login, ActAuthor.Local), null, 1, 5);
            long last = 0;
            for (int i = 0; i < TrailLog.MaxWaiting + 7; i++)
            {
                last = log.Write(entry);
            }

            Assert.AreEqual(0, last);
            File.Delete(place);
            Assert.AreEqual(1, await CountAsync(trail, "acts.lost", 1));
            for (int i = 0; i < 20; i++)
            {
                new CartTrail(_journal).Record(new Act("pod.admit", new ActAuthor(AuthorKind.Integrator, string.Empty)) { Subject = "02aabbfffe0000a" + (i % 10) }, TimeProvider.System.GetUtcNow());
                Assert.AreNotEqual(0, log.Write(entry));
            }
        }

        Assert.IsTrue(trail.Verify().IsWhole, CartTrail.Summary(trail.Verify()));
        string[] acts = Acts(trail);
        Assert.AreEqual(TrailLog.MaxWaiting + 20, acts.Count(static a => a.Contains("\"login\"", StringComparison.Ordinal)));
        Assert.AreEqual(20, acts.Count(static a => a.Contains("pod.admit", StringComparison.Ordinal)));
        StringAssert.Contains(acts.Single(static a => a.Contains("acts.lost", StringComparison.Ordinal)), "\"count\":7");
    }

    [TestMethod]
    public async Task Logins_and_failed_ones_stand_in_the_trail_without_the_name_that_was_typed()
    {
        CartTrail trail = new(_journal);
        await using LiveGateway gateway = await LiveGateway.StartAsync(change: o =>
        {
            GatewayHostOptions options = o with { JournalDirectory = _journal, Access = new GatewayAccessOptions { HasAccounts = true } };
            AccountFolder.Of(options).Write(CartAccounts.Book());
            return options;
        });
        using HttpClient http = LiveGateway.Client();
        foreach ((string name, string secret) in new[] { ("nurse", CartAccounts.Pin), ("mrs-planted", "000000") })
        {
            using StringContent body = new($$"""{"name":"{{name}}","secret":"{{secret}}"}""", Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await http.PostAsync(gateway.Origin + "/api/login", body);
            Assert.AreEqual(secret == CartAccounts.Pin, answer.IsSuccessStatusCode, name);
        }

        await CountAsync(trail, "login", 2);
        string[] logins = [.. Acts(trail).Where(static a => a.Contains("\"login\"", StringComparison.Ordinal))];
        StringAssert.Contains(logins[0], "\"who\":\"nurse\",\"token\":\"op-nurse\"");
        StringAssert.Contains(logins[1], "\"code\":\"" + FaultCodes.LoginRefused + "\"");
        Assert.IsFalse(logins[1].Contains("planted", StringComparison.Ordinal), logins[1]);
    }

    private static string[] Acts(CartTrail trail) => [.. TrailReader.Read(trail.Folder).Where(static e => !e.IsOpening).Select(static e => Encoding.UTF8.GetString(e.Body.Span))];

    private static async Task<int> CountAsync(CartTrail trail, string act, int wanted)
    {
        int count = 0;
        await UntilAsync(() => Task.FromResult((count = Acts(trail).Count(a => a.Contains("\"" + act + "\"", StringComparison.Ordinal))) >= wanted));
        return count;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using CancellationTokenSource patience = new(LiveGateway.Patience);
        while (!await condition())
        {
            Assert.IsFalse(patience.IsCancellationRequested, "it did not come");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    private static Task IssueAsync(LiveGateway gateway, string code, bool stands) => UntilAsync(async () =>
    {
        using HttpClient http = LiveGateway.Client();
        using JsonDocument health = JsonDocument.Parse(await http.GetStringAsync(gateway.Origin + "/health"));
        return health.RootElement.GetProperty("issues").EnumerateArray().Any(i => string.Equals(i.GetProperty("code").GetString(), code, StringComparison.Ordinal)) == stands;
    });

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, HttpMethod method, string address, string? origin = null)
    {
        using HttpRequestMessage request = new(method, address) { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        return await http.SendAsync(request);
    }

    private static byte[] Publish(string topic, string payload, byte id)
    {
        byte[] name = Encoding.ASCII.GetBytes(topic);
        byte[] body = [0, (byte)name.Length, .. name, 0, id, 0, .. Encoding.UTF8.GetBytes(payload)];
        return [0x32, (byte)body.Length, .. body];
    }

    private static async Task<TrailHead> HeadAsync(Stream stream)
    {
        using CancellationTokenSource patience = new(LiveGateway.Patience);
        StringBuilder read = new();
        byte[] chunk = new byte[4096];
        while (true)
        {
            string text = read.ToString();
            int at = text.IndexOf("/session/S1/trail", StringComparison.Ordinal);
            int begin = at < 0 ? -1 : text.IndexOf('{', at);
            int end = begin < 0 ? -1 : text.IndexOf('}', begin);
            if (end > 0)
            {
                using JsonDocument head = JsonDocument.Parse(text[begin..(end + 1)]);
                return new TrailHead(head.RootElement.GetProperty("index").GetInt64(), head.RootElement.GetProperty("hash").GetString()!);
            }

            int count = await stream.ReadAsync(chunk, patience.Token);
            Assert.AreNotEqual(0, count, "the stream ended");
            read.Append(Encoding.Latin1.GetString(chunk, 0, count));
        }
    }

    private Task<LiveGateway> StartAsync() => LiveGateway.StartAsync(change: o => o with { JournalDirectory = _journal });
}
