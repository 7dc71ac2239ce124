using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;

namespace CartGen;

/// <summary>Writes what code and pages repeat of hardware/'s JSON files. Exit codes: 0 done, 1 a file differs, 2 usage, 3 input refused, 4 a file cannot be read or written.</summary>
public static class Program
{
    private const int Usage = 2;

    /// <summary>The program.</summary>
    /// <param name="args">Nothing, or --check.</param>
    /// <returns>The exit code.</returns>
    public static int Main(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        Option<bool> check = new("--check") { Description = "Writes nothing: ends with 1 at the first file that is not what would be written." };
        RootCommand command = new("Writes what code and pages repeat of hardware/'s JSON files.") { check };
        command.SetAction(parsed => Generate(parsed.GetValue(check)));
        ParseResult result = command.Parse(args);
        if (result.Errors.Count > 0)
        {
            Print(FindRoot(), [.. result.Errors.Select(e => new Problem(Problem.CommandLineWrong, "cart-gen", string.Empty, e.Message.TrimEnd('.')))]);
            Console.Error.WriteLine("Try: cart-gen --help");
            return Usage;
        }

        return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    private static int Generate(bool isCheck)
    {
        if (FindRoot() is not { } root)
        {
            Print(null, [new Problem(Problem.CommandLineWrong, "cart-gen", string.Empty, "no folder above holds Firmware.sln")]);
            return Usage;
        }

        try
        {
            return Run(root, isCheck);
        }
        catch (ProblemException e)
        {
            Print(root, e.Problems);
            return 3;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Print(root, [new Problem(Problem.Unwritable, "cart-gen", string.Empty, e.Message.TrimEnd('.'))]);
            return 4;
        }
    }

    private static int Run(string root, bool isCheck)
    {
        int changed = 0;
        IReadOnlyList<GeneratedFile> files = Generator.Run(Read(root));
        foreach (GeneratedFile file in files)
        {
            string path = Path.Combine(root, file.Path.Replace('/', Path.DirectorySeparatorChar));
            string? difference = File.Exists(path) ? Generator.FirstDifference(File.ReadAllBytes(path), file.Bytes) : "it is not there";
            if (difference is null)
            {
                continue;
            }

            if (isCheck)
            {
                Print(root, [new Problem(Problem.FileDiffers, file.Path, string.Empty, difference)]);
                return 1;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, file.Bytes);
            Console.WriteLine("wrote " + file.Path);
            changed++;
        }

        Console.WriteLine(FormattableString.Invariant($"{files.Count} files, {changed} changed"));
        return 0;
    }

    private static Dictionary<string, string> Read(string root)
    {
        Dictionary<string, string> texts = new(StringComparer.Ordinal);
        IEnumerable<string> boards = Generator.Folders.Where(f => Directory.Exists(Path.Combine(root, f))).SelectMany(f => Directory.EnumerateFiles(Path.Combine(root, f), "*.json").Select(n => f + Path.GetFileName(n)));
        foreach (string name in Generator.Inputs.Concat(boards))
        {
            string path = Path.Combine(root, name.Replace('/', Path.DirectorySeparatorChar));
            if (File.Exists(path))
            {
                texts.Add(name, File.ReadAllText(path));
            }
        }

        return texts;
    }

    /// <summary>One problem as two lines, as every program of this repository prints coded errors; the texts come from the catalogue when it can be read.</summary>
    private static void Print(string? root, IReadOnlyList<Problem> problems)
    {
        Dictionary<string, (string Happened, string Do)> texts = Catalogue(root);
        StringBuilder text = new();
        foreach (Problem problem in problems)
        {
            (string happened, string next) = texts.GetValueOrDefault(problem.Code, ("The generator failed.", "See hardware/faults.json for the code."));
            string place = problem.Path.Length == 0 ? problem.File : problem.File + ":" + problem.Path;
            text.Append(place).Append(": error ").Append(problem.Code).Append(": ").Append(happened.TrimEnd('.')).Append(": ").Append(problem.Detail).Append("\n  next: ").Append(next).Append('\n');
        }

        Console.Error.Write(text);
    }

    private static Dictionary<string, (string Happened, string Do)> Catalogue(string? root)
    {
        Dictionary<string, (string, string)> texts = new(StringComparer.Ordinal);
        try
        {
            using JsonDocument catalogue = JsonDocument.Parse(File.ReadAllText(Path.Combine(root ?? ".", ModelReader.FaultsFile)));
            foreach (JsonElement fault in catalogue.RootElement.GetProperty("faults").EnumerateArray())
            {
                texts[fault.GetProperty("code").GetString()!] = (fault.GetProperty("happened").GetProperty("en").GetString()!, fault.GetProperty("do").GetProperty("en").GetString()!);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // The catalogue may be the very file that is wrong; then code and detail must do.
            texts.Clear();
        }

        return texts;
    }

    private static string? FindRoot()
    {
        for (DirectoryInfo? folder = new(Directory.GetCurrentDirectory()); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
            {
                return folder.FullName;
            }
        }

        return null;
    }
}
