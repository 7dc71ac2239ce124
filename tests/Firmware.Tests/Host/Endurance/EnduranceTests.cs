using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Host.Endurance;

/// <summary>A pod at full load with faults drawn from a seed: about 10 simulated minutes in CI; CART_LONG=1: 24 hours.</summary>
[TestClass]
public sealed class EnduranceTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("CART_LONG") == "1";

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void A_pod_at_full_load_keeps_its_memory_and_misses_no_sample_that_is_not_declared()
    {
        long hours = IsLong ? 24 : 0;
        LoadedPod pod = new(20261129);
        pod.MeasureOnce();
        pod.Live(IsLong ? 3400 : 120);
        pod.Settle();
        long reached = pod.Reached();
        long managed = GC.GetTotalMemory(forceFullCollection: true);
        for (int hour = 1; hour < hours; hour++)
        {
            pod.Live(3600);
            Say($"hour {hour + 1}: {pod.Account.Received:#,0} frames received, {pod.Account.Samples:#,0} samples, {pod.Reached():#,0} bytes reached, {GC.GetTotalMemory(true):#,0} managed");
        }

        pod.Live(IsLong ? 0 : 150);
        pod.Settle();
        long reachedAtEnd = pod.Reached();
        long managedAtEnd = GC.GetTotalMemory(forceFullCollection: true);
        Say($"{pod.NowUs / 1_000_000:#,0} s, {pod.Boots} boots, {pod.Measurements} blood pressures, {pod.Account.Received:#,0} frames received, {pod.Account.Samples:#,0} samples");
        Say($"reached from the pod: {reached:#,0} bytes, at the end {reachedAtEnd:#,0}; managed: {managed:#,0}, at the end {managedAtEnd:#,0}");
        Say($"faults: {string.Join(", ", pod.Faults.Select(f => f.Key + " " + f.Value))}");
        Say($"gaps: {string.Join(", ", pod.Account.Gaps.Select(g => g.Key + " " + g.Value))}");
        Say($"events: {string.Join(", ", pod.Codes.Select(c => c.Key + " " + c.Value))}");
        Say($"flash: {pod.Flash.Commits:#,0} commits, {pod.Flash.Erases:#,0} erases, at most {pod.Flash.LongestUs / 1000} ms, full {pod.Flash.TimesFull}, under pressure {pod.CommitsUnderPressure}");

        Assert.IsEmpty(pod.Account.Findings, string.Join('\n', pod.Account.Findings));
        IReadOnlyList<string> undeclared = pod.Account.Undeclared();
        Say($"not declared: {string.Join("; ", undeclared)}");
        Assert.IsEmpty(undeclared);
        Assert.AreEqual(0, pod.CommitsUnderPressure);
        Assert.AreEqual(0L, pod.Flash.TimesFull);
        Assert.IsGreaterThan(0, pod.Measurements);
        Assert.IsLessThanOrEqualTo(reached / 100, Math.Abs(reachedAtEnd - reached), "what is reached from the pod");
        Assert.IsLessThanOrEqualTo(managed / 100, managedAtEnd - managed, "managed memory");
    }

    private void Say(FormattableString text)
    {
        string said = text.ToString(CultureInfo.InvariantCulture);
        TestContext.WriteLine(said);
        Console.WriteLine(said);
    }
}
