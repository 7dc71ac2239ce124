using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using EdgeGateway.Faults;
using Firmware.Flash.Hardware;

namespace Firmware.Flash.Images;

/// <summary>One assembly of a program for the runtime.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version, four numbers.</param>
/// <param name="NativeChecksum">The checksum of its native methods; 0 when it has none.</param>
/// <param name="References">The names of the assemblies that it needs.</param>
/// <param name="Offset">Where it begins in the file.</param>
/// <param name="Length">Its bytes.</param>
public sealed record ProgramAssembly(string Name, Version Version, uint NativeChecksum, IReadOnlyList<string> References, int Offset, int Length);

/// <summary>
/// The .bin file of a program: assemblies one behind the other, each at a multiple of 4 bytes. Everything that the runtime checks when it starts is checked here
/// before anything is written. Source: nf-interpreter, CLR_RECORD_ASSEMBLY (nanoCLR_Types.h), GoodHeader and GoodAssembly (TypeSystem.cpp), LoadDeploymentAssemblies (CLRStartup.cpp).
/// </summary>
public sealed class ProgramImage
{
    /// <summary>Bytes of an assembly's head.</summary>
    public const int HeadBytes = 124;

    private const int HeadCrcAt = 8;
    private const int AssemblyCrcAt = 12;
    private const int NativeChecksumAt = 20;
    private const int VersionAt = 28;
    private const int NameAt = 36;
    private const int StringTableVersionAt = 38;
    private const int TablesAt = 40;
    private const int PaddingAt = 108;
    private const int AssemblyReferenceTable = 0;
    private const int StringTable = 11;
    private const int SignatureTable = 12;
    private const int EndOfAssembly = 15;
    private const int AssemblyReferenceBytes = 12;

    // Strings that the runtime itself holds have no bytes in the file. Source: nf-interpreter, StringTable.cpp and StringTableData.cpp, 860 strings counted from 0xFFFF down.
    private const int FirstSharedString = 0xFFFF - 860;
    private static readonly Dictionary<int, string> SharedAssemblyNames = new() { [0x1C0] = "System.Collections", [0x1D6] = "System.Text", [0x1D7] = "System.Threading", [0x32D] = "mscorlib" };

    private readonly byte[] _bytes;

    private ProgramImage(byte[] bytes, IReadOnlyList<ProgramAssembly> assemblies)
    {
        _bytes = bytes;
        Assemblies = assemblies;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    /// <summary>The assemblies in their order.</summary>
    public IReadOnlyList<ProgramAssembly> Assemblies { get; }

    /// <summary>Hash of the file, hexadecimal, small.</summary>
    public string Sha256 { get; }

    /// <summary>The file's bytes.</summary>
    public int Length => _bytes.Length;

    /// <summary>Reads a program.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="wrong">What is wrong with it, or null.</param>
    /// <returns>The program, or null.</returns>
    public static ProgramImage? Parse(byte[] bytes, out string? wrong)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        List<ProgramAssembly> assemblies = [];
        int at = 0;
        wrong = Foreign(bytes);
        while (wrong is null && at < bytes.Length)
        {
            ReadOnlySpan<byte> rest = bytes.AsSpan(at);
            if (assemblies.Count > 0 && rest.IndexOfAnyExcept((byte)0xFF, (byte)0) < 0)
            {
                break;
            }

            wrong = ReadAssembly(rest, at, out ProgramAssembly? assembly);
            if (assembly is not null)
            {
                assemblies.Add(assembly);
                at += (assembly.Length + 3) / 4 * 4;
            }
        }

        wrong ??= assemblies.SelectMany(a => a.References.Where(r => assemblies.TrueForAll(b => !string.Equals(b.Name, r, StringComparison.Ordinal))).Select(r => $"{a.Name} needs {r}, which the file does not hold"))
            .FirstOrDefault();
        return wrong is null ? new ProgramImage(bytes, assemblies) : null;
    }

    /// <summary>Compares the program's native checksums with the image's.</summary>
    /// <param name="natives">The image's.</param>
    /// <returns>One line per difference; empty when the runtime will load all of it.</returns>
    public IReadOnlyList<string> NativeDifferences(IReadOnlyList<RuntimeNative> natives)
    {
        List<string> differences = [];
        foreach (ProgramAssembly assembly in Assemblies)
        {
            RuntimeNative? native = natives.FirstOrDefault(n => string.Equals(n.Assembly, assembly.Name, StringComparison.Ordinal));
            if (native is null ? assembly.NativeChecksum != 0 : native.Checksum != assembly.NativeChecksum)
            {
                string image = native is null ? "none" : string.Create(CultureInfo.InvariantCulture, $"0x{native.Checksum:X8}");
                differences.Add(string.Create(CultureInfo.InvariantCulture, $"{assembly.Name} {assembly.Version}: program 0x{assembly.NativeChecksum:X8}, image {image}"));
            }
        }

        return differences;
    }

    /// <summary>True when the program holds a text as a whole string of one of its assemblies: what a board says of its build must stand in the file that was written.</summary>
    /// <param name="text">The text, ASCII, not empty.</param>
    /// <returns>True when it is there.</returns>
    public bool HoldsString(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        byte[] wanted = [0, .. Encoding.ASCII.GetBytes(text), 0];
        return Assemblies.Any(a =>
        {
            ReadOnlySpan<byte> assembly = _bytes.AsSpan(a.Offset, a.Length);
            return assembly[Table(assembly, StringTable)..Table(assembly, SignatureTable)].IndexOf(wanted) >= 0;
        });
    }

    /// <summary>CRC-32 as the runtime computes it: polynomial 0x04C11DB7, most significant bit first, from 0, not inverted. Source: nf-interpreter, nanoSupport_CRC32.c.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="crc">What comes before; 0 to begin.</param>
    /// <returns>The checksum.</returns>
    public static uint Crc(ReadOnlySpan<byte> bytes, uint crc = 0)
    {
        foreach (byte b in bytes)
        {
            crc ^= (uint)b << 24;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000_0000) != 0 ? (crc << 1) ^ 0x04C1_1DB7 : crc << 1;
            }
        }

        return crc;
    }

    /// <summary>Reads the program that a run is about, and refuses one that no board would start.</summary>
    /// <param name="file">The file.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="natives">The native code of the runtime's image.</param>
    /// <returns>The program.</returns>
    /// <exception cref="CodedErrorException">It is not whole, or made for another image.</exception>
    public static ProgramImage Require(string file, byte[] bytes, IReadOnlyList<RuntimeNative> natives)
    {
        ErrorPlace place = new(file, 0, null);
        ProgramImage image = Parse(bytes, out string? wrong) ?? throw new CodedErrorException(new CodedError(FaultCodes.ProgramNotNano, place, wrong!));
        IReadOnlyList<string> differences = image.NativeDifferences(natives);
        return differences.Count == 0 ? image : throw new CodedErrorException([.. differences.Select(d => new CodedError(FaultCodes.ProgramNativesDiffer, place, d))]);
    }

    private static string? ReadAssembly(ReadOnlySpan<byte> rest, int at, out ProgramAssembly? assembly)
    {
        assembly = null;
        string where = string.Create(CultureInfo.InvariantCulture, $"at 0x{at:X}: ");
        if (rest.Length < HeadBytes || !rest[..7].SequenceEqual("NFMRK1\0"u8))
        {
            return where + (rest.StartsWith("NFMRK2"u8) ? "an assembly of runtime 2.x, which 1.x refuses" : "no assembly begins here (NFMRK1 expected)");
        }

        Span<byte> head = stackalloc byte[HeadBytes];
        rest[..HeadBytes].CopyTo(head);
        uint headCrc = UInt32(head, HeadCrcAt);
        head.Slice(HeadCrcAt, 4).Clear();
        long length = UInt32(head, TablesAt + (4 * EndOfAssembly));
        if (Crc(head) != headCrc || BinaryPrimitives.ReadUInt16LittleEndian(head[StringTableVersionAt..]) != 1)
        {
            return where + "the head's checksum or version is wrong";
        }

        if (length < HeadBytes || length > rest.Length)
        {
            return where + string.Create(CultureInfo.InvariantCulture, $"the assembly has {length} bytes, the file only {rest.Length} more");
        }

        ReadOnlySpan<byte> whole = rest[..(int)length];
        for (int i = 0; i <= EndOfAssembly; i++)
        {
            if (Table(whole, i) < HeadBytes || Table(whole, i) > length || (i > 0 && Table(whole, i) < Table(whole, i - 1)))
            {
                return where + "the tables of the assembly overlap";
            }
        }

        if (Crc(whole[HeadBytes..]) != UInt32(whole, AssemblyCrcAt))
        {
            return where + "the assembly's checksum is wrong";
        }

        string? name = String(whole, NameAt);
        List<string> references = [];
        int end = Table(whole, 1) - whole[PaddingAt];
        for (int i = Table(whole, AssemblyReferenceTable); i + AssemblyReferenceBytes <= end; i += AssemblyReferenceBytes)
        {
            references.Add(String(whole, i) ?? "?");
        }

        if (name is null)
        {
            return where + "the assembly has no name";
        }

        Version version = new(UInt16(whole, VersionAt), UInt16(whole, VersionAt + 2), UInt16(whole, VersionAt + 4), UInt16(whole, VersionAt + 6));
        assembly = new ProgramAssembly(name, version, UInt32(whole, NativeChecksumAt), references, at, (int)length);
        return null;
    }

    // What people give by mistake, by its first bytes.
    private static string? Foreign(byte[] bytes) => bytes.AsSpan() switch
    {
        { Length: 0 } => "it is empty",
        [0xE9, ..] => "it is a part of the runtime or its loader (0xE9), not the program",
        [(byte)'M', (byte)'Z', ..] => "it is a .dll or .exe for a PC; the .bin beside it is the program",
        [(byte)'P', (byte)'K', ..] => "it is a .zip or a package",
        [0x7F, (byte)'E', (byte)'L', (byte)'F', ..] => "it is a Linux program (ELF)",
        [(byte)':', ..] => "it is a HEX file",
        _ => null,
    };

    private static int Table(ReadOnlySpan<byte> assembly, int table) => (int)Math.Min(UInt32(assembly, TablesAt + (4 * table)), int.MaxValue);

    private static string? String(ReadOnlySpan<byte> assembly, int at)
    {
        int index = UInt16(assembly, at);
        if (index >= FirstSharedString)
        {
            return SharedAssemblyNames.GetValueOrDefault(0xFFFF - index) ?? string.Create(CultureInfo.InvariantCulture, $"(shared string 0x{0xFFFF - index:X3})");
        }

        int start = Table(assembly, StringTable) + index;
        int end = Table(assembly, SignatureTable);
        if (start >= end)
        {
            return null;
        }

        int length = assembly[start..end].IndexOf((byte)0);
        return length > 0 ? Encoding.UTF8.GetString(assembly.Slice(start, length)) : null;
    }

    private static uint UInt32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ushort UInt16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
}
