using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Firmware.Core;

namespace Simulators.Cli;

/// <summary>A pod's console on a pseudo-terminal of Linux: a terminal program opens its other end as it would a serial port. Neither call waits.</summary>
internal sealed class PtyConsolePort : IConsolePort, IDisposable
{
    // Source: Linux, asm-generic/fcntl.h, the same on x86-64 and arm64.
    private const int ReadWrite = 0x2;
    private const int NoControllingTerminal = 0x100;
    private const int NonBlocking = 0x800;
    private const int SetStatusFlags = 4;

    // More than struct termios takes on any Linux (60 bytes with glibc).
    private const int TermiosBytes = 256;
    private const int MaxNameBytes = 128;

    private int _master;
    private int _slave;

    private PtyConsolePort(int master, int slave, string path)
    {
        _master = master;
        _slave = slave;
        Path = path;
    }

    /// <summary>What a terminal program opens.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public int Attachments => 0;

    /// <summary>Opens one. This process keeps the other end open too, so that a terminal may come and go.</summary>
    /// <returns>The port.</returns>
    /// <exception cref="IOException">There is none to be had.</exception>
    public static PtyConsolePort Open()
    {
        int master = OpenMaster(ReadWrite | NoControllingTerminal);
        byte[] name = new byte[MaxNameBytes];
        if (master < 0 || Grant(master) != 0 || Unlock(master) != 0 || NameOf(master, name, (nuint)name.Length) != 0)
        {
            throw new IOException("no pseudo-terminal: error " + Marshal.GetLastPInvokeError().ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        string path = Encoding.ASCII.GetString(name, 0, Array.IndexOf(name, (byte)0));
        int slave = OpenFile(name, ReadWrite | NoControllingTerminal);
        byte[] settings = new byte[TermiosBytes];
        if (slave < 0 || GetSettings(slave, settings) != 0)
        {
            throw new IOException(path + " cannot be opened");
        }

        // Bytes as they are, without the terminal's own echo: the pod echoes.
        MakeRaw(settings);
        if (SetSettings(slave, 0, settings) != 0 || Control(master, SetStatusFlags, NonBlocking) != 0)
        {
            throw new IOException(path + " cannot be set up");
        }

        return new PtyConsolePort(master, slave, path);
    }

    /// <inheritdoc/>
    public bool TryWrite(byte[] buffer, int offset, int count)
    {
        // A full terminal buffer means that nobody reads: the bytes are lost, as on a line without a listener.
        nint written = WriteBytes(_master, ref buffer[offset], (nuint)count);
        return written == count || written < 0;
    }

    /// <inheritdoc/>
    public int Read(byte[] buffer, int offset, int count)
    {
        nint read = ReadBytes(_master, ref buffer[offset], (nuint)count);
        return read < 0 ? 0 : (int)read;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_master >= 0)
        {
            _ = CloseFile(_master);
            _ = CloseFile(_slave);
            _master = -1;
            _slave = -1;
        }
    }

    [DllImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int OpenMaster(int flags);

    [DllImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Grant(int master);

    [DllImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Unlock(int master);

    [DllImport("libc", EntryPoint = "ptsname_r", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NameOf(int master, [Out] byte[] name, nuint length);

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int OpenFile([In] byte[] path, int flags);

    [DllImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetSettings(int file, [Out] byte[] settings);

    [DllImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetSettings(int file, int when, [In] byte[] settings);

    [DllImport("libc", EntryPoint = "cfmakeraw")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void MakeRaw([In, Out] byte[] settings);

    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int file, int command, int argument);

    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint WriteBytes(int file, ref byte buffer, nuint count);

    [DllImport("libc", EntryPoint = "read", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint ReadBytes(int file, ref byte buffer, nuint count);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int CloseFile(int file);
}
