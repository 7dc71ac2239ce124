using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Time;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Journal.Trail;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Trail;

/// <summary>Acts on their way to the trail: each once, floods as numbers, and no free text.</summary>
[TestClass]
public sealed class ActRecorderTests
{
    private readonly World _world = new();

    [TestMethod]
    public void Deed_is_one_entry_each_time_with_time_start_and_tokens()
    {
        ActRecorder acts = _world.Recorder();
        Act open = new("session.open", new ActAuthor(AuthorKind.Platform, "client-1")) { From = "mqtt", Session = "S1" };
        acts.Record(open);
        acts.Record(open);
        acts.Record(open with { Who = new ActAuthor(AuthorKind.Platform, "Mrs Example, born 1950") });
        Assert.HasCount(3, _world.Entries);
        using JsonDocument entry = JsonDocument.Parse(_world.Entries[0]);
        Assert.AreEqual("session.open", entry.RootElement.GetProperty("act").GetString());
        Assert.AreEqual("platform", entry.RootElement.GetProperty("who").GetString());
        Assert.AreEqual(3, entry.RootElement.GetProperty("boot").GetInt32());
        Assert.AreEqual("2026-03-04T05:06:07.000000Z", entry.RootElement.GetProperty("at").GetString());
        Assert.IsFalse(_world.Entries[2].Contains("Example", StringComparison.Ordinal));
        StringAssert.Contains(_world.Entries[2], "sha256:");
        Assert.AreEqual("sha256:", ActJson.Token(new string('a', 65))[..7]);
        Assert.AreEqual(string.Empty, ActJson.Token(string.Empty));
    }

    [TestMethod]
    public void Same_refusal_is_one_entry_and_a_number()
    {
        ActRecorder acts = _world.Recorder();
        Act refused = new(ActNames.PeerRefused, new ActAuthor(AuthorKind.Unknown, "10.0.0.1")) { Code = FaultCodes.PeerCertificateUntrusted };
        for (int i = 0; i < 500; i++)
        {
            acts.Record(refused);
        }

        acts.Record(refused with { Who = new ActAuthor(AuthorKind.Unknown, "10.0.0.2") });
        Assert.HasCount(2, _world.Entries);
        _world.Step(acts, ActRecorder.WindowUs);
        Assert.HasCount(3, _world.Entries);
        StringAssert.Contains(_world.Entries[2], "\"count\":499");
        acts.Record(refused);
        Assert.HasCount(4, _world.Entries, "a new window begins with an entry");
    }

    [TestMethod]
    public void Flood_of_one_kind_is_bounded_counted_and_takes_no_place_of_another()
    {
        ActRecorder acts = _world.Recorder();
        long refused = 0;
        for (int i = 0; i < 86_400; i++)
        {
            acts.Record(new Act(ActNames.PeerRefused, new ActAuthor(AuthorKind.Unknown, "p" + i)) { Code = FaultCodes.PeerCertificateUntrusted });
            acts.Record(new Act(ActNames.CuffStop, new ActAuthor(AuthorKind.Platform, "s" + i)));
            refused++;
            _world.Step(acts, 1_000_000);
        }

        acts.Record(new Act("session.open", ActAuthor.Local) { Session = "S1" });
        StringAssert.Contains(_world.Entries[^1], "session.open");
        acts.Stop(_world.NowUs);
        StringAssert.Contains(_world.Entries[^1], ActNames.GatewayStop);
        long bytes = _world.Entries.Sum(static e => (long)e.Length + 100);
        Assert.IsLessThan(4_000_000, bytes, "a day of floods stays far below the quota of 32 MiB");
        long counted = 0;
        foreach (string text in _world.Entries)
        {
            using JsonDocument entry = JsonDocument.Parse(text);
            string act = entry.RootElement.GetProperty("act").GetString()!;
            bool isOfKind = act is ActNames.PeerRefused || (act is ActNames.ActsCounted && entry.RootElement.GetProperty("subject").GetString() is "refusals");
            counted += isOfKind ? entry.RootElement.TryGetProperty("count", out JsonElement count) ? count.GetInt64() : 1 : 0;
        }

        Assert.AreEqual(refused, counted, "every one is in an entry or in a number");
    }

    [TestMethod]
    public void Close_that_was_refused_or_has_no_place_publishes_no_head_and_clock_and_disk_are_told()
    {
        ActRecorder acts = _world.Recorder();
        acts.Record(new Act(ActNames.SessionClose, ActAuthor.Local) { Session = "S1", Code = FaultCodes.SessionUnknown });
        Assert.IsEmpty(acts.Closed.ToArray());
        acts.Record(new Act(ActNames.SessionClose, ActAuthor.Local) { Session = "S1" });
        Assert.AreEqual(("S1", 2L), acts.Closed.Single());

        _world.Problem = "no space left";
        _world.Implausible = "it jumped by 9000 ms";
        _world.Step(acts, 2_000_000);
        Assert.IsTrue(_world.Issues.Contains(FaultCodes.TrailNotWritten));
        StringAssert.Contains(_world.Entries[^1], ActNames.ClockStep);
        _world.Problem = null;
        _world.Step(acts, 2_000_000);
        Assert.IsFalse(_world.Issues.Contains(FaultCodes.TrailNotWritten));
        Assert.AreEqual(3, _world.Entries.Count, "the same jump is one act");
    }

    [TestMethod]
    public void Without_a_trail_nothing_is_done()
    {
        ActRecorder acts = _world.Recorder(hasTrail: false);
        acts.Record(new Act(ActNames.SessionClose, ActAuthor.Local) { Session = "S1" });
        Assert.AreEqual(long.MaxValue, acts.Step(5));
        Assert.IsEmpty(acts.Closed.ToArray());
    }

    private sealed class World : IGatewayTime, ITrail
    {
        public List<string> Entries { get; } = [];

        public SortedSet<string> Issues { get; } = new(StringComparer.Ordinal);

        public long NowUs { get; private set; } = 1_000_000;

        public string? Implausible { get; set; }

        public UtcEstimate Utc => new(true, 1_772_600_767_000_000, 1000, Implausible);

        public TrailHead Head => TrailHead.None;

        public long WrittenTicket => Entries.Count;

        public string? Problem { get; set; }

        public string? Finding => null;

        public ActRecorder Recorder(bool hasTrail = true)
        {
            GatewayClock clock = new(this) { BootId = 3 };
            HealthIssues issues = new((code, _, _, ended) => _ = ended.Length > 0 ? Issues.Remove(ended) : Issues.Add(code), () => clock.Now);
            return new ActRecorder(hasTrail ? this : null, clock, issues);
        }

        public void Step(ActRecorder acts, long us)
        {
            NowUs += us;
            acts.Step(NowUs);
        }

        public long Write(ReadOnlyMemory<byte> entry)
        {
            Assert.IsLessThan(1024, entry.Length);
            Entries.Add(Encoding.UTF8.GetString(entry.Span));
            return Entries.Count;
        }
    }
}
