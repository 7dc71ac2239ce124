using System;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using EndToEnd.Tests.Processes;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.Playwright;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Browser;

/// <summary>What the nurse's page holds fast when answers come in another order, late, or not at all.</summary>
[TestClass]
public sealed class PageRulesTests
{
    private const string Connected = "Connected to the session's broker.";

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task A_late_state_does_not_make_an_old_value_young()
    {
        await using FedPod pod = await FedPod.StartAsync(opens: false);
        await using IBrowserContext nurse = await Chromium.ContextAsync();
        IPage page = await nurse.NewPageAsync();
        await page.GotoAsync(pod.Near + "/");
        string ages = await page.EvaluateAsync<string>(
            """
            async () => {
              const { DeviceClock } = await import(new URL("js/core/time.js", location.href));
              const live = new DeviceClock();
              for (let t = 6000; t < 20000; t += 1000) live.known(t - 4000, 100, t, true);
              const young = live.ageMs(15000, 19100);
              live.known(17000, 100, 41000, true);
              const late = live.ageMs(17000, 41000);
              const kept = new DeviceClock();
              kept.known(1000, 50, 90000, false);
              kept.known(86000, 50, 91000, true);
              return JSON.stringify([young, late, kept.ageMs(86000, 91000)].map(Math.round));
            }
            """);
        int[] read = JsonSerializer.Deserialize<int[]>(ages)!;
        Assert.AreEqual(200, read[0]);
        Assert.IsTrue(read[1] is > 20_000 and <= 20_100, $"{read[1]} ms: it came 20 s after it was measured");
        Assert.AreEqual(50, read[2], "what was kept gives way to what is said live");
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task The_answer_to_Measure_takes_no_STOP_away_and_a_test_that_was_refused_is_due()
    {
        await using FedPod pod = await FedPod.StartAsync();
        await using IBrowserContext nurse = await Chromium.ContextAsync();
        IPage page = await nurse.NewPageAsync();
        await page.GotoAsync(pod.Near + "/");
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync(Connected);
        await ChooseAsync(page);

        // The answer to Measure is held back; the STOP that is pressed meanwhile finds nobody.
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await page.RouteAsync("**/cuff/start", async route =>
        {
            IAPIResponse answer = await route.FetchAsync();
            await release.Task;
            await route.FulfillAsync(new RouteFulfillOptions { Response = answer });
        });
        await page.RouteAsync("**/api/cuff/stop", route => route.AbortAsync());
        await page.Locator("#cuff-start").ClickAsync();
        await pod.CommandAsync(c => c[1] == PodCommand.StartCuff);
        await page.Locator("#cuff-stop").ClickAsync();
        await Assertions.Expect(page.Locator("#stop-bar")).ToHaveAttributeAsync("data-state", "unconfirmed");
        await page.UnrouteAsync("**/api/cuff/stop");
        Assert.AreEqual(0, pod.Count(c => c[1] == PodCommand.StopCuff));
        release.SetResult();
        await pod.CommandAsync(c => c[1] == PodCommand.StopCuff);
        await Assertions.Expect(page.Locator("#stop-bar")).ToHaveAttributeAsync("data-state", "confirmed");
        await page.UnrouteAsync("**/cuff/start");

        // Without a STOP in between its words go with the next start.
        await page.Locator("#cuff-start").ClickAsync();
        await Assertions.Expect(page.Locator("#stop-bar")).ToHaveAttributeAsync("data-state", "idle");

        await page.Locator("#cuff-off").CheckAsync();
        await page.Locator("#cuff-test").ClickAsync();
        await pod.CommandAsync(c => c[1] == PodCommand.TestCuff);
        await Says(page, "running");
        pod.Event(FaultCode.CuffLinkPassed, Streams.CuffPressure);
        await Says(page, "running");
        pod.Event(FaultCode.CuffSensorAbsent, Streams.CuffPressure);
        await Says(page, "due");
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task A_token_that_is_no_longer_good_is_fetched_anew_and_after_a_restart_it_is_asked_again_who_is_measured()
    {
        await using FedPod pod = await FedPod.StartAsync();
        await using IBrowserContext nurse = await Chromium.ContextAsync();
        IPage page = await nurse.NewPageAsync();
        int links = 0;
        await page.RouteAsync("**/link", async route =>
        {
            IAPIResponse answer = await route.FetchAsync();
            JsonNode link = JsonNode.Parse(await answer.TextAsync())!;
            if (links++ == 0)
            {
                link["token"] = new string('A', 43);
            }

            await route.FulfillAsync(new RouteFulfillOptions { Response = answer, Body = link.ToJsonString() });
        });
        await page.GotoAsync(pod.Near + "/");
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync(Connected);
        Assert.AreEqual(2, links, "asked for once more, and not at every poll");
        await ChooseAsync(page);

        await pod.KillGatewayAsync();
        await Assertions.Expect(page.Locator("body")).ToHaveAttributeAsync("data-gateway", "away");
        await pod.StartGatewayAsync();
        await Assertions.Expect(page.Locator("body")).ToHaveAttributeAsync("data-gateway", "here");
        await Assertions.Expect(page.Locator("#cuff-patient")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#cuff-start")).ToBeDisabledAsync();
    }

    private static async Task ChooseAsync(IPage page)
    {
        await page.Locator("#cuff-category").SelectOptionAsync("adult");
        await page.Locator("#cuff-size").SelectOptionAsync("adult");
        await page.Locator("#cuff-patient-keep").ClickAsync();
        await Assertions.Expect(page.Locator("#cuff-start")).ToBeEnabledAsync();
    }

    private static Task Says(IPage page, string test) =>
        PageFacts.BecomesAsync(page, "(test) => cartPage.cuff.test === test", test);
}
