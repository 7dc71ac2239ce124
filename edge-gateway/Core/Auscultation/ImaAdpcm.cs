using System;
using System.Buffers.Binary;

namespace EdgeGateway.Core.Auscultation;

/// <summary>
/// IMA ADPCM: 16 bits in 4. Reduced, for the rhythm only. Source: Interactive Multimedia Association, Recommended Practices for Enhancing Digital Audio
/// Compatibility, 1992, with the reference algorithm's step by shifts. A chunk carries its state, so that a lost one costs only itself.
/// </summary>
public sealed class ImaAdpcm
{
    /// <summary>Bytes before the nibbles of a chunk: <c>i16 predictor | u8 step index | u8 0</c>.</summary>
    public const int HeadLength = 4;

    private static readonly short[] Steps =
    [
        7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230,
        253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327,
        3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
    ];

    private static readonly sbyte[] Moves = [-1, -1, -1, -1, 2, 4, 6, 8];

    private int _predictor;
    private int _index;

    /// <summary>Begins in a state.</summary>
    /// <param name="predictor">The sample that is expected first.</param>
    /// <param name="index">Index of the first step, 0 to 88.</param>
    public ImaAdpcm(short predictor = 0, int index = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Steps.Length);
        _predictor = predictor;
        _index = index;
    }

    /// <summary>Bytes of a chunk.</summary>
    /// <param name="samples">How many samples it holds.</param>
    /// <returns>Bytes.</returns>
    public static int ChunkLength(int samples) => HeadLength + ((samples + 1) / 2);

    /// <summary>Writes samples as one chunk that needs no other. The first sample is the predictor of the beginning.</summary>
    /// <param name="samples">The samples, at least one.</param>
    /// <param name="chunk">Room for <see cref="ChunkLength"/> bytes.</param>
    public static void EncodeChunk(ReadOnlySpan<short> samples, Span<byte> chunk)
    {
        ImaAdpcm codec = new(samples.Length > 0 ? samples[0] : (short)0, FirstIndex(samples));
        BinaryPrimitives.WriteInt16LittleEndian(chunk, (short)codec._predictor);
        chunk[2] = (byte)codec._index;
        chunk[3] = 0;
        chunk[HeadLength..ChunkLength(samples.Length)].Clear();
        for (int i = 0; i < samples.Length; i++)
        {
            chunk[HeadLength + (i / 2)] |= (byte)(codec.Encode(samples[i]) << (4 * (i & 1)));
        }
    }

    /// <summary>Reads a chunk.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="samples">Room for its samples; as many are made as fit.</param>
    public static void DecodeChunk(ReadOnlySpan<byte> chunk, Span<short> samples)
    {
        ImaAdpcm codec = new(BinaryPrimitives.ReadInt16LittleEndian(chunk), Math.Min((int)chunk[2], Steps.Length - 1));
        for (int i = 0; i < samples.Length && HeadLength + (i / 2) < chunk.Length; i++)
        {
            samples[i] = codec.Decode((chunk[HeadLength + (i / 2)] >> (4 * (i & 1))) & 15);
        }
    }

    /// <summary>One sample as four bits; the state goes on.</summary>
    /// <param name="sample">The sample.</param>
    /// <returns>0 to 15.</returns>
    public int Encode(short sample)
    {
        int step = Steps[_index];
        int difference = sample - _predictor;
        int nibble = 0;
        if (difference < 0)
        {
            nibble = 8;
            difference = -difference;
        }

        for (int bit = 4, part = step; bit > 0; bit >>= 1, part >>= 1)
        {
            if (difference >= part)
            {
                nibble |= bit;
                difference -= part;
            }
        }

        Decode(nibble);
        return nibble;
    }

    /// <summary>Four bits as a sample; the state goes on.</summary>
    /// <param name="nibble">0 to 15.</param>
    /// <returns>The sample.</returns>
    public short Decode(int nibble)
    {
        int step = Steps[_index];
        int difference = step >> 3;
        difference += (nibble & 4) != 0 ? step : 0;
        difference += (nibble & 2) != 0 ? step >> 1 : 0;
        difference += (nibble & 1) != 0 ? step >> 2 : 0;
        _predictor = Math.Clamp((nibble & 8) != 0 ? _predictor - difference : _predictor + difference, short.MinValue, short.MaxValue);
        _index = Math.Clamp(_index + Moves[nibble & 7], 0, Steps.Length - 1);
        return (short)_predictor;
    }

    // A step near the chunk's usual difference: without it the first samples of every chunk would lag.
    private static int FirstIndex(ReadOnlySpan<short> samples)
    {
        long sum = 0;
        for (int i = 1; i < samples.Length; i++)
        {
            sum += Math.Abs(samples[i] - samples[i - 1]);
        }

        long usual = samples.Length > 1 ? sum / (samples.Length - 1) : 0;
        int index = 0;
        while (index < Steps.Length - 1 && Steps[index] < usual)
        {
            index++;
        }

        return index;
    }
}
