using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Json;

namespace CartGen;

/// <summary>hardware/gateway/network.md: every flow of a cart. Ports are the defaults of the table of settings, rates those of the sample cart's streams.</summary>
internal static class NetworkPage
{
    public const string SchemaFile = "edge-gateway/Gateway/gateway.schema.json";
    public const string TopicsFile = "edge-gateway/MQTT.md";
    private const string Page = "hardware/gateway/network.md";

    // Source: firmware/Protocol/Frame.cs and Bodies.cs, in bytes.
    private const int FrameBytes = 40;
    private const int NumericBody = 16;
    private const int WaveBody = 12;
    private const int BeatBody = 8;

    /// <summary>A chunk of a waveform is sent after this time, s. Source: firmware/Pod, 240 ms of light and at most 250 ms of pressure.</summary>
    private const double WaveChunkSeconds = 0.24;

    /// <summary>Bytes of one sample of a waveform. Source: 16 bits in every waveform body of the sample cart.</summary>
    private const int SampleBytes = 2;

    /// <summary>One frame of sound. Source: edge-gateway/MQTT.md, pod/{deviceId}/sound: 1,656 bytes for 100 ms.</summary>
    private const double SoundBytesPerSecond = 16_560;

    /// <summary>Source: edge-gateway/Tool/Broker/RoomTest.cs, bounds of the test: 128 KiB each 10 minutes and 64 bytes each 10 s.</summary>
    private const double ProbeBytesPerSecond = (128.0 * 1024 / 600) + 6.4;

    /// <summary>The files that the page is made of, beside hardware/'s.</summary>
    public static IReadOnlyList<string> Inputs { get; } = [SchemaFile, TopicsFile];

    public static IEnumerable<(string Path, string Text)> Write(Model model, IReadOnlyDictionary<string, string> inputs)
    {
        if (!inputs.TryGetValue(SchemaFile, out string? schemaText) || !inputs.TryGetValue(TopicsFile, out string? topics) || !inputs.TryGetValue(ModelReader.CartFile, out string? cartText))
        {
            throw new ProblemException([new Problem(Problem.MarkMissing, Page, string.Empty, "it is made of " + SchemaFile + ", " + TopicsFile + " and " + ModelReader.CartFile + ", and one is not there")]);
        }

        using JsonDocument schema = JsonDocument.Parse(schemaText);
        using JsonDocument cart = JsonDocument.Parse(cartText);
        int Port(string section, string key) => schema.RootElement.GetProperty("properties").GetProperty(section).GetProperty("properties").GetProperty(key).GetProperty("default").GetInt32();

        (double stored, double sent, double vitals) = Rates(model, cart.RootElement, topics);
        double live = LiveKbits(model);
        string measuring = Kbits(stored * 8 / 1000);
        string sound = Kbits(SoundBytesPerSecond * 8 / 1000);
        List<string[]> rows =
        [
            ["pod", "gateway", Port("tls", "mqttPort").ToString(CultureInfo.InvariantCulture), "tls.mqttPort", "MQTT 3.1.1 on TCP", "mutual TLS 1.2 or 1.3, both by certificates of the cart", $"{measuring} while it measures; while somebody listens {sound} live and {sound} stored beside it"],
            ["gateway", "pod", "the same connection", "", "", "the same", "below 1"],
            ["listener or program of another machine", "gateway", Port("tls", "mqttPort").ToString(CultureInfo.InvariantCulture), "tls.mqttPort", "MQTT 3.1.1 or 5 on TCP", "mutual TLS 1.2 or 1.3", $"{Kbits(sent * 8 / 1000)} to it; live sound {Kbits(live)} at most"],
            ["program on the cart", "gateway", Port("listen", "mqttPort").ToString(CultureInfo.InvariantCulture), "listen.mqttPort", "MQTT 3.1.1 or 5 on TCP", "none: loopback only", "-"],
            ["page on the cart", "gateway", Port("listen", "httpPort").ToString(CultureInfo.InvariantCulture), "listen.httpPort", "HTTP, and MQTT 5 over WebSocket", "none: loopback only", "-"],
            ["gateway", "session's broker", Port("sessionBroker", "port").ToString(CultureInfo.InvariantCulture) + ", with TLS mostly 8883 or 443", "sessionBroker.port, sessionBroker.alternatives[].port", "MQTT 3.1.1 or 5 on TCP or WebSocket", "sessionBroker.transport: tls or wss (1.2 or 1.3, certificate of its own on request); tcp and ws are plain", $"{Kbits(sent * 8 / 1000)} while it measures, of that {Kbits(vitals * 8 / 1000)} vital signs; while somebody listens {Kbits(live)} live and {sound} stored beside it; after an outage what the link carries"],
            ["session's broker", "gateway", "the same connection", "", "", "the same", "below 1: commands, receipts"],
            ["cartctl broker test --for", "session's broker", "as the gateway", "sessionBroker.port", "as the gateway", "as the gateway", Kbits(ProbeBytesPerSecond * 8 / 1000) + " each way on average, 128 KiB at once every 10 minutes; nothing in a session"],
            ["gateway's machine", "the site's name server", "53 (UDP, TCP)", "of the operating system", "DNS", "none", "below 1, for sessionBroker.host that is a name"],
            ["gateway's machine", "the site's time server", "123 (UDP)", "of the operating system", "NTP", "none", "below 1"],
        ];
        StringBuilder text = new();
        text.Append("# Network\n\n<!-- Written by hardware/CartGen from hardware/cart.json, hardware/vocabulary.json, ").Append(SchemaFile).Append(" and ").Append(TopicsFile).Append(". Change those, then: dotnet run --project hardware/CartGen -->\n\n");
        text.Append("Every connection of a cart, for whoever sets up a firewall. The side named first opens it. Nobody else connects to a cart, and a cart connects to nobody else. Ports are the defaults of `gateway.yaml`.\n\n");
        text.Append("| from | to | port | set by | protocol | TLS | kbit/s |\n| --- | --- | --- | --- | --- | --- | --- |\n");
        foreach (string[] row in rows)
        {
            text.Append("| ").AppendJoin(" | ", row.Select(c => c.Length == 0 ? "-" : c)).Append(" |\n");
        }

        text.Append("\nRates are of one pod with the parts of the sample cart (`hardware/cart.json`), computed from its periods and the sizes of frames, and of `").Append(TopicsFile)
            .Append("`'s longest example for each vital sign, without the heads of MQTT, TLS, TCP and IP: with them count a third more. They were not measured on a network.\n");
        return [(Page, text.ToString())];
    }

    // Bytes per second: frames to the gateway, messages to the broker, and the vital signs of these.
    private static (double Stored, double Sent, double Vitals) Rates(Model model, JsonElement cart, string topics)
    {
        double vitalBytes = topics.Split('\n').Where(l => l.StartsWith("{\"v\":1,", StringComparison.Ordinal) && l.Contains("\"kind\":\"vital\"", StringComparison.Ordinal)).Select(l => (double)Encoding.UTF8.GetByteCount(l)).Max();
        double stored = 0;
        double sent = 0;
        double vitals = 0;
        foreach (JsonElement stream in cart.GetProperty("pods").EnumerateArray().First().GetProperty("peripherals").EnumerateArray().SelectMany(p => p.GetProperty("streams").EnumerateArray()))
        {
            Signal signal = model.Signal(stream.GetProperty("name").GetString()!);
            double perSecond = 1e6 / stream.GetProperty("periodUs").GetDouble();
            switch (signal.Kind)
            {
                case "sound":
                    break; // while somebody listens, a row of its own
                case "wave" or "waveform":
                    double chunk = FrameBytes + WaveBody + (perSecond * WaveChunkSeconds * SampleBytes);
                    stored += chunk / WaveChunkSeconds;
                    sent += chunk / WaveChunkSeconds;
                    break;
                case "beat":
                    stored += perSecond * (FrameBytes + BeatBody);
                    sent += perSecond * (FrameBytes + BeatBody);
                    break;
                default:
                    stored += perSecond * (FrameBytes + NumericBody);
                    sent += perSecond * vitalBytes;
                    vitals += perSecond * vitalBytes;
                    break;
            }
        }

        return (stored, sent, vitals);
    }

    // "8 kHz, 16 bits, chunks of 100 ms: 137 kbit/s."
    private static double LiveKbits(Model model)
    {
        string about = model.Enum("ListeningStep").Values.First(v => v.Value == 0).About;
        string[] words = about.Split(' ');
        return double.Parse(words[Array.FindIndex(words, w => w.StartsWith("kbit/s", StringComparison.Ordinal)) - 1], CultureInfo.InvariantCulture);
    }

    private static string Kbits(double value) => Math.Ceiling(value).ToString("0", CultureInfo.InvariantCulture);
}
