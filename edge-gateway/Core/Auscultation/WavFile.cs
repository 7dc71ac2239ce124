using System;
using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using System.Text;

namespace EdgeGateway.Core.Auscultation;

/// <summary>What a file says of its sound; members that are null are left out.</summary>
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
    /// <param name="about">What the file says of it.</param>
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

    /// <summary>
    /// Reads a file of this kind: RIFF/WAVE, PCM, 16 bits, one channel, its format plain or WAVE_FORMAT_EXTENSIBLE. Other chunks are passed over. Data of a length that the
    /// writer left open (0 or one of <see cref="OpenLengths"/>, as a writer to a pipe does) reach to the end of the file.
    /// </summary>
    /// <param name="file">The bytes.</param>
    /// <param name="rateHz">Samples per second; 0 when it is refused.</param>
    /// <param name="problem">Why it is refused, and what it is; null when it is read.</param>
    /// <returns>The samples; empty when it is refused.</returns>
    public static short[] Read(ReadOnlySpan<byte> file, out int rateHz, out string? problem)
    {
        rateHz = 0;
        problem = "it is no RIFF/WAVE";
        if (file.Length < 12 || !file[8..12].SequenceEqual("WAVE"u8))
        {
            return [];
        }

        if (!file[..4].SequenceEqual("RIFF"u8))
        {
            problem = file[..4].SequenceEqual("RF64"u8) || file[..4].SequenceEqual("BW64"u8) ? "it is RF64, for files above 4 GB; save it as plain RIFF/WAVE"
                : file[..4].SequenceEqual("RIFX"u8) ? "it is RIFX, with the higher byte first; save it as plain RIFF/WAVE" : problem;
            return [];
        }

        int rate = 0;
        ReadOnlySpan<byte> at = file[12..];
        while (at.Length >= 8)
        {
            ReadOnlySpan<byte> name = at[..4];
            uint told = BinaryPrimitives.ReadUInt32LittleEndian(at[4..]);
            ReadOnlySpan<byte> body = at[8..];
            bool isData = name.SequenceEqual("data"u8);
            if (isData && ((told == 0 && !IsChunks(body)) || OpenLengths.Contains(told)))
            {
                told = (uint)body.Length;
            }

            if (told > body.Length)
            {
                problem = string.Create(CultureInfo.InvariantCulture, $"it ends within a chunk: {told} bytes are announced and {body.Length} are there");
                return [];
            }

            body = body[..(int)told];
            if (name.SequenceEqual("fmt "u8))
            {
                problem = FormatProblem(body, out rate);
                if (problem is not null)
                {
                    return [];
                }
            }
            else if (isData)
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

    /// <summary>Lengths that writers announce when they do not know it yet, bytes; also 0. Source: what ffmpeg and SoX write to a pipe.</summary>
    private static ReadOnlySpan<uint> OpenLengths => [0xFFFF_FFFF, 0xFFFF_FFDB, 0x8000_0000, 0x7FFF_FFFF, 0x7FFF_F000];

    // The rest of WAVE_FORMAT_EXTENSIBLE's sub-format behind its two bytes of format. Source: Microsoft, mmreg.h, KSDATAFORMAT_SUBTYPE_PCM.
    private static ReadOnlySpan<byte> SubFormatTail => [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71];

    private static string? FormatProblem(ReadOnlySpan<byte> format, out int rate)
    {
        rate = 0;
        if (format.Length < 16)
        {
            return string.Create(CultureInfo.InvariantCulture, $"its format has {format.Length} bytes, not 16 or more");
        }

        int code = BinaryPrimitives.ReadUInt16LittleEndian(format);
        int channels = BinaryPrimitives.ReadUInt16LittleEndian(format[2..]);
        uint hz = BinaryPrimitives.ReadUInt32LittleEndian(format[4..]);
        int apart = BinaryPrimitives.ReadUInt16LittleEndian(format[12..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(format[14..]);
        int valid = bits;
        if (code == 0xFFFE)
        {
            if (format.Length < 40 || !format[26..40].SequenceEqual(SubFormatTail))
            {
                return "it is WAVE_FORMAT_EXTENSIBLE of an unknown sub-format, not PCM of 16 bits and one channel";
            }

            int said = BinaryPrimitives.ReadUInt16LittleEndian(format[18..]);
            valid = said == 0 ? bits : said;
            code = BinaryPrimitives.ReadUInt16LittleEndian(format[24..]);
        }

        if (code != 1 || channels != 1 || bits != 16 || valid != 16)
        {
            string kind = code switch
            {
                1 => "PCM",
                3 => "IEEE float",
                6 => "A-law",
                7 => "\u00B5-law",
                0x11 => "IMA ADPCM",
                0x55 => "MP3",
                _ => string.Create(CultureInfo.InvariantCulture, $"format 0x{code:X4}"),
            };
            string width = valid == bits ? string.Empty : string.Create(CultureInfo.InvariantCulture, $", of which {valid} are used");
            return string.Create(CultureInfo.InvariantCulture, $"it is {kind} of {bits} bits{width} and {channels} channels, not PCM of 16 bits and one channel");
        }

        if (apart != 2)
        {
            return string.Create(CultureInfo.InvariantCulture, $"its samples stand {apart} bytes apart, not 2: it is not PCM of 16 bits and one channel");
        }

        if (hz is 0 or > MaxRateHz)
        {
            return string.Create(CultureInfo.InvariantCulture, $"its rate is {hz} Hz, not 1 to {MaxRateHz}");
        }

        rate = (int)hz;
        return null;
    }

    // Whether these bytes are whole chunks with readable names and nothing else: then data of length 0 are empty, else their length was left open.
    private static bool IsChunks(ReadOnlySpan<byte> at)
    {
        while (at.Length >= 8)
        {
            foreach (byte letter in at[..4])
            {
                if (letter is < 0x20 or > 0x7E)
                {
                    return false;
                }
            }

            uint told = BinaryPrimitives.ReadUInt32LittleEndian(at[4..]);
            if (told > at.Length - 8)
            {
                return false;
            }

            at = at[Math.Min(at.Length, 8 + (int)told + (int)(told & 1))..];
        }

        return at.IsEmpty;
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
