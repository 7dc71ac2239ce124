using System;
using System.Buffers;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;
using EdgeGateway.Gateway.Faults;
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

    /// <summary>What is not well, gravest first.</summary>
    /// <param name="snapshot">The gateway's health.</param>
    /// <returns>Codes of the catalogue; empty when all is well.</returns>
    public static IReadOnlyList<string> Complaints(GatewaySnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        List<string> codes = [];
        if (!snapshot.IsReady)
        {
            codes.Add(NotReady);
        }

        if (snapshot.IsReady && (!snapshot.JournalWritable || snapshot.JournalStatus != DiskStatus.Ok))
        {
            codes.Add(JournalRefuses);
        }

        if (!snapshot.UplinkConnected)
        {
            codes.Add(BrokerAway);
        }

        if (!snapshot.Utc.Synchronised)
        {
            codes.Add(ClockFree);
        }

        return codes;
    }

    /// <summary>Writes it.</summary>
    /// <param name="snapshot">The gateway's health.</param>
    /// <param name="language">"en" or "fr".</param>
    /// <returns>UTF-8 JSON, one object.</returns>
    public static ReadOnlyMemory<byte> Write(GatewaySnapshot snapshot, string language)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        IReadOnlyList<string> complaints = Complaints(snapshot);
        ArrayBufferWriter<byte> buffer = new(4096);
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        json.WriteString("status", complaints.Count == 0 ? "ok" : snapshot.IsReady && snapshot.JournalWritable ? "degraded" : "failing");
        json.WriteBoolean("ready", snapshot.IsReady && snapshot.JournalWritable);
        json.WriteStartArray("complaints");
        foreach (string code in complaints)
        {
            WriteFault(json, code, string.Empty, language);
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
        json.WriteString("code", code);
        json.WriteString("severity", fault.Severity.ToString().ToLowerInvariant());
        json.WriteString("happened", fault.Happened.In(language));
        if (!string.IsNullOrEmpty(detail))
        {
            json.WriteString("detail", detail);
        }

        json.WriteString("means", fault.Means.In(language));
        json.WriteString("do", fault.Do.In(language));
        json.WriteString("consultation", fault.Consultation.In(language));
        json.WriteEndObject();
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
