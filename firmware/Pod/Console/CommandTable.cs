using Firmware.Core;
using Firmware.Pod.Configuration;

namespace Firmware.Pod.Console;

/// <summary>All commands of the console, who may give them when, and how they are found.</summary>
public sealed class CommandTable
{
    /// <summary>Words <c>CUFF OFF ARM</c> count for so long, µs.</summary>
    public const long OffArmUs = 120_000_000;

    private const int MaxName = 24;

    private readonly ConsoleServices _services;
    private readonly BenchCommands _bench;
    private readonly ConsoleCommand[] _commands;
    private readonly int[] _row = new int[MaxName + 2];
    private readonly int[] _rowBefore = new int[MaxName + 2];
    private long _offArmUs = long.MinValue / 2;

    /// <summary>Makes the table.</summary>
    /// <param name="services">What commands work with.</param>
    public CommandTable(ConsoleServices services)
    {
        _services = services;
        Faults = new FaultList(services);
        InfoCommands info = new InfoCommands(services, Faults);
        ConfigurationCommands configuration = new ConfigurationCommands(services);
        SensorCommands sensors = new SensorCommands(services);
        PodWatch watch = new PodWatch();
        Watch = watch;
        _bench = new BenchCommands(services, sensors, watch);
        SelfTestCommand selfTest = new SelfTestCommand(services, watch);
        LinkCommands link = new LinkCommands(services, watch);
        _commands =
        [
            new ConsoleCommand("help", "[command]", "which commands there are, and what one takes", "help config set", ConsoleAccess.Open, Help),
            new ConsoleCommand("next", "", "what is to be done next", "next", ConsoleAccess.Open, info.Next),
            new ConsoleCommand("id", "", "which pod is this, with which program", "id", ConsoleAccess.Open, info.Id),
            new ConsoleCommand("status", "", "how it stands: link, session, faults, store", "status", ConsoleAccess.Open, info.Status),
            new ConsoleCommand("health", "", "how the pod itself does, as its gateway is told", "health", ConsoleAccess.Open, info.Health),
            new ConsoleCommand("faults", "", "what is wrong, since when, what to do", "faults", ConsoleAccess.Open, info.ListFaults),
            new ConsoleCommand("selftest", "", "is every part of the pod sound; moves no air", "selftest", ConsoleAccess.Open, selfTest.Run),
            new ConsoleCommand("i2c scan", "", "who answers on the bus", "i2c scan", ConsoleAccess.Open, sensors.Scan),
            new ConsoleCommand("sensor list", "", "which parts are fitted, and how they do", "sensor list", ConsoleAccess.Open, sensors.List),
            new ConsoleCommand("sensor info", "<part>", "what is known of a part", "sensor info Tmp117", ConsoleAccess.Open, sensors.Info),
            new ConsoleCommand("sensor read", "<part>", "what it reads now", "sensor read thermometer", ConsoleAccess.Values, sensors.Read),
            new ConsoleCommand("sensor stream", "<part> <count>", "its next readings, 1 to 1000", "sensor stream Mprls0300 50", ConsoleAccess.Values, sensors.Stream),
            new ConsoleCommand("sensor raw", "<part>", "the counts of its last batch", "sensor raw Max30102", ConsoleAccess.Values, sensors.Raw),
            new ConsoleCommand("sensor retry", "", "look for every part again at once", "sensor retry", ConsoleAccess.Settings, sensors.Retry),
            new ConsoleCommand("stethoscope", "[batches]", "how loud it is at the converter", "stethoscope 20", ConsoleAccess.Values, sensors.Stethoscope),
            new ConsoleCommand("cuff test", "", "does the cuff's safety chain work; moves air", "cuff test", ConsoleAccess.Cuff, _bench.CuffTest),
            new ConsoleCommand("cuff hold", "", "keep a hand pump's pressure on a rigid volume, to calibrate", "cuff hold", ConsoleAccess.Cuff, _bench.CuffHolds),
            new ConsoleCommand("cuff stop", "", "open the valves", "cuff stop", ConsoleAccess.Open, _bench.CuffStop),
            new ConsoleCommand("CUFF OFF ARM", "", "says that the cuff is on no arm; counts for two minutes", "CUFF OFF ARM", ConsoleAccess.Bench, OffArm),
            new ConsoleCommand("buffer", "", "what waits to be delivered", "buffer", ConsoleAccess.Open, link.Buffer),
            new ConsoleCommand("log", "[count|follow]", "the newest reports", "log 20", ConsoleAccess.Open, info.Log),
            new ConsoleCommand("net", "", "is there a network", "net", ConsoleAccess.Open, link.Net),
            new ConsoleCommand("mqtt", "", "is there a gateway", "mqtt", ConsoleAccess.Open, link.Mqtt),
            new ConsoleCommand("time", "", "what time does it have, how sure", "time", ConsoleAccess.Open, link.Time),
            new ConsoleCommand("heap", "", "how much memory is free", "heap", ConsoleAccess.Open, info.Heap),
            new ConsoleCommand("reboot-reason", "", "why the last 16 boots ended, expected or not", "reboot-reason", ConsoleAccess.Open, info.RebootReason),
            new ConsoleCommand("memo", "[text|clear]", "notes of technicians, kept on the pod", "memo \"hose changed\"", ConsoleAccess.Open, info.Memo),
            new ConsoleCommand("mark", "[text]", "a mark in the pod's events", "mark \"plug wiggled\"", ConsoleAccess.Open, info.Mark),
            new ConsoleCommand("config help", "", "keys, ranges, examples", "config help", ConsoleAccess.Open, ConfigurationCommands.Help),
            new ConsoleCommand("config get", "[key]", "what is configured; secrets are never shown", "config get gateway.host", ConsoleAccess.Open, configuration.Get),
            new ConsoleCommand("config set", "<key> <value>", "change a value, for the next commit", "config set gateway.host 192.168.4.1", ConsoleAccess.Settings, configuration.Set),
            new ConsoleCommand("config put", "<key> <n> <of> <base64>", "a certificate or key in pieces", "config put tls.ca 1 3 LS0t", ConsoleAccess.Settings, configuration.Put),
            new ConsoleCommand("config clear", "<key>", "take a value away", "config clear timeServer", ConsoleAccess.Settings, configuration.Clear),
            new ConsoleCommand("config diff", "", "what a commit would change", "config diff", ConsoleAccess.Open, configuration.Diff),
            new ConsoleCommand("config commit", "", "store the changes and restart with them, on trial", "config commit", ConsoleAccess.SettingsNoSession, configuration.Commit),
            new ConsoleCommand("config confirm", "", "keep the configuration that is on trial", "config confirm", ConsoleAccess.Settings, configuration.Confirm),
            new ConsoleCommand("config revert", "", "forget the changes; on trial: go back and restart", "config revert", ConsoleAccess.SettingsNoSession, configuration.Revert),
            new ConsoleCommand("calibration list", "", "which sensors are calibrated, until when", "calibration list", ConsoleAccess.Open, configuration.Calibrations),
            new ConsoleCommand("calibration set", "<cuff|oximeter> <serial> <date> <due> <values>", "calibrate a sensor, for the next commit", "calibration set cuff MP-0042 2026-11-29 2027-11-29 0:150,15000:150200,28000:280150", ConsoleAccess.Cuff, configuration.Calibrate),
            new ConsoleCommand("fault inject", "<part|off> [nack|stuck]", "have a part answer wrongly", "fault inject Tmp117 nack", ConsoleAccess.Bench, _bench.Inject),
            new ConsoleCommand("sim", "<on|off>", "send simulated readings, bound to no session", "sim on", ConsoleAccess.Bench, _bench.Simulate),
            new ConsoleCommand("challenge", "", "what the unlock is to answer", "challenge", ConsoleAccess.Open, _bench.Challenge),
            new ConsoleCommand("unlock", "<answer>", "open what is locked, for ten minutes without input", "unlock 0123456789abcdef", ConsoleAccess.Open, _bench.Unlock),
            new ConsoleCommand("lock", "", "lock again", "lock", ConsoleAccess.Open, _bench.Lock),
            new ConsoleCommand("bundle", "", "all that a distant helper asks for; no secret, no patient value", "bundle", ConsoleAccess.Open, Bundle),
            new ConsoleCommand("colour", "<on|off>", "colours for a person", "colour on", ConsoleAccess.Open, InfoCommands.Colour),
            new ConsoleCommand("reboot", "", "restart the pod", "reboot", ConsoleAccess.SettingsNoSession, _bench.Reboot),
            new ConsoleCommand("factory", "[last four digits of the id]", "erase the pod, in two steps", "factory", ConsoleAccess.SettingsNoSession, _bench.Factory),
        ];
    }

    /// <summary>How many commands there are.</summary>
    public int Count => _commands.Length;

    /// <summary>What is wrong.</summary>
    public FaultList Faults { get; }

    /// <summary>What was seen of the pod's frames.</summary>
    public PodWatch Watch { get; }

    /// <summary>Whether somebody stands beside a cuff that moves.</summary>
    public CuffHold Hold => _bench.Hold;

    /// <summary>A command.</summary>
    /// <param name="index">Its place.</param>
    /// <returns>Its row.</returns>
    public ConsoleCommand Command(int index) => _commands[index];

    /// <summary>The loop has begun.</summary>
    /// <param name="pod">The pod.</param>
    public void Attach(IPodService pod) => Watch.Attach(pod);

    /// <summary>Time passes.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Step(long nowUs) => _bench.Step(nowUs);

    /// <summary>A byte came while somebody stands beside a cuff that moves.</summary>
    /// <param name="value">The byte.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void OnHoldKey(byte value, long nowUs) => _bench.OnHoldKey(value, nowUs);

    /// <summary>The command that ran is over, by whatever.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void OnCommandEnd(long nowUs) => _bench.OnCommandEnd(nowUs);

    /// <summary>Why a command may not be given now.</summary>
    /// <param name="command">The command.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>None when it may.</returns>
    public FaultCode Refusal(ConsoleCommand command, long nowUs)
    {
        bool isUnlocked = _services.Gate.IsUnlocked;
        switch (command.Access)
        {
            case ConsoleAccess.Open:
                return FaultCode.None;
            case ConsoleAccess.Settings:
                return isUnlocked || !_services.HasKey ? FaultCode.None : FaultCode.ConsoleNeedsUnlock;
            case ConsoleAccess.SettingsNoSession:
                return !isUnlocked && _services.HasKey ? FaultCode.ConsoleNeedsUnlock : Session();
            case ConsoleAccess.Values:
                return !isUnlocked ? FaultCode.ConsoleNeedsUnlock : FaultCode.None;
            case ConsoleAccess.Bench:
                return !isUnlocked ? FaultCode.ConsoleNeedsUnlock : Session();
            default:
                FaultCode refused = !isUnlocked ? FaultCode.ConsoleNeedsUnlock : Session();
                return refused == FaultCode.None && nowUs - _offArmUs > OffArmUs ? FaultCode.CuffOffArmUnsaid : refused;
        }
    }

    /// <summary>Finds a command by its words.</summary>
    /// <param name="words">The words.</param>
    /// <param name="count">How many.</param>
    /// <param name="used">How many belong to the name.</param>
    /// <returns>The command; null for none.</returns>
    public ConsoleCommand? Find(string[] words, int count, out int used)
    {
        for (used = count < 3 ? count : 3; used > 0; used--)
        {
            string name = Joined(words, used);
            for (int i = 0; i < _commands.Length; i++)
            {
                if (string.Equals(_commands[i].Name, name))
                {
                    return _commands[i];
                }
            }
        }

        return null;
    }

    /// <summary>The command whose name is nearest to what was typed.</summary>
    /// <param name="words">The words.</param>
    /// <param name="count">How many.</param>
    /// <returns>Its name; empty when none is near.</returns>
    public string Nearest(string[] words, int count)
    {
        string best = string.Empty;
        if (_services.Pod != null && _services.Pod.Situation.IsCuffInflated)
        {
            return best; // comparing with all of them takes longer than a cuff's sample may wait
        }

        string one = Joined(words, 1);
        string two = Joined(words, count < 2 ? count : 2);
        string three = Joined(words, count < 3 ? count : 3);
        int least = MaxName;
        for (int i = 0; i < _commands.Length; i++)
        {
            string name = _commands[i].Name;
            int parts = WordsOf(name);
            string typed = parts == 1 ? one : parts == 2 ? two : three;
            int apart = typed.Length > name.Length ? typed.Length - name.Length : name.Length - typed.Length;

            // Nearer than a third of its signs: a slip, and not another word. What is further is not counted to its end.
            int most = name.Length / 3 < least ? name.Length / 3 : least - 1;
            if (typed.Length > MaxName || name.Length > MaxName || apart > most)
            {
                continue;
            }

            int distance = Distance(typed, name, most);
            if (distance <= most)
            {
                least = distance;
                best = name;
            }
        }

        return best;
    }

    /// <summary>What Tab adds.</summary>
    /// <param name="typed">The line so far.</param>
    /// <param name="candidates">What it may become when that is not one thing.</param>
    /// <returns>The signs to add; empty for none.</returns>
    public string Completion(string typed, out string candidates)
    {
        candidates = string.Empty;
        string common = string.Empty;
        int found = 0;
        for (int i = 0; i < _commands.Length; i++)
        {
            found = Consider(_commands[i].Name, typed, found, ref common, ref candidates);
        }

        int blank = typed.LastIndexOf(' ');
        string head = blank < 0 ? string.Empty : typed.Substring(0, blank);
        if (string.Equals(head, "config get") || string.Equals(head, "config set") || string.Equals(head, "config put") || string.Equals(head, "config clear"))
        {
            string tail = typed.Substring(blank + 1);
            for (int i = 0; i < ConfigurationKeys.Count; i++)
            {
                found = Consider(ConfigurationKeys.All[i].Name, tail, found, ref common, ref candidates);
            }
        }

        if (found == 1)
        {
            candidates = string.Empty;
            return common + " ";
        }

        return common;
    }

    private static int Consider(string name, string typed, int found, ref string common, ref string candidates)
    {
        if (name.Length < typed.Length || !string.Equals(name.Substring(0, typed.Length), typed) || name.Length == typed.Length)
        {
            return found;
        }

        string rest = name.Substring(typed.Length);
        if (found == 0)
        {
            common = rest;
            candidates = name;
            return 1;
        }

        int same = 0;
        while (same < common.Length && same < rest.Length && common[same] == rest[same])
        {
            same++;
        }

        common = common.Substring(0, same);
        candidates = candidates + "  " + name;
        return found + 1;
    }

    private FaultCode Session() => _services.IsInSession ? FaultCode.ConsoleSessionOpen : FaultCode.None;

    private CommandTurn OffArm(ConsoleCall call)
    {
        _offArmUs = call.NowUs;
        call.Answer.Number("forMs", OffArmUs / 1000);
        return CommandTurn.Done;
    }

    private CommandTurn Help(ConsoleCall call)
    {
        if (call.Arguments.Length > 0)
        {
            return HelpOne(call);
        }

        if (call.Turn == _commands.Length)
        {
            call.Answer.Say("  help and a name says more; Tab completes, Ctrl-C ends, Ctrl-L shows the banner");
            return CommandTurn.Done;
        }

        ConsoleCommand command = _commands[call.Turn];
        call.Answer.Text("command", command.Name, 17);
        call.Answer.Text("about", command.About, 58);
        call.Answer.Text("needs", ConsoleCommand.Words(command.Access), 30);
        call.Answer.EndRow();
        return CommandTurn.More;
    }

    private CommandTurn HelpOne(ConsoleCall call)
    {
        ConsoleCommand? command = Find(call.Arguments, call.Arguments.Length, out int _);
        if (command == null)
        {
            string nearest = Nearest(call.Arguments, call.Arguments.Length);
            return call.Refuse(FaultCode.ConsoleCommandUnknown, nearest.Length > 0 ? "did you mean: " + nearest : string.Empty);
        }

        call.Answer.Text("command", command.Usage.Length > 0 ? command.Name + " " + command.Usage : command.Name);
        call.Answer.Text("about", command.About);
        call.Answer.Text("needs", ConsoleCommand.Words(command.Access));
        call.Answer.Text("example", command.Example);
        return CommandTurn.Done;
    }

    // The commands that need no unlock and end by themselves, one after the other; Kept is which, KeptToo its turn.
    private CommandTurn Bundle(ConsoleCall call)
    {
        if (call.Arguments.Length > 0)
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "bundle takes nothing");
        }

        int total = call.Turn;
        while (call.Kept < _commands.Length)
        {
            ConsoleCommand command = _commands[(int)call.Kept];
            if (!IsInBundle(command.Name))
            {
                call.Kept++;
                continue;
            }

            if (call.KeptToo == 0)
            {
                call.Answer.Section(command.Name);
            }

            call.Turn = (int)call.KeptToo;
            CommandTurn turn = command.Handler(call);
            call.Turn = total;
            call.KeptToo++;
            if (turn != CommandTurn.More)
            {
                call.Answer.EndSection();
                call.Kept++;
                call.KeptToo = 0;
            }

            return CommandTurn.More;
        }

        call.Answer.Section(string.Empty);
        return CommandTurn.Done;
    }

    private static bool IsInBundle(string name) =>
        string.Equals(name, "id") || string.Equals(name, "status") || string.Equals(name, "health") || string.Equals(name, "faults") || string.Equals(name, "sensor list") || string.Equals(name, "buffer")
        || string.Equals(name, "log") || string.Equals(name, "net") || string.Equals(name, "mqtt") || string.Equals(name, "time") || string.Equals(name, "heap")
        || string.Equals(name, "reboot-reason") || string.Equals(name, "memo") || string.Equals(name, "config get") || string.Equals(name, "calibration list");

    private static string Joined(string[] words, int count)
    {
        string text = string.Empty;
        for (int i = 0; i < count; i++)
        {
            text = i == 0 ? words[0] : text + " " + words[i];
        }

        return text;
    }

    private static int WordsOf(string name)
    {
        int count = 1;
        for (int i = 0; i < name.Length; i++)
        {
            count += name[i] == ' ' ? 1 : 0;
        }

        return count;
    }

    // Insertions, deletions and exchanges from one text to the other (Levenshtein), in two rows; given up where it can only be more than the most.
    private int Distance(string a, string b, int most)
    {
        for (int j = 0; j <= b.Length; j++)
        {
            _rowBefore[j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            _row[0] = i;
            int nearest = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int exchanged = _rowBefore[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                int added = _row[j - 1] + 1;
                int removed = _rowBefore[j] + 1;
                _row[j] = exchanged < added ? (exchanged < removed ? exchanged : removed) : added < removed ? added : removed;
                nearest = _row[j] < nearest ? _row[j] : nearest;
            }

            if (nearest > most)
            {
                return most + 1;
            }

            for (int j = 0; j <= b.Length; j++)
            {
                _rowBefore[j] = _row[j];
            }
        }

        return _rowBefore[b.Length];
    }
}
