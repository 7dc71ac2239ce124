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
    private const string Usage = """
        cart-flash ports                                  lists serial ports
        cart-flash details --port P                       asks the chip what it is
        cart-flash runtime --port P [--fwversion X] [--archive DIR] [--masserase]
        cart-flash deploy  --port P --image FILE          writes the pod's program

        everywhere: [--pod NAME] [--cart FILE] [--dry-run] [--json]
        """;

    private static readonly Dictionary<string, string[]> Commands = new(StringComparer.Ordinal)
    {
        ["ports"] = [],
        ["details"] = ["--port"],
        ["runtime"] = ["--port", "--fwversion", "--archive", "--masserase"],
        ["deploy"] = ["--port", "--image"],
    };

    private static readonly string[] Everywhere = ["--pod", "--cart", "--dry-run", "--json"];
    private static readonly string[] Switches = ["--masserase", "--dry-run", "--json"];

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
        if (arguments.Count == 0 || arguments[0] is "help" or "--help" or "-h")
        {
            output.WriteLine(Usage);
            return arguments.Count == 0 ? 2 : 0;
        }

        try
        {
            return Execute(arguments, output, diagnostics, path);
        }
        catch (CodedErrorException e)
        {
            diagnostics.WriteLine(CodedError.RenderAll(e.Errors));
            string code = e.Errors[0].Code;
            return code is FaultCodes.FlashWordUnknown or FaultCodes.FlashCommandLineIncomplete ? 2 : code is FaultCodes.FlashFileUnusable or FaultCodes.CartDescriptionUnusable ? 3 : 1;
        }
    }

    private static int Execute(IReadOnlyList<string> arguments, TextWriter output, TextWriter diagnostics, string path)
    {
        string command = arguments[0];
        if (!Commands.TryGetValue(command, out string[]? own))
        {
            throw Fail(FaultCodes.FlashWordUnknown, $"'{command}' is not a command", NearestWord.Suggest(command, Commands.Keys));
        }

        Dictionary<string, string> options = Parse(command, arguments.Skip(1).ToArray(), [.. own, .. Everywhere]);
        PodBoard board = FindBoard(options.GetValueOrDefault("--cart"), options.GetValueOrDefault("--pod"));
        IReadOnlyList<string> line = command switch
        {
            "ports" => FlashPlan.Ports(),
            "details" => FlashPlan.Details(Port(options)),
            "runtime" => FlashPlan.Runtime(board, Port(options), options.GetValueOrDefault("--fwversion"), options.ContainsKey("--masserase"), Archive(options)),
            _ => FlashPlan.Deploy(board, Port(options), Image(options)),
        };
        bool dry = options.ContainsKey("--dry-run");
        bool json = options.ContainsKey("--json");
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

    private static Dictionary<string, string> Parse(string command, string[] arguments, string[] known)
    {
        List<CodedError> errors = [];
        Dictionary<string, string> options = new(StringComparer.Ordinal);
        for (int i = 0; i < arguments.Length; i++)
        {
            string name = arguments[i];
            if (!known.Contains(name, StringComparer.Ordinal))
            {
                errors.Add(new CodedError(FaultCodes.FlashWordUnknown, ErrorPlace.None, $"'{name}' is not an option of {command}", NearestWord.Suggest(name, known)));

                // What follows an unknown option is most likely its value.
                i += i + 1 < arguments.Length && !arguments[i + 1].StartsWith('-') ? 1 : 0;
                continue;
            }

            string value = string.Empty;
            if (!Switches.Contains(name, StringComparer.Ordinal))
            {
                if (i + 1 == arguments.Length || arguments[i + 1].StartsWith("--", StringComparison.Ordinal))
                {
                    errors.Add(new CodedError(FaultCodes.FlashCommandLineIncomplete, ErrorPlace.None, $"{name} has no value"));
                    continue;
                }

                value = arguments[++i];
            }

            if (!options.TryAdd(name, value))
            {
                errors.Add(new CodedError(FaultCodes.FlashCommandLineIncomplete, ErrorPlace.None, $"{name} is given twice"));
            }
        }

        return errors.Count == 0 ? options : throw new CodedErrorException(errors);
    }

    private static string Port(Dictionary<string, string> options) =>
        options.TryGetValue("--port", out string? port) ? port : throw Fail(FaultCodes.FlashCommandLineIncomplete, "--port is missing", "'cart-flash ports' lists the ports.");

    private static string Image(Dictionary<string, string> options)
    {
        if (!options.TryGetValue("--image", out string? image))
        {
            throw Fail(FaultCodes.FlashCommandLineIncomplete, "--image is missing", "It is the .bin file that building firmware/Esp32 leaves.");
        }

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

    private static string? Archive(Dictionary<string, string> options)
    {
        string? folder = options.GetValueOrDefault("--archive");
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
                boards.Add(new PodBoard(Text(item, "name"), Text(board, "image"), Text(board, "applicationAddress")));
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
