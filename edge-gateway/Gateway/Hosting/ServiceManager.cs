using System;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using EdgeGateway.Mqtt.Transports;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// Tells the service manager that the gateway is ready, lives and stops: systemd's datagrams, for a unit with Type=notify and WatchdogSec=. Does nothing where no manager asks.
/// A sign of life is sent by the gateway's loop itself, so that a loop that stands still is started again.
/// </summary>
/// <param name="socketPath">The manager's socket, a path or @name in the abstract namespace; null for no manager.</param>
/// <param name="watchdog">How long the manager waits for a sign of life; null when it does not.</param>
/// <param name="time">The clock.</param>
internal sealed class ServiceManager(string? socketPath, TimeSpan? watchdog, TimeProvider time) : IDisposable
{
    // Source: sd_notify(3), sd_watchdog_enabled(3) advises half of the span; a third leaves room for one that comes late.
    private const int SignsPerSpan = 3;

    private ITimer? _timer;
    private int _isPosted;

    /// <summary>The manager of this process.</summary>
    /// <param name="variable">Reads a variable of the environment: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are.</param>
    /// <param name="processId">This process: a watchdog that was meant for another one is not this one's.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The manager; one that does nothing when the environment names none.</returns>
    public static ServiceManager Of(Func<string, string?> variable, int processId, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(variable);
        string? path = variable("NOTIFY_SOCKET") is { Length: > 1 } named && named[0] is '/' or '@' ? named : null;
        bool isMeant = variable("WATCHDOG_PID") is not { Length: > 0 } pid || string.Equals(pid, processId.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        TimeSpan? watchdog = isMeant && long.TryParse(variable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds) && microseconds is > 0 and <= uint.MaxValue
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;
        return new ServiceManager(path, watchdog, time);
    }

    /// <summary>The gateway takes readings in. From now on the loop gives signs of life, when the manager waits for them.</summary>
    /// <param name="loop">The loop.</param>
    public void Ready(MqttLoop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        Send("READY=1");
        if (socketPath is null || watchdog is not { } span)
        {
            return;
        }

        TimeSpan period = span / SignsPerSpan;
        _timer = time.CreateTimer(_ => Ask(loop), null, TimeSpan.Zero, period);
    }

    /// <summary>The gateway stops.</summary>
    public void Stopping() => Send("STOPPING=1");

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    // One at a time waits in the loop's queue, however long it stands still.
    private void Ask(MqttLoop loop)
    {
        if (Interlocked.Exchange(ref _isPosted, 1) == 0 && !loop.TryPost(Answer))
        {
            Volatile.Write(ref _isPosted, 0);
        }
    }

    private void Answer()
    {
        Volatile.Write(ref _isPosted, 0);
        Send("WATCHDOG=1");
    }

    // A manager that cannot be reached must not end the gateway, nor hold its loop.
    private void Send(string state)
    {
        if (socketPath is null)
        {
            return;
        }

        try
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(socketPath[0] == '@' ? "\0" + socketPath[1..] : socketPath));
        }
        catch (Exception e) when (e is SocketException or ArgumentException or PlatformNotSupportedException)
        {
            // Nobody is there to be told so.
        }
    }
}
