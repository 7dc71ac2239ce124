using System;
using System.IO;
using System.Text;
using EdgeGateway.Faults;

namespace EdgeGateway.Tool.Certificates;

/// <summary>Files of certificates, keys and secrets that a command line names.</summary>
internal static class CertificateFiles
{
    private const int MaxFileBytes = 64 * 1024;

    /// <summary>A path at which nothing is yet.</summary>
    /// <param name="file">The path as it was given.</param>
    /// <returns>The whole path.</returns>
    /// <exception cref="CodedErrorException">Something is there (C2713).</exception>
    public static string Fresh(string file) => Path.Exists(file) ? throw CertificateOffice.Refused(FaultCodes.FileNotReplaced, file, string.Empty) : Path.GetFullPath(file);

    /// <summary>Reads a file.</summary>
    /// <param name="file">The path.</param>
    /// <returns>Its text.</returns>
    /// <exception cref="CodedErrorException">It cannot be read, or is too long (C2711).</exception>
    public static string Read(string file)
    {
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read);
            byte[] bytes = new byte[MaxFileBytes + 1];
            int count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return count <= MaxFileBytes ? Encoding.UTF8.GetString(bytes, 0, count) : throw CertificateOffice.Refused(FaultCodes.CertificateFileUnreadable, file, "it is longer than any such file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw CertificateOffice.Refused(FaultCodes.CertificateFileUnreadable, file, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>A secret, from a file, the terminal or standard input; never from an argument, which every user of the machine can read.</summary>
    /// <param name="file">The file; null to ask for it.</param>
    /// <param name="prompt">What is asked.</param>
    /// <param name="input">Where lines come from.</param>
    /// <param name="diagnostics">Where the prompt goes.</param>
    /// <returns>The secret without its line end.</returns>
    public static string Secret(string? file, string prompt, TextReader input, TextWriter diagnostics)
    {
        if (file is not null)
        {
            return Read(file).TrimEnd('\r', '\n');
        }

        diagnostics.Write(prompt);
        string secret = SecretInput.ReadLine(input);
        diagnostics.WriteLine();
        return secret;
    }
}
