using System;
using System.Globalization;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Commands;

/// <summary>How old a command may be that would move air: it says when it was given, or its broker lets it expire.</summary>
internal static class CommandAge
{
    /// <summary>Largest difference between the gateway's UTC and the command's, beside the gateway's own uncertainty, µs.</summary>
    public const long MaxAgeUs = 10_000_000;

    /// <summary>Longest Message Expiry that stands for a time of its own, s.</summary>
    public const uint MaxExpirySeconds = 10;

    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"];

    /// <summary>Reads <c>at</c>.</summary>
    /// <param name="text">RFC 3339 in UTC, with a final Z.</param>
    /// <param name="utcUs">µs since 1970.</param>
    /// <returns>False when it is none.</returns>
    public static bool TryRead(string text, out long utcUs)
    {
        bool read = DateTime.TryParseExact(
            text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime at);
        utcUs = read ? (at - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond : 0;
        return read;
    }

    /// <summary>Decides.</summary>
    /// <param name="atUtcUs">When it was given, µs since 1970; null when it does not say.</param>
    /// <param name="expirySeconds">Its Message Expiry; null for none.</param>
    /// <param name="utc">The gateway's clock.</param>
    /// <returns>Null when it is fresh, else a code and what happened.</returns>
    public static (string Code, string Text)? Refused(long? atUtcUs, uint? expirySeconds, UtcEstimate utc)
    {
        bool expires = expirySeconds is <= MaxExpirySeconds;
        if (atUtcUs is not { } at)
        {
            return expires ? null : (FaultCodes.AirCommandWithoutTime, "at (UTC) or a Message Expiry of at most 10 s is needed");
        }

        if (!utc.Synchronised)
        {
            return expires ? null : (FaultCodes.AirCommandAgeUnknown, "the gateway's clock is not synchronised; a Message Expiry of at most 10 s is needed");
        }

        long difference = utc.UtcUs - at;
        return difference <= MaxAgeUs + utc.UncertaintyUs && -difference <= MaxAgeUs + utc.UncertaintyUs
            ? null
            : (FaultCodes.AirCommandTooLate, "given " + Invariant.Text(Math.Abs(difference) / 1000) + (difference < 0 ? " ms from now" : " ms ago") + "; at most 10 s are allowed");
    }
}
