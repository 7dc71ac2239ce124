using Firmware.Core;
using Firmware.Protocol;

namespace Firmware.Pod.Console;

/// <summary>
/// The technician's console: one line, two faces. A person types words and reads lines; a program sends <c>@id command</c> and reads <c>@id OK|ERR|PART … *crc</c>. It is stepped between two steps of the pod's
/// loop, takes a bounded number of bytes, gives a command one turn, and hands a portion to the line: it never waits, so the pod's sampling does not know of it.
/// </summary>
public sealed class ServiceConsole : IStepped
{
    /// <summary>Most bytes that one step takes from the line.</summary>
    public const int MaxBytesPerStep = 64;

    /// <summary>From one look at the line to the next while nobody types, µs.</summary>
    public const long RestPeriodUs = 50_000;

    /// <summary>The same while somebody does, µs.</summary>
    public const long WorkPeriodUs = 10_000;

    /// <summary>Somebody types for so long after the last byte, µs.</summary>
    public const long WorkUs = 5_000_000;

    private const int MaxArguments = 12;
    private const int InputBytes = 1024;

    private readonly IConsolePort _port;
    private readonly ConsoleServices _services;
    private readonly ConsoleOutput _output;
    private readonly ConsoleAnswer _answer;
    private readonly ConsoleCall _call;
    private readonly LineEditor _editor;
    private readonly CommandTable _table;
    private readonly byte[] _chunk = new byte[MaxBytesPerStep];
    private readonly byte[] _input = new byte[InputBytes];
    private const string StopLine = "cuff stop";
    private const int MaxTakenPerStep = 16;

    private readonly string[] _words = new string[MaxArguments + 2];
    private int _inputStart;
    private int _inputCount;
    private int _stopSigns;
    private byte _lastByte;
    private ConsoleCommand? _running;
    private int _attachments = -1;
    private long _lastByteUs = long.MinValue / 2;
    private bool _wasTyped;
    private bool _hasPrompt;

    /// <summary>Stores.</summary>
    /// <param name="port">The line.</param>
    /// <param name="services">What commands work with.</param>
    public ServiceConsole(IConsolePort port, ConsoleServices services)
    {
        _port = port;
        _services = services;
        _output = new ConsoleOutput(port);
        _answer = new ConsoleAnswer(_output, services.Crc32);
        _call = new ConsoleCall(_answer);
        _editor = new LineEditor(_output);
        _table = new CommandTable(services);
    }

    /// <summary>The commands.</summary>
    public CommandTable Commands => _table;

    /// <summary>The loop has begun.</summary>
    /// <param name="pod">The pod.</param>
    public void Attach(IPodService pod)
    {
        _services.Pod = pod;
        _table.Attach(pod);
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        if (_attachments != _port.Attachments)
        {
            _attachments = _port.Attachments;
            _services.Gate.Lock(); // whoever comes is somebody else
            if (_running != null)
            {
                Finish(CommandTurn.Done);
            }

            _editor.Clear();
            _inputCount = 0;
            Banner();
        }

        _services.Gate.Step(nowUs);
        Read(nowUs);
        _table.Step(nowUs);
        long next = Run(nowUs);
        bool isKey = false;
        for (int taken = 0; taken < MaxTakenPerStep && !isKey && _running == null && _inputCount > 0 && _output.Room >= ConsoleAnswer.RowBytes; taken++)
        {
            isKey = _input[_inputStart] < ' '; // a line, or a key that asks for work, is a step's work
            Take(nowUs);
            next = nowUs;
        }

        long drained = _output.Step(nowUs);
        next = drained < next ? drained : next;
        long look = nowUs + (nowUs - _lastByteUs < WorkUs ? WorkPeriodUs : RestPeriodUs);
        return look < next ? look : next;
    }

    private void Read(long nowUs)
    {
        // Always read, also when nothing more can be kept: Ctrl-C and a stop of the cuff are seen beside a command that never ends.
        int count = _port.Read(_chunk, 0, MaxBytesPerStep);
        for (int i = 0; i < count; i++)
        {
            byte value = _chunk[i];
            bool isEndOfLine = value == '\n' && _lastByte == '\r'; // the second half of the end of the line that began the hold: no key
            _lastByte = value;
            _lastByteUs = nowUs;
            if (_table.Hold.IsActive)
            {
                if (!isEndOfLine)
                {
                    _table.OnHoldKey(value, nowUs);
                }
            }
            else if (_running != null && value == 0x03)
            {
                _inputCount = 0;
                Finish(CommandTurn.Done);
            }
            else
            {
                if (_running != null)
                {
                    Watch(value, nowUs);
                }

                if (_inputCount < InputBytes)
                {
                    _input[(_inputStart + _inputCount++) % InputBytes] = value;
                }
            }
        }

        if (count > 0)
        {
            _services.Gate.OnInput(nowUs);
        }
    }

    // A line that ends in "cuff stop" is obeyed at once, whatever runs; it is answered in its turn.
    private void Watch(byte value, long nowUs)
    {
        if (value == '\r' || value == '\n')
        {
            if (_stopSigns == StopLine.Length)
            {
                _services.Pod?.StopCuff(nowUs);
            }

            _stopSigns = 0;
            return;
        }

        _stopSigns = _stopSigns < StopLine.Length && value == StopLine[_stopSigns] ? _stopSigns + 1 : value == StopLine[0] ? 1 : 0;
    }

    // One turn of the command that runs.
    private long Run(long nowUs)
    {
        ConsoleCommand? command = _running;
        if (command == null)
        {
            return long.MaxValue;
        }

        if (_output.Room < ConsoleAnswer.RowBytes)
        {
            return long.MaxValue; // the line wakes it
        }

        if (nowUs < _call.DueUs)
        {
            return _call.DueUs;
        }

        _call.NowUs = nowUs;
        FaultCode refused = _call.Turn == 0 || command.Access == ConsoleAccess.Values ? _table.Refusal(command, nowUs) : FaultCode.None;
        if (refused != FaultCode.None)
        {
            // Since the line was read a session was opened, or the console was locked.
            _call.Refuse(refused, string.Empty);
            Finish(CommandTurn.Refused);
            return nowUs;
        }

        CommandTurn turn = command.Handler(_call);
        _call.Turn++;
        if (turn != CommandTurn.More)
        {
            Finish(turn);
            return nowUs;
        }

        return _call.DueUs > nowUs ? _call.DueUs : nowUs;
    }

    private void Finish(CommandTurn turn)
    {
        _running = null;
        _table.OnCommandEnd(_call.NowUs);
        if (turn == CommandTurn.Refused)
        {
            _answer.Fail(_call.Code, _call.Detail);
        }
        else
        {
            _answer.Done();
        }

        Prompt();
    }

    // One byte of what was typed.
    private void Take(long nowUs)
    {
        byte value = _input[_inputStart];
        _inputStart = (_inputStart + 1) % InputBytes;
        _inputCount--;

        if (value == '@' && _hasPrompt && _editor.Text.Length == 0)
        {
            // A program took over a line that showed a prompt: its first answer begins on a line of its own.
            _hasPrompt = false;
            _output.Text("\r\n");
        }

        bool isProtocol = _editor.IsProtocol;
        switch (_editor.Take(value))
        {
            case LineEvent.Line:
                string line = _editor.Text;
                _editor.Finish();
                if (isProtocol)
                {
                    Request(line, nowUs);
                }
                else
                {
                    Typed(line, nowUs);
                }

                break;
            case LineEvent.Complete:
                Complete();
                break;
            case LineEvent.Cancel:
                _output.Line("^C");
                Prompt();
                break;
            case LineEvent.Banner:
                Banner();
                break;
            case LineEvent.TooLong:
                _answer.Begin(isProtocol ? "0" : string.Empty);
                _answer.Fail(FaultCode.ConsoleLineTooLong, string.Empty);
                Prompt();
                break;
            default:
                break;
        }
    }

    private void Typed(string line, long nowUs)
    {
        if (Blank(line))
        {
            // Whoever comes to a line that is already powered asks by pressing Enter.
            if (!_wasTyped)
            {
                Banner();
            }
            else
            {
                Prompt();
            }

            _wasTyped = true;
            return;
        }

        _wasTyped = true;
        _answer.Begin(string.Empty);
        Begin(line, 0, nowUs);
    }

    private void Request(string line, long nowUs)
    {
        int at = 1;
        while (at < line.Length && at <= 8 && line[at] >= '0' && line[at] <= '9')
        {
            at++;
        }

        bool isWhole = at > 1 && at < line.Length && line[at] == ' ';
        _answer.Begin(isWhole ? line.Substring(1, at - 1) : "0");
        if (!isWhole)
        {
            _answer.Fail(FaultCode.ConsoleLineTooLong, "a request is @, 1 to 8 digits, a blank and a command");
            return;
        }

        Begin(line, at + 1, nowUs);
    }

    private void Begin(string line, int from, long nowUs)
    {
        int count = Split(line, from);
        if (count <= 0)
        {
            Refuse(FaultCode.ConsoleArgumentWrong, count == 0 ? "there is no command" : count == -1 ? "a quotation mark is missing" : "there are too many words");
            return;
        }

        ConsoleCommand? command = _table.Find(_words, count, out int used);
        if (command == null)
        {
            string nearest = _table.Nearest(_words, count);
            Refuse(FaultCode.ConsoleCommandUnknown, nearest.Length > 0 ? "did you mean: " + nearest : string.Empty);
            return;
        }

        string[] arguments = new string[count - used];
        for (int i = 0; i < arguments.Length; i++)
        {
            arguments[i] = _words[used + i];
        }

        Forget();
        if (arguments.Length < command.MinArguments)
        {
            Refuse(FaultCode.ConsoleArgumentWrong, "usage: " + command.Name + " " + command.Usage + ", for example: " + command.Example);
            return;
        }

        _call.Begin(arguments);
        _call.NowUs = nowUs;
        FaultCode refused = _table.Refusal(command, nowUs);
        if (refused != FaultCode.None)
        {
            Refuse(refused, string.Empty);
            return;
        }

        _running = command;
    }

    private void Refuse(FaultCode code, string detail)
    {
        Forget();
        _answer.Fail(code, detail);
        Prompt();
    }

    // The words may be secrets.
    private void Forget()
    {
        for (int i = 0; i < _words.Length; i++)
        {
            _words[i] = string.Empty;
        }
    }

    // Words by blanks; one with blanks stands between quotation marks, in which \ takes the next sign as it is. -1: a mark is missing; -2: too many.
    private int Split(string line, int from)
    {
        char[] word = new char[line.Length];
        int length = 0;
        int count = 0;
        bool isQuoted = false;
        bool isWord = false;
        for (int i = from; i <= line.Length; i++)
        {
            if (i == line.Length || (line[i] == ' ' && !isQuoted))
            {
                if (isWord)
                {
                    if (count == _words.Length)
                    {
                        return -2;
                    }

                    _words[count++] = new string(word, 0, length);
                    length = 0;
                    isWord = false;
                }

                continue;
            }

            char sign = line[i];
            isWord = true;
            if (sign == '"')
            {
                isQuoted = !isQuoted;
                continue;
            }

            if (sign == '\\' && isQuoted && i + 1 < line.Length)
            {
                i++;
                sign = line[i];
            }

            word[length++] = sign;
        }

        return isQuoted ? -1 : count;
    }

    private void Complete()
    {
        string typed = _editor.Text;
        string common = _table.Completion(typed, out string candidates);
        if (common.Length > 0)
        {
            _editor.Append(common);
        }
        else if (candidates.Length > 0)
        {
            _output.Line(string.Empty);
            _output.Line("  " + candidates);
            ShowPrompt();
            _editor.Redraw();
        }
    }

    private void Banner()
    {
        ConsoleServices pod = _services;
        _output.Line(string.Empty);
        _output.Line("pod " + Topics.DeviceText(pod.DeviceId) + ", role " + Or(pod.Configuration.Active.Text(Configuration.ConfigurationKeys.Role), "not set") + ", version " + pod.Version + ", board " + Or(pod.BoardName, "unknown"));
        string reset = ConsoleServices.ResetWord(pod.ResetReason);
        _output.Line("reset: " + reset + (pod.ResetReason == FaultCode.None ? string.Empty : ", " + FaultTexts.Happened(pod.ResetReason)) + " state: " + pod.State);
        int faults = _table.Faults.Collect();
        for (int i = 0; i < faults && i < FaultList.ShownInBanner; i++)
        {
            FaultCode code = _table.Faults.Code(i);
            _output.Line("fault: P" + ((int)code).ToString() + " " + FaultTexts.Happened(code));
        }

        if (faults > FaultList.ShownInBanner)
        {
            _output.Line("       and " + (faults - FaultList.ShownInBanner).ToString() + " more: type faults");
        }

        _output.Line("ISOLATED USB ADAPTER ONLY: a mains-powered computer at this plug breaks the patient's isolation.");
        _output.Line("next: " + _table.Faults.NextStep());
        Prompt();
    }

    private void Prompt()
    {
        // A program that speaks the protocol gets no prompt between its answers.
        if (!_answer.IsProtocol)
        {
            ShowPrompt();
        }
    }

    private void ShowPrompt()
    {
        _hasPrompt = true;
        _output.Text(_services.Gate.IsUnlocked ? "pod# " : "pod> ");
    }

    private static bool Blank(string line)
    {
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] != ' ')
            {
                return false;
            }
        }

        return true;
    }

    private static string Or(string text, string otherwise) => text.Length > 0 ? text : otherwise;
}
