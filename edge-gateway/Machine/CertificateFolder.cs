using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using EdgeGateway.Certificates;
using EdgeGateway.Faults;
using EdgeGateway.Journal;

namespace EdgeGateway.Machine;

/// <summary>
/// A cart's folder of certificates on the disk. Each file is replaced whole: written beside, synced, moved; a certificate and its key are one file, so that a cut of power leaves the old pair or the new one.
/// </summary>
/// <param name="path">The folder.</param>
/// <param name="step">Called before each change of the disk, with what it is; a test throws here, as a cut of power would.</param>
public sealed class CertificateFolder(string path, Action<string>? step = null)
{
    /// <summary>The certificates that are trusted: the integrator's root, or those of an authority of one's own.</summary>
    public const string RootFile = "root.pem";

    /// <summary>The cart's issuing key, and its certificate once the root has signed it.</summary>
    public const string IssuingFile = "issuing.pem";

    /// <summary>The gateway's certificate, what stands between it and the root, and its key.</summary>
    public const string GatewayFile = "gateway.pem";

    /// <summary>All certificates that were issued here, and which were revoked.</summary>
    public const string RegisterFile = "certificates.json";

    /// <summary>The pods that belong to the cart.</summary>
    public const string PodsFile = "pods.json";

    /// <summary>What pods trust, see <see cref="IssuingAuthority.AnchorPem"/>; made when it is first needed.</summary>
    public const string AnchorFile = "anchor.pem";

    /// <summary>A technician's word that the clock was right, see <see cref="ClockWord"/>.</summary>
    public const string ClockFile = "clock.json";

    private const string LockFile = ".lock";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxPemBytes = 64 * 1024;

    /// <summary>The folder.</summary>
    public string Path => path;

    /// <summary>Takes the folder for changes; one program at a time.</summary>
    /// <returns>To be disposed when the changes are made.</returns>
    /// <exception cref="CodedErrorException">It belongs to another user, who could not read what this one writes (C2719).</exception>
    /// <exception cref="IOException">Another program changes it, or it cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public IDisposable Lock()
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            bool isNew = !Directory.Exists(path);
            FileOwner.Check(path);
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
            if (isNew && System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) is { } parent)
            {
                FileOwner.Give(path, parent);
            }
        }

        string file = System.IO.Path.Combine(path, LockFile);
        if (!File.Exists(file))
        {
            try
            {
                FileStream made = new(file, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
                FileOwner.Give(made.SafeFileHandle, path);
                return made;
            }
            catch (IOException) when (File.Exists(file))
            {
                // Another program was faster.
            }
        }

        return new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    /// <summary>Reads a file of certificates or keys.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Its text; empty when it is absent.</returns>
    /// <exception cref="IOException">It cannot be read, or is no file of this kind.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public string ReadPem(string name) => Encoding.UTF8.GetString(Read(name, MaxPemBytes));

    /// <summary>The register of certificates.</summary>
    /// <returns>An empty one when there is no file.</returns>
    /// <exception cref="IOException">It cannot be read, or is damaged.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public CertificateRegister ReadRegister()
    {
        byte[] bytes = Read(RegisterFile, CertificateRegister.MaxFileBytes);
        return bytes.Length == 0 && !File.Exists(FileOf(RegisterFile))
            ? CertificateRegister.Empty
            : CertificateRegister.Read(bytes, out string? problem) ?? throw new IOException(FileOf(RegisterFile) + " is damaged: " + problem);
    }

    /// <summary>The pod list.</summary>
    /// <returns>An empty one when there is no file.</returns>
    /// <exception cref="IOException">It cannot be read, or is damaged.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public PodList ReadPods()
    {
        byte[] bytes = Read(PodsFile, PodList.MaxFileBytes);
        return bytes.Length == 0 && !File.Exists(FileOf(PodsFile)) ? PodList.Empty : PodList.Read(bytes, out string? problem) ?? throw new IOException(FileOf(PodsFile) + " is damaged: " + problem);
    }

    /// <summary>Replaces the register.</summary>
    /// <param name="register">The new one.</param>
    public void Write(CertificateRegister register)
    {
        ArgumentNullException.ThrowIfNull(register);
        Put(RegisterFile, register.Write());
    }

    /// <summary>Replaces the pod list.</summary>
    /// <param name="pods">The new one.</param>
    public void Write(PodList pods)
    {
        ArgumentNullException.ThrowIfNull(pods);
        Put(PodsFile, pods.Write());
    }

    /// <summary>Replaces a file of certificates and keys.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="parts">PEM, in order.</param>
    public void WritePem(string name, params ReadOnlySpan<string> parts)
    {
        StringBuilder text = new();
        foreach (string part in parts)
        {
            if (part.Length > 0)
            {
                text.Append(part.TrimEnd()).Append('\n');
            }
        }

        Put(name, Encoding.ASCII.GetBytes(text.ToString()));
    }

    /// <summary>Removes a file; one that is not there is no error.</summary>
    /// <param name="name">Its name.</param>
    public void Delete(string name)
    {
        step?.Invoke("delete " + name);
        File.Delete(FileOf(name));
    }

    /// <summary>The technician's word on the clock.</summary>
    /// <returns>Null when there is none, or it is damaged: without it the recorded time counts.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public ClockWord? ReadClock() => ClockWord.Read(Read(ClockFile, ClockWord.MaxFileBytes));

    /// <summary>Replaces the technician's word on the clock.</summary>
    /// <param name="word">The new one.</param>
    public void Write(ClockWord word)
    {
        ArgumentNullException.ThrowIfNull(word);
        Put(ClockFile, word.Write());
    }

    /// <summary>Why a gateway of a cart cannot use the folder.</summary>
    /// <param name="cartId">The cart.</param>
    /// <returns>English; null when it can.</returns>
    public string? ProblemOf(string cartId)
    {
        try
        {
            string root = ReadPem(RootFile);
            IReadOnlyList<string> certificates = Parts(ReadPem(GatewayFile), "CERTIFICATE");
            IReadOnlyList<string> keys = Parts(ReadPem(GatewayFile), "PRIVATE KEY");
            if (root.Length == 0 || certificates.Count == 0 || keys.Count == 0 || !new CertificatePair(certificates[0], keys[0]).IsWhole())
            {
                return root.Length == 0 ? "there is no " + RootFile : GatewayFile + " is absent or has no certificate with its key";
            }

            ReadRegister();
            ReadPods();
            using X509Certificate2 leaf = X509Certificate2.CreateFromPem(certificates[0]);
            using CertificateVerifier verifier = new(cartId, root, string.Join('\n', certificates.Skip(1)));
            CertificateFinding finding = verifier.Gateway(leaf, new DateTimeOffset(leaf.NotBefore.ToUniversalTime()) + CertificateTimes.Before);
            return finding.Verdict == CertificateVerdict.Accepted ? null : finding.Detail;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            return e.Message.TrimEnd('.');
        }
    }

    /// <summary>Opens the issuing authority.</summary>
    /// <param name="cartId">The cart.</param>
    /// <returns>The authority; null when there is a key without certificate, or nothing.</returns>
    /// <exception cref="CryptographicException">It is damaged, or another cart's.</exception>
    public IssuingAuthority? OpenIssuing(string cartId)
    {
        string text = ReadPem(IssuingFile);
        IReadOnlyList<string> certificates = Parts(text, "CERTIFICATE");
        IReadOnlyList<string> keys = Parts(text, "PRIVATE KEY");
        return certificates.Count == 0 || keys.Count == 0 ? null : IssuingAuthority.Open(cartId, new CertificatePair(certificates[0], keys[0]));
    }

    /// <summary>The parts of a PEM text with one label, in order.</summary>
    /// <param name="text">The text.</param>
    /// <param name="label">The label: CERTIFICATE, PRIVATE KEY.</param>
    /// <returns>Each with its marks.</returns>
    public static IReadOnlyList<string> Parts(string text, string label)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<string> parts = [];
        ReadOnlySpan<char> rest = text;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            if (rest[fields.Label].SequenceEqual(label))
            {
                parts.Add(rest[fields.Location].ToString());
            }

            rest = rest[fields.Location.End..];
        }

        return parts;
    }

    /// <summary>Replaces a file whole: readable by its owner alone, synced, moved into place, the folder synced.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="bytes">What it will hold.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public static void Replace(string file, ReadOnlySpan<byte> bytes) => Replace(file, bytes, owner: null, null);

    // Owner: a folder whose owner gets the file, when this user may give files away; null to keep it.
    private static void Replace(string file, ReadOnlySpan<byte> bytes, string? owner, Action<string>? step)
    {
        ArgumentNullException.ThrowIfNull(file);
        string beside = file + ".new";
        step?.Invoke("write " + beside);
        File.Delete(beside);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        try
        {
            using FileStream stream = new(beside, options);
            if (owner is not null)
            {
                FileOwner.Give(stream.SafeFileHandle, owner);
            }

            stream.Write(bytes);
            stream.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            File.Delete(beside); // a full disk leaves no half of a key
            throw;
        }

        step?.Invoke("move to " + file);
        File.Move(beside, file, overwrite: true);
        step?.Invoke("sync " + file);
        DirectorySync.Sync(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(file))!);
    }

    private void Put(string name, ReadOnlySpan<byte> bytes) => Replace(FileOf(name), bytes, path, step);

    private string FileOf(string name) => System.IO.Path.Combine(path, name);

    private byte[] Read(string name, int most)
    {
        try
        {
            using FileStream file = new(FileOf(name), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            byte[] bytes = new byte[most + 1];
            int count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return count <= most ? bytes[..count] : throw new IOException(FileOf(name) + " is longer than any such file.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }
}
