using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Threading;

namespace EdgeGateway.Journal.Trail;

/// <summary>The trail's folder on a real file system, and the key that signs in it.</summary>
/// <param name="path">The folder; made by the first append.</param>
public sealed class TrailFolder(string path) : ITrailFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxKeyBytes = 4096;
    private const long MaxFileBytes = 256L * 1024 * 1024;

    // Assumption: an append takes some 10 ms even on a slow card; a program that was stopped in the middle of one must not hold another for ever.
    private const int LockTries = 400;
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(5);

    /// <summary>The folder.</summary>
    public string Path => path;

    /// <inheritdoc/>
    public IDisposable Lock()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
        }

        using ManualResetEventSlim never = new(false);
        for (int i = 1; ; i++)
        {
            try
            {
                return new FileStream(PathOf(TrailFormat.LockFile), Options(FileMode.OpenOrCreate, FileShare.None));
            }
            catch (IOException) when (i < LockTries && File.Exists(PathOf(TrailFormat.LockFile)))
            {
                never.Wait(LockPause);
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<TrailFile> List()
    {
        List<TrailFile> files = [];
        DirectoryInfo folder = new(path);
        if (!folder.Exists)
        {
            return files;
        }

        foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos())
        {
            // What is no regular file is never followed: to the chain it is missing.
            if (entry is FileInfo file && (entry.Attributes & (FileAttributes.ReparsePoint | FileAttributes.Directory | FileAttributes.Device)) == FileAttributes.None)
            {
                files.Add(new TrailFile(file.Name, file.Length));
            }
        }

        return files;
    }

    /// <inheritdoc/>
    public byte[] Read(string file)
    {
        using FileStream stream = new(PathOf(file), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = stream.Length <= MaxFileBytes ? new byte[stream.Length] : throw new IOException(PathOf(file) + " is longer than any file of a trail.");
        return bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }

    /// <inheritdoc/>
    public void Create(string file)
    {
        using FileStream stream = new(PathOf(file), Options(FileMode.CreateNew, FileShare.Read));
    }

    /// <inheritdoc/>
    public void Append(string file, ReadOnlySpan<byte> bytes)
    {
        using FileStream stream = new(PathOf(file), FileMode.Open, FileAccess.Write, FileShare.Read, bufferSize: 0);
        stream.Seek(0, SeekOrigin.End);
        stream.Write(bytes);
    }

    /// <inheritdoc/>
    public void Sync(string file)
    {
        using FileStream stream = new(PathOf(file), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.Flush(flushToDisk: true);
    }

    /// <inheritdoc/>
    public void Delete(string file) => File.Delete(PathOf(file));

    /// <inheritdoc/>
    public void SyncFolder() => DirectorySync.Sync(path);

    /// <summary>Opens the key that signs; made when there is none. One that cannot be used is set aside as <c>trail.key.bad</c>: the trail goes on under another key, and whoever verifies it is told.</summary>
    /// <returns>ECDSA P-256.</returns>
    /// <exception cref="IOException">It cannot be read or made.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public ECDsa OpenKey()
    {
        string file = PathOf(TrailFormat.KeyFile);
        if (File.Exists(file))
        {
            ECDsa key = ECDsa.Create();
            try
            {
                FileInfo info = new(file);
                if (info.Length <= MaxKeyBytes)
                {
                    key.ImportFromPem(File.ReadAllText(file));
                    return key;
                }
            }
            catch (Exception e) when (e is ArgumentException or CryptographicException)
            {
                // Set aside below.
            }

            key.Dispose();
            File.Move(file, file + ".bad", overwrite: true);
        }

        ECDsa made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string beside = file + ".new";
        File.Delete(beside);
        using (FileStream stream = new(beside, Options(FileMode.CreateNew, FileShare.None)))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(made.ExportPkcs8PrivateKeyPem()));
            stream.Flush(flushToDisk: true);
        }

        File.Move(beside, file);
        SyncFolder();
        return made;
    }

    private static FileStreamOptions Options(FileMode mode, FileShare share)
    {
        FileStreamOptions options = new() { Mode = mode, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return options;
    }

    private string PathOf(string file) => System.IO.Path.Combine(path, file);
}
