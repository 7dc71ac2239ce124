using System;
using Benchmarks;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Scenario.Tests;

/// <summary>The pod's share of a board, by its executed instructions. Estimated: no board was used.</summary>
[TestClass]
[DoNotParallelize]
public sealed class PodOperationsTests
{
    [TestMethod]
    public void A_whole_pod_with_sound_stays_below_its_share_of_a_board()
    {
        // 60 and 85 % of a board, less 20 for adapters, link and I2C, which the counter does not see: firmware/README.md.
        (double low, double high) = PodOperations.WholePod();
        Console.WriteLine($"{low:F1} to {high:F1} % of an ESP32, estimated");
        Assert.IsTrue(low is > 10 and < 40, $"{low:F1} %");
        Assert.IsLessThan(65.0, high);
    }
}
