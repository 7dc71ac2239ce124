using System;
using System.Security.Cryptography;
using System.Threading;
using EdgeGateway.Machine;

namespace EdgeGateway.Gateway.Security;

/// <summary>
/// The way to the first account: a code that the gateway says on its console, or cartctl on the machine, good for 15 minutes by the monotonic clock, for one use and five wrong tries, and only while there is no account. Any thread.
/// </summary>
/// <param name="folder">Where cartctl leaves its code.</param>
/// <param name="time">The clocks.</param>
internal sealed class AdministratorClaim(AccountFolder folder, TimeProvider time)
{
    /// <summary>Wrong tries of one code; then it is no code any more.</summary>
    public const int MaxTries = 5;

    private readonly Lock _gate = new();
    private byte[] _own = [];
    private long _madeTicks;
    private int _wrong;
    private byte[] _left = [];
    private long _seenTicks;
    private int _wrongOfLeft;

    /// <summary>Makes the code that is said on the console.</summary>
    /// <returns>The code.</returns>
    public string Make()
    {
        string code = AccountFolder.NewClaimCode();
        lock (_gate)
        {
            _own = AccountFolder.HashOfClaim(code);
            _madeTicks = time.GetTimestamp();
            _wrong = 0;
        }

        return code;
    }

    /// <summary>Somebody shows a code.</summary>
    /// <param name="code">The code as it was typed.</param>
    /// <returns>True when it is right; it stays good until <see cref="Use"/>, should the account be refused.</returns>
    public bool IsRight(string code)
    {
        byte[] shown = AccountFolder.HashOfClaim(code);
        lock (_gate)
        {
            Look();
            if (IsStanding(_own, _madeTicks, _wrong) && CryptographicOperations.FixedTimeEquals(shown, _own))
            {
                return true;
            }

            if (IsStanding(_left, _seenTicks, _wrongOfLeft) && CryptographicOperations.FixedTimeEquals(shown, _left))
            {
                return true;
            }

            _wrong++;
            _wrongOfLeft++;
            return false;
        }
    }

    /// <summary>The first account is made: no code is good any more.</summary>
    public void Use()
    {
        lock (_gate)
        {
            _own = [];
            _wrongOfLeft = MaxTries;
            folder.RemoveClaim();
        }
    }

    // A code that cartctl has left is good for 15 minutes from when it was first seen, whatever the machine's clock does; five wrong tries end it, and the next one that is left begins anew.
    private void Look()
    {
        if (folder.ReadClaim(time.GetUtcNow()) is { } left && !left.AsSpan().SequenceEqual(_left))
        {
            _left = left;
            _seenTicks = time.GetTimestamp();
            _wrongOfLeft = 0;
        }
    }

    private bool IsStanding(byte[] hash, long sinceTicks, int wrong) =>
        hash.Length == SHA256.HashSizeInBytes && wrong < MaxTries && time.GetElapsedTime(sinceTicks) < TimeSpan.FromMinutes(AccountFolder.ClaimMinutes);
}
