using System;
using System.Collections.Generic;
using Simulators.Kernel;

namespace Simulators.Peers;

/// <summary>
/// Makes inputs that are nearly right from inputs that are right: for fuzzing whatever reads bytes of strangers. The same seed and corpus give the
/// same inputs. An input that led somewhere new can be added to the corpus with <see cref="Keep"/>.
/// </summary>
public sealed class Mutator
{
    /// <summary>Most inputs of a corpus; at the bound a random one that was kept later than the first makes room.</summary>
    public const int MaxCorpus = 1_024;

    /// <summary>Longest input made, bytes.</summary>
    public const int MaxLength = 64 * 1024;

    private static readonly byte[] Edges = [0x00, 0x01, 0x02, 0x0F, 0x10, 0x7F, 0x80, 0xFE, 0xFF, (byte)'"', (byte)'{', (byte)'[', (byte)'/', (byte)'\n', (byte)'\r'];

    private readonly SeededRandom _random;
    private readonly List<byte[]> _corpus;
    private readonly int _first;

    /// <summary>Makes a mutator.</summary>
    /// <param name="seed">Chooses all that follows.</param>
    /// <param name="corpus">Inputs that are right, or nearly; at least one.</param>
    public Mutator(ulong seed, IReadOnlyList<byte[]> corpus)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentOutOfRangeException.ThrowIfZero(corpus.Count, nameof(corpus));
        _random = new SeededRandom(seed);
        _corpus = [.. corpus];
        _first = corpus.Count;
    }

    /// <summary>Inputs to choose from now.</summary>
    public int CorpusCount => _corpus.Count;

    /// <summary>A number from the mutator's own random sequence.</summary>
    /// <param name="bound">Above 0.</param>
    /// <returns>0 to <paramref name="bound"/> - 1.</returns>
    public int Below(int bound) => _random.NextInt32(bound);

    /// <summary>Adds an input to choose from.</summary>
    /// <param name="input">The input; not copied.</param>
    public void Keep(byte[] input)
    {
        if (_corpus.Count < Math.Max(MaxCorpus, _first + 1))
        {
            _corpus.Add(input);
        }
        else
        {
            _corpus[_first + Below(_corpus.Count - _first)] = input;
        }
    }

    /// <summary>One of the corpus, with up to eight changes; one in sixteen comes unchanged.</summary>
    /// <returns>The input; the caller's own.</returns>
    public byte[] Next()
    {
        List<byte> bytes = [.. _corpus[Below(_corpus.Count)]];
        for (int i = Below(16) == 0 ? 0 : 1 + Below(Below(4) == 0 ? 8 : 2); i > 0; i--)
        {
            Change(bytes);
        }

        if (bytes.Count > MaxLength)
        {
            bytes.RemoveRange(MaxLength, bytes.Count - MaxLength);
        }

        return [.. bytes];
    }

    private void Change(List<byte> bytes)
    {
        if (bytes.Count == 0)
        {
            bytes.Add((byte)Below(256));
            return;
        }

        // Heads decide more than bodies do: half of all changes are within the first 16 bytes.
        int at = Below(Below(2) == 0 ? Math.Min(16, bytes.Count) : bytes.Count);
        switch (Below(10))
        {
            case 0:
                bytes[at] ^= (byte)(1 << Below(8));
                break;
            case 1:
                bytes[at] = Edges[Below(Edges.Length)];
                break;
            case 2:
                bytes[at] += (byte)(Below(2) == 0 ? 1 : 255);
                break;
            case 3:
                bytes.RemoveRange(at, Math.Min(1 + Below(8), bytes.Count - at));
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                bytes.Insert(at, Edges[Below(Edges.Length)]);
                break;
            case 6:
                int run = 1 + Below(Below(16) == 0 ? 4_096 : 16);
                byte filler = Edges[Below(Edges.Length)];
                bytes.InsertRange(at, System.Linq.Enumerable.Repeat(filler, run));
                break;
            case 7:
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(1 + Below(64), bytes.Count - at)));
                break;
            case 8:
                byte[] other = _corpus[Below(_corpus.Count)];
                int from = Below(other.Length + 1);
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other.AsSpan(from));
                break;
            default:
                bytes[at] = (byte)Below(256);
                break;
        }
    }
}
