using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using EdgeGateway.Certificates;
using EdgeGateway.Core.Access;
using EdgeGateway.Faults;
using EdgeGateway.Machine;

namespace EdgeGateway.Gateway.Security;

/// <summary>How much is left of one of the cart's own certificates.</summary>
/// <param name="What">Which one: "gateway", "issuing".</param>
/// <param name="NotBefore">Its first moment, UTC.</param>
/// <param name="NotAfter">Its last moment, UTC.</param>
/// <param name="Fingerprint">SHA-256 of its DER, 64 lower-case hexadecimal digits.</param>
internal sealed record CertificateLife(string What, DateTimeOffset NotBefore, DateTimeOffset NotAfter, string Fingerprint);

/// <summary>
/// The cart's certificates in the running process: what the gateway shows, whom it accepts, who belongs to the cart. Files are looked at again every second, so that a renewal and a revocation by cartctl hold without
/// a new start; what cannot be read then leaves the last whole state in use. Any thread.
/// </summary>
internal sealed class CartCertificates : ICartMembers, IDisposable
{
    /// <summary>Most holders that are named at once.</summary>
    public const int MaxNamed = 8;

    private static readonly string[] Files = [CertificateFolder.RootFile, CertificateFolder.IssuingFile, CertificateFolder.GatewayFile, CertificateFolder.RegisterFile, CertificateFolder.PodsFile, CertificateFolder.ClockFile];

    private readonly string _cartId;
    private readonly CertificateFolder _folder;
    private readonly TimeProvider _time;
    private volatile State _state;
    private long _floorTicks;
    private string _stamps;

    private CartCertificates(string cartId, CertificateFolder folder, TimeProvider time, State state, string stamps)
    {
        _cartId = cartId;
        _folder = folder;
        _time = time;
        _state = state;
        _stamps = stamps;
    }

    /// <summary>
    /// The time to judge certificates by: the later of the machine's clock and of what is known to be past. What was recorded wrongly shuts nobody out for ever: the record counts at most up to the last moment of the
    /// gateway's own certificate, and a technician's word corrects it.
    /// </summary>
    public DateTimeOffset Utc
    {
        get
        {
            State state = _state;
            DateTimeOffset clock = _time.GetUtcNow();
            long recorded = Math.Min(RecordedTicks(state), state.Lives[0].NotAfter.UtcTicks);
            long floor = Math.Max(recorded, state.IssuedTicks);
            return clock.UtcTicks >= floor ? clock : new DateTimeOffset(floor, TimeSpan.Zero);
        }
    }

    /// <summary>By how much the machine's clock is behind what was recorded, English; null when it is not, or by less than a day.</summary>
    public string? ClockProblem
    {
        get
        {
            long recorded = RecordedTicks(_state);
            DateTimeOffset clock = _time.GetUtcNow();
            return recorded - clock.UtcTicks > TimeSpan.TicksPerDay
                ? string.Create(CultureInfo.InvariantCulture, $"recorded {new DateTimeOffset(recorded, TimeSpan.Zero):yyyy-MM-dd}, the clock says {clock.UtcDateTime:yyyy-MM-dd}")
                : null;
        }
    }

    /// <summary>
    /// Pods and programs whose newest certificate is to be renewed, and how many days are left; null for none. A pod counts while the list admits it, also when its certificate has run out; a program whose certificate has run
    /// out is taken for one that is not used any more.
    /// </summary>
    /// <param name="utc">The time to judge by.</param>
    /// <returns>English, the soonest first, at most <see cref="MaxNamed"/> by name.</returns>
    public string? HoldersDue(DateTimeOffset utc)
    {
        State state = _state;
        Dictionary<(CertificateRole, string), RegisteredCertificate> newest = [];
        foreach (RegisteredCertificate one in state.Register.Certificates)
        {
            bool counts = one.RevokedAt is null && one.Role != CertificateRole.Gateway && (one.Role != CertificateRole.Pod || state.Pods.StandingOf(one.Name) == PodStanding.Admitted);
            if (counts && (!newest.TryGetValue((one.Role, one.Name), out RegisteredCertificate? known) || one.NotAfter > known.NotAfter))
            {
                newest[(one.Role, one.Name)] = one;
            }
        }

        RegisteredCertificate[] due =
        [
            .. newest.Values.Where(c => utc >= CertificateTimes.RenewalOf(c.NotBefore, c.NotAfter) && (c.Role == CertificateRole.Pod || utc <= c.NotAfter))
                .OrderBy(static c => c.NotAfter).ThenBy(static c => c.Name, StringComparer.Ordinal),
        ];
        return due.Length == 0
            ? null
            : string.Join(", ", due.Take(MaxNamed).Select(c => string.Create(CultureInfo.InvariantCulture, $"{CertificateIdentity.RoleWords[(int)c.Role]} {c.Name}: {CertificateTimes.DaysLeft(c.NotAfter, utc)} days left")))
                + (due.Length > MaxNamed ? string.Create(CultureInfo.InvariantCulture, $", and {due.Length - MaxNamed} more") : string.Empty);
    }

    /// <summary>The technician's word on the clock; null for none.</summary>
    public ClockWord? Word => _state.Word;

    /// <summary>What the gateway shows.</summary>
    public SslStreamCertificateContext Gateway => _state.Gateway;

    /// <summary>The cart's own certificates, for health.</summary>
    public IReadOnlyList<CertificateLife> Lives => _state.Lives;

    /// <summary>Reads the folder.</summary>
    /// <param name="cartId">The cart.</param>
    /// <param name="directory">The folder.</param>
    /// <param name="time">The machine's clock.</param>
    /// <returns>The certificates.</returns>
    /// <exception cref="CodedErrorException">They cannot be used (G2013).</exception>
    public static CartCertificates Load(string cartId, string directory, TimeProvider time)
    {
        CertificateFolder folder = new(directory);
        string stamps = StampsOf(folder);
        try
        {
            return new CartCertificates(cartId, folder, time, Read(cartId, folder), stamps);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new CodedErrorException([new CodedError(FaultCodes.CertificatesUnusable, new ErrorPlace(directory, 0, null), e.Message)]);
        }
    }

    /// <summary>Takes a time that is known to be past, so that a clock that is back does not let run-out certificates in.</summary>
    /// <param name="utcUs">UTC, µs.</param>
    public void SetFloor(long utcUs)
    {
        long ticks = DateTimeOffset.UnixEpoch.UtcTicks + (utcUs * (TimeSpan.TicksPerMillisecond / 1000));
        Interlocked.Exchange(ref _floorTicks, utcUs > 0 ? ticks : 0); // what the journal believes now: a time that was found wrong is no floor
    }

    /// <summary>Looks whether the files have changed, and reads them if so. One caller at a time.</summary>
    /// <param name="problem">Why what is there now cannot be used; null when it can, or nothing has changed.</param>
    /// <returns>True when there is a new state.</returns>
    public bool Refresh(out string? problem)
    {
        problem = null;
        string stamps = StampsOf(_folder);
        if (string.Equals(stamps, _stamps, StringComparison.Ordinal))
        {
            return false;
        }

        try
        {
            _state = Read(_cartId, _folder); // handshakes under way may still use the old one: the collector ends it
            _stamps = stamps;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            problem = e.Message;
            return false;
        }
    }

    /// <summary>How one TLS connection is served.</summary>
    /// <param name="judged">Sent what was found of the client's certificate.</param>
    /// <returns>The options.</returns>
    public SslServerAuthenticationOptions OptionsFor(Action<CertificateFinding> judged)
    {
        State state = _state;
        SslServerAuthenticationOptions options = new()
        {
            ServerCertificateContext = state.Gateway,
            ClientCertificateRequired = true,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            AllowTlsResume = false, // a resumed session would not show its certificate again
            CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true, TrustMode = X509ChainTrustMode.CustomRootTrust },
            RemoteCertificateValidationCallback = (_, shown, _, _) =>
            {
                CertificateFinding finding = Find(state, shown);
                judged(finding);
                return finding.Verdict == CertificateVerdict.Accepted;
            },
        };
        if (OperatingSystem.IsLinux())
        {
            // Those with forward secrecy and authenticated encryption alone. The last two are what a pod's mbedTLS offers over TLS 1.2.
            options.CipherSuitesPolicy = new CipherSuitesPolicy(
            [
                TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
                TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            ]);
        }

        return options;
    }

    /// <inheritdoc/>
    public PeerStanding StandingOf(ulong deviceId) => _state.Pods.StandingOf(Firmware.Protocol.Topics.DeviceText(deviceId)) switch
    {
        PodStanding.Admitted => PeerStanding.Admitted,
        PodStanding.Revoked => PeerStanding.Revoked,
        _ => PeerStanding.Unknown,
    };

    /// <inheritdoc/>
    public bool IsRevoked(string serial) => _state.Register.IsRevoked(serial);

    /// <inheritdoc/>
    public void Dispose() => _state.Verifier.Dispose();

    private long RecordedTicks(State state) => Math.Max(Interlocked.Read(ref _floorTicks), state.Word?.Utc.UtcTicks ?? 0);

    private CertificateFinding Find(State state, X509Certificate? shown)
    {
        if (shown is X509Certificate2 certificate)
        {
            return state.Verifier.Client(certificate, Utc, state.Register.IsRevoked);
        }

        return state.Verifier.Client(null, Utc, state.Register.IsRevoked);
    }

    // What changes when a file is replaced: its time and length. Absent files count too.
    private static string StampsOf(CertificateFolder folder)
    {
        List<string> stamps = [];
        foreach (string name in Files)
        {
            FileInfo file = new(Path.Combine(folder.Path, name));
            stamps.Add(file.Exists ? FormattableString.Invariant($"{file.LastWriteTimeUtc.Ticks}.{file.Length}") : "-");
        }

        return string.Join(' ', stamps);
    }

    private static State Read(string cartId, CertificateFolder folder)
    {
        string root = folder.ReadPem(CertificateFolder.RootFile);
        string gateway = folder.ReadPem(CertificateFolder.GatewayFile);
        IReadOnlyList<string> certificates = CertificateFolder.Parts(gateway, "CERTIFICATE");
        IReadOnlyList<string> keys = CertificateFolder.Parts(gateway, "PRIVATE KEY");
        if (root.Length == 0 || certificates.Count == 0 || keys.Count == 0)
        {
            throw new IOException(Path.Combine(folder.Path, root.Length == 0 ? CertificateFolder.RootFile : CertificateFolder.GatewayFile) + " is absent or has no certificate and key");
        }

        CertificateRegister register = folder.ReadRegister();
        PodList pods = folder.ReadPods();
        ClockWord? word = folder.ReadClock();
        string issuing = string.Join('\n', CertificateFolder.Parts(folder.ReadPem(CertificateFolder.IssuingFile), "CERTIFICATE"));
        CertificateVerifier verifier = new(cartId, root, issuing + "\n" + string.Join('\n', certificates.Skip(1)));
        try
        {
            return Make(certificates, keys[0], issuing, verifier, register, pods, word);
        }
        catch (Exception)
        {
            verifier.Dispose();
            throw;
        }
    }

    private static State Make(IReadOnlyList<string> certificates, string key, string issuing, CertificateVerifier verifier, CertificateRegister register, PodList pods, ClockWord? word)
    {
        using X509Certificate2 made = X509Certificate2.CreateFromPem(certificates[0], key);
        CertificateFinding own = verifier.Gateway(made, new DateTimeOffset(made.NotBefore.ToUniversalTime()) + CertificateTimes.Before);
        if (own.Verdict != CertificateVerdict.Accepted)
        {
            throw new CryptographicException("the gateway's own certificate is not of this cart: " + own.Detail);
        }

        // SslStream on Windows takes keys of a key store alone; a round through PKCS #12 gives one.
        X509Certificate2 leaf = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        X509Certificate2Collection between = [];
        foreach (string certificate in certificates.Skip(1))
        {
            between.Add(X509Certificate2.CreateFromPem(certificate));
        }

        List<CertificateLife> lives = [LifeOf("gateway", leaf)];
        if (issuing.Length > 0)
        {
            using X509Certificate2 issuer = X509Certificate2.CreateFromPem(issuing);
            lives.Add(LifeOf("issuing", issuer));
        }

        return new State(SslStreamCertificateContext.Create(leaf, between, offline: true), verifier, register, pods, lives, word);
    }

    private static CertificateLife LifeOf(string what, X509Certificate2 certificate) =>
        new(what, new DateTimeOffset(certificate.NotBefore.ToUniversalTime()), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()), Convert.ToHexStringLower(SHA256.HashData(certificate.RawData)));

    private sealed record State(
        SslStreamCertificateContext Gateway, CertificateVerifier Verifier, CertificateRegister Register, PodList Pods, IReadOnlyList<CertificateLife> Lives, ClockWord? Word)
    {
        // When the newest of the cart's own certificates was issued: that much time has passed for sure.
        public long IssuedTicks { get; } = IssuedOf(Lives);

        private static long IssuedOf(IReadOnlyList<CertificateLife> lives)
        {
            long latest = 0;
            foreach (CertificateLife life in lives)
            {
                latest = Math.Max(latest, (life.NotBefore + CertificateTimes.Before).UtcTicks);
            }

            return latest;
        }
    }
}
