using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using EdgeGateway.Faults;
using Firmware.Flash.Wire;

namespace Firmware.Flash.Provisioning;

/// <summary>Gives a pod its configuration over its console: set, commit, restart, confirm. A configuration that is not confirmed within 180 s is undone by the pod itself.</summary>
public static class Provisioner
{
    private const int ChallengeBytes = 16;
    private const int AnswerBytes = 8;

    /// <summary>Unlocks a pod: the first 8 bytes of HMAC-SHA-256 of its challenge under its technician's key.</summary>
    /// <param name="console">The pod's console.</param>
    /// <param name="technicianKey">The key, hexadecimal.</param>
    /// <exception cref="CodedErrorException">The pod refuses.</exception>
    public static void Unlock(PodConsole console, string technicianKey)
    {
        ArgumentNullException.ThrowIfNull(console);
        ErrorPlace place = new(console.Port, 0, null);
        PodAnswer asked = console.Ask("challenge", isRepeatable: false);
        string challenge = asked.Text("challenge");
        if (!asked.IsOk || challenge.Length != 2 * ChallengeBytes || !challenge.All(char.IsAsciiHexDigit))
        {
            throw new CodedErrorException(new CodedError(FaultCodes.UnlockFailed, place, asked.IsOk ? "the pod gave no challenge" : $"{asked.Code} {asked.Text("means")}".TrimEnd('.', ' '), NextOf(asked)));
        }

        PodAnswer answer = console.Ask("unlock " + AnswerTo(technicianKey, challenge), "unlock (answer)", isRepeatable: false);
        if (!answer.IsOk)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.UnlockFailed, place, $"{answer.Code} {answer.Text("means")}".TrimEnd('.', ' '), NextOf(answer)));
        }
    }

    /// <summary>The answer to a challenge.</summary>
    /// <param name="technicianKey">The key, hexadecimal.</param>
    /// <param name="challenge">The challenge, 32 hexadecimal digits.</param>
    /// <returns>16 hexadecimal digits, small.</returns>
    public static string AnswerTo(string technicianKey, string challenge) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Convert.FromHexString(technicianKey), Convert.FromHexString(challenge)).AsSpan(0, AnswerBytes));

    /// <summary>The requests that give a pod its configuration, each with what may be shown of it.</summary>
    /// <param name="bundle">The bundle; no secret of it may be missing.</param>
    /// <param name="isOwnId">True when the pod makes this id from its chip by itself.</param>
    /// <param name="board">The board's name.</param>
    /// <param name="role">What the pod is for.</param>
    /// <param name="parts">The fitted parts.</param>
    /// <param name="cartName">The cart's name; empty for none.</param>
    /// <returns>The requests in their order.</returns>
    public static IReadOnlyList<(string Command, string Shown)> Requests(ProvisioningBundle bundle, bool isOwnId, string board, string role, string parts, string cartName)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        List<(string Command, string Shown)> requests = [];
        void Set(string key, string? value, bool isSecret = false)
        {
            if (!string.IsNullOrEmpty(value))
            {
                string command = $"config set {key} {AnswerLine.Quote(value)}";
                requests.Add((command, isSecret ? $"config set {key} (secret)" : command));
            }
        }

        void Put(string key, string? pem)
        {
            IReadOnlyList<string> chunks = pem is null ? [] : ProvisioningBundle.Cut(pem);
            for (int i = 0; i < chunks.Count; i++)
            {
                string head = string.Create(CultureInfo.InvariantCulture, $"config put {key} {i + 1} {chunks.Count} ");
                requests.Add((head + chunks[i], head + (key is "tls.key" ? "(secret)" : "(base64)")));
            }
        }

        Set("deviceId", isOwnId ? null : bundle.DeviceId);
        Set("role", role);
        Set("board", board);
        Set("parts", parts);
        Set("cartName", cartName);
        Set("wifi.ssid", bundle.WifiSsid);
        Set("wifi.password", bundle.WifiPassword, isSecret: true);
        Set("gateway.host", bundle.GatewayHost);
        Set("gateway.port", bundle.GatewayPort.ToString(CultureInfo.InvariantCulture));
        Set("technicianKey", bundle.TechnicianKey, isSecret: true);
        Put("tls.ca", bundle.AuthorityPem);
        Put("tls.certificate", bundle.CertificatePem);
        Put("tls.key", bundle.KeyPem);
        return requests;
    }

    private static string? NextOf(PodAnswer answer) => answer.Text("next") is { Length: > 0 } next ? next : null;
}
