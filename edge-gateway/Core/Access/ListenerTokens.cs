using System;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace EdgeGateway.Core.Access;

/// <summary>
/// Tokens with which a listener joins one session of one cart over WebSocket: user name = session id, password = token. A token is
/// HMAC-SHA-256 (RFC 2104, FIPS 180-4) over purpose, cart, session number, binding epoch and session id, in base64url without padding.
/// Nothing is stored: number and epoch are never used twice, so the token of one session is the token of no other. It is never logged.
/// </summary>
public sealed class ListenerTokens
{
    /// <summary>Length of the key, bytes.</summary>
    public const int KeyLength = 32;

    /// <summary>Length of a token, characters: 32 bytes in base64url.</summary>
    public const int TokenLength = 43;

    /// <summary>How long after the session's close a token is still accepted and its connections stay, µs: the last readings arrive and are read.</summary>
    public const long GraceUs = 120_000_000;

    private const string Purpose = "cart-gateway listener v1";

    private readonly byte[] _key;

    /// <summary>Makes and verifies tokens with a key.</summary>
    /// <param name="key">32 secret random bytes; copied.</param>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public ListenerTokens(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyLength)
        {
            throw new ArgumentException("A listener key has 32 bytes.", nameof(key));
        }

        _key = key.ToArray();
    }

    /// <summary>The token of one session.</summary>
    /// <param name="cartId">The cart's name.</param>
    /// <param name="sessionNumber">The session's number in the journal.</param>
    /// <param name="epoch">Its binding epoch.</param>
    /// <param name="sessionId">Its name.</param>
    /// <returns>43 characters of A-Z a-z 0-9 '-' '_'.</returns>
    public string Make(string cartId, uint sessionNumber, uint epoch, string sessionId)
    {
        ArgumentNullException.ThrowIfNull(cartId);
        ArgumentNullException.ThrowIfNull(sessionId);
        using IncrementalHash hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);

        // Each part with its length before it, so that no two sets of parts give the same bytes.
        Add(hmac, Purpose);
        Add(hmac, cartId);
        Span<byte> numbers = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(numbers, sessionNumber);
        BinaryPrimitives.WriteUInt32LittleEndian(numbers[4..], epoch);
        hmac.AppendData(numbers);
        Add(hmac, sessionId);
        Span<byte> tag = stackalloc byte[32];
        hmac.GetHashAndReset(tag);
        return Base64Url.EncodeToString(tag);
    }

    /// <summary>Compares in a time that does not depend on where two tokens differ.</summary>
    /// <param name="cartId">The cart's name.</param>
    /// <param name="sessionNumber">The session's number in the journal.</param>
    /// <param name="epoch">Its binding epoch.</param>
    /// <param name="sessionId">Its name.</param>
    /// <param name="presented">What the listener sent as password.</param>
    /// <returns>True when it is the session's token.</returns>
    public bool Verify(string cartId, uint sessionNumber, uint epoch, string sessionId, ReadOnlySpan<byte> presented) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Make(cartId, sessionNumber, epoch, sessionId)), presented);

    private static void Add(IncrementalHash hmac, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        hmac.AppendData(length);
        hmac.AppendData(bytes);
    }
}
