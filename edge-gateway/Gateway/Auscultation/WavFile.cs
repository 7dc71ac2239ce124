using System;
using System.Buffers.Binary;
using System.IO;
using System.Text;

namespace EdgeGateway.Gateway.Auscultation;

/// <summary>What is told of a sound in its file; members that are null are left out.</summary>
public sealed record WavMetadata
{
    /// <summary>INAM: its name.</summary>
    public string? Name { get; init; }

    /// <summary>ICRD: when it was made, ISO 8601.</summary>
    public string? Created { get; init; }

    /// <summary>ISFT: by what.</summary>
    public string? Software { get; init; }

    /// <summary>ICMT: all else, one JSON object.</summary>
    public string? Comment { get; init; }
}

/// <summary>RIFF/WAVE, PCM, 16 bits, one channel, with a LIST/INFO chunk. Source: IBM and Microsoft, Multimedia Programming Interface and Data Specifications 1.0, 1991.</summary>
public static class WavFile
{
    /// <summary>Highest rate that is read, samples per second.</summary>
    public const int MaxRateHz = 192_000;

    /// <summary>Makes a file.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="rateHz">Samples per second.</param>
    /// <param name="about">What is told of it.</param>
    /// <returns>The bytes.</returns>
    public static byte[] Write(ReadOnlySpan<short> samples, int rateHz, WavMetadata about)
    {
        ArgumentNullException.ThrowIfNull(about);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rateHz);
        using MemoryStream info = new();
        Tag(info, "INAM", about.Name);
        Tag(info, "ICRD", about.Created);
        Tag(info, "ISFT", about.Software);
        Tag(info, "ICMT", about.Comment);
        int infoBytes = info.Length == 0 ? 0 : (int)info.Length + 12;
        int dataBytes = samples.Length * 2;
        byte[] file = new byte[44 + infoBytes + dataBytes];
        Span<byte> at = file;
        "RIFF"u8.CopyTo(at);
        BinaryPrimitives.WriteInt32LittleEndian(at[4..], file.Length - 8);
        "WAVEfmt "u8.CopyTo(at[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(at[16..], 16);
        BinaryPrimitives.WriteInt16LittleEndian(at[20..], 1);
        BinaryPrimitives.WriteInt16LittleEndian(at[22..], 1);
        BinaryPrimitives.WriteInt32LittleEndian(at[24..], rateHz);
        BinaryPrimitives.WriteInt32LittleEndian(at[28..], rateHz * 2);
        BinaryPrimitives.WriteInt16LittleEndian(at[32..], 2);
        BinaryPrimitives.WriteInt16LittleEndian(at[34..], 16);
        at = at[36..];
        if (infoBytes > 0)
        {
            "LIST"u8.CopyTo(at);
            BinaryPrimitives.WriteInt32LittleEndian(at[4..], infoBytes - 8);
            "INFO"u8.CopyTo(at[8..]);
            info.ToArray().CopyTo(at[12..]);
            at = at[infoBytes..];
        }

        "data"u8.CopyTo(at);
        BinaryPrimitives.WriteInt32LittleEndian(at[4..], dataBytes);
        for (int i = 0; i < samples.Length; i++)
        {
            BinaryPrimitives.WriteInt16LittleEndian(at[(8 + (2 * i))..], samples[i]);
        }

        return file;
    }

    /// <summary>Reads a file of this kind: RIFF/WAVE, PCM, 16 bits, one channel. Other chunks are passed over.</summary>
    /// <param name="file">The bytes.</param>
    /// <param name="rateHz">Samples per second; 0 when it is refused.</param>
    /// <param name="problem">Why it is refused; null when it is read.</param>
    /// <returns>The samples; empty when it is refused.</returns>
    public static short[] Read(ReadOnlySpan<byte> file, out int rateHz, out string? problem)
    {
        rateHz = 0;
        problem = "it is no RIFF/WAVE";
        if (file.Length < 12 || !file[..4].SequenceEqual("RIFF"u8) || !file[8..12].SequenceEqual("WAVE"u8))
        {
            return [];
        }

        int rate = 0;
        ReadOnlySpan<byte> at = file[12..];
        while (at.Length >= 8)
        {
            ReadOnlySpan<byte> name = at[..4];
            uint told = BinaryPrimitives.ReadUInt32LittleEndian(at[4..]);
            ReadOnlySpan<byte> body = at[8..];
            if (told > body.Length)
            {
                problem = "it ends within a chunk";
                return [];
            }

            body = body[..(int)told];
            if (name.SequenceEqual("fmt "u8))
            {
                if (body.Length < 16 || BinaryPrimitives.ReadUInt16LittleEndian(body) != 1 || BinaryPrimitives.ReadUInt16LittleEndian(body[2..]) != 1
                    || BinaryPrimitives.ReadUInt16LittleEndian(body[14..]) != 16 || BinaryPrimitives.ReadUInt32LittleEndian(body[4..]) is 0 or > MaxRateHz)
                {
                    problem = "it is not PCM of 16 bits and one channel";
                    return [];
                }

                rate = BinaryPrimitives.ReadInt32LittleEndian(body[4..]);
            }
            else if (name.SequenceEqual("data"u8))
            {
                problem = rate == 0 ? "its data come before its format" : null;
                short[] samples = new short[rate == 0 ? 0 : body.Length / 2];
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = BinaryPrimitives.ReadInt16LittleEndian(body[(2 * i)..]);
                }

                rateHz = rate;
                return samples;
            }

            // A chunk of odd length is followed by a byte of filling.
            at = at[Math.Min(at.Length, 8 + (int)told + (int)(told & 1))..];
        }

        problem = "it holds no data";
        return [];
    }

    private static void Tag(MemoryStream info, string name, string? text)
    {
        if (text is null)
        {
            return;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text + "\0");
        Span<byte> head = stackalloc byte[8];
        Encoding.ASCII.GetBytes(name, head);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], bytes.Length);
        info.Write(head);
        info.Write(bytes);
        if ((bytes.Length & 1) != 0)
        {
            info.WriteByte(0);
        }
    }
}
