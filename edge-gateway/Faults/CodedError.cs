using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace EdgeGateway.Faults;

/// <summary>Where an error is: a file, a line and the path of the value inside it. Every part may be missing.</summary>
/// <param name="File">The file as the user named it, or null.</param>
/// <param name="Line">The line, from 1; 0 when there is none.</param>
/// <param name="Path">The path of the value, for example "uplink.windowMessages" or "pods[0].id", or null.</param>
public readonly record struct ErrorPlace(string? File, int Line, string? Path)
{
    /// <summary>No place.</summary>
    public static ErrorPlace None => default;

    /// <summary>"file:line:path", without the parts that are missing; empty when all are.</summary>
    /// <returns>The place.</returns>
    public override string ToString()
    {
        List<string> parts = [];
        if (!string.IsNullOrEmpty(File))
        {
            parts.Add(File);
        }

        if (Line > 0)
        {
            parts.Add(Line.ToString(CultureInfo.InvariantCulture));
        }

        if (!string.IsNullOrEmpty(Path))
        {
            parts.Add(Path);
        }

        return string.Join(':', parts);
    }
}

/// <summary>
/// One error for a person: its code, where it is, what happened, and the next step. The general texts come from the catalogue, so an
/// unknown code fails at once and not in front of a user.
/// </summary>
public sealed class CodedError
{
    /// <summary>Makes an error.</summary>
    /// <param name="code">A code of hardware/faults.json.</param>
    /// <param name="place">Where it is.</param>
    /// <param name="detail">This case's facts, a short clause without a full stop: "'windowMesages' is not a key of uplink". May be empty.</param>
    /// <param name="suggestion">What would be right here, a whole sentence: "Did you mean 'windowMessages'?"; null when nothing is known.</param>
    /// <exception cref="KeyNotFoundException">The code is not in the catalogue.</exception>
    public CodedError(string code, ErrorPlace place, string detail, string? suggestion = null)
    {
        ArgumentNullException.ThrowIfNull(detail);
        Entry = FaultCatalogue.Default[code];
        Place = place;
        Detail = detail;
        Suggestion = suggestion;
    }

    /// <summary>The catalogue's entry.</summary>
    public FaultEntry Entry { get; }

    /// <summary>The code.</summary>
    public string Code => Entry.Code;

    /// <summary>Where it is.</summary>
    public ErrorPlace Place { get; }

    /// <summary>This case's facts.</summary>
    public string Detail { get; }

    /// <summary>What would be right here, or null.</summary>
    public string? Suggestion { get; }

    /// <summary>
    /// Two lines: <c>gateway.yaml:7:uplink.windowMesages: error G2003: The configuration has an unknown key: 'windowMesages'</c> and
    /// <c>  next: Did you mean 'windowMessages'? Correct or remove the key; …</c>.
    /// </summary>
    /// <param name="language">"fr" for the catalogue's French; anything else is English.</param>
    /// <returns>The lines, separated by '\n', without a final one.</returns>
    public string Render(string language = "en")
    {
        string place = Place.ToString();
        string where = place.Length == 0 ? string.Empty : place + ": ";
        string severity = Entry.Severity switch
        {
            FaultSeverity.Info => "info",
            FaultSeverity.Warning => "warning",
            FaultSeverity.Error => "error",
            _ => "fault",
        };
        string happened = Entry.Happened.In(language);
        string fact = Detail.Length == 0 ? happened : happened.TrimEnd('.', ' ') + ": " + Detail;
        string hint = Suggestion is null ? string.Empty : Suggestion + " ";
        return $"{where}{severity} {Code}: {fact}\n  next: {hint}{Entry.Do.In(language)}";
    }

    /// <summary>All errors of one reply, in order, one after the other.</summary>
    /// <param name="errors">The errors.</param>
    /// <param name="language">"fr" for the catalogue's French; anything else is English.</param>
    /// <returns>The lines.</returns>
    public static string RenderAll(IEnumerable<CodedError> errors, string language = "en")
    {
        ArgumentNullException.ThrowIfNull(errors);
        return string.Join('\n', errors.Select(e => e.Render(language)));
    }

    /// <inheritdoc/>
    public override string ToString() => Render();
}

/// <summary>Coded errors on their way to the one place of a program that prints them.</summary>
public sealed class CodedErrorException : Exception
{
    /// <summary>Carries errors.</summary>
    /// <param name="errors">At least one.</param>
    public CodedErrorException(params IReadOnlyList<CodedError> errors)
        : base(CodedError.RenderAll(errors))
    {
        ArgumentOutOfRangeException.ThrowIfZero(errors.Count, nameof(errors));
        Errors = errors;
    }

    /// <summary>The errors.</summary>
    public IReadOnlyList<CodedError> Errors { get; }
}
