using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Pod.Configuration;
using Firmware.Protocol;
using Firmware.Tests.Host.CuffSafety;
using Firmware.Tests.Pod;
using Simulators.Buses;
using Simulators.Cart.Pod;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Host.Consoles;

/// <summary>A whole pod with simulated chips and its console: what a terminal sends, and what comes back.</summary>
internal sealed class ConsoleBench
{
    /// <summary>The technician's key of every provisioned bench.</summary>
    public const string Key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    /// <summary>The planted password.</summary>
    public const string Password = "planted-Passw0rd";

    private readonly SimulatedConsolePort _port = new();
    private readonly SimulatedI2cBus _bus;
    private readonly SimulatedPodConsole _board;
    private long _bootUs;
    private long _nextUs;
    private int _request;

    public ConsoleBench(SimulatedByteStore? store = null, byte[]? mac = null)
    {
        Store = store ?? new SimulatedByteStore();
        Cuff = new CuffPneumatics { Arm = new TestArm(1400, 72) };
        Cuff.PowerOn();
        Cuff.Faults = CuffChainFaults.OffTheArm;
        _bus = new SimulatedI2cBus(Clock);
        SimulatedTmp117 thermometer = new(Clock, new SeededRandom(3), new Tmp117Options());
        thermometer.SetTemperature(_ => 36_600);
        SimulatedMprls0300 pressure = new(Clock, new SeededRandom(4));
        pressure.SetPressure(us =>
        {
            Cuff.AdvanceTo(us);
            return Cuff.ManifoldMicroMmHg;
        });
        _bus.Attach(thermometer.Address, thermometer);
        _bus.Attach(SimulatedMprls0300.Address, pressure);
        _board = new SimulatedPodConsole(_port, Store, mac ?? [0x24, 0x6f, 0x28, 0x01, 0x02, 0x03]) { Version = "1.2.3", Build = "0123456789abcdef" };
        Boot();
    }

    public ManualClock Clock { get; } = new();

    public SimulatedByteStore Store { get; }

    public CuffPneumatics Cuff { get; }

    public SimulatedBoard Board => _board.Board;

    public SimulatedConsolePort Port => _port;

    public SimulatedPodConsole Program => _board;

    public FakeLink Link { get; private set; } = null!;

    public PodHost Host { get; private set; } = null!;

    public List<FaultCode> Codes { get; } = [];

    public List<byte[]> Frames { get; } = [];

    /// <summary>What the pod said of its state, over all boots.</summary>
    public List<string> States { get; } = [];

    public StringBuilder Everything { get; } = new();

    public int Boots { get; private set; }

    /// <summary>Longest time between two steps of the pod that was not asked for, µs, and the longest chunk of work of the console is one step.</summary>
    public long NowUs => Clock.NowUs - _bootUs;

    /// <summary>A pod that is configured, confirmed and connected.</summary>
    public static ConsoleBench Provisioned()
    {
        ConsoleBench bench = new();
        bench.Run(1);
        bench.Set("role", "vitals");
        bench.Set("parts", "Tmp117,Mprls0300");
        bench.Set("gateway.host", "192.168.4.1");
        bench.Set("wifi.ssid", "cart-7");
        bench.Set("wifi.password", Password);
        bench.Set("technicianKey", Key);
        bench.Ok("config commit");
        bench.Run(3);
        Assert.AreEqual(2, bench.Boots);
        bench.Unlock();
        bench.Ok("config confirm");
        bench.Ok("lock");
        bench.Link.Connect();
        bench.Run(4);
        return bench;
    }

    public void Set(string key, string value) => Ok($"config set {key} \"{value}\"");

    /// <summary>The power goes at this moment and comes back.</summary>
    public void Reboot()
    {
        Store.PowerUp(50);
        Boot();
    }

    public void Unlock()
    {
        Ok("unlock " + Answer(Ok("challenge").GetProperty("challenge").GetString()!, Key));
    }

    /// <summary>What <c>cartctl pod unlock</c> makes of a challenge.</summary>
    public static string Answer(string challenge, string key) => Convert.ToHexStringLower(HMACSHA256.HashData(Convert.FromHexString(key), Convert.FromHexString(challenge)).AsSpan(0, 8));

    public void SetEpoch(uint epoch)
    {
        byte[] command = new byte[PodCommand.HeaderLength + 4];
        command[0] = 1;
        command[1] = PodCommand.SetEpoch;
        LittleEndian.WriteUInt32(command, PodCommand.HeaderLength, epoch);
        Link.Send(Topics.Command(Host.Options.DeviceId), command);
    }

    /// <summary>Types a line and gives what came back until the next prompt.</summary>
    public string Type(string line, double seconds = 10)
    {
        _port.Send(line + "\r");
        StringBuilder text = new();
        Until(
            () =>
            {
                text.Append(Take());
                string all = text.ToString();
                return all.EndsWith("pod> ", StringComparison.Ordinal) || all.EndsWith("pod# ", StringComparison.Ordinal);
            },
            seconds);
        return text.ToString();
    }

    /// <summary>A request that must be answered with OK; gives its JSON.</summary>
    public JsonElement Ok(string command)
    {
        (string status, JsonElement json) = Send(command)[^1];
        Assert.AreEqual("OK -", status, $"{command}: {json}");
        return json;
    }

    /// <summary>A request that must be refused; gives the code.</summary>
    public string Err(string command)
    {
        (string status, JsonElement json) = Send(command)[^1];
        Assert.IsTrue(status.StartsWith("ERR P", StringComparison.Ordinal), $"{command}: {status} {json}");
        Assert.IsTrue(json.GetProperty("means").GetString()!.Length > 10 && json.GetProperty("next").GetString()!.Length > 5, command);
        return status[4..];
    }

    public void Refuses(FaultCode code, string command) => Assert.AreEqual("P" + ((int)code).ToString(CultureInfo.InvariantCulture), Err(command), command);

    /// <summary>Sends a request and gives every line of its answer, checksums proven.</summary>
    public List<(string Status, JsonElement Json)> Send(string command, double seconds = 20)
    {
        _request++;
        string id = _request.ToString(CultureInfo.InvariantCulture);
        _port.Send($"@{id} {command}\r\n");
        List<(string, JsonElement)> lines = [];
        StringBuilder text = new();
        Until(
            () =>
            {
                text.Append(Take());
                lines = Lines(text.ToString(), id);
                return lines.Count > 0 && !lines[^1].Item1.StartsWith("PART", StringComparison.Ordinal);
            },
            seconds);
        return lines;
    }

    public static List<(string Status, JsonElement Json)> Lines(string text, string id)
    {
        List<(string, JsonElement)> lines = [];
        foreach (string line in text.Split('\n')[..^1].Where(l => l.StartsWith("@" + id + " ", StringComparison.Ordinal)))
        {
            int star = line.LastIndexOf(" *", StringComparison.Ordinal);
            byte[] before = Encoding.Latin1.GetBytes(line[..star]);
            Assert.AreEqual(new SoftwareCrc32().Compute(before, 0, before.Length).ToString("x8", CultureInfo.InvariantCulture), line[(star + 2)..], line);
            int brace = line.IndexOf('{', StringComparison.Ordinal);
            string json = line[brace..star];
            Assert.IsTrue(json.Length < 1024, line);
            lines.Add((line[(id.Length + 2)..brace].TrimEnd(), JsonDocument.Parse(json).RootElement));
        }

        return lines;
    }

    public string Take()
    {
        string text = _port.Take();
        Everything.Append(text);
        return text;
    }

    public void Run(double seconds) => Step(() => false, seconds);

    /// <summary>Until a fact, or so long.</summary>
    public void Pump(Func<bool> fact, double seconds) => Step(fact, seconds);

    public void Until(Func<bool> fact, double seconds)
    {
        Step(fact, seconds);
        Assert.IsTrue(fact(), $"not within {seconds} s; {Cuff.BladderMmHg} mmHg; {string.Join(' ', Codes)}; {Everything.ToString()[Math.Max(0, Everything.Length - 600)..]}");
    }

    private void Boot()
    {
        Boots++;
        _bootUs = Clock.NowUs;
        _nextUs = Clock.NowUs;
        _board.Begin(new FakeEntropy(), 0);
        PeripheralOptions[] parts = _board.Parts();
        foreach (PeripheralOptions part in parts.Where(p => p.Part == PodPart.Mprls0300))
        {
            part.Cuff = new SimulatedCuffActuators(Cuff, Clock);
        }

        PodOptions options = new(_board.Services.DeviceId, parts)
        {
            FrameFlags = FrameFlags.Simulated,
            Clock = new BootClock(this),
            Board = _board.Board,
            Starts = _board.Services.Reboots!.Starts,
            LastEnd = _board.Services.ResetReason,
        };
        Link = new FakeLink();
        Link.Published += (topic, buffer, count) =>
        {
            if (topic.EndsWith("/state", StringComparison.Ordinal))
            {
                States.Add(Encoding.UTF8.GetString(buffer, 0, count));
            }
        };
        Host = new PodHost(options, _board.Bus(new SimulatedI2cPort(_bus)), Store, new SoftwareCrc32(), new FakeEntropy(), Link);
        Host.FrameProduced += (buffer, offset, length) =>
        {
            Frames.Add(buffer[offset..(offset + length)]);
            if (Frame.Kind(buffer, offset) == FrameKind.Event)
            {
                Codes.Add(EventBody.Code(buffer, offset + Frame.HeaderLength));
            }
        };
        _board.Attach(Host);
    }

    private void Step(Func<bool> fact, double seconds)
    {
        long end = Clock.NowUs + (long)(seconds * 1e6);
        while (!fact())
        {
            long at = Math.Max(Clock.NowUs, _nextUs);
            if (at > end)
            {
                Clock.AdvanceTo(Math.Max(end, Clock.NowUs));
                Cuff.AdvanceTo(Clock.NowUs);
                return;
            }

            Clock.AdvanceTo(at);
            Cuff.AdvanceTo(at);
            long next = Math.Min(Host.Step(NowUs), _board.Step(NowUs, out bool restarts));
            if (restarts)
            {
                Reboot();
                continue;
            }

            _nextUs = next == long.MaxValue ? end + 1 : next + _bootUs;
            if (_nextUs <= at)
            {
                Clock.Advance(50);
            }
        }
    }

    private sealed class BootClock(ConsoleBench bench) : IMonotonicClock
    {
        public long NowUs => bench.NowUs;
    }
}
