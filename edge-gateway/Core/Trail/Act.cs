using System;
using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core.Json;

namespace EdgeGateway.Core.Trail;

/// <summary>Who does something.</summary>
public enum AuthorKind
{
    /// <summary>The gateway itself.</summary>
    Gateway,

    /// <summary>Whoever stands at the cart's own screen, or a program on its machine.</summary>
    Local,

    /// <summary>A pod.</summary>
    Pod,

    /// <summary>The session's side: the platform, by MQTT.</summary>
    Platform,

    /// <summary>Somebody who listens or looks from elsewhere.</summary>
    Listener,

    /// <summary>Whoever works on the cart with cartctl.</summary>
    Integrator,

    /// <summary>A nurse, by an account.</summary>
    Nurse,

    /// <summary>A doctor, by an account.</summary>
    Doctor,

    /// <summary>A technician, by an account or a certificate.</summary>
    Technician,

    /// <summary>Nobody that is known: what was refused.</summary>
    Unknown,
}

/// <summary>Who did something: a kind and, where there is one, a token.</summary>
/// <param name="Kind">What kind.</param>
/// <param name="Token">A name that is no free text: a client identifier, a device id, an operator's token; empty for none.</param>
public readonly record struct ActAuthor(AuthorKind Kind, string Token)
{
    /// <summary>The gateway.</summary>
    public static readonly ActAuthor Gateway = new(AuthorKind.Gateway, string.Empty);

    /// <summary>Whoever stands at the cart.</summary>
    public static readonly ActAuthor Local = new(AuthorKind.Local, string.Empty);
}

/// <summary>What somebody did, for the trail: no measured value, no free text. Each text is made a token when it is written (<see cref="ActJson.Token"/>).</summary>
/// <param name="What">One of <see cref="ActNames"/>.</param>
/// <param name="Who">Who did it.</param>
public sealed record Act(string What, ActAuthor Who)
{
    /// <summary>From where: an address, <c>mqtt</c>, <c>console</c>; empty for the gateway itself.</summary>
    public string From { get; init; } = string.Empty;

    /// <summary>In which session; empty for none.</summary>
    public string Session { get; init; } = string.Empty;

    /// <summary>What it was done to: a pod, a certificate's holder, a page, a version; empty for nothing.</summary>
    public string Subject { get; init; } = string.Empty;

    /// <summary>Why it was refused, a code of hardware/faults.json; empty when it was done.</summary>
    public string Code { get; init; } = string.Empty;

    /// <summary>How often, when the same came again and again.</summary>
    public long Count { get; init; } = 1;

    /// <summary>True when it was refused.</summary>
    public bool IsRefused => Code.Length > 0;

    /// <summary>True when somebody only looked.</summary>
    public bool IsView => What.StartsWith("view.", StringComparison.Ordinal);
}

/// <summary>The names of acts. Those of commands are made of topic and verb (<c>session.open</c>, <c>cuff.stop</c>), see <c>GatewayCommand.Act</c>.</summary>
public static class ActNames
{
    /// <summary>In <see cref="Act.From"/>: it came by MQTT.</summary>
    public const string FromMqtt = "mqtt";

    /// <summary>In <see cref="Act.From"/>: it was typed at the gateway's machine.</summary>
    public const string FromConsole = "console";

    /// <summary>The gateway started; the subject is its version.</summary>
    public const string GatewayStart = "gateway.start";

    /// <summary>The gateway stopped as it should.</summary>
    public const string GatewayStop = "gateway.stop";

    /// <summary>The gateway runs with a configuration; the subject is its SHA-256.</summary>
    public const string ConfigurationUsed = "configuration.used";

    /// <summary>The machine's clock jumped, or is not to be believed.</summary>
    public const string ClockStep = "clock.step";

    /// <summary>A session was closed.</summary>
    public const string SessionClose = "session.close";

    /// <summary>The cuffs were stopped.</summary>
    public const string CuffStop = "cuff.stop";

    /// <summary>A message on no topic of the gateway's, or one that a broker had kept.</summary>
    public const string MessageRefused = "message.refused";

    /// <summary>A request by HTTP that the guard refused and that is no command.</summary>
    public const string RequestRefused = "request.refused";

    /// <summary>A page was opened; the subject is its path.</summary>
    public const string PageView = "view.page";

    /// <summary>The link of a session for somebody elsewhere was shown.</summary>
    public const string LinkView = "view.link";

    /// <summary>Somebody subscribed to a session's readings.</summary>
    public const string SessionView = "view.session";

    /// <summary>Clips were taken out as a file; the subject is the clip's name, empty for all of them.</summary>
    public const string ClipExport = "export.clip";

    /// <summary>A client proved who it is and was let in.</summary>
    public const string PeerAdmitted = "peer.admitted";

    /// <summary>A client was refused.</summary>
    public const string PeerRefused = "peer.refused";

    /// <summary>An operator logged in.</summary>
    public const string Login = "login";

    /// <summary>Keys of records were erased.</summary>
    public const string KeysErased = "keys.erased";

    /// <summary>A backup of the cart was made.</summary>
    public const string Backup = "cart.backup";

    /// <summary>A cart was restored.</summary>
    public const string Restore = "cart.restore";

    /// <summary>The trail was exported.</summary>
    public const string TrailExport = "export.trail";

    /// <summary>The trail was found changed, cut or replaced; the subject says what, and at which entry.</summary>
    public const string TrailFault = "trail.fault";

    /// <summary>Acts that came in such numbers that only their count stands here; the subject says of which kind.</summary>
    public const string ActsCounted = "acts.counted";

    /// <summary>Acts that found no place while the trail could not be written.</summary>
    public const string ActsLost = "acts.lost";
}

/// <summary>An act as the trail's bytes: one JSON object.</summary>
public static class ActJson
{
    /// <summary>Longest token.</summary>
    public const int MaxTokenLength = 64;

    private static readonly string[] Kinds = ["gateway", "local", "pod", "platform", "listener", "integrator", "nurse", "doctor", "technician", "unknown"];

    /// <summary>Writes an act.</summary>
    /// <param name="act">The act.</param>
    /// <param name="utcUs">When, µs since 1970-01-01T00:00:00Z; null while UTC is not known.</param>
    /// <param name="boot">Which start of the gateway; 0 for none.</param>
    /// <param name="us">The monotonic time of that start, µs.</param>
    /// <returns>UTF-8, always less than 1 KiB.</returns>
    public static byte[] Write(Act act, long? utcUs, uint boot, long us)
    {
        ArgumentNullException.ThrowIfNull(act);
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer, JsonOutput.Options))
        {
            json.WriteStartObject();
            if (utcUs is { } utc)
            {
                json.WriteString("at", Rfc3339.Text(utc));
            }

            if (boot > 0)
            {
                json.WriteNumber("boot", boot);
                json.WriteNumber("us", us);
            }

            json.WriteString("act", Token(act.What));
            json.WriteString("who", Kinds[(int)act.Who.Kind]);
            Put(json, "token", act.Who.Token);
            Put(json, "from", act.From);
            Put(json, "session", act.Session);
            Put(json, "subject", act.Subject);
            Put(json, "code", act.Code);
            if (act.Count != 1)
            {
                json.WriteNumber("count", act.Count);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A text as it may stand in the trail: itself when it is 1 to 64 of A-Z a-z 0-9 and _ . : / -, else the beginning of its SHA-256, so that equal ones are seen to be equal and nothing can be read.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The token; empty for an empty text.</returns>
    public static string Token(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool isToken = text.Length <= MaxTokenLength;
        foreach (char c in text)
        {
            isToken &= char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ':' or '/' or '-';
        }

        return isToken ? text : "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
    }

    private static void Put(Utf8JsonWriter json, string name, string text)
    {
        if (text.Length > 0)
        {
            json.WriteString(name, Token(text));
        }
    }
}
