using System;
using System.Globalization;
using System.Text;

namespace EdgeGateway.Core;

/// <summary>Text as it may stand in a log.</summary>
internal static class LogText
{
    /// <summary>
    /// A text as one line: whatever a stranger put into it cannot begin a line of its own, move the cursor, or turn the reading direction.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <returns>The text with such characters as \uXXXX.</returns>
    internal static string OneLine(string text)
    {
        bool clean = true;
        foreach (char c in text)
        {
            clean &= !IsLayout(c);
        }

        if (clean)
        {
            return text;
        }

        StringBuilder shown = new();
        foreach (char c in text)
        {
            if (IsLayout(c))
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
            }
            else
            {
                shown.Append(c);
            }
        }

        return shown.ToString();
    }

    /// <summary>What a stranger sent, as it may stand in a log: short, without control characters.</summary>
    internal static string Shown(string text)
    {
        const int Longest = 100;
        return string.Create(Math.Min(text.Length, Longest), text, static (shown, from) =>
        {
            for (int i = 0; i < shown.Length; i++)
            {
                shown[i] = from[i] is >= ' ' and <= '~' ? from[i] : '?';
            }
        });
    }

    private static bool IsLayout(char c) =>
        char.IsControl(c) || char.IsSurrogate(c) || CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Format;
}
