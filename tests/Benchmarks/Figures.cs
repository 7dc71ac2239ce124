using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Benchmarks;

/// <summary>A row of the table.</summary>
/// <param name="Text">What is measured, with its unit.</param>
/// <param name="Format">How its numbers are written.</param>
/// <param name="HasRatio">False where a ratio would say nothing.</param>
internal sealed record Row(string Text, string Format = "#,0", bool HasRatio = true)
{
    public static readonly Row Ingest = new("ingest, one reading per message: acknowledged readings/s");
    public static readonly Row IngestCpu = new("… CPU of the local part, µs per reading", "0.0");
    public static readonly Row IngestOwnCpu = new("… CPU of the load generator, µs per reading", "0.0", false);
    public static readonly Row Written = new("… bytes written per reading of 200 bytes");
    public static readonly Row Syncs = new("… syncs per reading (strace, a run of its own)", "0.0000");
    public static readonly Row IngestFull = new("ingest, 15 readings per message: acknowledged readings/s");
    public static readonly Row IngestFullCpu = new("… CPU of the local part, µs per reading ", "0.0");
    public static readonly Row IngestFullOwnCpu = new("… CPU of the load generator, µs per reading ", "0.0", false);
    public static readonly Row WrittenFull = new("… bytes written per reading of 200 bytes ");
    public static readonly Row SyncsFull = new("… syncs per reading (strace, a run of its own) ", "0.0000");
    public static readonly Row DrainArrived = new("drain after the outage: arrived, %", "0.##", false);
    public static readonly Row DrainDuplicates = new("… arrived twice, readings", HasRatio: false);
    public static readonly Row UpToFirst = new("… remote up to first reading, s", "0.00");
    public static readonly Row Drain = new("… first to last: readings/s");
    public static readonly Row DrainCpu = new("… CPU of the local part, µs per reading  ", "0.0");
    public static readonly Row KillAcknowledged = new("SIGKILL during ingest: acknowledged before it, readings", HasRatio: false);
    public static readonly Row KillLost = new("… of these lost, readings", HasRatio: false);
    public static readonly Row KillLostShare = new("… of these lost, %", "0.##", false);
    public static readonly Row KillDuplicates = new("… arrived twice, readings ", HasRatio: false);
    public static readonly Row Queued = new("memory: readings queued", HasRatio: false);
    public static readonly Row RssEmpty = new("… RSS with an empty queue, MB", "0.0");
    public static readonly Row RssQueued = new("… RSS with the queue, MB", "0.0");

    /// <summary>All, in the table's order.</summary>
    public static readonly Row[] All =
    [
        Ingest, IngestCpu, IngestOwnCpu, Written, Syncs, IngestFull, IngestFullCpu, IngestFullOwnCpu, WrittenFull, SyncsFull, DrainArrived, DrainDuplicates, UpToFirst, Drain, DrainCpu,
        KillAcknowledged, KillLost, KillLostShare, KillDuplicates, Queued, RssEmpty, RssQueued,
    ];
}

/// <summary>The figures of one contestant.</summary>
internal sealed class Figures(string name)
{
    private readonly Dictionary<Row, List<double>> _values = [];

    public string Name => name;

    public void Add(Row row, double value)
    {
        if (!_values.TryGetValue(row, out List<double>? values))
        {
            _values[row] = values = [];
        }

        values.Add(value);
    }

    public double? Median(Row row) =>
        !_values.TryGetValue(row, out List<double>? values) ? null
        : values.Order().ElementAt(values.Count / 2) is var upper && values.Count % 2 == 1 ? upper
        : (upper + values.Order().ElementAt((values.Count / 2) - 1)) / 2;

    /// <summary>Median and range, "-" when nothing was measured.</summary>
    public string Text(Row row) =>
        Median(row) is not double median ? "-"
        : _values[row] is { Count: 1 } ? Number(median, row)
        : $"{Number(median, row)} [{Number(_values[row].Min(), row)}..{Number(_values[row].Max(), row)}]";

    /// <summary>The table in Markdown: a column for each, then the ratio of the first to each of the others.</summary>
    public static string Table(IReadOnlyList<Figures> all)
    {
        StringBuilder text = new();
        text.Append("| median [min..max] |").AppendJoin('|', all.Select((f, i) => string.Create(CultureInfo.InvariantCulture, $" {i + 1}: {f.Name} "))).Append('|');
        text.AppendJoin('|', all.Skip(1).Select((_, i) => string.Create(CultureInfo.InvariantCulture, $" 1 : {i + 2} "))).AppendLine("|");
        text.Append("| --- |").Insert(text.Length, " --- |", all.Count + all.Count - 1).AppendLine();
        foreach (Row row in Row.All.Where(r => all.Any(f => f.Median(r) is not null)))
        {
            text.Append("| ").Append(row.Text.TrimEnd()).Append(" | ").AppendJoin(" | ", all.Select(f => f.Text(row)));
            foreach (Figures other in all.Skip(1))
            {
                text.Append(" | ").Append(row.HasRatio && all[0].Median(row) is double own && other.Median(row) is double theirs && theirs != 0
                    ? (own / theirs).ToString("0.00", CultureInfo.InvariantCulture) : "-");
            }

            text.AppendLine(" |");
        }

        return text.ToString();
    }

    private static string Number(double value, Row row) => value.ToString(row.Format, CultureInfo.InvariantCulture);
}
