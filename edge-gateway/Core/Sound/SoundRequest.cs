using System;
using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Sessions;

namespace EdgeGateway.Core.Sound;

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
        using StrictJson json = StrictJson.Read(payload, MaxLength);
        request.Read(json);
        request.Problem = json.Problem;
        return request;
    }

    private void Read(StrictJson json)
    {
        Id = json.Text("id");
        Command = json.Text("command");
        Session = json.Text("session");
        Consumer = json.Text("consumer");
        Listening = json.Flag("listening");
        Usable = json.Flag("usable");
        By = json.Text("by") ?? string.Empty;
        if (By.Length > 0 && !Names.IsValid(By))
        {
            json.Wrong("by is an opaque token of 1 to 64 of A-Z a-z 0-9 '_' '-'");
            By = string.Empty;
        }

        AuscultationSite site = AuscultationSite.Unknown;
        PatientPosture posture = PatientPosture.Unknown;
        ListeningMode mode = ListeningMode.Raw;
        if (json.Text("site") is { } siteWord && !SoundWords.TryFind(siteWord, out site))
        {
            json.Wrong("site is one of " + SoundWords.AuscultationSiteChoices);
        }

        if (json.Text("posture") is { } postureWord && !SoundWords.TryFind(postureWord, out posture))
        {
            json.Wrong("posture is one of " + SoundWords.PatientPostureChoices);
        }

        if (json.Text("filter") is { } filterWord && !SoundWords.TryFind(filterWord, out mode))
        {
            json.Wrong("filter is one of " + SoundWords.ListeningModeChoices);
        }

        Place = new SoundPlace(site, posture, mode);
        HasPlace = site != AuscultationSite.Unknown;
        string? deviceText = json.Text("device");
        if (deviceText is not null && !Names.TryDevice(deviceText, out _))
        {
            json.Wrong("device is 16 lower-case hexadecimal digits, not all 0");
        }

        Device = Names.TryDevice(deviceText, out ulong device) ? device : 0;
        Stream = (int)(json.Whole("stream", 0, ushort.MaxValue) ?? 0);
        Number = (uint)(json.Whole("number", 0, uint.MaxValue) ?? 0);
        Lost = json.Whole("lost", 0, long.MaxValue) ?? 0;
        if (json.TryList("bands", MaxBands, out JsonElement bands))
        {
            ReadBands(json, bands);
        }
    }

    private void ReadBands(StrictJson json, JsonElement bands)
    {
        foreach (JsonElement band in bands.EnumerateArray())
        {
            bool isBand = band.ValueKind == JsonValueKind.Object;
            long hz = isBand ? Count(band, "hz") : -1;
            long sent = isBand ? Count(band, "sent") : -1;
            long heard = isBand ? Count(band, "heard") : -1;
            if (hz is < 20 or > 4000 || sent is < 1 or > 4 || heard is < 0 or > 99)
            {
                json.Wrong("a band has hz (20 to 4000), sent (1 to 4) and heard");
                return;
            }

            Bands.Add(new ListenerBand((int)hz, (int)sent, (int)heard));
        }
    }

    private static long Count(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= 0 ? number : -1;
}
