using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Architecture.Tests.Nano;

/// <summary>The device's language: whether code is in the language and library of the pod's runtime.</summary>
internal sealed partial class NanoGate : IDisposable
{
    /// <summary>A directive for conditional compilation: what ships would not be what is tested.</summary>
    public const string Directive = "NANO10";

    /// <summary>A line of the approved list that is not in the lists of the real packages.</summary>
    public const string Unknown = "NANO11";

    /// <summary>More code than one assembly holds on the device.</summary>
    public const string CodeSize = "NANO13";

    /// <summary>Set to 1, the test writes the approved list anew from the code.</summary>
    public const string ApproveVariable = "NANO_APPROVE";

    private readonly string _folder = Directory.CreateTempSubdirectory("nano-gate-").FullName;
    private int _runs;

    /// <summary>The files that must be: firmware/ without Esp32 and Flash.</summary>
    public static IReadOnlyList<string> Sources() => Repository.Files("firmware", "*.cs")
        .Where(f => !Repository.Name(f).StartsWith("firmware/Esp32/", StringComparison.Ordinal) && !Repository.Name(f).StartsWith("firmware/Flash/", StringComparison.Ordinal))
        .ToArray();

    /// <summary>Compiles and searches.</summary>
    /// <param name="sources">Absolute paths.</param>
    /// <param name="lines">The members that exist outside mscorlib.</param>
    /// <returns>What is wrong; empty when it will run on the device as far as can be told without one.</returns>
    public IReadOnlyList<NanoFinding> Check(IReadOnlyList<string> sources, IReadOnlyList<string> lines) => Check(sources, lines, "Code", [], out _);

    /// <summary>Compiles each assembly apart, with only what it references visible, searches it, and counts its code.</summary>
    /// <param name="assemblies">The assemblies, each behind those that it references.</param>
    /// <param name="linesOf">The members of libraries that an assembly may see.</param>
    /// <param name="codeBytes">Bytes of code by assembly, estimated; of those that compile.</param>
    /// <returns>What is wrong.</returns>
    public IReadOnlyList<NanoFinding> CheckApart(IReadOnlyList<NanoAssembly> assemblies, Func<NanoAssembly, IReadOnlyList<string>> linesOf, out IReadOnlyDictionary<string, int> codeBytes)
    {
        Dictionary<string, string> compiled = new(StringComparer.Ordinal);
        Dictionary<string, int> sizes = new(StringComparer.Ordinal);
        List<NanoFinding> findings = [];
        codeBytes = sizes;
        foreach (NanoAssembly assembly in assemblies)
        {
            if (assembly.References.FirstOrDefault(r => !compiled.ContainsKey(r)) is string missing)
            {
                findings.Add(new NanoFinding(assembly.Project, 0, "NANO00", $"{missing} does not compile, so {assembly.Name} was not tried"));
                continue;
            }

            findings.AddRange(Check(assembly.Sources, linesOf(assembly), assembly.Name, [.. assembly.References.Select(r => compiled[r])], out string? output));
            if (output is null)
            {
                continue;
            }

            compiled[assembly.Name] = output;
            sizes[assembly.Name] = NanoAssembly.CodeBytes(output);
            if (sizes[assembly.Name] >= NanoAssembly.MaxCodeBytes)
            {
                findings.Add(new NanoFinding(assembly.Project, 0, CodeSize, $"{assembly.Name} has about {sizes[assembly.Name]} bytes of code in Debug, and one assembly holds 65,535; make two of it below {NanoAssembly.MaxCodeBytes}"));
            }
        }

        return findings;
    }

    /// <summary>The lines that this code needs, found by compiling it against everything there is.</summary>
    /// <param name="sources">Absolute paths.</param>
    /// <param name="all">Every line of the real packages.</param>
    /// <returns>The lines, in ordinal order.</returns>
    /// <exception cref="InvalidOperationException">The code does not compile even so.</exception>
    public IReadOnlyList<string> Needs(IReadOnlyList<string> sources, IReadOnlyList<string> all)
    {
        IReadOnlyList<NanoFinding> findings = Check(sources, all, "Code", [], out string? assembly);
        if (assembly is null)
        {
            throw new InvalidOperationException("It does not compile against the whole of the real packages:\n" + string.Join('\n', findings));
        }

        Dictionary<string, string> typeLines = all.Where(l => !l.Contains("::", StringComparison.Ordinal))
            .ToDictionary(l => l[..l.IndexOf(" : ", StringComparison.Ordinal)], l => l, StringComparer.Ordinal);
        SortedSet<string> needed = new(StringComparer.Ordinal);
        AddReferences(assembly, all, needed);
        while (true)
        {
            AddTypes(needed, typeLines);
            int before = needed.Count;
            foreach (NanoFinding finding in Check(sources, [.. needed], "Code", [], out _))
            {
                needed.UnionWith(Candidates(finding, all));
            }

            if (needed.Count == before)
            {
                return [.. needed];
            }
        }
    }

    /// <summary>Approved lines that do not stand in the lists of the real packages, or have type parameters.</summary>
    /// <param name="approved">The approved lines.</param>
    /// <param name="all">Every line of the real packages, or null where they are not present.</param>
    /// <returns>What is wrong.</returns>
    public IReadOnlyList<NanoFinding> CheckList(IReadOnlyList<string> approved, IReadOnlyList<string>? all)
    {
        HashSet<string>? known = all is null ? null : new HashSet<string>(all, StringComparer.Ordinal);
        List<NanoFinding> findings = NanoReference.Write(approved, Path.Combine(_folder, "list.dll"))
            .Select(p => new NanoFinding(NanoApi.ApprovedFile, 0, Unknown, p + " Add it.")).ToList();
        for (int i = 0; i < approved.Count; i++)
        {
            if (approved[i].Contains('<', StringComparison.Ordinal))
            {
                findings.Add(new NanoFinding(NanoApi.ApprovedFile, 0, NanoScan.Generic, $"'{approved[i]}' has type parameters, which the device cannot load; remove the line"));
            }
            else if (known is not null && !known.Contains(approved[i]))
            {
                findings.Add(new NanoFinding(NanoApi.ApprovedFile, 0, Unknown, $"'{approved[i]}' is in no real package; copy the line from the lists, signature and all"));
            }
        }

        return findings;
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private List<NanoFinding> Check(IReadOnlyList<string> sources, IReadOnlyList<string> lines, string name, string[] references, out string? assembly)
    {
        assembly = null;
        List<NanoFinding> findings = [];
        foreach (string source in sources)
        {
            int number = 0;
            foreach (string text in File.ReadLines(source))
            {
                number++;
                if (Conditional().IsMatch(text))
                {
                    findings.Add(new NanoFinding(Repository.Name(source), number, Directive, $"'{text.Trim()}': the tests on a PC would test other code than the device runs; put the difference behind a port of Core"));
                }
            }
        }

        _runs++;
        string folder = Directory.CreateDirectory(Path.Combine(_folder, _runs.ToString(CultureInfo.InvariantCulture))).FullName;
        string reference = Path.Combine(folder, "NanoLibraries.dll");
        string output = Path.Combine(folder, name + ".dll");
        NanoReference.Write(lines, reference);
        IReadOnlyList<NanoFinding> errors = NanoCompiler.Compile(sources, [NanoApi.CoreLibrary, reference, .. references], output);
        findings.AddRange(errors.Select(WithWayOut));
        if (errors.Count == 0)
        {
            assembly = output;
            findings.AddRange(NanoScan.Search(output, [NanoApi.CoreLibrary, reference, .. references]));
        }

        return findings;
    }

    private static NanoFinding WithWayOut(NanoFinding finding)
    {
        string[] real = NanoApi.Folder is string folder ? [.. Candidates(finding, NanoApi.All(folder))] : [];
        string wayOut = finding.Rule switch
        {
            "CS0117" or "CS1061" or "CS0103" or "CS0234" or "CS0246" or "CS1501" or "CS1503" or "CS7036" or "CS1729" when real.Length > 0 =>
                $"the device has it: run {ApproveVariable}=1 dotnet test tests/Architecture.Tests --filter Nano, which adds '{real[0]}'",
            "CS0518" or "CS0656" => "the construct needs a type that the device's runtime does not have; write it with plainer means",
            "CS0117" or "CS1061" or "CS0103" or "CS0234" or "CS0246" or "CS1501" or "CS1503" or "CS7036" or "CS1729" =>
                $"neither mscorlib nor this code nor {NanoApi.ApprovedFile} has it; if the lists of the real packages have it, add its line, else write it by hand",
            _ => "write it in the language of the device",
        };
        return finding with { Text = finding.Text + " — " + wayOut };
    }

    // The compiler names what it misses: 'string' does not contain a definition for 'Replace'.
    private static IEnumerable<string> Candidates(NanoFinding finding, IReadOnlyList<string> all)
    {
        Match member = MissingMember().Match(finding.Text);
        if (member.Success)
        {
            string type = member.Groups["type"].Value;
            string name = member.Groups["name"].Value;
            return all.Where(l =>
            {
                int split = l.IndexOf("::", StringComparison.Ordinal);
                return split > 0
                    && (l[..split] == type || l[..split].EndsWith("." + type, StringComparison.Ordinal))
                    && MemberName(l[(split + 2)..]) == name;
            });
        }

        Match missing = MissingType().Match(finding.Text);
        if (missing.Success)
        {
            string name = missing.Groups["name"].Value;
            return all.Where(l => !l.Contains("::", StringComparison.Ordinal)
                && (l.StartsWith(name + " : ", StringComparison.Ordinal) || l.Contains("." + name + " : ", StringComparison.Ordinal)
                    || l.Contains("." + name + "Attribute : ", StringComparison.Ordinal)));
        }

        return [];
    }

    private static string MemberName(string member)
    {
        string text = member.StartsWith("event ", StringComparison.Ordinal) ? member["event ".Length..] : member;
        int end = text.IndexOfAny(['(', ' ', '[']);
        return end < 0 ? text : text[..end];
    }

    private static void AddReferences(string assembly, IReadOnlyList<string> all, SortedSet<string> needed)
    {
        ILookup<string, string> members = all.Where(l => l.Contains("::", StringComparison.Ordinal))
            .ToLookup(l => l[..l.IndexOf("::", StringComparison.Ordinal)], StringComparer.Ordinal);
        ILookup<string, string> types = all.Where(l => !l.Contains("::", StringComparison.Ordinal))
            .ToLookup(l => l[..l.IndexOf(" : ", StringComparison.Ordinal)], StringComparer.Ordinal);
        using ModuleDefinition module = ModuleDefinition.ReadModule(assembly);
        foreach (TypeReference type in module.GetTypeReferences())
        {
            needed.UnionWith(types[type.FullName.Replace('/', '.')]);
        }

        foreach (MemberReference reference in module.GetMemberReferences())
        {
            string owner = reference.DeclaringType.FullName.Replace('/', '.');
            foreach (string line in members[owner])
            {
                if (Matches(reference, line[(owner.Length + 2)..]))
                {
                    needed.Add(line);
                }
            }
        }
    }

    private static bool Matches(MemberReference reference, string member)
    {
        string name = MemberName(member);
        if (reference is not MethodReference method)
        {
            return reference.Name == name;
        }

        if (member.Contains(" { ", StringComparison.Ordinal) || member.StartsWith("event ", StringComparison.Ordinal))
        {
            return method.Name == "get_" + name || method.Name == "set_" + name || method.Name == "add_" + name || method.Name == "remove_" + name;
        }

        if (method.Name != name)
        {
            return false;
        }

        string[] halves = member.Split('(', 2);
        if (halves.Length < 2)
        {
            return false;
        }

        string inside = halves[1][..halves[1].LastIndexOf(')')];
        string[] parameters = inside.Length == 0 ? [] : inside.Split(", ");
        return parameters.Length == method.Parameters.Count && parameters.Select(ParameterType).SequenceEqual(
            method.Parameters.Select(p => p.ParameterType.FullName.Replace('/', '.').TrimEnd('&')), StringComparer.Ordinal);
    }

    private static string ParameterType(string parameter)
    {
        int equals = parameter.IndexOf(" = ", StringComparison.Ordinal);
        return (equals < 0 ? parameter : parameter[..equals]).Split(' ')[^2];
    }

    // A line may only name types that have lines.
    private static void AddTypes(SortedSet<string> needed, Dictionary<string, string> typeLines)
    {
        Queue<string> open = new(needed);
        while (open.TryDequeue(out string? line))
        {
            foreach (Match word in Word().Matches(line.Replace("::", " ", StringComparison.Ordinal)))
            {
                string name = word.Value;
                if (!typeLines.ContainsKey(name))
                {
                    continue;
                }

                // A nested type needs the one around it.
                for (int dot = name.Length; dot > 0; dot = name.LastIndexOf('.', dot - 1))
                {
                    if (typeLines.TryGetValue(name[..dot], out string? typeLine) && needed.Add(typeLine))
                    {
                        open.Enqueue(typeLine);
                    }
                }
            }
        }
    }

    [GeneratedRegex(@"^\s*#\s*(if|elif|else|endif|define|undef)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Conditional();

    [GeneratedRegex("'(?<type>[^']+)' does not contain a (?:constructor|definition)(?: for '(?<name>[^']+)')?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MissingMember();

    [GeneratedRegex("(?:type or namespace name|The name|Predefined type|type) '(?<name>[A-Za-z0-9_.]+)'", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MissingType();

    [GeneratedRegex(@"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Word();
}
