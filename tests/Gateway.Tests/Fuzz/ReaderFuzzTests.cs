using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Sound;
using Gateway.Tests.Hosting;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Kernel;

namespace Gateway.Tests.Fuzz;

/// <summary>Whatever bytes come as configuration or as a request: an answer, never an exception.</summary>
[TestClass]
public sealed class ReaderFuzzTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("CART_LONG") == "1";

    private static readonly string[] Requests =
    [
        """{"command":"open","session":"S1","id":"r1"}""",
        """{"command":"start","session":"S1","at":"2026-01-02T03:04:12Z","id":"r13"}""",
        """{"command":"patient","session":"S1","category":"adult","cuffSize":"largeAdult","cuffOnOximeterArm":true,"id":"r12"}""",
        """{"command":"listen","session":"S1","listening":true,"site":"mitral","posture":"leftLateral","filter":"bell","by":"n1","id":"r15"}""",
        """{"v":1,"consumer":"dr-1","streams":[{"device":"02aabbfffe0000a1","boot":1,"stream":16,"through":9,"gaps":[[2,3],[5,5]],"seen":1}]}""",
        """{"v":1,"consumer":"dr-1","bands":[{"hz":60,"sent":3,"heard":3}]}""",
        """{"v":1,"consumer":"dr-1","device":"02aabbfffe0000a1","stream":64,"number":60,"lost":0,"usable":false}""",
        """{"cuffOffTheArm":true}""",
        """{"answer":"done"}""",
        """{"command":"stop"}""",
        "{}",
    ];

    private static readonly string[] Tokens =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\ud800", "\\u0000", "\\", "null", "true", "-0", "1e999", "18446744073709551616", "\0", "\uFEFF", "\u2028", "é", "- ", "? ", "&a ", "*a", "!!binary ", "!<x> ", "|\n ", ">-\n ",
        "%YAML 1.2\n", "---\n", "...\n", "#", "\t", "\r", "\n", "\n  ", "\"command\":\"stop\"", "'", "<<: ", "@", "`", "2026-01-02", ".inf", "0o7", "~",
    ];

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Mutated_configurations_give_errors_or_options()
    {
        string example = File.ReadAllText(Path.Combine(Root(), "edge-gateway", "Gateway", "gateway.example.yaml"));
        string whole = Regex.Replace(example, "^# (?<key>web|sessionBroker|  )", "${key}", RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        string[] corpus =
        [
            "cart:\n  id: C1\n  gatewayId: \"0200000000000001\"\njournal:\n  directory: j\n",
            "cart: {id: C1, gatewayId: '0200000000000001'}\njournal: {directory: j}\nweb: {publicUrl: https://a.example, trustedProxies: [{address: 10.0.0.1}]}\n",
            "sessionBroker:\n  host: a\n  passwordFile: p\ndevices:\n  - id: \"0200000000000010\"\n    sites:\n      - stream: 16\n        site: axilla\n",
            whole,
        ];
        int count = IsLong ? 400_000 : 3_000;
        SeededRandom random = new(1);
        long began = TimeProvider.System.GetTimestamp();
        int accepted = 0;
        for (int i = 0; i < count; i++)
        {
            // The long one seldom: it costs as much as thirty of the others.
            byte[] mutated = Mutate(Encoding.UTF8.GetBytes(corpus[i % 40 == 0 ? 3 : i % 3]), random);
            string text = Encoding.UTF8.GetString(mutated);
            try
            {
                ConfigurationResult result = GatewayConfiguration.Parse(text, "gateway.yaml", "/etc/cart", _ => i % 2 == 0 ? mutated : null);
                Assert.AreEqual(result.Options is null, result.Errors.Count > 0);
                accepted += result.Options is null ? 0 : 1;
                foreach (EdgeGateway.Faults.CodedError error in result.Errors)
                {
                    _ = error.Render();
                }
            }
            catch (Exception exception) when (exception is not AssertFailedException)
            {
                throw new AssertFailedException($"input {i}, {Convert.ToBase64String(mutated)}\n{text}\n{exception}", exception);
            }
        }

        TestContext.WriteLine($"{count} configurations, {accepted} accepted, {TimeProvider.System.GetElapsedTime(began).TotalSeconds:F2} s");
    }

    [TestMethod]
    public void Bombs_are_refused_soon()
    {
        StringBuilder laughs = new("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (int i = 1; i < 30; i++)
        {
            laughs.Append('a').Append(i).Append(": &a").Append(i).Append(" [").Append(string.Join(',', Enumerable.Repeat("*a" + (i - 1), 10))).Append("]\n");
        }

        foreach ((string name, string text) in new[]
        {
            ("laughs", laughs.ToString()),
            ("open brackets", new string('[', 500_000)),
            ("open braces", string.Concat(Enumerable.Repeat("{a: ", 200_000))),
            ("nested dashes", string.Concat(Enumerable.Repeat("- ", 300_000))),
            ("nested keys", string.Concat(Enumerable.Range(0, 900).Select(i => new string(' ', i) + "a:\n"))),
            ("one long scalar", "cart: " + new string('x', 900_000)),
            ("one long key", new string('k', 900_000) + ": 1"),
            ("many keys", string.Concat(Enumerable.Range(0, IsLong ? 60_000 : 6_000).Select(i => $"k{i}: 1\n"))),
            ("many equal keys", string.Concat(Enumerable.Repeat("k: 1\n", IsLong ? 60_000 : 6_000))),
            ("many documents", string.Concat(Enumerable.Repeat("---\n", 200_000))),
            ("many anchors", string.Concat(Enumerable.Range(0, IsLong ? 50_000 : 5_000).Select(i => $"k{i}: &a{i} 1\n"))),
            ("many devices", "devices:\n" + string.Concat(Enumerable.Range(0, IsLong ? 40_000 : 4_000).Select(i => "  - id: \"" + i.ToString("x16", System.Globalization.CultureInfo.InvariantCulture) + "\"\n"))),
        })
        {
            long began = TimeProvider.System.GetTimestamp();
            ConfigurationResult result = GatewayConfiguration.Parse(text, "gateway.yaml", "/etc/cart", _ => null);
            double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
            TestContext.WriteLine($"{name}: {text.Length} characters, {result.Errors.Count} errors, {seconds:F3} s");
            Assert.IsNull(result.Options, name);
            Assert.IsLessThan(2000, result.Errors.Count, name + ": nobody reads more errors");
        }
    }

    [TestMethod]
    public void Mutated_requests_give_problems_or_requests()
    {
        int count = IsLong ? 2_000_000 : 37_000;
        SeededRandom random = new(2);
        long began = TimeProvider.System.GetTimestamp();
        int understood = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] mutated = Mutate(Encoding.UTF8.GetBytes(Requests[i % Requests.Length]), random);
            try
            {
                string? problem = (i / Requests.Length % 3) switch
                {
                    0 => SessionRequest.Read(mutated).Problem,
                    1 => SoundRequest.Read(mutated).Problem,
                    _ => Cuff(mutated),
                };
                understood += problem is null ? 1 : 0;
                Assert.IsTrue(problem is null || problem.All(c => c is >= ' ' and <= '~'), "a problem is shown: it repeats nothing raw");
                _ = StopWord.IsIn(mutated);
            }
            catch (Exception exception) when (exception is not AssertFailedException)
            {
                throw new AssertFailedException($"input {i}, {Convert.ToBase64String(mutated)}\n{Encoding.UTF8.GetString(mutated)}\n{exception}", exception);
            }
        }

        TestContext.WriteLine($"{count} requests, {understood} understood, {TimeProvider.System.GetElapsedTime(began).TotalSeconds:F2} s");
        Assert.IsGreaterThan(count / 100, understood, "some mutants still say something");
    }

    [TestMethod]
    public async Task Mutated_bodies_at_every_route_are_answered_below_500_and_the_gateway_goes_on()
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync();
        using HttpClient http = LiveGateway.Client();
        (string Method, string Path)[] routes =
        [
            .. gateway.Routes.SelectMany(r => (r.Methods.Count == 0 ? ["POST", "PUT"] : r.Methods).Select(m => (m, Regex.Replace(r.Pattern, @"\{[^}]*\}", "S1", RegexOptions.None, TimeSpan.FromSeconds(1)))))
                .Where(r => r.Item1 != "GET" || r.Item2.StartsWith("/api", StringComparison.Ordinal)),
        ];
        int count = IsLong ? 50_000 : 1_000;
        SeededRandom random = new(3);
        long began = TimeProvider.System.GetTimestamp();
        SortedDictionary<int, int> statuses = [];
        for (int i = 0; i < count; i++)
        {
            (string method, string path) = routes[i % routes.Length];
            byte[] body = Mutate(Encoding.UTF8.GetBytes(Requests[(i / routes.Length) % Requests.Length]), random);
            string where = i % 5 == 4 ? path.Replace("S1", Uri.EscapeDataString(Encoding.Latin1.GetString(body.AsSpan(0, Math.Min(body.Length, 60)))), StringComparison.Ordinal) : path;
            using HttpRequestMessage request = new(new HttpMethod(method), gateway.Origin + where) { Content = method == "GET" ? null : new ByteArrayContent(body) };
            request.Content?.Headers.TryAddWithoutValidation("Content-Type", "application/json");
            using HttpResponseMessage answer = await http.SendAsync(request);
            int status = (int)answer.StatusCode;
            statuses[status] = statuses.GetValueOrDefault(status) + 1;
            Assert.IsLessThan(500, status, $"{method} {where} {Convert.ToBase64String(body)} {await answer.Content.ReadAsStringAsync()}");
        }

        TestContext.WriteLine($"{count} requests in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:F2} s: {string.Join(", ", statuses.Select(s => s.Key + " x " + s.Value))}");
        using HttpResponseMessage ready = await http.GetAsync(new Uri(gateway.Origin + "/ready"));
        Assert.IsTrue(ready.IsSuccessStatusCode);
        Assert.IsFalse(gateway.Service.Broken.IsCompleted);
    }

    private static string? Cuff(byte[] bytes)
    {
        using StrictJson json = StrictJson.Read(bytes, CuffPatientJson.MaxLength);
        _ = CuffPatientJson.Read(json, "v", "id", "command", "session");
        if (json.Text("at") is { } at)
        {
            _ = CommandAge.TryRead(at, out _);
        }

        return json.Problem;
    }

    private static byte[] Mutate(byte[] from, SeededRandom random)
    {
        List<byte> bytes = [.. from];
        int edits = 1 + (int)(random.NextUInt32() % 4);
        for (int e = 0; e < edits; e++)
        {
            int at = bytes.Count == 0 ? 0 : (int)(random.NextUInt32() % (uint)bytes.Count);
            switch (random.NextUInt32() % 7)
            {
                case 0 when bytes.Count > 0:
                    bytes[at] ^= (byte)(1 << (int)(random.NextUInt32() % 8));
                    break;
                case 1 when bytes.Count > 0:
                    bytes[at] = (byte)random.NextUInt32();
                    break;
                case 2 when bytes.Count > 0:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + (int)(random.NextUInt32() % 12)));
                    break;
                case 3:
                    // A chunk again somewhere else: keys twice, values elsewhere.
                    int length = Math.Min(bytes.Count - at, 1 + (int)(random.NextUInt32() % 40));
                    bytes.InsertRange(bytes.Count == 0 ? 0 : (int)(random.NextUInt32() % (uint)bytes.Count), bytes.GetRange(at, Math.Max(0, length)));
                    break;
                case 4:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Tokens[random.NextUInt32() % (uint)Tokens.Length]));
                    break;
            }
        }

        return [.. bytes];
    }

    private static string Root()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
