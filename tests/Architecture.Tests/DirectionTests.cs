using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Architecture.Tests;

/// <summary>Law 3: who may know whom.</summary>
[TestClass]
public sealed partial class DirectionTests
{
    // Project: the projects it may reference, by folder.
    private static readonly Dictionary<string, string[]> Projects = new(StringComparer.Ordinal)
    {
        ["firmware"] = [],
        ["firmware/Flash"] = [],
        ["edge-gateway/Mqtt"] = [],
        ["edge-gateway/Journal"] = [],
        ["edge-gateway/Faults"] = [],
        ["edge-gateway/Mqtt.AspNetCore"] = ["edge-gateway/Mqtt"],
        ["edge-gateway/Core"] = ["firmware", "edge-gateway/Faults", "edge-gateway/Mqtt", "edge-gateway/Journal"],
        ["edge-gateway/Gateway"] = ["edge-gateway/Core", "edge-gateway/Mqtt.AspNetCore"],
        ["edge-gateway/Pi"] = ["edge-gateway/Core"],
        ["edge-gateway/Tool"] = ["edge-gateway/Core"],
        ["simulators/Kernel"] = [],
        ["simulators/Buses"] = ["simulators/Kernel"],
        ["simulators/Chips"] = ["simulators/Kernel", "simulators/Buses"],
        ["simulators/Patient"] = ["simulators/Kernel", "edge-gateway/Faults"],
        ["simulators/Network"] = ["simulators/Kernel", "edge-gateway/Mqtt"],
        ["simulators/Peers"] = ["simulators/Kernel", "simulators/Network", "edge-gateway/Mqtt"],
        ["simulators/Cart"] =
        [
            "simulators/Kernel", "simulators/Buses", "simulators/Chips", "simulators/Patient", "simulators/Network", "simulators/Peers", "firmware",
            "edge-gateway/Core", "edge-gateway/Faults", "edge-gateway/Mqtt", "edge-gateway/Journal",
        ],
        ["simulators/Cli"] = ["simulators/Cart", "edge-gateway/Gateway"],
    };

    // Namespace: the namespaces of this repository that it may use.
    private static readonly Dictionary<string, string[]> Namespaces = new(StringComparer.Ordinal)
    {
        ["Firmware.Core"] = [],
        ["Firmware.Peripherals"] = ["Firmware.Core"],
        ["Firmware.Signals"] = ["Firmware.Core"],
        ["Firmware.Protocol"] = ["Firmware.Core"],
        ["Firmware.Pod"] = ["Firmware.Core", "Firmware.Peripherals", "Firmware.Signals", "Firmware.Protocol"],
        ["EdgeGateway.Mqtt"] = [],
        ["EdgeGateway.Journal"] = [],
        ["EdgeGateway.Faults"] = [],
        ["EdgeGateway.Core"] = ["Firmware.Core", "Firmware.Protocol", "EdgeGateway.Faults", "EdgeGateway.Mqtt", "EdgeGateway.Journal"],
        ["EdgeGateway.Gateway"] = ["Firmware.Core", "Firmware.Protocol", "EdgeGateway.Faults", "EdgeGateway.Mqtt", "EdgeGateway.Journal", "EdgeGateway.Core"],
        ["EdgeGateway.Tool"] = ["Firmware.Core", "Firmware.Protocol", "EdgeGateway.Faults", "EdgeGateway.Journal", "EdgeGateway.Core"],
        ["Simulators.Kernel"] = [],
        ["Simulators.Buses"] = ["Simulators.Kernel"],
        ["Simulators.Chips"] = ["Simulators.Kernel", "Simulators.Buses"],
        ["Simulators.Patient"] = ["Simulators.Kernel", "EdgeGateway.Faults"],
        ["Simulators.Network"] = ["Simulators.Kernel", "EdgeGateway.Mqtt"],
        ["Simulators.Peers"] = ["Simulators.Kernel", "Simulators.Network", "EdgeGateway.Mqtt"],
    };

    // Assemblies to search when they were built; the executables have names of their own.
    private static readonly (string Project, string Assembly)[] Assemblies =
    [
        ("Firmware", "Firmware"), ("Faults", "EdgeGateway.Faults"), ("Mqtt", "EdgeGateway.Mqtt"), ("Mqtt.AspNetCore", "EdgeGateway.Mqtt.AspNetCore"),
        ("Journal", "EdgeGateway.Journal"), ("Core", "EdgeGateway.Core"), ("Gateway", "cart-gateway"), ("Tool", "cartctl"),
        ("Kernel", "Simulators.Kernel"), ("Buses", "Simulators.Buses"), ("Chips", "Simulators.Chips"), ("Patient", "Simulators.Patient"), ("Network", "Simulators.Network"), ("Peers", "Simulators.Peers"),
    ];

    [TestMethod]
    public void Projects_reference_only_what_they_may_know()
    {
        List<string> errors = [];
        foreach (string file in Repository.Files(".", "*.csproj").Where(f => !Repository.Name(f).StartsWith("tests/", StringComparison.Ordinal)))
        {
            errors.AddRange(ReferenceProblems(Repository.Name(Path.GetDirectoryName(file)!), File.ReadAllText(file)));
        }

        Assert.IsEmpty(errors, "\n" + string.Join('\n', errors) + "\n");
    }

    [TestMethod]
    [DataRow("edge-gateway/Gateway", "../../simulators/Kernel/Kernel.csproj")]
    [DataRow("edge-gateway/Journal", "../Mqtt/Mqtt.csproj")]
    [DataRow("simulators/Chips", "../../firmware/Firmware.csproj")]
    [DataRow("firmware", "../edge-gateway/Mqtt/Mqtt.csproj")]
    public void A_reference_in_the_wrong_direction_is_refused(string project, string reference)
    {
        string text = $"<Project><ItemGroup><ProjectReference Include=\"{reference}\" /></ItemGroup></Project>";
        StringAssert.Contains(ReferenceProblems(project, text).Single(), "may not reference");
    }

    [TestMethod]
    public void Source_names_only_namespaces_it_may_know()
    {
        List<string> errors = [];
        foreach (string file in new[] { "firmware", "edge-gateway", "simulators" }.SelectMany(f => Repository.Files(f, "*.cs")))
        {
            errors.AddRange(NamespaceProblems(Repository.Name(file), File.ReadAllText(file)));
        }

        Assert.IsEmpty(errors, "\n" + string.Join('\n', errors) + "\n");
    }

    [TestMethod]
    [DataRow("EdgeGateway.Gateway", "using Firmware.Pod;")]
    [DataRow("EdgeGateway.Gateway.Sessions", "using Firmware.Peripherals;")]
    [DataRow("EdgeGateway.Journal", "using EdgeGateway.Mqtt;")]
    [DataRow("Simulators.Chips", "using Firmware.Peripherals;")]
    [DataRow("Firmware.Peripherals", "using Firmware.Pod;")]
    [DataRow("Firmware.Core", "using Firmware.Protocol;")]
    public void A_name_in_the_wrong_direction_is_refused(string space, string line)
    {
        string text = $"{line}\nnamespace {space};\n// using Firmware.Pod;\n";
        string error = NamespaceProblems("planted.cs", text).Single();
        StringAssert.StartsWith(error, "planted.cs:1: ");
        StringAssert.Contains(error, "may not use");
    }

    [TestMethod]
    public void Compiled_code_uses_only_namespaces_it_may_know()
    {
        List<string> errors = [];
        List<string> absent = [];
        foreach ((string project, string assembly) in Assemblies)
        {
            string? file = Built(project, assembly);
            if (file is null)
            {
                absent.Add(assembly);
                continue;
            }

            using ModuleDefinition module = ModuleDefinition.ReadModule(file);
            foreach (TypeDefinition type in module.GetTypes())
            {
                errors.AddRange(TypeProblems(type));
            }
        }

        Assert.IsEmpty(errors, "\n" + string.Join('\n', errors.Distinct(StringComparer.Ordinal)) + "\n");
        if (absent.Count > 0)
        {
            Assert.Inconclusive("Not built, so not searched: " + string.Join(", ", absent) + ". dotnet build Firmware.sln builds them.");
        }
    }

    [TestMethod]
    public void A_compiled_use_in_the_wrong_direction_is_refused()
    {
        using ModuleDefinition module = ModuleDefinition.CreateModule("planted", ModuleKind.Dll);
        TypeDefinition type = new("Simulators.Chips", "Cheat", TypeAttributes.Public, module.TypeSystem.Object);
        type.Fields.Add(new FieldDefinition("f", FieldAttributes.Public, new ArrayType(new TypeReference("Firmware.Peripherals", "Tmp117", module, module))));
        module.Types.Add(type);
        StringAssert.Contains(TypeProblems(type).Single(), "Firmware.Peripherals.Tmp117");
    }

    [TestMethod]
    public void Every_project_is_in_the_solution_apart_from_those_of_the_devices()
    {
        string[] apart = ["firmware/Esp32/", "edge-gateway/Pi/"];
        string solution = File.ReadAllText(Repository.At("Firmware.sln")).Replace('\\', '/');
        string[] missing = Repository.Files(".", "*.csproj").Select(Repository.Name)
            .Where(n => !apart.Any(a => n.StartsWith(a, StringComparison.Ordinal)))
            .Where(n => !solution.Contains($"\"{n}\"", StringComparison.Ordinal)).ToArray();
        Assert.IsEmpty(missing, "Not in Firmware.sln: " + string.Join(", ", missing));
        string[] inside = apart.Where(a => solution.Contains(a, StringComparison.Ordinal)).ToArray();
        Assert.IsEmpty(inside, "These need packages that the default build does without: " + string.Join(", ", inside));
    }

    private static IEnumerable<string> ReferenceProblems(string project, string text)
    {
        IEnumerable<string> references = XDocument.Parse(text).Descendants().Where(e => e.Name.LocalName == "ProjectReference")
            .Select(e => Path.GetDirectoryName(Path.GetFullPath(Path.Combine(Repository.At(project), e.Attribute("Include")!.Value.Replace('\\', '/'))))!)
            .Select(Repository.Name);
        foreach (string reference in references)
        {
            if (project == "firmware/Esp32")
            {
                continue;
            }

            if (!Projects.TryGetValue(project, out string[]? allowed))
            {
                yield return $"{project} has no row in {nameof(DirectionTests)}.{nameof(Projects)}: decide whom it may know, and add it";
            }
            else if (!allowed.Contains(reference, StringComparer.Ordinal))
            {
                yield return $"{project} may not reference {reference}; it may know: {string.Join(", ", allowed.DefaultIfEmpty("nobody"))}";
            }
        }
    }

    private static IEnumerable<string> NamespaceProblems(string file, string text)
    {
        string? own = Part(Declared().Match(text).Groups["name"].Value);
        if (own is null || !Namespaces.ContainsKey(own))
        {
            yield break;
        }

        int line = 0;
        foreach (string raw in text.Split('\n'))
        {
            line++;
            int comment = raw.IndexOf("//", StringComparison.Ordinal);
            string code = comment < 0 ? raw : raw[..comment];
            foreach (Match match in Name().Matches(code))
            {
                string? part = Part(match.Value);
                if (part is not null && !May(own, part))
                {
                    yield return $"{file}:{line}: {own} may not use {part}; it may use: {string.Join(", ", Namespaces[own].DefaultIfEmpty("nobody"))}";
                }
            }
        }
    }

    private static IEnumerable<string> TypeProblems(TypeDefinition type)
    {
        TypeDefinition outer = type;
        while (outer.DeclaringType is not null)
        {
            outer = outer.DeclaringType;
        }

        string? own = Part(outer.Namespace);
        if (own is null || !Namespaces.ContainsKey(own))
        {
            yield break;
        }

        foreach (TypeReference used in Used(type))
        {
            TypeReference at = used;
            while (at.DeclaringType is not null)
            {
                at = at.DeclaringType;
            }

            string? part = Part(at.Namespace);
            if (part is not null && !May(own, part))
            {
                yield return $"{type.FullName} may not use {used.FullName}";
            }
        }
    }

    private static IEnumerable<TypeReference> Used(TypeDefinition type)
    {
        IEnumerable<TypeReference?> outside = [type.BaseType, .. type.Interfaces.Select(i => i.InterfaceType), .. type.Fields.Select(f => f.FieldType)];
        IEnumerable<TypeReference?> inside = type.Methods.SelectMany(m => (IEnumerable<TypeReference?>)
        [
            m.ReturnType, .. m.Parameters.Select(p => p.ParameterType),
            .. m.HasBody ? m.Body.Variables.Select(v => v.VariableType) : [],
            .. m.HasBody ? m.Body.Instructions.Select(Operand) : [],
        ]);
        return outside.Concat(inside).SelectMany(Elements);
    }

    private static TypeReference? Operand(Instruction instruction) => instruction.Operand switch
    {
        MemberReference { DeclaringType: { } declaring } and not TypeReference => declaring,
        TypeReference type => type,
        _ => null,
    };

    private static IEnumerable<TypeReference> Elements(TypeReference? type) => type switch
    {
        null or GenericParameter => [],
        GenericInstanceType generic => Elements(generic.ElementType).Concat(generic.GenericArguments.SelectMany(Elements)),
        TypeSpecification specification => Elements(specification.ElementType),
        _ => [type],
    };

    private static bool May(string own, string part) => own == part || Namespaces[own].Contains(part, StringComparer.Ordinal);

    private static string? Part(string name)
    {
        string[] words = name.Split('.');
        return words.Length >= 2 && words[0] is "Firmware" or "EdgeGateway" or "Simulators" ? words[0] + "." + words[1] : null;
    }

    private static string? Built(string project, string assembly) =>
        new[] { "debug", "release" }.Select(c => Repository.At($"artifacts/bin/{project}/{c}/{assembly}.dll")).Where(File.Exists)
            .OrderByDescending(File.GetLastWriteTimeUtc).FirstOrDefault();

    [GeneratedRegex(@"^\s*namespace\s+(?<name>[A-Za-z0-9_.]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Declared();

    [GeneratedRegex(@"(?<![A-Za-z0-9_.""/])(Firmware|EdgeGateway|Simulators)\.[A-Z][A-Za-z0-9_]*", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();
}
