using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Xml.Linq;
using Architecture.Tests.Nano;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Mono.Cecil;

namespace Architecture.Tests;

/// <summary>Packages, metadata processor and image of the boards' runtime belong together: hardware/runtime.json, the board's projects and hardware/cart.json.</summary>
[TestClass]
public sealed class RuntimeTests
{
    private const string Runtime = "hardware/runtime.json";
    private const string Cart = "hardware/cart.json";
    private const string Central = "Directory.Packages.props";
    private const string Program = "firmware/Esp32/Esp32.csproj";

    [TestMethod]
    public void Packages_metadata_processor_and_image_fit_together()
    {
        IReadOnlyList<string> problems = Problems(Inputs());
        Assert.IsEmpty(problems, "\n" + string.Join('\n', problems) + "\n");
    }

    // Each raises or lowers one of what belongs together, and leaves the rest.
    [TestMethod]
    [DataRow(Program, "System.Net\" Version=\"1.11.60\"", "System.Net\" Version=\"1.11.54\"", "pins nanoFramework.System.Net 1.11.54; runtime.json says 1.11.60", DisplayName = "a library of before in the project")]
    [DataRow(Program, "Runtime.Events\" Version=\"1.11.39\"", "Runtime.Events\" Version=\"1.11.37\"", "pins nanoFramework.Runtime.Events 1.11.37", DisplayName = "an older package that another needs, in the project")]
    [DataRow(Runtime, "Runtime.Events\", \"version\": \"1.11.39\", \"listed\"", "Runtime.Events\", \"version\": \"1.11.37\", \"listed\"", "nanoFramework.Hardware.Esp32 1.6.42 needs nanoFramework.Runtime.Events 1.11.39; 1.11.37 does not restore", DisplayName = "an older package that another needs")]
    [DataRow(Runtime, "System.Net\", \"version\": \"1.11.60\", \"listed\"", "System.Net\", \"version\": \"1.11.54\", \"listed\"", "nanoFramework.M2Mqtt 5.1.220 needs nanoFramework.System.Net 1.11.60", DisplayName = "a library of before")]
    [DataRow(Runtime, "\"version\": \"100.2.0.14\", \"checksum\": \"0x8EFB9944\" }", "\"version\": \"100.2.0.12\", \"checksum\": \"0x6DFA71D6\" }", "asks the image for System.Net 100.2.0.14 0x8EFB9944, which has 100.2.0.12 0x6DFA71D6", DisplayName = "an image of before")]
    [DataRow(Runtime, "\"native\": { \"assembly\": \"System.Net\", \"version\": \"100.2.0.14\", \"checksum\": \"0x8EFB9944\" }", "\"native\": { \"assembly\": \"System.Net\", \"version\": \"100.2.0.15\", \"checksum\": \"0x12345678\" }", "asks the image for System.Net 100.2.0.15 0x12345678", DisplayName = "a newer library alone")]
    [DataRow(Runtime, "\"version\": \"1.17.0.60\"", "\"version\": \"1.17.0.61\"", "cart.json names the image 1.17.0.60; runtime.json says 1.17.0.61", DisplayName = "a newer image alone")]
    [DataRow(Cart, "\"imageVersion\": \"1.17.0.60\"", "\"imageVersion\": \"1.16.0.5\"", "cart.json names the image 1.16.0.5", DisplayName = "an older image in the cart alone")]
    [DataRow(Program, "<NanoFrameworkMDPVersion>3.0.100<", "<NanoFrameworkMDPVersion>3.0.29<", "metadata processor 3.0.29; runtime.json says 3.0.100", DisplayName = "a metadata processor without a check")]
    [DataRow(Program, "nanoFramework.NET.Sdk/1.0.0-preview.11", "nanoFramework.NET.Sdk/1.0.0-preview.12", "project system", DisplayName = "another project system")]
    [DataRow(Central, "nanoFramework.CoreLibrary\" Version=\"1.17.11\"", "nanoFramework.CoreLibrary\" Version=\"1.17.10\"", "the gate compiles against CoreLibrary 1.17.10", DisplayName = "the gate's base library")]
    [DataRow(Program, "<PackageReference Include=\"nanoFramework.System.Text\"", "<PackageReference Include=\"nanoFramework.Json\"", "pins nanoFramework.Json, which has no row", DisplayName = "a package without a row")]
    [DataRow(Runtime, "\"assembly\": \"System.Device.I2s\", \"version\": \"100.0.0.1\", \"checksum\": \"0x478490FE\" },", "\"assembly\": \"System.Device.Spi\", \"version\": \"100.0.0.1\", \"checksum\": \"0x478490FE\" },", "asks the image for System.Device.I2s", DisplayName = "an image without a native assembly")]
    public void One_of_them_raised_alone_is_refused(string file, string right, string wrong, string expected)
    {
        Dictionary<string, string> inputs = Inputs();
        int at = inputs[file].IndexOf(right, StringComparison.Ordinal);
        Assert.IsGreaterThanOrEqualTo(0, at, "The planted place is gone: " + right);
        inputs[file] = inputs[file][..at] + wrong + inputs[file][(at + right.Length)..];
        IReadOnlyList<string> problems = Problems(inputs);
        Assert.IsTrue(problems.Any(p => p.Contains(expected, StringComparison.Ordinal)), "Found: " + string.Join('\n', problems));
    }

    [TestMethod]
    public void Each_package_is_used_by_a_project_and_its_row_follows_the_schema()
    {
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(Repository.At("hardware/runtime.schema.json")));
        using JsonDocument runtime = JsonDocument.Parse(File.ReadAllText(Repository.At(Runtime)));
        Assert.IsEmpty(Schemas.Problems(schema.RootElement, runtime.RootElement));
        string[] used = [.. Projects().SelectMany(p => XDocument.Load(Repository.At(p)).Descendants("PackageReference")).Select(r => r.Attribute("Include")!.Value)];
        string[] idle = [.. runtime.RootElement.GetProperty("packages").EnumerateArray().Select(p => p.GetProperty("id").GetString()!).Except(used, StringComparer.Ordinal)];
        Assert.IsEmpty(idle, "No project uses " + string.Join(", ", idle));
    }

    [TestMethod]
    public void The_base_librarys_native_version_is_the_one_that_stands_there()
    {
        using ModuleDefinition core = ModuleDefinition.ReadModule(NanoApi.CoreLibrary);
        string version = (string)core.Assembly.CustomAttributes.Single(a => a.AttributeType.Name == "AssemblyNativeVersionAttribute").ConstructorArguments[0].Value;
        using JsonDocument runtime = JsonDocument.Parse(File.ReadAllText(Repository.At(Runtime)));
        JsonElement row = runtime.RootElement.GetProperty("packages").EnumerateArray().Single(p => p.GetProperty("id").GetString() == "nanoFramework.CoreLibrary");
        Assert.AreEqual(version, row.GetProperty("native").GetProperty("version").GetString());
    }

    [TestMethod]
    public void The_lists_of_the_real_packages_were_made_from_these_versions()
    {
        if (NanoApi.Folder is not string folder)
        {
            Assert.Inconclusive($"The lists of the real packages are not present; {NanoApi.FolderVariable} names their folder.");
            return;
        }

        Dictionary<string, string> listed = Directory.EnumerateFiles(folder, "*.txt").Select(f => File.ReadLines(f).First().Split([' '], StringSplitOptions.RemoveEmptyEntries))
            .ToDictionary(w => w[Array.IndexOf(w, "package:") + 1], w => w[Array.IndexOf(w, "version:") + 1], StringComparer.Ordinal);
        using JsonDocument runtime = JsonDocument.Parse(File.ReadAllText(Repository.At(Runtime)));
        foreach (JsonElement package in runtime.RootElement.GetProperty("packages").EnumerateArray())
        {
            string id = package.GetProperty("id").GetString()!;
            string version = package.TryGetProperty("listed", out JsonElement other) ? other.GetString()! : package.GetProperty("version").GetString()!;
            Assert.AreEqual(listed[id], version, id);
        }
    }

    /// <summary>The projects that are built for a board.</summary>
    private static IEnumerable<string> Projects() => Repository.Files("firmware/Esp32", "*.csproj").Concat(Repository.Files("tests/Firmware.DeviceTests", "*.csproj")).Select(Repository.Name);

    private static Dictionary<string, string> Inputs() =>
        Projects().Concat([Runtime, Cart, Central]).ToDictionary(n => n, n => File.ReadAllText(Repository.At(n)), StringComparer.Ordinal);

    private static List<string> Problems(Dictionary<string, string> inputs)
    {
        List<string> problems = [];
        using JsonDocument document = JsonDocument.Parse(inputs[Runtime]);
        JsonElement runtime = document.RootElement;
        Dictionary<string, JsonElement> packages = runtime.GetProperty("packages").EnumerateArray().ToDictionary(Id, p => p, StringComparer.Ordinal);
        Dictionary<string, string> natives = runtime.GetProperty("image").GetProperty("natives").EnumerateArray().ToDictionary(n => n.GetProperty("assembly").GetString()!, Native, StringComparer.Ordinal);
        foreach (JsonElement package in packages.Values)
        {
            CheckNeeds(package, packages, problems);
            if (package.TryGetProperty("native", out JsonElement native))
            {
                string assembly = native.GetProperty("assembly").GetString()!;
                string has = natives.GetValueOrDefault(assembly, "none");
                if (Native(native) != has)
                {
                    problems.Add($"{Id(package)} {Version(package)} asks the image for {assembly} {Native(native)}, which has {has}; the runtime refuses it at start");
                }
            }
        }

        foreach ((string name, string text) in inputs.Where(i => i.Key.EndsWith(".csproj", StringComparison.Ordinal)))
        {
            CheckProject(name, XDocument.Parse(text), runtime, packages, problems);
        }

        using JsonDocument cart = JsonDocument.Parse(inputs[Cart]);
        string image = runtime.GetProperty("image").GetProperty("version").GetString()!;
        problems.AddRange(cart.RootElement.GetProperty("pods").EnumerateArray().Select(p => p.GetProperty("board").GetProperty("imageVersion").GetString()!)
            .Where(v => v != image).Select(v => $"cart.json names the image {v}; runtime.json says {image}"));
        string gate = XDocument.Parse(inputs[Central]).Descendants().Single(e => e.Attribute("Include")?.Value == "nanoFramework.CoreLibrary").Attribute("Version")!.Value;
        if (gate != Version(packages["nanoFramework.CoreLibrary"]))
        {
            problems.Add($"the gate compiles against CoreLibrary {gate}; runtime.json says {Version(packages["nanoFramework.CoreLibrary"])}");
        }

        return problems;
    }

    private static void CheckNeeds(JsonElement package, Dictionary<string, JsonElement> packages, List<string> problems)
    {
        if (!package.TryGetProperty("needs", out JsonElement needs))
        {
            return;
        }

        foreach (JsonElement need in needs.EnumerateArray())
        {
            string what = $"{Id(package)} {Version(package)} needs {Id(need)} {Version(need)}";
            if (!packages.TryGetValue(Id(need), out JsonElement pinned))
            {
                problems.Add(what + ", which has no row");
            }
            else if (System.Version.Parse(Version(pinned)) < System.Version.Parse(Version(need)))
            {
                problems.Add($"{what}; {Version(pinned)} does not restore (NU1605)");
            }
        }
    }

    private static void CheckProject(string name, XDocument project, JsonElement runtime, Dictionary<string, JsonElement> packages, List<string> problems)
    {
        if (project.Root!.Attribute("Sdk")?.Value is var sdk && sdk != runtime.GetProperty("sdk").GetString())
        {
            problems.Add($"{name}: project system {sdk}; runtime.json says {runtime.GetProperty("sdk").GetString()}");
        }

        if (project.Descendants("NanoFrameworkMDPVersion").SingleOrDefault()?.Value is var processor && processor != runtime.GetProperty("metadataProcessor").GetString())
        {
            problems.Add($"{name}: metadata processor {processor}; runtime.json says {runtime.GetProperty("metadataProcessor").GetString()}");
        }

        if (project.Descendants("LangVersion").SingleOrDefault()?.Value != NanoCompiler.LanguageVersion)
        {
            problems.Add($"{name}: its LangVersion is not the gate's {NanoCompiler.LanguageVersion}");
        }

        foreach (XElement reference in project.Descendants("PackageReference"))
        {
            string id = reference.Attribute("Include")!.Value;
            string? version = reference.Attribute("Version")?.Value;
            if (!packages.TryGetValue(id, out JsonElement row))
            {
                problems.Add($"{name} pins {id}, which has no row in runtime.json");
            }
            else if (version != Version(row))
            {
                problems.Add($"{name} pins {id} {version}; runtime.json says {Version(row)}");
            }
        }
    }

    private static string Id(JsonElement element) => element.GetProperty("id").GetString()!;

    private static string Version(JsonElement element) => element.GetProperty("version").GetString()!;

    private static string Native(JsonElement element) => element.GetProperty("version").GetString() + " " + element.GetProperty("checksum").GetString();
}
