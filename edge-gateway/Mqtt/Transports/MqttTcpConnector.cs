using System;
using System.Globalization;
using System.IO;
using System.IO.Pipelines;
using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;

namespace EdgeGateway.Mqtt.Transports;

/// <summary>Opens connections for one client, over TCP, TLS or WebSocket. When to try again is the caller's decision.</summary>
public sealed class MqttTcpConnector : IDisposable
{
    /// <summary>From the call to an open socket at most.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long the network may take for the last bytes after a close.</summary>
    private static readonly TimeSpan LastBytesTime = TimeSpan.FromSeconds(2);

    private readonly IMqttLoop _loop;
    private readonly IMqttTransportEvents _events;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Makes a connector.</summary>
    /// <param name="loop">The loop that owns the client.</param>
    /// <param name="client">The client.</param>
    /// <param name="time">The clock for timeouts.</param>
    public MqttTcpConnector(IMqttLoop loop, IMqttClient client, TimeProvider time)
        : this(loop, new ClientEvents(client), time)
    {
    }

    /// <summary>Makes a connector for an owner that is not a client itself.</summary>
    /// <param name="loop">The loop on which the owner is called.</param>
    /// <param name="events">The owner.</param>
    /// <param name="time">The clock for timeouts.</param>
    public MqttTcpConnector(IMqttLoop loop, IMqttTransportEvents events, TimeProvider time)
    {
        _loop = loop;
        _events = events;
        _time = time;
    }

    /// <summary>
    /// Starts to connect. On success the client's <see cref="IMqttClient.Open"/> is called on the loop, and all that follows comes through its
    /// handler; else <paramref name="failed"/> is called on the loop. Called again only after that, or after the handler's Lost.
    /// </summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="failed">Sent why there is no connection.</param>
    public void Connect(string host, int port, Action<string> failed) => _ = ConnectAsync(new MqttEndpoint(host, port), failure => failed(failure.Text));

    /// <summary>The same over TLS, over WebSocket, or both.</summary>
    /// <param name="endpoint">Where to, and by what.</param>
    /// <param name="failed">Sent why there is no connection.</param>
    public void Connect(MqttEndpoint endpoint, Action<MqttConnectFailure> failed) => _ = ConnectAsync(endpoint, failed);

    /// <summary>Why the last connection has ended, when its TLS layer says more than that it did; null else. To be read on the loop while its end is told.</summary>
    public MqttConnectFailure? LastFailure { get; private set; }

    /// <summary>Gives up attempts under way. A connection that is open belongs to the client: disconnect it there.</summary>
    public void Dispose() => _stop.Cancel();

    private async Task ConnectAsync(MqttEndpoint endpoint, Action<MqttConnectFailure> failed)
    {
        Socket? socket = null;
        SslStream? secure = null;
        ClientWebSocket? web = null;
        MqttConnectFailure? failure = null;
        ServerCheck check = new(endpoint);
        try
        {
            socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using CancellationTokenSource timeout = new(ConnectTimeout, _time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
            if (endpoint.WebSocketPath is not null)
            {
                web = await OpenWebSocketAsync(endpoint, check, either.Token).ConfigureAwait(false);
            }
            else
            {
                await socket.ConnectAsync(endpoint.Host, endpoint.Port, either.Token).ConfigureAwait(false);
                if (endpoint.Tls is { } tls)
                {
                    secure = new SslStream(new NetworkStream(socket, ownsSocket: false));
                    await secure.AuthenticateAsClientAsync(OptionsOf(endpoint, tls, check), either.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            failure = new MqttConnectFailure(MqttConnectFailureKind.Unreachable, $"no answer within {ConnectTimeout.TotalSeconds} s");
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            failure = new MqttConnectFailure(MqttConnectFailureKind.Unreachable, e.Message);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or WebSocketException or HttpRequestException)
        {
            failure = check.Failure ?? FailureOf(e, endpoint);
        }
        catch (Exception e)
        {
            // Whatever else a broker's odd certificate makes the libraries throw: an attempt ends with a word, or the uplink would wait for ever.
            failure = new MqttConnectFailure(MqttConnectFailureKind.TlsFailed, e.GetType().Name + ": " + e.Message);
        }

        if (failure is not null)
        {
            web?.Dispose();
            secure?.Dispose();
            socket?.Dispose();
            _loop.TryPost(() => failed(failure with { Text = $"no connection to {endpoint}: {failure.Text}" }));
            return;
        }

        using (socket!)
        using (secure)
        using (web)
        {
            TransportPipe pipe = web is not null ? new WebSocketPipe(web) : secure is not null ? new StreamPipe(secure) : new SocketPipe(socket!);
            using CancellationTokenSource cut = new();
            Task carried = pipe.RunAsync(cut.Token);
            Peer peer = new(pipe, _loop, _events, _time);
            peer.Closing = () => LastFailure = pipe is StreamPipe { Failure: { } why } ? Late(why) : null;
            LastFailure = null;
            await peer.RunAsync(() =>
            {
                cut.Cancel();
                socket!.Close(timeout: 0);
            }).ConfigureAwait(false);

            await Task.WhenAny(pipe.Sent, Task.Delay(LastBytesTime, _time, _stop.Token)).ConfigureAwait(false);
            await cut.CancelAsync().ConfigureAwait(false);
            socket!.Close(); // whoever still sends is not read any more
            web?.Abort();
            await carried.ConfigureAwait(false);
            _loop.TryPost(peer.Ended);
        }
    }

    private static async Task<ClientWebSocket> OpenWebSocketAsync(MqttEndpoint endpoint, ServerCheck check, CancellationToken cancellation)
    {
        ClientWebSocket web = new();
        web.Options.AddSubProtocol("mqtt");
        web.Options.KeepAliveInterval = TimeSpan.Zero; // MQTT has its own
        SocketsHttpHandler handler = new() { UseProxy = false, AllowAutoRedirect = false };
        if (endpoint.Tls is { } tls)
        {
            handler.SslOptions = OptionsOf(endpoint, tls, check);
        }

        using HttpMessageInvoker invoker = new(handler);
        try
        {
            await web.ConnectAsync(new Uri((endpoint.Tls is null ? "ws://" : "wss://") + endpoint.Bracketed + ":" + endpoint.Port.ToString(CultureInfo.InvariantCulture) + endpoint.WebSocketPath), invoker, cancellation).ConfigureAwait(false);
            return web;
        }
        catch (Exception)
        {
            web.Dispose();
            throw;
        }
    }

    private static SslClientAuthenticationOptions OptionsOf(MqttEndpoint endpoint, MqttTlsOptions tls, ServerCheck check)
    {
        X509ChainPolicy policy = new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (tls.Trust is { } trust)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(trust);
        }

        return new SslClientAuthenticationOptions
        {
            TargetHost = tls.ServerName ?? endpoint.Host,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateChainPolicy = policy,
            ClientCertificateContext = tls.Own,
            RemoteCertificateValidationCallback = check.IsRight,
        };
    }

    // The cause as the TLS library words it: its alerts have fixed names (RFC 8446, 6.2; OpenSSL and SChannel spell them out).
    private static MqttConnectFailure FailureOf(Exception exception, MqttEndpoint endpoint)
    {
        string text = exception.Message;
        for (Exception? inner = exception.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException)
            {
                return new MqttConnectFailure(MqttConnectFailureKind.Unreachable, inner.Message);
            }

            text += " " + inner.Message;
        }

        return IsAboutCertificate(text) ? new MqttConnectFailure(MqttConnectFailureKind.OwnCertificateRefused, text)
            : exception is WebSocketException && (endpoint.Tls is null || !text.Contains("SSL", StringComparison.OrdinalIgnoreCase)) ? new MqttConnectFailure(MqttConnectFailureKind.WebSocketRefused, text)
            : new MqttConnectFailure(MqttConnectFailureKind.TlsFailed, text);
    }

    private static bool IsAboutCertificate(string text) =>
        text.Contains("alert", StringComparison.OrdinalIgnoreCase) && (text.Contains("certificate", StringComparison.OrdinalIgnoreCase) || text.Contains("unknown ca", StringComparison.OrdinalIgnoreCase));

    private static MqttConnectFailure Late(string why) => new(IsAboutCertificate(why) ? MqttConnectFailureKind.OwnCertificateRefused : MqttConnectFailureKind.TlsFailed, why);

    /// <summary>What one server's certificate was found to be.</summary>
    private sealed class ServerCheck(MqttEndpoint endpoint)
    {
        public MqttConnectFailure? Failure { get; private set; }

        public bool IsRight(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            if (errors == SslPolicyErrors.None)
            {
                return true;
            }

            string shown = certificate is null ? "no certificate" : certificate.Subject + ", issued by " + certificate.Issuer;
            bool isNotInTime = false;
            bool isElse = false;
            foreach (X509ChainStatus status in chain?.ChainStatus ?? [])
            {
                isNotInTime |= status.Status == X509ChainStatusFlags.NotTimeValid;
                isElse |= status.Status is not (X509ChainStatusFlags.NotTimeValid or X509ChainStatusFlags.NoError);
            }

            Failure = errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) || isElse ? new MqttConnectFailure(MqttConnectFailureKind.Untrusted, shown)
                : isNotInTime ? new MqttConnectFailure(
                    MqttConnectFailureKind.NotInTime, string.Create(CultureInfo.InvariantCulture, $"valid {certificate!.GetEffectiveDateString()} to {certificate.GetExpirationDateString()}: {shown}"))
                : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? new MqttConnectFailure(MqttConnectFailureKind.NameWrong, "not for " + (endpoint.Tls?.ServerName ?? endpoint.Host) + ": " + shown)
                : new MqttConnectFailure(MqttConnectFailureKind.Untrusted, shown);
            return false;
        }
    }

    private sealed class Peer : PipePeer
    {
        private readonly IMqttTransportEvents _events;
        private bool _reported;

        /// <summary>Called before the owner hears of the end.</summary>
        public Action? Closing { get; set; }

        public Peer(IDuplexPipe pipe, IMqttLoop loop, IMqttTransportEvents events, TimeProvider time)
            : base(pipe, loop, time) => _events = events;

        protected override void Opened() => _events.Opened(this, Loop.NowUs);

        protected override void Received(ReadOnlySpan<byte> bytes, long nowUs) => _events.Received(bytes, nowUs);

        protected override void Drained(long nowUs) => _events.Drained(nowUs);

        protected override void TransportClosed(long nowUs)
        {
            _reported = true;
            Closing?.Invoke();
            _events.Closed(nowUs);
        }

        protected override void Faulted(Exception exception, long nowUs)
        {
            _reported = true;
            _events.Faulted(exception, nowUs);
        }

        // Whoever closed the connection himself hears of its end too. A client does not: it has ended its own half already, and may have a new one.
        public void Ended()
        {
            if (!_reported && _events is not ClientEvents)
            {
                TransportClosed(Loop.NowUs);
            }
        }
    }

    private sealed class ClientEvents(IMqttClient client) : IMqttTransportEvents
    {
        public void Opened(IMqttConnection connection, long nowUs) => client.Open(connection, nowUs);

        public void Received(ReadOnlySpan<byte> bytes, long nowUs) => client.Received(bytes, nowUs);

        public void Drained(long nowUs) => client.Step(nowUs);

        public void Closed(long nowUs) => client.Closed(nowUs);
    }
}
