using System;
using Simulators.Kernel;

namespace Simulators.Chips;

/// <summary>One cuff with its chain: what differs from one to the next. Every default is a typical adult cuff. The ranges are guesses from common parts, not measurements.</summary>
public sealed record CuffPneumaticsOptions
{
    /// <summary>Air in the laid-on bladder without pressure, mL. Assumption: 40 to 120.</summary>
    public double EmptyMilliLitres { get; init; } = 70;

    /// <summary>How much the bladder can grow, mL. Assumption: 120 (small adult) to 400 (large adult).</summary>
    public double GrowthMilliLitres { get; init; } = 240;

    /// <summary>Pressure at which half of the growth is reached, mmHg. Assumption: 40 to 90, more for a loose cuff.</summary>
    public double HalfGrowthMmHg { get; init; } = 60;

    /// <summary>The pump's flow without back pressure, mL/s. Assumption: 35 to 75.</summary>
    public double PumpMilliLitresPerSecond { get; init; } = 50;

    /// <summary>Pressure at which the pump gives nothing, mmHg. Assumption: 380 to 700.</summary>
    public double PumpStallMmHg { get; init; } = 500;

    /// <summary>The bleed valve's flow when open, at 100 mmHg, mL/s. Assumption: 30 to 60.</summary>
    public double BleedMilliLitresPerSecond { get; init; } = 45;

    /// <summary>The dump valve's flow when open, at 100 mmHg, mL/s. Assumption: 110 to 220.</summary>
    public double DumpMilliLitresPerSecond { get; init; } = 160;

    /// <summary>Leak at 100 mmHg, mL/s. A sound cuff: 0 to 0.05, at most 6 mmHg/min. Source: IEC 80601-2-30, 201.12.1.105.</summary>
    public double LeakMilliLitresPerSecond { get; init; } = 0.01;

    /// <summary>Width of the one-shot's pulse, µs. 200,000 to 500,000.</summary>
    public long OneShotUs { get; init; } = 330_000;

    /// <summary>Where the pressure switch opens, mmHg. Source: hardware/cart.json, 315, 300 to 325, so that it is open at 330 at the latest.</summary>
    public double SwitchMmHg { get; init; } = 315;

    /// <summary>Conductance of each lumen of the hose, mL/s per mmHg. Assumption: 8 to 30.</summary>
    public double LumenConductance { get; init; } = 15;

    /// <summary>Time that the dump valve takes from the loss of its current to open, µs. Assumption: 5,000 to 30,000.</summary>
    public long ValveDelayUs { get; init; } = 15_000;

    /// <summary>Draws a cuff.</summary>
    /// <param name="random">Where from.</param>
    /// <returns>A cuff within the ranges of the members.</returns>
    public static CuffPneumaticsOptions Draw(SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return new CuffPneumaticsOptions
        {
            EmptyMilliLitres = Between(random, 40, 120),
            GrowthMilliLitres = Between(random, 120, 400),
            HalfGrowthMmHg = Between(random, 40, 90),
            PumpMilliLitresPerSecond = Between(random, 35, 75),
            PumpStallMmHg = Between(random, 380, 700),
            BleedMilliLitresPerSecond = Between(random, 30, 60),
            DumpMilliLitresPerSecond = Between(random, 110, 220),
            LeakMilliLitresPerSecond = Between(random, 0, 0.05),
            OneShotUs = 200_000 + random.NextInt32(300_001),
            SwitchMmHg = Between(random, 300, 325),
            LumenConductance = Between(random, 8, 30),
            ValveDelayUs = 5_000 + random.NextInt32(25_001),
        };
    }

    private static double Between(SeededRandom random, double low, double high) => low + ((high - low) * random.NextInt32(1_000_001) / 1_000_000);
}

/// <summary>What can be wrong with the chain. One flag each; a single fault is one of them.</summary>
[Flags]
public enum CuffChainFaults
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The pump runs whenever it has supply, whatever its input says (a shorted transistor).</summary>
    PumpStuckOn = 1,

    /// <summary>The pump never runs.</summary>
    PumpStuckOff = 2,

    /// <summary>The bleed valve stays closed.</summary>
    BleedStuckClosed = 4,

    /// <summary>The bleed valve stays open.</summary>
    BleedStuckOpen = 8,

    /// <summary>The dump valve stays closed, current or not.</summary>
    DumpStuckClosed = 16,

    /// <summary>The dump valve stays open.</summary>
    DumpStuckOpen = 32,

    /// <summary>The one-shot's output stays high.</summary>
    OneShotStuckHigh = 64,

    /// <summary>The one-shot's output stays low.</summary>
    OneShotStuckLow = 128,

    /// <summary>The pressure switch never opens.</summary>
    SwitchStuckClosed = 256,

    /// <summary>The pressure switch is always open.</summary>
    SwitchStuckOpen = 512,

    /// <summary>The lumen of pump, bleed valve and sensor is blocked.</summary>
    MeasuringLumenBlocked = 1024,

    /// <summary>The lumen of dump valve and switch is blocked.</summary>
    DumpLumenBlocked = 2048,

    /// <summary>A large leak.</summary>
    Leak = 4096,

    /// <summary>The cuff is not plugged in: the lumina end in the room.</summary>
    Disconnected = 8192,

    /// <summary>The cuff lies off the arm, or very loosely: it takes far more air.</summary>
    OffTheArm = 16_384,

    /// <summary>The bleed valve sticks and opens by a sixth at most, whatever its input says.</summary>
    BleedSticking = 32_768,

    /// <summary>The pump is worn and gives a sixth of its flow.</summary>
    PumpWeak = 65_536,
}

/// <summary>An arm in the cuff. Its artery's volume is what makes the cuff's pressure oscillate.</summary>
public interface IArmUnderCuff
{
    /// <summary>Volume of the artery under the cuff.</summary>
    /// <param name="us">True time, µs.</param>
    /// <param name="cuffMmHg">Pressure in the cuff, mmHg.</param>
    /// <returns>µL, 0 and above.</returns>
    double ArteryMicroLitres(long us, double cuffMmHg);
}
