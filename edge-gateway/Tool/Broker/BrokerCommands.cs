using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Sound;
using EdgeGateway.Faults;
using EdgeGateway.Machine;
using EdgeGateway.Mqtt.Transports;

namespace EdgeGateway.Tool.Broker;

/// <summary><c>cartctl broker</c>: asks the session's broker what the gateway will ask of it.</summary>
internal sealed class BrokerCommands(TextWriter results, TextWriter diagnostics, Action<int> exit, TimeProvider time)
{
    /// <summary>Shortest and longest span of <c>--for</c>.</summary>
    public static readonly TimeSpan ShortestSpan = TimeSpan.FromMinutes(10), LongestSpan = TimeSpan.FromDays(7);

    private static readonly TimeSpan HealthPeriod = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ProbeBound = TimeSpan.FromMinutes(10);

    /// <summary>The command.</summary>
    /// <returns><c>broker</c>.</returns>
    public Command Make()
    {
        Argument<string> file = new("gateway.yaml") { Description = "The gateway's configuration file; its section sessionBroker says which broker, and how." };
        Option<string?> span = new("--for") { Description = "Measures the link for so long instead: 24h, 90m (10m to 168h). Each hour: does this room carry live sound, and a call beside it? At most 128 KiB every 10 minutes, and nothing while a session is open." };
        Option<string> dialect = new("--broker") { Description = "Whose configuration missing rights are written for: " + string.Join(", ", AclDialect.Names) + ".", DefaultValueFactory = static _ => AclDialect.Names[0] };
        Option<bool> json = new("--json") { Description = "Exactly one JSON object." };
        span.Validators.Add(static r =>
        {
            if (r.GetValueOrDefault<string?>() is { } text && Span(text) is null)
            {
                r.AddError("--for must be 10m to 168h, as 24h or 90m.");
            }
        });
        dialect.Validators.Add(static r =>
        {
            if (!AclDialect.Names.Contains(r.GetValueOrDefault<string>(), StringComparer.Ordinal))
            {
                r.AddError("--broker must be one of " + string.Join(", ", AclDialect.Names) + ".");
            }
        });
        Command test = new(
            "test",
            "Connects to the session's broker as the gateway does, subscribes and publishes all that the gateway will, and names each right that is missing. The messages are empty and go to a session that is none. "
            + "Examples: cartctl broker test gateway.yaml; cartctl broker test gateway.yaml --broker emqx; cartctl broker test gateway.yaml --for 24h --json.")
        { file, span, dialect, json };
        test.SetAction(parsed =>
        {
            string path = parsed.GetValue(file)!;
            ConfigurationResult read = ConfigurationFile.Load(path);
            if (read.Options is not { } options)
            {
                diagnostics.WriteLine(CodedError.RenderAll(read.Errors));
                exit(CartCtl.Unreadable);
            }
            else if (options.Core.External is not { } broker)
            {
                diagnostics.WriteLine(new CodedError(FaultCodes.SessionBrokerNotConfigured, new ErrorPlace(path, 0, "sessionBroker"), "the section is not there").Render());
                exit(CartCtl.Unreadable);
            }
            else
            {
                exit(parsed.GetValue(span) is { } text ? Room(options, broker, Span(text)!.Value, parsed.GetValue(json)) : Probe(options, broker, parsed.GetValue(dialect)!, parsed.GetValue(json)));
            }
        });
        return new Command("broker", "The session's broker.") { test };
    }

    /// <summary>Reads a span of time.</summary>
    /// <param name="text">24h, 90m.</param>
    /// <returns>Null when it is none, or out of range.</returns>
    internal static TimeSpan? Span(string text)
    {
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number > 100_000)
        {
            return null;
        }

        TimeSpan? span = text[^1] switch
        {
            'h' => TimeSpan.FromHours(number),
            'm' => TimeSpan.FromMinutes(number),
            _ => null,
        };
        return span >= ShortestSpan && span <= LongestSpan ? span : null;
    }

    /// <summary>The report of a probe, for a person.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="report">What was found.</param>
    /// <param name="dialect">Whose words missing rights are named in.</param>
    /// <returns>Lines.</returns>
    internal static string Text(ExternalBroker broker, ProbeReport report, string dialect)
    {
        StringBuilder text = new();
        if (!report.IsConnected)
        {
            foreach (BrokerFailure failure in report.Failures)
            {
                text.AppendLine(new CodedError(failure.Code, ErrorPlace.None, failure.Text.TrimEnd('.')).Render());
            }

            return text.ToString();
        }

        text.Append(CultureInfo.InvariantCulture, $"connected to {broker.Host}:{broker.Port}");
        if (report.RoundTripMs is { } ms)
        {
            text.Append(CultureInfo.InvariantCulture, $", round trip {ms:0.0} ms");
        }

        text.AppendLine();
        foreach (RightResult result in report.Rights)
        {
            text.Append(result.State switch { RightState.Proven => "  proven   ", RightState.Granted => "  granted  ", RightState.Refused => "  REFUSED  ", _ => "  untried  " })
                .Append(result.Right.IsWrite ? "publish   " : "subscribe ").Append(result.Right.Filter).Append("  (").Append(result.Right.About).Append(')')
                .AppendLine(result.Detail.Length == 0 ? string.Empty : ": " + result.Detail);
        }

        if (report.Failures.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"  note     the broker could not be reached, or ended the connection, {report.Failures.Count} time(s): ").AppendLine(report.Failures[^1].Text);
        }

        foreach (string line in LimitsOf(report))
        {
            text.Append("  note     ").AppendLine(line);
        }

        BrokerRight[] missing = [.. report.Rights.Where(static r => r.State == RightState.Refused).Select(static r => r.Right)];
        if (missing.Length > 0)
        {
            text.Append("missing at the broker (").Append(dialect).AppendLine("):");
            foreach (string line in AclDialect.Lines(dialect, broker.UserName, missing))
            {
                text.Append("    ").AppendLine(line);
            }
        }

        if (report.Rights.Any(static r => r is { State: RightState.Granted, Right.IsWrite: false }))
        {
            text.AppendLine("granted is the broker's word: mosquitto grants each subscription and delivers only what topic read allows.");
        }

        return text.ToString();
    }

    /// <summary>One hour, for a person.</summary>
    /// <param name="hour">The hour.</param>
    /// <param name="from">When it began.</param>
    /// <returns>One line.</returns>
    internal static string Text(RoomHour hour, DateTimeOffset from)
    {
        string rate = hour.RateKbits is { } kbits ? string.Create(CultureInfo.InvariantCulture, $"{kbits:0} kbit/s there and back (least of {hour.Probes})") : "rate not measured";
        string trip = hour.RoundTripMs is { } ms ? string.Create(CultureInfo.InvariantCulture, $"round trip {ms:0} ms (95 %: {hour.RoundTrip95Ms:0} ms)") : "round trip not measured";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{from:yyyy-MM-dd HH:mm}Z  sound: {Word(hour.Sound),-10}  call: {(hour.Call switch { true => "yes", false => "no", null => "not measured" }),-12}  {rate}, {trip}, lost {hour.Lost} of {hour.Sent}, {hour.Breaks} break(s){(hour.Skipped > 0 ? $", {hour.Skipped} probe(s) skipped: a session was open" : string.Empty)}");
    }

    private static string Word(ListeningStep? step) => step switch
    {
        ListeningStep.Full or ListeningStep.LongChunks => "whole",
        ListeningStep.HeartMode => "heart only",
        ListeningStep.RhythmOnly => "rhythm",
        ListeningStep.ClipsOnly => "no",
        _ => "not measured",
    };

    private static IEnumerable<string> LimitsOf(ProbeReport report)
    {
        if (!report.Limits.RetainAvailable)
        {
            yield return FaultCodes.BrokerRetainUnsupported + ": " + FaultCatalogue.Default[FaultCodes.BrokerRetainUnsupported].Happened.English;
        }

        if (report.Limits.MaximumQos == Mqtt.MqttQos.AtMostOnce)
        {
            yield return FaultCodes.BrokerQosOneUnsupported + ": " + FaultCatalogue.Default[FaultCodes.BrokerQosOneUnsupported].Happened.English;
        }

        if (report.Limits.MaximumPacketSize < 256 * 1024)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{FaultCodes.DeliveryMessageTooLarge}: the broker takes at most {report.Limits.MaximumPacketSize} bytes; a clip of sound has up to 256 KiB");
        }
    }

    private int Probe(GatewayHostOptions options, ExternalBroker broker, string dialect, bool asJson)
    {
        BrokerProbe probe = null!;
        Run(broker, ProbeBound, (client, connector, _) => probe = new BrokerProbe(broker, options.Core.CartId, Nonce(), client, connector));
        ProbeReport report = probe.Report;
        bool isGood = report.IsConnected && report.Rights.All(static r => r.State is RightState.Granted or RightState.Proven);
        if (asJson)
        {
            results.WriteLine(Json(json =>
            {
                json.WriteBoolean("right", isGood);
                json.WriteBoolean("connected", report.IsConnected);
                WriteNumber(json, "roundTripMs", report.RoundTripMs);
                json.WriteStartArray("failures");
                foreach (BrokerFailure failure in report.Failures)
                {
                    Write(json, failure);
                }

                json.WriteEndArray();
                json.WriteStartArray("rights");
                foreach (RightResult result in report.Rights)
                {
                    json.WriteStartObject();
                    json.WriteString("activity", result.Right.IsWrite ? "publish" : "subscribe");
                    json.WriteString("filter", result.Right.Filter);
                    json.WriteString("state", result.State.ToString().ToLowerInvariant());
                    json.WriteString("detail", result.Detail);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteStartArray("missing");
                foreach (string line in AclDialect.Lines(dialect, broker.UserName, [.. report.Rights.Where(static r => r.State == RightState.Refused).Select(static r => r.Right)]))
                {
                    json.WriteStringValue(line);
                }

                json.WriteEndArray();
            }));
        }
        else
        {
            (report.IsConnected ? results : diagnostics).Write(Text(broker, report, dialect));
            if (report.IsConnected)
            {
                results.WriteLine(isGood ? "the broker gives the gateway all that it needs." : FaultCodes.BrokerRightsMissing + ": " + FaultCatalogue.Default[FaultCodes.BrokerRightsMissing].Do.English);
            }
        }

        return isGood ? CartCtl.Clean : CartCtl.Damage;
    }

    private int Room(GatewayHostOptions options, ExternalBroker broker, TimeSpan span, bool asJson)
    {
        RoomTest room = null!;
        List<RoomHour> hours = [];
        DateTimeOffset start = time.GetUtcNow();
        using SessionWatch watch = new(options.HttpAddress, options.HttpPort, time);
        Run(
            broker, span + TimeSpan.FromMinutes(1),
            (client, connector, nowUs) => room = new RoomTest(
                broker, options.Core.CartId, Nonce(), client, connector, (long)span.TotalMicroseconds, nowUs, () => watch.IsOpen, hour =>
                {
                    hours.Add(hour);
                    if (!asJson)
                    {
                        results.WriteLine(Text(hour, start.AddMicroseconds(hour.FromUs)));
                    }
                }));
        if (room.RefusedReason is { } reason)
        {
            diagnostics.WriteLine(new CodedError(
                FaultCodes.BrokerRightsMissing, ErrorPlace.None, string.Create(CultureInfo.InvariantCulture, $"the test's own topic, cart/{options.Core.CartId}/test/+, is refused with reason 0x{reason:X2}")).Render());
            return CartCtl.Damage;
        }

        if (!room.WasUp && room.LastFailure is { } failure)
        {
            diagnostics.WriteLine(new CodedError(failure.Code, ErrorPlace.None, failure.Text.TrimEnd('.')).Render());
        }

        bool isGood = hours.Count > 0 && hours.TrueForAll(static h => h is { Sound: null, Call: null } || h is { Sound: ListeningStep.Full, Call: true }) && hours.Exists(static h => h.IsMeasured);
        if (asJson)
        {
            results.WriteLine(Json(json =>
            {
                json.WriteBoolean("right", isGood);
                json.WriteStartArray("hours");
                foreach (RoomHour hour in hours)
                {
                    json.WriteStartObject();
                    json.WriteString("from", start.AddMicroseconds(hour.FromUs).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
                    json.WriteString("sound", Word(hour.Sound));
                    if (hour.Call is { } call)
                    {
                        json.WriteBoolean("call", call);
                    }
                    else
                    {
                        json.WriteNull("call");
                    }

                    WriteNumber(json, "rateKbits", hour.RateKbits);
                    WriteNumber(json, "roundTripMs", hour.RoundTripMs);
                    WriteNumber(json, "roundTrip95Ms", hour.RoundTrip95Ms);
                    json.WriteNumber("sent", hour.Sent);
                    json.WriteNumber("lost", hour.Lost);
                    json.WriteNumber("breaks", hour.Breaks);
                    json.WriteNumber("skipped", hour.Skipped);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }));
        }
        else
        {
            results.WriteLine(isGood ? "each measured hour carried whole live sound and a call." : FaultCodes.RoomTooWeak + ": " + FaultCatalogue.Default[FaultCodes.RoomTooWeak].Do.English);
        }

        return isGood ? CartCtl.Clean : CartCtl.Damage;
    }

    private void Run(ExternalBroker broker, TimeSpan bound, Func<TestClientFactory, IUplinkConnector, long, BrokerLink> make)
    {
        using MqttLoop loop = new(time, "broker-test");
        using UplinkConnector connector = new(loop, broker, time);
        using ManualResetEventSlim done = new();
        BrokerLink link = make((options, handler) => BrokerClients.Make(broker.Client, options, handler, loop), connector, loop.NowUs);
        loop.AddStep(nowUs =>
        {
            long next = link.Step(nowUs);
            if (link.IsDone)
            {
                done.Set();
            }

            return next;
        });
        loop.Start();
        done.Wait(bound);
    }

    // 8 letters and digits: two tests at once do not hear each other.
    private static string Nonce() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

    private static string Json(Action<Utf8JsonWriter> members)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, Math.Round(number, 1));
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static void Write(Utf8JsonWriter json, BrokerFailure failure)
    {
        json.WriteStartObject();
        json.WriteString("code", failure.Code);
        json.WriteString("detail", failure.Text);
        json.WriteString("next", FaultCatalogue.Default[failure.Code].Do.English);
        json.WriteEndObject();
    }

    /// <summary>Asks the gateway of this machine every few seconds whether a session is open. Where none runs, none is.</summary>
    private sealed class SessionWatch : IDisposable
    {
        private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(3) };
        private readonly Uri _health;
        private readonly ITimer _timer;
        private volatile bool _isOpen = true; // until the first answer

        public SessionWatch(IPAddress address, int port, TimeProvider time)
        {
            _health = new UriBuilder("http", address.ToString(), port, "/health").Uri;
            _timer = time.CreateTimer(_ => _ = AskAsync(), null, TimeSpan.Zero, HealthPeriod);
        }

        public bool IsOpen => _isOpen;

        public void Dispose()
        {
            _timer.Dispose();
            _http.Dispose();
        }

        private async Task AskAsync()
        {
            try
            {
                // /health answers 503 too, with the same body.
                using HttpResponseMessage answer = await _http.GetAsync(_health).ConfigureAwait(false);
                using JsonDocument json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync().ConfigureAwait(false));
                _isOpen = !json.RootElement.TryGetProperty("sessions", out JsonElement sessions) || sessions.EnumerateArray().Any(static s => string.Equals(s.GetProperty("state").GetString(), "open", StringComparison.Ordinal));
            }
            catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConnectionError)
            {
                _isOpen = false; // no gateway here
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException or InvalidOperationException or KeyNotFoundException or ObjectDisposedException)
            {
                _isOpen = true; // something answers, and what it does is not known
            }
        }
    }
}
