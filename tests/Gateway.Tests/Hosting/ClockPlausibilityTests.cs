using System;
using System.Linq;
using Core.Tests;
using EdgeGateway.Core;
using EdgeGateway.Core.Time;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Mqtt.Transports;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>A clock that cannot be right is not believed, whoever vouches for it.</summary>
[TestClass]
public sealed class ClockPlausibilityTests
{
    private const long Now = 1_798_761_600_000_000; // 2027-01-01T00:00:00Z

    [TestMethod]
    [DataRow(0L, "1970-01-01")]
    [DataRow(946_684_800_000_000L, "2000-01-01")]
    [DataRow(-1L, "1969-12-31")]
    [DataRow(long.MinValue / 4, "no date")]
    [DataRow(ClockPlausibility.EarliestUtcUs - 1, "2025-12-31")]
    [DataRow(ClockPlausibility.LatestUtcUs + 1, "far future")]
    [DataRow(long.MaxValue / 4, "far future")]
    public void A_time_that_cannot_be_is_named(long utcUs, string named)
    {
        foreach (bool mayStep in new[] { true, false })
        {
            StringAssert.Contains(new ClockPlausibility().Problem(5, utcUs, 1_000_000, mayStep), named);
        }
    }

    [TestMethod]
    public void A_trusted_clock_that_jumps_is_not_believed_until_it_goes_steadily_and_a_disciplined_one_may_step()
    {
        ClockPlausibility clock = new();
        Assert.IsNull(clock.Problem(0, Now, 1_000_000, mayStep: false));
        Assert.IsNull(clock.Problem(1_000_000, Now + 1_500_000, 1_000_000, mayStep: false), "half a second is no jump");
        StringAssert.Contains(clock.Problem(2_000_000, Now + 3_600_000_000, 1_000_000, mayStep: false), "jumped by 3597");
        Assert.IsNotNull(clock.Problem(61_900_000, Now + 3_659_900_000, 1_000_000, mayStep: false));
        Assert.IsNull(clock.Problem(62_100_000, Now + 3_660_100_000, 1_000_000, mayStep: false), "steady for 60 s");
        StringAssert.Contains(clock.Problem(62_200_000, Now, 1_000_000, mayStep: false), "jumped by -");
        ClockPlausibility disciplined = new();
        Assert.IsNull(disciplined.Problem(0, Now, 1_000, mayStep: true));
        Assert.IsNull(disciplined.Problem(1_000_000, Now + 3_600_000_000, 1_000, mayStep: true));
    }

    [TestMethod]
    public void A_trusted_clock_of_1970_is_unsynchronised_and_named()
    {
        Stopped time = new() { Utc = DateTimeOffset.UnixEpoch };
        using MqttLoop loop = new(TimeProvider.System, "clock");
        UtcEstimate wrong = new SystemGatewayTime(loop, time, trusted: true, 1_000_000).Utc;
        Assert.IsFalse(wrong.Synchronised);
        StringAssert.Contains(wrong.Implausible, "1970");
        time.Utc = new DateTimeOffset(2027, 1, 2, 3, 4, 5, TimeSpan.Zero);
        UtcEstimate right = new SystemGatewayTime(loop, time, trusted: true, 1_000_000).Utc;
        Assert.IsTrue(right.Synchronised);
        Assert.IsNull(right.Implausible);
    }

    [TestMethod]
    public void Health_names_a_clock_that_is_not_believed_and_forgets_it_when_it_is_set()
    {
        Rig rig = new();
        rig.Synchronised = false;
        rig.Implausible = "it shows 1970-01-01T00:00:05.000000Z, before this program was made";
        rig.Require(() => rig.Core.Snapshot().Issues.Any(i => i.Code == "G2096" && i.Detail.Contains("1970", StringComparison.Ordinal)), "named");
        rig.Synchronised = true;
        rig.Implausible = null;
        rig.Require(() => rig.Core.Snapshot().Issues.All(i => i.Code != "G2096"), "and gone");
    }

    private sealed class Stopped : TimeProvider
    {
        public DateTimeOffset Utc { get; set; }

        public override DateTimeOffset GetUtcNow() => Utc;
    }
}
