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

/// <summary>The directions: who may know whom. The tables stand in <see cref="Directions"/>.</summary>
[TestClass]
public sealed partial class DirectionTests
{
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
    public void Compiled_code_uses_only_namespaces_it_may_know() => Search(module => module.GetTypes().SelectMany(TypeProblems));

    [TestMethod]
    public void Folders_use_only_folders_they_may_know() => Search(module => module.GetTypes().SelectMany(FolderProblems));

    [TestMethod]
    [DataRow("EdgeGateway.Core.Auscultation", "EdgeGateway.Core.Sound", "LiveSound")]
    [DataRow("EdgeGateway.Core.Records", "EdgeGateway.Core.Retained", "RetainedTopics")]
    [DataRow("EdgeGateway.Core.Unheard", "EdgeGateway.Core.Delivery", "Uplink")]
    [DataRow("EdgeGateway.Core.Delivery", "EdgeGateway.Core", "GatewayCore")]
    [DataRow("EdgeGateway.Core.Delivery", "EdgeGateway.Core", "GatewayServices")]
    [DataRow("EdgeGateway.Core.Health", "EdgeGateway.Core", "GatewayDelivery")]
    [DataRow("Firmware.Pod.Store", "Firmware.Pod.Link", "Uplink")]
    [DataRow("Simulators.Cart.Ledger", "Simulators.Cart.World", "SimulatedWorld")]
    public void A_folder_that_uses_another_in_the_wrong_direction_is_refused(string own, string other, string used)
    {
        using ModuleDefinition module = ModuleDefinition.CreateModule("planted", ModuleKind.Dll);
        StringAssert.Contains(FolderProblems(Planted(module, own, new TypeReference(other, used, module, module))).Single(), $"may not use {other}.{used}");
    }

    [TestMethod]
    public void Every_direction_between_folders_is_used() => Search(UnusedDirections);

    [TestMethod]
    public void A_direction_that_nothing_uses_is_refused()
    {
        using ModuleDefinition module = ModuleDefinition.CreateModule("planted", ModuleKind.Dll);
        Planted(module, "Firmware.Pod.Store", new TypeReference("Firmware.Pod.Diagnostics", "Diagnostics", module, module));
        string[] unused = [.. UnusedDirections(module).Where(u => u.StartsWith("Firmware.Pod.Store ", StringComparison.Ordinal))];
        StringAssert.Contains(unused.Single(), "Firmware.Pod.Store uses nothing of the files beside the folders");
    }

    [TestMethod]
    public void The_gateways_logic_has_no_adapters() => Search(module => module.Assembly.Name.Name == "EdgeGateway.Core" ? module.GetTypes().SelectMany(AdapterProblems) : []);

    [TestMethod]
    [DataRow("System.IO", "File")]
    [DataRow("System.IO", "FileStream")]
    [DataRow("System.Threading.Tasks", "Task")]
    [DataRow("System.Net.Sockets", "Socket")]
    public void An_adapter_in_the_gateways_logic_is_refused(string space, string used)
    {
        using ModuleDefinition module = ModuleDefinition.CreateModule("planted", ModuleKind.Dll);
        StringAssert.Contains(AdapterProblems(Planted(module, "EdgeGateway.Core.Delivery", new TypeReference(space, used, module, module))).Single(), $"{space}.{used}");
    }

    [TestMethod]
    public void Only_the_named_projects_know_asp_net()
    {
        Dictionary<string, string> projects = Repository.Files(".", "*.csproj").Where(f => !Repository.Name(f).StartsWith("tests/", StringComparison.Ordinal))
            .ToDictionary(f => Repository.Name(Path.GetDirectoryName(f)!), File.ReadAllText, StringComparer.Ordinal);
        string[] errors = projects.Keys.Except(Directions.MayUseAspNet, StringComparer.Ordinal).SelectMany(p => AspNetProblems(p, projects)).ToArray();
        Assert.IsEmpty(errors, "\n" + string.Join('\n', errors) + "\n");
        Assert.IsEmpty(Directions.MayUseAspNet.Where(p => !AspNetProblems(p, projects).Any()).ToArray(), "These need no ASP.NET; take them from Directions.MayUseAspNet.");
    }

    [TestMethod]
    public void Asp_net_behind_a_reference_is_found()
    {
        Dictionary<string, string> projects = new(StringComparer.Ordinal)
        {
            ["simulators/Cart"] = "<Project><ItemGroup><ProjectReference Include=\"../../edge-gateway/Core/Core.csproj\" /></ItemGroup></Project>",
            ["edge-gateway/Core"] = "<Project><ItemGroup><ProjectReference Include=\"../Web/Web.csproj\" /></ItemGroup></Project>",
            ["edge-gateway/Web"] = "<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup><FrameworkReference Include=\"Microsoft.AspNetCore.App\" /></ItemGroup></Project>",
        };
        Assert.AreEqual("simulators/Cart knows ASP.NET by edge-gateway/Core, edge-gateway/Web", AspNetProblems("simulators/Cart", projects).Single());
        projects["edge-gateway/Web"] = "<Project Sdk=\"Microsoft.NET.Sdk.Web\" />";
        Assert.HasCount(1, AspNetProblems("simulators/Cart", projects).ToArray());
        projects["edge-gateway/Web"] = "<Project><ItemGroup><PackageReference Include=\"Microsoft.AspNetCore.OpenApi\" /></ItemGroup></Project>";
        Assert.HasCount(1, AspNetProblems("simulators/Cart", projects).ToArray());
        projects["edge-gateway/Web"] = "<Project Sdk=\"Microsoft.NET.Sdk\" />";
        Assert.IsEmpty(AspNetProblems("simulators/Cart", projects).ToArray());
    }

    [TestMethod]
    public void Compiled_code_of_all_other_projects_references_no_asp_net() => Search(module => AspNetAssemblies(module));

    [TestMethod]
    public void A_compiled_reference_to_asp_net_is_refused()
    {
        using ModuleDefinition module = ModuleDefinition.CreateModule("Simulators.Cart", ModuleKind.Dll);
        module.AssemblyReferences.Add(new AssemblyNameReference("Microsoft.AspNetCore.Http.Abstractions", new Version(10, 0)));
        StringAssert.Contains(AspNetAssemblies(module).Single(), "Microsoft.AspNetCore.Http.Abstractions");
    }

    [TestMethod]
    public void A_compiled_use_in_the_wrong_direction_is_refused()
    {
        using ModuleDefinition module = ModuleDefinition.CreateModule("planted", ModuleKind.Dll);
        TypeDefinition type = Planted(module, "Simulators.Chips", new ArrayType(new TypeReference("Firmware.Peripherals", "Tmp117", module, module)));
        StringAssert.Contains(TypeProblems(type).Single(), "Firmware.Peripherals.Tmp117");
    }

    [TestMethod]
    public void Every_project_is_in_the_solution_apart_from_those_of_the_devices()
    {
        string[] apart = ["firmware/Esp32/", "tests/Firmware.DeviceTests/", "edge-gateway/Pi/"];
        string solution = File.ReadAllText(Repository.At("Firmware.sln")).Replace('\\', '/');
        string[] missing = Repository.Files(".", "*.csproj").Select(Repository.Name)
            .Where(n => !apart.Any(a => n.StartsWith(a, StringComparison.Ordinal)))
            .Where(n => !solution.Contains($"\"{n}\"", StringComparison.Ordinal)).ToArray();
        Assert.IsEmpty(missing, "Not in Firmware.sln: " + string.Join(", ", missing));
        string[] inside = apart.Where(a => solution.Contains(a, StringComparison.Ordinal)).ToArray();
        Assert.IsEmpty(inside, "These need packages that the default build does without: " + string.Join(", ", inside));
    }

    private static TypeDefinition Planted(ModuleDefinition module, string space, TypeReference used)
    {
        TypeDefinition type = new(space, "Cheat", TypeAttributes.Public, module.TypeSystem.Object);
        type.Fields.Add(new FieldDefinition("f", FieldAttributes.Public, used));
        module.Types.Add(type);
        return type;
    }

    // Runs over every assembly that was built; inconclusive when one was not.
    private static void Search(Func<ModuleDefinition, IEnumerable<string>> problems)
    {
        List<string> errors = [];
        List<string> absent = [];
        foreach ((string project, string assembly) in Directions.Assemblies)
        {
            if (Built(project, assembly) is not string file)
            {
                absent.Add(assembly);
                continue;
            }

            using ModuleDefinition module = ModuleDefinition.ReadModule(file);
            errors.AddRange(problems(module));
        }

        Assert.IsEmpty(errors, "\n" + string.Join('\n', errors.Distinct(StringComparer.Ordinal)) + "\n");
        if (absent.Count > 0)
        {
            Assert.Inconclusive("Not built, so not searched: " + string.Join(", ", absent) + ". dotnet build Firmware.sln builds them.");
        }
    }

    private static IEnumerable<string> References(string project, string text) =>
        XDocument.Parse(text).Descendants().Where(e => e.Name.LocalName == "ProjectReference")
            .Select(e => Path.GetDirectoryName(Path.GetFullPath(Path.Combine(Repository.At(project), e.Attribute("Include")!.Value.Replace('\\', '/'))))!)
            .Select(Repository.Name);

    private static IEnumerable<string> AspNetProblems(string project, Dictionary<string, string> projects)
    {
        Queue<(string Project, string[] Way)> open = new([(project, [])]);
        HashSet<string> seen = new(StringComparer.Ordinal);
        while (open.TryDequeue(out (string Project, string[] Way) at))
        {
            if (!seen.Add(at.Project) || !projects.TryGetValue(at.Project, out string? text))
            {
                continue;
            }

            XElement root = XDocument.Parse(text).Root!;
            if (root.Attribute("Sdk")?.Value.EndsWith(".Web", StringComparison.Ordinal) == true || root.Descendants().Any(e =>
                e.Name.LocalName is "FrameworkReference" or "PackageReference" && e.Attribute("Include")?.Value.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal) == true))
            {
                yield return project + " knows ASP.NET" + (at.Way.Length == 0 ? " itself" : " by " + string.Join(", ", at.Way));
            }

            foreach (string reference in References(at.Project, text))
            {
                open.Enqueue((reference, [.. at.Way, reference]));
            }
        }
    }

    private static IEnumerable<string> AspNetAssemblies(ModuleDefinition module)
    {
        string name = module.Assembly?.Name.Name ?? module.Name;
        string project = Directions.Assemblies.FirstOrDefault(a => a.Assembly == name).Project;
        return Directions.MayUseAspNet.Any(p => p.EndsWith("/" + project, StringComparison.Ordinal))
            ? []
            : module.AssemblyReferences.Where(r => r.Name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)).Select(r => $"{name} references {r.Name}");
    }

    // The types of other folders of the same namespace that a type uses, each with its folder; "." are the files beside the folders.
    private static IEnumerable<(TypeReference Used, string Folder)> OfOtherFolders(TypeDefinition type)
    {
        if (Folder(Outer(type).Namespace) is not (string root, string own) || own.Length == 0)
        {
            yield break;
        }

        foreach (TypeReference used in Used(type).Select(Outer).Where(u => !Directions.Words.Contains(u.FullName, StringComparer.Ordinal)))
        {
            if (Folder(used.Namespace) is (string otherRoot, string other) && otherRoot == root && other != own)
            {
                yield return (used, other.Length == 0 ? "." : other);
            }
        }
    }

    private static IEnumerable<string> UnusedDirections(ModuleDefinition module)
    {
        HashSet<string> used = [];
        HashSet<string> roots = [];
        foreach (TypeDefinition type in module.GetTypes())
        {
            if (Folder(Outer(type).Namespace) is (string root, string own))
            {
                roots.Add(root);
                used.UnionWith(OfOtherFolders(type).Select(o => $"{root}.{own} {o.Folder}"));
            }
        }

        return from root in roots
               from row in Directions.Folders[root]
               from other in row.Value
               where !used.Contains($"{root}.{row.Key} {other}")
               select $"{root}.{row.Key} uses nothing of {(other == "." ? "the files beside the folders" : other)}: take it from its row ({nameof(Directions)}.{nameof(Directions.Folders)})";
    }

    private static IEnumerable<string> FolderProblems(TypeDefinition type)
    {
        if (Folder(Outer(type).Namespace) is not (string root, string own) || own.Length == 0)
        {
            yield break;
        }

        string[] allowed = Directions.Folders[root].GetValueOrDefault(own, []);
        foreach ((TypeReference used, string folder) in OfOtherFolders(type))
        {
            if (!allowed.Contains(folder, StringComparer.Ordinal) || Directions.Composition.Contains(used.FullName, StringComparer.Ordinal))
            {
                yield return $"{Outer(type).FullName} may not use {used.FullName}; {root}.{own} may use: {string.Join(", ", allowed.DefaultIfEmpty("nobody"))} ({nameof(Directions)}.{nameof(Directions.Folders)})";
            }
        }
    }

    private static IEnumerable<string> AdapterProblems(TypeDefinition type) => Used(type).Select(u => Outer(u).FullName)
        .Where(n => Directions.AdaptersOnly.Any(a => a.EndsWith('.') ? n.StartsWith(a, StringComparison.Ordinal) : n == a))
        .Select(n => $"{Outer(type).FullName} may not use {n}: it belongs in an adapter");

    private static (string Root, string Folder)? Folder(string space)
    {
        string[] words = space.Split('.', 4);
        return words.Length >= 2 && words[0] + "." + words[1] is string root && Directions.Folders.ContainsKey(root) ? (root, words.Length > 2 ? words[2] : string.Empty) : null;
    }

    private static TypeReference Outer(TypeReference type) => type.DeclaringType is null ? type : Outer(type.DeclaringType);

    private static IEnumerable<string> ReferenceProblems(string project, string text)
    {
        foreach (string reference in References(project, text))
        {
            if (project == "firmware/Esp32" || project.StartsWith("firmware/Esp32/", StringComparison.Ordinal) || project == "tests/Firmware.DeviceTests")
            {
                continue;
            }

            if (!Directions.Projects.TryGetValue(project, out string[]? allowed))
            {
                yield return $"{project} has no row in {nameof(Directions)}.{nameof(Directions.Projects)}: decide whom it may know, and add it";
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
        if (own is null || !Directions.Namespaces.ContainsKey(own))
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
                    yield return $"{file}:{line}: {own} may not use {part}; it may use: {string.Join(", ", Directions.Namespaces[own].DefaultIfEmpty("nobody"))}";
                }
            }
        }
    }

    private static IEnumerable<string> TypeProblems(TypeDefinition type)
    {
        string? own = Part(Outer(type).Namespace);
        if (own is null || !Directions.Namespaces.ContainsKey(own))
        {
            yield break;
        }

        foreach (TypeReference used in Used(type))
        {
            string? part = Part(Outer(used).Namespace);
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

    private static bool May(string own, string part) => own == part || Directions.Namespaces[own].Contains(part, StringComparer.Ordinal);

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
