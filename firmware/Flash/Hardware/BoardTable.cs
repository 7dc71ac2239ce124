using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;

namespace Firmware.Flash.Hardware;

/// <summary>A board as hardware/boards describes it, as far as flashing needs it.</summary>
/// <param name="Name">Value of the pod's configuration key board.</param>
/// <param name="Module">The module's order name.</param>
/// <param name="Chip">"esp32" or "esp32-s3".</param>
/// <param name="PsramKibibytes">Memory that the runtime must find, KiB; 0 for none.</param>
/// <param name="FlashMebibytes">Flash that the board has at least, MiB.</param>
/// <param name="Targets">The runtime's images that fit.</param>
/// <param name="ApplicationAddress">Where the program is written, hexadecimal; null when nanoff finds it out.</param>
public sealed record FlashBoard(string Name, string Module, string Chip, int PsramKibibytes, int FlashMebibytes, IReadOnlyList<string> Targets, string? ApplicationAddress);

/// <summary>Native code of one assembly in the runtime's image.</summary>
/// <param name="Assembly">The assembly's name.</param>
/// <param name="Checksum">The checksum that the image compares when it starts.</param>
public sealed record RuntimeNative(string Assembly, uint Checksum);

/// <summary>One pod of the cart's description.</summary>
/// <param name="Name">The pod's name.</param>
/// <param name="DeviceId">Its id, 16 hexadecimal digits.</param>
/// <param name="Board">Its board's name.</param>
/// <param name="Parts">Vocabulary ids of its parts.</param>
public sealed record CartPod(string Name, string DeviceId, string Board, IReadOnlyList<string> Parts);

/// <summary>What hardware/ says about boards, the runtime's image and the cart; compiled in.</summary>
public sealed class BoardTable
{
    private BoardTable(IReadOnlyList<FlashBoard> boards, string imageVersion, IReadOnlyList<RuntimeNative> natives)
    {
        Boards = boards;
        ImageVersion = imageVersion;
        Natives = natives;
    }

    /// <summary>All boards, by name.</summary>
    public IReadOnlyList<FlashBoard> Boards { get; }

    /// <summary>The image's version that the program's packages fit.</summary>
    public string ImageVersion { get; }

    /// <summary>The image's native code.</summary>
    public IReadOnlyList<RuntimeNative> Natives { get; }

    /// <summary>Reads what was compiled in.</summary>
    /// <returns>The table.</returns>
    /// <exception cref="InvalidDataException">A resource is absent or does not follow its schema: a defect of the build.</exception>
    public static BoardTable Load()
    {
        try
        {
            List<FlashBoard> boards = [];
            foreach (string name in typeof(BoardTable).Assembly.GetManifestResourceNames().Where(n => n.StartsWith("boards/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
            {
                using JsonDocument document = Open(name);
                JsonElement root = document.RootElement;
                boards.Add(new FlashBoard(
                    Text(root, "name"), Text(root, "module"), Text(root, "chip"), root.GetProperty("psramKibibytes").GetInt32(), root.GetProperty("flashMebibytes").GetInt32(),
                    [.. root.GetProperty("targets").EnumerateArray().Select(t => t.GetString()!)],
                    root.TryGetProperty("applicationAddress", out JsonElement address) ? address.GetString() : null));
            }

            using JsonDocument runtime = Open("runtime.json");
            JsonElement image = runtime.RootElement.GetProperty("image");
            RuntimeNative[] natives = [.. image.GetProperty("natives").EnumerateArray().Select(n => new RuntimeNative(
                Text(n, "assembly"), uint.Parse(Text(n, "checksum").AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)))];
            return new BoardTable(boards, Text(image, "version"), natives);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException("hardware/boards or hardware/runtime.json does not follow its schema: " + e.Message, e);
        }
    }

    /// <summary>The pods of the cart's description that was compiled in.</summary>
    /// <returns>The pods.</returns>
    public static IReadOnlyList<CartPod> SampleCart()
    {
        using JsonDocument document = Open("cart.json");
        return [.. document.RootElement.GetProperty("pods").EnumerateArray().Select(p => new CartPod(
            Text(p, "name"), Text(p, "deviceId"), Text(p.GetProperty("board"), "name"), [.. p.GetProperty("peripherals").EnumerateArray().Select(x => Text(x, "part")).Distinct(StringComparer.Ordinal)]))];
    }

    private static JsonDocument Open(string resource)
    {
        using Stream stream = typeof(BoardTable).Assembly.GetManifestResourceStream(resource) ?? throw new InvalidDataException($"The resource {resource} was not compiled in.");
        return JsonDocument.Parse(stream);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? throw new InvalidOperationException(name + " is null");
}
