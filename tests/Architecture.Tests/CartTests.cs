using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Firmware.Peripherals;
using Firmware.Pod;
using Firmware.Pod.Cuff;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>hardware/cart.json and the code agree.</summary>
[TestClass]
public sealed class CartTests
{
    private static readonly string Text = File.ReadAllText(Repository.At("hardware/cart.json"));

    [TestMethod]
    public void The_cart_follows_its_schema_and_the_code()
    {
        IReadOnlyList<string> problems = Problems(Text);
        Assert.IsEmpty(problems, "\nhardware/cart.json:\n" + string.Join('\n', problems) + "\n");
    }

    [TestMethod]
    [DataRow("\"number\": 32,", "\"number\": 31,", "RedLight is 32")]
    [DataRow("\"mdc\": 150388", "\"mdc\": 150389", "SkinTemperature is 150388")]
    [DataRow("\"address\": \"0x48\"", "\"address\": \"0x49\"", "Tmp117")]
    [DataRow("\"address\": \"0x57\"", "\"address\": \"0x48\"", "twice")]
    [DataRow("\"waveRingBytes\": 98304", "\"waveRingBytes\": 98305", "waveRingBytes")]
    [DataRow("\"soundRingBytes\": 524288", "\"soundRingBytes\": 524289", "soundRingBytes")]
    [DataRow("\"wsPin\": 19", "\"wsPin\": 18", "pin 18")]
    [DataRow("\"pumpPin\": 25", "\"pumpPin\": 15", "15 chooses the boot mode")]
    [DataRow("\"clearPin\": 32", "\"clearPin\": 39", "39 is an input only")]
    [DataRow("\"triggerPin\": 27", "\"triggerPin\": 26", "pin 26")]
    [DataRow("\"oneShotMilliseconds\": 330", "\"oneShotMilliseconds\": 900", "500")]
    [DataRow("\"bckPin\": 18", "\"bckPin\": 12", "12 chooses the boot mode")]
    [DataRow("\"dinPin\": 35", "\"dinPin\": 22", "pin 22")]
    [DataRow("\"bckPin\": 18", "\"bckPin\": 34", "34 is an input only")]
    [DataRow("\"bus\": \"i2s-1\"", "\"bus\": \"i2c-1\"", "Pcm1808 has no address")]
    [DataRow("\"kind\": \"sound\"", "\"kind\": \"waveform\"", "Sound has no code")]
    [DataRow("\"periodUs\": 125,", "\"periodUs\": 250,", "Sound.periodUs")]
    [DataRow("\"staleMs\": 3000", "\"staleMs\": 3001", "staleMs")]
    [DataRow("\"periodUs\": 20000", "\"periodUs\": 10000", "RedLight.periodUs")]
    [DataRow("\"sclPin\": 22", "\"sclPin\": 21", "pin 21")]
    [DataRow("\"designator\": \"U3\"", "\"designator\": \"U2\"", "U2 stands twice")]
    [DataRow("\"madeUp\": [\"deviceId\"]", "\"madeUp\": [\"serial\"]", "serial")]
    [DataRow("\"bus\": \"i2c-1\"", "\"bus\": \"i2c-2\"", "i2c-2")]
    [DataRow("\"kind\": \"gap\"", "\"kind\": \"hole\"", "none of")]
    [DataRow("\"part\": \"Max30102\"", "\"part\": \"Max30103\"", "Max30103")]
    [DataRow("{ \"number\": 3, \"name\": \"Clock\", \"kind\": \"clock\", \"class\": \"event\" }", "{ \"number\": 4, \"name\": \"Clocks\", \"kind\": \"clock\", \"class\": \"event\" }", "Clock")]
    public void A_cart_that_disagrees_is_refused(string right, string wrong, string expected)
    {
        int at = Text.IndexOf(right, StringComparison.Ordinal);
        Assert.IsGreaterThanOrEqualTo(0, at, "The planted place is gone: " + right);
        IReadOnlyList<string> problems = Problems(Text[..at] + wrong + Text[(at + right.Length)..]);
        Assert.IsTrue(problems.Any(p => p.Contains(expected, StringComparison.Ordinal)), "Found: " + string.Join('\n', problems));
    }

    [TestMethod]
    public void The_program_of_the_device_has_the_values_of_the_cart()
    {
        string board = Repository.At("firmware/Esp32/Board.cs");
        if (!File.Exists(board))
        {
            Assert.Fail("firmware/Esp32/Board.cs is not there.");
        }

        string code = File.ReadAllText(board);
        using JsonDocument cart = JsonDocument.Parse(Text);
        JsonElement pod = cart.RootElement.GetProperty("pods")[0];
        JsonElement bus = pod.GetProperty("buses")[0];
        JsonElement[] parts = pod.GetProperty("peripherals").EnumerateArray().ToArray();
        (string Name, string Value)[] expected =
        [
            ("DeviceId", "0x" + pod.GetProperty("deviceId").GetString()!.ToUpperInvariant()),
            ("I2cBusId", bus.GetProperty("busId").GetRawText()),
            ("SdaPin", bus.GetProperty("sdaPin").GetRawText()),
            ("SclPin", bus.GetProperty("sclPin").GetRawText()),
            .. parts.Where(p => p.TryGetProperty("address", out _)).Select(p => (p.GetProperty("part").GetString()! + "Address", p.GetProperty("address").GetString()!)),
            .. Cuff(pod).SelectMany(c => c.EnumerateObject()).Where(p => p.Name.EndsWith("Pin", StringComparison.Ordinal))
                .Select(p => ("Cuff" + char.ToUpperInvariant(p.Name[0]) + p.Name[1..], p.Value.GetRawText())),
            .. SoundBuses(pod).SelectMany(b => new[]
            {
                ("SoundBusId", b.GetProperty("busId").GetRawText()), ("SoundClockBusId", b.GetProperty("systemClockBusId").GetRawText()),
                ("SoundBckPin", b.GetProperty("bckPin").GetRawText()), ("SoundWsPin", b.GetProperty("wsPin").GetRawText()),
                ("SoundDinPin", b.GetProperty("dinPin").GetRawText()), ("SoundClockPin", b.GetProperty("systemClockPin").GetRawText()),
                ("IsSoundLeft", b.GetProperty("wiredSlot").GetString() == "left" ? "true" : "false"),
            }),
        ];
        StringAssert.Contains(File.ReadAllText(Repository.At("Directory.Build.props")), "<Version>" + Regex.Match(code, "Version = \"(?<version>[^\"]+)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["version"].Value + "</Version>");
        foreach ((string name, string value) in expected)
        {
            Assert.IsTrue(Regex.IsMatch(code, $@"\bconst \w+ {name} = {value};", RegexOptions.None, TimeSpan.FromSeconds(1)), $"firmware/Esp32/Board.cs does not say {name} = {value}");
        }
    }

    [TestMethod]
    public void The_wiring_page_names_every_part_and_pin()
    {
        string page = File.ReadAllText(Repository.At("hardware/wiring/pod.md"));
        using JsonDocument cart = JsonDocument.Parse(Text);
        JsonElement pod = cart.RootElement.GetProperty("pods")[0];
        IEnumerable<string> words = pod.GetProperty("peripherals").EnumerateArray()
            .Where(p => p.TryGetProperty("address", out _)).SelectMany(p => new[] { p.GetProperty("designator").GetString()!, p.GetProperty("address").GetString()! })
            .Concat(pod.GetProperty("buses").EnumerateArray().SelectMany(b => new[] { "GPIO " + b.GetProperty("sdaPin"), "GPIO " + b.GetProperty("sclPin") }));
        foreach (string word in words)
        {
            StringAssert.Contains(page, word);
        }
    }

    [TestMethod]
    public void The_stethoscopes_page_names_every_part_and_pin()
    {
        string page = File.ReadAllText(Repository.At("hardware/wiring/stethoscope.md"));
        using JsonDocument cart = JsonDocument.Parse(Text);
        JsonElement pod = cart.RootElement.GetProperty("pods")[0];
        string[] names = SoundBuses(pod).Select(b => b.GetProperty("name").GetString()!).ToArray();
        IEnumerable<string> words = pod.GetProperty("peripherals").EnumerateArray().Where(p => names.Contains(p.GetProperty("bus").GetString())).Select(p => p.GetProperty("designator").GetString()!)
            .Concat(SoundBuses(pod).SelectMany(Pins).Select(p => "GPIO " + p));
        Assert.IsNotEmpty(names);
        foreach (string word in words)
        {
            StringAssert.Contains(page, word);
        }
    }

    private static JsonElement[] Cuff(JsonElement pod) => pod.TryGetProperty("cuff", out JsonElement cuff) ? [cuff] : [];

    [TestMethod]
    public void The_cuffs_page_names_every_part_and_pin()
    {
        string page = File.ReadAllText(Repository.At("hardware/wiring/cuff.md"));
        using JsonDocument cart = JsonDocument.Parse(Text);
        JsonElement pod = cart.RootElement.GetProperty("pods")[0];
        Assert.IsNotEmpty(Cuff(pod));
        foreach (string word in Cuff(pod).SelectMany(Pins).Select(p => "GPIO " + p).Append("U4").Append("0x18"))
        {
            StringAssert.Contains(page, word);
        }
    }

    private static JsonElement[] SoundBuses(JsonElement pod) => pod.TryGetProperty("soundBuses", out JsonElement buses) ? buses.EnumerateArray().ToArray() : [];

    private static IEnumerable<string> Pins(JsonElement bus) => bus.EnumerateObject().Where(p => p.Name.EndsWith("Pin", StringComparison.Ordinal)).Select(p => p.Value.GetRawText());

    private static void CheckPins(JsonElement pod, List<string> problems)
    {
        // Source: Espressif, ESP32 datasheet, strapping pins and pin list.
        string[] strapping = ["0", "2", "5", "12", "15"];
        string[] inputs = ["34", "35", "36", "39"];
        foreach (JsonProperty pin in SoundBuses(pod).Concat(Cuff(pod)).SelectMany(b => b.EnumerateObject()).Where(p => p.Name.EndsWith("Pin", StringComparison.Ordinal)))
        {
            string number = pin.Value.GetRawText();
            if (strapping.Contains(number))
            {
                problems.Add($"{pin.Name}: GPIO {number} chooses the boot mode");
            }

            if (inputs.Contains(number) && pin.Name is not ("dinPin" or "valveSensePin" or "switchSensePin"))
            {
                problems.Add($"{pin.Name}: GPIO {number} is an input only");
            }
        }
    }

    private static List<string> Problems(string json)
    {
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(Repository.At("hardware/cart.schema.json")));
        using JsonDocument cart = JsonDocument.Parse(json);
        List<string> problems = [.. SchemaCheck.Run(schema.RootElement, cart.RootElement)];
        CheckMadeUp(cart.RootElement, "$", problems);
        foreach (JsonElement pod in cart.RootElement.GetProperty("pods").EnumerateArray())
        {
            CheckParts(pod, problems);
            CheckPins(pod, problems);
            CheckStreams(pod, problems);
            CheckBounds(pod, problems);
        }

        return problems;
    }

    private static void CheckMadeUp(JsonElement element, string path, List<string> problems)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            int index = 0;
            foreach (JsonElement item in element.EnumerateArray())
            {
                CheckMadeUp(item, $"{path}[{index++}]", problems);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            if (element.TryGetProperty("madeUp", out JsonElement names))
            {
                problems.AddRange(names.EnumerateArray().Where(n => !element.TryGetProperty(n.GetString()!, out _)).Select(n => $"{path}.madeUp names {n}, which is not there"));
            }

            foreach (JsonProperty property in element.EnumerateObject())
            {
                CheckMadeUp(property.Value, path + "." + property.Name, problems);
            }
        }
    }

    private static void CheckParts(JsonElement pod, List<string> problems)
    {
        JsonElement[] buses = pod.GetProperty("buses").EnumerateArray().ToArray();
        JsonElement[] parts = pod.GetProperty("peripherals").EnumerateArray().ToArray();
        JsonElement[] addressed = parts.Where(p => p.TryGetProperty("address", out _)).ToArray();
        JsonElement[] soundBuses = SoundBuses(pod);
        Twice(parts.Append(pod.GetProperty("board")).Select(p => p.GetProperty("designator").GetString()!), "{0} stands twice", problems);
        Twice(addressed.Select(p => p.GetProperty("bus").GetString() + " " + p.GetProperty("address").GetString()), "{0} is given twice", problems);
        Twice(buses.Concat(soundBuses).Concat(Cuff(pod)).SelectMany(Pins), "pin {0} is given twice", problems);
        foreach (JsonElement part in parts)
        {
            string name = part.GetProperty("part").GetString()!;
            string bus = part.GetProperty("bus").GetString()!;
            bool isOnI2c = buses.Any(b => b.GetProperty("name").GetString() == bus);
            if (!isOnI2c && !soundBuses.Any(b => b.GetProperty("name").GetString() == bus))
            {
                problems.Add($"{name} is on {bus}, which is not there");
            }

            if (!Enum.TryParse(name, out PodPart known))
            {
                problems.Add($"{name} is not a part that a pod can drive (PodPart)");
                continue;
            }

            bool hasAddress = part.TryGetProperty("address", out JsonElement given7);
            if (hasAddress != isOnI2c)
            {
                problems.Add($"{name} has {(hasAddress ? "an" : "no")} address, and {bus} is {(isOnI2c ? "an I2C bus" : "none")}");
                continue;
            }

            int address = hasAddress ? int.Parse(given7.GetString().AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) : 0;
            int standard = known switch
            {
                PodPart.Pcm1808 => 0,
                PodPart.Mprls0300 => Mprls0300.DefaultAddress,
                PodPart.Tmp117 => Tmp117.DefaultAddress,
                PodPart.Max30102 => Max30102.DefaultAddress,
                _ => throw new NotSupportedException(name + " has no default address here: add it"),
            };
            if (address != standard)
            {
                problems.Add($"{name} is at 0x{address:X2}; its driver's default is 0x{standard:X2}");
            }

            PeripheralOptions options = new(known, address);
            int[] numbers = new[]
            {
                options.Stream, options.SecondStream, options.DieStream,
                options.SaturationStream, options.PulseStream, options.PerfusionStream, options.BeatStream,
                options.PressureStream, options.DiastolicStream, options.MeanStream, options.CuffPulseStream, options.PhaseStream,
            }.Where(s => s != 0).Order().ToArray();
            int[] given = part.GetProperty("streams").EnumerateArray().Select(s => s.GetProperty("number").GetInt32()).Order().ToArray();
            if (!numbers.SequenceEqual(given))
            {
                problems.Add($"{name} has the streams {string.Join(' ', given)}; PeripheralOptions gives {string.Join(' ', numbers)}");
            }
        }
    }

    private static void CheckStreams(JsonElement pod, List<string> problems)
    {
        Dictionary<string, long> numbers = Constants(typeof(Streams));
        Dictionary<string, long> codes = Constants(typeof(MdcCodes));
        Dictionary<string, (long PeriodUs, long? StaleMs)> times = new(StringComparer.Ordinal)
        {
            ["Temperature"] = (Tmp117.CycleUs, new PodOptions(1, []).TemperatureStaleMs),
            ["RedLight"] = (Max30102.NominalPeriodUs, Max30102.StallUs / 1000),
            ["InfraredLight"] = (Max30102.NominalPeriodUs, Max30102.StallUs / 1000),
            ["OxygenSaturation"] = (1_000_000, new PodOptions(1, []).PulseStaleMs),
            ["PulseRate"] = (1_000_000, new PodOptions(1, []).PulseStaleMs),
            ["PerfusionIndex"] = (1_000_000, new PodOptions(1, []).PulseStaleMs),
            ["CuffPressure"] = (Mprls0300.PeriodUs, new CuffLimits().SensorLostUs / 1000),
            ["Sound"] = (1_000_000 / Pcm1808.SampleRateHz, Pcm1808.StallUs / 1000),
            ["PulseBeats"] = (Firmware.Signals.Optical.BeatDetector.RefractoryMs * 1000, new PodOptions(1, []).PulseStaleMs),
            ["OximeterDieTemperature"] = (Max30102.DieTemperatureIntervalUs, (Max30102.DieTemperatureIntervalUs + Max30102.DieTemperatureTimeoutUs) / 1000),
        };
        JsonElement[] streams = pod.GetProperty("peripherals").EnumerateArray().SelectMany(p => p.GetProperty("streams").EnumerateArray()).ToArray();
        HashSet<string> given = new(StringComparer.Ordinal);
        foreach (JsonElement stream in streams.Concat(pod.GetProperty("deviceStreams").EnumerateArray()))
        {
            string name = stream.GetProperty("name").GetString()!;
            given.Add(name);
            long number = stream.GetProperty("number").GetInt64();
            if (!numbers.TryGetValue(name, out long right) || right != number)
            {
                problems.Add($"stream {name} has number {number}; in Streams {name} is {(numbers.ContainsKey(name) ? right : "absent")}");
            }

            if (!Enum.TryParse(stream.GetProperty("kind").GetString(), ignoreCase: true, out FrameKind _))
            {
                problems.Add($"stream {name} has a kind that FrameKind does not have");
            }
        }

        foreach (JsonElement stream in streams)
        {
            string name = stream.GetProperty("name").GetString()!;
            if (!stream.TryGetProperty("code", out JsonElement codeName) || !stream.TryGetProperty("mdc", out JsonElement codeNumber))
            {
                if (stream.GetProperty("kind").GetString() != "sound")
                {
                    problems.Add($"stream {name} has no code");
                }
            }
            else
            {
                string code = codeName.GetString()!;
                if (!codes.TryGetValue(code, out long mdc) || mdc != codeNumber.GetInt64())
                {
                    problems.Add($"stream {name}: in MdcCodes {code} is {(codes.ContainsKey(code) ? mdc : "absent")}");
                }
            }

            if (times.TryGetValue(name, out (long PeriodUs, long? StaleMs) time))
            {
                Same($"{name}.periodUs", stream.GetProperty("periodUs").GetInt64(), time.PeriodUs, problems);
                Same($"{name}.staleMs", stream.GetProperty("staleMs").GetInt64(), time.StaleMs, problems);
            }
        }

        problems.AddRange(numbers.Keys.Where(n => !given.Contains(n)).Select(n => $"Streams.{n} is on no pod"));
    }

    private static void CheckBounds(JsonElement pod, List<string> problems)
    {
        PodOptions standard = new(1, []);
        foreach (JsonProperty bound in pod.GetProperty("bounds").EnumerateObject())
        {
            PropertyInfo? option = typeof(PodOptions).GetProperty(char.ToUpperInvariant(bound.Name[0]) + bound.Name[1..]);
            if (option is null)
            {
                problems.Add($"bounds.{bound.Name}: PodOptions has no such member");
            }
            else
            {
                Same("bounds." + bound.Name, bound.Value.GetInt64(), Convert.ToInt64(option.GetValue(standard), CultureInfo.InvariantCulture), problems);
            }
        }

        long segments = (long)standard.SegmentBytes * standard.MaxSegments;
        if (segments > pod.GetProperty("board").GetProperty("storeKibibytes").GetInt64() * 1024 * 3 / 4)
        {
            problems.Add("the segments take more than three quarters of the drive");
        }
    }

    private static void Same(string what, long given, long? right, List<string> problems)
    {
        if (right is not null && given != right)
        {
            problems.Add($"{what} is {given}; the code says {right}");
        }
    }

    private static void Twice(IEnumerable<string> values, string message, List<string> problems) =>
        problems.AddRange(values.GroupBy(v => v, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => string.Format(CultureInfo.InvariantCulture, message, g.Key)));

    private static Dictionary<string, long> Constants(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral)
        .ToDictionary(f => f.Name, f => Convert.ToInt64(f.GetRawConstantValue(), CultureInfo.InvariantCulture), StringComparer.Ordinal);
}
