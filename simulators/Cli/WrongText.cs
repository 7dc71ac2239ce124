using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Json;
using Simulators.Cart.Evaluation;

namespace Simulators.Cli;

/// <summary>What is wrong with confidence, as text and JSON.</summary>
internal static class WrongText
{
    /// <summary>Values of a recording that are printed; of the others only how many.</summary>
    private const int MaxValues = 6;

    public static void Lines(StringBuilder text, IReadOnlyList<Judgement> judgements, IReadOnlyList<WrongCount> counts)
    {
        text.Append("\n\nPublished and wrong");
        Records(text, "without a flag", judgements.Where(j => j.IsWrong && j.Flags is null));
        Records(text, "flagged", judgements.Where(j => j.IsWrong && j.Flags is not null));
        text.Append(CultureInfo.InvariantCulture, $"\n\n{"kind",-20}{"wrong",7}{"of",7}{"coverage",10}{"high",7}{"low",7}{"flagged",9}");
        foreach (WrongCount count in counts)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{count.Kind,-20}{count.Wrong,7}{count.Of,7}{EvaluateCommand.Number(count.Coverage, 3),10}{count.High,7}{count.Low,7}{count.Flagged,9}");
        }
    }

    public static void Json(Utf8JsonWriter json, IReadOnlyList<WrongCount> counts)
    {
        json.WriteStartArray("confidently_wrong");
        foreach (WrongCount count in counts)
        {
            json.WriteStartObject();
            json.WriteString("kind", count.Kind);
            json.WriteNumber("wrong", count.Wrong);
            json.WriteNumber("of", count.Of);
            EvaluateCommand.Write(json, "coverage", count.Coverage);
            json.WriteNumber("high", count.High);
            json.WriteNumber("low", count.Low);
            json.WriteNumber("flagged", count.Flagged);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Records(StringBuilder text, string heading, IEnumerable<Judgement> wrong)
    {
        List<IGrouping<(string Record, string Kind), Judgement>> records = [.. wrong.GroupBy(j => (j.Record, j.Kind))];
        text.Append(CultureInfo.InvariantCulture, $"\n{heading}: {(records.Count == 0 ? "none" : string.Empty)}");
        foreach (IGrouping<(string Record, string Kind), Judgement> record in records)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n  {record.Key.Record,-20}{record.Key.Kind,-16}{record.Count(),4}  ");
            text.AppendJoin(", ", record.Take(MaxValues).Select(Value));
            text.Append(record.Count() > MaxValues ? ", …" : string.Empty);
        }
    }

    private static string Value(Judgement judgement)
    {
        string at = judgement.Seconds is { } seconds ? string.Create(CultureInfo.InvariantCulture, $" at {seconds:0} s") : string.Empty;
        string reference = judgement.Reference is { } known ? string.Create(CultureInfo.InvariantCulture, $"for {known:0.0}") : "where there must be none";
        string flags = judgement.Flags is null ? string.Empty : $" ({judgement.Flags})";
        return string.Create(CultureInfo.InvariantCulture, $"{judgement.Value:0.0} {reference}{at}{flags}");
    }
}
