using System;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Security;
using Microsoft.Extensions.Hosting;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>Keeps the logic at what the accounts are: looks at their file every second, says the first administrator's code while there is no account, and listens to the badge reader.</summary>
internal sealed class AccessService : IHostedService, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly AccessControl _access;
    private readonly GatewayService _service;
    private readonly IGatewayLog _log;
    private readonly IOperatorToken? _reader;
    private readonly ITimer _timer;
    private int _reported = -1;

    /// <summary>Makes it; nothing runs before the start.</summary>
    /// <param name="access">Who may do what.</param>
    /// <param name="service">The logic.</param>
    /// <param name="log">The log.</param>
    /// <param name="time">The clocks.</param>
    /// <param name="reader">The badge reader; null for none.</param>
    public AccessService(AccessControl access, GatewayService service, IGatewayLog log, TimeProvider time, IOperatorToken? reader = null)
    {
        _access = access;
        _service = service;
        _log = log;
        _reader = reader;
        _timer = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_reader is not null)
        {
            _reader.Presented += _access.Logins.ShowBadge;
        }

        Look();
        if (_access.IsUnclaimed)
        {
            _log.Write(new GatewayLogEntry(FaultCodes.AdministratorWanted, "code " + _access.Claim.Make(), _service.Loop.NowUs));
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (_reader is not null)
        {
            _reader.Presented -= _access.Logins.ShowBadge;
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    // One look at a time: the next one is set when this one is over.
    private void Look()
    {
        _access.Store.Refresh();
        int version = _access.Store.Version;
        string? problem = _access.Store.Problem;
        if (version != _reported && _service.Loop.TryPost(() => _service.Core?.Peers.AccountsChanged(problem)))
        {
            _reported = version;
        }

        _timer.Change(Period, Timeout.InfiniteTimeSpan);
    }
}
