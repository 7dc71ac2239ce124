using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Simulators.Cart.Evaluation;

namespace Simulators.Cli;

/// <summary><c>cart-sim evaluate circor|springer|pn2016|filters</c>.</summary>
internal static class SoundEvaluateCommand
{
    public static async Task<int> RunAsync(CommandContext here, EvaluateRequest request, int parallel)
    {
        string random = request.Perturbations.Count == 0 ? "nothing random" : string.Create(CultureInfo.InvariantCulture, $"seed {request.Seed}{request.Perturbed}");
        await here.Diagnostics.WriteLineAsync($"evaluate {request.Set}: {random}").ConfigureAwait(false);
        EvaluateCommand.Bar bar = new(ReferenceEquals(here.Diagnostics, Console.Error) && !Console.IsErrorRedirected ? here.Diagnostics : null);
        SoundEvaluationResult result;
        try
        {
            result = await Task.Run(() => Run(request, parallel, bar.Show, here.Stop), here.Stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            bar.Clear();
            await here.Diagnostics.WriteLineAsync("stopped before the end: nothing was scored").ConfigureAwait(false);
            return ExitCode.Missed;
        }

        bar.Clear();
        await here.Output.WriteLineAsync(request.Json ? Json(result, request.ConfidentlyWrong) : Lines(result, request.ConfidentlyWrong)).ConfigureAwait(false);
        return result.IsMet ? ExitCode.Done : ExitCode.Missed;
    }

    private static SoundEvaluationResult Run(EvaluateRequest request, int parallel, Action<int, int> progress, CancellationToken stop) => request.Perturbations.Count == 0
        ? SoundEvaluation.Run(request.Set, request.Data, parallel, progress, stop)
        : SoundEvaluation.Run(
            request.Set,
            [.. SoundSet.Load(request.Set, request.Data).Select(r => Perturbations.Apply(r, request.Perturbations, request.Seed))],
            parallel,
            progress,
            stop);

    private static string Lines(SoundEvaluationResult result, bool wrong)
    {
        StringBuilder text = new();
        if (result.Set is SoundEvaluation.Filters)
        {
            text.Append(CultureInfo.InvariantCulture, $"{"filter",-20}{"error dB",10}\n");
            foreach (SoundRecordResult record in result.Records)
            {
                text.Append(CultureInfo.InvariantCulture, $"{record.Record,-20}{EvaluateCommand.Number(record.FilterErrorDb, 4),10}\n");
            }
        }
        else
        {
            text.Append(CultureInfo.InvariantCulture, $"{"record",-20}{"rate",8}{"ref.",8}{"fair",6}{"any F1",9}{"S1 F1",9}{"S2 F1",9}{"quality",9}  verdict\n");
            foreach (SoundRecordResult record in result.Records)
            {
                string fair = record.IsConsistent is { } known ? (known ? "yes" : "no") : "-";
                text.Append(CultureInfo.InvariantCulture, $"{record.Record,-20}{EvaluateCommand.Number(record.HeartRate, 1),8}{EvaluateCommand.Number(record.HeartRateReference, 1),8}{fair,6}");
                text.Append(CultureInfo.InvariantCulture, $"{EvaluateCommand.Number(record.AnySound?.F1, 4),9}{EvaluateCommand.Number(record.S1?.F1, 4),9}{EvaluateCommand.Number(record.S2?.F1, 4),9}");
                text.Append(CultureInfo.InvariantCulture, $"{record.Quality,9}  {record.Verdict}{(record.IsScored ? string.Empty : ", not scored")}\n");
            }
        }

        EvaluateCommand.Metrics(text, result.Named, result.Targets);
        if (wrong && result.Set is not SoundEvaluation.Filters)
        {
            WrongText.Lines(text, result.Judgements, result.Wrong);
        }

        EvaluateCommand.Notice(text);
        return text.ToString();
    }

    private static string Json(SoundEvaluationResult result, bool wrong)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteString("set", result.Set);
            json.WriteStartObject("metrics");
            foreach ((string name, double? value) in result.Named)
            {
                EvaluateCommand.Write(json, name, value);
            }

            json.WriteEndObject();
            json.WriteStartArray("records");
            foreach (SoundRecordResult record in result.Records)
            {
                json.WriteStartObject();
                json.WriteString("record", record.Record);
                json.WriteString("verdict", record.Verdict is { } verdict ? verdict.ToString() : null);
                EvaluateCommand.Write(json, "quality", record.Quality);
                EvaluateCommand.Write(json, "heart_rate", record.HeartRate);
                EvaluateCommand.Write(json, "heart_rate_reference", record.HeartRateReference);
                EvaluateCommand.Write(json, "any_sound_f1", record.AnySound?.F1);
                EvaluateCommand.Write(json, "s1_f1", record.S1?.F1);
                EvaluateCommand.Write(json, "s2_f1", record.S2?.F1);
                EvaluateCommand.Write(json, "filter_error_db", record.FilterErrorDb);
                json.WriteBoolean("scored", record.IsScored);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (wrong && result.Set is not SoundEvaluation.Filters)
            {
                WrongText.Json(json, result.Wrong);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
