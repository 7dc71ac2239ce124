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
