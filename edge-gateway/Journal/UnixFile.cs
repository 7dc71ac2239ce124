using System;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace EdgeGateway.Journal;

/// <summary>Tells a regular file from a pipe, a socket or a device where the system has them.</summary>
internal static class UnixFile
{
    /// <summary>Whether a path names a regular file. A pipe is not opened: that would wait for its other end.</summary>
    /// <param name="path">The path.</param>
    /// <returns>True when it is one, or when it is gone meanwhile.</returns>
    public static bool IsRegular(string path)
    {
        try
        {
            // ReadWrite: a pipe then never waits; it cannot be sought, a regular file can.
            using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            _ = RandomAccess.GetLength(handle);
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or UnauthorizedAccessException)
        {
            return true; // gone meanwhile, or another user's: an empty file does no harm
        }
        catch (Exception e) when (e is IOException or NotSupportedException)
        {
            return false;
        }
    }
}
