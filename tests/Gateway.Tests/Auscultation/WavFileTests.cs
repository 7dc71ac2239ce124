using System;
using System.Buffers.Binary;
using System.Text;
using EdgeGateway.Gateway.Auscultation;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Auscultation;

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
}
