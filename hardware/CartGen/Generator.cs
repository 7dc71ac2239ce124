using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace CartGen;

/// <summary>One generated file.</summary>
/// <param name="Path">From the repository's root, with '/'.</param>
/// <param name="Bytes">UTF-8 without a mark at the beginning.</param>
public sealed record GeneratedFile(string Path, byte[] Bytes);

/// <summary>From the texts of hardware/'s JSON files, and of the pages that hold generated tables, to everything that repeats them. No I/O.</summary>
public static class Generator
{
    /// <summary>The files to be read besides every file of <see cref="Folders"/> that ends in ".json": sources, and pages with generated tables.</summary>
    public static IReadOnlyList<string> Inputs { get; } =
        [ModelReader.VocabularyFile, ModelReader.FaultsFile, ModelReader.CartFile, WiringReader.BillFile, .. NetworkPage.Inputs, .. Pages.All];

    /// <summary>The folder of the boards' files.</summary>
    public static string BoardFolder => ModelReader.BoardFolder;

    /// <summary>Folders of which every JSON file is read.</summary>
    public static IReadOnlyList<string> Folders { get; } = [ModelReader.BoardFolder, WiringReader.NetlistFolder];

    /// <summary>Generates everything.</summary>
    /// <param name="inputs">The texts, by path from the repository's root.</param>
    /// <returns>The files, in ordinal order of their paths.</returns>
    /// <exception cref="ProblemException">The input is wrong; all problems at once.</exception>
    public static IReadOnlyList<GeneratedFile> Run(IReadOnlyDictionary<string, string> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Model model = ModelReader.Read(inputs);
        IEnumerable<(string Path, string Text)> files =
        [
            .. EnumFiles.Write(model), .. PodFiles.Write(model), .. BoardFiles.Write(model), .. GatewayFiles.Write(model), .. SimulatorFiles.Write(model),
            .. PageScript.Write(model), .. NetlistFiles.Write(model), .. SchematicFiles.Write(model), .. Pages.Write(model, inputs), .. NetworkPage.Write(model, inputs),
        ];
        return files.Select(f => new GeneratedFile(f.Path, Encoding.UTF8.GetBytes(f.Text))).OrderBy(f => f.Path, StringComparer.Ordinal).ToArray();
    }

    /// <summary>Bill of materials and netlists of the inputs.</summary>
    internal static Wiring WiringOf(IReadOnlyDictionary<string, string> inputs) => ModelReader.Read(inputs).Wiring;

    /// <summary>The first line in which two texts differ, for a message: "line 12: 'x', and it should be 'y'".</summary>
    /// <param name="actual">What is there.</param>
    /// <param name="expected">What the generator writes.</param>
    /// <returns>Null when they are alike.</returns>
    public static string? FirstDifference(ReadOnlySpan<byte> actual, ReadOnlySpan<byte> expected)
    {
        if (actual.SequenceEqual(expected))
        {
            return null;
        }

        string[] there = Encoding.UTF8.GetString(actual).Split('\n');
        string[] right = Encoding.UTF8.GetString(expected).Split('\n');
        for (int i = 0; i < Math.Max(there.Length, right.Length); i++)
        {
            string a = i < there.Length ? there[i] : "(the end)";
            string b = i < right.Length ? right[i] : "(the end)";
            if (!string.Equals(a, b, StringComparison.Ordinal))
            {
                return FormattableString.Invariant($"line {i + 1} is '{a.Trim()}', and should be '{b.Trim()}'");
            }
        }

        return "they differ in a byte-order mark or in bytes that are no UTF-8";
    }
}
