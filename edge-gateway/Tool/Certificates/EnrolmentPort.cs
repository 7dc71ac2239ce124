using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Certificates;

namespace EdgeGateway.Tool.Certificates;

/// <summary>What is done for the one peer that has the code.</summary>
/// <param name="DeviceId">The pod that the code is for.</param>
/// <param name="Enrol">Makes its bundle, once.</param>
/// <param name="Withdraw">Takes it back when the peer did not confirm it.</param>
/// <param name="Reported">Sent a line about each peer that is turned away.</param>
internal sealed record EnrolmentWork(string DeviceId, Func<PodBundle> Enrol, Action<PodBundle> Withdraw, Action<string> Reported);

/// <summary>
/// The port by which one pod is enrolled over the network while <c>cartctl certs enrol --listen</c> runs. It serves strangers: every peer has <see cref="EnrolmentWire.PeerTimeout"/> and
/// <see cref="EnrolmentWire.MaxRequestBytes"/> in all, an address has <see cref="MaxPeersPerAddress"/> places, and at the bound the oldest is cut.
/// </summary>
internal sealed class EnrolmentPort : IDisposable
{
    /// <summary>Peers at once.</summary>
    public const int MaxPeers = 64;

    /// <summary>Peers of one address at once.</summary>
    public const int MaxPeersPerAddress = 4;

    /// <summary>Lines about peers that are turned away; more are counted and not shown.</summary>
    public const int MaxReported = 20;

    private const int MaxWithdrawals = 20;

    private static readonly TimeSpan WithdrawalPause = TimeSpan.FromMilliseconds(250);

    private readonly TcpListener _listener;
    private readonly X509Certificate2 _leaf;
    private readonly SslStreamCertificateContext _shown;
    private readonly string _greeting;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly LinkedList<Peer> _peers = new();
    private int _reported;
    private bool _isServing;

    /// <summary>Opens the port.</summary>
    /// <param name="address">Where.</param>
    /// <param name="gatewayPem">The gateway's certificate, what stands between it and the root, and its key.</param>
    /// <param name="anchorPem">What the peer compares.</param>
    /// <param name="time">The clocks: the code's life is monotonic.</param>
    /// <exception cref="SocketException">The address cannot be opened.</exception>
    /// <exception cref="CryptographicException">The certificate cannot be used.</exception>
    public EnrolmentPort(IPEndPoint address, string gatewayPem, string anchorPem, TimeProvider time)
    {
        _time = time;
        using (X509Certificate2 made = X509Certificate2.CreateFromPem(gatewayPem, gatewayPem))
        {
            _leaf = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        }

        _shown = SslStreamCertificateContext.Create(_leaf, [], offline: true);
        using (X509Certificate2 anchor = X509Certificate2.CreateFromPem(anchorPem))
        {
            _greeting = EnrolmentWire.Greeting + " " + Convert.ToBase64String(anchor.RawData);
        }

        _listener = new TcpListener(address);
        try
        {
            _listener.Start(MaxPeers);
        }
        catch (SocketException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Serves until the bundle was taken, or the code is over.</summary>
    /// <param name="digits">The code.</param>
    /// <param name="work">What is done for the peer that has it.</param>
    /// <returns>Null when the pod was enrolled, else why not.</returns>
    public async Task<string?> RunAsync(string digits, EnrolmentWork work)
    {
        long start = _time.GetTimestamp();
        long NowUs() => (long)_time.GetElapsedTime(start).TotalMicroseconds;
        EnrolmentCode code = new(digits, NowUs());
        TaskCompletionSource<string?> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenSource end = new(TimeSpan.FromMicroseconds(EnrolmentCode.LifeUs), _time);
        using CancellationTokenRegistration late = end.Token.Register(() =>
        {
            lock (_gate)
            {
                if (!_isServing)
                {
                    outcome.TrySetResult("nobody came with the code in 10 minutes");
                }
            }
        });
        Task accepting = AcceptAsync(code, NowUs, work, outcome);
        string? answer = await outcome.Task.ConfigureAwait(false);
        _listener.Stop();
        await accepting.ConfigureAwait(false);
        Peer[] left;
        lock (_gate)
        {
            left = [.. _peers.Where(static p => !p.IsServed)];
        }

        foreach (Peer peer in left)
        {
            peer.Cut();
        }

        return answer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        _leaf.Dispose();
    }

    private async Task AcceptAsync(EnrolmentCode code, Func<long> nowUs, EnrolmentWork work, TaskCompletionSource<string?> outcome)
    {
        while (!outcome.Task.IsCompleted)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                if (outcome.Task.IsCompleted)
                {
                    return;
                }

                continue; // a peer that was gone before it was accepted
            }

            Peer peer;
            try
            {
                peer = new Peer(client, _time);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                client.Dispose(); // gone already
                continue;
            }

            Begin(peer);
            _ = ServeAsync(peer, code, nowUs, work, outcome);
        }
    }

    // Never throws: one peer ends itself alone.
    private async Task ServeAsync(Peer peer, EnrolmentCode code, Func<long> nowUs, EnrolmentWork work, TaskCompletionSource<string?> outcome)
    {
        try
        {
            using SslStream stream = new(peer.Client.GetStream());
            await stream.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificateContext = _shown, EnabledSslProtocols = EnrolmentWire.Protocols, AllowRenegotiation = false }, peer.Token).ConfigureAwait(false);
            await EnrolmentWire.WriteLineAsync(stream, _greeting, peer.Token).ConfigureAwait(false);
            string? asked = await EnrolmentWire.ReadLineAsync(stream, EnrolmentWire.MaxRequestBytes, peer.Token).ConfigureAwait(false);
            if (asked is null)
            {
                Tell(work, peer.Address + " said nothing that is understood");
                return;
            }

            string[] words = asked.Split(' ');
            bool isAsking = words is [EnrolmentWire.Ask, _, _];
            bool isHere = isAsking && string.Equals(words[1], work.DeviceId, StringComparison.Ordinal);
            EnrolmentAnswer answer;
            bool isBurnt;
            lock (_gate)
            {
                if (peer.Place is null)
                {
                    return; // it has given way to another one meanwhile
                }

                bool wasOpen = code.IsOpen(nowUs());
                answer = code.Try(isHere ? Encoding.ASCII.GetBytes(words[2]) : [], nowUs());
                isBurnt = wasOpen && answer == EnrolmentAnswer.Over;
                peer.IsServed = answer == EnrolmentAnswer.Right;
                _isServing |= peer.IsServed;
            }

            if (answer == EnrolmentAnswer.Right)
            {
                string? became = "the bundle could not be made";
                try
                {
                    became = await DeliverAsync(stream, peer, work).ConfigureAwait(false);
                }
                finally
                {
                    outcome.TrySetResult(became);
                }

                return;
            }

            Tell(work, peer.Address + (isHere ? " came with a wrong code" : " asked for another pod"));
            await EnrolmentWire.WriteLineAsync(stream, answer == EnrolmentAnswer.Wrong ? EnrolmentWire.Wrong : EnrolmentWire.Over, peer.Token).ConfigureAwait(false);
            if (isBurnt)
            {
                outcome.TrySetResult("too many tries were wrong, the last from " + peer.Address);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or AuthenticationException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            Tell(work, peer.Address + " ended, or was cut, before it had said what it wants");
        }
        finally
        {
            End(peer);
        }
    }

    // What was not confirmed counts as not taken: a key that may be with nobody, or with a stranger, is revoked.
    private async Task<string?> DeliverAsync(SslStream stream, Peer peer, EnrolmentWork work)
    {
        PodBundle bundle;
        try
        {
            bundle = work.Enrol();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or InvalidOperationException or Faults.CodedErrorException)
        {
            return "the right code came, but " + e.Message.TrimEnd('.');
        }

        try
        {
            byte[] bytes = bundle.Write();
            await EnrolmentWire.WriteLineAsync(stream, EnrolmentWire.Bundle + " " + bytes.Length.ToString(CultureInfo.InvariantCulture), peer.Token).ConfigureAwait(false);
            await stream.WriteAsync(bytes, peer.Token).ConfigureAwait(false);
            await stream.FlushAsync(peer.Token).ConfigureAwait(false);
            string? said = await EnrolmentWire.ReadLineAsync(stream, EnrolmentWire.MaxRequestBytes, peer.Token).ConfigureAwait(false);
            if (string.Equals(said, EnrolmentWire.Taken, StringComparison.Ordinal))
            {
                await EnrolmentWire.WriteLineAsync(stream, EnrolmentWire.Done, peer.Token).ConfigureAwait(false);
                return null;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Said below.
        }

        return peer.Address + " had the right code, but did not confirm the bundle" + await WithdrawAsync(bundle, work).ConfigureAwait(false);
    }

    // The folder may be another program's for a moment.
    private async Task<string> WithdrawAsync(PodBundle bundle, EnrolmentWork work)
    {
        for (int i = 0; i < MaxWithdrawals; i++)
        {
            try
            {
                work.Withdraw(bundle);
                return string.Empty;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await Task.Delay(WithdrawalPause, _time, CancellationToken.None).ConfigureAwait(false);
            }
        }

        using X509Certificate2 certificate = bundle.Certificate.ReadCertificate();
        return "; it could not be revoked, so do it: cartctl certs revoke gateway.yaml " + certificate.SerialNumber + " --reason retired";
    }

    private void Tell(EnrolmentWork work, string line)
    {
        if (Interlocked.Increment(ref _reported) is var count && count <= MaxReported)
        {
            work.Reported(count == MaxReported ? line + "; further ones are not shown" : line);
        }
    }

    private void Begin(Peer peer)
    {
        Peer? oldest = null;
        lock (_gate)
        {
            int same = 0;
            Peer? oldestOfAll = null;
            foreach (Peer other in _peers)
            {
                if (other.IsServed)
                {
                    continue;
                }

                oldestOfAll ??= other;
                if (string.Equals(other.Address, peer.Address, StringComparison.Ordinal))
                {
                    oldest ??= other;
                    same++;
                }
            }

            oldest = same >= MaxPeersPerAddress ? oldest : _peers.Count >= MaxPeers ? oldestOfAll : null;
            if (oldest is not null)
            {
                _peers.Remove(oldest.Place!);
                oldest.Place = null;
            }

            peer.Place = _peers.AddLast(peer);
        }

        oldest?.Cut();
    }

    private void End(Peer peer)
    {
        lock (_gate)
        {
            if (peer.Place is { } place)
            {
                _peers.Remove(place);
                peer.Place = null;
            }
        }

        peer.Dispose();
    }

    private sealed class Peer(TcpClient client, TimeProvider time) : IDisposable
    {
        private readonly CancellationTokenSource _late = new(EnrolmentWire.PeerTimeout, time);
        private readonly Socket _socket = client.Client;

        public TcpClient Client => client;

        public CancellationToken Token => _late.Token;

        public string Address { get; } = (client.Client.RemoteEndPoint as IPEndPoint)?.Address is { } address ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString() : "?";

        public LinkedListNode<Peer>? Place { get; set; }

        /// <summary>True once it has the right code: nobody displaces it any more.</summary>
        public bool IsServed { get; set; }

        // The socket alone: the token's source belongs to whoever serves the peer.
        public void Cut() => _socket.Close(0);

        public void Dispose()
        {
            client.Dispose();
            _late.Dispose();
        }
    }
}
