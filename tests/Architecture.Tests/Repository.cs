using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Architecture.Tests;

/// <summary>The files of this repository.</summary>
internal static class Repository
{
    /// <summary>The folder that holds Firmware.sln.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A path inside the repository as an absolute one.</summary>
    public static string At(string path) => Path.Combine(Root, path.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>An absolute path as one inside the repository, with '/'.</summary>
    public static string Name(string path) => Path.GetRelativePath(Root, path).Replace(Path.DirectorySeparatorChar, '/');

    /// <summary>All files below a folder, in ordinal order, without build output.</summary>
    public static IReadOnlyList<string> Files(string folder, string pattern)
    {
        string start = At(folder);
        if (!Directory.Exists(start))
        {
            return [];
        }

        return Directory.EnumerateFiles(start, pattern, SearchOption.AllDirectories)
            .Where(f => !Name(f).Split('/').Any(part => part is "bin" or "obj" or "artifacts" or "node_modules" or ".git"))
            .Order(StringComparer.Ordinal)
            .ToArray();
    }

    private static string FindRoot()
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
