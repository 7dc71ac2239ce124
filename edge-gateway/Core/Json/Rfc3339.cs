using System;
using System.Text;

namespace EdgeGateway.Core.Json;

/// <summary>Times as RFC 3339 has them, in UTC with µs: <c>2026-01-02T03:04:05.678901Z</c>. Jump seconds do not occur: UTC comes as µs since 1970 without them.</summary>
internal static class Rfc3339
{
    /// <summary>Characters of a time.</summary>
    public const int Length = 27;

    /// <summary>A time as text.</summary>
    /// <param name="utcUs">µs since 1970, years 1 to 9999.</param>
    /// <returns>The text.</returns>
    /// <exception cref="ArgumentOutOfRangeException">No date of these years.</exception>
    public static string Text(long utcUs)
    {
        Span<byte> text = stackalloc byte[Length];
        Write(text, utcUs);
        return Encoding.ASCII.GetString(text);
    }

    /// <summary>Writes a time.</summary>
    /// <param name="text">At least <see cref="Length"/> bytes.</param>
    /// <param name="utcUs">µs since 1970, years 1 to 9999.</param>
    /// <exception cref="ArgumentOutOfRangeException">No date of these years.</exception>
    public static void Write(Span<byte> text, long utcUs)
    {
        DateTime at = DateTime.UnixEpoch.AddTicks(utcUs * 10);
        Padded(text[..4], at.Year);
        text[4] = (byte)'-';
        Padded(text.Slice(5, 2), at.Month);
        text[7] = (byte)'-';
        Padded(text.Slice(8, 2), at.Day);
        text[10] = (byte)'T';
        Padded(text.Slice(11, 2), at.Hour);
        text[13] = (byte)':';
        Padded(text.Slice(14, 2), at.Minute);
        text[16] = (byte)':';
        Padded(text.Slice(17, 2), at.Second);
        text[19] = (byte)'.';
        Padded(text.Slice(20, 6), (int)(at.Ticks % TimeSpan.TicksPerSecond / 10));
        text[26] = (byte)'Z';
    }

    private static void Padded(Span<byte> text, int value)
    {
        for (int i = text.Length - 1; i >= 0; i--)
        {
            text[i] = (byte)('0' + (value % 10));
            value /= 10;
        }
    }
}
