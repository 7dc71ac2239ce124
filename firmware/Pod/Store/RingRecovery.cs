using Firmware.Core;
using Firmware.Pod.Diagnostics;
using Firmware.Protocol;

namespace Firmware.Pod.Store;

/// <summary>
/// Reads the store at the start, a window at a time: cuts torn tails, sets damage aside, takes up the frames that were not released, and
/// declares what is missing of earlier boots.
/// </summary>
public sealed class RingRecovery
{
    /// <summary>Bytes read at a time: the longest record and more.</summary>
    public const int WindowBytes = Frame.MaxMessageLength + 512;

    /// <summary>Frames taken up in one step.</summary>
    public const int FramesPerStep = 16;

    /// <summary>Accounts kept free for the streams of this boot.</summary>
    public const int SpareLedgers = 24;

    /// <summary>Single sequence gaps of one stream that are declared one by one; more are declared as one range.</summary>
    public const int MaxSequenceGaps = 4;

    // Pause between two steps, so that the link is served.
    private const long PauseUs = 1_000;

    private enum Stage : byte
    {
        List,
        Scan,
        Sort,
        Load,
        Done,
    }

    private readonly PodOptions _options;
    private readonly IByteStore _store;
    private readonly ICrc32 _crc32;
    private readonly IEntropy _entropy;
    private readonly SegmentLog _log;
    private readonly PodRing _ring;
    private readonly PodCounters _counters;
    private readonly EventReporter _events;
    private readonly byte[] _window = new byte[WindowBytes];
    private Stage _stage;
    private string[] _names = null!;
    private int _segment;
    private int _position;
    private int _length;
    private int _bad;
    private uint _segmentBoot;
    private uint _tornBoot;
    private int _torn;
    private uint _highestBoot;
    private bool _damaged;

    private int _frames;
    private int[] _frameSegment = null!;
    private int[] _framePosition = null!;
    private int[] _frameLength = null!;
    private int[] _frameLedger = null!;
    private uint[] _frameSequence = null!;
    private int[] _order = null!;
    private int _loaded;
    private int _ledger;
    private int _ledgers;
    private uint _next;
    private int _sequenceGaps;

    /// <summary>No I/O.</summary>
    /// <param name="options">The bounds.</param>
    /// <param name="store">The store.</param>
    /// <param name="crc32">The CRC.</param>
    /// <param name="entropy">Random bits.</param>
    /// <param name="log">The segments.</param>
    /// <param name="ring">Where the frames go.</param>
    /// <param name="counters">The counters.</param>
    /// <param name="events">Where faults are reported.</param>
    public RingRecovery(
        PodOptions options,
        IByteStore store,
        ICrc32 crc32,
        IEntropy entropy,
        SegmentLog log,
        PodRing ring,
        PodCounters counters,
        EventReporter events)
    {
        _options = options;
        _store = store;
        _crc32 = crc32;
        _entropy = entropy;
        _log = log;
        _ring = ring;
        _counters = counters;
        _events = events;
    }

    /// <summary>True when this boot has begun.</summary>
    public bool IsDone => _stage == Stage.Done;

    /// <summary>This boot's number, once it was raised.</summary>
    public uint BootId { get; private set; }

    /// <summary>One piece of work.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(long nowUs)
    {
        switch (_stage)
        {
            case Stage.List:
                List();
                break;
            case Stage.Scan:
                Scan(nowUs);
                break;
            case Stage.Sort:
                Raise(nowUs);
                break;
            case Stage.Load:
                Load(nowUs);
                break;
            default:
                return long.MaxValue;
        }

        return nowUs + PauseUs;
    }

    private void List()
    {
        _names = _store.List();
        _log.Open(_names, _options.MaxSegments + 2);
        int bytes = 0;
        for (int i = 0; i < _log.Count; i++)
        {
            bytes += _log.LengthOf(i);
        }

        int most = (bytes / (Frame.Overhead + SegmentLog.RecordHeadLength)) + 1;
        _frameSegment = new int[most];
        _framePosition = new int[most];
        _frameLength = new int[most];
        _frameLedger = new int[most];
        _frameSequence = new uint[most];
        _segment = -1;
        NextSegment();
    }

    private void NextSegment()
    {
        if (_segment >= 0)
        {
            EndOfSegment();
        }

        _segment++;
        _position = 0;
        _bad = 0;
        if (_segment < _log.Count)
        {
            _length = _log.LengthOf(_segment);
            _stage = Stage.Scan;
            return;
        }

        _counters.StoreBytesTorn += _torn;
        _stage = Stage.Sort;
    }

    // Bad bytes at the end of a segment are a torn tail when the boot ended there, and damage when the same boot wrote a further segment,
    // since it flushed the one before it began the next.
    private void EndOfSegment()
    {
        if (_bad > 0)
        {
            _counters.StoreBytesTorn += _torn;
            _torn = _bad;
            _tornBoot = _segmentBoot;
        }
    }

    private void Scan(long nowUs)
    {
        int count = _length - _position;
        if (count <= 0)
        {
            NextSegment();
            return;
        }

        if (count > WindowBytes)
        {
            count = WindowBytes;
        }

        if (_log.Read(_segment, _position, _window, count) != StoreStatus.Ok)
        {
            _counters.StoreBytesDamaged += _length - _position;
            _damaged = true;
            _position = _length;
            _events.Report(FaultCode.StoreFailed, 0, nowUs);
            return;
        }

        bool last = _position + count == _length;
        int at = 0;
        while (at < count)
        {
            int record = SegmentLog.Check(_window, at, count - at, _crc32);
            if (record < 0 && !last && at > 0)
            {
                break; // the window ends within a record
            }

            if (record <= 0)
            {
                at++;
                _bad++;
                continue;
            }

            if (_bad > 0)
            {
                _counters.StoreBytesDamaged += _bad;
                _damaged = true;
                _bad = 0;
            }

            TakeRecord(at);
            at += record;
        }

        _position += at;
    }

    private void TakeRecord(int at)
    {
        int payload = at + SegmentLog.RecordHeadLength;
        switch (_window[at])
        {
            case SegmentLog.HeaderRecord:
                _segmentBoot = LittleEndian.ReadUInt32(_window, payload + 4);
                See(_segmentBoot);
                if (_torn > 0 && _tornBoot == _segmentBoot)
                {
                    _counters.StoreBytesDamaged += _torn;
                    _damaged = true;
                    _torn = 0;
                }

                break;
            case SegmentLog.MarkRecord:
                TakeMark(payload);
                break;
            default:
                TakeFrame(at, payload);
                break;
        }
    }

    private void TakeMark(int payload)
    {
        StreamLedger? ledger = LedgerOf(
            LittleEndian.ReadUInt32(_window, payload),
            LittleEndian.ReadUInt16(_window, payload + 4),
            (FrameClass)_window[payload + 6]);
        if (ledger == null)
        {
            return;
        }

        uint ceiling = LittleEndian.ReadUInt32(_window, payload + 8);
        uint released = LittleEndian.ReadUInt32(_window, payload + 12);
        ledger.Closed |= _window[payload + 7] == 1;
        ledger.ClosedStored = ledger.Closed;
        ledger.Ceiling = ceiling > ledger.Ceiling ? ceiling : ledger.Ceiling;
        ledger.Released = released > ledger.Released ? released : ledger.Released;
        ledger.ReleasedStored = ledger.Released;
    }

    private void TakeFrame(int at, int payload)
    {
        uint boot = Frame.BootId(_window, payload);
        int stream = Frame.Stream(_window, payload);
        if (Frame.DeviceId(_window, payload) != _options.DeviceId)
        {
            return; // another pod's store: its frames are not ours to send
        }

        StreamLedger? ledger = LedgerOf(boot, stream, FrameClasses.Of(Frame.Kind(_window, payload), stream));
        if (ledger == null || _frames == _frameSegment.Length)
        {
            return;
        }

        _frameSegment[_frames] = _segment;
        _framePosition[_frames] = _position + at + SegmentLog.RecordHeadLength;
        _frameLength[_frames] = Frame.TotalLength(_window, payload);
        _frameLedger[_frames] = IndexOf(ledger);
        _frameSequence[_frames] = Frame.Sequence(_window, payload);
        _frames++;
    }

    private StreamLedger? LedgerOf(uint boot, int stream, FrameClass frameClass)
    {
        See(boot);
        StreamLedger? ledger = _ring.Ledgers.Find(boot, stream);
        if (ledger != null || _ring.Ledgers.Count < LossLedger.MaxLedgers - SpareLedgers)
        {
            return ledger ?? _ring.Ledgers.FindOrAdd(boot, stream, frameClass);
        }

        // More boots than can be kept account of: their frames are not taken up, and that is said.
        _counters.GapsDropped++;
        _events.Report(FaultCode.GapRecordLost, stream, 0);
        return null;
    }

    private void See(uint boot)
    {
        if ((boot & BootCounter.RandomBit) == 0 && boot > _highestBoot)
        {
            _highestBoot = boot;
        }
    }

    private int IndexOf(StreamLedger ledger)
    {
        int i = 0;
        while (_ring.Ledgers.At(i) != ledger)
        {
            i++;
        }

        return i;
    }

    private void Raise(long nowUs)
    {
        BootId = BootCounter.Raise(_store, _entropy, _names, _highestBoot, _counters);
        bool storeOk = (BootId & BootCounter.RandomBit) == 0;
        _ring.Begin(BootId, storeOk, nowUs);
        if (!storeOk)
        {
            _events.Report(FaultCode.StoreUnavailable, 0, nowUs);
        }

        if (_damaged)
        {
            _events.Report(FaultCode.StoreDamaged, 0, nowUs);
        }

        _order = new int[_frames];
        int kept = 0;
        for (int i = 0; i < _frames; i++)
        {
            if (_frameSequence[i] > _ring.Ledgers.At(_frameLedger[i]).Released)
            {
                _order[kept++] = i;
            }
        }

        _frames = kept;
        Sort();
        _ledgers = _ring.Ledgers.Count;
        _ledger = 0;
        BeginLedger();
        _stage = Stage.Load;
    }

    // Order: account (the order in which boots and streams first appear), number, and of copies the newest last. Shell's method: no recursion, no memory.
    private void Sort()
    {
        for (int gap = _frames / 2; gap > 0; gap /= 2)
        {
            for (int i = gap; i < _frames; i++)
            {
                int moving = _order[i];
                int j = i;
                while (j >= gap && IsBefore(moving, _order[j - gap]))
                {
                    _order[j] = _order[j - gap];
                    j -= gap;
                }

                _order[j] = moving;
            }
        }
    }

    private bool IsBefore(int a, int b)
    {
        if (_frameLedger[a] != _frameLedger[b])
        {
            return _frameLedger[a] < _frameLedger[b];
        }

        return _frameSequence[a] != _frameSequence[b] ? _frameSequence[a] < _frameSequence[b] : a < b;
    }

    private void BeginLedger()
    {
        if (_ledger < _ledgers)
        {
            _next = _ring.Ledgers.At(_ledger).Released + 1;
            _sequenceGaps = 0;
        }
    }

    private void Load(long nowUs)
    {
        for (int i = 0; i < FramesPerStep; i++)
        {
            if (_ledger >= _ledgers)
            {
                Close(nowUs);
                return;
            }

            if (_loaded == _frames || _frameLedger[_order[_loaded]] != _ledger)
            {
                EndLedger(nowUs);
                _ledger++;
                BeginLedger();
                continue;
            }

            int frame = _order[_loaded++];
            bool copied = _loaded < _frames && _frameLedger[_order[_loaded]] == _ledger && _frameSequence[_order[_loaded]] == _frameSequence[frame];
            if (!copied)
            {
                LoadFrame(frame, nowUs);
            }
        }
    }

    private void LoadFrame(int frame, long nowUs)
    {
        int length = _frameLength[frame];
        if (_log.Read(_frameSegment[frame], _framePosition[frame], _window, length) != StoreStatus.Ok
            || Frame.Check(_window, 0, length, _crc32, out int _) != FrameFault.None)
        {
            _events.Report(FaultCode.StoreFailed, 0, nowUs);
            return; // its number becomes a sequence gap
        }

        uint sequence = _frameSequence[frame];
        Declare(_next, sequence - 1, nowUs);
        _next = sequence + 1;

        // The flag is part of what the CRC covers, so the frame is sealed again; its identity stays.
        LittleEndian.WriteUInt16(_window, 18, Frame.Flags(_window, 0) | FrameFlags.FromStorage);
        Frame.Seal(_window, 0, _crc32);
        _ring.Restore(_window, 0, length, _log.Number(_frameSegment[frame]));
    }

    private void EndLedger(long nowUs)
    {
        StreamLedger ledger = _ring.Ledgers.At(_ledger);
        if (ledger.Last < ledger.Released)
        {
            ledger.Last = ledger.Released;
        }

        _sequenceGaps = 0;
        Declare(_next, ledger.Ceiling, nowUs);
    }

    // How many of the numbers were really given out, and how many of those the gateway has, is not known: a range with a count of at least 0.
    private void Declare(uint first, uint last, long nowUs)
    {
        StreamLedger ledger = _ring.Ledgers.At(_ledger);
        if (first > last || (ledger.Closed && !_damaged))
        {
            return;
        }

        _sequenceGaps++;
        if (_sequenceGaps > MaxSequenceGaps)
        {
            ledger.AddLoss(first, last, 0, 0, 0, Cause(ledger), true);
            _ring.Ledgers.MarkLossesPending();
            return;
        }

        _ring.Declare(ledger.BootId, ledger.Stream, Cause(ledger), GapBody.Readings | GapBody.AtLeast, first, last, 0, 0, 0, 0, nowUs);
    }

    private GapCause Cause(StreamLedger ledger) =>
        _damaged && (ledger.Closed || FrameClasses.IsDurable(ledger.Class)) ? GapCause.StoreDamaged : GapCause.PowerLost;

    private void Close(long nowUs)
    {
        bool any = false;
        for (int i = 0; i < _ledgers; i++)
        {
            any |= !_ring.Ledgers.At(i).Closed;
            _ring.Ledgers.At(i).Closed = true;
        }

        if (any)
        {
            _events.Report(FaultCode.PowerLost, 0, nowUs);
        }

        _stage = Stage.Done;
        _ring.EndRecovery();
        _ring.FlushAll(nowUs);
    }
}
