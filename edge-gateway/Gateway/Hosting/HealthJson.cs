using System;
using System.Buffers;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using EdgeGateway.Gateway.Faults;
using EdgeGateway.Gateway.Health;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>The gateway's health as JSON, with a code and a next step for everything that is not well.</summary>
public static class HealthJson
{
    /// <summary>The journal does not take readings.</summary>
    public const string JournalRefuses = "G2085";

    /// <summary>The session's broker is not reached.</summary>
    public const string BrokerAway = "G2086";

    /// <summary>UTC is not disciplined.</summary>
    public const string ClockFree = "G2087";

    /// <summary>The gateway is starting or stopping.</summary>
    public const string NotReady = "G2088";

    /// <summary>What is not well, gravest first: the issues that stand, and what the snapshot itself shows.</summary>
    /// <param name="snapshot">The gateway's health.</param>
    /// <returns>Issues; empty when all is well.</returns>
    public static IReadOnlyList<HealthIssue> Issues(GatewaySnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        List<HealthIssue> issues = [];
        void Add(bool stands, string code, HealthSubject subject)
        {
            if (stands)
            {
                issues.Add(new HealthIssue(code, subject, snapshot.NowUs, GatewayMoment.NoUtc, 1, string.Empty));
            }
        }

        Add(!snapshot.IsReady, NotReady, HealthSubject.Gateway);
        Add(snapshot.IsReady && (!snapshot.JournalWritable || snapshot.JournalStatus != DiskStatus.Ok), JournalRefuses, new HealthSubject(HealthSubjectKind.Disk, "journal"));
        Add(!snapshot.UplinkConnected, BrokerAway, new HealthSubject(HealthSubjectKind.Broker, string.Empty));
        Add(!snapshot.Utc.Synchronised, ClockFree, HealthSubject.Gateway);
        issues.AddRange(snapshot.Issues);

        // A stable sort: equal ones stay in the order of code and subject.
        return [.. issues.OrderByDescending(i => FaultCatalogue.Default[i.Code].Severity)];
    }

    /// <summary>Writes it.</summary>
    /// <param name="snapshot">The gateway's health.</param>
    /// <param name="language">"en" or "fr".</param>
    /// <returns>UTF-8 JSON, one object.</returns>
    public static ReadOnlyMemory<byte> Write(GatewaySnapshot snapshot, string language)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        IReadOnlyList<HealthIssue> issues = Issues(snapshot);
        ArrayBufferWriter<byte> buffer = new(4096);
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        json.WriteString("status", issues.Count == 0 ? "ok" : snapshot.IsReady && snapshot.JournalWritable ? "degraded" : "failing");
        json.WriteBoolean("ready", snapshot.IsReady && snapshot.JournalWritable);
        json.WriteStartArray("issues");
        foreach (HealthIssue issue in issues)
        {
            WriteIssue(json, issue, snapshot.NowUs, language);
        }

        json.WriteEndArray();
        json.WriteNumber("boot", snapshot.BootId);
        json.WriteNumber("uptimeMs", snapshot.NowUs / 1000);
        json.WriteStartObject("journal");
        json.WriteBoolean("writable", snapshot.JournalWritable);
        json.WriteString("disk", snapshot.JournalStatus.ToString());
        json.WriteNumber("lastIndex", snapshot.JournalLastIndex);
        json.WriteNumber("syncedIndex", snapshot.JournalSyncedIndex);
        json.WriteEndObject();
        json.WriteStartObject("uplink");
        json.WriteString("broker", snapshot.IsEmbedded ? "embedded" : "external");
        json.WriteBoolean("connected", snapshot.UplinkConnected);
        json.WriteBoolean("receiptsExpected", snapshot.ReceiptsExpected);
        json.WriteNumber("inFlight", snapshot.InFlight);
        json.WriteNumber("held", snapshot.Held);
        json.WriteEndObject();
        json.WriteStartObject("utc");
        json.WriteBoolean("synchronised", snapshot.Utc.Synchronised);
        if (snapshot.Utc.Synchronised)
        {
            json.WriteNumber("uncertaintyUs", snapshot.Utc.UncertaintyUs);
        }
        else
        {
            json.WriteNull("uncertaintyUs");
        }

        json.WriteEndObject();
        WriteSessions(json, snapshot);
        WritePods(json, snapshot);
        WriteStreams(json, snapshot);
        WriteCounters(json, snapshot.Counters);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>Writes one coded error as an object.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="code">The code.</param>
    /// <param name="detail">This case's facts; may be empty.</param>
    /// <param name="language">"en" or "fr".</param>
    public static void WriteFault(Utf8JsonWriter json, string code, string detail, string language)
    {
        ArgumentNullException.ThrowIfNull(json);
        FaultEntry fault = FaultCatalogue.Default[code];
        json.WriteStartObject();
        WriteFaultFields(json, fault, detail, language);
        json.WriteEndObject();
    }

    private static void WriteIssue(Utf8JsonWriter json, HealthIssue issue, long nowUs, string language)
    {
        json.WriteStartObject();
        WriteFaultFields(json, FaultCatalogue.Default[issue.Code], issue.Detail, language);
        json.WriteStartObject("subject");
        if (issue.Subject.Kind != HealthSubjectKind.Gateway)
        {
            json.WriteString(issue.Subject.Kind.ToString().ToLowerInvariant(), issue.Subject.Name);
        }

        json.WriteEndObject();
        json.WriteString("since", issue.SinceUtcUs == GatewayMoment.NoUtc ? null : JsonText.UtcText(issue.SinceUtcUs));
        json.WriteNumber("sinceMs", (nowUs - issue.SinceUs) / 1000);
        json.WriteNumber("count", issue.Count);
        json.WriteEndObject();
    }

    private static void WriteFaultFields(Utf8JsonWriter json, FaultEntry fault, string detail, string language)
    {
        json.WriteString("code", fault.Code);
        json.WriteString("severity", fault.Severity.ToString().ToLowerInvariant());
        json.WriteString("happened", fault.Happened.In(language));
        if (!string.IsNullOrEmpty(detail))
        {
            json.WriteString("detail", detail);
        }

        json.WriteString("means", fault.Means.In(language));
        json.WriteString("do", fault.Do.In(language));
        json.WriteString("consultation", fault.Consultation.In(language));
    }

    private static void WriteSessions(Utf8JsonWriter json, GatewaySnapshot snapshot)
    {
        json.WriteStartArray("sessions");
        foreach (SessionHealth session in snapshot.Sessions)
        {
            json.WriteStartObject();
            json.WriteNumber("number", session.Number);
            json.WriteString("session", session.Id);
            json.WriteString("state", session.IsOpen ? "open" : "closed");
            json.WriteNumber("pending", session.Pending);
            json.WriteBoolean("hasSubscriber", session.HasSubscriber);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WritePods(Utf8JsonWriter json, GatewaySnapshot snapshot)
    {
        json.WriteStartArray("pods");
        foreach (PodHealth pod in snapshot.Pods)
        {
            json.WriteStartObject();
            json.WriteString("device", Topics.DeviceText(pod.DeviceId));
            json.WriteBoolean("connected", pod.IsConnected);
            json.WriteNumber("boot", pod.BootId);
            json.WriteNumber("messages", pod.Messages);
            json.WriteNumber("lastHeardUs", pod.LastHeardUs);
            if (pod.ClockUncertaintyUs is long uncertainty)
            {
                json.WriteNumber("clockUncertaintyUs", uncertainty);
            }
            else
            {
                json.WriteNull("clockUncertaintyUs");
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteStreams(Utf8JsonWriter json, GatewaySnapshot snapshot)
    {
        json.WriteStartArray("streams");
        foreach (StreamHealth stream in snapshot.Streams)
        {
            json.WriteStartObject();
            json.WriteString(
                "stream",
                string.Create(CultureInfo.InvariantCulture, $"{Topics.DeviceText(stream.DeviceId)}.{stream.BootId}.{stream.Stream}"));
            json.WriteNumber("produced", stream.Produced);
            json.WriteNumber("stored", stream.Stored);
            json.WriteNumber("declaredLost", stream.DeclaredLost);
            json.WriteNumber("missing", stream.Missing);
            json.WriteNumber("sent", stream.Sent);
            json.WriteNumber("pending", stream.Pending);
            json.WriteNumber("kept", stream.Kept);
            json.WriteNumber("lostHere", stream.LostHere);
            json.WriteNumber("storedThrough", stream.StoredThrough);
            json.WriteNumber("sentThrough", stream.SentThrough);
            json.WriteNumber("receivedThrough", stream.ReceivedThrough);
            json.WriteNumber("seenThrough", stream.SeenThrough);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteCounters(Utf8JsonWriter json, GatewayCounters counters)
    {
        json.WriteStartObject("counters");
        json.WriteNumber("messages", counters.Messages);
        json.WriteNumber("frames", counters.Frames);
        json.WriteNumber("duplicates", counters.Duplicates);
        json.WriteNumber("refusedParts", counters.RefusedParts);
        json.WriteNumber("published", counters.Published);
        json.WriteNumber("acknowledged", counters.Acknowledged);
        json.WriteNumber("noSubscriber", counters.NoSubscriber);
        json.WriteNumber("corrections", counters.Corrections);
        json.WriteNumber("replayed", counters.Replayed);
        json.WriteNumber("receipts", counters.Receipts);
        json.WriteNumber("clockReplies", counters.ClockReplies);
        json.WriteNumber("uplinkConnections", counters.UplinkConnections);
        json.WriteNumber("accessRefused", counters.AccessRefused);
        json.WriteNumber("heldOverflows", counters.HeldOverflows);
        json.WriteEndObject();
    }
}
