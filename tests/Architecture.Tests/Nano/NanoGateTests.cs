using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using Firmware.Core;
using Firmware.Pod;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Mono.Cecil;

namespace Architecture.Tests.Nano;

/// <summary>The device's language: the pod's code is in the language and library of the device.</summary>
[TestClass]
public sealed class NanoGateTests
{
    [TestMethod]
    public void Nano_firmware_is_in_the_language_and_library_of_the_device()
    {
        if (Environment.GetEnvironmentVariable(NanoGate.ApproveVariable) == "1")
        {
            Approve();
        }

        using NanoGate gate = new();
        IReadOnlyList<NanoFinding> findings = gate.Check(NanoGate.Sources(), NanoApi.Approved());
        Assert.IsEmpty(findings, "\n" + string.Join('\n', findings) + "\n");
    }

    [TestMethod]
    public void Nano_approved_lines_are_those_of_the_real_packages()
    {
        using NanoGate gate = new();
        IReadOnlyList<NanoFinding> findings = gate.CheckList(NanoApi.Approved(), NanoApi.Folder is string folder ? NanoApi.All(folder) : null);
        Assert.IsEmpty(findings, "\n" + string.Join('\n', findings) + "\n");
        SkipUnlessListsArePresent();
    }

    [TestMethod]
    public void Nano_approved_lines_are_all_in_use()
    {
        string folder = SkipUnlessListsArePresent();
        using NanoGate gate = new();
        IReadOnlyList<string> needed = gate.Needs(NanoGate.Sources(), NanoApi.All(folder));
        string[] idle = NanoApi.Approved().Except(needed, StringComparer.Ordinal).ToArray();
        Assert.IsEmpty(idle, $"\nNothing under firmware/ uses these lines of {NanoApi.ApprovedFile}; remove them:\n" + string.Join('\n', idle) + "\n");
    }

    [TestMethod]
    public void Nano_each_assembly_of_the_device_compiles_apart_and_is_small_enough()
    {
        string folder = SkipUnlessListsArePresent();
        using NanoGate gate = new();
        IReadOnlyList<NanoAssembly> assemblies = NanoAssembly.OfTheBoard();
        IReadOnlyList<NanoFinding> findings = gate.CheckApart(assemblies, a => NanoApi.Of(folder, a.Packages), out IReadOnlyDictionary<string, int> codeBytes);
        Console.WriteLine(string.Join('\n', codeBytes.Select(c => $"{c.Key}: about {c.Value} bytes of code in Debug, bound {NanoAssembly.MaxCodeBytes}")));
        Assert.IsEmpty(findings, "\n" + string.Join('\n', findings) + "\n");
        Assert.AreEqual("Pod", assemblies[^1].Name);
    }

    [TestMethod]
    public void Nano_each_source_of_the_pod_is_in_one_assembly()
    {
        string[] given = [.. NanoAssembly.OfTheBoard().SelectMany(a => a.Sources)];
        string[] all = [.. NanoGate.Sources(), .. Repository.Files("firmware/Esp32", "*.cs")];
        Assert.IsEmpty(all.Except(given, StringComparer.Ordinal).ToArray(), "In no assembly of the device.");
        Assert.IsEmpty(given.GroupBy(s => s, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key).ToArray(), "In two assemblies of the device.");
    }

    [TestMethod]
    public void Nano_gate_shows_an_assembly_only_what_its_project_references()
    {
        using Planted planted = new(
            ("parts.cs", "namespace Planted;\npublic sealed class Part { public int Read() => 1; }\ninternal static class Own { }\n"),
            ("good.cs", "namespace Planted;\npublic sealed class Loop { public int Step(Part part) => part.Read() + System.Text.Encoding.UTF8.GetBytes(\"a\").Length; }\n"),
            ("inner.cs", "namespace Planted;\npublic sealed class Loop { public object Step() => typeof(Own); }\n"));
        string[] text = [.. NanoApi.Approved().Where(l => l.StartsWith("System.Text.Encoding", StringComparison.Ordinal))];
        NanoAssembly parts = new("Planted.Parts", "parts.csproj", [planted.Files[0]], [], []);
        NanoAssembly loop = new("Planted.Loop", "loop.csproj", [planted.Files[1]], ["Planted.Parts"], ["nanoFramework.System.Text"]);
        Assert.IsEmpty(Apart(parts, loop));
        StringAssert.Contains(Apart(parts, loop with { References = [] })[0].Text, "'Part'", "an assembly that is not referenced");
        Assert.IsTrue(Apart(parts, loop with { Packages = [] })[0].Text.Contains("'Encoding'", StringComparison.Ordinal) || Apart(parts, loop with { Packages = [] })[0].Text.Contains("'Text'", StringComparison.Ordinal), "a package that is not referenced");
        StringAssert.Contains(Apart(parts, loop with { Sources = [planted.Files[2]] })[0].Text, "inaccessible", "an internal type of another assembly");
        StringAssert.Contains(Apart(parts with { Sources = [planted.Files[1]] }, loop)[^1].Text, "was not tried");

        IReadOnlyList<NanoFinding> Apart(params NanoAssembly[] assemblies)
        {
            using NanoGate gate = new();
            return gate.CheckApart(assemblies, a => a.Packages.Count > 0 ? text : [], out _);
        }
    }

    [TestMethod]
    public void Nano_gate_refuses_more_code_than_an_assembly_holds()
    {
        // 10 bytes of IL an addition, 780 of the device for each 100 of them.
        static string Code(int methods) => "namespace Planted;\npublic static class Large\n{\n"
            + string.Concat(Enumerable.Range(0, methods).Select(i => $"    public static long M{i}(long a) => a {string.Concat(Enumerable.Repeat("+ (a * 72340172838076673) ", 70))};\n")) + "}\n";
        using Planted planted = new(("small.cs", Code(60)), ("large.cs", Code(100)));
        using NanoGate gate = new();
        NanoAssembly small = new("Planted.Small", "small.csproj", [planted.Files[0]], [], []);
        Assert.IsEmpty(gate.CheckApart([small], _ => [], out IReadOnlyDictionary<string, int> bytes));
        Assert.IsLessThan(NanoAssembly.MaxCodeBytes, bytes["Planted.Small"]);
        NanoFinding found = gate.CheckApart([small with { Sources = [planted.Files[1]] }], _ => [], out bytes).Single();
        Assert.AreEqual((NanoGate.CodeSize, "small.csproj"), (found.Rule, found.File));
        StringAssert.Contains(found.Text, "make two of it below");
        Assert.IsGreaterThan(65_535, bytes["Planted.Small"]);
    }

    [TestMethod]
    public void Nano_rings_of_the_pod_fit_one_array_of_the_device()
    {
        PodOptions options = new(1, []);
        foreach (PropertyInfo bound in typeof(PodOptions).GetProperties().Where(p => p.Name.EndsWith("RingBytes", StringComparison.Ordinal)))
        {
            Assert.IsLessThanOrEqualTo(RuntimeBounds.MaxArrayBytes, (int)bound.GetValue(options)!, bound.Name);
        }
    }

    [TestMethod]
    public void Nano_core_library_is_that_of_the_device()
    {
        using ModuleDefinition core = ModuleDefinition.ReadModule(NanoApi.CoreLibrary);
        Assert.AreEqual("mscorlib", core.Assembly.Name.Name);
        Assert.IsNull(core.GetType("System.Collections.Generic.List`1"), "This is not the device's library.");
    }

    [TestMethod]
    public void Nano_tests_of_the_device_are_the_shared_pod_tests()
    {
        // Desk tests may use everything; the contract runs drivers against simulated chips, which live on a PC.
        string[] desk = ["/Host/", "/Contract/", "/GlobalUsings.cs"];
        string[] shared = [.. Repository.Files("tests/Firmware.Tests", "*.cs").Where(f => !desk.Any(d => ("/" + Repository.Name(f)).Contains(d, StringComparison.Ordinal)))];
        string[] own = [.. Repository.Files("tests/Firmware.DeviceTests", "*.cs")];
        NanoAssembly tests = NanoAssembly.OfTheTests()[^1];
        Assert.AreEqual("NFUnitTest", tests.Name, "The test runner of the device wants this name.");
        CollectionAssert.AreEquivalent(shared, tests.Sources.Except(own, StringComparer.Ordinal).ToArray());
        CollectionAssert.AreEqual(new[] { "GlobalUsings.cs" }, own.Select(Path.GetFileName).ToArray(), "A test that the PC does not run.");
    }

    [TestMethod]
    public void Nano_tests_of_the_device_compile_against_the_real_packages()
    {
        string folder = SkipUnlessListsArePresent();
        using NanoGate gate = new();
        IReadOnlyList<NanoFinding> findings = gate.CheckApart(NanoAssembly.OfTheTests(), a => NanoApi.Of(folder, a.Packages), out IReadOnlyDictionary<string, int> codeBytes);
        Console.WriteLine($"NFUnitTest: about {codeBytes.GetValueOrDefault("NFUnitTest")} bytes of code in Debug, bound {NanoAssembly.MaxCodeBytes}");

        // A boxed enum is compared there as here; only its text is a number.
        NanoFinding[] serious = findings.Where(f => f.Rule != NanoScan.EnumText).ToArray();
        Assert.IsEmpty(serious, "\n" + string.Join('\n', serious.Take(40)) + "\n");
    }

    [TestMethod]
    public void Nano_gate_refuses_an_approved_line_that_is_not_real_or_generic()
    {
        using NanoGate gate = new();
        string[] real = ["System.Text.Decoder : abstract class", "System.Text.Encoding : abstract class"];
        Assert.IsEmpty(gate.CheckList(real, real));
        NanoFinding invented = gate.CheckList([.. real, "System.Text.Encoding::GetCount(System.String s) : System.Int32"], real).Single();
        Assert.AreEqual(NanoGate.Unknown, invented.Rule);
        NanoFinding open = gate.CheckList([.. real, "System.Text.Encoding::GetEncoder() : System.Text.Encoder"], null).Single();
        StringAssert.Contains(open.Text, "System.Text.Encoder, which has no line");
        NanoFinding core = gate.CheckList([.. real, "System.String : sealed class"], null).Single();
        StringAssert.Contains(core.Text, "in the real mscorlib");
        NanoFinding generic = gate.CheckList([.. real, "System.Text.Encoding::Of(System.Array<System.String> a) : System.String"], null)
            .First(f => f.Rule == NanoScan.Generic);
        StringAssert.Contains(generic.Text, "remove the line");
    }

    [TestMethod]
    public void Nano_gate_takes_what_the_device_can_do()
    {
        using Planted planted = new(("good.cs", """
            namespace Planted;
            public enum Colour : byte { Red, Blue }
            public delegate void Sent(int value);
            public interface IPort { int Read(byte[] buffer, int offset, out int count); event Sent Heard; }
            public readonly struct Pair(int left, int right) { public int Left { get; } = left; public int Right { get; } = right; }
            public sealed class Good : IPort
            {
                private static readonly int[][] Table = [[1, 2], [3]];
                private readonly object _gate = new();
                public event Sent? Heard;
                public byte[] Largest = new byte[786399];
                public int Read(byte[] buffer, int offset, out int count)
                {
                    count = Table[0].Length;
                    lock (_gate) { Heard?.Invoke(offset); }
                    Sent told = v => count2 = v;
                    told(3);
                    try { return buffer[offset]; } catch (System.Exception) when (offset > 3) { return new Pair(1, 2).Left; }
                }
                private int count2;
                public string Text(Colour colour) => colour switch { Colour.Red => "red", _ => "other " + (int)colour + $" {count2} {count2:X4} {count2.ToString("D3")}" };
            }
            """));
        using NanoGate gate = new();
        IReadOnlyList<NanoFinding> findings = gate.Check(planted.Files, NanoApi.Approved());
        Assert.IsEmpty(findings, "\n" + string.Join('\n', findings));
    }

    // Each compiles and would fail on the device: rule, member, part of the way out. One compiler run for all.
    private static readonly (string Rule, string Member, string WayOut)[] Failing =
    [
        (NanoScan.Generic, "public T Same<T>(T value) => value;", "write the type out"),
        (NanoScan.Generic, "public class Box<T> { public T? Value; public void Touch() { } }", "write the type out"),
        (NanoScan.Rank, "public int Sum() { int[,] a = new int[2, 2]; return a[0, 1]; }", "array of arrays"),
        (NanoScan.Rank, "public int[,] Field = new int[3, 3];", "array of arrays"),
        (NanoScan.InterfaceBody, "public interface IHas { int Two() { return 2; } }", "put the code into a class"),
        (NanoScan.EnumText, "public string Text(K k) { return k.ToString(); }", "cast to int"),
        (NanoScan.EnumText, "public string Text(K k) { return \"k=\" + k; }", "cast to int"),
        (NanoScan.EnumText, "public object Text(K k) { return k; }", "cast to int"),
        (NanoScan.Checked, "public int Sum(int a) { return checked(a + 1); }", "test the range"),
        (NanoScan.Checked, "public int At(int[] a, long i) { return a[i]; }", "cast a long index"),
        (NanoScan.Format, "public string Text(int a) { return a.ToString(\"0.00\"); }", "use F2"),
        (NanoScan.Format, "public string Text(double a) { return $\"v={a:P1}\"; }", "use F2"),
        (NanoScan.Format, "public string Text(double a) { return $\"v={a,8:F1}\"; }", "no alignment"),
        (NanoScan.Format, "public string Text(int a, string f) { return a.ToString(f); }", "as literals"),
        (NanoScan.Array, "public byte[] Ring = new byte[786400];", "65,535 blocks"),
        (NanoScan.Array, "public int[] Ring() { return new int[196600]; }", "65,535 blocks"),
        (NanoScan.Array, "public string[] Ring() { return new string[65534]; }", "65,535 blocks"),
        (NanoScan.RefStruct, "public ref struct Local { public int A; public void Touch() { } }", "SpanByte"),
    ];

    // Each is refused by the compiler, since the device's library has no such thing.
    private static readonly string[] Refused =
    [
        "public string A(string s) { return s.Replace(\"a\", \"b\"); }",
        "public string A(string[] s) { return string.Join(\",\", s); }",
        "public void A(byte[] b) { System.Array.Resize(ref b, 3); }",
        "public int? A() { return null; }",
        "public (int, int) A() { return (1, 2); }",
        "public record R(int A);",
        "public int A(int[] a) { return a[^1]; }",
        "public byte[] A(byte[] a) { return a[1..3]; }",
        "public System.Collections.Generic.List<int> A() { return new(); }",
        "public System.Span<byte> A() { return default; }",
        "public async System.Threading.Tasks.Task A() { await System.Threading.Tasks.Task.Yield(); }",
        "public System.Collections.IEnumerable A() { yield return 1; }",
        "public decimal A() { return 1m; }",
        "public dynamic A() { return 1; }",
        "public unsafe void A() { byte* p = null; }",
        "public required int A { get; init; }",
        "public float A(float f) { return System.MathF.Sqrt(f); }",
        "public object A() { return System.Enum.Parse(typeof(int), \"a\"); }",
        "public void A(object o) { System.Threading.Monitor.Wait(o); }",
    ];

    [TestMethod]
    public void Nano_gate_finds_what_compiles_but_fails_on_the_device()
    {
        using Planted planted = new(Failing.Select((f, i) => ($"bad{i}.cs", $"namespace Planted{i};\npublic enum K {{ A, B }}\npublic class Bad {{ {f.Member} }}\n")).ToArray());
        using NanoGate gate = new();
        IReadOnlyList<NanoFinding> findings = gate.Check(planted.Files, NanoApi.Approved());
        for (int i = 0; i < Failing.Length; i++)
        {
            // A type without code has no line; its full name stands for the file then.
            NanoFinding? found = findings.FirstOrDefault(f => f.Rule == Failing[i].Rule
                && (f.Line == 0 ? f.File.StartsWith($"Planted{i}.", StringComparison.Ordinal) : f.Line == 3 && f.File.EndsWith($"/bad{i}.cs", StringComparison.Ordinal)));
            Assert.IsNotNull(found, $"{Failing[i].Rule} was not found in: {Failing[i].Member}\n" + string.Join('\n', findings));
            StringAssert.Contains(found.Text, Failing[i].WayOut);
        }
    }

    [TestMethod]
    public void Nano_gate_refuses_conditional_compilation()
    {
        using Planted planted = new(("bad.cs", "namespace Planted;\n\n#if DEBUG\npublic class Bad { }\n#endif\n"));
        using NanoGate gate = new();
        NanoFinding[] found = [.. gate.Check(planted.Files, NanoApi.Approved())];
        CollectionAssert.AreEqual(new[] { 3, 5 }, found.Select(f => f.Line).ToArray());
        Assert.IsTrue(found.All(f => f.Rule == NanoGate.Directive && f.Text.Contains("behind a port", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Nano_gate_refuses_what_the_device_does_not_have()
    {
        using Planted planted = new(Refused.Select((member, i) => ($"bad{i}.cs", $"namespace Planted{i};\n\npublic class Bad {{ {member} }}\n")).ToArray());
        using NanoGate gate = new();
        IReadOnlyList<string> all = NanoApi.Approved();

        // Errors in declarations hide those in bodies: what was refused is taken out, and the rest is compiled again.
        List<string> left = [.. planted.Files];
        while (left.Count > 0)
        {
            NanoFinding[] findings = gate.Check(left, all).Where(f => f.Line == 3).ToArray();
            Assert.IsTrue(findings.All(f => f.Text.Contains(" — ", StringComparison.Ordinal)), "A way out is missing.");
            int removed = left.RemoveAll(file => findings.Any(f => f.File.EndsWith("/" + Path.GetFileName(file), StringComparison.Ordinal)));
            Assert.AreNotEqual(0, removed, "Taken, and should be refused:\n" + string.Join('\n', left.Select(File.ReadAllText)));
        }
    }

    [TestMethod]
    public void Nano_gate_names_the_line_to_add_for_a_member_that_the_device_has()
    {
        SkipUnlessListsArePresent();
        using Planted planted = new(("bad.cs", "namespace Planted;\n\npublic class Bad { public char[] A(byte[] b) { return System.Text.Encoding.UTF8.GetChars(b); } }\n"));
        using NanoGate gate = new();
        string[] without = NanoApi.Approved().Where(l => !l.StartsWith("System.Text.Encoding::GetChars", StringComparison.Ordinal)).ToArray();
        NanoFinding found = gate.Check(planted.Files, without).Single();
        StringAssert.Contains(found.Text, "System.Text.Encoding::GetChars(System.Byte[] bytes) : virtual System.Char[]");
    }

    private static string SkipUnlessListsArePresent()
    {
        if (NanoApi.Folder is string folder)
        {
            return folder;
        }

        Assert.Inconclusive($"The lists of the real packages are not present; {NanoApi.FolderVariable} names their folder.");
        return string.Empty;
    }

    private static void Approve()
    {
        using NanoGate gate = new();
        IReadOnlyList<string> needed = gate.Needs(NanoGate.Sources(), NanoApi.All(SkipUnlessListsArePresent()));
        string file = Repository.At(NanoApi.ApprovedFile);
        string[] remarks = File.Exists(file) ? File.ReadLines(file).Where(l => l.StartsWith('#')).ToArray() : [];
        File.WriteAllText(file, string.Join('\n', [.. remarks, .. needed]) + "\n");
    }

    private sealed class Planted : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("planted-").FullName;

        public Planted(params (string Name, string Text)[] files)
        {
            Files = files.Select(f =>
            {
                string path = Path.Combine(_folder, f.Name);
                File.WriteAllText(path, f.Text);
                return path;
            }).ToArray();
        }

        public string[] Files { get; }

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }
}
