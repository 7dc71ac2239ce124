using System;
using System.Buffers.Text;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;

namespace EdgeGateway.Gateway.Security;

/// <summary>How a login ended.</summary>
/// <param name="Code">Null when it was right, else a code of hardware/faults.json.</param>
/// <param name="Cookie">The secret of the new login; empty with a code.</param>
/// <param name="Actor">Who it is; null with a code.</param>
/// <param name="Wait">How long to wait before the next try; zero for no wait.</param>
internal readonly record struct LoginResult(string? Code, string Cookie, Actor? Actor, TimeSpan Wait);

/// <summary>From where somebody logs in.</summary>
/// <param name="Address">The address, for whoever writes it down.</param>
/// <param name="Limited">What counts as one address for wrong tries.</param>
internal readonly record struct LoginOrigin(string Address, string Limited);

/// <summary>
/// Who is logged in. A login is a random cookie of which only the hash is kept, in memory: after a new start everybody logs in again. At the cart's own screen it ends without a touch; anywhere after a shift; and at once
/// when its account is removed, gets another secret or another role. Any thread.
/// </summary>
internal sealed class Logins
{
    /// <summary>Longest life of a login. Assumption: a shift of twelve hours.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(12);

    /// <summary>Elsewhere a login ends after so long without a request that changes something. Assumption.</summary>
    public static readonly TimeSpan IdleElsewhere = TimeSpan.FromMinutes(30);

    /// <summary>A badge that was shown opens the screen for so long. Assumption: the screen asks each second or two.</summary>
    public static readonly TimeSpan BadgeStands = TimeSpan.FromSeconds(10);

    /// <summary>Logins at once; at the bound the one that was longest without a touch gives way.</summary>
    public const int MaxLogins = 64;

    /// <summary>Tries that wait until another's secret is hashed; one queue at the cart's own screen, one elsewhere, so that nobody elsewhere holds up the nurse.</summary>
    private const int MaxWaiting = 8;

    private static readonly byte[] NoSalt = new byte[SecretHash.SaltLength];

    private readonly AccountStore _store;
    private readonly GatewayAccessOptions _options;
    private readonly TimeProvider _time;
    private readonly AttemptLimits _byAccount;
    private readonly AttemptLimits _byAddress;
    private readonly HashQueue _here = new();
    private readonly HashQueue _elsewhere = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _logins = new(StringComparer.Ordinal);
    private (string Badge, long Ticks) _badge = (string.Empty, 0);

    /// <summary>Makes it: nobody is logged in.</summary>
    /// <param name="store">The accounts.</param>
    /// <param name="options">How long a login lasts at the cart's own screen.</param>
    /// <param name="time">The clocks.</param>
    public Logins(AccountStore store, GatewayAccessOptions options, TimeProvider time)
    {
        _store = store;
        _options = options;
        _time = time;
        _byAccount = new AttemptLimits(AttemptLimits.FreePerAccount, time);
        _byAddress = new AttemptLimits(AttemptLimits.FreePerAddress, time);
    }

    /// <summary>True while a badge stands for which the screen may be opened.</summary>
    public bool HasBadge
    {
        get
        {
            lock (_gate)
            {
                return _badge.Badge.Length > 0 && _time.GetElapsedTime(_badge.Ticks) < BadgeStands;
            }
        }
    }

    /// <summary>Somebody types a name and a secret.</summary>
    /// <param name="name">The account's name.</param>
    /// <param name="secret">PIN or password.</param>
    /// <param name="isAtCart">True at the cart's own screen, where alone a PIN counts.</param>
    /// <param name="origin">From where.</param>
    /// <param name="cancellation">Who asks is gone.</param>
    /// <returns>The login, or why there is none. A name that is not there takes as long as a wrong secret.</returns>
    public async Task<LoginResult> TryAsync(string name, string secret, bool isAtCart, LoginOrigin origin, CancellationToken cancellation)
    {
        Account? account = _store.Book.Find(name);
        string who = name + (isAtCart ? " here" : " elsewhere");
        TimeSpan wait = Later(isAtCart ? TimeSpan.Zero : _byAddress.WaitOf(origin.Limited), account is null ? TimeSpan.Zero : _byAccount.WaitOf(who));
        if (wait > TimeSpan.Zero)
        {
            return new LoginResult(FaultCodes.LoginLocked, string.Empty, null, wait);
        }

        HashQueue queue = isAtCart ? _here : _elsewhere;
        if (Interlocked.Increment(ref queue.Waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref queue.Waiting);
            return new LoginResult(FaultCodes.LoginBusy, string.Empty, null, TimeSpan.FromSeconds(1));
        }

        try
        {
            await queue.Turn.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                // Asked again: those that were hashed meanwhile count.
                wait = Later(isAtCart ? TimeSpan.Zero : _byAddress.WaitOf(origin.Limited), account is null ? TimeSpan.Zero : _byAccount.WaitOf(who));
                if (wait > TimeSpan.Zero)
                {
                    return new LoginResult(FaultCodes.LoginLocked, string.Empty, null, wait);
                }

                if (!isAtCart)
                {
                    _byAddress.Begin(origin.Limited);
                }

                if (account is not null)
                {
                    _byAccount.Begin(who);
                }

                bool isRight = await Task.Run(() => account?.Verify(secret) ?? (SecretHash.Of(secret, NoSalt, SecretHash.Iterations).Length == 0), CancellationToken.None).ConfigureAwait(false);
                if (!isRight || account is null || (account.IsPin && !isAtCart) || !IsSame(account, _store.Book))
                {
                    return new LoginResult(FaultCodes.LoginRefused, string.Empty, null, TimeSpan.Zero);
                }

                _byAccount.Right(who);
                _byAddress.Right(origin.Limited);
                return Open(account, isAtCart, origin.Address);
            }
            finally
            {
                queue.Turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref queue.Waiting);
        }
    }

    /// <summary>A nurse goes on without a badge, where the site allows it.</summary>
    /// <param name="isAtCart">True at the cart's own screen.</param>
    /// <returns>The login, or G2126.</returns>
    public LoginResult WithoutBadge(bool isAtCart) =>
        isAtCart && _options.AllowsWithoutBadge ? Open(null, isAtCart: true, string.Empty) : new LoginResult(FaultCodes.RoleLacksRight, string.Empty, null, TimeSpan.Zero);

    /// <summary>The screen takes the badge that was shown just now; once.</summary>
    /// <param name="isAtCart">True at the cart's own screen.</param>
    /// <returns>The login, or G2127.</returns>
    public LoginResult WithBadge(bool isAtCart)
    {
        string badge;
        lock (_gate)
        {
            badge = isAtCart && _badge.Badge.Length > 0 && _time.GetElapsedTime(_badge.Ticks) < BadgeStands ? _badge.Badge : string.Empty;
            if (isAtCart)
            {
                _badge = (string.Empty, 0);
            }
        }

        return _store.Book.FindBadge(badge) is { } account ? Open(account, isAtCart: true, string.Empty) : new LoginResult(FaultCodes.LoginRefused, string.Empty, null, TimeSpan.Zero);
    }

    /// <summary>A badge was shown to the reader.</summary>
    /// <param name="badge">Its number.</param>
    public void ShowBadge(string badge)
    {
        if (AccountBook.IsName(badge) && _store.Book.FindBadge(badge) is not null)
        {
            lock (_gate)
            {
                _badge = (badge, _time.GetTimestamp());
            }
        }
    }

    /// <summary>Who has a cookie.</summary>
    /// <param name="cookie">The cookie; may be anything.</param>
    /// <returns>Who; null when it is none, has ended, or its account is another one now.</returns>
    public Actor? ActorOf(string cookie)
    {
        AccountBook book = _store.Book;
        lock (_gate)
        {
            return Find(cookie, book)?.Actor;
        }
    }

    /// <summary>The account behind a cookie.</summary>
    /// <param name="cookie">The cookie.</param>
    /// <returns>Its name; empty without an account.</returns>
    public string NameOf(string cookie)
    {
        AccountBook book = _store.Book;
        lock (_gate)
        {
            return Find(cookie, book)?.Account?.Name ?? string.Empty;
        }
    }

    /// <summary>Somebody has touched the screen, or changed something.</summary>
    /// <param name="cookie">The cookie.</param>
    public void Touch(string cookie)
    {
        AccountBook book = _store.Book;
        lock (_gate)
        {
            if (Find(cookie, book) is { } entry)
            {
                entry.TouchedTicks = _time.GetTimestamp();
            }
        }
    }

    /// <summary>Ends a login: the screen is locked.</summary>
    /// <param name="cookie">The cookie.</param>
    public void End(string cookie)
    {
        lock (_gate)
        {
            _logins.Remove(HashOf(cookie));
        }
    }

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;

    // Still there, with the same role and the same secret.
    private static bool IsSame(Account account, AccountBook book) =>
        book.Find(account.Name) is { } now && now.Role == account.Role && now.Hash.Span.SequenceEqual(account.Hash.Span);

    private static string HashOf(string cookie) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(cookie)));

    private LoginResult Open(Account? account, bool isAtCart, string address)
    {
        string cookie = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        Actor actor = new(account?.Role ?? ActorRole.Nurse, account?.Token ?? Actor.WithoutBadge, isAtCart ? "screen" : address);
        long nowTicks = _time.GetTimestamp();
        lock (_gate)
        {
            if (_logins.Count >= MaxLogins)
            {
                (string Hash, long Ticks) oldest = (string.Empty, long.MaxValue);
                foreach ((string hash, Entry entry) in _logins)
                {
                    oldest = entry.TouchedTicks < oldest.Ticks ? (hash, entry.TouchedTicks) : oldest;
                }

                _logins.Remove(oldest.Hash);
            }

            _logins[HashOf(cookie)] = new Entry(account, actor, isAtCart, nowTicks) { TouchedTicks = nowTicks };
        }

        return new LoginResult(null, cookie, actor, TimeSpan.Zero);
    }

    private Entry? Find(string cookie, AccountBook book)
    {
        if (cookie.Length == 0 || !_logins.TryGetValue(HashOf(cookie), out Entry? entry))
        {
            return null;
        }

        TimeSpan idle = entry.IsAtCart ? TimeSpan.FromSeconds(_options.LockAfterSeconds) : IdleElsewhere;
        bool isSame = entry.Account is { } account ? IsSame(account, book) : _options.AllowsWithoutBadge;
        if (isSame && _time.GetElapsedTime(entry.TouchedTicks) < idle && _time.GetElapsedTime(entry.OpenedTicks) < Longest)
        {
            return entry;
        }

        _logins.Remove(HashOf(cookie));
        return null;
    }

    // One secret at a time: more would take the cores from the readings.
    private sealed class HashQueue
    {
        public int Waiting;

        public SemaphoreSlim Turn { get; } = new(1);
    }

    private sealed class Entry(Account? account, Actor actor, bool isAtCart, long openedTicks)
    {
        public Account? Account { get; } = account;

        public Actor Actor { get; } = actor;

        public bool IsAtCart { get; } = isAtCart;

        public long OpenedTicks { get; } = openedTicks;

        public long TouchedTicks { get; set; }
    }
}
