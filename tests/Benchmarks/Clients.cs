using System;
using System.Buffers.Binary;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Transports;
using Firmware.Core;
using Firmware.Protocol;

namespace Benchmarks;

/// <summary>One client of ours over TCP on a loop of its own, MQTT 3.1.1 on both sides so that no broker's Receive Maximum narrows the window.</summary>
internal abstract class BenchClient : IMqttClientHandler, IDisposable
{
    protected const int Window = 100;
    private const long RetryUs = 20_000;

    private readonly MqttTcpConnector _connector;
    private readonly int _port;
    private long _connectAtUs = long.MaxValue;

    protected BenchClient(string clientId, int port, bool cleanStart)
    {
        _port = port;
        Client = new MqttClient(new MqttClientOptions { ClientId = clientId, Version = MqttVersion.V311, CleanStart = cleanStart, Window = Window }, this);
        Loop = new MqttLoop(TimeProvider.System, clientId);
        _connector = new MqttTcpConnector(Loop, Client, TimeProvider.System);
        Loop.AddStep(Step);
        Loop.Start();
    }

    protected MqttClient Client { get; }

    protected MqttLoop Loop { get; }

    /// <summary>True when a connection that failed or is gone is tried again.</summary>
    protected abstract bool Reconnects { get; }

    public void Connect() => Loop.TryPost(() => _connector.Connect("127.0.0.1", _port, Failed));

    public void Dispose()
    {
        Loop.TryPost(() => Client.Disconnect(Loop.NowUs));
        _connector.Dispose();
        Loop.Dispose();
        GC.SuppressFinalize(this);
    }

    public abstract void Connected(bool sessionPresent);

    public virtual void Lost(byte reasonCode, string text) => Again();

    public virtual void Acknowledged(long ticket, byte reasonCode)
    {
    }

    public virtual bool Received(in MqttMessage message, long token) => true;

    public virtual void Subscribed(string filter, byte reasonCode)
    {
    }

    /// <summary>Waits; a failure names what did not happen.</summary>
    protected static async Task WithinAsync(Task task, TimeSpan patience, string failure)
    {
        try
        {
            await task.WaitAsync(patience).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"{failure} within {patience.TotalSeconds} s"), e);
        }
    }

    protected virtual long Pump(long nowUs) => long.MaxValue;

    private void Failed(string why) => Again();

    private void Again() => _connectAtUs = Reconnects ? Loop.NowUs + RetryUs : long.MaxValue;

    private long Step(long nowUs)
    {
        if (nowUs >= _connectAtUs)
        {
            _connectAtUs = long.MaxValue;
            _connector.Connect("127.0.0.1", _port, Failed);
        }

        return Math.Min(_connectAtUs, Math.Min(Pump(nowUs), Client.Step(nowUs)));
    }
}

/// <summary>Publishes readings with QoS 1, a window of messages in flight, and knows which of them were acknowledged.</summary>
internal sealed class Publisher : BenchClient
{
    /// <summary>For one call of <see cref="PublishAsync"/>.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const long PumpUs = 1_000;

    private readonly SoftwareCrc32 _crc32 = new();
    private readonly string _topic;
    private readonly string? _commands;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool[] _acknowledged;
    private TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _payloads = [];
    private uint _epoch;
    private uint _first = 1;
    private uint _next = 1;
    private uint _end = 1;
    private int _perMessage = 1;
    private int _wanted;
    private int _count;
    private bool _isLost;

    /// <summary>Makes a publisher and connects it.</summary>
    /// <param name="clientId">Client identifier.</param>
    /// <param name="port">Port of the local part.</param>
    /// <param name="topic">Where readings go.</param>
    /// <param name="commands">Where the binding epoch comes from, or null when none is needed.</param>
    /// <param name="capacity">Highest sequence number.</param>
    public Publisher(string clientId, int port, string topic, string? commands, int capacity)
        : base(clientId, port, cleanStart: true)
    {
        _topic = topic;
        _commands = commands;
        _acknowledged = new bool[capacity + 1];
        Connect();
    }

    /// <summary>A part that has just started may refuse; what is lost later is what the pass is about.</summary>
    protected override bool Reconnects => !_ready.Task.IsCompleted;

    /// <summary>Connected, and in possession of the epoch where one is needed.</summary>
    public Task Ready => WithinAsync(_ready.Task, Patience, "the publisher was not connected, or got no epoch");

    /// <summary>The connection is gone, and every acknowledgement that came before is counted.</summary>
    public Task Gone => WithinAsync(_lost.Task, Patience, "the connection to a killed process did not close");

    /// <summary>Readings acknowledged in all.</summary>
    public int Count => Volatile.Read(ref _count);

    public bool IsAcknowledged(uint sequence) => _acknowledged[sequence];

    /// <summary>Makes the payloads of readings, so that making them is not measured.</summary>
    /// <param name="first">First sequence number.</param>
    /// <param name="count">How many.</param>
    public void Make(uint first, int count)
    {
        _first = first;
        _payloads = new byte[count * Readings.Length];
        Readings.Write(_payloads, first, count, _epoch, _crc32);
    }

    /// <summary>Publishes readings that were made; done when so many more are acknowledged, or the connection is gone.</summary>
    /// <param name="first">First sequence number.</param>
    /// <param name="count">How many.</param>
    /// <param name="perMessage">Frames in each message.</param>
    /// <param name="until">How many acknowledged ones to wait for; the rest goes on.</param>
    /// <exception cref="TimeoutException">It took longer than <see cref="Patience"/>.</exception>
    public async Task PublishAsync(uint first, int count, int perMessage, int until)
    {
        TaskCompletionSource<Task> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Loop.TryPost(() =>
        {
            _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _next = first;
            _end = first + (uint)count;
            _perMessage = perMessage;
            _wanted = _count + until;
            started.SetResult(_done.Task);
        });
        Task finished = await started.Task.ConfigureAwait(false);
        await WithinAsync(finished, Patience, "the readings were not acknowledged").ConfigureAwait(false);
    }

    public override void Connected(bool sessionPresent)
    {
        if (_commands is null)
        {
            _ready.TrySetResult();
        }
        else
        {
            Client.Subscribe(_commands, MqttQos.AtLeastOnce, Loop.NowUs);
        }
    }

    public override void Lost(byte reasonCode, string text)
    {
        if (_ready.Task.IsCompleted)
        {
            _isLost = true;
            _lost.TrySetResult();
            _done.TrySetResult();
        }

        base.Lost(reasonCode, text);
    }

    public override bool Received(in MqttMessage message, long token)
    {
        ReadOnlySpan<byte> command = message.Payload.Span;
        if (command.Length >= PodCommand.HeaderLength + 4 && command[1] == PodCommand.SetEpoch)
        {
            _epoch = BinaryPrimitives.ReadUInt32LittleEndian(command[PodCommand.HeaderLength..]);
            if (_epoch != 0)
            {
                _ready.TrySetResult();
            }
        }

        return true;
    }

    public override void Acknowledged(long ticket, byte reasonCode)
    {
        // The ticket names first sequence and count of the message.
        uint first = (uint)(ticket >> 8);
        int count = (int)(ticket & 0xFF);
        for (uint i = 0; reasonCode < 0x80 && i < count; i++)
        {
            _acknowledged[first + i] = true;
        }

        Volatile.Write(ref _count, _count + count);
        if (_count >= _wanted)
        {
            _done.TrySetResult();
        }
    }

    protected override long Pump(long nowUs)
    {
        while (!_isLost && _next < _end && Client.InFlight < Window)
        {
            int count = (int)Math.Min(_perMessage, _end - _next);
            ReadOnlyMemory<byte> payload = _payloads.AsMemory((int)(_next - _first) * Readings.Length, count * Readings.Length);
            if (!Client.TryPublish(new MqttMessage { Topic = _topic, Payload = payload, Qos = MqttQos.AtLeastOnce }, ((long)_next << 8) | (uint)count, nowUs))
            {
                return nowUs + PumpUs;
            }

            _next += (uint)count;
        }

        return long.MaxValue;
    }
}

/// <summary>A persistent subscriber on the remote broker that knows which readings came, and when.</summary>
internal sealed class Subscriber : BenchClient
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly string _filter;
    private readonly bool[] _seen;
    private readonly TaskCompletionSource _subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;
    private int _duplicates;
    private long _firstAt;
    private long _lastAt;

    public Subscriber(int port, string filter, int capacity)
        : base("bench-sink", port, cleanStart: false)
    {
        _filter = filter;
        _seen = new bool[capacity + 1];
        Connect();
    }

    protected override bool Reconnects => true;

    public Task Ready => WithinAsync(_subscribed.Task, TimeSpan.FromSeconds(30), "the subscriber was not subscribed");

    /// <summary>Counts now: different readings, repeats, times of the first and last since <see cref="Mark"/> in ticks of TimeProvider.System (0 for none).</summary>
    public (int Count, int Duplicates, long FirstAt, long LastAt) State
    {
        get
        {
            lock (_gate)
            {
                return (_count, _duplicates, _firstAt, _lastAt);
            }
        }
    }

    public bool Has(uint sequence)
    {
        lock (_gate)
        {
            return _seen[sequence];
        }
    }

    /// <summary>Forgets the times of first and last.</summary>
    public void Mark()
    {
        lock (_gate)
        {
            _firstAt = 0;
            _lastAt = 0;
        }
    }

    /// <summary>Waits for a fact about what came.</summary>
    /// <returns>False when it was not so within the patience.</returns>
    public async Task<bool> UntilAsync(Func<bool> isFact, TimeSpan patience)
    {
        // Looked at now and then: to be told of every message would cost the two cores more than the message.
        long start = TimeProvider.System.GetTimestamp();
        while (!isFact())
        {
            if (TimeProvider.System.GetElapsedTime(start) >= patience)
            {
                return isFact();
            }

            await Task.Delay(LookAgain, TimeProvider.System).ConfigureAwait(false);
        }

        return true;
    }

    public override void Connected(bool sessionPresent) => Client.Subscribe(_filter, MqttQos.AtLeastOnce, Loop.NowUs);

    public override void Subscribed(string filter, byte reasonCode) => _subscribed.TrySetResult();

    public override bool Received(in MqttMessage message, long token)
    {
        if (message.Payload.Length < Readings.Length)
        {
            return true;
        }

        uint sequence = Readings.Sequence(message.Payload.Span);
        long now = TimeProvider.System.GetTimestamp();
        lock (_gate)
        {
            if (_seen[sequence])
            {
                _duplicates++;
                return true;
            }

            _seen[sequence] = true;
            _count++;
            _firstAt = _firstAt == 0 ? now : _firstAt;
            _lastAt = now;
        }

        return true;
    }
}
