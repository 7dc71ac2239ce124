using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text;
using EdgeGateway.Faults;
using Firmware.Flash.Hardware;
using Firmware.Flash.Images;
using Flash.Tests.StandIns;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests.Images;

[TestClass]
public sealed class ProgramImageTests
{
    private static readonly BoardTable Table = BoardTable.Load();

    [TestMethod]
    public void An_assembly_of_the_real_tool_chain_is_read_and_fits_the_image()
    {
        ProgramImage image = ProgramImage.Parse(SyntheticProgram.Mscorlib(), out string? wrong)!;
        Assert.IsNull(wrong);
        ProgramAssembly assembly = image.Assemblies.Single();
        Assert.AreEqual("mscorlib", assembly.Name);
        Assert.AreEqual(new Version(1, 17, 11, 0), assembly.Version);
        Assert.AreEqual(0x1549C856u, assembly.NativeChecksum);
        Assert.IsEmpty(image.NativeDifferences(Table.Natives));
    }

    [TestMethod]
    public void A_whole_program_is_read_with_its_build_and_padding()
    {
        ProgramImage image = ProgramImage.Parse([.. SyntheticProgram.Whole(), 0xFF, 0xFF, 0xFF, 0xFF], out string? wrong)!;
        Assert.IsNull(wrong);
        CollectionAssert.AreEqual(new[] { "mscorlib", "Pod.Core", "Pod" }, image.Assemblies.Select(a => a.Name).ToArray());
        Assert.IsTrue(image.HoldsString(SyntheticProgram.Build));
        Assert.IsFalse(image.HoldsString(SyntheticProgram.Build[..15]), "a part of a string is no string");
        Assert.IsFalse(image.HoldsString(SyntheticProgram.OtherBuild));
    }

    [TestMethod]
    public void No_flipped_bit_is_overlooked()
    {
        byte[] whole = SyntheticProgram.Whole();
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            whole[bit / 8] ^= (byte)(1 << (bit % 8));
            ProgramImage? image = ProgramImage.Parse(whole, out string? wrong);
            whole[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.IsTrue(image is null && wrong is not null, $"bit {bit}");
        }
    }

    [TestMethod]
    public void No_cut_is_overlooked_but_one_behind_an_assembly()
    {
        byte[] whole = SyntheticProgram.Whole();
        int[] ends = [.. ProgramImage.Parse(whole, out _)!.Assemblies.Select(a => a.Offset + a.Length)];
        for (int length = 0; length < whole.Length; length++)
        {
            ProgramImage? image = ProgramImage.Parse(whole[..length], out string? wrong);
            Assert.AreEqual(ends.Contains(length), image is not null, $"{length} bytes: {wrong}");
        }

        // Cut behind the first assembly it is a program, but not this one: the pod's build is not in it.
        Assert.IsFalse(ProgramImage.Parse(whole[..ends[1]], out _)!.HoldsString(SyntheticProgram.Build));
    }

    [TestMethod]
    [DataRow("E9030220", "runtime or its loader")]
    [DataRow("4D5A9000", "the .bin beside it")]
    [DataRow("504B0304", ".zip")]
    [DataRow("7F454C46", "ELF")]
    [DataRow("3A100000", "HEX")]
    [DataRow("4E464D524B3200", "2.x")]
    [DataRow("", "empty")]
    [DataRow("00", "no assembly begins here")]
    public void What_people_give_by_mistake_is_named(string hex, string expected)
    {
        Assert.IsNull(ProgramImage.Parse([.. Convert.FromHexString(hex), .. hex.Length > 8 ? new byte[200] : []], out string? wrong));
        StringAssert.Contains(wrong, expected);
    }

    [TestMethod]
    public void Natives_of_another_image_and_missing_references_are_refused()
    {
        byte[] other = SyntheticProgram.Whole(mscorlib: 0x445C7AF9);
        CodedErrorException e = Assert.ThrowsExactly<CodedErrorException>(() => ProgramImage.Require("Pod.bin", other, Table.Natives));
        Assert.AreEqual(FaultCodes.ProgramNativesDiffer, e.Errors[0].Code);
        StringAssert.Contains(e.Message, "program 0x445C7AF9, image 0x1549C856");
        byte[] unknown = [.. SyntheticProgram.Whole(), .. SyntheticProgram.Assembly("System.Device.Can", 7, ["mscorlib"], [])];
        StringAssert.Contains(ProgramImage.Parse(unknown, out _)!.NativeDifferences(Table.Natives).Single(), "image none");
        Assert.IsNull(ProgramImage.Parse(SyntheticProgram.Assembly("Pod", 0, ["mscorlib"], []), out string? wrong));
        StringAssert.Contains(wrong, "Pod needs mscorlib");
    }

    [TestMethod]
    public void Random_files_are_refused_and_end()
    {
        // Seed 7; heads that are right but for their offsets.
        Random random = new(7);
        for (int i = 0; i < 2000; i++)
        {
            byte[] bytes = SyntheticProgram.Assembly("A", 0, [], ["x"]);
            for (int n = random.Next(1, 5); n > 0; n--)
            {
                bytes[40 + random.Next(64)] = (byte)random.Next(256);
            }

            Array.Clear(bytes, 8, 4);
            BitConverter.TryWriteBytes(bytes.AsSpan(8), ProgramImage.Crc(bytes.AsSpan(0, ProgramImage.HeadBytes)));
            ProgramImage? image = ProgramImage.Parse(bytes, out string? wrong);
            Assert.AreNotEqual(image is null, wrong is null);
        }
    }

    [TestMethod]
    public void An_archive_is_sealed_and_each_change_is_seen()
    {
        using TestFolder folder = new();
        string[] targets = ["ESP32_BLE_REV3"];
        string zip = folder.At("ESP32_BLE_REV3-1.17.0.60.zip");
        void Make(string runtime, byte first)
        {
            File.Delete(zip);
            using ZipArchive archive = ZipFile.Open(zip, ZipArchiveMode.Create);
            foreach (string name in new[] { runtime, "bootloader.bin", "partitions_4mb.bin" })
            {
                using Stream entry = archive.CreateEntry(name).Open();
                entry.Write([first, 1, 2]);
            }
        }

        Make("nanoCLR.bin", 0xE9);
        StringAssert.Contains(string.Join('\n', RuntimeArchive.Problems(folder.Path, targets, "1.17.0.60")), "ESP32_BLE_REV3-1.17.0.60.zip.json is missing");
        folder.Write("ESP32_BLE_REV3-1.17.0.60.zip.json", "{}");
        Assert.HasCount(2, RuntimeArchive.Seal(folder.Path, targets, "1.17.0.60"));
        Assert.IsEmpty(RuntimeArchive.Problems(folder.Path, targets, "1.17.0.60"));
        StringAssert.Contains(RuntimeArchive.Problems(folder.Path, targets, "1.17.0.61")[0], "1.17.0.61.zip is missing");

        folder.Write("ESP32_BLE_REV3-1.17.0.60.zip.json", "{ }");
        StringAssert.Contains(RuntimeArchive.Problems(folder.Path, targets, "1.17.0.60").Single(), "was changed");
        folder.Write("ESP32_BLE_REV3-1.17.0.60.zip.json", "{}");
        Make("nanoBooter.bin", 0xE9);
        StringAssert.Contains(string.Join('\n', RuntimeArchive.Problems(folder.Path, targets, "1.17.0.60")), "does not hold nanoCLR.bin");
        Make("nanoCLR.bin", 0x00);
        Assert.AreEqual(FaultCodes.ArchiveUnusable, Assert.ThrowsExactly<CodedErrorException>(() => RuntimeArchive.Seal(folder.Path, targets, "1.17.0.60")).Errors[0].Code);
        File.WriteAllText(zip, "no zip");
        StringAssert.Contains(string.Join('\n', RuntimeArchive.Problems(folder.Path, targets, "1.17.0.60")), "no whole zip file");
        folder.Write(RuntimeArchive.ListName, "{");
        Assert.IsNotEmpty(RuntimeArchive.Problems(folder.Path, targets, "1.17.0.60"));
    }
}
