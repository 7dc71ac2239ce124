using System;
using System.Collections.Generic;
using System.IO;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Contract;

/// <summary>The contract suite as tests. A peripheral's test class derives from it, names its binding and carries [TestClass].</summary>
public abstract class PeripheralContractTests
{
    private protected abstract PeripheralBinding Binding { get; }

    public TestContext TestContext { get; set; } = null!;

    private PeripheralContract Contract => new(Binding);

    [TestMethod]
    public void Without_faults_it_publishes_right_values() => Expect(Contract.CheckCleanRun());

    [TestMethod]
    public void Over_its_range_it_is_within_tolerance() => Expect(Contract.CheckSweep());

    [TestMethod]
    public void Parts_at_the_ends_of_the_datasheets_limits_are_read_as_well() => Expect(Contract.CheckVariants());

    [TestMethod]
    public void Each_transaction_refused_in_turn_leaves_a_right_value_or_a_reason() => Expect(Contract.CheckRefusals());

    [TestMethod]
    public void Pulled_at_any_byte_it_is_missed_and_comes_back_by_itself() => Expect(Contract.CheckUnplugged());

    [TestMethod]
    public void A_stuck_bus_is_declared_and_survived() => Expect(Contract.CheckStuckBus());

    [TestMethod]
    public void A_brown_out_is_noticed() => Expect(Contract.CheckBrownOut());

    [TestMethod]
    public void A_stranger_at_its_address_gives_no_values() => Expect(Contract.CheckStranger());

    [TestMethod]
    public void A_frozen_part_gives_no_new_values() => Expect(Contract.CheckFrozen());

    [TestMethod]
    public void Flipped_bits_pass_no_more_often_than_the_readme_says()
    {
        IReadOnlyList<string> findings = Contract.CheckFlips(out FlipReport report);
        TestContext.WriteLine($"{Binding.Name}. {report.Sentence}");
        Expect(findings);
        Assert.AreEqual(Binding.DeclaredWrongFlips, report.Wrong, report.Sentence);
        Assert.AreEqual(Binding.DeclaredIrregularFlips, report.Irregular, report.Sentence);
        Assert.AreEqual(Binding.DeclaredLargestError, report.LargestError, report.Sentence);
        string readme = Path.Combine(Root(), "firmware", "Peripherals", Binding.Name, "README.md");
        if (!File.Exists(readme))
        {
            Assert.Fail($"{readme} is not there; it must quote: {report.Sentence}");
        }

        Assert.Contains(report.Sentence, File.ReadAllText(readme), $"{readme} must quote: {report.Sentence}");
    }

    private static void Expect(IReadOnlyList<string> findings) => Assert.IsEmpty(findings, string.Join(Environment.NewLine, findings));

    private static string Root()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("Firmware.sln was not found above the test's folder.");
    }
}
