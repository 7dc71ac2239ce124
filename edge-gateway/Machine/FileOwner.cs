using System;
using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using EdgeGateway.Faults;
using Microsoft.Win32.SafeHandles;

namespace EdgeGateway.Machine;

/// <summary>Whose a file is, on Linux: files of certificates belong to the owner of their folder, the gateway's user, whoever runs the command.</summary>
internal static partial class FileOwner
{
    private const uint Root = 0;
    private const int CurrentFolder = -100; // AT_FDCWD, linux/fcntl.h
    private const uint OwnerMask = 0x18; // STATX_UID | STATX_GID, linux/stat.h
    private const int StatxLength = 256; // struct statx, the same on every architecture
    private const int UserOffset = 20;
    private const int GroupOffset = 24;

    /// <summary>Refuses to write into a folder of another user: what is written is readable by its writer alone.</summary>
    /// <param name="folder">The folder; one that is not there is nobody's.</param>
    /// <exception cref="CodedErrorException">It is another user's (C2719).</exception>
    public static void Check(string folder)
    {
        if (OperatingSystem.IsLinux() && Of(folder) is { } owner)
        {
            Check(folder, owner.User, EffectiveUser());
        }
    }

    /// <summary>The rule of <see cref="Check(string)"/>.</summary>
    /// <param name="folder">The folder, for the message.</param>
    /// <param name="owner">Its owner.</param>
    /// <param name="user">Who runs this program.</param>
    public static void Check(string folder, uint owner, uint user)
    {
        if (user != Root && user != owner)
        {
            throw new CodedErrorException(new CodedError(
                FaultCodes.FolderOfOtherUser, new ErrorPlace(folder, 0, null), string.Create(CultureInfo.InvariantCulture, $"it is of user {owner}, this is user {user}")));
        }
    }

    /// <summary>Gives an open file to the owner of a folder, when root runs this; else it stays. By its handle: whoever owns the folder could put another file under the name meanwhile.</summary>
    /// <param name="file">What is given.</param>
    /// <param name="folder">Whose owner gets it.</param>
    /// <exception cref="IOException">The system refuses.</exception>
    public static void Give(SafeFileHandle file, string folder)
    {
        if (OperatingSystem.IsLinux() && EffectiveUser() == Root && Of(folder) is { User: not Root } owner && ChangeOwner(file, owner.User, owner.Group) != 0)
        {
            throw new IOException("a file cannot be given to the owner of " + folder + ", errno " + Marshal.GetLastPInvokeError().ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Gives a new folder to the owner of its parent, when root runs this; else it stays.</summary>
    /// <param name="path">What is given.</param>
    /// <param name="parent">Whose owner gets it.</param>
    /// <exception cref="IOException">The system refuses.</exception>
    public static void Give(string path, string parent)
    {
        if (OperatingSystem.IsLinux() && EffectiveUser() == Root && Of(parent) is { User: not Root } owner && ChangeOwner(path, owner.User, owner.Group) != 0)
        {
            throw new IOException(path + " cannot be given to the owner of " + parent + ", errno " + Marshal.GetLastPInvokeError().ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>The owner of a path.</summary>
    /// <param name="path">The path.</param>
    /// <returns>Null when it is not there or the system does not say.</returns>
    public static (uint User, uint Group)? Of(string path)
    {
        byte[] found = new byte[StatxLength];
        return Statx(CurrentFolder, path, 0, OwnerMask, found) == 0
            ? (BinaryPrimitives.ReadUInt32LittleEndian(found.AsSpan(UserOffset)), BinaryPrimitives.ReadUInt32LittleEndian(found.AsSpan(GroupOffset)))
            : null;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Statx(int folder, string path, int flags, uint mask, [Out] byte[] found);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ChangeOwner(SafeFileHandle file, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint EffectiveUser();
}
