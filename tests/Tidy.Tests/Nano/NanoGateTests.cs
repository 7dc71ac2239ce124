using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Xml.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Tidy.Tests.Nano;

/// <summary>Law 1: the pod's code is in the language and library of the device.</summary>
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
    public void Nano_program_of_the_device_compiles_against_the_real_packages()
    {
        IReadOnlyList<string> own = Repository.Files("firmware/Esp32", "*.cs");
        if (own.Count == 0)
        {
            Assert.Inconclusive("firmware/Esp32 has no source.");
        }

        string folder = SkipUnlessListsArePresent();
        using NanoGate gate = new();
        IReadOnlyList<NanoFinding> findings = gate.Check([.. NanoGate.Sources(), .. own], NanoApi.All(folder));
        Assert.IsEmpty(findings, "\n" + string.Join('\n', findings) + "\n");
    }

    [TestMethod]
    public void Nano_project_of_the_device_pins_the_packages_that_the_lists_were_made_from()
    {
        XDocument project = XDocument.Load(Repository.At("firmware/Esp32/Esp32.csproj"));
        Assert.AreEqual("nanoFramework.NET.Sdk/1.0.0-preview.11", project.Root!.Attribute("Sdk")!.Value);
        Assert.AreEqual("3.0.29", project.Descendants("NanoFrameworkMDPVersion").Single().Value);
        Assert.AreEqual(NanoCompiler.LanguageVersion, project.Descendants("LangVersion").Single().Value);
        Dictionary<string, string> versions = Directory.EnumerateFiles(SkipUnlessListsArePresent(), "*.txt").Select(f => File.ReadLines(f).First().Split([' '], StringSplitOptions.RemoveEmptyEntries))
            .ToDictionary(w => w[Array.IndexOf(w, "package:") + 1], w => w[Array.IndexOf(w, "version:") + 1], StringComparer.Ordinal);
        foreach (XElement reference in project.Descendants("PackageReference"))
        {
            string package = reference.Attribute("Include")!.Value;
            Assert.AreEqual(versions[package], reference.Attribute("Version")!.Value, package);
        }
    }

    [TestMethod]
    public void Nano_gate_refuses_an_approved_line_that_is_not_real_or_generic()
    {
        using NanoGate gate = new();
        string[] real = ["System.Object : class", "System.String : sealed class"];
        Assert.IsEmpty(gate.CheckList(real, real));
        NanoFinding invented = gate.CheckList([.. real, "System.String::Replace(System.String a, System.String b) : System.String"], real).Single();
        Assert.AreEqual(NanoGate.Unknown, invented.Rule);
        NanoFinding open = gate.CheckList([.. real, "System.String::Trim(System.Char c) : System.String"], null).Single();
        StringAssert.Contains(open.Text, "System.Char");
        NanoFinding generic = gate.CheckList([.. real, "System.Void : struct", "System.ValueType : abstract class", "System.String::Of(System.Array<System.String> a) : System.String"], null)
            .First(f => f.Rule == NanoScan.Generic);
        StringAssert.Contains(generic.Text, "remove the line");
    }

    [TestMethod]
    public void Nano_gate_takes_what_the_device_can_do()
    {
        using Planted planted = new(("good.cs", """
            namespace Planted;
            public enum Colour : byte { Red, Blue }
            public delegate void Told(int value);
            public interface IPort { int Read(byte[] buffer, int offset, out int count); event Told Heard; }
            public readonly struct Pair(int left, int right) { public int Left { get; } = left; public int Right { get; } = right; }
            public sealed class Good : IPort
            {
                private static readonly int[][] Table = [[1, 2], [3]];
                private readonly object _gate = new();
                public event Told? Heard;
                public int Read(byte[] buffer, int offset, out int count)
                {
                    count = Table[0].Length;
                    lock (_gate) { Heard?.Invoke(offset); }
                    Told told = v => count2 = v;
                    told(3);
                    try { return buffer[offset]; } catch (System.Exception) when (offset > 3) { return new Pair(1, 2).Left; }
                }
                private int count2;
                public string Text(Colour colour) => colour switch { Colour.Red => "red", _ => "other " + (int)colour + $" {count2} {count2:X4} {count2.ToString("D3")}" };
            }
            """));
        string folder = SkipUnlessListsArePresent();
        using NanoGate gate = new();
        IReadOnlyList<NanoFinding> findings = gate.Check(planted.Files, NanoApi.All(folder));
        Assert.IsEmpty(findings, "\n" + string.Join('\n', findings));
    }

    // Each compiles and would fail on the device. Line 3 holds the fault.
    [TestMethod]
    [DataRow(NanoScan.Generic, "public T Same<T>(T value) => value;", "write the type out")]
    [DataRow(NanoScan.Generic, "public class Box<T> { public T? Value; public void Touch() { } }", "write the type out")]
    [DataRow(NanoScan.Rank, "public int Sum() { int[,] a = new int[2, 2]; return a[0, 1]; }", "array of arrays")]
    [DataRow(NanoScan.Rank, "public int[,] Field = new int[3, 3];", "array of arrays")]
    [DataRow(NanoScan.InterfaceBody, "public interface IHas { int Two() { return 2; } }", "put the code into a class")]
    [DataRow(NanoScan.EnumText, "public string Text(K k) { return k.ToString(); }", "cast to int")]
    [DataRow(NanoScan.EnumText, "public string Text(K k) { return \"k=\" + k; }", "cast to int")]
    [DataRow(NanoScan.EnumText, "public object Text(K k) { return k; }", "cast to int")]
    [DataRow(NanoScan.Checked, "public int Sum(int a) { return checked(a + 1); }", "test the range")]
    [DataRow(NanoScan.Checked, "public int At(int[] a, long i) { return a[i]; }", "cast a long index")]
    [DataRow(NanoScan.Format, "public string Text(int a) { return a.ToString(\"0.00\"); }", "use F2")]
    [DataRow(NanoScan.Format, "public string Text(double a) { return $\"v={a:P1}\"; }", "use F2")]
    [DataRow(NanoScan.Format, "public string Text(double a) { return $\"v={a,8:F1}\"; }", "no alignment")]
    [DataRow(NanoScan.Format, "public string Text(int a, string f) { return a.ToString(f); }", "as literals")]
    [DataRow(NanoScan.RefStruct, "public ref struct Local { public int A; public void Touch() { } }", "SpanByte")]
    [DataRow(NanoGate.Directive, "\n#if DEBUG\n#endif", "behind a port", DisplayName = "#if")]
    public void Nano_gate_finds_what_compiles_but_fails_on_the_device(string rule, string member, string wayOut)
    {
        string folder = SkipUnlessListsArePresent();
        using Planted planted = new(("bad.cs", "namespace Planted;\npublic enum K { A, B }\npublic class Bad { " + member + " }\n"));
        using NanoGate gate = new();
        string[] withHelpers = [.. NanoApi.All(folder)];
        IReadOnlyList<NanoFinding> findings = gate.Check(planted.Files, withHelpers);
        NanoFinding? found = findings.FirstOrDefault(f => f.Rule == rule);
        Assert.IsNotNull(found, $"{rule} was not found; found were:\n" + string.Join('\n', findings));
        StringAssert.Contains(found.Text, wayOut);
        if (found.Line > 0)
        {
            StringAssert.EndsWith(found.File, "bad.cs");
            Assert.AreEqual(rule == NanoGate.Directive ? 4 : 3, found.Line);
        }
    }

    // Each is refused by the compiler, since the device's library has no such thing. Line 3 holds the fault.
    [TestMethod]
    [DataRow("public string A(string s) { return s.Replace(\"a\", \"b\"); }")]
    [DataRow("public string A(string[] s) { return string.Join(\",\", s); }")]
    [DataRow("public void A(byte[] b) { System.Array.Resize(ref b, 3); }")]
    [DataRow("public int? A() { return null; }")]
    [DataRow("public (int, int) A() { return (1, 2); }")]
    [DataRow("public record R(int A);")]
    [DataRow("public int A(int[] a) { return a[^1]; }")]
    [DataRow("public byte[] A(byte[] a) { return a[1..3]; }")]
    [DataRow("public System.Collections.Generic.List<int> A() { return new(); }")]
    [DataRow("public System.Span<byte> A() { return default; }")]
    [DataRow("public async System.Threading.Tasks.Task A() { await System.Threading.Tasks.Task.Yield(); }")]
    [DataRow("public System.Collections.IEnumerable A() { yield return 1; }")]
    [DataRow("public decimal A() { return 1m; }")]
    [DataRow("public dynamic A() { return 1; }")]
    [DataRow("public unsafe void A() { byte* p = null; }")]
    [DataRow("public required int A { get; init; }")]
    [DataRow("public float A(float f) { return System.MathF.Sqrt(f); }")]
    [DataRow("public object A() { return System.Enum.Parse(typeof(int), \"a\"); }")]
    [DataRow("public void A(object o) { System.Threading.Monitor.Wait(o); }")]
    public void Nano_gate_refuses_what_the_device_does_not_have(string member)
    {
        string folder = SkipUnlessListsArePresent();
        using Planted planted = new(("bad.cs", "namespace Planted;\n\npublic class Bad { " + member + " }\n"));
        using NanoGate gate = new();
        IReadOnlyList<NanoFinding> findings = gate.Check(planted.Files, NanoApi.All(folder));
        NanoFinding? found = findings.FirstOrDefault(f => f.Line == 3);
        Assert.IsNotNull(found, "It was taken:\n" + string.Join('\n', findings));
        StringAssert.EndsWith(found.File, "bad.cs");
        StringAssert.Contains(found.Text, " — ");
    }

    [TestMethod]
    public void Nano_gate_names_the_line_to_add_for_a_member_that_the_device_has()
    {
        SkipUnlessListsArePresent();
        using Planted planted = new(("bad.cs", "namespace Planted;\n\npublic class Bad { public string A(string s) { return s.Trim(); } }\n"));
        using NanoGate gate = new();
        string[] without = NanoApi.Approved().Where(l => !l.StartsWith("System.String::Trim", StringComparison.Ordinal)).ToArray();
        NanoFinding found = gate.Check(planted.Files, without).Single();
        StringAssert.Contains(found.Text, "System.String::Trim() : System.String");
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

        public IReadOnlyList<string> Files { get; }

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }
}
