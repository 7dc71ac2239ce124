using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Faults;
using Firmware.Signals.Optical;
using Simulators.Patient;

namespace Simulators.Cart.Evaluation;

/// <summary>How many published values of one set are wrong under one perturbation.</summary>
/// <param name="Set">The set.</param>
/// <param name="Perturbation">What is wrong with its recordings, as on the command line; null for nothing.</param>
/// <param name="Count">The count, over all draws.</param>
public sealed record MatrixRow(string Set, string? Perturbation, WrongCount Count);

/// <summary>What <see cref="EvaluationMatrix"/> plays.</summary>
public sealed record EvaluationMatrixOptions
{
    /// <summary>The sets, in order.</summary>
    public IReadOnlyList<string> Sets { get; init; } = EvaluationMatrix.Sets;

    /// <summary>Perturbations in place of <see cref="Perturbations.Matrix"/>; those that do nothing to a set are left out there. Null for the whole table.</summary>
    public IReadOnlyList<Perturbation>? Only { get; init; }

    /// <summary>Takes a recording's name and says whether it is played; null for all.</summary>
    public Func<string, bool>? IsWanted { get; init; }

    /// <summary>How much of each recording of light and sound is played, s, from its beginning; null for all of it.</summary>
    public double? MaxSeconds { get; init; }

    /// <summary>Most draws of a perturbation.</summary>
    public int MaxDraws { get; init; } = int.MaxValue;

    /// <summary>Everything random comes from it; further draws from the numbers after it.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Recordings at a time, at least 1.</summary>
    public int Parallel { get; init; } = 2;
}

/// <summary>Every perturbation on every set, as shipped: how much is published, and how much of it is wrong.</summary>
public static class EvaluationMatrix
{
    /// <summary>Its name in place of a set's.</summary>
    public const string Name = "matrix";

    /// <summary>The sets that it plays.</summary>
    public static IReadOnlyList<string> Sets { get; } = [.. RecordingSet.Names, .. CuffEvaluation.Names, .. SoundSet.Names];

    /// <summary>Plays and counts.</summary>
    /// <param name="data">The folder that holds the sets' folders.</param>
    /// <param name="options">What is played.</param>
    /// <param name="made">Sent the rows of each set and perturbation as soon as they are known.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="CodedErrorException">Files are missing or malformed.</exception>
    /// <exception cref="RecordingException">A recording cannot be played.</exception>
    public static void Run(string data, EvaluationMatrixOptions options, Action<IReadOnlyList<MatrixRow>> made, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(made);
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = options.Parallel, CancellationToken = stop };
        foreach (string set in options.Sets)
        {
            Player player = RecordingSet.Names.Contains(set, StringComparer.Ordinal) ? LightPlayer(set, data, options, parallel)
                : CuffEvaluation.Names.Contains(set, StringComparer.Ordinal) ? CuffPlayer(set, data, options, parallel)
                : SoundPlayer(set, data, options, parallel);
            made(Rows(set, null, player, options));
            foreach (Perturbation perturbation in options.Only?.Where(p => p.Kind.IsFor(set)) ?? Perturbations.Matrix(set))
            {
                made(Rows(set, perturbation, player, options));
            }
        }
    }

    /// <summary>The head of the table in Markdown, two lines.</summary>
    public const string TableHead = "| set | perturbation | kind | wrong | of | wrong % | coverage | high | low | flagged |\n| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

    /// <summary>Rows of the table in Markdown.</summary>
    /// <param name="rows">The rows.</param>
    /// <returns>One line each, without a line's end behind the last.</returns>
    public static string Table(IReadOnlyList<MatrixRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        StringBuilder text = new();
        foreach ((string set, string? perturbation, WrongCount count) in rows)
        {
            string share = count.Of == 0 ? "-" : (100.0 * count.Wrong / count.Of).ToString("0.0", CultureInfo.InvariantCulture);
            string coverage = count.Coverage?.ToString("0.000", CultureInfo.InvariantCulture) ?? "-";
            text.Append(text.Length == 0 ? string.Empty : "\n");
            text.Append(CultureInfo.InvariantCulture, $"| {set} | {perturbation ?? "none"} | {count.Kind} | {count.Wrong} | {count.Of} | {share} | {coverage} | {count.High} | {count.Low} | {count.Flagged} |");
        }

        return text.ToString();
    }

    /// <summary>Adds counts of several draws: coverage is their mean, all draws having the same references.</summary>
    /// <param name="counts">At least one, all of one kind.</param>
    /// <returns>The sum.</returns>
    public static WrongCount Sum(IReadOnlyList<WrongCount> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return new WrongCount(
            counts[0].Kind, counts.Sum(c => c.Wrong), counts.Sum(c => c.Of), counts.Average(c => c.Coverage), counts.Sum(c => c.High), counts.Sum(c => c.Low), counts.Sum(c => c.Flagged));
    }

    private static List<MatrixRow> Rows(string set, Perturbation? perturbation, Player player, EvaluationMatrixOptions options)
    {
        IReadOnlyList<Perturbation> asked = perturbation is null ? [] : [perturbation];
        List<IReadOnlyList<WrongCount>> draws = [];
        for (int draw = 0; draw < Math.Min(options.MaxDraws, perturbation?.Kind.Draws ?? 1); draw++)
        {
            draws.Add(player(asked, options.Seed + (ulong)draw));
        }

        return [.. draws[0].Select((_, i) => new MatrixRow(set, perturbation?.ToString(), Sum([.. draws.Select(d => d[i])])))];
    }

    private static Player LightPlayer(string name, string data, EvaluationMatrixOptions options, ParallelOptions parallel)
    {
        RecordingSet whole = RecordingSet.Load(name, data, options.IsWanted);
        RecordingSet recorded = options.MaxSeconds is { } seconds ? whole with { Records = [.. whole.Records.Select(r => r.Cut(seconds))] } : whole;
        IReadOnlyList<ReceivedRecord> Play(RecordingSet set, ulong draw, Func<int, SaturationCurve?> curve)
        {
            ReceivedRecord[] received = new ReceivedRecord[set.Records.Count];
            Parallel.For(0, received.Length, parallel, i => received[i] = EvaluationRun.Play(set.Records[i], draw, curve: curve(i)));
            return received;
        }

        if (name is RecordingSet.Bidmc)
        {
            return (asked, draw) =>
            {
                RecordingSet set = recorded.Perturbed(asked, draw);
                return PulseEvaluation.PulseWrong(set, Play(set, draw, _ => null)).Counts;
            };
        }

        IReadOnlyList<SaturationCurve?> fits = PulseEvaluation.Fits(recorded, Play(recorded, options.Seed, _ => null));
        return (asked, draw) =>
        {
            RecordingSet set = recorded.Perturbed(asked, draw);
            return PulseEvaluation.SaturationWrong(set, Play(set, draw, _ => null), Play(set, draw, i => fits[i])).Counts;
        };
    }

    private static Player CuffPlayer(string name, string data, EvaluationMatrixOptions options, ParallelOptions parallel)
    {
        List<CuffRecord> recorded = [.. CuffEvaluation.Load(name, data).Where(r => options.IsWanted?.Invoke(r.Name) ?? true)];
        return (asked, draw) => CuffEvaluation.Run(
            name, [.. recorded.Select(r => Perturbations.Apply(r, asked, draw))], draw, parallel.MaxDegreeOfParallelism, null, parallel.CancellationToken).Wrong;
    }

    private static Player SoundPlayer(string name, string data, EvaluationMatrixOptions options, ParallelOptions parallel)
    {
        List<SoundRecord> recorded = [.. SoundSet.Load(name, data).Where(r => options.IsWanted?.Invoke(r.Name) ?? true)
            .Select(r => options.MaxSeconds is { } seconds ? r with { Samples = [.. r.Samples.Take((int)(seconds * r.RateHz))] } : r)];
        return (asked, draw) => SoundEvaluation.Run(
            name, [.. recorded.Select(r => Perturbations.Apply(r, asked, draw))], parallel.MaxDegreeOfParallelism, null, parallel.CancellationToken).Wrong;
    }

    private delegate IReadOnlyList<WrongCount> Player(IReadOnlyList<Perturbation> asked, ulong seed);
}
