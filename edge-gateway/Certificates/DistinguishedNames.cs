using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace EdgeGateway.Certificates;

/// <summary>Distinguished names in one order and encoding, so that a name constraint compares byte for byte.</summary>
internal static class DistinguishedNames
{
    private const string Organization = "2.5.4.10";

    /// <summary>A name that begins with the organization. Source: X.501, RDNSequence; strings as UTF8String (RFC 5280, 4.1.2.4).</summary>
    /// <param name="second">Object identifier and value of the second part; an empty one is left out.</param>
    /// <param name="third">Those of the third part; an empty one is left out.</param>
    /// <param name="organization">The organization.</param>
    /// <returns>The name.</returns>
    public static X500DistinguishedName Of((string Type, string Value) second, (string Type, string Value) third, string organization) => new(Encoded(organization, second, third));

    /// <summary>The name of a cart alone, what a name constraint permits.</summary>
    /// <param name="organization">The cart.</param>
    /// <returns>DER.</returns>
    public static byte[] OrganizationAlone(string organization) => Encoded(organization);

    private static byte[] Encoded(string organization, params (string Type, string Value)[] others)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            Part(writer, Organization, organization);
            foreach ((string type, string value) in others)
            {
                if (value.Length > 0)
                {
                    Part(writer, type, value);
                }
            }
        }

        return writer.Encode();
    }

    private static void Part(AsnWriter writer, string type, string value)
    {
        using (writer.PushSetOf())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(type);
                writer.WriteCharacterString(UniversalTagNumber.UTF8String, value);
            }
        }
    }
}
