namespace Simulators.Cli;

/// <summary>How the program ends.</summary>
public static class ExitCode
{
    /// <summary>Done, and every expectation was met.</summary>
    public const int Done = 0;

    /// <summary>An expectation was missed.</summary>
    public const int Missed = 1;

    /// <summary>The command line was not understood.</summary>
    public const int Usage = 2;

    /// <summary>An input was refused.</summary>
    public const int Refused = 3;

    /// <summary>The program broke one of its own rules.</summary>
    public const int Internal = 4;
}
