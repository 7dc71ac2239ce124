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

/// <summary><c>cart-sim evaluate matrix</c>.</summary>
internal static class MatrixCommand
{
    public static async Task<int> RunAsync(CommandContext here, EvaluateRequest request, int parallel)
    {
        await here.Diagnostics.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"evaluate matrix: seed {request.Seed}{request.Perturbed}; minutes")).ConfigureAwait(false);
        List<MatrixRow> all = [];
        try
        {
            if (!request.Json)
            {
                await here.Output.WriteLineAsync(EvaluationMatrix.TableHead).ConfigureAwait(false);
            }

            await Task.Run(
                () => EvaluationMatrix.Run(
                    request.Data,
                    new EvaluationMatrixOptions
                    {
                        Sets = request.Only.Count == 0 ? EvaluationMatrix.Sets : request.Only,
                        Only = request.Perturbations.Count == 0 ? null : request.Perturbations,
                        Seed = request.Seed,
                        Parallel = parallel,
                    },
                    rows =>
                    {
                        all.AddRange(rows);
                        if (!request.Json)
                        {
                            here.Output.WriteLine(EvaluationMatrix.Table(rows));
                            here.Output.Flush();
                        }
                    },
                    here.Stop),
                here.Stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await here.Diagnostics.WriteLineAsync("stopped before the end").ConfigureAwait(false);
            return ExitCode.Missed;
        }

        if (request.Json)
        {
            await here.Output.WriteLineAsync(Json(all)).ConfigureAwait(false);
        }

        return ExitCode.Done;
    }

    private static string Json(IReadOnlyList<MatrixRow> rows)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteStartArray("matrix");
            foreach (IGrouping<(string Set, string? Perturbation), MatrixRow> group in rows.GroupBy(r => (r.Set, r.Perturbation)))
            {
                json.WriteStartObject();
                json.WriteString("set", group.Key.Set);
                json.WriteString("perturbation", group.Key.Perturbation);
                WrongText.Json(json, [.. group.Select(r => r.Count)]);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
