using Simulators.Kernel;

namespace Simulators.Patient;

/// <summary>
/// What a restless limb adds: random values on two grids of time, joined by straight lines. Irregular, most of it within the pulse's own band; a pure
/// function of time and seed.
/// </summary>
/// <param name="seed">Any number.</param>
public sealed class MotionNoise(ulong seed)
{
    private const long FastUs = 130_000;
    private const long SlowUs = 450_000;

    /// <summary>The noise at a moment.</summary>
    /// <param name="us">Time, µs, not below 0.</param>
    /// <param name="channel">Which of several independent noises, 0 to 15.</param>
    /// <returns>-1 to 1.</returns>
    public double At(long us, int channel) => (0.5 * Joined(us, FastUs, channel)) + (0.5 * Joined(us, SlowUs, channel + 16));

    private double Joined(long us, long gridUs, int channel)
    {
        long index = us / gridUs;
        double part = (double)(us - (index * gridUs)) / gridUs;
        double here = Node(index, channel);
        return here + ((Node(index + 1, channel) - here) * part);
    }

    private double Node(long index, int channel) =>
        (2 * new SeededRandom(seed ^ ((ulong)index * 64) ^ ((ulong)channel << 1)).NextDouble()) - 1;
}
