namespace Simulators.Kernel;

/// <summary>
/// Reproducible random numbers: SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").
/// The same seed gives the same numbers on every runtime.
/// </summary>
public sealed class SeededRandom
{
    private ulong _state;

    /// <summary>Starts a sequence.</summary>
    /// <param name="seed">Any number.</param>
    public SeededRandom(ulong seed) => _state = seed;

    /// <summary>64 random bits.</summary>
    /// <returns>The bits.</returns>
    public ulong NextUInt64()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>32 random bits.</summary>
    /// <returns>The bits.</returns>
    public uint NextUInt32() => (uint)(NextUInt64() >> 32);

    /// <summary>A whole number from 0 to below <paramref name="bound"/>.</summary>
    /// <param name="bound">Above 0.</param>
    /// <returns>The number.</returns>
    public int NextInt32(int bound)
    {
        System.ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        return (int)(NextUInt64() % (ulong)bound);
    }

    /// <summary>A number from 0 to below 1.</summary>
    /// <returns>The number.</returns>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>An independent sequence for a named part, so that one part's draws do not move another's.</summary>
    /// <param name="name">The part's name.</param>
    /// <returns>Its own sequence.</returns>
    public SeededRandom Fork(string name)
    {
        System.ArgumentNullException.ThrowIfNull(name);
        ulong hash = 0xCBF29CE484222325; // FNV-1a, 64 bit
        foreach (char c in name)
        {
            hash = (hash ^ c) * 0x100000001B3;
        }

        return new SeededRandom(new SeededRandom(_state ^ hash).NextUInt64());
    }
}
