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
public sealed partial class CartTests
{
    private static readonly string Text = File.ReadAllText(Repository.At("hardware/cart.json"));

    [TestMethod]
    public void The_cart_follows_its_schema_and_the_code()
    {
        IReadOnlyList<string> problems = Problems(Text);
        Assert.IsEmpty(problems, "\nhardware/cart.json:\n" + string.Join('\n', problems) + "\n");
    }

    [TestMethod]
    [DataRow("\"name\": \"RedLight\"", "\"name\": \"RedLite\"", "Max30102 gives RedLight")]
    [DataRow("\"address\": \"0x48\"", "\"address\": \"0x47\"", "Tmp117 answers at 0x48")]
    [DataRow("\"address\": \"0x48\"", "\"address\": \"0x49\"", "its driver's default is 0x48")]
    [DataRow("\"address\": \"0x57\"", "\"address\": \"0x48\"", "twice")]
    [DataRow("\"waveRingBytes\": 98304", "\"waveRingBytes\": 98305", "waveRingBytes")]
    [DataRow("\"soundRingBytes\": 524288", "\"soundRingBytes\": 524289", "soundRingBytes")]
    [DataRow("\"name\": \"esp32-wrover\"", "\"name\": \"esp32-s3\"", "are not those of hardware/boards/esp32-s3.json")]
    [DataRow("\"name\": \"esp32-wrover\"", "\"name\": \"esp32-c3\"", "no board esp32-c3")]
    [DataRow("\"image\": \"ESP32_BLE_REV3\"", "\"image\": \"ESP32_S3_QUAD\"", "image")]
    [DataRow("\"oneShotMilliseconds\": 330", "\"oneShotMilliseconds\": 900", "500")]
    [DataRow("\"bus\": \"i2s-1\"", "\"bus\": \"i2c-1\"", "Pcm1808 needs i2s")]
    [DataRow("\"periodUs\": 125,", "\"periodUs\": 250,", "Sound.periodUs")]
    [DataRow("\"staleMs\": 3000", "\"staleMs\": 3001", "staleMs")]
    [DataRow("\"periodUs\": 20000", "\"periodUs\": 10000", "RedLight.periodUs")]
    [DataRow("\"designator\": \"U3\"", "\"designator\": \"U2\"", "U2 stands twice")]
    [DataRow("\"madeUp\": [\"deviceId\"]", "\"madeUp\": [\"serial\"]", "serial")]
    [DataRow("\"bus\": \"i2c-1\"", "\"bus\": \"i2c-2\"", "i2c-2")]
    [DataRow("\"part\": \"Max30102\"", "\"part\": \"Max30103\"", "Max30103")]
    [DataRow("\"bus\": \"serial-2\"", "\"bus\": \"i2c-1\"", "cannot take the place of U4")]
    [DataRow("\"insteadOf\": \"U4\"", "\"insteadOf\": \"U3\"", "cannot take the place of U3")]
    [DataRow("\"baudRate\": 9600", "\"baudRate\": 4800", "serialBuses/0/baudRate")]
    public void A_cart_that_disagrees_is_refused(string right, string wrong, string expected)
    {
        int at = Text.IndexOf(right, StringComparison.Ordinal);
        Assert.IsGreaterThanOrEqualTo(0, at, "The planted place is gone: " + right);
        IReadOnlyList<string> problems = Problems(Text[..at] + wrong + Text[(at + right.Length)..]);
        Assert.IsTrue(problems.Any(p => p.Contains(expected, StringComparison.Ordinal)), "Found: " + string.Join('\n', problems));
    }

    [TestMethod]
    public void The_program_of_the_device_has_the_version_of_the_repository()
    {
        string code = File.ReadAllText(Repository.At("firmware/Esp32/PodSettings.cs"));
        StringAssert.Contains(File.ReadAllText(Repository.At("Directory.Build.props")), "<Version>" + Regex.Match(code, "Version = \"(?<version>[^\"]+)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Groups["version"].Value + "</Version>");
    }

    [TestMethod]
    public void The_program_of_the_device_takes_pins_and_channels_from_the_boards_table()
    {
        foreach (string file in Repository.Files("firmware/Esp32", "*.cs").Where(f => !f.EndsWith(".g.cs", StringComparison.Ordinal)))
        {
            Assert.IsEmpty(PinProblems(File.ReadAllText(file)).ToArray(), Repository.Name(file));
        }

        Assert.HasCount(1, PinProblems("Configuration.SetPinFunction(25, DeviceFunction.I2C1_DATA);").ToArray());
        Assert.HasCount(1, PinProblems("Configuration.SetPinFunction(board.CuffBleedPin, DeviceFunction.PWM2);").ToArray());
        Assert.IsEmpty(PinProblems("Configuration.SetPinFunction(board.CuffBleedPin, EspCuffActuators.Pwm(board.CuffBleedPwm));").ToArray());
    }

    [TestMethod]
    public void The_wiring_page_names_every_part_and_pin()
    {
        string page = File.ReadAllText(Repository.At("hardware/wiring/pod.md"));
        using JsonDocument cart = JsonDocument.Parse(Text);
        JsonElement pod = cart.RootElement.GetProperty("pods")[0];
        IEnumerable<string> words = pod.GetProperty("peripherals").EnumerateArray()
            .Where(p => p.TryGetProperty("address", out _)).SelectMany(p => new[] { p.GetProperty("designator").GetString()!, p.GetProperty("address").GetString()! })
            .Concat(Pins(pod, "i2c"));
        foreach (string word in words)
        {
            Assert.IsTrue(Names(page, word), $"the page does not name {word}");
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
            .Concat(Pins(pod, "sound"));
        Assert.IsNotEmpty(names);
        foreach (string word in words)
        {
            Assert.IsTrue(Names(page, word), $"the page does not name {word}");
        }
    }

    [TestMethod]
    public void The_cuffs_page_names_every_part_and_pin()
    {
        string page = File.ReadAllText(Repository.At("hardware/wiring/cuff.md"));
        using JsonDocument cart = JsonDocument.Parse(Text);
        JsonElement pod = cart.RootElement.GetProperty("pods")[0];
        foreach (string word in Pins(pod, "cuff").Append("U4").Append("0x18"))
        {
            Assert.IsTrue(Names(page, word), $"the page does not name {word}");
        }
    }

    [TestMethod]
    [DataRow("| GPIO 2 |", "GPIO 2", true)]
    [DataRow("at GPIO 2, GPIO 25", "GPIO 2", true)]
    [DataRow("| GPIO 25 |", "GPIO 2", false)]
    [DataRow("SU4", "U4", false)]
    [DataRow("0x180", "0x18", false)]
    public void A_pin_is_named_only_by_the_whole_word(string page, string word, bool isNamed) => Assert.AreEqual(isNamed, Names(page, word));

    private static IEnumerable<string> PinProblems(string code) => SetFunction().Matches(code).Where(m => !m.Groups["pin"].Value.StartsWith("board.", StringComparison.Ordinal) || m.Groups["function"].Value.StartsWith("DeviceFunction.PWM", StringComparison.Ordinal))
        .Select(m => m.Value + ": pins and PWM channels stand in hardware/boards");

    [GeneratedRegex(@"SetPinFunction\((?<pin>[^,]+), (?<function>[A-Za-z0-9_.]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SetFunction();

    private static bool Names(string page, string word) => Regex.IsMatch(page, $@"(?<!\w){Regex.Escape(word)}(?!\w)", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    private static JsonElement[] SoundBuses(JsonElement pod) => pod.TryGetProperty("soundBuses", out JsonElement buses) ? buses.EnumerateArray().ToArray() : [];

    private static JsonDocument BoardOf(JsonElement pod) =>
        JsonDocument.Parse(File.ReadAllText(Repository.At($"hardware/boards/{pod.GetProperty("board").GetProperty("name").GetString()}.json")));

    /// <summary>"GPIO n" of each function of the pod's board whose name begins so; at least two.</summary>
    private static string[] Pins(JsonElement pod, string beginning)
    {
        using JsonDocument board = BoardOf(pod);
        string[] pins = board.RootElement.GetProperty("pins").EnumerateObject().Where(p => p.Name.StartsWith(beginning, StringComparison.Ordinal)).Select(p => "GPIO " + p.Value.GetRawText()).ToArray();
        Assert.IsGreaterThan(1, pins.Length);
        return pins;
    }

    private static List<string> Problems(string json)
    {
        using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(Repository.At("hardware/cart.schema.json")));
        using JsonDocument cart = JsonDocument.Parse(json);
        List<string> problems = [.. Schemas.Problems(schema.RootElement, cart.RootElement), .. GeneratorTests.Problems("hardware/cart.json", json).Select(p => p.ToString())];
        CheckMadeUp(cart.RootElement, "$", problems);
        foreach (JsonElement pod in cart.RootElement.GetProperty("pods").EnumerateArray())
        {
            CheckParts(pod, problems);
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
        JsonElement[] parts = pod.GetProperty("peripherals").EnumerateArray().ToArray();
        JsonElement[] addressed = parts.Where(p => p.TryGetProperty("address", out _)).ToArray();
        Twice(parts.Append(pod.GetProperty("board")).Select(p => p.GetProperty("designator").GetString()!), "{0} stands twice", problems);
        Twice(addressed.Select(p => p.GetProperty("bus").GetString() + " " + p.GetProperty("address").GetString()), "{0} is given twice", problems);
        foreach (JsonElement part in parts)
        {
            string name = part.GetProperty("part").GetString()!;
            if (!Enum.TryParse(name, out PodPart known))
            {
                problems.Add($"{name} is not a part that a pod can drive (PodPart)");
                continue;
            }

            bool hasAddress = part.TryGetProperty("address", out JsonElement given7);
            int address = hasAddress ? int.Parse(given7.GetString().AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) : 0;
            int standard = (int?)typeof(Driver).Assembly.GetType("Firmware.Peripherals." + name)?.GetField("DefaultAddress")?.GetRawConstantValue() ?? 0;
            if (address != standard)
            {
                problems.Add($"{name} is at 0x{address:X2}; its driver's default is 0x{standard:X2}");
            }

            int[] numbers = Parts.StreamsOf(known).Order().ToArray();
            int[] given = part.GetProperty("streams").EnumerateArray().Select(s => (int)Constants(typeof(Streams)).GetValueOrDefault(s.GetProperty("name").GetString()!)).Order().ToArray();
            if (!numbers.SequenceEqual(given))
            {
                problems.Add($"{name} has the streams {string.Join(' ', given)}; Parts.StreamsOf gives {string.Join(' ', numbers)}");
            }
        }
    }

    // These come once with each measurement of the cuff: no constant of the code is their period.
    private static readonly string[] OfMeasurement = ["Systolic", "Diastolic", "MeanPressure", "CuffPulseRate", "CuffPhase"];

    private static void CheckStreams(JsonElement pod, List<string> problems)
    {
        Dictionary<string, (long PeriodUs, long? StaleMs)> times = new(StringComparer.Ordinal)
        {
            ["Temperature"] = (Tmp117.CycleUs, new PodOptions(1, []).TemperatureStaleMs),
            ["RedLight"] = (Max30102.NominalPeriodUs, Max30102.StallUs / 1000),
            ["InfraredLight"] = (Max30102.NominalPeriodUs, Max30102.StallUs / 1000),
            ["OxygenSaturation"] = (1_000_000, new PodOptions(1, []).PulseStaleMs),
            ["PulseRate"] = (1_000_000, new PodOptions(1, []).PulseStaleMs),
            ["PerfusionIndex"] = (1_000_000, new PodOptions(1, []).PulseStaleMs),
            ["CuffPressure"] = (Mprls0300.PeriodUs, new CuffLimits().SensorLostUs / 1000),
            ["Sound"] = (1_000_000 / Pcm1808.NominalRateHz, Pcm1808.StallUs / 1000),
            ["PulseBeats"] = (Firmware.Signals.Optical.BeatDetector.RefractoryMs * 1000, new PodOptions(1, []).PulseStaleMs),
            ["OximeterDieTemperature"] = (Max30102.DieTemperatureIntervalUs, (Max30102.DieTemperatureIntervalUs + Max30102.DieTemperatureTimeoutUs) / 1000),
        };
        foreach (JsonElement stream in pod.GetProperty("peripherals").EnumerateArray().SelectMany(p => p.GetProperty("streams").EnumerateArray()))
        {
            string name = stream.GetProperty("name").GetString()!;
            if (times.TryGetValue(name, out (long PeriodUs, long? StaleMs) time))
            {
                Same($"{name}.periodUs", stream.GetProperty("periodUs").GetInt64(), time.PeriodUs, problems);
                Same($"{name}.staleMs", stream.GetProperty("staleMs").GetInt64(), time.StaleMs, problems);
            }
            else if (!OfMeasurement.Contains(name))
            {
                problems.Add($"{name} is in no row of this table: say here which constant of the code is its period, and which its staleness");
            }
        }
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
