using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Net;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Records;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Gateway.Security;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt.AspNetCore;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;
using Firmware.Core;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>The gateway as a process: the logic on its loop, the journal on real files, MQTT and HTTP on real sockets.</summary>
public sealed class GatewayHost : IAsyncDisposable
{
    /// <summary>How long a stop may take before it is cut short. Source: design, a clean stop on SIGTERM within 5 s.</summary>
    public static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(4);

    private readonly GatewayHostOptions _options;
    private readonly HostLog _log;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<Exception> _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MqttLoop _loop;
    private readonly StopLatch _stop = new();
    private FileDisk? _disk;
    private TcpUplinkConnector? _uplink;
    private GatewayCore? _core;
    private HttpEndpoint? _listener;

    /// <summary>Makes a host; nothing is opened before <see cref="StartAsync"/>.</summary>
    /// <param name="options">Configuration.</param>
    /// <param name="log">Where log lines go.</param>
    /// <param name="time">The clocks.</param>
    public GatewayHost(GatewayHostOptions options, HostLog log, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(time);
        _options = options;
        _log = log;
        _time = time;
        _loop = new MqttLoop(time, "gateway", faulted: exception => _broken.TrySetResult(exception));
    }

    /// <summary>The HTTP port in use.</summary>
    public int HttpPort => _listener?.HttpPort ?? 0;

    /// <summary>The MQTT port in use.</summary>
    public int MqttPort => _listener?.MqttPort ?? 0;

    /// <summary>The HTTP listener; null when there is none.</summary>
    internal HttpEndpoint? Http => _listener;

    /// <summary>The loop.</summary>
    internal MqttLoop Loop => _loop;

    /// <summary>The logic; null before the start.</summary>
    internal GatewayCore? Core => _core;

    /// <summary>Ends when the logic has broken one of its own rules; the process then ends with a record.</summary>
    public Task<Exception> Broken => _broken.Task;

    /// <summary>Ends when the journal is open: from then on pods and subscribers are taken in.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Opens the journal and the listeners.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null when the gateway runs, else why it does not.</returns>
    public async Task<CodedError?> StartAsync(CancellationToken cancellation)
    {
        if (!TryOpenDisk(out FileDisk? disk, out CodedError? refusal))
        {
            return refusal;
        }

        _disk = disk;
        byte[] key = ListenerKeyFile.LoadOrCreate(_options.JournalDirectory, out IReadOnlyList<CodedError> told);
        GatewayOptions core = _options.Core;
        JournalOptions journal = new() { QuotaBytes = _options.JournalQuotaBytes, VitalReserveBytes = JournalOptions.DefaultVitalReserveBytes, KnownTypes = JournalRecordTypes.Known };
        _uplink = core.External is null ? null : new TcpUplinkConnector(_loop, core.External.Host, core.External.Port, _time);
        _core = new GatewayCore(core, new GatewayPorts
        {
            Journal = (handler, folds) => new JournalLog(disk, journal, folds, handler),
            Server = handler => new MqttServer(EndpointLimits.Server, handler),
            Client = (options, handler) => new MqttClient(options, handler),
            Uplink = _uplink,
            Time = new SystemGatewayTime(_loop, _time, _options.TrustSystemClock, _options.TrustedClockUncertaintyMs * 1000L),
            Entropy = new SystemEntropy(),
            Log = _log,
            Listeners = new ListenerTokens(key),
            Told = told,
        });
        _loop.AddStep(nowUs =>
        {
            _stop.Step(_core.Stop.Now);
            long next = _core.Step(nowUs);
            if (_core.IsReady)
            {
                _ready.TrySetResult();
            }

            return next;
        });
        _loop.Start();
        _loop.TryPost(() => _core.Start(_loop.NowUs));
        try
        {
            _listener = await HttpEndpoint.StartAsync(
                new IPEndPoint(_options.HttpAddress, _options.HttpPort),
                new IPEndPoint(_options.MqttAddress, _options.MqttPort),
                new MqttConnectionHandler(_loop, _core.Server, _time),
                _loop,
                _core,
                _options.Language,
                _options.Web,
                _time,
                _log,
                _stop,
                cancellation).ConfigureAwait(false);
        }
        catch (IOException exception)
        {
            await DisposeAsync().ConfigureAwait(false);
            return new CodedError(FaultCodes.ListenerNotOpened, ErrorPlace.None, exception.Message);
        }

        return null;
    }

    /// <summary>Stops cleanly: no new work, a checkpoint, the journal closed; then the listeners.</summary>
    /// <returns>True when everything was written in time; the next start is quick then. Acknowledged readings are safe in either case.</returns>
    public async Task<bool> StopAsync()
    {
        bool clean = false;
        if (_core is not null && !_broken.Task.IsCompleted)
        {
            TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_loop.TryPost(() => _core.BeginStop(() => done.TrySetResult())))
            {
                try
                {
                    await done.Task.WaitAsync(LongestStop, _time).ConfigureAwait(false);
                    clean = true;
                }
                catch (TimeoutException)
                {
                    _log.Write(new GatewayLogEntry(FaultCodes.StopTooLong, string.Empty, _loop.NowUs));
                }
            }
        }

        await DisposeAsync().ConfigureAwait(false);
        return clean;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_listener is not null)
        {
            await _listener.DisposeAsync().ConfigureAwait(false);
            _listener = null;
        }

        _uplink?.Dispose();
        _loop.Dispose();
        _disk?.Dispose();
    }

    private bool TryOpenDisk([NotNullWhen(true)] out FileDisk? disk, [NotNullWhen(false)] out CodedError? refusal)
    {
        try
        {
            Directory.CreateDirectory(_options.JournalDirectory);
            disk = new FileDisk(_options.JournalDirectory, _loop.TryPost);
            refusal = null;
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            disk = null;
            refusal = new CodedError(FaultCodes.JournalUnusable, new ErrorPlace(_options.JournalDirectory, 0, null), exception.Message);
            return false;
        }
    }

    private sealed class SystemEntropy : IEntropy
    {
        public uint NextUInt32() => (uint)RandomNumberGenerator.GetInt32(int.MinValue, int.MaxValue);
    }
}
