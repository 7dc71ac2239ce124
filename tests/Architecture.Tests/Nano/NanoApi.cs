using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Architecture.Tests.Nano;

/// <summary>
/// Lists of members, one a line: <c>Full.Type : kind : bases</c> for a type, <c>Full.Type::member : type</c> for a member. Lines that begin
/// with '#' are remarks.
/// </summary>
internal static class NanoApi
{
    /// <summary>The members outside mscorlib that code under firmware/ may use.</summary>
    public const string ApprovedFile = "tests/Architecture.Tests/nano-approved.txt";

    /// <summary>Names the folder with the lists of the real packages, when it is not at its usual place beside the repository.</summary>
    public const string FolderVariable = "NANOFRAMEWORK_API";

    /// <summary>The device's own base library, from its package.</summary>
    public static string CoreLibrary { get; } = Path.Combine(AppContext.BaseDirectory, "nano", "mscorlib.dll");

    /// <summary>The folder with the lists of the real packages, or null where it is not present.</summary>
    public static string? Folder
    {
        get
        {
            string? named = Environment.GetEnvironmentVariable(FolderVariable);
            string folder = string.IsNullOrEmpty(named) ? Repository.At("../shared/facts/nanoframework-api") : named;
            return Directory.Exists(folder) ? folder : null;
        }
    }

    /// <summary>The approved lines.</summary>
    public static IReadOnlyList<string> Approved() => Lines(Repository.At(ApprovedFile));

    /// <summary>Every line of the real packages' lists, mscorlib's apart, that has no type parameters, each once.</summary>
    public static IReadOnlyList<string> All(string folder) =>
        Directory.EnumerateFiles(folder, "*.txt").Where(f => Path.GetFileName(f) != "mscorlib.txt").Order(StringComparer.Ordinal).SelectMany(Lines).Where(l => !l.Contains('<', StringComparison.Ordinal))
            .Distinct(StringComparer.Ordinal).ToArray();

    /// <summary>The lines of some packages, by the first line of each list.</summary>
    /// <param name="folder">The folder with the lists.</param>
    /// <param name="packages">The packages; mscorlib's needs no lines.</param>
    /// <returns>The lines.</returns>
    /// <exception cref="InvalidOperationException">A package has no list.</exception>
    public static IReadOnlyList<string> Of(string folder, IReadOnlyList<string> packages)
    {
        Dictionary<string, string> files = Directory.EnumerateFiles(folder, "*.txt").ToDictionary(f => File.ReadLines(f).First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], f => f, StringComparer.Ordinal);
        string[] unknown = [.. packages.Where(p => !files.ContainsKey(p))];
        return unknown.Length > 0
            ? throw new InvalidOperationException("There is no list of " + string.Join(", ", unknown))
            : [.. packages.Where(p => Path.GetFileName(files[p]) != "mscorlib.txt").Order(StringComparer.Ordinal).SelectMany(p => Lines(files[p])).Where(l => !l.Contains('<', StringComparison.Ordinal)).Distinct(StringComparer.Ordinal)];
    }

    private static string[] Lines(string file) =>
        File.ReadLines(file).Select(l => l.TrimEnd()).Where(l => l.Length > 0 && l[0] != '#').ToArray();
}
