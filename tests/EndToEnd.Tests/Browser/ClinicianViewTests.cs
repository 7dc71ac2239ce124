using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using EndToEnd.Tests.Processes;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.Playwright;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Browser;

/// <summary>The clinician view from a static server of another origin, with a broker that is no gateway.</summary>
[TestClass]
public sealed partial class ClinicianViewTests
{
    private const uint Spo2 = 150456, Pulse = 149530, Perfusion = 150448, Skin = 150388;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task It_shows_values_units_quality_and_an_unknown_quantity()
    {
        await using FedSession fed = await FedSession.StartAsync();
        await using IBrowserContext context = await Chromium.ContextAsync();
        IPage page = await OpenAsync(context, fed);
        fed.State();
        fed.Vital(35, Spo2, "97", "%", quality: 88);
        fed.Vital(36, Pulse, "72.4", "/min");
        fed.Vital(37, Perfusion, "1.50", "%");
        fed.Vital(16, Skin, "34.20", "Cel");
        fed.Vital(99, 188888, "12.5", "ms");
        await Has(Tile(page, Spo2), "97", "%", "quality 88");
        await Has(Tile(page, Pulse), "72", "/min");
        await Has(Tile(page, Perfusion), "1.50", "%");
        await Has(Tile(page, Skin), "34.2", "°C");
        await Has(Tile(page, 188888), "Quantity 188888", "12.5", "ms");
        await Assertions.Expect(page.Locator("#session-state")).ToHaveTextAsync("Session S1 is open.");
        await Assertions.Expect(page.Locator("#simulated")).ToBeHiddenAsync();
        Assert.AreEqual("88", await Tile(page, Spo2).GetByRole(AriaRole.Meter).GetAttributeAsync("aria-valuenow"));
        fed.Vital(36, Pulse, "73", "/min", flags: "\"simulated\"");
        await Assertions.Expect(page.Locator("#simulated")).ToContainTextAsync("SIMULATED");
        fed.State(open: false);
        await Assertions.Expect(page.Locator("#session-state")).ToHaveTextAsync("Session S1 is closed.");
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task It_speaks_french_from_the_browsers_language_and_switches()
    {
        await using FedSession fed = await FedSession.StartAsync();
        await using IBrowserContext context = await Chromium.ContextAsync("fr-FR");
        IPage page = await OpenAsync(context, fed);
        fed.Vital(16, Skin, "34.20", "Cel");
        await Has(Tile(page, Skin), "Température cutanée", "34,2", "°C");
        await Assertions.Expect(page.Locator("#intended-use")).ToContainTextAsync("Pas d'alarmes physiologiques");
        Assert.AreEqual("fr", await page.EvaluateAsync<string>("document.documentElement.lang"));
        await page.Locator("#language").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Has(Tile(page, Skin), "Skin temperature", "34.2");
        await Assertions.Expect(page.Locator("#intended-use")).ToContainTextAsync("No physiological alarms");
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator("#intended-use")).ToContainTextAsync("No physiological alarms");
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync("Connected to the session's broker.");
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task Every_absence_and_cause_of_loss_is_said_in_words_of_both_languages()
    {
        await using FedSession fed = await FedSession.StartAsync();
        foreach (string locale in new[] { "en-GB", "fr-FR" })
        {
            await using IBrowserContext context = await Chromium.ContextAsync(locale);
            IPage page = await OpenAsync(context, fed);
            HashSet<string> seen = [];
            foreach (string reason in Names<AbsenceReason>().Where(n => n != "none"))
            {
                fed.Vital(35, Spo2, null, "%", reason);
                ILocator tile = Tile(page, Spo2);
                await Assertions.Expect(tile).ToHaveAttributeAsync("data-reason", "absence." + reason);
                string words = await tile.Locator(".reason").InnerTextAsync();
                Assert.IsTrue(words.Length > 5 && !words.Contains(reason, StringComparison.Ordinal) && seen.Add(words), $"{locale} {reason}: '{words}'");
                Assert.AreEqual("–", await tile.Locator(".number").InnerTextAsync());
            }

            uint sequence = locale == "en-GB" ? 1000u : 2000u;
            foreach (string cause in Names<GapCause>())
            {
                fed.Gap(cause, 7, ++sequence);
                ILocator line = page.Locator("#losses li").Last;
                await Assertions.Expect(line).ToContainTextAsync(locale == "en-GB" ? "7 readings: " : "7 mesures : ");
                await Assertions.Expect(page.Locator("#losses li")).ToHaveCountAsync((int)(sequence % 1000));
                Assert.IsTrue(seen.Add(await line.InnerTextAsync()), cause);
            }

            fed.Event("P1100", sequence);
            await Assertions.Expect(page.Locator("#events")).ToContainTextAsync(locale == "en-GB" ? "Nothing answers at the thermometer's address." : "thermomètre");
            await Assertions.Expect(page.Locator("#events")).ToContainTextAsync(locale == "en-GB" ? "Next step:" : "À faire :");
        }
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task A_last_value_stays_with_its_age_for_30_s_and_is_then_a_dash()
    {
        await using FedSession fed = await FedSession.StartAsync();
        await using IBrowserContext context = await Chromium.ContextAsync();
        IPage page = await context.NewPageAsync();
        await page.Clock.InstallAsync(new ClockInstallOptions { TimeDate = TimeProvider.System.GetUtcNow().UtcDateTime });
        await page.GotoAsync(fed.Link);
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync("Connected to the session's broker.");
        fed.Vital(36, Pulse, "72", "/min");
        fed.Vital(35, Spo2, "97", "%");
        await Has(Tile(page, Spo2), "97");
        await Has(Tile(page, Pulse), "72");
        fed.Vital(35, Spo2, null, "%", "motion");
        await Assertions.Expect(Tile(page, Spo2)).ToHaveAttributeAsync("data-state", "last");
        await Has(Tile(page, Spo2), "97", "movement: keep the finger still", "last value");

        await page.Clock.FastForwardAsync(20_000);
        await Assertions.Expect(Tile(page, Spo2).Locator(".age")).ToHaveTextAsync(LastValueAge());
        await Assertions.Expect(Tile(page, Spo2).Locator(".number")).ToHaveTextAsync("97");
        await Assertions.Expect(Tile(page, Pulse).Locator(".number")).ToHaveTextAsync("72");
        Assert.IsTrue(Age(await Tile(page, Pulse).Locator(".age").InnerTextAsync()) is >= 20 and < 30);

        await page.Clock.FastForwardAsync(11_000);
        await Assertions.Expect(Tile(page, Spo2).Locator(".number")).ToHaveTextAsync("–");
        await Assertions.Expect(Tile(page, Pulse).Locator(".number")).ToHaveTextAsync("–");
        await Assertions.Expect(Tile(page, Pulse)).ToHaveAttributeAsync("data-state", "none");
        Assert.AreEqual(string.Empty, await Tile(page, Pulse).Locator(".unit").InnerTextAsync());
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task The_last_blood_pressure_and_self_test_are_there_after_a_reload_and_for_a_second_doctor()
    {
        await using FedSession fed = await FedSession.StartAsync();
        await using IBrowserContext context = await Chromium.ContextAsync();
        IPage page = await OpenAsync(context, fed);
        fed.State();
        const string Time = """{"utc":"2026-01-02T03:04:05.000000Z","uncertaintyMs":1.0,"method":"exchange","deviceUs":5000000,"correctedFrom":null}""";
        string Vital(int stream, int mdc, string value) =>
            $$$"""{"v":1,"id":"{{{FedSession.Device}}}.3.{{{stream}}}.1","session":"S1","kind":"vital","code":{"mdc":{{{mdc}}},"loinc":null},"value":{{{value}}},"unit":"mm[Hg]","absent":null,"quality":84,"time":{{{Time}}},"window":{"ms":34000},"status":["irregularPulse"]}""";
        fed.Publish(
            "spot",
            $$$"""{"v":1,"session":"S1","open":true,"vitals":[{{{Vital(49, 150021, "128.0")}}},{{{Vital(50, 150022, "82.0")}}},{{{Vital(51, 150023, "97.0")}}},{{{Vital(52, 149546, "71.0")}}}],"events":[{"v":1,"id":"{{{FedSession.Device}}}.3.2.1","session":"S1","kind":"event","code":"P1530","stream":48,"argument":0,"time":{{{Time}}}}]}""",
            retain: true);
        await Shows(page);
        await page.ReloadAsync();
        await Shows(page);
        await using IBrowserContext other = await Chromium.ContextAsync();
        await Shows(await OpenAsync(other, fed));

        static async Task Shows(IPage page)
        {
            await Assertions.Expect(page.Locator("#cuff-pressures")).ToHaveTextAsync("128 / 82 (97)");
            await Assertions.Expect(page.Locator("#cuff-pulse")).ToHaveTextAsync("Pulse 71 /min");
            await Assertions.Expect(page.Locator("#cuff-marks")).ToContainTextAsync("irregular pulse");
            await Assertions.Expect(page.Locator("#cuff-when")).ToContainTextAsync("measured at ");
            await Assertions.Expect(page.Locator("#cuff-test-state")).ToHaveTextAsync("Self test passed.");
        }
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task The_age_that_the_cart_says_is_believed_at_once_and_a_backlog_value_is_no_last_value()
    {
        await using FedSession fed = await FedSession.StartAsync();
        await using IBrowserContext context = await Chromium.ContextAsync();
        IPage page = await OpenAsync(context, fed);

        // No time of day anywhere: what is known of the age is what the cart says. Without that it is not known.
        static string Vital(int stream, uint mdc, string value, long deviceUs, int sequence) =>
            $$$"""{"v":1,"id":"{{{FedSession.Device}}}.3.{{{stream}}}.{{{sequence}}}","session":"S1","kind":"vital","code":{"mdc":{{{mdc}}},"loinc":null},"value":{{{value}}},"unit":"%","absent":null,"quality":90,"time":{"utc":null,"uncertaintyMs":null,"method":"unsynchronised","deviceUs":{{{deviceUs}}},"correctedFrom":null},"window":{"ms":1000}}""";
        fed.Publish("state", $$$"""{"v":1,"session":"S1","open":true,"vitals":[{{{Vital(36, Pulse, "72", 100_000_000, 1)}}}]}""");
        await Assertions.Expect(Tile(page, Pulse)).ToHaveAttributeAsync("data-reason", "waitingForAge");
        fed.Publish("state", $$$"""{"v":1,"session":"S1","open":true,"vitals":[{{{Vital(36, Pulse, "73", 101_000_000, 2)}}}],"agesMs":[2500]}""");
        await Assertions.Expect(Tile(page, Pulse)).ToHaveAttributeAsync("data-state", "live");
        await Assertions.Expect(Tile(page, Pulse).Locator(".number")).ToHaveTextAsync("73");

        // The page takes the message and notes its clock in two steps, and is asked in two more: a tenth of a second, of an age shown in seconds, is room for a busy machine.
        double ageMs = await page.EvaluateAsync<double>("() => { const m = cartPage.model, r = m.latest(149530), now = m.now(); return m.ageMs(r, now) - (now - r.arrivedMs); }");
        Assert.AreEqual(2500, ageMs, 100, "the age that the cart says");

        // Readings of a minute before, as a backlog brings them: never a value, with or without an absence behind it.
        fed.Publish($"vital/{FedSession.Device}/35", Vital(35, Spo2, "88", 41_000_000, 1));
        await Assertions.Expect(Tile(page, Spo2)).ToHaveAttributeAsync("data-reason", "noNewValue");
        await Assertions.Expect(Tile(page, Spo2).Locator(".number")).ToHaveTextAsync("–");
        fed.Publish($"vital/{FedSession.Device}/35", Vital(35, Spo2, "null", 101_500_000, 2).Replace("\"absent\":null", "\"absent\":\"motion\"", StringComparison.Ordinal));
        await Assertions.Expect(Tile(page, Spo2)).ToHaveAttributeAsync("data-reason", "absence.motion");
        await Assertions.Expect(Tile(page, Spo2).Locator(".number")).ToHaveTextAsync("–");
        Assert.AreEqual("none", await Tile(page, Spo2).GetAttributeAsync("data-state"));
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task Older_repeated_and_foreign_messages_change_nothing()
    {
        await using FedSession fed = await FedSession.StartAsync();
        await using IBrowserContext context = await Chromium.ContextAsync();
        IPage page = await OpenAsync(context, fed);
        fed.Vital(36, Pulse, "80", "/min");
        await Has(Tile(page, Pulse), "80");
        string old = $$$"""{"v":1,"id":"{{{FedSession.Device}}}.2.36.9","session":"S1","kind":"vital","code":{"mdc":149530,"loinc":null},"value":44,"unit":"/min","absent":null,"quality":90,"time":{"utc":null,"uncertaintyMs":null,"method":"unsynchronised","deviceUs":5,"correctedFrom":null},"window":{"ms":1}}""";
        fed.Publish($"vital/{FedSession.Device}/36", old);
        fed.Publish($"vital/{FedSession.Device}/36", "no json {");
        fed.Publish($"vital/{FedSession.Device}/36", """{"v":1,"id":"../../x","kind":"vital"}""");
        fed.Publish($"event/{FedSession.Device}/40", $$$"""{"v":1,"id":"{{{FedSession.Device}}}.3.40.1","kind":"beat"}""");
        fed.Publish($"wave/{FedSession.Device}/33", [1, 2, 3, 4]);
        fed.Vital(16, Skin, "33.3", "Cel");
        await Has(Tile(page, Skin), "33.3");
        await Has(Tile(page, Pulse), "80");
        Assert.AreEqual(1, await page.EvaluateAsync<int>("cartPage.listener.counters.indigestible"));
        Assert.AreEqual(0, await page.EvaluateAsync<int>("cartPage.listener.counters.losses"));
        Assert.AreEqual(1, await page.EvaluateAsync<int>("cartPage.model.counters.late"));
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task A_hole_in_the_wave_stays_a_hole_and_a_late_chunk_does_not_fill_it()
    {
        await using FedSession fed = await FedSession.StartAsync();
        await using IBrowserContext context = await Chromium.ContextAsync();
        IPage page = await OpenAsync(context, fed);

        // A sweep of its own on a canvas of its own, under the test's clock: 6 s of a sine at 50 Hz with half a second missing at 2 s.
        int[] columns = await page.EvaluateAsync<int[]>(
            """
            async () => {
              const { Sweep } = await import(new URL("js/sweep.js", location.href));
              const canvas = document.createElement("canvas");
              canvas.style.width = "600px"; canvas.style.height = "200px"; canvas.style.display = "block"; canvas.style.color = "rgb(0, 0, 0)";
              document.body.append(canvas);
              let now = 100000;
              const sweep = new Sweep(canvas, { clock: () => now, schedule: () => { } });
              const chunk = (startS, count) => sweep.add(startS, 0.02, Array.from({ length: count }, (_, i) => 1000 + 200 * Math.sin((startS + i * 0.02) * 7)));
              const run = (ms) => { for (let i = 0; i < ms; i += 20) { now += 20; sweep.draw(now / 1000); } };
              for (let n = 0; n < 28; n++) {
                if (n !== 8 && n !== 9) chunk(6 + n * 0.25, 12.5 % 1 === 0 ? 12 : 13);
                run(250);
                if (n === 20) chunk(6 + 8 * 0.25, 13);
              }
              const scale = canvas.width / 600;
              const image = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
              const inked = [];
              for (let x = 0; x < 600; x++) {
                let ink = 0;
                for (let y = 0; y < canvas.height; y++) if (image[4 * (y * canvas.width + Math.floor(x * scale)) + 3] > 0) ink = 1;
                inked.push(ink);
              }
              return [...inked, sweep.counters.gaps, sweep.counters.late];
            }
            """);
        int Inked(int from, int to) => columns[from..to].Sum();
        Assert.IsGreaterThan(60, Inked(110, 190), "a line before the hole");
        Assert.AreEqual(0, Inked(204, 245), "the hole at 2.0 to 2.5 s is empty");
        Assert.IsGreaterThan(60, Inked(260, 340), "a line after the hole");
        Assert.AreEqual(1, columns[600], "one hole is counted");
        Assert.AreEqual(1, columns[601], "one late chunk is counted");
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task A_wrong_token_is_refused_in_words_and_a_broker_that_goes_is_said()
    {
        await using FedSession fed = await FedSession.StartAsync();
        await using IBrowserContext context = await Chromium.ContextAsync();
        IPage wrong = await context.NewPageAsync();
        await wrong.GotoAsync(fed.Link.Replace("token=" + FedSession.Token, "token=another", StringComparison.Ordinal));
        await Assertions.Expect(wrong.Locator("#connection")).ToContainTextAsync("The broker refused this link");
        IPage none = await (await Chromium.ContextAsync()).NewPageAsync();
        await none.GotoAsync(fed.Page);
        await Assertions.Expect(none.Locator("#connection")).ToContainTextAsync("needs a whole link");
        await none.Context.CloseAsync();
        await using IBrowserContext other = await Chromium.ContextAsync();
        IPage page = await OpenAsync(other, fed);
        Assert.IsFalse(page.Url.Contains("token", StringComparison.Ordinal), "the token leaves the address bar");
        await fed.StopBrokerAsync();
        await Assertions.Expect(page.Locator("#connection")).ToContainTextAsync("Not connected.");
        await Assertions.Expect(page.Locator("body")).ToHaveAttributeAsync("data-old", "true");
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    [DataRow(360, 740)]
    [DataRow(1920, 1080)]
    public async Task It_fits_narrow_and_wide_screens_and_has_contrast(int width, int height)
    {
        await using FedSession fed = await FedSession.StartAsync();
        await using IBrowserContext context = await Chromium.ContextAsync("fr-FR", width, height, calm: true);
        IPage page = await OpenAsync(context, fed);
        fed.Vital(35, Spo2, "97", "%", flags: "\"simulated\"");
        fed.Vital(36, Pulse, null, "/min", "channelsSwapped");
        await Has(Tile(page, Spo2), "97");
        await Fit(page, width);
        await Chromium.PictureAsync(page, TestContext, $"far-fed-{width}");
    }

    /// <summary>No sideways scrolling, and every text at least 4.5 : 1 against what is behind it (WCAG 2.2, 1.4.3).</summary>
    internal static async Task Fit(IPage page, int width)
    {
        Assert.IsTrue(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= width, "the page is wider than the screen");
        string[] faint = await page.EvaluateAsync<string[]>(
            """
            () => {
              const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
              const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
              const rgb = (text) => text.match(/[\d.]+/g).map(Number);
              const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
              const faint = [];
              for (const e of document.querySelectorAll("body *")) {
                const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
                if (!own || e.disabled || !e.checkVisibility()) continue;
                const a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
                const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                if (ratio < 4.5) faint.push(`${e.tagName}.${e.className} ${ratio.toFixed(2)} ${e.textContent.trim().slice(0, 30)}`);
              }
              return faint;
            }
            """);
        Assert.IsEmpty(faint, string.Join('\n', faint));
    }

    internal static ILocator Tile(IPage page, long mdc) => page.Locator(string.Create(CultureInfo.InvariantCulture, $".tile[data-mdc=\"{mdc}\"]"));

    internal static async Task Has(ILocator tile, params string[] texts)
    {
        foreach (string text in texts)
        {
            // A value is the whole number: "72" is not "72.4".
            await (char.IsAsciiDigit(text[0])
                ? Assertions.Expect(tile.Locator(".number")).ToHaveTextAsync(text)
                : Assertions.Expect(tile).ToContainTextAsync(text));
        }
    }

    private static async Task<IPage> OpenAsync(IBrowserContext context, FedSession fed)
    {
        IPage page = await context.NewPageAsync();
        List<string> errors = [];
        page.PageError += (_, error) => errors.Add(error);
        await page.GotoAsync(fed.Link);
        try
        {
            await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync(
                ConnectedWords(), new LocatorAssertionsToHaveTextOptions { Timeout = 20_000 });
        }
        catch (PlaywrightException exception)
        {
            throw new AssertFailedException(string.Join('\n', errors) + "\n" + exception.Message, exception);
        }

        return page;
    }

    /// <summary>The members of an enumeration of the wire, in camel case: the page is tested against the contract, not against itself.</summary>
    private static string[] Names<T>()
        where T : struct, Enum => [.. Enum.GetNames<T>().Select(n => char.ToLowerInvariant(n[0]) + n[1..])];

    private static int Age(string text) => int.Parse(Number().Match(text).Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^last value 2\d s ago$", RegexOptions.None, 1000)]
    private static partial Regex LastValueAge();

    [GeneratedRegex("^(?:Connected to the session's broker\\.|Relié au serveur de la séance\\.)$", RegexOptions.None, 1000)]
    private static partial Regex ConnectedWords();

    [GeneratedRegex(@"\d+", RegexOptions.None, 1000)]
    private static partial Regex Number();
}
