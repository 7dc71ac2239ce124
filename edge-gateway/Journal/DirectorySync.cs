using System;
using System.IO;
using System.Runtime.InteropServices;

namespace EdgeGateway.Journal;

/// <summary>Syncs a folder with fsync(2) on its descriptor, which .NET has no call for.</summary>
public static class DirectorySync
{
    private const int ReadOnlyDirectory = 0x10000 | 0x80000; // O_RDONLY | O_DIRECTORY | O_CLOEXEC, asm-generic/fcntl.h
    private const int ReadOnlyDirectoryArm = 0x4000 | 0x80000; // arm64 has its own O_DIRECTORY, arch/arm64/include/uapi/asm/fcntl.h

    /// <summary>Makes what was created, moved or deleted in a folder durable. Only Linux needs and has it.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="IOException">The system refuses.</exception>
    public static void Sync(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        bool arm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;
        int descriptor = Open(path, arm ? ReadOnlyDirectoryArm : ReadOnlyDirectory);
        if (descriptor < 0)
        {
            throw new IOException("open of " + path + " failed", Marshal.GetLastPInvokeError());
        }

        int ended = Fsync(descriptor);
        int error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (ended != 0)
        {
            throw new IOException("fsync of " + path + " failed", error);
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fsync(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
