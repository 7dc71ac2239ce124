using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Xml.Linq;
using Firmware.Flash;
using Firmware.Flash.Nanoff;
using Firmware.Flash.Serial;
using Flash.Tests.StandIns;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests.RealPod;

/// <summary>A whole bring-up against the pod's own console: the board's program on simulated chips, as a process with its console on a pseudo-terminal. nanoff alone is a stand-in: writing starts the process anew, on the same store.</summary>
[TestClass]
public sealed class RealPodTests : IDisposable
{
    private const string Mac = "246f28010203";
    private const string ChipId = "246f28fffe010203";
    private const string OwnId = "02000000000000a1";

    // What the simulated pod says of itself: a build of zeros on an image that is called simulated.
    private const string SimulatedBuild = "0000000000000000";

    private readonly TestFolder _folder = new();
    private readonly PodProcess _pod;

    public RealPodTests() => _pod = new PodProcess(_folder.At("store"));

    private string Records => _folder.At("records");

    public void Dispose()
    {
        _pod.Dispose();
        _folder.Dispose();
    }

    [TestMethod]
    public void A_board_is_brought_up_reflashed_and_provisioned_anew_by_the_pods_own_console()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("a pseudo-terminal needs Linux");
        }

        _folder.Write("Pod.bin", SyntheticProgram.Whole(SimulatedBuild));
        _folder.Write("first.json", TestBundle.Json(ChipId));

        // A bare board: provision, self test, record, label.
        (int exit, string all) = Up("-Bundle", _folder.At("first.json"), "-CartName", "cart 7", "-Parts", "Tmp117", "-NoGateway");
        Assert.AreEqual(0, exit, all + _pod.Printed);
        StringAssert.Contains(all, "before     no console answers");
        StringAssert.Contains(all, $"pod {ChipId}, gateway 192.168.4.1:8883, certificate until 2028-11-29: confirmed after its restart");
        JsonElement record = Record();
        Assert.AreEqual($"{ChipId} {SimulatedBuild} simulated", $"{record.GetProperty("deviceId")} {record.GetProperty("build")} {record.GetProperty("image")}");
        string[] items = [.. record.GetProperty("selfTest").EnumerateArray().Select(i => i.GetProperty("item").GetString() + " " + i.GetProperty("result").GetString())];
        CollectionAssert.IsSubsetOf(new[] { "crc PASS", "hmac PASS", "store PASS", "configuration PASS", "identity PASS", "bootNumber PASS", "Tmp117 PASS" }, items, string.Join(", ", items));
        Assert.IsTrue(items.Any(i => i is "gateway FAIL" or "gateway SKIP"), "no gateway is at this bench");
        string label = string.Join('\n', XElement.Parse(File.ReadAllText(Path.Combine(Records, Mac + ".label.svg"))).Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value));
        StringAssert.Contains(label, "cart 7");
        StringAssert.Contains(label, "pod " + ChipId);

        // The same board again: what it was is what it is.
        (exit, all) = Up("-NoGateway");
        Assert.AreEqual(0, exit, all + _pod.Printed);
        StringAssert.Contains(all, $"pod {ChipId}, provisioned");
        StringAssert.Contains(all, "simulated is there, by the pod's own word");
        StringAssert.Contains(all, "provision  kept");

        // Another id and no certificates, by the bundle anew; a key that is not the pod's is refused before.
        string plain = JsonSerializer.Serialize(new { v = 1, deviceId = OwnId, gateway = new { host = "127.0.0.1", port = 1883 }, technicianKey = TestBundle.TechnicianKey });
        _folder.Write("plain.json", plain.Replace("8899aabb", "99999999", StringComparison.Ordinal));
        (exit, all) = Up("-Bundle", _folder.At("plain.json"), "-Reprovision", "-NoGateway");
        Assert.AreEqual(17, exit, all);
        StringAssert.Contains(all, "F4023");
        _folder.Write("plain.json", TestKey(plain));
        (exit, all) = Up("-Bundle", _folder.At("plain.json"), "-Reprovision", "-NoGateway");
        Assert.AreEqual(0, exit, all + _pod.Printed);
        StringAssert.Contains(all, "taken away: wifi.password, wifi.ssid, tls.ca, tls.certificate, tls.key");
        Assert.AreEqual(OwnId, Record().GetProperty("deviceId").GetString());
        (exit, all) = Run("console", "--send", "config get role");
        Assert.AreEqual("{\"role\":\"vitals\"}", all.Trim(), "kept, and shown");
        Assert.AreEqual(0, exit);
        foreach (string secret in new[] { TestBundle.Password, TestBundle.KeyOf(ChipId)[16..], "PRIVATE KEY" })
        {
            Assert.IsFalse(string.Join('\n', Directory.EnumerateFiles(Records).Select(File.ReadAllText)).Contains(secret, StringComparison.OrdinalIgnoreCase), secret);
        }
    }

    private static string TestKey(string plain) => plain.Replace(TestBundle.TechnicianKey, TestBundle.KeyOf(ChipId), StringComparison.Ordinal);

    private JsonElement Record() => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Records, Mac + ".record.json"))).RootElement;

    private (int Exit, string All) Up(params string[] more) => Run(["up", "-Port", "UART0", "-Image", _folder.At("Pod.bin"), "--fwversion", "simulated", "-Records", Records, .. more]);

    private (int Exit, string All) Run(params string[] arguments)
    {
        using StringWriter output = new();
        FlashMachine machine = new()
        {
            Output = output,
            Diagnostics = output,
            Operator = new StandInOperator(),
            Ports = _pod,
            Nanoff = _pod,
            Clock = TimeProvider.System,
            Path = string.Empty,
            LookAgainMs = 50,
        };
        int exit = FlashTool.Run(arguments, machine, CancellationToken.None);
        return (exit, output.ToString());
    }

    /// <summary>The pod as a process; the board's plugs; and a nanoff that starts it.</summary>
    private sealed class PodProcess(string store) : ISerialPorts, INanoff, IDisposable
    {
        private readonly MachinePorts _machine = new();
        private Process? _process;
        private string? _console;

        public string Printed { get; private set; } = string.Empty;

        public IReadOnlyList<SerialPortDescription> List() =>
            _console is null ? [new("UART0", "10c4:ea60", "CP2102N")] : [new("UART0", "10c4:ea60", "CP2102N"), new(_console, "0403:6001", "FT232R")];

        public IReadOnlyList<string> WithoutDriver() => [];

        public ISerialLine Open(string name) => name == _console ? _machine.Open(name) : throw new IOException(name + " is in use");

        public NanoffResult Run(IReadOnlyList<string> arguments, Action<string> line, CancellationToken cancellation)
        {
            List<string> lines = [".NET nanoFramework Firmware Flasher v2.5.130"];
            if (arguments.Contains("--devicedetails"))
            {
                lines.AddRange(new StandInBoard("UART0", "P", Mac).Details().Split('\n'));
            }
            else if (arguments.Contains("--deploy"))
            {
                Stop();
                Start();
            }

            return new NanoffResult(0, lines);
        }

        public void Dispose() => Stop();

        private void Stop()
        {
            _process?.Kill();
            _process?.WaitForExit();
            _process?.Dispose();
            _process = null;
            _console = null;
        }

        private void Start()
        {
            DirectoryInfo own = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            string program = Path.Combine(own.Parent!.Parent!.FullName, "Cli", own.Name, "cart-sim.dll");
            ProcessStartInfo start = new(NanoffProcess.Find("dotnet", Environment.GetEnvironmentVariable("PATH") ?? string.Empty) ?? "dotnet", [program, "pod", "--gateway", "127.0.0.1:9", "--device", ChipId, "--store", store, "--console", "pty"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            };
            _process = Process.Start(start)!;
            _process.ErrorDataReceived += (_, e) => Printed += e.Data + "\n";
            _process.BeginErrorReadLine();
            string? line = _process.StandardOutput.ReadLine();
            _console = line?.StartsWith("console ", StringComparison.Ordinal) == true ? line["console ".Length..] : throw new InvalidOperationException($"cart-sim said '{line}'\n{Printed}");
        }
    }
}
