using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Host.Cuffs;

/// <summary>Skips a test, with its reason, where the published recordings of cuffs are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CuffRecordingsAttribute : ConditionBaseAttribute
{
    public CuffRecordingsAttribute()
        : base(ConditionMode.Include)
    {
        IgnoreMessage = "The published recordings of cuffs (cuff20, cuff_glasgow) are not here: set CART_RECORDINGS, or put them at ../shared/data beside the repository.";
    }

    public override bool IsConditionMet => CuffRecording.Folder is not null;

    public override string GroupName => "Recordings";
}

/// <summary>A recorded deflation, as the pod sees it: the pressure stands, falls as it was recorded, and falls on evenly where the recording ends.</summary>
internal sealed record CuffRecording(string Name, double? Systolic, double? Diastolic, double[] MmHg)
{
    /// <summary>Its reference is in doubt: the heard pressures fit no part of what was recorded.</summary>
    public const string Doubtful = "cuff_02_110_70";

    /// <summary>The deflations of the second set that are neither held nor too fast.</summary>
    public static readonly IReadOnlyList<string> Usable = ["g07_03", "g07_05", "g07_07", "g0804"];

    public static string? Folder { get; } = Find();

    /// <summary>Loads a set.</summary>
    /// <param name="set">Its folder's name.</param>
    /// <param name="leadSeconds">The pressure stands for this long first.</param>
    /// <returns>Its recordings in order of name.</returns>
    public static List<CuffRecording> Load(string set, double leadSeconds = 0.64)
    {
        string folder = Path.Combine(Folder!, set);
        Dictionary<string, (double, double)> references = [];
        string reference = Path.Combine(folder, "REFERENCE_glasgow.csv");
        foreach (string line in File.Exists(reference) ? File.ReadAllLines(reference).Skip(1) : [])
        {
            string[] fields = line.Split(',');
            references[Path.GetFileNameWithoutExtension(fields[0])] = (Number(fields[3]), Number(fields[4]));
        }

        List<CuffRecording> all = [];
        foreach (string path in Directory.GetFiles(folder, "*.csv").Where(p => !Path.GetFileName(p).StartsWith("REFERENCE", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            string[] words = name.Split('_');
            bool isNamed = words.Length == 4;
            (double systolic, double diastolic) = isNamed ? (Number(words[2]), Number(words[3])) : references.GetValueOrDefault(name, (double.NaN, double.NaN));
            double[] raw = [.. File.ReadAllLines(path).Skip(1).Select(line => Number(line) / 100)];
            all.Add(new CuffRecording(name, double.IsNaN(systolic) ? null : systolic, double.IsNaN(diastolic) ? null : diastolic, Deflation(raw, leadSeconds)));
        }

        return all;
    }

    // 200 samples a second become 100. What the stop of that cuff's pump left behind, half a second from the peak on, is not the deflation.
    private static double[] Deflation(double[] raw, double leadSeconds)
    {
        int begin = Math.Min(Array.IndexOf(raw, raw.Max()) + 100, raw.Length - 2);
        List<double> mmHg = [.. Enumerable.Repeat(raw[begin], (int)(leadSeconds * SimulatedDeflation.SamplesPerSecond))];
        for (int i = begin; i < raw.Length; i += 2)
        {
            mmHg.Add(raw[i]);
        }

        while (mmHg[^1] > 20)
        {
            mmHg.Add(mmHg[^1] - (3.0 / SimulatedDeflation.SamplesPerSecond));
        }

        return [.. mmHg];
    }

    private static double Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : double.NaN;

    private static string? Find()
    {
        string? named = Environment.GetEnvironmentVariable("CART_RECORDINGS");
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); string.IsNullOrEmpty(named) && at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Firmware.sln")) && at.Parent is not null)
            {
                named = Path.Combine(at.Parent.FullName, "shared", "data");
            }
        }

        return named is { Length: > 0 } && Directory.Exists(Path.Combine(named, "cuff20")) && Directory.Exists(Path.Combine(named, "cuff_glasgow")) ? named : null;
    }
}
