using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Mutation;

/// <summary>A part of the gateway, its assembly and its tests.</summary>
internal sealed record Part(string Name, string Assembly, string Tests, double TargetPercent)
{
    /// <summary>The parts whose tests are measured, with the score that is asked of each.</summary>
    public static IReadOnlyList<Part> All { get; } =
    [
        new("Core", "EdgeGateway.Core", "Core.Tests", 80),
        new("Journal", "EdgeGateway.Journal", "Journal.Tests", 85),
        new("Mqtt", "EdgeGateway.Mqtt", "Mqtt.Tests", 85),
        new("Faults", "EdgeGateway.Faults", "Faults.Tests", 85),
    ];
}

/// <summary>A copy of a part's built tests, with the drawn mutants woven into the part's assembly.</summary>
internal sealed class Workspace
{
    // Tests need less; a mutant that fills the memory ends with its process.
    private const string HeapLimit = "0x60000000";

    private readonly Part _part;
    private readonly int _initializers;

    private Workspace(Part part, string folder, IReadOnlyList<Mutant> mutants, IReadOnlyList<string> files, int found, int initializers)
    {
        _part = part;
        Folder = folder;
        Mutants = mutants;
        Files = files;
        Found = found;
        _initializers = initializers;
    }

    /// <summary>Where the copy and the results are.</summary>
    public string Folder { get; }

    /// <summary>What was drawn; a mutant's number is its place.</summary>
    public IReadOnlyList<Mutant> Mutants { get; }

    /// <summary>The files that were drawn, in the order of the draw.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Mutants of all files, drawn or not.</summary>
    public int Found { get; }

    /// <summary>Draws, copies and weaves.</summary>
    /// <param name="root">The repository.</param>
    /// <param name="part">The part.</param>
    /// <param name="seed">What decides the draw.</param>
    /// <param name="atLeast">Whole files are drawn until there are so many mutants, or no more files.</param>
    /// <returns>The workspace.</returns>
    public static Workspace Prepare(string root, Part part, int seed, int atLeast)
    {
        string built = Path.Combine(root, "artifacts", "bin", part.Tests, "debug");
        string assembly = Path.Combine(built, part.Assembly + ".dll");
        if (!File.Exists(assembly) || !File.Exists(Path.Combine(built, part.Tests + ".dll")))
        {
            throw new InvalidOperationException($"{assembly} is not there: dotnet build tests/{part.Tests}");
        }

        string folder = Path.Combine(root, "artifacts", "mutation", part.Name);
        string copy = Path.Combine(folder, "bin");
        if (Directory.Exists(copy))
        {
            Directory.Delete(copy, recursive: true);
        }

        Copy(built, copy);
        File.Copy(typeof(Workspace).Assembly.Location, Path.Combine(copy, Path.GetFileName(typeof(Workspace).Assembly.Location)), overwrite: true);

        using DefaultAssemblyResolver resolver = new();
        resolver.AddSearchDirectory(built);
        resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location)!);
        ReaderParameters reading = new() { ReadSymbols = true, SymbolReaderProvider = new DefaultSymbolReaderProvider(throwIfNoSymbol: true), AssemblyResolver = resolver };
        using AssemblyDefinition definition = AssemblyDefinition.ReadAssembly(assembly, reading);
        List<Site> sites = SiteFinder.Find(definition.MainModule, d => InRepository(root, d));
        (List<Site> drawn, List<string> files) = Draw(sites, seed, atLeast);
        int initializers = Weaver.Weave(definition.MainModule, drawn);
        definition.Write(Path.Combine(copy, part.Assembly + ".dll"));
        return new Workspace(part, folder, [.. drawn.Select(s => s.Mutant)], files, sites.Count, initializers);
    }

    /// <summary>Draws whole files.</summary>
    /// <param name="sites">All sites.</param>
    /// <param name="seed">What decides the order of the files.</param>
    /// <param name="atLeast">The number that is wanted.</param>
    /// <returns>The sites of the drawn files, and the files.</returns>
    public static (List<Site> Sites, List<string> Files) Draw(IReadOnlyList<Site> sites, int seed, int atLeast)
    {
        string[] files = [.. sites.Select(s => s.Mutant.File).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        new Random(seed).Shuffle(files);
        ILookup<string, Site> byFile = sites.ToLookup(s => s.Mutant.File, StringComparer.Ordinal);
        List<Site> drawn = [];
        List<string> names = [];
        foreach (string file in files.TakeWhile(_ => drawn.Count < atLeast))
        {
            drawn.AddRange(byFile[file]);
            names.Add(file);
        }

        return (drawn, names);
    }

    /// <summary>How a process with the tests is started.</summary>
    /// <param name="mutant">The mutant that runs from the start, or -1.</param>
    /// <param name="files">A folder for the files of its tests.</param>
    /// <returns>What to start.</returns>
    public ProcessStartInfo StartOf(int mutant, string files)
    {
        string bin = Path.Combine(Folder, "bin");
        string tests = Path.Combine(bin, _part.Tests);
        ProcessStartInfo start = new(Environment.ProcessPath is { } dotnet && Path.GetFileNameWithoutExtension(dotnet) == "dotnet" ? dotnet : "dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = bin,
        };
        string[] arguments =
        [
            "exec", "--runtimeconfig", tests + ".runtimeconfig.json", "--depsfile", tests + ".deps.json", Path.Combine(bin, "cart-mutation.dll"),
            "tests", Text(Mutants.Count), Text(_initializers), Text(mutant), tests + ".dll", files,
        ];
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        return start;
    }

    /// <summary>Documents carry the repository as "/_/"; what a source generator wrote is in no file of it.</summary>
    private static string? InRepository(string root, string document)
    {
        const string Mapped = "/_/";
        string path = document.Replace('\\', '/');
        path = path.StartsWith(Mapped, StringComparison.Ordinal) ? path[Mapped.Length..] : path;
        return !path.StartsWith("artifacts/", StringComparison.Ordinal) && File.Exists(Path.Combine(root, path)) ? path : null;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        }

        foreach (string folder in Directory.EnumerateDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
