using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Core;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Host.Misreadings;

/// <summary>
/// The MAX30102 driver against its simulated chip: light set at the simulated chip's stimulus input, every sample that the simulated chip made is delivered as it
/// was, in order and with its time, or declared lost. Then the same with planted misreadings.
/// </summary>
[TestClass]
public sealed class Max30102MisreadingTests
{
    private const int Address = 0x57;

    private static readonly Check[] Checks =
    [
        new("every sample", make => Deliver(make, 4_000_000, _ => { }, exactLoss: 2)),
        new("a calm finger", CalmFinger),
        new("another part", make => Disturbed(make, w => w.OnRead = (r, _, b) => { if (r == 0xFF) { b[0] = 0x11; } }, FaultCode.Max30102WrongPart)),
        new("a reset without end", make => Disturbed(make, w => w.OnRead = (r, _, b) => { if (r == 0x09) { b[0] |= 0x40; } }, FaultCode.Max30102ResetTimeout)),
        new("a configuration that is lost on its way", ConfigurationRefused),
        new("a configuration that is lost later", ConfigurationLost),
        new("a supply that came again", make => Disturbed(make, w => w.OnRead = (r, n, b) => { if (r == 0x00 && n == 5) { b[0] |= 0x01; } }, FaultCode.Max30102BrownOut, true)),
        new("a brown-out", BrownOut),
        new("an overrun", Overrun),
        new("a FIFO that is exactly full", ExactlyFull),
        new("a long overrun", LongOverrun),
        new("two overruns", TwoOverruns),
        new("each bit of the pointers", EachPointerBit),
        new("each bit of the samples", EachSampleBit),
        new("words that no part makes", Implausible),
        new("samples that never agree", NeverAgree),
        new("rewinds that are lost", make => Deliver(make, 3_000_000, w => w.OnWrite = (r, n, _) => r != 0x06 || n != 7)),
        new("the die's temperature", DieTemperature),
        new("a die temperature that does not come", DieTemperatureMissing),
        new("LED currents", LedCurrents),
        new("LED currents that do not arrive", LedCurrentLost),
        new("a fast and a slow oscillator", Oscillators),
        new("a hung part", Hung),
        new("a part that stopped", Stopped),
        new("an unplugged part", Unplugged),
        new("failures in each transaction", RefusedTransactions),
        new("strong ambient light", AmbientLight),
    ];

    private static readonly Mutation[] Mutations =
    [
        new("bytes exchanged", "Max30102Decoder.cs", "((buffer[offset] & 0x03) << 16) | (buffer[offset + 1] << 8) | buffer[offset + 2]", "((buffer[offset + 2] & 0x03) << 16) | (buffer[offset + 1] << 8) | buffer[offset]"),
        new("17 bits", "Max30102Decoder.cs", "(buffer[offset] & 0x03) << 16", "(buffer[offset] & 0x01) << 16"),
        new("16 bits", "Max30102Decoder.cs", "((buffer[offset] & 0x03) << 16) | (buffer", "(buffer"),
        new("left-justified", "Max30102Decoder.cs", "((buffer[offset] & 0x03) << 16) | (buffer[offset + 1] << 8) | buffer[offset + 2]", "(((buffer[offset] & 0x03) << 16) | (buffer[offset + 1] << 8) | buffer[offset + 2]) >> 2"),
        new("unused bits taken for data", "Max30102Decoder.cs", "return (buffer[offset] & 0xFC) == 0;", "return true;"),
        new("red and infrared exchanged", "Max30102Decoder.cs", "return Count(buffer, offset + 3);", "return Count(buffer, offset);"),
        new("three bytes per sample", "Max30102Decoder.cs", "SampleBytes = 6", "SampleBytes = 3"),
        new("die temperature without sign", "Max30102Decoder.cs", "((sbyte)integer * 16)", "(integer * 16)"),
        new("die temperature's fraction subtracted", "Max30102Decoder.cs", "* 16) + (fraction & 0x0F)", "* 16) - (fraction & 0x0F)"),
        new("die temperature's fraction as hundredths", "Max30102Decoder.cs", "(fraction & 0x0F)) * 125", "(fraction & 0x00)) * 125"),
        new("pointers at the MAX30100's place", "Max30102Registers.cs", "FifoWritePointer = 0x04", "FifoWritePointer = 0x02"),
        new("data at the MAX30100's place", "Max30102Registers.cs", "FifoData = 0x07", "FifoData = 0x05"),
        new("read pointer at the wrong place", "Max30102Registers.cs", "FifoReadPointer = 0x06", "FifoReadPointer = 0x05"),
        new("identity of the MAX30100", "Max30102Registers.cs", "PartIdValue = 0x15", "PartIdValue = 0x11"),
        new("identity not looked at", "Max30102.Probe.cs", "if (_read[0] != Max30102Registers.PartIdValue)", "if (false)"),
        new("4 conversions averaged", "Max30102Registers.cs", "FifoAverage2NoRollover = 0x2F", "FifoAverage2NoRollover = 0x4F"),
        new("rollover on", "Max30102Registers.cs", "FifoAverage2NoRollover = 0x2F", "FifoAverage2NoRollover = 0x3F"),
        new("range 8,192 nA", "Max30102Registers.cs", "Spo2Range4096Rate100Width411 = 0x27", "Spo2Range4096Rate100Width411 = 0x47"),
        new("50 conversions per second", "Max30102Registers.cs", "Spo2Range4096Rate100Width411 = 0x27", "Spo2Range4096Rate100Width411 = 0x23"),
        new("17-bit pulses", "Max30102Registers.cs", "Spo2Range4096Rate100Width411 = 0x27", "Spo2Range4096Rate100Width411 = 0x26"),
        new("heart-rate mode", "Max30102Registers.cs", "ModeSpo2 = 0x03", "ModeSpo2 = 0x02"),
        new("LED currents exchanged", "Max30102Registers.cs", "Led1PulseAmplitude = 0x0C;", "Led1PulseAmplitude = 0x0D;"),
        new("reset not awaited", "Max30102.Probe.cs", "if (answered && (_read[0] & Max30102Registers.Reset) == 0)", "if (answered)"),
        new("power flag at the wrong bit", "Max30102Registers.cs", "PowerReady = 0x01", "PowerReady = 0x10"),
        new("almost full at the wrong bit", "Max30102Registers.cs", "AlmostFull = 0x80", "AlmostFull = 0x10"),
        new("die temperature flag in status 1's place", "Max30102Registers.cs", "DieTemperatureReady = 0x02", "DieTemperatureReady = 0x04"),
        new("ambient flag at the wrong bit", "Max30102Registers.cs", "AmbientLightOverflow = 0x20", "AmbientLightOverflow = 0x10"),
        new("overflow counter ignored", "Max30102.Fifo.cs", "int overflow = _again[1];", "int overflow = 0;"),
        new("overflow before the samples", "Max30102.Fifo.cs", "            _beforeGap = FifoDepth;", "            Declare(overflow, SampleLoss.Overrun); _clock.Advance(overflow);"),
        new("overflow counter believed at its end", "Max30102.Fifo.cs", "        if (_gapSamples < Max30102Registers.PointerMask)\n        {\n            _clock.Advance", "        if (true)\n        {\n            _clock.Advance"),
        new("equal pointers mean empty", "Max30102.Fifo.cs", "bool isFull = overflow > 0 || (_wasAlmostFull", "bool isFull = overflow > 0 || (false"),
        new("equal pointers mean full", "Max30102.Fifo.cs", "bool isFull = overflow > 0 ||", "bool isFull = overflow >= 0 ||"),
        new("pointers wrap at 64", "Max30102Registers.cs", "PointerMask = 0x1F", "PointerMask = 0x3F"),
        new("pointers subtracted the other way", "Max30102.Fifo.cs", "(_read[0] - _readPointer) & Max30102Registers.PointerMask", "(_readPointer - _read[0]) & Max30102Registers.PointerMask"),
        new("pointers not compared", "Max30102.Fifo.cs", "        return (bits & ~Max30102Registers.PointerMask) == 0", "        return true || (bits & ~Max30102Registers.PointerMask) == 0"),
        new("samples not compared", "Max30102.Fifo.cs", "bool agree = IsSame(_first, _second, bytes);", "bool agree = true;"),
        new("third reading not compared", "Max30102.Fifo.cs", "agree = IsSame(_third, _second, bytes) || IsSame(_third, _first, bytes);", "agree = true;"),
        new("not rewound", "Max30102.Fifo.cs", "!ReadFifo(_first, bytes, nowUs) || !Rewind(nowUs) ||", "!ReadFifo(_first, bytes, nowUs) ||"),
        new("end of reading not looked at", "Max30102.Fifo.cs", "if (_read[0] != end)\n", "if (false)\n"),
        new("settling published", "Max30102.cs", "SettlingSamples = 2;", "SettlingSamples = 0;"),
        new("configuration not read back", "Max30102.Probe.cs", "        kept &= _read[0] == Max30102Registers.FifoAverage2NoRollover", "        kept |= _read[0] == Max30102Registers.FifoAverage2NoRollover"),
        new("LED currents not read back", "Max30102.Probe.cs", "        kept &= _read[0] == _redCode && _read[1] == _infraredCode;", ""),
        new("stall never noticed", "Max30102.Fifo.cs", "nowUs - _lastNewUs > StallUs)", "false)"),
        new("stamps by the nominal period", "Max30102Clock.cs", "        if (correction == 0)", "        if (correction != long.MinValue)"),
        new("the period never found", "Max30102Clock.cs", "_period += Clamp(correction", "_period += 0 * Clamp(correction"),
    ];

    public static IEnumerable<object[]> MutationNames => Mutations.Select(m => new object[] { m.Name });

    [TestMethod]
    public void TheDriverPassesEveryCheck()
    {
        Assert.AreEqual("none", Check.FirstFailure(Checks, port => new Firmware.Peripherals.Max30102(port, Address)) ?? "none");
        Assert.AreEqual("none", Check.FirstFailure(Checks, MutantCompiler.Compile("Max30102", Address, null)) ?? "none", "compiled from the copied sources");
    }

    [TestMethod]
    [DynamicData(nameof(MutationNames))]
    public void APlantedMisreadingIsCaught(string name)
    {
        Mutation mutation = Mutations.Single(m => m.Name == name);
        string? failure = Check.FirstFailure(Checks, MutantCompiler.Compile("Max30102", Address, mutation));
        Assert.IsNotNull(failure, $"'{name}' passes every check");
        Console.WriteLine($"{name}: caught by {failure}");
    }

    private sealed class RestlessLight : ILightStimulus
    {
        public LightSample At(long us)
        {
            var random = new SeededRandom((ulong)us);
            return LightSample.FromCounts(random.NextInt32(0x40000), random.NextInt32(0x40000));
        }
    }

    private sealed class SteadyLight(long red, long infrared, long ambient = 0) : ILightStimulus
    {
        public LightSample At(long us) => LightSample.FromCounts(red, infrared, ambient);
    }

    /// <summary>A simulated chip whose samples are written down, and a judge of what the driver says of them.</summary>
    private sealed class Bench
    {
        private readonly List<FifoEvent> _made = [];
        private int _next;
        private long _lastUs = long.MinValue;

        public Bench(Func<II2cPort, IDriver> make, Max30102Options? options = null, ILightStimulus? light = null)
        {
            Simulated = new SimulatedMax30102(World.Clock, new SeededRandom(30102), options);
            Simulated.Light = light ?? new RestlessLight();
            Simulated.DieTemperatureMilliCelsius = _ => 31_000;
            Simulated.FifoChanged += e =>
            {
                if (e.Fate is FifoFate.Stored or FifoFate.Refused)
                {
                    _made.Add(e);
                }
            };
            World.Bus.Attach(Address, Simulated);
            World.Clock.Advance(10_000);
            World.Make(make);
        }

        public World World { get; } = new();

        public SimulatedMax30102 Simulated { get; }

        public int Delivered { get; private set; }

        public int Lost { get; private set; }

        public int LossCauses { get; private set; }

        public bool SawLowerBound { get; private set; }

        public int Made => _made.Count;

        public long StampTolerance { get; set; } = 20_000;

        public void Validate()
        {
            dynamic driver = World.Driver;
            int count = driver.SampleCount;
            int lost = driver.LostSamples;
            bool atLeast = driver.LostIsLowerBound;
            Check.That(count is > 0 and <= 32, $"a batch of {count}");
            Check.That(lost == 0 == ((int)driver.LossCause == 0), "a loss without a cause, or a cause without a loss");
            int[] red = driver.Red;
            int[] infrared = driver.Infrared;
            _next += lost;
            if (atLeast)
            {
                SawLowerBound = true;
                int found = _next;
                while (found < _made.Count && !Matches(found, red[0], infrared[0]))
                {
                    found++;
                }

                Lost += found - _next;
                _next = found;
            }

            long firstUs = driver.FirstSampleUs;
            int periodUs = driver.SamplePeriodUs;
            Check.That(firstUs > _lastUs, "stamps step back");
            for (int i = 0; i < count; i++)
            {
                Check.That(_next < _made.Count, "more samples than the part made");
                Check.That(Matches(_next, red[i], infrared[i]), $"sample {_next}: {red[i]}/{infrared[i]} was published, {_made[_next].First}/{_made[_next].Second} was made");
                _lastUs = firstUs + ((long)i * periodUs);
                Check.That(Math.Abs(_lastUs - _made[_next].TimeUs) <= StampTolerance, $"sample {_next} was made at {_made[_next].TimeUs} µs and is stamped {_lastUs}");
                _next++;
            }

            Delivered += count;
            Lost += lost;
            LossCauses |= (int)driver.LossCause;
        }

        public void Run(long us) => World.RunUntil(World.Clock.NowUs + us, Validate);

        public void AllAccounted() => Check.That(Made - Delivered - Lost is >= 0 and <= 8, $"{Made} made, {Delivered} delivered, {Lost} declared lost");

        private bool Matches(int index, int red, int infrared) => _made[index].First == red && _made[index].Second == infrared && _made[index].Fate != FifoFate.Refused;
    }

    private static Bench Deliver(Func<II2cPort, IDriver> make, long us, Action<World> disturb, int exactLoss = -1)
    {
        var bench = new Bench(make);
        disturb(bench.World);
        bench.Run(us);
        bench.AllAccounted();
        Check.That(bench.Made >= ((us - 100_000) / 20_000) - 2 && bench.Made <= (us / 20_000) + 2, $"{bench.Made} samples made in {us} µs");
        Check.That(exactLoss < 0 || bench.Lost == exactLoss, $"{bench.Lost} samples declared lost");
        Check.That(bench.Delivered > 0, "nothing was delivered");
        return bench;
    }

    private static void CalmFinger(Func<II2cPort, IDriver> make)
    {
        var bench = new Bench(make, light: new SteadyLight(90_000, 150_001));
        int batches = 0;
        bench.World.RunUntil(3_000_000, () =>
        {
            bench.Validate();
            dynamic driver = bench.World.Driver;
            Check.That(driver.Red[0] == 90_000 && driver.Infrared[0] == 150_001, "the published counts are not the light's");
            Check.That(driver.RedCurrentCode == 0x20 && driver.InfraredCurrentCode == 0x20, "the LED currents are not those of the start");
            Check.That(driver.SamplePeriodUs == 20_000, "the period of an exact part is not 20 ms");
            batches++;
        });
        Check.That(batches >= 25 && bench.World.Failures.Count == 0, "batches are missing");
        Check.That(bench.Simulated.ConversionRateHz == 100 && bench.Simulated.ConversionsPerSample == 2, "not 100 Hz, 2 averaged");
        Check.That(bench.Simulated.FullScaleNanoamperes == 4096 && bench.Simulated.ResolutionBits == 18, "not 4,096 nA at 18 bits");
        Check.That(bench.World.LongestCallNs < 2_500_000, $"a call kept the bus for {bench.World.LongestCallNs} ns");
    }

    private static void Disturbed(Func<II2cPort, IDriver> make, Action<World> disturb, FaultCode expected, bool mayPublish = false)
    {
        var bench = new Bench(make);
        disturb(bench.World);
        bench.World.Expect(expected, 3_000_000, mayPublish ? bench.Validate : () => throw new MisreadException("samples were published"));
    }

    private static void ConfigurationRefused(Func<II2cPort, IDriver> make)
    {
        foreach (int register in new[] { 0x02, 0x03, 0x08, 0x0A, 0x0C, 0x0D })
        {
            Disturbed(make, w => w.OnWrite = (r, _, _) => r != register, FaultCode.Max30102ConfigurationRefused);
        }

        Disturbed(make, w => w.OnWrite = (r, n, _) => r != 0x09 || n == 0, FaultCode.Max30102ConfigurationRefused);
    }

    private static void ConfigurationLost(Func<II2cPort, IDriver> make)
    {
        foreach (byte register in new byte[] { 0x02, 0x03, 0x08, 0x09, 0x0A, 0x0C, 0x0D })
        {
            var bench = new Bench(make);
            bench.Run(1_050_000);
            bench.World.Poke(Address, register, (byte)(register == 0x0A ? 0x23 : 0x00));
            bench.World.Expect(FaultCode.Max30102ConfigurationLost, 500_000, () => throw new MisreadException($"samples were published after register {register} had changed"));
        }
    }

    private static void BrownOut(Func<II2cPort, IDriver> make)
    {
        var bench = new Bench(make);
        bench.Run(1_050_000);
        bench.World.Bus.BrownOut(Address);
        bench.World.Expect(FaultCode.Max30102BrownOut, 500_000, () => throw new MisreadException("samples were published after a brown-out"));
        int before = bench.Delivered;
        bench.World.Driver.Restart();
        bench.Run(3_000_000);
        Check.That(bench.Delivered > before + 50, "the part did not come back");
        Check.That(bench.SawLowerBound, "what was in the FIFO was not declared");
    }

    private static void Overrun(Func<II2cPort, IDriver> make)
    {
        var bench = new Bench(make);
        bench.Run(1_050_000);
        bench.World.Clock.Advance(900_000);
        bench.Run(2_000_000);
        bench.AllAccounted();
        Check.That(!bench.SawLowerBound && bench.World.Failures.Count == 0, $"an overrun of known size was not taken as one {string.Join(' ', bench.World.Failures)}");
        Check.That(bench.Lost is >= 8 and <= 20, $"{bench.Lost} samples lost in 900 ms");
        Check.That((bench.LossCauses & 2) != 0, "not declared as an overrun");
    }

    private static void ExactlyFull(Func<II2cPort, IDriver> make)
    {
        for (int ms = 560; ms <= 720; ms += 10)
        {
            var bench = new Bench(make);
            bench.Run(1_000_000);
            bench.World.Clock.Advance(ms * 1000);
            bench.Run(1_000_000);
            bench.AllAccounted();
            Check.That(bench.World.Failures.Count == 0, $"a pause of {ms} ms became {string.Join(' ', bench.World.Failures)}");
        }
    }

    private static void LongOverrun(Func<II2cPort, IDriver> make)
    {
        var bench = new Bench(make);
        bench.Run(1_050_000);
        bench.World.Clock.Advance(3_000_000);
        dynamic driver = bench.World.Driver;
        int declared = 0;
        bench.World.RunUntil(bench.World.Clock.NowUs + 2_000_000, () =>
        {
            bench.Validate();
            declared = Math.Max(declared, (int)driver.LostSamples);
        });
        bench.AllAccounted();
        Check.That(bench.SawLowerBound, "the overflow counter's end was taken for a number");
        Check.That(declared is > 100 and <= 125, $"{declared} samples declared lost at least, in 3 s");
    }

    private static void TwoOverruns(Func<II2cPort, IDriver> make)
    {
        var bench = new Bench(make);
        bench.Run(1_050_000);
        bench.World.Clock.Advance(800_000);
        int batches = 0;
        dynamic driver = bench.World.Driver;
        while (batches == 0)
        {
            bench.World.Clock.AdvanceTo(Math.Max(bench.World.Clock.NowUs, bench.World.Driver.NextStepUs));
            if (driver.Measure(bench.World.Clock.NowUs) == DriverResult.Ready)
            {
                bench.Validate();
                batches++;
            }
        }

        bench.World.Clock.Advance(900_000);
        bench.Run(2_000_000);
        bench.AllAccounted();
        Check.That(bench.SawLowerBound, "losses that cannot be placed were not declared");
    }

    private static void EachPointerBit(Func<II2cPort, IDriver> make)
    {
        for (int occurrence = 4; occurrence < 8; occurrence++)
        {
            for (int bit = 0; bit < 24; bit++)
            {
                int at = occurrence;
                int flipped = bit;
                Deliver(make, 1_500_000, w => w.OnRead = (r, n, b) =>
                {
                    if (r == 0x04 && n == at)
                    {
                        b[flipped / 8] ^= (byte)(1 << (flipped % 8));
                    }
                });
            }
        }
    }

    private static void EachSampleBit(Func<II2cPort, IDriver> make)
    {
        for (int occurrence = 6; occurrence < 8; occurrence++)
        {
            for (int bit = 0; bit < 48; bit++)
            {
                int at = occurrence;
                int flipped = bit;
                Deliver(make, 1_500_000, w => w.OnRead = (r, n, b) =>
                {
                    if (r == 0x07 && n == at)
                    {
                        b[flipped / 8] ^= (byte)(1 << (flipped % 8));
                    }
                }, exactLoss: 2);
            }
        }
    }

    private static void Implausible(Func<II2cPort, IDriver> make)
    {
        Bench bench = Deliver(make, 3_000_000, w => w.OnRead = (r, n, b) =>
        {
            if (r == 0x07 && n is 8 or 9 && b.Length > 3)
            {
                b[3] |= 0x80;
            }
        });
        Check.That(bench.World.Failures.Exists(f => f.Code == FaultCode.Max30102ImplausibleWord), "a word that no part makes left no trace");
        Check.That((bench.LossCauses & 8) != 0, "not declared as implausible");
    }

    private static void NeverAgree(Func<II2cPort, IDriver> make)
    {
        Bench bench = Deliver(make, 3_000_000, w => w.OnRead = (r, n, b) =>
        {
            if (r == 0x07 && n is >= 8 and <= 10)
            {
                b[2] ^= (byte)(1 << (n - 8));
            }
        });
        Check.That(bench.World.Failures.Exists(f => f.Code == FaultCode.Max30102ReadingsDisagree), "samples that never agree left no trace");
        Check.That((bench.LossCauses & 4) != 0, "not declared as disagreement");
    }

    private static void DieTemperature(Func<II2cPort, IDriver> make)
    {
        foreach (int truth in new[] { 36_500, -5_300, 84_900 })
        {
            var bench = new Bench(make);
            bench.Simulated.DieTemperatureMilliCelsius = _ => truth;
            int seen = 0;
            dynamic driver = bench.World.Driver;
            bench.World.RunUntil(21_000_000, () =>
            {
                bench.Validate();
                if (driver.DieTemperatureReady)
                {
                    seen++;
                    int value = driver.DieTemperatureMilliCelsius;
                    Check.That(Math.Abs(value - truth) <= 33, $"a die temperature of {value} m°C where {truth} m°C is the truth");
                    Check.That((AbsenceReason)driver.DieTemperatureReason == AbsenceReason.None, "a die temperature with a reason for its absence");
                }
            });
            Check.That(seen == 3, $"{seen} die temperatures in 21 s");
        }
    }

    private static void DieTemperatureMissing(Func<II2cPort, IDriver> make)
    {
        var bench = new Bench(make);
        bench.World.OnWrite = (r, _, _) => r != 0x21;
        dynamic driver = bench.World.Driver;
        bench.World.RunUntil(3_000_000, () =>
        {
            bench.Validate();
            Check.That(!(bool)driver.DieTemperatureReady, "a die temperature that nobody measured");
        });
        Check.That((FaultCode)driver.DieTemperatureFaultCode == FaultCode.Max30102DieTemperatureMissing, "its absence has no reason");
        bench.AllAccounted();
    }

    private static void LedCurrents(Func<II2cPort, IDriver> make)
    {
        var bench = new Bench(make, light: new SteadyLight(20_000, 50_000));
        bench.Run(1_050_000);
        dynamic driver = bench.World.Driver;
        driver.SetLedCurrent(0x40, 0x10);
        int changed = 0;
        bench.World.RunUntil(3_000_000, () =>
        {
            bench.Validate();
            int red = driver.RedCurrentCode;
            int infrared = driver.InfraredCurrentCode;
            for (int i = 0; i < (int)driver.SampleCount; i++)
            {
                Check.That(Math.Abs(((int[])driver.Red)[i] - (20_000 * red / 0x20)) <= 1 && Math.Abs(((int[])driver.Infrared)[i] - (50_000 * infrared / 0x20)) <= 1, "a sample's LED current is not the one told");
            }

            changed += red == 0x40 && infrared == 0x10 ? 1 : 0;
        });
        bench.AllAccounted();
        Check.That(changed > 5 && bench.Simulated.RedLedMicroamperes == 12_800 && bench.Simulated.InfraredLedMicroamperes == 3_200, "the currents were not set");
    }

    private static void LedCurrentLost(Func<II2cPort, IDriver> make)
    {
        var bench = new Bench(make);
        bench.Run(1_050_000);
        bench.World.OnWrite = (r, _, _) => r != 0x0D;
        ((dynamic)bench.World.Driver).SetLedCurrent(0x40, 0x10);
        bench.World.Expect(FaultCode.Max30102ConfigurationLost, 500_000, () => throw new MisreadException("samples were published with a current that was not set"));
    }

    private static void Oscillators(Func<II2cPort, IDriver> make)
    {
        foreach (int ppm in new[] { 30_000, -30_000, 2_000 })
        {
            var bench = new Bench(make, new Max30102Options { ClockErrorPpm = ppm }) { StampTolerance = 24_000 };
            bench.Run(20_000_000);
            bench.StampTolerance = 21_000;
            bench.Run(20_000_000);
            bench.AllAccounted();
            double truth = 20_000 / (1 + (ppm / 1e6));
            int found = ((dynamic)bench.World.Driver).SamplePeriodUs;
            Check.That(Math.Abs(found - truth) <= truth * 0.004, $"a period of {found} µs was found where {truth:F0} µs is the truth");
            Check.That(bench.Lost == 2 && bench.World.Failures.Count == 0, "an oscillator within its tolerance became a fault");
        }
    }

    private static void Hung(Func<II2cPort, IDriver> make)
    {
        foreach (int unread in new[] { 0, 30_000, 95_000 })
        {
            var bench = new Bench(make);
            bench.Run(1_000_000);
            bench.World.Clock.Advance(unread);
            bench.Simulated.IsFrozen = true;
            int delivered = bench.Delivered;
            bench.World.RunUntil(bench.World.Clock.NowUs + 1_500_000, bench.Validate, restarts: false);
            Check.That(bench.Delivered == delivered, "a hung part's samples were published");
            Check.That(bench.World.Failures.Exists(f => f.Reason == AbsenceReason.SensorFault), "a hung part left no trace");
        }
    }

    private static void Stopped(Func<II2cPort, IDriver> make)
    {
        var bench = new Bench(make);
        bench.Run(1_000_000);
        byte[] pointers = [];
        bench.World.OnRead = (r, _, b) =>
        {
            if (r == 0x04)
            {
                pointers = pointers.Length == 0 ? [b[2], 0, b[2]] : pointers;
                pointers.CopyTo(b);
            }
        };
        bench.World.Expect(FaultCode.Max30102NoSamples, 1_000_000, () => throw new MisreadException("samples came from an empty FIFO"));
    }

    private static void Unplugged(Func<II2cPort, IDriver> make)
    {
        var bench = new Bench(make);
        bench.Run(1_050_000);
        bench.World.Bus.Unplug(Address);
        bench.World.ExpectAbsent(FaultCode.Max30102NotPresent, 500_000);
    }

    private static void RefusedTransactions(Func<II2cPort, IDriver> make)
    {
        for (int transaction = 0; transaction < 26; transaction++)
        {
            foreach (int afterBytes in new[] { 0, 1, 4, 13 })
            {
                var bench = new Bench(make);
                bench.Run(1_050_000);
                bench.World.Bus.Faults = new Simulators.Buses.I2cFaultPlan().CutShort(transaction, afterBytes);
                dynamic driver = bench.World.Driver;
                int retries = 0;
                long end = bench.World.Clock.NowUs + 1_000_000;

                // Not restarted: a failed transaction costs no sample.
                while (bench.World.Clock.NowUs < end && retries < 100)
                {
                    bench.World.Clock.AdvanceTo(Math.Max(bench.World.Clock.NowUs, bench.World.Driver.NextStepUs));
                    DriverResult result = driver.Measure(bench.World.Clock.NowUs);
                    retries += result == DriverResult.Failed ? 1 : 0;
                    if (result == DriverResult.Ready)
                    {
                        bench.Validate();
                    }
                }

                bench.AllAccounted();
                Check.That(retries <= 1, $"transaction {transaction} cut after {afterBytes} bytes: {retries} failures, the last {driver.FaultCode}");
                Check.That(bench.Lost == 2, $"a cut transaction cost {bench.Lost - 2} samples");
            }
        }
    }

    private static void AmbientLight(Func<II2cPort, IDriver> make)
    {
        foreach (long ambient in new[] { 0L, SimulatedMax30102.AmbientLimitCounts * 2 })
        {
            var bench = new Bench(make, light: new SteadyLight(20_000, 50_000, ambient));
            int flagged = 0;
            int batches = 0;
            bench.World.RunUntil(2_000_000, () =>
            {
                batches++;
                flagged += ((dynamic)bench.World.Driver).AmbientLightOverflow ? 1 : 0;
            });
            Check.That(batches > 5 && flagged == (ambient == 0 ? 0 : batches), $"{flagged} of {batches} batches are flagged for ambient light");
        }
    }
}
