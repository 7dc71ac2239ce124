using System;
using System.IO;
using System.Linq;
using EdgeGateway.Core;
using EdgeGateway.Core.Health;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Hosting;
using Gateway.Tests.Hosting;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Health;

/// <summary>The log says each thing once, and nobody floods it or its memory.</summary>
[TestClass]
public sealed class GatewayLogTests : IDisposable
{
    private const long Second = 1_000_000;
    private readonly StringWriter _text = new();
    private readonly GatewayLog _log;

    public GatewayLogTests() => _log = new GatewayLog(LineProvider.Factory(_text));

    public void Dispose() => _text.Dispose();

    private string[] Lines => _text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [TestMethod]
    public void A_pod_that_comes_and_goes_all_the_time_is_a_line_of_each_in_ten_seconds_with_the_number_held_back()
    {
        HealthSubject pod = HealthSubject.Pod(0x02AABBFFFE0000A1);
        for (int i = 0; i < 60; i++)
        {
            _log.Write(new GatewayLogEntry(i % 2 == 0 ? "G2140" : "G2141", "pod", i * Second / 2, pod));
        }

        Assert.HasCount(6, Lines, _text.ToString());
        StringAssert.Contains(Lines[2], "(9 more since then)");
        _log.Write(new GatewayLogEntry("G2140", "another pod", 30 * Second, HealthSubject.Pod(1)));
        Assert.HasCount(7, Lines, "another subject is not held back");
    }

    [TestMethod]
    public void Two_issues_of_one_subject_that_end_together_are_two_lines()
    {
        _log.Write(new GatewayLogEntry(FaultCodes.HealthIssueEnded, "G2087 after 3 s", 0, HealthSubject.Gateway, "G2087"));
        _log.Write(new GatewayLogEntry(FaultCodes.HealthIssueEnded, "G2088 after 3 s", 0, HealthSubject.Gateway, "G2088"));
        Assert.HasCount(2, Lines, _text.ToString());
    }

    [TestMethod]
    public void Many_names_of_one_code_write_a_bounded_number_of_lines_and_keep_a_bounded_memory()
    {
        for (int i = 0; i < 5000; i++)
        {
            _log.Write(new GatewayLogEntry("G2146", "listener " + i, i, new HealthSubject(HealthSubjectKind.Listener, "web.S1." + i)));
        }

        Assert.HasCount(RepeatedLines.MaxPerCode, Lines);
        _log.Write(new GatewayLogEntry("G2146", "later", RepeatedLines.QuietUs + 1, new HealthSubject(HealthSubjectKind.Listener, "later")));
        StringAssert.Contains(Lines.Last(), "(4980 more of this code held back)");
        for (int i = 0; i < 5000; i++)
        {
            _log.Write(new GatewayLogEntry("G2146", "listener", 20 * Second * i, new HealthSubject(HealthSubjectKind.Listener, "x" + i)));
            _log.Write(new GatewayLogEntry("G2147", "listener", 20 * Second * i, new HealthSubject(HealthSubjectKind.Listener, "x" + i)));
        }

        Assert.IsTrue(_log.Repeated.Remembered <= RepeatedLines.MaxRemembered, $"{_log.Repeated.Remembered} remembered");
    }
}
