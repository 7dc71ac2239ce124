using Firmware.Core;

namespace Firmware.Pod.Console;

/// <summary>What a command needs before it is done.</summary>
public enum ConsoleAccess : byte
{
    /// <summary>Nothing: it shows no patient value and changes nothing.</summary>
    Open = 0,

    /// <summary>The unlock, unless the pod has no technician's key yet.</summary>
    Settings = 1,

    /// <summary>The same, and no session open.</summary>
    SettingsNoSession = 2,

    /// <summary>The unlock, always: it may show what a sensor measures.</summary>
    Values = 3,

    /// <summary>The unlock, always, and no session open.</summary>
    Bench = 4,

    /// <summary>As <see cref="Bench"/>, and the words <c>CUFF OFF ARM</c>.</summary>
    Cuff = 5,
}

/// <summary>Where a command stands after one turn.</summary>
public enum CommandTurn : byte
{
    /// <summary>It wants another turn.</summary>
    More = 0,

    /// <summary>It is done.</summary>
    Done = 1,

    /// <summary>It was refused; the call says why.</summary>
    Refused = 2,
}

/// <summary>One turn of a command: at most one row, and no waiting.</summary>
/// <param name="call">The call.</param>
/// <returns>Where it stands.</returns>
public delegate CommandTurn CommandHandler(ConsoleCall call);

/// <summary>One call of a command, from its line to its answer.</summary>
public sealed class ConsoleCall
{
    /// <summary>Makes one.</summary>
    /// <param name="answer">Where the answer goes.</param>
    public ConsoleCall(ConsoleAnswer answer) => Answer = answer;

    /// <summary>Where the answer goes.</summary>
    public ConsoleAnswer Answer { get; }

    /// <summary>The words behind the command's name.</summary>
    public string[] Arguments { get; private set; } = [];

    /// <summary>Monotonic µs of this turn.</summary>
    public long NowUs { get; set; }

    /// <summary>Turns before this one.</summary>
    public int Turn { get; set; }

    /// <summary>When the next turn is wanted, monotonic µs; as soon as there is room when it lies in the past.</summary>
    public long DueUs { get; set; }

    /// <summary>A number that the command keeps from turn to turn.</summary>
    public long Kept { get; set; }

    /// <summary>Another one.</summary>
    public long KeptToo { get; set; }

    /// <summary>Why it was refused.</summary>
    public FaultCode Code { get; private set; }

    /// <summary>What exactly was wrong.</summary>
    public string Detail { get; private set; } = string.Empty;

    /// <summary>Begins anew.</summary>
    /// <param name="arguments">The words.</param>
    public void Begin(string[] arguments)
    {
        Arguments = arguments;
        Turn = 0;
        DueUs = 0;
        Kept = 0;
        KeptToo = 0;
        Code = FaultCode.None;
        Detail = string.Empty;
    }

    /// <summary>An argument.</summary>
    /// <param name="index">Its place.</param>
    /// <returns>The word; empty when there is none.</returns>
    public string Argument(int index) => index < Arguments.Length ? Arguments[index] : string.Empty;

    /// <summary>Refuses.</summary>
    /// <param name="code">Why.</param>
    /// <param name="detail">What exactly.</param>
    /// <returns>Refused.</returns>
    public CommandTurn Refuse(FaultCode code, string detail)
    {
        Code = code;
        Detail = detail;
        return CommandTurn.Refused;
    }

    /// <summary>Reads an argument as a number.</summary>
    /// <param name="index">Its place.</param>
    /// <param name="min">Smallest.</param>
    /// <param name="max">Largest, at most 999,999,999.</param>
    /// <param name="value">The number.</param>
    /// <returns>False when it is none within the bounds.</returns>
    public bool TryNumber(int index, int min, int max, out int value)
    {
        string text = Argument(index);
        value = 0;
        if (text.Length == 0 || text.Length > 9)
        {
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] < '0' || text[i] > '9')
            {
                return false;
            }

            value = (value * 10) + (text[i] - '0');
        }

        return value >= min && value <= max;
    }
}

/// <summary>One row of the table of commands.</summary>
public sealed class ConsoleCommand
{
    /// <summary>Stores.</summary>
    /// <param name="name">One or two words.</param>
    /// <param name="usage">Its arguments; empty for none.</param>
    /// <param name="about">The question that it answers, or what it does.</param>
    /// <param name="example">A line that works.</param>
    /// <param name="access">What it needs.</param>
    /// <param name="handler">What it does.</param>
    public ConsoleCommand(string name, string usage, string about, string example, ConsoleAccess access, CommandHandler handler)
    {
        Name = name;
        Usage = usage;
        About = about;
        Example = example;
        Access = access;
        Handler = handler;
    }

    /// <summary>One or two words.</summary>
    public string Name { get; }

    /// <summary>Its arguments; empty for none.</summary>
    public string Usage { get; }

    /// <summary>The question that it answers, or what it does.</summary>
    public string About { get; }

    /// <summary>A line that works.</summary>
    public string Example { get; }

    /// <summary>What it needs.</summary>
    public ConsoleAccess Access { get; }

    /// <summary>What it does.</summary>
    public CommandHandler Handler { get; }

    /// <summary>Fewest arguments: those that stand without brackets.</summary>
    public int MinArguments
    {
        get
        {
            int count = 0;
            bool isStart = true;
            for (int i = 0; i < Usage.Length; i++)
            {
                count += isStart && Usage[i] == '<' ? 1 : 0;
                isStart = Usage[i] == ' ';
            }

            return count;
        }
    }

    /// <summary>What a command's access asks for, in words.</summary>
    /// <param name="access">Which.</param>
    /// <returns>A few words.</returns>
    public static string Words(ConsoleAccess access)
    {
        switch (access)
        {
            case ConsoleAccess.Open:
                return "-";
            case ConsoleAccess.Settings:
                return "unlock, once provisioned";
            case ConsoleAccess.SettingsNoSession:
                return "unlock, once provisioned; no session";
            case ConsoleAccess.Values:
                return "unlock";
            case ConsoleAccess.Bench:
                return "unlock; no session";
            default:
                return "unlock; no session; CUFF OFF ARM";
        }
    }
}
