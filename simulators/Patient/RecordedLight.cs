using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using EdgeGateway.Faults;

namespace Simulators.Patient;

/// <summary>One thing wrong with a recording; the code stands in hardware/faults.json.</summary>
/// <param name="Code">S3201 to S3206.</param>
/// <param name="File">The file as it was named.</param>
/// <param name="Line">The line, from 1; 0 for the file as a whole.</param>
/// <param name="Detail">This case's facts, a clause without a full stop.</param>
public sealed record RecordingFault(string Code, string File, int Line, string Detail);

/// <summary>A recording cannot be played; all that is wrong with it, up to <see cref="RecordedLight.MaxFaults"/>.</summary>
public sealed class RecordingException : Exception
{
    /// <summary>Carries what is wrong.</summary>
    /// <param name="faults">At least one.</param>
    public RecordingException(IReadOnlyList<RecordingFault> faults)
        : base($"{faults[0].File}:{faults[0].Line}: {faults[0].Code}: {faults[0].Detail}")
    {
        Faults = faults;
    }

    /// <summary>What is wrong, in the order of the file.</summary>
    public IReadOnlyList<RecordingFault> Faults { get; }
}

/// <summary>
/// Light that was recorded from a person, played through the oximeter's stimulus input by linear interpolation on its time stamps. Before
/// its first sample it shows the first, after its last the last.
/// </summary>
public sealed class RecordedLight : IPatientLight
{
    /// <summary>Largest count of the oximeter's 18-bit converter; a recording with more is refused.</summary>
    public const int MaxCounts = 262_143;

    /// <summary>Samples that are dropped at the beginning of an oxiwear recording: its sensor was still settling.</summary>
    public const int OxiwearDropped = 32;

    /// <summary>Mean light of a bidmc recording after scaling, counts.</summary>
    public const double BidmcDcCounts = 120_000;

    /// <summary>Mean pulsation of a bidmc recording after scaling, as a share of its mean light.</summary>
    public const double BidmcPulsation = 0.01;

    /// <summary>Red pulsation of a bidmc recording relative to infrared.</summary>
    public const double BidmcRatio = 0.6;

    /// <summary>Time between the samples of a bidmc recording, µs (125 Hz).</summary>
    public const long BidmcPeriodUs = 8000;

    /// <summary>
    /// The window over which a bidmc recording's pulsation is measured, samples: 2 s, so that each holds a whole beat down to 30 beats per minute.
    /// The mean pulsation is the mean over all whole windows of highest less lowest value.
    /// </summary>
    public const int BidmcWindow = 250;

    /// <summary>Longest recording, samples (an hour at 1 kHz).</summary>
    public const int MaxSamples = 3_600_000;

    /// <summary>Most faults that are reported of one file.</summary>
    public const int MaxFaults = 20;

    /// <summary>
    /// A value of a bidmc recording further outside of what nine in ten samples have than this many times their spread is no light. Assumption: the recordings in use
    /// stay within 1.6 times.
    /// </summary>
    public const int SpikeSpreads = 20;

    /// <summary>Shortest and longest median step of a time column, µs: 1 kHz, and one sample a second.</summary>
    public const long MinStepUs = 1000;

    /// <summary>See <see cref="MinStepUs"/>.</summary>
    public const long MaxStepUs = 1_000_000;

    private const string BidmcHeading = "ppg_adu,ecg_mv1000";
    private const string OxiwearHeading = "t_ms,ir,red,ambient";
    private const string OxiwearCounts = ",ir,red,ambient";
    private static readonly string[] TimeNames = ["t_ms", "t_s", "t", "time", "time_s", "time_ms", "s", "ms", "seconds", "milliseconds", "timestamp"];
    private static readonly char[] OtherSeparators = [';', '\t', '|'];
    private readonly long[] _timesUs;
    private readonly double[] _red;
    private readonly double[] _infrared;
    private int _last;

    private RecordedLight(string name, long[] timesUs, double[] red, double[] infrared)
    {
        Name = name;
        _timesUs = timesUs;
        _red = red;
        _infrared = infrared;
    }

    /// <summary>The file's name without folder and ending.</summary>
    public string Name { get; }

    /// <summary>Time from the first sample to the last, µs.</summary>
    public long DurationUs => _timesUs[^1];

    /// <summary>How many samples there are.</summary>
    public int Count => _timesUs.Length;

    /// <summary>True time of the first sample, µs: where the recording is laid on the world's time.</summary>
    public long StartUs { get; set; }

    /// <summary>Time of a sample from the first, µs.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <returns>The time.</returns>
    public long TimeUs(int index) => _timesUs[index];

    /// <summary>The light of a sample.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <returns>The light.</returns>
    public OpticalSample Sample(int index) => new(_red[index], _infrared[index]);

    /// <summary>Another recording under the same name, as long as it is not laid on the world's time.</summary>
    /// <param name="timesUs">Times from the first sample, µs, the first 0, ascending; at least two.</param>
    /// <param name="samples">As many samples; what is outside of 0 to <see cref="MaxCounts"/> is brought to that edge.</param>
    /// <returns>The recording.</returns>
    public RecordedLight With(IReadOnlyList<long> timesUs, IReadOnlyList<OpticalSample> samples)
    {
        ArgumentNullException.ThrowIfNull(timesUs);
        ArgumentNullException.ThrowIfNull(samples);
        if (timesUs.Count < 2 || timesUs.Count != samples.Count || timesUs[0] != 0)
        {
            throw new ArgumentException("Two samples or more, as many times, and the first time 0.", nameof(timesUs));
        }

        for (int i = 1; i < timesUs.Count; i++)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timesUs[i], timesUs[i - 1], nameof(timesUs));
        }

        return new RecordedLight(
            Name,
            [.. timesUs],
            [.. samples.Select(s => Math.Clamp(s.RedCounts, 0, MaxCounts))],
            [.. samples.Select(s => Math.Clamp(s.InfraredCounts, 0, MaxCounts))]);
    }

    /// <summary>Reads a recording from a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="timeUnit">How its time column is to be read.</param>
    /// <returns>The recording.</returns>
    /// <exception cref="RecordingException">It cannot be played.</exception>
    public static RecordedLight Load(string path, RecordedTimeUnit timeUnit = RecordedTimeUnit.Unstated)
    {
        (IReadOnlyList<string>? lines, RecordingFault? fault) = RecordedText.ReadLines(path, FaultCodes.RecordingUnreadable);
        return lines is null ? throw new RecordingException([fault!]) : Parse(path, lines, timeUnit);
    }

    /// <summary>Reads a recording from its lines.</summary>
    /// <param name="file">How it is called in errors.</param>
    /// <param name="lines">The lines.</param>
    /// <param name="timeUnit">How its time column is to be read.</param>
    /// <returns>The recording.</returns>
    /// <exception cref="RecordingException">It cannot be played.</exception>
    public static RecordedLight Parse(string file, IReadOnlyList<string> lines, RecordedTimeUnit timeUnit = RecordedTimeUnit.Unstated)
    {
        ArgumentNullException.ThrowIfNull(lines);
        string heading = lines.Count == 0 ? string.Empty : lines[0].TrimStart('\uFEFF').TrimEnd('\r');
        Rows rows = new(file, heading);
        string[] names = heading.Split(',', StringSplitOptions.TrimEntries);
        string plain = string.Join(',', names);
        if (plain is BidmcHeading)
        {
            return Bidmc(file, lines, rows);
        }

        if (plain is OxiwearHeading || (plain.EndsWith(OxiwearCounts, StringComparison.Ordinal) && names.Length == 4 && Array.IndexOf(TimeNames, names[0]) >= 0))
        {
            if (plain is not OxiwearHeading && timeUnit == RecordedTimeUnit.Unstated)
            {
                rows.Throw(FaultCodes.RecordingTimeUnitWrong, 1, $"column 1 is called '{names[0]}', not 't_ms': say its unit with 'cart-sim play --time-unit s' or 'ms'");
            }

            return Oxiwear(file, lines, rows, timeUnit, names[0]);
        }

        foreach (char separator in OtherSeparators)
        {
            string[] others = heading.Split(separator, StringSplitOptions.TrimEntries);
            if (others.Length > 1 && string.Join(',', others) is BidmcHeading or OxiwearHeading)
            {
                string called = separator == '\t' ? "tabs" : $"'{separator}'";
                rows.Throw(FaultCodes.RecordingSeparatorWrong, 1, $"the columns are separated by {called}, not by ',': save it with commas and with points in its numbers");
            }
        }

        rows.Throw(FaultCodes.RecordingFormatUnknown, 1, $"the heading is '{RecordedText.Short(heading)}', not '{BidmcHeading}' or '{OxiwearHeading}'");
        throw new InvalidOperationException("A fault was thrown before this.");
    }

    /// <inheritdoc/>
    public OpticalSample At(long worldUs)
    {
        long timeUs = worldUs - StartUs;
        int last = _timesUs.Length - 1;
        if (timeUs <= 0)
        {
            return new OpticalSample(_red[0], _infrared[0]);
        }

        if (timeUs >= _timesUs[last])
        {
            return new OpticalSample(_red[last], _infrared[last]);
        }

        // Time mostly goes on a little: look near the last place before searching.
        int index = _last;
        if (timeUs < _timesUs[index] || timeUs >= _timesUs[Math.Min(index + 2, last)])
        {
            index = Array.BinarySearch(_timesUs, timeUs);
            index = index < 0 ? ~index - 1 : index;
        }
        else if (timeUs >= _timesUs[index + 1])
        {
            index++;
        }

        _last = index;
        double part = (double)(timeUs - _timesUs[index]) / (_timesUs[index + 1] - _timesUs[index]);
        return new OpticalSample(
            _red[index] + ((_red[index + 1] - _red[index]) * part),
            _infrared[index] + ((_infrared[index + 1] - _infrared[index]) * part));
    }

    private static RecordedLight Bidmc(string file, IReadOnlyList<string> lines, Rows rows)
    {
        List<double> volume = new(lines.Count);
        for (int i = 1; i < lines.Count && rows.GoOn; i++)
        {
            if (rows.Split(lines, i, 2, out string[] fields)
                && rows.Number(fields, 0, i + 1, "ppg_adu", out double value)
                && rows.Number(fields, 1, i + 1, "ecg_mv1000", out _))
            {
                volume.Add(value);
            }
        }

        rows.ThrowIfAny();
        rows.CheckSpikes(volume);
        if (volume.Count < BidmcWindow || volume.Count > MaxSamples)
        {
            rows.Throw(FaultCodes.RecordingUnusable, 0, $"it has {volume.Count} samples, not {BidmcWindow} to {MaxSamples}");
        }

        double sum = 0;
        double pulsation = 0;
        int windows = volume.Count / BidmcWindow;
        for (int window = 0; window < windows; window++)
        {
            double low = double.MaxValue;
            double high = double.MinValue;
            for (int i = window * BidmcWindow; i < (window + 1) * BidmcWindow; i++)
            {
                low = Math.Min(low, volume[i]);
                high = Math.Max(high, volume[i]);
            }

            pulsation += high - low;
        }

        foreach (double value in volume)
        {
            sum += value;
        }

        pulsation /= windows;
        if (pulsation <= 0)
        {
            rows.Throw(FaultCodes.RecordingUnusable, 0, "it has no pulsation to be scaled");
        }

        double mean = sum / volume.Count;
        double scale = BidmcDcCounts * BidmcPulsation / pulsation;
        long[] times = new long[volume.Count];
        double[] red = new double[volume.Count];
        double[] infrared = new double[volume.Count];
        for (int i = 0; i < volume.Count; i++)
        {
            times[i] = i * BidmcPeriodUs;
            double fall = (volume[i] - mean) * scale; // Light falls as volume rises.
            infrared[i] = BidmcDcCounts - fall;
            red[i] = BidmcDcCounts - (BidmcRatio * fall);
            rows.CheckRange(infrared[i], i + 2, "infrared after scaling");
            rows.CheckRange(red[i], i + 2, "red after scaling");
        }

        rows.ThrowIfAny();
        return new RecordedLight(Path.GetFileNameWithoutExtension(file), times, red, infrared);
    }

    private static RecordedLight Oxiwear(string file, IReadOnlyList<string> lines, Rows rows, RecordedTimeUnit unit, string timeName)
    {
        List<long> times = [];
        List<double> red = [];
        List<double> infrared = [];
        long previousUs = -1;
        int scale = unit == RecordedTimeUnit.Seconds ? 1000 : 1;
        for (int i = 1; i < lines.Count && rows.GoOn; i++)
        {
            if (!rows.Split(lines, i, 4, out string[] fields)
                || !rows.Number(fields, 0, i + 1, timeName, out double ms)
                || !rows.Number(fields, 1, i + 1, "ir", out double infraredCounts)
                || !rows.Number(fields, 2, i + 1, "red", out double redCounts)
                || !rows.Number(fields, 3, i + 1, "ambient", out _))
            {
                continue;
            }

            ms *= scale;
            if (ms is < 0 or > 1e9)
            {
                rows.Add(FaultCodes.RecordingOutOfRange, i + 1, $"column 1, {timeName}, is '{RecordedText.Short(fields[0])}', not 0 to 1e9 ms");
                continue;
            }

            long timeUs = (long)Math.Floor((ms * 1000) + 0.5);
            if (timeUs <= previousUs)
            {
                rows.Add(FaultCodes.RecordingTimeOrder, i + 1, $"column 1, {timeName}, is '{RecordedText.Short(fields[0])}', not a \u00B5s or more above the row before");
                continue;
            }

            previousUs = timeUs;
            rows.CheckRange(infraredCounts, i + 1, "column 2, ir,");
            rows.CheckRange(redCounts, i + 1, "column 3, red,");
            times.Add(timeUs);
            infrared.Add(infraredCounts);
            red.Add(redCounts);
        }

        rows.CheckSteps(times, unit);
        rows.ThrowIfAny();
        int count = times.Count - OxiwearDropped;
        if (count < 2 || times.Count > MaxSamples)
        {
            rows.Throw(FaultCodes.RecordingUnusable, 0, $"it has {times.Count} samples, not {OxiwearDropped + 2} to {MaxSamples}");
        }

        long[] kept = new long[count];
        for (int i = 0; i < count; i++)
        {
            kept[i] = times[OxiwearDropped + i] - times[OxiwearDropped];
        }

        return new RecordedLight(
            Path.GetFileNameWithoutExtension(file),
            kept,
            red.GetRange(OxiwearDropped, count).ToArray(),
            infrared.GetRange(OxiwearDropped, count).ToArray());
    }

    private sealed class Rows(string file, string heading)
    {
        private readonly List<RecordingFault> _faults = [];

        public bool GoOn => _faults.Count < MaxFaults;

        public bool Split(IReadOnlyList<string> lines, int index, int columns, out string[] fields)
        {
            string line = lines[index].TrimEnd('\r');
            fields = line.Split(',');
            if (string.Equals(line, heading, StringComparison.Ordinal))
            {
                Add(FaultCodes.RecordingRowMalformed, index + 1, "the heading stands here again: the file was put together of several; keep one of them");
                return false;
            }

            if (fields.Length == columns)
            {
                return true;
            }

            if (line.Contains(';', StringComparison.Ordinal) || fields.Length == 2 * columns)
            {
                Add(FaultCodes.RecordingSeparatorWrong, index + 1, $"the row '{RecordedText.Short(line)}' has {fields.Length} fields between commas, not {columns}: columns separated by ',' and numbers with a point are read");
                return false;
            }

            Add(FaultCodes.RecordingRowMalformed, index + 1, $"the row has {fields.Length} fields, not {columns}: '{RecordedText.Short(line)}'");
            return false;
        }

        public bool Number(string[] fields, int column, int line, string name, out double value)
        {
            if (RecordedText.TryNumber(fields[column], out value))
            {
                return true;
            }

            bool isEmpty = string.IsNullOrWhiteSpace(fields[column]);
            Add(FaultCodes.RecordingRowMalformed, line, $"column {column + 1}, {name}, is {(isEmpty ? "empty" : $"'{RecordedText.Short(fields[column])}'")}, not a number");
            return false;
        }

        // The pulsation is scaled to what it is in the mean: one value far outside of all others would leave nothing of it.
        public void CheckSpikes(List<double> values)
        {
            if (values.Count < 2)
            {
                return;
            }

            double[] sorted = [.. values];
            Array.Sort(sorted);
            double low = sorted[sorted.Length / 20];
            double high = sorted[sorted.Length - 1 - (sorted.Length / 20)];
            double room = (high - low) * SpikeSpreads;
            if (high - low <= 0)
            {
                Throw(FaultCodes.RecordingUnusable, 0, "it has no pulsation to be scaled: nine in ten samples are the same");
            }

            for (int i = 0; i < values.Count && GoOn; i++)
            {
                if (values[i] < low - room || values[i] > high + room)
                {
                    Add(FaultCodes.RecordingSpike, i + 2, string.Create(
                        CultureInfo.InvariantCulture, $"column 1, ppg_adu, is {values[i]:G9}, and nine in ten samples are {low:G9} to {high:G9}: cut it out or put in what its neighbours are"));
                }
            }

            ThrowIfAny();
        }

        public void CheckSteps(List<long> times, RecordedTimeUnit unit)
        {
            if (times.Count < 2 || unit == RecordedTimeUnit.Milliseconds)
            {
                return;
            }

            long[] steps = new long[times.Count - 1];
            for (int i = 0; i < steps.Length; i++)
            {
                steps[i] = times[i + 1] - times[i];
            }

            Array.Sort(steps);
            long median = steps[steps.Length / 2];
            if (median is < MinStepUs or > MaxStepUs)
            {
                string asked = unit == RecordedTimeUnit.Seconds ? "'--time-unit ms'" : "'cart-sim play --time-unit s' reads seconds, '--time-unit ms' this as it is";
                Add(FaultCodes.RecordingTimeUnitWrong, 2, string.Create(
                    CultureInfo.InvariantCulture, $"column 1 steps by {median / 1000.0:0.###} ms in the median, and {MinStepUs / 1000} to {MaxStepUs / 1000} ms is a pulse recording: {asked}"));
            }
        }

        public void CheckRange(double counts, int line, string name)
        {
            if (counts is < 0 or > MaxCounts)
            {
                Add(FaultCodes.RecordingOutOfRange, line, string.Create(CultureInfo.InvariantCulture, $"{name} is {counts:0.###}, not 0 to {MaxCounts}"));
            }
        }

        public void Add(string code, int line, string detail)
        {
            if (GoOn)
            {
                _faults.Add(new RecordingFault(code, file, line, detail));
            }
        }

        public void Throw(string code, int line, string detail)
        {
            Add(code, line, detail);
            ThrowIfAny();
        }

        public void ThrowIfAny()
        {
            if (_faults.Count > 0)
            {
                throw new RecordingException(_faults);
            }
        }
    }
}
