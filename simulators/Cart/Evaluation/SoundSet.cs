using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Faults;
using Simulators.Patient;

namespace Simulators.Cart.Evaluation;

/// <summary>One recording of heart sounds with what is known about it.</summary>
public sealed record SoundRecord
{
    /// <summary>The file's name without ending.</summary>
    public required string Name { get; init; }

    /// <summary>The samples.</summary>
    public required short[] Samples { get; init; }

    /// <summary>Samples per second.</summary>
    public required int RateHz { get; init; }

    /// <summary>Beginnings of first and second sounds, s, ascending; empty where the set has none.</summary>
    public IReadOnlyList<HeartSound> Sounds { get; init; } = [];

    /// <summary>Stretches whose sounds are all known, s from and to; null when the whole recording is.</summary>
    public IReadOnlyList<(double From, double To)>? Labelled { get; init; }

    /// <summary>The other estimator's rate, 1/min; null where the set has none.</summary>
    public double? RatePerMinute { get; init; }

    /// <summary>Whether that rate is a fair reference; null where the set says nothing.</summary>
    public bool? IsConsistent { get; init; }

    /// <summary>
    /// The rate that is right, 1/min: the other estimator's where it is a fair reference, else 60 s over the median of the times from one first sound to the next, less those
    /// with a stretch between them that is not labelled. Null where neither is known.
    /// </summary>
    public double? TrueRate
    {
        get
        {
            if (RatePerMinute is not null)
            {
                return IsConsistent == true ? RatePerMinute : null;
            }

            List<double> intervals = [];
            double? last = null;
            foreach (HeartSound sound in Sounds.Where(s => s.Kind == HeartSoundKind.S1))
            {
                if (last is { } before && IsLabelledThrough(before, sound.Seconds))
                {
                    intervals.Add(sound.Seconds - before);
                }

                last = sound.Seconds;
            }

            return intervals.Count == 0 ? null : 60 / PulseScore.Median(intervals);
        }
    }

    /// <summary>False for a recording that is known to be hard, which is played and printed and left out of the score.</summary>
    public bool IsScored { get; init; } = true;

    // Labels of a beat follow each other: what lies between two first sounds is labelled when the stretches leave no more open than rounding does.
    private bool IsLabelledThrough(double from, double to)
    {
        const double RoundingSeconds = 0.005;
        if (Labelled is null)
        {
            return true;
        }

        double reached = from;
        foreach ((double begin, double end) in Labelled)
        {
            if (begin <= reached + RoundingSeconds)
            {
                reached = Math.Max(reached, end);
            }
        }

        return reached >= to - RoundingSeconds;
    }
}

/// <summary>A set of heart sounds in a folder, read as its format says. Any folder of the same layout works.</summary>
public static class SoundSet
{
    /// <summary>Children at four sites, sounds labelled by experts.</summary>
    public const string Circor = "circor";

    /// <summary>Adults with an ECG.</summary>
    public const string Springer = "springer";

    /// <summary>Six databases, good and bad recordings, with another estimator's rate.</summary>
    public const string Pn2016 = "pn2016";

    /// <summary>The recording of <see cref="Springer"/> that is known to be hard. Source: the set's description.</summary>
    public const string Hard = "springer_5";

    private const double AnnotationHz = 50;

    /// <summary>The sets that are known.</summary>
    public static IReadOnlyList<string> Names { get; } = [Circor, Springer, Pn2016];

    /// <summary>Reads a set.</summary>
    /// <param name="name">Which.</param>
    /// <param name="data">The folder that holds the sets' folders.</param>
    /// <returns>The recordings, by name.</returns>
    /// <exception cref="CodedErrorException">Files are missing or malformed.</exception>
    public static IReadOnlyList<SoundRecord> Load(string name, string data)
    {
        ArgumentNullException.ThrowIfNull(data);
        string folder = Path.Combine(data, name);
        if (!Directory.Exists(folder))
        {
            throw new CodedErrorException(new CodedError(FaultCodes.RecordingSetMissing, new ErrorPlace(folder, 0, null), "there is no such folder"));
        }

        string[] paths = Directory.GetFiles(folder, "*.wav").Order(StringComparer.Ordinal).ToArray();
        if (paths.Length is 0 or > RecordingSet.MaxRecords)
        {
            throw new CodedErrorException(
                new CodedError(FaultCodes.RecordingSetMissing, new ErrorPlace(folder, 0, null), $"it holds {paths.Length} recordings, not 1 to {RecordingSet.MaxRecords}"));
        }

        SortedDictionary<string, (double Rate, bool IsConsistent)> rates = name is Pn2016 ? Rates(Path.Combine(folder, "REFERENCE_pn2016.csv")) : new(StringComparer.Ordinal);
        return [.. paths.Select(path => name switch
        {
            Circor => Labels(path, Wav(path)),
            Springer => Annotations(path, Wav(path)),
            _ => Rated(path, Wav(path), rates),
        })];
    }

    /// <summary>The lines of a reference file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Its lines.</returns>
    /// <exception cref="CodedErrorException">It cannot be read.</exception>
    internal static string[] Lines(string path) => [.. RecordingSet.Lines(path)];

    /// <summary>A finite number.</summary>
    internal static bool Number(string text, out double value) => RecordedText.TryNumber(text, out value);

    /// <summary>What is wrong with a line.</summary>
    internal static CodedErrorException Malformed(string path, int line, string detail) =>
        new(new CodedError(FaultCodes.RecordingReferenceMalformed, new ErrorPlace(path, line, null), detail));

    private static SoundRecord Wav(string path)
    {
        byte[] file;
        try
        {
            long length = new FileInfo(path).Length;
            file = length <= RecordedText.MaxBytes
                ? File.ReadAllBytes(path)
                : throw new CodedErrorException(new CodedError(FaultCodes.RecordingTooLarge, new ErrorPlace(path, 0, null), $"it is larger than {RecordedText.MaxBytes} bytes"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.RecordingUnreadable, new ErrorPlace(path, 0, null), e.Message.TrimEnd('.')));
        }

        short[] samples = WavFile.Read(file, out int rateHz, out string? problem);
        if (problem is null && rateHz < HeartSoundAnalysis.MinRateHz)
        {
            problem = $"its rate is {rateHz} Hz, and heart sounds need {HeartSoundAnalysis.MinRateHz} Hz or more: record it again at 4000 Hz or more";
        }
        else if (problem is null && samples.Length == 0)
        {
            problem = "it holds no samples: record it again";
        }

        return problem is null
            ? new SoundRecord { Name = Path.GetFileNameWithoutExtension(path), Samples = samples, RateHz = rateHz }
            : throw new CodedErrorException(new CodedError(FaultCodes.RecordingSoundUnusable, new ErrorPlace(path, 0, null), problem));
    }

    // Lines of start s, end s, state: 1 S1, 2 systole, 3 S2, 4 diastole, 0 not labelled.
    private static SoundRecord Labels(string path, SoundRecord record)
    {
        string file = Path.ChangeExtension(path, ".tsv");
        string[] lines = Lines(file);
        List<HeartSound> sounds = [];
        List<(double, double)> labelled = [];
        for (int i = 0; i < lines.Length; i++)
        {
            string[] fields = lines[i].Split('\t', StringSplitOptions.TrimEntries);
            if (fields.Length != 3 || !Number(fields[0], out double from) || !Number(fields[1], out double to) || to < from || fields[2] is not ("0" or "1" or "2" or "3" or "4"))
            {
                throw Malformed(file, i + 1, "'" + RecordedText.Short(lines[i]) + "' is not start, end, state 0 to 4");
            }

            if (fields[2] is "0")
            {
                continue;
            }

            labelled.Add((from, to));
            if (fields[2] is "1" or "3")
            {
                sounds.Add(new HeartSound(from, fields[2] is "1" ? HeartSoundKind.S1 : HeartSoundKind.S2));
            }
        }

        return record with { Sounds = sounds, Labelled = labelled };
    }

    // type,index at 50 Hz from 1,time: S1 begins at R, S2 is next to the end of T.
    private static SoundRecord Annotations(string path, SoundRecord record)
    {
        string file = path[..^4] + "_ann.csv";
        string[] lines = Lines(file);
        List<HeartSound> sounds = [];
        for (int i = 1; i < lines.Length; i++)
        {
            string[] fields = lines[i].Split(',');
            if (fields.Length < 2 || fields[0] is not ("R" or "T_end") || !Number(fields[1], out double index))
            {
                throw Malformed(file, i + 1, "'" + RecordedText.Short(lines[i]) + "' is not R or T_end and an index");
            }

            double seconds = (index - 1) / AnnotationHz;
            if (seconds < record.Samples.Length / (double)record.RateHz)
            {
                sounds.Add(new HeartSound(seconds, fields[0] is "R" ? HeartSoundKind.S1 : HeartSoundKind.S2));
            }
        }

        return record with { Sounds = [.. sounds.OrderBy(s => s.Seconds)], IsScored = record.Name is not Hard };
    }

    private static SoundRecord Rated(string path, SoundRecord record, SortedDictionary<string, (double Rate, bool IsConsistent)> rates) =>
        rates.TryGetValue(record.Name, out (double Rate, bool IsConsistent) found)
            ? record with { RatePerMinute = found.Rate, IsConsistent = found.IsConsistent }
            : throw Malformed(path, 0, "REFERENCE_pn2016.csv has no line for it");

    private static SortedDictionary<string, (double Rate, bool IsConsistent)> Rates(string path)
    {
        string[] lines = Lines(path);
        SortedDictionary<string, (double, bool)> rates = new(StringComparer.Ordinal);
        for (int i = 1; i < lines.Length; i++)
        {
            string[] fields = lines[i].Split(',', StringSplitOptions.TrimEntries);
            if (fields.Length != 10 || !Number(fields[4], out double rate) || fields[9] is not ("0" or "1"))
            {
                throw Malformed(path, i + 1, "'" + RecordedText.Short(lines[i]) + "' has no base_hr or no consistent 0 or 1");
            }

            rates[fields[0]] = (rate, fields[9] is "1");
        }

        return rates;
    }
}
