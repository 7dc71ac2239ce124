using System;

namespace EdgeGateway.Core.Access;

/// <summary>A reader of operators' badges at the cart. No reader is built: this is where one is put in.</summary>
public interface IOperatorToken
{
    /// <summary>A badge was shown: its number, 1 to 64 of A-Z a-z 0-9 _ -. Raised on any thread; it opens the screen for the badge's account within the next seconds, and nothing else.</summary>
    event Action<string>? Presented;
}
