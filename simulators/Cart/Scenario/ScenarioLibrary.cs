using System;
using System.Collections.Generic;
using System.IO;
using EdgeGateway.Faults;

namespace Simulators.Cart.Scenario;

/// <summary>The scenarios that are built in: the files of simulators/Scenarios.</summary>
public static class ScenarioLibrary
{
    private const string Folder = "Scenarios/";
    private const string Ending = ".yaml";
    private const string TraceEnding = ".trace.csv";

    /// <summary>Their names, in ordinal order.</summary>
    public static IReadOnlyList<string> Names { get; } = ReadNames();

    /// <summary>Reads a built-in scenario, or a file when the name ends in .yaml.</summary>
    /// <param name="nameOrPath">The name or path.</param>
    /// <returns>The scenario, and the folder in which it stands (null for a built-in one).</returns>
    /// <exception cref="CodedErrorException">It is not there (S3011), cannot be read, or is wrong.</exception>
    public static (ScenarioDefinition Scenario, string? Folder) Load(string nameOrPath)
    {
        ArgumentNullException.ThrowIfNull(nameOrPath);
        if (nameOrPath.EndsWith(Ending, StringComparison.Ordinal))
        {
            return (ScenarioFile.Load(nameOrPath), Path.GetDirectoryName(Path.GetFullPath(nameOrPath)));
        }

        string? text = Read(nameOrPath + Ending);
        return text is null
            ? throw new CodedErrorException(new CodedError(
                FaultCodes.ScenarioMissing, ErrorPlace.None, $"'{nameOrPath}' is not a scenario", NearestWord.Suggest(nameOrPath, Names)))
            : (ScenarioFile.Parse(nameOrPath + Ending, text), null);
    }

    /// <summary>The hash of the trace that a built-in scenario has with its own seed.</summary>
    /// <param name="name">The scenario.</param>
    /// <returns>64 hexadecimal digits, or null when none was recorded.</returns>
    public static string? RecordedHash(string name) => RecordedTrace(name) is [.., string all] ? all[(all.LastIndexOf(',') + 1)..] : null;

    /// <summary>The layers of the trace that a built-in scenario has with its own seed.</summary>
    /// <param name="name">The scenario.</param>
    /// <returns>Lines as <see cref="Report.RunReport.TraceLayers"/> gives them; empty when none were recorded.</returns>
    public static IReadOnlyList<string> RecordedTrace(string name) =>
        Read(name + TraceEnding)?.Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..] ?? [];

    private static string? Read(string file)
    {
        using Stream? stream = typeof(ScenarioLibrary).Assembly.GetManifestResourceStream(Folder + file);
        if (stream is null)
        {
            return null;
        }

        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    private static List<string> ReadNames()
    {
        List<string> names = [];
        foreach (string resource in typeof(ScenarioLibrary).Assembly.GetManifestResourceNames())
        {
            if (resource.StartsWith(Folder, StringComparison.Ordinal) && resource.EndsWith(Ending, StringComparison.Ordinal))
            {
                names.Add(resource[Folder.Length..^Ending.Length]);
            }
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }
}
