using System;
using System.IO;
using System.Text;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Machine;

namespace Gateway.Tests.Security;

/// <summary>A clock that stands until it is told to go on.</summary>
internal sealed class StandingTime : TimeProvider
{
    private DateTimeOffset _utc = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _utc;

    public override long GetTimestamp() => _ticks;

    public void Go(TimeSpan time)
    {
        _utc += time;
        _ticks += time.Ticks;
    }

    /// <summary>Sets the clock of the day alone, as a person or a time server does.</summary>
    public void Set(DateTimeOffset utc) => _utc = utc;
}

/// <summary>Accounts and tokens of a test's cart. Their secrets are hashed in one round: how long a hash takes is not what these tests ask.</summary>
internal static class CartAccounts
{
    public const string Cart = "cart-1";
    public const string Pin = "274916";
    public const string Password = "a long quiet password";

    public static Account Make(string name, ActorRole role, string secret, int iterations = 1, string badge = "") => new(
        name, "op-" + name, role, SecretHash.IsPin(secret), iterations, new byte[SecretHash.SaltLength], SecretHash.Of(secret, new byte[SecretHash.SaltLength], iterations), badge);

    public static (ApiToken Token, string Text) MakeToken(string name, DateTimeOffset created, TimeSpan life, string cart = Cart)
    {
        string id = Convert.ToHexStringLower(Encoding.ASCII.GetBytes(name.PadRight(4)[..4]));
        string text = ApiTokenText.Of(id, Encoding.ASCII.GetBytes(name.PadRight(ApiTokenText.SecretLength)));
        return (new ApiToken(name, id, ApiTokenText.HashOf(cart, Encoding.ASCII.GetBytes(text)), created, created + life), text);
    }

    /// <summary>A book with one of each role, named as the role, nurse and technician with a PIN.</summary>
    public static AccountBook Book() => AccountBook.Empty
        .With(Make("nurse", ActorRole.Nurse, Pin, badge: "badge-7")).With(Make("technician", ActorRole.Technician, Pin))
        .With(Make("doctor", ActorRole.Doctor, Password)).With(Make("integrator", ActorRole.Integrator, Password));

    public static AccountFolder Folder(string journalDirectory) =>
        AccountFolder.Of(new GatewayHostOptions { Core = new EdgeGateway.Core.GatewayOptions { CartId = Cart, GatewayId = 1 }, JournalDirectory = journalDirectory });

    public static string NewFolder() => Directory.CreateTempSubdirectory("accounts-").FullName;
}
