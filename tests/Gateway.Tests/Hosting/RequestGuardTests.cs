using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Gateway.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>Who may change something by HTTP, tried at every route that there is.</summary>
[TestClass]
public sealed class RequestGuardTests
{
    private static readonly string[] Changing = ["POST", "PUT", "DELETE", "PATCH"];
    private static readonly HttpClient Http = LiveGateway.Client();
    private static LiveGateway _gateway = null!;

    [ClassInitialize]
    public static async Task StartAsync(TestContext context) => _gateway = await LiveGateway.StartAsync(new GatewayWebOptions { Origins = ["https://clinic.example", "null"] });

    [ClassCleanup]
    public static async Task StopAsync() => await _gateway.DisposeAsync();

    [TestMethod]
    public async Task Every_route_that_changes_something_refuses_pages_of_other_origins()
    {
        (string Method, string Path)[] routes = [.. Routes()];

        // The routes of today: a new one is in the table by itself, one that is gone fails here.
        CollectionAssert.IsSubsetOf(
            new[]
            {
                "PUT /api/session/S1", "DELETE /api/session/S1", "PUT /api/session/S1/patient", "POST /api/session/S1/cuff/start", "POST /api/cuff/stop", "POST /api/cuff/test",
                "PUT /api/session/S1/sound", "POST /api/session/S1/clip", "POST /api/requests/S1", "POST /mqtt",
            },
            routes.Select(r => r.Method + " " + r.Path).ToArray());
        foreach ((string method, string path) in routes)
        {
            string name = method + " " + path;
            foreach (string origin in new[] { "https://evil.example", "null", "http://localhost:29999", "http://127.0.0.1:1", "https://127.0.0.1:" + _gateway.HttpPort, _gateway.Origin + ".evil.example", "" })
            {
                await RefusedAsync(method, path, 403, "G2091", name + " origin " + origin, ("Origin", origin), ("Content-Type", "application/json"));
                await RefusedAsync(method, path, 403, "G2091", name + " origin " + origin, ("Origin", origin), ("Content-Type", "text/plain"));
            }

            foreach (string site in new[] { "cross-site", "same-site", "Same-Origin", "" })
            {
                await RefusedAsync(method, path, 403, "G2091", name + " site " + site, ("Sec-Fetch-Site", site), ("Content-Type", "application/json"));
                await RefusedAsync(method, path, 403, "G2091", name + " own origin, site " + site, ("Origin", _gateway.Origin), ("Sec-Fetch-Site", site), ("Content-Type", "application/json"));
            }

            // What a proxy says that nobody trusts does not help.
            await RefusedAsync(
                method, path, 403, "G2091", name + " forwarded", ("Origin", "https://evil.example"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"), ("Content-Type", "application/json"));
            foreach ((string, string) page in new[] { ("Origin", "http://evil.example"), ("Origin", _gateway.Origin), ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "none") })
            {
                await RefusedAsync(method, path, 421, "G2116", name + " host, page " + page, ("Host", "evil.example"), page, ("Content-Type", "application/json"));
            }

            if (path != RequestGuard.StopPath || method != "POST")
            {
                await RefusedAsync(method, path, 421, "G2116", name + " host", ("Host", "evil.example"), ("Content-Type", "application/json"));
            }

            if (path != RequestGuard.StopPath)
            {
                foreach (string? type in new[] { "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/jsonp", "text/json", null })
                {
                    await RefusedAsync(method, path, 415, "G2092", name + " as " + type, ("Content-Type", type));
                    await RefusedAsync(method, path, 415, "G2092", name + " own page as " + type, ("Origin", _gateway.Origin), ("Sec-Fetch-Site", "same-origin"), ("Content-Type", type));
                }
            }
        }
    }

    [TestMethod]
    public async Task Own_pages_and_programs_of_this_machine_pass_at_every_route()
    {
        foreach ((string method, string path) in Routes())
        {
            foreach ((string, string?)[] headers in new[]
            {
                new (string, string?)[] { ("Content-Type", "application/json") },
                [("Content-Type", "application/json; charset=UTF-8"), ("Origin", _gateway.Origin), ("Sec-Fetch-Site", "same-origin")],
                [("Content-Type", "Application/JSON"), ("Sec-Fetch-Site", "none")],
                [("Content-Type", "application/json"), ("Origin", "https://clinic.example")],
            })
            {
                (int status, string body) = await SendAsync(method, path, headers);
                if (path.Contains("/cuff/", StringComparison.Ordinal) && path != RequestGuard.StopPath && headers.Any(h => h.Item2 == "https://clinic.example"))
                {
                    Assert.IsTrue(status == 403 && body.Contains("G2099", StringComparison.Ordinal), $"{method} {path} {status} {body}");
                    continue;
                }

                Assert.IsFalse(status is 403 or 415 or 421 or >= 500, $"{method} {path} {status} {body}");
            }
        }
    }

    [TestMethod]
    public async Task A_stop_needs_no_content_type_no_body_and_no_host()
    {
        foreach (string host in new[] { "evil.example", "cart.local:8080", "10.0.0.1" })
        {
            Assert.AreEqual(200, (await SendAsync("POST", RequestGuard.StopPath, ("Host", host), ("Content-Type", null))).Status, host);
        }

        Assert.AreEqual(200, (await SendAsync("POST", RequestGuard.StopPath, ("Content-Type", null))).Status);
        Assert.AreEqual(200, (await SendAsync("POST", RequestGuard.StopPath, ("Content-Type", "text/plain"))).Status);
        Assert.AreEqual(200, (await SendAsync("POST", RequestGuard.StopPath + "/", ("Content-Type", null))).Status);
        using System.Net.Sockets.Socket old = await _gateway.RawAsync("POST /api/cuff/stop HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
        await LiveGateway.UntilAsync(new System.Net.Sockets.NetworkStream(old), "\"state\":\"sent\""u8.ToArray());
    }

    [TestMethod]
    public async Task A_PUT_or_DELETE_without_a_body_needs_no_content_type()
    {
        using HttpRequestMessage put = new(HttpMethod.Put, _gateway.Origin + "/api/session/no%20name");
        using HttpResponseMessage answer = await Http.SendAsync(put);
        StringAssert.Contains(await answer.Content.ReadAsStringAsync(), "G2301");
        Assert.AreEqual(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [TestMethod]
    public void A_program_elsewhere_may_stop_and_nothing_else()
    {
        foreach ((string path, bool allowed) in new[] { ("/api/cuff/stop", true), ("/api/cuff/test", false), ("/api/session/S1/cuff/start", false) })
        {
            foreach (IPAddress? from in new[] { IPAddress.Parse("192.0.2.7"), IPAddress.Parse("2001:db8::7"), null })
            {
                DefaultHttpContext context = new();
                context.Request.Method = "POST";
                context.Request.Path = path;
                context.Request.Scheme = "http";
                context.Request.Host = new HostString("cart.example");
                context.Request.ContentType = "application/json";
                Assert.AreEqual(allowed ? null : "G2094", RequestGuard.Refused(context.Request, from, new GatewayWebOptions())?.Code);
                context.Request.Headers.Origin = "http://cart.example";
                Assert.AreEqual(allowed ? null : "G2099", RequestGuard.Refused(context.Request, from, new GatewayWebOptions())?.Code, "a page of this gateway, wherever it is shown");
                context.Request.Headers.Origin = new[] { "http://cart.example", "http://cart.example" };
                Assert.AreEqual("G2091", RequestGuard.Refused(context.Request, from, new GatewayWebOptions())?.Code, "two origins are none");
            }
        }
    }

    [TestMethod]
    [DataRow("127.0.0.1", "127.0.0.1:8080", null, null, null)]
    [DataRow("127.0.0.1", "localhost:8080", "http://localhost:8080", null, null)]
    [DataRow("::1", "[::1]:8080", "http://[::1]:8080", null, null)]
    [DataRow("::ffff:127.0.0.1", "127.0.0.1:8080", "http://127.0.0.1:8080", null, null)]
    [DataRow("192.0.2.7", "127.0.0.1:8080", "http://127.0.0.1:8080", null, "G2099")]
    [DataRow("127.0.0.1", "cart.example", "https://cart.example", null, "G2099")]
    [DataRow("127.0.0.1", "cart.example", null, null, "G2099")]
    [DataRow("127.0.0.1", "127.0.0.1.evil.example", null, null, "G2099")]
    [DataRow("127.0.0.1", "127.0.0.1:8080", "https://cart.example", null, "G2099")]
    [DataRow("127.0.0.1", "127.0.0.1:8080", "http://127.0.0.1:8080", "X-Forwarded-For", "G2099")]
    [DataRow("127.0.0.1", "127.0.0.1:8080", "http://127.0.0.1:8080", "x-forwarded-proto", "G2099")]
    [DataRow("127.0.0.1", "127.0.0.1:8080", "http://127.0.0.1:8080", "X-Forwarded-Prefix", "G2099")]
    [DataRow("127.0.0.1", "127.0.0.1:8080", "http://127.0.0.1:8080", "Forwarded", "G2099")]
    [DataRow("127.0.0.1", "127.0.0.1:8080", "http://127.0.0.1:8080", "Via", "G2099")]
    [DataRow("127.0.0.1", "127.0.0.1:8080", null, "X-Real-IP", "G2099")]
    public void Air_is_moved_from_the_carts_own_screen_alone_and_stopped_from_everywhere(string remote, string host, string? origin, string? header, string? code)
    {
        GatewayWebOptions web = new() { PublicUrl = "https://cart.example", TrustedProxies = [IPAddress.Loopback] };
        foreach (string path in new[] { "/api/session/S1/cuff/start", "/api/cuff/test", "/API/Cuff/TEST/", "/api/session/S1/CUFF/Start/", RequestGuard.StopPath })
        {
            DefaultHttpContext context = new();
            context.Request.Method = "POST";
            context.Request.Path = path;
            context.Request.Scheme = "http";
            context.Request.Host = new HostString(host);
            context.Request.ContentType = "application/json";
            if (origin is not null)
            {
                context.Request.Headers.Origin = origin;
            }

            if (header is not null)
            {
                context.Request.Headers[header] = "127.0.0.1";
            }

            Assert.AreEqual(path == RequestGuard.StopPath ? null : code, RequestGuard.Refused(context.Request, IPAddress.Parse(remote), web)?.Code, path);
        }
    }

    [TestMethod]
    [DataRow("PUT", "/api/session/S1/patient", """{"category":"adult","cuffSize":"adult","cuffOnOximeterArm":"true"}""", "cuffOnOximeterArm is true or false")]
    [DataRow("PUT", "/api/session/S1/patient", """{"category":"adult","cuffSize":"adult","cuffOnOximeterArm":1}""", "cuffOnOximeterArm is true or false")]
    [DataRow("PUT", "/api/session/S1/patient", """{"category":"adult","cuffSize":"adult","cuffOnOximeterArm":null}""", "cuffOnOximeterArm is true or false")]
    [DataRow("PUT", "/api/session/S1/patient", """{"category":"adult","cuffSize":"adult","cuffOnOximetreArm":true}""", "Did you mean 'cuffOnOximeterArm'?")]
    [DataRow("PUT", "/api/session/S1/patient", """{"category":"adult","cuffSize":"adult","cuffonoximeterarm":true}""", "Did you mean 'cuffOnOximeterArm'?")]
    [DataRow("PUT", "/api/session/S1/patient", """{"category":"adult","cuffSize":"adult","x":true}""", "keys: category, cuffSize, cuffOnOximeterArm")]
    [DataRow("PUT", "/api/session/S1/patient", """{"category":"adult","category":"pediatric","cuffSize":"adult"}""", "a key stands twice")]
    [DataRow("PUT", "/api/session/S1/patient", """{"category":"adult","cuffSize":"adult","cuffOnOximeterArm":true,"cuffOnOximeterArm":false}""", "a key stands twice")]
    [DataRow("PUT", "/api/session/S1/patient", """{"category":"adult","cuffSize":"adult","cuffOn\u004fximeterArm":true,"cuffOnOximeterArm":false}""", "a key stands twice")]
    [DataRow("PUT", "/api/session/S1/patient", """{"category":"adult","cuffSize":"\ud800"}""", "half a character")]
    [DataRow("PUT", "/api/session/S1/patient", """{"\ud800":"adult","cuffSize":"adult"}""", "half a character")]
    [DataRow("PUT", "/api/session/S1/patient", """[]""", "not a JSON object")]
    [DataRow("PUT", "/api/session/S1/patient", """{"category":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}""", "no JSON")]
    [DataRow("POST", "/api/cuff/test", """{}""", "cuffOffTheArm must be true")]
    [DataRow("POST", "/api/cuff/test", """{"cuffOffTheArm":"true"}""", "cuffOffTheArm is true or false")]
    [DataRow("POST", "/api/cuff/test", """{"cuffOffTheArm":true,"cuffOffTheArm":true}""", "a key stands twice")]
    [DataRow("POST", "/api/cuff/test", """{"cuffOffTheArm":true,"force":true}""", "'force' is no key here")]
    [DataRow("POST", "/api/session/S1/cuff/start", """{"cuffOffTheArm":true}""", "is no key here")]
    [DataRow("PUT", "/api/session/S1/sound", """{"listening":"true"}""", "listening is true or false")]
    [DataRow("PUT", "/api/session/S1/sound", """{"listening":true,"site":7}""", "site is a text")]
    [DataRow("PUT", "/api/session/S1/sound", """{"listening":true,"listening":true}""", "a key stands twice")]
    [DataRow("POST", "/api/session/S1/clip", """{"by":5}""", "by is a text")]
    [DataRow("POST", "/api/requests/a1", """{"answer":"yes"}""", "answer is")]
    public async Task A_body_that_is_not_understood_is_refused_with_400_and_named(string method, string path, string body, string text)
    {
        (int status, string answer) = await SendAsync(method, path, body, [("Content-Type", "application/json")]);
        Assert.AreEqual(400, status, answer);
        using JsonDocument fault = JsonDocument.Parse(answer);
        Assert.IsTrue(fault.RootElement.GetProperty("code").GetString() is "G2310" or "G2330", answer);
        StringAssert.Contains(fault.RootElement.GetProperty("detail").GetString(), text);
    }

    [TestMethod]
    [DataRow("POST", "/api/session/S9/cuff/start", "{}", 404, "G2331")]
    [DataRow("POST", "/api/cuff/test", """{"cuffOffTheArm":true}""", 409, "G2311")]
    [DataRow("PUT", "/api/session/S9/patient", """{"category":"adult","cuffSize":"adult"}""", 404, "G2331")]
    [DataRow("PUT", "/api/session/S9/sound", """{"listening":true}""", 404, "G2331")]
    [DataRow("POST", "/api/session/S9/clip", "{}", 404, "G2331")]
    [DataRow("DELETE", "/api/session/S9", "", 404, "G2304")]
    [DataRow("PUT", "/api/session/a%20b", "", 400, "G2301")]
    [DataRow("POST", "/api/requests/a1", """{"answer":"done"}""", 404, "G2322")]
    [DataRow("GET", "/api/session/S9/patient", "", 404, "G2331")]
    [DataRow("GET", "/api/session/S9/link", "", 404, "G2117")]
    [DataRow("GET", "/api/session/S9/clips.zip", "", 404, "G2336")]
    [DataRow("GET", "/api/session/S9/clip/c1.wav", "", 404, "G2336")]
    public async Task A_refusal_never_answers_200(string method, string path, string body, int status, string code)
    {
        (int answered, string text) = await SendAsync(method, path, body, [("Content-Type", "application/json")]);
        Assert.AreEqual(status, answered, text);
        StringAssert.Contains(text, code);
    }

    [TestMethod]
    public async Task Behind_a_trusted_TLS_proxy_links_are_https_and_the_public_page_may_change_things()
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync(new GatewayWebOptions { PublicUrl = "https://cart.example", TrustedProxies = [IPAddress.Loopback] });
        (string, string?)[] page =
        [
            ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "cart.example"),
            ("Origin", "https://cart.example"), ("Sec-Fetch-Site", "same-origin"), ("Content-Type", "application/json"),
        ];
        Assert.AreEqual(200, (await SendAsync("PUT", "/api/session/S1", "{}", page, gateway)).Status);

        // Whoever reaches the proxy has this page: no air is moved from it, and all of it is let out.
        using (System.Net.Sockets.NetworkStream pod = await gateway.PodAsync())
        {
            Assert.AreEqual(200, (await SendAsync("PUT", "/api/session/S1/patient", """{"category":"adult","cuffSize":"adult"}""", page, gateway)).Status);
            foreach ((string, string?)[] headers in new[] { page, [("Host", "cart.example"), ("Origin", "https://cart.example"), ("Content-Type", "application/json")] })
            {
                Assert.AreEqual("G2099", Code(await SendAsync("POST", "/api/session/S1/cuff/start", "{}", headers, gateway)));
                Assert.AreEqual("G2099", Code(await SendAsync("POST", "/api/cuff/test", """{"cuffOffTheArm":true}""", headers, gateway)));
                Assert.AreEqual(200, (await SendAsync("POST", RequestGuard.StopPath, "{}", headers, gateway)).Status);
            }

            (string, string?)[] screen = [("Origin", gateway.Origin), ("Sec-Fetch-Site", "same-origin"), ("Content-Type", "application/json")];
            Assert.AreEqual(200, (await SendAsync("POST", "/api/session/S1/cuff/start", "{}", screen, gateway)).Status, "the cart's own screen");
        }

        // The nurse's own page, through the proxy and on the cart.
        foreach ((bool proxied, string broker) in new[] { (true, "wss://cart.example/mqtt"), (false, $"ws://127.0.0.1:{gateway.HttpPort}/mqtt") })
        {
            (int status, string text) = await SendAsync("GET", "/api/session/S1/link", string.Empty, proxied ? page : [], gateway);
            Assert.AreEqual(200, status, text);
            using JsonDocument link = JsonDocument.Parse(text);
            Assert.AreEqual(broker, link.RootElement.GetProperty("broker").GetString());
            StringAssert.StartsWith(link.RootElement.GetProperty("page").GetString(), "https://cart.example/clinician.html#broker=wss%3A%2F%2Fcart.example%2Fmqtt&");
        }

        // A program behind the proxy is not on this machine, whatever its address says.
        (string, string?)[] program = [("X-Forwarded-For", "127.0.0.1, 203.0.113.9"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "cart.example"), ("Content-Type", "application/json")];
        Assert.AreEqual("G2094", Code(await SendAsync("PUT", "/api/session/S2", "{}", program, gateway)));
        Assert.AreEqual("G2094", Code(await SendAsync("PUT", "/api/session/S2", "{}", [.. program.Skip(1)], gateway)));
        Assert.AreEqual(200, (await SendAsync("POST", RequestGuard.StopPath, "{}", program, gateway)).Status);
        Assert.AreEqual(421, (await SendAsync("PUT", "/api/session/S2", "{}", [("X-Forwarded-Host", "evil.example"), ("Content-Type", "application/json")], gateway)).Status);
        foreach ((string origin, bool admitted) in new[] { ("https://cart.example", true), ("http://cart.example", false), ("https://evil.example", false) })
        {
            using ClientWebSocket socket = new();
            socket.Options.AddSubProtocol("mqtt");
            socket.Options.CollectHttpResponseDetails = true;
            socket.Options.SetRequestHeader("Origin", origin);
            socket.Options.SetRequestHeader("X-Forwarded-Proto", "https");
            socket.Options.SetRequestHeader("X-Forwarded-Host", "cart.example");
            socket.Options.SetRequestHeader("X-Forwarded-For", "203.0.113.9");
            try
            {
                await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{gateway.HttpPort}/mqtt"), new CancellationTokenSource(LiveGateway.Patience).Token);
            }
            catch (WebSocketException)
            {
                // The status says why.
            }

            Assert.AreEqual(admitted ? HttpStatusCode.SwitchingProtocols : HttpStatusCode.Forbidden, socket.HttpStatusCode, origin);
        }
    }

    [TestMethod]
    public async Task A_damaged_listener_key_stops_nothing_and_is_in_health()
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync(change: o =>
        {
            string key = System.IO.Path.Combine(o.JournalDirectory, ListenerKeyFile.RelativePath);
            System.IO.Directory.CreateDirectory(System.IO.Path.GetDirectoryName(key)!);
            System.IO.File.WriteAllBytes(key, []);
            return o;
        });
        (_, string health) = await SendAsync("GET", "/health", string.Empty, [], gateway);
        using JsonDocument document = JsonDocument.Parse(health);
        JsonElement issue = document.RootElement.GetProperty("issues").EnumerateArray().Single(i => i.GetProperty("code").GetString() == "G2095");
        Assert.AreEqual("listener.key", issue.GetProperty("subject").GetProperty("disk").GetString());
        Assert.IsTrue(document.RootElement.GetProperty("ready").GetBoolean());
        Assert.AreEqual(200, (await SendAsync("PUT", "/api/session/S1", "{}", [("Content-Type", "application/json")], gateway)).Status);
        Assert.AreEqual(200, (await SendAsync("GET", "/api/session/S1/link", string.Empty, [], gateway)).Status);
    }

    private static IEnumerable<(string Method, string Path)> Routes()
    {
        foreach ((string pattern, IReadOnlyList<string> methods) in _gateway.Routes)
        {
            string path = System.Text.RegularExpressions.Regex.Replace(pattern, @"\{[^}]*\}", "S1", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));
            foreach (string method in methods.Count == 0 ? Changing : methods.Where(RequestGuard.Changes))
            {
                yield return (method, path);
            }
        }
    }

    private static string? Code((int Status, string Body) answer) => JsonDocument.Parse(answer.Body).RootElement.GetProperty("code").GetString();

    private static async Task RefusedAsync(string method, string path, int status, string code, string name, params (string, string?)[] headers)
    {
        (int Status, string Body) answer = await SendAsync(method, path, headers);
        Assert.AreEqual(status, answer.Status, name + ": " + answer.Body);
        Assert.AreEqual(code, Code(answer), name);
    }

    private static Task<(int Status, string Body)> SendAsync(string method, string path, params (string Name, string? Value)[] headers) => SendAsync(method, path, "{}", headers);

    private static async Task<(int Status, string Body)> SendAsync(string method, string path, string body, (string Name, string? Value)[] headers, LiveGateway? gateway = null)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), (gateway ?? _gateway).Origin + path);
        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        }

        foreach ((string name, string? value) in headers)
        {
            if (name == "Content-Type")
            {
                if (value is not null)
                {
                    request.Content?.Headers.TryAddWithoutValidation(name, value);
                }
            }
            else if (name == "Host")
            {
                request.Headers.Host = value;
            }
            else
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        using HttpResponseMessage answer = await Http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
