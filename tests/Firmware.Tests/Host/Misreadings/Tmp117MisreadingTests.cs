using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Core;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Host.Misreadings;

/// <summary>The TMP117 driver against its simulated chip, truth set at the simulated chip's stimulus input; then the same with planted misreadings.</summary>
[TestClass]
public sealed class Tmp117MisreadingTests
{
    private const int Address = 0x48;
    private const int ToleranceMilliCelsius = 5; // half a count, and half a m°C of rounding

    private static readonly Check[] Checks =
    [
        new("the sweep", Sweep),
        new("another revision of the part", AnotherRevision),
        new("another part", make => Disturbed(make, w => w.OnRead = (r, _, b) => { if (r == 0x0F) { b[1] ^= 0x01; } }, FaultCode.Tmp117WrongPart)),
        new("another part of the same low byte", make => Disturbed(make, w => w.OnRead = (r, _, b) => { if (r == 0x0F) { b[0] ^= 0x04; } }, FaultCode.Tmp117WrongPart)),
        new("a part that stays busy", make => Disturbed(make, w => w.OnRead = (r, _, b) => { if (r == 0x01) { b[0] |= 0x10; } }, FaultCode.Tmp117ResetTimeout)),
        new("a configuration that is lost on its way", make => Disturbed(make, w => w.OnWrite = (r, n, _) => r != 0x01 || n == 0, FaultCode.Tmp117ConfigurationRefused)),
        new("a programmed offset", make => Disturbed(make, w => w.OnRead = (r, _, b) => { if (r == 0x07) { b[1] = 0x10; } }, FaultCode.Tmp117OffsetUnexpected)),
        new("one value per conversion", OneValuePerConversion),
        new("a step", Step),
        new("a jump", Jump),
        new("a spike", Spike),
        new("a value at reset", make => Disturbed(make, w => w.OnRead = (r, _, b) => { if (r == 0x00) { b[0] = 0x80; b[1] = 0x00; } }, FaultCode.Tmp117ResultAtReset)),
        new("each bit of each reading", EachBit),
        new("a conversion between the two readings", Straddle),
        new("a brown-out", BrownOut),
        new("an offset that appears", OffsetAppears),
        new("a hung part", Hung),
        new("a part that stopped", Stopped),
        new("an unplugged part", Unplugged),
        new("the ends of the range", RangeEnds),
    ];

    private static readonly Mutation[] Mutations =
    [
        new("sign lost", "Tmp117Decoder.cs", "int sixteenths = count * 125;", "int sixteenths = (ushort)count * 125;"),
        new("scale 7.75", "Tmp117Decoder.cs", "count * 125;", "count * 124;"),
        new("scale 10", "Tmp117Decoder.cs", "count * 125;", "count * 160;"),
        new("truncated towards zero", "Tmp117Decoder.cs", "sixteenths < 0 ? (sixteenths - 8) / 16 : (sixteenths + 8) / 16", "sixteenths / 128 * 8"),
        new("low byte masked", "Tmp117Decoder.cs", "return (short)word;", "return (short)(word & 0xFFF0);"),
        new("result shifted as in a 12-bit part", "Tmp117Decoder.cs", "return (short)word;", "return (short)((short)word >> 4);"),
        new("wrong result register", "Tmp117Registers.cs", "TempResult = 0x00", "TempResult = 0x02"),
        new("wrong configuration register", "Tmp117Registers.cs", "Configuration = 0x01", "Configuration = 0x04"),
        new("wrong offset register", "Tmp117Registers.cs", "TempOffset = 0x07", "TempOffset = 0x04"),
        new("wrong identity register", "Tmp117Registers.cs", "DeviceId = 0x0F", "DeviceId = 0x0E"),
        new("identity with the revision", "Tmp117Registers.cs", "DeviceIdMask = 0x0FFF", "DeviceIdMask = 0xFFFF"),
        new("identity by its low byte", "Tmp117Registers.cs", "DeviceIdMask = 0x0FFF", "DeviceIdMask = 0x00FF"),
        new("identity of the TMP116", "Tmp117Registers.cs", "DeviceIdValue = 0x0117", "DeviceIdValue = 0x0116"),
        new("data ready at the wrong bit", "Tmp117Registers.cs", "DataReady = 1 << 13", "DataReady = 1 << 14"),
        new("data ready ignored", "Tmp117.cs", "if ((_word & Tmp117Registers.DataReady) == 0)", "if (false)"),
        new("data ready after the reading ignored", "Tmp117.cs", "if ((_word & Tmp117Registers.DataReady) != 0)", "if (false)"),
        new("reset value believed", "Tmp117Registers.cs", "TempResultAtReset = 0x8000", "TempResultAtReset = 0x7FFF"),
        new("reset value as in the register map of a temperature of 0", "Tmp117Registers.cs", "TempResultAtReset = 0x8000", "TempResultAtReset = 0x0000"),
        new("bytes exchanged", "I2cDriver.cs", "(_in[0] << 8) | _in[1]", "(_in[1] << 8) | _in[0]"),
        new("busy bit ignored", "Tmp117.cs", "(Tmp117Registers.SoftReset | Tmp117Registers.EepromBusy)) == 0", "Tmp117Registers.SoftReset) == 0"),
        new("shutdown instead of continuous", "Tmp117.cs", "private const int WantedConfiguration =", "private const int WantedConfiguration = (1 << 10) |"),
        new("averaging bits at the cycle's place", "Tmp117Registers.cs", "ConversionCycleOneSecond = 4 << 7", "ConversionCycleOneSecond = 4 << 5"),
        new("read once only", "Tmp117.cs", "if (result != first)", "if (false)"),
        new("the first of two readings taken", "Tmp117.cs", "int result = _word;", "int result = first; if (_word != first) { result = _word; _word = first; } result = first;"),
        new("the third reading not compared", "Tmp117.cs", "if (_word != result)", "if (false)"),
        new("configuration not read back", "Tmp117.cs", "            return FailUntilReset(AbsenceReason.SensorFault, FaultCode.Tmp117ConfigurationLost, nowUs);", "            _word |= 0;"),
        new("configuration as the reset value", "Tmp117.cs", " | Tmp117Registers.DataReadyOnAlertPin", ""),
        new("offset not looked at", "Tmp117.cs", "if (Tmp117Decoder.Count(_word) != ExpectedOffsetCount)", "if (false)"),
        new("jump believed", "Tmp117.cs", "bool believed = !_hasPublished", "bool believed = true || !_hasPublished"),
        new("a confirmed jump never believed", "Tmp117.cs", "(_hasSuppressed && IsReachable", "(false && IsReachable"),
        new("range of the rating published", "Tmp117.cs", "MedicalMaximumMilliCelsius = 50_000", "MedicalMaximumMilliCelsius = 150_000"),
        new("no lower end", "Tmp117.cs", "MedicalMinimumMilliCelsius = -20_000", "MedicalMinimumMilliCelsius = -200_000"),
        new("stall never noticed", "Tmp117.cs", "if (nowUs - _since > StallUs)", "if (false)"),
    ];

    public static IEnumerable<object[]> MutationNames => Mutations.Select(m => new object[] { m.Name });

    [TestMethod]
    public void TheDriverPassesEveryCheck()
    {
        Assert.AreEqual("none", Check.FirstFailure(Checks, port => new Firmware.Peripherals.Tmp117(port, Address)) ?? "none");
        Assert.AreEqual("none", Check.FirstFailure(Checks, MutantCompiler.Compile("Tmp117", Address, null)) ?? "none", "compiled from the copied sources");
    }

    [TestMethod]
    [DynamicData(nameof(MutationNames))]
    public void APlantedMisreadingIsCaught(string name)
    {
        Mutation mutation = Mutations.Single(m => m.Name == name);
        string? failure = Check.FirstFailure(Checks, MutantCompiler.Compile("Tmp117", Address, mutation));
        Assert.IsNotNull(failure, $"'{name}' passes every check");
        Console.WriteLine($"{name}: caught by {failure}");
    }

    private static (World World, SimulatedTmp117 Simulated) Begin(Func<II2cPort, IDriver> make, int milliCelsius, Tmp117Options? options = null)
    {
        var world = new World();
        var simulated = new SimulatedTmp117(world.Clock, new SeededRandom(117), options);
        simulated.SetTemperature(milliCelsius);
        world.Bus.Attach(Address, simulated);
        world.Clock.Advance(10_000);
        world.Make(make);
        return (world, simulated);
    }

    private static int Value(World world)
    {
        dynamic driver = world.Driver;
        Check.That((long)driver.SampledAtUs == world.Clock.NowUs, "the time of a value is not that of its reading");
        int milliCelsius = driver.TemperatureMilliCelsius;
        int count = (short)driver.TemperatureCount;
        Check.That(Math.Abs((count * 125) - (milliCelsius * 16)) <= 8, "count and temperature do not belong together");
        return milliCelsius;
    }

    private static void IsNear(int milliCelsius, long truth) =>
        Check.That(Math.Abs(milliCelsius - truth) <= ToleranceMilliCelsius, $"{milliCelsius} m°C was published where {truth} m°C is the truth");

    private static void Sweep(Func<II2cPort, IDriver> make)
    {
        foreach (int truth in new[] { 36_600, 37_000, 0, -8, 8, -125, 125, -1_000, -20_000 + 8, 50_000 - 8, 20_003, 41_997, -12_345, 25_000 })
        {
            var (world, _) = Begin(make, truth);
            int values = 0;
            world.RunUntil(3_500_000, () =>
            {
                IsNear(Value(world), truth);
                values++;
            });
            Check.That(values >= 3, $"{values} values at {truth} m°C in 3.5 s; {string.Join(' ', world.Failures)}");
        }
    }

    private static void AnotherRevision(Func<II2cPort, IDriver> make)
    {
        var (world, _) = Begin(make, 36_600, new Tmp117Options { Revision = 1 });
        int values = 0;
        world.RunUntil(1_500_000, () => values++);
        Check.That(values > 0, "a later revision of the part is refused");
    }

    private static void Disturbed(Func<II2cPort, IDriver> make, Action<World> disturb, FaultCode expected)
    {
        var (world, _) = Begin(make, 36_600);
        disturb(world);
        world.Expect(expected, 3_000_000, () => throw new MisreadException("a value was published"));
    }

    private static void OneValuePerConversion(Func<II2cPort, IDriver> make)
    {
        var (world, simulated) = Begin(make, 30_000);
        simulated.SetTemperature(us => 30_000 + (us / 1000)); // 1 °C per second: each conversion has its own value
        int values = 0;
        int last = 0;
        world.RunUntil(10_000_000, () =>
        {
            int value = Value(world);
            Check.That(value > last, "the same value was published twice");
            last = value;
            values++;
        });
        Check.That(values >= 9 && values <= 10 && values <= simulated.CompletedConversions && simulated.CompletedConversions <= 10, $"{values} values from {simulated.CompletedConversions} conversions in 10 s");
        Check.That(world.LongestCallNs < 2_000_000, $"a call kept the bus for {world.LongestCallNs} ns");
    }

    private static void Step(Func<II2cPort, IDriver> make)
    {
        var (world, simulated) = Begin(make, 33_000);
        world.RunUntil(2_500_000, () => IsNear(Value(world), 33_000));
        simulated.SetTemperature(36_000);
        int last = 0;
        world.RunUntil(4_700_000, () => last = Value(world));
        IsNear(last, 36_000);
        Check.That(world.Failures.Count == 0, "a change that a body can make was not believed");
    }

    private static void Jump(Func<II2cPort, IDriver> make)
    {
        var (world, simulated) = Begin(make, 22_000);
        world.RunUntil(2_500_000, () => IsNear(Value(world), 22_000));
        simulated.SetTemperature(38_000);
        int values = 0;
        world.RunUntil(6_500_000, () =>
        {
            int value = Value(world);
            Check.That(Math.Abs(value - 22_000) <= 5 || world.Failures.Exists(f => f.Code == FaultCode.Tmp117JumpUnconfirmed), "a jump was published before it was confirmed");
            values += value > 37_000 ? 1 : 0;
        });
        Check.That(values >= 2, "a confirmed jump was not published");
        Check.That(world.Failures.Count == 1, "a jump was withheld more than once");
    }

    private static void Spike(Func<II2cPort, IDriver> make)
    {
        var (world, _) = Begin(make, 36_600);
        world.RunUntil(2_500_000, () => { });
        world.ForgetCounts();
        world.OnRead = (r, n, b) =>
        {
            if (r == 0x00 && n < 2)
            {
                b[0] ^= 0x04; // 8 °C more
            }
        };
        world.RunUntil(6_500_000, () => IsNear(Value(world), 36_600));
        Check.That(world.Failures.Exists(f => f.Reason == AbsenceReason.Unconfirmed), "a spike left no trace");
    }

    private static void EachBit(Func<II2cPort, IDriver> make)
    {
        foreach (int register in new[] { 0x00, 0x01, 0x07 })
        {
            for (int occurrence = 0; occurrence < 3; occurrence++)
            {
                for (int bit = 0; bit < 16; bit++)
                {
                    var (world, _) = Begin(make, 36_600);
                    world.RunUntil(1_500_000, () => IsNear(Value(world), 36_600));
                    world.ForgetCounts();
                    int at = occurrence;
                    int flipped = bit;
                    world.OnRead = (r, n, b) =>
                    {
                        if (r == register && n == at)
                        {
                            b[flipped < 8 ? 1 : 0] ^= (byte)(1 << (flipped & 7));
                        }
                    };
                    int values = 0;
                    world.RunUntil(5_500_000, () =>
                    {
                        IsNear(Value(world), 36_600);
                        values++;
                    });
                    Check.That(values > 0, $"no value came back after bit {bit} of register {register}");
                    bool isSecondReading = register == 0 && occurrence == 1;
                    Check.That(!isSecondReading || world.Failures.Exists(f => f.Reason == AbsenceReason.ChecksumMismatch), "a disturbed second reading left no trace");
                }
            }
        }
    }

    private static void Straddle(Func<II2cPort, IDriver> make)
    {
        // The new conversion ends between the first and the second reading: the port shows the old value once.
        var (world, simulated) = Begin(make, 36_000);
        world.RunUntil(1_500_000, () => IsNear(Value(world), 36_000));
        simulated.SetTemperature(36_500);
        world.ForgetCounts();
        world.OnRead = (r, n, b) =>
        {
            if (r == 0x00 && n == 0)
            {
                b[0] = 0x12;
                b[1] = 0x00; // 36.0 °C
            }
        };
        var values = new List<int>();
        world.RunUntil(2_300_000, () => values.Add(Value(world)));
        Check.That(values.Count == 1, "a conversion between two readings cost the value");
        IsNear(values[0], 36_500);
    }

    private static void BrownOut(Func<II2cPort, IDriver> make)
    {
        var (world, _) = Begin(make, 36_600);
        world.RunUntil(2_500_000, () => IsNear(Value(world), 36_600));
        world.Bus.BrownOut(Address);
        world.Expect(FaultCode.Tmp117ConfigurationLost, 2_000_000, () => throw new MisreadException("a value was published after a brown-out"));
        int values = 0;
        world.Driver.Restart();
        world.Failures.Clear();
        world.Expect(FaultCode.Tmp117ConfigurationLost, 200_000); // measured without a probe
        world.RunUntil(world.Clock.NowUs + 5_000_000, () =>
        {
            IsNear(Value(world), 36_600);
            values++;
        });
        Check.That(values >= 3, "the part did not come back");
    }

    private static void OffsetAppears(Func<II2cPort, IDriver> make)
    {
        var (world, _) = Begin(make, 36_600);
        world.RunUntil(2_500_000, () => IsNear(Value(world), 36_600));
        world.Poke(Address, 0x07, 0x00, 0x40); // half a degree
        world.Expect(FaultCode.Tmp117OffsetUnexpected, 3_000_000, () => IsNear(Value(world), 36_600));
    }

    private static void Hung(Func<II2cPort, IDriver> make)
    {
        var (world, simulated) = Begin(make, 36_600);
        world.RunUntil(2_500_000, () => { });
        world.Clock.Advance(1_500_000);
        simulated.IsFrozen = true; // with a result that was not read yet
        simulated.SetTemperature(38_000);
        world.Expect(FaultCode.Tmp117NoConversion, 6_000_000, () => throw new MisreadException("a hung part's value was published"));
    }

    private static void Stopped(Func<II2cPort, IDriver> make)
    {
        var (world, _) = Begin(make, 36_600);
        world.RunUntil(2_500_000, () => { });
        world.OnRead = (r, _, b) =>
        {
            if (r == 0x01)
            {
                b[0] &= 0xDF;
            }
        };
        world.Expect(FaultCode.Tmp117NoConversion, 6_000_000, () => throw new MisreadException("a value was published without a conversion"));
    }

    private static void Unplugged(Func<II2cPort, IDriver> make)
    {
        var (world, _) = Begin(make, 36_600);
        world.RunUntil(2_500_000, () => { });
        world.Bus.Unplug(Address);
        world.ExpectAbsent(FaultCode.Tmp117NotPresent, 3_000_000);
    }

    private static void RangeEnds(Func<II2cPort, IDriver> make)
    {
        foreach (int truth in new[] { -21_000, 51_000, -54_000, 149_000 })
        {
            var (world, _) = Begin(make, truth);
            world.Expect(FaultCode.Tmp117OutsideMedicalRange, 2_000_000, () => throw new MisreadException("a value outside the medical range was published"));
        }

        foreach (int truth in new[] { -60_000, 155_000 })
        {
            var (world, _) = Begin(make, truth);
            world.Expect(FaultCode.Tmp117OutsideRating, 2_000_000, () => throw new MisreadException("a value outside the rating was published"));
        }
    }
}
