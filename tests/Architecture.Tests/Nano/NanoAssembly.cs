using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Mono.Cecil;

namespace Architecture.Tests.Nano;

/// <summary>One assembly of the board, as its project says.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Project">The project, inside the repository.</param>
/// <param name="Sources">Absolute paths of its sources.</param>
/// <param name="References">Names of the assemblies that it references, and so may see.</param>
/// <param name="Packages">Packages that it references.</param>
internal sealed record NanoAssembly(string Name, string Project, IReadOnlyList<string> Sources, IReadOnlyList<string> References, IReadOnlyList<string> Packages)
{
    /// <summary>
    /// Bytes of the board's code per 100 bytes of IL: the metadata processor shortens operands. Measured on the whole pod, Debug and Release.
    /// </summary>
    public const int PercentOfIl = 78;

    private const string TestProject = "tests/Firmware.DeviceTests/Firmware.DeviceTests.csproj";

    /// <summary>Most bytes of code of one assembly. One holds 65,535, and the count is an estimate.</summary>
    public const int MaxCodeBytes = 60_000;

    /// <summary>The board's assemblies, each behind those that it references.</summary>
    public static IReadOnlyList<NanoAssembly> OfTheBoard() => Ordered(Repository.Files("firmware/Esp32", "*.csproj").Select(f => Read(Repository.Name(f), File.ReadAllText(f))).ToList());

    /// <summary>Those that a board runs the shared tests with: the last of them is the tests'.</summary>
    public static IReadOnlyList<NanoAssembly> OfTheTests() => Ordered([.. OfTheBoard().Where(a => a.Name != "Pod"), Read(TestProject, File.ReadAllText(Repository.At(TestProject)))]);

    /// <summary>Reads a project.</summary>
    /// <param name="project">Its name inside the repository.</param>
    /// <param name="text">Its text.</param>
    /// <returns>The assembly.</returns>
    public static NanoAssembly Read(string project, string text)
    {
        XDocument document = XDocument.Parse(text);
        string folder = Path.GetDirectoryName(Repository.At(project))!;
        if (document.Descendants("EnableDefaultCompileItems").SingleOrDefault()?.Value != "false")
        {
            throw new InvalidOperationException($"{project} compiles whatever lies below it; set EnableDefaultCompileItems to false and name its sources");
        }

        return new NanoAssembly(
            document.Descendants("AssemblyName").Single().Value,
            project,
            [.. Includes(document, "Compile").SelectMany(pattern => Glob(folder, pattern)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            [.. Includes(document, "ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r))],
            [.. Includes(document, "PackageReference")]);
    }

    /// <summary>Bytes of code of a compiled assembly on the board, estimated.</summary>
    /// <param name="file">The assembly.</param>
    /// <returns>Bytes.</returns>
    public static int CodeBytes(string file)
    {
        using ModuleDefinition module = ModuleDefinition.ReadModule(file);
        long il = module.GetTypes().SelectMany(t => t.Methods).Where(m => m.HasBody).Sum(m => (long)m.Body.CodeSize);
        return (int)(((il * PercentOfIl) + 99) / 100);
    }

    private static IEnumerable<string> Includes(XDocument document, string item) => document.Descendants(item).Select(e => e.Attribute("Include")!.Value);

    // The patterns that the projects use: "*.cs", "x/**/*.cs", and the name of a file.
    private static IEnumerable<string> Glob(string folder, string pattern)
    {
        int star = pattern.IndexOf('*', StringComparison.Ordinal);
        if (star < 0)
        {
            return [Path.GetFullPath(pattern, folder)];
        }

        string root = Path.GetFullPath(pattern[..star], folder);
        string rest = pattern[star..];
        bool isDeep = rest.StartsWith("**/", StringComparison.Ordinal);
        Regex name = new("^" + Regex.Escape(isDeep ? rest[3..] : rest).Replace("\\*", "[^/]*", StringComparison.Ordinal) + "$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        return Repository.Files(Repository.Name(root), "*").Where(f => name.IsMatch(Path.GetFileName(f)) && (isDeep || Path.GetDirectoryName(f) == root.TrimEnd(Path.DirectorySeparatorChar)));
    }

    private static List<NanoAssembly> Ordered(List<NanoAssembly> open)
    {
        List<NanoAssembly> done = [];
        while (open.Count > 0)
        {
            NanoAssembly next = open.Find(a => a.References.All(r => done.Exists(d => d.Name == r)))
                ?? throw new InvalidOperationException($"{open[0].Project} references {string.Join(", ", open[0].References)}, which has no project here, or they reference each other");
            open.Remove(next);
            done.Add(next);
        }

        return done;
    }
}
