using Firmware.Core;
using Firmware.Pod.Configuration;
using Firmware.Pod.Start;
using Firmware.Protocol;

namespace Firmware.Pod.Console;

/// <summary>Who the pod is, how it stands, what is wrong, what was.</summary>
public sealed class InfoCommands
{
    /// <summary>Most bytes of the technicians' notes.</summary>
    public const int MaxMemoBytes = 1024;

    private const string MemoName = "memo";
    private const int MaxNoteSigns = 120;
    private const int DefaultLogLines = 20;

    private readonly ConsoleServices _services;
    private readonly FaultList _faults;
    private int _marks;
    private long _logNext;
    private long _logEnd;

    /// <summary>Stores.</summary>
    /// <param name="services">The pod.</param>
    /// <param name="faults">What is wrong.</param>
    public InfoCommands(ConsoleServices services, FaultList faults)
    {
        _services = services;
        _faults = faults;
    }

    /// <summary><c>next</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done.</returns>
    public CommandTurn Next(ConsoleCall call)
    {
        call.Answer.Text("next", _faults.NextStep());
        return CommandTurn.Done;
    }

    /// <summary><c>id</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done.</returns>
    public CommandTurn Id(ConsoleCall call)
    {
        PodConfiguration active = _services.Configuration.Active;
        ConsoleAnswer answer = call.Answer;
        answer.Text("deviceId", Topics.DeviceText(_services.DeviceId));
        answer.Text("role", active.Text(ConfigurationKeys.Role));
        answer.Text("cartName", active.Text(ConfigurationKeys.CartName));
        answer.Text("board", _services.BoardName);
        answer.Text("target", _services.Board.Target);
        answer.Text("version", _services.Version);
        answer.Text("build", _services.Build);
        answer.Text("image", _services.Board.ImageVersion);
        answer.Number("bootId", _services.Pod == null ? 0 : _services.Pod.BootId);
        answer.Text("reset", ConsoleServices.ResetWord(_services.ResetReason));
        answer.Text("state", _services.State);
        answer.Flag("provisioned", _services.Configuration.IsProvisioned);
        answer.Text("mac", _services.MacText);
        return CommandTurn.Done;
    }

    /// <summary><c>status</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done.</returns>
    public CommandTurn Status(ConsoleCall call)
    {
        IPodService? pod = _services.Pod;
        ConsoleAnswer answer = call.Answer;
        answer.Text("state", _services.State);
        answer.Number("uptimeS", call.NowUs / 1_000_000);
        answer.Flag("link", pod != null && pod.IsConnected);
        answer.Flag("session", _services.IsInSession);
        answer.Flag("cuffInUse", pod != null && pod.Situation.IsCuffInflated);
        answer.Number("faults", _faults.Collect());
        answer.Flag("storeOk", pod == null || pod.IsStoreOk);
        answer.Number("pending", pod == null ? 0 : pod.Counters.Pending);
        answer.Flag("unlocked", _services.Gate.IsUnlocked);
        answer.Flag("changed", _services.Configuration.IsChanged);
        answer.Number("trialLeftMs", !_services.Configuration.IsOnTrial ? 0 : call.NowUs >= ConfigurationStore.TrialUs ? 0 : (ConfigurationStore.TrialUs - call.NowUs) / 1000);
        return CommandTurn.Done;
    }

    /// <summary><c>health</c>: what the gateway is told each minute.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Health(ConsoleCall call)
    {
        if (_services.Pod == null)
        {
            return call.Refuse(FaultCode.PodNotRunning, string.Empty);
        }

        ConsoleAnswer answer = call.Answer;
        byte[] health = _services.Pod.Health(call.NowUs);
        int flags = HealthBody.Flags(health, 0);
        uint memory = HealthBody.FreeMemoryBytes(health, 0);
        answer.Number("uptimeS", HealthBody.UptimeSeconds(health, 0));
        if ((flags & HealthBody.StartsUnknown) == 0)
        {
            answer.Number("starts", HealthBody.Starts(health, 0));
            answer.Text("lastEnd", ConsoleServices.ResetWord((FaultCode)HealthBody.LastEnd(health, 0)));
        }

        if (memory != HealthBody.MemoryUnknown)
        {
            answer.Number("freeBytes", memory);
        }

        answer.Number("storePermille", HealthBody.StorePermille(health, 0));
        answer.Flag("storeOk", (flags & HealthBody.StoreFails) == 0);
        answer.Number("loopLateMs", HealthBody.LoopLateMs(health, 0));
        answer.Flag("link", _services.Pod.IsConnected);
        answer.Number("linksLost", HealthBody.LinksLost(health, 0));
        answer.Number("pending", HealthBody.Pending(health, 0));
        answer.Number("reports", HealthBody.Reports(health, 0));
        answer.Number("parts", HealthBody.PartsFitted(health, 0));
        answer.Number("partsFailing", HealthBody.PartsFailing(health, 0));
        answer.Flag("bench", (flags & HealthBody.OnBench) != 0);
        if ((flags & HealthBody.SignalNotOffered) == 0)
        {
            answer.Number("signalDbm", HealthBody.SignalDecibelMilliwatt(health, 0));
        }
        else
        {
            answer.Text("signal", "the board does not tell it");
        }

        return CommandTurn.Done;
    }

    /// <summary><c>faults</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public CommandTurn ListFaults(ConsoleCall call)
    {
        int count = _faults.Collect();
        if (call.Turn >= count)
        {
            call.Answer.Number("faults", count);
            if (_services.Record.Length > 0)
            {
                call.Answer.Say(_services.Record);
            }

            return CommandTurn.Done;
        }

        FaultCode code = _faults.Code(call.Turn);
        call.Answer.Text("code", "P" + ((int)code).ToString(), 6);
        call.Answer.Number("since", _faults.SinceUs(call.Turn) / 1_000_000, 8);
        call.Answer.Number("count", _faults.Times(call.Turn), 6);
        call.Answer.Text("happened", FaultTexts.Happened(code), 60);
        if (call.Answer.IsProtocol)
        {
            call.Answer.Text("means", FaultTexts.Means(code));
            call.Answer.Text("next", FaultTexts.Next(code));
        }

        call.Answer.EndRow();
        call.Answer.Say("         " + FaultTexts.Means(code));
        call.Answer.Say("         next: " + FaultTexts.Next(code));
        return CommandTurn.More;
    }

    /// <summary><c>log</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public CommandTurn Log(ConsoleCall call)
    {
        TraceRing? trace = _services.Pod?.Trace;
        if (trace == null)
        {
            return call.Refuse(FaultCode.PodNotRunning, string.Empty);
        }

        bool isFollowed = string.Equals(call.Argument(0), "follow");
        int wanted = DefaultLogLines;
        if (!isFollowed && call.Arguments.Length > 0 && !call.TryNumber(0, 1, 128, out wanted))
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "log takes 1 to 128, or follow");
        }

        // By the count of all reports, since the ring moves meanwhile.
        if (call.Turn == 0)
        {
            _logNext = trace.Total - (trace.Count < wanted ? trace.Count : wanted);
            _logEnd = trace.Total;
        }

        long oldest = trace.Total - trace.Count;
        _logNext = _logNext < oldest ? oldest : _logNext;
        if (_logNext >= (isFollowed ? trace.Total : _logEnd))
        {
            if (isFollowed)
            {
                call.DueUs = call.NowUs + ServiceConsole.RestPeriodUs;
                return CommandTurn.More;
            }

            return CommandTurn.Done;
        }

        int index = (int)(_logNext - oldest);
        FaultCode code = (FaultCode)trace.Code(index);
        call.Answer.Number("ms", trace.TimeUs(index) / 1000, 10);
        call.Answer.Text("code", "P" + ((int)code).ToString(), 6);
        call.Answer.Number("stream", trace.Argument(index), 7);
        call.Answer.Text("happened", FaultTexts.Happened(code), 60);
        call.Answer.EndRow();
        _logNext++;
        return CommandTurn.More;
    }

    /// <summary><c>heap</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done.</returns>
    public CommandTurn Heap(ConsoleCall call)
    {
        IBoardService board = _services.Board;
        call.Answer.Number("managedBytes", board.FreeManagedBytes);
        call.Answer.Number("internalBytes", board.FreeInternalBytes);
        call.Answer.Number("largestBytes", board.LargestInternalBytes);
        call.Answer.Number("externalBytes", board.FreeExternalBytes);
        return CommandTurn.Done;
    }

    /// <summary><c>reboot-reason</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn, the newest first.</returns>
    public CommandTurn RebootReason(ConsoleCall call)
    {
        RebootLog? reboots = _services.Reboots;
        if (reboots == null || call.Turn >= reboots.Count)
        {
            return CommandTurn.Done;
        }

        int index = reboots.Count - 1 - call.Turn;
        FaultCode reason = reboots.Reason(index);
        call.Answer.Number("start", reboots.Number(index), 8);
        call.Answer.Text("reset", ConsoleServices.ResetWord(reason), 9);
        call.Answer.Flag("expected", RebootLog.IsExpected(reason), 9);
        call.Answer.Text("happened", reason == FaultCode.None ? "The power came, or a reset from outside." : FaultTexts.Happened(reason), 60);
        call.Answer.EndRow();
        return CommandTurn.More;
    }

    /// <summary><c>memo</c>: with text it adds a note, which needs what settings need.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public CommandTurn Memo(ConsoleCall call)
    {
        if (call.Arguments.Length > 0)
        {
            return WriteMemo(call);
        }

        byte[] notes = ReadMemo();
        int at = 0;
        for (int line = 0; line < call.Turn && at < notes.Length; line++)
        {
            at = EndOf(notes, at) + 1;
        }

        if (at >= notes.Length)
        {
            return CommandTurn.Done;
        }

        int end = EndOf(notes, at);
        char[] text = new char[end - at];
        for (int i = 0; i < text.Length; i++)
        {
            text[i] = (char)notes[at + i];
        }

        call.Answer.Text("note", new string(text), MaxNoteSigns);
        call.Answer.EndRow();
        return CommandTurn.More;
    }

    /// <summary><c>mark</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done.</returns>
    public CommandTurn Mark(ConsoleCall call)
    {
        if (_services.Pod == null)
        {
            return call.Refuse(FaultCode.PodNotRunning, string.Empty);
        }

        _marks++;
        _services.Pod.Report(FaultCode.ConsoleMark, call.NowUs);
        call.Answer.Number("mark", _marks);
        call.Answer.Number("atMs", call.NowUs / 1000);
        return CommandTurn.Done;
    }

    /// <summary><c>colour</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done.</returns>
    public static CommandTurn Colour(ConsoleCall call)
    {
        bool isOn = string.Equals(call.Argument(0), "on");
        if (!isOn && !string.Equals(call.Argument(0), "off"))
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "colour takes on or off");
        }

        call.Answer.HasColour = isOn;
        return CommandTurn.Done;
    }

    private static int EndOf(byte[] notes, int at)
    {
        while (at < notes.Length && notes[at] != '\n')
        {
            at++;
        }

        return at;
    }

    private byte[] ReadMemo()
    {
        int length = _services.Store.Length(MemoName);
        if (length <= 0 || length > MaxMemoBytes)
        {
            return [];
        }

        byte[] notes = new byte[length];
        return _services.Store.Read(MemoName, 0, notes, 0, length) == StoreStatus.Ok ? notes : [];
    }

    private CommandTurn WriteMemo(ConsoleCall call)
    {
        if (_services.HasKey && !_services.Gate.IsUnlocked)
        {
            return call.Refuse(FaultCode.ConsoleNeedsUnlock, string.Empty);
        }

        if (_services.Pod != null && _services.Pod.Situation.IsCuffInflated)
        {
            return call.Refuse(FaultCode.ConsoleBusy, "nothing is written while the cuff holds pressure");
        }

        if (call.Arguments.Length == 1 && string.Equals(call.Argument(0), "clear"))
        {
            return _services.Store.Delete(MemoName) == StoreStatus.Ok ? CommandTurn.Done : call.Refuse(FaultCode.StoreFailed, string.Empty);
        }

        string text = string.Empty;
        for (int i = 0; i < call.Arguments.Length; i++)
        {
            text = i == 0 ? call.Arguments[0] : text + " " + call.Arguments[i];
        }

        int length = _services.Store.Length(MemoName);
        if (text.Length > MaxNoteSigns || (length < 0 ? 0 : length) + text.Length + 1 > MaxMemoBytes)
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "a note has 120 signs at most, all of them 1024; memo clear takes them away");
        }

        byte[] bytes = PodConfiguration.Ascii(text + "\n");
        StoreStatus status = _services.Store.Append(MemoName, bytes, 0, bytes.Length);
        status = status == StoreStatus.Ok ? _services.Store.Flush(MemoName) : status;
        return status == StoreStatus.Ok ? CommandTurn.Done : call.Refuse(FaultCode.StoreFailed, string.Empty);
    }
}
