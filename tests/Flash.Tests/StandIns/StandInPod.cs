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
    private readonly Dictionary<string, string> _undone = new(StringComparer.Ordinal);
    private (string Key, int Have, int Of, string Base64) _pieces = (string.Empty, 0, 0, string.Empty);
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

    /// <summary>So many of the next answers have a wrong CRC.</summary>
    public int DamagedAnswers { get; set; }

    /// <summary>The answer to each request of this kind is damaged once; what it asked for was done.</summary>
    public string? DamagesOnce { get; set; }

    public string? FailedItem { get; set; }

    /// <summary>So many of the next self tests find a part that settles still.</summary>
    public int Settles { get; set; }

    /// <summary>Changes an answer's JSON before its checksum is made: a pod that is broken, or wants to be.</summary>
    public Func<string, string, string>? Spoils { get; set; }

    /// <summary>Answers by the number of the request before.</summary>
    public bool AnswersOthers { get; set; }

    /// <summary>What the cuff's sensor reads, thousandths of mmHg, per stream that is asked for; and of the lights.</summary>
    public Func<int, int>? Cuff { get; set; }

    public int SpreadMilliMmHg { get; set; } = 1;

    public Func<int, (int Red, int Infrared)[]>? Light { get; set; }

    public int Streams { get; private set; }

    public IReadOnlyDictionary<string, string> Active => _active;

    public List<string> Requests { get; } = [];

    public bool IsProvisioned => _active.ContainsKey("gateway.host") && _active.ContainsKey("parts") && _active.ContainsKey("technicianKey");

    public string DeviceId => _active.TryGetValue("deviceId", out string? set) ? set : mac[..6] + "fffe" + mac[6..];

    /// <summary>A pod of its own that stands as this one does.</summary>
    public StandInPod Copy()
    {
        StandInPod copy = new(mac)
        {
            Build = Build,
            Target = Target,
            ImageVersion = ImageVersion,
            BootId = BootId,
            Pending = Pending,
            IsInSession = IsInSession,
            IsStoreFull = IsStoreFull,
            IsSilentOfMac = IsSilentOfMac,
            IsOnTrial = IsOnTrial,
            _pieces = _pieces,
            _challenge = _challenge,
            _isUnlocked = _isUnlocked,
        };
        foreach ((Dictionary<string, string> from, Dictionary<string, string> to) in new[] { (_active, copy._active), (_working, copy._working), (_undone, copy._undone) })
        {
            foreach ((string key, string value) in from)
            {
                to[key] = value;
            }
        }

        return copy;
    }

    /// <summary>All that it keeps over a restart and what waits for a commit, for a comparison.</summary>
    public string Signature() =>
        string.Join(';', new[] { _active, _working, _undone }.Select(d => string.Join(',', d.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Key + "=" + p.Value)))) + $" {Build} {Target} {ImageVersion} {Pending} {IsOnTrial} {_isUnlocked} {_pieces.Have}";

    /// <summary>180 s without a confirmation, or a start: what was in force before is again.</summary>
    public void UndoTrial()
    {
        if (IsOnTrial)
        {
            IsOnTrial = false;
            Replace(_active, _undone);
            Restart();
        }
    }

    public void Erase()
    {
        _active.Clear();
        _working.Clear();
        _undone.Clear();
        Pending = 0;
        IsOnTrial = false;
    }

    public void Restart()
    {
        BootId++;
        _isUnlocked = false;
        _isOffArm = false;
        _challenge = [];
        _pieces = (string.Empty, 0, 0, string.Empty);
        Replace(_working, _active);
    }

    private static void Replace(Dictionary<string, string> values, Dictionary<string, string> by)
    {
        values.Clear();
        foreach ((string key, string value) in by)
        {
            values[key] = value;
        }
    }

    public void Set(string key, string value)
    {
        _active[key] = value;
        _working[key] = value;
    }

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
            answer.Append(AnswerLine.Answer(id, string.Create(CultureInfo.InvariantCulture, $"PART {i + 1}"), Spoils?.Invoke(command, parts[i]) ?? parts[i]));
        }

        json = Spoils?.Invoke(command, json) ?? json;
        string last = AnswerLine.Answer(AnswersOthers ? id - 1 : id, head, json);
        bool isDamagedOnce = DamagesOnce is string kind && command.StartsWith(kind, StringComparison.Ordinal);
        DamagesOnce = isDamagedOnce ? null : DamagesOnce;
        if (isDamagedOnce)
        {
            last = last.Replace('*', '+');
        }

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
                string shown = _working.ContainsKey(key) && key is "technicianKey" or "wifi.password" or "tls.ca" or "tls.certificate" or "tls.key" ? "(set)" : _working.GetValueOrDefault(key, "(not set)");
                return $"{{\"{key}\":{Text(shown)}}}";
            case ["config", "diff"]:
                parts.AddRange(Changed().Select(k => $"{{\"key\":\"{k}\"}}"));
                return "{}";
            case ["config", "set", string key, string value]:
                RequireUnlock();
                _working[key] = value;
                return "{}";
            case ["config", "put", string key, string n, string of, string base64]:
                RequireUnlock();
                int number = int.Parse(n, CultureInfo.InvariantCulture);
                int whole = int.Parse(of, CultureInfo.InvariantCulture);
                _pieces = number == 1 ? (key, 0, whole, string.Empty) : _pieces;
                if (key != _pieces.Key || whole != _pieces.Of || number != _pieces.Have + 1)
                {
                    int next = key == _pieces.Key ? _pieces.Have + 1 : 1;
                    _pieces = (string.Empty, 0, 0, string.Empty);
                    throw new PodRefusal("P1707", string.Create(CultureInfo.InvariantCulture, $"The configuration was not taken: piece {next} is next"), "Begin with the first piece.");
                }

                _pieces = (key, number, whole, _pieces.Base64 + base64);
                if (number == whole)
                {
                    _working[key] = Encoding.ASCII.GetString(Convert.FromBase64String(_pieces.Base64));
                    _pieces = (string.Empty, 0, 0, string.Empty);
                }

                return $"{{\"have\":{n},\"of\":{of}}}";
            case ["config", "clear", string key]:
                RequireUnlock();
                _working.Remove(key);
                return $"{{\"{key}\":\"(not set)\"}}";
            case ["config", "commit"]:
                RequireUnlock();
                if (IsStoreFull)
                {
                    throw new PodRefusal("P1301", "The pod's store is full", "Bring the pod back into reach of the gateway.");
                }

                if (IsOnTrial)
                {
                    throw new PodRefusal("P1724", "The configuration in force is on trial", "Confirm it or revert it first.");
                }

                if (!Changed().Any())
                {
                    throw new PodRefusal("P1714", "Nothing was changed", "Change something.");
                }

                if (_working.ContainsKey("tls.key") != _working.ContainsKey("tls.ca") || (_active.ContainsKey("technicianKey") && !_working.ContainsKey("technicianKey")))
                {
                    throw new PodRefusal("P1707", "What belongs together is not whole", "Set the rest.");
                }

                Replace(_undone, _active);
                Replace(_active, _working);
                IsOnTrial = true;
                Restart();
                return "{\"sequence\":1,\"confirmWithinMs\":180000}";
            case ["config", "revert"]:
                RequireUnlock();
                Replace(_working, _active);
                return "{\"sequence\":1}";
            case ["config", "confirm"]:
                RequireUnlock();
                IsOnTrial = IsOnTrial ? false : throw new PodRefusal("P1714", "No configuration is on trial", "Nothing.");
                return "{}";
            case ["challenge"]:
                _challenge = SHA256.HashData(Encoding.ASCII.GetBytes($"{mac} {BootId} {Requests.Count}"))[..16];
                return $"{{\"challenge\":\"{Convert.ToHexStringLower(_challenge)}\"}}";
            case ["unlock", string answer]:
                byte[] key0 = Convert.FromHexString(_active.GetValueOrDefault("technicianKey", "00"));
                bool isRight = _challenge.Length == 16 && Convert.ToHexStringLower(HMACSHA256.HashData(key0, _challenge))[..16] == answer;
                _challenge = [];
                _isUnlocked = isRight;
                return isRight ? "{}" : throw new PodRefusal("P1701", "The answer is wrong", "Ask for a new challenge.");
            case ["selftest"]:
                foreach (string item in new[] { "store", "heap", "gateway", "signal" })
                {
                    bool isFailed = item == FailedItem;
                    parts.Add($"{{\"item\":\"{item}\",\"value\":\"{(isFailed ? 900 : 12)}\",\"unit\":\"ms\",\"low\":0,\"high\":500,\"result\":\"{(isFailed ? "FAIL" : "PASS")}\",\"code\":{(isFailed ? item is "gateway" or "signal" ? "\"P1400\"" : "\"P1302\"" : "null")}}}");
                }

                if (Settles > 0)
                {
                    Settles--;
                    parts.Add("{\"item\":\"Tmp117\",\"value\":\"2\",\"unit\":\"state settling\",\"low\":3,\"high\":3,\"result\":\"FAIL\",\"code\":\"P1002\"}");
                }

                parts.Add("{\"item\":\"cuff\",\"value\":null,\"unit\":null,\"low\":null,\"high\":null,\"result\":\"SKIP\",\"code\":null}");
                return $"{{\"pass\":{(FailedItem is null ? 4 : 3)},\"fail\":{(FailedItem is null ? 0 : 1)},\"skip\":1}}";
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
                    throw new PodRefusal("P1717", "CUFF OFF ARM was not said", "Say it.");
                }

                _working["calibration." + sensor] = $"{serial};{date};{due};{values}";
                return "{}";
            default:
                throw new PodRefusal("P1713", "There is no such command", "Ask for help.");
        }
    }

    private IEnumerable<string> Changed() => _working.Keys.Union(_active.Keys).Where(k => _working.GetValueOrDefault(k) != _active.GetValueOrDefault(k)).Order(StringComparer.Ordinal);

    private void RequireUnlock()
    {
        if (_active.ContainsKey("technicianKey") && !_isUnlocked)
        {
            throw new PodRefusal("P1716", "The pod is locked", "Unlock it.");
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
