using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using Firmware.Flash;
using Flash.Tests.StandIns;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests.Desk;

[TestClass]
public sealed class DeskCheckTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly StandInBench _bench = new();

    public void Dispose()
    {
        _bench.Dispose();
        _folder.Dispose();
    }

    [TestMethod]
    public void A_ready_desk_is_said_so_without_a_board()
    {
        string image = _folder.Write("Pod.bin", SyntheticProgram.Whole());
        (int exit, string output, string diagnostics) = Run("-Check", "-Image", image, "-Records", _folder.At("records"));
        Assert.AreEqual(0, exit, output + diagnostics);
        Assert.AreEqual(string.Empty, diagnostics);
        StringAssert.Contains(output, "SKIP  PowerShell     not started by flash.ps1");
        StringAssert.Contains(output, "PASS  nanoff         2.5.130, tested is 2.5");
        StringAssert.Contains(output, "3 assemblies");
        StringAssert.Contains(output, "Isolated USB adapter only");
        Assert.IsFalse(Directory.Exists(_folder.At("records")), "looking leaves nothing");
    }

    [TestMethod]
    public void Each_thing_that_is_not_right_is_a_line_with_its_next_step()
    {
        _bench.FlasherVersion = "2.4.9";
        _bench.Boards.Add(new StandInBoard("COM1", "COM2", "246f28aa0001"));
        _bench.ForbiddenPort = "COM2";
        string image = _folder.Write("Pod.bin", SyntheticProgram.Whole(mscorlib: 1));
        string file = _folder.Write("file", "x");
        (int exit, string output, string diagnostics) = Run("-Check", "-Offline", "-Archive", _folder.At("absent"), "-Image", image, "-Records", Path.Combine(file, "records"));
        Assert.AreEqual(1, exit);
        foreach (string name in new[] { "nanoff", "port rights", "archive", "program", "records" })
        {
            StringAssert.Contains(output, $"FAIL  {name}");
        }

        Assert.AreEqual(5, output.Split('\n').Count(l => l.StartsWith("      next: ", StringComparison.Ordinal)));
        StringAssert.Contains(output, "COM1 Silicon Labs CP210x");
        StringAssert.Contains(output, "dialout");
        StringAssert.Contains(diagnostics, "F4008");
        StringAssert.Contains(output, "nanoff --updatearchive --platform esp32 --target ESP32_BLE_REV3 --fwversion 1.17.0.60 --archivepath DIR");
        StringAssert.Contains(output, "ESP32_S3_OCTAL-1.17.0.60.zip.json");
        StringAssert.Contains(output, "dotnet tool install -g nanoff --version 2.5.*");
    }

    [TestMethod]
    public void An_adapter_without_its_driver_is_named()
    {
        _bench.Undriven.Add("WCH CH340 (USB Serial)");
        (int exit, string output, _) = Run("-Check", "-Records", _folder.Path);
        Assert.AreEqual(1, exit);
        StringAssert.Contains(output, "FAIL  serial driver  no port for WCH CH340 (USB Serial)");
    }

    [TestMethod]
    public void Json_says_the_same()
    {
        (int exit, string output, _) = Run("-Check", "-Json", "-Records", _folder.Path);
        Assert.AreEqual(0, exit);
        using JsonDocument document = JsonDocument.Parse(output);
        Assert.IsTrue(document.RootElement.GetProperty("ready").GetBoolean());
        Assert.IsGreaterThan(5, document.RootElement.GetProperty("checks").GetArrayLength());
    }

    private (int Exit, string Output, string Diagnostics) Run(params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        int exit = FlashTool.Run(arguments, _bench.Machine(output, diagnostics), CancellationToken.None);
        return (exit, output.ToString(), diagnostics.ToString());
    }
}
