using System;
using Simulators.Kernel;

namespace Firmware.Tests.Host.Cuffs;

/// <summary>How an arm moves in a cuff. All made up: no recording of moving arms is at hand.</summary>
internal enum ArmMotionKind
{
    /// <summary>White noise, even within the amplitude.</summary>
    White,

    /// <summary>Pushes that fade.</summary>
    Pushes,

    /// <summary>Noise of 0.5 to 5 Hz.</summary>
    Slow,

    /// <summary>Noise that remembers a quarter of a second.</summary>
    Walk,

    /// <summary>A tremor of about 2 Hz whose pace changes, waxing and waning.</summary>
    Tremor,

    /// <summary>An even tremor of 0.9 to 2.3 Hz, which is as regular as a pulse.</summary>
    Even,

    /// <summary>Ten new positions a second.</summary>
    Steps,
}

/// <summary>Adds motion to a cuff's pressure.</summary>
internal static class ArmMotion
{
    /// <summary>The kinds.</summary>
    public static readonly ArmMotionKind[] Kinds = Enum.GetValues<ArmMotionKind>();

    /// <summary>Adds it.</summary>
    /// <param name="mmHg">The pressure, 100 a second; changed.</param>
    /// <param name="from">The first sample.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="kind">What.</param>
    /// <param name="amplitude">About how high, mmHg.</param>
    /// <param name="random">Draws it.</param>
    public static void Add(double[] mmHg, int from, double seconds, ArmMotionKind kind, double amplitude, SeededRandom random)
    {
        int count = (int)(seconds * SimulatedDeflation.SamplesPerSecond);
        double[] hertz = new double[8];
        double[] phase = new double[8];
        for (int k = 0; k < 8; k++)
        {
            hertz[k] = 0.5 + (4.5 * random.NextDouble());
            phase[k] = random.NextDouble() * 2 * Math.PI;
        }

        double state = 0;
        double aim = 0;
        for (int i = 0; i < count && from + i < mmHg.Length; i++)
        {
            double t = (double)i / SimulatedDeflation.SamplesPerSecond;
            double even = (2 * random.NextDouble()) - 1;
            switch (kind)
            {
                case ArmMotionKind.White:
                    state = amplitude * even;
                    break;
                case ArmMotionKind.Pushes:
                    state = random.NextInt32(25) == 0 ? amplitude * even : state * 0.93;
                    break;
                case ArmMotionKind.Slow:
                    state = 0;
                    for (int k = 0; k < 8; k++)
                    {
                        state += amplitude / 2 * Math.Sin((2 * Math.PI * hertz[k] * t) + phase[k]);
                    }

                    break;
                case ArmMotionKind.Walk:
                    state = (0.96 * state) + (0.48 * amplitude * even);
                    break;
                case ArmMotionKind.Tremor:
                    aim += 2 * Math.PI * (2 + (0.7 * Math.Sin((2.2 * t) + phase[0]))) / SimulatedDeflation.SamplesPerSecond;
                    state = amplitude * Math.Sin(aim) * Math.Sin(Math.PI * (i + 0.5) / count);
                    break;
                case ArmMotionKind.Even:
                    state = amplitude * Math.Sin((2 * Math.PI * (0.75 + (0.3 * hertz[0])) * t) + phase[0]);
                    break;
                default:
                    aim = i % 10 == 0 ? amplitude * even : aim;
                    state += (aim - state) * 0.28;
                    break;
            }

            mmHg[from + i] += state;
        }
    }

    /// <summary>The sample at which the pressure, its pulses smoothed away, passes a value for the first time.</summary>
    /// <param name="mmHg">The pressure, 100 a second.</param>
    /// <param name="value">mmHg.</param>
    /// <returns>The sample; -1 when it never does.</returns>
    public static int WherePasses(double[] mmHg, double value)
    {
        const int Half = 40;
        double sum = 0;
        for (int i = 0; i < mmHg.Length; i++)
        {
            sum += mmHg[i] - (i > 2 * Half ? mmHg[i - (2 * Half) - 1] : 0);
            if (i >= 2 * Half && sum / ((2 * Half) + 1) < value)
            {
                return i - Half;
            }
        }

        return -1;
    }
}
