using System;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using EndToEnd.Tests.Processes;
using Firmware.Protocol;
using Microsoft.Playwright;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Browser;

/// <summary>The lock of the bedside view where accounts are set up: a PIN opens it, STOP is never under it, and a page of another origin has nothing of the nurse's login.</summary>
[TestClass]
public sealed class LockPageTests
{
    private const string Pin = "274916";

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task A_PIN_opens_the_screen_STOP_works_under_the_lock_and_another_origin_changes_nothing()
    {
        await using FedPod pod = await FedPod.StartAsync(opens: false, more: "access:\n  accounts: true\n  withoutBadge: true\n");
        await using IBrowserContext context = await Chromium.ContextAsync(width: 1024, height: 768, calm: true);
        IPage page = await context.NewPageAsync();
        await page.GotoAsync(pod.Near + "/");

        // No account yet: the page says so, and STOP works.
        await Assertions.Expect(page.Locator("#lock-title")).ToHaveTextAsync("This cart has no administrator yet");
        await BedsidePageTests.InSight(page);
        await Chromium.PictureAsync(page, TestContext, "lock-claim-1024", whole: false);

        // cartctl makes them while the gateway runs.
        await MakeAsync(pod.GatewayYaml, "root", "integrator", "a long quiet password");
        await MakeAsync(pod.GatewayYaml, "anna", "nurse", Pin);
        await MakeAsync(pod.GatewayYaml, "Jean-Luc", "nurse", Pin);
        await Assertions.Expect(page.Locator("#lock-title")).ToHaveTextAsync("The screen is locked");
        await Assertions.Expect(page.Locator("main")).ToBeHiddenAsync();
        await Stopped(page, pod);
        await Chromium.PictureAsync(page, TestContext, "lock-1024", whole: false);

        long begun = TimeProvider.System.GetTimestamp();
        await EnterAsync(page, Pin);
        await Assertions.Expect(page.Locator("main")).ToBeVisibleAsync();
        TestContext.WriteLine($"from the name to the open screen: {TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds:F0} ms; target 5,000 ms");
        await Assertions.Expect(page.Locator("#lock")).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator("#operator")).ToHaveTextAsync("anna");
        await page.Locator("#session-name").FillAsync("S1");
        await page.Locator("#open-session").ClickAsync();
        await Assertions.Expect(page.Locator("#session-state")).ToHaveTextAsync("Session S1 is open.");
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync("Connected to the session's broker.");
        await Chromium.PictureAsync(page, TestContext, "lock-open-1024", whole: false);

        await NothingFromElsewhere(context, pod);

        // The login ends behind the page's back: the lock comes by itself, and STOP is as it was.
        await context.ClearCookiesAsync();
        await Assertions.Expect(page.Locator("#lock")).ToBeVisibleAsync();
        await Stopped(page, pod);
        await page.Locator("#lock-names button").First.ClickAsync();
        await EnterAsync(page, "000000");
        await Assertions.Expect(page.Locator("#lock-fault")).ToContainTextAsync("G2127");
        await BedsidePageTests.InSight(page);
        await page.SetViewportSizeAsync(390, 844);
        await page.Locator("#language").ClickAsync();
        await Assertions.Expect(page.Locator("#lock-title")).ToHaveTextAsync("L'écran est verrouillé");
        await BedsidePageTests.InSight(page);
        await Chromium.PictureAsync(page, TestContext, "lock-fr-390", whole: false);
        await page.Locator("#lock-without").ClickAsync();
        await Assertions.Expect(page.Locator("#operator")).ToHaveTextAsync("sans badge");
        await page.Locator("#lock-now").ClickAsync();
        await Assertions.Expect(page.Locator("#lock")).ToBeVisibleAsync();
        await Chromium.PictureAsync(page, TestContext, "lock-fr-390-calm", whole: false);
    }

    // Another port of the same host: the browser counts it as the same site, and sends the login's cookie along.
    private static async Task NothingFromElsewhere(IBrowserContext context, FedPod pod)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using CancellationTokenSource over = new();
        Task serving = ForeignPageTests.ServeAsync(listener, over.Token);
        IPage foreign = await context.NewPageAsync();
        string site = "http://127.0.0.1:" + ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture) + "/";
        await foreign.GotoAsync(site);
        pod.ForgetCommands();
        foreach ((string method, string path, string body) in new[]
        {
            ("POST", "/api/cuff/test", "{\"cuffOffTheArm\":true}"), ("POST", "/api/session/S1/cuff/start", "{}"), ("POST", "/api/cuff/stop", "{}"), ("DELETE", "/api/session/S1", "{}"), ("DELETE", "/api/login", "{}"),
            ("POST", "/api/login", "{\"withoutBadge\":true}"), ("PUT", "/api/accounts/eve", "{\"role\":\"nurse\",\"secret\":\"274916\"}"), ("POST", "/api/claim", "{}"),
        })
        {
            string url = pod.Near + path;
            Assert.AreEqual("TypeError", await foreign.EvaluateAsync<string>(ForeignPageTests.JsonFetch, new[] { url, method }), "the browser asks first, and nobody says yes: " + path);
            if (method == "POST")
            {
                Assert.AreEqual("TypeError", await foreign.EvaluateAsync<string>(ForeignPageTests.SimpleFetch, new[] { url, body }), path);
                IResponse sent = await foreign.RunAndWaitForResponseAsync(() => foreign.EvaluateAsync(ForeignPageTests.Form, new[] { url, body }), r => r.Url == url);
                Assert.AreEqual(403, sent.Status, path);
                await foreign.WaitForURLAsync(url);
                await foreign.GotoAsync(site);
            }
        }

        Assert.AreEqual("TypeError", await foreign.EvaluateAsync<string>("(url) => fetch(url, { credentials: 'include' }).then(() => 'read', (error) => error.name)", pod.Near + "/api/requests"), "nothing is read either");
        Assert.AreEqual(0, pod.Count(c => c[1] is PodCommand.StartCuff or PodCommand.StopCuff or PodCommand.TestCuff), pod.Printed);
        await foreign.CloseAsync();
        IPage own = context.Pages[0];
        await Assertions.Expect(own.Locator("#operator")).ToHaveTextAsync("anna");
        await Assertions.Expect(own.Locator("#session-state")).ToHaveTextAsync("Session S1 is open.");
        await over.CancelAsync();
        await serving;
    }

    private static async Task EnterAsync(IPage page, string pin)
    {
        await page.Locator("#lock-names button[data-name=anna]").ClickAsync();
        foreach (char digit in pin)
        {
            await page.Locator("#lock-keys button", new PageLocatorOptions { HasTextString = digit.ToString() }).ClickAsync();
        }

        await page.Locator("#lock-open").ClickAsync();
    }

    private static async Task Stopped(IPage page, FedPod pod)
    {
        pod.ForgetCommands();
        await BedsidePageTests.InSight(page);
        await page.Locator("#cuff-stop").ClickAsync();
        await pod.CommandAsync(c => c[1] == PodCommand.StopCuff);
        await Assertions.Expect(page.Locator("#stop-bar")).ToHaveAttributeAsync("data-state", "confirmed");
    }

    private static async Task MakeAsync(string yaml, string name, string role, string secret)
    {
        string file = Path.Combine(Path.GetDirectoryName(yaml)!, "secret");
        await File.WriteAllTextAsync(file, secret + "\n");
        using RunningProcess tool = RunningProcess.StartDotnet("cartctl", Programs.CartCtl, "accounts", "add", yaml, name, "--role", role, "--secret-file", file);
        Assert.AreEqual(0, await tool.EndAsync(), tool.Printed);
    }
}
