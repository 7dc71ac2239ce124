using System;
using System.Buffers;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace EdgeGateway.Certificates;

/// <summary>
/// All that a board is given to become a pod of one cart: one JSON object. It holds secrets (the pod's key, the network's password, the technician's key): it is written for its owner alone, travels by serial
/// line only, and is deleted after use.
/// </summary>
/// <param name="DeviceId">The pod's device id.</param>
/// <param name="GatewayHost">Name or address of the gateway.</param>
/// <param name="GatewayPort">Its TLS port for MQTT.</param>
/// <param name="AuthorityPem">The one certificate that the pod trusts.</param>
/// <param name="Certificate">The pod's certificate and key.</param>
/// <param name="WifiName">Name of the network (SSID); empty when it is to be asked for.</param>
/// <param name="WifiPassword">Its password; empty when it is to be asked for.</param>
/// <param name="TechnicianKey">Key of the console's unlock, 32 bytes.</param>
public sealed record PodBundle(
    string DeviceId, string GatewayHost, int GatewayPort, string AuthorityPem, CertificatePair Certificate, string WifiName, string WifiPassword, ReadOnlyMemory<byte> TechnicianKey)
{
    /// <summary>Bytes of a technician's key.</summary>
    public const int TechnicianKeyLength = 32;

    /// <summary>Longest name of a network, bytes (IEEE 802.11).</summary>
    public const int MaxWifiNameBytes = 32;

    /// <summary>Longest password of a network, characters (WPA2).</summary>
    public const int MaxWifiPasswordLength = 63;

    /// <summary>A technician's key of one pod.</summary>
    /// <returns>32 random bytes.</returns>
    public static byte[] NewTechnicianKey() => RandomNumberGenerator.GetBytes(TechnicianKeyLength);

    /// <summary>The file.</summary>
    /// <returns>UTF-8.</returns>
    /// <exception cref="InvalidOperationException">A part does not fit a pod.</exception>
    public byte[] Write()
    {
        if (Problem() is { } problem)
        {
            throw new InvalidOperationException(problem);
        }

        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteString("deviceId", DeviceId);
            json.WriteStartObject("gateway");
            json.WriteString("host", GatewayHost);
            json.WriteNumber("port", GatewayPort);
            json.WriteEndObject();
            json.WriteString("ca", AuthorityPem);
            json.WriteString("certificate", Certificate.CertificatePem);
            json.WriteString("key", Certificate.KeyPem);
            if (WifiName.Length > 0)
            {
                json.WriteStartObject("wifi");
                json.WriteString("ssid", WifiName);
                json.WriteString("password", WifiPassword);
                json.WriteEndObject();
            }

            json.WriteString("technicianKey", Convert.ToHexStringLower(TechnicianKey.Span));
            json.WriteEndObject();
        }

        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>Names the pod, never its secrets.</summary>
    /// <returns>One line.</returns>
    public override string ToString() => "bundle of pod " + DeviceId;

    private string? Problem()
    {
        if (!CertificateIdentity.IsNameOf(CertificateRole.Pod, DeviceId))
        {
            return "'" + DeviceId + "' is not 16 lower-case hexadecimal digits.";
        }

        foreach ((string what, string pem) in (IEnumerable<(string, string)>)[("The authority's certificate", AuthorityPem), ("The pod's certificate", Certificate.CertificatePem), ("The pod's key", Certificate.KeyPem)])
        {
            if (Encoding.ASCII.GetByteCount(pem) > CertificateForms.MaxPodPemBytes)
            {
                return what + " has more than 1,024 bytes in PEM; a pod has no room for it.";
            }
        }

        return GatewayPort is < 1 or > 65_535 ? "The port is not 1 to 65,535."
            : Encoding.UTF8.GetByteCount(WifiName) > MaxWifiNameBytes ? "The network's name has more than 32 bytes."
            : WifiPassword.Length > MaxWifiPasswordLength ? "The network's password has more than 63 characters."
            : TechnicianKey.Length != TechnicianKeyLength ? "The technician's key has not 32 bytes."
            : null;
    }
}
