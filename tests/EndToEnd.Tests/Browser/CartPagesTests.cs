using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using EndToEnd.Tests.Processes;
using Microsoft.Playwright;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Browser;

/// <summary>Both pages of a simulated cart: bedside view on the cart, clinician view in a second browser context with only the broker between.</summary>
[TestClass]
public sealed partial class CartPagesTests
{
    private const int Skin = 150388, Pulse = 149530, Saturation = 150456;

    /// <summary>The patient of first-consultation: 34.2 °C, 72 beats a minute.</summary>
    private const double PatientCelsius = 34.2;
    private const double PatientRate = 72;

    /// <summary>What the pod's default curve (application note 6845) says of the patient's ratio of 0.5.</summary>
    private const double PatientSaturation = 95.76;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task Bedside_and_clinician_view_show_the_simulated_patient()
    {
        // first-consultation, but as long as this test may take.
        string definition = Path.Combine(Directory.CreateTempSubdirectory("cart-pages-").FullName, "long-consultation.yaml");
        string first = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "simulators", "Scenarios", "first-consultation.yaml"));
        await File.WriteAllTextAsync(definition, first.Replace("durationS: 60", "durationS: 600", StringComparison.Ordinal).Replace("closeS: 57", "closeS: 597", StringComparison.Ordinal));
        using RunningProcess cart = RunningProcess.StartDotnet("cart-sim", Programs.CartSim, "run", definition, "--serve", "--speed", "real");
        string near = Address().Match(await cart.PrintsAsync("serving ")).Value;
        await using IBrowserContext nurse = await Chromium.ContextAsync();
        IPage bedsideView = await nurse.NewPageAsync();
        await bedsideView.GotoAsync(near + "/");
        await Assertions.Expect(bedsideView.Locator("#session-state")).ToHaveTextAsync("Session S1 is open.");
        string link = await bedsideView.Locator("#far-link").InputValueAsync();
        StringAssert.Contains(link, "/clinician.html#broker=ws");

        await using IBrowserContext doctor = await Chromium.ContextAsync("fr-FR");
        IPage clinicianView = await doctor.NewPageAsync();
        List<string> asked = [];
        clinicianView.Request += (_, request) => asked.Add(new Uri(request.Url).AbsolutePath);
        await clinicianView.GotoAsync(link);
        await Assertions.Expect(clinicianView.Locator("#connection")).ToHaveTextAsync("Relié au serveur de la séance.");
        await Assertions.Expect(clinicianView.Locator("#session-state")).ToHaveTextAsync("La séance S1 est ouverte.");

        foreach (IPage page in new[] { bedsideView, clinicianView })
        {
            // The thermometer nears the skin within some time constants of 6 s.
            await Becomes(
                page,
                "([mdc, celsius]) => Math.abs(Number(document.querySelector(`.tile[data-mdc=\"${mdc}\"]`)?.dataset.value) - celsius) < 0.3",
                new object[] { Skin, PatientCelsius });
            await Becomes(page, "() => Number(document.getElementById('pleth').dataset.segments) > 300");
            await Assertions.Expect(page.Locator("#simulated")).ToBeVisibleAsync();
            await Assertions.Expect(page.Locator("#pods .pod[data-connected=true]")).ToHaveCountAsync(2);
            int inked = await page.EvaluateAsync<int>(
                "() => { const c = document.getElementById('pleth'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 3; i < d.length; i += 4) if (d[i] > 0) n++; return n; }");
            Assert.IsGreaterThan(500, inked, "the wave is drawn");
            double rate = await page.EvaluateAsync<double>(RateOfWave);
            Assert.AreEqual(PatientRate, rate, 3, "beats of the drawn wave per minute");
            await Becomes(
                page,
                "([mdc, rate]) => Math.abs(Number(document.querySelector(`.tile[data-mdc=\"${mdc}\"][data-state=live] .number`)?.textContent.replace(',', '.')) - rate) <= 2",
                new object[] { Pulse, PatientRate });
            await Becomes(
                page,
                "([mdc, percent]) => Math.abs(Number(document.querySelector(`.tile[data-mdc=\"${mdc}\"][data-state=live] .number`)?.textContent.replace(',', '.')) - percent) <= 2",
                new object[] { Saturation, PatientSaturation });
            Assert.AreEqual(0, await page.EvaluateAsync<int>("cartPage.listener.counters.indigestible"));
            Assert.AreEqual(0, await page.EvaluateAsync<int>("cartPage.model.counters.foreign"));
        }

        Assert.IsFalse(asked.Any(p => p.StartsWith("/api", StringComparison.Ordinal) || p is "/health" or "/ready"), "the clinician view asks the gateway: " + string.Join(' ', asked));
        await Chromium.PictureAsync(bedsideView, TestContext, "near-1280");
        await Chromium.PictureAsync(clinicianView, TestContext, "far-1280-fr");
        await BedsideViewInBothLanguagesAndSizes(bedsideView);
        await AnotherTokenIsRefused(link);

        // The cart hears what the clinician view has.
        await Becomes(bedsideView, "async () => (await (await fetch('/health')).json()).counters.receipts > 0");

        await bedsideView.Locator("#close-session").ClickAsync();
        await Assertions.Expect(clinicianView.Locator("#session-state")).ToHaveTextAsync("La séance S1 est fermée.");
        await Assertions.Expect(bedsideView.Locator("#session-state")).ToContainTextAsync("No session is open");
        await bedsideView.Locator("#session-name").FillAsync("bad name");
        await bedsideView.Locator("#open-session").ClickAsync();
        Assert.AreEqual("true", await bedsideView.Locator("#session-name").GetAttributeAsync("aria-invalid"));
        await bedsideView.Locator("#session-name").FillAsync("S1");
        await bedsideView.Keyboard.PressAsync("Enter");
        await Assertions.Expect(bedsideView.Locator("#session-fault")).ToContainTextAsync("G2303");
        await bedsideView.Locator("#session-name").FillAsync("S2");
        await bedsideView.Keyboard.PressAsync("Enter");
        await Assertions.Expect(bedsideView.Locator("#session-state")).ToHaveTextAsync("Session S2 is open.");
        await Assertions.Expect(bedsideView.Locator("#far-link")).ToHaveValueAsync(S2Link());
        await Assertions.Expect(ClinicianViewTests.Tile(bedsideView, Skin)).ToHaveAttributeAsync("data-state", "live");
    }

    /// <summary>Waits for a fact in the page; what the page shows instead is in the failure.</summary>
    private async Task Becomes(IPage page, string fact, object? argument = null)
    {
        // Evaluated from outside: the page's own policy forbids it to evaluate text.
        using CancellationTokenSource patience = new(TimeSpan.FromMilliseconds(Chromium.PatienceMs));
        using PeriodicTimer again = new(TimeSpan.FromMilliseconds(100));
        while (!await page.EvaluateAsync<bool>(fact, argument))
        {
            try
            {
                await again.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException exception)
            {
                await Chromium.PictureAsync(page, TestContext, "failed");
                string shown = await page.EvaluateAsync<string>(
                    "() => JSON.stringify({ counters: cartPage.model.counters, listener: cartPage.listener.counters, tiles: cartPage.model.tiles().map((t) => cartPage.model.shown(t.reading)), wave: { ...document.getElementById('pleth').dataset } })");
                throw new AssertFailedException(fact + "\n" + shown, exception);
            }
        }
    }

    private async Task BedsideViewInBothLanguagesAndSizes(IPage page)
    {
        foreach (int width in new[] { 360, 1920 })
        {
            await page.SetViewportSizeAsync(width, 900);
            await ClinicianViewTests.Fit(page, width);
            await Chromium.PictureAsync(page, TestContext, $"near-{width}");
        }

        await page.Locator("#language").ClickAsync();
        await Assertions.Expect(page.Locator("#session-state")).ToHaveTextAsync("La séance S1 est ouverte.");
        await Assertions.Expect(page.Locator("#intended-use")).ToContainTextAsync("Pas d'alarmes physiologiques");
        await page.Locator("#language").ClickAsync();
        await Assertions.Expect(page.Locator("#intended-use")).ToContainTextAsync("No physiological alarms");
        foreach (AriaRole role in new[] { AriaRole.Main, AriaRole.Banner, AriaRole.Contentinfo })
        {
            await Assertions.Expect(page.GetByRole(role)).ToHaveCountAsync(1);
        }

        await Assertions.Expect(page.GetByRole(AriaRole.Img, new PageGetByRoleOptions { NameRegex = PulseWave() })).ToHaveCountAsync(1);
        Assert.AreEqual(0, await page.Locator("button:not([disabled]):not(:visible):not(#lock button, #lock-now), input:not([aria-label]):not([id])").CountAsync());
    }

    private static async Task AnotherTokenIsRefused(string link)
    {
        await using IBrowserContext stranger = await Chromium.ContextAsync();
        IPage page = await stranger.NewPageAsync();
        await page.GotoAsync(link.Replace("session=S1", "session=S7", StringComparison.Ordinal));
        await Assertions.Expect(page.Locator("#connection")).ToContainTextAsync("The broker refused this link");
        await Assertions.Expect(page.Locator(".tile[data-state=live]")).ToHaveCountAsync(0);
    }

    /// <summary>Beats per minute of the wave that the page holds: the lag, 0.4 to 1.5 s, at which it resembles itself most.</summary>
    private const string RateOfWave =
        """
        async () => {
          const rate = () => new Promise((resolve) => {
            const samples = [];
            const model = globalThis.cartPage.model;
            const before = model.onwave;
            let periodS = 0;
            model.onwave = (wave) => {
              before(wave);
              periodS = wave.periodS;
              samples.push(...wave.samples);
              if (samples.length * periodS < 6) return;
              model.onwave = before;
              const mean = samples.reduce((a, b) => a + b, 0) / samples.length;
              const v = samples.map((x) => x - mean);
              const like = (lag) => { let s = 0; for (let i = lag; i < v.length; i++) s += v[i] * v[i - lag]; return s / (v.length - lag); };
              let best = 0, at = 0;
              for (let lag = Math.round(0.4 / periodS); lag <= 1.5 / periodS; lag++) if (like(lag) > best) { best = like(lag); at = lag; }
              const [a, b, c] = [like(at - 1), like(at), like(at + 1)];
              resolve(60 / ((at + (a - c) / (2 * (a - 2 * b + c))) * periodS));
            };
          });
          return await rate();
        }
        """;

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+", RegexOptions.None, 1000)]
    private static partial Regex Address();

    [GeneratedRegex("session=S2&token=[A-Za-z0-9_-]{43}$", RegexOptions.None, 1000)]
    private static partial Regex S2Link();

    [GeneratedRegex("^Pulse wave", RegexOptions.None, 1000)]
    private static partial Regex PulseWave();
}
