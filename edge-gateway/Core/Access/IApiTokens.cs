using System;

namespace EdgeGateway.Core.Access;

/// <summary>Tokens of platforms' programs. Answers come from memory.</summary>
public interface IApiTokens
{
    /// <summary>Whose token it is.</summary>
    /// <param name="presented">What was shown, ASCII.</param>
    /// <returns>The token's name; null when it is none of this cart, has run out, or was revoked.</returns>
    string? IdOf(ReadOnlySpan<byte> presented);

    /// <summary>True while a token that was let in still is good.</summary>
    /// <param name="id">Its name.</param>
    bool IsGood(string id);
}
