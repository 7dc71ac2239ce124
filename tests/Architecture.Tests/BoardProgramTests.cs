using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Firmware.Core;
using Firmware.Pod.Start;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>
/// What the board's adapters must do, by their text: they compile against lists of members here, and run on a board only. What can be decided without hardware stands in firmware/Core and firmware/Pod
/// and is tested there.
/// </summary>
[TestClass]
public sealed partial class BoardProgramTests
{
    private const string Library = "firmware/Esp32/M2MqttLibrary.cs";
    private const string Link = "firmware/Pod/Link/MqttLink.cs";
    private const string Program = "firmware/Esp32/Program.cs";
    private const string Settings = "firmware/Esp32/PodSettings.cs";
    private const string Drive = "firmware/Esp32/EspFileDrive.cs";
    private const string Bus = "firmware/Esp32/EspI2cPort.cs";
    private const string Page = "firmware/Esp32/README.md";

    // File, what stands there, and why. A pattern that begins with '!' must not.
    private static readonly (string File, string Pattern, string Why)[] Rules =
    [
        (Library, @"client\.Settings\.InflightQueueSize = MqttFlights\.QueueSize;", "the library's queue has no bound of its own"),
        (Link, @"try\s*\{\s*copy = new byte\[count\];\s*\}\s*catch", "an allocation that fails is a refusal, not the end of the program"),
        (Link, @"_flights\.OnReceived\(\);\s*Settle\(_flights\.Acknowledge\(_event\.Identifier, nowUs\)\);", "each acknowledgement counts for the watch"),
        (Link, @"if \(!_flights\.IsStuck\(nowUs\)\)\s*\{\s*return Earlier\(next, _flights\.StuckUs\(\)\);\s*\}\s*Drop\(nowUs\);", "a link that does not move is given up"),
        (Library, @"e\.IsPublished \? MqttEventKind\.Acknowledged : MqttEventKind\.GivenUp", "a message that the library gave up is no end of the link"),
        (Library, @"client\.Dispose\(\);", "the old connection is freed"),
        (Library, @"!\.Disconnect\(\)|client\.Close\(\)", "both wait for a send that is blocked"),
        (Program, @"live\.Situation = host\.Situation;", "no connection is begun while the cuff holds pressure"),
        (Program, @"catch \(Exception e\)\s*\{\s*if \(Fail\(e\)\)", "an exception is recorded before the reboot"),
        (Program, @"_guard\.Record\(reason, e\.GetType\(\)\.FullName, e\.Message, e\.StackTrace\)", "type, message and stack are kept"),
        (Program, @"Thread\.Sleep\(StartGuard\.PauseMs\);\s*return _guard != null && _guard\.IsCounted && !_guard\.IsSafeMode;", "time to read, and no endless loop of boots that nobody counts, nor of one that is to be safe mode"),
        (Program, @"new Thread\(WatchLoop\)\.Start\(\);\s*Prepare\(\);", "the second thread runs before anything can stand"),
        (Program, @"OpenCuff\(\);\s*if \(_board != null\)\s*\{.*\}\s*\}\s*finally\s*\{\s*Power\.RebootDevice\(\);", "a loop that stands opens the valves, then reboots"),
        (Program, @"bool mayWrite = !host\.Situation\.IsCuffInflated;\s*guard\.OnLoop\(nowUs, mayWrite\);\s*if \(mayWrite && floor\.IsDue\(nowUs\)\)", "nothing is written while the cuff holds pressure"),
        (Program, @"long next = host\.Step\(nowUs\);\s*long console = service\.Step\(nowUs\);", "the console is served between two steps of the pod"),
        (Program, @"if \(mayWrite && nowUs >= services\.RestartUs\)", "no restart while the cuff holds pressure"),
        (Program, @"_guard\.OnReboot\(reason\);\s*\}\s*Power\.RebootDevice\(\);", "a restart that was asked for says why"),
        (Program, @"!\b(0x0200000000000010|192\.168\.|SampleCart\.(DeviceId|Board))", "who a pod is and where its gateway is stands in its configuration"),
        (Settings, @"!Gateway|192\.168\.|ssid|password", "nothing of it is compiled in"),
        (Program, @"button\.Step\(panel\.IsStopped, host, nowUs\);\s*long next = host\.Step", "STOP is looked at in each turn"),
        (Drive, @"public bool Close\(\)\s*\{\s*FileStream\? file = _open;\s*_open = null;", "a file is given up whatever its closing answers"),
        (Drive, @"file\.Flush\(\);\s*\}\s*catch \(Exception\)\s*\{\s*isFlushed = false;\s*\}\s*try\s*\{\s*file\.Close\(\);", "a file is closed even when its flush fails"),
        (Bus, @"status == I2cStatus\.Timeout && IsHeld\(\) \? I2cStatus\.BusStuck : status", "a held bus is told apart"),
        (Bus, @"CloseDevices\(\);\s*try\s*\{\s*using \(EspBusLines lines = new EspBusLines\(_dataPin, _clockPin\)\)\s*\{\s*return BusClear\.Run\(lines\);", "the controller lets the pins go before they are clocked"),
    ];

    [TestMethod]
    public void The_adapters_do_what_the_real_runtime_asks_for()
    {
        string[] problems = [.. Rules.SelectMany(r => Problems(r, File.ReadAllText(Repository.At(r.File))))];
        Assert.IsEmpty(problems, "\n" + string.Join('\n', problems) + "\n");
    }

    [TestMethod]
    public void An_adapter_that_does_not_is_refused()
    {
        foreach ((string File, string Pattern, string Why) rule in Rules)
        {
            string text = System.IO.File.ReadAllText(Repository.At(rule.File));
            string planted = rule.Pattern.StartsWith('!') ? text + "client.Disconnect(); Gateway 192.168.4.1" : Regex.Replace(text, rule.Pattern, "?", RegexOptions.Singleline, TimeSpan.FromSeconds(5));
            Assert.HasCount(1, Problems(rule, planted).ToArray(), rule.Pattern);
        }
    }

    [TestMethod]
    public void Flashes_of_the_light_are_those_that_the_texts_name()
    {
        string faults = File.ReadAllText(Repository.At("hardware/faults.json"));
        foreach ((FaultCode code, StatusPattern pattern, string english, string french) in new[]
        {
            (FaultCode.LinkLost, StatusPattern.NoLink, "two flashes", "deux éclats"),
            (FaultCode.SafeMode, StatusPattern.SafeMode, "three flashes", "trois éclats"),
            (FaultCode.StopPressed, StatusPattern.Stopped, "our flashes", "uatre éclats"),
        })
        {
            int at = faults.IndexOf($"\"code\": \"P{(int)code}\"", StringComparison.Ordinal);
            string row = faults[at..faults.IndexOf("\"consultation\"", at, StringComparison.Ordinal)];
            StringAssert.Contains(row, english);
            StringAssert.Contains(row, french);
            string number = english.Split(' ')[0];
            Assert.AreEqual((int)pattern, Array.IndexOf(["zero", "one", "two", "three", "our"], number), code.ToString());
        }
    }

    [TestMethod]
    public void The_page_names_all_fifteen_faults_with_tests_that_there_are()
    {
        string[] rows = [.. File.ReadLines(Repository.At(Page)).Where(l => Row().IsMatch(l))];
        CollectionAssert.AreEqual(Enumerable.Range(1, 15).Select(n => $"| {n} |").ToArray(), rows.Select(r => Row().Match(r).Value).ToArray());
        string source = string.Concat(Repository.Files("tests", "*.cs").Select(File.ReadAllText));
        foreach (string row in rows)
        {
            string[] cells = row.Split('|', StringSplitOptions.TrimEntries);
            string[] tests = [.. Name().Matches(cells[4]).Select(m => m.Groups["name"].Value)];
            Assert.IsTrue(tests.Length > 0 || cells[5].StartsWith("**not mended**", StringComparison.Ordinal), row);
            foreach (string test in tests)
            {
                Assert.IsTrue(source.Contains("class " + test + "\n", StringComparison.Ordinal) || source.Contains(" void " + test + "(", StringComparison.Ordinal), $"There is no test {test}, named in: {row}");
            }
        }
    }

    private static IEnumerable<string> Problems((string File, string Pattern, string Why) rule, string text)
    {
        bool isWanted = !rule.Pattern.StartsWith('!');
        if (Regex.IsMatch(text, rule.Pattern.TrimStart('!'), RegexOptions.Singleline, TimeSpan.FromSeconds(5)) != isWanted)
        {
            yield return $"{rule.File}: {rule.Why} ({(isWanted ? "not found" : "found")}: {rule.Pattern.TrimStart('!')})";
        }
    }

    [GeneratedRegex(@"^\| [0-9]+ \|", RegexOptions.None, 1000)]
    private static partial Regex Row();

    [GeneratedRegex("`(?<name>[A-Z][A-Za-z0-9_]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();
}
