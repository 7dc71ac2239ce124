using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>Namespaces equal folders: the project's root namespace and then the folders, in every source file, tests included.</summary>
[TestClass]
public sealed partial class NamespaceTests
{
    // A folder below one of these is named for a chip, and a namespace of that name would hide the driver's class; its files have the namespace above.
    private static readonly string[] ChipTrees = ["Peripherals", "Chips"];

    // They declare no type: entry points and attributes or usings for the whole assembly.
    private static readonly string[] WithoutNamespace = ["Program.cs", "AssemblyInfo.cs", "GlobalUsings.cs", "Usings.cs"];

    [TestMethod]
    public void Namespaces_equal_folders()
    {
        Dictionary<string, string> projects = Repository.Files(".", "*.csproj").ToDictionary(f => Repository.Name(Path.GetDirectoryName(f)!), f => Root(File.ReadAllText(f)), StringComparer.Ordinal);
        IReadOnlyList<string> files = Repository.Files(".", "*.cs");
        string[] errors = [.. files.SelectMany(f => Problems(Repository.Name(f), File.ReadAllText(f), projects))];
        Assert.IsNotEmpty(files);
        Assert.IsEmpty(errors, "\n" + string.Join('\n', errors) + "\n");
    }

    [TestMethod]
    [DataRow("edge-gateway/Core/Time/A.cs", "EdgeGateway.Core.Time", null)]
    [DataRow("edge-gateway/Core/A.cs", "EdgeGateway.Core", null)]
    [DataRow("edge-gateway/Core/Time/A.cs", "EdgeGateway.Core", "EdgeGateway.Core.Time")]
    [DataRow("edge-gateway/Core/Time/A.cs", "EdgeGateway.Core.Times", "EdgeGateway.Core.Time")]
    [DataRow("edge-gateway/Core/Time/A.cs", "", "EdgeGateway.Core.Time")]
    [DataRow("edge-gateway/Core/Program.cs", "", null)]
    [DataRow("firmware/Peripherals/Tmp117/A.cs", "Firmware.Peripherals", null)]
    [DataRow("firmware/Peripherals/Tmp117/A.cs", "Firmware.Peripherals.Tmp117", "Firmware.Peripherals")]
    [DataRow("firmware/Flash/A.cs", "Firmware.Flash", null)]
    [DataRow("outside/A.cs", "Outside", "no project")]
    public void A_namespace_that_is_not_its_folder_is_refused(string file, string space, string? expected)
    {
        Dictionary<string, string> projects = new(StringComparer.Ordinal) { ["edge-gateway/Core"] = "EdgeGateway.Core", ["firmware"] = "Firmware", ["firmware/Flash"] = "Firmware.Flash" };
        string[] found = [.. Problems(file, space.Length == 0 ? "using System;\n" : $"using System;\n\nnamespace {space};\n\npublic class A;\n", projects)];
        if (expected is null)
        {
            Assert.IsEmpty(found);
        }
        else
        {
            StringAssert.Contains(found.Single(), expected);
        }
    }

    [TestMethod]
    public void A_project_states_its_root_namespace()
    {
        Assert.AreEqual("X.Y", Root("<Project><PropertyGroup><RootNamespace>X.Y</RootNamespace></PropertyGroup></Project>"));
        Assert.ThrowsExactly<InvalidDataException>(() => Root("<Project />"));
    }

    private static string Root(string project) => XDocument.Parse(project).Descendants().FirstOrDefault(e => e.Name.LocalName == "RootNamespace")?.Value
        ?? throw new InvalidDataException("A project states no RootNamespace.");

    private static IEnumerable<string> Problems(string file, string text, Dictionary<string, string> projects)
    {
        string folder = file[..file.LastIndexOf('/')];
        string? project = projects.Keys.Where(p => (folder + "/").StartsWith(p + "/", StringComparison.Ordinal)).MaxBy(p => p.Length);
        if (project is null)
        {
            return [$"{file} is in no project"];
        }

        string[] folders = folder.Split('/');
        string expected = projects[project];
        for (int i = project.Split('/').Length; i < folders.Length; i++)
        {
            if (!ChipTrees.Contains(folders[i - 1], StringComparer.Ordinal))
            {
                expected += "." + folders[i];
            }
        }

        string[] found = [.. Declared().Matches(text).Select(m => m.Groups["name"].Value).Distinct(StringComparer.Ordinal)];
        return found.Length == 0
            ? WithoutNamespace.Contains(file[(folder.Length + 1)..], StringComparer.Ordinal) ? [] : [$"{file} has no namespace; its folder is {expected}"]
            : found.Where(n => n != expected).Select(n => $"{file} has the namespace {n}; its folder is {expected}");
    }

    [GeneratedRegex(@"^namespace\s+(?<name>[A-Za-z0-9_.]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Declared();
}
