using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using CartGen;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>Figures that stand in the sentences of hardware's pages are those of the boards and the bill; what a bench needs has its place.</summary>
[TestClass]
public sealed partial class HardwarePageTests
{
    private static readonly Wiring Boards = Generator.WiringOf(GeneratorTests.Inputs());
    private static readonly Dictionary<string, (int Peak, int Limit)> Budget = ElectricalRules.Budget(Boards).ToDictionary(b => b.Part.Ref, b => (b.Milliamperes, b.LimitMilliamperes), StringComparer.Ordinal);

    [TestMethod]
    public void Power_budget_fuses_and_surge_are_the_boards()
    {
        string page = Page("hardware/power.md");
        (int adapterPeak, _) = Budget["F1"];
        Match adapter = AdapterPattern().Match(page);
        Assert.IsTrue(adapter.Success, "the adapter's current is not said");
        Assert.IsTrue(Amperes(adapter, "needs") >= adapterPeak && Amperes(adapter, "needs") < adapterPeak + 500 && Amperes(adapter, "bought") > Amperes(adapter, "needs"), $"{adapter.Value}; the boards ask for {adapterPeak} mA");
        StringAssert.Contains(Boards.Item("mains-adapter")!.Parameters, adapter.Groups["bought"].Value + " A");

        int cell = Budget["F61"].Peak;
        Says(page, $"up to {A(cell)} A at 3.6 V", $"{A(cell * 3.6 / 3.0)} A at 3.0 V");
        foreach (NetPart fuse in Boards.Parts.Where(p => Boards.ItemOf(p).Kind == "fuse"))
        {
            string rating = (Boards.ItemOf(fuse).Value("ratedMilliamperes") / 1000).ToString("0.#", CultureInfo.InvariantCulture);
            Says(page, $"{fuse.Ref}, {rating} A slow");
            Assert.IsLessThanOrEqualTo(Budget[fuse.Ref].Limit, Budget[fuse.Ref].Peak, fuse.Ref);
        }

        BillItem suppressor = Boards.ItemOf(Boards.Part("D1")!);
        double least = Boards.Items.Where(i => i.Value("maxMillivolts") > 0).Min(i => i.Value("maxMillivolts"));
        Says(page, $"below {V(suppressor.Value("breakdownMillivolts"))} V", $"at most {V(suppressor.Value("clampMillivolts"))} V through", string.Create(CultureInfo.InvariantCulture, $"bear {least / 1000:0} V"), "highest 9.45 V");
        foreach (string section in new[] { "## Budget: radio, LEDs and pump at one moment", "## Fuses", "## Isolation", "## Cleaning", "## The portable build" })
        {
            Assert.IsGreaterThan(200, Section(page, section).Length, section);
        }

        Says(Section(page, "## Isolation"), "J7", "isolated USB adapter only", "IEC 60601-1");
        Says(Section(page, "## Cleaning"), "Power removed", "STOP pressed once", "hose pulled once");
        Says(Section(page, "## The portable build"), "J60", "U61", "0x36", "no program reads the gauge");
    }

    [TestMethod]
    public void Figures_of_bus_one_shot_and_valve_are_the_boards()
    {
        string page = Page("hardware/wiring/pod.md");
        double ohms = Boards.ItemOf(Boards.Part("R1")!).Value("ohms");
        double picofarads = double.Parse(CapacityPattern().Match(page).Groups["pf"].Value, CultureInfo.InvariantCulture);
        double parts = Boards.Pins().Where(p => p.Net == "SDA" && p.Pin.Role == PinRole.Bus).Sum(p => Boards.ItemOf(p.Part).Value("pinPicofarads"));
        double boards = Boards.Boards.Where(b => b.Parts.Any(p => p.Nets.Any(n => n.Value == "SDA"))).Sum(b => b.TracePicofarads);
        double cables = Boards.Cables.Where(c => Boards.Part(c.From)?.Nets.Any(n => n.Value == "SDA") == true).Sum(c => c.Millimetres * c.PicofaradsPerMetre / 1000.0);
        Assert.AreEqual(parts + boards + cables, picofarads, 0.5);
        Says(page, Text($"rises in {0.8473 * ohms * picofarads / 1000:0} ns"), Text($"4.7 kΩ would take {0.8473 * 4700 * picofarads / 1000:0} ns"), Text($"sinks {(3.3 - 0.4) / ohms * 1000:0.0} mA"));

        string cuff = Page("hardware/wiring/cuff.md");
        double width = 0.7 * Boards.ItemOf(Boards.Part("R20")!).Value("ohms") * Boards.ItemOf(Boards.Part("C25")!).Value("picofarads") * 1e-12;
        double r = Boards.ItemOf(Boards.Part("R20")!).Value("tolerancePermille") / 1000, c = Boards.ItemOf(Boards.Part("C25")!).Value("tolerancePermille") / 1000;
        Says(cuff, Text($"gives {width:0.00} s"), Text($"{Math.Floor(width * 0.9 * (1 - r) * (1 - c) * 100) / 100:0.00} to {width * 1.1 * (1 + r) * (1 + c):0.00} s with all tolerances"));
        double threshold = Circuit.Solve(Boards, new CircuitState()).Volts("REF"), shunt = Boards.ItemOf(Boards.Part("R34")!).Value("ohms");
        BillItem valve = Boards.ItemOf(Boards.Part("Y20")!);
        Says(
            cuff, Text($"threshold is {threshold * 1000:0} mV, {threshold / shunt * 1000:0} mA in the shunt of {shunt:0.0} Ω"),
            Text($"a valve of {valve.Value("minOhms"):0} to {valve.Value("maxOhms"):0} Ω has {4.5 / (valve.Value("maxOhms") + shunt) * 1000:0} mA at least"));
        LogicLevels controller = Boards.ItemOf(Boards.Part("U1")!).Logic!;
        Says(cuff, Text($"controller gives {controller.OutputHigh!.At(3.3):0.00} V"), Text($"would ask for {Boards.ItemOf(Boards.Part("U20")!).Logic!.InputHigh!.At(5):0.0} V"));
    }

    [TestMethod]
    public void The_bench_finds_each_fault_of_the_cuffs_chain_and_each_code_that_it_names()
    {
        string page = Section(Page("hardware/bring-up.md"), "## How a fault looks on the bench");
        foreach (string part in new[] { "S20", "Q21", "Q22", "Q24", "Q25", "C25", "R34", "F20", "S1", "J9", "D1" })
        {
            Assert.IsTrue(Regex.IsMatch(page, $@"\b{part}\b", RegexOptions.None, TimeSpan.FromSeconds(1)), part + " has no row");
        }

        HashSet<string> codes = [.. CodePattern().Matches(Page("hardware/faults.json")).Select(m => m.Value)];
        string[] named = [.. CodePattern().Matches(page).Select(m => m.Value)];
        Assert.IsGreaterThan(4, named.Length);
        Assert.IsEmpty(named.Where(n => !codes.Contains(n)).ToArray());
        HashSet<string> points = [.. Boards.Boards.SelectMany(b => b.TestPoints).Select(t => t.Point)];
        string[] missing = [.. PointPattern().Matches(Page("hardware/bring-up.md") + Page("hardware/wiring/cuff.md")).Select(m => m.Value).Distinct().Where(p => !points.Contains(p))];
        Assert.IsEmpty(missing, string.Join(", ", missing));
    }

    private static string Page(string name) => File.ReadAllText(Repository.At(name)).ReplaceLineEndings("\n");

    private static string Section(string page, string title)
    {
        int start = page.IndexOf(title + "\n", StringComparison.Ordinal);
        Assert.IsGreaterThanOrEqualTo(0, start, "there is no section " + title);
        int end = page.IndexOf("\n## ", start + 3, StringComparison.Ordinal);
        return end < 0 ? page[start..] : page[start..end];
    }

    private static void Says(string page, params string[] phrases)
    {
        string plain = page.Replace('\n', ' ');
        foreach (string phrase in phrases)
        {
            Assert.IsTrue(plain.Contains(phrase, StringComparison.Ordinal), "the page does not say: " + phrase);
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string A(double milliamperes) => (milliamperes / 1000).ToString("0.0", CultureInfo.InvariantCulture);

    private static string V(double millivolts) => (millivolts / 1000).ToString("0.0", CultureInfo.InvariantCulture);

    private static double Amperes(Match match, string group) => 1000 * double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"mains adapter needs (?<needs>\d(\.\d)?) A; (?<bought>\d(\.\d)?) A are bought", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex AdapterPattern();

    [GeneratedRegex(@"the bus has (?<pf>\d+) pF", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CapacityPattern();

    [GeneratedRegex(@"\bP1\d{3}\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CodePattern();

    [GeneratedRegex(@"\bTP\d+\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PointPattern();
}
