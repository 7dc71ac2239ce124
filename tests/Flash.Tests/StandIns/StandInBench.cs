using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using Firmware.Flash;
using Firmware.Flash.Images;
using Firmware.Flash.Nanoff;
using Firmware.Flash.Serial;

namespace Flash.Tests.StandIns;

/// <summary>One board on the bench: its chip, its two plugs, what is written on it and what goes wrong.</summary>
internal sealed class StandInBoard(string flashPort, string consolePort, string mac)
{
    public string FlashPort { get; } = flashPort;

    public string ConsolePort { get; } = consolePort;

    public string Mac { get; } = mac;

    public StandInPod Pod { get; init; } = new(mac);

    /// <summary>What the console's plug says it is.</summary>
    public string ConsoleUsbId { get; init; } = "0403:6001";

    /// <summary>The console's plug goes away at the next read and is there again at the third look.</summary>
    public int PlugsAway { get; set; }

    public int ReadsWhileAway { get; set; }

    public string Chip { get; set; } = "ESP32 (ESP32-D0WD-V3 (revision v3.1))";

    public string Features { get; set; } = "Wi-Fi, BT, Dual Core, 240MHz";

    public string Psram { get; set; } = "4MB";

    public string Flash { get; set; } = "4MB";

    public bool IsPlugged { get; set; } = true;

    /// <summary>True when the program that is on it starts.</summary>
    public bool IsRunning { get; set; }

    /// <summary>The board goes away at this share of the next program's write, percent; 0 for never.</summary>
    public int UnplugsAt { get; set; }

    /// <summary>nanoff says OK to the next program and writes nothing.</summary>
    public bool IsDeaf { get; set; }

    /// <summary>nanoff's next error, "E4003: …".</summary>
    public string? NextError { get; set; }

    /// <summary>A write loses what the pod had.</summary>
    public bool LosesIdentity { get; set; }

    public string Details() =>
        string.Join('\n', "Reading details from chip...OK", string.Empty, "Connected to:", Chip, "Features " + Features, $"Flash size {Flash} GD25Q32 from GIGADEVICE (manufacturer 0xC8 device 0x4016)", "PSRAM: " + Psram, "Crystal 40MHz", "MAC " + string.Join(':', Mac.Chunk(2).Select(c => new string(c).ToUpperInvariant())));
}

/// <summary>A bench with boards, its serial ports, and a nanoff whose texts are those of nanoFirmwareFlasher 2.5.</summary>
internal sealed class StandInBench : ISerialPorts, INanoff, IDisposable
{
    private readonly Lock _lock = new();
    private int _runtimesAtOnce;

    public List<StandInBoard> Boards { get; } = [];

    public string FlasherVersion { get; set; } = "2.5.130";

    public List<string> Commands { get; } = [];

    public int MaxRuntimesAtOnce { get; private set; }

    public HashSet<string> Open { get; } = new(StringComparer.Ordinal);

    public string? ForbiddenPort { get; set; }

    /// <summary>Called wherever the tool may be killed: around what it asks of a board, and in the middle of a write.</summary>
    public Action? OnMoment { get; set; }

    public IReadOnlyList<SerialPortDescription> List() =>
        [.. Boards.Where(b => b.IsPlugged).SelectMany(b => new[] { new SerialPortDescription(b.FlashPort, "10c4:ea60", "CP2102N"), new SerialPortDescription(b.ConsolePort, b.ConsoleUsbId, "FT232R") }).DistinctBy(p => p.Name).OrderBy(p => p.Name, StringComparer.Ordinal)];

    public List<string> Undriven { get; } = [];

    public IReadOnlyList<string> WithoutDriver() => Undriven;

    ISerialLine ISerialPorts.Open(string name)
    {
        if (name == ForbiddenPort)
        {
            throw new UnauthorizedAccessException("Access to the port is denied");
        }

        StandInBoard board = Boards.Find(b => b.IsPlugged && (b.FlashPort == name || b.ConsolePort == name)) ?? throw new FileNotFoundException($"Could not find {name}");
        if (name == board.ConsolePort && board.PlugsAway > 0 && --board.PlugsAway > 0)
        {
            throw new FileNotFoundException($"Could not find {name}");
        }

        lock (_lock)
        {
            return Open.Add(name) ? new Line(this, board, name) : throw new IOException(name + " is in use");
        }
    }

    public NanoffResult Run(IReadOnlyList<string> arguments, Action<string> line, CancellationToken cancellation)
    {
        lock (_lock)
        {
            Commands.Add(FlashPlan.Render("nanoff", arguments));
        }

        List<string> lines = [".NET nanoFramework Firmware Flasher v" + FlasherVersion, "Copyright (C) 2019 .NET Foundation and nanoFramework project contributors", string.Empty];
        void Say(string text)
        {
            foreach (string one in text.Split('\n'))
            {
                lines.Add(one);
                line(one);
            }
        }

        string Value(string option) => arguments[arguments.ToList().IndexOf(option) + 1];
        if (arguments.Contains("--listports"))
        {
            return new NanoffResult(0, lines);
        }

        StandInBoard? board = Boards.Find(b => b.IsPlugged && b.FlashPort == Value("--serialport"));
        string error = board is null ? "E4005: Failed to open specified COM port." : board.NextError ?? string.Empty;
        if (error.Length > 0)
        {
            board?.NextError = null;
            Say("Error " + error);

            // The exit code as Linux passes it on: 4003 is 163.
            return new NanoffResult(int.Parse(error.AsSpan(1, 4), CultureInfo.InvariantCulture) & 0xFF, lines);
        }

        if (arguments.Contains("--devicedetails"))
        {
            Say(board!.Details());
        }
        else if (arguments.Contains("--update"))
        {
            lock (_lock)
            {
                MaxRuntimesAtOnce = Math.Max(MaxRuntimesAtOnce, ++_runtimesAtOnce);
            }

            bool wasRunning = board!.IsRunning;
            board.IsRunning = false;
            OnMoment?.Invoke();
            board.IsRunning = wasRunning;
            Say("Flashing firmware...OK");
            board!.Pod.Target = Value("--target");
            board.Pod.ImageVersion = Value("--fwversion");
            if (arguments.Contains("--masserase"))
            {
                board.Pod.Erase();
                board.IsRunning = false;
            }

            lock (_lock)
            {
                _runtimesAtOnce--;
            }
        }
        else
        {
            bool isRunning = board!.IsRunning;
            board.IsRunning = false;
            OnMoment?.Invoke();
            board.IsRunning = isRunning;
            for (int percent = 0; percent <= 100; percent += 10)
            {
                line(string.Create(CultureInfo.InvariantCulture, $"Writing at 0x001E0000 [====>     ] {percent,3}.0% {percent}/100 bytes..."));
                if (board!.UnplugsAt > 0 && percent >= board.UnplugsAt)
                {
                    board.UnplugsAt = 0;
                    board.IsPlugged = false;
                    board.IsRunning = false;
                    Say("Error E4003: Failed to write new firmware to ESP32.");
                    return new NanoffResult(4003 & 0xFF, lines);
                }
            }

            if (!board!.IsDeaf)
            {
                byte[] program = File.ReadAllBytes(Value("--image"));
                ProgramImage image = ProgramImage.Parse(program, out _)!;
                board.Pod.Build = new[] { SyntheticProgram.Build, SyntheticProgram.OtherBuild }.First(image.HoldsString);
                board.IsRunning = true;
                board.Pod.Restart();
                if (board.LosesIdentity)
                {
                    board.Pod.Erase();
                }
            }

            board.IsDeaf = false;
            Say("Flashing deployment partition...OK");
        }

        OnMoment?.Invoke();
        return new NanoffResult(0, lines);
    }

    private sealed class Line(StandInBench bench, StandInBoard board, string name) : ISerialLine
    {
        private readonly StringBuilder _in = new();
        private readonly Queue<byte> _out = new();
        private readonly Lock _queue = new();

        public void Write(byte[] bytes)
        {
            Require();
            if (name == board.FlashPort && name != board.ConsolePort)
            {
                // The debugger answers its own packets and nothing else.
                if (board.Pod.Target.Length > 0 && Encoding.Latin1.GetString(bytes).Contains("NFPKTV1", StringComparison.Ordinal))
                {
                    Put(Encoding.Latin1.GetBytes("NFPKTV1\0reply"));
                }

                return;
            }

            if (!board.IsRunning)
            {
                return;
            }

            foreach (byte b in bytes)
            {
                if (b is (byte)'\r' or (byte)'\n')
                {
                    string line = _in.ToString();
                    _in.Clear();
                    if (line.Length > 0)
                    {
                        Put(Encoding.ASCII.GetBytes(board.Pod.Answer(line)));
                        bench.OnMoment?.Invoke();
                    }
                }
                else
                {
                    _in.Append((char)b);
                }
            }
        }

        public int Read(byte[] buffer, int timeoutMs)
        {
            Require();
            if (name == board.ConsolePort && board.PlugsAway > 0)
            {
                board.ReadsWhileAway++;
                throw new IOException("The port is gone");
            }

            int count = 0;
            lock (_queue)
            {
                while (count < buffer.Length && _out.TryDequeue(out byte next))
                {
                    buffer[count++] = next;
                }
            }

            if (count == 0)
            {
                bench.Clock.Advance(timeoutMs);
            }

            return count;
        }

        public void Dispose()
        {
            lock (bench._lock)
            {
                bench.Open.Remove(name);
            }
        }

        private void Put(byte[] bytes)
        {
            lock (_queue)
            {
                Array.ForEach(bytes, _out.Enqueue);
            }
        }

        private void Require()
        {
            if (!board.IsPlugged)
            {
                throw new IOException("The port is gone");
            }
        }
    }

    public StandInClock Clock { get; } = new();

    public void Dispose() => Clock.Dispose();

    /// <summary>The machine with this bench.</summary>
    public FlashMachine Machine(TextWriter output, TextWriter diagnostics, IOperator? user = null, string path = "") => new()
    {
        Output = output,
        Diagnostics = diagnostics,
        Operator = user ?? new StandInOperator(),
        Ports = this,
        Nanoff = this,
        Clock = Clock,
        Path = path,
        StartMs = 5000,
        Pause = Clock.Advance,
    };
}

/// <summary>A clock that stands, but for what waiting takes; each thread, so each board, has its own.</summary>
internal sealed class StandInClock : TimeProvider, IDisposable
{
    private readonly ThreadLocal<long> _ms = new();

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => _ms.Value;

    public override DateTimeOffset GetUtcNow() => new(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);

    public void Advance(int ms) => _ms.Value += ms;

    public void Dispose() => _ms.Dispose();
}

/// <summary>A person with answers ready, or nobody.</summary>
internal sealed class StandInOperator(params string[] answers) : IOperator
{
    private readonly Queue<string> _answers = new(answers);

    public bool IsThere => answers.Length > 0;

    public List<string> Questions { get; } = [];

    public byte[] Input { get; set; } = [];

    public string? Ask(string question)
    {
        Questions.Add(question);
        return _answers.TryDequeue(out string? answer) ? answer : null;
    }

    public string? AskSecret(string question) => Ask(question);

    public Stream StandardInput() => new MemoryStream(Input);

    public Stream Keys() => StandardInput();
}
