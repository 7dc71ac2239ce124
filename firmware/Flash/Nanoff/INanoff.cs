using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading;

namespace Firmware.Flash.Nanoff;

/// <summary>What a run of nanoff gave.</summary>
/// <param name="ExitCode">The process's exit code; on Linux and macOS only the last 8 bits of nanoff's own.</param>
/// <param name="Lines">What it wrote, at most <see cref="MaxLines"/> lines, progress lines left out.</param>
public sealed partial record NanoffResult(int ExitCode, IReadOnlyList<string> Lines)
{
    /// <summary>Lines that are kept of one run; later ones are dropped.</summary>
    public const int MaxLines = 2000;

    /// <summary>
    /// nanoff's own error, "E4003", or null. It is read from the text, since an exit code of 4003 arrives as 163 on Linux; an exit code of 0 beside an error is a failure.
    /// Source: nanoFirmwareFlasher 2.5, ExitCodes and Program.OutputError.
    /// </summary>
    public string? Error => Lines.Select(l => ErrorPattern().Match(l)).Where(m => m.Success).Select(m => m.Groups["code"].Value).LastOrDefault();

    /// <summary>True when nothing speaks against it. It is no proof that anything was written.</summary>
    public bool IsOk => ExitCode == 0 && Error is null;

    /// <summary>The version that nanoff says it has, or null.</summary>
    public Version? FlasherVersion => Lines.Select(l => VersionPattern().Match(l)).Where(m => m.Success).Select(m => Version.Parse(m.Groups["version"].Value)).FirstOrDefault();

    /// <summary>The share that a progress line of nanoff tells, percent, or null.</summary>
    /// <param name="line">The line.</param>
    /// <returns>0 to 100, or null.</returns>
    public static int? Percent(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        Match match = PercentPattern().Match(line);
        return match.Success && int.TryParse(match.Groups["percent"].ValueSpan, out int percent) && percent <= 100 ? percent : null;
    }

    [GeneratedRegex(@"^Error (?<code>E\d{4})\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ErrorPattern();

    [GeneratedRegex(@"Firmware Flasher v(?<version>\d{1,5}\.\d{1,5}(?:\.\d{1,5})?)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex VersionPattern();

    [GeneratedRegex(@"\b(?<percent>\d{1,3})(?:\.\d)?%", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PercentPattern();
}

/// <summary>nanoff, the flash tool of nanoFramework.</summary>
public interface INanoff
{
    /// <summary>Runs it to its end, or until it is cancelled.</summary>
    /// <param name="arguments">Its arguments, each as it is.</param>
    /// <param name="line">Takes each line as it comes, progress lines too.</param>
    /// <param name="cancellation">Ends the process.</param>
    /// <returns>What it gave.</returns>
    /// <exception cref="EdgeGateway.Faults.CodedErrorException">It is not installed.</exception>
    NanoffResult Run(IReadOnlyList<string> arguments, Action<string> line, CancellationToken cancellation);
}
