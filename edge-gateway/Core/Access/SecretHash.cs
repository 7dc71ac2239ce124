using System;
using System.Security.Cryptography;
using System.Text;

namespace EdgeGateway.Core.Access;

/// <summary>Secrets of people, as they are kept: PBKDF2 with HMAC-SHA-256 (RFC 8018) over a salt of their own. Any thread; each call takes some tenths of a second on purpose.</summary>
public static class SecretHash
{
    /// <summary>Rounds of a new hash. Source: OWASP Password Storage Cheat Sheet, PBKDF2-HMAC-SHA256.</summary>
    public const int Iterations = 600_000;

    /// <summary>Most rounds that a file may ask for: a damaged one must not hold a core for minutes.</summary>
    public const int MaxIterations = 4 * Iterations;

    /// <summary>Length of a salt, bytes.</summary>
    public const int SaltLength = 16;

    /// <summary>Length of a hash, bytes.</summary>
    public const int Length = 32;

    /// <summary>Fewest digits of a PIN, which counts at the cart's own screen alone. Source: NIST SP 800-63B, 5.1.1.1, secrets of digits chosen at random.</summary>
    public const int MinPinDigits = 6;

    /// <summary>Most digits of a PIN.</summary>
    public const int MaxPinDigits = 12;

    /// <summary>Fewest characters of a password. Assumption: four above the least of NIST SP 800-63B, as it is the one secret that counts from elsewhere.</summary>
    public const int MinPasswordLength = 12;

    /// <summary>Most characters of a password.</summary>
    public const int MaxPasswordLength = 128;

    /// <summary>True for a PIN: 6 to 12 digits.</summary>
    /// <param name="secret">The secret.</param>
    public static bool IsPin(string secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        foreach (char sign in secret)
        {
            if (!char.IsAsciiDigit(sign))
            {
                return false;
            }
        }

        return secret.Length is >= MinPinDigits and <= MaxPinDigits;
    }

    /// <summary>What is wrong with a new secret.</summary>
    /// <param name="secret">The secret.</param>
    /// <returns>Null for a PIN that is no run or repetition, or a password of 12 to 128 characters that is more than digits; else a sentence.</returns>
    public static string? Problem(string secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        if (IsPin(secret))
        {
            return IsRun(secret) ? "a PIN is no run of digits and not one digit over" : null;
        }

        if (secret.Length is < MinPasswordLength or > MaxPasswordLength)
        {
            return "a PIN has 6 to 12 digits, a password 12 to 128 characters";
        }

        bool hasOther = false;
        foreach (char sign in secret)
        {
            if (char.IsControl(sign) || char.IsSurrogate(sign))
            {
                return "a password has no control characters and none beyond the basic plane";
            }

            hasOther |= !char.IsAsciiDigit(sign) && sign != secret[0];
        }

        return hasOther ? null : "a password is more than digits and one sign over";
    }

    /// <summary>The hash of a secret.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="salt">Its salt.</param>
    /// <param name="iterations">Rounds, 1 to <see cref="MaxIterations"/>.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] Of(string secret, ReadOnlySpan<byte> salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(secret), salt, iterations, HashAlgorithmName.SHA256, Length);

    // 111111, 123456, 987654: what is tried first.
    private static bool IsRun(string digits)
    {
        int step = digits[1] - digits[0];
        for (int i = 1; i < digits.Length; i++)
        {
            if (digits[i] - digits[i - 1] != step)
            {
                return false;
            }
        }

        return step is >= -1 and <= 1;
    }
}
