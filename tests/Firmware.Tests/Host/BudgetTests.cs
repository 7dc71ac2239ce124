using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Pod.Link;
using Firmware.Pod.Start;
using Firmware.Pod.Store;
using Firmware.Protocol;
using Firmware.Tests.Pod;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Host;

/// <summary>
/// The budgets of firmware/README.md. Memory is counted on the objects of a real pod with four parts, by the sizes of the board's heap: an object takes a block of 12 bytes and one for each field, an
/// array its head and its elements, each reference a block. Source: nf-interpreter, CLR_RT_HeapBlock on 32 bits. An estimate: nothing was measured on a board.
/// </summary>
[TestClass]
public sealed partial class BudgetTests
{
    private const int Block = 12;
    private const int ArrayHead = 20;

    // Kept by the runtime in PSRAM beside the managed heap, KiB. Source: nf-interpreter, ESP32 targets.
    private const int NativeKibibytes = 256;

    [TestMethod]
    public void The_memory_of_a_whole_pod_is_within_its_budget_and_fits_each_board()
    {
        Dictionary<string, long> used = Count();
        long sum = used.Values.Sum();
        Console.WriteLine(string.Join('\n', used.Select(u => string.Create(CultureInfo.InvariantCulture, $"{u.Key}: {u.Value} bytes"))) + string.Create(CultureInfo.InvariantCulture, $"\nall: {sum} bytes"));
        Dictionary<string, long> budget = Table("memory");
        CollectionAssert.AreEquivalent(used.Keys.ToArray(), budget.Keys.Where(k => !k.StartsWith("beside: ", StringComparison.Ordinal)).ToArray());
        foreach ((string part, long bytes) in used)
        {
            Assert.IsTrue(bytes <= budget[part] * 1024, $"{part}: {bytes} bytes, and its budget is {budget[part]} KiB");
            Assert.IsTrue(bytes * 2 >= budget[part] * 1024, $"{part}: its budget of {budget[part]} KiB is more than twice what it takes, {bytes} bytes");
        }

        foreach ((string board, long heapKibibytes) in Boards("psramKibibytes"))
        {
            Assert.IsTrue(budget.Values.Sum() <= heapKibibytes - NativeKibibytes, $"{board}: all budgets are {budget.Values.Sum()} KiB, and its managed heap has {heapKibibytes - NativeKibibytes}");
        }
    }

    [TestMethod]
    public void The_drive_of_each_board_holds_its_budget()
    {
        Dictionary<string, long> budget = Table("drive");
        PodOptions options = new(1, []);
        Assert.AreEqual(options.MaxSegments * (long)LittlefsStore.Blocks(options.SegmentBytes), budget["segments"]);
        Assert.AreEqual(LittlefsStore.ReservedBlocks, budget["littlefs"]);
        foreach ((string board, long kibibytes) in Boards("storeKibibytes"))
        {
            Assert.IsTrue(budget.Values.Sum() * LittlefsStore.BlockBytes <= kibibytes * 1024, $"{board}: {budget.Values.Sum()} blocks of {LittlefsStore.BlockBytes} bytes do not fit {kibibytes} KiB");
        }
    }

    [TestMethod]
    public void Minutes_of_an_outage_are_those_that_the_page_says()
    {
        // Four numbers a second, the longest of them, until the vital ring is full; sound in its own.
        PodOptions options = new(1, []);
        int frame = Frame.Overhead + NumericBody.Length;
        Dictionary<string, long> table = Table("outage");
        Assert.AreEqual(options.VitalRingBytes / (4 * frame) / 60, table["vital signs, four a second"]);
        Assert.AreEqual(options.SoundRingBytes / (10 * (Frame.Overhead + 12 + 1600)), table["sound"]);
    }

    private static Dictionary<string, long> Count()
    {
        PeripheralOptions[] parts =
        [
            new(PodPart.Tmp117, 0x48),
            new(PodPart.Max30102, 0x57),
            new(PodPart.Mprls0300, 0x18) { Cuff = new NoActuators() },
            new(PodPart.Pcm1808, 0) { Audio = new NoAudio() },
        ];
        FakeDrive drive = new();
        LittlefsStore store = new(drive, 256 * 1024);
        PodHost host = new(new PodOptions(PodBench.DeviceId, parts), new FakeBus(), store, new SoftwareCrc32(), new FakeEntropy(), new FakeLink());

        Firmware.Pod.Console.ConsoleServices services = Firmware.Pod.Console.ConsoleServices.Begin(
            store, new Simulators.Cart.Pod.SimulatedBoard(), new SoftwareCrc32(), new Simulators.Cart.Pod.SystemHmac(), new FakeEntropy(), [1, 2, 3, 4, 5, 6], FaultCode.None, 0);
        Firmware.Pod.Console.ServiceConsole console = new(new Simulators.Cart.Pod.SimulatedConsolePort(), services);
        console.Attach(host);

        // Until the store was read and each part was looked for.
        for (long nowUs = 0; nowUs < 3_000_000; nowUs += 10_000)
        {
            host.Step(nowUs);
            console.Step(nowUs);
        }

        return Reached(host, store, new StartGuard(store), new MqttFlights(), new ClockFloor(store, 1, 0), new LoopWatch(0), new StopButton(), console);
    }

    /// <summary>Bytes of the board's heap that are reached, by part.</summary>
    /// <param name="roots">From where.</param>
    /// <returns>Bytes.</returns>
    internal static Dictionary<string, long> Reached(params object[] roots)
    {
        Dictionary<string, long> used = new(StringComparer.Ordinal);
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        foreach (object root in roots)
        {
            Walk(root, Part(root.GetType()), seen, used);
        }

        return used;
    }

    private static void Walk(object? value, string owner, HashSet<object> seen, Dictionary<string, long> used)
    {
        if (value is null || !seen.Add(value))
        {
            return;
        }

        Type type = value.GetType();
        if (value is string text)
        {
            Add(ArrayHead + text.Length);
        }
        else if (value is Array array)
        {
            Type element = type.GetElementType()!;
            bool isPlain = element.IsPrimitive || element.IsEnum;
            Add(ArrayHead + ((long)array.Length * (isPlain ? Bytes(element) : Block)));
            for (int i = 0; !isPlain && i < array.Length; i++)
            {
                Walk(array.GetValue(i), owner, seen, used);
            }
        }
        else if (value is Delegate)
        {
            Add(4 * Block);
        }
        else if (type.Namespace is string space && space.StartsWith("Firmware", StringComparison.Ordinal) && !space.StartsWith("Firmware.Tests", StringComparison.Ordinal))
        {
            owner = Part(type);
            FieldInfo[] fields = [.. Fields(type)];
            Add((fields.Length + 1) * Block);
            foreach (FieldInfo field in fields.Where(f => !f.FieldType.IsPrimitive && !f.FieldType.IsEnum))
            {
                Walk(field.GetValue(value), owner, seen, used);
            }
        }

        void Add(long bytes) => used[owner] = used.GetValueOrDefault(owner) + ((bytes + Block - 1) / Block * Block);
    }

    private static IEnumerable<FieldInfo> Fields(Type? type)
    {
        for (; type is not null && type != typeof(object); type = type.BaseType)
        {
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                yield return field;
            }
        }
    }

    private static int Bytes(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Byte or TypeCode.SByte or TypeCode.Boolean => 1,
        TypeCode.Int16 or TypeCode.UInt16 or TypeCode.Char => 2,
        TypeCode.Int64 or TypeCode.UInt64 or TypeCode.Double => 8,
        _ => 4,
    };

    private static string Part(Type type) => type.Namespace!.Split('.') switch
    {
        ["Firmware", "Pod", "Store", ..] => "store and rings",
        ["Firmware", "Pod", "Link", ..] => "link",
        ["Firmware", "Pod", "Console" or "Configuration", ..] => "console and configuration",
        ["Firmware", "Peripherals", ..] => "drivers",
        ["Firmware", "Signals", ..] or ["Firmware", "Pod", "Cuff", ..] => "signals and cuff",
        _ => "channels, supervision, start",
    };

    // Rows of a table of firmware/README.md: name, then a whole number.
    private static Dictionary<string, long> Table(string name)
    {
        string[] lines = File.ReadAllLines(Path.Combine(Root(), "firmware", "README.md"));
        int start = Array.IndexOf(lines, $"<!-- budget: {name} -->");
        Assert.IsGreaterThanOrEqualTo(0, start, "firmware/README.md has no table " + name);
        return lines[start..].TakeWhile(l => l != "<!-- end -->").Select(l => Cells().Match(l)).Where(m => m.Success)
            .ToDictionary(m => m.Groups["name"].Value, m => long.Parse(m.Groups["number"].ValueSpan, CultureInfo.InvariantCulture), StringComparer.Ordinal);
    }

    private static IEnumerable<(string Board, long Value)> Boards(string key)
    {
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Root(), "hardware", "boards"), "*.json").Order(StringComparer.Ordinal))
        {
            using JsonDocument board = JsonDocument.Parse(File.ReadAllText(file));
            yield return (Path.GetFileNameWithoutExtension(file), board.RootElement.GetProperty(key).GetInt64());
        }
    }

    internal static string Root()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("Firmware.sln was not found above " + AppContext.BaseDirectory);
        }

        return folder.FullName;
    }

    [GeneratedRegex(@"^\| (?<name>[^|]+) \| (?<number>[0-9]+) \|", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Cells();

    private sealed class NoActuators : ICuffActuators
    {
        public bool IsDumpValveHeld => false;

        public bool IsPressureSwitchOpen => false;

        public void SetPump(int dutyPermille)
        {
        }

        public void SetBleedValve(int openPermille)
        {
        }

        public void TriggerDumpHold()
        {
        }

        public void OpenDumpValve()
        {
        }
    }

    private sealed class NoAudio : IAudioPort
    {
        public int SampleRateHz => 8000;

        public long LostSamples => 0;

        public AudioStatus Start() => AudioStatus.Ok;

        public void Stop()
        {
        }

        public AudioStatus Read(short[] wired, short[] other, int offset, int count, out int read)
        {
            read = 0;
            return AudioStatus.Empty;
        }
    }
}
