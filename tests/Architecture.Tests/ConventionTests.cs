using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>Conventions: one name in three trees, pinned versions, banned symbols, plain files.</summary>
[TestClass]
public sealed partial class ConventionTests
{
    // What a reader who holds the part in hand looks for.
    private static readonly string[] ReadmeSections = ["## Wiring", "## Registers", "## Absence", "## What a flipped bit does", "## Sources"];

    private static readonly string[] MustBeBanned =
    [
        "P:System.DateTime.Now;", "P:System.DateTime.UtcNow;", "P:System.DateTimeOffset.Now;", "P:System.DateTimeOffset.UtcNow;", "P:System.Environment.TickCount64;",
        "M:System.Diagnostics.Stopwatch.StartNew;", "M:System.Threading.Thread.Sleep(System.Int32);", "M:System.Threading.Thread.Sleep(System.TimeSpan);",
        "M:System.Random.#ctor;", "P:System.Random.Shared;", "M:System.Guid.NewGuid;",
    ];

    [TestMethod]
    public void A_peripheral_has_one_name_in_three_trees_and_a_readme()
    {
        List<string> errors = [];
        SortedSet<string> names = new(StringComparer.Ordinal);
        string[] trees = ["firmware/Peripherals", "simulators/Chips", "tests/Firmware.Tests/Peripherals"];
        foreach (string tree in trees.Where(t => Directory.Exists(Repository.At(t))))
        {
            names.UnionWith(Directory.EnumerateDirectories(Repository.At(tree)).Select(d => Path.GetFileName(d)!).Where(n => n is not ("bin" or "obj" or "Host" or "Contract")));
        }

        foreach (string name in names)
        {
            errors.AddRange(trees.Where(t => !Directory.Exists(Repository.At($"{t}/{name}"))).Select(t => $"{name} has no folder {t}/{name}"));
            string readme = Repository.At($"firmware/Peripherals/{name}/README.md");
            errors.AddRange(File.Exists(readme) ? ReadmeProblems(name, File.ReadAllText(readme)) : [$"firmware/Peripherals/{name} has no README.md"]);
        }

        Assert.IsNotEmpty(names);
        Assert.IsEmpty(errors, "\n" + string.Join('\n', errors) + "\n");
    }

    [TestMethod]
    public void A_readme_without_a_section_is_refused()
    {
        string whole = "# X\n" + string.Join("\ntext\n", ReadmeSections) + "\ntext\n";
        Assert.IsEmpty(ReadmeProblems("X", whole).ToArray());
        foreach (string section in ReadmeSections)
        {
            StringAssert.Contains(ReadmeProblems("X", whole.Replace(section, "## Other", StringComparison.Ordinal)).Single(), section);
        }
    }

    [TestMethod]
    public void Both_links_of_a_pod_take_keep_alive_window_and_pauses_from_one_place()
    {
        // By its text: the board's library is no part of the default build. Window and pauses are the link's, which both have.
        foreach (string library in new[] { "firmware/Esp32/M2MqttLibrary.cs", "simulators/Cart/Pod/SimulatedM2Mqtt.cs" })
        {
            string text = string.Concat(new[] { library, "firmware/Pod/Link/MqttLink.cs", "firmware/Pod/Link/MqttFlights.cs" }.Select(f => File.ReadAllText(Repository.At(f))));
            Assert.IsEmpty(LinkProblems(library, text).ToArray());
            Assert.HasCount(1, LinkProblems(library, text.Replace("LinkParameters.KeepAliveSeconds", "15", StringComparison.Ordinal)).ToArray());
            Assert.HasCount(1, LinkProblems(library, text.Replace("{", "{\n    private const int Window = 16;\n", StringComparison.Ordinal)).ToArray());
        }
    }

    [TestMethod]
    public void Every_project_of_the_solution_pins_what_its_packages_bring()
    {
        string[] projects = [.. File.ReadLines(Repository.At("Firmware.sln")).Select(line => ProjectOfSolution().Match(line)).Where(m => m.Success).Select(m => m.Groups["path"].Value.Replace('\\', '/'))];
        Assert.IsGreaterThan(25, projects.Length);
        string[] without = [.. projects.Where(p => !File.Exists(Path.Combine(Path.GetDirectoryName(Repository.At(p))!, "packages.lock.json")))];
        Assert.IsEmpty(without, "dotnet restore Firmware.sln writes packages.lock.json beside " + string.Join(", ", without));
    }

    [TestMethod]
    public void Versions_are_exact_and_central()
    {
        List<string> errors = [];
        XDocument central = XDocument.Load(Repository.At("Directory.Packages.props"));
        foreach (XElement pin in central.Descendants().Where(e => e.Name.LocalName is "PackageVersion" or "GlobalPackageReference"))
        {
            errors.AddRange(VersionProblems("Directory.Packages.props", pin.Attribute("Include")!.Value, pin.Attribute("Version")?.Value));
        }

        foreach (string file in Repository.Files(".", "*.csproj"))
        {
            string name = Repository.Name(file);
            bool own = name.StartsWith("firmware/Esp32/", StringComparison.Ordinal) || name.StartsWith("tests/Firmware.DeviceTests/", StringComparison.Ordinal) || name.StartsWith("edge-gateway/Pi/", StringComparison.Ordinal);
            foreach (XElement reference in XDocument.Load(file).Descendants().Where(e => e.Name.LocalName == "PackageReference"))
            {
                string package = reference.Attribute("Include")!.Value;
                string? version = reference.Attribute("Version")?.Value ?? reference.Attribute("VersionOverride")?.Value;
                errors.AddRange(own
                    ? VersionProblems(name, package, version)
                    : version is null ? [] : [$"{name}: {package} states a version; versions stand in Directory.Packages.props"]);
            }
        }

        errors.AddRange(Repository.Files(".", "nuget.config").Concat(Repository.Files(".", "NuGet.Config")).Select(f => $"{Repository.Name(f)} names a registry; leave that to the machine"));
        Assert.IsEmpty(errors, "\n" + string.Join('\n', errors) + "\n");
    }

    [TestMethod]
    [DataRow("1.*")]
    [DataRow("[1.0,2.0)")]
    [DataRow("")]
    [DataRow(null)]
    public void A_floating_version_is_refused(string? version)
    {
        Assert.HasCount(1, VersionProblems("p", "X", version).ToArray());
        Assert.IsEmpty(VersionProblems("p", "X", "1.2.3-preview.11").ToArray());
    }

    [TestMethod]
    public void Banned_symbols_are_in_force_everywhere()
    {
        string banned = File.ReadAllText(Repository.At("BannedSymbols.txt"));
        Assert.IsEmpty(MustBeBanned.Where(m => !banned.Contains(m, StringComparison.Ordinal)).ToArray());
        StringAssert.Contains(File.ReadAllText(Repository.At("Directory.Build.props")), "BannedSymbols.txt");
        StringAssert.Contains(File.ReadAllText(Repository.At("Directory.Packages.props")), "<GlobalPackageReference Include=\"Microsoft.CodeAnalysis.BannedApiAnalyzers\"");
        string[] loose = Repository.Files(".", "*.csproj").Where(f => IsLoose(Repository.Name(f), File.ReadAllText(f))).Select(Repository.Name).ToArray();
        Assert.IsTrue(IsLoose("edge-gateway/X/X.csproj", "<NoWarn>CA1000</NoWarn>"));
        Assert.IsTrue(IsLoose("tests/X/X.csproj", "<NoWarn>$(NoWarn);RS0030</NoWarn>"));
        Assert.IsTrue(IsLoose("tests/X/X.csproj", "<TreatWarningsAsErrors>false</TreatWarningsAsErrors>"));
        Assert.IsFalse(IsLoose("tests/X/X.csproj", "<NoWarn>$(NoWarn);MA0002</NoWarn>"));
        Assert.IsEmpty(loose, "These projects loosen the rules: " + string.Join(", ", loose));
    }

    [TestMethod]
    public void A_banned_symbol_is_used_only_with_its_reason_beside_it()
    {
        List<string> errors = [];
        foreach (string file in Repository.Files(".", "*.cs"))
        {
            errors.AddRange(SuppressionProblems(Repository.Name(file), File.ReadAllLines(file)));
        }

        Assert.IsEmpty(errors, "\n" + string.Join('\n', errors) + "\n");
    }

    [TestMethod]
    public void A_suppression_without_a_reason_and_a_sleep_are_refused()
    {
        Assert.IsEmpty(SuppressionProblems("edge-gateway/a.cs", ["#pragma warning disable RS0030 // the one place that reads the wall clock"]).ToArray());
        Assert.HasCount(1, SuppressionProblems("edge-gateway/a.cs", ["#pragma warning disable RS0030"]).ToArray());
        Assert.HasCount(1, SuppressionProblems("edge-gateway/a.cs", ["Thread.Sleep(3);"]).ToArray());
        Assert.IsEmpty(SuppressionProblems("firmware/Esp32/a.cs", ["Thread.Sleep(3);"]).ToArray());
    }

    [TestMethod]
    public void Text_files_end_their_lines_plainly()
    {
        string[] patterns = ["*.cs", "*.csproj", "*.props", "*.json", "*.md", "*.yaml", "*.txt", "*.sh"];
        string[] wrong = patterns.SelectMany(p => Repository.Files(".", p)).Where(f => File.ReadAllText(f).Contains('\r', StringComparison.Ordinal)).Select(Repository.Name).ToArray();
        Assert.IsEmpty(wrong, "CR in " + string.Join(", ", wrong));
    }

    // Tests may set aside matters of taste; nothing may set aside the banned symbols.
    private static bool IsLoose(string name, string text) =>
        Loosened().IsMatch(text) || (text.Contains("NoWarn>", StringComparison.Ordinal)
            && (!name.StartsWith("tests/", StringComparison.Ordinal) || text.Contains("RS0030", StringComparison.Ordinal)));

    private static IEnumerable<string> LinkProblems(string file, string text)
    {
        foreach (string value in new[] { "LinkParameters.KeepAliveSeconds", "LinkParameters.Window", "LinkPauses _pauses = new" }.Where(v => !text.Contains(v, StringComparison.Ordinal)))
        {
            yield return $"{file} does not take {value}";
        }

        if (OwnLinkValue().IsMatch(text))
        {
            yield return $"{file} has a keep-alive or window of its own; it belongs in LinkParameters";
        }
    }

    [GeneratedRegex("const [a-z]+ (KeepAlive|Window|MaxInFlight)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OwnLinkValue();

    private static IEnumerable<string> ReadmeProblems(string name, string text) =>
        ReadmeSections.Where(s => !text.Split('\n').Any(l => l.TrimEnd().Equals(s, StringComparison.Ordinal)))
            .Select(s => $"firmware/Peripherals/{name}/README.md has no section '{s}'");

    private static IEnumerable<string> VersionProblems(string file, string package, string? version) =>
        version is not null && Exact().IsMatch(version) ? [] : [$"{file}: {package} is pinned to '{version}'; name one exact version"];

    private static IEnumerable<string> SuppressionProblems(string file, string[] lines)
    {
        if (file.StartsWith("tests/Architecture.Tests/", StringComparison.Ordinal))
        {
            yield break;
        }

        for (int i = 0; i < lines.Length; i++)
        {
            if (Sleep().IsMatch(lines[i]) && !file.StartsWith("firmware/Esp32/", StringComparison.Ordinal))
            {
                yield return $"{file}:{i + 1}: nothing waits for time; return the next wanted time from Step";
            }

            if (Suppression().Match(lines[i]) is { Success: true } match && match.Groups["reason"].Value.Trim().Length < 10)
            {
                yield return $"{file}:{i + 1}: RS0030 is switched off without a reason; write it after // on the same line";
            }
        }
    }

    [GeneratedRegex(@"^\d+(\.\d+){1,3}(-[0-9A-Za-z.]+)?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Exact();

    [GeneratedRegex(@"TreatWarningsAsErrors>\s*false|RunAnalyzers>\s*false|WarningLevel>|Nullable>\s*disable", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Loosened();

    [GeneratedRegex(@"^(?!\s*//).*\bThread\.Sleep\(", RegexOptions.None, 1000)]
    private static partial Regex Sleep();

    [GeneratedRegex("\"(?<path>[^\"]+\\.csproj)\"", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ProjectOfSolution();

    [GeneratedRegex(@"(pragma warning disable[^/]*RS0030|SuppressMessage[^/]*RS0030)[^/]*(//(?<reason>.*))?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Suppression();
}
