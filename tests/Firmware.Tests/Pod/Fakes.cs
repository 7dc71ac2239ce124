using System;
using Firmware.Core;
using Firmware.Pod.Channels;
using Firmware.Protocol;

namespace Firmware.Tests.Pod;

/// <summary>Random bits that are not.</summary>
public sealed class FakeEntropy : IEntropy
{
    private uint _state = 0x1234;

    /// <inheritdoc/>
    public uint NextUInt32()
    {
        _state = (_state * 1664525) + 1013904223;
        return _state;
    }
}

/// <summary>A bus with nothing on it, whose answer is set.</summary>
public sealed class FakeBus : II2cPort, II2cRecovery
{
    /// <summary>What every transaction ends with.</summary>
    public I2cStatus Status { get; set; } = I2cStatus.AddressNack;

    /// <summary>Whether clocking frees the bus.</summary>
    public bool CanFree { get; set; }

    /// <summary>How often it was tried.</summary>
    public int FreeCalls { get; private set; }

    /// <summary>Transactions so far.</summary>
    public int Transactions { get; private set; }

    /// <inheritdoc/>
    public bool TryFree()
    {
        FreeCalls++;
        if (CanFree)
        {
            Status = I2cStatus.Ok;
        }

        return CanFree;
    }

    /// <inheritdoc/>
    public I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount)
    {
        Transactions++;
        return Status;
    }
}

/// <summary>What the fake drivers share: the next results are set by the test.</summary>
public abstract class FakeDriver : IDriver
{
    /// <summary>None: the part works. Else: it fails with this reason.</summary>
    public AbsenceReason FailWith { get; set; }

    /// <summary>How often it was restarted.</summary>
    public int Restarts { get; private set; }

    /// <summary>How often it was probed.</summary>
    public int Probes { get; private set; }

    /// <summary>From one measurement to the next, µs.</summary>
    public long PeriodUs { get; set; }

    /// <inheritdoc/>
    public abstract string PartName { get; }

    /// <inheritdoc/>
    public long NextStepUs { get; protected set; }

    /// <inheritdoc/>
    public AbsenceReason Reason { get; private set; }

    /// <inheritdoc/>
    public FaultCode FaultCode { get; private set; }

    /// <inheritdoc/>
    public void Restart() => Restarts++;

    /// <inheritdoc/>
    public DriverResult Probe(long nowUs)
    {
        Probes++;
        NextStepUs = nowUs + 1000;
        return End();
    }

    /// <inheritdoc/>
    public DriverResult Measure(long nowUs)
    {
        NextStepUs = nowUs + PeriodUs;
        DriverResult result = End();
        if (result == DriverResult.Ready)
        {
            Make(nowUs);
        }

        return result;
    }

    /// <summary>Makes new counts.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    protected abstract void Make(long nowUs);

    private DriverResult End()
    {
        Reason = FailWith;
        FaultCode = FailWith == AbsenceReason.None ? FaultCode.None : FaultCode.Tmp117BusFault;
        return FailWith == AbsenceReason.None ? DriverResult.Ready : DriverResult.Failed;
    }
}

/// <summary>A thermometer.</summary>
public sealed class FakeTemperature : FakeDriver, ITemperatureSource
{
    /// <summary>One value a second.</summary>
    public FakeTemperature() => PeriodUs = 1_000_000;

    /// <summary>When true, no new conversion is made.</summary>
    public bool Frozen { get; set; }

    /// <inheritdoc/>
    public override string PartName => "TMP117";

    /// <inheritdoc/>
    public int TemperatureMilliCelsius { get; set; } = 36_500;

    /// <inheritdoc/>
    public long SampledAtUs { get; private set; }

    /// <inheritdoc/>
    protected override void Make(long nowUs)
    {
        if (!Frozen)
        {
            SampledAtUs = nowUs;
        }
    }
}

/// <summary>An oximeter whose counts are a running number, so that every sample can be told from every other.</summary>
public sealed class FakeLight : FakeDriver, ILightSource
{
    private int _next;
    private long _nextUs = -1;

    /// <summary>Five samples of 20 ms at a time.</summary>
    public FakeLight() => PeriodUs = 100_000;

    /// <summary>Samples to lose before the next batch.</summary>
    public int SamplesToDrop { get; set; }

    /// <summary>Whether the next batch brings a die temperature.</summary>
    public bool Die { get; set; }

    /// <inheritdoc/>
    public override string PartName => "MAX30102";

    /// <inheritdoc/>
    public int SampleCount { get; set; }

    /// <inheritdoc/>
    public int[] Red { get; } = new int[32];

    /// <inheritdoc/>
    public int[] Infrared { get; } = new int[32];

    /// <inheritdoc/>
    public long FirstSampleUs { get; private set; }

    /// <inheritdoc/>
    public int SamplePeriodUs => 20_000;

    /// <inheritdoc/>
    public int LostSamples { get; private set; }

    /// <inheritdoc/>
    public bool LostIsLowerBound => false;

    /// <inheritdoc/>
    public SampleLoss LossCause => LostSamples > 0 ? SampleLoss.Overrun : SampleLoss.None;

    /// <inheritdoc/>
    public bool AmbientLightOverflow => false;

    /// <inheritdoc/>
    public int RedCurrentCode { get; private set; } = 0x20;

    /// <inheritdoc/>
    public int InfraredCurrentCode { get; private set; } = 0x20;

    /// <inheritdoc/>
    public bool DieTemperatureReady { get; private set; }

    /// <inheritdoc/>
    public int DieTemperatureMilliCelsius => 31_000;

    /// <inheritdoc/>
    public void SetLedCurrent(int redCode, int infraredCode)
    {
        RedCurrentCode = redCode;
        InfraredCurrentCode = infraredCode;
    }

    /// <inheritdoc/>
    protected override void Make(long nowUs)
    {
        if (_nextUs < 0 || nowUs - _nextUs > 1_000_000)
        {
            _nextUs = nowUs - 100_000;
        }

        LostSamples = SamplesToDrop;
        _next += SamplesToDrop;
        _nextUs += SamplesToDrop * 20_000L;
        SamplesToDrop = 0;
        int count = 0;
        FirstSampleUs = _nextUs;
        while (count < 32 && _nextUs < nowUs)
        {
            Red[count] = _next & 0x3FFFF;
            Infrared[count] = (_next + 0x20000) & 0x3FFFF;
            _next++;
            count++;
            _nextUs += 20_000;
        }

        SampleCount = count;
        DieTemperatureReady = Die;
        Die = false;
    }
}

/// <summary>A link that the test connects, loses and acknowledges by hand.</summary>
public sealed class FakeLink : IPodLink
{
    private const int Room = 64;

    private readonly int[] _tickets = new int[Room];
    private readonly long[] _dueUs = new long[Room];
    private int _waiting;
    private readonly byte[][] _probes = new byte[Room][];
    private readonly long[] _probeDueUs = new long[Room];
    private string _probeTopic = string.Empty;
    private int _probesWaiting;

    /// <inheritdoc/>
    public event LinkAcknowledgedHandler? Acknowledged;

    /// <inheritdoc/>
    public event LinkStateHandler? Connected;

    /// <inheritdoc/>
    public event LinkStateHandler? Lost;

    /// <inheritdoc/>
    public event LinkMessageHandler? Message;

    /// <summary>Called for each publication that was taken.</summary>
    public event LinkMessageHandler? Published;

    /// <inheritdoc/>
    public bool IsConnected { get; private set; }

    /// <summary>False: nothing is acknowledged.</summary>
    public bool AutoAcknowledge { get; set; } = true;

    /// <summary>False: probes of a living link stay without an answer. Other clock requests are the test's to answer.</summary>
    public bool AnswersProbes { get; set; } = true;

    /// <summary>Probes so far.</summary>
    public int Probes { get; private set; }

    /// <summary>From publication to acknowledgement, µs.</summary>
    public long DelayUs { get; set; } = 10_000;

    /// <summary>False: publications are refused.</summary>
    public bool Accepts { get; set; } = true;

    /// <summary>Ticket of the last publication at QoS 1.</summary>
    public int LastTicket { get; private set; }

    /// <summary>Whether the last publication was retained.</summary>
    public bool LastRetained { get; private set; }

    /// <summary>Messages at QoS 1 so far.</summary>
    public int Messages { get; private set; }

    /// <summary>The longest message so far, bytes.</summary>
    public int Longest { get; private set; }

    /// <summary>Brings the link up.</summary>
    public void Connect()
    {
        IsConnected = true;
        Connected?.Invoke();
    }

    /// <summary>Takes the link down.</summary>
    public void Drop()
    {
        IsConnected = false;
        _waiting = 0;
        _probesWaiting = 0;
        Lost?.Invoke();
    }

    /// <summary>Acknowledges.</summary>
    /// <param name="ticket">The ticket.</param>
    public void Acknowledge(int ticket) => Acknowledged?.Invoke(ticket);

    /// <summary>Sends to the pod.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="buffer">The bytes.</param>
    public void Send(string topic, byte[] buffer) => Message?.Invoke(topic, buffer, buffer.Length);

    /// <inheritdoc/>
    public bool TryPublish(string topic, byte[] buffer, int count, int ticket, bool retain)
    {
        if (!IsConnected || !Accepts)
        {
            return false;
        }

        LastRetained = retain;
        if (ticket > 0)
        {
            LastTicket = ticket;
            Messages++;
            Longest = count > Longest ? count : Longest;
        }

        Published?.Invoke(topic, buffer, count);
        if (ticket == 0 && count == ClockMessage.RequestLength && (buffer[3] & 0x80) != 0)
        {
            Probes++;
            if (AnswersProbes && _probesWaiting < Room)
            {
                _probeTopic = topic + "/reply";
                _probes[_probesWaiting] = new byte[ClockMessage.ReplyLength];
                Array.Copy(buffer, 0, _probes[_probesWaiting], 0, count);
                _probeDueUs[_probesWaiting] = long.MinValue;
                _probesWaiting++;
            }
        }

        if (ticket > 0 && AutoAcknowledge)
        {
            _tickets[_waiting] = ticket;
            _dueUs[_waiting] = long.MinValue;
            _waiting++;
        }

        return true;
    }

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        long next = long.MaxValue;
        for (int p = 0; p < _probesWaiting; p++)
        {
            _probeDueUs[p] = _probeDueUs[p] == long.MinValue ? nowUs + DelayUs : _probeDueUs[p];
        }

        while (_probesWaiting > 0 && nowUs >= _probeDueUs[0])
        {
            byte[] reply = _probes[0];
            _probesWaiting--;
            Array.Copy(_probes, 1, _probes, 0, _probesWaiting);
            Array.Copy(_probeDueUs, 1, _probeDueUs, 0, _probesWaiting);
            Message?.Invoke(_probeTopic, reply, reply.Length);
        }

        if (_probesWaiting > 0)
        {
            next = _probeDueUs[0];
        }

        int i = 0;
        while (i < _waiting)
        {
            if (_dueUs[i] == long.MinValue)
            {
                _dueUs[i] = nowUs + DelayUs;
            }

            if (nowUs < _dueUs[i])
            {
                next = _dueUs[i] < next ? _dueUs[i] : next;
                i++;
                continue;
            }

            int ticket = _tickets[i];
            _waiting--;
            Array.Copy(_tickets, i + 1, _tickets, i, _waiting - i);
            Array.Copy(_dueUs, i + 1, _dueUs, i, _waiting - i);
            Acknowledged?.Invoke(ticket);
        }

        return next;
    }
}
