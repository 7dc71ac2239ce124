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
    private const int MaxRepeats = 2;

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

    /// <summary>Opens a pod for a new configuration: unlocks it when it is locked, provisioned or not, and forgets what an earlier try, or somebody at the console, has changed and not committed.</summary>
    /// <param name="console">The pod's console.</param>
    /// <param name="technicianKey">The key, hexadecimal.</param>
    /// <param name="isProvisioned">True for a pod that has a key: it must be this one, also while somebody has left the pod unlocked.</param>
    /// <param name="isOnTrial">True for a configuration on trial, which is not to be undone here.</param>
    /// <param name="board">The board's name, which is asked for in that case.</param>
    /// <exception cref="CodedErrorException">The pod refuses.</exception>
    public static void Begin(PodConsole console, string technicianKey, bool isProvisioned, bool isOnTrial, string board)
    {
        ArgumentNullException.ThrowIfNull(console);
        string request = isOnTrial ? "config set board " + board : "config revert";
        if (isProvisioned || console.Ask(request).Code is FaultCodes.ConsoleNeedsUnlock)
        {
            Unlock(console, technicianKey);
        }

        console.Require(request);
    }

    /// <summary>Gives a pod its requests. A chunk of a certificate or key that got no whole answer is not sent again by itself, since the pod takes the chunks in their order: all of that key are sent once more, and the first one begins anew.</summary>
    /// <param name="console">The pod's console.</param>
    /// <param name="requests">As <see cref="Requests"/> has them.</param>
    /// <exception cref="CodedErrorException">The pod refuses, or does not answer.</exception>
    public static void Send(PodConsole console, IReadOnlyList<(string Command, string Shown)> requests)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(requests);
        int first = -1;
        int repeated = 0;
        for (int i = 0; i < requests.Count; i++)
        {
            (string command, string shown) = requests[i];
            string[] words = command.Split(' ', 4);
            bool isChunk = words is ["config", "put", ..];
            if (isChunk && (first < 0 || words[3].StartsWith("1 ", StringComparison.Ordinal)))
            {
                repeated = first == i ? repeated : 0;
                first = i;
            }

            try
            {
                console.Require(command, shown, isRepeatable: !isChunk);
            }
            catch (CodedErrorException e) when (isChunk && repeated < MaxRepeats && e.Errors[0].Code is FaultCodes.ConsoleSilent or FaultCodes.ConsoleAnswerDamaged)
            {
                repeated++;
                i = first - 1;
            }
        }
    }

    /// <summary>Commits. An answer that is lost is none that is needed: the pod restarts with the configuration or keeps the one that it has, and is asked which.</summary>
    /// <param name="console">The pod's console.</param>
    /// <exception cref="CodedErrorException">The pod refuses.</exception>
    public static void Commit(PodConsole console) => OnceOnly(console, "config commit", _ => true);

    /// <summary>Confirms, and when the answer is lost asks whether it is confirmed.</summary>
    /// <param name="console">The pod's console, unlocked.</param>
    /// <exception cref="CodedErrorException">The pod refuses, or stays on trial.</exception>
    public static void Confirm(PodConsole console) => OnceOnly(console, "config confirm", static c => c.Require("id").Text("state") is not "trial");

    private static void OnceOnly(PodConsole console, string command, Func<PodConsole, bool> isDone)
    {
        ArgumentNullException.ThrowIfNull(console);
        try
        {
            console.Require(command, isRepeatable: false);
        }
        catch (CodedErrorException e) when (e.Errors[0].Code is FaultCodes.ConsoleSilent or FaultCodes.ConsoleAnswerDamaged)
        {
            if (!isDone(console))
            {
                throw;
            }
        }
    }

    /// <summary>Keys that a bundle governs and leaves out: a pod that gets it anew loses them. Calibrations, parts and the cart's name are not the bundle's.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="isOwnId">True when the pod makes this id from its chip by itself.</param>
    /// <returns>The keys.</returns>
    public static IEnumerable<string> Surplus(ProvisioningBundle bundle, bool isOwnId)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        return new[] { isOwnId ? "deviceId" : null, bundle.WifiSsid is null ? "wifi.password" : null, bundle.WifiSsid is null ? "wifi.ssid" : null, bundle.AuthorityPem is null ? "tls.ca" : null, bundle.CertificatePem is null ? "tls.certificate" : null, bundle.KeyPem is null ? "tls.key" : null }.OfType<string>();
    }

    /// <summary>The requests that give a pod its configuration, each with what may be shown of it.</summary>
    /// <param name="bundle">The bundle; no secret of it may be missing.</param>
    /// <param name="isOwnId">True when the pod makes this id from its chip by itself.</param>
    /// <param name="board">The board's name.</param>
    /// <param name="role">What the pod is for; null to keep it.</param>
    /// <param name="parts">The fitted parts; null to keep them.</param>
    /// <param name="cartName">The cart's name; empty for none.</param>
    /// <returns>The requests in their order.</returns>
    public static IReadOnlyList<(string Command, string Shown)> Requests(ProvisioningBundle bundle, bool isOwnId, string board, string? role, string? parts, string cartName)
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
