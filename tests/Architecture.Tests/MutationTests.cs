using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Mutation;

namespace Architecture.Tests;

/// <summary>The mutation tool's own changes: tiny methods are woven and run, and each change does what it says, alone.</summary>
[TestClass]
public sealed class MutationTests
{
    private static readonly string[] s_drawn = [nameof(MutationSamples)];

    [TestMethod]
    [DataRow("IsTrue", "constant 1 became 0", "", "True", "False")]
    [DataRow("IsAdult", "comparison inverted (clt)", "18", "True", "False")]
    [DataRow("IsAdult", "boundary: < became <=", "18", "True", "False")]
    [DataRow("IsAdult", "boundary: < became <=", "19", "True", "True")]
    [DataRow("Sign", "condition inverted (ble)", "1", "4", "-4")]
    [DataRow("Sign", "condition inverted (ble)", "0", "-4", "4")]
    [DataRow("Sign", "boundary: <= became <", "0", "-4", "4")]
    [DataRow("Sign", "boundary: <= became <", "1", "4", "4")]
    [DataRow("Sum", "the default of the type is returned", "5,2", "7", "0")]
    [DataRow("Sum", "add became sub", "5,2", "7", "3")]
    [DataRow("Shifted", "shl became shr.un", "8", "32", "2")]
    [DataRow("Shifted", "constant 2 became 3", "8", "32", "64")]
    [DataRow("Plus30", "constant 30 became 60", "1", "31", "61")]
    [DataRow("Word", "the empty text is returned", "3", "n3", "")]
    [DataRow("Boxed", "the default of the type is returned", "3", "3", "null")]
    [DataRow("HasNot", "'not' removed", "list", "True", "False")]
    [DataRow("SetThenGet", "_value is not set", "9", "9", "5")]
    [DataRow("AddThenCount", "List`1.Add is not called", "", "1", "0")]
    public void Each_change_does_what_it_says_and_nothing_while_another_runs(string method, string change, string arguments, string original, string changed)
    {
        (Type type, List<Mutant> mutants, _) = Woven();
        int[] numbers = [.. Enumerable.Range(0, mutants.Count).Where(i => mutants[i].Method == "MutationSamples." + method && mutants[i].Change == change)];
        Assert.HasCount(1, numbers, string.Join('\n', mutants.Where(m => m.Method == "MutationSamples." + method)));
        Assert.AreEqual(original, Call(type, method, arguments, -1));
        Assert.AreEqual(changed, Call(type, method, arguments, numbers[0]));
        foreach (int other in Enumerable.Range(0, mutants.Count).Where(i => mutants[i].Method != "MutationSamples." + method))
        {
            Assert.AreEqual(original, Call(type, method, arguments, other), mutants[other].ToString());
        }
    }

    [TestMethod]
    public void What_is_reached_is_noted_a_boundary_only_where_both_sides_are_equal()
    {
        (Type type, List<Mutant> mutants, _) = Woven();
        Assert.AreEqual("True", Call(type, "IsAdult", "30", -1));
        CollectionAssert.DoesNotContain(Reached(mutants), "boundary: < became <=");
        CollectionAssert.Contains(Reached(mutants), "comparison inverted (clt)");
        Assert.AreEqual("True", Call(type, "IsAdult", "18", -1));
        CollectionAssert.Contains(Reached(mutants), "boundary: < became <=");
    }

    [TestMethod]
    public void What_runs_while_static_fields_are_filled_is_known_by_who_uses_them()
    {
        (Type type, List<Mutant> mutants, _) = Woven();
        Assert.AreEqual("7", Call(type, "OfInitializer", string.Empty, -1));
        (int mutant, int initializer) = MutationSwitch.Initialized.Single(i => mutants[i.Mutant].Method == "MutationSamples.Seven");
        CollectionAssert.Contains(MutationSwitch.TouchedInitializers().ToArray(), initializer);
        Call(type, "IsAdult", "18", -1);
        CollectionAssert.DoesNotContain(MutationSwitch.TouchedInitializers().ToArray(), initializer);
        Assert.AreEqual(ChangeKind.Returned, mutants[mutant].Kind);
    }

    [TestMethod]
    public void Lines_are_those_of_the_source_and_what_puts_a_text_together_is_not_drawn()
    {
        (_, List<Mutant> mutants, string path) = Woven();
        string[] source = File.ReadAllLines(Path.Combine(Repository.At("tests"), "Architecture.Tests", "MutationSamples.cs"));
        Mutant sum = mutants.Single(m => m.Method == "MutationSamples.Sum" && m.Kind == ChangeKind.Arithmetic);
        StringAssert.Contains(source[sum.Line - 1], "left + right");
        StringAssert.EndsWith(sum.File, "tests/Architecture.Tests/MutationSamples.cs");
        Assert.AreEqual("the empty text is returned", mutants.Single(m => m.Method == "MutationSamples.NotDrawn").Change);
        Assert.IsNotEmpty(path);
    }

    [TestMethod]
    public void Whole_files_are_drawn_until_there_are_enough_and_one_seed_draws_the_same()
    {
        List<Site> sites = [.. Enumerable.Range(0, 50).Select(i => new Site(new Mutant($"f{i % 10}.cs", i, ChangeKind.Constant, "x", "m"), null!, null!, null!))];
        (List<Site> drawn, List<string> files) = Workspace.Draw(sites, 7, 12);
        Assert.HasCount(15, drawn);
        Assert.HasCount(3, files);
        CollectionAssert.AreEquivalent(drawn.Select(s => s.Mutant.File).Distinct().ToArray(), files);
        CollectionAssert.AreEqual(files, Workspace.Draw(sites, 7, 12).Files);
        CollectionAssert.AreNotEqual(files, Workspace.Draw(sites, 8, 12).Files);
        Assert.HasCount(50, Workspace.Draw(sites, 7, 1000).Sites);
    }

    private static string[] Reached(List<Mutant> mutants) => [.. MutationSwitch.ReachedMutants().Select(m => mutants[m].Change)];

    /// <summary>The samples with every change in them, in a copy of this assembly.</summary>
    private static (Type Type, List<Mutant> Mutants, string Path) Woven()
    {
        string path = typeof(MutationSamples).Assembly.Location;
        using DefaultAssemblyResolver resolver = new();
        resolver.AddSearchDirectory(Path.GetDirectoryName(path)!);
        resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location)!);
        using AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(
            path, new ReaderParameters { ReadSymbols = true, SymbolReaderProvider = new DefaultSymbolReaderProvider(throwIfNoSymbol: true), AssemblyResolver = resolver });
        List<Site> sites = [.. SiteFinder.Find(assembly.MainModule, d => d.Replace('\\', '/').Split("/_/")[^1]).Where(s => s_drawn.Contains(Path.GetFileNameWithoutExtension(s.Mutant.File)))];
        int initializers = Weaver.Weave(assembly.MainModule, sites);
        using MemoryStream bytes = new();
        assembly.Write(bytes);
        bytes.Position = 0;
        MutationSwitch.Begin(sites.Count, initializers, -1);
        AssemblyLoadContext context = new("woven");
        Type type = context.LoadFromStream(bytes).GetType(typeof(MutationSamples).FullName!, throwOnError: true)!;
        return (type, [.. sites.Select(s => s.Mutant)], path);
    }

    private static string Call(Type type, string method, string arguments, int mutant)
    {
        MethodInfo called = type.GetMethod(method)!;
        object?[] values = arguments switch
        {
            "" => [],
            "list" => [new List<int>()],
            _ => [.. arguments.Split(',').Select(a => (object)int.Parse(a, System.Globalization.CultureInfo.InvariantCulture))],
        };
        MutationSwitch.Clear();
        object? made = called.IsStatic ? null : Activator.CreateInstance(type);
        MutationSwitch.Active = mutant;
        object? result = called.Invoke(made, values);
        MutationSwitch.Active = -1;
        return result is null ? "null" : Convert.ToString(result, System.Globalization.CultureInfo.InvariantCulture)!;
    }
}
