using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Security;
using EdgeGateway.Gateway.Telemetry;
using EdgeGateway.Journal;
using EdgeGateway.Machine;
using EdgeGateway.Mqtt.Server;
using EdgeGateway.Mqtt.Transports;
using Firmware.Core;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// The gateway's logic as a hosted service: on its own loop, with the journal on real files. It starts before Kestrel opens the listeners, and is stopped before they close, so that
/// a stop still reaches the cuffs.
/// </summary>
public sealed class GatewayService : IHostedLifecycleService, IDisposable
{
    /// <summary>How long the logic may take to stop before it is cut short. Source: design, a clean stop on SIGTERM within 5 s.</summary>
    public static readonly TimeSpan MaxStop = TimeSpan.FromSeconds(4);

    private readonly GatewayHostOptions _options;
    private readonly IGatewayLog _log;
    private readonly TimeProvider _time;
    private readonly StopLatch _stop;
    private readonly IServer _server;
    private readonly ICartMembers? _members;
    private readonly IApiTokens? _tokens;
    private readonly TaskCompletionSource<Exception> _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MqttLoop _loop;
    private FileDisk? _disk;
    private FileDisk? _keys;
    private JournalLog? _journal;
    private UplinkConnector? _uplink;
    private TrailLog? _trail;
    private GatewayCore? _core;

    /// <summary>Makes the service; nothing is opened before <see cref="StartingAsync"/>.</summary>
    /// <param name="options">Configuration.</param>
    /// <param name="log">Where log lines go.</param>
    /// <param name="stop">STOP's own path to the loop.</param>
    /// <param name="time">The clocks.</param>
    /// <param name="lifetime">Asked to end the process when the logic has broken.</param>
    /// <param name="server">The web server, whose connections end with the logic.</param>
    /// <param name="members">Who belongs to the cart by certificate; null without certificates.</param>
    /// <param name="tokens">Tokens of platforms; null without accounts.</param>
    public GatewayService(
        IOptions<GatewayHostOptions> options, IGatewayLog log, StopLatch stop, TimeProvider time, IHostApplicationLifetime lifetime, IServer server, ICartMembers? members = null, IApiTokens? tokens = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(lifetime);
        _options = options.Value;
        _log = log;
        _stop = stop;
        _time = time;
        _server = server;
        _members = members;
        _tokens = tokens;
        _loop = new MqttLoop(time, "gateway", faulted: exception =>
        {
            _broken.TrySetResult(exception);
            lifetime.StopApplication();
        });
    }

    /// <summary>Ends when the journal is open: from then on readings are taken in.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Ends when the logic has broken one of its own rules; the process then ends with a record.</summary>
    public Task<Exception> Broken => _broken.Task;

    /// <summary>True after a stop in which everything was written in time; the next start is quick then. Acknowledged readings are safe in either case.</summary>
    public bool IsStoppedCleanly { get; private set; }

    /// <summary>The loop.</summary>
    internal MqttLoop Loop => _loop;

    /// <summary>The logic; null before the start.</summary>
    internal GatewayCore? Core => _core;

    /// <summary>Opens the journal and starts the loop.</summary>
    /// <param name="cancellationToken">Not used: nothing here waits.</param>
    /// <returns>When the loop runs; the journal may still be opening.</returns>
    /// <exception cref="CodedErrorException">The journal's directory cannot be used.</exception>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        if (!TryOpenDisk(_options.JournalDirectory, out FileDisk? disk, out CodedError? refusal))
        {
            throw new CodedErrorException(refusal);
        }

        _disk = disk;
        _trail = new TrailLog(new CartTrail(_options.JournalDirectory), _time);
        byte[] key = ListenerKeyFile.LoadOrCreate(_options.JournalDirectory, out IReadOnlyList<CodedError> ofListeners);
        List<CodedError> told = [.. ofListeners];
        byte[] cartKey = CartKey.LoadOrCreate(_options, CartKey.Credentials, told);
        if (!TryOpenDisk(Path.Combine(_options.JournalDirectory, CartKey.Folder), out FileDisk? keys, out refusal))
        {
            throw new CodedErrorException(refusal);
        }

        _keys = keys;
        JournalProtection protection = new() { Disk = keys, CartKey = cartKey, KeyOf = RecordKeys.OwnerOf, Random = RandomNumberGenerator.Fill };
        GatewayOptions core = _options.Core;
        JournalOptions journal = new() { QuotaBytes = _options.JournalQuotaBytes, VitalReserveBytes = JournalOptions.DefaultVitalReserveBytes, KnownTypes = JournalRecordTypes.Known };
        _uplink = core.External is null ? null : new UplinkConnector(_loop, core.External, _time);
        GatewayCore logic = new(core, new GatewayPorts
        {
            Journal = (handler, projections) => _journal = new JournalLog(disk, journal, projections, handler, protection),
            Server = handler => new MqttServer(EndpointLimits.Server, handler),
            Client = (options, handler) => BrokerClients.Make(core.External?.Client ?? BrokerClientKind.Builtin, options, handler, _loop),
            Uplink = _uplink,
            Time = new SystemGatewayTime(_loop, _time, _options.TrustSystemClock, _options.TrustedClockUncertaintyMs * 1000L),
            Entropy = new SystemEntropy(),
            Log = _log,
            Listeners = new ListenerTokens(key),
            Members = _members,
            Trail = _trail,
            Tokens = _tokens,
            Sent = told,
        });
        _core = logic;
        _loop.AddStep(nowUs =>
        {
            _stop.Step(logic.Stop.Now);
            long next = logic.Step(nowUs);
            if (logic.IsReady && !_ready.Task.IsCompleted)
            {
                logic.Commands.Acts.Record(new Act(ActNames.GatewayStart, ActAuthor.Gateway) { Subject = GatewayTelemetry.Version ?? string.Empty });
                logic.Commands.Acts.Record(new Act(ActNames.ConfigurationUsed, ActAuthor.Gateway) { Subject = _options.FileSha256 });
                _ready.TrySetResult();
            }

            return next;
        });
        _loop.Start();
        _loop.TryPost(() => logic.Start(_loop.NowUs));
        return Task.CompletedTask;
    }

    /// <summary>Stops cleanly: the cuffs first, no new work, a checkpoint, the journal closed. Then every connection is cut: the logic behind it has stopped.</summary>
    /// <param name="cancellationToken">Not used: the stop has a bound of its own, <see cref="MaxStop"/>.</param>
    /// <returns>When done.</returns>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (_core is { } core && !_broken.Task.IsCompleted)
        {
            TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_loop.TryPost(() => core.BeginStop(() => done.TrySetResult())))
            {
                try
                {
                    await done.Task.WaitAsync(MaxStop, _time, CancellationToken.None).ConfigureAwait(false);
                    IsStoppedCleanly = true;
                }
                catch (TimeoutException)
                {
                    _log.Write(new GatewayLogEntry(FaultCodes.StopTooLong, string.Empty, _loop.NowUs));
                }
            }
        }

        await _server.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
        _uplink?.Dispose();
        _loop.Dispose();
        _trail?.Dispose();
        _journal?.Dispose();
        _disk?.Dispose();
        _keys?.Dispose();
    }

    private bool TryOpenDisk(string directory, [NotNullWhen(true)] out FileDisk? disk, [NotNullWhen(false)] out CodedError? refusal)
    {
        try
        {
            Directory.CreateDirectory(directory);
            disk = new FileDisk(directory, _loop.TryPost);
            refusal = null;
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            disk = null;
            refusal = new CodedError(FaultCodes.JournalUnusable, new ErrorPlace(directory, 0, null), exception.Message);
            return false;
        }
    }

    private sealed class SystemEntropy : IEntropy
    {
        public uint NextUInt32() => (uint)RandomNumberGenerator.GetInt32(int.MinValue, int.MaxValue);
    }
}
