using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using Firmware.Flash;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests;

[TestClass]
public sealed class FlashToolTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flash-").FullName;

    [TestMethod]
    [DataRow("ports", "nanoff --listports")]
    [DataRow("details --port COM3", "nanoff --platform esp32 --serialport COM3 --devicedetails")]
    [DataRow("runtime --port COM3", "nanoff --platform esp32 --serialport COM3 --update --target ESP32_BLE_REV3 --fwversion 1.17.0.60")]
    [DataRow("runtime --port P --fwversion 1.16.0.5 --masserase", "nanoff --platform esp32 --serialport P --update --target ESP32_BLE_REV3 --fwversion 1.16.0.5 --masserase")]
    [DataRow("runtime --port P --archive {0}", "nanoff --platform esp32 --serialport P --update --target ESP32_BLE_REV3 --fwversion 1.17.0.60 --fromarchive --archivepath {0}")]
    [DataRow("deploy --port P --image {0}/app.bin", "nanoff --target ESP32_BLE_REV3 --serialport P --deploy --image {0}/app.bin --address 0x1E0000")]
    public void A_dry_run_prints_the_command_and_runs_nothing(string arguments, string expected)
    {
        Write("app.bin", 4096);
        StandIn(0);
        (int code, string output, string diagnostics) = Run(string.Format(arguments, _folder) + " --dry-run");
        Assert.AreEqual(string.Format(expected, _folder), output.TrimEnd());
        Assert.AreEqual(string.Empty, diagnostics);
        Assert.AreEqual(0, code);
        Assert.IsFalse(File.Exists(Recorded));
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
    [DataRow("deploy --port P --image {0}/absent.bin", 3, "F4003", "there is no such file")]
    [DataRow("deploy --port P --image {0}/empty.bin", 3, "F4003", "it has 0 bytes")]
    [DataRow("deploy --port P --image {0}/large.bin", 3, "F4003", "it has 1835009 bytes")]
    [DataRow("runtime --port P --archive {0}/absent", 3, "F4003", "there is no such folder")]
    [DataRow("details --port P --pod pod-2", 3, "F4006", "Did you mean 'pod-1'?")]
    [DataRow("details --port P --cart {0}/absent.json", 3, "F4006", "absent.json")]
    [DataRow("details --port P --cart {0}/large.bin", 3, "F4006", "large.bin")]
    public void A_wrong_command_line_is_refused_with_code_and_next_step(string arguments, int exitCode, string errorCode, string expected)
    {
        Write("empty.bin", 0);
        Write("large.bin", (int)FlashPlan.MaxImageBytes + 1);
        StandIn(0);
        (int code, string output, string diagnostics) = Run(string.Format(arguments, _folder));
        Assert.AreEqual(exitCode, code);
        Assert.AreEqual(string.Empty, output);
        StringAssert.Contains(diagnostics, errorCode);
        StringAssert.Contains(diagnostics, expected);
        StringAssert.Contains(diagnostics, "  next: ");
        Assert.IsFalse(File.Exists(Recorded), "nanoff ran.");
    }

    [TestMethod]
    public void All_errors_of_a_command_line_come_together()
    {
        (int code, _, string diagnostics) = Run("details --prot A --pots B --port");
        Assert.AreEqual(2, code);
        Assert.AreEqual(3, diagnostics.Split('\n').Count(l => l.StartsWith("error F400", StringComparison.Ordinal)), diagnostics);
    }

    [TestMethod]
    public void Nanoff_gets_each_argument_as_it_is()
    {
        SkipWithoutShell();
        Write("my app.bin", 4096);
        StandIn(0);
        string image = Path.Combine(_folder, "my app.bin");
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        int code = FlashTool.Run(["deploy", "--port", "/dev/ttyUSB0", "--image", image], output, diagnostics, _folder);
        Assert.AreEqual(0, code, diagnostics.ToString());
        CollectionAssert.AreEqual(
            new[] { "--target", "ESP32_BLE_REV3", "--serialport", "/dev/ttyUSB0", "--deploy", "--image", image, "--address", "0x1E0000" }, File.ReadAllLines(Recorded));
        StringAssert.Contains(output.ToString(), "stand-in speaks");
        StringAssert.Contains(diagnostics.ToString(), "warning F4007");
    }

    [TestMethod]
    public void A_nanoff_that_fails_or_is_absent_is_said_so()
    {
        (int code, _, string diagnostics) = Run("ports");
        Assert.AreEqual(1, code);
        StringAssert.Contains(diagnostics, "F4004");
        StringAssert.Contains(diagnostics, "dotnet tool install -g nanoff");
        SkipWithoutShell();
        StandIn(9);
        (code, _, diagnostics) = Run("ports");
        Assert.AreEqual(1, code);
        StringAssert.Contains(diagnostics, "nanoff ended with 9");
        StringAssert.Contains(diagnostics, "stand-in complains");
    }

    [TestMethod]
    public void Json_is_exactly_one_object()
    {
        SkipWithoutShell();
        StandIn(0);
        (int code, string output, _) = Run("details --port P --json");
        Assert.AreEqual(0, code);
        using JsonDocument document = JsonDocument.Parse(output);
        Assert.AreEqual(0, document.RootElement.GetProperty("exitCode").GetInt32());
        Assert.AreEqual("nanoff", document.RootElement.GetProperty("command")[0].GetString());
    }

    [TestMethod]
    public void With_nothing_to_do_the_usage_is_printed()
    {
        (int code, string output, _) = Run(string.Empty);
        Assert.AreEqual(2, code);
        StringAssert.Contains(output, "cart-flash deploy");
        Assert.AreEqual(0, Run("--help").Code);
    }

    [TestMethod]
    public void The_script_in_the_root_decides_nothing()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
        {
            folder = folder.Parent!;
        }

        string[] code = File.ReadAllLines(Path.Combine(folder.FullName, "flash.ps1")).Where(l => l.Length > 0 && l[0] != '#').ToArray();
        CollectionAssert.AreEqual(new[] { "dotnet run --project \"$PSScriptRoot/firmware/Flash\" -- @args", "exit $LASTEXITCODE" }, code);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Recorded => Path.Combine(_folder, "recorded");

    private static void SkipWithoutShell()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("The stand-in for nanoff is a shell script.");
        }
    }

    private (int Code, string Output, string Diagnostics) Run(string arguments)
    {
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        int code = FlashTool.Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), output, diagnostics, _folder);
        return (code, output.ToString(), diagnostics.ToString());
    }

    private void Write(string name, int bytes) => File.WriteAllBytes(Path.Combine(_folder, name), new byte[bytes]);

    private void StandIn(int exitCode)
    {
        string file = Path.Combine(_folder, "nanoff");
        File.WriteAllText(file, $"#!/bin/sh\nprintf '%s\\n' \"$@\" > '{Recorded}'\necho 'stand-in speaks'\necho 'stand-in complains' >&2\nexit {exitCode}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
