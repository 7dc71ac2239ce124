using System;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EndToEnd.Tests.Processes;
using Firmware.Protocol;
using Microsoft.Playwright;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Browser;

/// <summary>A page of another site in the cart's own browser: whatever it sends, nothing is started, stopped or changed.</summary>
[TestClass]
public sealed class ForeignPageTests
{
    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task A_page_of_another_origin_changes_nothing_and_the_carts_own_page_does()
    {
        await using FedPod pod = await FedPod.StartAsync();
        await using IBrowserContext context = await Chromium.ContextAsync();
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using CancellationTokenSource over = new();
        Task serving = ServeAsync(listener, over.Token);

        // Same-site to localhost, cross-site to 127.0.0.1, and in either case another origin.
        string foreign = "http://localhost:" + ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture) + "/";
        IPage page = await context.NewPageAsync();
        foreach (string gateway in new[] { pod.Near, pod.Near.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) })
        {
            await page.GotoAsync(foreign);
            foreach ((string path, string body) in new[]
            {
                ("/api/cuff/test", "{\"cuffOffTheArm\":true}"), ("/api/session/S1/cuff/start", "{}"), ("/api/cuff/stop", "{}"), ("/api/session/S1/clip", "{}"), ("/api/requests/a1", "{\"answer\":\"done\"}"),
            })
            {
                string url = gateway + path;
                foreach (string how in new[] { SimpleFetch, LastFetch })
                {
                    // Sent without asking, as it is simple; the gateway has answered when the browser hides the answer from the page.
                    Assert.AreEqual("TypeError", await page.EvaluateAsync<string>(how, new[] { url, body }), url + how);
                }

                // A form goes there itself: the answer becomes the page.
                IResponse sent = await page.RunAndWaitForResponseAsync(() => page.EvaluateAsync(Form, new[] { url, body }), r => r.Url == url);
                Assert.AreEqual(403, sent.Status, url + " form");
                await page.WaitForURLAsync(url);
                await page.GotoAsync(foreign);
            }

            foreach ((string method, string path) in new[] { ("PUT", "/api/session/S2"), ("DELETE", "/api/session/S1"), ("PUT", "/api/session/S1/patient"), ("POST", "/api/cuff/stop") })
            {
                string said = await page.EvaluateAsync<string>(JsonFetch, new[] { gateway + path, method });
                Assert.AreEqual("TypeError", said, "the browser asks first, and nobody says yes: " + method + path);
            }
        }

        // All that went before is done: the pod has heard nothing of it, and the session is the same.
        using HttpClient http = new();
        using (JsonDocument health = JsonDocument.Parse(await http.GetStringAsync(new Uri(pod.Near + "/health"))))
        {
            JsonElement sessions = health.RootElement.GetProperty("sessions");
            Assert.AreEqual(1, sessions.GetArrayLength());
            Assert.AreEqual("open", sessions[0].GetProperty("state").GetString());
        }

        Assert.AreEqual(0, pod.Count(c => c[1] is PodCommand.StartCuff or PodCommand.StopCuff or PodCommand.TestCuff), pod.Printed);
        await page.GotoAsync(pod.Near + "/");
        await page.Locator("#cuff-stop").ClickAsync();
        await pod.CommandAsync(c => c[1] == PodCommand.StopCuff);
        Assert.AreEqual(1, pod.Count(c => c[1] == PodCommand.StopCuff), "the one of the cart's own page");
        await over.CancelAsync();
        await serving;
    }

    /// <summary>A site elsewhere: every request gets the same page.</summary>
    internal static async Task ServeAsync(TcpListener listener, CancellationToken over)
    {
        byte[] page = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 52\r\nConnection: close\r\n\r\n<!DOCTYPE html><title>elsewhere</title><p>hello</p>\n");
        byte[] asked = new byte[16 * 1024];
        while (!over.IsCancellationRequested)
        {
            try
            {
                using TcpClient client = await listener.AcceptTcpClientAsync(over);
                NetworkStream stream = client.GetStream();
                using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(over);
                patience.CancelAfter(TimeSpan.FromSeconds(5));
                if (await stream.ReadAsync(asked, patience.Token) > 0)
                {
                    await stream.WriteAsync(page, over);
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException)
            {
                // A connection that the browser opened and did not use, or the end.
            }
        }
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task What_is_asked_from_elsewhere_is_shown_at_the_bedside_and_answered()
    {
        await using FedPod pod = await FedPod.StartAsync();
        await using IBrowserContext nurse = await Chromium.ContextAsync();
        IPage near = await nurse.NewPageAsync();
        await near.GotoAsync(pod.Near + "/");
        await Assertions.Expect(near.Locator("#requests-box")).ToBeHiddenAsync();
        await pod.AskAsync("cart/cart-1/command/cuff", "{\"command\":\"start\",\"session\":\"S1\",\"id\":\"a1\",\"at\":\"" + TimeProvider.System.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) + "\"}");
        await Assertions.Expect(near.Locator("#requests [data-request=a1]")).ToContainTextAsync("Please measure the blood pressure");
        await near.Locator("#requests [data-request=a1] button").Last.ClickAsync();
        await Assertions.Expect(near.Locator("#requests-box")).ToBeHiddenAsync();
        Assert.AreEqual(0, pod.Count(c => c[1] == PodCommand.StartCuff));
    }

    internal const string SimpleFetch = "([url, body]) => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'Content-Type': 'text/plain' }, body }).then(() => 'answered', (error) => error.name)";
    private const string LastFetch = "([url, body]) => fetch(url, { method: 'POST', mode: 'no-cors', keepalive: true, body: new URLSearchParams({ body }) }).then(() => 'answered', (error) => error.name)";
    internal const string JsonFetch = "([url, method]) => fetch(url, { method, headers: { 'Content-Type': 'application/json' }, body: '{}' }).then(() => 'answered', (error) => error.name)";

    internal const string Form =
        "([url, body]) => { const form = document.createElement('form'); form.method = 'post'; form.enctype = 'text/plain'; form.action = url; const input = document.createElement('input'); "
        + "input.name = body.slice(0, -1) + ',\"x\":\"'; input.value = '\"}'; form.append(input); document.body.append(form); form.submit(); }";
}
