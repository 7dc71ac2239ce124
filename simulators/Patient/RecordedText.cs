using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using EdgeGateway.Faults;

namespace Simulators.Patient;

/// <summary>How a recording's time column is to be read.</summary>
public enum RecordedTimeUnit
{
    /// <summary>Nobody said: milliseconds, and refused when its name or its steps say otherwise.</summary>
    Unstated,

    /// <summary>Milliseconds, whatever it is called.</summary>
    Milliseconds,

    /// <summary>Seconds, whatever it is called.</summary>
    Seconds,
}

/// <summary>The one reader of recorded text files: lines within bounds, and numbers as instruments write them.</summary>
public static class RecordedText
{
    /// <summary>Largest file, bytes: an hour at 1 kHz with 44 bytes a line.</summary>
    public const int MaxBytes = 160 * 1024 * 1024;

    /// <summary>Most lines of a file: an hour at 1 kHz, a heading, and some that are empty.</summary>
    public const int MaxLines = RecordedLight.MaxSamples + 1000;

    /// <summary>Reads the lines of a file, UTF-8 or with a byte order mark of another encoding; empty lines at its end are left out.</summary>
    /// <param name="path">The file.</param>
    /// <param name="unreadableCode">The code of a file that cannot be opened or read.</param>
    /// <returns>The lines, or null with what is wrong.</returns>
    public static (IReadOnlyList<string>? Lines, RecordingFault? Fault) ReadLines(string path, string unreadableCode)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return ReadLines(path, file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return (null, new RecordingFault(unreadableCode, path, 0, e.Message.TrimEnd('.')));
        }
    }

    /// <summary>Reads the lines of a stream, as <see cref="ReadLines(string,string)"/> does.</summary>
    /// <param name="name">How it is called in errors.</param>
    /// <param name="input">The bytes.</param>
    /// <returns>The lines, or null with what is wrong.</returns>
    public static (IReadOnlyList<string>? Lines, RecordingFault? Fault) ReadLines(string name, Stream input)
    {
        ArgumentNullException.ThrowIfNull(input);

        // A pipe or a device has no length: the bound is on what was read.
        using MemoryStream bytes = new();
        byte[] buffer = new byte[64 * 1024];
        for (int read = input.Read(buffer); read > 0; read = input.Read(buffer))
        {
            if (bytes.Length + read > MaxBytes)
            {
                return (null, new RecordingFault(FaultCodes.RecordingTooLarge, name, 0, $"it is larger than {MaxBytes} bytes"));
            }

            bytes.Write(buffer, 0, read);
        }

        bytes.Position = 0;
        List<string> lines = [];
        using StreamReader reader = new(bytes, Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
        while (reader.ReadLine() is string line)
        {
            if (lines.Count == MaxLines)
            {
                return (null, new RecordingFault(FaultCodes.RecordingTooLarge, name, 0, $"it has more than {MaxLines} lines"));
            }

            lines.Add(line);
        }

        while (lines.Count > 0 && string.IsNullOrWhiteSpace(lines[^1]))
        {
            lines.RemoveAt(lines.Count - 1);
        }

        return (lines, null);
    }

    /// <summary>A finite number, with a point, a sign, an exponent and spaces around it, each where it is usual.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The number; 0 when it is none.</param>
    /// <returns>True for a number.</returns>
    public static bool TryNumber(string text, out double value)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value))
        {
            return true;
        }

        value = 0;
        return false;
    }

    /// <summary>A text for an error: at most 60 characters of it, with those that cannot be seen replaced.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The text to be shown.</returns>
    public static string Short(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        char[] shown = (text.Length <= 60 ? text : text[..60] + "...").ToCharArray();
        for (int i = 0; i < shown.Length; i++)
        {
            shown[i] = char.IsControl(shown[i]) || char.IsSurrogate(shown[i]) || shown[i] == '\uFEFF' ? '\uFFFD' : shown[i];
        }

        return new string(shown);
    }
}
