using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using EdgeGateway.Faults;

namespace Firmware.Flash;

/// <summary>cart-flash: brings up a pod's board by nanoff, with the board's facts from hardware/cart.json. Exit codes: 0 done, 1 nanoff is absent or failed, 2 usage, 3 input refused.</summary>
public static class FlashTool
{
    /// <summary>Runs one command.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="output">Results.</param>
    /// <param name="diagnostics">Errors and remarks.</param>
    /// <param name="path">The PATH on which nanoff is looked for.</param>
    /// <returns>The exit code.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter diagnostics, string path)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(diagnostics);
        ArgumentNullException.ThrowIfNull(path);
        FlashCommandLine line = new();
        if (arguments.Count == 0)
        {
            line.Help(output, diagnostics);
            return 2;
        }

        try
        {
            return line.Run(arguments, output, diagnostics, () => Execute(line, output, diagnostics, path));
        }
        catch (CodedErrorException e)
        {
            diagnostics.WriteLine(CodedError.RenderAll(e.Errors));
            string code = e.Errors[0].Code;
            return code is FaultCodes.FlashWordUnknown or FaultCodes.FlashCommandLineIncomplete ? 2 : code is FaultCodes.FlashFileUnusable or FaultCodes.CartDescriptionUnusable ? 3 : 1;
        }
    }

    private static int Execute(FlashCommandLine given, TextWriter output, TextWriter diagnostics, string path)
    {
        string command = given.Command;
        PodBoard board = FindBoard(given.Value(given.Cart), given.Value(given.Pod));
        IReadOnlyList<string> line = command switch
        {
            "ports" => FlashPlan.Ports(),
            "details" => FlashPlan.Details(Port(given)),
            "runtime" => FlashPlan.Runtime(board, Port(given), given.Value(given.Version), given.Value(given.MassErase), Archive(given)),
            _ => FlashPlan.Deploy(board, Port(given), Image(given)),
        };
        bool dry = given.Value(given.DryRun);
        bool json = given.Value(given.Json);
        if (dry)
        {
            output.WriteLine(json ? Json(line, null) : FlashPlan.Render("nanoff", line));
            return 0;
        }

        int exitCode = RunNanoff(line, path, json ? diagnostics : output, diagnostics);
        if (json)
        {
            output.WriteLine(Json(line, exitCode));
        }

        if (exitCode != 0)
        {
            throw Fail(FaultCodes.NanoffFailed, $"nanoff ended with {exitCode.ToString(CultureInfo.InvariantCulture)}", null);
        }

        if (command is "deploy" or "runtime")
        {
            diagnostics.WriteLine(new CodedError(FaultCodes.BoardNotReadBack, ErrorPlace.None, string.Empty).Render());
        }

        return 0;
    }

    private static string Port(FlashCommandLine given) =>
        given.Value(given.Port) ?? throw Fail(FaultCodes.FlashCommandLineIncomplete, "--port is missing", "'cart-flash ports' lists the ports.");

    private static string Image(FlashCommandLine given)
    {
        string image = given.Value(given.Image) ?? throw Fail(FaultCodes.FlashCommandLineIncomplete, "--image is missing", "It is the .bin file that building firmware/Esp32 leaves.");
        FileInfo file = new(image);
        if (!file.Exists)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.FlashFileUnusable, new ErrorPlace(image, 0, null), "there is no such file"));
        }

        if (file.Length is 0 or > FlashPlan.MaxImageBytes)
        {
            throw new CodedErrorException(new CodedError(
                FaultCodes.FlashFileUnusable, new ErrorPlace(image, 0, null),
                string.Create(CultureInfo.InvariantCulture, $"it has {file.Length} bytes; a program has 1 to {FlashPlan.MaxImageBytes}")));
        }

        return image;
    }

    private static string? Archive(FlashCommandLine given)
    {
        string? folder = given.Value(given.Archive);
        return folder is null || Directory.Exists(folder)
            ? folder
            : throw new CodedErrorException(new CodedError(FaultCodes.FlashFileUnusable, new ErrorPlace(folder, 0, null), "there is no such folder"));
    }

    private static PodBoard FindBoard(string? cart, string? pod)
    {
        string place = cart ?? "hardware/cart.json";
        try
        {
            using Stream stream = cart is not null
                ? File.OpenRead(cart)
                : typeof(FlashTool).Assembly.GetManifestResourceStream("cart.json") ?? throw new IOException("cart.json was not compiled in");
            using JsonDocument document = JsonDocument.Parse(stream);
            List<PodBoard> boards = [];
            foreach (JsonElement item in document.RootElement.GetProperty("pods").EnumerateArray())
            {
                JsonElement board = item.GetProperty("board");
                boards.Add(new PodBoard(Text(item, "name"), Text(board, "image"), Text(board, "imageVersion"), Text(board, "applicationAddress")));
            }

            if (pod is null && boards.Count > 1)
            {
                throw Fail(FaultCodes.FlashCommandLineIncomplete, "--pod is missing: the cart has " + string.Join(", ", boards.Select(b => b.Pod)), null);
            }

            return (pod is null ? boards.FirstOrDefault() : boards.Find(b => string.Equals(b.Pod, pod, StringComparison.Ordinal)))
                ?? throw new CodedErrorException(new CodedError(FaultCodes.CartDescriptionUnusable, new ErrorPlace(place, 0, "pods"), $"there is no pod '{pod}'", NearestWord.Suggest(pod ?? string.Empty, boards.Select(b => b.Pod))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.CartDescriptionUnusable, new ErrorPlace(place, 0, null), e.Message.TrimEnd('.')));
        }
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? throw new InvalidOperationException($"{name} is null");

    private static int RunNanoff(IReadOnlyList<string> arguments, string path, TextWriter output, TextWriter diagnostics)
    {
        string program = FindOnPath("nanoff", path) ?? throw Fail(FaultCodes.NanoffMissing, "there is no nanoff on PATH", null);
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process process = new() { StartInfo = start };
        process.OutputDataReceived += (_, e) => WriteLine(output, e.Data);
        process.ErrorDataReceived += (_, e) => WriteLine(diagnostics, e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        return process.ExitCode;
    }

    private static void WriteLine(TextWriter writer, string? line)
    {
        if (line is not null)
        {
            lock (writer)
            {
                writer.WriteLine(line);
            }
        }
    }

    private static string? FindOnPath(string name, string path)
    {
        string[] endings = OperatingSystem.IsWindows() ? [".exe", ".cmd", ".bat"] : [string.Empty];
        return path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => endings.Select(ending => Path.Combine(folder, name + ending))).FirstOrDefault(File.Exists);
    }

    private static string Json(IReadOnlyList<string> arguments, int? exitCode)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("command");
            foreach (string argument in arguments.Prepend("nanoff"))
            {
                writer.WriteStringValue(argument);
            }

            writer.WriteEndArray();
            if (exitCode is int code)
            {
                writer.WriteNumber("exitCode", code);
            }
            else
            {
                writer.WriteNull("exitCode");
            }

            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static CodedErrorException Fail(string code, string detail, string? suggestion) => new(new CodedError(code, ErrorPlace.None, detail, suggestion));
}
