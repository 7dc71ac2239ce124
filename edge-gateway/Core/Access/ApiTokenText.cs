using System;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace EdgeGateway.Core.Access;

/// <summary>
/// API tokens as text: <c>cart_{id}_{secret}</c>, 8 hexadecimal digits and 32 random bytes in base64url. Kept is SHA-256 (FIPS 180-4) over purpose, cart, id and secret: a random secret of 256 bits needs no slow hash, and a list that
/// is copied to another cart lets nobody in there.
/// </summary>
public static class ApiTokenText
{
    /// <summary>Length of the random secret, bytes.</summary>
    public const int SecretLength = 32;

    /// <summary>Length of a token, characters.</summary>
    public const int Length = 5 + IdLength + 1 + EncodedLength;

    /// <summary>Length of a token's id, characters.</summary>
    public const int IdLength = 8;

    private const int EncodedLength = 43;
    private const string Purpose = "cart-gateway api token v1";

    /// <summary>The text of a token.</summary>
    /// <param name="id">8 hexadecimal digits.</param>
    /// <param name="secret">32 bytes.</param>
    /// <returns>57 characters.</returns>
    public static string Of(string id, ReadOnlySpan<byte> secret) => "cart_" + id + "_" + Base64Url.EncodeToString(secret);

    /// <summary>The id in a token's text.</summary>
    /// <param name="token">ASCII.</param>
    /// <returns>The id; null when the text is no token's.</returns>
    public static string? IdOf(ReadOnlySpan<byte> token) =>
        token.Length == Length && token.StartsWith("cart_"u8) && token[5 + IdLength] == (byte)'_' ? Encoding.ASCII.GetString(token.Slice(5, IdLength)) : null;

    /// <summary>What is kept of a token.</summary>
    /// <param name="cartId">The cart's name.</param>
    /// <param name="token">The whole text, ASCII.</param>
    /// <returns>32 bytes.</returns>
    public static byte[] HashOf(string cartId, ReadOnlySpan<byte> token)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(Purpose + "\n" + cartId + "\n"));
        hash.AppendData(token);
        return hash.GetHashAndReset();
    }
}
