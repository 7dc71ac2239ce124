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

/// <summary>RIFF/WAVE: written as PCM, 16 bits, one channel, with a LIST/INFO chunk; read as recorders write it. Source: IBM and Microsoft, Multimedia Programming Interface and Data Specifications 1.0, 1991.</summary>
public static class WavFile
{
    /// <summary>Highest rate that is read, samples per second.</summary>
    public const int MaxRateHz = 192_000;

    /// <summary>Data of this announced length and more, bytes, are of a length that the writer left open. Source: ffmpeg, SoX and arecord write 0x7FFFF000 to 0xFFFFFFFF to a pipe; no such file is read.</summary>
    public const uint MinOpenLength = 0x7FFF_0000;

    /// <summary>Channels whose samples never differ by more than this, of 32,768, are the same; one that never goes beyond it is silent. Assumption: each was dithered by itself, by one step.</summary>
    public const int MaxChannelDifference = 2;

    private const string SaveAgain = "save it again as WAV, PCM of 16 bits, one channel";

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
    /// Reads RIFF/WAVE as recorders write it: PCM of 8, 16, 24 or 32 bits and IEEE float of 32 or 64, their format plain or WAVE_FORMAT_EXTENSIBLE, and gives samples of 16 bits. Other chunks are
    /// passed over. Data whose length the writer left open (0, or <see cref="MinOpenLength"/> and more, as a writer to a pipe does) reach to the end of the file; part of a sample at the end is left out.
    /// Of several channels one is read only when there is no choice: the others are silent or the same. Else it is refused, since nothing in the file says which one is the stethoscope (a second
    /// channel may be an ECG or the room), and a sum of both would be a sound that nobody heard.
    /// </summary>
    /// <param name="file">The bytes.</param>
    /// <param name="rateHz">Samples per second; 0 when it is refused.</param>
    /// <param name="problem">Why it is refused, what it is and what to do; null when it is read.</param>
    /// <returns>The samples; empty when it is refused.</returns>
    public static short[] Read(ReadOnlySpan<byte> file, out int rateHz, out string? problem)
    {
        rateHz = 0;
        problem = KindProblem(file);
        if (problem is not null)
        {
            return [];
        }

        WavFormat? format = null;
        ReadOnlySpan<byte> at = file[12..];
        while (at.Length >= 8)
        {
            ReadOnlySpan<byte> name = at[..4];
            uint told = BinaryPrimitives.ReadUInt32LittleEndian(at[4..]);
            ReadOnlySpan<byte> body = at[8..];
            bool isData = name.SequenceEqual("data"u8);
            if (isData && ((told == 0 && !IsChunks(body)) || (told >= MinOpenLength && told > body.Length)))
            {
                told = (uint)body.Length;
            }

            if (told > body.Length)
            {
                problem = string.Create(
                    CultureInfo.InvariantCulture,
                    $"it ends within {(isData ? "its data" : "a chunk")}: {told} bytes are announced and {body.Length} are there; copy or record it again{(isData ? ", or keep what is there with 'sox --ignore-length IN.wav OUT.wav'" : string.Empty)}");
                return [];
            }

            body = body[..(int)told];
            if (name.SequenceEqual("fmt "u8))
            {
                format = Format(body, out problem);
                if (format is null)
                {
                    return [];
                }
            }
            else if (isData)
            {
                if (format is not { } known)
                {
                    problem = "its data come before its format; " + SaveAgain;
                    return [];
                }

                short[] samples = Samples(body, known, out problem);
                rateHz = problem is null ? known.RateHz : 0;
                return samples;
            }

            at = Behind(at, told);
        }

        problem = (format is null ? "it holds no format and no data; " : "it holds no data; ") + "record it again";
        return [];
    }

    // The rest of WAVE_FORMAT_EXTENSIBLE's sub-format behind its two bytes of format. Source: Microsoft, mmreg.h, KSDATAFORMAT_SUBTYPE_PCM.
    private static ReadOnlySpan<byte> SubFormatTail => [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71];

    private readonly record struct WavFormat(int RateHz, int Channels, int Bits, bool IsFloat)
    {
        public int SampleBytes => Bits / 8;

        public int BlockBytes => SampleBytes * Channels;
    }

    private static string? KindProblem(ReadOnlySpan<byte> file)
    {
        const string Convert = ": convert it, for example with 'ffmpeg -i IN -ac 1 OUT.wav'";
        if (file.IsEmpty)
        {
            return "it is empty: copy or record it again";
        }

        if (file.Length >= 12 && file[8..12].SequenceEqual("WAVE"u8))
        {
            if (file[..4].SequenceEqual("RIFF"u8))
            {
                return null;
            }

            if (file[..4].SequenceEqual("RF64"u8) || file[..4].SequenceEqual("BW64"u8))
            {
                return "it is RF64, for files above 4 GB; " + SaveAgain;
            }

            if (file[..4].SequenceEqual("RIFX"u8))
            {
                return "it is RIFX, with the higher byte first; " + SaveAgain;
            }
        }

        string? kind = file.StartsWith("ID3"u8) || (file.Length >= 2 && file[0] == 0xFF && (file[1] & 0xE0) == 0xE0) ? "MP3"
            : file.StartsWith("OggS"u8) ? "Ogg"
            : file.StartsWith("fLaC"u8) ? "FLAC"
            : file.StartsWith("FORM"u8) ? "AIFF"
            : file.StartsWith("caff"u8) ? "CAF"
            : file.Length >= 8 && file[4..8].SequenceEqual("ftyp"u8) ? "MPEG-4"
            : null;
        return kind is null ? "it is no RIFF/WAVE" + Convert : $"it is no RIFF/WAVE, it is {kind}{Convert}";
    }

    private static WavFormat? Format(ReadOnlySpan<byte> format, out string? problem)
    {
        if (format.Length < 16)
        {
            problem = string.Create(CultureInfo.InvariantCulture, $"its format has {format.Length} bytes, not 16 or more; {SaveAgain}");
            return null;
        }

        int code = BinaryPrimitives.ReadUInt16LittleEndian(format);
        int channels = BinaryPrimitives.ReadUInt16LittleEndian(format[2..]);
        uint hz = BinaryPrimitives.ReadUInt32LittleEndian(format[4..]);
        int apart = BinaryPrimitives.ReadUInt16LittleEndian(format[12..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(format[14..]);
        if (code == 0xFFFE)
        {
            if (format.Length < 40 || !format[26..40].SequenceEqual(SubFormatTail))
            {
                problem = "it is WAVE_FORMAT_EXTENSIBLE of an unknown sub-format, neither PCM nor IEEE float; " + SaveAgain;
                return null;
            }

            // Fewer used bits than there are stand at the upper end of the sample: it is read whole.
            int used = BinaryPrimitives.ReadUInt16LittleEndian(format[18..]);
            if (used > bits)
            {
                problem = string.Create(CultureInfo.InvariantCulture, $"it is of {bits} bits, of which {used} are used: that cannot be; {SaveAgain}");
                return null;
            }

            code = BinaryPrimitives.ReadUInt16LittleEndian(format[24..]);
        }

        if (!(code == 1 && bits is 8 or 16 or 24 or 32) && !(code == 3 && bits is 32 or 64))
        {
            string kind = code switch
            {
                1 => "PCM",
                2 => "Microsoft ADPCM",
                3 => "IEEE float",
                6 => "A-law",
                7 => "\u00B5-law",
                0x11 => "IMA ADPCM",
                0x31 => "GSM 6.10",
                0x55 => "MP3",
                _ => string.Create(CultureInfo.InvariantCulture, $"format 0x{code:X4}"),
            };
            problem = string.Create(CultureInfo.InvariantCulture, $"it is {kind} of {bits} bits, not PCM of 8, 16, 24 or 32 or IEEE float of 32 or 64; {SaveAgain}");
            return null;
        }

        WavFormat read = new((int)Math.Min(hz, int.MaxValue), channels, bits, code == 3);
        problem = channels == 0 ? "it has no channel; " + SaveAgain
            : apart != read.BlockBytes ? string.Create(
                CultureInfo.InvariantCulture, $"its samples of {bits} bits and {channels} channel{(channels == 1 ? string.Empty : "s")} stand {apart} bytes apart, not {read.BlockBytes}: its format contradicts itself; {SaveAgain}")
            : hz is 0 or > MaxRateHz ? string.Create(CultureInfo.InvariantCulture, $"its rate is {hz} Hz, not 1 to {MaxRateHz}; resample it, for example with 'sox IN.wav -r 8000 OUT.wav'")
            : null;
        return problem is null ? read : null;
    }

    private static short[] Samples(ReadOnlySpan<byte> data, WavFormat format, out string? problem)
    {
        problem = null;
        int count = data.Length / format.BlockBytes;
        short[]? kept = null;
        int keptChannel = 0;
        for (int channel = 0; channel < format.Channels; channel++)
        {
            short[] samples = new short[count];
            bool isSilent = true;
            bool isSame = kept is not null;
            for (int i = 0; i < count; i++)
            {
                int place = (i * format.BlockBytes) + (channel * format.SampleBytes);
                if (!TrySample(data[place..], format, out samples[i], out double refused))
                {
                    string at = string.Create(CultureInfo.InvariantCulture, $"its sample {i} is {refused:G6}");
                    problem = double.IsFinite(refused) ? at + ", and the full scale of IEEE float is 1: make it quieter, for example with 'sox --norm=-1 IN.wav -b 16 OUT.wav'" : at + ", no number; record or convert it again";
                    return [];
                }

                isSilent &= Math.Abs((int)samples[i]) <= MaxChannelDifference;
                isSame = isSame && Math.Abs(samples[i] - kept![i]) <= MaxChannelDifference;
            }

            if (kept is null || (!isSilent && IsSilent(kept)))
            {
                (kept, keptChannel) = (samples, channel);
            }
            else if (!isSilent && !isSame)
            {
                problem = string.Create(
                    CultureInfo.InvariantCulture,
                    $"it has {format.Channels} channels, and {keptChannel + 1} and {channel + 1} differ: nothing says which is the stethoscope; save that one alone, for example with 'sox IN.wav OUT.wav remix {keptChannel + 1}'");
                return [];
            }
        }

        return kept!;
    }

    private static bool IsSilent(short[] samples)
    {
        foreach (short sample in samples)
        {
            if (Math.Abs((int)sample) > MaxChannelDifference)
            {
                return false;
            }
        }

        return true;
    }

    private static bool TrySample(ReadOnlySpan<byte> at, WavFormat format, out short sample, out double refused)
    {
        refused = 0;
        if (format.IsFloat)
        {
            double value = format.Bits == 32 ? BinaryPrimitives.ReadSingleLittleEndian(at) : BinaryPrimitives.ReadDoubleLittleEndian(at);
            double rounded = Math.Round(value * 32_768);
            sample = rounded is >= -32_768 and <= 32_768 ? (short)Math.Min(rounded, short.MaxValue) : (short)0;
            refused = value;
            return rounded is >= -32_768 and <= 32_768;
        }

        // PCM of 8 bits is the one kind without a sign. Source: the same document, 3-69.
        long wide = format.Bits switch
        {
            8 => (at[0] - 128) * 256L,
            16 => BinaryPrimitives.ReadInt16LittleEndian(at),
            24 => (((sbyte)at[2] << 16) + (at[1] << 8) + at[0] + 128L) >> 8,
            _ => (BinaryPrimitives.ReadInt32LittleEndian(at) + 32_768L) >> 16,
        };
        sample = (short)Math.Min(wide, short.MaxValue);
        return true;
    }

    // A chunk of odd length is followed by a byte of filling; some writers leave it out, which shows in a name that is known.
    private static ReadOnlySpan<byte> Behind(ReadOnlySpan<byte> at, uint told)
    {
        ReadOnlySpan<byte> next = at[(8 + (int)told)..];
        bool isFilled = (told & 1) != 0 && !(next.StartsWith("data"u8) || next.StartsWith("fmt "u8) || next.StartsWith("LIST"u8) || next.StartsWith("fact"u8));
        return isFilled ? next[Math.Min(next.Length, 1)..] : next;
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

            at = Behind(at, told);
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
