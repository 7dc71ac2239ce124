using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Faults;

namespace Firmware.Flash;

/// <summary>Exit codes: one per class of failure. 0 to 4 as in every program of this repository.</summary>
public static class FlashExit
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Several boards failed, each in another class.</summary>
    public const int Several = 30;

    /// <summary>Exit code, what it means, and the fault codes that lead to it.</summary>
    public static IReadOnlyList<(int Exit, string Means, IReadOnlyList<string> Codes)> Table { get; } =
    [
        (Done, "done", []),
        (1, "the desk is not ready", [FaultCodes.DeskNotReady]),
        (2, "the command line is wrong", [FaultCodes.FlashWordUnknown, FaultCodes.FlashCommandLineIncomplete]),
        (3, "a file is refused; no board was touched", [FaultCodes.FlashFileUnusable, FaultCodes.CartDescriptionUnusable, FaultCodes.ProgramNotNano, FaultCodes.ProgramNativesDiffer, FaultCodes.ArchiveUnusable, FaultCodes.BundleUnusable]),
        (4, "cart-flash itself failed", [FaultCodes.FlashProgramFailed]),
        (10, "nanoff is absent or another version", [FaultCodes.NanoffMissing, FaultCodes.NanoffVersionWrong]),
        (11, "a serial port cannot be used", [FaultCodes.SerialPortUnusable]),
        (12, "another board than the program is made for", [FaultCodes.WrongBoard]),
        (13, "the board could not be written", [FaultCodes.NanoffFailed, FaultCodes.BoardFlashFull]),
        (14, "the board went away", [FaultCodes.BoardUnplugged]),
        (15, "another program answers than the one that was written", [FaultCodes.ReadBackDiffers]),
        (16, "the console is silent or damaged", [FaultCodes.ConsoleSilent, FaultCodes.ConsoleAnswerDamaged]),
        (17, "the pod was not provisioned", [FaultCodes.BundleForAnotherPod, FaultCodes.PodRefused, FaultCodes.UnlockFailed, FaultCodes.SecretMissing]),
        (18, "no calibration came of it", [FaultCodes.CalibrationNotMade]),
        (19, "the pod's self test failed", [FaultCodes.PodSelfTestFailed]),
        (20, "identity, calibrations or readings were lost", [FaultCodes.PodIdentityLost]),
        (21, "a record cannot be read or written", [FaultCodes.FlashRecordUnwritable]),
        (22, "the second step was not given, or it was stopped by hand", [FaultCodes.FlashNotConfirmed]),
        (23, "two boards claim one identity", [FaultCodes.PodIdentityShared]),
        (Several, "several boards failed, each in another class", [FaultCodes.BoardsFailedApart]),
    ];

    /// <summary>The exit code of a fault.</summary>
    /// <param name="code">The fault's code.</param>
    /// <returns>The exit code; 4 for a code of another program.</returns>
    public static int Of(string code) => Table.Where(r => r.Codes.Contains(code, StringComparer.Ordinal)).Select(r => r.Exit).DefaultIfEmpty(4).First();

    /// <summary>The exit code of several boards.</summary>
    /// <param name="codes">The fault code of each, empty for none.</param>
    /// <returns>0 when all are done; their class when they have one; else <see cref="Several"/>.</returns>
    public static int Of(IEnumerable<string> codes)
    {
        int[] exits = [.. codes.Where(c => c.Length > 0).Select(Of).Distinct()];
        return exits.Length switch { 0 => Done, 1 => exits[0], _ => Several };
    }
}
