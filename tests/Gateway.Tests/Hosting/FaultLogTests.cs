using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using EdgeGateway.Core;
using EdgeGateway.Core.Health;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>Each code has its log message, and a line of the console says it as technicians know it.</summary>
[TestClass]
public sealed class FaultLogTests
{
    private static readonly Dictionary<FaultSeverity, LogLevel> Levels = new()
    {
        [FaultSeverity.Info] = LogLevel.Information,
        [FaultSeverity.Warning] = LogLevel.Warning,
        [FaultSeverity.Error] = LogLevel.Error,
        [FaultSeverity.Fault] = LogLevel.Critical,
    };

    [TestMethod]
    public void Every_code_of_gateway_and_journal_has_its_event_id_level_and_properties()
    {
        FaultEntry[] entries = [.. FaultCatalogue.Default.Entries.Where(e => e.Code[0] is 'G' or 'J')];
        Assert.IsNotEmpty(entries);
        foreach (FaultEntry entry in entries)
        {
            Recorder recorder = new();
            int number = int.Parse(entry.Code.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture);
            Assert.IsTrue(FaultLog.TryWrite(recorder, number, "here", "pod 01", 3, 4), entry.Code);
            (LogLevel level, EventId id, Dictionary<string, object?> state, string text) = recorder.Entries.Single();
            Assert.AreEqual(Levels[entry.Severity], level, entry.Code);
            Assert.AreEqual(number, id.Id);
            Assert.AreEqual(entry.Code, id.Name);
            Assert.AreEqual("here", state["What"], entry.Code);
            Assert.AreEqual("pod 01", state["Subject"]);
            Assert.AreEqual(3L, state["Repeats"]);
            Assert.AreEqual(4L, state["HeldBack"]);
            StringAssert.StartsWith(text, entry.Happened.English + " here (pod 01;", entry.Code);
        }
    }

    [TestMethod]
    public void A_code_of_another_program_is_logged_all_the_same()
    {
        Recorder recorder = new();
        Assert.IsFalse(FaultLog.TryWrite(recorder, 1101, "here", "gateway", 0, 0));
        using LoggerFactory loggers = new([recorder]);
        using GatewayLog log = new(loggers, TimeProvider.System);
        log.Write(new GatewayLogEntry("P1101", "here", 1));
        Assert.AreEqual(0, recorder.Entries.Single().Id.Id);
        StringAssert.Contains(recorder.Entries.Single().Text, "P1101 here");
    }

    [TestMethod]
    [DataRow("en", "2026-03-04T05:06:07.089Z warning G2148 A pod that was here is away. 02aabbfffe0000a1 for 30 s | Check the pod's power and light, then its network; bring it back near the cart.")]
    [DataRow("fr", "2026-03-04T05:06:07.089Z warning G2148 ")]
    public void A_line_has_stamp_severity_code_cause_and_next_step_in_the_configured_language(string language, string expected)
    {
        using StringWriter text = new();
        using GatewayLog log = new(LineProvider.Factory(text, language, new Stopped()), TimeProvider.System);
        log.Write(new GatewayLogEntry(FaultCodes.PodAway, "02aabbfffe0000a1 for 30 s", 1, HealthSubject.Pod(0x02AABBFFFE0000A1)));
        string line = text.ToString();
        StringAssert.StartsWith(line, expected);
        StringAssert.EndsWith(line, " | " + FaultCatalogue.Default[FaultCodes.PodAway].Do.In(language) + Environment.NewLine);
    }

    [TestMethod]
    public void Held_back_lines_are_counted_in_the_next()
    {
        using StringWriter text = new();
        using ILoggerFactory loggers = LineProvider.Factory(text);
        Assert.IsTrue(FaultLog.TryWrite(loggers.CreateLogger(GatewayLog.Category), 2148, "it", "pod 1", 9, 5));
        StringAssert.Contains(text.ToString(), " it (9 more since then) (5 more of this code held back) | ");
    }

    [TestMethod]
    public void A_line_without_a_code_is_one_line_too()
    {
        using StringWriter text = new();
        using ILoggerFactory loggers = LineProvider.Factory(text, time: new Stopped());
        loggers.CreateLogger("Elsewhere").Log(LogLevel.Error, default, "two\nlines", new IOException("a\u001bb"), static (state, _) => state);
        Assert.AreEqual("2026-03-04T05:06:07.089Z error Elsewhere two\\u000Alines IOException: a\\u001Bb" + Environment.NewLine, text.ToString());
    }

    [TestMethod]
    public void The_subject_says_what_and_which()
    {
        Recorder recorder = new();
        using LoggerFactory loggers = new([recorder]);
        using GatewayLog log = new(loggers, TimeProvider.System);
        log.Write(new GatewayLogEntry(FaultCodes.SessionOpened, "it", 1, new HealthSubject(HealthSubjectKind.Session, "S1")));
        log.Write(new GatewayLogEntry(FaultCodes.SessionClosed, "it", 1));
        CollectionAssert.AreEqual(new object?[] { "session S1", "gateway" }, recorder.Entries.Select(e => e.State["Subject"]).ToArray());
    }

    private sealed class Stopped : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 3, 4, 5, 6, 7, 89, TimeSpan.Zero);
    }

    private sealed class Recorder : ILogger, ILoggerProvider
    {
        public List<(LogLevel Level, EventId Id, Dictionary<string, object?> State, string Text)> Entries { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Entries.Add((logLevel, eventId, ((IReadOnlyList<KeyValuePair<string, object?>>)state!).ToDictionary(), formatter(state, exception)));

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }
    }
}
