using System;
using System.Buffers;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Json;
using EdgeGateway.Faults;
using Firmware.Protocol;

namespace EdgeGateway.Core.Health;

/// <summary>The gateway's health as JSON, with a code and a next step for everything that is not well.</summary>
public static class HealthJson
{
    /// <summary>The journal does not take readings.</summary>
    public const string JournalRefuses = FaultCodes.JournalRefusesReadings;

    /// <summary>The gateway is starting or stopping.</summary>
    public const string NotReady = FaultCodes.GatewayNotReady;

    /// <summary>What the issues say in one word: "ok" without any, "failing" when a part does not work or the gateway is not ready, else "degraded".</summary>
    /// <param name="issues">The issues.</param>
    /// <returns>The word.</returns>
    public static string StatusOf(IReadOnlyList<HealthIssue> issues)
    {
        ArgumentNullException.ThrowIfNull(issues);
        string status = issues.Count == 0 ? "ok" : "degraded";
        foreach (HealthIssue issue in issues)
        {
            if (FaultCatalogue.Default[issue.Code].Severity >= FaultSeverity.Fault || string.Equals(issue.Code, NotReady, StringComparison.Ordinal))
            {
                status = "failing";
            }
        }

        return status;
    }

    /// <summary>The answer when the gateway's logic gives none: a coded error that has the members that every health has.</summary>
    /// <param name="language">"en" or "fr".</param>
    /// <returns>UTF-8 JSON, one object.</returns>
    public static ReadOnlyMemory<byte> WriteNoAnswer(string language)
    {
        ArrayBufferWriter<byte> buffer = new(1024);
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        json.WriteString("status", "failing");
        json.WriteBoolean("ready", false);
        WriteFaultFields(json, FaultCatalogue.Default[FaultCodes.GatewayNotAnswering], string.Empty, language);
        json.WriteStartArray("issues");
        WriteIssue(json, new HealthIssue(FaultCodes.GatewayNotAnswering, HealthSubject.Gateway, 0, GatewayMoment.NoUtc, 1, string.Empty), 0, default, language);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>Writes it.</summary>
    /// <param name="snapshot">The gateway's health.</param>
    /// <param name="language">"en" or "fr".</param>
    /// <returns>UTF-8 JSON, one object.</returns>
    public static ReadOnlyMemory<byte> Write(GatewaySnapshot snapshot, string language)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        IReadOnlyList<HealthIssue> issues = snapshot.Issues;
        ArrayBufferWriter<byte> buffer = new(4096);
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        json.WriteString("status", StatusOf(issues));
        json.WriteBoolean("ready", snapshot.IsReady && snapshot.JournalWritable);
        json.WriteStartArray("issues");
        foreach (HealthIssue issue in issues)
        {
            WriteIssue(json, issue, snapshot.NowUs, snapshot.Utc, language);
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
        WriteListeners(json, snapshot);
        WriteSessions(json, snapshot);
        WritePods(json, snapshot);
        WriteStreams(json, snapshot);
        WriteCounters(json, snapshot.Counters);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    // Where there are any: a simulated gateway has none.
    private static void WriteListeners(Utf8JsonWriter json, GatewaySnapshot snapshot)
    {
        if (snapshot.Listeners.Count > 0)
        {
            json.WriteStartArray("listeners");
            foreach (PlannedListener listener in snapshot.Listeners)
            {
                json.WriteStartObject();
                json.WriteString("protocol", listener.Protocol);
                json.WriteString("address", listener.Address.ToString());
                json.WriteNumber("port", listener.Port);
                json.WriteString("protection", listener.ProtectionWord);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        if (snapshot.Certificates.Count > 0)
        {
            json.WriteStartArray("certificates");
            foreach (CertificateHealth certificate in snapshot.Certificates)
            {
                json.WriteStartObject();
                json.WriteString("what", certificate.What);
                json.WriteString("notAfter", certificate.NotAfter.UtcDateTime);
                json.WriteNumber("daysLeft", certificate.DaysLeft);
                json.WriteString("sha256", certificate.Fingerprint);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
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

    private static void WriteIssue(Utf8JsonWriter json, HealthIssue issue, long nowUs, UtcEstimate utc, string language)
    {
        json.WriteStartObject();
        WriteFaultFields(json, FaultCatalogue.Default[issue.Code], issue.Detail, language);
        json.WriteStartObject("subject");
        if (issue.Subject.Kind != HealthSubjectKind.Gateway)
        {
            json.WriteString(issue.Subject.Kind.ToString().ToLowerInvariant(), issue.Subject.Name);
        }

        json.WriteEndObject();
        json.WriteString("since", issue.SinceUtc(nowUs, utc) is { } sinceUtcUs ? Rfc3339.Text(sinceUtcUs) : null);
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
            json.WriteNumber("lastHeardUs", pod.LastReceivedUs);
            if (pod.ClockUncertaintyUs is long uncertainty)
            {
                json.WriteNumber("clockUncertaintyUs", uncertainty);
            }
            else
            {
                json.WriteNull("clockUncertaintyUs");
            }

            json.WriteBoolean("bench", pod.IsOnBench);
            json.WritePropertyName("heartbeat");
            WriteHeartbeat(json, pod.Heartbeat);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteHeartbeat(Utf8JsonWriter json, PodHeartbeat? heartbeat)
    {
        if (heartbeat is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteNumber("boot", heartbeat.BootId);
        json.WriteNumber("uptimeS", heartbeat.UptimeSeconds);
        WriteNumberOrNull(json, "starts", heartbeat.Starts);
        json.WriteString("lastEnd", heartbeat.LastEnd);
        WriteNumberOrNull(json, "freeBytes", heartbeat.FreeMemoryBytes);
        json.WriteNumber("storePermille", heartbeat.StorePermille);
        json.WriteBoolean("storeOk", heartbeat.IsStoreOk);
        json.WriteNumber("loopLateMs", heartbeat.LoopLateMs);
        json.WriteNumber("linksLost", heartbeat.LinksLost);
        json.WriteNumber("pending", heartbeat.Pending);
        json.WriteNumber("reports", heartbeat.Reports);
        json.WriteNumber("parts", heartbeat.PartsFitted);
        json.WriteNumber("partsFailing", heartbeat.PartsFailing);
        WriteNumberOrNull(json, "signalDbm", heartbeat.SignalDecibelMilliwatt);
        json.WriteString("signalAbsent", heartbeat.SignalDecibelMilliwatt is null ? "notOffered" : null);
        json.WriteEndObject();
    }

    private static void WriteNumberOrNull(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
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
            json.WriteNumber("kept", stream.Unbound);
            json.WriteNumber("lostHere", stream.Dropped);
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
