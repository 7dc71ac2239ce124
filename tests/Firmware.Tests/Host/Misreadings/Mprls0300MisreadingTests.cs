using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Core;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Host.Misreadings;

/// <summary>The MPRLS0300 driver against its simulated chip, truth set at the simulated chip's stimulus input; then the same with planted misreadings.</summary>
[TestClass]
public sealed class Mprls0300MisreadingTests
{
    private const int Address = 0x18;
    private const int ToleranceMilliMmHg = 4; // 30 counts of noise, and half a thousandth of rounding

    private static readonly Check[] Checks =
    [
        new("the sweep", Sweep),
        new("a ramp", Ramp),
        new("a hundred a second", Rate),
        new("one value per conversion", OneValuePerConversion),
        new("a slow part", SlowPart),
        new("each bit of each answer", EachBit),
        new("another part", make => AtProbe(make, (n, b) => { if (n == 0) { b[0] |= 0x80; } }, FaultCode.Mprls0300WrongPart)),
        new("a part without supply of its own", make => AtProbe(make, (_, b) => b[0] &= 0xBF, FaultCode.Mprls0300WrongPart)),
        new("a part that is not busy after the command", make => AtProbe(make, (_, b) => b[0] &= 0xDF, FaultCode.Mprls0300WrongPart)),
        new("a memory that failed", make => WhileMeasuring(make, b => b[0] |= 0x04, FaultCode.Mprls0300MemoryFailed)),
        new("an impossible status", make => WhileMeasuring(make, b => b[0] |= 0x10, FaultCode.Mprls0300StatusImplausible)),
        new("a status without supply", make => WhileMeasuring(make, b => b[0] &= 0xBF, FaultCode.Mprls0300StatusImplausible)),
        new("mathematics that saturate in the middle of the range", make => WhileMeasuring(make, b => b[0] |= 0x01, FaultCode.Mprls0300Saturated)),
        new("a conversion without an end", make => WhileMeasuring(make, b => b[0] |= 0x20, FaultCode.Mprls0300NoConversion)),
        new("a command that is lost", CommandLost),
        new("a part that hangs", Hangs),
        new("words that never change", StandsStill),
        new("pressures beyond either end", BeyondTheEnds),
        new("a word that stands exactly at the end", AtTheEnd),
        new("no pressure at all", NoPressure),
        new("an unplugged part", Unplugged),
        new("a part that lost its supply for a moment", BrownOut),
    ];

    private static readonly Mutation[] Mutations =
    [
        new("bytes exchanged", "Mprls0300Decoder.cs", "(answer[1] << 16) | (answer[2] << 8) | answer[3]", "(answer[3] << 16) | (answer[2] << 8) | answer[1]"),
        new("the status taken for the first byte", "Mprls0300Decoder.cs", "(answer[1] << 16) | (answer[2] << 8) | answer[3]", "(answer[0] << 16) | (answer[1] << 8) | answer[2]"),
        new("two bytes of three", "Mprls0300Decoder.cs", "(answer[2] << 8) | answer[3]", "(answer[2] << 8)"),
        new("transfer function A", "Mprls0300Decoder.cs", "ZeroCounts = 0x66666", "ZeroCounts = 0x19999A"),
        new("the end of transfer function C", "Mprls0300Decoder.cs", "FullScaleCounts = 0x399999", "FullScaleCounts = 0xCCCCCC"),
        new("the scale of the 5 psi part", "Mprls0300Decoder.cs", "FullScaleMilliMmHg = 300_000", "FullScaleMilliMmHg = 258_575"),
        new("kilopascal", "Mprls0300Decoder.cs", "FullScaleMilliMmHg = 300_000", "FullScaleMilliMmHg = 39_997"),
        new("another command", "Mprls0300Registers.cs", "Measure = 0xAA", "Measure = 0xAB"),
        new("powered at the wrong bit", "Mprls0300Registers.cs", "Powered = 1 << 6", "Powered = 1 << 7"),
        new("busy at the wrong bit", "Mprls0300Registers.cs", "Busy = 1 << 5", "Busy = 1 << 4"),
        new("memory at the wrong bit", "Mprls0300Registers.cs", "MemoryIntegrityFailed = 1 << 2", "MemoryIntegrityFailed = 1 << 3"),
        new("saturation at the wrong bit", "Mprls0300Registers.cs", "MathSaturation = 1 << 0", "MathSaturation = 1 << 1"),
        new("any identity", "Mprls0300.cs", "(_answer[0] & Mprls0300Registers.AlwaysZero) != 0 ||", "false ||"),
        new("a part that is not busy taken for one", "Mprls0300.cs", "return _answer[0] != (Mprls0300Registers.Powered | Mprls0300Registers.Busy)", "return _answer[0] < 0"),
        new("the busy bit not waited for", "Mprls0300.cs", "        _isConverting = false;\n        if (!Read(_answer, 4, nowUs))\n        {\n            return RetryAnswer(nowUs);\n        }\n", "        _isConverting = false;\n        if (!Read(_answer, 4, nowUs))\n        {\n            return DriverResult.Failed;\n        }\n\n        _answer[0] &= 0xDF;\n        if (!Read(_again, 4, nowUs))\n        {\n            return DriverResult.Failed;\n        }\n\n        _again[0] &= 0xDF;\n        return Validate(nowUs);\n"),
        new("no look at whether a conversion began", "Mprls0300.cs", "        // A part that does not turn busy has begun no conversion", "        _isConverting = true;\n        return Continue(nowUs + ConversionUs);\n        // A part that does not turn busy has begun no conversion"),
        new("read once only", "Mprls0300.cs", "if (_answer[i] != _again[i])", "if (_answer[i] != _again[i] && false)"),
        new("the status not compared", "Mprls0300.cs", "if ((status & ~Mprls0300Registers.MathSaturation) != Mprls0300Registers.Powered)", "if (status == 0)"),
        new("saturation believed", "Mprls0300.cs", "(status & Mprls0300Registers.MathSaturation) != 0 || counts", "counts"),
        new("beyond the range believed", "Mprls0300.cs", " || counts > Mprls0300Decoder.FullScaleCounts", ""),
        new("a frozen part believed", "Mprls0300.cs", "if (_equal + 1 >= FrozenWords)", "if (_equal < 0)"),
        new("a vacuum believed", "Mprls0300.cs", "if (milliMmHg < LowestMilliMmHg)", "if (milliMmHg < -1_000_000)"),
        new("the end of the range believed", "Mprls0300.cs", "if (!_hasSuppressed && (counts", "if (_equal < 0 && (counts"),
        new("the second conversion not compared", "Mprls0300.cs", "if (!isConfirmed)", "if (!isConfirmed && _equal < 0)"),
        new("no end of a conversion that hangs", "Mprls0300.cs", "ConversionTimeoutUs = 9_800", "ConversionTimeoutUs = 98_000_000"),
        new("impatient", "Mprls0300.cs", "ConversionTimeoutUs = 9_800", "ConversionTimeoutUs = 5_000"),
        new("ten a second", "Mprls0300.cs", "PeriodUs = 10_000", "PeriodUs = 100_000"),
        new("the time of the command", "Mprls0300.cs", "SampledAtUs = _commandUs + ConversionUs", "SampledAtUs = _commandUs"),
        new("absence taken for a fault of the bus", "I2cDriver.cs", "bool isAbsent = status == I2cStatus.AddressNack", "bool isAbsent = status == I2cStatus.BusStuck"),
    ];

    public static IEnumerable<object[]> MutationNames => Mutations.Select(m => new object[] { m.Name });

    [TestMethod]
    public void TheDriverPassesEveryCheck()
    {
        Assert.AreEqual("none", Check.FirstFailure(Checks, port => new Firmware.Peripherals.Mprls0300(port, Address)) ?? "none");
        Assert.AreEqual("none", Check.FirstFailure(Checks, MutantCompiler.Compile("Mprls0300", Address, null)) ?? "none", "compiled from the copied sources");
    }

    [TestMethod]
    [DynamicData(nameof(MutationNames))]
    public void APlantedMisreadingIsCaught(string name)
    {
        Mutation mutation = Mutations.Single(m => m.Name == name);
        string? failure = Check.FirstFailure(Checks, MutantCompiler.Compile("Mprls0300", Address, mutation));
        Assert.IsNotNull(failure, $"'{name}' passes every check");
        Console.WriteLine($"{name}: caught by {failure}");
    }

    private static (World World, SimulatedMprls0300 Simulated) Begin(Func<II2cPort, IDriver> make, long milliMmHg, Mprls0300Options? options = null)
    {
        World world = new();
        SimulatedMprls0300 simulated = new(world.Clock, new SeededRandom(5), options);
        world.Bus.Attach(Address, simulated);
        world.Clock.Advance(20_000);
        simulated.SetPressure(milliMmHg * 1000);
        world.Make(make);
        return (world, simulated);
    }

    private static int Value(World world) => (int)Member(world, "PressureMilliMmHg");

    private static object Member(World world, string name) => world.Driver.GetType().GetProperty(name)!.GetValue(world.Driver)!;

    private static void IsNear(int value, long truth) =>
        Check.That(Math.Abs(value - truth) <= ToleranceMilliMmHg, $"{value} thousandths of mmHg were published of {truth}");

    private static void Sweep(Func<II2cPort, IDriver> make)
    {
        foreach (int truth in new[] { -10_000, 0, 10, 1_000, 15_000, 80_000, 120_000, 180_500, 250_000, 280_000, 299_900 })
        {
            var (world, _) = Begin(make, truth);
            int values = 0;
            world.RunUntil(200_000, () =>
            {
                IsNear(Value(world), truth);
                values++;
            });
            Check.That(values >= 10, $"{values} values of {truth} thousandths of mmHg in 180 ms");
            Check.That(world.Failures.Count == 0, "a sound part failed");
        }
    }

    private static void Ramp(Func<II2cPort, IDriver> make)
    {
        var (world, simulated) = Begin(make, 0);
        simulated.SetPressure(us => (us - 20_000) * 60); // 60 mmHg/s
        int values = 0;
        world.RunUntil(1_000_000, () =>
        {
            long truth = ((long)Member(world, "SampledAtUs") - 20_000) * 60 / 1000;
            Check.That(Math.Abs(Value(world) - truth) <= 30, $"{Value(world)} thousandths of mmHg at a time when it was {truth}");
            values++;
        });
        Check.That(values > 80, "few values of a ramp");
    }

    private static void Rate(Func<II2cPort, IDriver> make)
    {
        var (world, _) = Begin(make, 100_000);
        int values = 0;
        world.RunUntil(2_020_000, () => values++);
        Check.That(values >= 195, $"{values} values in 2 s");
    }

    private static void OneValuePerConversion(Func<II2cPort, IDriver> make)
    {
        var (world, simulated) = Begin(make, 100_000);
        long last = -1;
        world.RunUntil(1_000_000, () =>
        {
            Check.That(simulated.CompletedConversions != last, "one conversion was published twice");
            last = simulated.CompletedConversions;
        });
    }

    private static void SlowPart(Func<II2cPort, IDriver> make)
    {
        var (world, simulated) = Begin(make, 0, new Mprls0300Options { ConversionUs = 8_500 });
        simulated.SetPressure(us => (us - 20_000) * 60);
        int values = 0;
        world.RunUntil(1_000_000, () =>
        {
            // The moment is that of a typical part: 3.3 ms at 60 mmHg/s.
            long truth = ((long)Member(world, "SampledAtUs") - 20_000) * 60 / 1000;
            Check.That(Math.Abs(Value(world) - truth) <= 300, "an old word was published before the conversion's end");
            values++;
        });
        Check.That(values > 50, $"{values} values of a slow part");
    }

    private static void EachBit(Func<II2cPort, IDriver> make)
    {
        for (int occurrence = 0; occurrence < 6; occurrence++)
        {
            for (int bit = 0; bit < 32; bit++)
            {
                var (world, _) = Begin(make, 120_000);
                world.RunUntil(100_000, () => IsNear(Value(world), 120_000));
                world.ForgetCounts();
                int at = occurrence;
                int flipped = bit;
                world.OnRead = (_, n, b) =>
                {
                    if (n == at && flipped / 8 < b.Length)
                    {
                        b[flipped / 8] ^= (byte)(1 << (flipped & 7));
                    }
                };
                int values = 0;
                world.RunUntil(400_000, () =>
                {
                    IsNear(Value(world), 120_000);
                    values++;
                });
                Check.That(values > 10, $"no value came back after bit {bit} of answer {occurrence}");
            }
        }
    }

    private static void AtProbe(Func<II2cPort, IDriver> make, Action<int, byte[]> change, FaultCode expected)
    {
        var (world, _) = Begin(make, 120_000);
        world.OnRead = (_, n, b) => Change(b, bytes => change(n, bytes));
        world.Expect(expected, 50_000, () => throw new MisreadException("a value was published by another part"));
    }

    private static void WhileMeasuring(Func<II2cPort, IDriver> make, Action<byte[]> change, FaultCode expected)
    {
        var (world, _) = Begin(make, 120_000);
        world.RunUntil(100_000, () => IsNear(Value(world), 120_000));
        world.OnRead = (_, _, b) =>
        {
            if (b.Length == 4)
            {
                Change(b, change);
            }
        };
        world.Expect(expected, 60_000, () => throw new MisreadException("a value was published under a bad status"));
    }

    private static void Change(Span<byte> bytes, Action<byte[]> change)
    {
        byte[] copy = bytes.ToArray();
        change(copy);
        copy.CopyTo(bytes);
    }

    private static void CommandLost(Func<II2cPort, IDriver> make)
    {
        var (world, simulated) = Begin(make, 120_000);
        world.RunUntil(100_000, () => { });
        world.OnWrite = (_, _, _) => false;
        long last = simulated.CompletedConversions; // the conversion that is under way may still be published
        void NewAlone()
        {
            Check.That(simulated.CompletedConversions > last, "a value was published without a conversion");
            last = simulated.CompletedConversions;
        }

        // A pause of the program looks the same, so that the command is given again before the part is blamed.
        for (int i = 1; i < Firmware.Peripherals.Mprls0300.MaxUnseenConversions; i++)
        {
            world.Expect(FaultCode.Mprls0300BusFault, 60_000, NewAlone);
        }

        world.Expect(FaultCode.Mprls0300NoConversion, 60_000, NewAlone);
    }

    private static void Hangs(Func<II2cPort, IDriver> make)
    {
        var (world, simulated) = Begin(make, 120_000);
        world.RunUntil(100_000, () => { });
        simulated.IsFrozen = true;
        simulated.SetPressure(250_000_000);
        world.Expect(FaultCode.Mprls0300NoConversion, 60_000, () => IsNear(Value(world), 120_000));
        Check.That(world.Failures[^1].AtUs <= 125_000, $"a part that hangs was found after {world.Failures[^1].AtUs - 100_000} µs");
    }

    private static void StandsStill(Func<II2cPort, IDriver> make)
    {
        var (world, _) = Begin(make, 120_000, new Mprls0300Options { HasNoise = false });
        world.Expect(FaultCode.Mprls0300Frozen, 150_000);
    }

    private static void BeyondTheEnds(Func<II2cPort, IDriver> make)
    {
        foreach (var (truth, code) in new[] { (303_000, FaultCode.Mprls0300Saturated), (400_000, FaultCode.Mprls0300Saturated), (-16_000, FaultCode.Mprls0300BelowRange), (-36_000, FaultCode.Mprls0300BelowRange) })
        {
            var (world, _) = Begin(make, truth);
            world.Expect(code, 100_000, () => throw new MisreadException($"{truth} thousandths of mmHg were published"));
        }
    }

    private static void AtTheEnd(Func<II2cPort, IDriver> make)
    {
        foreach (int counts in new[] { 0x66666, 0x399999 })
        {
            var (world, _) = Begin(make, 120_000);
            world.RunUntil(100_000, () => IsNear(Value(world), 120_000));
            world.ForgetCounts();
            int conversions = 0;
            int end = counts;
            world.OnRead = (_, _, b) =>
            {
                if (b.Length == 4 && (b[0] & 0x20) == 0 && conversions < 2)
                {
                    conversions++; // both readings of one conversion
                    b[1] = (byte)(end >> 16);
                    b[2] = (byte)(end >> 8);
                    b[3] = (byte)end;
                }
            };
            world.RunUntil(300_000, () => IsNear(Value(world), 120_000));
            Check.That(world.Failures.Exists(f => f.Code == FaultCode.Mprls0300EndUnconfirmed), "a substitute at the end of the range left no trace");
        }
    }

    private static void NoPressure(Func<II2cPort, IDriver> make)
    {
        // A part without pressure may well stand at its zero, and is then believed after a second conversion.
        var (world, simulated) = Begin(make, 0, new Mprls0300Options { HasNoise = false });
        simulated.SetPressure(us => us / 10_000 % 3 == 0 ? 0 : 90 * (us / 10_000 % 5));
        int values = 0;
        world.RunUntil(300_000, () =>
        {
            IsNear(Value(world), 0);
            values++;
        });
        Check.That(values > 10 && world.Failures.Count == 0, "a true zero was not believed");
    }

    private static void Unplugged(Func<II2cPort, IDriver> make)
    {
        var (world, _) = Begin(make, 120_000);
        world.RunUntil(100_000, () => { });
        world.Bus.Unplug(Address);
        world.ExpectAbsent(FaultCode.Mprls0300NotPresent, 50_000);
    }

    private static void BrownOut(Func<II2cPort, IDriver> make)
    {
        var (world, _) = Begin(make, 120_000);
        world.RunUntil(100_000, () => { });
        world.Bus.BrownOut(Address);
        int values = 0;
        world.RunUntil(600_000, () =>
        {
            IsNear(Value(world), 120_000);
            values++;
        });
        Check.That(world.Failures.Count > 0, "a lost supply left no trace");
        Check.That(values > 10, "the part did not come back");
    }
}
