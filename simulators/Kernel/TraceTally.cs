using System;

namespace Simulators.Kernel;

/// <summary>Counts byte strings and digests them in order: FNV-1a 64, of which a difference tells that something changed, and no more.</summary>
public sealed class TraceTally
{
    private const ulong Basis = 0xCBF29CE484222325;
    private const ulong Prime = 0x100000001B3;

    /// <summary>How many were added.</summary>
    public long Count { get; private set; }

    /// <summary>The digest over all of them.</summary>
    public ulong Digest { get; private set; } = Basis;

    /// <summary>Adds one.</summary>
    /// <param name="bytes">Its bytes.</param>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        Count++;
        Digest = Continue(Digest, bytes);
    }

    /// <summary>The digest of bytes alone.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>FNV-1a 64.</returns>
    public static ulong Of(ReadOnlySpan<byte> bytes) => Continue(Basis, bytes);

    private static ulong Continue(ulong digest, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            digest = (digest ^ value) * Prime;
        }

        return digest;
    }
}
