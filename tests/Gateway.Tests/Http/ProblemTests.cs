using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Mqtt;
using Gateway.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Http;

/// <summary>Every refusal is problem details (RFC 9457) with a code, under the status of its fault.</summary>
[TestClass]
public sealed class ProblemTests
{
    private static readonly HttpClient Client = LiveGateway.Client();
    private static LiveGateway _gateway = null!;

    [ClassInitialize]
    public static async Task StartAsync(TestContext context) => _gateway = await LiveGateway.StartAsync();

    [ClassCleanup]
    public static async Task StopAsync() => await _gateway.DisposeAsync();

    [TestMethod]
    [DataRow("GET", "/nothing", null, null, "G2070", 404)]
    [DataRow("POST", "/api/nothing", "{}", null, "G2070", 404)]
    [DataRow("GET", "/js/../nothing.js", null, null, "G2070", 404)]
    [DataRow("GET", "/openapi/x.json", null, null, "G2070", 404)]
    [DataRow("GET", "/openapi/v1.json?documentName=x", null, null, "G2070", 404)]
    [DataRow("POST", "/openapi/v1.json", "{}", null, "G2071", 405)]
    [DataRow("POST", "/health", "{}", null, "G2071", 405)]
    [DataRow("GET", "/api/cuff/stop", null, null, "G2071", 405)]
    [DataRow("POST", "/api/cuff/test", "LARGE", null, "G2072", 413)]
    [DataRow("POST", "/api/cuff/test", "{}", "Content-Type: text/plain", "G2092", 415)]
    [DataRow("GET", "/health", null, "Host: evil.example", "G2116", 421)]
    [DataRow("GET", "/nothing", null, "Host: evil.example", "G2116", 421)]
    [DataRow("PUT", "/api/session/S1", "{}", "Origin: https://evil.example", "G2091", 403)]
    [DataRow("PUT", "/api/session/S1", "{}", "Sec-Fetch-Site: cross-site", "G2091", 403)]
    [DataRow("POST", "/api/cuff/test", "{}", "Via: 1.1 proxy", "G2099", 403)]
    [DataRow("POST", "/api/cuff/test", "{}", null, "G2310", 400)]
    [DataRow("GET", "/api/session/S9/patient", null, null, "G2331", 404)]
    [DataRow("GET", "/api/session/S9/link", null, null, "G2117", 404)]
    [DataRow("GET", "/mqtt", null, null, "G2112", 400)]
    [DataRow("GET", "/mqtt", null, "Origin: https://evil.example", "G2111", 403)]
    public async Task A_refusal_has_all_members(string method, string path, string? body, string? header, string code, int status)
    {
        foreach (string language in new[] { "en", "fr" })
        {
            using HttpResponseMessage answer = await SendAsync(method, path, body, header, language);
            FaultEntry fault = FaultCatalogue.Default[code];
            JsonElement problem = await ProblemAsync(answer, code, status);
            Assert.AreEqual(fault.Happened.In(language), problem.GetProperty("title").GetString());
            Assert.AreEqual(fault.Happened.In(language), problem.GetProperty("happened").GetString());
            Assert.AreEqual(fault.Means.In(language), problem.GetProperty("means").GetString());
            Assert.AreEqual(fault.Do.In(language), problem.GetProperty("do").GetString());
            Assert.AreEqual(fault.Consultation.In(language), problem.GetProperty("consultation").GetString());
            Assert.AreEqual(fault.Severity.ToString().ToLowerInvariant(), problem.GetProperty("severity").GetString());
            Assert.IsTrue(answer.Headers.Contains("Content-Security-Policy"), "strict headers");
            Assert.AreEqual("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.IsTrue(answer.Headers.CacheControl!.NoStore);
        }
    }

    [TestMethod]
    public async Task A_method_that_is_not_taken_is_answered_with_those_that_are()
    {
        using HttpResponseMessage answer = await SendAsync("POST", "/health", "{}", null, "en");
        CollectionAssert.AreEqual(new[] { "GET" }, answer.Content.Headers.Allow.ToArray());
    }

    [TestMethod]
    public async Task The_type_leads_to_the_code_in_the_catalogue()
    {
        using HttpResponseMessage answer = await SendAsync("GET", "/nothing", null, null, "en");
        string type = (await ProblemAsync(answer, "G2070", 404)).GetProperty("type").GetString()!;
        Uri uri = new(new Uri(_gateway.Origin), type);
        string catalogue = await Client.GetStringAsync(uri);
        StringAssert.Contains(catalogue, "\"code\": \"" + uri.Fragment[1..] + "\"");
    }

    /// <summary>A handler that throws: 500 with a code, one line in the log, and nothing of the exception but its type in the answer.</summary>
    [TestMethod]
    [DataRow("GET", "/health")]
    [DataRow("GET", "/api/requests")]
    [DataRow("PUT", "/api/session/S1")]
    [DataRow("POST", "/api/cuff/stop")]
    public async Task What_a_handler_throws_is_coded_logged_and_kept_inside(string method, string path)
    {
        List<GatewayLogEntry> log = [];
        await using WebApplication application = await ServeAsync(new GatewayHandle(new InlineLoop(), static () => throw new InvalidOperationException("secret of /var/lib")) { Log = new ListLog(log) });
        using HttpRequestMessage request = new(new HttpMethod(method), application.Urls.First() + path);
        using HttpResponseMessage answer = await Client.SendAsync(request);
        JsonElement problem = await ProblemAsync(answer, "G2097", 500);
        Assert.AreEqual("InvalidOperationException", problem.GetProperty("detail").GetString());
        Assert.IsFalse(problem.GetRawText().Contains("secret", StringComparison.Ordinal));
        Assert.IsFalse(problem.GetRawText().Contains(" at ", StringComparison.Ordinal), "no stack trace");
        Assert.IsTrue(answer.Headers.Contains("Content-Security-Policy"));
        GatewayLogEntry line = log.Single();
        Assert.AreEqual("G2097", line.Code);
        StringAssert.Contains(line.What, "secret of /var/lib");
    }

    /// <summary>The same on the gateway's own loop: it turns on, and the next request is answered.</summary>
    [TestMethod]
    [DataRow("GET", "/health")]
    [DataRow("GET", "/api/requests")]
    [DataRow("PUT", "/api/session/S1")]
    [DataRow("POST", "/api/cuff/stop")]
    public async Task What_is_thrown_on_the_loop_ends_that_request_alone(string method, string path)
    {
        List<GatewayLogEntry> log = [];
        int asked = 0;
        GatewayHandle handle = new(
            _gateway.Service.Loop,
            () => Interlocked.Increment(ref asked) == 1 ? throw new InvalidOperationException("secret of the loop") : _gateway.Service.Core)
        { Log = new ListLog(log) };
        await using WebApplication application = await ServeAsync(handle);
        using HttpRequestMessage first = new(new HttpMethod(method), application.Urls.First() + path);
        using HttpResponseMessage failed = await Client.SendAsync(first);
        JsonElement problem = await ProblemAsync(failed, "G2097", 500);
        Assert.AreEqual("InvalidOperationException", problem.GetProperty("detail").GetString());
        GatewayLogEntry line = log.Single();
        Assert.AreEqual("G2097", line.Code);
        StringAssert.Contains(line.What, "secret of the loop");
        using HttpRequestMessage second = new(new HttpMethod(method), application.Urls.First() + path);
        using HttpResponseMessage answer = await Client.SendAsync(second);
        Assert.AreEqual(HttpStatusCode.OK, answer.StatusCode, await answer.Content.ReadAsStringAsync());
        Assert.IsFalse(_gateway.Service.Broken.IsCompleted);
    }

    [TestMethod]
    public async Task What_is_thrown_after_the_answer_is_in_the_log()
    {
        List<GatewayLogEntry> log = [];
        GatewayHandle handle = new(_gateway.Service.Loop, () => _gateway.Service.Core) { Log = new ListLog(log) };
        LoopAnswer<int> answer = await LoopCalls.AskAsync<int>(new DefaultHttpContext(), handle, static (_, done) =>
        {
            done(7);
            throw new InvalidOperationException("too late");
        });
        Assert.AreEqual(new LoopAnswer<int>(true, 7), answer);

        // The loop does one after the other.
        await LoopCalls.AskAsync<int>(new DefaultHttpContext(), handle, static (_, done) => done(0));
        Assert.AreEqual("G2097", log.Single().Code);
        StringAssert.Contains(log.Single().What, "too late");
    }

    [TestMethod]
    public async Task A_gateway_that_does_not_run_is_503_on_every_route_that_asks_it()
    {
        await using WebApplication application = await ServeAsync(new GatewayHandle(new InlineLoop(), static () => null));
        foreach (HttpRoute route in HttpRoutes.All.Where(r => r.IsDescribed && r.Name != "getHealth" && r.Tag != "access"))
        {
            using HttpRequestMessage request = new(new HttpMethod(route.Method!), application.Urls.First() + route.Pattern.Replace("{session}", "S1", StringComparison.Ordinal).Replace("{clip}", "c1", StringComparison.Ordinal).Replace("{id}", "a1", StringComparison.Ordinal));
            if (route.Body is not null || route.Method == "POST")
            {
                request.Content = new StringContent(BodyOf(route), Encoding.UTF8, "application/json");
            }

            using HttpResponseMessage answer = await Client.SendAsync(request);
            await ProblemAsync(answer, "G2084", 503);
        }
    }

    [TestMethod]
    [DataRow(404, "G2070")]
    [DataRow(405, "G2071")]
    [DataRow(408, "G2073")]
    [DataRow(413, "G2072")]
    [DataRow(415, "G2092")]
    [DataRow(400, "G2098")]
    [DataRow(500, "G2097")]
    [DataRow(502, "G2097")]
    public void A_status_of_the_web_server_has_its_code(int status, string code)
    {
        Assert.AreEqual(code, Problems.CodeOf(status));
        Assert.AreEqual((code, string.Empty), Problems.CodeOf(new BadHttpRequestException("secret", status)));
    }

    [TestMethod]
    public void Every_code_that_a_route_refuses_with_has_a_status_in_the_catalogue()
    {
        foreach (HttpRoute route in HttpRoutes.All)
        {
            foreach (string code in route.AllRefusals)
            {
                Assert.IsTrue(FaultCatalogue.Default[code].Http is >= 400 and < 600, route.Name + " " + code);
            }
        }
    }

    private static string BodyOf(HttpRoute route) => route.Name switch
    {
        "setPatient" => """{"category":"adult","cuffSize":"adult"}""",
        "testCuff" => """{"cuffOffTheArm":true}""",
        "listen" => """{"listening":true}""",
        "answerRequest" => """{"answer":"done"}""",
        _ => "{}",
    };

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage answer, string code, int status)
    {
        string text = await answer.Content.ReadAsStringAsync();
        Assert.AreEqual(status, (int)answer.StatusCode, text);
        Assert.AreEqual("application/problem+json", answer.Content.Headers.ContentType?.MediaType, text);
        JsonElement problem = JsonDocument.Parse(text).RootElement.Clone();
        Assert.AreEqual(code, problem.GetProperty("code").GetString(), text);
        Assert.AreEqual(status, problem.GetProperty("status").GetInt32());
        Assert.AreEqual(FaultCatalogue.Default[code].Http, status, "the status is the catalogue's");
        return problem;
    }

    private static async Task<WebApplication> ServeAsync(GatewayHandle gateway)
    {
        WebApplicationBuilder builder = HttpApi.CreateBuilder();
        builder.WebHost.ConfigureKestrel(static o => o.Listen(IPAddress.Loopback, 0));
        WebApplication application = builder.Build();
        application.UseGateway(gateway);
        await application.StartAsync();
        return application;
    }

    private static async Task<HttpResponseMessage> SendAsync(string method, string path, string? body, string? header, string language)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), _gateway.Origin + path);
        string[] parts = header?.Split(": ") ?? [];
        if (body is not null)
        {
            string text = body == "LARGE" ? "{\"x\":\"" + new string('x', GatewayListeners.MaxRequestBodyBytes) + "\"}" : body;
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(parts is ["Content-Type", var type] ? type : "application/json");
        }

        if (parts is [not "Content-Type", _])
        {
            request.Headers.TryAddWithoutValidation(parts[0], parts[1]);
        }

        request.Headers.AcceptLanguage.ParseAdd(language);
        return await Client.SendAsync(request);
    }

    /// <summary>Does work at once, on the caller's thread.</summary>
    private sealed class InlineLoop : IMqttLoop
    {
        public long NowUs => 0;

        public bool TryPost(Action work)
        {
            work();
            return true;
        }
    }

    private sealed class ListLog(List<GatewayLogEntry> entries) : IGatewayLog
    {
        public void Write(in GatewayLogEntry entry)
        {
            lock (entries)
            {
                entries.Add(entry);
            }
        }
    }
}
