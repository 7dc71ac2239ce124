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
using Gateway.Tests.Hosting;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Web;

/// <summary>The gateway's HTTP listener with its pages and WebSocket, on real sockets.</summary>
[TestClass]
public sealed class WebSocketTests
{
    private static readonly HttpClient Http = new();
    private static LiveGateway _gateway = null!;
    private static string _origin = null!;

    [ClassInitialize]
    public static async Task StartAsync(TestContext context)
    {
        _gateway = await LiveGateway.StartAsync(new GatewayWebOptions { Origins = ["https://clinic.example"] });
        _origin = _gateway.Origin;
        while ((await Http.GetAsync(_origin + "/ready", context.CancellationToken)).StatusCode != HttpStatusCode.OK)
        {
            await Task.Yield();
        }

        (await Http.PutAsync(_origin + "/api/session/S1", null, context.CancellationToken)).EnsureSuccessStatusCode();
    }

    [ClassCleanup]
    public static async Task StopAsync() => await _gateway.DisposeAsync();

    [TestMethod]
    [DataRow("/", "text/html")]
    [DataRow("/clinician.html", "text/html")]
    [DataRow("/js/core/mqtt.js", "text/javascript")]
    [DataRow("/css/page.css", "text/css")]
    [DataRow("/faults.json", "application/json")]
    [DataRow("/health", "application/json")]
    [DataRow("/api/session/S1/link", "application/json")]
    [DataRow("/nothing-here", "application/problem+json")]
    public async Task Every_answer_has_strict_headers(string path, string contentType)
    {
        using HttpResponseMessage answer = await Http.GetAsync(_origin + path);
        string policy = Header(answer, "Content-Security-Policy");
        StringAssert.Contains(policy, "default-src 'none'");
        StringAssert.Contains(policy, "script-src 'self';");
        StringAssert.Contains(policy, "frame-ancestors 'none'");
        StringAssert.Contains(policy, $"ws://127.0.0.1:{_gateway.HttpPort}");
        Assert.IsFalse(policy.Contains("unsafe", StringComparison.Ordinal), policy);
        Assert.AreEqual("nosniff", Header(answer, "X-Content-Type-Options"));
        Assert.AreEqual("no-referrer", Header(answer, "Referrer-Policy"));
        Assert.AreEqual("same-origin", Header(answer, "Cross-Origin-Resource-Policy"));
        Assert.IsFalse(answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.IsFalse(answer.Headers.Contains("Server"));
        Assert.AreEqual(contentType, answer.Content.Headers.ContentType?.MediaType ?? string.Empty);
        bool data = path is "/health" or "/api/session/S1/link" or "/nothing-here";
        Assert.AreEqual(data ? "no-store" : "no-cache", Header(answer, "Cache-Control"));
    }

    [TestMethod]
    public async Task A_file_that_is_known_is_not_sent_again()
    {
        using HttpResponseMessage first = await Http.GetAsync(_origin + "/js/core/mqtt.js");
        using HttpRequestMessage request = new(HttpMethod.Get, _origin + "/js/core/mqtt.js");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using HttpResponseMessage again = await Http.SendAsync(request);
        Assert.AreEqual(HttpStatusCode.NotModified, again.StatusCode);
    }

    [TestMethod]
    [DataRow("evil.example", 421)]
    [DataRow("localhost.evil.example", 421)]
    [DataRow("10.0.0.1", 421)]
    [DataRow("localhost", 200)]
    [DataRow("[::1]", 200)]
    public async Task A_foreign_host_name_is_refused(string host, int status)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, _origin + "/api/session/S1/link");
        request.Headers.Host = host + ":" + _gateway.HttpPort;
        using HttpResponseMessage answer = await Http.SendAsync(request);
        Assert.AreEqual(status, (int)answer.StatusCode);
        if (status != 200)
        {
            StringAssert.Contains(await answer.Content.ReadAsStringAsync(), "G2116");
            Assert.IsFalse(Header(answer, "Content-Security-Policy").Contains("evil", StringComparison.Ordinal));
        }
    }

    [TestMethod]
    [DataRow("https://evil.example", false)]
    [DataRow("null", false)]
    [DataRow("https://clinic.example.evil.example", false)]
    [DataRow("https://clinic.example", true)]
    [DataRow("self", true)]
    [DataRow(null, true)]
    public async Task A_page_of_another_origin_gets_no_web_socket(string? origin, bool admitted)
    {
        using ClientWebSocket socket = new();
        socket.Options.AddSubProtocol("mqtt");
        if (origin is not null)
        {
            socket.Options.SetRequestHeader("Origin", origin == "self" ? _origin : origin);
        }

        int status = await OpenAsync(socket);
        Assert.AreEqual(admitted ? 101 : 403, status);
    }

    [TestMethod]
    public async Task The_subprotocol_is_required_and_answered()
    {
        using ClientWebSocket none = new();
        Assert.AreEqual(400, await OpenAsync(none));
        using ClientWebSocket other = new();
        other.Options.AddSubProtocol("mqttv3.1");
        Assert.AreEqual(400, await OpenAsync(other));
        using ClientWebSocket both = new();
        both.Options.AddSubProtocol("chat");
        both.Options.AddSubProtocol("mqtt");
        Assert.AreEqual(101, await OpenAsync(both));
        Assert.AreEqual("mqtt", both.SubProtocol);
        using HttpResponseMessage plain = await Http.GetAsync(_origin + "/mqtt");
        Assert.AreEqual(HttpStatusCode.BadRequest, plain.StatusCode);
        StringAssert.Contains(await plain.Content.ReadAsStringAsync(), "G2112");
    }

    [TestMethod]
    public async Task A_text_message_closes_with_1003()
    {
        using ClientWebSocket socket = await OpenedAsync();
        await socket.SendAsync(Encoding.UTF8.GetBytes("hello"), WebSocketMessageType.Text, true, Patience());
        WebSocketReceiveResult end = await socket.ReceiveAsync(new byte[64], Patience());
        Assert.AreEqual(WebSocketMessageType.Close, end.MessageType);
        Assert.AreEqual(WebSocketCloseStatus.InvalidMessageType, socket.CloseStatus);
    }

    [TestMethod]
    public async Task Packets_may_come_byte_by_byte_in_fragments_and_several_in_one_message()
    {
        string token = await TokenAsync();
        byte[] connect = MqttBytes.Connect("web.S1.pieces", "S1", token);
        using (ClientWebSocket single = await OpenedAsync())
        {
            foreach (byte one in connect)
            {
                await single.SendAsync(new[] { one }, WebSocketMessageType.Binary, true, Patience());
            }

            Assert.AreEqual(0, await ConnackAsync(single));
        }

        using (ClientWebSocket fragments = await OpenedAsync())
        {
            for (int i = 0; i < connect.Length; i++)
            {
                await fragments.SendAsync(connect.AsMemory(i, 1), WebSocketMessageType.Binary, i == connect.Length - 1, Patience());
            }

            Assert.AreEqual(0, await ConnackAsync(fragments));
        }

        using ClientWebSocket together = await OpenedAsync();
        byte[] all = [.. connect, .. MqttBytes.Subscribe(1, "cart/cart-1/session/S1/#"), .. MqttBytes.Ping];
        await together.SendAsync(all, WebSocketMessageType.Binary, true, Patience());
        List<byte> types = await TypesAsync(together, seen => seen.Contains(0xD0));
        CollectionAssert.IsSubsetOf(new byte[] { 0x20, 0x90, 0xD0 }, types);
    }

    [TestMethod]
    [DataRow("S1", "web.S1.a", true)]
    [DataRow("S2", "web.S2.a", false)]
    [DataRow("S1", "pod-02aabbfffe0000a1", false)]
    public async Task The_token_admits_to_its_session_alone(string user, string clientId, bool admitted)
    {
        using ClientWebSocket socket = await OpenedAsync();
        await socket.SendAsync(MqttBytes.Connect(clientId, user, await TokenAsync()), WebSocketMessageType.Binary, true, Patience());
        int reason = await ConnackAsync(socket);
        Assert.AreEqual(admitted, reason == 0, $"reason 0x{reason:x2}");
        Assert.IsFalse(_gateway.Log.Contains(await TokenAsync(), StringComparison.Ordinal), "a token is never logged");
    }

    [TestMethod]
    public async Task A_link_has_all_that_the_far_page_needs_and_only_for_an_open_session()
    {
        using JsonDocument link = JsonDocument.Parse(await Http.GetStringAsync(_origin + "/api/session/S1/link"));
        string page = link.RootElement.GetProperty("page").GetString()!;
        Assert.AreEqual($"ws://127.0.0.1:{_gateway.HttpPort}/mqtt", link.RootElement.GetProperty("broker").GetString());
        StringAssert.StartsWith(page, _origin + "/clinician.html#broker=ws%3A%2F%2F");
        StringAssert.Contains(page, "&token=" + link.RootElement.GetProperty("token").GetString());
        using HttpResponseMessage none = await Http.GetAsync(_origin + "/api/session/S9/link");
        Assert.AreEqual(HttpStatusCode.NotFound, none.StatusCode);
        StringAssert.Contains(await none.Content.ReadAsStringAsync(), "G2117");
    }

    private static string Header(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(", ", values) : string.Empty;

    private static CancellationToken Patience() => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    private static async Task<string> TokenAsync()
    {
        using JsonDocument link = JsonDocument.Parse(await Http.GetStringAsync(_origin + "/api/session/S1/link"));
        return link.RootElement.GetProperty("token").GetString()!;
    }

    private static async Task<int> OpenAsync(ClientWebSocket socket)
    {
        socket.Options.CollectHttpResponseDetails = true;
        try
        {
            await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{_gateway.HttpPort}/mqtt"), Patience());
        }
        catch (WebSocketException)
        {
            // The status tells.
        }

        return (int)socket.HttpStatusCode;
    }

    private static async Task<ClientWebSocket> OpenedAsync()
    {
        ClientWebSocket socket = new();
        socket.Options.AddSubProtocol("mqtt");
        Assert.AreEqual(101, await OpenAsync(socket));
        return socket;
    }

    private static async Task<int> ConnackAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[256];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, Patience());
        Assert.AreEqual(WebSocketMessageType.Binary, received.MessageType);
        Assert.AreEqual(0x20, buffer[0]);
        return buffer[3];
    }

    private static async Task<List<byte>> TypesAsync(ClientWebSocket socket, Func<List<byte>, bool> enough)
    {
        List<byte> bytes = [];
        List<byte> types = [];
        byte[] buffer = new byte[4096];
        while (!enough(types))
        {
            WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, Patience());
            bytes.AddRange(buffer[..received.Count]);
            while (MqttBytes.TryTake(bytes, out byte type))
            {
                types.Add(type);
            }
        }

        return types;
    }
}

/// <summary>MQTT 5 packets by hand, so that the test does not trust the codec it tests.</summary>
internal static class MqttBytes
{
    public static byte[] Ping { get; } = [0xC0, 0];

    public static byte[] Connect(string clientId, string userName, string password) =>
        Packet(0x10, [.. Text("MQTT"), 5, 0xC2, 0, 60, 0, .. Text(clientId), .. Text(userName), .. Text(password)]);

    public static byte[] Subscribe(byte id, string filter) => Packet(0x82, [0, id, 0, .. Text(filter), 1]);

    public static bool TryTake(List<byte> bytes, out byte type)
    {
        type = 0;
        int length = 0, shift = 0, at = 1;
        while (at < bytes.Count)
        {
            length |= (bytes[at] & 0x7F) << shift;
            shift += 7;
            if (bytes[at++] < 0x80)
            {
                if (bytes.Count < at + length)
                {
                    return false;
                }

                type = bytes[0];
                bytes.RemoveRange(0, at + length);
                return true;
            }
        }

        return false;
    }

    private static byte[] Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }

    private static byte[] Packet(byte first, byte[] body)
    {
        List<byte> head = [first];
        int rest = body.Length;
        do
        {
            head.Add((byte)((rest & 0x7F) | (rest > 127 ? 0x80 : 0)));
            rest >>= 7;
        }
        while (rest > 0);
        return [.. head, .. body];
    }
}
