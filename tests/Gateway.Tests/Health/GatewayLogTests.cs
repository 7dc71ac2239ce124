using System;
using System.IO;
using System.Linq;
using System.Threading;
using Core.Tests;
using EdgeGateway.Core;
using EdgeGateway.Core.Health;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Hosting;
using Firmware.Protocol;
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

    private readonly HandTime _time = new();

    public GatewayLogTests() => _log = new GatewayLog(LineProvider.Factory(_text), _time);

    public void Dispose()
    {
        _log.Dispose();
        _text.Dispose();
    }

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
    [DataRow(HealthSubjectKind.Pod)]
    [DataRow(HealthSubjectKind.Stream)]
    [DataRow(HealthSubjectKind.Session)]
    public void Neither_a_stranger_under_many_names_nor_twenty_others_hide_a_pod_a_stream_or_a_session(HealthSubjectKind kind)
    {
        for (int i = 0; i < 50; i++)
        {
            _log.Write(new GatewayLogEntry("G2102", "stranger " + i, i, HealthSubject.Listener("stranger" + i)));
        }

        Assert.HasCount(RepeatedLines.MaxPerCode, Lines);
        for (int i = 0; i < 50; i++)
        {
            _log.Write(new GatewayLogEntry("G2102", "known " + i + ".", i, new HealthSubject(kind, "name" + i)));
        }

        Assert.HasCount(RepeatedLines.MaxPerCode + 50, Lines);
        StringAssert.Contains(Lines.Last(), "known 49.");
        StringAssert.Contains(Lines[RepeatedLines.MaxPerCode], "(30 more of this code held back)");
    }

    [TestMethod]
    public void What_a_burst_that_has_ended_held_back_is_counted_in_the_next_line_of_its_code()
    {
        for (int i = 0; i < 8; i++)
        {
            _log.Write(new GatewayLogEntry("G2148", "first", i, HealthSubject.Pod(1)));
        }

        _log.Write(new GatewayLogEntry("G2148", "second", 9, HealthSubject.Pod(2)));
        Assert.IsFalse(Lines[1].Contains("held back", StringComparison.Ordinal), "the first one's quiet time goes on: " + Lines[1]);
        _log.Write(new GatewayLogEntry("G2140", "another code", RepeatedLines.QuietUs + 9, HealthSubject.Pod(3)));
        Assert.IsFalse(Lines[2].Contains("held back", StringComparison.Ordinal), Lines[2]);
        _log.Write(new GatewayLogEntry("G2148", "third", RepeatedLines.QuietUs + 9, HealthSubject.Pod(3)));
        StringAssert.Contains(Lines[3], "(7 more of this code held back)");
        _log.Write(new GatewayLogEntry("G2148", "first", RepeatedLines.QuietUs + 10, HealthSubject.Pod(1)));
        Assert.IsFalse(Lines[4].Contains("held back", StringComparison.Ordinal), "counted once: " + Lines[4]);
    }

    [TestMethod]
    public void What_was_held_back_is_written_when_its_quiet_time_is_over_though_nothing_else_happens()
    {
        for (int i = 0; i < 8; i++)
        {
            _time.Move(Second / 10);
            _log.Write(new GatewayLogEntry("G2148", "away", _time.NowUs, HealthSubject.Pod(1)));
        }

        _time.Move(Second / 10);
        _log.Write(new GatewayLogEntry("G2140", "once", _time.NowUs, HealthSubject.Pod(2)));
        Assert.HasCount(2, Lines);
        _time.Move(RepeatedLines.QuietUs - Second);
        Assert.HasCount(2, Lines, "the quiet time goes on");
        _time.Move(Second);
        Assert.HasCount(3, Lines, _text.ToString());
        StringAssert.Contains(Lines[2], "G2148");
        StringAssert.Contains(Lines[2], "(7 more since then)");

        // That line begins a quiet time of its own, and when nothing more happens nothing more is written.
        _log.Write(new GatewayLogEntry("G2148", "away", _time.NowUs, HealthSubject.Pod(1)));
        Assert.HasCount(3, Lines);
        _time.Move(3 * RepeatedLines.QuietUs);
        Assert.HasCount(4, Lines);
        StringAssert.Contains(Lines[3], "(1 more since then)");
        _time.Move(10 * RepeatedLines.QuietUs);
        Assert.HasCount(4, Lines);
        Assert.IsFalse(_log.Repeated.HoldsBack);
    }

    [TestMethod]
    public void Of_many_clients_one_line_has_the_number_and_the_budget_of_the_code_is_waited_for()
    {
        for (int i = 0; i < 50; i++)
        {
            _log.Write(new GatewayLogEntry("G2146", "listener " + i, _time.NowUs, HealthSubject.Listener("web." + i)));
        }

        Assert.HasCount(RepeatedLines.MaxPerCode, Lines);
        _time.Move(RepeatedLines.QuietUs);
        Assert.HasCount(RepeatedLines.MaxPerCode + 1, Lines, _text.ToString());
        StringAssert.Contains(Lines.Last(), "(30 more of this code held back)");
    }

    [TestMethod]
    public void A_stop_writes_what_is_still_held_back()
    {
        for (int i = 0; i < 3; i++)
        {
            _log.Write(new GatewayLogEntry("G2148", "away", i, HealthSubject.Pod(1)));
            _log.Write(new GatewayLogEntry("G2146", "listener", i, HealthSubject.Listener("web")));
        }

        Assert.HasCount(2, Lines);
        _log.Dispose();
        Assert.HasCount(4, Lines, _text.ToString());
        StringAssert.Contains(Lines[2], "G2148");
        StringAssert.Contains(Lines[2], "(2 more since then)");
        StringAssert.Contains(Lines[3], "G2146");
        StringAssert.Contains(Lines[3], "(2 more of this code held back)");
        _log.Dispose();
        Assert.HasCount(4, Lines, "once");
    }

    [TestMethod]
    public void Two_pods_that_send_what_is_no_frame_are_two_lines()
    {
        Rig rig = new();
        TestClient[] pods = [rig.Pod(Rig.PodA), rig.Pod(Rig.PodB)];
        ulong[] devices = [Rig.PodA, Rig.PodB];
        for (int i = 0; i < 3; i++)
        {
            for (int p = 0; p < pods.Length; p++)
            {
                pods[p].Publish(Topics.Up(devices[p]), [1, 2, 3]);
                pods[p].Publish(Topics.Up(devices[p]), new byte[Frame.MaxMessageLength + 1]);
                pods[p].Publish(Topics.Time(devices[p]), [1]);
            }
        }

        rig.Run(2 * Second);
        foreach (GatewayLogEntry entry in rig.Log)
        {
            _log.Write(entry);
        }

        foreach (string code in new[] { FaultCodes.InvalidFrames, FaultCodes.PodMessageTooLong, FaultCodes.ClockRequestNotUnderstood })
        {
            string[] told = [.. Lines.Where(line => line.Contains(code, StringComparison.Ordinal))];
            Assert.HasCount(2, told, code + "\n" + _text);
            StringAssert.Contains(told[0], Topics.DeviceText(Rig.PodA));
            StringAssert.Contains(told[1], Topics.DeviceText(Rig.PodB));
            Assert.IsGreaterThan(2, rig.Log.Count(entry => entry.Code == code), "held back for each pod by itself");
        }
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
            _log.Write(new GatewayLogEntry("G2148", "pod", i % 10, HealthSubject.Pod((ulong)i)));
        }

        Assert.HasCount(RepeatedLines.MaxPerCode + 1 + RepeatedLines.MaxRemembered, Lines, "not even pods without end");
        Assert.IsLessThanOrEqualTo(RepeatedLines.MaxRemembered + RepeatedLines.MaxPerCode + 1, _log.Repeated.Remembered);
        _log.Write(new GatewayLogEntry("G2148", "pod", RepeatedLines.QuietUs + 10, HealthSubject.Pod(9999)));
        StringAssert.Contains(Lines.Last(), $"({5000 - RepeatedLines.MaxRemembered} more of this code held back)");
        for (int i = 0; i < 5000; i++)
        {
            _log.Write(new GatewayLogEntry("G2146", "listener", 20 * Second * i, new HealthSubject(HealthSubjectKind.Listener, "x" + i)));
            _log.Write(new GatewayLogEntry("G2147", "listener", 20 * Second * i, new HealthSubject(HealthSubjectKind.Listener, "x" + i)));
        }

        Assert.IsTrue(_log.Repeated.Remembered <= RepeatedLines.MaxRemembered, $"{_log.Repeated.Remembered} remembered");
    }

    /// <summary>A clock that stands until it is moved, with one timer.</summary>
    private sealed class HandTime : TimeProvider
    {
        private TimerCallback? _callback;
        private long _dueUs = long.MaxValue;

        public long NowUs { get; private set; }

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => NowUs;

        public void Move(long us)
        {
            long endUs = NowUs + us;
            while (_dueUs <= endUs)
            {
                NowUs = Math.Max(NowUs, _dueUs);
                _dueUs = long.MaxValue;
                _callback!(null);
            }

            NowUs = endUs;
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _callback = callback;
            return new Timer(this);
        }

        private sealed class Timer(HandTime time) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                time._dueUs = dueTime < TimeSpan.Zero ? long.MaxValue : time.NowUs + (dueTime.Ticks / TimeSpan.TicksPerMicrosecond);
                return true;
            }

            public void Dispose() => time._dueUs = long.MaxValue;

            public System.Threading.Tasks.ValueTask DisposeAsync()
            {
                Dispose();
                return default;
            }
        }
    }
}
