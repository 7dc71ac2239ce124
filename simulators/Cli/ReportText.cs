using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;
using EdgeGateway.Faults;
using Simulators.Cart.Ledger;
using Simulators.Cart.Report;
using Simulators.Cart.Scenario;

namespace Simulators.Cli;

/// <summary>Reports as text and as JSON.</summary>
internal static class ReportText
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    public static string Lines(RunReport report, double seconds)
    {
        LedgerBalance b = report.Balance;
        StringBuilder text = new();
        void Line(string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name,-12}{value}").Append('\n');
        static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
        static string Ms(long us) => (us / 1000.0).ToString("N1", CultureInfo.InvariantCulture);
        double virtualSeconds = report.EndUs / 1e6;
        Line("scenario", report.Scenario.Name);
        Line("seed", report.Seed.ToString(CultureInfo.InvariantCulture));
        Line("ran", string.Create(CultureInfo.InvariantCulture, $"{virtualSeconds:0.###} s in {seconds:0.##} s ({virtualSeconds / seconds:0.#} x real time)"));
        Line("produced", Count(b.Produced));
        Line("delivered", Count(b.Delivered));
        Line("pending", Count(b.Pending));
        Line("gaps", Count(b.Gaps) + " declared lost" + (b.GapsKept > 0 ? $", {Count(b.GapsKept)} of them to the gateway alone" : string.Empty));
        Line("kept", Count(b.Unbound) + " (of no session, or for the gateway alone)");
        Line("unaccounted", Count(b.Lost));
        Line("duplicates", Count(b.Duplicates));
        Line("order", b.OrderViolations == 0 ? "kept in every stream" : Count(b.OrderViolations) + " readings out of order");
        if (b.Unsynchronised + b.Corrections > 0)
        {
            Line("time", $"{Count(b.Unsynchronised)} readings without UTC, {Count(b.Corrections)} corrected later");
        }

        Line("latency", $"p50 {Ms(b.LatencyP50Us)} ms, p95 {Ms(b.LatencyP95Us)} ms, p99 {Ms(b.LatencyP99Us)} ms, longest {Ms(b.LatencyMaxUs)} ms (measured to delivered)");
        foreach (SoundReport sound in report.Sound)
        {
            Line("sound", $"{sound.Place}: {Count(sound.Chunks)} live chunks, {Count(sound.Missing)} missing, one way p95 {Ms(sound.DelayP95Us)} ms, variation behind the buffer {Ms(sound.VariationUs)} ms, {string.Join(" > ", sound.Steps)}; vital signs p95 {Ms(b.VitalLatencyP95Us)} ms");
        }

        if (report.TraceSha256 is not null)
        {
            Line("trace", $"{report.TraceSha256} ({Count(report.TraceLines)} lines)");
        }

        Line("result", report.Missed.Count == 0 ? "every expectation met" : $"{report.Missed.Count} expectations missed");
        return text.ToString();
    }

    public static string Json(RunReport report, double seconds)
    {
        LedgerBalance b = report.Balance;
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, Indented))
        {
            json.WriteStartObject();
            json.WriteString("scenario", report.Scenario.Name);
            json.WriteNumber("seed", report.Seed);
            json.WriteNumber("virtualUs", report.EndUs);
            json.WriteNumber("realSeconds", seconds);
            json.WriteNumber("produced", b.Produced);
            json.WriteNumber("delivered", b.Delivered);
            json.WriteNumber("pending", b.Pending);
            json.WriteNumber("gaps", b.Gaps);
            json.WriteNumber("gapsKept", b.GapsKept);
            json.WriteNumber("kept", b.Unbound);
            json.WriteNumber("unaccounted", b.Lost);
            json.WriteNumber("duplicates", b.Duplicates);
            json.WriteNumber("orderViolations", b.OrderViolations);
            json.WriteNumber("unsynchronised", b.Unsynchronised);
            json.WriteNumber("corrections", b.Corrections);
            json.WriteStartObject("latencyUs");
            json.WriteNumber("p50", b.LatencyP50Us);
            json.WriteNumber("p95", b.LatencyP95Us);
            json.WriteNumber("p99", b.LatencyP99Us);
            json.WriteNumber("max", b.LatencyMaxUs);
            json.WriteEndObject();
            json.WriteString("traceSha256", report.TraceSha256);
            json.WriteBoolean("met", report.Missed.Count == 0);
            json.WriteStartArray("missed");
            foreach (CodedError missed in report.Missed)
            {
                json.WriteStartObject();
                json.WriteString("code", missed.Code);
                json.WriteString("expectation", missed.Place.Path);
                json.WriteString("detail", missed.Detail);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    public static string ListJson()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, Indented))
        {
            json.WriteStartObject();
            json.WriteStartArray("scenarios");
            foreach (string name in ScenarioLibrary.Names)
            {
                ScenarioDefinition scenario = ScenarioLibrary.Load(name).Scenario;
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteString("summary", scenario.Summary);
                json.WriteNumber("seed", scenario.Seed);
                json.WriteNumber("durationUs", scenario.DurationUs);
                json.WriteString("traceSha256", ScenarioLibrary.RecordedHash(name));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
