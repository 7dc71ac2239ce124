using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Playwright;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Browser;

/// <summary>Facts in a page, waited for from outside: the page's own policy forbids it to evaluate text.</summary>
internal static class PageFacts
{
    /// <summary>Waits until a fact holds.</summary>
    /// <param name="page">The page.</param>
    /// <param name="fact">A function of the page that gives true or false.</param>
    /// <param name="argument">Its argument.</param>
    /// <param name="meanwhile">Done before each look, every 100 ms: what a sensor would go on sending.</param>
    public static async Task BecomesAsync(IPage page, string fact, object? argument = null, Action? meanwhile = null)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromMilliseconds(Chromium.PatienceMs));
        using PeriodicTimer again = new(TimeSpan.FromMilliseconds(100));
        meanwhile?.Invoke();
        while (!await page.EvaluateAsync<bool>(fact, argument))
        {
            try
            {
                await again.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException exception)
            {
                string shown = await page.EvaluateAsync<string>(
                    "() => JSON.stringify({ counters: cartPage.model.counters, player: cartPage.sound.player.counters, jitter: cartPage.sound.player.jitter.counters, audio: cartPage.sound.player.graph?.context.state, cuff: { ...document.getElementById('cuff').dataset }, sound: { ...document.getElementById('sound').dataset }, said: ['sound-said', 'clips-said', 'cuff-phase', 'connection'].map((id) => document.getElementById(id)?.textContent) })");
                throw new AssertFailedException(fact + "\n" + shown, exception);
            }

            meanwhile?.Invoke();
        }
    }

    /// <summary>Opens a page and keeps its errors.</summary>
    public static async Task<IPage> OpenAsync(IBrowserContext context, string address, System.Collections.Generic.List<string> errors)
    {
        IPage page = await context.NewPageAsync();
        page.PageError += (_, error) => errors.Add(error);
        page.Console += (_, message) =>
        {
            // A busy machine may answer this one late; the page says so and asks again.
            if (message.Type == "error" && !message.Location.Contains("/health", StringComparison.Ordinal))
            {
                errors.Add(message.Text + " " + message.Location);
            }
        };
        await page.GotoAsync(address);
        return page;
    }
}
