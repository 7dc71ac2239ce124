using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Core;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Contract;

/// <summary>The suite must pass a right driver and fail each wrong one: else it proves nothing.</summary>
[TestClass]
public sealed class PeripheralContractProof
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void A_right_driver_passes_every_check()
    {
        List<string> findings = Examine(Defect.None, out FlipReport report);
        TestContext.WriteLine(report.Sentence);
        Assert.IsEmpty(findings, string.Join(Environment.NewLine, findings));
        Assert.AreEqual(0, report.Wrong);
        Assert.AreEqual(report.Tried, report.Declared + report.Harmless);
        Assert.IsGreaterThan(report.Tried / 3, report.Declared);
    }

    [TestMethod]
    [DataRow(Defect.SwapsBytes)]
    [DataRow(Defect.DropsSign)]
    [DataRow(Defect.WrongScale)]
    [DataRow(Defect.ReadsOnce)]
    [DataRow(Defect.IgnoresStatus)]
    [DataRow(Defect.ReadsTheLimit)]
    [DataRow(Defect.IgnoresDataReady)]
    [DataRow(Defect.TrustsConfiguration)]
    [DataRow(Defect.TrustsIdentity)]
    [DataRow(Defect.KeepsTheLastValue)]
    [DataRow(Defect.HangsAfterFault)]
    [DataRow(Defect.NeverProbesAgain)]
    [DataRow(Defect.NamesNoReason)]
    [DataRow(Defect.TalksInConstructor)]
    [DataRow(Defect.TalksInRestart)]
    [DataRow(Defect.IgnoresFreezing)]
    [DataRow(Defect.IgnoresTheRange)]
    [DataRow(Defect.HoldsTheBus)]
    [DataRow(Defect.SpinsInSilence)]
    [DataRow(Defect.AssumesTheTypicalClock)]
    public void A_wrong_driver_fails(Defect defect)
    {
        List<string> findings = Examine(defect, out _);
        Assert.IsNotEmpty(findings, $"{defect} went unseen.");
        TestContext.WriteLine($"{findings.Count} findings, the first: {findings[0]}");
    }

    [TestMethod]
    public void With_a_checksum_declared_an_undetected_flip_is_a_finding()
    {
        var contract = new PeripheralContract(new Binding(Defect.None, hasChecksum: true));
        IReadOnlyList<string> findings = contract.CheckFlips(out _);
        Assert.IsTrue(findings.Any(f => f.Contains("not detected", StringComparison.Ordinal)), "A thermometer without a checksum cannot notice every flip.");
    }

    [TestMethod]
    public void The_findings_of_one_check_are_bounded()
    {
        IReadOnlyList<string> findings = new PeripheralContract(new Binding(Defect.SwapsBytes, hasChecksum: false)).CheckRefusals();
        Assert.IsTrue(findings.Count <= PeripheralContract.MaxFindings + 1, $"{findings.Count}");
    }

    [TestMethod]
    public void The_sentence_says_what_was_measured() => Assert.AreEqual(
        "Bit flips: 402 tried, 300 declared, 97 harmless, 3 passed as a wrong value (0.74 %), 2 as a repeated value or under a wrong setting, largest error 12 Counts.",
        new FlipReport(402, 300, 97, 3, 2, 12, "Counts").Sentence);

    private static List<string> Examine(Defect defect, out FlipReport report)
    {
        var contract = new PeripheralContract(new Binding(defect, hasChecksum: false));
        List<string> findings = [.. contract.CheckCleanRun()];
        report = default;
        if (findings.Count > 0)
        {
            return findings;
        }

        findings.AddRange(contract.CheckSweep());
        findings.AddRange(contract.CheckVariants());
        findings.AddRange(contract.CheckRefusals());
        findings.AddRange(contract.CheckFlips(out report));
        findings.AddRange(contract.CheckUnplugged());
        findings.AddRange(contract.CheckStuckBus());
        findings.AddRange(contract.CheckBrownOut());
        findings.AddRange(contract.CheckFrozen());
        findings.AddRange(contract.CheckStranger());
        return findings;
    }

    private sealed class Binding(Defect defect, bool hasChecksum) : PeripheralBinding
    {
        public override string Name => $"mini thermometer ({defect})";

        public override bool HasChecksum => hasChecksum;

        public override PhysicalRange Range => new(-20_000, 50_000, 5, "MilliCelsius");

        public override long TypicalTruth => 36_600;

        public override long OtherTruth => 20_000;

        public override IReadOnlyList<long> OutsideTruths => [-30_000, 60_000];

        public override long PatienceUs => 3_000_000;

        public override long RecoveryUs => 10_000_000;

        public override bool NoticesFrozen => true;

        public override IReadOnlyList<string> Variants => ["fast conversions"];

        public override PeripheralWorld Create(string? variant)
        {
            var world = new World(defect, variant is null ? 0 : 192_000);
            world.SetTruth(TypicalTruth);
            return world;
        }
    }

    private sealed class World : PeripheralWorld
    {
        private readonly SimulatedTmp117 _simulated;
        private readonly MiniThermometer _driver;
        private readonly bool _isUndisturbed;
        private long _truth;
        private long _lastResult;
        private bool _isSkipped;

        public World(Defect defect, int clockErrorPpm)
        {
            _isUndisturbed = clockErrorPpm != 0;
            _simulated = new SimulatedTmp117(Clock, new SeededRandom(1), new Tmp117Options { ClockErrorPpm = clockErrorPpm });
            Bus.Attach(_simulated.Address, _simulated);
            Clock.Advance(SimulatedTmp117.PowerUpUs);
            _driver = new MiniThermometer(Port, defect);
        }

        public override int Address => _simulated.Address;

        public override IDriver Driver => _driver;

        public override void SetTruth(long truth)
        {
            _truth = truth;
            _simulated.SetTemperature(truth);
        }

        public override string? Misconfiguration() =>
            _isSkipped ? "a conversion was never read" : _simulated.Settings == 0x0224 ? null : $"settings 0x{_simulated.Settings:X4}";

        public override void Collect(List<Published> published, bool afterGap)
        {
            published.Add(new Published(_driver.MilliCelsius, _truth));
            _isSkipped |= _isUndisturbed && _lastResult > 0 && _simulated.CompletedConversions > _lastResult + 1;
            _lastResult = _simulated.CompletedConversions;
        }
    }
}
