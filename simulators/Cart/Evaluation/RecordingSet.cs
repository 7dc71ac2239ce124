using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using EdgeGateway.Faults;
using Simulators.Patient;

namespace Simulators.Cart.Evaluation;

/// <summary>Ten seconds of a recording with the heart rate that its ECG shows.</summary>
/// <param name="StartSeconds">When they begin, s from the recording's start.</param>
/// <param name="HeartRateBpm">Beats per minute by R peaks.</param>
public readonly record struct ReferenceWindow(double StartSeconds, double HeartRateBpm);

/// <summary>One recording with what is known about it.</summary>
public sealed record ReferenceRecord
{
    /// <summary>The file's name without ending.</summary>
    public required string Name { get; init; }

    /// <summary>Its light, not yet laid on the world's time.</summary>
    public required RecordedLight Light { get; init; }

    /// <summary>True when it is played forward and backward in turn.</summary>
    public bool IsBackAndForth { get; init; }

    /// <summary>How long it is played, µs.</summary>
    public required long PlayUs { get; init; }

    /// <summary>Windows whose heart rate two methods agree on.</summary>
    public IReadOnlyList<ReferenceWindow> Windows { get; init; } = [];

    /// <summary>Heart beats, s from the recording's start, ascending; empty when not known.</summary>
    public IReadOnlyList<double> BeatSeconds { get; init; } = [];

    /// <summary>SpO2 of the reference oximeter, %; null when not known.</summary>
    public double? Saturation { get; init; }

    /// <summary>What is put between the recording and the sensor, the first nearest to the recording; by the world's time.</summary>
    public IReadOnlyList<Func<IPatientLight, IPatientLight>> Overlays { get; init; } = [];

    /// <summary>The beginning of the same recording, with the references that lie in it.</summary>
    /// <param name="seconds">How much of it, s; all of it where it is shorter.</param>
    /// <returns>The part.</returns>
    public ReferenceRecord Cut(double seconds) => this with
    {
        PlayUs = Math.Min(PlayUs, (long)(seconds * 1e6)),
        Windows = [.. Windows.Where(w => w.StartSeconds + PulseScore.WindowSeconds <= seconds)],
        BeatSeconds = [.. BeatSeconds.Where(b => b <= seconds)],
    };
}

/// <summary>A set of recordings in a folder, read as its format says. Any folder of the same layout works.</summary>
public sealed record RecordingSet
{
    /// <summary>The name of the set with finger light and ECG.</summary>
    public const string Bidmc = "bidmc";

    /// <summary>The name of the set with red and infrared light at known saturations.</summary>
    public const string Oxiwear = "oxiwear";

    /// <summary>How long a recording of oxiwear is played, µs.</summary>
    public const long OxiwearPlayUs = 20_000_000;

    /// <summary>Most recordings of a set.</summary>
    public const int MaxRecords = 1000;

    /// <summary>Largest difference of two methods' heart rates at which a window counts, beats per minute.</summary>
    public const double AgreementBpm = 5;

    /// <summary>Sampling rate of the reference beats, Hz.</summary>
    public const double BeatRateHz = 125;

    private const string WindowsFile = "REFERENCE_windows10s.csv";

    /// <summary>The sets that are known.</summary>
    public static IReadOnlyList<string> Names { get; } = [Bidmc, Oxiwear];

    /// <summary>The set's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its recordings, in the order of their names.</summary>
    public required IReadOnlyList<ReferenceRecord> Records { get; init; }

    /// <summary>Reads a set.</summary>
    /// <param name="name">Which.</param>
    /// <param name="data">The folder that holds the sets' folders.</param>
    /// <param name="filter">Takes a recording's name and says whether it is wanted; null for all.</param>
    /// <returns>The set.</returns>
    /// <exception cref="CodedErrorException">The set is unknown, or files are missing or malformed.</exception>
    /// <exception cref="RecordingException">A recording cannot be played.</exception>
    public static RecordingSet Load(string name, string data, Func<string, bool>? filter = null)
    {
        if (!Names.Contains(name, StringComparer.Ordinal))
        {
            throw new CodedErrorException(new CodedError(
                FaultCodes.RecordingSetUnknown, ErrorPlace.None, $"there is no set '{name}'", NearestWord.Suggest(name, Names) ?? "Known sets: " + string.Join(", ", Names.Concat(CuffEvaluation.Names).Concat(SoundEvaluation.Names)) + "."));
        }

        string folder = Path.Combine(data, name);
        if (!Directory.Exists(folder))
        {
            throw new CodedErrorException(new CodedError(FaultCodes.RecordingSetMissing, new ErrorPlace(folder, 0, null), "there is no such folder"));
        }

        List<ReferenceRecord> records = name is Bidmc ? LoadBidmc(folder, filter) : LoadOxiwear(folder, filter);
        return records.Count is > 0 and <= MaxRecords
            ? new RecordingSet { Name = name, Records = records }
            : throw new CodedErrorException(new CodedError(FaultCodes.RecordingSetMissing, new ErrorPlace(folder, 0, null), $"it holds {records.Count} recordings, not 1 to {MaxRecords}"));
    }

    /// <summary>The same set with something wrong with each recording.</summary>
    /// <param name="asked">What, in order.</param>
    /// <param name="seed">Everything random comes from it and the recording's name.</param>
    /// <returns>The perturbed set.</returns>
    public RecordingSet Perturbed(IReadOnlyList<Perturbation> asked, ulong seed) => this with { Records = [.. Records.Select(r => Perturbations.Apply(r, asked, seed))] };

    private static List<ReferenceRecord> LoadBidmc(string folder, Func<string, bool>? filter)
    {
        string windowsPath = Path.Combine(folder, WindowsFile);
        List<CodedError> errors = [];
        SortedDictionary<string, List<ReferenceWindow>> windows = new(StringComparer.Ordinal);
        foreach ((int line, string[] fields) in Rows(windowsPath, "rec,t0_s,hr_ecg_rpeaks,hr_ecg_monitor"))
        {
            if (fields.Length < 4 || !Number(fields[1], out double start))
            {
                errors.Add(Malformed(windowsPath, line, string.Join(',', fields)));
                continue;
            }

            if (!windows.TryGetValue(fields[0], out List<ReferenceWindow>? list))
            {
                windows.Add(fields[0], list = []);
            }

            // A rate that a method could not find is left empty or "nan": such a window does not count.
            if (Number(fields[2], out double byPeaks) && Number(fields[3], out double byMonitor) && Math.Abs(byPeaks - byMonitor) <= AgreementBpm)
            {
                list.Add(new ReferenceWindow(start, byPeaks));
            }
        }

        Throw(errors);
        List<ReferenceRecord> records = [];
        foreach ((string record, List<ReferenceWindow> list) in windows)
        {
            string recordName = "bidmc_" + record;
            if (filter is not null && !filter(recordName))
            {
                continue;
            }

            RecordedLight light = RecordedLight.Load(Path.Combine(folder, recordName + ".csv"));
            records.Add(new ReferenceRecord
            {
                Name = recordName,
                Light = light,
                PlayUs = light.DurationUs + RecordedLight.BidmcPeriodUs,
                Windows = list,
                BeatSeconds = Beats(Path.Combine(folder, recordName + "_ref_beats.csv")),
            });
        }

        return records;
    }

    private static List<double> Beats(string path)
    {
        List<CodedError> errors = [];
        List<double> beats = [];
        foreach ((int line, string[] fields) in Rows(path, "kind,sample"))
        {
            if (fields.Length < 2 || !Number(fields[1], out double sample))
            {
                errors.Add(Malformed(path, line, string.Join(',', fields)));
            }
            else if (fields[0] is "R")
            {
                beats.Add(sample / BeatRateHz);
            }
        }

        Throw(errors);
        beats.Sort();
        return beats;
    }

    private static List<ReferenceRecord> LoadOxiwear(string folder, Func<string, bool>? filter)
    {
        List<ReferenceRecord> records = [];
        string[] paths = Directory.GetFiles(folder, "oxi_*.csv");
        Array.Sort(paths, StringComparer.Ordinal);
        foreach (string path in paths)
        {
            string name = Path.GetFileNameWithoutExtension(path);
            if (filter is not null && !filter(name))
            {
                continue;
            }

            // oxi_<hhmm>_<spo2>_<hr>
            string[] words = name.Split('_');
            if (words.Length < 4 || !Number(words[2], out double saturation) || saturation is < 1 or > 100)
            {
                throw new CodedErrorException(Malformed(path, 0, $"the name is '{name}', not oxi_<hhmm>_<spo2>_<hr>"));
            }

            RecordedLight light = RecordedLight.Load(path);
            records.Add(new ReferenceRecord { Name = name, Light = light, IsBackAndForth = true, PlayUs = OxiwearPlayUs, Saturation = saturation });
        }

        return records;
    }

    private static IEnumerable<(int Line, string[] Fields)> Rows(string path, string heading)
    {
        IReadOnlyList<string> lines = Lines(path);
        if (lines.Count == 0 || !lines[0].StartsWith(heading, StringComparison.Ordinal))
        {
            throw new CodedErrorException(Malformed(path, 1, $"the heading does not begin with '{heading}'"));
        }

        return lines.Select((text, index) => (index + 1, text.Split(','))).Skip(1).Where(row => row.Item2.Length > 1 || row.Item2[0].Length > 0);
    }

    /// <summary>The lines of a recording or of its references.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Its lines.</returns>
    /// <exception cref="CodedErrorException">It cannot be read, or is too large.</exception>
    internal static IReadOnlyList<string> Lines(string path)
    {
        (IReadOnlyList<string>? lines, RecordingFault? fault) = RecordedText.ReadLines(path, FaultCodes.RecordingSetMissing);
        return lines ?? throw new CodedErrorException(new CodedError(fault!.Code, new ErrorPlace(path, 0, null), fault.Detail));
    }

    private static bool Number(string text, out double value) => RecordedText.TryNumber(text, out value);

    private static CodedError Malformed(string path, int line, string detail) => new(FaultCodes.RecordingReferenceMalformed, new ErrorPlace(path, line, null), detail);

    private static void Throw(List<CodedError> errors)
    {
        if (errors.Count > 0)
        {
            throw new CodedErrorException(errors.Take(RecordedLight.MaxFaults).ToList());
        }
    }
}
