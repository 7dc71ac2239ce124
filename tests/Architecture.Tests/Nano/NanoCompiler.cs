using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;

namespace Architecture.Tests.Nano;

/// <summary>One thing that is wrong, and where.</summary>
/// <param name="File">The file, inside the repository where it is.</param>
/// <param name="Line">The line, from 1; 0 when unknown.</param>
/// <param name="Rule">The compiler's or the gate's rule.</param>
/// <param name="Text">What is wrong, and the way out.</param>
internal sealed record NanoFinding(string File, int Line, string Rule, string Text)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Line}: {Rule}: {Text}";
}

/// <summary>Runs the compiler of the SDK that builds this repository, with the references given and nothing else.</summary>
internal static partial class NanoCompiler
{
    /// <summary>Newest C# that the nanoFramework project system compiles.</summary>
    public const string LanguageVersion = "13";

    private static readonly Lazy<string> Compiler = new(FindCompiler);

    /// <summary>Compiles.</summary>
    /// <param name="sources">Absolute paths.</param>
    /// <param name="references">The reference libraries.</param>
    /// <param name="output">The assembly to write; its symbols stand beside it.</param>
    /// <returns>The errors.</returns>
    public static IReadOnlyList<NanoFinding> Compile(IEnumerable<string> sources, IEnumerable<string> references, string output)
    {
        string response = output + ".rsp";
        File.WriteAllLines(response, [
            "-nologo", "-noconfig", "-nostdlib", "-target:library", "-optimize-", "-debug:portable", "-nullable:enable", "-deterministic",
            "-warn:4", "-nowarn:CS1591,CS1701,CS8632,CS8618", "-preferreduilang:en", "-langversion:" + LanguageVersion,
            .. references.Select(r => $"-reference:\"{r}\""), $"-out:\"{output}\"", .. sources.Select(s => $"\"{s}\"")]);
        ProcessStartInfo start = new(Host()) { RedirectStandardOutput = true, UseShellExecute = false, RedirectStandardError = true, WorkingDirectory = Repository.Root };
        foreach (string argument in new[] { "exec", Compiler.Value, "@" + response })
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start) ?? throw new InvalidOperationException("The compiler did not start.");
        string text = process.StandardOutput.ReadToEnd();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        List<NanoFinding> findings = [];
        foreach (Match match in Message().Matches(text))
        {
            string file = match.Groups["file"].Value;
            findings.Add(new NanoFinding(
                file.Length == 0 ? string.Empty : Repository.Name(Path.GetFullPath(file, Repository.Root)),
                file.Length == 0 ? 0 : int.Parse(match.Groups["line"].ValueSpan, CultureInfo.InvariantCulture),
                match.Groups["rule"].Value,
                match.Groups["text"].Value.Trim()));
        }

        if (process.ExitCode != 0 && findings.Count == 0)
        {
            throw new InvalidOperationException("The compiler failed: " + text + errors);
        }

        return findings;
    }

    /// <summary>The program dotnet that runs this test.</summary>
    public static string Host() => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } named
        ? named
        : Path.Combine(DotnetRoot(), OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");

    private static string DotnetRoot()
    {
        // …/shared/Microsoft.NETCore.App/<version>/System.Private.CoreLib.dll
        DirectoryInfo? folder = Directory.GetParent(typeof(object).Assembly.Location)?.Parent?.Parent?.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The .NET installation was not found.");
    }

    private static string FindCompiler()
    {
        ProcessStartInfo start = new(Host(), "--version") { RedirectStandardOutput = true, UseShellExecute = false, WorkingDirectory = Repository.Root };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start.");
        string version = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        string compiler = Path.Combine(Path.GetDirectoryName(Host())!, "sdk", version, "Roslyn", "bincore", "csc.dll");
        if (!File.Exists(compiler))
        {
            compiler = Path.Combine(DotnetRoot(), "sdk", version, "Roslyn", "bincore", "csc.dll");
        }

        return File.Exists(compiler) ? compiler : throw new InvalidOperationException("No compiler at " + compiler);
    }

    [GeneratedRegex(@"^(?:(?<file>.+?)\((?<line>\d+),\d+\): )?(?:error|fatal error) (?<rule>CS\d+): (?<text>.*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Message();
}
