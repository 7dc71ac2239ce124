using System;
using System.IO;
using System.Threading.Tasks;
using EndToEnd.Tests.Processes;
using Microsoft.Playwright;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Browser;

/// <summary>The machine's own chromium under Playwright; one for all tests, a context of its own for each page.</summary>
[TestClass]
public static class Chromium
{
    public const string Program = "chromium";

    /// <summary>How long a page may take to show a fact; it only bounds a failure.</summary>
    public const float PatienceMs = 60_000;

    private static readonly Lazy<Task<IBrowser>> Started = new(StartAsync);
    private static IPlaywright? _playwright;

    /// <summary>A new browser context: no storage, no page in common with another.</summary>
    public static async Task<IBrowserContext> ContextAsync(string locale = "en-GB", int width = 1280, int height = 900, bool calm = false)
    {
        IBrowser browser = await Started.Value;
        IBrowserContext context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            Locale = locale,
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ReducedMotion = calm ? ReducedMotion.Reduce : ReducedMotion.NoPreference,
        });
        context.SetDefaultTimeout(PatienceMs);
        return context;
    }

    /// <summary>Keeps a picture of a page beside the test results.</summary>
    /// <param name="whole">True for the whole page, false for what the window shows.</param>
    public static async Task PictureAsync(IPage page, TestContext test, string name, bool whole = true)
    {
        string folder = Path.Combine(Repository.Root, "artifacts", "TestResults", "pages");
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, name + ".png");
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = path, FullPage = whole });
        test.AddResultFile(path);
    }

    [AssemblyCleanup]
    public static async Task StopAsync()
    {
        if (Started.IsValueCreated)
        {
            await (await Started.Value).CloseAsync();
            _playwright?.Dispose();
        }
    }

    private static async Task<IBrowser> StartAsync()
    {
        _playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(PatienceMs / 2);
        return await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Programs.Find(Program),
            Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        });
    }
}

/// <summary>This repository's folder.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("Firmware.sln is in no folder above the tests.");
    }
}
