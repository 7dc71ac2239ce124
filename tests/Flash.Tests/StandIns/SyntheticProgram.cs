using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Firmware.Flash.Images;

namespace Flash.Tests.StandIns;

/// <summary>Programs as the tool chain writes them, as far as the runtime looks at them: head, table of references, table of strings.</summary>
internal static class SyntheticProgram
{
    public const string Build = "0123456789abcdef";
    public const string OtherBuild = "fedcba9876543210";

    private const uint MscorlibChecksum = 0x1549C856;

    /// <summary>A program of three assemblies that fits the image.</summary>
    public static byte[] Whole(string build = Build, uint mscorlib = MscorlibChecksum) =>
        [.. Assembly("mscorlib", mscorlib, [], []), .. Assembly("Pod.Core", 0, ["mscorlib"], ["hello"]), .. Assembly("Pod", 0, ["mscorlib", "Pod.Core"], ["I:", build, "tail"])];

    public static byte[] Assembly(string name, uint nativeChecksum, string[] references, string[] strings)
    {
        List<byte> table = [0];
        Dictionary<string, ushort> at = new(StringComparer.Ordinal);
        foreach (string text in references.Append(name).Concat(strings).Distinct(StringComparer.Ordinal))
        {
            at[text] = (ushort)table.Count;
            table.AddRange([.. Encoding.UTF8.GetBytes(text), 0]);
        }

        while (table.Count % 4 != 0)
        {
            table.Add(0);
        }

        int referenceBytes = 12 * references.Length;
        int stringsAt = ProgramImage.HeadBytes + referenceBytes;
        byte[] bytes = new byte[stringsAt + table.Count];
        "NFMRK1\0\0"u8.CopyTo(bytes);
        Span<byte> span = bytes;
        BinaryPrimitives.WriteUInt32LittleEndian(span[20..], nativeChecksum);
        BinaryPrimitives.WriteUInt16LittleEndian(span[28..], 1);
        BinaryPrimitives.WriteUInt16LittleEndian(span[30..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(span[36..], at[name]);
        BinaryPrimitives.WriteUInt16LittleEndian(span[38..], 1);
        for (int i = 0; i < 16; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(span[(40 + (4 * i))..], (uint)(i == 0 ? ProgramImage.HeadBytes : i <= 11 ? stringsAt : bytes.Length));
        }

        for (int i = 0; i < references.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(span[(ProgramImage.HeadBytes + (12 * i))..], at[references[i]]);
        }

        table.CopyTo(bytes, stringsAt);
        BinaryPrimitives.WriteUInt32LittleEndian(span[12..], ProgramImage.Crc(bytes.AsSpan(ProgramImage.HeadBytes)));
        BinaryPrimitives.WriteUInt32LittleEndian(span[8..], ProgramImage.Crc(bytes.AsSpan(0, ProgramImage.HeadBytes)));
        return bytes;
    }

    public static byte[] Mscorlib() => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "nano", "mscorlib.pe"));
}
