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
    [DataRow(20, (byte)3, "not PCM")]
    [DataRow(22, (byte)2, "not PCM")]
    [DataRow(34, (byte)8, "not PCM")]
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
    public void The_extensible_format_of_16_bits_and_one_channel_is_read_and_what_it_is_else_is_said()
    {
        Assert.AreEqual("1,-2,3", string.Join(',', WavFile.Read(Extensible(16, 16, 1, 1), out int rateHz, out string? problem)));
        Assert.IsNull(problem);
        Assert.AreEqual(4000, rateHz);
        Assert.AreEqual("1,-2,3", string.Join(',', WavFile.Read(Extensible(16, 0, 1, 1), out _, out problem)), problem);
        foreach ((byte[] file, string said) in new[]
        {
            (Extensible(16, 12, 1, 1), "PCM of 16 bits, of which 12 are used and 1 channels"),
            (Extensible(24, 24, 1, 1), "PCM of 24 bits and 1 channels"),
            (Extensible(16, 16, 2, 1), "PCM of 16 bits and 2 channels"),
            (Extensible(32, 32, 1, 3), "IEEE float of 32 bits and 1 channels"),
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
    [DataRow((ushort)1, (ushort)1, (ushort)8, "PCM of 8 bits and 1 channels")]
    [DataRow((ushort)1, (ushort)1, (ushort)24, "PCM of 24 bits and 1 channels")]
    [DataRow((ushort)1, (ushort)1, (ushort)32, "PCM of 32 bits and 1 channels")]
    [DataRow((ushort)1, (ushort)2, (ushort)16, "PCM of 16 bits and 2 channels")]
    [DataRow((ushort)3, (ushort)1, (ushort)32, "IEEE float of 32 bits and 1 channels")]
    [DataRow((ushort)6, (ushort)1, (ushort)8, "A-law of 8 bits")]
    [DataRow((ushort)7, (ushort)1, (ushort)8, "\u00B5-law of 8 bits")]
    [DataRow((ushort)0x11, (ushort)1, (ushort)4, "IMA ADPCM of 4 bits")]
    [DataRow((ushort)0x55, (ushort)2, (ushort)0, "MP3 of 0 bits and 2 channels")]
    [DataRow((ushort)0x1234, (ushort)1, (ushort)16, "format 0x1234 of 16 bits")]
    public void What_is_not_read_is_called_by_its_name(ushort code, ushort channels, ushort bits, string said)
    {
        byte[] file = WavFile.Write([1, 2], 8000, new WavMetadata());
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(20), code);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(22), channels);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(34), bits);
        Assert.IsEmpty(WavFile.Read(file, out int rateHz, out string? problem));
        Assert.AreEqual(0, rateHz);
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
        StringAssert.Contains(problem, "200 bytes are announced and 100 are there");
        BinaryPrimitives.WriteUInt32LittleEndian(cut.AsSpan(40), 0xF000_0000);
        Assert.IsEmpty(WavFile.Read(cut, out _, out problem));
        StringAssert.Contains(problem, "4026531840 bytes are announced");
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
            Assert.IsTrue(problem is null ? samples.Length <= file.Length / 2 : samples.Length == 0 && problem.Length > 0, Convert.ToHexString(file));
            read += problem is null ? 1 : 0;
        }

        Assert.IsGreaterThan(count / 40, read, "the corpus is not too broken to be read");
        Assert.IsLessThan(count * 19 / 20, read);
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
