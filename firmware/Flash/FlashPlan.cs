using System.Collections.Generic;
using System.Linq;

namespace Firmware.Flash;

/// <summary>What of a pod's board the flasher needs to know; from hardware/cart.json.</summary>
/// <param name="Pod">The pod's name.</param>
/// <param name="Image">The runtime image.</param>
/// <param name="ImageVersion">The image's version, which fits the packages that the program is built with.</param>
/// <param name="ApplicationAddress">Where the program is written, hexadecimal.</param>
public sealed record PodBoard(string Pod, string Image, string ImageVersion, string ApplicationAddress);

/// <summary>The command lines of nanoff 2.5 for each step. Pure.</summary>
public static class FlashPlan
{
    /// <summary>Room for the program on a board with 4 MB of flash, bytes. Source: nanoFramework's partition table for ESP32, deployment 0x1E0000 to 0x3A0000.</summary>
    public const long MaxImageBytes = 0x1C0000;

    /// <summary>Writes the runtime image.</summary>
    /// <param name="board">The board.</param>
    /// <param name="port">The serial port.</param>
    /// <param name="version">Another version of the image than the cart's description names, or null.</param>
    /// <param name="massErase">True to erase the whole flash before, the pod's store included.</param>
    /// <param name="archive">Folder of images fetched before, or null to fetch them.</param>
    /// <returns>The arguments.</returns>
    public static IReadOnlyList<string> Runtime(PodBoard board, string port, string? version, bool massErase, string? archive)
    {
        List<string> arguments = ["--platform", "esp32", "--serialport", port, "--update", "--target", board.Image, "--fwversion", version ?? board.ImageVersion];
        if (massErase)
        {
            arguments.Add("--masserase");
        }

        if (archive is not null)
        {
            arguments.AddRange(["--fromarchive", "--archivepath", archive]);
        }

        return arguments;
    }

    /// <summary>Writes the pod's program.</summary>
    /// <param name="board">The board.</param>
    /// <param name="port">The serial port.</param>
    /// <param name="image">The .bin file of the program with all its assemblies.</param>
    /// <returns>The arguments.</returns>
    public static IReadOnlyList<string> Deploy(PodBoard board, string port, string image) =>
        ["--target", board.Image, "--serialport", port, "--deploy", "--image", image, "--address", board.ApplicationAddress];

    /// <summary>Asks the chip what it is.</summary>
    /// <param name="port">The serial port.</param>
    /// <returns>The arguments.</returns>
    public static IReadOnlyList<string> Details(string port) => ["--platform", "esp32", "--serialport", port, "--devicedetails"];

    /// <summary>Lists serial ports.</summary>
    /// <returns>The arguments.</returns>
    public static IReadOnlyList<string> Ports() => ["--listports"];

    /// <summary>A command line as a person would type it.</summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>One line; arguments with blanks stand in quotes.</returns>
    public static string Render(string program, IEnumerable<string> arguments) =>
        string.Join(' ', arguments.Prepend(program).Select(a => a.Length > 0 && !a.Any(c => char.IsWhiteSpace(c) || c is '"' or '\'') ? a : $"\"{a}\""));
}
