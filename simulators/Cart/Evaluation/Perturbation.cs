using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Simulators.Kernel;
using Simulators.Patient;

namespace Simulators.Cart.Evaluation;

/// <summary>Changes a recording of light before it is played, and scales its references with it.</summary>
/// <param name="record">The recording with its references; not changed.</param>
/// <param name="value">How much, in the kind's unit.</param>
/// <param name="random">Everything random comes from it.</param>
/// <returns>The perturbed recording.</returns>
public delegate ReferenceRecord PerturbLight(ReferenceRecord record, double value, SeededRandom random);

/// <summary>Changes a recorded deflation before it is played.</summary>
/// <param name="record">The recording with its references; not changed.</param>
/// <param name="value">How much, in the kind's unit.</param>
/// <param name="random">Everything random comes from it.</param>
/// <returns>The perturbed recording.</returns>
public delegate CuffRecord PerturbCuff(CuffRecord record, double value, SeededRandom random);

/// <summary>Changes a recorded sound before it is played.</summary>
/// <param name="record">The recording with its references; not changed.</param>
/// <param name="value">How much, in the kind's unit.</param>
/// <param name="random">Everything random comes from it.</param>
/// <returns>The perturbed recording; its rate may be another.</returns>
public delegate SoundRecord PerturbSound(SoundRecord record, double value, SeededRandom random);

/// <summary>One row of <see cref="Perturbations.All"/>: something that can be wrong with a recording.</summary>
public sealed record PerturbationKind
{
    /// <summary>Its name on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>Unit of its value; null for a kind without a value.</summary>
    public string? Unit { get; init; }

    /// <summary>The value that stands where none is given; of no meaning for a kind without a value.</summary>
    public double Default { get; init; }

    /// <summary>Smallest value.</summary>
    public double Min { get; init; }

    /// <summary>Largest value.</summary>
    public double Max { get; init; }

    /// <summary>True when only whole numbers are taken.</summary>
    public bool IsWhole { get; init; }

    /// <summary>True when the table of all perturbations plays the default's negative too.</summary>
    public bool IsBothWays { get; init; }

    /// <summary>How often the table of all perturbations plays it, each time with other draws.</summary>
    public int Draws { get; init; } = 1;

    /// <summary>What it does, a clause.</summary>
    public required string Summary { get; init; }

    /// <summary>What it does to light; null when it does nothing to it.</summary>
    public PerturbLight? Light { get; init; }

    /// <summary>What it does to a cuff's deflation; null when it does nothing to it.</summary>
    public PerturbCuff? Cuff { get; init; }

    /// <summary>What it does to sound; null when it does nothing to it.</summary>
    public PerturbSound? Sound { get; init; }

    /// <summary>True when it does something to the recordings of a set.</summary>
    /// <param name="set">The set's name.</param>
    /// <returns>Whether it does.</returns>
    public bool IsFor(string set) =>
        (Light is not null && RecordingSet.Names.Contains(set, StringComparer.Ordinal))
        || (Cuff is not null && CuffEvaluation.Names.Contains(set, StringComparer.Ordinal))
        || (Sound is not null && SoundSet.Names.Contains(set, StringComparer.Ordinal));
}

/// <summary>A perturbation as it was asked for.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Value">How much, in the kind's unit; 0 for a kind without a value.</param>
public sealed record Perturbation(PerturbationKind Kind, double Value)
{
    /// <summary>As it stands on the command line.</summary>
    /// <returns><c>name</c> or <c>name=value</c>.</returns>
    public override string ToString() =>
        Kind.Unit is null ? Kind.Name : string.Create(CultureInfo.InvariantCulture, $"{Kind.Name}={(Kind.IsBothWays && Value > 0 ? "+" : string.Empty)}{Value:0.######}");
}

/// <summary>All perturbations, and how they are read and applied.</summary>
public static class Perturbations
{
    /// <summary>The table, in the order of its printing.</summary>
    public static IReadOnlyList<PerturbationKind> All { get; } = [.. LightPerturbations.Rows, .. CuffPerturbations.Rows, .. SoundPerturbations.Rows];

    /// <summary>Reads <c>name</c> or <c>name=value</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="perturbation">What it asks for; null when it is wrong.</param>
    /// <returns>What is wrong, a clause without a full stop; null when nothing is.</returns>
    public static string? Read(string text, out Perturbation? perturbation)
    {
        ArgumentNullException.ThrowIfNull(text);
        perturbation = null;
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? text : text[..equals];
        PerturbationKind? kind = All.FirstOrDefault(k => string.Equals(k.Name, name, StringComparison.Ordinal));
        if (kind is null)
        {
            return $"there is no perturbation '{RecordedText.Short(name)}'; there are {List(All)}";
        }

        if (equals < 0)
        {
            perturbation = new Perturbation(kind, kind.Unit is null ? 0 : kind.Default);
            return null;
        }

        string value = text[(equals + 1)..];
        if (kind.Unit is null)
        {
            return $"'{RecordedText.Short(text)}' has a value, and {kind.Name} takes none";
        }

        if (!RecordedText.TryNumber(value, out double number) || number < kind.Min || number > kind.Max || (kind.IsWhole && number != Math.Floor(number)))
        {
            string whole = kind.IsWhole ? "a whole number " : string.Empty;
            return string.Create(CultureInfo.InvariantCulture, $"'{RecordedText.Short(value)}' for {kind.Name} is not {whole}{kind.Min} to {kind.Max} {kind.Unit}; there are {List(All)}");
        }

        perturbation = new Perturbation(kind, number);
        return null;
    }

    /// <summary>What is wrong with perturbations of one set.</summary>
    /// <param name="set">The set's name.</param>
    /// <param name="asked">What was asked for.</param>
    /// <returns>What is wrong, a clause without a full stop; null when nothing is.</returns>
    public static string? Check(string set, IReadOnlyList<Perturbation> asked)
    {
        ArgumentNullException.ThrowIfNull(asked);
        for (int i = 0; i < asked.Count; i++)
        {
            PerturbationKind kind = asked[i].Kind;
            if (!kind.IsFor(set))
            {
                IReadOnlyList<PerturbationKind> own = Of(set);
                return own.Count == 0 ? $"the set {set} takes no perturbation" : $"the perturbation {kind.Name} does nothing to the set {set}; there are {List(own)}";
            }

            if (asked.Take(i).Any(other => ReferenceEquals(other.Kind, kind)))
            {
                return $"the perturbation {kind.Name} stands twice";
            }
        }

        return null;
    }

    /// <summary>The kinds that do something to a set.</summary>
    /// <param name="set">The set's name.</param>
    /// <returns>The kinds.</returns>
    public static IReadOnlyList<PerturbationKind> Of(string set) => [.. All.Where(k => k.IsFor(set))];

    /// <summary>The perturbations of a set's table: each kind at its default, and the other way too where there are two ways.</summary>
    /// <param name="set">The set's name.</param>
    /// <returns>The perturbations.</returns>
    public static IReadOnlyList<Perturbation> Matrix(string set)
    {
        List<Perturbation> matrix = [];
        foreach (PerturbationKind kind in Of(set))
        {
            matrix.Add(new Perturbation(kind, kind.Unit is null ? 0 : kind.Default));
            if (kind.IsBothWays)
            {
                matrix.Add(new Perturbation(kind, -kind.Default));
            }
        }

        return matrix;
    }

    /// <summary>Perturbs a recording of light.</summary>
    /// <param name="record">The recording.</param>
    /// <param name="asked">What is done to it, in order.</param>
    /// <param name="seed">Everything random comes from it and the recording's name.</param>
    /// <returns>The perturbed recording.</returns>
    public static ReferenceRecord Apply(ReferenceRecord record, IReadOnlyList<Perturbation> asked, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(asked);
        return asked.Aggregate(record, (made, p) => p.Kind.Light is { } change ? change(made, p.Value, Random(seed, record.Name, p)) : made);
    }

    /// <summary>Perturbs a recorded deflation.</summary>
    /// <param name="record">The recording.</param>
    /// <param name="asked">What is done to it, in order.</param>
    /// <param name="seed">Everything random comes from it and the recording's name.</param>
    /// <returns>The perturbed recording.</returns>
    public static CuffRecord Apply(CuffRecord record, IReadOnlyList<Perturbation> asked, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(asked);
        return asked.Aggregate(record, (made, p) => p.Kind.Cuff is { } change ? change(made, p.Value, Random(seed, record.Name, p)) : made);
    }

    /// <summary>Perturbs a recorded sound.</summary>
    /// <param name="record">The recording.</param>
    /// <param name="asked">What is done to it, in order.</param>
    /// <param name="seed">Everything random comes from it and the recording's name.</param>
    /// <returns>The perturbed recording.</returns>
    public static SoundRecord Apply(SoundRecord record, IReadOnlyList<Perturbation> asked, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(record);
        ArgumentNullException.ThrowIfNull(asked);
        return asked.Aggregate(record, (made, p) => p.Kind.Sound is { } change ? change(made, p.Value, Random(seed, record.Name, p)) : made);
    }

    /// <summary>The table as Markdown, as simulators/README.md has it.</summary>
    /// <returns>The lines.</returns>
    public static string Table()
    {
        StringBuilder text = new();
        text.Append("| perturbation | range | for | what it does |\n| --- | --- | --- | --- |\n");
        foreach (PerturbationKind kind in All)
        {
            string range = kind.Unit is null ? "no value" : string.Create(CultureInfo.InvariantCulture, $"{kind.Min} to {kind.Max} {kind.Unit}");
            string sets = string.Join(", ", new[] { kind.Light is null ? null : "light", kind.Cuff is null ? null : "cuff", kind.Sound is null ? null : "sound" }.Where(f => f is not null));
            text.Append(CultureInfo.InvariantCulture, $"| `{new Perturbation(kind, kind.Default)}` | {range} | {sets} | {kind.Summary} |\n");
        }

        return text.ToString();
    }

    /// <summary>Draws whether one of many is meant.</summary>
    /// <param name="random">Draws it.</param>
    /// <param name="percent">How many are, %.</param>
    /// <returns>True for it.</returns>
    internal static bool IsDrawn(SeededRandom random, double percent) => random.NextDouble() * 100 < percent;

    private static SeededRandom Random(ulong seed, string record, Perturbation perturbation) => new SeededRandom(seed).Fork(record).Fork(perturbation.Kind.Name);

    private static string List(IReadOnlyList<PerturbationKind> kinds) =>
        string.Join(", ", kinds.Select(k => new Perturbation(k, k.Default).ToString()));
}
