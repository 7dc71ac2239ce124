using System;
using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Net = MQTTnet;

namespace EdgeGateway.Mqtt.MqttNet;

/// <summary>CONNACK as MQTTnet has read it.</summary>
/// <param name="Code">0, or an MQTT 5 reason code.</param>
/// <param name="IsSessionPresent">True when the server kept the session.</param>
/// <param name="Limits">What the server takes.</param>
/// <param name="AssignedClientId">The identifier that the server chose; null for none.</param>
/// <param name="Words">Reason string and server reference, for logs.</param>
internal sealed record MqttNetAnswer(byte Code, bool IsSessionPresent, MqttServerLimits Limits, string? AssignedClientId, string Words);

/// <summary>How MQTTnet saw the end of a connection.</summary>
/// <param name="Reason">Its reason code; 0 for none.</param>
/// <param name="Words">The server's reason string, for logs.</param>
/// <param name="Exception">What MQTTnet threw; null for nothing.</param>
/// <param name="Refusal">CONNACK when it was a refusal.</param>
internal sealed record MqttNetEnd(byte Reason, string Words, Exception? Exception, MqttNetAnswer? Refusal);

/// <summary>Who is told what happens on a link. Every call comes from inside <see cref="MqttNetLink.RunResults"/>, on the loop.</summary>
internal interface IMqttNetLinkOwner
{
    /// <summary>CONNACK came.</summary>
    /// <param name="link">Whose.</param>
    /// <param name="answer">What it says.</param>
    void Answered(MqttNetLink link, MqttNetAnswer answer);

    /// <summary>A message came.</summary>
    /// <param name="link">Whose.</param>
    /// <param name="message">The message; it owns its payload.</param>
    /// <param name="packetId">Its packet identifier; 0 at QoS 0.</param>
    /// <param name="acknowledge">Acknowledges it; called on the loop, once, never at QoS 0.</param>
    void Received(MqttNetLink link, in MqttMessage message, ushort packetId, Action acknowledge);

    /// <summary>MQTTnet has given the connection up. It may come more than once.</summary>
    /// <param name="link">Whose.</param>
    /// <param name="end">Why.</param>
    void Ended(MqttNetLink link, MqttNetEnd end);
}

/// <summary>
/// One MQTTnet client on one connection: all of MQTTnet's types are in this file. MQTTnet works on threads of the pool; what it finds waits in a queue for the loop
/// (<see cref="RunResults"/>), and the bytes that it writes there wait too. What it is given on the loop it encodes and writes before the call returns, so that messages leave in the order of the calls.
/// </summary>
internal sealed class MqttNetLink : Net.Adapter.IMqttClientAdapterFactory, Net.Channel.IMqttChannel
{
    /// <summary>
    /// MQTTnet's own time-outs go by a clock of the machine; ours go by the loop's. This one only must never come first.
    /// Assumption: no connection waits a week for one answer.
    /// </summary>
    private static readonly TimeSpan Never = TimeSpan.FromDays(7);

    private readonly IMqttNetLinkOwner _owner;
    private readonly Action _wake;
    private readonly int _loopThread;
    private readonly Net.MqttClient _client;
    private readonly Pipe _input = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly ConcurrentQueue<byte[]> _writes = [];
    private readonly ConcurrentQueue<Action> _results = [];
    private int _queuedBytes;
    private int _unreadBytes;
    private volatile bool _over;

    /// <summary>Makes a link; nothing is sent before <see cref="Connect"/>. Made on the loop.</summary>
    /// <param name="connection">The outward half.</param>
    /// <param name="owner">Sent what happens.</param>
    /// <param name="wake">Called from any thread: <see cref="RunResults"/> is wanted on the loop.</param>
    public MqttNetLink(IMqttConnection connection, IMqttNetLinkOwner owner, Action wake)
    {
        Connection = connection;
        _owner = owner;
        _wake = wake;
        _loopThread = Environment.CurrentManagedThreadId;
        _client = new Net.MqttClient(this, Net.Diagnostics.Logger.MqttNetNullLogger.Instance);
        _client.ApplicationMessageReceivedAsync += ReceivedAsync;
        _client.DisconnectedAsync += DisconnectedAsync;
    }

    /// <summary>The outward half.</summary>
    public IMqttConnection Connection { get; }

    /// <summary>Bytes that wait for the loop or for the transport.</summary>
    public int PendingBytes => Connection.PendingBytes + Volatile.Read(ref _queuedBytes);

    /// <summary>Bytes that arrived and that MQTTnet has not read.</summary>
    public int UnreadBytes => Volatile.Read(ref _unreadBytes);

    /// <summary>Bytes written to the connection since it is up.</summary>
    public long WrittenBytes { get; private set; }

    /// <inheritdoc/>
    X509Certificate2? Net.Channel.IMqttChannel.ClientCertificate => null;

    /// <inheritdoc/>
    EndPoint? Net.Channel.IMqttChannel.RemoteEndPoint => null;

    /// <inheritdoc/>
    EndPoint? Net.Channel.IMqttChannel.LocalEndPoint => null;

    /// <inheritdoc/>
    bool Net.Channel.IMqttChannel.IsSecureConnection => false;

    /// <summary>Sends CONNECT.</summary>
    /// <param name="options">How to be a client.</param>
    /// <param name="clientId">The identifier.</param>
    public void Connect(MqttClientOptions options, string clientId) =>
        _ = _client.ConnectAsync(OptionsOf(options, clientId), CancellationToken.None).ContinueWith(
            done =>
            {
                if (done.IsCompletedSuccessfully)
                {
                    MqttNetAnswer answer = AnswerOf(done.Result, options.Version);
                    Post(() => _owner.Answered(this, answer));
                }
                else
                {
                    MqttNetEnd end = new(0, string.Empty, done.Exception?.GetBaseException() ?? new OperationCanceledException(), null);
                    Post(() => _owner.Ended(this, end));
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

    /// <summary>Bytes arrived.</summary>
    /// <param name="bytes">The bytes.</param>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        Interlocked.Add(ref _unreadBytes, bytes.Length);
        _input.Writer.Write(bytes);
        ValueTask<FlushResult> flushed = _input.Writer.FlushAsync(CancellationToken.None);
        _ = flushed.IsCompleted; // it never pauses: its owner looks at UnreadBytes
    }

    /// <summary>No more bytes will come: MQTTnet finds the end behind all that came.</summary>
    public void EndInput() => _input.Writer.Complete();

    /// <summary>Publishes.</summary>
    /// <param name="message">The message.</param>
    /// <param name="settled">Called on the loop with the server's reason; null when nobody wants to know.</param>
    public void Publish(in MqttMessage message, Action<byte>? settled)
    {
        // Never a token: a publish that is cancelled while it writes leaves half a packet in the stream.
        Task<Net.MqttClientPublishResult> sending = _client.PublishAsync(Convert(message), CancellationToken.None);
        _ = sending.ContinueWith(
            done =>
            {
                // One that failed has no answer: the end of its connection has been said, or is on its way.
                if (done.IsCompletedSuccessfully && settled is not null)
                {
                    byte reason = (byte)done.Result.ReasonCode;
                    Post(() => settled(reason));
                }
                else
                {
                    _ = done.Exception;
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>Subscribes to one filter.</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="qos">Highest quality of service wanted.</param>
    /// <param name="how">What is wanted of what is retained.</param>
    /// <param name="settled">Called on the loop with the granted quality of service or the refusal.</param>
    public void Subscribe(string filter, MqttQos qos, MqttSubscribeOptions how, Action<byte> settled)
    {
        Net.Packets.MqttTopicFilter wanted = new()
        {
            Topic = filter,
            QualityOfServiceLevel = (Net.Protocol.MqttQualityOfServiceLevel)qos,
            NoLocal = how.NoLocal,
            RetainAsPublished = how.RetainAsPublished,
            RetainHandling = (Net.Protocol.MqttRetainHandling)how.RetainHandling,
        };
        _ = _client.SubscribeAsync(new Net.MqttClientSubscribeOptions { TopicFilters = [wanted] }, CancellationToken.None).ContinueWith(
            done =>
            {
                if (!done.IsCompletedSuccessfully)
                {
                    Failed(done.Exception);
                    return;
                }

                foreach (Net.MqttClientSubscribeResultItem item in done.Result.Items)
                {
                    byte code = (byte)item.ResultCode;
                    Post(() => settled(code));
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>Sends PINGREQ. Its owner sees the answer among the bytes that arrive.</summary>
    public void Ping() => _ = _client.PingAsync(CancellationToken.None).ContinueWith(
        static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    /// <summary>Does on the loop what MQTTnet has left for it: writes, then results in their order.</summary>
    public void RunResults()
    {
        FlushWrites();
        while (!_over && _results.TryDequeue(out Action? result))
        {
            result();
        }

        FlushWrites();
    }

    /// <summary>Ends it: DISCONNECT when there is a reason to send, then the close of the connection. Nothing comes of this link afterwards.</summary>
    /// <param name="version">Protocol level.</param>
    /// <param name="reason">Reason of a DISCONNECT; null to close without one.</param>
    public void End(MqttVersion version, byte? reason)
    {
        FlushWrites();
        _over = true;
        if (reason is { } code && (code == 0 || version == MqttVersion.V5))
        {
            // MQTTnet may be writing an acknowledgement on another thread and would send its own DISCONNECT behind it, too late. MQTT 5.0, 3.14: without properties.
            Connection.Write(code == 0 ? [0xE0, 0x00] : [0xE0, 0x01, code]);
        }

        Connection.Close();
        _input.Writer.Complete();
        _ = Task.Run(_client.Dispose); // it may wait for its own threads
    }

    /// <inheritdoc/>
    Net.Adapter.IMqttChannelAdapter Net.Adapter.IMqttClientAdapterFactory.CreateClientAdapter(
        Net.MqttClientOptions options, Net.Adapter.MqttPacketInspector packetInspector, Net.Diagnostics.Logger.IMqttNetLogger logger) =>
        new Net.Adapter.MqttChannelAdapter(
            this, new Net.Formatter.MqttPacketFormatterAdapter(options.ProtocolVersion, new Net.Formatter.MqttBufferWriter(options.WriterBufferSize, options.WriterBufferSizeMax)), logger)
        {
            AllowPacketFragmentation = false, // one write is one packet: packets of other threads may go between two writes
        };

    /// <inheritdoc/>
    Task Net.Channel.IMqttChannel.ConnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    Task Net.Channel.IMqttChannel.DisconnectAsync(CancellationToken cancellationToken)
    {
        _input.Reader.CancelPendingRead();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    async Task<int> Net.Channel.IMqttChannel.ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ReadResult read = await _input.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        ReadOnlySequence<byte> some = read.Buffer.Slice(0, Math.Min(count, read.Buffer.Length));
        some.CopyTo(buffer.AsSpan(offset));
        int length = (int)some.Length;
        _input.Reader.AdvanceTo(some.End);
        Interlocked.Add(ref _unreadBytes, -length);
        return length;
    }

    /// <inheritdoc/>
    Task Net.Channel.IMqttChannel.WriteAsync(ReadOnlySequence<byte> buffer, bool isEndOfPacket, CancellationToken cancellationToken)
    {
        if (Environment.CurrentManagedThreadId != _loopThread)
        {
            byte[] packet = buffer.ToArray();
            Interlocked.Add(ref _queuedBytes, packet.Length);
            _writes.Enqueue(packet);
            _wake();
            return Task.CompletedTask;
        }

        // What other threads wrote before goes first.
        FlushWrites();
        if (!_over)
        {
            foreach (ReadOnlyMemory<byte> part in buffer)
            {
                Connection.Write(part.Span);
                WrittenBytes += part.Length;
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    void IDisposable.Dispose() => _input.Reader.CancelPendingRead();

    private static Net.MqttClientOptions OptionsOf(MqttClientOptions options, string clientId)
    {
        bool isV5 = options.Version == MqttVersion.V5;
        Net.MqttClientOptions made = new()
        {
            ChannelOptions = new Net.MqttClientTcpOptions(), // not used: the channel is this one
            ClientId = clientId,
            CleanSession = options.CleanStart,
            ProtocolVersion = isV5 ? Net.Formatter.MqttProtocolVersion.V500 : Net.Formatter.MqttProtocolVersion.V311,
            KeepAlivePeriod = TimeSpan.FromSeconds(options.KeepAliveSeconds),
            Timeout = Never,
            Credentials = options.UserName is null ? null : new Net.MqttClientCredentials(options.UserName, options.Password.IsEmpty ? null : options.Password.ToArray()),
            ValidateFeatures = false, // what the server does not take is answered here, not thrown there
        };
        if (isV5)
        {
            made.SessionExpiryInterval = options.SessionExpirySeconds;
            made.ReceiveMaximum = options.ReceiveMaximum;
            made.MaximumPacketSize = (uint)options.MaxPacketLength;
            made.WillDelayInterval = options.WillDelaySeconds;
        }

        if (options.Will is { } will)
        {
            made.WillTopic = will.Topic;
            made.WillPayload = will.Payload.ToArray();
            made.WillQualityOfServiceLevel = (Net.Protocol.MqttQualityOfServiceLevel)will.Qos;
            made.WillRetain = will.Retain;
        }

        return made;
    }

    private static MqttNetAnswer AnswerOf(Net.MqttClientConnectResult result, MqttVersion version)
    {
        MqttServerLimits limits = version != MqttVersion.V5 ? MqttServerLimits.None : new MqttServerLimits
        {
            ReceiveMaximum = result.ReceiveMaximum is > 0 and { } most ? most : ushort.MaxValue,
            MaximumPacketSize = result.MaximumPacketSize is > 0 and { } size ? size : long.MaxValue,
            MaximumQos = (MqttQos)result.MaximumQoS,
            RetainAvailable = result.RetainAvailable,
            WildcardsAvailable = result.WildcardSubscriptionAvailable,
            SharedSubscriptionsAvailable = result.SharedSubscriptionAvailable,
            TopicAliasMaximum = result.TopicAliasMaximum,
            KeepAliveSeconds = result.ServerKeepAlive > 0 ? result.ServerKeepAlive : null,
        };
        string words = (string.IsNullOrEmpty(result.ReasonString) ? string.Empty : ": " + result.ReasonString)
            + (string.IsNullOrEmpty(result.ServerReference) ? string.Empty : ", use " + result.ServerReference);
        return new MqttNetAnswer((byte)result.ResultCode, result.IsSessionPresent, limits, string.IsNullOrEmpty(result.AssignedClientIdentifier) ? null : result.AssignedClientIdentifier, words);
    }

    private static Net.MqttApplicationMessage Convert(in MqttMessage message)
    {
        Net.MqttApplicationMessage made = new()
        {
            Topic = message.Topic,
            Payload = new ReadOnlySequence<byte>(message.IsPayloadImmutable ? message.Payload : message.Payload.ToArray()),
            QualityOfServiceLevel = (Net.Protocol.MqttQualityOfServiceLevel)message.Qos,
            Retain = message.Retain,
        };
        if (message.Properties is { } properties)
        {
            made.ContentType = properties.ContentType;
            made.ResponseTopic = properties.ResponseTopic;
            made.CorrelationData = properties.CorrelationData.IsEmpty ? null : properties.CorrelationData.ToArray();
            made.MessageExpiryInterval = properties.MessageExpirySeconds ?? 0;
            made.PayloadFormatIndicator = properties.PayloadIsUtf8 ? Net.Protocol.MqttPayloadFormatIndicator.CharacterData : Net.Protocol.MqttPayloadFormatIndicator.Unspecified;
            foreach ((string name, string value) in properties.UserProperties)
            {
                (made.UserProperties ??= []).Add(new Net.Packets.MqttUserProperty(name, new ReadOnlyMemory<byte>(Encoding.UTF8.GetBytes(value))));
            }
        }

        return made;
    }

    private static MqttMessage Convert(Net.MqttApplicationMessage message)
    {
        List<KeyValuePair<string, string>> user = [];
        foreach (Net.Packets.MqttUserProperty property in message.UserProperties ?? [])
        {
            user.Add(new KeyValuePair<string, string>(property.Name, Encoding.UTF8.GetString(property.ValueBuffer.Span)));
        }

        bool hasProperties = user.Count > 0 || message.ContentType is not null || message.ResponseTopic is not null || message.CorrelationData is not null || message.MessageExpiryInterval > 0
            || message.PayloadFormatIndicator == Net.Protocol.MqttPayloadFormatIndicator.CharacterData;
        return new MqttMessage
        {
            Topic = message.Topic,
            Payload = message.Payload.ToArray(),
            IsPayloadImmutable = true,
            Qos = (MqttQos)message.QualityOfServiceLevel,
            Retain = message.Retain,
            Duplicate = message.Dup,
            Properties = !hasProperties ? null : new MqttPublishProperties
            {
                ContentType = message.ContentType,
                ResponseTopic = message.ResponseTopic,
                CorrelationData = message.CorrelationData,
                MessageExpirySeconds = message.MessageExpiryInterval > 0 ? message.MessageExpiryInterval : null,
                PayloadIsUtf8 = message.PayloadFormatIndicator == Net.Protocol.MqttPayloadFormatIndicator.CharacterData,
                UserProperties = user,
            },
        };
    }

    private Task ReceivedAsync(Net.MqttApplicationMessageReceivedEventArgs arguments)
    {
        arguments.AutoAcknowledge = false;
        MqttMessage message = Convert(arguments.ApplicationMessage);
        ushort packetId = arguments.PacketIdentifier;
        Post(() => _owner.Received(
            this, message, packetId,
            () => _ = arguments.AcknowledgeAsync(CancellationToken.None).ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default)));
        return Task.CompletedTask;
    }

    private Task DisconnectedAsync(Net.MqttClientDisconnectedEventArgs arguments)
    {
        MqttNetAnswer? refusal = arguments.ConnectResult is { } result && result.ResultCode != Net.MqttClientConnectResultCode.Success ? AnswerOf(result, MqttVersion.V5) : null;
        MqttNetEnd end = new((byte)arguments.Reason, string.IsNullOrEmpty(arguments.ReasonString) ? string.Empty : ": " + arguments.ReasonString, arguments.Exception, refusal);
        Post(() => _owner.Ended(this, end));
        return Task.CompletedTask;
    }

    // An answer that MQTTnet could not make sense of. When the connection is just gone, its end has been said or is on its way, and comes first or does no harm.
    private void Failed(AggregateException? exception)
    {
        if (exception?.GetBaseException() is { } cause and not (OperationCanceledException or ObjectDisposedException or Net.Exceptions.MqttCommunicationException))
        {
            MqttNetEnd end = new(0, string.Empty, cause, null);
            Post(() => _owner.Ended(this, end));
        }
    }

    private void Post(Action result)
    {
        _results.Enqueue(result);
        _wake();
    }

    private void FlushWrites()
    {
        while (_writes.TryDequeue(out byte[]? packet))
        {
            Interlocked.Add(ref _queuedBytes, -packet.Length);
            if (!_over)
            {
                Connection.Write(packet);
                WrittenBytes += packet.Length;
            }
        }
    }
}
