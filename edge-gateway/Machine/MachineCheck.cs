using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;

namespace EdgeGateway.Machine;

/// <summary>What a right file may still ask of this machine that it does not have. Changes nothing.</summary>
public static partial class MachineCheck
{
    private const int MayWrite = 2; // W_OK, unistd.h
    private const int MayEnter = 1; // X_OK, unistd.h

    /// <summary>Looks at the machine.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="file">The file as the user named it.</param>
    /// <returns>Errors; empty when the gateway can start as far as this can be known without starting it.</returns>
    public static IReadOnlyList<CodedError> Run(GatewayHostOptions options, string file)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<CodedError> errors = [];
        if (DirectoryProblem(options.JournalDirectory) is { } problem)
        {
            errors.Add(new CodedError(FaultCodes.ConfiguredDirectoryUnusable, new ErrorPlace(file, 0, "journal.directory"), problem));
        }

        if (options.Tls is { } tls && new CertificateFolder(tls.Directory).ProblemOf(options.Core.CartId) is { } unusable)
        {
            errors.Add(new CodedError(FaultCodes.CertificatesUnusable, new ErrorPlace(file, 0, "tls.directory"), unusable));
        }

        if (options.Web.CertificateFile is { } web && WebProblem(web) is { } unfit)
        {
            errors.Add(new CodedError(FaultCodes.WebCertificateUnusable, new ErrorPlace(file, 0, "web.certificate"), unfit));
        }

        bool wantsSix = options.MqttAddress.AddressFamily == AddressFamily.InterNetworkV6 || options.HttpAddress.AddressFamily == AddressFamily.InterNetworkV6;
        if (wantsSix && !Socket.OSSupportsIPv6)
        {
            errors.Add(new CodedError(FaultCodes.ConfigurationContradiction, new ErrorPlace(file, 0, "listen"), "this machine has no IPv6", "Write 127.0.0.1."));
        }

        return errors;
    }

    private static string? WebProblem(string path)
    {
        try
        {
            string text = File.ReadAllText(path);
            using X509Certificate2 pair = X509Certificate2.CreateFromPem(text, text);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException or NotSupportedException)
        {
            return e.Message.TrimEnd('.');
        }
    }

    /// <summary>What is right and yet should be known, for whoever asks whether a file is.</summary>
    /// <param name="options">The configuration.</param>
    /// <returns>Sentences; empty when there is nothing to say.</returns>
    public static IReadOnlyList<string> Notes(GatewayHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Access.HasAccounts ? [] : ["No accounts are set up (access.accounts): loopback keeps foreign pages out, and no program of this machine."];
    }

    // Why a directory, a whole path, cannot hold the journal; null when it can, as far as can be seen.
    private static string? DirectoryProblem(string directory)
    {
        for (string? folder = directory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(folder))
            {
                return folder + " is a file";
            }

            if (!Directory.Exists(folder))
            {
                continue;
            }

            // The nearest one that is there: what is missing below it is made at the start.
            return !OperatingSystem.IsWindows() && Access(folder, MayWrite | MayEnter) != 0 ? "this user may not write to " + folder : null;
        }

        return "there is no such path";
    }

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Access(string path, int mode);
}
