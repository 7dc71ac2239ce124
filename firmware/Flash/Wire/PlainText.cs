using System;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Json;

namespace Firmware.Flash.Wire;

/// <summary>
/// Text of others (a pod, nanoff, a USB plug, a command line) before it goes to a terminal, a file or a label: no sign of it can move the cursor, colour the screen, ring the bell, hide or turn round what stands
/// beside it.
/// </summary>
public static class PlainText
{
    /// <summary>Signs of one text at most; what is longer is cut.</summary>
    public const int MaxSigns = 1000;

    /// <summary>The text with a question mark for every control, format and line sign, and for half a pair of UTF-16.</summary>
    /// <param name="text">The text.</param>
    /// <returns>One line, at most <see cref="MaxSigns"/> signs.</returns>
    public static string Clean(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length <= MaxSigns && IsPrintableAscii(text))
        {
            return text;
        }

        StringBuilder clean = new(Math.Min(text.Length, MaxSigns));
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > MaxSigns)
            {
                break;
            }

            bool isHidden = rune.Value == Rune.ReplacementChar.Value || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
            clean.Append(isHidden ? "?" : rune.ToString());
        }

        return clean.ToString();
    }

    /// <summary>True for signs from the blank to the tilde alone.</summary>
    /// <param name="text">The text.</param>
    /// <returns>True when it is.</returns>
    public static bool IsPrintableAscii(string text) => text.All(c => c is >= ' ' and <= '~');

    /// <summary>True when every name and text in JSON is printable ASCII, as the pod's console writes it. An escape like \u001b is none.</summary>
    /// <param name="json">The JSON.</param>
    /// <returns>True when it is.</returns>
    public static bool IsPrintableAscii(JsonElement json)
    {
        try
        {
            return json.ValueKind switch
            {
                JsonValueKind.String => IsPrintableAscii(json.GetString()!),
                JsonValueKind.Object => json.EnumerateObject().All(m => IsPrintableAscii(m.Name) && IsPrintableAscii(m.Value)),
                JsonValueKind.Array => json.EnumerateArray().All(IsPrintableAscii),
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            // Half a pair of UTF-16 has no text.
            return false;
        }
    }
}
