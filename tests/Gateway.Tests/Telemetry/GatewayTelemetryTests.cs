using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Linq;
using System.Net.Http;
using System.Reflection;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Sound;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Gateway.Telemetry;
using EdgeGateway.Journal;
using Gateway.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Telemetry;

/// <summary>The counts of a snapshot as instruments, and commands as activities.</summary>
[TestClass]
public sealed class GatewayTelemetryTests
{
    [TestMethod]
    public void Every_count_of_a_snapshot_is_an_instrument_of_its_own()
    {
        GatewayCounters counters = new();
        long next = 1000;
        List<long> expected = [];
        foreach (PropertyInfo property in typeof(GatewayCounters).GetProperties())
        {
            property.SetValue(counters, ++next);
            expected.Add(next);
        }

        object sound = new LiveSoundCounts();
        foreach (PropertyInfo property in typeof(LiveSoundCounts).GetProperties())
        {
            property.SetValue(sound, ++next);
            expected.Add(next);
        }

        GatewaySnapshot snapshot = Snapshot() with { Counters = counters, LiveSound = (LiveSoundCounts)sound, JournalLastIndex = ++next };
        expected.Add(next);
        CollectionAssert.AreEquivalent(expected, GatewayTelemetry.Counts.Select(c => c.Count(snapshot)).ToArray());
    }

    [TestMethod]
    public void Levels_are_what_they_say()
    {
        GatewaySnapshot snapshot = Snapshot() with
        {
            JournalLastIndex = 12,
            JournalSyncedIndex = 9,
            InFlight = 4,
            Held = 5,
            UplinkConnected = true,
            Pods = [new PodHealth(1, true, 1, 0, 0, 0, null), new PodHealth(2, false, 1, 0, 0, 0, null)],
            Sessions = [new SessionHealth(1, "a", 1, false, 0, true), new SessionHealth(2, "b", 1, true, 0, true)],
        };
        Dictionary<string, long> levels = GatewayTelemetry.Levels.ToDictionary(l => l.Name, l => l.Value(snapshot), StringComparer.Ordinal);
        CollectionAssert.AreEquivalent(
            new Dictionary<string, long>
            {
                ["cart.gateway.ready"] = 1,
                ["cart.gateway.journal.unsynced"] = 3,
                ["cart.gateway.uplink.connected"] = 1,
                ["cart.gateway.delivery.in_flight"] = 4,
                ["cart.gateway.pod.held"] = 5,
                ["cart.gateway.pod.connected"] = 1,
                ["cart.gateway.sessions.open"] = 1,
            },
            levels);
        Assert.AreEqual(0, GatewayTelemetry.Levels.Single(l => l.Name == "cart.gateway.ready").Value(snapshot with { JournalWritable = false }));
    }

    [TestMethod]
    public async Task Whoever_listens_gets_them_under_names_of_the_convention()
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync();
        using HttpClient http = LiveGateway.Client();
        (await http.PutAsync(new Uri(gateway.Origin + "/api/session/S1"), null)).EnsureSuccessStatusCode();
        IMeterFactory own = gateway.Application.Services.GetRequiredService<IMeterFactory>();
        Dictionary<string, (string? Unit, long Sum, List<string> Tags)> seen = new(StringComparer.Ordinal);
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == GatewayTelemetry.Name && ReferenceEquals(instrument.Meter.Scope, own))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, (long)value, tags));
        listener.Start();
        listener.RecordObservableInstruments();
        foreach ((string name, (string? unit, _, _)) in seen)
        {
            StringAssert.Matches(name, new System.Text.RegularExpressions.Regex(@"^cart\.gateway(\.[a-z][a-z0-9_]*)+$", System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)));
            Assert.IsTrue(unit is "1" or "s" || (unit!.StartsWith('{') && unit.EndsWith('}')), name + " " + unit);
        }

        string[] constant = [.. GatewayTelemetry.Counts.Select(c => c.Name), .. GatewayTelemetry.Levels.Select(l => l.Name), "cart.gateway.readings"];
        CollectionAssert.IsSubsetOf(constant, seen.Keys);
        Assert.AreEqual(1, seen["cart.gateway.ready"].Sum);
        Assert.AreEqual(1, seen["cart.gateway.sessions.open"].Sum);
        Assert.IsGreaterThan(0, seen["cart.gateway.journal.records"].Sum);
        CollectionAssert.AreEquivalent(
            new[] { "produced", "stored", "declared_lost", "missing", "sent", "pending", "unbound", "dropped" }.Select(s => GatewayTelemetry.StateAttribute + "=" + s).ToArray(), seen["cart.gateway.readings"].Tags);

        void Take(Instrument instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            (string? unit, long sum, List<string> known) = seen.GetValueOrDefault(instrument.Name, (instrument.Unit, 0, []));
            foreach ((string key, object? tag) in tags)
            {
                known.Add(key + "=" + tag);
            }

            seen[instrument.Name] = (unit, sum + value, known);
        }
    }

    [TestMethod]
    public async Task A_collection_that_fails_on_the_loop_has_no_measurements_and_ends_nothing()
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync();
        await using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        IMeterFactory own = services.GetRequiredService<IMeterFactory>();
        bool isFailing = true;
        using GatewayTelemetry telemetry = new(own, new GatewayHandle(gateway.Service.Loop, () => isFailing ? throw new InvalidOperationException("a rule was broken") : gateway.Service.Core) { Time = new SteppedTime() });
        int measured = 0;
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, own))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => measured++);
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.AreEqual(0, measured);
        isFailing = false;
        listener.RecordObservableInstruments();
        Assert.IsGreaterThan(0, measured, "the loop answers the next collection");
        Assert.IsFalse(gateway.Service.Broken.IsCompleted);
    }

    [TestMethod]
    public async Task A_command_is_an_activity_and_a_refusal_names_its_code()
    {
        List<Activity> ended = [];
        using ActivityListener listener = new()
        {
            ShouldListenTo = static source => source.Name == GatewayTelemetry.Name,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (ended)
                {
                    ended.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using LiveGateway gateway = await LiveGateway.StartAsync();
        using HttpClient http = LiveGateway.Client();
        (await http.PutAsync(new Uri(gateway.Origin + "/api/session/S1"), null)).Dispose();
        (await http.PutAsync(new Uri(gateway.Origin + "/api/session/S2"), null)).Dispose();
        Activity[] commands;
        lock (ended)
        {
            commands = [.. ended.Where(a => a.DisplayName == "open a session")];
        }

        Assert.HasCount(2, commands);
        Assert.AreEqual("open a session", commands[0].GetTagItem("cart.command"));
        Assert.IsNull(commands[0].GetTagItem("error.type"));
        Assert.AreEqual("G2302", commands[1].GetTagItem("error.type"));
        Assert.AreEqual(ActivityStatusCode.Error, commands[1].Status);
    }

    /// <summary>Each look at it is ten seconds later: no snapshot serves twice.</summary>
    private sealed class SteppedTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now += 10 * TimeSpan.TicksPerSecond;
    }

    private static GatewaySnapshot Snapshot() => new()
    {
        NowUs = 1,
        BootId = 1,
        IsReady = true,
        JournalWritable = true,
        JournalStatus = DiskStatus.Ok,
        JournalLastIndex = 0,
        JournalSyncedIndex = 0,
        IsEmbedded = true,
        ReceiptsExpected = false,
        UplinkConnected = false,
        InFlight = 0,
        Held = 0,
        Utc = default,
        Counters = new GatewayCounters(),
        Sessions = [],
        Pods = [],
        Streams = [],
    };
}
