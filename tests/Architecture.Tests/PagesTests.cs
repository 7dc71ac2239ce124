using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>Pages name what is there, and the script that runs all tests counts right.</summary>
[TestClass]
public sealed partial class PagesTests
{
    [TestMethod]
    public void The_readme_names_its_two_commands_and_they_exist()
    {
        string readme = File.ReadAllText(Repository.At("README.md"));
        StringAssert.Contains(readme, "dotnet run --project simulators/Cli");
        StringAssert.Contains(readme, "bash tests/run.sh");
        StringAssert.Contains(readme, "```mermaid");
        StringAssert.Contains(readme, "No physiological alarms, no unattended monitoring");
        Assert.IsTrue(File.Exists(Repository.At("simulators/Cli/Cli.csproj")));
        Assert.IsTrue(File.Exists(Repository.At("tests/run.sh")));
        StringAssert.Contains(File.ReadAllText(Repository.At(".ci/run")), "tests/run.sh");
        StringAssert.Contains(readme, "produced = delivered + pending + declared gaps");
    }

    [TestMethod]
    public void Links_and_paths_in_pages_lead_somewhere()
    {
        List<string> errors = [];
        foreach (string page in Repository.Files(".", "*.md"))
        {
            errors.AddRange(LinkProblems(Repository.Name(page), File.ReadAllText(page)));
        }

        Assert.IsEmpty(errors, "\n" + string.Join('\n', errors) + "\n");
    }

    [TestMethod]
    public void A_link_and_a_path_that_lead_nowhere_are_found()
    {
        Assert.IsEmpty(LinkProblems("hardware/README.md", "[a](cart.json) [b](https://example.org) `firmware/Core/Ports.cs` `simulators/`").ToArray());
        Assert.HasCount(1, LinkProblems("hardware/README.md", "[a](carts.json)").ToArray());
        Assert.HasCount(1, LinkProblems("README.md", "`firmware/Core/Port.cs`").ToArray());
        Assert.IsEmpty(LinkProblems("README.md", "`firmware/Peripherals/X/XDecoder.cs` `simulators/Chips/X/`").ToArray());
        Assert.HasCount(1, LinkProblems("README.md", "dotnet run --project simulators/Clip -- run").ToArray());
    }

    [TestMethod]
    [DataRow("Passed Passed NotExecuted", "2 passed, 0 failed, 1 skipped", 0)]
    [DataRow("Passed Failed", "1 passed, 1 failed, 0 skipped", 1)]
    [DataRow("Passed Timeout Aborted", "1 passed, 2 failed, 0 skipped", 1)]
    [DataRow("NotExecuted", "0 passed, 0 failed, 1 skipped", 1)]
    [DataRow("", "0 passed, 0 failed, 0 skipped", 1)]
    [DataRow(null, "0 passed, 0 failed, 0 skipped", 1)]
    public void The_script_counts_and_fails_when_nothing_passed_or_anything_failed(string? outcomes, string expected, int exitCode)
    {
        if (OperatingSystem.IsWindows() || !File.Exists("/bin/bash"))
        {
            Assert.Inconclusive("bash is absent, and tests/run.sh is for bash.");
        }

        string folder = Directory.CreateTempSubdirectory("trx-").FullName;
        try
        {
            if (outcomes is not null)
            {
                // Two files, as two test projects leave them.
                string[] words = outcomes.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                Write(Path.Combine(folder, "a.trx"), words.Take(1));
                Write(Path.Combine(folder, "b.trx"), words.Skip(1));
            }

            ProcessStartInfo start = new("/bin/bash") { RedirectStandardOutput = true, UseShellExecute = false, ArgumentList = { Repository.At("tests/run.sh"), "--sum", folder } };
            using Process process = Process.Start(start)!;
            string[] lines = process.StandardOutput.ReadToEnd().TrimEnd().Split('\n');
            process.WaitForExit();
            Assert.AreEqual(expected, lines[^1]);
            Assert.AreEqual(exitCode, process.ExitCode);
            Assert.AreEqual(outcomes?.Contains("NotExecuted", StringComparison.Ordinal) == true, lines.Any(l => l.StartsWith("skipped: T", StringComparison.Ordinal) && l.EndsWith(": a reason", StringComparison.Ordinal)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Write(string file, IEnumerable<string> outcomes) => File.WriteAllText(
        file,
        "<?xml version=\"1.0\"?>\n<TestRun><Results>\n" + string.Concat(outcomes.Select((o, i) =>
            $"<UnitTestResult executionId=\"1\" testName=\"T{i} (&quot;x&quot;)\" outcome=\"{o}\" testListId=\"2\">\n<Output><ErrorInfo><Message>a reason</Message></ErrorInfo></Output>\n</UnitTestResult>\n"))
        + "</Results><ResultSummary outcome=\"Completed\"><Counters total=\"1\" passed=\"1\" /></ResultSummary></TestRun>\n");

    private static IEnumerable<string> LinkProblems(string page, string text)
    {
        string folder = Path.GetDirectoryName(Repository.At(page))!;
        foreach (Match link in Link().Matches(text))
        {
            string target = link.Groups["target"].Value.Split('#')[0];
            if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !Exists(Path.Combine(folder, target)))
            {
                yield return $"{page}: the link {target} leads nowhere";
            }
        }

        foreach (Match path in RootPath().Matches(text).Concat(Project().Matches(text)))
        {
            string target = path.Groups["path"].Value.TrimEnd('/');
            if (!target.Contains('*', StringComparison.Ordinal) && !Placeholder().IsMatch(target) && !Exists(Repository.At(target)))
            {
                yield return $"{page}: {target} is not there";
            }
        }
    }

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link();

    [GeneratedRegex(@"`(?<path>(firmware|edge-gateway|simulators|tests|hardware)/[A-Za-z0-9_./*-]*)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RootPath();

    // In recipes X stands for a part's name.
    [GeneratedRegex("/X([A-Z/]|$)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"dotnet (run --project|build|test) (?<path>(firmware|edge-gateway|simulators|tests)/[A-Za-z0-9_./-]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Project();
}
