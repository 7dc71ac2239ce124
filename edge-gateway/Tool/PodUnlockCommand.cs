using System;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text.Json;
using EdgeGateway.Faults;
using EdgeGateway.Tool.Certificates;

namespace EdgeGateway.Tool;

/// <summary><c>cartctl pod unlock</c>: answers the challenge of a pod's console. The key comes from a file or the standard input, never from the command line, and is never printed.</summary>
internal static class PodUnlockCommand
{
    private const int ChallengeDigits = 32;
    private const int AnswerBytes = 8;
    private const int MaxInputSigns = 64 * 1024;

    public static int Run(string challenge, string? keyFile, TextReader input, TextWriter results, TextWriter diagnostics)
    {
        try
        {
            string text = (keyFile is not null ? Read(keyFile) : ReferenceEquals(input, Console.In) && !Console.IsInputRedirected ? SecretInput.ReadLine(input) : input.ReadToEnd()).Trim();
            if (challenge.Length != ChallengeDigits || !challenge.All(char.IsAsciiHexDigit) || Key(text) is not { } key)
            {
                diagnostics.WriteLine(new CodedError(FaultCodes.PodKeyUnusable, new ErrorPlace(keyFile, 0, null), "the key or the challenge is not right").Render());
                return CartCtl.Unreadable;
            }

            byte[] code = HMACSHA256.HashData(key, Convert.FromHexString(challenge));
            results.WriteLine(Convert.ToHexStringLower(code.AsSpan(0, AnswerBytes)));
            return CartCtl.Clean;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            diagnostics.WriteLine(new CodedError(FaultCodes.PodKeyUnusable, new ErrorPlace(keyFile, 0, null), e.Message.TrimEnd('.')).Render());
            return CartCtl.Unreadable;
        }
    }

    private static string Read(string path) => new FileInfo(path).Length <= MaxInputSigns ? File.ReadAllText(path) : string.Empty;

    private static byte[]? Key(string text)
    {
        string digits = text;
        if (text.StartsWith('{'))
        {
            try
            {
                using JsonDocument bundle = JsonDocument.Parse(text);
                digits = bundle.RootElement.TryGetProperty("technicianKey", out JsonElement key) && key.ValueKind == JsonValueKind.String ? key.GetString()! : string.Empty;
            }
            catch (JsonException)
            {
                return null;
            }
        }

        return digits.Length is >= 32 and <= 64 && digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit) ? Convert.FromHexString(digits) : null;
    }
}
