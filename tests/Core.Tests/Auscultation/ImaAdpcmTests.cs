using System;
using System.Globalization;
using System.IO;
using EdgeGateway.Core.Auscultation;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Auscultation;

/// <summary>IMA ADPCM against published figures of recordings, by examples and by properties.</summary>
[TestClass]
public sealed class ImaAdpcmTests
{
    [TestMethod]
    [Recordings]
    public void Recordings_give_the_reference_s_nibbles_and_noise()
    {
        string folder = Path.Combine(Recordings.Folder!, "circor");
        string[] lines = File.ReadAllLines(Path.Combine(folder, "CODEC_reference.csv"));
        Assert.IsGreaterThan(1, lines.Length);
        foreach (string line in lines[1..])
        {
            string[] fields = line.Split(',');
            short[] samples = WavFile.Read(File.ReadAllBytes(Path.Combine(folder, fields[0])), out _, out string? problem);
            Assert.IsNull(problem, fields[0]);
            ImaAdpcm encoder = new(samples[0]);
            ImaAdpcm decoder = new(samples[0]);
            int nibbles = 0;
            double signal = 0;
            double noise = 0;
            foreach (short sample in samples)
            {
                int nibble = encoder.Encode(sample);
                nibbles += nibble;
                double error = decoder.Decode(nibble) - sample;
                signal += (double)sample * sample;
                noise += error * error;
            }

            Assert.AreEqual(int.Parse(fields[10], CultureInfo.InvariantCulture), nibbles % 65_536, fields[0]);
            Assert.AreEqual(double.Parse(fields[6], CultureInfo.InvariantCulture), 10 * Math.Log10(signal / noise), 0.1, fields[0]);
        }
    }

    [TestMethod]
    public void Nibbles_by_hand_from_the_published_algorithm()
    {
        ImaAdpcm codec = new();

        // Step 7: 100 is beyond 7 + 3 + 1, so 7; it decodes to 0 + 7 + 3 + 1 + 0 = 11, and the index rises by 8 to step 16.
        Assert.AreEqual(7, codec.Encode(100));

        // Step 16, difference 89: 7 again; 11 + 16 + 8 + 4 + 2 = 41, index 16, step 34.
        Assert.AreEqual(7, codec.Encode(100));

        // Step 34, difference -141: 15; 41 - (34 + 17 + 8 + 4) = -22.
        Assert.AreEqual(15, codec.Encode(-100));
        ImaAdpcm decoder = new();
        Assert.AreEqual(11, decoder.Decode(7));
        Assert.AreEqual(41, decoder.Decode(7));
        Assert.AreEqual(-22, decoder.Decode(15));
    }

    [TestMethod]
    public void Encoder_and_decoder_hold_the_same_state_whatever_comes() => Prop.ForAll<short[]>(samples =>
    {
        byte[] chunk = new byte[ImaAdpcm.ChunkLength(samples.Length)];
        ImaAdpcm.EncodeChunk(samples, chunk);
        short[] made = new short[samples.Length];
        ImaAdpcm.DecodeChunk(chunk, made);
        ImaAdpcm encoder = new(samples.Length > 0 ? samples[0] : (short)0, chunk[2]);
        ImaAdpcm decoder = new(samples.Length > 0 ? samples[0] : (short)0, chunk[2]);
        for (int i = 0; i < samples.Length; i++)
        {
            Assert.AreEqual(decoder.Decode(encoder.Encode(samples[i])), made[i]);
        }

        Assert.AreEqual(0, chunk[3]);
    }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void Any_bytes_decode_to_something_and_no_more_than_fits() => Prop.ForAll<byte[], byte>((bytes, room) =>
    {
        byte[] chunk = [1, 2, 255, 0, .. bytes];
        short[] made = new short[room];
        Array.Fill(made, (short)77);
        ImaAdpcm.DecodeChunk(chunk, made);
        for (int i = 2 * bytes.Length; i < made.Length; i++)
        {
            Assert.AreEqual(77, made[i], "what the chunk does not hold is left alone");
        }
    }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void A_heart_sound_in_chunks_keeps_14_dB_or_more_and_a_lost_chunk_costs_only_itself()
    {
        const int Chunk = 800;
        short[] samples = new Synthetic(4000, 4).Heart(_ => 72).Noise(40).Samples();
        short[] made = new short[samples.Length];
        double signal = 0;
        double noise = 0;
        for (int at = 0; at < samples.Length; at += Chunk)
        {
            byte[] chunk = new byte[ImaAdpcm.ChunkLength(Chunk)];
            ImaAdpcm.EncodeChunk(samples.AsSpan(at, Chunk), chunk);
            ImaAdpcm.DecodeChunk(chunk, made.AsSpan(at, Chunk));
            Assert.AreEqual(samples[at], made[at], 8, "it begins at the chunk's own first sample");
        }

        for (int i = 0; i < samples.Length; i++)
        {
            double error = made[i] - samples[i];
            signal += (double)samples[i] * samples[i];
            noise += error * error;
        }

        Assert.IsGreaterThan(14, 10 * Math.Log10(signal / noise));
    }

    [TestMethod]
    public void A_state_that_cannot_be_is_refused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ImaAdpcm(0, -1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ImaAdpcm(0, 89));
    }
}
