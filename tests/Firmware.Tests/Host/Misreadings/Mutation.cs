using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using Firmware.Core;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Firmware.Tests.Host.Misreadings;

/// <summary>One way to misread a datasheet: a passage of a driver's source and what a hasty reader would have written.</summary>
internal sealed record Mutation(string Name, string File, string Find, string Replace);

/// <summary>Compiles a driver's folder and the drivers' base classes, as they are or with one passage changed.</summary>
internal static class MutantCompiler
{
    private static readonly MetadataReference[] References = FindReferences();

    /// <summary>The driver's constructor, from its sources with one passage changed.</summary>
    public static Func<II2cPort, IDriver> Compile(string part, int address, Mutation? mutation)
    {
        Type type = CompileType(part, mutation);
        return port => (IDriver)Activator.CreateInstance(type, port, address)!;
    }

    /// <summary>The constructor of a driver of sound, likewise.</summary>
    public static Func<IAudioPort, IDriver> CompileSound(string part, Mutation? mutation)
    {
        Type type = CompileType(part, mutation);
        return port => (IDriver)Activator.CreateInstance(type, port)!;
    }

    /// <summary>The constructor of a driver of a serial line, likewise.</summary>
    public static Func<ISerialPort, IDriver> CompileSerial(string part, Mutation? mutation)
    {
        Type type = CompileType(part, mutation);
        return port => (IDriver)Activator.CreateInstance(type, port)!;
    }

    private static Type CompileType(string part, Mutation? mutation)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "driver-sources", part);
        var trees = new List<SyntaxTree>();
        bool applied = mutation is null;
        string[] paths = [.. Directory.GetFiles(folder, "*.cs"), .. Directory.GetFiles(Path.GetDirectoryName(folder)!, "*.cs")]; // with the drivers' base classes
        foreach (string path in paths.Order(StringComparer.Ordinal))
        {
            string text = File.ReadAllText(path);
            if (mutation is not null && Path.GetFileName(path) == mutation.File)
            {
                int first = text.IndexOf(mutation.Find, StringComparison.Ordinal);
                Assert.IsTrue(first >= 0, $"'{mutation.Name}': the passage '{mutation.Find}' is no longer in {mutation.File}; plant the misreading anew.");
                Assert.AreEqual(-1, text.IndexOf(mutation.Find, first + 1, StringComparison.Ordinal), $"'{mutation.Name}': the passage '{mutation.Find}' is in {mutation.File} twice; name it uniquely.");
                text = text.Replace(mutation.Find, mutation.Replace, StringComparison.Ordinal);
                applied = true;
            }

            trees.Add(CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.CSharp13), path));
        }

        Assert.IsTrue(applied, $"'{mutation?.Name}': there is no {mutation?.File} in {part}.");
        var compilation = CSharpCompilation.Create(
            $"{part}.{mutation?.Name ?? "unchanged"}",
            trees,
            References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable));
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        string errors = string.Join("\n", result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error));
        Assert.IsTrue(result.Success, $"'{mutation?.Name}' does not compile, so it proves nothing:\n{errors}");
        return Assembly.Load(image.ToArray()).GetType($"Firmware.Peripherals.{part}", throwOnError: true)!;
    }

    private static MetadataReference[] FindReferences()
    {
        string platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        string[] names = ["System.Runtime.dll", "System.Private.CoreLib.dll", "netstandard.dll"];
        return [.. platform.Split(Path.PathSeparator).Where(path => names.Contains(Path.GetFileName(path))).Append(typeof(IDriver).Assembly.Location)
            .Select(path => (MetadataReference)MetadataReference.CreateFromFile(path))];
    }
}

/// <summary>Thrown by a check that found the driver wrong.</summary>
internal sealed class MisreadException(string message) : Exception(message);

/// <summary>A question put to a driver on a bus with its simulated chip.</summary>
internal sealed record Check(string Name, Action<Func<II2cPort, IDriver>> Run)
{
    /// <summary>The first check that a driver fails, with what it found; null when it passes all.</summary>
    public static string? FirstFailure(IEnumerable<Check> checks, Func<II2cPort, IDriver> make)
    {
        foreach (Check check in checks)
        {
            try
            {
                check.Run(make);
            }
            catch (Exception e) when (e is MisreadException or IndexOutOfRangeException or ArgumentException)
            {
                return $"{check.Name}: {e.Message}";
            }
        }

        return null;
    }

    /// <summary>Fails the check.</summary>
    public static void That(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new MisreadException(otherwise);
        }
    }
}
