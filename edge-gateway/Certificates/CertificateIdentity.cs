using System;
using System.Collections.Generic;
using System.Security.Cryptography.X509Certificates;

namespace EdgeGateway.Certificates;

/// <summary>What the holder of a certificate is to a cart; stands in the certificate as the organizational unit.</summary>
public enum CertificateRole
{
    /// <summary>An ESP32 pod. Its name is its device id, 16 lower-case hexadecimal digits.</summary>
    Pod,

    /// <summary>The gateway itself, as server for pods, pages and programs, and as client of the session's broker.</summary>
    Gateway,

    /// <summary>A program or a view that follows sessions.</summary>
    Listener,

    /// <summary>A technician's computer.</summary>
    Technician,
}

/// <summary>
/// Whom a certificate names: the cart as organization (O), the role as organizational unit (OU), the name as common name (CN), in this order and nothing else.
/// Names are 1 to 64 of A-Z a-z 0-9 _ - and therefore need no escape in any notation.
/// </summary>
/// <param name="CartId">The cart.</param>
/// <param name="Role">What the holder is.</param>
/// <param name="Name">Which one it is, among those of its role and cart.</param>
public sealed record CertificateIdentity(string CartId, CertificateRole Role, string Name)
{
    /// <summary>Most characters of a cart's id or a name. Source: X.520, ub-organization-name and ub-common-name.</summary>
    public const int MaxNameLength = 64;

    private const string Organization = "2.5.4.10";
    private const string OrganizationalUnit = "2.5.4.11";
    private const string CommonName = "2.5.4.3";

    /// <summary>The words of <see cref="CertificateRole"/> as they stand in certificates, in its order.</summary>
    public static IReadOnlyList<string> RoleWords { get; } = ["pod", "gateway", "listener", "technician"];

    /// <summary>The role's word.</summary>
    public string RoleWord => RoleWords[(int)Role];

    /// <summary>The subject in the notation that <see cref="X509Certificate.Subject"/> has: "CN=02aabbfffe0000a1, OU=pod, O=ward-3". An exact comparison decides.</summary>
    public string SubjectText => "CN=" + Name + ", OU=" + RoleWord + ", O=" + CartId;

    /// <summary>True for 1 to 64 of A-Z a-z 0-9 _ -.</summary>
    /// <param name="text">A cart's id or a holder's name.</param>
    /// <returns>False for anything else.</returns>
    public static bool IsName(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (char sign in text)
        {
            if (!char.IsAsciiLetterOrDigit(sign) && sign is not ('_' or '-'))
            {
                return false;
            }
        }

        return text.Length is >= 1 and <= MaxNameLength;
    }

    /// <summary>True when a name fits its role: that of a pod is a device id.</summary>
    /// <param name="role">The role.</param>
    /// <param name="name">The name.</param>
    /// <returns>False for a name that no such holder has.</returns>
    public static bool IsNameOf(CertificateRole role, string name)
    {
        if (!IsName(name))
        {
            return false;
        }

        if (role != CertificateRole.Pod)
        {
            return true;
        }

        foreach (char sign in name)
        {
            if (!char.IsAsciiHexDigitLower(sign))
            {
                return false;
            }
        }

        return name.Length == 16;
    }

    /// <summary>Reads the subject of a certificate.</summary>
    /// <param name="subject">The subject.</param>
    /// <param name="identity">Whom it names.</param>
    /// <returns>False when it has another form: it is none of a cart.</returns>
    public static bool TryRead(X500DistinguishedName subject, out CertificateIdentity? identity)
    {
        ArgumentNullException.ThrowIfNull(subject);
        identity = null;
        List<string> values = [];
        string[] wanted = [Organization, OrganizationalUnit, CommonName];
        foreach (X500RelativeDistinguishedName part in subject.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (values.Count == wanted.Length || part.HasMultipleElements
                || !string.Equals(part.GetSingleElementType().Value, wanted[values.Count], StringComparison.Ordinal)
                || part.GetSingleElementValue() is not { } value || !IsName(value))
            {
                return false;
            }

            values.Add(value);
        }

        if (values.Count != wanted.Length)
        {
            return false;
        }

        for (int i = 0; i < RoleWords.Count; i++)
        {
            if (string.Equals(RoleWords[i], values[1], StringComparison.Ordinal))
            {
                identity = new CertificateIdentity(values[0], (CertificateRole)i, values[2]);
            }
        }

        return identity is not null && IsNameOf(identity.Role, identity.Name);
    }

    /// <summary>The subject as it is encoded.</summary>
    /// <returns>The distinguished name: O, OU, CN.</returns>
    /// <exception cref="InvalidOperationException">A name has other signs, or does not fit its role.</exception>
    public X500DistinguishedName ToDistinguishedName()
    {
        if (!IsName(CartId) || !IsNameOf(Role, Name))
        {
            throw new InvalidOperationException("'" + CartId + "' and '" + Name + "' are not 1 to 64 of A-Z a-z 0-9 _ -, or '" + Name + "' is no " + RoleWord + ".");
        }

        return DistinguishedNames.Of((OrganizationalUnit, RoleWord), (CommonName, Name), CartId);
    }
}
