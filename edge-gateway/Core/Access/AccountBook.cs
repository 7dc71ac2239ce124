using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text.Json;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Sessions;

namespace EdgeGateway.Core.Access;

/// <summary>One person who may log in.</summary>
/// <param name="Name">What is chosen on the screen: 1 to 64 of A-Z a-z 0-9 _ -.</param>
/// <param name="Token">What stands for the person everywhere else: "op-" and 8 hexadecimal digits, drawn by chance.</param>
/// <param name="Role">Nurse, doctor, technician or integrator.</param>
/// <param name="IsPin">True when the secret is a PIN, which counts at the cart's own screen alone.</param>
/// <param name="Iterations">Rounds of the hash.</param>
/// <param name="Salt">Its salt.</param>
/// <param name="Hash">The secret's hash.</param>
/// <param name="Badge">The number of the badge; empty for none.</param>
public sealed record Account(string Name, string Token, ActorRole Role, bool IsPin, int Iterations, ReadOnlyMemory<byte> Salt, ReadOnlyMemory<byte> Hash, string Badge)
{
    /// <summary>True for this account's secret. Takes as long as <see cref="SecretHash.Of"/>.</summary>
    /// <param name="secret">What was typed.</param>
    public bool Verify(string secret) => CryptographicOperations.FixedTimeEquals(SecretHash.Of(secret, Salt.Span, Iterations), Hash.Span);
}

/// <summary>One token of a platform's program.</summary>
/// <param name="Name">What people call it: 1 to 64 of A-Z a-z 0-9 _ -.</param>
/// <param name="Id">8 hexadecimal digits, drawn by chance; stands in the token.</param>
/// <param name="Hash">What is kept of the token.</param>
/// <param name="Created">When it was made, UTC.</param>
/// <param name="Expires">When it ends, UTC.</param>
public sealed record ApiToken(string Name, string Id, ReadOnlyMemory<byte> Hash, DateTimeOffset Created, DateTimeOffset Expires);

/// <summary>Who may log in, and which tokens are good, as the file accounts.json in the gateway's state directory holds them. No secret stands in it.</summary>
public sealed class AccountBook
{
    /// <summary>Most accounts.</summary>
    public const int MaxAccounts = 256;

    /// <summary>Most tokens.</summary>
    public const int MaxTokens = 64;

    /// <summary>Longest file, bytes.</summary>
    public const int MaxFileBytes = 256 * 1024;

    /// <summary>Longest life of a token, days. Assumption: a year and a day.</summary>
    public const int MaxTokenDays = 366;

    private const string Format = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    private readonly SortedDictionary<string, Account> _accounts;
    private readonly SortedDictionary<string, ApiToken> _tokens;

    private AccountBook(SortedDictionary<string, Account> accounts, SortedDictionary<string, ApiToken> tokens) => (_accounts, _tokens) = (accounts, tokens);

    /// <summary>Nobody.</summary>
    public static AccountBook Empty { get; } = new(new(StringComparer.Ordinal), new(StringComparer.Ordinal));

    /// <summary>The accounts, by name.</summary>
    public IReadOnlyCollection<Account> Accounts => _accounts.Values;

    /// <summary>The tokens, by name.</summary>
    public IReadOnlyCollection<ApiToken> Tokens => _tokens.Values;

    /// <summary>True for a name that an account, a token or a badge may have.</summary>
    /// <param name="name">The name.</param>
    public static bool IsName(string? name) => Names.IsValid(name);

    /// <summary>The account of a name.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The account, or null.</returns>
    public Account? Find(string name) => _accounts.GetValueOrDefault(name);

    /// <summary>The account of a badge.</summary>
    /// <param name="badge">The badge's number.</param>
    /// <returns>The account, or null.</returns>
    public Account? FindBadge(string badge) => badge.Length == 0 ? null : _accounts.Values.FirstOrDefault(a => string.Equals(a.Badge, badge, StringComparison.Ordinal));

    /// <summary>The token of a name.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The token, or null.</returns>
    public ApiToken? FindToken(string name) => _tokens.GetValueOrDefault(name);

    /// <summary>The token that was shown.</summary>
    /// <param name="cartId">This cart.</param>
    /// <param name="presented">What was shown, ASCII.</param>
    /// <param name="utc">Now.</param>
    /// <returns>The token; null when it is none of these, or has run out.</returns>
    public ApiToken? TokenOf(string cartId, ReadOnlySpan<byte> presented, DateTimeOffset utc)
    {
        if (ApiTokenText.IdOf(presented) is not { } id)
        {
            return null;
        }

        foreach (ApiToken token in _tokens.Values)
        {
            if (string.Equals(token.Id, id, StringComparison.Ordinal))
            {
                return CryptographicOperations.FixedTimeEquals(ApiTokenText.HashOf(cartId, presented), token.Hash.Span) && IsGood(token, utc) ? token : null;
            }
        }

        return null;
    }

    /// <summary>True while a token of this id stands in the book and has not run out.</summary>
    /// <param name="id">The token's id.</param>
    /// <param name="utc">Now.</param>
    public bool IsGood(string id, DateTimeOffset utc) => _tokens.Values.Any(t => string.Equals(t.Id, id, StringComparison.Ordinal) && IsGood(t, utc));

    /// <summary>The book with an account more, or another one of that name.</summary>
    /// <param name="account">The account.</param>
    /// <returns>The new book.</returns>
    /// <exception cref="InvalidOperationException">It is full, or the badge is another account's.</exception>
    /// <exception cref="ArgumentException">The account is none.</exception>
    public AccountBook With(Account account)
    {
        ArgumentNullException.ThrowIfNull(account);
        if (Problem(account) is { } problem)
        {
            throw new ArgumentException(problem, nameof(account));
        }

        SortedDictionary<string, Account> accounts = new(_accounts, StringComparer.Ordinal) { [account.Name] = account };
        if (account.Badge.Length > 0 && accounts.Values.Any(a => a != account && string.Equals(a.Badge, account.Badge, StringComparison.Ordinal)))
        {
            throw new InvalidOperationException("This badge is another account's.");
        }

        return accounts.Count <= MaxAccounts ? new AccountBook(accounts, _tokens) : throw new InvalidOperationException("There are " + Invariant.Text(MaxAccounts) + " accounts.");
    }

    /// <summary>The book without an account.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The new book; the same when there is no such account.</returns>
    public AccountBook WithoutAccount(string name)
    {
        SortedDictionary<string, Account> accounts = new(_accounts, StringComparer.Ordinal);
        return accounts.Remove(name) ? new AccountBook(accounts, _tokens) : this;
    }

    /// <summary>The book with a token more.</summary>
    /// <param name="token">The token.</param>
    /// <returns>The new book.</returns>
    /// <exception cref="InvalidOperationException">It is full.</exception>
    /// <exception cref="ArgumentException">The token is none.</exception>
    public AccountBook With(ApiToken token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (Problem(token) is { } problem)
        {
            throw new ArgumentException(problem, nameof(token));
        }

        SortedDictionary<string, ApiToken> tokens = new(_tokens, StringComparer.Ordinal) { [token.Name] = token };
        return tokens.Count <= MaxTokens ? new AccountBook(_accounts, tokens) : throw new InvalidOperationException("There are " + Invariant.Text(MaxTokens) + " tokens.");
    }

    /// <summary>The book without a token: it is revoked.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The new book; the same when there is no such token.</returns>
    public AccountBook WithoutToken(string name)
    {
        SortedDictionary<string, ApiToken> tokens = new(_tokens, StringComparer.Ordinal);
        return tokens.Remove(name) ? new AccountBook(_accounts, tokens) : this;
    }

    /// <summary>Reads the file.</summary>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="problem">What is wrong, or null.</param>
    /// <returns>The book, or null when the file is not whole.</returns>
    public static AccountBook? Read(ReadOnlyMemory<byte> bytes, out string? problem)
    {
        if (bytes.Length > MaxFileBytes)
        {
            problem = "longer than " + Invariant.Text(MaxFileBytes) + " bytes";
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false });
            if (document.RootElement.GetProperty("v").GetInt32() != 1)
            {
                problem = "a version other than 1";
                return null;
            }

            AccountBook book = Empty;
            foreach (JsonElement item in document.RootElement.GetProperty("accounts").EnumerateArray())
            {
                Account account = AccountOf(item);
                book = book.Find(account.Name) is null ? book.With(account) : throw new FormatException("account " + account.Name + " stands twice");
            }

            foreach (JsonElement item in document.RootElement.GetProperty("tokens").EnumerateArray())
            {
                ApiToken token = TokenOf(item);
                book = book.FindToken(token.Name) is null ? book.With(token) : throw new FormatException("token " + token.Name + " stands twice");
            }

            problem = null;
            return book;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            problem = e.Message;
            return null;
        }
    }

    /// <summary>The file.</summary>
    /// <returns>Its bytes, UTF-8.</returns>
    public byte[] Write()
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("v", 1);
            json.WriteStartArray("accounts");
            foreach (Account account in _accounts.Values)
            {
                json.WriteStartObject();
                json.WriteString("name", account.Name);
                json.WriteString("token", account.Token);
                json.WriteString("role", RoleRights.Word(account.Role));
                json.WriteBoolean("pin", account.IsPin);
                json.WriteNumber("iterations", account.Iterations);
                json.WriteBase64String("salt", account.Salt.Span);
                json.WriteBase64String("hash", account.Hash.Span);
                json.WriteString("badge", account.Badge);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("tokens");
            foreach (ApiToken token in _tokens.Values)
            {
                json.WriteStartObject();
                json.WriteString("name", token.Name);
                json.WriteString("id", token.Id);
                json.WriteBase64String("hash", token.Hash.Span);
                json.WriteString("created", Text(token.Created));
                json.WriteString("expires", Text(token.Expires));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    // A clock that is back at 1970 does not make an old token good: what was issued proves that so much time has passed.
    private bool IsGood(ApiToken token, DateTimeOffset utc)
    {
        foreach (ApiToken other in _tokens.Values)
        {
            utc = other.Created > utc ? other.Created : utc;
        }

        return utc < token.Expires;
    }

    private static string? Problem(Account account) =>
        !IsName(account.Name) ? "an account's name is 1 to 64 of A-Z a-z 0-9 _ -"
        : !IsName(account.Token) ? "account " + account.Name + " has no token"
        : RoleRights.OfAccount(RoleRights.Word(account.Role)) is null ? "account " + account.Name + " has a role that people do not have"
        : account.Iterations is < 1 or > SecretHash.MaxIterations || account.Salt.Length != SecretHash.SaltLength || account.Hash.Length != SecretHash.Length ? "account " + account.Name + " has no hash"
        : account.Badge.Length > 0 && !IsName(account.Badge) ? "a badge's number is 1 to 64 of A-Z a-z 0-9 _ -"
        : null;

    private static string? Problem(ApiToken token) =>
        !IsName(token.Name) ? "a token's name is 1 to 64 of A-Z a-z 0-9 _ -"
        : token.Id.Length != ApiTokenText.IdLength || !IsName(token.Id) || token.Hash.Length != SecretHash.Length ? "token " + token.Name + " has no hash"
        : token.Expires - token.Created > TimeSpan.FromDays(MaxTokenDays) ? "a token lives at most " + Invariant.Text(MaxTokenDays) + " days"
        : null;

    private static Account AccountOf(JsonElement item) => new(
        item.GetProperty("name").GetString() ?? string.Empty,
        item.GetProperty("token").GetString() ?? string.Empty,
        RoleRights.OfAccount(item.GetProperty("role").GetString()) ?? throw new FormatException("an account has a role that people do not have"),
        item.GetProperty("pin").GetBoolean(),
        item.GetProperty("iterations").GetInt32(),
        item.GetProperty("salt").GetBytesFromBase64(),
        item.GetProperty("hash").GetBytesFromBase64(),
        item.GetProperty("badge").GetString() ?? string.Empty);

    private static ApiToken TokenOf(JsonElement item) => new(
        item.GetProperty("name").GetString() ?? string.Empty,
        item.GetProperty("id").GetString() ?? string.Empty,
        item.GetProperty("hash").GetBytesFromBase64(),
        Utc(item.GetProperty("created").GetString()),
        Utc(item.GetProperty("expires").GetString()));

    private static string Text(DateTimeOffset utc) => utc.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);

    private static DateTimeOffset Utc(string? text) =>
        DateTimeOffset.ParseExact(text ?? string.Empty, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
}
