using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Gateway.Security;
using EdgeGateway.Machine;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Security;

/// <summary>Logging in, locking, limits, the first administrator, and the file behind them, under a clock that stands.</summary>
[TestClass]
public sealed class LoginsTests
{
    private readonly StandingTime _time = new();
    private string _directory = null!;
    private AccountFolder _folder = null!;
    private AccountStore _store = null!;

    public TestContext TestContext { get; set; } = null!;

    [TestInitialize]
    public void Begin()
    {
        _directory = CartAccounts.NewFolder();
        _folder = CartAccounts.Folder(_directory);
        _folder.Write(CartAccounts.Book());
        _store = new AccountStore(_folder, CartAccounts.Cart, _time);
    }

    [TestCleanup]
    public void End() => Directory.Delete(_directory, recursive: true);

    [TestMethod]
    public async Task A_PIN_counts_at_the_carts_own_screen_alone_and_a_password_everywhere()
    {
        Logins logins = New();
        Assert.AreEqual("G2127", (await In(logins, "nurse", CartAccounts.Pin, isAtCart: false)).Code);
        Assert.AreEqual("G2127", (await In(logins, "nurse", "274917", isAtCart: true)).Code);
        Assert.AreEqual("G2127", (await In(logins, "nobody", CartAccounts.Pin, isAtCart: true)).Code);
        LoginResult nurse = await In(logins, "nurse", CartAccounts.Pin, isAtCart: true);
        Assert.AreEqual(new Actor(ActorRole.Nurse, "op-nurse", "screen"), logins.ActorOf(nurse.Cookie));
        LoginResult doctor = await In(logins, "doctor", CartAccounts.Password, isAtCart: false);
        Assert.AreEqual(new Actor(ActorRole.Doctor, "op-doctor", "192.0.2.7"), logins.ActorOf(doctor.Cookie));
        Assert.AreEqual("nurse", logins.NameOf(nurse.Cookie));
        Assert.AreEqual(43, nurse.Cookie.Length);
        foreach (string wrong in new[] { string.Empty, nurse.Cookie[..^1], nurse.Cookie.ToUpperInvariant(), nurse.Cookie + "A", "op-nurse" })
        {
            Assert.IsNull(logins.ActorOf(wrong), wrong);
        }

        Assert.IsNull(New().ActorOf(nurse.Cookie), "after a new start everybody logs in again");
    }

    [TestMethod]
    public async Task The_screen_locks_without_a_touch_and_every_login_ends_after_a_shift()
    {
        Logins logins = New(lockAfterSeconds: 60);
        string nurse = (await In(logins, "nurse", CartAccounts.Pin, isAtCart: true)).Cookie;
        for (int i = 0; i < 5; i++)
        {
            _time.Go(TimeSpan.FromSeconds(59));
            Assert.IsNotNull(logins.ActorOf(nurse), "asking is no touch, and it is not locked yet");
            logins.Touch(nurse);
        }

        _time.Go(TimeSpan.FromSeconds(60));
        Assert.IsNull(logins.ActorOf(nurse));
        logins.Touch(nurse);
        Assert.IsNull(logins.ActorOf(nurse), "a touch does not bring it back");

        string doctor = (await In(logins, "doctor", CartAccounts.Password, isAtCart: false)).Cookie;
        TimeSpan lived = TimeSpan.Zero;
        while (logins.ActorOf(doctor) is not null)
        {
            logins.Touch(doctor);
            _time.Go(TimeSpan.FromMinutes(10));
            lived += TimeSpan.FromMinutes(10);
        }

        Assert.AreEqual(TimeSpan.FromHours(12), lived);
        doctor = (await In(logins, "doctor", CartAccounts.Password, isAtCart: false)).Cookie;
        _time.Go(TimeSpan.FromMinutes(30));
        Assert.IsNull(logins.ActorOf(doctor));
    }

    [TestMethod]
    public async Task A_login_ends_at_once_when_its_account_is_another_one()
    {
        foreach (Func<AccountBook, AccountBook> change in (IEnumerable<Func<AccountBook, AccountBook>>)
        [
            b => b.WithoutAccount("nurse"), b => b.With(CartAccounts.Make("nurse", ActorRole.Nurse, "918273")), b => b.With(CartAccounts.Make("nurse", ActorRole.Technician, CartAccounts.Pin)),
        ])
        {
            _folder.Write(CartAccounts.Book());
            Logins logins = New();
            string nurse = (await In(logins, "nurse", CartAccounts.Pin, isAtCart: true)).Cookie;
            Assert.IsNotNull(logins.ActorOf(nurse));
            _folder.Write(change(_folder.Read()));
            Assert.IsNull(logins.ActorOf(nurse));
        }
    }

    [TestMethod]
    public async Task Wrong_tries_wait_longer_and_longer_per_account_and_place_and_a_right_one_forgets_them()
    {
        Logins logins = New();
        for (int i = 0; i < 5; i++)
        {
            Assert.AreEqual("G2127", (await In(logins, "nurse", "000000", isAtCart: true)).Code);
        }

        foreach (int seconds in new[] { 30, 60, 120, 240, 480, 900, 900 })
        {
            LoginResult locked = await In(logins, "nurse", CartAccounts.Pin, isAtCart: true);
            Assert.AreEqual(("G2128", TimeSpan.FromSeconds(seconds)), (locked.Code, locked.Wait), "the right PIN waits too");
            _time.Go(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.AreEqual("G2128", (await In(logins, "nurse", CartAccounts.Pin, isAtCart: true)).Code);
            Assert.IsNull((await In(logins, "technician", CartAccounts.Pin, isAtCart: true)).Code, "a colleague is not locked out");
            _time.Go(TimeSpan.FromMilliseconds(1));
            Assert.AreEqual("G2127", (await In(logins, "nurse", "000000", isAtCart: true)).Code);
        }

        _time.Go(TimeSpan.FromMinutes(15));
        Assert.IsNull((await In(logins, "nurse", CartAccounts.Pin, isAtCart: true)).Code);
        Assert.AreEqual("G2127", (await In(logins, "nurse", "000000", isAtCart: true)).Code, "and is forgotten");
        Assert.IsNull((await In(logins, "nurse", CartAccounts.Pin, isAtCart: true)).Code);

        // Whoever tries elsewhere locks nobody out at the cart.
        for (int i = 0; i < 30; i++)
        {
            await In(logins, "nurse", "000000", isAtCart: false, "192.0.2." + i);
        }

        Assert.IsNull((await In(logins, "nurse", CartAccounts.Pin, isAtCart: true)).Code);
    }

    [TestMethod]
    public async Task One_address_that_tries_many_names_waits_and_the_names_that_are_kept_are_bounded()
    {
        // Names that are there: one that is not takes as long as a real secret, which is not asked here.
        AccountBook book = CartAccounts.Book();
        for (int i = 0; i < 20; i++)
        {
            book = book.With(CartAccounts.Make("name-" + i, ActorRole.Doctor, CartAccounts.Password));
        }

        _folder.Write(book);
        Logins logins = New();
        for (int i = 0; i < 20; i++)
        {
            Assert.AreEqual("G2127", (await In(logins, "name-" + i, "000000", isAtCart: false)).Code);
        }

        Assert.AreEqual("G2128", (await In(logins, "doctor", CartAccounts.Password, isAtCart: false)).Code);
        Assert.IsNull((await In(logins, "doctor", CartAccounts.Password, isAtCart: false, "192.0.2.8")).Code, "another address does not");
        AttemptLimits limits = new(1, _time);
        limits.Begin("first");
        for (int i = 0; i < AttemptLimits.MaxNames; i++)
        {
            _time.Go(TimeSpan.FromTicks(1));
            limits.Begin("n" + i);
        }

        Assert.AreEqual(TimeSpan.Zero, limits.WaitOf("first"), "the oldest is forgotten");
        Assert.IsGreaterThan(TimeSpan.Zero, limits.WaitOf("n0"));
    }

    [TestMethod]
    public async Task Many_tries_at_once_are_not_one_and_wait_in_a_bounded_queue()
    {
        _folder.Write(CartAccounts.Book().With(CartAccounts.Make("slow", ActorRole.Nurse, CartAccounts.Pin, iterations: 60_000)));
        Logins logins = New();
        LoginResult[] results = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => In(logins, "slow", "000000", isAtCart: true)));
        Assert.IsLessThanOrEqualTo(5, results.Count(r => r.Code == "G2127"), "no more tries than one after the other");
        Assert.IsGreaterThan(0, results.Count(r => r.Code == "G2129"));
        Assert.AreEqual(40, results.Count(r => r.Code is "G2127" or "G2128" or "G2129"));
    }

    [TestMethod]
    public void Without_a_badge_and_by_a_badge_one_goes_on_at_the_screen_alone()
    {
        Assert.AreEqual("G2126", New().WithoutBadge(isAtCart: true).Code, "where the site does not allow it");
        Logins logins = New(withoutBadge: true);
        Assert.AreEqual("G2126", logins.WithoutBadge(isAtCart: false).Code);
        Assert.AreEqual(new Actor(ActorRole.Nurse, "without-badge", "screen"), logins.ActorOf(logins.WithoutBadge(isAtCart: true).Cookie));

        foreach (string unknown in new[] { "badge-8", string.Empty, "a b", new string('9', 65) })
        {
            logins.ShowBadge(unknown);
            Assert.IsFalse(logins.HasBadge, unknown);
        }

        logins.ShowBadge("badge-7");
        Assert.IsTrue(logins.HasBadge);
        Assert.AreEqual("G2127", logins.WithBadge(isAtCart: false).Code);
        LoginResult nurse = logins.WithBadge(isAtCart: true);
        Assert.AreEqual(new Actor(ActorRole.Nurse, "op-nurse", "screen"), logins.ActorOf(nurse.Cookie));
        Assert.AreEqual("G2127", logins.WithBadge(isAtCart: true).Code, "once");
        logins.ShowBadge("badge-7");
        _time.Go(Logins.BadgeStands);
        Assert.AreEqual("G2127", logins.WithBadge(isAtCart: true).Code, "and not later");
    }

    [TestMethod]
    public void At_the_bound_the_login_without_a_touch_for_longest_gives_way()
    {
        Logins logins = New(withoutBadge: true);
        List<string> cookies = [];
        for (int i = 0; i <= Logins.MaxLogins; i++)
        {
            cookies.Add(logins.WithoutBadge(isAtCart: true).Cookie);
            _time.Go(TimeSpan.FromSeconds(1));
            logins.Touch(cookies[0]);
        }

        Assert.IsNotNull(logins.ActorOf(cookies[0]));
        Assert.IsNull(logins.ActorOf(cookies[1]));
        Assert.HasCount(Logins.MaxLogins, cookies.Where(c => logins.ActorOf(c) is not null).ToArray());
    }

    [TestMethod]
    public void The_first_administrators_code_is_good_once_for_15_minutes_and_five_tries()
    {
        _folder.Write(AccountBook.Empty);
        AdministratorClaim claim = new(_folder, _time);
        Assert.IsFalse(claim.IsRight("K7M2P-9QRST"), "there is none");
        string code = claim.Make();
        Assert.MatchesRegex("^[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}$", code);
        Assert.IsTrue(claim.IsRight(" " + code.ToLowerInvariant().Replace("-", string.Empty, StringComparison.Ordinal)));
        claim.Use();
        Assert.IsFalse(claim.IsRight(code));

        code = claim.Make();
        _time.Go(TimeSpan.FromMinutes(15));
        Assert.IsFalse(claim.IsRight(code));

        code = claim.Make();
        for (int i = 0; i < 5; i++)
        {
            Assert.IsFalse(claim.IsRight("wrong"));
        }

        Assert.IsFalse(claim.IsRight(code));

        // What cartctl has left: from when it was first seen, whatever the machine's clock does.
        string left = AccountFolder.NewClaimCode();
        _folder.WriteClaim(left, _time.GetUtcNow());
        Assert.IsTrue(claim.IsRight(left));
        DateTimeOffset made = _time.GetUtcNow();
        _time.Go(TimeSpan.FromMinutes(15));
        Assert.IsFalse(claim.IsRight(left));
        _time.Set(made);
        Assert.IsFalse(claim.IsRight(left), "a clock that is set back brings no code back");
        _time.Set(made.AddYears(-30));
        Assert.IsFalse(new AdministratorClaim(_folder, _time).IsRight(left), "nor one that starts in another year");
        _time.Set(made);
        left = AccountFolder.NewClaimCode();
        _folder.WriteClaim(left, _time.GetUtcNow());
        for (int i = 0; i < 5; i++)
        {
            Assert.IsFalse(claim.IsRight("wrong"));
        }

        Assert.IsFalse(claim.IsRight(left));
        File.WriteAllText(Path.Combine(_folder.Path, AccountFolder.ClaimFile), "{\"v\":1,\"hash\":7}");
        Assert.IsFalse(claim.IsRight(left));
    }

    [TestMethod]
    public void The_file_comes_back_as_it_was_is_its_owners_alone_and_damage_is_noticed()
    {
        AccountBook book = CartAccounts.Book().With(CartAccounts.MakeToken("visits", _time.GetUtcNow(), TimeSpan.FromDays(90)).Token);
        _folder.Write(book);
        byte[] bytes = File.ReadAllBytes(_folder.AccountsPath);
        CollectionAssert.AreEqual(bytes, _folder.Read().Write());
        if (!OperatingSystem.IsWindows())
        {
            Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.AccountsPath));
            Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.Path));
        }

        string text = Encoding.UTF8.GetString(bytes);
        Assert.IsFalse(text.Contains(CartAccounts.Pin, StringComparison.Ordinal) || text.Contains(CartAccounts.Password, StringComparison.Ordinal));
        for (int length = 0; length < bytes.Length - 1; length += 7)
        {
            Assert.IsNull(AccountBook.Read(bytes.AsMemory(0, length), out string? problem), "cut at " + length);
            Assert.IsNotNull(problem);
        }

        foreach ((string old, string next) in new[]
        {
            ("\"role\": \"nurse\"", "\"role\": \"platform\""), ("\"role\": \"nurse\"", "\"role\": \"unprotected\""), ("\"iterations\": 1,", "\"iterations\": 2000000000,"), ("\"iterations\": 1,", "\"iterations\": 0,"),
            ("\"name\": \"nurse\"", "\"name\": \"doctor\""), ("\"name\": \"nurse\"", "\"name\": \"a b\""), ("\"v\": 1", "\"v\": 2"), ("\"expires\": \"2026", "\"expires\": \"2036"), ("\"badge\": \"badge-7\"", "\"badge\": 7"),
        })
        {
            Assert.AreNotEqual(text, text.Replace(old, next, StringComparison.Ordinal), old);
            Assert.IsNull(AccountBook.Read(Encoding.UTF8.GetBytes(text.Replace(old, next, StringComparison.Ordinal)), out _), next);
        }

        // Damage leaves the last whole state in use, and a list that is taken away makes no cart without administrator.
        Assert.HasCount(4, _store.Book.Accounts);
        File.WriteAllText(_folder.AccountsPath, text[..100]);
        Assert.HasCount(4, _store.Book.Accounts);
        StringAssert.Contains(_store.Problem, "damaged");
        File.Delete(_folder.AccountsPath);
        Assert.HasCount(4, _store.Book.Accounts);
        StringAssert.Contains(_store.Problem, "gone");
        int version = _store.Version;
        _folder.Write(book.WithoutAccount("doctor"));
        Assert.HasCount(3, _store.Book.Accounts);
        Assert.IsNull(_store.Problem);
        Assert.IsGreaterThan(version, _store.Version);
    }

    [TestMethod]
    public void A_token_is_good_on_its_cart_until_it_ends_is_revoked_or_the_clock_lies()
    {
        DateTimeOffset now = _time.GetUtcNow();
        (ApiToken visits, string text) = CartAccounts.MakeToken("visits", now, TimeSpan.FromDays(1));
        (ApiToken other, string foreign) = CartAccounts.MakeToken("other", now, TimeSpan.FromDays(1), "cart-2");
        _folder.Write(CartAccounts.Book().With(visits).With(other));
        Assert.AreEqual(visits.Id, _store.IdOf(Encoding.ASCII.GetBytes(text)));
        Assert.IsNull(_store.IdOf(Encoding.ASCII.GetBytes(foreign)), "another cart's, from a list that was copied");
        foreach (string wrong in new[] { string.Empty, text[..^1], text + "A", text[..^1] + (text[^1] == 'A' ? 'B' : 'A'), text.ToUpperInvariant(), "cart_" + visits.Id + "_" })
        {
            Assert.IsNull(_store.IdOf(Encoding.ASCII.GetBytes(wrong)), wrong);
        }

        _time.Go(TimeSpan.FromDays(1) - TimeSpan.FromSeconds(1));
        Assert.IsTrue(_store.IsGood(visits.Id));
        _time.Go(TimeSpan.FromSeconds(1));
        Assert.IsFalse(_store.IsGood(visits.Id));
        Assert.IsNull(_store.IdOf(Encoding.ASCII.GetBytes(text)));
        _folder.Write(_folder.Read().With(CartAccounts.MakeToken("newer", now.AddDays(2), TimeSpan.FromDays(9)).Token));
        _time.Set(now.AddYears(-56));
        Assert.IsFalse(_store.IsGood(visits.Id), "a clock at 1970: what was issued since proves that it has ended");
        _time.Set(now.AddDays(2));
        string id = _store.Book.FindToken("newer")!.Id;
        Assert.IsTrue(_store.IsGood(id));
        _folder.Write(_folder.Read().WithoutToken("newer"));
        Assert.IsFalse(_store.IsGood(id));
    }

    [TestMethod]
    [DataRow(true, true, true)]
    [DataRow(true, false, false)]
    [DataRow(false, true, false)]
    [DataRow(false, false, false)]
    public void Beyond_loopback_HTTP_needs_TLS_and_accounts(bool hasTls, bool hasAccounts, bool isRight) =>
        Assert.AreEqual(isRight, HttpExposure.Missing(hasTls, new GatewayAccessOptions { HasAccounts = hasAccounts }) is null);

    [TestMethod]
    [DataRow("274916", true)]
    [DataRow("27491", false)]
    [DataRow("1234567890123", false)]
    [DataRow("123456", false)]
    [DataRow("987654", false)]
    [DataRow("777777", false)]
    [DataRow("elevenchars", false)]
    [DataRow("twelve chars", true)]
    [DataRow("twelve\u0007chars", false)]
    public void A_secret_is_a_PIN_that_is_no_run_or_a_long_password(string secret, bool isRight) => Assert.AreEqual(isRight, SecretHash.Problem(secret) is null);

    /// <summary>RFC 7914, 11: PBKDF2-HMAC-SHA-256 of "passwd" with "salt", one round; its first 32 bytes.</summary>
    [TestMethod]
    public void The_hash_is_that_of_the_standard_and_its_time_is_printed()
    {
        Assert.AreEqual("55AC046E56E3089FEC1691C22544B605F94185216DDE0465E68B9D57C20DACBC", Convert.ToHexString(SecretHash.Of("passwd", "salt"u8, 1)));
        Assert.AreEqual(600_000, SecretHash.Iterations);
        long begun = TimeProvider.System.GetTimestamp();
        Assert.IsTrue(AccountFolder.NewAccount("anna", ActorRole.Nurse, CartAccounts.Pin) is { Iterations: 600_000 } account && account.Verify(CartAccounts.Pin) && !account.Verify("274917"));
        TestContext.WriteLine($"one hash of 600,000 rounds: {TimeProvider.System.GetElapsedTime(begun).TotalMilliseconds / 3:F0} ms");
    }

    private Logins New(int lockAfterSeconds = 300, bool withoutBadge = false) =>
        new(_store, new GatewayAccessOptions { HasAccounts = true, LockAfterSeconds = lockAfterSeconds, AllowsWithoutBadge = withoutBadge }, _time);

    private static Task<LoginResult> In(Logins logins, string name, string secret, bool isAtCart, string address = "192.0.2.7") => logins.TryAsync(name, secret, isAtCart, new LoginOrigin(address, address), CancellationToken.None);
}
