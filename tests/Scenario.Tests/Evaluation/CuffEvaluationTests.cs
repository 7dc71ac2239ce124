using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Scenario.Tests.Golden;
using Simulators.Cart.Evaluation;
using Simulators.Cli;

namespace Scenario.Tests.Evaluation;

/// <summary>Recorded deflations through the unchanged measurement, and how they are scored.</summary>
[TestClass]
public sealed class CuffEvaluationTests
{
    [TestMethod]
    [Recordings]
    public void Ten_recorded_cuffs_meet_every_target_and_say_the_same_again()
    {
        CuffEvaluationResult result = SharedRuns.Cuffs(CuffEvaluation.Cuff20).Result;
        Assert.AreEqual(10, result.Records.Count);
        Assert.IsTrue(result.IsMet, string.Join("; ", result.Named));
        CuffEvaluationResult again = CuffEvaluation.Run(CuffEvaluation.Cuff20, Recordings.Folder!, 1, 1, null, CancellationToken.None);
        CollectionAssert.AreEqual(result.Records.ToList(), again.Records.ToList());
    }

    [TestMethod]
    [Recordings]
    public void A_hold_gives_no_result_and_fast_deflations_are_flagged()
    {
        CuffEvaluationResult result = SharedRuns.Cuffs(CuffEvaluation.Glasgow).Result;
        Assert.AreEqual(8, result.Records.Count);
        Assert.IsTrue(result.IsMet, string.Join("; ", result.Named));
        foreach (string flagged in CuffEvaluationResult.MustBeFlagged)
        {
            CuffRecordResult record = result.Records.Single(r => r.Record == flagged);
            Assert.IsNull(record.Systolic, flagged);
            Assert.IsNotNull(record.Reason, flagged + ": an absence has its reason");
        }
    }

    [TestMethod]
    [DataRow("mmhg_x100", "1e8", 2000, "S3203", "'1e8' is no pressure of -20 to 300 mmHg")]
    [DataRow("mmhg_x100", "9000;5", 2000, "S3203", "'9000;5' is no pressure")]
    [DataRow("mmhg_x100", "9.0e+03", 500, "S3206", "501 pressures, and 5 s at 200 Hz are 999 or more")]
    [DataRow("mmhg", "9000", 2000, "S3202", "the heading is 'mmhg', not 'mmhg_x100'")]
    public async Task A_recorded_cuff_that_cannot_be_played_is_refused_with_its_row_and_what_to_do(string heading, string row, int rows, string code, string said)
    {
        string folder = Directory.CreateTempSubdirectory("evaluate").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "cuff20"));
        await File.WriteAllLinesAsync(Path.Combine(folder, "cuff20", "cuff_01_120_80.csv"), [heading, .. Enumerable.Repeat("1.2e+04", rows), row]);
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        int exit = await CartSim.RunAsync(["evaluate", "cuff20", "--data", folder], output, diagnostics, TimeProvider.System);
        Directory.Delete(folder, recursive: true);
        Assert.AreEqual(3, exit, diagnostics.ToString());
        StringAssert.Contains(diagnostics.ToString(), code);
        StringAssert.Contains(diagnostics.ToString(), said);
    }

    [TestMethod]
    public void Bias_and_spread_are_those_of_the_differences_and_a_rejected_cuff_counts()
    {
        CuffEvaluationResult result = new(CuffEvaluation.Cuff20, [Record("a", 120, 118, 80, 81), Record("b", 110, 114, 70, 69), Record("c", 100, null, 60, null)]);
        Assert.AreEqual(1, Value(result, "sbp_bias"), 1e-9);
        Assert.AreEqual(Math.Sqrt(18), Value(result, "sbp_sd"), 1e-4);
        Assert.AreEqual(0, Value(result, "dbp_bias"), 1e-9);
        Assert.AreEqual(Math.Sqrt(2), Value(result, "dbp_sd"), 1e-4);
        Assert.AreEqual(1, Value(result, "rejected"), 1e-9);
    }

    [TestMethod]
    [DataRow(11.1, 0.0, false, DisplayName = "a systolic bias of 11")]
    [DataRow(4.0, 0.0, true, DisplayName = "a systolic bias of 4")]
    [DataRow(0.0, 6.0, false, DisplayName = "a diastolic bias of 6")]
    [DataRow(-6.0, 0.0, false, DisplayName = "a bias below")]
    public void A_target_that_is_missed_is_not_met(double systolicOff, double diastolicOff, bool isMet)
    {
        CuffEvaluationResult result = new(CuffEvaluation.Cuff20, [.. Enumerable.Range(0, 10).Select(i => Record("c" + i, 120, 120 + systolicOff + (i % 2), 80, 80 + diastolicOff + (i % 2)))]);
        Assert.AreEqual(isMet, result.IsMet);
    }

    [TestMethod]
    public void Two_of_ten_rejected_is_one_too_many()
    {
        CuffEvaluationResult result = new(CuffEvaluation.Cuff20, [.. Enumerable.Range(0, 10).Select(i => Record("c" + i, 120, i < 2 ? null : 120 + (i % 3), 80, i < 2 ? null : 80 + (i % 3)))]);
        Assert.IsFalse(result.IsMet);
    }

    [TestMethod]
    [Recordings]
    public async Task The_command_prints_one_object_with_every_figure()
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int code = await CartSim.RunAsync(["evaluate", "cuff_glasgow", "--data", Recordings.Folder!, "--json"], output, error, TimeProvider.System);
        Assert.AreEqual(0, code, error.ToString());
        using JsonDocument document = JsonDocument.Parse(output.ToString());
        JsonElement metrics = document.RootElement.GetProperty("metrics");
        foreach (string name in new[] { "sbp_bias", "sbp_sd", "dbp_bias", "dbp_sd", "rejected", "flagged" })
        {
            Assert.AreEqual(JsonValueKind.Number, metrics.GetProperty(name).ValueKind, name);
        }

        Assert.AreEqual(4, metrics.GetProperty("flagged").GetInt32());
    }

    private static double Value(CuffEvaluationResult result, string name) => result.Named.Single(n => n.Name == name).Value!.Value;

    private static CuffRecordResult Record(string name, double systolicReference, double? systolic, double diastolicReference, double? diastolic) => new()
    {
        Record = name,
        SystolicReference = systolicReference,
        Systolic = systolic,
        DiastolicReference = diastolicReference,
        Diastolic = diastolic,
        Pulse = systolic is null ? null : 70,
        Reason = systolic is null ? "weakSignal" : null,
    };
}
