using System;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using Architecture.Tests.Nano;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>All C# is formatted as .editorconfig says.</summary>
[TestClass]
public sealed class FormatTests
{
    public required TestContext TestContext { get; init; }

    [TestMethod]
    public async Task White_space_is_what_dotnet_format_would_write()
    {
        (int exitCode, string output) = await FormatAsync(Repository.Root);
        Assert.AreEqual(0, exitCode, output + "\nRun: dotnet format whitespace --folder\n");
    }

    [TestMethod]
    public async Task White_space_that_is_wrong_is_found_and_build_output_is_left_alone()
    {
        string folder = Directory.CreateTempSubdirectory("format-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "artifacts"));
            await File.WriteAllTextAsync(Path.Combine(folder, "artifacts", "A.cs"), "class  A;\n", TestContext.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder, "B.cs"), "class  B;\n", TestContext.CancellationToken);
            (int exitCode, string output) = await FormatAsync(folder);
            Assert.AreNotEqual(0, exitCode);
            StringAssert.Contains(output, "B.cs(1,7): error WHITESPACE");
            Assert.IsFalse(output.Contains("A.cs", StringComparison.Ordinal), output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<(int ExitCode, string Output)> FormatAsync(string folder)
    {
        ProcessStartInfo start = new(NanoCompiler.Host(), ["format", "whitespace", "--folder", "--verify-no-changes", "--exclude", "artifacts", "node_modules"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };

        // Compiled once and in full, this short program takes about half of the CPU time.
        start.Environment["DOTNET_TieredCompilation"] = "0";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.CancellationToken), errors = process.StandardError.ReadToEndAsync(TestContext.CancellationToken);
        await process.WaitForExitAsync(TestContext.CancellationToken);
        return (process.ExitCode, await output + await errors);
    }
}
