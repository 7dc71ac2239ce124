using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using CartGen;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>Generated files equal their sources in hardware/, and the generator refuses what is wrong with its code.</summary>
[TestClass]
public sealed class GeneratorTests
{
    private const string Orphan = "{ \"stream\": 63, \"name\": \"Orphan\", \"kind\": \"numeric\", \"class\": \"vital\", \"quantity\": \"SkinTemperature\", \"exponent\": -3, \"short\": \"orphan\", \"about\": \"Of no part.\" },\n    ";
    private const string Vocabulary = "hardware/vocabulary.json";
    private const string Catalogue = "hardware/faults.json";
    private const string Cart = "hardware/cart.json";
    private const string Board = "hardware/boards/esp32-wrover.json";
    private const string Second = "hardware/boards/esp32-s3.json";
    private const string Page = "hardware/vocabulary.md";

    [TestMethod]
    public void Generated_files_are_what_the_generator_writes()
    {
        List<string> wrong = [];
        IReadOnlyList<GeneratedFile> files = Generator.Run(Inputs());
        Assert.IsNotEmpty(files);
        foreach (GeneratedFile file in files)
        {
            string path = Repository.At(file.Path);
            string? difference = File.Exists(path) ? Generator.FirstDifference(File.ReadAllBytes(path), file.Bytes) : "it is not there";
            if (difference is not null)
            {
                wrong.Add($"{file.Path}: {difference}");
            }
        }

        Assert.IsEmpty(wrong, "\n" + string.Join('\n', wrong) + "\nRun: dotnet run --project hardware/CartGen\n");
    }

    [TestMethod]
    public void Generated_text_has_plain_line_ends_and_says_where_it_comes_from()
    {
        foreach (GeneratedFile file in Generator.Run(Inputs()))
        {
            string text = Encoding.UTF8.GetString(file.Bytes);
            Assert.IsFalse(text.Contains('\r', StringComparison.Ordinal) || text.Contains('\t', StringComparison.Ordinal) || text.Contains(" \n", StringComparison.Ordinal), file.Path);
            Assert.IsTrue(text.EndsWith('\n') && !text.EndsWith("\n\n", StringComparison.Ordinal), file.Path);
            Assert.IsTrue(text.Contains("hardware/CartGen", StringComparison.Ordinal) || text.Contains("<!-- generated: ", StringComparison.Ordinal), file.Path);
        }
    }

    [TestMethod]
    [DataRow(Vocabulary, "{\n  \"$schema\"", "\n  \"$schema\"", Problem.Unreadable, "line 2", DisplayName = "no JSON")]
    [DataRow(Catalogue, "\"faults\": [", "\"faulted\": [", Problem.KeyWrong, "faulted", DisplayName = "unknown key")]
    [DataRow(Vocabulary, "\"unit\": \"/min\", ", "", Problem.KeyWrong, "quantities[0].unit|is missing", DisplayName = "missing key")]
    [DataRow(Vocabulary, "\"decimals\": 0", "\"decimals\": \"0\"", Problem.KeyWrong, "decimals|is not a whole number", DisplayName = "wrong type")]
    [DataRow(Vocabulary, "\"decimals\": 0", "\"decimals\": 7", Problem.OutOfRange, "outside 0 to 6", DisplayName = "decimals out of range")]
    [DataRow(Vocabulary, ", \"fr\": \"Fréquence du pouls\"", "", Problem.KeyWrong, "quantities[0].fr", DisplayName = "a language is missing")]
    [DataRow(Vocabulary, "\"stream\": 33,", "\"stream\": 32,", Problem.Twice, "].stream|32 stands after 32", DisplayName = "duplicate stream")]
    [DataRow(Vocabulary, "\"name\": \"InfraredLight\"", "\"name\": \"RedLight\"", Problem.Twice, "RedLight is given 2 times", DisplayName = "duplicate signal")]
    [DataRow(Vocabulary, "\"mdc\": 150021", "\"mdc\": 150020", Problem.Twice, "150020 stands after 150020", DisplayName = "duplicate MDC code")]
    [DataRow(Vocabulary, "\"loinc\": \"8867-4\"", "\"loinc\": \"8889-8\"", Problem.Twice, "8889-8 is given 2 times", DisplayName = "duplicate LOINC")]
    [DataRow(Vocabulary, "\"value\": 2, \"name\": \"BusFault\"", "\"value\": 1, \"name\": \"BusFault\"", Problem.Twice, "1 stands after 1", DisplayName = "duplicate value")]
    [DataRow(Vocabulary, "\"value\": 27, \"name\": \"DeflationTooSlow\"", "\"value\": 28, \"name\": \"DeflationTooSlow\"", Problem.OutOfRange, "have a gap", DisplayName = "values with a gap")]
    [DataRow(Vocabulary, "\"value\": 8, \"name\": \"Predicted\"", "\"value\": 7, \"name\": \"Predicted\"", Problem.OutOfRange, "7 is not one bit", DisplayName = "a flag of three bits")]
    [DataRow(Vocabulary, "\"mayEnterPatientSession\": false, ", "", Problem.KeyWrong, "mayEnterPatientSession|is missing", DisplayName = "a flag without its rule")]
    [DataRow(Vocabulary, "\"lowHz\": 20, \"highHz\": 200,", "\"lowHz\": 200, \"highHz\": 200,", Problem.OutOfRange, "highHz|200 to 200 Hz is no band", DisplayName = "an empty band")]
    [DataRow(Vocabulary, "\"lowHz\": 20, \"highHz\": 200,", "\"highHz\": 200,", Problem.OutOfRange, "highHz|0 to 200 Hz is no band", DisplayName = "a band with one edge")]
    [DataRow(Vocabulary, "\"lowHz\": 20, \"highHz\": 200,", "\"lowHz\": 30, \"highHz\": 200,", Problem.OutOfRange, "en|does not say 30 to 200 Hz", DisplayName = "words with other edges than the band")]
    [DataRow(Vocabulary, "\"unit\": \"/min\"", "\"unit\": \"1/min\"", Problem.NameUnknown, "'1/min' is not a unit", DisplayName = "unknown unit")]
    [DataRow(Vocabulary, "\"quantity\": \"SkinTemperature\"", "\"quantity\": \"Skin\"", Problem.NameUnknown, "'Skin' is not a quantity", DisplayName = "unknown quantity")]
    [DataRow(Vocabulary, "\"kind\": \"numeric\"", "\"kind\": \"number\"", Problem.NameUnknown, "'number' is not a word of FrameKind", DisplayName = "unknown kind")]
    [DataRow(Vocabulary, "\"signals\": [\"Temperature\"]", "\"signals\": [\"Temperatur\"]", Problem.NameUnknown, "'Temperatur' is not a signal", DisplayName = "a part names an unknown signal")]
    [DataRow(Vocabulary, "{ \"stream\": 64,", Orphan + "{ \"stream\": 64,", Problem.NameUnknown, "no part gives the signal Orphan", DisplayName = "a signal without a part")]
    [DataRow(Vocabulary, "\"provides\": [\"thermometer\"]", "\"provides\": [\"temperature\"]", Problem.NameUnknown, "'temperature' is not a capability", DisplayName = "unknown capability")]
    [DataRow(Vocabulary, "\"class\": \"wave\"", "\"class\": \"vital\"", Problem.OutOfRange, "frames of kind waveform are wave", DisplayName = "a wave of another class")]
    [DataRow(Vocabulary, "\"exponent\": -3, ", "", Problem.KeyWrong, "exponent", DisplayName = "numeric without exponent")]
    [DataRow(Vocabulary, "\"addresses\": [\"0x57\"]", "\"addresses\": []", Problem.KeyWrong, "addresses", DisplayName = "I2C without address")]
    [DataRow(Vocabulary, "\"addresses\": [\"0x57\"]", "\"addresses\": [\"0x78\"]", Problem.OutOfRange, "no 7-bit address", DisplayName = "reserved address")]
    [DataRow(Vocabulary, "\"first\": 1200, \"last\": 1249", "\"first\": 1149, \"last\": 1249", Problem.BlockWrong, "overlaps the block of Tmp117", DisplayName = "overlapping blocks")]
    [DataRow(Vocabulary, "\"first\": 1200, \"last\": 1249", "\"first\": 1210, \"last\": 1249", Problem.BlockWrong, "P1200 lies in no block", DisplayName = "a code in no block")]
    [DataRow(Catalogue, "\"first\": 2600, \"last\": 2699", "\"first\": 2599, \"last\": 2699", Problem.BlockWrong, "overlaps the range of G", DisplayName = "overlapping ranges")]
    [DataRow(Catalogue, "\"first\": 2600, \"last\": 2699", "\"first\": 2600, \"last\": 2603", Problem.BlockWrong, "J2604 is outside", DisplayName = "a code outside its range")]
    [DataRow(Catalogue, "\"name\": \"GatewayBusy\"", "\"name\": \"RetainedRefused\"", Problem.Twice, "RetainedRefused is given 2 times", DisplayName = "duplicate fault name")]
    [DataRow(Board, "\"cuffPump\": 25", "\"cuffPump\": 15", Problem.PinWrong, "GPIO 15 chooses the boot mode", DisplayName = "strapping pin")]
    [DataRow(Board, "\"cuffClear\": 32", "\"cuffClear\": 39", Problem.PinWrong, "GPIO 39 is an input only", DisplayName = "output on an input")]
    [DataRow(Board, "\"cuffTrigger\": 27", "\"cuffTrigger\": 26", Problem.PinWrong, "cuffBleed and cuffTrigger", DisplayName = "pin twice")]
    [DataRow(Board, "\"soundBitClock\": 18", "\"soundBitClock\": 16", Problem.PinWrong, "GPIO 16 serves the PSRAM", DisplayName = "pin of the PSRAM")]
    [DataRow(Board, "\"i2cData\": 21", "\"i2cData\": 40", Problem.PinWrong, "GPIO 40 does not exist", DisplayName = "no such pin")]
    [DataRow(Board, "\"i2cData\": 21, ", "", Problem.KeyWrong, "pins.i2cData", DisplayName = "a function without a pin")]
    [DataRow(Board, "\"cuffValveSense\": 34", "\"cuffValveSense\": 12", Problem.PinWrong, "cuffValveSense|GPIO 12 chooses the boot mode: what drives it", DisplayName = "strapping pin driven from outside")]
    [DataRow(Board, "\"i2cClock\": 22", "\"i2cClock\": 5", Problem.PinWrong, "i2cClock|GPIO 5 chooses the boot mode: what drives it", DisplayName = "strapping pin with a pull-up")]
    [DataRow(Board, "\"cuffTrigger\": 27", "\"cuffTrigger\": 9", Problem.PinWrong, "GPIO 9 serves the flash", DisplayName = "pin of the flash")]
    [DataRow(Board, "\"oemTransmit\": 33", "\"oemTransmit\": 17", Problem.PinWrong, "oemTransmit|GPIO 17 serves the PSRAM", DisplayName = "second UART on its usual pins")]
    [DataRow(Board, "\"consoleReceive\": 14", "\"consoleReceive\": 16", Problem.PinWrong, "consoleReceive|GPIO 16 serves the PSRAM", DisplayName = "third UART on its usual pins")]
    [DataRow(Board, "\"consoleTransmit\": 4", "\"consoleTransmit\": 1", Problem.PinWrong, "GPIO 1 is UART0", DisplayName = "pin of the debugger")]
    [DataRow(Board, "\"statusLed\": 2", "\"statusLed\": 34", Problem.PinWrong, "GPIO 34 is an input only", DisplayName = "LED on an input")]
    [DataRow(Board, "\"statusLed\": 2", "\"statusLed\": 2, \"supplySense\": 14", Problem.PinWrong, "supplySense|GPIO 14 belongs to ADC2, which fails while Wi-Fi runs", DisplayName = "ADC2 with Wi-Fi")]
    [DataRow(Board, "\"statusLed\": 2", "\"statusLed\": 2, \"supplySense\": 21", Problem.PinWrong, "GPIO 21 has no ADC", DisplayName = "no ADC")]
    [DataRow(Board, "\"statusLed\": 2", "\"statusLed\": 2, \"soundMasterClock\": 22", Problem.PinWrong, "GPIO 22 gives no master clock; only 0, 1, 3 do", DisplayName = "master clock where it cannot come out")]
    [DataRow(Board, "\"statusLed\": 2", "\"statusLed\": 2, \"soundMasterClock\": 0", Problem.PinWrong, "GPIO 0 chooses the boot mode", DisplayName = "master clock on the boot pin")]
    [DataRow(Board, "\"statusLed\": 2", "\"statusLed\": 2, \"soundMasterClock\": 3", Problem.PinWrong, "GPIO 3 is UART0", DisplayName = "master clock on the debugger's line")]
    [DataRow(Board, "\"cuffBleed\": 3", "\"cuffBleed\": 2", Problem.PinWrong, "pwm.cuffBleed|PWM2 shares a timer with PWM1 of cuffPump", DisplayName = "two PWM channels on one timer")]
    [DataRow(Board, "\"cuffBleed\": 3", "\"cuffBleed\": 1", Problem.PinWrong, "PWM1 is given to cuffPump too", DisplayName = "one PWM channel twice")]
    [DataRow(Board, "\"cuffBleed\": 3", "\"cuffBleed\": 10", Problem.PinWrong, "PWM10 has its frequency set on the timer of PWM1", DisplayName = "PWM channel of a broken pair")]
    [DataRow(Board, "\"cuffBleed\": 3", "\"cuffBleed\": 17", Problem.PinWrong, "PWM17 does not exist", DisplayName = "no such PWM channel")]
    [DataRow(Board, "\"pwm\": { \"cuffPump\": 1, ", "\"pwm\": { ", Problem.KeyWrong, "pwm.cuffPump|is missing", DisplayName = "a PWM function without a channel")]
    [DataRow(Board, "\"pwm\": { \"cuffPump\": 1, ", "\"pwm\": { \"statusLed\": 5, \"cuffPump\": 1, ", Problem.KeyWrong, "pwm.statusLed|is not driven by PWM", DisplayName = "PWM for another function")]
    [DataRow(Second, "\"cuffPump\": 10", "\"cuffPump\": 35", Problem.PinWrong, "GPIO 35 serves an octal PSRAM", DisplayName = "pin of an octal PSRAM")]
    [DataRow(Second, "\"cuffPump\": 10", "\"cuffPump\": 27", Problem.PinWrong, "GPIO 27 serves the flash", DisplayName = "pin of the S3's flash")]
    [DataRow(Second, "\"statusLed\": 47", "\"statusLed\": 19", Problem.PinWrong, "GPIO 19 is the native USB", DisplayName = "pin of the native USB")]
    [DataRow(Second, "\"soundData\": 7", "\"soundData\": 46", Problem.PinWrong, "GPIO 46 chooses the boot mode", DisplayName = "strapping pin of the S3")]
    [DataRow(Second, "\"cuffPump\": 10", "\"cuffPump\": 40", Problem.PinWrong, "GPIO 40 is JTAG", DisplayName = "a pin that the board excludes")]
    [DataRow(Second, "\"statusLed\": 47", "\"statusLed\": 47, \"supplySense\": 18", Problem.PinWrong, "GPIO 18 belongs to ADC2", DisplayName = "ADC2 of the S3")]
    [DataRow(Second, "\"cuffBleed\": 3", "\"cuffBleed\": 9", Problem.PinWrong, "PWM9 shares a timer with PWM1 of cuffPump", DisplayName = "the S3's four timers")]
    [DataRow(Second, "\"psram\": \"octal\"", "\"psram\": \"quad\"", Problem.PinWrong, "ESP32_S3_OCTAL is for an octal PSRAM", DisplayName = "an octal image without its PSRAM")]
    [DataRow(Board, "\"name\": \"esp32-wrover\"", "\"name\": \"esp32-wroom\"", Problem.NameUnknown, "esp32-wroom.json", DisplayName = "a board in another's file")]
    [DataRow(Cart, "\"part\": \"Tmp117\"", "\"part\": \"Tmp118\"", Problem.CartContradicts, "no part Tmp118", DisplayName = "a cart with an unknown part")]
    [DataRow(Vocabulary, "\"misreadings\": 33, ", "", Problem.KeyWrong, "parts[0].misreadings|is missing", DisplayName = "a part without misreadings")]
    [DataRow("README.md", "<!-- generated: misreadings -->", "", Problem.MarkMissing, "misreadings", DisplayName = "mark missing in the first page")]
    [DataRow(Page, "<!-- generated: parts -->", "<!-- generated: part -->", Problem.MarkMissing, "parts", DisplayName = "mark missing")]
    public void Wrong_input_is_refused_with_its_code(string file, string right, string wrong, string code, string expected)
    {
        string text = Inputs()[file];
        int at = text.IndexOf(right, StringComparison.Ordinal);
        Assert.IsGreaterThanOrEqualTo(0, at, "The planted place is gone: " + right);
        IReadOnlyList<Problem> problems = Problems(file, text[..at] + wrong + text[(at + right.Length)..]);
        Assert.IsTrue(
            problems.Any(p => p.Code == code && expected.Split('|').All(e => (p.File + ":" + p.Path + " " + p.Detail).Contains(e, StringComparison.Ordinal))),
            "Found: " + string.Join('\n', problems));
    }

    [TestMethod]
    [DataRow("\"psram\": \"quad\"", "\"psram\": \"none\"", "\"oemTransmit\": 33", "\"oemTransmit\": 17", DisplayName = "the PSRAM's pins without one")]
    [DataRow("\"cuffPump\": 1,", "\"cuffPump\": 16,", "\"cuffBleed\": 3", "\"cuffBleed\": 13", DisplayName = "PWM channels of two timers")]
    [DataRow("\"statusLed\": 2", "\"statusLed\": 15", "\"soundData\": 35", "\"soundData\": 35", DisplayName = "an LED on a strapping pin")]
    public void A_board_that_breaks_no_rule_is_taken(string right, string wrong, string rightToo, string wrongToo)
    {
        string text = Inputs()[Board].Replace(right, wrong, StringComparison.Ordinal).Replace(rightToo, wrongToo, StringComparison.Ordinal);
        Assert.IsEmpty(Problems(Board, text).Where(p => p.Code == Problem.PinWrong).Select(p => p.Detail).ToArray());
    }

    [TestMethod]
    public void A_missing_file_is_named()
    {
        Dictionary<string, string> inputs = Inputs();
        inputs.Remove(Cart);
        Problem problem = Assert.ThrowsExactly<ProblemException>(() => Generator.Run(inputs)).Problems.Single();
        Assert.AreEqual((Problem.Unreadable, Cart), (problem.Code, problem.File));
    }

    [TestMethod]
    public void The_first_line_that_differs_is_named()
    {
        Assert.IsNull(Generator.FirstDifference("a\nb\n"u8, "a\nb\n"u8));
        Assert.AreEqual("line 2 is 'c', and should be 'b'", Generator.FirstDifference("a\nc\nd\n"u8, "a\nb\nd\n"u8));
        Assert.AreEqual("line 2 is '(the end)', and should be 'b'", Generator.FirstDifference("a"u8, "a\nb"u8));
        Assert.IsNotNull(Generator.FirstDifference([0xEF, 0xBB, 0xBF, (byte)'a'], "a"u8));
    }

    [TestMethod]
    public void The_program_writes_checks_and_refuses()
    {
        string root = Path.Combine(Path.GetTempPath(), "cart-gen-" + Environment.ProcessId);
        try
        {
            foreach ((string name, string text) in Inputs())
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(root, name))!);
                File.WriteAllText(Path.Combine(root, name), text);
            }

            Assert.AreEqual((2, true), Run(root, Problem.CommandLineWrong), "outside of a repository");
            File.WriteAllText(Path.Combine(root, "Firmware.sln"), string.Empty);
            Assert.AreEqual((2, true), Run(root, Problem.CommandLineWrong, "--chek"));
            Assert.AreEqual((0, false), Run(root, "error"), "writes what is not there");
            Assert.AreEqual((0, false), Run(root, "error", "--check"));
            string page = Path.Combine(root, Page);
            string before = File.ReadAllText(page);
            File.WriteAllText(page, before.Replace("| 16 | `Temperature` |", "| 17 | `Temperature` |", StringComparison.Ordinal));
            Assert.AreEqual((1, true), Run(root, Problem.FileDiffers + ": A generated file is not what the generator writes: line ", "--check"));
            Assert.AreEqual((0, false), Run(root, "error"));
            Assert.AreEqual(before, File.ReadAllText(page));
            using (new FileStream(page, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            {
                Assert.AreEqual((4, true), Run(root, Problem.Unwritable, "--check"), "another process holds the page");
            }

            File.WriteAllText(Path.Combine(root, Vocabulary), "{}");
            Assert.AreEqual((3, true), Run(root, Problem.KeyWrong, "--check"));
            File.Delete(page);
            File.WriteAllText(Path.Combine(root, Vocabulary), Inputs()[Vocabulary]);
            Assert.AreEqual((3, true), Run(root, Problem.MarkMissing, "--check"));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>What the generator says with one file of the repository replaced.</summary>
    internal static IReadOnlyList<Problem> Problems(string file, string text)
    {
        Dictionary<string, string> inputs = Inputs();
        inputs[file] = text;
        try
        {
            Generator.Run(inputs);
            return [];
        }
        catch (ProblemException e)
        {
            return e.Problems;
        }
    }

    /// <summary>The generator's inputs as they stand in the repository.</summary>
    internal static Dictionary<string, string> Inputs() => Generator.Inputs.Concat(Generator.Folders.SelectMany(f => Repository.Files(f, "*.json")).Select(Repository.Name))
        .ToDictionary(f => f, f => File.ReadAllText(Repository.At(f)), StringComparer.Ordinal);

    private static (int ExitCode, bool Says) Run(string folder, string expected, params string[] arguments)
    {
        ProcessStartInfo start = new(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "cart-gen.dll"), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using Process process = Process.Start(start)!;
        string diagnostics = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, diagnostics.Contains(expected, StringComparison.Ordinal));
    }
}
