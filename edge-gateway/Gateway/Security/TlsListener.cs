using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Pipelines;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Certificates;
using EdgeGateway.Core;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Machine;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Hosting;

namespace EdgeGateway.Gateway.Security;

/// <summary>
/// What stands before MQTT on the TLS port: bounds of handshakes, a look at the first byte, the handshake, and the word about every peer that is refused. Its service looks at the files of certificates each second.
/// </summary>
internal sealed class TlsListener : BackgroundService
{
    /// <summary>Handshakes under way at once; at the bound the oldest is cut.</summary>
    public const int MaxHandshakes = 64;

    /// <summary>Handshakes of one address under way at once; at the bound its oldest is cut.</summary>
    public const int MaxHandshakesPerAddress = 16;

    /// <summary>How long a peer may take to prove who it is.</summary>
    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    private const byte TlsHandshakeRecord = 22; // RFC 8446, 5.1
    private const byte MqttConnect = 0x10; // MQTT 5.0, 3.1.1

    private static readonly TimeSpan RefreshPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HoldersPeriod = TimeSpan.FromHours(1);

    private readonly CartCertificates _certificates;
    private readonly Func<GatewayService> _gateway;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly LinkedList<Handshake> _handshakes = new();

    /// <summary>Makes it.</summary>
    /// <param name="certificates">The cart's certificates.</param>
    /// <param name="gateway">The gateway's service, asked for when the first peer comes: the web server is a part of it.</param>
    /// <param name="time">The clock for time-outs.</param>
    public TlsListener(CartCertificates certificates, Func<GatewayService> gateway, TimeProvider time)
    {
        _certificates = certificates;
        _gateway = gateway;
        _time = time;
    }

    /// <summary>Handshakes under way.</summary>
    public int Handshakes
    {
        get
        {
            lock (_gate)
            {
                return _handshakes.Count;
            }
        }
    }

    /// <summary>Puts TLS before what follows on a listener.</summary>
    /// <param name="listen">The listener.</param>
    public void Use(ListenOptions listen)
    {
        listen.Use(next => connection => ServeAsync(connection, next));
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = HandshakeTimeout,
            OnConnection = context =>
            {
                Handshake handshake = HandshakeOf(context.Connection);
                return ValueTask.FromResult(_certificates.OptionsFor(finding => handshake.Finding = finding));
            },
        });
        listen.Use(next => connection =>
        {
            HandshakeOf(connection).IsDone = true;
            End(HandshakeOf(connection));
            return next(connection);
        });
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(RefreshPeriod, _time);
        string? told = null;
        bool isPending = false;
        string? holders = null;
        DateTimeOffset lookedUtc = DateTimeOffset.MinValue;
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            bool isNew = _certificates.Refresh(out string? problem);
            isPending |= isNew;
            (string? ended, string? due) = LivesOf(_certificates.Lives, _certificates.Utc);
            DateTimeOffset now = _certificates.Utc;
            if (isNew || (now - lookedUtc).Duration() >= HoldersPeriod)
            {
                (holders, lookedUtc) = (_certificates.HoldersDue(now), now);
            }

            string? ofHolders = holders;
            GatewayService gateway = _gateway();
            gateway.Loop.TryPost(() =>
            {
                if (gateway.Core is not { IsReady: true } core)
                {
                    return;
                }

                ClockWord? word = _certificates.Word;
                _certificates.SetFloor(word is null ? core.Peers.LatestUtcUs(0, 0) : core.Peers.LatestUtcUs(UsOf(word.Utc), UsOf(word.Recorded)));
                core.Peers.Clock(_certificates.ClockProblem);
                if (isPending)
                {
                    isPending = false;
                    core.Peers.MembersChanged();
                }

                if (!string.Equals(told, problem, StringComparison.Ordinal))
                {
                    told = problem;
                    core.Peers.Files(problem);
                }

                core.Peers.Lives(ended, due, ofHolders);
                core.Peers.Show([.. _certificates.Lives.Select(l => new CertificateHealth(l.What, l.NotAfter, CertificateTimes.DaysLeft(l.NotAfter, now), l.Fingerprint))]);
            });
        }
    }

    private static (string? Ended, string? Due) LivesOf(IReadOnlyList<CertificateLife> lives, DateTimeOffset utc)
    {
        string? ended = null;
        string? due = null;
        foreach (CertificateLife life in lives)
        {
            int left = CertificateTimes.DaysLeft(life.NotAfter, utc);
            string text = string.Create(CultureInfo.InvariantCulture, $"{life.What}: {left} days left (until {life.NotAfter:yyyy-MM-dd})");
            if (left < 0)
            {
                ended = ended is null ? text : ended + ", " + text;
            }
            else if (utc >= CertificateTimes.RenewalOf(life.NotBefore, life.NotAfter))
            {
                due = due is null ? text : due + ", " + text;
            }
        }

        return (ended, due);
    }

    private static long UsOf(DateTimeOffset moment) => (moment.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;

    private static Handshake HandshakeOf(ConnectionContext connection) => (Handshake)connection.Items[typeof(Handshake)]!;

    private static void Cut(Handshake handshake) => handshake.Connection.Abort(new ConnectionAbortedException("too many handshakes"));

    private async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        IPAddress? address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        Handshake handshake = new(connection, (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString() ?? "?");
        connection.Items[typeof(Handshake)] = handshake;
        Begin(handshake);

        string? code = null;
        try
        {
            code = await FirstByteAsync(handshake).ConfigureAwait(false) switch
            {
                TlsHandshakeRecord => null,
                MqttConnect => FaultCodes.PeerWithoutTls,
                _ => FaultCodes.TlsHandshakeFailed,
            };
            if (code is null)
            {
                await next(connection).ConfigureAwait(false);
            }
        }
        finally
        {
            End(handshake);
            if (!handshake.IsDone)
            {
                Tell(handshake, code);
            }
        }
    }

    private async Task<int> FirstByteAsync(Handshake handshake)
    {
        ConnectionContext connection = handshake.Connection;
        using CancellationTokenSource late = new(HandshakeTimeout, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, connection.ConnectionClosed);
        PipeReader input = connection.Transport.Input;
        try
        {
            ReadResult read = await input.ReadAsync(either.Token).ConfigureAwait(false);
            int first = read.Buffer.IsEmpty ? -1 : read.Buffer.First.Span[0];
            handshake.Claim = first == MqttConnect ? PlainConnect.ClientIdOf(read.Buffer) : null;
            input.AdvanceTo(read.Buffer.Start);
            return first;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return -1;
        }
    }

    private void Begin(Handshake handshake)
    {
        Handshake? oldest = null;
        lock (_gate)
        {
            int same = 0;
            foreach (Handshake other in _handshakes)
            {
                if (string.Equals(other.Address, handshake.Address, StringComparison.Ordinal))
                {
                    oldest ??= other;
                    same++;
                }
            }

            // The oldest gives way, never the new one: it may be a STOP.
            oldest = same >= MaxHandshakesPerAddress ? oldest : _handshakes.Count >= MaxHandshakes ? _handshakes.First!.Value : null;
            if (oldest is not null)
            {
                _handshakes.Remove(oldest.Place!);
                oldest.Place = null;
            }

            handshake.Place = _handshakes.AddLast(handshake);
        }

        if (oldest is not null)
        {
            Cut(oldest);
        }
    }

    private void End(Handshake handshake)
    {
        lock (_gate)
        {
            if (handshake.Place is { } place)
            {
                _handshakes.Remove(place);
                handshake.Place = null;
            }
        }
    }

    // A peer that has proven nothing is named by its address alone: what its certificate says of itself is anybody's word.
    private void Tell(Handshake handshake, string? code)
    {
        CertificateFinding? finding = handshake.Finding;
        code ??= CodeOf(finding?.Verdict);
        bool isPodOfHere = finding is { Identity.Role: CertificateRole.Pod, Verdict: CertificateVerdict.Expired or CertificateVerdict.NotYetValid or CertificateVerdict.Revoked };
        ulong device = isPodOfHere && ulong.TryParse(finding!.Identity!.Name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id) ? id : 0;
        string text = handshake.Address + ": " + (finding?.Detail ?? (string.Equals(code, FaultCodes.PeerWithoutTls, StringComparison.Ordinal) ? "it sent an MQTT CONNECT in plain" + (handshake.Claim is { } claim ? " and calls itself " + LogText.Shown(claim) : string.Empty) : "it ended before a certificate was shown"));
        GatewayService gateway = _gateway();
        gateway.Loop.TryPost(() => gateway.Core?.Peers.HandshakeRefused(code, device, handshake.Address, text));
    }

    private static string CodeOf(CertificateVerdict? verdict) => verdict switch
    {
        CertificateVerdict.None => FaultCodes.PeerWithoutCertificate,
        CertificateVerdict.Untrusted => FaultCodes.PeerCertificateUntrusted,
        CertificateVerdict.OtherCart => FaultCodes.PeerOfOtherCart,
        CertificateVerdict.OtherRole => FaultCodes.PeerOfOtherRole,
        CertificateVerdict.Expired => FaultCodes.PeerCertificateExpired,
        CertificateVerdict.NotYetValid => FaultCodes.PeerCertificateNotYetValid,
        CertificateVerdict.Revoked => FaultCodes.PeerCertificateRevoked,
        _ => FaultCodes.TlsHandshakeFailed,
    };

    private sealed class Handshake(ConnectionContext connection, string address)
    {
        public ConnectionContext Connection => connection;

        public string Address => address;

        public LinkedListNode<Handshake>? Place { get; set; }

        public CertificateFinding? Finding { get; set; }

        /// <summary>What a peer in plain calls itself; null for others.</summary>
        public string? Claim { get; set; }

        public bool IsDone { get; set; }
    }
}
