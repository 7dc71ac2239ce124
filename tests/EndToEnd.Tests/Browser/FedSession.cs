using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.AspNetCore;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EndToEnd.Tests.Browser;

/// <summary>
/// A session's broker that is no gateway, fed by the test by hand, and a static server of another origin that has the pages' files and
/// nothing else.
/// </summary>
internal sealed class FedSession : IAsyncDisposable, IMqttServerHandler
{
    public const string Session = "S1";
    public const string Root = "cart/cart-9/session/" + Session + "/";
    public const string Device = "02a1b2fffe000001";
    public const string Token = "a-token";

    private readonly MqttLoop _loop;
    private readonly MqttServer _server;
    private WebApplication? _broker;
    private WebApplication? _site;
    private uint _sequence;

    private FedSession()
    {
        _server = new MqttServer(new MqttServerOptions(), this);
        _loop = new MqttLoop(TimeProvider.System, "fed-session");
        _loop.AddStep(_server.Step);
        _loop.Start();
    }

    public int BrokerPort { get; private set; }

    public int SitePort { get; private set; }

    /// <summary>The clinician view on the other server.</summary>
    public string Page => $"http://127.0.0.1:{SitePort}/pages/clinician.html";

    public string Link => Page + $"#broker={Uri.EscapeDataString($"ws://127.0.0.1:{BrokerPort}/mqtt")}&cart=cart-9&session={Session}&token={Token}";

    public static async Task<FedSession> StartAsync()
    {
        FedSession fed = new();
        (fed._broker, fed.BrokerPort) = await ServeAsync(
            app =>
            {
                app.UseWebSockets();
                app.Run(context => MqttWebSocket.IsOffered(context)
                    ? MqttWebSocket.ServeAsync(context, fed._loop, fed._server, TimeProvider.System)
                    : Task.CompletedTask);
            },
            0);
        (fed._site, fed.SitePort) = await ServeAsync(app => app.Run(FileAsync), 0);
        return fed;
    }

    /// <summary>The broker goes away with every connection.</summary>
    public async Task StopBrokerAsync()
    {
        _loop.TryPost(() => _server.Stop(_loop.NowUs));
        await _broker!.DisposeAsync();
        _broker = null;
    }

    public void Publish(string topic, string json, bool retain = false) => Publish(topic, Encoding.UTF8.GetBytes(json), retain);

    public void Publish(string topic, byte[] payload, bool retain = false) => _loop.TryPost(() => _server.Publish(
        new MqttMessage { Topic = Root + topic, Payload = payload, Qos = MqttQos.AtLeastOnce, Retain = retain }, 0, _loop.NowUs));

    public void State(bool open = true) => Publish("state", $$$"""{"v":1,"session":"{{{Session}}}","open":{{{(open ? "true" : "false")}}},"vitals":[]}""", retain: true);

    /// <summary>A vital with the present time; value or absence.</summary>
    public void Vital(int stream, uint mdc, string? value, string unit, string? absent = null, int quality = 90, string flags = "")
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        long deviceUs = _loop.NowUs;
        string id = string.Create(CultureInfo.InvariantCulture, $"{Device}.3.{stream}.{++_sequence}");
        Publish(
            string.Create(CultureInfo.InvariantCulture, $"vital/{Device}/{stream}"),
            $$$"""{"v":1,"id":"{{{id}}}","session":"S1","kind":"vital","code":{"mdc":{{{mdc}}},"loinc":null},"value":{{{value ?? "null"}}},"unit":"{{{unit}}}","absent":{{{(absent is null ? "null" : "\"" + absent + "\"")}}},"quality":{{{quality}}},"time":{"utc":"{{{now.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture)}}}","uncertaintyMs":4.2,"method":"exchange","deviceUs":{{{deviceUs}}},"correctedFrom":null},"window":{"ms":1000}{{{(flags.Length == 0 ? "" : ",\"flags\":[" + flags + "]")}}}}""");
    }

    public void Gap(string cause, int count, uint sequence, string unit = "readings") => Publish(
        $"gap/{Device}/1",
        $$$"""{"v":1,"id":"{{{Device}}}.3.1.{{{sequence}}}","session":"S1","kind":"gap","lost":{"device":"{{{Device}}}","boot":3,"stream":33,"first":1,"last":2,"count":{{{count}}},"unit":"{{{unit}}}","atLeast":false,"firstUs":0,"lastUs":0},"cause":"{{{cause}}}","time":{"utc":null,"uncertaintyMs":null,"method":"unsynchronised","deviceUs":1,"correctedFrom":null}}""");

    public void Event(string code, uint sequence) => Publish(
        $"event/{Device}/2",
        $$$"""{"v":1,"id":"{{{Device}}}.3.2.{{{sequence}}}","session":"S1","kind":"event","code":"{{{code}}}","stream":16,"argument":0,"time":{"utc":null,"uncertaintyMs":null,"method":"unsynchronised","deviceUs":1,"correctedFrom":null}}""");

    public async ValueTask DisposeAsync()
    {
        if (_broker is not null)
        {
            await StopBrokerAsync();
        }

        if (_site is not null)
        {
            await _site.DisposeAsync();
        }

        _loop.Dispose();
    }

    byte IMqttServerHandler.Connecting(in MqttConnectRequest request) =>
        request.UserName == Session && Encoding.ASCII.GetString(request.Password.Span) == Token ? (byte)0 : (byte)0x86;

    void IMqttServerHandler.Connected(string clientId)
    {
    }

    void IMqttServerHandler.Disconnected(string clientId)
    {
    }

    MqttPublishDisposition IMqttServerHandler.Published(string clientId, in MqttMessage message, long token) => MqttPublishDisposition.Accept;

    bool IMqttServerHandler.MaySubscribe(string clientId, string filter) => filter.StartsWith(Root, StringComparison.Ordinal);

    void IMqttServerHandler.Subscribed(string clientId, string filter)
    {
    }

    void IMqttServerHandler.Delivered(long ticket, byte reasonCode)
    {
    }

    private static async Task<(WebApplication, int)> ServeAsync(Action<WebApplication> map, int port)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, port));
        WebApplication app = builder.Build();
        map(app);
        await app.StartAsync();
        return (app, new Uri(app.Urls.First()).Port);
    }

    /// <summary>The folder as it is in the repository, with the catalogue of codes copied along.</summary>
    private static async Task FileAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? string.Empty;
        string name = path.StartsWith("/pages/", StringComparison.Ordinal) ? path["/pages/".Length..] : string.Empty;
        string file = name == "faults.json" ? Path.Combine(Repository.Root, "hardware", name) : Path.Combine(Repository.Root, "edge-gateway", "Gateway", "Web", name);
        if (name.Length == 0 || name.Contains("..", StringComparison.Ordinal) || !File.Exists(file))
        {
            context.Response.StatusCode = 404;
            return;
        }

        context.Response.ContentType = Path.GetExtension(name) switch
        {
            ".html" => "text/html",
            ".css" => "text/css",
            ".js" => "text/javascript",
            ".svg" => "image/svg+xml",
            _ => "application/json",
        };
        await context.Response.SendFileAsync(file);
    }
}
