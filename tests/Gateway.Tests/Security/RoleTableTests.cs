using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Core.Tests;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Json;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Gateway.Security;
using EdgeGateway.Machine;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Gateway.Tests.Hosting;
using Gateway.Tests.Web;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Security;

/// <summary>The table of roles, walked: every route and topic with every role, and with none, an expired, a revoked, a foreign cart's and a closed session's token. Who may what is typed here a second time.</summary>
[TestClass]
public sealed class RoleTableTests
{
    private const string PageFile = "edge-gateway/Gateway/ROLES.md";

    /// <summary>n nurse, b nurse without a badge, d doctor, t technician, i integrator, p platform, l this machine without a login. What stands in no row is for everybody.</summary>
    private static readonly Dictionary<string, string> Allowed = new(StringComparer.Ordinal)
    {
        ["getHealth"] = "nbdtipl",
        ["getRequests"] = "nbt",
        ["answerRequest"] = "nbt",
        ["openSession"] = "nbp",
        ["closeSession"] = "nbp",
        ["getLink"] = "nbp",
        ["setPatient"] = "nbp",
        ["startCuff"] = "nbt",
        ["testCuff"] = "nbt",
        ["listen"] = "nbdp",
        ["keepClip"] = "nbdp",
        ["getPatient"] = "nbdp",
        ["getClip"] = "nbdp",
        ["getClips"] = "nbdp",
        ["getAccounts"] = "i",
        ["putAccount"] = "i",
        ["deleteAccount"] = "i",
    };

    private static readonly string[] ForEverybody = ["stopCuff", "getReadiness", "getLogin", "logIn", "keepLogin", "logOut", "claim"];

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseCookies = false }) { Timeout = LiveGateway.Patience };
    private static LiveGateway _gateway = null!;
    private static string _expired = null!, _foreign = null!, _revoked = null!, _platform = null!;

    private static AccessControl Access => (AccessControl)_gateway.Application.Services.GetService(typeof(AccessControl))!;

    [ClassInitialize]
    public static async Task StartAsync(TestContext context) => _gateway = await LiveGateway.StartAsync(
        new GatewayWebOptions { TrustedProxies = [System.Net.IPAddress.Loopback], PublicUrl = "https://cart.example", EmbedIn = ["https://visits.example", "http://localhost:7"] },
        options =>
        {
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            (ApiToken platform, _platform) = CartAccounts.MakeToken("platform", now, TimeSpan.FromDays(1));
            (ApiToken expired, _expired) = CartAccounts.MakeToken("expired", now.AddDays(-2), TimeSpan.FromDays(1));
            (ApiToken foreign, _foreign) = CartAccounts.MakeToken("foreign", now, TimeSpan.FromDays(1), "cart-2");
            (_, _revoked) = CartAccounts.MakeToken("revoked", now, TimeSpan.FromDays(1));
            AccountFolder.Of(options).Write(CartAccounts.Book().With(CartAccounts.Make("spare", ActorRole.Nurse, CartAccounts.Pin)).With(platform).With(expired).With(foreign));
            return options with { Access = new GatewayAccessOptions { HasAccounts = true, AllowsWithoutBadge = true } };
        });

    [ClassCleanup]
    public static async Task StopAsync() => await _gateway.DisposeAsync();

    [TestMethod]
    public void Every_route_and_topic_has_a_row_here() =>
        CollectionAssert.AreEquivalent(HttpRoutes.All.Where(r => r.IsDescribed).Select(r => r.Name).ToArray(), Allowed.Keys.Concat(ForEverybody).ToArray());

    [TestMethod]
    public async Task Every_route_with_every_role_and_every_token_that_is_no_longer_good()
    {
        string link = await ListenerTokenAsync();
        Dictionary<string, (string, string?)[]> who = new(StringComparer.Ordinal)
        {
            ["l"] = [],
            ["n"] = [("Cookie", await LogInAsync("nurse", CartAccounts.Pin))],
            ["b"] = [("Cookie", CookieOf(Access.Logins.WithoutBadge(isAtCart: true)))],
            ["d"] = [("Cookie", await LogInAsync("doctor", CartAccounts.Password))],
            ["t"] = [("Cookie", await LogInAsync("technician", CartAccounts.Pin))],
            ["i"] = [("Cookie", await LogInAsync("integrator", CartAccounts.Password))],
            ["p"] = [("Authorization", "Bearer " + _platform)],
            ["expired token"] = [("Authorization", "Bearer " + _expired)],
            ["foreign token"] = [("Authorization", "Bearer " + _foreign)],
            ["revoked token"] = [("Authorization", "Bearer " + _revoked)],
            ["closed session"] = [("Authorization", "Bearer " + link)],
            ["nonsense"] = [("Authorization", "Basic bnVyc2U6Mjc0OTE2"), ("Cookie", "cart_login=op-nurse")],
            ["elsewhere"] = Elsewhere,
            ["a screen's cookie elsewhere"] = [("Cookie", await LogInAsync("nurse", CartAccounts.Pin)), .. Elsewhere],
            ["revoked token elsewhere"] = [("Authorization", "Bearer " + _revoked), .. Elsewhere],
        };
        int refused = 0, allowed = 0;
        foreach (HttpRoute route in HttpRoutes.All.Where(r => r.IsDescribed && r.Name is not ("logIn" or "logOut" or "claim")))
        {
            string path = route.Pattern.Replace("{session}", "S9", StringComparison.Ordinal).Replace("{id}", "a1", StringComparison.Ordinal).Replace("{clip}", "c1", StringComparison.Ordinal)
                .Replace("{account}", "no name", StringComparison.Ordinal);
            foreach ((string role, (string, string?)[] credentials) in who)
            {
                (int status, string body) = await SendAsync(route.Method!, path, credentials);
                string what = $"{route.Name} as {role}: {status} {body}";
                string code = Code(body);
                if (role.Contains("lsewhere", StringComparison.Ordinal) && RequestGuard.Changes(route.Method!) && route.Name != "stopCuff")
                {
                    Assert.AreEqual("G2094", code, what);
                    refused++;
                }
                else if (ForEverybody.Contains(route.Name) || (role.Length == 1 && Allowed[route.Name].Contains(role, StringComparison.Ordinal)))
                {
                    Assert.IsFalse(code is "G2125" or "G2126" or "G2099" || status is 401 or 403, what);
                    allowed++;
                }
                else
                {
                    Assert.AreEqual(role.Length == 1 && role != "l" ? "G2126" : "G2125", code, what);
                    Assert.IsTrue(status is 401 or 403, what);
                    refused++;
                }
            }
        }

        Assert.IsGreaterThan(150, refused);
        Assert.IsGreaterThan(100, allowed);
        using (JsonDocument health = JsonDocument.Parse((await SendAsync("GET", "/health", [])).Body))
        {
            string[] open = [.. health.RootElement.GetProperty("sessions").EnumerateArray().Where(s => s.GetProperty("state").GetString() == "open").Select(s => s.GetProperty("session").GetString()!)];
            Assert.IsEmpty(open, "what was allowed was closed again, and what was refused opened none");
        }

        Assert.HasCount(5, Access.Store.Book.Accounts);
    }

    [TestMethod]
    public async Task Stop_under_every_lock_with_every_login_at_429_beside_idle_connections_and_ten_times()
    {
        using NetworkStream pod = await _gateway.PodAsync();
        string cookie = await LogInAsync("nurse", CartAccounts.Pin);
        Access.Logins.End(cookie[(cookie.IndexOf('=', StringComparison.Ordinal) + 1)..]);
        (string, string?)[][] all =
        [
            [], [("Cookie", cookie)], [("Cookie", "cart_login=" + new string('x', 4000))], [("Authorization", "Bearer " + _expired)], [("Authorization", "nonsense")], Elsewhere,
            [("Cookie", cookie), .. Elsewhere], [("Date", "Wed, 04 Mar 2026 04:06:07 GMT")], [("Cookie", string.Join("; ", Enumerable.Range(0, 300).Select(i => "c" + i + "=" + new string('y', 90))))],
        ];
        // At once: the pod does not acknowledge, and each answer waits for that.
        await Task.WhenAll(all.Select(async headers => Assert.AreEqual(200, (await SendAsync("POST", "/api/cuff/stop", headers)).Status, string.Join(' ', headers.Select(h => h.Item1)))));

        // An address that asks without end is refused, and stops all the same; so does whoever has typed wrong until the account waits.
        (string, string?)[] flood = [("Authorization", "Bearer " + _platform), ("X-Forwarded-For", "203.0.113.77"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "cart.example")];
        int refusals = 0;
        for (int i = 0; i < 2 * AccessControl.Burst && refusals == 0; i++)
        {
            (int status, string body) = await SendAsync("DELETE", "/api/session/S9", flood);
            refusals += status == 429 && Code(body) == "G2131" ? 1 : 0;
        }

        Assert.AreEqual(1, refusals);
        for (int i = 0; i < 6; i++)
        {
            await SendAsync("POST", "/api/login", [], "{\"name\":\"spare\",\"secret\":\"000000\"}");
        }

        Assert.AreEqual("G2128", Code((await SendAsync("POST", "/api/login", [], "{\"name\":\"spare\",\"secret\":\"274916\"}")).Body));
        List<Socket> idle = [];
        for (int i = 0; i < 256; i++)
        {
            idle.Add(await _gateway.RawAsync("GET /ready HTTP/1.1\r\nHost: localhost\r\n"));
        }

        // Ten of them, two at once: as many as have a place of their own. Each on a connection of its own: one that was kept open may be closed for a newcomer.
        for (int i = 0; i < 5; i++)
        {
            string[] stops = await Task.WhenAll(RawStopAsync("X-Forwarded-For: 203.0.113.77\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: cart.example\r\n"), RawStopAsync(string.Empty));
            Assert.IsTrue(stops.All(stop => stop.StartsWith("HTTP/1.1 200", StringComparison.Ordinal)), "stop " + i + ": " + string.Join(" | ", stops));
        }

        idle.ForEach(s => s.Dispose());

        foreach ((string role, (string, string?) page) in new[] { ("page of another origin", ("Origin", (string?)"https://evil.example")), ("page of another site", ("Sec-Fetch-Site", "cross-site")) })
        {
            Assert.AreEqual("G2091", Code((await SendAsync("POST", "/api/cuff/stop", [page, ("Cookie", cookie)])).Body), role);
        }
    }

    [TestMethod]
    public async Task A_page_of_another_origin_changes_nothing_with_the_nurses_own_login()
    {
        string nurse = await LogInAsync("nurse", CartAccounts.Pin);
        foreach (HttpRoute route in HttpRoutes.All.Where(r => r.IsDescribed && RequestGuard.Changes(r.Method!)))
        {
            string path = route.Pattern.Replace("{session}", "S9", StringComparison.Ordinal).Replace("{id}", "a1", StringComparison.Ordinal).Replace("{account}", "x", StringComparison.Ordinal);
            foreach ((string, string?) page in new[] { ("Origin", (string?)"http://127.0.0.1:29999"), ("Origin", "null"), ("Sec-Fetch-Site", "same-site") })
            {
                Assert.AreEqual("G2091", Code((await SendAsync(route.Method!, path, [("Cookie", nurse), page])).Body), route.Name);
                Assert.AreEqual("G2091", Code((await SendAsync(route.Method!, path, [("Authorization", "Bearer " + _platform), page])).Body), route.Name);
            }
        }
    }

    [TestMethod]
    public async Task Logging_in_sets_a_cookie_that_no_script_reads_and_the_state_names_nobody_elsewhere()
    {
        using HttpRequestMessage request = new(HttpMethod.Post, _gateway.Origin + "/api/login") { Content = Json("{\"name\":\"nurse\",\"secret\":\"" + CartAccounts.Pin + "\"}") };
        using HttpResponseMessage answer = await Http.SendAsync(request);
        string cookie = answer.Headers.GetValues("Set-Cookie").Single();
        StringAssert.Matches(cookie, new("^cart_login=[A-Za-z0-9_-]{43}; path=/; samesite=strict; httponly$", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
        using (JsonDocument state = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()))
        {
            Assert.AreEqual("nurse", state.RootElement.GetProperty("who").GetProperty("role").GetString());
            Assert.AreEqual("op-nurse", state.RootElement.GetProperty("who").GetProperty("token").GetString());
            Assert.AreEqual(3, state.RootElement.GetProperty("names").GetArrayLength());
        }

        using HttpRequestMessage over = new(HttpMethod.Post, _gateway.Origin + "/api/login") { Content = Json("{\"name\":\"doctor\",\"secret\":\"" + CartAccounts.Password + "\"}") };
        foreach ((string name, string? value) in (IEnumerable<(string, string?)>)[.. Elsewhere, ("Origin", "https://cart.example")])
        {
            over.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage secure = await Http.SendAsync(over);
        StringAssert.Matches(secure.Headers.GetValues("Set-Cookie").Single(), new("^__Host-cart_login=[A-Za-z0-9_-]{43}; path=/; secure; samesite=strict; httponly$", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
        using (JsonDocument state = JsonDocument.Parse((await SendAsync("GET", "/api/login", Elsewhere)).Body))
        {
            Assert.AreEqual(0, state.RootElement.GetProperty("names").GetArrayLength());
            Assert.AreEqual(JsonValueKind.Null, state.RootElement.GetProperty("who").ValueKind);
            Assert.IsFalse(state.RootElement.GetProperty("withoutBadge").GetBoolean());
        }

        foreach (string body in new[] { "{}", "[]", "{\"name\":\"nurse\"}", "{\"withoutBadge\":true,\"badge\":true}", "{\"name\":\"nurse\",\"secret\":\"1\",\"role\":\"integrator\"}", "{\"name\":\"nurse\",\"name\":\"x\",\"secret\":\"1\"}", "{\"name\":\"a b\",\"secret\":\"1\"}" })
        {
            Assert.AreEqual("G2130", Code((await SendAsync("POST", "/api/login", [], body)).Body), body);
        }

        // A badge that is shown to a reader opens the screen, once.
        Reader reader = new();
        using (AccessService service = new(Access, _gateway.Service, new NoLog(), TimeProvider.System, reader))
        {
            await service.StartAsync(CancellationToken.None);
            reader.Show("badge-7");
            StringAssert.Contains((await SendAsync("GET", "/api/login", [])).Body, "\"badge\":true");
            StringAssert.Contains((await SendAsync("GET", "/api/login", Elsewhere)).Body, "\"badge\":false");
            StringAssert.Contains((await SendAsync("POST", "/api/login", [], "{\"badge\":true}")).Body, "op-nurse");
            Assert.AreEqual("G2127", Code((await SendAsync("POST", "/api/login", [], "{\"badge\":true}")).Body));
            await service.StopAsync(CancellationToken.None);
            reader.Show("badge-7");
            StringAssert.Contains((await SendAsync("GET", "/api/login", [])).Body, "\"badge\":false");
        }

        // Locked: the cookie is nobody's any more.
        string nurse = cookie[..cookie.IndexOf(';', StringComparison.Ordinal)];
        Assert.AreEqual(200, (await SendAsync("GET", "/api/requests", [("Cookie", nurse)])).Status);
        Assert.AreEqual(200, (await SendAsync("DELETE", "/api/login", [("Cookie", nurse)])).Status);
        Assert.AreEqual("G2125", Code((await SendAsync("GET", "/api/requests", [("Cookie", nurse)])).Body));
        Assert.IsFalse(_gateway.Log.Contains(CartAccounts.Pin, StringComparison.Ordinal) || _gateway.Log.Contains(nurse[11..], StringComparison.Ordinal), "no secret is in the log");
        StringAssert.Contains(_gateway.Log, "nurse op-nurse at the cart's own screen");
    }

    [TestMethod]
    public async Task The_clinician_view_alone_is_shown_inside_of_the_platforms_pages()
    {
        foreach ((string path, string frames) in new[] { ("/clinician.html", "frame-ancestors https://visits.example http://localhost:7"), ("/", "frame-ancestors 'none'"), ("/index.html", "frame-ancestors 'none'"), ("/api/login", "frame-ancestors 'none'"), ("/Clinician.html", "frame-ancestors 'none'") })
        {
            using HttpResponseMessage answer = await Http.GetAsync(new Uri(_gateway.Origin + path));
            StringAssert.EndsWith(answer.Headers.GetValues("Content-Security-Policy").Single(), "; " + frames, path);
        }
    }

    [TestMethod]
    public async Task A_damaged_list_lets_nobody_in_is_said_and_stops_no_STOP_and_a_mended_one_is_taken()
    {
        AccountFolder folder = null!;
        await using LiveGateway gateway = await LiveGateway.StartAsync(change: o =>
        {
            folder = AccountFolder.Of(o);
            folder.Write(CartAccounts.Book());
            File.WriteAllText(folder.AccountsPath, "{\"v\":1,\"accounts\":[");
            return o with { Access = new GatewayAccessOptions { HasAccounts = true } };
        });
        Assert.AreEqual("G2127", Code((await SendAsync("POST", "/api/login", [], "{\"name\":\"nurse\",\"secret\":\"274916\"}", gateway)).Body));
        Assert.AreEqual("G2132", Code((await SendAsync("POST", "/api/claim", [], "{\"code\":\"x\",\"name\":\"x\",\"secret\":\"a long quiet password\"}", gateway)).Body), "damage is no invitation");
        Assert.IsFalse(gateway.Log.Contains("G2133", StringComparison.Ordinal));
        Assert.AreEqual(200, (await SendAsync("POST", "/api/cuff/stop", [], "{}", gateway)).Status);
        await UntilAsync(async () => (await SendAsync("GET", "/health", [], gateway: gateway)).Body.Contains("G2134", StringComparison.Ordinal));
        folder.Write(CartAccounts.Book());
        await LogInAsync("nurse", CartAccounts.Pin, gateway);
        await UntilAsync(async () => !(await SendAsync("GET", "/health", [], gateway: gateway)).Body.Contains("G2134", StringComparison.Ordinal));
    }

    [TestMethod]
    public async Task The_first_administrator_comes_by_the_code_of_the_log_and_makes_the_others()
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync(change: o => o with { Access = new GatewayAccessOptions { HasAccounts = true } });
        Assert.AreEqual("G2125", Code((await SendAsync("PUT", "/api/session/S1", [], "{}", gateway)).Body), "with no account nobody may anything");
        string code = System.Text.RegularExpressions.Regex.Match(gateway.Log, "G2133.*code (?<code>[0-9A-Z-]{11})", System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["code"].Value;
        Assert.AreEqual("G2132", Code((await SendAsync("POST", "/api/claim", [], "{\"code\":\"K7M2P-9QRST\",\"name\":\"root\",\"secret\":\"a long quiet password\"}", gateway)).Body));
        Assert.AreEqual("G2216", Code((await SendAsync("POST", "/api/claim", [], $$"""{"code":"{{code}}","name":"root","secret":"short"}""", gateway)).Body), "a wrong secret does not use the code up");
        (int status, string made) = await SendAsync("POST", "/api/claim", [], $$"""{"code":"{{code}}","name":"root","secret":"a long quiet password"}""", gateway);
        Assert.AreEqual(200, status, made);
        Assert.AreEqual("G2132", Code((await SendAsync("POST", "/api/claim", [], $$"""{"code":"{{code}}","name":"other","secret":"a long quiet password"}""", gateway)).Body), "once");
        string root = await LogInAsync("root", "a long quiet password", gateway);
        Assert.AreEqual(200, (await SendAsync("PUT", "/api/accounts/anna", [("Cookie", root)], "{\"role\":\"nurse\",\"secret\":\"274916\"}", gateway)).Status);
        foreach ((string name, string body, string refusal) in new[]
        {
            ("anna", "{\"role\":\"platform\",\"secret\":\"274916\"}", "G2130"), ("anna", "{\"role\":\"nurse\",\"secret\":\"123456\"}", "G2216"), ("a%20b", "{\"role\":\"nurse\",\"secret\":\"274916\"}", "G2216"),
            ("root", "{\"role\":\"nurse\",\"secret\":\"274916\"}", "G2216"),
        })
        {
            Assert.AreEqual(refusal, Code((await SendAsync("PUT", "/api/accounts/" + name, [("Cookie", root)], body, gateway)).Body), body);
        }

        Assert.AreEqual("G2216", Code((await SendAsync("DELETE", "/api/accounts/root", [("Cookie", root)], "{}", gateway)).Body), "the last integrator stays");
        Assert.AreEqual("G2139", Code((await SendAsync("DELETE", "/api/accounts/nobody", [("Cookie", root)], "{}", gateway)).Body));
        string anna = await LogInAsync("anna", "274916", gateway);
        Assert.AreEqual(200, (await SendAsync("PUT", "/api/session/S1", [("Cookie", anna)], "{}", gateway)).Status);
        Assert.AreEqual(200, (await SendAsync("DELETE", "/api/accounts/anna", [("Cookie", root)], "{}", gateway)).Status);
        Assert.AreEqual("G2125", Code((await SendAsync("DELETE", "/api/session/S1", [("Cookie", anna)], "{}", gateway)).Body), "and is logged in no longer");
        Assert.IsFalse(gateway.Log.Contains("a long quiet password", StringComparison.Ordinal));
    }

    /// <summary>Every word on every topic with every kind of client of the session's side; a closed session's listener too. STOP is taken from each.</summary>
    [TestMethod]
    public void Every_topic_with_every_client()
    {
        StandingTime time = new();
        string directory = CartAccounts.NewFolder();
        try
        {
            AccountFolder folder = CartAccounts.Folder(directory);
            AccountStore store = new(folder, "C1", time);
            (ApiToken good, string goodText) = CartAccounts.MakeToken("good", time.GetUtcNow(), TimeSpan.FromDays(1), "C1");
            (ApiToken old, string oldText) = CartAccounts.MakeToken("old", time.GetUtcNow().AddDays(-2), TimeSpan.FromDays(1), "C1");
            (ApiToken foreign, string foreignText) = CartAccounts.MakeToken("fore", time.GetUtcNow(), TimeSpan.FromDays(1), "C2");
            folder.Write(AccountBook.Empty.With(good).With(old).With(foreign));
            Rig rig = new(tokens: store);
            rig.Require(() => rig.Core.IsReady, "ready");
            foreach ((string name, string? password) in new[] { ("none", null), ("expired", oldText), ("foreign", foreignText), ("nonsense", "x"), ("revoked", CartAccounts.MakeToken("gone", time.GetUtcNow(), TimeSpan.FromDays(1), "C1").Text) })
            {
                TestClient refused = rig.Add(new TestClient(name, userName: "token", password: password));
                rig.Require(() => refused.Losses > 0, name + " is refused");
                Assert.AreEqual(0x86, refused.LostReason, name);
            }

            TestClient pod = rig.Pod(Rig.PodA);
            pod.Subscribe(Topics.Command(Rig.PodA), rig.NowUs);
            pod.Publish(Topics.State(Rig.PodA), """{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"MPRLS0300"},{"name":"PCM1808"}]}"""u8.ToArray());
            TestClient platform = rig.Add(new TestClient("visits", userName: "token", password: goodText));
            rig.Require(() => platform.Client.IsConnected, "the platform's token is good");
            platform.Subscribe("cart/C1/#", rig.NowUs);
            rig.Require(() => platform.Subscriptions.Count == 1 && platform.Subscriptions[0].Reason <= 2, "subscribed");
            Assert.IsNull(Reply(rig, platform, "session", "\"command\":\"open\",\"session\":\"S1\""));
            TestClient listener = rig.Page("S1");
            Assert.IsNull(Reply(rig, platform, "cuff", "\"command\":\"patient\",\"session\":\"S1\",\"category\":\"adult\",\"cuffSize\":\"adult\""));
            string at = ",\"at\":\"" + Rfc3339.Text(rig.Utc.UtcUs) + "\"";
            Assert.AreEqual("G2320", Reply(rig, platform, "cuff", "\"command\":\"start\",\"session\":\"S1\"" + at), "it becomes a request");
            Assert.AreEqual("G2320", Reply(rig, platform, "cuff", "\"command\":\"test\"" + at), "it becomes a request");
            Assert.IsNull(Reply(rig, platform, "sound", "\"command\":\"listen\",\"session\":\"S1\",\"listening\":true"));
            Assert.IsNull(Reply(rig, platform, "cuff", "\"command\":\"stop\""));

            // A listener gives no command; its stop is obeyed like everybody's.
            foreach (SessionTopic topic in SessionTopics.All.Where(t => t.Kind == SessionTopicKind.Command))
            {
                foreach (GatewayCommand command in GatewayCommands.All.Where(c => c.Topic == topic.Command && c.Verb != "stop"))
                {
                    listener.Publish("cart/C1/" + topic.Filter, Encoding.UTF8.GetBytes("{\"command\":\"" + command.Verb + "\",\"id\":\"x-" + command.Verb + "\",\"session\":\"S1\"}"));
                }
            }

            long before = pod.Received.Count(m => m.Payload[1] == PodCommand.StopCuff);
            byte[] hourOld = Encoding.UTF8.GetBytes("{\"command\":\"stop\",\"id\":\"s1\",\"at\":\"" + Rfc3339.Text(rig.Utc.UtcUs - 3_600_000_000) + "\"}");
            for (int i = 0; i < 10; i++)
            {
                listener.Publish("cart/C1/command/cuff", hourOld);
            }

            rig.Require(() => pod.Received.Count(m => m.Payload[1] == PodCommand.StopCuff) >= before + 10, "the listener's stop, an hour old, the same ten times");
            rig.Run(2_000_000);
            Assert.IsFalse(platform.Received.Any(m => m.Topic.StartsWith("cart/C1/reply/x-", StringComparison.Ordinal)), "nobody answered them");
            Assert.AreEqual("S1", rig.Core.Snapshot().Sessions.Single(s => s.IsOpen).Id);

            // Roles that no client has today are refused by the same table.
            foreach (ActorRole role in new[] { ActorRole.Nobody, ActorRole.Local, ActorRole.Technician, ActorRole.Integrator })
            {
                Assert.IsFalse(GatewayCommands.All.Where(c => c.Topic is not null && c.Verb != "stop").Any(c => RoleRights.Has(role, c.RightFromSession)), role.ToString());
                Assert.IsFalse(SessionTopics.All.Where(t => t.Kind != SessionTopicKind.Command).Any(t => RoleRights.Has(role, t.Right)), role.ToString());
            }

            // A closed session's token opens nothing, after its time of grace.
            string token = rig.Core.LinkOf("S1").Token;
            Assert.IsNull(Reply(rig, platform, "session", "\"command\":\"close\",\"session\":\"S1\""));
            rig.Run(ListenerTokens.GraceUs + 1_000_000);
            Assert.IsFalse(listener.Client.IsConnected);
            TestClient late = rig.Add(new TestClient("web.S1.late", userName: "S1", password: token) { Transport = MqttTransport.WebSocket });
            rig.Require(() => late.Losses > 0, "refused");

            // Revoked while it is connected: within a second or two, and not again. STOP still is.
            folder.Write(folder.Read().WithoutToken("good"));
            rig.Core.Peers.AccountsChanged(null);
            int losses = platform.Losses;
            rig.Require(() => platform.Losses > losses, "its connection ends");
            TestClient stop = rig.Add(new TestClient("stop-1"));
            rig.Require(() => stop.Client.IsConnected, "stop");
            before = pod.Received.Count(m => m.Payload[1] == PodCommand.StopCuff);
            stop.Publish("cart/C1/command/cuff", "{\"command\":\"stop\"}"u8.ToArray());
            rig.Require(() => pod.Received.Count(m => m.Payload[1] == PodCommand.StopCuff) > before, "stopped");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [TestMethod]
    public void Air_is_asked_for_from_elsewhere_and_STOP_is_everybodys()
    {
        foreach (GatewayCommand command in GatewayCommands.All.Where(c => c.Topic is not null))
        {
            Assert.AreEqual(command.Name == "stop the cuff", RoleRights.Has(ActorRole.Nobody, command.RightFromSession), command.Name);
            Assert.AreEqual(command.Rights == CommandRights.BedsideScreen ? AccessRight.AskAir : command.Right, command.RightFromSession);
        }

        Assert.IsFalse(RoleRights.Has(ActorRole.Platform, AccessRight.Air), "no air by a token");
        Assert.IsFalse(RoleRights.Has(ActorRole.Doctor, AccessRight.Air), "no air for the doctor");
        Assert.IsTrue(Enum.GetValues<ActorRole>().All(r => RoleRights.Has(r, AccessRight.Stop)), "stop for all");
    }

    [TestMethod]
    public void The_page_of_roles_is_the_one_beside_the_project()
    {
        string path = Path.Combine(Path.GetDirectoryName(NodeTool.Folder)!, "ROLES.md");
        string page = Page();
        if (Environment.GetEnvironmentVariable("GOLDEN_WRITE") == "1")
        {
            File.WriteAllText(path, page);
        }

        Assert.AreEqual(File.ReadAllText(path), page, PageFile + " is another one; GOLDEN_WRITE=1 dotnet test tests/Gateway.Tests --filter RoleTable writes it");
    }

    private static (string, string?)[] Elsewhere => [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "cart.example")];

    private static string Page()
    {
        ActorRole[] roles = [.. RoleRights.All.Select(r => r.Role)];
        StringBuilder text = new("# Who may do what\n\nWritten from the tables of routes, commands, topics and roles (`GOLDEN_WRITE=1 dotnet test tests/Gateway.Tests --filter RoleTable`); where no accounts are set up, whoever reaches loopback is *unprotected*.\n\n");
        void Row(string what, string how, AccessRight right) => text.Append(CultureInfo.InvariantCulture, $"| {what} | {how} | {right.ToString().ToLowerInvariant()} |")
            .AppendJoin('|', roles.Select(r => RoleRights.Has(r, right) ? " yes " : "  ")).Append("|\n");
        void Head(string title, string what, string how) => text.Append(CultureInfo.InvariantCulture, $"## {title}\n\n| {what} | {how} | right |").AppendJoin('|', roles.Select(r => " " + RoleRights.Word(r) + " ")).Append("|\n|")
            .Insert(text.Length, "---|", 3 + roles.Length).Append('\n');
        Head("HTTP", "route", "from");
        foreach (HttpRoute route in HttpRoutes.All.Where(r => r.IsDescribed))
        {
            Row($"`{route.Method} {route.Pattern}`", route.Rights switch { CommandRights.Always => "anywhere, nobody is asked", CommandRights.BedsideScreen => "the cart's own screen", _ => "anywhere" }, route.Right);
        }

        Row("the pages' files, `/mqtt`", "anywhere; `/mqtt` asks for a session's token", AccessRight.Page);
        text.Append('\n');
        Head("MQTT, from the session's side", "topic below `cart/{cartId}/`", "word");
        foreach (SessionTopic topic in SessionTopics.All)
        {
            foreach (GatewayCommand command in GatewayCommands.All.Where(c => topic.Kind == SessionTopicKind.Command && c.Topic == topic.Command))
            {
                Row($"`{topic.Filter}`", "`" + command.Verb + "`" + (command.Rights == CommandRights.BedsideScreen ? ": becomes a request at the bedside" : string.Empty), command.RightFromSession);
            }

            if (topic.Kind != SessionTopicKind.Command)
            {
                Row($"`{topic.Filter}`", string.Empty, topic.Right);
            }
        }

        text.Append("\nOver MQTT a platform's program is *platform*, a session's link or a listener's certificate *doctor* in its own session, and the session's own broker *platform*: whom it lets publish is its own rule.\n");
        return text.ToString();
    }

    private static string? Reply(Rig rig, TestClient client, string topic, string members)
    {
        string id = "r" + client.Received.Count.ToString(CultureInfo.InvariantCulture) + "-" + client.Waiting.ToString(CultureInfo.InvariantCulture);
        client.Publish("cart/C1/command/" + topic, Encoding.UTF8.GetBytes("{\"id\":\"" + id + "\"," + members + "}"));
        rig.Require(() => client.Received.Any(m => m.Topic == "cart/C1/reply/" + id), "answered: " + members);
        using JsonDocument reply = JsonDocument.Parse(client.Received.Last(m => m.Topic == "cart/C1/reply/" + id).Text);
        return reply.RootElement.GetProperty("code").GetString();
    }

    // The gateway looks at the file every second.
    private static async Task UntilAsync(Func<Task<bool>> fact)
    {
        for (int i = 0; i < 600 && !await fact(); i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }

        Assert.IsTrue(await fact());
    }

    private static string CookieOf(LoginResult login) => AccessControl.CookieName + "=" + login.Cookie;

    private static async Task<string> LogInAsync(string name, string secret, LiveGateway? gateway = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, (gateway ?? _gateway).Origin + "/api/login") { Content = Json($$"""{"name":"{{name}}","secret":"{{secret}}"}""") };
        using HttpResponseMessage answer = await Http.SendAsync(request);
        Assert.IsTrue(answer.IsSuccessStatusCode, name + ": " + await answer.Content.ReadAsStringAsync());
        string cookie = answer.Headers.GetValues("Set-Cookie").Single();
        return cookie[..cookie.IndexOf(';', StringComparison.Ordinal)];
    }

    private static async Task<string> ListenerTokenAsync()
    {
        (string, string?)[] platform = [("Authorization", "Bearer " + _platform)];
        Assert.AreEqual(200, (await SendAsync("PUT", "/api/session/S0", platform)).Status);
        using JsonDocument link = JsonDocument.Parse((await SendAsync("GET", "/api/session/S0/link", platform)).Body);
        Assert.AreEqual(200, (await SendAsync("DELETE", "/api/session/S0", platform)).Status);
        return link.RootElement.GetProperty("token").GetString()!;
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static string Code(string body)
    {
        if (!body.StartsWith('{'))
        {
            return string.Empty;
        }

        using JsonDocument json = JsonDocument.Parse(body);
        return json.RootElement.TryGetProperty("code", out JsonElement code) ? code.GetString()! : string.Empty;
    }

    private async Task<string> RawStopAsync(string headers)
    {
        using Socket socket = await _gateway.RawAsync("POST /api/cuff/stop HTTP/1.1\r\nHost: localhost\r\n" + headers + "Content-Length: 0\r\nConnection: close\r\n\r\n");
        byte[] answer = new byte[4096];
        int length = await socket.ReceiveAsync(answer).WaitAsync(LiveGateway.Patience);
        return Encoding.ASCII.GetString(answer, 0, length);
    }

    private static async Task<(int Status, string Body)> SendAsync(string method, string path, (string Name, string? Value)[] headers, string body = "{}", LiveGateway? gateway = null)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), (gateway ?? _gateway).Origin + path);
        if (method != "GET")
        {
            request.Content = Json(body);
        }

        foreach ((string name, string? value) in headers)
        {
            Assert.IsTrue(request.Headers.TryAddWithoutValidation(name, value), name);
        }

        using HttpResponseMessage answer = await Http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private sealed class Reader : IOperatorToken
    {
        public event Action<string>? Presented;

        public void Show(string badge) => Presented?.Invoke(badge);
    }

    private sealed class NoLog : IGatewayLog
    {
        public void Write(in GatewayLogEntry entry)
        {
        }
    }
}
