using System;
using System.Buffers.Binary;
using System.Text;
using EdgeGateway.Core.Auscultation;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Auscultation;

/// <summary>WAV files: head, metadata, round trip, and what is refused.</summary>
[TestClass]
public sealed class WavFileTests
{
    [TestMethod]
    public void The_head_says_pcm_of_16_bits_and_one_channel()
    {
        byte[] file = WavFile.Write([1, -2], 8000, new WavMetadata());
        Assert.AreEqual(48, file.Length);
        Assert.AreEqual("RIFF", Encoding.ASCII.GetString(file, 0, 4));
        Assert.AreEqual(40, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(4)));
        Assert.AreEqual("WAVEfmt ", Encoding.ASCII.GetString(file, 8, 8));
        CollectionAssert.AreEqual(
            new byte[] { 16, 0, 0, 0, 1, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x80, 0x3E, 0, 0, 2, 0, 16, 0 }, file[16..36]);
        Assert.AreEqual("data", Encoding.ASCII.GetString(file, 36, 4));
        CollectionAssert.AreEqual(new byte[] { 4, 0, 0, 0, 1, 0, 0xFE, 0xFF }, file[40..]);
    }

    [TestMethod]
    public void Metadata_stand_in_an_info_chunk_of_even_length_and_what_is_null_is_left_out()
    {
        byte[] file = WavFile.Write([5], 4000, new WavMetadata { Name = "S1 c1", Comment = "{\"é\":1}" });
        string text = Encoding.UTF8.GetString(file);
        StringAssert.Contains(text, "LIST");
        StringAssert.Contains(text, "INFOINAM");
        StringAssert.Contains(text, "S1 c1\0");
        StringAssert.Contains(text, "ICMT");
        StringAssert.Contains(text, "{\"é\":1}\0");
        Assert.IsFalse(text.Contains("ICRD", StringComparison.Ordinal) || text.Contains("ISFT", StringComparison.Ordinal));
        Assert.AreEqual(0, file.Length % 2);
        Assert.AreEqual(file.Length - 8, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(4)));
    }

    [TestMethod]
    public void What_is_written_is_read_again() => Prop.ForAll<short[], string>((samples, name) =>
    {
        byte[] file = WavFile.Write(samples, 8000, new WavMetadata { Name = name, Software = "x" });
        short[] read = WavFile.Read(file, out int rateHz, out string? problem);
        Assert.IsNull(problem);
        Assert.AreEqual(8000, rateHz);
        CollectionAssert.AreEqual(samples, read);
    }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void A_file_that_is_cut_or_damaged_is_refused_with_its_reason_or_read_and_never_throws()
    {
        byte[] file = WavFile.Write([1, 2, 3], 8000, new WavMetadata { Name = "odd" });
        for (int length = 0; length < file.Length; length++)
        {
            Assert.IsEmpty(WavFile.Read(file.AsSpan(0, length), out int rateHz, out string? problem), $"{length}");
            Assert.AreEqual(0, rateHz);
            Assert.IsNotNull(problem);
        }

        for (int i = 0; i < file.Length; i++)
        {
            byte[] damaged = (byte[])file.Clone();
            damaged[i] ^= 0xFF;
            short[] samples = WavFile.Read(damaged, out _, out string? problem);
            Assert.AreEqual(problem is null ? 3 : 0, samples.Length, $"{i}: {problem}");
        }
    }

    [TestMethod]
    [DataRow(20, (byte)3, "IEEE float of 16 bits")]
    [DataRow(22, (byte)2, "2 channels stand 2 bytes apart, not 4")]
    [DataRow(22, (byte)0, "no channel")]
    [DataRow(34, (byte)8, "8 bits and 1 channel stand 2 bytes apart, not 1")]
    [DataRow(34, (byte)12, "PCM of 12 bits")]
    [DataRow(0, (byte)'X', "no RIFF")]
    [DataRow(36, (byte)'x', "no data")]
    public void Another_kind_is_refused_with_its_reason(int place, byte value, string reason)
    {
        byte[] file = WavFile.Write([1, 2], 8000, new WavMetadata());
        file[place] = value;
        Assert.IsEmpty(WavFile.Read(file, out _, out string? problem));
        StringAssert.Contains(problem, reason);
    }

    [TestMethod]
    [DataRow(0u)]
    [DataRow(0xFFFF_FFFFu)]
    [DataRow(0x7FFF_FFFFu)]
    [DataRow(0x7FFF_F000u)]
    [DataRow(0x8000_0000u)]
    [DataRow(0xFFFF_FFD3u)]
    [DataRow(0xFFFF_FFDBu)]
    public void Data_whose_length_was_left_open_reach_to_the_end(uint told)
    {
        short[] samples = new short[60_000];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = (short)(i * 7);
        }

        foreach (string? name in new[] { null, "streamed" })
        {
            byte[] file = WavFile.Write(samples, 8000, new WavMetadata { Name = name });
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(4), told);
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(file.Length - 120_004), told);
            short[] read = WavFile.Read(file, out int rateHz, out string? problem);
            Assert.IsNull(problem);
            Assert.AreEqual(8000, rateHz);
            CollectionAssert.AreEqual(samples, read);
        }
    }

    [TestMethod]
    public void Data_of_length_0_before_another_chunk_are_empty()
    {
        byte[] file = WavFile.Write([], 8000, new WavMetadata { Name = "behind" });
        byte[] head = file[..36];
        byte[] list = file[36..^8];
        byte[] data = file[^8..];
        Assert.IsEmpty(WavFile.Read([.. head, .. data, .. list], out int rateHz, out string? problem));
        Assert.IsNull(problem);
        Assert.AreEqual(8000, rateHz);
    }

    [TestMethod]
    public void The_extensible_format_is_read_as_the_plain_one_and_what_it_is_else_is_said()
    {
        Assert.AreEqual("1,-2,3", string.Join(',', WavFile.Read(Extensible(16, 16, 1, 1), out int rateHz, out string? problem)));
        Assert.IsNull(problem);
        Assert.AreEqual(4000, rateHz);
        Assert.AreEqual("1,-2,3", string.Join(',', WavFile.Read(Extensible(16, 0, 1, 1), out _, out problem)), problem);
        Assert.AreEqual("1,-2,3", string.Join(',', WavFile.Read(Extensible(16, 12, 1, 1), out _, out problem)), "used bits stand at the upper end: " + problem);
        Assert.HasCount(2, WavFile.Read(Extensible(24, 20, 1, 1), out _, out problem), problem);
        foreach ((byte[] file, string said) in new[]
        {
            (Extensible(16, 17, 1, 1), "16 bits, of which 17 are used"),
            (Extensible(16, 16, 1, 6), "A-law of 16 bits"),
            (Extensible(16, 16, 1, 3), "IEEE float of 16 bits"),
        })
        {
            Assert.IsEmpty(WavFile.Read(file, out _, out problem));
            StringAssert.Contains(problem, said);
        }

        byte[] strange = Extensible(16, 16, 1, 1);
        strange[50] ^= 1;
        Assert.IsEmpty(WavFile.Read(strange, out _, out problem));
        StringAssert.Contains(problem, "unknown sub-format");
    }

    [TestMethod]
    public void Every_width_and_ieee_float_give_the_same_sound() => Prop.ForAll<short[]>(samples =>
    {
        foreach (int code in new[] { 1, 3 })
        {
            foreach (int bits in code == 1 ? new[] { 8, 16, 24, 32 } : [32, 64])
            {
                foreach (bool extensible in new[] { false, true })
                {
                    short[] read = WavFile.Read(Recorded([samples], 44_100, code, bits, extensible), out int rateHz, out string? problem);
                    Assert.IsNull(problem);
                    Assert.AreEqual(44_100, rateHz);
                    Assert.HasCount(samples.Length, read);
                    for (int i = 0; i < samples.Length; i++)
                    {
                        Assert.AreEqual(samples[i], read[i], bits == 8 ? 256 : 0, $"{code} {bits}");
                    }
                }
            }
        }
    }).QuickCheckThrowOnFailure();

    [TestMethod]
    public void Wide_samples_are_rounded_and_full_scale_stays_full_scale()
    {
        byte[] file = Recorded([[0, 0, 0, 0]], 8000, 1, 24, extensible: false);
        new byte[] { 0x7F, 0x01, 0x00, 0x80, 0x01, 0x00, 0xFF, 0xFF, 0x7F, 0x00, 0x00, 0x80 }.CopyTo(file, file.Length - 12);
        Assert.AreEqual("1,2,32767,-32768", string.Join(',', WavFile.Read(file, out _, out _)));
        file = Recorded([[0, 0, 0, 0]], 8000, 1, 8, extensible: false);
        new byte[] { 0, 127, 128, 255 }.CopyTo(file, file.Length - 4);
        Assert.AreEqual("-32768,-256,0,32512", string.Join(',', WavFile.Read(file, out _, out _)));
        Assert.AreEqual("32767,-32768,1", string.Join(',', WavFile.Read(Floats(1, -1, 0.6 / 32768), out _, out string? problem)), problem);
    }

    [TestMethod]
    [DataRow(1.001, "full scale of IEEE float is 1")]
    [DataRow(-32768.0, "full scale of IEEE float is 1")]
    [DataRow(double.NaN, "no number")]
    [DataRow(double.NegativeInfinity, "no number")]
    public void Float_beyond_its_full_scale_is_refused_and_not_clipped(double value, string said)
    {
        Assert.IsEmpty(WavFile.Read(Floats(0.5, value), out int rateHz, out string? problem));
        Assert.AreEqual(0, rateHz);
        StringAssert.Contains(problem, "its sample 1 is");
        StringAssert.Contains(problem, said);
    }

    [TestMethod]
    public void Of_several_channels_one_is_read_when_the_others_are_silent_or_the_same_and_else_none()
    {
        short[] heart = [100, -2000, 3000, 40];
        short[] almost = [102, -1998, 2998, 42];
        short[] silent = [0, 1, -2, 2];
        short[] other = [100, -2000, 3003, 40];
        foreach (short[][] channels in new short[][][] { [heart, heart], [heart, almost], [heart, silent], [silent, heart], [silent, silent, heart, almost] })
        {
            CollectionAssert.AreEqual(heart, WavFile.Read(Recorded(channels, 8000, 1, 24, extensible: true), out _, out string? problem), problem);
        }

        CollectionAssert.AreEqual(silent, WavFile.Read(Recorded([silent, [0, 0, 0, 0]], 8000, 1, 16, extensible: false), out _, out _), "all are silent");
        foreach ((short[][] channels, string pair, string remix) in new[] { (new[] { heart, other }, "1 and 2 differ", "remix 1"), ([silent, heart, other], "2 and 3 differ", "remix 2") })
        {
            Assert.IsEmpty(WavFile.Read(Recorded(channels, 8000, 1, 16, extensible: false), out int rateHz, out string? problem));
            Assert.AreEqual(0, rateHz);
            StringAssert.Contains(problem, pair);
            StringAssert.Contains(problem, remix);
        }
    }

    [TestMethod]
    [DataRow((ushort)1, (ushort)20, "PCM of 20 bits")]
    [DataRow((ushort)2, (ushort)4, "Microsoft ADPCM of 4 bits")]
    [DataRow((ushort)3, (ushort)24, "IEEE float of 24 bits")]
    [DataRow((ushort)6, (ushort)8, "A-law of 8 bits")]
    [DataRow((ushort)7, (ushort)8, "\u00B5-law of 8 bits")]
    [DataRow((ushort)0x11, (ushort)4, "IMA ADPCM of 4 bits")]
    [DataRow((ushort)0x55, (ushort)0, "MP3 of 0 bits")]
    [DataRow((ushort)0x1234, (ushort)16, "format 0x1234 of 16 bits")]
    public void What_is_not_read_is_called_by_its_name_with_what_to_do(ushort code, ushort bits, string said)
    {
        byte[] file = WavFile.Write([1, 2], 8000, new WavMetadata());
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(20), code);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(34), bits);
        Assert.IsEmpty(WavFile.Read(file, out int rateHz, out string? problem));
        Assert.AreEqual(0, rateHz);
        StringAssert.Contains(problem, said);
        StringAssert.Contains(problem, "save it again as WAV, PCM of 16 bits, one channel");
    }

    [TestMethod]
    [DataRow("", "it is empty")]
    [DataRow("494433030000000000000000", "it is MP3")]
    [DataRow("FFFB9064000000000000", "it is MP3")]
    [DataRow("4F67675300020000000000000000", "it is Ogg")]
    [DataRow("664C6143000000220000", "it is FLAC")]
    [DataRow("0000001C6674797069736F6D", "it is MPEG-4")]
    [DataRow("464F524D0000000041494646", "it is AIFF")]
    [DataRow("52494646240000004156492020202020", "no RIFF/WAVE: convert")]
    [DataRow("5249464600", "no RIFF/WAVE: convert")]
    public void Another_kind_of_file_is_called_by_its_name(string bytes, string said)
    {
        Assert.IsEmpty(WavFile.Read(Convert.FromHexString(bytes), out _, out string? problem));
        StringAssert.Contains(problem, said);
    }

    [TestMethod]
    public void Chunks_of_odd_length_are_passed_over_with_their_filling_and_rf64_is_called_so()
    {
        byte[] file = WavFile.Write([5, -6], 8000, new WavMetadata());
        byte[] odd = [.. file[..12], .. "junk"u8, 3, 0, 0, 0, 1, 2, 3, 0, .. file[12..36], .. "note"u8, 1, 0, 0, 0, 9, 0, .. file[36..]];
        Assert.AreEqual("5,-6", string.Join(',', WavFile.Read(odd, out _, out string? problem)), problem);
        foreach ((string name, string said) in new[] { ("RF64", "RF64"), ("BW64", "RF64"), ("RIFX", "RIFX") })
        {
            Encoding.ASCII.GetBytes(name, file);
            Assert.IsEmpty(WavFile.Read(file, out _, out problem));
            StringAssert.Contains(problem, said);
        }

        byte[] cut = WavFile.Write(new short[100], 8000, new WavMetadata());
        Assert.IsEmpty(WavFile.Read(cut.AsSpan(0, 144), out _, out problem));
        StringAssert.Contains(problem, "its data: 200 bytes are announced and 100 are there");
        StringAssert.Contains(problem, "--ignore-length");
        BinaryPrimitives.WriteUInt32LittleEndian(cut.AsSpan(40), 0x7FFE_0000);
        Assert.IsEmpty(WavFile.Read(cut, out _, out problem));
        StringAssert.Contains(problem, "2147352576 bytes are announced");
        BinaryPrimitives.WriteUInt32LittleEndian(cut.AsSpan(16), 0xFFFF_FFFF);
        Assert.IsEmpty(WavFile.Read(cut, out _, out problem));
        StringAssert.Contains(problem, "within a chunk: 4294967295 bytes are announced");
    }

    [TestMethod]
    public void A_chunk_of_odd_length_without_its_filling_is_passed_over_too()
    {
        byte[] file = WavFile.Write([5, -6], 8000, new WavMetadata());
        byte[] odd = [.. file[..12], .. "junk"u8, 3, 0, 0, 0, 1, 2, 3, .. file[12..36], .. "note"u8, 1, 0, 0, 0, 9, .. file[36..]];
        Assert.AreEqual("5,-6", string.Join(',', WavFile.Read(odd, out _, out string? problem)), problem);
        byte[] filled = [.. file[..36], .. "note"u8, 1, 0, 0, 0, 9, (byte)'d', .. file[36..]];
        Assert.AreEqual("5,-6", string.Join(',', WavFile.Read(filled, out _, out problem)), problem);
    }

    [TestMethod]
    public void A_recorder_that_was_stopped_within_a_sample_leaves_whole_samples()
    {
        byte[] file = Recorded([[1, 2, 3]], 8000, 1, 24, extensible: false);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(40), 0xFFFF_FFFF);
        Assert.AreEqual("1,2", string.Join(',', WavFile.Read(file.AsSpan(0, file.Length - 1), out _, out string? problem)), problem);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(40), 8);
        Assert.AreEqual("1,2", string.Join(',', WavFile.Read(file, out _, out problem)), problem);
    }

    [TestMethod]
    public void Mutated_files_are_read_or_refused_with_a_reason_and_never_throw()
    {
        // CART_LONG=1: twenty-five times as many.
        int count = string.Equals(Environment.GetEnvironmentVariable("CART_LONG"), "1", StringComparison.Ordinal) ? 1_000_000 : 40_000;
        byte[][] corpus =
        [
            WavFile.Write([1, -2, 3, 4], 8000, new WavMetadata { Name = "odd", Comment = "{}" }),
            WavFile.Write([7], 4000, new WavMetadata()),
            Extensible(16, 16, 1, 1),
            Recorded([[1, 2], [0, 0]], 44_100, 1, 24, extensible: true),
            Floats(0.5, -0.25),
            [],
        ];
        uint[] lengths = [0, 1, 7, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFF8, 0x7FFF_F000];
        Random random = new(9_2026);
        int read = 0;
        for (int i = 0; i < count; i++)
        {
            byte[] file = [.. corpus[random.Next(corpus.Length)]];
            for (int edits = random.Next(1, 5); edits > 0 && file.Length > 0; edits--)
            {
                int at = random.Next(file.Length);
                switch (random.Next(6))
                {
                    case 0:
                        file[at] = (byte)random.Next(256);
                        break;
                    case 1:
                        file[at] ^= (byte)(1 << random.Next(8));
                        break;
                    case 2:
                        file = file[..at];
                        break;
                    case 3:
                        file = [.. file[..at], .. file[random.Next(file.Length)..]];
                        break;
                    case 4 when file.Length >= 4:
                        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(random.Next(file.Length - 3)), lengths[random.Next(lengths.Length)]);
                        break;
                    default:
                        file = [.. file[..at], (byte)random.Next(256), .. file[at..]];
                        break;
                }
            }

            short[] samples = WavFile.Read(file, out int rateHz, out string? problem);
            Assert.AreEqual(problem is null, rateHz is > 0 and <= WavFile.MaxRateHz, Convert.ToHexString(file));
            Assert.IsTrue(problem is null ? samples.Length <= file.Length : samples.Length == 0 && problem.Length > 0, Convert.ToHexString(file));
            read += problem is null ? 1 : 0;
        }

        Assert.IsGreaterThan(count / 40, read, "the corpus is not too broken to be read");
        Assert.IsLessThan(count * 19 / 20, read);
    }

    // What a recorder may write of sound of 16 bits, its channels interleaved.
    private static byte[] Recorded(short[][] channels, int rateHz, int code, int bits, bool extensible)
    {
        int width = bits / 8;
        byte[] data = new byte[channels.Length * channels[0].Length * width];
        Span<byte> at = data;
        for (int i = 0; i < channels[0].Length; i++)
        {
            foreach (short[] channel in channels)
            {
                short sample = channel[i];
                switch (code, bits)
                {
                    case (1, 8):
                        at[0] = (byte)((sample >> 8) + 128);
                        break;
                    case (1, 16):
                        BinaryPrimitives.WriteInt16LittleEndian(at, sample);
                        break;
                    case (1, 24):
                        at[0] = 0;
                        BinaryPrimitives.WriteInt16LittleEndian(at[1..], sample);
                        break;
                    case (1, 32):
                        BinaryPrimitives.WriteInt32LittleEndian(at, sample << 16);
                        break;
                    case (3, 32):
                        BinaryPrimitives.WriteSingleLittleEndian(at, sample / 32768f);
                        break;
                    default:
                        BinaryPrimitives.WriteDoubleLittleEndian(at, sample / 32768.0);
                        break;
                }

                at = at[width..];
            }
        }

        byte[] format = new byte[extensible ? 40 : 16];
        BinaryPrimitives.WriteUInt16LittleEndian(format, (ushort)(extensible ? 0xFFFE : code));
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(2), (ushort)channels.Length);
        BinaryPrimitives.WriteInt32LittleEndian(format.AsSpan(4), rateHz);
        BinaryPrimitives.WriteInt32LittleEndian(format.AsSpan(8), rateHz * width * channels.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(12), (ushort)(width * channels.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(14), (ushort)bits);
        if (extensible)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(16), 22);
            BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(18), (ushort)bits);
            BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(24), (ushort)code);
            new byte[] { 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71 }.CopyTo(format, 26);
        }

        byte[] lengths = new byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(lengths, 20 + format.Length + data.Length);
        BinaryPrimitives.WriteInt32LittleEndian(lengths.AsSpan(4), format.Length);
        BinaryPrimitives.WriteInt32LittleEndian(lengths.AsSpan(8), data.Length);
        return [.. "RIFF"u8, .. lengths[..4], .. "WAVEfmt "u8, .. lengths[4..8], .. format, .. "data"u8, .. lengths[8..], .. data];
    }

    private static byte[] Floats(params double[] values)
    {
        byte[] file = Recorded([new short[values.Length]], 8000, 3, 32, extensible: false);
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(file.AsSpan(file.Length - (4 * (values.Length - i))), (float)values[i]);
        }

        return file;
    }

    // 1, -2, 3 at 4,000 Hz behind a format of 40 bytes.
    private static byte[] Extensible(ushort bits, ushort valid, ushort channels, ushort code)
    {
        byte[] format = new byte[40];
        BinaryPrimitives.WriteUInt16LittleEndian(format, 0xFFFE);
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(2), channels);
        BinaryPrimitives.WriteUInt32LittleEndian(format.AsSpan(4), 4000);
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(12), (ushort)(bits / 8 * channels));
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(14), bits);
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(16), 22);
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(18), valid);
        BinaryPrimitives.WriteUInt16LittleEndian(format.AsSpan(24), code);
        new byte[] { 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71 }.CopyTo(format, 26);
        return [.. "RIFF"u8, 66, 0, 0, 0, .. "WAVEfmt "u8, 40, 0, 0, 0, .. format, .. "data"u8, 6, 0, 0, 0, 1, 0, 0xFE, 0xFF, 3, 0];
    }
}
