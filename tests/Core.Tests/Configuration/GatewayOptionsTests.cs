using System;
using System.Linq;
using EdgeGateway.Core;
using EdgeGateway.Core.Configuration;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Configuration;

/// <summary>What gateway.yaml may say of an option and what a program may set are one range: the row's.</summary>
[TestClass]
public sealed class GatewayOptionsTests
{
    private static readonly GatewayOptions Right = new() { CartId = "C1", GatewayId = 1 };

    [TestMethod]
    public void Each_number_is_refused_right_outside_the_range_of_its_row_and_taken_right_inside()
    {
        Setting<GatewayOptions>[] rows =
        [
            .. new[] { GatewayOptions.CartSettings, GatewayOptions.UplinkSettings, GatewayOptions.IngestSettings, GatewayOptions.TimeSettings, GatewayOptions.SessionSettings }
                .SelectMany(r => r).Where(r => r.Kind == SettingKind.Whole),
        ];
        Assert.IsNotEmpty(rows);
        foreach (Setting<GatewayOptions> row in rows)
        {
            Assert.IsNotNull(row.Get, $"{row.Key} does not say how the option is read, so nothing checks it");
            foreach ((long value, bool isRight) in new[] { (row.Min * row.Scale, true), (row.Max * row.Scale, true), ((row.Min * row.Scale) - 1, false), ((row.Max * row.Scale) + 1, false) })
            {
                GatewayOptions options = row.Set!(Right, value);
                Assert.AreEqual(value, row.Get(options), $"{row.Key} sets one option and reads another");
                if (isRight)
                {
                    GatewayOptions.Check(options);
                    continue;
                }

                StringAssert.StartsWith(Assert.ThrowsExactly<ArgumentException>(() => GatewayOptions.Check(options), row.Key).Message, row.Key + " is ");
            }
        }
    }

    [TestMethod]
    public void All_that_is_wrong_is_named_at_once()
    {
        GatewayOptions.Check(Right);
        ArgumentException refused = Assert.ThrowsExactly<ArgumentException>(() => GatewayOptions.Check(Right with { CartId = "a/b", GatewayId = 0, MaxSessions = 15, StateStalenessUs = 30_000_001 }));
        StringAssert.StartsWith(
            refused.Message, "id is not 1 to 64 of A-Z a-z 0-9 _ -; gatewayId is 0; stateStalenessMs is 30000.001, outside 1000 to 30000 ms; maxSessions is 15, outside 16 to 4096 sessions");
    }
}
