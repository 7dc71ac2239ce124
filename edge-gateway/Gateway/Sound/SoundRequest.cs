using System;
using System.Collections.Generic;
using System.Text.Json;

namespace EdgeGateway.Gateway.Sound;

/// <summary>Where, how and with which filter it is listened.</summary>
/// <param name="Site">Where the stethoscope sits.</param>
/// <param name="Posture">How the patient is placed.</param>
/// <param name="Mode">The filter; what is stored stays raw.</param>
public readonly record struct SoundPlace(AuscultationSite Site, PatientPosture Posture, ListeningMode Mode);

/// <summary>One band of a listener's check: how many pulses were played, and how many a person says to have heard.</summary>
/// <param name="Hz">The pulses' frequency.</param>
/// <param name="Sent">Pulses played, 1 to 4.</param>
/// <param name="Heard">Pulses counted by the person.</param>
public readonly record struct ListenerBand(int Hz, int Sent, int Heard);

/// <summary>What somebody asks of the stethoscope, read from JSON with one reason for the first thing that is wrong.</summary>
internal sealed class SoundRequest
{
    /// <summary>Longest request, bytes.</summary>
    public const int MaxLength = 4096;

    /// <summary>Most bands of a listener's check.</summary>
    public const int MaxBands = 8;

    public string? Id { get; private set; }

    public string? Command { get; private set; }

    public string? Session { get; private set; }

    public string? Consumer { get; private set; }

    public string By { get; private set; } = string.Empty;

    public bool? Listening { get; private set; }

    public bool? Usable { get; private set; }

    public SoundPlace Place { get; private set; }

    public bool HasPlace { get; private set; }

    public ulong Device { get; private set; }

    public int Stream { get; private set; }

    public uint Number { get; private set; }

    public long Lost { get; private set; }

    public List<ListenerBand> Bands { get; } = [];

    /// <summary>Why it is not understood; null when it is.</summary>
    public string? Problem { get; private set; }

    public static SoundRequest Read(ReadOnlyMemory<byte> payload)
    {
        SoundRequest request = new();
        if (payload.Length > MaxLength)
        {
            request.Problem = "longer than " + GatewayContext.Text(MaxLength) + " bytes";
            return request;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(payload, new JsonDocumentOptions { MaxDepth = 8 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                request.Problem = "not a JSON object";
                return request;
            }

            request.Read(document.RootElement);
        }
        catch (JsonException exception)
        {
            request.Problem = "no JSON: line " + GatewayContext.Text((exception.LineNumber ?? 0) + 1);
        }

        return request;
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool? Flag(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    private static long Count(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= 0 ? number : -1;

    private void Read(JsonElement root)
    {
        Id = Text(root, "id");
        Command = Text(root, "command");
        Session = Text(root, "session");
        Consumer = Text(root, "consumer");
        Listening = Flag(root, "listening");
        Usable = Flag(root, "usable");
        By = Text(root, "by") ?? string.Empty;
        if (By.Length > 0 && !Names.IsValid(By))
        {
            Problem = "by is an opaque token of 1 to 64 of A-Z a-z 0-9 '_' '-'";
            By = string.Empty;
            return;
        }

        if (!AuscultationWords.TrySite(Text(root, "site"), out AuscultationSite site))
        {
            Problem = "site is one of aortic, pulmonic, tricuspid, mitral, rightUpperLung, leftUpperLung, rightLowerLung, leftLowerLung";
            return;
        }

        if (!AuscultationWords.TryPosture(Text(root, "posture"), out PatientPosture posture))
        {
            Problem = "posture is one of sitting, supine, leftLateral, standing";
            return;
        }

        if (!AuscultationWords.TryMode(Text(root, "filter"), out ListeningMode mode))
        {
            Problem = "filter is one of raw, bell, diaphragm, extended, lung";
            return;
        }

        Place = new SoundPlace(site, posture, mode);
        HasPlace = site != AuscultationSite.Unknown;
        if (Names.TryDevice(Text(root, "device"), out ulong device))
        {
            Device = device;
        }

        Stream = (int)Math.Clamp(Count(root, "stream"), 0, ushort.MaxValue);
        Number = (uint)Math.Clamp(Count(root, "number"), 0, uint.MaxValue);
        Lost = Math.Max(0, Count(root, "lost"));
        if (root.TryGetProperty("bands", out JsonElement bands))
        {
            ReadBands(bands);
        }
    }

    private void ReadBands(JsonElement bands)
    {
        if (bands.ValueKind != JsonValueKind.Array || bands.GetArrayLength() > MaxBands)
        {
            Problem = "bands is no array of at most " + GatewayContext.Text(MaxBands);
            return;
        }

        foreach (JsonElement band in bands.EnumerateArray())
        {
            long hz = band.ValueKind == JsonValueKind.Object ? Count(band, "hz") : -1;
            long sent = hz < 0 ? -1 : Count(band, "sent");
            long heard = hz < 0 ? -1 : Count(band, "heard");
            if (hz is < 20 or > 4000 || sent is < 1 or > 4 || heard is < 0 or > 99)
            {
                Problem = "a band has hz (20 to 4000), sent (1 to 4) and heard";
                return;
            }

            Bands.Add(new ListenerBand((int)hz, (int)sent, (int)heard));
        }
    }
}
