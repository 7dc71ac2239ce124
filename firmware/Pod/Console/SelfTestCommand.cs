using Firmware.Core;
using Firmware.Pod.Configuration;
using Firmware.Pod.Store;
using Firmware.Pod.Supervision;
using Firmware.Protocol;

namespace Firmware.Pod.Console;

/// <summary>
/// <c>selftest</c>: each item with what was measured and its limits, PASS, FAIL or SKIP. It moves no air and asks no sensor for a value, so that it may run in a session; one item a turn, all within seconds.
/// </summary>
public sealed class SelfTestCommand
{
    /// <summary>Least free managed memory, bytes. Assumption: 16 messages of 4 KiB of the link's library, as in the memory budget.</summary>
    public const long MinManagedBytes = 65_536;

    /// <summary>Least largest piece of the chip's own memory, bytes. Source: decision on TLS, 60 KB native of a handshake, of which Assumption: half in one piece.</summary>
    public const long MinLargestBytes = 30_000;

    /// <summary>Longest time for a file of 64 bytes to be written, flushed and deleted, ms. Assumption: six erases of a slow flash, 150 ms each.</summary>
    public const long MaxStoreMs = 900;

    /// <summary>Most blocks of the drive that files may take: 64 less those that littlefs needs.</summary>
    public const int MaxBlocks = 64 - LittlefsStore.ReservedBlocks;

    /// <summary>Weakest signal, dBm. Assumption: -75, below which sound stutters on usual access points.</summary>
    public const int MinSignalDecibelMilliwatt = -75;

    /// <summary>Largest uncertainty of the clock, µs. Source: readiness, clock within 100 ms.</summary>
    public const long MaxUncertaintyUs = 100_000;

    /// <summary>Longest wait for the gateway, µs. Source: the whole self test is below 10 s; the store may take one, and its reader waits for rows.</summary>
    public const long LinkWaitUs = 5_000_000;

    /// <summary>From a start on a gateway that was not there yet says nothing, µs. Assumption: an access point that is joined anew after a minute, and a handshake.</summary>
    public const long LinkGraceUs = 75_000_000;

    private const long LinkLookUs = 100_000;
    private const string TestName = "selftest";
    private const int FixedItems = 15;

    private readonly ConsoleServices _services;
    private readonly PodWatch _watch;
    private readonly byte[] _bytes = new byte[64];
    private int _passed;
    private int _failed;
    private int _skipped;
    private long _linkSinceUs;

    /// <summary>Stores.</summary>
    /// <param name="services">The pod.</param>
    /// <param name="watch">What was seen of its frames.</param>
    public SelfTestCommand(ConsoleServices services, PodWatch watch)
    {
        _services = services;
        _watch = watch;
    }

    /// <summary>One item.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public CommandTurn Run(ConsoleCall call)
    {
        if (call.Turn == 0)
        {
            _passed = 0;
            _failed = 0;
            _skipped = 0;
            _linkSinceUs = -1;
        }

        int parts = _services.Pod == null ? 0 : _services.Pod.Options.Peripherals.Length;
        if (call.Turn >= FixedItems + parts)
        {
            if (_failed > 0)
            {
                _services.Pod?.Report(FaultCode.SelfTestItemFailed, call.NowUs);
            }

            call.Answer.Number("pass", _passed);
            call.Answer.Number("fail", _failed);
            call.Answer.Number("skip", _skipped);
            return CommandTurn.Done;
        }

        if (call.Turn >= FixedItems)
        {
            Part(call.Answer, call.Turn - FixedItems);
            return CommandTurn.More;
        }

        Item(call);
        return CommandTurn.More;
    }

    private void Item(ConsoleCall call)
    {
        ConsoleAnswer answer = call.Answer;
        IPodService? pod = _services.Pod;
        IBoardService board = _services.Board;
        switch (call.Turn)
        {
            case 0:
                // Source: CRC-32/ISO-HDLC, the check value over "123456789".
                Limits(answer, "crc", _services.Crc32.Compute(PodConfiguration.Ascii("123456789"), 0, 9), "value", 0xCBF43926, 0xCBF43926, FaultCode.StartFailed);
                break;
            case 1:
                // Source: RFC 4231, 4.3, the first four bytes.
                byte[] code = _services.Hmac.Compute(PodConfiguration.Ascii("Jefe"), PodConfiguration.Ascii("what do ya want for nothing?"));
                Limits(answer, "hmac", LittleEndian.ReadUInt32(code, 0), "value", 0x46C1DC5B, 0x46C1DC5B, FaultCode.StartFailed);
                break;
            case 2:
                AtLeast(answer, "managedMemory", board.FreeManagedBytes, "bytes", MinManagedBytes, board.FreeManagedBytes >= 0, FaultCode.MemoryExhausted);
                break;
            case 3:
                AtLeast(answer, "largestMemory", board.LargestInternalBytes, "bytes", MinLargestBytes, board.LargestInternalBytes >= 0, FaultCode.MemoryExhausted);
                break;
            case 4:
                Store(answer);
                break;
            case 5:
                Limits(answer, "storeFill", LinkCommands.Blocks(_services.Store), "blocks", 0, MaxBlocks, FaultCode.StoreFull);
                break;
            case 6:
                Row(answer, "configuration", _services.Configuration.Sequence, "sequence", 1, true, 0, false, _services.Configuration.IsDamaged ? -1 : _services.Configuration.IsProvisioned ? 1 : 0, FaultCode.ConfigurationDamaged);
                break;
            case 7:
                Row(answer, "identity", _services.DeviceId == 0 ? 0 : 1, "set", 1, true, 1, true, _services.DeviceId == 0 ? -1 : 1, FaultCode.PodUnprovisioned);
                break;
            case 8:
                bool isCounted = pod != null && (pod.BootId & BootCounter.RandomBit) == 0;
                Row(answer, "bootNumber", pod == null ? 0 : pod.BootId, "boot", 1, true, BootCounter.RandomBit - 1, true, pod == null || !pod.IsReady ? 0 : isCounted ? 1 : -1, FaultCode.StoreUnavailable);
                break;
            case 9:
                Limits(answer, "busStuck", pod == null ? 0 : pod.Counters.BusStuck, "times", 0, 0, FaultCode.BusStuck);
                break;
            case 10:
                Gateway(call, pod);
                break;
            case 11:
                Row(answer, "clock", _watch.HasClock ? _watch.UncertaintyUs : 0, "us", 0, true, MaxUncertaintyUs, true, !_watch.HasClock ? 0 : _watch.UncertaintyUs <= MaxUncertaintyUs ? 1 : -1, FaultCode.ClockUnsynchronised);
                break;
            case 12:
                AtLeast(answer, "signal", board.SignalDecibelMilliwatt, "dBm", MinSignalDecibelMilliwatt, board.SignalDecibelMilliwatt < 0, FaultCode.LinkLost);
                break;
            case 13:
                Limits(answer, "stopButton", board.IsStopPressed ? 1 : 0, "pressed or broken", 0, 0, board.IsStopPressed && _watch.StopStands ? FaultCode.StopDoesNotEnd : FaultCode.StopPressed);
                break;
            default:
                bool isFresh = _watch.CuffPassedUs >= 0;
                Row(answer, "cuffChain", isFresh ? (call.NowUs - _watch.CuffPassedUs) / 1_000_000 : 0, "s ago", 0, false, 0, false, isFresh ? 1 : 0, FaultCode.CuffSelfTestDue);
                break;
        }
    }

    // Right after a start the link is on its way: it is waited for, and then it is not known rather than wrong.
    private void Gateway(ConsoleCall call, IPodService? pod)
    {
        bool isExpected = _services.Configuration.IsProvisioned && pod != null;
        bool isConnected = pod != null && pod.IsConnected;
        bool isStarting = isExpected && !isConnected && pod!.Counters.LinksLost == 0 && call.NowUs < LinkGraceUs;
        _linkSinceUs = _linkSinceUs < 0 ? call.NowUs : _linkSinceUs;
        if (isStarting && call.NowUs - _linkSinceUs < LinkWaitUs)
        {
            call.Turn--; // the same item again
            call.DueUs = call.NowUs + LinkLookUs;
            return;
        }

        Row(call.Answer, "gateway", isConnected ? 1 : 0, isStarting ? "not yet: starting" : "connected", 1, true, 1, true, !isExpected || isStarting ? 0 : isConnected ? 1 : -1, FaultCode.LinkLost);
    }

    private void Store(ConsoleAnswer answer)
    {
        IPodService? pod = _services.Pod;
        IMonotonicClock? clock = pod?.Options.Clock;
        if (pod != null && pod.Situation.IsCuffInflated)
        {
            Row(answer, "store", 0, "ms", 0, true, MaxStoreMs, true, 0, FaultCode.StoreFailed);
            return;
        }

        for (int i = 0; i < _bytes.Length; i++)
        {
            _bytes[i] = (byte)(i * 37);
        }

        IByteStore store = _services.Store;
        long sinceUs = clock == null ? 0 : clock.NowUs;
        store.Delete(TestName);
        bool isSound = store.Append(TestName, _bytes, 0, _bytes.Length) == StoreStatus.Ok && store.Flush(TestName) == StoreStatus.Ok;
        for (int i = 0; i < _bytes.Length; i++)
        {
            _bytes[i] = 0;
        }

        isSound = isSound && store.Read(TestName, 0, _bytes, 0, _bytes.Length) == StoreStatus.Ok;
        for (int i = 0; i < _bytes.Length; i++)
        {
            isSound = isSound && _bytes[i] == (byte)(i * 37);
        }

        isSound = store.Delete(TestName) == StoreStatus.Ok && isSound;
        long ms = clock == null ? 0 : (clock.NowUs - sinceUs) / 1000;
        Row(answer, "store", ms, "ms", 0, true, MaxStoreMs, true, isSound && ms <= MaxStoreMs ? 1 : -1, FaultCode.StoreFailed);
    }

    private void Part(ConsoleAnswer answer, int index)
    {
        IPodService pod = _services.Pod!;
        Supervisor supervisor = pod.Peripheral(index);
        bool isMeasuring = supervisor.State == SupervisorState.Measuring;
        FaultCode code = pod.Driver(index).FaultCode;
        Row(
            answer,
            Parts.Id(pod.Options.Peripherals[index].Part),
            (int)supervisor.State,
            "state " + SupervisorWords.Of(supervisor.State),
            (int)SupervisorState.Measuring,
            true,
            (int)SupervisorState.Measuring,
            true,
            isMeasuring ? 1 : -1,
            code != FaultCode.None ? code : supervisor.Reason == AbsenceReason.NotPresent ? FaultCode.PartAbsent : FaultCode.PartFailing);
    }

    private void Limits(ConsoleAnswer answer, string item, long value, string unit, long low, long high, FaultCode code) =>
        Row(answer, item, value, unit, low, true, high, true, value >= low && value <= high ? 1 : -1, code);

    private void AtLeast(ConsoleAnswer answer, string item, long value, string unit, long low, bool isKnown, FaultCode code) =>
        Row(answer, item, value, unit, low, true, 0, false, !isKnown ? 0 : value >= low ? 1 : -1, code);

    // Verdict: 1 passed, -1 failed, 0 skipped.
    private void Row(ConsoleAnswer answer, string item, long value, string unit, long low, bool hasLow, long high, bool hasHigh, int verdict, FaultCode code)
    {
        answer.Text("item", item, 15);
        answer.Text("result", verdict > 0 ? "PASS" : verdict < 0 ? "FAIL" : "SKIP", 6);
        answer.Text("value", verdict == 0 ? string.Empty : value.ToString(), 12);
        answer.Text("unit", unit, 18);
        Limit(answer, "low", low, hasLow);
        Limit(answer, "high", high, hasHigh);
        if (verdict < 0)
        {
            answer.Text("code", "P" + ((int)code).ToString(), 6);
            _failed++;
        }
        else
        {
            answer.None("code", 6);
            _passed += verdict > 0 ? 1 : 0;
            _skipped += verdict == 0 ? 1 : 0;
        }

        answer.EndRow();
        if (verdict < 0)
        {
            answer.Say("      next: " + FaultTexts.Next(code));
        }
    }

    private static void Limit(ConsoleAnswer answer, string name, long value, bool isThere)
    {
        if (isThere)
        {
            answer.Number(name, value, 11);
        }
        else
        {
            answer.None(name, 11);
        }
    }
}
