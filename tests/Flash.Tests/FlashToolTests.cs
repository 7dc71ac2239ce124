using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using EdgeGateway.Faults;
using Firmware.Flash;
using Firmware.Flash.Nanoff;
using Flash.Tests.StandIns;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests;

[TestClass]
public sealed class FlashToolTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly StandInBench _bench = new();

    public void Dispose()
    {
        _bench.Dispose();
        _folder.Dispose();
    }

    [TestMethod]
    [DataRow("details --port COM3", "nanoff --platform esp32 --serialport COM3 --devicedetails --checkpsram --suppressnanoffversioncheck")]
    [DataRow("runtime --port COM3", "nanoff --platform esp32 --serialport COM3 --update --target ESP32_BLE_REV3 --fwversion 1.17.0.60 --suppressnanoffversioncheck")]
    [DataRow("runtime -Port:P -FwVersion 1.16.0.5 -masserase", "nanoff --platform esp32 --serialport P --update --target ESP32_BLE_REV3 --fwversion 1.16.0.5 --masserase --suppressnanoffversioncheck")]
    [DataRow("runtime --port P --archive {0}", "nanoff --platform esp32 --serialport P --update --target ESP32_BLE_REV3 --fwversion 1.17.0.60 --fromarchive --archivepath \"{0}\" --suppressnanoffversioncheck")]
    [DataRow("deploy --port P --image {0}/app.bin", "nanoff --target ESP32_BLE_REV3 --serialport P --deploy --image \"{0}/app.bin\" --address 0x1E0000 --suppressnanoffversioncheck")]
    public void A_single_step_prints_its_command_and_runs_nothing(string arguments, string expected)
    {
        _folder.Write("app.bin", SyntheticProgram.Whole());
        (int code, string output, string diagnostics) = Run([.. Words(arguments), "-WhatIf"]);
        Assert.AreEqual(expected.Replace("{0}", _folder.Path, StringComparison.Ordinal), output.TrimEnd());
        Assert.AreEqual(string.Empty, diagnostics);
        Assert.AreEqual(0, code);
        Assert.IsEmpty(_bench.Commands);
    }

    [TestMethod]
    [DataRow("flash", 2, "F4001", "is not a command")]
    [DataRow("deplo --port P", 2, "F4001", "Did you mean 'deploy'?")]
    [DataRow("details --prot P", 2, "F4001", "Did you mean '--port'?")]
    [DataRow("ports --masserase", 2, "F4001", "not an option of ports")]
    [DataRow("details", 2, "F4002", "--port is missing")]
    [DataRow("details --port", 2, "F4002", "--port has no value")]
    [DataRow("details --port A --port B", 2, "F4002", "given twice")]
    [DataRow("deploy --port P", 2, "F4002", "--image is missing")]
    [DataRow("-Port P", 2, "F4002", "--image is missing")]
    [DataRow("-Port P,P -Image {0}/app.bin", 2, "F4002", "a port is given twice")]
    [DataRow("-Port P -Image {0}/app.bin -Board esp32-wrover2", 2, "F4002", "Did you mean 'esp32-wrover'?")]
    [DataRow("calibrate cuf -Serial X", 2, "F4001", "Did you mean 'cuff'?")]
    [DataRow("calibrate cuff", 2, "F4002", "--serial is missing")]
    [DataRow("calibrate cuff -Serial X -Due 2026-11-29", 2, "F4002", "a day to come")]
    [DataRow("archive", 2, "F4002", "--archive is missing")]
    [DataRow("deploy --port P --image {0}/absent.bin", 3, "F4003", "there is no such file")]
    [DataRow("deploy --port P --image {0}/empty.bin", 3, "F4003", "it has 0 bytes")]
    [DataRow("deploy --port P --image {0}/large.bin", 3, "F4003", "it has 1835009 bytes")]
    [DataRow("deploy --port P --image {0}/text.bin", 3, "F4012", "no assembly begins here")]
    [DataRow("-Port P -Image {0}/absent.bin", 3, "F4003", "there is no such file")]
    [DataRow("-Port P -Image {0}/large.bin", 13, "F4015", "at most 1835008")]
    [DataRow("-Port P -Image {0}/text.bin", 3, "F4012", "no assembly begins here")]
    [DataRow("-Port P -Image {0}/app.bin -Bundle {0}/absent.json", 3, "F4020", "absent.json")]
    [DataRow("-Port P -Image {0}/app.bin -Archive {0}", 3, "F4014", "cart-archive.json is missing")]
    [DataRow("-Image {0}/app.bin", 11, "F4010", "there is no serial port")]
    [DataRow("console", 16, "F4018", "there is no serial port")]
    [DataRow("runtime --port P --archive {0}/absent", 3, "F4003", "there is no such folder")]
    [DataRow("details --port P --pod pod-2", 3, "F4006", "Did you mean 'pod-1'?")]
    [DataRow("details --port P --cart {0}/absent.json", 3, "F4006", "absent.json")]
    [DataRow("details --port P --cart {0}/large.bin", 3, "F4006", "large.bin")]
    public void A_wrong_command_line_is_refused_with_code_and_next_step(string arguments, int exitCode, string errorCode, string expected)
    {
        _folder.Write("empty.bin", string.Empty);
        _folder.Write("text.bin", "a text");
        _folder.Write("app.bin", SyntheticProgram.Whole());
        _folder.Write("large.bin", new byte[(int)FlashPlan.MaxImageBytes + 1]);
        (int code, string output, string diagnostics) = Run(Words(arguments));
        Assert.AreEqual(exitCode, code, diagnostics);
        Assert.AreEqual(string.Empty, output);
        StringAssert.Contains(diagnostics, errorCode);
        StringAssert.Contains(diagnostics, expected);
        StringAssert.Contains(diagnostics, "  next: ");
        Assert.IsFalse(_bench.Commands.Exists(c => c.Contains("--serialport", StringComparison.Ordinal)), "A board was touched.");
    }

    [TestMethod]
    public void All_errors_of_a_command_line_come_together()
    {
        (int code, _, string diagnostics) = Run(["details", "--prot", "A", "--pots", "B", "--port"]);
        Assert.AreEqual(2, code);
        Assert.AreEqual(3, diagnostics.Split('\n').Count(l => l.StartsWith("error F400", StringComparison.Ordinal)), diagnostics);
    }

    [TestMethod]
    public void A_single_write_says_that_it_was_not_read_back()
    {
        string image = _folder.Write("my app.bin", SyntheticProgram.Whole());
        _bench.Boards.Add(new StandInBoard("/dev/ttyUSB0", "/dev/ttyUSB1", "246f28aa0001"));
        (int code, string output, string diagnostics) = Run(["deploy", "--port", "/dev/ttyUSB0", "--image", image]);
        Assert.AreEqual(0, code, diagnostics);
        StringAssert.Contains(output, "Flashing deployment partition...OK");
        StringAssert.Contains(diagnostics, "warning F4007");
        (code, _, diagnostics) = Run(["deploy", "--port", "/dev/ttyUSB9", "--image", image]);
        Assert.AreEqual(13, code);
        StringAssert.Contains(diagnostics, "nanoff says E4005");
    }

    [TestMethod]
    public void A_nanoff_that_is_absent_or_another_version_touches_no_board()
    {
        string image = _folder.Write("app.bin", SyntheticProgram.Whole());
        using StringWriter diagnostics = new();
        using StringWriter output = new();
        StandInOperator nobody = new();
        FlashMachine bare = new() { Output = output, Diagnostics = diagnostics, Operator = nobody, Ports = _bench, Nanoff = new NanoffProcess(_folder.Path), Clock = _bench.Clock, Path = _folder.Path };
        Assert.AreEqual(10, FlashTool.Run(["-Port", "P", "-Image", image], bare, CancellationToken.None));
        StringAssert.Contains(diagnostics.ToString(), "dotnet tool install -g nanoff");
        _bench.FlasherVersion = "3.0.1";
        (int code, _, string text) = Run(["-Port", "P", "-Image", image]);
        Assert.AreEqual(10, code);
        StringAssert.Contains(text, "F4009");
    }

    [TestMethod]
    public void Nanoff_is_a_process_whose_texts_and_arguments_are_taken_as_they_are()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("The stand-in for nanoff is a shell script.");
            return;
        }

        string file = _folder.Write("nanoff", "#!/bin/sh\nprintf '%s|' \"$@\"\nprintf '\\n.NET nanoFramework Firmware Flasher v2.5.7+abc\\n'\nprintf 'Writing [=>] \\r 42.0%% 1/2 bytes...\\rError E4003: Failed to write.\\n'\nexit 163\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        List<string> seen = [];
        NanoffResult result = new NanoffProcess(_folder.Path).Run(["--image", "a b \"c\"", "$HOME"], seen.Add, CancellationToken.None);
        Assert.AreEqual("--image|a b \"c\"|$HOME|", result.Lines[0]);
        Assert.AreEqual("E4003", result.Error);
        Assert.AreEqual(new Version(2, 5, 7), result.FlasherVersion);
        Assert.IsFalse(result.IsOk);
        Assert.AreEqual(42, seen.Select(NanoffResult.Percent).Single(p => p is not null));
        Assert.IsFalse(result.Lines.Any(l => l.Contains('%')), "progress is no line");
    }

    [TestMethod]
    public void Json_is_exactly_one_object()
    {
        _bench.Boards.Add(new StandInBoard("P", "Q", "246f28aa0001"));
        (int code, string output, _) = Run(["details", "--port", "P", "--json"]);
        Assert.AreEqual(0, code);
        using JsonDocument document = JsonDocument.Parse(output);
        Assert.AreEqual(0, document.RootElement.GetProperty("exitCode").GetInt32());
        Assert.AreEqual("nanoff", document.RootElement.GetProperty("command")[0].GetString());
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("help")]
    [DataRow("-Help")]
    public void Without_arguments_it_explains_itself(string arguments)
    {
        (int code, string output, string diagnostics) = Run(Words(arguments));
        Assert.AreEqual(0, code);
        Assert.AreEqual(string.Empty, diagnostics);
        foreach (string word in new[] { "Isolated USB adapter only", "-Check", "-WhatIf", "-Bundle", "calibrate cuff", "never on an arm", "console" })
        {
            StringAssert.Contains(output, word);
        }
    }

    [TestMethod]
    public void Every_fault_of_cart_flash_has_one_exit_code_and_the_readme_lists_them()
    {
        string[] own = [.. FaultCatalogue.Default.Entries.Select(e => e.Code).Where(c => c[0] == 'F' && c != FaultCodes.BoardNotReadBack)];
        string[] listed = [.. FlashExit.Table.SelectMany(r => r.Codes)];
        CollectionAssert.AreEquivalent(own, listed);
        Golden.Check("exit codes", "| exit code | meaning | fault codes |\n| --- | --- | --- |\n" + string.Join('\n', FlashExit.Table.Select(r => $"| {r.Exit} | {r.Means} | {string.Join(", ", r.Codes)} |")));
        Assert.AreEqual(0, FlashExit.Of(["", ""]));
        Assert.AreEqual(13, FlashExit.Of(["F4005", "", "F4015"]));
        Assert.AreEqual(30, FlashExit.Of(["F4005", "F4016"]));
        Assert.AreEqual(4, FlashExit.Of("G2001"));
    }

    [TestMethod]
    public void The_script_in_the_root_decides_nothing()
    {
        string file = Path.Combine(TestFolder.Repository, "flash.ps1");
        string[] code = [.. File.ReadAllLines(file).Where(l => l.Length > 0 && l[0] != '#')];
        Assert.HasCount(5, code);
        Assert.AreEqual("exit $LASTEXITCODE", code[^1]);
        if (!OperatingSystem.IsWindows())
        {
            Assert.IsTrue(File.GetUnixFileMode(file).HasFlag(UnixFileMode.UserExecute), "flash.ps1 is not executable");
        }
    }

    private (int Code, string Output, string Diagnostics) Run(string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        int code = FlashTool.Run(arguments, _bench.Machine(output, diagnostics), CancellationToken.None);
        return (code, output.ToString(), diagnostics.ToString());
    }

    private string[] Words(string arguments) => [.. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => w.Replace("{0}", _folder.Path, StringComparison.Ordinal))];
}
