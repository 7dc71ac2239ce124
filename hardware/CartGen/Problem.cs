using System;
using System.Collections.Generic;

namespace CartGen;

/// <summary>One thing that is wrong with the hardware's description.</summary>
/// <param name="Code">Its code in hardware/faults.json, C2800 to C2812.</param>
/// <param name="File">The file, as a path from the repository's root.</param>
/// <param name="Path">Where in the file, for example "parts[2].signals[0]"; empty for the whole file.</param>
/// <param name="Detail">This case's facts, a clause without a full stop.</param>
public sealed record Problem(string Code, string File, string Path, string Detail)
{
    /// <summary>A file cannot be read as JSON.</summary>
    public const string Unreadable = "C2800";

    /// <summary>A key is missing, unknown or of the wrong type.</summary>
    public const string KeyWrong = "C2801";

    /// <summary>A number, name or code is given twice.</summary>
    public const string Twice = "C2802";

    /// <summary>Something is named that is not there.</summary>
    public const string NameUnknown = "C2803";

    /// <summary>A value is out of its range.</summary>
    public const string OutOfRange = "C2804";

    /// <summary>Blocks of codes overlap, or a code lies in none.</summary>
    public const string BlockWrong = "C2805";

    /// <summary>A pin cannot do what it is given for.</summary>
    public const string PinWrong = "C2806";

    /// <summary>The cart's description contradicts the vocabulary or the boards.</summary>
    public const string CartContradicts = "C2807";

    /// <summary>A generated file is not what the generator writes.</summary>
    public const string FileDiffers = "C2808";

    /// <summary>A page lacks the marks around a generated table.</summary>
    public const string MarkMissing = "C2809";

    /// <summary>The command line is wrong.</summary>
    public const string CommandLineWrong = "C2810";

    /// <summary>A generated file cannot be read or written.</summary>
    public const string Unwritable = "C2811";

    /// <summary>The bill of materials or a netlist breaks a rule.</summary>
    public const string NetlistWrong = "C2812";
}

/// <summary>What is wrong with the input; nothing was generated.</summary>
public sealed class ProblemException : Exception
{
    /// <summary>Carries problems.</summary>
    /// <param name="problems">At least one.</param>
    public ProblemException(params IReadOnlyList<Problem> problems)
        : base(string.Join('\n', problems))
    {
        ArgumentOutOfRangeException.ThrowIfZero(problems.Count, nameof(problems));
        Problems = problems;
    }

    /// <summary>The problems, in the order of the files.</summary>
    public IReadOnlyList<Problem> Problems { get; }
}
