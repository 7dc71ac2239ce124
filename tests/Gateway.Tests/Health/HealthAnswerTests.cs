using System;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text.Json;
using System.Threading.Tasks;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Health;

/// <summary>GET /health answers whatever the gateway's loop does.</summary>
[TestClass]
public sealed class HealthAnswerTests
{
    [TestMethod]
    [DataRow(true, "fr-CH, en;q=0.5", "La passerelle ne répond pas.")]
    [DataRow(false, "en", "The gateway does not answer.")]
    public async Task A_loop_that_is_stuck_or_full_gets_a_coded_503(bool takesWork, string accept, string happened)
    {
        await using WebApplication application = await ServeAsync(new StuckLoop(takesWork));
        using HttpClient http = new() { BaseAddress = new Uri(application.Urls.First()) };
        http.DefaultRequestHeaders.Add("Accept-Language", accept);
        long began = TimeProvider.System.GetTimestamp();
        using HttpResponseMessage answer = await http.GetAsync(new Uri("/health", UriKind.Relative));
        TimeSpan took = TimeProvider.System.GetElapsedTime(began);
        Assert.AreEqual(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        using JsonDocument health = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.AreEqual("G2159", health.RootElement.GetProperty("code").GetString());
        Assert.AreEqual(happened, health.RootElement.GetProperty("happened").GetString());
        Assert.AreEqual("failing", health.RootElement.GetProperty("status").GetString());
        Assert.IsFalse(health.RootElement.GetProperty("ready").GetBoolean());
        Assert.AreEqual("G2159", health.RootElement.GetProperty("issues")[0].GetProperty("code").GetString());
        Assert.IsTrue(ReadApi.HealthPatience < TimeSpan.FromSeconds(2), "answered within 2 s");
        TestContext.WriteLine($"answered after {took.TotalMilliseconds:F0} ms; target 2000 ms");
        using HttpResponseMessage ready = await http.GetAsync(new Uri("/ready", UriKind.Relative));
        Assert.AreEqual(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
    }

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("", "fr")]
    [DataRow("de", "fr")]
    [DataRow("en-GB,en;q=0.9", "en")]
    [DataRow("de, fr;q=0.5, en;q=0.8", "en")]
    [DataRow("de, en;q=0.5, fr;q=0.8", "fr")]
    [DataRow("en;q=0", "fr")]
    [DataRow("en;q=nonsense", "fr")]
    public void The_language_is_the_one_liked_best_else_the_configured_one(string accept, string language) =>
        Assert.AreEqual(language, GatewayHandle.LanguageOf(accept, "fr"));

    private static async Task<WebApplication> ServeAsync(IMqttLoop loop)
    {
        WebApplicationBuilder builder = HttpApi.CreateBuilder();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        WebApplication application = builder.Build();
        application.UseGateway(new GatewayHandle(loop, () => null));
        await application.StartAsync();
        return application;
    }

    /// <summary>Takes work and never does it, as a loop that is busy or stopped; or takes none.</summary>
    private sealed class StuckLoop(bool takesWork) : IMqttLoop
    {
        public long NowUs => 0;

        public bool TryPost(Action work) => takesWork;
    }
}
