using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading;
using EdgeGateway.Faults;
using Firmware.Flash.Hardware;
using Firmware.Flash.Images;
using Firmware.Flash.Nanoff;

namespace Firmware.Flash;

/// <summary>One step of a bring-up alone: details, runtime, deploy. What was written is not read back, and is said so.</summary>
internal static class SingleStep
{
    public static int Run(FlashCommandLine given, FlashMachine machine, CancellationToken cancellation)
    {
        (string target, string version, string? address) = FindBoard(given.Value(given.Cart), given.Value(given.Pod));
        IReadOnlyList<string> line = given.Command switch
        {
            "details" => FlashPlan.Details(Port(given)),
            "runtime" => FlashPlan.Runtime(target, given.Value(given.Version) ?? version, Port(given), given.Value(given.MassErase), Archive(given)),
            _ => FlashPlan.Deploy(target, address, Port(given), Image(given)),
        };
        bool isJson = given.Value(given.Json);
        if (given.Value(given.WhatIf))
        {
            machine.Output.WriteLine(isJson ? Json(line, null) : FlashPlan.Render("nanoff", line));
            return FlashExit.Done;
        }

        TextWriter shown = isJson ? machine.Diagnostics : machine.Output;
        NanoffResult result = machine.Nanoff.Run(line, shown.WriteLine, cancellation);
        if (isJson)
        {
            machine.Output.WriteLine(Json(line, result.ExitCode));
        }

        if (!result.IsOk)
        {
            throw Fail(FaultCodes.NanoffFailed, result.Error is string error ? $"nanoff says {error}" : $"nanoff ended with {result.ExitCode.ToString(CultureInfo.InvariantCulture)}", null);
        }

        if (given.Command is "deploy" or "runtime")
        {
            machine.Diagnostics.WriteLine(new CodedError(FaultCodes.BoardNotReadBack, ErrorPlace.None, string.Empty).Render());
        }

        return FlashExit.Done;
    }

    private static string Port(FlashCommandLine given) =>
        given.Value(given.Port) ?? throw Fail(FaultCodes.FlashCommandLineIncomplete, "--port is missing", "'flash.ps1 ports' lists the ports.");

    private static string Image(FlashCommandLine given)
    {
        string image = given.Value(given.Image) ?? throw Fail(FaultCodes.FlashCommandLineIncomplete, "--image is missing", "It is the Pod.bin that building firmware/Esp32 leaves.");
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

        ProgramImage.Require(image, File.ReadAllBytes(image), BoardTable.Load().Natives);
        return image;
    }

    private static string? Archive(FlashCommandLine given)
    {
        string? folder = given.Value(given.Archive);
        return folder is null || Directory.Exists(folder)
            ? folder
            : throw new CodedErrorException(new CodedError(FaultCodes.FlashFileUnusable, new ErrorPlace(folder, 0, null), "there is no such folder"));
    }

    private static (string Target, string Version, string? Address) FindBoard(string? cart, string? pod)
    {
        string place = cart ?? "hardware/cart.json";
        try
        {
            using Stream stream = cart is not null
                ? File.OpenRead(cart)
                : typeof(SingleStep).Assembly.GetManifestResourceStream("cart.json") ?? throw new IOException("cart.json was not compiled in");
            using JsonDocument document = JsonDocument.Parse(stream);
            Dictionary<string, (string, string, string?)> boards = new(StringComparer.Ordinal);
            foreach (JsonElement item in document.RootElement.GetProperty("pods").EnumerateArray())
            {
                JsonElement board = item.GetProperty("board");
                boards[Text(item, "name")] = (Text(board, "image"), Text(board, "imageVersion"), Text(board, "applicationAddress"));
            }

            if (pod is null && boards.Count > 1)
            {
                throw Fail(FaultCodes.FlashCommandLineIncomplete, "--pod is missing: the cart has " + string.Join(", ", boards.Keys), null);
            }

            return boards.TryGetValue(pod ?? boards.Keys.First(), out (string, string, string?) found) ? found
                : throw new CodedErrorException(new CodedError(FaultCodes.CartDescriptionUnusable, new ErrorPlace(place, 0, "pods"), $"there is no pod '{pod}'", NearestWord.Suggest(pod!, boards.Keys)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.CartDescriptionUnusable, new ErrorPlace(place, 0, null), e.Message.TrimEnd('.')));
        }
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? throw new InvalidOperationException($"{name} is null");

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

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static CodedErrorException Fail(string code, string detail, string? suggestion) => new(new CodedError(code, ErrorPlace.None, detail, suggestion));
}
