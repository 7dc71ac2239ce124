using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Web;

/// <summary>Node.js and the packages that package.json pins, as far as they are on this machine; without them a test is skipped with the reason.</summary>
internal static class NodeTool
{
    private static readonly TimeSpan MaxTime = TimeSpan.FromMinutes(3);

    /// <summary>The folder of the pages in the repository.</summary>
    public static string Folder { get; } = Path.Combine(Root(), "edge-gateway", "Gateway", "Web");

    /// <summary>Runs Node.js in the pages' folder; the test is skipped where it is absent or too old.</summary>
    /// <param name="cancellation">Ends the program early.</param>
    /// <param name="arguments">A script with its arguments, or options.</param>
    /// <returns>The exit code, and what it wrote.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(CancellationToken cancellation, params IEnumerable<string> arguments)
    {
        string node = Find() ?? Skip("Node.js is absent.");
        Version least = Least();
        (int exitCode, string text) = await StartAsync(node, ["--version"], cancellation);
        if (exitCode != 0 || !Version.TryParse(text.Trim().TrimStart('v'), out Version? version) || version < least)
        {
            Skip($"Node.js is {text.Trim()}, and package.json asks for {least} or later.");
        }

        return await StartAsync(node, arguments, cancellation);
    }

    /// <summary>The script of a package's program; the test is skipped where the package is not installed.</summary>
    /// <param name="script">Below node_modules, with '/'.</param>
    /// <returns>Its path.</returns>
    public static string Package(string script)
    {
        string path = Path.Combine(Folder, "node_modules", script.Replace('/', Path.DirectorySeparatorChar));
        return File.Exists(path) ? path : Skip($"The package of {script} is not installed; npm ci in edge-gateway/Gateway/Web installs it.");
    }

    private static Version Least()
    {
        using JsonDocument package = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "package.json")));
        return Version.Parse(package.RootElement.GetProperty("engines").GetProperty("node").GetString()!.TrimStart('>', '='));
    }

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(f => Path.Combine(f, OperatingSystem.IsWindows() ? "node.exe" : "node")).FirstOrDefault(File.Exists);

    private static async Task<(int ExitCode, string Output)> StartAsync(string node, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        ProcessStartInfo start = new(node, arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process process = Process.Start(start)!;
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(MaxTime);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(late.Token), errors = process.StandardError.ReadToEndAsync(late.Token);
            await process.WaitForExitAsync(late.Token);
            return (process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static string Skip(string reason)
    {
        Assert.Inconclusive(reason);
        return string.Empty;
    }

    private static string Root()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("Firmware.sln was not found above " + AppContext.BaseDirectory);
    }
}
