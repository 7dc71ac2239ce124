using System;
using System.Threading.Tasks;
using EndToEnd.Tests.Processes;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.Playwright;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Browser;

/// <summary>What the nurse's page says when the gateway is away, and that STOP is in sight, works and tells the truth in every state.</summary>
[TestClass]
public sealed class BedsidePageTests
{
    private const uint Skin = 150388;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task A_gateway_that_is_killed_or_stands_still_is_said_with_the_values_time_and_comes_back_by_itself()
    {
        await using FedPod pod = await FedPod.StartAsync();
        await using IBrowserContext nurse = await Chromium.ContextAsync(width: 1024, height: 768);
        IPage page = await nurse.NewPageAsync();
        await page.GotoAsync(pod.Near + "/");
        await Connected(page);
        await ShowsSkin(page, pod);
        await Chromium.PictureAsync(page, TestContext, "bedside-values-1024", whole: false);

        pod.SignalGateway(FedPod.Halt);
        await Away(page, "en");
        await Assertions.Expect(ClinicianViewTests.Tile(page, Skin).Locator(".number")).Not.ToHaveTextAsync(string.Empty);
        await page.Locator("#cuff-stop").ClickAsync();
        await Assertions.Expect(page.Locator("#cuff-stopped")).ToHaveTextAsync("STOP is not confirmed. Pull the hose off the cuff. The cart has not answered.");
        pod.SignalGateway(FedPod.GoOn);
        await Back(page);
        await Connected(page);

        await pod.KillGatewayAsync();
        await Away(page, "en");
        await Chromium.PictureAsync(page, TestContext, "bedside-away-1024", whole: false);
        await page.Locator("#language").ClickAsync();
        await Away(page, "fr");
        await page.SetViewportSizeAsync(390, 844);
        await InSight(page);
        await Chromium.PictureAsync(page, TestContext, "bedside-away-fr-390", whole: false);
        await page.Locator("#language").ClickAsync();
        await pod.StartGatewayAsync();
        await Back(page);
        await Connected(page);
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    [DataRow(1024, 768)]
    [DataRow(390, 844)]
    public async Task Stop_is_in_sight_and_works_by_keyboard_with_and_without_a_session_and_under_the_message(int width, int height)
    {
        await using FedPod pod = await FedPod.StartAsync(opens: false);
        await using IBrowserContext nurse = await Chromium.ContextAsync(width: width, height: height);
        IPage page = await nurse.NewPageAsync();
        await page.GotoAsync(pod.Near + "/");
        await Assertions.Expect(page.Locator("#session-state")).ToContainTextAsync("No session is open");
        await InSight(page);
        await Chromium.PictureAsync(page, TestContext, $"bedside-none-{width}", whole: false);

        // The first stop of the Tab key, and confirmed by the pod without a session too.
        await page.Keyboard.PressAsync("Tab");
        Assert.AreEqual("cuff-stop", await page.EvaluateAsync<string>("document.activeElement.id"));
        await page.Keyboard.PressAsync("Enter");
        await pod.CommandAsync(c => c[1] == PodCommand.StopCuff);
        await Assertions.Expect(page.Locator("#stop-bar")).ToHaveAttributeAsync("data-state", "confirmed");
        await InSight(page);

        await pod.OpenSessionAsync();
        await Connected(page);
        await InSight(page);
        pod.Event(FaultCode.CuffDeflationNotConfirmed, Streams.CuffPressure);
        await Assertions.Expect(page.Locator("#cuff-banner")).ToBeVisibleAsync();
        await InSight(page);
        await Chromium.PictureAsync(page, TestContext, $"bedside-banner-{width}", whole: false);
        await page.Locator("#cuff-banner-confirm").ClickAsync();

        // A pod that hears it and does not say so.
        pod.AcknowledgesCommands = false;
        pod.ForgetCommands();
        await page.Locator("#cuff-stop").ClickAsync();
        await pod.CommandAsync(c => c[1] == PodCommand.StopCuff);
        await Assertions.Expect(page.Locator("#cuff-stopped")).ToHaveTextAsync("STOP is not confirmed. Pull the hose off the cuff. The pod has not answered.");
        await InSight(page);
        await Chromium.PictureAsync(page, TestContext, $"bedside-unconfirmed-{width}", whole: false);
        await page.Locator("#language").ClickAsync();
        await Assertions.Expect(page.Locator("#cuff-stopped")).ToHaveTextAsync("STOP n'est pas confirmé. Débranchez le tuyau du brassard. Le boîtier n'a pas répondu.");
        await InSight(page);
        await ClinicianViewTests.Fit(page, width);
        await Chromium.PictureAsync(page, TestContext, $"bedside-unconfirmed-fr-{width}", whole: false);
    }

    /// <summary>At the top and at the end of the page: wholly in the window, and nothing lies over it.</summary>
    internal static async Task InSight(IPage page)
    {
        foreach (string to in new[] { "0", "document.documentElement.scrollHeight" })
        {
            string seen = await page.EvaluateAsync<string>(
                "() => { scrollTo(0, " + to + """
                ); const b = document.getElementById("cuff-stop"), r = b.getBoundingClientRect();
                   const inside = r.top >= 0 && r.left >= 0 && r.bottom <= innerHeight && r.right <= innerWidth && r.height >= 60;
                   const over = [[0.02, 0.1], [0.5, 0.5], [0.98, 0.9]].map(([x, y]) => document.elementFromPoint(r.left + x * r.width, r.top + y * r.height)).every((e) => e === b);
                   return inside && over && !b.disabled ? "in sight" : JSON.stringify({ r, inside, over, disabled: b.disabled, innerHeight, innerWidth }); }
                """);
            Assert.AreEqual("in sight", seen);
        }

        await page.EvaluateAsync("() => scrollTo(0, 0)");
    }

    private static Task Connected(IPage page) => Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync("Connected to the session's broker.");

    private static async Task ShowsSkin(IPage page, FedPod pod)
    {
        await PageFacts.BecomesAsync(
            page,
            "(mdc) => document.querySelector(`.tile[data-mdc=\"${mdc}\"]`)?.dataset.value === '34.2'",
            (long)Skin,
            meanwhile: () => pod.Vital(16, Skin, 3420, -2));
        await Assertions.Expect(page.Locator("body")).ToHaveAttributeAsync("data-old", "false");
    }

    private static async Task Away(IPage page, string language)
    {
        await Assertions.Expect(page.Locator("body")).ToHaveAttributeAsync("data-gateway", "away");
        string words = language == "en" ? "^The cart does not answer\\. These values are from \\d\\d:\\d\\d\\. Trying again\\.$" : "^Le chariot ne répond plus\\. Ces valeurs datent de \\d\\d:\\d\\d\\. Nouvel essai en cours\\.$";
        string state = await page.Locator("#session-state").InnerTextAsync();
        StringAssert.Matches(state, new System.Text.RegularExpressions.Regex(words, System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
        await Assertions.Expect(page.Locator("body")).ToHaveAttributeAsync("data-old", "true");
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync(
            language == "en" ? "Not connected. Trying again; values on this page grow old." : "Non relié. Nouvel essai ; les valeurs de cette page vieillissent.");
        await Assertions.Expect(page.Locator("#health-state")).ToHaveTextAsync(language == "en" ? "The gateway does not answer this page." : "La passerelle ne répond pas à cette page.");
        await Assertions.Expect(page.Locator("#pods .pod[data-connected=true]")).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator("#pods")).ToContainTextAsync(language == "en" ? "Gateway: not connected" : "Passerelle: non relié");
        await Assertions.Expect(page.Locator("#open-session")).ToBeDisabledAsync();
        await InSight(page);
    }

    private static async Task Back(IPage page)
    {
        await Assertions.Expect(page.Locator("body")).ToHaveAttributeAsync("data-gateway", "here");
        await Assertions.Expect(page.Locator("#session-state")).ToHaveTextAsync("Session S1 is open.");
        await Assertions.Expect(page.Locator("body")).ToHaveAttributeAsync("data-old", "false");
    }
}
