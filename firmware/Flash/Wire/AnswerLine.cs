using System;
using System.Globalization;
using System.IO.Hashing;
using System.Linq;
using System.Text;
using System.Text.Json;

namespace Firmware.Flash.Wire;

/// <summary>What a line of the pod's console is.</summary>
public enum AnswerKind
{
    /// <summary>None of the others: the human face, a log line, noise.</summary>
    Other,

    /// <summary>A request was done.</summary>
    Ok,

    /// <summary>A request was refused.</summary>
    Error,

    /// <summary>A part of a longer answer.</summary>
    Part,

    /// <summary>An answer whose checksum or form is wrong.</summary>
    Damaged,
}

/// <summary>
/// One line of the console's protocol: <c>@7 OK - {"v":1} *1a2b3c4d</c>, <c>@7 ERR P1234 {…} *…</c>, <c>@7 PART 2 {…} *…</c>. The checksum is CRC-32 (ISO-HDLC) of all
/// before " *", 8 hexadecimal digits.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">The request that it answers; 0 for other lines.</param>
/// <param name="Code">The code of OK and ERR, "-" for none; empty otherwise.</param>
/// <param name="Number">The part's number, from 1; 0 otherwise.</param>
/// <param name="Json">The JSON, or null.</param>
public sealed record AnswerLine(AnswerKind Kind, int Id, string Code, int Number, JsonElement? Json)
{
    /// <summary>Longest request with its number, bytes.</summary>
    public const int MaxRequestBytes = 512;

    /// <summary>Largest request number; then it begins at 1 again.</summary>
    public const int MaxId = 99_999_999;

    /// <summary>Longest line that is read, bytes: JSON below 1,024, and what stands around it. Longer ones are damaged.</summary>
    public const int MaxAnswerBytes = 1100;

    /// <summary>Writes a request.</summary>
    /// <param name="id">Its number, 1 to <see cref="MaxId"/>.</param>
    /// <param name="command">The command, printable ASCII.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="ArgumentException">The command is too long or holds another sign than printable ASCII.</exception>
    public static byte[] Request(int id, string command)
    {
        ArgumentNullException.ThrowIfNull(command);
        string line = string.Create(CultureInfo.InvariantCulture, $"@{id} {command}\r\n");
        return line.Length <= MaxRequestBytes && command.All(c => c is >= ' ' and <= '~') ? Encoding.ASCII.GetBytes(line) : throw new ArgumentException("The command is too long or not ASCII.", nameof(command));
    }

    /// <summary>A value as the console reads it: in double quotes when it has blanks or quotes or is empty.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The word.</returns>
    public static string Quote(string value) =>
        value.Length > 0 && !value.Any(c => c is ' ' or '"' or '\\') ? value : "\"" + value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    /// <summary>Writes an answer, as a pod does; for stand-ins.</summary>
    /// <param name="id">The request's number.</param>
    /// <param name="head">"OK -", "ERR P1234", "PART 2".</param>
    /// <param name="json">The JSON.</param>
    /// <returns>The line with its end.</returns>
    public static string Answer(int id, string head, string json)
    {
        string body = string.Create(CultureInfo.InvariantCulture, $"@{id} {head} {json}");
        return string.Create(CultureInfo.InvariantCulture, $"{body} *{Crc32.HashToUInt32(Encoding.ASCII.GetBytes(body)):x8}\n");
    }

    /// <summary>Reads a line.</summary>
    /// <param name="text">The line without its end.</param>
    /// <returns>What it is.</returns>
    public static AnswerLine Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        // A prompt of the human face may stand before it.
        int at = text.IndexOf('@', StringComparison.Ordinal);
        AnswerLine other = new(AnswerKind.Other, 0, string.Empty, 0, null);
        if (at < 0 || text.StartsWith('#'))
        {
            return other;
        }

        string line = text[at..];
        string[] words = line.Split(' ', 4);
        if (words.Length < 3 || words[0].Length is < 2 or > 9 || !int.TryParse(words[0].AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int id) || words[1] is not ("OK" or "ERR" or "PART"))
        {
            return other;
        }

        AnswerLine damaged = other with { Kind = AnswerKind.Damaged, Id = id };
        int star = line.LastIndexOf(" *", StringComparison.Ordinal);
        if (star < 0 || line.Length != star + 10 || !PlainText.IsPrintableAscii(line) || (words[1] is not "PART" && !IsCode(words[2])) || line.Length > MaxAnswerBytes || !uint.TryParse(line.AsSpan(star + 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint crc)
            || Crc32.HashToUInt32(Encoding.ASCII.GetBytes(line[..star])) != crc)
        {
            return damaged;
        }

        int number = 0;
        if (words[1] is "PART" && (!int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out number) || number == 0))
        {
            return damaged;
        }

        int json = words[0].Length + words[1].Length + words[2].Length + 3;
        try
        {
            JsonElement? value = json < star ? JsonElement.Parse(line[json..star]) : null;
            if (value is JsonElement whole && !PlainText.IsPrintableAscii(whole))
            {
                return damaged;
            }

            return words[1] switch
            {
                "OK" => new AnswerLine(AnswerKind.Ok, id, words[2], 0, value),
                "ERR" => new AnswerLine(AnswerKind.Error, id, words[2], 0, value),
                _ => new AnswerLine(AnswerKind.Part, id, string.Empty, number, value),
            };
        }
        catch (JsonException)
        {
            return damaged;
        }
    }

    // "-", or a fault code.
    private static bool IsCode(string word) => word is "-" || (word.Length == 5 && char.IsAsciiLetterUpper(word[0]) && word.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0);
}
