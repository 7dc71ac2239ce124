using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeGateway.Certificates;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Machine;

namespace EdgeGateway.Tool.Certificates;

/// <summary>What a pod is enrolled with beside its certificate.</summary>
/// <param name="Host">Name or address under which the pod reaches the gateway.</param>
/// <param name="Port">The gateway's TLS port.</param>
/// <param name="Label">What people call it.</param>
/// <param name="WifiName">Name of the network; empty to be asked for when the pod is provisioned.</param>
/// <param name="WifiPassword">Its password.</param>
internal sealed record Enrolment(string Host, int Port, string Label, string WifiName, string WifiPassword);

/// <summary>
/// The work of <c>cartctl certs</c> and <c>cartctl pods</c> on one cart's folder. Every change is made whole: files are replaced, the register and the list before what they allow is handed out.
/// </summary>
/// <param name="cartId">The cart.</param>
/// <param name="folder">Its folder.</param>
/// <param name="time">The clock.</param>
internal sealed class CertificateOffice(string cartId, CertificateFolder folder, TimeProvider time)
{
    private const string PendingKeyFile = "gateway.key.new";

    /// <summary>The cart.</summary>
    public string CartId => cartId;

    /// <summary>Its folder.</summary>
    public CertificateFolder Folder => folder;

    private DateTimeOffset Now => time.GetUtcNow();

    /// <summary>Finds cart and folder in a configuration file.</summary>
    /// <param name="configuration">gateway.yaml.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The office.</returns>
    /// <exception cref="CodedErrorException">The file has errors, or no section tls.</exception>
    public static (CertificateOffice Office, GatewayTlsOptions Tls) Of(string configuration, TimeProvider time)
    {
        ConfigurationResult result = ConfigurationFile.Load(configuration);
        if (result.Options is not { } options)
        {
            throw new CodedErrorException(result.Errors);
        }

        return options.Tls is { } tls
            ? (new CertificateOffice(options.Core.CartId, new CertificateFolder(tls.Directory), time), tls)
            : throw Refused(FaultCodes.ConfigurationKeyMissing, configuration, "tls.directory", "Write tls: and, under it, directory: /var/lib/cart-gateway/certificates.");
    }

    /// <summary>A refusal with its code.</summary>
    /// <param name="code">The code.</param>
    /// <param name="file">The file that it is about.</param>
    /// <param name="detail">What happened.</param>
    /// <param name="suggestion">What would be right.</param>
    /// <returns>To be thrown.</returns>
    public static CodedErrorException Refused(string code, string? file, string detail, string? suggestion = null) => new(new CodedError(code, new ErrorPlace(file, 0, null), detail, suggestion));

    /// <summary>Makes the issuing key, unless there is one, and its request for the root.</summary>
    /// <returns>PKCS #10 in PEM.</returns>
    public string Request()
    {
        using IDisposable taken = folder.Lock();
        string text = folder.ReadPem(CertificateFolder.IssuingFile);
        string? key = FirstOf(text, "PRIVATE KEY");
        if (key is null)
        {
            key = IssuingAuthority.NewKeyPem();
            folder.WritePem(CertificateFolder.IssuingFile, key);
        }

        return IssuingAuthority.RequestPem(cartId, key);
    }

    /// <summary>Takes the certificate of the issuing key, and issues the gateway's.</summary>
    /// <param name="issuingPem">The certificate from the root.</param>
    /// <param name="rootPem">The root's certificate.</param>
    /// <param name="names">DNS names and addresses of the gateway; empty keeps those that it has.</param>
    /// <exception cref="CodedErrorException">They do not belong together, or are another cart's.</exception>
    public void Install(string issuingPem, string rootPem, IReadOnlyList<string> names)
    {
        using IDisposable taken = folder.Lock();
        string key = FirstOf(folder.ReadPem(CertificateFolder.IssuingFile), "PRIVATE KEY")
            ?? throw Refused(FaultCodes.CertificateStateUnusable, folder.Path, "there is no issuing key", "Begin with cartctl certs request.");
        using IssuingAuthority authority = Opened(new CertificatePair(Single(issuingPem, "the issuing certificate"), key));
        string root = Single(rootPem, "the root's certificate");
        string[] kept = names.Count > 0 ? [.. names] : [.. NamesOfGateway()];
        if (kept.Length == 0)
        {
            throw Refused(FaultCodes.CertificateRefused, null, "the gateway has no name yet", "Give each name and address under which pods and programs reach it by --name.");
        }

        CertificatePair gateway = authority.IssueWithKey(new CertificateIdentity(cartId, CertificateRole.Gateway, "gateway"), kept, Now);
        using (X509Certificate2 certificate = gateway.ReadCertificate())
        {
            Prove(root, authority, certificate);
        }

        // A cut at any place leaves the old or the new: until the gateway shows a certificate of the new root, both roots are trusted.
        folder.WritePem(CertificateFolder.RootFile, Roots(root));
        folder.WritePem(CertificateFolder.IssuingFile, authority.Certificate.ExportCertificatePem(), key);
        Keep(authority, gateway);
        folder.WritePem(CertificateFolder.RootFile, root);
    }

    /// <summary>Issues the gateway's certificate anew.</summary>
    /// <param name="names">DNS names and addresses; empty keeps those that it has.</param>
    /// <param name="onlyIfDue">True to do nothing before two thirds of its life are over.</param>
    /// <returns>False when it was not due.</returns>
    public bool Renew(IReadOnlyList<string> names, bool onlyIfDue)
    {
        using IDisposable taken = folder.Lock();
        if (onlyIfDue && FirstOf(folder.ReadPem(CertificateFolder.GatewayFile), "CERTIFICATE") is { } leaf)
        {
            using X509Certificate2 present = X509Certificate2.CreateFromPem(leaf);
            if (Now < CertificateTimes.RenewalOf(Whole(present.NotBefore), Whole(present.NotAfter)))
            {
                return false;
            }
        }

        using IssuingAuthority authority = Authority();
        string[] kept = names.Count > 0 ? [.. names] : [.. NamesOfGateway()];
        if (kept.Length == 0)
        {
            throw Refused(FaultCodes.CertificateRefused, null, "the gateway has no name yet", "Give each name and address under which pods and programs reach it by --name.");
        }

        Keep(authority, authority.IssueWithKey(new CertificateIdentity(cartId, CertificateRole.Gateway, "gateway"), kept, Now));
        return true;
    }

    /// <summary>A key of the gateway for an authority of one's own, and its request.</summary>
    /// <param name="names">DNS names and addresses of the gateway.</param>
    /// <returns>PKCS #10 in PEM.</returns>
    public string RequestForOwnAuthority(IReadOnlyList<string> names)
    {
        using IDisposable taken = folder.Lock();
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        folder.WritePem(PendingKeyFile, key.ExportPkcs8PrivateKeyPem());
        return CertificateRequests.Make(new CertificateIdentity(cartId, CertificateRole.Gateway, "gateway"), names, key);
    }

    /// <summary>Takes the gateway's certificate from an authority of one's own.</summary>
    /// <param name="chainPem">The certificate, then what stands between it and the root.</param>
    /// <param name="rootPem">What is trusted.</param>
    public void Import(string chainPem, string rootPem)
    {
        using IDisposable taken = folder.Lock();
        string key = FirstOf(folder.ReadPem(PendingKeyFile), "PRIVATE KEY")
            ?? throw Refused(FaultCodes.CertificateStateUnusable, folder.Path, "no key of the gateway waits for a certificate", "Begin with cartctl certs csr.");
        IReadOnlyList<string> chain = CertificateFolder.Parts(chainPem, "CERTIFICATE");
        if (chain.Count == 0 || !new CertificatePair(chain[0], key).IsWhole())
        {
            throw Refused(FaultCodes.CertificateRefused, null, "the certificate is not of the key that waits here", "Have the request of cartctl certs csr signed, and import that answer.");
        }

        using (CertificateVerifier verifier = new(cartId, rootPem, string.Join('\n', chain.Skip(1))))
        using (X509Certificate2 certificate = X509Certificate2.CreateFromPem(chain[0]))
        {
            CertificateFinding finding = verifier.Gateway(certificate, Now);
            if (finding.Verdict != CertificateVerdict.Accepted)
            {
                throw Refused(FaultCodes.CertificateRefused, null, finding.Detail);
            }

            Register(certificate, CertificateRole.Gateway, "gateway");
        }

        folder.WritePem(CertificateFolder.RootFile, Roots(rootPem));
        folder.WritePem(CertificateFolder.GatewayFile, [.. chain, key]);
        folder.WritePem(CertificateFolder.RootFile, rootPem);
        folder.Delete(PendingKeyFile);
    }

    /// <summary>Enrols a pod: issues its certificate, admits it, and writes all that it is given into one file.</summary>
    /// <param name="deviceId">The pod.</param>
    /// <param name="enrolment">What it is given beside.</param>
    /// <returns>The bundle.</returns>
    public PodBundle Enrol(string deviceId, Enrolment enrolment)
    {
        using IDisposable taken = folder.Lock();
        using IssuingAuthority authority = Authority();
        Fits(deviceId, enrolment);
        CertificatePair pair = authority.IssueWithKey(new CertificateIdentity(cartId, CertificateRole.Pod, deviceId), [], Now);
        string anchor = AnchorOf(authority, out bool isNew);
        PodBundle bundle = new(
            deviceId, enrolment.Host, enrolment.Port, anchor, pair, enrolment.WifiName, enrolment.WifiPassword, PodBundle.NewTechnicianKey());
        _ = bundle.Write(); // refuses what does not fit a pod, before anything is written
        if (isNew)
        {
            folder.WritePem(CertificateFolder.AnchorFile, anchor);
        }

        using X509Certificate2 certificate = pair.ReadCertificate();
        Register(certificate, CertificateRole.Pod, deviceId);
        folder.Write(folder.ReadPods().With(new ListedPod(deviceId, PodStanding.Admitted, Now, enrolment.Label)));
        return bundle;
    }

    /// <summary>Says at once what <see cref="Enrol"/> would refuse, and changes nothing.</summary>
    /// <param name="deviceId">The pod.</param>
    /// <param name="enrolment">What it would be given.</param>
    /// <exception cref="CodedErrorException">It would be refused.</exception>
    public void Examine(string deviceId, Enrolment enrolment)
    {
        using IssuingAuthority authority = Authority();
        Fits(deviceId, enrolment);
        CertificatePair pair = authority.IssueWithKey(new CertificateIdentity(cartId, CertificateRole.Pod, deviceId), [], Now);
        _ = new PodBundle(deviceId, enrolment.Host, enrolment.Port, authority.AnchorPem(Now), pair, enrolment.WifiName, enrolment.WifiPassword, PodBundle.NewTechnicianKey()).Write();
    }

    /// <summary>What pods of this cart trust, and what the computer that fetches a bundle compares.</summary>
    /// <returns>PEM.</returns>
    public string Anchor()
    {
        using IDisposable taken = folder.Lock();
        using IssuingAuthority authority = Authority();
        string anchor = AnchorOf(authority, out bool isNew);
        if (isNew)
        {
            folder.WritePem(CertificateFolder.AnchorFile, anchor);
        }

        return anchor;
    }

    /// <summary>Takes back what was enrolled and did not reach its pod: the certificate is revoked, the pod's place in the list stays.</summary>
    /// <param name="bundle">What was made.</param>
    public void Withdraw(PodBundle bundle)
    {
        using X509Certificate2 certificate = bundle.Certificate.ReadCertificate();
        string serial = certificate.SerialNumber;
        using IDisposable taken = folder.Lock();
        folder.Write(folder.ReadRegister().Revoke(c => string.Equals(c.Serial, serial, StringComparison.Ordinal), "retired", Now, out _));
    }

    /// <summary>Revokes a certificate that another authority has issued: its serial number stands in the register from then on.</summary>
    /// <param name="serial">The serial number, hexadecimal, with or without colons.</param>
    /// <param name="reason">One of <see cref="CertificateRegister.Reasons"/>.</param>
    public void RevokeForeign(string serial, string reason)
    {
        string plain = serial.Replace(":", string.Empty, StringComparison.Ordinal).ToUpperInvariant();
        if (plain.Length is < 2 or > 40 || plain.Length % 2 != 0 || !plain.All(char.IsAsciiHexDigitUpper))
        {
            throw Refused(FaultCodes.CertificateRefused, null, "'" + serial + "' is no serial number", "Give its bytes as openssl x509 -serial shows them, or the certificate by --certificate.");
        }

        using IDisposable taken = folder.Lock();
        CertificateRegister register = folder.ReadRegister();
        if (register.Certificates.Any(c => string.Equals(CertificateRegister.Number(c.Serial), CertificateRegister.Number(plain), StringComparison.Ordinal)))
        {
            throw Refused(FaultCodes.NothingOfThatName, null, "'" + plain + "' stands in the register already", "Revoke it without --foreign.");
        }

        // Until when it is valid is not known here; it must not give way before.
        RegisteredCertificate one = new(plain, CertificateRole.Listener, plain, Now, Now + CertificateTimes.Root, null, string.Empty);
        folder.Write(register.With(one, Now).Revoke(c => string.Equals(c.Serial, plain, StringComparison.Ordinal), reason, Now, out _));
    }

    /// <summary>The technician's word that the clock is right now, although a later time was recorded.</summary>
    /// <param name="recorded">The day that health names.</param>
    public void ClockIsRight(DateOnly recorded)
    {
        DateTimeOffset until = new DateTimeOffset(recorded.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).AddDays(1);
        if (until <= Now)
        {
            throw Refused(FaultCodes.CertificateRefused, null, recorded.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) + " is past by this clock", "Give the day that health names beside its code; it lies ahead of the clock.");
        }

        using IDisposable taken = folder.Lock();
        folder.Write(new ClockWord(Now, until));
    }

    /// <summary>Issues a certificate for a listener or a technician.</summary>
    /// <param name="role">The role.</param>
    /// <param name="name">The name.</param>
    /// <returns>Certificate and key, and what stands between them and the root.</returns>
    public IReadOnlyList<string> Issue(CertificateRole role, string name)
    {
        using IDisposable taken = folder.Lock();
        using IssuingAuthority authority = Authority();
        if (!CertificateIdentity.IsNameOf(role, name))
        {
            throw Refused(FaultCodes.CertificateRefused, null, "'" + name + "' is no name", "A name is 1 to 64 of A-Z a-z 0-9 _ -.");
        }

        CertificatePair pair = authority.IssueWithKey(new CertificateIdentity(cartId, role, name), [], Now);
        using X509Certificate2 certificate = pair.ReadCertificate();
        Register(certificate, role, name);
        return [pair.CertificatePem, authority.Certificate.ExportCertificatePem(), pair.KeyPem];
    }

    /// <summary>Revokes all certificates of a name, or the one of a serial number. A pod's stand in the list ends with them.</summary>
    /// <param name="which">A name or a serial number.</param>
    /// <param name="reason">One of <see cref="CertificateRegister.Reasons"/>.</param>
    /// <returns>How many.</returns>
    public int Revoke(string which, string reason)
    {
        using IDisposable taken = folder.Lock();
        CertificateRegister register = folder.ReadRegister().Revoke(
            c => string.Equals(c.Serial, which, StringComparison.OrdinalIgnoreCase) || string.Equals(c.Name, which, StringComparison.Ordinal), reason, Now, out int count);
        PodList pods = folder.ReadPods();
        ListedPod? pod = pods.Pods.FirstOrDefault(p => string.Equals(p.DeviceId, which, StringComparison.Ordinal) && p.Standing == PodStanding.Admitted);
        if (count == 0 && pod is null)
        {
            throw Refused(FaultCodes.NothingOfThatName, null, "'" + which + "' names no certificate that is not revoked yet");
        }

        if (count > 0)
        {
            folder.Write(register);
        }

        if (pod is not null)
        {
            folder.Write(pods.With(pod with { Standing = PodStanding.Revoked, Since = Now }));
        }

        return count;
    }

    /// <summary>Admits a pod that has a certificate.</summary>
    /// <param name="deviceId">The pod.</param>
    /// <param name="label">What people call it; null keeps what stands in the list.</param>
    public void Admit(string deviceId, string? label)
    {
        using IDisposable taken = folder.Lock();
        PodList pods = folder.ReadPods();
        string kept = label ?? pods.Pods.FirstOrDefault(p => string.Equals(p.DeviceId, deviceId, StringComparison.Ordinal))?.Label ?? string.Empty;
        if (!CertificateIdentity.IsNameOf(CertificateRole.Pod, deviceId) || !PodList.IsLabel(kept))
        {
            throw Refused(FaultCodes.CertificateRefused, null, "'" + deviceId + "' is no device id, or the label has more than 64 characters", "A device id has 16 lower-case hexadecimal digits; health shows it.");
        }

        folder.Write(pods.With(new ListedPod(deviceId, PodStanding.Admitted, Now, kept)));
    }

    /// <summary>Puts a pod in the place of another: the old one is revoked, the new one is admitted under its label.</summary>
    /// <param name="old">The old pod.</param>
    /// <param name="next">The new one.</param>
    public void Replace(string old, string next)
    {
        string label = folder.ReadPods().Pods.FirstOrDefault(p => string.Equals(p.DeviceId, old, StringComparison.Ordinal))?.Label
            ?? throw Refused(FaultCodes.NothingOfThatName, null, "'" + old + "' does not stand in the list");
        if (string.Equals(old, next, StringComparison.Ordinal))
        {
            throw Refused(FaultCodes.CertificateRefused, null, "'" + old + "' cannot take its own place", "Name the new pod second.");
        }

        Admit(next, label);
        if (folder.ReadPods().StandingOf(old) != PodStanding.Revoked)
        {
            Revoke(old, "replaced");
        }
    }

    /// <summary>What a certificate's life is, in words.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <returns>"revoked 2026-03-04 (lost)", "712 days left", "to be renewed, 40 days left", "ended".</returns>
    public string StateOf(RegisteredCertificate certificate)
    {
        int left = CertificateTimes.DaysLeft(certificate.NotAfter, Now);
        string days = left.ToString(CultureInfo.InvariantCulture) + " days left";
        return certificate.RevokedAt is { } at ? "revoked " + at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) + " (" + certificate.Reason + ")"
            : left < 0 ? "ended " + certificate.NotAfter.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : Now >= CertificateTimes.RenewalOf(certificate.NotBefore, certificate.NotAfter) ? "to be renewed, " + days
            : days;
    }

    private IEnumerable<string> NamesOfGateway()
    {
        string? leaf = FirstOf(folder.ReadPem(CertificateFolder.GatewayFile), "CERTIFICATE");
        if (leaf is null)
        {
            yield break;
        }

        using X509Certificate2 certificate = X509Certificate2.CreateFromPem(leaf);
        foreach (X509SubjectAlternativeNameExtension names in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            foreach (string name in names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(static a => a.ToString())))
            {
                yield return name;
            }
        }
    }

    private void Fits(string deviceId, Enrolment enrolment)
    {
        if (!CertificateIdentity.IsNameOf(CertificateRole.Pod, deviceId))
        {
            throw Refused(FaultCodes.CertificateRefused, null, "'" + deviceId + "' is no device id", "A device id has 16 lower-case hexadecimal digits; the pod's console shows it by id.");
        }

        if (!NamesOfGateway().Contains(enrolment.Host, StringComparer.OrdinalIgnoreCase))
        {
            throw Refused(
                FaultCodes.CertificateRefused, null, "the gateway's certificate does not name " + enrolment.Host + ", so the pod would refuse it",
                "Use one of " + string.Join(", ", NamesOfGateway()) + ", or add the name by cartctl certs renew --name.");
        }

        if (!PodList.IsLabel(enrolment.Label))
        {
            throw Refused(FaultCodes.CertificateRefused, null, "the label has more than 64 characters, or some that cannot be printed");
        }
    }

    // The anchor is kept: a computer compares its fingerprint, which a new one would change.
    private string AnchorOf(IssuingAuthority authority, out bool isNew)
    {
        string anchor = folder.ReadPem(CertificateFolder.AnchorFile);
        isNew = !authority.IsAnchor(anchor);
        return (isNew ? authority.AnchorPem(Now) : anchor).TrimEnd() + "\n";
    }

    private string[] Roots(string next) => [next, .. CertificateFolder.Parts(folder.ReadPem(CertificateFolder.RootFile), "CERTIFICATE").Where(old => !next.Contains(old, StringComparison.Ordinal))];

    private static string? FirstOf(string text, string label) => CertificateFolder.Parts(text, label) is [string first, ..] ? first : null;

    private static string Single(string pem, string what) => CertificateFolder.Parts(pem, "CERTIFICATE") is [string one] ? one : throw Refused(FaultCodes.CertificateRefused, null, what + " is not one certificate in PEM");

    private IssuingAuthority Authority() => folder.OpenIssuing(cartId)
        ?? throw Refused(FaultCodes.CertificateStateUnusable, folder.Path, "the issuing key has no certificate yet", "Have the request of cartctl certs request signed by the root, then cartctl certs install.");

    private IssuingAuthority Opened(CertificatePair pair)
    {
        try
        {
            return IssuingAuthority.Open(cartId, pair);
        }
        catch (CryptographicException e)
        {
            throw Refused(FaultCodes.CertificateRefused, null, e.Message.TrimEnd('.'), "Sign the request of this cart's gateway: cartctl certs sign --cart " + cartId + ".");
        }
    }

    private void Prove(string root, IssuingAuthority authority, X509Certificate2 gateway)
    {
        using CertificateVerifier verifier = new(cartId, root, authority.Certificate.ExportCertificatePem());
        CertificateFinding finding = verifier.Gateway(gateway, Now);
        if (finding.Verdict != CertificateVerdict.Accepted)
        {
            throw Refused(FaultCodes.CertificateRefused, null, "the issuing certificate does not come from this root: " + finding.Detail);
        }
    }

    private void Keep(IssuingAuthority authority, CertificatePair gateway)
    {
        using X509Certificate2 certificate = gateway.ReadCertificate();
        Register(certificate, CertificateRole.Gateway, "gateway");
        folder.WritePem(CertificateFolder.GatewayFile, gateway.CertificatePem, authority.Certificate.ExportCertificatePem(), gateway.KeyPem);
    }

    private void Register(X509Certificate2 certificate, CertificateRole role, string name) => folder.Write(folder.ReadRegister().With(
        new RegisteredCertificate(certificate.SerialNumber, role, name, Whole(certificate.NotBefore), Whole(certificate.NotAfter), null, string.Empty), Now));

    private static DateTimeOffset Whole(DateTime moment) => new(moment.ToUniversalTime());
}
