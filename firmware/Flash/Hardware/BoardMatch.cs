using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Firmware.Flash.Hardware;

/// <summary>A board and the image of the runtime for the chip at hand.</summary>
/// <param name="Board">The board.</param>
/// <param name="Target">The image.</param>
public sealed record BoardChoice(FlashBoard Board, string Target);

/// <summary>Which board a connected chip can be. Pure; what is not known counts as not fitting.</summary>
public static class BoardMatch
{
    /// <summary>The revision that the images whose name ends with REV3 need. Source: nanoFramework, ESP32 targets.</summary>
    public const int Rev3Revision = 3;

    /// <summary>Finds the board of a chip.</summary>
    /// <param name="boards">The boards that are known.</param>
    /// <param name="wanted">The board's name that was asked for, or null for whichever fits.</param>
    /// <param name="wantedTarget">The image that was asked for, or null.</param>
    /// <param name="chip">The chip.</param>
    /// <param name="isPsramConfirmed">True when a person has read the memory's size on the module, where nanoff cannot find out.</param>
    /// <param name="reasons">Why each board does not fit; empty when one does.</param>
    /// <returns>The board, or null when none fits.</returns>
    public static BoardChoice? Find(IReadOnlyList<FlashBoard> boards, string? wanted, string? wantedTarget, ChipDetails chip, bool isPsramConfirmed, out IReadOnlyList<string> reasons)
    {
        List<string> why = [];
        foreach (FlashBoard board in boards.Where(b => wanted is null || string.Equals(b.Name, wanted, StringComparison.Ordinal)))
        {
            string? reason = Reason(board, chip, isPsramConfirmed);
            string? target = reason is null ? Target(board, wantedTarget, chip, out reason) : null;
            if (target is not null)
            {
                reasons = [];
                return new BoardChoice(board, target);
            }

            why.Add($"{board.Name}: {reason}");
        }

        reasons = why;
        return null;
    }

    private static string? Reason(FlashBoard board, ChipDetails chip, bool isPsramConfirmed)
    {
        string family = board.Chip.ToUpperInvariant();
        if (!string.Equals(chip.Chip, family, StringComparison.Ordinal))
        {
            return $"has an {family}, this is an {chip.Chip}";
        }

        if (chip.FlashMebibytes < board.FlashMebibytes)
        {
            return string.Create(CultureInfo.InvariantCulture, $"has {board.FlashMebibytes} MB of flash, this has {chip.FlashMebibytes}");
        }

        if (board.PsramKibibytes == 0 || (chip.PsramMebibytes is null && isPsramConfirmed))
        {
            return null;
        }

        return chip.PsramMebibytes is not int psram ? "needs PSRAM, and nanoff could not find out whether there is one; -PsramConfirmed after reading the module's label"
            : psram * 1024 < board.PsramKibibytes ? string.Create(CultureInfo.InvariantCulture, $"has {board.PsramKibibytes} KiB of PSRAM, this has {psram} MB") : null;
    }

    private static string? Target(FlashBoard board, string? wanted, ChipDetails chip, out string? reason)
    {
        reason = null;
        string? target = wanted ?? (board.Targets.Count == 1 ? board.Targets[0] : Psram(board, chip));
        if (target is null)
        {
            reason = "its PSRAM may be quad or octal; name the image with -Target: " + string.Join(" or ", board.Targets);
        }
        else if (!board.Targets.Contains(target, StringComparer.Ordinal))
        {
            reason = $"{target} is not one of its images: {string.Join(", ", board.Targets)}";
        }
        else if (target.EndsWith("REV3", StringComparison.Ordinal) && chip.Revision is not >= Rev3Revision)
        {
            reason = $"its image needs chip revision {Rev3Revision}, this is {chip.Name}";
        }
        else if (target.Contains("BLE", StringComparison.Ordinal) && !chip.Features.Split(", ").Contains("BT", StringComparer.Ordinal))
        {
            reason = "its image needs Bluetooth, this chip has none";
        }

        return reason is null ? target : null;
    }

    // Source: Espressif, ESP32-S3 series datasheet, comparison of the series: R2 is quad SPI of 2 MB, R8 and R16 are octal. R4 is not decided here.
    private static string? Psram(FlashBoard board, ChipDetails chip) => chip.PsramMebibytes switch
    {
        2 => board.Targets.FirstOrDefault(t => t.EndsWith("QUAD", StringComparison.Ordinal)),
        8 or 16 => board.Targets.FirstOrDefault(t => t.EndsWith("OCTAL", StringComparison.Ordinal)),
        _ => null,
    };
}
