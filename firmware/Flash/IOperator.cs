using System.IO;

namespace Firmware.Flash;

/// <summary>The person at the keyboard, or nobody.</summary>
public interface IOperator
{
    /// <summary>True when there is somebody to ask.</summary>
    bool IsThere { get; }

    /// <summary>Asks; what is typed is shown.</summary>
    /// <param name="question">The question.</param>
    /// <returns>The line, or null when input has ended.</returns>
    string? Ask(string question);

    /// <summary>Asks for a secret; what is typed is not shown and not kept.</summary>
    /// <param name="question">The question.</param>
    /// <returns>The line, or null when input has ended.</returns>
    string? AskSecret(string question);

    /// <summary>Standard input, for a file given as "-".</summary>
    /// <returns>The stream.</returns>
    Stream StandardInput();

    /// <summary>What is typed, key by key as a serial terminal sends it, without echo; standard input where there is no keyboard.</summary>
    /// <returns>The stream.</returns>
    Stream Keys();
}
