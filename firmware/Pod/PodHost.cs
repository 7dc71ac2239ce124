using System;
using Firmware.Core;
using Firmware.Pod.Channels;
using Firmware.Pod.Cuff;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Link;
using Firmware.Pod.Store;
using Firmware.Pod.Supervision;
using Firmware.Protocol;

namespace Firmware.Pod;

/// <summary>Called with one whole frame.</summary>
/// <param name="buffer">Holds the frame; valid during the call only, not to be changed.</param>
/// <param name="offset">Where it begins.</param>
/// <param name="length">Its length in bytes.</param>
public delegate void FrameHandler(byte[] buffer, int offset, int length);

/// <summary>
/// One whole pod: everything between the chips and the link, in one loop. Not thread safe; nothing in it waits.
/// </summary>
public sealed class PodHost : IStepped, IPodService
{
    private readonly PodOptions _options;
    private readonly IPodLink _link;
    private readonly EventReporter _events;
    private readonly BusMonitor _bus;
    private readonly II2cPort _i2c;
    private readonly PodRing _ring;
    private readonly RingRecovery _recovery;
    private readonly PodUplink _uplink;
    private readonly LiveSoundSender _liveSound;
    private readonly TimeExchange _time;
    private readonly StateMessage _state;
    private readonly Heartbeat _heartbeat;
    private readonly LinkWatch _watch = new LinkWatch();
    private readonly CarriedAway _carried;
    private uint _givenBack;
    private bool _isOnBench;
    private readonly Supervisor[] _supervisors;
    private readonly Sensor[] _sensors;
    private readonly IDriver[] _drivers;
    private readonly byte[] _nothing = [];
    private readonly string _commandTopic;
    private readonly string _replyTopic;
    private long _nowUs;
    private int _changes;

    /// <summary>Stores and allocates; does no I/O. The first <see cref="Step"/> begins.</summary>
    /// <param name="options">What this pod is.</param>
    /// <param name="i2c">The bus of all its peripherals; when it is an <see cref="II2cRecovery"/> too, a stuck bus is freed.</param>
    /// <param name="store">Durable files for vital signs, events, gaps and the boot counter.</param>
    /// <param name="crc32">The CRC of frames.</param>
    /// <param name="entropy">Random bits, used for a boot id when the store gives none.</param>
    /// <param name="link">The way to the gateway; stepped by this host.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its bounds.</exception>
    /// <exception cref="PodFaultException">A part is fitted that this program cannot drive.</exception>
    public PodHost(PodOptions options, II2cPort i2c, IByteStore store, ICrc32 crc32, IEntropy entropy, IPodLink link)
    {
        Validate(options);
        _options = options;
        _link = link;
        _i2c = i2c;
        Counters = new PodCounters();
        _events = new EventReporter(Counters);
        _bus = new BusMonitor(i2c, Counters, _events, options.Clock);
        _bus.Held += OnBusHeld;
        SegmentLog log = new(store, crc32, Counters);
        _ring = new PodRing(options, log, crc32, Counters, _events);
        _recovery = new RingRecovery(options, store, crc32, entropy, log, _ring, Counters, _events);
        _uplink = new PodUplink(options, _ring, link, Counters, _events);
        _liveSound = new LiveSoundSender(options, _ring, link, Counters);
        _time = new TimeExchange(options, _ring, link, Counters, _events, _watch);
        _state = new StateMessage(options, link);
        _heartbeat = new Heartbeat(options, _ring, log, Counters, _events.Trace);
        _carried = new CarriedAway(options.SamePatientAfterMs);
        _commandTopic = Topics.Command(options.DeviceId);
        _replyTopic = Topics.TimeReply(options.DeviceId);
        _supervisors = new Supervisor[options.Peripherals.Length];
        _sensors = new Sensor[options.Peripherals.Length];
        _drivers = new IDriver[options.Peripherals.Length];
        PartFactory parts = new(options, _bus, _ring, Counters, _events, Situation, _watch);
        for (int i = 0; i < _sensors.Length; i++)
        {
            parts.Make(options.Peripherals[i], out IDriver driver, out _sensors[i]);
            _drivers[i] = driver;
            _supervisors[i] = new Supervisor(driver, _sensors[i], _bus, options.Peripherals[i].Address, _events);
        }

        link.Connected += OnConnected;
        link.Lost += OnLost;
        link.Acknowledged += OnAcknowledged;
        link.Message += OnMessage;
    }

    /// <summary>A frame was made (before any delivery).</summary>
    public event FrameHandler? FrameProduced
    {
        add => _ring.FrameProduced += value;
        remove => _ring.FrameProduced -= value;
    }

    /// <summary>A frame of an earlier boot was found in the store and will be sent.</summary>
    public event FrameHandler? FrameRecovered
    {
        add => _ring.FrameRecovered += value;
        remove => _ring.FrameRecovered -= value;
    }

    /// <summary>A frame is flushed to the store: it survives a power cut.</summary>
    public event FrameHandler? FrameStored
    {
        add => _ring.FrameStored += value;
        remove => _ring.FrameStored -= value;
    }

    /// <summary>The gateway has taken responsibility for a frame, and the pod forgets it.</summary>
    public event FrameHandler? FrameAcknowledged
    {
        add => _ring.FrameAcknowledged += value;
        remove => _ring.FrameAcknowledged -= value;
    }

    /// <summary>A frame gave way in a full ring; a gap record declares it.</summary>
    public event FrameHandler? FrameEvicted
    {
        add => _ring.FrameEvicted += value;
        remove => _ring.FrameEvicted -= value;
    }

    /// <summary>What the pod has counted.</summary>
    public PodCounters Counters { get; }

    /// <summary>The newest faults, for the console: code and stream.</summary>
    public TraceRing Trace => _events.Trace;

    /// <summary>True when the store has been read and measuring has begun.</summary>
    public bool IsReady => _recovery.IsDone;

    /// <summary>This boot's number; 0 until <see cref="IsReady"/>.</summary>
    public uint BootId => _recovery.BootId;

    /// <summary>The binding epoch in force, 0 for none. A reboot forgets it; a lost link does not, until no sensor was on the patient for <see cref="PodOptions.SamePatientAfterMs"/>.</summary>
    public uint Epoch { get; private set; }

    /// <summary>What one peripheral must know of another.</summary>
    public PodSituation Situation { get; } = new PodSituation();

    /// <inheritdoc/>
    public bool IsConnected => _link.IsConnected;

    /// <inheritdoc/>
    public bool IsStoreOk => _ring.StoreOk;

    /// <inheritdoc/>
    public PodOptions Options => _options;

    /// <inheritdoc/>
    public II2cPort Bus => _i2c;

    /// <inheritdoc/>
    public bool IsOnBench
    {
        get => _isOnBench;
        set
        {
            if (value != _isOnBench)
            {
                _isOnBench = value;
                _state.Change(); // the gateway gives a bench no epoch, and gives it again afterwards
            }
        }
    }

    /// <inheritdoc/>
    public bool IsRestarting { get; set; }

    /// <summary>How many peripherals there are.</summary>
    public int PeripheralCount => _supervisors.Length;

    /// <summary>Frames not acknowledged.</summary>
    public int Pending => _ring.Pending;

    /// <summary>One peripheral.</summary>
    /// <param name="index">Its place in the options.</param>
    /// <returns>Its supervisor.</returns>
    public Supervisor Peripheral(int index) => _supervisors[index];

    /// <inheritdoc/>
    public IDriver Driver(int index) => _drivers[index];

    /// <inheritdoc/>
    public int PendingOf(FrameClass frameClass) => _ring.Queue(frameClass).Pending;

    /// <summary>Reports what the board's program knows: why the boot before ended, a pressed button.</summary>
    /// <param name="code">The code; None is ignored.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Report(FaultCode code, long nowUs) => _events.Report(code, 0, nowUs);

    /// <summary>Empties the cuff and ends its measurement, as the STOP button on the pod asks for: under any session, at any time.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void StopCuff(long nowUs)
    {
        for (int i = 0; i < _sensors.Length; i++)
        {
            _sensors[i].TryCommand(PodCommand.StopCuff, _nothing, 0, 0, nowUs);
        }
    }

    /// <inheritdoc/>
    public byte[] Health(long nowUs) => _heartbeat.Fill(!Situation.NeedsSteadyLoop, IsOnBench, _supervisors, nowUs);

    /// <inheritdoc/>
    public bool TestCuff(long nowUs)
    {
        bool taken = false;
        byte[] offTheArm = [BloodPressure.OffTheArm];
        for (int i = 0; i < _sensors.Length; i++)
        {
            taken |= _sensors[i].TryCommand(PodCommand.TestCuff, offTheArm, 0, 1, nowUs);
        }

        return taken;
    }

    /// <inheritdoc/>
    public bool TryHoldCuff(long nowUs)
    {
        for (int i = 0; Epoch == 0 && i < _sensors.Length; i++)
        {
            if (_sensors[i].TryHold(nowUs))
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public void HoldKey(long nowUs)
    {
        for (int i = 0; i < _sensors.Length; i++)
        {
            _sensors[i].HoldKey(nowUs);
        }
    }

    /// <inheritdoc/>
    public bool IsCuffHeld
    {
        get
        {
            bool isHeld = false;
            for (int i = 0; i < _sensors.Length; i++)
            {
                isHeld |= _sensors[i].KeepsPressure;
            }

            return isHeld;
        }
    }

    /// <inheritdoc/>
    public FaultCode CuffHoldEnd
    {
        get
        {
            for (int i = 0; i < _sensors.Length; i++)
            {
                if (_sensors[i].HoldEnd != FaultCode.None)
                {
                    return _sensors[i].HoldEnd;
                }
            }

            return FaultCode.None;
        }
    }

    /// <inheritdoc/>
    public void RetryPeripherals(long nowUs)
    {
        for (int i = 0; i < _supervisors.Length; i++)
        {
            _supervisors[i].Retry(nowUs);
        }
    }

    /// <inheritdoc/>
    public void ProduceSimulated(int stream, uint mdcCode, int value, int exponent, long nowUs)
    {
        int flags = _options.FrameFlags;
        _options.FrameFlags = flags | FrameFlags.Simulated;
        NumericBody.Write(_ring.Scratch, PodRing.BodyOffset, mdcCode, value, exponent, AbsenceReason.None, 100, 1000);
        _ring.Commit(FrameKind.Numeric, stream, NumericBody.Length, nowUs, 0, nowUs);
        _options.FrameFlags = flags;
    }

    /// <summary>Puts all vital signs, events and gaps into the store at once, in order to be switched off.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when all of them are there.</returns>
    public bool Flush(long nowUs) => IsReady && _ring.FlushAll(nowUs);

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        _heartbeat.OnStep(nowUs);
        _nowUs = nowUs;
        _bus.NowUs = nowUs;
        long next = _link.Step(nowUs);
        nowUs = Now(nowUs);
        if (!_recovery.IsDone)
        {
            return Earlier(next, _recovery.Step(nowUs));
        }

        long sent = Sent;
        int changes = 0;
        int probeUs = 0;
        bool isApplied = false;
        for (int i = 0; i < _supervisors.Length; i++)
        {
            next = Earlier(next, _supervisors[i].Step(nowUs));
            nowUs = _bus.NowUs; // later than it was when the bus stood
            _nowUs = nowUs;
            next = Earlier(next, _sensors[i].Step(_supervisors[i].Reason, nowUs));
            isApplied |= _sensors[i].IsApplied;
            nowUs = Now(nowUs);
            changes += _supervisors[i].Changes + _sensors[i].Changes;
            int asked = _sensors[i].LinkProbePeriodUs;
            probeUs = asked > 0 && (probeUs == 0 || asked < probeUs) ? asked : probeUs;
        }

        next = Earlier(next, LookAtPatient(isApplied, nowUs));
        if (changes != _changes)
        {
            _changes = changes;
            _state.Change();
        }

        _time.ProbePeriodUs = probeUs;
        next = Earlier(next, _time.Step(nowUs));
        next = Earlier(next, _ring.Step(nowUs, _link.IsConnected, Situation.NeedsSteadyLoop));
        _events.Step(_ring, Epoch, nowUs);
        next = Earlier(next, _heartbeat.Step(_link.IsConnected && !Situation.NeedsSteadyLoop, IsOnBench, _supervisors, nowUs));
        next = Earlier(next, _state.Step(BootId, Epoch, IsOnBench, _supervisors, nowUs));
        if (_liveSound.IsWaiting)
        {
            // Vital signs, then the live copy, then the durable one.
            _uplink.SendUrgent(nowUs);
            _liveSound.Step(nowUs);
        }

        next = Earlier(next, _uplink.Step(nowUs));
        next = Earlier(next, _events.NextUs);
        Counters.Pending = _ring.Pending;

        // What was given to the link leaves in its own step.
        next = sent == Sent && next > nowUs ? next : nowUs;
        _heartbeat.OnStepEnd(next, Now(nowUs));
        return next;
    }

    private long LookAtPatient(bool isApplied, long nowUs)
    {
        if (Epoch == 0)
        {
            return long.MaxValue;
        }

        if (_carried.IsOver(_link.IsConnected, isApplied, nowUs))
        {
            _givenBack = Epoch;
            SetEpoch(0);
            _events.Report(FaultCode.EpochWithdrawnByPod, 0, nowUs);
            return nowUs;
        }

        return _link.IsConnected ? long.MaxValue : _carried.OverUs;
    }

    private long Sent => Counters.MessagesSent + Counters.LiveSoundSent + _time.Sent + _state.Sent;

    private static long Earlier(long a, long b) => a < b ? a : b;

    // A call that waits for the store, the link or a bus makes the rest of a step late: a part that is read then is read at its true time.
    private long Now(long nowUs)
    {
        if (_options.Clock == null)
        {
            return nowUs;
        }

        long now = _options.Clock.NowUs;
        _bus.NowUs = now > nowUs ? now : nowUs;
        return _bus.NowUs;
    }

    private static void Validate(PodOptions options)
    {
        if (options.DeviceId == 0)
        {
            throw new ArgumentOutOfRangeException(nameof(options), "DeviceId is 0: give the pod its EUI-64.");
        }

        if (options.Peripherals.Length > PodOptions.MaxPeripherals)
        {
            throw new ArgumentOutOfRangeException(nameof(options), "More than 8 peripherals.");
        }

        if (options.VitalRingBytes < Frame.MaxMessageLength
            || options.GapRingBytes < Frame.MaxMessageLength
            || options.EventRingBytes < Frame.MaxMessageLength
            || options.WaveRingBytes < Frame.MaxMessageLength
            || options.SoundRingBytes < Frame.MaxMessageLength)
        {
            throw new ArgumentOutOfRangeException(nameof(options), "Every ring needs room for the longest frame, 4096 bytes.");
        }

        if (options.VitalRingBytes > RuntimeBounds.MaxArrayBytes
            || options.GapRingBytes > RuntimeBounds.MaxArrayBytes
            || options.EventRingBytes > RuntimeBounds.MaxArrayBytes
            || options.WaveRingBytes > RuntimeBounds.MaxArrayBytes
            || options.SoundRingBytes > RuntimeBounds.MaxArrayBytes)
        {
            throw new ArgumentOutOfRangeException(nameof(options), "A ring is one array, and the board's runtime has none above 786,399 bytes.");
        }

        if (options.SegmentBytes < 1024 || options.MaxSegments < 3)
        {
            throw new ArgumentOutOfRangeException(nameof(options), "SegmentBytes is at least 1024 and MaxSegments at least 3.");
        }

        // Everything in RAM must find room in the store besides the segment that is written and the one that is cleared.
        long durable = ((long)options.VitalRingBytes + options.GapRingBytes + options.EventRingBytes) * 9 / 8;
        if (durable > (options.MaxSegments - 2L) * options.SegmentBytes)
        {
            throw new ArgumentOutOfRangeException(nameof(options), "The store is smaller than the rings: raise MaxSegments or SegmentBytes, or make the rings smaller.");
        }

        if (options.WindowMessages < 1 || options.WindowMessages > PodUplink.MaxWindow)
        {
            throw new ArgumentOutOfRangeException(nameof(options), "WindowMessages is 1 to 32.");
        }

        if (options.SendBytes < 1 || options.SendBytes > Frame.MaxMessageLength || options.SendAfterMs < 0 || options.FlushPeriodMs < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(options), "SendBytes is 1 to 4096; SendAfterMs and FlushPeriodMs are not negative.");
        }

        if (options.MinPulseQuality < 0 || options.MinPulseQuality > 100 || options.PulseStaleMs < 1500)
        {
            throw new ArgumentOutOfRangeException(nameof(options), "MinPulseQuality is 0 to 100; PulseStaleMs is at least 1500.");
        }

        if (options.AcknowledgeTimeoutMs < 100 || options.TimePeriodMs < 100 || options.SamePatientAfterMs < 1000 || options.TemperatureStaleMs < 100 || options.TemperatureWindowMs < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(options), "Timeouts and periods are at least 100 ms, SamePatientAfterMs 1,000 ms, the temperature's window 1 ms.");
        }
    }

    // Valves first, whatever part's transaction it was. With no pressure held it changes nothing.
    private void OnBusHeld(long nowUs)
    {
        for (int i = 0; i < _sensors.Length; i++)
        {
            _sensors[i].OnBusHeld(nowUs);
        }
    }

    private void OnConnected()
    {
        _watch.Connect(_nowUs);
        _time.Connect(_nowUs);
        _state.Change();
    }

    private void OnLost()
    {
        _watch.OnLinkLost();
        Counters.LinksLost++;
        _uplink.Void();
        _events.Report(FaultCode.LinkLost, 0, _nowUs);
    }

    private void OnAcknowledged(int ticket)
    {
        // A ticket that is void was still answered by a living gateway; it only proves nothing.
        _watch.Hear(_nowUs);
        _watch.Answer(_uplink.Acknowledge(ticket, _nowUs), _nowUs);
    }

    private void OnMessage(string topic, byte[] buffer, int count)
    {
        _watch.Hear(_nowUs);
        if (string.Equals(topic, _replyTopic))
        {
            // A reply to a request of this boot can only come when it has begun.
            if (_recovery.IsDone)
            {
                _time.Reply(buffer, count, _nowUs);
            }

            return;
        }

        if (!string.Equals(topic, _commandTopic) || count < PodCommand.HeaderLength || buffer[0] != 1)
        {
            Counters.CommandsIgnored++;
            return;
        }

        switch (buffer[1])
        {
            case PodCommand.SetEpoch:
                if (count == PodCommand.HeaderLength + 4)
                {
                    SetEpoch(LittleEndian.ReadUInt32(buffer, PodCommand.HeaderLength));
                    return;
                }

                break;
            case PodCommand.Stored:
                return; // the link's own; for one that gave its ticket up meanwhile
            case PodCommand.RetryPeripherals:
                RetryPeripherals(_nowUs);
                return;
            default:
                if ((buffer[1] == PodCommand.StartCuff || buffer[1] == PodCommand.TestCuff) && _watch.IsRepeated(LittleEndian.ReadUInt16(buffer, 2)))
                {
                    _events.Report(FaultCode.CuffCommandRepeated, 0, _nowUs);
                    return;
                }

                bool taken = false;
                for (int i = 0; i < _sensors.Length; i++)
                {
                    taken |= _sensors[i].TryCommand(buffer[1], buffer, PodCommand.HeaderLength, count - PodCommand.HeaderLength, _nowUs);
                }

                if (taken)
                {
                    if (buffer[1] == PodCommand.StartCuff && Situation.IsCuffInflated)
                    {
                        _carried.OnPatientNamed(_nowUs);
                    }

                    return;
                }

                break;
        }

        Counters.CommandsIgnored++;
    }

    private void SetEpoch(uint epoch)
    {
        if (epoch == Epoch)
        {
            return; // sent again at each connection; nobody at the bedside has said anything
        }

        if (epoch != 0 && epoch == _givenBack)
        {
            // Whoever wears the sensors now may be somebody else: only another epoch is for them.
            _events.Report(FaultCode.EpochWithdrawnByPod, 0, _nowUs);
            return;
        }

        if (epoch != 0 && (IsOnBench || IsRestarting))
        {
            // What comes of a bench never belongs to a patient.
            _events.Report(FaultCode.BenchNoSession, 0, _nowUs);
            return;
        }

        for (int i = 0; i < _sensors.Length; i++)
        {
            _sensors[i].ChangeEpoch(epoch, _nowUs);
        }

        Epoch = epoch;
        _carried.OnPatientNamed(_nowUs);
        _state.Change();
    }
}
