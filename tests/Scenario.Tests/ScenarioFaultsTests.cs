using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using EdgeGateway.Faults;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;

namespace Scenario.Tests;

/// <summary>What holds for every row of the table of scenario faults: a new row is tested by being there.</summary>
[TestClass]
public sealed class ScenarioFaultsTests
{
    public static IEnumerable<object[]> Rows => ScenarioFaults.All.Select(f => new object[] { f.Name });

    [TestMethod]
    [DynamicData(nameof(Rows))]
    public void A_row_is_read_with_what_it_takes_and_does_something(string name)
    {
        ScenarioFault fault = ScenarioFaults.Named(name);
        Assert.MatchesRegex("^[a-z]+(-[a-z]+)*$", fault.Name);
        Assert.MatchesRegex("^[A-Z].*[^.]$", fault.About);
        TimelineEvent read = Parse(With(fault)).Timeline.Single();
        Assert.AreSame(fault, read.Fault);
        Assert.AreEqual(fault.Duration == FaultDuration.None ? long.MaxValue : 2_000_000, read.ForUs);
        Assert.AreEqual(fault.Parameter is { } p ? (long)(p.Min * p.Scale) : 0, read.Amount);

        // It begins and ends in a running world.
        ScenarioDefinition scenario = Parse(With(fault));
        using SimulatedWorld world = new(scenario, scenario.Seed, traced: false);
        world.Run();
    }

    [TestMethod]
    [DynamicData(nameof(Rows))]
    public void A_number_beyond_its_range_is_refused(string name)
    {
        ScenarioFault fault = ScenarioFaults.Named(name);
        if (fault.Parameter is not { } p)
        {
            return;
        }

        foreach (decimal beyond in new[] { p.Min - (1m / p.Scale), p.Max + 1 })
        {
            AssertOnly("S3006", "timeline[0]." + p.Key, With(fault, beyond));
        }

        AssertOnly("S3004", "timeline[0]." + p.Key, With(fault).Replace(string.Create(CultureInfo.InvariantCulture, $", {p.Key}: {p.Min}"), string.Empty, StringComparison.Ordinal));
    }

    [TestMethod]
    [DynamicData(nameof(Rows))]
    public void A_cart_or_pod_that_lacks_what_it_needs_is_refused(string name)
    {
        ScenarioFault fault = ScenarioFaults.Named(name);
        if (fault.Need == FaultNeed.None)
        {
            return;
        }

        string bare = With(fault)
            .Replace("chips: [tmp117, max30102, mprls0300, pcm1808]", "chips: [tmp117]", StringComparison.Ordinal)
            .Replace("broker: external", "broker: embedded", StringComparison.Ordinal);
        CodedError error = AssertOnly("S3009", "timeline[0].do", bare);
        Assert.IsNotNull(error.Suggestion);
    }

    [TestMethod]
    public void A_misspelt_fault_gets_the_right_one() =>
        Assert.AreEqual("Did you mean 'cuff-leak'?", AssertOnly("S3007", "timeline[0].do", With(ScenarioFaults.Named("cuff-leak")).Replace("do: cuff-leak", "do: cuf-leak", StringComparison.Ordinal), alsoOthers: true).Suggestion);

    [TestMethod]
    public void Every_name_stands_once() => CollectionAssert.AllItemsAreUnique(ScenarioFaults.All.Select(f => f.Name).ToArray());

    [TestMethod]
    public void The_table_in_the_README_is_what_the_rows_make()
    {
        string readme = File.ReadAllText(Path.Combine(Root(), "simulators", "Scenarios", "README.md"));
        const string Begin = "`cart-sim faults` -->\n";
        int begin = readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = readme.IndexOf("<!-- faults: end -->", StringComparison.Ordinal);
        Assert.IsLessThan(end, begin);
        Assert.AreEqual(ScenarioFaults.Table(), readme[begin..end], "Put there: dotnet run --project simulators/Cli -- faults");
    }

    [TestMethod]
    public void A_part_without_a_simulated_chip_is_an_error_with_code()
    {
        ScenarioDefinition right = Parse(With(ScenarioFaults.Named("motion")));
        CartDefinition cart = right.Carts[0];
        ScenarioDefinition unknown = right with { Carts = [cart with { Pods = [cart.Pods[0] with { Chips = [(PodPart)99], PluggedAtStart = [] }] }] };
        CodedErrorException e = Assert.ThrowsExactly<CodedErrorException>(() => new SimulatedWorld(unknown, 1, traced: false));
        Assert.AreEqual("S3007", e.Errors.Single().Code);
        Assert.Contains("part 99", e.Message);
    }

    private static ScenarioDefinition Parse(string text) => ScenarioFile.Parse("fault.yaml", text);

    private static CodedError AssertOnly(string code, string path, string text, bool alsoOthers = false)
    {
        CodedErrorException e = Assert.ThrowsExactly<CodedErrorException>(() => Parse(text));
        CodedError error = e.Errors.First(x => string.Equals(x.Code, code, StringComparison.Ordinal));
        Assert.AreEqual(path, error.Place.Path, e.Message);
        Assert.IsTrue(alsoOthers || e.Errors.Count == 1, e.Message);
        return error;
    }

    private static string With(ScenarioFault fault, decimal? amount = null)
    {
        string parameter = fault.Parameter is { } p ? string.Create(CultureInfo.InvariantCulture, $", {p.Key}: {amount ?? p.Min}") : string.Empty;
        string part = fault.TakesPart ? ", chip: tmp117" : string.Empty;
        string lasts = fault.Duration == FaultDuration.None ? string.Empty : ", forS: 2";
        return $$"""
            name: fault
            summary: One fault.
            durationS: 10
            carts:
              - id: cart-a
                broker: external
                pods:
                  - {id: bedside, device: "02a1b2fffe000001", chips: [tmp117, max30102, mprls0300, pcm1808]}
                sessions:
                  - {id: S1, openS: 1, closeS: 9}
                subscribers:
                  - {id: doctor, session: S1}
            timeline:
              - {atS: 3, do: {{fault.Name}}{{part}}{{parameter}}{{lasts}}}
            expect:
              minDelivered: 0
            """.ReplaceLineEndings("\n");
    }

    private static string Root()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
