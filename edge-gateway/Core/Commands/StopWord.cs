using System;

namespace EdgeGateway.Core.Commands;

/// <summary>
/// Finds a STOP in a message about the cuff, whatever stands around it: an id that is missing, a key that stands twice, a bracket that never comes. Nothing but
/// the word itself may be needed to let the air out. A stop too many is an accepted risk; a stop that was not understood is not.
/// </summary>
internal static class StopWord
{
    /// <summary>True when the message says stop.</summary>
    /// <param name="payload">The message.</param>
    /// <returns>True for <c>"command":"stop"</c> anywhere, in any case and with either kind of quotes, and for the bare word; letters may be written as JSON escapes (RFC 8259, 7).</returns>
    public static bool IsIn(ReadOnlySpan<byte> payload) => IsPlain(payload) || (payload.IndexOf("\\u00"u8) >= 0 && IsPlain(Unescaped(payload)));

    private static bool IsPlain(ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<byte> bare = payload.Trim(" \t\r\n\"'\u0000"u8);
        if (Matches(bare, 0, "stop"u8) && bare.Length == 4)
        {
            return true;
        }

        for (int i = 0; i + 1 < payload.Length; i++)
        {
            if (payload[i] is not ((byte)'"' or (byte)'\'') || !Matches(payload, i + 1, "command"u8))
            {
                continue;
            }

            int at = i + 8;
            if (!Quote(payload, ref at))
            {
                continue;
            }

            Blanks(payload, ref at);
            if (at >= payload.Length || payload[at] != (byte)':')
            {
                continue;
            }

            at++;
            Blanks(payload, ref at);
            if (Quote(payload, ref at) && Matches(payload, at, "stop"u8))
            {
                at += 4;
                if (at >= payload.Length || !char.IsAsciiLetterOrDigit((char)payload[at]))
                {
                    return true;
                }
            }
        }

        return false;
    }

    // Letters only: an escaped quote is part of a text.
    private static byte[] Unescaped(ReadOnlySpan<byte> payload)
    {
        byte[] plain = new byte[payload.Length];
        int length = 0;
        for (int i = 0; i < payload.Length; i++)
        {
            byte next = payload[i];
            if (i + 6 <= payload.Length && payload.Slice(i, 4).SequenceEqual("\\u00"u8)
                && System.Buffers.Text.Utf8Parser.TryParse(payload.Slice(i + 4, 2), out byte letter, out int read, 'x') && read == 2 && char.IsAsciiLetter((char)letter))
            {
                next = letter;
                i += 5;
            }

            plain[length++] = next;
        }

        return plain[..length];
    }

    private static bool Quote(ReadOnlySpan<byte> text, ref int at)
    {
        bool found = at < text.Length && text[at] is (byte)'"' or (byte)'\'';
        at += found ? 1 : 0;
        return found;
    }

    private static void Blanks(ReadOnlySpan<byte> text, ref int at)
    {
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            at++;
        }
    }

    private static bool Matches(ReadOnlySpan<byte> text, int at, ReadOnlySpan<byte> word)
    {
        if (at + word.Length > text.Length)
        {
            return false;
        }

        for (int i = 0; i < word.Length; i++)
        {
            if ((text[at + i] | 0x20) != word[i])
            {
                return false;
            }
        }

        return true;
    }
}
