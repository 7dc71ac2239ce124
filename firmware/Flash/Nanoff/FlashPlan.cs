using System;
using System.Collections.Generic;
using System.Linq;

namespace Firmware.Flash.Nanoff;

/// <summary>The command lines of nanoff 2.5 for each step. Pure.</summary>
public static class FlashPlan
{
    /// <summary>Room for the program on a board with 4 MB of flash, bytes. Source: nanoFramework's partition table for ESP32, deployment 0x1E0000 to 0x3A0000.</summary>
    public const long MaxImageBytes = 0x1C0000;

    /// <summary>The major and minor version of nanoff whose options and texts this tool knows.</summary>
    public static readonly Version TestedVersion = new(2, 5);

    // Without it nanoff asks the network for a newer version of itself, at each run.
    private const string Quiet = "--suppressnanoffversioncheck";

    /// <summary>Writes the runtime image. nanoff saves and restores the board's own configuration block unless all is erased.</summary>
    /// <param name="target">The image.</param>
    /// <param name="version">Its version.</param>
    /// <param name="port">The serial port.</param>
    /// <param name="massErase">True to erase the whole flash before, the pod's store included.</param>
    /// <param name="archive">Folder of images fetched before, or null to fetch them.</param>
    /// <returns>The arguments.</returns>
    public static IReadOnlyList<string> Runtime(string target, string version, string port, bool massErase, string? archive)
    {
        List<string> arguments = ["--platform", "esp32", "--serialport", port, "--update", "--target", target, "--fwversion", version];
        if (massErase)
        {
            arguments.Add("--masserase");
        }

        if (archive is not null)
        {
            arguments.AddRange(["--fromarchive", "--archivepath", archive]);
        }

        return [.. arguments, Quiet];
    }

    /// <summary>Writes the pod's program.</summary>
    /// <param name="target">The image that runs it.</param>
    /// <param name="applicationAddress">Where it is written, hexadecimal; null when nanoff must find it out.</param>
    /// <param name="port">The serial port.</param>
    /// <param name="image">The .bin file of the program with all its assemblies.</param>
    /// <returns>The arguments.</returns>
    public static IReadOnlyList<string> Deploy(string target, string? applicationAddress, string port, string image) =>
    [
        "--target", target, "--serialport", port, "--deploy", "--image", image, .. applicationAddress is null ? Array.Empty<string>() : ["--address", applicationAddress], Quiet,
    ];

    /// <summary>Asks the chip what it is, its PSRAM too.</summary>
    /// <param name="port">The serial port.</param>
    /// <returns>The arguments.</returns>
    public static IReadOnlyList<string> Details(string port) => ["--platform", "esp32", "--serialport", port, "--devicedetails", "--checkpsram", Quiet];

    /// <summary>Fetches one runtime image into an archive.</summary>
    /// <param name="target">The image.</param>
    /// <param name="version">Its version.</param>
    /// <param name="archive">The folder.</param>
    /// <returns>The arguments.</returns>
    public static IReadOnlyList<string> UpdateArchive(string target, string version, string archive) =>
        ["--updatearchive", "--platform", "esp32", "--target", target, "--fwversion", version, "--archivepath", archive, Quiet];

    /// <summary>Lists serial ports, and says nanoff's version on its first line.</summary>
    /// <returns>The arguments.</returns>
    public static IReadOnlyList<string> Ports() => ["--listports", Quiet];

    /// <summary>A command line as a person would type it.</summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>One line; arguments with blanks stand in quotes.</returns>
    public static string Render(string program, IEnumerable<string> arguments) =>
        string.Join(' ', arguments.Prepend(program).Select(a => a.Length > 0 && !a.Any(c => char.IsWhiteSpace(c) || c is '"' or '\'') ? a : $"\"{a}\""));
}
