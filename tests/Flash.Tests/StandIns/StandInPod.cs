using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Firmware.Flash.Wire;

namespace Flash.Tests.StandIns;

/// <summary>A pod's console as the protocol describes it, written apart from the pod's own: identity, configuration with commit, confirm and unlock, self test, streams.</summary>
internal sealed class StandInPod(string mac)
{
    private readonly Dictionary<string, string> _active = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _working = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _chunks = new(StringComparer.Ordinal);
    private byte[] _challenge = [];
    private bool _isUnlocked;
    private bool _isOffArm;

    public string Build { get; set; } = string.Empty;

    public string Target { get; set; } = string.Empty;

    public string ImageVersion { get; set; } = string.Empty;

    public int BootId { get; set; } = 1;

    public int Pending { get; set; }

    public bool IsInSession { get; set; }

    public bool IsStoreFull { get; set; }

    public bool IsSilentOfMac { get; set; }

    public bool IsOnTrial { get; set; }

    /// <summary>Added to the digits of the CRC of the next so many answers.</summary>
    public int DamagedAnswers { get; set; }

    public string? FailedItem { get; set; }

    /// <summary>What the cuff's sensor reads, thousandths of mmHg, per stream that is asked for; and of the lights.</summary>
    public Func<int, int>? Cuff { get; set; }

    public int SpreadMilliMmHg { get; set; } = 1;

    public Func<int, (int Red, int Infrared)[]>? Light { get; set; }

    public int Streams { get; private set; }

    public IReadOnlyDictionary<string, string> Active => _active;

    public List<string> Requests { get; } = [];

    public bool IsProvisioned => _active.ContainsKey("gateway.host") && _active.ContainsKey("parts") && _active.ContainsKey("technicianKey");

    public string DeviceId => _active.TryGetValue("deviceId", out string? set) ? set : mac[..6] + "fffe" + mac[6..];

    public void Erase()
    {
        _active.Clear();
        _working.Clear();
        Pending = 0;
        IsOnTrial = false;
    }

    public void Restart()
    {
        BootId++;
        _isUnlocked = false;
        _isOffArm = false;
        _challenge = [];
    }

    public void Set(string key, string value) => _active[key] = value;

    /// <summary>Answers one line as it came; nothing for what is no request.</summary>
    public string Answer(string line)
    {
        int blank = line.IndexOf(' ', StringComparison.Ordinal);
        if (!line.StartsWith('@') || blank < 2 || !int.TryParse(line.AsSpan(1, blank - 1), CultureInfo.InvariantCulture, out int id))
        {
            return "pod> ";
        }

        string command = line[(blank + 1)..];
        Requests.Add(command);
        List<string> parts = [];
        string head = "OK -";
        string json;
        try
        {
            json = Do(command, parts);
        }
        catch (PodRefusal refusal)
        {
            head = "ERR " + refusal.Code;
            json = $"{{\"means\":{Text(refusal.Means)},\"next\":{Text(refusal.Next)}}}";
        }

        StringBuilder answer = new("# a log line between\n");
        for (int i = 0; i < parts.Count; i++)
        {
            answer.Append(AnswerLine.Answer(id, string.Create(CultureInfo.InvariantCulture, $"PART {i + 1}"), parts[i]));
        }

        string last = AnswerLine.Answer(id, head, json);
        if (DamagedAnswers > 0)
        {
            DamagedAnswers--;
            last = last.Replace('{', '[');
        }

        return answer.Append(last).ToString();
    }

    private static string Text(string text) => JsonSerializer.Serialize(text);

    private static string[] Words(string command)
    {
        List<string> words = [];
        StringBuilder word = new();
        bool isQuoted = false;
        bool isWord = false;
        for (int i = 0; i < command.Length; i++)
        {
            char c = command[i];
            if (c == '"')
            {
                isQuoted = !isQuoted;
                isWord = true;
            }
            else if (c == ' ' && !isQuoted)
            {
                if (isWord)
                {
                    words.Add(word.ToString());
                    word.Clear();
                    isWord = false;
                }
            }
            else
            {
                word.Append(isQuoted && c == '\\' ? command[++i] : c);
                isWord = true;
            }
        }

        return isWord ? [.. words, word.ToString()] : [.. words];
    }

    private string Do(string command, List<string> parts)
    {
        string[] words = Words(command);
        switch (words)
        {
            case ["id"]:
                return $"{{\"deviceId\":\"{DeviceId}\",\"role\":\"vitals\",\"cartName\":\"\",\"board\":\"esp32-wrover\",\"target\":\"{Target}\",\"version\":\"0.5.0\",\"build\":\"{Build}\",\"image\":\"{ImageVersion}\","
                    + $"\"bootId\":{BootId},\"reset\":\"software\",\"state\":\"{(IsOnTrial ? "trial" : IsProvisioned ? "running" : "unprovisioned")}\",\"provisioned\":{(IsProvisioned ? "true" : "false")},\"mac\":\"{(IsSilentOfMac ? string.Empty : mac)}\"}}";
            case ["status"]:
                return $"{{\"state\":\"running\",\"link\":false,\"session\":{(IsInSession ? "true" : "false")},\"pending\":{Pending}}}";
            case ["config", "get", string key]:
                return $"{{\"{key}\":{Text(_active.GetValueOrDefault(key, "(not set)"))}}}";
            case ["config", "diff"]:
                parts.AddRange(_working.Where(w => _active.GetValueOrDefault(w.Key) != w.Value).Select(w => $"{{\"key\":\"{w.Key}\"}}"));
                return "{}";
            case ["config", "set", string key, string value]:
                RequireUnlock();
                _working[key] = value;
                return "{}";
            case ["config", "put", string key, string n, string of, string base64]:
                RequireUnlock();
                _chunks[key] = n == "1" ? base64 : _chunks[key] + base64;
                if (n == of)
                {
                    _working[key] = Encoding.ASCII.GetString(Convert.FromBase64String(_chunks[key]));
                }

                return $"{{\"have\":{n},\"of\":{of}}}";
            case ["config", "commit"]:
                RequireUnlock();
                if (IsStoreFull)
                {
                    throw new PodRefusal("P1301", "The pod's store is full", "Bring the pod back into reach of the gateway.");
                }

                if (_working.All(w => _active.GetValueOrDefault(w.Key) == w.Value))
                {
                    throw new PodRefusal("P1714", "Nothing was changed", "Change something.");
                }

                foreach ((string key, string value) in _working)
                {
                    _active[key] = value;
                }

                _working.Clear();
                IsOnTrial = true;
                Restart();
                return "{\"sequence\":1,\"confirmWithinMs\":180000}";
            case ["config", "confirm"]:
                RequireUnlock();
                IsOnTrial = false;
                return "{}";
            case ["challenge"]:
                _challenge = SHA256.HashData(Encoding.ASCII.GetBytes($"{mac} {BootId} {Requests.Count}"))[..16];
                return $"{{\"challenge\":\"{Convert.ToHexStringLower(_challenge)}\"}}";
            case ["unlock", string answer]:
                byte[] key0 = Convert.FromHexString(_active.GetValueOrDefault("technicianKey", "00"));
                bool isRight = _challenge.Length == 16 && Convert.ToHexStringLower(HMACSHA256.HashData(key0, _challenge))[..16] == answer;
                _challenge = [];
                _isUnlocked = isRight;
                return isRight ? "{}" : throw new PodRefusal("P1700", "The answer is wrong", "Ask for a new challenge.");
            case ["selftest"]:
                foreach (string item in new[] { "store", "heap", "gateway" })
                {
                    bool isFailed = item == FailedItem;
                    parts.Add($"{{\"item\":\"{item}\",\"value\":\"{(isFailed ? 900 : 12)}\",\"unit\":\"ms\",\"low\":0,\"high\":500,\"result\":\"{(isFailed ? "FAIL" : "PASS")}\",\"code\":{(isFailed ? item == "gateway" ? "\"P1400\"" : "\"P1302\"" : "null")}}}");
                }

                parts.Add("{\"item\":\"cuff\",\"value\":null,\"unit\":null,\"low\":null,\"high\":null,\"result\":\"SKIP\",\"code\":null}");
                return $"{{\"pass\":{(FailedItem is null ? 3 : 2)},\"fail\":{(FailedItem is null ? 0 : 1)},\"skip\":1}}";
            case ["sensor", "stream", string part, string count]:
                RequireUnlock();
                int samples = int.Parse(count, CultureInfo.InvariantCulture);
                if (part == "Mprls0300")
                {
                    int reading = Cuff!(Streams++);
                    parts.AddRange(Enumerable.Range(0, samples).Select(i => string.Create(CultureInfo.InvariantCulture, $"{{\"n\":{i + 1},\"us\":{i * 10000},\"value\":{reading + (((i % 3) - 1) * SpreadMilliMmHg)},\"unit\":\"mmHg/1000\"}}")));
                }
                else
                {
                    parts.AddRange(Light!(Streams++).Take(samples).Select(l => string.Create(CultureInfo.InvariantCulture, $"{{\"red\":{l.Red},\"infrared\":{l.Infrared}}}")));
                }

                return "{}";
            case ["CUFF", "OFF", "ARM"]:
                _isOffArm = true;
                return "{}";
            case ["calibration", "set", string sensor, string serial, string date, string due, string values]:
                RequireUnlock();
                if (!_isOffArm)
                {
                    throw new PodRefusal("P1701", "CUFF OFF ARM was not said", "Say it.");
                }

                _working["calibration." + sensor] = $"{serial};{date};{due};{values}";
                return "{}";
            default:
                throw new PodRefusal("P1702", "There is no such command", "Ask for help.");
        }
    }

    private void RequireUnlock()
    {
        if (_active.ContainsKey("technicianKey") && !_isUnlocked)
        {
            throw new PodRefusal("P1703", "The pod is locked", "Unlock it.");
        }
    }

#pragma warning disable CA1032 // A refusal has always its three words.
    private sealed class PodRefusal(string code, string means, string next) : Exception(means)
#pragma warning restore CA1032
    {
        public string Code { get; } = code;

        public string Means { get; } = means;

        public string Next { get; } = next;
    }
}
