using Firmware.Core;

namespace Firmware.Pod.Start;

/// <summary>
/// What a pod remembers of its starts. A boot that does not come to <see cref="HealthyUs"/> of its loop counts as failed; after <see cref="MaxFailures"/> of them in a row the next one is safe mode,
/// and the one after that an ordinary start again. Why the boot before ended, and the exception that ended it, are kept too. Counts and codes are names of files, so that no cut of power can
/// leave half of one.
/// </summary>
public sealed class StartGuard
{
    /// <summary>Boots that fail before safe mode.</summary>
    public const int MaxFailures = 3;

    /// <summary>A loop that has run for this long is a healthy one, µs.</summary>
    public const long HealthyUs = 120_000_000;

    /// <summary>From a failed start to the reboot, ms: time to read the console.</summary>
    public const int PauseMs = 5000;

    /// <summary>Most bytes of a record.</summary>
    public const int MaxRecordBytes = 512;

    private const string RecordName = "start.txt";
    private const string TryPrefix = "try-";
    private const string WhyPrefix = "why-";

    private readonly IByteStore _store;
    private long _firstUs = -1;
    private bool _done;

    /// <summary>No I/O.</summary>
    /// <param name="store">The store.</param>
    public StartGuard(IByteStore store)
    {
        _store = store;
    }

    /// <summary>True when this boot is counted in the store. A boot that cannot be counted goes into safe mode when it fails, instead of into a loop.</summary>
    public bool IsCounted { get; private set; }

    /// <summary>Failed boots in a row before this one.</summary>
    public int Failures { get; private set; }

    /// <summary>True when this boot must be safe mode.</summary>
    public bool IsSafeMode => Failures >= MaxFailures;

    /// <summary>Why the boot before this one ended; None when nothing was written: a cut of power, or a reset from outside.</summary>
    public FaultCode LastReason { get; private set; }

    /// <summary>Reads what the boots before left, and counts this one. Safe mode begins the count anew.</summary>
    public void Begin()
    {
        string[] names = _store.List();
        Failures = 0;
        LastReason = FaultCode.None;
        for (int i = 0; i < names.Length; i++)
        {
            int tries = NumberOf(TryPrefix, names[i]);
            Failures = tries > Failures ? tries : Failures;
            int code = NumberOf(WhyPrefix, names[i]);
            if (code > 0)
            {
                LastReason = (FaultCode)code;
                _store.Delete(names[i]);
            }
        }

        IsCounted = IsSafeMode || Write(TryPrefix + (Failures + 1).ToString());
        Forget(names, IsSafeMode ? MaxFailures : Failures);
    }

    /// <summary>The loop was stepped.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="mayWrite">False while the cuff holds pressure: nothing is written then.</param>
    public void OnLoop(long nowUs, bool mayWrite)
    {
        if (_done)
        {
            return;
        }

        if (_firstUs < 0)
        {
            _firstUs = nowUs;
        }
        else if (nowUs - _firstUs >= HealthyUs && mayWrite)
        {
            _done = true;
            Forget(_store.List(), MaxFailures);
        }
    }

    /// <summary>Keeps why this boot ends. One that somebody asked for does not count as a failed start.</summary>
    /// <param name="reason">The code.</param>
    /// <returns>True when it is in the store.</returns>
    public bool OnReboot(FaultCode reason)
    {
        if (RebootLog.IsExpected(reason))
        {
            Forget(_store.List(), MaxFailures);
        }

        return Write(WhyPrefix + ((int)reason).ToString());
    }

    /// <summary>Keeps the exception that ends this boot, in the place of the one before.</summary>
    /// <param name="reason">The code.</param>
    /// <param name="type">The exception's type.</param>
    /// <param name="message">Its message.</param>
    /// <param name="stack">Its stack.</param>
    /// <returns>The text that was kept; lines end with '\n'.</returns>
    public string Record(FaultCode reason, string type, string message, string stack)
    {
        string text = "P" + ((int)reason).ToString() + " " + type + "\n" + message + "\n" + stack + "\n";
        int count = text.Length < MaxRecordBytes ? text.Length : MaxRecordBytes;
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            char c = text[i];
            bytes[i] = c == '\n' || (c >= ' ' && c <= '~') ? (byte)c : (byte)'?';
        }

        _store.Delete(RecordName);
        if (_store.Append(RecordName, bytes, 0, count) == StoreStatus.Ok)
        {
            _store.Flush(RecordName);
        }

        OnReboot(reason);
        return text.Substring(0, count);
    }

    /// <summary>The newest record.</summary>
    /// <returns>The text; empty for none.</returns>
    public string LastRecord()
    {
        int length = _store.Length(RecordName);
        if (length <= 0 || length > MaxRecordBytes)
        {
            return string.Empty;
        }

        byte[] bytes = new byte[length];
        if (_store.Read(RecordName, 0, bytes, 0, length) != StoreStatus.Ok)
        {
            return string.Empty;
        }

        char[] text = new char[length];
        for (int i = 0; i < length; i++)
        {
            text[i] = (char)bytes[i];
        }

        return new string(text);
    }

    // Counts up to this one; the newest is written before the older ones go, so that a cut between leaves the larger count.
    private void Forget(string[] names, int upTo)
    {
        for (int i = 0; i < names.Length; i++)
        {
            int tries = NumberOf(TryPrefix, names[i]);
            if (tries >= 0 && tries <= upTo)
            {
                _store.Delete(names[i]);
            }
        }
    }

    private bool Write(string name)
    {
        byte[] content = new byte[1];
        return _store.Append(name, content, 0, 1) == StoreStatus.Ok && _store.Flush(name) == StoreStatus.Ok;
    }

    private static int NumberOf(string prefix, string name)
    {
        if (name.Length <= prefix.Length || name.Length > prefix.Length + 5 || !string.Equals(name.Substring(0, prefix.Length), prefix))
        {
            return -1;
        }

        int number = 0;
        for (int i = prefix.Length; i < name.Length; i++)
        {
            if (name[i] < '0' || name[i] > '9')
            {
                return -1;
            }

            number = (number * 10) + (name[i] - '0');
        }

        return number;
    }
}
