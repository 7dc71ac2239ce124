using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Simulators.Cart.Evaluation;

namespace Simulators.Cli;

/// <summary>What is to be evaluated.</summary>
/// <param name="Set">The set.</param>
/// <param name="Data">The folder that holds the sets' folders.</param>
/// <param name="Seed">Everything random comes from it.</param>
internal sealed record EvaluateRequest(string Set, string Data, ulong Seed)
{
    /// <summary>What is wrong with each recording.</summary>
    public IReadOnlyList<Perturbation> Perturbations { get; init; } = [];

    /// <summary>True when what is wrong with confidence is to be said.</summary>
    public bool ConfidentlyWrong { get; init; }

    /// <summary>The sets of the table of all perturbations; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>True for one JSON object.</summary>
    public bool Json { get; init; }

    /// <summary>What is said of it before it begins.</summary>
    public string Perturbed => string.Concat(Perturbations.Select(p => ", " + p));
}

/// <summary><c>cart-sim evaluate</c>.</summary>
internal static class EvaluateCommand
{
    /// <summary>Recordings played at a time; more would gain nothing on a machine of two cores.</summary>
    private const int Parallel = 2;

    private const int BarWidth = 40;

    public static async Task<int> RunAsync(CommandContext here, EvaluateRequest request)
    {
        if (request.Set is EvaluationMatrix.Name)
        {
            return await MatrixCommand.RunAsync(here, request, Parallel).ConfigureAwait(false);
        }

        if (CuffEvaluation.Names.Contains(request.Set, StringComparer.Ordinal))
        {
            return await CuffAsync(here, request).ConfigureAwait(false);
        }

        if (SoundEvaluation.Names.Contains(request.Set, StringComparer.Ordinal))
        {
            return await SoundEvaluateCommand.RunAsync(here, request, Parallel).ConfigureAwait(false);
        }

        RecordingSet recorded = RecordingSet.Load(request.Set, request.Data);
        RecordingSet? calibrated = request.Perturbations.Count == 0 ? null : recorded;
        RecordingSet set = calibrated is null ? recorded : recorded.Perturbed(request.Perturbations, request.Seed);
        await here.Diagnostics.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"evaluate {set.Name}: {set.Records.Count} recordings, seed {request.Seed}{request.Perturbed}")).ConfigureAwait(false);
        Bar bar = new(ReferenceEquals(here.Diagnostics, Console.Error) && !Console.IsErrorRedirected ? here.Diagnostics : null);
        PulseEvaluationResult result;
        try
        {
            result = await Task.Run(() => PulseEvaluation.Run(set, request.Seed, Parallel, bar.Show, here.Stop, calibrated), here.Stop).ConfigureAwait(false);
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

    private static string Lines(PulseEvaluationResult result, bool wrong)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{"record",-20}{"windows",9}{"coverage",10}{"pulse MAE",11}{"beat F1",9}{"SpO2",8}{"ref.",7}{"R",8}  reason\n");
        foreach (PulseRecordResult record in result.Records)
        {
            text.Append(CultureInfo.InvariantCulture, $"{record.Record,-20}{record.Windows?.ToString(CultureInfo.InvariantCulture) ?? "-",9}{Number(record.Coverage, 3),10}");
            text.Append(CultureInfo.InvariantCulture, $"{Number(record.PulseMaeBpm, 2),11}{Number(record.BeatF1, 4),9}{Number(record.Saturation, 1),8}");
            text.Append(CultureInfo.InvariantCulture, $"{Number(record.SaturationReference, 0),7}{Number(record.Ratio, 4),8}  {record.Reason ?? "-"}\n");
        }

        Metrics(text, result.Named, result.Targets);
        if (wrong)
        {
            WrongText.Lines(text, result.Judgements, result.Wrong);
        }

        Notice(text);
        return text.ToString();
    }

    internal static void Metrics(StringBuilder text, IReadOnlyList<(string Name, double? Value)> named, IReadOnlyList<PulseTarget> targets)
    {
        text.Append('\n');
        foreach ((string name, double? value) in named)
        {
            string verdict = string.Empty;
            foreach (PulseTarget target in targets)
            {
                if (string.Equals(target.Metric, name, StringComparison.Ordinal))
                {
                    // Of a bias the magnitude counts.
                    bool met = target.IsMet(value is { } known ? Math.Abs(known) : null);
                    verdict = string.Create(CultureInfo.InvariantCulture, $"   target {(target.AtMost ? "<=" : ">=")} {target.Bound}   {(met ? "met" : "MISSED")}");
                }
            }

            text.Append(CultureInfo.InvariantCulture, $"{name,-22}{Number(value, 4),10}{verdict}\n");
        }

        text.Length--;
    }

    internal static void Notice(StringBuilder text) => text.Append("\n\nRecordings of a few people, for tests; no evidence of clinical accuracy.");

    private static async Task<int> CuffAsync(CommandContext here, EvaluateRequest request)
    {
        IReadOnlyList<CuffRecord> records = [.. CuffEvaluation.Load(request.Set, request.Data).Select(r => Perturbations.Apply(r, request.Perturbations, request.Seed))];
        await here.Diagnostics.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"evaluate {request.Set}: seed {request.Seed}{request.Perturbed}")).ConfigureAwait(false);
        Bar bar = new(ReferenceEquals(here.Diagnostics, Console.Error) && !Console.IsErrorRedirected ? here.Diagnostics : null);
        CuffEvaluationResult result;
        try
        {
            result = await Task.Run(() => CuffEvaluation.Run(request.Set, records, request.Seed, Parallel, bar.Show, here.Stop), here.Stop).ConfigureAwait(false);
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

    private static string Lines(CuffEvaluationResult result, bool wrong)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{"record",-20}{"systolic",10}{"ref.",8}{"diastolic",11}{"ref.",8}{"pulse",8}  reason\n");
        foreach (CuffRecordResult record in result.Records)
        {
            text.Append(CultureInfo.InvariantCulture, $"{record.Record,-20}{Number(record.Systolic, 1),10}{Number(record.SystolicReference, 1),8}{Number(record.Diastolic, 1),11}");
            text.Append(CultureInfo.InvariantCulture, $"{Number(record.DiastolicReference, 1),8}{Number(record.Pulse, 1),8}  {record.Reason ?? "-"}\n");
        }

        Metrics(text, result.Named, result.Targets);
        if (wrong)
        {
            WrongText.Lines(text, result.Judgements, result.Wrong);
        }

        Notice(text);
        return text.ToString();
    }

    private static string Json(CuffEvaluationResult result, bool wrong)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteString("set", result.Set);
            json.WriteStartObject("metrics");
            foreach ((string name, double? value) in result.Named)
            {
                Write(json, name, value);
            }

            json.WriteEndObject();
            json.WriteStartArray("records");
            foreach (CuffRecordResult record in result.Records)
            {
                json.WriteStartObject();
                json.WriteString("record", record.Record);
                Write(json, "systolic", record.Systolic);
                Write(json, "systolic_reference", record.SystolicReference);
                Write(json, "diastolic", record.Diastolic);
                Write(json, "diastolic_reference", record.DiastolicReference);
                Write(json, "pulse", record.Pulse);
                json.WriteString("reason", record.Reason);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (wrong)
            {
                WrongText.Json(json, result.Wrong);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    internal static string Number(double? value, int digits) =>
        value is double known ? known.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : "-";

    private static string Json(PulseEvaluationResult result, bool wrong)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteString("set", result.Set);
            json.WriteStartObject("metrics");
            foreach ((string name, double? value) in result.Named)
            {
                Write(json, name, value);
            }

            json.WriteEndObject();
            json.WriteStartArray("records");
            foreach (PulseRecordResult record in result.Records)
            {
                json.WriteStartObject();
                json.WriteString("record", record.Record);
                Write(json, "windows", record.Windows);
                Write(json, "coverage", record.Coverage);
                Write(json, "pulse_mae_bpm", record.PulseMaeBpm);
                Write(json, "beat_f1", record.BeatF1);
                Write(json, "spo2", record.Saturation);
                Write(json, "spo2_reference", record.SaturationReference);
                Write(json, "ratio", record.Ratio);
                json.WriteString("reason", record.Reason);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (wrong)
            {
                WrongText.Json(json, result.Wrong);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    internal static void Write(Utf8JsonWriter json, string name, double? value)
    {
        if (value is double known)
        {
            json.WriteNumber(name, Math.Round(known, 4));
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>A bar on the terminal; nothing elsewhere.</summary>
    internal sealed class Bar(TextWriter? terminal)
    {
        private readonly object _gate = new();

        public void Show(int done, int all)
        {
            lock (_gate)
            {
                int filled = done * BarWidth / all;
                terminal?.Write(string.Create(CultureInfo.InvariantCulture, $"\r[{new string('#', filled)}{new string('.', BarWidth - filled)}] {done}/{all}"));
                terminal?.Flush();
            }
        }

        public void Clear() => terminal?.Write("\r" + new string(' ', BarWidth + 20) + "\r");
    }
}
